"""Hashes that lamindb gives schemas which are described in a file; printed as JSON by their keys.
Usage: schema_hashes.py <tests/fixtures/schema-facts.json>"""

import json
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import lamindb as ln

ln.settings.verbosity = 0
facts = json.loads(Path(sys.argv[1]).read_text())
features = {}
for one in facts["features"]:
    feature = ln.Feature(name=one["name"], dtype=one["dtype"])
    feature.uid = one["uid"]
    features[one["name"]] = feature.save()

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
        options["itype"] = case["itype"]
    if "otype" in case:
        options["otype"] = case["otype"]
    if "slots" in case:
        options["slots"] = {slot: made[key] for slot, key in case["slots"].items()}
    else:
        options["features"] = members
    made[case["key"]] = ln.Schema(name=case["key"], **options).save()
print("HASHES" + json.dumps({key: schema.hash for key, schema in made.items()}))
