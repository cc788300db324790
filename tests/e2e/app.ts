// The app's screens as tests read them: dropped lines, the list, the exported database and the bytes in OPFS.
// Everything comes from what a user can see or take along; the app has no door of its own for tests.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { dropFiles, openApp, removeProfile, startServer, type OpenedApp } from './harness.ts';

/* ---------- one suite's server, folder and browsers ---------- */

export interface Suite {
  url: string;
  /** For files to be dropped; gone after the suite. */
  folder: string;
  /** Opens the app in a profile of its own, or in the one given, and waits until the database is open. */
  open(options?: { path?: string; profile?: string; ready?: boolean }): Promise<OpenedApp>;
  close(app: OpenedApp): Promise<void>;
  kill(app: OpenedApp): Promise<void>;
  /** Closes every browser that is still open and removes all that the suite left on the disk. */
  end(): Promise<void>;
}

/** `height` decides how many rows of a list are in sight. */
export async function startSuite(name: string, height: number): Promise<Suite> {
  const server = await startServer();
  const folder = await mkdtemp(join(tmpdir(), `loam-${name}-`));
  const running = new Set<OpenedApp>();
  const profiles = new Set<string>();
  return {
    url: server.url,
    folder,
    async open({ path = '/artifacts', profile, ready = true } = {}) {
      const app = await openApp({
        url: server.url,
        path,
        viewport: { width: 1280, height },
        ...(profile === undefined ? {} : { profile }),
      });
      running.add(app);
      profiles.add(app.profile);
      if (ready) await opened(app.page);
      return app;
    },
    async close(app) {
      running.delete(app);
      await app.close();
    },
    async kill(app) {
      running.delete(app);
      await app.kill();
    },
    async end() {
      for (const app of running) await app.close();
      await server.close();
      for (const profile of profiles) await removeProfile(profile);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function drop(page: Page, paths: string[]): Promise<void> {
  return dropFiles(page, paths, '.app');
}

/** The database is open and the app says so. */
export async function opened(page: Page, timeout = 30_000): Promise<void> {
  await page.getByText('All changes saved here').first().waitFor({ timeout });
}

/** A file of a database becomes the one that is worked in. */
export async function workIn(page: Page, file: string, name: string): Promise<void> {
  await drop(page, [file]);
  const sheet = page.getByRole('dialog');
  await sheet.getByRole('button', { name: 'Open the database' }).click();
  await sheet.getByLabel('Name on this device').fill(name);
  await sheet.getByRole('button', { name: 'Work in it' }).click();
  await page.locator('.top .db', { hasText: new RegExp(`^\\s*${name}`) }).waitFor();
  await opened(page);
}

/** To Settings as a person goes there. Its cards come in one after the other and move the buttons below them; the page is busy until they are there. */
export async function toSettings(page: Page): Promise<void> {
  await page.locator('a[href="/settings"]').first().click();
  await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  await page.locator('#content[aria-busy=true]').waitFor({ state: 'detached' });
}

/** Pictures of what is on the screen, in both themes and on a phone, for whoever wants to look (`LOAM_PICTURES` is their folder). */
export async function picture(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<void> {
  const folder = process.env['LOAM_PICTURES'];
  if (!folder) return;
  await page.screenshot({ path: `${folder}/${name}-light.png`, ...options });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: `${folder}/${name}-dark.png` });
  await page.emulateMedia({ colorScheme: 'light' });
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 800 });
  await page.screenshot({ path: `${folder}/${name}-390.png` });
  if (size) await page.setViewportSize(size);
}

