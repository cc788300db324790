// The tables a statement reads: the registry itself and what joins lead to. When two look-ups share a join follows Django:
// along references always, into many rows only within one `.filter(…)`.
import type { Hop } from '../model/relations.ts';
import type { Table } from '../model/types.ts';
import { nothingHidden, type Hidden } from '../write/hidden.ts';
import { patienceTest } from './patience.ts';

export interface Alias {
  /** In SQL: t0, t1 … unique in the whole statement, subqueries included. */
  sql: string;
  /** As Django would call it: `exclude` within a filter depends on this name (see `excluded` in where.ts). */
  name: string;
  table: Table;
  parent: Alias | null;
  hop: Hop | null;
  /** There may be no row here. */
  optional: boolean;
  /** Something reads from it, so it is part of FROM. */
  used: boolean;
}

/** Numbers the aliases of one statement. */
export interface Counter {
  next: number;
}

export interface Joins {
  root: Alias;
  aliases: Alias[];
  /** The alias behind a hop; an equal join among `reuse` (null: among all) is taken again. */
  join(from: Alias, hop: Hop, reuse: ReadonlySet<Alias> | null): Alias;
  /** Keeps rows that readers do not see yet out of every table. */
  hidden: Hidden;
  /** What that adds to WHERE for the first table: ` AND NOT (…)` or nothing. Its branches are chosen by the query. */
  own(): string;
  /** `FROM … JOIN …`; aliases in `strict` have a row in every result, so their joins need not be LEFT. */
  sql(strict: ReadonlySet<Alias>): string;
}

export function createJoins(root: Table, counter: Counter, hidden: Hidden = nothingHidden): Joins {
  const aliases: Alias[] = [];
  /** Of a row of an outer statement: whatever it finds is found for each of these rows. */
  const inner = counter.next > 0;

  function add(table: Table, parent: Alias | null, hop: Hop | null): Alias {
    const first = !aliases.some((alias) => alias.table === table);
    const alias: Alias = {
      sql: `t${counter.next++}`,
      name: first ? table.name : `T${aliases.length + 1}`,
      table,
      parent,
      hop,
      optional: parent !== null && (parent.optional || (hop?.nullable ?? false)),
      used: parent === null,
    };
    aliases.push(alias);
    return alias;
  }

  const start = add(root, null, null);
  return {
    root: start,
    aliases,
    hidden,
    own: () => hidden(root.name, `${start.sql}."id"`, true),
    join(from, hop, reuse) {
      const same = aliases.filter(
        (alias) => alias.parent === from && sameHop(alias.hop, hop) && (!reuse || reuse.has(alias)),
      );
      return same.at(-1) ?? add(hop.table, from, hop);
    },
    sql(strict) {
      const certain = new Set<Alias>();
      for (const alias of strict) for (let a: Alias | null = alias; a; a = a.parent) certain.add(a);
      const parts = [`FROM "${root.name}" ${start.sql}`];
      let multiplied = inner;
      for (const alias of aliases) {
        const { parent, hop, used, sql, table } = alias;
        if (!parent || !hop || !used) continue;
        // A row leads to what it refers to on any branch, as in LaminDB; what refers to it counts where it is seen.
        const kind = certain.has(alias) ? 'JOIN' : 'LEFT JOIN';
        const going = hop.many && multiplied ? patienceTest(`${sql}."id"`) : '';
        multiplied ||= hop.many;
        parts.push(
          `${kind} "${table.name}" ${sql} ON ${sql}."${hop.to}" = ${parent.sql}."${hop.from}"${hidden(table.name, `${sql}."id"`, hop.from !== 'id')}${going}`,
        );
      }
      return parts.join(' ');
    },
  };
}

function sameHop(a: Hop | null, b: Hop): boolean {
  return a !== null && a.table === b.table && a.from === b.from && a.to === b.to;
}

/** A column of an alias as SQL; marks the alias and all on its way as read. */
export function column(alias: Alias, name: string): string {
  for (let a: Alias | null = alias; a; a = a.parent) a.used = true;
  return `${alias.sql}."${name}"`;
}
