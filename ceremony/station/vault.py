"""The vault: every secret of a station as a sealed row of its store.

One random data key seals all rows, each under a key of its own derived from the data key and the row's id, and bound
to what the row says about itself: a row moved to another id, group, kind, epoch or state does not open. How the data
key is opened is behind `Opener`, so that several custodians can take the passphrase's place without a change here.
Python cannot wipe memory: an open vault stays in the process until it ends.
"""

from __future__ import annotations

from typing import Callable, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ceremony.base.errors import LocalFault, Malformed
from ceremony.base.secret import Secret
from ceremony.codec import canonical
from ceremony.station.passphrase import WrongPassphrase
from ceremony.station.rows import SecretRow
from ceremony.station.store import Store
from ceremony.station.transaction import Tx

DATA_KEY_BYTES, NONCE_BYTES = 32, 12
SLOT = "vault"  # the meta value that holds the wrapped data key
_INFO = b"ceremony-vault-row-v1 "
_SLOT_BYTES = 4_096


class Opener(Protocol):
    """Wraps and unwraps the data key by whatever its custodians hold."""

    def wrap(self, data_key: Secret[bytes]) -> dict:
        """A canonical-JSON value that gives the 32-byte data key back to `unwrap` and says nothing about it."""

    def unwrap(self, slot: dict) -> Secret[bytes]:
        """The data key. Raises: WrongPassphrase; a subclass of Malformed for a slot that is not one."""


class Vault:
    """An open vault. Tests make one from any 32 bytes; the commands get theirs from `unlock`."""

    def __init__(self, data_key: Secret[bytes], entropy: Callable[[int], bytes]):
        """entropy: gives fresh random bytes, for the nonce of each sealing."""
        if len(data_key.reveal()) != DATA_KEY_BYTES:
            raise ValueError("a data key has 32 bytes")
        self._data_key, self._entropy = data_key, entropy

    def _cipher(self, row_id: str) -> ChaCha20Poly1305:
        """The row's own cipher: HKDF-SHA256 (RFC 5869) of the data key without salt, the row id in the info."""
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO + row_id.encode("utf-8"))
        return ChaCha20Poly1305(derive.derive(self._data_key.reveal()))

    def seal(self, *, id: str, group: str, kind: str, epoch: int, ref: str, state: str,
             value: Secret[bytes]) -> bytes:
        """The blob of a secret's row: nonce (12 bytes), ciphertext and tag (16 bytes). A new state needs a new blob.

        The nonce is random: the few sealings that one row's key can see stay far from its limit (RFC 8439 section 4).
        """
        nonce = self._entropy(NONCE_BYTES)
        bound = _bound(SecretRow(id, group, kind, epoch, ref, state, b""))
        return nonce + self._cipher(id).encrypt(nonce, value.reveal(), bound)

    def open(self, row: SecretRow) -> Secret[bytes]:
        """The secret of a row. Raises: LocalFault ``VAULT-ROW`` when the row is not as this vault sealed it."""
        nonce, box = row.blob[:NONCE_BYTES], row.blob[NONCE_BYTES:]
        try:
            return Secret(self._cipher(row.id).decrypt(nonce, box, _bound(row)))
        except (InvalidTag, ValueError, Malformed):  # a nonce cut short; a text that could never have been sealed
            raise LocalFault("VAULT-ROW", f"the secret {row.id} ({row.kind}, epoch {row.epoch}, {row.state}) is not as "
                             "this station sealed it",
                             meaning="Its row was altered, moved, or comes from another home. This station must not "
                                     "go on with it.",
                             do="Keep the home as it is, tell the other holders, and look for who could write to it."
                             ) from None


def _bound(row: SecretRow) -> bytes:
    """What a blob is bound to: everything that the row says in the clear."""
    return canonical.encode({"epoch": row.epoch, "group": row.group, "id": row.id, "kind": row.kind, "ref": row.ref,
                             "state": row.state})


def new_vault(tx: Tx, opener: Opener, entropy: Callable[[int], bytes]) -> Vault:
    """Makes the one data key of a new home and keeps it wrapped."""
    data_key = Secret(entropy(DATA_KEY_BYTES))
    _keep(tx, opener.wrap(data_key))
    return Vault(data_key, entropy)


def unlock(store: Store, opener: Opener, entropy: Callable[[int], bytes]) -> Vault:
    """Opens the vault of a home, and sets the count of failures back.

    Ask ``store.passphrase_failures()`` before, and tell the holder when it is not 0: somebody may have tried.
    Raises: LocalFault ``VAULT-PASSPHRASE`` with the number of failures, after that number is on the disk;
    ``VAULT-MISSING``; ``VAULT-SLOT`` when what is kept is not a slot of this mode with its full costs.
    """
    vault = Vault(_data_key(store, opener), entropy)
    if store.passphrase_failures():
        with store.transaction() as tx:
            tx.clear_passphrase_failures()
    return vault


def change_passphrase(store: Store, old: Opener, new: Opener) -> None:
    """Wraps the same data key anew. Raises: as `unlock`.

    **Warning**: an older copy of the home still opens with the old passphrase; the data key does not change.
    """
    slot = new.wrap(_data_key(store, old))
    with store.transaction() as tx:
        _keep(tx, slot)


def _keep(tx: Tx, slot: dict) -> None:
    tx.set_meta(SLOT, canonical.encode(slot).decode("utf-8"))


def _data_key(store: Store, opener: Opener) -> Secret[bytes]:
    kept = store.meta(SLOT)
    if kept is None:
        raise LocalFault("VAULT-MISSING", "this home has no vault", meaning="Nothing was changed.",
                         do="Make a station with `ceremony station new`.")
    try:
        return opener.unwrap(canonical.decode(kept.encode("utf-8"), max_bytes=_SLOT_BYTES))
    except WrongPassphrase:
        raise _wrong_passphrase(store) from None
    except Malformed as problem:
        raise LocalFault("VAULT-SLOT", f"the vault's lock is not one this station made: {problem.seen}",
                         meaning="It was altered. Its passphrase was not used.",
                         do="Keep the home as it is and look for who could write to it.") from None


def _wrong_passphrase(store: Store) -> LocalFault:
    with store.transaction() as tx:
        tx.count_passphrase_failure()
    failures = store.passphrase_failures()
    times = "once" if failures == 1 else f"{failures} times"
    return LocalFault("VAULT-PASSPHRASE", f"the passphrase does not open this station's vault ({times} since it was "
                      "last opened)", meaning="Nothing was done.",
                      do="Try again. Without the passphrase this home is lost, and a backup brings the shard back.")
