"""What people are told after a scan, and what they are not told again."""

import json
import re
import unicodedata
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domicile.model import Change, ClassEvidence, Exemption, Route, Scan
from domicile.notify import (
    ATTRIBUTES_SIZE,
    EXEMPTIONS,
    LINES,
    SIZE,
    URGENT_AT_MOST,
    fingerprint,
    messages,
)
from store_contract import HOSTILE, NOON, a_gap, a_row

DIGESTS = {"rules": "r1", "config": "c1", "engine": "e1"}
BEFORE = Scan(number=6, started_at=NOON - timedelta(days=1), as_of=NOON.date() - timedelta(days=1), digests=DIGESTS)
SCAN = Scan(number=7, started_at=NOON, as_of=NOON.date(), digests=DIGESTS)


def change(transition, name="v1", **more):
    return Change(a_row(name, **more), 0 if transition == "opened" else 1, transition)


def exemption(name="moving", **more):
    given = {
        "rule": "in-rbi-payments-storage",
        "account": "111122223333",
        "basis": "being_fixed",
        "owner": "payments@acme.example",
        "reason": "the move is under way",
        "approver": "compliance@acme.example",
        "since": NOON.date(),
        "until": NOON.date() + timedelta(days=30),
    }
    return Exemption(id=name, **(given | more))


def tell(*changes, gaps=(), previous=BEFORE, scan=SCAN, exemptions=(), **more):
    return messages(changes, gaps, scan, previous=previous, exemptions=exemptions, **more)


def known(*exemptions):
    """The scan before, which knew these exemptions."""
    return replace(BEFORE, digests=DIGESTS | {EXEMPTIONS: " ".join(map(fingerprint, exemptions))})


def kinds(told):
    return [message.kind for message in told]


def ids(message):
    return [one.violation_id for one in message.violations]


def test_nothing_is_told_when_nothing_changed():
    assert tell() == ()


@pytest.mark.parametrize("transition", ["updated", "moved"])
def test_what_was_only_brought_up_to_date_is_not_told(transition):
    assert tell(change(transition)) == ()
    [message] = tell(change(transition), previous=None)
    assert message.subject == "domicile: first scan: no violations"


def test_a_first_scan_is_one_message_however_urgent_its_rows_are():
    [message] = tell(*(change("opened", f"v{number:02}") for number in range(100)), previous=None)
    assert message.subject == "domicile: first scan: 100 breaches found"
    assert len(message.violations) + message.left_out == 100


def test_a_first_scan_that_finds_nothing_says_so():
    [message] = tell(previous=None)
    assert (message.kind, message.subject) == ("first-scan", "domicile: first scan: no violations")


@pytest.mark.parametrize(
    ("digest", "subject"),
    [
        ("rules", "the rules changed, not your data: 2 breaches found"),
        ("config", "the organisation file changed, not your data: 2 breaches found"),
        ("engine", "domicile itself changed, not your data: 2 breaches found"),
    ],
)
def test_when_what_judges_changed_all_is_one_message_that_says_so(digest, subject):
    scan = replace(SCAN, digests=DIGESTS | {digest: "other"})
    [message] = tell(change("opened"), change("opened", "v2", severity="low"), scan=scan)
    assert (message.kind, message.subject) == ("rules-changed", f"domicile: {subject}")
    assert tell(scan=scan) == ()


def test_when_more_than_one_thing_changed_it_is_still_one_message():
    scan = replace(SCAN, digests={"rules": "r2", "config": "c2", "engine": "e2"})
    [message] = tell(change("opened"), change("opened", "v2"), scan=scan)
    what = "the rules and the organisation file and domicile itself changed"
    assert message.subject == f"domicile: {what}, not your data: 2 breaches found"


def test_urgent_rows_are_told_apart_and_the_rest_in_one_digest():
    told = tell(
        change("opened", "v1"),
        change("reopened", "v2"),
        change("opened", "v3", severity="high"),
        change("resolved", "v4", status="resolved"),
        change("unconfirmed", "v5", status="unconfirmed"),
    )
    assert kinds(told) == ["urgent", "urgent", "digest"]
    assert [ids(message) for message in told] == [["v1"], ["v2"], ["v3", "v5", "v4"]]
    assert told[-1].subject == "domicile: 1 breach found, 1 not confirmed, 1 resolved"


@pytest.mark.parametrize("transition", ["opened", "begun", "reopened", "unexempted"])
def test_a_critical_breach_that_begins_to_stand_is_urgent(transition):
    assert kinds(tell(change(transition))) == ["urgent"]


