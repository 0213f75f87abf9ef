"""A scan of one subscription of the stand-in for Azure, for tests of single services."""

from contextlib import contextmanager
from datetime import UTC, datetime

from domicile.collect import collect
from domicile.demo.tenant import TOKEN, Arm, serving
from domicile.discover import discover
from domicile.providers import azure

BANK = "11111111-0000-0000-0000-000000000000"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def a_tenant():
    arm = Arm()
    arm.group("bulbul")
    arm.subscription(BANK, "bank", "bulbul")
    return arm


@contextmanager
def provider(arm):
    with serving(arm) as address, azure.connect(endpoint=address, token=TOKEN, group="bulbul", attempts=0) as one:
        yield one


def look(arm, keep=("data-class",)):
    """Everything that one scan of the tenant shows."""
    with provider(arm) as one:
        return collect(one, discover(one), keep_tags=frozenset(keep), now=NOW)


def gaps(inventory):
    return sorted((gap.listing, gap.part, gap.resource_id.rpartition("/")[2], gap.reason) for gap in every(inventory))


def every(inventory):
    return (*inventory.gaps, *(gap for one in inventory.looks for gap in one.gaps))


def said(copies, *channels):
    return sorted(
        (one.of, one.channel, one.location, one.id) for one in copies if one.channel in channels or not channels
    )
