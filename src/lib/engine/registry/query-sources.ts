// What the sources of a statement over files mean: an artifact by key or uid, the members of a collection, all that a view
// of the artifacts shows. Where their bytes are is told, not read.
import { LoamError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import { nearest } from '../query/paths.ts';
import type { Derived } from '../query/read.ts';
import { all, type Steps } from '../statement.ts';
import { viewIds } from '../view/list.ts';
import { savedViews } from '../view/saved.ts';
import type { View } from '../view/view.ts';
import type { Hidden } from '../write/hidden.ts';
import { membersOf } from './collection.ts';
import { namedArtifacts } from './named-artifacts.ts';
import { whereaboutsOf, type Whereabouts } from './whereabouts.ts';

/**
 * One source as a statement names it. `view` is what an address said; without one the name is that of a saved view.
 * `inside`: files are meant that hold tables, not those that are one.
 */
export type AskedSource =
  | { of: 'artifact'; names: string[] }
  | { of: 'collection'; name: string }
  | { of: 'artifacts'; name: string; view: View | null; inside?: boolean };

/** More files make no statement that anybody waits for. */
const most = 5_000;

/**
 * For each source its artifacts in order. Throws `DoesNotExist` (details: name, near), `MultipleObjectsReturned`, and
 * `InvalidArgument` for a view with more than 5,000 artifacts.
 */
export function* querySources(
  model: Model,
  hidden: Hidden,
  derived: Derived,
  asked: readonly AskedSource[],
): Steps<Whereabouts[][]> {
  const found: Whereabouts[][] = [];
  for (const source of asked) {
    if (source.of === 'artifact') found.push(yield* namedArtifacts(hidden, source.names));
    else if (source.of === 'collection')
      found.push(yield* whereaboutsOf(yield* members(hidden, source.name)));
    else {
      const ids = yield* viewIds(model, hidden, source.view ?? (yield* savedView(source.name)), [], derived);
      if (ids.length > most)
        throw new LoamError(
          'InvalidArgument',
          `artifacts('${source.name.slice(0, 80)}') shows ${ids.length.toLocaleString('en')} artifacts; a statement takes ${most.toLocaleString('en')}. Narrow the view, for instance by suffix or label.`,
        );
      found.push(yield* whereaboutsOf(ids));
    }
  }
  return found;
}

/** By key (the latest version), by uid or its beginning, else by the name that LaminDB 2 calls a key. */
function* members(hidden: Hidden, name: string): Steps<number[]> {
  const rows = yield* all(
    `SELECT c.id, c.uid FROM lamindb_collection c WHERE (c.uid = ?1 OR (length(?1) = 16 AND substr(c.uid, 1, 16) = ?1 AND c.is_latest = 1)
       OR (c.key = ?1 AND c.is_latest = 1)) AND +c.branch_id IN (${hidden.branches().join(', ')})${hidden('lamindb_collection', 'c.id')} ORDER BY c.id DESC LIMIT 4`,
    [name],
  );
  const [row] = rows;
  if (rows.length > 1)
    throw new LoamError(
      'MultipleObjectsReturned',
      `Several collections are called "${name}": ${rows.map(([, uid]) => String(uid)).join(', ')}. Use the uid of the one that is meant.`,
      { name },
    );
  if (row) return yield* membersOf(Number(row[0]));
  const keys = yield* all(
    `SELECT DISTINCT c.key FROM lamindb_collection c WHERE c.is_latest = 1 AND +c.branch_id IN (${hidden.branches().join(', ')})${hidden('lamindb_collection', 'c.id')} ORDER BY c.id DESC LIMIT 5000`,
  );
  throw unknown(
    'collection',
    name,
    keys.map(([key]) => String(key)),
  );
}

function* savedView(name: string): Steps<View> {
  const views = yield* savedViews('Artifact');
  const view = views.find((one) => one.name === name);
  if (view) return view.view;
  throw unknown(
    'saved view of the artifacts',
    name,
    views.map((one) => one.name),
  );
}

function unknown(what: string, name: string, names: readonly string[]): LoamError {
  const near = nearest(name, names);
  const hint = near === null ? '' : ` Did you mean '${near}'?`;
  return new LoamError('DoesNotExist', `There is no ${what} "${name.slice(0, 200)}".${hint}`, {
    name: name.slice(0, 200),
    near: near === null ? [] : [near],
  });
}
