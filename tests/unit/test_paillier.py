"""Paillier, ring-Pedersen, moduli, numbers and powers: every refusal, and the fast ways against the plain ones."""

from __future__ import annotations

import copy
import pickle

import pytest
from gmpy2 import invert, jacobi, mpz, next_prime, powmod

from ceremony.algebra.comb import Comb
from ceremony.algebra.modulus import Factors, MalformedModulus, common_factor, modulus_bytes, modulus_from
from ceremony.algebra.multiexp import multi_power
from ceremony.algebra.numbers import (
    MalformedNumber, centred, signed_bytes, signed_from, signed_size, unit_from, unsigned_bytes, unsigned_from)
from ceremony.algebra.paillier import PaillierPrivate, PaillierPublic
from ceremony.algebra.ring_pedersen import MalformedRingPedersen, RingPedersen, RingPedersenOwner
from ceremony.algebra.stream import RandomStream
from ceremony.base.secret import Secret
from tests.primes.keys import factors, paillier, primes, ring_pedersen

BITS = 2048
KEY, OTHER = paillier(BITS, 0), paillier(BITS, 1)
RP = ring_pedersen(BITS, 0)
PUBLIC = PaillierPublic.decode(KEY.encode(), BITS)
STREAM = RandomStream("ceremony/test-paillier", b"seed")
P, Q = (prime.reveal() for prime in KEY.factors.primes())


def encrypt(m: int, key=PUBLIC):
    return key.encrypt(Secret(m), key.randomizer(STREAM.unit(key.n)))


# Numbers

def test_numbers_have_one_form():
    assert unsigned_bytes(258, 3) == b"\0\x01\x02" and unsigned_from(b"\0\x01\x02", 3, 259) == 258
    assert (signed_size(768), signed_size(767), signed_size(1791), signed_size(1792)) == (97, 96, 224, 225)
    assert signed_bytes(-8, 3) == b"\0" and signed_bytes(7, 3) == b"\x0f"
    assert [signed_from(bytes([byte]), 3) for byte in (0, 8, 15)] == [-8, 0, 7]
    assert [centred(residue, 7) for residue in range(7)] == [0, 1, 2, 3, -3, -2, -1]


@pytest.mark.parametrize("encoded", [b"", b"\0\x01", b"\0\0\x01\x02", b"\0\x01\x03", b"\xff\xff\xff"])
def test_a_number_of_another_length_or_too_large_is_refused(encoded):
    with pytest.raises(MalformedNumber, match="NUMBER-RANGE"):
        unsigned_from(encoded, 3, 259)


@pytest.mark.parametrize("encoded", [b"\x10", b"\xff", b"", b"\0\0"])
def test_a_signed_number_out_of_range_is_refused(encoded):
    with pytest.raises(MalformedNumber, match="NUMBER-RANGE"):
        signed_from(encoded, 3)


@pytest.mark.parametrize("value", [-9, 8])
def test_a_signed_number_out_of_range_is_never_written(value):
    with pytest.raises(ValueError):
        signed_bytes(value, 3)


@pytest.mark.parametrize("value", [-1, 1 << 24])
def test_an_unsigned_number_out_of_range_is_never_written(value):
    with pytest.raises(ValueError):
        unsigned_bytes(value, 3)


@pytest.mark.parametrize("value", [0, 3, 5, 12])
def test_a_residue_that_is_no_unit_is_refused(value):
    with pytest.raises(MalformedNumber, match="NUMBER-UNIT"):
        unit_from(bytes([value]), 1, 15)


# Powers

@pytest.mark.parametrize("exponent", [0, 1, 2, 255, 256, (1 << 2047) + 12345, (1 << 2048) - 1])
def test_a_comb_gives_the_plain_power(exponent):
    assert Comb(7, PUBLIC.n, 2048).power(exponent) == powmod(7, exponent, PUBLIC.n)


@pytest.mark.parametrize("exponent", [-1, 1 << 2048])
def test_a_comb_refuses_exponents_outside_its_table(exponent):
    with pytest.raises(ValueError):
        Comb(7, PUBLIC.n, 2048).power(exponent)


def test_products_of_powers_are_the_plain_ones():
    n = PUBLIC.n
    assert multi_power([3, 5, 7], [1 << 1000, 0, 12345], n) == powmod(3, 1 << 1000, n) * powmod(7, 12345, n) % n
    assert multi_power([3], [0], n) == 1
    with pytest.raises(ValueError):
        multi_power([3, 5], [1, -1], n)
    with pytest.raises(ValueError):
        multi_power([3, 5], [1], n)


# Moduli

def test_a_modulus_is_read_back():
    assert modulus_from(modulus_bytes(PUBLIC.n), BITS) == PUBLIC.n


