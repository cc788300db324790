// The files that the engine knows by name: made known as statements need them, known again as long as they are the same bytes.
// Of those that lie elsewhere only so many stay open.
import { registeredName } from '../statements/sources.ts';
import type { KnownFile } from '../statements/lists.ts';
import {
  createAsker,
  isRemoteFile,
  openReader,
  type Asker,
  type RemoteFile,
  type RemoteMeter,
  type RemoteReader,
} from '../storage/remote/cache-reader.ts';
import type { Copies } from './duckdb-copies.ts';
import { cancelled } from './duckdb-errors.ts';
import type { DuckdbSource } from './duckdb-wire.ts';
import type { Duckdb } from './duckdb.ts';
import type { AnyFile } from './find-bytes.ts';
import { nextTask } from './serve.ts';
import { textHash, versionOf } from './table-copies.ts';

/** Files that lie elsewhere held open between statements. */
const farMost = 256;
/** Between two of these others may speak. */
const atOnce = 50;

/** What a name of the engine's is to people, which content it stands for, and what is known of it. */
export interface RegisteredFile extends KnownFile {
  content: string;
  /** Where it lies elsewhere and is open. */
  far: RemoteReader | null;
}

/** The part of a statement that its files are kept for. */
export interface FileHolder {
  abort: AbortController;
  /** Registered names of all its files, from before the first is opened until it ends. */
  holds: Set<string>;
  /** Files that the engine had not seen before. */
  fresh: Set<string>;
  /** Its files that lie elsewhere, as they were when it began. */
  far: Map<RemoteReader, RemoteMeter>;
  offline: boolean;
}

export interface RegisteredFiles<H extends FileHolder> {
  readonly known: Map<string, RegisteredFile>;
  /** Makes all files of the sources known to the engine; none is opened by it yet. */
  register(holder: H, db: Duckdb, sources: readonly DuckdbSource[]): Promise<void>;
  /** Files that could not be read in part are opened anew by the next statement about them. */
  forget(names: readonly string[], db: Duckdb | null): void;
}

export interface RegisteredDeps<H extends FileHolder> {
  copies: Copies;
  /** The statements whose files must stay open. */
  holders(): Iterable<H>;
  /** The way to the worker that fetches. */
  asked: Pick<BroadcastChannel, 'postMessage'>;
  tell(holder: H, phase: 'files' | 'converting', done: number, total: number): void;
}

export function createRegisteredFiles<H extends FileHolder>({
  copies,
  holders,
  asked,
  tell,
}: RegisteredDeps<H>): RegisteredFiles<H> {
  const known = new Map<string, RegisteredFile>();
  let asker: Promise<Asker> | null = null;

  /** What is open cannot leave the cache: the one opened first gives way, and is opened anew when it is asked for. */
  async function openFar(file: RemoteFile): Promise<RemoteReader> {
    const held = (name: string) => [...holders()].some(({ holds }) => holds.has(name));
    const open = [...known].filter(([, { far }]) => far !== null);
    let over = open.length + 1 - farMost;
    for (const [name, { far }] of over > 0 ? open : []) {
      if (over <= 0) break;
      if (held(name)) continue;
      far?.close();
      known.delete(name);
      over--;
    }
    return openReader(file, await (asker ??= createAsker(asked)));
  }

  async function open(
    holder: H,
    db: Duckdb,
    name: string,
    { source, path, file }: { source: DuckdbSource; path: string; file: AnyFile },
  ): Promise<void> {
    const title = path === '' ? source.key : `${source.key}/${path}`;
    const content = `${source.uid}-${versionOf(file)}-${path}`;
    const before = known.get(name);
    if (before?.content === content) {
      if (!before.far || !isRemoteFile(file)) return;
      before.far.meter.fetched = { ...file.now };
      holder.far.set(before.far, { ...before.far.meter, fetched: file.before });
      return;
    }
    const far = isRemoteFile(file) ? await openFar(file) : null;
    before?.far?.close();
    known.delete(name);
    const below = path === '' ? '' : `-${textHash([path])}`;
    const readable = await copies
      .readable({
        file: far ?? (file as File),
        format: source.format,
        id: `${source.uid}-${versionOf(file)}${below}`.replace(/[^\w.-]/g, '_'),
        title,
        onProgress: (done, total) => tell(holder, 'converting', done, total),
        signal: holder.abort.signal,
      })
      .catch((error: unknown) => {
        far?.close();
        throw error;
      });
    db.register(name, readable.file);
    holder.fresh.add(name);
    const read = readable.file === far ? far : null;
    if (far && !read) far.close();
    known.set(name, { title, content, facts: readable.facts, far: read });
    if (far) holder.far.set(far, { ...far.meter, fetched: (file as RemoteFile).before });
  }

  return {
    known,
    async register(holder, db, sources) {
      const all = sources.flatMap((source) =>
        source.files.map((one) => ({ source, ...one, name: registeredName(source, one.path) })),
      );
      for (const { name } of all) holder.holds.add(name);
      for (const [i, one] of all.entries()) {
        if (holder.abort.signal.aborted) throw cancelled();
        await open(holder, db, one.name, one);
        if (isRemoteFile(one.file)) holder.offline ||= one.file.offline;
        if (i % atOnce === atOnce - 1) {
          tell(holder, 'files', i + 1, all.length);
          await nextTask();
        }
      }
    },
    forget(names, db) {
      for (const name of names) {
        const file = known.get(name);
        known.delete(name);
        db?.drop(name);
        file?.far?.close();
      }
    },
  };
}
