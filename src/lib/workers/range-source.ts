// A file at an address, read by ranges without waiting (a worker may), for SQLite. Says in words why it cannot be read so.
import { LoamError } from '../engine/errors.ts';
import { readHeader } from '../engine/schema/file-header.ts';
import type { RangeSource } from '../storage/sql/remote.ts';
import { fetched } from './database-source.ts';

export interface AddressSource extends RangeSource {
  name: string;
  /** The first bytes of the file. */
  head: Uint8Array;
  /** Why the last range could not be had; null where none failed. */
  problem(): LoamError | null;
}

const firstBytes = 4096;

const refused = (url: string, why: string) =>
  new LoamError('FileUnreadable', `${url} cannot be read where it lies: ${why}. Fetch it instead.`);

export async function openRanges(url: string): Promise<AddressSource> {
  const response = await fetched(url, { headers: { Range: `bytes=0-${firstBytes - 1}` } });
  if (response.status !== 206) {
    await response.body?.cancel();
    throw refused(url, 'its server sends only whole files');
  }
  const head = new Uint8Array(await response.arrayBuffer());
  if (head[0] === 0x1f && head[1] === 0x8b) throw refused(url, 'it is packed with gzip');
  const size = sizeOf(response, head);
  if (size === null) throw refused(url, 'its server does not tell how large it is');
  const changed = response.headers.get('last-modified');
  let problem: LoamError | null = null;

  function read(from: number, to: number): Uint8Array {
    problem = null;
    const request = new XMLHttpRequest();
    request.open('GET', url, false);
    request.responseType = 'arraybuffer';
    request.setRequestHeader('Range', `bytes=${from}-${to - 1}`);
    try {
      request.send();
    } catch {
      throw (problem = new LoamError(
        'FileUnreadable',
        `${url} cannot be reached now. Look again when this device is online.`,
      ));
    }
    const bytes = new Uint8Array((request.response as ArrayBuffer | null) ?? new ArrayBuffer(0));
    const now = request.getResponseHeader('last-modified');
    if (changed !== null && now !== null && now !== changed)
      throw (problem = new LoamError(
        'FileUnreadable',
        `${url} has changed since it was opened. Load the page again to look at it as it is now.`,
      ));
    if (request.status !== 206 || bytes.length !== to - from)
      throw (problem = new LoamError(
        'FileUnreadable',
        `${url} answered ${request.status} with ${bytes.length} bytes instead of ${to - from}. Fetch it instead.`,
      ));
    return bytes;
  }

  const name = decodeURIComponent(new URL(url).pathname.split('/').pop() ?? '') || new URL(url).host;
  return { name, head, size, read, problem: () => problem };
}

/** From the answer where it may be read, else from the file's own header. */
function sizeOf(response: Response, head: Uint8Array): number | null {
  const told = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (told !== undefined) return Number(told);
  const { pageSize, pages } = readHeader(head, null);
  return pages > 0 ? pages * pageSize : null;
}
