"""Whether a subscription was ever registered with a provider of resources, and in which regions it can have them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from domicile.providers.service import Cloud, Refused

ACTION: Final = "Microsoft.Resources/subscriptions/providers/read"
VERSION: Final = "2021-04-01"


def kinds(cloud: Cloud, provider: str) -> dict[str, tuple[str, ...]] | None:
    """The regions of each kind of resources that a provider has, by its name in lower case; None when the subscription
    was never registered with the provider, for then it never had any. It is asked once, whoever else wants to know."""
    path = f"/subscriptions/{{subscription}}/providers/{provider}"
    about = cloud.call(ACTION, path=path, version=VERSION, keep=_kept)
    return dict(about["kinds"]) if about["registered"] else None


def regions(cloud: Cloud, provider: str, *wanted: str) -> tuple[str, ...]:
    """Where resources of the first of the kinds that is known can be: nowhere without a registration."""
    known = kinds(cloud, provider)
    if known is None:
        return ()
    for kind in wanted:
        if found := known.get(kind.lower()):
            return found
    raise Refused("NoLocations", f"{provider} says of no region that {wanted[0]} can be there")


def _kept(about: dict[str, Any]) -> dict[str, Hashable]:
    """What is kept of an answer, which is long, and mostly about versions."""
    return {
        "registered": about.get("registrationState") != "NotRegistered",
        "kinds": tuple(
            (one["resourceType"].lower(), tuple(one.get("locations") or ())) for one in about.get("resourceTypes", ())
        ),
    }
