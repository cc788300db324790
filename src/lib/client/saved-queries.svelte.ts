// Saved queries: scripts of LaminDB's own registry of transforms whose keys lie under `queries/` and end in `.sql`. They are
// part of the database, so whoever has it has them; their versions are LaminDB's, and rows saved from one are a run of it.
import { LoamError } from '../engine/errors.ts';
import type { View } from '../workers/wire.ts';
import { live } from './live.svelte.ts';
import { asWireError, attempt, sayWithUndo } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { emptyView } from './view-address.ts';

export interface SavedQuery {
  /** Of this version. */
  uid: string;
  /** Of all its versions: the uid without the last four characters. */
  stem: string;
  name: string;
  description: string | null;
  code: string;
}

export interface QueryVersion extends SavedQuery {
  at: string;
  by: string;
  latest: boolean;
}

export interface ListedQuery {
  uid: string;
  stem: string;
  name: string;
  description: string | null;
  at: string | null;
  version: number;
}

const most = 500;
const nameMost = 200;
export const queryKey = (name: string): string => `queries/${name.trim()}.sql`;
const nameOf = (key: string): string => key.replace(/^queries\//, '').replace(/\.sql$/, '');
const stemOf = (uid: string): string => uid.slice(0, -4);

/** The list of them, newest first. Must be called while a component is being created. */
export function createSavedQueries() {
  let search = $state('');
  const view = $derived<View>({
    ...emptyView('Transform'),
    search,
    filter: {
      kind: 'all',
      items: [
        { kind: 'test', field: 'key', op: 'istartswith', value: 'queries/' },
        { kind: 'test', field: 'key', op: 'iendswith', value: '.sql' },
        { kind: 'test', field: 'kind', op: 'exact', value: 'script' },
      ],
    },
    order: { by: 'created_at', descending: true },
    columns: ['key', 'description', 'created_at'],
  });
  const page = live(() => session.engine.listRows(view, { after: null, limit: most }), ['lamindb_transform']);
  const items = $derived.by((): ListedQuery[] =>
    (page.value?.rows ?? []).map(({ key: uid, version, cells }) => {
      const plain = cells.map((cell) => ('value' in cell ? cell.value : null));
      const text = (at: number) => (typeof plain[at] === 'string' ? plain[at] : null);
      return {
        uid,
        stem: stemOf(uid),
        name: nameOf(text(0) ?? uid),
        description: text(1),
        at: text(2),
        version: version ?? 1,
      };
    }),
  );
  return {
    get items() {
      return items;
    },
    get opening() {
      return page.opening;
    },
    get error() {
      return page.error ? asWireError(page.error).message : null;
    },
    get search() {
      return search;
    },
    set search(words: string) {
      search = words;
    },
  };
}

/** All versions, newest first; none where the query is in the trash or unknown. */
export async function versionsOf(stem: string): Promise<QueryVersion[]> {
  if (!/^[0-9A-Za-z]{12}$/.test(stem)) return [];
  const fields = [
    'uid',
    'key',
    'description',
    'source_code',
    'created_at',
    'created_by__handle',
    'is_latest',
    'branch_id',
  ];
  const rows = await session.engine.queryRows(
    { registry: 'Transform', filters: [{ uid__startswith: stem }], order: ['-created_at', '-uid'] },
    fields,
  );
  return rows.flatMap(([uid, key, description, code, at, by, latest, branch]) => {
    if (branch === -1 || typeof code !== 'string' || typeof key !== 'string') return [];
    return [
      {
        uid: String(uid),
        stem,
        name: nameOf(key),
        description: typeof description === 'string' ? description : null,
        code,
        at: String(at),
        by: String(by),
        latest: latest === true || latest === 1,
      },
    ];
  });
}

/** Throws `DoesNotExist` where there is none. */
export async function findQuery(stem: string): Promise<SavedQuery> {
  const versions = await versionsOf(stem);
  const found = versions.find(({ latest }) => latest) ?? versions[0];
  if (found) return found;
  throw new LoamError(
    'DoesNotExist',
    'The query of this link is not in this database: it was deleted, or the link is from another database.',
    { uid: stem },
  );
}

export interface QueryToSave {
  name: string;
  description: string;
  code: string;
}

/** What saving came to; `other` is a query with another name that has the same statement already: nothing was saved. */
export type SaveOutcome = { saved: SavedQuery; isNew: boolean } | { other: SavedQuery };

/**
 * A new query, or a new version of the one of this name where the statement differs. The same statement is one query in
 * LaminDB, whatever its name.
 */
export async function saveQuery({ name, description, code }: QueryToSave): Promise<SaveOutcome> {
  checkName(name);
  const key = queryKey(name);
  const [same] = await session.engine.queryRows(
    {
      registry: 'Transform',
      filters: [{ source_code: code, is_latest: true, key__startswith: 'queries/' }],
      limit: 1,
    },
    ['uid', 'key'],
  );
  if (same && same[1] !== key) return { other: await findQuery(stemOf(String(same[0]))) };
  const made = await session.engine.create('Transform', {
    key,
    kind: 'script',
    source_code: code,
    ...(description.trim() === '' ? {} : { description: description.trim() }),
  });
  const saved = await findQuery(stemOf(made.uid));
  return { saved, isNew: made.created };
}

/** Throws `ValidationError` where another query has the name. */
export async function renameQuery(
  query: Pick<SavedQuery, 'uid' | 'stem'>,
  name: string,
): Promise<SavedQuery> {
  checkName(name);
  const taken = await keyTaken(name);
  if (taken !== null && taken !== query.stem)
    throw new LoamError('ValidationError', `There is a query called “${name.trim()}”. Choose another name.`);
  await session.engine.update('Transform', query.uid, { key: queryKey(name) });
  return findQuery(query.stem);
}

/** The stem of the query with this name; null for none. */
export async function keyTaken(name: string): Promise<string | null> {
  const [row] = await session.engine.queryRows(
    { registry: 'Transform', filters: [{ key: queryKey(name), is_latest: true }], limit: 1 },
    ['uid'],
  );
  return row ? stemOf(String(row[0])) : null;
}

function checkName(name: string): void {
  const text = name.trim();
  if (text === '' || text.length > nameMost)
    throw new LoamError('ValidationError', `A query has a name of at most ${nameMost} characters.`);
  if (/^\/|\/$|\/\/|\\/.test(text))
    throw new LoamError(
      'ValidationError',
      'A name may hold folders, as in “plates/wells by day”, but no empty one.',
    );
}

/** Moves all its versions to the trash, from where an undo brings them back. */
export async function removeQuery({ stem, name }: Pick<SavedQuery, 'stem' | 'name'>): Promise<boolean> {
  const done = await attempt('Could not delete the query', async () => {
    const versions = await versionsOf(stem);
    await session.engine.trash(
      'Transform',
      versions.map(({ uid }) => uid),
    );
    return true;
  });
  if (done) sayWithUndo(`Deleted the query “${name}”`);
  return done === true;
}
