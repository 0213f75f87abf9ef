"""The demo, as a newcomer runs it: it plays to its end, and README shows what it prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from domicile.stores import Question
from domicile.stores.sqlite import SqliteStore

ROOT = Path(__file__).parents[1]
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The folder in which the demo leaves its files."""
    return tmp_path_factory.mktemp("demo") / "kept"


@pytest.fixture(scope="module")
def told(kept):
    """All that the demo prints."""
    command = [sys.executable, "-m", "domicile", "demo", "--keep", str(kept)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_demo_scans_before_and_after_the_organisation_file_and_again_later(told):
    assert re.findall(r"^\$ domicile (\w+)", told, re.MULTILINE) == [
        "scan",
        "scan",
        "explain",
        "scan",
        "violations",
        "scan",
        "violations",
    ]
    assert re.findall(r"^\[exit code (\d)\]", told, re.MULTILINE) == ["4", "3", "0", "3", "0", "3", "0"]


def test_the_first_scan_fits_on_a_screen(told):
    first, _, _ = told.partition("[exit code")
    assert len(first.splitlines()) <= 40


def test_what_one_backup_plan_has_done_is_one_thing_to_mend(told):
    _, _, counted = told.partition("$ domicile violations --by cause")
    first = counted.splitlines()[2]
    assert re.search(r"pay-tables#nightly +3 +6 +critical", first)


def test_the_second_scan_keeps_what_it_found_as_it_was_told(told, kept):
    store = SqliteStore(kept / "domicile.db")
    rows = store.ask(Question(statuses=("open", "unconfirmed", "exempted", "resolved")))
    changed = {row.resource_name: row.status for row in rows if row.changed_in_scan == 2}
    gaps = {(gap.listing, gap.reason) for gap in store.gaps()}
    store.close()
    assert changed == {
        "bulbul-pay-statements-dr": "open",
        "bulbul-shop-reviews-singapore": "unconfirmed",
        "shop-carts": "resolved",
        "shop-orders-before-the-move": "unconfirmed",
    }
    assert gaps == {("*", "role-missing"), ("rds.snapshots", "denied")}


def test_the_scan_of_azure_finds_what_nobody_chose_and_leaves_aws_as_it_is(told, kept):
    store = SqliteStore(kept / "domicile.db")
    rows = [row for row in store.ask(Question()) if row.changed_in_scan == 3]
    store.close()
    assert {row.provider for row in rows} == {"azure"}
    assert {(row.country, row.channel) for row in rows} == {
        ("SG", ""),
        ("HK", "azure-storage-geo-redundancy"),
        ("SG", "azure-sql-backup"),
        ("HK", "azure-sql-geo-backup"),
        ("US", ""),
        ("US", "azure-cosmos-backup"),
    }


def test_a_demo_is_not_played_over_another(told, kept):
    command = [sys.executable, "-m", "domicile", "demo", "--keep", str(kept)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds another demo" in done.stderr


def test_the_readme_shows_what_the_demo_prints(told):
    [sample] = re.findall(
        r"<!-- sample of the demo -->\n```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    printed = {DAY.sub("DAY", line).rstrip() for line in told.splitlines()}
    assert [line for line in sample.splitlines() if DAY.sub("DAY", line) not in printed] == []
