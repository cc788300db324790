// The drops of this page: what is being saved, how far it is, and the annotations waiting for files still on their way.
/* eslint-disable svelte/prefer-svelte-reactivity -- thousands of progress events redraw through `version`, a few times a second */
import type { AnnotateOptions, DropItem, DropOptions, DropProgress, DropVerdict } from '../workers/wire.ts';
import type { WireError } from '../engine/errors.ts';
import { besideItem } from './drop-saved.ts';
import { databases } from './databases.svelte.ts';
import { databaseIn, type Picked, itemSize, toItems } from './files.ts';
import { asWireError, attempt, say, sayError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

export interface DropSummary {
  total: number;
  finished: number;
  failed: number;
  cancelled: number;
  active: number;
  paused: boolean;
  bytes: number;
  done: number;
}

/** Beside what became of a file: that it is valid, or not. */
export interface LineNote {
  words: string;
  good: boolean;
}

const DONE = new Set<DropProgress['state']>(['saved', 'failed', 'cancelled']);
const lines = new Map<string, DropProgress>();
/** Keys typed while the file was on its way, by item. */
const renames = new Map<string, string>();
/** What this page gave to a drop and is not saved yet, by item: started again when the tab that saved it is gone. */
const held = new Map<string, DropItem>();
/** Lines that stopped with their leader, by item; they go when the item comes back in another drop. */
const stopped = new Map<string, string>();
/** Annotations asked for while files of that drop are still on their way. */
const waiting = new Map<string, AnnotateOptions[]>();
/** Saved since the last gathering and to be annotated. */
const arrived = new Map<string, string[]>();
const order: string[] = [];
/** Who waits for an item to come to its end, by item. */
const awaited = new Map<string, (line: DropProgress) => void>();
/** What is to be said of a saved item beside what became of it, by item. */
const notes = new Map<string, LineNote>();

/** Drops that no engine knows any more. */
const lost = new Set<string>();

let version = $state(0);
let open = $state(false);
let asking = $state.raw<Picked | null>(null);
let gather: ReturnType<typeof setTimeout> | null = null;
let flush: ReturnType<typeof setTimeout> | null = null;

/** Thousands of progress events a second become a few redraws. */
function changed(): void {
  flush ??= setTimeout(() => {
    flush = null;
    version += 1;
  }, 100);
}

const STOPPED = 'The tab that was saving this file was closed. Add the file again.';

const lineKey = (drop: string, item: string) => `${drop}/${item}`;

function isOurs(line: DropProgress): boolean {
  // Same content under another key is someone's artifact already: not ours to rename or annotate.
  return line.state === 'saved' && line.artifact !== null && line.verdict !== 'existing-key';
}

async function afterSaved(line: DropProgress): Promise<void> {
  const { artifact } = line;
  if (!artifact || !isOurs(line)) return;
  const key = renames.get(line.item);
  if (key !== undefined) {
    renames.delete(line.item);
    await attempt('Could not rename', () => session.engine.updateArtifact(artifact.uid, { key }));
  }
  if (waiting.has(line.drop)) {
    arrived.set(line.drop, [...(arrived.get(line.drop) ?? []), artifact.uid]);
    gather ??= setTimeout(annotateArrived, 500);
  }
}

/** Files arrive one by one, but are annotated together: one act for hundreds of files, not hundreds of acts. */
async function annotateArrived(): Promise<void> {
  gather = null;
  const batches = [...arrived];
  arrived.clear();
  for (const [drop, uids] of batches)
    for (const options of waiting.get(drop) ?? [])
      await attempt('Could not annotate', () => session.engine.annotate(uids, options));
}

function take(progress: DropProgress): void {
  if (progress.item === besideItem) return;
  const key = lineKey(progress.drop, progress.item);
  const before = lines.get(key);
  if (!order.includes(progress.drop)) order.push(progress.drop);
  lines.set(key, progress);
  const old = stopped.get(progress.item);
  if (old !== undefined && old !== key) {
    lines.delete(old);
    stopped.delete(progress.item);
  }
  if (progress.state === 'saved' || progress.state === 'cancelled') held.delete(progress.item);
  if (progress.state === 'saved' && before?.state !== 'saved') void afterSaved(progress);
  if (DONE.has(progress.state)) awaited.get(progress.item)?.(progress);
  if (progress.state === 'saved' || progress.state === 'cancelled') awaited.delete(progress.item);
  changed();
}

session.onEvent((event) => {
  if (event.type === 'drop') event.progress.forEach(take);
});

async function start(items: DropItem[], options: DropOptions = {}): Promise<string | null> {
  if (items.length === 0) {
    say('Nothing to save', 'The folder holds no files.');
    return null;
  }
  open = true;
  try {
    const { drop } = await session.engine.drop(items, options);
    if (!order.includes(drop)) order.push(drop);
    for (const item of items) {
      const key = lineKey(drop, item.id);
      const state = lines.get(key)?.state;
      if (state !== 'saved' && state !== 'cancelled') held.set(item.id, item);
      // Progress may have arrived before the answer.
      if (lines.has(key)) continue;
      lines.set(key, {
        drop,
        item: item.id,
        key: item.key,
        state: 'queued',
        size: itemSize(item),
        done: 0,
        verdict: null,
        message: null,
        artifact: null,
        otype: null,
        suffix: null,
        nFiles: item.files ? item.files.length : null,
      });
    }
    changed();
    return drop;
  } catch (problem) {
    sayError(problem, 'The files could not be taken');
    return null;
  }
}

/** The tab that was saving this drop is gone: files of this page are given to the next one, the others are told. */
async function startAgain(drop: string, left: DropProgress[]): Promise<void> {
  const mine: DropItem[] = [];
  for (const line of left) {
    const key = lineKey(drop, line.item);
    const item = held.get(line.item);
    if (item) {
      mine.push(item);
      lines.delete(key);
    } else {
      stopped.set(line.item, key);
      lines.set(key, { ...line, state: 'cancelled', message: STOPPED });
    }
  }
  changed();
  if (mine.length === 0) return;
  const next = await start(mine);
  if (next === null) return;
  const options = waiting.get(drop);
  if (options) waiting.set(next, options);
  if (left.some(({ state }) => state === 'paused'))
    await attempt('Could not pause', () => session.engine.pauseDrop(next, true));
}

export const drops = {
  /** All lines of the newest drop first; reads follow `version`. */
  get lines(): DropProgress[] {
    void version;
    return [...lines.values()].sort((a, b) => order.indexOf(b.drop) - order.indexOf(a.drop));
  },
  get summary(): DropSummary {
    void version;
    const sum: DropSummary = {
      total: 0,
      finished: 0,
      failed: 0,
      cancelled: 0,
      active: 0,
      paused: false,
      bytes: 0,
      done: 0,
    };
    for (const line of lines.values()) {
      sum.total += 1;
      sum.bytes += line.size;
      sum.done += DONE.has(line.state) ? line.size : line.done;
      if (line.state === 'failed') sum.failed += 1;
      if (line.state === 'cancelled') sum.cancelled += 1;
      if (DONE.has(line.state)) sum.finished += 1;
      else if (line.state === 'paused') sum.paused = true;
      else sum.active += 1;
    }
    return sum;
  },
  get open() {
    return open;
  },
  set open(next: boolean) {
    open = next;
  },
  /** A drop with folders waits for one answer: file by file, or whole. */
  get asking() {
    return asking;
  },
  /** Files start at once; only a folder that could be kept whole, or a database that could be opened, asks first. */
  async take(picked: Picked | null, asArtifacts = false): Promise<void> {
    if (!picked) return;
    if (picked.unreadable.length > 0)
      sayError(
        new Error(picked.unreadable.slice(0, 5).join(', ')),
        `${plural(picked.unreadable.length, 'file')} could not be read`,
      );
    const database = databaseIn(picked);
    if (database && !asArtifacts) return databases.offer(database, () => drops.take(picked, true));
    if (picked.folders.some((one) => !one.isZarr && one.files.length > 0)) {
      asking = picked;
      open = true;
    } else await start(toItems(picked));
  },
  /** Saves files that somebody looked at before; each is told when it has come to an end. */
  async save(items: DropItem[], ended: (line: DropProgress) => void): Promise<void> {
    for (const { id } of items) awaited.set(id, ended);
    await start(items);
  },
  note(item: string, words: string, good: boolean): void {
    notes.set(item, { words, good });
    changed();
  },
  noteOf(line: DropProgress): LineNote | null {
    void version;
    return notes.get(line.item) ?? null;
  },
  async answer(whole: ReadonlySet<string> | null): Promise<void> {
    const picked = asking;
    asking = null;
    if (picked && whole) await start(toItems(picked, whole));
    else if (lines.size === 0) open = false;
  },
  async sampleLab(): Promise<void> {
    const answer = await attempt('The sample lab could not be made', () => session.engine.createSampleLab());
    if (answer) open = true;
  },
  async pause(paused: boolean): Promise<void> {
    for (const drop of unfinished())
      await attempt('Could not pause', () => session.engine.pauseDrop(drop, paused));
  },
  async cancel(): Promise<void> {
    for (const drop of unfinished()) await attempt('Could not cancel', () => session.engine.cancelDrop(drop));
  },
  async retry(line: DropProgress, options?: DropOptions): Promise<void> {
    const item = held.get(line.item);
    if (item && lost.has(line.drop)) {
      lines.delete(lineKey(line.drop, line.item));
      await start([item], options);
      return;
    }
    await attempt(`Could not retry ${line.key}`, () =>
      session.engine.retryDrop(line.drop, line.item, options),
    );
  },
  async retryFailed(): Promise<void> {
    for (const line of [...lines.values()]) if (line.state === 'failed') await drops.retry(line);
  },
  /** "Use existing": the line needs no more decision. */
  settle(line: DropProgress): void {
    take({ ...line, verdict: 'existing' });
  },
  async rename(line: DropProgress, key: string): Promise<void> {
    if (!key || key === line.key || line.verdict === 'existing-key') return;
    if (line.artifact) {
      const { uid } = line.artifact;
      const done = await attempt('Could not rename', () =>
        session.engine.updateArtifact(uid, { key }).then(() => true),
      );
      if (!done) return;
    } else renames.set(line.item, key);
    take({ ...line, key, artifact: line.artifact && { ...line.artifact, key } });
  },
  /** Annotates what is saved now and, as they arrive, the files still on their way. */
  async annotateAll(options: AnnotateOptions): Promise<WireError | null> {
    const saved = [...lines.values()].filter(isOurs);
    const uids = [...new Set(saved.flatMap((line) => (line.artifact ? [line.artifact.uid] : [])))];
    try {
      if (uids.length > 0) await session.engine.annotate(uids, options);
    } catch (problem) {
      return asWireError(problem);
    }
    for (const drop of unfinished()) waiting.set(drop, [...(waiting.get(drop) ?? []), options]);
    return null;
  },
  /** After a reload, or when another tab has taken over: drops that were not finished, or just were. */
  async resume(): Promise<void> {
    try {
      const before = [...order];
      const known = await session.engine.drops();
      const running = new Set(known.map(({ drop }) => drop));
      for (const drop of before) if (!running.has(drop)) lost.add(drop);
      for (const drop of unfinished())
        if (lost.has(drop))
          void startAgain(
            drop,
            [...lines.values()].filter((line) => line.drop === drop && !DONE.has(line.state)),
          );
      for (const line of known.filter(({ item }) => item !== besideItem)) {
        const key = lineKey(line.drop, line.item);
        if (lines.has(key)) continue;
        if (!order.includes(line.drop)) order.push(line.drop);
        lines.set(key, line);
      }
      changed();
    } catch (problem) {
      sayError(problem, 'Earlier drops could not be listed');
    }
  },
  /** Going elsewhere puts a sheet away that has nothing left to say; the job bar brings it back. */
  putAway(): void {
    const { total, finished, failed } = drops.summary;
    const undecided = [...lines.values()].some(({ verdict }) => verdict === 'existing-key');
    if (!asking && total === finished && failed === 0 && !undecided) open = false;
  },
  clearFinished(): void {
    for (const [key, line] of [...lines])
      if (DONE.has(line.state)) {
        lines.delete(key);
        notes.delete(line.item);
      }
    if (lines.size === 0) open = false;
    changed();
  },
};

function unfinished(): string[] {
  const found = new Set<string>();
  for (const line of lines.values()) if (!DONE.has(line.state)) found.add(line.drop);
  return [...found];
}

const VERDICTS: Record<DropVerdict, string> = {
  new: 'New artifact',
  version: 'New version',
  existing: 'Already here, nothing to do',
  'existing-key': 'Same content as another key',
  'old-version': 'Equals an older version',
  error: 'Failed',
};

/** What became of a line, in words; the engine's own message says more where it has one. */
export function lineWords(line: DropProgress): string {
  switch (line.state) {
    case 'queued':
      return 'Waiting';
    case 'hashing':
      return 'Hashing';
    case 'storing':
      return 'Storing';
    case 'paused':
      return 'Paused';
    case 'cancelled':
      return 'Cancelled';
    case 'failed':
      return line.message ?? 'Failed';
    case 'saved': {
      if (line.verdict === 'version' && line.artifact)
        return `Version ${line.artifact.version}${line.message === null ? '' : `. ${line.message}`}`;
      if (line.verdict === 'existing-key')
        return `Same content as ${line.artifact?.key ?? 'another artifact'}`;
      return line.message ?? (line.verdict ? VERDICTS[line.verdict] : 'Saved');
    }
  }
}
