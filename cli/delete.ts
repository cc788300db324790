// `loam delete`: an object to the trash, or for good with all that falls with it; and the whole database.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import { hasTrash } from '../src/lib/engine/registry/tables.ts';
import { findAnywhere, isAddress, namingFlags, shownName, type Entity } from './entity.ts';
import { withInstance, type Instance } from './instance.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

export const remove: Verb = {
  summary: 'Delete an object, or the whole database.',
  usage: 'delete ENTITY | URL | OWNER/INSTANCE [--uid UID] [--key KEY] [--name NAME] [--permanent] [--force]',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      ...namingFlags,
      permanent: { type: 'boolean' },
      force: { type: 'boolean' },
    });
    const [word, more] = positionals;
    if (word === undefined || more !== undefined) throw new Usage('Name one entity, such as artifact.');
    const force = values.force === true;
    if (word.includes('/') && !isAddress(word)) return removeDatabase(io, word, force);
    await withInstance(io, async (instance) => {
      const entity = findAnywhere(instance, word, values);
      const { table, registry, id } = entity;
      const name = shownName(instance, entity);
      const [branch] = hasTrash(table) ? instance.engine.getRow(registry, id, ['branch_id']) : [null];
      const trashed = branch === -1;
      if (!values.permanent && hasTrash(table) && !trashed) {
        await instance.engine.trash(registry, [{ id }]);
        return io.out(`moved to trash: ${entity.word} ${name}`);
      }
      // What is in the trash already goes for good, after a yes.
      const sure = values.permanent === true || !hasTrash(table);
      await removeForGood(io, instance, entity, name, force, sure);
    });
  },
};

async function removeForGood(
  io: Io,
  { engine }: Instance,
  { registry, word, id }: Entity,
  name: string,
  force: boolean,
  sure: boolean,
): Promise<void> {
  const plan = await engine.purgePlan(registry, [{ id }]);
  const [own, ...others] = plan.tables;
  const falls = others.filter(({ dangerous }) => dangerous);
  for (const { registry: what, table, count, names } of falls)
    io.err(`${count} ${what ?? table} would go with it: ${names.join(', ')}`);
  if (plan.bytes > 0) io.err(`${plan.bytes.toLocaleString('en')} stored bytes would go with it.`);
  // What stands in the way is told by the refusal itself.
  const more = plan.refused.length === 0 && (falls.length > 0 || (own !== undefined && own.count > 1));
  if (!force && (more || !sure) && !(await io.confirm(`Delete ${word} ${name} for good?`)))
    throw new LoamError('Cancelled', 'Nothing was deleted.');
  await engine.purge(registry, [{ id }]);
  io.out(`deleted for good: ${word} ${name}`);
}

const itsOwn = /^(lamin\.db(-wal|-shm|-journal)?|storage_uid\.txt|\.staging|_exclusion)$/;

/** Only a database without stored files: those are deleted one by one before, with their artifacts. */
async function removeDatabase(io: Io, slug: string, force: boolean): Promise<void> {
  const { storage, folder } = await withInstance(io, async ({ engine, storage, folder }) => {
    const { user, instance } = engine.status();
    const own = `${user.handle}/${instance}`;
    if (own !== slug)
      throw new LoamError('DoesNotExist', `The database here is ${own}, not ${slug}. Nothing was deleted.`);
    return { storage, folder };
  });
  const managed = join(storage, '.lamindb');
  const files = readdirSync(managed).filter((name) => !itsOwn.test(name));
  if (files.length > 0)
    throw new LoamError(
      'StorageNotEmpty',
      `${managed} holds ${files.length} stored files. Delete their artifacts with --permanent first; nothing was deleted.`,
      { root: storage, count: files.length },
    );
  if (!force && !(await io.confirm(`Are you sure you want to delete the database ${slug}?`)))
    throw new LoamError('Cancelled', 'Nothing was deleted.');
  for (const name of readdirSync(managed)) rmSync(join(managed, name), { recursive: true, force: true });
  const settings = join(folder, '.loam', 'settings.json');
  if (existsSync(settings)) rmSync(settings);
  io.out(`deleted database: ${slug}`);
}
