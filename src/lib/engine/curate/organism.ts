// Which organism terms are looked for in. Ensembl's ids of genes tell it by their beginning (bionty 2.5.2
// `infer_organism_from_ensembl_id`, whose table of prefixes LaminDB fetches from the network; here those of common species).
import type { Table } from '../model/types.ts';
import { one, type Steps } from '../statement.ts';

export interface Organism {
  /** Null where the registry of organisms has no such row: then no gene of it can be there. */
  id: number | null;
  name: string;
}

/** Ensembl's prefixes: common name, NCBI taxon. */
const ensembl: Readonly<Record<string, readonly [name: string, taxon: string]>> = {
  ENSG: ['human', '9606'],
  ENSMUSG: ['mouse', '10090'],
  ENSRNOG: ['rat', '10116'],
  ENSDARG: ['zebrafish', '7955'],
  ENSSSCG: ['pig', '9823'],
  ENSBTAG: ['cow', '9913'],
  ENSOARG: ['sheep', '9940'],
  ENSECAG: ['horse', '9796'],
  ENSGALG: ['chicken', '9031'],
  ENSMMUG: ['macaque', '9544'],
  ENSMFAG: ['crab-eating macaque', '9541'],
  ENSPTRG: ['chimpanzee', '9598'],
  ENSCJAG: ['white-tufted-ear marmoset', '9483'],
  ENSCAFG: ['dog', '9615'],
  ENSFCAG: ['cat', '9685'],
  ENSOCUG: ['rabbit', '9986'],
  ENSCPOG: ['guinea pig', '10141'],
  ENSXETG: ['tropical clawed frog', '8364'],
};

/** Null where the values do not tell one, so that terms of every organism count. */
export function* organismOf(table: Table, field: string, values: readonly string[]): Steps<Organism | null> {
  if (table.registry !== 'Gene' || table.module !== 'bionty' || field !== 'ensembl_gene_id') return null;
  const first = values.find((value) => value.startsWith('ENS'));
  const known = first === undefined ? undefined : ensembl[/^[A-Za-z]+/.exec(first)?.[0] ?? ''];
  if (known === undefined) return null;
  const [name, taxon] = known;
  const row = yield* one(
    'SELECT id FROM bionty_organism WHERE (ontology_id = ?1 OR name = ?2) AND loam_present(branch_id) ORDER BY ontology_id IS ?1 DESC, id LIMIT 1',
    [`NCBITaxon:${taxon}`, name],
  );
  return { id: row ? Number(row[0]) : null, name };
}

/** Rows cannot be made without an organism, and the value does not tell it. */
export const needsOrganism = (table: Table, field: string): boolean =>
  table.column.get('organism_id')?.nullable === false && table.column.get(field)?.unique !== true;
