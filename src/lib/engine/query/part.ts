// The query language as the engine offers it: what screens, SDK and command line call. All of it reads only.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { registryName } from '../model/name-field.ts';
import type { Model } from '../model/types.ts';
import type { Clock, SqlDriver } from '../ports.ts';
import { runSync, type Steps } from '../statement.ts';
import { nothingHidden, type Hidden } from '../write/hidden.ts';
import { findAddress, findRow, type Found } from './address.ts';
import { answerSpecs, type AnsweredSpec, type QuerySpec } from './answers.ts';
import { attributes } from './attributes.ts';
import {
  inspect,
  standardize,
  validate,
  type CurationOptions,
  type Inspection,
  type Standardized,
} from './curation.ts';
import { toDataFrame, type FrameOptions } from './dataframe.ts';
import { describe } from './describe.ts';
import { tableOf } from './draft.ts';
import { facet, type FacetCounts, type FacetSpec } from './facet.ts';
import { featureValuesOf } from './feature-values.ts';
import type { Frame } from './frame-types.ts';
import { groupRows, type Groups, type GroupSpec } from './groups.ts';
import { lineageEdges, type LineageEdge } from './lineage-edges.ts';
import { lookupKeys } from './lookup-keys.ts';
import { readPage, type Page } from './page.ts';
import type { QueryScope } from './prepare.ts';
import { registerPatience, within } from './patience.ts';
import { unmarked } from './python-values.ts';
import { checkQuery, type Lookups, type Query, type QueryValue } from './query.ts';
import { branchesOf, countRows, createScope, readIds, readRows, type Derived } from './read.ts';
import { registerRegex } from './regex.ts';
import { describeRegistry } from './registry-text.ts';
import { relatives, versionsQuery } from './relatives.ts';
import { search, type RankedRow, type SearchOptions } from './search.ts';

/** Names one row: id, (beginning of a) uid, `lamin://` address, or look-ups. */
export type Idlike = string | number | Lookups;

/** A database with a checked-out branch: what is seen there, and another branch without switching to it. */
export interface Branched {
  hidden: Hidden;
  derived: () => Derived;
  /** What `reading` gives while the tables show that branch (name or uid). Null where nothing can be written for it. */
  onBranch: (<T>(branch: string, reading: () => T) => T) | null;
}

/**
 * Queries over any LaminDB database, also one that is only looked at. Without `branched` a named branch is what LaminDB sees of it: its rows and
 * main's, none of its edits to rows of main.
 */
