// Bytes of artifacts that go along with a branch in its file: gathered and compared with what the artifact is before they go in,
// compared again before anything of a file that came is stored, and stored beside everything until the rows are there.
import { createSHA256 } from 'hash-wasm';
import { isLoamError, LoamError } from '../errors.ts';
import { checksumSha256, hashFile, hashFolder } from '../hash.ts';
import type { BlobStore, ByteSource } from '../ports.ts';
import type { Whereabouts } from '../registry/whereabouts.ts';
import type { FoundSources } from '../interop/python-export.ts';
import type { Bundle, BundleBlob, BundleContent } from './bundle.ts';
import { unreadable } from './bundle-check.ts';
import { checkSums, type OpenedBundle } from './bundle-file.ts';
import { cancelled, hex, partOf, type FileWatch } from './bundle-stream.ts';

/** A file of a branch is for sending: more than this is sent another way. */
export const mostFileBytes = 8_000_000_000;
/** Up to here files go along unless somebody says otherwise. */
export const usualFileBytes = 100_000_000;

/** Hashes of LaminDB that follow from the bytes alone. */
const ofBytes = new Set(['md5', 'sha1-fl', 'md5-d']);

/** An artifact's files here; throws in words where they cannot be reached. */
export type FindFiles = (place: Whereabouts) => Promise<FoundSources>;

export interface FilesReport {
  /** Files that went along, and their bytes. */
  files: number;
  bytes: number;
  /** Artifacts without their bytes, and of the first few why. */
  missing: number;
  reasons: string[];
}

const mostReasons = 5;

/** What of a branch's artifacts can go along. */
export interface BranchFiles {
  artifacts: number;
  files: number;
  bytes: number;
  /** Artifacts whose bytes are not on this device. */
  missing: number;
}

/** Looks which files are here; reads none of them. */
export async function lookForFiles(places: readonly Whereabouts[], find: FindFiles): Promise<BranchFiles> {
  const found: BranchFiles = { artifacts: 0, files: 0, bytes: 0, missing: 0 };
  for (const place of places) {
    const sources = await find(place).then(listed, () => null);
    if (!sources) {
      found.missing++;
      continue;
    }
    found.artifacts++;
    found.files += sources.length;
    found.bytes += sources.reduce((sum, { source }) => sum + source.size, 0);
  }
  return found;
}

type Listed = { path: string; source: ByteSource }[];

const listed = (found: FoundSources): Listed =>
  'source' in found ? [{ path: '', source: found.source }] : found.files;

/**
 * Puts into the manifest which files go along, with their sums, and gives their bytes in that order. What cannot be reached, or
 * is not what the artifact is, stays out and is told. Throws `InvalidArgument` where it is too much for a file.
 */
export async function gatherFiles(
  { manifest }: Bundle,
  places: readonly Whereabouts[],
  find: FindFiles,
  watch: FileWatch = {},
): Promise<{ sources: ByteSource[]; report: FilesReport }> {
  const report: FilesReport = { files: 0, bytes: 0, missing: 0, reasons: [] };
  const without = (why: string) => {
    report.missing++;
    if (report.reasons.length < mostReasons) report.reasons.push(why);
  };
  const found: { blob: BundleBlob; files: Listed }[] = [];
  for (const place of places) {
    const blob = manifest.blobs.find(({ uid }) => uid === place.uid);
    if (!blob) continue;
    try {
      found.push({ blob, files: listed(await find(place)) });
    } catch (error) {
      if (!isLoamError(error)) throw error;
      without(`${place.name}: ${error.message}`);
    }
  }
  const total = found.reduce((sum, { files }) => sum + sizeOf(files), 0);
  refuseTooMuch(total);
  const sources: ByteSource[] = [];
  let done = 0;
  // In the order of the manifest, which is that of the bytes.
  const byUid = new Map(found.map((one) => [one.blob.uid, one]));
  for (const blob of manifest.blobs) {
    const files = byUid.get(blob.uid)?.files;
    if (!files) continue;
    const sums: NonNullable<BundleBlob['files']> = [];
    const step = (bytes: number) => watch.onProgress?.(done + bytes / 2, total);
    if (!(await isArtifact(blob, files, { ...watch, onProgress: step }))) {
      without(`${blob.name}: the bytes on this device are not what the artifact is.`);
      done += sizeOf(files);
      continue;
    }
    for (const { path, source } of files) {
      const before = done;
      const sum = await checksumSha256(
        source,
        (bytes) => watch.onProgress?.(before + bytes, total),
        watch.signal,
      );
      sums.push({ path, size: source.size, sha256: sum });
      sources.push(source);
      done += source.size;
    }
    blob.files = sums;
    report.files += files.length;
    report.bytes += sizeOf(files);
  }
  return { sources, report };
}

const sizeOf = (files: Listed): number => files.reduce((sum, { source }) => sum + source.size, 0);

export function refuseTooMuch(bytes: number): void {
  if (bytes <= mostFileBytes) return;
  throw new LoamError(
    'InvalidArgument',
    `The files of this branch have ${bytes.toLocaleString('en')} bytes; a file of a branch holds at most ${mostFileBytes.toLocaleString('en')}. Save it without its files and send those another way.`,
    { bytes },
  );
}

