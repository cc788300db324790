// `loam validate`: a file or folder against a schema of the database, by the same engine as in the page. Nothing is written.
// The exit code is 1 where LaminDB would refuse the dataset, so that scripts can stop there.
import { datasetAt } from './dataset.ts';
import { findTag } from './entity.ts';
import { findingsText } from './findings-text.ts';
import { absolute, withInstance } from './instance.ts';
import { flags, Usage, type Verb } from './verb.ts';

export const validate: Verb = {
  summary: 'Check a table, AnnData, MuData or SpatialData against a schema.',
  usage: 'validate PATH --schema NAME|UID [--json]',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      schema: { type: 'string' },
      json: { type: 'boolean' },
    });
    const [file, more] = positionals;
    if (file === undefined || more !== undefined) throw new Usage('Name one file or folder.');
    const { schema } = values;
    if (schema === undefined) throw new Usage('Name a schema with --schema, by its name or uid.');
    const { reader, close } = datasetAt(absolute(io, file));
    try {
      return await withInstance(io, async (instance) => {
        const { id } = findTag(instance, 'Schema', schema);
        const [uid] = instance.engine.getRow('Schema', id, ['uid']);
        const result = await instance.engine.validateDataset(String(uid), reader);
        if (values.json) io.out(JSON.stringify({ file, ...result }, null, 2));
        else io.out(findingsText(file, result));
        return result.ok ? 0 : 1;
      });
    } finally {
      close();
    }
  },
};
