// Features (lamindb 2.12.1 `Feature`): a dtype is needed unless the row is a type, it is checked against the registries it
// names, and it is the feature's identity: the same name with another dtype is refused. A feature may keep its values in a
// field of the record, or read another feature's values backwards (`values_through`).
import { checkDtype, withFilters } from '../features/dtype-rows.ts';
import { parseDtype } from '../features/dtype.ts';
import { LoamError } from '../errors.ts';
import { toPythonJson } from '../python-json.ts';
import { one, type Steps } from '../statement.ts';
import { update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import {
  take,
  type Behaviour,
  type Change,
  type CreatePlan,
  type Draft,
  type UpdatePlan,
} from './behaviour.ts';
import type { Ref } from './registry-types.ts';
import { resolveRef } from './resolve.ts';
import { auxOf } from './typing.ts';
import { registryOf } from './tables.ts';

export const feature: Behaviour = {
  takes: ['cat_filters', 'values_through'],
  *create(tx: Transaction, draft: Draft): Steps<CreatePlan> {
    const { given } = draft;
    const isType = given['is_type'] === true || given['is_type'] === 1;
    const filters = take(given, 'cat_filters');
    const through = take(given, 'values_through');
    if ((given['dtype'] === undefined || given['dtype'] === null) && !isType) {
      throw refused(
        'dtype',
        'Please pass dtype: int, float, num, str, bool, date, datetime, dict, path, url, list[…] or cat[…].',
      );
    }
    if (typeof given['dtype'] === 'string') {
      if (filters) given['dtype'] = yield* withFilters(tx, given['dtype'], filters);
      yield* checkDtype(tx.journal.model, String(given['dtype']));
    }
    const nullable = given['nullable'] ?? null;
    if (nullable === null) delete given['nullable'];
    return {
      accepts: (id) => sameDtype(draft, id),
      *complete() {
        // LaminDB's default for anything that is no type.
        if (nullable === null && !isType) draft.values['nullable'] = 1;
      },
      *after(id) {
        if (through !== undefined) yield* setThrough(tx, id, through);
      },
    };
  },
  *update(tx: Transaction, { id, given }: Change): Steps<UpdatePlan> {
    const through = take(given, 'values_through');
    if (typeof given['dtype'] === 'string') yield* checkDtype(tx.journal.model, given['dtype']);
    return {
      *after() {
        if (through !== undefined) yield* setThrough(tx, id, through);
      },
    };
  },
};

function* sameDtype(draft: Draft, id: number): Steps<boolean> {
  const row = yield* one('SELECT _dtype_str, name FROM lamindb_feature WHERE id = ?', [id]);
  const asked = draft.values['_dtype_str'] ?? null;
  if (row?.[0] === asked) return true;
  throw refused(
    'dtype',
    `Feature ${String(row?.[1])} already exists with dtype ${String(row?.[0])}, you passed ${String(asked)}. Choose another name or use it as it is.`,
  );
}

/** Fields of a record that can hold a feature's values, with the dtypes each takes. */
const recordFields: Record<string, { registry: string } | { dtypes: string[] }> = {
  created_at: { dtypes: ['datetime', 'datetime64[ns, UTC]'] },
  updated_at: { dtypes: ['datetime', 'datetime64[ns, UTC]'] },
  created_by: { registry: 'User' },
  run: { registry: 'Run' },
  type: { registry: 'Record' },
  name: { dtypes: ['str'] },
  description: { dtypes: ['str'] },
  reference: { dtypes: ['str'] },
  reference_type: { dtypes: ['str'] },
};

/** A field's name, a feature, or null for neither; kept in `_aux` as LaminDB keeps it (`sf`, `vf` and the pair's `rf`). */
function* setThrough(tx: Transaction, id: number, through: unknown): Steps<void> {
  const row = yield* one('SELECT uid, _dtype_str, _aux FROM lamindb_feature WHERE id = ?', [id]);
  const [uid, dtype] = [String(row?.[0]), String(row?.[1])];
  const linked = yield* one('SELECT count(*) FROM lamindb_recordrecord WHERE feature_id = ?', [id]);
  if (Number(linked?.[0]) > 0) {
    throw refused(
      'values_through',
      `values_through can only be set when no record has a value of this feature; ${Number(linked?.[0])} have. Remove those first.`,
    );
  }
  const aux = auxOf(row?.[2] ?? null);
  if (typeof aux['vf'] === 'string') yield* pair(tx, aux['vf'], null);
  delete aux['vf'];
  delete aux['sf'];
  if (typeof through === 'string' && Object.hasOwn(recordFields, through)) {
    checkField(through, dtype);
    aux['sf'] = through;
  } else if (through !== null) {
    const table = registryOf(tx.journal.model, 'Feature');
    const source = yield* resolveRef(table, through as Ref, { author: tx.author }, 'values_through');
    aux['vf'] = yield* checkSource(source, id, uid, dtype);
    yield* pair(tx, String(aux['vf']), uid);
  }
  yield* update(tx, 'lamindb_feature', [id], {
    _aux: Object.keys(aux).length > 0 ? toPythonJson(aux) : null,
  });
}

function checkField(field: string, text: string): void {
  const wanted = recordFields[field];
  const dtype = parseDtype(text);
  if (wanted && 'registry' in wanted) {
    const [category] = dtype.categories;
    if (!dtype.list && dtype.categories.length === 1 && category?.registry === wanted.registry) return;
    throw refused(
      'values_through',
      `values_through='${field}' requires a non-list categorical dtype pointing to ${wanted.registry}.`,
    );
  }
  if (wanted && wanted.dtypes.includes(text)) return;
  throw refused(
    'values_through',
    `values_through='${field}' requires feature dtype ${wanted?.dtypes.map((d) => `'${d}'`).join(' or ')}.`,
  );
}

/** The uid of the feature whose values are read backwards. */
function* checkSource(source: number, id: number, uid: string, dtype: string): Steps<string> {
  const row = yield* one('SELECT uid, _dtype_str, _aux FROM lamindb_feature WHERE id = ?', [source]);
  const aux = auxOf(row?.[2] ?? null);
  const records = (text: string): boolean => {
    const { categories } = parseDtype(text);
    return categories.length === 1 && categories[0]?.registry === 'Record';
  };
  if (source === id) throw refused('values_through', 'values_through cannot point to the feature itself.');
  if (typeof aux['rf'] === 'string' && aux['rf'] !== uid)
    throw refused(
      'values_through',
      'The feature passed to values_through is already related to another one.',
    );
  if (aux['vf'] !== undefined || aux['sf'] !== undefined)
    throw refused('values_through', 'The feature passed to values_through has a values_through itself.');
  if (!records(dtype) || !records(String(row?.[1])) || !parseDtype(dtype).list) {
    throw refused(
      'values_through',
      'values_through requires both features to have a Record dtype, and this one to be a list[cat[Record…]].',
    );
  }
  return String(row?.[0]);
}

/** The source feature knows who reads it backwards. */
function* pair(tx: Transaction, source: string, reader: string | null): Steps<void> {
  const row = yield* one('SELECT id, _aux FROM lamindb_feature WHERE uid = ?', [source]);
  if (!row) return;
  const aux = auxOf(row[1] ?? null);
  if (reader === null) delete aux['rf'];
  else aux['rf'] = reader;
  yield* update(tx, 'lamindb_feature', [Number(row[0])], {
    _aux: Object.keys(aux).length > 0 ? toPythonJson(aux) : null,
  });
}

function refused(field: string, message: string): LoamError {
  return new LoamError('ValidationError', message, { registry: 'Feature', field });
}
