"""What a stack is told, checked in full before anything is made: every mistake is one sentence that names its key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from stack_settings import AwsSettings as Settings
from stack_settings import fields, misspelt, out_of_bounds, people, read_as

from domicile import geography
from domicile.model import Location
from domicile.providers.aws.arn import partition

STEPS: Final = ("plan", "collect", "settle", "notify")

ORGANISATION: Final = "organisation"
SINGLE: Final = "single"

LOG_DAYS: Final = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""How long CloudWatch can keep logs."""

_ACCOUNT: Final = re.compile(r"\d{12}")
_SCHEDULE: Final = re.compile(r"rate\((1 (minute|hour|day)|\d+ (minutes|hours|days))\)|cron\(\S+( \S+){5}\)")
_PATTERNS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "externalId": (re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII), "2 to 1224 letters, digits and any of +=,.@:/-"),
    "keyArn": (
        re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", re.ASCII),
        "the ARN of a KMS key, not of an alias",
    ),
    "organisationId": (re.compile(r"o-[a-z0-9]{10,32}"), "the id of an organisation, such as o-exampleorgid"),
    "permissionsBoundary": (re.compile(r"arn:[a-z-]+:iam::(\d{12}|aws):policy/\S+"), "the ARN of an IAM policy"),
    "role": (re.compile(r"[\w+=,.@-]{1,64}", re.ASCII), "the name of a role, without its path"),
    # IAM takes more; Lambda, Step Functions and the scheduler do not.
    "rolePath": (
        re.compile(r"/([\w+=,.@-]+/)*", re.ASCII),
        "a path that begins and ends with /, of letters, digits and any of +=,.@-",
    ),
}
_BOUNDS: Final = {
    "retentionDays": (30, 36500),
    "concurrency": (1, 1000),
    "collectorsAtMost": (0, 1000),
    "settleMemory": (512, 10240),
    "missedAfterHours": (2, 168),
}
_UNIT: Final = re.compile(r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}")
_PRINCIPAL: Final = re.compile(r"arn:[a-z-]+:iam::\d{12}:(root|role/\S+|user/\S+)")


FIELDS: Final = fields(Settings)


def read(given: Mapping[str, str], region: str) -> Settings:
    """The settings in a stack's configuration, without the namespace. Raises `Mistakes`."""
    return read_as(Settings, given, lambda said: _mistakes(said, region))


def _mistakes(said: Settings, region: str) -> Iterator[str]:
    yield from _place(said, region)
    yield from misspelt(said, _PATTERNS)
    yield from _people(said)
    yield from _access(said)
    yield from _rest(said)


def _place(said: Settings, region: str) -> Iterator[str]:
    if said.country not in geography.COUNTRIES:
        yield f"domicile:country: {said.country[:60]!r} is no ISO code of a country, such as IN"
        return
    there = geography.regions_in("aws", said.country)
    name = geography.country_name(said.country)
    known = f"regions of AWS in {name}: {', '.join(there)}" if there else f"AWS has no region in {name}"
    country = geography.country(Location("aws", region))
    if not region:
        yield f"aws:region is not set; {known}"
    elif country is None:
        yield f"aws:region: {region[:60]!r} is no region whose country is known; {known}"
    elif country != said.country:
        yield f"aws:region: {region} lies in {geography.country_name(country)}, not in {name}; {known}"
    if said.key_arn and said.key_arn.split(":")[3:4] != [region]:
        yield f"domicile:keyArn: the key must lie in {region}"


def _people(said: Settings) -> Iterator[str]:
    yield from people(said)
    for at, principal in enumerate(said.readers):
        if not _PRINCIPAL.fullmatch(principal):
            yield f"domicile:readers[{at}]: {principal[:60]!r} is not the ARN of a role, a user or an account's root"
    if said.reader_entity and not said.readers:
        yield "domicile:readerEntity narrows what domicile:readers may read, and that names nobody"


