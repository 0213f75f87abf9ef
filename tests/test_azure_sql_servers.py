import pytest

from azure_looking import BANK, a_tenant, every, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location, Looks
from domicile.providers import azure
from domicile.providers.azure import sql_servers
from domicile.relate import relate

CELL = Cell("azure", BANK, "global")
GROUP = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.Sql/servers"
HOME, AWAY = f"{GROUP}/Home", f"{GROUP}/Away"
ORDERS, COPY = f"{HOME}/databases/orders".lower(), f"{AWAY}/databases/orders".lower()
DUBLIN, AMSTERDAM = Location("azure", "northeurope"), Location("azure", "westeurope")


def a_server(ident, location="northeurope"):
    return {"id": ident, "name": ident.rpartition("/")[2], "location": location}


def a_link(server, role, partner, place, **more):
    return {
        "id": f"{server}/databases/Orders/replicationLinks/4891ca10",
        "name": "4891ca10",
        "properties": {
            "partnerServer": partner.rpartition("/")[2].lower(),
            "partnerDatabase": "Orders",
            "partnerDatabaseId": f"{partner}/databases/Orders",
            "partnerLocation": place,
            "role": role,
            "linkType": "GEO",
            "replicationState": "CATCH_UP",
        }
        | more,
    }


def a_group(role="Primary", own="East US"):
    """As recorded: `location` of group and partner are display names that need not agree with the server's."""
    return {
        "id": f"{HOME}/failoverGroups/fog",
        "location": own,
        "properties": {
            "replicationRole": role,
            "databases": [f"{HOME}/databases/Orders"],
            "partnerServers": [{"id": AWAY, "location": "West Europe", "replicationRole": "Secondary"}],
        },
    }


def linked(server, link):
    [copy] = sql_servers.read(server, {"links": {"value": [link]}, "groups": None}, CELL)
    return copy


def test_a_database_names_its_secondary_wherever_that_is():
    copy = linked(a_server(HOME), a_link(HOME, "Primary", AWAY, "West Europe"))
    assert said([copy]) == [(ORDERS, "azure-sql-geo-replication", AMSTERDAM, COPY)]
    assert (copy.account, copy.part, copy.evidence.value) == (BANK, "links", "Primary, away, West Europe")


def test_a_link_is_said_alike_by_both_ends():
    ours = linked(a_server(HOME), a_link(HOME, "Primary", AWAY, "West Europe"))
    theirs = linked(a_server(AWAY, "westeurope"), a_link(AWAY, "Secondary", HOME, "North Europe"))
    assert said([ours]) == said([theirs])
    assert ours.caused_by == theirs.caused_by == COPY


def test_a_database_that_is_being_copied_is_already_there():
    copy = linked(a_server(HOME), a_link(HOME, "Source", AWAY, "West Europe", replicationState="SEEDING"))
    assert copy.location == AMSTERDAM


def test_a_partner_given_by_its_bare_names_is_somewhere_known():
    copy = linked(a_server(HOME), a_link(HOME, "Primary", AWAY, "Japan East", partnerDatabaseId=None))
    assert (copy.id, copy.location) == (
        "/providers/microsoft.sql/servers/away/databases/orders",
        Location("azure", "japaneast"),
    )


def test_a_link_whose_id_names_another_group_is_about_the_server_it_was_asked_of():
    link = a_link(HOME.replace("Data", "Default-Onebox"), "Primary", AWAY, "West Europe")
    assert linked(a_server(HOME), link).of == ORDERS


def test_a_partner_in_an_unnamed_place_is_in_an_unknown_one():
    assert linked(a_server(HOME), a_link(HOME, "Primary", AWAY, "")).location is None


def test_a_failover_group_is_the_cause_of_the_copies_on_its_partners():
    [copy] = sql_servers.read(a_server(HOME), {"links": None, "groups": {"value": [a_group()]}}, CELL)
    assert said([copy]) == [(ORDERS, "azure-sql-failover-group", AMSTERDAM, COPY)]
    assert copy.caused_by == f"{HOME}/failoverGroups/fog".lower()


def test_a_group_says_nothing_on_the_side_of_its_partner():
    parts = {"links": None, "groups": {"value": [a_group("Secondary")]}}
    assert list(sql_servers.read(a_server(AWAY), parts, CELL)) == []


