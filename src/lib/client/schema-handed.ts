// What of a schema's rows on screen is handed to the engine, and its problems told of the rows that they are about.
import type { DraftProblem, MemberDraft, PartDraft, SchemaDraft } from '../workers/wire.ts';
import { ofFeatures, type DraftRows, type MemberRow, type PartRows } from './schema-rows.ts';

export interface Handed {
  draft: SchemaDraft;
  /** Rows of each part in the order in which they were handed over; null for the schema itself. */
  order: Map<string | null, number[]>;
}

export function handed(rows: DraftRows, sheet: string | null): Handed {
  const order = new Map<string | null, number[]>();
  const own = partOf(rows, null, order);
  const draft: SchemaDraft = {
    ...own,
    description: rows.description.trim() === '' ? null : rows.description.trim(),
    otype: rows.otype === '' ? null : rows.otype,
    suffix: rows.suffix.trim() === '' ? null : rows.suffix.trim(),
    type: rows.type === '' ? null : rows.type,
    slots: rows.slots.map(({ slot, schema, part }) => ({
      slot: slot.trim(),
      schema: schema ? { uid: schema.uid } : partOf(part, slot.trim(), order),
    })),
    sheet,
  };
  return { draft, order };
}

function partOf(part: PartRows, slot: string | null, order: Map<string | null, number[]>): PartDraft {
  const features = ofFeatures(part);
  const taken = features ? part.rows.filter((row) => row.taken) : [];
  const members = features
    ? taken.map(memberOf)
    : part.terms.map(({ uid, name }) => ({ uid, name, dtype: '', optional: false }));
  order.set(
    slot,
    (features ? taken : part.terms).map(({ id }) => id),
  );
  const at = taken.findIndex(({ id }) => id === part.index);
  return {
    name: part.name.trim() === '' ? null : part.name.trim(),
    itype: part.itype.trim(),
    dtype: part.dtype === '' ? null : part.dtype,
    size: members.length > 0 ? null : part.size,
    members,
    index: at < 0 ? null : at,
    minimal: part.minimal,
    ordered: part.ordered,
    maximal: part.maximal,
    flexible: part.flexible,
    coerce: part.coerce,
  };
}

const memberOf = ({ uid, name, dtype, optional, coerce }: MemberRow): MemberDraft => ({
  uid,
  name: name.trim(),
  dtype,
  optional,
  ...(uid === null && coerce ? { coerce } : {}),
});

/** Problems by the rows they are about: what is wrong with a row, and what is wrong with a part as a whole. */
export interface Told {
  rows: Map<number, string>;
  parts: Map<string | null, string>;
  names: Map<string | null, string>;
  suffix: string | null;
}

export function toldOf(problems: readonly DraftProblem[], order: Handed['order']): Told {
  const told: Told = { rows: new Map(), parts: new Map(), names: new Map(), suffix: null };
  for (const { slot, member, field, message } of problems) {
    const row = member === null ? undefined : order.get(slot)?.[member];
    if (row !== undefined) told.rows.set(row, message);
    else if (field === 'suffix') told.suffix = message;
    else (field === 'name' ? told.names : told.parts).set(slot, message);
  }
  return told;
}

export interface Sum {
  /** Features and terms that are named. */
  features: number;
  terms: number;
  needed: number;
  fresh: number;
}

export function sumOf(draft: SchemaDraft): Sum {
  const parts = [draft, ...draft.slots.map(({ schema }) => schema)];
  const members = parts.flatMap((part) =>
    'members' in part ? part.members.map((one) => ({ ...one, part })) : [],
  );
  return {
    features: members.length,
    terms: members.filter(({ part }) => !ofFeatures(part)).length,
    needed: members.filter(({ optional, part }) => !optional && part.minimal).length,
    fresh: members.filter(({ uid, part }) => uid === null && ofFeatures(part)).length,
  };
}
