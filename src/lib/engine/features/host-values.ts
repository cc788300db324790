// Feature values of artifacts, runs and records (lamindb 2.12.1 `FeatureManager`): `set` replaces all external values, `add`
// adds, `update` replaces those of the named features, `remove` takes values away. A row that follows a schema takes only
// the schema's features and keeps those it needs.
import { LoamError, isLoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { pythonText, toPythonJson } from '../python-json.ts';
import { refuseLocked } from '../registry/locked.ts';
import type { FeatureValues, Ref, ValueAct, ValueReading } from '../registry/registry-types.ts';
import { labelOf, visibleBranches } from '../registry/tables.ts';
import { one, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { clearThese, clearValues, heldValues } from './clear.ts';
import { featureById, featureByUid, featuresByName, type FeatureHandle } from './find.ts';
import { hostOf, type Host } from './hosts.ts';
import { splitThrough, writeThrough } from './through.ts';
import { byRules, memberNamed, sharedNames, type Rules } from './rules.ts';
import { isNull, putValues, readValues, type Assignment } from './write.ts';

export interface WriteOptions extends ValueReading {
  /** Words for what is wrong with the values, in place of LaminDB's for an annotation. */
  say?: (problems: string) => string;
}

/** Writes values of one or more rows of a registry; answers in words what was asked for and not there. */
export function* writeValues(
  tx: Transaction,
  table: Table,
  ids: readonly number[],
  act: ValueAct,
  given: FeatureValues,
  options: WriteOptions = {},
): Steps<string[]> {
  const host = hostOf(tx.journal.model, labelOf(table));
  yield* refuseLocked(table, ids);
  const warnings: string[] = [];
  for (const group of yield* byRules(host, ids)) {
    if (group.rules && host.registry === 'Artifact' && (act === 'add' || act === 'remove')) {
      throw new LoamError(
        'ValueError',
        `Cannot ${act} values if artifact has external schema. Set or update them: then they are checked as a whole.`,
        { registry: 'Artifact', field: 'features' },
      );
    }
    if (act === 'remove')
      warnings.push(...(yield* removeGroup(tx, host, group.ids, group.rules, given, options)));
    else yield* writeGroup(tx, host, group.ids, group.rules, act, given, options);
  }
  return warnings;
}

function* writeGroup(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  rules: Rules | null,
  act: 'set' | 'add' | 'update',
  given: FeatureValues,
  options: WriteOptions,
): Steps<void> {
  const assignments = yield* assign(tx, rules, given);
  if (act === 'update' && assignments.length === 0) return;
  try {
    if (host.registry === 'Record' && act === 'add') refuseSingle(assignments, options);
    if (rules) yield* checkRules(host, ids, rules, act, assignments, options);
    const { own, through } = splitThrough(host, rules, assignments);
    const ready = yield* readValues(tx, host, own, options);
    if (act === 'set') yield* clearValues(tx, host, ids, null);
    if (act === 'update') {
      const features = own.map((a) => a.feature.id);
      yield* clearValues(tx, host, ids, features, true);
    }
    yield* putValues(tx, host, ids, ready);
    for (const id of ids) yield* writeThrough(tx, host, id, through, act !== 'add', options);
  } catch (error) {
    throw yield* inWords(tx, host, ids, act, assignments, error, options);
  }
}

function* removeGroup(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  rules: Rules | null,
  given: FeatureValues,
  options: WriteOptions,
): Steps<string[]> {
  if (given === null) {
    yield* clearValues(tx, host, ids, null);
    return [];
  }
  const warnings: string[] = [];
  for (const [key, value] of entriesOf(given, true)) {
    for (const feature of yield* featuresToRemove(tx, host, ids, key)) {
      // The index is the name of the row, which stays.
      if (feature.id === rules?.index?.id) continue;
      let any: boolean;
      if (isNull(value)) any = (yield* clearValues(tx, host, ids, [feature.id], true)).has(feature.id);
      else {
        const [ready] = yield* readValues(tx, host, [{ feature, value }], options);
        any = ready !== undefined && (yield* clearThese(tx, host, ids, ready));
      }
      if (!any)
        warnings.push(
          `No feature '${feature.name}' ${isNull(value) ? '' : `with value ${shown(value)} `}found on ${yield* identity(host, ids)}.`,
        );
    }
  }
  return warnings;
}

/** A name means the features that are linked by it, so that it can be removed where several have the name. */
function* featuresToRemove(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  key: Ref,
): Steps<FeatureHandle[]> {
  if (typeof key !== 'string') return [yield* exact(key)];
  const linked = new Set(
    (yield* heldValues(host, ids)).flatMap((r) => (r[3] === null ? [] : [Number(r[3])])),
  );
  const found: FeatureHandle[] = [];
  for (const id of linked) {
    const feature = yield* featureById(id);
    if (feature.name === key) found.push(feature);
  }
  return found.length > 0 ? found : yield* featuresByName([key], visibleBranches(tx.author));
}

/** Features and values in the order given; a feature named twice has one value. */
function* assign(tx: Transaction, rules: Rules | null, given: FeatureValues): Steps<Assignment[]> {
  const entries = entriesOf(given, false);
  const names = entries.flatMap(([key]) => (typeof key === 'string' ? [key] : []));
  const named = rules
    ? memberNamed(rules, names)
    : new Map(
        (names.length > 0 ? yield* featuresByName(names, visibleBranches(tx.author)) : []).map((f) => [
          f.name,
          f,
        ]),
      );
  const found = new Map<number, Assignment>();
  for (const [key, value] of entries) {
    const feature = typeof key === 'string' ? (named.get(key) as FeatureHandle) : yield* exact(key);
    const own = rules ? rules.members.find((f) => f.id === feature.id) : feature;
    if (!own) {
      throw new LoamError(
        'ValidationError',
        `These feature keys are not in the provided schema: ['${feature.name}']. Add them to the schema, or leave them out.`,
        { field: feature.name },
      );
    }
    const before = found.get(own.id);
    if (before && toPythonJson(before.value) !== toPythonJson(value)) {
      throw new LoamError('ValidationError', `Conflicting values for feature '${own.name}'.`, {
        field: own.name,
      });
    }
    found.set(own.id, { feature: own, value });
  }
  return [...found.values()];
}

function entriesOf(given: FeatureValues, namesAlone: boolean): [Ref, unknown][] {
  if (given === null) return [];
  if (!Array.isArray(given)) {
    if (typeof given === 'object') return Object.entries(given);
    throw noValues(given);
  }
  return (given as readonly unknown[]).map((item): [Ref, unknown] => {
    if (Array.isArray(item) && item.length === 2) return [item[0] as Ref, item[1]];
    if (namesAlone && !Array.isArray(item)) return [item as Ref, null];
    throw noValues(item);
  });
}

const noValues = (given: unknown): LoamError =>
  new LoamError('TypeError', `Values are given by feature name, not as ${shown(given)}.`, {
    field: 'features',
  });

function* exact(ref: Ref): Steps<FeatureHandle> {
  if (typeof ref === 'number') return yield* featureById(ref);
  if (typeof ref === 'object' && 'uid' in ref) return yield* featureByUid(ref.uid);
  if (typeof ref === 'object' && 'id' in ref) return yield* featureById(ref.id);
  throw noValues(ref);
}

/** A record has one value of a to-one feature, so there is nothing to add. */
function refuseSingle(assignments: readonly Assignment[], options: WriteOptions): void {
  const single = assignments
    .filter(({ feature, value }) => !feature.dtype.list && !isNull(value, options.typed))
    .map(({ feature }) => feature.name);
  if (single.length === 0) return;
  throw new LoamError(
    'ValidationError',
    `Cannot use add_values() for to-one features on a Record: ${shown(single)}. Use set_values() to replace all feature annotations.`,
    { field: single[0] ?? '', registry: 'Record' },
  );
}

/** Names are unique, and what is required is there: among what is set, or after an update. */
function* checkRules(
  host: Host,
  ids: readonly number[],
  rules: Rules,
  act: 'set' | 'add' | 'update',
  assignments: readonly Assignment[],
  options: WriteOptions,
): Steps<void> {
  const shared = sharedNames(rules.members);
  if (shared.length > 0)
    throw new LoamError('ValidationError', `Features ${listed(shared)} share a name.`, {
      field: shared[0] ?? '',
    });
  // LaminDB checks what is added as if it were all there is, so that nothing can be added to a row with required features.
  if (act === 'add') return;
  const given = new Map(assignments.map((a) => [a.feature.id, a.value]));
  let missing = rules.required.filter(
    (f) => !given.has(f.id) || (f === rules.index && isNull(given.get(f.id), options.typed)),
  );
  if (act === 'update' && missing.length > 0) {
    const held = new Set((yield* heldValues(host, ids)).map((r) => `${r[2]}/${r[3]}`));
    missing = missing.filter(
      (f) =>
        given.has(f.id) || !(f.nullable || f === rules.index || ids.every((id) => held.has(`${id}/${f.id}`))),
    );
  }
  if (act === 'set' && rules.index && missing.includes(rules.index) && !given.has(rules.index.id)) {
    // The name that the row has stays.
    const nameless = yield* one(
      'SELECT 1 FROM lamindb_record WHERE id IN (SELECT value FROM json_each(?)) AND name IS NULL LIMIT 1',
      [JSON.stringify(ids)],
    );
    if (!nameless) missing = missing.filter((f) => f !== rules.index);
  }
  if (missing.length === 0) return;
  throw new LoamError('ValidationError', `missing required features ${listed(missing.map((f) => f.name))}`, {
    field: missing[0]?.name ?? '',
  });
}

/** LaminDB's sentence: which row, which values, what is wrong. A person who types sees what is wrong alone. */
function* inWords(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  act: ValueAct,
  assignments: readonly Assignment[],
  error: unknown,
  options: WriteOptions,
): Steps<unknown> {
  if (!isLoamError(error, 'ValidationError') || error.message.startsWith('Cannot use add_values()'))
    return error;
  if (options.say) return new LoamError('ValidationError', options.say(error.message), error.details);
  if (options.typed) return error;
  const values = assignments.map(
    ({ feature, value }) => `'${feature.name}' (${feature.dtype.text})=${shown(value)}`,
  );
  return new LoamError(
    'ValidationError',
    `Failed to ${act} features on ${yield* identity(host, ids)}: ${values.join(', ') || '(none)'}. ${error.message}`,
    error.details,
  );
}

/** `Record 'x' (uid=…, type='…')`. */
function* identity(host: Host, ids: readonly number[]): Steps<string> {
  if (ids.length !== 1) return `${ids.length} ${host.registry} rows`;
  const typed = host.registry === 'Record';
  const row = yield* one(
    `SELECT r.uid, ${typed ? 'r.name' : 'NULL'}, ${typed ? 't.name' : 'NULL'} FROM "${host.table}" r
     ${typed ? 'LEFT JOIN lamindb_record t ON t.id = r.type_id' : ''} WHERE r.id = ?`,
    [ids[0] ?? 0],
  );
  const name = row?.[1] === null || row?.[1] === undefined ? '' : ` ${shown(row[1])}`;
  const type = row?.[2] === null || row?.[2] === undefined ? '' : `, type=${shown(row[2])}`;
  return `${host.registry}${name} (uid=${String(row?.[0])}${type})`;
}

const listed = (names: readonly string[]): string => names.map((n) => `'${n}'`).join(', ');

/** As Python shows a value, cut to a readable length. */
function shown(value: unknown): string {
  const text =
    value === null || value === undefined
      ? 'None'
      : typeof value === 'string'
        ? pythonText([value], false).slice(1, -1)
        : Array.isArray(value) || typeof value !== 'object'
          ? pythonText(value, false)
          : toPythonJson(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
