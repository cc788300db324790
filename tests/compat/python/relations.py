"""What Django itself knows of LaminDB's models, as facts for tests/unit/relations.test.ts.

usage: relations.py OUT.json, in a folder that is connected to an instance with bionty.
One line per table: its model, the name field, its fields in the order of the class, those that `Registry.describe()` lists,
and each relation by the name look-ups use, with the joins on the way and whether many rows may stand there.
"""

import json
import sys

import bionty  # noqa: F401
import lamindb as ln
from django.apps import apps
from lamindb.models.sqlrecord import SQLRecordInfo


def hops(field):
    out = []
    for info in field.path_infos:
        ((near, far),) = info.join_field.get_joining_fields()
        out.append([near.column, info.to_opts.db_table, far.column, info.m2m, info.direct])
    return out


facts = {}
for model in apps.get_models(include_auto_created=True):
    meta = model._meta
    if meta.app_label not in ("lamindb", "bionty"):
        continue
    relations, order = {}, []
    for field in meta.get_fields():
        if field.is_relation and not (field.auto_created and field.hidden):
            relations[field.name] = hops(field)
    for field in meta.fields:
        order.append(field.attname)
    told = {}
    if not meta.auto_created and issubclass(model, ln.models.CanCurate | ln.models.BaseSQLRecord):
        info = SQLRecordInfo(model)
        core, external = info.get_relational_fields()
        told["simple"] = [field.name for field in info.get_simple_fields()]
        told["relational"] = [field.name for field in core]
        told["external"] = [field.name for fields in external.values() for field in fields]
    facts[meta.db_table] = {
        **told,
        "model": None if meta.auto_created else model.__name__,
        "name_field": getattr(model, "_name_field", None),
        "fields": order,
        "relations": dict(sorted(relations.items())),
    }
with open(sys.argv[1], "w") as out:
    out.write("{\n")
    out.write(",\n".join(f'"{name}": {json.dumps(facts[name])}' for name in sorted(facts)))
    out.write("\n}\n")
print(ln.__version__, len(facts), "tables")
