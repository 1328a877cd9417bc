"""Powers of one base that is used often: the comb of Lim and Lee (CRYPTO 1994).

The exponent's binary digits are written in ROWS rows of equal length, and each row is cut into BLOCKS. One table per
block holds the products of the powers that a column of ROWS digits asks for. A power then costs one multiplication per
column and one squaring per column of a block. Building costs about as much as two ordinary powers, because all tables
come from one chain of squarings; with these dimensions a table for 2,817-bit exponents takes 0.3 MB and makes each
power five times cheaper.

**Warning**: the time taken depends on the exponent. One-time masks may go through a comb on a station that is offline;
a secret that is used again and again may not.
"""

from __future__ import annotations

from gmpy2 import mpz

ROWS, BLOCKS = 8, 4  # one byte per column, which is what lets Python gather the columns quickly


class Comb:
    """Powers of ``base`` modulo ``modulus`` with exponents in 0..2^bits-1. All public."""

    def __init__(self, base: int, modulus: int, bits: int):
        self.modulus = mpz(modulus)
        self._width = -(-bits // (ROWS * BLOCKS))  # columns of one block
        self._row = self._width * BLOCKS
        self.bits = self._row * ROWS
        self._tables = [self._table(powers) for powers in self._chain(mpz(base))]

    def _chain(self, power: mpz) -> list[list[mpz]]:
        """For each block the ROWS powers base^(2^place), where place is the block's first digit in each row."""
        found: list[list[mpz]] = [[] for _ in range(BLOCKS)]
        for _ in range(ROWS):
            for block in found:
                block.append(power)
                for _ in range(self._width):
                    power = power * power % self.modulus
        return found

    def _table(self, powers: list[mpz]) -> list[mpz]:
        """The product of any choice among the powers; the choice's bits are the index."""
        table = [mpz(1)]
        for power in powers:
            table += [entry * power % self.modulus for entry in table]
        return table

    def _columns(self, exponent: int) -> bytes:
        """One byte per column, the lowest place first: bit i of it is the exponent's digit in row i of that place."""
        digits = format(int(exponent), "b").zfill(self.bits).encode()
        zeros = int.from_bytes(b"0" * self._row, "big")
        total = 0
        for row in range(ROWS):
            end = self.bits - row * self._row
            total |= (int.from_bytes(digits[end - self._row:end], "big") ^ zeros) << row
        return total.to_bytes(self._row, "little")

    def power(self, exponent: int) -> mpz:
        """base^exponent mod modulus. ValueError for a negative exponent or one of more than ``self.bits`` bits."""
        if exponent < 0 or exponent >> self.bits:
            raise ValueError("the exponent is outside the table")
        columns, width, modulus, result = self._columns(exponent), self._width, self.modulus, mpz(1)
        blocks = [(table, columns[block * width:(block + 1) * width]) for block, table in enumerate(self._tables)]
        for place in range(width - 1, -1, -1):
            result = result * result % modulus
            for table, column in blocks:
                result = result * table[column[place]] % modulus
        return result
