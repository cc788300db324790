// The blob suite over OPFS: in a worker (sync access handles) and in the page (writable streams).
import { afterAll, describe, expect, test } from 'vitest';
import { createOpfsBlobs } from '../../src/lib/storage/blob/opfs.ts';
import { blobCases } from './blob-suite.ts';

const worker = new Worker(new URL('./blob.worker.ts', import.meta.url), { type: 'module' });
afterAll(() => worker.terminate());

describe('OPFS in a worker', () => {
  for (const { title } of blobCases) {
    test(title, async () => {
      const answer = await new Promise<{ error: string | null }>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(title);
      });
      expect(answer.error).toBeNull();
    });
  }
});

describe('OPFS in the page', () => {
  for (const [i, { title, run }] of blobCases.entries()) {
    test(title, async () => {
      const name = `page-blobs-${Date.now()}-${i}`;
      const open = () =>
        createOpfsBlobs({ directory: name, staging: `${name}-staging`, packs: `${name}-packs` });
      await run(await open(), open);
    });
  }
});
