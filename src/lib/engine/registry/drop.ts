// A drop: files become artifacts of one Run. Small files are read many in one trip, others hashed, inspected and staged
// one by one; drop-saver.ts saves them in batches, each one transaction of the drop's act, so what was reported as saved
// survives any crash. One act = one undo.
import { isLoamError, LoamError } from '../errors.ts';
import type {
  BlobStore,
  ByteSource,
  FileSummary,
  FolderSource,
  Inspector,
  Payload,
  SqlDriver,
} from '../ports.ts';
import { smallFile } from '../small-file.ts';
import { runSync } from '../statement.ts';
import { suffixOf } from '../suffix.ts';
import { randomUid } from '../uid.ts';
import { slice, type Act } from '../write/commit.ts';
import type { Writer } from '../write/writer.ts';
import { featuresByName } from '../features/values.ts';
import { coerce } from '../features/dtype.ts';
import { checkKey, planSave } from './artifact.ts';
import type { ReadyItem } from './drop-save.ts';
import { createSaver } from './drop-saver.ts';
import type { DropOptions, DropProgress } from './drop-types.ts';
import { startMadeBy } from './made-by.ts';
import { dropTransform, finishRun, runningOf, startRun } from './run.ts';

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

/** Two at a time: hashing is bound by one core, reading by the disk. */
const lanes = 2;
/** What one trip to the reader holds: no more than this, and not less where there is more. */
const tripFiles = 64;
const fewFiles = 8;
const tripBytes = 8 * 1024 * 1024;
const ended = new Set<DropProgress['state']>(['saved', 'failed', 'cancelled']);

/** LaminDB calls paths with these suffixes a DataFrame without opening them (lamindb 2.12.1 models/artifact.py). */
const frameSuffixes = new Set(['.parquet', '.csv', '.ipc']);

interface Queued {
  input: DropInput;
  options: DropOptions;
}

