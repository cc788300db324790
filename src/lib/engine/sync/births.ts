// Operations that take back or bring back an insert name it in the history by its local record. Elsewhere that record has
// its place in the log as its name. One that is not in the log (older than it, or refused) is unknown there: then the
// operation says by itself what it is about.
import type { Column, Model } from '../model/types.ts';
import { one, type Steps } from '../statement.ts';
import { timeText } from '../time.ts';
import { tableOf, type Journal } from '../write/journal.ts';
import { idsOf, type LocalPart, type Operation, type RowKey } from '../write/operation.ts';
import { readRecord, type LogRecord } from '../write/packs.ts';
import type { LoggedOperation } from '../write/transaction.ts';
import type { SyncOperation } from './record.ts';

export const hasBirths = (entries: readonly Pick<LoggedOperation, 'operation'>[]): boolean =>
  entries.some(({ operation }) => operation.w !== undefined);

/** Operations of one record as they travel. */
export function* withPlaces(journal: Journal, entries: readonly LoggedOperation[]): Steps<SyncOperation[]> {
  const out: SyncOperation[] = [];
  for (const { operation, local } of entries) {
    const { w, ...rest } = operation;
    out.push(w ? yield* placed(journal, rest, w, local) : rest);
  }
  return out;
}

function* placed(
  journal: Journal,
  rest: Omit<Operation, 'w'>,
  [record, index]: [number, number],
  local: LocalPart,
): Steps<SyncOperation> {
  const birth = yield* readRecord(journal, record);
  const bornIds = idsOf(birth.locals[index] as LocalPart);
  const ids = idsOf(local);
  const position = new Map(bornIds.map((id, i) => [id, i]));
  const positions = ids.map((id) => position.get(id) ?? 0);
  if (!(yield* isKnownElsewhere(birth))) return spelledOut(journal.model, rest, birth, index, positions);
  const whole = ids.length === bornIds.length && positions.every((at, i) => at === i);
  return { ...rest, w: [birth.client ?? 0, birth.clock ?? 0, index], ...(whole ? {} : { p: positions }) };
}

function* isKnownElsewhere({ client, clock }: LogRecord): Steps<boolean> {
  if (client === null || clock === null) return false;
  const row = yield* one('SELECT head IS NULL FROM loam_sync_item WHERE client = ? AND clock = ?', [
    client,
    clock,
  ]);
  return row?.[0] === 0;
}

/** A delete by row keys; an insert with all values, those that follow from the time of the first insert among them. */
function spelledOut(
  model: Model,
  rest: Omit<Operation, 'w'>,
  birth: LogRecord,
  index: number,
  positions: readonly number[],
): SyncOperation {
  const born = birth.body.o[index] as Operation;
  const table = tableOf(model, born.t);
  const bornAt = timeText(birth.at);
  const valueOf = (column: Column, at: number): RowKey => {
    const list = born.v?.[column.name];
    if (list) return list[at] ?? null;
    const constant = born.c?.[column.name];
    if (constant !== undefined) return constant;
    return column.type === 'datetime' && !column.nullable ? bornAt : null;
  };
  if (rest.k === 'd') {
    const columns = table.rowKey.columns.map((name) => table.column.get(name) as Column);
    const keys = positions.map((at) => {
      const parts = columns.map((column) => valueOf(column, at));
      return parts.length === 1 ? (parts[0] ?? null) : parts;
    });
    return { ...rest, r: keys };
  }
  const v: Record<string, RowKey[]> = {};
  for (const column of table.columns) {
    if (column.name === 'id' || column.derived || column.foreign) continue;
    const values = positions.map((at) => valueOf(column, at));
    if (values.some((value) => value !== null)) v[column.name] = values;
  }
  return { ...rest, v };
}
