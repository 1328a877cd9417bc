"""Threshold ECDSA once more, from the two spec.md alone: reads a whole session's bytes, checks every equation, gives the result.

Nothing of ceremony is imported and no table, prime or shortcut is used; the proofs are those of cggmp_textbook. It says True or
False by assertion. Values come as plain integers and bytes in one dictionary, so that a reader sees what a signing consists of.
"""

from __future__ import annotations

from hashlib import sha256
from math import gcd

from tests.reference.cggmp_textbook import (
    BASE, ORDER, VERIFIERS, Session, add, aff_g_verify, decode, elog_verify, enc_elg_verify, field_size, layout, mul, number,
    point_bytes, point_from, setup_bytes, tagged)


class Bytes:
    def __init__(self, encoded: bytes):
        self.rest = encoded

    def take(self, size: int) -> bytes:
        taken, self.rest = self.rest[:size], self.rest[size:]
        assert len(taken) == size
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def point(self):
        encoded = self.take(33)
        found = point_from(encoded)
        assert encoded[0] in (2, 3) and point_bytes(found) == encoded
        return found

    def unit(self, size: int, modulus: int) -> int:
        value = self.number(size)
        assert value < modulus and gcd(value, modulus) == 1
        return value


def proof_size(name: str, session: Session) -> int:
    return sum(field_size(kind, size) for _, kind, size in layout(name, session))


def total(points):
    result = None
    for point in points:
        result = add(result, point)
    return result


def lagrange(seats, seat):
    top, bottom = 1, 1
    for other in seats:
        if other != seat:
            top, bottom = top * (other + 1) % ORDER, bottom * (other - seat) % ORDER
    return top * pow(bottom, -1, ORDER) % ORDER


def session_name(s: dict) -> bytes:
    size = {"cggmp24-std": 384, "cggmp24-compact": 256}[s["profile"]]
    fields = [s["profile"].encode(), s["session"], number(s["t"], 4), number(s["n"], 4), *(number(j, 4) for j in s["seats"])]
    for j in s["seats"]:
        fields += [point_bytes(s["X"][j]), number(s["N"][j], size), setup_bytes(s["setup"][j], size)]
    return tagged("ceremony/ecdsa-session-v1", [*fields, point_bytes(s["key"]), number(s["tweak"], 32), s["digest"]])


def read_round1(s, ssid, author):
    size, take = Session(s["profile"], ssid, author).size, Bytes(s["round1"][author])
    m = {name: take.point() for name in ("Y", "A1", "A2", "B1", "B2")}
    N = s["N"][author]
    m |= {name: take.unit(2 * size, N * N) for name in ("K", "G")}
    for other in (j for j in s["seats"] if j != author):
        session = Session(s["profile"], ssid, author, other)
        for C, B, X in (("K", "A1", "A2"), ("G", "B1", "B2")):
            proof = decode("enc_elg", session, take.take(proof_size("enc_elg", session)))
            statement = {"N0": N, "C": m[C], "A": m["Y"], "B": m[B], "X": m[X], "setup": s["setup"][other]}
            assert enc_elg_verify(session, statement, proof)
    assert not take.rest
    return m


def read_round2(s, joint, author, firsts, W):
    session, take = Session(s["profile"], joint, author), Bytes(s["round2"][author])
    size, mine = session.size, firsts[author]
    Gamma = take.point()
    statement = {"L": mine["B1"], "M": mine["B2"], "X": mine["Y"], "Y": Gamma, "h": BASE}
    assert elog_verify(session, statement, decode("elog", session, take.take(96)))
    for other in (j for j in s["seats"] if j != author):
        toward = Session(s["profile"], joint, author, other)
        N0, N1 = s["N"][other], s["N"][author]
        halves = [(take.unit(2 * size, N0 * N0), take.unit(2 * size, N1 * N1)) for _ in range(2)]
        for (D, F), X in zip(halves, (Gamma, W[author])):
            proof = decode("aff_g", toward, take.take(proof_size("aff_g", toward)))
            statement = {"N0": N0, "N1": N1, "C": firsts[other]["K"], "D": D, "Y": F, "X": X, "setup": s["setup"][other]}
            assert aff_g_verify(toward, statement, proof)
    assert not take.rest
    return Gamma