@pytest.mark.parametrize(
    ("transition", "row"),
    [
        ("confirmed", {}),
        ("unconfirmed", {"status": "unconfirmed"}),
        ("exempted", {"status": "exempted"}),
        ("resolved", {"status": "resolved"}),
        ("opened", {"severity": "high"}),
        ("opened", {"verdict": "upcoming"}),
    ],
)
def test_what_is_no_new_breach_of_the_gravest_kind_can_wait_for_the_digest(transition, row):
    assert kinds(tell(change(transition, **row))) == ["digest"]


def test_a_breach_of_a_coming_day_is_not_called_a_breach_found():
    [message] = tell(change("opened", verdict="upcoming"))
    assert message.subject == "domicile: 1 upcoming"
    assert not any(line.startswith("Breaches found") for line in message.lines)


def test_more_than_twenty_urgent_rows_become_one_message():
    urgent = [change("opened", f"v{number}") for number in range(URGENT_AT_MOST + 1)]
    assert kinds(tell(*urgent[:-1])) == ["urgent"] * URGENT_AT_MOST
    [message] = tell(*urgent)
    assert message.subject == "domicile: critical: 21 breaches found"
    assert len(message.violations) == 21


def test_muted_rows_are_not_told_and_exempted_ones_are():
    assert tell(change("opened", exemption_id="moving")) == ()
    assert tell(change("confirmed", exemption_id="moving"), scan=replace(SCAN, digests=DIGESTS | {"rules": "r2"})) == ()
    assert kinds(tell(change("exempted", status="exempted", exemption_id="moving"))) == ["digest"]


@pytest.mark.parametrize("count", [1, 5, 8, 9, 10, 11, 500])
@pytest.mark.parametrize("transition", ["opened", "resolved"])
def test_no_message_is_longer_than_a_page_and_what_is_left_out_is_counted(count, transition):
    rows = [change(transition, f"v{number:03}", severity="high") for number in range(count)]
    [message] = tell(*rows)
    assert len(message.lines) <= LINES
    shown = sum(line.startswith("- ") for line in message.lines)
    more = [line for line in message.lines if line.startswith("…")]
    if shown < count:
        assert more == [f"… and {count - shown} more. domicile violations --changed-on 2026-03-04"]
    else:
        assert more == []
    assert message.lines.count(f"  domicile explain {ids(message)[0]}") == 1
    assert message.transitions == {transition: count}


def test_rows_of_a_scan_that_settled_over_midnight_are_asked_for_by_both_days():
    rows = [change("opened", f"v{n:02}", severity="low", last_changed=NOON + timedelta(days=n % 2)) for n in range(20)]
    [message] = tell(*rows, store="sqlite:///a.db")
    assert message.query == (
        "domicile violations --changed-on 2026-03-04 --store 'sqlite:///a.db'; "
        "domicile violations --changed-on 2026-03-05 --store 'sqlite:///a.db'"
    )


def test_rows_are_told_worst_first_below_what_happened_to_them():
    [message] = tell(
        change("resolved", "v1", status="resolved", status_because="gone: It is gone."),
        change("opened", "v2", severity="low"),
        change("opened", "v3", severity="medium"),
    )
    rows = [line for line in message.lines if line.startswith("- ")]
    assert [line.split("]")[0] for line in rows] == ["- [medium", "- [low", "- [critical"]
    assert "  It is gone." in message.lines


def test_each_row_comes_with_the_command_that_explains_it():
    [message] = tell(change("opened"), store="dynamodb://domicile?region=ap-south-1")
    assert "More:    domicile explain v1 --store 'dynamodb://domicile?region=ap-south-1'" in message.lines
    assert "United States" in message.subject


def test_a_store_whose_name_has_a_quotation_mark_is_still_one_word_to_a_shell():
    [message] = tell(change("opened"), store="sqlite:///our 'own'.db")
    assert message.query == r"domicile explain v1 --store 'sqlite:///our '\''own'\''.db'"


def test_exemptions_in_force_are_counted_on_the_first_line():
    over = exemption("over", since=date(2026, 1, 1), until=date(2026, 3, 3))
    future = exemption("future", since=date(2026, 3, 5))
    last_day = exemption("last-day", since=date(2026, 1, 1), until=date(2026, 3, 4))
    granted = (exemption(), over, future, last_day)
    told = tell(change("opened"), change("opened", "v2", severity="low"), gaps=[a_gap()], exemptions=granted)
    assert len(told) == 4
    for message in told:
        assert message.lines[0].endswith("Exemptions in force: 2.")


def test_a_new_or_changed_exemption_is_told_once():
    old, new = exemption("old"), exemption("new")
    [message] = tell(previous=known(old), exemptions=(old, new))
    assert message.kind == "exemptions"
    assert [one.id for one in message.exemptions] == ["new"]
    assert [line for line in message.lines if line.startswith("- ")] == [
        "- new: in-rbi-payments-storage for account 111122223333"
    ]
    assert tell(previous=known(old, new), exemptions=(old, new)) == ()


