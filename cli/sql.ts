// `loam sql`: one statement over artifacts, collections, views and registries, with the answer as a table on the terminal, as
// text, as a file, or as an artifact of its own with its lineage.
import { copyFileSync, createReadStream, existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { count } from '../src/lib/engine/curate/words.ts';
import { isLoamError, LoamError } from '../src/lib/engine/errors.ts';
import { textTable } from '../src/lib/sdk/text-table.ts';
import { driftWords } from '../src/lib/statements/drift.ts';
import type { Drift } from '../src/lib/statements/types.ts';
import { openStatement, resultFormats, type OpenStatement, type ResultFormat } from './file-statements.ts';
import { absolute, inputOf, withInstance, type Instance } from './instance.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

/** Rows that a terminal shows unless more are asked for. */
const shown = 50;

/** Files that are fetched sooner than anybody wonders are not told. */
const noticed = 2_000_000;

export const sql: Verb = {
  summary: 'Run a statement over artifacts, collections and registries.',
  usage:
    'sql STATEMENT | --file FILE [--format table|csv|json|parquet|arrow] [--output FILE] [--limit N] [--explain] [--save KEY [--description TEXT]] [--mixed] [--allow-files]',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      file: { type: 'string' },
      format: { type: 'string' },
      output: { type: 'string' },
      limit: { type: 'string' },
      explain: { type: 'boolean' },
      save: { type: 'string' },
      description: { type: 'string' },
      mixed: { type: 'boolean' },
      'allow-files': { type: 'boolean' },
    });
    const text = statementIn(io, positionals, values.file);
    const { output, save } = values;
    const limit = values.limit === undefined ? undefined : wholeNumber(values.limit);
    const format = formatFor(values.format, output);
    if (save !== undefined && (output !== undefined || values.format !== undefined || values.explain))
      throw new Usage('--save writes an artifact: leave out --format, --output and --explain.');
    if (values.description !== undefined && save === undefined)
      throw new Usage('--description belongs to --save.');
    if (save !== undefined && savedFormat(save) === null)
      throw new Usage('The key to save under ends in .parquet or .csv, which says how the rows are written.');
    if (output === undefined && (format === 'parquet' || format === 'arrow'))
      throw new Usage(`--format ${format} is no text: name a file with --output.`);
    await withInstance(io, async (instance) => {
      instance.remote.onFetch = (name, bytes) => {
        if (bytes > noticed) io.err(`Fetching ${name} (${(bytes / 1e6).toFixed(1)} MB), once …`);
      };
      const statement = await opened(io, instance, text, {
        mixed: values.mixed === true,
        ...(values['allow-files'] ? { allowFiles: { cwd: io.cwd } } : {}),
      });
      const quiet = tellProgress(io, statement);
      // The first Ctrl+C ends the statement and takes its folder away; a second one ends the process.
      const stop = () => statement.interrupt();
      process.once('SIGINT', stop);
      try {
        tellNotes(io, statement);
        if (values.explain) return io.out(await statement.explain());
        if (save !== undefined)
          return await saveRows(io, instance, statement, {
            text,
            key: save,
            description: values.description,
            limit,
          });
        if (output !== undefined && format !== null) {
          const { path, rows } = await statement.write(format, limit);
          copyFileSync(path, absolute(io, output));
          return io.err(`${count(rows, 'row')} in ${output}`);
        }
        if (format === null) return await showTable(io, statement, limit ?? shown);
        const { path } = await statement.write(format, limit);
        for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity }))
          io.out(line);
      } finally {
        process.removeListener('SIGINT', stop);
        quiet();
        statement.close();
      }
    });
  },
};

/* ---------- what was asked ---------- */

function statementIn(io: Io, positionals: readonly string[], file: string | undefined): string {
  const [text, more] = positionals;
  if (more !== undefined) throw new Usage('Put the statement in quotes: it is one argument.');
  if ((text === undefined) === (file === undefined))
    throw new Usage('Name one statement, or a file that holds it with --file.');
  if (text !== undefined) return text;
  const path = absolute(io, file ?? '');
  if (!existsSync(path)) throw new LoamError('DoesNotExist', `There is no file ${file}.`);
  return readFileSync(path, 'utf8');
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Usage(`--limit takes a number of rows, not "${text}".`);
}

