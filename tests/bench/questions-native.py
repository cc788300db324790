"""The facets of a list by plain SQL in Python's sqlite3 on the same file: of all rows, and under the two conditions of
questions.ts. Usage: python3 questions-native.py FOLDER; prints the milliseconds of the latter, median of 3 each, and what
was counted: per facet its name, the rows without a value, and the 50 most frequent values."""
import json, os, sqlite3, sys, time

all_rows = "a.is_latest = 1 AND +a.branch_id = 1"
some_rows = all_rows + " AND a.suffix = '.csv' AND a.size > 500000"
most = "ORDER BY 2 DESC, 1 LIMIT 50"


def facets(shown):
    """Name, statement of the values, statement of the rows that have any."""
    ids = f"(SELECT a.id FROM lamindb_artifact a WHERE {shown})"
    for own in ("suffix", "otype", "kind"):
        has = f"{shown} AND a.{own} <> ''"
        yield own, f"SELECT a.{own}, count(*) FROM lamindb_artifact a WHERE {has} GROUP BY +a.{own} {most}", f"SELECT count(*) FROM lamindb_artifact a WHERE {has}"
    for label in ("ulabel", "project"):
        links = f"FROM lamindb_artifact{label} l JOIN lamindb_{label} x ON x.id = l.{label}_id WHERE l.artifact_id IN {ids}"
        yield f"{label}s__name", f"SELECT x.name, count(DISTINCT l.artifact_id) {links} GROUP BY 1 {most}", f"SELECT count(DISTINCT l.artifact_id) {links}"
    users = f"FROM lamindb_artifact a JOIN lamindb_user u ON u.id = a.created_by_id WHERE {shown}"
    yield "created_by__handle", f"SELECT u.handle, count(*) {users} GROUP BY 1 {most}", f"SELECT count(*) {users}"
    scores = (
        "FROM lamindb_artifactjsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id"
        f" JOIN lamindb_feature f ON f.id = v.feature_id WHERE f.name = 'score' AND +l.artifact_id IN {ids}"
    )
    yield "score", f"SELECT json_extract(v.value, '$'), count(DISTINCT l.artifact_id) {scores} GROUP BY 1 {most}", f"SELECT count(DISTINCT l.artifact_id) {scores}"


con = sqlite3.connect(os.path.join(sys.argv[1], "loam.db"), isolation_level=None)
for pragma in ("cache_size=-65536", "temp_store=memory", "query_only=on"):
    con.execute("PRAGMA " + pragma).fetchall()
out, counted = {}, {}
times_each = 1 if os.environ.get("LOAM_BENCH_SHORT") == "1" else 3
for name, shown in (("facets", all_rows), ("facetsFiltered", some_rows)):
    # A facet's own choice does not narrow its own counts.
    total, counted[name] = 0, []
    for field, values, having in facets(shown):
        own = shown.replace(" AND a.suffix = '.csv'", "") if field == "suffix" else shown
        values, having = values.replace(shown, own), having.replace(shown, own)
        times = []
        for _ in range(times_each):
            start = time.perf_counter()
            rows = con.execute(values).fetchall()
            with_any = con.execute(having).fetchone()[0]
            times.append((time.perf_counter() - start) * 1000)
        total += sorted(times)[times_each // 2]
        rows_in_all = con.execute(f"SELECT count(*) FROM lamindb_artifact a WHERE {own}").fetchone()[0]
        counted[name].append([field, rows_in_all - with_any, rows])
    out[name] = total
print(json.dumps({"measures": out, "counted": counted}))
