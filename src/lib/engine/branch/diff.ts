// What a branch has otherwise, as people read it: by object, whatever tables were changed, each field with the value that the
// branch found, its parent's now and its own. Values are named for the objects of one page only, so that a page of ten
// thousand changes costs what it shows. A branch can be held against another one of the same parent.
import { trashBranch } from '../registry/tables.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { tableOf, type Journal } from '../write/journal.ts';
import { byTable, type RowChange } from './changes.ts';
import type { Comparison } from './comparison.ts';
import type { Conflict } from './conflicts.ts';
import { toldObject, type DiffKind, type DiffObject, type Grouped, type Telling } from './diff-object.ts';
import { bySheet, sheetFacts, sheetPage, type SheetDiff, type SheetFacts } from './diff-sheet.ts';
import { hostColumn } from './hosts.ts';

export interface DiffSpec {
  /** Class of a registry, e.g. `Artifact`. */
  registry?: string;
  /** One row of that registry. */
  uid?: string;
  kind?: DiffKind;
  /** Only what is to be decided or was. */
  conflicts?: boolean;
  /** Another branch of the same parent, in whose place the parent stands otherwise. */
  against?: string;
  /** Records that have a type are told as tables of their own (`diffOfSheet`), not among the objects. */
  sheets?: boolean;
  /** `next` of the page before. */
  after?: string;
  limit?: number;
}

export interface BranchDiff {
  /** Objects over all pages, before the filters. */
  total: number;
  registries: { registry: string; count: number }[];
  kinds: { kind: DiffKind; count: number }[];
  /** Objects that the filters leave. */
  found: number;
  /** Types whose records are told as tables, where that was asked. */
  sheets: SheetFacts[];
  /** Those that are left to be told one by one. */
  listed: number;
  objects: DiffObject[];
  next: string | null;
}

const mostObjects = 500;

export function* diffPage(
  journal: Journal,
  parents: readonly number[],
  compared: Comparison,
  spec: DiffSpec,
  against = false,
): Steps<BranchDiff> {
  const { telling, everything } = yield* whatDiffers(journal, parents, compared, against);
  const matching = yield* matchingOf(everything, spec);
  const sheets = spec.sheets === true ? yield* bySheet(matching) : new Map<number, Grouped[]>();
  const inSheets = new Set([...sheets.values()].flat());
  const wanted = matching.filter((object) => !inSheets.has(object));
  const from = spec.after === undefined ? 0 : wanted.findIndex((object) => keyOf(object) === spec.after) + 1;
  const limit = Math.max(1, Math.min(mostObjects, spec.limit ?? 50));
  const shown = wanted.slice(from, from + limit);
  const objects: DiffObject[] = [];
  for (const object of shown) objects.push(yield* toldObject(telling, object));
  const last = shown.at(-1);
  return {
    total: everything.length,
    registries: counted(everything.map(({ table }) => registryOf(table))).map(([registry, count]) => ({
      registry,
      count,
    })),
    kinds: counted(everything.map(({ kind }) => kind)).map(([kind, count]) => ({ kind, count })),
    found: matching.length,
    sheets: yield* sheetFacts(sheets),
    listed: wanted.length,
    objects,
    next: last && from + limit < wanted.length ? keyOf(last) : null,
  };
}

/** The records of one type (by its uid), as a table. */
export function* diffOfSheet(
  journal: Journal,
  parents: readonly number[],
  compared: Comparison,
  type: string,
  spec: Pick<DiffSpec, 'kind' | 'conflicts' | 'after' | 'limit'>,
  against = false,
): Steps<SheetDiff> {
  const { telling, everything } = yield* whatDiffers(journal, parents, compared, against);
  const sheets = yield* bySheet(yield* matchingOf(everything, { ...spec, registry: 'Record' }));
  const row = yield* one('SELECT id FROM lamindb_record WHERE uid = ?', [type]);
  const id = Number(row?.[0] ?? 0);
  return yield* sheetPage(telling, id, sheets.get(id) ?? [], {
    after: spec.after ?? null,
    limit: Math.max(1, Math.min(mostObjects, spec.limit ?? 50)),
  });
}

