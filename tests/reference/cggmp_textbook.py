"""The proofs of CGGMP24 as the figures have them, written slowly and apart from the product: nothing of ceremony is imported.

Plain powers of plain integers, points by the schoolbook formulas, no tables, no primes of one's own. A prover takes its masks
from the caller, and neither it nor the encoder cares whether a number is in range; so the same code plays the liars of
tests/adversary. A verifier answers True or False. Statements and witnesses are dictionaries with the letters of the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256, shake_256

from gmpy2 import invert, jacobi, mpz, powmod

# secp256k1, SEC 2, section 2.4.1. A point is (x, y), the point at infinity None.

FIELD = 2**256 - 2**32 - 977
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
BASE = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(P, Q):
    if P is None or Q is None:
        return P or Q
    if P[0] == Q[0]:
        if (P[1] + Q[1]) % FIELD == 0:
            return None
        slope = 3 * P[0] * P[0] * pow(2 * P[1], -1, FIELD) % FIELD
    else:
        slope = (Q[1] - P[1]) * pow(Q[0] - P[0], -1, FIELD) % FIELD
    x = (slope * slope - P[0] - Q[0]) % FIELD
    return x, (slope * (P[0] - x) - P[1]) % FIELD


def mul(k, P):
    k, total = int(k) % ORDER, None
    while k:
        total = add(total, P) if k & 1 else total
        P, k = add(P, P), k >> 1
    return total


def point_bytes(P) -> bytes:
    return bytes(33) if P is None else bytes([2 + P[1] % 2]) + P[0].to_bytes(32, "big")


def point_from(encoded: bytes):
    x = int.from_bytes(encoded[1:], "big")
    y = pow(x**3 + 7, (FIELD + 1) // 4, FIELD)
    return x, y if y % 2 == encoded[0] % 2 else FIELD - y


# The transcript

@dataclass(frozen=True)
class Session:
    """What a proof is bound to, and the sizes that follow from the profile."""

    profile: str
    session: bytes
    prover: int
    recipient: int | None = None

    bits = property(lambda self: {"cggmp24-std": 3072, "cggmp24-compact": 2048}[self.profile])
    size = property(lambda self: self.bits // 8)

    def fields(self) -> list[bytes]:
        recipient = b"" if self.recipient is None else self.recipient.to_bytes(4, "big")
        return [self.profile.encode(), self.session, self.prover.to_bytes(4, "big"), recipient]


ELL, EPS, ELL_PRIME, M = 256, 512, 1280, 128
SUM_MASK = ELL_PRIME + EPS + 1 + 5 + 192  # the range of w in Pi-dec: 32 parties, 192 bits of slack


def tagged(tag: str, fields: list[bytes]) -> bytes:
    """SHA-256 of SHA-256(tag) twice, the number of fields, and each field behind its length; numbers of 8 bytes."""
    name = sha256(tag.encode()).digest()
    body = b"".join(len(field).to_bytes(8, "big") + field for field in fields)
    return sha256(name + name + len(fields).to_bytes(8, "big") + body).digest()


def hashed(tag: str, session: Session, statement: list[bytes], commitments: list[bytes]) -> bytes:
    return tagged(tag, [*session.fields(), len(statement).to_bytes(2, "big"), *statement, *commitments])


def scalar(*args) -> int:
    return int.from_bytes(hashed(*args), "big") % ORDER


def bits(*args) -> list[int]:
    return [int(digit) for byte in hashed(*args)[:M // 8] for digit in format(byte, "08b")]


class Numbers:
    """The stream of long numbers: SHAKE-256 of seed and block number, 4,096 bytes a block; 128 bits more than needed."""

    def __init__(self, tag: str, fields: list[bytes]):
        seed = tagged(tag, fields)
        self.data = b"".join(shake_256(seed + k.to_bytes(8, "big")).digest(4096) for k in range(40))

    def below(self, bound: int) -> int:
        size = (int(bound).bit_length() + 128 + 7) // 8
        taken, self.data = self.data[:size], self.data[size:]
        return int.from_bytes(taken, "big") % bound


# Numbers and fields as bytes

def number(value: int, size: int) -> bytes:
    return int(value).to_bytes(size, "big")


def layout(name: str, session: Session) -> list[tuple[str, str, int]]:
    """The fields of a proof: name, kind (n: a number of so many bytes, s: signed of so many bits, b: bits), size."""
    n, slack = session.size, ELL + EPS
    z, wide = ("s", slack), ("s", slack + session.bits)
    half = ("s", slack + session.bits // 2 - 1)
    single = {
        "sch": {"z": ("n", 32)},
        "elog": {"e": ("n", 32), "z": ("n", 32), "u": ("n", 32)},
        "enc_elg": {"e": ("n", 32), "S": ("n", n), "z1": z, "w": ("n", 32), "z2": ("n", n), "z3": wide},
        "aff_g": {"e": ("n", 32), "S": ("n", n), "T": ("n", n), "z1": z, "z2": ("s", ELL_PRIME + EPS), "z3": wide,
                  "z4": wide, "w": ("n", n), "w_y": ("n", n)},
        "fac": {"e": ("n", 32), "P": ("n", n), "Q": ("n", n), "z1": half, "z2": half, "w1": wide, "w2": wide,
                "v": ("s", slack + 2 * session.bits)},
        "prm": {"e": ("b", M)}, "mod": {"a": ("b", M), "b": ("b", M)}, "dec": {"e": ("b", M)}, "aff_g_star": {"e": ("b", M)},
    }[name]
    repeated = {
        "prm": {"z": ("n", n)}, "mod": {"x": ("n", n), "z": ("n", n)},
        "dec": {"z": z, "w": ("s", SUM_MASK), "nu": ("n", n)},
        "aff_g_star": {"z": z, "z'": ("s", ELL_PRIME + EPS), "w": ("n", n), "lambda": ("n", n)},
    }.get(name, {})
    fields = [(field, *kind) for field, kind in single.items()]
    return fields + [(f"{field}[{j}]", *kind) for j in range(M if repeated else 0) for field, kind in repeated.items()]


def field_size(kind: str, size: int) -> int:
    return {"n": size, "s": (size + 8) // 8, "b": size // 8}[kind]


def encode(name: str, session: Session, proof: dict) -> bytes:
    """OverflowError only where a number has no room in its bytes at all."""
    parts = []
    for field, kind, size in layout(name, session):
        value = proof[field]
        if kind == "b":
            value = int("".join(map(str, value)), 2)
        elif kind == "s":
            value += 1 << size
        parts.append(number(value, field_size(kind, size)))
    return b"".join(parts)


def decode(name: str, session: Session, encoded: bytes) -> dict:
    proof = {}
    for field, kind, size in layout(name, session):
        taken, encoded = encoded[:field_size(kind, size)], encoded[field_size(kind, size):]
        value = int.from_bytes(taken, "big")
        proof[field] = [int(d) for d in format(value, f"0{size}b")] if kind == "b" else value - ((kind == "s") << size)
    assert not encoded
    return proof


def in_range(value: int, size: int) -> bool:
    return -(1 << size) <= value < 1 << size


# Paillier and ring-Pedersen. A setup is (N^, s, t).

def enc(N, m, r):
    return (1 + m % N * N) * powmod(r, N, N * N) % (N * N)  # (1 + N)^m, by the binomial theorem


def commit(setup, x, y):
    N, s, t = setup
    return powmod(s, x, N) * powmod(t, y, N) % N


def setup_bytes(setup, size):
    return b"".join(number(value, size) for value in setup)


# Pi-sch (figure 22), Pi-elog (figure 23)

def sch_prove(session, st, x, alpha):
    e = scalar("ceremony/pi-sch-v1", session, [point_bytes(st["X"])], [point_bytes(st["A"])])
    return {"z": (alpha + e * x) % ORDER}


def sch_verify(session, st, proof):
    e = scalar("ceremony/pi-sch-v1", session, [point_bytes(st["X"])], [point_bytes(st["A"])])
    return mul(proof["z"], BASE) == add(st["A"], mul(e, st["X"]))


def elog_fields(st):
    return [point_bytes(st[letter]) for letter in ("L", "M", "X", "Y", "h")]


def elog_prove(session, st, y, lam, alpha, m):
    A, N, B = mul(alpha, BASE), add(mul(m, BASE), mul(alpha, st["X"])), mul(m, st["h"])
    e = scalar("ceremony/pi-elog-v1", session, elog_fields(st), list(map(point_bytes, (A, N, B))))
    return {"e": e, "z": (alpha + e * lam) % ORDER, "u": (m + e * y) % ORDER}


def elog_verify(session, st, proof):
    e, z, u = proof["e"], proof["z"], proof["u"]
    A = add(mul(z, BASE), mul(-e, st["L"]))
    N = add(add(mul(u, BASE), mul(z, st["X"])), mul(-e, st["M"]))
    B = add(mul(u, st["h"]), mul(-e, st["Y"]))
    return e == scalar("ceremony/pi-elog-v1", session, elog_fields(st), list(map(point_bytes, (A, N, B))))


# Pi-enc-elg (figure 24)

def _enc_elg_hash(session, st, S, T, D, Y, Z):
    n = session.size
    fields = [number(st["N0"], n), number(st["C"], 2 * n), *(point_bytes(st[p]) for p in "ABX"), setup_bytes(st["setup"], n)]
    return scalar("ceremony/pi-enc-elg-v1", session, fields,
                  [number(S, n), number(T, n), number(D, 2 * n), point_bytes(Y), point_bytes(Z)])


def enc_elg_prove(session, st, x, rho, b, alpha, mu, r, beta, gamma):
    S, T = commit(st["setup"], x, mu), commit(st["setup"], alpha, gamma)
    D, Y, Z = enc(st["N0"], alpha, r), add(mul(beta, st["A"]), mul(alpha, BASE)), mul(beta, BASE)
    e = _enc_elg_hash(session, st, S, T, D, Y, Z)
    return {"e": e, "S": S, "z1": alpha + e * x, "w": (beta + e * b) % ORDER,
            "z2": r * powmod(rho, e, st["N0"]) % st["N0"], "z3": gamma + e * mu}


def enc_elg_verify(session, st, proof):
    N0, (N, _, _) = st["N0"], st["setup"]
    e, S, z1, w, z2, z3 = (proof[field] for field in ("e", "S", "z1", "w", "z2", "z3"))
    D = enc(N0, z1, z2) * powmod(st["C"], -e, N0 * N0) % (N0 * N0)
    Y = add(add(mul(w, st["A"]), mul(z1, BASE)), mul(-e, st["X"]))
    Z = add(mul(w, BASE), mul(-e, st["B"]))
    T = commit(st["setup"], z1, z3) * powmod(S, -e, N) % N
    return in_range(z1, ELL + EPS) and e == _enc_elg_hash(session, st, S, T, D, Y, Z)


# Pi-aff-g (figure 25) and Pi-aff-g* (figure 27), with the sign of figure 8

def _aff_g_fields(session, st):
    n = session.size
    return [number(st["N0"], n), number(st["N1"], n), number(st["C"], 2 * n), number(st["D"], 2 * n),
            number(st["Y"], 2 * n), point_bytes(st["X"])]


def _aff_g_hash(session, st, A, B_x, B_y, E, S, F, T):
    n = session.size
    return scalar("ceremony/pi-aff-g-v1", session, [*_aff_g_fields(session, st), setup_bytes(st["setup"], n)],
                  [number(A, 2 * n), point_bytes(B_x), number(B_y, 2 * n), *(number(value, n) for value in (E, S, F, T))])


def aff_g_prove(session, st, x, y, rho, rho_y, alpha, beta, gamma, delta, m, mu, r, r_y):
    N0, N1, setup = st["N0"], st["N1"], st["setup"]
    A = powmod(st["C"], alpha, N0 * N0) * enc(N0, beta, r) % (N0 * N0)
    E, S, F, T = commit(setup, alpha, gamma), commit(setup, x, m), commit(setup, beta, delta), commit(setup, -y, mu)
    e = _aff_g_hash(session, st, A, mul(alpha, BASE), enc(N1, beta, r_y), E, S, F, T)
    return {"e": e, "S": S, "T": T, "z1": alpha + e * x, "z2": beta - e * y, "z3": gamma + e * m, "z4": delta + e * mu,
            "w": r * powmod(rho, e, N0) % N0, "w_y": r_y * powmod(rho_y, -e, N1) % N1}


def aff_g_verify(session, st, proof):
    N0, N1, setup = st["N0"], st["N1"], st["setup"]
    e, S, T, z1, z2, z3, z4, w, w_y = (proof[f] for f in ("e", "S", "T", "z1", "z2", "z3", "z4", "w", "w_y"))
    A = powmod(st["C"], z1, N0 * N0) * enc(N0, z2, w) * powmod(st["D"], -e, N0 * N0) % (N0 * N0)
    B_y = enc(N1, z2, w_y) * powmod(st["Y"], e, N1 * N1) % (N1 * N1)
    E = commit(setup, z1, z3) * powmod(S, -e, setup[0]) % setup[0]
    F = commit(setup, z2, z4) * powmod(T, -e, setup[0]) % setup[0]
    B_x = add(mul(z1, BASE), mul(-e, st["X"]))
    return (in_range(z1, ELL + EPS) and in_range(z2, ELL_PRIME + EPS)
            and e == _aff_g_hash(session, st, A, B_x, B_y, E, S, F, T))


def aff_g_star_verify(session, st, proof):
    N0, N1, n, commitments = st["N0"], st["N1"], session.size, []
    for j, e in enumerate(proof["e"]):
        z, z_prime, w, lam = (proof[f"{field}[{j}]"] for field in ("z", "z'", "w", "lambda"))
        if not in_range(z, ELL + EPS) or not in_range(z_prime, ELL_PRIME + EPS):
            return False
        A = powmod(st["C"], z, N0 * N0) * enc(N0, z_prime, w) * powmod(st["D"], -e, N0 * N0) % (N0 * N0)
        B = enc(N1, z_prime, lam) * powmod(st["Y"], e, N1 * N1) % (N1 * N1)
        commitments += [number(A, 2 * n), point_bytes(add(mul(z, BASE), mul(-e, st["X"]))), number(B, 2 * n)]
    return proof["e"] == bits("ceremony/pi-aff-g-star-v1", session, _aff_g_fields(session, st), commitments)


# Pi-dec (figure 28)

def dec_verify(session, st, proof, w_bits=SUM_MASK):
    N0, n, commitments = st["N0"], session.size, []
    for j, e in enumerate(proof["e"]):
        z, w, nu = (proof[f"{field}[{j}]"] for field in ("z", "w", "nu"))
        if not in_range(z, ELL + EPS) or not in_range(w, w_bits):
            return False
        A = powmod(st["K"], -z, N0 * N0) * enc(N0, w, nu) * powmod(st["D"], -e, N0 * N0) % (N0 * N0)
        B = add(mul(w, st["base"]), mul(-e, st["S"]))
        commitments += [number(A, 2 * n), point_bytes(B), point_bytes(add(mul(z, BASE), mul(-e, st["X"])))]
    return proof["e"] == bits("ceremony/pi-dec-v1", session, dec_fields(session, st), commitments)


def dec_fields(session, st):
    n = session.size
    return [number(st["N0"], n), number(st["K"], 2 * n), number(st["D"], 2 * n),
            *(point_bytes(st[letter]) for letter in ("X", "S", "base"))]


def dec_prove(session, st, x, y, rho, masks):
    """masks: (alpha, beta, r) for each repetition."""
    N0, n, commitments = st["N0"], session.size, []
    for alpha, beta, r in masks:
        A = powmod(st["K"], -alpha, N0 * N0) * enc(N0, beta, r) % (N0 * N0)
        commitments += [number(A, 2 * n), point_bytes(mul(beta, st["base"])), point_bytes(mul(alpha, BASE))]
    e = bits("ceremony/pi-dec-v1", session, dec_fields(session, st), commitments)
    proof = {"e": e}
    for j, (alpha, beta, r) in enumerate(masks):
        proof |= {f"z[{j}]": alpha + e[j] * x, f"w[{j}]": beta + e[j] * y, f"nu[{j}]": r * powmod(rho, e[j], N0) % N0}
    return proof


# Pi-fac (figure 26)

def _fac_hash(session, st, P, Q, A, B, T):
    n = session.size
    return scalar("ceremony/pi-fac-v1", session, [number(st["N0"], n), setup_bytes(st["setup"], n)],
                  [number(value, n) for value in (P, Q, A, B, T)])


def fac_prove(session, st, p, q, alpha, beta, mu, nu, x, y, r):
    setup = st["setup"]
    P, Q, A, B = commit(setup, p, mu), commit(setup, q, nu), commit(setup, alpha, x), commit(setup, beta, y)
    T = powmod(Q, alpha, setup[0]) * commit(setup, 0, r) % setup[0]
    e = _fac_hash(session, st, P, Q, A, B, T)
    return {"e": e, "P": P, "Q": Q, "z1": alpha + e * p, "z2": beta + e * q, "w1": x + e * mu, "w2": y + e * nu,
            "v": r - e * nu * p}


def fac_verify(session, st, proof):
    setup, (N, _, _) = st["setup"], st["setup"]
    e, P, Q, z1, z2, w1, w2, v = (proof[field] for field in ("e", "P", "Q", "z1", "z2", "w1", "w2", "v"))
    A, B = (commit(setup, z, w) * powmod(V, -e, N) % N for z, w, V in ((z1, w1, P), (z2, w2, Q)))
    T = powmod(Q, z1, N) * commit(setup, -e * st["N0"], v) % N
    limit = ELL + EPS + session.bits // 2 - 1
    return in_range(z1, limit) and in_range(z2, limit) and e == _fac_hash(session, st, P, Q, A, B, T)


# Pi-prm (figure 13)

def prm_bits(session, st, commitments):
    n = session.size
    return bits("ceremony/pi-prm-v1", session, [setup_bytes(st["setup"], n)], [number(A, n) for A in commitments])


def prm_prove(session, st, lam, totient, masks):
    N, _, t = st["setup"]
    e = prm_bits(session, st, [powmod(t, a, N) for a in masks])
    return {"e": e} | {f"z[{j}]": (a + e[j] * lam) % totient for j, a in enumerate(masks)}


def prm_verify(session, st, proof):
    N, s, t = st["setup"]
    commitments = [powmod(t, proof[f"z[{j}]"], N) * powmod(s, -e, N) % N for j, e in enumerate(proof["e"])]
    return proof["e"] == prm_bits(session, st, commitments)


# Pi-mod (figure 12)

def mod_challenges(session, st):
    stream = Numbers("ceremony/pi-mod-v1", [*session.fields(), number(st["N"], session.size)])
    w = stream.below(st["N"])
    while jacobi(w, st["N"]) != -1:
        w = stream.below(st["N"])
    return w, [stream.below(st["N"]) for _ in range(M)]


def mod_prove(session, st, primes):
    """The best proof that somebody who knows all prime factors can give: a root where there is one, else 1."""
    N = st["N"]
    totient = 1
    for prime in set(primes):
        totient *= (prime - 1) * prime ** (primes.count(prime) - 1)
    w, ys = mod_challenges(session, st)
    proof = {"a": [], "b": []}
    for j, y in enumerate(ys):
        x, a, b = next(((root, a, b) for a in (0, 1) for b in (0, 1)
                        if (root := _fourth_root((-1) ** a * w**b * y % N, primes)) is not None), (1, 0, 0))
        try:
            z = powmod(y, invert(N, totient), N)
        except ZeroDivisionError:
            z = 1
        proof["a"].append(a)
        proof["b"].append(b)
        proof |= {f"x[{j}]": x, f"z[{j}]": z}
    return proof


def _fourth_root(value, primes):
    """A fourth root modulo a product of primes that are each 3 modulo 4, or None; other primes give None."""
    N, total = mpz(1), mpz(0)
    for p in primes:
        N *= p
    for p in primes:
        if p % 4 != 3 or jacobi(value, p) != 1 or primes.count(p) > 1:
            return None
        root = powmod(value, ((p + 1) // 4) ** 2, p)
        total += root * (N // p) * invert(N // p, p)
    return total % N


def mod_verify(session, st, proof):
    N = st["N"]
    w, ys = mod_challenges(session, st)
    return all(powmod(proof[f"z[{j}]"], N, N) == y
               and powmod(proof[f"x[{j}]"], 4, N) == (-1) ** proof["a"][j] * w ** proof["b"][j] * y % N
               for j, y in enumerate(ys))


VERIFIERS = {"sch": sch_verify, "elog": elog_verify, "enc_elg": enc_elg_verify, "aff_g": aff_g_verify, "fac": fac_verify,
             "prm": prm_verify, "mod": mod_verify, "dec": dec_verify, "aff_g_star": aff_g_star_verify}
