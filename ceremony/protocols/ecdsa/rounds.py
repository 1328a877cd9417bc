"""The steps of one signer that touch its secrets: three of presigning, one of signing (CGGMP24, figures 8 and 10).

Each step is a function of its arguments alone; nothing here draws randomness, reads a clock or writes. A step that is
run again with the same arguments gives the same bytes. **Warning**: the station stores what a step returns before the
message leaves, erases what went in, and never runs a step twice with different messages of others.
"""

from __future__ import annotations

from ceremony.algebra.secp256k1 import N, mul_secret, mul_secret_base, scalar_to_bytes
from ceremony.base.errors import LocalFault, PeerFault, Seat
from ceremony.base.secret import Secret
from ceremony.proofs.aff_g import AffGStatement, prove_aff_g
from ceremony.proofs.elog import prove_elog
from ceremony.proofs.enc_elg import prove_enc_elg
from ceremony.protocols.ecdsa import checks
from ceremony.protocols.ecdsa.checks import Heard, Messages
from ceremony.protocols.ecdsa.context import SignerKeys, SigningContext
from ceremony.protocols.ecdsa.drawn import DrawnHalf, DrawnMasks, DrawnNonce
from ceremony.protocols.ecdsa.messages import Multiplication, Round1, Round2, Round3
from ceremony.protocols.ecdsa.signature import check_partial, public_presignature
from ceremony.protocols.ecdsa.states import Masks, State1, State2, State3


def step1(context: SigningContext, keys: SignerKeys, random: Secret[bytes]) -> tuple[State1, Masks, bytes]:
    """Draws the nonce: what signs, what only proves, and the first message to broadcast.

    random: 32 FRESH bytes. Raises LocalFault ``ECDSA-OWN-KEYS`` or ``ECDSA-RANDOMNESS``.
    """
    keys.check(context)
    if len(random.reveal()) != 32 or not any(random.reveal()):
        raise LocalFault("ECDSA-RANDOMNESS", "the source of randomness did not give 32 random bytes")
    nonce = DrawnNonce(context, keys, random)
    masks = DrawnMasks(nonce.masks, keys)
    A1, B1 = mul_secret_base(nonce.a), mul_secret_base(masks.b)
    A2 = mul_secret(nonce.a, nonce.Y) + mul_secret_base(nonce.k)
    B2 = mul_secret(masks.b, nonce.Y) + mul_secret_base(masks.gamma)
    own = keys.paillier
    K = own.encrypt(nonce.k, own.randomizer(nonce.rho.reveal()))
    cap_G = own.encrypt(masks.gamma, own.randomizer(masks.nu.reveal()))
    message = Round1(nonce.Y, A1, A2, B1, B2, K, cap_G, {})
    about_K, about_G = checks.enc_elg_statements(message)
    psi = {}
    for other in context.others(keys.seat):
        setup, bound = context.of(other).setup, context.proof(keys.seat, other)
        psi[other] = (
            prove_enc_elg(about_K, nonce.k, nonce.rho, nonce.a, own, setup, bound, nonce.seeds[other]),
            prove_enc_elg(about_G, masks.gamma, masks.nu, masks.b, own, setup, bound, masks.seeds[other]))
    encoded = Round1(nonce.Y, A1, A2, B1, B2, K, cap_G, psi).to_bytes()
    return State1(context, keys.seat, nonce.k, nonce.a, encoded), nonce.masks, encoded


def step2(state: State1, masks: Masks, keys: SignerKeys, round1: Messages) -> tuple[State2, bytes]:
    """Checks the first round, and multiplies with each other signer: the state to keep and the second message.

    Raises as ``checks.hear_round1`` does; LocalFault ``ECDSA-OWN-KEYS`` or ``ECDSA-OWN-MESSAGE``.
    """
    context, seat = state.context, state.seat
    _require_own(state, masks, keys, round1)
    heard1 = checks.hear_round1(context, round1, seat, keys)
    drawn, mine = DrawnMasks(masks, keys), heard1.by[seat]
    Gamma = mul_secret_base(drawn.gamma)
    elog = prove_elog(checks.elog_gamma(mine, Gamma), drawn.gamma, drawn.b, context.proof(seat, joint=heard1.joint),
                      drawn.gamma_seed)
    parts = {other: _multiply(context, keys, masks, heard1, other) for other in context.others(seat)}
    encoded = Round2(Gamma, elog, parts).to_bytes()
    return State2(context, seat, state.k, state.a, heard1.joint, encoded), encoded


