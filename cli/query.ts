// `loam query`: answers query specs on a LaminDB file, in the grammar in which LaminDB's own answers are written down.
// The file is only read. One spec that fails answers with the name of LaminDB's error; the others are answered all the same.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { keepsBranches, showBranch } from '../src/lib/engine/branch/at-rest.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import { model } from '../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../src/lib/engine/ports.ts';
import type { QuerySpec } from '../src/lib/engine/query/answers.ts';
import { createQueries } from '../src/lib/engine/query/part.ts';
import { absolute } from './instance.ts';
import { lookingAt, onCopy } from './read-only.ts';
import { databaseOf, findSettings } from './settings.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

export const query: Verb = {
  summary: 'Answer query specs on a LaminDB file.',
  usage: 'query [--db FILE] [--branch NAME] --specs IN.json --out OUT.json',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      db: { type: 'string' },
      branch: { type: 'string' },
      specs: { type: 'string' },
      out: { type: 'string' },
    });
    if (positionals.length > 0) throw new Usage(`"${positionals[0]}" is not expected here.`);
    if (values.specs === undefined || values.out === undefined) throw new Usage('Name --specs and --out.');
    const specs = readSpecs(absolute(io, values.specs));
    const { branch } = values;
    const path = databasePath(io, values.db);
    const answer = (driver: SqlDriver) => createQueries(driver, model, Date.now).answerSpecs(specs, branch);
    // The file shows one branch. What another has edited is put into a copy of it.
    const answered =
      branch !== undefined && (await lookingAt(path, keepsBranches))
        ? await onCopy(path, (driver) => {
            showBranch(driver, model, branch);
            return answer(driver);
          })
        : await lookingAt(path, answer);
    const failed = answered.filter((spec) => spec.error !== undefined).length;
    const text = JSON.stringify({ branch: branch ?? 'main', queries: answered }, null, 1);
    writeFileSync(absolute(io, values.out), `${text}\n`);
    io.err(`${answered.length} queries, ${failed} errors`);
  },
};

function databasePath(io: Io, given: string | undefined): string {
  if (given !== undefined) return absolute(io, given);
  const found = findSettings(io);
  if (!found) throw new Usage('There is no database here; name one with --db.');
  return databaseOf(found.settings.storage);
}

/** A list of specs, or `{ queries: […] }` as answers are written. */
function readSpecs(path: string): QuerySpec[] {
  if (!existsSync(path)) throw new LoamError('DoesNotExist', `There is no file ${path}.`);
  let value: unknown;
  try {
    value = JSON.parse(withFloats(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new LoamError('FileUnreadable', `${path} is no JSON: ${(error as Error).message}.`);
  }
  const list = Array.isArray(value) ? value : (value as { queries?: unknown } | null)?.queries;
  if (!Array.isArray(list) || list.some((spec) => typeof spec !== 'object' || spec === null))
    throw new LoamError('InvalidArgument', `${path} holds no list of specs.`);
  return list as QuerySpec[];
}

/** Python tells 1.0 from 1, JSON.parse does not: such numbers are marked. */
export function withFloats(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => {
    const float = !token.startsWith('"') && /[.eE]/.test(token) && Number.isInteger(Number(token));
    return float ? `{"$float":${token}}` : token;
  });
}
