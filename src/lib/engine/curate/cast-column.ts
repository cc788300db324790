// A whole column made another type, as far as its held values tell: what cannot be made so leaves the column as it is, and the
// finding stands. The same is done to the file by formats/curate/fixed-values.ts.
import { firstRows } from './finding.ts';
import type { CastTo } from './fixes.ts';
import type { ColumnRead, ValueRead } from './frame.ts';
import { decimal, floatText, truthOf } from './number-text.ts';

export function castValues(read: ColumnRead, to: CastTo): ColumnRead {
  const { values, dtype, nulls } = read;
  if (values === null || read.problem !== null) return read;
  const isText = dtype === 'object' || dtype === 'category' || dtype === 'string';
  const { spelt: _gone, ...rest } = read;
  const made = (type: string, kind: string, text: (value: ValueRead) => string | null): ColumnRead => {
    const known = new Map<string, ValueRead>();
    for (const value of values) {
      const now = text(value);
      if (now === null) return read;
      // "2" and "2.0" are one number.
      const same = known.get(now);
      const rows = same
        ? [...same.rows, ...value.rows].sort((a, b) => a - b).slice(0, firstRows)
        : value.rows;
      known.set(now, { kind, text: now, rows, count: value.count + (same?.count ?? 0) });
    }
    const told = [...known.values()];
    const kinds = type === 'object' || type === 'category' ? kindOf(told, kind) : null;
    return { ...rest, dtype: type, values: told, kinds };
  };
  switch (to) {
    case 'str':
      return made('object', 'str', ({ text }) => text);
    case 'category':
      return isText ? made('category', 'str', ({ text }) => text) : read;
    case 'int':
      return made(nulls > 0 ? 'Int64' : 'int64', 'int', wholeText);
    case 'float':
      return made('float64', 'float', anyFloat);
    case 'bool':
      return made(nulls > 0 ? 'boolean' : 'bool', 'bool', truthText);
  }
}

const kindOf = (values: readonly ValueRead[], kind: string): ValueRead[] => {
  const [first] = values;
  return first === undefined
    ? []
    : [{ ...first, kind, count: values.reduce((sum, { count }) => sum + count, 0) }];
};

function wholeText({ text }: ValueRead): string | null {
  if (/^\s*[+-]?\d+\s*$/.test(text)) {
    const value = BigInt(text.trim().replace(/^\+/, ''));
    return value >= -(2n ** 63n) && value < 2n ** 63n ? String(value) : null;
  }
  if (/^(true|false)$/i.test(text)) return /^t/i.test(text) ? '1' : '0';
  const value = decimal.test(text) ? Number(text) : NaN;
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? String(BigInt(value)) : null;
}

function anyFloat({ text }: ValueRead): string | null {
  if (/^(true|false)$/i.test(text)) return /^t/i.test(text) ? '1.0' : '0.0';
  if (/^[+-]?inf(inity)?$/i.test(text.trim())) return text.trim().startsWith('-') ? '-inf' : 'inf';
  return decimal.test(text) ? floatText(Number(text)) : null;
}

function truthText({ text }: ValueRead): string | null {
  const truth = truthOf(text);
  return truth === null ? null : truth ? 'True' : 'False';
}
