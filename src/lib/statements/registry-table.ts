// A table of the registries as a parquet file, for statements that join it to the rows of files.
import { LoamError } from '../engine/errors.ts';
import type { TableColumn, TableValue } from '../engine/ports.ts';

/** Rows of a table behind an id, without a limit of 0 the first columns alone. */
type TableRows = (name: string, after: number | null, limit: number) => TableColumn[];

const partRows = 5_000;
const rowsMost = 2_000_000;

/** `breathe` is awaited between parts. Throws `InvalidArgument` for more than 2,000,000 rows. */
export async function registryTable(
  tableRows: TableRows,
  name: string,
  breathe: () => Promise<unknown>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { createParquetTable } = await import('../formats/parquet-table.ts');
  const file = createParquetTable(tableRows(name, null, 0));
  let rows = 0;
  for (let after: number | null = null; ;) {
    const part: TableColumn[] = tableRows(name, after, partRows);
    file.write(part);
    const ids: TableValue[] = part.find((column) => column.name === 'id')?.values ?? [];
    rows += ids.length;
    if (rows > rowsMost)
      throw new LoamError(
        'InvalidArgument',
        `${name} has more than ${rowsMost.toLocaleString('en')} rows, which a statement over files does not take. Ask the registries alone, or name the artifacts that are meant.`,
      );
    if (ids.length < partRows) break;
    after = Number(ids.at(-1));
    await breathe();
  }
  return file.finish() as Uint8Array<ArrayBuffer>;
}
