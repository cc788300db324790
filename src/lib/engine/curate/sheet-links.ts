// Tables that were exported from a sheet name records by what is shown of them, which several records may share. Which ones are
// meant follows from the sheet's own rows, named by their uid (`__lamindb_record_uid__`) or, where the sheet has an index, by
// that (lamindb 2.12.1 `_resolve_record_categorical_from_sheet_export`).
import { filterSql } from '../features/dtype-rows.ts';
import type { Category } from '../features/dtype.ts';
import type { Table } from '../model/types.ts';
import { visible } from '../registry/tables.ts';
import { all, type Steps } from '../statement.ts';
import type { ColumnWant, FrameRead } from './frame.ts';
import type { CurateScope, Member, SlotPlan } from './plan.ts';

const uidColumn = '__lamindb_record_uid__';

/** How the rows of the sheet are told apart in the table. */
export type SheetRows = { by: 'uid' | 'name'; keys: string[] };

const namesRecords = ({ dtype }: Member): boolean => dtype.categories[0]?.registry === 'Record';

/** What has to be read to know the rows: a column by its place, or the index. */
export function sheetAsk(
  plan: SlotPlan,
  names: readonly string[],
): { columns: { at: number; want: ColumnWant }[]; index: boolean } {
  const none = { columns: [], index: false };
  if (!plan.members.some(namesRecords)) return none;
  const uid = names.indexOf(uidColumn);
  if (uid >= 0) return { columns: [{ at: uid, want: 'values' }], index: false };
  if (plan.index === null) return none;
  const at = names.indexOf(plan.index.name);
  return at >= 0 ? { columns: [{ at, want: 'values' }], index: true } : { columns: [], index: true };
}

/** Null where the table tells nothing of a sheet's rows. */
export function sheetRows(plan: SlotPlan, frame: FrameRead): SheetRows | null {
  const texts = (column: Pick<FrameRead['columns'][number], 'values'> | null | undefined): string[] =>
    (column?.values ?? []).map(({ text }) => text);
  const uids = frame.columns.find(({ name }) => name === uidColumn);
  if (frame.names.includes(uidColumn)) return some('uid', texts(uids));
  const { index } = plan;
  if (index === null) return null;
  if (frame.index !== null && frame.index.name === index.name && !frame.index.range)
    return some('name', texts(frame.index));
  return some('name', texts(frame.columns.find(({ name }) => name === index.name)));
}

const some = (by: SheetRows['by'], keys: string[]): SheetRows | null =>
  keys.length === 0 ? null : { by, keys };

/** The records that these rows link by the feature, by what is shown of them; null where there is none. */
export function* linkedRecords(
  { model, author }: CurateScope,
  plan: SlotPlan,
  member: Member,
  category: Category,
  rows: SheetRows,
): Steps<Map<string, number[]> | null> {
  const records = model.registry.get('Record') as Table;
  const where = [
    'l.feature_id = ?1',
    rows.by === 'uid'
      ? 'r.uid IN (SELECT value FROM json_each(?2))'
      : `r.name IN (SELECT value FROM json_each(?2)) AND r.type_id IN (SELECT id FROM lamindb_record WHERE is_type = 1 AND schema_id = ${plan.schemaId})`,
    visible(records, author, 'r.'),
  ];
  const filter = yield* filterSql(model, records, category.filters);
  const found = yield* all(
    `SELECT v.name, v.id FROM lamindb_recordrecord l JOIN lamindb_record r ON r.id = l.record_id
     JOIN (SELECT id, "${category.field}" AS name FROM lamindb_record WHERE ${visible(records, author)}${filter === '' ? '' : ` AND ${filter}`}) v ON v.id = l.value_id
     WHERE ${where.join(' AND ')} ORDER BY l.id`,
    [member.id, JSON.stringify(rows.keys)],
  );
  if (found.length === 0) return null;
  const byName = new Map<string, number[]>();
  for (const [name, id] of found) {
    const own = byName.get(String(name)) ?? [];
    if (!own.includes(Number(id))) byName.set(String(name), [...own, Number(id)]);
  }
  return byName;
}
