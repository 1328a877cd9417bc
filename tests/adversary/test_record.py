"""One liar for every rule of the record: which check fires, who is blamed, and that nothing else is harmed.

The station `mallory` lies; `carrier` is anybody who holds the stick and has no key of the group.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha512

import pytest

from ceremony.base.errors import Fault, LocalFault, Malformed, PeerFault, Unattributed
from ceremony.base.limits import MAX_STRANGER_LINES, MAX_WAITING_LINES
from ceremony.record import log as logs
from ceremony.record.entry import Entry, EntryMalformed, LeafMismatch, leaf_of, parse_line
from ceremony.record.evidence import parse_evidence
from ceremony.record.identity import incarnation_number
from ceremony.record.log import Log
from ceremony.record.sshsig import KeyMalformed, openssh_public, signed_bytes
from tests.record_group import Group, Station, check_body, key_of, seed_of

GROUP = Group("alice", "mallory", "carol")
ALICE, MALLORY, CAROL = (GROUP[name] for name in ("alice", "mallory", "carol"))
OTHER = Group("alice", "mallory", "carol", title="another")


@pytest.fixture
def log() -> Log:
    """Alice's founding entry, and one honest entry each of mallory and carol that has seen it."""
    log = GROUP.log()
    MALLORY.next(log)
    CAROL.next(log)
    return log


def refused(log: Log, entry: Entry, check: str, culprit: str | None) -> Fault:
    """Offer one entry: it is refused for this reason and with this blame, and the state is as it was but for evidence."""
    before = [list(log.entries), log.forks(), log.heads(), log.waiting()]
    intake = log.offer([entry])
    assert [list(log.entries), log.forks(), log.heads(), log.waiting()] == before and intake.held == []
    (line, fault), = intake.refused
    assert line.id == entry.id and fault.check == check
    assert fault.culprits == ((culprit,) if culprit else ()) and isinstance(fault, PeerFault if culprit else Unattributed)
    assert (entry.id in log.refused) == bool(culprit)
    return fault


def head(log: Log, label: str) -> tuple[int, str]:
    return log.heads()[label]


# RECORD-MALFORMED and RECORD-LEAF: the carrier's work, nobody is blamed

def test_a_line_damaged_on_the_way():
    with pytest.raises(EntryMalformed):
        parse_line(ALICE.write(0).line().replace(b"alice", b"al ce"))


def test_a_body_altered_on_the_way():
    with pytest.raises(LeafMismatch):
        parse_line(ALICE.write(0, body={"pay": 1}).line().replace(b'"pay":1', b'"pay":2'))


def test_a_body_withheld_has_not_arrived(log):
    entry = MALLORY.write(1, head(log, "mallory/0")[1])
    refused(log, entry.redacted(), "RECORD-LEAF", None)
    assert log.offer([entry]).held == [entry]


def test_an_entry_that_builds_on_a_withheld_body_waits(log):
    first = MALLORY.write(1, head(log, "mallory/0")[1])
    second = CAROL.write(1, head(log, "carol/0")[1], {"mallory/0": (1, first.id)})
    assert log.offer([first.redacted(), second]).waiting == [second]
    assert log.missing() == {second.id: {first.id: "mallory/0"}}
    assert log.offer([first]).held == [first, second]


# RECORD-GROUP

def test_an_entry_of_another_group(log):
    refused(log, OTHER["mallory"].write(0), "RECORD-GROUP", None)


def test_an_entry_moved_from_another_group_by_its_author_or_by_a_carrier(log):
    moved = replace(OTHER["carol"].write(0), group=GROUP.id)
    refused(log, moved, "RECORD-SIGNATURE", None)


def test_a_charter_that_is_not_the_group_it_names():
    for wrong in (ALICE.write(0, kind="charter.found", body=OTHER.charter), ALICE.write(0, kind="charter.found", body={}),
                  GROUP.founding.redacted(), ALICE.write(0, body=GROUP.charter), ALICE.write(1, "ab" * 32, kind="charter.found", body=GROUP.charter),
                  ALICE.write(0, "", {"carol/0": (0, "ab" * 32)}, kind="charter.found", body=GROUP.charter)):
        with pytest.raises(Unattributed) as caught:
            Log.found(wrong, check_body)
        assert caught.value.check == "RECORD-GROUP"


