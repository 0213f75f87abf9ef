"""What the commands have in common: options, and how a store, an inventory and an output are opened."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TextIO, get_args

import msgspec
import typer
from msgspec import Struct

from domicile import bootstrap
from domicile.errors import UsageError
from domicile.inventory import Line
from domicile.model import Organisation, Row, RowStatus
from domicile.organisation import claims_units
from domicile.providers.service import Provider
from domicile.report.formats import Format
from domicile.report.safe import terminal
from domicile.stores import Question, Store, open_store

ROW_FIELDS: Final = Row.__struct_fields__
LINE_NEEDS: Final = frozenset(one.name for one in msgspec.structs.fields(Line) if one.required)
STATUSES: Final[tuple[str, ...]] = get_args(RowStatus)
STORE: Final = "sqlite:///domicile.db"

FileOption = Annotated[
    Path | None, typer.Option("--file", "-f", help="Organisation file. Default: domicile.yaml, if it is here.")
]
StoreOption = Annotated[str, typer.Option("--store", help="Where violations are kept.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write it.")]
ViolationFormat = Literal["table", "json", "jsonl", "csv", "sarif"]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Write there instead of to the screen.")]

CLOUDS: Final = ("aws", "azure")
RoleOption = Annotated[
    str,
    typer.Option(
        "--role", help="Role to take on in every account of the AWS organisation. Without: this account only."
    ),
]
ExternalIdOption = Annotated[str, typer.Option("--external-id", help="External id that the role asks for.")]
CloudOption = Annotated[
    list[str] | None,
    typer.Option("--cloud", help="aws or azure (repeatable): which clouds to look into.  [default: aws]"),
]
ManagementGroupOption = Annotated[
    str,
    typer.Option(
        "--management-group", help="Azure: only the subscriptions below this group. Without: all that you see."
    ),
]
AzureCloudOption = Annotated[str, typer.Option("--azure-cloud", help="Azure: public, china or usgov.")]
AzureEndpointOption = Annotated[
    str, typer.Option("--azure-endpoint", help="Azure: another Resource Manager.", envvar="DOMICILE_AZURE_ENDPOINT")
]
ConcurrencyOption = Annotated[int, typer.Option("--concurrency", min=1, max=256, help="Questions asked at once.")]


class Reach(Struct, frozen=True, kw_only=True):
    """As whom clouds are looked into, and how far."""

    role: str = ""
    external_id: str = ""
    management_group: str = ""
    azure_cloud: str = "public"
    azure_endpoint: str = ""

    def open(self, cloud: str, organisation: Organisation, *, attempts: int = 8) -> AbstractContextManager[Provider]:
        """One of them. What the organisation file says of the role counts where nothing else is said."""
        if cloud == "aws":
            return bootstrap.aws(
                role=self.role or organisation.role,
                external_id=self.external_id,
                units=claims_units(organisation),
                attempts=attempts,
            )
        return bootstrap.azure(
            cloud=self.azure_cloud,
            endpoint=self.azure_endpoint,
            token=os.environ.get("DOMICILE_AZURE_TOKEN", ""),
            group=self.management_group,
            attempts=attempts,
        )


def clouds_of(asked: Sequence[str] | None) -> tuple[str, ...]:
    """The clouds that are named, each once."""
    clouds = tuple(dict.fromkeys(asked or ("aws",)))
    for one in clouds:
        one_of("--cloud", one, CLOUDS)
    return clouds


def accounts_in(provider: Provider, asked: Sequence[str] | None) -> Sequence[str]:
    """The accounts named that are of this cloud. Ids of accounts say whose they are: 12 digits, or a UUID."""
    return [one for one in asked or () if one.isdecimal() == (provider.name == "aws")]


def print_lines(texts: Sequence[str], stream: TextIO) -> None:
    stream.writelines(f"{terminal(text)}\n" for text in texts)


def one_of(option: str, value: str, known: Sequence[str]) -> None:
    if value and value not in known:
        raise UsageError(f"{option} must be one of {', '.join(known)}, not {terminal(value, 40)}")


def baseline_of(path: Path) -> frozenset[str]:
    """Ids of the violations that an earlier run wrote, as one JSON document, a list of rows, or lines of them."""
    text = bootstrap.read_text(path)
    try:
        known = msgspec.json.decode(text)
        rows = known.get("violations") if isinstance(known, dict) and "violations" in known else known
    except msgspec.DecodeError:
        rows = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                rows.append(msgspec.json.decode(line))
            except msgspec.DecodeError as error:
                raise UsageError(f"is no line of an earlier run: {error}", path=str(path), line=number) from error
    rows = rows if isinstance(rows, list) else [rows]
    if not all(isinstance(row, dict) and isinstance(row.get("violation_id"), str) for row in rows):
        raise UsageError("is not what `domicile scan --format json` or `--format jsonl` wrote", path=str(path))
    return frozenset(row["violation_id"] for row in rows)


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"a day is written YYYY-MM-DD, not {terminal(text, 40)}") from error


@contextmanager
def opened(url: str, *, existing: bool = False) -> Iterator[Store]:
    path = sqlite_path(url)
    if existing and path is not None and not path.exists():
        raise UsageError("there is no such store yet: run `domicile scan`", path=str(path))
    kept = open_store(url)
    try:
        yield kept
    finally:
        kept.close()


def sqlite_path(url: str) -> Path | None:
    """The file behind a SQLite URL; None for any other store."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def inventory_of(store: str) -> Path | None:
    """Where the inventory lies beside a SQLite store."""
    path = sqlite_path(store)
    return path.with_suffix(".inventory.jsonl") if path else None


def coverage_of(store: str) -> Path | None:
    """Where it lies beside a SQLite store what a scan looked at."""
    path = sqlite_path(store)
    return path.with_suffix(".coverage.jsonl") if path else None


def read_inventory(path: Path) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(bootstrap.read_text(path).splitlines(), 1):
        try:
            record = msgspec.json.decode(line)
            if not isinstance(record, dict) or not record.keys() >= LINE_NEEDS:
                raise UsageError("is no line of an inventory", path=str(path), line=number)
        except msgspec.DecodeError as error:
            raise UsageError(f"is no line of an inventory: {error}", path=str(path), line=number) from error
        found.append(record)
    return found


def found(kept: Store, prefix: str) -> Row:
    """The one row whose id begins so."""
    if not re.fullmatch(r"[0-9a-f]{6,32}", prefix):
        raise UsageError(f"a violation's id has 32 hexadecimal digits, of which six are enough: {terminal(prefix, 40)}")
    rows = [
        *kept.fetch([prefix]).values(),
        *(
            row
            for row in kept.ask(Question(statuses=STATUSES))
            if len(prefix) < 32 and row.violation_id.startswith(prefix)
        ),
    ]
    if not rows:
        raise UsageError(f"no violation has an id that begins with {prefix}")
    if len(rows) > 1:
        raise UsageError(f"{len(rows)} violations have an id that begins with {prefix}: give more digits")
    return rows[0]


def require_writable(path: Path | None) -> None:
    """Said before a long scan, not after it."""
    if path is not None and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise UsageError("cannot be written", path=str(path))


@contextmanager
def written_to(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror or error}", path=str(path)) from error


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal; silence elsewhere."""
    # Rich takes longer to load than most commands take to answer.
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = TextColumn("Looking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
