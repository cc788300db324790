// `loam ontology`: which packs there are, terms looked up in them, a source imported into a registry, what a newer version
// would change. A file may be OBO, OBO graphs, OWL as JSON or parquet; what is wrong with it stops the import.
import { existsSync } from 'node:fs';
import { LoamError, isLoamError } from '../src/lib/engine/errors.ts';
import type { SourceDiff } from '../src/lib/engine/ontology/compare.ts';
import type { ImportAsk } from '../src/lib/engine/ontology/desk.ts';
import type { JobProgress } from '../src/lib/engine/jobs.ts';
import type { PackChoice } from '../src/lib/engine/ontology/library.ts';
import { absolute, withInstance } from './instance.ts';
import { openDesk } from './ontology-library.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

const given = {
  registry: { type: 'string' },
  source: { type: 'string' },
  version: { type: 'string' },
  organism: { type: 'string' },
} as const;

export const ontology: Verb = {
  summary: 'Public ontologies: list packs, find terms, import a source, compare versions.',
  usage:
    'ontology list | ontology find TEXT [--registry CellType] [--organism O] [--limit N] | ontology import FILE|PACK|URL [--registry CellType] [--source S] [--version V] [--organism O] [--accept] [--upgrade [--rename-used]] | ontology diff FILE|PACK|URL [--registry CellType] …',
  async run([what, ...args], io) {
    if (what === 'list') return list(io);
    if (what === 'find') return find(args, io);
    if (what === 'import') return bring(args, io);
    if (what === 'diff') return compare(args, io);
    throw new Usage(what ? `There is no "ontology ${what}".` : 'Say what to do.');
  },
};

const count = (n: number): string => n.toLocaleString('en');

async function list(io: Io): Promise<void> {
  await withInstance(io, async (instance) => {
    const packs = await openDesk(instance, io.cwd, io.env as NodeJS.ProcessEnv).ontologyPacks();
    if (packs.length === 0)
      io.err(
        'There are no packs. Build some with "npm run ontologies -- FILES", or name a folder of them by LOAM_ONTOLOGIES.',
      );
    for (const { pack, entity, source, version, organism, rows, here, other } of packs) {
      const state = here ? 'imported' : other === null ? '' : `version ${other} is imported`;
      io.out(
        [pack, entity ?? 'no registry', `${source} ${version}`, organism, `${count(rows)} terms`, state]
          .filter((one) => one !== '')
          .join(' · '),
      );
    }
  });
}

async function find(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, {
    registry: given.registry,
    organism: given.organism,
    limit: { type: 'string' },
  });
  const text = positionals.join(' ');
  if (text === '') throw new Usage('Say what to look for.');
  const most = Number(values.limit ?? 20);
  if (!Number.isInteger(most) || most < 1) throw new Usage('--limit takes a whole number above 0.');
  await withInstance(io, async (instance) => {
    const { terms, problems } = await openDesk(instance, io.cwd, io.env as NodeJS.ProcessEnv).findTerms(
      text,
      {
        ...(values.registry === undefined ? {} : { registry: values.registry }),
        ...(values.organism === undefined ? {} : { organism: values.organism }),
        ...{ most, wait: true },
      },
    );
    for (const problem of problems) io.err(problem);
    for (const { id, name, matched, registry, organism, deprecated, replacedBy, here } of terms) {
      const instead = replacedBy
        ? `, use ${replacedBy.id}${replacedBy.name ? ` ${replacedBy.name}` : ''}`
        : '';
      io.out(
        [
          id,
          matched === null ? name : `${name} (${matched})`,
          `${registry ?? ''}${organism === 'all' ? '' : ` of ${organism}`}`,
          deprecated ? `obsolete${instead}` : '',
          here ? `here, in use: ${count(here.artifacts)} artifacts` : '',
        ]
          .filter((part) => part !== '')
          .join(' · '),
      );
    }
  });
}

