"""Small files of every kind that `loam inspect` tells facts about, written by the libraries that write them in real life.

    python make_files.py FOLDER

The same calls give the same values on every machine, though not the same bytes (times, versions). Kinds whose library is
missing are left out; all of them need anndata, pyarrow, tifffile, openpyxl, safetensors and hdf5plugin.
"""

import datetime as dt
import decimal
import gzip
import json
import os
import struct
import sys
import uuid
import warnings
import zlib

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")


def random():
    return np.random.default_rng(5)


def put(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())


# AnnData, MuData and plain HDF5


def observations(rng, n):
    return pd.DataFrame(
        {
            "cat": pd.Categorical(rng.choice(list("abc"), n)),
            "gaps": pd.Categorical(
                [None if i % 5 == 0 else "x y"[i % 3] for i in range(n)],
                categories=["x", "y", " ", "unused"],
                ordered=True,
            ),
            "cat_int": pd.Categorical(rng.integers(0, 4, n) * 10),
            "cat_float": pd.Categorical(rng.choice([0.1, 1.5, 1e20], n)),
            "cat_bool": pd.Categorical(rng.random(n) < 0.5),
            "int64": rng.integers(-9, 9, n),
            "int8": rng.integers(-9, 9, n).astype("i1"),
            "uint16": rng.integers(0, 9, n).astype("u2"),
            "float64": rng.normal(size=n),
            "float32": rng.normal(size=n).astype("f4"),
            "nan": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
            "inf": np.where(rng.random(n) < 0.3, np.inf, 1.0),
            "bool": rng.random(n) < 0.5,
            "text": [f"txt{i % 9}é" for i in range(n)],
            "Int64": pd.array([None if i % 4 == 0 else i for i in range(n)], dtype="Int64"),
            "UInt8": pd.array([None if i % 4 == 0 else i for i in range(n)], dtype="UInt8"),
            "boolean": pd.array([None if i % 4 == 0 else i % 2 == 0 for i in range(n)], dtype="boolean"),
            "string": pd.array([None if i % 4 == 0 else f"s{i}" for i in range(n)], dtype="string"),
            "with space %#?": 2.5,
        },
        index=[f"cell{i}" for i in range(n)],
    )


def anndata_object(x="csr", n=12, m=5):
    import anndata as ad
    import scipy.sparse as sp

    rng = random()
    counts = rng.poisson(1, (n, m)).astype("f4")
    matrix = {
        "csr": lambda: sp.csr_matrix(counts),
        "csc": lambda: sp.csc_matrix(counts),
        "dense": lambda: counts,
        "float64": lambda: counts.astype("f8") / 3,
        "float16": lambda: counts.astype("f2") / 3,
        "int64": lambda: counts.astype("i8"),
        "bool": lambda: counts > 0,
        "nan": lambda: np.where(counts > 1, np.nan, counts),
        "none": lambda: None,
    }[x]()
    var = pd.DataFrame(
        {"name": [f"G{i}" for i in range(m)], "chosen": rng.random(m) < 0.5}, index=[f"ENSG{i}" for i in range(m)]
    )
    return ad.AnnData(matrix, obs=observations(rng, n), var=var)


def full_anndata():
    import anndata as ad
    import scipy.sparse as sp

    a = anndata_object()
    a.uns = {
        "text": "text",
        "long": "x" * 300,
        "unicode": "naïve ünï\n\"q'",
        "int": 5,
        "float": 0.1,
        "float32": np.float32(0.1),
        "large": 1e20,
        "bool": True,
        "none": None,
        "array": np.arange(5),
        "matrix": np.zeros((2, 3), "f4"),
        "texts": np.array(["a", "bb"], dtype=object),
        "bools": np.array([True, False]),
        "list": [1, 2, 3],
        "nested": {"b": {"c": {"d": 1, "e": {"f": 1}}, "x": 1}},
        "empty": {},
        "table": pd.DataFrame({"a": [1, 2]}),
        "sparse": sp.csr_matrix(np.eye(3)),
        "categories": pd.Categorical(["a", "b", "a"]),
    }
    a.obsm = {
        "X_pca": random().normal(size=(12, 3)),
        "table": pd.DataFrame({"u": range(12)}, index=a.obs_names),
        "sparse": sp.csr_matrix(np.eye(12)),
    }
    a.varm = {"PCs": random().normal(size=(5, 3))}
    a.obsp = {"distances": sp.csr_matrix(np.eye(12))}
    a.varp = {"v": np.eye(5)}
    a.layers = {"counts": a.X.copy(), "dense": a.X.toarray()}
    raw = anndata_object(m=8)
    raw.obs_names = a.obs_names
    a.raw = raw
    a.obs.index.name = "barcode"
    return a


