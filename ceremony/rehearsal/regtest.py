"""A regtest chain of a rehearsal's own: blocks as bytes, made without a node, valid under Bitcoin Core's rules.

Every coinbase carries the marker of the group it was made for, so that a rehearsal station can tell its own toy money
from everything else. Times follow the genesis block and not a clock: the same arguments give the same chain. Sources:
BIP-34 (height), BIP-141 (witness commitment), Bitcoin Core's regtest parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ceremony.base.ids import GroupId
from ceremony.chains.bitcoin.bytestream import compact_size
from ceremony.chains.bitcoin.rehearsal_origin import rehearsal_marker
from ceremony.chains.bitcoin.transaction import (
    NULL_OUTPOINT, SEQUENCE_FINAL, Transaction, TxIn, TxOut, double_sha256)

GENESIS_HASH = bytes.fromhex("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")[::-1]
GENESIS_TIME = 1296688602
BLOCK_SECONDS = 600
SUBSIDY_SAT = 5_000_000_000      # regtest halves it first at height 150
MATURITY = 100                   # blocks on top of a coinbase before it may be spent
MAX_FUNDED = 40                  # with the maturity still below the first halving
BITS = 0x207fffff                # every second hash is below this target
TARGET = 0x7fffff << 8 * (0x20 - 3)
BLOCK_VERSION = 0x20000000
WITNESS_RESERVED = bytes(32)
COMMITMENT_PREFIX = bytes.fromhex("6a24aa21a9ed")
NOTHING = TxOut(0, b"\x6a")      # an output for a coinbase that pays nobody


@dataclass(frozen=True)
class Regtest:
    """A chain. `blocks` are raw, from height 1 (everybody knows genesis); `funding` are the spendable coinbases."""

    group_id: GroupId
    blocks: tuple[bytes, ...]
    funding: tuple[Transaction, ...]

    @property
    def height(self) -> int:
        """Height of the newest block; genesis is 0."""
        return len(self.blocks)


def funded_chain(scripts: Sequence[bytes], group_id: GroupId) -> Regtest:
    """A chain whose first coinbases pay 50 bitcoin to each of `scripts` (1 to MAX_FUNDED), all of them mature."""
    if not 1 <= len(scripts) <= MAX_FUNDED:
        raise ValueError(f"1 to {MAX_FUNDED} scripts")
    chain = Regtest(group_id, (), ())
    for script in scripts:
        chain = _with_block(chain, TxOut(SUBSIDY_SAT, script), ())
    for _ in range(MATURITY):
        chain = _with_block(chain, NOTHING, ())
    return chain


def with_transactions(chain: Regtest, transactions: Sequence[Transaction]) -> Regtest:
    """The chain with one more block that holds these transactions. Nothing is validated here."""
    return _with_block(chain, NOTHING, tuple(transactions))


def _with_block(chain: Regtest, reward: TxOut, transactions: tuple[Transaction, ...]) -> Regtest:
    height = chain.height + 1
    coinbase = _coinbase(height, chain.group_id, reward, transactions)
    previous = double_sha256(chain.blocks[-1][:80]) if chain.blocks else GENESIS_HASH
    block = _mined(previous, GENESIS_TIME + height * BLOCK_SECONDS, (coinbase, *transactions))
    funding = chain.funding if reward is NOTHING else (*chain.funding, coinbase)
    return Regtest(chain.group_id, (*chain.blocks, block), funding)


def _coinbase(height: int, group_id: GroupId, reward: TxOut, transactions: tuple[Transaction, ...]) -> Transaction:
    """The first transaction of a block: height, marker, reward, and the commitment to all witnesses."""
    wtxids = [bytes(32)] + [transaction.wtxid() for transaction in transactions]
    commitment = COMMITMENT_PREFIX + double_sha256(merkle_root(wtxids) + WITNESS_RESERVED)
    marker = rehearsal_marker(group_id)
    script_sig = _push_height(height) + bytes([len(marker)]) + marker
    spent = TxIn(NULL_OUTPOINT, script_sig, SEQUENCE_FINAL, (WITNESS_RESERVED,))
    return Transaction(2, (spent,), (reward, TxOut(0, commitment)), 0)


def _push_height(height: int) -> bytes:
    """BIP-34: the height as a script number, in the shortest push."""
    if height <= 16:
        return bytes([0x50 + height])
    number = height.to_bytes(height.bit_length() // 8 + 1, "little")  # one bit more: the sign
    return bytes([len(number)]) + number


def _mined(previous: bytes, time: int, transactions: tuple[Transaction, ...]) -> bytes:
    """A block whose header hash is below the target; the target is so high that a few nonces suffice."""
    root = merkle_root([transaction.txid() for transaction in transactions])
    start = b"".join((BLOCK_VERSION.to_bytes(4, "little"), previous, root, time.to_bytes(4, "little"),
                      BITS.to_bytes(4, "little")))
    nonce = 0
    while int.from_bytes(double_sha256(start + nonce.to_bytes(4, "little")), "little") > TARGET:
        nonce += 1
    body = b"".join(transaction.serialize() for transaction in transactions)
    return start + nonce.to_bytes(4, "little") + compact_size(len(transactions)) + body


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 32-byte hashes as Bitcoin builds it: the last of an odd level is taken twice."""
    level = list(hashes)
    while len(level) > 1:
        level += level[-1:] * (len(level) % 2)
        level = [double_sha256(level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]
