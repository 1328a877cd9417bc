"""One liar per test: what a hostile or broken wallet may put into a PSBT, and the name of the check that refuses it.

Nobody is blamed by name (`culprits` is empty): a PSBT is signed by nobody, whoever carried it may have changed it. Each
request here is an honest one with a single thing changed, in version 0 and in version 2, so a check that is removed lets
exactly its own liar through.
"""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from ceremony.base.errors import Fault, Refused
from ceremony.base.limits import MAX_PSBT_BYTES
from ceremony.chains.bitcoin.account import account_descriptor, taproot_key
from ceremony.chains.bitcoin.bip32 import account_key
from ceremony.chains.bitcoin.descriptor import DescriptorMalformed, parse_descriptor
from ceremony.chains.bitcoin.networks import MAINNET, REGTEST, TESTNET
from ceremony.chains.bitcoin.psbt import PsbtMalformed, parse_psbt, read_psbt
from ceremony.chains.bitcoin.request import Limits, examine
from ceremony.chains.bitcoin.transaction import OutPoint, Transaction, TxIn
from tests.bitcoin_kit import (
    ACCOUNT, CHAIN_CODE, STRANGE_TAPROOT, STRANGER, In, Out, account_of, build, change, derivation, funding, serialized,
    sized, u32)

BTC = 100_000_000
ANOTHER = account_of(secret=12345)
both_versions = pytest.mark.parametrize("version", [0, 2])


def look(raw: bytes, limits: Limits = Limits(), account=ACCOUNT, network=REGTEST):
    return examine(parse_psbt(raw), account, network, limits)


def refused(check: str, raw: bytes, **rest) -> Refused:
    """The refusal has this name, blames nobody and tells the person something to do."""
    with pytest.raises(Refused) as caught:
        look(raw, **rest)
    assert caught.value.check == check
    assert caught.value.culprits == () and caught.value.meaning and caught.value.do
    return caught.value


def malformed(raw: bytes) -> None:
    with pytest.raises(PsbtMalformed) as caught:
        parse_psbt(raw)
    assert (caught.value.check, caught.value.culprits) == ("PSBT-FORM", ())


@both_versions
def test_the_honest_request_passes(version):
    """Without this, every refusal below could come from somewhere else."""
    request = look(build(version=version))
    assert (request.spent_sat, request.paid_sat, request.returned_sat, request.fee_sat) == (100_000, 60_000, 39_000, 1000)
    assert [one.kind for one in request.outputs] == ["payment", "change"]
    assert [one.name for one in request.warnings] == ["WARN-REPLACEABLE"]


# --- what an input spends ---------------------------------------------------------------------------------------------

@both_versions
def test_amount_and_script_missing(version):
    refused("TX-UTXO-MISSING", build([In(drop=(0x00, 0x01))], version=version))


@both_versions
def test_witness_utxo_with_another_amount_than_the_funding_transaction(version):
    """The attack that makes a signer show a small fee and pay a large one."""
    lie = In().previous().outputs[1]
    lie = replace(lie, amount_sat=lie.amount_sat + 1)
    refused("TX-UTXO-CONTRADICTION", build([In(put=((b"\x01", lie.serialize()),))], version=version))


@both_versions
def test_witness_utxo_with_another_script_than_the_funding_transaction(version):
    lie = replace(In().previous().outputs[1], script=taproot_key(ACCOUNT, 0, 1).script)
    refused("TX-UTXO-CONTRADICTION", build([In(put=((b"\x01", lie.serialize()),))], version=version))


@both_versions
def test_funding_transaction_of_another_outpoint(version):
    other = funding(100_000, In().key.script, salt=99)
    refused("TX-UTXO-TXID", build([In(put=((b"\x00", other.serialize()),))], version=version))


@both_versions
def test_an_output_that_the_funding_transaction_does_not_have(version):
    refused("TX-UTXO-INDEX", build([In(vout=2)], version=version))


@both_versions
def test_an_input_amount_above_all_bitcoin(version):
    refused("TX-AMOUNT-RANGE", build([In(amount_sat=21_000_000 * BTC + 1)], version=version))


