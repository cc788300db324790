// Where the bytes of a database file come from: a picked file (perhaps packed with gzip, perhaps with its log beside
// it) or an address. Gives its first bytes at once and the rest as a stream, and says in words why it cannot.
import { LoamError } from '../engine/errors.ts';
import type { ByteSource } from '../engine/ports.ts';
import { headerBytes, readHeader } from '../engine/schema/file-header.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import { readWal, withWal } from '../storage/sql/wal-file.ts';
import type { DatabaseSource } from './databases-wire.ts';
import { openParquet } from './parquet-source.ts';

export interface OpenedSource {
  /** Name to show. */
  name: string;
  /** At least the header, unless the file is shorter. */
  head: Uint8Array;
  /** Bytes of the database; null where only the end of the stream will tell. */
  size: number | null;
  /** How much has been read of what there is to read, for the progress. */
  read(): { done: number; total: number | null };
  next(): Promise<Uint8Array | undefined>;
}

/** A packed file of this many times its size is no database but a trap; an empty LaminDB database packs to a 64th. */
const mostPacked = 400;
/** Below this an unpacked file is small anyway. */
const freeOfDoubt = 64 * 1024 * 1024;

export async function openSource(source: DatabaseSource): Promise<OpenedSource> {
  if ('url' in source) return fromResponse(await fetched(source.url), source.url);
  if ('parquet' in source) return openParquet(source.parquet, source.name);
  return source.wal ? fromPair(source.file, source.wal) : fromFile(source.file);
}

async function fromFile(file: File): Promise<OpenedSource> {
  return unpacked(file.name, file.size, file.stream().getReader());
}

async function fromResponse(response: Response, url: string): Promise<OpenedSource> {
  const length = Number(response.headers.get('content-length') ?? NaN);
  // A length beside a content encoding is that of the packed bytes, which are not the ones that arrive.
  const total = response.headers.has('content-encoding') || Number.isNaN(length) ? null : length;
  if (!response.body) throw unreachable(url, 'the answer is empty');
  const name = decodeURIComponent(new URL(url).pathname.split('/').pop() ?? '') || new URL(url).host;
  return unpacked(name, total, response.body.getReader());
}

async function unpacked(
  name: string,
  total: number | null,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<OpenedSource> {
  let done = 0;
  const counted = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const part = await readable(() => reader.read());
      if (part.done) return controller.close();
      done += part.value.length;
      controller.enqueue(part.value as Uint8Array<ArrayBuffer>);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const plain = await peeked(counted.getReader());
  const [one, two] = plain.head;
  const read = () => ({ done, total });
  if (one !== 0x1f || two !== 0x8b) return { name, size: total, read, ...plain };

  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const chunk = await plain.next();
      if (chunk) controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
      else controller.close();
    },
  });
  let out = 0;
  const inner = await peeked(packed.pipeThrough(new DecompressionStream('gzip')).getReader(), true);
  return {
    name: name.replace(/\.gz$/i, ''),
    size: null,
    read,
    head: inner.head,
    async next() {
      const chunk = await inner.next();
      out += chunk?.length ?? 0;
      if (out > freeOfDoubt && out > mostPacked * done)
        throw new LoamError(
          'FileUnreadable',
          `The packed file grows beyond ${mostPacked} times its size, which no database does. Nothing was changed.`,
        );
      return chunk;
    },
  };
}

/** The first bytes of a stream, and the stream with them still in it. */
async function peeked(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  packed = false,
): Promise<Pick<OpenedSource, 'head' | 'next'>> {
  const held: Uint8Array[] = [];
  const pull = async () => {
    try {
      return await reader.read();
    } catch (error) {
      if (packed && !(error instanceof LoamError))
        throw new LoamError('FileUnreadable', 'The packed file is damaged or cut off. Nothing was changed.');
      throw error;
    }
  };
  let bytes = 0;
  while (bytes < headerBytes) {
    const part = await pull();
    if (part.done) break;
    held.push(part.value);
    bytes += part.value.length;
  }
  const head = new Uint8Array(Math.min(bytes, 4096));
  let at = 0;
  for (const part of held) {
    head.set(part.subarray(0, head.length - at), at);
    at += Math.min(part.length, head.length - at);
  }
  return {
    head,
    async next() {
      const first = held.shift();
      if (first) return first;
      const part = await pull();
      return part.done ? undefined : part.value;
    },
  };
}

async function fromPair(file: File, wal: File): Promise<OpenedSource> {
  const head = await readable(async () => new Uint8Array(await file.slice(0, headerBytes).arrayBuffer()));
  const { pageSize } = readHeader(head, file.size);
  const [database, log] = [fileSource(file), fileSource(wal)];
  const pages = await readWal(log, pageSize);
  const next = withWal(database, log, pages);
  const size = pages.count > 0 ? pages.count * pageSize : file.size;
  let done = 0;
  // The log's own first page, where it has one, is the database's newest header.
  const first = await next();
  let held = first;
  return {
    name: file.name,
    head: first ?? head,
    size,
    read: () => ({ done, total: size }),
    async next() {
      const chunk = held ?? (await next());
      held = undefined;
      done += chunk?.length ?? 0;
      return chunk;
    },
  };
}

function fileSource(file: File): ByteSource {
  const source = blobSource(file);
  return { ...source, read: (start, end) => readable(() => source.read(start, end)) };
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LoamError) throw error;
    const gone = error instanceof DOMException && /NotReadable|NotFound/.test(error.name);
    throw new LoamError(
      'FileUnreadable',
      gone
        ? 'The file was changed, moved or deleted while it was read. Choose it again. Nothing was changed.'
        : `The file could not be read to its end (${String(error)}). Nothing was changed.`,
    );
  }
}

/* ---------- addresses ---------- */

const unreachable = (url: string, why: string) =>
  new LoamError('FileUnreadable', `${url} could not be read: ${why}. Nothing was changed.`);

/** Fetches, or says in words why it cannot: browsers give no reason for a refused cross-site request. */
export async function fetched(url: string, init: RequestInit = {}): Promise<Response> {
  let address: URL;
  try {
    address = new URL(url);
  } catch {
    throw new LoamError('InvalidArgument', `"${url}" is not an address. It should begin with https://.`);
  }
  if (!/^https?:$/.test(address.protocol))
    throw new LoamError('InvalidArgument', `An address must begin with https://, not ${address.protocol}//.`);
  let response: Response;
  try {
    response = await fetch(address, { credentials: 'omit', ...init });
  } catch (error) {
    throw unreachable(url, await whyNot(address, error));
  }
  if (response.ok) return response;
  const words: Record<number, string> = {
    401: 'the server asks for a login',
    403: 'the server does not allow it',
    404: 'there is no such file',
    416: 'the server does not answer ranges of it',
  };
  throw unreachable(url, words[response.status] ?? `the server answered ${response.status}`);
}

async function whyNot(address: URL, error: unknown): Promise<string> {
  if (typeof navigator !== 'undefined' && !navigator.onLine) return 'this device is offline';
  try {
    // An answer that may not be looked at is still one: then it is the permission that is missing.
    await fetch(address, { mode: 'no-cors', credentials: 'omit', method: 'HEAD' });
    return `${address.host} answers, but does not let other sites read its files (it sends no Access-Control-Allow-Origin). Download the file and open it from this device`;
  } catch {
    return `${address.host} cannot be reached, or this copy of Loam may not ask it (${String(error)})`;
  }
}
