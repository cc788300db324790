"""What Python's own readers say about files: the facts that `loam inspect` is compared with.

    python facts.py ROOT PATH... > facts.json        facts of the named files and folders
    python facts.py --pack ROOT PACK.json            all files below ROOT with their facts, for tests without Python

PATHs are relative to ROOT; a folder is one entry. Needs anndata, h5py, zarr, pyarrow and pandas (a LaminDB environment has
them). Pictures, sheets and HDF5's foreign filters need tifffile, openpyxl and hdf5plugin; where one is missing its files
have the kind `skipped`.
"""

import base64
import csv
import gzip
import hashlib
import io
import json
import math
import os
import struct
import sys
import warnings

import numpy as np
import pandas as pd

try:
    import hdf5plugin  # noqa: F401 (filters beyond HDF5's own)
except ImportError:
    pass

warnings.filterwarnings("ignore")


def number(x):
    x = float(x)
    return x if math.isfinite(x) else None


def column(s):
    d = {"dtype": str(s.dtype), "n_null": int(s.isna().sum())}
    if isinstance(s.dtype, pd.CategoricalDtype):
        d["categories"] = [str(c) for c in s.cat.categories]
        d["n_categories"] = len(s.cat.categories)
        d["ordered"] = bool(s.cat.ordered)
        counts = s.value_counts(sort=False)
        d["counts"] = {str(k): int(v) for k, v in counts.items()}
    elif pd.api.types.is_bool_dtype(s.dtype):
        d["true"] = int(s.sum())
    elif pd.api.types.is_numeric_dtype(s.dtype):
        v = s.dropna().to_numpy(dtype="float64")
        d["sum"] = number(v.sum())
        d["min"] = number(v.min()) if len(v) else None
        d["max"] = number(v.max()) if len(v) else None
    else:
        try:
            d["n_unique"] = int(s.astype(str).nunique())
            d["head"] = [str(x) for x in s.head(3)]
        except Exception:
            d.pop("n_unique", None)
    return d


def frame(df):
    return {
        "n": len(df),
        "index_name": df.index.name,
        "index_head": [str(x) for x in df.index[:3]],
        "index_unique": bool(df.index.is_unique),
        "columns": {str(c): column(df.iloc[:, i]) for i, c in enumerate(df.columns)},
    }


def matrix(x):
    if x is None:
        return None
    d = {"type": type(x).__name__, "shape": list(x.shape), "dtype": str(x.dtype)}
    if hasattr(x, "nnz"):
        d["nnz"] = int(x.nnz)
        d["format"] = x.format
        d["sum"] = number(x.data.astype("float64").sum())
    else:
        d["sum"] = number(np.asarray(x, dtype="float64").sum())
    return d


def uns(v, depth=0):
    if isinstance(v, dict):
        if depth >= 3:
            return f"dict[{len(v)}]"
        return {str(k): uns(x, depth + 1) for k, x in v.items()}
    if isinstance(v, np.ndarray):
        return f"ndarray{list(v.shape)}:{v.dtype}"
    if isinstance(v, pd.DataFrame):
        return f"DataFrame{list(v.shape)}"
    if isinstance(v, pd.Categorical):
        return f"Categorical[{len(v)}]:{len(v.categories)} categories"
    if hasattr(v, "nnz"):
        return f"{type(v).__name__}{list(v.shape)}:{v.dtype}"
    return f"{type(v).__name__}: {str(v)[:200]}"


def adata_facts(a):
    return {
        "kind": "AnnData",
        "n_obs": a.n_obs,
        "n_vars": a.n_vars,
        "X": matrix(a.X),
        "layers": {k: matrix(v) for k, v in a.layers.items()},
        "obs": frame(a.obs),
        "var": frame(a.var),
        **{k: {n: list(v.shape) for n, v in getattr(a, k).items()} for k in ("obsm", "varm", "obsp", "varp")},
        "uns": uns(dict(a.uns)),
        "raw": None if a.raw is None else {"shape": list(a.raw.shape), "X": matrix(a.raw.X)},
    }


