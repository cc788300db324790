// `loam describe` and `loam get`: an object in words, as LaminDB prints it, or one field of it.
import { branchWords } from './branch-words.ts';
import { findEntity, isAddress, namingFlags } from './entity.ts';
import { withInstance } from './instance.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

const naming = '[ENTITY | URL] [--uid UID] [--key KEY] [--name NAME] [--include comments]';

export const describe: Verb = {
  summary: 'Describe an object.',
  usage: `describe ${naming}`,
  async run(args, io) {
    const { values, positionals } = flags(args, { ...namingFlags, include: { type: 'string' } });
    await tell(io, entityIn(positionals), values);
  },
};

export const get: Verb = {
  summary: 'Get an object, or one field of it.',
  usage: `get ${naming} [--status | --description]`,
  async run(args, io) {
    const { values, positionals } = flags(args, {
      ...namingFlags,
      include: { type: 'string' },
      status: { type: 'boolean' },
      description: { type: 'boolean' },
    });
    const word = entityIn(positionals);
    if (!values.status && !values.description) return tell(io, word, values);
    if (values.status && values.description) throw new Usage('Pass only one of --status or --description.');
    if (values.include !== undefined)
      throw new Usage('--include belongs to a description, not to a single field.');
    const field = values.status ? 'status' : 'description';
    await withInstance(io, async (instance) => {
      const { registry, table, id } = findEntity(instance, word, values);
      if (field === 'description' && !table.column.has(field))
        throw new Usage(`A ${word} has no description.`);
      if (field === 'status' && !table.column.has('_status_code'))
        throw new Usage(`A ${word} has no status; branches, runs and projects have one.`);
      const [value] = instance.engine.getRow(registry, id, [field]);
      io.out(value === null || value === undefined ? 'None' : String(value));
    });
  },
};

function entityIn(positionals: readonly string[]): string {
  const [word = 'artifact', more] = positionals;
  if (more !== undefined) throw new Usage(`"${more}" is not expected here.`);
  return word;
}

async function tell(
  io: Io,
  word: string,
  values: { uid?: string; key?: string; name?: string; include?: string },
): Promise<void> {
  const { include } = values;
  if (include !== undefined && include !== 'comments')
    throw new Usage(`--include takes "comments", not "${include}".`);
  if (isAddress(word) && (values.uid ?? values.key ?? values.name) !== undefined)
    throw new Usage('An address names the object already.');
  await withInstance(io, async (instance) => {
    const { registry, id, uid } = findEntity(instance, word, values);
    const { engine } = instance;
    const lines = engine.describeRow(registry, id, undefined, include ?? null);
    const branch = registry === 'Branch' ? engine.branches().find((one) => one.uid === uid) : undefined;
    const words = branch && branchWords(branch);
    io.out([...lines, ...(words ? [words] : [])].join('\n'));
  });
}
