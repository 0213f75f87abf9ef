"""Microsoft Azure: the services domicile looks into, and the actions it takes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from domicile.errors import UsageError
from domicile.model import Vocabulary
from domicile.providers.azure import storage
from domicile.providers.azure.graph import Graph
from domicile.providers.azure.session import CLOUDS, Place, Session
from domicile.providers.azure.tenant import NEEDS, Azure
from domicile.providers.service import Service
from domicile.yamltext import did_you_mean

SERVICES: Final[tuple[Service, ...]] = (storage.SERVICE,)

vocabulary: Final = Vocabulary(
    types={kind.name: kind for service in SERVICES for kind in service.types},
    channels={channel.name: channel for service in SERVICES for channel in service.channels},
)


def connect(
    *,
    cloud: str = "public",
    endpoint: str = "",
    group: str = "",
    subscriptions: Collection[str] = (),
    credential: Any = None,
    attempts: int = 8,
    graph: Graph | None = None,
) -> Azure:
    """Azure as the caller's credentials show it: all subscriptions below a management group, those given, or all of the
    tenant. `endpoint` is where Resource Manager is, where that is none of Microsoft's clouds."""
    if cloud not in CLOUDS:
        raise UsageError(
            f"there is no Azure cloud {cloud[:40]!r}{did_you_mean(cloud, CLOUDS)}; known: {', '.join(CLOUDS)}"
        )
    place = CLOUDS[cloud]
    if endpoint:
        place = Place(endpoint.rstrip("/"), place.scope, place.authority)
    if credential is None:
        credential = _credential(place)
    session = Session(place, credential, attempts=attempts)
    return Azure(session, SERVICES, vocabulary, group=group, subscriptions=subscriptions, graph=graph)


def _credential(place: Place) -> Any:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 large, and not needed where one is given

    return DefaultAzureCredential(authority=place.authority)


def permissions() -> tuple[str, ...]:
    """Every action of Azure Resource Manager that a scan uses, and no other. The built-in role Reader has them."""
    return tuple(
        sorted(
            {action for actions in NEEDS.values() for action in actions}
            | {action for service in SERVICES for actions in service.needs.values() for action in actions}
        )
    )
