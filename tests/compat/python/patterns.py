"""Which texts Python's `re.search` finds each pattern in. usage: patterns.py IN.json OUT.json

IN holds {"patterns": [...], "texts": [...]}; OUT a list per pattern: the numbers of the texts, or "refused".
"""

import json
import re
import sys
import warnings

warnings.simplefilter("ignore")
with open(sys.argv[1]) as file:
    given = json.load(file)
found = []
for pattern in given["patterns"]:
    try:
        compiled = re.compile(pattern)
    except re.error:
        found.append("refused")
        continue
    found.append([i for i, text in enumerate(given["texts"]) if compiled.search(text)])
with open(sys.argv[2], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(f) for f in found) + "\n]\n")
