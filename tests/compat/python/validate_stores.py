# Read into validate.py: AnnData, MuData and SpatialData. lamindb tells the latter two by the name of their class, so that
# stand-ins with their attributes do where the packages are missing.
import shutil

import anndata as ad
import h5py
import zarr


class MuData:
    def __init__(self, path):
        with h5py.File(path) as file:
            self.obs, self.var = ad.io.read_elem(file["obs"]), ad.io.read_elem(file["var"])
            self.uns = ad.io.read_elem(file["uns"]) if "uns" in file else {}
            self.mod = {name: ad.io.read_elem(file["mod"][name]) for name in file["mod"]}

    def __getitem__(self, modality):
        return self.mod[modality]


try:
    from mudata import read_h5mu
except ImportError:
    read_h5mu = MuData


class SpatialData:
    def __init__(self, path):
        root = zarr.open_group(path, mode="r")
        self.attrs = {k: v for k, v in dict(root.attrs).items() if k != "spatialdata_attrs"}
        self.tables = {name: ad.io.read_elem(root["tables"][name]) for name in root["tables"]}


def composite(otype, curator):
    def run(dataset, of):
        return told(curator(dataset, of)._slots)

    return run


annotated = composite("AnnData", ln.curators.AnnDataCurator)
multimodal = composite("MuData", ln.curators.MuDataCurator)
spatial = composite("SpatialData", ln.curators.SpatialDataCurator)
genes = [f"ENSG0000000000{i}" for i in range(1, 6)]


def adata(obs=None, var_names=genes, var=None, uns=None):
    obs = pd.DataFrame({"o_cell": pd.Categorical(["T cell", "B cell", "T cell"]), "o_count": [1, 2, 3]}) if obs is None else obs
    obs.index = [f"cell{i}" for i in range(len(obs))]
    var = pd.DataFrame(index=list(var_names)) if var is None else var
    return ad.AnnData(X=np.zeros((len(obs), len(var)), dtype="float32"), obs=obs, var=var, uns=uns or {})


def obs_of(**columns):
    base = {"o_cell": pd.Categorical(["T cell", "B cell", "T cell"]), "o_count": [1, 2, 3]}
    return pd.DataFrame({**base, **columns})


