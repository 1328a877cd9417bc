"""The seal signatures that a station holds, and which of them still fit.

The text of a done ceremony's seal changes only when an entry that it names turns out to have a second version, made by
a copied station. That of a dead one does when a second refusal, given elsewhere at the same time, arrives. A signature
made before over the earlier text is then worth nothing and is asked for again.
"""

from __future__ import annotations

from ceremony.base.errors import Fault, Unattributed
from ceremony.base.ids import ChainLabel
from ceremony.ceremonies.sealing import Ended, seal_of
from ceremony.record import sshsig
from ceremony.record.seal import parse_seal_signature
from ceremony.station.rows import SealRow


def check_seal(state, over: Ended, signer: str, inc: int, raw: bytes) -> str:
    """The armoured signature as text, if this station or witness made it over this seal; raises a Fault otherwise."""
    witness = {w["name"]: w["key"] for w in state.charter.body["witnesses"]}.get(signer) if inc == 0 else None
    identity = sshsig.parse_openssh_public(witness) if witness \
        else state.members.identity(ChainLabel(f"{signer}/{inc}"))
    if identity is None:
        raise Unattributed("SEAL-SIGNER", f"{signer} is neither a station nor a witness of this group",
                           meaning="The signature does not count.", do="Take the file off the medium.")
    armoured = raw.decode("ascii", "replace")
    parse_seal_signature(armoured, seal_of(state, over), signer, inc, identity)
    return armoured


def may_change(state, over: Ended) -> bool:
    """Whether a signature that was right before can be over another text than the seal's present one."""
    return over.outcome != "done" or bool(state.log.forks())


def fitting(state, over: Ended, rows: list[SealRow]) -> list[SealRow]:
    """The rows whose signature is over the seal as it reads now."""
    return [row for row in rows if _fits(state, over, row)]


def _fits(state, over: Ended, row: SealRow) -> bool:
    try:
        check_seal(state, over, row.signer, row.inc, row.sig.encode("ascii"))
    except Fault:
        return False
    return True
