// Parameters of a statement as the page knows them: which `$name`s it holds, what each is, what it is where nobody says. What
// a parameter is can be written above the statement, and travels with it:
//   -- $tissue: label = "lung"      -- $cutoff: number = 5      -- $donors: text[] = ["a", "b"]
import { LoamError } from '../engine/errors.ts';
import type { ParamValue } from '../engine/ports.ts';
import {
  sqliteValue,
  valueTypes,
  type ParameterValue,
  type ParameterValues,
  type ValueType,
} from '../statements/parameter-values.ts';
import { readsFiles } from './file-statements.ts';

/** Types of values, and what else a text can be the name of. */
export const PARAMETER_TYPES = [...valueTypes, 'artifact', 'collection', 'view', 'label', 'feature'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

export interface Parameter {
  name: string;
  type: ParameterType;
  list: boolean;
  /** Whose values are offered, where the type is `feature`. */
  feature: string | null;
  /** What it is where nobody gives a value; `null` in `texts` stands for NULL, no default for none. */
  fallback: { texts: string[] | null } | null;
  /** Written above the statement. */
  declared: boolean;
}

/** What is given, by name: one text, or those of a list. */
export type GivenValues = Readonly<Record<string, readonly string[]>>;

const declaration =
  /^[ \t]*--[ \t]*\$([\p{L}_][\p{L}\p{N}_]*)[ \t]*:[ \t]*(\w+)(?:\("((?:[^"\\]|\\.)*)"\))?(\[\])?(?:[ \t]*=[ \t]*(.+?))?[ \t]*$/gmu;

/* ---------- signs of a statement ---------- */

