// A schema proposed for a dataset: its columns as they were read, the features that have their names, and for others the types
// that a new feature may have. Nothing is made; a person confirms (registry/schema-draft.ts).
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { registryOf, visible } from '../registry/tables.ts';
import { all, type Steps } from '../statement.ts';
import type { DatasetRead, FrameAsk, FrameRead } from './frame.ts';
import { knownIn, placesOf, type Asked } from './known-in.ts';
import { lookUp } from './look-up.ts';
import type { CurateScope } from './plan.ts';
import { dtypeChoices, isText, misfit, type DtypeChoice, type Told } from './propose-dtype.ts';

export interface FeatureChoice {
  uid: string;
  dtype: string;
  /** Name of its type. */
  type: string | null;
  /** Why the column is not what it takes. */
  misfit: string | null;
}

export interface ColumnProposal {
  name: string;
  /** As pandas reads the column. */
  dtype: string;
  rows: number;
  nulls: number;
  /** Distinct values; null where they were not counted. */
  distinct: number | null;
  examples: string[];
  /** Features of this name, the one to take first. */
  features: FeatureChoice[];
  /** Types for a new one, best first. */
  choices: DtypeChoice[];
}

export interface SlotProposal {
  /** `columns` for a file that is one table. */
  slot: string;
  rows: number;
  /** Columns; for `var.T` names of variables. */
  columns: number;
  /** Features as members, or the registry and field that know most of the names. */
  itype: string;
  /** Names that the registry has. */
  known: number;
  /** At most `mostColumns` of them. */
  members: ColumnProposal[];
  /** The named index, where it holds texts. */
  index: ColumnProposal | null;
}

export interface SchemaProposal {
  otype: string;
  slots: SlotProposal[];
}

/** Columns that are proposed at most: wider tables are matrices. */
export const mostColumns = 500;
/** Distinct values that are looked up of a column at most. */
const mostValues = 2000;

/** Parts of the dataset to look for; `?` stands for what it has, which is told as what there is instead. */
export function partAsks(otype: string | null): FrameAsk[] {
  const slots: Record<string, string[]> = {
    DataFrame: ['columns'],
    AnnData: ['obs', 'var.T'],
    MuData: ['obs', '?:obs'],
    SpatialData: ['tables:?:obs'],
  };
  const asked = otype === null ? undefined : slots[otype];
  if (asked === undefined)
    throw new LoamError(
      'InvalidArgument',
      'This file holds no table and no AnnData, MuData or SpatialData, so it has no columns to make a schema of.',
    );
  return asked.map((slot) => ask(slot));
}

const ask = (slot: string): FrameAsk => ({
  slot,
  transposed: slot.endsWith('.T'),
  columns: [],
  index: 'none',
  namesOnly: true,
});

/** Asks for the parts that a first look told the names of. */
export function namedAsks(read: DatasetRead): FrameAsk[] {
  return read.frames.flatMap(({ slot, missing }) => {
    if (missing === null || !slot.includes('?')) return [];
    return missing.available.flatMap((name) => {
      const own = slot.replace('?', name);
      return [ask(own), ask(own.replace(/obs$/, 'var.T'))];
    });
  });
}

/** What is to be read of the columns, now that they are known. */
export const columnAsks = (read: DatasetRead): FrameAsk[] =>
  read.frames
    .filter(({ missing, slot }) => missing === null && !slot.endsWith('.T'))
    .map(({ slot, names }) => ({
      slot,
      transposed: false,
      columns: names.slice(0, mostColumns).map((_, at) => ({ at, want: 'values' as const })),
      index: 'values' as const,
      namesOnly: false,
    }));

export function* propose(scope: CurateScope, names: DatasetRead, read: DatasetRead): Steps<SchemaProposal> {
  const slots: SlotProposal[] = [];
  const asked = yield* placesOf(scope);
  for (const { slot, missing, names: variables } of names.frames) {
    if (missing !== null) continue;
    const frame = read.frames.find((one) => one.slot === slot);
    if (frame) slots.push(yield* tableSlot(scope, asked, frame));
    else if (slot.endsWith('.T')) slots.push(...(yield* variableSlot(scope, slot, variables)));
  }
  return { otype: String(names.otype), slots };
}

