// A second database in the helper worker, to be looked at: the engine on it with everything that reads, and nothing that
// writes. Its methods are those of the database in use, so that screens show either.
import { createEngine, type Engine } from '../engine/index.ts';
import { LoamError } from '../engine/errors.ts';
import { model } from '../engine/model/model.ts';
import type { Inspector, Random, SqlDriver, UntrustedDriver } from '../engine/ports.ts';
import { adopt } from '../engine/schema/adopt.ts';
import { readHeader } from '../engine/schema/file-header.ts';
import { fileModel } from '../engine/schema/file-model.ts';
import { examine } from '../engine/schema/quarantine.ts';
import { planUpgrade, upgrade } from '../engine/schema/upgrade.ts';
import { createOpfsBlobs } from '../storage/blob/opfs.ts';
import { openPlace } from '../storage/sql/place.ts';
import { openRemote } from '../storage/sql/remote.ts';
import { methodKinds } from './methods.ts';
import { openRanges } from './range-source.ts';
import { createStorages } from './storages.ts';

const random: Random = (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const clock = () => Date.now();

/** Nothing is hashed or inspected in a database that is only looked at. */
const noInspector: Inspector = {
  hash: () => Promise.reject(unavailable()),
  inspect: () => Promise.reject(unavailable()),
  readSmall: () => Promise.reject(unavailable()),
  checksum: () => Promise.reject(unavailable()),
};
const unavailable = () => new LoamError('InvalidArgument', 'This database is only looked at.');

export interface Reader {
  /** Methods by the names of the engine's API; those that the engine has not are missing. */
  methods: Record<string, (...args: unknown[]) => Promise<unknown>>;
  engine: Engine;
}

/** Opens the database of a place of this device. */
export async function openReader(place: string): Promise<Reader> {
  const opened = await openPlace(place);
  const driver = await opened.connect();
  const plan = planUpgrade(driver, model);
  // A newer Loam may need tables that the copy lacks; it is nobody's original.
  if (plan) {
    upgrade(driver, model, plan, clock);
    await opened.keep(driver);
  }
  return readerOn(driver);
}

/**
 * Opens a database where it lies, at an address: only the parts of it that are asked for are fetched. What it lacks of
 * ours is kept in memory beside it.
 */
export async function openRemoteReader(url: string): Promise<Reader> {
  const source = await openRanges(url);
  const plain = await openRemote(source);
  try {
    const armed = () => {
      throw new LoamError(
        'FileUnreadable',
        'The database holds triggers or views, which are taken out of a copy only. Fetch it instead.',
      );
    };
    const driver: UntrustedDriver = Object.assign(plain, { defend: armed });
    const judged = examine(driver, readHeader(source.head, source.size), model, () => {}, false);
    // Nothing is ever written there: no index is made that would have to read whole tables.
    const only = { ...judged, examination: { ...judged.examination, verdict: 'read-only' as const } };
    adopt(driver, model, only, { instance: judged.examination.instance ?? source.name, clock });
    const reader = await readerOn(driver);
    const { methods } = reader;
    for (const [name, method] of Object.entries(methods)) {
      methods[name] = async (...args) => {
        try {
          return await method(...args);
        } catch (error) {
          throw source.problem() ?? error;
        }
      };
    }
    return reader;
  } catch (error) {
    plain.close();
    throw source.problem() ?? error;
  }
}

async function readerOn(driver: SqlDriver): Promise<Reader> {
  const blobs = await createOpfsBlobs();
  const engine = await createEngine({
    driver,
    model: fileModel(driver, model),
    blobs,
    inspector: noInspector,
    clock,
    random,
    onFeed: () => {},
    onDrop: () => {},
    readOnly: true,
  });
  const methods: Reader['methods'] = {};
  for (const [name, kind] of Object.entries(methodKinds)) {
    const method = (engine as unknown as Record<string, unknown>)[name];
    if (kind === 'read' && typeof method === 'function')
      methods[name] = async (...args) => (method as (...args: unknown[]) => unknown)(...args);
  }
  const storages = createStorages({ engine, blobs, inspector: null, viewer: null, remotes: null });
  for (const [name, kind] of Object.entries(methodKinds)) {
    const method = (storages as unknown as Record<string, unknown>)[name];
    if (kind === 'read' && typeof method === 'function') methods[name] = method as Reader['methods'][string];
  }
  methods['status'] = async () => engine.status();
  return { methods, engine };
}
