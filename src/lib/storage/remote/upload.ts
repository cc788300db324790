// One file to one key of a bucket, whole or not at all: in one piece or in parts, each compared by md5, the object compared
// by its ETag at the end. What was sent before is found again by asking the server, so an upload goes on after a lost
// network, a closed tab and a new session, from a state that holds no key and no signature.
import { isLoamError, LoamError } from '../../engine/errors.ts';
import type { ByteSource } from '../../engine/ports.ts';
import { md5 } from 'hash-wasm';
import {
  abortUpload,
  beginUpload,
  completeUpload,
  headObject,
  listParts,
  putObject,
  putPart,
  removeObject,
  type S3Target,
  type WriteOptions,
} from './s3-write.ts';
import { placeOf } from './s3.ts';
import { partsOf, partSizeOf, readWhole, sameContent, tagOfParts, type Part } from './upload-plan.ts';

/** What is known of an upload in parts; plain data, kept on the device. */
export interface UploadState {
  uploadId: string;
  partSize: number;
  parts: { number: number; md5: string; etag: string }[];
}

export interface UploadOptions extends WriteOptions {
  /** As it was left; null for a new one. */
  state: UploadState | null;
  /** Is to be kept before it goes on. */
  onState?: (state: UploadState) => Promise<void> | void;
  /** Bytes that are there or on their way. */
  onProgress?: (bytes: number) => void;
}

export interface Uploaded {
  etag: string;
  /** `there`: the same bytes were at the key already. */
  outcome: 'sent' | 'there';
}

/** Parts on their way at a time. */
const lanes = 3;

/**
 * Errors: `IntegrityError` where another file is at the key, `FileUnreadable` with S3's reason (details `trouble`, `keys`,
 * `cors`, `unreached`), `Cancelled`. After an error nothing stands at the key; parts that were sent stay for the next call.
 */
export async function uploadObject(
  target: S3Target,
  source: ByteSource,
  options: UploadOptions,
): Promise<Uploaded> {
  const partSize = options.state?.partSize ?? partSizeOf(source.size);
  const there = await headObject(target, options);
  if (there) return { etag: await sameOrRefused(target, source, there, options), outcome: 'there' };
  if (source.size <= partSize) return { etag: await inOnePiece(target, source, options), outcome: 'sent' };
  return { etag: await inParts(target, source, partSize, options), outcome: 'sent' };
}

/** Ends an upload that is not wanted: the parts that were sent are thrown away. */
export async function forgetUpload(
  target: S3Target,
  state: UploadState,
  options: WriteOptions,
): Promise<void> {
  await abortUpload(target, state.uploadId, options);
}

async function sameOrRefused(
  target: S3Target,
  source: ByteSource,
  there: { size: number; etag: string },
  { signal }: UploadOptions,
): Promise<string> {
  const same = there.size === source.size && (await sameContent(source, there.etag, signal));
  if (same) return there.etag;
  throw new LoamError(
    'IntegrityError',
    `${placeOf(target.bucket)} has another file as ${target.key}: ${there.size} bytes, ETag ${there.etag || 'unknown'}. It stays as it is. Move it away, or choose another location.`,
    { key: target.key, size: there.size, etag: there.etag, trouble: 'final' },
  );
}

async function inOnePiece(target: S3Target, source: ByteSource, options: UploadOptions): Promise<string> {
  const bytes = await readWhole(source, 0, source.size);
  const hex = await md5(bytes);
  const etag = await putObject(target, bytes, hex, { ...options, onSent: options.onProgress });
  await verify(target, source.size, etag === hex ? hex : null, options);
  return etag;
}

