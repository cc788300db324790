// Runs the driver cases in a dedicated worker, where OPFS sync access handles are; answers one message per request.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import type { OpenedDatabase } from '../../src/lib/storage/sql/opened.ts';
import { openOpfs } from '../../src/lib/storage/sql/opfs-sahpool.ts';
import { openWaSqlite } from '../../src/lib/storage/sql/wa-sqlite.ts';
import { fileCases } from './file-suite.ts';
import { driverCases } from './suite.ts';

export type Backend = 'opfs-sahpool' | 'wa-sqlite' | 'memory';
export interface SuiteRequest {
  backend: Backend;
  suite: 'driver' | 'file';
  title: string;
}
export interface SuiteResponse {
  title: string;
  error: string | null;
  ms: number;
}

let names = 0;

async function run({ backend, suite, title }: SuiteRequest): Promise<void> {
  const name = `suite-${Date.now()}-${++names}`;
  const openers = { 'opfs-sahpool': openOpfs, 'wa-sqlite': openWaSqlite };
  if (suite === 'file' && backend !== 'memory') {
    await fileCases.find((c) => c.title === title)?.run((options) => openers[backend]({ name, ...options }));
    return;
  }
  let opened: OpenedDatabase | null = null;
  let driver: SqlDriver;
  if (backend === 'memory') driver = await openMemory();
  else {
    opened = await openers[backend]({ name });
    driver = opened.driver;
  }
  try {
    await driverCases
      .find((c) => c.title === title)
      ?.run(driver, { openBytes: (bytes) => openMemory({ bytes }) });
  } finally {
    if (opened) await opened.close();
    else driver.close();
  }
}

onmessage = async ({ data }: MessageEvent<SuiteRequest>) => {
  const start = performance.now();
  let error: string | null = null;
  try {
    await run(data);
  } catch (e) {
    error =
      e instanceof LoamError
        ? `${e.code}: ${e.message} ${e.stack}`
        : String(e instanceof Error ? e.stack : e);
  }
  postMessage({ title: data.title, error, ms: performance.now() - start } satisfies SuiteResponse);
};
