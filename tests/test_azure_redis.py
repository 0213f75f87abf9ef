import pytest

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location
from domicile.providers.azure import redis, redis_enterprise

HERE = Cell("azure", BANK, "global")
MUMBAI, SINGAPORE = Location("azure", "centralindia"), Location("azure", "southeastasia")
AT = f"/subscriptions/{BANK}/resourceGroups/data/providers/Microsoft.Cache"
CACHE, OTHER = f"{AT}/Redis/Sessions", f"{AT}/Redis/sessions-sg"


def link(role, **more):
    about = {"linkedRedisCacheId": OTHER, "linkedRedisCacheLocation": "Southeast Asia", "serverRole": role}
    return {"links": {"value": [{"properties": about | more}]}}


def read(parts, **properties):
    row = {"id": CACHE, "name": "Sessions", "location": "centralindia", "properties": properties}
    return list(redis.read(row, parts, HERE))


def ends(copy):
    return copy.of, copy.id, copy.location


def test_a_linked_cache_is_a_copy_of_the_primary_whichever_of_the_two_is_asked():
    cache, to_secondary = read(link("Secondary"))
    _, from_primary = read(link("Primary"))
    assert (cache.type, cache.location) == ("azure.redis.cache", MUMBAI)
    assert ends(to_secondary) == (CACHE.lower(), OTHER.lower(), SINGAPORE)
    assert ends(from_primary) == (OTHER.lower(), CACHE.lower(), MUMBAI)


def test_a_linked_cache_whose_place_is_not_told_is_somewhere_all_the_same():
    _, copy = read(link("Secondary", linkedRedisCacheLocation=""))
    assert ends(copy) == (CACHE.lower(), OTHER.lower(), None)


@pytest.mark.parametrize(
    ("properties", "asked"),
    [
        ({}, True),
        ({"sku": {"name": "Premium"}}, True),
        ({"sku": {"name": "Premium"}, "linkedServers": [{"id": "x"}]}, True),
        ({"sku": {"name": "Premium"}, "linkedServers": []}, False),
        ({"sku": {"name": "Standard"}}, False),
    ],
)
def test_only_a_cache_that_may_be_linked_is_asked_and_what_is_not_shown_may_be(properties, asked):
    assert redis.can_be_linked({"properties": properties}) is asked


def test_links_are_asked_for_once_a_cache_and_refused_ones_are_a_gap():
    arm = a_tenant()
    arm.plant(CACHE, "centralindia", properties={"sku": {"name": "Premium"}, "linkedServers": [{"id": OTHER}]})
    arm.plant(f"{AT}/Redis/small", "centralindia", properties={"sku": {"name": "Basic"}})
    arm.answer(f"{CACHE}/linkedServers", link("Secondary")["links"]["value"])
    seen = look(arm)
    assert said(seen.copies) == [(CACHE.lower(), "azure-redis-geo-replication", SINGAPORE, OTHER.lower())]
    assert arm.actions()["Microsoft.Cache/Redis/linkedServers/read"] == 1
    arm.refuse("linkedservers", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert (len(seen.resources), gaps(seen)) == (2, [("redis.caches", "links", "sessions", "denied")])


CLUSTER, PEER = f"{AT}/redisEnterprise/carts", f"{AT}/redisEnterprise/carts-sg"


def database(*linked):
    group = {"groupNickname": "carts", "linkedDatabases": [{"id": one, "state": "Linked"} for one in linked]}
    return {"id": f"{CLUSTER}/databases/default", "properties": {"geoReplication": group} if linked else {}}


def read_cluster(parts, **properties):
    row = {"id": CLUSTER, "name": "carts", "location": "centralindia", "properties": properties}
    return list(redis_enterprise.read(row, parts, HERE))


def test_members_of_a_group_are_peers_of_the_cluster_and_it_is_none_of_itself():
    parts = {"databases": {"value": [database(f"{CLUSTER}/databases/default", f"{PEER}/databases/default")]}}
    _, copy = read_cluster(parts)
    assert ends(copy) == (CLUSTER.lower(), PEER.lower(), None)
    assert len(read_cluster({"databases": {"value": [database()]}})) == len(read_cluster({})) == 1


def test_the_key_of_a_cluster_is_told_where_its_encryption_is_shown():
    key = "https://bank.vault.azure.net/keys/carts/1"
    [own] = read_cluster({}, encryption={"customerManagedKeyEncryption": {"keyEncryptionKeyUrl": key}})
    assert (own.cmk, own.key) == (True, key)
    assert [read_cluster({}, encryption={})[0].cmk, read_cluster({})[0].cmk] == [False, None]


def test_peers_are_found_on_every_page_and_a_cluster_deleted_meanwhile_is_nothing():
    arm = a_tenant()
    arm.page = 1
    arm.plant(CLUSTER, "centralindia", properties={})
    arm.plant(PEER, "southeastasia", properties={})
    arm.answer(f"{CLUSTER}/databases", [database(), database(f"{PEER}/databases/default")])
    arm.refuse("carts-sg/databases", Answer(404, "ResourceNotFound"))
    seen = look(arm)
    assert gaps(seen) == []
    assert [one.name for one in seen.resources] == ["carts"]
    assert said(seen.copies) == [(CLUSTER.lower(), "azure-redis-active-geo-replication", None, PEER.lower())]
