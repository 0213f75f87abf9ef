"""Who has accounts in an AWS organisation, which regions they use, and how their services are spoken to."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import takewhile
from typing import Any, Final, Self

from domicile.errors import CloudError
from domicile.model import GLOBAL, Account, Cell, Vocabulary
from domicile.providers.aws.arn import account_of, partition
from domicile.providers.aws.offered import Offered
from domicile.providers.aws.session import AwsCloud, Session
from domicile.providers.service import Cloud, NotOffered, Refused, Regions, Service

NEEDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "sts": {"get_caller_identity": (), "assume_role": ("sts:AssumeRole",)},
    "organizations": {
        "list_accounts": ("organizations:ListAccounts",),
        "list_roots": ("organizations:ListRoots",),
        "list_organizational_units_for_parent": ("organizations:ListOrganizationalUnitsForParent",),
        "list_accounts_for_parent": ("organizations:ListAccountsForParent",),
        "list_delegated_administrators": ("organizations:ListDelegatedAdministrators",),
    },
    "account": {"list_regions": ("account:ListRegions",)},
    "ec2": {"describe_regions": ("ec2:DescribeRegions",)},
}
"""What finding accounts and regions takes, by service and operation."""

# In a region being switched on or off data lies all the same.
OFF: Final = frozenset({"DISABLED", "not-opted-in"})
# What was closed is listed for the 90 days in which AWS keeps it; what is listed no more has left.
GONE: Final = frozenset({"SUSPENDED", "PENDING_CLOSURE", "CLOSED"})
OF_LOGS: Final = "observabilityadmin.amazonaws.com"
"""The service whose administrators are shown how logs of all accounts are centralised; those of others are not."""
ALWAYS_ON: Final = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
)
"""The regions that no account can switch off: what AWS opened later than March 2019 is off until somebody wants it."""


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
        look_up: Callable[..., Any] = socket.getaddrinfo,
    ) -> None:
        self.services, self.vocabulary = services, vocabulary
        self._session, self._units, self._given = session, units, accounts
        self._account, self._caller = session.identity()
        self._management = ""
        self._homes: dict[str, str] = {}
        self._offered = Offered(session, look_up)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def manner(self) -> str:
        if not self._session.role:
            return f"AWS as {self._caller}: this account alone"
        listed = "the accounts given" if self._given else "the accounts of organizations:ListAccounts"
        return f"AWS as {self._caller}: {listed}, each as its role {self._session.role}"

    def accounts(self) -> tuple[Account, ...]:
        if not self._session.role:
            return (Account(self.name, self._account),)
        if self._given:
            return tuple(Account(self.name, account) for account in sorted(set(self._given)))
        # Pages shift while they are read, and may show an account twice.
        listed = {account["Id"]: account for account in self._listed("list_accounts", "Accounts", MaxResults=20)}
        if not listed:
            raise CloudError("the organisation lists no account, so none is scanned: not even that of who asks")
        self._management = next((account_of(one["Arn"]) for one in listed.values() if "Arn" in one), "")
        administering = {self._management, *self._delegated()}
        paths = {name: path for name, account in listed.items() if (path := _path(account))}
        if self._units and (untold := listed.keys() - paths.keys()):
            paths |= self._walked(untold)
        return tuple(
            Account(
                self.name,
                name,
                account.get("Name", ""),
                paths.get(name, ()),
                "suspended" if account.get("State", account.get("Status")) in GONE else "active",
                name in administering,
            )
            for name, account in listed.items()
        )

    def regions(self, account: str) -> Regions:
        """As the account itself tells; where it may not, as the organisation does."""
        refusals: list[Refused] = []
        for ask in (self._regions_told, self._regions_described):
            try:
                return ask(account)
            except NotOffered:
                continue
            except Refused as refusal:
                refusals.append(refusal)
                if refusal.reason == "role-missing":
                    break
        if account != self._account and refusals and all(map(_only_here, refusals)):
            try:
                return self._regions_told_from_outside(account)
            except (Refused, NotOffered):
                pass
        if not refusals:
            raise Refused("NotOffered", "neither account nor ec2 is there to tell the regions")
        raise self._explained(account, refusals[0]) from refusals[0]

    def cloud(self, service: Service, cell: Cell) -> Cloud:
        region = self._home(cell.account) if cell.region == GLOBAL else cell.region
        if not self._offered(service.client, region):
            raise NotOffered(service.client)
        return self._in(cell.account, service.client, region)

    def _in(self, account: str, service: str, region: str) -> AwsCloud:
        return self._session.cloud(service, region, "" if account == self._account else account)

    # Accounts

    def _listed(self, operation: str, field: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Everything in a listing of the organisation, or one sentence on what is missing."""
        cloud = self._session.cloud("organizations", self._session.region)
        try:
            for page in cloud.pages(operation, **parameters):
                yield from page[field]
        except (Refused, NotOffered) as refusal:
            [permission] = NEEDS["organizations"][operation]
            raise CloudError(
                f"the organisation cannot be listed, so no account is scanned: {self._why(permission, refusal)}"
            ) from refusal

    def _delegated(self) -> set[str]:
        """Who administers the organisation's logs in place of the management account, which can do all that they can:
        where it is not told, that one alone is asked."""
        cloud = self._session.cloud("organizations", self._session.region)
        try:
            pages = cloud.pages("list_delegated_administrators", ServicePrincipal=OF_LOGS, MaxResults=20)
            return {one["Id"] for page in pages for one in page["DelegatedAdministrators"]}
        except (Refused, NotOffered):
            return set()

    def _why(self, permission: str, refusal: Exception) -> str:
        if isinstance(refusal, Refused):
            if refusal.code == "AWSOrganizationsNotInUseException":
                return f"account {self._account} is in none; without a role it is scanned alone"
            if refusal.reason in {"denied", "denied-by-scp"}:
                return (
                    f"{permission} is missing for {self._caller}, which must be in the management account or in a "
                    f"delegated administrator's ({refusal})"
                )
        return f"{permission} failed ({refusal})"

    def _walked(self, untold: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Where accounts hang, from the roots down, until the last of them is found."""
        above: list[tuple[str, ...]] = [(root["Id"],) for root in self._listed("list_roots", "Roots")]
        found: dict[str, tuple[str, ...]] = {}
        for path in above:
            here: dict[str, Any] = {"ParentId": path[-1], "MaxResults": 20}
            found |= {one["Id"]: path for one in self._listed("list_accounts_for_parent", "Accounts", **here)}
            if found.keys() >= {*untold}:
                break
            units = self._listed("list_organizational_units_for_parent", "OrganizationalUnits", **here)
            above.extend((*path, unit["Id"]) for unit in units)
        return found

    # Regions

    def _regions_told(self, account: str) -> Regions:
        return _told(self._in(account, "account", self._session.region))

    def _regions_described(self, account: str) -> Regions:
        answer = self._in(account, "ec2", self._home(account)).call("describe_regions", AllRegions=True)
        return _sorted({region["RegionName"]: region.get("OptInStatus") for region in answer["Regions"]})

    def _regions_told_from_outside(self, account: str) -> Regions:
        # Last, although it takes no role: the organisation answers five times a second, every account by itself as
        # often, and an account that does not let us in is to be found out here rather than listing by listing.
        return _told(self._session.cloud("account", self._session.region), AccountId=account)

    def _home(self, account: str) -> str:
        """Where an account is asked what is asked in one region only: in the caller's, unless it is off there."""
        home = self._session.region
        if account == self._account or partition(home) != "aws" or home in ALWAYS_ON:
            return home
        if account not in self._homes:
            region = home
            try:
                self._in(account, "sts", home).call("get_caller_identity")
            except Refused as refusal:
                if refusal.reason == "region-off":
                    region = _nearest(home)
            self._homes[account] = region
        return self._homes[account]

    def _explained(self, account: str, refusal: Refused) -> Refused:
        """Why an account is not looked into, and what to look at."""
        said = refusal.message or refusal.code
        if refusal.reason == "role-missing":
            role, shown = self._session.role, "the" if self._session.external_id else "no"
            hint = (
                "the organisation's management account, which StackSets leave out, has no such role"
                if account == self._management
                else f"it is not there, or does not trust {self._caller} with {shown} external id"
            )
            return Refused(refusal.code, f"role {role} cannot be taken on: {hint} ({said})", refusal.reason)
        if refusal.reason == "region-off":
            # Regions are told by a region that is never off, so that it is the account as a whole.
            return Refused(refusal.code, f"the account is not active, or not signed up for everything ({said})")
        if refusal.reason == "denied":
            return Refused(
                refusal.code, f"neither account:ListRegions nor ec2:DescribeRegions is allowed ({said})", "denied"
            )
        return refusal


def _only_here(refusal: Refused) -> bool:
    """Whether we were let into the account, and refused this question alone."""
    return refusal.reason in {"denied", "denied-by-scp"} and "sts:AssumeRole" not in refusal.message


def _told(cloud: Cloud, **parameters: Any) -> Regions:
    pages = cloud.pages("list_regions", MaxResults=50, **parameters)
    return _sorted(
        {region["RegionName"]: region.get("RegionOptStatus") for page in pages for region in page["Regions"]}
    )


def _sorted(states: Mapping[str, str | None]) -> Regions:
    return Regions(
        tuple(sorted(region for region, state in states.items() if state not in OFF)),
        tuple(sorted(region for region, state in states.items() if state in OFF)),
    )


def _nearest(home: str) -> str:
    """The region that is always on and whose name is most like another's."""

    def likeness(region: str) -> int:
        pairs = zip(region.split("-"), home.split("-"), strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(ALWAYS_ON, key=likeness)


def _path(account: dict[str, Any]) -> tuple[str, ...]:
    """The root and units above an account; AWS writes `o-…/r-…/ou-…/account/`."""
    steps = next(iter(account.get("Paths", ())), "").split("/")
    return tuple(step for step in steps if step.startswith(("r-", "ou-")))
