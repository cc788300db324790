// What a dataset and a schema are to `ln`: files or rows as bytes with a name, schemas by row, name or uid, and the refusal of what
// is not valid.
import { LoamError } from '../engine/errors.ts';
import type { ValidationResult } from '../workers/wire.ts';
import type { DatasetSource, LnPort } from './port.ts';
import type { Shared } from './registry.ts';
import { stateOf } from './state.ts';
import { tableFile } from './tables.ts';
import type { Rows } from './types.ts';

/** Files that hold such a dataset, by their ending. */
const endings: Record<string, RegExp> = {
  DataFrame: /\.(parquet|csv|tsv|arrow|feather)(\.gz)?$/i,
  AnnData: /\.(h5ad|zarr)$/i,
  MuData: /\.(h5mu|zarr)$/i,
  SpatialData: /\.zarr$/i,
};
export type DatasetKind = 'DataFrame' | 'AnnData' | 'MuData' | 'SpatialData';

/** Uid of a schema that was given as a row, a name, a uid, or the name of a built-in one. */
export async function schemaUid(shared: Shared, port: LnPort, schema: unknown): Promise<string> {
  const row = stateOf(schema);
  if (row) {
    if (row.registry === 'Schema' && row.uid !== null) return row.uid;
    throw new LoamError(
      'ValueError',
      row.registry === 'Schema'
        ? 'Save the schema first.'
        : `A schema is needed here, not a ${row.registry}.`,
      { field: 'schema' },
    );
  }
  if (typeof schema !== 'string')
    throw new LoamError('TypeError', 'schema is a row of ln.Schema, its name or its uid.', {
      field: 'schema',
    });
  const rows = await shared.engine.queryRows(
    { registry: 'Schema', filters: [{ $or: [{ name: schema }, { uid: schema }], is_type: false }] },
    ['uid'],
  );
  const [first, second] = rows;
  if (second)
    throw new LoamError(
      'MultipleObjectsReturned',
      `Several schemas are called "${schema}". Pass the uid of the one you mean.`,
      { field: 'schema' },
    );
  return first ? String(first[0]) : (await port.curate.builtin(schema)).uid;
}

/** Throws where the result is that the dataset is not valid. */
export function refuseInvalid(result: ValidationResult): void {
  if (result.ok) return;
  const told = result.findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  const name = result.schema.name ?? result.schema.uid;
  throw new LoamError(
    'ValidationError',
    `The dataset is not valid for the schema "${name}".\n${told.join('\n')}`,
    { schema: result.schema.uid, problems: told },
  );
}

/** The bytes of a dataset: rows become the file that their key asks for. */
export async function datasetOf(
  kind: DatasetKind,
  dataset: unknown,
  key: string | undefined,
): Promise<{ source: DatasetSource; name: string }> {
  const isFile = dataset instanceof Blob || typeof dataset === 'string' || isFolder(dataset);
  if (!isFile) {
    if (kind !== 'DataFrame')
      throw new LoamError(
        'TypeError',
        `${kind} is given as a file or folder: a Blob, its files, or in Node a path.`,
      );
    const name = key ?? 'table.parquet';
    return { source: await tableFile(dataset as Rows, name), name };
  }
  const own = typeof dataset === 'string' ? dataset : dataset instanceof File ? dataset.name : undefined;
  const name = key ?? own ?? '';
  if (!(endings[kind] as RegExp).test(name))
    throw new LoamError(
      'InvalidArgument',
      `${name === '' ? 'A file without a name' : `"${name}"`} is no ${kind} by its ending. Pass a key that ends as such files do.`,
      { field: 'key' },
    );
  return { source: dataset as DatasetSource, name };
}

const isFolder = (dataset: unknown): boolean =>
  Array.isArray(dataset) &&
  dataset.length > 0 &&
  dataset.every((one: unknown) => typeof one === 'object' && one !== null && 'path' in one && 'file' in one);