export function createQueries(driver: SqlDriver, model: Model, clock: Clock, branched?: Branched) {
  registerRegex(driver, clock);
  registerPatience(driver, clock);
  const { hidden, derived, onBranch } = branched ?? {
    hidden: nothingHidden,
    derived: () => ({}),
    onBranch: null,
  };
  const here = <T>(branches: readonly number[], known: Derived, steps: (scope: QueryScope) => Steps<T>): T =>
    runSync(driver, steps(createScope(model, branches, hidden, known)));
  const on = <T>(branch: string | undefined, steps: (scope: QueryScope) => Steps<T>): T => {
    if (branch === undefined) return here(hidden.branches(), derived(), steps);
    const ids = runSync(driver, branchesOf(branch));
    // The trash and the archive are nowhere else.
    if (!onBranch || (ids[0] ?? 0) < 1) return here(ids, derived(), steps);
    // What is kept beside the tables (counters, texts) follows when a transaction ends, and this one is taken back.
    return onBranch(branch, () => here(hidden.branches(), {}, steps));
  };
  const asked = <T>(query: Query, steps: (scope: QueryScope) => Steps<T>): T =>
    on(checkQuery(query).branch, steps);
  const row = <T>(
    registry: string,
    idlike: Idlike,
    branch: string | undefined,
    steps: (scope: QueryScope, id: number) => Steps<T>,
  ): T =>
    on(branch, function* (scope) {
      return yield* steps(scope, yield* findRow(scope, registry, checkIdlike(idlike)));
    });

  return {
    /** Answers specs in the grammar of LaminDB's answers, as on the branch of that name. */
    answerSpecs: (specs: QuerySpec[], branch?: string): AnsweredSpec[] => {
      if (!Array.isArray(specs) || specs.some((spec) => typeof spec !== 'object' || spec === null))
        throw new LoamError('InvalidArgument', 'Specs are a list of objects.');
      return on(branch, (scope) => answerSpecs(scope, specs));
    },
    /** The fields of the rows that match, joins repeating them as in LaminDB. */
    queryRows: (query: Query, fields: string[]): QueryValue[][] =>
      asked(query, (scope) => readRows(scope, query, fields)),
    queryIds: (query: Query): number[] => asked(query, (scope) => readIds(scope, query)),
    queryCount: (query: Query): number => asked(query, (scope) => countRows(scope, query)),
    /** Rows behind `after` or before `before`, each once. */
    queryPage: (query: Query, fields: string[]): Page =>
      asked(query, (scope) => readPage(scope, query, fields)),
    queryFacet: (query: Query, spec: FacetSpec): FacetCounts =>
      asked(query, (scope) => facet(scope, query, spec)),
    /** Questions of others, at one go: what takes longer is given up with `StatementCancelled`. */
    queryWithin: <T>(milliseconds: number, work: () => T): T => within(milliseconds, work),
    queryGroups: (query: Query, spec: GroupSpec): Groups =>
      asked(query, (scope) => groupRows(scope, query, spec)),
    /** `DoesNotExist`, `MultipleObjectsReturned` as LaminDB's `get`; then attributes of the row. */
    getRow: (
      registry: string,
      idlike: Idlike,
      fields: string[] = ['id', 'uid'],
      branch?: string,
    ): QueryValue[] =>
      row(registry, idlike, branch, (scope, id) => attributes(scope, tableOf(scope, registry), id, fields)),
    /** What a `lamin://` address or a link to lamin.ai means. */
    findAddress: (address: string): Found => on(undefined, (scope) => findAddress(scope, address)),
    /** Ids with LaminDB's rank, best first; with a query only among its rows. */
    searchRows: (
      registry: string,
      string: string,
      options: SearchOptions & { query?: Query } = {},
    ): RankedRow[] => {
      const query = options.query ? checkQuery(options.query) : null;
      return on(query?.branch, (scope) => search(scope, registry, query, String(string), options));
    },
    /** Names that can be written behind a dot, with their row's id. */
    lookupKeys: (registry: string, field?: string): [key: string, id: number][] =>
      on(undefined, function* (scope) {
        return [...(yield* lookupKeys(scope, registry, field))];
      }),
    dataFrame: (query: Query, options: FrameOptions = {}): Frame =>
      asked(query, (scope) => toDataFrame(scope, query, options)),
    /** The object in words, as LaminDB prints it; its comments too where they are asked for. */
    describeRow: (registry: string, idlike: Idlike, branch?: string, include?: 'comments' | null): string[] =>
      row(registry, idlike, branch, (scope, id) =>
        describe(scope, tableOf(scope, registry), id, { width: 100, include: include ?? null }),
      ),
    describeRegistry: (registry: string): string[] =>
      on(undefined, function* (scope) {
        return describeRegistry(model, tableOf(scope, registry));
      }),
    /** Ids of all versions, newest first. */
    rowVersions: (registry: string, idlike: Idlike): number[] =>
      row(registry, idlike, undefined, function* (scope, id) {
        return yield* readIds(scope, yield* versionsQuery(scope, registry, id));
      }),
    /** Ids behind `parents`, `children`, `predecessors`, `successors`, or behind `query_parents` and so on. */
    rowRelatives: (registry: string, idlike: Idlike, method: string): number[] =>
      row(registry, idlike, undefined, (scope, id) => relatives(scope, registry, id, method)),
    /** `features.get_values()`. */
    featureValues: (registry: string, idlike: Idlike): Record<string, QueryValue> =>
      row(registry, idlike, undefined, function* (scope, id) {
        return unmarked(yield* featureValuesOf(scope, tableOf(scope, registry), id)) as Record<
          string,
          QueryValue
        >;
      }),
    validateValues: (registry: string, values: (string | null)[], options: CurationOptions = {}): boolean[] =>
      on(undefined, (scope) => validate(scope, registry, values, options)),
    inspectValues: (registry: string, values: (string | null)[], options: CurationOptions = {}): Inspection =>
      on(undefined, (scope) => inspect(scope, registry, values, options)),
    standardizeValues: (
      registry: string,
      values: (string | null)[],
      options: CurationOptions = {},
    ): Standardized => on(undefined, (scope) => standardize(scope, registry, values, options)),
    /** Edges of the lineage graph up- and downstream, as pairs of names. */
    lineageEdges: (registry: string, idlike: Idlike): LineageEdge[] =>
      row(registry, idlike, undefined, (scope, id) =>
        lineageEdges(scope, registryName(tableOf(scope, registry)), id),
      ),
  };
}

function checkIdlike(idlike: Idlike): Idlike {
  if (typeof idlike === 'string' || typeof idlike === 'number') return idlike;
  checkQuery({ registry: '', filters: [idlike] });
  return idlike;
}

export const queryPart = ({ driver, model, clock, writer }: EngineContext, onBranch: Branched['onBranch']) =>
  createQueries(driver, model, clock, {
    hidden: writer.journal.hidden.without,
    derived: () => writer.journal,
    onBranch,
  });