/** Null for the table of a terminal. */
function formatFor(given: string | undefined, output: string | undefined): ResultFormat | null {
  const word = given ?? (output === undefined ? 'table' : extname(output).slice(1).toLowerCase());
  const known = resultFormats.find((one) => one === word);
  if (known) return known;
  if (word === 'table' && output === undefined) return null;
  if (given !== undefined)
    throw new Usage(
      `--format is table, ${resultFormats.join(', ')}, not "${given}"; a table is for the terminal.`,
    );
  throw new Usage(
    `The ending of ${output} does not say how to write it: name --format ${resultFormats.join('|')}.`,
  );
}

const savedFormat = (key: string): 'parquet' | 'csv' | null =>
  key.endsWith('.parquet') ? 'parquet' : key.endsWith('.csv') ? 'csv' : null;

/* ---------- what is told beside the answer ---------- */

/** Columns of several kinds are told one by one, each with the source as it should be written. */
async function opened(
  io: Io,
  instance: Instance,
  text: string,
  options: Parameters<typeof openStatement>[2],
): Promise<OpenStatement> {
  try {
    return await openStatement(instance, text, options);
  } catch (error) {
    if (isLoamError(error) && error.code === 'SchemaDrift' && typeof error.details['drift'] === 'string')
      for (const { columns, fix } of JSON.parse(error.details['drift']) as Drift[]) {
        for (const column of columns)
          io.err(column.types.length > 0 ? driftWords(column) : missingWords(column));
        if (fix) io.err(`Write in its place: ${fix.text}`);
      }
    throw error;
  }
}

const missingWords = ({ name, missing, missingExample }: Drift['columns'][number]): string =>
  `"${name}" is not in ${count(missing, 'file')} (such as ${missingExample}), whose rows have null there`;

function tellNotes(io: Io, { drift, others, leftOut, files }: OpenStatement): void {
  for (const { columns } of drift)
    for (const column of columns) io.err(column.types.length > 0 ? driftWords(column) : missingWords(column));
  if (others > 0)
    io.err(`${count(others, 'artifact')} of the view ${others === 1 ? 'is' : 'are'} no table and left out.`);
  const { byAnnotations, byFooters } = leftOut;
  if (byAnnotations + byFooters > 0)
    io.err(
      `${count(files, 'file')} opened; left out were ${byAnnotations} by annotations and ${byFooters} by what their footers tell.`,
    );
}

/** A person who waits for more than a second is told how far it is. */
function tellProgress(io: Io, statement: OpenStatement): () => void {
  if (!process.stderr.isTTY) return () => {};
  const timer = setInterval(() => {
    const done = statement.progress();
    io.err(done >= 0 ? `running: ${Math.floor(done)} %` : 'running …');
  }, 2000);
  return () => clearInterval(timer);
}

/* ---------- the answer ---------- */

const numeric = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/;

async function showTable(io: Io, statement: OpenStatement, limit: number): Promise<void> {
  const { names, types, rows } = await statement.rows();
  const cells: (string | null)[][] = [];
  let more = false;
  for await (const row of rows) {
    if (cells.length === limit) {
      more = true;
      break;
    }
    cells.push(row);
  }
  const columns = names.map((name, c) => ({
    name,
    dtype: numeric.test(types[c] ?? '') ? 'float' : '',
    values: cells.map((row) => row[c] ?? null),
  }));
  io.out(textTable(columns));
  if (more)
    io.err(`The first ${count(limit, 'row')}; there are more. --limit N shows N, --output FILE writes all.`);
  else io.err(count(cells.length, 'row'));
}

/** The rows as an artifact: the statement is its Transform, what it read are the inputs of the Run. */
async function saveRows(
  io: Io,
  { engine }: Instance,
  statement: OpenStatement,
  {
    text,
    key,
    description,
    limit,
  }: { text: string; key: string; description: string | undefined; limit: number | undefined },
): Promise<void> {
  const { path, rows } = await statement.write(savedFormat(key) ?? 'parquet', limit);
  if (rows === 0)
    throw new LoamError('ValueError', 'The statement has no rows, so there is nothing to save.');
  const { input, close } = inputOf(path, key);
  try {
    const { drop } = engine.drop([input], {
      made: {
        key: `queries/${key.replace(/\.[^.]*$/, '')}.sql`,
        code: text,
        description: description ?? null,
        params: { rows },
        inputs: statement.sources.map(({ uid }) => uid),
      },
      ...(description === undefined ? {} : { description }),
    });
    await engine.dropDone(drop);
    const [item] = engine.drops();
    if (!item?.artifact) throw new LoamError('FileUnreadable', item?.message ?? `${key} was not saved.`);
    if (item.message) io.err(item.message);
    io.err(`${count(rows, 'row')} from ${count(statement.sources.length, 'artifact')}`);
    io.out(item.artifact.uid);
  } finally {
    await close();
  }
}
