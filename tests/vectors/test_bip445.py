"""The vectors of BIP 445: partial signatures, tweaks, nonce sums, aggregation, and every error with its blame.

The files are those of draft 0.8.0. Their makers hashed the *byte length* of the signer list into the nonce coefficient,
4 * u, where the text of that draft and of all later ones says the number of signers u; the vectors of draft 0.12.1 follow
the text. So the files run with that one number replaced in the hash (``old_coefficient``), and values of draft 0.12.1,
written down here as facts, run against the product as it is.

The nonce_gen and det_sign files describe derivations that later drafts replaced, and are not run. The draft gives signers in
any order and blames an index; here seats are ascending and a seat is blamed, so each case is sorted first. Messages other
than 32 bytes, which the draft lets an implementation refuse, must be refused.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ceremony.base.errors import Fault, PeerFault
from ceremony.algebra.secp256k1 import mul_secret_base, scalar_from_bytes
from ceremony.base.secret import Secret
from ceremony.protocols.frost import checks
from ceremony.protocols.frost.checks import (
    SessionContext, aggregate_nonces, aggregate_partials, check_aggregate, check_partial, check_signature, session,
    session_values)
from ceremony.protocols.frost.rounds import SecNonce, nonce_gen, sign

CHECK_OF = {
    "The signer's id must be present in the participant identifier list.": "SIGN-OWN-SHARE",
    "The participant identifier list contains duplicate elements.": "SIGN-SEATS",
    "The signer's pubshare must be included in the list of pubshares.": "SIGN-OWN-SHARE",
    "Invalid pubshare at index 0.": "SIGN-PUBSHARE",
    "Invalid pubshare at index 1.": "SIGN-PUBSHARE",
    "The threshold pubkey must not be the point at infinity.": "SIGN-PUBSHARE",
    "The participant identifier at index 0 is out of range.": "SIGN-SEATS",
    "The provided key material is incorrect.": "SIGN-PUBSHARE",
    "first secnonce value is out of range.": "SIGN-OWN-NONCE",
    "second secnonce value is out of range.": "SIGN-OWN-NONCE",
    "The number of signers must be between t and n.": "SIGN-SEATS",
    "The signer's secret share value is out of range.": "SIGN-OWN-SHARE",
    "The tweak value is out of range.": "SIGN-TWEAK",
    "The result of tweaking cannot be infinity.": "SIGN-TWEAK",
    "The tweaks and is_xonly arrays must have the same length.": "SIGN-TWEAK",
    "The tweak must be a 32-byte array.": "SIGN-TWEAK",
    "The psigs and ids arrays must have the same length.": "SIGN-SEATS",
    "aggnonce": "SIGN-AGGREGATE",
    "pubnonce": "SIGN-NONCE",
    "psig": "SIGN-PARTIAL",
}


@pytest.fixture
def old_coefficient(monkeypatch):
    """The nonce coefficient as the makers of the 0.8.0 files hashed it: 4 * u in front, where it should be u."""
    hash_to_scalar = checks.hash_to_scalar

    def with_byte_length(tag: str, data: bytes) -> int:
        if tag == "BIP0445/noncecoef":
            data = (4 * int.from_bytes(data[:4], "big")).to_bytes(4, "big") + data[4:]
        return hash_to_scalar(tag, data)

    monkeypatch.setattr(checks, "hash_to_scalar", with_byte_length)
    session_values.cache_clear()
    yield
    session_values.cache_clear()


def load(vectors: Path, name: str) -> dict:
    return json.loads((vectors / "frost/bip445-v0.8.0" / f"{name}_vectors.json").read_text("utf-8"))


def cases(vectors: Path, name: str, kind: str) -> list[tuple[dict, dict]]:
    found = [(group, case) for group in load(vectors, name)["test_groups"] for case in group[kind]]
    assert found, f"{name} has no {kind}"
    return found


def pool(group: dict, name: str, indices: list[int]) -> list[bytes]:
    return [bytes.fromhex(group[name][index]) for index in indices]


def tweaks_of(group: dict, case: dict) -> tuple:
    values = pool(group, "tweaks", case.get("tweak_indices", []))
    modes = case.get("is_xonly", [])
    return tuple(zip(values, modes)) if len(values) == len(modes) else tuple((value,) for value in values)


def context_of(group: dict, case: dict, aggnonce: bytes | None = None) -> SessionContext:
    signers = sorted(zip(case["ids"], pool(group, "pubshares", case["pubshare_indices"]), strict=True))
    return SessionContext(group["t"], group["n"], tuple(seat for seat, _ in signers), tuple(share for _, share in signers),
                          bytes.fromhex(group["thresh_pk"]), aggnonce or bytes.fromhex(case["aggnonce"]),
                          tweaks_of(group, case), bytes.fromhex(case["msg"]))


def pubnonces_of(group: dict, case: dict) -> dict:
    """The case's nonces by seat. Error cases list none: there the nonce of every seat is the one of the same index."""
    indices = case.get("pubnonce_indices", case["ids"])
    return dict(zip(case["ids"], pool(group, "pubnonces", indices), strict=True))


