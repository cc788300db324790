// The 43 ontology sources that bionty 2.5.2 writes into a new instance, and which of them are in use by default. Values
// are LaminDB's, so that a term imported here names the same source as one imported by Python.

export interface SourceSeed {
  uid: string;
  entity: string;
  organism: string;
  name: string;
  version: string;
  currentlyUsed: boolean;
  description: string;
  url: string;
  website: string;
}

/** One line per source, in id order from 1: uid | entity | organism | name | version | in use | description | url | website. */
const lines = `
6Exvf3us|bionty.Organism|vertebrates|ensembl|release-116|1|Ensembl|https://ftp.ensembl.org/pub/release-116/species_EnsemblVertebrates.txt|https://www.ensembl.org
6bbVUTCS|bionty.Organism|bacteria|ensembl|release-57|1|Ensembl|https://ftp.ensemblgenomes.ebi.ac.uk/pub/bacteria/release-57/species_EnsemblBacteria.txt|https://www.ensembl.org
6s9nV6xh|bionty.Organism|fungi|ensembl|release-57|1|Ensembl|https://ftp.ensemblgenomes.ebi.ac.uk/pub/fungi/release-57/species_EnsemblFungi.txt|https://www.ensembl.org
2PmTrc8x|bionty.Organism|metazoa|ensembl|release-57|1|Ensembl|https://ftp.ensemblgenomes.ebi.ac.uk/pub/metazoa/release-57/species_EnsemblMetazoa.txt|https://www.ensembl.org
7GPHh16S|bionty.Organism|plants|ensembl|release-57|1|Ensembl|https://ftp.ensemblgenomes.ebi.ac.uk/pub/plants/release-57/species_EnsemblPlants.txt|https://www.ensembl.org
55SVpG1b|bionty.Organism|all|ncbitaxon|2026-07-12|1|NCBItaxon Ontology|http://purl.obolibrary.org/obo/ncbitaxon/2026-07-12/ncbitaxon.owl|https://github.com/obophenotype/ncbitaxon
77oUuOMe|bionty.Gene|human|ensembl|release-116|1|Ensembl|s3://bionty-assets/df_human__ensembl__release-116__Gene.parquet|https://www.ensembl.org
7gsJ9OXr|bionty.Gene|mouse|ensembl|release-116|1|Ensembl|s3://bionty-assets/df_mouse__ensembl__release-116__Gene.parquet|https://www.ensembl.org
3gQpDC9D|bionty.Gene|saccharomyces cerevisiae|ensembl|release-116|1|Ensembl|s3://bionty-assets/df_saccharomyces-cerevisiae__ensembl__release-116__Gene.parquet|https://www.ensembl.org
2aKmloc1|bionty.Protein|human|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_human__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
oC3Up6Eg|bionty.Protein|mouse|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_mouse__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
011Fr1Pp|bionty.Protein|rattus norvegicus|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_rattus-norvegicus__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
7HcisvwJ|bionty.Protein|canis lupus|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_canis-lupus__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
5JmosyJw|bionty.Protein|macaca fascicularis|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_macaca-fascicularis__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
7ZDYRDbd|bionty.Protein|sus scrofa|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_sus-scrofa__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
6NRI7z1y|bionty.Protein|cricetulus griseus|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_cricetulus-griseus__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
1x9VhhMm|bionty.Protein|escherichia coli|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_escherichia-coli__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
1894sCXT|bionty.Protein|arabidopsis thaliana|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_arabidopsis-thaliana__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
8vZdNSGd|bionty.Protein|saccharomyces cerevisiae|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_saccharomyces-cerevisiae__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
1FUaRMsN|bionty.Protein|bos taurus|uniprot|2026-01|1|UniProt|s3://bionty-assets/df_bos-taurus__uniprot__2026-01__Protein.parquet|https://www.uniprot.org
3kDh8qAX|bionty.CellMarker|human|cellmarker|2.0|1|CellMarker|s3://bionty-assets/human_cellmarker_2.0_CellMarker_lookup.parquet|http://bio-bigdata.hrbmu.edu.cn/CellMarker
7bV5uJo3|bionty.CellMarker|mouse|cellmarker|2.0|1|CellMarker|s3://bionty-assets/mouse_cellmarker_2.0_CellMarker_lookup.parquet|http://bio-bigdata.hrbmu.edu.cn/CellMarker
13AwGU4n|bionty.CellLine|all|cellosaurus|56.0|1|Cellosaurus|s3://bionty-assets/df_all__cellosaurus__56.0__CellLine.parquet|https://www.cellosaurus.org/
6LyRtvz8|bionty.CellLine|all|clo|2022-03-21|0|Cell Line Ontology|s3://bionty-assets/df_all__clo__2022-03-21__CellLine.parquet|https://bioportal.bioontology.org/ontologies/CLO
2zHOtEVP|bionty.CellLine|all|depmap|2024-Q2|0|Dependency Map|s3://bionty-assets/df_all__depmap__2024-Q2__CellLine.parquet|https://depmap.org/portal/
dq7QgcSP|bionty.CellType|all|cl|2026-06-08|1|Cell Ontology|http://purl.obolibrary.org/obo/cl/releases/2026-06-08/cl.owl|https://obophenotype.github.io/cell-ontology
5PozusMv|bionty.Tissue|all|uberon|2026-06-23|1|Uberon multi-species anatomy ontology|https://github.com/obophenotype/uberon/releases/download/v2026-06-23/uberon.owl|http://obophenotype.github.io/uberon
6Oa6a7Pp|bionty.Disease|all|mondo|2026-09-01|1|Mondo Disease Ontology|http://purl.obolibrary.org/obo/mondo/releases/2026-09-01/mondo.owl|https://mondo.monarchinitiative.org
1UuMSPhi|bionty.Disease|human|doid|2026-08-31|1|Human Disease Ontology|http://purl.obolibrary.org/obo/doid/releases/2026-08-31/doid.obo|https://disease-ontology.org
25rhq3yV|bionty.Disease|human|icd|icd-11-2023|0|International Classification of Diseases (ICD)|s3://bionty-assets/df_human__icd__icd-11-2023__Disease.parquet|https://www.who.int/standards/classifications/classification-of-diseases
1NahqGNY|bionty.ExperimentalFactor|all|efo|3.93.0|1|The Experimental Factor Ontology|https://github.com/EBISPOT/efo/releases/download/v3.93.0/efo.owl|https://bioportal.bioontology.org/ontologies/EFO
2rMQe2ZH|bionty.Phenotype|all|pato|2025-05-14|1|Phenotype And Trait Ontology|http://purl.obolibrary.org/obo/pato/releases/2025-05-14/pato.owl|https://github.com/pato-ontology/pato
6Q3pqM4z|bionty.Phenotype|human|hp|2026-09-01|1|Human Phenotype Ontology|https://github.com/obophenotype/human-phenotype-ontology/releases/download/v2026-09-01/hp.owl|https://hpo.jax.org
15uFx5W4|bionty.Phenotype|human|phe|1.2|0|Phecodes ICD10 map|s3://bionty-assets/df_human__phe__1.2__Phenotype.parquet|https://phewascatalog.org/phecodes_icd10
2UZHts8n|bionty.Pathway|all|go|2025-10-10|1|Gene Ontology|http://purl.obolibrary.org/obo/go/releases/2025-10-10/extensions/go-plus.owl|http://geneontology.org
310u2HLQ|bionty.Pathway|all|pw|2026-05-16|0|Pathway Ontology|http://purl.obolibrary.org/obo/pw/2026-05-16/pw.owl|https://www.ebi.ac.uk/ols/ontologies/pw
3rm9aOzL|BFXPipeline|all|lamin|1.0.0|1|Bioinformatics Pipeline|s3://bionty-assets/df_all__lamin__1.0.0__BFXpipeline.parquet|https://lamin.ai
6bSx9Bpd|Drug|all|chebi|2026-09-01|1|Chemical Entities of Biological Interest|s3://bionty-assets/df_all__chebi__2026-09-01__Drug.parquet|https://www.ebi.ac.uk/chebi/
ugaIoIlj|Drug|all|dron|2024-08-05|0|Drug Ontology|http://purl.obolibrary.org/obo/dron/releases/2024-08-05/dron.owl|https://bioportal.bioontology.org/ontologies/DRON
7JO1x6p1|bionty.DevelopmentalStage|human|hsapdv|2025-01-23|1|Human Developmental Stages|https://github.com/obophenotype/developmental-stage-ontologies/releases/download/v2025-01-23/hsapdv.owl|https://github.com/obophenotype/developmental-stage-ontologies/wiki/HsapDv
6na9vRls|bionty.DevelopmentalStage|mouse|mmusdv|2025-01-23|1|Mouse Developmental Stages|https://github.com/obophenotype/developmental-stage-ontologies/releases/download/v2025-01-23/mmusdv.owl|https://github.com/obophenotype/developmental-stage-ontologies/wiki/MmusDv
7au3ZQrD|bionty.Ethnicity|human|hancestro|2025-10-14|1|Human Ancestry Ontology|http://purl.obolibrary.org/obo/hancestro/releases/2025-10-14/hancestro.owl|https://github.com/EBISPOT/hancestro
5JnVODh4|BioSample|all|ncbi|2023-09|1|NCBI BioSample attributes|s3://bionty-assets/df_all__ncbi__2023-09__BioSample.parquet|https://www.ncbi.nlm.nih.gov/biosample/docs/attributes
`;

export const sourceSeeds: SourceSeed[] = lines
  .trim()
  .split('\n')
  .map((line) => {
    const [
      uid = '',
      entity = '',
      organism = '',
      name = '',
      version = '',
      used,
      description = '',
      url = '',
      website = '',
    ] = line.split('|');
    return { uid, entity, organism, name, version, currentlyUsed: used === '1', description, url, website };
  });
