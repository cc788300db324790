// Registries in which a name, or a content, is made once: "return the existing one" in LaminDB. Rows that several people
// made under one name at once, none of them having seen another, are one row: it keeps its integer id, has the uid of the
// first, and answers to all of them. Whoever had seen one and made a second all the same wanted two.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, run, type Steps } from '../statement.ts';
import { tableNumber } from '../write/journal.ts';
import { jsonText } from '../write/operation.ts';
import { reachOf } from '../write/reach.ts';
import { saw, type Known, type Place } from './known.ts';
import type { Settling } from './settling.ts';

interface NameRule {
  columns: string[];
  /** Only rows in which this column is 1. */
  only?: string;
  lower?: true;
}

/** By registry. Artifacts by key are versions, not names: of those only the same content is the same. */
const rules: Readonly<Record<string, NameRule>> = {
  ULabel: { columns: ['name', 'type_id'] },
  Project: { columns: ['name', 'type_id'] },
  Reference: { columns: ['name', 'type_id'] },
  Feature: { columns: ['name', 'type_id'] },
  Record: { columns: ['name', 'type_id'], only: 'is_type' },
  Schema: { columns: ['hash'] },
  Storage: { columns: ['root'] },
  Space: { columns: ['name'], lower: true },
  Branch: { columns: ['name'], lower: true },
  Artifact: { columns: ['storage_id', 'key', 'hash'] },
  Collection: { columns: ['key', 'hash'] },
  Transform: { columns: ['key', 'hash'] },
};

export const hasNames = (table: Table): boolean => table.registry !== null && table.registry in rules;

/** What the row is called in its registry, on its branch; null where it has no name that is made once. */
export function nameOf(table: Table, branch: string, valueOf: (column: string) => SqlValue): string | null {
  const rule = rules[table.registry ?? ''];
  if (!rule || (rule.only !== undefined && valueOf(rule.only) !== 1)) return null;
  const values = rule.columns.map(valueOf);
  const main = rule.columns.at(-1) === 'type_id' ? values[0] : values.at(-1);
  if (main === null || main === undefined || main === '') return null;
  const texts = rule.lower
    ? values.map((value) => (typeof value === 'string' ? value.toLowerCase() : value))
    : values;
  return jsonText([reachOf(table) === 'shared' ? '' : branch, ...texts]);
}

export const isNamePart = (table: Table, column: string): boolean =>
  rules[table.registry ?? '']?.columns.includes(column) ?? false;

/** A row that a record makes. */
export interface Birth {
  name: string;
  uid: string;
  /** The id it has, or would have. */
  id: number;
}

/**
 * Notes that rows were made by the record at this place. Gives by uid the ids of rows that others made at the same time under
 * the same name, where there are such: then they are one.
 */
export function* noteBirths(
  settling: Settling,
  table: Table,
  place: Place,
  births: readonly Birth[],
): Steps<Map<string, number>> {
  const one = new Map<string, number>();
  if (births.length === 0) return one;
  const { tx, reader } = settling;
  const tab = yield* tableNumber(tx.journal, table.name);
  const same = new Map<string, { uid: string; at: Place; id: number; sole: boolean }[]>();
  for (const [name, uid, rec, client, clock, id, sole] of yield* all(
    `SELECT name, uid, rec, client, clock, id, sole FROM loam_birth WHERE tab = ? AND name IN (SELECT value FROM json_each(?))`,
    [tab, JSON.stringify(births.map(({ name }) => name))],
  )) {
    const at: Place = { rec: Number(rec), client: Number(client), clock: Number(clock), at: 0 };
    const known = { uid: String(uid), at, id: Number(id), sole: sole === 1 };
    const list = same.get(String(name));
    if (list) list.push(known);
    else same.set(String(name), [known]);
  }
  const rows: (Birth & { sole: boolean })[] = [];
  for (const birth of births) {
    const others = same.get(birth.name) ?? [];
    if (others.some(({ uid, at }) => uid === birth.uid && isAt(at, place))) continue;
    const sole = others.every(({ at }) => !sawNow(reader.known, place, at));
    const twins = sole ? others.filter((other) => other.sole) : [];
    const [twin] = twins;
    rows.push({ ...birth, id: twin?.id ?? birth.id, sole });
    // Two of one record under one name: the second saw the first.
    same.set(birth.name, [...others, { uid: birth.uid, at: place, id: twin?.id ?? birth.id, sole }]);
    if (!twin) continue;
    one.set(birth.uid, twin.id);
    settling.aliases = true;
    for (const uid of [...twins.map((other) => other.uid), birth.uid])
      yield* run('INSERT OR REPLACE INTO loam_alias(tab, uid, id) VALUES (?, ?, ?)', [tab, uid, twin.id]);
  }
  if (place.rec === 0) for (const { name, uid } of rows) settling.born.push({ tab, name, uid });
  yield* many(
    'INSERT OR REPLACE INTO loam_birth(tab, name, uid, rec, client, clock, id, sole) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    rows.length,
    [
      [tab],
      rows.map(({ name }) => name),
      rows.map(({ uid }) => uid),
      [place.rec],
      [place.client],
      [place.clock],
      rows.map(({ id }) => id),
      rows.map(({ sole }) => Number(sole)),
    ],
  );
  return one;
}

const isAt = (a: Place, b: Place): boolean => a.client === b.client && a.clock === b.clock;

/** The record in hand has its number here. */
export function* numberBirths(settling: Settling, rec: number): Steps<void> {
  const { born } = settling;
  settling.born = [];
  yield* many(
    'UPDATE loam_birth SET rec = ? WHERE tab = ? AND name = ? AND uid = ? AND rec = 0',
    born.length,
    [[rec], born.map(({ tab }) => tab), born.map(({ name }) => name), born.map(({ uid }) => uid)],
  );
}

/** A record on its way in is not among the known ones yet: its past is in `pasts`. */
function sawNow(known: Known, later: Place, earlier: Place): boolean {
  if (later.client === earlier.client && later.clock === earlier.clock) return true;
  if (later.rec > 0) return saw(known, later, earlier);
  if (earlier.client === later.client) return earlier.clock < later.clock;
  return (known.pasts.get(later.client)?.get(earlier.client) ?? 0) > earlier.clock;
}
