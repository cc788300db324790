// A statement as a link: `/query?sql=…`, so that it can be shared and kept as a bookmark.
export const QUERY_TABS = ['rows', 'chart', 'profile', 'plan'] as const;
export type QueryTab = (typeof QUERY_TABS)[number];

export function queryAddress(sql: string, tab: QueryTab = 'rows'): string {
  const params = new URLSearchParams();
  if (sql !== '') params.set('sql', sql);
  if (tab !== 'rows') params.set('tab', tab);
  const text = params.toString();
  return text ? `/query?${text}` : '/query';
}

export function readQueryAddress(params: URLSearchParams): { sql: string | null; tab: QueryTab } {
  return { sql: params.get('sql'), tab: QUERY_TABS.find((one) => one === params.get('tab')) ?? 'rows' };
}
