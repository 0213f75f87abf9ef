"""What is left to do, by what one line, one mend or one permission would settle most."""

import json
import shlex
from datetime import date, timedelta
from io import StringIO

import pytest
import yaml

import small_bank
from domicile import organisation
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from domicile.model import Classification, Coming, Dataset, GapRow, Unclassified
from domicile.report import worklist
from domicile.scan import Exit
from small_bank import ARCHIVE, BANK, MUMBAI, SINGAPORE, TODAY
from store_contract import NOON, a_row

SOON = TODAY + timedelta(days=30)
FILE = small_bank.FILE.replace(str(TODAY + timedelta(days=100)), str(SOON))
MORE = f"""
statements:
  - {{id: person_in_control_in_india_named, entity: bank, by: board, on: 2026-01-01, until: {SOON}}}
"""


@pytest.fixture(scope="module", name="scanned")
def a_scan_with_something_of_everything(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank")
    (folder / "domicile.yaml").write_text(FILE + MORE, encoding="utf-8")
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        bank = Plot(cloud, BANK)
        for number in range(3):
            bank.bucket(f"bank-chat-{number}", SINGAPORE)
        bank.bucket("notes", SINGAPORE)
        bank.bucket("mystery", SINGAPORE, {"data-class": "payments-of-old", "data-origin": "IN"})
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        cloud.deny("s3", "GetBucketReplication", account=ARCHIVE)
        patch.chdir(folder)
        assert main(["scan", "--output", "first.txt"]) == Exit.VIOLATIONS
    return folder


@pytest.fixture(name="run")
def a_run(scanned, capsys, monkeypatch):
    monkeypatch.chdir(scanned)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        capsys.readouterr()
        code = main(["next", *(str(one) for one in arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(name="found")
def the_worklist(run):
    return json.loads(run("--format", "json")[1])


def test_it_fits_on_a_screen_and_ends_well(run):
    code, told, _ = run()
    assert code == Exit.PROVEN
    assert len(told.splitlines()) <= 25


def test_the_last_lines_of_a_scan_point_to_it(scanned):
    assert "  domicile next " in (scanned / "first.txt").read_text("utf-8")


def test_breaches_point_to_their_explanation(found, scanned):
    claims = next(one for one in found["breaches"] if one["about"]["cause"] == "arn:aws:s3:::bank-claims#archive")
    assert claims["what"].startswith("s3-replication of bank-claims#archive: Disable or delete the replication rule")
    assert main(shlex.split(claims["do"])[1:]) == Exit.PROVEN


def test_what_would_change_a_verdict_is_grouped_by_account_by_tag_and_by_name(found):
    groups = {(one["about"]["by"], one["about"]["account"], one["about"]["name"]): one for one in found["classify"]}
    whole = groups["account", BANK, ""]
    named = groups["name", BANK, "bank-chat-*"]
    assert (whole["count"], named["count"]) == (4, 3)
    assert "in-rbi-payment-data" in whole["about"]["would_break"]
    tagged = groups["tag", "", "data-class"]
    assert tagged["about"]["datasets"] == ["arn:aws:s3:::mystery"]
    assert found["classify"][0] == whole


@pytest.mark.parametrize("by", ["account", "name", "tag"])
def test_the_line_that_classifies_is_one_that_the_organisation_file_takes(found, by):
    line = next(one["do"] for one in found["classify"] if one["about"]["by"] == by)
    filled = (
        line.replace("[CLASS]", "[payment.card]")
        .replace("[COUNTRY]", "[IN]")
        .replace("NAME", "some")
        .replace("VALUE", "payments-of-old")
    )
    organisation.load(yaml.safe_dump({"version": 1, **yaml.safe_load(filled)}), "line")


def test_statements_are_missing_or_end_soon(found):
    states = {one["about"]["statement"]: one["about"]["state"] for one in found["statements"]}
    assert states["board_approved_system_audit_report"] == "missing"
    assert states["person_in_control_in_india_named"] == f"ends {SOON}"


def test_what_the_file_lets_be_is_told_before_it_ends(found):
    assert [(one["about"]["kind"], one["about"]["id"]) for one in found["ending"]] == [("dataset", "foreign-cards")]


def test_what_was_not_seen_is_told_by_the_permission_that_would_show_it(found):
    [gap] = found["gaps"]
    assert "s3:GetReplicationConfiguration" in gap["what"] or "s3:GetBucketReplication" in gap["what"]
    assert gap["about"]["accounts"] == [ARCHIVE]


def test_without_an_inventory_it_says_what_it_cannot_tell(run, scanned, tmp_path, monkeypatch):
    (tmp_path / "domicile.db").write_bytes((scanned / "domicile.db").read_bytes())
    monkeypatch.chdir(tmp_path)
    code, told, _ = run()
    assert code == Exit.PROVEN
    assert "cannot be told without an inventory" in told


def test_one_mend_ends_all_breaches_of_one_cause():
    rows = [a_row(f"{digit * 32}", caused_by="arn:aws:s3:::a#abroad") for digit in "123"]
    muted = a_row("4" * 32, caused_by="arn:aws:s3:::a#abroad", exemption_id="known")
    other = a_row("5" * 32, caused_by="arn:aws:s3:::b#abroad")
    found = worklist.breaches([other, *rows, muted], "")
    assert [(one.count, one.about["cause"]) for one in found] == [
        (3, "arn:aws:s3:::a#abroad"),
        (1, "arn:aws:s3:::b#abroad"),
    ]


def a_gap(name, reason="denied", detail="", account=BANK):
    return GapRow(
        gap=name,
        provider="aws",
        account=account,
        region=MUMBAI,
        listing="rds.databases",
        resource_id="",
        reason=reason,
        detail=detail,
        first_seen=NOON,
    )


def test_the_permission_that_closes_most_gaps_comes_first_and_answered_gaps_do_not_count():
    told = "AccessDenied: User: arn:x is not authorized to perform: rds:DescribeDBInstances on *"
    rows = [a_gap("one", detail=told), a_gap("two", detail=told), a_gap("three", "role-missing"), a_gap("four")]
    found = worklist.gaps(rows, ["four"], {}, "")
    assert [(one.count, one.what.split(": ")[1]) for one in found] == [
        (2, "allow rds:DescribeDBInstances"),
        (1, "let the role in"),
    ]
    [listed] = worklist.gaps([a_gap("five")], (), {"rds.databases": ("rds:DescribeDBInstances",)}, "")
    assert "rds:DescribeDBInstances" in listed.what


def test_what_could_not_be_looked_at_is_not_settled_by_a_class():
    dataset = Dataset(provider="aws", id="a", account=BANK, name="a", placements=(), members=("a",))
    one = Unclassified(dataset, "bank", ("class",), ("rule",))
    said = Classification("a", looked=False, missed=("aws/1/2/tags.resources",))
    [item] = worklist.to_classify([one], {"a": said})
    assert (item.about["by"], item.do) == ("coverage", "domicile gaps")


def test_one_thing_by_itself_is_named_and_no_default_of_its_account():
    dataset = Dataset(provider="aws", id="arn:aws:s3:::a", account=BANK, name="a", placements=(), members=("a",))
    one = Unclassified(dataset, "bank", ("class", "origin"), ("rule",))
    [item] = worklist.to_classify([one], {dataset.id: Classification(dataset.id)})
    [declared] = yaml.safe_load(item.do)["datasets"]
    assert declared["resources"] == ["arn:aws:s3:::a"]
    assert declared.keys() >= {"class", "origin"}


def test_a_name_that_would_end_a_line_of_yaml_does_not():
    names = ['a-"]}, {b', 'a-"]}, {c']
    datasets = [Dataset(provider="aws", id=n, account=BANK, name=n, placements=(), members=(n,)) for n in names]
    others = [Dataset(provider="aws", id="z", account=BANK, name="z", placements=(), members=("z",))]
    waiting = [Unclassified(one, "bank", ("class",), ("rule",)) for one in (*datasets, *others)]
    said = {one.dataset.id: Classification(one.dataset.id) for one in waiting}
    lines = [yaml.safe_load(one.do) for one in worklist.to_classify(waiting, said)]
    assert {"datasets"} in [set(line) for line in lines]


def test_rules_to_come_say_from_when_and_how_many():
    coming = Coming("new-rule", date(2027, 5, 13), False, 4, 1, 1, ("letter",))
    [item] = worklist.upcoming([coming])
    assert item.what == "new-rule from 2027-05-13 on, 2 more cannot be told, to sign: letter"
    assert item.count == 4


def test_however_much_there_is_to_do_each_section_is_told_of():
    item = worklist.Item(1, "something", "domicile gaps", {})
    found = worklist.Worklist(**dict.fromkeys(worklist.TITLES, (item,) * 50))
    stream = StringIO()
    worklist.show(found, ["a note"], stream, 120)
    lines = stream.getvalue().splitlines()
    assert len(lines) <= worklist.LINES
    assert all(any(line.startswith(title) for line in lines) for title in worklist.TITLES.values())
    assert "(48 more: --format json)" in stream.getvalue()


def test_when_nothing_is_left_to_do_it_says_so():
    stream = StringIO()
    worklist.show(worklist.Worklist(), [], stream, 120)
    assert stream.getvalue() == "Nothing is left to do.\n"
