/** Finds a Chromium for the tests and says how to start it. Nothing is downloaded here. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Headless, without sandbox (CI runs as root in a container) and without any traffic of the browser's own. */
export const browserArgs = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const appFolders = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** CHROMIUM, else one on PATH, else Playwright's own download, else the packed one among our dependencies. */
export async function browserPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  return installedBrowser() ?? (await playwrightBrowser()) ?? (await packedBrowser());
}

/** A Chromium of the system, or null. */
export function installedBrowser() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) if (folder && isProgram(join(folder, name))) return join(folder, name);
  }
  return appFolders.find(isProgram) ?? null;
}

async function playwrightBrowser() {
  const { chromium } = await import('playwright-core');
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : null;
}

async function packedBrowser() {
  const { default: packed } = await import('@sparticuz/chromium');
  const path = await packed.executablePath();
  if (process.platform === 'linux' && lacksLibraries(path)) {
    // The package also carries the libraries that a bare container lacks; they are meant for a cloud function, but fit.
    const entry = import.meta.resolve('@sparticuz/chromium');
    const { inflate } = await import(new URL('lambdafs.js', entry).href);
    const libraries = await inflate(fileURLToPath(new URL('../../bin/al2023.tar.br', entry)));
    const paths = [join(libraries, 'lib'), process.env.LD_LIBRARY_PATH];
    process.env.LD_LIBRARY_PATH = paths.filter(Boolean).join(delimiter);
  }
  return path;
}

/** @param {string} path */
function lacksLibraries(path) {
  try {
    return execFileSync('ldd', [path], { encoding: 'utf8' }).includes('not found');
  } catch {
    return true;
  }
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
