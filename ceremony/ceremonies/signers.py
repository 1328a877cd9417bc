"""The list of keys for `ssh-keygen`: which principal may sign for which purpose, as the record itself gives it.

It is the group's own word. Whoever audits compares it with what he had from elsewhere.
"""

from __future__ import annotations

from ceremony.ceremonies.membership import Membership
from ceremony.record.sshsig import namespace, parse_openssh_public


def allowed_signers(members: Membership) -> bytes:
    """The text of an allowed_signers file (ssh-keygen(1)): stations as `<name>/<incarnation>`, witnesses by name."""
    mode, lines = members.charter.mode, []
    for label in sorted(members.members()):
        purposes = ",".join(namespace(purpose, mode) for purpose in ("entry", "seal", "card"))
        lines.append(f'{label} namespaces="{purposes}" {members.identity(label).text}\n')
    for witness in sorted(members.charter.body["witnesses"], key=lambda witness: witness["name"]):
        # Without the comment that may stand behind a key: it is the founder's text, and of no use to ssh-keygen.
        key = parse_openssh_public(witness["key"]).text
        lines.append(f'{witness["name"]} namespaces="{namespace("seal", mode)}" {key}\n')
    return "".join(lines).encode("ascii")
