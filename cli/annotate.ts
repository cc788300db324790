// `loam annotate`: project, label, record, version, feature values, readme and comment for one object. Everything that is
// named is looked up before anything is written.
import { readFileSync } from 'node:fs';
import { LoamError } from '../src/lib/engine/errors.ts';
import { findEntity, findTag, isAddress, namingFlags, shownName } from './entity.ts';
import { absolute, withInstance } from './instance.ts';
import { registryOfPath } from './source-files.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

const tagged = ['artifact', 'transform', 'collection'];
const featured = ['artifact', 'run', 'record'];

export const annotate: Verb = {
  summary: 'Annotate an object with labels, features, a version, a readme or a comment.',
  usage:
    'annotate [ENTITY | URL] [--key KEY] [--uid UID] [--name NAME] [--project P] [--ulabel L] [--record R] [--version V] [--features NAME=VALUE[,VALUE] …] [--readme FILE] [--comment TEXT]',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      ...namingFlags,
      project: { type: 'string' },
      ulabel: { type: 'string' },
      record: { type: 'string' },
      version: { type: 'string' },
      features: { type: 'string', multiple: true },
      readme: { type: 'string' },
      comment: { type: 'string' },
    });
    // `--features a=1 b=2`: what follows the first is no flag's value for the parser.
    const words = positionals.filter((word) => !word.includes('=') || isAddress(word));
    const pairs = [...(values.features ?? []), ...positionals.filter((word) => !words.includes(word))];
    const [given, more] = words;
    if (more !== undefined) throw new Usage(`"${more}" is not expected here.`);
    const word = given ?? (values.key === undefined ? 'artifact' : registryOfPath(values.key));
    const features = readPairs(pairs);
    const readme = values.readme === undefined ? null : readText(io, values.readme);
    const { project, ulabel, record, version, comment } = values;
    const tags = { projects: project, ulabels: ulabel, records: record };
    const asked = [project, ulabel, record, version, values.readme, comment, pairs[0]];
    if (asked.every((one) => one === undefined)) throw new Usage('Say what to annotate with.');
    await withInstance(io, async (instance) => {
      const { engine } = instance;
      const entity = findEntity(instance, word, values);
      const { registry, id } = entity;
      const ref = { id };
      const own = registry.toLowerCase();
      if ([project, ulabel, record, version].some((one) => one !== undefined) && !tagged.includes(own))
        throw new Usage(`--project, --ulabel, --record and --version are for ${tagged.join(', ')}.`);
      if (pairs.length > 0 && !featured.includes(own))
        throw new Usage(`Feature values are for ${featured.join(', ')}.`);
      const links = Object.entries(tags).flatMap(([relation, name]) => {
        if (name === undefined) return [];
        const target = { projects: 'Project', ulabels: 'ULabel', records: 'Record' }[relation] ?? '';
        return [{ relation, add: [{ id: findTag(instance, target, name).id }] }];
      });
      for (const { relation, add } of links) engine.relate(registry, ref, relation, { add });
      if (version !== undefined) engine.update(registry, ref, { version });
      if (pairs.length > 0) await engine.writeFeatures(registry, [ref], 'add', features, { typed: true });
      if (readme !== null) engine.saveBlock(registry, ref, { kind: 'readme', content: readme });
      if (comment !== undefined) engine.saveBlock(registry, ref, { kind: 'comment', content: comment });
      io.out(`annotated ${entity.word}: ${shownName(instance, entity)}`);
    });
  },
};

function readText(io: Io, path: string): string {
  try {
    return readFileSync(absolute(io, path), 'utf8');
  } catch (error) {
    throw new LoamError('DoesNotExist', `${path} cannot be read: ${(error as Error).message}.`, {
      path,
    });
  }
}

/** `name=value`, `name=a,b`, `name="a, b","c"`. */
function readPairs(pairs: readonly string[]): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at)).trim();
    if (name === '')
      throw new Usage(`"${pair}" is no feature with a value; write NAME=VALUE or NAME=VALUE,VALUE.`);
    const text = pair.slice(at + 1);
    const quoted = [...text.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '');
    const list = quoted.length > 0 ? quoted : text.split(',').map((part) => part.trim());
    values[name] = list.length === 1 ? (list[0] ?? '') : list;
  }
  return values;
}
