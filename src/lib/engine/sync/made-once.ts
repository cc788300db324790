// Registries in which a name, or a content, is made once: "return the existing one" in LaminDB. Rows that several people
// made under one name at once, none of them having seen another, are one row: it keeps its integer id, has the uid of the
// first, and answers to all of them. Whoever had seen one and made a second all the same wanted two.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, run, type Steps } from '../statement.ts';
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

export interface Birth extends Place {
  uid: string;
  name: string;
}

/**
 * Notes that a row was made. Gives the id of the row that others made at the same time under the same name; null where it
 * is a row of its own.
 */
export function* noteBirth(
  settling: Settling,
  table: Table,
  birth: Birth,
  /** The id it has, or would have. */
  id: number,
): Steps<number | null> {
  const { tx, reader } = settling;
  const tab = yield* tableNumber(tx.journal, table.name);
  const same = yield* all(
    'SELECT uid, rec, client, clock, id, sole FROM loam_birth WHERE tab = ? AND name = ?',
    [tab, birth.name],
  );
  let sole = true;
  let row: number | null = null;
  const uids: string[] = [];
  for (const [uid, rec, client, clock, of, alone] of same) {
    if (uid === birth.uid) return null;
    const other: Place = { rec: Number(rec), client: Number(client), clock: Number(clock), at: 0 };
    if (sawNow(reader.known, birth, other)) sole = false;
    else if (alone === 1) {
      row = Number(of);
      uids.push(String(uid));
    }
  }
  if (!sole) row = null;
  yield* run(
    'INSERT OR REPLACE INTO loam_birth(tab, name, uid, rec, client, clock, id, sole) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    [tab, birth.name, birth.uid, birth.rec, birth.client, birth.clock, row ?? id, Number(sole)],
  );
  if (row !== null)
    for (const uid of [...uids, birth.uid])
      yield* run('INSERT OR REPLACE INTO loam_alias(tab, uid, id) VALUES (?, ?, ?)', [tab, uid, row]);
  return row;
}

/** A record on its way in is not among the known ones yet: its past is in `pasts`. */
function sawNow(known: Known, later: Place, earlier: Place): boolean {
  if (later.rec > 0) return saw(known, later, earlier);
  if (earlier.client === later.client) return earlier.clock < later.clock;
  return (known.pasts.get(later.client)?.get(earlier.client) ?? 0) > earlier.clock;
}
