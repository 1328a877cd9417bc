"""The examination of a PSBT: from bytes that somebody sent to the facts a holder may be asked about, or a refusal.

Every station does this by itself, and an auditor does it again. The order is: form, network, what each input spends,
amounts, ownership, fields of the inputs, outputs, fee; then the digests. Each refusal has a stable name (`TX-…`).
The signature is of BIP-341's key path, which commits to the amount and script of every input: a witness UTXO that lies
yields a signature that nobody can use, never one that pays a larger fee.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from ceremony.base.errors import Refused
from ceremony.base.limits import MAX_PSBT_INPUTS, MAX_PSBT_OUTPUTS
from ceremony.chains.bitcoin import psbt_fields as fields
from ceremony.chains.bitcoin import sighash
from ceremony.chains.bitcoin.account import check_claims, find_own, input_hints, output_hints
from ceremony.chains.bitcoin.address import describe
from ceremony.chains.bitcoin.bip32 import CHANGE as CHANGE_BRANCH
from ceremony.chains.bitcoin.bip32 import ExtendedKey, TaprootKey
from ceremony.chains.bitcoin.facts import CHANGE, PAYMENT, REDEPOSIT, InputFacts, OutputFacts, SigningRequest
from ceremony.chains.bitcoin.networks import Network
from ceremony.chains.bitcoin.psbt import Psbt
from ceremony.chains.bitcoin.psbt_map import PsbtMap
from ceremony.chains.bitcoin.request_warnings import warnings_of
from ceremony.chains.bitcoin.transaction import NULL_OUTPOINT, TxOut, shown_txid

MAX_MONEY_SAT = 21_000_000 * 100_000_000
MODIFIABLE_KNOWN = 0b111  # inputs, outputs, has SIGHASH_SINGLE (BIP-370)

SIGNED_FIELDS = (fields.IN_PARTIAL_SIG, fields.IN_TAP_KEY_SIG, fields.IN_TAP_SCRIPT_SIG, fields.IN_FINAL_SCRIPTSIG,
                 fields.IN_FINAL_SCRIPTWITNESS, fields.IN_MUSIG2_PARTIAL_SIG)
SCRIPT_FIELDS = (fields.IN_TAP_LEAF_SCRIPT, fields.IN_TAP_MERKLE_ROOT, fields.IN_REDEEM_SCRIPT,
                 fields.IN_WITNESS_SCRIPT)


@dataclass(frozen=True)
class Limits:
    """What an examination lets pass. The fee is refused above either cap; the percentage is of the sum of the inputs.

    gap_limit: the highest index searched on both branches without a hint.
    """

    max_fee_sat: int = 1_000_000
    max_fee_percent: int = 20
    gap_limit: int = 200
    max_inputs: int = MAX_PSBT_INPUTS
    max_outputs: int = MAX_PSBT_OUTPUTS


def examine(psbt: Psbt, account: ExtendedKey, network: Network, limits: Limits = Limits()) -> SigningRequest:
    """What signing this PSBT would do, in facts and digests.

    account: the group's account key. Raises Refused with a check name `TX-…`; nobody is blamed, since a PSBT is signed
    by nobody.
    """
    _check_frame(psbt, account, network, limits)
    spent = tuple(_spent_output(psbt, index) for index in range(len(psbt.inputs)))
    _check_amounts(psbt, spent)
    keys = _owners(psbt, account, spent, limits)
    for index, key in enumerate(keys):
        _check_input_fields(psbt.inputs[index], key, index)
    outputs = tuple(_output_facts(psbt, account, network, index, limits) for index in range(len(psbt.outputs)))
    _check_fee(sum(o.amount_sat for o in spent), sum(o.amount_sat for o in psbt.transaction.outputs), limits)
    inputs = _input_facts(psbt, network, spent, keys)
    vsize = _final_vsize(psbt, inputs)
    request = SigningRequest(
        network.name, account.fingerprint().hex(), shown_txid(psbt.transaction.txid()), psbt.transaction.version,
        psbt.transaction.locktime, inputs, outputs, vsize, ())
    return warnings_of(psbt, request, limits.gap_limit)


def _check_frame(psbt: Psbt, account: ExtendedKey, network: Network, limits: Limits) -> None:
    """Everything that can be judged before any single input is looked at."""
    foreign = [xpub for xpub, _ in psbt.globals.all(fields.GLOBAL_XPUB) if xpub[:4] != network.xpub_version]
    if foreign or account.version != network.xpub_version:
        _refuse("TX-FOREIGN-NETWORK", f"the request or the account is of another network than {network.name}")
    outpoints = [txin.outpoint for txin in psbt.transaction.inputs]
    if not outpoints:
        _refuse("TX-NO-INPUTS", "the request spends nothing")
    if not psbt.transaction.outputs:
        _refuse("TX-NO-OUTPUTS", "the request pays to nobody: everything would be fee")
    if len(outpoints) > limits.max_inputs or len(psbt.outputs) > limits.max_outputs:
        _refuse("TX-TOO-LARGE", f"more than {limits.max_inputs} inputs or {limits.max_outputs} outputs")
    if len(set(outpoints)) != len(outpoints):
        _refuse("TX-DUPLICATE-INPUT", "one output is spent twice")
    if NULL_OUTPOINT in outpoints:
        _refuse("TX-NULL-INPUT", "an input spends nothing that exists, as only a block's first transaction does")
    if (psbt.globals.get(fields.GLOBAL_TX_MODIFIABLE) or b"\x00")[0] & ~MODIFIABLE_KNOWN:
        _refuse("TX-UNKNOWN-FLAGS", "the request demands a rule for changing it that this tool does not know")


def _spent_output(psbt: Psbt, index: int) -> TxOut:
    """The output that an input spends, from what the PSBT carries, where both sources must agree."""
    short, whole = psbt.previous_output(index)
    outpoint = psbt.transaction.inputs[index].outpoint
    if whole is not None:
        if whole.txid() != outpoint.txid:
            _refuse("TX-UTXO-TXID", f"input {index} carries another transaction than the one it spends")
        if outpoint.vout >= len(whole.outputs):
            _refuse("TX-UTXO-INDEX", f"input {index} spends an output that its transaction does not have")
        full = whole.outputs[outpoint.vout]
        if short is not None and short != full:
            _refuse("TX-UTXO-CONTRADICTION", f"input {index} states two different amounts or scripts")
        return full
    if short is None:
        _refuse("TX-UTXO-MISSING", f"input {index} states neither amount nor script",
                "have the wallet add the UTXO of every input")
    return short


def _check_amounts(psbt: Psbt, spent: tuple[TxOut, ...]) -> None:
    for what, outputs in (("inputs", spent), ("outputs", psbt.transaction.outputs)):
        amounts = [one.amount_sat for one in outputs]
        if max(amounts) > MAX_MONEY_SAT or sum(amounts) > MAX_MONEY_SAT:
            _refuse("TX-AMOUNT-RANGE", f"the {what} hold more than 21 million bitcoin")


def _owners(psbt: Psbt, account: ExtendedKey, spent: tuple[TxOut, ...], limits: Limits) -> tuple[TaprootKey, ...]:
    """The account's key for every input; all must be ours."""
    found = []
    for index, output in enumerate(spent):
        hints = input_hints(psbt.inputs[index])
        found.append(find_own(account, output.script, hints, limits.gap_limit))
        check_claims(account, found[-1], hints, f"input {index}")
    foreign = [index for index, key in enumerate(found) if key is None]
    if len(foreign) == len(found):
        _refuse("TX-INPUT-NOT-OURS", "no input belongs to this account",
                f"compare the wallet's descriptor; without a hint, indices 0 to {limits.gap_limit} were searched")
    if foreign:
        _refuse("TX-MIXED-OWNERSHIP", f"input {foreign[0]} and {len(foreign) - 1} more are not of this account",
                "ask for a request that spends this account only")
    return tuple(key for key in found if key is not None)