@pytest.mark.parametrize(
    "wider",
    [
        {"until": NOON.date() + timedelta(days=31)},
        {"basis": "approved_by_regulator"},
        {"account": "999999999999"},
        {"rule": "another"},
    ],
)
def test_a_widened_exemption_is_told(wider):
    assert kinds(tell(previous=known(exemption()), exemptions=(exemption(**wider),))) == ["exemptions"]


def test_the_exemptions_of_a_first_scan_are_told():
    assert kinds(tell(previous=None, exemptions=(exemption(),))) == ["first-scan", "exemptions"]


def test_an_exemption_that_ended_needs_no_notice_of_its_own():
    assert tell(previous=known(exemption())) == ()


def test_gaps_that_began_or_ended_are_told():
    began = a_gap(listing="s3.buckets", resource_id="arn:aws:s3:::payments", region="global")
    ended = a_gap("aws/2/*/*", account="222222222222", ended=NOON)
    [message] = tell(gaps=[ended, began])
    assert (message.kind, message.subject) == ("coverage", "domicile: coverage changed: 1 not seen, 1 seen again")
    assert message.gaps == (began, ended)


def test_many_gaps_fit_on_a_page():
    [message] = tell(gaps=[a_gap(f"aws/{number}/*/*") for number in range(300)])
    assert len(message.lines) <= LINES
    shown = sum(line.startswith("- ") for line in message.lines)
    assert message.lines[-3:] == (f"… and {300 - shown} more.", "", "Everything that is not seen: domicile gaps")
    assert message.left_out == 300 - len(message.gaps)


@pytest.mark.parametrize(
    ("reason", "to_do"),
    [
        ("denied", "give the scanner's role"),
        ("denied-by-scp", "(SCP)"),
        ("role-missing", "create the scanner's role"),
        ("throttled", "the next scan asks again"),
        ("region-off", "switch the region on again"),
        ("suspended", "reopen the account"),
        ("left", "'departed'"),
        ("error", "the next scan asks again"),
        ("a reason of a later version", "the next scan asks again"),
    ],
)
def test_each_gap_says_what_to_do(reason, to_do):
    [message] = tell(gaps=[a_gap(reason=reason, detail="")])
    assert f"  {reason} since" in message.text
    assert to_do in message.lines[-3]


def test_the_same_changes_make_the_same_messages_in_any_order():
    changes = [change("opened", f"v{number}", severity="high" if number % 2 else "critical") for number in range(9)]
    gaps = [a_gap(f"aws/{number}/*/*") for number in range(3)]
    granted = [exemption(f"e{number}") for number in range(3)]
    routes = (Route("even", rules=("*",), severities=("critical",)), Route("all-of-them"))
    once = tell(*changes, gaps=gaps, exemptions=granted, routes=routes)
    assert once == tell(*reversed(changes), gaps=gaps[::-1], exemptions=granted[::-1], routes=routes)
    assert len(once) > 5


def test_the_id_of_a_message_is_that_of_its_changes_whatever_else_is_said():
    told = tell(change("opened", severity="low"))
    other = tell(change("opened", severity="low", because="Other words."), store="sqlite:///a.db", counts={"gaps": 1})
    assert [one.message_id for one in told] == [one.message_id for one in other]
    assert told[0].message_id == "ca577ffce204dfaccbf1dfcadff09224"


def test_no_two_messages_have_the_same_id():
    changes = [change("opened"), change("opened", "v2", severity="low"), change("opened", "v3")]
    told = [*tell(*changes, gaps=[a_gap()], exemptions=(exemption(),)), *tell(*changes, scan=replace(SCAN, number=8))]
    assert len({message.message_id for message in told}) == len(told)
    ended = tell(gaps=[a_gap(ended=NOON)])
    assert ended[0].message_id != tell(gaps=[a_gap()])[0].message_id


def test_the_value_of_a_tag_is_never_told():
    secret = (ClassEvidence("payment.card", "tag", "data-class=wire-codes"),)
    for message in tell(change("opened", class_evidence=secret), change("opened", "v2", severity="low")):
        assert "wire-codes" not in repr(message)
        assert "wire-codes" not in message.json


# Routes


PAYMENTS = Route("payments", entities=("acme-*",), rules=("in-rbi-*",))
ABROAD = Route("abroad", countries=("US", "I*"))