@both_versions
def test_inputs_that_together_hold_more_than_all_bitcoin(version):
    inputs = [In(amount_sat=11_000_000 * BTC, salt=salt) for salt in (0, 1)]
    refused("TX-AMOUNT-RANGE", build(inputs, version=version))


@both_versions
@pytest.mark.parametrize("amount", [21_000_000 * BTC + 1, 1 << 63, (1 << 64) - 1])
def test_an_output_amount_above_all_bitcoin_or_below_zero(version, amount):
    refused("TX-AMOUNT-RANGE", build(outputs=[Out(amount)], version=version))


# --- whose inputs they are --------------------------------------------------------------------------------------------

@both_versions
@pytest.mark.parametrize("coin", [In(script=STRANGER, drop=(0x16, 0x17)), In(script=STRANGE_TAPROOT, drop=(0x16, 0x17)),
                                  In(script=b"\x51" * 5000, drop=(0x16, 0x17)), In(account=ANOTHER)])
def test_an_input_of_somebody_else(version, coin):
    refused("TX-INPUT-NOT-OURS", build([coin], version=version))


@both_versions
def test_an_input_of_somebody_else_beside_ours(version):
    inputs = [In(), In(salt=1, account=ANOTHER)]
    refused("TX-MIXED-OWNERSHIP", build(inputs, version=version))


@both_versions
def test_an_input_that_claims_our_key_and_is_not_ours(version):
    refused("TX-FALSE-DERIVATION", build([In(script=STRANGE_TAPROOT)], version=version))


@both_versions
def test_an_input_of_ours_whose_derivation_names_another_of_our_keys(version):
    lie = derivation(0x16, taproot_key(ACCOUNT, 0, 7), ACCOUNT)
    refused("TX-FALSE-DERIVATION", build([In(drop=(0x16,), put=tuple(lie))], version=version))


@both_versions
def test_an_input_of_ours_whose_derivation_has_a_longer_path(version):
    value = b"\x00" + ACCOUNT.fingerprint() + u32(86) + u32(0) + u32(0)
    refused("TX-FALSE-DERIVATION", build([In(put=((b"\x16" + In().key.internal_key, value),))], version=version))


@both_versions
def test_an_old_style_derivation_that_claims_our_key(version):
    key = b"\x06\x02" + In().key.internal_key
    refused("TX-FALSE-DERIVATION", build([In(put=((key, ACCOUNT.fingerprint() + u32(0) + u32(3)),))], version=version))


@both_versions
def test_another_internal_key_beside_our_script(version):
    refused("TX-INTERNAL-KEY", build([In(put=((b"\x17", b"\x01" * 32),))], version=version))


@both_versions
def test_the_other_parity_of_our_account_is_another_account(version):
    """The account key is a full point: plain tweaks on the negated point lead elsewhere."""
    flipped = account_key(bytes([ACCOUNT.pubkey[0] ^ 1]) + ACCOUNT.pubkey[1:], CHAIN_CODE, REGTEST.xpub_version)
    refused("TX-INPUT-NOT-OURS", build([In(account=flipped)], version=version))


# --- what the inputs ask for ------------------------------------------------------------------------------------------

@both_versions
@pytest.mark.parametrize("kind", [0x02, 0x03, 0x80, 0x81, 0x82, 0x83, 0x04, 0x100, 0x101, 0xffffffff])
def test_sighash_types_that_leave_something_open(version, kind):
    refused("TX-SIGHASH-TYPE", build([In(put=((b"\x03", u32(kind)),))], version=version))


@both_versions
@pytest.mark.parametrize("pair", [
    (b"\x15\xc0" + bytes(32), b"\x51\xc0"), (b"\x18", bytes(32)), (b"\x04", b"\x51"), (b"\x05", b"\x51")],
    ids=["leaf script", "merkle root", "redeem script", "witness script"])
def test_script_fields_on_an_input_of_ours(version, pair):
    refused("TX-SCRIPT-PATH", build([In(put=(pair,))], version=version))


