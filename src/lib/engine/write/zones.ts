// Bounds of stretches of a large registry: for each 512 ids the least and the greatest value of every indexed column. A list
// walks the index of its order; where a filter holds for old rows and the order begins with new ones, these tell where
// the first row that can match stands. Derived and never logged; bounds may be too wide, never too narrow: a change widens
// them in its own transaction, deleted rows leave them as they are, rows that are not taken up yet are told apart.
import type { Model, Table } from '../model/types.ts';
import { all, inTransaction, one, run, type Steps } from '../statement.ts';

export interface Zones {
  readonly model: Model;
  /** Table -> the last id that is in a zone. */
  readonly upto: Map<string, number>;
}

/** Ids of one zone. */
export const zoneIds = 512;
/** Smaller registries are walked as fast. */
const worthIt = 20_000;
/** Zones made in one slice. */
const perSlice = 6;
const state = 'loam_zones';

export const zonesOf = (table: string): string => `loam_zones_${table}`;

/** Columns that have bounds, by name. Two values are no help. */
export const zoneColumns = (table: Table): string[] =>
  table.columns
    .filter(
      (c) =>
        c.name !== 'id' &&
        (c.indexed || c.unique) &&
        !c.references &&
        !c.derived &&
        !c.foreign &&
        !['bool', 'json'].includes(c.type),
    )
    .map(({ name }) => name);

const bounded = (model: Model): Table[] =>
  [...model.registry.values()].filter((table) => zoneColumns(table).length > 0);

/** Takes up what is kept in the file; only for a database that nobody else writes. */
export function* openZones(model: Model): Steps<Zones> {
  const zones: Zones = { model, upto: new Map() };
  if (!(yield* one('SELECT 1 FROM sqlite_schema WHERE name = ?', [state]))) return zones;
  for (const [tab, columns, upto] of yield* all(`SELECT tab, columns, upto FROM ${state}`)) {
    const table = model.tables.get(String(tab));
    if (table && zoneColumns(table).join() === columns) zones.upto.set(table.name, Number(upto));
    else yield* inTransaction(discard(String(tab)));
  }
  return zones;
}

function* discard(table: string): Steps<void> {
  yield* run(`DROP TABLE IF EXISTS "${zonesOf(table)}"`);
  yield* run(`DELETE FROM ${state} WHERE tab = ?`, [table]);
}

/** Call it after rows were written: their zones reach as far as their values. Without columns all of them count. */
export function* widenZones(
  zones: Zones | null,
  name: string,
  ids: readonly number[],
  changed?: readonly string[],
): Steps<void> {
  const upto = zones?.upto.get(name);
  const table = zones?.model.tables.get(name);
  if (!upto || !table) return;
  const columns = zoneColumns(table).filter((column) => changed?.includes(column) ?? true);
  const known = ids.filter((id) => id <= upto);
  if (known.length === 0 || columns.length === 0) return;
  yield* run(addition(table, columns, 't.id IN (SELECT value FROM json_each(?))'), [JSON.stringify(known)]);
}

/** Null counts as a value of its own. */
function addition({ name }: Table, columns: readonly string[], which: string): string {
  const into = columns.flatMap((c) => [`"lo_${c}"`, `"hi_${c}"`, `"none_${c}"`]);
  const from = columns.flatMap((c) => [`min(t."${c}")`, `max(t."${c}")`, `max(t."${c}" IS NULL)`]);
  const wider = (f: string, c: string) =>
    `"${c}" = ${f}(coalesce("${c}", excluded."${c}"), coalesce(excluded."${c}", "${c}"))`;
  const sets = columns.flatMap((c) => [
    wider('min', `lo_${c}`),
    wider('max', `hi_${c}`),
    wider('max', `none_${c}`),
  ]);
  return `INSERT INTO "${zonesOf(name)}"(zone, ${into.join(', ')}) SELECT (t.id - 1) / ${zoneIds}, ${from.join(', ')} FROM "${name}" t WHERE ${which} GROUP BY 1
    ON CONFLICT(zone) DO UPDATE SET ${sets.join(', ')}`;
}

/** One slice for idle time: how many rows are in zones now that were not before, 0 when nothing is left to do. */
export function* feedZones(zones: Zones): Steps<number> {
  for (const table of bounded(zones.model)) {
    const upto = zones.upto.get(table.name);
    const [top = 0] = (yield* one(`SELECT max(id) FROM "${table.name}"`)) ?? [];
    const behind = Number(top ?? 0) - (upto ?? 0);
    if (behind < (upto === undefined ? worthIt : zoneIds)) continue;
    if (upto === undefined) {
      yield* begin(table);
      zones.upto.set(table.name, 0);
      return 1;
    }
    // Whole zones only: the newest rows are few.
    const to = upto + zoneIds * Math.min(perSlice, Math.floor(behind / zoneIds));
    yield* inTransaction(
      (function* () {
        yield* run(addition(table, zoneColumns(table), 't.id > ? AND t.id <= ?'), [upto, to]);
        yield* run(`UPDATE ${state} SET upto = ? WHERE tab = ?`, [to, table.name]);
      })(),
    );
    zones.upto.set(table.name, to);
    return to - upto;
  }
  return 0;
}

function* begin(table: Table): Steps<void> {
  const columns = zoneColumns(table);
  yield* inTransaction(
    (function* () {
      yield* run(
        `CREATE TABLE IF NOT EXISTS ${state} (tab TEXT PRIMARY KEY, columns TEXT NOT NULL, upto INTEGER NOT NULL) WITHOUT ROWID`,
      );
      const bounds = columns.flatMap((c) => [`"lo_${c}"`, `"hi_${c}"`, `"none_${c}"`]);
      yield* run(`CREATE TABLE "${zonesOf(table.name)}" (zone INTEGER PRIMARY KEY, ${bounds.join(', ')})`);
      yield* run(`INSERT INTO ${state}(tab, columns, upto) VALUES (?, ?, 0)`, [table.name, columns.join()]);
    })(),
  );
}
