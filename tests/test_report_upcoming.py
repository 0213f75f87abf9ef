"""What the screen of a scan says of rules that do not bind today."""

import io
from datetime import date

import pytest

from core_cases import NOON, ORGANISATION, PAYMENTS, SINGAPORE, TODAY, VOCABULARY, holder, later, rule, world
from domicile.model import Obligation, Scan
from domicile.record import record
from domicile.report.screen import Outcome, show
from domicile.scan import looks_of, weigh

ABROAD, CARDS, HOME = (
    holder("ledger", SINGAPORE, tags=PAYMENTS),
    holder("cards", SINGAPORE, tags=PAYMENTS),
    holder("at-home", tags=PAYMENTS),
)
SOON, FAR = later(30), later(300)
TITLE = "Upcoming: rules that bind from a later day on"


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def screen(*rules, sightings=(ABROAD, CARDS, HOME), as_of=TODAY):
    """The blocks of the screen, by the beginning of their first line."""
    seen = world(*sightings)
    weighed = weigh(seen, VOCABULARY, ORGANISATION, rules, as_of=as_of, now=NOON)
    scan = Scan(number=1, started_at=NOON, as_of=as_of)
    changes = record({}, weighed.judgement, looks_of(seen), scan, now=NOON)
    stream = io.StringIO()
    show(
        Outcome(
            scan=scan, recorded=True, first=True, proven=False, inventory=seen, datasets=weighed.datasets,
            classifications=weighed.classifications, judgement=weighed.judgement, gaps=weighed.gaps,
            rows=tuple(one.row for one in changes), changes=changes, gap_changes=(), rules=rules, exemptions=(),
            accepted=(), unowned=(), file="domicile.yaml", store="",
        ),
        stream,
    )  # fmt: skip
    return [block.splitlines() for block in stream.getvalue().split("\n\n")]


def block(title, *rules, **more):
    return next((lines for lines in screen(*rules, **more) if lines[0].startswith(title)), [])


def test_a_rule_to_come_is_one_line_however_many_datasets_will_break_it():
    _, head, *lines = block(TITLE, rule(enforce_from=FAR, id="coming"))
    assert head.split("  ")[0] == "from"
    assert [line.split() for line in lines] == [[str(FAR), "coming", "2", "0"]]


def test_what_is_due_within_the_time_ahead_is_on_record_and_says_where_to_look():
    lines = block(TITLE, rule(enforce_from=SOON, id="coming"))
    assert lines[-1] == "2 places of them, due within 90 days: domicile violations"


def test_coming_rules_name_what_must_be_signed_and_whether_they_are_on_trial():
    asked = rule(Obligation(kind="attest", id="letter"), enforce_from=FAR, id="coming", trial=True)
    assert block(TITLE, asked)[-1].split() == [str(FAR), "coming", "0", "0", "letter", "on", "trial"]


def test_without_a_rule_to_come_there_is_no_such_block():
    assert block(TITLE, rule()) == []


def test_as_of_its_day_a_rule_to_come_is_a_breach_and_upcoming_no_more():
    coming = rule(enforce_from=FAR, id="coming")
    assert block(TITLE, coming, as_of=FAR) == []
    assert block("Breaches found (2)", coming, as_of=FAR) != []


def test_what_is_to_come_is_not_told_twice():
    assert block("Shown only", rule(enforce_from=FAR)) == []
    assert "draft" in block("Shown only", rule(status="draft"), rule(id="coming", enforce_from=FAR))[-1]


def test_a_rule_that_was_replaced_says_by_which():
    old, new = rule(id="old"), rule(id="new", replaces=("old",), enforce_from=date(2026, 1, 1))
    assert block("Shown only", old, new)[-1].split()[:4] == ["old", "replaced", "by", "new"]


def test_what_to_do_next_is_about_a_breach_of_today_before_one_to_come():
    [*_, following] = screen(rule(id="now"), *(rule(id=f"coming-{number}", enforce_from=SOON) for number in range(5)))
    assert "domicile violations --rule now" in " ".join(following)
