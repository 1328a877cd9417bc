"""What a holder is warned of although it is lawful: each warning has a stable name and one sentence of our own words.

A warning never repeats text from the request. The order is that of this file, so that two stations show the same list.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator

from ceremony.chains.bitcoin import psbt_fields as fields
from ceremony.chains.bitcoin.address import ANCHOR, DATA, FUTURE_WITNESS, P2PK, UNKNOWN, witness_program
from ceremony.chains.bitcoin.facts import PAYMENT, REDEPOSIT, OutputFacts, SigningRequest, RequestWarning
from ceremony.chains.bitcoin.psbt import Psbt
from ceremony.chains.bitcoin.psbt_fields import LOCKTIME_THRESHOLD
from ceremony.chains.bitcoin.transaction import SEQUENCE_FINAL, TxOut

HIGH_FEE_PERCENT = 5         # of what is spent; the refusal comes later, at the caps
LOW_FEE_SAT_KVB = 1000       # one sat/vB, what nodes relay by default
STANDARD_WEIGHT = 400_000    # Bitcoin Core relays no larger transaction
DUST_RELAY_SAT_KVB = 3000    # Bitcoin Core's dust relay fee
SEQUENCE_NO_RELATIVE_LOCK = 1 << 31  # BIP-68


def warnings_of(psbt: Psbt, request: SigningRequest, gap_limit: int) -> SigningRequest:
    """The same request with its warnings."""
    found = (*_about_outputs(psbt, request, gap_limit), *_about_fee(request), *_about_time(psbt, request),
             *_about_form(psbt, request))
    return replace(request, warnings=found)


def dust_limit_sat(output: TxOut) -> int:
    """Below this amount nodes do not relay the output (Bitcoin Core, GetDustThreshold)."""
    if output.script[:1] == b"\x6a":
        return 0
    spend = 67 if witness_program(output.script) else 148
    return (len(output.serialize()) + spend) * DUST_RELAY_SAT_KVB // 1000


def _about_outputs(psbt: Psbt, request: SigningRequest, gap_limit: int) -> Iterator[RequestWarning]:
    if not request.returned_sat:
        yield RequestWarning("WARN-NO-CHANGE", "nothing comes back to this account: all that is spent leaves it")
    if not request.paid_sat:
        yield RequestWarning("WARN-NO-PAYMENT", "nothing is paid to anybody else; only the fee leaves this account")
    spent_from = {one.address for one in request.inputs}
    scripts = [output.script for output in psbt.transaction.outputs]
    for index, (facts, output) in enumerate(zip(request.outputs, psbt.transaction.outputs, strict=True)):
        yield from _about_output(index, facts, output, gap_limit)
        if facts.destination.address in spent_from:
            yield RequestWarning("WARN-ADDRESS-REUSE", f"output {index} goes back to an address that is spent from")
        if output.script in scripts[:index]:
            yield RequestWarning("WARN-SAME-DESTINATION", f"output {index} pays to the same place as one before it")


def _about_output(index: int, facts: OutputFacts, output: TxOut, gap_limit: int) -> Iterator[RequestWarning]:
    kind = facts.destination.kind
    if output.amount_sat < dust_limit_sat(output):
        yield RequestWarning("WARN-DUST", f"output {index} holds {output.amount_sat} sat, too little to be relayed")
    if facts.kind == REDEPOSIT:
        yield RequestWarning("WARN-REDEPOSIT", f"output {index} goes to a receive address of ours, not to change")
    if facts.path and facts.path[1] > gap_limit:
        yield RequestWarning("WARN-BEYOND-GAP", f"output {index} is ours at an index that wallets do not search")
    if kind in (UNKNOWN, P2PK, ANCHOR) and facts.kind == PAYMENT:
        yield RequestWarning("WARN-NO-ADDRESS", f"output {index} pays to a script of an unusual kind: {kind}")
    if kind == FUTURE_WITNESS:
        yield RequestWarning("WARN-FUTURE-WITNESS", f"output {index} has a future witness version: all may spend it")
    if kind == DATA:
        yield RequestWarning("WARN-DATA", f"output {index} publishes data")
        if output.amount_sat:
            yield RequestWarning("WARN-BURNT", f"output {index} destroys {output.amount_sat} sat")


def _about_fee(request: SigningRequest) -> Iterator[RequestWarning]:
    if request.fee_sat * 100 > HIGH_FEE_PERCENT * request.spent_sat:
        yield RequestWarning("WARN-HIGH-FEE", f"the fee is more than {HIGH_FEE_PERCENT} % of what is spent")
    if request.fee_rate_sat_kvb < LOW_FEE_SAT_KVB:
        yield RequestWarning("WARN-LOW-FEE", "the fee is below 1 sat/vB: nodes may not relay the transaction")


def _about_time(psbt: Psbt, request: SigningRequest) -> Iterator[RequestWarning]:
    sequences = [one.sequence for one in request.inputs]
    if request.locktime and any(sequence != SEQUENCE_FINAL for sequence in sequences):
        unit = "block" if request.locktime < LOCKTIME_THRESHOLD else "Unix time"
        yield RequestWarning("WARN-LOCKTIME", f"the transaction is not valid before {unit} {request.locktime}")
    if request.version >= 2 and any(sequence < SEQUENCE_NO_RELATIVE_LOCK for sequence in sequences):
        yield RequestWarning("WARN-RELATIVE-LOCK", "an input must rest for a time before the transaction is valid")
    if request.replaceable:
        yield RequestWarning("WARN-REPLACEABLE", "the transaction may be replaced by another until it is confirmed")


def _about_form(psbt: Psbt, request: SigningRequest) -> Iterator[RequestWarning]:
    if (psbt.globals.get(fields.GLOBAL_TX_MODIFIABLE) or b"\x00") != b"\x00":
        yield RequestWarning("WARN-MODIFIABLE", "by the file, inputs or outputs may still change; signing ends that")
    unknown = psbt.globals.unknown(fields.GLOBAL) + sum(one.unknown(fields.INPUT) for one in psbt.inputs) + sum(
        one.unknown(fields.OUTPUT) for one in psbt.outputs)
    if unknown:
        yield RequestWarning("WARN-UNKNOWN-FIELDS", f"{unknown} fields of the file are unknown to this tool")
    if request.version not in (1, 2, 3):
        yield RequestWarning("WARN-VERSION", f"transaction version {request.version} is not relayed by default")
    if request.vsize * 4 > STANDARD_WEIGHT:
        yield RequestWarning("WARN-OVERSIZE", "the transaction is larger than nodes relay by default")
