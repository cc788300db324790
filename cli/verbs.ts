// Every verb, loaded when it is asked for, so that one does not pay for the others' modules.
import type { Verb } from './verb.ts';

export const verbs: Readonly<Record<string, () => Promise<Verb>>> = {
  annotate: async () => (await import('./annotate.ts')).annotate,
  branch: async () => (await import('./branch.ts')).branch,
  create: async () => (await import('./create.ts')).create,
  delete: async () => (await import('./delete.ts')).remove,
  describe: async () => (await import('./describe.ts')).describe,
  get: async () => (await import('./describe.ts')).get,
  init: async () => (await import('./init.ts')).init,
  info: async () => (await import('./info.ts')).info,
  inspect: async () => (await import('./inspect.ts')).inspect,
  io: async () => (await import('./io.ts')).io,
  list: async () => (await import('./list.ts')).list,
  load: async () => (await import('./load.ts')).load,
  merge: async () => (await import('./merge.ts')).merge,
  ontology: async () => (await import('./ontology.ts')).ontology,
  query: async () => (await import('./query.ts')).query,
  save: async () => (await import('./save.ts')).save,
  settings: async () => (await import('./settings-verb.ts')).settings,
  sql: async () => (await import('./sql.ts')).sql,
  switch: async () => (await import('./switch.ts')).switchVerb,
  update: async () => (await import('./update.ts')).update,
  validate: async () => (await import('./validate.ts')).validate,
};
