// What every end-to-end test stands on: the built app served on a free port, a real persistent browser profile
// (OPFS is ten times slower in an off-the-record one), real file drops, and ears for every kind of problem.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { browserArgs, browserPath } from '../../scripts/browser-path.mjs';
import { serve } from '../../scripts/serve.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export const builtApp = join(repository, 'build');

/** Serves build/. With a port it takes exactly that one, so that a stopped server can come back at the same origin. */
export function startServer(port = 0, dir = builtApp) {
  return serve({ dir, port, strict: port !== 0 });
}

export interface OpenedApp {
  page: Page;
  context: BrowserContext;
  profile: string;
  problems: Problems;
  /** Closes the browser in order; the profile stays for a later `openApp({ profile })`. */
  close(): Promise<void>;
  /** SIGKILL, as a power cut of the browser: nothing gets to write or say goodbye. */
  kill(): Promise<void>;
}

export interface OpenOptions {
  url: string;
  profile?: string;
  /** Offline starts have no server to wait for; `path` is opened all the same. */
  path?: string;
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
  /** False where the same address is to serve another app next: a service worker would answer for the old one. */
  serviceWorker?: boolean;
}

export async function openApp({ url, path = '/', profile, viewport, colorScheme, ...rest }: OpenOptions) {
  const folder = profile ?? (await mkdtemp(join(tmpdir(), 'loam-profile-')));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: await browserPath(),
    args: browserArgs,
    headless: true,
    // The tests are about the real policies: never bypass them.
    bypassCSP: false,
    viewport: viewport ?? { width: 1440, height: 860 },
    colorScheme: colorScheme ?? 'light',
    serviceWorkers: rest.serviceWorker === false ? 'block' : 'allow',
    acceptDownloads: true,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const problems = await collectProblems(page, url);
  const pid = await browserPid(context);
  restAfterLoads(page);
  await page.goto(url + path);
  const app: OpenedApp = {
    page,
    context,
    profile: folder,
    problems,
    async close() {
      openApps.delete(app);
      await context.close();
    },
    async kill() {
      openApps.delete(app);
      const closed = new Promise<void>((done) => context.once('close', () => done()));
      process.kill(pid, 'SIGKILL');
      await closed;
    },
  };
  openApps.add(app);
  return app;
}

/** Apps that are open now, for the words about a failed test (setup.ts). */
export const openApps = new Set<OpenedApp>();

/**
 * After a load the page says that it is busy until its questions are answered. What is above a button may come in until then and move it
 * between mouse-down and mouse-up, and then nobody has clicked. A page that stays busy is the test's own matter.
 */
function restAfterLoads(page: Page): void {
  const rest = () => page.locator('#content[aria-busy=true]').waitFor({ state: 'detached', timeout: 3_000 });
  for (const name of ['goto', 'reload'] as const) {
    const load = page[name].bind(page) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(page, {
      [name]: async (...args: unknown[]) => {
        const answer = await load(...args);
        await rest().catch(() => {});
        return answer;
      },
    });
  }
}

