// Categories against their registries: each distinct value of a column is looked up once, in a union's registries one after
// the other, within type and filters (lamindb 2.12.1 `CatVector`). Synonyms are told, not taken. Rows found are handed on,
// since a saved artifact is annotated with them.
import { isLoamError } from '../errors.ts';
import type { Steps } from '../statement.ts';
import {
  firstRows,
  mostValues,
  type Finding,
  type FindingTerms,
  type FindingValue,
  type LaminCheck,
} from './finding.ts';
import { finding } from './check-table.ts';
import type { ValueRead } from './frame.ts';
import { categoryLookUp, lookUp, synonymsIn, type LookUp } from './look-up.ts';
import type { CurateScope, Member, SlotPlan } from './plan.ts';
import { linkedRecords, type SheetRows } from './sheet-links.ts';
import { clip, count, listed, rowsText } from './words.ts';

/** Rows of a registry, in the order in which their values were met. */
export interface FoundRows {
  table: string;
  ids: number[];
}

export interface TermsChecked {
  findings: Finding[];
  rows: FoundRows[];
  /** Distinct values that were looked up, and those that are there. */
  asked: number;
  valid: number;
}

export function* checkTerms(
  scope: CurateScope,
  plan: SlotPlan,
  member: Member,
  values: readonly ValueRead[],
  place: { kind: 'terms' | 'index'; text: string },
  sheet: SheetRows | null = null,
): Steps<TermsChecked> {
  const numbers = values.filter(({ kind, text }) => (kind === 'int' || kind === 'float') && text !== 'nan');
  const texts = values.filter(({ kind, text }) => kind === 'str' && text !== '');
  // Numbers beside texts are compared as texts; alone they are refused. What is neither is not looked up at all.
  const asked = texts.length > 0 ? [...texts, ...numbers] : numbers;
  const left = new Map(asked.map((value) => [value.text, value]));
  const total = left.size;
  let valid = 0;
  const rows: FoundRows[] = [];
  const told: Finding[] = [];
  const standards = new Map<string, string>();
  const terms: FindingTerms = {
    registry: '',
    field: '',
    typeUid: null,
    typeName: null,
    organism: null,
    others: [],
    featureUid: member.uid,
  };
  try {
    const linked = yield* linkedBySheet(scope, plan, member, sheet);
    if (linked !== null) {
      const ids = [...left.keys()].flatMap((name) => linked.get(name) ?? []);
      for (const name of linked.keys()) if (left.delete(name)) valid++;
      if (ids.length > 0) rows.push({ table: 'lamindb_record', ids: [...new Set(ids)] });
    }
    for (const category of member.dtype.categories) {
      const { typeName, ...all } = yield* categoryLookUp(scope, category);
      const { table, field } = all;
      // What a sheet's links do not tell may be any record of the name.
      const ask: LookUp = linked === null ? all : { ...all, typeId: null };
      if (terms.registry === '')
        Object.assign(terms, {
          registry: category.registry,
          field,
          typeUid: category.typeUid,
          typeName,
        });
      else terms.others.push({ registry: category.registry, field });
      if (left.size === 0) continue;
      const { found, ambiguous, organism } = yield* lookUp(ask, [...left.keys()]);
      terms.organism ??= organism?.name ?? null;
      for (const [name, why] of ambiguous) {
        left.delete(name);
        if (linked !== null) continue;
        told.push({
          ...finding(plan, 'ambiguous', member.name, 'ValidationError', `${place.text}: ${why}`),
          terms,
        });
      }
      const ids: number[] = [];
      for (const name of [...left.keys()]) {
        const own = found.get(name);
        if (own === undefined) continue;
        left.delete(name);
        valid++;
        if (linked === null) ids.push(...own);
      }
      if (ids.length > 0) rows.push({ table: table.name, ids: [...new Set(ids)] });
      for (const [value, name] of yield* synonymsIn(ask, organism, [...left.keys()]))
        standards.set(value, name);
    }
  } catch (error) {
    // The dtype names a registry, type or row that is not there.
    if (!isLoamError(error)) throw error;
    told.push(finding(plan, 'schema', member.name, 'DoesNotExist', `${place.text}: ${error.message}`));
    left.clear();
  }
  if (left.size > 0) {
    const numeric = texts.length === 0 && numbers.length > 0;
    told.push(
      unknown(
        plan,
        member,
        place,
        [...left.values()],
        standards,
        terms,
        numeric ? 'TypeError' : 'ValidationError',
      ),
    );
  }
  return { findings: told, rows, asked: total, valid };
}

function* linkedBySheet(
  scope: CurateScope,
  plan: SlotPlan,
  member: Member,
  sheet: SheetRows | null,
): Steps<Map<string, number[]> | null> {
  const [first] = member.dtype.categories;
  if (sheet === null || first?.registry !== 'Record') return null;
  return yield* linkedRecords(scope, plan, member, first, sheet);
}

function unknown(
  plan: SlotPlan,
  member: Member,
  place: { kind: 'terms' | 'index'; text: string },
  met: readonly ValueRead[],
  standards: ReadonlyMap<string, string>,
  terms: FindingTerms,
  check: LaminCheck,
): Finding {
  // The most frequent first: mending one of them mends most cells.
  const values = [...met].sort((a, b) => b.count - a.count || (a.rows[0] ?? 0) - (b.rows[0] ?? 0));
  const cells = values.reduce((sum, value) => sum + value.count, 0);
  const rows = earliest(values);
  const where = [terms, ...terms.others].map((one) => one.registry).join(' or ');
  const type = terms.typeName === null ? '' : ` under the type '${clip(terms.typeName)}'`;
  const synonyms = values.filter(({ text }) => standards.has(text));
  const hints: string[] = [];
  if (synonyms.length > 0) {
    const named = synonyms
      .slice(0, 3)
      .map(({ text }) => `'${clip(text)}' is '${clip(standards.get(text) ?? '')}'`);
    hints.push(`Use the registry's names: ${named.join(', ')}${synonyms.length > 3 ? ', …' : ''}`);
  }
  if (synonyms.length < values.length) hints.push(`Mend typos, or add what is missing to ${where}`);
  const told = finding(
    plan,
    place.kind,
    member.name,
    check,
    `${place.text}: ${count(values.length, 'value')} ${values.length === 1 ? 'is' : 'are'} not in ${where}${type}: ${listed(values.map((value) => value.text))}${rowsText(rows, cells)}. ${hints.join('. ')}.`,
  );
  return {
    ...told,
    values: termValues(values, standards),
    valueCount: values.length,
    cells,
    terms,
  };
}

/** The first rows of all that have one of the values, without sorting those of thousands. */
function earliest(values: readonly ValueRead[]): number[] {
  let first: number[] = [];
  for (const { rows } of values) {
    const last = first[firstRows - 1] ?? Infinity;
    if ((rows[0] ?? Infinity) < last) first = [...first, ...rows].sort((a, b) => a - b).slice(0, firstRows);
  }
  return first;
}

function termValues(values: readonly ValueRead[], standards: ReadonlyMap<string, string>): FindingValue[] {
  return values.slice(0, mostValues).map((value) => ({
    text: value.text,
    count: value.count,
    rows: value.rows.slice(0, firstRows),
    standard: standards.get(value.text) ?? null,
    inPublic: null,
    suggestions: [],
  }));
}
