"""What an auditor trusts from elsewhere: the charter's fingerprint, stations' cards, or a list of allowed signers.

An anchor never comes out of the transcript. Without one, a whole invented group would verify as well as a true one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ceremony.base.errors import Malformed
from ceremony.base.ids import HEX32, NAME, ChainLabel
from ceremony.base.limits import MAX_CARD_BYTES
from ceremony.codec.words import parse_words
from ceremony.record.card import Card, check_card, parse_card
from ceremony.record.sshsig import BadSignature, PublicIdentity, namespace, parse_openssh_public

MODES = ("production", "rehearsal")
_SIGNER = re.compile(r'(?P<who>[^ "]+) (?:namespaces="(?P<spaces>[^"]*)" )?(?P<key>(?:ssh|sk-ssh)-[^ ]+ [^ ]+)(?: .*)?')
_WHO = re.compile(rf"{NAME.pattern}(?:/(?:0|[1-9][0-9]{{0,15}}))?")


class AnchorMalformed(Malformed):
    """ANCHOR-MALFORMED: what was given as trusted is no fingerprint, no card and no list of allowed signers."""


@dataclass(slots=True)
class Anchor:
    """All that was given, together. fingerprints: beginnings of the group's id in hex, 40 or 64 digits.

    keys: (chain label or witness's name, purpose and mode as a namespace) -> the keys that may sign so.
    """

    fingerprints: list[str] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    keys: dict[tuple[str, str], set[PublicIdentity]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.fingerprints or self.keys)

    def allowed(self, who: str, purpose: str, mode: str) -> set[PublicIdentity]:
        """The keys with which a chain's station, or a witness, may sign; empty when the anchor does not know it."""
        return self.keys.get((who, namespace(purpose, mode)), set())

    def knows(self, who: str) -> bool:
        """Whether the anchor names a key of this chain or witness, for whatever purpose."""
        return any(name == who for name, _ in self.keys)

    def modes(self) -> list[str]:
        """The modes in which some station may sign entries."""
        spaces = {space for _, space in self.keys}
        return [mode for mode in MODES if namespace("entry", mode) in spaces]

    def labels(self, mode: str) -> dict[ChainLabel, bytes]:
        """One plain key for each chain that may sign entries in a mode: for a record whose charter is withheld."""
        found = {who: sorted(identity.key for identity in keys if not identity.application)
                 for (who, space), keys in self.keys.items() if "/" in who and space == namespace("entry", mode)}
        return {ChainLabel(who): keys[0] for who, keys in found.items() if keys}

    def add(self, name: str, raw: bytes) -> None:
        """Take in one thing that was given. name: what a person calls it. Raises AnchorMalformed."""
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise _malformed(name, "it is not text") from None
        words = text.split()
        if len(words) == 1 and HEX32.fullmatch(words[0].lower()):
            self.fingerprints.append(words[0].lower())
        elif len(words) == 15 and all(word.isalpha() for word in words):
            self._words(name, text)
        elif text.startswith("{"):
            self._card(name, raw)
        else:
            self._signers(name, text)

    def _words(self, name: str, text: str) -> None:
        try:
            self.fingerprints.append(parse_words(text).hex())
        except Malformed as fault:
            raise _malformed(name, fault.seen) from None

    def _card(self, name: str, raw: bytes) -> None:
        try:
            card = parse_card(raw[:MAX_CARD_BYTES + 1])
            check_card(card)
        except (Malformed, BadSignature) as fault:
            raise _malformed(name, fault.seen) from None
        self.cards.append(card)
        for purpose in ("entry", "seal"):
            self._key(f"{card['name']}/0", namespace(purpose, card["mode"]), parse_openssh_public(card["identity"]))

    def _signers(self, name: str, text: str) -> None:
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if not lines:
            raise _malformed(name, "it is empty")
        for line in lines:
            found = _SIGNER.fullmatch(line.strip())
            try:
                identity = parse_openssh_public(found["key"]) if found else None
            except Malformed:
                identity = None
            if found is None or identity is None:
                raise _malformed(name, "a line is not of the form: principals namespaces=\"…\" ssh-ed25519 key")
            self._allow(name, found["who"].split(","), found["spaces"], identity)

    def _allow(self, name: str, who: list[str], spaces: str | None, identity: PublicIdentity) -> None:
        """A principal without incarnation is a station's founding chain, or a witness."""
        named = spaces.split(",") if spaces is not None else [namespace(p, m) for p in ("entry", "seal") for m in MODES]
        for one in who:
            if not _WHO.fullmatch(one):
                raise _malformed(name, "a principal is neither <name> nor <name>/<incarnation>; patterns are not read")
            for space in named:
                self._key(one, space, identity)
                if "/" not in one:
                    self._key(f"{one}/0", space, identity)

    def _key(self, who: str, space: str, identity: PublicIdentity) -> None:
        self.keys.setdefault((who, space), set()).add(identity)


def _malformed(name: str, seen: str) -> AnchorMalformed:
    return AnchorMalformed("ANCHOR-MALFORMED", f"{name} cannot be used as an anchor: {seen}")