export async function removeProfile(profile: string) {
  // A killed browser's children may still be writing their last files.
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

async function browserPid(context: BrowserContext): Promise<number> {
  const session = await context.browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.find((info) => info.type === 'browser')!.id;
}

/* ---------- problems ---------- */

export interface Problems {
  /** Errors on the console of the page and its workers. */
  console: string[];
  /** Uncaught exceptions of the page. */
  page: string[];
  /** Broken content security policies, of the page and of its workers. */
  csp: string[];
  /** Requests to any other origin. */
  foreign: string[];
  /** Requests that failed or were answered with an error. */
  failed: string[];
}

const cspMark = '[csp-violation]';

export async function collectProblems(page: Page, url: string): Promise<Problems> {
  const problems: Problems = { console: [], page: [], csp: [], foreign: [], failed: [] };
  const { origin } = new URL(url);
  await page.addInitScript((mark) => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(mark, event.effectiveDirective, event.blockedURI),
    );
  }, cspMark);
  const context = page.context();
  context.on('console', (message) => {
    if (message.type() !== 'error') return;
    const text = `${message.text()} (${message.location().url})`;
    // Workers have no document to listen on: their violations are known by the browser's own words.
    const csp = text.includes(cspMark) || /Content Security Policy/i.test(text);
    (csp ? problems.csp : problems.console).push(text);
  });
  context.on('weberror', (error) => problems.page.push(String(error.error())));
  context.on('request', (request) => {
    const target = new URL(request.url());
    if (/^https?:|^wss?:/.test(target.protocol) && target.host !== new URL(origin).host) {
      problems.foreign.push(request.url());
    }
  });
  context.on('requestfailed', (request) => {
    // What a policy stopped was never sent, though the browser tells of it as of a request, sometimes.
    if (request.failure()?.errorText === 'csp') {
      const at = problems.foreign.indexOf(request.url());
      if (at >= 0) problems.foreign.splice(at, 1);
      return void problems.csp.push(`${cspMark} stopped ${request.url()}`);
    }
    // A request that the page itself gave up, by navigating away or aborting, is no failure.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') {
      problems.failed.push(`${request.url()} ${request.failure()?.errorText}`);
    }
  });
  context.on('response', (response) => {
    // An app without packs of ontologies says so by this answer.
    if (response.status() === 404 && response.url().endsWith('/ontologies/packs.json')) return;
    if (response.status() >= 400) problems.failed.push(`${response.url()} ${response.status()}`);
  });
  return problems;
}

/* ---------- offline ---------- */

/** Resolves when the service worker has kept the whole app. */
export async function waitUntilOffline(page: Page, timeout = 60_000) {
  await page.waitForSelector('html[data-offline="ready"]', { timeout, state: 'attached' });
}

export async function clearHttpCache(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await session.detach();
}

/* ---------- files ---------- */

/** Chooses files by the app's own inputs; a single folder goes to the folder input, with all that is in it. */
export async function chooseFiles(page: Page, paths: string[]) {
  await page.getByTestId('file-input').setInputFiles(paths);
}

export async function chooseFolder(page: Page, path: string) {
  await page.getByTestId('folder-input').setInputFiles(path);
}

/** Drags files or folders from outside onto the page and lets go: a trusted drop with a real DataTransfer. */
export async function dropFiles(page: Page, paths: string[], selector = '[data-testid=app]') {
  const box = await page.locator(selector).first().boundingBox();
  if (!box)
    throw new Error(`Nothing to drop ${paths.map((path) => basename(path)).join(', ')} on: ${selector}`);
  const viewport = page.viewportSize() ?? { width: 1280, height: 800 };
  // The middle of what can be seen of the target.
  const x = (Math.max(0, box.x) + Math.min(viewport.width, box.x + box.width)) / 2;
  const y = (Math.max(0, box.y) + Math.min(viewport.height, box.y + box.height)) / 2;
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x, y, data });
  }
  await session.detach();
}

/* ---------- accessibility ---------- */

export interface AxeFinding {
  id: string;
  impact: string;
  help: string;
  nodes: string[];
}

let axeSource: Promise<string> | null = null;

/** Serious and critical findings of axe on the page as it is now. Evaluated over CDP, which no policy of the page forbids. */
export async function axe(page: Page): Promise<AxeFinding[]> {
  axeSource ??= readFile(join(repository, 'node_modules/axe-core/axe.min.js'), 'utf8');
  const session = await page.context().newCDPSession(page);
  const evaluate = async (expression: string) => {
    const answer = await session.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (answer.exceptionDetails)
      throw new Error(answer.exceptionDetails.exception?.description ?? 'axe failed');
    return answer.result.value as unknown;
  };
  // What is still fading in has no contrast yet; spinners never end and are not waited for.
  await evaluate(`Promise.race([
    Promise.all(document.getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
      .map((one) => one.finished.catch(() => {}))),
    new Promise((resolve) => setTimeout(resolve, 2000)),
  ]).then(() => 0)`);
  await evaluate(`${await axeSource};0`);
  const found = await evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.map(({ html }) => html) })))`);
  await session.detach();
  return found as AxeFinding[];
}
