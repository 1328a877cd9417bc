"""The published ChillDKG 0.3.0-dev vectors: every group, every error, with the right party blamed.

The vectors speak of a coordinator. Where they expect ``FaultyCoordinatorError`` our fault names "coordinator"; where they
expect ``FaultyParticipantOrCoordinatorError`` it names the seat and says that it assumes an honest coordinator; where
they expect ``ValueError`` for a message of a wrong length it names the sender, because our messages are signed.
Another implementation drives this file by replacing the functions called in each ``test_``.
"""

from __future__ import annotations

import json

import pytest

from ceremony.base.errors import LocalFault, PeerFault, Unattributed, UsageFault
from ceremony.base.secret import Secret
from ceremony.protocols.keygen import checks, coordinated, rounds
from ceremony.protocols.keygen.hostkey import hostpubkey
from ceremony.protocols.keygen.messages import Investigation, Pmsg1
from ceremony.protocols.keygen.params import SessionParams
from ceremony.protocols.keygen.states import State1, State2
from ceremony.protocols.keygen.transcript import MalformedTranscript, public_output

unhex = bytes.fromhex


def load(vectors, name):
    return json.loads((vectors / "chilldkg-v0.3.0-dev" / f"{name}_vectors.json").read_text())


def params_of(value):
    return SessionParams(tuple(map(unhex, value["hostpubkeys"])), value["t"])


def secret(value):
    return Secret(unhex(value))


def assert_refused(case, act, expected):
    """``expected``: what our fault is for an error type, as (class, check, culprits); None matches any check."""
    error = case["expectedError"]
    kind, check, culprits = expected(error)
    with pytest.raises(kind) as caught:
        act()
    if kind is not ValueError:
        assert (caught.value.culprits, check in (None, caught.value.check)) == (culprits, True), \
            (case["tcId"], case["comment"], caught.value)
    if error["type"] == "FaultyParticipantOrCoordinatorError":
        assert "coordinator" in caught.value.assumes or "added up" in caught.value.assumes


SEAT_CHECKS = {"invalid public nonce": "KEYGEN-EPHEMERAL",
               "Participant sent invalid commitment": "KEYGEN-COMMITMENTS",
               "Participant sent invalid proof-of-knowledge": "KEYGEN-POP",
               "Participant sent invalid partial secshare": "KEYGEN-SHARE",
               "Participant has provided an invalid signature for the certificate": "KEYGEN-CERTIFICATE"}
COORDINATOR_CHECKS = {"Coordinator replied with wrong pubnonce": "KEYGEN-OWN-EPHEMERAL",
                      "Coordinator sent unexpected first group element for local participant id":
                          "KEYGEN-OWN-COMMITMENT",
                      "Coordinator has provided a certificate with an invalid signature": "KEYGEN-CERTIFICATE",
                      "Sum of encrypted partial secshares not equal to encrypted secshare": "KEYGEN-INVESTIGATION",
                      "Coordinator fiddled with the share from me to myself": "KEYGEN-INVESTIGATION",
                      "Sum of partial pubshares not equal to pubshare": "KEYGEN-INVESTIGATION"}


def our_fault(error):
    """The errors that mean the same in every group."""
    return {
        "HostSeckeyError": lambda: (LocalFault, "KEYGEN-HOSTSECKEY", ()),
        "ThresholdOrCountError": lambda: (UsageFault, "KEYGEN-THRESHOLD", ()),
        "InvalidHostPubkeyError": lambda: (PeerFault, "KEYGEN-HOSTKEY", (error["participantId"],)),
        "DuplicateHostPubkeyError": lambda: (PeerFault, "KEYGEN-HOSTKEY-TWICE",
                                             (error["participantId1"], error["participantId2"])),
        "RandomnessError": lambda: (LocalFault, "KEYGEN-RANDOMNESS", ()),
        "RecoveryDataError": lambda: (Unattributed, None, ()),
        "FaultyCoordinatorError": lambda: (PeerFault, COORDINATOR_CHECKS[error["message"]], ("coordinator",)),
        "FaultyParticipantError": lambda: (PeerFault, SEAT_CHECKS[error["message"]], (error["participantId"],)),
        "FaultyParticipantOrCoordinatorError":
            lambda: (PeerFault, SEAT_CHECKS[error["message"]], (error["participantId"],)),
        "UnknownFaultyParticipantOrCoordinatorError":
            lambda: (rounds.ShareMismatch, "KEYGEN-SHARE-SUM", ()),
    }[error["type"]]()