def anndata_files(folder):
    import anndata as ad
    import h5py

    ad.settings.allow_write_nullable_strings = True
    at = lambda name: os.path.join(folder, name)  # noqa: E731
    os.makedirs(folder, exist_ok=True)
    for x in ("csc", "dense", "float64", "float16", "int64", "bool", "nan", "none"):
        a = anndata_object(x)
        # One of them holds all columns; the others are about X.
        if x != "dense":
            a.obs = a.obs[["cat"]]
        a.write_h5ad(at(f"x_{x}.h5ad"))
    a = full_anndata()
    a.write_h5ad(at("full.h5ad"), compression="gzip")
    for compression in ("lzf", *other_filters()):
        packed(at(f"packed_{compression if isinstance(compression, str) else compression[0]}.h5ad"), compression)
    for zarr_format in (2, 3):
        ad.settings.zarr_write_format = zarr_format
        small = anndata_object("csr" if zarr_format == 2 else "csc")
        small.uns = {"text": "text", "number": 5, "array": np.arange(3), "texts": np.array(["a", "b"], dtype=object)}
        small.layers = {"dense": small.X.toarray()}
        small.write_zarr(at(f"anndata_v{zarr_format}.zarr"), chunks=(5, 2))
    ad.AnnData(np.zeros((3, 4), "f4")).write_h5ad(at("no_names.h5ad"))
    repeated = anndata_object()
    repeated.obs = repeated.obs[["cat"]].set_axis(["twice"] * 12)
    repeated.write_h5ad(at("repeated_names.h5ad"))
    with h5py.File(at("mudata.h5mu"), "w") as f:
        f.attrs["encoding-type"] = "MuData"
        for name, m in (("rna", 4), ("prot", 2)):
            part = anndata_object(m=m)
            part.obs = part.obs[["cat"]]
            ad.io.write_elem(f, f"mod/{name}", part)
        ad.io.write_elem(f, "obs", part.obs)
        ad.io.write_elem(f, "var", part.var)
    old_layouts(folder)


def other_filters():
    try:
        import hdf5plugin as h5p
    except ImportError:
        return []
    return [
        ("zstd", h5p.Zstd()),
        ("blosc_lz4", h5p.Blosc(cname="lz4")),
        ("blosc_lz", h5p.Blosc(cname="blosclz")),
        ("blosc_zlib_bits", h5p.Blosc(cname="zlib", shuffle=2)),
        ("lz4", h5p.LZ4(nbytes=512)),
        ("bitshuffle", h5p.Bitshuffle(nelems=64, cname="lz4")),
        ("bitshuffle_plain", h5p.Bitshuffle(cname="none")),
        ("bitshuffle_zstd", h5p.Bitshuffle(cname="zstd")),
        ("bzip2", h5p.BZip2()),
    ]


def packed(path, compression):
    """Numbers packed by a filter; texts too where h5py does the packing (hdf5plugin crashes on them)."""
    import h5py

    name = compression if isinstance(compression, str) else compression[0]
    options = {"compression": compression} if isinstance(compression, str) else dict(compression[1])
    rng = random()
    texts = {"dtype": h5py.string_dtype()}
    with h5py.File(path, "w") as f:
        f.create_dataset("X", data=rng.poisson(1, (203, 3)).astype("f4"), chunks=(64, 3), **options)
        for group, n in (("obs", 203), ("var", 3)):
            g = f.create_group(group)
            g.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
            index = g.create_dataset(
                "_index", data=[f"{group}{i}" for i in range(n)], **texts, **(options if name == "lzf" else {})
            )
            index.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
            g.attrs["column-order"] = ["i", "f"] if group == "obs" else np.array([], dtype="f8")
            if group == "obs":
                g.create_dataset("i", data=np.arange(n) % 7, **options)
                g.create_dataset("f", data=rng.normal(size=n).astype("f2"), **options)
        f.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        for g in (f["X"], f["obs"].get("i"), f["obs"].get("f")):
            g.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})


