// What can carry feature values (artifacts, runs, records) and in which tables: derived from the model's links, so that a
// registry of a plug-in with links to artifacts or records is a category like any other.
import { LoamError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import { relationsOf } from '../registry/relations.ts';

export interface Host {
  registry: 'Artifact' | 'Run' | 'Record';
  table: string;
  /** Plain values: shared JsonValue rows linked by `table`, or (records) a cell of their own. */
  json: { table: string; own: string; shared: boolean };
  /** Link tables by the table of the category, with the columns of the carrier and of the category. */
  links: Map<string, { table: string; own: string; value: string }>;
}

export const hostRegistries = ['Artifact', 'Run', 'Record'] as const;
const cache = new WeakMap<Model, Map<string, Host>>();

export function hostOf(model: Model, registry: string): Host {
  let hosts = cache.get(model);
  if (!hosts) cache.set(model, (hosts = new Map(hostRegistries.map((name) => [name, derive(model, name)]))));
  const host = hosts.get(registry);
  if (host) return host;
  throw new LoamError(
    'InvalidArgument',
    `${registry} rows carry no feature values; Artifact, Run and Record rows do.`,
    { registry },
  );
}

function derive(model: Model, registry: Host['registry']): Host {
  const name = registry.toLowerCase();
  const table = `lamindb_${name}`;
  const links: Host['links'] = new Map();
  for (const relation of relationsOf(model, table).values()) {
    if (relation.owner && relation.feature)
      links.set(relation.target, { table: relation.table, own: relation.own, value: relation.other });
  }
  const own = `${name}_id`;
  const json =
    registry === 'Record'
      ? { table: 'lamindb_recordjson', own, shared: false }
      : { table: `lamindb_${name}jsonvalue`, own, shared: true };
  return { registry, table, json, links };
}