@pytest.fixture(name="arm")
def two_servers():
    arm = a_tenant()
    redundancy = {"currentBackupStorageRedundancy": "Local", "requestedBackupStorageRedundancy": "Local"}
    for server, place, more in ((HOME, "northeurope", {}), (AWAY, "westeurope", {"secondaryType": "Geo"})):
        arm.plant(server, place)
        arm.plant(f"{server}/databases/master", place, kind="v12.0,system")
        arm.plant(
            f"{server}/databases/Orders",
            place,
            kind="v12.0,user",
            tags={"data-class": "payment.card"} if server == HOME else {},
            properties=redundancy | more,
        )
    arm.answer(f"{HOME}/replicationLinks", [a_link(HOME, "Primary", AWAY, "West Europe")])
    arm.answer(f"{AWAY}/replicationLinks", [a_link(AWAY, "Secondary", HOME, "North Europe")])
    arm.answer(f"{HOME}/failoverGroups", [a_group()])
    return arm


def test_a_database_and_its_secondary_are_one_dataset_with_the_class_of_the_primary(arm):
    seen = look(arm)
    assert gaps(seen) == []
    [dataset] = relate(seen, azure.vocabulary)
    assert dataset.id == ORDERS
    assert {(one.kind, one.country) for one in dataset.placements} == {
        ("primary", "IE"),
        ("backup", "IE"),
        ("replica", "NL"),
    }


def test_a_database_and_its_secondary_are_one_dataset_though_a_link_names_neither_by_its_id(arm):
    for server, role, partner, place in ((HOME, "Primary", AWAY, "West Europe"), (AWAY, "Secondary", HOME, "")):
        arm.answer(f"{server}/replicationLinks", [a_link(server, role, partner, place, partnerDatabaseId=None)])
    arm.answer(f"{HOME}/failoverGroups", [])
    [dataset] = relate(look(arm), azure.vocabulary)
    assert dataset.id == ORDERS
    assert {(one.kind, one.country, one.held) for one in dataset.placements if one.kind == "replica"} == {
        ("replica", "NL", True)
    }


def test_links_on_many_pages_are_all_read(arm):
    arm.page = 1
    more = {**a_link(HOME, "Primary", f"{GROUP}/Far", "Japan East"), "name": "other"}
    arm.answer(f"{HOME}/replicationLinks", [a_link(HOME, "Primary", AWAY, "West Europe"), more])
    places = [one[2].region for one in said(look(arm).copies, "azure-sql-geo-replication")]
    assert sorted(places) == ["japaneast", "westeurope", "westeurope"]


def test_a_server_without_data_is_not_asked_what_it_replicates(arm):
    arm.plant(f"{GROUP}/Empty", "northeurope")
    arm.plant(f"{GROUP}/Empty/databases/master", "northeurope", kind="v12.0,system")
    assert gaps(look(arm)) == []
    asked = {path.rpartition("/")[0].lower() for _, path in arm.calls if path.endswith(("/replicationLinks", "Groups"))}
    assert asked == {HOME.lower(), AWAY.lower()}


def test_links_that_may_not_be_read_are_a_gap_and_what_else_is_known_stays(arm):
    arm.refuse("/servers/home/replicationLinks", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert gaps(seen) == [("sql.servers", "links", "home", "denied")]
    assert said(seen.copies, "azure-sql-failover-group") == [(ORDERS, "azure-sql-failover-group", AMSTERDAM, COPY)]
    assert len([one for one in seen.resources if one.type == "azure.sql.database"]) == 2


def test_a_server_that_was_deleted_meanwhile_says_nothing_and_is_no_gap(arm):
    arm.refuse("/servers/home/replicationLinks", Answer(404, "ResourceNotFound"))
    seen = look(arm)
    assert gaps(seen) == []
    assert said(seen.copies, "azure-sql-geo-replication", "azure-sql-failover-group") == said(
        [linked(a_server(AWAY, "westeurope"), a_link(AWAY, "Secondary", HOME, "North Europe"))]
    )
    assert Looks(seen.looks, every(seen)).proves(f"azure/{BANK}/global/sql.servers")
