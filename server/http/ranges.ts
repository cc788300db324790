// Files over HTTP: whole, by one range, or only what they are. Used for bytes of artifacts and for snapshots.
import type { Context } from 'hono';
import type { Env } from './guard.ts';

export interface Served {
  size: number;
  /** With its quotes: the same bytes for ever. */
  etag: string;
  /** For whoever saves it. */
  name: string;
  stream(from: number, to: number): AsyncIterable<Uint8Array>;
}

/** `bytes=a-b`, `bytes=a-`, `bytes=-n`. Null: the whole; 'none': nothing of the file is in it. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { from: number; to: number } | null | 'none' {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  // Several ranges, other units and what is no range are answered with the whole, as if nothing had been asked.
  if (first === undefined || last === undefined || (first === '' && last === '')) return null;
  if (first === '') {
    const count = Math.min(Number(last), size);
    return count === 0 ? 'none' : { from: size - count, to: size };
  }
  const from = Number(first);
  const to = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < from) return null;
  return from >= size ? 'none' : { from, to };
}

/** The answer to GET and HEAD. Never shown by a browser as a page: it is somebody's file. */
export function serveRange(c: Context<Env>, file: Served): Response {
  const headers: Record<string, string> = {
    'Accept-Ranges': 'bytes',
    ETag: file.etag,
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)}`,
    // Compressing proxies would make other bytes of them.
    'Content-Encoding': 'identity',
  };
  if (c.req.header('if-none-match') === file.etag) return new Response(null, { status: 304, headers });
  const ifRange = c.req.header('if-range');
  const asked =
    ifRange !== undefined && ifRange !== file.etag ? null : rangeOf(c.req.header('range'), file.size);
  if (asked === 'none')
    return new Response(null, {
      status: 416,
      headers: { ...headers, 'Content-Range': `bytes */${file.size}`, 'Content-Length': '0' },
    });
  const { from, to } = asked ?? { from: 0, to: file.size };
  headers['Content-Length'] = String(to - from);
  if (asked) headers['Content-Range'] = `bytes ${from}-${to - 1}/${file.size}`;
  const status = asked ? 206 : 200;
  if (c.req.method === 'HEAD' || to === from) return new Response(null, { status, headers });
  return new Response(webStream(file.stream(from, to)), { status, headers });
}

/** Pulled as the socket takes it, so that a slow reader costs no memory. */
function webStream(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const reading = chunks[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reading.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await reading.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
