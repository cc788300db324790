// Views that people keep, per registry, with their names: rows of our own table `loam_view`, beside LaminDB's tables. They
// are no part of the log of acts (nothing to undo); the newest wins where two devices changed one, so a deleted view stays
// as a mark.
import { LoamError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import { findRegistry, registryName } from '../model/name-field.ts';
import { isObject } from '../query/query.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { checkView, type View } from './view.ts';

export type Density = 'normal' | 'compact';

export interface SavedView {
  uid: string;
  registry: string;
  name: string;
  view: View;
  density: Density;
  /** What the list of the registry shows at first. */
  isDefault: boolean;
}

/** What a view is saved with; without a uid it is a new one. */
export interface SavedViewInput {
  uid?: string;
  registry: string;
  name: string;
  view: View;
  density?: Density;
  isDefault?: boolean;
}

const maxName = 80;
const maxViews = 200;

/** Views of a registry in the order in which they were made. One that is no longer readable is left out. */
export function* savedViews(registry: string): Steps<SavedView[]> {
  const rows = yield* all(
    'SELECT uid, registry, name, body, is_default FROM loam_view WHERE registry = ? AND gone = 0 ORDER BY position, uid',
    [registry],
  );
  return rows.flatMap((row) => {
    try {
      const body: unknown = JSON.parse(String(row[3]));
      if (!isObject(body)) return [];
      return [
        {
          uid: String(row[0]),
          registry: String(row[1]),
          name: String(row[2]),
          view: checkView(body['view']),
          density: body['density'] === 'compact' ? 'compact' : 'normal',
          isDefault: row[4] === 1,
        } satisfies SavedView,
      ];
    } catch {
      return [];
    }
  });
}

/** Saves a new view under `fresh`, or changes the one that is named. `at` is microseconds. */
export function* saveView(
  model: Model,
  input: SavedViewInput,
  fresh: string,
  userId: number,
  at: number,
): Steps<string> {
  const table = findRegistry(model, String(input.registry));
  if (!table?.registry)
    throw new LoamError('InvalidArgument', `There is no registry "${String(input.registry).slice(0, 60)}".`);
  const registry = registryName(table);
  const view = checkView(input.view);
  if (view.registry !== registry)
    throw new LoamError('InvalidArgument', `A view of ${registry} shows ${registry}, not ${view.registry}.`);
  const name = typeof input.name === 'string' ? input.name.trim() : '';
  if (name === '' || name.length > maxName)
    throw new LoamError('ValidationError', `A view has a name of at most ${maxName} characters.`, {
      field: 'name',
    });
  const uid = input.uid ?? fresh;
  const same = yield* one(
    'SELECT uid FROM loam_view WHERE registry = ? AND gone = 0 AND name = ? COLLATE NOCASE AND uid <> ?',
    [registry, name, uid],
  );
  if (same)
    throw new LoamError('ValidationError', `There is a view called "${name}". Choose another name.`, {
      field: 'name',
    });
  const known = yield* one('SELECT position FROM loam_view WHERE uid = ? AND gone = 0', [uid]);
  if (input.uid !== undefined && !known)
    throw new LoamError('DoesNotExist', 'This view was deleted meanwhile.', { uid });
  const count = yield* one(
    'SELECT count(*), coalesce(max(position), 0) FROM loam_view WHERE registry = ? AND gone = 0',
    [registry],
  );
  if (!known && Number(count?.[0]) >= maxViews)
    throw new LoamError(
      'ValidationError',
      `There are ${maxViews} views of ${registry} already. Delete some first.`,
    );
  if (input.isDefault)
    yield* run(
      'UPDATE loam_view SET is_default = 0, at = ? WHERE registry = ? AND is_default = 1 AND uid <> ?',
      [at, registry, uid],
    );
  yield* run(
    `INSERT INTO loam_view(uid, registry, name, body, position, is_default, user_id, at, gone) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
     ON CONFLICT(uid) DO UPDATE SET name = excluded.name, body = excluded.body, is_default = excluded.is_default, at = excluded.at, gone = 0`,
    [
      uid,
      registry,
      name,
      JSON.stringify({ view, density: input.density ?? 'normal' }),
      known ? Number(known[0]) : Number(count?.[1]) + 1,
      input.isDefault ? 1 : 0,
      userId,
      at,
    ],
  );
  return uid;
}

export function* removeView(uid: string, at: number): Steps<void> {
  yield* run(
    "UPDATE loam_view SET gone = 1, is_default = 0, body = '{}', at = ? WHERE uid = ? AND gone = 0",
    [at, uid],
  );
}
