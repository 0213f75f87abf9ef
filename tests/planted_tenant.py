"""A tenant of forty subscriptions with known copies in known places, and the truth about it, written down by hand.

The truth is data. It comes from reading what Azure says of its services and looking at what is planted below, never
from running domicile: nothing here may import a service file, nor what relates or classifies.
"""

from collections import Counter
from math import ceil
from typing import NamedTuple

from domicile.demo.tenant import TABLES, Answer, Arm

ROOT = "bulbul"
GROUPS = {
    ROOT: "",
    "bulbul-india": ROOT,
    "bulbul-india-regulated": "bulbul-india",
    "bulbul-abroad": ROOT,
    "bulbul-abroad-europe": "bulbul-abroad",
    "bulbul-odd": ROOT,
}

DISPLAY = {
    "centralindia": "Central India",
    "southindia": "South India",
    "southeastasia": "Southeast Asia",
    "eastasia": "East Asia",
    "northeurope": "North Europe",
    "westeurope": "West Europe",
    "uksouth": "UK South",
    "brazilsouth": "Brazil South",
    "southcentralus": "South Central US",
    "eastus": "East US",
    "swedencentral": "Sweden Central",
    "atlantiscentral": "Atlantis Central",
}
PAIRS = {
    "centralindia": "southindia",
    "southindia": "centralindia",
    "southeastasia": "eastasia",
    "eastasia": "southeastasia",
    "northeurope": "westeurope",
    "westeurope": "northeurope",
    "brazilsouth": "southcentralus",
    "southcentralus": "northcentralus",
    # A region that is in no table of ours, and that the cloud pairs with one in India.
    "atlantiscentral": "centralindia",
    # The shipped table says swedensouth: what the cloud says today counts.
    "swedencentral": "northeurope",
}
COUNTRY = {
    "centralindia": "IN",
    "southindia": "IN",
    "southeastasia": "SG",
    "eastasia": "HK",
    "northeurope": "IE",
    "westeurope": "NL",
    "uksouth": "GB",
    "brazilsouth": "BR",
    "southcentralus": "US",
    "eastus": "US",
    "swedencentral": "SE",
    # The data zone in which models process, and no region.
    "unitedstates": "US",
    # Nobody can say in which country these are.
    "": None,
    "atlantiscentral": None,
    "global": None,
    "europe": None,
    "westus/microsoftlosangeles1": None,
}


class Side(NamedTuple):
    """Where one service is planted: `here`, with copies `there`. `in` stays in India, `out` crosses a border."""

    code: str
    here: str
    there: str


def _sides(here: str, there: str) -> tuple[Side, Side]:
    return Side("in", "centralindia", "southindia"), Side("out", here, there)


SIDES = {
    "ai": _sides("swedencentral", "northeurope"),
    "compute": _sides("southeastasia", "eastasia"),
    "registry": _sides("centralindia", "westeurope"),
    "cosmos": _sides("northeurope", "eastus"),
    "protection": _sides("northeurope", "westeurope"),
    "events": _sides("centralindia", "uksouth"),
    "keys": _sides("southeastasia", "eastasia"),
    "logs": _sides("centralindia", "southeastasia"),
    "mysql": _sides("brazilsouth", "southcentralus"),
    "postgresql": _sides("northeurope", "westeurope"),
    "recovery": _sides("southeastasia", "eastasia"),
    "redis": _sides("centralindia", "southeastasia"),
    "bus": _sides("centralindia", "westeurope"),
    "sites": _sides("centralindia", "southeastasia"),
    "sql": _sides("southeastasia", "eastasia"),
    "instances": _sides("northeurope", "westeurope"),
    "storage": _sides("southeastasia", "eastasia"),
}
ODD = ("odd", "hidden", "denied", "crowded", "empty", "gone")
"""Hostile names and places; not to be seen; not to be asked; too much for one page; nothing; deleted."""

SUBSCRIPTIONS = {
    name: f"{number:08}-0000-4000-8000-00000000000a"
    for number, name in enumerate([*(f"{one}-{code}" for one in SIDES for code in ("in", "out")), *ODD], start=1)
}
PARTNER = "99999999-0000-4000-8000-00000000000f"
"""Somebody else's subscription, which nobody shows us."""

CROWD = 1050
NIGHTS = 120
DISPLAY_NAME = '=HYPERLINK("http://x")|\' or 1==1 | union resources // \u202etenin'
TAGS = {
    "Data-Class": "payment.transaction",
    "owner'; drop table resources | where true //": "=cmd|' /C calc'!A0",
    "\u202eyes": '"} ]) | project secret',
}
PAYMENTS = {"payment.transaction"}

STORE = "Microsoft.Storage/storageAccounts/"
COMPUTE = "Microsoft.Compute/"
DOCUMENTS = "Microsoft.DocumentDB/"
VAULTS = "Microsoft.RecoveryServices/vaults/"
BACKUPS = "Microsoft.DataProtection/backupVaults/"
KEYS = "Microsoft.KeyVault/"
LOGS = "Microsoft.OperationalInsights/workspaces/"
CACHE = "Microsoft.Cache/"
SQL = "Microsoft.Sql/"
MACHINE = f"{COMPUTE}virtualMachines/"
KEPT = "/Microsoft.Sql/locations/{here}/longTermRetention"
RESTORABLE = "/Microsoft.DocumentDB/locations/{here}/restorableDatabaseAccounts/"


def ident(subscription: str, path: str) -> str:
    """The id of what lies in the resource group of a subscription, or, where the path begins with a slash, in the
    subscription itself."""
    owner = f"/subscriptions/{SUBSCRIPTIONS.get(subscription, subscription)}"
    return f"{owner}/providers{path}" if path.startswith("/") else f"{owner}/resourceGroups/Data/providers/{path}"


def plant(arm: Arm) -> None:
    for name, parent in GROUPS.items():
        arm.group(name, parent)
    for name, subscription in SUBSCRIPTIONS.items():
        service, _, code = name.partition("-")
        group = {"in": "bulbul-india-regulated", "out": "bulbul-abroad-europe"}.get(code, "bulbul-odd")
        more = {"state": "Deleted"} if name == "gone" else {}
        arm.subscription(subscription, DISPLAY_NAME if name == "odd" else name, group, **more)
        arm.resource_group(subscription, "Data", "centralindia", TAGS if name == "odd" else {})
        if service in SIDES:
            for side in SIDES[service]:
                if side.code == code:
                    PLANTS[service](Ground(arm, name, side))
    arm.locations = [
        *(
            {
                "name": name,
                "displayName": shown,
                "metadata": {
                    "regionType": "Physical",
                    "pairedRegion": [{"name": PAIRS[name]}] if name in PAIRS else [],
                },
            }
            for name, shown in DISPLAY.items()
            # Of these the cloud says nothing: the shipped table knows them.
            if name not in {"brazilsouth", "southindia"}
        ),
        {"name": "europe", "displayName": "Europe", "metadata": {"regionType": "Logical"}},
    ]
    _plant_odd(arm)
    _plant_denied(arm)
    _plant_crowd(arm)
    # Neither of these may be found: one is not shown, the other is no longer asked.
    for name in ("hidden", "gone"):
        _store(arm, name, f"{name}store", "southeastasia", "Standard_GRS")
    arm.hidden.add(SUBSCRIPTIONS["hidden"])
    arm.refuse("resourcegraph", Answer(429, "RateLimiting", x_ms_user_quota_resets_after="00:00:03"), times=1)


