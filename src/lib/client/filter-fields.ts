// Fields as conditions and columns name them: where a chain such as `run__transform__key` leads, what it is called, what its
// values are, and which comparisons make sense for them. Works on what the engine tells about its registries.
import type { FieldInfo, FilterTest, RegistryInfo, TestOp } from '../workers/wire.ts';

export type ValueType = FieldInfo['type'] | 'relation';

export interface FieldEnd {
  /** "run transform": as people read the chain. */
  title: string;
  type: ValueType;
  /** Only the column at the end; null where the chain ends with rows. */
  field: FieldInfo | null;
  /** Registry of the last field. */
  registry: RegistryInfo;
  /** A row may have several. */
  many: boolean;
  /** Registry of the rows that a chain ends at. */
  target: string | null;
}

type Registries = readonly RegistryInfo[];

/** Null for a chain that leads nowhere. */
export function endOf(registries: Registries, registry: RegistryInfo, path: string): FieldEnd | null {
  let here = registry;
  let many = false;
  const words: string[] = [];
  const names = path.split('__');
  for (const [i, name] of names.entries()) {
    const last = i === names.length - 1;
    const field = here.fields.find((one) => one.name === name);
    const relation = field ? undefined : here.relations.find((one) => one.name === name);
    if (!field && !relation) return null;
    many ||= relation?.many ?? false;
    const target = relation?.target ?? field?.target ?? null;
    if (target === null) {
      const plain = here.nameField === name && i > 0;
      if (!plain) words.push(field?.title ?? name);
      // Behind JSON its keys may follow.
      const keys = field?.type === 'json' ? names.slice(i + 1) : [];
      if (!last && keys.length === 0) return null;
      return {
        title: [...words, ...keys].join(' '),
        type: keys.length > 0 ? 'text' : (field?.type ?? 'text'),
        field: field ?? null,
        registry: here,
        many,
        target: null,
      };
    }
    // "run transform" says no more than "transform".
    const next = here.name === 'Run' ? undefined : names[i + 1];
    const leads =
      name === 'run' &&
      registries.find((info) => info.name === 'Run')?.fields.some((one) => one.name === next && one.target);
    if (!leads) words.push(field?.title ?? relation?.title ?? name);
    if (last) {
      return {
        title: words.join(' '),
        type: field ? 'reference' : 'relation',
        field: field ?? null,
        registry: here,
        many,
        target,
      };
    }
    const there = registries.find((info) => info.name === target);
    if (!there) return null;
    here = there;
  }
  return null;
}

/** What a comparison is called; the same word may stand for several, by the type of the value. */
export interface OpChoice {
  id: string;
  op: TestOp;
  not: boolean;
  words: string;
  /** What is asked for beside the field. */
  takes: 'one' | 'two' | 'list' | 'nothing';
  /** Given where nothing is asked for. */
  value?: FilterTest['value'];
}

const choice = (
  id: string,
  op: TestOp,
  words: string,
  takes: OpChoice['takes'] = 'one',
  more: Partial<OpChoice> = {},
): OpChoice => ({ id, op, not: false, words, takes, ...more });

