// Addresses of objects: `lamin://owner/instance/artifact/<uid>[/path]`, the same with `key/<key>` and qualifiers, and the
// links of lamin.ai, which name any registry. Rules: lamin-cli 1.21. An address never means one of several objects.
import { LoamError } from '../errors.ts';
import { findRegistry, registryName } from '../model/name-field.ts';
import { one, type Steps } from '../statement.ts';
import { tableOf } from './draft.ts';
import { getId } from './get.ts';
import type { QueryScope } from './prepare.ts';
import type { Lookups } from './query.ts';
import { readRows } from './read.ts';

export interface Address {
  /** `owner/instance`. */
  instance: string;
  /** As the registry is called here: `Artifact`, `bionty.CellType`. */
  registry: string;
  uid: string | null;
  /** Parts of a key and, behind it, of a path inside a folder; which is which the database knows. */
  key: string[];
  /** Path inside a folder artifact, in the form with a uid. */
  path: string | null;
  qualifiers: { space?: string; branch?: string; version?: string };
}

export interface Found {
  registry: string;
  id: number;
  path: string | null;
}

const scheme = 'lamin://';
const hub = /^https:\/\/(?:www\.)?lamin\.ai\//;
const forms =
  'lamin://<owner>/<instance>/artifact/<uid>[/<path>] or lamin://<owner>/<instance>/artifact/key/<key>[?space=&branch=&version=]';
const uidForm = /^[A-Za-z0-9]{16}(?:[A-Za-z0-9]{4})?$/;

export const isAddress = (text: string): boolean => text.startsWith(scheme) || hub.test(text);

/** Throws `ValueError` for what is no address. Nothing is looked up. */
export function parseAddress(text: string): Address {
  if (!isAddress(text)) refuse(`"${text.slice(0, 100)}" is no address. Expected ${forms}.`);
  const link = hub.test(text);
  const rest = text.replace(link ? hub : scheme, '');
  if (rest.includes('#')) refuse('Fragments ("#") have no meaning in an address.');
  const [path = '', query] = split(rest, '?');
  const [owner = '', instance, entity, ...parts] = segmentsOf(path);
  if (instance === undefined || entity === undefined || (!link && parts.length === 0))
    refuse(`The address "${text.slice(0, 100)}" is incomplete. Expected ${forms}.`);
  const qualifiers = qualifiersOf(query);
  const common = { instance: `${owner}/${instance}`, qualifiers };
  if (link) {
    const [uid] = parts;
    if (uid === undefined || parts.length > 1)
      refuse(`A link names a registry and a uid, other than "${text.slice(0, 100)}".`);
    return { ...common, qualifiers: {}, registry: entity, uid, key: [], path: null };
  }
  if (entity !== 'artifact') refuse(`"${entity}" cannot be addressed, only "artifact" can.`);
  const registry = 'Artifact';
  const [first = '', ...more] = parts;
  if (first === 'key') {
    if (more.length === 0) refuse(`There is no key behind "key/". Expected ${forms}.`);
    return { ...common, registry, uid: null, key: more, path: null };
  }
  if (!uidForm.test(first))
    refuse(
      `"${first}" is no uid (16 or 20 letters and digits). By key the address is lamin://${common.instance}/artifact/key/<key>.`,
    );
  if (Object.keys(qualifiers).length > 0)
    refuse('Only an address by key takes space, branch and version; a uid says them already.');
  return { ...common, registry, uid: first, key: [], path: more.length > 0 ? more.join('/') : null };
}

function segmentsOf(path: string): string[] {
  const segments = path.split('/').map(decoded);
  if (segments.some((part) => part === '')) refuse(`A part of the address is empty. Expected ${forms}.`);
  // A path goes below a folder and nowhere else.
  if (segments.some((part) => part === '.' || part === '..'))
    refuse('"." and ".." are no parts of an address.');
  return segments;
}

