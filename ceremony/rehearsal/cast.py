"""Who takes part in a rehearsal: invented people at invented places, and the plan that founds their group."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "kim", "leo", "mia",
         "nora", "oscar", "peggy")
SURNAMES = ("Arnold", "Berger", "Conti", "Dumont", "Eriksen", "Favre", "Girard", "Huber", "Ivanov", "Jensen", "Keller",
            "Lindt", "Meier", "Novak", "Olsen", "Peters")
SITES = ("Zurich", "Oslo", "Lisbon", "Vienna", "Dublin", "Turin", "Ghent", "Bergen", "Basel", "Porto", "Graz", "Cork",
         "Malmo", "Lyon", "Bern", "Delft")


@dataclass(frozen=True)
class Member:
    """One invented holder. `about` answers what `station new` asks."""

    name: str
    person: str
    organisation: str
    site: str
    contact: str

    def about(self) -> list[tuple[str, str]]:
        return [(f"card.{field}", getattr(self, field))
                for field in ("name", "person", "organisation", "site", "contact")]


def cast(n: int) -> list[Member]:
    """The first n holders. Every third works for the same house: the effective threshold has something to say."""
    houses = ("Northern Trust House", "Fjord Custody", "Alpine Vaults")
    return [Member(NAMES[i], f"{NAMES[i].title()} {SURNAMES[i]}", houses[i % 3], SITES[i], f"+41 44 000 00 {i:02}")
            for i in range(n)]


def plan_toml(t: int, members: list[Member], witness_key: str = "") -> str:
    """The plan file of the rehearsal's group."""
    lines = ['name = "rehearsal treasury"', 'scheme = "taproot"', f"threshold = {t}",
             "stations = [" + ", ".join(f'"{m.name}"' for m in members) + "]", 'network = "regtest"',
             'mode = "rehearsal"', "rotation_days = 90", 'policy = { kind = "ask-every-holder" }',
             'contacts = [ { name = "Dora Duty", how = "+41 44 000 00 99, day and night" } ]',
             'escalation = ["Dora Duty"]']
    if witness_key:
        lines.append(f'witnesses = [ {{ name = "wendy", key = "{witness_key}" }} ]')
    if t == len(members):
        lines.append('losing_one_shard_loses_everything = "yes, we accept this"')
    return "\n".join(lines) + "\n"
