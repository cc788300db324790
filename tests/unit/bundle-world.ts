// A database and copies of it for tests of branches in files; all are closed after each test, since memory of the SQLite
// module is one for all.
import { deflateSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import { createHash } from 'node:crypto';
import { afterEach } from 'vitest';
import type { EngineDeps } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { seedWorld, worldEngine } from './branch-world.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

const opened: SqlDriver[] = [];
afterEach(() => {
  for (const driver of opened.splice(0)) driver.close();
});

/** Another device's copy. */
export async function copyOf(bytes: Uint8Array, deps: Partial<EngineDeps> = {}): Promise<MemoryEngine> {
  let now = Date.UTC(2026, 5, 1);
  const copy = await memoryEngine(model, { clock: () => (now += 1000), ...deps }, bytes);
  opened.push(copy.driver);
  return copy;
}

/** A world that has begun, and the file of its database as it is then. */
export async function seeded(seed: number): Promise<{ world: MemoryEngine; before: Uint8Array }> {
  const world = await worldEngine(seed);
  opened.push(world.driver);
  seedWorld(world);
  return { world, before: world.driver.serialize() };
}

export const uidOf = (world: MemoryEngine, key: string): string =>
  String(world.value('SELECT uid FROM lamindb_artifact WHERE key = ?', [key]));

const first = (version: number) => `loam branch bundle ${version}\n`;
const headLength = first(2).length + 64 + 1 + 16 + 1 + 16 + 1;
const sha256 = (...parts: Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

/** The packed text of a file: what is signed, the key and the signature. */
export function envelopeOf(bytes: Uint8Array): Record<string, string | null> {
  const length = Number(strFromU8(bytes.subarray(first(2).length + 65, first(2).length + 81)));
  const packed = bytes.subarray(headLength, headLength + length);
  return JSON.parse(strFromU8(inflateSync(packed))) as Record<string, string | null>;
}

/** A file with that text and those bytes behind it, its sums counted as somebody who knows the format would. */
export function sealedAs(
  version: 1 | 2,
  envelope: Record<string, string | null>,
  files: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const packed = deflateSync(strToU8(JSON.stringify(envelope)));
  if (version === 1) return joined(strToU8(`${first(1)}${sha256(packed)}\n`), packed);
  const length = (n: number) => String(n).padStart(16, '0');
  const head = strToU8(`${first(2)}${sha256(packed)} ${length(packed.length)} ${length(files.length)}\n`);
  return joined(head, packed, files, strToU8(`${sha256(head, packed, files)}\n`));
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
