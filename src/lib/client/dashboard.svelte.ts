// The numbers of a dashboard, asked one after the other so that no long count holds up the rest; old numbers stay until the
// new ones are there, and a view that has changed meanwhile ends the round. Facets of the panel are not asked again here.
import { untrack } from 'svelte';
import type { WireError } from '../engine/errors.ts';
import type { ListFacet, ListHistogram, ListTotals, UsedFeature, View } from '../workers/wire.ts';
import { touches } from './live.svelte.ts';
import { asWireError } from './notices.svelte.ts';
import { createRefresher } from './refresh.ts';
import { session } from './session.svelte.ts';

export interface DashboardFeature extends UsedFeature {
  /** Null while it is counted for the first time. */
  drawn: ListHistogram | ListFacet | null;
}

export interface DashboardNumbers {
  readonly totals: ListTotals | null;
  readonly created: ListHistogram | null;
  readonly sizes: ListHistogram | null;
  readonly transforms: ListFacet | null;
  readonly features: readonly DashboardFeature[];
  /** A round is going on. */
  readonly counting: boolean;
  readonly error: WireError | null;
  again(): void;
}

/** Most used features that are drawn. */
const mostFeatures = 8;
/** Values that a card shows. */
export const mostValues = 12;

/** Must be called while a component is being created. */
export function dashboardNumbers(view: () => View): DashboardNumbers {
  let totals = $state.raw<ListTotals | null>(null);
  let created = $state.raw<ListHistogram | null>(null);
  let sizes = $state.raw<ListHistogram | null>(null);
  let transforms = $state.raw<ListFacet | null>(null);
  let features = $state.raw<readonly DashboardFeature[]>([]);
  let counting = $state(true);
  let error = $state.raw<WireError | null>(null);
  let generation = 0;
  let took = 0;

  async function ask(): Promise<void> {
    const mine = ++generation;
    const now = view();
    const start = performance.now();
    const { engine } = session;
    counting = true;
    try {
      for await (const put of answers(now, engine)) {
        if (mine !== generation) return;
        put();
      }
      error = null;
    } catch (problem) {
      if (mine === generation) error = asWireError(problem);
    }
    if (mine !== generation) return;
    took = performance.now() - start;
    counting = false;
  }

  /** Each answer as what it does to the numbers, so that a round that is over does nothing. */
  async function* answers(now: View, engine: typeof session.engine): AsyncGenerator<() => void> {
    const all = await engine.listTotals(now);
    yield () => (totals = all);
    const times = await engine.listHistogram(now, { field: 'created_at' });
    yield () => (created = times);
    const classes = await engine.listHistogram(now, { field: 'size' });
    yield () => (sizes = classes);
    const made = await engine.listFacet(now, { field: 'run__transform__key', limit: mostValues });
    yield () => (transforms = made);
    const used = await engine.listFeatures(now, mostFeatures);
    const before = (one: UsedFeature) =>
      features.find(({ name, kind }) => name === one.name && kind === one.kind);
    yield () => (features = used.map((one) => ({ ...one, drawn: before(one)?.drawn ?? null })));
    for (const { name, kind } of used) {
      const spec = { field: name, feature: true };
      const drawn =
        kind === 'values'
          ? await engine.listFacet(now, { ...spec, limit: mostValues })
          : await engine.listHistogram(now, spec);
      yield () => (features = features.map((one) => (one.name === name ? { ...one, drawn } : one)));
    }
  }

  $effect(() => {
    // Columns and order change no number.
    const now = view();
    void JSON.stringify([now.registry, now.filter, now.search, now.trash, now.versions]);
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
    get totals() {
      return totals;
    },
    get created() {
      return created;
    },
    get sizes() {
      return sizes;
    },
    get transforms() {
      return transforms;
    },
    get features() {
      return features;
    },
    get counting() {
      return counting;
    },
    get error() {
      return error;
    },
    again: () => void ask(),
  };
}
