"""People answer to findings: what they say becomes an entry of the organisation file, and nothing else in it changes."""

import json
from datetime import timedelta

import pytest

import small_bank
from domicile import bootstrap, yamltext
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.errors import UsageError
from domicile.scan import Exit
from small_bank import BANK, TODAY

LATER = str(TODAY + timedelta(days=90))
ANSWERED = ("--owner", "cards@bank.example", "--reason", "moves to Mumbai in March", "--until", LATER)


@pytest.fixture(scope="module", name="cloud")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(name="run")
def a_run(cloud, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "domicile.yaml").write_text(f"# whose data\n{small_bank.FILE}", encoding="utf-8")

    def run(*arguments):
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(name="file")
def the_file(run, tmp_path):
    return tmp_path / "domicile.yaml"


def violations(run, *asked):
    return json.loads(run("violations", "--format", "json", *asked)[1])


@pytest.mark.parametrize("keyword", ["only_in", "copy_in"])
def test_an_exemption_covers_exactly_the_violation_it_was_given_for(run, keyword):
    run("scan")
    some = violations(run)
    row = next(one for one in some if one["keyword"] == keyword)
    answered = ("--basis", "approved_by_regulator", "--approver", "compliance@bank.example", *ANSWERED)
    code, told, _ = run("exempt", row["violation_id"][:8], *answered)
    assert code == Exit.PROVEN
    assert "domicile.yaml: added" in told
    run("scan")
    exempted = {one["violation_id"] for one in violations(run, "--status", "exempted")}
    assert exempted == {row["violation_id"]}
    assert len(violations(run, "--status", "open")) == len(some) - 1


def test_an_exemption_leaves_the_rest_of_the_file_as_it_was(run, file):
    run("scan")
    before = file.read_text().splitlines()
    identity = violations(run)[0]["violation_id"]
    run("exempt", identity, "--basis", "being_fixed", "--approver", "cto@bank.example", *ANSWERED)
    run("exempt", identity, "--basis", "accepted", "--approver", "cto@bank.example", *ANSWERED)
    after = file.read_text().splitlines()
    assert after[: len(before)] == before
    said = bootstrap.setup(file).organisation.exemptions
    assert [one.basis for one in said] == ["being_fixed", "accepted"]
    assert len({one.id for one in said}) == 2
    assert said[0].since == TODAY


def test_an_entry_can_be_printed_instead(run, file):
    run("scan")
    before = file.read_text()
    identity = violations(run)[0]["violation_id"]
    _, told, _ = run("exempt", identity, "--basis", "accepted", "--approver", "x", *ANSWERED, "--print")
    assert yamltext.parse(told, "told").data["exemptions"][0]["basis"] == "accepted"
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("change", "about"),
    [
        (("--until", "2019-01-01"), "--until must be a day from today"),
        (("--until", str(TODAY + timedelta(days=366))), "to 365 days on"),
        (("--until", "soon"), "YYYY-MM-DD"),
        (("--basis", "because"), "--basis must be one of"),
    ],
)
def test_an_exemption_without_a_sound_end_or_basis_is_refused(run, file, change, about):
    run("scan")
    before = file.read_text()
    identity = violations(run)[0]["violation_id"]
    good = ("--basis", "accepted", "--approver", "x", *ANSWERED)
    code, out, told = run("exempt", identity, *good, *change)
    assert (code, out, file.read_text()) == (Exit.USAGE, "", before)
    assert about in told


def test_what_would_make_the_file_wrong_is_not_written(run, file):
    run("scan")
    before = file.read_text()
    identity = violations(run)[0]["violation_id"]
    code, _, told = run("exempt", identity, "--basis", "accepted", "--approver", "", *ANSWERED)
    assert (code, file.read_text()) == (Exit.USAGE, before)
    assert "approver" in told


def test_a_gap_that_somebody_answers_for_no_longer_keeps_a_scan_from_being_proven(run, cloud):
    cloud.deny("s3", "GetBucketReplication", account=BANK)
    try:
        run("scan")
        gaps = json.loads(run("gaps", "--format", "json")[1])
        assert run("accept", gaps[0]["gap"], *ANSWERED)[0] == Exit.PROVEN
        assert "accepted until" in run("scan")[1]
    finally:
        cloud.allow()


def test_a_gap_that_is_not_there_cannot_be_accepted(run):
    run("scan")
    code, _, told = run("accept", "aws/1/2/3", *ANSWERED)
    assert code == Exit.USAGE
    assert "no such open gap" in told


def states(run, *asked):
    rows = json.loads(run("statements", "--format", "json", *asked)[1])
    return {(row["entity"], row["statement"]): row["state"] for row in rows}


def test_statements_that_rules_ask_for_are_missing_until_they_are_signed(run):
    asked = states(run)
    key = ("bank", "board_approved_system_audit_report")
    assert asked[key] == "missing"
    code, _, _ = run("sign", key[1], "--entity", key[0], "--by", "audit@bank.example", "--until", LATER)
    assert code == Exit.PROVEN
    assert states(run)[key] == "signed"
    assert key not in states(run, "--missing")


def test_a_signature_that_ended_is_told_as_expired(run):
    old = ("--by", "audit@bank.example", "--on", "2024-01-01", "--until", "2024-12-31")
    name = min(name for (_, name), state in states(run).items() if state == "missing")
    assert run("sign", name, "--entity", "bank", *old)[0] == Exit.PROVEN
    assert states(run)["bank", name] == "expired"


def test_a_statement_that_no_rule_asks_for_is_refused_with_the_nearest_name(run):
    code, _, told = run(
        *("sign", "board_approved_system_audit_repot", "--entity", "bank", "--by", "x", "--until", LATER)
    )
    assert code == Exit.USAGE
    assert "did you mean 'board_approved_system_audit_report'?" in told


def test_without_an_organisation_file_there_is_nothing_to_sign(run, file):
    file.unlink()
    code, _, told = run("statements")
    assert code == Exit.USAGE
    assert "no organisation file here" in told


ENTRY = {"id": "one", "reason": "it: matters # a lot", "until": TODAY}


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n",
        "version: 1",
        "version: 1\nexemptions:\n",
        "version: 1\nexemptions: []\nother: 1\n",
        "exemptions:\n  - {id: zero}\n\n# the rest\nversion: 1\n",
        "exemptions:\n- id: zero\n  reason: |\n    long\n    text\n# the rest\nversion: 1\n",
        "exemptions:\n  - id: zero\n    list:\n      - a\n      - b # last\nversion: 1",
        "version: 1\nexemptions:\n    - id: zero\n      reason: 'two\n        lines'\n",
    ],
)
def test_an_entry_is_added_last_and_all_else_stays(text):
    was, now = (yamltext.parse(one, "file").data for one in (text, yamltext.with_entry(text, "exemptions", ENTRY)))
    assert now["exemptions"] == [*(was.get("exemptions") or []), ENTRY]
    assert {name: value for name, value in now.items() if name != "exemptions"} == {
        name: value for name, value in was.items() if name != "exemptions"
    }
    kept = [line for line in text.splitlines() if line.startswith("#")]
    assert [
        line for line in yamltext.with_entry(text, "exemptions", ENTRY).splitlines() if line.startswith("#")
    ] == kept


def test_a_list_between_brackets_is_left_to_its_writer():
    with pytest.raises(UsageError, match="lines that begin with a dash"):
        yamltext.with_entry("exemptions: [{id: zero}]\n", "exemptions", ENTRY)
