"""A table of stations in one process: real stores, real protocols, an injected vault and a holder who answers by rule.

What is left out is only what the commands add: Argon2id, the terminal, the stick. Lines pass between stations as bytes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from ceremony.base.secret import Secret
from ceremony.ceremonies.charter import Charter, make_charter
from ceremony.ceremonies.signing import account_of
from ceremony.chains.bitcoin.account import taproot_key
from ceremony.codec.words import words
from ceremony.record import sshsig
from ceremony.record.card import compose_card
from ceremony.rehearsal.regtest import funded_chain
from ceremony.rehearsal.spend import spend_psbt
from ceremony.station import founding, go, intake, outbox
from ceremony.station.desk import Desk, sealed
from ceremony.station.home import Home
from ceremony.station.rows import SecretRow
from ceremony.station.vault import Vault
from ceremony.station.world import Question, World



@dataclass
class Holder:
    """Answers questions. `answers` overrides by question id; each may be a value or a function of the question."""

    name: str
    names: tuple[str, ...]
    answers: dict[str, object] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def ask(self, question: Question) -> str:
        self.asked.append(question)
        answer = self.answers.get(question.id)
        if callable(answer):
            answer = answer(question)
        if answer is not None:
            return str(answer)
        if question.kind == "name":
            return question.choices[0]
        if question.kind == "words":
            return " ".join(words(question.subject))
        return "Yes" if question.kind == "yes" else "no reason"

    def passphrase(self, id: str, prompt: str) -> Secret[str]:
        return Secret("correct horse battery staple")

    def tell(self, text: str) -> None:
        self.told.append(text)


class Station:
    """One home with its store, vault, holder and, once it belongs to a group, its desk."""

    def __init__(self, path: Path, name: str, names: tuple[str, ...], entropy: Callable[[int], bytes], mode: str,
                 machine: str | None = None, clock: Callable[[], str] | None = None):
        self.name, self.mode = name, mode
        self.holder = Holder(name, names)
        self.world = World(clock or (lambda: "2026-11-22T12:00:00Z"), entropy, lambda: machine or f"machine of {name}",
                           self.holder)
        seed = Secret(entropy(32))
        self.vault = Vault(Secret(entropy(32)), entropy)
        self.card = compose_card(
            sign=lambda m: sshsig.sign(seed, sshsig.namespace("card", mode), m), mode=mode, name=name,
            person=f"{name.title()} Person", organisation=f"org of {name}", site=f"site of {name}", contact="+41 1",
            identity=sshsig.openssh_public(sshsig.public_key(seed)))

        def first(tx):
            import json
            tx.set_meta("mode", mode)
            tx.set_meta("card", json.dumps(self.card, sort_keys=True))
            tx.put_secret(sealed(self.vault, SecretRow(entropy(16).hex(), "", "identity", 0, "", "active", b""), seed))

        self.home = Home.create(path, production=False, first=first)
        self.store = self.home.store
        self.desk: Desk | None = None
        self.last = None

    def sit(self) -> Desk:
        """Open the desk anew, as a new command would."""
        self.desk = Desk(self.store, self.store.groups()[0], self.world, self.vault)
        return self.desk

    def listen(self, stick: dict[str, bytes]) -> Desk:
        """Take in what the stick holds, and do nothing yet."""
        lines = [(name, line + b"\n") for name, raw in stick.items() if not name.endswith((".sig", ".seal"))
                 for line in raw.split(b"\n")[:-1]]
        seals = [(name, raw) for name, raw in stick.items() if name.endswith(".sig")]
        if not self.store.groups():
            founding.join_found(self.store, founding.find_founding(lines))
        desk = self.sit()
        self.taken = intake.take_in(desk, lines, seals)
        return desk

    def visit(self, stick: dict[str, bytes], act: Callable[[Desk], object] | None = None) -> go.Done:
        """One visit: take in what the stick holds, optionally act (open something), do what is owed, write the stick."""
        desk = self.listen(stick)
        if act:
            act(desk)
        self.last = go.run(desk, lambda: self.vault)
        packs = {f"{outbox.folder(desk.group.id)}/ended/{one}.jsonl": b"".join(lines)
                 for one, lines in outbox.packed(desk).items()}
        stick.update(packs | outbox.loose(desk) | outbox.seals(desk))
        return self.last


class Table:
    """t-of-n stations round one stick (a dict of file name to bytes)."""

    def __init__(self, folder: Path, t: int, n: int, mode: str = "rehearsal", entropy: Callable[[int], bytes] | None = None,
                 machines: dict[str, str] | None = None, witnesses: tuple[dict[str, str], ...] = ()):
        import os
        self.names = tuple("alice bob carol dave erin frank grace heidi ivan judy kim".split()[:n])
        self.stations = {name: Station(folder / name, name, self.names, entropy or os.urandom, mode,
                                       (machines or {}).get(name)) for name in self.names}
        self.stick: dict[str, bytes] = {}
        plan = {"name": "treasury", "scheme": "taproot", "threshold": t, "stations": list(self.names),
                "network": "regtest" if mode == "rehearsal" else "signet", "mode": mode, "rotation_days": 90,
                "policy": {"kind": "ask-every-holder"}, "contacts": [{"name": "Dora Duty", "how": "+41 79"}],
                "escalation": ["Dora Duty"], "witnesses": list(witnesses),
                "losing_one_shard_loses_everything": "yes, we accept this" if t == n else ""}
        self.charter: Charter = make_charter(plan, [s.card for s in self.stations.values()])
        founder = self.stations[self.names[0]]
        founding.found(founder.store, founder.vault, self.charter, founder.world)

    def __getitem__(self, name: str) -> Station:
        return self.stations[name]

    def round(self, *names: str) -> None:
        """The stick visits these stations, or all in seat order."""
        for name in names or self.names:
            self[name].visit(self.stick)

    def found(self) -> None:
        """Everybody accepts the charter: the founder comes last, when somebody else can read to him."""
        first = self[self.names[0]]
        first.holder.answers["accept.charter"] = "later"
        self.round()
        del first.holder.answers["accept.charter"]
        self.round(self.names[0])

    def keygen(self) -> int:
        """Make the key; returns the number of visits until everybody has seen it done."""
        from ceremony.station.steps_keygen import open_keygen
        visits = 0
        for name in itertools.cycle(self.names):
            self[name].visit(self.stick, open_keygen if visits == 0 else None)
            visits += 1
            if all(s.desk and s.desk.state.key for s in self.stations.values()) or visits > 10 * len(self.names):
                return visits

    def bytes_said(self) -> int:
        """Bytes of all entry lines that exist."""
        lines = {line for s in self.stations.values() for row in s.store.groups()
                 for line in [e.line for e in s.store.entries(row.id)]}
        return sum(map(len, lines))

    def key(self):
        return self[self.names[0]].desk.state.key




def regtest_psbt(table: Table, *, coins: int = 1, amount_sat: int = 1_000_000_000, version: int = 0):
    """A regtest chain that pays the table's key, and a PSBT that spends its coins with change: (chain, bytes)."""
    account = account_of(table.key(), "regtest")
    chain = funded_chain([taproot_key(account, 0, i).script for i in range(coins)], table.charter.group)
    return chain, spend_psbt(account, chain.funding, amount_sat, version=version)
