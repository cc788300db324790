// `ln`: LaminDB's names over the engine's API, the same in the page, in Node and in tests. Registries are what the open
// database has, plug-ins included.
import { LoamError } from '../engine/errors.ts';
import { artifactContext, newArtifact } from './artifact.ts';
import { createSetup } from './branches.ts';
import { Q } from './condition.ts';
import { createCurators } from './curators.ts';
import { datasetOf, type DatasetKind } from './dataset.ts';
import { defineObjects, newRow } from './objects.ts';
import type { LnPort } from './port.ts';
import { publicMethods } from './public.ts';
import { RowQuery } from './query.ts';
import { RegistryCore, type Shared } from './registry.ts';
import { stateOf } from './state.ts';
import { createTracker } from './track.ts';
import type { Ln, Settings } from './types.ts';

export async function createLn(port: LnPort): Promise<Ln> {
  const { engine } = port;
  const [infos, status] = await Promise.all([engine.registries(), engine.status()]);
  const cores = new Map<string, RegistryCore>();
  const { instance, user, branch } = status;
  const settings: Settings = {
    instance: { name: instance, slug: `${user.handle}/${instance}` },
    user,
    branch: { uid: branch.uid, name: branch.name },
    track_run_inputs: true,
    creation: { search_names: true },
  };
  const shared: Shared = {
    engine,
    settings,
    tell: (text) => port.tell(text),
    async whereabouts() {
      const { uid, name } = (await engine.status()).branch;
      Object.assign(settings, { branch: { uid, name } });
    },
    core(name) {
      const found = cores.get(name);
      if (found) return found;
      throw new LoamError(
        'InvalidArgument',
        `There is no registry "${name}". Registries: ${[...cores.keys()].join(', ')}.`,
        {
          registry: name,
        },
      );
    },
    run() {
      const state = stateOf(tracker.tracked?.run);
      return state?.id == null ? null : { id: state.id, uid: String(state.uid) };
    },
  };
  const tracker = createTracker(shared, port);
  for (const info of infos) cores.set(info.name, new RegistryCore(info, shared));
  const context = artifactContext(port, async (uids) => {
    const run = shared.run();
    if (!run || !settings.track_run_inputs) return;
    const rows = await engine.queryRows(
      { registry: 'Artifact', filters: [{ uid__in: [...uids], branch_id__isnull: false }] },
      ['id', 'run_id'],
    );
    // What the run made itself is no input of it.
    const add = rows.filter(([, made]) => made !== run.id).map(([id]) => ({ id: Number(id) }));
    if (add.length > 0) await engine.relate('Run', { id: run.id }, 'input_artifacts', { add });
  });
  for (const core of cores.values()) defineObjects(core, context);

  const made = new Map([...cores.values()].map((core) => [core.name, registryOf(core, port)]));
  const registry = (name: string) => {
    shared.core(name);
    return made.get(name);
  };
  const ln: Record<string, unknown> = {
    Q,
    registry,
    registries: [...made.keys()],
    sql: context.statements.sql,
    curators: createCurators(shared.core('Artifact'), port),
    track: tracker.track,
    finish: tracker.finish,
    setup: createSetup(shared),
    settings,
    context: {
      get run() {
        return tracker.tracked?.run ?? null;
      },
      get transform() {
        return tracker.tracked?.transform ?? null;
      },
    },
  };
  for (const [name, one] of made) {
    const [module, className] = name.includes('.') ? name.split('.') : [null, name];
    if (module === null || module === undefined) ln[name] = one;
    else ln[module] = { ...(ln[module] as object | undefined), [className ?? name]: one };
  }
  // As bionty is imported in Python.
  ln['bt'] = ln['bionty'];
  return ln as unknown as Ln;
}

