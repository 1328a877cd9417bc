// One participant's work in @noble/curves' FROST (secp256k1, Taproot variant): key generation and signing.
// Prints JSON: milliseconds of CPU per participant, medians. Called by scripts/bench with the sizes as t,n pairs.
import { schnorr_FROST as F } from '@noble/curves/secp256k1.js';

const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000; };
const median = (xs) => xs.sort((a, b) => a - b)[xs.length >> 1];
const message = new Uint8Array(32).fill(7);

function keygen(t, n) {
  const signers = { min: t, max: n };
  const ids = Array.from({ length: n }, (_, i) => F.Identifier.fromNumber(i + 1));
  let mine = 0;
  const timed = (i, f) => { const start = cpu(); const out = f(); if (i === 0) mine += cpu() - start; return out; };
  const r1 = ids.map((id, i) => timed(i, () => F.DKG.round1(id, signers)));
  const others = (list, i) => list.filter((_, j) => j !== i);
  const pubs = r1.map((r) => r.public);
  const r2 = ids.map((_, i) => timed(i, () => F.DKG.round2(r1[i].secret, others(pubs, i))));
  const keys = ids.map((id, i) => timed(i, () => F.DKG.round3(r1[i].secret, others(pubs, i),
    others(r2, i).map((sent) => sent[id]))));
  return [keys, mine];
}

function sign(keys, t) {
  const chosen = keys.slice(0, t);
  const start = cpu();
  const own = F.commit(chosen[0].secret);
  let mine = cpu() - start;
  const nonces = [own, ...chosen.slice(1).map((k) => F.commit(k.secret))];
  const list = nonces.map((n) => n.commitments);
  const again = cpu();
  F.signShare(chosen[0].secret, chosen[0].public, own.nonces, list, message);
  mine += cpu() - again;
  return mine;
}

const result = {};
for (const size of process.argv.slice(2)) {
  const [t, n] = size.split(',').map(Number);
  keygen(t, n); // warm the compiler, so that the peer is seen at its best
  const runs = Array.from({ length: 7 }, () => keygen(t, n));
  for (let i = 0; i < 10; i++) sign(runs[0][0], t);
  result[size] = { keygen_ms: median(runs.map((r) => r[1])),
    sign_ms: median(Array.from({ length: 15 }, () => sign(runs[0][0], t))) };
}
console.log(JSON.stringify(result));
