// The Artifacts view as a link: what is searched, filtered and sorted lives in the address, so back and sharing work.
import type { ArtifactListSpec } from '../workers/wire.ts';

export type SortBy = NonNullable<ArtifactListSpec['sort']>['by'];

export interface ArtifactView {
  search: string;
  facets: Record<string, (string | null)[]>;
  sort: { by: SortBy; descending: boolean };
  allVersions: boolean;
  trash: boolean;
}

const SORTS: readonly SortBy[] = ['key', 'size', 'createdAt', 'updatedAt', 'suffix', 'nObservations'];
const DEFAULT_SORT = { by: 'updatedAt', descending: true } as const;
/** A facet value that is empty in the address means "missing"; an empty string is not a value anyone filters by. */
const MISSING = '';

export function readView(params: URLSearchParams): ArtifactView {
  const facets: ArtifactView['facets'] = {};
  for (const [name, value] of params) {
    if (!name.startsWith('f.')) continue;
    const id = name.slice(2);
    (facets[id] ??= []).push(value === MISSING ? null : value);
  }
  const sort = params.get('sort') ?? '';
  const by = SORTS.find((one) => one === sort.replace(/^-/, ''));
  return {
    search: params.get('q') ?? '',
    facets,
    sort: by ? { by, descending: sort.startsWith('-') } : { ...DEFAULT_SORT },
    allVersions: params.has('versions'),
    trash: params.has('trash'),
  };
}

export function viewAddress(view: ArtifactView): string {
  const params = new URLSearchParams();
  if (view.search) params.set('q', view.search);
  for (const [id, values] of Object.entries(view.facets))
    for (const value of values) params.append(`f.${id}`, value ?? MISSING);
  const { by, descending } = view.sort;
  if (by !== DEFAULT_SORT.by || descending !== DEFAULT_SORT.descending)
    params.set('sort', `${descending ? '-' : ''}${by}`);
  if (view.allVersions) params.set('versions', 'all');
  if (view.trash) params.set('trash', '1');
  const text = params.toString();
  return text ? `/artifacts?${text}` : '/artifacts';
}

export function toSpec(view: ArtifactView, offset: number, limit: number): ArtifactListSpec {
  return {
    search: view.search || undefined,
    facets: Object.keys(view.facets).length > 0 ? view.facets : undefined,
    sort: view.sort,
    allVersions: view.allVersions,
    trash: view.trash,
    offset,
    limit,
  };
}

export function toggleFacet(view: ArtifactView, id: string, value: string | null): ArtifactView {
  const chosen = view.facets[id] ?? [];
  const next = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
  const facets = { ...view.facets, [id]: next };
  if (next.length === 0) delete facets[id];
  return { ...view, facets };
}

export function isFiltered(view: ArtifactView): boolean {
  return view.search !== '' || Object.keys(view.facets).length > 0;
}
