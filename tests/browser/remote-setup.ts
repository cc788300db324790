// Servers that the pages of the browser tests read from: a page cannot start one.
import type { TestProject } from 'vitest/node';
import { startRangeServer } from '../fixtures/range-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of a server of files with every fault (tests/fixtures/range-server.ts). */
    ranges: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const ranges = await startRangeServer();
  project.provide('ranges', ranges.url);
  return () => ranges.close();
}
