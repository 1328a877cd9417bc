"""Products of powers with one chain of squarings for all of them: the interleaving method of Straus (1964).

Worth it for two or more bases with exponents of like length; a single power belongs to gmpy2.powmod. The time taken
depends on the exponents: for public values and one-time masks.
"""

from __future__ import annotations

from typing import Sequence

from gmpy2 import mpz

_WINDOW = 4
_DIGITS = 1 << _WINDOW


def multi_power(bases: Sequence[int], exponents: Sequence[int], modulus: int) -> mpz:
    """The product of base^exponent modulo ``modulus``, over two equally long lists. ValueError for a negative exponent.
    """
    if any(exponent < 0 for exponent in exponents):
        raise ValueError("an exponent is negative")
    modulus = mpz(modulus)
    length = max((int(exponent).bit_length() + _WINDOW - 1) // _WINDOW for exponent in exponents)
    rows = [_Row(mpz(base), exponent, modulus, length) for base, exponent in zip(bases, exponents, strict=True)]
    result = mpz(1)
    for place in range(length):
        for _ in range(_WINDOW):
            result = result * result % modulus
        for row in rows:
            if digit := row.digits[place]:
                result = result * row.powers[digit] % modulus
    return result


class _Row:
    """One base: its first powers, and its exponent in hexadecimal digits, the highest first."""

    def __init__(self, base: mpz, exponent: int, modulus: mpz, length: int):
        self.digits = [int(digit, _DIGITS) for digit in format(int(exponent), "x").zfill(length)]
        self.powers = [mpz(1), base % modulus]
        for _ in range(_DIGITS - 2):
            self.powers.append(self.powers[-1] * base % modulus)
