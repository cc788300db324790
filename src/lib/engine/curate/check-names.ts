// Names of columns, keys or variables against the registry of a slot (lamindb 2.12.1: the vector `columns`). Which rows they
// are decides what is linked when the dataset is saved; unknown ones are refused by a maximal set only. Where LaminDB lets
// them pass without a word, a notice says so.
import type { Model, Table } from '../model/types.ts';
import { memberLink } from '../registry/schema-members.ts';
import { all, type Steps } from '../statement.ts';
import { finding, isLaminColumn, withValues } from './check-table.ts';
import { mostValues, type Finding, type FindingTerms } from './finding.ts';
import { lookUp, synonymsIn, type LookUp } from './look-up.ts';
import { needsOrganism } from './organism.ts';
import type { CurateScope, SlotPlan } from './plan.ts';
import { count, listed } from './words.ts';

export interface NamesChecked {
  findings: Finding[];
  /** Rows of the slot's registry, in the order of the names. */
  ids: number[];
  known: number;
}

export function* checkNames(
  scope: CurateScope,
  plan: SlotPlan,
  names: readonly string[],
): Steps<NamesChecked> {
  const { table, typeUid } = plan.itype;
  const field = plan.itype.field ?? defaultField(table);
  const ask: LookUp = {
    ...scope,
    table,
    field,
    typeId: typeUid === null ? null : yield* idOf(table, typeUid),
    where: members(scope.model, plan, table),
    preferred: new Set(plan.own.map((member) => member.id)),
  };
  const asked = [...new Set(names)].filter((name) => name !== '' && !(plan.maximal && isLaminColumn(name)));
  const { found, ambiguous, organism } = yield* lookUp(ask, asked);
  const findings = [...ambiguous].map(([name, why]) =>
    finding(plan, 'ambiguous', name, 'ValidationError', why),
  );
  const ids: number[] = [];
  for (const name of asked) {
    ids.push(...(found.get(name) ?? []));
  }
  findings.push(...(yield* missingTerms(scope, plan, field, ids)));
  const left = asked.filter((name) => !found.has(name) && !ambiguous.has(name) && !isLaminColumn(name));
  if (left.length > 0 && found.size === 0 && needsOrganism(table, field)) {
    findings.push(
      finding(
        plan,
        'names',
        null,
        'OrganismNotSet',
        `No row of ${plan.itypeText} has one of the ${count(asked.length, 'name')}, and they do not tell the organism. Add the terms of your organism to the registry first.`,
      ),
    );
  }
  const strict = plan.maximal && plan.members.length === 0 && plan.index === null;
  // Where members are named, strangers were told with the columns already.
  if (left.length > 0 && (strict || !plan.maximal || plan.transposed)) {
    const standards = yield* synonymsIn(ask, organism, left);
    findings.push(strangers(plan, field, left, names.length, standards, organism?.name ?? null));
  }
  return { findings, ids, known: found.size };
}

/**
 * Terms of another registry than features that the schema names and the dataset has not. LaminDB 2.12.1 cannot ask for them at
 * all (it fails with an AttributeError); what is asked here is what it asks of features.
 */
function* missingTerms(
  { model }: CurateScope,
  plan: SlotPlan,
  field: string,
  ids: readonly number[],
): Steps<Finding[]> {
  const { table } = plan.itype;
  if (table.registry === 'Feature' || plan.count === null || !plan.minimal) return [];
  const link = memberLink(model, table);
  const rows = yield* all(
    `SELECT t.id, t."${field}", t.uid FROM "${link.table}" l JOIN "${table.name}" t ON t.id = l."${link.other}"
     WHERE l."${link.own}" = ? ORDER BY l.id`,
    [plan.schemaId],
  );
  const there = new Set(ids);
  const left = rows.filter((row) => !there.has(Number(row[0])) && !plan.optional.has(String(row[2])));
  if (left.length === 0) return [];
  const names = left.map((row) => String(row[1] ?? row[2]));
  const told = finding(
    plan,
    'missing_column',
    names.length === 1 ? (names[0] ?? null) : null,
    'COLUMN_NOT_IN_DATAFRAME',
    `${count(names.length, 'name')} that the schema asks for ${names.length === 1 ? 'is' : 'are'} missing: ${listed(names)}. Add them to the dataset, or make them optional in the schema.`,
  );
  return [
    withValues(
      told,
      names.map((text) => ({ text, kind: 'str', count: 0, rows: [] })),
    ),
  ];
}

function strangers(
  plan: SlotPlan,
  field: string,
  left: readonly string[],
  total: number,
  standards: ReadonlyMap<string, string>,
  organism: string | null,
): Finding {
  const what = plan.transposed
    ? 'name'
    : plan.slot.includes('uns') || plan.slot.startsWith('attrs')
      ? 'key'
      : 'column';
  const registry = plan.itypeText;
  const of = organism === null ? '' : ` of ${organism}`;
  const is = left.length === 1 ? 'is' : 'are';
  const where =
    plan.itype.table.registry === 'Feature' && !plan.flexible ? 'in the schema' : `in ${registry}${of}`;
  const message = plan.maximal
    ? `${count(left.length, what)} of ${total.toLocaleString('en')} ${is} not ${where}: ${listed(left)}. Mend typos, remove them, or add what is missing to ${registry}.`
    : `${count(left.length, what)} of ${total.toLocaleString('en')} ${is} not ${where} and ${left.length === 1 ? 'was' : 'were'} not validated: ${listed(left)}. A schema that takes no others (maximal_set) would refuse them.`;
  const terms: FindingTerms = {
    registry:
      plan.itype.table.module === 'lamindb'
        ? (plan.itype.table.registry ?? '')
        : `${plan.itype.table.module}.${plan.itype.table.registry ?? ''}`,
    field,
    typeUid: plan.itype.typeUid,
    typeName: null,
    organism,
    others: [],
    featureUid: null,
  };
  return {
    ...finding(plan, 'names', null, plan.maximal ? 'ValidationError' : null, message),
    values: left.slice(0, mostValues).map((text) => ({
      text,
      count: null,
      rows: [],
      standard: standards.get(text) ?? null,
      inPublic: null,
      suggestions: [],
    })),
    valueCount: left.length,
    terms,
  };
}

const defaultField = (table: Table): string =>
  ['name', 'symbol', 'handle', 'key', 'uid'].find((name) => table.column.has(name)) ?? 'uid';

/**
 * Members of the schema alone count, unless it is flexible. A flexible schema with typed members keeps to features of their
 * types and to those without one.
 */
function members(model: Model, plan: SlotPlan, table: Table): string[] {
  if (!plan.flexible) {
    const link = memberLink(model, table);
    return [`t.id IN (SELECT "${link.other}" FROM "${link.table}" WHERE "${link.own}" = ${plan.schemaId})`];
  }
  const types = [...new Set(plan.own.flatMap((member) => (member.typeId === null ? [] : [member.typeId])))];
  if (table.registry !== 'Feature' || types.length === 0 || plan.count === null) return [];
  return [`(t.type_id IS NULL OR t.type_id IN (${types.join(', ')}))`];
}

function* idOf(table: Table, uid: string): Steps<number> {
  const rows = yield* all(`SELECT id FROM "${table.name}" WHERE uid = ?`, [uid]);
  return Number(rows[0]?.[0] ?? -1);
}
