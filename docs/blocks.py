"""The parts of the documents that are written by the program itself, so that they cannot grow stale.

Run as a script it renews them; `tests/test_docs.py` fails while one of them is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from typer.testing import CliRunner

from domicile.cli import app
from domicile.providers import aws

ROOT: Final = Path(__file__).parents[1]


def permissions() -> str:
    return fenced("\n".join(aws.permissions()))


def usage() -> str:
    """`domicile --help` without the frames, which depend on the terminal."""
    shown = CliRunner().invoke(app, ["--help"], prog_name="domicile", terminal_width=100, color=False).output
    lines = [re.sub(r"[│╭╮╰╯─]+", " ", line).strip() for line in shown.splitlines()]
    return fenced("\n".join(re.sub(r" {2,}", "  ", line) for line in lines if line))


def coverage() -> str:
    """What each service file looks at, and what its API cannot show."""
    paragraphs = []
    for service in sorted(aws.SERVICES, key=lambda service: service.name):
        lines = [f"### {service.name}", ""]
        lines += [f"Asked {'in each region' if service.scope == 'regional' else 'once per account'}:"]
        lines += [", ".join(f"`{listing.name}`" for listing in service.listings) + ".", ""]
        lines += [f"- `{kind.name}`: {kind.kind}" for kind in service.types]
        lines += [f"- `{channel.name}`: {channel.kind}. {channel.stop}" for channel in service.channels]
        lines += [f"- Not shown: {sentence}" for sentence in service.blind_to]
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)


def fenced(text: str) -> str:
    return f"```text\n{text}\n```"


BLOCKS: Final[Mapping[tuple[str, str], Callable[[], str]]] = {
    ("README.md", "permissions"): permissions,
    ("README.md", "usage"): usage,
    ("docs/coverage.md", "coverage"): coverage,
}


def around(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- begin {name} -->\n).*?(\n<!-- end {name} -->)", re.DOTALL)


def renewed(file: str, text: str) -> str:
    """The text of a document with its blocks as the program writes them today."""
    for (place, name), write in BLOCKS.items():
        if place == file:
            body = write()
            text, found = around(name).subn(lambda edges, body=body: edges[1] + body + edges[2], text)
            if found != 1:
                raise LookupError(f"{file} has {found} blocks named {name}, not one")
    return text


if __name__ == "__main__":
    for document in sorted({place for place, _ in BLOCKS}):
        path = ROOT / document
        path.write_text(renewed(document, path.read_text("utf-8")), "utf-8")
