// Changing the fields of a row of any registry, as attributes set on a LaminDB object and `save` do: the same reading and
// checking of fields as at creation, versions and hashes kept in step, and what a new name means elsewhere told in words.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { toPythonJson } from '../python-json.ts';
import { all, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { take, type Change, type UpdatePlan } from './behaviour.ts';
import { behaviourOf } from './behaviours.ts';
import { fieldOf, readFields } from './fields.ts';
import { relationsOf } from './relations.ts';
import type { Fields, Updated } from './registry-types.ts';
import { idIn, readRow, write } from './rows.ts';
import { hasEmoji, isTyped, labelOf, nameOf } from './tables.ts';
import { auxOf, checkMembers, checkType, type Typed } from './typing.ts';
import { findClash, refuseClash } from './uniques.ts';

export function* updateRow(tx: Transaction, table: Table, id: number, fields: Fields): Steps<Updated> {
  const row = yield* readRow(table, id);
  if (!row) throw new LoamError('DoesNotExist', `There is no ${labelOf(table)} with the id ${id} any more.`);
  const behaviour = behaviourOf(table);
  const change: Change = { table, id, given: { ...fields }, values: {}, row, warnings: [] };
  if ('uid' in change.given) {
    throw new LoamError('FieldValidationError', 'A uid is for life. Make another row instead.', {
      registry: labelOf(table),
      field: 'uid',
    });
  }
  const plan: UpdatePlan = behaviour.update ? yield* behaviour.update(tx, change) : {};
  const emoji = hasEmoji(table) ? take(change.given, 'emoji') : undefined;
  change.values = { ...change.values, ...(yield* readFields(tx, table, change.given, behaviour.takes)) };
  if (emoji !== undefined) setEmoji(change, emoji);
  refuseEmpty(change);
  yield* checkTypes(tx, change);
  if (plan.before) yield* plan.before();
  const clash = yield* findClash(table, { ...row, ...change.values }, id);
  if (clash && clash.columns.some((c) => change.values[c] !== undefined && change.values[c] !== row[c]))
    yield* refuseClash(table, clash, { ...row, ...change.values });
  yield* warnRename(tx, change);
  const changed = yield* write(tx, table, id, change.values);
  if (plan.after) yield* plan.after();
  return { registry: labelOf(table), uid: String(row['uid'] ?? ''), changed, warnings: change.warnings };
}

function refuseEmpty({ table, values }: Change): void {
  for (const [name, value] of Object.entries(values)) {
    const column = table.column.get(name);
    const blank = name === nameOf(table) && typeof value === 'string' && value.trim() === '';
    if (!column || !(blank || (value === null && !column.nullable))) continue;
    throw new LoamError(
      'FieldValidationError',
      `The ${fieldOf(column)} of a ${labelOf(table)} cannot be empty.`,
      {
        registry: labelOf(table),
        field: fieldOf(column),
      },
    );
  }
}

/** An emoji is kept in `_aux["ei"]`; null or blank takes it away, and an empty `_aux` becomes null. */
function setEmoji(change: Change, emoji: unknown): void {
  if (emoji !== null && typeof emoji !== 'string')
    throw new LoamError('ValueError', `emoji must be a text or null, got ${typeof emoji}.`, {
      field: 'emoji',
    });
  const aux = auxOf(change.values['_aux'] ?? change.row['_aux'] ?? null);
  const text = (emoji ?? '').trim();
  if (text === '') delete aux['ei'];
  else aux['ei'] = text;
  change.values['_aux'] = Object.keys(aux).length > 0 ? toPythonJson(aux) : null;
}

function* checkTypes(tx: Transaction, { table, id, row, values }: Change): Steps<void> {
  if (!isTyped(table)) return;
  const next = { ...row, ...values };
  const typed = (of: typeof next): Typed => ({
    id,
    typeId: idIn(of['type_id']),
    isType: of['is_type'] === 1,
    schemaId: idIn(of['schema_id']),
    spaceId: idIn(of['space_id']),
  });
  const touched = ['type_id', 'is_type', 'schema_id', 'space_id'].some((c) => values[c] !== undefined);
  if (!touched) return;
  yield* checkType(tx, table, typed(next));
  yield* checkMembers(table, typed(row), typed(next));
}

/** LaminDB's warnings at a rename: datasets that were curated by the old name no longer match it. */
function* warnRename(tx: Transaction, change: Change): Steps<void> {
  const { table, id, row, values } = change;
  const column = nameOf(table);
  const [old, fresh] = [row[column], values[column]];
  if (fresh === undefined || fresh === old || !['name', 'symbol', 'handle'].includes(column)) return;
  const label = labelOf(table);
  const artifacts = relationsOf(tx.journal.model, table.name).get('artifacts');
  let uids: string[] = [];
  if (label === 'Feature') {
    const rows = yield* all(
      `SELECT DISTINCT a.uid FROM lamindb_artifactschema l JOIN lamindb_schema s ON s.id = l.schema_id
       JOIN lamindb_schemafeature m ON m.schema_id = s.id JOIN lamindb_artifact a ON a.id = l.artifact_id
       WHERE m.feature_id = ? AND s.itype = 'Feature' ORDER BY a.uid LIMIT 100`,
      [id],
    );
    uids = rows.map((r) => String(r[0]));
  } else if (artifacts?.feature && label !== 'Schema') {
    const module = table.module === 'lamindb' ? '' : `${table.module}.`;
    const rows = yield* all(
      `SELECT DISTINCT a.uid FROM "${artifacts.table}" l JOIN lamindb_artifact a ON a.id = l.artifact_id
       JOIN lamindb_feature f ON f.id = l.feature_id WHERE l."${artifacts.own}" = ?1 AND f._dtype_str LIKE ?2 ORDER BY a.uid LIMIT 100`,
      [id, `%[${module}${label}]%`],
    );
    uids = rows.map((r) => String(r[0]));
  }
  if (uids.length === 0) return;
  const n = uids.length === 1 ? '1 artifact no longer matches' : `${uids.length} artifacts no longer match`;
  change.warnings.push(
    `By renaming ${label} from '${String(old)}' to '${String(fresh)}', ${n} the name in storage: ${uids.join(', ')}. Consider curating again.`,
  );
}
