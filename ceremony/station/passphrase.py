"""From a passphrase to a key that opens one small box: Argon2id, its costs, and what a passphrase must be.

Used for the vault's data key and for backups. The costs are written beside each box, because they are needed to open
it; when read, they must lie between the mode's floor and a ceiling, so that a file put in place of ours can neither
weaken the stretching nor eat the machine's memory.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ceremony.base.errors import LocalFault
from ceremony.base.secret import Secret
from ceremony.codec import canonical
from ceremony.codec.shape import Hex, Int, Literal, Obj

Entropy = Callable[[int], bytes]
"""Gives this many fresh random bytes."""

SALT_BYTES, NONCE_BYTES, KEY_BYTES, TAG_BYTES = 16, 12, 32, 16
MIN_CHARACTERS = {"production": 12, "rehearsal": 1}
MAX_CHARACTERS = 1024


@dataclass(frozen=True)
class Cost:
    """The three costs of Argon2id (RFC 9106 section 3.1): memory in KiB, passes, lanes."""

    memory_kib: int
    passes: int
    lanes: int


# RFC 9106 section 4 recommends t = 3, p = 4 and 64 MiB where memory is short; a station that holds money has 256 MiB.
COSTS = {"production": Cost(256 * 1024, 3, 4), "rehearsal": Cost(64 * 1024, 3, 4)}
CEILING = Cost(4 * 1024 * 1024, 16, 16)


def wrap_shape(mode: str, secret_bytes: int) -> Obj:
    """The shape of a box made for `mode` around a secret of so many bytes: costs at least the mode's own."""
    floor = COSTS[mode]
    return Obj(kdf=Literal("argon2id"), salt=Hex(SALT_BYTES), memory_kib=Int(floor.memory_kib, CEILING.memory_kib),
               passes=Int(floor.passes, CEILING.passes), lanes=Int(floor.lanes, CEILING.lanes), nonce=Hex(NONCE_BYTES),
               box=Hex(secret_bytes + TAG_BYTES))


class WrongPassphrase(LocalFault):
    """The box does not open: the passphrase is another, or the box was altered. Nothing tells the two apart."""


def check_new_passphrase(passphrase: Secret[str], mode: str) -> None:
    """Refuses (``PASSPHRASE-WEAK``) a passphrase that a new box should not be closed with.

    In production it has at least 12 characters. Whoever copies the disk or finds a backup can try passphrases on his
    own machines for years, and nothing on this station can slow him but Argon2id; below 12 characters what people
    choose is found even so. Characters that Python's Unicode tables do not know are refused, because a later version
    may normalise them differently and then the box would never open again.
    """
    text = unicodedata.normalize("NFKC", passphrase.reveal())
    least = MIN_CHARACTERS[mode]
    if len(text) < least:
        why = f"it has fewer than {least} characters"
    elif len(text) > MAX_CHARACTERS:
        why = f"it has more than {MAX_CHARACTERS} characters"
    elif any(unicodedata.category(character) in {"Cc", "Cn", "Cs", "Co"} for character in text):
        why = "it holds a control character or one that this machine does not know"
    elif least > 1 and len(set(text)) < 5:
        why = "it repeats a few characters"
    else:
        return
    raise LocalFault("PASSPHRASE-WEAK", f"this passphrase cannot be used: {why}",
                     meaning="Nothing was changed. Whoever copies this disk or a backup can try passphrases for years.",
                     do="Choose six or more words at random (dice and a word list), and write them down for the safe.")


def _stretch(passphrase: Secret[str], salt: bytes, cost: Cost) -> Secret[bytes]:
    """32 bytes of Argon2id over the NFKC form in UTF-8, so that two keyboards give one key.

    A lone surrogate, which a terminal may hand over for a broken byte, is passed on as it came: then the passphrase is
    simply wrong.
    """
    text = unicodedata.normalize("NFKC", passphrase.reveal()).encode("utf-8", "surrogatepass")
    kdf = Argon2id(salt=salt, length=KEY_BYTES, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    try:
        return Secret(kdf.derive(text))
    except MemoryError:
        raise LocalFault("PASSPHRASE-MEMORY", f"this machine has no {cost.memory_kib // 1024} MiB of memory free",
                         meaning="Nothing was changed.", do="Close other programs and run the command again.") from None


def wrap(value: Secret[bytes], passphrase: Secret[str], mode: str, entropy: Entropy,
         bound: Callable[[dict], bytes]) -> dict:
    """Closes a secret into a box of the form of formats.md section 10.

    bound: gives the associated data from the box's own fields without ``box``. Salt and nonce are fresh each time.
    """
    cost, salt, nonce = COSTS[mode], entropy(SALT_BYTES), entropy(NONCE_BYTES)
    fields = {"kdf": "argon2id", "salt": salt.hex(), "memory_kib": cost.memory_kib, "passes": cost.passes,
              "lanes": cost.lanes, "nonce": nonce.hex()}
    key = _stretch(passphrase, salt, cost)
    box = ChaCha20Poly1305(key.reveal()).encrypt(nonce, value.reveal(), bound(fields))
    return {**fields, "box": box.hex()}


def unwrap(fields: dict, passphrase: Secret[str], bound: Callable[[dict], bytes]) -> Secret[bytes]:
    """Opens a box whose shape was checked. Raises: WrongPassphrase, LocalFault ``PASSPHRASE-MEMORY``."""
    outside = {name: value for name, value in fields.items() if name != "box"}
    cost = Cost(fields["memory_kib"], fields["passes"], fields["lanes"])
    key = _stretch(passphrase, bytes.fromhex(fields["salt"]), cost)
    try:
        value = ChaCha20Poly1305(key.reveal()).decrypt(bytes.fromhex(fields["nonce"]), bytes.fromhex(fields["box"]),
                                                       bound(outside))
    except InvalidTag:
        raise WrongPassphrase("PASSPHRASE", "the passphrase does not open this") from None
    return Secret(value)


class PassphraseOpener:
    """Opens a vault with one passphrase. The first `Opener`; custodians with several factors will be others."""

    def __init__(self, passphrase: Secret[str], mode: str, entropy: Entropy):
        """mode: ``production`` or ``rehearsal``; it fixes the costs. The passphrase's strength is judged elsewhere."""
        self._passphrase, self._mode, self._entropy = passphrase, mode, entropy

    def _bound(self, fields: dict) -> bytes:
        return canonical.encode({"kind": "ceremony-vault", "mode": self._mode, "v": 1, "wrap": fields})

    def wrap(self, data_key: Secret[bytes]) -> dict:
        """The slot that gives the 32-byte data key back to whoever knows the passphrase."""
        return {"kind": "ceremony-vault", "mode": self._mode, "v": 1,
                "wrap": wrap(data_key, self._passphrase, self._mode, self._entropy, self._bound)}

    def unwrap(self, slot: dict) -> Secret[bytes]:
        """The data key. Raises: ShapeMalformed for a slot of another form or mode or weaker costs; WrongPassphrase."""
        Obj(kind=Literal("ceremony-vault"), mode=Literal(self._mode), v=Literal(1),
            wrap=wrap_shape(self._mode, KEY_BYTES)).check(slot, "slot")
        return unwrap(slot["wrap"], self._passphrase, self._bound)
