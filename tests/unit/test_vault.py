"""The vault: nothing opens that was altered, moved or locked with another passphrase, and nothing leaks on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ceremony.base.errors import LocalFault
from ceremony.base.secret import Secret
from ceremony.station import passphrase as passphrases
from ceremony.station.home import Home
from ceremony.station.passphrase import COSTS, Cost, PassphraseOpener, check_new_passphrase
from ceremony.station.rows import SecretRow
from ceremony.station.vault import SLOT, Vault, change_passphrase, new_vault, unlock

GROUP = "77" * 32
FIELDS = {"id": "n1", "group": GROUP, "kind": "nonce", "epoch": 0, "ref": "r", "state": "fresh"}
NONCE = Secret(b"\x5a" * 64)
CHEAP = Cost(64, 1, 4)


@pytest.fixture
def vault() -> Vault:
    return Vault(Secret(bytes(range(32))), os.urandom)


@pytest.fixture
def cheap(monkeypatch):
    """Argon2id at a token cost, for tests that are about something else."""
    monkeypatch.setitem(COSTS, "rehearsal", CHEAP)


def opener(text: str, mode: str = "rehearsal") -> PassphraseOpener:
    return PassphraseOpener(Secret(text), mode, os.urandom)


@pytest.fixture
def store(tmp_path, cheap):
    with Home.create(tmp_path / "home", production=False,
                     first=lambda tx: new_vault(tx, opener("right horse"), os.urandom)) as home:
        yield home.store


def sealed(vault: Vault, value: Secret[bytes] = NONCE, **fields) -> SecretRow:
    """The row that keeps a secret."""
    fields = {**FIELDS, **fields}
    return SecretRow(**fields, blob=vault.seal(**fields, value=value))


def refused(check: str):
    return pytest.raises(LocalFault, match=f"^{check}: ")


# Rows


def test_a_row_opens_as_it_was_sealed(vault):
    row = sealed(vault)
    assert vault.open(row).reveal() == NONCE.reveal()
    assert len(row.blob) == 12 + 64 + 16 and NONCE.reveal()[:8] not in row.blob


@pytest.mark.parametrize("change", [{"id": "n2"}, {"group": "88" * 32}, {"kind": "hostkey"}, {"epoch": 1},
                                    {"ref": "s"}, {"state": "assigned"}, {"kind": "a\0b"}, {"id": "\ud800"}])
def test_a_row_that_says_something_else_about_itself_does_not_open(vault, change):
    with refused("VAULT-ROW"):
        vault.open(replace(sealed(vault), **change))


def test_a_row_with_a_flipped_bit_or_cut_short_does_not_open(vault):
    row = sealed(vault)
    for place in range(len(row.blob)):
        altered = bytearray(row.blob)
        altered[place] ^= 1
        with refused("VAULT-ROW"):
            vault.open(replace(row, blob=bytes(altered)))
    for length in (0, 1, 11, 12, 27, len(row.blob) - 1):
        with refused("VAULT-ROW"):
            vault.open(replace(row, blob=row.blob[:length]))


def test_a_blob_does_not_open_under_another_row_or_another_data_key(vault):
    one, two = sealed(vault), sealed(vault, id="n2")
    with refused("VAULT-ROW"):
        vault.open(replace(one, blob=two.blob))
    with refused("VAULT-ROW"):
        Vault(Secret(bytes(32)), os.urandom).open(one)


def test_a_change_of_state_seals_anew_and_the_old_row_stays_bound_to_the_old_state(vault):
    fresh = sealed(vault)
    assigned = sealed(vault, vault.open(fresh), state="assigned")
    assert assigned.state == "assigned" and assigned.blob[:12] != fresh.blob[:12]
    assert vault.open(assigned).reveal() == NONCE.reveal()
    with refused("VAULT-ROW"):
        vault.open(replace(assigned, blob=fresh.blob))
    with refused("VAULT-ROW"):
        vault.open(replace(fresh, blob=assigned.blob))


def test_the_nonce_comes_from_the_given_entropy_each_time(vault):
    drawn: list[int] = []
    counting = Vault(Secret(bytes(32)), lambda size: drawn.append(size) or os.urandom(size))
    sealed(counting), sealed(counting)
    assert drawn == [12, 12]


def test_each_row_has_a_key_of_its_own():
    """With one key for all rows, the same nonce drawn twice by a broken generator would lay two secrets open."""
    stuck = Vault(Secret(bytes(32)), bytes)
    assert sealed(stuck).blob[12:-16] != sealed(stuck, id="n2").blob[12:-16]
    assert sealed(stuck).blob[12:-16] == sealed(stuck, state="assigned").blob[12:-16]


def test_a_data_key_has_32_bytes():
    with pytest.raises(ValueError):
        Vault(Secret(bytes(31)), os.urandom)


def test_faults_and_values_do_not_show_the_secret(vault):
    value = Secret(b"the secret itself")
    row = sealed(vault, value)
    with refused("VAULT-ROW") as caught:
        vault.open(replace(row, state="x"))
    shown = f"{caught.value} {caught.value.as_json()} {vault!r} {value} {row}"
    assert "secret itself" not in shown and caught.value.__cause__ is None


# The passphrase


def test_the_right_passphrase_opens_what_was_sealed_before(store):
    row = sealed(unlock(store, opener("right horse"), os.urandom))
    assert unlock(store, opener("right horse"), os.urandom).open(row).reveal() == NONCE.reveal()


def test_a_wrong_passphrase_is_counted_on_the_disk_and_a_right_one_clears_the_count(store):
    for failures, words in [(1, "once"), (2, "2 times"), (3, "3 times")]:
        with refused("VAULT-PASSPHRASE") as caught:
            unlock(store, opener("wrong horse"), os.urandom)
        assert words in caught.value.seen and store.passphrase_failures() == failures
    unlock(store, opener("right horse"), os.urandom)
    assert store.passphrase_failures() == 0


@pytest.mark.parametrize("text", ["", "right horse ", "RIGHT HORSE", "\udc80"])
def test_near_misses_do_not_open(store, text):
    with refused("VAULT-PASSPHRASE"):
        unlock(store, opener(text), os.urandom)


def test_two_ways_to_type_one_passphrase_give_one_key(tmp_path, cheap):
    composed, decomposed, wide = "Zürich", unicodedata.normalize("NFD", "Zürich"), "Ｚürich"
    with Home.create(tmp_path / "h", production=False,
                     first=lambda tx: new_vault(tx, opener(composed), os.urandom)) as home:
        for text in (composed, decomposed, wide):
            unlock(home.store, opener(text), os.urandom)


def test_the_passphrase_can_be_changed(store):
    row = sealed(unlock(store, opener("right horse"), os.urandom))
    with refused("VAULT-PASSPHRASE"):
        change_passphrase(store, opener("wrong"), opener("new"))
    change_passphrase(store, opener("right horse"), opener("new"))
    with refused("VAULT-PASSPHRASE"):
        unlock(store, opener("right horse"), os.urandom)
    assert unlock(store, opener("new"), os.urandom).open(row).reveal() == NONCE.reveal()


def test_a_home_without_a_vault_says_so(tmp_path):
    with Home.create(tmp_path / "h", production=False) as home, refused("VAULT-MISSING"):
        unlock(home.store, opener("x"), os.urandom)


def altered(store, **wrap) -> None:
    slot = json.loads(store.meta(SLOT))
    slot["wrap"].update(wrap)
    with store.transaction() as tx:
        tx.set_meta(SLOT, json.dumps(slot, sort_keys=True, separators=(",", ":")))


@pytest.mark.parametrize("change", [
    {"memory_kib": 63}, {"memory_kib": 8}, {"passes": 0}, {"lanes": 3}, {"kdf": "argon2d"}, {"kdf": "none"},
    {"memory_kib": 2**40}, {"passes": 17}, {"lanes": 17}, {"salt": "00" * 15}, {"salt": ""}, {"nonce": "00" * 11},
    {"box": "00" * 47}, {"box": ""}, {"extra": 1}, {"memory_kib": True}])
def test_a_slot_with_weaker_or_absurd_costs_is_refused_before_the_passphrase_is_used(store, change, monkeypatch):
    monkeypatch.setattr(passphrases, "_stretch", lambda *_: pytest.fail("the passphrase was used"))
    altered(store, **change)
    with refused("VAULT-SLOT"):
        unlock(store, opener("right horse"), os.urandom)
    assert store.passphrase_failures() == 0


@pytest.mark.parametrize("change", [{"memory_kib": 128}, {"passes": 2}, {"salt": "00" * 16}, {"nonce": "00" * 12},
                                    {"box": "00" * 48}])
def test_a_slot_altered_within_the_limits_does_not_open(store, change):
    altered(store, **change)
    with refused("VAULT-PASSPHRASE"):
        unlock(store, opener("right horse"), os.urandom)


@pytest.mark.parametrize("kept", ["", "{}", "[]", "{", "null", '{"kind":"ceremony-vault"}', "x" * 5000])
def test_a_slot_that_is_none_is_refused(store, kept):
    with store.transaction() as tx:
        tx.set_meta(SLOT, kept)
    with refused("VAULT-SLOT"):
        unlock(store, opener("right horse"), os.urandom)


def test_a_slot_of_the_other_mode_is_refused(store, monkeypatch):
    monkeypatch.setitem(COSTS, "production", CHEAP)
    with refused("VAULT-SLOT"):
        unlock(store, opener("right horse", "production"), os.urandom)


def test_the_costs_are_those_of_the_design_and_the_key_is_argon2id(monkeypatch):
    assert COSTS == {"production": Cost(262_144, 3, 4), "rehearsal": Cost(65_536, 3, 4)}
    asked: dict = {}

    def recording(**given) -> Argon2id:
        asked.update(given)
        return Argon2id(**{**given, "memory_cost": 64})

    monkeypatch.setattr(passphrases, "Argon2id", recording)
    slot = opener("correct horse battery", "production").wrap(Secret(bytes(32)))
    assert {name: asked[name] for name in ("length", "iterations", "lanes", "memory_cost")} == {
        "length": 32, "iterations": 3, "lanes": 4, "memory_cost": 262_144}
    assert slot["wrap"]["memory_kib"] == 262_144 and len(asked["salt"]) == 16


def test_a_real_rehearsal_slot_opens():
    slot = opener("correct horse").wrap(Secret(b"k" * 32))
    assert opener("correct horse").unwrap(slot).reveal() == b"k" * 32


@pytest.mark.parametrize("text", ["", "short", "elevenchars", "aaaaaaaaaaaaaaaa", "abababababababab", "x" * 1025,
                                  "with a\ttab here", "with a \u0378 unassigned", "with a \ue000 private",
                                  "with a \ud800 surrogate", "ａｂ12345678"])
def test_passphrases_refused_in_production(text):
    with refused("PASSPHRASE-WEAK") as caught:
        check_new_passphrase(Secret(text), "production")
    assert not text or text not in str(caught.value.as_json())


def test_passphrases_accepted():
    check_new_passphrase(Secret("six random words are better"), "production")
    check_new_passphrase(Secret("Zürcher Käse"), "production")
    check_new_passphrase(Secret("x"), "rehearsal")
    with refused("PASSPHRASE-WEAK"):
        check_new_passphrase(Secret(""), "rehearsal")


def test_a_hardened_process_leaves_no_core_and_admits_no_debugger():
    code = ("import resource, ctypes; from ceremony.devices.process import harden; done = harden(); "
            "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3), done.no_core_dump, "
            "done.not_dumpable)")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[0] == "(0, 0) 0 True True"