@pytest.mark.parametrize(
    ("row", "routes"),
    [
        ({}, ("payments", "abroad")),
        ({"country": "SG"}, ("payments",)),
        ({"country": "IE", "entity": "bulbul"}, ("abroad",)),
        ({"country": "SG", "rule": "in-irdai-records"}, ("other",)),
        ({"country": "", "entity": ""}, ("other",)),
    ],
)
def test_a_row_goes_to_every_route_that_takes_it_and_else_to_other(row, routes):
    for severity in ("critical", "low"):
        [message] = tell(change("opened", severity=severity, **row), routes=(PAYMENTS, ABROAD))
        assert message.routes == message.attributes["route"] == routes
        assert message.subject.startswith(f"domicile [{', '.join(routes)}]: ")


@pytest.mark.parametrize(
    ("route", "row"),
    [
        (Route("r", entities=("bulbul",)), {"entity": "bulbul"}),
        (Route("r", rules=("in-irdai-*",)), {"rule": "in-irdai-records"}),
        (Route("r", accounts=("2222*",)), {"account": "222222222222"}),
        (Route("r", countries=("S?",)), {"country": "SG"}),
        (Route("r", severities=("low", "high")), {"severity": "high"}),
        (Route("r"), {"entity": "", "account": ""}),
    ],
)
def test_a_route_takes_what_all_its_selections_match(route, row):
    [message] = tell(change("resolved", **row), routes=(route,))
    assert message.routes == ("r",)
    if route != Route("r"):
        [message] = tell(change("resolved"), routes=(route,))
        assert message.routes == ("other",)


def test_without_routes_there_is_one_named_all():
    [message] = tell(change("opened"))
    assert message.routes == ("all",)
    assert "all" not in message.subject


def test_each_route_has_a_digest_of_its_own():
    told = tell(
        change("opened", "v1", severity="high", country="SG"),
        change("opened", "v2", severity="high"),
        change("opened", "v3", severity="high", country="SG", rule="in-irdai-records"),
        routes=(PAYMENTS, ABROAD),
    )
    assert [(message.routes, ids(message)) for message in told] == [
        (("payments",), ["v1", "v2"]),
        (("abroad",), ["v2"]),
        (("other",), ["v3"]),
    ]


def test_routes_that_take_the_same_share_one_message():
    told = tell(change("opened", "v1", severity="high"), gaps=[a_gap()], routes=(PAYMENTS, ABROAD))
    assert [(message.kind, message.routes) for message in told] == [
        ("digest", ("payments", "abroad")),
        ("coverage", ("payments", "abroad")),
    ]


def test_a_subject_names_few_routes_and_counts_many():
    routes = [Route(f"r{number}") for number in range(4)]
    assert tell(change("opened"), routes=routes[:3])[0].subject.startswith("domicile [r0, r1, r2]: ")
    [message] = tell(change("opened"), routes=routes)
    assert message.subject.startswith("domicile [4 routes]: ")
    assert message.routes == ("r0", "r1", "r2", "r3")


def test_many_urgent_rows_become_one_message_for_each_route():
    rows = [change("opened", f"v{number:02}", country="US" if number % 2 else "SG") for number in range(30)]
    told = tell(*rows, routes=(PAYMENTS, ABROAD))
    assert [(message.kind, message.routes, len(message.violations)) for message in told] == [
        ("urgent", ("payments",), 30),
        ("urgent", ("abroad",), 15),
    ]


def test_every_route_hears_of_a_first_scan():
    told = tell(change("opened", "v1", country="SG"), previous=None, routes=(PAYMENTS, ABROAD))
    assert [(message.routes, message.subject) for message in told] == [
        (("payments",), "domicile [payments]: first scan: 1 breach found"),
        (("abroad",), "domicile [abroad]: first scan: no violations"),
    ]


def test_gaps_and_exemptions_go_to_routes_that_could_be_about_them():
    here, elsewhere = Route("here", accounts=("1111*",)), Route("elsewhere", accounts=("2222*",))
    rule, any_account = Route("rule", rules=("in-irdai-*",)), Route("any-account", countries=("US",))
    routes = (here, elsewhere, rule, any_account)
    told = tell(gaps=[a_gap()], exemptions=[exemption()], previous=known(), routes=routes)
    assert [(message.kind, message.routes) for message in told] == [
        ("coverage", ("here", "rule", "any-account")),
        ("exemptions", ("here", "any-account")),
    ]
    told = tell(gaps=[a_gap(account="333333333333")], routes=(here, elsewhere))
    assert [message.routes for message in told] == [("other",)]
    told = tell(gaps=[a_gap(account="*")], routes=(here, elsewhere))
    assert [message.routes for message in told] == [("here", "elsewhere")]


CHOICES = {
    "entities": ("acme-india", "bulbul", ""),
    "rules": ("in-rbi-payments-storage", "in-irdai-records"),
    "accounts": ("111122223333", "222222222222"),
    "countries": ("US", "SG", ""),
    "severities": ("critical", "high", "low"),
}
FIELDS = dict(zip(CHOICES, ("entity", "rule", "account", "country", "severity"), strict=True))


