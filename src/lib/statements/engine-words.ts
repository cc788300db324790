// What the query engine says, as people read it.

/** Without the piece of our own rewritten text that the engine points at, and with keys for registered names. */
export function readable(text: string, nameOf: (registered: string) => string): string {
  return text
    .replace(/^Error: /, '')
    .replace(/\s*\nLINE \d+:[\s\S]*$/, '')
    .replace(/loam\/[0-9A-Za-z_-]+\/[^\s"',;)]+/g, (name) => nameOf(name.replace(/[.:]+$/, '')))
    .trim();
}

/** With what to do about it, where that is known. */
export function advised(words: string): string {
  const end = /[.!?]$/.test(words) ? '' : '.';
  if (/Invalid unicode|not utf-8|Invalid UTF-?8/i.test(words))
    return `${words}${end} Queries read UTF-8 text; save the file as UTF-8 and drop it again.`;
  if (/filename option on file with column named filename/i.test(words))
    return 'A file has a column of its own named "filename", so it cannot be put together with others. Ask it alone: artifact(\'key\').';
  if (/Conversion Error|Could not convert|Invalid Input Error.*cast/i.test(words))
    return `${words}${end} Use TRY_CAST to get NULL for values that do not fit.`;
  return words + end;
}
