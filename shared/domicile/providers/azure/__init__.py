"""Microsoft Azure: the services domicile looks into, and the actions it takes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from azure.core.credentials import AccessToken

from domicile.errors import UsageError
from domicile.model import Vocabulary
from domicile.providers.azure import (
    ai,
    backup_instances,
    backup_vaults,
    compute_disks,
    compute_gallery,
    compute_images,
    compute_restore_points,
    compute_snapshots,
    containerregistry,
    cosmos,
    cosmos_clusters,
    cosmos_restorable,
    event_hubs,
    keyvault,
    keyvault_deleted,
    log_analytics,
    mysql,
    postgresql,
    recovery_deleted,
    recovery_items,
    recovery_vaults,
    redis,
    redis_enterprise,
    service_bus,
    site_recovery,
    sql,
    sql_instances,
    sql_retention,
    sql_servers,
    storage,
)
from domicile.providers.azure.graph import Kept
from domicile.providers.azure.session import CLOUDS, Place, Session
from domicile.providers.azure.tenant import NEEDS, Azure
from domicile.providers.service import Service
from domicile.yamltext import did_you_mean

SERVICES: Final[tuple[Service, ...]] = (
    ai.SERVICE,
    backup_instances.SERVICE,
    backup_vaults.SERVICE,
    compute_disks.SERVICE,
    compute_gallery.SERVICE,
    compute_images.SERVICE,
    compute_restore_points.SERVICE,
    compute_snapshots.SERVICE,
    containerregistry.SERVICE,
    cosmos.SERVICE,
    cosmos_clusters.SERVICE,
    cosmos_restorable.SERVICE,
    event_hubs.SERVICE,
    keyvault.SERVICE,
    keyvault_deleted.SERVICE,
    log_analytics.SERVICE,
    mysql.SERVICE,
    postgresql.SERVICE,
    recovery_deleted.SERVICE,
    recovery_items.SERVICE,
    recovery_vaults.SERVICE,
    redis.SERVICE,
    redis_enterprise.SERVICE,
    service_bus.SERVICE,
    site_recovery.SERVICE,
    sql.SERVICE,
    sql_instances.SERVICE,
    sql_retention.SERVICE,
    sql_servers.SERVICE,
    storage.SERVICE,
)

_NEVER: Final = 4_102_444_800

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
    token: str = "",
    attempts: int = 8,
    kept: Kept | None = None,
) -> Azure:
    """Azure as the caller's credentials show it: all subscriptions below a management group, those given, or all of the
    tenant. `endpoint` is where Resource Manager is, where that is none of Microsoft's clouds; with `token` as whoever
    was given it."""
    if cloud not in CLOUDS:
        raise UsageError(
            f"there is no Azure cloud {cloud[:40]!r}{did_you_mean(cloud, CLOUDS)}; known: {', '.join(CLOUDS)}"
        )
    place = CLOUDS[cloud]
    if endpoint:
        place = Place(endpoint.rstrip("/"), place.scope, place.authority)
    session = Session(place, Token(token) if token else _credential(place), attempts=attempts)
    return Azure(session, SERVICES, vocabulary, group=group, subscriptions=subscriptions, kept=kept)


class Token:
    """A credential that is one token. When it has expired, whoever is asked says so."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(self._token, _NEVER)


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