/** Both engines' texts, names and comments; where they differ, `readsFiles` tells whose the statement is. */
const sqlitePiece =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|\s+|\$?[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|[\s\S]/gu;
const duckdbPiece =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\b[eE]'(?:[^'\\]|''|\\[\s\S])*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|\$(\w*)\$[\s\S]*?\$\1\$|\s+|\$[\p{L}_][\p{L}\p{N}_]*|[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|[\s\S]/gu;

interface Sign {
  text: string;
  from: number;
}

function signsOf(sql: string): Sign[] {
  const piece = readsFiles(sql) ? duckdbPiece : sqlitePiece;
  return [...sql.matchAll(piece)]
    .map(({ 0: text, index: from }) => ({ text, from }))
    .filter(({ text }) => !/^(?:\s|--|\/\*)/.test(text));
}

const isParameter = ({ text }: Sign): boolean => /^\$[\p{L}_][\p{L}\p{N}_]*$/u.test(text);

/* ---------- what they are ---------- */

/** Parameters of a statement, in order, as they are declared in `text` (the whole of the editor) or else look. */
export function parametersIn(sql: string, text = sql): Parameter[] {
  const declared = new Map(declarationsIn(text).map((one) => [one.name, one]));
  const found = new Map<string, Parameter>();
  const signs = signsOf(sql);
  signs.forEach((sign, at) => {
    const name = sign.text.slice(1);
    if (isParameter(sign) && !found.has(name)) found.set(name, declared.get(name) ?? seen(name, signs, at));
  });
  return [...found.values()];
}

export function declarationsIn(text: string): Parameter[] {
  return [...text.matchAll(declaration)].flatMap(([, name = '', type = '', feature, list, fallback]) => {
    if (!(PARAMETER_TYPES as readonly string[]).includes(type)) return [];
    return [
      {
        name,
        type: type as ParameterType,
        list: list !== undefined,
        feature: feature === undefined ? null : ((parsed(`"${feature}"`) as string | undefined) ?? null),
        fallback: fallbackOf(fallback, list !== undefined),
        declared: true,
      },
    ];
  });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

function fallbackOf(json: string | undefined, list: boolean): Parameter['fallback'] {
  const value = json === undefined ? undefined : parsed(json);
  if (value === undefined) return null;
  if (value === null) return { texts: null };
  const texts = (Array.isArray(value) ? value : [value]).map((one) =>
    typeof one === 'string' ? one : JSON.stringify(one),
  );
  return list || texts.length === 1 ? { texts } : null;
}

/** By where it stands; a text where nothing tells. */
function seen(name: string, signs: readonly Sign[], at: number): Parameter {
  const as = (type: ParameterType, list = false, feature: string | null = null): Parameter => ({
    name,
    type,
    list,
    feature,
    fallback: null,
    declared: false,
  });
  const back = (by: number) => signs[at - by]?.text.toLowerCase() ?? '';
  const before = back(1);
  if (before === 'limit' || before === 'offset') return as('number');
  const call = before === '(' || before === '[' || before === ',' ? callAround(signs, at) : null;
  if (call === 'artifact') return as('artifact', back(1) === '(' && name.endsWith('s'));
  if (call === 'collection') return as('collection');
  if (call === 'artifacts') return as('view');
  if (call === 'list_contains' && back(2) === 'artifact_labels') return as('label');
  const isList = before === 'in' || (before === '(' && back(2) === 'in');
  const column = isList
    ? back(before === 'in' ? 2 : 3)
    : /^[=<>]$/.test(before)
      ? back(/^[=<>!]$/.test(back(2)) ? 3 : 2)
      : '';
  const feature = /^"?artifact_(.+?)"?$/.exec(column)?.[1];
  if (feature !== undefined && !['uid', 'key', 'description', 'created_at'].includes(feature))
    return as('feature', isList, feature);
  if (column === 'artifact_key') return as('artifact', isList);
  if (column === 'artifact_created_at') return as('timestamp', isList);
  if (isList) return as('text', true);
  if (/^[-+*/%]$/.test(before)) return as('number');
  const cast = signs.slice(at + 1, at + 4).map(({ text }) => text.toLowerCase());
  const to = cast[0] === ':' && cast[1] === ':' ? cast[2] : cast[0] === 'as' ? cast[1] : undefined;
  if (to === 'date' || to === 'timestamp' || to === 'boolean') return as(to);
  if (
    to !== undefined &&
    /^(?:u?(?:big|small|tiny|huge)?int(?:eger)?|double|float|real|decimal|numeric)/.test(to)
  )
    return as('number');
  return as('text');
}

/** The function in whose arguments the sign stands. */
function callAround(signs: readonly Sign[], at: number): string | null {
  let depth = 0;
  for (let i = at - 1; i > 0; i--) {
    const text = signs[i]?.text;
    if (text === ')') depth++;
    if (text === '(' && depth-- === 0) return signs[i - 1]?.text.toLowerCase() ?? null;
  }
  return null;
}

/* ---------- declaring ---------- */

const typeText = ({ type, list, feature }: Parameter): string =>
  `${type}${type === 'feature' && feature !== null ? `(${inOneLine(feature)})` : ''}${list ? '[]' : ''}`;

/** JSON leaves two signs as they are that end a line for others. */
const inOneLine = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);

const line = (parameter: Parameter): string => {
  const { name, type, list, fallback } = parameter;
  const plain = (text: string): unknown =>
    type === 'number' && Number.isFinite(Number(text)) && String(Number(text)) === text
      ? Number(text)
      : type === 'boolean'
        ? text === 'true'
        : text;
  const value =
    fallback === null
      ? undefined
      : fallback.texts === null
        ? null
        : list
          ? fallback.texts.map(plain)
          : plain(fallback.texts[0] ?? '');
  return `-- $${name}: ${typeText(parameter)}${value === undefined ? '' : ` = ${inOneLine(value)}`}`;
};

/** The text with these parameters declared: lines that are there are changed in place, others come above. */
export function declare(text: string, parameters: readonly Parameter[]): string {
  const left = new Map(parameters.map((one) => [one.name, one]));
  const changed = text.replace(declaration, (written: string, name: string) => {
    const one = left.get(name);
    left.delete(name);
    return one ? line(one) : written;
  });
  const above = [...left.values()].map((one) => `${line(one)}\n`).join('');
  return above + changed;
}

/* ---------- values ---------- */

/** LaminDB's names are texts to a statement. */
const valueType = (type: ParameterType): ValueType =>
  (valueTypes as readonly string[]).includes(type) ? (type as ValueType) : 'text';

/** What each parameter is: given, or by default. Throws `ValueError` (details: parameter) where one has no value. */
export function valuesOf(parameters: readonly Parameter[], given: GivenValues): ParameterValues {
  return Object.fromEntries(
    parameters.map(({ name, type, list, fallback }): [string, ParameterValue] => {
      const own = Object.hasOwn(given, name) ? given[name] : undefined;
      const some = own?.filter((text) => text !== '' || type === 'text') ?? [];
      const typed =
        own !== undefined &&
        some.length > 0 &&
        !(own.length === 1 && own[0] === '' && fallback?.texts === null);
      if (!typed && !fallback)
        throw new LoamError('ValueError', `Give a value for $${name}.`, { parameter: name });
      const texts = typed ? some : (fallback?.texts ?? null);
      return [name, { type: valueType(type), list, texts }];
    }),
  );
}

/** The statement and its values as SQLite takes them: a list behind IN is asked for row by row. */
export function forSqlite(
  sql: string,
  values: ParameterValues,
): { sql: string; params: Record<string, ParamValue>; back: (offset: number) => number } {
  const params = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, sqliteValue(name, value)]),
  );
  const signs = signsOf(sql);
  const shifts: { at: number; from: number; by: number }[] = [];
  let out = '';
  let at = 0;
  signs.forEach((sign, i) => {
    const name = sign.text.slice(1);
    if (!isParameter(sign) || values[name]?.list !== true) return;
    const before = (by: number) => signs[i - by]?.text.toLowerCase();
    const bare = before(1) === 'in';
    if (!bare && !(before(1) === '(' && before(2) === 'in')) return;
    const asked = `SELECT value FROM json_each($${name})`;
    out += sql.slice(at, sign.from);
    const put = bare ? `(${asked})` : asked;
    shifts.push({ at: out.length, from: sign.from, by: put.length - sign.text.length });
    out += put;
    at = sign.from + sign.text.length;
  });
  out += sql.slice(at);
  const back = (offset: number) => {
    let place = offset;
    for (const { at: begins, by } of shifts) if (offset > begins) place -= Math.min(by, offset - begins);
    return place;
  };
  return { sql: out, params, back };
}
