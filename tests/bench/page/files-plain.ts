// DuckDB-WASM as it comes, reading an object by its own requests: what the app's range cache is compared with.
import { AsyncDuckDB, DuckDBDataProtocol, VoidLogger } from '@duckdb/duckdb-wasm';
import wasm from '@duckdb/duckdb-wasm/dist/duckdb-eh.wasm?url';
import worker from '@duckdb/duckdb-wasm/dist/duckdb-browser-eh.worker.js?url';
import type { Measures } from '../workload.ts';

export async function filesPlainHttp(url: string, sql: string): Promise<Measures> {
  const running = new Worker(new URL(worker, location.href));
  const db = new AsyncDuckDB(new VoidLogger(), running);
  try {
    await db.instantiate(new URL(wasm, location.href).href);
    await db.registerFileURL('object.parquet', url, DuckDBDataProtocol.HTTP, false);
    const connection = await db.connect();
    const start = performance.now();
    await connection.query(sql);
    return { scan: performance.now() - start };
  } finally {
    running.terminate();
  }
}
