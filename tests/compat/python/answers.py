"""Answers query specs with a real LaminDB, in the grammar of src/lib/engine/query/answers.ts.

usage: answers.py SPECS.json OUT.json, in a folder that is connected to an instance.
Each spec comes back with `answer`; where LaminDB raises, with `error` (the class) and `message`.
"""

import datetime
import json
import math
import os
import re
import sys

os.environ["COLUMNS"] = "100"  # the width of what describe() prints

import bionty as bt
import lamindb as ln
import pandas as pd

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def registry(name):
    if name.startswith("bionty."):
        return getattr(bt, name.removeprefix("bionty."), None) or getattr(bt.models, name.removeprefix("bionty."))
    return getattr(ln, name, None) or getattr(ln.models, name)


def value(given):
    if isinstance(given, list):
        return [value(item) for item in given]
    if isinstance(given, dict) and "$ref" in given:
        name, lookups = given["$ref"]
        return registry(name).get(**lookups)
    if isinstance(given, dict) and "$query" in given:
        query = given["$query"]
        return registry(query["registry"]).filter(**keywords(query["filters"][0]))
    return given


def keywords(given):
    return {key: value(item) for key, item in (given or {}).items()}


def plain(item):
    """A Python value as JSON has it: sets sorted, times in ISO form, objects by uid, every kind of missing as null."""
    if item is None or item is pd.NaT or item is pd.NA:
        return None
    if isinstance(item, (str, bool, int)):
        return item
    if isinstance(item, float):
        return None if math.isnan(item) else item
    if isinstance(item, (datetime.date, pd.Timestamp)):
        return item.isoformat()
    if isinstance(item, (set, frozenset)):
        return sorted((plain(i) for i in item), key=str)
    if isinstance(item, (list, tuple)):
        return [plain(i) for i in item]
    if isinstance(item, dict):
        return {str(k): plain(i) for k, i in item.items()}
    if hasattr(item, "item"):
        return plain(item.item())
    return {"$uid": item.uid} if hasattr(item, "uid") else str(item)


def rows(found, names):
    return [[plain(cell) for cell in row] for row in found.values_list(*names)]


def predicate(name, op, given):
    feature = ln.Feature.get(name=name)
    item = value(given)
    if op == "isnull":
        return feature.is_null(item)
    return {
        "==": lambda: feature == item,
        "!=": lambda: feature != item,
        "<": lambda: feature < item,
        "<=": lambda: feature <= item,
        ">": lambda: feature > item,
        ">=": lambda: feature >= item,
    }[op]()


def order(item):
    if isinstance(item, str):
        return item
    feature = ln.Feature.get(name=item["$feature"])
    return -feature if item.get("descending") else feature


def queryset(spec, sliced=False):
    conditions = [predicate(*given) for given in spec.get("pred", [])]
    if "q" in spec:
        either = ln.Q()
        for given in spec["q"]:
            either |= ln.Q(**keywords(given))
        conditions.append(either)
    found = registry(spec["registry"]).filter(*conditions, **keywords(spec.get("filter")))
    for given in spec.get("then", []):
        found = found.filter(**keywords(given))
    if "exclude" in spec:
        found = found.exclude(**keywords(spec["exclude"]))
    if spec.get("distinct"):
        found = found.distinct()
    if "order_by" in spec:
        found = found.order_by(*[order(item) for item in spec["order_by"]])
    return found[: spec["limit"]] if sliced and "limit" in spec else found


def one(spec):
    R = registry(spec["registry"])
    return R.get(spec["uid"]) if "uid" in spec else R.get(**keywords(spec["get"]))


def lines(text):
    return [line.rstrip() for line in ANSI.sub("", text or "").split("\n")]


def frame(spec):
    options = {key: spec[key] for key in ("include", "features", "order_by") if key in spec}
    if "limit" in spec:
        options["limit"] = spec["limit"]
    narrowed = "filter" in spec or "pred" in spec
    base = queryset({k: v for k, v in spec.items() if k != "order_by"}) if narrowed else registry(spec["registry"])
    df = base.to_dataframe(**options)
    return {
        "columns": [str(c) for c in df.columns],
        "index_name": df.index.name,
        "index": [plain(i) for i in df.index],
        "dtypes": [str(t) for t in df.dtypes],
        "rows": [[plain(cell) for cell in row] for row in df.itertuples(index=False)],
    }


def lineage(spec):
    from lamindb.models import has_parents

    data = one(spec)
    edges = has_parents._df_edges_from_runs(
        has_parents._get_all_parent_runs(data) + has_parents._get_all_child_runs(data)
    )
    return sorted(set(zip(edges["source"], edges["target"], strict=True)))


def curate(spec):
    options = {"field": spec.get("field"), **spec.get("kw", {})}
    found = getattr(registry(spec["registry"]), spec["method"])(spec["values_in"], **options)
    if spec["method"] != "inspect":
        return plain(found.tolist() if hasattr(found, "tolist") else found)
    return {
        "validated": found.validated,
        "non_validated": found.non_validated,
        "frac_validated": found.frac_validated,
        "n_unique": found.n_unique,
        "synonyms": plain(found.synonyms_mapper),
    }


def search(spec):
    R = registry(spec["registry"])
    base = R.filter(**keywords(spec["filter"])) if "filter" in spec else R
    options = {key: spec[key] for key in ("field", "limit", "case_sensitive") if key in spec}
    return rows(base.search(spec["string"], **options), spec["values"])


def relatives(spec):
    method = getattr(one(spec), spec["method"])
    found = method.all() if hasattr(method, "all") else method()
    return sorted(found.values_list(spec["field"], flat=True))


def look(spec):
    found = getattr(registry(spec["registry"]).lookup(field=spec.get("field")), spec["key"])
    return [plain(getattr(found, name)) for name in spec["values"]]


ANSWERS = {
    "filter": lambda s: rows(queryset(s, sliced=True), s["values"]),
    "count": lambda s: queryset(s).count(),
    "get": lambda s: (lambda o: [plain(getattr(o, name)) for name in s["values"]])(one(s)),
    "search": search,
    "dataframe": frame,
    "describe": lambda s: lines(one(s).describe(return_str=True)),
    "registry_describe": lambda s: lines(registry(s["registry"]).describe(return_str=True)),
    "lineage": lineage,
    "versions": lambda s: rows(one(s).versions, s["values"]),
    "curate": curate,
    "parents": relatives,
    "features": lambda s: plain(one(s).features.get_values()),
    "lookup": look,
}


def main(source, target):
    with open(source) as file:
        specs = json.load(file)
    for spec in specs:
        try:
            spec["answer"] = ANSWERS[spec["op"]](spec)
        except Exception as error:
            spec["error"] = type(error).__name__
            spec["message"] = ANSI.sub("", str(error))[:300]
    with open(target, "w") as file:
        json.dump(specs, file, ensure_ascii=False, default=plain)
    print(ln.__version__, len(specs), "queries,", sum("error" in s for s in specs), "errors")


main(*sys.argv[1:])