def sign_case(group: dict, case: dict) -> bytes:
    secnonce = SecNonce(Secret(pool(group, "secnonces", [case["secnonce_index"]])[0]))
    secshare = Secret(pool(group, "secshares", [case["secshare_index"]])[0])
    return sign(secnonce, secshare, context_of(group, case), case["my_id"], pubnonces_of(group, case))


def expect_blame(caught: pytest.ExceptionInfo, error: dict, ids: list[int]) -> None:
    """The named check fired, and whoever the draft blames is blamed: a signer's seat, or nobody."""
    assert caught.value.check == CHECK_OF[error.get("contrib") or error["message"]]
    index = error.get("signer_index")
    assert caught.value.culprits == (() if index is None else (ids[index],))


@pytest.mark.parametrize("name", ["sign_verify", "tweak"])
def test_partial_signatures_are_those_of_the_draft(vectors, subtests, name, old_coefficient):
    for group, case in cases(vectors, name, "valid_tests"):
        with subtests.test(group=group["tg_id"], tc=case["tc_id"]):
            if len(case["msg"]) != 64:
                with pytest.raises(Fault) as caught:
                    sign_case(group, case)
                assert caught.value.check == "SIGN-MESSAGE"
                continue
            psig, context = sign_case(group, case), context_of(group, case)
            assert psig.hex().upper() == case["expected"]
            check_aggregate(context, pubnonces_of(group, case))
            check_partial(context, case["my_id"], pubnonces_of(group, case)[case["my_id"]], psig)


@pytest.mark.parametrize("name, kind", [("sign_verify", "sign_error_tests"), ("tweak", "error_tests")])
def test_signing_refuses_what_the_draft_refuses(vectors, subtests, name, kind, old_coefficient):
    for group, case in cases(vectors, name, kind):
        with subtests.test(group=group["tg_id"], tc=case["tc_id"]):
            with pytest.raises(Fault) as caught:
                sign_case(group, case)
            expect_blame(caught, case["error"], case["ids"])


def verify_case(group: dict, case: dict) -> None:
    pubnonces = pubnonces_of(group, case)
    seat = case["ids"][case["signer_index"]]
    check_partial(context_of(group, case, aggregate_nonces(pubnonces)), seat, pubnonces[seat], bytes.fromhex(case["psig"]))


def test_wrong_partial_signatures_are_blamed_on_their_signer(vectors, subtests, old_coefficient):
    for group, case in cases(vectors, "sign_verify", "verify_fail_tests"):
        with subtests.test(group=group["tg_id"], tc=case["tc_id"]):
            with pytest.raises(PeerFault) as caught:
                verify_case(group, case)
            assert (caught.value.check, caught.value.culprits) == ("SIGN-PARTIAL", (case["ids"][case["signer_index"]],))


def test_verification_refuses_what_the_draft_refuses(vectors, subtests, old_coefficient):
    for group, case in cases(vectors, "sign_verify", "verify_error_tests"):
        with subtests.test(group=group["tg_id"], tc=case["tc_id"]):
            with pytest.raises(Fault) as caught:
                verify_case(group, case)
            expect_blame(caught, case["error"], case["ids"])


