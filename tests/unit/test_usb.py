"""The stick: hostile when read, careful when written, and never a reason to lose what is good beside what is bad."""

from __future__ import annotations

import errno
import os

import pytest

from ceremony.base import limits
from ceremony.base.errors import LocalFault, UsageFault
from ceremony.devices import clock, entropy, medium, usb, usb_write
from ceremony.devices.machine import ThisMachine
from ceremony.devices.usb import list_groups, read_stick
from ceremony.devices.usb_write import pack_ended, write_stick

GROUP = "77c0" * 16
FOLDER = "ceremony-77c077c077c077c0"
LINE, OTHER = b'{"v":1}\n', b'{"v":2}\n'
CEREMONY = "5a41" * 16


@pytest.fixture
def stick(tmp_path):
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def read(stick):
    return read_stick(stick, GROUP[:16])


def lines(stick) -> list[bytes]:
    return [line for _, line in read(stick).lines]


def problem(stick) -> tuple[str, str]:
    [only] = read(stick).problems
    return only


def refused(check: str):
    return pytest.raises(LocalFault, match=f"^{check}: ")


def tree(stick) -> dict[str, bytes]:
    return {str(p.relative_to(stick)): p.read_bytes() for p in sorted(stick.rglob("*")) if p.is_file()}


# Reading


def test_all_kinds_of_files_are_read(stick):
    files = {f"{FOLDER}/a.json": LINE, f"{FOLDER}/ended/x.jsonl": OTHER + b'{"v":3}\n', "cards/bob.card.json": b"card\n",
             usb.seal_path(GROUP, CEREMONY, "alice", 0): b"seal\n"}
    write_stick(stick, files)
    found = read(stick)
    assert found.lines == [(f"{FOLDER}/a.json", LINE), (f"{FOLDER}/ended/x.jsonl", OTHER),
                           (f"{FOLDER}/ended/x.jsonl", b'{"v":3}\n')]
    assert found.cards == [("cards/bob.card.json", b"card\n")]
    assert found.seals == [(f"{FOLDER}/seals/{CEREMONY}-alice-0.sig", b"seal\n")]
    assert found.problems == []


def test_the_names_are_those_of_the_formats_page():
    assert usb.entry_path(GROUP, "bob", 0, 17, CEREMONY, "keygen.round2", "ab12" * 16) == \
        f"{FOLDER}/bob-0-17-5a415a41-keygen.round2-ab12ab12.json"
    assert usb.entry_path(GROUP, "bob", 1, 0, "", "nonces", "ab12" * 16) == f"{FOLDER}/bob-1-0-none-nonces-ab12ab12.json"
    assert usb.card_path("bob") == "cards/bob.card.json"


def test_an_empty_stick_and_one_of_other_groups_hold_nothing(tmp_path):
    (tmp_path / "ceremony-0000000000000000").mkdir()
    (tmp_path / "ceremony-0000000000000000" / "a.json").write_bytes(LINE)
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    found = read(tmp_path)
    assert (found.lines, found.cards, found.problems) == ([], [], [])
    assert read_stick(tmp_path, None).lines == []


def test_groups_are_listed_whatever_else_is_there(stick):
    (stick / "ceremony-00000000000000zz").mkdir()
    (stick / "CEREMONY-1111111111111111").mkdir()
    (stick / "ceremony-2222222222222222").write_bytes(b"a file")
    (stick / "ceremony-3333333333333333").symlink_to(stick / FOLDER)
    assert list_groups(stick) == ["1111111111111111", "77c077c077c077c0"]


def test_a_renamed_file_or_one_in_capitals_is_read(stick):
    (stick / FOLDER / "WHATEVER (1).JSON").write_bytes(LINE)
    (stick / FOLDER).rename(stick / FOLDER.upper())
    assert lines(stick) == [LINE] and read(stick).problems == []


def test_a_line_that_is_there_twice_is_taken_once(stick):
    for name in ("a.json", "b.json", "c.jsonl"):
        (stick / FOLDER / name).write_bytes(LINE)
    assert lines(stick) == [LINE]


@pytest.mark.parametrize("content, what", [
    (b"", "empty"), (bytes(4096), "empty"), (LINE[:-1], "end is missing"), (b'{"v":', "end is missing"),
    (b"\x00" * 10 + b"abc", "end is missing")])
def test_a_file_that_was_cut_off_is_named_and_the_good_ones_are_taken(stick, content, what):
    (stick / FOLDER / "bad.json").write_bytes(content)
    (stick / FOLDER / "good.json").write_bytes(LINE)
    assert lines(stick) == [LINE]
    name, why = problem(stick)
    assert name == f"{FOLDER}/bad.json" and what in why


