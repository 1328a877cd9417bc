"""What a station's work costs, measured in one run on this machine: protocol, visits and bytes, start-up, audit.

Absolute times depend on the machine; the ratios are what the goals speak of (FROST keygen and sign at most 0.15 of
@noble/curves; `--help` at most 8 and `status` at most 25 bare interpreters). CPU time of the process, medians.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SIZES = [(2, 3), (3, 5), (7, 11)]


def cpu_ms(work: Callable[[], object], repeats: int) -> float:
    """Median CPU milliseconds of `work`."""
    samples = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        samples.append((time.process_time() - start) * 1000)
    return statistics.median(samples)


def peers() -> dict:
    """noble's times by size, or nothing when node or the package is not here."""
    script = ROOT / "scripts/peers/noble.mjs"
    if shutil.which("node") is None or not (script.parent / "node_modules").is_dir():
        return {}
    run = subprocess.run(["node", str(script), *(f"{t},{n}" for t, n in SIZES)], capture_output=True, text=True)
    return json.loads(run.stdout) if run.returncode == 0 else {}


def protocol() -> None:
    """One station's CPU in key generation and in signing one input, beside noble's FROST of the same size."""
    from ceremony.algebra.secp256k1 import Secret, scalar_to_bytes
    from ceremony.protocols.frost import checks as frost_checks
    from ceremony.protocols.frost import rounds as frost
    from ceremony.protocols.keygen import rounds
    from ceremony.protocols.keygen.hostkey import hostpubkey
    from ceremony.protocols.keygen.params import SessionParams

    theirs = peers()
    print("one station's CPU, ms          keygen  noble  ratio |   sign  noble  ratio")
    for t, n in SIZES:
        hosts = [Secret(os.urandom(32)) for _ in range(n)]
        params = SessionParams(tuple(hostpubkey(h) for h in hosts), t)
        first = [rounds.step1(h, params, os.urandom(32)) for h in hosts]
        messages = [m for _, m in first]
        second = [rounds.step2(h, s, messages, os.urandom(32)) for h, (s, _) in zip(hosts, first)]
        certificate = [m for _, m in second]
        outputs = [rounds.finalize(s, certificate)[0] for s, _ in second]

        def station_keygen() -> None:
            rounds.step1(hosts[0], params, os.urandom(32))
            rounds.step2(hosts[0], first[0][0], messages, os.urandom(32))
            _, recovery = rounds.finalize(second[0][0], certificate)
            rounds.acknowledge(hosts[0], recovery, os.urandom(32))

        public, group = outputs[0].public, outputs[0].public.threshold_pubkey.compressed()
        shares = {i: public.pubshares[i].compressed() for i in range(t)}

        def station_sign() -> None:
            frost_checks.session_values.cache_clear()
            secnonce, own = frost.nonce_gen(Secret(os.urandom(32)))
            nonces = {0: own} | {i: others[i] for i in range(1, t)}
            context = frost_checks.session(t, n, group, shares, nonces, [], os.urandom(32))
            frost.sign(secnonce, Secret(scalar_to_bytes(outputs[0].secshare.reveal())), context, 0, nonces)

        others = {i: frost.nonce_gen(Secret(os.urandom(32)))[1] for i in range(1, t)}
        keygen_ms, sign_ms = cpu_ms(station_keygen, 9), cpu_ms(station_sign, 25)
        peer = theirs.get(f"{t},{n}")
        rows = [f"{t}-of-{n}".ljust(28)]
        for ours, name in ((keygen_ms, "keygen_ms"), (sign_ms, "sign_ms")):
            beside = f"{peer[name]:6.2f} {ours / peer[name]:6.3f}" if peer else "NOT RUN (no node)"
            rows.append(f"{ours:8.2f} {beside}")
        print(" | ".join(rows))


def visits() -> None:
    """Whole ceremonies with real stores round one stick: visits, bytes of entries, and CPU per visit."""
    from ceremony.station.steps_sign import open_sign
    from tests.flows.table import Table, regtest_psbt

    print("\nceremony           size     visits   entry bytes per station   CPU ms per visit")
    for t, n in SIZES:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            table = Table(Path(folder), t, n)
            table.found()
            before, start = table.bytes_said(), time.process_time()
            count = table.keygen()
            spent = (time.process_time() - start) * 1000 / count
            _row("keygen", t, n, count, (table.bytes_said() - before) / n, spent)
            _, psbt = regtest_psbt(table)
            before, start = table.bytes_said(), time.process_time()
            table[table.names[0]].visit(table.stick, lambda desk: open_sign(desk, psbt, None))
            for name in table.names[1:t]:
                table[name].visit(table.stick)
            spent = (time.process_time() - start) * 1000 / t
            assert table[table.names[t - 1]].desk.state.signings[0].status == "done"
            _row("sign, 1 input", t, n, t, (table.bytes_said() - before) / t, spent)


def _row(name: str, t: int, n: int, count: int, size: float, spent: float) -> None:
    print(f"{name:18} {f'{t}-of-{n}':8} {count:6} {size:20.0f} {spent:22.1f}")


def start() -> None:
    """CPU of the commands that must feel immediate, in bare interpreters."""
    def child(*argv: str) -> float:
        samples = []
        for _ in range(9):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            samples.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return statistics.median(samples)

    command = str(ROOT / ".venv/bin/ceremony")
    bare = child(sys.executable, "-c", "pass")
    helped = child(command, "--help") / bare
    print(f"\nbare interpreter {bare * 1000:.0f} ms CPU; in these, ceremony --help is {helped:.1f}", end="")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        from tests.flows.table import Table
        table = Table(Path(folder), 2, 3)
        table.found()
        table.keygen()
        for station in table.stations.values():
            station.home.close()
        home = str(Path(folder) / "alice")
        print(f", ceremony status {child(command, '--home', home, 'status') / bare:.1f}")


def audit() -> None:
    """Delegates to the auditor's own benchmark."""
    subprocess.run([sys.executable, str(ROOT / "scripts/bench_verify.py")], check=False)


def ecdsa() -> None:
    """The proofs of threshold ECDSA, in powers of the same run."""
    subprocess.run([sys.executable, str(ROOT / "scripts/bench_ecdsa.py"), "proofs"], check=False)


PARTS = {"protocol": protocol, "visits": visits, "start": start, "audit": audit, "ecdsa": ecdsa}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
