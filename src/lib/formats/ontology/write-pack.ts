// A table of terms as a pack: one parquet file with what it is in its metadata. What `npm run ontologies` writes, and what the
// app reads back; packs of others that have the same columns do as well.
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { parentsOf, valueOf, type TermTable } from './term-table.ts';

/** How a column chunk is packed; parquet's name for it and the function that does it. */
export interface Packing {
  codec: 'GZIP' | 'ZSTD' | 'SNAPPY';
  pack: (bytes: Uint8Array) => Uint8Array;
}

/** An entry of `packs.json`. */
export interface PackIndexEntry {
  pack: string;
  rows: number;
  bytes: number;
  columns: string[];
  entity: string | null;
  source: string;
  version: string;
  organism: string;
  licence: string | null;
  note: string;
}

const rowGroup = 131_072;
const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

export function writePack(table: TermTable, packing: Packing | null): Uint8Array {
  const columns = [...table.columns.keys()];
  const terms = table.key === 'ontology_id';
  const schema: SchemaElement[] = [
    { name: 'root', num_children: columns.length + (terms ? 2 : 0) },
    ...columns.map((name): SchemaElement => ({ name, ...text, repetition_type: 'OPTIONAL' })),
  ];
  if (terms)
    schema.push(
      { name: 'parents', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', ...text, repetition_type: 'OPTIONAL' },
      { name: 'deprecated', type: 'BOOLEAN', repetition_type: 'REQUIRED' },
    );
  const repeated = new Set(table.repeated);
  const rows = Array.from({ length: table.count }, (_, row) => row).filter((row) => !repeated.has(row));
  const facts = Object.entries(table.facts).filter((fact): fact is [string, string] => fact[1] !== null);
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema,
    kvMetadata: facts.map(([key, value]) => ({ key, value })),
    ...(packing ? { codec: packing.codec, compressors: { [packing.codec]: packing.pack } } : {}),
  });
  for (let from = 0; from < rows.length; from += rowGroup) {
    const part = rows.slice(from, from + rowGroup);
    const columnData: { name: string; data: unknown[] }[] = columns.map((name) => ({
      name,
      data: part.map((row) => valueOf(table, name, row)),
    }));
    if (terms)
      columnData.push(
        {
          name: 'parents',
          data: part.map((row) =>
            [...parentsOf(table, row)].map((parent) => valueOf(table, table.key, parent)),
          ),
        },
        { name: 'deprecated', data: part.map((row) => table.deprecated[row] === 1) },
      );
    file.write({ columnData: columnData as never, rowGroupSize: part.length });
  }
  file.finish();
  return new Uint8Array(writer.getBuffer());
}

/** `CellType`, cl and all organisms become `celltype_cl`. */
export function packName({ facts }: TermTable): string {
  const entity = (facts.entity ?? '').split('.').pop() ?? '';
  const organism = facts.organism && facts.organism !== 'all' ? facts.organism : '';
  const words = [entity, organism, facts.source ?? 'ontology'].filter((word) => word !== '');
  return words
    .join('_')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-');
}
