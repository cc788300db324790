// Files that are held against a schema before they are saved: what each is, the schema for each kind of dataset, the verdicts,
// and then saving as validated or as they are. Nothing is written until somebody says so; leaving saves nothing.
/* eslint-disable svelte/prefer-svelte-reactivity -- replaced as a whole */
import { goto } from '$app/navigation';
import type { WireError } from '../engine/errors.ts';
import type { CurationSchema, ValidationResult } from '../workers/curation-wire.ts';
import type { DropItem, DropProgress } from '../workers/wire.ts';
import { keepVerdict } from './curation-save.ts';
import { drops } from './drops.svelte.ts';
import { itemSize, toItems, type Picked } from './files.ts';
import { asWireError, attempt, say, sayError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

export type CheckState = 'waiting' | 'looking' | 'validating' | 'ready' | 'failed';

export interface CheckLine {
  item: DropItem;
  size: number;
  state: CheckState;
  /** `DataFrame`, `AnnData` …; null for what no schema can be asked of, and until it was looked at. */
  kind: string | null;
  result: ValidationResult | null;
  /** Why it could not be looked into. */
  error: WireError | null;
}

let lines = $state.raw<readonly CheckLine[]>([]);
let schemas = $state.raw<Readonly<Record<string, readonly CurationSchema[]>>>({});
let chosen = $state.raw<Readonly<Record<string, CurationSchema>>>({});
let busy = $state.raw<{ token: string; item: string } | null>(null);
let part = $state<number | null>(null);
let going = $state(false);
/** Every new run of the queue, and leaving, ends the one before. */
let turn = 0;

session.onEvent((event) => {
  if (event.type === 'view' && event.progress.token === busy?.token && event.progress.total > 0)
    part = Math.min(1, event.progress.done / event.progress.total);
});

function change(item: string, to: Partial<CheckLine>): void {
  lines = lines.map((line) => (line.item.id === item ? { ...line, ...to } : line));
}

function stop(): void {
  turn += 1;
  if (busy) void session.engine.cancelValidation(busy.token).catch(() => {}); // it may have ended by then
  busy = null;
  part = null;
  going = false;
  lines = lines.map((line) =>
    line.state === 'looking' || line.state === 'validating' ? { ...line, state: 'waiting' } : line,
  );
}

const unsaved = ({ key, file, files }: DropItem) => ({ name: key.split('/').pop() ?? key, file, files, key });

/** One call under a token of its own; undefined where it was ended. */
async function ask<T>(
  mine: number,
  item: string,
  work: (token: string) => Promise<T>,
): Promise<T | undefined> {
  const token = crypto.randomUUID();
  busy = { token, item };
  part = null;
  try {
    const found = await work(token);
    return mine === turn ? found : undefined;
  } catch (problem) {
    if (mine === turn) change(item, { state: 'failed', error: asWireError(problem) });
    return undefined;
  } finally {
    if (mine === turn) {
      busy = null;
      part = null;
    }
  }
}

/** One file after the other: what it is, and its verdict where a schema is chosen for its kind. */
async function run(): Promise<void> {
  stop();
  const mine = turn;
  going = true;
  for (;;) {
    const line = lines.find(({ state }) => state === 'waiting');
    if (!line) going = false;
    if (!line || mine !== turn) return;
    const { id } = line.item;
    let { kind } = line;
    if (kind === null) {
      change(id, { state: 'looking' });
      const found = await ask(mine, id, (token) => session.engine.datasetKind(unsaved(line.item), token));
      if (mine !== turn) return;
      if (found === undefined) continue;
      kind = found;
      change(id, { kind });
      if (kind !== null && !schemas[kind]) await offer(kind);
      if (mine !== turn) return;
    }
    const schema = kind === null ? undefined : chosen[kind];
    if (schema) {
      change(id, { state: 'validating' });
      const result = await ask(mine, id, (token) =>
        session.engine.validateFile(unsaved(line.item), schema.uid, token),
      );
      if (mine !== turn) return;
      if (result === undefined) continue;
      change(id, { result });
    }
    change(id, { state: 'ready' });
  }
}

/** Schemas for this kind of dataset; the only one there is, or the one used last, is chosen. */
async function offer(kind: string): Promise<void> {
  const names = lines.map(({ item }) => item.key);
  const found = await attempt('Could not list the schemas', () => session.engine.datasetSchemas(kind, names));
  schemas = { ...schemas, [kind]: found ?? [] };
  const own = (found ?? []).filter(({ builtin }) => !builtin);
  const first = own.find(({ used }) => used) ?? (own.length === 1 ? own[0] : undefined);
  if (first && !chosen[kind]) chosen = { ...chosen, [kind]: first };
}

interface Saved {
  line: CheckLine;
  schema: CurationSchema | null;
  progress: DropProgress;
}

/** Saves files under the schema that is chosen now; each is told when it is an artifact. */
function save(some: readonly CheckLine[], saved: (one: Saved) => void): void {
  const byItem = new Map(
    some.map((line) => [
      line.item.id,
      { line, schema: line.kind === null ? null : (chosen[line.kind] ?? null) },
    ]),
  );
  lines = lines.filter(({ item }) => !byItem.has(item.id));
  void drops.save(
    some.map(({ item }) => item),
    (progress) => {
      const known = byItem.get(progress.item);
      if (known && progress.state === 'saved' && progress.artifact) saved({ ...known, progress });
    },
  );
}

/** Notes the schema and what was found on a saved artifact where that is wanted, and keeps the report either way. */
async function note({ line, schema, progress }: Saved, asValid: boolean): Promise<void> {
  const { artifact, item, verdict } = progress;
  if (!artifact || line.kind === null) return;
  if (!schema || !line.result || (line.result.ok && !asValid))
    return drops.note(item, 'not validated', false);
  // The same content is an artifact of another key, which nobody asked to change.
  if (verdict === 'existing-key') return drops.note(item, 'not validated', false);
  try {
    const { ok } = await keepVerdict(artifact, schema, line.result, new AbortController().signal);
    drops.note(item, `${ok ? 'valid' : 'not valid'}: ${schema.name}`, ok);
  } catch (problem) {
    drops.note(item, 'not validated', false);
    sayError(problem, `${artifact.key ?? artifact.uid} is saved, but its validation could not be kept`);
  }
}

export const dropCheck = {
  get lines(): readonly CheckLine[] {
    return lines;
  },
  get open(): boolean {
    return lines.length > 0;
  },
  /** Kinds of datasets among the files, in the order in which they were found. */
  get kinds(): string[] {
    return [...new Set(lines.flatMap(({ kind }) => (kind === null ? [] : [kind])))];
  },
  schemasFor: (kind: string): readonly CurationSchema[] => schemas[kind] ?? [],
  chosenFor: (kind: string): CurationSchema | null => chosen[kind] ?? null,
  /** Files are looked into, one after the other. */
  get going(): boolean {
    return going;
  },
  /** From 0 to 1, of the file that is read just now. */
  get part(): number | null {
    return part;
  },

  /** Folders are taken file by file, Zarr stores whole. */
  async take(picked: Picked | null): Promise<void> {
    if (!picked) return;
    if (picked.unreadable.length > 0)
      sayError(
        new Error(picked.unreadable.slice(0, 5).join(', ')),
        `${plural(picked.unreadable.length, 'file')} could not be read`,
      );
    const fresh = toItems(picked).map((item): CheckLine => {
      const size = itemSize(item);
      return { item, size, state: 'waiting', kind: null, result: null, error: null };
    });
    if (fresh.length === 0) return say('Nothing to validate', 'The folder holds no files.');
    if (lines.length === 0) [schemas, chosen] = [{}, {}];
    lines = [...lines, ...fresh];
    await run();
  },
  async choose(kind: string, uid: string): Promise<void> {
    let schema = schemas[kind]?.find((one) => one.uid === uid);
    if (schema?.builtin) {
      const { name } = schema;
      const made = await attempt('Could not make the schema', () => session.engine.builtinSchema(name));
      if (!made) return;
      await offer(kind);
      schema = schemas[kind]?.find((one) => one.uid === made.uid);
    }
    if (!schema) return;
    stop();
    chosen = { ...chosen, [kind]: schema };
    lines = lines.map((line) =>
      line.kind === kind && line.state !== 'failed' ? { ...line, state: 'waiting', result: null } : line,
    );
    await run();
  },
  /** Ends the reading; what was found stays. */
  cancel: stop,
  goOn: () => run(),
  remove(line: CheckLine): void {
    if (busy?.item === line.item.id) stop();
    lines = lines.filter((one) => one.item.id !== line.item.id);
    void run();
  },
  /** Leaves the files where they are. */
  leave(): void {
    stop();
    lines = [];
  },
  saveValid(): void {
    save(
      lines.filter(({ result }) => result?.ok === true),
      (one) => void note(one, true),
    );
  },
  /** As they are; the report of a file that is not valid is kept with it. */
  saveUnvalidated(some: readonly CheckLine[]): void {
    stop();
    save(some, (one) => void note(one, false));
    void run();
  },
  /** Saves one that is not valid, and opens it where it is mended. */
  saveAndCurate(line: CheckLine): void {
    save([line], (one) => {
      void note(one, false);
      const { artifact } = one.progress;
      if (artifact)
        void goto(`/artifacts/${artifact.uid}?tab=curate${one.schema ? `&schema=${one.schema.uid}` : ''}`);
    });
  },
};
