// What stock lamindb pays for the capture of its edits: a bulk insert into the server's own database, with the triggers and
// without them in turn. The server is stopped, so that only the capture is measured and not what is done with it.
import type { Postgres } from '../../server/postgres.ts';
import { pythonHome } from '../../scripts/bench-python.mjs';
import type { Measures } from './workload.ts';

const script = `
import json, sys, time
import lamindb as ln
n, name = int(sys.argv[1]), sys.argv[2]
labels = [ln.ULabel(name=f"{name} {i}", _skip_validation=True) for i in range(n)]
start = time.perf_counter()
ln.ULabel.objects.bulk_create(labels)
print(json.dumps({"ms": (time.perf_counter() - start) * 1000}))
`;

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Nothing where there is no Python with lamindb. */
export async function pythonInserts(
  postgres: Postgres,
  address: string,
  rows: number,
  rounds: number,
): Promise<Measures> {
  const python = pythonHome();
  if (!python) return {};
  const triggers = (enable: boolean) =>
    postgres.session((session) =>
      session.exec(`ALTER TABLE public.lamindb_ulabel ${enable ? 'ENABLE' : 'DISABLE'} TRIGGER loam_insert`),
    );
  try {
    python.lamin('init', '--storage', './storage', '--db', address, '--name', 'bench', '--modules', 'bionty');
    const times: Record<'plain' | 'captured', number[]> = { plain: [], captured: [] };
    for (let round = 0; round < rounds; round++)
      for (const kind of round % 2 === 0
        ? (['plain', 'captured'] as const)
        : (['captured', 'plain'] as const)) {
        await triggers(kind === 'captured');
        const told = python.python('-c', script, String(rows), `${kind} ${round}`);
        times[kind].push((JSON.parse(told.trim().split('\n').at(-1) ?? '{}') as { ms: number }).ms);
      }
    const ratios = times.plain.map((plain, i) => (times.captured[i] ?? NaN) / plain);
    return {
      pythonPlain: median(times.plain),
      pythonCaptured: median(times.captured),
      pythonTimes: median(ratios),
    };
  } finally {
    await triggers(true);
    python.close();
  }
}
