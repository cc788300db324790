// The objects of `ln`: one class for each registry, whose instances carry their fields as plain properties and reach what
// they refer to and what they are tied to under LaminDB's names.
import { LoamError } from '../engine/errors.ts';
import { branchStatus, projectStatus, runStatus, wordOf } from '../engine/registry/status.ts';
import { artifactMethods, type ArtifactContext } from './artifact.ts';
import { branchMethods } from './branches.ts';
import { comparisons, featureManager } from './features.ts';
import { RowQuery } from './query.ts';
import type { RegistryCore } from './registry.ts';
import { RelatedRows } from './related.ts';
import { keepState, refOf, stateOf, type RowState } from './state.ts';
import { synonymMethods } from './synonyms.ts';

const statuses: Record<string, Readonly<Record<string, number>>> = {
  Run: runStatus,
  Branch: branchStatus,
  Project: projectStatus,
};

const known = (row: object): RowState => {
  const state = stateOf(row);
  if (!state) throw new LoamError('TypeError', 'This method belongs to a row of ln.');
  return state;
};

/** Gives the registry's rows their class. */
export function defineObjects(core: RegistryCore, context: ArtifactContext): void {
  const { info, shared } = core;
  const prototype: object = {};
  core.prototype = prototype;
  core.keep = keepState;

  const method = (name: string, call: (row: object, ...args: never[]) => unknown): void => {
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(this: object, ...args: never[]) {
        return call(this, ...args);
      },
    });
  };
  const property = (
    name: string,
    get: (row: object) => unknown,
    set?: (row: object, value: unknown) => void,
  ): void => {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: object) {
        // The class itself has none.
        return stateOf(this) ? get(this) : undefined;
      },
      set(this: object, value: unknown) {
        if (set) set(this, value);
        else
          throw new LoamError('AttributeError', `"${name}" of ${info.name} cannot be set.`, { field: name });
      },
    });
  };

  Object.defineProperty(prototype, Symbol.toStringTag, { value: info.name.split('.').at(-1) });

  for (const { name, type, target } of info.fields) {
    if (type !== 'reference' || target === null) continue;
    property(
      name,
      async (row) => {
        const { set } = known(row);
        if (set.has(name)) return set.get(name) ?? null;
        const id = (row as Record<string, unknown>)[`${name}_id`];
        return typeof id === 'number' ? shared.core(target).get(id) : null;
      },
      (row, value) => void known(row).set.set(name, value),
    );
  }
  for (const relation of info.relations)
    property(
      relation.name,
      (row) => new RelatedRows(core, known(row), relation, shared.core(relation.target)),
    );

  method('save', async (row) => {
    await (info.name === 'Artifact' ? context.save(core, row) : core.save(row));
    return row;
  });
  method('refresh', async (row) => {
    await core.reload(row);
    return row;
  });
  method('delete', async (row, options: { permanent?: boolean } = {}) => {
    const { id } = known(row);
    if (id === null)
      throw new LoamError('ValueError', `This ${info.name} is not saved, so there is nothing to delete.`);
    const permanent = options.permanent === true;
    if (!permanent && (row as { branch_id?: unknown }).branch_id === -1)
      throw new LoamError(
        'InvalidArgument',
        'It is in the trash already. Pass { permanent: true } to delete it for good.',
        {
          registry: info.name,
        },
      );
    await core.remove([id], permanent);
    if (!permanent && info.hasTrash) await core.reload(row);
  });
  method('restore', async (row) => {
    const { id } = known(row);
    await shared.engine.restore(info.name, [{ id: id ?? -1 }]);
    await core.reload(row);
    return row;
  });
  method('describe', async (row, options: { include?: 'comments' } = {}) => {
    const { id } = known(row);
    return (await shared.engine.describeRow(info.name, id ?? -1, undefined, options.include ?? null)).join(
      '\n',
    );
  });
  if (info.versioned) {
    const uid = (row: object) => String(known(row).uid ?? '');
    property('stem_uid', (row) => uid(row).slice(0, -4));
    property(
      'version',
      (row) => (row as { version_tag?: unknown }).version_tag || uid(row).slice(-4),
      (row, value) => void known(row).set.set('version', value),
    );
    property('versions', (row) =>
      new RowQuery(core).filter({ uid__startswith: uid(row).slice(0, -4) }).orderBy('-created_at', '-id'),
    );
  }
  if (info.hasFeatures) property('features', (row) => featureManager(core, known(row)));
  const codes = statuses[info.name];
  if (codes)
    property(
      'status',
      (row) => wordOf(codes, Number((row as { _status_code?: unknown })._status_code)),
      (row, value) => void known(row).set.set('status', value),
    );
  if (info.name === 'Feature')
    method('withConfig', (row, { optional = false }: { optional?: boolean } = {}) => ({
      feature: row,
      optional,
    }));
  if (info.name === 'Feature')
    for (const name of Object.keys(comparisons(() => '')))
      method(name, (row, ...args: never[]) => {
        const by = comparisons(() => String((row as { name?: unknown }).name)) as Record<
          string,
          (...a: never[]) => unknown
        >;
        return by[name]?.(...args);
      });
  if (info.name === 'Artifact')
    for (const [name, call] of Object.entries(artifactMethods(core, context))) method(name, call);
  if (info.name === 'Branch')
    for (const [name, call] of Object.entries(branchMethods(core))) method(name, call);
  if (info.fields.some(({ name }) => name === 'synonyms'))
    for (const [name, call] of Object.entries(synonymMethods(core))) method(name, call);
  if (info.name === 'Artifact') property('labels', (row) => labelManager(core, known(row)));
  if (info.name === 'Collection') {
    const open = (row: object) => {
      const { uid } = known(row);
      if (uid === null)
        throw new LoamError('ValueError', 'Save the collection first.', { registry: info.name });
      return context.statements.open('collection', uid);
    };
    method('open', async (row) => open(row));
    method('load', async (row) => (await open(row).sql('SELECT * FROM this')).toRows());
    method('append', async (row, ...artifacts: unknown[]) => {
      const run = shared.run();
      const made = await shared.engine.appendToCollection(
        refOf(row),
        artifacts.flat().map(refOf),
        run ? { run: { uid: run.uid } } : {},
      );
      return core.get(made.id);
    });
  }
}

