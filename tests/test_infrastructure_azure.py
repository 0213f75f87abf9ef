"""What the Pulumi program asks of Azure, in every way it can be configured; nothing is made."""

import ast
import json
import re
import runpy
import shlex

import pulumi
import pytest
import typer
import yaml
from functions import bundle

import program
from domicile import cli, geography
from domicile.model import Location
from domicile.providers.azure import permissions
from domicile.senders.azure_email import AzureEmailSender
from domicile.settings import settings as understood
from domicile.stores.cosmos import parts_of
from domicile.stores.cosmos_containers import CONSISTENCY, CONTAINERS
from standin_provider import _properties as properties
from standin_provider import faults

HERE = "66666666-ffff-4fff-8fff-666666666666"
PAYMENTS, SHOP = "77777777-0000-4000-8000-000000000001", "77777777-0000-4000-8000-000000000002"
PERSON, TEAM = "88888888-0000-4000-8000-000000000001", "88888888-0000-4000-8000-000000000002"
INDIA = "centralindia"
SUBNET = f"/subscriptions/{HERE}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/main/subnets/functions"
ENDPOINTS = SUBNET.replace("/functions", "/endpoints")
TAGS = {"team": "cloud", "cost-centre": "4711"}

FILE = """
version: 1
timezone: Asia/Kolkata
notify:
  routes:
    - {name: payments, rules: [in-rbi-*]}
"""

EVERYBODY = {"cloud": "azure", "country": "IN", "emails": [{"address": "security@example.com"}], "tags": TAGS}
TENANT = EVERYBODY | {"managementGroup": "example"}
CONFIGURATIONS = {
    "tenant": TENANT,
    "external": TENANT | {"grants": "external", "redundancy": "zone", "keepData": False},
    "listed": EVERYBODY
    | {
        "subscriptions": [PAYMENTS, SHOP],
        "namePrefix": "data-residency",
        "timer": "0 30 0 * * 1-5",
        "logDays": 30,
        "retentionDays": 2557,
        "missedAfterHours": 40,
        "subnetId": SUBNET,
        "allowedAddresses": ["8.8.8.8", "9.9.9.0/24"],
        "operatorIds": [PERSON],
        "readerIds": [TEAM],
        "instanceMemory": 4096,
        "instancesAtMost": 100,
        "alarmEmails": ["cloud@example.com"],
        "emails": [{"address": "security+in@example.com"}, {"address": "payments@example.com", "route": "payments"}],
    },
    "private": TENANT | {"subnetId": SUBNET, "privateEndpointSubnetId": ENDPOINTS},
    "private, named elsewhere": TENANT
    | {"subnetId": SUBNET, "privateEndpointSubnetId": ENDPOINTS, "privateDns": "external"},
}


def a_project(folder):
    return program.project(folder, {"domicile.yaml": FILE})


@pytest.fixture(name="project", scope="module")
def a_project_for_all(tmp_path_factory):
    return a_project(tmp_path_factory.mktemp("project") / "domicile")


@pytest.fixture(name="made", scope="module")
def each_stack_once(project):
    known = {}

    def made(name):
        if name not in known:
            known[name] = program.azure_stack(CONFIGURATIONS[name], "Central India", HERE, project)
        return known[name]

    return made


@pytest.fixture(name="stack", params=CONFIGURATIONS)
def a_stack(request, made):
    return made(request.param)


def theirs(stack):
    return [one for one in stack.resources if one.type.startswith("azure-native:")]


def only(stack, kind):
    [found] = stack.of(kind)
    return found.inputs


def inside(value):
    """Every name and every text in an input, however deep."""
    match value:
        case dict():
            for name, inner in value.items():
                yield name, inner
                yield from inside(inner)
        case list():
            for inner in value:
                yield from inside(inner)


# What is made


def test_every_resource_is_one_that_the_sdk_knows(stack):
    for one in theirs(stack):
        assert list(faults(one.type, one.inputs)) == [], one.type


def test_an_input_that_the_sdk_does_not_know_would_be_found(made):
    account = made("tenant").one("StorageAccount", "storage")
    assert list(faults(account.type, account.inputs | {"allowSharedKeys": False}))


DATA = {
    "BlobContainer",
    "BlobServiceProperties",
    "DatabaseAccount",
    "ManagementPolicy",
    "ResourceGroup",
    "SqlResourceSqlContainer",
    "SqlResourceSqlDatabase",
    "StorageAccount",
}


def test_nothing_is_made_of_which_these_tests_do_not_know_whether_it_keeps_data(stack):
    rest = {
        "ActionGroup",
        "AppServicePlan",
        "CommunicationService",
        "Component",
        "Domain",
        "EmailService",
        "RoleAssignment",
        "ScheduledQueryRule",
        "SqlResourceSqlRoleAssignment",
        "UserAssignedIdentity",
        "WebApp",
        "WebAppFtpAllowed",
        "WebAppScmAllowed",
        "Workspace",
    }
    if stack.settings.get("privateEndpointSubnetId"):
        rest |= {"PrivateEndpoint"}
        if "privateDns" not in stack.settings:
            rest |= {"PrivateDnsZoneGroup", "PrivateZone", "VirtualNetworkLink"}
    assert {one.kind for one in theirs(stack)} == DATA | rest


def test_data_outlives_the_stack_with_the_group_it_lies_in_unless_that_was_told_otherwise(stack):
    for one in theirs(stack):
        assert one.kept is (one.kind in DATA and stack.settings.get("keepData", True)), one.type


