// Bytes to the files of a team's server (decision 0041): announced with their size and sha-256, sent in parts behind one another,
// compared there before they count. The server knows how far an upload is, so that it goes on after a lost network or a closed
// tab without anything being kept here.
import { createSHA256 } from 'hash-wasm';
import { isLoamError, LoamError, type ErrorCode } from '../../engine/errors.ts';
import type { ByteSource } from '../../engine/ports.ts';
import { encodedKey } from './s3.ts';

/** An instance at a server. */
export interface ServerPlace {
  /** Origin, as `https://loam.example.org`. */
  server: string;
  /** Uid. */
  instance: string;
}

/** `fetch`, or what stands for it; it says who asks (a cookie, an API key). */
export type AskServer = (url: string, init: RequestInit) => Promise<Response>;

export interface SendOptions {
  ask: AskServer;
  signal?: AbortSignal;
  onProgress?: (bytes: number) => void;
}

export const filesAddress = ({ server, instance }: ServerPlace): string =>
  `${server}/api/instances/${encodeURIComponent(instance)}/files`;

/** Where the bytes of a key are read by ranges. */
export const fileAddress = (place: ServerPlace, key: string): string =>
  `${filesAddress(place)}/at/${encodedKey(key)}`;

/** What a server says of its files. */
export interface ServerFiles {
  storage: { uid: string; root: string; type: string; region: string | null };
  limits: { file: number; part: number };
}

const readBytes = 4 * 1024 * 1024;
/** Parts grow while they go quickly, so that a slow line has small ones, which a lost network costs little of. */
const leastPart = 512 * 1024;
const quickMs = 2_000;
const mostTries = 5;

/** Brings a file to its key. Errors say in `trouble` whether they pass (`transient`) or somebody has to do something. */
export async function sendToServer(
  place: ServerPlace,
  key: string,
  source: ByteSource,
  options: SendOptions,
): Promise<'sent' | 'there'> {
  const { onProgress, signal } = options;
  const { limits } = await askFiles(place, options);
  const begun = await json<{ kept: boolean; id: string; at: number }>(place, options, '/uploads', {
    method: 'POST',
    body: JSON.stringify({ key, size: source.size, sha256: await sha256Of(source, signal) }),
  });
  if (begun.kept) return 'there';
  const upload = `/uploads/${begun.id}`;
  let { at } = begun;
  let size = leastPart;
  onProgress?.(at);
  for (let tries = 0; ;) {
    try {
      while (at < source.size) {
        if (signal?.aborted) throw cancelled();
        const end = Math.min(source.size, at + Math.min(size, limits.part));
        const started = Date.now();
        const body = (await source.read(at, end)) as Uint8Array<ArrayBuffer>;
        ({ at } = await json<{ at: number }>(place, options, `${upload}?at=${at}`, { method: 'PUT', body }));
        size = Date.now() - started < quickMs ? size * 2 : Math.max(leastPart, size / 2);
        tries = 0;
        onProgress?.(at);
      }
      await json(place, options, `${upload}/commit`, { method: 'POST', body: '{}' });
      return 'sent';
    } catch (error) {
      // An answer was lost on the way, or two tabs send the same: the server says where it is.
      const next = isLoamError(error) ? error.details['at'] : undefined;
      if (typeof next !== 'number' || ++tries > mostTries) throw error;
      at = next;
    }
  }
}

/** Throws away what was sent of an upload that is not whole. */
export async function unsendFromServer(
  place: ServerPlace,
  key: string,
  source: ByteSource,
  options: SendOptions,
): Promise<void> {
  const sha256 = await sha256Of(source, options.signal);
  const body = JSON.stringify({ key, size: source.size, sha256 });
  const begun = await json<{ kept: boolean; id: string }>(place, options, '/uploads', {
    method: 'POST',
    body,
  });
  if (!begun.kept) await json(place, options, `/uploads/${begun.id}`, { method: 'DELETE' });
}