@both_versions
@pytest.mark.parametrize("pair", [
    (b"\x02\x02" + bytes(32), b"sig"), (b"\x13", bytes(64)), (b"\x13", bytes(65)), (b"\x14" + bytes(64), bytes(64)),
    (b"\x07", b"\x51"), (b"\x08", b"\x01\x01\x00"), (b"\x1c" + bytes(66), bytes(32))],
    ids=["partial", "key", "key with type", "script", "final scriptSig", "final witness", "MuSig2"])
def test_signatures_that_are_already_there(version, pair):
    refused("TX-ALREADY-SIGNED", build([In(put=(pair,))], version=version))


# --- the frame --------------------------------------------------------------------------------------------------------

@both_versions
def test_no_inputs(version):
    refused("TX-NO-INPUTS", build([], version=version))


@both_versions
def test_no_outputs(version):
    refused("TX-NO-OUTPUTS", build(outputs=[], version=version))


@both_versions
def test_the_same_coin_twice(version):
    refused("TX-DUPLICATE-INPUT", build([In(), In()], version=version))


@both_versions
def test_more_inputs_or_outputs_than_the_limits(version):
    refused("TX-TOO-LARGE", build([In(), In(salt=1)], version=version), limits=Limits(max_inputs=1))
    refused("TX-TOO-LARGE", build(version=version), limits=Limits(max_outputs=1))


@pytest.mark.parametrize("shape", [([In(salt=i) for i in range(501)], [Out()]), ([In()], [Out()] * 501)])
@both_versions
def test_more_inputs_or_outputs_than_the_format_allows(shape, version):
    malformed(build(*shape, version=version))


def test_an_input_that_spends_nothing():
    txin = TxIn(OutPoint(bytes(32), 0xffffffff), b"", 0xffffffff)
    unsigned = Transaction(2, (txin,), (Out().txout(),), 0)
    refused("TX-NULL-INPUT", serialized([[(b"\x00", unsigned.serialize())], In().pairs(), []]))


@pytest.mark.parametrize("flags", [0x08, 0x80, 0xff])
def test_modifiable_flags_that_nobody_defined(flags):
    refused("TX-UNKNOWN-FLAGS", build(version=2, put=((b"\x06", bytes([flags])),)))


@both_versions
def test_an_account_or_request_of_another_network(version):
    raw = build(version=version)
    refused("TX-FOREIGN-NETWORK", raw, network=MAINNET)
    refused("TX-FOREIGN-NETWORK", raw, account=account_of(network=MAINNET))
    xpub = account_of(network=MAINNET).serialize()
    refused("TX-FOREIGN-NETWORK", build(version=version, put=((b"\x01" + xpub, ACCOUNT.fingerprint()),)))
    # A test network shares its prefixes with regtest: the addresses shown are then those of the named network.
    assert look(raw, network=TESTNET).outputs[0].destination.address.startswith("tb1")


# --- outputs ----------------------------------------------------------------------------------------------------------

@both_versions
def test_an_output_that_claims_to_be_change(version):
    """The PSBT names our key, path and internal key for a stranger's script."""
    key = taproot_key(ACCOUNT, 1, 0)
    lie = Out(39_000, STRANGE_TAPROOT, put=(*derivation(0x07, key, ACCOUNT), (b"\x05", key.internal_key)))
    refused("TX-FALSE-DERIVATION", build(outputs=[Out(), lie], version=version))


@both_versions
def test_an_output_that_claims_to_be_change_with_keys_of_another_account(version):
    """Another account's fingerprint is no claim on ours: it is shown as the payment it is."""
    key = taproot_key(ANOTHER, 1, 0)
    lie = Out(39_000, key.script, put=(*derivation(0x07, key, ANOTHER), (b"\x05", key.internal_key)))
    request = look(build(outputs=[Out(), lie], version=version))
    assert [one.kind for one in request.outputs] == ["payment", "payment"]
    assert request.paid_sat == 99_000 and "WARN-NO-CHANGE" in [one.name for one in request.warnings]


