// A view as R: laminr gives LaminDB's own modules through reticulate, so the calls are Python's with R's signs. Operators on
// Python objects (`&`, `|`, `!`) are reticulate's.
import { expression, signs, type Spelling } from './code-expression.ts';
import type { CodePlan, CodeValue, FeatureTest, Keyword } from './code-plan.ts';
import { text as quoted } from './code-python.ts';

export function rCode(plan: CodePlan, name: string): string {
  const { module, className } = plan;
  const alias = module === 'bionty' ? 'bt' : module === 'lamindb' ? 'ln' : module;
  const registry = `${alias}$${className}`;
  const head = ['library(laminr)', '', 'ln <- import_module("lamindb")'];
  if (module !== 'lamindb') head.push(`${alias} <- import_module("${module}")`);
  const filter = ({ expressions, keywords }: CodePlan['calls'][number]) =>
    `$filter(${[...expressions.map((one) => expression(one, registry, spelling)), argumentsOf(keywords)].filter(Boolean).join(', ')})`;
  const chain = plan.calls.map(filter);
  if (plan.distinct) chain.push('$distinct()');
  chain.push(`$order_by(${plan.order.map(text).join(', ')})`);
  return `${[...head, '', `${name} <- ${registry}${chain.join('')}`, frame(plan, name)].join('\n')}\n`;
}

function frame(plan: CodePlan, name: string): string {
  const parts: string[] = [];
  if (plan.include) parts.push(`include = ${r(plan.include)}`);
  if (plan.features.length > 0) parts.push(`features = ${r(plan.features)}`);
  parts.push('limit = NULL');
  const call = `${name}$to_dataframe(${parts.join(', ')})`;
  if (!plan.sort) return call;
  const { feature, descending } = plan.sort;
  return [
    `df <- ${call}`,
    `df[order(df[[${text(feature)}]], decreasing = ${r(descending)}, na.last = ${r(descending)}), ]`,
  ].join('\n');
}

const spelling: Spelling = {
  dot: '$',
  is: ' = ',
  // R binds `!` looser than `&` and `|`.
  not: (item) => `(!${item})`,
  argumentsOf: (keywords) => argumentsOf(keywords),
  predicate,
};

function predicate({ name, op, value }: FeatureTest): string {
  const feature = `ln$Feature$get(name = ${text(name)})`;
  if (op === 'isnull') return `${feature}$is_null(${r(value)})`;
  const sign = signs[op];
  if (sign) return `${feature} ${sign} ${r(value)}`;
  return `import_module("lamindb.models.feature")$FeaturePredicate(${feature}, "__${op}", ${r(value)})`;
}

const argumentsOf = (keywords: readonly Keyword[]): string =>
  keywords.map(([name, value]) => `${nameOf(name)} = ${r(value)}`).join(', ');

/** Names that are none in R stand in back-ticks. */
const nameOf = (name: string): string =>
  /^[A-Za-z][\w.]*$/.test(name) && !reserved.has(name)
    ? name
    : `\`${name.replace(/[\\`]/g, (sign) => `\\${sign}`)}\``;
const reserved = new Set(
  'if else repeat while function for next break TRUE FALSE NULL Inf NaN NA in'.split(' '),
);

function r(value: CodeValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'number') {
    // Whole numbers go over as such, as far as R has them.
    return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? `${value}L` : String(value);
  }
  if (typeof value === 'string') return text(value);
  // A vector of one would go over as its only value.
  if (Array.isArray(value)) return `list(${value.map(r).join(', ')})`;
  if ('float' in value && typeof value.float === 'number') return String(value.float);
  return text(JSON.stringify(value));
}

/** R knows Python's escapes, apart from that of a slash, which JSON never writes. */
const text = (value: string): string => quoted(value);
