"""Liars about their keys, at real size: moduli that are no product of two Blum primes, small factors, bases that hide
nothing.

Each liar knows all primes of its modulus and gives the best proof that knowledge allows
(tests/reference/cggmp_textbook.py), and the session, prover and recipient are right. So what fires is the one check
that the lie cannot pass.
"""

from __future__ import annotations

import pytest
from gmpy2 import gcd, invert, is_prime, jacobi, mpz, next_prime, powmod

from ceremony.algebra.modulus import MalformedModulus, modulus_from
from ceremony.algebra.paillier import PaillierPublic
from ceremony.algebra.ring_pedersen import MalformedRingPedersen, RingPedersen
from ceremony.proofs.wire import InvalidProof
from tests.primes.keys import primes, ring_pedersen
from tests.reference import cggmp_textbook as textbook
from tests.reference.cggmp_cases import PROVER, SESSION, VERIFIER, case, verify

EVERYBODY = textbook.Session("cggmp24-compact", SESSION, PROVER)
DIRECT = textbook.Session("cggmp24-compact", SESSION, PROVER, VERIFIER)
SETUP = case("fac").st["setup"]


def prime_below(bits: int, remainder: int, skip: int = 0) -> mpz:
    """The largest primes of so many bits that are ``remainder`` modulo 4, in order."""
    candidate = (mpz(1) << bits) - 4 + remainder
    while skip >= 0:
        candidate -= 4
        skip -= bool(is_prime(candidate))
    return candidate


def refuses(check: str, name: str, session: textbook.Session, st: dict, proof: dict) -> None:
    with pytest.raises(InvalidProof) as caught:
        verify(name, session, st, textbook.encode(name, session, proof))
    assert caught.value.check == check


# Pi-mod

def modulus_of(*factors: mpz) -> mpz:
    """Their product, which passes everything that needs no proof."""
    n = mpz(1)
    for factor in factors:
        n *= factor
    return PaillierPublic.decode(int(n).to_bytes(256, "big"), 2048).n


def tell(*factors: mpz, check: str) -> None:
    n = modulus_of(*factors)
    refuses(check, "mod", EVERYBODY, {"N": n}, textbook.mod_prove(EVERYBODY, {"N": n}, list(factors)))


def test_the_textbooks_prover_is_believed_where_it_does_not_lie():
    p, q = prime_below(1024, 3), prime_below(1024, 3, 5)
    n = modulus_of(p, q)
    verify("mod", EVERYBODY, {"N": n}, textbook.encode("mod", EVERYBODY, textbook.mod_prove(EVERYBODY, {"N": n}, [p, q])))


def test_a_prime_that_is_1_modulo_4():
    tell(prime_below(1024, 1), prime_below(1024, 3), check="PROOF-FOURTH-ROOT")


def test_two_primes_that_are_1_modulo_4():
    tell(prime_below(1024, 1), prime_below(1024, 1, 1), check="PROOF-FOURTH-ROOT")


def test_three_blum_primes():
    """Such a modulus has a fourth root for half of all challenges, and all N-th roots."""
    tell(prime_below(683, 3), prime_below(683, 3, 1), prime_below(682, 3), check="PROOF-FOURTH-ROOT")


