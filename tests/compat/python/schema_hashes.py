"""Hashes that lamindb gives schemas which are described in a file; printed as JSON by their keys.
Usage: schema_hashes.py <tests/fixtures/schema-facts.json>"""

import json
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import bionty as bt
import lamindb as ln

ln.settings.verbosity = 0
facts = json.loads(Path(sys.argv[1]).read_text())
features = {}
for one in facts["features"]:
    typed = {"is_type": True} if one.get("is_type") else {"dtype": one["dtype"]}
    feature = ln.Feature(name=one["name"], **typed)
    feature.uid = one["uid"]
    features[one["name"]] = feature.save()

human = bt.Organism(name="human", ontology_id="NCBITaxon:9606", _skip_validation=True).save()
terms = {}
for one in facts["genes"]:
    gene = bt.Gene(**{k: v for k, v in one.items() if k != "uid"}, organism=human, _skip_validation=True)
    gene.uid = one["uid"]
    gene.save()
    terms |= {one["ensembl_gene_id"]: gene, one["symbol"]: gene}
for one in facts["cell_markers"]:
    marker = bt.CellMarker(name=one["name"], organism=human, _skip_validation=True)
    marker.uid = one["uid"]
    terms[one["name"]] = marker.save()

made = {}
for case in facts["cases"]:
    members = []
    for name in case.get("members", []):
        feature = features[name.rstrip("?")]
        members.append(feature.with_config(optional=True) if name.endswith("?") else feature)
    options = {
        "minimal_set": case.get("minimal", True),
        "ordered_set": case.get("ordered", False),
        "maximal_set": case.get("maximal", False),
        "coerce": case.get("coerce", False),
    }
    if "flexible" in case:
        options["flexible"] = case["flexible"]
    if "index" in case:
        options["index"] = features[case["index"]]
    if "itype" in case:
        kind = case["itype"]
        options["itype"] = features["Clinical"] if kind.startswith("Feature[") else kind
    for name, option in {"suffix": "suffix", "dtype": "dtype", "size": "n_members"}.items():
        if name in case:
            options[option] = case[name]
    if "otype" in case:
        options["otype"] = case["otype"]
    if "slots" in case:
        options["slots"] = {slot: made[key] for slot, key in case["slots"].items()}
    if members or "slots" not in case:
        options["features"] = members + [terms[name] for name in case.get("terms", [])]
    made[case["key"]] = ln.Schema(name=case["key"], **options).save()
print("HASHES" + json.dumps({key: schema.hash for key, schema in made.items()}))
