// The types of `ln`: what each registry's look-ups, fields, relations and methods are. Fields come from the generated
// declarations (registries.generated.ts); only the ways of putting them together are here.
import type { BranchMethods, Setup } from './branches.ts';
import type { ValidationResult } from '../workers/wire.ts';
import type {
  FacetCounts,
  Inspection,
  LineageEdge,
  SearchOptions,
  Standardized,
} from '../workers/query-wire.ts';
import type { DataFrame } from './data-frame.ts';
import type { Expression } from './condition.ts';
import type { OpenTable, SqlResult, StatementChoices } from './open-table.ts';
import type { publicMethods } from './public.ts';
import type { Registries } from './registries.generated.ts';

/** What a JSON field holds. */
export type Json = unknown;
export type RegistryName = keyof Registries;

export type Fields<R extends RegistryName> = Registries[R]['fields'];
type Many<R extends RegistryName> = Registries[R]['many'];
type Targets<R extends RegistryName> = Registries[R]['targets'];
type Times<R extends RegistryName> = Registries[R]['times'];
type Target<R extends RegistryName, Name> = Name extends keyof Targets<R>
  ? Targets<R>[Name] extends RegistryName
    ? Targets<R>[Name]
    : never
  : never;

/* ---------- references ---------- */

/** A row, its uid, or its name. */
export type RowRef<R extends RegistryName> = LnObject<R> | string | { uid: string } | { id: number };
/** `await artifact.run`: read when it is awaited. */
export type ToOne<R extends RegistryName> = Promise<LnObject<R> | null>;
/** The dtype of a feature: `float`, `cat[ULabel]`, a registry, or a record type. */
export type Dtype = string | { readonly registryName: string } | LnObject<'Record'> | LnObject<'ULabel'>;

/* ---------- look-ups ---------- */

type Plain = null | boolean | number | string;
/** A row of any registry. */
export interface AnyRow {
  readonly id: number;
  describe(options?: { include?: 'comments' }): Promise<string>;
}
/** A query of any registry. */
export interface AnyQuery {
  ids(): Promise<number[]>;
  exists(): Promise<boolean>;
}
export type LookupValue =
  Plain | Date | AnyRow | AnyQuery | readonly LookupValue[] | { readonly [key: string]: unknown };

type Text =
  | 'exact'
  | 'iexact'
  | 'contains'
  | 'icontains'
  | 'startswith'
  | 'istartswith'
  | 'endswith'
  | 'iendswith'
  | 'regex'
  | 'iregex';
type Ordered = 'exact' | 'gt' | 'gte' | 'lt' | 'lte';
type DatePart = 'year' | 'month' | 'day' | 'week_day' | 'hour' | 'minute' | 'second' | 'date';

type Operators<Value> = [Value] extends [boolean | null]
  ? 'exact'
  : [Value] extends [number | null]
    ? Ordered
    : [Value] extends [string | null]
      ? Text | Ordered
      : 'exact';

/** `size`, `size__gt`, `size__in`, `created_at__year` of a registry's own fields. */
type OwnLookups<R extends RegistryName> = {
  [F in keyof Fields<R> & string as F | `${F}__${Operators<Fields<R>[F]>}`]?:
    Fields<R>[F] | (F extends Times<R> ? Date : never) | { [key: string]: unknown };
} & {
  [F in keyof Fields<R> & string as `${F}__${'in' | 'range'}`]?:
    readonly (Fields<R>[F] | (F extends Times<R> ? Date : never))[] | AnyQuery | { [key: string]: unknown };
} & { [F in keyof Fields<R> & string as `${F}__isnull`]?: boolean } & {
  [F in Times<R> & string as `${F}__${DatePart}`]?: number | string;
};

/** `ulabels`, `ulabels__name`: one step over a relation; longer chains are taken as they are. */
type NearLookups<R extends RegistryName> = {
  [Name in keyof Targets<R> & string]?:
    RowRef<Target<R, Name>> | Query<Target<R, Name>> | number | null | { [key: string]: unknown };
} & {
  [Name in keyof Targets<R> & string as `${Name}__${keyof Fields<Target<R, Name>> & string}`]?: LookupValue;
};

