import { measureSize, SCENARIOS } from './sizes';
import { measureHour } from './hour';
async function main() {
  if (process.argv[2] === 'hour') {
    for (const way of (process.argv[3] ?? 'ours,locations,search').split(',')) {
      const t = Date.now();
      console.log(
        JSON.stringify(
          await measureHour(way as Parameters<typeof measureHour>[0], {
            size: Number(process.argv[4] ?? 1000),
            latencyMs: 20,
            intervals: Number(process.argv[5] ?? (way === 'ours' ? 29 : 2)),
            onProgress: t => console.error(t),
          }),
        ),
        Date.now() - t,
      );
    }
    return;
  }
  const size = Number(process.argv[2] ?? 1000);
  const r = await measureSize(size, {
    latencyMs: 20,
    scenarios: process.env.FIRST
      ? SCENARIOS.slice(0, Number(process.env.FIRST))
      : SCENARIOS,
    patienceMs: Number(process.env.PATIENCE ?? 60) * 1000,
    rounds: Number(process.argv[3] ?? 1),
    profiles: process.argv[4],
    onProgress: t => console.error(t),
  });
  for (const round of r.rounds)
    for (const c of round) {
      const o = c.ours,
        b = c.bare;
      console.log(
        c.scenario.padEnd(16),
        'wall',
        o.wallMs.toFixed(0),
        'bare',
        b.wallMs.toFixed(0),
        'x' + (o.wallMs / b.wallMs).toFixed(2),
        'cpu/repo',
        (o.cpuMs / size).toFixed(2),
        'bare',
        (b.cpuMs / size).toFixed(2),
        'cpu',
        o.cpuMs.toFixed(0),
        'mem+',
        ((o.peakBytes - r.idleBytes) / 1e6).toFixed(0),
        ((b.peakBytes - r.idleBytes) / 1e6).toFixed(0),
        'rows',
        o.ledgerRows,
        o.catalogRows,
        'stmts',
        o.statements,
        'mut',
        JSON.stringify(o.mutations),
        'req',
        o.requests,
        b.requests,
        JSON.stringify(o.byEndpoint),
        'bytes',
        o.bytes,
        b.bytes,
        'busy',
        o.busyness.toFixed(2),
        b.busyness.toFixed(2),
        'added',
        o.added,
        'probes',
        o.probes,
      );
    }
}
void main().catch(e => {
  console.error(e);
  process.exitCode = 1;
});
