// Conditions as a sentence: "content is AnnData and (size over 1 MB or a label is a)". The builder, the chips above a list
// and the title of a saved view all use these words.
import type { FilterNode, FilterTest, RegistryInfo } from '../workers/wire.ts';
import { choiceOf, endOf, featureOpChoices, opChoices, type FieldEnd } from './filter-fields.ts';
import { bytes, count, dayWords } from './words.ts';

export interface FilterWords {
  registries: readonly RegistryInfo[];
  registry: RegistryInfo;
}

const negated: Partial<Record<FilterTest['op'], string>> = {
  exact: 'is not',
  in: 'is none of',
  icontains: 'does not contain',
};
const plain: Record<FilterTest['op'], string> = {
  exact: 'is',
  in: 'is one of',
  icontains: 'contains',
  istartswith: 'starts with',
  iendswith: 'ends with',
  regex: 'matches',
  gt: 'over',
  gte: 'at least',
  lt: 'under',
  lte: 'at most',
  range: 'between',
  date: 'on',
  year: 'in',
  within: 'is or is below',
  isnull: 'is missing',
};

export function nodeWords(words: FilterWords, node: FilterNode, inner = false): string {
  if (node.kind === 'test') return testWords(words, node, inner);
  const [only] = node.items;
  // A group around one thing says nothing of its own; around it a negation is that thing's.
  if (only && node.items.length === 1) return nodeWords(words, node.not ? opposite(only) : only, inner);
  const parts = node.items.map((item) => nodeWords(words, item, true));
  if (node.not && node.kind === 'any') {
    const joined = `neither ${parts.join(' nor ')}`;
    return inner ? `(${joined})` : joined;
  }
  const joined = parts.join(node.kind === 'all' ? ' and ' : ' or ');
  if (node.not) return `not (${joined})`;
  return inner && parts.length > 1 ? `(${joined})` : joined;
}

const opposite = <N extends FilterNode>(node: N): N => ({ ...node, not: !node.not });

function testWords(words: FilterWords, test: FilterTest, inner: boolean): string {
  const end = test.feature ? null : endOf(words.registries, words.registry, test.field);
  const title = test.feature ? test.field : (end?.title ?? test.field.replaceAll('__', ' '));
  const choices = end ? opChoices(end) : test.feature ? featureOpChoices('') : [];
  const { value } = test;
  const not = test.not ?? false;
  if (test.op === 'isnull') return `${title} ${(value === false) === not ? 'is missing' : 'is there'}`;
  if (test.op === 'in' && Array.isArray(value)) {
    const list = value.map((one) => (one === null ? 'missing' : valueWords(one, end)));
    if (list.length === 0) return `${title} is one of nothing`;
    // Alone, values are joined by "or"; among other conditions that would read as one more of them.
    if (inner && list.length > 1) return `${title} is ${not ? 'none' : 'one'} of ${list.join(', ')}`;
    return `${title} ${not ? 'is not' : 'is'} ${list.join(not ? ' nor ' : ' or ')}`;
  }
  const known = choiceOf(test, choices);
  if (known?.takes === 'nothing') return `${title} ${known.words}`;
  const op = known?.words ?? (not ? (negated[test.op] ?? `not ${plain[test.op]}`) : plain[test.op]);
  if (test.op === 'range' && Array.isArray(value))
    return `${title} ${op} ${value.map((one) => valueWords(one, end)).join(' and ')}`;
  return `${title} ${op} ${valueWords(value, end)}`;
}

export function valueWords(value: FilterTest['value'], end: FieldEnd | null): string {
  if (value === null) return 'missing';
  const choice = end?.field?.choices?.find((one) => one.value === value);
  if (choice) return choice.title;
  if (typeof value === 'number') return end?.field?.name === 'size' ? bytes(value) : count(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') {
    if (end?.type === 'datetime' || end?.type === 'date') return dayWords(value);
    // A text with spaces is told apart from the words around it.
    return value === '' || /\s/.test(value) ? `“${value}”` : value;
  }
  return JSON.stringify(value);
}
