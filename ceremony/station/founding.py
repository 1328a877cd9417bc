"""How a station comes into being and into a group: its identity, its card, the charter it founds or finds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Iterable

from ceremony.base.errors import Fault, LocalFault, Refused
from ceremony.base.secret import Secret
from ceremony.ceremonies.charter import Charter, check_charter
from ceremony.ceremonies.kinds import KINDS, check_body
from ceremony.record import sshsig
from ceremony.record.card import Card, compose_card
from ceremony.record.entry import Entry, compose, parse_line
from ceremony.record.log import Log
from ceremony.station.desk import entry_row, sealed
from ceremony.station.home import DATABASE, Home
from ceremony.station.member import own_card
from ceremony.station.passphrase import PassphraseOpener, check_new_passphrase
from ceremony.station.rows import GroupRow, SecretRow
from ceremony.station.store import Store
from ceremony.station.transaction import Tx
from ceremony.station.vault import Vault, new_vault
from ceremony.station.world import World

CARD_FIELDS = ("name", "person", "organisation", "site", "contact")


def check_free(path: Path) -> None:
    """Refuses (``HOME-EXISTS``) a folder that holds a station, before the holder is asked anything."""
    if os.path.lexists(path / DATABASE):
        raise LocalFault("HOME-EXISTS", f"there is a station at {path} already", meaning="It was not touched.",
                         do="Name another folder with --home.")


def new_station(path: Path, mode: str, about: dict[str, str], passphrase: Secret[str], world: World) -> Card:
    """Make a home with a new identity (its private part only in the vault) and its card. about: CARD_FIELDS.

    Raises: Malformed for a card that cannot be, LocalFault for the place or the passphrase. Then no home is there.
    """
    check_new_passphrase(passphrase, mode)
    seed = world.secret(32)
    card = compose_card(sign=lambda message: sshsig.sign(seed, sshsig.namespace("card", mode), message), mode=mode,
                        identity=sshsig.openssh_public(sshsig.public_key(seed)), **about)
    opener = PassphraseOpener(passphrase, mode, world.entropy)

    def first(tx: Tx) -> None:
        tx.set_meta("mode", mode)
        tx.set_meta("card", json.dumps(card, sort_keys=True))
        tx.set_meta("created", world.clock())
        _keep_identity(tx, new_vault(tx, opener, world.entropy), seed, world)

    with Home.create(path, production=mode == "production", first=first):
        return card


def _keep_identity(tx: Tx, vault: Vault, seed: Secret[bytes], world: World) -> None:
    tx.put_secret(sealed(vault, SecretRow(world.entropy(16).hex(), "", "identity", 0, "", "active", b""), seed))


def check_foundable(store: Store, charter: Charter) -> Card:
    """This station's card, if it may found this group: it is a member, and has not founded it before."""
    card = own_card(store)
    if card not in charter.body["stations"]:
        raise Refused("CHARTER-CARDS", "this station's own card is not in the charter",
                      meaning="Only a member can found a group.", do="Put this station into the plan, with its card.")
    if any(row.id == charter.group for row in store.groups()):
        raise Refused("CHARTER-FOUNDED", "this station is in a group with exactly this charter already",
                      meaning="Nothing was done; founding it twice would give this station two histories.",
                      do="Go on with `ceremony go`.")
    return card


def found(store: Store, vault: Vault, charter: Charter, world: World) -> Entry:
    """Say the founding entry on this station's new chain in this group."""
    card = check_foundable(store, charter)
    identity = vault.open(store.secrets("", "identity")[-1])
    entry = compose(sign=lambda core: sshsig.sign(identity, sshsig.namespace("entry", charter.mode), core),
                    salt=world.entropy(32), group=charter.group, author=card["name"], inc=0, seq=0, prev="", seen={},
                    ceremony="", kind="charter.found", level=KINDS["charter.found"].level, time=world.clock(),
                    body=dict(charter.body))
    Log.found(entry, check_body)
    with store.transaction() as tx:
        tx.add_group(GroupRow(entry.group, entry.id, card["name"], 0))
        tx.add_entry(entry_row(entry))
    return entry


def find_founding(lines: Iterable[tuple[str, bytes]]) -> Entry | None:
    """The first good founding entry among lines from a medium; lines that are not one are passed over."""
    for _, raw in lines:
        if b'"kind":"charter.found"' not in raw:
            continue
        try:
            entry = parse_line(raw)
            if entry.kind == "charter.found" and entry.body is not None:
                check_body(entry)
                check_charter(entry.body)
                Log.found(entry, check_body)
                return entry
        except Fault:
            continue
    return None


def join_found(store: Store, founding: Entry) -> GroupRow | None:
    """Take up a group that lists this station's card; None when it does not. Says nothing yet: the holder decides."""
    card, body = own_card(store), founding.body
    if card not in body["stations"]:
        return None
    row = GroupRow(founding.group, founding.id, card["name"], 0)
    with store.transaction() as tx:
        tx.add_group(row)
        tx.add_entry(entry_row(founding))
    return row