/** Look-ups of a registry. A name that is no field is a feature's; chains of any length are checked when they are asked. */
export type Lookups<R extends RegistryName> = OwnLookups<R> &
  NearLookups<R> & { [lookup: string]: LookupValue | undefined };

/** What `filter` takes: look-ups, `ln.Q(…)`, a feature's comparison, or the plain object of a condition. */
export type Filter<R extends RegistryName> = Lookups<R> | Expression;
export type OrderBy<R extends RegistryName> =
  | (keyof Fields<R> & string)
  | `-${keyof Fields<R> & string}`
  | (string & Record<never, never>)
  | { $feature: string; descending?: boolean; numeric?: boolean };

export interface FrameAsked<R extends RegistryName> {
  /** Look-ups as columns, such as `ulabels__name`; `features` for all that are measured, `privates` for hidden fields. */
  include?: OrderBy<R> | OrderBy<R>[];
  features?: string | string[];
  limit?: number | null;
  orderBy?: string | null;
}

/* ---------- queries ---------- */

export interface Query<R extends RegistryName> extends AsyncIterable<LnObject<R>> {
  /** Chained calls ask anew: each may be met by another of several related rows, as in LaminDB. */
  filter(...conditions: Filter<R>[]): Query<R>;
  exclude(...conditions: Filter<R>[]): Query<R>;
  orderBy(...by: OrderBy<R>[]): Query<R>;
  distinct(): Query<R>;
  limit(count: number): Query<R>;
  offset(count: number): Query<R>;
  all(): Promise<LnObject<R>[]>;
  toList(): Promise<LnObject<R>[]>;
  toList<F extends keyof Fields<R> & string>(field: F): Promise<Fields<R>[F][]>;
  toList(field: string): Promise<unknown[]>;
  /** Rows of the given look-ups. */
  values(...fields: OrderBy<R>[]): Promise<unknown[][]>;
  ids(): Promise<number[]>;
  count(): Promise<number>;
  exists(): Promise<boolean>;
  first(): Promise<LnObject<R> | null>;
  last(): Promise<LnObject<R> | null>;
  /** The only one; `DoesNotExist` or `MultipleObjectsReturned` otherwise. */
  one(): Promise<LnObject<R>>;
  oneOrNone(): Promise<LnObject<R> | null>;
  get(which: number | string | Lookups<R>): Promise<LnObject<R>>;
  search(text: string, options?: SearchOptions): Promise<LnObject<R>[]>;
  /** Values of a field with their counts, and how many rows have none. */
  facet(field: OrderBy<R>): Promise<FacetCounts>;
  toDataFrame(options?: FrameAsked<R>): Promise<DataFrame>;
  /** To the trash; for good with `permanent`. Answers how many. */
  delete(options?: { permanent?: boolean }): Promise<number>;
}

/** The rows that a row is tied to under one name. */
export interface Related<R extends RegistryName> extends Query<R> {
  add(...rows: (RowRef<R> | RowRef<R>[])[]): Promise<void>;
  remove(...rows: (RowRef<R> | RowRef<R>[])[]): Promise<void>;
  set(rows: readonly RowRef<R>[]): Promise<void>;
  clear(): Promise<void>;
}

/* ---------- registries ---------- */

/** What making a row takes: its fields, and the rows of relations to tie it to. */
export type Given<R extends RegistryName> = Registries[R]['given'] & {
  [Name in Many<R> & string]?: readonly RowRef<Target<R, Name>>[] | unknown;
};

export interface RegistryMethods<R extends RegistryName> extends Omit<
  Query<R>,
  'delete' | 'offset' | 'limit' | 'ids' | 'values' | 'last' | 'one' | 'oneOrNone'
