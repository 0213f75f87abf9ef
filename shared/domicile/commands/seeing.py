"""What the last scan saw, read from its inventory, and judged again without asking any account."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from domicile import bootstrap
from domicile.bootstrap import Setup
from domicile.commands.options import day_of, inventory_of, opened, read_inventory, sqlite_path
from domicile.errors import UsageError
from domicile.inventory import Line
from domicile.judge import judge
from domicile.model import NEVER_EXPIRES, Judgement, Looks, Rule
from domicile.reread import Reread, left_out, looks_of, reread


class Seen(Struct, frozen=True):
    """What the last scan saw, and all that is needed to judge it again."""

    setup: Setup
    kept: Reread
    looks: Looks
    as_of: date

    def judged(self, rules: Sequence[Rule], tell: Collection[str] = ()) -> Judgement:
        return judge(
            self.kept.datasets,
            self.kept.classifications,
            rules,
            self.setup.organisation,
            bootstrap.vocabulary_of(self.kept.clouds),
            self.looks,
            as_of=self.as_of,
            now=self.kept.seen_at,
            tell=tell,
        )

    @property
    def words(self) -> str:
        return f"what was seen on {self.kept.seen_at:%Y-%m-%d %H:%M}Z, judged as of {self.as_of}"


def last_seen(file: Path | None, store: str, inventory: Path | None, as_of: str = "") -> Seen | None:
    """None when no inventory is at hand; one that was asked for by name must be there."""
    where = inventory or inventory_of(store)
    if where is None or (inventory is None and not where.exists()):
        return None
    lines = [_line(record, where, number) for number, record in enumerate(read_inventory(where), 1)]
    if not lines:
        raise UsageError("has no line: the scan saw no data", path=str(where))
    setup, kept = bootstrap.setup(file), reread(lines)
    gaps = []
    path = sqlite_path(store)
    if path is None or path.exists():
        with opened(store, existing=True) as opened_store:
            gaps = list(opened_store.gaps())
    limits = (*bootstrap.blind_spots(kept.clouds), *left_out(setup.organisation.scope, kept.clouds))
    day = day_of(as_of) if as_of else bootstrap.day_of(bootstrap.now(), setup.organisation)
    return Seen(setup, kept, looks_of(gaps, limits), day)


def _line(record: dict[str, Any], where: Path, number: int) -> Line:
    if record["retention_days"] == "never":
        record["retention_days"] = NEVER_EXPIRES
    try:
        return msgspec.convert(record, Line)
    except msgspec.ValidationError as error:
        raise UsageError(f"is no line of an inventory: {error}", path=str(where), line=number) from error
