// The app's screens as tests read them: dropped lines, the list, the exported database and the bytes in OPFS.
// Everything comes from what a user can see or take along; the app has no door of its own for tests.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { dropFiles } from './harness.ts';

export function drop(page: Page, paths: string[]): Promise<void> {
  return dropFiles(page, paths, '.app');
}

/** The database is open and the app says so. */
export async function opened(page: Page, timeout = 30_000): Promise<void> {
  await page.getByText('All changes saved here').first().waitFor({ timeout });
}

/* ---------- the drop sheet ---------- */

export interface Line {
  key: string;
  words: string;
  /** The artifact it became; null while it is not saved. */
  uid: string | null;
  failed: boolean;
}

export function dropLines(page: Page): Promise<Line[]> {
  return page.locator('.drop-line').evaluateAll((lines) =>
    lines.map((line) => ({
      key: line.querySelector<HTMLInputElement>('input.key')?.value ?? '',
      words: line.querySelector('.verdict .cut')?.textContent?.trim() ?? '',
      uid: line.querySelector('.verdict a')?.getAttribute('href')?.split('/').pop() ?? null,
      failed: line.querySelector('.verdict.err') !== null,
    })),
  );
}

/** Everything dropped has come to an end, good or bad. */
export async function dropEnded(page: Page, total: number, timeout = 60_000): Promise<Line[]> {
  await page.waitForFunction(
    (n) => {
      const jobs = document.querySelector('.jobs')?.textContent ?? '';
      return document.querySelectorAll('.drop-line').length >= n && !/Saving|Paused at/.test(jobs);
    },
    total,
    { timeout },
  );
  return dropLines(page);
}

/** Tells of each line the moment the page says that it is saved, so that a killed page has told already. */
export async function onAcknowledged(
  page: Page,
  tell: (key: string, uid: string) => void,
  binding = 'acknowledged',
): Promise<void> {
  await page.exposeBinding(binding, (_source, key: string, uid: string) => tell(key, uid));
  await page.evaluate((name) => {
    const told = new Set<string>();
    const say = (window as unknown as Record<string, (key: string, uid: string) => void>)[name];
    const look = () => {
      for (const link of document.querySelectorAll('.drop-line .verdict a')) {
        const uid = link.getAttribute('href')?.split('/').pop() ?? '';
        const key = link.closest('.drop-line')?.querySelector<HTMLInputElement>('input.key')?.value ?? '';
        if (told.has(uid)) continue;
        told.add(uid);
        say?.(key, uid);
      }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  }, binding);
}

/* ---------- the list ---------- */

/** Opens the list by the app's own link, without loading the page again, and waits for the first answer. */
export async function showList(page: Page): Promise<void> {
  await page.locator('a[href="/artifacts"]').first().click();
  await listAnswered(page);
}

export async function listAnswered(page: Page, timeout = 30_000): Promise<void> {
  await page.waitForFunction(
    () => /\d/.test(document.querySelector('.list .total')?.textContent ?? ''),
    null,
    {
      timeout,
    },
  );
}

/** The number beside the heading, of all artifacts in view. */
export async function listTotal(page: Page): Promise<number> {
  const text = await page.locator('.list .total').innerText();
  return Number(/[\d,]+/.exec(text)?.[0].replaceAll(',', '') ?? NaN);
}

export function listedUids(page: Page): Promise<string[]> {
  return page
    .locator('[role=grid] .key a')
    .evaluateAll((links) => links.map((link) => link.getAttribute('href')?.split('/').pop() ?? ''));
}

/* ---------- the database, taken along ---------- */

export interface StoredArtifact {
  key: string | null;
  uid: string;
  suffix: string;
  size: number;
  hash: string;
  problem: string | null;
}

export interface Snapshot {
  artifacts: StoredArtifact[];
  /** SQLite's own verdict on the exported file. */
  check: string;
  /** Rows of the drop journal: files on their way. */
  unfinished: number;
}

/** Exports the database by Settings, as a user does, and reads it with another SQLite. */
export async function readDatabase(page: Page): Promise<Snapshot> {
  await page.locator('a[href="/settings"]').first().click();
  // Without the save dialog, which no test can answer, the app downloads.
  await page.evaluate(() => Object.assign(window, { showSaveFilePicker: undefined }));
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export the database file' }).click();
  const folder = await mkdtemp(join(tmpdir(), 'loam-export-'));
  try {
    const path = join(folder, 'loam.db');
    await (await downloading).saveAs(path);
    const driver = openNode(path);
    try {
      const artifacts = driver.all(
        `SELECT a.key, a.uid, a.suffix, a.size, a.hash, json_extract(b.summary, '$.problem')
         FROM lamindb_artifact a LEFT JOIN loam_blob b ON b.artifact_id = a.id ORDER BY a.id`,
      );
      return {
        artifacts: artifacts.map(([key, uid, suffix, size, hash, problem]) => ({
          key: key as string | null,
          uid: String(uid),
          suffix: String(suffix),
          size: Number(size),
          hash: String(hash),
          problem: problem as string | null,
        })),
        check: driver
          .all('PRAGMA integrity_check')
          .map(([line]) => String(line))
          .join('\n'),
        unfinished: Number(driver.all('SELECT count(*) FROM loam_drop')[0]?.[0]),
      };
    } finally {
      driver.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The verdict of "Check the database" in Settings, in the app's words. */
export async function checkInApp(page: Page): Promise<string> {
  await page.locator('a[href="/settings"]').first().click();
  await page.getByRole('button', { name: 'Check the database' }).click();
  return page.locator('p[role=status]:not([hidden])').innerText();
}

/* ---------- bytes ---------- */

/** Every file below OPFS `storage/` and `staging/`, by its path, with the sha256 of its bytes. */
export async function storedBytes(page: Page): Promise<Map<string, string>> {
  const found = await page.evaluate(async () => {
    const files: [string, string][] = [];
    async function walk(folder: FileSystemDirectoryHandle, prefix: string): Promise<void> {
      for await (const [name, handle] of folder.entries()) {
        const path = `${prefix}/${name}`;
        if (handle.kind === 'directory') {
          await walk(handle as FileSystemDirectoryHandle, path);
          continue;
        }
        const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer();
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        files.push([path, Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')]);
      }
    }
    const root = await navigator.storage.getDirectory();
    for (const name of ['storage', 'staging']) {
      await walk(await root.getDirectoryHandle(name, { create: true }), name);
      for await (const left of (await root.getDirectoryHandle(name)).keys())
        if (name === 'staging') files.push([`staging/${left}`, 'left over']);
    }
    return files;
  });
  return new Map(found);
}

export function storedPath(artifact: StoredArtifact): string {
  return `storage/.lamindb/${artifact.uid}${artifact.suffix}`;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** LaminDB's hash of a file up to 50 MiB: md5, base64url, 22 characters. */
export const laminHash = (bytes: Uint8Array): string =>
  createHash('md5').update(bytes).digest('base64url').slice(0, 22);