class Ground:
    """One side of one service, in its subscription. Names end in the side, for some are unique in the world."""

    def __init__(self, arm: Arm, subscription: str, side: Side) -> None:
        self.arm, self.subscription, self.here, self.there = arm, subscription, side.here, side.there
        self.code = side.code

    def id(self, path: str) -> str:
        return ident(self.subscription, placed(path, self.code, self.here))

    def plant(self, path: str, location: str, properties: dict | None = None, **more: object) -> str:
        return self.arm.plant(self.id(path), location, properties=properties or {}, tags={}, **more)

    def listed(self, path: str, *properties: dict, **more: object) -> None:
        """What is answered at a path: one item for each of the properties."""
        value = [
            {"id": f"{path}/{number}", "name": f"{number}", "properties": one, **more}
            for number, one in enumerate(properties)
        ]
        self.arm.answer(path, value)

    def registered(self, provider: str, kinds: tuple[str, ...], *regions: str) -> None:
        self.arm.answer(
            f"/subscriptions/{SUBSCRIPTIONS[self.subscription]}/providers/{provider}",
            {
                "namespace": provider,
                "registrationState": "Registered",
                "resourceTypes": [
                    {"resourceType": kind, "locations": [DISPLAY[region] for region in regions]} for kind in kinds
                ],
            },
        )


def placed(path: str, code: str, here: str) -> str:
    return path.replace("{}", code).replace("{here}", here)


def _store(arm: Arm, subscription: str, name: str, location: str, redundancy: str = "Standard_LRS", **more) -> str:
    properties = {"primaryLocation": location, **more}
    return arm.plant(
        ident(subscription, f"{STORE}{name}"), location, kind="StorageV2", sku={"name": redundancy}, tags={},
        properties=properties,
    )  # fmt: skip


def _plant_storage(ground: Ground) -> None:
    arm, name = ground.arm, ground.subscription
    ledger = _store(arm, name, f"ledger{ground.code}", ground.here, "Standard_RAGRS", secondaryLocation=ground.there)
    archive = _store(arm, name, f"archive{ground.code}", DISPLAY[ground.there])
    policy = {"policyId": "p", "sourceAccount": ledger, "destinationAccount": archive.upper()}
    if ground.code == "out":
        # Names that only one account in the world has: where replication to other tenants is let be, that is all.
        policy |= {"sourceAccount": "ledgerout", "destinationAccount": "ArchiveOut"}
    for end in (ledger, archive):
        ground.listed(f"{end}/objectReplicationPolicies", policy)
    # Tables and queues only, and a data lake: neither has object replication, and nobody asks.
    ground.plant(
        f"{STORE}plain{{}}", ground.here, {"primaryLocation": ground.here}, kind="Storage", sku={"name": "Standard_ZRS"}
    )
    _store(arm, name, f"lake{ground.code}", ground.here, isHnsEnabled=True)


def _plant_compute(ground: Ground) -> None:
    def disk(name: str, location: str, made: dict) -> str:
        return ground.plant(
            f"{COMPUTE}disks/{name}", location, {"creationData": made, "timeCreated": "2026-01-01T00:00:00Z"}
        )

    def snapshot(name: str, location: str, made: dict) -> str:
        properties = {
            "creationData": made,
            "incrementalSnapshotFamilyId": f"f-{ground.code}",
            "timeCreated": "2026-11-20T19:00:05.3371984+00:00",
        }
        return ground.plant(f"{COMPUTE}snapshots/{name}", location, properties)

    till = disk("till{}", ground.here, {"createOption": "Empty"})
    night = snapshot("night{}", ground.here, {"createOption": "Copy", "sourceResourceId": till.upper()})
    snapshot("far{}", DISPLAY[ground.there], {"createOption": "CopyStart", "sourceResourceId": night})
    # The snapshot that this one was copied from has been rotated away.
    snapshot(
        "older{}",
        ground.there,
        {"createOption": "CopyStart", "sourceResourceId": ground.id(f"{COMPUTE}snapshots/lost{{}}")},
    )
    disk("again{}", ground.there, {"createOption": "Copy", "sourceResourceId": night})
    store = _store(ground.arm, ground.subscription, f"blobs{ground.code}", ground.here)
    snapshot("brought{}", ground.there, {"createOption": "Import", "storageAccountId": store})
    image = ground.plant(
        f"{COMPUTE}images/golden{{}}", ground.here,
        {"storageProfile": {"osDisk": {"managedDisk": {"id": till}}, "dataDisks": []}},
    )  # fmt: skip
    ground.plant(
        f"{COMPUTE}galleries/fleet/images/golden{{}}/versions/1.0.0", ground.here,
        {
            "publishingProfile": {"targetRegions": [{"name": DISPLAY[ground.here]}, {"name": DISPLAY[ground.there]}]},
            "storageProfile": {"source": {"id": image}},
        },
    )  # fmt: skip
    machine = ground.plant(f"{MACHINE}till{{}}", ground.here)
    points = ground.plant(f"{COMPUTE}restorePointCollections/points{{}}", ground.here, {"source": {"id": machine}})
    taken = {"provisioningState": "Succeeded", "timeCreated": "2026-11-20T20:00:00Z"}
    metadata = {"storageProfile": {"osDisk": {"managedDisk": {"id": till}}, "dataDisks": []}}
    ground.arm.answer(
        points, {"properties": {"restorePoints": [{"properties": {**taken, "sourceMetadata": metadata}}]}}
    )
    ground.plant(f"{COMPUTE}restorePointCollections/strewn{{}}", ground.there, {"source": {"id": points}})


def _plant_registry(ground: Ground) -> None:
    registry = "Microsoft.ContainerRegistry/registries/images{}"
    ground.plant(registry, ground.here, {"creationDate": "2026-01-15T07:45:12.1928374+00:00"})
    for region in (ground.here, ground.there):
        ground.plant(f"{registry}/replications/{region}", region)


def _plant_cosmos(ground: Ground) -> None:
    # The record was made somewhere else; nothing of the account is there.
    ground.plant(
        f"{DOCUMENTS}databaseAccounts/profiles{{}}", "westus",
        {
            "locations": [
                {"locationName": DISPLAY[ground.there], "failoverPriority": 1},
                {"locationName": DISPLAY[ground.here], "failoverPriority": 0},
            ],
            "backupPolicy": {"type": "Periodic", "periodicModeProperties": {"backupStorageRedundancy": "Geo"}},
        },
    )  # fmt: skip
    chats = ground.plant(f"{DOCUMENTS}mongoClusters/chats{{}}", ground.here, {"replica": {"role": "Primary"}})
    ground.plant(
        f"{DOCUMENTS}mongoClusters/chatsfar{{}}", ground.there,
        {"replica": {"role": "GeoAsyncReplica", "sourceResourceId": chats}},
    )  # fmt: skip
    ring = ground.plant(f"{DOCUMENTS}cassandraClusters/ring{{}}", ground.here)
    ground.listed(f"{ring}/dataCenters", *({"dataCenterLocation": DISPLAY[one]} for one in (ground.here, ground.there)))
    ground.registered("Microsoft.DocumentDB", ("databaseAccounts", "restorableDatabaseAccounts"), ground.here)
    place = {"locationName": DISPLAY[ground.there], "regionalDatabaseAccountInstanceId": f"instance-{ground.code}"}
    ground.arm.answer(
        ident(ground.subscription, "/Microsoft.DocumentDB/restorableDatabaseAccounts"),
        [
            {
                "id": ground.id(f"{RESTORABLE}deleted-{{}}"),
                "name": f"deleted-{ground.code}",
                "properties": {
                    "accountName": f"closed{ground.code}",
                    "deletionTime": "2026-11-22T09:00:00Z",
                    "restorableLocations": [place],
                },
            }
        ],
    )


