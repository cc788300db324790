// Bytes of artifacts at the server: who may bring and take them, and when they count. Bytes count once their sha-256 is what
// was announced and LaminDB's hash is the artifact's; then, and not before, they have a name and stand in `loam.blob`.
import { createHash } from 'node:crypto';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { hashFile } from '../../src/lib/engine/hash.ts';
import type { ByteSource } from '../../src/lib/engine/ports.ts';
import { includesRole, type Access } from '../../src/lib/engine/sync/access.ts';
import { inPostgresTransaction, type Postgres } from '../postgres.ts';
import type { BlobFolder } from './folder.ts';
import type { KnownArtifact } from './known.ts';
import {
  findUpload,
  forgetUpload,
  keptBlobs,
  noteKept,
  noteUpload,
  oldUploads,
  type KeptBlob,
  type Upload,
} from './ledger.ts';
import { checkKey, uidIn } from './names.ts';

export interface BlobLimits {
  /** Bytes of one file. */
  file: number;
  /** Bytes of one part. */
  part: number;
  /** Uploads of one account that are not whole. */
  uploads: number;
  /** An upload that nobody goes on with is thrown away after so many milliseconds. */
  age: number;
}

export const usualBlobLimits: BlobLimits = {
  file: 64 * 1024 ** 3,
  part: 8 * 1024 ** 2,
  uploads: 200,
  age: 7 * 24 * 3_600_000,
};

export interface BlobDeps {
  readonly postgres: Postgres;
  readonly instance: string;
  /** Where bytes lie. */
  readonly place: BlobFolder;
  /** The artifact whose bytes lie at a key, or would; null where no record tells of one (yet). */
  readonly artifactAt: (key: string) => KnownArtifact | null | Promise<KnownArtifact | null>;
  readonly now: () => number;
  readonly limits?: BlobLimits;
}

export interface Announced {
  key: string;
  size: number;
  sha256: Uint8Array;
}

export type Begun = { kept: true } | { kept: false; id: string; at: number };

export interface BlobKeep {
  readonly instance: string;
  readonly place: BlobFolder;
  readonly limits: BlobLimits;
  /** Of these keys those whose bytes are here, also where Python put them there. */
  which(keys: readonly string[]): Promise<KeptBlob[]>;
  begin(access: Access, given: Announced): Promise<Begun>;
  /** Answers how many bytes are here then. Throws `IntegrityError` with `at` where they do not go on from there. */
  append(access: Access, id: string, at: number, chunks: AsyncIterable<Uint8Array>): Promise<number>;
  /** The bytes are whole: compares them and gives them their name. */
  commit(access: Access, id: string): Promise<KeptBlob>;
  cancel(access: Access, id: string): Promise<void>;
  /** Files of an artifact that is a folder, as far as they are here. */
  below(key: string): Promise<{ path: string; size: number }[]>;
  /** Bytes that may be given out; null where there are none. */
  find(key: string): Promise<KeptBlob | null>;
  /** Throws away uploads that nobody goes on with; answers how many. */
  sweep(): Promise<number>;
}

const mostBelow = 10_000;

const notKnown = (key: string) =>
  new LoamError(
    'DoesNotExist',
    `No record at the server tells of the artifact of ${key.slice(0, 80)} yet. Its bytes are taken once the record has come.`,
  );

