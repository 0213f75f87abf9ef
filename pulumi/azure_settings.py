"""What a stack on Azure is told, checked in full before anything is made."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from stack_settings import AzureSettings as Settings
from stack_settings import fields, misspelt, out_of_bounds, people, read_as

from domicile import geography
from domicile.model import Location

MAIL_DATA_LOCATIONS: Final[Mapping[str, str]] = {
    "AE": "UAE",
    "AU": "Australia",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "FR": "France",
    "GB": "UK",
    "IN": "India",
    "JP": "Japan",
    "KR": "Korea",
    "NO": "Norway",
    "US": "United States",
}
"""Where Communication Services keeps what it keeps, by country ("Region availability and data residency")."""
WIDER: Final = ("Africa", "Asia Pacific", "Europe")
"""Where it does so in some country of several."""

_GUID: Final = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SUBNET: Final = (
    re.compile(
        rf"/subscriptions/{_GUID}/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+",
        re.IGNORECASE,
    ),
    "the resource id of a subnet, which begins with /subscriptions/",
)
_PATTERNS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "managementGroup": (re.compile(r"[-\w.()]{1,90}", re.ASCII), "the name of a management group, not what it shows"),
    "privateEndpointSubnetId": _SUBNET,
    "subnetId": _SUBNET,
    "timer": (re.compile(r"[\d*/,-]+( [\w*/,-]+){5}", re.ASCII), "a schedule of six fields, such as 0 0 20 * * *"),
}
_BOUNDS: Final = {
    "retentionDays": (30, 36500),
    "logDays": (30, 730),
    # A query of logs looks back two days at most.
    "missedAfterHours": (2, 47),
    "instancesAtMost": (40, 1000),
}
_MEMORY: Final = (512, 2048, 4096)
_LISTS: Final = {"subscriptions": "a subscription", "operatorIds": "an object", "readerIds": "an object"}
_OTHER_CLOUDS: Final = re.compile(r"(china|usgov|usdod)\w+")

FIELDS: Final = fields(Settings)


def read(given: Mapping[str, str], location: str) -> Settings:
    """The settings in a stack's configuration, without the namespace. Raises `Mistakes`."""
    return read_as(Settings, given, lambda said: _mistakes(said, location))


def _mistakes(said: Settings, location: str) -> Iterator[str]:
    yield from _place(said, location)
    yield from misspelt(said, _PATTERNS)
    yield from people(said)
    yield from _access(said)
    yield from _network(said)
    yield from out_of_bounds(said, _BOUNDS)
    if said.instance_memory not in _MEMORY:
        yield f"domicile:instanceMemory: is {', '.join(map(str, _MEMORY))}, not {said.instance_memory}"


def _place(said: Settings, location: str) -> Iterator[str]:
    if said.country not in geography.COUNTRIES:
        yield f"domicile:country: {said.country[:60]!r} is no ISO code of a country, such as IN"
        return
    there = [one for one in geography.regions_in("azure", said.country) if not _OTHER_CLOUDS.fullmatch(one)]
    name = geography.country_name(said.country)
    known = f"regions of Azure in {name}: {', '.join(there)}" if there else f"Azure has no region in {name}"
    region = geography.azure_region(location)
    country = geography.country(Location("azure", region))
    if not location:
        yield f"azure-native:location is not set; {known}"
    elif country is None:
        yield f"azure-native:location: {location[:60]!r} is no region whose country is known; {known}"
    elif country != said.country:
        yield f"azure-native:location: {region} lies in {geography.country_name(country)}, not in {name}; {known}"
    elif _OTHER_CLOUDS.fullmatch(region):
        yield f"azure-native:location: {region} belongs to a cloud of its own, to which domicile is not deployed"
    yield from _mail(said, name)


def _mail(said: Settings, country: str) -> Iterator[str]:
    own = MAIL_DATA_LOCATIONS.get(said.country)
    choices = [*filter(None, [own]), *WIDER]
    if not own and not said.mail_data_location:
        yield (
            f"domicile:mailDataLocation is not set: Communication Services has no place of its own in {country}; "
            f"say {', '.join(WIDER[:-1])} or {WIDER[-1]}, and mails are kept somewhere there"
        )
    elif said.mail_data_location and said.mail_data_location not in choices:
        yield f"domicile:mailDataLocation: is {' or '.join(choices)}, not {said.mail_data_location[:60]!r}"