def test_a_pack_that_was_cut_off_gives_its_whole_lines(stick):
    (stick / FOLDER / "ended").mkdir()
    (stick / FOLDER / "ended" / "x.jsonl").write_bytes(LINE + OTHER[:-3])
    assert lines(stick) == [LINE] and "end is missing" in problem(stick)[1]


def test_links_are_not_followed(stick, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.json").write_bytes(LINE)
    (stick / FOLDER / "link.json").symlink_to(outside / "secret.json")
    (stick / FOLDER / "ended").symlink_to(outside)
    (stick / "cards").symlink_to(outside)
    found = read(stick)
    assert found.lines == [] and found.cards == []
    assert [name for name, _ in found.problems] == [f"{FOLDER}/link.json", f"{FOLDER}/ended", "cards"]


def test_a_group_folder_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.json").write_bytes(LINE)
    (tmp_path / FOLDER).symlink_to(tmp_path / "elsewhere")
    assert lines(tmp_path) == [] and problem(tmp_path)[0] == FOLDER


def test_pipes_folders_and_devices_are_not_opened(stick):
    os.mkfifo(stick / FOLDER / "pipe.json")
    (stick / FOLDER / "folder.json").mkdir()
    (stick / FOLDER / "good.json").write_bytes(LINE)
    assert lines(stick) == [LINE]
    assert [name for name, _ in read(stick).problems] == [f"{FOLDER}/folder.json", f"{FOLDER}/pipe.json"]


def test_files_of_others_are_named_and_litter_is_not(stick):
    for name in ("notes.txt", "run.sh"):
        (stick / FOLDER / name).write_bytes(b"x")
    for name in ("._a.json", ".DS_Store", "Thumbs.db", "ceremony-0123456789abcdef.part"):
        (stick / FOLDER / name).write_bytes(b"x\n")
    assert [name for name, _ in read(stick).problems] == [f"{FOLDER}/notes.txt", f"{FOLDER}/run.sh"]
    assert lines(stick) == []


def test_names_are_made_fit_for_a_screen(stick):
    (stick / FOLDER / "a\x1b[31m\u202e[bold].json").write_bytes(LINE)
    (os.fsencode(stick / FOLDER) + b"/\xff\xfe.json")
    with open(os.fsencode(stick / FOLDER) + b"/\xff\xfe.json", "wb") as file:
        file.write(OTHER)
    names = [name for name, _ in read(stick).lines]
    assert len(names) == 2 and all(name.isascii() and name.isprintable() for name in names)
    assert len(usb.shown("x" * 300)) == 200


def test_a_file_above_its_ceiling_is_not_read(stick, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PACK_BYTES", 20)
    (stick / FOLDER / "a.json").write_bytes(b"x" * 20 + b"\n")
    (stick / FOLDER / "b.json").write_bytes(LINE)
    monkeypatch.setattr(os, "read", lambda fd, size: pytest.fail("read") if size > 20 else os.pread(fd, size, 0))
    found = read(stick)
    assert [line for _, line in found.lines] == [LINE] and "more than the 20 allowed" in found.problems[0][1]


def test_a_sparse_giant_costs_nothing(stick):
    with open(stick / FOLDER / "a.json", "wb") as file:
        file.truncate(2**40)
    assert "more than" in problem(stick)[1]


@pytest.mark.parametrize("name, value", [("MAX_STICK_FILES", 2), ("MAX_STICK_BYTES", 16), ("MAX_STICK_LINES", 2)])
def test_a_visit_has_a_ceiling(stick, monkeypatch, name, value):
    monkeypatch.setattr(limits, name, value)
    for number in range(4):
        (stick / FOLDER / f"{number}.json").write_bytes(b'{"v":%d}\n' % number)
    found = read(stick)
    assert len(found.lines) == 2 and [name for name, _ in found.problems] == [f"{FOLDER}/2.json", f"{FOLDER}/3.json"]


def test_a_folder_of_too_many_names_is_cut(stick, monkeypatch):
    monkeypatch.setattr(limits, "MAX_STICK_NAMES", 2)
    for number in range(4):
        (stick / FOLDER / f"{number}.json").write_bytes(b'{"v":%d}\n' % number)
    found = read(stick)
    assert len(found.lines) == 2 and any("more than 2 names" in what for _, what in found.problems)


def test_a_line_above_its_ceiling_is_named_and_its_neighbour_taken(stick, monkeypatch):
    monkeypatch.setattr(limits, "MAX_LINE_BYTES", 10)
    (stick / FOLDER / "a.jsonl").write_bytes(b"x" * 10 + b"\n" + LINE)
    assert lines(stick) == [LINE] and "more than 10 bytes" in problem(stick)[1]


def test_large_cards_and_seals_are_refused(stick):
    (stick / "cards").mkdir()
    (stick / "cards" / "x.card.json").write_bytes(bytes(limits.MAX_CARD_BYTES + 1))
    (stick / FOLDER / "seals").mkdir()
    (stick / FOLDER / "seals" / "x.sig").write_bytes(bytes(limits.MAX_SEAL_SIGNATURE_BYTES + 1))
    found = read(stick)
    assert (found.cards, found.seals) == ([], []) and len(found.problems) == 2


@pytest.mark.parametrize("code", [errno.EIO, errno.ENODEV, errno.EACCES])
def test_a_file_that_the_medium_does_not_give_is_named(stick, monkeypatch, code):
    (stick / FOLDER / "a.json").write_bytes(LINE)
    (stick / FOLDER / "b.json").write_bytes(OTHER)
    real = os.open

    def failing(path, *args, **kwargs):
        if path == "a.json":
            raise OSError(code, os.strerror(code))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", failing)
    assert lines(stick) == [OTHER] and problem(stick)[0] == f"{FOLDER}/a.json"


def test_a_file_that_shrinks_while_it_is_read_is_named(stick, monkeypatch):
    (stick / FOLDER / "a.json").write_bytes(LINE)
    monkeypatch.setattr(os, "read", lambda fd, size: b"")
    assert "shorter" in problem(stick)[1]


def test_no_stick_at_all(tmp_path):
    for call in (lambda: read(tmp_path / "none"), lambda: list_groups(tmp_path / "none"),
                 lambda: write_stick(tmp_path / "none", {"a": b"x"})):
        with refused("STICK-GONE") as caught:
            call()
        assert caught.value.do
    (tmp_path / "file").write_bytes(b"")
    with refused("STICK-FOREIGN"):
        read(tmp_path / "file")


# Writing


def test_what_is_written_is_reported_and_writing_it_again_touches_nothing(stick):
    files = {f"{FOLDER}/a.json": LINE, f"{FOLDER}/ended/b.jsonl": OTHER, "cards/c.card.json": b"card\n", "top": b""}
    assert sorted(write_stick(stick, files).written) == sorted(files)
    before = {p: p.stat().st_mtime_ns for p in stick.rglob("*")}
    again = write_stick(stick, files)
    assert sorted(again.same) == sorted(files) and not again.written and not again.beside
    assert {p: p.stat().st_mtime_ns for p in stick.rglob("*")} == before and tree(stick) == files


@pytest.mark.parametrize("name, beside", [("a.json", "a.2.json"), ("b.card.json", "b.2.card.json"),
                                          ("c.backup.json", "c.2.backup.json"), ("d", "d.2")])
def test_a_file_of_others_under_our_name_stays_and_ours_lies_beside_it(stick, name, beside):
    (stick / FOLDER / name).write_bytes(b"other")
    report = write_stick(stick, {f"{FOLDER}/{name}": LINE})
    assert report.beside == [(f"{FOLDER}/{name}", f"{FOLDER}/{beside}")]
    assert tree(stick) == {f"{FOLDER}/{name}": b"other", f"{FOLDER}/{beside}": LINE}
    again = write_stick(stick, {f"{FOLDER}/{name}": LINE})
    assert again.same == [f"{FOLDER}/{name}"] and len(tree(stick)) == 2


@pytest.mark.parametrize("piece", [b"", LINE[:3], LINE[:3] + bytes(2), bytes(len(LINE))])
def test_a_cut_off_piece_of_ours_is_replaced(stick, piece):
    (stick / FOLDER / "a.json").write_bytes(piece)
    assert write_stick(stick, {f"{FOLDER}/a.json": LINE}).written == [f"{FOLDER}/a.json"]
    assert tree(stick) == {f"{FOLDER}/a.json": LINE}


@pytest.mark.parametrize("piece", [LINE + b"x", LINE + b"\0", b"\0" + LINE[1:], b'{"v":2'])
def test_anything_else_is_no_piece_of_ours(stick, piece):
    (stick / FOLDER / "a.json").write_bytes(piece)
    write_stick(stick, {f"{FOLDER}/a.json": LINE})
    assert tree(stick) == {f"{FOLDER}/a.json": piece, f"{FOLDER}/a.2.json": LINE}


def test_links_and_folders_under_our_name_are_not_written_through(stick, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "target"
    outside.write_bytes(b"untouched")
    (stick / FOLDER / "a.json").symlink_to(outside)
    (stick / FOLDER / "b.json").mkdir()
    report = write_stick(stick, {f"{FOLDER}/a.json": LINE, f"{FOLDER}/b.json": OTHER})
    assert outside.read_bytes() == b"untouched" and len(report.beside) == 2


def test_a_link_in_place_of_the_group_folder_is_not_written_through(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / FOLDER).symlink_to(tmp_path / "elsewhere")
    with refused("STICK-FOREIGN"):
        write_stick(tmp_path, {f"{FOLDER}/a.json": LINE})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_cluttered_stick_is_refused(stick, monkeypatch):
    monkeypatch.setattr(usb_write, "_MAX_VARIANTS", 2)
    for name in ("a.json", "a.2.json"):
        (stick / FOLDER / name).write_bytes(b"other")
    with refused("STICK-CLUTTERED"):
        write_stick(stick, {f"{FOLDER}/a.json": LINE})


@pytest.mark.parametrize("name", ["", "/a", "a/", "../a", "a/../b", "A.json", "a b", "a:b", "a.", ".a", "a/b/c/d", "é",
                                  "a\n", "x" * 130, "a//b", "a\\b"])
def test_only_names_that_every_system_spells_alike_are_written(stick, name):
    with pytest.raises(ValueError):
        write_stick(stick, {name: LINE})


def test_our_leftovers_are_removed_and_others_are_not(stick):
    for name in ("ceremony-0123456789abcdef.part", "ceremony-0123456789ABCDEF.part", "movie.part"):
        (stick / FOLDER / name).write_bytes(b"x")
    write_stick(stick, {f"{FOLDER}/a.json": LINE})
    assert sorted(tree(stick)) == [f"{FOLDER}/{name}" for name in
                                   ("a.json", "ceremony-0123456789ABCDEF.part", "movie.part")]


CALLS = ["open", "write", "fsync", "rename", "mkdir"]


@pytest.mark.parametrize("code, check", [(errno.ENOSPC, "STICK-FULL"), (errno.EROFS, "STICK-READONLY"),
                                         (errno.EIO, "STICK-GONE"), (errno.ENODEV, "STICK-GONE")])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_stick_that_fails_anywhere_is_named_and_left_without_half_files(stick, monkeypatch, code, check, call, nth):
    files = {f"{FOLDER}/old.json": OTHER}
    write_stick(stick, files)
    real, calls = getattr(os, call), []

    def failing(*args, **kwargs):
        if call != "open" or args[1] & os.O_CREAT:
            calls.append(args)
        if len(calls) == nth and (call != "open" or args[1] & os.O_CREAT):
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    new = {f"{FOLDER}/seals/a.sig": b"a", f"{FOLDER}/ended/b.jsonl": LINE}
    monkeypatch.setattr(os, call, failing)
    with refused(check) as caught:
        write_stick(stick, new)
    monkeypatch.undo()
    assert "Nothing was lost" in caught.value.meaning and caught.value.do
    left = tree(stick)
    assert left.pop(f"{FOLDER}/old.json") == OTHER and left.items() <= new.items()
    write_stick(stick, new)
    assert tree(stick) == {**files, **new}


def test_a_stick_that_gives_back_other_bytes_is_found_out(stick, monkeypatch):
    monkeypatch.setattr(os, "write", lambda fd, data: len(data))
    with refused("STICK-READBACK"):
        write_stick(stick, {f"{FOLDER}/a.json": LINE})


def test_reading_back_asks_the_medium_itself(stick, monkeypatch):
    asked = []
    monkeypatch.setattr(os, "posix_fadvise", lambda fd, start, size, advice: asked.append(advice))
    write_stick(stick, {f"{FOLDER}/a.json": LINE})
    assert asked == [os.POSIX_FADV_DONTNEED]


# Packing


def test_an_ended_ceremony_is_packed_and_its_loose_files_removed(stick):
    write_stick(stick, {f"{FOLDER}/a.json": LINE, f"{FOLDER}/b.json": OTHER, f"{FOLDER}/c.json": b'{"v":3}\n'})
    assert pack_ended(stick, GROUP, CEREMONY, [LINE, OTHER]) == [f"{FOLDER}/a.json", f"{FOLDER}/b.json"]
    assert tree(stick) == {f"{FOLDER}/c.json": b'{"v":3}\n', f"{FOLDER}/ended/{CEREMONY}.jsonl": LINE + OTHER}
    assert pack_ended(stick, GROUP, CEREMONY, [LINE, OTHER]) == []


def test_a_loose_file_that_differs_by_a_byte_stays(stick):
    kept = {f"{FOLDER}/a.json": LINE[:-1], f"{FOLDER}/b.json": LINE + b"\n", f"{FOLDER}/c.json": LINE + OTHER}
    for path, content in kept.items():
        (stick / path).write_bytes(content)
    (stick / FOLDER / "d.json").symlink_to(stick / FOLDER / "a.json")
    assert pack_ended(stick, GROUP, CEREMONY, [LINE, OTHER]) == []
    assert kept.items() <= tree(stick).items()


def test_a_pack_grows_and_never_loses_a_line(stick):
    pack_ended(stick, GROUP, CEREMONY, [OTHER])
    pack_ended(stick, GROUP, CEREMONY, [LINE, OTHER])
    assert tree(stick) == {f"{FOLDER}/ended/{CEREMONY}.jsonl": LINE + OTHER}
    pack_ended(stick, GROUP, CEREMONY, [LINE])
    assert tree(stick) == {f"{FOLDER}/ended/{CEREMONY}.jsonl": LINE + OTHER, f"{FOLDER}/ended/{CEREMONY}.2.jsonl": LINE}


def test_nothing_is_removed_when_the_pack_cannot_be_read_back(stick, monkeypatch):
    write_stick(stick, {f"{FOLDER}/a.json": LINE})
    monkeypatch.setattr(os, "write", lambda fd, data: len(data))
    with refused("STICK-READBACK"):
        pack_ended(stick, GROUP, CEREMONY, [LINE])
    monkeypatch.undo()
    assert tree(stick)[f"{FOLDER}/a.json"] == LINE


def test_a_pack_that_no_reader_would_take_is_not_made(stick, monkeypatch):
    write_stick(stick, {f"{FOLDER}/a.json": LINE})
    monkeypatch.setattr(limits, "MAX_PACK_BYTES", len(LINE) - 1)
    assert pack_ended(stick, GROUP, CEREMONY, [LINE]) == [] and list(tree(stick)) == [f"{FOLDER}/a.json"]


# The other small devices


def test_the_clock_writes_utc_and_a_fixed_one_stands_still():
    assert len(clock.now()) == 20 and clock.fixed(clock.now())() <= clock.now()
    assert clock.fixed("2026-11-22T15:52:01Z")() == "2026-11-22T15:52:01Z"


@pytest.mark.parametrize("text", ["", "2026-11-22", "2026-11-22T15:52:01", "2026-11-22T15:52:01+01:00", "now",
                                  "2026-13-22T15:52:01Z", "2026-1-2T15:52:01Z", "2026-11-22T15:52:01.5Z"])
def test_other_forms_of_time_are_refused(text):
    with pytest.raises(UsageFault, match="^CLOCK-FORM: "):
        clock.fixed(text)


def test_random_bytes_have_their_size_and_differ():
    assert len(entropy.random_bytes(32)) == 32 and entropy.random_bytes(32) != entropy.random_bytes(32)


def test_the_machine_id_is_the_first_usable_one(tmp_path):
    broken, board = tmp_path / "machine-id", tmp_path / "product_uuid"
    board.write_text("4C4C4544-0042-3610-8052-B4C04F4D3332\n")
    for content in ("", "uninitialized\n", "0" * 32, "é" * 32, "ab" * 15):
        broken.write_text(content)
        assert ThisMachine(production=True, sources=(broken, board)).machine_id() == "4c4c4544004236108052b4c04f4d3332"
    broken.write_text("ab" * 16 + "\n")
    assert ThisMachine(production=True, sources=(broken, board)).machine_id() == "ab" * 16


def test_a_machine_without_an_id_is_refused_in_production_only(tmp_path):
    with refused("MACHINE-ID"):
        ThisMachine(production=True, sources=(tmp_path / "none",)).machine_id()
    assert ThisMachine(production=False, sources=(tmp_path / "none",)).machine_id() == "unknown-machine"


def test_the_words_for_a_read_only_stick_are_not_used_when_reading():
    problem = OSError(errno.EACCES, "Permission denied")
    assert medium.fault_of(problem, writing=False).check == "STICK-GONE"
    assert medium.fault_of(problem, writing=True).check == "STICK-READONLY"
