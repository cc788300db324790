// Trees of lines and tables as text of a given width, laid out as the library `rich` lays them out (LaminDB prints its
// descriptions with it): columns measured and shrunk, cells cut with an ellipsis, long lines wrapped at words.

export interface Column {
  header: string;
  /** Fixed, else as wide as its longest cell. */
  width: number | null;
}

export interface Grid {
  columns: Column[];
  rows: string[][];
  showHeader: boolean;
}

export interface Branch {
  label: string | Grid;
  children: Branch[];
}

export const branch = (label: string | Grid, ...children: Branch[]): Branch => ({ label, children });

/** Lines without trailing blanks. */
export function layTree(root: Branch, width: number): string[] {
  const lines: string[] = [];
  const walk = (node: Branch, first: string, rest: string): void => {
    const own = layLabel(node.label, Math.max(1, width - first.length));
    for (const [i, line] of own.entries()) lines.push((i === 0 ? first : rest) + line);
    for (const [i, child] of node.children.entries()) {
      const last = i === node.children.length - 1;
      walk(child, `${rest}${last ? '└── ' : '├── '}`, `${rest}${last ? '    ' : '│   '}`);
    }
  };
  walk(root, '', '');
  return lines.map((line) => line.trimEnd());
}

function layLabel(label: string | Grid, width: number): string[] {
  return typeof label === 'string' ? wrapped(label, width) : layGrid(label, width);
}

/* ---------- texts ---------- */

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const none = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Cells a character takes: two for East Asian ones and emoji. */
const cells = (character: string): number => (none.test(character) ? 0 : wide.test(character) ? 2 : 1);

export function cellLength(text: string): number {
  // Most lines are ASCII.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return [...text].reduce((sum, character) => sum + cells(character), 0);
}

/** At words; a word that fits no line is cut. */
function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const words = line.match(/\s*\S+\s*/g) ?? [line];
    const lines: string[] = [];
    let current = '';
    for (const word of words) {
      const length = cellLength(word.trimEnd());
      if (width - cellLength(current) >= length) {
        current += word;
      } else if (length > width) {
        if (current !== '') lines.push(current);
        const pieces = chopped(word, width);
        current = pieces.pop() ?? '';
        lines.push(...pieces);
      } else {
        if (current !== '') lines.push(current);
        current = word;
      }
    }
    return [...lines, current].map((part) => part.trimEnd());
  });
}

function chopped(word: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (cellLength(piece) + cells(character) > width && piece !== '') {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}

/** Cut to a width, the last cell an ellipsis; or filled up to it. */
function fitted(text: string, width: number): string {
  const length = cellLength(text);
  if (length <= width) return text + ' '.repeat(width - length);
  let cut = '';
  let used = 0;
  for (const character of text) {
    if (used + cells(character) > width - 1) break;
    cut += character;
    used += cells(character);
  }
  return width < 1 ? '' : `${cut}…${' '.repeat(Math.max(0, width - 1 - used))}`;
}

/* ---------- tables without lines: one blank around cells, none at the edges ---------- */

function layGrid(grid: Grid, width: number): string[] {
  const widths = columnWidths(grid, width);
  const last = grid.columns.length - 1;
  const rows = grid.showHeader ? [grid.columns.map((column) => column.header), ...grid.rows] : grid.rows;
  return rows.flatMap((row) => {
    const parts = grid.columns.map((_, i) => (row[i] ?? '').split('\n'));
    const height = Math.max(...parts.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      parts
        .map((lines, i) => {
          const padding = paddingOf(i, last);
          const inner = Math.max(0, (widths[i] ?? 0) - padding.left - padding.right);
          return ' '.repeat(padding.left) + fitted(lines[line] ?? '', inner) + ' '.repeat(padding.right);
        })
        .join(''),
    );
  });
}

const paddingOf = (column: number, last: number) => ({
  left: column === 0 ? 0 : 1,
  right: column === last ? 0 : 1,
});

function columnWidths(grid: Grid, width: number): number[] {
  const last = grid.columns.length - 1;
  const measure = (column: Column, i: number, max: number): number => {
    if (max < 1) return 0;
    const { left, right } = paddingOf(i, last);
    const texts = [...(grid.showHeader ? [column.header] : []), ...grid.rows.map((row) => row[i] ?? '')];
    const longest = Math.max(0, ...texts.flatMap((text) => text.split('\n').map(cellLength)));
    return Math.min(max, (column.width ?? longest) + left + right);
  };
  const widths = grid.columns.map((column, i) => measure(column, i, width) || 1);
  const total = widths.reduce((a, b) => a + b, 0);
  if (total <= width) return widths;
  const shrunk = reduced(total - width, widths);
  return grid.columns.map((column, i) => measure(column, i, shrunk[i] ?? 0));
}

/** Takes the excess from all columns alike, rounding as Python does (half to even). */
function reduced(excess: number, widths: number[]): number[] {
  let left = excess;
  let columns = widths.filter((width) => width > 0).length;
  return widths.map((width) => {
    if (width === 0 || columns === 0) return width;
    const share = Math.min(width, halfEven(left / columns));
    left -= share;
    columns--;
    return width - share;
  });
}

function halfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
