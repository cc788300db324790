// Fixes of a dataset as plain data, in the order in which they were made, and what a column becomes by them. The same list
// is applied to distinct values that are held (so that a fix is judged without reading the file again) and to the file
// when its copy is written (formats/curate/fixed-*.ts).
import type { FrameRead } from './frame.ts';

/** What a column's values can be made as a whole. Files of texts have no types, so that it says nothing of them. */
export type CastTo = 'int' | 'float' | 'bool' | 'str' | 'category';

/**
 * Columns are named as they are called when the fix is made. An empty text as a new value means an empty cell. With `index`
 * the names of the rows are meant (of `var` those of the variables), whatever `column` calls them.
 */
export type Fix = { slot: string; column: string; index?: true } & (
  | { kind: 'map'; values: Record<string, string> }
  /** A value for every empty cell. */
  | { kind: 'fill'; value: string }
  | { kind: 'rename'; to: string }
  | { kind: 'drop' }
  | { kind: 'cast'; to: CastTo }
);

/** What becomes of one column: which it is in the file, what it is called, and how its values change. */
export interface FixedColumn {
  /** Place among the columns of the file. */
  at: number;
  name: string;
  changes: Change[];
}

export type Change =
  | { kind: 'map'; values: ReadonlyMap<string, string> }
  | { kind: 'fill'; value: string }
  | { kind: 'cast'; to: CastTo };

/** Slots that are the same table seen in two ways: `var` and `var.T`. */
const tableOf = (slot: string): string => slot.replace(/\.T$/, '');

/** The columns that are left, in their order. Fixes of columns that are not there are passed over. */
export function fixedColumns(slot: string, names: readonly string[], fixes: readonly Fix[]): FixedColumn[] {
  let columns: FixedColumn[] = names.map((name, at) => ({ at, name, changes: [] }));
  for (const fix of fixes) {
    if (fix.index || tableOf(fix.slot) !== tableOf(slot)) continue;
    if (fix.kind === 'drop') {
      columns = columns.filter(({ name }) => name !== fix.column);
      continue;
    }
    for (const column of columns) {
      if (column.name !== fix.column) continue;
      if (fix.kind === 'rename') column.name = fix.to;
      else column.changes.push(changeOf(fix));
    }
  }
  return columns;
}

function changeOf(fix: Exclude<Fix, { kind: 'rename' | 'drop' }>): Change {
  if (fix.kind === 'map') return { kind: 'map', values: new Map(Object.entries(fix.values)) };
  return fix.kind === 'fill' ? { kind: 'fill', value: fix.value } : { kind: 'cast', to: fix.to };
}

/** How the names of rows change. */
export function fixedIndex(slot: string, fixes: readonly Fix[]): Change[] {
  return fixes.flatMap((fix) => {
    if (!fix.index || tableOf(fix.slot) !== tableOf(slot)) return [];
    return fix.kind === 'map' || fix.kind === 'fill' ? [changeOf(fix)] : [];
  });
}

/** A cell's text as the changes leave it; null is an empty cell. */
export function changedText(text: string | null, changes: readonly Change[]): string | null {
  let now = text;
  for (const change of changes) {
    if (change.kind === 'fill') now ??= change.value;
    else if (change.kind === 'map' && now !== null && change.values.has(now))
      now = change.values.get(now) ?? now;
    if (now === '') now = null;
  }
  return now;
}

/** A part of a dataset with the names that its fixes leave. */
export function renamedFrame(frame: FrameRead, columns: readonly FixedColumn[]): FrameRead {
  return { ...frame, names: columns.map(({ name }) => name) };
}