def old_layouts(folder):
    """anndata 0.5 (tables as arrays of records) and 0.7 (`__categories`), written by hand."""
    import h5py

    with h5py.File(os.path.join(folder, "layout_0.5.h5ad"), "w") as f:
        f["X"] = np.arange(12, dtype="f4").reshape(4, 3)
        obs = np.zeros(4, dtype=[("index", "S8"), ("kind", "i1"), ("n", "<i8"), ("score", "<f4"), ("ok", "?")])
        obs["index"] = [b"a", b"bb", b"ccc", b"d"]
        obs["kind"], obs["n"], obs["score"], obs["ok"] = [0, 1, -1, 1], range(4), [0.5, 1.5, np.nan, 2], [1, 0, 1, 1]
        f["obs"] = obs
        f["var"] = np.array([(b"g1",), (b"g2",), (b"g3",)], dtype=[("index", "S4")])
        f["obsm"] = np.zeros(4, dtype=[("X_pca", "<f4", (5,)), ("X_umap", "<f8", (2,))])
        f["uns/kind_categories"] = np.array([b"one", b"two"])
        f["uns/kind_colors"] = np.array([b"#fff", b"#000"])
        f["uns/method"] = np.array([b"umap"])
        f["uns/params/n"] = np.array([15])
        f["uns/names"] = np.array([(b"x", 1.0)], dtype=[("g", "S5"), ("v", "<f4")])
        for name in ("distances", "connectivities"):
            g = f.create_group(f"uns/neighbors/{name}")
            g.attrs.update({"h5sparse_format": "csr", "h5sparse_shape": (4, 4)})
            g["data"], g["indices"], g["indptr"] = np.ones(2), np.array([1, 0], "i4"), np.array([0, 1, 2, 2, 2], "i4")
        f["uns/neighbors/params/k"] = np.array([4])
        g = f.create_group("raw.X")
        g.attrs.update({"h5sparse_format": "csr", "h5sparse_shape": (4, 5)})
        g["data"], g["indices"], g["indptr"] = (
            np.array([2, 3], "f4"),
            np.array([1, 4], "i4"),
            np.array([0, 1, 2, 2, 2], "i4"),
        )
        f["raw.var"] = np.array([(f"r{i}".encode(),) for i in range(5)], dtype=[("index", "S4")])
    with h5py.File(os.path.join(folder, "layout_0.7.h5ad"), "w") as f:
        f["X"] = np.arange(6, dtype="f8").reshape(3, 2)
        for group, names in (("obs", ["a", "b", "c"]), ("var", ["g1", "g2"])):
            g = f.create_group(group)
            g["_index"] = names
            g.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.1.0", "_index": "_index"})
            g.attrs["column-order"] = ["kind", "n"] if group == "obs" else np.array([], dtype="f8")
        obs = f["obs"]
        obs["kind"], obs["n"] = np.array([1, 0, -1], "i1"), np.array([1, 2, 3])
        obs["__categories/kind"] = ["x", "y"]
        obs["__categories/kind"].attrs["ordered"] = True
        obs["kind"].attrs["categories"] = obs["__categories/kind"].ref
        f["uns/text"] = "str"
        f["uns/number"] = np.float32(0.1)


