// Artifacts as rows: they are made by saving files, so never by fields alone; of an existing one the key can change as long
// as its suffix stays that of the stored file.
import { LoamError } from '../errors.ts';
import { suffixOf } from '../suffix.ts';
import { without, type Behaviour, type Change } from './behaviour.ts';
import { checkKey } from './key.ts';

/** Facts of the stored bytes. */
const facts = ['size', 'suffix', 'n_files', 'storage', 'storage_id', 'otype'];

export const artifact: Behaviour = {
  create: () =>
    without(() => {
      throw new LoamError(
        'InvalidArgument',
        'An artifact is made by saving a file or a folder, not by fields alone.',
        { registry: 'Artifact' },
      );
    }),
  update: (_, change) =>
    without(() => {
      checkChange(change);
      return {};
    }),
};

const kinds = ['dataset', 'model', 'plan', '__lamindb_run__', '__lamindb_config__'];

function checkChange({ given, row }: Change): void {
  const fact = facts.find((name) => name in given);
  if (fact !== undefined) {
    throw new LoamError(
      'FieldValidationError',
      `"${fact}" tells what the stored file is; save another file instead of changing it.`,
      { registry: 'Artifact', field: fact },
    );
  }
  const { key, kind } = given;
  if (typeof key === 'string') {
    const wanted = suffixOf(checkKey(key)).canonical;
    if (wanted !== row['suffix']) {
      throw new LoamError(
        'InvalidArgument',
        `The key's suffix "${wanted}" must stay "${String(row['suffix'])}", that of the stored file.`,
        { registry: 'Artifact', field: 'key', suffix: String(row['suffix']) },
      );
    }
    if (row['_key_is_virtual'] === 0 && row['_real_key'] === null) {
      throw new LoamError(
        'InvalidArgument',
        'The key is the path of the file in its storage, so it cannot change here.',
        { registry: 'Artifact', field: 'key' },
      );
    }
  }
  if (kind !== undefined && kind !== null && !kinds.includes(String(kind))) {
    throw new LoamError(
      'FieldValidationError',
      `kind: ${String(kind).slice(0, 40)} is not a valid value → Valid values are: dataset, model, plan.`,
      { registry: 'Artifact', field: 'kind' },
    );
  }
}
