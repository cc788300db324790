// S3 and what speaks its language (MinIO, R2, Ceph, Google's XML interface): addresses of objects, signed for a few minutes
// where there are keys, and lists of what a bucket holds. Signing in the address needs no header, so browsers ask no
// permission beforehand and a plain CORS rule for GET and HEAD is enough. Keys are never stored.
import { AwsV4Signer } from 'aws4fetch';
import { LoamError } from '../../engine/errors.ts';
import type { Remote } from './address.ts';
import { s3Problem } from './s3-errors.ts';

export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of short-lived keys. */
  sessionToken?: string;
}

/** A bucket as LaminDB's storage names it, and how it is asked. */
export interface S3Bucket {
  bucket: string;
  /** Below it everything lies; without slashes at its ends, empty for the whole bucket. */
  prefix: string;
  /** Null for AWS itself. */
  endpoint: string | null;
  region: string;
  /** `virtual`: bucket.host; `path`: host/bucket. */
  style: 'virtual' | 'path';
  scheme: 's3' | 'gs';
}

const googleHost = 'https://storage.googleapis.com';
/** Signed addresses are made for each request; a slow clock must not spoil them. */
const validSeconds = 900;
/** A page of a list has 1,000 objects; more text than this is no list. */
const listMost = 8 * 1024 * 1024;

/**
 * `s3://bucket/prefix`, `s3://bucket?endpoint_url=https://host` (as LaminDB writes it) and `gs://bucket/prefix`.
 * Throws `InvalidArgument` for anything else.
 */
