// Records (lamindb 2.12.1 `Record`): a record type with a schema is a sheet, its rows carry the schema's features, and the
// index feature's value is the row's name. A row joins a sheet only with what the sheet requires.
import { heldValues } from '../features/clear.ts';
import type { FeatureHandle } from '../features/find.ts';
import { writeValues } from '../features/host-values.ts';
import { hostOf } from '../features/hosts.ts';
import { rulesOf, sharedNames, type Rules } from '../features/rules.ts';
import { readField } from '../features/through.ts';
import { isNull } from '../features/write.ts';
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import {
  take,
  type Behaviour,
  type Change,
  type CreatePlan,
  type Draft,
  type UpdatePlan,
} from './behaviour.ts';
import type { FeatureValues } from './registry-types.ts';
import { idIn } from './rows.ts';
import { checkIndex } from './schema-index.ts';
import { readAf } from './schema-members.ts';

type Row = Readonly<Record<string, SqlValue | undefined>>;

export const record: Behaviour = {
  takes: ['features'],
  *create(tx: Transaction, draft: Draft): Steps<CreatePlan> {
    const { given, table } = draft;
    const own = take(given, 'features') as FeatureValues | undefined;
    const features = own ?? draft.options.features ?? null;
    // Passing a schema means a type.
    if ((given['schema'] ?? given['schema_id'] ?? null) !== null) given['is_type'] = true;
    let sheet: Sheet | null = null;
    const plan: CreatePlan = {
      *find() {
        const { values } = draft;
        if (values['is_type'] === 1) yield* checkSheetIndex(idIn(values['schema_id']));
        else sheet = yield* sheetOf(idIn(values['type_id']));
        if (!sheet) return null;
        const passed = valuesBy(sheet.rules, features);
        const { index } = sheet.rules;
        if (index && !isNull(passed.get(index.id))) {
          // Rows of a sheet may share the value of the index, so its value is not looked up among names.
          values['name'] = yield* readField(tx, table, index, 'name', passed.get(index.id));
          plan.names = false;
        }
        yield* checkJoin(sheet, values, (feature) => passed.has(feature.id));
        return null;
      },
      *after(id) {
        if (features === null) return;
        const refused = sheet && refusal(sheet.name, draft.values);
        const say = refused ? { say: (problems: string) => refused(problems).message } : {};
        yield* writeValues(tx, table, [id], 'set', features, say);
      },
    };
    return plan;
  },
  *update(tx: Transaction, change: Change): Steps<UpdatePlan> {
    if ('features' in change.given) {
      throw new LoamError(
        'FieldValidationError',
        '"features" is no field of a Record that is there. Set, add or update its values.',
        { registry: 'Record', field: 'features' },
      );
    }
    return {
      *before() {
        const { row, values, id } = change;
        const next: Row = { ...row, ...values };
        const schema = idIn(next['schema_id']);
        if (next['is_type'] === 1) {
          if (values['schema_id'] !== undefined) yield* checkSheetIndex(schema);
          return;
        }
        if (schema !== null) {
          throw new LoamError('ValidationError', 'Only a record type has a schema. Set is_type as well.', {
            registry: 'Record',
            field: 'schema',
          });
        }
        const joins = next['type_id'] !== row['type_id'] || row['is_type'] === 1;
        const sheet = joins ? yield* sheetOf(idIn(next['type_id'])) : null;
        if (sheet) yield* checkJoin(sheet, next, yield* storedBy(tx, sheet.rules, id));
      },
    };
  },
};

interface Sheet {
  name: string;
  rules: Rules;
}

/** The sheet that a type is, or null for a page. */
export function* sheetOf(typeId: number | null): Steps<Sheet | null> {
  if (typeId === null) return null;
  const row = yield* one(
    'SELECT coalesce(name, uid), schema_id FROM lamindb_record WHERE id = ? AND is_type = 1',
    [typeId],
  );
  if (!row || row[1] === null) return null;
  return { name: String(row[0]), rules: yield* rulesOf(Number(row[1])) };
}

/** The index of a sheet is kept as the rows' names. */
function* checkSheetIndex(schema: number | null): Steps<void> {
  if (schema === null) return;
  const row = yield* one('SELECT _aux FROM lamindb_schema WHERE id = ?', [schema]);
  const { index } = readAf(row?.[0] ?? null);
  if (index !== null) yield* checkIndex(index);
}

/** Passed values by the sheet's features; what is none of them is refused when the values are written. */
function valuesBy(rules: Rules, features: FeatureValues): Map<number, unknown> {
  const entries: [unknown, unknown][] =
    features === null
      ? []
      : Array.isArray(features)
        ? features.flatMap((item: unknown): [unknown, unknown][] =>
            Array.isArray(item) ? [[item[0], item[1]]] : [],
          )
        : Object.entries(features);
  const named = (key: unknown) => (feature: FeatureHandle) =>
    typeof key === 'object' && key !== null
      ? ('uid' in key && key.uid === feature.uid) || ('id' in key && key.id === feature.id)
      : key === feature.name || key === feature.id;
  const passed = new Map<number, unknown>();
  for (const [key, value] of entries) {
    const feature = rules.members.find(named(key));
    if (feature) passed.set(feature.id, value);
  }
  return passed;
}

/** Which features a row has values of already, also as another record's link to it. */
function* storedBy(tx: Transaction, rules: Rules, id: number): Steps<(feature: FeatureHandle) => boolean> {
  const held = yield* heldValues(hostOf(tx.journal.model, 'Record'), [id]);
  const stored = new Set(held.map((r) => Number(r[3])));
  const sources = rules.members.flatMap((f) => f.through ?? []);
  const linked = yield* all(
    `SELECT DISTINCT f.uid FROM lamindb_recordrecord l JOIN lamindb_feature f ON f.id = l.feature_id
     WHERE l.value_id = ? AND f.uid IN (SELECT value FROM json_each(?))`,
    [id, JSON.stringify(sources)],
  );
  const from = new Set(linked.map((r) => String(r[0])));
  return (feature) => stored.has(feature.id) || (feature.through !== null && from.has(feature.through));
}

/** `has`: whether there is a value of a feature, null among them where it was passed as such. */
export function* checkJoin(sheet: Sheet, row: Row, has: (feature: FeatureHandle) => boolean): Steps<void> {
  const { members, required, index } = sheet.rules;
  const refused = refusal(sheet.name, row);
  const shared = sharedNames(members);
  if (shared.length > 0) throw refused(`features ${listed(shared)} share a name`, shared[0]);
  const missing = required
    .filter((f) => (f === index ? (row['name'] ?? null) === null : !has(f) && !inField(row, f)))
    .map((f) => f.name);
  if (missing.length > 0) throw refused(`missing required features ${listed(missing)}`, missing[0]);
}

const inField = (row: Row, { field }: FeatureHandle): boolean =>
  field !== null && (row[field] ?? row[`${field}_id`] ?? null) !== null;

function refusal(sheet: string, row: Row): (problems: string, field?: string) => LoamError {
  const uid = typeof row['uid'] === 'string' ? ` uid=${row['uid']}` : '';
  const label =
    typeof row['name'] === 'string' && row['name'] !== '' ? `Record '${row['name']}'` : `Record${uid}`;
  return (problems, field = 'type') =>
    new LoamError('ValidationError', `Cannot set type to '${sheet}' on ${label}: ${problems}`, {
      registry: 'Record',
      field,
    });
}

const listed = (names: readonly string[]): string => names.map((n) => `'${n}'`).join(', ');
