// The command line: finds the verb, runs it, turns errors into one line on stderr and an exit code. Verbs and flags are
// those of `lamin` (lamin-cli 1.21); `branch`, `query`, `inspect`, `sql` and `ontology` are ours. 0 = done, 1 = refused or failed, 2 = wrong usage.
import { isLoamError } from '../src/lib/engine/errors.ts';
import { verbs } from './verbs.ts';
import { Usage, type Io } from './verb.ts';

export async function main(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    io.out(await overview());
    return name === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!load) {
    io.err(`There is no command "${name}". Run "loam help" to see them all.`);
    return 2;
  }
  const verb = await load();
  if (args.includes('--help') || args.includes('-h')) {
    io.out(`${verb.summary}\n\nUsage: loam ${verb.usage}`);
    return 0;
  }
  try {
    return (await verb.run(args, io)) ?? 0;
  } catch (error) {
    if (error instanceof Usage) {
      io.err(`${error.message}\nUsage: loam ${verb.usage}`);
      return 2;
    }
    if (isLoamError(error)) io.err(`${error.code}: ${error.message}`);
    else io.err(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function overview(): Promise<string> {
  const lines = ['Loam: registries, lineage and queries over data files, in LaminDB files.', ''];
  for (const [name, load] of Object.entries(verbs))
    lines.push(`  ${name.padEnd(10)}${(await load()).summary}`);
  lines.push('', 'loam VERB --help tells the flags of each.');
  return lines.join('\n');
}
