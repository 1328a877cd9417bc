"""The seal of an ended ceremony: a text that all compute alike, and detached signatures on it (formats, section 6).

Signatures come in any order, from stations and from witnesses, and change no chain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ceremony.base.errors import Malformed
from ceremony.base.ids import HEX32, CeremonyId, ChainLabel, EntryId, GroupId
from ceremony.base.limits import MAX_INCARNATION, MAX_SEAL_BYTES, MAX_SEQ
from ceremony.base.secret import Secret
from ceremony.codec.shape import Hex, Int, Literal, NameShape, Obj, OneOf
from ceremony.record import sshsig
from ceremony.record.entry import EntryMalformed, parse_label
from ceremony.record.sshsig import PublicIdentity, SshSignature

_FIRST = "ceremony-seal-v1"
_FIELDS = ("mode", "group", "ceremony", "kind", "outcome", "state")
_KIND = re.compile(r"[a-z]{1,40}")
_HEAD = re.compile(rf"head ([^ ]+) (0|[1-9][0-9]{{0,9}}) ({HEX32.pattern})")
SIGNATURE_SHAPE = Obj(ceremony=Hex(32), hash=Literal("sha512", "sha256"), inc=Int(0, MAX_INCARNATION),
                      sig=OneOf(Hex(64), Hex(69)), signer=NameShape())


class SealMalformed(Malformed):
    """SEAL-MALFORMED: the text is not a seal's."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What is sealed. outcome: ``done`` or ``dead``; state: hash of the result; heads: sorted by label, id."""

    mode: str
    group: GroupId
    ceremony: CeremonyId
    kind: str
    outcome: str
    state: str
    heads: tuple[tuple[ChainLabel, int, EntryId], ...]

    def text(self) -> bytes:
        """The bytes that are signed: ASCII, LF at the end of every line."""
        values = (self.mode, self.group, self.ceremony, self.kind, self.outcome, self.state)
        lines = [_FIRST, *(f"{field} {value}" for field, value in zip(_FIELDS, values)),
                 *(f"head {label} {seq} {id}" for label, seq, id in self.heads)]
        return "".join(line + "\n" for line in lines).encode("ascii")


@dataclass(frozen=True, slots=True)
class SealSignature:
    """One detached signature. signer: a station's or witness's name; inc: of a station, 0 for a witness.

    hash_name, signature: as in `SshSignature`; a station's is ``sha512`` and 64 bytes.
    """

    ceremony: CeremonyId
    signer: str
    inc: int
    hash_name: str
    signature: bytes

    def as_object(self) -> dict:
        """The value that a bundle carries."""
        return {"ceremony": self.ceremony, "signer": self.signer, "inc": self.inc, "hash": self.hash_name,
                "sig": self.signature.hex()}

    def armored(self, identity: PublicIdentity, mode: str) -> str:
        """The `.sig` file for ssh-keygen; identity is the signer's key."""
        space = sshsig.namespace("seal", mode)
        return sshsig.armor(SshSignature(identity, space, self.hash_name, self.signature))


def parse_seal(raw: bytes) -> Seal:
    """The seal of a text. Raises SealMalformed unless it is exactly what `Seal.text` would write."""
    if len(raw) > MAX_SEAL_BYTES or not raw.isascii() or not raw.endswith(b"\n"):
        raise _malformed("too long, not ASCII, or without a line feed at its end")
    first, *lines = raw[:-1].decode("ascii").split("\n")
    count = len(_FIELDS)
    if first != _FIRST or len(lines) <= count:
        raise _malformed("its first line or the number of its lines")
    values = [_value(line, field) for line, field in zip(lines, _FIELDS)]
    heads = tuple(_head(line) for line in lines[count:])
    mode, group, ceremony, kind, outcome, state = values
    good = (mode in ("production", "rehearsal") and outcome in ("done", "dead") and _KIND.fullmatch(kind)
            and all(HEX32.fullmatch(value) for value in (group, ceremony, state)))
    # Sorted by label and id, none twice: one ceremony has one seal text.
    places = [(label, id) for label, _, id in heads]
    if not good or places != sorted(set(places)):
        raise _malformed("a value or the order of its heads")
    return Seal(mode, GroupId(group), CeremonyId(ceremony), kind, outcome, state, heads)


def sign_seal(seed: Secret[bytes], seal: Seal, signer: str, inc: int) -> SealSignature:
    """A station's signature; the seed is that of its identity, 32 bytes."""
    signature = sshsig.sign(seed, sshsig.namespace("seal", seal.mode), seal.text())
    return SealSignature(seal.ceremony, signer, inc, "sha512", signature)


def parse_seal_signature(text: str, seal: Seal, signer: str, inc: int, identity: PublicIdentity) -> SealSignature:
    """The signature in an armoured file, checked. identity: the signer's key as the charter or a join gives it.

    Raises ArmorMalformed, or BadSignature (SEAL-SIGNATURE) for another's key, another purpose or another text.
    """
    file = sshsig.parse_armor(text)
    if file.identity != identity:
        raise sshsig.BadSignature("SEAL-SIGNATURE", f"the file that names {signer} was signed with another key")
    file.check(sshsig.namespace("seal", seal.mode), seal.text(), "SEAL-SIGNATURE")
    return SealSignature(seal.ceremony, signer, inc, file.hash_name, file.signature)


def check_seal_signature(seal: Seal, signature: SealSignature, identity: PublicIdentity) -> None:
    """Raise BadSignature (SEAL-SIGNATURE) unless the owner of `identity` signed this seal's text."""
    if signature.ceremony != seal.ceremony:
        raise sshsig.BadSignature("SEAL-SIGNATURE", f"{signature.signer} signed another ceremony's seal")
    sshsig.verify(identity, sshsig.namespace("seal", seal.mode), seal.text(), signature.signature,
                  check="SEAL-SIGNATURE", hash_name=signature.hash_name)


def _value(line: str, field: str) -> str:
    name, _, value = line.partition(" ")
    if name != field:
        raise _malformed(f"the line of {field}")
    return value


def _head(line: str) -> tuple[ChainLabel, int, EntryId]:
    found = _HEAD.fullmatch(line)
    if found is None or int(found[2]) > MAX_SEQ:
        raise _malformed("the line of a head")
    try:
        parse_label(found[1])
    except EntryMalformed as fault:
        raise _malformed(fault.seen) from None
    return ChainLabel(found[1]), int(found[2]), EntryId(found[3])


def _malformed(seen: str) -> SealMalformed:
    return SealMalformed("SEAL-MALFORMED", f"not a seal: {seen}")
