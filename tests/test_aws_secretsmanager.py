from domicile.model import Cell, Location
from domicile.providers.aws import secretsmanager, secretsmanager_replicas
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
SECRET = "arn:aws:secretsmanager:ap-south-1:111122223333:secret:ledger:main-a1B2c3"


def read(**more):
    return list(secretsmanager.read({"ARN": SECRET, "Name": "ledger:main"} | more, {}, HERE))


def test_a_secret_is_in_its_region_with_its_tags():
    [only] = read(PrimaryRegion="ap-south-1", Tags=[{"Key": "data-class", "Value": "payment.card"}, {"Key": "empty"}])
    assert (only.id, only.type, only.name) == (SECRET, "aws.secretsmanager.secret", "ledger:main")
    assert (only.location, only.account) == (Location("aws", "ap-south-1"), "111122223333")
    assert only.tags == {"data-class": "payment.card", "empty": ""}


def test_a_replica_is_a_copy_of_the_secret_of_its_name_in_the_primary_region():
    _, copy = read(PrimaryRegion="us-east-1")
    assert copy.of == "arn:aws:secretsmanager:us-east-1:111122223333:secret:ledger:main-a1B2c3"
    assert (copy.id, copy.channel) == (SECRET, "secretsmanager-replica")
    assert (copy.location, copy.account) == (Location("aws", "ap-south-1"), "111122223333")
    assert copy.evidence.value == "us-east-1"


def test_in_china_the_primary_is_in_china_too():
    secret = {
        "ARN": "arn:aws-cn:secretsmanager:cn-north-1:1:secret:a-b",
        "Name": "a",
        "PrimaryRegion": "cn-northwest-1",
    }
    _, copy = secretsmanager.read(secret, {}, Cell("aws", "1", "cn-north-1"))
    assert copy.of == "arn:aws-cn:secretsmanager:cn-northwest-1:1:secret:a-b"


def test_without_a_key_it_is_that_of_aws_and_whose_a_given_one_is_nobody_tells():
    assert [(read()[0].cmk, read()[0].key)] == [(False, "")]
    [given] = read(KmsKeyId="1234abcd-12ab-34cd-56ef-1234567890ab")
    assert (given.cmk, given.key) == (None, "1234abcd-12ab-34cd-56ef-1234567890ab")


def test_what_is_to_be_deleted_is_asked_for_and_is_there_until_then():
    asked = []

    class Asked(RecordedCloud):
        def pages(self, operation, **parameters):
            asked.append(parameters)
            return super().pages(operation)

    assert list(secretsmanager.find(Asked({"list_secrets": {"SecretList": ["one"]}}))) == ["one"]
    assert asked == [{"MaxResults": 100, "IncludePlannedDeletion": True}]
    [only] = read(DeletedDate="2026-11-20T08:00:00Z")
    assert only.id == SECRET


def replicas(**described):
    secret = {"ARN": SECRET, "Name": "ledger:main"}
    return list(secretsmanager_replicas.read(secret, {"description": {"ARN": SECRET} | described}, HERE))


def test_a_primary_tells_of_replicas_where_nobody_can_look():
    [copy] = replicas(
        ReplicationStatus=[{"Region": "eu-west-1", "KmsKeyId": "key"}, {"Region": "us-east-1", "Status": "Failed"}]
    )
    assert copy.id == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ledger:main-a1B2c3"
    assert (copy.of, copy.channel, copy.key) == (SECRET, "secretsmanager-replica", "key")
    assert (copy.location, copy.account) == (Location("aws", "eu-west-1"), "111122223333")


def test_a_replica_in_another_account_is_named_by_itself_and_stays_when_it_is_detached():
    there = "arn:aws:secretsmanager:ap-south-1:444455556666:secret:ledger-d4E5f6"
    for status, count in {"InSync": 1, "Detached": 1, "Failed": 0}.items():
        found = replicas(CrossAccountReplicas=[{"ReplicaSecretARN": there, "ReplicationStatus": status}])
        expected = [(there, "secretsmanager-account-replica", "444455556666")] * count
        assert [(copy.id, copy.channel, copy.account) for copy in found] == expected


def test_only_secrets_that_have_replicas_are_described():
    assert secretsmanager_replicas.is_replicated({"ARN": SECRET, "PrimaryRegion": "ap-south-1"})
    assert not secretsmanager_replicas.is_replicated({"ARN": SECRET, "PrimaryRegion": "eu-west-1"})
    assert not secretsmanager_replicas.is_replicated({"ARN": SECRET})
    assert list(secretsmanager_replicas.read({"ARN": SECRET}, {}, HERE)) == []
