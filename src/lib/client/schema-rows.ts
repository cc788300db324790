// A schema while it is put together on screen: rows that can be moved, taken out and marked, by hand or from the columns of a
// file; and what of them is handed to the engine. Plain data, changed in place; no rules, which are the engine's.
import type {
  ColumnProposal,
  DraftProblem,
  MemberDraft,
  PartDraft,
  SchemaDraft,
  SchemaProposal,
  SlotProposal,
} from '../workers/wire.ts';

export interface MemberRow {
  id: number;
  /** Of a feature that is there; null for a new one. */
  uid: string | null;
  name: string;
  dtype: string;
  optional: boolean;
  coerce: boolean;
  /** Rows of a file that are not ticked are no part of the schema. */
  taken: boolean;
  /** The column of the file it stands for. */
  seen: ColumnProposal | null;
}

export interface PartRows {
  name: string;
  itype: string;
  rows: MemberRow[];
  /** The row that names rows of the dataset. */
  index: number | null;
  minimal: boolean;
  ordered: boolean;
  maximal: boolean;
  flexible: boolean | null;
  coerce: boolean;
  seen: SlotProposal | null;
}

export interface SlotRows {
  id: number;
  slot: string;
  /** A schema that is there; null where the slot has one of its own. */
  schema: { uid: string; name: string } | null;
  part: PartRows;
}

export interface DraftRows extends PartRows {
  description: string;
  otype: string;
  slots: SlotRows[];
}

/** What a schema can be for. */
export const kindsOfDatasets: readonly { otype: string; words: string }[] = [
  { otype: 'DataFrame', words: 'Tables' },
  { otype: 'AnnData', words: 'AnnData' },
  { otype: 'MuData', words: 'MuData' },
  { otype: 'SpatialData', words: 'SpatialData' },
  { otype: '', words: 'Sheets of records, and tables' },
];

let last = 0;
export const newId = (): number => ++last;

/** What a schema asks where nothing is said, as in LaminDB. */
export const usualRules = {
  minimal: true,
  ordered: false,
  maximal: false,
  flexible: null,
  coerce: false,
} as const;

export const newPart = (name = ''): PartRows => ({
  name,
  itype: 'Feature',
  rows: [],
  index: null,
  ...usualRules,
  seen: null,
});

export const newDraft = (otype = 'DataFrame'): DraftRows => ({
  ...newPart(),
  description: '',
  otype,
  slots: [],
});

export const isComposite = (draft: Pick<DraftRows, 'otype'>): boolean =>
  draft.otype !== '' && draft.otype !== 'DataFrame';

/** Parts of such a dataset that most schemas ask for. */
const usualSlots: Record<string, string[]> = {
  AnnData: ['obs', 'var.T'],
  MuData: ['rna:obs', 'rna:var.T'],
  SpatialData: ['tables:table:obs', 'tables:table:var.T'],
};

export function newSlot(draft: DraftRows, slot = ''): SlotRows {
  const part = newPart(slotName(draft.name, slot));
  if (slot.endsWith('var.T')) part.itype = 'bionty.Gene.ensembl_gene_id';
  return { id: newId(), slot, schema: null, part };
}

const slotName = (name: string, slot: string): string =>
  name.trim() === '' ? '' : `${name.trim()} ${slot}`.trim();

/** Members go along to the first table that the other kind of dataset has. */
export function setKind(draft: DraftRows, otype: string): void {
  const wasComposite = isComposite(draft);
  draft.otype = otype;
  if (!isComposite(draft)) {
    if (wasComposite) Object.assign(draft, membersOf(draft.slots[0]?.part ?? newPart()));
    draft.slots = [];
    return;
  }
  const members = wasComposite ? membersOf(draft.slots[0]?.part ?? newPart()) : membersOf(draft);
  draft.slots = (usualSlots[otype] ?? []).map((slot) => newSlot(draft, slot));
  const [first] = draft.slots;
  if (first && members.rows.length > 0) Object.assign(first.part, members);
  draft.rows = [];
  draft.index = null;
}

const membersOf = ({ rows, index, itype, seen }: PartRows) => ({ rows, index, itype, seen });

/** Names that slots were given by the schema's own follow it. */
export function rename(draft: DraftRows, name: string): void {
  for (const { part, slot } of draft.slots)
    if (part.name === slotName(draft.name, slot)) part.name = slotName(name, slot);
  draft.name = name;
}

export function setSlot(draft: DraftRows, one: SlotRows, slot: string): void {
  if (one.part.name === slotName(draft.name, one.slot)) one.part.name = slotName(draft.name, slot);
  one.slot = slot;
}

