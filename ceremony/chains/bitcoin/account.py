"""The scripts of our own account: finding them, and judging what a PSBT claims about them.

An output is ours if this station derives its script from the account key, and for no other reason. What a PSBT says
about derivation is only a hint which index to try. A hint that names our key and does not lead to the script beside it
is a lie and refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Iterable

from ceremony.base.errors import Refused
from ceremony.chains.bitcoin import psbt_fields as fields
from ceremony.chains.bitcoin.bip32 import (
    CHANGE, HARDENED, RECEIVE, ExtendedKey, TaprootKey, Tweak, derive_taproot)
from ceremony.chains.bitcoin.descriptor import Descriptor
from ceremony.chains.bitcoin.psbt import origin_of
from ceremony.chains.bitcoin.psbt_map import PsbtMap


@dataclass(frozen=True)
class Hint:
    """One derivation that a PSBT claims: x-only key (32 bytes), fingerprint of the root (4 bytes), path below it."""

    key: bytes
    fingerprint: bytes
    path: tuple[int, ...]


def account_descriptor(account: ExtendedKey) -> str:
    """The descriptor of both branches, with checksum, for a watch-only wallet."""
    return str(Descriptor(account, (RECEIVE, CHANGE)))


def taproot_key(account: ExtendedKey, branch: int, index: int) -> TaprootKey:
    """The key of one address: branch 0 or 1, index below 2^31."""
    return derive_taproot(*_branch(account, branch), index)


def read_hints(one: PsbtMap, plain_field: int, taproot_field: int) -> tuple[Hint, ...]:
    """All derivations of an input or output map, Taproot ones first."""
    taproot = [Hint(key, *origin_of(value, True)) for key, value in one.all(taproot_field)]
    plain = [Hint(key[1:33], *origin_of(value, False)) for key, value in one.all(plain_field)]
    return tuple(taproot + plain)


def input_hints(one: PsbtMap) -> tuple[Hint, ...]:
    """The derivations claimed for an input."""
    return read_hints(one, fields.IN_BIP32_DERIVATION, fields.IN_TAP_BIP32_DERIVATION)


def output_hints(one: PsbtMap) -> tuple[Hint, ...]:
    """The derivations claimed for an output."""
    return read_hints(one, fields.OUT_BIP32_DERIVATION, fields.OUT_TAP_BIP32_DERIVATION)


def find_own(account: ExtendedKey, script: bytes, hints: Iterable[Hint], gap_limit: int) -> TaprootKey | None:
    """The account's key for `script`, or None. Tries the hinted indices, then 0..gap_limit on both branches."""
    for path in {hint.path[-2:] for hint in hints}:
        if _is_address_path(path) and (key := taproot_key(account, *path)).script == script:
            return key
    found = _scripts(account, gap_limit).get(script)
    return None if found is None else taproot_key(account, *found)


def check_claims(account: ExtendedKey, own: TaprootKey | None, hints: Iterable[Hint], where: str) -> None:
    """Every hint that names our account must lead to the key and the script beside it.

    own: what `find_own` found for that script. Raises Refused (TX-FALSE-DERIVATION).
    """
    for hint in hints:
        if hint.fingerprint == account.fingerprint() and (
                own is None or hint.path != own.path or hint.key != own.internal_key):
            raise Refused("TX-FALSE-DERIVATION", f"{where} claims a key of this account that does not derive to it",
                          meaning="whoever made this request wanted it to be taken for ours",
                          do="do not sign; find out who made the file")


def _is_address_path(path: tuple[int, ...]) -> bool:
    return len(path) == 2 and path[0] in (RECEIVE, CHANGE) and path[1] < HARDENED


@lru_cache(maxsize=64)
def _branch(account: ExtendedKey, branch: int) -> tuple[ExtendedKey, Tweak]:
    return account.child(branch)


@lru_cache(maxsize=8)
def _scripts(account: ExtendedKey, gap_limit: int) -> dict[bytes, tuple[int, int]]:
    """Script -> (branch, index) for every address up to the gap limit."""
    keys = (taproot_key(account, branch, index) for branch in (RECEIVE, CHANGE) for index in range(gap_limit + 1))
    return {key.script: key.path for key in keys}
