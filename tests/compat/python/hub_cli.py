# LaminHub's own client (`lamin hub`, lamin-cli 1.21) against a server of ours: only where it is and who asks is ours to say.
import json
import os
import sys

os.environ["NO_RICH"] = "1"
from click.testing import CliRunner
from lamin_cli.hub import _client, hub
from lamin_cli.hub._schema import utils

url, instance, token, calls = sys.argv[1:5]
_client._current_instance = lambda: (instance, url)
_client._access_token = lambda: (token, False)
utils._current_instance_schema_id = lambda: None

answers = []
for call in json.loads(calls):
    result = CliRunner().invoke(hub, call)
    answers.append({"code": result.exit_code, "text": result.output})
print(json.dumps(answers))
