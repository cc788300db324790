// Validation as pages ask for it: the engine decides, the worker that can be ended reads. Artifacts are found wherever their
// bytes lie; files that were dropped and rows in memory are read as they are. Progress is told under a token, as of views.
import type { Engine } from '../engine/index.ts';
import type { DatasetReader, SavedValidation } from '../engine/curate/part.ts';
import type { ValidationResult } from '../engine/curate/finding.ts';
import type { SchemaProposal } from '../engine/curate/propose.ts';
import { LoamError } from '../engine/errors.ts';
import type { DatasetRead, FrameAsk, Payload } from '../engine/ports.ts';
import type { RowsTable } from '../formats/curate/read-dataset.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';
import { createFinder } from './find-bytes.ts';
import type { Remotes } from './remotes.ts';
import type { ViewProgress } from './storages.ts';

/** A file or folder that was dropped and not saved yet. */
export interface UnsavedFile {
  name: string;
  file: File | null;
  files: { path: string; file: File }[] | null;
}

export interface ValidationsApi {
  /**
   * An artifact's dataset against a schema; nothing is written. Progress (`view` events, in rows gone through) is told under
   * the token, `cancelValidation` ends the worker that reads.
   */
  validateArtifact(uid: string, schema: string, token?: string): Promise<ValidationResult>;
  /** The same of a file that is no artifact yet. */
  validateFile(file: UnsavedFile, schema: string, token?: string): Promise<ValidationResult>;
  /** The same of a table in memory, as `pandas.DataFrame` would hold it. */
  validateRows(rows: RowsTable, schema: string): Promise<ValidationResult>;
  /**
   * Validates an artifact and, where it is valid, notes the schema, links what was inferred per slot, and annotates the
   * artifact with the values of its categorical columns: one act. Nothing is written where it is not valid.
   */
  saveValidated(uid: string, schema: string, token?: string): Promise<SavedValidation>;
  /** What a schema of an artifact's dataset may ask: its columns with features or types for new ones. Nothing is made. */
  proposeSchema(uid: string, token?: string): Promise<SchemaProposal>;
  /** The same of a file that is no artifact yet. */
  proposeFileSchema(file: UnsavedFile, token?: string): Promise<SchemaProposal>;
  /** One of LaminDB's built-in schemas by its name, made when it is first asked for. */
  builtinSchema(name: string): Promise<{ uid: string }>;
  cancelValidation(token: string): Promise<void>;
}

/** Reads parts of a dataset in the worker that can be ended. */
export type DatasetWatch = (
  payload: Payload | { rows: RowsTable },
  name: string,
  asks: readonly FrameAsk[],
  watch: { onProgress: (done: number, total: number) => void; signal: AbortSignal },
) => Promise<DatasetRead>;

export interface ValidationsDeps {
  engine: Engine;
  blobs: OpfsBlobStore;
  remotes: Remotes | null;
  readDataset: DatasetWatch;
  tell: (progress: ViewProgress) => void;
}

export function createValidations(deps: ValidationsDeps): ValidationsApi {
  const { engine, blobs, remotes, readDataset, tell } = deps;
  const { find } = createFinder(blobs, remotes);
  const running = new Map<string, AbortController>();

  async function watched<T>(
    token: string | undefined,
    input: () => Promise<{ name: string; given: Payload | { rows: RowsTable } }>,
    work: (reader: DatasetReader) => Promise<T>,
  ): Promise<T> {
    const abort = new AbortController();
    if (token !== undefined) running.set(token, abort);
    let found: ReturnType<typeof input> | null = null;
    const reader: DatasetReader = async (asks, total) => {
      const { name, given } = await (found ??= input());
      return readDataset(given, name, asks, {
        signal: abort.signal,
        onProgress: (done) =>
          token !== undefined && tell({ token, done, total: total === 0 ? 0 : Math.max(total, done) }),
      });
    };
    try {
      return await work(reader);
    } finally {
      if (token !== undefined) running.delete(token);
    }
  }

  /** Bytes of an artifact, wherever they lie; its suffix tells how a text table is read. */
  const artifactInput = (uid: string) => async () => {
    const place = engine.whereabouts(uid);
    const bytes = await find(place);
    const name = place.name.endsWith(place.suffix) ? place.name : `${place.name}${place.suffix}`;
    const given: Payload =
      'file' in bytes ? { name, file: bytes.file, files: null } : { name, file: null, files: bytes.files };
    return { name, given };
  };

  const unsavedInput = (file: UnsavedFile) => async () => {
    if (typeof file.name !== 'string' || (!file.file && !file.files))
      throw new LoamError('InvalidArgument', 'A file to look into needs a name, and a file or folder.');
    return { name: file.name, given: file };
  };

  return {
    validateArtifact: (uid, schema, token) =>
      watched(token, artifactInput(uid), (reader) => engine.validateDataset(schema, reader, uid)),
    validateFile: (file, schema, token) =>
      watched(token, unsavedInput(file), (reader) => engine.validateDataset(schema, reader)),
    validateRows: (rows, schema) =>
      watched(
        undefined,
        async () => ({ name: 'rows', given: { rows } }),
        (reader) => engine.validateDataset(schema, reader),
      ),
    saveValidated: (uid, schema, token) =>
      watched(token, artifactInput(uid), (reader) => engine.saveValidated(uid, schema, reader)),
    proposeSchema: (uid, token) => watched(token, artifactInput(uid), engine.proposeSchema),
    proposeFileSchema: (file, token) => watched(token, unsavedInput(file), engine.proposeSchema),
    builtinSchema: async (name) => engine.builtinSchema(name),
    async cancelValidation(token) {
      running.get(token)?.abort();
    },
  };
}