/** `artifact.labels.add(rows, { feature })`: each row goes to the relation of its registry. */
function labelManager(core: RegistryCore, row: RowState) {
  return {
    async add(rows: readonly unknown[], options: { feature?: unknown } = {}): Promise<void> {
      const groups = new Map<string, ReturnType<typeof refOf>[]>();
      for (const label of rows) {
        const registry = stateOf(label)?.registry;
        const relation = core.info.relations.find(
          ({ target, own, editable }) => target === registry && own && editable,
        );
        if (!relation)
          throw new LoamError(
            'TypeError',
            `An artifact cannot be labelled with ${registry ?? 'what is no saved row'}.`,
            {
              registry: registry ?? '',
            },
          );
        groups.set(relation.name, [...(groups.get(relation.name) ?? []), refOf(label)]);
      }
      const feature = options.feature === undefined ? {} : { feature: refOf(options.feature) };
      for (const [relation, add] of groups)
        await core.engine.relate(core.name, { id: row.id ?? -1 }, relation, { add, ...feature });
    },
  };
}

/** A row that is not saved yet. */
export function newRow(core: RegistryCore, fields: Record<string, unknown>): object {
  if (fields === null || typeof fields !== 'object' || Array.isArray(fields))
    throw new LoamError(
      'TypeError',
      `A ${core.name} is made of fields, such as { ${core.info.nameField}: … }.`,
      {
        registry: core.name,
      },
    );
  const row = Object.create(core.prototype) as object;
  keepState(row, { registry: core.name, id: null, uid: null, stored: {}, set: new Map() });
  const state = known(row);
  for (const [name, value] of Object.entries(fields)) {
    const reached = Object.getOwnPropertyDescriptor(core.prototype, name);
    // What the class reaches by a property is kept until it is saved.
    if (reached) state.set.set(name, value);
    else Object.defineProperty(row, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return row;
}