@both_versions
def test_an_output_that_claims_our_key_in_the_old_style(version):
    key = taproot_key(ACCOUNT, 1, 0)
    lie = Out(39_000, STRANGER, put=((b"\x02\x02" + key.internal_key, ACCOUNT.fingerprint() + u32(1) + u32(0)),))
    refused("TX-FALSE-DERIVATION", build(outputs=[Out(), lie], version=version))


@both_versions
def test_change_of_ours_with_a_lie_about_its_key(version):
    lie = change()
    lie.put = ((b"\x05", b"\x02" * 32),)
    refused("TX-INTERNAL-KEY", build(outputs=[Out(), lie], version=version))


@both_versions
@pytest.mark.parametrize("pair", [(b"\x06", b"\x00\xc0\x01\x51"), (b"\x00", b"\x51"), (b"\x01", b"\x51")])
def test_change_of_ours_that_claims_scripts(version, pair):
    lie = change()
    lie.put = (pair,)
    refused("TX-SCRIPT-PATH", build(outputs=[Out(), lie], version=version))


# --- fee --------------------------------------------------------------------------------------------------------------

@both_versions
def test_outputs_that_hold_more_than_the_inputs(version):
    refused("TX-NEGATIVE-FEE", build(outputs=[Out(100_001)], version=version))


@both_versions
def test_a_fee_above_the_absolute_cap(version):
    inputs, outputs = [In(amount_sat=10 * BTC)], [Out(10 * BTC - 1_000_001)]
    refused("TX-FEE-ABSOLUTE", build(inputs, outputs, version))
    assert look(build(inputs, [Out(10 * BTC - 1_000_000)], version)).fee_sat == 1_000_000


@both_versions
def test_a_fee_above_the_percentage(version):
    refused("TX-FEE-PERCENT", build(outputs=[Out(79_999)], version=version))
    assert look(build(outputs=[Out(80_000)], version=version)).fee_sat == 20_000
    refused("TX-FEE-PERCENT", build(version=version), limits=Limits(max_fee_percent=0))


# --- form -------------------------------------------------------------------------------------------------------------

@both_versions
def test_trailing_bytes(version):
    malformed(build(version=version) + b"\x00")
    malformed(build(version=version) + build(version=version))


@both_versions
def test_every_cut_is_refused(version):
    raw = build(version=version)
    for end in range(len(raw)):
        malformed(raw[:end])


@both_versions
@pytest.mark.parametrize("where", [0, 1, 2])
def test_duplicate_keys_in_each_kind_of_map(version, where):
    maps = [list(one.pairs) for one in _maps(build(version=version, outputs=[change(99_000)]))]
    malformed(serialized([pairs + [pairs[0]] if number == where else pairs for number, pairs in enumerate(maps)]))


def _maps(raw: bytes):
    psbt = parse_psbt(raw)
    return [psbt.globals, *psbt.inputs, *psbt.outputs]


def test_sizes_that_are_not_minimal():
    unsigned = parse_psbt(build()).globals.pairs[0][1]
    rest = build()[len(b"psbt\xff" + sized(b"\x00") + sized(unsigned)):]
    assert parse_psbt(b"psbt\xff" + sized(b"\x00") + sized(unsigned) + rest)
    malformed(b"psbt\xff" + b"\xfd\x01\x00\x00" + sized(unsigned) + rest)                                 # length of a key
    malformed(b"psbt\xff" + sized(b"\x00") + b"\xfd" + len(unsigned).to_bytes(2, "little") + unsigned + rest)  # of a value
    malformed(b"psbt\xff" + sized(b"\x00") + b"\xfe" + u32(len(unsigned)) + unsigned + rest)
    malformed(b"psbt\xff" + sized(b"\xfd\x00\x00") + sized(unsigned) + rest)                              # type of a key
    malformed(build(version=2, put=((b"\x04", b"\xfd\x01\x00"),)))                                        # a count


