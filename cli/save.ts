// `loam save`: a file or folder becomes an artifact through the same drop as in the page, with its Run; source code becomes
// a transform and a markdown note the readme of its record, as with lamin.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, extname, relative, sep } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { DropOptions } from '../src/lib/engine/registry/drop-types.ts';
import { findTag } from './entity.ts';
import { absolute, inputOf, withInstance, type Instance } from './instance.ts';
import { findNote, noteTarget, noteWithoutUid, noteWithUid, uidInNote } from './notes.ts';
import { findSettings } from './settings.ts';
import { kindOfSource, notebookTitle, registryOfPath, trackedUid } from './source-files.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

interface Given {
  key?: string;
  description?: string;
  kind?: string;
  'stem-uid'?: string;
  project?: string[];
  ulabel?: string[];
  registry?: string;
}

export const save: Verb = {
  summary: 'Save a file or folder as an artifact, source code as a transform, a note as a record.',
  usage:
    'save PATH [--key KEY] [--description TEXT] [--kind KIND] [--stem-uid UID] [--project NAME] [--ulabel NAME] [--space NAME] [--branch NAME] [--registry artifact|transform|record]',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      key: { type: 'string' },
      description: { type: 'string' },
      kind: { type: 'string' },
      'stem-uid': { type: 'string' },
      project: { type: 'string', multiple: true },
      ulabel: { type: 'string', multiple: true },
      space: { type: 'string' },
      branch: { type: 'string' },
      registry: { type: 'string' },
    });
    const [given, more] = positionals;
    if (given === undefined || more !== undefined) throw new Usage('Name one file or folder.');
    const path = absolute(io, given);
    if (!existsSync(path)) throw new LoamError('DoesNotExist', `There is no file or folder ${given}.`);
    const registry = values.registry ?? registryFor(io, path, values.key);
    const saver = Object.hasOwn(savers, registry) ? savers[registry] : undefined;
    if (!saver) throw new Usage(`--registry is artifact, transform or record, not "${registry}".`);
    const { space, branch } = values;
    const place = { ...(space === undefined ? {} : { space }), ...(branch === undefined ? {} : { branch }) };
    return withInstance(io, (instance) => saver(io, instance, path, values), place);
  },
};

/** By suffix; a markdown file of the development directory is a note unless a key is given. */
function registryFor(io: Io, path: string, key: string | undefined): string {
  const folder = findSettings(io)?.folder;
  if (key === undefined && folder !== undefined && extname(path) === '.md' && statSync(path).isFile()) {
    const inside = below(folder, path);
    if (inside !== null && noteTarget(inside)) return 'record';
  }
  return statSync(path).isFile() ? registryOfPath(path) : 'artifact';
}

const savers: Record<
  string,
  (io: Io, instance: Instance, path: string, given: Given) => Promise<number> | number
> = { artifact: saveArtifact, transform: saveTransform, record: saveNote };

/** The path below a folder; null outside of it. */
function below(folder: string, path: string): string | null {
  const inside = relative(folder, path).split(sep).join('/');
  return inside === '..' || inside.startsWith('../') || inside === '' ? null : inside;
}

async function saveArtifact(io: Io, instance: Instance, path: string, given: Given): Promise<number> {
  const { engine } = instance;
  const revised = given['stem-uid'] === undefined ? null : revisedKey(instance, given['stem-uid']);
  const key = revised ?? given.key ?? below(io.cwd, path) ?? basename(path);
  const options: DropOptions = {
    ...(given.description === undefined ? {} : { description: given.description }),
    ...(given.project ? { projects: given.project } : {}),
    ...(given.ulabel ? { labels: given.ulabel } : {}),
  };
  const { input, close } = inputOf(path, key);
  try {
    const { drop } = engine.drop([input], options);
    await engine.dropDone(drop);
    const [item] = engine.drops();
    if (!item?.artifact) throw new LoamError('FileUnreadable', item?.message ?? `${path} was not saved.`);
    const { uid } = item.artifact;
    const changes = {
      ...(given.kind === undefined ? {} : { kind: given.kind }),
      ...(revised === null || given.key === undefined || given.key === revised ? {} : { key: given.key }),
    };
    if (Object.keys(changes).length > 0) engine.update('Artifact', { uid }, changes);
    if (basename(path) === 'README.md' && key === 'README.md')
      engine.saveBlock(null, 'README.md', { kind: 'readme', content: readFileSync(path, 'utf8') });
    if (item.message) io.err(item.message);
    io.out(uid);
    return 0;
  } finally {
    await close();
  }
}

