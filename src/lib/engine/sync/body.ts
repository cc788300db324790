// The body of a record that came from anybody: unpacked within bounds, and of exactly the shape that the write path gives
// it. Whether its tables and columns are known, and its values fit them, is for whoever applies it.
import { Inflate, inflateSync, strFromU8, strToU8 } from 'fflate';
import { isLoamError } from '../errors.ts';
import { recordRows } from '../write/journal-tables.ts';
import type { RecordBody, RowKey } from '../write/operation.ts';
import { malformed, refusedUpdate } from './bytes.ts';
import type { SyncOperation } from './record.ts';

export type SyncBody = Omit<RecordBody, 'o'> & { o: SyncOperation[] };

/** Deflate makes at most this many bytes of one. */
const mostExpansion = 1032;
const step = 4 * 1024;

/** First byte 0 = plain JSON, 1 = deflated JSON, as write/operation.ts has it. */
export function readBody(bytes: Uint8Array, mostText: number): SyncBody {
  const packed = bytes.subarray(1);
  let text: string;
  if (bytes[0] === 0) text = strFromU8(packed);
  else if (bytes[0] === 1) text = strFromU8(inflated(packed, mostText));
  else throw malformed('the body of a record has an unknown format');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('the body of a record is no JSON');
  }
  return checkBody(value);
}

function inflated(packed: Uint8Array, most: number): Uint8Array {
  try {
    if (packed.length * mostExpansion <= most) return inflateSync(packed);
    const parts: Uint8Array[] = [];
    let size = 0;
    const inflater = new Inflate((part) => {
      size += part.length;
      if (size > most)
        throw refusedUpdate(
          'too large',
          `A record of a log was refused: its operations have more than ${most} bytes of text.`,
          { limit: most },
        );
      parts.push(part.slice());
    });
    for (let at = 0; at < packed.length; at += step)
      inflater.push(packed.subarray(at, at + step), at + step >= packed.length);
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  } catch (error) {
    if (isLoamError(error)) throw error;
    throw malformed('the body of a record cannot be unpacked');
  }
}

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Throws where a field is not among the known ones: it would mean something that is not done here. */
function only(fields: Fields, known: ReadonlySet<string>, what: string): void {
  for (const name of Object.keys(fields))
    if (!known.has(name)) throw malformed(`${what} has an unknown field`);
}

const bodyFields = new Set(['f', 'u', 'b', 'k', 'o']);
const operationFields = new Set(['k', 't', 'n', 'c', 'v', 'r', 'w', 'p']);

function checkBody(value: unknown): SyncBody {
  if (!isFields(value)) throw malformed('the body of a record is none');
  only(value, bodyFields, 'the body of a record');
  const { f, u, b, k, o } = value;
  if (f !== 1)
    throw refusedUpdate(
      'newer',
      'The body of a record has an unknown format. It may come from a newer Loam: reload the page to update.',
    );
  for (const name of [u, b, k])
    if (typeof name !== 'string' || !/^[!-~]{1,64}$/.test(name))
      throw malformed('a record names no author, branch or kind of act');
  if (!Array.isArray(o) || o.length === 0 || o.length > recordRows)
    throw malformed('a record has no operations, or too many');
  for (const operation of o as unknown[]) checkOperation(operation);
  return value as unknown as SyncBody;
}

function checkOperation(value: unknown): asserts value is SyncOperation {
  if (!isFields(value)) throw malformed('an operation is none');
  only(value, operationFields, 'an operation');
  const { k, t, n, c, v, r, w, p } = value;
  if (k !== 'i' && k !== 'u' && k !== 'd') throw malformed('an operation is no insert, update or delete');
  if (typeof t !== 'string' || !isName(t)) throw malformed('an operation names no table');
  if (!isCount(n) || n < 1 || n > recordRows)
    throw malformed(`an operation is on no number of rows that fits`);
  if (c !== undefined) checkConstants(c);
  if (v !== undefined) checkColumns(v, n);
  if (r !== undefined) checkKeys(r, n);
  if (w !== undefined && !(Array.isArray(w) && w.length === 3 && w.every(isCount)))
    throw malformed('an operation names no insert');
  if (p !== undefined) checkPositions(p, n);
  const values = c !== undefined || v !== undefined;
  const sound =
    k === 'i'
      ? r === undefined && (w === undefined ? p === undefined : !values)
      : k === 'u'
        ? r !== undefined && values && w === undefined && p === undefined
        : !values && (w === undefined) === (r !== undefined) && (w !== undefined || p === undefined);
  if (!sound) throw malformed('an operation has not the parts that belong to it');
}

/** Names of tables and columns; what objects have anyway is no column. */
function isName(name: string): boolean {
  return (
    name.length > 0 &&
    name.length <= 128 &&
    name !== '__proto__' &&
    name !== 'constructor' &&
    name !== 'prototype'
  );
}

function checkConstants(value: unknown): void {
  if (!isFields(value)) throw malformed('the values of an operation are none');
  for (const [name, one] of Object.entries(value)) {
    if (!isName(name)) throw malformed('an operation names no column');
    value[name] = keyOf(one, 0);
  }
}

function checkColumns(value: unknown, n: number): void {
  if (!isFields(value)) throw malformed('the values of an operation are none');
  for (const [name, list] of Object.entries(value)) {
    if (!isName(name)) throw malformed('an operation names no column');
    checkKeys(list, n);
  }
}

function checkKeys(value: unknown, n: number): void {
  if (!Array.isArray(value) || value.length !== n)
    throw malformed('an operation has not one value for each of its rows');
  for (const [i, one] of (value as unknown[]).entries())
    if (typeof one === 'object' && one !== null) value[i] = keyOf(one, 0);
    else if (!isPlain(one)) throw malformed('an operation holds something that is no value');
}

function checkPositions(value: unknown, n: number): void {
  if (!Array.isArray(value) || value.length !== n || !value.every((one) => isCount(one) && one < recordRows))
    throw malformed('an operation names no rows of its insert');
  if (new Set(value).size !== n) throw malformed('an operation names a row of its insert twice');
}

const isPlain = (value: unknown): value is string | number | null =>
  value === null || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));

/** Keys of links hold the keys of what they link, which may hold keys themselves. */
const deepest = 6;
const longest = 16;

function keyOf(value: unknown, depth: number): RowKey {
  if (isPlain(value)) return value;
  if (Array.isArray(value)) {
    if (depth >= deepest || value.length === 0 || value.length > longest)
      throw malformed('an operation holds a key that is none');
    return (value as unknown[]).map((part) => keyOf(part, depth + 1));
  }
  // As write/operation.ts writes integers beyond 2^53 and bytes, which RowKey does not name.
  if (isFields(value)) {
    const { $bigint, $bytes } = value;
    if (typeof $bigint === 'string' && /^-?\d{1,20}$/.test($bigint))
      return BigInt($bigint) as unknown as RowKey;
    if (typeof $bytes === 'string') return strToU8($bytes, true) as unknown as RowKey;
  }
  throw malformed('an operation holds something that is no value');
}