def hdf5_types(folder):
    import h5py

    with h5py.File(os.path.join(folder, "types.h5"), "w") as f:
        for t in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">i4", ">f8", "c8", "c16", "?", "S5"):
            f.create_dataset("t_" + t.replace(">", "be_").replace("?", "bool"), data=np.zeros(3, t))
        f.create_dataset("text", data=["a", "b"], dtype=h5py.string_dtype())
        f.create_dataset("ascii", data=["a", "b"], dtype=h5py.string_dtype("ascii"))
        f.create_dataset("fixed", data=np.array([b"a"], dtype=h5py.string_dtype("utf-8", 9)))
        f.create_dataset("void", data=np.zeros(3, "V7"))
        f.create_dataset("scalar", data=3.5)
        f["empty"] = h5py.Empty("f4")
        f.create_dataset("zero", shape=(0, 4), dtype="f4")
        f.create_dataset("enum", data=np.array([1, 2], "u1"), dtype=h5py.enum_dtype({"R": 1, "G": 2}, basetype="u1"))
        f.create_dataset("lists", shape=(2,), dtype=h5py.vlen_dtype("i4"))
        f["reference"] = np.array([f["scalar"].ref], dtype=h5py.ref_dtype)
        nested = [("a", "i4"), ("b", "S3"), ("c", "f8", (2, 2)), ("d", [("x", "u1"), ("y", ">i2")]), ("q\"'", "?")]
        f.create_dataset("record", data=np.zeros(2, dtype=nested))
        f.create_dataset("padded", data=np.zeros(2, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)))
        f.create_dataset("arrays", shape=(2,), dtype=np.dtype(("f4", (3,))))
        f.create_dataset(
            "chunks", shape=(100, 100), chunks=(10, 20), compression="gzip", shuffle=True, fletcher32=True, dtype="i4"
        )
        f.create_dataset("scaled", data=np.arange(100), scaleoffset=4, chunks=(50,))
        f["named"] = np.dtype("f8")
        f["soft"] = h5py.SoftLink("/scalar")
        f["broken"] = h5py.SoftLink("/nowhere")
        f["external"] = h5py.ExternalLink("x.h5", "/y")
        f["group/deep/er"] = 1
        f.create_group("empty group")


# Tables