function qualifiersOf(query: string | undefined): Address['qualifiers'] {
  const found: Record<string, string> = {};
  for (const part of (query ?? '').split('&').filter(Boolean)) {
    const [name = '', value = ''] = split(part.replace(/\+/g, ' '), '=').map((text) => decoded(text ?? ''));
    if (!['space', 'branch', 'version'].includes(name))
      refuse(`The address has an unknown part "${name.slice(0, 40)}". Known are space, branch, version.`);
    if (name in found || value === '') refuse(`The address needs one value of "${name}".`);
    found[name] = value;
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function split(text: string, at: string): [string, string | undefined] {
  const place = text.indexOf(at);
  return place < 0 ? [text, undefined] : [text.slice(0, place), text.slice(place + 1)];
}

function refuse(message: string): never {
  throw new LoamError('ValueError', message);
}

/** The one object that an address means. Throws `DoesNotExist`, `MultipleObjectsReturned`. */
export function* findAddress(scope: QueryScope, text: string): Steps<Found> {
  const address = parseAddress(text);
  if (address.uid !== null) {
    const table = findRegistry(scope.model, address.registry) ?? byLowerName(scope, address.registry);
    if (!table) refuse(`There is no registry "${address.registry.slice(0, 60)}".`);
    const registry = registryName(table);
    return { registry, id: yield* getId(scope, registry, address.uid), path: address.path };
  }
  yield* checkInstance(address);
  return yield* byKey(scope, address);
}

const byLowerName = (scope: QueryScope, name: string) =>
  [...scope.model.tables.values()].find(
    (table) => table.family === 'registry' && registryName(table).toLowerCase() === name.toLowerCase(),
  );

/** A uid is one in the world, a key is not: where this database knows its own name, the address must mean it. */
function* checkInstance({ instance }: Address): Steps<void> {
  const row = yield* one("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'loam_setting'");
  if (!row) return;
  const known = yield* one("SELECT value FROM loam_setting WHERE name = 'instance'");
  const own = known ? String(known[0]) : null;
  const [owner, name] = instance.split('/');
  if (own === null || own === instance || own === name) return;
  throw new LoamError(
    'DoesNotExist',
    `The address means the instance ${owner}/${name}; this database is ${own}. Open that instance's database first.`,
    { instance },
  );
}

/** The longest key that is there; what is behind it is a path inside a folder. */
function* byKey(scope: QueryScope, { key: parts, qualifiers, instance }: Address): Steps<Found> {
  const { space, branch, version } = qualifiers;
  const narrowing: Lookups[] = [version === undefined ? { is_latest: true } : { version_tag: version }];
  const named = (field: string, value: string) => ({
    $or: [{ [`${field}__name`]: value }, { [`${field}__uid`]: value }],
  });
  for (let n = parts.length; n > 0; n--) {
    const key = parts.slice(0, n).join('/');
    const rows = yield* readRows(
      scope,
      {
        registry: 'Artifact',
        filters: [
          {
            $and: [
              { key },
              ...narrowing,
              ...(space === undefined ? [] : [named('space', space)]),
              ...(branch === undefined ? [] : [named('branch', branch)]),
            ],
          },
        ],
        limit: 6,
      },
      ['id', 'uid', 'n_files'],
    );
    const [first, second] = rows;
    if (!first) continue;
    if (second)
      throw new LoamError(
        'MultipleObjectsReturned',
        `Several artifacts have the key "${key}": ${rows.map((row) => String(row[1])).join(', ')}. Add ?space=, ?branch= or ?version=, or use the uid.`,
        { key },
      );
    const below = parts.slice(n);
    // Only a folder has something inside.
    if (below.length > 0 && first[2] === null) continue;
    return { registry: 'Artifact', id: Number(first[0]), path: below.length > 0 ? below.join('/') : null };
  }
  throw new LoamError(
    'DoesNotExist',
    `There is no artifact with the key "${parts.join('/')}" in ${instance}.`,
    {
      key: parts.join('/'),
    },
  );
}

/** One row as it may be named anywhere: id, (beginning of a) uid, address, or look-ups. */
export function* findRow(
  scope: QueryScope,
  registry: string,
  idlike: string | number | Lookups,
): Steps<number> {
  // Rows without a uid are named by their id, in addresses of pages too.
  if (typeof idlike === 'string' && /^\d{1,15}$/.test(idlike) && !tableOf(scope, registry).column.has('uid'))
    return yield* getId(scope, registry, Number(idlike));
  if (typeof idlike !== 'string' || !isAddress(idlike)) return yield* getId(scope, registry, idlike);
  const found = yield* findAddress(scope, idlike);
  if (found.registry !== registry)
    throw new LoamError('ValueError', `The address means ${found.registry}, not ${registry}.`, { registry });
  return found.id;
}
