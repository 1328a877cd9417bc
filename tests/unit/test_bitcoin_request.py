"""What a holder is shown: facts, sums and warnings of a request, and the finalised result. Refusals: tests/adversary."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.algebra.schnorr import InvalidSignature
from ceremony.base.errors import LocalFault, Refused
from ceremony.ceremonies.signing import shown_hash
from ceremony.chains.bitcoin import psbt_fields as fields
from ceremony.chains.bitcoin.account import taproot_key
from ceremony.chains.bitcoin.address import describe, script_of
from ceremony.chains.bitcoin.facts import RequestWarning, SigningRequest
from ceremony.chains.bitcoin.finalize import finalize
from ceremony.chains.bitcoin.networks import REGTEST
from ceremony.chains.bitcoin.psbt import parse_psbt
from ceremony.chains.bitcoin.request import Limits, examine
from ceremony.chains.bitcoin.request_warnings import dust_limit_sat
from ceremony.chains.bitcoin.transaction import TxOut, parse_transaction
from ceremony.codec.canonical import encode
from tests.bitcoin_kit import ACCOUNT, STRANGE_TAPROOT, STRANGER, In, Out, build, change, sign, sized, u32

both_versions = pytest.mark.parametrize("version", [0, 2])


def look(*args, **rest) -> SigningRequest:
    return examine(parse_psbt(build(*args, **rest)), ACCOUNT, REGTEST)


def warnings(*args, **rest) -> list[str]:
    """Without the one that nearly every request has."""
    return [one.name for one in look(*args, **rest).warnings if one.name != "WARN-REPLACEABLE"]


def test_both_versions_of_one_request_are_one_request():
    assert look(version=0) == look(version=2)


def test_facts_are_canonical_and_complete():
    request = look([In(), In(path=(1, 3), salt=1)], [Out(), change(139_000)])
    facts = request.facts()
    assert encode(facts)
    assert facts["spent_sat"] == facts["paid_sat"] + facts["returned_sat"] + facts["fee_sat"] == 200_000
    assert [one["path"] for one in facts["inputs"]] == ["0/0", "1/3"]
    assert facts["outputs"][0]["address"] == describe(STRANGER, REGTEST).address
    assert facts["outputs"][1]["path"] == "1/0"
    assert facts["replaceable"] is True and facts["network"] == "regtest"


def test_hints_are_not_needed_within_the_gap():
    bare = [In(path=(1, 200), drop=(0x16, 0x17))]
    outputs = [Out(), Out(39_000, path=(1, 7), drop=(0x05, 0x07))]
    request = look(bare, outputs)
    assert request.inputs[0].path == (1, 200) and request.outputs[1].path == (1, 7)
    with pytest.raises(Refused):
        examine(parse_psbt(build(bare, outputs)), ACCOUNT, REGTEST, Limits(gap_limit=199))


def test_a_hint_with_a_fingerprint_that_is_not_ours_is_still_a_hint():
    """Wallets without the account's origin write zeros, or a longer path of their own."""
    key = taproot_key(ACCOUNT, 0, 5000)
    value = b"\x00" + bytes(4) + u32(86 | 1 << 31) + u32(0) + u32(5000)
    request = look([In(path=(0, 5000), drop=(0x16,), put=((b"\x16" + key.internal_key, value),))])
    assert request.inputs[0].path == (0, 5000)


@both_versions
@pytest.mark.parametrize("missing", [(0x00,), (0x01,)])
def test_either_form_of_the_spent_output_is_enough(version, missing):
    assert look([In(drop=missing)], version=version).digests() == look().digests()


@pytest.mark.parametrize("kind, size", [(None, 64), (0, 64), (1, 65)])
def test_sighash_types_and_the_final_size(kind, size):
    put = () if kind is None else ((b"\x03", u32(kind)),)
    raw = build([In(put=put)])
    psbt = parse_psbt(raw)
    request = examine(psbt, ACCOUNT, REGTEST)
    transaction = parse_transaction(finalize(psbt, request, sign(request)).transaction)
    assert [len(item) for item in transaction.inputs[0].witness] == [size]
    assert transaction.vsize() == request.vsize
    assert request.fee_rate_sat_kvb == 1000 * 1000 // transaction.vsize()


# --- warnings: one cause each -----------------------------------------------------------------------------------------

