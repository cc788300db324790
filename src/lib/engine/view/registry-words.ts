// What registries and fields are called on screen, what each registry is for, and which columns say most about its rows.
// Plug-in registries have no entry here: all they need follows from their declaration.
import { statusCodes } from '../query/keywords.ts';
import type { Table } from '../model/types.ts';

export type RegistryGroup = 'data' | 'annotation' | 'lineage' | 'ontologies' | 'admin' | 'modules';

interface Words {
  group: RegistryGroup;
  purpose: string;
  /** Columns that are shown at first. */
  columns?: string[];
  /** Facets beside the list. */
  facets?: string[];
  title?: string;
  plural?: string;
}

const words: Record<string, Words> = {
  Artifact: {
    group: 'data',
    purpose: 'Files and folders with their versions and annotations',
    columns: ['key', 'otype', 'n_observations', 'size', 'ulabels', 'run__transform', 'updated_at'],
    facets: ['suffix', 'otype', 'kind', 'ulabels__name', 'projects__name', 'created_by__handle'],
  },
  Collection: {
    group: 'data',
    purpose: 'Artifacts that belong together, as a versioned set',
    columns: ['key', 'artifacts', 'description', 'ulabels', 'created_by', 'updated_at'],
    facets: ['ulabels__name', 'projects__name', 'created_by__handle'],
  },
  Record: {
    group: 'data',
    purpose: 'Samples, donors, experiments and sheets: things that are no files',
    columns: ['name', 'type', 'description', 'projects', 'created_by', 'updated_at'],
    facets: ['type__name', 'is_type', 'schema__name', 'projects__name', 'created_by__handle'],
  },
  ULabel: {
    group: 'annotation',
    purpose: 'Labels of your own, such as batches, treatments or quality',
    title: 'Label',
    columns: ['name', 'type', 'description', 'artifacts', 'created_by', 'updated_at'],
    facets: ['type__name', 'is_type', 'parents__name', 'created_by__handle'],
  },
  Project: {
    group: 'annotation',
    purpose: 'Projects, with dates, status and what belongs to them',
    columns: ['name', 'abbr', '_status_code', 'start_date', 'end_date', 'artifacts', 'updated_at'],
    facets: ['_status_code', 'type__name', 'parents__name', 'created_by__handle'],
  },
  Reference: {
    group: 'annotation',
    purpose: 'Papers, protocols and other documents to cite',
    columns: ['name', 'abbr', 'doi', 'date', 'type', 'updated_at'],
    facets: ['type__name', 'projects__name', 'created_by__handle'],
  },
  Feature: {
    group: 'annotation',
    purpose: 'What is measured or said about datasets: names with a type',
    columns: ['name', '_dtype_str', 'unit', 'description', 'type', 'schemas', 'updated_at'],
    facets: ['_dtype_str', 'type__name', 'is_type', 'created_by__handle'],
  },
  Schema: {
    group: 'annotation',
    purpose: 'Sets of features that a dataset must or may have',
    columns: ['name', 'itype', 'otype', 'n_members', 'description', 'validated_artifacts', 'updated_at'],
    facets: ['itype', 'otype', 'is_type', 'created_by__handle'],
  },
  JsonValue: {
    group: 'annotation',
    purpose: 'Plain values of features, each kept once and shared',
    title: 'Feature value',
    columns: ['feature', 'value', 'artifacts', 'created_at'],
    facets: ['feature__name', 'created_by__handle'],
  },
  Transform: {
    group: 'lineage',
    purpose: 'Scripts, notebooks, pipelines and acts in this app that make data',
    columns: ['key', 'kind', 'description', 'runs', 'created_by', 'updated_at'],
    facets: ['kind', 'ulabels__name', 'projects__name', 'created_by__handle'],
  },
  Run: {
    group: 'lineage',
    purpose: 'Each time a transform ran: inputs, outputs, parameters',
    columns: [
      'started_at',
      'transform',
      '_status_code',
      'name',
      'output_artifacts',
      'created_by',
      'finished_at',
    ],
    facets: ['_status_code', 'transform__key', 'created_by__handle'],
  },
  Source: {
    group: 'ontologies',
    purpose: 'Public ontologies and their versions, from which terms come',
    title: 'Ontology source',
    columns: ['name', 'entity', 'organism', 'version', 'currently_used', 'in_db', 'source_website'],
    facets: ['entity', 'organism', 'name', 'currently_used', 'in_db'],
  },
  CellType: { group: 'ontologies', purpose: 'Kinds of cells (Cell Ontology)' },
  Tissue: { group: 'ontologies', purpose: 'Tissues and organs (Uberon)' },
  Disease: { group: 'ontologies', purpose: 'Diseases (Mondo)' },
  CellLine: { group: 'ontologies', purpose: 'Cultured cell lines (CLO, DepMap)' },
  Phenotype: { group: 'ontologies', purpose: 'Traits that can be observed (HPO, MP)' },
  Pathway: { group: 'ontologies', purpose: 'Pathways and processes (Gene Ontology)' },
  Organism: {
    group: 'ontologies',
    purpose: 'Species (NCBI Taxonomy)',
    columns: ['name', 'scientific_name', 'ontology_id', 'synonyms', 'source', 'updated_at'],
  },
  Gene: {
    group: 'ontologies',
    purpose: 'Genes, by symbol (Ensembl)',
    columns: ['symbol', 'ensembl_gene_id', 'biotype', 'organism', 'description', 'ncbi_gene_ids'],
    facets: ['organism__name', 'biotype', 'source__name'],
  },
  Protein: { group: 'ontologies', purpose: 'Proteins (UniProt)' },
  CellMarker: { group: 'ontologies', purpose: 'Markers that tell cells apart' },
  DevelopmentalStage: { group: 'ontologies', purpose: 'Stages of development (HsapDv, MmusDv)' },
  Ethnicity: { group: 'ontologies', purpose: 'Ancestry of donors (HANCESTRO)' },
  ExperimentalFactor: { group: 'ontologies', purpose: 'Assays and variables of experiments (EFO)' },
  Storage: {
    group: 'admin',
    purpose: 'Places where the bytes of artifacts are kept',
    title: 'Storage location',
    columns: ['root', 'type', 'region', 'artifacts', 'description', 'created_at'],
    facets: ['type', 'region'],
  },
  User: {
    group: 'admin',
    purpose: 'People who made or changed something here',
    columns: ['handle', 'name', 'created_artifacts', 'created_runs', 'created_at'],
    facets: [],
  },
  Space: {
    group: 'admin',
    purpose: 'Who may read and write what',
    columns: ['name', 'description', 'created_by', 'created_at'],
    facets: [],
  },
  Branch: {
    group: 'admin',
    purpose: 'Lines of change that can be merged',
    columns: ['name', '_status_code', 'description', 'created_by', 'created_at'],
    facets: ['_status_code', 'created_by__handle'],
    plural: 'Branches',
  },
  Block: {
    group: 'admin',
    purpose: 'Pages of text about the whole database',
    title: 'Page',
    columns: ['key', 'kind', 'content', 'created_by', 'created_at'],
    facets: ['kind', 'created_by__handle'],
  },
};

