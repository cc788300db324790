// `loam io python`: the database and its files as a folder that Python's LaminDB opens, with the script that registers it.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import {
  emptyReport,
  pythonMembers,
  type ExportMember,
  type FoundSources,
} from '../src/lib/engine/interop/python-export.ts';
import { model } from '../src/lib/engine/model/model.ts';
import type { BlobStore } from '../src/lib/engine/ports.ts';
import type { Whereabouts } from '../src/lib/engine/registry/whereabouts.ts';
import { createNodeBlobs } from '../src/lib/storage/blob/node.ts';
import { openNode } from '../src/lib/storage/sql/node.ts';
import { absolute, withInstance } from './instance.ts';
import { flags, type Io } from './verb.ts';

export async function exportForPython(args: string[], on: Io): Promise<void> {
  const { values } = flags(args, { 'output-dir': { type: 'string' } });
  await withInstance(on, async ({ driver, engine, storage }) => {
    const name = engine.status().instance;
    const folder = absolute(on, values['output-dir'] ?? `./${name}_python`);
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw new LoamError(
        'InvalidArgument',
        `${folder} is not empty. Name another folder with --output-dir.`,
      );
    // The database is changed on its way out, so a copy of it is.
    const scratch = mkdtempSync(join(tmpdir(), 'loam-python-'));
    try {
      const path = join(scratch, 'lamin.db');
      driver.run('VACUUM INTO ?', [path]);
      const copy = openNode(path);
      const report = emptyReport();
      const compacted = async () => {
        const packed = join(scratch, 'packed.db');
        copy.exec('PRAGMA journal_mode=delete; PRAGMA page_size=4096');
        copy.run('VACUUM INTO ?', [packed]);
        return { size: statSync(packed).size, chunks: () => createReadStream(packed) };
      };
      const find = finderIn(storage);
      const spec = { driver: copy, model, instance: name, root: storage, find, compacted };
      try {
        for await (const member of pythonMembers(spec, report)) {
          await writeMember(folder, member);
          report.members += 1;
        }
      } finally {
        copy.close();
      }
      for (const reason of report.reasons) on.err(reason);
      const without = report.missing > 0 ? `, ${report.missing} artifacts without their files` : '';
      on.out(`Exported ${report.members} files to ${folder}${without}`);
      on.out(`Register it where Python is: python ${join(folder, 'open_in_python.py')}`);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}

/** Files in this instance's folder, and in the folders of other local storages. */
function finderIn(storage: string): (artifact: Whereabouts) => Promise<FoundSources> {
  const stores = new Map<string, Promise<BlobStore> | null>();
  const storeOf = (root: string) => {
    let store = stores.get(root);
    if (store === undefined) {
      const there = root === storage || (existsSync(root) && statSync(root).isDirectory());
      stores.set(root, (store = there ? createNodeBlobs(root) : null));
    }
    return store;
  };
  return async ({ storage: { root }, key, name }) => {
    const blobs = await storeOf(root);
    if (!blobs || !(await blobs.exists(key)))
      throw new LoamError(
        'BytesElsewhere',
        `The file is not on this computer. It lies in ${root}, as ${key}.`,
        { name },
      );
    const paths = await blobs.list(key);
    if (paths.length === 0) return { source: await blobs.open(key) };
    const files = paths.map(async (path) => ({ path, source: await blobs.open(`${key}/${path}`) }));
    return { files: await Promise.all(files) };
  };
}

async function writeMember(folder: string, member: ExportMember): Promise<void> {
  const path = join(folder, ...member.path.split('/'));
  mkdirSync(dirname(path), { recursive: true });
  const file = await open(path, 'w');
  try {
    for await (const chunk of member.chunks()) await file.write(chunk);
  } finally {
    await file.close();
  }
}
