// One range of an object over HTTP, checked: that it is the range, of the same object, and whole. Every answer of a
// server that is not that is an error in words that says what to do. Holds at most the range that was asked for.
import { isLoamError, LoamError } from '../../engine/errors.ts';
import type { Remote, RemoteFacts } from './address.ts';
import { s3Problem } from './s3-errors.ts';

export interface RangeOptions {
  /** So long nothing may come before the request counts as stalled. */
  stallMs?: number;
  /** Asked again so often after what may pass: a lost network, a server that is busy, an answer that breaks off. */
  retries?: number;
  signal?: AbortSignal;
}

const stallMost = 20_000;
const retriesMost = 2;
const waitBetweenMs = 300;

/** `transient`: it may pass. `changed`: the object is another one now. */
type Trouble = 'transient' | 'changed' | 'final';

function trouble(remote: Remote, why: string, kind: Trouble, details: Record<string, string | number> = {}) {
  return new LoamError('FileUnreadable', `${remote.title} cannot be read: ${why}`, {
    address: remote.identity,
    trouble: kind,
    ...details,
  });
}

export const isChanged = (error: unknown): boolean =>
  isLoamError(error) && error.details['trouble'] === 'changed';

/** True where no server was reached at all: what is kept may answer then. */
export const isUnreached = (error: unknown): boolean =>
  isLoamError(error) && error.details['unreached'] === true;

const changed = (remote: Remote, how: string) =>
  trouble(
    remote,
    `it was changed at ${hostOf(remote)} since it was opened (${how}). What was read of it is thrown away. Run this again to read it as it is now.`,
    'changed',
  );

function hostOf(remote: Remote): string {
  return /^[a-z0-9+.-]+:\/\/([^/?#]+)/i.exec(remote.identity)?.[1] ?? remote.identity;
}

/** Bytes `from` to before `to` of an object that was `facts` when it was opened. */
export async function readRange(
  remote: Remote,
  facts: RemoteFacts,
  from: number,
  to: number,
  options: RangeOptions = {},
): Promise<Uint8Array> {
  return retried(options, async () => {
    const { bytes } = await ask(remote, from, to, facts, options);
    return bytes;
  });
}

/**
 * What the object is, and its first `most` bytes. `known`: its size where a server tells none to other sites.
 * Throws in words what is at the address in its place.
 */
export async function openObject(
  remote: Remote,
  most: number,
  known: number | null,
  options: RangeOptions = {},
): Promise<{ facts: RemoteFacts; head: Uint8Array }> {
  return retried(options, async () => {
    const { bytes, total, tag } = await ask(remote, 0, most, null, options);
    const size =
      total ?? (bytes.length < most ? bytes.length : ((await sizeByHead(remote, options)) ?? known));
    if (size === null)
      throw trouble(
        remote,
        `${hostOf(remote)} does not tell other sites how large it is. Its CORS rule must expose the headers Content-Range, Content-Length and ETag.`,
        'final',
      );
    if (bytes.length !== Math.min(most, size)) throw brokenOff(remote, bytes.length, Math.min(most, size));
    return { facts: { size, tag }, head: bytes };
  });
}

/**
 * An object from `at` on, in pieces by `read`: some at a time are on their way, each lot asked for when the one before is
 * taken. What fails is told where its piece is awaited.
 */
export function* pieceLots(
  size: number,
  at: number,
  { pieceBytes, lanes }: { pieceBytes: number; lanes: number },
  read: (from: number, to: number) => Promise<Uint8Array>,
): Generator<Promise<Uint8Array>[], void> {
  for (let from = at; from < size;) {
    const lot: Promise<Uint8Array>[] = [];
    for (; lot.length < lanes && from < size; from += pieceBytes)
      lot.push(read(from, Math.min(size, from + pieceBytes)));
    for (const piece of lot) piece.catch(() => {});
    yield lot;
  }
}

/** Content-Length is among the few headers that every site may see. */
async function sizeByHead(remote: Remote, options: RangeOptions): Promise<number | null> {
  const { response, done } = await request(remote, 'HEAD', {}, options).catch(() => ({
    response: null,
    done: () => {},
  }));
  done();
  const told = response?.ok ? response.headers.get('content-length') : null;
  return told === null || response?.headers.has('content-encoding') ? null : Number(told);
}

async function retried<T>(
  { retries = retriesMost, signal }: RangeOptions,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const may = isLoamError(error) && error.details['trouble'] === 'transient';
      if (!may || tries >= retries || signal?.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitBetweenMs * 3 ** tries));
    }
  }
}