async function asked(args: string[], io: Io) {
  const { values, positionals } = flags(args, {
    ...given,
    accept: { type: 'boolean' },
    upgrade: { type: 'boolean' },
    'rename-used': { type: 'boolean' },
  });
  const [what, more] = positionals;
  if (what === undefined) throw new Usage('Name a file, a pack or an address.');
  if (more !== undefined) throw new Usage(`"${more}" is not expected here.`);
  const path = absolute(io, what);
  const choice: PackChoice = /^(https?|s3):\/\//.test(what)
    ? { url: what }
    : existsSync(path)
      ? { file: path, name: what }
      : { pack: what };
  const { registry, source, version, organism, accept, upgrade } = values;
  const ask: ImportAsk = {
    ...(registry === undefined ? {} : { registry }),
    ...(source === undefined ? {} : { source }),
    ...(version === undefined ? {} : { version }),
    ...(organism === undefined ? {} : { organism }),
    ...{ accept: accept === true, upgrade: upgrade === true, renameUsed: values['rename-used'] === true },
  };
  return { choice, ask };
}

async function bring(args: string[], io: Io): Promise<number> {
  const { choice, ask } = await asked(args, io);
  return withInstance(io, async (instance) => {
    instance.onJob(teller(io));
    try {
      const done = await openDesk(instance, io.cwd, io.env as NodeJS.ProcessEnv).importOntology(choice, ask);
      const parts = [
        `${count(done.added)} ${done.registry} rows added`,
        done.updated > 0 ? `${count(done.updated)} brought to ${done.source.version}` : '',
        done.kept > 0 ? `${count(done.kept)} were there` : '',
        `${count(done.links)} ${done.links === 1 ? 'link to a parent' : 'links to parents'}`,
      ];
      io.out(parts.filter((part) => part !== '').join(', '));
      for (const why of done.refused) io.err(`left out: ${why}`);
      if (done.refusedCount > done.refused.length)
        io.err(`left out: ${count(done.refusedCount - done.refused.length)} more`);
      return 0;
    } catch (error) {
      if (!isLoamError(error, 'ValidationError') || !Array.isArray(error.details['findings'])) throw error;
      for (const finding of error.details['findings']) io.err(finding);
      throw new LoamError(
        error.code,
        `${error.message.replace(/once you say so\.$/, 'with --accept.')}`,
        error.details,
      );
    }
  });
}

async function compare(args: string[], io: Io): Promise<void> {
  const { choice, ask } = await asked(args, io);
  await withInstance(io, async (instance) => {
    const diff = await openDesk(instance, io.cwd, io.env as NodeJS.ProcessEnv).compareOntology(choice, ask);
    for (const line of diffLines(diff)) io.out(line);
  });
}

/** Tells how far a long import is, every few seconds; a short one says nothing. */
function teller(io: Io): (job: JobProgress) => void {
  const everyMs = 2000;
  let told = Date.now();
  return ({ done, total, state }) => {
    if (state !== 'running' || Date.now() - told < everyMs) return;
    told = Date.now();
    io.err(
      `${count(done)} of ${count(total)} rows and links written; Ctrl C takes all of it back at the next start`,
    );
  };
}

const inUse = (artifacts: number): string =>
  artifacts > 0 ? ` · in use: ${count(artifacts)} artifacts` : '';

function diffLines(diff: SourceDiff): string[] {
  return [
    `${diff.registry}: ${diff.from.length > 0 ? diff.from.join(', ') : 'nothing'} → ${diff.source.name} ${diff.source.version}`,
    `${count(diff.added.count)} new, ${count(diff.renamedCount)} renamed, ${count(diff.obsoleteCount)} obsolete, ${count(diff.goneCount)} gone, ${count(diff.changed)} changed, ${count(diff.same)} the same`,
    ...diff.renamed.map(({ id, name, to, artifacts }) => `renamed ${id}: ${name} → ${to}${inUse(artifacts)}`),
    ...diff.obsolete.map(
      ({ id, name, replacedBy, artifacts }) =>
        `obsolete ${id}: ${name}${replacedBy ? `, use ${replacedBy}` : ''}${inUse(artifacts)}`,
    ),
    ...diff.gone.map(({ id, name, artifacts }) => `gone ${id}: ${name}${inUse(artifacts)}`),
  ];
}
