// The members of a schema in their order, its index and its optional members, read from where LaminDB keeps them: the
// member links by id, and the lists in `_aux.af` (1 optional, 2 order, 3 index, 4 hidden).
import { findRegistry } from '../model/name-field.ts';
import { fieldsOf } from '../model/relations.ts';
import type { Model, Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { isObject } from './query.ts';

export interface SchemaMembers {
  /** Registry of the members: Feature, bionty.Gene … */
  table: Table;
  ids: number[];
  /** Uids of features: the index, the optional and the hidden ones. */
  index: string | null;
  optional: string[];
  hidden: string[];
  minimal: boolean;
  itype: string | null;
  /** The order is written down and not that of the links. */
  ordered: boolean;
}

export function* schemaMembers(model: Model, schema: number): Steps<SchemaMembers> {
  const row = yield* one('SELECT itype, _aux, is_type, minimal_set FROM lamindb_schema WHERE id = ?', [
    schema,
  ]);
  const itype = (row?.[0] as string | null) ?? null;
  const af = auxiliary(row?.[1]);
  const feature = table(model, 'Feature');
  const member = memberTable(model, itype) ?? feature;
  const link = linkOf(model, member);
  const none = itype === 'Composite' || row?.[2] === 1 || link === null;
  const links = none
    ? []
    : yield* all(
        `SELECT l."${link.column}", m.uid FROM "${link.table}" l JOIN "${member.name}" m ON m.id = l."${link.column}" WHERE l.schema_id = ? ORDER BY l.id`,
        [schema],
      );
  const order = member === feature ? uids(af['2']) : [];
  const byUid = new Map(links.map((r) => [String(r[1]), Number(r[0])]));
  const first = order.filter((uid) => byUid.has(uid));
  const rest = [...byUid.keys()].filter((uid) => !first.includes(uid));
  return {
    table: member,
    ids: [...first, ...rest].map((uid) => byUid.get(uid) ?? 0),
    index: typeof af['3'] === 'string' ? af['3'] : null,
    optional: uids(af['1']),
    hidden: uids(af['4']),
    minimal: row?.[3] === 1,
    itype,
    ordered: order.length > 0,
  };
}

/** `_aux.af` of a row; empty where there is none. */
function auxiliary(json: unknown): Record<string, unknown> {
  if (typeof json !== 'string') return {};
  try {
    const aux: unknown = JSON.parse(json);
    const af = isObject(aux) ? aux['af'] : null;
    return isObject(af) ? af : {};
  } catch {
    return {};
  }
}

function uids(value: unknown): string[] {
  if (!Array.isArray(value) || value.some((uid) => typeof uid !== 'string' || uid.trim() === '')) return [];
  return [...new Set(value as string[])];
}

function table(model: Model, name: string): Table {
  const found = findRegistry(model, name);
  if (!found) throw new Error(`the model has no registry ${name}`);
  return found;
}

/** `bionty.Gene.ensembl_gene_id` -> the genes; `Feature[…]` and none -> features. */
export function memberTable(model: Model, itype: string | null): Table | null {
  if (itype === null || itype.startsWith('Feature')) return null;
  const [head = ''] = itype.split('[');
  const parts = head.split('.');
  return findRegistry(model, /^[a-z]/.test(head) ? parts.slice(0, 2).join('.') : (parts[0] ?? ''));
}

function linkOf(model: Model, member: Table): { table: string; column: string } | null {
  const back = fieldsOf(model, member).get('schemas');
  if (back?.kind !== 'relation' || back.direction !== 'pair' || !back.hops[0]) return null;
  return { table: back.hops[0].table.name, column: back.hops[0].to };
}