def test_a_founding_entry_signed_by_nobody_of_the_charter():
    stranger = Station(GROUP, "eve")
    for entry, check in ((stranger.write(0, kind="charter.found", body=GROUP.charter), "RECORD-AUTHOR"),
                         (stranger.write(0, kind="charter.found", body=GROUP.charter, author="alice"), "RECORD-SIGNATURE"),
                         (ALICE.write(0, kind="charter.found", body=GROUP.charter, mode="production"), "RECORD-SIGNATURE")):
        with pytest.raises(Unattributed) as caught:
            Log.found(entry, check_body)
        assert caught.value.check == check


def test_a_charter_whose_body_breaks_its_kind():
    group = Group("alice", "bob")
    group.charter["bad"] = 1
    broken = Group.__new__(Group)
    broken.id = logs.text_hash("ceremony-group-v1", logs.canonical.encode(group.charter).decode())
    entry = Station(broken, "alice").write(0, kind="charter.found", body=group.charter)
    with pytest.raises(PeerFault) as caught:
        Log.found(entry, check_body)
    assert caught.value.check == "RECORD-KIND"


def test_a_charter_with_a_key_of_small_order():
    group = Group("alice", "bob")
    group.charter["stations"][1]["identity"] = openssh_public(bytes(32))
    broken = Group.__new__(Group)
    broken.id = logs.text_hash("ceremony-group-v1", logs.canonical.encode(group.charter).decode())
    with pytest.raises(KeyMalformed):
        Log.found(Station(broken, "alice").write(0, kind="charter.found", body=group.charter), check_body)


# RECORD-AUTHOR

def test_an_author_who_is_not_in_the_charter(log):
    refused(log, Station(GROUP, "eve").write(0), "RECORD-AUTHOR", None)
    station, join = GROUP.later("eve", "eve's key")
    refused(log, join, "RECORD-AUTHOR", None)


def test_a_join_under_a_number_that_is_not_its_keys(log):
    body = {"identity": openssh_public(key_of("new"))}
    for inc in (1, incarnation_number(key_of("new")) + 1, incarnation_number(key_of("carol"))):
        refused(log, Station(GROUP, "carol", inc, "new").write(0, kind="incarnation.join", body=body), "RECORD-AUTHOR", None)


@pytest.mark.parametrize("identity", ["", 1, "ssh-rsa AAAA", openssh_public(bytes(32)), openssh_public(key_of("new")) + " comment"])
def test_a_join_without_a_usable_key(log, identity):
    station = Station(GROUP, "carol", incarnation_number(key_of("new")), "new")
    refused(log, station.write(0, kind="incarnation.join", body={"identity": identity}), "RECORD-AUTHOR", None)
    refused(log, station.write(0, kind="incarnation.join"), "RECORD-AUTHOR", None)


def test_a_later_incarnation_that_does_not_begin_with_its_join(log):
    station, join = GROUP.later("carol", "new")
    refused(log, station.write(0, body=join.body), "RECORD-AUTHOR", None)


def test_a_later_incarnation_on_top_of_another_chain(log):
    station, join = GROUP.later("carol", "new")
    log.offer([join])
    refused(log, station.write(1, head(log, "carol/0")[1]), "RECORD-AUTHOR", None)


# RECORD-SIGNATURE

def test_an_entry_in_another_stations_name(log):
    refused(log, MALLORY.write(1, head(log, "carol/0")[1], author="carol"), "RECORD-SIGNATURE", None)


def test_an_entry_of_the_other_mode(log):
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], mode="production"), "RECORD-SIGNATURE", None)


def test_a_bad_signature_does_not_keep_the_good_line_out(log):
    good = CAROL.write(1, head(log, "carol/0")[1])
    refused(log, replace(good, sig=bytes(64)), "RECORD-SIGNATURE", None)
    assert log.offer([good]).held == [good]
    refused(log, replace(good, sig=bytes(64)), "RECORD-SIGNATURE", None)
    assert log.entries[good.id].sig == good.sig


