"""Random walks of real commands over three homes and mistreated sticks. A failure names its seed and the way it went.

To walk the same way again: `python -m tests.flows.test_monkey SEED STEPS [dishonest]`.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import pytest

from tests.flows.monkey import Monkey
from tests.light import lighten, repeat

STEPS = 50


def walk(folder: Path, seed: int, honest: bool, steps: int, setattr=setattr) -> Monkey:
    repeat(random.Random(~seed), setattr)
    monkey = Monkey(folder, seed, honest)
    try:
        monkey.walk(steps)
        monkey.recover()
    except BaseException as error:
        error.add_note(f"monkey seed {seed}, {steps} steps, {'honest' if honest else 'dishonest'}, after:\n  " + "\n  ".join(monkey.history))
        raise
    return monkey


@pytest.fixture(autouse=True)
def light(monkeypatch, tmp_path):
    lighten(monkeypatch.setitem, monkeypatch.setattr)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("honest", [True, False], ids=["honest", "dishonest"])
@pytest.mark.parametrize("seed", range(3))
def test_a_short_walk(tmp_path, monkeypatch, seed, honest):
    walk(tmp_path / "room", seed, honest, STEPS, monkeypatch.setattr)


@pytest.mark.slow
@pytest.mark.parametrize("honest", [True, False], ids=["honest", "dishonest"])
@pytest.mark.parametrize("portion", range(10))
def test_a_long_walk(tmp_path, monkeypatch, portion, honest):
    """Other walks each time."""
    for number in range(5):
        walk(tmp_path / f"room-{number}", random.SystemRandom().randrange(2**32), honest, 4 * STEPS, monkeypatch.setattr)


if __name__ == "__main__":
    lighten()
    with tempfile.TemporaryDirectory() as made:
        seed, steps = map(int, sys.argv[1:3])
        print("\n".join(walk(Path(made) / "room", seed, "dishonest" not in sys.argv, steps).history))