def parquet_files(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    os.makedirs(folder, exist_ok=True)
    rng = random()

    def frame(name, df, **options):
        df.to_parquet(os.path.join(folder, f"{name}.parquet"), **options)

    def table(name, columns, **options):
        pq.write_table(pa.table(columns), os.path.join(folder, f"{name}.parquet"), **options)

    n = 20
    frame(
        "numbers",
        pd.DataFrame(
            {
                "i8": np.arange(n).astype("i1"),
                "u8": np.arange(n).astype("u1"),
                "i16": np.arange(n).astype("i2") * -3,
                "u16": np.arange(n).astype("u2") * 1000,
                "u32": (np.arange(n) * 2**27).astype("u4"),
                "u64": np.arange(n).astype("u8") * np.uint64(2**58),
                "i64": np.where(np.arange(n) == 3, 2**63 - 1, -(2**53) - 1),
                "f2": rng.normal(size=n).astype("f2"),
                "f4": rng.normal(size=n).astype("f4"),
                "f8": rng.normal(size=n),
                "inf": np.where(np.arange(n) == 3, np.inf, 1.0),
                "nan": np.where(np.arange(n) % 3 == 0, np.nan, 1.5),
                "none": [np.nan] * n,
                "b": np.arange(n) % 3 == 0,
                "s": [f"x{i % 7}" for i in range(n)],
                "esc": ["a'b\"\n", "\\"] * (n // 2),
                "__proto__": range(n),
            }
        ),
    )
    df = pd.DataFrame(
        {
            "Int64": pd.array([1, None, 3], dtype="Int64"),
            "Float64": pd.array([1.5, None, 2.5], dtype="Float64"),
            "boolean": pd.array([True, None, False], dtype="boolean"),
            "string": pd.array(["a", None, "b"], dtype="string"),
            "object": ["a", None, "b"],
            "bools": [True, None, False],
            "floats": [1.0, np.nan, 3],
            "cat": pd.Categorical(["x", None, "y"], categories=["z", "y", "x"], ordered=True),
            "cat_int": pd.Categorical([3, None, 1]),
            "time": pd.to_datetime(["2020-01-01", None, "2021-05-06 07:08:09.123456789"], format="ISO8601"),
            "zone": pd.to_datetime(["2020-01-01", None, "2021-07-06"]).tz_localize("Europe/Berlin"),
        }
    )
    frame("extensions", df)
    frame("row_groups", pd.concat([df] * 4, ignore_index=True), row_group_size=3, data_page_version="2.0")
    frame("no_rows", df.iloc[:0])
    small = df[["Int64", "object"]]
    for name, index in {
        "named": pd.Index(["r1", "r2", "r3"], name="row"),
        "repeated": pd.Index(["r1", "r1", "r3"]),
        "ints": pd.Index([5, 7, 9], name="k"),
        "floats": pd.Index([5.5, 7, 1e20]),
        "dates": pd.date_range("2020-01-01", periods=3, tz="UTC"),
        "levels": pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("b", 3)], names=["x", None]),
        "categories": pd.CategoricalIndex(["u", "v", "u"]),
        "range": pd.RangeIndex(10, 16, 2, name="rr"),
    }.items():
        frame(f"index_{name}", small.set_index(index))
    for codec in ("gzip", "zstd", "brotli", "lz4", "none"):
        frame(f"codec_{codec}", pd.DataFrame({"a": np.arange(300) % 7, "s": [f"s{i % 40}" for i in range(300)]}), compression=None if codec == "none" else codec)
    table(
        "encodings",
        {
            "delta": pa.array(np.arange(100)),
            "delta32": pa.array(np.arange(100).astype("i4")),
            "bytes": pa.array([f"s{i}" for i in range(100)]),
            "split": pa.array(rng.normal(size=100)),
        },
        use_dictionary=False,
        column_encoding={
            "delta": "DELTA_BINARY_PACKED",
            "delta32": "DELTA_BINARY_PACKED",
            "bytes": "DELTA_BYTE_ARRAY",
            "split": "BYTE_STREAM_SPLIT",
        },
    )
    frame(
        "full_dictionary",
        pd.DataFrame({"c": pd.Categorical([f"value_{i % 400:06d}" for i in range(1000)])}),
        dictionary_pagesize_limit=512,
        row_group_size=300,
    )
    frame("int96", pd.DataFrame({"d": pd.to_datetime(["2020-01-01 01:02:03.456789123", "1901-01-01", None], format="ISO8601")}), use_deprecated_int96_timestamps=True)
    table(
        "times",
        {
            "t32": pa.array([1, None, 86399999], pa.time32("ms")),
            "t64": pa.array([1000, None, 86399999999000], pa.time64("ns")),
            "s": pa.array([1, None, 2**31], pa.timestamp("s")),
            "us": pa.array([1, None, -5], pa.timestamp("us")),
            "ns": pa.array([1, None, -5], pa.timestamp("ns")),
            "zone": pa.array([1, None, -5], pa.timestamp("ms", "America/New_York")),
            "offset": pa.array([1, None, -5], pa.timestamp("us", "+02:30")),
            "date": pa.array([0, None, -100000], pa.date32()),
            "d_s": pa.array([1, None, -100000], pa.duration("s")),
            "d_ns": pa.array([1, None, -100000], pa.duration("ns")),
        },
    )
    d = decimal.Decimal
    table(
        "values",
        {
            "decimal": pa.array([d("1.10"), None, d("-12345678.90")], pa.decimal128(12, 2)),
            "small": pa.array([d("0.0000000001"), None, d("0")], pa.decimal128(30, 10)),
            "large": pa.array([d("1." + "1" * 40), None, d("-1.5")], pa.decimal256(60, 40)),
            "bytes": pa.array([b"ab", None, b"it's"], pa.binary()),
            "no_text": pa.array([b"ab", None, b"\xff\x00"], pa.binary()),
            "fixed": pa.array([b"abcd", None, b"\x00\x01\x02z"], pa.binary(4)),
            "large_text": pa.array(["x", None, "y"], pa.large_string()),
            "null": pa.nulls(3),
            "uuid": pa.array([uuid.UUID(int=i + 2**100).bytes for i in range(3)], pa.uuid()),
            "json": pa.array(['{"a":1}', None, "[]"], pa.json_()),
        },
    )
    table(
        "lists",
        {
            "i": pa.array([[1, 2, 3], [], None, [4]], pa.list_(pa.int64())),
            "gaps": pa.array([[1, None], [], None, [4]], pa.list_(pa.int32())),
            "f": pa.array([[1.5, 2.25], [1e-5], None, [1e10, -3.0]], pa.list_(pa.float64())),
            "f4": pa.array([[0.1, 0.2], [1 / 3], None, [float("nan"), float("inf")]], pa.list_(pa.float32())),
            "b": pa.array([[True, False], [True], None, []], pa.list_(pa.bool_())),
            "bn": pa.array([[True, None], [True], None, []], pa.list_(pa.bool_())),
            "s": pa.array([["a", "it's", None], [], None, ["ü"]], pa.list_(pa.string())),
            "ll": pa.array([[[1, 2], [3]], [], None, [[4], None]], pa.list_(pa.list_(pa.int64()))),
            "st": pa.array(
                [[{"a": 1, "b": "x"}], [], None, [{"a": None, "b": None}, None]],
                pa.list_(pa.struct([("a", pa.int64()), ("b", pa.string())])),
            ),
            "long": pa.array([list(range(100, 140)), list(range(1200)), None, [1]], pa.list_(pa.int64())),
            "names": pa.array([[f"gene{i}" for i in range(40)], ["x" * 90, "y"], None, []], pa.list_(pa.string())),
            "fixed": pa.array([[1, 2], [3, 4], None, [5, 6]], pa.list_(pa.int16(), 2)),
            "time": pa.array([[dt.datetime(2020, 1, 2, 3, 4, 5)], [], None, [None]], pa.list_(pa.timestamp("us"))),
            "date": pa.array([[dt.date(2020, 1, 2)], [], None, [None]], pa.list_(pa.date32())),
        },
    )
    table(
        "records",
        {
            "s": pa.array(
                [{"a": 1, "b": "x", "c": 1.5, "d": True}, None, {"a": None, "b": None, "c": None, "d": None}],
                pa.struct([("a", pa.int64()), ("b", pa.string()), ("c", pa.float64()), ("d", pa.bool_())]),
            ),
            "deep": pa.array(
                [{"x": {"y": [1, 2], "z": b"q"}}, None, {"x": None}],
                pa.struct([("x", pa.struct([("y", pa.list_(pa.int64())), ("z", pa.binary())]))]),
            ),
            "whole": pa.array([{"a": i, "f": i / 10} for i in range(3)], pa.struct([("a", pa.int32()), ("f", pa.float32())])),
            "map": pa.array([[("k", 1)], None, [("a", None), ("b", 3)]], pa.map_(pa.string(), pa.int64())),
            "map_int": pa.array([[(2, "x"), (1, "y")], None, []], pa.map_(pa.int32(), pa.string())),
        },
    )
    table(
        "no_arrow_schema",
        {
            "zone": pa.array([1, None, -5], pa.timestamp("us", "Europe/Paris")),
            "cat": pa.array(["a", "b", "a"]).dictionary_encode(),
            "duration": pa.array([1, 2, 3], pa.duration("s")),
            "list": pa.array([[1], None, []], pa.list_(pa.int8())),
        },
        store_schema=False,
        use_compliant_nested_type=False,
    )
    table("wide", {f"c{i}": [i] for i in range(1001)}, store_schema=False, write_statistics=False, use_dictionary=False)