def _plant_protection(ground: Ground) -> None:
    store = _store(ground.arm, ground.subscription, f"vaulted{ground.code}", ground.here)
    ground.plant(
        f"{BACKUPS}keep{{}}", ground.here,
        {
            "storageSettings": [{"datastoreType": "VaultStore", "type": "GeoRedundant"}],
            "featureSettings": {"crossRegionRestoreSettings": {"state": "Enabled"}},
        },
    )  # fmt: skip
    policy = ground.plant(
        f"{BACKUPS}keep{{}}/backupPolicies/nightly",
        "",
        {"policyRules": [{"dataStore": {"dataStoreType": "VaultStore"}}]},
    )
    ground.plant(
        f"{BACKUPS}keep{{}}/backupInstances/vaulted{{}}", "",
        {
            "friendlyName": f"blobs of vaulted{ground.code}",
            "dataSourceInfo": {"resourceID": store, "resourceLocation": DISPLAY[ground.here]},
            "policyInfo": {"policyId": policy.upper()},
        },
    )  # fmt: skip


def _replicated(ground: Ground) -> dict:
    locations = [
        {"locationName": ground.here, "roleType": "Primary"},
        {"locationName": DISPLAY[ground.there], "roleType": "Secondary"},
    ]
    return {"geoDataReplication": {"locations": locations}}


def _plant_events(ground: Ground) -> None:
    kind = "Microsoft.EventHub/namespaces/"
    events = ground.plant(f"{kind}events{{}}", ground.here, _replicated(ground), sku={"name": "Premium"})
    target = _store(ground.arm, ground.subscription, f"captured{ground.code}", ground.there)
    destination = {"properties": {"storageAccountResourceId": target.lower()}}
    capture = {"enabled": True, "destination": destination}
    ground.listed(
        f"{events}/eventhubs", {"captureDescription": capture}, {"captureDescription": {**capture, "enabled": False}}
    )
    # Resource Graph does not show of this one whether it is replicated: it is asked, and it is.
    silent = ground.plant(f"{kind}silent{{}}", ground.here, sku={"name": "Premium"})
    ground.arm.answer(silent, {"properties": _replicated(ground)})
    ground.plant(f"{kind}basic{{}}", ground.here, sku={"name": "Basic"})


def _plant_bus(ground: Ground) -> None:
    kind = "Microsoft.ServiceBus/namespaces/"
    ground.plant(f"{kind}orders{{}}", ground.here, _replicated(ground), sku={"name": "Premium"})
    silent = ground.plant(f"{kind}notices{{}}", ground.here, sku={"name": "Premium"})
    ground.arm.answer(silent, {"properties": {"geoDataReplication": {"locations": []}}})
    ground.plant(f"{kind}small{{}}", ground.here, sku={"name": "Standard"})


def _plant_keys(ground: Ground) -> None:
    ground.plant(f"{KEYS}vaults/keys{{}}", ground.here)
    both = [{"name": ground.here, "isPrimary": True}, {"name": ground.there, "isPrimary": False}]
    ground.plant(f"{KEYS}managedHSMs/module{{}}", ground.here, {"regions": both})
    untold = ground.plant(f"{KEYS}managedHSMs/untold{{}}", ground.here)
    ground.arm.answer(f"{untold}/regions", both)
    ground.registered("Microsoft.KeyVault", ("vaults", "managedHSMs"), ground.here)
    for kind, name, field, before in (
        ("deletedVaults", "oldkeys{}", "vaultId", f"{KEYS}vaults/"),
        ("deletedManagedHSMs", "oldmodule{}", "mhsmId", f"{KEYS}managedHSMs/"),
    ):
        one = placed(name, ground.code, ground.here)
        ground.arm.answer(
            ident(ground.subscription, f"/Microsoft.KeyVault/{kind}"),
            [
                {
                    "id": one,
                    "name": one,
                    "properties": {field: ground.id(before + name), "location": DISPLAY[ground.here]},
                }
            ],
        )


def _plant_logs(ground: Ground) -> None:
    logs = ground.plant(f"{LOGS}audit{{}}", ground.here, {"replication": {"enabled": True, "location": ground.there}})
    target = _store(ground.arm, ground.subscription, f"exported{ground.code}", ground.there)
    ground.listed(f"{logs}/dataExports", {"enable": True, "destination": {"resourceId": target}})
    quiet = ground.plant(f"{LOGS}quiet{{}}", ground.here)
    ground.arm.answer(quiet, {"properties": {"replication": {"enabled": False}}})


def _plant_flexible(ground: Ground, kind: str) -> None:
    shop = ground.plant(
        f"{kind}shop{{}}", ground.here, {"replicationRole": "Source", "backup": {"geoRedundantBackup": "Enabled"}}
    )
    replica = {
        "replicationRole": "Replica",
        "sourceServerResourceId": shop,
        "backup": {"geoRedundantBackup": "Disabled"},
    }
    ground.plant(f"{kind}shopread{{}}", ground.there, replica)


def _plant_mysql(ground: Ground) -> None:
    _plant_flexible(ground, "Microsoft.DBforMySQL/flexibleServers/")


def _plant_postgresql(ground: Ground) -> None:
    _plant_flexible(ground, "Microsoft.DBforPostgreSQL/flexibleServers/")


def _plant_recovery(ground: Ground) -> None:
    machine = ground.plant(f"{MACHINE}till{{}}", ground.here)
    ground.plant(
        f"{COMPUTE}disks/till{{}}", ground.here, {"creationData": {"createOption": "Empty"}}, managedBy=machine.upper()
    )
    vault = f"{VAULTS}night{{}}"
    ground.plant(vault, ground.here, {"redundancySettings": {"standardTierStorageRedundancy": "GeoRedundant"}})
    container = (
        "backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;data;till/protectedItems/VM;till"
    )
    protected = {
        "backupManagementType": "AzureIaasVM",
        "sourceResourceId": machine,
        "lastRecoveryPoint": "2026-11-24T20:00:00Z",
    }
    ground.plant(f"{vault}/{container}", ground.here, {"friendlyName": f"kept-{ground.code}", **protected})
    # The redundancy of an old vault is asked for, by itself.
    old = ground.plant(f"{VAULTS}old{{}}", ground.here)
    ground.arm.answer(
        f"{old}/backupstorageconfig/vaultstorageconfig", {"properties": {"storageType": "LocallyRedundant"}}
    )
    # Of vaults that were deleted: one machine is gone too, the other is still there.
    gone = ground.id(f"{MACHINE}gone{{}}")
    for name, source in (("softly", gone), ("still", machine)):
        ground.plant(
            f"/Microsoft.RecoveryServices/locations/{{here}}/deletedVaults/{name}-{{}}/{container}", "",
            {**protected, "friendlyName": f"{name}-{ground.code}", "sourceResourceId": source},
        )  # fmt: skip


def _plant_redis(ground: Ground) -> None:
    ends = [
        ground.plant(f"{CACHE}redis/{name}{{}}", place, {"sku": {"name": "Premium"}})
        for name, place in (("sessions", ground.here), ("halls", ground.there))
    ]
    for this, other, place, role in (
        (*ends, ground.there, "Secondary"),
        (*reversed(ends), ground.here, "Primary"),
    ):
        ground.listed(
            f"{this}/linkedServers",
            {"linkedRedisCacheId": other, "linkedRedisCacheLocation": DISPLAY[place], "serverRole": role},
        )
    ground.plant(f"{CACHE}redis/drafts{{}}", ground.here, {"sku": {"name": "Basic"}})
    clusters = [
        ground.plant(f"{CACHE}redisEnterprise/{name}{{}}", place)
        for name, place in (("carts", ground.here), ("wagons", ground.there))
    ]
    group = {"linkedDatabases": [{"id": f"{cluster}/databases/default"} for cluster in clusters]}
    for cluster in clusters:
        ground.listed(f"{cluster}/databases", {"geoReplication": group})


