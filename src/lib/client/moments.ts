// Moments as fields of forms have them, which speak of local time and days, and as the engine takes them.

/** Text of a field for local times, as the moment it names. */
export const momentOf = (local: string): string => new Date(local).toISOString();

/** A moment as the text of such a field. */
export function localText(now = new Date()): string {
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** First and last moment of a day by the person's own clock; null for none. */
export const dayBegins = (day: string): string | null => (day === '' ? null : momentOf(`${day}T00:00:00`));
export const dayEnds = (day: string): string | null => (day === '' ? null : momentOf(`${day}T23:59:59.999`));