def test_the_honest_request_has_no_warning():
    assert warnings() == []
    assert look([In(sequence=0xfffffffe)]).warnings == () and look([In(sequence=0xffffffff)]).warnings == ()


P2A, FUTURE, ODD = b"\x51\x02\x4e\x73", b"\x52\x20" + bytes(32), b"\x51"


@pytest.mark.parametrize("outputs, expected", [
    ([Out(99_000)], ["WARN-NO-CHANGE"]),
    ([change(99_000)], ["WARN-NO-PAYMENT"]),
    ([Out(293), change(98_707)], ["WARN-DUST"]),
    ([Out(294), change(98_706)], []),
    ([Out(), Out(39_000, path=(0, 1))], ["WARN-REDEPOSIT"]),
    ([Out(), Out(39_000, path=(0, 0))], ["WARN-REDEPOSIT", "WARN-ADDRESS-REUSE"]),
    ([Out(), change(index=201)], ["WARN-BEYOND-GAP"]),
    ([Out(script=ODD), change()], ["WARN-NO-ADDRESS"]),
    ([Out(script=P2A), change()], ["WARN-NO-ADDRESS"]),
    ([Out(script=FUTURE), change()], ["WARN-FUTURE-WITNESS"]),
    ([Out(), Out(0, b"\x6a\x02hi"), change()], ["WARN-DATA"]),
    ([Out(), Out(1, b"\x6a\x02hi"), change(38_999)], ["WARN-DATA", "WARN-BURNT"]),
    ([Out(30_000), Out(30_000), change()], ["WARN-SAME-DESTINATION"]),
    ([Out(), change(34_000)], ["WARN-HIGH-FEE"]),
    ([Out(), change(35_000)], []),
    ([Out(), change(39_900)], ["WARN-LOW-FEE"])])
def test_warnings_about_outputs_and_fee(outputs, expected):
    assert warnings(outputs=[_fresh(one) for one in outputs]) == expected


def _fresh(one: Out) -> Out:
    return Out(one.amount_sat, one.script, one.path, one.drop, one.put)


@pytest.mark.parametrize("inputs, rest, expected", [
    ([In(sequence=0xfffffffe)], {"locktime": 800_000}, ["WARN-LOCKTIME"]),
    ([In(sequence=0xffffffff)], {"locktime": 800_000}, []),
    ([In(sequence=144)], {}, ["WARN-RELATIVE-LOCK"]),
    ([In(sequence=144)], {"tx_version": 1}, []),
    ([In()], {"tx_version": 4}, ["WARN-VERSION"]),
    ([In(put=((b"\xf0", b""),))], {}, ["WARN-UNKNOWN-FIELDS"]),
    ([In(put=((b"\xfc" + sized(b"x") + b"\x00", b""),))], {}, ["WARN-UNKNOWN-FIELDS"]),
    ([In()], {"put": ((b"\xf0", b""),)}, ["WARN-UNKNOWN-FIELDS"]),
    ([In()], {"version": 2, "put": ((b"\x06", b"\x03"),)}, ["WARN-MODIFIABLE"]),
    ([In()], {"version": 2, "put": ((b"\x06", b"\x00"),)}, []),
    ([In()], {"outputs": [Out(), Out(script=b"\x6a" + b"\x51" * 100_000, amount_sat=0), change()]},
     ["WARN-DATA", "WARN-LOW-FEE", "WARN-OVERSIZE"])])
def test_warnings_about_time_and_form(inputs, rest, expected):
    assert warnings(inputs, **rest) == expected


def test_locktime_warnings_say_what_the_number_is():
    text = {n: [w.text for w in look([In()], locktime=n).warnings if w.name == "WARN-LOCKTIME"][0] for n in (499_999_999, 500_000_000)}
    assert "block 499999999" in text[499_999_999] and "Unix time 500000000" in text[500_000_000]


def test_dust_limits_are_those_of_bitcoin_core():
    scripts = {546: b"\x76\xa9\x14" + bytes(20) + b"\x88\xac", 540: b"\xa9\x14" + bytes(20) + b"\x87", 294: b"\x00\x14" + bytes(20),
               330: b"\x51\x20" + bytes(32), 240: P2A, 0: b"\x6a\x01x"}
    assert {limit: dust_limit_sat(TxOut(0, script)) for limit, script in scripts.items()} == {limit: limit for limit in scripts}


