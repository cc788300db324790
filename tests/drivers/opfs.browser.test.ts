// The driver suite in a real browser, inside a dedicated worker: OPFS, the wa-sqlite fallback and memory.
import { afterAll, describe, expect, test } from 'vitest';
import { fileCases } from './file-suite.ts';
import { driverCases } from './suite.ts';
import type { Backend, SuiteRequest, SuiteResponse } from './suite.worker.ts';

const worker = new Worker(new URL('./suite.worker.ts', import.meta.url), { type: 'module' });
afterAll(() => worker.terminate());

function inWorker(request: SuiteRequest): Promise<SuiteResponse> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<SuiteResponse>) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message || 'the suite worker failed to start'));
    worker.postMessage(request);
  });
}

const backends: Backend[] = ['opfs-sahpool', 'wa-sqlite', 'memory'];
for (const backend of backends) {
  describe(backend, () => {
    for (const { title } of driverCases) {
      test(title, async () => {
        expect((await inWorker({ backend, suite: 'driver', title })).error).toBeNull();
      });
    }
    if (backend === 'memory') return;
    for (const { title } of fileCases) {
      test(title, async () => {
        expect((await inWorker({ backend, suite: 'file', title })).error).toBeNull();
      });
    }
  });
}
