"""Random walks of real commands over three homes and mistreated sticks. A failure names its seed and the way it went.

To walk the same way again: `python -m tests.flows.test_monkey SEED STEPS [dishonest]`.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import pytest

from tests.crew import Crew
from tests.faults import laws
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
@pytest.mark.parametrize("seed", [101, 102])
def test_a_long_walk(tmp_path, monkeypatch, seed, honest):
    walk(tmp_path / "room", seed, honest, 4 * STEPS, monkeypatch.setattr)


def test_the_law_of_nonces_can_be_broken(tmp_path):
    """Opener and signer both copied: what no software prevents (docs/threats.md) is what the law finds."""
    crew = Crew(tmp_path / "room")
    crew.make()
    crew.accept()
    crew.run("alice", "open", "keygen")
    crew.carry("alice", lambda told: bool(told["key"]))
    read = []
    for number, one in enumerate((crew, crew.copy_to(tmp_path / "copy"))):
        laws.check_nonces(read)
        one.run("alice", "open", "sign", str(one.request(amount_sat=6_000_000_000 + number)), "--signers", "alice,bob")
        one.go("alice"), one.go("bob")
        read += laws.on_stick(one.stick)
    with pytest.raises(AssertionError, match="gives the shard away"):
        laws.check_nonces(read)
    with pytest.raises(AssertionError, match="two versions"):
        laws.check_chains(read)


if __name__ == "__main__":
    lighten()
    with tempfile.TemporaryDirectory() as made:
        seed, steps = map(int, sys.argv[1:3])
        print("\n".join(walk(Path(made) / "room", seed, "dishonest" not in sys.argv, steps).history))
