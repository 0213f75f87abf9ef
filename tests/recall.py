"""How much of the planted organisation is found, and how much of what is found is there, by channel.

`make recall` prints it.
"""

import os
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from msgspec.structs import replace

import planted_wide
from domicile import bootstrap
from domicile.demo.cloud import LocalCloud
from domicile.providers import aws
from domicile.scan import survey, weigh


def weighed(groups, now, trouble=lambda _: None):
    """The wide organisation with these groups planted in it, as domicile sees it with the services of these groups.
    `trouble` may have the cloud refuse what it likes."""
    today = now.date()
    looked_at = {"tags", *(service for group in groups for service in group.SERVICES)}
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCloud(enabled=planted_wide.REGIONS) as cloud,
        mock.patch.dict(os.environ, cloud.environment()),
    ):
        file = Path(folder, "domicile.yaml")
        file.write_text(planted_wide.organisation_file(today), encoding="utf-8")
        setup = bootstrap.setup(file)
        left_out = tuple(sorted({service.name for service in aws.SERVICES} - looked_at))
        organisation = replace(setup.organisation, scope=replace(setup.organisation.scope, skip_services=left_out))
        cloud.organisation(planted_wide.ACCOUNTS)
        cloud.refuse_role(planted_wide.VAULT)
        for group in groups:
            group.plant(cloud, today)
        trouble(cloud)
        for name, value in cloud.environment().items():
            os.environ[name] = value
        with aws.connect(role=organisation.role, attempts=1) as provider:
            inventory = survey(provider, organisation, as_of=today, now=now)
        return weigh(inventory, aws.vocabulary, organisation, setup.rules, as_of=today, now=now)


def named(place):
    return place.root, place.channel, place.holder, place.account, place.region


def found(weighed):
    """Every placement found, named as the truth names places."""
    return {
        (
            dataset.id,
            placement.channel,
            {"set": "*", "implied": ""}.get(placement.subject.partition("|")[0], placement.resource_name),
            placement.account,
            ":".join(part for part in (placement.location.region, placement.location.zone) if part)
            if placement.location
            else "",
        ): placement
        for dataset in weighed.datasets
        for placement in dataset.placements
    }


def main() -> int:
    from test_planted_wide import GROUPS

    truth, seen = set(), set()
    for group in GROUPS:
        truth |= {named(place) for place in group.PLACES}
        seen |= set(found(weighed([group], datetime.now(UTC))))
    there, right, told = (Counter(one[1] for one in places) for places in (truth, truth & seen, seen))
    sys.stdout.write(f"{'channel':<34}{'places':>7}{'found':>7}{'recall':>8}{'precision':>11}\n")
    for channel in sorted(there | told):
        recalled = f"{right[channel] / there[channel]:.0%}" if there[channel] else "-"
        precise = f"{right[channel] / told[channel]:.0%}" if told[channel] else "-"
        sys.stdout.write(f"{channel or '(roots)':<34}{there[channel]:>7}{told[channel]:>7}{recalled:>8}{precise:>11}\n")
    return 0 if truth == seen else 1


if __name__ == "__main__":
    raise SystemExit(main())
