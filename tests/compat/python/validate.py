"""Datasets and schemas of every kind through lamindb's own curators: files are written beside the database, and what
lamindb says of each is told as JSON. Usage: validate.py <folder for files> [<folder of the shared fixtures>]"""

import datetime as dt
import decimal
import json
import sys
import traceback
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import bionty as bt
import lamindb as ln
import numpy as np
import pandas as pd

ln.settings.verbosity = 0
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


exec(Path(__file__).with_name("offline.py").read_text())

# registries
human = bt.Organism(name="human", ontology_id="NCBITaxon:9606", scientific_name="Homo sapiens", _skip_validation=True).save()
mouse = bt.Organism(name="mouse", ontology_id="NCBITaxon:10090", scientific_name="Mus musculus", _skip_validation=True).save()
for name, uid, synonyms in [
    ("T cell", "CL:0000084", "T-cell|T lymphocyte"),
    ("natural killer cell", "CL:0000623", "NK cell"),
    ("B cell", "CL:0000236", None),
]:
    bt.CellType(name=name, ontology_id=uid, synonyms=synonyms, _skip_validation=True).save()
for name, uid in [("liver", "UBERON:0002107"), ("lung", "UBERON:0002048")]:
    bt.Tissue(name=name, ontology_id=uid, _skip_validation=True).save()
for i in range(1, 6):
    bt.Gene(ensembl_gene_id=f"ENSG0000000000{i}", symbol=f"GENE{i}", organism=human, _skip_validation=True).save()
bt.Gene(ensembl_gene_id="ENSMUSG00000000001", symbol="Gene1", organism=mouse, _skip_validation=True).save()
for name in ["a", "b", "c"]:
    ln.ULabel(name=name).save()
batch = ln.ULabel(name="Batch", is_type=True).save()
inner = ln.ULabel(name="Inner", is_type=True, type=batch).save()
ln.ULabel(name="batch 1", type=batch).save()
ln.ULabel(name="batch 2", type=inner).save()
sample = ln.Record(name="Sample", is_type=True).save()
ln.Record(name="s1", type=sample).save()
ln.Record(name="s2", type=sample).save()
ln.Record(name="loose").save()
other = ln.Record(name="Other", is_type=True).save()
ln.Record(name="twice", type=sample).save()
ln.Record(name="twice", type=other).save()

simple = {
    "int": int,
    "float": float,
    "num": "num",
    "str": str,
    "bool": bool,
    "date": dt.date,
    "datetime": dt.datetime,
    "dict": dict,
    "path": "path",
    "url": "url",
    "list_int": list[int],
    "list_float": list[float],
    "list_str": list[str],
}
categorical = {
    "cat": ln.ULabel,
    "typed": batch,
    "cell": bt.CellType,
    "cell_id": bt.CellType.ontology_id,
    "union": "cat[bionty.Tissue|bionty.CellType]",
    "list_cat": list[bt.CellType],
    "record": sample,
    "gene": bt.Gene.ensembl_gene_id,
}
everything = {**simple, **categorical}


features = {}


def feature(name, dtype, **options):
    features[name] = ln.Feature(name=name, dtype=dtype, **options).save()
    return features[name]


for name, dtype in everything.items():
    feature(f"p_{name}", dtype)
    feature(f"n_{name}", dtype, nullable=False)
    feature(f"c_{name}", dtype, coerce=True)
for prefix, options in {"p": {}, "c": {"coerce": True}}.items():
    feature(f"{prefix}_utc", "datetime64[ns, UTC]", **options)

schemas = {}


def schema(key, members, **options):
    schemas[key] = ln.Schema(members, name=key, **options).save()
    return schemas[key]


for prefix in "pnc":
    schema(f"simple_{prefix}", [features[f"{prefix}_{name}"] for name in simple])
    schema(f"cats_{prefix}", [features[f"{prefix}_{name}"] for name in categorical])
for prefix in "pc":
    schema(f"utc_{prefix}", [features[f"{prefix}_utc"]])
schema("simple_coerced", [features[f"p_{name}"] for name in simple], coerce=True)
schema("cats_coerced", [features[f"p_{name}"] for name in categorical], coerce=True)

