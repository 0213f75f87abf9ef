"""What a deployed scan is told by its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from domicile.errors import UsageError

ORGANISATION: Final = "organisation"
SINGLE: Final = "single"
TENANT: Final = "tenant"
GROUP: Final = "mg:"
"""Before the name of a management group: that of the topmost one looks like the id of a subscription."""


class Settings(Struct, frozen=True):
    """Where a deployment keeps things, whom it tells, and which accounts it looks into.

    `accounts` is, for AWS, `organisation`, `single` (the account it runs in), or the accounts themselves; for Azure
    `tenant`, `mg:` and the name of a management group, or the subscriptions themselves. `role` is what it takes on in
    other accounts of AWS, with its path. `azure_cloud` is which of Microsoft's clouds; another Resource Manager than
    its own, and a token for it, may be given too.
    """

    store: str
    work: str
    evidence: str
    topic: str
    accounts: str | tuple[str, ...]
    cloud: str = "aws"
    role: str = ""
    external_id: str = ""
    azure_cloud: str = "public"
    azure_endpoint: str = ""
    azure_token: str = ""


def settings(environment: Mapping[str, str]) -> Settings:
    """Raises UsageError that names the variable."""

    def said(name: str) -> str:
        return environment.get(f"DOMICILE_{name}", "")

    def required(name: str) -> str:
        value = said(name)
        if not value:
            raise UsageError("is not set", field=f"DOMICILE_{name}")
        return value

    cloud = said("CLOUD") or "aws"
    if cloud not in ("aws", "azure"):
        raise UsageError(f"is `aws` or `azure`, not {cloud[:40]!r}", field="DOMICILE_CLOUD")
    accounts = _accounts(required("ACCOUNTS")) if cloud == "aws" else _subscriptions(required("ACCOUNTS"))
    role = "" if cloud == "azure" or accounts == SINGLE else said("ROLE")
    if cloud == "aws" and accounts != SINGLE and not role:
        raise UsageError("is needed to look into other accounts", field="DOMICILE_ROLE")
    return Settings(
        store=required("STORE"),
        work=required("WORK"),
        evidence=required("EVIDENCE"),
        topic=required("TOPIC"),
        accounts=accounts,
        cloud=cloud,
        role=role,
        external_id=said("EXTERNAL_ID"),
        azure_cloud=said("AZURE_CLOUD") or "public",
        azure_endpoint=said("AZURE_ENDPOINT"),
        azure_token=said("AZURE_TOKEN"),
    )


def _accounts(said: str) -> str | tuple[str, ...]:
    return said if said in (ORGANISATION, SINGLE) else _ids(said, r"\d{12}", _ACCOUNTS)


def _subscriptions(said: str) -> str | tuple[str, ...]:
    if said == TENANT or re.fullmatch(rf"{GROUP}[-\w.()]{{1,90}}", said):
        return said
    return _ids(said.lower(), r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", _SUBSCRIPTIONS)


def _ids(said: str, shape: str, sentence: str) -> tuple[str, ...]:
    ids = tuple(said.split(","))
    for one in ids:
        if not re.fullmatch(shape, one, re.ASCII):
            raise UsageError(f"{sentence}, not {one[:40]!r}", field="DOMICILE_ACCOUNTS")
    return ids


_ACCOUNTS: Final = "is `organisation`, `single` or account ids of 12 digits"
_SUBSCRIPTIONS: Final = "is `tenant`, `mg:` and the name of a management group, or ids of subscriptions"
