// `history` of the benchmark: a log of a million changed cells and some thousand single edits; then the newest entries of rows, the
// bytes that it all takes, and how long it takes to look at the database as it was.
import { createPast } from '../../src/lib/engine/branch/as-of.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { createInstance, readAuthor } from '../../src/lib/engine/schema/open.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { insert, remove, update } from '../../src/lib/engine/write/apply.ts';
import { historyPage } from '../../src/lib/engine/write/history.ts';
import { packLimits } from '../../src/lib/engine/write/packs.ts';
import { createWriter } from '../../src/lib/engine/write/writer.ts';
import { fourWords, numbers } from '../fixtures/numbers.ts';
import type { Measures, OpenBench } from './workload.ts';

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const clock = () => Date.now();
const rows = 20_000;
const perTransaction = 2_000;
const singles = 10_000;
/** Rows that single edits fall on, some of them many times. */
const edited = 500;
const asked = 400;

function bytesOf(driver: SqlDriver, which: string): number {
  return Number(driver.all(`SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE ${which}`)[0]?.[0]);
}
const logged = "name LIKE '%loam_record%' OR name IN ('loam_pack', 'loam_touch', 'loam_span')";
const ways = "name IN ('loam_touch', 'loam_span')";
const acts = "name LIKE '%loam_act%'";

export async function historyRound(open: OpenBench, cells: number): Promise<Measures> {
  const { driver, close } = await open((fresh) =>
    createInstance(fresh, { model, clock, random, name: 'bench' }),
  );
  const writer = createWriter({ driver, model, clock, random, author: readAuthor(driver) });
  const choose = numbers(7);
  const text = () => fourWords(choose);
  const out: Measures = { cells, singles, rows };
  const [label = 0, other = 0] = [1, 2].map(
    (i) =>
      writer.act({ kind: 'create', title: `Label ${i}` }, (tx) =>
        insert(tx, 'lamindb_ulabel', 1, { uid: randomUid(8, random), name: `label ${i}` }),
      ) ?? 0,
  );
  let first = 0;
  for (let from = 0; from < rows; from += perTransaction) {
    const all = Array.from({ length: perTransaction }, (_, i) => from + i);
    const id = writer.act({ kind: 'import', title: `Artifacts from ${from}` }, (tx) =>
      insert(tx, 'lamindb_artifact', perTransaction, {
        uid: all.map(() => `${randomUid(16, random)}0000`),
        key: all.map((i) => `set/file_${i}.csv`),
        suffix: '.csv',
        storage_id: 1,
        _key_is_virtual: 1,
        _overwrite_versions: 0,
      }),
    );
    if (from === 0) first = id ?? 0;
  }

  // Half of the blocks side by side, half scattered over all rows.
  let before = bytesOf(driver, logged);
  for (let done = 0, block = 0; done < cells; done += perTransaction, block++) {
    const stride = block % 2 === 0 ? 1 : rows / perTransaction;
    const turn = block >> 1;
    const from = block % 2 === 0 ? (turn * perTransaction) % rows : turn % stride;
    const ids = Array.from({ length: perTransaction }, (_, i) => first + from + i * stride);
    writer.act({ kind: 'update', title: `Describe ${perTransaction} artifacts` }, (tx) =>
      update(tx, 'lamindb_artifact', ids, { description: ids.map((id) => `${text()} ${(id + block) % 97}`) }),
    );
  }
  out['bytesPerCell'] = (bytesOf(driver, logged) - before) / cells;

  before = bytesOf(driver, ways);
  const actsBefore = bytesOf(driver, acts);
  for (let i = 0; i < singles; i++) {
    const id = first + Math.floor(choose() * edited) * 7;
    writer.act({ kind: 'update', title: `Edit Artifact set/file_${id}.csv` }, (tx) =>
      update(tx, 'lamindb_artifact', [id], { description: text() }),
    );
  }
  // And links that come and go.
  for (let i = 0; i < edited; i++) {
    const id = first + i * 7;
    const link = writer.act({ kind: 'annotate', title: 'Label' }, (tx) =>
      insert(tx, 'lamindb_artifactulabel', 1, { artifact_id: id, ulabel_id: i % 3 ? label : other }),
    );
    if (i % 2)
      writer.act({ kind: 'annotate', title: 'Unlabel' }, (tx) =>
        remove(tx, 'lamindb_artifactulabel', [link ?? 0]),
      );
  }
  while (writer.pack() > 0);
  while (writer.feed() > 0);
  const made = singles + edited * 1.5;
  // Of records that lie in packs; the newest 500 wait for theirs.
  const packs = Number(driver.all('SELECT count(*) FROM loam_pack')[0]?.[0]);
  out['bytesPerEdit'] =
    bytesOf(driver, "name = 'loam_pack'") / (packs * packLimits.size) +
    (bytesOf(driver, ways) - before) / made;
  out['bytesPerAct'] = (bytesOf(driver, acts) - actsBefore) / made;

  for (const [name, pick] of [
    ['bulk', () => first + Math.floor(choose() * rows)],
    ['edited', () => first + Math.floor(choose() * edited) * 7],
  ] as const) {
    const times: number[] = [];
    for (let i = 0; i < asked; i++) {
      const id = pick();
      const start = performance.now();
      const { entries } = writer.read(historyPage(writer.journal, 'lamindb_artifact', id, { limit: 10 }));
      times.push(performance.now() - start);
      if (entries.length < Math.min(10, cells / rows / 2))
        throw new Error(`only ${entries.length} entries of ${id}`);
    }
    times.sort((a, b) => a - b);
    out[`${name}P50`] = times[asked >> 1] ?? NaN;
    out[`${name}P95`] = times[Math.floor(asked * 0.95)] ?? NaN;
  }
  const id = first + 7;
  const start = performance.now();
  let page = writer.read(historyPage(writer.journal, 'lamindb_artifact', id, { limit: 50 }));
  for (; page.before !== null;)
    page = writer.read(
      historyPage(writer.journal, 'lamindb_artifact', id, { limit: 50, before: page.before }),
    );
  out['whole'] = performance.now() - start;

  await pastOf(driver, writer, out);
  await close();
  return out;
}

/** To before the single edits, and a hundred thousand cells further back; then to the present again. */
async function pastOf(
  driver: SqlDriver,
  writer: ReturnType<typeof createWriter>,
  out: Measures,
): Promise<void> {
  const past = createPast({
    ...{ driver, model, writer, clock },
    breathe: () => Promise.resolve(),
    busy: () => null,
    tell: () => {},
    onPast: () => {},
  });
  const titled = (title: string, nth: number) =>
    String(
      driver.all('SELECT uid FROM loam_act WHERE title = ? ORDER BY id DESC LIMIT 1 OFFSET ?', [
        title,
        nth,
      ])[0]?.[0],
    );
  const bulk = `Describe ${perTransaction} artifacts`;
  for (const [name, act] of [
    ['pastSingles', titled(bulk, 0)],
    ['pastBulk', titled(bulk, Math.min(50, Number(out.cells) / perTransaction - 1))],
  ] as const) {
    const start = performance.now();
    await past.goToPast({ act, side: 'after' });
    out[name] = performance.now() - start;
    const back = performance.now();
    past.backToNow();
    out['backToNow'] = performance.now() - back;
  }
}
