// The verbs of S3 that change something, each signed anew in its address, asked again after what may pass, and with every
// refusal in words. What they mean together is upload.ts's.
import { isLoamError, LoamError } from '../../engine/errors.ts';
import { s3Problem } from './s3-errors.ts';
import {
  Stalled,
  Unreached,
  type Send,
  type SendOptions,
  type SentAnswer,
  type SentRequest,
} from './s3-send.ts';
import { addressOf, element, elements, placeOf, signedAddress, type S3Bucket, type S3Keys } from './s3.ts';
import { base64OfHex } from './upload-plan.ts';

/** An object's place in a bucket, and who asks. */
export interface S3Target {
  bucket: S3Bucket;
  keys: S3Keys | null;
  /** Below the bucket, its prefix included. */
  key: string;
}

export interface WriteOptions extends SendOptions {
  send: Send;
  /** Asked again so often after what may pass. */
  retries?: number | undefined;
  /** The first pause before a request is made again, in milliseconds; each is three times the last. */
  waitMs?: number | undefined;
}

export interface SentPart {
  number: number;
  /** As the server says it, without quotes. */
  etag: string;
  size: number;
}

const retriesMost = 3;
const partsOfPage = 1000;

const unquoted = (etag: string | null): string => (etag ?? '').replace(/^W\//, '').replaceAll('"', '');

async function ask(
  { bucket, keys, key }: S3Target,
  method: SentRequest['method'],
  query: Record<string, string>,
  body: Uint8Array<ArrayBuffer> | null,
  headers: Record<string, string>,
  options: WriteOptions,
  check: (answer: SentAnswer) => void = () => {},
): Promise<SentAnswer> {
  const url = new URL(addressOf(bucket, key));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const { send, retries = retriesMost, waitMs = 300, signal } = options;
  for (let tries = 0; ; tries++) {
    try {
      const address = await signedAddress(bucket, keys, method, url.href, { headers });
      const answer = await send({ method, url: address, headers, body }, options);
      const missing = answer.status === 404 && (method === 'HEAD' || method === 'DELETE');
      // Putting an object together can fail after the answer began well.
      if (!missing && (answer.status >= 300 || /<Error>/.test(answer.text.slice(0, 500))))
        throw s3Problem(placeOf(bucket), answer.status >= 300 ? answer.status : 500, answer.text, 'written');
      check(answer);
      return answer;
    } catch (error) {
      const problem = isLoamError(error) ? error : await unanswered(bucket, keys, error, options);
      if (problem.details['trouble'] !== 'transient' || tries >= retries || signal?.aborted) throw problem;
      await new Promise((resolve) => setTimeout(resolve, waitMs * 3 ** tries));
    }
  }
}

/** A browser does not say why no answer came: the server is asked in a way that needs nobody's leave. */
async function unanswered(
  bucket: S3Bucket,
  keys: S3Keys | null,
  error: unknown,
  { stallMs = 60_000 }: WriteOptions,
): Promise<LoamError> {
  const place = placeOf(bucket);
  if (error instanceof Stalled)
    return new LoamError(
      'FileUnreadable',
      `Nothing went to ${place} for ${Math.round(stallMs / 1000)} seconds. Look at the network and try again.`,
      { trouble: 'transient', unreached: true },
    );
  if (!(error instanceof Unreached))
    return new LoamError('InternalError', `${place} cannot be written: ${String(error)}`, {
      trouble: 'final',
    });
  const reached = await fetch(await signedAddress(bucket, keys, 'GET', addressOf(bucket, '')), {
    mode: 'no-cors',
    credentials: 'omit',
    cache: 'no-store',
    signal: AbortSignal.timeout(10_000),
  }).then(
    () => true,
    () => false,
  );
  return new LoamError(
    'FileUnreadable',
    reached
      ? `${place} answers, but its CORS rule does not let this site write to it.`
      : `${place} cannot be reached. Look at the network; what was sent of the file stays there.`,
    // A connection that broke looks the same as a missing rule: it is tried again before that is said.
    { trouble: 'transient', ...(reached ? { cors: true } : { unreached: true }) },
  );
}

/** What is at the key; null where nothing is, or nobody may know. */
export async function headObject(
  target: S3Target,
  options: WriteOptions,
): Promise<{ size: number; etag: string } | null> {
  try {
    const answer = await ask(target, 'HEAD', {}, null, {}, options);
    if (answer.status === 404) return null;
    return {
      size: Number(answer.header('content-length') ?? -1),
      etag: unquoted(answer.header('etag')),
    };
  } catch (error) {
    // Who may write but not list is told 403 of what is not there. Answers to HEAD give no reasons: the next request does.
    const status = isLoamError(error) ? Number(error.details['status'] ?? 0) : 0;
    if (status >= 300 && status < 500 && status !== 429) return null;
    throw error;
  }
}

const withMd5 = (hex: string): Record<string, string> => ({ 'content-md5': base64OfHex(hex) });

/**
 * The server has compared the bytes with their md5; where it says an ETag that is one, it must be the same. Throws in
 * words where it tells none.
 */
function checked(target: S3Target, answer: SentAnswer, hex: string): string {
  const place = placeOf(target.bucket);
  const etag = unquoted(answer.header('etag'));
  if (etag === '')
    throw new LoamError(
      'FileUnreadable',
      `${place} does not tell this site the ETag of what it got. Its CORS rule must expose the header ETag.`,
      { trouble: 'final', cors: true },
    );
  const otherwise = /kms|dsse/.test(answer.header('x-amz-server-side-encryption') ?? '');
  if (/^[0-9a-f]{32}$/i.test(etag) && etag.toLowerCase() !== hex && !otherwise)
    throw new LoamError(
      'FileUnreadable',
      `${place} has got other bytes than were sent (its ETag is ${etag}, not ${hex}). Where it encrypts with keys of its own, let its CORS rule expose x-amz-server-side-encryption; else try again.`,
      { trouble: 'transient', etag },
    );
  return etag;
}

/** Up to 5 GiB in one piece; the ETag. */
export async function putObject(
  target: S3Target,
  bytes: Uint8Array<ArrayBuffer>,
  hex: string,
  options: WriteOptions,
): Promise<string> {
  return putChecked(target, {}, bytes, hex, options).catch(async (error: unknown) => {
    // What is wrong must not stay.
    if (isLoamError(error) && error.details['etag'] !== undefined)
      await removeObject(target, options).catch(() => {});
    throw error;
  });
}

async function putChecked(
  target: S3Target,
  query: Record<string, string>,
  bytes: Uint8Array<ArrayBuffer>,
  hex: string,
  options: WriteOptions,
): Promise<string> {
  let etag = '';
  await ask(target, 'PUT', query, bytes, withMd5(hex), options, (answer) => {
    etag = checked(target, answer, hex);
  });
  return etag;
}

/** Begins an upload in parts; its id. */
export async function beginUpload(target: S3Target, options: WriteOptions): Promise<string> {
  const { text } = await ask(target, 'POST', { uploads: '' }, null, {}, options);
  const id = element(text, 'UploadId');
  if (id === null || id === '')
    throw new LoamError(
      'FileUnreadable',
      `${placeOf(target.bucket)} answers, but not as S3 does: it gives an upload no id.`,
      { trouble: 'final' },
    );
  return id;
}

export async function putPart(
  target: S3Target,
  uploadId: string,
  number: number,
  bytes: Uint8Array<ArrayBuffer>,
  hex: string,
  options: WriteOptions,
): Promise<string> {
  const query = { partNumber: String(number), uploadId };
  return putChecked(target, query, bytes, hex, options);
}

/** What the server has of an upload; null where it knows it no more. */
export async function listParts(
  target: S3Target,
  uploadId: string,
  options: WriteOptions,
): Promise<SentPart[] | null> {
  const parts: SentPart[] = [];
  for (let after = '0'; ;) {
    try {
      const query = { uploadId, 'max-parts': String(partsOfPage), 'part-number-marker': after };
      const { text } = await ask(target, 'GET', query, null, {}, options);
      for (const one of elements(text, 'Part'))
        parts.push({
          number: Number(element(one, 'PartNumber')),
          etag: unquoted(element(one, 'ETag')),
          size: Number(element(one, 'Size')),
        });
      const next = element(text, 'NextPartNumberMarker');
      if (element(text, 'IsTruncated') !== 'true' || next === null || next === after) return parts;
      after = next;
    } catch (error) {
      if (isLoamError(error) && error.details['s3'] === 'NoSuchUpload') return null;
      throw error;
    }
  }
}

/** Makes one object of the parts; its ETag, empty where the server tells none. */
export async function completeUpload(
  target: S3Target,
  uploadId: string,
  parts: readonly Pick<SentPart, 'number' | 'etag'>[],
  options: WriteOptions,
): Promise<string> {
  const lines = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${etag}&quot;</ETag></Part>`,
  );
  const xml = `<CompleteMultipartUpload>${lines.join('')}</CompleteMultipartUpload>`;
  const body = new TextEncoder().encode(xml);
  const headers = { 'content-type': 'application/xml' };
  const { text } = await ask(target, 'POST', { uploadId }, body, headers, { ...options, onSent: undefined });
  return unquoted(element(text, 'ETag'));
}

/** Throws away what was sent; an upload that is not there is no error. */
export async function abortUpload(target: S3Target, uploadId: string, options: WriteOptions): Promise<void> {
  await ask(target, 'DELETE', { uploadId }, null, {}, options);
}

export async function removeObject(target: S3Target, options: WriteOptions): Promise<void> {
  await ask(target, 'DELETE', {}, null, {}, options);
}