@pytest.mark.parametrize("count", [b"\xff" + b"\xff" * 8, b"\xfe\xff\xff\xff\x7f"])
def test_counts_that_nobody_could_store(count):
    """A count is refused by what is there, before memory is reserved for what is announced."""
    malformed(build(version=2, put=((b"\x04", count),)))
    malformed(b"psbt\xff\x01\x00" + sized(u32(2) + count) + b"\x00")
    malformed(b"psbt\xff" + count)


@pytest.mark.parametrize("number", [1, 3, 0xffffffff])
def test_psbt_versions_that_nobody_defined(number):
    malformed(build(put=((b"\xfb", u32(number)),)))
    malformed(build(version=2, put=((b"\xfb", u32(number)),)))


def test_no_transaction_at_all():
    malformed(b"psbt\xff\x00")
    malformed(b"psbt\xff")


def test_an_unsigned_transaction_that_is_signed():
    txin = replace(In().txin(), witness=(b"x",))
    with_witness = Transaction(2, (txin,), (Out().txout(),), 0)
    malformed(serialized([[(b"\x00", with_witness.serialize())], [], []]))


def test_a_funding_transaction_that_is_none():
    malformed(build([In(put=((b"\x00", b"\x02\x00\x00\x00"),))]))
    malformed(build([In(put=((b"\x00", In().previous().serialize() + b"\x00"),))]))


def test_an_extended_key_with_a_path_of_another_length():
    malformed(build(put=((b"\x01" + ACCOUNT.serialize(), ACCOUNT.fingerprint() + u32(1)),)))


def test_locktimes_that_no_value_satisfies():
    height, time = (b"\x12", u32(100)), (b"\x11", u32(1_600_000_000))
    malformed(build([In(put=(height,)), In(salt=1, put=(time,))], version=2))


def test_a_psbt_above_the_size_limit():
    padding = (b"\xf0", bytes(MAX_PSBT_BYTES))
    malformed(build(put=(padding,)))


def test_many_small_pairs_end_soon():
    """A hostile file of the largest size, all of it pairs, is read and examined without repeated searching."""
    pairs = tuple((b"\xf0" + number.to_bytes(3, "big"), b"") for number in range(200_000))
    assert look(build([In(put=pairs)])).fee_sat == 1000


# --- intake of text ---------------------------------------------------------------------------------------------------

@both_versions
def test_the_three_forms_of_a_file_are_one_request(version):
    raw = build(version=version)
    text = base64.b64encode(raw)
    wrapped = b"\r\n".join(text[i:i + 76] for i in range(0, len(text), 76)) + b"\n"
    for data in (raw, text, wrapped, raw.hex().encode(), raw.hex().upper().encode() + b"\n", b" " + text):
        assert read_psbt(data).serialize() == raw


@pytest.mark.parametrize("spoil", [
    lambda raw: b"", lambda raw: b"\xff" * 40, lambda raw: raw[1:], lambda raw: b"\xef\xbb\xbf" + base64.b64encode(raw),
    lambda raw: raw.hex().encode()[:-1], lambda raw: raw.hex().encode() + b"zz", lambda raw: raw.hex().encode() + b"\xc3\xa9",
    lambda raw: base64.b64encode(raw)[:-1] + b"!", lambda raw: base64.b64encode(raw) + b"AAAA",
    lambda raw: base64.b64encode(raw)[:41], lambda raw: base64.b64encode(raw + b"\x00"),
    lambda raw: base64.urlsafe_b64encode(raw + b"\xff" * 9), lambda raw: raw + b"\n"])
def test_text_that_is_no_psbt(spoil):
    with pytest.raises(PsbtMalformed) as caught:
        read_psbt(spoil(build()))
    assert caught.value.check == "PSBT-FORM"


def test_base64_with_loose_bits_is_another_text_for_the_same_bytes():
    raw = next(raw for size in range(3) if len(raw := build(put=((b"\xf0", bytes(size)),))) % 3 == 1)
    text = base64.b64encode(raw)
    loose = text[:-3] + bytes([text[-3] + 1]) + b"=="
    assert base64.b64decode(loose) == raw
    with pytest.raises(PsbtMalformed):
        read_psbt(loose)


