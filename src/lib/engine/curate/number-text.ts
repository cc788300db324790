// Numbers and truth values as texts: what pandas takes as one, and how Python writes it. Held values and files are judged by
// the same words, so that formats take them from here.

/** What pandas reads as a number, infinite ones left out. */
export const decimal = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** Null for what a column of truth values cannot be made of. */
export const truthOf = (text: string): boolean | null =>
  /^(true|1|1\.0)$/i.test(text) ? true : /^(false|0|0\.0)$/i.test(text) ? false : null;

/** A float that is whole shows it. */
export const floatText = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
