// The three schemas that LaminDB makes when they are first asked for (`ln.examples.schemas`), under the same uids in every
// instance: any registered features, any registered genes, and both as an AnnData (lamindb 2.12.1 `KNOWN_SCHEMAS`).
import { LoamError } from '../errors.ts';
import { create } from '../registry/create.ts';
import { one, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';

export const builtinSchemas = [
  'valid_features',
  'valid_ensembl_gene_ids',
  'anndata_ensembl_gene_ids_and_valid_features_in_obs',
] as const;

export type BuiltinSchema = (typeof builtinSchemas)[number];

/** LaminDB's own names, and the short one that its documentation uses. */
export function builtinOf(name: string): BuiltinSchema {
  const long = name === 'ensembl_gene_ids_and_valid_features_in_obs' ? `anndata_${name}` : name;
  const known = builtinSchemas.find((one) => one === long);
  if (known !== undefined) return known;
  throw new LoamError(
    'DoesNotExist',
    `There is no built-in schema "${name.slice(0, 60)}". Built in are: ${builtinSchemas.join(', ')}.`,
    { registry: 'Schema', name: name.slice(0, 60) },
  );
}

/** By its name, as LaminDB looks for it; null where it was not made yet. */
export function* findBuiltin(name: BuiltinSchema): Steps<{ id: number; uid: string } | null> {
  const row = yield* one(
    'SELECT id, uid FROM lamindb_schema WHERE name = ? AND loam_present(branch_id) ORDER BY id LIMIT 1',
    [name],
  );
  return row ? { id: Number(row[0]), uid: String(row[1]) } : null;
}

export function* ensureBuiltin(tx: Transaction, name: BuiltinSchema): Steps<{ id: number; uid: string }> {
  const known = yield* findBuiltin(name);
  if (known) return known;
  if (name === 'valid_features') return yield* create(tx, 'Schema', { name, itype: 'Feature' });
  if (name === 'valid_ensembl_gene_ids')
    return yield* create(tx, 'Schema', { name, itype: 'bionty.Gene.ensembl_gene_id' });
  const obs = yield* ensureBuiltin(tx, 'valid_features');
  const genes = yield* ensureBuiltin(tx, 'valid_ensembl_gene_ids');
  return yield* create(tx, 'Schema', {
    name,
    otype: 'AnnData',
    slots: { obs: { id: obs.id }, 'var.T': { id: genes.id } },
  });
}