/** By LaminDB's hash, where it is one of the bytes. */
async function isArtifact(
  { hash, hashType }: Pick<BundleBlob, 'hash' | 'hashType'>,
  files: Listed,
  { onProgress, signal }: FileWatch,
): Promise<boolean> {
  if (hash === null || hashType === null || !ofBytes.has(hashType)) return true;
  const [first] = files;
  if (hashType === 'md5-d') return (await hashFolder({ files }, onProgress, signal)).hash === hash;
  return (
    files.length === 1 &&
    first !== undefined &&
    (await hashFile(first.source, onProgress, signal)).hash === hash
  );
}

/* ---------- out of a file that came ---------- */

/** Bytes of an artifact that lie beside everything until its row is there. */
export interface StagedBlob {
  uid: string;
  token: string;
  /** As the checksum of a stored artifact is kept. */
  sha256: string;
}

/**
 * Reads every byte of a file first (`FileUnreadable` where it was altered), then stores the bytes of its artifacts under tokens
 * that begin with `prefix`. Where that fails or is stopped, nothing of it stays.
 */
export async function stageFiles(
  opened: OpenedBundle,
  blobs: Pick<BlobStore, 'stage' | 'discard'>,
  prefix: string,
  watch: FileWatch = {},
): Promise<StagedBlob[]> {
  const total = Math.max(1, opened.filesLength) * 3;
  const share = (from: number): FileWatch => ({
    ...watch,
    onProgress: (done) => watch.onProgress?.(from * opened.filesLength + done, total),
  });
  refuseTooMuch(opened.filesLength);
  const parts = partsOf(opened);
  await checkSums(opened, share(0));
  await checkHashes(parts, share(1));
  const staged: StagedBlob[] = [];
  let before = 0;
  try {
    for (const { blob, files } of parts) {
      const token = `${prefix}-${staged.length}`;
      staged.push({ uid: blob.uid, token, sha256: await checksumOf(blob) });
      for (const { path, source } of files) {
        if (watch.signal?.aborted) throw cancelled();
        const from = before;
        await blobs.stage(
          token,
          path,
          source,
          (bytes) => share(2).onProgress?.(from + bytes, total),
          watch.signal,
        );
        before += source.size;
      }
    }
    return staged;
  } catch (error) {
    for (const { token } of staged) await blobs.discard(token).catch(() => {});
    throw error;
  }
}

interface Part {
  blob: BundleBlob;
  files: Listed;
}

/** The files of each artifact; refuses bytes of what the branch did not make. */
function partsOf({ manifest, content, source, filesAt }: OpenedBundle): Part[] {
  const made = artifactsIn(content);
  let at = filesAt;
  const parts: Part[] = [];
  for (const blob of manifest.blobs) {
    if (!blob.files) continue;
    const artifact = made.get(blob.uid);
    if (!artifact) throw unreadable('there are bytes in it of an artifact that the branch did not make');
    const files = blob.files.map(({ path, size }) => {
      const part = { path, source: partOf(source, at, size) };
      at += size;
      return part;
    });
    const whole = files.length === 1 && files[0]?.path === '';
    if (artifact.folder ? files.some(({ path }) => path === '') : !whole)
      throw unreadable(`the files of ${blob.name.slice(0, 100)} in it are not those of the artifact`);
    if (artifact.size !== null && sizeOf(files) !== artifact.size)
      throw unreadable(`the bytes of ${blob.name.slice(0, 100)} in it are not as many as the artifact has`);
    // What the rows say counts: the manifest is not what becomes of it.
    parts.push({ blob: { ...blob, hash: artifact.hash, hashType: artifact.hashType }, files });
  }
  return parts;
}

async function checkHashes(parts: readonly Part[], watch: FileWatch): Promise<void> {
  let before = 0;
  for (const { blob, files } of parts) {
    const from = before;
    const right = await isArtifact(blob, files, {
      ...watch,
      onProgress: (done) => watch.onProgress?.(from + done, 0),
    });
    if (!right)
      throw unreadable(`the bytes of ${blob.name.slice(0, 100)} in it are not what the artifact is`);
    before += sizeOf(files);
  }
}

interface ArtifactFacts {
  hash: string | null;
  hashType: string | null;
  size: number | null;
  folder: boolean;
}

function artifactsIn({ made }: BundleContent): Map<string, ArtifactFacts> {
  const out = new Map<string, ArtifactFacts>();
  for (const { table, keys, columns, values } of made) {
    if (table !== 'lamindb_artifact') continue;
    const of = (name: string, i: number) => values[columns.indexOf(name)]?.[i] ?? null;
    const text = (name: string, i: number) => (typeof of(name, i) === 'string' ? String(of(name, i)) : null);
    for (const [i, key] of keys.entries())
      out.set(String(key), {
        hash: text('hash', i),
        hashType: text('_hash_type', i),
        size: of('size', i) === null ? null : Number(of('size', i)),
        folder: of('n_files', i) !== null,
      });
  }
  return out;
}

/** Of a file its own, of a folder over the sorted lines of its files. */
async function checksumOf({ files }: BundleBlob): Promise<string> {
  const [first] = files ?? [];
  if (first?.path === '') return first.sha256;
  const lines = (files ?? []).map(({ path, sha256 }) => `${path}\0${sha256}`).sort();
  return hex((await createSHA256()).init().update(lines.join('\n')).digest('binary'));
}
