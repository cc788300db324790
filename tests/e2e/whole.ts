// Rows and bytes together: files given to the app on one side, its artifacts and all that lies in OPFS on the other.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { laminHash, readDatabase, sha256, storedBytes, storedPath, type Snapshot } from './app.ts';

/** Files on disk, and what their artifacts must be. */
export interface Given {
  path: string;
  key: string;
  sha256: string;
  hash: string;
}

/** Writes a file to be dropped. */
export async function give(folder: string, name: string, bytes: Uint8Array): Promise<Given> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { path, key: name, sha256: sha256(bytes), hash: laminHash(bytes) };
}

/** Rows and bytes agree: each artifact has exactly its bytes, and there are no others, staged or stored. */
export async function expectWhole(page: Page, given: ReadonlyMap<string, Given>): Promise<Snapshot> {
  const database = await readDatabase(page);
  expect(database.check).toBe('ok');
  expect(database.unfinished).toBe(0);
  const bytes = await storedBytes(page);
  // By the files' own names: a list of hundreds of uids tells nobody which batch was hit.
  const named = new Map(database.artifacts.map((artifact) => [storedPath(artifact), artifact.key]));
  expect({
    without: [...named].filter(([path]) => !bytes.has(path)).map(([, key]) => key),
    orphans: [...bytes.keys()].filter((path) => !named.has(path)),
  }).toEqual({ without: [], orphans: [] });
  const strangers = database.artifacts.filter(({ key }) => !given.has(key ?? '')).map(({ key }) => key);
  expect(strangers, 'artifacts that were never dropped').toEqual([]);
  const changed = database.artifacts
    .map((artifact) => ({ artifact, source: given.get(artifact.key ?? '') }))
    .map(({ artifact, source }) => ({
      key: artifact.key,
      hash: [artifact.hash, source?.hash],
      sha256: [bytes.get(storedPath(artifact)), source?.sha256],
    }))
    .filter(({ hash, sha256 }) => hash[0] !== hash[1] || sha256[0] !== sha256[1]);
  expect(changed, 'artifacts with another hash or other bytes than were dropped').toEqual([]);
  return database;
}

/** What a drop must not cause. */
export const quiet = { page: [], csp: [], foreign: [], failed: [] };
