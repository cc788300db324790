// A schema while it is put together on screen: rows that can be moved, taken out and marked, by hand or from the columns of a
// file. Plain data, changed in place; no rules, which are the engine's.
import type { ColumnProposal, SchemaProposal, SlotProposal } from '../workers/wire.ts';

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

/** A term of another registry: one that is there, or a name that is looked up. */
export interface TermRow {
  id: number;
  uid: string | null;
  name: string;
}

export interface PartRows {
  name: string;
  itype: string;
  rows: MemberRow[];
  /** Members where names are terms of a registry and no features; few or none where any of its terms will do. */
  terms: TermRow[];
  /** Of all members; empty for LaminDB's default. */
  dtype: string;
  /** How many there are, where none is named. */
  size: number | null;
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
  suffix: string;
  /** Uid of the schema type that it is of; empty for none. */
  type: string;
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

const newPart = (name = ''): PartRows => ({
  name,
  itype: 'Feature',
  rows: [],
  terms: [],
  dtype: '',
  size: null,
  index: null,
  ...usualRules,
  seen: null,
});

export const newDraft = (otype = 'DataFrame'): DraftRows => ({
  ...newPart(),
  description: '',
  otype,
  suffix: '',
  type: '',
  slots: [],
});

export const isComposite = (draft: Pick<DraftRows, 'otype'>): boolean =>
  draft.otype !== '' && draft.otype !== 'DataFrame';

/** Suffixes that artifacts of the kind have. */
export const suffixesOf: Record<string, readonly string[]> = {
  DataFrame: ['.parquet', '.csv', '.tsv', '.csv.gz', '.arrow', '.feather'],
  AnnData: ['.h5ad', '.anndata.zarr', '.zarr'],
  MuData: ['.h5mu', '.zarr'],
  SpatialData: ['.zarr'],
};

export const ofFeatures = ({ itype }: Pick<PartRows, 'itype'>): boolean => /^Feature(\[|$)/.test(itype);

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
  draft.terms = [];
  draft.itype = 'Feature';
  draft.index = null;
}

const membersOf = ({ rows, terms, index, itype, seen }: PartRows) => ({ rows, terms, index, itype, seen });

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

/** Names as people paste them: one a line, or with commas, tabs or semicolons between. Answers how many are new. */
export function addTerms(part: PartRows, text: string): number {
  const known = new Set(part.terms.map(({ name }) => name));
  let added = 0;
  for (const name of text.split(/[\n\r\t,;]+/).map((one) => one.trim())) {
    if (name === '' || known.has(name)) continue;
    known.add(name);
    part.terms.push({ id: newId(), uid: null, name });
    added++;
  }
  return added;
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
export const isFlexible = (part: PartRows): boolean =>
  part.flexible ?? (part.itype !== 'Feature' && part.size === null && namedIn(part) === 0);

/** How many members are named. */
export const namedIn = (part: PartRows): number =>
  ofFeatures(part) ? part.rows.filter(({ taken }) => taken).length : part.terms.length;

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