def _plant_sites(ground: Ground) -> None:
    vault = f"{VAULTS}far{{}}"
    ground.plant(vault, ground.there, {"redundancySettings": {"standardTierStorageRedundancy": "LocallyRedundant"}})
    empty = {"creationData": {"createOption": "Empty"}}
    named, unnamed = (ground.plant(f"{COMPUTE}disks/{name}{{}}", ground.here, empty) for name in ("web", "api"))
    replica = ground.plant(f"{COMPUTE}disks/web{{}}-ASRReplica", ground.there, empty)
    for name, disks in (
        ("web", {"diskId": named, "recoveryReplicaDiskId": replica.upper()}),
        ("api", {"diskId": unnamed}),
    ):
        ground.plant(
            f"{vault}/replicationFabrics/f/replicationProtectionContainers/c/replicationProtectedItems/{name}{{}}", "",
            {
                "providerSpecificDetails": {
                    "instanceType": "A2A",
                    "recoveryFabricLocation": DISPLAY[ground.there],
                    "protectedManagedDisks": [disks],
                }
            },
        )  # fmt: skip


def _plant_sql(ground: Ground) -> None:
    pay, away = (
        ground.plant(f"{SQL}servers/{name}{{}}", place)
        for name, place in (("pay", ground.here), ("paydr", ground.there))
    )
    # A server without data, which is asked nothing.
    ground.plant(f"{SQL}servers/bare{{}}", ground.here)
    ground.plant(f"{SQL}servers/bare{{}}/databases/master", ground.here, kind="v12.0,system")
    local = {"currentBackupStorageRedundancy": "Local", "requestedBackupStorageRedundancy": "Local"}
    geo = {"currentBackupStorageRedundancy": "Geo", "requestedBackupStorageRedundancy": "Geo"}
    for server, name, place, properties in (
        ("pay", "master", ground.here, geo),
        ("pay", "orders", ground.here, {**geo, "defaultSecondaryLocation": DISPLAY[ground.there]}),
        # A change of redundancy that is under way: data is where either word says.
        ("pay", "refunds", ground.here, {**local, "requestedBackupStorageRedundancy": "Geo"}),
        ("paydr", "orders", ground.there, {**local, "secondaryType": "Geo"}),
        ("paydr", "refunds", ground.there, {**local, "secondaryType": "Geo"}),
    ):
        kind = "v12.0,system" if name == "master" else "v12.0,user"
        ground.plant(f"{SQL}servers/{server}{{}}/databases/{name}", place, properties, kind=kind)
    for this, other, place, role in ((pay, away, ground.there, "Primary"), (away, pay, ground.here, "Secondary")):
        link = {
            "partnerServer": other.rpartition("/")[2],
            "partnerDatabase": "orders",
            "partnerDatabaseId": f"{other}/databases/orders",
            "partnerLocation": DISPLAY[place],
            "role": role,
        }
        ground.arm.answer(
            f"{this}/replicationLinks", [{"id": f"{this}/databases/orders/replicationLinks/1", "properties": link}]
        )
    _labelled(ground, f"{pay}/databases/orders", ("Highly Confidential", "Credit Card"), ("General", None))
    ground.listed(
        f"{pay}/failoverGroups",
        {
            "replicationRole": "Primary",
            "partnerServers": [{"id": away, "location": f"(Planet Earth) {DISPLAY[ground.there]}"}],
            "databases": [f"{pay}/databases/refunds"],
        },
    )
    ground.registered("Microsoft.Sql", LONG_TERM, ground.here, ground.there)
    kept = [
        (f"Servers/pay{ground.code}/longTermRetentionDatabases/orders", f"pay{ground.code}", "Geo", number)
        for number in range(NIGHTS)
    ]
    kept.append((f"Servers/closed{ground.code}/longTermRetentionDatabases/orders", f"closed{ground.code}", "Zone", 0))
    _long_term(ground, "longTermRetentionBackups", kept, "serverName")


def _plant_instances(ground: Ground) -> None:
    geo = {"currentBackupStorageRedundancy": "Geo"}
    core = ground.plant(f"{SQL}managedInstances/core{{}}", DISPLAY[ground.here], geo)
    spare = ground.plant(f"{SQL}managedInstances/spare{{}}", ground.there, {"storageAccountType": "LRS"})
    ground.arm.answer(f"{core}/databases", [{"id": f"{core}/databases/{name}", "name": name} for name in ("a", "b")])
    for name, label in (("a", "Confidential - GDPR"), ("b", "General")):
        _labelled(ground, f"{core}/databases/{name}", (label, "Name"))
    group = {
        "partnerRegions": [{"location": DISPLAY[ground.there]}],
        "managedInstancePairs": [{"primaryManagedInstanceId": core, "partnerManagedInstanceId": spare}],
    }
    for region in (ground.here, ground.there):
        ground.listed(ground.id(f"{SQL}locations/{region}/instanceFailoverGroups"), group)
    ground.registered("Microsoft.Sql", LONG_TERM, ground.here, ground.there)
    kept = [(f"ManagedInstances/core{ground.code}/longTermRetentionDatabases/main", f"core{ground.code}", "Geo", 0)]
    _long_term(ground, "longTermRetentionManagedInstanceBackups", kept, "managedInstanceName")


def _labelled(ground: Ground, database: str, *columns: tuple[str, str | None]) -> None:
    labels = [{"labelName": label, "informationType": information} for label, information in columns]
    ground.listed(f"{database}/currentSensitivityLabels", *labels)


LONG_TERM = ("locations/longTermRetentionBackups", "locations/longTermRetentionManagedInstanceBackups")


def _long_term(ground: Ground, kind: str, kept: list[tuple[str, str, str, int]], holder: str) -> None:
    ground.arm.answer(
        ground.id(f"/Microsoft.Sql/locations/{{here}}/{kind}"),
        [
            {
                "id": ground.id(f"{KEPT}{of}/{kind}/{number};1"),
                "name": f"{number};1",
                "properties": {
                    holder: name,
                    "databaseName": of.rpartition("/")[2],
                    "backupTime": "2026-01-06T22:00:00Z",
                    "backupExpirationTime": "2033-01-06T22:00:00Z",
                    "backupStorageRedundancy": redundancy,
                },
            }
            for of, name, redundancy, number in kept
        ],
    )


def _plant_ai(ground: Ground) -> None:
    kind = "Microsoft.CognitiveServices/accounts/"
    advice = ground.plant(f"{kind}advice{{}}", ground.here, kind="OpenAI")
    models = (
        [("Standard", 55), ("GlobalStandard", 1)] if ground.code == "in" else [("Standard", 1), ("DataZoneStandard", 1)]
    )
    ground.arm.answer(
        f"{advice}/deployments",
        [
            {"id": f"{advice}/deployments/{sku}-{number}", "sku": {"name": sku}, "properties": {}}
            for sku, count in models
            for number in range(count)
        ],
    )
    ground.plant(
        f"{kind}speech{{}}", ground.here,
        {"locations": {"regions": [{"name": DISPLAY[ground.here]}, {"name": DISPLAY[ground.there]}]}},
        kind="SpeechServices",
    )  # fmt: skip


PLANTS = {
    "ai": _plant_ai,
    "bus": _plant_bus,
    "compute": _plant_compute,
    "cosmos": _plant_cosmos,
    "events": _plant_events,
    "instances": _plant_instances,
    "keys": _plant_keys,
    "logs": _plant_logs,
    "mysql": _plant_mysql,
    "postgresql": _plant_postgresql,
    "protection": _plant_protection,
    "recovery": _plant_recovery,
    "redis": _plant_redis,
    "registry": _plant_registry,
    "sites": _plant_sites,
    "sql": _plant_sql,
    "storage": _plant_storage,
}


