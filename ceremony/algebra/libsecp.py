"""The one door to libsecp256k1, through the C interface that the coincurve package carries.

coincurve's own classes cannot sign messages of any length, cannot give the point of a Diffie-Hellman exchange, and
serialise more than we need. So the C functions are called here, and nowhere else in the project. A ``raw`` is a
``secp256k1_pubkey *``: a finite point that must not be altered once made. Scalars are 32 bytes, big-endian.

Calls whose name starts with ``secret_`` run in constant time in their scalar; all others are for public data only.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Sequence

from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT
from coincurve.flags import EC_COMPRESSED

Raw = Any  # cffi has no type that a checker could use

_CONTEXT = GLOBAL_CONTEXT.ctx  # coincurve blinds it with fresh randomness when it is loaded
_SCHNORR_EXTRA_MAGIC = b"\xda\x6f\xb3\x8c"  # SECP256K1_SCHNORRSIG_EXTRAPARAMS_MAGIC of secp256k1_schnorrsig.h


def _new() -> Raw:
    return ffi.new("secp256k1_pubkey *")


def parse(encoded: bytes) -> Raw | None:
    """The point that 33 bytes (compressed, SEC 1) stand for, or None when they stand for none."""
    raw = _new()
    return raw if lib.secp256k1_ec_pubkey_parse(_CONTEXT, raw, encoded, len(encoded)) else None


def serialize(raw: Raw) -> bytes:
    """33 bytes, compressed SEC 1 form."""
    out = ffi.new("unsigned char[33]")
    lib.secp256k1_ec_pubkey_serialize(_CONTEXT, out, ffi.new("size_t *", 33), raw, EC_COMPRESSED)
    return bytes(ffi.buffer(out, 33))


def combine(raws: Sequence[Raw]) -> Raw | None:
    """Sum of at least one point; None when it is the point at infinity."""
    raw = _new()
    return raw if lib.secp256k1_ec_pubkey_combine(_CONTEXT, raw, raws, len(raws)) else None


def negate(raw: Raw) -> Raw:
    negated = ffi.new("secp256k1_pubkey *", raw[0])
    lib.secp256k1_ec_pubkey_negate(_CONTEXT, negated)
    return negated


def multiply(raw: Raw, scalar: bytes) -> Raw:
    """scalar * point in **variable time**; the scalar is in 1..N-1."""
    product = ffi.new("secp256k1_pubkey *", raw[0])
    if not lib.secp256k1_ec_pubkey_tweak_mul(_CONTEXT, product, scalar):
        raise ValueError("the scalar must be in 1..N-1")
    return product


def secret_multiply_base(scalar: bytes) -> Raw:
    """scalar * G for a scalar in 1..N-1, in constant time."""
    raw = _new()
    if not lib.secp256k1_ec_pubkey_create(_CONTEXT, raw, scalar):
        raise ValueError("the scalar must be in 1..N-1")
    return raw


def secret_ecdh(raw: Raw, scalar: bytes) -> bytes:
    """SHA-256 of the compressed point scalar * raw, 32 bytes, for a scalar in 1..N-1, in constant time."""
    out = ffi.new("unsigned char[32]")
    if not lib.secp256k1_ecdh(_CONTEXT, out, raw, scalar, ffi.NULL, ffi.NULL):
        raise ValueError("the scalar must be in 1..N-1")
    return bytes(ffi.buffer(out, 32))


@cache
def _keep_coordinates():
    """A "hash function" for secp256k1_ecdh that hands out both coordinates instead of hashing them."""

    @ffi.callback("int(unsigned char *, const unsigned char *, const unsigned char *, void *)")
    def keep(out, x32, y32, _data):
        ffi.memmove(out, x32, 32)
        ffi.memmove(out + 32, y32, 32)
        return 1

    return keep


def secret_multiply(raw: Raw, scalar: bytes) -> Raw:
    """scalar * raw as a point, for a scalar in 1..N-1, in constant time (the multiplication of secp256k1_ecdh)."""
    out = ffi.new("unsigned char[65]")
    out[0] = 4
    if not lib.secp256k1_ecdh(_CONTEXT, out + 1, raw, scalar, _keep_coordinates(), ffi.NULL):
        raise ValueError("the scalar must be in 1..N-1")
    return parse(bytes(ffi.buffer(out, 65)))


def secret_schnorr_sign(scalar: bytes, message: bytes, aux: bytes) -> bytes:
    """BIP-340 signature, 64 bytes, over a message of any length with 32 bytes of auxiliary randomness."""
    keypair = ffi.new("secp256k1_keypair *")
    if not lib.secp256k1_keypair_create(_CONTEXT, keypair, scalar):
        raise ValueError("the secret key must be in 1..N-1")
    randomness = ffi.new("unsigned char[32]", aux)
    extra = ffi.new("secp256k1_schnorrsig_extraparams *",
                    {"magic": _SCHNORR_EXTRA_MAGIC, "noncefp": ffi.NULL, "ndata": randomness})
    out = ffi.new("unsigned char[64]")
    if not lib.secp256k1_schnorrsig_sign_custom(_CONTEXT, out, message, len(message), keypair, extra):
        raise ValueError("libsecp256k1 could not sign")
    return bytes(ffi.buffer(out, 64))


def schnorr_is_valid(pubkey_xonly: bytes, message: bytes, signature: bytes) -> bool:
    """Does this BIP-340 signature (64 bytes) verify under this x-only key (32 bytes)?"""
    parsed = ffi.new("secp256k1_xonly_pubkey *")
    if not lib.secp256k1_xonly_pubkey_parse(_CONTEXT, parsed, pubkey_xonly):
        return False
    return bool(lib.secp256k1_schnorrsig_verify(_CONTEXT, signature, message, len(message), parsed))