export const wordsOf = (table: Table): Words | null =>
  table.module === 'lamindb' || table.module === 'bionty' ? (words[table.registry ?? ''] ?? null) : null;

/** Where a registry stands among the others; those of plug-ins come last. */
export function registryRank(table: Table): number {
  const rank = wordsOf(table) ? Object.keys(words).indexOf(table.registry ?? '') : -1;
  return rank < 0 ? Number.MAX_SAFE_INTEGER : rank;
}

/** `CellType` -> `Cell type`. */
export function registryTitle(table: Table): string {
  const own = wordsOf(table)?.title;
  if (own) return own;
  const spaced = (table.registry ?? table.name).replace(/([a-z0-9])([A-Z])/g, '$1 $2');
  return spaced.charAt(0) + spaced.slice(1).toLowerCase();
}

export function registryPlural(table: Table): string {
  const own = wordsOf(table)?.plural;
  if (own) return own;
  const title = registryTitle(table);
  if (/[^aeiou]y$/.test(title)) return `${title.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(title) ? `${title}es` : `${title}s`;
}

const fieldWords: Record<string, string> = {
  id: 'number',
  uid: 'uid',
  abbr: 'abbreviation',
  created_on: 'created on branch',
  updated_at: 'updated',
  created_at: 'created',
  started_at: 'started',
  finished_at: 'finished',
  is_latest: 'latest version',
  is_locked: 'locked',
  is_type: 'is a type',
  in_db: 'imported',
  currently_used: 'in use',
  n_observations: 'observations',
  n_files: 'files',
  n_members: 'members',
  otype: 'content',
  itype: 'members are',
  suffix: 'file type',
  version_tag: 'version tag',
  ulabels: 'labels',
  ulabel: 'label',
  doi: 'DOI',
  url: 'web address',
  pubmed_id: 'PubMed id',
  md5: 'md5',
  _status_code: 'status',
  _dtype_str: 'type of value',
  _ounit_str: 'unit of the ontology',
  ontology_id: 'ontology id',
  ensembl_gene_id: 'Ensembl id',
  ensembl_gene_ids: 'Ensembl ids',
  ncbi_gene_id: 'NCBI id',
  ncbi_gene_ids: 'NCBI ids',
  uniprotkb_id: 'UniProt id',
  input_of_runs: 'used by runs',
  recreating_runs: 'made again by runs',
  output_artifacts: 'outputs',
  output_collections: 'output collections',
  output_records: 'output records',
  input_artifacts: 'inputs',
  input_collections: 'input collections',
  input_records: 'input records',
  recreated_artifacts: 'artifacts made again',
  validated_artifacts: 'artifacts validated',
  created_artifacts: 'artifacts created',
  created_runs: 'runs started',
  created_transforms: 'transforms created',
  linked_in_records: 'in records',
  initiated_by_run: 'started by run',
  initiated_runs: 'runs it started',
  dataframe_artifact: 'table of terms',
};

/** A field's name as people read it, in lower case as part of a sentence. */
export function fieldTitle(name: string): string {
  return fieldWords[name] ?? name.replace(/^_/, '').replace(/_/g, ' ');
}

/** Values that a field can have, where LaminDB knows them. */
export function choicesOf(table: Table, column: string): { value: string | number; title: string }[] | null {
  if (column === '_status_code') {
    const codes = statusCodes[table.registry ?? ''];
    if (!codes) return null;
    return Object.entries(codes).map(([title, value]) => ({ value, title }));
  }
  const list = listed[`${table.registry}.${column}`];
  return list ? list.map((value) => ({ value, title: value })) : null;
}

const listed: Record<string, string[]> = {
  'Artifact.kind': ['dataset', 'model', 'plan'],
  'Transform.kind': ['pipeline', 'notebook', 'script', 'function'],
  'Block.kind': ['readme', 'comment'],
};
