"""A station's own steps in signing: prepare nonces, open a request, and sign or decline it.

A nonce leaves the vault in the same commit that records the partial signature made with it, bound to one opening for
ever. What the holder approves is what this station decoded; what it signs is what the holder approved.
"""

from __future__ import annotations

from typing import Sequence

from ceremony.base.errors import LocalFault, Refused, Seat
from ceremony.base.ids import Name
from ceremony.ceremonies.keygen import GroupKey
from ceremony.ceremonies.signing import (
    Signing, examine_request, reserved_by, reserved_fault, shown_hash)
from ceremony.chains.bitcoin.facts import SigningRequest
from ceremony.protocols.frost import rounds
from ceremony.record.entry import Entry
from ceremony.station import copies
from ceremony.station.desk import Desk, Step
from ceremony.station.rows import SecretRow
from ceremony.station.world import Question

NONCES_AHEAD = 8  # prepared for each holder who may open a request
NONCES_LOW = 3    # below this many free ones, `go` prepares anew
YES, NO = "Yes", "No"


def held_key(desk: Desk) -> GroupKey | None:
    """The key whose shard this station keeps: the group's, or one that it acknowledged and others have yet to.

    Nonces are prepared from the acknowledgment on, so that they travel with it and cost no visit of their own.
    """
    certified = (k.key for k in desk.state.keygens if k.key is not None and desk.name in k.acks)
    key = desk.state.key or next(certified, None)
    return key if key and desk.store.secrets(desk.group.id, "share", ref=key.id) else None


def stock_low(desk: Desk) -> bool:
    """Whether some other holder could have this station sign fewer than NONCES_LOW inputs."""
    key = held_key(desk)
    return key is not None and any(len(desk.state.pool.free(desk.name, name, key.id)) < NONCES_LOW
                                   for name in _assigners(desk))


def _assigners(desk: Desk) -> list[Name]:
    """The other holders who may open a request that counts."""
    members = desk.state.members
    return [name for name in members.charter.names if name != desk.name and not members.stopped(members.current[name])]


def prepare_nonces(desk: Desk, count: int, only_low: bool = False) -> str:
    """Prepare `count` nonces for each other holder to assign; their secret halves stay in the vault.

    only_low: top up only for whom fewer than NONCES_LOW are free.
    """
    key = held_key(desk)
    if key is None:
        raise Refused("SIGN-NO-KEY", "this station keeps no shard yet", meaning="Nothing was prepared.",
                      do="Make a key with `ceremony open keygen`.")
    short = [name for name in _assigners(desk)
             if not only_low or len(desk.state.pool.free(desk.name, name, key.id)) < NONCES_LOW]
    if not short:
        return ""
    copies.require_member(desk)
    with desk.step() as step:
        for assigner in short:
            _export_nonces(desk, step, key, assigner, count)
    return f"prepared {count} nonces for each of {', '.join(short)}"


def _export_nonces(desk: Desk, step: Step, key: GroupKey, assigner: Name, count: int) -> None:
    made = [_fresh_nonce(desk, key, extra=f"{assigner} {i}".encode()) for i in range(count)]
    entry = step.say("nonces", {"assigner": assigner, "epoch": key.epoch, "key": key.id,
                                "pubnonces": [public.hex() for _, public in made]})
    for index, (secnonce, _) in enumerate(made):
        step.keep("nonce", f"{entry.id}:{index}", "prepared", secnonce.to_vault(), key.epoch)


def _fresh_nonce(desk: Desk, key: GroupKey, msg: bytes | None = None,
                 extra: bytes | None = None) -> tuple[rounds.SecNonce, bytes]:
    """A nonce that stays secret and new even where the randomness fails or repeats: the shard is hashed into it."""
    seat = Seat(desk.state.charter.seat(desk.name))
    _, share = desk.need_secret("share", key.id, "the shard of this key")
    return rounds.nonce_gen(desk.world.secret(32), share, key.pubshares[seat].compressed(), key.point.xonly(), msg,
                            extra, seat=seat)


