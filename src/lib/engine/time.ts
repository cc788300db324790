// LaminDB's time text on SQLite: `YYYY-MM-DD HH:MM:SS.ffffff`, UTC, no offset (lamindb.md §2).
// Record times are integers of microseconds, so that two records of one millisecond stay ordered.

/** Microseconds since 1970 -> LaminDB's text. One text form only, else text ordering breaks. */
export function timeText(micros: number): string {
  const ms = Math.floor(micros / 1000);
  const rest = String(micros - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', rest);
}

/** LaminDB's text (3 or 6 decimals, or none) -> ISO 8601 with Z, for screens and the wire. */
export function isoTime(text: string): string {
  return `${text.replace(' ', 'T')}Z`;
}

/** LaminDB's text -> milliseconds since 1970. */
export function timeMillis(text: string): number {
  return Date.parse(isoTime(text));
}
