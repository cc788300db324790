// `loam update`: a new description of an object, or a new status of a branch.
import { byKey, findEntity, namingFlags } from './entity.ts';
import { withInstance } from './instance.ts';
import { flags, Usage, type Verb } from './verb.ts';

const statuses = ['standalone', 'draft', 'review', 'merged', 'closed'];

export const update: Verb = {
  summary: 'Update an object: its description, or the status of a branch.',
  usage: `update ENTITY [--uid UID] [--key KEY] [--name NAME] (--description TEXT | --status ${statuses.join('|')})`,
  async run(args, io) {
    const { values, positionals } = flags(args, {
      ...namingFlags,
      status: { type: 'string' },
      description: { type: 'string' },
    });
    const [word, more] = positionals;
    if (word === undefined || more !== undefined) throw new Usage('Name one entity, such as artifact.');
    const { status, description } = values;
    if (status !== undefined && description !== undefined)
      throw new Usage('Pass only one of --status or --description.');
    if (status === undefined && description === undefined)
      throw new Usage('Pass one of: --status or --description.');
    if (status !== undefined && word.toLowerCase() !== 'branch')
      throw new Usage('--status is only supported for branch.');
    if (status !== undefined && !statuses.includes(status))
      throw new Usage(`"${status}" is no status of a branch; known: ${statuses.join(', ')}.`);
    await withInstance(io, async (instance) => {
      const { table, registry, id } = findEntity(instance, word, values);
      if (status !== undefined) {
        instance.engine.update(registry, { id }, { status });
        return io.out(`updated ${word}: status='${status}'`);
      }
      if (!table.column.has('description'))
        throw new Usage(`A ${word} has no description${byKey(table) ? '' : '; annotate it with a readme'}.`);
      instance.engine.update(registry, { id }, { description });
      io.out(`updated ${word}: description`);
    });
  },
};
