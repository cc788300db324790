// Feature values of artifacts as the drop sheet and the annotation form write them: by name, typed by a person, with labels
// made of names that are not there yet. `set` replaces all external values, `add` adds, `update` replaces the named ones,
// `remove` takes them away. The rules are those of all callers (host-values.ts).
import type { ValueAct } from '../registry/registry-types.ts';
import { registryOf } from '../registry/tables.ts';
import type { Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { hostOf } from './hosts.ts';
import { writeValues } from './host-values.ts';
export { featuresByName, type FeatureHandle } from './find.ts';
export { pythonText, toPythonJson } from '../python-json.ts';

type Values = Record<string, unknown>;

function* write(
  tx: Transaction,
  artifacts: readonly number[],
  act: ValueAct,
  values: Values | readonly string[],
): Steps<void> {
  const table = registryOf(tx.journal.model, 'Artifact');
  yield* writeValues(tx, table, artifacts, act, values, { typed: true, createLabels: true });
}

export const setValues = (tx: Transaction, artifacts: readonly number[], values: Values): Steps<void> =>
  write(tx, artifacts, 'set', values);
export const addValues = (tx: Transaction, artifacts: readonly number[], values: Values): Steps<void> =>
  write(tx, artifacts, 'add', values);
export const updateValues = (tx: Transaction, artifacts: readonly number[], values: Values): Steps<void> =>
  write(tx, artifacts, 'update', values);
export const removeValues = (
  tx: Transaction,
  artifacts: readonly number[],
  names: readonly string[],
): Steps<void> => write(tx, artifacts, 'remove', names);

/** Link tables that hold categories of artifacts, with the column of the category. */
export function categoryLinks(tx: {
  journal: Transaction['journal'];
}): { link: string; column: string; table: string }[] {
  return [...hostOf(tx.journal.model, 'Artifact').links].map(([table, link]) => ({
    link: link.table,
    column: link.value,
    table,
  }));
}
