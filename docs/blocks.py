"""The parts of the documents that are written by the program itself, so that they cannot grow stale.

Run as a script it renews them; `tests/test_docs.py` fails while one of them is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

import yaml
from typer.testing import CliRunner

from domicile.cli import app
from domicile.providers import aws, azure
from domicile.providers.service import Service

ROOT: Final = Path(__file__).parents[1]


def permissions() -> str:
    return fenced("\n".join(aws.permissions()))


def actions() -> str:
    return fenced("\n".join(azure.permissions()))


def usage() -> str:
    shown = CliRunner().invoke(app, ["--help"], prog_name="domicile", terminal_width=100, color=False).output
    return fenced("\n".join(line.rstrip() for line in shown.strip().splitlines()))


def coverage(of: tuple[Service, ...]) -> str:
    """What each service is asked, what its data is, which copies it makes, and what its API cannot show."""
    sections = []
    for name, files in groupby(sorted(of, key=lambda service: service.name), lambda service: service.name):
        services = tuple(files)
        asked = [f"- `{listing.name}`, {_how(service)}" for service in services for listing in service.listings]
        types = [f"| `{held.name}` | {held.kind} |" for service in services for held in service.types]
        channels = [
            f"| `{channel.name}` | {channel.kind} | {channel.stop} |"
            for service in services
            for channel in service.channels
        ]
        unseen = [f"- {sentence}" for service in services for sentence in service.blind_to]
        parts = [f"### {name}", "Asked:", "\n".join(asked)]
        if types:
            parts.append("\n".join(["| what holds data | is by itself |", "|---|---|", *types]))
        if channels:
            parts.append("\n".join(["| channel | its copies are | to stop it |", "|---|---|---|", *channels]))
        if unseen:
            parts += ["Not shown:", "\n".join(unseen)]
        sections.append("\n\n".join(parts))
    return "\n\n".join(sections)


def _how(service: Service) -> str:
    if service.swept:
        return "among what Resource Graph shows of all subscriptions"
    return "in each region" if service.scope == "regional" else "once per account"


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
    ("docs/coverage.md", "aws"): lambda: coverage(aws.SERVICES),
    ("docs/coverage.md", "azure"): lambda: coverage(azure.SERVICES),
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
