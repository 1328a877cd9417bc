"""Liars about ciphertexts and points, at real size: numbers out of range, numbers that differ, sums that wrap around N.

The liar's proofs are made by the textbook's provers, which obey no range, under keys that are in order. Most satisfy
every equation but the one check that is named.
"""

from __future__ import annotations

import pytest
from gmpy2 import mpz, powmod

from ceremony.proofs.wire import InvalidProof
from tests.primes.keys import paillier
from tests.reference import cggmp_textbook as textbook
from tests.reference.cggmp_cases import PROVER, SESSION, VERIFIER, Case, case, verify
from tests.reference.cggmp_textbook import BASE, ORDER, enc, mul

DIRECT = textbook.Session("cggmp24-compact", SESSION, PROVER, VERIFIER)
EVERYBODY = textbook.Session("cggmp24-compact", SESSION, PROVER)
HAT = case("fac").st["setup"][0]
RHO, RHO_Y = mpz(7)**700, mpz(11)**580


def refuses(check: str, name: str, session: textbook.Session, st: dict, proof: dict) -> None:
    with pytest.raises(InvalidProof) as caught:
        verify(name, session, st, textbook.encode(name, session, proof))
    assert caught.value.check == check


# Pi-enc-elg

HONEST: Case = case("enc_elg")
A_LOG, B_LOG = HONEST.secrets["a"], HONEST.secrets["b"]


def encrypted(x: int, claimed: int | None = None, alpha: int = 3**480) -> tuple[dict, dict]:
    """C of x, the El-Gamal commitment to another number if one is claimed, and answers for x."""
    N0 = HONEST.st["N0"]
    X = mul(A_LOG * B_LOG + (x if claimed is None else claimed), BASE)
    st = HONEST.st | {"C": enc(N0, x, RHO), "X": X}
    proof = textbook.enc_elg_prove(DIRECT, st, x, RHO, B_LOG, alpha=alpha, mu=HAT << 200, r=RHO_Y, beta=5, gamma=HAT << 700)
    return st, proof


def test_a_number_in_range_is_believed():
    for x in (0, 1, -1, ORDER - 1, 2**256, -(2**256), 2**500):
        st, proof = encrypted(x)
        verify("enc_elg", DIRECT, st, textbook.encode("enc_elg", DIRECT, proof))


@pytest.mark.parametrize("alpha", [1 << 768, (1 << 774) + 12345])
def test_a_mask_that_is_too_large(alpha):
    refuses("PROOF-RANGE", "enc_elg", DIRECT, *encrypted(1, alpha=alpha))


@pytest.mark.parametrize("x", [2**517, 2**518 - 3])
def test_a_plaintext_a_little_too_large(x):
    """Alpha-Rays: k or gamma out of range makes the multiplication wrap, and whether it wraps tells a peer's share.
    Every equation holds here; the number modulo q even is what the points say.
    """
    refuses("PROOF-RANGE", "enc_elg", DIRECT, *encrypted(x))


