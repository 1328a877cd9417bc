"""BIP 445 once more, slowly and from the text alone: affine formulas over Python integers, one function per formula.

It shares no line with the product and uses no library, so that a mistake in either shows as a difference. A point is a pair
(x, y), infinity is None. Never use it for anything but comparing: it leaks every secret through its timing.
"""

from __future__ import annotations

from hashlib import sha256

p = 2**256 - 2**32 - 977
n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(a, b):
    if a is None or b is None:
        return b if a is None else a
    (x1, y1), (x2, y2) = a, b
    if x1 == x2 and (y1 + y2) % p == 0:
        return None
    slope = 3 * x1 * x1 * pow(2 * y1, -1, p) if a == b else (y2 - y1) * pow(x2 - x1, -1, p)
    x3 = (slope * slope - x1 - x2) % p
    return x3, (slope * (x1 - x3) - y1) % p


def mul(k, a):
    result, k = None, k % n
    while k:
        if k & 1:
            result = add(result, a)
        a, k = add(a, a), k >> 1
    return result


def total(points):
    result = None
    for point in points:
        result = add(result, point)
    return result


def even(a) -> bool:
    return a[1] % 2 == 0


def compressed(a) -> bytes:
    return bytes(33) if a is None else (b"\x02" if even(a) else b"\x03") + a[0].to_bytes(32, "big")


def point(encoded: bytes):
    x = int.from_bytes(encoded[1:], "big")
    y = pow(x**3 + 7, (p + 1) // 4, p)
    return x, y if y % 2 == encoded[0] % 2 else p - y


def hashed(tag: str, data: bytes) -> bytes:
    prefix = sha256(tag.encode()).digest()
    return sha256(prefix + prefix + data).digest()


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def weight(ids, own) -> int:
    top = bottom = 1
    for other in ids:
        if other != own:
            top, bottom = top * (other + 1), bottom * (other - own)
    return top * pow(bottom, -1, n) % n


def nonce(rand, share=None, seat=None, pubshare=None, key_xonly=None, message=None, extra=None):
    """NonceGen with its randomness given: (k1, k2)."""
    if share is not None:
        rand = (number(share) ^ number(hashed("BIP0445/aux", rand))).to_bytes(32, "big")
    data = rand
    data += b"\x00" if seat is None else b"\x04" + seat.to_bytes(4, "big")
    data += b"\x00" if pubshare is None else b"\x21" + pubshare
    data += b"\x00" if key_xonly is None else b"\x20" + key_xonly
    data += b"\x00" if message is None else b"\x01" + len(message).to_bytes(8, "big") + message
    data += (0 if extra is None else len(extra)).to_bytes(4, "big") + (extra or b"")
    return tuple(number(hashed("BIP0445/nonce", data + last)) % n for last in (b"\x00", b"\x01"))


def tweaked(Q, tweaks):
    gacc, tacc = 1, 0
    for tweak, is_xonly in tweaks:
        g = -1 if is_xonly and not even(Q) else 1
        Q = add(mul(g, Q), mul(number(tweak), G))
        gacc, tacc = g * gacc, number(tweak) + g * tacc
    return Q, gacc, tacc


def signature(shares, nonces, key, tweaks, message):
    """All partial signatures and their sum: shares {id: scalar}, nonces {id: (k1, k2)}, key a point."""
    ids = sorted(shares)
    Q, gacc, tacc = tweaked(key, tweaks)
    R1, R2 = (total(mul(nonces[i][half], G) for i in ids) for half in (0, 1))
    q = Q[0].to_bytes(32, "big")
    data = len(ids).to_bytes(4, "big") + b"".join(i.to_bytes(4, "big") for i in ids) + compressed(R1) + compressed(R2)
    b = number(hashed("BIP0445/noncecoef", data + q + message)) % n
    R = add(R1, mul(b, R2)) or G
    r = R[0].to_bytes(32, "big")
    e = number(hashed("BIP0340/challenge", r + q + message)) % n
    g, h = (1 if even(Q) else -1), (1 if even(R) else -1)
    parts = {i: (h * (nonces[i][0] + b * nonces[i][1]) + e * weight(ids, i) * g * gacc * shares[i]) % n for i in ids}
    s = (sum(parts.values()) + e * g * tacc) % n
    return {i: part.to_bytes(32, "big") for i, part in parts.items()}, r + s.to_bytes(32, "big")


def verify(key_xonly: bytes, message: bytes, signature: bytes) -> bool:
    """BIP 340, "Verification"."""
    s, P = number(signature[32:]), point(b"\x02" + key_xonly)
    e = number(hashed("BIP0340/challenge", signature[:32] + key_xonly + message)) % n
    R = add(mul(s, G), mul(-e, P))
    return s < n and R is not None and even(R) and R[0] == number(signature[:32])
