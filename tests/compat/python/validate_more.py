# Read into validate.py: how tables are built rather than what is in them.


def run_more():
    a, b, c = (feature(f"col_{x}", dtype) for x, dtype in zip("abc", (int, str, ln.ULabel)))
    optional = feature("col_optional", str)
    schema("minimal", [a, b, c, optional.with_config(optional=True)])
    schema("maximal", [a, b, c], maximal_set=True)
    schema("ordered", [a, b, c], ordered_set=True)
    schema("both", [a, b, c], ordered_set=True, maximal_set=True)
    schema("loose", [a, b, c], minimal_set=False)
    schema("flexible", [a, b], flexible=True)
    schemas["valid_features"] = ln.examples.schemas.valid_features()
    schema("strict_flexible", None, itype=ln.Feature, maximal_set=True)
    good = pd.DataFrame(
        {"col_a": [1, 2], "col_b": ["x", "y"], "col_c": pd.Series(["a", "b"], dtype="category")}
    )
    tables = {
        "good": good,
        "missing": good[["col_a"]],
        "extra": good.assign(more=1, __lamindb_record_uid__="x"),
        "extra_feature": good.assign(p_int="no int", p_cell=pd.Series(["T cell", "x"], dtype="category")),
        "disorder": good[["col_b", "col_a", "col_c"]],
        "disorder_extra": good.assign(more=1)[["more", "col_c", "col_a", "col_b"]],
        "with_optional": good.assign(col_optional=["x", "y"]),
        "wrong_optional": good.assign(col_optional=[1, 2]),
        "unknown_only": pd.DataFrame({"foo": [1], "bar": ["x"]}),
        "no_columns": pd.DataFrame(index=range(3)),
        "capitals": good.rename(columns={"col_a": "Col_A"}),
        "many_faults": pd.DataFrame({"col_b": [1, 2], "col_a": [1.5, None], "col_c": ["a", "z"]}),
        "many_terms": pd.DataFrame(
            {"col_a": range(100_000), "col_b": "x", "col_c": pd.Series([f"t{i}" for i in range(100_000)]).astype("category")}
        ),
    }
    keys = ["minimal", "maximal", "ordered", "both", "loose", "flexible", "valid_features", "strict_flexible"]
    for name, df in tables.items():
        path = write(df, f"table_{name}")
        for key in keys:
            if name == "many_terms" and key not in ("minimal", "flexible"):
                continue
            case(path, key, pd.read_parquet)

    # text tables
    schema("text", [features[f"p_{n}"] for n in ("int", "float", "num", "str", "bool", "date", "path")])
    schema("text_coerced", [features[f"c_{n}"] for n in ("int", "float", "str", "bool", "date", "datetime", "cat")])
    columns = {
        "ints": ["1", "2", "3"],
        "ints_gap": ["1", "", "3"],
        "ints_na": ["1", "NA", "n/a"],
        "ints_space": [" 1", "2 ", "+3"],
        "zeros": ["007", "08", "9"],
        "big": ["9223372036854775808", "1", "2"],
        "bigger": ["99999999999999999999", "1", "2"],
        "big_negative": ["9223372036854775808", "-1", "2"],
        "floats": ["1.5", "2e3", ".5"],
        "floats_inf": ["inf", "-Infinity", "1"],
        "commas": ['"1,5"', '"2,5"', '"3,5"'],
        "bools": ["True", "false", "TRUE"],
        "bools_gap": ["True", "", "False"],
        "bools_mixed": ["True", "1", "0"],
        "texts": ["x", '"y ""z"""', "'q'"],
        "texts_gap": ["x", "", "None"],
        "mixed": ["1", "x", "2.5"],
        "days": ["2024-01-01", "2024-02-01", ""],
        "days_bad": ["2024-01-01", "soon", "2024-13-01"],
        "labels": ["a", "b", "z"],
        "nothing": ["", "", ""],
        "lines": ['"two\nlines"', "x", "y"],
    }
    for name, cells in columns.items():
        for key in ("text", "text_coerced"):
            members = [m.name for m in schemas[key].members.to_list()]
            text = ",".join([*members, "more"]) + "\n"
            text += "".join(",".join([cell] * len(members) + ["x"]) + "\n" for cell in cells)
            path = folder / f"text_{name}_{key}.csv"
            path.write_text(text)
            case(path, key, pd.read_csv)
    odd = {
        "repeated": "p_int,p_int,p_str\n1,2,x\n",
        "index_column": "p_int,p_str\nr1,1,x\nr2,2,y\n",
        "short_rows": "p_int,p_float,p_num,p_str,p_bool,p_date,p_path\n1,1.5\n2,2.5,3,x,True\n",
        "long_rows": "p_int,p_str\n1,x\n2,y,z\n",
        "blank_lines": "p_int,p_str\n\n1,x\n   \n2,y\n\n",
        "header_only": "p_int,p_float,p_num,p_str,p_bool,p_date,p_path\n",
        "mark": "\ufeffp_int,p_float,p_num,p_str,p_bool,p_date,p_path\n1,1,1,x,True,,x\n",
        "no_names": "p_int,,p_str\n1,2,x\n",
        "semicolons": "p_int;p_str\n1;x\n",
        "returns": "p_int,p_float,p_num,p_str,p_bool,p_date,p_path\r\n1,1.5,2,x,True,,y\r\n",
        "spaces": " p_int,p_str \n1,x\n",
        "quotes": '"p_int","p_float","p_num","p_str","p_bool","p_date","p_path"\n"1","1.5","2","x","True","","y"\n',
        "empty": "",
    }
    for name, text in odd.items():
        path = folder / f"odd_{name}.csv"
        path.write_text(text)
        case(path, "text", pd.read_csv)
    path = folder / "latin.csv"
    path.write_bytes("p_int,p_str\n1,grün\n".encode("latin-1"))
    case(path, "text", pd.read_csv)
    path = folder / "tabs.tsv"
    path.write_text("p_int\tp_float\tp_num\tp_str\tp_bool\tp_date\tp_path\n1\t1.5\t2\tx\tTrue\t\ty\n")
    case(path, "text", loaders[".tsv"])
    # long enough for pandas to decide on stretches by themselves
    long = folder / "long.csv"
    rows = [f"{i},x{i},{i}" for i in range(600_000)]
    rows[-1] = "oops,y,z"
    long.write_text("p_int,p_str,p_num\n" + "\n".join(rows) + "\n")
    schema("long", [features["p_int"], features["p_str"], features["p_num"]])
    case(long, "long", pd.read_csv)

    # indexes
    for name, dtype in {"str": str, "int": int, "float": float, "cell": bt.CellType, "date": dt.date, "bool": bool}.items():
        index = feature(f"index_{name}", dtype)
        schema(f"index_{name}", [a], index=index)
    indexes = {
        "texts": pd.Index(["r1", "r2"], name="rows"),
        "gap": pd.Index(["r1", None], name="rows", dtype=object),
        "ints": pd.Index([5, 7]),
        "floats": pd.Index([5.5, 7.0]),
        "cells": pd.Index(["T cell", "B cell"]),
        "cells_unknown": pd.Index(["T cell", "moon cell"]),
        "range": pd.RangeIndex(2),
        "levels": pd.MultiIndex.from_tuples([("x", 1), ("y", 2)]),
        "categories": pd.CategoricalIndex(["T cell", "B cell"]),
    }
    for name, index in indexes.items():
        path = write(pd.DataFrame({"col_a": [1, 2]}, index=index), f"index_{name}")
        for key in ("str", "int", "float", "cell", "date", "bool"):
            case(path, f"index_{key}", pd.read_parquet)

    # tables that were exported from a sheet, whose records share names
    ref, typed_ref = feature("ref", ln.Record), feature("typed_ref", sample)
    row_name = feature("row_name", str)
    by_uid = schema("sheet_uid", [ref, typed_ref.with_config(optional=True)])
    by_name = schema("sheet_name", [ref], index=row_name)
    twice = {r.type.name: r for r in ln.Record.filter(name="twice").to_list()}
    sheets = {of: ln.Record(name=f"Sheet {of}", is_type=True, schema=schemas[of]).save() for of in ("sheet_uid", "sheet_name")}
    linked = {}
    for of, sheet in sheets.items():
        for name, target in {"r1": twice["Sample"], "r2": twice["Other"], "r3": ln.Record.get(name="s1")}.items():
            own = {"row_name": name} if of == "sheet_name" else {}
            named = {} if own else {"name": name}
            linked[of, name] = ln.Record(**named, type=sheet, features={**own, "ref": target}).save()
    uids = [linked["sheet_uid", name].uid for name in ("r1", "r2", "r3")]
    refs = {
        "linked": ["twice", "twice", "s1"],
        "other": ["twice", "s2", "s1"],
        "unknown": ["twice", "nobody", "s1"],
        "unlinked": ["twice", "s2", "s2"],
    }
    for name, values in refs.items():
        df = pd.DataFrame({"ref": pd.Categorical(values)})
        known = uids if name != "unlinked" else ["aaaaaaaaaaaaaaaa"] * 3
        rows = ["r1", "r2", "r3"] if name != "unlinked" else ["x", "y", "z"]
        case(write(df, f"sheet_{name}_plain"), "sheet_uid", pd.read_parquet)
        case(write(df.assign(__lamindb_record_uid__=known), f"sheet_{name}_uid"), "sheet_uid", pd.read_parquet)
        indexed = df.set_index(pd.Index(rows, name="row_name"))
        case(write(indexed, f"sheet_{name}_name"), "sheet_name", pd.read_parquet)
        typed_df = df.assign(typed_ref=pd.Categorical(["s1", "loose", "s2"]), __lamindb_record_uid__=known)
        case(write(typed_df, f"sheet_{name}_typed"), "sheet_uid", pd.read_parquet)

    # what stands beside the columns
    level, cell_level, when = feature("a_level", int), feature("a_cell", bt.CellType), feature("a_when", "datetime64[ns, UTC]")
    word, cells_level = feature("a_word", str), feature("a_cells", list[bt.CellType])
    beside = schema("beside", [level, cell_level, *(f.with_config(optional=True) for f in (when, word, cells_level))])
    for key, slot in {"attrs": "attrs", "attrs_deep": "attrs:sample"}.items():
        schemas[key] = ln.Schema([a], name=key, otype="DataFrame", slots={slot: beside}).save()
    notes = {
        "good": {"a_level": 1, "a_cell": "T cell", "a_when": "2024-05-17", "a_word": "x", "a_cells": ["T cell"]},
        "several": {"a_level": 1, "a_cell": ["T cell", "moon cell"]},
        "unknown": {"a_level": 1, "a_cell": "moon cell", "a_cells": ["sun cell"]},
        "types": {"a_level": "one", "a_cell": "T cell", "a_word": 5, "a_when": 7},
        "missing": {"a_cell": "T cell"},
        "number": {"a_level": 1, "a_cell": 5},
        "gaps": {"a_level": None, "a_cell": None},
        "none": {},
    }
    for name, attrs in notes.items():
        for key in ("attrs", "attrs_deep"):
            df = good[["col_a"]].copy()
            df.attrs = attrs if key == "attrs" else {"sample": attrs}
            if name == "none" and key == "attrs_deep":
                df.attrs = {}
            case(write(df, f"attrs_{name}.{key}"), key, pd.read_parquet)

    # Arrow files, which lamindb takes as frames in memory, and rows in memory
    for name, series in data.items():
        for group, members in {"simple": simple, "cats": categorical}.items():
            path = folder / f"{name}.{group}.feather"
            frame([f"p_{m}" for m in members], series).to_feather(path, compression="zstd" if len(name) % 2 else "uncompressed")
            case(path, f"{group}_p", pd.read_feather)
    plain = {
        "ints": [1, 2, 3],
        "ints_gap": [1, None, 3],
        "floats": [1.5, 2.5, 3.5],
        "texts": ["a", "b", "z"],
        "texts_gap": ["a", None, "b"],
        "bools": [True, False, True],
        "bools_gap": [True, None, False],
        "mixed": [1, "x", 2.5],
        "lists": [["T cell"], ["B cell", "moon cell"], []],
        "lists_int": [[1, 2], [3], []],
        "lists_mixed": [[1, "x"], [3], []],
        "dicts": [{"k": 1}, {"k": 2}, None],
        "nothing": [None, None, None],
        "empty": [],
    }
    for name, values in plain.items():
        for key in ("simple_p", "simple_n", "simple_c", "cats_p", "cats_c"):
            members = [m.name for m in schemas[key].members.to_list()]
            path = folder / f"rows_{name}.{key}.rows.json"
            path.write_text(json.dumps([{"name": m, "values": values} for m in members]))
            case(path, key, lambda p: pd.DataFrame({c["name"]: c["values"] for c in json.loads(p.read_text())}))
