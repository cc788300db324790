"""The native anchor: the same plain inserts, reads and index build by Python's sqlite3 on a WAL file.
Usage: python3 native.py FOLDER (with template.db and plan.json); prints one round as JSON."""
import json, os, random, shutil, sqlite3, string, sys, time

folder = sys.argv[1]
plan = json.load(open(os.path.join(folder, "plan.json")))
path = os.path.join(folder, "native.db")
for end in ("", "-wal", "-shm"):
    if os.path.exists(path + end):
        os.unlink(path + end)
shutil.copyfile(os.path.join(folder, "template.db"), path)
con = sqlite3.connect(path, isolation_level=None)
for sql in plan["settings"]:
    con.execute(sql).fetchall()

bulk, singles, step = plan["bulkRows"], plan["singles"], plan["perTransaction"]
letters = string.digits + string.ascii_letters
uids = ["".join(random.choices(letters, k=8)) for _ in range(bulk + singles)]
at = {name: i for i, name in enumerate(plan["columns"])}


def row(i):
    values = list(plan["values"])
    values[at["id"]], values[at["uid"]], values[at["name"]] = i + 1, uids[i], f"plain {i}"
    return tuple(values)


rows = [row(i) for i in range(bulk + singles)]
out = {}


def timed(name, work):
    start, cpu = time.perf_counter(), time.process_time()
    work()
    out[name] = (time.perf_counter() - start) * 1000
    out[name + "Cpu"] = (time.process_time() - cpu) * 1000


def bulk_insert():
    for i in range(0, bulk, step):
        con.execute("BEGIN IMMEDIATE")
        con.executemany(plan["insert"], rows[i : i + step])
        con.execute("COMMIT")


def point_read():
    for i in range(10_000):
        con.execute(plan["pointRead"], (uids[i * 7919 % bulk],)).fetchall()


def autocommit():
    for values in rows[bulk:]:
        con.execute(plan["insert"], values)


timed("plainImport", bulk_insert)
con.execute(plan["ftsTable"])
timed("ftsBuild", lambda: con.execute(plan["ftsBuild"]))
timed("pointRead", point_read)
timed("autocommit", autocommit)
con.close()
print(json.dumps(out | {"sqlite": sqlite3.sqlite_version, "python": sys.version.split()[0]}))
