"""The questions of questions.ts put to LaminDB, in an instance of the same rows that scripts/bench-questions.mjs connects.
Usage: python questions.py; prints {"measures": …, "answers": …} as JSON, in milliseconds."""
import json, os, time

import lamindb as ln
import pandas as pd

ln.settings.verbosity = "error"
ln.settings.creation.search_names = False
out, answers = {}, {}


def reps(name, k, ask):
    """Median of k calls, of one where times do not matter; answers what the last one did."""
    k = 1 if os.environ.get("LOAM_BENCH_SHORT") == "1" else k
    walls, cpus = [], []
    for _ in range(k):
        wall, cpu = time.perf_counter(), time.process_time()
        last = ask()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    out[name], out[name + "Cpu"] = sorted(walls)[k // 2], sorted(cpus)[k // 2]
    return last


A = ln.Artifact
key = "proj7/set7/file_7.csv"
answers["searchWords"] = len(reps("searchWords", 3, lambda: list(A.search("T cell", limit=20))))
answers["searchName"] = len(reps("searchName", 3, lambda: list(A.search("file_12345", limit=20))))
answers["featureFilter"] = reps("featureFilter", 3, lambda: A.filter(score__gt=9000.5).count())
found = reps("getByKey", 15, lambda: A.get(key=key))
answers["getByKey"] = found.uid
answers["getByUid"] = reps("getByUid", 15, lambda: A.get(found.uid)).key
frame = reps("frame", 3, lambda: A.to_dataframe(limit=1000, include=["ulabels__name", "created_by__handle"]))
answers["frame"] = [len(frame), len(frame.columns)]
answers["describe"] = "score" in reps("describe", 3, lambda: A.get(key=key).describe(return_str=True))
sheet = ln.Record.get(name="BenchSheet")
rows = 10_000
table = pd.DataFrame({"score": [i / 7 for i in range(rows)], "note": [f"n{i}" for i in range(rows)]})
reps("sheet", 1, lambda: ln.Record.from_dataframe(table, type=sheet).save())
answers["sheet"] = rows
print(json.dumps({"measures": out, "answers": answers, "lamindb": ln.__version__}))