def run_stores():
    cell, number = feature("o_cell", bt.CellType), feature("o_count", int)
    flag, label = feature("o_flag", bool), feature("o_label", str)
    study, organism, depth = feature("u_study", str), feature("u_organism", bt.Organism), feature("u_depth", int)
    score = feature("u_score", float)
    tags = feature("u_tags", list[str])
    organism_coerced = feature("u_organism_coerced", bt.Organism, coerce=True)
    chosen, high = feature("v_chosen", bool), feature("v_mean", float)
    name = feature("o_name", str)
    obs = schema("obs", [cell, number, flag.with_config(optional=True), label.with_config(optional=True)])
    strict = schema("obs_strict", [cell, number], maximal_set=True)
    named = schema("obs_named", [cell], index=name)
    var_features = schema("var_features", [chosen, high])
    uns = schema("uns", [study, depth, tags.with_config(optional=True), score.with_config(optional=True)])
    inner = schema("uns_inner", [organism_coerced])
    plain = schema("uns_plain", [organism])
    schemas["genes"] = ln.Schema(name="valid_ensembl_gene_ids", itype=bt.Gene.ensembl_gene_id).save()
    schemas["genes_strict"] = ln.Schema(name="genes strict", itype=bt.Gene.ensembl_gene_id, maximal_set=True).save()
    schemas["symbols"] = ln.Schema(name="symbols", itype=bt.Gene.symbol).save()
    some = bt.Gene.filter(ensembl_gene_id__in=genes[:3]).to_list()
    schemas["gene_members"] = ln.Schema(some, name="gene members", itype=bt.Gene.ensembl_gene_id).save()

    def slots(key, otype, **parts):
        schemas[key] = ln.Schema(name=key, otype=otype, slots={k: v for k, v in parts["slots"].items()}).save()

    of = {
        "ann_obs": {"obs": obs},
        "ann_strict": {"obs": strict, "var.T": schemas["genes_strict"]},
        "ann_genes": {"obs": obs, "var.T": schemas["genes"]},
        "ann_old_var": {"var": schemas["genes_strict"]},
        "ann_symbols": {"var.T": schemas["symbols"]},
        "ann_members": {"var.T": schemas["gene_members"]},
        "ann_var": {"var": var_features},
        "ann_named": {"obs": named},
        "ann_uns": {"uns": uns, "uns:inner": inner},
        "ann_uns_plain": {"uns:inner": plain},
        "ann_uns_deep": {"uns:inner:deeper": uns},
        "ann_obsm": {"obsm": obs},
    }
    for key, parts in of.items():
        slots(key, "AnnData", slots=parts)
    schemas["ann_builtin"] = ln.examples.schemas.anndata_ensembl_gene_ids_and_valid_features_in_obs()
    schemas["obs_alone"] = obs
    good_uns = {"u_study": "one", "u_depth": 3, "u_tags": ["a", "b"], "inner": {"u_organism_coerced": "human", "u_organism": "human"}}
    typed = pd.DataFrame({"v_chosen": [True] * 5, "v_mean": [0.5] * 5}, index=genes)
    datasets = {
        "good": adata(uns=good_uns),
        "good_var": adata(var=typed),
        "bad_var": adata(var=typed.assign(v_chosen=1.5, v_mean="x")),
        "missing": adata(obs_of().drop(columns="o_count")),
        "wrong_type": adata(obs_of(o_count=[1.5, 2.5, 3.5])),
        "gaps": adata(obs_of(o_count=pd.array([1, None, 3], dtype="Int64"), o_flag=pd.array([True, None, False], dtype="boolean"))),
        "unknown_cell": adata(obs_of(o_cell=pd.Categorical(["T cell", "moon cell", None]))),
        "synonym": adata(obs_of(o_cell=pd.Categorical(["T-cell", "NK cell", "B cell"]))),
        "number_cells": adata(obs_of(o_cell=pd.Categorical([1, 2, 1]))),
        "labels": adata(obs_of(o_label=["x", "y", "z"])),
        "label_categories": adata(obs_of(o_label=pd.Categorical(["x", "y", "x"]))),
        "label_numbers": adata(obs_of(o_label=[1, 2, 3])),
        "extra": adata(obs_of(foo=[1, 2, 3])),
        "extra_feature": adata(obs_of(p_int=["a", "b", "c"])),
        "no_columns": adata(pd.DataFrame(index=range(3))),
        "unknown_genes": adata(var_names=["ENSG00000000001", "NOTAGENE1", "ENSG00000000999"]),
        "mouse_genes": adata(var_names=["ENSMUSG00000000001", "ENSG00000000001"]),
        "no_genes": adata(var_names=["x", "y"]),
        "symbols": adata(var_names=["GENE1", "GENE2", "other"]),
        "uns_missing": adata(uns={"u_study": "one"}),
        "uns_types": adata(uns={"u_study": 5, "u_depth": "deep", "u_tags": "a", "u_score": 1.5, "inner": {"u_organism_coerced": "martian"}}),
        "uns_arrays": adata(uns={"u_study": "one", "u_depth": np.int64(3), "u_tags": np.array([1, 2]), "u_score": np.float32(2), "inner": {"u_organism": "human", "deeper": {"u_study": "two", "u_depth": 1}}}),
        "uns_flat": adata(uns={"u_study": "one", "u_depth": 3, "inner": "no dictionary"}),
    }
    for name, dataset in datasets.items():
        path = folder / f"ann_{name}.h5ad"
        dataset.write_h5ad(path)
        store = folder / f"ann_{name}.zarr"
        shutil.rmtree(store, ignore_errors=True)
        if len(name) % 2:
            dataset.write_zarr(store)
        for key in [*of, "ann_builtin", "obs_alone"]:
            if "uns" in key and "uns" not in name and name != "good":
                continue
            case(path, key, ad.read_h5ad, annotated)
            if store.exists() and key in ("ann_genes", "ann_var", "ann_uns", "ann_strict"):
                case(store, key, ad.read_zarr, annotated)

    # more than one kind of measurement
    slots("mu", "MuData", slots={"rna:obs": obs, "rna:var.T": schemas["genes_strict"], "adt:obs": strict, "uns:inner": inner})
    # a composite with the slots of one that is there would be that one, whatever it is for
    slots("mu_whole", "MuData", slots={"obs": schema("mu_obs", [cell, number])})
    slots("mu_none", "MuData", slots={"atac:obs": obs})
    slots("mu_uns", "MuData", slots={"rna:uns": uns})
    parts = {
        "good": ("good", "good"),
        "unknown": ("unknown_cell", "good"),
        "genes": ("unknown_genes", "extra"),
        "types": ("wrong_type", "missing"),
        "uns": ("uns_missing", "synonym"),
    }
    for name, (rna, adt) in parts.items():
        path = folder / f"mu_{name}.h5mu"
        if read_h5mu is not MuData:
            from mudata import MuData as Real

            real = Real({"rna": datasets[rna].copy(), "adt": datasets[adt].copy()})
            for column in datasets[rna].obs:
                real.obs[column] = datasets[rna].obs[column]
            real.uns["inner"] = {"u_organism_coerced": "human" if name != "types" else "martian"}
            real.write_h5mu(path)
            for key in ("mu", "mu_whole", "mu_none", "mu_uns"):
                case(path, key, read_h5mu, multimodal)
            continue
        with h5py.File(path, "w") as file:
            file.attrs["encoding-type"] = "MuData"
            file.attrs["encoding-version"] = "0.1.0"
            for modality, which in {"rna": rna, "adt": adt}.items():
                ad.io.write_elem(file, f"mod/{modality}", datasets[which])
            ad.io.write_elem(file, "obs", datasets[rna].obs)
            ad.io.write_elem(file, "var", datasets[rna].var)
            ad.io.write_elem(file, "uns", {"inner": {"u_organism_coerced": "human" if name != "types" else "martian"}})
        for key in ("mu", "mu_whole", "mu_none", "mu_uns"):
            case(path, key, read_h5mu, multimodal)

    # places in tissue
    slots("sd", "SpatialData", slots={"attrs:sample": uns, "tables:cells:obs": obs, "tables:cells:var.T": schemas["genes"]})
    slots("sd_attrs", "SpatialData", slots={"attrs": uns})
    slots("sd_old", "SpatialData", slots={"sample": uns})
    slots("sd_none", "SpatialData", slots={"tables:spots:obs": obs})
    slots("sd_strict", "SpatialData", slots={"tables:cells:obs": strict, "tables:cells:var.T": schemas["genes_strict"]})
    attributes = {
        "good": {"sample": {"u_study": "one", "u_depth": 3}, "u_study": "two", "u_depth": 1},
        "types": {"sample": {"u_study": 1, "u_depth": 1.5}, "u_study": "two"},
        "empty": {},
    }
    for name, which in {"good": "good", "types": "unknown_cell", "empty": "unknown_genes"}.items():
        store = folder / f"sd_{name}.zarr"
        shutil.rmtree(store, ignore_errors=True)
        root = zarr.open_group(store, mode="w", zarr_format=2)
        root.attrs.update({**attributes[name], "spatialdata_attrs": {"version": "0.2"}})
        ad.io.write_elem(root, "tables/cells", datasets[which])
        for key in ("sd", "sd_attrs", "sd_old", "sd_none", "sd_strict"):
            case(store, key, SpatialData, spatial)

    run_fixtures()


def run_fixtures():
    """Real files, where they are."""
    if len(sys.argv) < 3 or not Path(sys.argv[2], "bio").exists():
        return
    root = Path(sys.argv[2], "bio")
    loads = {".h5ad": (ad.read_h5ad, annotated), ".parquet": (pd.read_parquet, table), ".csv": (pd.read_csv, table), ".tsv": (loaders[".tsv"], table)}
    for path in sorted(root.rglob("*")):
        if path.suffix not in loads or not path.is_file():
            continue
        load, curator = loads[path.suffix]
        keys = ["ann_builtin", "ann_genes", "ann_var"] if path.suffix == ".h5ad" else ["valid_features", "minimal", "strict_flexible"]
        for key in keys:
            try:
                load(path)
            except BaseException:
                break
            case(path, key, load, curator)
            cases[-1]["file"] = f"fixtures:{path.relative_to(root).as_posix()}"