async function inParts(
  target: S3Target,
  source: ByteSource,
  partSize: number,
  options: UploadOptions,
): Promise<string> {
  const { onState, onProgress, signal } = options;
  const parts = partsOf(source.size, partSize);
  let state = options.state;
  const listed = state ? await listParts(target, state.uploadId, options) : null;
  const done = new Map<number, { md5: string; etag: string }>();
  if (!state || !listed) {
    state = { uploadId: await beginUpload(target, options), partSize, parts: [] };
    await onState?.(state);
  } else for (const part of parts) await recall(part, state, listed, source, done);

  const id = state.uploadId;
  const sent = new Map<number, number>();
  const tell = () => {
    let bytes = 0;
    for (const { number, from, to } of parts) if (done.has(number)) bytes += to - from;
    for (const part of sent.values()) bytes += part;
    onProgress?.(bytes);
  };
  tell();
  const keep = async () => {
    const all = [...done].map(([number, one]) => ({ number, ...one })).sort((a, b) => a.number - b.number);
    await onState?.({ uploadId: id, partSize, parts: all });
  };
  const stop = new AbortController();
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const open = parts.filter(({ number }) => !done.has(number));
  const failures: unknown[] = [];
  async function lane(): Promise<void> {
    for (let part = open.shift(); part && failures.length === 0; part = open.shift()) {
      const { number, from, to } = part;
      try {
        const bytes = await readWhole(source, from, to);
        const hex = await md5(bytes);
        const onSent = (n: number) => {
          sent.set(number, Math.min(n, to - from));
          tell();
        };
        const etag = await putPart(target, id, number, bytes, hex, { ...options, signal: both, onSent });
        sent.delete(number);
        done.set(number, { md5: hex, etag });
        await keep();
        tell();
      } catch (error) {
        failures.push(error);
        stop.abort();
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failures.length > 0) throw failures[0];

  const all = parts.map(({ number }) => ({ number, ...(done.get(number) ?? { md5: '', etag: '' }) }));
  const etag = await completeUpload(target, id, all, options).catch(async (error: unknown) => {
    // An answer that was lost: it may have been put together all the same.
    if (isLoamError(error) && error.details['s3'] === 'NoSuchUpload' && (await headObject(target, options)))
      return '';
    throw error;
  });
  const plain = all.every((one) => one.etag.toLowerCase() === one.md5);
  const tag = plain ? await tagOfParts(all.map((one) => one.md5)) : null;
  return (await verify(target, source.size, tag, options)) || etag;
}

/** A part that the server has is only sent again where it is not the same. */
async function recall(
  { number, from, to }: Part,
  state: UploadState,
  listed: readonly { number: number; etag: string; size: number }[],
  source: ByteSource,
  done: Map<number, { md5: string; etag: string }>,
): Promise<void> {
  const there = listed.find((one) => one.number === number);
  if (!there || there.size !== to - from) return;
  const known = state.parts.find((one) => one.number === number && one.etag === there.etag);
  if (known) return void done.set(number, { md5: known.md5, etag: there.etag });
  // It was sent in the moment before the tab was closed.
  const bytes = await readWhole(source, from, to);
  const hex = await md5(bytes);
  source.release?.(bytes);
  if (hex === there.etag.toLowerCase()) done.set(number, { md5: hex, etag: there.etag });
}

/**
 * The object as it stands there now: size, and the ETag where it is one of md5s. One that is wrong is taken away. Servers that
 * make ETags of another kind (encryption with their own keys, Google for parts) have compared each part by its md5.
 */
async function verify(
  target: S3Target,
  size: number,
  tag: string | null,
  options: UploadOptions,
): Promise<string> {
  const there = await headObject(target, options);
  // Keys that may write and not read: each part was compared on its way.
  if (!there) return '';
  const tellsMd5 = /^[0-9a-f]{32}(?:-\d+)?$/i.test(there.etag);
  const wrong =
    (there.size >= 0 && there.size !== size) ||
    (tag !== null && tellsMd5 && there.etag.toLowerCase() !== tag);
  if (!wrong) return there.etag;
  await removeObject(target, options).catch(() => {});
  throw new LoamError(
    'FileUnreadable',
    `${placeOf(target.bucket)} has other bytes than were sent (${there.size} bytes, ETag ${there.etag}; expected ${size} bytes, ${tag ?? 'any'}). They were taken away again. Try again.`,
    { trouble: 'final', etag: there.etag },
  );
}
