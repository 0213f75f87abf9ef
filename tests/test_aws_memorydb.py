from domicile.model import Cell, Location
from domicile.providers.aws import memorydb

HERE = Cell("aws", "111122223333", "ap-south-1")
THIS = "arn:aws:memorydb:ap-south-1:111122223333:cluster/wallets"
PEER = "arn:aws:memorydb:us-east-1:111122223333:cluster/wallets-us"
WHOLE = "arn:aws:memorydb::111122223333:multiregioncluster/wallets"


def read(*members, **more):
    whole = {"ARN": WHOLE, "Clusters": [{"ARN": one} for one in members]}
    return list(
        memorydb.read({"ARN": THIS, "Name": "wallets"} | more, {"members": {"MultiRegionClusters": [whole]}}, HERE)
    )


def test_a_cluster_is_in_its_region_with_the_key_that_it_names():
    [only] = read(KmsKeyId="key")
    assert (only.id, only.type, only.name) == (THIS, "aws.memorydb.cluster", "wallets")
    assert (only.location, only.cmk, only.key) == (Location("aws", "ap-south-1"), None, "key")


def test_each_member_of_a_multi_region_cluster_tells_of_the_others():
    _, peer = read(THIS, PEER)
    assert (peer.of, peer.id, peer.channel, peer.caused_by) == (THIS, PEER, "memorydb-multi-region", WHOLE)
    assert (peer.location, peer.account) == (Location("aws", "us-east-1"), "111122223333")


def test_only_members_are_asked_for_the_others():
    assert memorydb.is_member({"MultiRegionClusterName": "wallets"})
    assert not memorydb.is_member({"ARN": THIS})
