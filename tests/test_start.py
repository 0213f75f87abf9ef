"""Nobody waits for what their command does not use."""

import json
import subprocess
import sys

import pytest

HEAVY = {"azure", "boto3", "botocore", "moto", "requests", "rich", "urllib3"}
LOADED = """
import contextlib, io, json, sys
from domicile.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(sys.argv[1:])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize(
    "words",
    [["--help"], ["scan", "--help"], ["demo", "--help"], ["version"], ["policy", "show", "in-rbi-payment-data"]],
    ids=" ".join,
)
def test_what_speaks_to_no_cloud_loads_no_sdk(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "domicile" in loaded
    assert not loaded & HEAVY
