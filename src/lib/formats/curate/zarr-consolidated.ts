// Consolidated metadata: descriptions of a store's nodes repeated in one object above them, so that readers need not look at each.
// After a table has changed they have to tell of it as it is now, wherever above the table they stand.
import { jsonBytes, jsonMapOf, type Json, type JsonMap } from '../json-text.ts';
import type { ObjectStore } from '../zarr-store.ts';
import type { FixedObjects } from './fixed-zarr.ts';

/** Names under which version 2 keeps them; spatialdata wrote the second. */
const gathered = ['.zmetadata', 'zmetadata'];
const marks = ['.zgroup', '.zarray', '.zattrs'];

/** `tables` are full paths of the groups whose nodes changed. */
export async function consolidated(
  store: ObjectStore,
  objects: FixedObjects,
  tables: readonly string[],
): Promise<void> {
  const places = new Set(tables.flatMap(above));
  for (const place of places) {
    const below = tables.filter((table) => place === '' || `${table}/`.startsWith(`${place}/`));
    for (const name of gathered) await renew(store, objects, place, join(place, name), below, gatheredIn);
    await renew(store, objects, place, join(place, 'zarr.json'), below, inlined);
  }
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

/** The folder itself and all above it. */
function above(path: string): string[] {
  const parts = path.split('/');
  return ['', ...parts.map((_, i) => parts.slice(0, i + 1).join('/'))];
}

type Renew = (
  json: JsonMap,
  place: string,
  tables: readonly string[],
  nodes: Nodes,
) => Promise<JsonMap | null>;

/** Descriptions as the copy has them, by full path of the object. */
type Nodes = { paths: readonly string[]; read: (path: string) => Promise<JsonMap | null> };

async function renew(
  store: ObjectStore,
  objects: FixedObjects,
  place: string,
  path: string,
  tables: readonly string[],
  make: Renew,
): Promise<void> {
  const read = async (one: string): Promise<JsonMap | null> => {
    const object = objects.get(one);
    if (object === undefined) return null;
    return jsonMapOf('bytes' in object ? object.bytes : await store.get(object.from));
  };
  const json = await read(path);
  if (json === null) return;
  const paths = [...objects.keys()].filter((one) => tables.some((table) => one.startsWith(`${table}/`)));
  const made = await make(json, place, tables, { paths, read });
  if (made !== null) objects.set(path, { bytes: jsonBytes(made) });
}

/** What of a list of descriptions is not of a changed table. */
function others(metadata: JsonMap, place: string, tables: readonly string[]): JsonMap {
  return new Map(
    [...metadata].filter(([key]) => !tables.some((table) => `${join(place, key)}/`.startsWith(`${table}/`))),
  );
}

const relative = (place: string, path: string): string =>
  place === '' ? path : path.slice(place.length + 1);

async function gatheredIn(
  json: JsonMap,
  place: string,
  tables: readonly string[],
  { paths, read }: Nodes,
): Promise<JsonMap | null> {
  const metadata = json.get('metadata');
  if (!(metadata instanceof Map)) return null;
  const made = others(metadata, place, tables);
  for (const path of paths) {
    if (!marks.includes(path.slice(path.lastIndexOf('/') + 1))) continue;
    const own = await read(path);
    if (own !== null) made.set(relative(place, path), own);
  }
  return new Map(json).set('metadata', byDepth(made));
}

async function inlined(
  json: JsonMap,
  place: string,
  tables: readonly string[],
  { paths, read }: Nodes,
): Promise<JsonMap | null> {
  const inline = json.get('consolidated_metadata');
  const metadata = inline instanceof Map ? inline.get('metadata') : null;
  if (!(inline instanceof Map) || !(metadata instanceof Map)) return null;
  const made = others(metadata, place, tables);
  for (const path of paths) {
    if (!path.endsWith('/zarr.json')) continue;
    const folder = path.slice(0, -'/zarr.json'.length);
    // A list tells nothing of the node it stands in.
    if (folder === place) continue;
    const own = await read(path);
    if (own !== null) made.set(relative(place, folder), flat(own, metadata.get(relative(place, folder))));
  }
  return new Map(json).set('consolidated_metadata', new Map(inline).set('metadata', byDepth(made)));
}

/** zarr-python needs groups before their members, and members of one group beside each other. */
function byDepth(metadata: JsonMap): JsonMap {
  const depth = (key: string): number => key.split('/').length;
  return new Map([...metadata].sort(([a], [b]) => depth(a) - depth(b) || (a < b ? -1 : 1)));
}

/** A group in a list has no list of its own that tells anything. */
function flat(node: JsonMap, before: Json | undefined): JsonMap {
  const copy = new Map(node);
  copy.delete('consolidated_metadata');
  const was = before instanceof Map ? before.get('consolidated_metadata') : undefined;
  return was === undefined ? copy : copy.set('consolidated_metadata', was);
}
