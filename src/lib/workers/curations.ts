// Mending of artifacts' datasets where the parts are joined: bytes wherever they lie, the readers that can be ended, and
// the engine that judges. What was read of the last few datasets is held.
import type { CurationSession } from '../engine/curate/curation.ts';
import type { Engine } from '../engine/index.ts';
import type { Fix, Payload } from '../engine/ports.ts';
import type { Whereabouts } from '../engine/registry/whereabouts.ts';
import type { CurationApi } from './curation-wire.ts';
import type { Finder } from './find-bytes.ts';
import type { FixedDataset } from './curation-wire.ts';
import type { ViewProgress } from './storages.ts';
import type { DatasetWatch } from './validations.ts';

interface Watch {
  onProgress: (done: number, total: number) => void;
  signal: AbortSignal;
}

export interface CurationsDeps {
  engine: Engine;
  readDataset: DatasetWatch;
  /** Writes a copy of a dataset in the worker that can be ended. */
  fixedDataset: (payload: Payload, fixes: readonly Fix[], watch: Watch) => Promise<FixedDataset>;
  find: Finder['find'];
  tell: (progress: ViewProgress) => void;
}

/** The suffix tells how a text table is read. */
const nameOf = ({ name, suffix }: Whereabouts): string => (name.endsWith(suffix) ? name : `${name}${suffix}`);

/** Datasets whose distinct values are held at once. */
const mostHeld = 3;

export function createCurations({
  engine,
  readDataset,
  fixedDataset,
  find,
  tell,
}: CurationsDeps): CurationApi {
  const held = new Map<string, { session: CurationSession; reading: Reading }>();
  const running = new Map<string, AbortController>();

  async function payloadOf(uid: string): Promise<Payload> {
    const place = engine.whereabouts(uid);
    const found = await find(place);
    const name = nameOf(place);
    return 'file' in found
      ? { name, file: found.file, files: null }
      : { name, file: null, files: found.files };
  }

  async function watched<T>(token: string, work: (watch: Watch) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    running.set(token, abort);
    try {
      return await work({
        signal: abort.signal,
        onProgress: (done) => tell({ token, done, total: 0 }),
      });
    } finally {
      running.delete(token);
    }
  }

  /** The session's reader reads for whoever asks at the moment. */
  interface Reading {
    watch: Watch | null;
  }

  function sessionOf(uid: string, schema: string): { session: CurationSession; reading: Reading } {
    const key = `${uid}\0${schema}`;
    const known = held.get(key);
    held.delete(key);
    if (known) {
      held.set(key, known);
      return known;
    }
    const reading: Reading = { watch: null };
    const name = nameOf(engine.whereabouts(uid));
    const session = engine.openCuration({
      schema,
      artifact: uid,
      textual: /\.[ct]sv(\.gz)?$/i.test(name),
      reader: async (asks) => {
        const watch = reading.watch ?? { onProgress: () => {}, signal: new AbortController().signal };
        const payload = await payloadOf(uid);
        return readDataset(payload, payload.name, asks, watch);
      },
    });
    const made = { session, reading };
    held.set(key, made);
    for (const old of held.keys()) if (held.size > mostHeld) held.delete(old);
    return made;
  }

  return {
    curationSchemas: async (uid) => engine.curationSchemas(uid),
    checkDataset: (uid, schema, fixes, token) =>
      watched(token, (watch) => {
        const { session, reading } = sessionOf(uid, schema);
        reading.watch = watch;
        return session.check(fixes);
      }),
    cancelCuration: async (token) => running.get(token)?.abort(),
    suggestTerms: (terms, texts, most) => engine.suggestTerms(terms, texts, most),
    createTerms: async (terms, names) => engine.createTerms(terms, names),
    fixedCopy: (uid, fixes, token) =>
      watched(token, async (watch) => fixedDataset(await payloadOf(uid), fixes, watch)),
    keepReport: async (report) => engine.keepReport(report),
  };
}
