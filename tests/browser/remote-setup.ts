// Servers that the pages of the browser tests read from: a page cannot start one.
import type { TestProject } from 'vitest/node';
import { startRangeServer } from '../fixtures/range-server.ts';
import { startS3 } from '../fixtures/s3-server.ts';
import { startRelay } from '../sim/relay-http.ts';
import { device } from '../unit/sync-world.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of a server of files with every fault (tests/fixtures/range-server.ts). */
    ranges: string;
    /** Address of an S3 that checks signatures, with the buckets `lab`, `reading` whose CORS rule is for reading alone, and `closed` that has none. */
    s3: string;
    /** Origin of a server that passes logs on, to whoever comes without a key (tests/sim/relay-http.ts). */
    relay: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [ranges, s3] = await Promise.all([startRangeServer(), startS3()]);
  const log = await device(901);
  const relay = await startRelay(log, {
    whose: () => ({ uid: '00000000', handle: 'anonymous', role: 'write' }),
  });
  s3.bucket('lab');
  s3.bucket('closed', { cors: false });
  s3.bucket('reading', { readOnlyCors: true });
  project.provide('ranges', ranges.url);
  project.provide('s3', s3.url);
  project.provide('relay', relay.url);
  return async () => void (await Promise.all([ranges.close(), s3.close(), relay.close()]));
}