def with_value_error(*fault):
    return lambda error: fault if error["type"] == "ValueError" else our_fault(error)


def assert_output(output, expected):
    public = output.public if isinstance(output, rounds.DkgOutput) else output
    assert public.threshold_pubkey.compressed() == unhex(expected["threshPk"])
    assert [share.compressed() for share in public.pubshares] == list(map(unhex, expected["pubshares"]))
    if expected["secshare"] is not None:
        assert output.secshare.reveal() == int(expected["secshare"], 16)


def test_hostpubkey_gen(vectors):
    data = load(vectors, "hostpubkey_gen")
    for case in data["validTestCases"]:
        assert hostpubkey(secret(case["hostseckey"])) == unhex(case["expectedHostpubkey"])
    for case in data["errorTestCases"]:
        assert_refused(case, lambda: hostpubkey(secret(case["hostseckey"])),
                       with_value_error(LocalFault, "KEYGEN-HOSTSECKEY", ()))


def test_params_hash(vectors):
    data = load(vectors, "params_hash")
    for case in data["validTestCases"]:
        assert params_of(case["params"]).hash() == unhex(case["expectedParamsHash"])
    for case in data["errorTestCases"]:
        assert_refused(case, lambda: params_of(case["params"]), our_fault)


def test_participant_step1(vectors):
    for group in load(vectors, "participant_step1")["testGroups"]:
        for case in group["validTestCases"]:
            params = params_of(case["params"])
            state, pmsg1 = rounds.step1(secret(case["hostseckey"]), params, unhex(case["random"]))
            assert pmsg1 == unhex(case["expectedPmsg1"]) == state.pmsg1
            assert Pmsg1.from_bytes(pmsg1, params.t, params.n).to_bytes() == pmsg1
            checks.check_pmsg1(params, state.seat, pmsg1)
        for case in group["errorTestCases"]:
            short = "KEYGEN-HOSTSECKEY" if "host secret key" in case["comment"] else "KEYGEN-RANDOMNESS"
            assert_refused(case, lambda: rounds.step1(secret(case["hostseckey"]), params_of(case["params"]),
                                                      unhex(case["random"])),
                           with_value_error(LocalFault, short, ()))


def after_step1(group):
    state, pmsg1 = rounds.step1(secret(group["hostseckey"]), params_of(group["params"]), unhex(group["random"]))
    assert pmsg1 == unhex(group["pmsg1"])
    return State1.from_bytes(state.to_bytes())


def test_participant_step2(vectors):
    for group in load(vectors, "participant_step2")["testGroups"]:
        state = after_step1(group)
        for case in group["validTestCases"]:
            _, pmsg2 = coordinated.step2(secret(group["hostseckey"]), state, unhex(case["cmsg1"]),
                                         unhex(group["auxRand"]))
            assert pmsg2 == unhex(case["expectedPmsg2"])
        for case in group["errorTestCases"]:
            given = group | case
            bad_length = (LocalFault, "KEYGEN-RANDOMNESS", ()) if "auxRand" in case else \
                (PeerFault, "KEYGEN-LENGTH", ("coordinator",))
            assert_refused(case, lambda: coordinated.step2(secret(given["hostseckey"]), state, unhex(given["cmsg1"]),
                                                           unhex(given["auxRand"])), with_value_error(*bad_length))


def test_participant_finalize(vectors):
    for group in load(vectors, "participant_finalize")["testGroups"]:
        state, pmsg2 = coordinated.step2(secret(group["hostseckey"]), after_step1(group), unhex(group["cmsg1"]),
                                         unhex(group["auxRand"]))
        assert pmsg2 == unhex(group["pmsg2"])
        state = State2.from_bytes(state.to_bytes())
        for case in group["validTestCases"]:
            output, recovery_data = coordinated.finalize_with(state, unhex(case["cmsg2"]))
            assert_output(output, case["expectedOutput"]["dkgOutput"])
            assert recovery_data.to_bytes() == unhex(case["expectedOutput"]["recoveryData"])
        for case in group["errorTestCases"]:
            assert_refused(case, lambda: coordinated.finalize_with(state, unhex(case["cmsg2"])),
                           with_value_error(PeerFault, "KEYGEN-LENGTH", ("coordinator",)))


