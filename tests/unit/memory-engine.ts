// A whole engine on an in-memory database and in-memory bytes, for tests of what it does to rows. A model with more
// registries can be passed, as a plug-in would give it.
import { createHash } from 'node:crypto';
import { createEngine, type Engine, type EngineDeps } from '../../src/lib/engine/index.ts';
import { isLoamError, type LoamError } from '../../src/lib/engine/errors.ts';
import { model as core } from '../../src/lib/engine/model/model.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { BlobStore, SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { insert, insertOne } from '../../src/lib/engine/write/apply.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

export const random = (bytes: Uint8Array): Uint8Array =>
  crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);

export interface MemoryEngine {
  engine: Engine;
  driver: SqlDriver;
  blobs: BlobStore;
  rows(sql: string, params?: SqlValue[]): SqlValue[][];
  /** The one value of a one-row query. */
  value(sql: string, params?: SqlValue[]): SqlValue;
  /** Artifacts without bytes of their own: rows with the given keys, one hash each. */
  artifacts(...keys: string[]): string[];
  /** The write path's own, for rows that no facade makes without bytes. */
  insertOne: typeof insertOne;
  /** Digest of all registry tables; interned values may stay after an undo, `updated_at` tells that a row was touched. */
  state(): string;
}

const clock = () => Date.now();
/** A new instance as bytes: opening it again is quicker than making it again. */
const fresh = new Map<Model, Promise<Uint8Array>>();

function freshBytes(model: Model): Promise<Uint8Array> {
  const known = fresh.get(model) ?? makeBytes(model);
  fresh.set(model, known);
  return known;
}

async function makeBytes(model: Model): Promise<Uint8Array> {
  const driver = await openMemory();
  createInstance(driver, { model, clock, random, name: 'test' });
  const bytes = driver.serialize();
  driver.close();
  return bytes;
}

/** `other` replaces what the engine is given, such as its clock; `bytes` are a database in place of a new one. */
export async function memoryEngine(
  model: Model = core,
  other: Partial<EngineDeps> = {},
  bytes?: Uint8Array,
): Promise<MemoryEngine> {
  const driver = await openMemory({ bytes: bytes ?? (await freshBytes(model)) });
  const blobs = createMemoryBlobs();
  const refuse = () => Promise.reject(new Error('no bytes here'));
  const engine = await createEngine({
    driver,
    model,
    blobs,
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    clock,
    random,
    onFeed: () => {},
    onDrop: () => {},
    ...other,
  });
  const rows = (sql: string, params: SqlValue[] = []) => driver.all(sql, params);
  const text = (n: number) => String(n).padStart(16, '0');
  let made = 0;
  return {
    engine,
    driver,
    blobs,
    rows,
    insertOne,
    value: (sql, params) => rows(sql, params)[0]?.[0] ?? null,
    artifacts(...keys) {
      const uids = keys.map(() => `${text(++made)}0000`);
      engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
        insert(tx, 'lamindb_artifact', keys.length, {
          uid: uids,
          key: keys,
          suffix: keys.map((key) => /\.\w+$/.exec(key)?.[0] ?? ''),
          storage_id: 1,
          size: 1,
          hash: uids.map((uid) => uid.padStart(22, 'h')),
          _hash_type: 'md5',
          _key_is_virtual: 1,
          _overwrite_versions: 0,
        }),
      );
      return uids;
    },
    state() {
      const digest = createHash('sha256');
      for (const table of model.tables.values()) {
        if (table.registry === 'JsonValue') continue;
        const columns = table.columns.map((c) => c.name).filter((c) => c !== 'updated_at');
        const found = rows(`SELECT ${columns.map((c) => `"${c}"`).join()} FROM "${table.name}" ORDER BY id`);
        if (found.length > 0) digest.update(table.name + JSON.stringify(found));
      }
      return digest.digest('hex');
    },
  };
}

/** The error that the call throws or rejects with. */
export async function refusal(call: () => unknown): Promise<LoamError> {
  try {
    await call();
  } catch (error) {
    if (isLoamError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
