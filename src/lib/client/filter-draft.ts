// A filter while it is being built: rows of controls with texts as typed, not all of them complete. What is complete becomes
// the filter of the view; what is not says what is missing and does not hold up the rest.
import type { FilterGroup, FilterNode, FilterTest, RegistryInfo } from '../workers/wire.ts';
import {
  choiceOf,
  endOf,
  featureOpChoices,
  featureType,
  opChoices,
  type FieldEnd,
  type OpChoice,
  type ValueType,
} from './filter-fields.ts';

type Value = FilterTest['value'];

export interface DraftTest {
  id: number;
  kind: 'test';
  /** Empty while none is picked. */
  field: string;
  feature: boolean;
  choice: string;
  /** What is typed; the second one of a pair. */
  text: string;
  text2: string;
  list: string[];
  /** A list also takes rows that have none. */
  orMissing: boolean;
}
export type GroupMode = 'all' | 'any' | 'none' | 'not-all';
export interface DraftGroup {
  id: number;
  kind: 'group';
  mode: GroupMode;
  items: DraftNode[];
}
export type DraftNode = DraftTest | DraftGroup;

export interface DraftContext {
  registries: readonly RegistryInfo[];
  registry: RegistryInfo;
  /** Dtypes of features by name. */
  dtypes: ReadonlyMap<string, string>;
}

let ids = 0;
export const newTest = (field = '', feature = false, choice = ''): DraftTest => ({
  id: ++ids,
  kind: 'test',
  field,
  feature,
  choice,
  text: '',
  text2: '',
  list: [],
  orMissing: false,
});
export const newGroup = (mode: GroupMode = 'any', items: DraftNode[] = []): DraftGroup => ({
  id: ++ids,
  kind: 'group',
  mode,
  items,
});

export interface Described {
  title: string;
  type: ValueType;
  choices: OpChoice[];
  end: FieldEnd | null;
}

/** What a test is about; null for a field that is not there. */
export function describe(context: DraftContext, field: string, feature: boolean): Described | null {
  if (feature) {
    const dtype = context.dtypes.get(field);
    if (dtype === undefined && context.dtypes.size > 0) return null;
    return {
      title: field,
      type: featureType(dtype ?? 'str'),
      choices: featureOpChoices(dtype ?? 'str'),
      end: null,
    };
  }
  const end = endOf(context.registries, context.registry, field);
  return end && { title: end.title, type: end.type, choices: opChoices(end), end };
}

/* ---------- from a filter ---------- */

const endOfDay = 'T23:59:59.999999';
const dayOf = (text: string): string => (text.endsWith(endOfDay) ? text.slice(0, 10) : text);

const textOf = (value: Value): string =>
  value === null
    ? ''
    : typeof value === 'string'
      ? dayOf(value)
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);

export function toDraft(context: DraftContext, node: FilterNode): DraftNode {
  if (node.kind !== 'test') {
    const mode: GroupMode = node.kind === 'all' ? (node.not ? 'not-all' : 'all') : node.not ? 'none' : 'any';
    return newGroup(
      mode,
      node.items.map((item) => toDraft(context, item)),
    );
  }
  const draft = newTest(node.field, node.feature ?? false);
  const choices = describe(context, node.field, draft.feature)?.choices ?? [];
  // "Not missing" is "there".
  const test = node.op === 'isnull' && node.not ? { ...node, value: node.value === false, not: false } : node;
  const known = choiceOf(test, choices);
  if (!known && node.not) {
    // A negation without a word of its own is a group of one.
    const { not, ...rest } = node;
    void not;
    return newGroup('none', [toDraft(context, rest)]);
  }
  // A comparison the controls do not offer, from an address, is kept as it is until it is changed.
  draft.choice = known?.id ?? node.op;
  if (Array.isArray(node.value)) {
    const some = node.value.filter((one) => one !== null).map(textOf);
    draft.list = some;
    draft.orMissing = some.length < node.value.length;
    [draft.text = '', draft.text2 = ''] = some;
  } else draft.text = textOf(node.value);
  return draft;
}

/* ---------- to a filter ---------- */

export interface Finished {
  node: FilterNode | null;
  /** What is wrong or missing, by the id of the row. */
  problems: Map<number, string>;
}

