"""The signing screen: what leaves, to whom, what comes back, what it costs; sums that add up and addresses in full.

Order and labels follow what makers of signing devices learnt: network and wallet first, each recipient whole, change
said to be derived here, warnings before the question.
"""

from __future__ import annotations

from typing import Any, Iterable

from ceremony.ceremonies.signing import Signing
from ceremony.chains.bitcoin.facts import CHANGE, PAYMENT, OutputFacts, SigningRequest, shown_path
from ceremony.cli.screen import Screen
from ceremony.cli.views_text import btc, count, grouped, listed, seen, short


def request(screen: Screen, request: SigningRequest, wallet: str) -> None:
    """The decoded transaction. wallet: the group's name."""
    screen.fact("Network", request.network)
    screen.fact("Wallet", f"{seen(wallet, 60)} ({request.fingerprint})")
    screen.fact("Transaction", grouped(request.txid))
    screen.sum(_sum(request))
    for number, output in enumerate(request.outputs, start=1):
        _output(screen, number, output)
    screen.fact("Locktime", _locktime(request))
    screen.fact("Replaceable", "yes (RBF)" if request.replaceable else "no")
    for warning in request.warnings:
        screen.warn(f"{warning.text} ({warning.name})")


def _sum(request: SigningRequest) -> Iterable[tuple[str, str, str]]:
    returned = [o for o in request.outputs if o.kind != PAYMENT]
    yield "spends", f"{btc(request.spent_sat)} BTC", f"from {count(len(request.inputs), 'input')}"
    for output in request.outputs:
        if output.kind == PAYMENT:
            yield "to others", f"- {btc(output.amount_sat)} BTC", ""
    for output in returned:
        name = "change" if output.kind == CHANGE else "to ourselves"
        yield name, f"- {btc(output.amount_sat)} BTC", ""
    yield "fee", f"= {btc(request.fee_sat)} BTC", fee(request)


def fee(request: SigningRequest) -> str:
    """The fee in sat, sat/vB and percent of what is spent."""
    rate, share = request.fee_rate_sat_kvb, request.fee_sat * 10_000 // max(request.spent_sat, 1)
    percent = f"{share // 100}.{share % 100:02d} %" if share or not request.fee_sat else "below 0.01 %"
    return f"{request.fee_sat} sat, {rate // 1000}.{rate % 1000 // 10:02d} sat/vB, {percent}"


def _output(screen: Screen, number: int, output: OutputFacts) -> None:
    place = grouped(output.destination.address) or f"{output.destination.kind} {output.destination.hex}"
    if output.kind == PAYMENT:
        label = f"To ({number})"
        text = f"{place}  {btc(output.amount_sat)} BTC"
    else:
        path = shown_path(output.path) if output.path else ""
        what = "change, derived by this station" if output.kind == CHANGE \
            else "receive address of this wallet, derived by this station"
        label, text = f"Back ({number})", f"{place}  {btc(output.amount_sat)} BTC, {what}, path {path}"
    screen.fact(label, text)


def _locktime(request: SigningRequest) -> str:
    if not request.locktime:
        return "none"
    return f"{'block' if request.locktime < 500_000_000 else 'Unix time'} {request.locktime}"


def question(screen: Screen, signing: Signing, wallet: str, others: Iterable[Signing]) -> None:
    """All that a holder sees before saying Yes. others: the group's other requests."""
    screen.heading(f"Request {short(signing.id)}: sign this?")
    screen.line(f"Opened by {signing.opening.author}. Signers: {listed(signing.signers)}. "
                f"Signed so far: {listed(signing.partials)}.")
    if signing.opening.body["replaces"]:
        old = listed(short(one) for one in signing.opening.body["replaces"])
        screen.warn(f"This request replaces {old}: either transaction may be the one that is mined.")
    for other in exposures(others):
        if other.id != signing.id:
            screen.warn(exposure(other))
    request(screen, signing.request, wallet)
    screen.line("Compare every address with its source, not with another screen that shows this file.")
    screen.line("A partial signature can never be taken back.")


def exposures(signings: Iterable[Signing]) -> list[Signing]:
    """Requests of which some partial signatures are out and which are not finished: they may still be."""
    return [s for s in signings if s.exposed and s.status != "done" and s.request]


def exposure(signing: Signing) -> str:
    """One live exposure in a sentence."""
    missing = [name for name in signing.signers if name not in signing.partials]
    return (f"Request {short(signing.id)} ({btc(signing.request.paid_sat)} BTC to others) is signed by "
            f"{listed(signing.partials)} and needs only {listed(missing)}: it may still be completed.")


def as_json(request: SigningRequest) -> dict[str, Any]:
    """The facts for --json."""
    return request.facts()