@given(
    rows=st.lists(st.tuples(*map(st.sampled_from, CHOICES.values())), max_size=30),
    routes=st.lists(
        st.fixed_dictionaries({name: st.lists(st.sampled_from(some), max_size=2) for name, some in CHOICES.items()}),
        max_size=3,
    ),
)
def test_every_row_is_in_a_message_of_each_route_that_takes_it_and_can_be_selected_by_all_it_is(rows, routes):
    named = [Route(f"r{number}", **route) for number, route in enumerate(routes)]
    changes = [
        change("opened", f"v{number}", **dict(zip(FIELDS.values(), row, strict=True)))
        for number, row in enumerate(rows)
    ]
    told = tell(*changes, routes=named)
    for one in changes:
        taking = [
            route.name
            for route, wanted in zip(named, routes, strict=True)
            if all(not some or getattr(one.row, FIELDS[name]) in some for name, some in wanted.items())
        ]
        for name in taking or (["other"] if named else ["all"]):
            [message] = [message for message in told if name in message.routes and one.row.violation_id in ids(message)]
            for field in FIELDS.values():
                assert getattr(one.row, field) in (*message.attributes.get(field, ()), "")
    assert {name for message in told for name in ids(message)} == {one.row.violation_id for one in changes}


# Exemptions that end


@pytest.mark.parametrize(
    ("before", "today", "told"),
    [
        (15, 14, True),
        (16, 15, False),
        (14, 13, False),
        (20, 9, True),
        (20, 0, True),
        (20, -1, False),
        (1, 0, False),
        (15, 15, False),
    ],
)
def test_that_an_exemption_ends_is_told_once_by_the_first_scan_of_its_last_fortnight(before, today, told):
    """Days before its last one, of the scan before and of this scan."""
    one = exemption(since=date(2026, 1, 1), until=date(2026, 6, 30))
    [previous, scan] = (
        replace(scan, as_of=one.until - timedelta(days=days), digests=known(one).digests)
        for scan, days in ((BEFORE, before), (SCAN, today))
    )
    kinds_of = kinds(tell(previous=previous, scan=scan, exemptions=[one]))
    assert ("expiring" in kinds_of) is told


def test_of_a_new_exemption_it_is_not_told_again_at_once_that_it_ends():
    short = exemption(until=NOON.date() + timedelta(days=3))
    assert kinds(tell(previous=known(), exemptions=[short])) == ["exemptions"]


# Still watching


MONDAY = replace(SCAN, as_of=date(2026, 3, 9))
TUESDAY = replace(SCAN, as_of=date(2026, 3, 10))


def test_a_quiet_week_is_told_with_its_first_scan():
    sunday = replace(BEFORE, as_of=date(2026, 3, 8))
    assert kinds(tell(previous=sunday, scan=MONDAY)) == ["still-watching"]
    assert kinds(tell(previous=sunday, scan=TUESDAY)) == ["still-watching"]
    assert tell(previous=MONDAY, scan=TUESDAY) == ()
    assert kinds(tell(change("opened"), previous=sunday, scan=MONDAY)) == ["urgent"]


def test_the_week_of_a_year_later_is_another_week():
    assert kinds(tell(scan=replace(SCAN, as_of=SCAN.as_of + timedelta(days=364)))) == ["still-watching"]


def test_only_a_route_that_hears_nothing_else_is_told_that_somebody_watches():
    [digest, still] = tell(change("opened", severity="low", country="SG"), scan=MONDAY, routes=(PAYMENTS, ABROAD))
    assert (digest.kind, digest.routes) == ("digest", ("payments",))
    assert (still.kind, still.routes) == ("still-watching", ("abroad", "other"))


# Sizes


def size_of(message):
    """Bytes of a message as it goes out, with its attributes."""
    body = json.dumps({"default": message.json, "email": message.text}, ensure_ascii=False)
    return len(body.encode()) + sum(len(name) + len(json.dumps(v)) for name, v in message.attributes.items())


LONG = 'x"\\é🏥' * 100


@pytest.mark.parametrize("count", [1, 30, 1000])
def test_no_message_is_larger_than_its_bound_and_what_is_left_out_is_counted(count):
    rows = [
        change("opened", f"v{n:04}", severity="high", because=LONG, remedy=LONG, resource_name=LONG, owner=LONG)
        for n in range(count)
    ]
    for message in (*tell(*rows), *tell(*rows, previous=None)):
        assert size_of(message) <= SIZE
        assert len(message.lines) <= LINES
        assert len(message.violations) + message.left_out == count
        assert message.violations
    assert count < 1000 or message.left_out


