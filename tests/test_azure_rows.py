"""What all Azure service files make of the rows of a sweep."""

from datetime import UTC, datetime

import pytest

from domicile.providers.azure.rows import moment

NIGHT = datetime(2026, 11, 20, 19, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-20T19:00:05Z", NIGHT),
        ("2026-11-20T19:00:05+00:00", NIGHT),
        ("2026-11-21T00:30:05.000+05:30", NIGHT),
        ("2026-11-20T19:00:05.1234567Z", NIGHT.replace(microsecond=123456)),
        ("2026-11-20T19:00:05.1234567+00:00", NIGHT.replace(microsecond=123456)),
        ("2026-11-20T19:00:05.12", NIGHT.replace(microsecond=120000)),
    ],
)
def test_a_moment_is_told_from_all_that_arm_writes(text, told):
    assert moment(text) == told


def test_a_moment_without_a_zone_is_not_in_the_zone_of_whoever_reads_it():
    assert moment("2026-11-20T19:00:05") == NIGHT


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-13-40T00:00:00Z"])
def test_what_is_no_moment_is_none(text):
    assert moment(text) is None
