"""Who has accounts in an AWS organisation, which regions they use, and how their services are spoken to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Self

from domicile.errors import CloudError
from domicile.model import GLOBAL, Account, Cell, Vocabulary
from domicile.providers.aws.session import AwsCloud, Session
from domicile.providers.service import Cloud, NotOffered, Refused, Regions, Service

NEEDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "sts": {"get_caller_identity": (), "assume_role": ("sts:AssumeRole",)},
    "organizations": {
        "list_accounts": ("organizations:ListAccounts",),
        "list_roots": ("organizations:ListRoots",),
        "list_organizational_units_for_parent": ("organizations:ListOrganizationalUnitsForParent",),
        "list_accounts_for_parent": ("organizations:ListAccountsForParent",),
    },
    "account": {"list_regions": ("account:ListRegions",)},
    "ec2": {"describe_regions": ("ec2:DescribeRegions",)},
}
"""What finding accounts and regions takes, by service and operation."""

# In a region being switched on or off data lies all the same.
ON: Final = frozenset({"ENABLED", "ENABLED_BY_DEFAULT", "ENABLING", "DISABLING"})
GONE: Final = frozenset({"SUSPENDED", "PENDING_CLOSURE", "CLOSED"})


class Aws:
    """The caller's own account; with a role, every account of the organisation, or only those given, each through that
    role."""

    name = "aws"

    def __init__(
        self,
        session: Session,
        services: tuple[Service, ...],
        vocabulary: Vocabulary,
        *,
        units: bool = False,
        accounts: Collection[str] = (),
    ) -> None:
        self.services, self.vocabulary = services, vocabulary
        self._session, self._units, self._given = session, units, accounts
        self._account, _ = session.identity()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def accounts(self) -> tuple[Account, ...]:
        if not self._session.role:
            return (Account(self.name, self._account),)
        if self._given:
            return tuple(Account(self.name, account) for account in sorted(set(self._given)))
        organisation = self._session.cloud("organizations", self._session.region)
        try:
            listed = [
                account for page in organisation.pages("list_accounts", MaxResults=20) for account in page["Accounts"]
            ]
            untold = self._units and any("Paths" not in account for account in listed)
            paths = dict(_paths(organisation)) if untold else {}
        except (Refused, NotOffered) as refusal:
            raise CloudError(f"the organisation cannot be listed, so no account is scanned: {refusal}") from refusal
        return tuple(
            Account(
                self.name,
                account["Id"],
                account.get("Name", ""),
                _path(account) or paths.get(account["Id"], ()),
                "suspended" if account.get("State", account.get("Status")) in GONE else "active",
            )
            for account in listed
        )

    def regions(self, account: str) -> Regions:
        here = self._session.region
        try:
            pages = self._in(account, "account", here).pages("list_regions", MaxResults=50)
            states = {
                region["RegionName"]: region["RegionOptStatus"] in ON for page in pages for region in page["Regions"]
            }
        except (Refused, NotOffered):
            answer = self._in(account, "ec2", here).call("describe_regions", AllRegions=True)
            states = {region["RegionName"]: region["OptInStatus"] != "not-opted-in" for region in answer["Regions"]}
        return Regions(
            tuple(sorted(region for region, on in states.items() if on)),
            tuple(sorted(region for region, on in states.items() if not on)),
        )

    def cloud(self, service: Service, cell: Cell) -> Cloud:
        return self._in(cell.account, service.client, self._session.region if cell.region == GLOBAL else cell.region)

    def _in(self, account: str, service: str, region: str) -> AwsCloud:
        return self._session.cloud(service, region, "" if account == self._account else account)


def _path(account: dict[str, Any]) -> tuple[str, ...]:
    """The root and units above an account; AWS writes `o-…/r-…/ou-…/account/`."""
    steps = next(iter(account.get("Paths", ())), "").split("/")
    return tuple(step for step in steps if step.startswith(("r-", "ou-")))


def _paths(organisation: Cloud) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where each account hangs, walked from the roots down."""
    above: list[tuple[str, ...]] = [
        (root["Id"],) for page in organisation.pages("list_roots") for root in page["Roots"]
    ]
    for path in above:
        for page in organisation.pages("list_accounts_for_parent", ParentId=path[-1], MaxResults=20):
            yield from ((account["Id"], path) for account in page["Accounts"])
        for page in organisation.pages("list_organizational_units_for_parent", ParentId=path[-1], MaxResults=20):
            above.extend((*path, unit["Id"]) for unit in page["OrganizationalUnits"])
