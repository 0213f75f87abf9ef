"""One line a dataset: what it holds, where it is, and the worst that an adopted rule says of it."""

import csv
import json

import pytest

import small_bank
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.scan import Exit
from small_bank import ARCHIVE, BANK


@pytest.fixture(scope="module", name="scanned")
def a_scan_of_the_bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank")
    (folder / "domicile.yaml").write_text(small_bank.FILE, encoding="utf-8")
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        patch.chdir(folder)
        assert main(["scan", "--output", "first.txt"]) == Exit.VIOLATIONS
    return folder


@pytest.fixture(name="run")
def a_run(scanned, capsys, monkeypatch):
    monkeypatch.chdir(scanned)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        capsys.readouterr()
        code = main(["datasets", *(str(one) for one in arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def listed(run, *asked):
    return {row["name"]: row for row in json.loads(run("--format", "json", *asked)[1])}


def test_each_dataset_is_one_line_however_many_places_it_has(run):
    found = listed(run)
    ledger = found["bank-ledger"]
    assert (ledger["countries"], ledger["root_country"], ledger["crosses"]) == (["IN", "SG"], "IN", True)
    assert ledger["places"] == 5
    assert ledger["copies"] == 2 * small_bank.NIGHTS + 2
    assert ledger["classes"] == ["payment.transaction"]
    assert "archive-claims" not in found


def test_the_worst_that_a_rule_says_comes_first(run):
    verdicts = [row["verdict"] for row in listed(run).values()]
    assert verdicts == ["violation"] * 6 + ["pass"] * 2
    found = listed(run)
    assert found["bank-old-books"]["rule"] == "in-companies-accounts-backup"
    assert (found["bank-books"]["verdict"], found["bank-books"]["rule"]) == ("pass", "")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (("--country", "in", "--class", "books_*"), {"bank-books"}),
        (("--country", "unknown"), set()),
        (("--class", "payment.card"), {"bank-foreign-cards", "bank-kept-cards"}),
        (("--account", ARCHIVE), {"bank-claims", "bank-kept-cards"}),
        (("--account", BANK, "--class", "payment.card", "--crossing"), {"bank-kept-cards"}),
        (("--entity", "nobody"), set()),
    ],
)
def test_datasets_are_asked_for_by_what_they_hold_and_where_they_are(run, asked, names):
    assert set(listed(run, *asked)) == names


def test_every_format_has_the_same_fields(run):
    rows = list(csv.DictReader(run("--format", "csv")[1].splitlines()))
    assert [tuple(row) for row in rows] == [tuple(row) for row in listed(run).values()]
    table = run()[1].splitlines()
    assert table[0].split()[:3] == ["name", "account", "entity"]
    assert len(table) == len(rows) + 1
    assert run("--country", "KP")[1] == "No dataset answers this question.\n"


def test_without_an_organisation_file_nothing_is_said_to_pass(run, scanned, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, told, _ = run("--inventory", scanned / "domicile.inventory.jsonl")
    assert code == Exit.PROVEN
    assert "not judged" in told
    assert " pass " not in told


def test_without_a_scan_one_is_told_to_scan(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, complaint = run()
    assert code == Exit.USAGE
    assert "run `domicile scan`" in complaint
