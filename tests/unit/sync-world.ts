// Devices whose logs are synced, for tests: engines in memory with their logs, and what goes to and fro between them without a
// network.
import * as Y from 'yjs';
import { model } from '../../src/lib/engine/model/model.ts';
import { createSyncLog, type SyncLog } from '../../src/lib/engine/sync/log.ts';
import type { SealLimits } from '../../src/lib/engine/sync/logs.ts';
import { decodeStateVector, decodeUpdate } from '../../src/lib/engine/sync/item.ts';
import { decodeRecord, type SyncRecord } from '../../src/lib/engine/sync/record.ts';
import type { ReceivePolicy } from '../../src/lib/engine/sync/receive.ts';
import type { EngineDeps } from '../../src/lib/engine/index.ts';
import { numbers } from '../fixtures/numbers.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

export const main = 'b/mmmmmmmmmmmm/1';

export interface Device extends MemoryEngine {
  log: SyncLog;
}

/** The same uids, clients and times at each run. */
export async function device(
  seed: number,
  options: { bytes?: Uint8Array; limits?: SealLimits; on?: boolean; deps?: Partial<EngineDeps> } = {},
): Promise<Device> {
  const next = numbers(seed);
  let now = Date.UTC(2026, 0, 1) + seed;
  const made = await memoryEngine(
    model,
    {
      clock: () => (now += 1000),
      random: (bytes) => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(next() * 256);
        return bytes;
      },
      ...options.deps,
    },
    options.bytes,
  );
  const log = createSyncLog(made.driver, made.engine.writer.journal);
  if (options.on !== false) log.turnOn(options.limits);
  return { ...made, log };
}

/** A peer that takes all, a server that trusts all. */
export const trusting: ReceivePolicy = { voids: true, begins: true };

/** Brings all that one has of a log to the other; gives how many updates it took. */
export function bring(from: Device, to: Device, doc = main, policy = trusting, most?: number): number {
  for (let n = 1; ; n++) {
    const vector = to.log.logs().some((one) => one.doc === doc) ? to.log.vector(doc) : Uint8Array.of(0);
    const { bytes, complete } = from.log.updateSince(doc, vector, most);
    to.log.receive(doc, bytes, policy);
    if (complete) return n;
  }
}

/** What a stock Yjs makes of a whole log. */
export function stock(from: Device, doc = main, gc = true): Y.Doc {
  const whole = new Y.Doc({ gc });
  Y.applyUpdate(whole, from.log.updateSince(doc, Uint8Array.of(0), Infinity).bytes);
  return whole;
}

export const vectorOf = (of: Device, doc = main): [number, number][] =>
  [...decodeStateVector(of.log.vector(doc))].sort(([a], [b]) => a - b);

/** Records of a log, by client and clock. */
export function records(of: Device, doc = main): (SyncRecord & { client: number; clock: number })[] {
  return decodeUpdate(of.log.updateSince(doc, Uint8Array.of(0), Infinity).bytes)
    .items.filter(({ content }) => content)
    .map(({ client, clock, content }) => ({ client, clock, ...decodeRecord(content as Uint8Array) }));
}
