// Emits precache.json: every file the app may load, in two waves, for the service worker to keep.
// Kit's own list follows the page's imports only and so omits worker chunks and their wasm (kit#12438); this one
// reads the finished output folder, where the files of nested workers lie beside all others.
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import type { Plugin } from 'vite';

export interface PrecacheFile {
  /** Relative to the app's base, without a leading slash. */
  path: string;
  bytes: number;
}

export interface PrecacheList {
  /** Kept before the new version may take over. */
  install: PrecacheFile[];
  /** Kept afterwards, with progress. */
  later: PrecacheFile[];
}

/** Up to this much is fetched at install; 12 MB is about ten seconds on a slow line. */
const installLimit = 12e6;
/** What a cold offline start cannot do without, whatever its size. */
const always = /engine|sqlite/;
/** Written for servers and Kit itself, always asked from the network, or kept when it is first used (packs of terms). */
const never = /^(\.vite\/|ontologies\/|service-worker\.js|precache\.json$|_app\/version\.json$)|\.map$/;

export function precacheList(): Plugin {
  let outDir = '';
  let ssr = false;
  return {
    name: 'loam:precache-list',
    apply: 'build',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
      ssr = Boolean(config.build.ssr);
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        // Kit builds twice, once for its server part; workers are bundled inside the client's build.
        if (ssr || !/client$/.test(outDir)) return;
        const list = inWaves(filesUnder(outDir).filter((file) => !never.test(file.path)));
        writeFileSync(join(outDir, 'precache.json'), JSON.stringify(list));
      },
    },
  };
}

/** Moves the largest dispensable files to the second wave until the first one fits. */
export function inWaves(files: PrecacheFile[], limit = installLimit): PrecacheList {
  const list: PrecacheList = { install: [...files], later: [] };
  let total = files.reduce((sum, file) => sum + file.bytes, 0);
  const dispensable = files.filter((file) => !always.test(file.path)).sort((a, b) => b.bytes - a.bytes);
  for (const file of dispensable) {
    if (total <= limit) break;
    list.install.splice(list.install.indexOf(file), 1);
    list.later.push(file);
    total -= file.bytes;
  }
  return list;
}

function filesUnder(dir: string, prefix = ''): PrecacheFile[] {
  return readdirSync(join(dir, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(prefix, entry.name);
    return entry.isDirectory() ? filesUnder(dir, path) : [{ path, bytes: statSync(join(dir, path)).size }];
  });
}
