"""What a build in CI and a team with many findings ask: fail on what is new, SARIF, counts by cause."""

import json

import pytest

import small_bank
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.scan import Exit
from small_bank import ARCHIVE, BANK


@pytest.fixture(scope="module", name="office")
def a_folder_with_a_scan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    (folder / "domicile.yaml").write_text(small_bank.FILE, encoding="utf-8")
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        patch.chdir(folder)
        assert main(["scan", "--format", "json", "--output", "first.json"]) == Exit.VIOLATIONS
        yield folder


@pytest.fixture(name="run")
def a_run(office, capsys, monkeypatch):
    monkeypatch.chdir(office)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_build_does_not_fail_on_what_an_earlier_run_knew(run):
    code, _, told = run("scan", "--baseline", "first.json")
    assert code == Exit.NOT_PROVEN
    assert "6 of the breaches do not fail this run" in told


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_a_build_fails_on_one_breach_more_than_the_baseline_has(run, office, name):
    rows = json.loads((office / "first.json").read_text())["violations"][1:]
    as_lines = "\n".join(json.dumps(row) for row in rows)
    (office / name).write_text(as_lines if name.endswith("l") else json.dumps(rows))
    code, _, told = run("scan", "--baseline", name)
    assert code == Exit.VIOLATIONS
    assert "5 of the breaches" in told


@pytest.mark.parametrize("text", ["{", "[1]", '{"scan": 1}', '[{"violation_id": 1}]', '{"a": 1}\n{'])
def test_what_no_run_wrote_is_no_baseline(run, office, text):
    (office / "odd.json").write_text(text)
    code, out, told = run("scan", "--baseline", "odd.json")
    assert (code, out) == (Exit.USAGE, "")
    assert "odd.json" in told


def test_an_empty_baseline_knows_nothing(run, office):
    (office / "empty.jsonl").write_text("")
    assert run("scan", "--baseline", "empty.jsonl")[0] == Exit.VIOLATIONS


@pytest.mark.parametrize(
    ("severity", "code"),
    [("critical", Exit.VIOLATIONS), ("low", Exit.VIOLATIONS), ("never", Exit.NOT_PROVEN)],
)
def test_a_build_fails_on_breaches_as_severe_as_it_says(run, severity, code):
    assert run("scan", "--fail-on", severity)[0] == code


def test_a_build_passes_over_what_is_less_severe_than_it_says(run, office):
    rows = json.loads((office / "first.json").read_text())["violations"]
    critical = [row for row in rows if row["severity"] == "critical"]
    (office / "critical.json").write_text(json.dumps(critical))
    assert run("scan", "--fail-on", "critical", "--baseline", "critical.json")[0] == Exit.NOT_PROVEN
    assert run("scan", "--fail-on", "high", "--baseline", "critical.json")[0] == Exit.VIOLATIONS


def test_a_severity_that_does_not_exist_is_refused(run):
    code, _, told = run("scan", "--fail-on", "terrible")
    assert code == Exit.USAGE
    assert "--fail-on must be one of critical, high, medium, low, never" in told


def results_of(out):
    [run] = json.loads(out)["runs"]
    return run


def test_sarif_has_one_result_for_each_violation_with_an_identity_that_stays(run):
    code, out, _ = run("scan", "--format", "sarif")
    sarif = results_of(out)
    _, listed, _ = run("violations", "--format", "json")
    assert code == Exit.VIOLATIONS
    ids = {row["violation_id"] for row in json.loads(listed)}
    assert {one["partialFingerprints"]["violation/v1"] for one in sarif["results"]} == ids
    rules = [rule["id"] for rule in sarif["tool"]["driver"]["rules"]]
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in sarif["results"])
    assert {one["level"] for one in sarif["results"]} == {"error"}
    assert results_of(run("violations", "--format", "sarif")[1])["results"] == sarif["results"]


def test_sarif_says_what_is_where_and_why(run):
    first = results_of(run("violations", "--format", "sarif")[1])["results"][0]
    row = json.loads(run("violations", "--format", "json")[1])[0]
    assert row["because"] in first["message"]["text"]
    [place] = first["locations"]
    assert place["logicalLocations"] == [{"fullyQualifiedName": row["resource_id"], "kind": "resource"}]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "domicile.yaml"}


def test_violations_are_counted_by_what_causes_them(run):
    counted = json.loads(run("violations", "--by", "cause", "--format", "json")[1])
    assert sum(one["violations"] for one in counted) == 6
    assert {"what": "arn:aws:s3:::bank-claims#archive", "violations": 1}.items() <= next(
        one for one in counted if one["what"].endswith("#archive")
    ).items()
    assert {"what": "what must be somewhere is not there", "violations": 2}.items() <= counted[0].items()
    assert [one["violations"] for one in counted] == sorted((one["violations"] for one in counted), reverse=True)


def test_violations_are_counted_by_account_within_a_question(run):
    counted = json.loads(run("violations", "--by", "account", "--format", "json")[1])
    assert {one["what"]: one["violations"] for one in counted} == {BANK: 5, ARCHIVE: 1}
    [only] = json.loads(run("violations", "--by", "account", "--account", ARCHIVE, "--format", "json")[1])
    assert (only["what"], only["worst"]) == (ARCHIVE, "critical")


def test_violations_are_counted_by_who_answers_for_them(run):
    [owner] = json.loads(run("violations", "--by", "owner", "--format", "json")[1])
    assert (owner["what"], owner["violations"]) == ("data@bank.example", 6)
    assert run("violations", "--by", "cause")[1].splitlines()[0].split()[:3] == ["what", "violations", "copies"]


@pytest.mark.parametrize("arguments", [("--by", "colour"), ("--by", "cause", "--format", "sarif")])
def test_what_cannot_be_counted_is_refused(run, arguments):
    code, out, told = run("violations", *arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert "--by" in told