def _access(said: Settings) -> Iterator[str]:
    if said.management_group and said.subscriptions:
        yield "domicile:managementGroup and domicile:subscriptions exclude each other"
    if not said.management_group and not said.subscriptions:
        yield (
            "domicile:managementGroup is not set: the group whose subscriptions are looked into (the topmost has the "
            "id of the tenant); or list domicile:subscriptions"
        )
    for name, kind in _LISTS.items():
        for at, one in enumerate(getattr(said, FIELDS[name].name)):
            if not re.fullmatch(_GUID, one):
                yield f"domicile:{name}[{at}]: {one[:60]!r} is not the id of {kind}"


def _network(said: Settings) -> Iterator[str]:
    for at, address in enumerate(said.allowed_addresses):
        if not _is_public(address):
            yield f"domicile:allowedAddresses[{at}]: {address[:60]!r} is no public IPv4 address or network up to /30"
    if said.allowed_addresses and not said.subnet_id:
        yield "domicile:allowedAddresses is for domicile:subnetId: without it, no network is kept out"
    own, others = said.private_endpoint_subnet_id.lower(), said.subnet_id.lower()
    if not own:
        if said.private_dns != "create":
            yield "domicile:privateDns is for domicile:privateEndpointSubnetId: without it, there are no private names"
    elif not others:
        yield (
            "domicile:privateEndpointSubnetId is for domicile:subnetId: without it, the functions are in no network "
            "and would not reach storage and Cosmos DB"
        )
    elif own == others:
        yield (
            "domicile:privateEndpointSubnetId: is a subnet of its own, not that of domicile:subnetId, which takes "
            "nothing but functions"
        )
    elif _network_of(own) and _network_of(own) != _network_of(others):
        yield "domicile:privateEndpointSubnetId: is a subnet of another network than domicile:subnetId"
    if own and said.allowed_addresses:
        yield (
            "domicile:allowedAddresses and domicile:privateEndpointSubnetId exclude each other: with private "
            "endpoints, no public address is let in"
        )


def _network_of(subnet: str) -> str:
    return subnet.rpartition("/subnets/")[0]


def _is_public(text: str) -> bool:
    """As firewalls of storage accounts take it."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return network.is_global and ("/" not in text or network.prefixlen <= 30)


class Home(Struct, frozen=True):
    """Where a stack lives, and what everything in it is called."""

    settings: Settings
    location: str
    subscription: str
    deployer: str
    """Object id of whoever deploys."""

    @property
    def group(self) -> str:
        return self.settings.name_prefix

    def name(self, what: str) -> str:
        return f"{self.settings.name_prefix}-{what}"

    @property
    def unique(self) -> str:
        """For what has a name in the whole world: the same as long as prefix, subscription and region are."""
        return f"{self.settings.name_prefix}-{self._mark}"

    @property
    def storage_account(self) -> str:
        return f"{self.settings.name_prefix.replace('-', '')[:16]}{self._mark}"

    @property
    def _mark(self) -> str:
        told = f"{self.subscription}/{self.settings.name_prefix}/{self.location}"
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    @property
    def hub(self) -> str:
        """The task hub: what the queues, tables and containers of the orchestration begin with."""
        return self.settings.name_prefix.replace("-", "")

    @property
    def operators(self) -> tuple[str, ...]:
        return self.settings.operator_ids or (self.deployer,)

    @property
    def mail_data_location(self) -> str:
        return self.settings.mail_data_location or MAIL_DATA_LOCATIONS[self.settings.country]

    @property
    def network(self) -> str:
        """Resource id of the network the functions run in, if it is one of the organisation's own."""
        return self.settings.subnet_id.rsplit("/", 2)[0]

    @property
    def public(self) -> str:
        """Whether storage and Cosmos DB can be asked from public addresses at all."""
        return "Disabled" if self.settings.private_endpoint_subnet_id else "Enabled"

    @property
    def accounts(self) -> str:
        """What is looked into, as the functions are told."""
        if self.settings.management_group:
            return f"mg:{self.settings.management_group}"
        return ",".join(self.settings.subscriptions)

    @property
    def scopes(self) -> tuple[str, ...]:
        """What is looked into, as roles are assigned there."""
        if group := self.settings.management_group:
            return (f"/providers/Microsoft.Management/managementGroups/{group}",)
        return tuple(f"/subscriptions/{one}" for one in dict.fromkeys(self.settings.subscriptions))
