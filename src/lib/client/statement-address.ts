// A statement as a link: `/query?sql=…`, so that it can be shared and kept as a bookmark. A saved query is named by its stem,
// `/query?q=…`, with the text only where it was changed since; values of parameters are written `$name=…`.
import type { GivenValues } from './parameters.ts';

export const QUERY_TABS = ['rows', 'chart', 'profile', 'plan'] as const;
export type QueryTab = (typeof QUERY_TABS)[number];

export interface QueryPlace {
  sql: string;
  tab: QueryTab;
  /** The saved query it is, or was before it was changed. */
  saved: string | null;
  values: GivenValues;
}

export function queryAddress(sql: string, tab: QueryTab = 'rows', more: Partial<QueryPlace> = {}): string {
  const params = new URLSearchParams();
  if (more.saved != null) params.set('q', more.saved);
  if (sql !== '') params.set('sql', sql);
  if (tab !== 'rows') params.set('tab', tab);
  for (const [name, texts] of Object.entries(more.values ?? {}))
    for (const text of texts) params.append(`$${name}`, text);
  const text = params.toString();
  return text ? `/query?${text}` : '/query';
}

/** `sql` is null where the address has none. */
export function readQueryAddress(params: URLSearchParams): Omit<QueryPlace, 'sql'> & { sql: string | null } {
  const values: Record<string, string[]> = {};
  for (const [key, text] of params)
    if (/^\$[\p{L}_][\p{L}\p{N}_]*$/u.test(key)) (values[key.slice(1)] ??= []).push(text);
  return {
    sql: params.get('sql'),
    tab: QUERY_TABS.find((one) => one === params.get('tab')) ?? 'rows',
    saved: params.get('q'),
    values,
  };
}
