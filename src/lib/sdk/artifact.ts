// Artifacts of `ln`: files that are saved through the engine's drop, and read back. Under a tracked run what is saved is its
// output and what is read its input.
import { LoamError } from '../engine/errors.ts';
import type { DropOptions, DropProgress } from '../workers/wire.ts';
import { createStatements, isTable, type OpenTable, type Statements } from './open-table.ts';
import { refuseInvalid, schemaUid } from './dataset.ts';
import type { DatasetSource, LnPort } from './port.ts';
import type { RegistryCore } from './registry.ts';
import { keepState, refOf, stateOf } from './state.ts';
import { loadFile } from './tables.ts';

/** A file on its way: what the object of an unsaved artifact stands for. */
interface Pending {
  source: unknown;
  options: Record<string, unknown>;
}

export interface ArtifactContext {
  /** Saves a new artifact or writes what changed on one. */
  save(core: RegistryCore, row: object): Promise<void>;
  port: LnPort;
  statements: Statements;
}

const pending = new WeakMap<object, Pending>();
const taken = new Set(['key', 'description', 'kind', 'revises', 'ulabels', 'projects', 'run', 'schema']);
const ended = new Set<DropProgress['state']>(['saved', 'failed', 'cancelled', 'paused']);

/** An artifact that is not saved yet. */
export function newArtifact(
  core: RegistryCore,
  source: unknown,
  options: Record<string, unknown> = {},
): object {
  const folder = Array.isArray(source);
  if (!(source instanceof Blob) && typeof source !== 'string' && !folder)
    throw new LoamError(
      'TypeError',
      'An artifact is made of a file: a Blob or File, the files of a folder, or in Node a path.',
    );
  for (const name of Object.keys(options))
    if (!taken.has(name))
      throw new LoamError(
        'FieldValidationError',
        `"${name}" is no option of Artifact. Only ${[...taken].join(', ')} are valid.`,
        {
          registry: 'Artifact',
          field: name,
        },
      );
  const row = Object.create(core.prototype) as object;
  keepState(row, { registry: core.name, id: null, uid: null, stored: {}, set: new Map() });
  pending.set(row, { source, options });
  for (const name of ['key', 'description', 'kind'])
    if (options[name] !== undefined)
      Object.defineProperty(row, name, {
        value: options[name],
        writable: true,
        enumerable: true,
        configurable: true,
      });
  return row;
}

/** `asInputs`: what a statement reads belongs to the tracked run. */
export function artifactContext(
  port: LnPort,
  asInputs: (uids: readonly string[]) => Promise<void>,
): ArtifactContext {
  return {
    port,
    statements: createStatements(port, asInputs),
    async save(core, row) {
      const waiting = pending.get(row);
      if (!waiting) return core.save(row);
      const { source, options } = waiting;
      const own = row as { key?: unknown; description?: unknown; kind?: unknown };
      const revised = options['revises'];
      const key = String(own.key ?? (await keyOf(core, source, revised)));
      const run = core.shared.run();
      const asked: DropOptions = {
        ...(typeof own.description === 'string' ? { description: own.description } : {}),
        ...(Array.isArray(options['ulabels']) ? { labels: options['ulabels'].map(String) } : {}),
        ...(Array.isArray(options['projects']) ? { projects: options['projects'].map(String) } : {}),
        ...(run ? { run: run.uid } : {}),
      };
      const family = revised === undefined ? key : await keyOf(core, source, revised);
      const { schema } = options;
      const schemaIs =
        schema === undefined || schema === null ? null : await schemaUid(core.shared, port, schema);
      // Nothing is saved that the schema refuses.
      if (schemaIs !== null)
        refuseInvalid(await port.curate.validate(source as DatasetSource, key, schemaIs));
      const { drop } = await port.files.drop({ key: family, source: source as Blob }, asked);
      const saved = await outcome(core, drop);
      if (!saved.artifact)
        throw new LoamError('FileUnreadable', saved.message ?? `${key} was not saved.`, { key });
      if (saved.message !== null) core.tell(saved.message);
      pending.delete(row);
      const { uid } = saved.artifact;
      const changes = {
        ...(own.kind === undefined ? {} : { kind: own.kind }),
        ...(family === key ? {} : { key }),
      };
      if (Object.keys(changes).length > 0) await core.engine.update(core.name, { uid }, changes);
      if (schemaIs !== null) refuseInvalid((await port.curate.saveValidated(uid, schemaIs)).result);
      for (const name of Object.keys(row)) delete (row as Record<string, unknown>)[name];
      core.fill(row, await core.engine.getRow(core.name, uid, core.columns));
    },
  };
}

