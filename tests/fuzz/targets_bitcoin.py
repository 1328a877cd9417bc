"""Fuzz targets: one law each. Any bytes are accepted, and then come back unchanged, or raise exactly that decoder's error."""

from __future__ import annotations

import base64

from ceremony.base.errors import Refused
from ceremony.chains.bitcoin.account import account_descriptor, taproot_key
from ceremony.chains.bitcoin.address import AddressMalformed, describe, script_of
from ceremony.chains.bitcoin.bip32 import ExtendedKeyMalformed, parse_extended, parse_xpub
from ceremony.chains.bitcoin.descriptor import DescriptorMalformed, parse_descriptor
from ceremony.chains.bitcoin.networks import MAINNET, REGTEST
from ceremony.chains.bitcoin.psbt import MAGIC, PsbtMalformed, parse_psbt, read_psbt
from ceremony.chains.bitcoin.rehearsal_origin import check_rehearsal_origin
from ceremony.chains.bitcoin.request import examine
from ceremony.chains.bitcoin.transaction import TransactionMalformed, parse_transaction
from tests.bitcoin_kit import ACCOUNT, In, Out, build, change, u32

_RICH = [In(put=((b"\x03", u32(1)), (b"\xfc\x01a\x00", b"b"))), In(250_000, (1, 3), salt=1, drop=(0x00,))]
_PSBTS = [build(_RICH, [Out(), change(289_000)], version) for version in (0, 2)]
SEEDS = {
    "psbt_intake": _PSBTS + [base64.b64encode(_PSBTS[0]), _PSBTS[1].hex().encode()],
    "transaction": [In().previous().serialize()],
    "descriptor": [account_descriptor(ACCOUNT).encode()],
    "address": [describe(taproot_key(ACCOUNT, 0, 0).script, REGTEST).address.encode(), b"mo9ncXisMeAoXwqcV5EWuyncbmCcQN4rVs"],
    "extended_key": [ACCOUNT.serialize(), str(ACCOUNT).encode()],
}


def psbt_intake(data: bytes) -> None:
    """Binary, base64 or hex; what is read is then examined, which may only refuse by name."""
    try:
        psbt = read_psbt(data)
    except PsbtMalformed as fault:
        assert type(fault) is PsbtMalformed and fault.check == "PSBT-FORM"
        return
    assert parse_psbt(psbt.serialize()) == psbt
    assert not data.startswith(MAGIC) or psbt.serialize() == data
    for judge in (lambda: examine(psbt, ACCOUNT, REGTEST), lambda: check_rehearsal_origin(psbt, "ab" * 32, frozenset())):
        try:
            judge()
        except Refused as fault:
            assert fault.check.startswith("TX-")


def transaction(data: bytes) -> None:
    try:
        parsed = parse_transaction(data)
    except TransactionMalformed as fault:
        assert type(fault) is TransactionMalformed and fault.check == "TX-FORM"
        return
    assert parsed.serialize() == data
    for output in parsed.outputs:
        describe(output.script, MAINNET)


def descriptor(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    try:
        parsed = parse_descriptor(text)
    except DescriptorMalformed as fault:
        assert type(fault) is DescriptorMalformed and fault.check == "DESCRIPTOR-FORM"
        return
    assert str(parsed) == text


def address(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for network in (MAINNET, REGTEST):
        try:
            script = script_of(text, network)
        except AddressMalformed as fault:
            assert type(fault) is AddressMalformed and fault.check == "ADDRESS-FORM"
            continue
        assert describe(script, network).address in (text, text.lower())


def extended_key(data: bytes) -> None:
    for parse, value in ((parse_extended, data), (parse_xpub, data.decode("utf-8", "surrogateescape"))):
        try:
            parsed = parse(value)
        except ExtendedKeyMalformed as fault:
            assert type(fault) is ExtendedKeyMalformed and fault.check == "XPUB-FORM"
            continue
        assert value in (parsed.serialize(), str(parsed))