def _plant_odd(arm: Arm) -> None:
    _store(arm, "odd", "upper", "CENTRALINDIA")
    _store(arm, "odd", "shown", "South India", "Standard_GRS")
    _store(arm, "odd", "long", "(Asia Pacific) Central India")
    _store(arm, "odd", "unknown", "Atlantis Central", "Standard_GRS")
    _store(arm, "odd", "today", "swedencentral", "Standard_GZRS")
    # After a failover the data is at its primary location, whatever its location says.
    _store(arm, "odd", "moved", "southeastasia", primaryLocation="eastasia")
    # Of this nobody says how redundant it is.
    arm.plant(ident("odd", f"{STORE}mute"), "brazilsouth", kind="Storage", tags={})
    # Azure Key Vault does not use the pair of this region.
    arm.plant(ident("odd", f"{KEYS}vaults/home"), "brazilsouth", tags={})
    disk = ident("odd", f"{COMPUTE}disks/edge")
    arm.plant(disk, "westus", tags={}, extendedLocation={"name": "microsoftlosangeles1", "type": "EdgeZone"})
    model = arm.plant(ident("odd", f"{AI}atlas"), "eastus", kind="OpenAI", tags={}, properties={})
    deployed = {"id": f"{model}/deployments/zone", "sku": {"name": "DataZoneStandard"}, "properties": {}}
    arm.answer(f"{model}/deployments", [deployed])
    # One end is somebody else's: where it is nobody shows us.
    lent = _store(arm, "odd", "lent", "centralindia")
    partner = ident(PARTNER, f"{STORE}theirs")
    policy = {"policyId": "q", "sourceAccount": lent, "destinationAccount": partner}
    arm.answer(f"{lent}/objectReplicationPolicies", [{"properties": policy}])
    # A path that cannot be written as it is, and more of what is asked there than one page holds.
    strange = arm.plant(STRANGE, "centralindia", kind="StorageV2", sku={"name": "Standard_LRS"}, tags={}, properties={})
    arm.answer(
        f"{strange}/objectReplicationPolicies",
        [
            {"properties": {"policyId": f"{number}", "sourceAccount": strange, "destinationAccount": partner}}
            for number in range(arm.page + 1)
        ],
    )
    # From one subscription to another, each end by its bare name.
    bridge = {"policyId": "b", "sourceAccount": "pier", "destinationAccount": "landing"}
    for name, end, region in (("storage-in", "pier", "centralindia"), ("storage-out", "landing", "brazilsouth")):
        store = _store(arm, name, end, region)
        arm.answer(f"{store}/objectReplicationPolicies", [{"properties": bridge}])
    server = arm.plant(ident("odd", f"{SQL}servers/odd"), "centralindia", tags={})
    for name in HOSTILE:
        arm.plant(
            f"{server}/databases/{name}", "southindia", kind="v12.0,user", tags={},
            properties={"currentBackupStorageRedundancy": "Local"},
        )  # fmt: skip
    # Half a character: no store can keep it, so it is a gap of its own.
    arm.plant(f"{server}/databases/half\ud83d", "southindia", kind="v12.0,user", tags={}, properties={})


STRANGE = f"/subscriptions/{SUBSCRIPTIONS['odd']}/resourceGroups/पुणे (a'b).c/providers/{STORE}strange"
HOSTILE = ("a'b\"c | where true", "=1+1", "\u202efdp.exe", "परीक्षण", "100% [sure]?#x")


def _plant_denied(arm: Arm) -> None:
    """One question about one account, and one listing of one subscription, that we may not ask."""
    store = _store(arm, "denied", "closed", "centralindia")
    arm.refuse(f"{store}/objectReplicationPolicies", Answer(403, "AuthorizationFailed"))
    _store(arm, "denied", "open", "southindia")
    listing = ident("denied", "/Microsoft.DocumentDB")
    arm.answer(
        listing,
        {
            "registrationState": "Registered",
            "resourceTypes": [{"resourceType": "databaseAccounts", "locations": ["Central India"]}],
        },
    )
    arm.refuse(f"{listing}/restorableDatabaseAccounts", Answer(403, "AuthorizationFailed"))


def _plant_crowd(arm: Arm) -> None:
    for number in range(CROWD):
        arm.plant(
            ident("crowded", f"{STORE}crowd{number:04}"), "southindia", kind="Storage", tags={},
            sku={"name": "Standard_LRS"}, properties={},
        )  # fmt: skip
    # Neither holds data, and no sweep may bring it.
    arm.plant(ident("crowded", "Microsoft.Network/networkInterfaces/card"), "eastus", tags={})


class Place(NamedTuple):
    """One place where data is. `root` is the id of the dataset, `holder` the name of the resource, "" for a copy
    without one of its own and "*" for copies that come and go; `region` is "" where nobody can tell."""

    root: str
    channel: str
    holder: str
    subscription: str
    region: str
    kind: str

    @property
    def country(self) -> str | None:
        return COUNTRY[self.region]


LEDGER, VAULTED = f"{STORE}ledger{{}}", f"{STORE}vaulted{{}}"
TILL = f"{COMPUTE}disks/till{{}}"
IMAGES = "Microsoft.ContainerRegistry/registries/images{}"
PROFILES, CHATS = f"{DOCUMENTS}databaseAccounts/profiles{{}}", f"{DOCUMENTS}mongoClusters/chats{{}}"
RING, CLOSED = f"{DOCUMENTS}cassandraClusters/ring{{}}", f"{RESTORABLE}deleted-{{}}"
EVENTS, BUS = "Microsoft.EventHub/namespaces/", "Microsoft.ServiceBus/namespaces/"
MYSQL, POSTGRESQL = "Microsoft.DBforMySQL/flexibleServers/shop{}", "Microsoft.DBforPostgreSQL/flexibleServers/shop{}"
SESSIONS, CARTS = f"{CACHE}redis/sessions{{}}", f"{CACHE}redisEnterprise/carts{{}}"
ORDERS, REFUNDS = f"{SQL}servers/pay{{}}/databases/orders", f"{SQL}servers/pay{{}}/databases/refunds"
CLOSED_ORDERS = f"{KEPT}Servers/closed{{}}/longTermRetentionDatabases/orders"
CORE = f"{SQL}managedInstances/core{{}}"
AI = "Microsoft.CognitiveServices/accounts/"

