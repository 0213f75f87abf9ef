"""Resources and answers as Azure gives them, kept one file per listing, and a tenant that gives them again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from domicile.demo.tenant import TOKEN, Arm, serving
from domicile.model import Cell
from domicile.providers import azure
from recorded_cloud import RECORDED

BANK = "11111111-0000-0000-0000-000000000000"
CELL = Cell("azure", BANK, "global")


class Asked:
    """The seam of one service, and what was asked through it: actions, and types that were swept."""

    def __init__(self, cloud, arm):
        self._cloud, self.arm = cloud, arm
        self.actions, self.types = set(), set()

    def pages(self, operation, *, region="", **asked):
        self._note(operation, asked)
        return self._cloud.pages(operation, region=region, **asked)

    def call(self, operation, *, region="", **asked):
        self._note(operation, asked)
        return self._cloud.call(operation, region=region, **asked)

    def header(self, operation, name, *, region="", **asked):
        self._note(operation, asked)
        return self._cloud.header(operation, name, region=region, **asked)

    def _note(self, operation, asked):
        if "type" in asked:
            self.types.add(asked["type"])
        else:
            self.actions.add(operation)


def planted(arm, look):
    """`resources` as `GET` gives them, which are swept; `answers` by path, where more is asked."""
    recorded = json.loads((RECORDED / f"azure.{look}.json").read_text())
    arm.resources.extend(recorded["resources"])
    for path, answer in recorded.get("answers", {}).items():
        arm.answer(path, answer["value"] if isinstance(answer.get("value"), list) else answer)


@contextmanager
def asked(service, listing) -> Iterator[Asked]:
    """A tenant that has what was recorded for one listing, as the listing's service sees it."""
    arm = Arm()
    arm.subscription(BANK, "bank")
    planted(arm, f"{service.name}.{listing.name}")
    with serving(arm) as address, azure.connect(endpoint=address, token=TOKEN, attempts=0) as provider:
        yield Asked(provider.cloud(service, CELL), arm)


def sightings(listing, cloud):
    """Each item of a listing, with what is read of it."""
    for item in listing.find(cloud):
        answers = {
            part.name: part.ask(cloud, item) if part.applies is None or part.applies(item) else None
            for part in listing.parts
        }
        yield item, list(listing.read(item, answers, CELL))
