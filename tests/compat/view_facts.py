"""What the cells of AnnData files hold, as anndata reads them: coordinates, columns of obs, and genes of every matrix.

    python view_facts.py FOLDER FILE... > tests/fixtures/view-facts.json

The files are those of tests/fixtures/inspect-pack.json, laid out below FOLDER.
"""

import json
import math
import os
import sys
import warnings

warnings.filterwarnings("ignore")

import anndata as ad
import numpy as np
import pandas as pd


def number(value):
    value = float(value)
    return value if math.isfinite(value) else str(value)


def dense(matrix):
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


def column(values):
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [None if pd.isna(v) else str(v) for v in values]
    if values.dtype.kind in "iuf" or str(values.dtype) in ("Int64", "UInt8"):
        return [None if pd.isna(v) else number(v) for v in values]
    return [None if pd.isna(v) else str(v) for v in values]


def facts(path):
    a = ad.read_zarr(path) if os.path.isdir(path) else ad.read_h5ad(path)
    matrices = {"X": a.X, **{f"layers/{name}": layer for name, layer in a.layers.items()}}
    if a.raw is not None:
        matrices["raw/X"] = a.raw.X
    return {
        "cells": list(map(str, a.obs_names)),
        "obsm": {
            name: [[number(v) for v in row] for row in np.asarray(array)]
            for name, array in a.obsm.items()
            if not hasattr(array, "toarray")
        },
        "obs": {name: column(a.obs[name]) for name in a.obs.columns},
        # Gene by gene, as somebody asks.
        "genes": {
            name: [[number(v) for v in gene] for gene in dense(matrix).T]
            for name, matrix in matrices.items()
            if matrix is not None
        },
        "names": list(map(str, a.var_names)),
    }


folder, *files = sys.argv[1:]
print("{")
print(",\n".join(f"{json.dumps(file)}: {json.dumps(facts(os.path.join(folder, file)))}" for file in files))
print("}")