def test_the_worst_rows_are_those_that_are_kept():
    rows = [change("opened", f"v{n:04}", severity="high" if n == 999 else "low", because=LONG) for n in range(1000)]
    [message] = tell(*rows)
    assert ids(message)[:2] == ["v0999", "v0000"]


def test_a_message_with_more_values_than_fit_becomes_several_and_none_is_missing():
    rows = [change("opened", f"v{n:05}", severity="low", account=f"{n:012}") for n in range(6000)]
    told = tell(*rows)
    assert [message.subject for message in told] == [
        "domicile: 3000 breaches found (1 of 2)",
        "domicile: 3000 breaches found (2 of 2)",
    ]
    accounts = Counter(account for message in told for account in message.attributes["account"])
    assert accounts == Counter({f"{n:012}": 1 for n in range(6000)})
    for message in told:
        assert size_of(message) <= SIZE
        assert len(json.dumps(message.attributes["account"])) <= ATTRIBUTES_SIZE
        assert {one.account for one in message.violations} <= set(message.attributes["account"])
    assert told[0].message_id != told[1].message_id


def test_the_attributes_name_what_is_left_out_too():
    rows = [change("opened", f"v{n:04}", severity="low", because=LONG, account=f"{n:012}") for n in range(1000)]
    [message] = tell(*rows, change("resolved", "v9", country="IN", rule="in-irdai-records", entity=""))
    assert message.left_out
    assert len(message.attributes["account"]) == 1001
    assert {name: values for name, values in message.attributes.items() if name != "account"} == {
        "kind": ("digest",),
        "route": ("all",),
        "country": ("IN", "US"),
        "entity": ("acme-india",),
        "rule": ("in-irdai-records", "in-rbi-payments-storage"),
        "severity": ("critical", "low"),
        "transition": ("opened", "resolved"),
    }


# Names


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_brings_the_messages_down(name):
    granted = exemption(reason=name, owner=name, approver=name, resource=name)
    told = tell(
        change("opened", resource_name=name, rule=name, owner=name, remedy=name, because=name, account_name=name),
        change("resolved", "v2", status="resolved", resource_name=name, status_because=name, region=name, country=""),
        gaps=[a_gap(account=name, resource_id=name, reason="error", detail=name)],
        exemptions=[granted],
    )
    assert kinds(told) == ["urgent", "digest", "coverage", "exemptions"]
    for message in told:
        assert json.loads(message.json)["message_id"] == message.message_id
        assert message.json.isascii()


@given(st.text(st.characters(exclude_categories=())))
def test_no_name_breaks_a_line_hides_or_moves_anything(name):
    for message in tell(change("opened", resource_name=name), change("opened", "v2", severity="low", because=name)):
        for line in (message.subject, *message.lines):
            assert len(line.splitlines()) <= 1
            assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    "name",
    [
        "https://evil.example/login",
        "www.evil.example",
        "evil.example",
        "pay@evil.example",
        "mailto:pay@evil",
        "\\\\evil\\share",
        "evil\u3002example",
        "file://evil",
    ],
)
def test_no_name_becomes_a_link(name):
    told = tell(
        change("opened", resource_name=name, account_name=name, owner=name, remedy=name, rule=name),
        change("opened", "v2", severity="low", resource_name=name, account_name=name, because=name),
        gaps=[a_gap(resource_id=name)],
        exemptions=[exemption(reason=name, owner=name, approver=name)],
    )
    assert len(told) == 4
    for message in told:
        shown = f"{message.subject}\n{message.text}"
        assert re.findall(r"(?<!\[)(://|mailto:)|evil[.\u3002]example|(?<!\[)\\\\", shown) == []
        assert "evil" in shown
    assert told[1].violations[0].resource_name == name


def test_what_is_no_link_stays_as_it_is():
    name = "arn:aws:s3:::pay-2026.1/e.g. a, b. C"
    [message] = tell(change("opened", resource_id=name))
    assert f"Id:      {name}" in message.lines


# Whole mails


STORE = "dynamodb://domicile?region=ap-south-1"
COUNTS = {
    "accounts": 7,
    "resources": 59,
    "placements": 50,
    "gaps": 1,
    "unclassified": 2,
    "rows-open": 6,
    "rows-unconfirmed": 1,
    "findings-unknown": 3,
}
GONE = change(
    "resolved",
    "v4",
    severity="high",
    status="resolved",
    status_because="gone: Looked at again in full where it was held: it is gone.",
    resolved_at=NOON,
    opened_at=NOON - timedelta(days=9),
)


def mail(message):
    return f"{message.subject}\n\n{message.text}\n"


