// Which artifacts an act is about: named one by one, or all that a list shows, so that an act on 100,000 rows needs no
// 100,000 uids to travel. LaminDB's counterpart is a query set.
import type { Model } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';
import { viewIds } from '../view/list.ts';
import type { View } from '../view/view.ts';
import type { Hidden } from '../write/hidden.ts';
import { findArtifact } from './artifact-detail.ts';
import type { Derived } from './read.ts';

/** `matching` is what a list shows (its columns and order do not count); `except` names uids left out of it. */
export type ArtifactSet = string[] | { matching: View; except: string[] };

/** Ids of the set, ascending for a view, in the given order for uids. Throws `DoesNotExist` for a uid that is not here. */
export function* artifactIds(
  model: Model,
  hidden: Hidden,
  set: ArtifactSet,
  derived: Derived = {},
): Steps<number[]> {
  if (!Array.isArray(set)) return yield* viewIds(model, hidden, set.matching, set.except, derived);
  const known = yield* all(
    `SELECT a.uid, a.id FROM json_each(?) j CROSS JOIN lamindb_artifact a ON a.uid = j.value${hidden('lamindb_artifact', 'a.id')}`,
    [JSON.stringify(set)],
  );
  const ids = new Map(known.map((row) => [String(row[0]), Number(row[1])]));
  const found = new Set<number>();
  // What is no full uid may be the stem of one, which names its latest version.
  for (const uid of set) found.add(ids.get(uid) ?? (yield* findArtifact(hidden, uid)).id);
  return [...found];
}
