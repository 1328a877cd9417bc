"""SSH signatures, made and checked without OpenSSH, so that ``ssh-keygen -Y verify`` can check them anywhere.

The format is OpenSSH's PROTOCOL.sshsig. A station's identity is a plain ``ssh-ed25519`` key; witnesses may also sign
with ``sk-ssh-ed25519@openssh.com``, a key on a token (PROTOCOL.u2f). Nothing else is understood here.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from hashlib import sha256, sha512
from typing import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ceremony.base.errors import Malformed, Unattributed
from ceremony.base.secret import Secret

PLAIN, TOKEN = "ssh-ed25519", "sk-ssh-ed25519@openssh.com"
MAX_ARMOR_BYTES = 4_096
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n"
_MAGIC, _VERSION = b"SSHSIG", 1
_HASHES: dict[str, Callable[[bytes], bytes]] = {"sha512": lambda m: sha512(m).digest(),
                                                "sha256": lambda m: sha256(m).digest()}
_USER_PRESENT = 1  # the flag of a token that was touched, PROTOCOL.u2f
_P = 2**255 - 19
# The y coordinates of the eight points of small order (RFC 8032, edwards25519). With such a key one signature fits many
# messages, and its owner could say that anybody had made it.
_SMALL_ORDER = frozenset([
    0, 1, _P - 1, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7])


class KeyMalformed(Malformed):
    """SSHSIG-KEY: the text is not an OpenSSH public key of a kind used here."""


class ArmorMalformed(Malformed):
    """SSHSIG-MALFORMED: the text is not an armoured SSH signature of a kind used here."""


class BadSignature(Unattributed):
    """The signature does not verify: whoever wrote it is not the owner of the key. The check is named by the caller."""


@dataclass(frozen=True, slots=True)
class PublicIdentity:
    """A public key. key: 32 bytes, Ed25519. application: what a token key is bound to, else ""."""

    key: bytes
    application: str = ""

    @property
    def blob(self) -> bytes:
        """The key in SSH wire form (RFC 4251 strings)."""
        if self.application:
            return _string(TOKEN.encode()) + _string(self.key) + _string(self.application.encode())
        return _string(PLAIN.encode()) + _string(self.key)

    @property
    def text(self) -> str:
        """The one-line OpenSSH form, without comment."""
        return f"{TOKEN if self.application else PLAIN} {base64.b64encode(self.blob).decode()}"


@dataclass(frozen=True, slots=True)
class SshSignature:
    """What an armoured signature file says. signature: 64 bytes, and for a token key its flags byte and 4-byte counter.

    hash_name: ``sha512`` or ``sha256``, the hash that the signer applied to the message.
    """

    identity: PublicIdentity
    namespace: str
    hash_name: str
    signature: bytes

    def check(self, namespace: str, message: bytes, check: str) -> None:
        """Raise BadSignature with the name `check` unless this signs `message` in `namespace` with its own key.

        **Warning**: says nothing about whose key it is; compare `identity` with the one that was agreed.
        """
        if self.namespace != namespace:
            raise BadSignature(check, "the signature was made for another purpose or mode")
        verify(self.identity, namespace, message, self.signature, check=check, hash_name=self.hash_name)


def namespace(purpose: str, mode: str) -> str:
    """The SSHSIG namespace of a purpose (entry, card, seal) in a mode (production, rehearsal)."""
    return f"ceremony-{purpose}-v1@{mode}.ceremony"


def openssh_public(key: bytes) -> str:
    """A 32-byte Ed25519 public key as an OpenSSH public key line without comment."""
    return PublicIdentity(key).text


def parse_openssh_public(text: str) -> PublicIdentity:
    """An OpenSSH public key line, with or without comment. Raises KeyMalformed.

    A caller that needs the one canonical form compares `text` with the ``text`` of what it got.
    """
    parts = text.strip("\r\n").split(" ", 2) if len(text) <= MAX_ARMOR_BYTES else []
    try:
        if len(parts) < 2:
            raise _Wrong("not a line of type and key")
        identity = _identity(_base64(parts[1]))
        if parts[0] != identity.text.split(" ")[0]:
            raise _Wrong("its two types differ")
        return identity
    except _Wrong as wrong:
        raise KeyMalformed("SSHSIG-KEY", f"not a public key of a kind used here: {wrong}") from None


def public_key(seed: Secret[bytes]) -> bytes:
    """The 32-byte public key of a 32-byte Ed25519 seed."""
    return Ed25519PrivateKey.from_private_bytes(seed.reveal()).public_key().public_bytes_raw()


def signed_bytes(namespace: str, message: bytes, hash_name: str = "sha512") -> bytes:
    """What an SSHSIG really signs (PROTOCOL.sshsig section "Signed Data"), with an empty reserved field."""
    return (_MAGIC + _string(namespace.encode()) + _string(b"") + _string(hash_name.encode())
            + _string(_HASHES[hash_name](message)))


def sign(seed: Secret[bytes], namespace: str, message: bytes) -> bytes:
    """The 64-byte Ed25519 value of an SSHSIG with SHA-512 over `message`. The seed is 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed.reveal()).sign(signed_bytes(namespace, message))


