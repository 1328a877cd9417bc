"""A rehearsal's own money: a regtest chain that pays the group's addresses, a request that spends it, and its proof.

The chain is a JSON file that anybody can make again; nothing in it is worth anything.
"""

from __future__ import annotations

import json
from typing import Any

from ceremony.base.errors import Malformed, UsageFault
from ceremony.base.ids import HEX32, GroupId
from ceremony.chains.bitcoin.account import taproot_key
from ceremony.chains.bitcoin.bip32 import ExtendedKey
from ceremony.chains.bitcoin.descriptor import parse_descriptor
from ceremony.rehearsal.consensus import Verdict, prove
from ceremony.rehearsal.regtest import Regtest, funded_chain
from ceremony.rehearsal.spend import spend_psbt

SUBSIDY_SAT = 5_000_000_000
MAX_CHAIN_BYTES = 50_000_000


class ChainMalformed(Malformed):
    """The file is no chain that `fund` wrote."""


def account_from(descriptor: str) -> ExtendedKey:
    """The account key of a group's descriptor, as `ceremony address --descriptor` prints it."""
    return parse_descriptor(descriptor).account


def fund(descriptor: str, group: str, *, coins: int = 2, amount_sat: int = 6_000_000_000,
         version: int = 0) -> tuple[bytes, bytes]:
    """A chain file with `coins` mature coinbases of 50 bitcoin to the group's first addresses, and a PSBT over them.

    The PSBT pays `amount_sat` to an address outside and the rest, less a fee, to the group's change branch.
    """
    if not 0 < amount_sat < coins * SUBSIDY_SAT:
        raise UsageFault("REHEARSE-AMOUNT", f"{coins} coins of 50 bitcoin do not pay {amount_sat} sat")
    account = account_from(descriptor)
    chain = funded_chain([taproot_key(account, 0, index).script for index in range(coins)], GroupId(group))
    value = {"group": group, "blocks": [block.hex() for block in chain.blocks]}
    return json.dumps(value).encode(), spend_psbt(account, chain.funding, amount_sat, version=version)


def connect(chain_file: bytes, transaction: bytes) -> Verdict:
    """Bitcoin Core's verdict on a raw transaction at the end of a chain file. Raises as `consensus.prove`."""
    return prove(_read_chain(chain_file), transaction)


def _read_chain(raw: bytes) -> Regtest:
    try:
        value: Any = json.loads(raw[:MAX_CHAIN_BYTES])
        if not HEX32.fullmatch(value["group"]):
            raise ValueError
        return Regtest(GroupId(value["group"]), tuple(bytes.fromhex(block) for block in value["blocks"]), ())
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ChainMalformed("REHEARSE-CHAIN", "the file is no rehearsal chain",
                             do="Use the chain file that `ceremony rehearse --fund` wrote.") from None