/** The server's storage and its limits. */
export async function askFiles(place: ServerPlace, options: SendOptions): Promise<ServerFiles> {
  const found = await json<ServerFiles>(place, options, '', { method: 'GET' });
  const { storage, limits } = found;
  const { uid, root } = storage ?? {};
  if (typeof uid === 'string' && typeof root === 'string' && Number.isSafeInteger(limits?.part)) return found;
  throw trouble('FileUnreadable', `${place.server} does not answer as a Loam server does.`, 'final');
}

/** Which of these keys the server has bytes of, at most 500 at a time. */
export async function whichAtServer(
  place: ServerPlace,
  keys: readonly string[],
  options: SendOptions,
): Promise<Set<string>> {
  const body = JSON.stringify({ keys });
  const { kept } = await json<{ kept: { key: string }[] }>(place, options, '/which', {
    method: 'POST',
    body,
  });
  return new Set(kept.map(({ key }) => key));
}

/** Files of an artifact that is a folder, as far as the server has them. */
export async function filesBelow(
  place: ServerPlace,
  key: string,
  options: SendOptions,
): Promise<{ path: string; size: number }[]> {
  const body = JSON.stringify({ key });
  const { files } = await json<{ files: { path: string; size: number }[] }>(place, options, '/below', {
    ...{ method: 'POST', body },
  });
  return files;
}

const cancelled = () => new LoamError('Cancelled', 'Sending the file was stopped.');
const trouble = (code: ErrorCode, message: string, kind: 'transient' | 'final', more = {}) =>
  new LoamError(code, message, { trouble: kind, ...more });

interface Said {
  error?: { code?: string; message?: string; at?: number };
}

async function json<T>(
  place: ServerPlace,
  { ask, signal }: SendOptions,
  path: string,
  init: { method: string; body?: string | Uint8Array<ArrayBuffer> },
): Promise<T> {
  const host = new URL(place.server).host;
  let response: Response;
  let text: string;
  try {
    response = await ask(`${filesAddress(place)}${path}`, {
      ...init,
      cache: 'no-store',
      headers:
        typeof init.body === 'string'
          ? { 'content-type': 'application/json' }
          : init.body
            ? { 'content-type': 'application/octet-stream' }
            : {},
      ...(signal ? { signal } : {}),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw cancelled();
    if (isLoamError(error)) throw error;
    throw trouble(
      'ConnectionLost',
      `${host} cannot be reached (${(error as Error).message}). It is tried again.`,
      'transient',
      { unreached: true },
    );
  }
  let said: Said | null = null;
  try {
    said = JSON.parse(text) as Said | null;
  } catch {
    // A proxy may answer in the server's place.
  }
  if (response.ok && said !== null) return said as unknown as T;
  const { message = `${host} answered ${response.status}.`, at } = said?.error ?? {};
  const { status } = response;
  if (typeof at === 'number') throw trouble('IntegrityError', message, 'transient', { at });
  // Of a 404 the record is on its way: it is sent before the bytes are taken.
  const passes = status >= 500 ? status !== 507 : status === 404 || status === 408 || status === 429;
  const codes: Partial<Record<number, ErrorCode>> = {
    ...{ 400: 'ValidationError', 401: 'SignInNeeded', 403: 'NoAccess', 404: 'DoesNotExist' },
    ...{ 409: 'IntegrityError', 429: 'TooManyTries', 507: 'StorageFull' },
  };
  throw trouble(codes[status] ?? 'ConnectionLost', message, passes ? 'transient' : 'final', { status });
}

async function sha256Of(source: ByteSource, signal?: AbortSignal): Promise<string> {
  const hash = await createSHA256();
  for (let at = 0; at < source.size; at += readBytes) {
    if (signal?.aborted) throw cancelled();
    const bytes = await source.read(at, Math.min(source.size, at + readBytes));
    hash.update(bytes);
    source.release?.(bytes);
  }
  return hash.digest('hex');
}
