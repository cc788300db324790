# Native DuckDB of the version that runs in the page, one thread: the statements of scripts/bench-files.mjs, the median of three
# times each. Usage: files-native.py STATEMENTS.json; answers with milliseconds by name.
import json, sys, time, duckdb

con = duckdb.connect()
con.execute('SET threads = 1')
out = {'version': duckdb.__version__}
for name, sql in json.load(open(sys.argv[1])).items():
    times = []
    for _ in range(3):
        start = time.perf_counter()
        con.execute(sql).fetchall()
        times.append((time.perf_counter() - start) * 1000)
    out[name] = sorted(times)[1]
print(json.dumps(out))