> {
  readonly registryName: R;
  /** Names that can be written behind a dot, each with its row. */
  lookup(field?: string): Promise<Record<string, LnObject<R>>>;
  /** The registry's fields in words, as LaminDB prints them. */
  describe(): Promise<string>;
  /** A row for each value: the one that has it, else a new one that is not saved yet. */
  fromValues(values: readonly string[], field?: string): Promise<LnObject<R>[]>;
  validate(values: readonly (string | null)[], field?: string): Promise<boolean[]>;
  inspect(values: readonly (string | null)[], field?: string): Promise<Inspection>;
  standardize(values: readonly (string | null)[], field?: string): Promise<Standardized>;
}

export interface Registry<R extends RegistryName> extends RegistryMethods<R> {
  new (fields: Given<R>): LnObject<R>;
  (fields: Given<R>): LnObject<R>;
}

/** A file or folder to be saved: bytes, or in Node a path. */
export type Source = Blob | string | readonly { path: string; file: Blob }[];

export interface ArtifactOptions {
  key?: string;
  description?: string;
  kind?: 'dataset' | 'model' | 'plan' | null;
  /** The file becomes the next version of this artifact. */
  revises?: LnObject<'Artifact'>;
  ulabels?: string[];
  projects?: string[];
  /** A schema by row, name or uid, or a built-in one by its name: the file is saved only where it is valid for it. */
  schema?: RowRef<'Schema'>;
}

export interface ArtifactRegistry extends RegistryMethods<'Artifact'> {
  new (source: Source, options?: ArtifactOptions): LnObject<'Artifact'>;
  (source: Source, options?: ArtifactOptions): LnObject<'Artifact'>;
  fromFile(source: Blob | string, options?: ArtifactOptions): LnObject<'Artifact'>;
  fromFolder(source: Source, options: ArtifactOptions): LnObject<'Artifact'>;
  fromText(text: string, options: ArtifactOptions & { key: string }): LnObject<'Artifact'>;
  fromJson(value: unknown, options: ArtifactOptions & { key: string }): LnObject<'Artifact'>;
  /** Rows as parquet, or as text where the key ends with `.csv` or `.tsv`; or a file that holds a table. */
  fromDataFrame(rows: Rows, options: ArtifactOptions & { key: string }): Promise<LnObject<'Artifact'>>;
  fromDataFrame(file: Blob | string, options?: ArtifactOptions): Promise<LnObject<'Artifact'>>;
  fromAnndata(source: Source, options?: ArtifactOptions): Promise<LnObject<'Artifact'>>;
  fromMudata(source: Source, options?: ArtifactOptions): Promise<LnObject<'Artifact'>>;
  fromSpatialdata(source: Source, options?: ArtifactOptions): Promise<LnObject<'Artifact'>>;
}

/** A dataset beside a schema, which it is saved under only where it is valid. */
export interface Curator<Dataset> {
  readonly dataset: Dataset;
  readonly schema: RowRef<'Schema'>;
  /** What was found last; null before the dataset was looked at. */
  readonly result: ValidationResult | null;
  /** What is wrong and what LaminDB lets pass; nothing is thrown. */
  inspect(): Promise<ValidationResult>;
  /** Throws `ValidationError` where the dataset is not valid. */
  validate(): Promise<void>;
  saveArtifact(options?: ArtifactOptions): Promise<LnObject<'Artifact'>>;
}
interface CuratorOf<Dataset> {
  new (dataset: Dataset, schema: RowRef<'Schema'>): Curator<Dataset>;
  (dataset: Dataset, schema: RowRef<'Schema'>): Curator<Dataset>;
}
export interface Curators {
  readonly DataFrameCurator: CuratorOf<Rows | Blob | string>;
  readonly AnnDataCurator: CuratorOf<Source>;
  readonly MuDataCurator: CuratorOf<Source>;
  readonly SpatialDataCurator: CuratorOf<Source>;
}

/** A table: a data frame, or its rows as objects. */
export type Rows = DataFrame | readonly Record<string, unknown>[];

