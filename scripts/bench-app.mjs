// What a person sees of the built app, measured in a real browser from outside: cold start with the server gone, another
// tab's takeover, lists beside an act on 100,000 artifacts, a drop of 1,000 files from disk, a drop of one of 2 GB.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { browserArgs, browserPath } from './browser-path.mjs';
import { serve } from './serve.mjs';

/** @typedef {{ profile: string, url: string, port: number }} Many a profile, and the origin its data belong to */
/** @typedef {import('playwright-core').BrowserContext} Context @typedef {import('playwright-core').Page} Page */

const artifacts = 100_000;
const smallFiles = 1000;
const largeBytes = 2 * 1024 ** 3;
const starts = 5;
const takeovers = 20;

/**
 * Listens in the page to what passes between it and the engine, without changing it: `bench.port` is the page's port,
 * `bench.answers` the times at which answers came, `bench.ask` asks on that port as the page does.
 */
function listen() {
  const state = {
    /** @type {MessagePort | null} */ port: null,
    /** @type {unknown[] | null} */ listArgs: null,
    /** @type {{ at: number, ok: boolean }[]} */ answers: [],
    /** @type {Map<number, (answer: any) => void>} */ waiting: new Map(),
    /** @type {number | null} */ left: null,
    next: 1_000_000,
    /** @param {string} method @param {unknown[]} args */
    ask(method, args) {
      const id = state.next++;
      return new Promise((resolve) => {
        state.waiting.set(id, resolve);
        state.port?.postMessage({ id, method, args, op: null });
      });
    },
  };
  Object.assign(window, { bench: state });
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = /** @param {any[]} all */ function (...all) {
    const [message] = all;
    if (message?.method === 'listRows' && message.id < 1_000_000) state.listArgs ??= message.args;
    return Reflect.apply(post, this, all);
  };
  const own = /** @type {PropertyDescriptor} */ (
    Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage')
  );
  Object.defineProperty(MessagePort.prototype, 'onmessage', {
    ...own,
    /** @this {MessagePort} @param {(event: MessageEvent) => void} handler */
    set(handler) {
      own.set?.call(this, (/** @type {MessageEvent} */ event) => {
        const { data } = event;
        if (typeof data?.ok === 'boolean') {
          state.port = this;
          state.answers.push({ at: Date.now(), ok: data.ok });
          const waiting = state.waiting.get(data.id);
          state.waiting.delete(data.id);
          if (waiting) return waiting(data);
        }
        handler(event);
      });
    },
  });
}

/** @param {string} profile @param {{ listening?: boolean }} [options] */
export async function openBrowser(profile, { listening = false } = {}) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: await browserPath(),
    args: browserArgs,
    headless: true,
    viewport: { width: 1440, height: 860 },
  });
  if (listening) await context.addInitScript(listen);
  return context;
}

/** @param {Page} page */
export const ready = (page) => page.getByText('All changes saved here').first().waitFor({ timeout: 60_000 });

/** The list shows rows and their number. @param {Page} page */
export const listed = (page) =>
  page.waitForFunction(
    () =>
      /\d/.test(document.querySelector('.list .total')?.textContent ?? '') &&
      document.querySelector('[role=grid] .key a') !== null,
    null,
    { timeout: 60_000, polling: 'raf' },
  );

/** @param {number[]} values @param {number} share */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** Drags files from outside onto the page and lets go. @param {Page} page @param {string[]} files */
async function drop(page, files) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop']))
    await session.send('Input.dispatchDragEvent', { type, x: 500, y: 400, data });
  await session.detach();
}

/** Notes in the page when files are let go, when the first row shows, and when all are said to be done. @param {Page} page @param {string} done */
function watchDrop(page, done) {
  return page.evaluate((words) => {
    const times = { start: 0, row: 0, end: 0 };
    addEventListener('drop', () => (times.start = performance.now()), { once: true, capture: true });
    const ended = new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (times.start === 0) return;
        // What is in the page is on screen with the next frame.
        if (times.row === 0 && document.querySelector('.drop-line')) {
          times.row = -1;
          requestAnimationFrame(() => (times.row = performance.now()));
        }
        if (!(document.querySelector('.jobs')?.textContent ?? '').includes(words)) return;
        observer.disconnect();
        times.end = performance.now();
        resolve({ row: times.row - times.start, end: times.end - times.start });
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    Object.assign(window, { dropEnded: ended });
  }, done);
}

/** @param {Page} page @returns {Promise<{ row: number, end: number }>} */
const dropEnded = (page) => page.evaluate(() => /** @type {any} */ (window).dropEnded);

