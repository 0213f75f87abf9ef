"""What people are told after a scan, and what they are not told again."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from domicile.model import Change, ClassEvidence, Exemption, Scan
from domicile.notify import EXEMPTIONS, LINES, URGENT_AT_MOST, fingerprint, messages
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


def tell(*changes, gaps=(), previous=BEFORE, scan=SCAN, exemptions=()):
    return messages(changes, gaps, scan, previous=previous, exemptions=exemptions)


def known(*exemptions):
    """The scan before, which knew these exemptions."""
    return replace(BEFORE, digests=DIGESTS | {EXEMPTIONS: " ".join(map(fingerprint, exemptions))})


def kinds(told):
    return [message.kind for message in told]


def test_nothing_is_told_when_nothing_changed():
    assert tell() == ()


@pytest.mark.parametrize("transition", ["updated", "moved"])
def test_what_was_only_brought_up_to_date_is_not_told(transition):
    assert tell(change(transition)) == ()
    assert tell(change(transition), previous=None) == ()


def test_a_first_scan_is_one_message_however_urgent_its_rows_are():
    [message] = tell(*(change("opened", f"v{number}") for number in range(100)), previous=None)
    assert message.subject == "First scan: 100 opened"
    assert len(message.violation_ids) == 100


@pytest.mark.parametrize(
    ("digest", "subject"),
    [
        ("rules", "The rules changed: 2 opened"),
        ("config", "The organisation file changed: 2 opened"),
        ("engine", "domicile itself changed: 2 opened"),
    ],
)
def test_when_what_judges_changed_all_is_one_message_that_says_so(digest, subject):
    scan = replace(SCAN, digests=DIGESTS | {digest: "other"})
    [message] = tell(change("opened"), change("opened", "v2", severity="low"), scan=scan)
    assert (message.kind, message.subject) == ("rules-changed", subject)
    assert tell(scan=scan) == ()


def test_urgent_rows_are_told_apart_and_the_rest_in_one_digest():
    told = tell(
        change("opened", "v1"),
        change("reopened", "v2"),
        change("opened", "v3", severity="high"),
        change("resolved", "v4", status="resolved"),
        change("unconfirmed", "v5", status="unconfirmed"),
    )
    assert kinds(told) == ["urgent", "urgent", "digest"]
    assert [message.violation_ids for message in told] == [("v1",), ("v2",), ("v3", "v4", "v5")]
    assert told[-1].subject == "1 opened, 1 unconfirmed, 1 resolved"


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
    assert message.subject == "1 upcoming"
    assert not any(line.startswith("Breaches found") for line in message.lines)


def test_more_than_twenty_urgent_rows_become_one_message():
    urgent = [change("opened", f"v{number}") for number in range(URGENT_AT_MOST + 1)]
    assert kinds(tell(*urgent[:-1])) == ["urgent"] * URGENT_AT_MOST
    [message] = tell(*urgent)
    assert message.subject == "Urgent: 21 breaches"
    assert len(message.violation_ids) == 21


def test_muted_rows_are_not_told_and_exempted_ones_are():
    assert tell(change("opened", exemption_id="moving")) == ()
    assert tell(change("confirmed", exemption_id="moving"), previous=None) == ()
    assert kinds(tell(change("exempted", status="exempted", exemption_id="moving"))) == ["digest"]


@pytest.mark.parametrize("count", [1, 5, 15, 16, 17, 500])
@pytest.mark.parametrize("transition", ["opened", "resolved"])
def test_no_message_is_longer_than_a_page_and_what_is_left_out_is_counted(count, transition):
    rows = [change(transition, f"v{number:03}", severity="high") for number in range(count)]
    [message] = tell(*rows)
    assert len(message.lines) <= LINES
    shown = sum(line.startswith("- ") for line in message.lines)
    if shown < count:
        assert message.lines[-1] == f"… and {count - shown} more: domicile violations --changed-on 2026-03-04"
    else:
        assert not message.lines[-1].startswith("…")
    assert message.lines.count(f"  domicile explain {message.violation_ids[0]}") == 1
    assert len(message.violation_ids) == count


def test_rows_are_told_worst_first_below_what_happened_to_them():
    [message] = tell(
        change("resolved", "v1", status="resolved", status_because="gone: It is gone."),
        change("opened", "v2", severity="low"),
        change("opened", "v3", severity="medium"),
    )
    rows = [line for line in message.lines if line.startswith("- ")]
    assert [line.split("]")[0] for line in rows] == ["- [medium", "- [low", "- [critical"]
    assert "  gone: It is gone." in message.lines


def test_each_row_comes_with_the_command_that_explains_it():
    [message] = tell(change("opened"))
    assert "  domicile explain v1" in message.lines
    assert "United States" in message.subject


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
    [line] = message.lines[2:]
    assert line.startswith("- new: in-rbi-payments-storage for 111122223333, being_fixed, 2026-03-04 to 2026-04-03, ")
    assert line.endswith("approved by compliance@acme.example: the move is under way")
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
    assert kinds(tell(previous=None, exemptions=(exemption(),))) == ["exemptions"]


def test_an_exemption_that_ended_needs_no_notice_of_its_own():
    assert tell(previous=known(exemption())) == ()


def test_gaps_that_began_or_ended_are_told():
    began = a_gap(listing="s3.buckets", resource_id="arn:aws:s3:::payments", region="global")
    ended = a_gap("aws/2/*/*", account="222222222222", ended=NOON)
    [message] = tell(gaps=[ended, began])
    assert (message.kind, message.subject) == ("coverage", "Coverage changed: 1 not seen, 1 seen again")
    assert message.lines[2:] == (
        "- not seen: 111122223333, global, s3.buckets, arn:aws:s3:::payments (role-missing)",
        "- seen again: 222222222222, *, * (role-missing)",
    )


def test_many_gaps_fit_on_a_page():
    [message] = tell(gaps=[a_gap(f"aws/{number}/*/*") for number in range(300)])
    assert len(message.lines) == LINES
    assert message.lines[-1] == "… and 253 more."


def test_the_same_changes_make_the_same_messages_in_any_order():
    changes = [change("opened", f"v{number}", severity="high" if number % 2 else "critical") for number in range(9)]
    gaps = [a_gap(f"aws/{number}/*/*") for number in range(3)]
    once = tell(*changes, gaps=gaps)
    again = tell(*reversed(changes), gaps=gaps[::-1])
    assert {message.message_id for message in once} == {message.message_id for message in again}
    assert once == tell(*changes, gaps=gaps)


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


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_brings_the_messages_down(name):
    told = tell(
        change("opened", resource_name=name, rule=name),
        change("resolved", "v2", status="resolved", resource_name=name, status_because=name),
        gaps=[a_gap(account=name, resource_id=name)],
    )
    assert kinds(told) == ["urgent", "digest", "coverage"]
