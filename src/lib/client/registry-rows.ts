// Rows of the registries as a file that the query engine can be asked about, for profiles and charts: what the statement gives
// is written out once and held by this page. Rows that come later are in it when the statement runs again.
import { LoamError } from '../engine/errors.ts';
import type { ParameterValues } from '../statements/parameter-values.ts';
import { forSqlite } from './parameters.ts';
import { textLiteral } from './result-sql.ts';
import { session } from './session.svelte.ts';

/** More text than this is no overview, and the page holds all of it. */
const bytesMost = 256 * 1024 * 1024;
/** Each copy has a name of its own, by which what is known of the one before is told apart. */
let made = 0;
let before: string | null = null;

/** What the statement's columns were declared as, where they are columns of a table. */
interface Declared {
  name: string;
  declared: string | null;
}

/** The statement over the file. Errors as of the statement; `Cancelled` when the signal fires. */
export async function holdRegistryRows(
  sql: string,
  values: ParameterValues,
  columns: readonly Declared[],
  signal: AbortSignal,
): Promise<string> {
  const uid = crypto.randomUUID();
  const name = `rows of the registries ${++made}.csv`;
  const { sql: asked, params } = forSqlite(sql, values);
  const onAbort = () => void session.engine.cancelSql(uid).catch(() => {});
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const stream = await session.engine.exportSql({ uid, sql: asked, params, timeLimitMs: 600_000 });
    const file = new File(await parts(stream, signal), name);
    const { queries, lookQueries } = await import('./queries.ts');
    for (const one of [queries, lookQueries]) {
      if (before !== null) one.release(before);
      one.hold(name, file);
    }
    before = name;
    return `SELECT * FROM artifact(${textLiteral(name)}${typesOf(columns)})`;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function parts(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const all: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) throw new LoamError('Cancelled', 'The rows are not looked at any more.');
      if (done) return all;
      all.push(value as Uint8Array<ArrayBuffer>);
      bytes += value.length;
      if (bytes > bytesMost)
        throw new LoamError(
          'InvalidArgument',
          `These rows are more than ${bytesMost / 1024 / 1024} MB of text, too much for a look at them. Save them as an artifact and ask its file, or add LIMIT.`,
        );
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Texts stay texts, also those that look like numbers; of names that come twice the engine makes others. */
function typesOf(columns: readonly Declared[]): string {
  const twice = new Set(columns.map(({ name }) => name.toLowerCase()));
  if (twice.size < columns.length) return '';
  const texts = columns.filter(({ declared }) => /char|text|clob/i.test(declared ?? ''));
  if (texts.length === 0) return '';
  return `, types = {${texts.map((one) => `${textLiteral(one.name)}: 'VARCHAR'`).join(', ')}}`;
}
