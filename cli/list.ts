// `loam list`: the rows of a registry as a table, newest first.
import { registryName } from '../src/lib/engine/model/name-field.ts';
import { DataFrame } from '../src/lib/sdk/data-frame.ts';
import { tableOfWord } from './entity.ts';
import { withInstance } from './instance.ts';
import { flags, Usage, type Verb } from './verb.ts';

export const list: Verb = {
  summary: 'List branches, spaces or the rows of any registry.',
  usage: 'list branch|space|REGISTRY [--limit N]',
  async run(args, io) {
    const { values, positionals } = flags(args, { limit: { type: 'string', default: '20' } });
    const [word, more] = positionals;
    if (word === undefined || more !== undefined) throw new Usage('Name one registry, such as branch.');
    const limit = Number(values.limit);
    if (!Number.isSafeInteger(limit) || limit < 1)
      throw new Usage(`--limit is a whole number from 1, not "${values.limit}".`);
    const registry = registryName(tableOfWord(word));
    await withInstance(io, async ({ engine }) => {
      const frame = engine.dataFrame({ registry, filters: [{}] }, { limit });
      io.out(frame.index.length === 0 ? `There is no ${word}.` : new DataFrame(frame).toString());
    });
  },
};
