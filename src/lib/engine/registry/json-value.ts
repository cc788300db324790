// Values of features as rows (lamindb 2.12.1 `JsonValue`): one row per feature and value, shared by all that carry it.
import { jsonOf } from '../features/write.ts';
import { featureById } from '../features/find.ts';
import { LoamError } from '../errors.ts';
import { one, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { take, type Behaviour, type CreatePlan, type Draft } from './behaviour.ts';
import { idIn } from './rows.ts';

export const jsonValue: Behaviour = {
  *create(_tx: Transaction, draft: Draft): Steps<CreatePlan> {
    const value = take(draft.given, 'value');
    if (value === undefined)
      throw new LoamError('FieldValidationError', "['value'] are required to make a JsonValue.", {
        registry: 'JsonValue',
        field: 'value',
      });
    draft.values['value'] = 'null';
    return {
      names: false,
      *find() {
        const feature = idIn(draft.values['feature_id']);
        if (feature === null)
          throw new LoamError('FieldValidationError', "['feature'] are required to make a JsonValue.", {
            registry: 'JsonValue',
            field: 'feature',
          });
        const json = jsonOf(yield* featureById(feature), value);
        draft.values['value'] = json.text;
        draft.values['hash'] = json.hash;
        const row = yield* one(
          'SELECT id FROM lamindb_jsonvalue WHERE feature_id = ? AND hash = ? ORDER BY id',
          [feature, json.hash],
        );
        const message = 'Returning the value that is there.';
        return row ? { id: Number(row[0]), message, asItIs: true } : null;
      },
    };
  },
  update: () => {
    throw new LoamError(
      'InvalidArgument',
      'A value is shared by all that carry it. Set another value instead.',
      {
        registry: 'JsonValue',
      },
    );
  },
};
