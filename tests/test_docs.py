"""The documents tell the truth: links lead somewhere, commands exist, and generated parts are current."""

import re
from pathlib import Path
from typing import get_args

import pytest
from docs import blocks
from typer.main import get_command

from domicile import cli, organisation
from domicile.model import PLACEMENT_KINDS, Keyword

ROOT = Path(__file__).parents[1]
DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
}

FENCE = re.compile(r"^```(?:text|sh|console|yaml|python)?\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def code(text):
    """Every line of code in a document, in fences and in running text."""
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    return lines + SPAN.findall(FENCE.sub("", text))


def prose(text):
    return SPAN.sub("", FENCE.sub("", text))


def anchors(text):
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document):
    lost = []
    for link in LINK.findall(prose(DOCUMENTS[document])):
        if re.match(r"https?:|mailto:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / document).parent / file if file else ROOT / document
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            lost.append(link)
    assert lost == []


MAKE_TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(document):
    named = [match[1] for line in code(DOCUMENTS[document]) if (match := re.match(r"(?:\$ )?make ([a-z]+)", line))]
    assert set(named) <= MAKE_TARGETS


PATH = re.compile(r"(?:shared|tests|docs|functions|pulumi|\.ci)/[\w./-]*\w")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_of_the_repository_named_exists(document):
    named = {match[0] for line in code(DOCUMENTS[document]) if (match := PATH.fullmatch(line))}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.fixture(scope="module")
def command_line():
    return get_command(cli.app)


def command_and_options(words, command):
    """The command that words on a command line name, the words that name none, and the options given to it."""
    unknown = []
    for word in words:
        if word.startswith("-") or not re.fullmatch(r"[a-z][a-z-]*", word):
            break
        children = getattr(command, "commands", None)
        if not children:
            break
        if word not in children:
            unknown.append(word)
            break
        command = children[word]
    options = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)}
    return command, unknown, options


def mistakes(line, command_line):
    match = re.match(r"(?:\$ |\.venv/bin/|[A-Z_]+=\S+ )*domicile((?: [^|>#]+)?)", line)
    if not match or line.startswith("domicile ="):
        return []
    command, unknown, options = command_and_options(match[1].split(), command_line)
    known = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
    return unknown + sorted(options - known - {"--help"})


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_and_option_named_exists(document, command_line):
    found = {line: wrong for line in code(DOCUMENTS[document]) if (wrong := mistakes(line, command_line))}
    assert found == {}


def test_a_command_or_option_that_does_not_exist_is_noticed(command_line):
    assert mistakes("domicile teleport", command_line) == ["teleport"]
    assert mistakes("$ domicile scan --teleport", command_line) == ["--teleport"]


def test_what_the_program_writes_into_the_documents_is_current():
    stale = [document for document, text in DOCUMENTS.items() if blocks.renewed(document, text) != text]
    assert stale == [], "run 'make fix'"


def test_the_readme_lists_exactly_the_permissions_the_scanner_uses():
    [listed] = re.findall(r"<!-- begin permissions -->\n```text\n(.*?)\n```", DOCUMENTS["README.md"], re.DOTALL)
    assert tuple(listed.split()) == blocks.aws.permissions()


def test_a_stale_block_is_noticed():
    stale = DOCUMENTS["README.md"].replace("\nsts:AssumeRole\n", "\nsts:Nothing\n")
    assert blocks.renewed("README.md", stale) == DOCUMENTS["README.md"] != stale


def test_the_organisation_file_in_the_readme_is_valid():
    [text] = re.findall(r"<!-- organisation file -->\n```yaml\n(.*?)```", DOCUMENTS["README.md"], re.DOTALL)
    loaded = organisation.load(text, "README.md")
    assert loaded.policies[0].rule == "in-rbi-payment-data"
    assert loaded.entities[0].owns == ("111122223333",)
    assert len(text.splitlines()) <= 20


def test_what_matters_most_names_listings_that_are_there():
    [table] = re.findall(
        r"^## What matters most on AWS\n(.*?)^## AWS", DOCUMENTS["docs/coverage.md"], re.DOTALL | re.MULTILINE
    )
    looks = {f"{service.name}.{listing.name}" for service in blocks.aws.SERVICES for listing in service.listings}
    named = {name for name in SPAN.findall(table) if "." in name}
    assert len(named) > 30
    assert named <= looks


def test_the_page_on_rules_explains_every_keyword_and_every_kind():
    page = DOCUMENTS["docs/rules.md"]
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(get_args(Keyword))
    [kinds] = re.findall(r"^Each placement has one kind: (.*?)\.", page, re.MULTILINE | re.DOTALL)
    assert tuple(SPAN.findall(kinds)) == PLACEMENT_KINDS
