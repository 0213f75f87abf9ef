"""What a deployed scan is told by its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from domicile.errors import UsageError

ORGANISATION: Final = "organisation"
SINGLE: Final = "single"


class Settings(Struct, frozen=True):
    """Where a deployment keeps things, whom it tells, and which accounts it looks into.

    `accounts` is `organisation`, `single` (the account it runs in), or the accounts themselves. `role` is what it takes
    on in the others, with its path.
    """

    store: str
    work: str
    evidence: str
    topic: str
    accounts: str | tuple[str, ...]
    role: str = ""
    external_id: str = ""


def settings(environment: Mapping[str, str]) -> Settings:
    """Raises UsageError that names the variable."""

    def required(name: str) -> str:
        value = environment.get(f"DOMICILE_{name}", "")
        if not value:
            raise UsageError("is not set", field=f"DOMICILE_{name}")
        return value

    said = required("ACCOUNTS")
    accounts: str | tuple[str, ...] = said
    if said not in (ORGANISATION, SINGLE):
        accounts = tuple(said.split(","))
        for account in accounts:
            if not re.fullmatch(r"\d{12}", account):
                raise UsageError(
                    f"is `organisation`, `single` or account ids of 12 digits, not {account[:40]!r}",
                    field="DOMICILE_ACCOUNTS",
                )
    role = environment.get("DOMICILE_ROLE", "")
    if accounts != SINGLE and not role:
        raise UsageError("is needed to look into other accounts", field="DOMICILE_ROLE")
    return Settings(
        store=required("STORE"),
        work=required("WORK"),
        evidence=required("EVIDENCE"),
        topic=required("TOPIC"),
        accounts=accounts,
        role="" if accounts == SINGLE else role,
        external_id=environment.get("DOMICILE_EXTERNAL_ID", ""),
    )
