"""The demo, as a newcomer runs it: it plays to its end, and README shows what it prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """All that the demo prints."""
    command = [sys.executable, "-m", "domicile", "demo", "--keep", str(tmp_path_factory.mktemp("demo") / "kept")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_demo_scans_before_and_after_the_organisation_file_and_again_later(told):
    assert re.findall(r"^\$ domicile (\w+)", told, re.MULTILINE) == ["scan", "scan", "explain", "scan", "violations"]
    assert re.findall(r"^\[exit code (\d)\]", told, re.MULTILINE) == ["4", "3", "0", "3", "0"]


def test_the_readme_shows_what_the_demo_prints(told):
    [sample] = re.findall(
        r"<!-- sample of the demo -->\n```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    printed = {DAY.sub("DAY", line).rstrip() for line in told.splitlines()}
    assert [line for line in sample.splitlines() if DAY.sub("DAY", line) not in printed] == []
