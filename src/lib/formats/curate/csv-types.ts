// What pandas 2's `read_csv` makes of the texts of a column: whole numbers, numbers, truth values or texts, decided for each
// stretch of rows by itself (`low_memory`) and then joined, so that a long column may hold numbers and texts together.
import { decimal, type ColumnWant } from '../../engine/ports.ts';
import { floatText } from '../facts/python-text.ts';
import { Kinds, none, Nulls, Tally, type Told } from './tally.ts';

const missing = new Set([
  ...[
    '',
    '#N/A',
    '#N/A N/A',
    '#NA',
    '-1.#IND',
    '-1.#QNAN',
    '-NaN',
    '-nan',
    '1.#IND',
    '1.#QNAN',
    '<NA>',
    'N/A',
    'NA',
  ],
  ...['NULL', 'NaN', 'None', 'n/a', 'nan', 'null'],
]);
/** What pandas reads as an empty cell. */
export const isMissing = (cell: string): boolean => missing.has(cell);

const whole = /^\s*[+-]?\d+\s*$/;
const infinite = /^[+-]?inf(inity)?$/i;
const truths: Readonly<Record<string, string>> = {
  True: 'True',
  TRUE: 'True',
  true: 'True',
  False: 'False',
  FALSE: 'False',
  false: 'False',
};

type Type = 'empty' | 'int64' | 'uint64' | 'float64' | 'bool' | 'object';

/** Rows that are decided on together, by the number of columns. */
export function stretchOf(columns: number): number {
  const most = Math.floor(2 ** 20 / Math.max(1, columns));
  let rows = 2;
  while (rows * 2 < most) rows *= 2;
  return rows;
}

/** One column; texts come stretch by stretch. */
export function createCsvColumn(want: ColumnWant) {
  const nulls = new Nulls();
  const types: Type[] = [];
  /** Texts, and of numbers those that matter where the column comes out as a mixture. */
  const kinds = new Kinds();
  const found = new Tally();
  const values = want === 'values' || want === 'whole';
  let rows = 0;
  let spelt = true;
  return {
    add(cells: readonly (string | undefined)[]): void {
      const type = typeOf(cells);
      if (type !== 'empty') types.push(type);
      for (const cell of cells) {
        const row = rows++;
        if (cell === undefined || missing.has(cell)) {
          nulls.add(row);
          continue;
        }
        const kind =
          type === 'object' ? 'str' : type === 'bool' ? 'bool' : type === 'float64' ? 'float' : 'int';
        if (kind !== 'int') spelt = spelt && kind === 'float' && whole.test(cell);
        kinds.add(kind, () => shown(kind, cell), row);
        if (values && found.size < (kind === 'str' ? Infinity : mostNumbers))
          found.add(kind, shown(kind, cell), row);
      }
    },
    told(): Told {
      const dtype = joined(types, nulls.count > 0);
      const told: Told = none(dtype, rows, nulls);
      if (dtype === 'float64' && spelt) told.spelt = 'whole';
      if (dtype === 'object')
        return { ...told, kinds: kinds.values(), values: values ? found.values() : null, cut: found.cut };
      const odd = (text: string): boolean =>
        want === 'values' || dtype === 'uint64' || (dtype === 'float64' && !Number.isInteger(Number(text)));
      return { ...told, values: values ? found.values().filter(({ text }) => odd(text)) : null };
    },
  };
}

/** Numbers are never looked up, so that some tell as much as all. */
const mostNumbers = 100_000;

function shown(kind: string, cell: string): string {
  if (kind === 'bool') return truths[cell] ?? cell;
  if (kind === 'float')
    return floatText(infinite.test(cell) ? Number(cell.replace(/inf.*/i, 'Infinity')) : Number(cell));
  return kind === 'int' ? String(BigInt(cell.trim().replace(/^\+/, ''))) : cell;
}

function typeOf(cells: readonly (string | undefined)[]): Type {
  const can = { int: true, float: true, bool: true };
  let [empty, gaps, beyond, negative] = [true, false, false, false];
  for (const cell of cells) {
    if (cell === undefined || missing.has(cell)) {
      gaps = true;
      continue;
    }
    empty = false;
    if (can.int && whole.test(cell)) {
      if (cell.length > 18) {
        const value = BigInt(cell.trim().replace(/^\+/, ''));
        if (value > 2n ** 63n - 1n) beyond = true;
        // What no 64 bits hold stays a text.
        if (value > 2n ** 64n - 1n || value < -(2n ** 63n)) return 'object';
      }
      if (cell.includes('-')) negative = true;
      can.bool = false;
      continue;
    }
    can.int = false;
    can.float = can.float && (decimal.test(cell) || infinite.test(cell));
    can.bool = can.bool && Object.hasOwn(truths, cell);
    if (!can.float && !can.bool) return 'object';
  }
  if (empty) return 'empty';
  if (can.int && !gaps) return !beyond ? 'int64' : negative ? 'object' : 'uint64';
  if (can.int && beyond) return negative ? 'object' : 'float64';
  if (can.int || can.float) return 'float64';
  return 'bool';
}

/** Stretches that differ: numbers join as floats, everything else as objects. Truth values with gaps are objects. */
function joined(types: readonly Type[], gaps: boolean): string {
  const different = new Set(types);
  if (different.size === 0) return gaps ? 'float64' : 'object';
  if (different.has('object')) return 'object';
  if (different.has('bool')) return different.size === 1 && !gaps ? 'bool' : 'object';
  if (different.size === 1 && !gaps) return types[0] ?? 'object';
  return gaps || different.size > 1 ? 'float64' : 'int64';
}
