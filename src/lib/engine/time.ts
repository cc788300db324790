// LaminDB's time text on SQLite: `YYYY-MM-DD HH:MM:SS.ffffff`, UTC, no offset (lamindb.md §2).
// Record times are integers of microseconds, so that two records of one millisecond stay ordered.
import { LoamError } from './errors.ts';

/** Microseconds since 1970 -> LaminDB's text. One text form only, else text ordering breaks. */
export function timeText(micros: number): string {
  const ms = Math.floor(micros / 1000);
  const rest = String(micros - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', rest);
}

/** Microseconds since 1970 -> ISO 8601 UTC, for screens and the wire. */
export const isoMicros = (micros: number): string => new Date(micros / 1000).toISOString();

/** A moment as people and screens write it -> milliseconds since 1970. */
export function momentMillis(time: string): number {
  const millis = Date.parse(time);
  if (Number.isFinite(millis)) return millis;
  throw new LoamError(
    'InvalidArgument',
    `“${time.slice(0, 40)}” is no time. Write it as 2026-03-03T14:02:00Z.`,
  );
}

/** LaminDB's text (3 or 6 decimals, or none) -> ISO 8601 with Z, for screens and the wire. */
export function isoTime(text: string): string {
  return `${text.replace(' ', 'T')}Z`;
}
