"""Why a rehearsal cannot be made to sign for real money: every coin it spends must come from its own generated chain.

A rehearsal's chain marks each of its coinbases with the group it was made for. An input is accepted only with the whole
transaction that funds it, and only if that is such a coinbase or a transaction this group signed before.
"""

from __future__ import annotations

from typing import AbstractSet, Iterator

from ceremony.base.errors import Refused
from ceremony.base.ids import GroupId
from ceremony.chains.bitcoin.psbt import Psbt
from ceremony.chains.bitcoin.transaction import NULL_OUTPOINT, Transaction, shown_txid

OP_PUSHDATA1, OP_PUSHDATA2, OP_PUSHDATA4 = 0x4c, 0x4d, 0x4e


def rehearsal_marker(group_id: GroupId) -> bytes:
    """The 51 bytes that a coinbase of this group's rehearsal chain pushes in its scriptSig."""
    return b"ceremony-rehearsal " + group_id[:32].encode("ascii")


def check_rehearsal_origin(psbt: Psbt, group_id: GroupId, own_txids: AbstractSet[str]) -> None:
    """Every input spends a coinbase marked for this group, or one of `own_txids` (64 hex, as people read them).

    Raises Refused (TX-REHEARSAL-ORIGIN) for any other input, and for one whose funding transaction is missing or not
    the one it names.
    """
    for index, txin in enumerate(psbt.transaction.inputs):
        _, funding = psbt.previous_output(index)
        if funding is None or funding.txid() != txin.outpoint.txid:
            _refuse(index, "carries no funding transaction, or another one")
        elif shown_txid(funding.txid()) not in own_txids and not _is_marked(funding, group_id):
            _refuse(index, "comes neither from this rehearsal's own chain nor from a transaction it signed")


def _is_marked(transaction: Transaction, group_id: GroupId) -> bool:
    is_coinbase = len(transaction.inputs) == 1 and transaction.inputs[0].outpoint == NULL_OUTPOINT
    return is_coinbase and rehearsal_marker(group_id) in _pushes(transaction.inputs[0].script_sig)


def _pushes(script: bytes) -> Iterator[bytes]:
    """The data that a script pushes, up to its end or the first push that has too few bytes."""
    at = 0
    while at < len(script):
        opcode, at = script[at], at + 1
        width = {OP_PUSHDATA1: 1, OP_PUSHDATA2: 2, OP_PUSHDATA4: 4}.get(opcode, 0)
        size = opcode if opcode < OP_PUSHDATA1 else int.from_bytes(script[at:at + width], "little")
        at += width
        if at + size > len(script):
            return
        if 0 < opcode <= OP_PUSHDATA4:
            yield script[at:at + size]
            at += size


def _refuse(index: int, seen: str) -> None:
    raise Refused("TX-REHEARSAL-ORIGIN", f"input {index} {seen}",
                  meaning="a rehearsal signs nothing that could be real money",
                  do="spend the coins that the rehearsal's chain gave you, with their whole transactions in the PSBT")
