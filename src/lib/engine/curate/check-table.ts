// What a table's columns and index are, against a slot's plan: presence, strangers, order, dtypes, empty cells. Pure; the
// rules are those of lamindb 2.12.1 over pandera 0.35 in its lazy way, so that all that is wrong is told at once. Values
// against registries are check-terms.ts.
import type { Dtype } from '../features/dtype.ts';
import { dtypeFault, wantOf } from './check-dtype.ts';
import type { Finding, FindingKind, LaminCheck } from './finding.ts';
import type { ColumnRead, ColumnWant, FrameAsk, FrameRead, IndexRead, ValueRead } from './frame.ts';
import type { Member, SlotPlan } from './plan.ts';
import { sheetAsk } from './sheet-links.ts';
import { count, dtypeMessage, listed, rowsText, valuesOf } from './words.ts';

/** Columns of sheets that LaminDB exports are let through by every schema. */
export const isLaminColumn = (name: string): boolean => /^__lamindb_.*$/.test(name);

const coerces = (plan: SlotPlan, member: Member): boolean => plan.coerce || member.coerce;

/** What has to be read of the part once its names are known. */
export function askOf(plan: SlotPlan, names: readonly string[]): FrameAsk {
  const members = new Map(plan.members.map((member) => [member.name, member]));
  const columns: FrameAsk['columns'] = [];
  if (!plan.transposed || members.size > 0) {
    for (const [at, name] of names.entries()) {
      const member = members.get(name);
      if (member) columns.push({ at, want: wantOf(member.dtype, coerces(plan, member)) });
    }
  }
  const sheet = sheetAsk(plan, names);
  columns.push(...sheet.columns.filter(({ at }) => !columns.some((one) => one.at === at)));
  return {
    slot: plan.slot,
    transposed: plan.transposed,
    columns,
    index: sheet.index && plan.index !== null ? 'values' : indexWant(plan),
    namesOnly: false,
  };
}

function indexWant(plan: SlotPlan): 'none' | ColumnWant {
  if (plan.index === null) return 'none';
  return plan.index.dtype.categories.length > 0
    ? 'values'
    : wantOf(plan.index.dtype, plan.coerce || plan.index.coerce);
}

export function checkTable(plan: SlotPlan, frame: FrameRead): Finding[] {
  // Without a single column to ask for LaminDB asks nothing of the table as such; an index alone is asked for.
  if (plan.members.length === 0 && plan.index === null) return [];
  const findings = [
    ...missingColumns(plan, frame.names),
    ...strangers(plan, frame.names),
    ...disorder(plan, frame.names),
  ];
  const reads = new Map<string, ColumnRead[]>();
  for (const read of frame.columns) reads.set(read.name, [...(reads.get(read.name) ?? []), read]);
  for (const member of plan.members) {
    const own = reads.get(member.name) ?? [];
    if (own.length > 1) findings.push(...duplicate(plan, member, own));
    for (const read of own) findings.push(...checkColumn(plan, member, read));
  }
  if (plan.index !== null && frame.index !== null)
    findings.push(...checkIndex(plan, plan.index, frame.index));
  return findings;
}

function missingColumns(plan: SlotPlan, names: readonly string[]): Finding[] {
  const there = new Set(names);
  const folded = new Map(names.map((name) => [name.trim().toLowerCase(), name]));
  return plan.members
    .filter((member) => member.required && !there.has(member.name))
    .map((member) => {
      const near = folded.get(member.name.trim().toLowerCase());
      const hint =
        near === undefined
          ? 'Add it to the dataset, or make the feature optional in the schema'
          : `There is a column '${near}': rename it`;
      return finding(
        plan,
        'missing_column',
        member.name,
        'COLUMN_NOT_IN_DATAFRAME',
        `The column '${member.name}' (${member.dtype.text}) is missing. ${hint}.`,
      );
    });
}

function strangers(plan: SlotPlan, names: readonly string[]): Finding[] {
  if (!plan.maximal) return [];
  const known = new Set(plan.members.map((member) => member.name));
  return names
    .filter((name, at) => !known.has(name) && !isLaminColumn(name) && names[at - 1] !== name)
    .map((name) =>
      finding(
        plan,
        'unexpected_column',
        name,
        'COLUMN_NOT_IN_SCHEMA',
        `The schema has no column '${name}', and takes none beside its own. Remove the column, or add the feature to the schema.`,
      ),
    );
}

function disorder(plan: SlotPlan, names: readonly string[]): Finding[] {
  if (!plan.ordered) return [];
  const there = new Set(names);
  const known = new Set(plan.members.map((member) => member.name));
  const order = plan.members.map((member) => member.name).filter((name) => there.has(name));
  if (plan.maximal) order.push(...new Set(names.filter(isLaminColumn)));
  let at = 0;
  const findings: Finding[] = [];
  for (const [i, name] of names.entries()) {
    if (names[i - 1] === name || !(known.has(name) || (plan.maximal && isLaminColumn(name)))) continue;
    const wanted = order[at++];
    if (wanted === name) continue;
    const place = wanted === undefined ? 'comes again' : `stands where '${wanted}' has to be`;
    findings.push(
      finding(
        plan,
        'column_order',
        name,
        'COLUMN_NOT_ORDERED',
        `The column '${name}' ${place}. The schema's order is ${listed(order)}.`,
      ),
    );
  }
  return findings;
}

