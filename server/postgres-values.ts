// Values between the engine and Postgres, both ways as text: the engine's are SQLite's (0 and 1, LaminDB's time text, JSON
// as text), so that one code reads and writes both. Sessions speak UTC and ISO dates (`sessionSettings`).
import type { SqlValue } from '../src/lib/engine/ports.ts';

/** What every session starts with. Nothing may depend on how a database or role is set up. */
export const sessionSettings: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  client_encoding: 'UTF8',
  search_path: 'public, pg_catalog',
};

/** Type numbers of pg_type that are not read as text. */
const whole = (text: string): number | bigint => {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
};
const readers: Readonly<Record<number, (text: string) => SqlValue>> = {
  16: (text) => (text === 't' ? 1 : 0),
  17: bytesOf,
  20: whole,
  21: Number,
  23: Number,
  26: Number,
  700: Number,
  701: Number,
  1114: (text) => timeText(text),
  1184: (text) => timeText(text),
  1700: (text) => (/^-?\d+$/.test(text) ? whole(text) : Number(text)),
};

/** The engine's value of what the server wrote for the type with this number. */
export function readValue(type: number, text: string): SqlValue {
  return readers[type]?.(text) ?? text;
}

/** What the server reads; null is told apart by the protocol. */
export function writtenValue(value: SqlValue): string | null {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return String(value);
}

/**
 * LaminDB's time text (six decimals, UTC) of ISO 8601 as Postgres writes it, `2026-01-02 03:04:05.6+00`; JSON has a `T`.
 * Infinity and years before Christ, which LaminDB never writes, stay as they are.
 */
export function timeText(text: string): string {
  const found = /^(\d{4,}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00(?::00)?)?$/.exec(text);
  if (!found) return text;
  const [, day, time, decimals = ''] = found;
  return `${day} ${time}.${decimals.padEnd(6, '0')}`;
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}
