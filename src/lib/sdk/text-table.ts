// Columns as an aligned table of text: numbers to the right, long cells cut, one line a row.
const widest = 40;

export interface TextColumn {
  name: string;
  dtype: string;
  values: readonly unknown[];
}

export function textTable(columns: readonly TextColumn[]): string {
  const cells = columns.map(({ name, values }) => [name, ...values.map(shown)].map(cut));
  const widths = cells.map((column) => column.reduce((most, text) => Math.max(most, width(text)), 0));
  const numeric = columns.map(({ dtype }) => /^(int|float|Int)/.test(dtype));
  const lines: string[] = [];
  for (let row = 0; row <= (columns[0]?.values.length ?? 0); row++) {
    const line = cells.map((column, c) => {
      const text = column[row] ?? '';
      const blank = ' '.repeat((widths[c] ?? 0) - width(text));
      return numeric[c] ? blank + text : text + blank;
    });
    lines.push(line.join('  ').trimEnd());
  }
  return lines.join('\n');
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '';
  // eslint-disable-next-line no-control-regex -- one row is one line, whatever a text holds
  if (typeof value === 'string') return value.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value);
}

const width = (text: string): number => [...text].length;

function cut(text: string): string {
  return width(text) <= widest ? text : `${[...text].slice(0, widest - 1).join('')}…`;
}