def test_a_join_not_signed_with_its_own_key(log):
    station = Station(GROUP, "carol", incarnation_number(key_of("new")), "mallory")
    refused(log, station.write(0, kind="incarnation.join", body={"identity": openssh_public(key_of("new"))}), "RECORD-SIGNATURE", None)


def test_a_line_of_a_later_incarnation_is_proven_once_its_join_is_here(log):
    station, join = GROUP.later("carol", "new")
    good = station.write(1, join.id)
    forged = replace(good, sig=MALLORY.write(0).sig)
    assert log.offer([forged, good]).waiting == [forged, good] and log.missing() == {good.id: {join.id: station.label}}
    intake = log.offer([join])
    assert intake.held == [join, good] and log.waiting() == []
    assert [(line.sig, fault.check, fault.culprits) for line, fault in intake.refused] == [(forged.sig, "RECORD-SIGNATURE", ())]


# RECORD-CHAIN

def test_a_place_skipped(log):
    fault = refused(log, MALLORY.write(2, head(log, "mallory/0")[1]), "RECORD-CHAIN", "mallory")
    assert fault.assumes == ""


def test_a_chain_built_on_anothers_entry(log):
    refused(log, MALLORY.write(1, head(log, "carol/0")[1]), "RECORD-CHAIN", "mallory")


def test_what_a_later_incarnation_does_is_blamed_under_an_assumption(log):
    station, join = GROUP.later("carol", "new")
    log.offer([join])
    fault = refused(log, station.write(2, join.id), "RECORD-CHAIN", "carol")
    assert str(station.inc) in fault.assumes


# RECORD-SEEN

def test_an_invented_place_in_seen(log):
    seq, id = head(log, "carol/0")
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], {"carol/0": (seq + 1, id)}), "RECORD-SEEN", "mallory")


def test_an_entry_seen_on_another_chain_than_its_own(log):
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], {"alice/0": head(log, "carol/0")}), "RECORD-SEEN", "mallory")


def test_the_own_chain_among_those_seen(log):
    place = head(log, "mallory/0")
    refused(log, MALLORY.write(1, place[1], {"mallory/0": place}), "RECORD-SEEN", "mallory")


def test_news_that_the_author_had_before(log):
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], {"alice/0": (0, GROUP.founding.id)}), "RECORD-SEEN", "mallory")


def test_news_older_than_what_another_had_told(log):
    """Carol's entry has alice's second one in its past; having seen it, mallory cannot see alice's first as news."""
    first, second = ALICE.next(log), ALICE.next(log)
    carols = CAROL.next(log)
    mine = MALLORY.write(1, head(log, "mallory/0")[1], {"carol/0": (1, carols.id)})
    assert log.offer([mine]).held == [mine]
    for old in (first, second):
        refused(log, MALLORY.write(2, mine.id, {"alice/0": (old.seq, old.id)}), "RECORD-SEEN", "mallory")


def test_an_invented_entry_in_seen_blocks_only_its_author(log):
    entry = MALLORY.write(1, head(log, "mallory/0")[1], {"carol/0": (1, "ab" * 32)})
    intake = log.offer([entry])
    assert intake.waiting == [entry] and intake.refused == [] and log.missing() == {entry.id: {"ab" * 32: "carol/0"}}
    assert set(ALICE.next(log).seen) == {"carol/0", "mallory/0"} and set(CAROL.next(log).seen) == {"alice/0"}


# RECORD-KIND

def test_an_unknown_kind(log):
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], kind="steal"), "RECORD-KIND", "mallory")


def test_a_body_of_the_wrong_shape(log):
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], body={"bad": 1}), "RECORD-KIND", "mallory")


def test_a_ceremony_that_is_not_in_the_past(log):
    opening = CAROL.next(log, kind="round.open")
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], ceremony=opening.id), "RECORD-KIND", "mallory")
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], ceremony="ab" * 32), "RECORD-KIND", "mallory")


