"""Every fuzz target for a bounded number of inputs, the same ones each time; ``python -m tests.fuzz.run`` goes on for hours."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.run import inputs, main, run, targets

TARGETS = targets()
INPUTS = 400


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_accepted_or_refused_with_the_decoders_own_error(name):
    target, seeds = TARGETS[name]
    assert run(target, seeds, random.Random(name), count=INPUTS) == INPUTS


@pytest.mark.parametrize("name", [name for name in TARGETS if TARGETS[name][1] != [b""]])
def test_the_seeds_are_good_inputs_and_the_mutations_are_not_all_refused_alike(name):
    target, seeds = TARGETS[name]
    drawn = [data for data, _ in zip(inputs(seeds, random.Random(name)), range(200))]
    assert drawn[:len(seeds)] == seeds and len(set(drawn)) > 100


def test_the_loop_finds_what_is_broken(monkeypatch, capsys):
    def broken(raw: bytes) -> None:
        if raw.startswith(b"\xff"):
            raise IndexError("leaked")
    monkeypatch.setattr("tests.fuzz.run.targets", lambda names: {"x.broken": (broken, [b"abc"])})
    with pytest.raises(IndexError) as caught:
        main(["--seconds", "20", "--seed", "1"])
    assert "fuzz input" in caught.value.__notes__[0] and "x.broken" in capsys.readouterr().err
