"""What can still be restored of Cosmos DB accounts that were deleted, and of regions that were taken out of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure import registered
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import moment, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Service

ACCOUNTS = "microsoft.documentdb/databaseaccounts"
RESTORABLE = "Microsoft.DocumentDB/restorableDatabaseAccounts/read"
VERSION = "2024-05-15"

BACKUP = ResourceType("azure.cosmos.restorable-account", "backup")

KEPT = Channel(
    "azure-cosmos-restorable",
    "backup",
    "Wait: Azure deletes it when the days of continuous backup are over, and nobody can before.",
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Every region in which there is something to restore that no account shows; `holder` is the account that is
    still there, but not in that region."""
    if not registered.regions(cloud, "Microsoft.DocumentDB", "restorableDatabaseAccounts", "databaseAccounts"):
        return
    there = {row["name"].lower(): canonical(row["id"]) for row in of_type(ACCOUNTS)(cloud)}
    path = "/subscriptions/{subscription}/providers/Microsoft.DocumentDB/restorableDatabaseAccounts"
    for page in cloud.pages(RESTORABLE, path=path, version=VERSION):
        for account in page["value"]:
            about = account["properties"]
            gone = about.get("deletionTime")
            holder = "" if gone else there.get(about["accountName"].lower(), "")
            for place in about.get("restorableLocations") or ():
                if gone or place.get("deletionTime"):
                    yield {**account, "place": place, "holder": holder}


def identify(account: dict[str, Any], _: Cell) -> str:
    return f"{canonical(account['id'])}/{account['place']['regionalDatabaseAccountInstanceId'].lower()}"


def read(account: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    about, place, this = account["properties"], account["place"], identify(account, cell)
    here = location(place["locationName"])
    ended = place.get("deletionTime") or about.get("deletionTime")
    yield resource(
        {**account, "id": this, "name": about["accountName"]},
        BACKUP,
        here,
        created_at=moment(place.get("creationTime")),
        newest_at=moment(ended),
    )
    # An account that took the name of a deleted one is another: only what is not deleted belongs to what is there.
    source = account["holder"] or canonical(account["id"])
    proof = Evidence(RESTORABLE, "restorableLocations.deletionTime", str(ended))
    yield Copy(source, KEPT.name, here, this, subscription_of(this), evidence=proof)


SERVICE = Service(
    name="cosmos",
    client="cosmos",
    scope="global",
    listings=(Listing("restorable-accounts", find, read, identify),),
    types=(BACKUP,),
    channels=(KEPT,),
    needs={registered.ACTION: (registered.ACTION,), RESTORABLE: (RESTORABLE,)},
    blind_to=("A deleted account with periodic backup is restored by Microsoft's support only; it is in no listing.",),
    swept=(swept(ACCOUNTS),),
)