def test_the_mail_after_a_first_scan():
    coming = change(
        "opened", "v2", severity="high", verdict="upcoming", because="From 2026-04-01 on: A replica lies there."
    )
    [message] = tell(change("opened"), coming, previous=None, counts=COUNTS, store=STORE)
    assert (
        mail(message)
        == """\
domicile: first scan: 1 breach found, 1 upcoming

Scan 7, as of 2026-03-04: 1 breach found, 1 upcoming. Exemptions in force: 0.
This is the first scan: what it found may be old. From now on, only what changes is told.
Looked at: 7 accounts, 59 resources, 50 places of data.
Violations: 6 open, 1 unconfirmed.
Open questions: 3 cannot be told, 2 not classified.
Gaps still open: 1. To see them: domicile gaps --store 'dynamodb://domicile?region=ap-south-1'

Breaches found, by inventory; not a legal determination (1)
- [critical] v1 in United States
  in-rbi-payments-storage. Held in account 111122223333 (payments), us-east-1. Owner: payments@acme[.]example. Open since 2026-03-04 12:00 UTC.
  A replica lies in the United States since 4 March 2026.
  To fix: Delete the replication rule.
  domicile explain v1 --store 'dynamodb://domicile?region=ap-south-1'

Breaches from a coming day on, if nothing moves (1)
- [high] v2 in United States
  in-rbi-payments-storage. Held in account 111122223333 (payments), us-east-1. Owner: payments@acme[.]example. Known since 2026-03-04 12:00 UTC.
  From 2026-04-01 on: A replica lies there.
  To fix: Delete the replication rule.
  domicile explain v2 --store 'dynamodb://domicile?region=ap-south-1'

Everything that is open: domicile violations --store 'dynamodb://domicile?region=ap-south-1'
"""
    )


def test_the_mail_of_one_urgent_breach():
    [message] = tell(change("opened"), store=STORE)
    assert (
        mail(message)
        == """\
domicile: critical: v1 in United States breaks in-rbi-payments-storage

Scan 7, as of 2026-03-04: 1 breach found. Exemptions in force: 0.

What:    v1, replica by s3-replication
Id:      arn:aws:s3:::v1
Where:   United States, us-east-1
Account: 111122223333 (payments)
From:    payments in India
Rule:    in-rbi-payments-storage (RBI/2017-18/153)
Owner:   acme-india, payments@acme[.]example
Since:   2026-03-04 12:00 UTC
Why:     A replica lies in the United States since 4 March 2026.
Made by: rule/to-virginia
To fix:  Delete the replication rule.
More:    domicile explain v1 --store 'dynamodb://domicile?region=ap-south-1'

Everything that is open: domicile violations --store 'dynamodb://domicile?region=ap-south-1'
"""
    )


def test_the_mail_of_many_urgent_breaches():
    rows = [change("opened", f"v{number:02}", country="US" if number % 3 else "SG") for number in range(21)]
    [message] = tell(*rows, store=STORE)
    assert message.lines[:5] == (
        "Scan 7, as of 2026-03-04: 21 breaches found. Exemptions in force: 0.",
        "Breaches by severity: 21 critical.",
        "By rule: in-rbi-payments-storage 21.",
        "By country: United States 14, Singapore 7.",
        "By account: 111122223333 (payments) 21.",
    )


def test_the_mail_with_what_can_wait():
    lost = "coverage-lost: Was open, could not look again: not every place its facts came from was seen."
    unconfirmed = change("unconfirmed", "v3", status="unconfirmed", status_because=lost)
    [message] = tell(change("opened", "v2", severity="high"), unconfirmed, GONE, store=STORE)
    assert (
        mail(message)
        == """\
domicile: 1 breach found, 1 not confirmed, 1 resolved

Scan 7, as of 2026-03-04: 1 breach found, 1 not confirmed, 1 resolved. Exemptions in force: 0.

Breaches found, by inventory; not a legal determination (1)
- [high] v2 in United States
  in-rbi-payments-storage. Held in account 111122223333 (payments), us-east-1. Owner: payments@acme[.]example. Open since 2026-03-04 12:00 UTC.
  A replica lies in the United States since 4 March 2026.
  To fix: Delete the replication rule.
  domicile explain v2 --store 'dynamodb://domicile?region=ap-south-1'

Was open, could not look again (1)
- [critical] v3 in United States
  in-rbi-payments-storage. Held in account 111122223333 (payments), us-east-1. Owner: payments@acme[.]example. Open since 2026-03-04 12:00 UTC.
  Was open, could not look again: not every place its facts came from was seen.
  domicile explain v3 --store 'dynamodb://domicile?region=ap-south-1'

Resolved (1)
- [high] v4 in United States
  in-rbi-payments-storage. Held in account 111122223333 (payments), us-east-1. Owner: payments@acme[.]example. Open from 2026-02-23 12:00 UTC to 2026-03-04 12:00 UTC.
  Looked at again in full where it was held: it is gone.
  domicile explain v4 --store 'dynamodb://domicile?region=ap-south-1'

Everything that is open: domicile violations --store 'dynamodb://domicile?region=ap-south-1'
"""
    )


