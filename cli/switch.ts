// `loam switch`: which branch (or space) the commands of this directory work on from now on. As with lamin the settings keep
// it; the file of the database shows main between commands, since Python may open it.
import { branchNamed, branchWords, isCalled } from './branch-words.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import { withInstance } from './instance.ts';
import { keepPlace, placeNamed, settingsHere } from './settings-verb.ts';
import { flags, Usage, type Verb } from './verb.ts';

export const switchVerb: Verb = {
  summary: 'Switch to a branch or a space.',
  usage: 'switch [-c | --create] BRANCH | switch --space SPACE',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      space: { type: 'boolean' },
      create: { type: 'boolean', short: 'c' },
    });
    const [target, more] = positionals;
    const what = values.space ? 'space' : 'branch';
    if (target === undefined || more !== undefined) throw new Usage(`Name one ${what}.`);
    if (values.space && values.create) throw new Usage('-c creates a branch; it does not go with --space.');
    settingsHere(io);
    if (values.space) {
      const name = await placeNamed(io, 'space', target);
      keepPlace(io, 'space', name);
      return io.out(`switched to space ${name}`);
    }
    // A new branch begins where one is; to an old one the way goes from main.
    const from = values.create ? {} : { branch: 'main' };
    const { name, told } = await withInstance(
      io,
      ({ engine }) => {
        if (values.create && engine.branches().some((branch) => isCalled(branch, target.trim())))
          throw new LoamError(
            'ValidationError',
            `The branch "${target}" is there already. Leave out -c to switch to it.`,
            { branch: target },
          );
        if (values.create) engine.createBranch(target, { switch: true });
        else engine.switchBranch(branchNamed(engine, target).uid);
        const branch = branchNamed(engine, engine.status().branch.uid);
        return { name: branch.name, told: branchWords(branch) };
      },
      from,
    );
    keepPlace(io, 'branch', name);
    if (values.create) io.err(`created branch: ${name}`);
    io.out(`switched to ${name}`);
    if (told !== null) io.err(told);
  },
};
