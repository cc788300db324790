"""Validated artifacts as lamindb saves them: the same files are registered without a schema first (the database as it is then
is copied for the other side), then each is validated and saved. Usage: save_validated.py <folder of the storage>"""

import json
import shutil
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import anndata as ad
import bionty as bt
import lamindb as ln
import numpy as np
import pandas as pd

ln.settings.verbosity = 0
storage = Path(sys.argv[1])
exec(Path(__file__).with_name("offline.py").read_text())

human = bt.Organism(name="human", ontology_id="NCBITaxon:9606", _skip_validation=True).save()
for name, uid in [("T cell", "CL:0000084"), ("B cell", "CL:0000236")]:
    bt.CellType(name=name, ontology_id=uid, _skip_validation=True).save()
bt.Tissue(name="liver", ontology_id="UBERON:0002107", _skip_validation=True).save()
for i in range(1, 1105):
    bt.Gene(ensembl_gene_id=f"ENSG{i:011}", symbol=f"GENE{i}", organism=human, _skip_validation=True).save()
for name in "abc":
    ln.ULabel(name=name).save()
many = ln.ULabel(name="Many", is_type=True).save()
ln.save([ln.ULabel(name=f"m{i}", type=many) for i in range(1002)])

feature = lambda name, dtype, **options: ln.Feature(name=name, dtype=dtype, **options).save()
number, label, cell = feature("number", int), feature("label", ln.ULabel), feature("cell", bt.CellType)
union = feature("place", "cat[bionty.Tissue|bionty.CellType]")
cells = feature("cells", list[bt.CellType])
rows = feature("rows", bt.CellType)
lots = feature("lots", many)
spare = feature("spare", str)

table = ln.Schema([number, label, cell, union.with_config(optional=True)], name="table").save()
strict = ln.Schema([number, label], name="strict", maximal_set=True, ordered_set=True).save()
named = ln.Schema([number], index=rows, name="named").save()
labels = ln.Schema([lots], name="labels", minimal_set=False).save()
flexible = ln.examples.schemas.valid_features()
of_genes = ln.examples.schemas.anndata_ensembl_gene_ids_and_valid_features_in_obs()
both = ln.Schema(
    name="both",
    otype="AnnData",
    slots={"obs": table, "var.T": ln.Schema(name="strict genes", itype=bt.Gene.ensembl_gene_id, maximal_set=True).save()},
).save()

good = pd.DataFrame(
    {
        "number": [1, 2, 3],
        "label": pd.Categorical(["b", "a", None]),
        "cell": pd.Categorical(["T cell", "B cell", "T cell"]),
        "place": pd.Categorical(["liver", "B cell", "liver"]),
        "other": ["x", "y", "z"],
    }
)
adata = lambda genes: ad.AnnData(X=np.zeros((3, len(genes)), dtype="float32"), obs=good.set_index(pd.Index(["x", "y", "z"])), var=pd.DataFrame(index=genes))
plans = {
    "table": (good, table),
    "fewer": (good[["number", "label", "cell"]], table),
    "strict": (good[["number", "label"]], strict),
    "named": (good[["number"]].set_index(pd.Index(["T cell", "B cell", "T cell"])), named),
    "many": (pd.DataFrame({"lots": pd.Categorical([f"m{i}" for i in range(1002)])}), labels),
    "flexible": (good.iloc[:2], flexible),
    "unknown": (pd.DataFrame({"foo": [1]}), flexible),
    "genes": (adata([f"ENSG{i:011}" for i in range(1, 6)] + ["other"]), of_genes),
    "many_genes": (adata([f"ENSG{i:011}" for i in range(1, 1103)]), of_genes),
    "both": (adata([f"ENSG{i:011}" for i in range(1, 4)]), both),
}
saved = {}
for name, (data, _) in plans.items():
    if isinstance(data, pd.DataFrame):
        saved[name] = ln.Artifact.from_dataframe(data, key=f"{name}.parquet").save()
    else:
        saved[name] = ln.Artifact.from_anndata(data, key=f"{name}.h5ad").save()
shutil.copy(storage / ".lamindb" / "lamin.db", storage / ".lamindb" / "before.db")
told = []
for name, (_, schema) in plans.items():
    artifact = saved[name]
    curator = ln.curators.DataFrameCurator if artifact.otype == "DataFrame" else ln.curators.AnnDataCurator
    curator(artifact, schema).save_artifact()
    told.append({"name": name, "uid": artifact.uid, "schema": schema.uid, "path": str(artifact.path)})
print(json.dumps({"saved": told}))
