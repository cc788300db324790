// The engine on a database file of Python's, checked and adopted as any is.
import { createEngine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { adopt } from '../../src/lib/engine/schema/adopt.ts';
import { readHeader } from '../../src/lib/engine/schema/file-header.ts';
import { examine } from '../../src/lib/engine/schema/quarantine.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openUntrustedMemory } from '../../src/lib/storage/sql/memory.ts';

export async function openedEngine(bytes: Uint8Array, instance = 'anonymous/opened') {
  const driver = await openUntrustedMemory(bytes);
  const judged = examine(driver, readHeader(bytes.subarray(0, 100), bytes.length), model);
  adopt(driver, model, judged, { instance, clock: () => Date.now() });
  const refuse = () => Promise.reject(new Error('no bytes here'));
  const engine = await createEngine({
    driver,
    model,
    blobs: createMemoryBlobs(),
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    clock: () => Date.now(),
    random: (given) => crypto.getRandomValues(given as Uint8Array<ArrayBuffer>),
    onFeed: () => {},
    onDrop: () => {},
  });
  return { driver, engine };
}