def test_nonces_sum_as_in_the_draft(vectors, subtests):
    file = load(vectors, "nonce_agg")
    for case in file["valid_tests"]:
        with subtests.test(tc=case["tc_id"]):
            nonces = dict(enumerate(pool(file, "pubnonces", case["pubnonce_indices"])))
            assert aggregate_nonces(nonces).hex().upper() == case["expected"]
    for case in file["error_tests"]:
        with subtests.test(tc=case["tc_id"]):
            with pytest.raises(Fault) as caught:
                aggregate_nonces(dict(enumerate(pool(file, "pubnonces", case["pubnonce_indices"]))))
            expect_blame(caught, case["error"], list(range(len(case["pubnonce_indices"]))))


def test_partial_signatures_add_up_as_in_the_draft(vectors, subtests, old_coefficient):
    for group, case in cases(vectors, "sig_agg", "valid_tests"):
        with subtests.test(group=group["tg_id"], tc=case["tc_id"]):
            context, psigs = context_of(group, case), dict(zip(case["ids"], map(bytes.fromhex, case["psigs"]), strict=True))
            signature = aggregate_partials(context, psigs)
            assert signature.hex().upper() == case["expected"]
            assert signature[:32] == session_values(context).R.xonly()
            check_signature(context, signature)


def test_aggregation_refuses_what_the_draft_refuses(vectors, subtests, old_coefficient):
    for group, case in cases(vectors, "sig_agg", "error_tests"):
        with subtests.test(group=group["tg_id"], tc=case["tc_id"]):
            with pytest.raises(Fault) as caught:
                aggregate_partials(context_of(group, case), dict(zip(case["ids"], map(bytes.fromhex, case["psigs"]))))
            expect_blame(caught, case["error"], case["ids"])


# BIP 445, draft 0.12.1: group 2of3 of sign_verify_vectors.json and sig_agg_vectors.json.
MESSAGE = "F95466D086770E689964664219266FE5ED215C92AE20BAB5C9D79ADDDDF3C0CF"
GROUP_KEY = "02D772A09F5F675783D275ED9F6AAEDB2ECCBC74171B37AC23AE3BBD9D7AE2CDAA"
SECSHARES = [
    "53442FA9BD72EEA0A42DF6F2D2D76A2C0D3A3DFA2BE2F820F41ADE976B8259FB",
    "5A7F9BD41F4B544664C54D777D43303CB5302434F9903B9B552C4E552BF02201",
    "61BB07FE8123B9EC255CA3FC27AEF64D5D260A6FC73D7F15B63DBE12EC5DEA07",
]
SECNONCES = [
    "874A212D2DF14B0E55D5E9B86B0B6530A83BA59785303E333AB9F6193289D4A3B5DE529495EC16F25C1452C2732363C38623725EAE7BBCA47BD1AB43B3E21792",
    "7B3932D72200FDDD616B2CB6DDD9B263D566DC290FD6F6965BB01A813F05BA971B5C79608E807BDA020227517B70DC848479BC9139803A489BC58C5E9E5F9F10",
    "3D85A0D7947B3445C60CBCB8CFDA98ECF10FCF45AF8DF3C7026EC127E9DA798D9C857374248DA423F9071D6A646128E6EA09A01363033C09E46ED079D6698DE0",
]
CANCELLING = "0358D346E23685E092E143BD203EEC8597131390B1300E9466C9B741EC65FCCFC6039C9B5D46EF571F128C657306C86AC24E2E58CAC742788645A29E1CC0CEFFB316"
TWEAKS = [
    ("E8F791FF9225A2AF0102AFFF4A9A723D9612A682A25EBE79802B263CDFCD83BB", False),
    ("AE2EA797CC0FE72AC5B97B97F3C6957D7E4199A167A58EB08BCAFFDA70AC0455", True),
    ("F52ECBC565B3D8BEA2DFD5B75A4F457E54369809322E4120831626F290FA87E0", True),
]
FACTS = {
    "two of three": ([0, 1], [], [
        "BD7C4B381E7A7CE76891C064CE565246643D47A8D8E5035C1536C8402B290108",
        "F6FC1814C8BDF89041FE10F91AD306CEF0E90CBD5003BE216D6C40B891469016",
    ], "B89B25226C5ED33AD67F5BD7C750516ED05DA326E36D9878A26C385B891E9A65B478634CE7387577AA8FD15DE92959169A77777F79A02141C2D0AA6BEC394FDD"),
    "three tweaks": ([0, 1], TWEAKS, [
        "AE2818DFC14FD4903FBA3778BDF27C0B3B5863AEEFDDA6540A73A22C4E734D10",
        "21780564C5FF2FBC16724039E98740A7E33CECBFDF11EC52300BA12C278B4531",
    ], "95CB034D179622277EA691064988749ADDADFCFF36E0542B288F0D36CE5DACD173239D0A5A4B0BD8721E2286EBCB11B6D62174BAFF8D17E0191B9B9CDC8156AE"),
    "all three": ([0, 1, 2], [], [
        "763E4353210C86236AEA8E073FAFE564981ED70BCF096CFBECCE88B5F24F0EC9",
        "2C1B45EB5E01613D4ACC325D2A3A5677F60750ADC9706BCCCDAFD144B45C72AF",
        "4636795DA140BB1DD14B7FA73FE3FD0CC24A9C08786ABE1CCBAAC776BC64F34C",
    ], "51A7FA5FFE4739217B46AE2D8570EF354AB19663AA27358F9460E6184048CB40E890029C204EA27E8702400BA9CE38E95070C3C210E496E586292171631074C4"),
}