def test_a_ceremony_that_its_entry_does_not_open(log):
    opening = CAROL.next(log, kind="round.open")
    step = CAROL.next(log, kind="round.step", ceremony=opening.id)
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], {"carol/0": (2, step.id)}, ceremony=step.id), "RECORD-KIND", "mallory")
    assert MALLORY.next(log, kind="round.step", ceremony=opening.id)


def test_a_first_entry_naming_a_ceremony_without_any_past():
    log = GROUP.log()
    refused(log, CAROL.write(0, ceremony=GROUP.founding.id), "RECORD-KIND", "carol")


def test_a_join_in_the_middle_of_a_chain(log):
    body = {"identity": openssh_public(key_of("mallory"))}
    refused(log, MALLORY.write(1, head(log, "mallory/0")[1], kind="incarnation.join", body=body), "RECORD-KIND", "mallory")
    station, join = GROUP.later("carol", "new")
    log.offer([join])
    refused(log, station.write(1, join.id, kind="incarnation.join", body=join.body), "RECORD-KIND", "carol")


def test_a_fault_of_the_table_of_kinds_that_blames_nobody_becomes_the_authors(log):
    def strict(_: Entry) -> None:
        raise Malformed("SHAPE", "no")
    log._check_body = strict
    assert "no" in refused(log, MALLORY.write(1, head(log, "mallory/0")[1]), "RECORD-KIND", "mallory").seen


# After a refusal

def test_what_builds_on_a_refused_entry_waits_for_ever(log):
    lie = MALLORY.write(1, head(log, "mallory/0")[1], body={"bad": 1})
    friend = CAROL.write(1, head(log, "carol/0")[1], {"mallory/0": (1, lie.id)})
    log.offer([friend])
    assert log.offer([lie]).held == [] and log.waiting() == [friend]
    assert [fault.check for _, fault in log.offer([lie, lie]).refused] == ["RECORD-KIND"] * 2


def test_every_accusation_is_kept_as_evidence(log):
    place = head(log, "mallory/0")
    lie = MALLORY.write(1, place[1], {"carol/0": (5, head(log, "carol/0")[1])})
    log.offer([lie])
    evidence, = log.evidence()
    assert (evidence.check, evidence.culprit) == ("RECORD-SEEN", "mallory")
    assert [entry.id for entry in evidence.entries] == [lie.id, place[1], head(log, "carol/0")[1]]
    assert parse_evidence(evidence.line()) == evidence


# RECORD-FORK

def test_two_entries_at_one_place(log):
    seq, id = head(log, "mallory/0")
    one, two = MALLORY.write(1, id, body={"say": 1}), MALLORY.write(1, id, body={"say": 2})
    assert log.offer([one]).forks == []
    intake = log.offer([two])
    fault, = intake.forks
    assert (fault.check, fault.culprits) == ("RECORD-FORK", ("mallory",)) and "copied" in fault.meaning
    assert intake.held == [two] and log.forks() == {"mallory/0": 1} and one.id in log.entries
    assert not log.counts(one) and not log.counts(two) and log.counts(log.entries[id])
    assert [entry.id for entry in log.chain("mallory/0")] == [id] and "mallory/0" not in log.heads()
    evidence, = log.evidence()
    assert evidence.check == "RECORD-FORK" and {entry.id for entry in evidence.entries} == {one.id, two.id}


def test_a_fork_found_later_at_an_earlier_place(log):
    seq, id = head(log, "mallory/0")
    one = MALLORY.write(1, id)
    late = [MALLORY.write(2, one.id, body={"say": n}) for n in range(2)]
    log.offer([one, *late])
    assert log.forks() == {"mallory/0": 2} and log.counts(one)
    log.offer([MALLORY.write(1, id, body={"say": 9})])
    assert log.forks() == {"mallory/0": 1} and not log.counts(one) and not any(map(log.counts, late))
    assert len(log.evidence()) == 1


