// `loam info`: which database this directory uses, and what it holds.
import { model } from '../src/lib/engine/model/model.ts';
import { withInstance, type Instance } from './instance.ts';
import { databaseOf } from './settings.ts';
import { flags, type Verb } from './verb.ts';

/** Modules of registries beside LaminDB's own. */
export const moduleNames = model.modules.map(({ name }) => name).filter((name) => name !== 'lamindb');

export const info: Verb = {
  summary: 'Show info about the database, branch and user.',
  usage: 'info',
  async run(args, io) {
    flags(args, {});
    await withInstance(io, async ({ engine, storage, folder, settings }) => {
      for (const [label, value] of facts({ engine, storage, folder, settings }))
        io.out(`${label.padEnd(10)} ${value}`);
    });
  },
};

/** What is in force here, by name. */
export function facts({
  engine,
  storage,
  folder,
  settings,
}: Pick<Instance, 'engine' | 'storage' | 'folder' | 'settings'>): [string, string][] {
  const { instance, user, branch, artifacts } = engine.status();
  return [
    ['instance', `${user.handle}/${instance}`],
    ['database', databaseOf(storage)],
    ['storage', storage],
    ['dev-dir', folder],
    ['branch', branch.name],
    ['space', settings.space ?? 'all'],
    ['modules', moduleNames.join(',')],
    ['user', `${user.handle} (${user.uid})`],
    ['artifacts', String(artifacts)],
  ];
}
