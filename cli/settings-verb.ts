// `loam settings`: what is in force here, and the parts of it that can be changed, under lamin's names. `.loam/settings.json`
// keeps them (settings.ts).
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import { facts, moduleNames } from './info.ts';
import { absolute, withInstance } from './instance.ts';
import { cacheBytes, clearCache, usualCache } from './remote-files.ts';
import { findSettings, writeSettings, type Settings } from './settings.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

/** Where rows go that nothing is said of. */
const ownPlaces = { branch: 'main', space: 'all' };
type Place = keyof typeof ownPlaces;

type Step = (io: Io, value: string | undefined) => Promise<void> | void;

const parts: Record<string, Record<string, Step>> = {
  'dev-dir': {
    get: (io) => io.out(settingsHere(io).folder),
    find: (io, path) => find(io, absolute(io, path ?? '.')),
  },
  branch: place('branch'),
  space: place('space'),
  modules: {
    get: (io) => io.out(moduleNames.join(',')),
    set(io, value) {
      const wanted = (value ?? '').split(',').map((name) => name.trim());
      const unknown = wanted.find((name) => !moduleNames.includes(name));
      const missing = moduleNames.find((name) => !wanted.includes(name));
      if (unknown !== undefined)
        throw new LoamError(
          'InvalidArgument',
          `There is no module "${unknown}"; known: ${moduleNames.join(', ')}.`,
        );
      if (missing !== undefined) throw builtIn(missing);
      io.out(wanted.join(','));
    },
    unset() {
      throw builtIn(moduleNames.join(','));
    },
  },
  'cache-dir': {
    get: (io) => io.out(cacheOf(io)),
    set(io, value) {
      if (value === undefined) throw new Usage('Name a folder.');
      const { folder, settings: kept } = settingsHere(io);
      const cacheDir = resolve(io.cwd, value);
      writeSettings(folder, { ...kept, cacheDir });
      io.out(cacheDir);
    },
    reset(io) {
      const { folder, settings: kept } = settingsHere(io);
      const { cacheDir: _, ...others } = kept;
      writeSettings(folder, others);
      io.out(cacheOf(io));
    },
    clear(io) {
      const cache = cacheOf(io);
      const bytes = cacheBytes(cache);
      clearCache(cache);
      io.out(`${bytes.toLocaleString('en')} bytes removed from ${cache}`);
    },
  },
};

export const settings: Verb = {
  summary: 'Show or change what is in force here: branch, space, directories, modules.',
  usage:
    'settings [dev-dir get|find [PATH]] [branch get|set NAME] [space get|set NAME] [modules get|set LIST|unset] [cache-dir get|set PATH|reset|clear]',
  async run(args, io) {
    const { positionals } = flags(args, {});
    const [name, what, value, more] = positionals;
    if (more !== undefined) throw new Usage(`"${more}" is not expected here.`);
    if (name === undefined)
      return withInstance(io, (instance) => {
        for (const [label, text] of facts(instance)) io.out(`${label.padEnd(10)} ${text}`);
      });
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (!part) throw new Usage(`There is no setting "${name}"; known: ${Object.keys(parts).join(', ')}.`);
    const step = what !== undefined && Object.hasOwn(part, what) ? part[what] : undefined;
    if (!step) throw new Usage(`With ${name} say one of: ${Object.keys(part).join(', ')}.`);
    if (value !== undefined && !['set', 'find'].includes(what ?? ''))
      throw new Usage(`"${value}" is not expected here.`);
    await step(io, value);
  },
};

export function settingsHere(io: Io): { folder: string; settings: Settings } {
  const found = findSettings(io);
  if (found) return found;
  throw new LoamError('DoesNotExist', 'There is no database here or in a folder above. Run "loam init".');
}

/** Where new rows go from now on. The branch or space has to be there. */
function place(what: Place): Record<string, Step> {
  return {
    get: (io) => io.out(settingsHere(io).settings[what] ?? ownPlaces[what]),
    async set(io, value) {
      if (value === undefined) throw new Usage(`Name a ${what}.`);
      const name = value === ownPlaces[what] ? value : await placeNamed(io, what, value);
      keepPlace(io, what, name);
      io.out(name);
    },
  };
}

/** Name of the branch or space that is called so, or has that uid. */
export function placeNamed(io: Io, what: Place, value: string): Promise<string> {
  return withInstance(
    io,
    ({ engine }) => {
      const [row] = engine.queryRows(
        {
          registry: what === 'branch' ? 'Branch' : 'Space',
          filters: [{ $or: [{ name: value }, { uid: value }] }],
        },
        ['name'],
      );
      return String(row?.[0]);
    },
    { ...ownPlaces, [what]: value },
  );
}

export function keepPlace(io: Io, what: Place, name: string): void {
  const { folder, settings: kept } = settingsHere(io);
  const { [what]: _, ...others } = kept;
  writeSettings(folder, name === ownPlaces[what] ? others : { ...others, [what]: name });
}

const builtIn = (module: string): LoamError =>
  new LoamError('NotSupportedError', `The tables of ${module} come with every database here and stay.`);

const cacheOf = (io: Io): string => settingsHere(io).settings.cacheDir ?? usualCache(io.env);

const skipped = new Set(['node_modules', '.git', '.lamindb', '.loam']);

/** Development directories at and below a folder; home itself is not searched, as lamin does not. */
function find(io: Io, root: string): void {
  if (root === homedir()) return;
  const walk = (folder: string, depth: number): void => {
    if (existsSync(join(folder, '.loam', 'settings.json'))) {
      const found = findSettings({ ...io, cwd: folder });
      if (found) io.out([folder, found.settings.storage, found.settings.branch ?? 'main'].join('\t'));
    }
    if (depth === 0) return;
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory() && !skipped.has(entry.name)) walk(join(folder, entry.name), depth - 1);
  };
  if (!existsSync(root)) throw new LoamError('DoesNotExist', `There is no folder ${root}.`);
  walk(root, 8);
}