def test_both_branches_grow_and_neither_counts(log):
    seq, id = head(log, "mallory/0")
    branches = [MALLORY.write(1, id, body={"say": n}) for n in range(2)]
    ends = [MALLORY.write(2, branch.id) for branch in branches]
    assert log.offer([*ends, *branches]).waiting == [] and log.forks() == {"mallory/0": 1}
    assert all(entry.id in log.entries and not log.counts(entry) for entry in (*branches, *ends))


def test_a_forked_chain_is_left_out_of_what_others_see(log):
    seq, id = head(log, "mallory/0")
    log.offer([MALLORY.write(1, id, body={"say": n}) for n in range(2)])
    assert set(CAROL.next(log).seen) == set()
    assert set(ALICE.next(log).seen) == {"carol/0"}


def test_a_station_does_not_add_to_its_own_fork(log):
    seq, id = head(log, "mallory/0")
    log.offer([MALLORY.write(1, id, body={"say": n}) for n in range(2)])
    with pytest.raises(LocalFault) as caught:
        log.next_place("mallory/0")
    assert caught.value.check == "RECORD-FORK"


def test_two_first_entries_are_a_fork():
    log = GROUP.log()
    intake = log.offer([CAROL.write(0, body={"say": n}) for n in range(3)])
    assert [fault.culprits for fault in intake.forks] == [("carol",)] and log.forks() == {"carol/0": 0} and log.chain("carol/0") == []


def test_two_keys_under_one_number_of_an_incarnation(monkeypatch):
    """Fifty-two bits can be met by whoever tries 2^26 keys: it harms that chain alone, and the order does not matter."""
    for module in ("ceremony.record.identity", "tests.record_group"):
        monkeypatch.setattr(f"{module}.incarnation_number", lambda key: 7)
    (first, join1), (second, join2) = GROUP.later("carol", "one"), GROUP.later("carol", "two")
    lines = [join1, join2, first.write(1, join1.id), second.write(1, join2.id), first.write(1, join2.id)]
    for order in (lines, lines[::-1], lines[2:] + lines[:2]):
        log = GROUP.log()
        faults = log.offer(order).refused
        assert set(log.entries) == {GROUP.founding.id, *(entry.id for entry in lines[:4])} and log.forks() == {"carol/7": 0}
        assert [(entry.id, fault.check) for entry, fault in faults] == [(lines[4].id, "RECORD-SIGNATURE")]


