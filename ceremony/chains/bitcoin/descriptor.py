"""Output descriptors of a Taproot account: exactly our forms, always with their checksum.

    tr(xpub…/<0;1>/*)#checksum     both branches, for a watch-only wallet (BIP-386, BIP-389)
    tr(xpub…/0/*)#checksum         one branch, for wallets that do not know multipath

The checksum is required and verified (BIP-380): a descriptor is copied by hand more often than one thinks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ceremony.base.errors import Malformed
from ceremony.chains.bitcoin.bip32 import CHANGE, RECEIVE, ExtendedKey, ExtendedKeyMalformed, parse_xpub

INPUT_CHARSET = ("0123456789()[],'/*abcdefgh@:$%{}" "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
                 "ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ")
CHECKSUM_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd)

_BRANCHES = {"<0;1>": (RECEIVE, CHANGE), "0": (RECEIVE,), "1": (CHANGE,)}
_FORM = re.compile(r"tr\(([1-9A-HJ-NP-Za-km-z]{1,120})/(<0;1>|0|1)/\*\)#([a-z0-9]{8})")


class DescriptorMalformed(Malformed):
    """The text is none of our descriptors, or its checksum is missing or wrong. Check DESCRIPTOR-FORM."""


@dataclass(frozen=True)
class Descriptor:
    """An account and the branches the descriptor speaks of: (0, 1), (0,) or (1,)."""

    account: ExtendedKey
    branches: tuple[int, ...]

    def __str__(self) -> str:
        branch = next(text for text, branches in _BRANCHES.items() if branches == self.branches)
        body = f"tr({self.account}/{branch}/*)"
        return f"{body}#{checksum(body)}"


def parse_descriptor(text: str) -> Descriptor:
    """The descriptor that `text` is, character for character; DescriptorMalformed for any other text."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise DescriptorMalformed("DESCRIPTOR-FORM", "expected tr(xpub/<0;1>/*)#checksum or one branch of it")
    if checksum(text[:-9]) != form[3]:
        raise DescriptorMalformed("DESCRIPTOR-FORM", "the checksum does not fit; it was copied wrongly or altered")
    try:
        return Descriptor(parse_xpub(form[1]), _BRANCHES[form[2]])
    except ExtendedKeyMalformed as fault:
        raise DescriptorMalformed("DESCRIPTOR-FORM", f"its key is wrong: {fault.seen}") from None


def checksum(body: str) -> str:
    """The eight characters of BIP-380 for a descriptor without `#`; DescriptorMalformed for foreign characters."""
    state, groups = 1, []
    for character in body:
        position = INPUT_CHARSET.find(character)
        if position < 0:
            raise DescriptorMalformed("DESCRIPTOR-FORM", "a character that no descriptor contains")
        state = _polymod(state, position & 31)
        groups.append(position >> 5)
        if len(groups) == 3:
            state, groups = _polymod(state, groups[0] * 9 + groups[1] * 3 + groups[2]), []
    if groups:
        state = _polymod(state, groups[0] if len(groups) == 1 else groups[0] * 3 + groups[1])
    for _ in range(8):
        state = _polymod(state, 0)
    return "".join(CHECKSUM_CHARSET[(state ^ 1) >> 5 * (7 - i) & 31] for i in range(8))


def _polymod(state: int, value: int) -> int:
    top = state >> 35
    state = (state & 0x7ffffffff) << 5 ^ value
    for i, generator in enumerate(_GENERATOR):
        state ^= generator if top >> i & 1 else 0
    return state
