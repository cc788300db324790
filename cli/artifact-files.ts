// Where an artifact's bytes are on this computer: where its storage says, in this database's own storage folder, or brought
// from an address or a bucket.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { Whereabouts } from '../src/lib/engine/registry/whereabouts.ts';
import type { Instance } from './instance.ts';

/** A file or a folder. Throws `BytesElsewhere`, and in words what a server says. */
export async function artifactFile(
  { storage, remote }: Pick<Instance, 'storage' | 'remote'>,
  place: Whereabouts,
): Promise<string> {
  const { name, key, copyKey, here } = place;
  const { root } = place.storage;
  const elsewhere = !here && remote.reaches(root);
  const paths = [...(here || elsewhere ? [] : [join(root, key)]), join(storage, elsewhere ? copyKey : key)];
  const path = paths.find((one) => existsSync(one));
  if (path !== undefined) return path;
  if (elsewhere) return remote.bring(place);
  throw new LoamError(
    'BytesElsewhere',
    `The bytes of ${name} are not at ${paths[0]}. They were moved, or belong to another computer.`,
    { uid: place.uid },
  );
}