# columns
day = dt.date(2024, 5, 17)
moment = pd.Timestamp("2024-05-17 12:30:00")
obj = lambda values: pd.Series(values, dtype=object)
data = {
    "ints": pd.Series([1, 2, 3]),
    "ints_small": pd.Series([1, 2, 3], dtype="int8"),
    "uints": pd.Series([1, 2, 3], dtype="uint16"),
    "ints_ext": pd.Series([1, None, 3], dtype="Int64"),
    "floats": pd.Series([1.5, 2.5, 3.5]),
    "floats32": pd.Series([1.5, 2.5, 3.5], dtype="float32"),
    "floats_whole": pd.Series([1.0, 2.0, None]),
    "floats_inf": pd.Series([1.0, float("inf"), 2.0]),
    "all_nan": pd.Series([float("nan")] * 3),
    "all_none": obj([None] * 3),
    "strings": obj(["x", "y", "z"]),
    "strings_gap": obj(["x", None, "z"]),
    "digits": obj(["1", "2", " 3 "]),
    "decimals_text": obj(["1.5", "2", "1e3"]),
    "no_digits": obj(["1", "two", "3"]),
    "string_ext": pd.Series(["x", None, "z"], dtype="string"),
    "day_texts": obj(["2024-05-17", "2024-05-18", None]),
    "day_texts_bad": obj(["2024-05-17", "2024-02-30", "2024-05-18"]),
    "day_texts_old": obj(["2024-05-17", "0001-01-01", "2024-05-18"]),
    "day_texts_far": obj(["2024-05-17", "9999-12-31", "2024-05-18"]),
    "day_texts_mixed": obj(["2024-05-17", "17.05.2024", "2024-05-18"]),
    "day_texts_us": obj(["05/17/2024", "05/18/2024", "12/31/2024"]),
    "time_texts": obj(["2024-05-17 12:30", "2024-05-18 12:31", "2024-05-18 12:32"]),
    "time_texts_zone": obj(["2024-05-17T12:30:00Z", "2024-05-18T12:31:00Z", "2024-05-18T12:31:00Z"]),
    "days": obj([day, day, None]),
    "days_old": obj([day, dt.date(1, 1, 1), day]),
    "times": pd.Series([moment, moment, None]),
    "times_us": pd.Series([moment, moment, None]).astype("datetime64[us]"),
    "times_zone": pd.Series([moment, moment, None]).dt.tz_localize("UTC"),
    "times_zone_us": pd.Series([moment, moment, None]).dt.tz_localize("UTC").astype("datetime64[us, UTC]"),
    "times_berlin": pd.Series([moment, moment]).dt.tz_localize("Europe/Berlin"),
    "bools": pd.Series([True, False, True]),
    "bools_gap": obj([True, None, False]),
    "bools_ext": pd.Series([True, None, False], dtype="boolean"),
    "lists_int": obj([[1, 2], [3], []]),
    "lists_float": obj([[1.5, 2.0], [3.0], None]),
    "lists_float32": obj([np.array([1.5, 2.0], dtype="float32"), np.array([3.0], dtype="float32"), None]),
    "lists_bool": obj([[True], [False, True], []]),
    "lists_str": obj([["T cell"], ["B cell", "T cell"], []]),
    "lists_unknown": obj([["T cell", "nonsense"], ["B cell"], []]),
    "lists_gap": obj([["a", None], ["b"], None]),
    "dicts": obj([{"k": 1}, {"k": 2}, None]),
    "dict_texts": obj(["{'k': 1}", "{\"k\": [1, (2,)]}", None]),
    "dict_texts_bad": obj(["{'k': 1}", "{\"k\": true}", "no dict"]),
    "bytes": obj([b"x", b"y", b"z"]),
    "decimals": obj([decimal.Decimal("1.5"), decimal.Decimal("2.0"), None]),
    "times_of_day": obj([dt.time(1, 2), dt.time(3, 4), None]),
    "labels": pd.Series(["a", "b", "a"], dtype="category"),
    "labels_gap": pd.Series(["a", None, "b"], dtype="category"),
    "labels_unknown": pd.Series(["a", "z", "Z"], dtype="category"),
    "labels_unused": pd.Series(["a", "b", "a"], dtype=pd.CategoricalDtype(["a", "b", "unused"])),
    "labels_ordered": pd.Series(["a", "b", "a"], dtype=pd.CategoricalDtype(["a", "b"], ordered=True)),
    "labels_typed": pd.Series(["batch 1", "batch 2", "a"], dtype="category"),
    "labels_case": pd.Series(["A", "B", "a"], dtype="category"),
    "labels_empty": pd.Series(["", "a", "b"], dtype="category"),
    "cells": pd.Series(["T cell", "B cell", "T cell"], dtype="category"),
    "cells_synonym": pd.Series(["NK cell", "T-cell", "b cell"], dtype="category"),
    "cells_unknown": pd.Series(["T cell", "liver", "moon cell"], dtype="category"),
    "ids": pd.Series(["CL:0000084", "CL:9999999", "CL:0000084"], dtype="category"),
    "records": pd.Series(["s1", "s2", "loose"], dtype="category"),
    "records_twice": pd.Series(["s1", "twice", "s2"], dtype="category"),
    "genes": pd.Series(["ENSG00000000001", "ENSG00000000002", "ENSG00000000099"], dtype="category"),
    "genes_mouse": pd.Series(["ENSMUSG00000000001", "ENSG00000000002", "ENSG00000000001"], dtype="category"),
    "genes_odd": pd.Series(["FBgn0000001", "ENSG00000000001", "ENSMUSG00000000001"], dtype="category"),
    "cats_int": pd.Series([1, 2, 1], dtype="category"),
    "cats_bool": pd.Series([True, False, True], dtype="category"),
    "text_labels": obj(["a", "b", "z"]),
    "empty_text": obj([]),
    "empty_ints": pd.Series([], dtype="int64"),
    "empty_category": pd.Series([], dtype="category"),
}