/** What a click saves, at this path: without the save dialog, which no test can answer, the app downloads. */
export async function downloaded(page: Page, path: string, click: () => Promise<void>): Promise<void> {
  await page.evaluate(() => Object.assign(window, { showSaveFilePicker: undefined }));
  const coming = page.waitForEvent('download');
  await click();
  await (await coming).saveAs(path);
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
  const state = () =>
    page.evaluate((n) => {
      const lines = document.querySelectorAll('.drop-line').length;
      const jobs = document.querySelector('.jobs')?.textContent?.replace(/\s+/g, ' ') ?? '';
      return lines >= n && !/Saving|Paused at/.test(jobs) ? 'ended' : `${lines} lines of ${n}; ${jobs}`;
    }, total);
  await expect.poll(state, { timeout, message: 'the drop' }).toBe('ended');
  return dropLines(page);
}

/** Everything dropped is saved: after a retry, which at first still shows the failures of before. */
export async function dropSaved(page: Page, total: number, timeout = 60_000): Promise<Line[]> {
  const state = async () => {
    const lines = await dropLines(page);
    const open = lines.filter(({ uid }) => uid === null).map(({ key, words }) => `${key}: ${words}`);
    return [lines.length, ...open];
  };
  await expect.poll(state, { timeout, message: 'dropped files, and those not saved' }).toEqual([total]);
  return dropEnded(page, total, timeout);
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
  await expect
    .poll(() => page.locator('.list .total').innerText(), { timeout, message: 'the count of the list' })
    .toMatch(/\d/);
}

/** The number beside the heading, of all artifacts in view. */
export async function listTotal(page: Page): Promise<number> {
  const text = await page.locator('.list .total').innerText();
  return Number(/[\d,]+/.exec(text)?.[0].replaceAll(',', '') ?? NaN);
}

/** Waits until the list counts so many: it follows the feed at most twice a second, so one look may come too early. */
export async function listCounts(page: Page, total: number): Promise<void> {
  await expect.poll(() => listTotal(page), { message: 'artifacts that the list counts' }).toBe(total);
}

/** Waits until the list shows these artifacts, among others. */
export async function listShows(page: Page, uids: readonly string[]): Promise<void> {
  await expect
    .poll(() => listedUids(page), { message: 'artifacts that the list shows' })
    .toEqual(expect.arrayContaining([...uids]));
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
  await toSettings(page);
  const folder = await mkdtemp(join(tmpdir(), 'loam-export-'));
  try {
    const path = join(folder, 'loam.db');
    await downloaded(page, path, () =>
      page.getByRole('button', { name: 'Export the database file' }).click(),
    );
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
  await toSettings(page);
  await page.getByRole('button', { name: 'Check the database' }).click();
  return page.locator('p[role=status]:not([hidden])').innerText({ timeout: 60_000 });
}

/* ---------- bytes ---------- */

/** Small files of large drops are laid out after the drop, or after the start that follows a crash. */
async function settled(page: Page): Promise<void> {
  const left = () =>
    page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const packs = await root.getDirectoryHandle('packs', { create: true });
      let count = 0;
      for await (const name of packs.keys()) count += name ? 1 : 0;
      return count;
    });
  for (const end = Date.now() + 60_000; (await left()) > 0;) {
    if (Date.now() > end) throw new Error(`${await left()} packs of small files were never laid out`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Every file below OPFS `storage/` and `staging/`, by its path, with the sha256 of its bytes, once all are laid out. */
export async function storedBytes(page: Page): Promise<Map<string, string>> {
  await settled(page);
  const found = await page.evaluate(async () => {
    const files: [string, string][] = [];
    const waiting: [string, FileSystemFileHandle][] = [];
    async function walk(folder: FileSystemDirectoryHandle, prefix: string): Promise<void> {
      for await (const [name, handle] of folder.entries()) {
        const path = `${prefix}/${name}`;
        if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, path);
        else waiting.push([path, handle as FileSystemFileHandle]);
      }
    }
    async function read(): Promise<void> {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [path, handle] = next;
        const bytes = await (await handle.getFile()).arrayBuffer();
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
    // Each file is a few questions to the browser's other processes: they are asked for many files at once.
    await Promise.all(Array.from({ length: 16 }, read));
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