def audit(s: dict) -> tuple[int, int, int]:
    """r, s and the recovery id of a signing whose every byte is right; AssertionError for any other."""
    seats, ssid = s["seats"], session_name(s)
    W = {j: mul(lagrange(seats, j), s["X"][j]) for j in seats}
    assert total(W.values()) == s["key"]
    W[seats[0]] = add(W[seats[0]], mul(s["tweak"], BASE))
    Q = add(s["key"], mul(s["tweak"], BASE))

    firsts = {j: read_round1(s, ssid, j) for j in seats}
    joint1 = tagged("ceremony/ecdsa-round1-v1", [ssid, b"", *(s["round1"][j] for j in seats)])
    gammas = {j: read_round2(s, joint1, j, firsts, W) for j in seats}
    joint2 = tagged("ceremony/ecdsa-round2-v1", [ssid, joint1, *(s["round2"][j] for j in seats)])
    Gamma = total(gammas.values())

    thirds = {}
    for j in seats:
        take, session, mine = Bytes(s["round3"][j]), Session(s["profile"], joint2, j), firsts[j]
        delta, S, Delta = take.number(32), take.point(), take.point()
        statement = {"L": mine["A1"], "M": mine["A2"], "X": mine["Y"], "Y": Delta, "h": Gamma}
        assert 0 < delta < ORDER and elog_verify(session, statement, decode("elog", session, take.rest))
        thirds[j] = delta, S, Delta
    delta = sum(part[0] for part in thirds.values()) % ORDER
    assert mul(delta, BASE) == total(part[2] for part in thirds.values())
    assert mul(delta, Q) == total(part[1] for part in thirds.values())

    r, m = Gamma[0] % ORDER, int.from_bytes(s["digest"], "big")
    for j in seats:
        sigma = int.from_bytes(s["partials"][j], "big")
        _, S, Delta = thirds[j]
        assert 0 < sigma < ORDER and mul(sigma * delta, Gamma) == add(mul(m, Delta), mul(r, S))
    whole = sum(int.from_bytes(s["partials"][j], "big") for j in seats) % ORDER
    inverse = pow(whole, -1, ORDER)
    assert add(mul(m * inverse, BASE), mul(r * inverse, Q)) == Gamma
    high = whole > ORDER // 2
    return r, ORDER - whole if high else whole, 2 * (Gamma[0] >= ORDER) + (Gamma[1] % 2 ^ high)


# Key generation

def keygen_session(s: dict) -> bytes:
    sizes = number(s["t"], 4), number(len(s["recipients"]), 4)
    return tagged("ceremony/auxinfo-session-v1", [s["profile"].encode(), s["session"], *sizes, *map(point_bytes, s["recipients"])])


def proven(name: str, session: Session, statement: dict, encoded: bytes) -> None:
    assert VERIFIERS[name](session, statement, decode(name, session, encoded))


def read_reveal(s, sid, seat):
    encoded, t = s["reveals"][seat], s["t"]
    assert s["commitments"][seat] == tagged("ceremony/auxinfo-commit-v1", [sid, number(seat, 4), encoded])
    session, take = Session(s["profile"], sid, seat), Bytes(encoded)
    take.take(32)
    m = {"chain": take.take(32), "C": [take.point() for _ in range(t)], "A": [take.point() for _ in range(t)]}
    m |= {"N": take.number(session.size), "setup": tuple(take.number(session.size) for _ in range(3))}
    proven("prm", session, {"setup": m["setup"]}, take.rest)
    return m


def schnorr_holds(x: bytes, message: bytes, signature: bytes, prefix: str) -> bool:
    """BIP 340 with another tag prefix."""
    def plain(tag, data):
        name = sha256(tag.encode()).digest()
        return int.from_bytes(sha256(name + name + data).digest(), "big") % ORDER

    e, z = plain(prefix + "/challenge", signature[:32] + x + message), int.from_bytes(signature[32:], "big")
    return point_bytes(add(mul(z, BASE), mul(-e, point_from(b"\2" + x)))) == b"\2" + signature[:32]


def check_proofs(s, sid, joint, seat, reveals):
    mine, n, session = reveals[seat], len(reveals), Session(s["profile"], joint, seat)
    take, others = Bytes(s["proofs"][seat]), [j for j in range(n) if j != seat]
    assert take.take(32) == joint
    for k in range(s["t"]):
        bound = Session(s["profile"], tagged("ceremony/auxinfo-coefficient-v1", [joint, number(k, 4)]), seat)
        proven("sch", bound, {"X": mine["C"][k], "A": mine["A"][k]}, take.take(32))
    proven("mod", session, {"N": mine["N"]}, take.take(proof_size("mod", session)))
    for other in others:
        toward = Session(s["profile"], joint, seat, other)
        proven("fac", toward, {"N0": mine["N"], "setup": reveals[other]["setup"]}, take.take(proof_size("fac", toward)))
    ephemeral, boxes = take.take(33), [take.take(48) for _ in others]
    signed = tagged("ceremony/auxinfo-possession-v1", [sid, joint, number(seat, 4), ephemeral, *boxes])
    assert schnorr_holds(ephemeral[1:], signed, take.rest, "ceremony/auxinfo-possession")


def audit_keygen(s: dict):
    """Group key, chain code, public shares and transcript hash of a key generation; AssertionError unless all is right."""
    sid, seats = keygen_session(s), range(len(s["recipients"]))
    reveals = [read_reveal(s, sid, seat) for seat in seats]
    moduli = [N for m in reveals for N in (m["N"], m["setup"][0])]
    assert all(gcd(a, b) == 1 for k, a in enumerate(moduli) for b in moduli[:k])
    joint = tagged("ceremony/auxinfo-joint-v1", [sid, *s["reveals"]])
    for seat in seats:
        check_proofs(s, sid, joint, seat, reveals)
    sums = [total(m["C"][k] for m in reveals) for k in range(s["t"])]
    shares = [total(mul((seat + 1) ** k, C) for k, C in enumerate(sums)) for seat in seats]
    chain = tagged("ceremony/ecdsa-chain-code-v1", [sid, *(m["chain"] for m in reveals)])
    return sums[0], chain, shares, tagged("ceremony/auxinfo-transcript-v1",
                                          [sid, *s["commitments"], *s["reveals"], *s["proofs"]])
