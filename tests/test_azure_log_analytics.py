from datetime import UTC, datetime

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import NEVER_EXPIRES, Cell, Location
from domicile.providers.azure import log_analytics

HERE = Cell("azure", BANK, "global")
MUMBAI, SINGAPORE = Location("azure", "centralindia"), Location("azure", "southeastasia")
AT = f"/subscriptions/{BANK}/resourceGroups/data/providers"
WORKSPACE = f"{AT}/Microsoft.OperationalInsights/workspaces/Audit"
STORE = f"{AT}/Microsoft.Storage/storageAccounts/auditlogs"


def read(parts=None, **properties):
    row = {"id": WORKSPACE, "name": "Audit", "location": "centralindia", "properties": properties}
    return list(log_analytics.read(row, parts or {}, HERE))


def rule(name, target, **more):
    destination = {"resourceId": target, "type": "StorageAccount"}
    about = {"destination": destination, "tableNames": ["SigninLogs"], "enable": True} | more
    return {"id": f"{WORKSPACE}/dataExports/{name}", "name": name, "properties": about}


def test_a_workspace_holds_logs_where_it_is_for_as_long_as_it_says():
    [workspace] = read(retentionInDays=180, createdDate="2026-02-01T10:20:30.1234567Z")
    assert workspace.created_at == datetime(2026, 2, 1, 10, 20, 30, 123456, UTC)
    assert (workspace.type, workspace.location, workspace.retention_days) == (
        "azure.loganalytics.workspace",
        MUMBAI,
        180,
    )
    assert [read(retentionInDays=-1)[0].retention_days, read()[0].retention_days] == [NEVER_EXPIRES, None]


def test_a_replicated_workspace_holds_in_the_other_region_what_came_since():
    _, copy = read(replication={"enabled": True, "location": "Southeast Asia"})
    assert (copy.channel, copy.location, copy.partial) == ("azure-log-analytics-replication", SINGAPORE, True)
    assert len(read(replication={"enabled": False, "location": "southeastasia"})) == 1


def test_a_workspace_says_itself_what_was_not_shown_of_it():
    replication = {"enabled": True, "location": "southeastasia"}
    _, copy = read({"replication": {"properties": {"replication": replication}}})
    assert (copy.location, copy.part) == (SINGAPORE, "replication")
    assert len(read({"replication": {"properties": {}}})) == 1


def test_a_replica_whose_place_is_not_told_is_somewhere_all_the_same():
    _, copy = read(replication={"enabled": True})
    assert copy.location is None


def test_tables_are_exported_to_an_account_or_a_namespace_unless_the_rule_is_off():
    _, copy = read({"exports": {"value": [rule("a", STORE), rule("off", STORE, enable=False)]}})
    assert (copy.channel, copy.id, copy.location, copy.partial) == (
        "azure-log-analytics-export",
        STORE.lower(),
        None,
        True,
    )


def test_only_a_workspace_in_a_cluster_can_have_a_key_of_the_customers_own():
    cluster = f"{AT}/Microsoft.OperationalInsights/clusters/own"
    assert [
        read()[0].cmk,
        read(features={"disableLocalAuth": True})[0].cmk,
        read(features={"clusterResourceId": cluster})[0].cmk,
    ] == [None, False, None]


def test_exports_are_found_on_every_page_and_refused_ones_are_a_gap():
    arm = a_tenant()
    arm.page = 1
    arm.plant(WORKSPACE, "centralindia", properties={"replication": {"enabled": False}})
    arm.answer(f"{WORKSPACE}/dataExports", [rule("a", STORE), rule("b", f"{STORE}2")])
    seen = look(arm)
    assert [one[3] for one in said(seen.copies)] == [STORE.lower(), f"{STORE}2".lower()]
    assert arm.actions()[log_analytics.ITSELF] == 0, "what was shown of it is not asked again"
    arm.refuse("dataexports", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert (len(seen.resources), gaps(seen)) == (1, [("loganalytics.workspaces", "exports", "audit", "denied")])


def test_a_workspace_that_was_deleted_meanwhile_is_nothing():
    arm = a_tenant()
    arm.plant(WORKSPACE, "centralindia", properties={})
    arm.refuse("workspaces/audit", Answer(404, "ResourceNotFound"))
    seen = look(arm)
    assert (seen.resources, gaps(seen)) == ((), [])
