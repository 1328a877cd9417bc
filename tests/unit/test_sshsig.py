"""SSH signatures, both ways with the real ssh-keygen, and every way in which one can be not quite one."""

from __future__ import annotations

import base64
import struct
import subprocess
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ceremony.base.secret import Secret
from ceremony.record import sshsig
from ceremony.record.sshsig import (ArmorMalformed, BadSignature, KeyMalformed, PublicIdentity, SshSignature, armor, namespace,
                                    openssh_public, parse_armor, parse_openssh_public, public_key, sign, signed_bytes, verify)

SEED = Secret(sha256(b"a seed").digest())
KEY = public_key(SEED)
SPACE = namespace("entry", "rehearsal")
MESSAGE = b"what is said\n"
SIGNATURE = sign(SEED, SPACE, MESSAGE)
ARMOR = armor(SshSignature(PublicIdentity(KEY), SPACE, "sha512", SIGNATURE))


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def wrap(blob: bytes, width: int = 70) -> str:
    digits = base64.b64encode(blob).decode()
    lines = "\n".join(digits[at:at + width] for at in range(0, len(digits), width))
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n"


def blob(*, magic: bytes = b"SSHSIG", version: int = 1, key: bytes = b"", space: bytes = SPACE.encode(), reserved: bytes = b"",
         hash_name: bytes = b"sha512", kind: bytes = b"ssh-ed25519", value: bytes = SIGNATURE, tail: bytes = b"", end: bytes = b"") -> bytes:
    return (magic + struct.pack(">I", version) + string(key or PublicIdentity(KEY).blob) + string(space) + string(reserved)
            + string(hash_name) + string(string(kind) + string(value) + tail) + end)


def token_signature(flags: int = 1, counter: int = 7, application: str = "ssh:") -> SshSignature:
    """What a FIDO2 token would answer (PROTOCOL.u2f), made with a key in memory."""
    end = struct.pack(">BI", flags, counter)
    signed = sha256(application.encode()).digest() + end + sha256(signed_bytes(SPACE, MESSAGE)).digest()
    value = Ed25519PrivateKey.from_private_bytes(SEED.reveal()).sign(signed)
    return SshSignature(PublicIdentity(KEY, application), SPACE, "sha512", value + end)


def test_namespaces_keep_purposes_and_modes_apart():
    assert namespace("entry", "production") == "ceremony-entry-v1@production.ceremony"
    assert len({namespace(p, m) for p in ("entry", "card", "seal") for m in ("production", "rehearsal")}) == 6


# With the real tool