async function ask(
  remote: Remote,
  from: number,
  to: number,
  facts: RemoteFacts | null,
  options: RangeOptions,
): Promise<{ bytes: Uint8Array; total: number | null; tag: string }> {
  const range = `bytes=${from}-${to - 1}`;
  const { response, alive, done } = await request(remote, 'GET', { Range: range }, options).catch(
    (error: unknown) => {
      // A server that let this site read before has a rule for it: the connection may have broken, so it is asked again.
      if (facts !== null && isLoamError(error) && error.details['cors'] === true)
        throw new LoamError(error.code, error.message, { ...error.details, trouble: 'transient' });
      throw error;
    },
  );
  try {
    const tag = response.headers.get('etag') ?? response.headers.get('last-modified') ?? '';
    const told = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
    const total = told ? Number(told[3]) : null;
    if (response.status !== 206) {
      // An empty file has no range; some servers answer the whole of it, others that there is none.
      if (facts === null && from === 0 && (await isEmpty(remote, response, options)))
        return { bytes: new Uint8Array(), total: 0, tag };
      throw await refusal(remote, response, facts, range);
    }
    if (facts !== null) {
      if (facts.tag !== '' && tag !== '' && tag !== facts.tag)
        throw changed(remote, 'its ETag is another one');
      if (total !== null && total !== facts.size)
        throw changed(remote, `it has ${total} bytes in place of ${facts.size}`);
    }
    if (told && Number(told[1]) !== from)
      throw trouble(remote, `its server sent the bytes from ${told[1]} on in place of ${from}.`, 'final');
    const most = total === null ? to : Math.min(to, total);
    const bytes = await body(remote, response, to - from, alive, options);
    if (facts !== null || total !== null) {
      const wanted = (facts === null ? most : Math.min(to, facts.size)) - from;
      if (bytes.length !== wanted) throw brokenOff(remote, bytes.length, wanted);
    }
    return { bytes, total, tag };
  } finally {
    done();
  }
}

const brokenOff = (remote: Remote, got: number, wanted: number) =>
  trouble(
    remote,
    `its server sent ${got} bytes in place of ${wanted}. Try again; if it stays so, download the file and add it from this device.`,
    'transient',
  );

async function isEmpty(remote: Remote, response: Response, options: RangeOptions): Promise<boolean> {
  if (response.status !== 416 && response.status !== 200) return false;
  if (/\/0$/.test(response.headers.get('content-range') ?? '')) return true;
  const length = response.headers.get('content-length');
  if (response.status === 200) return length === '0';
  return (await sizeByHead(remote, options)) === 0;
}

/** Reads no more than `most` bytes and one: a server that sends without end is cut off. */
async function body(
  remote: Remote,
  response: Response,
  most: number,
  alive: () => void,
  { stallMs = stallMost }: RangeOptions,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(most);
  let at = 0;
  const reader = response.body?.getReader();
  if (!reader) return bytes.subarray(0, 0);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return bytes.subarray(0, at);
      alive();
      if (at + value.length > most)
        throw trouble(
          remote,
          `its server sent more than the ${most} bytes it was asked for. Download the file and add it from this device.`,
          'final',
        );
      bytes.set(value, at);
      at += value.length;
    }
  } catch (error) {
    if (isLoamError(error)) throw error;
    if (isStall(error)) throw stalled(remote, stallMs, at);
    throw brokenOff(remote, at, most);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const isStall = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';

const stalled = (remote: Remote, ms: number, got: number) =>
  trouble(
    remote,
    `nothing came from ${hostOf(remote)} for ${Math.round(ms / 1000)} seconds (${got} bytes before that). Look at the network and try again.`,
    'transient',
  );

async function request(
  remote: Remote,
  method: 'GET' | 'HEAD',
  headers: Record<string, string>,
  { stallMs = stallMost, signal }: RangeOptions,
): Promise<{ response: Response; alive(): void; done(): void }> {
  const address = await remote.address(method);
  const abort = new AbortController();
  const onAbort = () => abort.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  let timer = setTimeout(onAbort, stallMs);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(onAbort, stallMs);
  };
  const done = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    abort.abort();
  };
  try {
    const response = await fetch(address, {
      method,
      headers,
      credentials: remote.own ? 'same-origin' : 'omit',
      // What is kept is kept by the range cache; the browser's own would hold it twice, and old.
      cache: 'no-store',
      signal: abort.signal,
    });
    if (response.redirected && new URL(response.url).origin !== new URL(address).origin)
      throw trouble(
        remote,
        `${hostOf(remote)} passes on to ${new URL(response.url).host}. If you trust that, use its address instead.`,
        'final',
      );
    return { response, alive, done };
  } catch (error) {
    done();
    if (isLoamError(error)) throw error;
    if (signal?.aborted) throw new LoamError('Cancelled', `Reading ${remote.title} was cancelled.`);
    if (isStall(error)) throw stalled(remote, stallMs, 0);
    throw await unreached(remote, address, error);
  }
}

