// Repacking the log: whatever is done and asked before and after, a database whose old records lie in packs answers as
// its twin that never packed. And what it is for: bytes.
import { describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { refuseNewer } from '../../src/lib/engine/schema/own-tables.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { pack, unpack, type LogRecord } from '../../src/lib/engine/write/pack-format.ts';
import type { PackLimits } from '../../src/lib/engine/write/packs.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { touchedSince } from '../../src/lib/engine/write/touch.ts';
import { fourWords, numbers } from '../fixtures/numbers.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

async function seeded(seed: number): Promise<MemoryEngine> {
  const next = numbers(seed);
  let now = 1_700_000_000_000;
  return memoryEngine(model, {
    // Times are as uneven as people are.
    clock: () => (now += 1 + Math.floor(next() * 60_000)),
    random: (bytes) => bytes.map(() => Math.floor(next() * 256)),
  });
}

/** CI's longer form plays more and longer games. */
const long = process.env['LOAM_LONG'] === '1';
const seeds = long ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2];
const steps = long ? 150 : 50;

const small: PackLimits = { size: 7, keep: 3, bytes: 700 };

function packAll({ engine }: MemoryEngine): number {
  let packed = 0;
  for (let n = engine.writer.pack(small); n > 0; n = engine.writer.pack(small)) packed += n;
  return packed;
}

type Act = (made: MemoryEngine) => unknown;

/** One thing that a person may do, chosen by the dice; the same for both twins. */
function something(choose: () => number, { engine, rows }: MemoryEngine): Act {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(choose() * list.length)];
  const uids = rows('SELECT uid FROM lamindb_artifact WHERE branch_id = 1 ORDER BY id').map(([uid]) =>
    String(uid),
  );
  const trashed = rows('SELECT uid FROM lamindb_artifact WHERE branch_id = -1 ORDER BY id').map(([uid]) =>
    String(uid),
  );
  const uid = pick(uids) ?? 'none';
  const n = Math.floor(choose() * 1000);
  const label = `label ${n % 9}`;
  const acts = engine.acts(40).filter(({ kind, undone }) => kind !== 'purge' && !undone);
  const act = pick(acts)?.uid ?? 'none';
  const entry = pick(uids.length > 0 ? engine.history(uid).filter(({ restorable }) => restorable) : []);
  const gone = pick(trashed) ?? 'none';
  const choices: Act[] = [
    ({ engine: e }) => e.updateArtifact(uid, { description: `words ${n}` }),
    ({ engine: e }) => e.updateArtifact(uid, { key: `moved/${n}.csv` }),
    ({ engine: e }) => e.addLabels([uid], [label, `label ${(n + 1) % 9}`]),
    ({ engine: e }) => e.addLabels(uids.slice(0, 4), [label]),
    ({ engine: e }) => {
      const tag = e.artifact(uid).labels[0];
      return tag && e.removeLabel(uid, tag.registry, tag.uid);
    },
    ({ engine: e }) => e.setFeatures(uid, { weight: String(n / 8), tissue: `tissue ${n % 4}` }),
    ({ engine: e }) => e.saveNote(uid, `# Note ${n}`),
    ({ engine: e }) => e.createULabel(`made ${n}`),
    ({ engine: e }) => e.trashArtifacts([uid]),
    ({ engine: e }) => e.restoreArtifacts([gone]),
    ({ engine: e }) => e.purgeArtifacts([gone]),
    ({ engine: e }) => e.undo(),
    ({ engine: e }) => e.undo(),
    ({ engine: e }) => e.redo(),
    ({ engine: e }) => e.undoAct(act),
    ({ engine: e }) => entry && e.restoreFields(entry.ref),
    // Many rows in one record, which stays as it is.
    ({ engine: e }) =>
      e.writer.act({ kind: 'import', title: `bulk ${n}` }, (tx) =>
        insert(tx, 'lamindb_ulabel', 40, {
          uid: Array.from(
            { length: 40 },
            (_, i) => `${String(n).padStart(4, '0')}${String(i).padStart(4, 'x')}`,
          ),
          name: Array.from({ length: 40 }, (_, i) => `bulk ${n} ${i} ${'long words '.repeat(3)}${n * i}`),
        }),
      ),
  ];
  return pick(choices) ?? (() => undefined);
}

/** What it says, or the code it is refused with. */
async function outcome(act: Act, made: MemoryEngine): Promise<unknown> {
  try {
    return (await act(made)) ?? null;
  } catch (error) {
    if (isLoamError(error)) return error.code;
    throw error;
  }
}