@pytest.fixture
def keygen(tool, tmp_path):
    def run(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess:
        return subprocess.run([tool("ssh-keygen"), *words], input=stdin, capture_output=True, cwd=tmp_path)
    return run


def test_ssh_keygen_verifies_ours(keygen, tmp_path):
    (tmp_path / "m.sig").write_text(ARMOR)
    (tmp_path / "allowed").write_text(f"bob namespaces=\"{SPACE}\" {openssh_public(KEY)}\n")
    words = ("-Y", "verify", "-f", "allowed", "-I", "bob", "-s", "m.sig", "-n")
    assert keygen(*words, SPACE, stdin=MESSAGE).returncode == 0
    assert keygen(*words, SPACE, stdin=MESSAGE + b"x").returncode != 0
    assert keygen(*words, namespace("entry", "production"), stdin=MESSAGE).returncode != 0
    assert keygen("-Y", "check-novalidate", "-s", "m.sig", "-n", SPACE, stdin=MESSAGE).returncode == 0


@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
def test_we_verify_ssh_keygens(keygen, tmp_path, hash_name):
    assert keygen("-q", "-t", "ed25519", "-N", "", "-C", "a witness", "-f", "key").returncode == 0
    (tmp_path / "m").write_bytes(MESSAGE)
    assert keygen("-Y", "sign", "-n", SPACE, "-O", f"hashalg={hash_name}", "-f", "key", "m").returncode == 0
    text = (tmp_path / "m.sig").read_text()
    signature = parse_armor(text)
    assert armor(signature) == text and signature.hash_name == hash_name
    assert signature.identity == parse_openssh_public((tmp_path / "key.pub").read_text())
    signature.check(SPACE, MESSAGE, "SEAL-SIGNATURE")
    with pytest.raises(BadSignature):
        signature.check(SPACE, MESSAGE + b"x", "SEAL-SIGNATURE")


def test_ssh_keygen_understands_our_public_keys(keygen, tmp_path):
    for identity in (PublicIdentity(KEY), PublicIdentity(KEY, "ssh:")):
        (tmp_path / "key.pub").write_text(identity.text + "\n")
        assert keygen("-l", "-f", "key.pub").returncode == 0


def test_ssh_keygen_verifies_a_tokens_signature_that_we_accept(keygen, tmp_path):
    signature = token_signature()
    signature.check(SPACE, MESSAGE, "SEAL-SIGNATURE")
    (tmp_path / "m.sig").write_text(armor(signature))
    (tmp_path / "allowed").write_text(f"wendy {signature.identity.text}\n")
    run = keygen("-Y", "verify", "-f", "allowed", "-I", "wendy", "-s", "m.sig", "-n", SPACE, stdin=MESSAGE)
    assert run.returncode == 0, run.stderr


# Signatures

def test_what_is_signed_is_what_the_protocol_says():
    assert signed_bytes("n", b"m").startswith(b"SSHSIG\0\0\0\x01n\0\0\0\0\0\0\0\x06sha512\0\0\0\x40")
    verify(KEY, SPACE, MESSAGE, SIGNATURE)


OTHER = public_key(Secret(bytes(32)))
WRONG = {
    "another message": (KEY, SPACE, MESSAGE[:-1], SIGNATURE), "another purpose": (KEY, namespace("card", "rehearsal"), MESSAGE, SIGNATURE),
    "another mode": (KEY, namespace("entry", "production"), MESSAGE, SIGNATURE), "another key": (OTHER, SPACE, MESSAGE, SIGNATURE),
    "short": (KEY, SPACE, MESSAGE, SIGNATURE[:63]), "long": (KEY, SPACE, MESSAGE, SIGNATURE + b"\0"), "none": (KEY, SPACE, MESSAGE, b""),
    "S above the order": (KEY, SPACE, MESSAGE, SIGNATURE[:32] + ((int.from_bytes(SIGNATURE[32:], "little") + 2**252
                          + 27742317777372353535851937790883648493).to_bytes(32, "little"))),
    "key off the curve": (b"\2" + bytes(31), SPACE, MESSAGE, SIGNATURE), "token's tail": (KEY, SPACE, MESSAGE, SIGNATURE + bytes(5)),
}


@pytest.mark.parametrize("key, space, message, signature", WRONG.values(), ids=WRONG.keys())
def test_wrong_signatures(key, space, message, signature):
    with pytest.raises(BadSignature) as caught:
        verify(key, space, message, signature, check="CARD-SIGNATURE")
    assert caught.value.check == "CARD-SIGNATURE" and caught.value.culprits == ()


def test_every_flipped_bit_of_a_signature_is_seen():
    for bit in range(512):
        wrong = (int.from_bytes(SIGNATURE, "big") ^ 1 << bit).to_bytes(64, "big")
        with pytest.raises(BadSignature):
            verify(KEY, SPACE, MESSAGE, wrong)


def test_a_file_for_another_purpose_is_refused_before_its_key_is_used():
    with pytest.raises(BadSignature, match="purpose"):
        parse_armor(ARMOR).check(namespace("seal", "rehearsal"), MESSAGE, "SEAL-SIGNATURE")


@pytest.mark.parametrize("flags", [0, 4, 0xFE])
def test_a_token_that_was_not_touched(flags):
    with pytest.raises(BadSignature, match="touched"):
        token_signature(flags).check(SPACE, MESSAGE, "SEAL-SIGNATURE")


def test_flags_counter_and_application_of_a_token_are_signed():
    good = token_signature()
    for wrong in (good.signature[:64] + b"\5" + good.signature[65:], good.signature[:68] + b"\xff"):
        with pytest.raises(BadSignature):
            verify(good.identity, SPACE, MESSAGE, wrong)
    with pytest.raises(BadSignature):
        verify(PublicIdentity(KEY, "ssh:other"), SPACE, MESSAGE, good.signature)
    with pytest.raises(BadSignature):
        verify(good.identity, SPACE, MESSAGE, SIGNATURE)


# Armour

def test_armour_comes_back():
    for signature in (SshSignature(PublicIdentity(KEY), SPACE, "sha512", SIGNATURE), token_signature()):
        assert parse_armor(armor(signature)) == signature
    assert parse_armor(wrap(blob(), 64)) == parse_armor(wrap(blob(), 76)) == parse_armor(wrap(blob(), 1000))


BAD_ARMOR = {
    "nothing": "", "no frame": base64.b64encode(blob()).decode(), "no last line feed": ARMOR[:-1], "text before": "x" + ARMOR, "text after": ARMOR + "\n",
    "CRLF": ARMOR.replace("\n", "\r\n"), "PGP": ARMOR.replace("SSH", "PGP"), "uneven lines": ARMOR.replace("\nU1", "\nU\n1"),
    "empty line": ARMOR.replace("\n-----END", "\n\n-----END"), "space": ARMOR.replace("\nU1", "\n U1"), "not base64": ARMOR.replace("\nU1", "\n!1"),
    "empty": wrap(b""), "other magic": wrap(blob(magic=b"SSHSIH")), "version 2": wrap(blob(version=2)), "reserved": wrap(blob(reserved=b"x")),
    "sha1": wrap(blob(hash_name=b"sha1")), "hash not text": wrap(blob(hash_name=b"\xff")), "no namespace": wrap(blob(space=b"")),
    "namespace not text": wrap(blob(space=b"\xff")), "namespace with LF": wrap(blob(space=b"a\nb")), "RSA": wrap(blob(key=string(b"ssh-rsa") + string(b"e"))),
    "signature of another kind": wrap(blob(kind=b"sk-ssh-ed25519@openssh.com")), "63 bytes": wrap(blob(value=SIGNATURE[:63])),
    "65 bytes": wrap(blob(value=SIGNATURE + b"\0")), "bytes after the signature": wrap(blob(tail=bytes(5))), "bytes at the end": wrap(blob(end=b"\0")),
    "cut": wrap(blob()[:-1]), "string longer than all": wrap(blob()[:10] + b"\xff\xff\xff\xff"), "token without counter": wrap(blob(
        key=PublicIdentity(KEY, "ssh:").blob, kind=b"sk-ssh-ed25519@openssh.com")), "too long": wrap(blob(space=b"a" * 4000)),
    "not ASCII": ARMOR.replace("\nU1", "\né1"), "spare bits": ARMOR.replace("\n-----END", "=\n-----END"),
}


@pytest.mark.parametrize("text", BAD_ARMOR.values(), ids=BAD_ARMOR.keys())
def test_bad_armour(text):
    with pytest.raises(ArmorMalformed) as caught:
        parse_armor(text)
    assert caught.value.check == "SSHSIG-MALFORMED"


def test_every_flipped_bit_of_an_armoured_file_is_seen():
    raw = ARMOR.encode()
    for at in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises((ArmorMalformed, BadSignature)):
            signature = parse_armor(flipped.decode("latin-1"))
            if signature.identity != PublicIdentity(KEY):
                raise BadSignature("SEAL-SIGNATURE", "another key")
            signature.check(SPACE, MESSAGE, "SEAL-SIGNATURE")


# Public keys

def test_public_keys_come_back():
    assert parse_openssh_public(openssh_public(KEY)).key == KEY
    assert parse_openssh_public(openssh_public(KEY) + " bob's own key\n") == PublicIdentity(KEY)
    assert parse_openssh_public(PublicIdentity(KEY, "ssh:x").text) == PublicIdentity(KEY, "ssh:x")


def line(kind: str, *strings: bytes, end: bytes = b"") -> str:
    return f"{kind} {base64.b64encode(b''.join(map(string, strings)) + end).decode()}"


P = 2**255 - 19
BAD_KEYS = {
    "nothing": "", "type alone": "ssh-ed25519", "RSA": line("ssh-rsa", b"ssh-rsa", b"\1\0\1", b"\0" * 128), "short": line("ssh-ed25519", b"ssh-ed25519", KEY[:31]),
    "long": line("ssh-ed25519", b"ssh-ed25519", KEY + b"\0"), "bytes after": line("ssh-ed25519", b"ssh-ed25519", KEY, end=b"\0"),
    "two types": line("ssh-rsa", b"ssh-ed25519", KEY), "inner type": line("ssh-ed25519", b"ssh-rsa", KEY), "cut": openssh_public(KEY)[:-4],
    "token as plain": line("ssh-ed25519", b"sk-ssh-ed25519@openssh.com", KEY, b"ssh:"), "token of the web": line(
        "sk-ssh-ed25519@openssh.com", b"sk-ssh-ed25519@openssh.com", KEY, b"https://example"), "two spaces": openssh_public(KEY).replace(" ", "  "),
    "tab": openssh_public(KEY).replace(" ", "\t"), "options before": "restrict " + openssh_public(KEY), "padding": openssh_public(KEY) + "=",
    "not ASCII": openssh_public(KEY).replace("AAAA", "ÄAAA"), "long text": openssh_public(KEY) + " " * 5000,
    "not canonical": line("ssh-ed25519", b"ssh-ed25519", (P + 3).to_bytes(32, "little")),
}


@pytest.mark.parametrize("text", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bad_public_keys(text):
    with pytest.raises(KeyMalformed) as caught:
        parse_openssh_public(text)
    assert caught.value.check == "SSHSIG-KEY"


def small_order_points() -> list[int]:
    """The y coordinates of the points of order 1, 2, 4 and 8, from the curve equation of RFC 8032 section 5.1.

    Order 1 and 2: x = 0, y = ±1. Order 4: y = 0. Order 8: doubling gives y = 0, so x² = −y² and d·y⁴ + 2y² − 1 = 0.
    """
    d = -121665 * pow(121666, -1, P) % P

    def root(a: int) -> int | None:
        x = pow(a, (P + 3) // 8, P)
        x = x if (x * x - a) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
        return x if (x * x - a) % P == 0 else None

    eighths = [root((-1 + sign * root((1 + d) % P)) * pow(d, -1, P) % P) for sign in (1, -1)]
    return [0, 1, P - 1] + [y for eighth in eighths if eighth for y in (eighth, P - eighth)]


def test_keys_of_small_order_are_refused():
    assert set(small_order_points()) == sshsig._SMALL_ORDER and len(sshsig._SMALL_ORDER) == 5
    for y in small_order_points():
        for sign_bit in (0, 1 << 255):
            with pytest.raises(KeyMalformed):
                parse_openssh_public(openssh_public((y | sign_bit).to_bytes(32, "little")))
