// `loam create`: a branch or a project. Artifacts, transforms and records come by `loam save`.
import { withInstance } from './instance.ts';
import { flags, Usage, type Verb } from './verb.ts';

const creatable: Record<string, string> = { branch: 'Branch', project: 'Project' };

export const create: Verb = {
  summary: 'Create a branch or a project.',
  usage: 'create branch|project NAME',
  async run(args, io) {
    const { positionals } = flags(args, {});
    const [word = '', name, more] = positionals;
    const registry = Object.hasOwn(creatable, word) ? creatable[word] : undefined;
    if (registry === undefined)
      throw new Usage(`Only a branch or a project is created here${word ? `, not "${word}"` : ''}.`);
    if (name === undefined || more !== undefined) throw new Usage(`Name one ${word}.`);
    await withInstance(io, async ({ engine }) => {
      const made = engine.create(registry, { name });
      if (made.message) io.err(made.message);
      if (made.similar.length > 0) io.err(`Similar names are there: ${made.similar.join(', ')}.`);
      io.out(`${made.created ? 'created' : 'found'} ${word}: ${String(made.row['name'])}`);
    });
  },
};
