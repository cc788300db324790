// A real LaminDB beside ours: finds the Python that has it, makes offline instances, runs scripts in them.
// LOAM_PYTHON names the interpreter; where there is none the tests are skipped and say so.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** The interpreter, or null. */
export const python: string | null = findPython();

/** For `describe.skipIf`, with the reason in the title. */
export const whyNot =
  python === null
    ? ' (skipped: no Python with lamindb; set LOAM_PYTHON to one that has lamindb and bionty)'
    : '';

function findPython(): string | null {
  const named = process.env.LOAM_PYTHON;
  if (!named) return null;
  const probe = spawnSync(named, [
    '-c',
    'import importlib.util as u, sys; sys.exit(u.find_spec("lamindb") is None)',
  ]);
  return probe.status === 0 ? named : null;
}

export interface PythonInstance {
  /** The development directory, where `lamin` commands run. */
  folder: string;
  /** The storage root with `.lamindb/lamin.db`. */
  storage: string;
  /** Runs a script; throws with its stderr where it fails. Answers stdout. */
  run(script: string, ...args: string[]): string;
  lamin(...args: string[]): string;
  /** Runs a script file, as a person does. */
  script(path: string, ...args: string[]): string;
}

/**
 * An environment of its own: home folder, development directory, and the switch that keeps lamindb-setup 1.27 from
 * asking the hub (`InstanceSettings.is_on_hub`). With `init` an empty instance with bionty is made in `./storage`.
 */
export function pythonInstance(options: { init?: boolean } = {}): PythonInstance {
  if (python === null) throw new Error('there is no Python with lamindb here');
  const interpreter = python;
  const base = mkdtempSync(join(tmpdir(), 'loam-lamindb-'));
  afterAll(() => rmSync(base, { recursive: true, force: true, maxRetries: 5 }));
  const folder = join(base, 'dev');
  for (const name of ['home', 'site', 'dev']) mkdirSync(join(base, name));
  writeFileSync(
    join(base, 'site', 'sitecustomize.py'),
    [
      'try:',
      '    from lamindb_setup.core._settings_instance import InstanceSettings as Settings',
      'except ImportError:',
      '    pass',
      'else:',
      '    Settings.is_on_hub = property(lambda settings: False)',
      '',
    ].join('\n'),
  );
  const env = {
    ...process.env,
    HOME: join(base, 'home'),
    PYTHONPATH: join(base, 'site'),
    PATH: `${dirname(interpreter)}${delimiter}${process.env.PATH ?? ''}`,
    NO_COLOR: '1',
  };
  function call(command: string, args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: folder,
      env,
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
    });
    if (status !== 0)
      throw new Error(`${command} ${args[0] ?? ''} failed: ${error?.message ?? ''}${stderr || stdout}`);
    return stdout;
  }
  const lamin = (...args: string[]) => call(join(dirname(interpreter), 'lamin'), args);
  if (options.init !== false) lamin('init', '--storage', './storage', '--modules', 'bionty');
  return {
    folder,
    storage: join(folder, 'storage'),
    run: (script, ...args) => call(interpreter, ['-c', script, ...args]),
    lamin,
    script: (path, ...args) => call(interpreter, [path, ...args]),
  };
}