# Service, root, channel, holder, region on the side that stays in India, region on the side that does not, kind.
BOTH = (
    ("storage", LEDGER, "", "ledger{}", "centralindia", "southeastasia", "primary"),
    ("storage", LEDGER, "azure-storage-geo-redundancy", "", "southindia", "eastasia", "replica"),
    ("storage", LEDGER, "azure-object-replication", "archive{}", "southindia", "eastasia", "replica"),
    ("storage", f"{STORE}plain{{}}", "", "plain{}", "centralindia", "southeastasia", "primary"),
    ("storage", f"{STORE}lake{{}}", "", "lake{}", "centralindia", "southeastasia", "primary"),
    ("compute", TILL, "", "till{}", "centralindia", "southeastasia", "primary"),
    ("compute", TILL, "azure-disk-snapshot", "*", "centralindia", "southeastasia", "snapshot"),
    ("compute", TILL, "azure-snapshot-copy", "*", "southindia", "eastasia", "snapshot"),
    ("compute", TILL, "azure-image-capture", "golden{}", "centralindia", "southeastasia", "snapshot"),
    ("compute", TILL, "azure-image-capture", "golden{}/1.0.0", "centralindia", "southeastasia", "snapshot"),
    ("compute", TILL, "azure-gallery-replication", "", "southindia", "eastasia", "replica"),
    ("compute", TILL, "azure-restore-point", "points{}", "centralindia", "southeastasia", "snapshot"),
    ("compute", TILL, "azure-restore-point-copy", "strewn{}", "southindia", "eastasia", "snapshot"),
    ("compute", f"{COMPUTE}disks/again{{}}", "", "again{}", "southindia", "eastasia", "primary"),
    ("compute", f"{STORE}blobs{{}}", "", "blobs{}", "centralindia", "southeastasia", "primary"),
    ("compute", f"{COMPUTE}snapshots/brought{{}}", "", "*", "southindia", "eastasia", "snapshot"),
    ("registry", IMAGES, "", "images{}", "centralindia", "centralindia", "primary"),
    ("registry", IMAGES, "azure-registry-replication", "images{}/{there}", "southindia", "westeurope", "replica"),
    ("cosmos", PROFILES, "", "profiles{}", "centralindia", "northeurope", "primary"),
    ("cosmos", PROFILES, "azure-cosmos-region", "", "southindia", "eastus", "replica"),
    ("cosmos", PROFILES, "azure-cosmos-backup", "", "centralindia", "northeurope", "backup"),
    ("cosmos", PROFILES, "azure-cosmos-geo-backup", "", "southindia", "westeurope", "backup"),
    ("cosmos", CHATS, "", "chats{}", "centralindia", "northeurope", "primary"),
    ("cosmos", CHATS, "azure-cosmos-mongo-replica", "chatsfar{}", "southindia", "eastus", "replica"),
    ("cosmos", RING, "", "ring{}", "centralindia", "northeurope", "primary"),
    ("cosmos", RING, "azure-cosmos-cassandra-data-center", "", "southindia", "eastus", "replica"),
    ("cosmos", CLOSED, "azure-cosmos-restorable", "closed{}", "southindia", "eastus", "backup"),
    ("protection", VAULTED, "", "vaulted{}", "centralindia", "northeurope", "primary"),
    ("protection", VAULTED, "azure-backup-instance", "blobs of vaulted{}", "centralindia", "northeurope", "backup"),
    ("protection", VAULTED, "azure-backup-vault-geo-redundancy", "", "southindia", "westeurope", "backup"),
    ("protection", f"{BACKUPS}keep{{}}", "", "keep{}", "centralindia", "northeurope", "backup"),
    ("protection", f"{BACKUPS}keep{{}}", "azure-backup-vault-geo-redundancy", "", "southindia", "westeurope", "backup"),
    ("events", f"{EVENTS}events{{}}", "", "events{}", "centralindia", "centralindia", "primary"),
    ("events", f"{EVENTS}events{{}}", "azure-event-hubs-geo-replication", "", "southindia", "uksouth", "replica"),
    ("events", f"{EVENTS}events{{}}", "azure-event-hubs-capture", "captured{}", "southindia", "uksouth", "export"),
    ("events", f"{EVENTS}silent{{}}", "", "silent{}", "centralindia", "centralindia", "primary"),
    ("events", f"{EVENTS}silent{{}}", "azure-event-hubs-geo-replication", "", "southindia", "uksouth", "replica"),
    ("events", f"{EVENTS}basic{{}}", "", "basic{}", "centralindia", "centralindia", "primary"),
    ("bus", f"{BUS}orders{{}}", "", "orders{}", "centralindia", "centralindia", "primary"),
    ("bus", f"{BUS}orders{{}}", "azure-service-bus-geo-replication", "", "southindia", "westeurope", "replica"),
    ("bus", f"{BUS}notices{{}}", "", "notices{}", "centralindia", "centralindia", "primary"),
    ("bus", f"{BUS}small{{}}", "", "small{}", "centralindia", "centralindia", "primary"),
    ("keys", f"{KEYS}vaults/keys{{}}", "", "keys{}", "centralindia", "southeastasia", "primary"),
    ("keys", f"{KEYS}vaults/keys{{}}", "azure-key-vault-pair", "", "southindia", "eastasia", "replica"),
    ("keys", f"{KEYS}managedHSMs/module{{}}", "", "module{}", "centralindia", "southeastasia", "primary"),
    ("keys", f"{KEYS}managedHSMs/module{{}}", "azure-managed-hsm-region", "", "southindia", "eastasia", "replica"),
    ("keys", f"{KEYS}managedHSMs/untold{{}}", "", "untold{}", "centralindia", "southeastasia", "primary"),
    ("keys", f"{KEYS}managedHSMs/untold{{}}", "azure-managed-hsm-region", "", "southindia", "eastasia", "replica"),
    ("keys", f"{KEYS}vaults/oldkeys{{}}", "", "oldkeys{}", "centralindia", "southeastasia", "primary"),
    ("keys", f"{KEYS}vaults/oldkeys{{}}", "azure-key-vault-pair", "", "southindia", "eastasia", "replica"),
    ("keys", f"{KEYS}managedHSMs/oldmodule{{}}", "", "oldmodule{}", "centralindia", "southeastasia", "primary"),
    ("logs", f"{LOGS}audit{{}}", "", "audit{}", "centralindia", "centralindia", "log"),
    ("logs", f"{LOGS}audit{{}}", "azure-log-analytics-replication", "", "southindia", "southeastasia", "log"),
    ("logs", f"{LOGS}audit{{}}", "azure-log-analytics-export", "exported{}", "southindia", "southeastasia", "log"),
    ("logs", f"{LOGS}quiet{{}}", "", "quiet{}", "centralindia", "centralindia", "log"),
    ("mysql", MYSQL, "", "shop{}", "centralindia", "brazilsouth", "primary"),
    ("mysql", MYSQL, "azure-mysql-backup", "", "centralindia", "brazilsouth", "backup"),
    ("mysql", MYSQL, "azure-mysql-geo-backup", "", "southindia", "southcentralus", "backup"),
    ("mysql", MYSQL, "azure-mysql-replica", "shopread{}", "southindia", "southcentralus", "replica"),
    ("postgresql", POSTGRESQL, "", "shop{}", "centralindia", "northeurope", "primary"),
    ("postgresql", POSTGRESQL, "azure-postgresql-backup", "", "centralindia", "northeurope", "backup"),
    ("postgresql", POSTGRESQL, "azure-postgresql-geo-backup", "", "southindia", "westeurope", "backup"),
    ("postgresql", POSTGRESQL, "azure-postgresql-replica", "shopread{}", "southindia", "westeurope", "replica"),
    ("recovery", TILL, "", "till{}", "centralindia", "southeastasia", "primary"),
    ("recovery", TILL, "azure-backup", "kept-{}", "centralindia", "southeastasia", "backup"),
    ("recovery", TILL, "azure-backup-in-deleted-vault", "still-{}", "centralindia", "southeastasia", "backup"),
    ("recovery", TILL, "azure-recovery-vault-geo-redundancy", "", "", "", "backup"),
    ("recovery", TILL, "azure-recovery-vault-geo-redundancy", "", "southindia", "eastasia", "backup"),
    ("recovery", f"{VAULTS}night{{}}", "", "night{}", "centralindia", "southeastasia", "backup"),
    ("recovery", f"{VAULTS}night{{}}", "azure-recovery-vault-geo-redundancy", "", "southindia", "eastasia", "backup"),
    ("recovery", f"{VAULTS}old{{}}", "", "old{}", "centralindia", "southeastasia", "backup"),
    ("recovery", f"{MACHINE}gone{{}}", "azure-backup-in-deleted-vault", "softly-{}", "centralindia", "southeastasia", "backup"),
    # How redundant the vault was is no longer told.
    ("recovery", f"{MACHINE}gone{{}}", "azure-recovery-vault-geo-redundancy", "", "", "", "backup"),
    ("redis", SESSIONS, "", "sessions{}", "centralindia", "centralindia", "cache"),
    ("redis", SESSIONS, "azure-redis-geo-replication", "halls{}", "southindia", "southeastasia", "replica"),
    ("redis", f"{CACHE}redis/drafts{{}}", "", "drafts{}", "centralindia", "centralindia", "cache"),
    ("redis", CARTS, "", "carts{}", "centralindia", "centralindia", "cache"),
    ("redis", CARTS, "azure-redis-active-geo-replication", "wagons{}", "southindia", "southeastasia", "replica"),
    ("sites", f"{VAULTS}far{{}}", "", "far{}", "southindia", "southeastasia", "backup"),
    ("sites", f"{COMPUTE}disks/web{{}}", "", "web{}", "centralindia", "centralindia", "primary"),
    ("sites", f"{COMPUTE}disks/web{{}}", "azure-site-recovery", "web{}-ASRReplica", "southindia", "southeastasia", "replica"),
    ("sites", f"{COMPUTE}disks/api{{}}", "", "api{}", "centralindia", "centralindia", "primary"),
    ("sites", f"{COMPUTE}disks/api{{}}", "azure-site-recovery", "api{}", "southindia", "southeastasia", "replica"),
    ("sql", ORDERS, "", "orders", "centralindia", "southeastasia", "primary"),
    ("sql", ORDERS, "azure-sql-backup", "", "centralindia", "southeastasia", "backup"),
    ("sql", ORDERS, "azure-sql-geo-backup", "", "southindia", "eastasia", "backup"),
    ("sql", ORDERS, "azure-sql-geo-replication", "orders", "southindia", "eastasia", "replica"),
    ("sql", ORDERS, "azure-sql-long-term-retention", "*", "centralindia", "southeastasia", "backup"),
    ("sql", ORDERS, "azure-sql-long-term-geo-backup", "", "southindia", "eastasia", "backup"),
    ("sql", REFUNDS, "", "refunds", "centralindia", "southeastasia", "primary"),
    ("sql", REFUNDS, "azure-sql-backup", "", "centralindia", "southeastasia", "backup"),
    ("sql", REFUNDS, "azure-sql-geo-backup", "", "southindia", "eastasia", "backup"),
    ("sql", REFUNDS, "azure-sql-failover-group", "refunds", "southindia", "eastasia", "replica"),
    ("sql", CLOSED_ORDERS, "azure-sql-long-term-retention", "*", "centralindia", "southeastasia", "backup"),
    ("instances", CORE, "", "core{}", "centralindia", "northeurope", "primary"),
    ("instances", CORE, "azure-sql-instance-backup", "", "centralindia", "northeurope", "backup"),
    ("instances", CORE, "azure-sql-instance-geo-backup", "", "southindia", "westeurope", "backup"),
    ("instances", CORE, "azure-sql-instance-failover-group", "spare{}", "southindia", "westeurope", "replica"),
    ("instances", CORE, "azure-sql-instance-backup", "", "southindia", "westeurope", "backup"),
    ("instances", CORE, "azure-sql-long-term-retention", "*", "centralindia", "northeurope", "backup"),
    ("instances", CORE, "azure-sql-long-term-geo-backup", "", "southindia", "westeurope", "backup"),
    ("ai", f"{AI}advice{{}}", "", "advice{}", "centralindia", "swedencentral", "primary"),
    # A global deployment may process anywhere, one of a data zone anywhere in the Union.
    ("ai", f"{AI}advice{{}}", "azure-ai-processing", "", "global", "europe", "processing"),
    ("ai", f"{AI}speech{{}}", "", "speech{}", "centralindia", "swedencentral", "primary"),
    ("ai", f"{AI}speech{{}}", "azure-ai-multi-region-routing", "", "southindia", "northeurope", "processing"),
)  # fmt: skip