def _multiply(context: SigningContext, keys: SignerKeys, masks: Masks, heard1: Heard[Round1],
              other: Seat) -> Multiplication:
    """This signer's halves of k_other * gamma and k_other * w."""
    gamma, w = DrawnMasks(masks, keys).gamma, context.additive_share(keys.seat, keys.share)
    K, setup = heard1.by[other].K, context.of(other).setup
    bound, proven = context.proof(keys.seat, other, heard1.joint), []
    for which, factor in (("gamma", gamma), ("share", w)):
        half = DrawnHalf(masks, keys, other, which)
        their, beta = K.key, half.beta
        D = K.times_secret(factor) + their.encrypt(Secret(-beta.reveal()), their.randomizer(half.s.reveal()))
        F = keys.paillier.encrypt(beta, keys.paillier.randomizer(half.r.reveal()))
        statement, witness = AffGStatement(K, D, F, mul_secret_base(factor)), half.witness(factor)
        proven.append((D, F, prove_aff_g(statement, witness, keys.paillier, setup, bound, half.seed)))
    (D, F, psi), (D_hat, F_hat, psi_hat) = proven
    return Multiplication(D, F, D_hat, F_hat, psi, psi_hat)


def step3(state: State2, masks: Masks, keys: SignerKeys, round1: Messages, round2: Messages) -> tuple[State3, bytes]:
    """Checks the second round, and adds up: the state to keep and the third message (194 bytes).

    The first round was checked before; here only its hash is compared. Raises as ``checks.hear_round2`` does;
    LocalFault ``ECDSA-OWN-KEYS`` or ``ECDSA-OWN-MESSAGE``.
    """
    context, seat = state.context, state.seat
    _require_own(state, masks, keys, round2)
    heard1 = checks.heard_before(context, round1)
    if heard1.joint != state.joint:
        raise LocalFault("ECDSA-OWN-MESSAGE", "these are not the first messages that this station answered")
    heard2 = checks.hear_round2(context, heard1, round2, seat, keys)
    Gamma, w = checks.nonce_point(heard2), context.additive_share(seat, keys.share)
    drawn = DrawnMasks(masks, keys)
    delta = _add_up(state, masks, keys, heard2, "gamma", drawn.gamma)
    chi = _add_up(state, masks, keys, heard2, "share", w)
    Delta = mul_secret(state.k, Gamma)
    elog = prove_elog(checks.elog_delta(heard1.by[seat], Gamma, Delta), state.k, state.a,
                      context.proof(seat, joint=heard2.joint), drawn.delta_seed)
    encoded = Round3(delta.reveal(), mul_secret(chi, Gamma), Delta, elog).to_bytes()
    return State3(context, seat, state.k, chi, heard2.joint, encoded), encoded


def _add_up(state: State2, masks: Masks, keys: SignerKeys, heard2: Heard[Round2], which: str,
            factor: Secret[int]) -> Secret[int]:
    """k*factor, and from each multiplication alpha (decrypted) and beta (the own mask), modulo the order."""
    total = state.k.reveal() * factor.reveal()
    for other in state.context.others(state.seat):
        part = heard2.by[other].parts[state.seat]
        alpha = keys.paillier.decrypt(part.D if which == "gamma" else part.D_hat)
        total += alpha.reveal() + DrawnHalf(masks, keys, other, which).beta.reveal()
    return Secret(int(total % N))


def step4(state: State3, round1: Messages, round2: Messages, round3: Messages) -> bytes:
    """The partial signature, 32 bytes; verified before it is returned.

    **Warning**: it counts as released from here on and can never be recalled. The state and ``Masks`` are erased in the
    transaction that stores it. Call it only when the entries of all show that they held the same three rounds. Raises
    as ``checks.check_round3`` and ``checks.check_sums`` do (FailedSum: erase the state, keep ``Masks``, identify);
    LocalFault ``ECDSA-OWN-MESSAGE`` or ``ECDSA-OWN-PARTIAL``.
    """
    context, seat = state.context, state.seat
    checks.require_all(context, round3)
    heard1 = checks.heard_before(context, round1)
    heard2 = checks.heard_after(context, heard1, round2)
    if heard2.joint != state.joint or round3[seat] != state.message:
        raise LocalFault("ECDSA-OWN-MESSAGE", "these are not the messages that this station answered and sent")
    heard3 = checks.hear_round3(context, heard1, heard2, round3)
    public = public_presignature(context, heard2, heard3)
    inverse = public.delta_inverse
    sigma = inverse * (state.k.reveal() * context.message + public.r * state.chi.reveal()) % N
    partial = scalar_to_bytes(sigma)
    try:
        check_partial(context, public, seat, partial)
    except PeerFault:
        raise LocalFault("ECDSA-OWN-PARTIAL", "the own partial signature does not verify; it is kept back") from None
    return partial


def _require_own(state: State1 | State2, masks: Masks, keys: SignerKeys, sent: Messages) -> None:
    """Keys, masks and the message at the own seat belong to this state."""
    keys.check(state.context)
    checks.require_all(state.context, sent)
    if keys.seat != state.seat or masks.seat != state.seat or masks.context.ssid != state.context.ssid:
        raise LocalFault("ECDSA-OWN-KEYS", "keys, masks and state are not those of one signing and seat")
    if sent[state.seat] != state.message:
        raise LocalFault("ECDSA-OWN-MESSAGE", "the message at this seat is not the one this station sent")
