"""The shape of the repository: who may import whom, what the core may touch, and what no file may carry."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "shared" / "domicile"

CORE = {
    "model",
    "errors",
    "relate",
    "classify",
    "judge",
    "obligations",
    "record",
    "notify",
    "geography",
    "taxonomy",
    "policy",
    "organisation",
    "yamltext",
    "worked",
    "inventory",
    "reread",
    "telling",
}

# Which parts of domicile each part may import; `core` is the list above and itself included everywhere.
# A part that is missing here fails the test: it must be given a place first.
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "providers.service": set(),
    "collect": {"discover", "providers.service"},
    "discover": {"providers.service"},
    "providers.aws": {"providers.service"},
    "providers.azure": {"providers.service"},
    "stores": {"an adapter of stores"},
    "an adapter of stores": {"stores"},
    "report": set(),
    "demo": set(),
    "settings": set(),
    "blobs": {"an adapter of blobs"},
    "an adapter of blobs": {"blobs"},
    "senders": {"an adapter of senders"},
    "an adapter of senders": {"senders"},
    "scan": {"collect", "discover", "providers.service", "stores", "settings"},
    "steps": {"blobs", "collect", "discover", "providers.service", "scan", "senders", "stores"},
}
WIRING = {"bootstrap", "configuration", "deployed"}
ADAPTED = {"stores", "blobs", "senders"}
"""Interfaces whose modules are adapters of one technology each."""
COMMAND_LINE = {"cli", "commands", "__main__"}
COMMAND_LINE_MAY_IMPORT = {
    "cli",
    "commands",
    "bootstrap",
    "configuration",
    "blobs",
    "scan",
    "settings",
    "collect",
    "discover",
    "providers.service",
    "report",
    "stores",
    "demo",
}

# What the core may take from outside: nothing that reads a clock, a network, a disk or the environment.
PURE_LIBRARIES = {
    "__future__",
    "abc",
    "base64",
    "bisect",
    "calendar",
    "collections",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fnmatch",
    "fractions",
    "functools",
    "graphlib",
    "hashlib",
    "heapq",
    "html",
    "itertools",
    "json",
    "math",
    "msgspec",
    "operator",
    "re",
    "statistics",
    "string",
    "textwrap",
    "types",
    "typing",
    "unicodedata",
    "yaml",
}
READS_THE_CLOCK = {f"{kind}.{name}" for kind in ("date", "datetime") for name in ("now", "today", "utcnow")}
REACHES_OUT = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}


def part_of(module: str) -> str:
    """The part a module of the package belongs to: `providers.aws.s3` to `providers.aws`, `judge` to `core`."""
    names = module.split(".")
    if names[0] in CORE:
        return "core"
    if names[0] in ADAPTED and len(names) > 1:
        return f"an adapter of {names[0]}"
    return ".".join(names[: 2 if names[0] == "providers" else 1])


def module_of(path: Path) -> str:
    names = list(path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py")) if module_of(path)}


def imports(tree: ast.AST, *, package: str = "domicile") -> set[str]:
    """Every module a file imports, wherever in the file; names of the package come without its own name in front."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            source = node.module or ""
            inside = source == package or source.startswith(f"{package}.")
            names = [f"{source}.{alias.name}" for alias in node.names] if inside else []
            deeper = {name for name in names if name.removeprefix(f"{package}.") in MODULES}
            found |= deeper
            if not inside or len(deeper) < len(names):
                found.add(source)
    return found


def imports_from_domicile(tree: ast.AST) -> set[str]:
    return {name.removeprefix("domicile.") for name in imports(tree) if name.startswith("domicile.")}


def imports_from_outside(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for name in imports(tree) if name.split(".")[0] != "domicile"}


def breaches(module: str, tree: ast.AST) -> list[str]:
    """What a module imports or calls that its place does not allow."""
    part = part_of(module)
    if part in WIRING or part == "providers":
        return []
    wanted = {name for name in imports_from_domicile(tree) if part_of(name) not in {part, "core"}}
    if part in COMMAND_LINE:
        return sorted(name for name in wanted if part_of(name) not in COMMAND_LINE_MAY_IMPORT)
    assert part in MAY_IMPORT, f"{module} has no place in the architecture yet"
    found = sorted(name for name in wanted if part_of(name) not in MAY_IMPORT[part])
    return found + impurities(tree) if part == "core" else found


