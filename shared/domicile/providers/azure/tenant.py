"""Which subscriptions there are under a management group, or as far as the caller sees, and how they are asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Self

from domicile.errors import CloudError
from domicile.model import Account, Cell, Vocabulary
from domicile.providers.azure.graph import ACTION, Graph, Kept, KeptSweeps, Sweeps
from domicile.providers.azure.session import ArmCloud, Session
from domicile.providers.service import Cloud, Refused, Regions, Service

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "subscriptions": ("Microsoft.Resources/subscriptions/read",),
    "locations": ("Microsoft.Resources/subscriptions/locations/read",),
    "descendants": ("Microsoft.Management/managementGroups/descendants/read",),
    "graph": (ACTION,),
}
"""The actions that finding subscriptions and sweeping them takes, by what is asked."""

GROUPS: Final = "/providers/Microsoft.Management/managementGroups"
GONE: Final = frozenset({"Deleted"})


class Azure:
    """All subscriptions of a management group, those given, or all that the caller sees of the tenant. With `kept`,
    what was swept of one of them is not swept again."""

    name = "azure"

    def __init__(
        self,
        session: Session,
        services: tuple[Service, ...],
        vocabulary: Vocabulary,
        *,
        group: str = "",
        subscriptions: Collection[str] = (),
        kept: Kept | None = None,
    ) -> None:
        self.services, self.vocabulary = services, vocabulary
        self._session, self._group, self._given = session, group, frozenset(one.lower() for one in subscriptions)
        self.graph = Graph(session, services, group=group)
        self._sweeps: Sweeps = KeptSweeps(kept) if kept else self.graph

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def manner(self) -> str:
        if self._group:
            return f"Azure: the subscriptions below management group {self._group}, as Resource Manager lists them"
        return "Azure: the subscriptions that the caller sees of the tenant, as Resource Manager lists them"

    def accounts(self) -> tuple[Account, ...]:
        """Listed without Resource Graph, which leaves out whatever it may not show and says nothing of it."""
        try:
            found = self._below() if self._group else self._seen()
            contained = self.graph.containers()
        except Refused as refusal:
            raise CloudError(f"the subscriptions cannot be listed, so none is scanned: {refusal}") from refusal
        if self._given:
            found = {one: found.get(one, ("", ())) for one in self._given}
        if not found:
            raise CloudError("no subscription is there to be scanned: is this the right tenant, and may you read it?")
        self._learn(found)
        return tuple(
            Account(
                self.name,
                subscription,
                contained.names.get(subscription, name),
                path or contained.paths.get(subscription, ()),
                "suspended" if contained.states.get(subscription) in GONE else "active",
            )
            for subscription, (name, path) in sorted(found.items())
        )

    def regions(self, account: str) -> Regions:
        """None: all that there is of a subscription is found by one sweep, in whatever region it lies."""
        if account not in self.graph.containers().names:
            raise Refused(
                "NotShown", "it is there, and Resource Graph shows nothing of it: a read is missing", "denied"
            )
        return Regions(())

    def cloud(self, _: Service, cell: Cell) -> Cloud:
        return ArmCloud(self._session, lambda kind: self._sweeps.rows(cell.account, kind), cell.account)

    def _below(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Name of each subscription below a management group, and the groups above it as `mg:NAME`, topmost first."""
        cloud = ArmCloud(self._session, lambda _: iter(()))
        path = f"{GROUPS}/{self._group}/descendants"
        below = [
            one
            for page in cloud.pages(
                "Microsoft.Management/managementGroups/descendants/read", path=path, version="2020-05-01"
            )
            for one in page["value"]
        ]
        parents = {
            one["name"].lower(): one["properties"]["parent"]["id"].rpartition("/")[2].lower()
            for one in below
            if one["properties"].get("parent")
        }

        def above(name: str) -> tuple[str, ...]:
            way: list[str] = []
            while (name := parents.get(name, "")) and f"mg:{name}" not in way:
                way.append(f"mg:{name}")
            return tuple(reversed(way))

        return {
            one["name"].lower(): (one["properties"].get("displayName", ""), above(one["name"].lower()))
            for one in below
            if one["type"].lower().endswith("/subscriptions")
        }

    def _seen(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The subscriptions of the caller's own tenant; those that other tenants let it manage are theirs to scan."""
        cloud = ArmCloud(self._session, lambda _: iter(()))
        listed = [
            one
            for page in cloud.pages(
                "Microsoft.Resources/subscriptions/read", path="/subscriptions", version="2022-12-01"
            )
            for one in page["value"]
        ]
        tenants = {one.get("tenantId") for one in listed}
        return {
            one["subscriptionId"].lower(): (one.get("displayName", ""), ())
            for one in listed
            if not any(by["tenantId"] in tenants - {one.get("tenantId")} for by in one.get("managedByTenants", ()))
        }

    def _learn(self, found: Collection[str]) -> None:
        """What pairs regions have today. The shipped table serves where that is not shown."""
        try:
            answer, _ = self._session.get(f"/subscriptions/{min(found)}/locations", "2022-12-01")
        except Refused:
            return
        self.graph.learn(dict(pair for one in answer.get("value", ()) if (pair := _pair(one))))


def _pair(region: dict[str, Any]) -> tuple[str, str] | None:
    """A region and its pair ("" for none). Logical regions, such as `europe`, are no places."""
    about = region.get("metadata") or {}
    if about.get("regionType") != "Physical":
        return None
    pairs = about.get("pairedRegion") or ()
    return region["name"].lower(), next((one["name"].lower() for one in pairs), "")
