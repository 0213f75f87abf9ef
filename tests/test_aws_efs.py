from domicile.model import Cell, Location
from domicile.providers.aws import efs

HERE = Cell("aws", "111122223333", "ap-south-1")
SYSTEM = "arn:aws:elasticfilesystem:ap-south-1:111122223333:file-system/fs-0123456789abcdef0"


def system(**more):
    this = {"FileSystemId": "fs-0123456789abcdef0", "FileSystemArn": SYSTEM, "Encrypted": True, "Tags": []}
    return list(efs.read(this | more, {}, HERE))


def replicated(*targets):
    return list(efs.read_replication({"SourceFileSystemArn": SYSTEM, "Destinations": list(targets)}, {}, HERE))


def test_a_file_system_is_in_its_region_with_its_tags_and_its_key():
    [only] = system(Name="statements", KmsKeyId="key", Tags=[{"Key": "data-class", "Value": "payment.card"}])
    assert (only.id, only.type, only.name) == (SYSTEM, "aws.efs.file-system", "statements")
    assert (only.location, only.tags) == (Location("aws", "ap-south-1"), {"data-class": "payment.card"})
    assert (only.cmk, only.key) == (None, "key")


def test_a_file_system_in_one_zone_is_in_the_region():
    [only] = system(AvailabilityZoneName="ap-south-1a", Encrypted=False)
    assert (only.location, only.name, only.cmk) == (Location("aws", "ap-south-1"), "fs-0123456789abcdef0", False)


def test_a_file_system_without_an_arn_is_named_by_what_it_is_and_a_deleted_one_is_not_there():
    assert system(FileSystemArn=None)[0].id == SYSTEM
    assert system(LifeCycleState="deleted") == []


def test_a_replica_is_named_by_its_region_and_its_owner():
    [copy] = replicated({"FileSystemId": "fs-0fedcba9876543210", "Region": "eu-west-1", "OwnerId": "444455556666"})
    assert copy.id == "arn:aws:elasticfilesystem:eu-west-1:444455556666:file-system/fs-0fedcba9876543210"
    assert (copy.of, copy.channel, copy.location) == (SYSTEM, "efs-replication", Location("aws", "eu-west-1"))
    assert (copy.account, copy.caused_by) == ("444455556666", SYSTEM)


def test_without_an_owner_a_replica_is_in_the_account_of_its_source_and_a_failing_one_holds_files_too():
    [copy] = replicated({"FileSystemId": "fs-0fedcba9876543210", "Region": "eu-west-1", "Status": "ERROR"})
    assert copy.account == "111122223333"