def h5_tree(f):
    import h5py

    out = {}

    def visit(name, obj):
        if isinstance(obj, h5py.Group):
            out[name + "/"] = "group"
        elif isinstance(obj, h5py.Dataset):
            plist = obj.id.get_create_plist()
            filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
            out[name] = f"{list(obj.shape) if obj.shape is not None else None} {obj.dtype} chunks={list(obj.chunks) if obj.chunks else None} filters={filters}"

    f.visititems(visit)
    return out


def hdf5(path):
    import anndata as ad
    import h5py
    from anndata.io import read_elem

    with h5py.File(path, "r") as f:
        tree = h5_tree(f)
        if "mod" in f and "obs" in f:
            return {
                "kind": "MuData",
                "mods": {m: adata_facts(read_elem(f["mod"][m])) for m in f["mod"]},
                "obs": frame(read_elem(f["obs"])),
                "var": frame(read_elem(f["var"])),
                "h5": tree,
            }
        is_adata = "obs" in f and "var" in f
    if is_adata:
        return {**adata_facts(ad.read_h5ad(path)), "h5": tree}
    return {"kind": "HDF5", "h5": tree}


def zarr_facts(path):
    import anndata as ad
    import zarr
    from anndata.io import read_elem

    store = zarr.storage.ZipStore(path, mode="r") if path.endswith(".zip") else path
    g = zarr.open(store, mode="r")
    members = {}
    for name, m in sorted(g.members(max_depth=None)) if isinstance(g, zarr.Group) else []:
        if isinstance(m, zarr.Group):
            members[name] = "group"
        else:
            shards = list(m.shards) if m.shards else None
            members[name] = f"{list(m.shape)} {m.dtype} chunks={list(m.chunks)} shards={shards}"
    out = {
        "kind": "Zarr",
        "zarr_format": g.metadata.zarr_format,
        "members": members,
        "n_members": len(members),
        "attrs": {k: str(v) for k, v in dict(g.attrs).items()},
    }
    if "mod" in g:
        out["mods"] = {m: adata_facts(read_elem(g["mod"][m])) for m in g["mod"]}
    elif "tables" in g:
        out["tables"] = {m: adata_facts(read_elem(g["tables"][m])) for m in g["tables"]}
    elif "obs" in g and "var" in g:
        out["anndata"] = adata_facts(ad.read_zarr(g))
    return out


def parquet(path):
    import pyarrow.parquet as pq

    f = pq.ParquetFile(path)
    md, schema = f.metadata, f.schema_arrow
    out = {
        "kind": "Parquet",
        "num_rows": md.num_rows,
        "row_groups": md.num_row_groups,
        "created_by": md.created_by,
        "schema": {x.name: str(x.type) for x in schema},
    }
    if len(schema) > 1000:
        out["n_columns"] = len(schema)
        out["schema"] = dict(list(out["schema"].items())[:5])
        return out
    out["values"] = frame(pq.read_table(path).to_pandas())
    return out


def arrow(path):
    import pyarrow as pa

    with pa.OSFile(path) as f:
        t = pa.ipc.open_file(f).read_all()
    return {"kind": "Arrow", "num_rows": t.num_rows, "schema": {x.name: str(x.type) for x in t.schema}}


def opened(path):
    with open(path, "rb") as f:
        data = f.read()
    return gzip.decompress(data) if path.endswith(".gz") else data


def delimited(path):
    data = opened(path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
        text = data.decode(encoding)
    else:
        for encoding in ("utf-8-sig", "latin-1"):
            try:
                text = data.decode(encoding)
                break
            except UnicodeDecodeError:
                pass
    first = text.split("\n", 1)[0]
    sep = "\t" if path.removesuffix(".gz").endswith(".tsv") else ";" if first.count(";") > first.count(",") else ","
    csv.field_size_limit(1 << 30)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=sep))
    return {
        "kind": "delimited text",
        "encoding": encoding,
        "n_lines": len(rows),
        "n_columns": len(rows[0]) if rows else 0,
        "head": [r[:8] for r in rows[:2]],
    }