export function addMember(part: PartRows, feature: Partial<MemberRow> & { name: string }): MemberRow {
  const row: MemberRow = {
    ...{ id: newId(), uid: null, dtype: '', optional: false, coerce: false, taken: true, seen: null },
    ...feature,
  };
  part.rows.push(row);
  return row;
}

export function dropMember(part: PartRows, id: number): void {
  part.rows = part.rows.filter((row) => row.id !== id);
  if (part.index === id) part.index = null;
}

/** Moves a row up or down by so many places; answers its new place, from 1. */
export function moveMember(part: PartRows, id: number, by: number): number {
  const at = part.rows.findIndex((row) => row.id === id);
  const to = Math.max(0, Math.min(part.rows.length - 1, at + by));
  const [row] = part.rows.splice(at, 1);
  if (row) part.rows.splice(to, 0, row);
  return to + 1;
}

/** Whether other columns that are features are validated too: LaminDB's default where nothing was said. */
export const isFlexible = (part: PartRows): boolean => part.flexible ?? part.itype !== 'Feature';

/** Takes the feature of a column that is there, or a new one with the first type that was found for it. */
export function takeFeature(row: MemberRow, uid: string | null): void {
  const there = row.seen?.features.find((feature) => feature.uid === uid);
  row.uid = there?.uid ?? null;
  const [choice] = row.seen?.choices ?? [];
  row.dtype = there?.dtype ?? choice?.dtype ?? row.dtype;
  row.coerce = there ? false : (choice?.coerce ?? false);
}

/** Another type for a new feature; texts of the file become categories where it says so. */
export function setDtype(row: MemberRow, dtype: string): void {
  row.dtype = dtype;
  const choice = row.seen?.choices.find((one) => one.dtype === dtype);
  const coded = row.seen?.dtype === 'category';
  row.coerce = choice?.coerce ?? (row.seen !== null && !coded && dtype.startsWith('cat['));
}

/* ---------- from a file ---------- */

export function draftFrom(proposal: SchemaProposal, name: string): DraftRows {
  const draft = newDraft(proposal.otype);
  draft.name = name;
  const [first] = proposal.slots;
  if (!isComposite(draft)) {
    if (first) fill(draft, first);
    return draft;
  }
  draft.slots = proposal.slots.map((seen) => {
    const slot = newSlot(draft, seen.slot);
    fill(slot.part, seen);
    return slot;
  });
  return draft;
}

function fill(part: PartRows, seen: SlotProposal): void {
  part.seen = seen;
  part.itype = seen.itype;
  const row = (column: ColumnProposal): MemberRow => {
    const made = addMember(part, {
      name: column.name,
      seen: column,
      optional: column.nulls > 0 && column.nulls >= column.rows,
    });
    takeFeature(made, column.features[0]?.uid ?? null);
    // What holds nothing tells no type.
    made.taken = !(made.uid === null && column.nulls >= column.rows);
    return made;
  };
  if (seen.index) part.index = row(seen.index).id;
  for (const column of seen.members) row(column);
}

/* ---------- for the engine ---------- */

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
    slots: rows.slots.map(({ slot, schema, part }) => ({
      slot: slot.trim(),
      schema: schema ? { uid: schema.uid } : partOf(part, slot.trim(), order),
    })),
    sheet,
  };
  return { draft, order };
}

function partOf(part: PartRows, slot: string | null, order: Map<string | null, number[]>): PartDraft {
  const taken = part.itype === 'Feature' ? part.rows.filter((row) => row.taken) : [];
  order.set(
    slot,
    taken.map(({ id }) => id),
  );
  const at = taken.findIndex(({ id }) => id === part.index);
  return {
    name: part.name.trim() === '' ? null : part.name.trim(),
    itype: part.itype.trim(),
    members: taken.map(memberOf),
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
}

export function toldOf(problems: readonly DraftProblem[], order: Handed['order']): Told {
  const told: Told = { rows: new Map(), parts: new Map(), names: new Map() };
  for (const { slot, member, name, message } of problems) {
    const row = member === null ? undefined : order.get(slot)?.[member];
    if (row !== undefined) told.rows.set(row, message);
    else (name ? told.names : told.parts).set(slot, message);
  }
  return told;
}

export interface Sum {
  features: number;
  needed: number;
  fresh: number;
}

export function sumOf(draft: SchemaDraft): Sum {
  const parts = draft.slots.length > 0 ? draft.slots.map(({ schema }) => schema) : [draft];
  const members = parts.flatMap((part) =>
    'members' in part ? part.members.map((one) => ({ ...one, part })) : [],
  );
  return {
    features: members.length,
    needed: members.filter(({ optional, part }) => !optional && part.minimal).length,
    fresh: members.filter(({ uid }) => uid === null).length,
  };
}
