"""What a provider does to one subscription of Azure: a Resource Manager that knows what there is, and nothing of what it
does.

It refuses what lies in, or refers to, something that is not there; what is there already; and what may not go yet.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

TENANT = "72f988bf-0000-0000-0000-000000000001"
DEPLOYER = "33333333-cccc-4ccc-8ccc-333333333333"


class Kind:
    """A kind of resource: how its id follows from its inputs, and what Azure adds to them. `last` is the kind that goes
    before it; a `setting` of something else takes nothing with it."""

    def __init__(self, path: str, *, named: str = "", last: str = "", setting: bool = False, **added: str) -> None:
        self.path, self.named, self.last, self.setting, self.added = path, named, last, setting, added
        self.replaces = frozenset({*re.findall(r"{(\w+)}", path), "location"})

    def name(self, urn_name: str, seed: str) -> str:
        return str(uuid.UUID(seed[:32]))

    def holder(self) -> str:
        """The path of what it lies in."""
        above = self.path.rpartition("/")[0]
        return above[: above.rfind("}") + 1]


GROUP = "/resourceGroups/{resourceGroupName}"
HERE = GROUP + "/providers/Microsoft."
COSMOS = HERE + "DocumentDB/databaseAccounts/{accountName}"
MAILS = HERE + "Communication/emailServices/{emailServiceName}"
SITE = HERE + "Web/sites/{name}"
STORAGE = HERE + "Storage/storageAccounts/{accountName}"
ZONE = HERE + "Network/privateDnsZones/{privateZoneName}"
ENDPOINT = HERE + "Network/privateEndpoints/{privateEndpointName}"

KINDS: Mapping[str, Kind] = {
    "applicationinsights:Component": Kind(
        HERE + "Insights/components/{resourceName}", connectionString="InstrumentationKey={mark}"
    ),
    "authorization:RoleAssignment": Kind(
        "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}", named="roleAssignmentName"
    ),
    "communication:CommunicationService": Kind(
        HERE + "Communication/communicationServices/{communicationServiceName}",
        hostName="{name}.india.communication.azure.com",
    ),
    "communication:Domain": Kind(MAILS + "/domains/{domainName}", fromSenderDomain="{mark}.azurecomm.net"),
    "communication:EmailService": Kind(MAILS),
    "cosmosdb:DatabaseAccount": Kind(COSMOS),
    "cosmosdb:SqlResourceSqlContainer": Kind(COSMOS + "/sqlDatabases/{databaseName}/containers/{containerName}"),
    "cosmosdb:SqlResourceSqlDatabase": Kind(COSMOS + "/sqlDatabases/{databaseName}"),
    "cosmosdb:SqlResourceSqlRoleAssignment": Kind(COSMOS + "/sqlRoleAssignments/{roleAssignmentId}"),
    "managedidentity:UserAssignedIdentity": Kind(
        HERE + "ManagedIdentity/userAssignedIdentities/{resourceName}", principalId="{mark}", clientId="{mark}"
    ),
    "monitor:ActionGroup": Kind(HERE + "Insights/actionGroups/{actionGroupName}"),
    "monitor:ScheduledQueryRule": Kind(HERE + "Insights/scheduledQueryRules/{ruleName}"),
    "network:PrivateDnsZoneGroup": Kind(ENDPOINT + "/privateDnsZoneGroups/{privateDnsZoneGroupName}"),
    "network:PrivateEndpoint": Kind(ENDPOINT),
    "operationalinsights:Workspace": Kind(HERE + "OperationalInsights/workspaces/{workspaceName}", customerId="{mark}"),
    "privatedns:PrivateZone": Kind(ZONE, last="privatedns:VirtualNetworkLink"),
    "privatedns:VirtualNetworkLink": Kind(ZONE + "/virtualNetworkLinks/{virtualNetworkLinkName}"),
    "resources:ResourceGroup": Kind(GROUP),
    "storage:BlobContainer": Kind(STORAGE + "/blobServices/default/containers/{containerName}"),
    "storage:BlobServiceProperties": Kind(STORAGE + "/blobServices/{blobServicesName}", setting=True),
    "storage:ManagementPolicy": Kind(STORAGE + "/managementPolicies/{managementPolicyName}"),
    "storage:StorageAccount": Kind(STORAGE),
    "web:AppServicePlan": Kind(HERE + "Web/serverfarms/{name}", last="web:WebApp"),
    "web:WebApp": Kind(SITE, defaultHostName="{name}.azurewebsites.net"),
    "web:WebAppFtpAllowed": Kind(SITE + "/basicPublishingCredentialsPolicies/ftp"),
    "web:WebAppScmAllowed": Kind(SITE + "/basicPublishingCredentialsPolicies/scm"),
}


class StandinAzure:
    """`resources` are all there are, by their ids; `calls` is what was asked to be made, changed or removed."""

    package = "azure-native"

    def __init__(self, subscription: str) -> None:
        self.subscription = subscription
        self.resources: dict[str, tuple[str, dict[str, Any]]] = {}
        self.calls: list[tuple[str, str]] = []
        self._networks: dict[str, str] = {}

    def network(self, group: str, name: str, location: str, subnets: Iterable[str]) -> None:
        """Somebody has a network already."""
        ident = self._network(group, name)
        self._networks |= dict.fromkeys([ident, *(f"{ident}/subnets/{subnet}" for subnet in subnets)], location)

    def configure(self, given: Mapping[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass

    def kind(self, kind: str) -> Kind:
        try:
            return KINDS[kind.removeprefix("azure-native:")]
        except KeyError:
            raise LookupError(f"the stand-in does not know {kind}") from None

    def shown(self, given: dict[str, Any]) -> dict[str, Any]:
        """What is said of what was given: of identities, which are asked for in a list, by their ids."""
        if "userAssignedIdentities" not in (identity := given.get("identity") or {}):
            return given
        return {**given, "identity": {**identity, "userAssignedIdentities": {}}}

    def make(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        its = self.kind(kind)
        ident = self._ident(its.path, given)
        if ident.lower() in self._known():
            raise LookupError(f"{ident} is there already")
        self._found(self._ident(its.holder(), given))
        self._refers(given)
        name = ident.rpartition("/")[2]
        mark = str(uuid.uuid5(uuid.NAMESPACE_URL, ident))
        self.resources[ident] = (kind, given)
        self.calls.append(("make", ident))
        added = {what: text.format(name=name, mark=mark) for what, text in its.added.items()}
        return {"id": ident, "name": name, **added}

    def change(self, kind: str, known: str, given: dict[str, Any]) -> dict[str, Any]:
        self._found(known)
        self._refers(given)
        self.resources[known] = (kind, given)
        self.calls.append(("change", known))
        return {}

    def remove(self, kind: str, known: str, state: dict[str, Any]) -> None:
        self._found(known)
        its = self.kind(kind)
        for ident, (other, given) in self.resources.items():
            if its.last and other.endswith(its.last) and (ident.startswith(f"{known}/") or known in _texts(given)):
                raise LookupError(f"{known} cannot go before {ident}")
        # What lies in it goes with it.
        gone = [one for one in self.resources if one == known or (one.startswith(f"{known}/") and not its.setting)]
        for ident in gone:
            del self.resources[ident]
        self.calls.append(("remove", known))

    def answer(self, question: str, given: Mapping[str, Any]) -> dict[str, Any]:
        match question.rpartition(":")[2]:
            case "getClientConfig":
                return {
                    "clientId": "22222222-bbbb-4bbb-8bbb-222222222222",
                    "objectId": DEPLOYER,
                    "subscriptionId": self.subscription,
                    "tenantId": TENANT,
                }
            case "getVirtualNetwork":
                ident = self._network(given["resourceGroupName"], given["virtualNetworkName"])
                self._found(ident)
                return {"id": ident, "name": given["virtualNetworkName"], "location": self._networks[ident]}
        raise LookupError(f"the stand-in does not answer {question}")

    def _network(self, group: str, name: str) -> str:
        path = f"{HERE}Network/virtualNetworks/{name}"
        return self._ident(path, {"resourceGroupName": group})

    def _ident(self, path: str, given: Mapping[str, Any]) -> str:
        ident = path.format_map(given)
        return f"/subscriptions/{self.subscription}{ident}" if path.startswith(GROUP) or not path else ident

    def _known(self) -> set[str]:
        """In lower case: to Azure, ids are the same however they are spelled."""
        built_in = {
            f"{ident}/sqlRoleDefinitions/00000000-0000-0000-0000-{number:012}"
            for ident, (kind, _) in self.resources.items()
            for number in (1, 2)
            if kind.endswith("cosmosdb:DatabaseAccount")
        }
        here = f"/subscriptions/{self.subscription}"
        return {one.lower() for one in (here, *self.resources, *self._networks, *built_in)}

    def _found(self, ident: str) -> None:
        ours = ident.lower().startswith(f"/subscriptions/{self.subscription}")
        if ours and ident.lower() not in self._known():
            raise LookupError(f"{ident} is not there")

    def _refers(self, given: Mapping[str, Any]) -> None:
        for text in _texts(given):
            if text.startswith("/subscriptions/"):
                self._found(text)


def _texts(value: Any) -> Iterator[str]:
    """Every text in an input, however deep."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
