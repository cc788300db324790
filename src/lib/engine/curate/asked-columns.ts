// Columns as fixes leave them, and what has to be read of the file for them: questions name columns by what they are then called,
// files by where they lie.
import { changedText, fixedColumns, fixedIndex, type Fix, type FixedColumn } from './fixes.ts';
import type { FrameAsk, FrameRead } from './frame.ts';
import type { SlotPlan } from './plan.ts';

export const isTransposed = (plans: readonly SlotPlan[], slot: string): boolean =>
  plans.find((one) => one.slot === slot)?.transposed === true;

/** Names of variables are no columns that could be dropped or renamed, but names of rows that change. */
export function columnsOf(
  plans: readonly SlotPlan[],
  frame: FrameRead,
  fixes: readonly Fix[],
): FixedColumn[] {
  if (!isTransposed(plans, frame.slot)) return fixedColumns(frame.slot, frame.names, fixes);
  const changes = fixedIndex(frame.slot, fixes);
  return frame.names.map((name, at) => ({ at, name: changedText(name, changes) ?? '', changes: [] }));
}

/** Of columns that change all values are needed. */
export function rawAsk(ask: FrameAsk, fixed: readonly FixedColumn[], fixes: readonly Fix[]): FrameAsk {
  const columns = ask.columns.flatMap(({ at, want }) => {
    const column = fixed[at];
    if (column === undefined) return [];
    return [{ at: column.at, want: column.changes.length > 0 ? ('values' as const) : want }];
  });
  const index =
    ask.index !== 'none' && fixedIndex(ask.slot, fixes).length > 0 ? ('values' as const) : ask.index;
  return { ...ask, columns, index };
}
