// Terms out of a parquet table: packs (`npm run ontologies`), bionty 2.5.2's own files, and any table with its columns.
// One column is unpacked at a time; which registry the rows are for follows from the metadata, bionty's file name, or
// the columns.
import {
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { ByteSource } from '../../engine/ports.ts';
import { parquetEnd } from '../parquet.ts';
import type { TermRead } from './own-terms.ts';
import { keyOf, nameColumnOf, noFacts, tableBuilder, type PackFacts, type TermTable } from './term-table.ts';

/** Names of columns elsewhere. */
const aliases: Readonly<Record<string, string>> = {
  definition: 'description',
  ncbi_gene_id: 'ncbi_gene_ids',
};
/** Of a table only these are read. */
const known = new Set([
  ...['ontology_id', 'name', 'abbr', 'synonyms', 'description', 'replaced_by', 'scientific_name'],
  ...['ensembl_gene_id', 'symbol', 'stable_id', 'ncbi_gene_ids', 'biotype', 'length'],
  ...['uniprotkb_id', 'gene_symbol', 'ensembl_gene_ids', 'ncbi_gene_id'],
]);

/** bionty's file names: `df_human__ensembl__release-116__Gene.parquet`. */
function factsInName(name: string): Partial<PackFacts> {
  const found = /(?:^|\/)df_([^_]+(?:_[^_]+)*?)__(.+?)__(.+?)__(\w+)\.parquet$/.exec(name);
  if (!found) return {};
  const [, organism = '', source = '', version = '', entity = ''] = found;
  return { organism: organism.replaceAll('-', ' '), source, version, entity: `bionty.${entity}` };
}

function factsIn(metadata: FileMetaData): Partial<PackFacts> {
  const found: Partial<PackFacts> = {};
  for (const { key, value } of metadata.key_value_metadata ?? [])
    if (['entity', 'source', 'version', 'organism', 'licence'].includes(key) && value)
      found[key as keyof PackFacts] = value;
  return found;
}

/** The registry that columns are of, where nothing says it; null for plain terms, which any ontology may be. */
function entityOf(columns: ReadonlySet<string>): string | null {
  if (columns.has('ensembl_gene_id') || columns.has('stable_id')) return 'bionty.Gene';
  if (columns.has('ontology_id')) return columns.has('scientific_name') ? 'bionty.Organism' : null;
  if (columns.has('uniprotkb_id'))
    return columns.has('ncbi_gene_id') ? 'bionty.CellMarker' : 'bionty.Protein';
  return null;
}

export async function readParquetTerms(source: ByteSource, name: string, read: TermRead): Promise<TermTable> {
  const end = await parquetEnd(source);
  if ('problem' in end) throw new Error(end.problem);
  const { file, footer } = end;
  const metadata = await parquetMetadataAsync(file, { initialFetchSize: footer + 8 });
  const top = parquetSchema(metadata).children.map(({ element }) => element.name);
  const entity = read.facts.entity ?? factsIn(metadata).entity ?? factsInName(name).entity ?? null;
  const isMarker = entity === 'bionty.CellMarker' || entityOf(new Set(top)) === 'bionty.CellMarker';
  // A cell marker has one NCBI id of its own; a gene's ids are a list.
  const called = (column: string) =>
    isMarker && column === 'ncbi_gene_id' ? column : (aliases[column] ?? column);
  const columns = new Map(top.filter((column) => known.has(called(column))).map((c) => [called(c), c]));
  const registry = entity ?? entityOf(new Set(columns.keys()));
  const facts: PackFacts = {
    ...noFacts,
    ...factsInName(name),
    ...factsIn(metadata),
    ...read.facts,
    entity: registry,
  };
  const key =
    keyOf(registry) === 'ensembl_gene_id' && !columns.has('ensembl_gene_id') ? 'stable_id' : keyOf(registry);
  const label = nameColumnOf(registry);
  if (!columns.has(key) || (!columns.has(label) && key !== 'uniprotkb_id'))
    throw new Error(
      `its columns are ${top.slice(0, 12).join(', ')}; terms need ${key}${label === key ? '' : ` and ${label}`}`,
    );
  const count = Number(metadata.num_rows);
  const ids = await texts(file, metadata, columns.get(key) ?? key, count);
  const builder = tableBuilder({
    columns: [...columns.keys()],
    key,
    name: label,
    places: (place) => `row ${place + 1}`,
    expected: count,
  });
  const deprecated = top.includes('deprecated') ? await flags(file, metadata, count) : null;
  const needed = key === 'ontology_id' ? await texts(file, metadata, 'name', count) : ids;
  const left = new Set<number>();
  for (let row = 0; row < count; row++) {
    const id = ids[row] ?? null;
    if (id !== null && needed[row] !== null) continue;
    left.add(row);
    const place = { place: `row ${row + 1}`, term: id };
    if (id === null)
      builder.findings.add({ ...place, kind: 'broken stanza', message: `The row has no ${key}.` });
    else if (!deprecated?.[row])
      builder.findings.add({ ...place, kind: 'no name', message: `${id} has no name.` });
  }
  // One column at a time, so that texts of one alone are held.
  const merging = key === 'ensembl_gene_id' && top.includes('ncbi_gene_id');
  const other = merging ? await texts(file, metadata, 'ncbi_gene_id', count) : null;
  if (other) for (const row of mergeIds(ids, other)) left.add(row);
  for (const [column, inFile] of columns) {
    const values =
      column === key
        ? ids
        : column === 'ncbi_gene_ids' && other
          ? other
          : await texts(file, metadata, inFile, count);
    const target = builder.texts.get(column);
    for (let row = 0; row < count; row++) if (!left.has(row)) target?.push(values[row]);
  }
  const parents = top.includes('parents') ? await lists(file, metadata, 'parents', count) : null;
  for (let row = 0; row < count; row++)
    if (!left.has(row)) builder.rest(parents?.[row] ?? [], deprecated?.[row] === 1, row);
  return builder.finish(facts);
}

async function column(
  file: AsyncBuffer,
  metadata: FileMetaData,
  name: string,
  take: (value: unknown, row: number) => void,
): Promise<void> {
  // What the reader's callback throws is lost.
  let failure: unknown = null;
  await parquetRead({
    file,
    metadata,
    compressors,
    columns: [name],
    onChunk({ columnData, rowStart }) {
      try {
        for (let i = 0; i < columnData.length; i++) take(columnData[i] as unknown, rowStart + i);
      } catch (error) {
        failure = error;
      }
    },
  });
  if (failure !== null) throw failure;
}

async function texts(
  file: AsyncBuffer,
  metadata: FileMetaData,
  name: string,
  count: number,
): Promise<(string | null)[]> {
  const found = new Array<string | null>(count).fill(null);
  await column(file, metadata, name, (value, row) => {
    if (value === null || value === undefined) return;
    // pandas keeps whole numbers with gaps as floats.
    if (typeof value === 'number') found[row] = Number.isNaN(value) ? null : String(value);
    else if (typeof value === 'string' || typeof value === 'bigint') found[row] = String(value);
    else throw new Error(`the column ${name} holds values that are no text`);
  });
  return found;
}

async function lists(
  file: AsyncBuffer,
  metadata: FileMetaData,
  name: string,
  count: number,
): Promise<(readonly string[] | null)[]> {
  const found = new Array<readonly string[] | null>(count).fill(null);
  await column(file, metadata, name, (value, row) => {
    if (Array.isArray(value)) found[row] = value.filter((one): one is string => typeof one === 'string');
    else if (typeof value === 'string') found[row] = value.split('|').filter((one) => one !== '');
    else if (value !== null && value !== undefined)
      throw new Error(`the column ${name} holds no lists of ids`);
  });
  return found;
}

async function flags(file: AsyncBuffer, metadata: FileMetaData, count: number): Promise<Uint8Array> {
  const found = new Uint8Array(count);
  await column(file, metadata, 'deprecated', (value, row) => {
    if (value === true || value === 1) found[row] = 1;
  });
  return found;
}

/** bionty's genes come in one row for each id at NCBI: the ids are joined in the first. Answers the other rows. */
function mergeIds(keys: readonly (string | null)[], ids: (string | null)[]): Set<number> {
  const first = new Map<string, number>();
  const merged = new Set<number>();
  for (const [row, key] of keys.entries()) {
    if (key === null) continue;
    const at = first.get(key);
    if (at === undefined) {
      first.set(key, row);
      continue;
    }
    const [have, more] = [ids[at] ?? null, ids[row] ?? null];
    if (more !== null && !(have ?? '').split('|').includes(more)) ids[at] = have ? `${have}|${more}` : more;
    merged.add(row);
  }
  return merged;
}
