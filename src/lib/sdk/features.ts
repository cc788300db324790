// Values of features on artifacts, records and runs, and comparisons of features for filters.
import { LoamError } from '../engine/errors.ts';
import type { FeatureOperator } from '../engine/query/query.ts';
import type { FeatureValues, ValueAct } from '../engine/registry/registry-types.ts';
import { Expression, valueOf } from './condition.ts';
import type { RegistryCore } from './registry.ts';
import { refOf, stateOf, type RowState } from './state.ts';

/** `artifact.features`. */
export function featureManager(core: RegistryCore, row: RowState) {
  const write = async (what: ValueAct, values: FeatureValues): Promise<void> => {
    if (row.id === null)
      throw new LoamError('ValueError', `Save the ${row.registry} before you set features on it.`, {
        registry: row.registry,
      });
    for (const warning of await core.engine.writeFeatures(core.name, [{ id: row.id }], what, values))
      core.tell(warning);
  };
  const getValues = async (): Promise<Record<string, unknown>> =>
    row.id === null ? {} : core.engine.featureValues(core.name, row.id);
  return {
    setValues: (values: Record<string, unknown>) => write('set', plainValues(values)),
    addValues: (values: Record<string, unknown>) => write('add', plainValues(values)),
    updateValues: (values: Record<string, unknown>) => write('update', plainValues(values)),
    removeValues: (which?: unknown) =>
      write(
        'remove',
        which === undefined
          ? null
          : typeof which === 'string'
            ? [which]
            : Array.isArray(which)
              ? which.map(refOf)
              : plainValues(which as Record<string, unknown>),
      ),
    getValues,
    get: async (name: string): Promise<unknown> => (await getValues())[name],
  };
}

/** Values as plain data; rows are named by uid. */
export function plainValues(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) || value instanceof Set) return [...value].map(plainValue);
  return stateOf(value) ? refOf(value) : value;
}

/** `feature.gt(21)` and its like: conditions on the values of one feature. */
export function comparisons(name: () => string) {
  const by = (op: FeatureOperator) => (value: unknown) =>
    new Expression({ $feature: name(), op, value: valueOf(value) });
  return {
    eq: by('=='),
    ne: by('!='),
    gt: by('>'),
    gte: by('>='),
    lt: by('<'),
    lte: by('<='),
    contains: by('contains'),
    startswith: by('startswith'),
    isIn: by('in'),
    isNull: (value = true) => by('isnull')(value),
  };
}