# Two valid signatures on one core

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def edwards_add(p, q):
    (x1, y1), (x2, y2) = p, q
    t = D * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def signed_with_nonce(seed: bytes, message: bytes, r: int) -> bytes:
    """RFC 8032 section 5.1.6 with a nonce of the signer's choice: as valid as the usual one."""
    y = 4 * pow(5, -1, P) % P
    x = pow((y * y - 1) * pow(D * y * y + 1, -1, P) % P, (P + 3) // 8, P)
    x = x if (x * x * (D * y * y + 1) - (y * y - 1)) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    base, point, k = (x if x % 2 == 0 else P - x, y), (0, 1), r
    while k:
        point, base, k = edwards_add(point, base) if k & 1 else point, edwards_add(base, base), k >> 1
    encoded = (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")
    half = sha512(seed).digest()[:32]
    a = int.from_bytes(half, "little") & (2**254 - 8) | 2**254
    h = int.from_bytes(sha512(encoded + key_of("mallory") + message).digest(), "little")
    return encoded + ((r + h * a) % L).to_bytes(32, "little")


def test_a_second_valid_signature_makes_no_second_entry(log):
    one = MALLORY.write(1, head(log, "mallory/0")[1])
    message = signed_bytes("ceremony-entry-v1@rehearsal.ceremony", one.core)
    two = replace(one, sig=signed_with_nonce(seed_of("mallory").reveal(), message, 12345))
    for order in ((one, two), (two, one), (two, one, two)):
        fresh = GROUP.log()
        fresh.offer(log.ordered())
        intake = fresh.offer(order)
        assert len(intake.held) == 1 and intake.refused == [] and intake.forks == []
        assert fresh.entries[one.id].sig == min(one.sig, two.sig)


# Ceilings

def test_a_flood_of_lines_that_wait(monkeypatch, log):
    monkeypatch.setattr(logs, "MAX_WAITING_LINES", 5)
    flood = [MALLORY.write(n, "ab" * 32) for n in range(3, 13)]
    honest = CAROL.write(2, "cd" * 32)
    intake = log.offer([*flood[::-1], honest])
    assert [fault.check for _, fault in intake.refused] == ["RECORD-WAITING"] * 5 and intake.refused[0][1].culprits == ()
    assert {entry.id for entry in log.waiting()} == {entry.id for entry in (*flood[:5], honest)}
    assert 5 < MAX_WAITING_LINES


def test_a_flood_of_lines_that_nobody_signed(monkeypatch, log):
    monkeypatch.setattr(logs, "MAX_STRANGER_LINES", 5)
    station, join = GROUP.later("carol", "new")
    flood = [replace(station.write(n, "ab" * 32), sig=bytes(64)) for n in range(1, 11)]
    intake = log.offer(flood)
    assert [fault.check for _, fault in intake.refused] == ["RECORD-WAITING"] * 5
    assert {entry.seq for entry in log.waiting()} == set(range(1, 6)) and 5 < MAX_STRANGER_LINES


def test_lines_let_go_may_come_again(monkeypatch, log):
    monkeypatch.setattr(logs, "MAX_WAITING_LINES", 1)
    chain = [MALLORY.write(1, head(log, "mallory/0")[1])]
    for seq in range(2, 6):
        chain.append(MALLORY.write(seq, chain[-1].id))
    log.offer(chain[::-1][:-1])
    log.offer(chain)
    assert head(log, "mallory/0") == (5, chain[-1].id) and log.waiting() == []


# An auditor without bodies

def test_an_auditor_takes_redacted_lines_and_later_their_bodies(log):
    entry = MALLORY.next(log, body={"say": 1})
    audit = GROUP.log(allow_redacted=True)
    redacted = [line.redacted() if line != GROUP.founding else line for line in log.ordered()]
    assert audit.offer(redacted).refused == [] and audit.entries[entry.id].body is None
    audit.offer([entry])
    assert audit.entries[entry.id].body == {"say": 1}
    assert audit.of_kind("note") == [line for line in audit.ordered() if line.kind == "note"]
    audit.offer(redacted)
    assert audit.entries[entry.id].body == {"say": 1}


def test_a_body_that_comes_later_and_breaks_its_kind(log):
    """Whatever came first, the entry is refused with its author's name, and what builds on it waits."""
    lie = MALLORY.write(1, head(log, "mallory/0")[1], body={"bad": 1})
    friend = CAROL.write(1, head(log, "carol/0")[1], {"mallory/0": (1, lie.id)})
    for order in ([lie.redacted(), friend, lie], [lie, lie.redacted(), friend], [friend, lie.redacted(), lie]):
        audit = GROUP.log(allow_redacted=True)
        audit.offer(log.ordered())
        for line in order:
            intake = audit.offer([line])
        assert set(audit.entries) == set(log.entries) and audit.waiting() == [friend]
        assert [(fault.check, fault.culprits) for _, fault in audit.refused.values()] == [("RECORD-KIND", ("mallory",))]
        assert audit.refused[lie.id][0].body == {"bad": 1} and all(line.id in audit.entries for line in intake.held)


def test_a_redacted_join_tells_no_key(log):
    station, join = GROUP.later("carol", "new")
    audit = GROUP.log(allow_redacted=True)
    audit.offer(log.ordered())
    assert [fault.check for _, fault in audit.offer([join.redacted()]).refused] == ["RECORD-AUTHOR"]
    given = Log(group=GROUP.id, mode="rehearsal", keys={"alice/0": key_of("alice"), station.label: key_of("new"), "carol/0": key_of("carol")},
                check_body=check_body, allow_redacted=True)
    assert given.offer([join.redacted(), GROUP.founding.redacted()]).refused == [] and len(given.entries) == 2


def test_the_leaf_still_binds_what_was_withheld():
    assert leaf_of("00" * 32, {"say": 1}) != leaf_of("00" * 32, {"say": 2})
