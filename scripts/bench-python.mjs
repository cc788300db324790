// Python's LaminDB beside ours in the same minute. LOAM_PYTHON names the interpreter, else CI's own environment is taken;
// where there is neither, the benchmark says so in its lines.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** @returns {string | null} */
function findPython() {
  const named = process.env['LOAM_PYTHON'] ?? join(repository, 'tests/.cache/venv/bin/python');
  if (!existsSync(named)) return null;
  const probe = 'import importlib.util as u, sys; sys.exit(u.find_spec("lamindb") is None)';
  return spawnSync(named, ['-c', probe]).status === 0 ? named : null;
}

/**
 * A home folder of its own, where nothing asks the hub; null where there is no LaminDB. Commands run in `folder`.
 * @returns {{ folder: string, python(...args: string[]): string, lamin(...args: string[]): string, close(): void } | null}
 */
export function pythonHome() {
  const python = findPython();
  if (!python) return null;
  const base = mkdtempSync(join(tmpdir(), 'loam-bench-lamindb-'));
  const folder = join(base, 'dev');
  for (const name of ['home', 'site', 'dev']) mkdirSync(join(base, name));
  // Keeps lamindb-setup 1.27 from asking the hub.
  const patch = [
    'try:',
    '    from lamindb_setup.core._settings_instance import InstanceSettings as Settings',
    'except ImportError:',
    '    pass',
    'else:',
    '    Settings.is_on_hub = property(lambda settings: False)',
    '',
  ];
  writeFileSync(join(base, 'site', 'sitecustomize.py'), patch.join('\n'));
  const env = {
    ...process.env,
    HOME: join(base, 'home'),
    PYTHONPATH: join(base, 'site'),
    PATH: `${dirname(python)}${delimiter}${process.env['PATH'] ?? ''}`,
    NO_COLOR: '1',
  };
  const run = (/** @type {string} */ command, /** @type {string[]} */ args) =>
    execFileSync(command, args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    folder,
    python: (...args) => run(python, args),
    lamin: (...args) => run(join(dirname(python), 'lamin'), args),
    close: () => rmSync(base, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/**
 * An offline instance in a folder of its own; null where there is no LaminDB.
 * @returns {{ round(): Record<string, number>, version: string, close(): void } | null}
 */
export function openPython() {
  const home = pythonHome();
  if (!home) return null;
  home.lamin('init', '--storage', './storage', '--modules', 'bionty');
  let rounds = 0;
  let version = '';
  return {
    round() {
      const printed = home.python(join(repository, 'tests/bench/python-side.py'), `r${++rounds}`);
      const { lamindb, ...measures } = lastLine(printed);
      version = lamindb;
      return measures;
    },
    get version() {
      return version;
    },
    close: home.close,
  };
}

/** What a script printed last. @param {string} printed @returns {any} */
export const lastLine = (printed) => JSON.parse(printed.trim().split('\n').at(-1) ?? '{}');
