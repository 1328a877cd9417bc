"""Step 10: seals. Their text is computed here; what lies in the files must be that, and is counted when signed."""

from __future__ import annotations

from collections import defaultdict

from ceremony.base.errors import Fault, Malformed
from ceremony.base.ids import ChainLabel
from ceremony.ceremonies.sealing import Ended, ended, seal_of
from ceremony.ceremonies.signers import allowed_signers, station_line, witness_line
from ceremony.record.seal import Seal, parse_seal, parse_seal_signature
from ceremony.record.sshsig import PublicIdentity, parse_openssh_public
from ceremony.verify.findings import DEVIATION, INCOMPLETE, INVALID
from ceremony.verify.material import SealFile
from ceremony.verify.work import KEYGEN, MEMBERSHIP, NONCES, SIGNING, Audit

NEEDS = {"charter": MEMBERSHIP, "incarnation": MEMBERSHIP, "keygen": (*MEMBERSHIP, KEYGEN),
         "sign": (*MEMBERSHIP, KEYGEN, NONCES, SIGNING)}


def seals(audit: Audit) -> None:
    """Step 10. Each ended ceremony's seal says what the record says; who signed it, and who has not."""
    computed = _computed(audit)
    given = {}
    for file in audit.material.seals:
        seal = _read(audit, file, computed)
        if seal is not None:
            given[file.ceremony] = seal
    signed: dict[str, set[str]] = defaultdict(set)
    for file in audit.material.signatures:
        seal = computed[file.ceremony][1] if file.ceremony in computed else given.get(file.ceremony)
        if seal is None:
            audit.say("SEAL-UNSUPPORTED", INCOMPLETE, f"a signature over the seal of {file.ceremony[:8]}, which this "
                      "record does not show as ended", where=file.where)
        elif _signature(audit, file, seal):
            signed[file.ceremony].add(file.signer)
    _unsigned(audit, given, signed)
    for over, _ in computed.values():
        _absent(audit, over, signed[over.id])
    _signers_file(audit)


def _computed(audit: Audit) -> dict[str, tuple[Ended, Seal]]:
    """The seal of each ended ceremony whose bodies are all shown."""
    found = {}
    for over in ended(audit.state) if audit.state else ():
        if audit.hidden(*NEEDS[over.kind]):
            audit.skip(f"the seal text of {over.kind} {over.id[:8]}: entries on which it rests are withheld")
        else:
            found[over.id] = (over, seal_of(audit.state, over))
    return found


def _read(audit: Audit, file: SealFile, computed: dict[str, tuple[Ended, Seal]]) -> Seal | None:
    """The seal in a file, if it may stand: it is the computed one, or nothing is known against it."""
    audit.count()
    try:
        seal = parse_seal(file.raw)
    except Malformed as fault:
        audit.fault(fault, where=file.where)
        return None
    if file.ceremony in computed:
        if seal != computed[file.ceremony][1]:
            audit.say("SEAL-TEXT", INVALID, f"this is not the seal of {file.ceremony[:8]} that follows from the "
                      "record", where=file.where, entry=file.ceremony)
        return None
    if (seal.ceremony, seal.group, seal.mode) != (file.ceremony, audit.group, audit.mode):
        audit.say("SEAL-TEXT", INVALID, "this seal is of another ceremony, group or mode", where=file.where)
        return None
    absent = [head for head in seal.heads if head[2] not in audit.log.entries]
    if absent or seal.ceremony not in audit.log.entries:
        audit.say("SEAL-UNSUPPORTED", INCOMPLETE, f"this seal names {len(absent)} entries that are not here",
                  where=file.where)
        return None
    if not audit.hidden():
        audit.say("SEAL-TEXT", INVALID, f"this seal says that {seal.kind} {seal.ceremony[:8]} has ended; by the record "
                  "it has not", where=file.where, entry=seal.ceremony)
        return None
    audit.skip(f"what the seal of {seal.kind} {seal.ceremony[:8]} says of its result: bodies are withheld")
    return seal


