"""What an audit costs, against the sum of the verifications that it cannot do without, in one run on this machine.

Needed are: every SSH signature (Ed25519) over entries and seals, every BIP-340 signature (possession, certificate,
acknowledgments, final signatures), the point multiplications of the partial signatures, and for each key its addresses
up to the gap limit, without which nobody can say that a payment does not go back to us. CPU time, best of several runs,
nothing remembered between them. A pool of processes is not used: starting one costs more than a whole audit.

    python scripts/bench_verify.py [--sizes 2,3 7,11]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ceremony.algebra.schnorr import schnorr_sign, schnorr_verify  # noqa: E402
from ceremony.algebra.secp256k1 import G, Point, mul_public  # noqa: E402
from ceremony.base.secret import Secret  # noqa: E402
from ceremony.chains.bitcoin.account import _scripts  # noqa: E402
from ceremony.chains.bitcoin.request import Limits  # noqa: E402
from ceremony.protocols.frost.checks import session_values  # noqa: E402
from ceremony.protocols.keygen.checks import POP_TAG  # noqa: E402
from ceremony.protocols.keygen.hostkey import hostpubkey  # noqa: E402
from ceremony.record import sshsig  # noqa: E402
from ceremony.record.entry import parse_line  # noqa: E402
from ceremony.verify.main import audit  # noqa: E402
from tests.audit_kit import TRANSCRIPT, fingerprint, lines, shown, whole  # noqa: E402

REPEATS = 7


def cpu_ms(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Best CPU milliseconds of `work`."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, (time.process_time() - start) * 1000)
    return best


def powers() -> dict[str, float]:
    """Milliseconds of one of each verification, as a mean over many."""
    message, seed, secret = os.urandom(600), Secret(os.urandom(32)), Secret(os.urandom(32))
    ssh, own = sshsig.sign(seed, "n", message), sshsig.public_key(seed)
    plain, tagged = (schnorr_sign(secret, message, os.urandom(32), tag_prefix=tag) for tag in ("BIP0340", POP_TAG))
    public = hostpubkey(secret)
    point = Point.from_compressed(public)

    def mean(one: Callable[[], object], count: int = 200) -> float:
        return cpu_ms(lambda: [one() for _ in range(count)], 3) / count

    return {"ssh": mean(lambda: sshsig.verify(own, "n", message, ssh)),
            "bip340": mean(lambda: schnorr_verify(public[1:], message, plain)),
            "pop": mean(lambda: schnorr_verify(public[1:], message, tagged, tag_prefix=POP_TAG)),
            "base": mean(lambda: mul_public(2**255 - 19, G)), "point": mean(lambda: mul_public(2**255 - 19, point)),
            "parse": mean(lambda: Point.from_compressed(public))}


def needed_ms(one: dict[str, float], files: dict[str, bytes], t: int, n: int) -> float:
    """The verifications of a transcript with one key generation and one request of one input."""
    ssh = len(lines(files)) + sum(name.endswith(".sig") for name in files) + n  # entries, seals, cards
    points = sum(2 * len(e.body["pubnonces"]) for e in map(parse_line, lines(files)) if e.kind == "nonces")
    points += sum(2 * len(row) for e in map(parse_line, lines(files)) if e.kind == "keygen.ack"
                  for row in e.body.get("nonces", {}).values())
    keygen = n * one["pop"] + 2 * n * one["bip340"] + n * (t - 1) * one["point"]  # public shares: t - 1 steps of Horner
    partials = t * (one["base"] + 2 * one["point"])
    search = 2 * (Limits().gap_limit + 1) * 2 * (one["base"] + one["parse"])  # BIP-32 and BIP-341 tweak of each address
    return ssh * one["ssh"] + points * one["parse"] + keygen + partials + 2 * one["bip340"] + search


def run(t: int, n: int, one: dict[str, float]) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        table = whole(Path(folder), t, n)
        files, trust = shown(table), fingerprint(table)

        def cold() -> object:
            session_values.cache_clear()
            _scripts.cache_clear()
            return audit(files, trust)

        report = cold()
        assert report.exit_code == 10, report.text()
        took = cpu_ms(cold)
        text = files[TRANSCRIPT]
        parse = cpu_ms(lambda: [parse_line(line) for line in lines(files)])
    count, needed = len(text.splitlines()), needed_ms(one, files, t, n)
    print(f"{t}-of-{n}: {count} entries, {len(text) / 1000:.0f} kB; audit {took:.1f} ms, {1000 * count / took:.0f} "
          f"a second; verifications needed {needed:.1f} ms, ratio {took / needed:.2f}; reading lines {parse:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="*", default=["2,3", "3,5", "7,11"])
    options = parser.parse_args()
    one = powers()
    print("one verification, ms: " + ", ".join(f"{name} {ms:.4f}" for name, ms in one.items()))
    for size in options.sizes:
        t, n = map(int, size.split(","))
        run(t, n, one)


if __name__ == "__main__":
    main()