def lines(path):
    return opened(path).decode("utf-8", "replace").splitlines()


def fasta(path):
    names, total = [], 0
    for line in lines(path):
        if line.startswith(">"):
            names.append((line[1:].split() or [""])[0])
        else:
            total += len(line.strip())
    return {"kind": "FASTA", "n_seqs": len(names), "names": names, "total_len": total}


def vcf(path):
    meta, samples, n = 0, [], 0
    for line in lines(path):
        if line.startswith("##"):
            meta += 1
        elif line.startswith("#"):
            samples = line.split("\t")[9:]
        elif line.strip():
            n += 1
    return {"kind": "VCF", "n_meta": meta, "samples": samples, "n_records": n}


def bam(path):
    data = gzip.decompress(open(path, "rb").read())
    assert data[:4] == b"BAM\x01"
    at = 8 + struct.unpack_from("<i", data, 4)[0]
    n = struct.unpack_from("<i", data, at)[0]
    at += 4
    refs, lengths = [], []
    for _ in range(n):
        size = struct.unpack_from("<i", data, at)[0]
        refs.append(data[at + 4 : at + 3 + size].decode())
        lengths.append(struct.unpack_from("<i", data, at + 4 + size)[0])
        at += 8 + size
    records = 0
    while at < len(data):
        at += 4 + struct.unpack_from("<i", data, at)[0]
        records += 1
    return {"kind": "BAM", "n_refs": n, "refs": refs, "lengths": lengths, "n_records": records}


def xlsx(path):
    return {"kind": "xlsx", "sheets": {k: list(v.shape) for k, v in pd.read_excel(path, sheet_name=None).items()}}


def mtx(path):
    import scipy.io

    name = next(n for n in sorted(os.listdir(path)) if n.startswith("matrix.mtx"))
    opener = gzip.open if name.endswith(".gz") else open
    with opener(os.path.join(path, name), "rb") as f:
        m = scipy.io.mmread(f)
    return {"kind": "10x mtx", "shape": list(m.shape), "nnz": int(m.nnz), "sum": float(m.sum())}


def tiff(path):
    import tifffile

    with tifffile.TiffFile(path) as t:
        series = [[list(s.shape), str(s.dtype), s.axes] for s in t.series]
        return {"kind": "OME-TIFF" if t.is_ome else "TIFF", "series": series}


def notebook(path):
    nb = json.load(open(path))
    return {
        "kind": "notebook",
        "nbformat": nb["nbformat"],
        "n_cells": len(nb["cells"]),
        "n_code": sum(c["cell_type"] == "code" for c in nb["cells"]),
    }


def safetensors(path):
    with open(path, "rb") as f:
        head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    metadata = head.pop("__metadata__", None)
    return {"kind": "safetensors", "keys": sorted(head), "metadata": metadata}


def png(path):
    head = open(path, "rb").read(24)
    return {"kind": "PNG", "width": struct.unpack(">I", head[16:20])[0], "height": struct.unpack(">I", head[20:24])[0]}