/** Everything that the log answers. */
function answers({ engine, rows }: MemoryEngine): unknown {
  const uids = (table: string) =>
    rows(
      `SELECT uid FROM ${table} UNION SELECT g.key FROM loam_gone g JOIN loam_table t ON t.id = g.tab WHERE t.name = '${table}' ORDER BY 1`,
    ).map(([uid]) => String(uid));
  const last = Number(rows('SELECT coalesce(max(id), 0) FROM loam_record')[0]?.[0]);
  const touched = ['lamindb_artifact', 'lamindb_ulabel', 'lamindb_artifactulabel'].map((table) => {
    const ids = rows(`SELECT id FROM ${table} ORDER BY id`).map(([id]) => Number(id));
    return [0, Math.floor(last / 3), Math.floor((2 * last) / 3)].map((since) =>
      [...engine.writer.read(touchedSince(engine.writer.journal, table, ids, since, 5))].map(([id, acts]) => [
        id,
        acts.map((one) => ({ ...one, columns: one.columns && [...one.columns] })),
      ]),
    );
  });
  const acts = engine.acts(500);
  return {
    acts,
    goneIn: acts.map(({ uid }) => engine.goneIn(uid)),
    artifacts: uids('lamindb_artifact').map((uid) => {
      const gone = engine.gone('Artifact', uid);
      return gone ?? engine.history(uid);
    }),
    labels: uids('lamindb_ulabel')
      .slice(0, 25)
      .map((uid) => engine.gone('ULabel', uid) ?? engine.rowHistory('ULabel', { uid })),
    touched,
  };
}

describe('a packed log', () => {
  it.each(seeds)('answers as its twin that never packed, seed %i', async (seed) => {
    const [plain, packed] = [await seeded(seed), await seeded(seed)];
    for (const made of [plain, packed]) {
      made.artifacts(...Array.from({ length: 8 }, (_, i) => `set/${i}.csv`));
      made.engine.createFeature('weight', 'float');
      made.engine.createFeature('tissue', 'cat[ULabel]');
    }
    const choose = numbers(seed * 77);
    let moved = 0;
    for (let step = 0; step < steps; step++) {
      const act = something(choose, plain);
      expect(await outcome(act, packed), `step ${step}`).toEqual(await outcome(act, plain));
      if (choose() < 0.4) moved += packAll(packed);
      if (step % 50 === 24) {
        expect(packed.state()).toBe(plain.state());
        expect(answers(packed)).toEqual(answers(plain));
      }
    }
    // Most of it lies in packs, and nothing was forgotten or written twice.
    expect(moved).toBeGreaterThanOrEqual(14);
    const ids = packed.rows('SELECT id FROM loam_record').map(([id]) => Number(id));
    const inPacks = packed
      .rows('SELECT body FROM loam_pack')
      .flatMap(([body]) => unpack(body as Uint8Array).map(({ id }) => id));
    expect([...ids, ...inPacks].sort((a, b) => a - b)).toEqual(
      plain.rows('SELECT id FROM loam_record ORDER BY id').map(([id]) => Number(id)),
    );

    // Back to the beginning, as far as it goes, and forth again.
    for (const direction of ['undo', 'redo'] as const) {
      for (let step = 0; step < 100; step++) {
        const [a, b] = [
          await outcome((m) => m.engine[direction](), packed),
          await outcome((m) => m.engine[direction](), plain),
        ];
        expect(a).toEqual(b);
        if (a === null || typeof a === 'string') break;
        if (step % 9 === 0) packAll(packed);
      }
      expect(packed.state()).toBe(plain.state());
    }
    expect(answers(packed)).toEqual(answers(plain));
  });

  it('leaves what an unfinished act wrote, and takes it when the act is done', async () => {
    const { engine, rows } = await seeded(9);
    for (let i = 0; i < 20; i++) engine.createULabel(`before ${i}`);
    let slices = 0;
    await engine.writer.longAct({ kind: 'import', title: 'long' }, () => {
      packAll({ engine } as MemoryEngine);
      const open = Number(
        rows(
          "SELECT min(r.id) FROM loam_record r JOIN loam_act a ON a.id = r.act WHERE a.status = 'open'",
        )[0]?.[0] ?? 1e9,
      );
      expect(Number(rows('SELECT coalesce(max(rec_to), 0) FROM loam_pack')[0]?.[0])).toBeLessThan(
        open || 1e9,
      );
      if (slices++ === 20) return null;
      return function* (tx) {
        yield* insert(tx, 'lamindb_ulabel', 1, {
          uid: `e${String(slices).padStart(7, '0')}`,
          name: `e ${slices}`,
        });
      };
    });
    const before = Number(rows('SELECT max(rec_to) FROM loam_pack')[0]?.[0]);
    expect(packAll({ engine } as MemoryEngine)).toBeGreaterThan(10);
    expect(Number(rows('SELECT max(rec_to) FROM loam_pack')[0]?.[0])).toBeGreaterThan(before);
    expect((await engine.undo())?.restored).toBe(20);
    expect(engine.ulabels('', 100).length).toBe(20);
  });

  it('is refused by a Loam that knows no packs, and is not written until there is one', async () => {
    const { engine, driver, rows } = await seeded(10);
    expect(engine.writer.pack(small)).toBe(0);
    expect(rows("SELECT value FROM loam_setting WHERE name = 'version'")).toEqual([]);
    for (let i = 0; i < 12; i++) engine.createULabel(`l ${i}`);
    expect(engine.writer.pack(small)).toBe(7);
    expect(rows("SELECT value FROM loam_setting WHERE name = 'version'")).toEqual([['2']]);
    expect(() => refuseNewer(driver, 1)).toThrow(/newer Loam/);
    expect(() => refuseNewer(driver)).not.toThrow();
  });

  it('of a damaged database says which record is missing', async () => {
    const { engine, driver } = await seeded(11);
    const { uid } = engine.createULabel('one');
    driver.exec('DELETE FROM loam_record');
    expect(() => engine.rowHistory('ULabel', { uid })).toThrow(/history has no record 1/);
  });
});

