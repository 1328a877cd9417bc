"""What a signing request says, as frozen values: the facts a holder is shown and the digests a station signs.

Everything here was computed by this station from the bytes of the request; nothing is text taken from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ceremony.chains.bitcoin.address import Destination
from ceremony.chains.bitcoin.bip32 import Tweak
from ceremony.chains.bitcoin.sighash import NAMES

PAYMENT, CHANGE, REDEPOSIT = "payment", "change", "redeposit"


@dataclass(frozen=True)
class RequestWarning:
    """Something lawful that a holder should know before saying yes: a stable name and one sentence."""

    name: str
    text: str


@dataclass(frozen=True)
class InputFacts:
    """One input, ours. `path` is (branch, index); `digest` (32 bytes) is signed for the x-only `output_key`.

    `tweaks` leads from the account's full point to `output_key`: 32 bytes and whether x-only, in order.
    """

    outpoint: str
    amount_sat: int
    address: str
    path: tuple[int, int]
    sequence: int
    sighash_type: int
    digest: bytes
    output_key: bytes
    tweaks: tuple[Tweak, ...]


@dataclass(frozen=True)
class OutputFacts:
    """One output. `kind` is PAYMENT, CHANGE (ours, branch 1, proved) or REDEPOSIT (ours, branch 0, proved)."""

    kind: str
    amount_sat: int
    destination: Destination
    path: tuple[int, int] | None


@dataclass(frozen=True)
class SigningRequest:
    """An examined request: sums in satoshi, `vsize` of the final transaction, `txid` as people read it (64 hex)."""

    network: str
    fingerprint: str
    txid: str
    version: int
    locktime: int
    inputs: tuple[InputFacts, ...]
    outputs: tuple[OutputFacts, ...]
    vsize: int
    warnings: tuple[RequestWarning, ...]

    @property
    def spent_sat(self) -> int:
        """Sum of the inputs."""
        return sum(one.amount_sat for one in self.inputs)

    @property
    def paid_sat(self) -> int:
        """What leaves the account without the fee."""
        return sum(one.amount_sat for one in self.outputs if one.kind == PAYMENT)

    @property
    def returned_sat(self) -> int:
        """What comes back: change and redeposits."""
        return sum(one.amount_sat for one in self.outputs if one.kind != PAYMENT)

    @property
    def fee_sat(self) -> int:
        """spent = paid + returned + fee."""
        return self.spent_sat - self.paid_sat - self.returned_sat

    @property
    def fee_rate_sat_kvb(self) -> int:
        """Fee per thousand virtual bytes, rounded down: 1000 is one sat/vB."""
        return self.fee_sat * 1000 // self.vsize

    @property
    def replaceable(self) -> bool:
        """Whether the transaction asks to be replaceable (BIP-125)."""
        return any(one.sequence < 0xfffffffe for one in self.inputs)

    def digests(self) -> tuple[bytes, ...]:
        """The 32 bytes to sign for each input, in order."""
        return tuple(one.digest for one in self.inputs)

    def facts(self) -> dict:
        """All of it as a canonical JSON value: strings, integers below 2^53, lists, objects; byte strings in hex."""
        return {
            "network": self.network, "account": self.fingerprint, "txid": self.txid, "version": self.version,
            "locktime": self.locktime, "replaceable": self.replaceable, "vsize": self.vsize,
            "spent_sat": self.spent_sat, "paid_sat": self.paid_sat, "returned_sat": self.returned_sat,
            "fee_sat": self.fee_sat, "fee_rate_sat_kvb": self.fee_rate_sat_kvb,
            "inputs": [_input(one) for one in self.inputs], "outputs": [_output(one) for one in self.outputs],
            "warnings": [{"name": one.name, "text": one.text} for one in self.warnings]}


def shown_path(path: tuple[int, int]) -> str:
    """The path below the account key as people write it, e.g. ``1/5``."""
    return f"{path[0]}/{path[1]}"


def _input(one: InputFacts) -> dict:
    return {"outpoint": one.outpoint, "amount_sat": one.amount_sat, "address": one.address,
            "path": shown_path(one.path), "sequence": one.sequence, "sighash": NAMES[one.sighash_type],
            "digest": one.digest.hex(), "key": one.output_key.hex()}


def _output(one: OutputFacts) -> dict:
    return {"kind": one.kind, "amount_sat": one.amount_sat, "to": one.destination.kind,
            "address": one.destination.address, "hex": one.destination.hex,
            "path": shown_path(one.path) if one.path else ""}
