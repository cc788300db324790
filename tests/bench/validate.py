"""Files, registries and schemas for the benchmark of validation, and what LaminDB's own curators need for them. Runs in an
instance of its own (scripts/bench-python.mjs makes one). Usage: validate.py make FOLDER ROWS SHEET CELLS GENES writes the files;
validate.py round FOLDER validates them once. Prints JSON."""
import json, sys, time, warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import anndata as ad
import bionty as bt
import lamindb as ln
import numpy as np
import pandas as pd
from scipy import sparse

ln.settings.verbosity = 0
# Terms that are missing are not looked for on the network, nor are prefixes of Ensembl's ids.
exec((Path(__file__).parent.parent / "compat/python/offline.py").read_text())

verb, folder = sys.argv[1], Path(sys.argv[2])
small = 1000
cell_types, donors, conditions, samples = 120, 400, 12, 1000
cell = lambda i: f"cell type {i} of the made ones"
gene = lambda i: f"ENSG{i:011d}"


def column(name, dtype, **options):
    return ln.Feature(name=name, dtype=dtype, **options).save()


def registries(genes):
    ln.settings.creation.search_names = False
    human = bt.Organism(
        name="human", ontology_id="NCBITaxon:9606", scientific_name="Homo sapiens", _skip_validation=True
    ).save()
    many = [
        bt.CellType(name=cell(i), ontology_id=f"CL:{9000000 + i}", synonyms=f"CT-{i}|made {i}", _skip_validation=True)
        for i in range(cell_types)
    ]
    ln.save(many)
    ln.save([bt.Gene(ensembl_gene_id=gene(i), symbol=f"G{i}", organism=human, _skip_validation=True) for i in range(genes)])
    types = {name: ln.ULabel(name=name, is_type=True).save() for name in ("Donor", "Condition")}
    ln.save([ln.ULabel(name=f"donor {i}", type=types["Donor"]) for i in range(donors)])
    ln.save([ln.ULabel(name=f"condition {i}", type=types["Condition"]) for i in range(conditions)])
    return types


def schemas(types):
    features = {
        "cell_type": column("cell_type", bt.CellType),
        "donor": column("donor", types["Donor"]),
        "condition": column("condition", types["Condition"]),
        "sample": column("sample", str),
        "barcode": column("barcode", str),
        "n_genes": column("n_genes", int),
        "n_reads": column("n_reads", int),
        "n_counts": column("n_counts", float),
        "pct_mito": column("pct_mito", float),
        "is_doublet": column("is_doublet", bool),
    }
    ten = list(features.values())
    obs = [features[name] for name in ("cell_type", "donor", "sample", "n_genes", "pct_mito")]
    table = ln.Schema(ten, name="bench table").save()
    # Texts of a text table become what its features ask.
    sheet = ln.Schema(ten, name="bench sheet", coerce=True).save()
    cells = ln.Schema(
        name="bench cells",
        otype="AnnData",
        slots={
            "obs": ln.Schema(obs, name="bench obs").save(),
            "var.T": ln.Schema(name="bench genes", itype=bt.Gene.ensembl_gene_id, maximal_set=True).save(),
        },
    ).save()
    return {"table": table.uid, "sheet": sheet.uid, "cells": cells.uid}


def rows(n, seed=6):
    random = np.random.default_rng(seed)
    pick = lambda names: pd.Categorical.from_codes(random.integers(0, len(names), n), names)
    return pd.DataFrame(
        {
            "cell_type": pick([cell(i) for i in range(cell_types)]),
            "donor": pick([f"donor {i}" for i in range(donors)]),
            "condition": pick([f"condition {i}" for i in range(conditions)]),
            "sample": np.array([f"sample {i}" for i in range(samples)], dtype=object)[random.integers(0, samples, n)],
            "barcode": [f"AACG{i:08d}-1" for i in range(n)],
            "n_genes": random.integers(200, 9000, n),
            "n_reads": random.integers(1000, 900_000, n),
            "n_counts": np.round(random.gamma(2, 4000, n), 1),
            "pct_mito": random.beta(2, 30, n),
            "is_doublet": random.random(n) < 0.05,
        }
    )


def anndata(n, genes):
    obs = rows(n)[["cell_type", "donor", "sample", "n_genes", "pct_mito"]]
    obs.index = [f"cell {i}" for i in range(n)]
    x = sparse.random(n, genes, density=0.05, format="csr", dtype="float32", random_state=6)
    return ad.AnnData(X=x, obs=obs, var=pd.DataFrame(index=[gene(i) for i in range(genes)]))


def make(n_rows, n_sheet, n_cells, n_genes):
    folder.mkdir(parents=True, exist_ok=True)
    told = schemas(registries(n_genes))
    rows(n_rows).to_parquet(folder / "table.parquet")
    anndata(n_cells, n_genes).write_h5ad(folder / "cells.h5ad")
    # One value that no registry has: whether both sides look at all. It also warms them.
    odd = rows(small)
    odd["cell_type"] = odd["cell_type"].cat.rename_categories({cell(7): "cell type that nobody made"})
    odd.to_parquet(folder / "odd.parquet")
    cells = anndata(small, n_genes)
    cells.obs["donor"] = cells.obs["donor"].cat.rename_categories({"donor 7": "donor that nobody knows"})
    cells.write_h5ad(folder / "odd.h5ad")
    sheet = rows(n_sheet)
    names, at = sheet["cell_type"].astype(str).to_numpy(dtype=object), np.arange(n_sheet)
    # 40 spellings that no registry has, in every 50th row.
    names[at % 50 == 0] = [cell((i // 50) % 40).replace("made", "maed") for i in at[at % 50 == 0]]
    sheet["cell_type"] = names
    counts = sheet["n_counts"].astype(str).to_numpy(dtype=object)
    counts[n_sheet // 2] = "n.d."
    sheet["n_counts"] = counts
    sheet.to_csv(folder / "sheet.csv", index=False)
    print(json.dumps({"schemas": told, "edits": [[cell(i).replace("made", "maed"), cell(i)] for i in range(40)]}))


def validated(path, schema):
    """What LaminDB does with an artifact: it is loaded whole, then validated."""
    if path.suffix == ".h5ad":
        curator = ln.curators.AnnDataCurator(ad.read_h5ad(path), schema)
    else:
        curator = ln.curators.DataFrameCurator(pd.read_parquet(path), schema)
    try:
        curator.validate()
        return None
    except ln.errors.ValidationError as error:
        return str(error)


def round():
    out = {"lamindb": ln.__version__}
    for name, file, odd, unknown in (
        ("table", "table.parquet", "odd.parquet", "cell type that nobody made"),
        ("cells", "cells.h5ad", "odd.h5ad", "donor that nobody knows"),
    ):
        schema = ln.Schema.get(name=f"bench {name}")
        problem = validated(folder / odd, schema)
        if problem is None or unknown not in problem:
            raise SystemExit(f"LaminDB does not refuse {odd}: {problem}")
        start, cpu = time.perf_counter(), time.process_time()
        problem = validated(folder / file, schema)
        out[name] = (time.perf_counter() - start) * 1000
        out[f"{name}Cpu"] = (time.process_time() - cpu) * 1000
        if problem is not None:
            raise SystemExit(f"LaminDB refuses {file}: {problem}")
    print(json.dumps(out))


make(*map(int, sys.argv[3:])) if verb == "make" else round()
