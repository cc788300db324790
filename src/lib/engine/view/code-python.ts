// A view as Python that runs in lamindb and gives the same rows in the same order.
import { expression, signs, type Spelling } from './code-expression.ts';
import type { CodePlan, CodeValue, FeatureTest, Keyword } from './code-plan.ts';

export function pythonCode(plan: CodePlan, name: string): string {
  const { module, className } = plan;
  const alias = module === 'bionty' ? 'bt' : module;
  const registry = module === 'lamindb' ? `ln.${className}` : `${alias}.${className}`;
  const imports = ['import lamindb as ln'];
  if (module === 'bionty') imports.push('import bionty as bt');
  else if (module !== 'lamindb') imports.push(`import ${module}`);
  const filter = ({ expressions, keywords }: CodePlan['calls'][number]) =>
    `.filter(${[...expressions.map((one) => expression(one, registry, spelling)), argumentsOf(keywords)].filter(Boolean).join(', ')})`;
  const chain = plan.calls.map(filter);
  if (plan.distinct) chain.push('.distinct()');
  chain.push(`.order_by(${plan.order.map(text).join(', ')})`);
  const [first = '', ...rest] = chain;
  const query = [`${name} = (`, `    ${registry}${first}`, ...rest.map((call) => `    ${call}`), ')'];
  if (query.some((line) => line.includes('FeaturePredicate(')))
    imports.push('from lamindb.models.feature import FeaturePredicate');
  return `${[...imports, '', ...query, frame(plan, name)].join('\n')}\n`;
}

function frame(plan: CodePlan, name: string): string {
  const parts: string[] = [];
  if (plan.include) parts.push(`include=${list(plan.include)}`);
  if (plan.features.length > 0) parts.push(`features=${list(plan.features)}`);
  parts.push('limit=None');
  const call = `${name}.to_dataframe(${parts.join(', ')})`;
  if (!plan.sort) return call;
  const { feature, descending } = plan.sort;
  return `${call}.sort_values(\n    ${text(feature)}, ascending=${python(!descending)}, na_position="${descending ? 'last' : 'first'}", kind="stable"\n)`;
}

const spelling: Spelling = { dot: '.', is: '=', not: (item) => `~${item}`, argumentsOf, predicate };

function predicate({ name, op, value }: FeatureTest): string {
  const feature = `ln.Feature.get(name=${text(name)})`;
  if (op === 'isnull') return `${feature}.is_null(${python(value)})`;
  const sign = signs[op];
  return sign
    ? `${feature} ${sign} ${python(value)}`
    : `FeaturePredicate(${feature}, "__${op}", ${python(value)})`;
}

const isIdentifier = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name) && !reserved.has(name);
const reserved = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/** Names that are none in Python (a feature called "cell count") are given as a dictionary. */
function argumentsOf(keywords: readonly Keyword[]): string {
  const plain = keywords.filter(([name]) => isIdentifier(name));
  const others = keywords.filter(([name]) => !isIdentifier(name));
  const parts = plain.map(([name, value]) => `${name}=${python(value)}`);
  if (others.length > 0)
    parts.push(`**{${others.map(([name, value]) => `${text(name)}: ${python(value)}`).join(', ')}}`);
  return parts.join(', ');
}

const list = (names: readonly string[]): string => `[${names.map(text).join(', ')}]`;

export function python(value: CodeValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if ('float' in value && typeof value.float === 'number') {
    const plain = number(value.float);
    return /[.e]/.test(plain) ? plain : `${plain}.0`;
  }
  return JSON.stringify(value);
}

/** 1e+21 is no whole number in JavaScript's spelling; Python reads both. */
const number = (value: number): string =>
  Number.isSafeInteger(value) ? String(value) : String(value).replace('e+', 'e');

/** A text in double quotes, as Python reads it: JSON's escapes, and lone surrogates written out. */
export function text(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
