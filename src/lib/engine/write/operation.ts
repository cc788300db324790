// Operations and records: what one transaction changed, in the shape that history, undo, merge and sync read.
// An operation is a column block; rows and references are named by row keys, so a record means the same on every peer.
// Integer ids and replaced values are this device's own and sit beside it (`LocalPart`); they never travel.
import { deflateSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';

/** uid, or for tables without one the values of the key columns (references by their own keys, so keys nest). */
export type RowKey = string | number | null | RowKey[];

/** `w` names the insert that first wrote these rows: [local record id, operation index]. Sync translates the id. */
export interface Operation {
  k: 'i' | 'u' | 'd';
  t: string;
  n: number;
  /** Values equal in all rows. Columns absent from `c` and `v` are NULL; times absent equal the record's time. */
  c?: Record<string, RowKey>;
  /** Values by column, n each. */
  v?: Record<string, RowKey[]>;
  /** Row keys of updated and deleted rows. */
  r?: RowKey[];
  w?: [record: number, operation: number];
}

export interface LocalPart {
  /** [first id, count] for a contiguous block, else the ids. */
  ids: [number, number] | number[];
  contiguous: boolean;
  /** Replaced values, by column, raw. */
  pre?: Record<string, SqlValue[]>;
}

export interface RecordBody {
  /** Format version. */
  f: 1;
  /** Author (user uid), branch uid, kind. */
  u: string;
  b: string;
  k: string;
  o: Operation[];
}

/** Client of records that say what followed here from records of others: they are no facts of their own and never travel. */
export const consequence = 0;

/** Above this size bodies are deflated. */
const deflateFrom = 400;
/** Levels above 1 gain nothing on imports, and an eighth on blocks of old and new values, which are long; both cost the same there. */
const longBlock = 8_000;

/** First byte 0 = plain JSON, 1 = deflated JSON. */
export function encode(value: unknown, level?: 9): Uint8Array {
  return encodeText(strToU8(jsonText(value)), level);
}

/** The same for what is JSON already. */
export function encodeText(raw: Uint8Array, level?: 9): Uint8Array {
  if (raw.length >= deflateFrom) {
    const packed = deflateSync(raw, { level: level ?? (raw.length > longBlock ? 6 : 1) });
    if (packed.length < raw.length) return prefixed(1, packed);
  }
  return prefixed(0, raw);
}

/** JSON with integers beyond 2^53. */
export const jsonText = (value: unknown): string => JSON.stringify(value, bigintOut);

/** What `jsonText` wrote. */
export const fromJsonText = <T>(text: string): T => JSON.parse(text, bigintIn) as T;

export function decode<T>(bytes: Uint8Array): T {
  const kind = bytes[0];
  if (kind !== 0 && kind !== 1) {
    throw new LoamError(
      'DatabaseDamaged',
      `A history record has the unknown format ${kind}. It may come from a newer Loam.`,
    );
  }
  const body = bytes.subarray(1);
  const text = strFromU8(kind === 1 ? inflateSync(body) : body);
  // Few records hold either, and to look at each value takes several times as long as all the rest.
  const special = text.includes('"$bigint"') || text.includes('"$bytes"');
  return JSON.parse(text, special ? bigintIn : undefined) as T;
}

export function idsOf(local: LocalPart): number[] {
  if (!local.contiguous) return local.ids;
  const [from, n] = local.ids as [number, number];
  return Array.from({ length: n }, (_, i) => from + i);
}

/** Contiguous ascending ids become [first, count]. */
export function localIds(ids: number[]): Pick<LocalPart, 'ids' | 'contiguous'> {
  const first = ids[0];
  if (first !== undefined && ids.every((id, i) => id === first + i))
    return { ids: [first, ids.length], contiguous: true };
  return { ids, contiguous: false };
}

function prefixed(kind: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 1);
  out[0] = kind;
  out.set(bytes, 1);
  return out;
}

// JSON has no integers beyond 2^53, which LaminDB's bigint columns (sizes) may in theory hold, and no bytes, which
// columns that only the opened file knows may hold.
function bigintOut(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (value instanceof Uint8Array) return { $bytes: strFromU8(value, true) };
  return value;
}
function bigintIn(_: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if ('$bigint' in value) return BigInt(value.$bigint as string);
  if ('$bytes' in value) return strToU8(value.$bytes as string, true);
  return value;
}