def test_every_resource_is_part_of_one_concern_and_lies_in_the_group(stack):
    parts = {one.type for one in stack.resources if one.type.startswith("domicile:")}
    concerns = ["Access", "Functions", "Monitor", "Notices", "Storage", "Tables"]
    concerns += ["Network"] if stack.settings.get("privateEndpointSubnetId") else []
    assert parts == {f"domicile:azure:{concern}" for concern in concerns}
    for one in theirs(stack):
        if one.kind == "ResourceGroup":
            assert one.parent == "pulumi:pulumi:Stack"
        else:
            assert one.parent in parts, one.type
        if "resourceGroupName" in properties(one.type):
            assert one.inputs["resourceGroupName"] == stack.settings.get("namePrefix", "domicile")


GLOBAL = {"ActionGroup", "CommunicationService", "Domain", "EmailService", "PrivateZone", "VirtualNetworkLink"}


def test_everything_lies_in_one_country_or_is_global_and_keeps_its_data_there(stack):
    takes = [one for one in theirs(stack) if "location" in properties(one.type)]
    assert len(takes) >= 10
    for one in takes:
        if one.kind in GLOBAL:
            assert one.inputs["location"].lower() == "global"
        elif one.kind not in {"SqlResourceSqlContainer", "SqlResourceSqlDatabase"}:  # they lie where their account does
            assert one.inputs["location"] == INDIA, one.type
        for name, value in inside(one.inputs):
            if re.fullmatch(r"(location|region)(name)?", name, re.IGNORECASE) and value.lower() != "global":
                assert geography.country(Location("azure", value)) == "IN"
    for kind in ("CommunicationService", "EmailService"):
        assert only(stack, kind)["dataLocation"] == "India"


def test_nothing_is_copied_to_another_region(stack):
    zone = stack.settings.get("redundancy") == "zone"
    account, cosmos = only(stack, "StorageAccount"), only(stack, "DatabaseAccount")
    assert account["sku"] == {"name": "Standard_ZRS" if zone else "Standard_LRS"}
    assert account["allowCrossTenantReplication"] is False
    assert [one["locationName"] for one in cosmos["locations"]] == [INDIA]
    assert cosmos["locations"][0]["isZoneRedundant"] is zone
    assert (cosmos["enableAutomaticFailover"], cosmos["enableMultipleWriteLocations"]) == (False, False)
    backup = cosmos["backupPolicy"]
    assert backup["type"] == "Periodic"
    assert backup["periodicModeProperties"]["backupStorageRedundancy"] == ("Zone" if zone else "Local")
    for one in theirs(stack):
        assert not re.search(r"replica|failovergroup", one.type, re.IGNORECASE)
        for name, value in inside(one.inputs):
            assert not re.search(r"geo|(?<!Tenant)Replication$|secondary", name, re.IGNORECASE), (one.type, name)
            assert not re.search(r"GRS|GZRS|^Geo", str(value)), (one.type, name)


def test_everything_is_encrypted_at_rest_and_on_the_way(stack):
    account, app = only(stack, "StorageAccount"), only(stack, "WebApp")
    assert account["encryption"]["requireInfrastructureEncryption"] is True
    services = account["encryption"]["services"]
    assert {name: one["enabled"] for name, one in services.items()} == dict.fromkeys(
        ("blob", "file", "queue", "table"), True
    )
    assert account["enableHttpsTrafficOnly"] is True
    assert account["minimumTlsVersion"] == "TLS1_2"
    assert only(stack, "DatabaseAccount")["minimalTlsVersion"] == "Tls12"
    assert app["httpsOnly"] is True
    assert {app["siteConfig"][name] for name in ("minTlsVersion", "scmMinTlsVersion")} == {"1.2"}


def test_nothing_can_be_reached_by_a_key_or_a_password(stack):
    account = only(stack, "StorageAccount")
    assert account["allowSharedKeyAccess"] is False
    assert account["allowBlobPublicAccess"] is False
    assert account["isLocalUserEnabled"] is False
    assert {one.inputs["publicAccess"] for one in stack.of("BlobContainer")} == {"None"}
    for kind in ("CommunicationService", "Component", "DatabaseAccount"):
        assert only(stack, kind)["disableLocalAuth"] is True
    assert only(stack, "DatabaseAccount")["disableKeyBasedMetadataWriteAccess"] is True
    for kind in ("WebAppFtpAllowed", "WebAppScmAllowed"):
        assert only(stack, kind)["allow"] is False
    assert only(stack, "WebApp")["siteConfig"]["ftpsState"] == "Disabled"
    for name, value in environment(stack).items():
        assert not re.search(r"AccountKey|SharedAccess|sig=|accesskey", value, re.IGNORECASE), name


def test_with_a_subnet_storage_and_cosmos_db_are_closed_to_all_other_networks(made):
    open_, closed = made("tenant"), made("listed")
    assert only(open_, "StorageAccount")["networkRuleSet"] == {"bypass": "None", "defaultAction": "Allow"}
    assert "isVirtualNetworkFilterEnabled" not in only(open_, "DatabaseAccount")
    assert "virtualNetworkSubnetId" not in only(open_, "WebApp")
    assert only(closed, "StorageAccount")["networkRuleSet"] == {
        "bypass": "None",
        "defaultAction": "Deny",
        "virtualNetworkRules": [{"virtualNetworkResourceId": SUBNET}],
        "ipRules": [{"iPAddressOrRange": "8.8.8.8"}, {"iPAddressOrRange": "9.9.9.0/24"}],
    }
    cosmos = only(closed, "DatabaseAccount")
    assert cosmos["isVirtualNetworkFilterEnabled"] is True
    assert cosmos["virtualNetworkRules"] == [{"id": SUBNET}]
    assert [one["ipAddressOrRange"] for one in cosmos["ipRules"]] == ["8.8.8.8", "9.9.9.0/24"]
    assert only(closed, "WebApp")["virtualNetworkSubnetId"] == SUBNET


