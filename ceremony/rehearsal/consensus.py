"""The last word on a signed transaction: Bitcoin Core's own consensus code connects it in a block, or does not.

The code is libbitcoinkernel, through the development package py-bitcoinkernel (module `pbk`); stations never have it.
A block's acceptance is read from the height of the chain: the call that takes a block returns true for a bad one too.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from typing import Sequence

from ceremony.base.errors import LocalFault, Unattributed
from ceremony.chains.bitcoin.transaction import Transaction, parse_transaction
from ceremony.rehearsal.regtest import Regtest, with_transactions

try:
    import pbk  # type: ignore[import-untyped]
except ImportError:  # A development package: whoever asks for a verdict without it is told so.
    pbk = None


@dataclass(frozen=True)
class Verdict:
    """Heights of the chain before the block with the transaction, after its flipped twin, and after itself."""

    before: int
    after_twin: int
    after: int


class Unacceptable(Unattributed):
    """Bitcoin Core's consensus code contradicts us."""


def prove(chain: Regtest, raw_transaction: bytes) -> Verdict:
    """Shows to Core's code first the transaction with one bit of its first witness flipped, then itself.

    Raises Unacceptable: CONSENSUS-CHAIN (the chain before it is refused), CONSENSUS-TWIN (the flipped one connects),
    CONSENSUS-REFUSED (the real one is not). LocalFault (CONSENSUS-MISSING) without py-bitcoinkernel.
    """
    transaction = parse_transaction(raw_transaction)
    candidates = [with_transactions(chain, [one]).blocks[-1] for one in (flipped_twin(transaction), transaction)]
    heights = _heights(chain.blocks, candidates)
    if heights[0] != chain.height:
        raise Unacceptable("CONSENSUS-CHAIN", f"Core stopped at height {heights[0]} of {chain.height}")
    if heights[1] != chain.height:
        raise Unacceptable("CONSENSUS-TWIN", "Core connected a transaction with a flipped bit in its signature")
    if heights[2] != chain.height + 1:
        raise Unacceptable("CONSENSUS-REFUSED", "Core did not connect the block with the signed transaction")
    return Verdict(*heights)


def flipped_twin(transaction: Transaction) -> Transaction:
    """The same transaction with the lowest bit of the first byte of its first witness item flipped."""
    first, *others = transaction.inputs
    signature, *rest = first.witness
    flipped = replace(first, witness=(bytes([signature[0] ^ 1]) + signature[1:], *rest))
    return replace(transaction, inputs=(flipped, *others))


def _heights(blocks: Sequence[bytes], candidates: Sequence[bytes]) -> list[int]:
    """The chain's height after `blocks`, then after each candidate, in a chainstate that is thrown away."""
    _require_kernel()
    with tempfile.TemporaryDirectory(prefix="ceremony-consensus-") as folder:
        manager = _chainstate(folder)
        for block in blocks:
            _process(manager, block)
        heights = [manager.get_active_chain().height]
        for block in candidates:
            _process(manager, block)
            heights.append(manager.get_active_chain().height)
        del manager
    return heights


def _chainstate(folder: str):
    parameters = pbk.ChainParameters(pbk.ChainType.REGTEST)
    options = pbk.ContextOptions()
    options.set_chainparams(parameters)
    settings = pbk.ChainstateManagerOptions(pbk.Context(options), folder, f"{folder}/blocks")
    settings.update_block_tree_db_in_memory(True)
    settings.update_chainstate_db_in_memory(True)
    return pbk.ChainstateManager(settings)


def _process(manager, block: bytes) -> None:
    try:
        manager.process_block(pbk.Block(block))
    except pbk.ProcessBlockException:
        pass  # The height tells, whichever way the code chose to say no.


def _require_kernel() -> None:
    if pbk is None:
        raise LocalFault("CONSENSUS-MISSING", "Bitcoin Core's consensus code is not installed here",
                         meaning="the signed transaction was not checked by independent code",
                         do="install the development requirements (py-bitcoinkernel)")
