// What the query engine says when something fails, in words for people: artifacts by their keys, advice for what ran out
// of memory, and whether the engine can still be trusted afterwards.
import { isLoamError, LoamError } from '../engine/errors.ts';
import { advised, readable } from '../statements/engine-words.ts';
import { memoryLimit } from './duckdb.ts';

/** Messages of a wasm module that is broken for good; a fresh worker is needed. */
const broken =
  /memory access out of bounds|table index is out of bounds|function signature mismatch|unreachable|null function|invalidated|Maximum call stack|offset is out of bounds|Invalid typed array length|Array buffer allocation|Aborted|WebAssembly\.(?:Exception|RuntimeError)|INTERNAL Error/i;
/** What the reader of parquet says about bytes that are not what they should be. */
const undecodable =
  /don't know what type|TProtocol|Thrift|deserialize|decompress|Snappy|ZSTD|GZIP|page header|Footer length|No magic bytes|dictionary (?:size|offset)|Out of buffer/i;
const memory =
  /Out of Memory|bad_alloc|bad alloc|could not allocate|failed to (?:allocate|pin)|Array buffer allocation/i;

export const cancelled = () =>
  new LoamError('StatementCancelled', 'The statement was cancelled.', { reason: 'cancelled' });

/**
 * `nameOf`: what people call a registered file. `lastRead` names the one that was read last. `broken` in the details asks
 * for a fresh worker.
 */
export function duckdbError(
  error: unknown,
  nameOf: (registered: string) => string,
  lastRead: string | null = null,
): LoamError {
  const text = messageOf(error);
  const words = readable(text, nameOf);
  const lost = broken.test(text) || error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
  if (isLoamError(error)) {
    if (error.message === words) return error;
    return new LoamError(error.code, words, error.details);
  }
  if (memory.test(text)) {
    return new LoamError(
      'OutOfMemory',
      `The statement needs more memory than the ${(memoryLimit / 1e9).toFixed(1)} GB that queries may take in a browser tab. Name only the columns you need, filter before you join or sort, add LIMIT to ORDER BY, or group by fewer values. Nothing was lost; the engine starts afresh with the next statement.`,
      { broken: true, engine: words.slice(0, 500) },
    );
  }
  if (/quer(?:y|ies) (?:was|were) cancell?ed|interrupted/i.test(text)) return cancelled();
  if (lost) {
    return new LoamError(
      'InternalError',
      `The query engine stopped while it worked on this statement (${words.slice(0, 300)}). It starts afresh with the next one; other data is untouched.`,
      { broken: true },
    );
  }
  if (lastRead !== null && undecodable.test(text))
    return new LoamError(
      'FileUnreadable',
      `${nameOf(lastRead)} is probably damaged: the engine could not make sense of it (${words.slice(0, 300)}).`,
      { file: nameOf(lastRead) },
    );
  return new LoamError('SqlError', advised(words));
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return String(error);
}
