"""The list of keys for `ssh-keygen`: which principal may sign for which purpose, as the record itself gives it.

It is the group's own word. Whoever audits compares it with what he had from elsewhere.
"""

from __future__ import annotations

from ceremony.ceremonies.membership import Membership
from ceremony.record.sshsig import PublicIdentity, namespace, parse_openssh_public


def allowed_signers(members: Membership) -> bytes:
    """The text of an allowed_signers file (ssh-keygen(1)): stations as `<name>/<incarnation>`, witnesses by name."""
    mode = members.charter.mode
    lines = [station_line(label, members.identity(label), mode) for label in sorted(members.members())]
    # Without the comment that may stand behind a witness's key: it is the founder's text, and of no use to ssh-keygen.
    lines += [witness_line(witness["name"], parse_openssh_public(witness["key"]), mode)
              for witness in sorted(members.charter.body["witnesses"], key=lambda witness: witness["name"])]
    return "".join(lines).encode("ascii")


def station_line(label: str, identity: PublicIdentity, mode: str) -> str:
    """The line of one chain: its station signs entries, seals and its card."""
    purposes = ",".join(namespace(purpose, mode) for purpose in ("entry", "seal", "card"))
    return f'{label} namespaces="{purposes}" {identity.text}\n'


def witness_line(name: str, identity: PublicIdentity, mode: str) -> str:
    """The line of a witness, who signs seals and nothing else."""
    return f'{name} namespaces="{namespace("seal", mode)}" {identity.text}\n'
