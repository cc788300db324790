// Kinds of acts in words: the engine's own are known, a plug-in's stand as they are.
const words: Record<string, string> = {
  annotate: 'annotate',
  append: 'append to a collection',
  archive: 'archive',
  create: 'create',
  delete: 'delete for good',
  drop: 'add files',
  features: 'feature values',
  import: 'import',
  note: 'note or comment',
  purge: 'delete for good, with bytes',
  redo: 'redo',
  relate: 'links',
  rename: 'rename',
  restore: 'put back',
  review: 'review of a branch',
  trash: 'move to the trash',
  undo: 'undo',
  update: 'edit',
};

export const actKind = (kind: string): string => words[kind] ?? kind.replaceAll('_', ' ');
