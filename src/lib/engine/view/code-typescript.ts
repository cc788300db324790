// A view as TypeScript over Loam's own `ln`, in the same calls as Python's; conditions are the plain objects of the query
// language.
import type { CodePlan, CodeValue, Expression, Keyword } from './code-plan.ts';

export function typescriptCode(plan: CodePlan, name: string): string {
  const registry = plan.module === 'lamindb' ? `ln.${plan.className}` : `ln.${plan.registry}`;
  const filters = plan.calls.map(({ expressions, keywords }) => {
    const parts = expressions.map((one) => expression(one, plan.registry));
    if (parts.length === 0) return `.filter(${lookups(keywords)})`;
    if (keywords.length > 0) parts.unshift(lookups(keywords));
    return `.filter(${parts.length === 1 ? parts[0] : `{ $and: [${parts.join(', ')}] }`})`;
  });
  const chain = [...filters];
  if (plan.distinct) chain.push('.distinct()');
  chain.push(`.orderBy(${plan.order.map(text).join(', ')})`);
  const parts: string[] = [];
  if (plan.include) parts.push(`include: ${ts(plan.include)}`);
  if (plan.features.length > 0) parts.push(`features: ${ts(plan.features)}`);
  chain.push(`.toDataFrame(${parts.length > 0 ? `{ ${parts.join(', ')} }` : ''})`);
  const asked = [`await ${registry}`, ...chain.map((call) => `  ${call}`)].join('\n');
  if (!plan.sort) return `const ${name} = ${asked};\n`;
  // Ordering the query by a feature would leave out the rows that have no value of it.
  const { feature, descending } = plan.sort;
  const how = `{ ascending: ${String(!descending)}, naPosition: ${text(descending ? 'last' : 'first')} }`;
  return `const frame = ${asked};\nconst ${name} = frame.sortValues(${text(feature)}, ${how});\n`;
}

function expression(of: Expression, registry: string): string {
  switch (of.kind) {
    case 'keywords':
      return lookups(of.keywords);
    case 'among':
      return `{ id__in: { $query: { registry: ${text(registry)}, filters: [${lookups(withFeature(of))}] } } }`;
    case 'not':
      return `{ $not: ${expression(of.item, registry)} }`;
    default:
      return `{ $${of.kind === 'all' ? 'and' : 'or'}: [${of.items.map((item) => expression(item, registry)).join(', ')}] }`;
  }
}

/** Fields and features may stand side by side here. */
const withFeature = ({ keywords, feature }: Extract<Expression, { kind: 'among' }>): Keyword[] =>
  feature
    ? [...keywords, [feature.op === 'exact' ? feature.name : `${feature.name}__${feature.op}`, feature.value]]
    : keywords;

const lookups = (keywords: readonly Keyword[]): string =>
  keywords.length === 0
    ? ''
    : `{ ${keywords.map(([name, value]) => `${key(name)}: ${ts(value)}`).join(', ')} }`;

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name));

function ts(value: CodeValue): string {
  if (Array.isArray(value)) return `[${value.map(ts).join(', ')}]`;
  if (typeof value === 'string') return text(value);
  if (value !== null && typeof value === 'object' && 'float' in value)
    return `{ $float: ${String(value.float)} }`;
  return JSON.stringify(value);
}

const text = (value: string): string =>
  `'${JSON.stringify(value).slice(1, -1).replace(/\\"/g, '"').replace(/'/g, "\\'")}'`;
