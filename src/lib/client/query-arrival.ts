// What an address of the Query screen brings: a statement, a saved query or both, and values. The saved query is looked up.
import { sayError } from './notices.svelte.ts';
import { openQuery } from './open-query.svelte.ts';
import { findQuery } from './saved-queries.svelte.ts';
import { queryAddress, type QueryTab, readQueryAddress } from './statement-address.ts';

/** The text that belongs into the editor; null where the address says nothing, so that what is there stays. */
export async function arrive(params: URLSearchParams): Promise<string | null> {
  const { sql, saved, values } = readQueryAddress(params);
  if (sql === null && saved === null) {
    // Back in the app: the draft is there, and the query it belongs to.
    if (!openQuery.saved && openQuery.last !== '')
      openQuery.saved = await findQuery(openQuery.last).catch(() => null);
    return null;
  }
  if (saved === null) openQuery.saved = null;
  else if (openQuery.saved?.stem !== saved)
    try {
      openQuery.saved = await findQuery(saved);
    } catch (problem) {
      openQuery.saved = null;
      if (sql === null) {
        sayError(problem, 'The query could not be opened');
        return null;
      }
    }
  openQuery.given = values;
  return sql ?? (saved === null ? null : openQuery.draftOf(saved)) ?? openQuery.saved?.code ?? '';
}

/** The address of this text; a saved query that was not changed needs none of it. */
export const addressOf = (text: string, tab: QueryTab): string =>
  queryAddress(openQuery.saved && !openQuery.isChanged(text) ? '' : text, tab, {
    saved: openQuery.saved?.stem ?? null,
    values: openQuery.given,
  });
