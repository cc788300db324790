// Bytes in a folder of the user's disk: read while the browser allows it, and told in words, with what to do, once it does not.
import { afterEach, expect, it } from 'vitest';
import type { LoamError } from '../../src/lib/engine/errors.ts';
import type { Whereabouts } from '../../src/lib/engine/registry/whereabouts.ts';
import { attachFolder, detachFolder } from '../../src/lib/storage/blob/attached.ts';
import { createOpfsBlobs } from '../../src/lib/storage/blob/opfs.ts';
import { createFinder } from '../../src/lib/workers/find-bytes.ts';

const storage = 'revokedfoldr';
const place: Whereabouts = {
  ...{ id: 1, uid: 'revoked000000000000A', name: 'a/x.csv', suffix: '.csv', folder: false },
  ...{ key: 'a/x.csv', copyKey: '.lamindb/revoked000000000000A.csv', here: false, size: 4 },
  ...{ hash: null, hashType: null, by: 'Ada' },
  storage: { uid: storage, root: '/data/lab', type: 'local', region: null },
};
type Permissible = { queryPermission?: () => Promise<PermissionState> };
const prototype = FileSystemHandle.prototype as Permissible;
const own = prototype.queryPermission;

afterEach(async () => {
  if (own) prototype.queryPermission = own;
  else delete prototype.queryPermission;
  await detachFolder(storage);
});

it('[row 96] a folder whose permission was taken back is not read, and says so; allowed again it is', async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('find-bytes-lab', { create: true });
  const file = await (
    await folder.getDirectoryHandle('a', { create: true })
  ).getFileHandle('x.csv', { create: true });
  const writer = await file.createWritable();
  await writer.write('a,b\n');
  await writer.close();
  await attachFolder(storage, folder);
  const { find } = createFinder(await createOpfsBlobs({ directory: 'find-bytes-storage' }));
  const text = async () => {
    const found = await find(place);
    return 'file' in found ? found.file.text() : 'no file';
  };
  expect(await text()).toBe('a,b\n');
  for (const state of ['prompt', 'denied'] as const) {
    prototype.queryPermission = async () => state;
    expect(
      await text().catch((error: LoamError) => `${error.code}: ${error.message} ${error.details['folder']}`),
    ).toBe(
      'PermissionNeeded: The file lies in the folder find-bytes-lab of your disk, which this page may read again once you allow it. find-bytes-lab',
    );
  }
  prototype.queryPermission = async () => 'granted';
  expect(await text()).toBe('a,b\n');
});
