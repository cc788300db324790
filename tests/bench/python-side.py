"""What a real LaminDB needs for the same work: small files saved one by one, four feature values set on each artifact.
Runs in an instance of its own (scripts/bench-python.mjs makes one). Usage: python python-side.py ROUND; prints JSON."""
import json, os, sys, tempfile, time
from datetime import date

import lamindb as ln

tag = sys.argv[1]
ln.settings.verbosity = "error"
# Searching for similar names before each save is switched off, as for any bulk work.
ln.settings.creation.search_names = False
out = {"lamindb": ln.__version__}


def each(name, n, work):
    start, cpu = time.perf_counter(), time.process_time()
    for i in range(n):
        work(i)
    out[name] = (time.perf_counter() - start) * 1000 / n
    out[name + "Cpu"] = (time.process_time() - cpu) * 1000 / n


folder = tempfile.mkdtemp()
paths = []
for i in range(300):
    paths.append(os.path.join(folder, f"{i}.txt"))
    with open(paths[-1], "w") as file:
        file.write(f"content {i} of {tag}")
artifacts = []
each("save", len(paths), lambda i: artifacts.append(ln.Artifact(paths[i], key=f"bench/{tag}/{i}.txt").save()))

for name, dtype in {"float": float, "str": str, "date": date, "label": ln.ULabel}.items():
    ln.Feature(name=f"{name} {tag}", dtype=dtype, coerce=name == "date").save()
ln.ULabel(name=f"label {tag}").save()
each(
    "setFeatures",
    150,
    lambda i: artifacts[i].features.set_values(
        {f"float {tag}": i / 3, f"str {tag}": f"v{i}", f"date {tag}": "2026-01-01", f"label {tag}": f"label {tag}"}
    ),
)
print(json.dumps(out))