def test_the_mail_after_the_rules_changed():
    [message] = tell(change("opened"), scan=replace(SCAN, digests=DIGESTS | {"rules": "r2"}), store=STORE)
    assert (
        mail(message)
        == """\
domicile: the rules changed, not your data: 1 breach found

Scan 7, as of 2026-03-04: 1 breach found. Exemptions in force: 0.
The rules changed, not your data: what was there before is judged anew.
A copy made since the scan before is among these lines all the same.

Breaches found, by inventory; not a legal determination (1)
- [critical] v1 in United States
  in-rbi-payments-storage. Held in account 111122223333 (payments), us-east-1. Owner: payments@acme[.]example. Open since 2026-03-04 12:00 UTC.
  A replica lies in the United States since 4 March 2026.
  To fix: Delete the replication rule.
  domicile explain v1 --store 'dynamodb://domicile?region=ap-south-1'

Everything that is open: domicile violations --store 'dynamodb://domicile?region=ap-south-1'
"""
    )


def test_the_mail_when_coverage_changed():
    began = a_gap(
        "aws/111122223333/global/s3.buckets#replication@arn:aws:s3:::payments",
        region="global",
        listing="s3.buckets",
        resource_id="arn:aws:s3:::payments",
        reason="denied",
    )
    ended = a_gap("aws/2/*/*", account="222222222222", first_seen=NOON - timedelta(days=3), ended=NOON)
    [message] = tell(gaps=[ended, began], store=STORE)
    assert (
        mail(message)
        == """\
domicile: coverage changed: 1 not seen, 1 seen again

Scan 7, as of 2026-03-04: 1 not seen, 1 seen again. Exemptions in force: 0.
What was not seen may hold anything: it counts neither as right nor as wrong,
and no violation there is taken for resolved.

Not seen (1)
- Account 111122223333, global: s3.buckets, replication of arn:aws:s3:::payments
  denied since 2026-03-04 12:00 UTC. To do: give the scanner's role the permissions of this version.

Seen again (1)
- Account 222222222222, every region: everything
  Not seen from 2026-03-01 12:00 UTC to 2026-03-04 12:00 UTC.

Everything that is not seen: domicile gaps --store 'dynamodb://domicile?region=ap-south-1'
"""
    )


def test_the_mail_about_a_new_exemption():
    [message] = tell(previous=known(), exemptions=[exemption()])
    assert (
        mail(message)
        == """\
domicile: exemptions: 1 new or changed

Scan 7, as of 2026-03-04: 1 new or changed. Exemptions in force: 1.

New or changed (1)
- moving: in-rbi-payments-storage for account 111122223333
  From 2026-03-04 to 2026-04-03, as being_fixed (a breach, not told).
  Owner payments@acme[.]example, approved by compliance@acme[.]example.
  Reason: the move is under way
"""
    )


def test_the_mail_about_an_exemption_that_ends():
    one = exemption()
    previous, scan = (replace(scan, digests=known(one).digests, as_of=as_of) for scan, as_of in (
        (BEFORE, date(2026, 3, 19)), (SCAN, date(2026, 3, 20))
    ))  # fmt: skip
    [message] = tell(previous=previous, scan=scan, exemptions=[one])
    assert (
        mail(message)
        == """\
domicile: exemptions: 1 about to end

Scan 7, as of 2026-03-20: 1 about to end. Exemptions in force: 1.
From the day after, what an exemption covers is a breach like any other.

In force until 2026-04-03 (1)
- moving: in-rbi-payments-storage for account 111122223333
  From 2026-03-04 to 2026-04-03, as being_fixed (a breach, not told).
  To do by then: end the breach, or have compliance@acme[.]example approve it anew.
"""
    )


def test_the_mail_of_a_quiet_week():
    [message] = tell(previous=known(exemption()), scan=MONDAY, counts=COUNTS, exemptions=[exemption()], store=STORE)
    assert (
        mail(message)
        == """\
domicile: still watching, nothing new

Scan 7, as of 2026-03-09: nothing new. Exemptions in force: 1.
Still watching. This comes once a week to whoever has nothing else to hear.
Looked at: 7 accounts, 59 resources, 50 places of data.
Violations: 6 open, 1 unconfirmed.
Open questions: 3 cannot be told, 2 not classified.
Gaps still open: 1. To see them: domicile gaps --store 'dynamodb://domicile?region=ap-south-1'

Everything that is open: domicile violations --store 'dynamodb://domicile?region=ap-south-1'
"""
    )
