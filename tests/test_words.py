"""What was looked at, and what a fact's origin is worth."""

from __future__ import annotations

import pytest

from core_cases import HERE, MUMBAI, SINGAPORE, gap, look
from domicile.model import (
    NEVER_EXPIRES,
    PLACEMENT_KINDS,
    SEVERITIES,
    Cell,
    Gap,
    Limit,
    Location,
    Looks,
    Verdict,
    part_of,
)

BUCKETS = f"aws/{HERE}/{MUMBAI}/s3.buckets"
RULES_OF_B = f"{BUCKETS}#rules@b"
RULES = f"{BUCKETS}#rules@*"

PART_REFUSED = look("s3.buckets", gaps=[gap("s3.buckets", resource_id="b", part="rules")])
CUT_SHORT = look("s3.buckets", listed=False, gaps=[gap("s3.buckets")])
COMPLETE = look("s3.buckets")


@pytest.mark.parametrize(
    ("looks", "proven"),
    [
        ([COMPLETE], {BUCKETS, RULES_OF_B, RULES, "*", f"{BUCKETS}#rules@c", f"{BUCKETS}#tags@*"}),
        ([PART_REFUSED], {BUCKETS, f"{BUCKETS}#rules@c", f"{BUCKETS}#tags@*"}),
        ([CUT_SHORT], set()),
        ([], {"*"}),
        ([look("s3.buckets", SINGAPORE)], {"*"}),
        ([look("s3.bucket")], {"*"}),
    ],
)
def test_a_fact_is_proven_by_a_full_look_where_it_came_from(looks, proven):
    asked = {BUCKETS, RULES_OF_B, RULES, "*", f"{BUCKETS}#rules@c", f"{BUCKETS}#tags@*"}
    assert {one for one in asked if Looks(looks).proves(one)} == proven


def test_one_gap_anywhere_is_enough_for_a_scan_to_be_incomplete():
    assert Looks([COMPLETE]).complete()
    assert not Looks([COMPLETE, look("rds.instances", listed=False)]).complete()
    assert not Looks([PART_REFUSED]).complete()
    assert not Looks([COMPLETE], [gap(region="*")]).complete()


def test_a_limit_is_no_gap():
    limit = Limit(Cell("aws", HERE, SINGAPORE), "*", "never-enabled")
    looks = Looks([COMPLETE], limits=[limit])
    assert looks.complete()
    assert (looks.gaps, looks.limits) == ((), (limit,))


def test_the_gaps_of_a_scan_are_those_of_its_looks_and_those_of_what_was_never_begun():
    account = gap(region="*")
    assert Looks([PART_REFUSED], [account]).gaps == (account, *PART_REFUSED.gaps)


@pytest.mark.parametrize(
    ("one", "outcome"), [(COMPLETE, "complete"), (PART_REFUSED, "partial"), (CUT_SHORT, "refused")]
)
def test_a_look_is_complete_partial_or_refused(one, outcome):
    assert one.outcome == outcome


def test_a_gap_is_known_by_what_was_not_shown_and_not_by_why():
    first, second = gap("s3.buckets"), Gap(Cell("aws", HERE, MUMBAI), "s3.buckets", "throttled", "slow down")
    assert first.key == second.key == BUCKETS
    assert gap("s3.buckets", resource_id="b", part="rules").key == RULES_OF_B
    assert len({gap(resource_id=one).key for one in ("", "a", "b")}) == 3


def test_a_question_about_a_resource_is_part_of_its_look():
    assert part_of("look", "rules", "b") == "look#rules@b"
    assert part_of("look", "", "") == "look"
    assert part_of("look", "", "b") == "look#@b"


def test_cells_and_verdicts_are_written_as_people_read_them():
    assert str(Cell("aws", HERE, MUMBAI)) == f"aws/{HERE}/{MUMBAI}"
    assert str(Verdict.NOT_APPLICABLE) == "not_applicable"


def test_the_worst_verdict_is_the_greatest():
    worst_last = ["not_applicable", "pass", "exempt", "review", "unknown", "violation", "upcoming", "advisory"]
    assert [str(verdict) for verdict in sorted(Verdict)] == worst_last


def test_the_words_of_the_tables_are_fixed():
    assert PLACEMENT_KINDS == ("primary", "replica", "snapshot", "backup", "log", "cache", "processing", "export")
    assert SEVERITIES == ("critical", "high", "medium", "low")
    assert NEVER_EXPIRES > 365 * 1000


def test_a_place_in_another_zone_is_another_place():
    assert Location("aws", "us-east-1") != Location("aws", "us-east-1", "us-east-1-qro-1a")
