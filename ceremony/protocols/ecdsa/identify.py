"""What an honest signer proves after a failed sum, from ``Masks``, its keys, and the kept messages; it needs no nonce.

**Warning**: it erases nothing and signs nothing, but the signing is dead before this is called: its states are erased.
"""

from __future__ import annotations

from ceremony.algebra.secp256k1 import N, mul_secret, mul_secret_base
from ceremony.base.errors import LocalFault
from ceremony.base.secret import Secret
from ceremony.proofs.aff_g_star import prove_aff_g_star
from ceremony.proofs.dec import prove_dec
from ceremony.protocols.ecdsa.blame import Failure
from ceremony.protocols.ecdsa.checks import Messages
from ceremony.protocols.ecdsa.context import SignerKeys
from ceremony.protocols.ecdsa.drawn import DrawnHalf, DrawnMasks
from ceremony.protocols.ecdsa.messages import Identification
from ceremony.protocols.ecdsa.states import Masks


def identify(masks: Masks, keys: SignerKeys, round1: Messages, round2: Messages, round3: Messages) -> bytes:
    """The proofs that this signer's part was right.

    Raises as ``blame.Failure`` does, and LocalFault ``ECDSA-OWN-KEYS`` or ``ECDSA-OWN-MESSAGE``, the latter when the
    own messages are not what these masks and keys give: then this station cannot clear itself.
    """
    context, seat = masks.context, masks.seat
    keys.check(context)
    if keys.seat != seat:
        raise LocalFault("ECDSA-OWN-KEYS", "keys and masks are not those of one seat")
    failure, drawn = Failure(context, round1, round2, round3), DrawnMasks(masks, keys)
    nonce = failure.sum == "nonce"
    factor = drawn.gamma if nonce else context.additive_share(seat, keys.share)
    statement = failure.dec_statement(seat)
    whole = statement.K.times_secret(factor) + statement.D
    y = Secret(int(keys.paillier.decrypt(whole).reveal()))
    part = mul_secret(Secret(int(y.reveal() % N)), statement.base)
    if (mul_secret_base(factor), part) != (statement.X, statement.S):
        raise LocalFault("ECDSA-OWN-MESSAGE", "the messages at this seat were not made with these masks")
    bound = context.proof(seat, joint=failure.joint)
    dec = prove_dec(statement, factor, y, keys.paillier.randomness(whole), keys.paillier, bound, drawn.identify_seed)
    stars = {}
    for other in context.others(seat):
        half = DrawnHalf(masks, keys, other, "gamma" if nonce else "share")
        stars[other] = prove_aff_g_star(failure.star_statement(seat, other), half.witness(factor), keys.paillier,
                                        context.proof(seat, other, failure.joint), half.star_seed)
    return Identification(dec, stars).to_bytes()