def _on_each_side() -> list[Place]:
    return [
        Place(
            ident(f"{service}-{side.code}", placed(root, side.code, side.here)).lower(),
            channel,
            holder.replace("{}", side.code).replace("{there}", side.there),
            SUBSCRIPTIONS[f"{service}-{side.code}"],
            home if side.code == "in" else away,
            kind,
        )
        for service, root, channel, holder, home, away, kind in BOTH
        for side in SIDES[service]
    ]


def _lone(subscription: str, path: str, channel: str, region: str, kind: str = "primary", holder: str = "") -> Place:
    """A place of what is planted once; its root holds itself."""
    owner, root = SUBSCRIPTIONS[subscription], ident(subscription, path)
    return Place(root.lower(), channel, holder or ("" if channel else root.rpartition("/")[2]), owner, region, kind)


GEO = "azure-storage-geo-redundancy"
PLACES = (
    *_on_each_side(),
    _lone("odd", f"{STORE}upper", "", "centralindia"),
    _lone("odd", f"{STORE}shown", "", "southindia"),
    _lone("odd", f"{STORE}shown", GEO, "centralindia", "replica"),
    _lone("odd", f"{STORE}long", "", "centralindia"),
    _lone("odd", f"{STORE}unknown", "", "atlantiscentral"),
    _lone("odd", f"{STORE}unknown", GEO, "centralindia", "replica"),
    _lone("odd", f"{STORE}today", "", "swedencentral"),
    _lone("odd", f"{STORE}today", GEO, "northeurope", "replica"),
    _lone("odd", f"{STORE}moved", "", "eastasia"),
    _lone("odd", f"{STORE}mute", "", "brazilsouth"),
    _lone("odd", f"{STORE}mute", GEO, "", "replica"),
    _lone("storage-in", f"{STORE}pier", "", "centralindia"),
    Place(
        ident("storage-in", f"{STORE}pier").lower(),
        "azure-object-replication",
        "landing",
        SUBSCRIPTIONS["storage-out"],
        "brazilsouth",
        "replica",
    ),
    _lone("odd", f"{STORE}lent", "", "centralindia"),
    # Two accounts feed it: it is nobody's alone.
    Place(
        ident(PARTNER, f"{STORE}theirs").lower(),
        "azure-object-replication",
        ident(PARTNER, f"{STORE}theirs").lower(),
        PARTNER,
        "",
        "replica",
    ),
    Place(STRANGE.lower(), "", "strange", SUBSCRIPTIONS["odd"], "centralindia", "primary"),
    _lone("odd", f"{KEYS}vaults/home", "", "brazilsouth"),
    _lone("odd", f"{COMPUTE}disks/edge", "", "westus/microsoftlosangeles1"),
    _lone("odd", f"{AI}atlas", "", "eastus"),
    _lone("odd", f"{AI}atlas", "azure-ai-processing", "unitedstates", "processing"),
    *(_lone("odd", f"{SQL}servers/odd/databases/{name}", "", "southindia") for name in HOSTILE),
    *(
        _lone("odd", f"{SQL}servers/odd/databases/{name}", "azure-sql-backup", "southindia", "backup")
        for name in HOSTILE
    ),
    _lone("denied", f"{STORE}closed", "", "centralindia"),
    _lone("denied", f"{STORE}open", "", "southindia"),
    *(_lone("crowded", f"{STORE}crowd{number:04}", "", "southindia") for number in range(CROWD)),
)
"""Every place of every dataset."""


class Seed(NamedTuple):
    """How something was made from the data of something else, what it was made of, and whose data that is."""

    channel: str
    of: str
    dataset: str


def _seeds() -> dict[str, Seed]:
    made = (
        (f"{COMPUTE}disks/again{{}}", "azure-disk-made-from", f"{COMPUTE}snapshots/night{{}}", TILL),
        (f"{COMPUTE}snapshots/brought{{}}", "azure-snapshot-import", f"{STORE}blobs{{}}", f"{STORE}blobs{{}}"),
    )

    def id_of(path: str, code: str) -> str:
        return ident(f"compute-{code}", path.replace("{}", code)).lower()

    return {
        id_of(path, code): Seed(channel, id_of(of, code), id_of(dataset, code))
        for path, channel, of, dataset in made
        for code in ("in", "out")
    }


SEEDS = _seeds()
"""What was made from the data of something else, and holds data of its own since."""