@pytest.mark.parametrize("x", [2**700, HONEST.st["N0"] // 2, 2**2000])
def test_a_plaintext_far_too_large(x):
    """Its response has no room in the proof; the liar reduces it modulo whatever seems best."""
    st, proof = encrypted(x)
    with pytest.raises(OverflowError):
        textbook.encode("enc_elg", DIRECT, proof)
    for modulus in (ORDER, ORDER << 500, 1 << 768):
        refuses("PROOF-CHALLENGE", "enc_elg", DIRECT, st, proof | {"z1": proof["z1"] % modulus})


def test_a_plaintext_that_is_small_only_modulo_n():
    """enc(x + N) is enc(x): as an integer the number is huge, as a plaintext it is x, and the commitment S says which.
    """
    N0, x = HONEST.st["N0"], 5
    st, proof = encrypted(x + N0)
    assert st["C"] == enc(N0, x, RHO)
    small = textbook.enc_elg_prove(DIRECT, st, x, RHO, B_LOG, alpha=3**480, mu=HAT, r=RHO_Y, beta=5, gamma=HAT << 700)
    refuses("PROOF-CHALLENGE", "enc_elg", DIRECT, st, small)  # the points speak of x + N


def test_another_number_in_the_commitment():
    refuses("PROOF-CHALLENGE", "enc_elg", DIRECT, *encrypted(5, claimed=6))


def test_another_randomness_than_the_ciphertexts():
    st, _ = encrypted(5)
    proof = textbook.enc_elg_prove(DIRECT, st, 5, RHO + 1, B_LOG, alpha=3**480, mu=HAT, r=RHO_Y, beta=5, gamma=HAT << 700)
    refuses("PROOF-CHALLENGE", "enc_elg", DIRECT, st, proof)


def test_a_logarithm_of_b_that_the_liar_does_not_know():
    st = HONEST.st | {"B": mul(B_LOG + 1, BASE)}
    proof = textbook.enc_elg_prove(DIRECT, st, HONEST.secrets["x"], HONEST.secrets["rho"], B_LOG, alpha=3**480, mu=HAT, r=RHO,
                                   beta=5, gamma=HAT << 700)
    refuses("PROOF-CHALLENGE", "enc_elg", DIRECT, st, proof)


# Pi-aff-g

AFFINE: Case = case("aff_g")
N0, N1 = AFFINE.st["N0"], AFFINE.st["N1"]


def multiplied(x: int, y: int, *, y_in_d: int | None = None, point: int | None = None, alpha: int = 3**480,
               beta: int = 3**1100) -> tuple[dict, dict]:
    """D = C^x enc_0(-y), Y = enc_1(y), X = x*G, with another y in D or another logarithm where asked, and answers for
    x, y.
    """
    D = powmod(AFFINE.st["C"], x, N0 * N0) * enc(N0, -(y if y_in_d is None else y_in_d), RHO) % (N0 * N0)
    st = AFFINE.st | {"D": D, "Y": enc(N1, y, RHO_Y), "X": mul(x if point is None else point, BASE)}
    proof = textbook.aff_g_prove(DIRECT, st, x, y, RHO, RHO_Y, alpha=alpha, beta=beta, gamma=HAT << 700, delta=HAT << 701,
                                 m=HAT << 200, mu=HAT << 201, r=mpz(3), r_y=mpz(5))
    return st, proof


def test_a_multiplication_in_range_is_believed():
    for x, y in ((1, 0), (ORDER - 1, 2**1280), (2**256, -(2**1280)), (-5, 2**1500)):
        st, proof = multiplied(x, y)
        verify("aff_g", DIRECT, st, textbook.encode("aff_g", DIRECT, proof))


@pytest.mark.parametrize("x, y", [(2**517, 1), (2**518 - 7, 0), (1, 2**1541), (5, -(2**1541)), (2**517, 2**1541)])
def test_a_factor_or_summand_a_little_too_large(x, y):
    """The equations hold. A y so large makes the sum wrap around N0, and whether it does tells of the recipient's
    secret.
    """
    st, proof = multiplied(x, y)
    if y < 0:  # a negative response is written as a number that would be negative itself
        proof["z2"] %= 1 << 1799
        refuses("PROOF-RANGE", "aff_g", DIRECT, st, proof)
    else:
        mirrored = proof if proof["z2"] >= 0 else proof | {"z2": proof["z2"] + (1 << 1799)}
        refuses("PROOF-RANGE", "aff_g", DIRECT, st, mirrored)


@pytest.mark.parametrize("masks", [{"alpha": 1 << 768}, {"alpha": 1 << 774}, {"beta": 1 << 1792}, {"beta": 1 << 1798}], ids=str)
def test_a_mask_that_leaves_its_range(masks):
    refuses("PROOF-RANGE", "aff_g", DIRECT, *multiplied(1, 0, **masks))


@pytest.mark.parametrize("x, y", [(2**900, 1), (1, 2**1900), (N0 // 3, 0), (1, N0 - 1)])
def test_a_factor_or_summand_far_too_large(x, y):
    st, proof = multiplied(x, y)
    with pytest.raises(OverflowError):
        textbook.encode("aff_g", DIRECT, proof)
    cut = {"z1": proof["z1"] % (1 << 768), "z2": proof["z2"] % (1 << 1792)}
    refuses("PROOF-CHALLENGE", "aff_g", DIRECT, st, proof | cut)


def test_a_summand_in_d_that_is_not_the_one_in_y():
    for y, other in ((5, 6), (2**1279, 0), (5, -5)):
        refuses("PROOF-CHALLENGE", "aff_g", DIRECT, *multiplied(3, y, y_in_d=other))


def test_the_sign_of_the_summand_is_the_one_of_figure_8():
    """D made with +y, as figure 25 has it, is refused: both sides must read the same paper."""
    refuses("PROOF-CHALLENGE", "aff_g", DIRECT, *multiplied(3, 2**1270, y_in_d=-(2**1270)))


def test_a_factor_that_is_not_the_points_logarithm():
    refuses("PROOF-CHALLENGE", "aff_g", DIRECT, *multiplied(3, 5, point=4))


def test_a_factor_that_is_the_points_logarithm_only_modulo_q():
    refuses("PROOF-RANGE", "aff_g", DIRECT, *multiplied(5 + (ORDER << 261), 5))


def test_randomness_that_is_not_the_ciphertexts():
    st, _ = multiplied(3, 5)
    for rho, rho_y in ((RHO + 1, RHO_Y), (RHO, RHO_Y + 1)):
        proof = textbook.aff_g_prove(DIRECT, st, 3, 5, rho, rho_y, alpha=7, beta=7, gamma=7, delta=7, m=7, mu=7, r=mpz(3), r_y=mpz(5))
        refuses("PROOF-CHALLENGE", "aff_g", DIRECT, st, proof)


def test_openings_of_other_commitments():
    """S and T that hold other numbers than D and Y."""
    st, proof = multiplied(3, 5)
    n, s, t = st["setup"]
    for letter in "ST":
        refuses("PROOF-CHALLENGE", "aff_g", DIRECT, st, proof | {letter: proof[letter] * s % n})


# Pi-elog and Pi-sch

def test_a_logarithm_that_the_commitment_does_not_hold():
    made = case("elog")
    y, lam = made.secrets["y"], made.secrets["lambda"]
    for change in ({"Y": mul(y + 1, made.st["h"])}, {"M": textbook.add(made.st["M"], BASE)}, {"L": mul(lam + 1, BASE)}):
        proof = textbook.elog_prove(EVERYBODY, made.st | change, y, lam, 5, 7)
        refuses("PROOF-CHALLENGE", "elog", EVERYBODY, made.st | change, proof)


def test_a_key_that_cancels_the_others():
    """The last to speak wants X = X' - (sum of the others), whose logarithm it does not know: no answer fits."""
    made = case("sch")
    others = mul(12345, BASE)
    X = textbook.add(made.st["X"], (others[0], textbook.FIELD - others[1]))
    proof = textbook.sch_prove(EVERYBODY, made.st | {"X": X}, made.secrets["x"], made.secrets["alpha"])
    refuses("PROOF-EQUATION", "sch", EVERYBODY, made.st | {"X": X}, proof)


def test_a_commitment_made_after_the_challenge():
    """Choosing z first and A = z*G - e*X afterwards works for any e but the one that A itself decides."""
    X, z, e = case("sch").st["X"], 77, 99
    A = textbook.add(mul(z, BASE), mul(-e, X))
    refuses("PROOF-EQUATION", "sch", EVERYBODY, {"X": X, "A": A}, {"z": z})


# Pi-dec

DEC: Case = case("dec")


def masks(count: int = 128) -> list[tuple[int, int, int]]:
    return [(3**400 + j, 3**900 + j, mpz(3)**1000 + j) for j in range(count)]


@pytest.fixture(scope="module")
def shifted():
    """S for y + N: another point, though the ciphertext decrypts to y. The answers are those for y + N."""
    key = paillier(2048, PROVER)
    y = DEC.secrets["y"] + key.n
    st = DEC.st | {"S": mul(y, DEC.st["base"])}
    assert st["S"] != DEC.st["S"]
    return st, textbook.dec_prove(EVERYBODY, st, DEC.secrets["x"], y, DEC.secrets["rho"], masks())


@pytest.mark.slow
def test_a_sum_shifted_by_the_modulus(shifted):
    """delta_i + N passes every equation; w is then too long for its field."""
    st, proof = shifted
    with pytest.raises(OverflowError):
        textbook.encode("dec", EVERYBODY, proof)
    cut = {field: value % (1 << 1990) for field, value in proof.items() if field.startswith("w")}
    refuses("PROOF-CHALLENGE", "dec", EVERYBODY, st, proof | cut)


@pytest.mark.slow
def test_the_wider_range_of_another_implementation_lets_the_shift_pass(shifted):
    """ell' + 2 eps + 1 + 5 bits for w, with N of 2048 bits, prove nothing: why spec.md, reading 6, is as it is."""
    st, proof = shifted
    assert textbook.dec_verify(EVERYBODY, st, proof, w_bits=1280 + 2 * 512 + 1 + 5)
    assert not textbook.dec_verify(EVERYBODY, st, proof)


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"y": 1}, {"x": 1}, {"rho": 1}], ids=str)
def test_a_sum_factor_or_randomness_that_is_false(change):
    """Half of the answers hold, and the liar would have to guess 128 bits."""
    secrets = [DEC.secrets[name] + change.get(name, 0) for name in ("x", "y", "rho")]
    proof = textbook.dec_prove(EVERYBODY, DEC.st, *secrets, masks())
    refuses("PROOF-CHALLENGE", "dec", EVERYBODY, DEC.st, proof)


def test_challenge_bits_that_the_liar_prefers():
    """All bits zero need no secret at all."""
    proof = {"e": [0] * 128}
    for j, (alpha, beta, r) in enumerate(masks()):
        proof |= {f"z[{j}]": alpha, f"w[{j}]": beta, f"nu[{j}]": r}
    refuses("PROOF-CHALLENGE", "dec", EVERYBODY, DEC.st, proof)