def arrow_files(folder):
    import pyarrow as pa
    import pyarrow.feather as feather

    os.makedirs(folder, exist_ok=True)
    t = pa.table(
        {
            "i": [1, 2, 3],
            "list": pa.array([[1], None, []]),
            "struct": pa.array([{"a": 1, "b": None}] * 3),
            "map": pa.array([[("k", 1)]] * 3, pa.map_(pa.string(), pa.int64())),
            "dict": pa.array(["a", "b", "a"]).dictionary_encode(),
            "zone": pa.array([1, 2, 3], pa.timestamp("ns", "Europe/Berlin")),
            "time": pa.array([1, 2, 3], pa.time32("s")),
            "duration": pa.array([1, 2, 3], pa.duration("ms")),
            "decimal": pa.array([1, 2, 3], pa.decimal128(5, 1)),
            "fixed": pa.array([b"ab"] * 3, pa.binary(2)),
            "pairs": pa.array([[1, 2]] * 3, pa.list_(pa.int8(), 2)),
            "large": pa.array(["a"] * 3, pa.large_string()),
            "view": pa.array(["a"] * 3, pa.string_view()),
            "null": pa.nulls(3),
            "date": pa.array([0] * 3, pa.date64()),
            "uuid": pa.array([uuid.UUID(int=5).bytes] * 3, pa.uuid()),
        }
    )
    for name, options in {
        "plain": {"compression": "uncompressed"},
        "zstd": {"compression": "zstd"},
        "lz4_batches": {"compression": "lz4", "chunksize": 2},
    }.items():
        feather.write_feather(t, os.path.join(folder, f"{name}.feather"), **options)
    with pa.OSFile(os.path.join(folder, "no_batches.arrow"), "wb") as f, pa.ipc.new_file(f, t.schema):
        pass