def impurities(tree: ast.AST) -> list[str]:
    found = sorted(imports_from_outside(tree) - PURE_LIBRARIES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ".".join(ast.unparse(node).split(".")[-2:]) in READS_THE_CLOCK:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.Call) and not node.args and ast.unparse(node.func).endswith(".astimezone"):
            found.append(f"line {node.lineno}: the machine's time zone")
        elif isinstance(node, ast.Name) and node.id in REACHES_OUT:
            found.append(f"line {node.lineno}: {node.id}")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_every_module_imports_only_what_its_place_allows(module):
    assert breaches(module, ast.parse(MODULES[module].read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("judge", "import os"),
        ("judge", "from pathlib import Path"),
        ("judge", "def late():\n    import socket"),
        ("judge", "from domicile import collect"),
        ("judge", "from domicile.collect import collect"),
        ("judge", "from datetime import date\nDAY = date.today()"),
        ("judge", "from datetime import UTC, datetime\nsince = datetime.now"),
        ("judge", "import datetime as dt\nsince = dt.datetime.utcnow()"),
        ("judge", "here = at.astimezone()"),
        ("judge", "TEXT = open('rules.yaml').read()"),
        ("collect", "from domicile.providers.aws import SERVICES"),
        ("discover", "from domicile.stores import Store"),
        ("providers.aws.s3", "from domicile.providers.azure import session"),
        ("providers.aws.s3", "from domicile.collect import collect"),
        ("stores.sqlite", "from domicile.report import html"),
        ("report.html", "from domicile.stores import Store"),
        ("scan", "from domicile.bootstrap import settings"),
        ("scan", "from domicile.providers.aws import SERVICES"),
        ("scan", "from domicile.stores.sqlite import SqliteStore"),
        ("cli", "from domicile.providers.aws import s3"),
        ("cli", "from domicile.stores.sqlite import SqliteStore"),
        ("commands.asking", "from domicile.providers.aws import s3"),
    ],
)
def test_what_the_shape_forbids_is_noticed(module, source, monkeypatch):
    for name in ("collect", "bootstrap", "providers.aws", "providers.aws.s3", "providers.azure", "report"):
        monkeypatch.setitem(MODULES, name, PACKAGE)
    assert breaches(module, ast.parse(source)) != []


def test_what_the_shape_allows_passes():
    assert breaches("judge", ast.parse("from datetime import date\nfrom domicile import model\nimport msgspec")) == []
    assert breaches("judge", ast.parse("utc = question.now.astimezone(UTC)")) == []
    assert breaches("collect", ast.parse("import threading\nfrom domicile.providers.service import Service")) == []
    assert breaches("bootstrap", ast.parse("from domicile.providers.aws import SERVICES")) == []


@pytest.mark.parametrize("folder", ["tests", "pulumi", "functions"])
def test_no_folder_beside_the_package_shadows_a_cloud_sdk(folder):
    assert list((ROOT / folder).rglob("__init__.py")) == []


SERVICE_FILES = [path for path in sorted(PACKAGE.glob("providers/*/*.py")) if "\nSERVICE = " in path.read_text("utf-8")]


@pytest.mark.parametrize("path", SERVICE_FILES, ids=lambda path: path.stem)
def test_a_service_file_is_read_in_one_sitting(path):
    assert len(path.read_text("utf-8").splitlines()) <= 120, "past 120 lines it is two services"


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


# Written with groups and classes, so that this file does not match itself.
FORBIDDEN = {
    "a path on somebody's machine": r"(?<![\w.*-])(?:/(?:home|Users|root|work)|[C]:\\+Users)[/\\][\w.]",
    "a package index": r"--(?:extra-)?index-(?:url)|\b(?:py)pi\.[a-z]|(?:python)hosted",
    "a note to oneself": r"\b(?:TO" r"DO|FIX" r"ME|X{3})\b",
    "how the code came about": r"\b(?:L{2}M|a[s] an AI|sub-?a[g]ents?|(?:this|previous|another) (?:session|conversation))\b",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_carries_what_belongs_to_one_machine_or_one_person(what):
    pattern = re.compile(FORBIDDEN[what])
    hits = []
    for path in tracked():
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if pattern.search(line):
                hits.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert hits == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path on somebody's machine", "see " + "/ho" + "me/someone/domicile"),
        ("a package index", "--index" + "-url https://packages.example"),
        ("a note to oneself", "# TO" + "DO later"),
        ("how the code came about", "as decided in the previous " + "session"),
    ],
)
def test_a_file_that_carries_it_is_noticed(what, line):
    assert re.search(FORBIDDEN[what], line)


PINNED = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+")


def test_requirements_are_pins_and_nothing_else():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not PINNED.fullmatch(line)] == []
    assert len({line.split("==")[0].lower() for line in lines}) == len(lines)


def test_the_core_can_be_imported_with_its_two_libraries_alone():
    """Whatever else is installed: a fresh interpreter that refuses cloud, terminal and test libraries imports it."""
    core = sorted(name for name in MODULES if name in CORE)
    program = (
        "import sys\n"
        "for name in ('boto3', 'botocore', 'rich', 'typer', 'click', 'moto', 'pytest', 'sqlite3'):\n"
        "    sys.modules[name] = None\n" + "\n".join(f"import domicile.{name}" for name in core)
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT / "shared")}, timeout=60
    )