/** Versions are found by key: a revision is saved under that of what it revises. */
async function keyOf(core: RegistryCore, source: unknown, revised: unknown): Promise<string> {
  if (revised !== undefined && revised !== null) {
    const row = stateOf(revised);
    const [key] = await core.engine.getRow(core.name, row?.id ?? String(refOf(revised)), ['key']);
    if (typeof key === 'string') return key;
    throw new LoamError('ValueError', 'What is revised has no key, by which its versions are found.', {
      field: 'revises',
    });
  }
  if (typeof source === 'string') return source.split(/[\\/]/).pop() ?? source;
  const name = (source as { name?: unknown }).name;
  if (typeof name === 'string' && name !== '') return name;
  throw new LoamError('ValueError', 'Pass a key: bytes alone have no name.', {
    registry: 'Artifact',
    field: 'key',
  });
}

/** Waits until the file is saved or has failed. */
async function outcome(core: RegistryCore, drop: string): Promise<DropProgress> {
  for (let wait = 1; ; wait = Math.min(wait * 2, 100)) {
    const found = (await core.engine.drops()).find((item) => item.drop === drop);
    if (!found)
      throw new LoamError(
        'ConnectionLost',
        'The database was opened anew before the file was saved. Try again.',
      );
    if (ended.has(found.state)) return found;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

export function artifactMethods(core: RegistryCore, { port, statements }: ArtifactContext) {
  const saved = (row: object): { id: number; uid: string } => {
    const { id, uid } = stateOf(row) ?? { id: null, uid: null };
    if (id === null || uid === null)
      throw new LoamError('ValueError', 'Save the artifact first.', { registry: 'Artifact' });
    return { id, uid };
  };
  /** What a run reads is its input, unless it made it itself. */
  const asInput = async (row: object): Promise<string> => {
    const { id, uid } = saved(row);
    const run = core.shared.run();
    const own = (row as { run_id?: unknown }).run_id;
    if (run && core.shared.settings.track_run_inputs && own !== run.id)
      await core.engine.relate('Run', { id: run.id }, 'input_artifacts', { add: [{ id }] });
    return uid;
  };
  return {
    load: async (row: object): Promise<unknown> => {
      const uid = await asInput(row);
      const { suffix, n_files: files } = row as { suffix?: unknown; n_files?: unknown };
      if (files !== null)
        throw new LoamError(
          'NotImplementedError',
          'A folder is not loaded as a whole; open its files one by one.',
          {
            registry: 'Artifact',
          },
        );
      if (/^\.(?:h5ad|h5mu|zarr)$/i.test(String(suffix)))
        throw new LoamError(
          'NotImplementedError',
          `${String(suffix)} is not loaded as an object here: there is no AnnData outside of Python. open() gives its bytes, and ln.sql asks its tables.`,
          { registry: 'Artifact' },
        );
      return loadFile(await port.files.open(uid), String(suffix));
    },
    open: async (row: object, path?: string): Promise<Blob | OpenTable> => {
      const uid = await asInput(row);
      const { suffix, n_files: files } = row as { suffix?: unknown; n_files?: unknown };
      if (path === undefined && files === null && isTable(String(suffix)))
        return statements.open('artifact', uid);
      return port.files.open(uid, path);
    },
    cache: async (row: object): Promise<string | Blob> => port.files.cache(await asInput(row)),
    files: (row: object) => port.files.list(saved(row).uid),
    path: async (row: object): Promise<string> =>
      String((await core.engine.getRow(core.name, saved(row).id, ['path']))[0]),
    lineage: (row: object) => core.engine.lineageEdges(core.name, saved(row).id),
  };
}
