// The rows of a long list, asked for in pages as they come into sight; old rows stay until newer ones arrive.
/* eslint-disable svelte/prefer-svelte-reactivity -- pages are replaced as a whole; the rest is bookkeeping no screen reads */
import { untrack } from 'svelte';
import type { WireError } from '../engine/errors.ts';
import type { ArtifactRow } from '../workers/wire.ts';
import { followFeed } from './live.svelte.ts';
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { type ArtifactView, toSpec } from './view.ts';

const PAGE = 100;

export function artifactRows(view: () => ArtifactView) {
  let pages = $state.raw<ReadonlyMap<number, ArtifactRow[]>>(new Map());
  let total = $state<number | null>(null);
  let error = $state.raw<WireError | null>(null);
  let wanted = { first: 0, last: 0 };
  /** Answers to an earlier view or an earlier state of the database are dropped. */
  let generation = 0;
  const asked = new Map<number, number>();
  let viewKey = '';
  let shownView = '';

  async function load(page: number): Promise<void> {
    const mine = generation;
    if (asked.get(page) === mine) return;
    asked.set(page, mine);
    try {
      const answer = await session.engine.listArtifacts(toSpec(view(), page * PAGE, PAGE));
      if (mine !== generation) return;
      // The first page of a new view replaces what the old view showed; a refresh replaces page by page.
      pages = new Map(shownView === viewKey ? pages : []).set(page, answer.rows);
      shownView = viewKey;
      total = answer.total;
      error = null;
    } catch (problem) {
      if (mine === generation) error = asWireError(problem);
    }
  }

  function loadWanted(): void {
    for (let page = Math.floor(wanted.first / PAGE); page <= Math.floor(wanted.last / PAGE); page++)
      void load(page);
  }

  function again(): void {
    generation += 1;
    loadWanted();
  }

  $effect(() => {
    viewKey = JSON.stringify(view());
    if (session.state !== 'ready') return;
    untrack(again);
  });
  $effect(() => followFeed(['lamindb_artifact', 'lamindb_ulabel', 'lamindb_project'], again));

  return {
    get total() {
      return total;
    },
    get error() {
      return error;
    },
    at(index: number): ArtifactRow | undefined {
      return pages.get(Math.floor(index / PAGE))?.[index % PAGE];
    },
    indexOf(uid: string): number {
      for (const [page, rows] of pages) {
        const at = rows.findIndex((row) => row.uid === uid);
        if (at >= 0) return page * PAGE + at;
      }
      return -1;
    },
    show(first: number, last: number): void {
      wanted = { first, last };
      if (session.state === 'ready') loadWanted();
    },
    again,
  };
}

export type ArtifactRows = ReturnType<typeof artifactRows>;