function* whatDiffers(
  journal: Journal,
  parents: readonly number[],
  { changes, conflicts, objects: clashes }: Comparison,
  against: boolean,
): Steps<{ telling: Telling; everything: Grouped[] }> {
  const byChange = new Map<RowChange, Conflict[]>();
  for (const conflict of conflicts.keys()) {
    const known = byChange.get(conflict.change);
    if (known) known.push(conflict);
    else byChange.set(conflict.change, [conflict]);
  }
  const telling: Telling = {
    ...{ journal, parents, conflicts: byChange, choices: conflicts, against },
    clashes: new Map(clashes.map((clash) => [clash.change, clash])),
  };
  return { telling, everything: yield* objectsOf(journal, changes, byChange) };
}

function* matchingOf(everything: readonly Grouped[], spec: DiffSpec): Steps<Grouped[]> {
  const row = spec.uid === undefined ? null : yield* idOf(everything, spec.registry, spec.uid);
  return everything.filter(
    (object) =>
      (spec.uid === undefined || object.id === row) &&
      (spec.registry === undefined || registryOf(object.table) === spec.registry) &&
      (spec.kind === undefined || object.kind === spec.kind) &&
      (spec.conflicts !== true || object.disputed),
  );
}

const registryOf = (table: Table): string => table.registry ?? table.name;
const keyOf = ({ table, id }: Grouped): string => `${table.name} ${id}`;

function* idOf(objects: readonly Grouped[], registry: string | undefined, uid: string): Steps<number | null> {
  const table = objects.find((object) => registryOf(object.table) === registry)?.table;
  if (!table?.column.has('uid')) return null;
  const row = yield* one(`SELECT id FROM "${table.name}" WHERE uid = ?`, [uid]);
  return row ? Number(row[0]) : null;
}

function counted<T extends string>(values: readonly T[]): [T, number][] {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts];
}

/* ---------- objects ---------- */

/** In the order of registries and rows. */
function* objectsOf(
  journal: Journal,
  changes: readonly RowChange[],
  conflicts: ReadonlyMap<RowChange, unknown>,
): Steps<Grouped[]> {
  const objects = new Map<string, Grouped>();
  const order = new Map([...journal.model.tables.keys()].map((name, i) => [name, i]));
  const put = (table: Table, id: number, change: RowChange) => {
    const key = `${table.name} ${id}`;
    let object = objects.get(key);
    if (!object) objects.set(key, (object = { table, id, kind: 'changed', changes: [], disputed: false }));
    object.changes.push(change);
    object.disputed ||= conflicts.has(change);
    if (change.table === table) object.kind = kindOf(change);
  };
  for (const [table, rows] of byTable(changes)) {
    const host = hostColumn(table);
    const to = host?.references ? tableOf(journal.model, host.references.table) : null;
    const asked = to ? rows.filter(({ values }) => values?.[host?.name ?? ''] === undefined) : [];
    const hosts = new Map<number, SqlValue>();
    if (asked.length > 0)
      for (const [id, of = null] of yield* all(
        `SELECT id, "${host?.name ?? ''}" FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`,
        [JSON.stringify(asked.map(({ id }) => id))],
      ))
        hosts.set(Number(id), of);
    for (const change of rows) {
      const of = to ? (change.values?.[host?.name ?? ''] ?? hosts.get(change.id) ?? null) : null;
      if (to && of !== null) put(to, Number(of), change);
      else put(table, change.id, change);
    }
  }
  return [...objects.values()].sort(
    (a, b) => (order.get(a.table.name) ?? 0) - (order.get(b.table.name) ?? 0) || a.id - b.id,
  );
}

function kindOf(change: RowChange): DiffKind {
  if (change.kind === 'made') return 'made';
  const place = change.cells.find(({ column }) => column === 'branch_id');
  if (place?.mine === trashBranch) return 'trashed';
  return place?.base === trashBranch ? 'restored' : 'changed';
}
