// What registries there are: asked once when the database is open, then known to every screen. Addresses of lists and rows
// are made here, so that links agree wherever they stand.
import type { RegistryInfo } from '../workers/wire.ts';
import { sayError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { emptyView, viewQuery } from './view-address.ts';

let all = $state.raw<readonly RegistryInfo[]>([]);
let asked = false;

async function load(): Promise<void> {
  if (asked) return;
  asked = true;
  try {
    all = await session.engine.registries();
  } catch (problem) {
    asked = false;
    sayError(problem, 'Could not read which registries there are');
  }
}

export const registries = {
  /** Empty until the database has answered. */
  get all(): readonly RegistryInfo[] {
    void load();
    return all;
  },
  byName(name: string): RegistryInfo | undefined {
    return registries.all.find((info) => info.name === name);
  },
  /** `ulabel`, `ULabel`, `bionty-celltype`, `bionty.CellType`, and `celltype` where one module alone has it. */
  bySlug(slug: string): RegistryInfo | undefined {
    const wanted = slugOf(slug);
    const exact = registries.all.find((info) => info.slug === wanted);
    if (exact) return exact;
    const tails = registries.all.filter((info) => info.slug.split('-').pop() === wanted);
    return tails.length === 1 ? tails[0] : undefined;
  },
};

const slugOf = (registry: string): string => registry.toLowerCase().replace('.', '-');

/** The list of a registry; `query` is a view as view-address.ts writes it. */
export function listHref(registry: string, query = ''): string {
  return `${registry === 'Artifact' ? '/artifacts' : `/r/${slugOf(registry)}`}${query}`;
}

/** The page of one row, by uid or, where a registry has none, by id. */
export function rowHref(registry: string, key: string): string {
  const at = encodeURIComponent(key);
  return registry === 'Artifact' ? `/artifacts/${at}` : `/r/${slugOf(registry)}/${at}`;
}

/** The screen on which rows of a registry are made, where it has one; a schema of an artifact's columns with its uid. */
export function makingHref(registry: 'Schema', from?: string): string;
export function makingHref(registry: string): string | null;
export function makingHref(registry: string, from?: string): string | null {
  if (registry !== 'Schema') return null;
  return `/r/schema/new${from === undefined ? '' : `?from=${encodeURIComponent(from)}`}`;
}

/** The list of artifacts that carry what a look-up names. */
export const artifactsHref = (field: string, uid: string): string =>
  listHref(
    'Artifact',
    viewQuery({
      ...emptyView('Artifact'),
      filter: { kind: 'all', items: [{ kind: 'test', field, op: 'exact', value: uid }] },
    }),
  );
