"""Whether a subscription was ever registered with a provider of resources, and in which regions it can have them."""

from __future__ import annotations

from typing import Final

from domicile.providers.service import Cloud, Refused

ACTION: Final = "Microsoft.Resources/subscriptions/providers/read"
VERSION: Final = "2021-04-01"


def regions(cloud: Cloud, provider: str, *kinds: str) -> tuple[str, ...]:
    """Where resources of the first of the kinds that is known can be: nowhere, when the subscription was never
    registered with the provider, for then it never had any."""
    about = cloud.call(ACTION, path=f"/subscriptions/{{subscription}}/providers/{provider}", version=VERSION)
    if about.get("registrationState") == "NotRegistered":
        return ()
    known = {one["resourceType"].lower(): one.get("locations") or () for one in about.get("resourceTypes", ())}
    for kind in kinds:
        if found := known.get(kind.lower()):
            return tuple(found)
    raise Refused("NoLocations", f"{provider} says of no region that {kinds[0]} can be there")