# --- finalising -------------------------------------------------------------------------------------------------------

def finished(raw: bytes):
    psbt = parse_psbt(raw)
    request = examine(psbt, ACCOUNT, REGTEST)
    return psbt, request, sign(request)


@both_versions
def test_the_finalised_psbt_and_transaction(version):
    raw = build([In(put=((b"\xfc" + sized(b"wallet") + b"\x00", b"mine"), (b"\xf0", b"unknown"))), In(salt=1, path=(1, 1))],
                [Out(), change(139_000)], version, put=((b"\x06", b"\x03"),) if version else ())
    psbt, request, signatures = finished(raw)
    result = finalize(psbt, request, signatures)
    again = parse_psbt(result.psbt)
    assert again.version == version and again.transaction == psbt.transaction
    for index, one in enumerate(again.inputs):
        assert one.get(fields.IN_TAP_KEY_SIG) == signatures[index]
        assert one.get(fields.IN_FINAL_SCRIPTWITNESS) == b"\x01\x40" + signatures[index]
        assert one.has(fields.IN_WITNESS_UTXO, fields.IN_NON_WITNESS_UTXO)
        assert not one.has(fields.IN_TAP_BIP32_DERIVATION, fields.IN_TAP_INTERNAL_KEY, fields.IN_SIGHASH_TYPE)
    assert (b"\xf0", b"unknown") in again.inputs[0].pairs and again.inputs[0].has(fields.PROPRIETARY)
    assert again.outputs == psbt.outputs
    assert again.globals.get(fields.GLOBAL_TX_MODIFIABLE) == (b"\x00" if version else None)
    transaction = parse_transaction(result.transaction)
    assert result.txid == request.txid == transaction.txid()[::-1].hex()
    with pytest.raises(Refused) as caught:
        examine(again, ACCOUNT, REGTEST)
    assert caught.value.check == "TX-ALREADY-SIGNED"


@both_versions
def test_a_wrong_signature_ends_it(version):
    psbt, request, signatures = finished(build([In(), In(salt=1)], [Out(), change(139_000)], version))
    for spoiled in ([signatures[0], signatures[0]], [signatures[1], signatures[0]], [signatures[0], bytes(64)],
                    [signatures[0], signatures[1][:-1]], [signatures[0], signatures[1] + b"\x01"],
                    [signatures[0], bytes([signatures[1][0] ^ 1]) + signatures[1][1:]]):
        with pytest.raises(InvalidSignature) as caught:
            finalize(psbt, request, spoiled)
        assert caught.value.check == "TX-SIGNATURE" and caught.value.culprits == ()
    assert "input 1" in caught.value.seen


def test_signatures_for_another_request():
    psbt, request, signatures = finished(build())
    other = parse_psbt(build(outputs=[Out(59_999), change()]))
    for arguments in ((other, request, signatures), (psbt, request, []), (psbt, request, signatures * 2)):
        with pytest.raises(LocalFault) as caught:
            finalize(*arguments)
        assert caught.value.check == "TX-OTHER-REQUEST"


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 50)), min_size=1, max_size=4), st.booleans(), st.sampled_from([0, 2]))
def test_any_honest_request_is_signed(paths, explicit_all, version):
    put = ((b"\x03", u32(1)),) if explicit_all else ()
    inputs = [In(path=path, salt=salt, put=put) for salt, path in enumerate(paths)]
    outputs = [Out(script=STRANGE_TAPROOT), change(100_000 * len(inputs) - 61_000)]
    psbt, request, signatures = finished(build(inputs, outputs, version))
    assert parse_transaction(finalize(psbt, request, signatures).transaction).vsize() == request.vsize
    assert script_of(request.outputs[0].destination.address, REGTEST) == STRANGE_TAPROOT


def test_what_a_holder_approved_does_not_hang_on_the_wording_of_warnings():
    """Old transcripts must verify for ever; `shown` commits to the facts of formats.md section 4 and to nothing else."""
    request = look()
    reworded = replace(request, warnings=(RequestWarning("WARN-OTHER", "said in other words"),))
    assert shown_hash(reworded) == shown_hash(request)
    assert shown_hash(replace(request, locktime=request.locktime + 1)) != shown_hash(request)
