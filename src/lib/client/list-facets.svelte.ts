// The facets beside a list, counted one after the other so that no long count holds up the rows; old counts stay until the
// new ones are there. And what a click on a facet does to the filter: its values are one condition at the top.
import { untrack } from 'svelte';
import type { FacetSpec, FilterTest, ListFacet, View } from '../workers/wire.ts';
import { touches } from './live.svelte.ts';
import { createRefresher } from './refresh.ts';
import { session } from './session.svelte.ts';

type Value = FilterTest['value'];

export interface ListFacets {
  readonly all: readonly ListFacet[];
}

const nameOf = (facet: FacetSpec): string => `${facet.feature ? '@' : ''}${facet.field}`;

/** Must be called while a component is being created. Null counts nothing. */
export function listFacets(view: () => View | null): ListFacets {
  let all = $state.raw<readonly ListFacet[]>([]);
  let generation = 0;
  let took = 0;

  async function ask(): Promise<void> {
    const mine = ++generation;
    const now = view();
    if (!now) return;
    const start = performance.now();
    try {
      const specs = await session.engine.facetSpecs(now);
      if (mine !== generation) return;
      const fresh = all.filter((facet) => specs.some((spec) => nameOf(spec) === nameOf(facet)));
      for (const [at, spec] of specs.entries()) {
        const facet = await session.engine.listFacet(now, spec);
        if (mine !== generation) return;
        const known = fresh.findIndex((one) => nameOf(one) === nameOf(spec));
        if (known >= 0) fresh[known] = facet;
        else fresh.splice(at, 0, facet);
        all = [...fresh];
      }
      took = performance.now() - start;
    } catch {
      // A filter that cannot be read is told by the list itself; the counts of before say nothing wrong about it.
    }
  }

  $effect(() => {
    // Columns and order change no count.
    const now = view();
    void JSON.stringify([now?.registry, now?.filter, now?.search, now?.trash, now?.versions]);
    if (session.state !== 'ready') return;
    void untrack(ask);
  });
  $effect(() => {
    const refresher = createRefresher(ask, { soon: 100, every: 1000, seldom: 20 }, () => took);
    const stop = session.onFeed((feed) => {
      if (touches(feed, [''])) refresher.wish(!feed.last);
    });
    return () => {
      stop();
      refresher.stop();
      generation += 1;
    };
  });

  return {
    get all() {
      return all;
    },
  };
}

/** The condition at the top of the filter that a facet stands for. */
export function facetTest(view: View, facet: FacetSpec): FilterTest | undefined {
  if (view.filter.kind !== 'all' || view.filter.not) return undefined;
  const found = view.filter.items.find(
    (item): item is FilterTest =>
      item.kind === 'test' &&
      item.op === 'in' &&
      !item.not &&
      item.field === facet.field &&
      (item.feature ?? false) === (facet.feature ?? false),
  );
  return Array.isArray(found?.value) ? found : undefined;
}

export function isOn(view: View, facet: FacetSpec, value: Value): boolean {
  const test = facetTest(view, facet);
  return Array.isArray(test?.value) && test.value.includes(value);
}

/** With the value chosen, or no longer. */
export function toggleFacet(view: View, facet: FacetSpec, value: Value): View {
  const test = facetTest(view, facet);
  const plain = view.filter.kind === 'all' && !view.filter.not;
  const items = plain ? view.filter.items : [view.filter];
  const chosen = Array.isArray(test?.value) ? test.value : [];
  const next = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
  const fresh: FilterTest = {
    kind: 'test',
    field: facet.field,
    op: 'in',
    value: next,
    ...(facet.feature ? { feature: true } : {}),
  };
  const rest =
    next.length === 0
      ? items.filter((item) => item !== test)
      : test
        ? items.map((item) => (item === test ? fresh : item))
        : [...items, fresh];
  return { ...view, filter: { kind: 'all', items: rest } };
}
