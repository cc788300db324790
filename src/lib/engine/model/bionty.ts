// The tables of bionty 2.5.2: the ontology registries, their hierarchies, and their links to artifacts, records and
// schemas. A new ontology is one `ontology(...)` line; its three or four tables follow from it.

import { manyToMany, registry, together } from './declare.ts';
import type { Columns, Declaration } from './declare.ts';
import { labelLink, pairLink } from './links.ts';
import { common } from './registries.ts';
import type { Unique } from './types.ts';

const term: Columns = {
  ...common,
  uid: 'c14!',
  abbr: 'c32?!',
  synonyms: 't?*',
  description: 't?*',
  source_id: '>@source?',
};

/** A registry of terms whose uid is derived from the term, so that two offline peers agree on it. */
function terms(className: string, columns: Columns, uniques: Unique[] = []): Declaration {
  return registry('bionty', className, { ...term, ...columns }, { uidLength: 14, uniques });
}

/** A registry whose terms come from an ontology: name, id and parents. */
function ontology(className: string, columns: Columns = {}): Declaration {
  const unique = together(`bionty_${className.toLowerCase()}`, ['name', 'ontology_id']);
  return terms(className, { name: 'c255*', ontology_id: 'c255?*', ...columns }, [unique]);
}

const source = registry(
  'bionty',
  'Source',
  {
    ...common,
    uid: 'c8!',
    entity: 'c255*',
    organism: 'c255*',
    name: 'c255*',
    version: 'c255*',
    in_db: 'b*~0',
    currently_used: 'b*~0',
    description: 't?*',
    url: 't?',
    md5: 't?',
    source_website: 't?',
    dataframe_artifact_id: '>artifact?',
  },
  { uidLength: 8, uniques: [together('bionty_source', ['entity', 'name', 'organism', 'version'])] },
);

const ontologies: Declaration[] = [
  ontology('Organism', { scientific_name: 'c255?!' }),
  ontology('CellLine'),
  ontology('CellType'),
  ontology('DevelopmentalStage'),
  ontology('Disease'),
  ontology('Ethnicity'),
  ontology('ExperimentalFactor'),
  ontology('Pathway'),
  ontology('Phenotype'),
  ontology('Tissue'),
];

/** Registries per organism: they come after Organism in insert order. */
const molecules: Declaration[] = [
  terms(
    'CellMarker',
    {
      name: 'c64*',
      gene_symbol: 'c64?*',
      ncbi_gene_id: 'c32?*',
      uniprotkb_id: 'c10?*',
      organism_id: '>@organism',
    },
    [together('bionty_cellmarker', ['name', 'organism_id'])],
  ),
  terms('Gene', {
    symbol: 'c64?*',
    stable_id: 'c255?!',
    ensembl_gene_id: 'c64?!',
    ncbi_gene_ids: 't?*',
    biotype: 'c64?*',
    organism_id: '>@organism',
  }),
  terms('Protein', {
    name: 'c255?*',
    uniprotkb_id: 'c10?!',
    length: 'B?*',
    gene_symbol: 'c255?*',
    ensembl_gene_ids: 't?',
    organism_id: '>@organism',
  }),
];

const target = (declaration: Declaration) => `@${declaration.name.replace('bionty_', '')}`;
const linked = [...ontologies, ...molecules].map(target);

export const bionty: Declaration[] = [
  source,
  ...ontologies,
  ...molecules,
  ...ontologies.map(target).map((self) => manyToMany(self, 'parents', self)),
  manyToMany('@pathway', 'genes', '@gene'),
  manyToMany('@source', 'artifacts', 'artifact'),
  ...linked.map((right) => labelLink('artifact', right)),
  ...linked.map((right) => labelLink('record', right)),
  ...['@cellmarker', '@gene', '@pathway', '@protein'].map((right) =>
    pairLink('schema', right, { bare: true }),
  ),
];
