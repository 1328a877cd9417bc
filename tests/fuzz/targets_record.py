"""Fuzz targets of the codec and the record: any bytes are accepted, and then come back unchanged, or raise the one error.

A target is a public function of this module that takes bytes; its docstring is nobody's business but the reader's. SEEDS
gives each some good inputs to start from. ``python -m tests.fuzz.run`` and ``test_fuzz_smoke.py`` find them by themselves.
"""

from __future__ import annotations

from typing import Callable

from ceremony.codec import canonical, cbor
from ceremony.codec.canonical import CanonicalMalformed
from ceremony.codec.cbor import BundleMalformed
from ceremony.codec.text import visible
from ceremony.codec.words import WordsMalformed, parse_words, words
from ceremony.record import bundle as bundles, card as cards, entry as entries, evidence as evidences, seal as seals, sshsig
from tests.record_group import MODE, Group, key_of, seed_of

_GROUP = Group("alice", "bob")
_ENTRY = _GROUP["bob"].write(3, "ab" * 32, {"alice/0": (1, "cd" * 32)}, ceremony="ef" * 32, kind="round.step", body={"hex": "0a" * 20, "t": "é\"\\", "n": [1, -1, True, {}]})
_SEAL = seals.Seal(MODE, _GROUP.id, "ab" * 32, "keygen", "done", "cd" * 32, (("alice/0", 4, "ab" * 32), ("bob/0", 3, "cd" * 32)))
_SIGNED = seals.sign_seal(seed_of("alice"), _SEAL, "alice", 0)
_IDENTITY = sshsig.PublicIdentity(key_of("alice"))
_TOKEN = sshsig.PublicIdentity(key_of("alice"), "ssh:")
_CARD = cards.compose_card(sign=lambda message: sshsig.sign(seed_of("alice"), sshsig.namespace("card", MODE), message), mode=MODE, name="alice",
                           person="Alice", organisation="Acme", site="Zürich", contact="+41", identity=_IDENTITY.text)

SEEDS: dict[str, list[bytes]] = {
    "canonical_json": [_ENTRY.line()[:-1], b'{"a":[1,-2,"\xc3\xa9",true]}', b"[[[]]]", b'"\\\\\\""'],
    "cbor_value": [cbor.encode(_ENTRY.as_object()), cbor.encode([1, 500, -70000, 2**40, "x" * 300, "ab" * 300])],
    "entry": [_ENTRY.line(), _ENTRY.redacted().line(), _GROUP.founding.line()],
    "bundle": [bundles.Bundle(_GROUP.id, (_GROUP.founding, _ENTRY, _ENTRY.redacted()), (_SIGNED,)).to_bytes()],
    "evidence": [evidences.Evidence("RECORD-FORK", "bob", (_ENTRY, _ENTRY.redacted())).line()],
    "card": [cards.card_line(_CARD)],
    "seal": [_SEAL.text()],
    "armor": [_SIGNED.armored(_IDENTITY, MODE).encode(),
              sshsig.armor(sshsig.SshSignature(_TOKEN, "n", "sha256", bytes(69))).encode()],
    "public_key": [_IDENTITY.text.encode(), _TOKEN.text.encode() + b" comment"],
    "typed_words": [" ".join(words("ab" * 32)).encode()],
    "shown_text": ["plain [red] \x1b[0m \u202e é\u0301\u0301\u0301".encode()],
}


def _law(raw: bytes, decode: Callable[[bytes], object], encode: Callable[[object], bytes], error: type[Exception]) -> None:
    try:
        value = decode(raw)
    except error:
        return
    assert encode(value) == raw, "accepted, but written back differently"


def canonical_json(raw: bytes) -> None:
    _law(raw, lambda raw: canonical.decode(raw, max_bytes=10**6), canonical.encode, CanonicalMalformed)


def cbor_value(raw: bytes) -> None:
    _law(raw, cbor.decode, cbor.encode, BundleMalformed)


def entry(raw: bytes) -> None:
    _law(raw, entries.parse_line, lambda value: value.line(), (entries.EntryMalformed, entries.LeafMismatch))


def bundle(raw: bytes) -> None:
    _law(raw, bundles.parse_bundle, lambda value: value.to_bytes(), BundleMalformed)


def evidence(raw: bytes) -> None:
    _law(raw, evidences.parse_evidence, lambda value: value.line(), evidences.EvidenceMalformed)


def card(raw: bytes) -> None:
    _law(raw, cards.parse_card, cards.card_line, cards.CardMalformed)


def seal(raw: bytes) -> None:
    _law(raw, seals.parse_seal, lambda value: value.text(), seals.SealMalformed)


def armor(raw: bytes) -> None:
    """Lines may be wrapped at other widths than ours, so the line breaks are left out of the comparison."""
    _law(raw, lambda raw: sshsig.parse_armor(raw.decode("latin-1")),
         lambda value: raw if sshsig.armor(value).replace("\n", "").encode() == raw.replace(b"\n", b"") else b"", sshsig.ArmorMalformed)


def public_key(raw: bytes) -> None:
    """A comment and line ends may follow the key."""
    _law(raw, lambda raw: sshsig.parse_openssh_public(raw.decode("latin-1")),
         lambda value: raw if raw.strip(b"\r\n").startswith(value.text.encode()) else b"", sshsig.KeyMalformed)


def typed_words(raw: bytes) -> None:
    try:
        assert len(parse_words(raw.decode("utf-8", "replace"))) == 20
    except WordsMalformed:
        pass


def shown_text(raw: bytes) -> None:
    shown = visible(raw.decode("utf-8", "surrogateescape"), 40)
    assert len(shown) <= 40 and shown.isprintable() and not set(shown) & set("[]\\")