def text_tables(folder):
    texts = {
        "blank_lines.csv": "a,b\n\n1,2\n\n\n3,4\n",
        "line_ends.csv": "a,b\r\n1,2\r3,4\n",
        "first_blank.csv": "\na,b\n1,2\n",
        "one_column.csv": "a\n1\n2\n",
        "open_quote.csv": 'a,"b\n1,2\n3,4\n',
        "quotes.csv": '"a""x",b"c"\n"1"x,2\n"two\nlines",3\n',
        "ragged.csv": "a,b,c\n1,2\n1,2,3,4\n",
        "no_end.csv": "a,b\n1,2",
        "semicolons.csv": "a;b;c\n1;2,5;3\n",
        "tabs.tsv": 'a\tb\n"1\t2"\t3\n',
        "shift_jis.csv": "名前,値\n東京,1\n大阪府,22\n".encode("shift_jis"),
        "latin1.csv": "größe,ß\n1,2\n".encode("latin1"),
        "late_latin1.csv": b"a,b\n" + b"1,2\n" * 20000 + "é,2\n".encode("latin1"),
        "utf16_be.csv": b"\xfe\xff" + "a,b\n1,é\n".encode("utf-16-be"),
        "members.csv.gz": gzip.compress(b"a,b\n1,2\n", mtime=0) + gzip.compress(b"3,4\n5,6\n", mtime=0),
        "cut.csv.gz": gzip.compress(random().bytes(3000), mtime=0)[:1500],
        "zeros.csv.gz": gzip.compress(b"a,b\n" + b"0,0\n" * 5_000_000, mtime=0),
    }
    for name, text in texts.items():
        put(folder, name, text)


# Sequences, pictures, documents


def bgzf(data):
    out = b""
    for at in range(0, len(data), 60000):
        part = data[at : at + 60000]
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = deflate.compress(part) + deflate.flush()
        head = struct.pack("<BBBBIBBHBBHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(packed) + 25)
        out += head + packed + struct.pack("<II", zlib.crc32(part), len(part))
    return out + bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def sequence_files(folder):
    put(folder, "a.fa", ">s1 desc\nACGT\n\n AC GT \r\n>s2\tx\nGG\n>\nA")
    put(folder, "a.fastq.gz", gzip.compress(b"@r1\nACGT\n+\nIIII\n" * 100, mtime=0))
    vcf = "##fileformat=VCFv4.2\n##x=1\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS 2\tß\n1\t1\t.\tA\tC\t.\t.\t.\tGT\t0/1\t1/1\t.\n\n"
    put(folder, "a.vcf", vcf)
    put(folder, "a.vcf.gz", bgzf(vcf.encode()))
    put(folder, "a.gff3", "##gff-version 3\nc\ts\tgene\t1\t2\t.\t+\t.\tID=1\n# x\n\nc\ts\tgene\t1\t2\t.\t+\t.\tID=1\n")
    put(folder, "a.gtf", 'c\ts\tgene\t1\t2\t.\t+\t.\tgene_id "x";\n' * 3)
    head = b"@HD\tVN:1.6\n"
    bam = b"BAM\1" + struct.pack("<i", len(head)) + head + struct.pack("<i", 2)
    for name, length in (("chr1", 1000), ("chrM", 16569)):
        bam += struct.pack("<i", len(name) + 1) + name.encode() + b"\0" + struct.pack("<i", length)
    put(folder, "a.bam", bgzf(bam + (struct.pack("<i", 40) + bytes(40)) * 3000))
    put(folder, "cut.bam", bgzf(bam + (struct.pack("<i", 40) + bytes(40)) * 3000)[:300])


def matrix_folders(folder):
    for name, text in {
        "integer": "%%MatrixMarket matrix coordinate integer general\n%c\n3 4 2\n1 1 5\n3 4 2\n",
        "real": "%%MatrixMarket matrix coordinate real general\n3 4 3\n1 1 5.5\n3 4 -2e-3\n2 2 1\n",
        "pattern": "%%MatrixMarket matrix coordinate pattern general\n3 4 2\n1 1\n3 4\n",
        "symmetric": "%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n1 1 5\n3 1 2\n",
        "skew": "%%MatrixMarket matrix coordinate real skew-symmetric\n3 3 1\n3 1 2\n",
    }.items():
        put(folder, f"{name}/matrix.mtx.gz", gzip.compress(text.encode(), mtime=0))
        put(folder, f"{name}/barcodes.tsv.gz", gzip.compress(b"AAA-1\n", mtime=0))
    put(folder, "plain/a.txt", "x")
    put(folder, "plain/sub/b.csv", "a,b\n1,2\n")


def pictures(folder):
    import tifffile

    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)  # noqa: E731
    image = lambda *shape, t="u1": np.zeros(shape, t)  # noqa: E731
    write = tifffile.imwrite
    write(at("gray.tif"), image(4, 5))
    write(at("rgb.tif"), image(4, 5, 3), photometric="rgb")
    write(at("planar.tif"), image(3, 4, 5), photometric="rgb", planarconfig="separate")
    write(at("float.tiff"), image(4, 5, t="f4"))
    write(at("stack.tif"), image(6, 4, 5, t="u2"))
    write(at("no_notes.tif"), image(3, 4, 5), metadata=None)
    write(at("big.tif"), image(6, 4, 5, t="u2"), bigtiff=True)
    write(at("big_endian.tif"), image(4, 5, t="i2"), byteorder=">")
    write(at("imagej.tif"), image(2, 3, 4, 4, 5, t="u2"), imagej=True, metadata={"axes": "TZCYX"})
    write(at("five.ome.tif"), image(2, 3, 4, 4, 5), metadata={"axes": "TZCYX"}, ome=True)
    write(at("rgb.ome.tif"), image(4, 5, 3), photometric="rgb", metadata={"axes": "YXS"}, ome=True)
    with tifffile.TiffWriter(at("series.ome.tif"), ome=True) as t:
        t.write(image(3, 4, 5), metadata={"axes": "CYX"})
        t.write(image(4, 5, t="f4"), metadata={"axes": "YX"})
    with tifffile.TiffWriter(at("pyramid.ome.tif"), ome=True) as t:
        t.write(image(3, 16, 16), subifds=1, metadata={"axes": "CYX"})
        t.write(image(3, 8, 8), subfiletype=1)


