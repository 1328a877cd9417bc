"""The law of the log: its state is a function of the set of lines, whatever their order, repetition, loss and later arrival.

Histories are made by four stations, two of which also lie in every way that the format knows; each station writes over
what it happened to hold. What is compared is everything that anybody can ask of a log.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, strategies as st

from ceremony.record.entry import Entry
from ceremony.record.log import Log
from tests.record_group import Group, Station

GROUP = Group("alice", "bob", "carol", "mallory")
OTHER = Group("alice", "bob", "carol", "mallory", title="another")
LATER = [GROUP.later("bob", "bob's second"), GROUP.later("mallory", "mallory's second")]

HONEST = ("write", "write", "write", "open", "step", "hear", "hear", "hear all")
LIES = ("fork", "fork", "skip", "steal the chain", "seen place", "seen old", "seen own", "seen invented", "bad body", "ceremony", "forge", "foreign",
        "join", "copy")
STEPS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(HONEST + LIES), st.integers(0, 2**16)), max_size=40)


class World:
    """Everything written so far, and what each station holds of it."""

    def __init__(self) -> None:
        self.stations: list[Station] = [*GROUP.stations.values(), *(station for station, _ in LATER)]
        self.logs = [GROUP.log() for _ in self.stations]
        self.lines: list[Entry] = [GROUP.founding]

    def step(self, who: int, act: str, choice: int) -> None:
        station, log = self.stations[who], self.logs[who]
        if act == "hear":
            log.offer(self.lines[choice % len(self.lines):][:4])
        elif act == "hear all":
            log.offer(self.lines)
        elif station.label in log.forks() or (station.inc and station.label not in log.heads() and act != "join"):
            return
        elif act in LIES and station.name not in ("bob", "mallory"):
            self.step(who, "write", choice)
        else:
            self.lines += getattr(self, "do_" + act.replace(" ", "_"))(station, log, choice)

    def honest(self, station: Station, log: Log, **fields: Any) -> list[Entry]:
        return [station.next(log, **fields)]

    def do_write(self, station, log, choice):
        return self.honest(station, log, body={"n": choice})

    def do_open(self, station, log, choice):
        return self.honest(station, log, kind="round.open")

    def do_step(self, station, log, choice):
        openings = [entry for entry in log.of_kind("round.open")]
        return self.honest(station, log, kind="round.step", ceremony=openings[choice % len(openings)].id) if openings else []

    def do_fork(self, station, log, choice):
        mine = log.chain(station.label)
        if not mine or station.inc and len(mine) < 2:
            return []
        at = mine[choice % len(mine)]
        if at.inc and not at.seq:
            at = mine[1]
        twin = station.write(at.seq, at.prev, at.seen, body={"twin": choice})
        return [twin, station.write(at.seq + 1, twin.id)]

    def lie(self, station, log, **changes):
        seq, prev, seen = log.next_place(station.label)
        fields = {"seq": seq, "prev": prev, "seen": seen} | changes
        return [station.write(fields.pop("seq"), fields.pop("prev"), fields.pop("seen"), **fields)] if prev else []

    def do_skip(self, station, log, choice):
        return self.lie(station, log, seq=choice + 2)

    def do_steal_the_chain(self, station, log, choice):
        return self.lie(station, log, prev=self.lines[choice % len(self.lines)].id)

    def do_seen_place(self, station, log, choice):
        entry = self.lines[choice % len(self.lines)]
        return self.lie(station, log, seen={entry.label: (entry.seq + 1, entry.id)})

    def do_seen_old(self, station, log, choice):
        entry = self.lines[choice % len(self.lines)]
        return self.lie(station, log, seen={entry.label: (entry.seq, entry.id)})

    def do_seen_own(self, station, log, choice):
        seq, prev, _ = log.next_place(station.label)
        return self.lie(station, log, seen={station.label: (seq - 1, prev)}) if prev else []

    def do_seen_invented(self, station, log, choice):
        return self.lie(station, log, seen={"alice/0": (choice, f"{choice:064x}")})

    def do_bad_body(self, station, log, choice):
        return self.lie(station, log, body={"bad": choice})

    def do_ceremony(self, station, log, choice):
        return self.lie(station, log, ceremony=self.lines[choice % len(self.lines)].id)

    def do_forge(self, station, log, choice):
        entry = self.lines[choice % len(self.lines)]
        return [replace(entry, sig=bytes(64))] + self.lie(station, log, author="carol")

    def do_foreign(self, station, log, choice):
        return [Station(OTHER, "bob").write(0), Station(GROUP, "eve").write(0)]

    def do_join(self, station, log, choice):
        return [join for _, join in LATER]

    def do_copy(self, station, log, choice):
        """A copied station: it goes on from an old place as if nothing had been."""
        old = GROUP.log()
        old.offer(self.lines[:choice % len(self.lines)])
        return [station.next(old, body={"copy": choice})] if station.label in old.heads() else []


def history(steps) -> list[Entry]:
    world = World()
    for step in steps:
        world.step(*step)
    return world.lines


def state(log: Log) -> dict[str, Any]:
    """Everything that can be asked."""
    ordered = log.ordered()
    labels = sorted({entry.label for entry in ordered})
    return {
        "held": {id: entry.line() for id, entry in log.entries.items()}, "ordered": [entry.id for entry in ordered], "forks": log.forks(), "heads": log.heads(),
        "refused": {id: (entry.line(), str(fault), fault.culprits) for id, (entry, fault) in log.refused.items()},
        "waiting": sorted(entry.line() for entry in log.waiting()), "missing": log.missing(), "chains": {label: [e.id for e in log.chain(label)] for label in labels},
        "counts": [log.counts(entry) for entry in ordered], "past": {entry.id: log.past(entry.id) for entry in ordered},
        "evidence": [evidence.line() for evidence in log.evidence()], "kinds": [e.id for e in log.of_kind("round.step")],
        "ceremonies": {e.id: [x.id for x in log.of_ceremony(e.id)] for e in log.of_kind("round.open")},
        "last known": {label: [log.last_known(label, entry.id) for entry in ordered] for label in labels},
    }


def taken_in(lines: list[Entry], size: int = 10**6, **options: Any) -> Log:
    log = GROUP.log(**options)
    for at in range(0, len(lines), size):
        log.offer(lines[at:at + size])
    return log


@given(STEPS, st.randoms(use_true_random=False), st.integers(1, 9))
def test_order_repetition_and_portions_do_not_matter(steps, random, size):
    lines = history(steps)
    expected = state(taken_in(lines))
    again = lines + random.choices(lines, k=len(lines) // 2)
    random.shuffle(again)
    assert state(taken_in(again, size)) == expected


@given(STEPS, st.randoms(use_true_random=False))
def test_loss_and_later_arrival_do_not_matter(steps, random):
    lines = history(steps)
    log = taken_in(random.sample(lines, len(lines) // 2))
    before = set(log.entries)
    log.offer(lines)
    assert before <= set(log.entries) and state(log) == state(taken_in(lines))


@given(STEPS, st.randoms(use_true_random=False), st.integers(1, 9))
def test_an_auditor_may_get_bodies_before_or_after(steps, random, size):
    lines = history(steps)
    both = lines + [entry.redacted() for entry in lines if entry.id != GROUP.founding.id]
    expected = state(taken_in(both, allow_redacted=True))
    random.shuffle(both)
    assert state(taken_in(both, size, allow_redacted=True)) == expected
    assert expected["ordered"] == state(taken_in(lines))["ordered"]


@given(st.permutations(range(8)))
def test_entries_that_know_nothing_of_each_other_stand_by_id(order):
    joins = [GROUP.later("carol", f"carol's {n}")[1] for n in range(8)]
    log = taken_in([joins[n] for n in order], 1)
    assert [entry.id for entry in log.of_kind("incarnation.join")] == sorted(join.id for join in joins)


@given(STEPS)
def test_laws_of_the_held_set(steps):
    log = taken_in(history(steps))
    position = {entry.id: at for at, entry in enumerate(log.ordered())}
    assert len(position) == len(log.entries)
    for entry in log.ordered():
        past = log.past(entry.id)
        assert past == set(entry.parents).union(*(log.past(parent) for parent in entry.parents))
        assert all(position[other] < position[entry.id] and log.precedes(other, entry.id) and not log.precedes(entry.id, other) for other in past)
        assert entry.id not in past and not log.precedes(entry.id, entry.id)
    for label, seq in log.forks().items():
        rivals = [entry for entry in log.ordered() if (entry.label, entry.seq) == (label, seq)]
        assert len(rivals) > 1 and all(entry.author in ("bob", "mallory") for entry in rivals) and label not in log.heads()
    for label, (seq, id) in log.heads().items():
        assert [entry.seq for entry in log.chain(label)] == list(range(seq + 1)) and log.chain(label)[-1].id == id
    assert all(fault.culprits in (("bob",), ("mallory",)) for _, fault in log.refused.values())


@given(STEPS)
def test_an_honest_station_is_never_accused(steps):
    """Whatever it held when it wrote, an honest station's entry is taken in by everybody once its past is there."""
    log = taken_in(history(steps))
    for name in ("alice", "carol"):
        assert not any(entry.author == name for entry, _ in log.refused.values()) and f"{name}/0" not in log.forks()
    entry = GROUP["alice"].next(log)
    assert not set(entry.seen) & set(log.forks())
    assert set(log.heads()) <= {entry.label} | {log.entries[id].label for id in log.past(entry.id)}
