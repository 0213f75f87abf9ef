from domicile.model import Cell, Location
from domicile.providers.aws import dsql

HERE = Cell("aws", "111122223333", "ap-south-1")
THIS = "arn:aws:dsql:ap-south-1:111122223333:cluster/a"
PEER = "arn:aws:dsql:us-east-1:111122223333:cluster/b"


def read(**told):
    return list(dsql.read({"identifier": "a", "arn": THIS}, {"cluster": told}, HERE))


def test_a_cluster_of_one_region_is_there_and_its_key_is_told():
    [own] = read(encryptionDetails={"encryptionType": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyArn": "key"})
    assert (own.id, own.type, own.name, own.location) == (THIS, "aws.dsql.cluster", "a", Location("aws", "ap-south-1"))
    assert (own.cmk, own.key) == (True, "key")
    [of_aws] = read(encryptionDetails={"encryptionType": "AWS_OWNED_KMS_KEY"}, multiRegionProperties={})
    assert (of_aws.cmk, of_aws.key) == (False, "")


def test_linked_clusters_hold_the_same_and_the_witness_keeps_the_log():
    _, peer, witness = read(multiRegionProperties={"clusters": [PEER, THIS], "witnessRegion": "eu-west-1"})
    assert (peer.of, peer.id, peer.channel) == (THIS, PEER, "dsql-multi-region")
    assert (peer.location, peer.account) == (Location("aws", "us-east-1"), "111122223333")
    assert (witness.channel, witness.location, witness.id) == ("dsql-witness", Location("aws", "eu-west-1"), "")


def test_of_a_cluster_that_must_not_be_described_nothing_else_is_claimed():
    [only] = dsql.read({"identifier": "a", "arn": THIS}, {}, HERE)
    assert (only.cmk, only.key) == (None, "")


def test_all_linked_clusters_tell_of_one_witness():
    told = {"clusters": [PEER, THIS], "witnessRegion": "eu-west-1"}
    there = Cell("aws", "111122223333", "us-east-1")
    other = dsql.read({"identifier": "b", "arn": PEER}, {"cluster": {"multiRegionProperties": told}}, there)
    assert read(multiRegionProperties=told)[-1] == list(other)[-1]
