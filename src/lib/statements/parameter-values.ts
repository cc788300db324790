// Values of a statement's parameters, `$name`, as plain data, and as each engine takes them: literals where it cannot bind,
// values to bind where it can. The one place that quotes what people type.
import { LoamError } from '../engine/errors.ts';
import type { ParamValue } from '../engine/ports.ts';

export const valueTypes = ['text', 'number', 'date', 'timestamp', 'boolean'] as const;
export type ValueType = (typeof valueTypes)[number];

export interface ParameterValue {
  type: ValueType;
  list: boolean;
  /** As typed: one text, or those of the list; null stands for NULL. */
  texts: readonly string[] | null;
}

/** By the names of the parameters, without their sign. */
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

/** Of a list; each becomes a literal. */
const most = 10_000;
const number = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?$/i;
const day = /^\d{4}-\d{2}-\d{2}$/;
const moment = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?))?$/;
const says: Record<ValueType, string> = {
  text: 'a text',
  number: 'a number, such as 12 or -0.5',
  date: 'a day as 2026-01-31',
  timestamp: 'a time as 2026-01-31 14:05',
  boolean: 'true or false',
};

const isDay = (text: string): boolean => {
  const at = new Date(`${text}T00:00:00Z`);
  return day.test(text) && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
};

const fits: Record<ValueType, (text: string) => boolean> = {
  text: (text) => !text.includes('\0'),
  number: (text) => number.test(text),
  date: isDay,
  timestamp: (text) => isDay(moment.exec(text)?.[1] ?? ''),
  boolean: (text) => text === 'true' || text === 'false',
};

/** With seconds, which DuckDB asks for, and a blank, as LaminDB keeps times in SQLite. */
const inFull = (text: string): string => text.replace('T', ' ').replace(/^(\S+ \d\d:\d\d)$/, '$1:00');

/** The texts of a value, each of its type. Throws `ValueError` with `parameter` in its details. */
function checked(name: string, { type, list, texts }: ParameterValue): readonly string[] {
  const refuse = (why: string): never => {
    throw new LoamError('ValueError', why, { parameter: name });
  };
  const all = texts ?? [];
  if (!list && all.length !== 1) refuse(`Give a value for $${name}.`);
  if (all.length === 0) refuse(`Give at least one value for $${name}.`);
  if (all.length > most)
    refuse(`$${name} has ${all.length.toLocaleString('en')} values; ${most} are allowed.`);
  const wrong = all.find((text) => typeof text !== 'string' || !fits[type](text));
  if (wrong !== undefined) refuse(`$${name} is ${says[type]}, not "${String(wrong).slice(0, 60)}".`);
  return all;
}

/* ---------- literals ---------- */

/** A text as SQL writes it: quotes doubled, nothing else has a meaning. */
export const quoted = (text: string): string => `'${text.toWellFormed().replaceAll("'", "''")}'`;

const literals: Record<ValueType, (text: string) => string> = {
  text: quoted,
  // In brackets, so that the sign cannot join what stands before it: `a-$n` would begin a comment.
  number: (text) => (/^[+-]/.test(text) ? `(${text.replace(/^\+/, '')})` : text),
  date: (text) => `DATE ${quoted(text)}`,
  timestamp: (text) => `TIMESTAMP ${quoted(inFull(text))}`,
  boolean: (text) => text,
};

/** What DuckDB reads for each value of the parameter, `NULL` alone where there is none. */
export function duckdbLiterals(name: string, value: ParameterValue): string[] {
  if (value.texts === null) return ['NULL'];
  return checked(name, value).map(literals[value.type]);
}

/* ---------- bound ---------- */

const bound: Record<ValueType, (text: string) => ParamValue> = {
  text: (text) => text,
  number(text) {
    if (!/^[+-]?\d+$/.test(text)) return Number(text);
    const whole = BigInt(text.replace(/^\+/, ''));
    if (BigInt.asIntN(64, whole) !== whole) return Number(text);
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
  },
  date: (text) => text,
  timestamp: inFull,
  boolean: (text) => (text === 'true' ? 1 : 0),
};

/** What SQLite binds: lists as an array of JSON, for `json_each`. */
export function sqliteValue(name: string, value: ParameterValue): ParamValue {
  if (value.texts === null) return null;
  const all = checked(name, value).map(bound[value.type]);
  if (!value.list) return all[0] ?? null;
  return `[${all.map((one) => (typeof one === 'bigint' ? String(one) : JSON.stringify(one))).join(',')}]`;
}

/** As a run keeps it among its `params`: numbers, true and false as such, all else as text. */
export function plainValue(name: string, value: ParameterValue): unknown {
  if (value.texts === null) return null;
  const all = checked(name, value).map((text) => {
    if (value.type === 'boolean') return text === 'true';
    const plain = value.type === 'number' ? bound.number(text) : text;
    return typeof plain === 'bigint' ? String(plain) : plain;
  });
  return value.list ? all : all[0];
}
