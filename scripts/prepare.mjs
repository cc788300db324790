/**
 * Brings a clone to a state that can be served or tested: locked dependencies, generated types, a current build.
 * Every step is skipped when its inputs have not changed. Node built-ins only: it runs before node_modules exist.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = (/** @type {string[]} */ ...parts) => join(root, ...parts);

const dependencyStamp = at('node_modules', '.loam-stamp');
const generatedStamp = at('.svelte-kit', 'loam-generated-stamp');
const buildStamp = at('.svelte-kit', 'loam-build-stamp');
const buildVersion = at('build', '_app', 'version.json');
/** Where the command line is built to. */
export const commandLine = at('build-cli', 'loam.js');
const commandLineStamp = at('build-cli', '.loam-stamp');

/** What a build is made from; a change in any of these makes build/ stale. */
const buildInputs = [
  'src',
  'static',
  'vite-plugins',
  'vite.config.ts',
  'svelte.config.js',
  'package-lock.json',
];
/** What Kit's types are made from. */
const generatedInputs = ['src', 'svelte.config.js', 'vite.config.ts', 'package-lock.json'];
const commandLineInputs = ['cli', 'src/lib', 'vite.cli.config.ts', 'package-lock.json'];
/** Where the server is built to. */
export const serverProgram = at('build-server', 'main.js');
const serverStamp = at('build-server', '.loam-stamp');
const serverInputs = ['server', 'src/lib', 'vite.server.config.ts', 'package-lock.json'];

/** @param {{ build?: boolean }} [options] */
export function prepare({ build = true } = {}) {
  checkNode();
  installIfStale();
  generateIfStale();
  if (build) buildIfStale();
}

/** Makes `commandLine` ready. Says nothing on stdout: that belongs to the command that runs next. */
export function prepareCommandLine() {
  checkNode();
  const wanted = hashOfInputs(commandLineInputs);
  if (existsSync(commandLine) && readIfThere(commandLineStamp) === wanted) return;
  installIfStale();
  generateIfStale();
  runBin('vite/bin/vite.js', ['build', '--config', 'vite.cli.config.ts', '--logLevel', 'warn']);
  writeFileSync(commandLineStamp, wanted);
}

/** Makes `serverProgram` ready. */
export function prepareServer() {
  checkNode();
  const wanted = hashOfInputs(serverInputs);
  if (existsSync(serverProgram) && readIfThere(serverStamp) === wanted) return;
  installIfStale();
  generateIfStale();
  runBin('vite/bin/vite.js', ['build', '--config', 'vite.server.config.ts', '--logLevel', 'warn']);
  writeFileSync(serverStamp, wanted);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Loam needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function installIfStale() {
  const wanted = sha256(readFileSync(at('package-lock.json')));
  if (readIfThere(dependencyStamp) === wanted) return;
  if (!installedMatchesLock()) {
    console.error('Installing the locked dependencies (npm ci) …');
    // The npm that runs this script, when there is one: PATH may hold another, or none.
    const npm = process.env.npm_execpath;
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    const byNode = npm?.endsWith('npm-cli.js');
    run(byNode ? process.execPath : 'npm', byNode ? [String(npm), ...args] : args);
  }
  writeFileSync(dependencyStamp, wanted);
}

/** True when node_modules was filled by hand from this very lock: every package that npm put there has the locked version. */
function installedMatchesLock() {
  const installedText = readIfThere(at('node_modules', '.package-lock.json'));
  if (installedText === null) return false;
  const installed = JSON.parse(installedText).packages;
  const locked = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(
    ([path, entry]) =>
      path === '' ||
      installed[path]?.version === entry.version ||
      // Packages of other platforms are locked but never installed.
      (entry.optional && installed[path] === undefined),
  );
}

/** Types and settings made by Kit. Written only when stale: another process may be reading them just now. */
function generateIfStale() {
  const wanted = hashOfInputs(generatedInputs);
  if (existsSync(at('.svelte-kit', 'tsconfig.json')) && readIfThere(generatedStamp) === wanted) return;
  runBin('@sveltejs/kit/svelte-kit.js', ['sync']);
  writeFileSync(generatedStamp, wanted);
}

function buildIfStale() {
  // version.json ties the stamp to the build that was made with it: a build by hand in between is noticed.
  const current = () => `${hashOfInputs(buildInputs)} ${readIfThere(buildVersion)}`;
  if (existsSync(at('build', 'index.html')) && readIfThere(buildStamp) === current()) return;
  console.log('Building the app …');
  runBin('vite/bin/vite.js', ['build', '--logLevel', 'warn']);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, current());
}

/** @param {string[]} inputs */
function hashOfInputs(inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) {
    for (const file of filesUnder(at(input))) {
      hash.update(`${relative(root, file)}\0${sha256(readFileSync(file))}\n`);
    }
  }
  return hash.digest('hex');
}

/** @param {string} path @returns {string[]} */
function filesUnder(path) {
  if (!existsSync(path)) return [];
  try {
    return readdirSync(path)
      .sort()
      .flatMap((name) => filesUnder(join(path, name)));
  } catch {
    return [path];
  }
}

/** Runs a program of node_modules by this Node, without npx and without a shell. @param {string} path @param {string[]} args */
function runBin(path, args) {
  run(process.execPath, [at('node_modules', path), ...args]);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  // npm is a batch file on Windows, which only a shell can start.
  const shell = process.platform === 'win32' && command === 'npm';
  const result = spawnSync(command, args, { cwd: root, stdio: ['inherit', 2, 'inherit'], shell });
  if (result.error) console.error(String(result.error));
  if (result.status !== 0) process.exit(result.status || 1);
}

/** @param {string} path */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** @param {string | Buffer} data */
function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

// Started by itself it makes everything ready but the builds; with `--build` (as CI does) these too.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const build = process.argv.includes('--build');
  prepare({ build });
  if (build) {
    prepareCommandLine();
    prepareServer();
  }
}