export function fromDraft(context: DraftContext, draft: DraftNode): Finished {
  const problems = new Map<number, string>();
  return { node: finish(context, draft, problems), problems };
}

function finish(context: DraftContext, draft: DraftNode, problems: Map<number, string>): FilterNode | null {
  if (draft.kind === 'test') return finishTest(context, draft, problems);
  const items = draft.items
    .map((item) => finish(context, item, problems))
    .filter((item): item is FilterNode => item !== null);
  const kind: FilterGroup['kind'] = draft.mode === 'all' || draft.mode === 'not-all' ? 'all' : 'any';
  const not = draft.mode === 'none' || draft.mode === 'not-all';
  return { kind, items, ...(not ? { not } : {}) };
}

function finishTest(
  context: DraftContext,
  draft: DraftTest,
  problems: Map<number, string>,
): FilterTest | null {
  if (draft.field === '') return null;
  const about = describe(context, draft.field, draft.feature);
  if (!about) {
    problems.set(draft.id, `There is no ${draft.feature ? 'feature' : 'field'} “${draft.field}” here.`);
    return null;
  }
  const choice = about.choices.find((one) => one.id === draft.choice) ?? about.choices[0];
  if (!choice) return null;
  const of = {
    kind: 'test' as const,
    field: draft.field,
    ...(draft.feature ? { feature: true } : {}),
    op: choice.op,
    ...(choice.not ? { not: true } : {}),
  };
  const read = (text: string, last = false): Value | undefined => {
    const value = valueOf(about, text, last);
    if (value === undefined && text.trim() !== '') problems.set(draft.id, wrongValue(about, text));
    return value;
  };
  switch (choice.takes) {
    case 'nothing':
      return { ...of, value: choice.value ?? true };
    case 'two': {
      const [first, second] = [read(draft.text), read(draft.text2, true)];
      return first === undefined || second === undefined ? null : { ...of, value: [first, second] };
    }
    case 'list': {
      const values = draft.list.map((text) => read(text));
      if (values.includes(undefined)) return null;
      const listed = [...(values as Value[]), ...(draft.orMissing ? [null] : [])];
      return listed.length === 0 ? null : { ...of, value: listed };
    }
    default: {
      const value = choice.op === 'year' ? yearOf(draft, problems) : read(draft.text);
      return value === undefined ? null : { ...of, value };
    }
  }
}

function yearOf(draft: DraftTest, problems: Map<number, string>): Value | undefined {
  const text = draft.text.trim();
  if (/^\d{1,4}$/.test(text)) return Number(text);
  if (text !== '') problems.set(draft.id, `“${text}” is no year.`);
  return undefined;
}

const sizes: Record<string, number> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/** The typed text as a value of the field; undefined where it is none. */
export function valueOf(about: Described, text: string, last = false): Value | undefined {
  const typed = text.trim();
  const choice = about.end?.field?.choices?.find((one) => String(one.value) === typed);
  if (choice) return choice.value;
  if (about.type === 'number') {
    const unit = about.end?.field?.name === 'size' ? /^([\d.,]+)\s*([kmgt]?b)$/i.exec(typed) : null;
    // 1,000 and 1 000 are thousands as the screen writes them.
    const plain = (unit?.[1] ?? typed).replace(/(?<=\d)[, ](?=\d{3}(\D|$))/g, '');
    const value =
      plain === '' ? NaN : Number(plain) * (unit ? (sizes[(unit[2] ?? 'b').toLowerCase()] ?? 1) : 1);
    return Number.isFinite(value) ? value : undefined;
  }
  if (about.type === 'date' || about.type === 'datetime') {
    if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(typed)) return undefined;
    // A span of days ends with its last day.
    return about.type === 'datetime' && last && typed.length === 10 ? `${typed}${endOfDay}` : typed;
  }
  return text === '' ? undefined : text;
}

function wrongValue(about: Described, text: string): string {
  if (about.type === 'number') return `“${text}” is no number.`;
  if (about.type === 'date' || about.type === 'datetime') return `“${text}” is no date: write 2026-11-26.`;
  return `“${text}” cannot be compared with ${about.title}.`;
}
