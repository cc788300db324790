// Buckets and web servers as storage locations, on this page: adding one, its keys for this session, looking through it,
// and registering what lies there. Keys are held by this page and by the leading worker, in memory; what is remembered longer is
// encrypted by the worker. A worker that leads anew is given what this page holds.
import type { WireError } from '../engine/errors.ts';
import type { PlacedFile } from '../engine/registry/in-place.ts';
import type { StorageAccess } from '../workers/remotes.ts';
import type { StorageObject } from '../workers/storages.ts';
import { asWireError, attempt, say } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { storages } from './storages.svelte.ts';
import { plural } from './words.ts';

export type { StorageAccess, StorageObject };

export interface BucketDraft {
  kind: 's3' | 'gs';
  /** `bucket` or `bucket/folder`; `s3://` in front of it is allowed. */
  path: string;
  /** Empty for AWS. */
  endpoint: string;
  region: string;
  style: '' | 'path' | 'virtual';
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** Its keys are kept, encrypted, after this session. */
  remember: boolean;
}

export const emptyDraft = (): BucketDraft => ({
  ...{ kind: 's3', path: '', endpoint: '', region: '', style: '' },
  ...{ accessKeyId: '', secretAccessKey: '', sessionToken: '', remember: false },
});

/** As LaminDB writes the root: the server is part of it. */
export function rootOf({ kind, path, endpoint }: Pick<BucketDraft, 'kind' | 'path' | 'endpoint'>): string {
  const bare = path
    .trim()
    .replace(/^(?:s3|gs):\/\//i, '')
    .replace(/\/+$/, '');
  const server = endpoint.trim().replace(/\/+$/, '');
  return `${kind}://${bare}${kind === 's3' && server !== '' ? `?endpoint_url=${server}` : ''}`;
}

export function accessOf(draft: BucketDraft): StorageAccess {
  const { accessKeyId, secretAccessKey, sessionToken, style } = draft;
  const keys =
    accessKeyId.trim() === ''
      ? null
      : {
          accessKeyId: accessKeyId.trim(),
          secretAccessKey: secretAccessKey.trim(),
          ...(sessionToken.trim() === '' ? {} : { sessionToken: sessionToken.trim() }),
        };
  return { keys, ...(style === '' ? {} : { style }) };
}

/** Of this page, so that they can be given to the next leading worker. */
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing shown follows it
const held = new Map<string, { access: StorageAccess; remember: boolean }>();
/** Signed web addresses that were added on this page. */
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing shown follows it
const signedAddresses = new Set<string>();

session.onEvent((event) => {
  if (event.type === 'keys') void remoteStorages.giveAgain();
});

/** A signature in an address: of S3, of Google, of Azure. */
const isSigned = (search: string): boolean => /[?&](?:X-Amz-|X-Goog-|Signature=|sig=)/i.test(search);

export type Tried = { ok: true; words: string } | { ok: false; error: WireError };

/** Registers files where they lie, and says what became of them. */
export async function registerPlaced(storage: string, files: readonly PlacedFile[]): Promise<boolean> {
  const made = await attempt('The files could not be registered', () =>
    session.engine.registerInPlace(storage, files),
  );
  if (!made) return false;
  const fresh = made.filter(({ outcome }) => outcome === 'new').length;
  const versions = made.filter(({ outcome }) => outcome === 'version').length;
  const known = made.length - fresh - versions;
  say(
    `${plural(fresh + versions, 'artifact')} registered in place`,
    [
      versions > 0 ? `${plural(versions, 'is a new version', 'are new versions')}.` : '',
      known > 0 ? `${plural(known, 'was', 'were')} known already.` : '',
    ]
      .filter(Boolean)
      .join(' ') || undefined,
  );
  return true;
}

export const remoteStorages = {
  async test(draft: BucketDraft): Promise<Tried> {
    try {
      const { folders, objects, more } = await session.engine.tryBucket(
        rootOf(draft),
        draft.region.trim() || null,
        accessOf(draft),
      );
      const found = [plural(folders, 'folder'), plural(objects, 'file')].join(' and ');
      return { ok: true, words: `It answers: ${more ? 'more than ' : ''}${found} at the top.` };
    } catch (problem) {
      return { ok: false, error: asWireError(problem) };
    }
  },

  /** Makes the storage location and keeps its keys for the session; its uid, or undefined after words. */
  async add(draft: BucketDraft): Promise<string | undefined> {
    const region = draft.region.trim();
    const made = await attempt('The location could not be added', () =>
      session.engine.create('Storage', { root: rootOf(draft), ...(region === '' ? {} : { region }) }),
    );
    if (!made) return undefined;
    await remoteStorages.allow(made.uid, accessOf(draft), draft.remember);
    return made.uid;
  },

  async allow(storage: string, access: StorageAccess, remember: boolean): Promise<void> {
    held.set(storage, { access, remember });
    await attempt('The keys could not be used', () => session.engine.allowStorage(storage, access, remember));
    storages.changed();
  },
  async forget(storage: string): Promise<void> {
    held.delete(storage);
    await attempt('The keys could not be taken away', () => session.engine.allowStorage(storage, null));
    storages.changed();
  },
  /** A new leading worker knows no keys: those that this page holds are given to it. Those of another database stay. */
  async giveAgain(): Promise<void> {
    if (session.looking) return;
    for (const [storage, { access, remember }] of held)
      await session.engine.allowStorage(storage, access, remember).catch(() => {});
    for (const url of signedAddresses) await session.engine.allowAddress(url).catch(() => {});
  },

  register: (storage: string, files: readonly StorageObject[]): Promise<boolean> =>
    registerPlaced(
      storage,
      files.map(({ key, size, etag }) => ({ key, size, etag })),
    ),

  /**
   * Registers files by their addresses, below a location for each host as LaminDB does. Answers what went wrong, by
   * address.
   */
  async registerAddresses(text: string): Promise<{ address: string; error: WireError }[]> {
    const failed: { address: string; error: WireError }[] = [];
    for (const address of text.split(/\s+/).filter(Boolean)) {
      try {
        // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read once
        const url = new URL(address);
        if (!/^https?:$/.test(url.protocol)) throw new Error('An address begins with https://.');
        const { uid } = await session.engine.create('Storage', { root: url.origin });
        const key = decodeURIComponent(url.pathname).replace(/^\/+/, '');
        if (isSigned(url.search)) {
          // The signature is held in memory; what is written down is the address without it.
          signedAddresses.add(url.href);
          await session.engine.allowAddress(url.href);
        }
        const found = await session.engine.lookAtFile(uid, key);
        await remoteStorages.register(uid, [found]);
      } catch (problem) {
        failed.push({ address, error: asWireError(problem) });
      }
    }
    storages.changed();
    return failed;
  },
};
