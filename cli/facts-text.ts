// Facts of a file to be read by people: a line for the file, then its facts by name, tables as one line a column. Long
// lists are cut here; `--json` has them whole.
import type { Look } from './inspect-thread.ts';

const SHOWN = 20;
const WORDS = 100;

export function factsText(
  file: string,
  { size, n_files: files, lamin_hash, hash_type, facts }: Look,
): string {
  const { kind, ...rest } = facts;
  const folder = files === undefined ? '' : ` in ${amount(files, 'file')}`;
  const lines = [
    file,
    `  ${size.toLocaleString('en')} bytes${folder}, ${hash_type} ${lamin_hash}`,
    `  ${kind}${sizeOf(rest)}`,
  ];
  for (const [name, value] of Object.entries(rest)) {
    if (name !== 'n_obs' && name !== 'n_vars' && name !== 'n_files') lines.push(...told(name, value, '  '));
  }
  return lines.join('\n');
}

function sizeOf({ n_obs: rows, n_vars: columns }: Record<string, unknown>): string {
  return typeof rows === 'number' && typeof columns === 'number'
    ? `, ${rows.toLocaleString('en')} observations × ${columns.toLocaleString('en')} variables`
    : '';
}

type Named = Record<string, unknown>;
/** Facts that are a shape for each name. */
const SHAPES = new Set(['obsm', 'varm', 'obsp', 'varp', 'sheets']);

const product = (shape: readonly number[]): string => shape.map((n) => n.toLocaleString('en')).join(' × ');
const amount = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
const isNamed = (value: unknown): value is Named =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function told(name: string, value: unknown, indent: string): string[] {
  if (value === null || (isNamed(value) && Object.keys(value).length === 0)) return [];
  if (name === 'problems' && Array.isArray(value))
    return [`${indent}problems:`, ...value.map((problem) => `${indent}  ${word(problem)}`)];
  if (name === 'shape' && Array.isArray(value)) return [`${indent}shape: ${product(value as number[])}`];
  if (!isNamed(value)) return [`${indent}${name}: ${word(value)}`];
  // Trees of a store repeat what the facts above say of its parts.
  if (name === 'h5' || name === 'members')
    return [`${indent}${name}: ${amount(Object.keys(value).length, 'member')} (--json lists them)`];
  if (SHAPES.has(name))
    return [
      `${indent}${name}: ${cut(
        Object.entries(value)
          .map(([key, shape]) => `${key} ${Array.isArray(shape) ? product(shape as number[]) : word(shape)}`)
          .join(', '),
      )}`,
    ];
  if (isNamed(value.columns) && typeof value.n === 'number') return table(name, value, indent);
  const entries = Object.entries(value);
  if (typeof value.type === 'string' && Array.isArray(value.shape))
    return [`${indent}${name}: ${matrix(value)}`];
  const { kind, ...rest } = value;
  const lines = [`${indent}${name}:${typeof kind === 'string' ? ` ${kind}${sizeOf(rest)}` : ''}`];
  const shown = (typeof kind === 'string' ? Object.entries(rest) : entries).filter(
    ([key]) => typeof kind !== 'string' || (key !== 'n_obs' && key !== 'n_vars'),
  );
  for (const [key, item] of shown.slice(0, SHOWN)) lines.push(...told(key, item, `${indent}  `));
  if (shown.length > SHOWN) lines.push(more(shown.length - SHOWN, indent));
  return lines;
}

const more = (count: number, indent: string): string =>
  `${indent}  … and ${count.toLocaleString('en')} more (--json shows all)`;

function matrix(value: Named): string {
  const parts = [value.type, product(value.shape as number[]), value.dtype];
  if (typeof value.nnz === 'number') parts.push(`${value.nnz.toLocaleString('en')} stored values`);
  if ('sum' in value) parts.push(`sum ${word(value.sum)}`);
  if ('error' in value) parts.push(`unreadable: ${word(value.error)}`);
  return parts.join(', ');
}

function table(name: string, value: Named, indent: string): string[] {
  const columns = Object.entries(value.columns as Record<string, Named>);
  const head = (value.index_head as string[]).map((text) => JSON.stringify(text)).join(', ');
  const index = `${typeof value.index_name === 'string' ? `${value.index_name}: ` : ''}${head || 'empty'}`;
  const lines = [
    `${indent}${name}: ${amount(value.n as number, 'row')}, ${amount(columns.length, 'column')}`,
    `${indent}  index ${index}${value.index_unique ? '' : ', with repeated names'}`,
  ];
  const shown = columns.slice(0, SHOWN);
  const [wide, wider] = [
    widest(shown.map(([key]) => key)),
    widest(shown.map(([, one]) => String(one.dtype))),
  ];
  for (const [key, column] of shown)
    lines.push(
      `${indent}  ${key.padEnd(wide)}  ${String(column.dtype).padEnd(wider)}  ${columnText(column)}`,
    );
  if (columns.length > SHOWN) lines.push(more(columns.length - SHOWN, indent));
  return lines;
}

const widest = (texts: string[]): number => Math.min(40, Math.max(0, ...texts.map((text) => text.length)));

function columnText(column: Named): string {
  if (typeof column.error === 'string') return `unreadable: ${column.error}`;
  const parts: string[] = [];
  if (isNamed(column.counts)) {
    const counts = Object.entries(column.counts);
    const few = counts.slice(0, 4).map(([key, rows]) => `${key} (${Number(rows).toLocaleString('en')})`);
    parts.push(
      `${counts.length === 1 ? '1 category' : `${counts.length.toLocaleString('en')} categories`}: ${few.join(', ')}${counts.length > 4 ? ', …' : ''}`,
    );
  } else if ('true' in column) parts.push(`${word(column.true)} true`);
  else if ('sum' in column)
    parts.push(`sum ${word(column.sum)}, from ${word(column.min)} to ${word(column.max)}`);
  else if (Array.isArray(column.head))
    parts.push(
      `${word(column.n_unique)} different: ${column.head.map((text) => JSON.stringify(text)).join(', ')}`,
    );
  if (column.n_null) parts.push(`${word(column.n_null)} missing`);
  return cut(parts.join(', '));
}

function word(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value === 'number') return value.toLocaleString('en', { maximumSignificantDigits: 8 });
  if (Array.isArray(value)) {
    const items = value.slice(0, SHOWN).map((item) => (Array.isArray(item) ? `[${word(item)}]` : word(item)));
    return cut(items.join(', ') + (value.length > SHOWN ? ', …' : ''));
  }
  return isNamed(value) ? cut(JSON.stringify(value)) : cut(String(value));
}

const cut = (text: string): string => (text.length > WORDS * 3 ? `${text.slice(0, WORDS * 3)}…` : text);