def test_text_above_the_size_limit_is_not_decoded():
    with pytest.raises(PsbtMalformed):
        read_psbt(b"cHNidP" + b"A" * (3 * MAX_PSBT_BYTES))


# --- and whatever else --------------------------------------------------------------------------------------------------

@both_versions
def test_no_single_flipped_bit_changes_what_is_signed_unseen(version):
    """Flip each bit: refused, or the same transaction with the same digests, or facts that differ."""
    raw = build(version=version)
    honest = look(raw)
    passed = 0
    for position in range(len(raw) * 8):
        spoiled = bytearray(raw)
        spoiled[position // 8] ^= 1 << position % 8
        try:
            seen = look(bytes(spoiled))
        except Fault:
            continue
        passed += 1
        same_facts = (seen.inputs, seen.outputs, seen.locktime, seen.version) == (
            honest.inputs, honest.outputs, honest.locktime, honest.version)
        assert (seen.digests() == honest.digests()) == same_facts
    assert passed


def test_a_wrong_descriptor_checksum():
    """One of the libraries that we do not use accepts it silently."""
    text = account_descriptor(ACCOUNT)
    assert parse_descriptor(text).account == ACCOUNT
    for position in range(len(text)):
        other = "q" if text[position] != "q" else "p"
        with pytest.raises(DescriptorMalformed):
            parse_descriptor(text[:position] + other + text[position + 1:])


def test_refusals_and_facts_never_repeat_text_from_the_file():
    nasty = b"\x1b[2J[red]pay me[/red]\xe2\x80\xae"
    raw = build([In(put=((b"\xfc" + sized(nasty) + b"\x00", nasty), (b"\xf1" + nasty, nasty)))],
                [Out(script=b"\x6a" + sized(nasty)), change(99_000 - 60_000)])
    request = look(raw)
    assert [one.name for one in request.warnings if "UNKNOWN" in one.name] == ["WARN-UNKNOWN-FIELDS"]
    shown = repr(request.facts())
    assert "pay me" not in shown and "\x1b" not in shown and nasty.hex() in shown


def test_the_digest_is_for_these_very_facts():
    """Any fact that a holder is shown changes every digest."""
    variants = [build(), build(locktime=1), build(tx_version=3), build([In(sequence=0xfffffffe)]), build([In(salt=5)]),
                build([In(amount_sat=100_001)]), build(outputs=[Out(59_999), change()]), build(outputs=[change(), Out()]),
                build(outputs=[Out(script=STRANGE_TAPROOT), change()]), build(outputs=[Out(), change(index=1)]),
                build([In(put=((b"\x03", u32(1)),))]), build([In(path=(0, 1))])]
    digests = [look(raw).digests()[0] for raw in variants]
    assert len(set(digests)) == len(variants)


def test_the_second_input_is_committed_to_by_the_first():
    """BIP-341 commits to all amounts: a lie about input 1 changes the digest of input 0."""
    outputs = [Out(), change(139_000)]
    honest = look(build([In(), In(salt=1, drop=(0x00,))], outputs))
    lie = replace(In(salt=1).previous().outputs[1], amount_sat=99_999)
    lying = look(build([In(), In(salt=1, drop=(0x00,), put=((b"\x01", lie.serialize()),))], outputs))
    assert honest.txid == lying.txid and honest.digests()[0] != lying.digests()[0]


def test_change_beyond_the_gap_is_found_only_by_its_hint():
    """It is ours and shown as such, with a warning; without the hint it is a payment, never change on somebody's word."""
    request = look(build(outputs=[Out(), change(index=12_345_678)]))
    assert request.outputs[1].path == (1, 12_345_678)
    assert "WARN-BEYOND-GAP" in [one.name for one in request.warnings]
    hidden = Out(39_000, path=(1, 12_345_678), drop=(0x05, 0x07))
    assert look(build(outputs=[Out(), hidden])).outputs[1].kind == "payment"
    nearer = Out(39_000, path=(1, 200), drop=(0x05, 0x07))
    assert look(build(outputs=[Out(), nearer])).outputs[1].kind == "change"
