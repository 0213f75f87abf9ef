"""The half of the demo's company that runs on Azure: payments, and what is left of the shop's."""

from __future__ import annotations

from typing import Final

from domicile.demo.tenant import Arm

GROUP: Final = "bulbul"
PAY: Final = "7a7a7a7a-0000-4000-8000-000000000007"
SHOP: Final = "2b2b2b2b-0000-4000-8000-000000000002"

PAYMENTS: Final = {"data-class": "payment.transaction", "data-origin": "IN"}
CONTACTS: Final = {"data-class": "personal.contact", "data-origin": "IN"}


def plant(arm: Arm) -> None:
    """Two subscriptions: one at home but for two things nobody chose, one still in Singapore."""
    arm.group(GROUP)
    arm.subscription(PAY, "bulbul-pay-azure", GROUP)
    arm.subscription(SHOP, "bulbul-shop-azure", GROUP)
    arm.resource_group(PAY, "payments", "centralindia", PAYMENTS)
    arm.resource_group(SHOP, "shop", "southeastasia", CONTACTS)
    _plant_payments(arm)
    _plant_shop(arm)


def _plant_payments(arm: Arm) -> None:
    # Pune and its pair, Chennai: both in India.
    _storage(arm, PAY, "payments", "bulbulpaydisputes", "centralindia", "southindia")
    _server(arm, PAY, "payments", "bulbul-pay-risk", "centralindia", "southindia")
    # The account's record lies in Pune; somebody chose another region for its data.
    arm.plant(
        _id(PAY, "payments", "Microsoft.DocumentDB/databaseAccounts/bulbul-pay-sessions"),
        "centralindia",
        kind="GlobalDocumentDB",
        tags={},
        properties={
            "locations": [{"locationName": "East US", "failoverPriority": 0}],
            "writeLocations": [{"locationName": "East US", "failoverPriority": 0}],
            "backupPolicy": {
                "type": "Periodic",
                "periodicModeProperties": {"backupStorageRedundancy": "Local", "backupRetentionIntervalInHours": 8},
            },
        },
    )


def _plant_shop(arm: Arm) -> None:
    # Redundancy that nobody looked at: the pair of Singapore is Hong Kong.
    _storage(arm, SHOP, "shop", "bulbulshopinvoices", "southeastasia", "eastasia")
    # Nobody chose where the backups of this database go, either.
    _server(arm, SHOP, "shop", "bulbul-shop-returns", "southeastasia", "eastasia")


def _storage(arm: Arm, subscription: str, group: str, name: str, location: str, pair: str) -> None:
    arm.plant(
        _id(subscription, group, f"Microsoft.Storage/storageAccounts/{name}"),
        location,
        kind="StorageV2",
        sku={"name": "Standard_GRS", "tier": "Standard"},
        tags={},
        properties={"primaryLocation": location, "secondaryLocation": pair, "statusOfSecondary": "available"},
    )


def _server(arm: Arm, subscription: str, group: str, name: str, location: str, pair: str) -> None:
    server = _id(subscription, group, f"Microsoft.Sql/servers/{name}")
    arm.plant(server, location, kind="v12.0", tags={}, properties={"state": "Ready"})
    arm.plant(
        f"{server}/databases/{name}",
        location,
        kind="v12.0,user",
        sku={"name": "GP_Gen5", "tier": "GeneralPurpose"},
        tags={},
        properties={
            "currentBackupStorageRedundancy": "Geo",
            "requestedBackupStorageRedundancy": "Geo",
            "defaultSecondaryLocation": pair,
        },
    )


def _id(subscription: str, group: str, path: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{path}"