def test_many_small_primes():
    """BitForge (CVE-2023-33241): sixteen factors of 17 bits, too large for the trial division, and a rest."""
    small = [next_prime(1 << 17)]
    while len(small) < 16:
        small.append(next_prime(small[-1]))
    product = mpz(1)
    for prime in small:
        product *= prime
    rest = next(candidate for k in range(10**6) if is_prime(candidate := (mpz(1) << 2048) // product - 1 - k))
    tell(*small, rest, check="PROOF-FOURTH-ROOT")


def test_a_repeated_factor():
    """With p^2 in N only one unit in p has an N-th root; that p^2 | N makes Paillier leak is why gcd(N, phi) matters.
    """
    p = prime_below(512, 3)
    tell(p, p, prime_below(1024, 3), check="PROOF-NTH-ROOT")


def test_a_prime_that_divides_the_others_totient():
    p = prime_below(500, 3)
    multiple = ((mpz(1) << 2048) // p - 1) // p
    q = next(candidate for k in range(10**6)
             if (candidate := (multiple - k) * p + 1) % 4 == 3 and powmod(2, candidate - 1, candidate) == 1 and is_prime(candidate))
    tell(p, q, check="PROOF-NTH-ROOT")


def test_a_square_never_meets_a_proof():
    """No number has Jacobi symbol -1 over a square, so the search for w would not end; reading refuses it."""
    with pytest.raises(MalformedModulus, match="MODULUS-POWER"):
        modulus_of(prime_below(1024, 3), prime_below(1024, 3))


def test_sixteen_factors_of_sixteen_bits_never_meet_a_proof():
    n = mpz(65521)**15 * prime_below(1808, 3)
    with pytest.raises(MalformedModulus, match="MODULUS-SMALL-FACTOR"):
        modulus_from(int(n).to_bytes(256, "big"), n.bit_length())


def test_a_root_of_no_challenge():
    """Right roots in the wrong order: every pair (x, z) must belong to its own challenge."""
    proof = textbook.decode("mod", EVERYBODY, case("mod").proof)
    refuses("PROOF-NTH-ROOT", "mod", EVERYBODY, case("mod").st, proof | {"z[0]": proof["z[1]"], "z[1]": proof["z[0]"]})
    refuses("PROOF-FOURTH-ROOT", "mod", EVERYBODY, case("mod").st, proof | {"x[0]": proof["x[1]"], "x[1]": proof["x[0]"]})


def test_w_and_the_challenges_are_the_sessions():
    """No prover can go on trying for a w or challenges that suit a bad modulus: nothing in them is its choice but N."""
    st = case("mod").st
    other = textbook.Session("cggmp24-compact", bytes(32), PROVER)
    w, ys = textbook.mod_challenges(EVERYBODY, st)
    assert jacobi(w, st["N"]) == -1 and all(gcd(y, st["N"]) == 1 for y in ys) and len(set(ys)) == 128
    assert not set(textbook.mod_challenges(other, st)[1]) & set(ys)


# Pi-fac

def forged_fac(p: mpz, q: mpz) -> tuple[dict, dict]:
    """The statement N0 = pq and the textbook's answers with masks in range."""
    st = {"N0": p * q, "setup": SETUP}
    hat = SETUP[0]
    masks = dict(alpha=3**700, beta=3**701, mu=hat << 200, nu=hat << 201, x=hat << 700, y=hat << 701, r=(p * q * hat) << 700)
    return st, textbook.fac_prove(DIRECT, st, p, q, **masks)


def test_the_textbooks_masks_pass_for_factors_of_equal_length():
    st, proof = forged_fac(prime_below(1024, 3), prime_below(1024, 3, 3))
    verify("fac", DIRECT, st, textbook.encode("fac", DIRECT, proof))


@pytest.mark.parametrize("bits", [17, 64, 200, 255, 300])
def test_a_small_factor(bits):
    """BitForge, CVE-2023-33241. Proven is that none is below 2^256; the other factor's response cannot even be written
    at 300.
    """
    p = prime_below(bits, 3)
    q = next_prime((mpz(1) << 2048) // p - (mpz(1) << 2000 - bits))
    modulus_of(p, q)
    st, proof = forged_fac(p, q)
    with pytest.raises(OverflowError):
        textbook.encode("fac", DIRECT, proof)
    for cut in (proof["z2"] % (1 << 1791), (1 << 1791) - 1, proof["z2"] - p * q * (proof["z2"] // (p * q))):
        refuses("PROOF-CHALLENGE", "fac", DIRECT, st, proof | {"z2": cut % (1 << 1791)})


@pytest.mark.parametrize("p_sent, q_sent", [(1, None), (None, 1), (-1, None)])
def test_factors_that_do_not_multiply_to_the_modulus(p_sent, q_sent):
    """Small numbers in place of a factor, with z1 and z2 in range: the product in the third equation finds them."""
    p, q = prime_below(200, 3), next_prime((mpz(1) << 2048) // prime_below(200, 3) - (mpz(1) << 1700))
    st, hat = {"N0": p * q, "setup": SETUP}, SETUP[0]
    proof = textbook.fac_prove(DIRECT, st, p_sent or p, q_sent or 1, 3**700, 3**701, hat, hat, hat, hat, hat)
    refuses("PROOF-CHALLENGE", "fac", DIRECT, st, proof)


def test_factors_proven_under_the_provers_own_parameters():
    """Who knows lambda of N^ can open a commitment to anything; so the verifier's N^ counts and no other."""
    own = ring_pedersen(2048, PROVER)
    st = {"N0": case("fac").st["N0"], "setup": (own.n, own.s, own.t)}
    p, q = case("fac").secrets["p"], case("fac").secrets["q"]
    proof = textbook.fac_prove(DIRECT, st, p, q, 3**700, 3**701, own.n, own.n, own.n, own.n, own.n)
    verify("fac", DIRECT, st, textbook.encode("fac", DIRECT, proof))
    with pytest.raises(InvalidProof):
        verify("fac", DIRECT, st | {"setup": SETUP}, textbook.encode("fac", DIRECT, proof))


# Pi-prm. The liar owns N^ = pq and knows a number of small order, or one outside the group that t generates.

OWNER = ring_pedersen(2048, PROVER)
P, Q = (prime.reveal() for prime in OWNER.factors.primes())
TOTIENT = (P - 1) * (Q - 1)
MASKS = [mpz(3)**900 + j for j in range(128)]


def join(mod_p: int, mod_q: int) -> mpz:
    return OWNER.factors.join(mpz(mod_p), mpz(mod_q))


def forged_prm(s: mpz, t: mpz, lam: mpz) -> tuple[dict, dict]:
    setup = RingPedersen.decode(b"".join(int(v).to_bytes(256, "big") for v in (OWNER.n, s, t)), 2048)
    st = {"setup": (setup.n, setup.s, setup.t)}
    return st, textbook.prm_prove(EVERYBODY, st, lam, TOTIENT, MASKS)


def test_the_textbooks_masks_pass_for_a_true_logarithm():
    verify("prm", EVERYBODY, *(lambda st, proof: (st, textbook.encode("prm", EVERYBODY, proof)))(
        *forged_prm(OWNER.s, OWNER.t, OWNER.lam.reveal())))


def test_s_times_an_element_of_order_two():
    """-t^lambda has Jacobi symbol 1 like a square. One long challenge instead of bits is passed whenever it is even
    (TSSHOCK's c-split); with 128 bits the liar would have to guess them all."""
    s = OWNER.n - OWNER.s
    st, proof = forged_prm(s, OWNER.t, OWNER.lam.reveal())
    even = [j for j, e in enumerate(proof["e"]) if e == 0]
    assert 30 < len(even) < 98  # half of the equations hold all the same
    refuses("PROOF-CHALLENGE", "prm", EVERYBODY, st, proof)


def test_s_outside_the_group_of_t():
    """t = 1 modulo p: commitments under it would show x modulo the order of s modulo p. t itself has Jacobi symbol 1.
    """
    t = join(1, OWNER.t % Q)
    st, proof = forged_prm(OWNER.s, t, OWNER.lam.reveal())
    refuses("PROOF-CHALLENGE", "prm", EVERYBODY, st, proof)


def test_t_of_small_order():
    """Golden Shoe: a smooth or trivial group of t opens every commitment."""
    root = join(1, -1)  # a square root of 1, of Jacobi symbol -1
    with pytest.raises(MalformedRingPedersen, match="RING-PEDERSEN-BASES"):
        forged_prm(OWNER.s, root, mpz(1))
    for trivial in (1, OWNER.n - 1):
        with pytest.raises(MalformedRingPedersen, match="RING-PEDERSEN-BASES"):
            forged_prm(OWNER.s, mpz(trivial), mpz(1))


def test_bases_that_are_each_others_inverse_or_power_are_fine_when_proven():
    """s = t^-1 is lambda = -1: hiding does not suffer, and lambda is the owner's own secret to keep."""
    s = invert(OWNER.t, OWNER.n)
    st, proof = forged_prm(s, OWNER.t, mpz(TOTIENT - 1))
    verify("prm", EVERYBODY, st, textbook.encode("prm", EVERYBODY, proof))


def test_a_challenge_tried_bit_by_bit():
    """If each bit hung on its own commitment alone, a liar would try each until it is 0. Here one new commitment
    changes all.
    """
    st = {"setup": (OWNER.n, OWNER.n - OWNER.s, OWNER.t)}
    commitments = [powmod(OWNER.t, a, OWNER.n) for a in MASKS]
    first = textbook.prm_bits(EVERYBODY, st, commitments)
    second = textbook.prm_bits(EVERYBODY, st, [*commitments[:-1], powmod(OWNER.t, 5, OWNER.n)])
    assert 30 < sum(a != b for a, b in zip(first, second)) < 98


def test_challenge_bits_that_the_liar_prefers():
    """All bits zero, with commitments that fit them: the hash says otherwise."""
    st, _ = forged_prm(OWNER.n - OWNER.s, OWNER.t, OWNER.lam.reveal())
    proof = {"e": [0] * 128} | {f"z[{j}]": a for j, a in enumerate(MASKS)}
    refuses("PROOF-CHALLENGE", "prm", EVERYBODY, st, proof)


def test_every_repetition_counts():
    """127 right repetitions and one wrong one, in every eighth place."""
    proof = textbook.decode("prm", EVERYBODY, case("prm").proof)
    for place in range(0, 128, 8):
        wrong = proof | {f"z[{place}]": proof[f"z[{place}]"] + 1}
        refuses("PROOF-CHALLENGE", "prm", EVERYBODY, case("prm").st, wrong)


def test_the_primes_of_the_tests_are_not_used_for_two_moduli():
    assert len({*primes(1024)}) == 48 and gcd(OWNER.n, case("mod").st["N"]) == 1
