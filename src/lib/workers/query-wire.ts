// The query language as it crosses the worker border. What a query is: engine/query/query.ts.
import type { Found } from '../engine/query/address.ts';
import type { AnsweredSpec, QuerySpec } from '../engine/query/answers.ts';
import type { CurationOptions, Inspection, Standardized } from '../engine/query/curation.ts';
import type { FrameOptions } from '../engine/query/dataframe.ts';
import type { FacetCounts, FacetSpec } from '../engine/query/facet.ts';
import type { Frame } from '../engine/query/frame-types.ts';
import type { LineageEdge } from '../engine/query/lineage-edges.ts';
import type { Page } from '../engine/query/page.ts';
import type { Idlike } from '../engine/query/part.ts';
import type { Query, QueryValue } from '../engine/query/query.ts';
import type { RankedRow, SearchOptions } from '../engine/query/search.ts';

export type {
  AnsweredSpec,
  CurationOptions,
  FacetCounts,
  FacetSpec,
  Found,
  Frame,
  FrameOptions,
  Idlike,
  Inspection,
  LineageEdge,
  Page,
  Query,
  QuerySpec,
  QueryValue,
  RankedRow,
  SearchOptions,
  Standardized,
};

export interface QueryApi {
  /** Answers specs in the grammar of LaminDB's answers, as on the branch of that name. */
  answerSpecs(specs: QuerySpec[], branch?: string): Promise<AnsweredSpec[]>;
  /** The fields of all rows that match, joins repeating them as in LaminDB. */
  queryRows(query: Query, fields: string[]): Promise<QueryValue[][]>;
  queryIds(query: Query): Promise<number[]>;
  queryCount(query: Query): Promise<number>;
  /** The rows behind `query.after` or before `query.before`, each once. */
  queryPage(query: Query, fields: string[]): Promise<Page>;
  /** Values of a field, chain, relation or feature with their counts, and how many rows have none. */
  queryFacet(query: Query, spec: FacetSpec): Promise<FacetCounts>;
  /** LaminDB's `get`; gives the named attributes, id and uid unless said otherwise. */
  getRow(registry: string, idlike: Idlike, fields?: string[], branch?: string): Promise<QueryValue[]>;
  /** What a `lamin://` address or a link to lamin.ai means. */
  findAddress(address: string): Promise<Found>;
  /** Ids with LaminDB's rank, best first; with a query only among its rows. */
  searchRows(
    registry: string,
    string: string,
    options?: SearchOptions & { query?: Query },
  ): Promise<RankedRow[]>;
  lookupKeys(registry: string, field?: string): Promise<[key: string, id: number][]>;
  dataFrame(query: Query, options?: FrameOptions): Promise<Frame>;
  /** The object in words, as LaminDB prints it. */
  describeRow(
    registry: string,
    idlike: Idlike,
    branch?: string,
    include?: 'comments' | null,
  ): Promise<string[]>;
  describeRegistry(registry: string): Promise<string[]>;
  rowVersions(registry: string, idlike: Idlike): Promise<number[]>;
  /** `parents`, `children`, `predecessors`, `successors`, or all the way: `query_parents` … */
  rowRelatives(registry: string, idlike: Idlike, method: string): Promise<number[]>;
  featureValues(registry: string, idlike: Idlike): Promise<Record<string, QueryValue>>;
  validateValues(registry: string, values: (string | null)[], options?: CurationOptions): Promise<boolean[]>;
  inspectValues(registry: string, values: (string | null)[], options?: CurationOptions): Promise<Inspection>;
  standardizeValues(
    registry: string,
    values: (string | null)[],
    options?: CurationOptions,
  ): Promise<Standardized>;
  lineageEdges(registry: string, idlike: Idlike): Promise<LineageEdge[]>;
}
