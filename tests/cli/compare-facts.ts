// Facts of ours beside those of Python's readers: every field, counts and texts exactly, numbers to one part in a billion.
// Where they differ the places are told.

type Named = Record<string, unknown>;
const isNamed = (value: unknown): value is Named =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Places where the two differ, as `path: wanted, found`; an empty list for the same facts. */
export function differences(found: unknown, wanted: unknown, path = ''): string[] {
  if (isNamed(found) && isNamed(wanted)) {
    return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].flatMap((key) => {
      const at = `${path}/${key}`;
      if (!Object.hasOwn(found, key)) return [`${at}: wanted ${text(wanted[key])}, found nothing`];
      if (!Object.hasOwn(wanted, key)) return [`${at}: wanted nothing, found ${text(found[key])}`];
      return differences(found[key], wanted[key], at);
    });
  }
  if (Array.isArray(found) && Array.isArray(wanted) && found.length === wanted.length)
    return wanted.flatMap((item, i) => differences(found[i], item, `${path}/${i}`));
  if (typeof found === 'number' && typeof wanted === 'number') {
    const near = Math.abs(found - wanted) <= 1e-9 * Math.abs(wanted);
    const same = Number.isInteger(wanted) && Math.abs(wanted) < 2 ** 53 ? found === wanted : near;
    return same ? [] : [`${path}: wanted ${wanted}, found ${found}`];
  }
  return found === wanted ? [] : [`${path}: wanted ${text(wanted)}, found ${text(found)}`];
}

const text = (value: unknown): string => JSON.stringify(value).slice(0, 200);
