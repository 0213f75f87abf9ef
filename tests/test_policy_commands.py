"""`domicile policy diff` and `compare`: what other rules would say of what the last scan saw."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from importlib import resources
from types import SimpleNamespace

import pytest

from core_cases import MUMBAI, ORGANISATION, PAYMENTS, SINGAPORE, classified, copied, holder, world
from domicile import bootstrap
from domicile.cli import main
from domicile.inventory import lines
from domicile.model import Cell, Gap, ScanRow
from domicile.record import record_gaps
from domicile.report.formats import write
from domicile.scan import Exit
from domicile.stores import open_store

SEEN_AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
NEXT_YEAR = datetime.now(UTC).date() + timedelta(days=365)
RBI, COPY = "in-rbi-payment-data", "in-garg-copies-option-2018"
TOLD_OF = ("rule", "what", "was", "is")

FILE = """
entities:
  - {id: bank, owns: ["*"], country: IN, origin: IN, actors: [payment_system_operator, company_in]}
policies:
  - {rule: in-rbi-payment-data}
  - {rule: in-companies-accounts-backup}
"""

ABROAD = holder("only-abroad", SINGAPORE, tags=PAYMENTS)
HOME = holder("at-home", tags=PAYMENTS)
BOTH, REPLICA = holder("in-both", tags=PAYMENTS), holder("in-both-copy", SINGAPORE)
BOOKS = holder("ledgers", SINGAPORE, tags={"data": "books_of_account"})
BARE = holder("bare", SINGAPORE)
SEEN = (ABROAD, HOME, BOTH, REPLICA, copied(BOTH, REPLICA, "read-replica"), BOOKS, BARE)


@pytest.fixture(name="here")
def a_folder_with_the_inventory_of_a_scan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "domicile.yaml").write_text(FILE)
    kept(tmp_path / "domicile.inventory.jsonl", *SEEN)
    return tmp_path


def kept(path, *sightings):
    with path.open("w") as stream:
        write(lines(*classified(world(*sightings), ORGANISATION), SEEN_AT), "jsonl", stream)


@pytest.fixture(name="run")
def a_run(capsys):
    def run(*arguments):
        capsys.readouterr()
        code = main(["policy", *map(str, arguments)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert "internal error" not in said.err
        return code, said.out, said.err

    return run


def a_pack(folder, *changes, name="mine.yaml", of="payments"):
    """A packaged file of rules with some texts exchanged."""
    text = (resources.files("domicile") / "policies" / "in" / f"{of}.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return name


SAID_OF_RBI = "class: payment.*\n      origin: IN\n      actors: [payment_system_operator, bank_in, payment_gateway, psp_vendor]\n    oblige:\n      - kind: only_in\n        places: IN\n"
LOOSER = (SAID_OF_RBI, SAID_OF_RBI.replace("places: IN", "places: [IN, SG]"))
RAISED = ("id: in-rbi-payment-data\n    version: 1", "id: in-rbi-payment-data\n    version: 2")


# Differences.


def test_a_file_that_says_what_is_shipped_does_not_differ(run, here):
    assert run("diff", a_pack(here)) == (Exit.PROVEN, "No rule differs.\n", "")


def test_of_a_changed_rule_it_says_what_and_which_verdicts_would_change(run, here):
    code, out, _ = run("diff", a_pack(here, LOOSER, RAISED), "--format", "json")
    told = json.loads(out)
    assert code == Exit.PROVEN
    assert [tuple(one[name] for name in TOLD_OF) for one in told["rules"]] == [
        (RBI, "only_in: places", "IN", "IN, SG"),
        (RBI, "version", "1", "2"),
    ]
    assert {(one["what"], one["was"], one["would be"]) for one in told["verdicts"]} == {
        ("only-abroad", "critical violation", "pass"),
        ("in-both-copy", "critical violation", "pass"),
    }
    assert "0 new breaches, 2 ended or muted" in told["notes"][0]
    assert "2026-11-20 04:00Z" in told["notes"][0]


def test_a_stricter_rule_ends_with_the_exit_code_of_breaches(run, here):
    strict = a_pack(here)
    code, out, _ = run("diff", a_pack(here, LOOSER, name="loose.yaml"), strict)
    assert code == Exit.VIOLATIONS
    assert "2 new breaches" in out
    assert "only_in: places" in out


def test_what_is_shipped_can_be_the_new_side(run, here):
    code, out, _ = run("diff", a_pack(here, LOOSER), "shipped", "--format", "json")
    assert code == Exit.VIOLATIONS
    assert json.loads(out)["rules"][0]["was"] == "IN, SG"


def test_a_file_says_nothing_of_packs_that_it_does_not_hold(run, here):
    _, out, _ = run("diff", a_pack(here, LOOSER), "--format", "json")
    assert {one["rule"] for one in json.loads(out)["rules"]} == {RBI}


def test_a_rule_that_is_gone_from_its_pack_is_told_and_one_that_is_adopted_is_warned_of(run, here):
    text = (here / a_pack(here)).read_text()
    first, second, third = (
        text.index(f"  - id: {name}\n") for name in (RBI, "in-npci-upi-audit", "in-rbi-digital-lending")
    )
    (here / "mine.yaml").write_text(text[:first] + text[third:])
    code, out, _ = run("diff", "mine.yaml", "--format", "json")
    told = json.loads(out)
    assert {(one["rule"], one["what"]) for one in told["rules"]} == {(RBI, "gone"), ("in-npci-upi-audit", "gone")}
    assert f"adopts what is gone, and would be refused: {RBI}" in "".join(told["notes"])
    assert {one["would be"] for one in told["verdicts"]} == {"not judged"}
    assert second < third
    assert code == Exit.PROVEN


def test_two_folders_are_held_against_each_other(run, here):
    for name in ("old", "new"):
        (here / name / "deeper").mkdir(parents=True)
    a_pack(here / "old" / "deeper")
    a_pack(here / "new" / "deeper", LOOSER, RAISED)
    a_pack(here / "new", of="drafts", name="drafts.yaml")
    code, out, _ = run("diff", "old", "new", "--format", "json")
    whats = {(one["rule"], one["what"]) for one in json.loads(out)["rules"]}
    assert (COPY, "new") in whats
    assert (RBI, "only_in: places") in whats
    assert code == Exit.PROVEN


def test_without_an_inventory_only_the_rules_are_told_and_nothing_is_proven(run, here):
    (here / "domicile.inventory.jsonl").unlink()
    code, out, _ = run("diff", a_pack(here, LOOSER))
    assert code == Exit.NOT_PROVEN
    assert "cannot be told: there is no inventory" in out
    assert "only_in: places" in out


def test_a_rule_nobody_adopts_changes_no_verdict(run, here):
    (here / "domicile.yaml").write_text(FILE.replace("  - {rule: in-rbi-payment-data}\n", ""))
    code, out, _ = run("diff", a_pack(here, LOOSER))
    assert code == Exit.PROVEN
    assert f"Not adopted, so no verdict hangs on it: {RBI}.\n" in out
    assert "0 new breaches, 0 ended or muted, 0 others" in out


def test_as_of_a_later_day_other_verdicts_change(run, here):
    later = ("enforce_from: 2018-10-15", f"enforce_from: {NEXT_YEAR}")
    _, out, _ = run("diff", a_pack(here, later), "--format", "json")
    assert {one["would be"].split()[-1] for one in json.loads(out)["verdicts"]} == {"upcoming"}
    code, out, _ = run("diff", "mine.yaml", "--as-of", NEXT_YEAR, "--format", "json")
    assert (code, json.loads(out)["verdicts"]) == (Exit.PROVEN, [])


def test_a_class_that_a_rule_newly_asks_for_leaves_something_open(run, here):
    (here / "domicile.yaml").write_text(FILE.replace("  - {rule: in-companies-accounts-backup}\n", ""))
    text = (here / a_pack(here, of="records")).read_text()
    assert "in-irdai-records" in text
    a_pack(here, LOOSER, name="loose.yaml")
    code, out, _ = run("diff", "loose.yaml", a_pack(here, name="strict.yaml"), "--format", "json")
    assert "1 datasets newly to be classified" in json.loads(out)["notes"][0]
    assert code == Exit.VIOLATIONS


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("diff", "shipped"), "differs from a file only"),
        (("diff", "a", "b", "c"), "two are compared"),
        (("diff", "nowhere.yaml"), "cannot be read"),
        (("diff", "empty"), "holds no policy file"),
        (("diff", "domicile.yaml"), "domicile.yaml"),
        (("compare", RBI, RBI), "not with itself"),
        (("compare", RBI, "in-garg-copies-option-2019"), f"did you mean {COPY}?"),
        (("compare", RBI, COPY, "--inventory", "nowhere.jsonl"), "cannot be read"),
        (("compare", RBI, COPY, "--inventory", "domicile.yaml"), "no line of an inventory"),
        (("compare", RBI, COPY, "--inventory", "nothing.jsonl"), "has no line"),
        (("compare", RBI, COPY, "--as-of", "tomorrow"), "YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(run, here, arguments, says):
    (here / "empty").mkdir()
    (here / "nothing.jsonl").touch()
    code, out, err = run(*arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert says in err.splitlines()[0]


# Side by side.


def compared(run, *more):
    code, out, _ = run("compare", RBI, COPY, "--format", "csv", *more)
    assert code == Exit.PROVEN
    return {row["name"]: (row[RBI], row[COPY]) for row in csv.DictReader(io.StringIO(out))}


def test_each_dataset_has_its_verdict_under_each_rule(run, here):
    assert compared(run) == {
        "at-home": ("pass", "pass"),
        "in-both": ("violation", "pass"),
        "only-abroad": ("violation", "advisory"),
        "bare": ("unknown", "unknown"),
    }


def test_first_come_the_counts_and_what_somebody_must_sign(run, here):
    code, out, _ = run("compare", RBI, COPY)
    told = " ".join(out.split())
    assert code == Exit.PROVEN
    for sentence in (
        f"0 pass {RBI} and break {COPY}",
        f"1 break {RBI} and pass {COPY}",
        "1 break both",
        "1 pass both",
        "1 cannot be told",
        "4 of 5 datasets",
        f"To sign besides: {RBI} asks bank for board_approved_system_audit_report.",
    ):
        assert sentence in told
    table = out.splitlines()[out.splitlines().index("") + 1 :]
    assert table[0].split() == ["name", "account", "places", RBI, COPY]
    assert table[1].startswith("in-both ")


def test_the_other_way_round_the_counts_change_sides(run, here):
    _, out, _ = run("compare", COPY, RBI)
    assert f"1  pass {COPY} and break {RBI}" in out


def test_a_rule_that_means_others_is_told_apart(run, here):
    _, out, _ = run("compare", RBI, "in-companies-accounts-backup")
    assert f"3  meant by {RBI} only" in out
    assert "1  meant by in-companies-accounts-backup only" in out


def test_a_rule_to_come_breaks_as_upcoming_and_as_of_its_day_as_a_violation(run, here):
    (here / "mine.yaml").write_text(COMING.format(day=NEXT_YEAR))
    (here / "domicile.yaml").write_text(f"{FILE}policy_files: [mine.yaml]\n")
    told = {}
    for more in ((), ("--as-of", NEXT_YEAR)):
        _, out, _ = run("compare", RBI, "coming", "--format", "json", *more)
        told[more] = {one["name"]: one["coming"] for one in json.loads(out)}
    assert [one["only-abroad"] for one in told.values()] == ["upcoming", "violation"]


COMING = """
id: mine
title: Mine
rules:
  - id: coming
    title: Payments stay
    cite: contract 7
    basis: V
    status: notified
    enforce_from: {day}
    replaces: in-rbi-payment-data
    applies: {{class: payment.*, origin: IN, actors: ANY}}
    oblige: [{{kind: only_in, places: IN}}]
