// Arrow IPC files and Feather V2 as pandas holds them, for validation. The file is gone through once for each column asked
// for; values become texts only where they are asked for.
import type { Field, Vector } from 'apache-arrow';
import { LoamError } from '../../engine/errors.ts';
import type { ByteSource, ColumnWant } from '../../engine/ports.ts';
import { cutOff, loadArrow, openArrow } from '../arrow.ts';
import { arrowFacts } from '../facts/arrow-facts.ts';
import { fromArrowField, type ArrowField } from '../facts/arrow-type.ts';
import { pandasNotes } from '../facts/pandas-notes.ts';
import { dtypeOf } from '../facts/parquet-columns.ts';
import { boolText, floatText } from '../facts/python-text.ts';
import type { CheckedFrame } from './checked-frame.ts';
import { kindOf } from './python-kinds.ts';
import { Kinds, none, Nulls, Tally, type Told } from './tally.ts';

export async function arrowFrame(source: ByteSource): Promise<CheckedFrame> {
  const cut = await cutOff(source);
  if (cut !== null) throw new LoamError('FileUnreadable', cut);
  const facts = await arrowFacts(source);
  const rows = Number('num_rows' in facts ? facts.num_rows : 0);
  const arrow = await loadArrow();
  const { schema } = await openArrow(arrow, source);
  const notes = pandasNotes(schema.metadata.get('pandas'));
  const fields = schema.fields.map((field: Field) => fromArrowField(arrow, field));
  const indexNames = (notes.index ?? []).flatMap((one) => ('column' in one ? [one.column] : []));
  const levels = indexNames.filter((name) => fields.some((field) => field.name === name));
  const tell =
    (field: ArrowField, at: number) =>
    async (want: ColumnWant, onRows: (rows: number) => void): Promise<Told> => {
      const reader = await openArrow(arrow, source);
      const vectors = (async function* () {
        for await (const batch of reader) {
          const vector = batch.getChildAt(at);
          if (vector === null) throw new Error('a column is missing');
          yield vector;
        }
      })();
      return columnTold(vectors, field, notes.extensions.get(field.name), want, onRows);
    };
  const [level] = levels;
  const indexAt = fields.findIndex((field) => field.name === level);
  const indexField = fields[indexAt];
  return {
    rows,
    columns: fields.flatMap((field, at) =>
      levels.includes(field.name) ? [] : [{ name: field.name, tell: tell(field, at) }],
    ),
    index: {
      name: level === undefined ? null : (notes.levels.get(level) ?? null),
      levels: levels.length,
      tell: indexField === undefined ? null : tell(indexField, indexAt),
      names: async () => Array.from({ length: rows }, (_, i) => String(i)),
    },
  };
}

async function columnTold(
  vectors: AsyncIterable<Vector>,
  { type }: ArrowField,
  extension: string | undefined,
  want: ColumnWant,
  onRows: (rows: number) => void,
): Promise<Told> {
  const nulls = new Nulls();
  const kinds = new Kinds();
  const found = new Tally();
  const dtype = dtypeOf(type, extension);
  const plain = kindOf(type);
  const list = type.id === 'list' || type.id === 'fixed-list';
  const numeric = /^u?int|^float/i.test(dtype);
  let rows = 0;
  for await (const vector of vectors) {
    // Numbers without gaps need no look at each of them.
    if (numeric && want !== 'values' && dtype.startsWith('int') && vector.nullCount === 0) {
      rows += vector.length;
      onRows(rows);
      continue;
    }
    for (let i = 0; i < vector.length; i++, rows++) {
      const value = vector.get(i) as unknown;
      if (value === null || (numeric && Number.isNaN(Number(value)))) {
        nulls.add(rows);
        continue;
      }
      if (list) {
        const items = [...(value as Iterable<unknown>)];
        const item = type.item.type;
        const gaps = items.includes(null);
        const of =
          item.id === 'int' || item.id === 'uint' || item.id === 'float'
            ? `${item.id}${item.bits}`
            : kindOf(item);
        const kind = items.length === 0 ? 'array[]' : `array[${gaps ? `${of}|none` : of}]`;
        kinds.add(kind, () => kind, rows);
        if (want === 'values')
          for (const one of items) if (typeof one === 'string') found.add('str', one, rows);
        continue;
      }
      const text = (): string => textOf(value, plain);
      if (!numeric) kinds.add(plain, text, rows);
      if (want === 'values' || (want === 'whole' && (!numeric || !Number.isInteger(value))))
        found.add(plain, text(), rows);
    }
    onRows(rows);
  }
  const told = none(settled(dtype, type.id, nulls.count, extension), rows, nulls);
  const values = want === 'values' || want === 'whole' ? found.values() : null;
  return { ...told, kinds: numeric ? null : kinds.values(), values, cut: found.cut };
}

/** Whole numbers with gaps are floats, truth values with gaps objects. */
function settled(dtype: string, id: string, nulls: number, extension: string | undefined): string {
  if (nulls === 0 || extension !== undefined) return dtype;
  if (id === 'int' || id === 'uint') return 'float64';
  return id === 'bool' ? 'object' : dtype;
}

function textOf(value: unknown, kind: string): string {
  if (kind === 'bool') return boolText(Boolean(value));
  if (kind === 'float') return floatText(Number(value));
  if (kind === 'date' || kind === 'datetime') return new Date(Number(value)).toISOString().slice(0, 10);
  return String(value);
}