def times_g(scalar: str) -> bytes:
    return mul_secret_base(Secret(scalar_from_bytes(bytes.fromhex(scalar)))).compressed()


def fact_session(seats: list[int], tweaks: list) -> tuple[SessionContext, dict[int, bytes]]:
    pubnonces = {seat: times_g(SECNONCES[seat][:64]) + times_g(SECNONCES[seat][64:]) for seat in seats}
    return session(2, 3, bytes.fromhex(GROUP_KEY), {seat: times_g(SECSHARES[seat]) for seat in seats}, pubnonces,
                   [(bytes.fromhex(tweak), mode) for tweak, mode in tweaks], bytes.fromhex(MESSAGE)), pubnonces


@pytest.mark.parametrize("seat", range(3))
def test_the_secret_nonces_of_draft_0_12_1_come_from_its_nonce_generation(seat):
    """The draft's vectors make them from 32 bytes 0x0F with share, seat, public share and key, without message or context."""
    secnonce, pubnonce = nonce_gen(Secret(b"\x0f" * 32), Secret(bytes.fromhex(SECSHARES[seat])), times_g(SECSHARES[seat]),
                                   bytes.fromhex(GROUP_KEY)[1:], seat=seat)
    assert secnonce.to_vault().reveal().hex().upper() == SECNONCES[seat]
    assert pubnonce == times_g(SECNONCES[seat][:64]) + times_g(SECNONCES[seat][64:])


def sign_fact(context: SessionContext, seat: int, pubnonces: dict[int, bytes]) -> bytes:
    return sign(SecNonce(Secret(bytes.fromhex(SECNONCES[seat]))), Secret(bytes.fromhex(SECSHARES[seat])), context, seat, pubnonces)


@pytest.mark.parametrize("name", FACTS)
def test_values_of_draft_0_12_1(name):
    seats, tweaks, psigs, signature = FACTS[name]
    context, pubnonces = fact_session(seats, tweaks)
    made = {seat: sign_fact(context, seat, pubnonces) for seat in seats}
    assert [made[seat].hex().upper() for seat in seats] == psigs
    assert aggregate_partials(context, made).hex().upper() == signature


def test_a_nonce_sum_of_infinity_in_draft_0_12_1():
    """sign_verify, group 2of3, tc_id 5: the nonce listed for seat 2 cancels the other two, and R becomes G."""
    _, pubnonces = fact_session([0, 1, 2], [])
    pubnonces[2] = bytes.fromhex(CANCELLING)
    context = session(2, 3, bytes.fromhex(GROUP_KEY), {seat: times_g(SECSHARES[seat]) for seat in range(3)}, pubnonces, [],
                      bytes.fromhex(MESSAGE))
    assert context.aggnonce == bytes(66)
    assert sign_fact(context, 0, pubnonces).hex().upper() == "C874C21E5E2F850494E61433C9A5DBAEDA14588DBC0BE3EA564611FE859226B3"