ZONES = {
    "blob": "privatelink.blob.core.windows.net",
    "queue": "privatelink.queue.core.windows.net",
    "table": "privatelink.table.core.windows.net",
    "Sql": "privatelink.documents.azure.com",
}
PRIVATE = ("private", "private, named elsewhere")


def test_only_with_private_endpoints_storage_and_cosmos_db_have_no_public_way_in(stack):
    private = bool(stack.settings.get("privateEndpointSubnetId"))
    account, cosmos = only(stack, "StorageAccount"), only(stack, "DatabaseAccount")
    assert {account["publicNetworkAccess"], cosmos["publicNetworkAccess"]} == {"Disabled" if private else "Enabled"}
    if private:
        assert account["networkRuleSet"] == {"bypass": "None", "defaultAction": "Deny"}
        assert not cosmos.keys() & {"isVirtualNetworkFilterEnabled", "virtualNetworkRules", "ipRules"}
        assert only(stack, "WebApp")["virtualNetworkSubnetId"] == SUBNET
    else:
        assert stack.of("PrivateEndpoint") == []


def endpoints(stack):
    """The endpoints by what they lead to, each with the account it is for."""
    found = {}
    for one in stack.of("PrivateEndpoint"):
        assert one.inputs["subnet"] == {"id": ENDPOINTS}
        [connection] = one.inputs["privateLinkServiceConnections"]
        [what] = connection["groupIds"]
        found[what] = (one, connection["privateLinkServiceId"])
    return found


@pytest.mark.parametrize("name", PRIVATE)
def test_whatever_the_functions_keep_has_a_private_endpoint(made, name):
    stack = made(name)
    storage, cosmos = only(stack, "StorageAccount")["accountName"], only(stack, "DatabaseAccount")["accountName"]
    found = endpoints(stack)
    assert {what: account.rpartition("/")[2] for what, (_, account) in found.items()} == {
        "blob": storage,
        "queue": storage,
        "table": storage,
        "Sql": cosmos,
    }
    assert len({one.inputs["privateEndpointName"] for one, _ in found.values()}) == 4


def test_names_lead_to_private_endpoints_throughout_the_network_and_those_of_others_as_before(made):
    stack, there = made("private"), program.Azure(HERE)
    assert sorted(one.inputs["privateZoneName"] for one in stack.of("PrivateZone")) == sorted(ZONES.values())
    linked = {one.inputs["privateZoneName"]: one.inputs for one in stack.of("VirtualNetworkLink")}
    assert linked.keys() == set(ZONES.values())
    for link in linked.values():
        assert link["virtualNetwork"] == {"id": SUBNET.removesuffix("/subnets/functions")}
        assert link["registrationEnabled"] is False
        assert link["resolutionPolicy"] == "NxDomainRedirect"
    groups = {one.inputs["privateEndpointName"]: one.inputs for one in stack.of("PrivateDnsZoneGroup")}
    for what, (endpoint, _) in endpoints(stack).items():
        [config] = groups[endpoint.inputs["privateEndpointName"]]["privateDnsZoneConfigs"]
        [zone] = [one for one in stack.of("PrivateZone") if one.inputs["privateZoneName"] == ZONES[what]]
        assert config["privateDnsZoneId"] == there.identifier("PrivateZone", zone.name, zone.inputs)
    assert "dnsRequest" not in stack.outputs


def test_where_names_are_somebody_elses_to_give_the_outputs_say_which_zone_each_endpoint_belongs_into(made):
    stack, there = made("private, named elsewhere"), program.Azure(HERE)
    assert stack.outputs["dnsRequest"] == {
        ZONES[what]: there.identifier("PrivateEndpoint", one.name, one.inputs)
        for what, (one, _) in endpoints(stack).items()
    }


def test_a_network_of_another_region_is_refused_before_anything_is_made(project):
    with pytest.raises(program.load("stack_settings").Mistakes) as refused:
        program.azure_stack(CONFIGURATIONS["private"], INDIA, HERE, project, network="southindia")
    assert refused.value.sentences == (
        (
            "domicile:subnetId: the network main lies in southindia, and the stack in centralindia: functions and private "
            "endpoints lie where their network does"
        ),
    )


def test_a_network_of_another_subscription_is_not_looked_at(project):
    stack = program.azure_stack(CONFIGURATIONS["private"], INDIA, PAYMENTS, project, network="unasked")
    assert len(stack.of("PrivateEndpoint")) == 4


def test_everything_that_takes_tags_has_those_that_were_asked_for(stack):
    of_their_account = {"SqlResourceSqlContainer", "SqlResourceSqlDatabase"}
    takes = {one.type for one in theirs(stack) if "tags" in properties(one.type) and one.kind not in of_their_account}
    assert len(takes) >= 10
    for one in theirs(stack):
        if one.type in takes:
            assert one.inputs["tags"] == TAGS, one.type