cases = []


def told(curators):
    """What each slot says, the first failure of a slot not keeping the others from being asked."""
    slots = {}
    for slot, curator in curators.items():
        try:
            curator.validate()
            slots[slot] = {"ok": True}
        except BaseException as error:  # OrganismNotSet is a SystemExit
            cause = error.__cause__
            entry = {"ok": False, "error": type(error).__name__, "message": str(error)[:300]}
            if hasattr(cause, "schema_errors"):
                entry["faults"] = sorted(
                    {(e.reason_code.name, str(column_of(e))) for e in cause.schema_errors}
                )
            elif type(error).__name__ == "ValidationError" and "not validated" in str(error):
                vectors = curator.cat._cat_vectors
                entry["terms"] = {
                    key: sorted(str(v) for v in vector._non_validated)
                    for key, vector in vectors.items()
                    if vector._non_validated and not vector.is_validated
                }
            slots[slot] = entry
    return slots


def column_of(error):
    if error.reason_code.name in ("COLUMN_NOT_IN_DATAFRAME", "COLUMN_NOT_IN_SCHEMA", "COLUMN_NOT_ORDERED"):
        return error.failure_cases
    if type(error.schema).__name__ == "Index":
        return "<index>"
    return getattr(error, "column_name", None) or getattr(error.schema, "name", None)


def case(path, key, load, curator=None):
    """One file against one schema, loaded as lamindb loads it."""
    entry = {"file": path.name, "schema": schemas[key].uid, "key": key}
    try:
        dataset = load(path)
        entry["slots"] = (curator or table)(dataset, schemas[key])
    except BaseException as error:
        entry["slots"] = {"": {"ok": False, "error": type(error).__name__, "message": str(error)[:300]}}
        if "--trace" in sys.argv:
            traceback.print_exc()
    entry["ok"] = all(slot["ok"] for slot in entry["slots"].values())
    cases.append(entry)


def table(dataset, of):
    curator = ln.curators.DataFrameCurator(dataset, of)
    found = told({"columns": curator._atomic_curator})
    return {**found, **told(curator._slots)}


loaders = {
    ".parquet": pd.read_parquet,
    ".csv": pd.read_csv,
    ".tsv": lambda path: pd.read_csv(path, sep="\t"),
}


def write(df, name, suffix=".parquet", **options):
    path = folder / f"{name}{suffix}"
    if suffix == ".parquet":
        df.to_parquet(path, **options)
    else:
        df.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",", **options)
    return path


def frame(names, series):
    return pd.DataFrame({name: series for name in names})


def run_data():
    for name, series in data.items():
        for prefix in "pnc":
            for group, members in {"simple": simple, "cats": categorical}.items():
                path = write(frame([f"{prefix}_{m}" for m in members], series), f"{name}.{group}_{prefix}")
                case(path, f"{group}_{prefix}", pd.read_parquet)
                if prefix == "p":
                    case(path, f"{group}_coerced", pd.read_parquet)
        for prefix in "pc":
            path = write(frame([f"{prefix}_utc"], series), f"{name}.utc_{prefix}")
            case(path, f"utc_{prefix}", pd.read_parquet)


for part in ("validate_more.py", "validate_stores.py"):
    exec(Path(__file__).with_name(part).read_text())
run_data()
run_more()
run_stores()
print(json.dumps({"cases": cases}))
