"""The facets of a list by plain SQL in Python's sqlite3 on the same file, under the two conditions of questions.ts.
Usage: python3 questions-native.py FOLDER; prints the milliseconds of all of them, median of 3 each."""
import json, os, sqlite3, sys, time

shown = "a.is_latest = 1 AND +a.branch_id = 1 AND a.suffix = '.csv' AND a.size > 500000"
ids = f"(SELECT a.id FROM lamindb_artifact a WHERE {shown})"
statements = [
    *(f"SELECT +a.{own}, count(*) FROM lamindb_artifact a WHERE {shown} GROUP BY 1" for own in ("suffix", "otype", "kind")),
    f"SELECT u.handle, count(*) FROM lamindb_artifact a JOIN lamindb_user u ON u.id = a.created_by_id WHERE {shown} GROUP BY 1",
    *(
        f"SELECT x.name, count(DISTINCT l.artifact_id) FROM lamindb_artifact{label} l JOIN lamindb_{label} x ON x.id = l.{label}_id"
        f" WHERE l.artifact_id IN {ids} GROUP BY 1"
        for label in ("ulabel", "project")
    ),
    "SELECT v.value, count(DISTINCT l.artifact_id) FROM lamindb_artifactjsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id"
    f" JOIN lamindb_feature f ON f.id = v.feature_id WHERE f.name = 'score' AND +l.artifact_id IN {ids} GROUP BY 1",
]
con = sqlite3.connect(os.path.join(sys.argv[1], "loam.db"), isolation_level=None)
for pragma in ("cache_size=-65536", "temp_store=memory", "query_only=on"):
    con.execute("PRAGMA " + pragma).fetchall()
total = 0
for sql in statements:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        con.execute(sql).fetchall()
        times.append((time.perf_counter() - start) * 1000)
    total += sorted(times)[1]
print(json.dumps({"facetsFiltered": total}))
