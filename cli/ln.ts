// `ln` in Node: `const { ln, close } = await connect()` opens the database of a directory, as the command line finds it.
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { ByteSource } from '../src/lib/engine/ports.ts';
import type { DropInput } from '../src/lib/engine/registry/drop.ts';
import { createLn } from '../src/lib/sdk/ln.ts';
import { directEngine, type FileToSave, type LnPort } from '../src/lib/sdk/port.ts';
import type { Ln } from '../src/lib/sdk/types.ts';
import { artifactFile } from './artifact-files.ts';
import { localFolder } from './local-files.ts';
import { openDesk } from './ontology-library.ts';
import { datasetAt, datasetHeld } from './dataset.ts';
import { inputOf, openInstance, type Instance } from './instance.ts';

export type { Ln } from '../src/lib/sdk/types.ts';

export interface ConnectOptions {
  /** Name of the branch that new rows go to; that of the settings otherwise. */
  branch?: string;
  space?: string;
  /** What a person should know; on stderr where nothing is given. */
  tell?: (text: string) => void;
}

/** Opens the database of a directory or of one above it. `close` lets it go. */
export async function connect(
  directory = process.cwd(),
  options: ConnectOptions = {},
): Promise<{ ln: Ln; close: () => void }> {
  const cwd = resolve(directory);
  const { branch, space, tell = (text: string) => process.stderr.write(`${text}\n`) } = options;
  const place = { ...(branch === undefined ? {} : { branch }), ...(space === undefined ? {} : { space }) };
  const { instance, close } = await openInstance({ cwd }, place);
  try {
    return { ln: await createLn(portOf(instance, cwd, tell)), close };
  } catch (error) {
    close();
    throw error;
  }
}

function portOf(instance: Instance, cwd: string, tell: (text: string) => void): LnPort {
  const { engine, folder } = instance;
  const pathOf = (uid: string): Promise<string> => artifactFile(instance, engine.whereabouts(uid));
  const filesOf = async (uid: string) => {
    const path = await pathOf(uid);
    return engine.whereabouts(uid).folder ? localFolder(path).files : [];
  };
  return {
    engine: directEngine(engine),
    ontologies: openDesk(instance, cwd) as NonNullable<LnPort['ontologies']>,
    tell,
    files: {
      async drop(item, asked) {
        const { input, close } =
          typeof item.source === 'string' ? inputOf(checked(cwd, item.source), item.key) : held(item);
        try {
          const started = engine.drop([input], asked);
          await engine.dropDone(started.drop);
          return started;
        } finally {
          await close();
        }
      },
      async open(uid, path) {
        const whole = await pathOf(uid);
        const wanted = path === undefined ? whole : join(whole, path);
        if (path !== undefined && !(await filesOf(uid)).some((one) => one.path === path))
          throw new LoamError('DoesNotExist', `The artifact ${uid} has no file ${path}.`, { uid });
        return new Blob([await readFile(wanted)]);
      },
      async list(uid) {
        return (await filesOf(uid)).map(({ path, source }) => ({ path, size: source.size }));
      },
      cache: pathOf,
    },
    curate: {
      async validate(source, name, schema) {
        const { reader, close } =
          typeof source === 'string' ? datasetAt(checked(cwd, source)) : await datasetHeld(source, name);
        try {
          return await engine.validateDataset(schema, reader);
        } finally {
          close();
        }
      },
      async saveValidated(uid, schema) {
        const [suffix, key] = engine.getRow('Artifact', uid, ['suffix', 'key']);
        const path = await pathOf(uid);
        const { reader, close } = datasetAt(
          path,
          String(key ?? path).endsWith(String(suffix)) ? String(key ?? path) : `${path}${String(suffix)}`,
        );
        try {
          return await engine.saveValidated(uid, schema, reader);
        } finally {
          close();
        }
      },
      builtin: async (name) => engine.builtinSchema(name),
    },
    async statement(sql, { mixed = false }) {
      const { openStatement } = await import('./file-statements.ts');
      const statement = await openStatement(instance, sql, { mixed });
      try {
        const { path } = await statement.write('arrow');
        const bytes = new Uint8Array(await readFile(path));
        async function* pages() {
          yield bytes;
        }
        return { sources: statement.sources.map(({ uid }) => uid), pages: pages() };
      } finally {
        statement.close();
      }
    },
    async script() {
      const path = process.argv[1];
      if (path === undefined || !existsSync(path)) return { key: 'script', source: null };
      const inside = relative(folder, resolve(path)).split(sep).join('/');
      return { key: inside.startsWith('../') ? basename(path) : inside, source: readFileSync(path, 'utf8') };
    },
  };
}

function checked(cwd: string, path: string): string {
  const whole = resolve(cwd, path);
  if (existsSync(whole)) return whole;
  throw new LoamError('DoesNotExist', `There is no file or folder ${path}.`, { path });
}

/** Bytes that are held in memory, as something to save. */
function held({ key, source }: FileToSave): { input: DropInput; close: () => Promise<void> } {
  const close = () => Promise.resolve();
  const name = basename(key);
  if (source instanceof Blob) {
    const bytes = bytesOf(source);
    return {
      input: { id: key, key, payload: { name, file: bytes, files: null }, source: bytes, folder: null },
      close,
    };
  }
  const files = (source as readonly { path: string; file: Blob }[]).map(({ path, file }) => ({
    path,
    source: bytesOf(file),
  }));
  const payload = { name, file: null, files: files.map(({ path, source }) => ({ path, file: source })) };
  return { input: { id: key, key, payload, source: null, folder: { files } }, close };
}

const bytesOf = (blob: Blob): ByteSource => ({
  size: blob.size,
  read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
});
