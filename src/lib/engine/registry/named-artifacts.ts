// Artifacts by the names that a query calls them: a key (the latest version) or a uid, as LaminDB's `get(key=…)` and
// `get(uid)`. A name that fits none is told with those that come near.
import { LoamError } from '../errors.ts';
import { nearest } from '../query/paths.ts';
import { all, type Steps } from '../statement.ts';
import type { Hidden } from '../write/hidden.ts';
import { whereabouts, type Whereabouts } from './whereabouts.ts';

/** So many keys are compared letter by letter for a name that fits none. */
const compared = 5_000;
const shown = 3;

/** In the order given. Throws `DoesNotExist` (details: name, near) and `MultipleObjectsReturned`. */
export function* namedArtifacts(hidden: Hidden, names: readonly string[]): Steps<Whereabouts[]> {
  const found: Whereabouts[] = [];
  for (const name of names) found.push(yield* namedArtifact(hidden, name));
  return found;
}

function* namedArtifact(hidden: Hidden, name: string): Steps<Whereabouts> {
  const rows = yield* all(
    `SELECT a.uid FROM lamindb_artifact a WHERE a.key = ? AND +a.is_latest = 1 AND +a.branch_id IN (${hidden.branches().join(', ')})${hidden('lamindb_artifact', 'a.id')}
     ORDER BY a.id DESC LIMIT 4`,
    [name],
  );
  const uids = rows.map((row) => String(row[0]));
  const [uid] = uids;
  if (uids.length > 1)
    throw new LoamError(
      'MultipleObjectsReturned',
      `Several artifacts have the key "${name}": ${uids.join(', ')}. Use the uid of the one that is meant.`,
      { name, near: uids },
    );
  if (uid !== undefined) return yield* whereabouts(hidden, uid);
  if (/^[0-9A-Za-z]{16}(?:[0-9A-Za-z]{4})?$/.test(name)) return yield* whereabouts(hidden, name);
  const near = yield* nearKeys(hidden, name);
  const hint = near.length > 0 ? ` Did you mean ${near.map((key) => `'${key}'`).join(' or ')}?` : '';
  throw new LoamError(
    'DoesNotExist',
    `There is no artifact with the key or uid "${name.slice(0, 200)}".${hint}`,
    {
      name: name.slice(0, 200),
      near,
    },
  );
}

/** Keys that hold the name or end as it does, else the one with the fewest different letters. */
function* nearKeys(hidden: Hidden, name: string): Steps<string[]> {
  const latest = `FROM lamindb_artifact a WHERE a.key IS NOT NULL AND +a.is_latest = 1 AND +a.branch_id IN (${hidden.branches().join(', ')})${hidden('lamindb_artifact', 'a.id')}`;
  const last = name.split('/').pop() ?? name;
  const bare = last.replace(/\.[^.]*$/, '');
  for (const part of [name, `/${last}`, last, bare.length > 2 ? bare : last]) {
    if (part.replace('/', '') === '') continue;
    const rows = yield* all(
      `SELECT DISTINCT a.key ${latest} AND instr(lower(a.key), lower(?)) > 0 ORDER BY length(a.key), a.key LIMIT ${shown}`,
      [part],
    );
    if (rows.length > 0) return rows.map((row) => String(row[0]));
  }
  const keys = yield* all(`SELECT DISTINCT a.key ${latest} ORDER BY a.id DESC LIMIT ${compared}`);
  const best = nearest(
    name,
    keys.map((row) => String(row[0])),
  );
  return best === null ? [] : [best];
}
