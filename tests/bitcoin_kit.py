"""What the Bitcoin tests build with: one account whose secret the test knows, and PSBTs put together pair by pair.

The account stands for a threshold key: a test signs for it with the single secret that no ceremony would ever have. PSBTs
are serialised here by code of its own, so that a mistake of the product is not repeated by its test.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ceremony.algebra.schnorr import schnorr_sign
from ceremony.algebra.secp256k1 import G, N, mul_public, scalar_to_bytes
from ceremony.base.secret import Secret
from ceremony.chains.bitcoin.account import taproot_key
from ceremony.chains.bitcoin.bip32 import ExtendedKey, TaprootKey, account_key
from ceremony.chains.bitcoin.facts import SigningRequest
from ceremony.chains.bitcoin.networks import REGTEST, Network
from ceremony.chains.bitcoin.transaction import OutPoint, Transaction, TxIn, TxOut

ACCOUNT_SECRET = int.from_bytes(hashlib.sha256(b"a key that only tests have").digest(), "big") % N
CHAIN_CODE = hashlib.sha256(b"its chain code").digest()
STRANGER = b"\x00\x14" + hashlib.sha256(b"a stranger").digest()[:20]
STRANGE_TAPROOT = b"\x51\x20" + mul_public(7, G).xonly()
RBF = 0xfffffffd

Pair = tuple[bytes, bytes]


def account_of(secret: int = ACCOUNT_SECRET, network: Network = REGTEST) -> ExtendedKey:
    return account_key(mul_public(secret, G).compressed(), CHAIN_CODE, network.xpub_version)


ACCOUNT = account_of()


def secret_of(key: TaprootKey, secret: int = ACCOUNT_SECRET) -> int:
    """The secret of an address key: the tweak list applied as a single signer would (BIP-327, ApplyTweak)."""
    for tweak, is_xonly in key.tweaks:
        if is_xonly and not mul_public(secret, G).has_even_y():
            secret = N - secret
        secret = (secret + int.from_bytes(tweak, "big")) % N
    return secret


def sign(request: SigningRequest, secret: int = ACCOUNT_SECRET, account: ExtendedKey = ACCOUNT) -> list[bytes]:
    """One signature for each input."""
    keys = [taproot_key(account, *one.path) for one in request.inputs]
    return [schnorr_sign(Secret(scalar_to_bytes(secret_of(key, secret))), one.digest, bytes(32))
            for key, one in zip(keys, request.inputs, strict=True)]


def compact(number: int) -> bytes:
    if number < 0xfd:
        return bytes([number])
    return b"\xfd" + number.to_bytes(2, "little") if number < 1 << 16 else b"\xfe" + number.to_bytes(4, "little")


def sized(data: bytes) -> bytes:
    return compact(len(data)) + data


def u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def funding(amount_sat: int, script: bytes, salt: int = 0) -> Transaction:
    """A transaction whose output 1 holds `amount_sat` for `script`."""
    source = OutPoint(hashlib.sha256(b"somewhere %d" % salt).digest(), 0)
    return Transaction(2, (TxIn(source, b"", 0xffffffff, (b"x" * 64,)),), (TxOut(1, STRANGER), TxOut(amount_sat, script)), 0)


@dataclass
class In:
    """An input to build: by default of the account at `path`, with everything an honest wallet states."""

    amount_sat: int = 100_000
    path: tuple[int, int] = (0, 0)
    script: bytes | None = None
    sequence: int = RBF
    salt: int = 0
    vout: int = 1
    drop: tuple[int, ...] = ()
    put: tuple[Pair, ...] = ()
    account: ExtendedKey = field(default_factory=lambda: ACCOUNT)

    @property
    def key(self) -> TaprootKey:
        return taproot_key(self.account, *self.path)

    def previous(self) -> Transaction:
        return funding(self.amount_sat, self.script or self.key.script, self.salt)

    def txin(self) -> TxIn:
        return TxIn(OutPoint(self.previous().txid(), self.vout), b"", self.sequence)

    def pairs(self) -> list[Pair]:
        previous = self.previous()
        pairs = [(b"\x00", previous.serialize()), (b"\x01", previous.outputs[1].serialize()),
                 *(derivation(0x16, self.key, self.account)), (b"\x17", self.key.internal_key)]
        return edited(pairs, self.drop, self.put)


@dataclass
class Out:
    """An output to build. With a `path` it is the account's and says so."""

    amount_sat: int = 60_000
    script: bytes = STRANGER
    path: tuple[int, int] | None = None
    drop: tuple[int, ...] = ()
    put: tuple[Pair, ...] = ()

    def txout(self) -> TxOut:
        return TxOut(self.amount_sat, taproot_key(ACCOUNT, *self.path).script if self.path else self.script)

    def pairs(self) -> list[Pair]:
        key = taproot_key(ACCOUNT, *self.path) if self.path else None
        pairs = [*derivation(0x07, key, ACCOUNT), (b"\x05", key.internal_key)] if key else []
        return edited(pairs, self.drop, self.put)


def derivation(number: int, key: TaprootKey, account: ExtendedKey) -> list[Pair]:
    return [(bytes([number]) + key.internal_key, b"\x00" + account.fingerprint() + b"".join(map(u32, key.path)))]


def edited(pairs: list[Pair], drop: tuple[int, ...], put: tuple[Pair, ...]) -> list[Pair]:
    """Without the dropped fields; a pair that is put replaces one of the same key."""
    kept = [(key, value) for key, value in pairs if key[0] not in drop and key not in dict(put)]
    return kept + list(put)


def change(amount_sat: int = 39_000, index: int = 0) -> Out:
    return Out(amount_sat, path=(1, index))


def build(inputs: list[In] | None = None, outputs: list[Out] | None = None, version: int = 0, *, locktime: int = 0,
          tx_version: int = 2, put: tuple[Pair, ...] = ()) -> bytes:
    """A PSBT of version 0 or 2. By default 100 000 sat of ours pay 60 000 to a stranger, 39 000 come back, 1 000 are fee."""
    inputs = [In()] if inputs is None else inputs
    outputs = [Out(), change()] if outputs is None else outputs
    in_maps, out_maps = [one.pairs() for one in inputs], [one.pairs() for one in outputs]
    txins, txouts = [one.txin() for one in inputs], [one.txout() for one in outputs]
    if version == 0:
        unsigned = Transaction(tx_version, tuple(txins), tuple(txouts), locktime)
        globals_ = [(b"\x00", unsigned.serialize_stripped())]
    else:
        globals_ = [(b"\x02", u32(tx_version)), (b"\x03", u32(locktime)), (b"\x04", compact(len(txins))),
                    (b"\x05", compact(len(txouts))), (b"\xfb", u32(2))]
        in_maps = [pairs + [(b"\x0e", txin.outpoint.txid), (b"\x0f", u32(txin.outpoint.vout)), (b"\x10", u32(txin.sequence))]
                   for pairs, txin in zip(in_maps, txins)]
        out_maps = [pairs + [(b"\x03", txout.amount_sat.to_bytes(8, "little")), (b"\x04", txout.script)]
                    for pairs, txout in zip(out_maps, txouts)]
    return serialized([edited(globals_, (), put), *in_maps, *out_maps])


def serialized(maps: list[list[Pair]]) -> bytes:
    return b"psbt\xff" + b"".join(b"".join(sized(k) + sized(v) for k, v in pairs) + b"\x00" for pairs in maps)