def _access(said: Settings) -> Iterator[str]:
    listed = said.accounts not in {ORGANISATION, SINGLE}
    if listed:
        for account in said.accounts.split(","):
            if not _ACCOUNT.fullmatch(account):
                yield (
                    "domicile:accounts: is organisation, single, or account ids of 12 digits with commas between, "
                    f"not {account[:60]!r}"
                )
    creates = said.grants == "create"
    if listed and creates:
        yield "domicile:grants: roles can be created in an organisation only; for a list of accounts say external"
    if listed and not said.organisation_id and not said.external_id:
        yield "domicile:externalId is not set: accounts outside an organisation are entered with an external id only"
    if said.accounts == ORGANISATION and not said.organisation_id:
        yield "domicile:organisationId is not set: only roles of this organisation may look into its accounts"
    if said.accounts == ORGANISATION and creates and not said.units:
        yield "domicile:units is not set: the root (r-…) or the units (ou-…) in whose accounts the role is created"
    for at, unit in enumerate(said.units):
        if not _UNIT.fullmatch(unit):
            yield f"domicile:units[{at}]: {unit[:60]!r} is not the id of a root (r-…) or of a unit (ou-…)"
    if said.management_profile and said.call_as != "DELEGATED_ADMIN":
        yield "domicile:managementProfile is for callAs DELEGATED_ADMIN: otherwise this is the management account"


def _rest(said: Settings) -> Iterator[str]:
    if not _SCHEDULE.fullmatch(said.schedule):
        yield f"domicile:schedule: {said.schedule[:60]!r} is neither cron(…) of six fields nor rate(…)"
    try:
        ZoneInfo(said.timezone or "UTC")
    except (KeyError, ValueError, OSError):
        yield f"domicile:timezone: {said.timezone[:60]!r} is no time zone, such as Asia/Kolkata"
    if bool(said.subnets) != bool(said.security_groups):
        yield "domicile:subnets and domicile:securityGroups go together"
    for name, kind in (("subnets", "subnet"), ("securityGroups", "sg")):
        for at, one in enumerate(getattr(said, FIELDS[name].name)):
            if not re.fullmatch(rf"{kind}-[0-9a-f]{{8,17}}", one):
                yield f"domicile:{name}[{at}]: {one[:60]!r} is no id such as {kind}-0123456789abcdef0"
    if said.log_days not in LOG_DAYS:
        yield f"domicile:logDays: CloudWatch keeps logs for {', '.join(map(str, LOG_DAYS))} days, not {said.log_days}"
    yield from out_of_bounds(said, _BOUNDS)


class Home(Struct, frozen=True):
    """Where a stack lives, and what everything in it is called. Names are given, not drawn: other accounts trust them,
    and policies name them."""

    settings: Settings
    region: str
    account: str

    def name(self, what: str) -> str:
        return f"{self.settings.name_prefix}-{what}"

    def bucket(self, what: str) -> str:
        """Names of buckets are the whole world's."""
        return f"{self.name(what)}-{self.account}-{self.region}"

    @property
    def partition(self) -> str:
        return partition(self.region)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bucket_arn(self, what: str) -> str:
        return f"arn:{self.partition}:s3:::{self.bucket(what)}"

    def role_arn(self, name: str, account: str = "") -> str:
        return f"arn:{self.partition}:iam::{account or self.account}:role{self.settings.role_path}{name}"

    @property
    def table(self) -> str:
        return self.settings.name_prefix

    def log_group(self, step: str) -> str:
        return f"/aws/lambda/{self.name(step)}"

    @property
    def topic_arn(self) -> str:
        return self.arn("sns", self.name("notices"))

    @property
    def machine_arn(self) -> str:
        return self.arn("states", f"stateMachine:{self.name('scan')}")

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that were listed; none when the organisation says, or when it is this one."""
        listed = self.settings.accounts
        return () if listed in {ORGANISATION, SINGLE} else tuple(dict.fromkeys(listed.split(",")))

    @property
    def looks_elsewhere(self) -> bool:
        return self.settings.accounts != SINGLE

    @property
    def scanners(self) -> tuple[str, ...]:
        """The roles that look into accounts."""
        return tuple(self.role_arn(self.name(step)) for step in ("collect", "plan"))
