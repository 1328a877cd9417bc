"""Polynomials over the scalars: evaluation, interpolation, and both "in the exponent".

A polynomial is the list of its coefficients, the constant first. Points stand for coefficients c_j as C_j = c_j * G,
the commitments of Feldman's verifiable secret sharing (FOCS 1987).
"""

from __future__ import annotations

from typing import Sequence

from ceremony.algebra.secp256k1 import INFINITY, N, Point, linear_combination, mul_public

_ADD_UP_TO = 20  # from here on one multiplication costs less than so many additions


def evaluate(coefficients: Sequence[int], x: int) -> int:
    """f(x) mod N by Horner's rule."""
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % N
    return value


def evaluate_points(commitments: Sequence[Point], x: int) -> Point:
    """f(x) * G from the commitments to f's coefficients, for a public x.

    Horner's rule multiplies by x only, which is a few bits long, and so costs far less than powers of x would. Where x
    counts seats, adding a point x times in one sum is quicker still than multiplying it.
    """
    value = INFINITY
    for commitment in reversed(commitments):
        if 0 <= x <= _ADD_UP_TO:
            value = Point.sum([value] * x + [commitment])
        else:
            value = mul_public(x, value) + commitment
    return value


def lagrange_coefficient(xs: Sequence[int], x_i: int, at: int = 0) -> int:
    """The weight of f(x_i) in f(at), when f of degree below len(xs) is known at the distinct places xs.

    ValueError when x_i is not among xs, or when two of xs are equal modulo N: a repeated place would give a wrong
    result that nobody notices.
    """
    if len({x % N for x in xs}) != len(xs) or x_i not in xs:
        raise ValueError("the places must be distinct and contain x_i")
    numerator, denominator = 1, 1
    for x in xs:
        if x != x_i:
            numerator = numerator * (at - x) % N
            denominator = denominator * (x_i - x) % N
    return numerator * pow(denominator, -1, N) % N


def interpolate(shares: dict[int, int], at: int = 0) -> int:
    """f(at) mod N from values {x: f(x)} at as many places as f has coefficients."""
    xs = list(shares)
    return sum(lagrange_coefficient(xs, x, at) * share for x, share in shares.items()) % N


def interpolate_points(shares: dict[int, Point], at: int = 0) -> Point:
    """f(at) * G from public values {x: f(x) * G}."""
    xs = list(shares)
    return linear_combination([lagrange_coefficient(xs, x, at) for x in xs], list(shares.values()))
