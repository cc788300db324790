// A view as the query of an address, readable and short: what is searched, filtered, shown and sorted. Back, sharing and
// bookmarks work by it. Anything can stand in an address, so reading answers with a view or with what is wrong, in words.
//
//   where=kind:is:dataset,any(size:gt:1000,@temperature:lte:21.5),!ulabels__name:in:(a,'T cell',null)
//   q=words  cols=key,size,@temperature  sort=-size  trash  versions
import type { FilterGroup, FilterNode, FilterTest, TestOp, View } from '../workers/wire.ts';

type Value = FilterTest['value'];

/** Words of the address for the look-ups of the query language. */
const words: Record<Exclude<TestOp, 'isnull'>, string> = {
  exact: 'is',
  in: 'in',
  icontains: 'has',
  istartswith: 'starts',
  iendswith: 'ends',
  regex: 'matches',
  gt: 'gt',
  gte: 'gte',
  lt: 'lt',
  lte: 'lte',
  range: 'between',
  date: 'on',
  year: 'year',
  within: 'within',
};
const ops = new Map(Object.entries(words).map(([op, word]) => [word, op as TestOp]));

export function emptyView(registry: string): View {
  return {
    registry,
    filter: { kind: 'all', items: [] },
    search: '',
    columns: null,
    order: null,
    trash: false,
    versions: false,
  };
}

/** The view that an address asks for. With a problem the view is what could be read. */
export function readView(registry: string, params: URLSearchParams): { view: View; problem: string | null } {
  const view = emptyView(registry);
  view.search = (params.get('q') ?? '').slice(0, 500);
  view.trash = params.has('trash');
  view.versions = params.has('versions');
  const sort = params.get('sort');
  if (sort) view.order = { by: sort.replace(/^-/, ''), descending: sort.startsWith('-') };
  try {
    const columns = params.get('cols');
    if (columns) view.columns = createReader(columns).names();
    const where = params.get('where');
    if (where) view.filter = { kind: 'all', items: createReader(where).nodes() };
    return { view, problem: null };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    return { view, problem: error.message };
  }
}

