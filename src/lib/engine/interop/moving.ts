// A whole database becomes a branch of another one (joining a team, decision 0041): which of its rows are moved, in which
// order, and on which branch they arrive. Rows keep their uids, links, values, notes and the runs that wrote them; who made
// them here is the account. Nothing is taken out of the database they come from.
import type { EngineContext } from '../context.ts';
import { all, one, type Steps } from '../statement.ts';

/** Rows of one registry, by uid. */
export interface MovePart {
  registry: string;
  keys: string[];
}

/** Rows of a parcel: more are one act of some seconds. */
const rowsAtOnce = 200;
/** Who somebody is and where things lie is the other instance's. */
const stays = new Set([
  'lamindb_user',
  'lamindb_branch',
  'lamindb_space',
  'lamindb_storage',
  'bionty_source',
  'lamindb_migration',
]);
/** Before everything that they have written. */
const first = ['lamindb_transform', 'lamindb_run'];

export function movingPart({ model, read, driver }: EngineContext) {
  function* parts(): Steps<MovePart[]> {
    const found: MovePart[] = [];
    const registries = [...model.registry.values()].filter(
      ({ name, column }) => !stays.has(name) && column.has('uid'),
    );
    const place = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);
    const order = new Map(model.order.map((name, i) => [name, i]));
    registries.sort(
      (a, b) => place(a.name) - place(b.name) || (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0),
    );
    for (const table of registries) {
      const registry = table.registry;
      if (registry === null || registry === undefined) continue;
      // Rows that came with every instance (Django's ids below zero, seeds) are known there by their uids.
      const rows = yield* all(`SELECT uid FROM "${table.name}" WHERE id > 0 ORDER BY id`);
      const keys = rows.map(([uid]) => String(uid));
      for (let at = 0; at < keys.length; at += rowsAtOnce)
        found.push({ registry, keys: keys.slice(at, at + rowsAtOnce) });
    }
    return found;
  }

  return {
    /** All that this database has, in the order in which another one can take it. */
    movableParts: (): MovePart[] => read(parts()),
    /** The name for a branch that is made of it there: `local/<name>`, `local/<name> 2` … */
    branchNameFor(title: string): string {
      const base = `local/${title.trim().replaceAll('/', '-').slice(0, 60) || 'database'}`;
      const taken = (name: string): boolean =>
        read(one('SELECT 1 FROM lamindb_branch WHERE name = ?', [name])) !== undefined;
      let name = base;
      for (let n = 2; taken(name); n++) name = `${base} ${n}`;
      return name;
    },
    /** Whether anybody has made anything here: a database that was never used is not worth a branch. */
    isUntouched: (): boolean =>
      driver.all('SELECT 1 FROM lamindb_artifact LIMIT 1').length === 0 &&
      driver.all("SELECT 1 FROM loam_act WHERE kind NOT IN ('device', 'ontology') LIMIT 1").length === 0,
  };
}
