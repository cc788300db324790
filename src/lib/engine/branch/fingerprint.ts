// Tables and columns as one short text: two copies of Loam with the same mean the same by a bundle's names.
import { md5Hex } from '../md5.ts';
import type { Model } from '../model/types.ts';

const known = new WeakMap<Model, string>();

/** 32 hex digits over the declared tables; columns that only one opened file has do not count. */
export function modelFingerprint(model: Model): string {
  const kept = known.get(model);
  if (kept !== undefined) return kept;
  const lines = [...model.tables.values()]
    .map((table) => {
      const columns = table.columns
        .filter(({ foreign }) => !foreign)
        .map(({ name, type }) => `${name}:${type}`);
      return `${table.name} ${columns.sort().join(' ')} / ${table.rowKey.columns.join(' ')}`;
    })
    .sort();
  const digest = md5Hex(lines.join('\n'));
  known.set(model, digest);
  return digest;
}
