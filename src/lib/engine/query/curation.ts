// `validate`, `inspect` and `standardize` of a registry: names against its own rows (on the visible branches), case by case
// as LaminDB compares them. Public ontologies are not asked; that is `from_source=False` in LaminDB.
import { LoamError } from '../errors.ts';
import { nameField, ownNameField, registryName } from '../model/name-field.ts';
import { findField } from '../model/relations.ts';
import type { Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { tableOf } from './draft.ts';
import { unknownField } from './paths.ts';
import type { QueryScope } from './prepare.ts';
import { compareText } from './python-values.ts';
import type { Condition, QueryValue } from './query.ts';
import { readRows } from './read.ts';

export interface CurationOptions {
  field?: string | undefined;
  /** Name or scientific name: only terms of this organism count. */
  organism?: string | undefined;
  /** Only rows of this source (its uid) count. */
  source?: string | undefined;
  returnField?: string | undefined;
  returnMapper?: boolean | undefined;
  caseSensitive?: boolean | undefined;
  keep?: 'first' | 'last' | false | undefined;
  synonymsField?: string | undefined;
}

export interface Inspection {
  validated: string[];
  non_validated: string[];
  /** Per cent, to one decimal. */
  frac_validated: number;
  n_unique: number;
  /** What a value would be standardized to. */
  synonyms: Record<string, string>;
}

/** Values in their order; or, with `returnMapper`, what changes. */
export type Standardized = QueryValue[] | Record<string, QueryValue>;

type Given = (string | null)[];

/** True per value that is there exactly so. */
export function* validate(
  scope: QueryScope,
  registry: string,
  values: Given,
  options: CurationOptions = {},
): Steps<boolean[]> {
  const { table, field } = fieldOf(scope, registry, options.field);
  const rows = yield* terms(scope, table, [field], options);
  const first = rows.find(([value]) => value !== null)?.[0];
  const sample = values.find((value) => value !== null);
  if (first !== undefined && sample !== undefined && typeof first !== typeof sample)
    throw new LoamError(
      'TypeError',
      `Type mismatch: ${registryName(table)}.${field} holds no ${typeof sample}s.`,
      {
        field,
      },
    );
  if (rows.length === 0) return values.map(() => false);
  const known = new Set(rows.map(([value]) => value ?? ''));
  return values.map((value) => known.has(value ?? ''));
}

export function* inspect(
  scope: QueryScope,
  registry: string,
  values: Given,
  options: CurationOptions = {},
): Steps<Inspection> {
  const { table, field } = fieldOf(scope, registry, options.field);
  const matches = yield* validate(scope, registry, values, options);
  const pick = (wanted: boolean) =>
    [
      ...new Set(values.filter((value, i) => value !== null && value !== '' && matches[i] === wanted)),
    ] as string[];
  const [validated, non] = [pick(true), pick(false)];
  const total = validated.length + non.length;
  const named = field === (ownNameField(table) ?? field);
  const synonyms =
    named && non.length > 0 && table.column.has('synonyms')
      ? ((yield* standardize(scope, registry, non, { ...options, returnMapper: true })) as Record<
          string,
          string
        >)
      : {};
  return {
    validated,
    non_validated: non,
    frac_validated: total === 0 ? 0 : 100 - rounded((non.length / total) * 100),
    n_unique: total,
    synonyms,
  };
}

/** Python's round to one decimal: half to even. */
function rounded(value: number): number {
  const tenths = value * 10;
  const floor = Math.floor(tenths);
  const tie = tenths - floor === 0.5;
  return (tie ? floor + (floor % 2) : Math.round(tenths)) / 10;
}

/**
 * Values as the registry writes them: exactly, in another case, or as a synonym of it; what is unknown stays. With
 * `returnMapper` only what changes, by value.
 */
export function* standardize(
  scope: QueryScope,
  registry: string,
  values: Given,
  options: CurationOptions = {},
): Steps<Standardized> {
  const { table, field } = fieldOf(scope, registry, options.field);
  const { keep = 'first', returnMapper = false, synonymsField = 'synonyms' } = options;
  const returned =
    options.returnField === undefined ? field : fieldOf(scope, registry, options.returnField).field;
  const named = field === (ownNameField(table) ?? field);
  // Only names have synonyms; without any nothing is standardized at all.
  if (!named || !table.column.has(synonymsField)) return returnMapper ? {} : [...values];
  const rows = yield* terms(scope, table, [field, synonymsField, returned], options);
  if (rows.length === 0 || values.length === 0) return returnMapper ? {} : [...values];
  const mapped = mapTerms(rows, values, options.caseSensitive ?? false, keep);
  const toReturned = returned === field ? null : returnedValues(rows, keep);
  const final = (names: string[]): QueryValue => {
    const out = toReturned ? names.flatMap((name) => toReturned.get(name) ?? [name]) : names;
    return out.length === 1 ? (out[0] ?? null) : out;
  };
  if (!returnMapper) return values.map((value, i) => (mapped[i] ? final(mapped[i]) : value));
  const mapper: Record<string, QueryValue> = {};
  for (const [i, value] of values.entries()) {
    const names = mapped[i];
    if (value === null || !names) continue;
    const told = final(names);
    if (told !== value) mapper[value] = told;
  }
  return mapper;
}

/** Per value the names it stands for; null where it is unknown. */
export function mapTerms(
  rows: (string | null)[][],
  values: Given,
  caseSensitive: boolean,
  keep: 'first' | 'last' | false,
): (string[] | null)[] {
  const fold = (text: string) => (caseSensitive ? text : text.toLowerCase());
  const exact = new Set<string>();
  const folded = new Map<string, string>();
  const synonyms = new Map<string, string[]>();
  for (const [name, listed] of rows) {
    if (name === null || name === undefined) continue;
    exact.add(name);
    if (!caseSensitive && !folded.has(fold(name))) folded.set(fold(name), name);
    for (const synonym of (listed ?? '').split('|')) {
      if (synonym === '' || synonym === name) continue;
      synonyms.set(synonym, [...(synonyms.get(synonym) ?? []), name]);
    }
  }
  const bySynonym = new Map<string, string[]>();
  for (const synonym of [...synonyms.keys()].sort(compareText)) {
    const names = synonyms.get(synonym) ?? [];
    const kept = keep === 'first' ? names.slice(0, 1) : keep === 'last' ? names.slice(-1) : names;
    if (!bySynonym.has(fold(synonym))) bySynonym.set(fold(synonym), kept);
  }
  return values.map((value) => {
    if (value === null) return null;
    if (exact.has(value)) return [value];
    const other = folded.get(fold(value));
    return other === undefined ? (bySynonym.get(fold(value)) ?? null) : [other];
  });
}

function returnedValues(rows: (string | null)[][], keep: 'first' | 'last' | false): Map<string, string[]> {
  const returned = new Map<string, string[]>();
  for (const [name, , value] of rows) {
    if (name === null || name === undefined || value === null || value === undefined) continue;
    const known = returned.get(name);
    if (!known || keep === 'last') returned.set(name, [value]);
    else if (keep === false) known.push(value);
  }
  return returned;
}

function fieldOf(
  scope: QueryScope,
  registry: string,
  field: string | undefined,
): { table: Table; field: string } {
  const table = tableOf(scope, registry);
  const name = field ?? nameField(table);
  const known = name === null ? null : findField(scope.model, table, name);
  if (known?.kind !== 'column') {
    const { message, details } = unknownField(scope.model, table, name ?? 'name');
    throw new LoamError('AttributeError', message, details);
  }
  return { table, field: known.column.name };
}

function* terms(
  scope: QueryScope,
  table: Table,
  fields: string[],
  { organism, source }: CurationOptions,
): Steps<(string | null)[][]> {
  const filter: Condition = {};
  if (organism !== undefined && table.column.has('organism_id'))
    filter['organism_id'] = yield* organismId(scope, organism);
  if (source !== undefined && table.column.has('source_id')) filter['source__uid'] = source;
  const query = { registry: registryName(table), filters: [filter] };
  return (yield* readRows(scope, query, fields)) as (string | null)[][];
}

function* organismId(scope: QueryScope, name: string): Steps<number> {
  const seen = `AND +branch_id IN (${scope.branches.join(', ')})`;
  for (const field of ['name', 'scientific_name']) {
    const row = yield* one(`SELECT id FROM bionty_organism WHERE ${field} = ? ${seen} LIMIT 1`, [name]);
    if (row) return Number(row[0]);
  }
  const known = yield* all(`SELECT name FROM bionty_organism WHERE 1 ${seen} ORDER BY name LIMIT 20`);
  throw new LoamError(
    'DoesNotExist',
    `There is no organism "${name}" here. Known are: ${known.map(([n]) => String(n)).join(', ') || 'none'}.`,
    { organism: name },
  );
}