export function bucketOf(root: string, region: string | null, style?: S3Bucket['style']): S3Bucket {
  const [, scheme, bucket, path = '', query = ''] =
    /^(s3|gs):\/\/([^/?#]+)(?:\/([^?#]*))?(?:\?(.*))?$/.exec(root) ?? [];
  if (!bucket || !/^[a-z0-9][a-z0-9._-]{1,221}$/i.test(bucket))
    throw new LoamError(
      'InvalidArgument',
      `"${root}" names no bucket. It should look like s3://bucket/folder.`,
      {
        root,
      },
    );
  const given = new URLSearchParams(query).get('endpoint_url');
  const endpoint = scheme === 'gs' ? googleHost : given === null || given === '' ? null : endpointOf(given);
  const dotted = bucket.includes('.');
  return {
    bucket,
    prefix: path.replace(/^\/+|\/+$/g, ''),
    endpoint,
    region: region ?? (scheme === 'gs' ? 'auto' : 'us-east-1'),
    // A certificate for *.host does not cover names with dots in them.
    style: style ?? (endpoint !== null || dotted ? 'path' : 'virtual'),
    scheme: scheme as 's3' | 'gs',
  };
}

function endpointOf(text: string): string {
  try {
    return new URL(/^https?:\/\//i.test(text) ? text : `https://${text}`).origin;
  } catch {
    throw new LoamError('InvalidArgument', `"${text}" is no address of a server.`, { endpoint: text });
  }
}

/** What stands for an object's key in an address; S3 wants every sign but letters, digits, `-_.~` escaped. */
export const encodedKey = (key: string): string =>
  key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(
        /[!'()*]/g,
        (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');

/** Of a storage's root. */
export const isBucket = (root: string): boolean => /^(?:s3|gs):\/\//i.test(root);
/** A bucket or a web server: files there are read from this device. */
export const isElsewhere = (root: string): boolean => isBucket(root) || /^https?:\/\//i.test(root);

/** A key below a root that is a web address; what stands behind a question mark stays behind the key. */
export function addressBelow(root: string, key: string): string {
  const [path = '', query] = root.split('?');
  return `${path.replace(/\/+$/, '')}/${encodedKey(key)}${query === undefined ? '' : `?${query}`}`;
}

export function addressOf({ bucket, endpoint, region, style }: S3Bucket, key: string): string {
  const base = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  const below = encodedKey(key);
  if (style === 'virtual') return `${base.protocol}//${bucket}.${base.host}/${below}`;
  return `${base.origin}/${bucket}/${below}`;
}

export interface SignOptions {
  /** Headers that belong to the signature, so that nobody on the way can change them. */
  headers?: Record<string, string>;
  /** How long the address is good. S3 takes at most seven days. */
  seconds?: number;
}

/** The address with the signature in it; as it is where there are no keys (public buckets). */
export async function signedAddress(
  bucket: S3Bucket,
  keys: S3Keys | null,
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE',
  url: string,
  { headers = {}, seconds = validSeconds }: SignOptions = {},
): Promise<string> {
  if (!keys) return url;
  const address = new URL(url);
  address.searchParams.set('X-Amz-Expires', String(seconds));
  const signer = new AwsV4Signer({
    method,
    url: address.href,
    headers,
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken ? { sessionToken: keys.sessionToken } : {}),
    service: 's3',
    region: bucket.region,
    signQuery: true,
  });
  const { url: signed } = await signer.sign();
  // A plus sign means a space in forms, and itself to some servers.
  return signed.href.replace(/\?.*$/, (query) => query.replaceAll('+', '%20'));
}

/** `key` is below the bucket, its prefix included. */
export function s3Object(bucket: S3Bucket, keys: S3Keys | null, key: string): Remote {
  const at = bucket.endpoint === null || bucket.scheme === 'gs' ? '' : `?endpoint_url=${bucket.endpoint}`;
  return {
    identity: `${bucket.scheme}://${bucket.bucket}/${key}${at}`,
    title: key.split('/').pop() ?? key,
    address: (method) => signedAddress(bucket, keys, method, addressOf(bucket, key)),
  };
}

export interface ListedObject {
  /** Below the bucket. */
  key: string;
  size: number;
  /** Without its quotes. */
  etag: string;
  /** ISO time. */
  modified: string;
}

export interface ObjectPage {
  /** Folders at this level, with a slash at the end; none where all below was asked for. */
  folders: string[];
  objects: ListedObject[];
  /** For the next page; null at the end. */
  next: string | null;
}

export interface ListOptions {
  /** Everything below, in place of one level. */
  deep?: boolean;
  after?: string | null;
  limit?: number;
  signal?: AbortSignal;
}

/** What lies below `prefix` (of the bucket, not of the storage). Errors as of `readRange`, with S3's own reason. */
export async function listObjects(
  bucket: S3Bucket,
  keys: S3Keys | null,
  prefix: string,
  { deep = false, after = null, limit = 1000, signal }: ListOptions = {},
): Promise<ObjectPage> {
  const url = new URL(addressOf(bucket, ''));
  const asked: Record<string, string> = {
    'list-type': '2',
    'encoding-type': 'url',
    'max-keys': String(limit),
    prefix,
    ...(deep ? {} : { delimiter: '/' }),
    ...(after === null ? {} : { 'continuation-token': after }),
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  const response = await answered(bucket, keys, url.href, signal);
  const text = await shortText(response, listMost);
  if (!response.ok) throw s3Problem(placeOf(bucket), response.status, text);
  if (!/<ListBucketResult[\s>]/.test(text))
    throw new LoamError(
      'FileUnreadable',
      `${placeOf(bucket)} answers, but not as S3 does. Is the address of the server right?`,
      { trouble: 'final' },
    );
  return pageOf(text);
}

/** The bucket as people call it. */
export const placeOf = ({ scheme, bucket, endpoint }: S3Bucket) =>
  `${scheme}://${bucket}${endpoint === null || scheme === 'gs' ? '' : ` at ${new URL(endpoint).host}`}`;

async function answered(
  bucket: S3Bucket,
  keys: S3Keys | null,
  url: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const address = await signedAddress(bucket, keys, 'GET', url);
  const late = AbortSignal.timeout(20_000);
  try {
    return await fetch(address, {
      credentials: 'omit',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
  } catch (error) {
    if (signal?.aborted) throw new LoamError('Cancelled', 'Listing the bucket was cancelled.');
    if (late.aborted)
      throw new LoamError(
        'FileUnreadable',
        `Nothing came from ${placeOf(bucket)} for 20 seconds. Look at the network and try again.`,
        { trouble: 'transient', unreached: true },
      );
    const reached = await fetch(address, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' }).then(
      () => true,
      () => false,
    );
    throw new LoamError(
      'FileUnreadable',
      reached
        ? `${placeOf(bucket)} answers, but its CORS rule does not let this site read it.`
        : `${placeOf(bucket)} cannot be reached (${(error as Error).message}). Look at the network and at the address.`,
      { trouble: 'final', ...(reached ? { cors: true } : { unreached: true }) },
    );
  }
}

async function shortText(response: Response, most: number): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  let bytes = 0;
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) return text + decoder.decode();
    bytes += part.value.length;
    if (bytes > most) {
      await reader?.cancel();
      return text;
    }
    text += decoder.decode(part.value, { stream: true });
  }
}

/* ---------- S3's XML, as far as lists need it; workers have no parser ---------- */

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (all, hex?: string, number?: string, name?: string) => {
      const code = hex ? parseInt(hex, 16) : Number(number);
      if (hex || number) return code <= 0x10ffff ? String.fromCodePoint(code) : all;
      return entities[name ?? ''] ?? all;
    },
  );
}

export function element(xml: string, name: string): string | null {
  const start = xml.indexOf(`<${name}>`);
  const end = start < 0 ? -1 : xml.indexOf(`</${name}>`, start);
  return end < 0 ? null : plain(xml.slice(start + name.length + 2, end));
}

export function* elements(xml: string, name: string): Generator<string> {
  for (let at = 0; ;) {
    const start = xml.indexOf(`<${name}>`, at);
    const end = start < 0 ? -1 : xml.indexOf(`</${name}>`, start);
    if (end < 0) return;
    yield xml.slice(start + name.length + 2, end);
    at = end;
  }
}

function pageOf(xml: string): ObjectPage {
  const encoded = element(xml, 'EncodingType') === 'url';
  const name = (text: string | null): string => {
    if (text === null) return '';
    try {
      return encoded ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
    } catch {
      return text;
    }
  };
  const objects: ListedObject[] = [];
  for (const one of elements(xml, 'Contents')) {
    const key = name(element(one, 'Key'));
    // A key with a slash at its end is how some programs write an empty folder.
    if (key === '' || key.endsWith('/')) continue;
    objects.push({
      key,
      size: Number(element(one, 'Size') ?? 0),
      etag: (element(one, 'ETag') ?? '').replaceAll('"', ''),
      modified: element(one, 'LastModified') ?? '',
    });
  }
  const folders = [...elements(xml, 'CommonPrefixes')].map((one) => name(element(one, 'Prefix')));
  const more = element(xml, 'IsTruncated') === 'true';
  return { folders, objects, next: more ? element(xml, 'NextContinuationToken') : null };
}
