"""The automatic backups of databases: what their redundancy, in whatever words it is said, makes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from domicile.model import Channel, Copy, Evidence
from domicile.providers.azure.ids import canonical, location, paired

AT_HOME: Final = frozenset({"local", "zone", "disabled", "lrs", "zrs"})
IN_THE_PAIR: Final = frozenset({"geo", "geozone", "enabled", "grs", "gzrs", "ragrs", "ragzrs"})


def backups(row: dict[str, Any], home: str, channel: Channel, proof: Evidence) -> Copy:
    """The backups that are kept where the database is."""
    this = canonical(row["id"])
    return Copy(this, channel.name, location(home), caused_by=this, evidence=proof)


def paired_backups(
    row: dict[str, Any],
    home: str,
    said: Collection[str],
    channel: Channel,
    proof: Evidence,
    *,
    told: str = "",
    key: str = "",
) -> Iterator[Copy]:
    """The backups that are kept in the paired region too: while one of the words says so they are there, and where a
    word is missing or new ("" or anything) nobody can tell, unless there is no pair. `told` is what the service itself
    calls the pair, `key` what encrypts them there."""
    words = {word.lower() for word in said}
    pair = location(told) if told else paired(row, home)
    this = canonical(row["id"])
    if words & IN_THE_PAIR:
        yield Copy(this, channel.name, pair, caused_by=this, evidence=proof, key=key)
    elif not words <= AT_HOME and pair:
        yield Copy(this, channel.name, None, caused_by=this, evidence=proof, key=key)
