// Mending of artifacts' datasets where the parts are joined: bytes wherever they lie, the readers that can be ended, and
// the engine that judges. What was read of the last few datasets is held.
import type { CurationSession } from '../engine/curate/curation.ts';
import type { Engine } from '../engine/index.ts';
import type { Fix, Payload } from '../engine/ports.ts';
import { isTextTable } from '../formats/curate/csv-look.ts';
import type { CurationApi, FixedDataset } from './curation-wire.ts';
import type { DatasetWatch, ReadDataset } from './dataset-watch.ts';
import type { Watch } from './watched.ts';

export interface CurationsDeps {
  engine: Engine;
  readDataset: ReadDataset;
  /** Writes a copy of a dataset in the worker that can be ended. */
  fixedDataset: (payload: Payload, fixes: readonly Fix[], watch: Watch) => Promise<FixedDataset>;
  watch: DatasetWatch;
}

/** Datasets whose distinct values are held at once. */
const mostHeld = 3;

export function createCurations({ engine, readDataset, fixedDataset, watch }: CurationsDeps): CurationApi {
  const { payloadOf, watched } = watch;
  const held = new Map<string, { session: CurationSession; reading: Reading }>();

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
    const session = engine.openCuration({
      schema,
      artifact: uid,
      textual: isTextTable(watch.nameOf(uid)),
      reader: async (asks) => {
        const asked = reading.watch ?? { onProgress: () => {}, signal: new AbortController().signal };
        const payload = await payloadOf(uid);
        // How many rows there will be nobody is told here.
        return readDataset(payload, payload.name, asks, {
          ...asked,
          onProgress: (done) => asked.onProgress(done, 0),
        });
      },
    });
    const made = { session, reading };
    held.set(key, made);
    for (const old of held.keys()) if (held.size > mostHeld) held.delete(old);
    return made;
  }

  return {
    curationSchemas: async (uid) => engine.curationSchemas(uid),
    datasetSchemas: async (otype, names) => engine.datasetSchemas(otype, names),
    checkDataset: (uid, schema, fixes, token) =>
      watched(token, (asking) => {
        const { session, reading } = sessionOf(uid, schema);
        reading.watch = asking;
        return session.check(fixes);
      }),
    suggestTerms: (terms, texts, most) => engine.suggestTerms(terms, texts, most),
    createTerms: async (terms, names) => engine.createTerms(terms, names),
    fixedCopy: (uid, fixes, token) =>
      watched(token, async ({ signal, onProgress }) =>
        fixedDataset(await payloadOf(uid), fixes, { signal, onProgress: (done) => onProgress(done, 0) }),
      ),
    keepReport: async (report) => engine.keepReport(report),
  };
}
