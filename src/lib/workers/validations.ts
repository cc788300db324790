// Validation as pages ask for it: the engine decides, the worker that can be ended reads. Artifacts are found wherever their
// bytes lie; files that were dropped and rows in memory are read as they are. Progress is told under a token, as of views.
import type { Engine } from '../engine/index.ts';
import type { DatasetReader, SavedValidation } from '../engine/curate/part.ts';
import type { ValidationResult } from '../engine/curate/finding.ts';
import type { SchemaProposal } from '../engine/curate/propose.ts';
import { LoamError } from '../engine/errors.ts';
import type { Payload } from '../engine/ports.ts';
import type { RowsTable } from '../formats/curate/read-dataset.ts';
import type { DatasetWatch, ReadDataset } from './dataset-watch.ts';

/** A file or folder that was dropped and not saved yet. */
export interface UnsavedFile {
  name: string;
  file: File | null;
  files: { path: string; file: File }[] | null;
  /** That it will be saved under: then its suffix is judged, too. */
  key?: string;
}

export interface ValidationsApi {
  /**
   * An artifact's dataset against a schema; nothing is written. Progress (`view` events, in rows gone through) is told under
   * the token, `cancelValidation` ends the worker that reads.
   */
  validateArtifact(uid: string, schema: string, token?: string): Promise<ValidationResult>;
  /** The same of a file that is no artifact yet. */
  validateFile(file: UnsavedFile, schema: string, token?: string): Promise<ValidationResult>;
  /** What a file that is no artifact yet holds, by its content: `DataFrame`, `AnnData` …; null for what no schema can be asked of. */
  datasetKind(file: UnsavedFile, token?: string): Promise<string | null>;
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
  /** Ends what goes on under the token, the mending of a dataset too; its call then rejects with `Cancelled`. */
  cancelValidation(token: string): Promise<void>;
}

export interface ValidationsDeps {
  engine: Engine;
  readDataset: ReadDataset;
  watch: DatasetWatch;
}

type Input = { name: string; given: Payload | { rows: RowsTable } };

export function createValidations({ engine, readDataset, watch }: ValidationsDeps): ValidationsApi {
  const watched = <T>(
    token: string | undefined,
    input: () => Promise<Input>,
    work: (reader: DatasetReader) => Promise<T>,
  ): Promise<T> =>
    watch.watched(token, ({ signal, onProgress }) => {
      let found: Promise<Input> | null = null;
      return work(async (asks, total) => {
        const { name, given } = await (found ??= input());
        return readDataset(given, name, asks, { signal, onProgress: (done) => onProgress(done, total) });
      });
    });

  const artifactInput = (uid: string) => async () => {
    const given = await watch.payloadOf(uid);
    return { name: given.name, given };
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
      watched(token, unsavedInput(file), (reader) =>
        file.key === undefined
          ? engine.validateDataset(schema, reader)
          : engine.validateFile(schema, reader, file.key),
      ),
    datasetKind: (file, token) =>
      watched(token, unsavedInput(file), async (reader) => (await reader([], 0)).otype),
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
    cancelValidation: async (token) => watch.cancel(token),
  };
}
