// What can stand in a parameter that is the name of something: artifacts, collections, saved views, labels, values of a feature.
// A help only: what is typed counts, whether it is among them or not.
import type { NamedRow } from '../workers/wire.ts';
import type { Parameter } from './parameters.ts';
import { session } from './session.svelte.ts';
import { emptyView } from './view-address.ts';

const most = 30;

/** Null where nothing is offered for such a parameter. */
export function choicesOf({
  type,
  feature,
}: Pick<Parameter, 'type' | 'feature'>): ((search: string) => Promise<string[]>) | null {
  const { engine } = session;
  const listed = async (registry: string, search: string): Promise<string[]> => {
    const view = { ...emptyView(registry), search, columns: [] };
    const { rows } = await engine.listRows(view, { after: null, limit: most });
    return rows.map(({ name }) => name);
  };
  switch (type) {
    case 'artifact':
      return (search) => listed('Artifact', search);
    case 'collection':
      return (search) => listed('Collection', search);
    case 'label':
      return (search) => listed('ULabel', search);
    case 'view':
      return async (search) =>
        (await engine.savedViews('Artifact'))
          .map(({ name }) => name)
          .filter((name) => name.toLowerCase().includes(search.toLowerCase()));
    case 'feature':
      return feature === null
        ? null
        : async (search) => {
            const spec = { field: feature, feature: true, limit: most, ...(search === '' ? {} : { search }) };
            const { values } = await engine.listFacet(emptyView('Artifact'), spec);
            return values.map(({ label }) => label);
          };
    default:
      return null;
  }
}

/** The same as rows with names, as chips want them. */
export async function namedChoices(
  choices: ((search: string) => Promise<string[]>) | null,
  search: string,
): Promise<NamedRow[]> {
  return ((await choices?.(search)) ?? []).map((name) => ({ name }) as NamedRow);
}
