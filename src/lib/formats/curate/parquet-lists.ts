// Lists in the cells of a parquet column as pandas gives them: arrays of NumPy, whose elements are what `isinstance` says of
// them. Their texts count one by one, since each is a value that a registry may have.
import type { ColumnWant } from '../../engine/ports.ts';
import type { ParquetFile } from '../facts/parquet-facts.ts';
import { rowsOf, type Nested } from '../facts/parquet-rows.ts';
import type { ParquetNode } from '../facts/parquet-schema.ts';
import { numberOf, textOf } from '../facts/parquet-values.ts';
import { kindOf } from './python-kinds.ts';
import { Kinds, none, Nulls, Tally, type Told } from './tally.ts';

export async function listsTold(
  file: ParquetFile,
  node: ParquetNode & { shape: 'list' },
  want: ColumnWant,
  onRows: (rows: number) => void,
): Promise<Told> {
  const nulls = new Nulls();
  const kinds = new Kinds();
  const found = want === 'values' ? new Tally() : null;
  let row = 0;
  for (const group of file.metadata.row_groups) {
    for (const cell of await rowsOf(file.source, group, node)) {
      if (cell === null || !('list' in cell)) nulls.add(row);
      else {
        const kind = arrayKind(cell.list, node.item);
        kinds.add(kind, () => kind, row);
        if (found !== null) for (const item of cell.list) addItem(found, item, node.item, row);
      }
      row++;
    }
    onRows(row);
  }
  return {
    ...none('object', row, nulls),
    kinds: kinds.values(),
    values: found?.values() ?? null,
    cut: found?.cut ?? false,
  };
}

function arrayKind(items: readonly Nested[], item: ParquetNode): string {
  if (items.length === 0) return 'array[]';
  if (item.shape !== 'leaf') return 'array[other]';
  const { type } = item.field;
  const gaps = items.some((one) => one === null);
  if (type.id === 'int' || type.id === 'uint')
    return gaps ? 'array[float64]' : `array[${type.id}${type.bits}]`;
  if (type.id === 'float') return `array[float${type.bits}]`;
  if (type.id === 'bool') return gaps ? 'array[bool|none]' : 'array[bool8]';
  return gaps ? `array[${kindOf(type)}|none]` : `array[${kindOf(type)}]`;
}

function addItem(found: Tally, item: Nested, node: ParquetNode, row: number): void {
  if (item === null || !('leaf' in item) || node.shape !== 'leaf') return;
  const { type } = node.field;
  if (type.id === 'string' || (type.id === 'dictionary' && type.values.id === 'string'))
    found.add('str', textOf(item.leaf), row);
  else if (type.id === 'int' || type.id === 'uint' || type.id === 'float')
    found.add(type.id === 'float' ? 'float' : 'int', String(numberOf(item.leaf, type)), row);
}