/* ---------- objects ---------- */

export interface FeatureManager {
  /** Replaces all values. */
  setValues(values: FeatureInput): Promise<void>;
  addValues(values: FeatureInput): Promise<void>;
  /** Replaces the values of the named features. */
  updateValues(values: FeatureInput): Promise<void>;
  /** The named features, or pairs with a value; without an argument all. */
  removeValues(which?: string | readonly string[] | FeatureInput): Promise<void>;
  getValues(): Promise<Record<string, unknown>>;
  get(name: string): Promise<unknown>;
}
export type FeatureInput = Readonly<Record<string, unknown>>;

export interface ObjectMethods<R extends RegistryName> {
  /** Makes the row or writes what has changed; answers the object itself. */
  save(): Promise<LnObject<R>>;
  delete(options?: { permanent?: boolean }): Promise<void>;
  /** From the trash, to the branch it came from. */
  restore(): Promise<LnObject<R>>;
  /** Reads the fields anew. */
  refresh(): Promise<LnObject<R>>;
  describe(options?: { include?: 'comments' }): Promise<string>;
}

interface Status {
  get status(): string;
  set status(word: string);
}

interface Versioned<R extends RegistryName> {
  readonly stem_uid: string;
  /** The tag, else the last four characters of the uid. */
  get version(): string;
  set version(tag: string | null);
  readonly versions: Query<R>;
}

interface FileMethods {
  /**
   * What the file holds: JSON as its value, tables as rows, text as text, all else as bytes; `NotImplementedError` for
   * AnnData, MuData, zarr and folders. An input of the tracked run.
   */
  load(): Promise<unknown>;
  /**
   * Parquet, CSV, TSV and JSON as a table of which nothing is read before something is asked; all else as bytes, read where
   * they are, as is one file of a folder by its path. An input of the tracked run.
   */
  open(): Promise<OpenTable | Blob>;
  open(path: string): Promise<Blob>;
  /** Where the file lies, in Node; in the page the file itself. An input of the tracked run. */
  cache(): Promise<string | Blob>;
  /** Files of a folder. */
  files(): Promise<{ path: string; size: number }[]>;
  /** Root of the storage and key below it. */
  path(): Promise<string>;
  lineage(): Promise<LineageEdge[]>;
  readonly labels: {
    add(rows: readonly AnyRow[], options?: { feature?: RowRef<'Feature'> }): Promise<void>;
  };
}

/** Comparisons of a feature's values, for `filter`; and the feature as an optional member of a schema. */
interface Compared {
  withConfig(options: { optional?: boolean }): { feature: AnyRow; optional: boolean };
  readonly dtype: string;
  eq(value: LookupValue): Expression;
  ne(value: LookupValue): Expression;
  gt(value: LookupValue): Expression;
  gte(value: LookupValue): Expression;
  lt(value: LookupValue): Expression;
  lte(value: LookupValue): Expression;
  isNull(value?: boolean): Expression;
  contains(value: string): Expression;
  startswith(value: string): Expression;
  isIn(values: readonly LookupValue[]): Expression;
}

interface Synonyms {
  /** Refused where another row is called so, unless `force` says to give it to both. */
  addSynonym(synonym: string | readonly string[], options?: { force?: boolean }): Promise<void>;
  removeSynonym(synonym: string | readonly string[]): Promise<void>;
}

type Extra<R extends RegistryName> = (R extends 'Artifact' ? FileMethods : unknown) &
  (R extends 'Artifact' | 'Collection' | 'Transform' ? Versioned<R> : unknown) &
  (R extends 'Artifact' | 'Record' | 'Run' ? { readonly features: FeatureManager } : unknown) &
  (R extends 'Collection'
    ? {
        append(...artifacts: RowRef<'Artifact'>[]): Promise<LnObject<'Collection'>>;
        /** Its artifacts as one table by the names of their columns, with `artifact_uid` and annotations. */
        open(): Promise<OpenTable>;
        /** All rows of that table. */
        load(): Promise<Record<string, unknown>[]>;
      }
    : unknown) &
  (R extends 'Run' | 'Branch' | 'Project' ? Status : unknown) &
  (R extends 'Branch' ? BranchMethods : unknown) &
  (R extends 'Feature' ? Compared : unknown) &
  ('synonyms' extends keyof Fields<R> ? Synonyms : unknown);

