"""Scripts, addresses, descriptors and derivation: every kind named, every form exact, no form twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.algebra.secp256k1 import G, mul_public
from ceremony.base.errors import Refused, UsageFault
from ceremony.chains.bitcoin.account import account_descriptor, find_own, taproot_key
from ceremony.chains.bitcoin.address import AddressMalformed, describe, in_groups, script_of, segwit_script
from ceremony.chains.bitcoin.bip32 import ExtendedKeyMalformed, account_key, parse_xpub
from ceremony.chains.bitcoin.descriptor import Descriptor, DescriptorMalformed, checksum, parse_descriptor
from ceremony.chains.bitcoin.networks import MAINNET, NETWORKS, REGTEST, network_named
from tests.bitcoin_kit import ACCOUNT, ACCOUNT_SECRET, account_of, secret_of

PUSH33, PUSH65 = b"\x21" + b"\x02" * 33 + b"\xac", b"\x41" + b"\x04" * 65 + b"\xac"


@pytest.mark.parametrize("script, kind, hexed", [
    (b"\x76\xa9\x14" + bytes(20) + b"\x88\xac", "p2pkh", ""), (b"\xa9\x14" + bytes(20) + b"\x87", "p2sh", ""),
    (b"\x00\x14" + bytes(20), "p2wpkh", ""), (b"\x00\x20" + bytes(32), "p2wsh", ""), (b"\x51\x20" + bytes(32), "p2tr", ""),
    (b"\x51\x02\x4e\x73", "anchor", ""), (b"\x52\x20" + bytes(32), "future witness version", ""),
    (b"\x60\x02ab", "future witness version", ""), (b"\x51\x14" + bytes(20), "future witness version", ""),
    (b"\x00\x15" + bytes(21), "unknown script", "0015" + "00" * 21), (b"\x51\x29" + bytes(41), "unknown script", "5129" + "00" * 41),
    (PUSH33, "p2pk", PUSH33.hex()), (PUSH65, "p2pk", PUSH65.hex()), (b"", "unknown script", ""),
    (b"\x6a", "data", ""), (b"\x6a\x03abc", "data", "616263"), (b"\x6a\x4c\x03abc", "data", "616263"),
    (b"\x6a\x03ab", "data", "036162"), (b"\x6a\x01a\x01b", "data", "01610162"), (b"\x51", "unknown script", "51")])
def test_kinds(script, kind, hexed):
    seen = describe(script, REGTEST)
    assert (seen.kind, seen.hex) == (kind, hexed)
    if seen.address:
        assert script_of(seen.address, REGTEST) == script


def test_long_scripts_are_shown_by_their_beginning_and_length():
    assert describe(b"\x51" * 300, REGTEST).hex == "51" * 160 + "… (300 bytes)"
    assert describe(b"\x6a\x4d\x2c\x01" + b"\x07" * 300, REGTEST).hex.endswith("(303 bytes)")


@given(st.integers(0, 16), st.binary(min_size=2, max_size=40), st.sampled_from(sorted(NETWORKS)))
def test_segwit_addresses_come_back_on_their_network_only(version, program, name):
    if version == 0:
        program = program.ljust(32, b"\x01")[:20]
    network, script = NETWORKS[name], segwit_script(version, program)
    address = describe(script, network).address
    assert script_of(address, network) == script == script_of(address.upper(), network)
    for other in NETWORKS.values():
        if other.hrp != network.hrp:
            with pytest.raises(AddressMalformed):
                script_of(address, other)


@given(st.text(max_size=100))
def test_any_text_is_an_address_or_refused(text):
    try:
        script_of(text, MAINNET)
    except AddressMalformed as fault:
        assert fault.check == "ADDRESS-FORM"


def test_one_wrong_character_is_found():
    for script in (b"\x51\x20" + bytes(32), b"\xa9\x14" + bytes(20) + b"\x87"):
        address = describe(script, MAINNET).address
        for position in range(len(address)):
            wrong = address[:position] + ("q" if address[position] != "q" else "p") + address[position + 1:]
            with pytest.raises(AddressMalformed):
                script_of(wrong, MAINNET)


def test_addresses_in_groups_are_whole():
    address = describe(taproot_key(ACCOUNT, 0, 0).script, REGTEST).address
    assert in_groups(address).replace(" ", "") == address
    assert {len(group) for group in in_groups(address).split()[:-1]} == {4}


def test_no_such_network():
    assert network_named("signet").hrp == "tb"
    with pytest.raises(Refused) as caught:
        network_named("\x1b[2J")
    assert caught.value.check == "BTC-NETWORK" and "\x1b" not in str(caught.value)


# --- descriptors ------------------------------------------------------------------------------------------------------

def test_descriptors_come_back():
    for branches in ((0, 1), (0,), (1,)):
        one = Descriptor(ACCOUNT, branches)
        assert parse_descriptor(str(one)) == one
    assert account_descriptor(ACCOUNT) == str(Descriptor(ACCOUNT, (0, 1)))


def test_bip380_checksum_written_down():
    """BIP-380's example, and the descriptor of BIP-386's first vector with the checksum that Core prints."""
    assert checksum("raw(deadbeef)") == "89f8spxm"
    for wrong in ("raw(deedbeef)", "raw(deadbeef)#", "raw(DEADBEEF)"):
        assert checksum(wrong) != "89f8spxm"
    with pytest.raises(DescriptorMalformed):
        checksum("raw(Ü)")


@pytest.mark.parametrize("change", [
    lambda t: t[:-9], lambda t: t[:-1], lambda t: t + "q", lambda t: t[:-9] + "#" + "q" * 8, lambda t: t.upper(), lambda t: " " + t,
    lambda t: t + "\n", lambda t: t.replace("<0;1>", "<1;0>"), lambda t: t.replace("/*", "/*h"), lambda t: t.replace("tr(", "wpkh("),
    lambda t: t.replace("tr(", "tr([00000000/86h]"), lambda t: t.replace("/<0;1>", ""), lambda t: t.replace("<0;1>", "2")])
def test_other_descriptors_are_refused(change):
    """Each with a right checksum where it can have one: it is the form that is refused then."""
    text = change(account_descriptor(ACCOUNT))
    bodies = [text] + ([f"{text[:-9]}#{checksum(text[:-9])}"] if text[-9:-8] == "#" and text.isascii() and text != text.upper() else [])
    for one in bodies:
        if one == account_descriptor(ACCOUNT):
            continue
        with pytest.raises(DescriptorMalformed) as caught:
            parse_descriptor(one)
        assert caught.value.check == "DESCRIPTOR-FORM"


def test_a_descriptor_with_a_private_or_broken_key():
    for key in ("xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
                str(ACCOUNT)[:-1] + ("1" if str(ACCOUNT)[-1] != "1" else "2")):
        body = f"tr({key}/<0;1>/*)"
        with pytest.raises(DescriptorMalformed):
            parse_descriptor(f"{body}#{checksum(body)}")


# --- derivation -------------------------------------------------------------------------------------------------------

@given(st.integers(0, 1), st.integers(0, (1 << 31) - 1), st.integers(1, 2**200))
def test_the_tweak_list_leads_to_the_output_key(branch, index, secret):
    """What a threshold signer does with the list gives the key whose script is shown, whatever the parities."""
    account = account_of(secret)
    key = taproot_key(account, branch, index)
    assert [is_xonly for _, is_xonly in key.tweaks] == [False, False, True]
    assert mul_public(secret_of(key, secret), G).xonly() == key.output_key == key.script[2:]


def test_own_scripts_are_found_by_search_and_by_nothing_else():
    for path in ((0, 0), (1, 0), (0, 200), (1, 200)):
        assert find_own(ACCOUNT, taproot_key(ACCOUNT, *path).script, (), 200).path == path
    assert find_own(ACCOUNT, taproot_key(ACCOUNT, 0, 201).script, (), 200) is None
    assert find_own(ACCOUNT, taproot_key(account_of(5), 0, 0).script, (), 200) is None
    assert find_own(ACCOUNT, b"", (), 200) is None


@pytest.mark.parametrize("index", [1 << 31, -1, 1 << 32])
def test_hardened_children_have_no_public_derivation(index):
    with pytest.raises(UsageFault) as caught:
        ACCOUNT.child(index)
    assert caught.value.check == "BIP32-HARDENED"


def test_account_keys_that_are_none():
    point = mul_public(ACCOUNT_SECRET, G).compressed()
    for pubkey, chain_code, version in ((point[1:], bytes(32), REGTEST.xpub_version), (point, bytes(31), REGTEST.xpub_version),
                                        (b"\x02" + b"\xff" * 32, bytes(32), REGTEST.xpub_version), (point, bytes(33), REGTEST.xpub_version),
                                        (point, bytes(32), b"\x04\x88\xad\xe4"), (b"\x04" + point[1:], bytes(32), REGTEST.xpub_version)):
        with pytest.raises(ExtendedKeyMalformed):
            account_key(pubkey, chain_code, version)


@given(st.text(max_size=130))
def test_any_text_is_an_extended_key_or_refused(text):
    with pytest.raises(ExtendedKeyMalformed):
        parse_xpub(text)


def test_extended_keys_keep_parity():
    assert parse_xpub(str(ACCOUNT)) == ACCOUNT
    assert ACCOUNT.depth == 0 and ACCOUNT.pubkey == mul_public(ACCOUNT_SECRET, G).compressed()