/** Browsers give no reason for a refused cross-site request: an answer that may not be looked at tells which it is. */
async function unreached(remote: Remote, address: string, error: unknown): Promise<LoamError> {
  // Node 20 has no navigator.
  if (globalThis.navigator?.onLine === false) return lost(remote, 'this device is offline');
  try {
    await fetch(address, { mode: 'no-cors', credentials: 'omit', cache: 'no-store', method: 'HEAD' });
  } catch {
    return lost(remote, `${hostOf(remote)} cannot be reached (${(error as Error).message})`);
  }
  return new LoamError(
    'FileUnreadable',
    `${remote.title} cannot be read: ${hostOf(remote)} answers, but does not let this site read its files (CORS). Settings, Storage locations shows the rule to set there.`,
    { address: remote.identity, trouble: 'final', cors: true },
  );
}

const lost = (remote: Remote, why: string) =>
  new LoamError(
    'FileUnreadable',
    `${remote.title} cannot be read: ${why}. What was read of it before is still here; for the rest try again with a network.`,
    { address: remote.identity, trouble: 'transient', unreached: true },
  );

/** S3 gives its reason in the answer. */
async function reason(response: Response): Promise<string> {
  if (!/xml/.test(response.headers.get('content-type') ?? '')) return '';
  const part = await response.body
    ?.getReader()
    .read()
    .catch(() => null);
  return part?.value ? new TextDecoder().decode(part.value.subarray(0, 4096)) : '';
}

async function refusal(
  remote: Remote,
  response: Response,
  facts: RemoteFacts | null,
  range: string,
): Promise<LoamError> {
  const { status } = response;
  const host = hostOf(remote);
  if (status === 200)
    return trouble(
      remote,
      `${host} sends only whole files, no ranges. Download it and add it from this device.`,
      'final',
      { status },
    );
  if (status === 416)
    return facts === null
      ? trouble(remote, `${host} says that it has no range ${range}. Is it the right file?`, 'final', {
          status,
        })
      : changed(remote, 'it is shorter');
  const told = await reason(response);
  if (/<Code>/.test(told)) return s3Problem(remote.title, status, told);
  const words: Record<number, string> = {
    401: `${host} asks for a login. Enter the keys of its storage in Settings, Storage locations.`,
    403: `${host} does not allow it. Enter the keys of its storage in Settings, Storage locations, or ask for the right to read it.`,
    404: `there is no such file at ${host}. It may have been moved or deleted.`,
    410: `it was deleted at ${host}.`,
    412: `it was changed at ${host}.`,
  };
  const atTeam: Record<number, string> = {
    401: `${host} does not know who you are. Sign in again.`,
    403: `you are no member of its team at ${host} any more.`,
    404: `${host} has no bytes of it (yet): whoever made it has not uploaded it.`,
  };
  const busy = status === 429 || status >= 500;
  return trouble(
    remote,
    (remote.own ? atTeam[status] : undefined) ??
      words[status] ??
      `${host} answered ${status}.${busy ? ' Try again later.' : ''}`,
    busy ? 'transient' : 'final',
    { status },
  );
}