def workbooks(folder):
    import openpyxl

    os.makedirs(folder, exist_ok=True)
    with pd.ExcelWriter(os.path.join(folder, "sheets.xlsx")) as x:
        pd.DataFrame({"a": [1]}).to_excel(x, sheet_name="One & two", index=False)
        pd.DataFrame({"a": [1, 2, 3], "b": ["", "x", ""]}).to_excel(x, sheet_name="<3", index=False)
        pd.DataFrame({"a": [1]}).to_excel(x, sheet_name="apart", startrow=3, startcol=2, index=False)
    wb = openpyxl.Workbook()
    sheet = wb.active
    sheet.append(["a", "b"])
    sheet.append([None, None])
    sheet.append([1, None])
    sheet["F9"], sheet["C2"], sheet["D2"] = "", True, "=1+1"
    wb.create_sheet("blank")
    wb.save(os.path.join(folder, "odd.xlsx"))


def documents(folder):
    cells = [{"cell_type": kind} for kind in ("code", "markdown", "raw")]
    put(folder, "n.ipynb", json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    tensors = {"b.w": ("F32", [3], 12), "a": ("I64", [2, 2], 32)}
    header, at = {"__metadata__": {"made": "by hand"}}, 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    put(folder, "t.safetensors", struct.pack("<Q", len(text)) + text + bytes(at))


def make(folder):
    made = {
        "cells": (anndata_files, hdf5_types),
        "parquet": (parquet_files,),
        "arrow": (arrow_files,),
        "tables": (text_tables, workbooks),
        "sequences": (sequence_files,),
        "counts": (matrix_folders,),
        "images": (pictures,),
        "documents": (documents,),
    }
    for name, makers in made.items():
        for maker in makers:
            try:
                maker(os.path.join(folder, name))
            except ImportError as e:
                print(f"left out: {maker.__name__} ({e})", file=sys.stderr)


if __name__ == "__main__":
    make(sys.argv[1])