def free_to_assign(desk: Desk, name: Name) -> int:
    """How many inputs this station could let `name` sign now."""
    key = desk.state.key
    return len(desk.state.pool.free(name, desk.name, key.id)) if key and name != desk.name else 10**6


def examined(desk: Desk, psbt: bytes) -> SigningRequest:
    """What signing a PSBT would do with this group's key; raises the rule that forbids it."""
    key, state = desk.state.key, desk.state
    if key is None:
        raise Refused("SIGN-NO-KEY", "this group has no key yet", meaning="Nothing was opened.",
                      do="Make one with `ceremony open keygen`.")
    txids = frozenset(s.request.txid for s in state.signings if s.status == "done")
    return examine_request(psbt, key, state.charter, txids)


def check_sign(desk: Desk, psbt: bytes, signers: Sequence[Name] | None,
               replaces: Sequence[str] = ()) -> tuple[SigningRequest, tuple[Name, ...]]:
    """What a request for this PSBT would do, and who would sign it; raises the reason why it cannot be opened."""
    copies.require_member(desk)
    request = examined(desk, psbt)
    other = reserved_by(frozenset(i.outpoint for i in request.inputs), list(replaces), desk.state.signings)
    if other is not None:
        raise reserved_fault(other)
    return request, _signers(desk, signers, len(request.inputs))


def open_sign(desk: Desk, psbt: bytes, signers: Sequence[Name] | None, replaces: Sequence[str] = ()) -> Entry:
    """Open a request: decode it, choose the signers, give each of the others one prepared nonce per input."""
    request, chosen = check_sign(desk, psbt, signers, replaces)
    key, state = desk.state.key, desk.state
    fresh = [_fresh_nonce(desk, key, msg=item.digest) for item in request.inputs] if desk.name in chosen else []
    nonces = {name: [list(slot) for slot in state.pool.free(name, desk.name, key.id)[:len(request.inputs)]]
              for name in chosen if name != desk.name}
    nonces |= {desk.name: [public.hex() for _, public in fresh]} if fresh else {}
    body = {"epoch": key.epoch, "heads": _heads(desk, chosen), "key": key.id, "nonces": nonces, "psbt": psbt.hex(),
            "replaces": sorted(replaces), "shown": shown_hash(request), "signers": list(chosen)}
    with desk.step() as step:
        entry = step.say("sign.open", body)
        for index, (secnonce, _) in enumerate(fresh):
            step.keep("nonce", f"{entry.id}:{index}", f"assigned {entry.id}", secnonce.to_vault(), key.epoch)
    return entry


def _signers(desk: Desk, asked: Sequence[Name] | None, inputs: int) -> tuple[Name, ...]:
    """Exactly t signers in seat order: those asked for, or this station and the next ones with enough nonces."""
    names, t = desk.state.charter.names, desk.state.charter.t
    able = {name for name in names if free_to_assign(desk, name) >= inputs}
    if asked is None:
        at = names.index(desk.name)
        asked = [name for name in names[at:] + names[:at] if name in able][:t]
    unknown = [name for name in asked if name not in names]
    if unknown or len(set(asked)) != len(asked) or len(asked) != t and set(asked) <= able:
        raise Refused("SIGN-SIGNERS", f"a request is signed by exactly {t} different holders of "
                      f"{', '.join(names)}; {len(asked)} can be used here",
                      do="Name them with --signers, or collect nonces first: take the stick round once.")
    short = [name for name in asked if name not in able]
    if short:
        raise Refused("SIGN-NO-NONCES", f"too few prepared nonces of {', '.join(short)} for {inputs} inputs",
                      do="They run `ceremony prepare --nonces 20` and the stick comes back here, or choose others.")
    return tuple(name for name in names if name in asked)


def _heads(desk: Desk, signers: Sequence[Name]) -> dict[str, list]:
    """Where every other signer's chain stands, as this station holds it."""
    log, current = desk.log, desk.state.members.current
    heads = {}
    for name in signers:
        if name != desk.name:
            last = log.chain(current[name])[-1]
            heads[current[name]] = [last.seq, last.id]
    return heads