def test_names_that_are_the_whole_worlds_are_the_same_each_time_and_short_enough(made, project):
    for name in CONFIGURATIONS:
        stack = made(name)
        assert re.fullmatch(r"[a-z0-9]{3,24}", only(stack, "StorageAccount")["accountName"])
        assert re.fullmatch(r"[a-z0-9-]{3,44}", only(stack, "DatabaseAccount")["accountName"])
        assert re.fullmatch(r"[a-zA-Z0-9-]{2,32}", only(stack, "WebApp")["name"])
        assert 1 <= len(only(stack, "ActionGroup")["groupShortName"]) <= 12
    again = program.azure_stack(TENANT, INDIA, HERE, project)
    elsewhere = program.azure_stack(TENANT, INDIA, PAYMENTS, project)
    for kind in ("StorageAccount", "DatabaseAccount"):
        assert only(again, kind)["accountName"] == only(made("tenant"), kind)["accountName"]
        assert only(elsewhere, kind)["accountName"] != only(again, kind)["accountName"]


# What is kept


def test_containers_of_the_violations_table_are_those_the_store_describes(stack):
    cosmos = only(stack, "DatabaseAccount")
    assert cosmos["capabilities"] == [{"name": "EnableServerless"}]
    assert cosmos["consistencyPolicy"] == {"defaultConsistencyLevel": CONSISTENCY}
    asked = {one.inputs["containerName"]: one.inputs for one in stack.of("SqlResourceSqlContainer")}
    assert asked.keys() == {container.name for container in CONTAINERS}
    for container in CONTAINERS:
        its = asked[container.name]
        assert (its["accountName"], its["databaseName"]) == (cosmos["accountName"], "domicile")
        assert its["resource"] == {
            "id": container.name,
            "partitionKey": {"paths": [f"/{container.partition}"], "kind": "Hash", "version": 2},
            "defaultTtl": container.expires,
            "indexingPolicy": container.indexing_policy,
        }


def test_what_is_kept_is_kept_as_long_as_was_said_and_no_longer(stack):
    days = stack.settings.get("retentionDays", 730)
    rules = {
        prefix: rule["definition"]["actions"]
        for rule in only(stack, "ManagementPolicy")["policy"]["rules"]
        for prefix in rule["definition"]["filters"]["prefixMatch"]
        if rule["enabled"]
    }
    bases = {
        prefix: actions["baseBlob"]["delete"]["daysAfterModificationGreaterThan"]
        for prefix, actions in rules.items()
        if "baseBlob" in actions
    }
    assert bases == {"work/scans/": 90, "evidence/": days}
    assert not any("work/config/".startswith(prefix) for prefix in rules)
    assert all(actions["version"]["delete"]["daysAfterCreationGreaterThan"] > 0 for actions in rules.values())
    blobs = only(stack, "BlobServiceProperties")
    assert blobs["isVersioningEnabled"] is True
    assert blobs["deleteRetentionPolicy"] == {"enabled": True, "days": 7}
    assert only(stack, "Workspace")["retentionInDays"] == stack.settings.get("logDays", 90)
    assert {one.inputs["containerName"] for one in stack.of("BlobContainer")} == {"work", "evidence", "deployment"}


# Who may do what


def roles(stack):
    """Who has which role, and the last two parts of where."""
    names = {guid: name for name, guid in program.load("azure_access").ROLES.items()}
    return {
        (
            names.get(one.inputs["roleDefinitionId"].rpartition("/")[2], one.inputs["roleDefinitionId"]),
            "/".join(one.inputs["scope"].split("/")[-2:]),
            one.inputs["principalId"],
        )
        for one in stack.of("RoleAssignment")
    }


def test_the_identity_has_the_roles_it_needs_and_only_where_it_needs_them(stack):
    scopes = {
        name: one.inputs
        for name, one in (
            ("account", stack.one("StorageAccount", "storage")),
            ("app", stack.one("WebApp", "functions")),
        )
    }
    account, unique = scopes["account"]["accountName"], scopes["app"]["name"]
    prefix, own = stack.settings.get("namePrefix", "domicile"), program.Azure.PRINCIPAL
    looks = {
        ("Reader", "managementGroups/example", own),
        ("Reader", f"subscriptions/{PAYMENTS}", own),
        ("Reader", f"subscriptions/{SHOP}", own),
    }
    if stack.settings.get("grants") == "external":
        expected = set()
    elif stack.settings.get("subscriptions"):
        expected = {one for one in looks if one[1].startswith("subscriptions/")}
    else:
        expected = {one for one in looks if one[1].startswith("managementGroups/")}
    operator = stack.settings.get("operatorIds", [program.Azure.DEPLOYER])[0]
    assert roles(stack) == expected | {
        ("Storage Blob Data Owner", f"{account}/{account}", own),
        ("Storage Queue Data Contributor", f"{account}/{account}", own),
        ("Storage Table Data Contributor", f"{account}/{account}", own),
        ("Storage Blob Data Contributor", f"{account}/work", operator),
        ("Monitoring Metrics Publisher", f"/{prefix}-logs", own),
        ("Communication and Email Service Owner", f"/{unique}", own),
    }
    assert len(stack.of("RoleAssignment")) == len(roles(stack))


def test_the_app_has_that_identity_and_no_other(stack):
    app, identity = only(stack, "WebApp"), only(stack, "UserAssignedIdentity")
    assert app["identity"]["type"] == "UserAssigned"
    [its] = app["identity"]["userAssignedIdentities"]
    assert its.endswith(identity["resourceName"])
    authentication = app["functionAppConfig"]["deployment"]["storage"]["authentication"]
    assert authentication == {"type": "UserAssignedIdentity", "userAssignedIdentityResourceId": its}