/** @param {Context} context */
export async function renderers(context) {
  const session = await context.browser()?.newBrowserCDPSession();
  if (!session) return [];
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

/** Resident megabytes of the browser's pages and their workers; NaN where /proc does not tell. @param {number[]} pids */
export function resident(pids) {
  try {
    return pids.reduce((sum, pid) => {
      const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return sum + Number(kilobytes) / 1024;
    }, 0);
  } catch {
    return NaN;
  }
}

export const appParts = /** @type {const} */ (['small', 'large', 'cold', 'takeover', 'act']);

/**
 * @param {{ build: string, page: string, parts: readonly string[] }} from folders of the built app and of the benchmark's
 * own page, and what of `appParts` is wanted
 * @returns {Promise<Record<string, number>>}
 */
export async function appMeasures({ build, page: benchPage, parts }) {
  const folder = mkdtempSync(join(tmpdir(), 'loam-bench-app-'));
  const site = join(folder, 'site');
  cpSync(build, site, { recursive: true });
  cpSync(benchPage, join(site, 'bench'), { recursive: true });
  /** @type {Record<string, number>} */
  const out = {};
  /** @param {string} part @param {() => Promise<Record<string, number>>} work */
  const run = async (part, work) => {
    if (!parts.includes(part)) return;
    const measures = await work();
    Object.assign(out, measures);
    console.error(`app, ${part}`, JSON.stringify(measures));
  };
  try {
    await run('small', () => smallDrop(site, folder));
    await run('large', () => largeDrop(site, folder));
    if (!parts.some((part) => ['cold', 'takeover', 'act'].includes(part))) return out;
    const many = await seeded(site, folder);
    await run('cold', () => coldStarts(many));
    await run('takeover', () => takeOver(many, site));
    await run('act', () => besideAct(many, site));
    return out;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** @param {string} site @param {string} folder */
async function smallDrop(site, folder) {
  const server = await serve({ dir: site });
  const context = await openBrowser(join(folder, 'small'));
  const rounds = 3;
  /** @type {number[]} */
  const times = [];
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(`${server.url}/artifacts`);
    await ready(page);
    await pause(3000); // the service worker keeps the app meanwhile
    for (let round = 1; round <= rounds; round++) {
      const below = join(folder, `files-${round}`);
      mkdirSync(below);
      const paths = Array.from({ length: smallFiles }, (_, i) => join(below, `${round}-${i}.txt`));
      paths.forEach((path, i) => writeFileSync(path, `content ${i} of ${round} ${Math.random()}`));
      await watchDrop(page, `${(smallFiles * round).toLocaleString('en')} files done`);
      await drop(page, paths);
      times.push((await dropEnded(page)).end);
      await pause(4000); // bytes are laid out
    }
  } finally {
    await context.close();
    await server.close();
  }
  return { appDrop: percentile(times, 0.5) };
}

/** @param {string} site @param {string} folder */
async function largeDrop(site, folder) {
  const path = join(folder, 'large.bin');
  writeFileSync(path, '');
  truncateSync(path, largeBytes);
  const server = await serve({ dir: site });
  const context = await openBrowser(join(folder, 'large'));
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(`${server.url}/artifacts`);
    await ready(page);
    await pause(3000);
    const pids = await renderers(context);
    const before = resident(pids);
    let most = before;
    await watchDrop(page, '1 file done');
    await drop(page, [path]);
    let over = false;
    const ended = dropEnded(page).then((times) => ((over = true), times));
    // Also while the full checksum is computed afterwards.
    for (let after = 0; after < 20; after += over ? 1 : 0) {
      await pause(100);
      most = Math.max(most, resident(pids));
    }
    const { row, end } = await ended;
    return { largeRow: row, largeDrop: end, largeMemory: most - before };
  } finally {
    await context.close();
    await server.close();
    rmSync(path);
    rmSync(join(folder, 'large'), { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** A profile whose database holds 100,000 artifacts and which has visited the app once. @param {string} site @param {string} folder */
export async function seeded(site, folder) {
  const profile = join(folder, 'many');
  const server = await serve({ dir: site });
  const context = await openBrowser(profile);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(`${server.url}/bench/index.html`);
    await page.waitForFunction(() => 'seed' in window);
    await page.evaluate((n) => /** @type {any} */ (window).seed('loam', n), artifacts);
    await page.goto(`${server.url}/artifacts`);
    await ready(page);
    await listed(page);
    await page.waitForSelector('html[data-offline="ready"]', { timeout: 60_000, state: 'attached' });
    const session = await context.newCDPSession(page);
    await session.send('Network.clearBrowserCache');
  } finally {
    await context.close();
    await server.close();
  }
  return { profile, url: server.url, port: server.port };
}

/** The server is gone, the browser is new: from the first byte of the navigation to a list with rows. @param {Many} many */
export async function coldStarts({ profile, url }) {
  /** @type {number[]} */
  const times = [];
  for (let i = 0; i < starts; i++) {
    const context = await openBrowser(profile);
    const page = context.pages()[0] ?? (await context.newPage());
    await page.addInitScript(() => {
      const look = () => {
        const usable =
          /\d/.test(document.querySelector('.list .total')?.textContent ?? '') &&
          document.querySelector('[role=grid] .key a') !== null;
        if (usable) Object.assign(window, { usableAt: performance.now() });
        else requestAnimationFrame(look);
      };
      look();
    });
    await page.goto(`${url}/artifacts`);
    await page.waitForFunction(() => 'usableAt' in window, null, { timeout: 60_000 });
    times.push(await page.evaluate(() => /** @type {any} */ (window).usableAt));
    await context.close();
  }
  return { coldStart: percentile(times, 0.5), coldStartMost: Math.max(...times) };
}

/** Two tabs; the leading one is closed, twenty times. From that moment to the first answer the other gets. @param {Many} many @param {string} site */
async function takeOver({ profile, port }, site) {
  const server = await serve({ dir: site, port, strict: true });
  const context = await openBrowser(profile, { listening: true });
  /** @type {number[]} */
  const gaps = [];
  const open = async () => {
    const page = await context.newPage();
    await page.goto(`${server.url}/artifacts`);
    await ready(page);
    await listed(page);
    return page;
  };
  try {
    let leader = await open();
    for (let i = 0; i < takeovers; i++) {
      const follower = await open();
      await pause(1000); // its modules are warm, as those of a tab that has been open for a while
      const start = Date.now();
      await leader.close();
      await follower.waitForFunction(
        (from) =>
          /** @type {any} */ (window).bench.answers.some((/** @type {any} */ one) => one.ok && one.at > from),
        start,
        { timeout: 30_000, polling: 20 },
      );
      const first = await follower.evaluate(
        (from) =>
          /** @type {any} */ (window).bench.answers.find((/** @type {any} */ one) => one.ok && one.at > from)
            .at,
        start,
      );
      gaps.push(first - start);
      leader = follower;
    }
  } finally {
    await context.close();
    await server.close();
  }
  return { takeoverP50: percentile(gaps, 0.5), takeoverP95: percentile(gaps, 0.95) };
}

/** One tab moves all artifacts to the trash; another asks for its list again and again until that is over. @param {Many} many @param {string} site */
async function besideAct({ profile, port }, site) {
  const server = await serve({ dir: site, port, strict: true });
  const context = await openBrowser(profile, { listening: true });
  try {
    const acting = await context.newPage();
    await acting.goto(`${server.url}/artifacts`);
    await listed(acting);
    const asking = await context.newPage();
    await asking.goto(`${server.url}/artifacts`);
    await listed(asking);
    await asking.waitForFunction(() => /** @type {any} */ (window).bench.listArgs !== null);

    /** The list's first page as its screen asks for it, and how many rows there are: two questions. */
    const ask = () =>
      asking.evaluate(async () => {
        const { bench } = /** @type {any} */ (window);
        const timed = async (/** @type {string} */ method, /** @type {unknown[]} */ args) => {
          const from = performance.now();
          const answer = await bench.ask(method, args);
          if (!answer.ok) throw new Error(answer.error.message);
          return performance.now() - from;
        };
        const [view] = bench.listArgs;
        return { rows: await timed('listRows', bench.listArgs), count: await timed('countList', [view]) };
      });
    const quiet = [];
    for (let i = 0; i < 20; i++) quiet.push(await ask());

    await acting
      .locator('[role=grid] [role=row] input[type=checkbox], [role=grid] [role=row] [role=checkbox]')
      .first()
      .click();
    await acting.getByRole('button', { name: /^Select all/ }).click();
    const start = performance.now();
    await acting.getByRole('button', { name: 'Move to trash' }).click();
    /** @type {Awaited<ReturnType<typeof ask>>[]} */
    const times = [];
    let running = true;
    const over = acting
      .getByText('No artifacts', { exact: false })
      .first()
      .waitFor({ timeout: 170_000 })
      .finally(() => (running = false));
    while (running) {
      times.push(await ask());
      await pause(20);
    }
    await over;
    const rows = (/** @type {typeof times} */ all) => all.map((one) => one.rows);
    const counts = (/** @type {typeof times} */ all) => all.map((one) => one.count);
    return {
      actMs: performance.now() - start,
      listQuiet: percentile(rows(quiet), 0.5),
      countQuiet: percentile(counts(quiet), 0.5),
      listP50: percentile(rows(times), 0.5),
      listP95: percentile(rows(times), 0.95),
      listMost: Math.max(...rows(times)),
      countP95: percentile(counts(times), 0.95),
      listAsked: times.length,
    };
  } finally {
    await context.close();
    await server.close();
  }
}
