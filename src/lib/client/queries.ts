// Queries over the artifacts of the database that this tab shows. Nothing is loaded before the first statement.
import { createQueries, type Queries } from './duckdb.ts';
import { openQuery } from './open-query.svelte.ts';
import { session } from './session.svelte.ts';

export const queries = createQueries({ engine: session.engine });

/** Profiles and charts ask in a worker of their own: they neither slow nor end the statement that somebody runs. */
const looks = createQueries({ engine: session.engine });
export const lookQueries: Queries = {
  ...looks,
  run: (sql, options = {}) => looks.run(sql, { values: openQuery.values, ...options }),
};

// Their memory is the largest of all: a page that leaves gives it back at once.
if (typeof window !== 'undefined')
  window.addEventListener('pagehide', () => {
    queries.restart();
    lookQueries.restart();
  });
