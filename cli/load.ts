// `loam load`: where an artifact's or collection's files are, and source code or notes back into the development directory.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import { artifactFile } from './artifact-files.ts';
import { findAnywhere, isAddress, type Entity } from './entity.ts';
import { withInstance, type Instance } from './instance.ts';
import { findNote, noteTarget, noteWithUid } from './notes.ts';
import { registryOfPath } from './source-files.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

const loadable = ['artifact', 'transform', 'collection', 'record'];

export const load: Verb = {
  summary: 'Load an artifact, collection, transform or note.',
  usage: 'load [ENTITY | URL | TOPIC/NOTE.md] [--uid UID] [--key KEY] [--with-env]',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      uid: { type: 'string' },
      key: { type: 'string' },
      'with-env': { type: 'boolean' },
    });
    const [given, more] = positionals;
    if (more !== undefined) throw new Usage(`"${more}" is not expected here.`);
    const { uid, key } = values;
    const bare = given !== undefined && !isAddress(given) && uid === undefined && key === undefined;
    const note = bare && !loadable.includes(given) ? noteTarget(given) : null;
    if (given === undefined && key === undefined) throw new Usage('Name an entity or a --key.');
    const word = given ?? registryOfPath(key ?? '');
    await withInstance(io, async (instance) => {
      if (note) {
        const { id } = findNote(instance.engine, note);
        if (id === null)
          throw new LoamError('DoesNotExist', `There is no note "${given}". Save it with "loam save".`);
        return loadNote(io, instance, id);
      }
      if (given === 'README.md') return readme(io, instance);
      if (!isAddress(word) && !loadable.includes(word))
        throw new Usage(
          `"${word}" cannot be loaded; name an address, a note or one of ${loadable.join(', ')}.`,
        );
      const entity = findAnywhere(instance, word, { uid, key });
      if (values['with-env'] && entity.registry !== 'Transform')
        throw new Usage('--with-env belongs to transforms.');
      if (entity.registry === 'Artifact')
        return io.out(`artifact is here: ${await pathOf(instance, entity.id)}`);
      if (entity.registry === 'Collection') return collection(io, instance, entity);
      if (entity.registry === 'Record') return loadNote(io, instance, entity.id);
      if (entity.registry === 'Transform')
        return transform(io, instance, entity, values['with-env'] === true);
      throw new Usage(`A ${entity.word} has nothing to load.`);
    });
  },
};

/** The file or folder itself: what lies on this computer is not copied. */
function pathOf(instance: Instance, id: number): Promise<string> {
  const [uid] = instance.engine.getRow('Artifact', id, ['uid']);
  return artifactFile(instance, instance.engine.whereabouts(String(uid)));
}

async function collection(io: Io, instance: Instance, { id }: Entity): Promise<void> {
  const members = instance.engine.queryIds({
    registry: 'Artifact',
    filters: [{ collections__id: id, branch_id__isnull: false }],
    order: ['links_collection__id'],
  });
  io.out(`collection paths (${members.length} files):`);
  for (const [i, member] of members.entries())
    io.out(`  [${i + 1}/${members.length}] ${await pathOf(instance, member)}`);
}

async function transform(io: Io, instance: Instance, { id }: Entity, withEnv: boolean): Promise<void> {
  const { engine, folder } = instance;
  const [key, source, kind] = engine.getRow('Transform', id, ['key', 'source_code', 'kind']);
  if (typeof source !== 'string' || typeof key !== 'string')
    throw new LoamError('DoesNotExist', 'There is no source code saved for this transform.');
  if (extname(key) === '.ipynb')
    throw new LoamError(
      'NotImplementedError',
      'Notebooks cannot be rebuilt from their code here. Load it with Python: lamin load.',
    );
  const path = await place(io, folder, key, source);
  io.out(`${String(kind)} is here: ${path}`);
  if (!withEnv) return;
  const [environment] = engine.queryRows(
    {
      registry: 'Run',
      filters: [{ transform_id: id, environment__isnull: false }],
      order: ['-started_at'],
      limit: 1,
    },
    ['environment_id'],
  );
  if (!environment) return io.err('There is no run of this transform with an environment.');
  const name = `${basename(path, extname(path))}__requirements.txt`;
  const target = join(dirname(path), name);
  copyFileSync(await pathOf(instance, Number(environment[0])), target);
  io.out(`environment is here: ${target}`);
}

async function loadNote(io: Io, { engine, folder }: Instance, id: number): Promise<void> {
  const [uid, name, notes] = engine.getRow('Record', id, ['uid', 'name', 'notes']);
  if (typeof notes !== 'string')
    throw new LoamError('DoesNotExist', `The record "${String(name)}" has no note to load.`);
  const above: string[] = [];
  for (let at: number | null = id, steps = 0; at !== null && steps < 100; steps++) {
    const [row] = engine.queryRows({ registry: 'Record', filters: [{ id: at, branch_id__isnull: false }] }, [
      'type_id',
      'type__name',
    ]);
    at = typeof row?.[0] === 'number' ? row[0] : null;
    if (at !== null) above.unshift(String(row?.[1]));
  }
  const path = await place(
    io,
    folder,
    [...above, `${String(name)}.md`].join('/'),
    noteWithUid(notes, String(uid)),
  );
  io.out(`note is here: ${path}`);
}

async function readme(io: Io, instance: Instance): Promise<void> {
  const [page] = instance.engine.queryRows(
    { registry: 'Block', filters: [{ key: 'README.md', is_latest: true }], order: ['-id'], limit: 1 },
    ['content'],
  );
  if (!page)
    throw new LoamError('DoesNotExist', 'This database has no README. Save one with "loam save README.md".');
  io.out(`README is here: ${await place(io, instance.folder, 'README.md', String(page[0]))}`);
}

/** Writes a text below the development directory and nowhere else; what is there is replaced only after a yes. */
async function place(io: Io, folder: string, key: string, text: string): Promise<string> {
  const path = resolve(folder, key);
  const inside = relative(folder, path);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || resolve(inside) === inside)
    throw new LoamError('InvalidArgument', `"${key}" does not lie in the development directory ${folder}.`);
  if (existsSync(path)) {
    if (readFileSync(path, 'utf8') === text) return path;
    if (!(await io.confirm(`${path} exists: replace?`)))
      throw new LoamError('Cancelled', `${path} was left as it is.`);
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