function* tableSlot(scope: CurateScope, asked: Asked, frame: FrameRead): Steps<SlotProposal> {
  const seen = new Set<string>();
  const members: ColumnProposal[] = [];
  const wanted = [...frame.names, ...(frame.index?.name ? [frame.index.name] : [])];
  const features = yield* featuresNamed(scope, wanted);
  for (const { name, at, ...told } of frame.columns) {
    void at;
    // A name that is there twice is one column to a schema, and so is one that pandas writes for itself.
    if (seen.has(name) || name === '' || name.startsWith('__')) continue;
    seen.add(name);
    members.push(yield* columnOf(scope, asked, name, told, features));
  }
  const { index } = frame;
  const named =
    index !== null && index.name !== null && index.levels === 1 && !seen.has(index.name) && isText(index);
  return {
    slot: frame.slot,
    rows: frame.rows,
    columns: frame.names.length,
    itype: 'Feature',
    known: members.filter(({ features: own }) => own.length > 0).length,
    members,
    index: named ? yield* columnOf(scope, asked, String(index.name), index, features) : null,
  };
}

function* columnOf(
  scope: CurateScope,
  asked: Asked,
  name: string,
  told: Told,
  features: ReadonlyMap<string, StoredFeature[]>,
): Steps<ColumnProposal> {
  const values = told.values?.filter(({ kind }) => kind === 'str').map(({ text }) => text) ?? [];
  const looked = (isText(told) || told.dtype === 'category') && values.length <= mostValues;
  const known = looked && values.length > 0 ? yield* knownIn(scope, asked, name, values) : [];
  const distinct = told.values === null || told.cut ? null : told.values.length;
  return {
    name,
    dtype: told.dtype,
    rows: told.rows,
    nulls: told.nulls,
    distinct,
    examples: (told.values ?? [])
      .slice(0, 4)
      .map(({ text }) => (text.length > 60 ? `${text.slice(0, 60)}…` : text)),
    features: (features.get(name) ?? [])
      .map(({ uid, type, ...feature }) => ({
        uid,
        dtype: feature.dtype,
        type,
        misfit: misfit(name, feature, told),
      }))
      .sort((a, b) => Number(a.misfit !== null) - Number(b.misfit !== null)),
    choices: dtypeChoices(told, known),
  };
}

interface StoredFeature {
  uid: string;
  dtype: string;
  nullable: boolean;
  coerce: boolean;
  type: string | null;
}

function* featuresNamed(
  { model, author }: CurateScope,
  names: readonly string[],
): Steps<Map<string, StoredFeature[]>> {
  const table = registryOf(model, 'Feature');
  const rows = yield* all(
    `SELECT f.name, f.uid, f._dtype_str, f.nullable, f.coerce, t.name FROM lamindb_feature f
     LEFT JOIN lamindb_feature t ON t.id = f.type_id
     WHERE f.name IN (SELECT value FROM json_each(?)) AND f.is_type = 0 AND ${visible(table, author, 'f.')}
     ORDER BY f.type_id IS NOT NULL, f.id`,
    [JSON.stringify(names)],
  );
  const found = new Map<string, StoredFeature[]>();
  for (const [name, uid, dtype, nullable, coerce, type] of rows as SqlValue[][]) {
    const one = {
      uid: String(uid),
      dtype: String(dtype),
      nullable: nullable !== 0,
      coerce: coerce === 1,
      type: type === null || type === undefined ? null : String(type),
    };
    found.set(String(name), [...(found.get(String(name)) ?? []), one]);
  }
  return found;
}

/** Names of variables as genes: by their ids, whose shape tells, or by symbols that the registry has. */
function* variableSlot(scope: CurateScope, slot: string, names: readonly string[]): Steps<SlotProposal[]> {
  const table = scope.model.registry.get('Gene');
  if (!table || names.length === 0) return [];
  const shaped = names.filter((name) => /^ENS[A-Z]*G\d{11}$/.test(name)).length * 2 >= names.length;
  for (const field of ['ensembl_gene_id', 'symbol']) {
    const { found } = yield* lookUp({ ...scope, table, field, typeId: null, where: [] }, names);
    if (found.size * 2 < names.length && !(shaped && field === 'ensembl_gene_id')) continue;
    const itype = `bionty.Gene.${field}`;
    return [{ slot, rows: 0, columns: names.length, itype, known: found.size, members: [], index: null }];
  }
  return [];
}