def _unsigned(audit: Audit, given: dict[str, Seal], signed: dict[str, set[str]]) -> None:
    """A seal that could not be computed here stands by its signatures alone; one that nobody signed says nothing."""
    for file in audit.material.seals:
        if file.ceremony in given and not signed[file.ceremony]:
            beside = any(one.ceremony == file.ceremony for one in audit.material.signatures)
            audit.say("SEAL-UNSIGNED", INVALID if beside else INCOMPLETE, "no good signature over this text lies "
                      "beside it, and bodies are withheld from which it would follow", where=file.where)


def _identity(audit: Audit, signer: str, inc: int) -> PublicIdentity | None:
    """The key with which a station or a witness of this group signs seals."""
    label = ChainLabel(f"{signer}/{inc}")
    if audit.state is not None:
        witnesses = {w["name"]: w["key"] for w in audit.state.charter.body["witnesses"]}
        if signer in witnesses and not inc:
            return parse_openssh_public(witnesses[signer])
        return audit.state.members.identity(label)
    known = audit.anchor.allowed(label, "seal", audit.mode) | audit.anchor.allowed(signer, "seal", audit.mode)
    if known:
        return min(known, key=lambda identity: identity.key)
    key = audit.log.key(label)
    return PublicIdentity(key) if key else None


def _signature(audit: Audit, file: SealFile, seal: Seal) -> bool:
    """Whether one file is a good signature over the seal by whom its name says; a finding when not."""
    audit.count()
    try:
        identity = _identity(audit, file.signer, file.inc)
        if identity is None:
            audit.say("SEAL-SIGNER", INVALID, f"{file.signer}/{file.inc} is neither a station nor a witness of this "
                      "group", where=file.where)
            return False
        parse_seal_signature(file.raw.decode("ascii", "replace"), seal, file.signer, file.inc, identity)
    except Fault as fault:
        audit.fault(fault, where=file.where)
        return False
    return True


def _absent(audit: Audit, over: Ended, signed: set[str]) -> None:
    charter = audit.state.charter
    witnesses = [witness["name"] for witness in charter.body["witnesses"]]
    missing = [name for name in (*charter.names, *witnesses) if name not in signed]
    stations = [name for name in charter.names if name in signed]
    audit.facts.setdefault("ceremonies", []).append(
        {"id": over.id, "kind": over.kind, "outcome": over.outcome, "sealed": len(stations), "of": charter.n,
         "witnesses": [name for name in witnesses if name in signed], "missing": missing})
    if missing:
        audit.say("SEAL-ABSENT", DEVIATION, f"the seal of {over.kind} {over.id[:8]} is signed by {len(stations)} of "
                  f"{charter.n} stations and {len(signed) - len(stations)} of {len(witnesses)} witnesses; not by "
                  f"{', '.join(missing)}", entry=over.id)


def _signers_file(audit: Audit) -> None:
    """The list of keys beside the transcript must be the one that follows from it: somebody will use it."""
    for where, raw in audit.material.signers:
        audit.count()
        if audit.state is not None and not audit.hidden(*MEMBERSHIP):
            right = raw == allowed_signers(audit.state.members)
        else:
            right = all(_fits(audit, line) for line in raw.decode("ascii", "replace").splitlines(keepends=True))
        if not right:
            audit.say("FILE-SIGNERS", INVALID, "this list of keys is not the one that follows from the record",
                      where=where)


def _fits(audit: Audit, line: str) -> bool:
    """Whether one line is in its one form, and a station's key the one with which the record was verified."""
    who, _, rest = line.partition(" ")
    try:
        identity = parse_openssh_public(rest.partition(" ")[2])
    except Malformed:
        return False
    if "/" not in who:
        return line == witness_line(who, identity, audit.mode)
    key = audit.log.key(ChainLabel(who))
    return line == station_line(who, PublicIdentity(key) if key else identity, audit.mode)
