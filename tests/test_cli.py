"""The command line: what it answers, how it ends, and that nothing it is given brings it down."""

import csv
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

import small_bank
from domicile import bootstrap
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.inventory import Line
from domicile.model import Row
from domicile.scan import Exit
from domicile.stores.sqlite import SCHEMA_VERSION, SqliteStore
from small_bank import ARCHIVE, BANK, GROUP, MUMBAI, ROLE, SINGAPORE, TODAY
from store_contract import a_row, opened, record

SHARED = Path(__file__).parents[1] / "shared"
COMMANDS = (
    "init",
    "access",
    "doctor",
    "plan",
    "scan",
    "violations",
    "next",
    "explain",
    "datasets",
    "inventory",
    "exempt",
    "accept",
    "statements",
    "sign",
    "evidence",
    "validate",
    "version",
    "demo",
    "policy",
    "policy list",
    "policy show",
    "policy test",
    "policy diff",
    "policy compare",
)


@pytest.fixture(scope="module", name="cloud")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


class Told:
    """What a command said and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def json(self):
        return json.loads(self.out)

    def is_refused(self, code=Exit.USAGE, about=""):
        """One line (and perhaps where to look), no traceback, nothing on stdout."""
        complaint, *more = self.err.splitlines()
        assert (self.code, self.out) == (code, "")
        assert complaint.startswith("domicile: ")
        assert about in complaint
        assert "internal error" not in complaint
        assert [line for line in more if not line.startswith("  see: domicile")] == []
        return True


@pytest.fixture(name="run")
def a_run(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Told(code, said.out, said.err)

    return run


@pytest.fixture(name="here")
def a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder, text=small_bank.FILE, name="domicile.yaml"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module", name="office")
def a_folder_with_a_scan(cloud, tmp_path_factory):
    """Where the bank was scanned once; tests here only read."""
    folder = tmp_path_factory.mktemp("office")
    written(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["scan", "--output", "first.txt"]) == Exit.VIOLATIONS
    return folder


@pytest.fixture(name="at_office")
def in_that_folder(office, monkeypatch):
    monkeypatch.chdir(office)
    return office


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_teaches(run, command):
    told = run(*command.split(), "--help")
    assert told.code == Exit.PROVEN
    assert told.lines[0].startswith(f"Usage: domicile {command} [OPTIONS]")
    sentence = told.lines[2].strip()
    assert len(sentence.split()) > 2
    assert "--help" in told.out
    options = re.findall(r"^  (?:-\w, )?(--[a-z-]+) .*\n?", told.out, re.MULTILINE)
    for option in options:
        [row] = re.findall(rf"^  (?:-\w, )?{option}\b.*(?:\n {{10,}}.*)*", told.out, re.MULTILINE)
        explained = re.sub(r"^\s*(-\w, )?--[a-z-]+(\s+<.*?>+)?", "", row).strip()
        assert explained, option


def test_the_first_help_names_every_command_and_what_the_exit_codes_mean(run):
    told = run("--help")
    assert {command.split()[0] for command in COMMANDS} <= set(re.findall(r"^  (\w+) ", told.out, re.MULTILINE))
    exit_codes = told.out.split("Exit codes:")[1]
    assert all(f"{int(code)} " in exit_codes for code in Exit)


@pytest.mark.parametrize("arguments", [(), ("policy",)])
def test_alone_a_group_of_commands_shows_its_help(run, arguments):
    assert run(*arguments).lines[0].startswith("Usage: domicile ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("policy", "nonsense"),
        ("scan", "--nonsense"),
        ("scan", "--format", "xml"),
        ("scan", "--concurrency", "0"),
        ("scan", "--concurrency", "many"),
        ("scan", "--notices", "--format", "csv"),
        ("violations", "--limit", "-1"),
        ("violations", "--severity", "worst"),
        ("violations", "--status", "gone"),
        ("violations", "--changed-on", "yesterday"),
        ("explain",),
        ("validate", "--schema", "everything"),
        ("policy", "show"),
        ("policy", "show", "in-rbi-payment-dat"),
        ("version", "more"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_line(run, here, arguments):
    assert run(*arguments).is_refused()


def test_a_mistyped_rule_is_suggested(run):
    assert run("policy", "show", "in-rbi-payment-dat").is_refused(about="did you mean in-rbi-payment-data?")


# Scanning


def test_without_a_file_the_first_screen_lists_every_channel_that_crosses_a_border(run, here, cloud):
    told = run("scan", "--role", ROLE)
    assert told.code == Exit.PROVEN
    assert len(told.lines) <= 40
    for channel in ("s3-replication", "dynamodb-global-table", "rds-snapshot-copy", "rds-backup-replication"):
        assert channel in told.out
    assert run("violations", "--format", "json").json == []


def test_every_line_after_next_can_be_pasted(run, here, cloud):
    written(here)
    commands = run("scan").out.split("Next:\n")[1].splitlines()
    assert 1 <= len(commands) <= 3
    for line in commands:
        command = line.partition("#")[0].split()
        assert command[0] == "domicile"
        assert run(*command[1:]).code == Exit.PROVEN


def test_a_scan_of_an_organisation_ends_with_breaches(office):
    assert "Breaches found (6)" in (office / "first.txt").read_text("utf-8")


def test_a_scan_without_a_role_looks_into_one_account(run, here, cloud):
    told = run("scan")
    assert told.code == Exit.PROVEN
    assert "1 account looked into" in told.lines[0]


def test_a_scan_of_some_accounts_or_another_day_records_nothing(run, here, cloud):
    written(here)
    for restricted in (("--account", BANK), ("--region", MUMBAI), ("--as-of", "2020-01-01")):
        assert "not recorded" in run("scan", *restricted).lines[0]
    assert not list(here.glob("domicile.*db"))
    assert not list(here.glob("*.jsonl"))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("--account", f"{BANK}0"), f"there is no account '{BANK}0' to scan; did you mean '{BANK}'?"),
        (("--region", "ap-south-11"), "there is no region 'ap-south-11' to scan; did you mean 'ap-south-1'?"),
    ],
)
def test_what_does_not_exist_is_not_scanned_as_if_it_were_empty(run, here, cloud, asked, says):
    written(here)
    assert run("scan", *asked).is_refused(about=says)


def test_who_owns_a_unit_by_its_path_owns_the_accounts_in_it_and_a_wrong_unit_is_a_mistake(run, here, cloud):
    root = cloud.client("organizations", "us-east-1").list_roots()["Roots"][0]["Id"]
    owned = small_bank.FILE.replace('owns: ["*"]', f"owns: [{root}]")
    assert owned != small_bank.FILE
    written(here, owned)
    assert {one["entity"] for one in run("scan", "--format", "json").json["violations"]} == {"bank"}
    written(here, owned.replace(root, f"{root}/ou-ab12-payments"))
    assert run("scan").is_refused(about="entities[0].owns[0]: no account is in the unit")


def test_as_of_judges_by_the_rules_of_that_day(run, here, cloud):
    written(here)
    before = run("scan", "--as-of", "2018-10-14", "--format", "json").json["findings"]
    rbi = {one["verdict"] for one in before if one["rule"] == "in-rbi-payment-data" and one["keyword"] == "only_in"}
    assert rbi == {"upcoming"}


def test_a_time_zone_that_does_not_exist_is_refused(run, here, cloud):
    written(here, f"{small_bank.FILE}\ntimezone: Asia/Atlantis\n")
    assert run("scan").is_refused(about="Asia/Atlantis")


def test_a_scan_as_json_is_one_document(run, here, cloud):
    written(here)
    told = run("scan", "--format", "json", "--notices")
    assert told.code == Exit.VIOLATIONS
    document = told.json
    assert document["recorded"]
    assert {row["status"] for row in document["violations"]} == {"open"}
    assert {change["transition"] for change in document["changes"]} == {"opened"}
    assert [notice["kind"] for notice in document["notices"]] == ["first-scan"]
    assert document["gaps"] == []
    assert len(document["limits"]) > 0


@pytest.mark.parametrize("path", ["nowhere/report.txt", "folder"])
@pytest.mark.parametrize("option", ["--output", "--inventory"])
def test_an_output_that_cannot_be_written_is_refused_before_the_scan(run, here, cloud, option, path):
    (here / "folder").mkdir()
    calls = len(cloud.calls)
    assert run("scan", option, path).is_refused(about="cannot be written")
    assert len(cloud.calls) == calls


# Refusals by the cloud


def test_an_organisation_that_cannot_be_listed_fails_the_scan(run, here, cloud):
    cloud.deny("organizations", "ListAccounts")
    told = run("scan", "--role", ROLE)
    cloud.allow()
    assert told.is_refused(Exit.FAILURE, "the organisation cannot be listed")


def test_a_role_that_no_account_lets_in_leaves_gaps(run, here, cloud):
    for account in small_bank.ACCOUNTS:
        cloud.refuse_role(account)
    told = run("scan", "--role", ROLE)
    cloud.allow()
    assert told.code == Exit.NOT_PROVEN
    assert [line.split()[1] for line in told.lines if "role-missing" in line] == [BANK, ARCHIVE]
    assert "compliant" not in told.out.lower()


def test_gaps_are_asked_for_until_they_have_ended_and_after(run, here, cloud):
    assert run("gaps").is_refused(about="no such store yet")
    cloud.refuse_role(ARCHIVE)
    run("scan", "--role", ROLE)
    cloud.allow()
    [gap] = run("gaps", "--format", "json").json
    assert (gap["account"], gap["region"], gap["listing"], gap["reason"]) == (ARCHIVE, "*", "*", "role-missing")
    assert "role-missing" in run("gaps", "--account", ARCHIVE).out
    assert run("gaps", "--account", BANK).lines == ["No gaps answer this question."]
    run("scan", "--role", ROLE)
    assert run("gaps", "--format", "json").json == []
    [ended] = run("gaps", "--ended", "--format", "json").json
    assert ended["gap"] == gap["gap"]
    assert ended["ended"]


def test_notices_name_the_store_that_their_commands_need(run, here, cloud):
    written(here, f"{small_bank.FILE}\nnotify: {{routes: [{{name: all-of-it}}]}}")
    told = run("scan", "--notices", "--store", "sqlite:///other.db")
    [subject] = [line for line in told.lines if line.startswith("Notice")]
    assert subject.startswith("Notice (first-scan): domicile [all-of-it]: first scan: ")
    notice = told.lines[told.lines.index(subject) :]
    command = next(line for line in notice if line.startswith("  domicile explain"))
    assert command.endswith("--store 'sqlite:///other.db'")
    assert run(*shlex.split(command)[1:]).code == Exit.PROVEN


def test_no_breach_is_not_called_proven_while_something_is_open(run, here, cloud):
    written(here)
    for account in small_bank.ACCOUNTS:
        cloud.refuse_role(account)
    told = run("scan", "--role", ROLE)
    cloud.allow()
    assert "No breach found, but not proven." in told.lines


def test_a_gap_that_somebody_answers_for_is_shown_all_the_same(run, here, cloud):
    gap = f'{{gap: "aws/{ARCHIVE}/*/*", owner: data@bank.example, reason: sold, until: {TODAY + timedelta(days=9)}}}'
    written(here, f"role: {ROLE}\naccepted_gaps: [{gap}]\n")
    cloud.refuse_role(ARCHIVE)
    told = run("scan")
    cloud.allow()
    assert told.code == Exit.PROVEN
    assert "role-missing" in told.out


def test_without_credentials_nothing_is_scanned(run, here, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert run("scan").is_refused(Exit.FAILURE, "no usable AWS credentials")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert run("scan").is_refused(Exit.FAILURE, "no usable AWS credentials")


# Asking


def rows_of(told, as_format):
    match as_format:
        case "json":
            return told.json
        case "jsonl":
            return [json.loads(line) for line in told.lines]
        case "csv":
            return list(csv.DictReader(told.lines))


@pytest.mark.parametrize("as_format", ["json", "jsonl", "csv"])
def test_every_format_carries_every_field_of_a_row(run, at_office, as_format):
    rows = rows_of(run("violations", "--format", as_format), as_format)
    assert len(rows) == 6
    assert all(tuple(row) == Row.__struct_fields__ for row in rows)
    assert [row["severity"] for row in rows] == ["critical"] * 4 + ["high"] * 2


@pytest.mark.parametrize("as_format", ["json", "jsonl", "csv"])
def test_no_violations_are_no_rows_in_every_format(run, at_office, as_format):
    assert rows_of(run("violations", "--country", "KP", "--format", as_format), as_format) == []


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ((), 6),
        (("--rule", "in-rbi-payment-data"), 5),
        (("--rule", "in-rbi-payment-data", "--account", ARCHIVE), 1),
        (("--account", BANK), 5),
        (("--account", GROUP), 0),
        (("--country", "sg"), 4),
        (("--country", "IN"), 0),
        (("--severity", "high"), 2),
        (("--entity", "bank"), 6),
        (("--status", "open"), 6),
        (("--status", "resolved"), 0),
        (("--status", "open", "--status", "resolved"), 6),
        (("--caused-by", "arn:aws:s3:::bank-claims#archive"), 1),
        (("--dataset", "arn:aws:s3:::bank-foreign-cards"), 1),
        (("--changed-on", TODAY), 6),
        (("--changed-on", "2020-02-29"), 0),
        (("--limit", 2), 2),
    ],
)
def test_violations_are_asked_for_by_what_they_are(run, at_office, asked, count):
    assert len(run("violations", "--format", "json", *asked).json) == count


def test_a_value_that_looks_like_a_query_is_only_a_value(run, at_office):
    assert run("violations", "--account", "x' OR '1'='1", "--format", "json").json == []


def test_an_answer_can_be_written_to_a_file(run, at_office, tmp_path):
    assert run("violations", "--format", "csv", "--output", tmp_path / "rows.csv").out == ""
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 6
    assert run("violations", "--output", tmp_path / "no" / "rows.csv").is_refused(about="cannot be written")


def test_a_violation_is_explained_by_the_beginning_of_its_id(run, at_office):
    row = run("violations", "--format", "json").json[0]
    told = run("explain", row["violation_id"][:6])
    assert told.code == Exit.PROVEN
    for part in (row["violation_id"], row["rule"], row["resource_id"], row["citation"], row["remedy"][:40]):
        assert part in told.out
    assert run("explain", row["violation_id"]).out == told.out


@pytest.mark.parametrize(
    ("prefix", "about"),
    [
        ("000000", "no violation has an id that begins with 000000"),
        ("0" * 32, "no violation"),
        ("12345", "six are enough"),
        ("xyzxyz", "32 hexadecimal digits"),
        ("ABCDEF", "32 hexadecimal digits"),
        ("a" * 33, "32 hexadecimal digits"),
        ("%%%%%%", "32 hexadecimal digits"),
        ("\x1b[31mred", "32 hexadecimal digits"),
    ],
)
def test_an_id_that_names_nothing_is_refused(run, at_office, prefix, about):
    told = run("explain", prefix)
    assert told.is_refused(about=about)
    assert "\x1b" not in told.err


def test_an_id_that_names_two_violations_is_refused(run, at_office, tmp_path):
    store = SqliteStore(tmp_path / "two.db")
    record(store, *(opened(a_row(f"abcdef{digit * 26}")) for digit in "01"))
    store.close()
    told = run("explain", "abcdef", "--store", f"sqlite:///{tmp_path}/two.db")
    assert told.is_refused(about="2 violations have an id that begins with abcdef")
    assert run("explain", "abcdef0", "--store", f"sqlite:///{tmp_path}/two.db").code == Exit.PROVEN


# The inventory


def test_the_inventory_lies_beside_the_store_with_a_line_per_place(run, at_office):
    rows = [json.loads(line) for line in (at_office / "domicile.inventory.jsonl").read_text("utf-8").splitlines()]
    assert all(tuple(row) == Line.__struct_fields__ for row in rows)
    assert run("inventory", "--format", "json").json == rows
    assert run("inventory", at_office / "domicile.inventory.jsonl", "--format", "json").json == rows


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        (("--crossing",), lambda line: line["crosses"]),
        (("--country", "sg"), lambda line: line["country"] == "SG"),
        (("--account", ARCHIVE), lambda line: line["account"] == ARCHIVE),
        (("--class", "payment.*"), lambda line: any(name.startswith("payment.") for name in line["classes"])),
        (("--country", "IN", "--class", "books_of_account"), lambda line: line["region"] == MUMBAI),
    ],
)
def test_the_inventory_is_asked_for_by_what_is_where(run, at_office, asked, holds):
    chosen = run("inventory", "--format", "json", *asked).json
    everything = run("inventory", "--format", "json").json
    assert 0 < len(chosen) < len(everything)
    assert all(holds(line) for line in chosen)


def test_an_inventory_without_an_answer_says_so(run, at_office):
    assert run("inventory", "--country", "unknown").code == Exit.PROVEN
    assert run("inventory", "--country", "unknown", "--format", "json").json == []


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", "{}\n", '{"provider": "aws"}\n', "\x00\n", "\n"])
def test_what_is_no_inventory_is_refused_with_its_line(run, here, text):
    (here / "other.jsonl").write_text(text, encoding="utf-8")
    assert run("inventory", "other.jsonl").is_refused(about="other.jsonl:1: is no line of an inventory")


@pytest.mark.parametrize("command", ["violations", "explain abcdef", "next", "datasets", "inventory"])
def test_before_the_first_scan_one_is_told_to_scan(run, here, command):
    assert run(*command.split()).is_refused(about="run `domicile scan`")
    assert list(here.iterdir()) == []


# Stores


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://localhost/domicile", Exit.USAGE),
        ("dynamodb://table?place=Mumbai", Exit.USAGE),
        ("domicile.db", Exit.USAGE),
        ("sqlite://", Exit.USAGE),
        ("sqlite:///", Exit.USAGE),
        ("", Exit.USAGE),
        ("sqlite:///nowhere/domicile.db", Exit.FAILURE),
        ("sqlite:///folder", Exit.FAILURE),
        ("sqlite:////dev/null", Exit.FAILURE),
        ("sqlite:////proc/domicile.db", Exit.FAILURE),
        ("sqlite:///text.db", Exit.FAILURE),
        ("sqlite:///foreign.db", Exit.FAILURE),
        ("sqlite:///newer.db", Exit.FAILURE),
        ("sqlite:///torn.db", Exit.FAILURE),
    ],
)
@pytest.mark.parametrize("command", ["scan", "violations"])
def test_a_store_that_cannot_be_used_is_refused_and_left_alone(run, here, cloud, command, url, code):
    (here / "folder").mkdir()
    (here / "text.db").write_text("to do: buy milk", encoding="utf-8")
    with sqlite3.connect(here / "foreign.db") as foreign:
        foreign.execute("CREATE TABLE music (title)")
    foreign.close()
    for name in ("newer.db", "torn.db"):
        SqliteStore(here / name).close()
    newer = sqlite3.connect(here / "newer.db")
    newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    whole = (here / "torn.db").read_bytes()
    (here / "torn.db").write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    before = {path: path.read_bytes() for path in here.iterdir() if path.is_file()}
    told = run(command, "--store", url)
    if command == "violations" and not (here / url.removeprefix("sqlite:///")).exists():
        code = Exit.USAGE
    assert told.is_refused(code)
    assert {path: path.read_bytes() for path in before} == before


def test_a_scan_and_then_another_keep_one_history(run, here, cloud):
    written(here)
    assert run("scan").lines[0].startswith("Scan 1,")
    again = run("scan", "--notices")
    assert again.lines[0].startswith("Scan 2,")
    assert "Notice" not in again.out
    assert run("violations", "--format", "json").json[0]["changed_in_scan"] == 1


# Files


GOOD_POLICY = """
id: promises
title: Promises
rules:
  - id: home
    title: Kept in India
    cite: ["announcement"]
    basis: [V]
    status: commitment
    enforce_from: 2026-01-01
    applies: {class: [personal.contact], origin: [IN], actors: [ANY]}
    oblige: [{kind: only_in, places: [IN]}]
    tests:
      - name: abroad
        data: {class: [personal.contact], origin: IN}
        copies: [{k: primary, at: SG}]
        as_of: 2026-06-30
        expect: violation