LABELS = {
    "Highly Confidential": ("payment.card",),
    "Confidential*": ("personal",),
    "General": ("x.ordinary",),
}
"""What the labels of columns mean to the organisation."""
LABELLED = {
    ident(f"{service}-{side.code}", placed(path, side.code, side.here)).lower(): classes
    for service, path, classes in (
        ("sql", ORDERS, {"payment.card", "x.ordinary"}),
        ("instances", CORE, {"personal", "x.ordinary"}),
    )
    for side in SIDES[service]
}
"""The classes of whatever has labelled columns."""

GAPS = {
    (SUBSCRIPTIONS["hidden"], "*", "denied", "", ""),
    (SUBSCRIPTIONS["gone"], "*", "suspended", "", ""),
    (SUBSCRIPTIONS["denied"], "storage.accounts", "denied", ident("denied", f"{STORE}closed").lower(), "replication"),
    (SUBSCRIPTIONS["denied"], "cosmos.restorable-accounts", "denied", "", ""),
    (
        SUBSCRIPTIONS["odd"],
        "sql.databases",
        "error",
        ident("odd", f"{SQL}servers/odd/databases/half\\ud83d").lower(),
        "",
    ),
    # Nor can it be asked about.
    (
        SUBSCRIPTIONS["odd"],
        "sql.databases",
        "error",
        ident("odd", f"{SQL}servers/odd/databases/half\\ud83d").lower(),
        "labels",
    ),
}
"""Subscription, listing, reason, resource and part of all that could not be looked at."""


# How many calls all that takes


HOLDS_NOTHING = {"microsoft.compute/virtualmachines", "microsoft.network/networkinterfaces"}

ASKED = (
    (
        "Microsoft.Storage/storageAccounts/objectReplicationPolicies",
        lambda one: one["kind"] in {"StorageV2", "BlockBlobStorage"} and not one["properties"].get("isHnsEnabled"),
    ),
    ("Microsoft.CognitiveServices/accounts/deployments", lambda one: one["kind"] in {"OpenAI", "AIServices"}),
    ("Microsoft.Cache/redis/linkedServers", lambda one: one["properties"]["sku"]["name"] == "Premium"),
    ("Microsoft.Cache/redisEnterprise/databases", lambda _: True),
    ("Microsoft.DocumentDB/cassandraClusters/dataCenters", lambda _: True),
    ("Microsoft.EventHub/namespaces/eventhubs", lambda one: one["sku"]["name"] != "Basic"),
    ("Microsoft.KeyVault/managedHSMs/regions", lambda one: "regions" not in one["properties"]),
    ("Microsoft.OperationalInsights/workspaces/dataExports", lambda _: True),
    (
        "Microsoft.RecoveryServices/vaults/backupstorageconfig",
        lambda one: "redundancySettings" not in one["properties"],
    ),
)
"""What Resource Graph does not hold of a resource, by the listing below it, and of which resources it is asked."""

ASKED_AGAIN = (
    ("Microsoft.Compute/restorePointCollections", lambda one: "/virtualMachines/" in one["properties"]["source"]["id"]),
    ("Microsoft.EventHub/namespaces", lambda one: one["sku"]["name"] == "Premium" and not one["properties"]),
    ("Microsoft.ServiceBus/namespaces", lambda one: one["sku"]["name"] == "Premium" and not one["properties"]),
    ("Microsoft.OperationalInsights/workspaces", lambda one: "replication" not in one["properties"]),
)
"""Resources whose own row leaves out what the resource itself tells."""

BELOW_SUBSCRIPTIONS = (
    ("Microsoft.DocumentDB/restorableDatabaseAccounts", "cosmos"),
    ("Microsoft.KeyVault/deletedVaults", "keys"),
    ("Microsoft.KeyVault/deletedManagedHSMs", "keys"),
)
REGISTRATIONS = 3
"""How often each subscription is asked whether it was ever registered: once for each provider of something that outlives
what it was of, which are accounts, vaults and long-term backups."""


def calls(arm: Arm) -> Counter[str]:
    """How often each action is taken: sweeps by thousands of rows, whatever the number of subscriptions, and one call
    for each page of what a sweep does not hold."""
    shown = [one for one in arm.resources if one["id"].split("/")[2] not in arm.hidden]
    containers = [one for one in shown if one["type"].lower().endswith("/resourcegroups")]
    holding = [one for one in shown if one not in containers and one["type"].lower() not in HOLDS_NOTHING]
    recovered = [one for one in holding if TABLES.get(one["type"].lower()) == "recoveryservicesresources"]
    looked_into = [name for name in SUBSCRIPTIONS if name not in {"hidden", "gone"}]
    asked = [one for one in holding if one["id"].split("/")[2] != SUBSCRIPTIONS["gone"]]

    def pages(path: str) -> int:
        value = arm.children.get(path.lower(), [])
        return ceil(len(value) / arm.page) or 1 if isinstance(value, list) else 1

    expected = Counter(
        {
            "Microsoft.Management/managementGroups/descendants/read": ceil(
                (len(SUBSCRIPTIONS) + len(GROUPS) - 1) / arm.page
            ),
            "Microsoft.Resources/subscriptions/locations/read": 1,
            "Microsoft.ResourceGraph/resources/read": 1  # refused for too many questions, once
            + ceil((len(containers) + len(SUBSCRIPTIONS) - len(arm.hidden)) / 1000)
            + ceil((len(holding) - len(recovered)) / 1000)
            + ceil(len(recovered) / 1000),
            "Microsoft.Resources/subscriptions/providers/read": REGISTRATIONS * len(looked_into),
        }
    )
    for listing, gate in ASKED:
        above, _, last = listing.rpartition("/")
        last = f"{last}/vaultstorageconfig" if last == "backupstorageconfig" else last
        of_type = [one for one in asked if one["type"].lower() == above.lower()]
        expected[f"{listing}/read"] += sum(pages(f"{one['id']}/{last}") for one in of_type if gate(one))
    for kind, gate in ASKED_AGAIN:
        expected[f"{kind}/read"] += sum(one["type"].lower() == kind.lower() and gate(one) for one in asked)
    for listing, service in BELOW_SUBSCRIPTIONS:
        for code in ("in", "out"):
            expected[f"{listing}/read"] += pages(ident(f"{service}-{code}", f"/{listing}"))
    # The subscription that may not ask is registered all the same.
    expected["Microsoft.DocumentDB/restorableDatabaseAccounts/read"] += 1
    # Whatever became of the servers, in every region where there can be some.
    for service in ("sql", "instances"):
        for side in SIDES[service]:
            for kind in LONG_TERM:
                for region in (side.here, side.there):
                    path = ident(f"{service}-{side.code}", f"/Microsoft.Sql/{kind.replace('/', f'/{region}/')}")
                    expected[f"Microsoft.Sql/{kind}/read"] += pages(path)
    databases = [
        one["id"] for one in asked if one["type"] == "Microsoft.Sql/servers/databases" and one["name"] != "master"
    ]
    # Of half a character nothing can be asked.
    expected["Microsoft.Sql/servers/databases/currentSensitivityLabels/read"] += sum(
        pages(f"{one}/currentSensitivityLabels") for one in databases if "\ud83d" not in one
    )
    filled = {one.rpartition("/databases/")[0] for one in databases}
    for listing in ("replicationLinks", "failoverGroups"):
        expected[f"Microsoft.Sql/servers/{listing}/read"] += sum(pages(f"{server}/{listing}") for server in filled)
    for one in asked:
        if one["type"] == "Microsoft.Sql/managedInstances":
            expected["Microsoft.Sql/locations/instanceFailoverGroups/read"] += 1
            expected["Microsoft.Sql/managedInstances/databases/read"] += pages(f"{one['id']}/databases")
            for below in arm.children.get(f"{one['id']}/databases".lower(), ()):
                labels = "Microsoft.Sql/managedInstances/databases/currentSensitivityLabels/read"
                expected[labels] += pages(f"{below['id']}/currentSensitivityLabels")
    return expected