/** `?where=…&sort=…`, or nothing for a plain view. */
export function viewQuery(view: View): string {
  const parts: string[] = [];
  const add = (name: string, value: string) => parts.push(`${name}=${encode(value)}`);
  const { filter, columns, order } = view;
  const plain = filter.kind === 'all' && !filter.not;
  const items = plain ? filter.items : [filter];
  if (items.some((item) => item.kind === 'test' || item.items.length > 0))
    add('where', items.map(writeNode).join(','));
  if (view.search) add('q', view.search);
  if (columns) add('cols', columns.map(writeColumn).join(','));
  if (order) add('sort', `${order.descending ? '-' : ''}${order.by}`);
  if (view.trash) parts.push('trash');
  if (view.versions) parts.push('versions');
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

/** The same for the dashboard of the list; reading a view leaves the word alone. */
export const dashboardQuery = (view: View): string => {
  const query = viewQuery(view);
  return `${query === '' ? '?' : `${query}&`}dashboard`;
};

/** Signs that may stand in a query stay as they are, so that a person can read it. */
const encode = (text: string): string =>
  encodeURIComponent(text)
    .replace(/%(2C|3A|40|2F)/g, (code) => decodeURIComponent(code))
    .replace(/%20/g, '+');

/** A condition as the address writes it: two that ask the same in the same order read the same. */
export function writeNode(node: FilterNode): string {
  const not = node.not ? '!' : '';
  if (node.kind !== 'test') return `${not}${node.kind}(${node.items.map(writeNode).join(',')})`;
  const name = `${node.feature ? '@' : ''}${writeText(node.field)}`;
  if (node.op === 'isnull') return `${not}${name}:${node.value === false ? 'some' : 'none'}`;
  return `${not}${name}:${words[node.op]}:${writeValue(node.value)}`;
}

const writeColumn = (name: string): string =>
  name.startsWith('@') ? `@${writeText(name.slice(1))}` : writeText(name);

function writeValue(value: Value): string {
  if (Array.isArray(value)) return `(${value.map(writeValue).join(',')})`;
  if (typeof value === 'string') return writeText(value);
  return JSON.stringify(value);
}

const bare = /^[\p{L}\p{N}_.\-/+*%$€#~][\p{L}\p{N}_.\-/+*%$€#~ ]*$/u;
const looksTyped = (text: string): boolean =>
  /^(true|false|null)$/.test(text) || /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text);

function writeText(text: string): string {
  if (bare.test(text) && !looksTyped(text) && text.trim() === text) return text;
  return `'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`;
}

/* ---------- reading ---------- */

class AddressError extends Error {}

const maxDepth = 20;

function createReader(text: string) {
  let at = 0;

  function fail(what: string): never {
    const here = text.slice(at, at + 20);
    throw new AddressError(
      `The filter in this address could not be read: ${what} is missing ${here ? `before “${here}”` : 'at its end'}.`,
    );
  }
  const take = (sign: string): boolean => text.startsWith(sign, at) && (at += sign.length) > 0;
  const need = (sign: string, what = `“${sign}”`): void => void (take(sign) || fail(what));

  function quoted(): string {
    let out = '';
    while (at < text.length && text[at] !== "'") {
      if (text[at] === '\\') at += 1;
      out += text[at] ?? '';
      at += 1;
    }
    need("'", 'the closing quote');
    return out;
  }

  /** A text up to the next sign that ends it. */
  function token(): { text: string; quoted: boolean } {
    if (take("'")) return { text: quoted(), quoted: true };
    const found = /^[^,:()'!]*/.exec(text.slice(at))?.[0] ?? '';
    if (found === '') fail('a name or value');
    at += found.length;
    return { text: found, quoted: false };
  }

  function value(): Value {
    if (take('(')) {
      const list: Value[] = [];
      if (take(')')) return list;
      do list.push(value());
      while (take(','));
      need(')');
      return list;
    }
    const found = token();
    // Times have colons of their own.
    while (!found.quoted && text[at] === ':') {
      at += 1;
      found.text += `:${token().text}`;
    }
    return found.quoted || !looksTyped(found.text) ? found.text : (JSON.parse(found.text) as Value);
  }

  function test(not: boolean): FilterTest {
    const feature = take('@');
    const field = token().text;
    need(':', `a comparison for “${field.slice(0, 40)}”`);
    const { text: word } = token();
    const of = { kind: 'test' as const, field, ...(feature ? { feature } : {}), ...(not ? { not } : {}) };
    if (word === 'none' || word === 'some') return { ...of, op: 'isnull', value: word === 'none' };
    const op = ops.get(word);
    if (!op) {
      throw new AddressError(
        `The filter in this address could not be read: “${word.slice(0, 40)}” is no comparison. Known are ${[...ops.keys()].join(', ')}, none and some.`,
      );
    }
    need(':', `a value for “${field.slice(0, 40)}”`);
    return { ...of, op, value: value() };
  }

  function node(depth: number): FilterNode {
    if (depth > maxDepth) throw new AddressError('The filter in this address is nested too deep to be read.');
    const not = take('!');
    const kind = /^(any|all)\(/.exec(text.slice(at))?.[1] as FilterGroup['kind'] | undefined;
    if (!kind) return test(not);
    at += kind.length + 1;
    const items: FilterNode[] = [];
    if (!take(')')) {
      do items.push(node(depth + 1));
      while (take(','));
      need(')');
    }
    return { kind, items, ...(not ? { not } : {}) };
  }

  const ended = <T>(found: T): T => (at === text.length ? found : fail('a comma'));
  return {
    nodes(): FilterNode[] {
      const items: FilterNode[] = [];
      do items.push(node(0));
      while (take(','));
      return ended(items);
    },
    names(): string[] {
      const names: string[] = [];
      do {
        const feature = take('@');
        names.push(`${feature ? '@' : ''}${token().text}`);
      } while (take(','));
      return ended(names);
    },
  };
}