def test_only_the_functions_write_violations_and_whoever_was_named_reads_them(made):
    def by_role(stack):
        return {
            (one.inputs["principalId"], one.inputs["roleDefinitionId"].rpartition("/")[2][-1])
            for one in stack.of("SqlResourceSqlRoleAssignment")
        }

    own, deployer = program.Azure.PRINCIPAL, program.Azure.DEPLOYER
    assert by_role(made("tenant")) == {(own, "2"), (deployer, "1")}
    assert by_role(made("listed")) == {(own, "2"), (PERSON, "1"), (TEAM, "1")}
    ids = [one.inputs["roleAssignmentId"] for one in made("listed").of("SqlResourceSqlRoleAssignment")]
    assert len(set(ids)) == 3


def test_reader_is_enough_so_that_no_role_of_its_own_is_made(made):
    assert program.load("azure_access").lacking(permissions()) == []
    assert made("tenant").of("RoleDefinition") == []


def test_what_reader_lacks_would_be_a_role_of_exactly_that(project):
    listing = "Microsoft.NetApp/netAppAccounts/capacityPools/volumes/listReplications/action"
    stack = program.azure_stack(TENANT, INDIA, HERE, project, actions=["Microsoft.Sql/servers/read", listing])
    scope = "/providers/Microsoft.Management/managementGroups/example"
    role = only(stack, "RoleDefinition")
    assert role["permissions"] == [{"actions": [listing]}]
    assert role["assignableScopes"] == [scope]
    assert stack.one("RoleAssignment", "look-also-0").inputs["scope"] == scope
    assert list(faults(stack.of("RoleDefinition")[0].type, role)) == []


def test_where_roles_are_somebody_elses_to_give_the_outputs_say_which_command_gives_them(made, project):
    assert "roleRequest" not in made("tenant").outputs
    listed = program.azure_stack(CONFIGURATIONS["listed"] | {"grants": "external"}, INDIA, HERE, project)
    commands = listed.outputs["roleRequest"].split(" && ")
    assert [shlex.split(command)[-1] for command in commands] == [
        f"/subscriptions/{PAYMENTS}",
        f"/subscriptions/{SHOP}",
    ]
    assert made("external").outputs["roleRequest"] == (
        f"az role assignment create --assignee-object-id {program.Azure.PRINCIPAL} --assignee-principal-type "
        "ServicePrincipal --role Reader --scope /providers/Microsoft.Management/managementGroups/example"
    )


# How it runs


def environment(stack):
    return {one["name"]: one["value"] for one in only(stack, "WebApp")["siteConfig"]["appSettings"]}


