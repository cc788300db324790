// `loam init`: a new database in the storage folder, and the note in this directory that it is the default here.
import { basename, resolve } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import { absolute, initInstance } from './instance.ts';
import { findSettings, writeSettings } from './settings.ts';
import { flags, Usage, type Verb } from './verb.ts';

/** The registries that come with every database here. */
const modules = ['bionty'];

export const init: Verb = {
  summary: 'Initialize a database in the current directory.',
  usage: 'init [--storage FOLDER] [--name NAME] [--modules bionty]',
  async run(args, io) {
    const { values, positionals } = flags(args, {
      storage: { type: 'string' },
      name: { type: 'string' },
      modules: { type: 'string' },
    });
    if (positionals.length > 0) throw new Usage(`"${positionals[0]}" is not expected here.`);
    const here = findSettings(io);
    if (here?.folder === resolve(io.cwd)) {
      throw new LoamError(
        'InvalidArgument',
        `This directory has a database already: ${here.settings.storage}. Nothing was changed.`,
      );
    }
    for (const module of (values.modules ?? 'bionty').split(',').filter(Boolean)) {
      if (!modules.includes(module.trim()))
        throw new LoamError(
          'InvalidArgument',
          `There is no module "${module}"; known: ${modules.join(', ')}.`,
        );
    }
    if (/:\/\//.test(values.storage ?? '')) {
      throw new LoamError('InvalidArgument', `"${values.storage}" is not a folder of this computer.`);
    }
    const storage = absolute(io, values.storage ?? './storage');
    const name = values.name ?? basename(values.storage === undefined ? io.cwd : storage);
    if (!/^[\w.-]+$/.test(name)) {
      throw new LoamError(
        'InvalidArgument',
        `"${name}" cannot be a name: use letters, digits, "-", "_" and ".".`,
      );
    }
    await initInstance(storage, name);
    writeSettings(io.cwd, { storage });
    io.out(`Initialized database anonymous/${name} in ${storage}`);
  },
};