"""
GOOD_EXAMPLES = """
- rule: in-rbi-payment-data
  name: at home
  as_of: 2026-06-30
  data: {class: [payment.card], origin: IN, actors: [bank_in], attest: [board_approved_system_audit_report]}
  copies: [{k: primary, at: IN}]
  expect: pass
"""


@pytest.mark.parametrize("text", [small_bank.FILE, GOOD_POLICY, GOOD_EXAMPLES])
def test_a_good_file_has_no_mistakes(run, here, text):
    told = run("validate", written(here, text))
    assert told.code == Exit.PROVEN
    assert "no mistakes" in told.out


BAD_ORGANISATIONS = {
    "nothing": "",
    "a text": "hello",
    "a number": "42",
    "not yaml": "entities: [",
    "tab": "entities:\n\t- id: x",
    "binary": "\x00\x01",
    "unknown key": "entitys: []",
    "wrong type": "entities: 7",
    "list of wrong type": "entities: [7]",
    "key twice": "role: a\nrole: b",
    "id twice": 'entities:\n  - {id: a, owns: ["*"]}\n  - {id: a, owns: ["111111111111"]}',
    "unknown class": "classify:\n  accounts:\n    '111111111111': [payment.nonsense]",
    "unknown country": 'entities:\n  - {id: a, owns: ["*"], country: XX}',
    "country by name": 'entities:\n  - {id: a, owns: ["*"], country: India}',
    "unknown rule": "policies: [in-nonsense]",
    "unknown entity": "datasets:\n  - {id: a, names: [b], entity: nobody}",
    "cycle": "entities: &a\n  - *a",
    "anchors": 'a: &a ["x","x"]\nb: &b [*a,*a]\nentities: [*b,*b]',
    "python": "entities: !!python/object/apply:os.system [ls]",
    "deep": "[" * 10_000,
    "two documents": "role: a\n---\nrole: b",
    "exemption for ever": "exemptions:\n  - {id: a, rule: in-rbi-payment-data, account: '111111111111', basis: accepted,"
    " owner: a, reason: b, approver: c, from: 2026-01-01, until: 2030-01-01}",
    "exemption of everything": "exemptions:\n  - {id: a, rule: in-rbi-payment-data, resource: '*', basis: accepted,"
    " owner: a, reason: b, approver: c, from: 2026-01-01, until: 2026-02-01}",
    "escape": 'role: "\\x1b[31mred"',
    "policy file that is not there": "policy_files: [nowhere.yaml]",
    "policy file above": "policy_files: [../../../../../etc/passwd]",
}


@pytest.mark.parametrize("name", BAD_ORGANISATIONS)
@pytest.mark.parametrize("command", ["validate", "scan"])
def test_a_bad_organisation_file_is_refused_with_a_place(run, here, cloud, command, name):
    text = BAD_ORGANISATIONS[name]
    written(here, text)
    calls = len(cloud.calls)
    told = run(command)
    assert told.is_refused()
    assert re.match(r"domicile: (domicile|nowhere|.*passwd)(\.yaml)?(:\d+)?: ", told.err)
    assert "\x1b" not in told.err
    assert len(cloud.calls) == calls
    assert not (here / "domicile.db").exists()


def test_a_huge_file_is_refused(run, here):
    file = written(here, "x" * 3_000_000)
    assert run("validate", file).is_refused(about="domicile.yaml")


def test_a_file_that_is_no_text_is_refused(run, here):
    (here / "domicile.yaml").write_bytes(b"\xff\xfe\x00role")
    assert run("validate").is_refused(about="is not UTF-8 text")
    (here / "folder").mkdir()
    assert run("validate", "folder").is_refused(about="cannot be read")
    assert run("validate", "nowhere.yaml").is_refused(about="cannot be read")
    assert run("scan", "--file", "nowhere.yaml").is_refused(about="cannot be read")


BAD_POLICIES = {
    "no rules": ("rules:\n  - id: home", "rules: 7\nmore:\n  - id: home"),
    "unknown key": ("status: commitment", "status: commitment\n    colour: red"),
    "unknown keyword": ("kind: only_in", "kind: only_near"),
    "unknown country": ("places: [IN]", "places: [XX]"),
    "unknown class": ("class: [personal.contact], origin: [IN]", "class: [personal.nonsense], origin: [IN]"),
    "unknown status": ("status: commitment", "status: wished"),
    "a date that is none": ("enforce_from: 2026-01-01", "enforce_from: 2026-02-30"),
    "a rule that is packaged": ("id: home", "id: in-rbi-payment-data"),
}


@pytest.mark.parametrize("name", BAD_POLICIES)
def test_a_bad_policy_file_is_refused_with_a_place(run, here, name):
    file = written(here, GOOD_POLICY.replace(*BAD_POLICIES[name]), "promises.yaml")
    told = run("policy", "test", file)
    assert told.is_refused()
    if name != "a rule that is packaged":
        assert run("validate", file).is_refused(about="promises.yaml:")


@pytest.mark.parametrize("kind", ["organisation", "policy"])
def test_a_schema_for_editors_accepts_what_domicile_accepts(run, here, kind):
    import yaml

    schema = run("validate", "--schema", kind).json
    good = {"organisation": small_bank.FILE, "policy": GOOD_POLICY}[kind]
    # Dates are texts to an editor.
    data = json.loads(json.dumps(yaml.safe_load(good), default=str))
    jsonschema.validate(data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | {"nonsense": 1}, schema)


# Rules


def test_the_packaged_rules_are_listed_and_shown(run):
    listed = run("policy", "list", "--format", "json").json
    assert {rule["rule"] for rule in listed} == set(bootstrap.catalogue(bootstrap.packs()))
    for rule in listed:
        told = run("policy", "show", rule["rule"])
        assert told.code == Exit.PROVEN
        assert rule["title"] in told.out
    drafts = run("policy", "list", "--status", "draft", "--format", "json").json
    assert [rule["rule"] for rule in listed if rule["status"] == "draft"] == [rule["rule"] for rule in drafts]


def test_rules_of_a_file_are_listed_beside_the_packaged_ones(run, here):
    file = written(here, GOOD_POLICY, "promises.yaml")
    assert "home" in {rule["rule"] for rule in run("policy", "list", file, "--format", "json").json}
    assert run("policy", "show", "home", file).code == Exit.PROVEN


def test_worked_examples_that_hold_end_well(run, here):
    assert run("policy", "test").code == Exit.PROVEN
    own = run("policy", "test", written(here, GOOD_POLICY, "promises.yaml"))
    assert (own.code, own.lines) == (0, ["1 worked examples of 1 rules: 1 as stated, 0 not."])
    assert run("policy", "test", written(here, GOOD_EXAMPLES, "examples.yaml")).code == Exit.PROVEN


@pytest.mark.parametrize(
    ("text", "was", "wrong"),
    [(GOOD_POLICY, "expect: violation", "expect: pass"), (GOOD_EXAMPLES, "expect: pass", "expect: violation")],
)
def test_a_wrong_example_ends_in_a_table_of_differences(run, here, text, was, wrong):
    told = run("policy", "test", written(here, text.replace(was, wrong), "wrong.yaml"))
    assert told.code == Exit.VIOLATIONS
    heads = told.lines[0].split()
    assert heads == ["rule", "name", "expected", "got", "because"]
    assert wrong.split()[1] in told.lines[1]
    assert was.split()[1] in told.lines[1]
    assert told.lines[-1].endswith("0 as stated, 1 not.")


def test_an_example_of_no_rule_is_refused(run, here):
    file = written(here, GOOD_EXAMPLES.replace("in-rbi-payment-data", "in-nonsense"), "examples.yaml")
    assert run("policy", "test", file).is_refused(about="in-nonsense")


# Names that nobody chose for our convenience


FORMULA = "=cmd|' /C calc'!A0"
HOSTILE = {
    "control": "\x1b[2J\x1b[31mred\x07\nnext",
    "markup": "[bold red]x[/] <script>alert(1)</script>",
    "formula": FORMULA,
    "right to left": "stat\u202ecod.exe\u2066",
    "long": "n" * 1000,
    "very long": "n" * 10_000,
    "blank": "\u3164\u200b",
    "quotes": "'; DROP TABLE violations; --",
    "other scripts": "भुगतान-支付-платёж",
}


def hostile_table(name, region=SINGAPORE, account=BANK):
    arn = f"arn:aws:dynamodb:{region}:{account}:table/{name}"
    return {
        "TableName": name,
        "TableArn": arn,
        "TableStatus": "ACTIVE",
        "CreationDateTime": datetime(2026, 1, 1, tzinfo=UTC),
    }


@pytest.fixture(name="hostile_cloud")
def a_cloud_of_hostile_names(cloud):
    """Every table of the bank has such a name, and is tagged as payments; so is the account named."""

    def accounts(_, own):
        answer = own()
        for account in answer["Accounts"]:
            if account["Id"] == BANK:
                account["Name"] = "\x1b[31m=bank\u202e"
        return answer

    def tables(asked, _):
        return {"TableNames": list(HOSTILE.values()) if asked.region == SINGAPORE else []}

    def table(asked, _):
        return {"Table": hostile_table(asked.parameters["TableName"])}

    def tags(asked, own):
        if asked.region != SINGAPORE:
            return own()
        payments = [{"Key": key, "Value": value} for key, value in small_bank.PAYMENTS.items()]
        named = [{"ResourceARN": hostile_table(name)["TableArn"], "Tags": payments} for name in HOSTILE.values()]
        return {"ResourceTagMappingList": named}

    before = list(cloud._answers)
    cloud.answer("organizations", "ListAccounts", accounts)
    cloud.answer("dynamodb", "ListTables", tables, account=BANK)
    cloud.answer("dynamodb", "DescribeTable", table, account=BANK)
    cloud.answer("resourcegroupstaggingapi", "GetResources", tags, account=BANK)
    yield cloud
    cloud._answers[:] = before


def acts_on_a_terminal(text):
    return [char for char in text if not char.isprintable() and char != "\n"]


def test_hostile_names_are_all_found_kept_and_shown_harmlessly(run, here, hostile_cloud):
    written(here)
    told = run("scan")
    assert told.code == Exit.VIOLATIONS
    assert acts_on_a_terminal(told.out + told.err) == []

    rows = run("violations", "--format", "json")
    assert acts_on_a_terminal(rows.out) == []
    tables = [row for row in rows.json if row["resource_type"] == "aws.dynamodb.table"]
    subjects = {f"resource|{hostile_table(name)['TableArn']}" for name in HOSTILE.values()}
    assert len({row["subject"] for row in tables}) == len(HOSTILE)
    assert {one for one in subjects if len(one) < 300} <= {row["subject"] for row in tables}
    assert {(row["status"], row["verdict"]) for row in tables} == {("open", "violation")}
    assert {row["account_name"] for row in tables} == {"\x1b[31m=bank\u202e"}
    short = {name for name in HOSTILE.values() if len(name) < 100}
    assert short <= {row["resource_name"] for row in tables}

    for row in tables:
        explained = run("explain", row["violation_id"])
        assert explained.code == Exit.PROVEN
        assert acts_on_a_terminal(explained.out) == []
    table = run("violations")
    assert acts_on_a_terminal(table.out) == []
    assert len(table.lines) == len(rows.json) + 1
    assert run("scan", "--format", "json").json["changes"] == []


def test_names_too_long_to_keep_whole_prove_nothing_by_being_cut(run, here, hostile_cloud):
    written(here)
    run("scan")
    untagged = {"ResourceTagMappingList": []}
    hostile_cloud.answer("resourcegroupstaggingapi", "GetResources", untagged, account=BANK)
    run("scan")
    rows = run("violations", "--format", "json").json
    assert {row["status"] for row in rows if row["resource_type"] == "aws.dynamodb.table"} == {"unconfirmed"}
    assert len([row for row in rows if row["resource_type"] == "aws.dynamodb.table"]) == len(HOSTILE)


def test_hostile_names_compute_nothing_in_a_spreadsheet(run, here, hostile_cloud):
    written(here)
    run("scan")
    for command in ("violations", "inventory"):
        told = run(command, "--format", "csv")
        assert acts_on_a_terminal(told.out) == []
        cells = [cell for row in csv.reader(told.lines) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == []
        assert f"'{FORMULA}" in cells


def test_hostile_names_leave_the_inventory_whole(run, here, hostile_cloud):
    written(here)
    run("scan")
    names = {line["resource_name"] for line in run("inventory", "--format", "json").json}
    assert set(HOSTILE.values()) <= names
    assert acts_on_a_terminal(run("inventory").out) == []


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_tag_never_makes_data_pass(run, here, cloud, value):
    """What nobody can read as a class may be any class."""
    before = list(cloud._answers)

    def tags(asked, own):
        answer = own()
        for mapping in answer["ResourceTagMappingList"]:
            mapping["Tags"] = [{"Key": "data-class", "Value": value}, {"Key": "data-origin", "Value": "IN"}]
        return answer

    cloud.answer("resourcegroupstaggingapi", "GetResources", tags, account=BANK)
    written(here)
    told = run("scan", "--format", "json")
    table = run("scan")
    cloud._answers[:] = before
    assert acts_on_a_terminal(told.out + table.out) == []
    unclassified = {one["dataset_id"] for one in told.json["unclassified"]}
    assert "arn:aws:s3:::bank-statements" in unclassified
    assert told.code in (Exit.VIOLATIONS, Exit.NOT_PROVEN)


def test_half_a_character_in_a_name_is_a_gap_and_hides_nothing_else(run, here, cloud):
    before = list(cloud._answers)
    cloud.answer("dynamodb", "ListTables", {"TableNames": ["broken-\ud800"]}, account=BANK)
    cloud.answer(
        "dynamodb",
        "DescribeTable",
        lambda asked, _: {"Table": hostile_table("broken-\ud800", asked.region)},
        account=BANK,
    )
    written(here)
    told = run("scan", "--format", "json")
    cloud._answers[:] = before
    assert told.code == Exit.VIOLATIONS
    assert {gap["listing"] for gap in told.json["gaps"]} == {"dynamodb.tables"}
    assert all(gap["resource_id"].endswith("broken-\\ud800") for gap in told.json["gaps"])
    assert len(told.json["violations"]) >= 3


# As a process of its own


def process(folder, *arguments, **environment):
    command = [sys.executable, "-m", "domicile", *arguments]
    inherited = {**os.environ, "PYTHONPATH": str(SHARED), **environment}
    done = subprocess.run(command, cwd=folder, env=inherited, capture_output=True, timeout=120, check=False)
    assert b"Traceback" not in done.stdout + done.stderr
    return done


def test_a_scan_in_a_process_of_its_own_ends_with_its_exit_code(tmp_path, cloud):
    written(tmp_path)
    done = process(tmp_path, "scan", "--format", "json")
    assert done.returncode == Exit.VIOLATIONS
    assert done.stderr == b""
    assert len(json.loads(done.stdout)["violations"]) == 6


def test_an_output_that_knows_only_ascii_loses_nothing(office):
    row = json.loads(process(office, "violations", "--format", "json", "--limit", "1").stdout)[0]
    done = process(office, "explain", row["violation_id"], PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == Exit.PROVEN
    assert b"\\xb7" in done.stdout


def test_a_reader_that_stops_reading_is_no_error_to_speak_of(office):
    command = f"{sys.executable} -m domicile inventory --format json | head -c 10; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=office,
        env={**os.environ, "PYTHONPATH": str(SHARED)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
