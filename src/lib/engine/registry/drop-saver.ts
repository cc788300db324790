// The saving half of a drop: files that were read go in batches through journal, bytes and rows. Two batches may be on
// their way, so that bytes are written while rows are; items that meet (same key or content) never are at once.
import { isLoamError } from '../errors.ts';
import type { BlobStore, SqlDriver } from '../ports.ts';
import { runSync, type Steps } from '../statement.ts';
import { atomically, slice, type Act, type Committed } from '../write/commit.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Writer } from '../write/writer.ts';
import {
  forgetBatch,
  isStored,
  journalBatch,
  planBatch,
  putFiles,
  saveBatch,
  type Batch,
  type PlannedItem,
  type ReadyItem,
  type SaveOutcome,
} from './drop-save.ts';

export interface SaverDeps {
  driver: SqlDriver;
  writer: Writer;
  blobs: BlobStore;
  now: () => number;
  drop: string;
  /** The act and run of the drop, made when the first batch is saved. */
  begin(): { act: Act; run: number };
  /** Rows of a batch are committed. */
  onSaved(items: readonly PlannedItem[], saved: Committed<Map<string, SaveOutcome>>): void;
  onFailed(item: string, error: unknown): void;
  /** True while nothing new may be written: a file found no room, or the drop was cancelled. */
  isStopped(): boolean;
  /** Files that were not written for that reason; their bytes were let go. */
  onReturned(items: string[]): void;
}

export interface Saver {
  /** Answers when there is room for more items, which is at once while few wait. */
  add(items: readonly ReadyItem[]): Promise<void>;
  /** Settles when nothing is waiting any more. */
  idle(): Promise<void>;
}

const batchSize = 64;
const lanes = 2;

export function createSaver(deps: SaverDeps): Saver {
  const { driver, writer, blobs, drop } = deps;
  const ready: ReadyItem[] = [];
  const busy = new Set<string>();
  const running = new Set<Promise<void>>();
  let batches = 0;

  function add(items: readonly ReadyItem[]): Promise<void> {
    ready.push(...items);
    wake();
    return ready.length < 2 * batchSize || running.size === 0 ? Promise.resolve() : Promise.race(running);
  }

  function wake(): void {
    while (running.size < lanes && ready.length > 0) {
      const batch = next();
      if (!batch) return;
      const work = settle(batch.planned).finally(() => {
        for (const mark of batch.marks) busy.delete(mark);
        running.delete(work);
        wake();
      });
      running.add(work);
    }
  }

  /** The next batch with something to do; null where all that is ready waits for a batch on its way. */
  function next(): Batch | null {
    if (deps.isStopped()) returnUnwritten();
    const items = ready.splice(0, batchSize);
    if (items.length === 0) return null;
    try {
      const batch = planBatch(driver, writer.journal, items, busy);
      ready.unshift(...batch.waiting);
      for (const mark of batch.marks) busy.add(mark);
      return batch.planned.length > 0 ? batch : null;
    } catch (error) {
      return { planned: [], waiting: [], marks: failAll(items, error) };
    }
  }

  /** Without room, files that are only in memory wait in the queue instead of failing one after the other. */
  function returnUnwritten(): void {
    const kept = ready.filter((item) => item.bytes === null);
    const gone = ready.filter((item) => item.bytes !== null);
    ready.splice(0, ready.length, ...kept);
    if (gone.length > 0) deps.onReturned(gone.map(({ id }) => id));
  }

  function failAll(items: readonly ReadyItem[], error: unknown): [] {
    for (const { id, token } of items) {
      if (token !== null) void blobs.discard(token).catch(() => {});
      deps.onFailed(id, error);
    }
    return [];
  }

  /** Journal, bytes, rows. A batch that fails is tried item by item, so that one bad item fails alone. */
  async function settle(planned: readonly PlannedItem[]): Promise<void> {
    const [first] = planned;
    if (!first) return;
    const batch = String(++batches);
    let saved: Committed<Map<string, SaveOutcome>>;
    try {
      saved = await save(batch, planned);
    } catch (error) {
      const back = await takeBack(batch, planned).then(
        () => true,
        // A full disk may not even let go of a journal row; the next start takes back by it what is left here.
        () => false,
      );
      const noRoom = isLoamError(error, 'StorageFull');
      if (planned.length === 1) {
        // One failure tells of a full disk; the batch beside it need not tell it again.
        if (noRoom && first.bytes !== null && deps.isStopped()) return deps.onReturned([first.id]);
        return deps.onFailed(first.id, error);
      }
      // While that row stands nothing may be saved under its keys; returned files get new ones.
      if (!back && !noRoom) return void failAll(planned, error);
      if (!back) failAll([first], error);
      for (const item of back ? planned : planned.slice(1)) {
        if (deps.isStopped() && item.bytes !== null) deps.onReturned([item.id]);
        else if (back) await settle([item]);
        else failAll([item], error);
      }
      return;
    }
    // From here on the rows are committed: whatever goes wrong in telling must not take their bytes away.
    deps.onSaved(planned, saved);
  }

  async function save(
    batch: string,
    planned: readonly PlannedItem[],
  ): Promise<Committed<Map<string, SaveOutcome>>> {
    const { act, run } = deps.begin();
    inTransaction(() => journalBatch(drop, batch, planned, deps.now()));
    const files = putFiles(planned);
    const moved = await Promise.allSettled([
      ...(files.length > 0 ? [blobs.put(files)] : []),
      ...planned.map((item) => move(item)),
    ]);
    for (const one of moved) if (one.status === 'rejected') throw one.reason;
    return runSync(
      driver,
      slice(writer.journal, writer.author, act, function* (tx: Transaction) {
        const outcomes = yield* saveBatch(tx, planned, run);
        yield* forgetBatch(drop, batch, planned);
        return outcomes;
      }),
    );
  }

  function inTransaction(steps: () => Steps<void>): void {
    runSync(driver, atomically(writer.journal, writer.author, steps));
  }

  async function move(item: PlannedItem): Promise<void> {
    if (item.token === null) return;
    if (isStored(item)) await blobs.commit(item.token, item.storageKey);
    else await blobs.discard(item.token);
  }

  /** Nothing of a failed item stays, neither bytes nor journal row; staged files of a batch are tried again alone. */
  async function takeBack(batch: string, planned: readonly PlannedItem[]): Promise<void> {
    const alone = planned.length === 1;
    for (const { token, storageKey, plan, facts } of planned.filter(isStored)) {
      if (token !== null && !alone) continue;
      if (token !== null) await blobs.discard(token);
      // A new version of a folder shares its path with the older ones: their bytes are not ours to remove.
      if (plan.case === 'new' || facts.nFiles === null) await blobs.remove(storageKey);
    }
    inTransaction(() => forgetBatch(drop, batch, alone ? planned : []));
  }

  return {
    add,
    async idle() {
      for (wake(); running.size > 0; wake()) await Promise.race(running);
    },
  };
}