def verify(identity: PublicIdentity | bytes, namespace: str, message: bytes, signature: bytes, *,
           check: str = "SSHSIG-SIGNATURE", hash_name: str = "sha512") -> None:
    """Raise BadSignature with the name `check` unless `signature` is the identity's over `message` in `namespace`.

    identity: a 32-byte key means a plain one. signature: 64 bytes, or 69 from a token key (flags, counter), which
    must say that the token was touched.
    """
    if isinstance(identity, bytes):
        identity = PublicIdentity(identity)
    signed = signed_bytes(namespace, message, hash_name)
    if identity.application:
        if len(signature) != 69 or not signature[64] & _USER_PRESENT:
            raise BadSignature(check, "not the signature of a token that was touched")
        signed = sha256(identity.application.encode()).digest() + signature[64:] + sha256(signed).digest()
    elif len(signature) != 64:
        raise BadSignature(check, "not 64 bytes")
    try:
        Ed25519PublicKey.from_public_bytes(identity.key).verify(signature[:64], signed)
    except (InvalidSignature, ValueError):
        raise BadSignature(check, "the signature does not verify") from None


def armor(signature: SshSignature) -> str:
    """The text of a ``.sig`` file as ``ssh-keygen -Y sign`` writes it: 70 base64 digits on a line."""
    kind = TOKEN if signature.identity.application else PLAIN
    value = _string(kind.encode()) + _string(signature.signature[:64]) + signature.signature[64:]
    blob = (_MAGIC + struct.pack(">I", _VERSION) + _string(signature.identity.blob)
            + _string(signature.namespace.encode()) + _string(b"")
            + _string(signature.hash_name.encode()) + _string(value))
    digits = base64.b64encode(blob).decode()
    return _BEGIN + _wrapped(digits, 70) + _END


def parse_armor(text: str) -> SshSignature:
    """The content of an armoured signature with LF line ends. Raises ArmorMalformed; verifies nothing."""
    try:
        return _signature(_dearmored(text))
    except _Wrong as wrong:
        raise ArmorMalformed("SSHSIG-MALFORMED", f"not an SSH signature file of a kind used here: {wrong}") from None


class _Wrong(Exception):
    """What is wrong with bytes from outside; turned into the decoder's own error before it leaves this file."""


def _dearmored(text: str) -> bytes:
    if len(text) > MAX_ARMOR_BYTES or not (text.startswith(_BEGIN) and text.endswith(_END)):
        raise _Wrong("its frame")
    lines = text[len(_BEGIN):-len(_END)]
    digits = lines.replace("\n", "")
    # Any one width is taken, since other tools than ssh-keygen wrap elsewhere; nothing else may vary.
    if lines != _wrapped(digits, max(lines.find("\n"), 1)):
        raise _Wrong("its line breaks")
    return _base64(digits)


def _wrapped(digits: str, width: int) -> str:
    return "".join(digits[at:at + width] + "\n" for at in range(0, len(digits), width))


def _signature(blob: bytes) -> SshSignature:
    if blob[:10] != _MAGIC + struct.pack(">I", _VERSION):
        raise _Wrong("its first bytes")
    key, space, reserved, hash_name, value = _strings(blob[10:], 5)
    identity = _identity(key)
    kind, raw, *rest = _strings(value, 2, tail=5 if identity.application else 0)
    if kind != (TOKEN if identity.application else PLAIN).encode() or len(raw) != 64:
        raise _Wrong("a signature of another kind than the key")
    if reserved or hash_name.decode("latin-1") not in _HASHES:
        raise _Wrong("its reserved field or hash")
    if not (space.isascii() and space.decode("latin-1").isprintable() and space):
        raise _Wrong("its namespace")
    return SshSignature(identity, space.decode("ascii"), hash_name.decode("ascii"), raw + b"".join(rest))


def _identity(blob: bytes) -> PublicIdentity:
    kind = _strings(blob, 1, tail=None)[0]
    if kind == PLAIN.encode():
        key, application = _strings(blob, 2)[1], b""
    elif kind == TOKEN.encode():
        _, key, application = _strings(blob, 3)
        if not (application.startswith(b"ssh:") and application.isascii() and application.decode().isprintable()):
            raise _Wrong("its application")
    else:
        raise _Wrong("its type")
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if len(key) != 32 or y >= _P or y in _SMALL_ORDER:
        raise _Wrong("not a usable Ed25519 point")
    return PublicIdentity(key, application.decode())


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _strings(data: bytes, count: int, tail: int | None = 0) -> list[bytes]:
    """`count` SSH strings from the front, and the rest as one more item if `tail`, its exact size, is above 0.

    With `tail` None whatever follows is left alone.
    """
    found, at = [], 0
    for _ in range(count):
        size = int.from_bytes(data[at:at + 4], "big")
        if len(data) - at < 4 + size:
            raise _Wrong("it ends too early")
        found.append(data[at + 4:at + 4 + size])
        at += 4 + size
    if tail is not None and len(data) - at != tail:
        raise _Wrong("bytes too many or too few at its end")
    return found + ([data[at:]] if tail else [])


def _base64(digits: str) -> bytes:
    try:
        data = base64.b64decode(digits.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise _Wrong("its base64") from None
    if base64.b64encode(data).decode() != digits:
        raise _Wrong("its base64 has spare bits")
    return data
