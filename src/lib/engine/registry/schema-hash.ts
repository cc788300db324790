// A schema's hash (lamindb 2.12.1 `Schema`): what it asks of a dataset, none of its names. Equal hashes are equal schemas, so
// every letter here is a letter there.
import { hashText } from '../hash.ts';

export interface SchemaShape {
  dtype: string | null;
  itype: string | null;
  minimal: boolean;
  ordered: boolean;
  maximal: boolean;
  flexible: boolean;
  coerce: boolean;
  /** Number of members; null for a schema that names none. */
  members: number | null;
  /** Uid of the feature that names rows. */
  index: string | null;
  /** Uids of the members in their order, the index first. */
  features: readonly string[];
  optional: ReadonlySet<string>;
  /** Hashes of the components by slot. */
  slots: readonly (readonly [slot: string, hash: string | null])[];
  suffix: string | null;
}

export function schemaHash(shape: SchemaShape): string {
  const parts = [
    `c=${python(shape.minimal)}`,
    `d=${python(shape.ordered)}`,
    `e=${python(shape.maximal)}`,
    ...(shape.dtype === null ? [] : [`a=${shape.dtype}`]),
    ...(shape.itype === null ? [] : [`b=${shape.itype}`]),
    ...(shape.flexible === flexibleByDefault(shape.members) ? [] : [`f=${python(shape.flexible)}`]),
    ...(shape.coerce ? ['g=True'] : []),
    ...(shape.suffix === null ? [] : [`m=${shape.suffix}`]),
    ...(shape.members === null ? [] : [`h=${shape.members}`]),
    ...(shape.index === null ? [] : [`k=${shape.index}`]),
  ];
  if (shape.features.length > 0) {
    const uids = shape.features.map((uid) => (shape.optional.has(uid) ? `${uid}(i)` : uid));
    parts.push(`j=${hashText((shape.ordered ? uids : uids.sort()).join(':'))}`);
  }
  if (shape.slots.length > 0) {
    const slots = shape.slots.map(([slot, hash]) => `${slot}=${hash ?? 'None'}`).sort();
    parts.push(`l=${hashText(slots.join(':'))}`);
  }
  return hashText(parts.sort().join(':'));
}

/** A schema that names no members takes whatever is in its registry. */
export const flexibleByDefault = (members: number | null): boolean => members === null;

/** Schemas that are the same in every instance. */
export const knownSchemas = new Map([
  ['kMi7B_N88uu-YnbTLDU-DA', '0000000000000000'],
  ['1gocc_TJ1RU2bMwDRK-WUA', '0000000000000001'],
  ['UR_ozz2VI2sY8ckXop2RAg', '0000000000000002'],
  ['aqGWHvyY49W_PHELUMiBMw', '0000000000000002'],
]);

const python = (flag: boolean): string => (flag ? 'True' : 'False');