def _check_input_fields(one: PsbtMap, key: TaprootKey, index: int) -> None:
    """No field of an input of ours speaks of anything but an unsigned key-path spend by our key."""
    if one.has(*SIGNED_FIELDS):
        _refuse("TX-ALREADY-SIGNED", f"input {index} already carries a signature or a final witness",
                "ask for the request as it was before anybody signed")
    if one.has(*SCRIPT_FIELDS):
        _refuse("TX-SCRIPT-PATH", f"input {index} carries scripts; keys of this account have none")
    internal = one.get(fields.IN_TAP_INTERNAL_KEY)
    if internal is not None and internal != key.internal_key:
        _refuse("TX-INTERNAL-KEY", f"input {index} names another internal key than the one its script is made of")
    _sighash_type(one)


def _sighash_type(one: PsbtMap) -> int:
    """The requested type; absent means DEFAULT (BIP-371). Types other than DEFAULT and ALL are refused."""
    stated = int.from_bytes(one.get(fields.IN_SIGHASH_TYPE) or b"", "little")
    if stated not in sighash.NAMES:
        _refuse("TX-SIGHASH-TYPE", f"sighash type {stated:#x} leaves part of the transaction open",
                "ask for a request with DEFAULT or ALL")
    return stated


def _output_facts(psbt: Psbt, account: ExtendedKey, network: Network, index: int, limits: Limits) -> OutputFacts:
    """One output: change only if this station derives its script itself."""
    one, output = psbt.outputs[index], psbt.transaction.outputs[index]
    hints = output_hints(one)
    key = find_own(account, output.script, hints, limits.gap_limit)
    check_claims(account, key, hints, f"output {index}")
    destination = describe(output.script, network)
    if key is None:
        return OutputFacts(PAYMENT, output.amount_sat, destination, None)
    if one.has(fields.OUT_TAP_TREE, fields.OUT_REDEEM_SCRIPT, fields.OUT_WITNESS_SCRIPT):
        _refuse("TX-SCRIPT-PATH", f"output {index} is ours and claims scripts that it does not have")
    if one.get(fields.OUT_TAP_INTERNAL_KEY) not in (None, key.internal_key):
        _refuse("TX-INTERNAL-KEY", f"output {index} is ours and names another internal key")
    kind = CHANGE if key.path[0] == CHANGE_BRANCH else REDEPOSIT
    return OutputFacts(kind, output.amount_sat, destination, key.path)


