// A drop: files become artifacts of one Run. Hashing, inspecting and staging run two at a time; saving runs in batches,
// each one transaction of the drop's act, so what was reported as saved survives any crash. One act = one undo.
import { isLoamError, LoamError } from '../errors.ts';
import type { BlobStore, ByteSource, FolderSource, Inspector, Payload, SqlDriver } from '../ports.ts';
import { runSync } from '../statement.ts';
import { suffixOf } from '../suffix.ts';
import { randomUid } from '../uid.ts';
import { atomically, slice, type Act, type Committed } from '../write/commit.ts';
import type { Writer } from '../write/writer.ts';
import { featuresByName } from '../features/values.ts';
import { coerce } from '../features/dtype.ts';
import { checkKey, planSave } from './artifact.ts';
import {
  isStored,
  journalBatch,
  planBatch,
  saveBatch,
  type PlannedItem,
  type ReadyItem,
  type SaveOutcome,
} from './drop-save.ts';
import type { DropOptions, DropProgress } from './drop-types.ts';
import { dropTransform, finishRun, startRun } from './run.ts';

export interface DropInput {
  id: string;
  key: string;
  payload: Payload;
  source: ByteSource | null;
  folder: FolderSource | null;
}

export interface DropDeps {
  driver: SqlDriver;
  writer: Writer;
  blobs: BlobStore;
  inspector: Inspector;
  storageId: number;
  now: () => number;
  onProgress: (progress: DropProgress) => void;
  /** Tells the feed about rows written by the drop's own slices. */
  onSlice: (
    act: Act,
    changes: { table: string; inserted: number; updated: number; deleted: number; ids: Set<number> | null }[],
    last: boolean,
  ) => void;
}

export interface Drop {
  readonly uid: string;
  readonly items: DropProgress[];
  readonly finished: boolean;
  pause(paused: boolean): void;
  cancel(): void;
  retry(item: string, options?: DropOptions): void;
  /** Settles when every item is saved, failed or cancelled. */
  done: Promise<void>;
}

/** Two files at a time: hashing is bound by one core, reading by the disk. */
const lanes = 2;
const batchSize = 64;
const ended = new Set<DropProgress['state']>(['saved', 'failed', 'cancelled']);

/** LaminDB calls paths with these suffixes a DataFrame without opening them (lamindb 2.12.1 models/artifact.py). */
const frameSuffixes = new Set(['.parquet', '.csv', '.ipc']);

