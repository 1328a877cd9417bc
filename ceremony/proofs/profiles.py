"""The two sets of sizes that the ECDSA protocols run with. There is no third, not for tests and not by a field on the
wire.

The letters are those of CGGMP24 (revision 2024-10-21), section 4 and appendix C.1: secrets lie in [-2^ell, 2^ell),
masks of the multiplication in [-2^ell', 2^ell'), and a proof of range may be too generous by eps bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

from ceremony.algebra.secp256k1 import N
from ceremony.base.limits import MAX_ECDSA_PARTIES

_ORDER_BITS = N.bit_length()


@dataclass(frozen=True)
class Profile:
    """Sizes in bits, and m. The inequalities of appendix C.1 and those of spec.md hold, else ValueError."""

    id: str
    modulus_bits: int          # of every N and N^
    ell: int = 256
    eps: int = 512
    ell_prime: int = 1280
    repetitions: int = 128     # m of Pi-mod, Pi-prm, Pi-dec and Pi-aff-g*
    bit_slack: int = 192       # what hides y in Pi-dec, whose challenge is one bit; see spec.md

    @property
    def sum_bits(self) -> int:
        """delta_i and chi_i lie in [-2^sum_bits, 2^sum_bits): as many masks as parties, each only proven to ell' + eps.
        """
        return self.ell_prime + self.eps + 1 + ceil(log2(MAX_ECDSA_PARTIES))

    @property
    def sum_mask_bits(self) -> int:
        """The range of w in Pi-dec."""
        return self.sum_bits + self.bit_slack

    def __post_init__(self) -> None:
        consistent = (
            self.ell >= _ORDER_BITS and self.eps >= self.ell + _ORDER_BITS and self.ell_prime >= 3 * self.ell + self.eps
            # Pi-fac: the proven bound sqrt(N) * 2^(ell+eps) leaves no factor below 2^ell only for long enough N.
            and self.modulus_bits >= 2 * (2 * self.ell + self.eps)
            # Plaintexts are integers only while they cannot wrap around N, in Pi-dec by twice w and the sum itself.
            and self.modulus_bits >= self.sum_mask_bits + 4
            and self.repetitions >= 128 and self.bit_slack >= 128 + ceil(log2(self.repetitions)) + 1)
        if not consistent:
            raise ValueError("these sizes are not consistent")


STD = Profile("cggmp24-std", 3072)
COMPACT = Profile("cggmp24-compact", 2048)
PROFILES = {profile.id: profile for profile in (STD, COMPACT)}