def _check_fee(spent_sat: int, sent_sat: int, limits: Limits) -> None:
    fee_sat = spent_sat - sent_sat
    if fee_sat < 0:
        _refuse("TX-NEGATIVE-FEE", f"the outputs hold {-fee_sat} sat more than the inputs")
    if fee_sat > limits.max_fee_sat:
        _refuse("TX-FEE-ABSOLUTE", f"the fee is {fee_sat} sat, the cap is {limits.max_fee_sat} sat",
                "make the request again with a lower fee")
    if fee_sat * 100 > limits.max_fee_percent * spent_sat:
        _refuse("TX-FEE-PERCENT", f"the fee is {fee_sat} sat, over {limits.max_fee_percent} % of {spent_sat} sat spent",
                "make the request again with a lower fee")


def _input_facts(psbt: Psbt, network: Network, spent: tuple[TxOut, ...],
                 keys: tuple[TaprootKey, ...]) -> tuple[InputFacts, ...]:
    shared = sighash.commit(psbt.transaction, spent)
    facts = []
    for index, (txin, output, key) in enumerate(zip(psbt.transaction.inputs, spent, keys, strict=True)):
        kind = _sighash_type(psbt.inputs[index])
        digest = sighash.taproot_digest(psbt.transaction, shared, index, kind)
        facts.append(InputFacts(str(txin.outpoint), output.amount_sat, describe(output.script, network).address,
                                key.path, txin.sequence, kind, digest, key.output_key, key.tweaks))
    return tuple(facts)


def _final_vsize(psbt: Psbt, inputs: tuple[InputFacts, ...]) -> int:
    """Virtual size with the signatures in: 64 bytes each for DEFAULT, 65 for ALL."""
    stacks = [(bytes(64 if one.sighash_type == sighash.DEFAULT else 65),) for one in inputs]
    return psbt.transaction.with_witnesses(stacks).vsize()


def _refuse(check: str, seen: str, do: str = "do not sign; find out who made the file") -> NoReturn:
    raise Refused(check, seen, meaning="this station will not sign the request", do=do)
