"""The parts of the documents that are written by the program itself, so that they cannot grow stale.

Run as a script it renews them; `tests/test_docs.py` fails while one of them is out of date.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import yaml
from typer.testing import CliRunner

from domicile.cli import app
from domicile.model import Channel
from domicile.providers import aws, azure
from domicile.providers.service import Service

ROOT: Final = Path(__file__).parents[1]
TESTS: Final = ROOT / "tests"
sys.path.append(str(TESTS))
import planted as planted_organisation  # noqa: E402 what tests plant is a part of what the pages tell
import planted_tenant  # noqa: E402


def permissions() -> str:
    return fenced("\n".join(aws.permissions()))


def actions() -> str:
    return fenced("\n".join(azure.permissions()))


def usage() -> str:
    shown = CliRunner().invoke(app, ["--help"], prog_name="domicile", terminal_width=100, color=False).output
    return fenced("\n".join(line.rstrip() for line in shown.strip().splitlines()))


def coverage(of: tuple[Service, ...], found: Mapping[str, Counter[str]]) -> str:
    """What each service is asked and by which permission, what its data is, which copies it makes and how often each
    kind of copy is planted and found in the tests, and what its API cannot show."""
    sections = []
    for name, files in groupby(sorted(of, key=lambda service: service.name), lambda service: service.name):
        services = tuple(files)
        asked = [f"| {_listings(service)} | {_how(service)} | {_needs(service)} |" for service in services]
        types = [f"| `{held.name}` | {held.kind} |" for service in services for held in service.types]
        channels = [
            f"| `{channel.name}` | {channel.kind} | {_tested(channel, found)} | {channel.stop} |"
            for service in services
            for channel in service.channels
        ]
        unseen = [f"- {sentence}" for service in services for sentence in service.blind_to]
        parts = [f"### {name}", "\n".join(["| asked | | by permission |", "|---|---|---|", *asked])]
        if types:
            parts.append("\n".join(["| what holds data | is by itself |", "|---|---|", *types]))
        if channels:
            head = ["| channel | its copies are | found in tests | to stop it |", "|---|---|---|---|"]
            parts.append("\n".join([*head, *channels]))
        if unseen:
            parts += ["Not shown:", "\n".join(unseen)]
        sections.append("\n\n".join(parts))
    return "\n\n".join(sections)


def _listings(service: Service) -> str:
    return ", ".join(f"`{listing.name}`" for listing in service.listings)


def _how(service: Service) -> str:
    if service.swept:
        return "among what Resource Graph shows of all subscriptions"
    return "in each region" if service.scope == "regional" else "once per account"


def _needs(service: Service) -> str:
    actions = dict.fromkeys(action for needs in service.needs.values() for action in needs)
    return ", ".join(f"`{action}`" for action in actions)


def _tested(channel: Channel, found: Mapping[str, Counter[str]]) -> str:
    """How many places of it the tests plant and find, by where they are."""
    if channel.relation == "seed":
        return "hands on its classes"
    told = found.get(channel.name, Counter())
    return ", ".join(f"{told[where]} {where}" for where in ("at home", "abroad", "unknown") if told[where])


def planted(places: Iterable[Any], home: str = "IN") -> dict[str, Counter[str]]:
    """How often each channel is planted, by where: at home, abroad, or where nobody can tell."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for place in places:
        found[place.channel]["at home" if place.country == home else "abroad" if place.country else "unknown"] += 1
    return found


def planted_in_aws() -> dict[str, Counter[str]]:
    names = sorted(path.stem for path in TESTS.glob("planted_*.py"))
    groups = [planted_organisation, *(importlib.import_module(name) for name in names if name != "planted_tenant")]
    return planted(place for group in groups for place in getattr(group, "PLACES", ()))


def planted_in_azure() -> dict[str, Counter[str]]:
    return planted(planted_tenant.PLACES)


def settings(cloud: str) -> str:
    """What a stack on a cloud can be told: a key that is for one cloud alone says so first."""
    keys = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    rows = []
    for name, said in keys.items():
        alone, means = re.fullmatch(r"(?:(AWS|Azure): )?(.*)", said["description"]).groups()
        if alone in {None, cloud}:
            rows.append(f"| `{name}` | {_default(said['default']) if 'default' in said else 'needed'} | {means} |")
    return "\n".join(["| `domicile:` | without it | means |", "|---|---|---|", *rows])


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value not in ("", [], {}) else ""


def fenced(text: str) -> str:
    return f"```text\n{text}\n```"


BLOCKS: Final[Mapping[tuple[str, str], Callable[[], str]]] = {
    ("README.md", "permissions"): permissions,
    ("README.md", "usage"): usage,
    ("docs/aws.md", "settings"): lambda: settings("AWS"),
    ("docs/azure.md", "settings"): lambda: settings("Azure"),
    ("docs/azure.md", "actions"): actions,
    ("docs/coverage.md", "aws"): lambda: coverage(aws.SERVICES, planted_in_aws()),
    ("docs/coverage.md", "azure"): lambda: coverage(azure.SERVICES, planted_in_azure()),
}


def around(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)


def renewed(file: str, text: str) -> str:
    """The text of a document with its blocks as the program writes them today."""
    for (place, name), write in BLOCKS.items():
        if place == file:
            body = write()
            text, found = around(name).subn(lambda edges, body=body: f"{edges[1]}{body}\n{edges[2]}", text)
            if found != 1:
                raise LookupError(f"{file} has {found} blocks named {name}, not one")
    return text


if __name__ == "__main__":
    for document in sorted({place for place, _ in BLOCKS}):
        path = ROOT / document
        path.write_text(renewed(document, path.read_text("utf-8")), "utf-8")