def test_participant_investigate(vectors):
    for group in load(vectors, "participant_investigate")["testGroups"]:
        state, key = after_step1(group), secret(group["hostseckey"])
        for case in group["errorTestCases"]:
            cmsg1 = unhex(group["cmsg1Pool"][case["cmsg1Index"]])
            with pytest.raises(rounds.ShareMismatch):
                coordinated.step2(key, state, cmsg1, unhex(group["auxRand"]))
            assert_refused(case, lambda: coordinated.investigate(key, state, cmsg1, unhex(case["cinvMsg"])), our_fault)


def test_coordinator_step1(vectors):
    for group in load(vectors, "coordinator_step1")["testGroups"]:
        def pool(case):
            return [unhex(group["pmsg1Pool"][i]) for i in case["pmsg1Indices"]]
        for case in group["validTestCases"]:
            params, cmsg1 = params_of(case["params"]), unhex(case["expectedCmsg1"])
            assert checks.aggregate(params, pool(case)).to_bytes() == cmsg1
            assert checks.check_all_pmsg1(params, pool(case)).to_bytes() == cmsg1
            assert type(checks.aggregate(params, pool(case))).from_bytes(cmsg1, params.t, params.n).to_bytes() == cmsg1
        for case in group["errorTestCases"]:
            wrong_count = len(case["pmsg1Indices"]) != len(case["params"]["hostpubkeys"])
            sender = next((k for k, i in enumerate(case["pmsg1Indices"]) if i >= len(case["pmsg1Indices"])), None)
            expected = (ValueError, None, ()) if wrong_count else (PeerFault, "KEYGEN-LENGTH", (sender,))
            assert_refused(case, lambda: checks.aggregate(params_of(case["params"]), pool(case)),
                           with_value_error(*expected))


def test_coordinator_finalize(vectors):
    for group in load(vectors, "coordinator_finalize")["testGroups"]:
        params = params_of(group["params"])
        cmsg1 = checks.aggregate(params, list(map(unhex, group["pmsgs1"])))
        assert cmsg1.to_bytes() == unhex(group["cmsg1"])
        agreed = checks.eq_input(params, cmsg1)

        def pool(case):
            return [unhex(group["pmsg2Pool"][i]) for i in case["pmsg2Indices"]]
        for case in group["validTestCases"]:
            expected = case["expectedOutput"]
            recovery_data = checks.certify(agreed, pool(case))
            assert recovery_data.certificate == unhex(expected["cmsg2"])
            assert recovery_data.to_bytes() == unhex(expected["recoveryData"])
            assert checks.check_recovery_data(recovery_data.to_bytes()) == recovery_data
            assert_output(public_output(agreed), expected["dkgOutput"])
        for case in group["errorTestCases"]:
            wrong_count = len(case["pmsg2Indices"]) != params.n
            expected = (ValueError, None, ()) if wrong_count else (PeerFault, "KEYGEN-CERTIFICATE", (1,))
            assert_refused(case, lambda: checks.certify(agreed, pool(case)), with_value_error(*expected))


def test_coordinator_investigate(vectors):
    for group in load(vectors, "coordinator_investigate")["testGroups"]:
        params = params_of(group["params"])
        for case in group["validTestCases"]:
            made = checks.investigations(params, list(map(unhex, group["pmsgs1"])))
            assert [message.to_bytes() for message in made] == list(map(unhex, case["expectedCinvMsgs"]))
            assert [Investigation.from_bytes(message.to_bytes(), params.n) for message in made] == made


def test_recover(vectors):
    data = load(vectors, "recover")

    def act(case):
        recovery_data = unhex(case["recoveryData"])
        if case["hostseckey"] is None:
            agreed = checks.check_recovery_data(recovery_data).eq_input
            return public_output(agreed), agreed.params
        return rounds.recover(secret(case["hostseckey"]), recovery_data)

    for case in data["validTestCases"]:
        output, params = act(case)
        assert_output(output, case["expectedOutput"]["dkgOutput"])
        assert params == params_of(case["expectedOutput"]["params"])
    for case in data["errorTestCases"]:
        malformed = "deserialize" in case["expectedError"].get("message", "") or \
            "session parameters" in case["expectedError"].get("message", "")
        recovery = (MalformedTranscript, "KEYGEN-RECOVERY", ()) if malformed else \
            (Unattributed, "KEYGEN-RECOVERY-CERTIFICATE", ())
        assert_refused(case, lambda: act(case), lambda error: {
            "RecoveryDataError": recovery, "ValueError": (LocalFault, "KEYGEN-HOSTSECKEY", ())
        }.get(error["type"]) or our_fault(error))
