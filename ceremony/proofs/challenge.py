"""Fiat and Shamir's challenge, made in one place for every proof of CGGMP24; and the masks of its provers.

One hash takes in the proof's tag, the profile, the session, the prover, the recipient, the whole statement and every
commitment, each behind its length (``codec/digest.py``). A proof is therefore worth nothing in another session, from
another prover or to another recipient, and no two lists of fields hash alike. All bits of a repeated challenge come
from that one hash over all commitments together: none can be tried over and over by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from gmpy2 import mpz

from ceremony.algebra.paillier import Randomizer
from ceremony.algebra.secp256k1 import N
from ceremony.algebra.stream import RandomStream
from ceremony.base.errors import Seat
from ceremony.codec.digest import digest
from ceremony.proofs.profiles import Profile

SESSION_BYTES = 32
EVERYBODY = None


@dataclass(frozen=True)
class Context:
    """To what a proof is bound. session: 32 bytes, the hash of all that its ceremony agreed on before.

    recipient: the seat that verifies with its own N^, or EVERYBODY for a proof that needs none. ValueError for a
    session of another length.
    """

    profile: Profile
    session: bytes
    prover: Seat
    recipient: Seat | None = EVERYBODY

    def __post_init__(self) -> None:
        if len(self.session) != SESSION_BYTES:
            raise ValueError("a session is 32 bytes")

    def fields(self) -> tuple[bytes, ...]:
        recipient = b"" if self.recipient is None else self.recipient.to_bytes(4, "big")
        return self.profile.id.encode("ascii"), self.session, self.prover.to_bytes(4, "big"), recipient


def challenge(tag: str, context: Context, statement: Sequence[bytes], commitments: Sequence[bytes]) -> bytes:
    """32 bytes. The number of the statement's fields is hashed too, so that none can pass for a commitment."""
    count = len(statement).to_bytes(2, "big")
    return digest(tag, *context.fields(), count, *statement, *commitments)


def scalar_challenge(tag: str, context: Context, statement: Sequence[bytes], commitments: Sequence[bytes]) -> int:
    """A challenge in 0..q-1; reducing the hash modulo q favours some values by 2^-128, which is of no use to anybody.
    """
    return int.from_bytes(challenge(tag, context, statement, commitments), "big") % N


def bit_challenges(tag: str, context: Context, statement: Sequence[bytes], commitments: Sequence[bytes]) -> list[int]:
    """One bit for each repetition: the first m bits of the hash, the highest of each byte first."""
    hashed = int.from_bytes(challenge(tag, context, statement, commitments), "big")
    return [hashed >> (255 - place) & 1 for place in range(context.profile.repetitions)]


def bits_bytes(bits: Sequence[int]) -> bytes:
    """Eight bits to a byte, the first highest; their number is a multiple of 8."""
    return int("".join(map(str, bits)), 2).to_bytes(len(bits) // 8, "big")


def public_stream(tag: str, context: Context, statement: Sequence[bytes]) -> RandomStream:
    """Challenges that are long numbers, for Pi-mod: a stream that everybody can repeat."""
    return RandomStream(tag, *context.fields(), *statement)


def mask_stream(tag: str, context: Context, statement: Sequence[bytes], secrets: Sequence[int],
                randomness: bytes) -> RandomStream:
    """A prover's masks, from 32 fresh bytes, its secrets and its statement.

    Masks repeat only where the proof is the same in every byte, so bytes that come twice reveal nothing. ValueError for
    randomness of another length.
    """
    if len(randomness) != 32:
        raise ValueError("the randomness is 32 bytes")
    written = [int(secret).to_bytes(int(secret).bit_length() // 8 + 1, "big", signed=True) for secret in secrets]
    return RandomStream(f"{tag}/masks", randomness, *context.fields(), len(statement).to_bytes(2, "big"), *statement,
                        *written)


def pooled(*randomizers: Randomizer | None) -> list[mpz]:
    """The randomness of randomizers made ahead, for ``mask_stream``: with another one the masks must be others too."""
    return [randomizer.r.reveal() for randomizer in randomizers if randomizer is not None]