describe('a pack', () => {
  const record = (i: number, more: Partial<LogRecord> = {}): LogRecord => ({
    id: i * 3 + 1,
    act: i,
    at: 1_700_000_000_000_000 + i * i * 1009,
    client: null,
    clock: null,
    body: {
      f: 1,
      u: '00000000',
      b: 'main',
      k: 'update',
      o: [{ k: 'u', t: 'lamindb_artifact', n: 1, r: [`uid${i}`], v: { description: [`words ${i % 5}`] } }],
    },
    locals: [{ ids: [i, 1], contiguous: true, pre: { description: [i % 2 ? null : 'old'] } }],
    ...more,
  });

  it('gives back every value, kind and order of keys, also of records unlike the others', () => {
    const odd: LogRecord[] = [
      record(50, { client: 7, clock: 9 }),
      record(51, { body: { f: 1, u: 'ü🧬', b: '', k: '__proto__', o: [] }, locals: [] }),
      record(52, {
        locals: [
          { ids: [5, 9, 2], contiguous: false, pre: { size: [2n ** 60n, -1.5, 0, true as never, '0'] } },
        ],
      }),
      record(53, {
        body: JSON.parse(
          '{"f":1,"u":"a","b":"b","k":"k","o":[{"k":"i","t":"t","n":0,"c":{"__proto__":1,"b":[[null,2],"x"],"a":{}}}]}',
        ) as LogRecord['body'],
      }),
    ];
    const records = [...Array.from({ length: 40 }, (_, i) => record(i)), ...odd];
    const back = unpack(pack(records));
    expect(back).toEqual(records);
    const text = (value: unknown) =>
      JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
    expect(text(back)).toBe(text(records));
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
  });

  it('takes at most 40 bytes for a one-cell edit, of about 250 as a row', async () => {
    const { engine, rows } = await seeded(12);
    const random = numbers(14);
    const bytesOf = (into: Uint8Array) => into.map(() => Math.floor(random() * 256));
    const n = 1600;
    const uids = Array.from({ length: n }, () => `${randomUid(16, bytesOf)}0000`);
    engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
      insert(tx, 'lamindb_artifact', n, {
        uid: uids,
        suffix: '.csv',
        storage_id: 1,
        _key_is_virtual: 1,
        _overwrite_versions: 0,
      }),
    );
    const choose = numbers(13);
    for (const uid of uids) {
      engine.updateArtifact(uid, { description: fourWords(choose) });
    }
    const before = rows('SELECT sum(length(body) + length(local)), count(*) FROM loam_record')[0] ?? [];
    const started = performance.now();
    expect([engine.writer.pack(), engine.writer.pack()]).toEqual([800, 0]);
    const took = performance.now() - started;
    const bytes = Number(rows('SELECT sum(length(body)) FROM loam_pack')[0]?.[0]) / 800;
    console.log(
      `a one-cell record: ${(Number(before[0]) / Number(before[1])).toFixed(0)} bytes of content as a row, ${bytes.toFixed(1)} in a pack; 800 packed in ${took.toFixed(0)} ms`,
    );
    expect(bytes).toBeLessThanOrEqual(40);
    expect(engine.history(uids[3] ?? '')[0]?.changes[0]).toMatchObject({ field: 'description', old: null });
  });
});