/** Key of the newest version of a family; the file becomes its next version. */
function revisedKey({ engine }: Instance, stem: string): string {
  const [row] = engine.queryRows(
    { registry: 'Artifact', filters: [{ uid__startswith: stem }], order: ['-created_at', '-id'], limit: 1 },
    ['key'],
  );
  if (!row) throw new LoamError('DoesNotExist', `The stem uid "${stem}" is not found.`, { uid: stem });
  if (typeof row[0] !== 'string')
    throw new LoamError('InvalidArgument', `The artifact ${stem} has no key, by which versions are found.`);
  return row[0];
}

function saveTransform(io: Io, instance: Instance, path: string, given: Given): number {
  const { engine, folder } = instance;
  if (extname(path) === '.ipynb')
    throw new LoamError(
      'NotImplementedError',
      'Notebooks are saved as transforms by Python (lamin save). Pass --registry artifact to keep the file itself.',
    );
  if (!statSync(path).isFile()) throw new Usage('A transform is saved from one file.');
  if (given.key !== undefined)
    io.err('--key is ignored for transforms: their key is the path in the development directory.');
  const source = readFileSync(path, 'utf8');
  const named = trackedUid(source);
  const stem = given['stem-uid'] ?? named?.slice(0, 12);
  const [head] =
    stem === undefined
      ? []
      : engine.queryRows(
          {
            registry: 'Transform',
            filters: [{ uid__startswith: stem }],
            order: ['-created_at', '-id'],
            limit: 1,
          },
          ['uid', 'source_code'],
        );
  if (!head && given['stem-uid'] !== undefined)
    throw new LoamError('DoesNotExist', `The stem uid "${given['stem-uid']}" is not found.`);
  const made = engine.create('Transform', {
    key: below(folder, path) ?? basename(path),
    kind: given.kind ?? kindOfSource(path),
    source_code: source,
    description: given.description ?? notebookTitle(source) ?? undefined,
    ...identity(named, stem, head),
  });
  for (const name of given.project ?? [])
    engine.relate('Transform', { id: made.id }, 'projects', {
      add: [{ id: findTag(instance, 'Project', name).id }],
    });
  for (const name of given.ulabel ?? [])
    engine.relate('Transform', { id: made.id }, 'ulabels', {
      add: [{ id: findTag(instance, 'ULabel', name).id }],
    });
  if (made.message) io.err(made.message);
  io.out(made.uid);
  return 0;
}

/** Whose next version the code is, or which uid it asks for. */
function identity(named: string | null, stem: string | undefined, head: readonly unknown[] | undefined) {
  if (named?.length === 16 && head?.[0] !== named)
    return head ? { revises: { uid: String(head[0]) } } : { uid: named };
  if (head) return head[1] === null ? { uid: String(head[0]) } : { revises: { uid: String(head[0]) } };
  return stem === undefined ? {} : { uid: `${stem}0000` };
}

function saveNote(io: Io, { engine, folder }: Instance, path: string, given: Given): number {
  if (extname(path) !== '.md') throw new Usage('Saving as a record takes a .md file.');
  if (given.key !== undefined) io.err('--key is ignored for records: their name is that of the file.');
  const inside = below(folder, path);
  const target = inside === null ? null : noteTarget(inside);
  if (!target)
    throw new LoamError(
      'InvalidArgument',
      `A note is a markdown file in the development directory ${folder}: topic/note.md or note.md.`,
    );
  const text = readFileSync(path, 'utf8');
  const known = uidInNote(text);
  const id = known === null ? noteRecord() : renamed(known);
  const [uid] = engine.getRow('Record', id, ['uid']);
  const kept = noteWithUid(text, String(uid));
  engine.saveBlock('Record', { id }, { kind: 'readme', content: noteWithoutUid(kept) });
  if (kept !== text) writeFileSync(path, kept);
  io.out(String(uid));
  return 0;

  function noteRecord(): number {
    const { id: found, type } = findNote(engine, target as NonNullable<typeof target>);
    if (found !== null) return found;
    // Pages are types themselves; a sheet only takes rows.
    const sheet = type !== null && engine.getRow('Record', type, ['schema_id'])[0] !== null;
    return engine.create(
      'Record',
      { name: target?.name, is_type: !sheet, ...(type === null ? {} : { type: { id: type } }) },
      { searchNames: false },
    ).id;
  }

  /** The file says which record it is; its name follows the file's. */
  function renamed(uid: string): number {
    const [found, name] = engine.getRow('Record', { uid }, ['id', 'name']);
    if (name !== target?.name) engine.update('Record', { uid }, { name: target?.name });
    return Number(found);
  }
}
