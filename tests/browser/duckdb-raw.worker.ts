// The query engine without its gate: what is behind it must hold alone. Runs statements as they are and answers with rows
// as JSON or with the error, and says what the fence had to refuse.
import { tableFromIPC } from 'apache-arrow';
import { raiseFence } from '../../src/lib/workers/duckdb-fence.ts';
import { join } from '../../src/lib/formats/source.ts';
import { openDuckdb, type Duckdb } from '../../src/lib/workers/duckdb.ts';

/** What really goes out, whoever asks for it. */
const asked: string[] = [];
const realFetch = self.fetch.bind(self);
self.fetch = (input, init) => {
  asked.push(input instanceof Request ? input.url : String(input));
  return realFetch(input, init);
};
const realSend = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
  asked.push(`XMLHttpRequest ${this.responseURL}`);
  return realSend.call(this, body as XMLHttpRequestBodyInit | null);
};
const fence = raiseFence();
let db: Promise<Duckdb> | null = null;

export interface RawAnswer {
  rows: unknown[][] | null;
  error: string | null;
  refused: number;
  /** Addresses that were asked for since the start. */
  asked: string[];
}

addEventListener(
  'message',
  async ({ data }: MessageEvent<{ id: number; sql: string; files?: [string, Blob][]; bundle?: string }>) => {
    const answer: RawAnswer = { rows: null, error: null, refused: 0, asked: [] };
    try {
      const engine = await (db ??= openDuckdb(fence, data.bundle));
      for (const [name, file] of data.files ?? []) engine.register(name, file);
      const statement = engine.send(data.sql);
      try {
        let schema: Uint8Array | null = null;
        while (schema === null) schema = statement.poll();
        const parts = [schema];
        for (let batch = statement.fetch(); batch.length > 0; batch = statement.fetch()) parts.push(batch);
        const table = tableFromIPC(join(parts));
        answer.rows = table
          .toArray()
          .map((row) => Object.values((row as { toJSON(): object }).toJSON()).map(plain));
      } finally {
        statement.close();
      }
    } catch (error) {
      answer.error = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
    answer.refused = fence.count;
    answer.asked = asked;
    postMessage({ id: data.id, ...answer });
  },
);

const plain = (value: unknown): unknown =>
  typeof value === 'bigint'
    ? Number(value)
    : value === null || typeof value !== 'object'
      ? value
      : String(value);