def facts(path):
    low = path.lower()
    ends = lambda *e: low.endswith(e)  # noqa: E731
    try:
        if ends(".zarr", ".zarr.zip"):
            return zarr_facts(path)
        if os.path.isdir(path):
            if any(n.startswith("matrix.mtx") for n in os.listdir(path)):
                return mtx(path)
            return {"kind": "folder", "n_files": sum(len(x[2]) for x in os.walk(path))}
        if ends(".h5ad", ".h5mu", ".h5", ".hdf5"):
            return hdf5(path)
        if ends(".parquet"):
            return parquet(path)
        if ends(".arrow", ".feather"):
            return arrow(path)
        if ends(".csv", ".tsv", ".csv.gz", ".tsv.gz"):
            return delimited(path)
        if ends(".xlsx"):
            return xlsx(path)
        if ends(".fa", ".fasta", ".fa.gz", ".fasta.gz"):
            return fasta(path)
        if ends(".fq", ".fastq", ".fq.gz", ".fastq.gz"):
            return {"kind": "FASTQ", "n_lines": len(lines(path))}
        if ends(".vcf", ".vcf.gz"):
            return vcf(path)
        if ends(".gff", ".gff3", ".gtf", ".gff.gz", ".gff3.gz", ".gtf.gz"):
            return {"kind": "GFF", "n_features": sum(1 for x in lines(path) if x.strip() and not x.startswith("#"))}
        if ends(".cram"):
            return {"kind": "CRAM", "magic": open(path, "rb").read(6).hex()}
        if ends(".bam"):
            return bam(path)
        if ends(".tif", ".tiff"):
            return tiff(path)
        if ends(".png"):
            return png(path)
        if ends(".ipynb"):
            return notebook(path)
        if ends(".safetensors"):
            return safetensors(path)
        return {"kind": "other"}
    except ImportError as e:
        return {"kind": "skipped", "needs": str(e)}
    except Exception as e:
        return {"kind": "unreadable", "python_error": f"{type(e).__name__}: {str(e)[:200]}"}


def b64(digest):
    return base64.urlsafe_b64encode(digest).decode().strip("=")[:22]


def hashed(path):
    if os.path.isdir(path):
        found, size = [], 0
        for base, _, names in os.walk(path):
            for n in names:
                data = open(os.path.join(base, n), "rb").read()
                size += len(data)
                found.append(b64(hashlib.md5(data).digest()))
        joined = b"".join(hashlib.md5(h.encode()).digest() for h in sorted(found))
        return {"size": size, "n_files": len(found), "lamin_hash": b64(hashlib.md5(joined).digest()), "hash_type": "md5-d"}
    data = open(path, "rb").read()
    return {"size": len(data), "lamin_hash": b64(hashlib.md5(data).digest()), "hash_type": "md5"}


FOLDERS = (".zarr",)


def entries(root):
    """Files below a folder, and folders that are one thing: Zarr stores and folders of a matrix."""
    found = []
    for base, folders, names in os.walk(root):
        folders.sort()
        for name in list(folders):
            path = os.path.join(base, name)
            if name.endswith(FOLDERS) or os.path.basename(base) == "counts":
                found.append(os.path.relpath(path, root))
                folders.remove(name)
        found += [os.path.relpath(os.path.join(base, name), root) for name in sorted(names)]
    return sorted(found)


def pack(root):
    import anndata
    import h5py
    import pyarrow
    import zarr

    made = {"python": sys.version.split()[0]}
    made.update({m.__name__: m.__version__ for m in (anndata, h5py, np, pd, pyarrow, zarr)})
    files = {}
    for base, _, names in os.walk(root):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as f:
                data = base64.b64encode(gzip.compress(f.read(), 9, mtime=0)).decode()
            files[os.path.relpath(path, root)] = data
    os.chdir(root)
    return {
        "made_with": made,
        "facts": [{"file": p, **hashed(p), "facts": facts(p)} for p in entries(".")],
        "files": dict(sorted(files.items())),
    }


if __name__ == "__main__":
    if sys.argv[1] == "--pack":
        target = os.path.abspath(sys.argv[3])
        with open(target, "w") as f:
            json.dump(pack(sys.argv[2]), f, ensure_ascii=False, indent=0, allow_nan=False)
            f.write("\n")
    else:
        root, *paths = sys.argv[1:]
        os.chdir(root)
        out = [{"file": p, **hashed(p), "facts": facts(p)} for p in paths]
        json.dump(out, sys.stdout, ensure_ascii=False, indent=1, allow_nan=False)
