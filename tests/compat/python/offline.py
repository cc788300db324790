# Read into scripts that validate without a network.
import bionty as bt


def offline():
    """Public ontologies and tables of prefixes are not there: only rows of the database count."""
    import bionty._organism as organism
    import lamindb.models._from_values as values
    from bionty._organism import OrganismNotSet

    taxa = {"ENSG": "NCBITaxon:9606", "ENSMUSG": "NCBITaxon:10090"}

    def no_source(iterable_idx, field, organism=None, **_):
        registry = field.field.model
        if organism is None and registry.require_organism(field=field):
            raise OrganismNotSet("no organism")
        return [], iterable_idx

    def infer(id, using_key=None):
        prefix = "".join(c for c in id[:8] if c.isalpha())
        if prefix not in taxa:
            return None
        found = bt.Organism.filter(ontology_id=taxa[prefix]).one_or_none()
        return found

    values.create_records_from_source = no_source
    organism.infer_organism_from_ensembl_id = infer


offline()