export function startDrop(deps: DropDeps, inputs: DropInput[], options: DropOptions): Drop {
  if (inputs.length === 0) throw new LoamError('InvalidArgument', 'There are no files in this drop.');
  checkOptions(deps, options);
  const uid = randomUid(16, deps.writer.journal.random);
  const items = new Map<string, DropProgress>();
  const queue: { input: DropInput; options: DropOptions }[] = [];
  for (const input of inputs) {
    items.set(input.id, fresh(uid, input));
    queue.push({ input, options });
  }
  const total = inputs.length;
  const title = total === 1 ? `Add ${inputs[0]?.key.slice(0, 60)}` : `Add ${total} files`;
  const signal = { aborted: false };
  let paused = false;
  /** Lanes that wait for the drop to go on. */
  const waiting: (() => void)[] = [];
  let act: Act | null = null;
  let run = 0;
  let finished = false;
  let done: Promise<void> = Promise.resolve();
  const ready: ReadyItem[] = [];
  let flushing: Promise<void> | null = null;

  const tell = (id: string, change: Partial<DropProgress>): void => {
    const next = { ...(items.get(id) as DropProgress), ...change };
    items.set(id, next);
    deps.onProgress(next);
  };

  function begin(): void {
    if (act) return;
    const opened = deps.writer.grow({ uid, kind: 'drop', title }, function* (tx) {
      const transform = yield* dropTransform(tx);
      const started = yield* startRun(tx, transform, { files: total });
      return started.id;
    });
    act = opened.act;
    run = opened.value;
  }

  async function lane(): Promise<void> {
    for (;;) {
      while (paused && queue.length > 0 && !signal.aborted)
        await new Promise<void>((resolve) => waiting.push(resolve));
      const next = queue.shift();
      if (!next) return;
      const { input } = next;
      if (signal.aborted) {
        tell(input.id, { state: 'cancelled', message: 'Cancelled before it was saved.' });
        continue;
      }
      try {
        const item = await prepare(input, next.options);
        if (item) {
          ready.push(item);
          flushing ??= flush().finally(() => (flushing = null));
          if (ready.length >= batchSize) await flushing;
        }
      } catch (error) {
        fail(input.id, error);
      }
    }
  }

  /** Hash, look whether the content is known, inspect, stage. */
  async function prepare(input: DropInput, opts: DropOptions): Promise<ReadyItem | null> {
    const { id } = input;
    checkKey(input.key);
    const suffix = suffixOf(input.key).canonical;
    tell(id, { state: 'hashing', suffix });
    const hashed = await deps.inspector.hash(input.payload, (bytes) => tell(id, { done: bytes }), signal);
    if (signal.aborted) throw new LoamError('Cancelled', 'Cancelled before it was saved.');
    const summary = await deps.inspector.inspect(input.payload);
    const otype = summary.otype ?? (frameSuffixes.has(suffix) ? 'DataFrame' : null);
    const facts = {
      key: input.key,
      suffix,
      size: hashed.size,
      hash: hashed.hash,
      hashType: hashed.hashType,
      nFiles: hashed.nFiles,
      storageId: deps.storageId,
      kind: null,
      otype,
      nObservations: summary.nObservations,
      description: opts.description?.trim() || null,
    };
    tell(id, { state: 'storing', size: hashed.size, done: 0, otype });
    const known = runSync(deps.driver, planSave(facts, deps.storageId, opts.sameContent === 'duplicate'));
    if (known.case !== 'new' && known.case !== 'version')
      return { id, token: null, facts, summary, options: opts };
    const token = `${uid}-${randomUid(8, deps.writer.journal.random)}`;
    try {
      await stage(input, token, (bytes) => tell(id, { done: bytes }));
    } catch (error) {
      await deps.blobs.discard(token);
      throw error;
    }
    return { id, token, facts, summary, options: opts };
  }

  async function stage(input: DropInput, token: string, onBytes: (bytes: number) => void): Promise<void> {
    if (input.source) return deps.blobs.stage(token, '', input.source, onBytes, signal);
    let before = 0;
    for (const file of input.folder?.files ?? []) {
      await deps.blobs.stage(token, file.path, file.source, (bytes) => onBytes(before + bytes), signal);
      before += file.source.size;
    }
  }

  async function flush(): Promise<void> {
    while (ready.length > 0) {
      const batch = ready.splice(0, batchSize);
      let planned: PlannedItem[] = [];
      try {
        const plan = planBatch(deps.driver, deps.writer.journal, batch);
        ready.unshift(...plan.waiting);
        planned = plan.planned;
      } catch (error) {
        for (const { id, token } of batch) {
          if (token !== null) await deps.blobs.discard(token).catch(() => {});
          fail(id, error);
        }
      }
      await settle(planned);
    }
  }

  /** Journal, bytes, rows. A batch that fails is tried item by item, so that one bad item fails alone. */
  async function settle(planned: PlannedItem[]): Promise<void> {
    if (planned.length === 0) return;
    let saved: Committed<Map<string, SaveOutcome>>;
    try {
      saved = await save(planned);
    } catch (error) {
      if (planned.length > 1) {
        for (const item of planned) await settle([item]);
        return;
      }
      const item = planned[0];
      if (!item) return;
      // A full disk may not even let go of the journal row; the next start takes back what is left here.
      await takeBack(item).catch(() => {});
      fail(item.id, error);
      return;
    }
    // From here on the rows are committed: whatever goes wrong in telling must not take their bytes away.
    deps.onSlice(saved.act, saved.changes, false);
    for (const item of planned) {
      const outcome = saved.value.get(item.id);
      if (!outcome) continue;
      const { id: _, ...artifact } = outcome.artifact;
      tell(item.id, {
        state: 'saved',
        done: item.facts.size,
        verdict: outcome.verdict,
        message: outcome.message,
        artifact,
      });
    }
  }

  async function save(planned: PlannedItem[]): Promise<Committed<Map<string, SaveOutcome>>> {
    begin();
    const at = deps.now();
    runSync(
      deps.driver,
      atomically(deps.writer.journal, deps.writer.author, () => journalBatch(uid, planned, at)),
    );
    const moved = await Promise.allSettled(planned.map((item) => move(item)));
    for (const one of moved) if (one.status === 'rejected') throw one.reason;
    return runSync(
      deps.driver,
      slice(deps.writer.journal, deps.writer.author, act as Act, (tx) => saveBatch(tx, uid, planned, run)),
    );
  }

  async function move(item: PlannedItem): Promise<void> {
    if (item.token === null) return;
    if (isStored(item)) await deps.blobs.commit(item.token, item.storageKey);
    else await deps.blobs.discard(item.token);
  }

  /** Nothing of a failed item stays: neither bytes nor journal row. */
  async function takeBack(item: PlannedItem): Promise<void> {
    if (isStored(item)) {
      if (item.token !== null) await deps.blobs.discard(item.token);
      // A new version of a folder shares its path with the older ones: their bytes are not ours to remove.
      if (item.plan.case === 'new' || item.facts.nFiles === null) await deps.blobs.remove(item.storageKey);
    }
    deps.driver.run('DELETE FROM loam_drop WHERE uid = ? AND item = ?', [uid, item.id]);
  }

  function fail(id: string, error: unknown): void {
    const cancelled = isLoamError(error, 'Cancelled') || signal.aborted;
    const message = error instanceof Error ? error.message : String(error);
    // A full disk fails every following file alike: stop there, let the rest wait, go on when there is room.
    if (isLoamError(error, 'StorageFull')) setPaused(true);
    tell(id, { state: cancelled ? 'cancelled' : 'failed', verdict: cancelled ? null : 'error', message });
  }

  function setPaused(value: boolean): void {
    paused = value;
    for (const { input } of queue) tell(input.id, { state: value ? 'paused' : 'queued' });
    if (!value) wake();
  }

  function wake(): void {
    for (const go of waiting.splice(0)) go();
  }

  async function work(): Promise<void> {
    await Promise.all(Array.from({ length: Math.min(lanes, Math.max(1, queue.length)) }, lane));
    while (flushing) await flushing;
    const opened = act as Act | null;
    if (!opened) return;
    const failed = [...items.values()].some((i) => i.state === 'failed');
    const end = signal.aborted ? 'aborted' : failed ? 'errored' : 'completed';
    try {
      const closed = runSync(
        deps.driver,
        slice(deps.writer.journal, deps.writer.author, opened, (tx) => finishRun(tx, run, end)),
      );
      deps.onSlice(opened, closed.changes, true);
    } catch {
      // The files are safe; a run that a full disk does not let end stays "started" until a retry ends it.
      deps.onSlice(opened, [], true);
    }
  }

  function start(): void {
    finished = false;
    done = work().finally(() => {
      // A retry that came while the last files were being saved found no lane any more.
      if (queue.length > 0) start();
      else finished = true;
    });
  }

  start();
  return {
    uid,
    get items() {
      return [...items.values()];
    },
    get finished() {
      return finished;
    },
    get done() {
      return done;
    },
    pause: setPaused,
    cancel() {
      signal.aborted = true;
      wake();
    },
    retry(id, opts) {
      const input = inputs.find((i) => i.id === id);
      if (!input) throw new LoamError('DoesNotExist', `This drop has no item ${id}.`);
      // Asked twice, it is tried once: an item on its way is not queued again.
      if (!ended.has((items.get(id) as DropProgress).state)) return;
      items.set(id, fresh(uid, input));
      tell(id, {});
      signal.aborted = false;
      queue.push({ input, options: { ...options, ...opts } });
      setPaused(false);
      if (finished) start();
    },
  };
}

/** Wrong annotations are refused before any file is touched. */
function checkOptions(deps: DropDeps, options: DropOptions): void {
  const values = options.features ?? {};
  for (const feature of deps.writer.read(featuresByName(Object.keys(values)))) {
    const value = values[feature.name];
    if (value !== undefined && value !== '') coerce(feature.name, feature.dtype, value);
  }
}

function fresh(drop: string, input: DropInput): DropProgress {
  const size = input.source?.size ?? input.folder?.files.reduce((n, f) => n + f.source.size, 0) ?? 0;
  return {
    drop,
    item: input.id,
    key: input.key,
    state: 'queued',
    size,
    done: 0,
    verdict: null,
    message: null,
    artifact: null,
    otype: null,
    suffix: null,
  };
}
