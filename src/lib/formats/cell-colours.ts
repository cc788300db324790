// What cells are coloured by: a column of obs as categories or numbers. Text, booleans and codes become categories.
import type { ViewContent } from '../engine/ports.ts';
import { cellsAt, rowsOf, type Report } from './embeddings.ts';
import { frameColumn, type FrameColumn } from './frame-columns.ts';
import { cellText, count } from './summary.ts';
import { Unsupported, type TreeNode } from './tree.ts';

/** Categories that are told apart. */
const CATEGORIES = 1_000;
/** Values that are looked at to find between which nearly all lie, and the part at each end that is left out. */
const SAMPLE = 200_000;
const TAILS = 0.005;

export async function viewColumn(
  root: TreeNode,
  path: string,
  name: string,
  report: Report,
): Promise<ViewContent> {
  const cells = await cellsAt(root, path);
  const obs = await cells.get('obs');
  if (obs === null) throw new Error('it has no obs');
  const column = await frameColumn(cells, obs, name);
  rowsOf(column.rows);
  if (column.categories !== null) return categories(cells, name, column, column.categories, report);
  const kind =
    column.field === undefined
      ? column.values.element?.kind
      : column.values.element?.fields?.find((field) => field.name === column.field)?.type.kind;
  if (kind === 'int' || kind === 'uint' || kind === 'float') return numbers(column, report);
  if (kind === 'bool' || kind === 'text' || kind === 'bytes' || kind === 'unicode')
    return texts(column, kind === 'bool', report);
  throw new Unsupported(`values of type ${column.values.type} are neither numbers nor categories`);
}

async function categories(
  cells: TreeNode,
  name: string,
  column: FrameColumn,
  labels: TreeNode,
  report: Report,
): Promise<ViewContent> {
  const of = labels.shape[0] ?? 0;
  const names = (await labels.read(Math.min(of, CATEGORIES))).map((label) => cellText(label) ?? 'null');
  if (of > CATEGORIES) names[CATEGORIES - 1] = `${count(of - CATEGORIES + 1)} others`;
  const codes = new Int32Array(column.rows).fill(-1);
  await eachPiece(column, report, (value, row) => {
    const code = Number(value);
    codes[row] = code >= 0 && code < of ? Math.min(code, names.length - 1) : -1;
  });
  return { kind: 'categories', codes, names, of, colours: await givenColours(cells, name, of) };
}

/** scanpy keeps them beside the column; as many as there are categories, else they mean nothing. */
async function givenColours(cells: TreeNode, name: string, of: number): Promise<string[] | null> {
  try {
    const uns = await cells.get('uns');
    const given = await uns?.get(`${name}_colors`);
    if (given?.kind !== 'array' || given.blocked || of > CATEGORIES || (given.shape[0] ?? 0) < of)
      return null;
    const colours = (await given.read(of)).map(
      (colour) => /^#[0-9a-f]{6}/i.exec(String(colour))?.[0] ?? null,
    );
    return colours.every((colour) => colour !== null) ? colours : null;
  } catch {
    return null; // they are a nicety: the cells are drawn in colours of our own
  }
}

async function texts(column: FrameColumn, truth: boolean, report: Report): Promise<ViewContent> {
  const codes = new Int32Array(column.rows).fill(-1);
  const known = new Map<string, number>(
    truth
      ? [
          ['false', 0],
          ['true', 1],
        ]
      : [],
  );
  const seen = new Set<string>();
  await eachPiece(column, report, (value, row) => {
    const text = truth ? (value ? 'true' : 'false') : (cellText(value) ?? '');
    let code = known.get(text);
    if (code === undefined) {
      if (seen.size < 100_000) seen.add(text);
      if (known.size < CATEGORIES - 1) known.set(text, (code = known.size));
      else code = CATEGORIES - 1;
    }
    codes[row] = code;
  });
  const names = [...known.keys()];
  const of = truth ? 2 : seen.size;
  if (of > names.length)
    names.push(`${count(of - names.length)}${seen.size >= 100_000 ? ' or more' : ''} others`);
  // In the order of the alphabet, as categories are; the others stay last.
  const order = [...known.values()].sort((a, b) => ((names[a] as string) < (names[b] as string) ? -1 : 1));
  const place = names.map((_, at) => at);
  order.forEach((from, to) => (place[from] = to));
  const sorted = [...order.map((at) => names[at] as string), ...names.slice(known.size)];
  return {
    kind: 'categories',
    codes: codes.map((code) => (code < 0 ? code : (place[code] as number))),
    names: sorted,
    of,
    colours: null,
  };
}

async function numbers(column: FrameColumn, report: Report): Promise<ViewContent> {
  const values = new Float32Array(column.rows).fill(NaN);
  await eachPiece(column, report, (value, row) => (values[row] = Number(value)));
  return numbersView(values);
}

/** Calls with each value that is not masked. */
async function eachPiece(
  { values, field, mask, rows }: FrameColumn,
  report: Report,
  take: (value: unknown, row: number) => void,
): Promise<void> {
  const masked = mask === null ? null : new Uint8Array(rows);
  if (mask !== null && masked !== null) {
    let at = 0;
    for await (const piece of mask.scan())
      for (let i = 0; i < piece.length && at < rows; i++) masked[at++] = Number(piece[i]);
  }
  let row = 0;
  for await (const piece of values.scan(field)) {
    for (let i = 0; i < piece.length && row < rows; i++, row++) if (!masked?.[row]) take(piece[i], row);
    report(row, rows);
  }
}

export function numbersView(values: Float32Array<ArrayBuffer>): ViewContent {
  let [least, most, missing] = [Infinity, -Infinity, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) missing++;
    else {
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  if (missing === values.length) return { kind: 'numbers', values, range: null, missing };
  const step = Math.max(1, Math.floor(values.length / SAMPLE));
  const sample = values.filter((value, i) => i % step === 0 && Number.isFinite(value)).sort();
  const at = (part: number): number => sample[Math.round(part * (sample.length - 1))] ?? least;
  const [low, high] = [at(TAILS), at(1 - TAILS)];
  // Of a gene that few cells have, nearly all values are zero: the whole range says more.
  const range = high > low ? { least, most, low, high } : { least, most, low: least, high: most };
  return { kind: 'numbers', values, range, missing };
}