/** A row: its fields under LaminDB's names, what it refers to, what it is tied to, and its methods. */
export type LnObject<R extends RegistryName> = {
  [F in keyof Fields<R>]: Fields<R>[F];
} & Registries[R]['one'] & {
    readonly [
      Name in Exclude<Many<R> & string, R extends 'Artifact' | 'Record' | 'Run' ? 'features' : never>
    ]: Related<Target<R, Name>>;
  } & ObjectMethods<R> &
  Extra<R>;

/* ---------- ln ---------- */

export interface TrackOptions {
  transform?: RowRef<'Transform'>;
  /** Key of the transform; that of the script otherwise. */
  key?: string;
  /** Its code. */
  source?: string;
  name?: string;
  params?: Record<string, unknown>;
  features?: FeatureInput;
}

export interface Context {
  readonly transform: LnObject<'Transform'> | null;
  readonly run: LnObject<'Run'> | null;
}

export interface Settings {
  readonly instance: { name: string; slug: string };
  readonly user: { uid: string; handle: string; name: string | null };
  readonly branch: { uid: string; name: string };
  /** Artifacts that are loaded, opened or cached become inputs of the tracked run. */
  track_run_inputs: boolean;
  /** Looking for rows of the same or a similar name before a row is made. */
  creation: { search_names: boolean };
}

type Modules = {
  [N in RegistryName as N extends `${infer M}.${string}` ? M : never]: ModuleRegistries<
    N extends `${infer M}.${string}` ? M : never
  >;
};
type ModuleRegistries<M extends string> = {
  readonly [N in RegistryName as N extends `${M}.${infer Name}` ? Name : never]: Registry<N> &
    FromPublicSource<N>;
};
/** Registries whose rows come from public sources. */
type FromPublicSource<N extends RegistryName> =
  Targets<N> extends { source: 'bionty.Source' } ? ReturnType<typeof publicMethods> : unknown;

export type Ln = {
  readonly [
    N in Exclude<RegistryName, 'Artifact'> as N extends `${string}.${string}` ? never : N
  ]: Registry<N>;
} & { readonly [M in keyof Modules]: Modules[M] } & {
  /** bionty, as Python imports it. */
  readonly bt: Modules['bionty'];
  readonly Artifact: ArtifactRegistry;
  /** Conditions joined by `and`, `or` and `not`. */
  readonly Q: QFunction;
  /** A registry by its name, also one of a plug-in. */
  registry<R extends RegistryName>(name: R): Registry<R>;
  registry(name: string): Registry<RegistryName>;
  readonly registries: readonly string[];
  /** One statement over artifacts, collections, views and registries; what it reads are inputs of the tracked run. */
  sql(statement: string, choices?: StatementChoices): Promise<SqlResult>;
  /** Datasets beside schemas, under LaminDB's names. */
  readonly curators: Curators;
  /** Begins a run of a transform: what is saved is its output, what is loaded its input. */
  track(options?: TrackOptions | string): Promise<LnObject<'Run'>>;
  /** Ends it. */
  finish(status?: 'completed' | 'errored' | 'aborted'): Promise<LnObject<'Run'>>;
  readonly context: Context;
  /** `switch` and `merge` of branches, as LaminDB has them. */
  readonly setup: Setup;
  readonly settings: Settings;
};

export interface QFunction {
  (lookups: Lookups<'Artifact'> | Record<string, unknown>): Expression;
  and(...items: (Expression | Record<string, unknown>)[]): Expression;
  or(...items: (Expression | Record<string, unknown>)[]): Expression;
  not(item: Expression | Record<string, unknown>): Expression;
}