/** LaminDB cannot look into a column whose name comes twice, unless only its type is asked for. */
function duplicate(plan: SlotPlan, member: Member, reads: readonly ColumnRead[]): Finding[] {
  const { dtype } = member;
  const breaks =
    dtype.list ||
    dtype.categories.length > 0 ||
    ['bool', 'num', 'str', 'path', 'url'].includes(dtype.simple ?? '');
  return [
    {
      ...finding(
        plan,
        'duplicate_column',
        member.name,
        breaks ? 'AttributeError' : null,
        `${reads.length} columns are called '${member.name}'. Rename all but one of them.`,
      ),
      severity: breaks ? 'error' : 'notice',
    },
  ];
}

/** What `convert_dict_to_dataframe_for_validation` makes of a single value before it is checked. */
function asAsked({ dtype }: Member, read: ColumnRead): ColumnRead {
  if (dtype.categories.length === 0 || dtype.list) return read;
  const several = (read.kinds ?? []).some(({ kind }) => kind.startsWith('list['));
  return several ? { ...read, kinds: [], dtype: 'category' } : { ...read, dtype: 'category' };
}

function checkColumn(plan: SlotPlan, member: Member, given: ColumnRead): Finding[] {
  const read = plan.single ? asAsked(member, given) : given;
  const place = `The column '${member.name}'`;
  if (read.problem !== null) {
    return [finding(plan, 'dtype', member.name, 'ValueError', `${place} could not be read: ${read.problem}`)];
  }
  // Times of a dictionary are brought to UTC in any case.
  const times = plan.single && member.dtype.zoned;
  const coerce = coerces(plan, member) || times;
  const ask = { dtype: member.dtype, nullable: member.nullable, coerce, ownCoerce: member.coerce || times };
  const fault = dtypeFault(ask, read);
  const findings = nullCells(plan, 'nulls', member.name, place, member.nullable, read);
  if (fault !== null) {
    const message = dtypeMessage(place, member.dtype.text, read.dtype, fault, coerce);
    findings.push(withValues(finding(plan, 'dtype', member.name, fault.check, message), fault.values));
  }
  return findings;
}

function nullCells(
  plan: SlotPlan,
  kind: 'nulls' | 'index',
  name: string,
  place: string,
  nullable: boolean,
  read: Pick<ColumnRead, 'nulls' | 'nullRows'>,
): Finding[] {
  if (nullable || read.nulls === 0) return [];
  const message = `${place} has ${count(read.nulls, 'empty cell')}${rowsText(read.nullRows, read.nulls)}, but may have none. Fill them in, or make the feature nullable.`;
  const empty: ValueRead = { text: '', kind: 'null', count: read.nulls, rows: read.nullRows };
  return [withValues(finding(plan, kind, name, 'SERIES_CONTAINS_NULLS', message), [empty])];
}

/** Dtypes that pandera has no word for: LaminDB fails before it looks. */
const unknownToIndex = ['num', 'path', 'url', 'dict'];

function checkIndex(plan: SlotPlan, member: Member, index: IndexRead): Finding[] {
  const place = `The index '${member.name}'`;
  const told = (check: LaminCheck, message: string): Finding =>
    finding(plan, 'index', member.name, check, message);
  if (index.levels > 1)
    return [
      told(
        'MISMATCH_INDEX',
        `${place} has ${index.levels} levels, but may have one. Reset the others to columns.`,
      ),
    ];
  if (member.dtype.list || unknownToIndex.includes(member.dtype.simple ?? ''))
    return [
      told(
        'TypeError',
        `The schema's index '${member.name}' is ${member.dtype.text}, which no index can be. Choose another index for the schema.`,
      ),
    ];
  const read: ColumnRead = { ...index, at: -1, name: member.name };
  const findings = nullCells(plan, 'index', member.name, place, false, index);
  // Names of categories are checked as texts; they are looked up with the others.
  const dtype: Dtype =
    member.dtype.categories.length > 0 ? { ...member.dtype, categories: [], simple: 'str' } : member.dtype;
  const fixed = dtype.simple === 'int' || dtype.simple === 'float';
  const coerce = plan.coerce || (fixed && member.coerce);
  const fault = dtypeFault({ dtype, nullable: false, coerce, ownCoerce: member.coerce }, read);
  if (fault === null) return findings;
  const message = index.range
    ? `The table has no index, but rows have to be named by '${member.name}' (${member.dtype.text}). Save the table with that column as its index.`
    : dtypeMessage(place, dtype.text.startsWith('cat') ? 'str' : dtype.text, index.dtype, fault, coerce);
  return [...findings, withValues(told(fault.check, message), fault.values)];
}

export function finding(
  plan: Pick<SlotPlan, 'slot'>,
  kind: FindingKind,
  column: string | null,
  check: LaminCheck | null,
  message: string,
): Finding {
  return {
    severity: check === null ? 'notice' : 'error',
    kind,
    slot: plan.slot,
    column,
    message,
    check,
    values: [],
    valueCount: 0,
    cells: null,
    terms: null,
  };
}

export function withValues(told: Finding, values: readonly ValueRead[]): Finding {
  if (values.length === 0) return told;
  return {
    ...told,
    values: valuesOf(values),
    valueCount: values.length,
    cells: values.reduce((sum, value) => sum + value.count, 0),
  };
}
