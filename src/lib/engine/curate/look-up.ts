// Values against the rows of one registry, each distinct value once: there, a synonym of another name, ambiguous, or unknown
// (lamindb 2.12.1 `CatVector`). Case counts. Only what is in the database is asked: a term of a public ontology is valid
// once it is a row here.
import type { Model, Table } from '../model/types.ts';
import { ownNameField } from '../model/name-field.ts';
import type { Category } from '../features/dtype.ts';
import { categoryTable, filterSql, typeOf } from '../features/dtype-rows.ts';
import { mapTerms } from '../query/curation.ts';
import { depthOf, topmost, type NameMatch } from '../registry/resolve.ts';
import { isTyped, visible } from '../registry/tables.ts';
import { all, type Steps } from '../statement.ts';
import { isLoamError } from '../errors.ts';
import type { Author } from '../write/transaction.ts';
import { organismOf, type Organism } from './organism.ts';
import type { TermMemo } from './memo.ts';

export interface LookUp {
  model: Model;
  author: Author;
  table: Table;
  field: string;
  /** Further conditions on the row `t`, without parameters. */
  where: string[];
  /** Rows below this type, at any depth. */
  typeId: number | null;
  /** Which row a name stands for where there are several; ids of these win. */
  preferred?: ReadonlySet<number>;
  /** What is known from looking before, for those who look again and again. */
  memo?: TermMemo | undefined;
}

/** Where values of a category are looked for, and what type they have to stand below. */
export function* categoryLookUp(
  scope: Pick<LookUp, 'model' | 'author' | 'preferred' | 'memo'>,
  category: Category,
): Steps<LookUp & { typeName: string | null }> {
  const { table, field } = categoryTable(scope.model, category);
  const type = category.typeUid === null ? null : yield* typeOf(table, category.typeUid);
  const where = yield* filterSql(scope.model, table, category.filters);
  return {
    ...scope,
    table,
    field,
    where: where === '' ? [] : [where],
    typeId: type?.id ?? null,
    typeName: type?.name ?? null,
  };
}

export interface LookedUp {
  /** Rows of each value that is there: one, but where a registry without types has several of the name. */
  found: Map<string, number[]>;
  /** Values that name more than one row of the topmost level, with the reason in words. */
  ambiguous: Map<string, string>;
  organism: Organism | null;
}

/** Names at most this many at once. */
const slice = 20_000;

export function* lookUp(ask: LookUp, values: readonly string[]): Steps<LookedUp> {
  const organism = yield* organismOf(ask.table, ask.field, values);
  const known = ask.memo?.terms(ask, organism);
  if (!known) return yield* lookUpIn(ask, organism, values);
  const fresh = values.filter((value) => !known.asked.has(value));
  if (fresh.length > 0) known.add(fresh, yield* lookUpIn(ask, organism, fresh));
  return known.of(values, organism);
}

function* lookUpIn(ask: LookUp, organism: Organism | null, values: readonly string[]): Steps<LookedUp> {
  const typed = isTyped(ask.table);
  const rows: NameMatch[] = [];
  const from = condition(ask, organism);
  for (let at = 0; at < values.length; at += slice) {
    const part = JSON.stringify(values.slice(at, at + slice));
    const found = yield* all(
      `SELECT t.id, t."${ask.field}", ${typed ? 't.type_id' : 'NULL'} FROM "${ask.table.name}" t
       WHERE t."${ask.field}" IN (SELECT value FROM json_each(?1)) AND ${from} ORDER BY t.id`,
      [part],
    );
    for (const row of found)
      rows.push({
        id: Number(row[0]),
        name: String(row[1]),
        typeId: row[2] === null ? null : Number(row[2]),
        depth: 0,
      });
  }
  const byName = new Map<string, NameMatch[]>();
  for (const row of rows) {
    const own = byName.get(row.name);
    if (own) own.push(row);
    else byName.set(row.name, [row]);
  }
  const found = new Map<string, number[]>();
  const ambiguous = new Map<string, string>();
  for (const [name, own] of byName) {
    const preferred = ask.preferred && own.filter((row) => ask.preferred?.has(row.id));
    const some = preferred && preferred.length > 0 ? preferred : own;
    if (!typed || some.length === 1) {
      found.set(
        name,
        some.map(({ id }) => id),
      );
      continue;
    }
    for (const row of some) if (row.typeId !== null) row.depth = yield* depthOf(ask.table, row.typeId);
    try {
      const top = topmost(ask.table, name, some);
      if (top !== null) found.set(name, [top.id]);
    } catch (error) {
      if (!isLoamError(error)) throw error;
      ambiguous.set(name, error.message);
    }
  }
  return { found, ambiguous, organism };
}

/** What unknown values are a synonym or another spelling of. Only names have synonyms. */
export function* synonymsIn(
  ask: LookUp,
  organism: Organism | null,
  values: readonly string[],
): Steps<Map<string, string>> {
  const { table, field } = ask;
  const named = field === (ownNameField(table) ?? field);
  if (values.length === 0 || !named || !table.column.has('synonyms')) return new Map();
  const known = ask.memo?.terms(ask, organism).standards;
  const fresh = known ? values.filter((value) => !known.has(value)) : values;
  const found = fresh.length > 0 ? yield* synonymsAsked(ask, organism, fresh) : new Map<string, string>();
  if (!known) return found;
  for (const value of fresh) known.set(value, found.get(value) ?? null);
  return new Map(
    values.flatMap((value): [string, string][] => {
      const standard = known.get(value) ?? null;
      return standard === null ? [] : [[value, standard]];
    }),
  );
}

function* synonymsAsked(
  ask: LookUp,
  organism: Organism | null,
  values: readonly string[],
): Steps<Map<string, string>> {
  const { table, field } = ask;
  const rows = (yield* all(
    `SELECT t."${field}", t.synonyms FROM "${table.name}" t WHERE ${condition(ask, organism)} ORDER BY t.id`,
  )) as (string | null)[][];
  const standard = new Map<string, string>();
  for (const [i, names] of mapTerms(rows, [...values], false, 'first').entries()) {
    const [value, name] = [values[i], names?.[0]];
    if (value !== undefined && name !== undefined && name !== value) standard.set(value, name);
  }
  return standard;
}

/** Names of the registry that a value may be, with what else they are called. */
export function* namesIn(
  ask: LookUp,
  organism: Organism | null,
): Steps<{ name: string; synonyms: string[] }[]> {
  const { table, field } = ask;
  const named = field === (ownNameField(table) ?? field) && table.column.has('synonyms');
  const rows = yield* all(
    `SELECT t."${field}", ${named ? 't.synonyms' : 'NULL'} FROM "${table.name}" t
     WHERE t."${field}" IS NOT NULL AND ${condition(ask, organism)} ORDER BY t.id`,
  );
  return rows.map((row) => ({
    name: String(row[0]),
    synonyms: row[1] === null ? [] : String(row[1]).split('|'),
  }));
}

function condition({ table, author, where, typeId }: LookUp, organism: Organism | null): string {
  const terms = [visible(table, author, 't.'), ...where];
  if (typeId !== null) {
    terms.push(
      `t.id IN (WITH RECURSIVE below(id) AS (SELECT id FROM "${table.name}" WHERE type_id = ${typeId}
         UNION SELECT c.id FROM "${table.name}" c JOIN below b ON c.type_id = b.id) SELECT id FROM below)`,
    );
  }
  if (organism !== null) terms.push(`t.organism_id IS ${organism.id ?? -1}`);
  return terms.join(' AND ');
}
