// The least that makes one text of another, for what changes a live text from outside: what stays is not written anew, so that
// what others type there meanwhile stays where it is.

export interface Edit {
  /** Place in the text before, in UTF-16. */
  at: number;
  remove: number;
  insert: string;
}

/** Words compared beyond this are taken as one change: the time grows with the square. */
const mostParts = 1500;

/** From the last to the first, so that the places of those before it stay true. */
export function patch(before: string, after: string): Edit[] {
  let start = 0;
  const least = Math.min(before.length, after.length);
  while (start < least && before[start] === after[start]) start++;
  let end = 0;
  while (end < least - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  // Halves of one character are never parted.
  if (start > 0 && isHigh(before, start - 1)) start--;
  if (end > 0 && isLow(before, before.length - end)) end--;
  const [old, now] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  if (old === '' && now === '') return [];
  const [a, b] = [partsOf(old), partsOf(now)];
  if (old === '' || now === '' || a.length > mostParts || b.length > mostParts)
    return [{ at: start, remove: old.length, insert: now }];
  return byParts(a, b, start).reverse();
}

/** How much an edit costs, to tell which text another one was made from. */
export const sizeOf = (edits: readonly Edit[]): number =>
  edits.reduce((sum, { remove, insert }) => sum + remove + insert.length, 0);

const isHigh = (text: string, at: number) => (text.charCodeAt(at) & 0xfc00) === 0xd800;
const isLow = (text: string, at: number) => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

/** Words and what is between them. */
const partsOf = (text: string): string[] => text.match(/[\p{L}\p{N}_]+|\s|[^\p{L}\p{N}_\s]/gu) ?? [];

function byParts(a: readonly string[], b: readonly string[], from: number): Edit[] {
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] =
        a[i] === b[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
  const edits: Edit[] = [];
  let [i, j, at] = [0, 0, from];
  let open: Edit | null = null;
  const edit = (): Edit => {
    if (!open) edits.push((open = { at, remove: 0, insert: '' }));
    return open;
  };
  while (i < a.length || j < b.length) {
    const [was, is] = [a[i], b[j]];
    if (was !== undefined && was === is) {
      open = null;
      at += was.length;
      i++;
      j++;
    } else if (
      was !== undefined &&
      (is === undefined || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      edit().remove += was.length;
      at += was.length;
      i++;
    } else {
      edit().insert += is ?? '';
      j++;
    }
  }
  return edits;
}
