"""What an auditor is handed: one rule on one day, whole, dated, checkable, and harmless to open."""

import csv
import hashlib
import json
from datetime import date, timedelta

import pytest

import small_bank
from core_cases import NOON
from domicile import bootstrap
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.model import Exemption, GapRow, Scan, ScanRow
from domicile.report import evidence
from domicile.scan import Exit
from small_bank import BANK, MUMBAI, TODAY
from store_contract import HOSTILE, a_row

RULE = "in-rbi-payment-data"


@pytest.fixture(scope="module", name="office")
def a_folder_with_two_scans(tmp_path_factory):
    """A second scan finds one replication gone and one listing refused."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "domicile.yaml").write_text(small_bank.FILE, encoding="utf-8")
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        patch.chdir(folder)
        assert main(["scan", "--output", "first.txt"]) == Exit.VIOLATIONS
        cloud.deny("dynamodb", "ListTables", account=BANK, region=MUMBAI)
        assert main(["scan", "--output", "second.txt"]) == Exit.VIOLATIONS
        yield folder


@pytest.fixture(name="run")
def a_run(office, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(office)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(name="folder")
def the_evidence(run, tmp_path):
    assert run("evidence", RULE, "--output", tmp_path / "evidence")[0] == Exit.PROVEN
    return tmp_path / "evidence"


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_file_is_fingerprinted(folder):
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_the_page_says_as_whom_what_was_looked_at_and_what_could_not_be_seen(folder):
    page = (folder / "evidence.md").read_text()
    assert "AWS as arn:aws:sts::" in page
    assert "organizations:ListAccounts" in page
    assert "1 gaps" in page
    [gap] = table(folder / "gaps.csv")
    assert (gap["listing"], gap["account"]) == ("dynamodb.tables", BANK)
    refused = [line for line in table(folder / "coverage.csv") if line["outcome"] == "refused"]
    assert [line["listing"] for line in refused] == ["dynamodb.tables"]


def test_the_tables_hold_the_violations_of_the_rule_with_all_that_became_of_them(folder, run):
    rows = json.loads(run("violations", "--rule", RULE, "--format", "json")[1])
    assert {row["violation_id"] for row in table(folder / "violations.csv")} == {row["violation_id"] for row in rows}
    history = table(folder / "history.csv")
    assert {one["transition"] for one in history} == {"opened", "unconfirmed"}
    places = table(folder / "places.csv")
    assert {one["country"] for one in places} >= {"IN", "SG"}
    assert all("payment" in one["classes"] for one in places)


def test_evidence_as_at_a_day_before_the_first_scan_is_refused(run, tmp_path):
    code, out, told = run("evidence", RULE, "--as-at", TODAY - timedelta(days=1), "--output", tmp_path / "evidence")
    assert (code, out) == (Exit.USAGE, "")
    assert "no scan was settled until" in told


def test_evidence_is_never_overwritten(run, folder):
    code, _, told = run("evidence", RULE, "--output", folder)
    assert code == Exit.USAGE
    assert "never overwritten" in told


@pytest.mark.parametrize(
    ("asked", "about"),
    [
        (("in-rbi-payment-dat",), "did you mean in-rbi-payment-data?"),
        ((RULE, "--entity", "nobody"), "there is no entity 'nobody'"),
        ((RULE, "--as-at", "lately"), "YYYY-MM-DD"),
    ],
)
def test_evidence_of_what_does_not_exist_is_refused(run, asked, about):
    code, out, told = run("evidence", *asked)
    assert (code, out) == (Exit.USAGE, "")
    assert about in told


def test_evidence_of_an_entity_is_about_it_alone(run, tmp_path):
    run("evidence", RULE, "--entity", "bank", "--output", tmp_path / "evidence")
    assert {row["entity"] for row in table(tmp_path / "evidence" / "violations.csv")} == {"bank"}


def test_the_page_says_when_the_organisation_file_has_changed_since(run, office, tmp_path):
    text = (office / "domicile.yaml").read_text()
    other = tmp_path / "domicile.yaml"
    other.write_text(text + "accepted_gaps: []\nscope: {skip_regions: [xx-1]}\n")
    run("evidence", RULE, "--file", other, "--output", tmp_path / "evidence")
    assert "has changed since that scan" in (tmp_path / "evidence" / "evidence.md").read_text()


DAY = date(2026, 5, 4)


def a_case(**more):

    given = {
        "rule": bootstrap.setup(None).catalogue[RULE],
        "entity": "",
        "day": DAY,
        "scans": (ScanRow(scan=Scan(number=3, started_at=NOON, as_of=DAY, digests={"rules": "ab"}), settled_at=NOON),),
        "made_at": NOON,
        "version": "1",
        "file": "domicile.yaml",
        "same_file": True,
        "rows": (),
        "history": (),
        "gaps": (),
        "statements": (),
        "exemptions": (),
    }
    return evidence.Case(**{**given, **more})


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_makes_a_mark_a_link_or_a_formula_of_the_evidence(text):
    exemption = Exemption(
        id="x",
        rule=RULE,
        resource=text,
        basis="accepted",
        owner=text,
        reason=text,
        approver=text,
        since=DAY,
        until=DAY,
    )
    row = a_row("v1", because=text, resource_name=text, resource_id=text)
    made = evidence.files(a_case(rows=(row,), exemptions=(exemption,), file=text))
    page = made["evidence.md"]
    assert not [line for line in page.splitlines() if line.startswith(("<", "    ", "![", "["))]
    assert "<script" not in page
    assert "](http" not in page
    assert "://" not in page
    for name in ("violations.csv", "exemptions.csv"):
        for cells in csv.reader(made[name].splitlines(keepends=True)):
            assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]


def test_what_is_not_kept_of_a_day_is_said_not_left_out():
    page = evidence.files(a_case())["evidence.md"]
    assert "The places that this scan saw are not kept here" in page
    assert "Which listings were complete on that day is not kept here" in page
    assert "places.csv" not in evidence.files(a_case())


def test_the_same_case_makes_the_same_bytes():
    gap = GapRow(
        gap="g",
        provider="aws",
        account="1",
        region="r",
        listing="l",
        resource_id="",
        reason="denied",
        detail="",
        first_seen=NOON,
    )
    assert evidence.files(a_case(gaps=(gap,))) == evidence.files(a_case(gaps=(gap,)))


def test_what_another_cloud_showed_stays_beside_the_store(run, office):
    azure = {"provider": "azure", "dataset_id": "/subscriptions/1/x", "account": "1"}
    declared = {"provider": "declared", "dataset_id": "/subscriptions/1/x", "account": ""}
    inventory = office / "domicile.inventory.jsonl"
    before = inventory.read_text()
    inventory.write_text(f"{before}{json.dumps(azure)}\n{json.dumps(declared)}\n")
    run("scan", "--output", "third.txt")
    lines = [json.loads(line) for line in inventory.read_text().splitlines()]
    assert lines[-2:] == [azure, declared]
    assert len(lines) == len(before.splitlines()) + 2
