from domicile.model import Cell, Location
from domicile.providers.aws import msk

HERE = Cell("aws", "111122223333", "ap-south-1")
HOME = "arn:aws:kafka:ap-south-1:111122223333:cluster/flows/0123-1"
ABROAD = "arn:aws:kafka:eu-west-1:444455556666:cluster/flows/4567-1"
REPLICATOR = "arn:aws:kafka:ap-south-1:111122223333:replicator/out/89ab-1"
OUTSIDE = {"ApacheKafkaCluster": {"ApacheKafkaClusterId": "q1", "BootstrapBrokerString": "kafka.example.com:9094"}}


def of(name):
    return {"AmazonMskCluster": {"MskClusterArn": name}}


def replicated(source, target, *flows, **more):
    aliases = {"a": source, "b": target}
    this = {
        "ReplicatorArn": REPLICATOR,
        "KafkaClustersSummary": [{"KafkaClusterAlias": alias} | one for alias, one in aliases.items()],
        "ReplicationInfoSummaryList": [
            {"SourceKafkaClusterAlias": one, "TargetKafkaClusterAlias": other} for one, other in flows or (("a", "b"),)
        ],
    }
    return list(msk.read_replicator(this | more, {}, HERE))


def test_a_cluster_is_in_its_region_with_its_tags_and_its_key():
    encrypted = {"EncryptionInfo": {"EncryptionAtRest": {"DataVolumeKMSKeyId": "key"}}}
    this = {
        "ClusterArn": HOME,
        "ClusterName": "flows",
        "Tags": {"data-class": "payment.card"},
        "Provisioned": encrypted,
    }
    [only] = msk.read(this, {}, HERE)
    assert (only.id, only.type, only.name) == (HOME, "aws.kafka.cluster", "flows")
    assert (only.location, only.tags) == (Location("aws", "ap-south-1"), {"data-class": "payment.card"})
    assert (only.cmk, only.key) == (None, "key")


def test_of_a_serverless_cluster_no_key_is_told():
    [only] = msk.read({"ClusterArn": HOME, "ClusterName": "flows", "Serverless": {}}, {}, HERE)
    assert (only.cmk, only.key, only.tags) == (None, "", {})


def test_a_replicator_copies_some_topics_to_the_region_and_account_of_its_target():
    [copy] = replicated(of(HOME), of(ABROAD))
    assert (copy.of, copy.id, copy.channel) == (HOME, ABROAD, "msk-replicator")
    assert (copy.location, copy.account) == (Location("aws", "eu-west-1"), "444455556666")
    assert (copy.caused_by, copy.partial) == (REPLICATOR, True)


def test_a_replicator_both_ways_is_two_copies_and_a_failed_one_has_copied_too():
    flows = replicated(of(HOME), of(ABROAD), ("a", "b"), ("b", "a"), ReplicatorState="FAILED")
    assert [(copy.of, copy.id) for copy in flows] == [(HOME, ABROAD), (ABROAD, HOME)]


def test_what_leaves_msk_is_somewhere_and_what_comes_in_is_a_copy_of_nothing_here():
    [copy] = replicated(of(HOME), OUTSIDE)
    assert (copy.channel, copy.of, copy.location, copy.id) == ("msk-replicator-outward", HOME, None, "")
    assert "example.com" not in str(copy)
    assert replicated(OUTSIDE, of(HOME)) == []
