// `loam branch export|import`: a branch as one file, with the bytes of its artifacts where they are on this computer.
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleChunks } from '../src/lib/engine/branch/bundle-file.ts';
import {
  gatherFiles,
  lookForFiles,
  refuseTooMuch,
  usualFileBytes,
  type FilesReport,
  type FindFiles,
} from '../src/lib/engine/branch/bundle-files.ts';
import { count } from '../src/lib/engine/curate/words.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import { branchHere, countsText, minute, reviewText } from './branch-words.ts';
import { absolute, fileOf, withInstance, type Instance } from './instance.ts';
import { localFile, localFolder } from './local-files.ts';
import { signingKeys } from './signing-key.ts';
import { flags, Usage, type Io } from './verb.ts';

/** An open branch as one file, for another copy of this database. */
export async function toFile(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, {
    output: { type: 'string' },
    json: { type: 'boolean' },
    'with-files': { type: 'boolean' },
    'without-files': { type: 'boolean' },
  });
  if (values['with-files'] && values['without-files'])
    throw new Usage('--with-files and --without-files exclude each other.');
  await withInstance(io, async (instance) => {
    const { engine } = instance;
    const { uid, name } = branchHere(engine, positionals);
    const path = absolute(io, values.output ?? `./${name.replace(/[^\w.-]+/g, '-')}.loam`);
    if (existsSync(path))
      throw new LoamError('InvalidArgument', `${path} exists already. Name another file with --output.`);
    const { bundle, places } = engine.packBranch(uid);
    const { find, close } = finderIn(instance);
    try {
      const found = await lookForFiles(places, find);
      const along = values['with-files'] ?? (!values['without-files'] && found.bytes <= usualFileBytes);
      if (along) refuseTooMuch(found.bytes);
      const gathered = along ? await gatherFiles(bundle, places, find) : null;
      const signer = await signingKeys(instance.folder).signer();
      await write(path, bundleChunks(bundle, signer, gathered?.sources ?? []));
      const { counts, blobs } = bundle.manifest;
      const report = gathered?.report ?? null;
      const signed = signer !== null;
      if (values.json)
        io.out(JSON.stringify({ branch: name, path, signed, counts, blobs, files: report }, null, 1));
      else io.out(path);
      io.err(`${countsText(counts)}; ${signed ? 'signed' : 'not signed: this Node has no Ed25519'}`);
      if (blobs.length > 0)
        io.err(`${count(blobs.length, 'artifact')} made on it: ${filesText(report, found)}`);
      for (const reason of report?.reasons ?? []) io.err(`  not in it: ${reason}`);
    } finally {
      close();
    }
  });
}

function filesText(report: FilesReport | null, found: { bytes: number }): string {
  if (report)
    return `${count(report.files, 'file')} (${count(report.bytes, 'byte')}) went along${report.missing > 0 ? `, the bytes of ${count(report.missing, 'artifact')} did not` : ''}`;
  const many =
    found.bytes > usualFileBytes
      ? `, since they have ${count(found.bytes, 'byte')}; --with-files takes them`
      : '';
  return `the file names their bytes and holds none${many}`;
}

/** Under another name until all of it is there. */
async function write(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const part = `${path}.part`;
  try {
    const file = await open(part, 'wx');
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(part, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new LoamError(
        'InvalidArgument',
        `${part} exists already. Remove it, or name another file with --output.`,
      );
    rmSync(part, { force: true });
    throw error;
  }
}

/** Files of this computer: where their storage is, or in this database's own. What lies in a bucket is not fetched. */
function finderIn({ storage, remote }: Instance): { find: FindFiles; close: () => void } {
  const opened: (() => void)[] = [];
  const find: FindFiles = async ({ storage: { root }, key, copyKey, here, name }) => {
    const elsewhere = !here && remote.reaches(root);
    const paths = [...(here || elsewhere ? [] : [join(root, key)]), join(storage, elsewhere ? copyKey : key)];
    const path = paths.find((one) => existsSync(one));
    if (path === undefined)
      throw new LoamError(
        'BytesElsewhere',
        `The bytes are not on this computer. They lie in ${root}, as ${key}.`,
        {
          name,
        },
      );
    if (statSync(path).isDirectory()) return localFolder(path);
    const { source, close } = localFile(path);
    opened.push(close);
    return { source };
  };
  return { find, close: () => opened.forEach((close) => close()) };
}

export async function fromFile(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, { json: { type: 'boolean' } });
  const [given, more] = positionals;
  if (given === undefined || more !== undefined) throw new Usage('Name one file.');
  const path = absolute(io, given);
  if (!existsSync(path)) throw new LoamError('DoesNotExist', `There is no file ${given}.`);
  await withInstance(io, async ({ engine }) => {
    const { source, close } = fileOf(path);
    try {
      const received = await engine.importBranch(source);
      const { branch, author, madeAt, signedBy, checked, held, review, files } = received;
      if (values.json) return io.out(JSON.stringify(received, null, 1));
      io.out(`opened branch ${branch.name}: ${countsText(received)}`);
      const by = `saved by ${author.handle} at ${minute(madeAt)}`;
      const signature = signedBy === null ? 'not signed' : `signed with ${signedBy}`;
      io.err(`${by}, ${signature}${checked ? '' : ' (not checked: this Node has no Ed25519)'}`);
      if (reviewText(review) !== '') io.err(`its review: ${reviewText(review)}`);
      if (files.here > 0) io.err(`the files of ${count(files.here, 'artifact')} are here`);
      if (files.late > 0) io.err(`the files of ${count(files.late, 'artifact')} come with the next command`);
      if (files.missing > 0) io.err(`the bytes of ${count(files.missing, 'artifact')} did not come along`);
      for (const { registry, row, missing } of held)
        io.err(`held back: ${registry} ${row}: ${missing} is not here`);
    } finally {
      await close();
    }
  });
}
