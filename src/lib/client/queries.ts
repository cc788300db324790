// Queries over the artifacts of the database that this tab shows. Nothing is loaded before the first statement.
import { createQueries } from './duckdb.ts';
import { session } from './session.svelte.ts';

export const queries = createQueries({ engine: session.engine });

/** Profiles and charts ask in a worker of their own: they neither slow nor end the statement that somebody runs. */
export const lookQueries = createQueries({ engine: session.engine });

// Their memory is the largest of all: a page that leaves gives it back at once.
if (typeof window !== 'undefined')
  window.addEventListener('pagehide', () => {
    queries.restart();
    lookQueries.restart();
  });
