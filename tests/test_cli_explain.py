"""What is said of one violation, one dataset or one resource: where it is, why, and the ways out, each to be pasted."""

import json
import shlex
from datetime import timedelta

import pytest
import yaml

import small_bank
from domicile import yamltext
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.model import Dataset, Location, Placement
from domicile.report import explained
from domicile.scan import Exit
from small_bank import BANK, MUMBAI, SINGAPORE, TODAY

LATER = str(TODAY + timedelta(days=90))


@pytest.fixture(scope="module", name="cloud")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(scope="module", name="scanned")
def a_scan_of_the_bank(cloud, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank")
    (folder / "domicile.yaml").write_text(small_bank.FILE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["scan", "--output", "first.txt"]) == Exit.VIOLATIONS
    return folder


@pytest.fixture(name="here")
def a_copy_of_that_folder(scanned, tmp_path, monkeypatch):
    for file in scanned.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(name="run")
def a_run(here, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def violation_of(run, subject):
    rows = json.loads(run("violations", "--format", "json")[1])
    return next(row for row in rows if row["subject"] == subject)


def test_a_copy_is_told_with_the_rule_that_makes_it_and_the_place_it_comes_from(run):
    row = violation_of(run, small_bank.CLAIMS)
    code, told, _ = run("explain", row["violation_id"])
    assert code == Exit.PROVEN
    lines = told.splitlines()
    [root] = [line for line in lines if line.strip().startswith("bank-claims: India")]
    [copy] = [line for line in lines if line.strip().startswith("→ archive-claims: ")]
    assert "Singapore by s3-replication (rule archive)" in copy
    assert lines.index(root) + 1 == lines.index(copy)
    assert "seen           s3:GetBucketReplication" in told


def test_copies_that_come_and_go_hang_below_the_set_they_were_copied_from(run):
    row = violation_of(run, small_bank.LEDGER)
    document = json.loads(run("explain", row["violation_id"], "--format", "json")[1])
    places = {(one["region"], one["channel"]): one["depth"] for one in document["places"]}
    assert places == {
        (MUMBAI, ""): 0,
        (MUMBAI, "rds-snapshot"): 1,
        (SINGAPORE, "rds-snapshot-copy"): 2,
        (MUMBAI, "rds-automated-backup"): 1,
        (MUMBAI, "rds-continuous-backup"): 1,
    }


def test_the_first_way_out_stops_what_makes_the_copy_and_says_where_the_data_may_lie(run):
    row = violation_of(run, small_bank.WALLETS)
    ways = json.loads(run("explain", row["violation_id"], "--format", "json")[1])["ways_out"]
    assert "replica" in ways["mend"].lower()
    assert ways["instead"]
    told = run("explain", row["violation_id"])[1]
    assert f"1. mend: {ways['mend']}" in told
    assert ways["instead"] in told


def test_the_second_way_out_is_an_entry_that_takes_the_class_away_once_it_is_filled_in(run, here):
    row = violation_of(run, small_bank.CLAIMS)
    told = run("explain", row["violation_id"])[1]
    entry = told.split("(organisation file):\n\n")[1].split("\n\n")[0]
    assert entry.startswith("   datasets:")
    [declared] = yaml.safe_load(entry)["datasets"]
    file = here / "domicile.yaml"
    before = file.read_text()
    file.write_text(yamltext.with_entry(before, "datasets", declared))
    assert run("validate")[0] == Exit.USAGE
    declared["loosen"]["until"] = TODAY + timedelta(days=30)
    file.write_text(yamltext.with_entry(before, "datasets", declared))
    assert run("validate")[0] == Exit.PROVEN
    run("scan")
    left = {one["subject"] for one in json.loads(run("violations", "--status", "open", "--format", "json")[1])}
    assert small_bank.CLAIMS not in left
    assert small_bank.STATEMENTS in left


def test_the_third_way_out_is_a_command_that_is_refused_until_it_is_filled_in(run, here):
    row = violation_of(run, small_bank.CLAIMS)
    told = run("explain", row["violation_id"])[1]
    [line] = [line for line in told.splitlines() if line.strip().startswith("domicile exempt ")]
    before = (here / "domicile.yaml").read_text()
    code, _, complaint = run(*shlex.split(line)[1:])
    assert code == Exit.USAGE
    assert "YYYY-MM-DD" in complaint
    assert (here / "domicile.yaml").read_text() == before
    assert run(*shlex.split(line.replace("YYYY-MM-DD", LATER))[1:])[0] == Exit.PROVEN
    run("scan")
    told = run("explain", row["violation_id"])[1]
    assert f"(approved_by_regulator) until {LATER}: WHY (approved by WHO APPROVED)" in told


def test_the_ways_out_name_the_store_and_the_file_they_need(run, here):
    (here / "domicile.yaml").rename(here / "bank.yaml")
    run("scan", "--store", "sqlite:///other.db", "--file", "bank.yaml")
    row = json.loads(run("violations", "--store", "sqlite:///other.db", "--format", "json")[1])[0]
    told = run("explain", row["violation_id"], "--store", "sqlite:///other.db", "--file", "bank.yaml")[1]
    assert "--until YYYY-MM-DD --file bank.yaml --store sqlite:///other.db" in told


@pytest.mark.parametrize("name", ["arn:aws:s3:::bank-claims", "bank-claims"])
def test_a_dataset_says_where_it_is_what_it_holds_and_which_rules_it_breaks(run, name):
    code, told, _ = run("explain", name)
    assert code == Exit.PROVEN
    assert "payment.transaction: tag data-class of bank-claims (tag)" in told
    assert "→ archive-claims: Singapore by s3-replication (rule archive)" in told
    [judged] = [line for line in told.splitlines() if line.strip().startswith("in-rbi-payment-data")]
    assert judged.split()[1] == "violation"
    [pointed] = [line for line in told.splitlines() if "domicile explain " in line]
    assert run(*shlex.split(pointed, comments=True)[1:])[0] == Exit.PROVEN


def test_a_resource_is_judged_by_itself(run):
    def verdicts(name):
        document = json.loads(run("explain", name, "--format", "json")[1])
        return document["dataset_id"], {one["rule"]: one["verdict"] for one in document["rules"]}

    dataset, abroad = verdicts("archive-claims")
    assert dataset == "arn:aws:s3:::bank-claims"
    assert abroad["in-rbi-payment-data"] == "violation"
    _, kept = verdicts("bank-kept-cards")
    assert kept["in-rbi-payment-data"] == "pass"
    assert kept["in-companies-accounts-backup"] == "not_applicable"


def test_a_name_that_several_resources_have_is_refused_with_their_ids(run):
    night = f"bank-ledger-{TODAY - timedelta(days=1)}"
    code, out, complaint = run("explain", night)
    assert (code, out) == (Exit.USAGE, "")
    assert f"arn:aws:rds:{MUMBAI}:{BANK}:snapshot:{night}" in complaint


def test_what_shares_its_name_with_its_copies_is_meant_by_it(run):
    told = run("explain", "bank-wallets")[1]
    assert told.startswith(f"arn:aws:dynamodb:{MUMBAI}:{BANK}:table/bank-wallets\n")


def test_without_an_inventory_a_violation_is_explained_all_the_same(run, here):
    row = violation_of(run, small_bank.CLAIMS)
    (here / "domicile.inventory.jsonl").unlink()
    code, told, _ = run("explain", row["violation_id"])
    assert code == Exit.PROVEN
    assert "3. have it permitted" in told
    code, _, complaint = run("explain", "bank-claims")
    assert code == Exit.USAGE
    assert "no dataset or resource of the last scan" in complaint


def ringed(name, source):
    return Placement(
        subject=f"resource|{name}",
        kind="replica",
        location=Location("aws", MUMBAI),
        country="IN",
        resource_id=name,
        resource_name=name,
        channel="peer",
        source_id=source,
    )


def test_what_copies_each_other_in_a_ring_is_told_once_each():
    ring = Dataset(
        provider="aws",
        id="elsewhere",
        account=BANK,
        name="",
        placements=(ringed("a", "b"), ringed("b", "c"), ringed("c", "a")),
        members=("a", "b", "c"),
    )
    assert sorted(step.at.resource_id for step in explained.steps(ring)) == ["a", "b", "c"]