@pytest.mark.parametrize("make, check", [
    (lambda n: modulus_bytes(n)[1:], "MODULUS-LENGTH"),
    (lambda n: b"\0" + modulus_bytes(n), "MODULUS-LENGTH"),
    (lambda n: (n >> 1).to_bytes(256, "big"), "MODULUS-LENGTH"),     # one bit too short
    (lambda n: (n + 1).to_bytes(256, "big"), "MODULUS-SMALL-FACTOR"),  # even
    (lambda n: ((n // 65521 | 1) * 65521).to_bytes(256, "big"), "MODULUS-SMALL-FACTOR"),
    (lambda n: next_prime(n).to_bytes(256, "big"), "MODULUS-PRIME"),
    (lambda n: (primes(1024)[0] ** 2).to_bytes(256, "big"), "MODULUS-POWER"),
])
def test_a_modulus_nobody_could_use_is_refused(make, check):
    with pytest.raises(MalformedModulus, match=check):
        modulus_from(make(PUBLIC.n), BITS)


def test_moduli_that_share_a_factor_are_found():
    p, q, r = primes(1024)[:3]
    assert common_factor([p * q, PUBLIC.n + 2, q * r]) == (0, 2)
    assert common_factor([p * q, OTHER.n, p * q]) == (0, 2)
    assert common_factor([KEY.n, OTHER.n, RP.n]) is None


@pytest.mark.parametrize("pair", [
    lambda p: (p, p), lambda p: (p, next_prime(p)), lambda p: (p, primes(1536)[0]),
    lambda p: (p, mpz(2) ** 1024 - 3), lambda p: (mpz(2) ** 1024 - 3, p),  # 1 modulo 4
])
def test_primes_that_make_a_weak_modulus_are_refused(pair):
    with pytest.raises(ValueError):
        Factors(*map(Secret, pair(primes(1024)[0])))


def test_two_primes_that_are_short_by_half_a_bit_are_refused():
    short = [mpz(2) ** 1023 + 3 + 4 * k for k in (0, 1 << 1000)]  # 3 modulo 4; primality is not what is looked at here
    with pytest.raises(ValueError):
        Factors(*map(Secret, short))


def test_powers_with_the_primes_are_the_plain_ones():
    own = KEY.factors
    assert own.power(5, 12345) == powmod(5, 12345, own.n) and own.power(5, -3) == powmod(5, -3, own.n)
    for exponent in (1, 0, -7, own.n, (P - 1) * (Q - 1)):
        assert own.power_secret(5, Secret(exponent)) == powmod(5, exponent, own.n)


# Paillier

@pytest.mark.parametrize("m", [0, 1, -1, 2**256, -2**1792, (KEY.n - 1) // 2, -(KEY.n - 1) // 2])
def test_what_was_encrypted_comes_out_with_its_sign(m):
    assert KEY.decrypt(encrypt(m)).reveal() == m


def test_half_the_modulus_and_one_is_negative():
    """A result in the upper half is a negative number; an implementation that forgot it gave wrong signatures."""
    assert KEY.decrypt(encrypt((KEY.n + 1) // 2)).reveal() == -(KEY.n - 1) // 2


def test_the_owner_encrypts_and_combines_to_the_same_values():
    r = STREAM.unit(KEY.n)
    assert KEY.randomizer(r).power.reveal() == PUBLIC.randomizer(r).power.reveal() == powmod(r, KEY.n, KEY.n2)
    c, d = encrypt(5), encrypt(-9)
    terms = [(c, 2**700 + 1), (d, -(2**255))]
    mine, theirs = KEY.combine(-11, r, terms), PUBLIC.combine(-11, r, terms)
    assert mine.encode() == theirs.encode()
    assert KEY.decrypt(mine).reveal() == -11 + 5 * (2**700 + 1) + 9 * 2**255


def test_the_owner_finds_the_randomness():
    r = STREAM.unit(KEY.n)
    assert KEY.randomness(PUBLIC.encrypt(Secret(77), PUBLIC.randomizer(r))).reveal() == r
    assert powmod(KEY.nth_root(mpz(12345)), KEY.n, KEY.n) == 12345


def test_a_randomizer_or_ciphertext_of_another_key_is_refused():
    foreign = encrypt(1, OTHER)
    for use in (lambda: PUBLIC.encrypt(Secret(1), OTHER.randomizer(mpz(5))), lambda: KEY.decrypt(foreign),
                lambda: encrypt(1) + foreign, lambda: KEY.combine(0, 1, [(foreign, 1)]),
                lambda: PUBLIC.combine(0, 1, [(foreign, 1)])):
        with pytest.raises(ValueError):
            use()


@pytest.mark.parametrize("r", [0, -1, KEY.n, P, 7 * Q])
def test_randomness_that_is_no_unit_is_refused(r):
    with pytest.raises(ValueError):
        PUBLIC.randomizer(mpz(r))


@pytest.mark.parametrize("value, check", [(0, "UNIT"), (KEY.n, "UNIT"), (P, "UNIT"), (Q * KEY.n, "UNIT"), (KEY.n2, "RANGE"),
                                          (KEY.n2 + 1, "RANGE"), (2**4096 - 1, "RANGE")])
def test_a_ciphertext_that_is_no_unit_is_refused(value, check):
    with pytest.raises(MalformedNumber, match=f"NUMBER-{check}"):
        PUBLIC.ciphertext(value.to_bytes(512, "big"))


@pytest.mark.parametrize("encoded", [b"", bytes(510) + b"\1", b"\0" + bytes(511) + b"\1"])
def test_a_ciphertext_of_another_length_is_refused(encoded):
    with pytest.raises(MalformedNumber, match="NUMBER-RANGE"):
        PUBLIC.ciphertext(encoded)


def test_private_keys_are_not_shown_copied_or_pickled():
    for box in (KEY, RP, KEY.factors):
        assert str(P) not in repr(box) and hex(P)[2:20] not in repr(box)
        with pytest.raises(TypeError):
            pickle.dumps(box)
        with pytest.raises(TypeError):
            copy.deepcopy(box)


def test_keys_are_compared_by_their_numbers():
    assert KEY == PUBLIC and hash(KEY) == hash(PUBLIC) and KEY != OTHER and KEY != 3
    assert RP == RP.public() and hash(RP) == hash(RP.public()) and RP != ring_pedersen(BITS, 1) and RP != 3
    assert type(encrypt(1, KEY).key) is PaillierPublic  # a ciphertext carries nobody's primes around


# Ring-Pedersen

PARAMETERS = RingPedersen.decode(RP.encode(), BITS)


@pytest.mark.parametrize("x, y", [(0, 0), (1, -1), (-5, 2**2816), (2**1791, -(2**4863)), (-(2**2000), 3)])
def test_commitments_are_the_plain_product_for_everybody(x, y):
    expected = powmod(RP.s, x, RP.n) * powmod(RP.t, y, RP.n) % RP.n
    assert PARAMETERS.commit(x, y) == RP.commit(x, y) == expected
    assert PARAMETERS.power(7, -x) == RP.power(7, -x) == powmod(7, -x, RP.n)


def test_commitments_to_secrets_are_the_same():
    assert PARAMETERS.commit_secret(Secret(12), -5) == PARAMETERS.commit(12, -5)
    assert PARAMETERS.commit_secret(Secret(0), 5) == PARAMETERS.commit(0, 5)


def test_generated_bases_are_squares_with_the_known_logarithm():
    assert powmod(RP.t, RP.lam.reveal(), RP.n) == RP.s and 0 <= RP.lam.reveal() < RP.n
    assert all(jacobi(base, prime.reveal()) == 1 for base in (RP.s, RP.t) for prime in RP.factors.primes())


def parts(n=RP.n, s=RP.s, t=RP.t) -> bytes:
    return b"".join(int(value).to_bytes(256, "big") for value in (n, s, t))


def non_square(n: mpz) -> int:
    return next(k for k in range(2, 1000) if jacobi(k, n) == -1)


@pytest.mark.parametrize("encoded, check", [
    (parts()[1:], "RING-PEDERSEN-LENGTH"), (parts() + b"\0", "RING-PEDERSEN-LENGTH"),
    (parts(n=RP.n >> 1), "MODULUS-LENGTH"), (parts(n=next_prime(RP.n)), "MODULUS-PRIME"),
    (parts(s=0), "NUMBER-UNIT"), (parts(t=0), "NUMBER-UNIT"), (parts(s=RP.n), "NUMBER-RANGE"),
    (parts(t=RP.n + 1), "NUMBER-RANGE"), (parts(t=RP.factors.primes()[0].reveal()), "NUMBER-UNIT"),
    (parts(s=1), "RING-PEDERSEN-BASES"), (parts(t=1), "RING-PEDERSEN-BASES"), (parts(s=RP.n - 1), "RING-PEDERSEN-BASES"),
    (parts(t=RP.n - 1), "RING-PEDERSEN-BASES"), (parts(s=RP.t), "RING-PEDERSEN-BASES"),
    (parts(s=non_square(RP.n)), "RING-PEDERSEN-BASES"), (parts(t=non_square(RP.n)), "RING-PEDERSEN-BASES"),
])
def test_parameters_one_must_not_commit_with_are_refused(encoded, check):
    with pytest.raises(MalformedRingPedersen, match=check):
        RingPedersen.decode(encoded, BITS)


def test_parameters_and_keys_are_read_back():
    assert PARAMETERS == RP and PARAMETERS.encode() == RP.encode() == parts()
    assert len(KEY.encode()) == 256 and PUBLIC.encode() == KEY.encode()
    assert RingPedersenOwner.generate(factors(BITS, 5), RandomStream("ceremony/test", b"1")).t != RP.t


def test_a_private_key_needs_a_modulus_coprime_to_its_totient():
    class Twisted(Factors):  # q = 2kp + 1, so p divides q - 1
        def __init__(self, p: mpz, q: mpz):
            self.n, self._p, self._q, self._q_inverse = p * q, Secret(p), Secret(q), Secret(invert(q, p))

    p = primes(1024)[0]
    q = next(2 * k * p + 1 for k in range(1, 20000) if (2 * k * p + 1) % 3 and powmod(2, 2 * k * p, 2 * k * p + 1) == 1)
    with pytest.raises(ValueError):
        PaillierPrivate(Twisted(p, q))