/** A registry as it is called: a class whose rows are made with or without `new`, and LaminDB's queries on it. */
function registryOf(core: RegistryCore, port: LnPort): unknown {
  const { name, engine } = core;
  const files = name === 'Artifact';
  const make = function (first: unknown, options?: Record<string, unknown>): object {
    return files ? newArtifact(core, first, options) : newRow(core, first as Record<string, unknown>);
  };
  const query = () => new RowQuery(core);
  const curated = (field: string | undefined) => (field === undefined ? {} : { field });
  const methods: Record<string, unknown> = {
    registryName: name,
    prototype: core.prototype,
    filter: (...conditions: unknown[]) => query().filter(...conditions),
    exclude: (...conditions: unknown[]) => query().exclude(...conditions),
    orderBy: (...by: string[]) =>
      query()
        .filter()
        .orderBy(...by),
    distinct: () => query().filter().distinct(),
    all: () => query().filter().all(),
    toList: (field?: string) => query().filter().toList(field),
    count: () => query().filter().count(),
    exists: () => query().filter().exists(),
    first: () => query().filter().first(),
    get: (which: unknown) => core.get(which),
    search: (text: string, options = {}) => query().search(text, options),
    facet: (field: string) => query().filter().facet(field),
    toDataFrame: (options = {}) => query().toDataFrame(options),
    [Symbol.asyncIterator]: () => query().filter()[Symbol.asyncIterator](),
    async lookup(field?: string) {
      const keys = await engine.lookupKeys(name, field);
      const rows = await core.byIds([...new Set(keys.map(([, id]) => id))]);
      const byId = new Map(rows.map((row) => [stateOf(row)?.id, row]));
      // Names of rows are anything, also what objects inherit.
      const found = Object.create(null) as Record<string, object>;
      for (const [key, id] of keys) {
        const row = byId.get(id);
        if (row) found[key] = row;
      }
      return found;
    },
    describe: async () => (await engine.describeRegistry(name)).join('\n'),
    async fromValues(values: readonly string[], field = core.info.nameField) {
      const wanted = [...new Set(values)];
      const rows = await query()
        .filter({ [`${field}__in`]: wanted })
        .all();
      const known = new Map(rows.map((row) => [(row as Record<string, unknown>)[field], row]));
      return wanted.map((value) => known.get(value) ?? newRow(core, { [field]: value }));
    },
    validate: (values: string[], field?: string) => engine.validateValues(name, values, curated(field)),
    inspect: (values: string[], field?: string) => engine.inspectValues(name, values, curated(field)),
    standardize: (values: string[], field?: string) => engine.standardizeValues(name, values, curated(field)),
  };
  if (files) {
    const dataset =
      (kind: DatasetKind) =>
      async (given: unknown, options: Record<string, unknown> = {}): Promise<object> => {
        const { source, name } = await datasetOf(kind, given, options['key'] as string | undefined);
        return newArtifact(core, source, { ...options, key: options['key'] ?? name.split(/[\\/]/).pop() });
      };
    const text = (content: string, type: string) => new Blob([content], { type });
    Object.assign(methods, {
      fromFile: (source: unknown, options = {}) => newArtifact(core, source, options),
      fromFolder: (source: unknown, options = {}) => newArtifact(core, source, options),
      fromText: (content: string, options: Record<string, unknown>) =>
        newArtifact(core, text(content, 'text/plain'), options),
      fromJson: (value: unknown, options: Record<string, unknown>) =>
        newArtifact(core, text(JSON.stringify(value), 'application/json'), options),
      fromDataFrame: dataset('DataFrame'),
      fromAnndata: dataset('AnnData'),
      fromMudata: dataset('MuData'),
      fromSpatialdata: dataset('SpatialData'),
    });
  }
  // Registries whose rows come from public sources.
  if (core.info.fields.some(({ target }) => target === 'bionty.Source'))
    Object.assign(methods, publicMethods(core, port.ontologies));
  Object.defineProperty(make, 'name', { value: name.split('.').at(-1) });
  for (const [key, value] of Object.entries(methods))
    Object.defineProperty(make, key, { value, enumerable: key !== 'prototype' });
  Object.defineProperty(make, Symbol.asyncIterator, {
    value: methods[Symbol.asyncIterator as unknown as string],
  });
  Object.defineProperty(core.prototype, 'constructor', { value: make });
  return make;
}
