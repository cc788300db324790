// Queries of `ln`: built call by call as in LaminDB, asked when their rows, count or frame are awaited. They hold the plain
// query that the engine takes; nothing is compiled here.
import { LoamError } from '../engine/errors.ts';
import type { Condition, Order, Query as PlainQuery, QueryValue } from '../engine/query/query.ts';
import type { FrameOptions, SearchOptions } from '../workers/query-wire.ts';
import { joined } from './condition.ts';
import { DataFrame } from './data-frame.ts';
import type { RegistryCore } from './registry.ts';

/** Rows that are read in one question while a query is walked. */
const chunk = 500;

export class RowQuery {
  constructor(
    readonly core: RegistryCore,
    readonly plain: PlainQuery = { registry: core.name },
    /** Rows on every branch and in the trash too, as ties of a row are shown. */
    readonly everywhere = false,
  ) {}

  /** As other queries take it: `{ run__in: ln.Run.filter(…) }`. */
  toQuery(): QueryValue {
    return this.plain as unknown as QueryValue;
  }

  protected with(change: Partial<PlainQuery>): RowQuery {
    return new RowQuery(this.core, { ...this.plain, ...change }, this.everywhere);
  }

  private also(condition: Condition): RowQuery {
    const { filters = [] } = this.plain;
    if (!this.everywhere) return this.with({ filters: [...filters, condition] });
    // A related row counts whatever its branch is, in each further condition as well.
    const seen: Condition = { $and: [condition, { branch: null }] };
    return this.with({ filters: [...filters, seen] });
  }

  filter(...conditions: unknown[]): RowQuery {
    return this.also(joined(conditions));
  }
  exclude(...conditions: unknown[]): RowQuery {
    const { filters = [] } = this.plain;
    return this.with({ filters: [...filters, { $not: joined(conditions) }] });
  }
  orderBy(...by: Order[]): RowQuery {
    return this.with({ order: by });
  }
  distinct(): RowQuery {
    return this.with({ distinct: true });
  }
  limit(count: number): RowQuery {
    return this.with({ limit: count });
  }
  offset(count: number): RowQuery {
    return this.with({ offset: count });
  }

  async all(): Promise<object[]> {
    const { core, plain } = this;
    const rows = await core.engine.queryRows(plain, core.columns);
    return rows.map((row) => core.wake(row));
  }
  async toList(field?: string): Promise<unknown[]> {
    if (field === undefined) return this.all();
    return (await this.values(field)).map((row) => row[0]);
  }
  values(...fields: string[]): Promise<QueryValue[][]> {
    return this.core.engine.queryRows(this.plain, fields.length > 0 ? fields : this.core.columns);
  }
  ids(): Promise<number[]> {
    return this.core.engine.queryIds(this.plain);
  }
  count(): Promise<number> {
    return this.core.engine.queryCount(this.plain);
  }
  async exists(): Promise<boolean> {
    return (await this.with({ limit: 1 }).ids()).length > 0;
  }
  async first(): Promise<object | null> {
    return (await this.with({ limit: 1 }).all())[0] ?? null;
  }
  async last(): Promise<object | null> {
    const order = this.plain.order ?? [];
    const turned = order.length > 0 ? order.map(turn) : ['-id'];
    if (this.plain.limit !== undefined || this.plain.offset !== undefined)
      return (await this.all()).at(-1) ?? null;
    return (await this.with({ order: turned, limit: 1 }).all())[0] ?? null;
  }
  async one(): Promise<object> {
    const row = await this.oneOrNone();
    if (row) return row;
    throw new LoamError('DoesNotExist', `No ${this.core.name} matches the query.`, {
      registry: this.core.name,
    });
  }
  async oneOrNone(): Promise<object | null> {
    const [row, second] = await this.with({ limit: 2 }).all();
    if (!second) return row ?? null;
    throw new LoamError(
      'MultipleObjectsReturned',
      `More than one ${this.core.name} matches the query. Add a look-up that tells them apart.`,
      { registry: this.core.name },
    );
  }
  async get(which: unknown): Promise<object> {
    const { filters = [] } = this.plain;
    if (filters.length === 0) return this.core.get(which);
    const lookups =
      typeof which === 'number'
        ? { id: which }
        : typeof which === 'string'
          ? { uid__startswith: which }
          : which;
    return this.filter(lookups).one();
  }
  async search(text: string, options: SearchOptions = {}): Promise<object[]> {
    const { filters = [] } = this.plain;
    const among = filters.length === 0 ? options : { ...options, query: this.plain };
    const ranked = await this.core.engine.searchRows(this.core.name, text, among);
    return this.core.byIds(ranked.map(({ id }) => id));
  }
  facet(field: string) {
    return this.core.engine.queryFacet(this.plain, { field });
  }
  async toDataFrame(options: FrameOptions = {}): Promise<DataFrame> {
    return new DataFrame(await this.core.engine.dataFrame(this.plain, options));
  }
  async delete(options: { permanent?: boolean } = {}): Promise<number> {
    const ids = [...new Set(await this.ids())];
    if (ids.length > 0) await this.core.remove(ids, options.permanent === true);
    return ids.length;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<object> {
    const ids = await this.ids();
    for (let at = 0; at < ids.length; at += chunk) yield* await this.core.byIds(ids.slice(at, at + chunk));
  }
}

function turn(by: Order): Order {
  if (typeof by === 'string') return by.startsWith('-') ? by.slice(1) : `-${by}`;
  return { ...by, descending: by.descending !== true };
}