def sign(desk: Desk, signing: Signing) -> str:
    """Show the request, ask for Yes, and give the partial signatures; or decline. Every rule is judged here again."""
    _may_sign(desk, signing)
    answer = desk.world.asker.ask(Question(
        "sign.yes", "yes", "Type Yes to sign exactly this, No to decline it.", signing))
    if answer == NO:
        reason = desk.world.asker.ask(Question("decline.reason", "text", "Why do you decline? (one line, recorded)"))
        with desk.step() as step:
            step.say("sign.decline", {"reason": reason[:400]}, signing.id)
        return "declined the request"
    if answer != YES:
        return ""
    rows, psigs = _partials(desk, signing)
    with desk.step() as step:
        for row in rows:
            step.erase(row)
        step.say("sign.partial", {"psigs": [p.hex() for p in psigs], "shown": shown_hash(signing.request)}, signing.id)
    return "signed its part"


def _may_sign(desk: Desk, signing: Signing) -> None:
    """What forbids this station to sign, whatever its holder wants."""
    earlier = [s for s in desk.state.signings
               if s.id != signing.id and (desk.name in s.partials or _older(desk, s, signing))]
    other = reserved_by(signing.outpoints, signing.opening.body["replaces"], earlier)
    if other is not None:
        raise reserved_fault(other)
    pinned = signing.opening.body["heads"].get(desk.label)
    row = desk.store.entry(pinned[1]) if pinned else None
    if desk.name != signing.opening.author and (row is None or row.label != desk.label):
        raise LocalFault("SIGN-ROLLED-BACK", "the request names an entry of this station that it does not hold",
                         meaning="This home is an older copy of itself, or another copy is at work.",
                         do="Do not sign here. Use `station recover` to start a new incarnation.")


def _older(desk: Desk, other: Signing, signing: Signing) -> bool:
    """Whether `other` had been opened in what the opener of `signing` knew, or sorts first when neither knew."""
    if desk.log.precedes(other.id, signing.id):
        return True
    return not desk.log.precedes(signing.id, other.id) and other.id < signing.id


def _partials(desk: Desk, signing: Signing) -> tuple[list[SecretRow], list[bytes]]:
    """One partial signature per input, each verified, and the nonce rows that they consume."""
    seat = Seat(desk.state.charter.seat(desk.name))
    _, share = desk.need_secret("share", signing.key.id, "the shard of this key")
    rows, psigs = [], []
    for index, item in enumerate(signing.opening.body["nonces"][desk.name]):
        ref = f"{signing.id}:{index}" if isinstance(item, str) else f"{item[0]}:{item[1]}"
        row, secret = desk.need_secret("nonce", ref, "the nonce that this request assigns to it")
        if row.state not in ("prepared", f"assigned {signing.id}"):
            raise LocalFault("SIGN-NONCE-STATE", "this nonce belongs to another request", do="Do not sign.")
        context, pubnonces = signing.sessions[index], signing.pubnonces[index]
        psigs.append(rounds.sign(rounds.SecNonce(secret), share, context, seat, pubnonces))
        rows.append(row)
    return rows, psigs


def wipe_dead(desk: Desk) -> None:
    """Destroy the nonces that nobody will ever need: those that dead requests had taken and this station did not use,
    and those of an assigner whose machine was replaced.

    What a request named without the right to it is left alone: else anybody could burn everybody's nonces.
    """
    pool, current = desk.state.pool, desk.state.members.current
    dead = [s for s in desk.state.signings if s.status == "dead" and desk.name not in s.partials]
    refs = {f"{id}:{index}" for s in dead for id, index in pool.rightly_taken(s.opening)}
    gone = {id for id, export in pool.exports.items() if export.assigner != current[export.entry.body["assigner"]]}
    own = {f"assigned {s.id}" for s in dead}
    rows = [row for row in desk.store.secrets(desk.group.id, "nonce")
            if row.ref in refs or row.ref.split(":")[0] in gone or row.state in own]
    if rows:
        with desk.step() as step:
            for row in rows:
                step.erase(row)