export function createBlobKeep(deps: BlobDeps): BlobKeep {
  const { postgres, instance, place, now, artifactAt } = deps;
  const limits = deps.limits ?? usualBlobLimits;
  const sql = postgres.session.bind(postgres);
  /** One request at a time on an upload: two that write behind the same byte would both be believed. */
  const busy = new Set<string>();

  async function alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (busy.has(id))
      throw new LoamError('IntegrityError', 'Bytes of this upload are just coming on another way.', {
        busy: true,
      });
    busy.add(id);
    try {
      return await work();
    } finally {
      busy.delete(id);
    }
  }

  function mayPut(access: Access, artifact: KnownArtifact): void {
    if (!includesRole(access.role, 'write'))
      throw new LoamError('NoAccess', 'You may read this instance, not bring files into it.');
    const { space } = artifact;
    const closed =
      (access.onlySpaces !== null && !access.onlySpaces.has(space)) ||
      (access.role !== 'admin' && !access.openSpaces.has(space) && !access.ownSpaces.has(space));
    if (closed)
      throw new LoamError(
        'NoAccess',
        `You may not write in the space ${space}. Ask an administrator for the right.`,
      );
  }

  async function ofAccount(access: Access, id: string): Promise<Upload> {
    const found = await sql((session) => findUpload(session, instance, id));
    if (found?.account === access.account) return found;
    throw new LoamError('DoesNotExist', 'There is no such upload. Begin it anew.');
  }

  /** A file that somebody put there without us (Python on this machine) counts where it has the artifact's size. */
  async function adopt(key: string): Promise<KeptBlob | null> {
    const size = await place.size(key);
    if (size === null) return null;
    const artifact = await artifactAt(key);
    if (!artifact || artifact.storage !== place.uid) return null;
    if (!artifact.folder && artifact.size !== null && artifact.size !== size) return null;
    const blob = { key, size, sha256: null };
    await sql((session) => noteKept(session, { ...blob, instance, account: null, at: now() }));
    return blob;
  }

  async function which(keys: readonly string[]): Promise<KeptBlob[]> {
    for (const key of keys) checkKey(key);
    const kept = await sql((session) => keptBlobs(session, instance, keys));
    const found: KeptBlob[] = [];
    for (const key of new Set(keys)) {
      const blob = kept.get(key) ?? (await adopt(key));
      if (blob) found.push(blob);
    }
    return found;
  }

  /** LaminDB's hash; a folder's is of all its files, which whoever reads compares. */
  async function isArtifact(artifact: KnownArtifact, source: ByteSource): Promise<boolean> {
    if (artifact.folder || artifact.hash === null) return true;
    if (artifact.hashType !== 'md5' && artifact.hashType !== 'sha1-fl') return true;
    return (await hashFile(source)).hash === artifact.hash;
  }

  async function keep(upload: Upload): Promise<KeptBlob> {
    const blob = { key: upload.key, size: upload.size, sha256: upload.sha256 };
    await sql((session) =>
      inPostgresTransaction(session, async () => {
        await noteKept(session, { ...blob, instance, account: upload.account, at: now() });
        await forgetUpload(session, upload.id);
      }),
    );
    return blob;
  }

  async function giveUp(upload: Upload, why: string): Promise<never> {
    await place.discard(upload.id);
    await sql((session) => forgetUpload(session, upload.id));
    throw new LoamError('IntegrityError', why);
  }

  async function settle(access: Access, upload: Upload): Promise<KeptBlob> {
    const artifact = await artifactAt(upload.key);
    if (!artifact) throw notKnown(upload.key);
    // Asked again: rights may have gone since it began.
    mayPut(access, artifact);
    await place.readPart(upload.id, async (source, sha256) => {
      if (source.size !== upload.size)
        throw new LoamError(
          'IntegrityError',
          `${source.size.toLocaleString('en')} of ${upload.size.toLocaleString('en')} bytes have come. Send the rest.`,
          { at: source.size },
        );
      if (Buffer.compare(sha256, upload.sha256) !== 0)
        await giveUp(
          upload,
          'What came is not what was announced: its sha-256 is another one. It was thrown away.',
        );
      if (!(await isArtifact(artifact, source)))
        await giveUp(
          upload,
          'What came is not what the artifact is: its hash is another one. It was thrown away.',
        );
    });
    if (!(await place.name(upload.id, upload.key))) {
      const there = await place.sha256(upload.key);
      if (Buffer.compare(there, upload.sha256) !== 0)
        await giveUp(upload, `Another file lies at ${upload.key.slice(0, 80)} already; it was not replaced.`);
      await place.discard(upload.id);
    }
    return keep(upload);
  }

  return {
    ...{ instance, place, limits, which },
    async begin(access, given) {
      checkKey(given.key);
      if (uidIn(given.key) === null)
        throw new LoamError('ValidationError', 'Bytes are brought to keys that name an artifact’s uid.', {
          field: 'key',
        });
      const artifact = await artifactAt(given.key);
      if (!artifact) throw notKnown(given.key);
      mayPut(access, artifact);
      if (!artifact.folder && artifact.size !== null && artifact.size !== given.size)
        throw new LoamError(
          'ValidationError',
          `The artifact has ${artifact.size.toLocaleString('en')} bytes, and ${given.size.toLocaleString('en')} were announced.`,
          { field: 'size' },
        );
      const [blob] = await which([given.key]);
      if (blob) {
        const there = blob.sha256 ?? (await place.sha256(given.key));
        if (blob.size === given.size && Buffer.compare(there, given.sha256) === 0) return { kept: true };
        throw new LoamError(
          'IntegrityError',
          `Another file lies at ${given.key.slice(0, 80)} already; files here are never replaced.`,
        );
      }
      const id = createHash('sha256')
        .update([instance, access.account, given.key, String(given.size)].join('\0'))
        .update(given.sha256)
        .digest('hex');
      const upload = { id, instance, ...given, account: access.account, at: now() };
      if (!(await sql((session) => noteUpload(session, upload, limits.uploads))))
        throw new LoamError(
          'TooManyTries',
          `${limits.uploads} files of yours are on their way already. End some of them first.`,
          { seconds: 60 },
        );
      return { kept: false, id, at: await place.partSize(id) };
    },
    append: (access, id, at, chunks) =>
      alone(id, async () => {
        const upload = await ofAccount(access, id);
        const here = await place.partSize(id);
        if (here !== at)
          throw new LoamError('IntegrityError', `The next byte is number ${here}, not ${at}.`, { at: here });
        return place.append(id, at, Math.min(upload.size, at + limits.part), chunks);
      }),
    commit: (access, id) => alone(id, async () => settle(access, await ofAccount(access, id))),
    cancel: (access, id) =>
      alone(id, async () => {
        await ofAccount(access, id);
        await place.discard(id);
        await sql((session) => forgetUpload(session, id));
      }),
    async below(key) {
      checkKey(key);
      // Any path below says which artifact it is.
      if (!(await artifactAt(`${key}/x`))) throw notKnown(key);
      return place.list(key, mostBelow);
    },
    async find(key) {
      checkKey(key);
      const [blob] = await which([key]);
      if (!blob) return null;
      // Bytes of what no record tells of any more are given to nobody.
      return (await artifactAt(key)) ? blob : null;
    },
    async sweep() {
      const old = await sql((session) => oldUploads(session, now() - limits.age));
      for (const id of old) await place.discard(id);
      return old.length;
    },
  };
}
