"""A stream of random numbers from one seed: SHAKE-256 over the tagged hash of everything the seed consists of.

Code on these floors draws no randomness. It is given 32 fresh bytes, and one stream spreads them over the many and
large random numbers that Paillier encryption and the proofs need. A prover also puts its secrets and its statement into
the seed, so that fresh bytes which come twice (a copied machine, a broken generator) never meet two different
challenges. The same input gives the same numbers, which is what the known-answer vectors rest on.
"""

from __future__ import annotations

from hashlib import shake_256

from gmpy2 import gcd, mpz

from ceremony.codec.digest import digest

_BLOCK = 1 << 12
_EXTRA_BITS = 128  # drawn beyond the bound before reducing: the bias is at most 2^-128


class RandomStream:
    """Numbers from a seed. **Warning**: two streams with the same tag and fields are the same stream."""

    def __init__(self, tag: str, *fields: bytes):
        self._seed, self._block, self._buffer = digest(tag, *fields), 0, b""

    def octets(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        while len(self._buffer) < count:
            self._buffer += shake_256(self._seed + self._block.to_bytes(8, "big")).digest(_BLOCK)
            self._block += 1
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def below(self, bound: int) -> mpz:
        """A number in 0..bound-1, for a bound of at least 1; uniform up to 2^-128."""
        count = (int(bound).bit_length() + _EXTRA_BITS + 7) // 8
        return mpz.from_bytes(self.octets(count), "big") % bound

    def signed(self, bits: int, scale: int = 1) -> mpz:
        """A number in [-2^bits * scale, 2^bits * scale)."""
        bound = mpz(scale) << bits
        return self.below(2 * bound) - bound

    def unit(self, modulus: int) -> mpz:
        """A number in 1..modulus-1 without a common factor with the modulus."""
        while True:
            candidate = self.below(modulus)
            if gcd(candidate, modulus) == 1:
                return candidate
