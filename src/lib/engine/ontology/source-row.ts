// The rows that terms refer to: their Source and their organism, found as bionty 2.5.2 finds them, else made.
import type { Table } from '../model/types.ts';
import { LoamError } from '../errors.ts';
import { all, one, type Steps } from '../statement.ts';
import { ontologyUid } from '../uid.ts';
import { insertOne, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import type { SourceName } from './types.ts';

/** `bionty.CellType`. */
export const entityOf = (table: Table): string => `${table.module}.${table.registry ?? table.name}`;

export function* findSource(table: Table, source: SourceName): Steps<number | null> {
  const row = yield* one(
    'SELECT id FROM bionty_source WHERE entity = ? AND name = ? AND organism = ? AND version = ?',
    [entityOf(table), source.name, source.organism, source.version],
  );
  return row ? Number(row[0]) : null;
}

/** Ids of the rows of other versions of the source. */
export function* olderSources(
  entity: string,
  { name, organism, version }: SourceName,
): Steps<{ id: number; version: string }[]> {
  const rows = yield* all(
    'SELECT id, version FROM bionty_source WHERE entity = ? AND name = ? AND organism = ? AND version <> ?',
    [entity, name, organism, version],
  );
  return rows.map(([id, at]) => ({ id: Number(id), version: String(at) }));
}

/** The Source row of a version, made where there is none; it is not put into use by that. */
export function* sourceRow(tx: Transaction, table: Table, source: SourceName): Steps<number> {
  const known = yield* findSource(table, source);
  if (known !== null) return known;
  const { name, version, organism, description = null, url = null, website = null } = source;
  for (const [field, value] of Object.entries({ name, version, organism }))
    if (typeof value !== 'string' || value.trim() === '')
      throw new LoamError(
        'ValueError',
        `A source of ${entityOf(table)} needs a ${field}: the file does not say it, so give it.`,
        { field },
      );
  const entity = entityOf(table);
  return yield* insertOne(tx, 'bionty_source', {
    uid: ontologyUid(`${entity}${name}${organism}${version}`, 8),
    entity,
    name,
    organism,
    version,
    description,
    url,
    source_website: website,
    in_db: 0,
    currently_used: 0,
  });
}

/**
 * All terms of the source are here (LaminDB's `in_db`). It is put into use where no other version of it is here: LaminDB
 * leaves that to the user, but then the version in use would be one that nobody has.
 */
export function* sourceIsHere(tx: Transaction, id: number, use = false): Steps<void> {
  const others = yield* all(
    `SELECT o.id, o.in_db, o.currently_used FROM bionty_source s JOIN bionty_source o
       ON o.entity = s.entity AND o.organism = s.organism AND o.name = s.name AND o.id <> s.id WHERE s.id = ?`,
    [id],
  );
  const used = others.filter((row) => row[2] === 1);
  const alone = !others.some((row) => row[1] === 1 && row[2] === 1);
  yield* update(tx, 'bionty_source', [id], { in_db: 1, ...(use || alone ? { currently_used: 1 } : {}) });
  if ((use || alone) && used.length > 0)
    yield* update(
      tx,
      'bionty_source',
      used.map((row) => Number(row[0])),
      { currently_used: 0 },
    );
}

/** Ensembl's names of the organisms that packs of genes and proteins are of: NCBITaxon id and scientific name. */
const organisms: Readonly<Record<string, readonly [taxon: number, scientific: string]>> = {
  human: [9606, 'homo_sapiens'],
  mouse: [10090, 'mus_musculus'],
  rat: [10116, 'rattus_norvegicus'],
  zebrafish: [7955, 'danio_rerio'],
  'fruit fly': [7227, 'drosophila_melanogaster'],
  roundworm: [6239, 'caenorhabditis_elegans'],
  'saccharomyces cerevisiae': [4932, 'saccharomyces_cerevisiae'],
};

/** The organism of that name, or of that scientific name; made with bionty's uid where it is not there. */
export function* organismRow(tx: Transaction, named: string): Steps<{ id: number; name: string }> {
  const name = named.replace(/^fruit-fly$/, 'fruit fly');
  const known = organisms[name];
  const scientific = known?.[1] ?? null;
  const id = known ? `NCBITaxon:${known[0]}` : null;
  const row = yield* one(
    `SELECT id, name FROM bionty_organism
     WHERE name = ?1 OR scientific_name IN (?1, ?2) OR ontology_id = ?3 ORDER BY name <> ?1, id LIMIT 1`,
    [name, scientific, id],
  );
  if (row) return { id: Number(row[0]), name: String(row[1]) };
  const values = { name, ontology_id: id, scientific_name: scientific };
  const made = yield* insertOne(tx, 'bionty_organism', { ...values, uid: ontologyUid(id ?? name, 14) });
  return { id: made, name };
}