const has = [
  choice('some', 'isnull', 'is there', 'nothing', { value: false }),
  choice('none', 'isnull', 'is missing', 'nothing', { value: true }),
];
const listed = [
  choice('in', 'in', 'is one of', 'list'),
  choice('not-in', 'in', 'is none of', 'list', { not: true }),
];
const texts = [
  choice('is', 'exact', 'is'),
  choice('is-not', 'exact', 'is not', 'one', { not: true }),
  choice('has', 'icontains', 'contains'),
  choice('has-not', 'icontains', 'does not contain', 'one', { not: true }),
  choice('starts', 'istartswith', 'starts with'),
  choice('ends', 'iendswith', 'ends with'),
  ...listed,
  choice('matches', 'regex', 'matches the pattern'),
  ...has,
];
const numbers = [
  choice('is', 'exact', 'is'),
  choice('is-not', 'exact', 'is not', 'one', { not: true }),
  choice('gt', 'gt', 'over'),
  choice('gte', 'gte', 'at least'),
  choice('lt', 'lt', 'under'),
  choice('lte', 'lte', 'at most'),
  choice('between', 'range', 'between', 'two'),
  ...listed,
  ...has,
];
const times = [
  choice('after', 'gte', 'from'),
  choice('before', 'lt', 'before'),
  choice('between', 'range', 'between', 'two'),
  choice('on', 'date', 'on the day'),
  choice('year', 'year', 'in the year'),
  ...has,
];
const dates = [
  choice('is', 'exact', 'on the day'),
  choice('after', 'gte', 'from'),
  choice('before', 'lt', 'before'),
  choice('between', 'range', 'between', 'two'),
  choice('year', 'year', 'in the year'),
  ...has,
];
const truths = [
  choice('yes', 'exact', 'is yes', 'nothing', { value: true }),
  choice('no', 'exact', 'is no', 'nothing', { value: false }),
  ...has,
];
const codes = [
  choice('is', 'exact', 'is'),
  choice('is-not', 'exact', 'is not', 'one', { not: true }),
  ...listed,
];
const json = [choice('has', 'icontains', 'contains'), ...has];

export function opChoices(end: FieldEnd): OpChoice[] {
  if (end.field?.choices && end.type !== 'text') return codes;
  switch (end.type) {
    case 'number':
      return numbers;
    case 'bool':
      return truths;
    case 'datetime':
      return times;
    case 'date':
      return dates;
    case 'json':
      return json;
    case 'reference':
    case 'relation':
      return has;
    default:
      return below(end)
        ? [...texts.slice(0, 1), choice('within', 'within', 'is or is below'), ...texts.slice(1)]
        : texts;
  }
}

/** What names a row of a registry with parents: then rows below it can be meant too. */
const below = ({ registry, field }: FieldEnd): boolean =>
  registry.hasParents && field !== null && [registry.nameField, 'ontology_id', 'uid'].includes(field.name);

/** By the dtype of a feature. */
export function featureOpChoices(dtype: string): OpChoice[] {
  const inner = /^list\[(.*)\]$/.exec(dtype)?.[1] ?? dtype;
  if (/^cat/.test(inner))
    return [
      choice('is', 'exact', 'is'),
      choice('is-not', 'exact', 'is not', 'one', { not: true }),
      choice('has', 'icontains', 'contains'),
      ...listed,
      ...has,
    ];
  if (dtype !== inner || inner === 'dict' || inner === 'object') return json;
  if (/^(int|float|num)$/.test(inner)) return numbers;
  if (inner === 'bool') return truths;
  if (/^date/.test(inner))
    return [
      choice('is', 'exact', 'is'),
      choice('after', 'gte', 'from'),
      choice('before', 'lt', 'before'),
      choice('between', 'range', 'between', 'two'),
      ...has,
    ];
  return [
    choice('is', 'exact', 'is'),
    choice('is-not', 'exact', 'is not', 'one', { not: true }),
    choice('has', 'icontains', 'contains'),
    choice('has-not', 'icontains', 'does not contain', 'one', { not: true }),
    ...listed,
    ...has,
  ];
}

export function featureType(dtype: string): ValueType {
  if (/^(int|float|num)$/.test(dtype)) return 'number';
  if (dtype === 'bool') return 'bool';
  if (/^datetime/.test(dtype)) return 'datetime';
  return dtype === 'date' ? 'date' : 'text';
}

/** The choice a test stands for: what its comparison, its negation and, where it is part of the choice, its value are. */
export function choiceOf(test: FilterTest, choices: readonly OpChoice[]): OpChoice | undefined {
  const not = test.not ?? false;
  return choices.find(
    (one) => one.op === test.op && one.not === not && (one.takes !== 'nothing' || one.value === test.value),
  );
}