"""


def test_two_rules_of_which_one_replaces_the_other_are_judged_side_by_side_all_the_same(run, here):
    (here / "mine.yaml").write_text(COMING.format(day="2020-01-01"))
    (here / "domicile.yaml").write_text(f"{FILE}policy_files: [mine.yaml]\n")
    _, out, _ = run("compare", RBI, "coming", "--format", "json")
    assert {one["name"]: (one[RBI], one["coming"]) for one in json.loads(out)}["only-abroad"] == (
        "violation",
        "violation",
    )


def test_what_the_scan_could_not_see_cannot_be_told_here_either(run, here):
    assert compared(run)["only-abroad"] == ("violation", "advisory")
    store = open_store("sqlite:///domicile.db")
    missed = Gap(Cell("aws", "111111111111", MUMBAI), "rds.instances", "denied")
    scan = store.begin(SEEN_AT, as_of=SEEN_AT.date(), providers=("aws",), digests={})
    store.claim(scan)
    store.settle(scan, record_gaps([], [missed], now=SEEN_AT), ScanRow(scan=scan, settled_at=SEEN_AT))
    store.close()
    assert compared(run)["only-abroad"] == ("violation", "unknown")


def test_without_a_scan_one_is_told_to_scan(run, here):
    (here / "domicile.inventory.jsonl").unlink()
    code, _, err = run("compare", RBI, COPY)
    assert code == Exit.USAGE
    assert "run `domicile scan`" in err


@pytest.mark.parametrize(
    "name", {rule.status: rule.id for rule in bootstrap.catalogue(bootstrap.packs()).values()}.values()
)
def test_a_rule_of_any_standing_can_be_compared(run, here, name):
    assert run("compare", RBI, name)[0] == Exit.PROVEN


def test_what_the_interfaces_never_show_is_left_out_here_as_in_a_scan():
    from domicile.discover import _blind_spots
    from domicile.providers import aws, azure

    for cloud, name in ((aws, "aws"), (azure, "azure")):
        provider = SimpleNamespace(name=name, services=cloud.SERVICES)
        assert list(bootstrap.blind_spots([name])) == _blind_spots(provider)


def test_a_rule_that_replaces_another_says_so(run, here):
    (here / "mine.yaml").write_text(COMING.format(day="2020-01-01"))
    _, out, _ = run("show", "coming", "mine.yaml")
    assert f"In place of  {RBI}" in out