export function startDrop(deps: DropDeps, inputs: DropInput[], options: DropOptions): Drop {
  if (inputs.length === 0) throw new LoamError('InvalidArgument', 'There are no files in this drop.');
  checkOptions(deps, options);
  const uid = randomUid(16, deps.writer.journal.random);
  const items = new Map<string, DropProgress>();
  /** What was taken from the queue, by item, until it has ended. */
  const taken = new Map<string, Queued>();
  const queue: Queued[] = [];
  for (const input of inputs) {
    items.set(input.id, fresh(uid, input));
    queue.push({ input, options });
  }
  const total = inputs.length;
  const named = inputs[0]?.key.slice(0, 60);
  const title = options.made
    ? `Save ${named} from code`
    : total === 1
      ? `Add ${inputs[0]?.key.slice(0, 60)}`
      : `Add ${total} files`;
  const signal = { aborted: false };
  let paused = false;
  /** A file found no room: nothing is written until the drop goes on. */
  let full = false;
  /** Lanes that wait for the drop to go on. */
  const waiting: (() => void)[] = [];
  let act: Act | null = null;
  let run = 0;
  let finished = false;
  let done: Promise<void> = Promise.resolve();

  const saver = createSaver({
    ...deps,
    drop: uid,
    begin,
    isStopped: () => full || signal.aborted,
    onReturned: (ids) => {
      const back = ids.flatMap((id) => taken.get(id) ?? []);
      if (signal.aborted) return back.forEach(({ input }) => fail(input.id, null));
      queue.unshift(...back);
      for (const { input } of back) tell(input.id, { state: paused ? 'paused' : 'queued', done: 0 });
    },
    onFailed: fail,
    onSaved(planned, saved) {
      deps.onSlice(saved.act, saved.changes, false);
      for (const { id, facts } of planned) {
        const outcome = saved.value.get(id);
        if (!outcome) continue;
        const { id: _, ...artifact } = outcome.artifact;
        const { verdict, message } = outcome;
        tell(id, { state: 'saved', done: facts.size, verdict, message, artifact });
      }
    },
  });

  const tell = (id: string, change: Partial<DropProgress>): void => {
    const next = { ...(items.get(id) as DropProgress), ...change };
    items.set(id, next);
    if (ended.has(next.state)) taken.delete(id);
    deps.onProgress(next);
  };

  function begin(): { act: Act; run: number } {
    if (!act) {
      const opened = deps.writer.grow({ uid, kind: 'drop', title }, function* (tx) {
        if (options.run !== undefined) return yield* runningOf(options.run);
        if (options.made) return (yield* startMadeBy(tx, options.made)).id;
        const transform = yield* dropTransform(tx);
        const started = yield* startRun(tx, transform, { files: total });
        return started.id;
      });
      act = opened.act;
      run = opened.value;
    }
    return { act, run };
  }

  async function lane(): Promise<void> {
    for (;;) {
      while (paused && queue.length > 0 && !signal.aborted)
        await new Promise<void>((resolve) => waiting.push(resolve));
      const trip = nextTrip(queue);
      const [first] = trip;
      if (!first) return;
      for (const one of trip) taken.set(one.input.id, one);
      if (signal.aborted) trip.forEach(({ input }) => fail(input.id, null));
      else if (isSmall(first.input)) await saver.add(await readTrip(trip));
      else await readAlone(first);
    }
  }

  /** Small files, all in one trip to the reader. */
  async function readTrip(trip: Queued[]): Promise<ReadyItem[]> {
    const good = trip.filter(({ input }) => {
      try {
        tell(input.id, { state: 'hashing', suffix: suffixOf(checkKey(input.key)).canonical });
        return true;
      } catch (error) {
        fail(input.id, error);
        return false;
      }
    });
    const payloads = good.map(({ input }) => input.payload);
    const ready: ReadyItem[] = [];
    let answers: Awaited<ReturnType<Inspector['readSmall']>>;
    try {
      answers = good.length > 0 ? await deps.inspector.readSmall(payloads, signal) : [];
      if (signal.aborted) throw cancelled();
    } catch (error) {
      for (const { input } of good) fail(input.id, error);
      return [];
    }
    for (const [i, one] of good.entries()) {
      const answer = answers[i];
      if (!answer) await readAlone(one);
      else if ('error' in answer) fail(one.input.id, answer.error);
      else {
        const { bytes, hash, sha256, summary } = answer;
        const hashed = { hash, hashType: 'md5', size: bytes.length, nFiles: null };
        ready.push({ ...readyItem(one, hashed, summary), bytes, sha256 });
      }
    }
    return ready;
  }

  /** A large file, a folder, or a file whose reader was lost among others. */
  async function readAlone(one: Queued): Promise<void> {
    const { id, key } = one.input;
    let item: ReadyItem;
    try {
      tell(id, { state: 'hashing', suffix: suffixOf(checkKey(key)).canonical });
      item = await prepare(one);
    } catch (error) {
      return fail(id, error);
    }
    await saver.add([item]);
  }

  /** Hash, look whether the content is known, inspect, stage. */
  async function prepare(one: Queued): Promise<ReadyItem> {
    const { input, options: opts } = one;
    const { id } = input;
    const hashed = await deps.inspector.hash(input.payload, (bytes) => tell(id, { done: bytes }), signal);
    if (signal.aborted) throw cancelled();
    const item = readyItem(one, hashed, await deps.inspector.inspect(input.payload));
    const known = runSync(
      deps.driver,
      planSave(item.facts, deps.storageId, opts.sameContent === 'duplicate'),
    );
    if (known.case !== 'new' && known.case !== 'version') return item;
    const token = `${uid}-${randomUid(8, deps.writer.journal.random)}`;
    try {
      await stage(input, token, (bytes) => tell(id, { done: bytes }));
    } catch (error) {
      await deps.blobs.discard(token);
      throw error;
    }
    return { ...item, token };
  }

  function readyItem(
    { input: { id, key }, options: opts }: Queued,
    { hash, hashType, size, nFiles }: Awaited<ReturnType<Inspector['hash']>>,
    summary: FileSummary,
  ): ReadyItem {
    const suffix = suffixOf(key).canonical;
    const otype = summary.otype ?? (frameSuffixes.has(suffix) ? 'DataFrame' : null);
    tell(id, { state: 'storing', size, done: 0, otype });
    const { nObservations } = summary;
    const description = opts.description?.trim() || null;
    const content = { key, suffix, size, hash, hashType, nFiles };
    const facts = {
      ...content,
      storageId: deps.storageId,
      kind: null,
      otype,
      nObservations,
      description,
    };
    return { id, token: null, bytes: null, sha256: null, facts, summary, options: opts };
  }

  async function stage(input: DropInput, token: string, onBytes: (bytes: number) => void): Promise<void> {
    if (input.source) return deps.blobs.stage(token, '', input.source, onBytes, signal);
    let before = 0;
    for (const file of input.folder?.files ?? []) {
      await deps.blobs.stage(token, file.path, file.source, (bytes) => onBytes(before + bytes), signal);
      before += file.source.size;
    }
  }

  function fail(id: string, error: unknown): void {
    const aborted = isLoamError(error, 'Cancelled') || signal.aborted;
    // A full disk fails every following file alike: stop there, let the rest wait, go on when there is room.
    if (isLoamError(error, 'StorageFull')) {
      full = true;
      setPaused(true);
    }
    const shown = error ?? cancelled();
    const message = shown instanceof Error ? shown.message : String(shown);
    tell(id, { state: aborted ? 'cancelled' : 'failed', verdict: aborted ? null : 'error', message });
  }

  function setPaused(value: boolean): void {
    paused = value;
    for (const { input } of queue) tell(input.id, { state: value ? 'paused' : 'queued' });
    if (value) return;
    full = false;
    wake();
  }

  function wake(): void {
    for (const go of waiting.splice(0)) go();
  }

  async function work(): Promise<void> {
    await Promise.all(Array.from({ length: Math.min(lanes, Math.max(1, queue.length)) }, lane));
    await saver.idle();
    const opened = act as Act | null;
    // Files that found no room may have come back: the drop is not over.
    if (!opened || queue.length > 0) return;
    const failed = [...items.values()].some((i) => i.state === 'failed');
    const end = signal.aborted ? 'aborted' : failed ? 'errored' : 'completed';
    try {
      const closed = runSync(
        deps.driver,
        slice(deps.writer.journal, deps.writer.author, opened, function* (tx) {
          // A run that was there before goes on.
          if (options.run === undefined) yield* finishRun(tx, run, end);
        }),
      );
      deps.onSlice(opened, closed.changes, true);
    } catch {
      // The files are safe; a run that a full disk does not let end stays "started" until a retry ends it.
      deps.onSlice(opened, [], true);
    }
  }

  function start(): void {
    finished = false;
    done = (async () => {
      try {
        // A retry that came, or files that came back, while the last were being saved found no lane any more.
        do await work();
        while (queue.length > 0);
      } finally {
        finished = true;
      }
    })();
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
      queue.push({ input, options: opts ? { ...options, ...opts } : options });
      setPaused(false);
      if (finished) start();
    },
  };
}

const cancelled = () => new LoamError('Cancelled', 'Cancelled before it was saved.');

function isSmall(input: DropInput): input is DropInput & { source: ByteSource } {
  return input.source !== null && input.source.size <= smallFile;
}

/** The first of the queue, or as many small files from its head as make a trip; short queues give every lane some. */
function nextTrip(queue: Queued[]): Queued[] {
  const most = Math.min(tripFiles, Math.max(fewFiles, Math.ceil(queue.length / (2 * lanes))));
  let count = 0;
  let bytes = 0;
  for (const { input } of queue.slice(0, most)) {
    if (!isSmall(input)) break;
    bytes += input.source.size;
    if (count > 0 && bytes > tripBytes) break;
    count += 1;
  }
  return queue.splice(0, Math.max(1, count));
}

/** Wrong annotations are refused before any file is touched. */
function checkOptions(deps: DropDeps, options: DropOptions): void {
  if (options.run !== undefined) deps.writer.read(runningOf(options.run));
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
    nFiles: input.folder ? input.folder.files.length : null,
  };
}