def test_the_app_runs_on_flex_consumption_with_the_python_it_is_packed_for(stack):
    plan, app = only(stack, "AppServicePlan"), only(stack, "WebApp")
    assert plan["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    assert (plan["reserved"], app["reserved"], app["kind"]) == (True, True, "functionapp,linux")
    config = app["functionAppConfig"]
    assert config["runtime"] == {"name": "python", "version": bundle.AZURE.python}
    account = only(stack, "StorageAccount")["accountName"]
    assert config["deployment"]["storage"]["value"] == f"https://{account}.blob.core.windows.net/deployment"
    assert config["scaleAndConcurrency"] == {
        "instanceMemoryMB": stack.settings.get("instanceMemory", 2048),
        "maximumInstanceCount": stack.settings.get("instancesAtMost", 40),
    }


def test_the_functions_are_told_where_everything_is(stack):
    told = environment(stack)
    said = understood(told)
    account, cosmos = only(stack, "StorageAccount")["accountName"], only(stack, "DatabaseAccount")["accountName"]
    assert said.cloud == "azure"
    assert said.accounts == (
        (PAYMENTS, SHOP) if stack.settings.get("subscriptions") else f"mg:{stack.settings['managementGroup']}"
    )
    assert said.work == f"azblob://{account}.blob.core.windows.net/work"
    assert said.evidence == f"azblob://{account}.blob.core.windows.net/evidence"
    assert parts_of(said.store) == (f"https://{cosmos}.documents.azure.com:443/", "domicile")
    assert told["DOMICILE_SCHEDULE"] == stack.settings.get("timer", "0 0 20 * * *")
    assert told["AzureWebJobsStorage__accountName"] == account
    assert told["AzureWebJobsStorage__credential"] == "managedidentity"
    assert {told["AZURE_CLIENT_ID"], told["AzureWebJobsStorage__clientId"]} == {program.Azure.CLIENT}
    hub = told["AzureFunctionsJobHost__extensions__durableTask__hubName"]
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9]{2,44}", hub)
    assert not told.keys() & {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", "WEBSITE_RUN_FROM_PACKAGE"}


def test_the_schedule_is_the_one_setting_that_only_the_trigger_reads(stack):
    source = (program.ROOT / "functions" / "azure" / "function_app.py").read_text("utf-8")
    assert {f"%{name}%" for name in environment(stack) if f"%{name}%" in source} == set(
        re.findall(r"%DOMICILE_\w+%", source)
    )


def test_mail_goes_from_azures_domain_to_whom_was_named(made):
    for name, recipients in (
        ("tenant", {"security@example.com": {""}}),
        ("listed", {"security+in@example.com": {""}, "payments@example.com": {"payments"}}),
    ):
        stack = made(name)
        sender = AzureEmailSender.of(environment(stack)["DOMICILE_TOPIC"])
        assert sender.recipients == recipients
        assert sender.sender == stack.outputs["sender"] == "DoNotReply@0a1b2c3d.azurecomm.net"
        assert only(stack, "CommunicationService")["linkedDomains"] == [
            program.Azure(HERE).identifier("Domain", "mail", only(stack, "Domain"))
        ]
        assert only(stack, "Domain")["domainManagement"] == "AzureManaged"
        assert only(stack, "Domain")["userEngagementTracking"] == "Disabled"


# What is watched


def said_by_functions():
    """The events that functions say, each with the names of what else is said; and the functions there are."""
    tree = ast.parse((program.ROOT / "functions" / "azure" / "function_app.py").read_text("utf-8"))
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "_say"]
    events = {}
    for call in calls:
        for event in (one.value for one in ast.walk(call.args[1]) if isinstance(one, ast.Constant)):
            events.setdefault(event, set()).update(word.arg for word in call.keywords)
    functions = {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    return events, functions


def test_alerts_are_about_what_the_functions_say(stack):
    events, functions = said_by_functions()
    asked = {}
    for rule in stack.of("ScheduledQueryRule"):
        [criterion] = rule.inputs["criteria"]["allOf"]
        query = criterion["query"]
        assert query.endswith(f"| summarize {criterion['metricMeasureColumn']} = count()")
        for event in re.findall(r'said\.event == "([^"]+)"', query):
            asked[event] = asked.get(event, set()) | (set(re.findall(r"said\.(\w+)", query)) - {"event"})
        for listed in re.findall(r"Name in \(([^)]+)\)", query):
            assert set(re.findall(r'"(\w+)"', listed)) <= functions
    assert len(asked) >= 4
    for event, names in asked.items():
        assert names <= events[event], event


def test_a_scan_that_is_missing_failed_or_saw_less_raises_an_alert(stack):
    rules = {one.name: one.inputs for one in stack.of("ScheduledQueryRule")}
    hours = stack.settings.get("missedAfterHours", 26)
    missed = rules.pop("scan-missed")
    [criterion] = missed["criteria"]["allOf"]
    assert f"ago({hours}h)" in criterion["query"]
    assert (criterion["operator"], criterion["threshold"], missed["windowSize"]) == ("LessThan", 1, "P2D")
    assert rules.keys() == {"scan-failed", "scan-held", "superseded", "coverage-lost", "configuration-refused"}
    for rule in rules.values():
        [criterion] = rule["criteria"]["allOf"]
        assert (criterion["operator"], criterion["threshold"]) == ("GreaterThan", 0)
        # Nothing falls between two looks.
        assert rule["windowSize"] == rule["evaluationFrequency"] == "PT1H"


def test_each_alert_goes_to_whom_was_named_and_asks_the_logs_of_the_functions(stack):
    team = only(stack, "ActionGroup")
    group = stack.of("ActionGroup")[0]
    there = program.Azure(HERE).identifier("ActionGroup", group.name, team)
    workspace = program.Azure(HERE).identifier("Workspace", "logs", only(stack, "Workspace"))
    for rule in stack.of("ScheduledQueryRule"):
        assert rule.inputs["actions"] == {"actionGroups": [there]}
        assert rule.inputs["scopes"] == [workspace]
        assert rule.inputs["enabled"] is True
    assert only(stack, "Component")["workspaceResourceId"] == workspace
    named = stack.settings.get("alarmEmails", ["security@example.com"])
    assert [one["emailAddress"] for one in team["emailReceivers"]] == named


# How it is used


def parsed(words):
    """The command of the command line, given all it needs."""
    command, given, context = typer.main.get_command(cli.app), words, None
    while True:
        context = command.make_context(command.name or "domicile", list(given), parent=context)
        if not hasattr(command, "commands"):
            return context.command_path
        _, command, given = command.resolve_command(context, [*context._protected_args, *context.args])


def test_outputs_that_are_commands_are_about_what_is_made(stack):
    group, app = only(stack, "ResourceGroup")["resourceGroupName"], only(stack, "WebApp")["name"]
    account, cosmos = only(stack, "StorageAccount")["accountName"], only(stack, "DatabaseAccount")["accountName"]
    outputs = stack.outputs
    work = f"azblob://{account}.blob.core.windows.net/work"
    publish = shlex.split(outputs["deployCode"])
    assert publish[:2] == ["curl", "--fail"]
    assert f"https://{app}.scm.azurewebsites.net/api/publish?RemoteBuild=false" in publish
    assert f"@{bundle.AZURE.zip.relative_to(bundle.ROOT).as_posix()}" in publish
    assert "Content-Type: application/zip" in publish
    for name, words in (
        ("pushConfig", ["config", "push", "--to", work, "domicile.yaml"]),
        ("editConfig", ["config", "pull", "--from", work]),
        ("openViolations", ["violations", "--store", f"cosmos://{cosmos}.documents.azure.com/domicile"]),
    ):
        assert shlex.split(outputs[name]) == ["domicile", *words]
        assert parsed(words).startswith("domicile ")
    assert f"https://{app}.azurewebsites.net/admin/functions/start" in shlex.split(outputs["runNow"])
    assert "start" in said_by_functions()[1]
    assert f"--resource-group {group} --name {app} " in outputs["runNow"]
    assert shlex.split(outputs["runNow"])[-2:] == ["--data", "{}"]
    assert f"targetResourceGroup={group}&" in outputs["alerts"]
    assert program.Azure(HERE).known("Workspace", "", {})["customerId"] in outputs["logs"]
    assert "India" in outputs["leavesTheCountry"]
    assert "keepData false" in outputs["removeForGood"]


# What is refused


def mistakes(settings, location, project):
    stack = program.load("azure_stack")
    with pytest.raises(program.load("stack_settings").Mistakes) as refused:
        stack.checked(program.written(settings), location, project)
    return [sentence.replace(f"{project}/", "") for sentence in refused.value.sentences]


KNOWN = (
    "regions of Azure in India: centralindia, southindia, westindia, indiasouthcentral, jioindiawest, jioindiacentral"
)
NO_GROUP = "domicile:managementGroup is not set: the group whose subscriptions are looked into"
NO_PLACE = "domicile:mailDataLocation is not set: Communication Services has no place of its own"
WRONG = {
    "a home abroad": (
        TENANT,
        "Southeast Asia",
        f"azure-native:location: southeastasia lies in Singapore, not in India; {KNOWN}",
    ),
    "a region nobody knows": (
        TENANT,
        "eastindia",
        f"azure-native:location: 'eastindia' is no region whose country is known; {KNOWN}",
    ),
    "no region": (TENANT, "", f"azure-native:location is not set; {KNOWN}"),
    "no such country": (
        TENANT | {"country": "India"},
        INDIA,
        "domicile:country: 'India' is no ISO code of a country, such as IN",
    ),
    "a cloud of its own": (
        TENANT | {"country": "US"},
        "usgovvirginia",
        "azure-native:location: usgovvirginia belongs to a cloud of its own, to which domicile is not deployed",
    ),
    "a country where mails are not kept": (
        TENANT | {"country": "SG"},
        "southeastasia",
        f"{NO_PLACE} in Singapore; say Africa, Asia Pacific or Europe, and mails are kept somewhere there",
    ),
    "mails kept in another country": (
        TENANT | {"mailDataLocation": "Germany"},
        INDIA,
        "domicile:mailDataLocation: is India or Africa or Asia Pacific or Europe, not 'Germany'",
    ),
    "nothing to look into": (
        EVERYBODY,
        INDIA,
        f"{NO_GROUP} (the topmost has the id of the tenant); or list domicile:subscriptions",
    ),
    "two things to look into": (
        TENANT | {"subscriptions": [SHOP]},
        INDIA,
        "domicile:managementGroup and domicile:subscriptions exclude each other",
    ),
    "a management group by what it shows": (
        TENANT | {"managementGroup": "Tenant Root Group"},
        INDIA,
        "domicile:managementGroup: 'Tenant Root Group' is not the name of a management group, not what it shows",
    ),
    "a subscription by its name": (
        EVERYBODY | {"subscriptions": [SHOP, "payments"]},
        INDIA,
        "domicile:subscriptions[1]: 'payments' is not the id of a subscription",
    ),
    "an operator by name": (
        TENANT | {"operatorIds": ["asha@example.com"]},
        INDIA,
        "domicile:operatorIds[0]: 'asha@example.com' is not the id of an object",
    ),
    "a setting for the other cloud": (
        TENANT | {"organisationId": "o-exampleorgid"},
        INDIA,
        "domicile:organisationId is a setting for AWS, and this stack is for Azure",
    ),
    "an unknown setting": (
        TENANT | {"timers": "0 0 20 * * *"},
        INDIA,
        "domicile:timers is no setting; did you mean 'timer'?",
    ),
    "a schedule of AWS": (
        TENANT | {"timer": "cron(30 1 * * ? *)"},
        INDIA,
        "domicile:timer: 'cron(30 1 * * ? *)' is not a schedule of six fields, such as 0 0 20 * * *",
    ),
    "a subnet by its name": (
        TENANT | {"subnetId": "functions"},
        INDIA,
        "domicile:subnetId: 'functions' is not the resource id of a subnet, which begins with /subscriptions/",
    ),
    "an address without a subnet": (
        TENANT | {"allowedAddresses": ["8.8.8.8"]},
        INDIA,
        "domicile:allowedAddresses is for domicile:subnetId: without it, no network is kept out",
    ),
    "an address of no use outside": (
        TENANT | {"subnetId": SUBNET, "allowedAddresses": ["10.0.0.0/8"]},
        INDIA,
        "domicile:allowedAddresses[0]: '10.0.0.0/8' is no public IPv4 address or network up to /30",
    ),
    "a network that firewalls do not take": (
        TENANT | {"subnetId": SUBNET, "allowedAddresses": ["8.8.8.8/32"]},
        INDIA,
        "domicile:allowedAddresses[0]: '8.8.8.8/32' is no public IPv4 address or network up to /30",
    ),
    "private endpoints, and functions in no network": (
        TENANT | {"privateEndpointSubnetId": ENDPOINTS},
        INDIA,
        (
            "domicile:privateEndpointSubnetId is for domicile:subnetId: without it, the functions are in no network and "
            "would not reach storage and Cosmos DB"
        ),
    ),
    "private endpoints among the functions": (
        TENANT | {"subnetId": SUBNET, "privateEndpointSubnetId": SUBNET.replace("resourceGroups", "resourcegroups")},
        INDIA,
        (
            "domicile:privateEndpointSubnetId: is a subnet of its own, not that of domicile:subnetId, which takes nothing "
            "but functions"
        ),
    ),
    "private endpoints in another network": (
        TENANT | {"subnetId": SUBNET, "privateEndpointSubnetId": ENDPOINTS.replace("/main/", "/hub/")},
        INDIA,
        "domicile:privateEndpointSubnetId: is a subnet of another network than domicile:subnetId",
    ),
    "a subnet for private endpoints by its name": (
        TENANT | {"subnetId": SUBNET, "privateEndpointSubnetId": "endpoints"},
        INDIA,
        (
            "domicile:privateEndpointSubnetId: 'endpoints' is not the resource id of a subnet, which begins with "
            "/subscriptions/"
        ),
    ),
    "public addresses beside private endpoints": (
        TENANT | {"subnetId": SUBNET, "privateEndpointSubnetId": ENDPOINTS, "allowedAddresses": ["8.8.8.8"]},
        INDIA,
        (
            "domicile:allowedAddresses and domicile:privateEndpointSubnetId exclude each other: with private endpoints, no "
            "public address is let in"
        ),
    ),
    "names for private endpoints that there are not": (
        TENANT | {"privateDns": "external"},
        INDIA,
        "domicile:privateDns is for domicile:privateEndpointSubnetId: without it, there are no private names",
    ),
    "copies in another region": (
        TENANT | {"redundancy": "geo"},
        INDIA,
        "domicile:redundancy: is local or zone, not 'geo'",
    ),
    "memory there is not": (
        TENANT | {"instanceMemory": 1024},
        INDIA,
        "domicile:instanceMemory: is 512, 2048, 4096, not 1024",
    ),
    "logs kept too long": (TENANT | {"logDays": 731}, INDIA, "domicile:logDays: is 30 to 730, not 731"),
    "longer than logs are asked": (
        TENANT | {"missedAfterHours": 48},
        INDIA,
        "domicile:missedAfterHours: is 2 to 47, not 48",
    ),
    "a name for Azure's taste": (
        TENANT | {"namePrefix": "Domicile"},
        INDIA,
        "domicile:namePrefix: 'Domicile' is not 3 to 20 lower-case letters, digits and hyphens",
    ),
    "an unknown route": (
        TENANT | {"emails": [{"address": "security@example.com", "route": "payment"}]},
        INDIA,
        "domicile:emails[0].route: 'payment' is no route of the organisation file; did you mean 'payments'?",
    ),
    "nobody to tell": (TENANT | {"emails": []}, INDIA, "domicile:emails names nobody: notices would go nowhere"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_refused_in_one_sentence(project, case):
    settings, location, sentence = WRONG[case]
    assert mistakes(settings, location, project) == [sentence]


def test_all_mistakes_are_told_at_once(project):
    wrong = {"cloud": "azure", "country": "IN", "retentionDays": "long", "role": "look", "tag": "x"}
    assert mistakes(wrong, INDIA, project) == [
        "domicile:role is a setting for AWS, and this stack is for Azure",
        "domicile:tag is no setting; did you mean 'tags'?",
        "domicile:emails is not set",
        "domicile:retentionDays: is a whole number, not 'long'",
    ]


def test_the_defaults_of_the_other_cloud_which_pulumi_gives_every_stack_are_no_mistake(project):
    described = yaml.safe_load((program.ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    defaults = {name: said["default"] for name, said in described.items() if "default" in said}
    checked = program.load("azure_stack").checked
    settings, _ = checked(program.written(defaults | TENANT), INDIA, project)
    assert settings == checked(program.written(TENANT), INDIA, project)[0]


def test_a_mistake_keeps_everything_from_being_made(project):
    with pytest.raises(program.load("stack_settings").Mistakes):
        program.azure_stack(TENANT | {"country": "DE"}, INDIA, HERE, project)


def test_without_the_bundle_nothing_is_deployed(tmp_path):
    project = a_project(tmp_path / "domicile")
    (project / "build" / "azure" / "functions.zip").unlink()
    assert mistakes(TENANT, INDIA, project) == ["build/azure/functions.zip is not there: run `make build`"]


def test_in_a_country_where_mails_are_not_kept_alone_the_outputs_say_where_they_are(project):
    settings = TENANT | {"country": "SG", "mailDataLocation": "Asia Pacific"}
    stack = program.azure_stack(settings, "southeastasia", HERE, project)
    assert only(stack, "EmailService")["dataLocation"] == "Asia Pacific"
    assert stack.outputs["leavesTheCountry"].endswith("in Asia Pacific")


# Which cloud


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"domicile:cloud": "gcp"}, "domicile:cloud: is aws or azure, not 'gcp'"),
        ({"domicile:cloud": "azure"}, "domicile:country is not set"),
        ({"domicile:cloud": "azure", "domicile:units": '["r-exam"]'}, "domicile:units is a setting for AWS"),
        ({"domicile:managementGroup": "top"}, "domicile:managementGroup is a setting for Azure"),
    ],
)
def test_a_stack_is_for_the_cloud_that_it_names(config, sentence):
    program.load("stack_settings")
    pulumi.runtime.set_mocks(None, project="domicile", stack="test", preview=True)
    pulumi.runtime.set_all_config(config)
    try:
        with pytest.raises(pulumi.RunError, match=re.escape(sentence)):
            runpy.run_path(str(program.FOLDER / "__main__.py"))
    finally:
        pulumi.runtime.set_all_config({})


def test_what_a_stack_says_can_be_written_as_json(stack):
    assert json.loads(json.dumps(stack.outputs)) == stack.outputs
