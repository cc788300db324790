// `sync` of the benchmark, in Node: what it costs that a change has its place in a log (two databases take turns, one of them
// synced), how long the records are, and how fast a log is served, taken and put into bytes of Yjs.
import { model } from '../../src/lib/engine/model/model.ts';
import { createInstance, readAuthor } from '../../src/lib/engine/schema/open.ts';
import { decodeUpdate, encodeUpdate } from '../../src/lib/engine/sync/item.ts';
import { createSyncLog, type SyncLog } from '../../src/lib/engine/sync/log.ts';
import { contentOf, decodeRecord, encodeHead, splitContent } from '../../src/lib/engine/sync/record.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { insert, update } from '../../src/lib/engine/write/apply.ts';
import { createWriter, type Writer } from '../../src/lib/engine/write/writer.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { fourWords, numbers } from '../fixtures/numbers.ts';
import type { Measures, OpenBench } from './workload.ts';

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const clock = () => Date.now();
const rounds = 20;
const perSlice = 2_000;

interface Side {
  driver: SqlDriver;
  writer: Writer;
  log: SyncLog;
  /** CPU milliseconds. */
  spent: number;
}

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function spend(side: { spent: number }, work: () => void): void {
  const before = cpu();
  work();
  side.spent += cpu() - before;
}

function timed(work: () => unknown): number {
  const spent = { spent: 0 };
  spend(spent, work);
  return spent.spent;
}

/** `edits` single edits on each side, and an import of fifty times as many rows. */
export async function syncRound(open: OpenBench, edits: number): Promise<Measures> {
  const side = async (synced: boolean): Promise<Side> => {
    const { driver } = await open((fresh) => createInstance(fresh, { model, clock, random, name: 'bench' }));
    const writer = createWriter({ driver, model, clock, random, author: readAuthor(driver) });
    const log = createSyncLog(driver, writer.journal);
    if (synced) log.turnOn();
    return { driver, writer, log, spent: 0 };
  };
  const [plain, synced] = [await side(false), await side(true)];
  const sides = [plain, synced];
  const out: Measures = { edits };
  const choose = numbers(3);

  for (const { writer } of sides)
    writer.act({ kind: 'import', title: 'Labels' }, (tx) =>
      insert(tx, 'lamindb_ulabel', 500, {
        uid: Array.from({ length: 500 }, () => randomUid(8, random)),
        name: Array.from({ length: 500 }, (_, i) => `label ${i}`),
      }),
    );
  const edit = ({ writer }: Side, n: number) => {
    for (let i = 0; i < n; i++) {
      const id = 1 + Math.floor(choose() * 500);
      writer.act({ kind: 'update', title: `Edit ULabel label ${id}` }, (tx) =>
        update(tx, 'lamindb_ulabel', [id], { description: fourWords(choose) }),
      );
    }
  };
  // What the engine compiles on the way is not counted.
  for (const one of sides) edit(one, 500);
  const before = synced.log.unsent();
  const storedBefore = bytesOf(synced.driver);
  for (let round = 0; round < rounds; round++)
    for (const one of round % 2 === 0 ? sides : [...sides].reverse())
      spend(one, () => edit(one, edits / rounds));
  const records = synced.log.unsent() - before;
  out['editPlainUs'] = (plain.spent / edits) * 1000;
  out['editSyncedUs'] = (synced.spent / edits) * 1000;
  out['perRecordUs'] = out['editSyncedUs'] - out['editPlainUs'];
  out['storedBytes'] = (bytesOf(synced.driver) - storedBefore) / records;

  const [{ doc } = { doc: '' }] = synced.log.logs();
  const served: Uint8Array[] = [];
  let vector: Uint8Array = Uint8Array.of(0);
  const receiver = await side(false);
  receiver.log.turnOn();
  let received = 0;
  const policy = { voids: true, begins: true };
  const serving = { spent: 0 };
  for (let complete = false; !complete;) {
    let bytes: Uint8Array = Uint8Array.of();
    spend(serving, () => ({ bytes, complete } = synced.log.updateSince(doc, vector)));
    served.push(bytes);
    received += timed(() => receiver.log.receive(doc, bytes, policy));
    vector = receiver.log.vector(doc);
  }
  const all = synced.log.unsent();
  out['serveUs'] = (serving.spent / all) * 1000;
  out['receiveUs'] = (received / all) * 1000;
  const items = served.flatMap((bytes) => decodeUpdate(bytes).items);
  const singles = items.filter(({ clock: at }) => at > 0);
  out['wireBytes'] = encodeUpdate(singles).length / singles.length;
  out['encodeUs'] =
    (timed(() => {
      for (const { content } of items) {
        const { head, body } = splitContent(content as Uint8Array);
        contentOf(encodeHead(head), body);
      }
      encodeUpdate(items);
    }) /
      items.length) *
    1000;
  out['decodeUs'] =
    (timed(() => {
      for (const { content } of items) decodeRecord(content as Uint8Array);
    }) /
      items.length) *
    1000;

  // An import in slices: each, and the transaction that closes it.
  const rows = edits * 50;
  for (const one of [plain, synced, plain, synced]) {
    let done = 0;
    let closing = 0;
    one.spent = 0;
    const start = cpu();
    await one.writer.longAct({ kind: 'import', title: 'Import labels' }, () => {
      closing = cpu();
      if (done >= rows) return null;
      const from = done;
      done += perSlice;
      const uid = Array.from({ length: perSlice }, () => randomUid(8, random));
      const name = uid.map((_, i) => `imported ${from + i} ${one.spent} ${uid[i]}`);
      return function* (tx) {
        yield* insert(tx, 'lamindb_ulabel', perSlice, { uid, name });
      };
    });
    const which = one === plain ? 'Plain' : 'Synced';
    const least = (name: string, value: number) => (out[name] = Math.min(out[name] ?? Infinity, value));
    least(`import${which}`, cpu() - start);
    least(`closing${which}`, cpu() - closing);
  }
  out['importTimes'] = (out['importSynced'] ?? NaN) / (out['importPlain'] ?? NaN);
  out['rows'] = rows;
  return out;
}

function bytesOf(driver: SqlDriver): number {
  const row = driver.all("SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name LIKE 'loam_sync%'")[0];
  return Number(row?.[0]);
}
