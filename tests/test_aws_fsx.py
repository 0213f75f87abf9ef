from datetime import UTC, datetime

import pytest

from domicile.model import NEVER_EXPIRES, Cell, Location, Resource
from domicile.providers.aws import fsx, fsx_backups

HERE = Cell("aws", "111122223333", "ap-south-1")
MUMBAI = Location("aws", "ap-south-1")
SYSTEM = "arn:aws:fsx:ap-south-1:111122223333:file-system/fs-0123456789abcdef0"
BACKUP = "arn:aws:fsx:ap-south-1:111122223333:backup/backup-0123456789abcdef0"
BUCKET = "arn:aws:s3:::statements"
EVENTS = {"Events": ["NEW", "CHANGED"]}
NIGHT = datetime(2026, 11, 20, 19, tzinfo=UTC)


def system(**more):
    this = {"FileSystemId": "fs-0123456789abcdef0", "ResourceARN": SYSTEM, "Lifecycle": "AVAILABLE"}
    return list(fsx.read(this | more, {}, HERE))


def linked(path="s3://statements/", **more):
    this = {"AssociationId": "dra-1", "FileSystemId": "fs-0123456789abcdef0", "DataRepositoryPath": path}
    return list(fsx.read_repository(this | more, {}, HERE))


def backup(**more):
    this = {
        "BackupId": "backup-0123456789abcdef0",
        "ResourceARN": BACKUP,
        "Lifecycle": "AVAILABLE",
        "Type": "USER_INITIATED",
        "CreationTime": NIGHT,
        "FileSystem": {"FileSystemId": "fs-0123456789abcdef0", "ResourceARN": SYSTEM},
    }
    return list(fsx_backups.read(this | more, {}, HERE))


def test_a_file_system_is_in_its_region_with_its_tags_and_its_key():
    [only] = system(Tags=[{"Key": "Name", "Value": "risk"}], KmsKeyId="key", CreationTime=NIGHT)
    assert (only.id, only.type, only.name, only.location) == (SYSTEM, "aws.fsx.file-system", "risk", MUMBAI)
    assert (only.key, only.created_at, only.tags) == ("key", NIGHT, {"Name": "risk"})


def test_a_file_system_that_could_not_be_made_holds_nothing():
    assert system(Lifecycle="FAILED") == []
    assert system(Lifecycle="MISCONFIGURED")


def test_a_file_system_made_for_a_bucket_holds_what_is_in_the_bucket():
    linked_to = {
        "DataRepositoryConfiguration": {"ImportPath": "s3://statements/2026", "ExportPath": "s3://statements/x"}
    }
    _, copy = system(LustreConfiguration=linked_to)
    assert (copy.of, copy.channel, copy.id, copy.location) == (BUCKET, "fsx-import", SYSTEM, MUMBAI)
    assert copy.partial


def test_a_link_that_imports_brings_the_bucket_into_the_file_system():
    for how in ({"S3": {"AutoImportPolicy": EVENTS}}, {"BatchImportMetaDataOnCreate": True}):
        [copy] = linked(**how)
        assert (copy.of, copy.channel, copy.id, copy.partial) == (BUCKET, "fsx-import", SYSTEM, False)


def test_a_link_that_exports_brings_the_files_into_the_bucket_wherever_that_is():
    [copy] = linked(S3={"AutoExportPolicy": EVENTS}, FileSystemPath="/results")
    assert (copy.of, copy.channel, copy.id, copy.location) == (SYSTEM, "fsx-export", BUCKET, None)
    assert (copy.partial, copy.caused_by) == (True, "arn:aws:fsx:ap-south-1:111122223333:association/dra-1")


@pytest.mark.parametrize(
    "link",
    [
        {"S3": {}},
        {"path": "nfs://files.example.com/all", "S3": {"AutoImportPolicy": EVENTS}},
        {"S3": {"AutoExportPolicy": EVENTS}, "Lifecycle": "FAILED"},
        {"S3": {"AutoImportPolicy": EVENTS}, "FileSystemId": ""},
    ],
)
def test_a_link_that_moves_nothing_by_itself_or_leads_out_of_aws_is_no_copy(link):
    assert linked(**link) == []


def test_a_backup_by_hand_is_a_snapshot_of_its_file_system_and_kept_for_ever():
    taken, copy = backup(KmsKeyId="key")
    assert (taken.id, taken.taken_of, taken.created_at) == (BACKUP, SYSTEM, NIGHT)
    assert (taken.retention_days, taken.key, taken.name) == (NEVER_EXPIRES, "key", "backup-0123456789abcdef0")
    assert (copy.of, copy.channel, copy.id) == (SYSTEM, "fsx-backup", BACKUP)


def test_an_automatic_backup_is_a_backup_and_not_kept_for_ever():
    taken, copy = backup(Type="AUTOMATIC")
    assert (copy.channel, taken.retention_days) == ("fsx-automatic-backup", None)
    assert fsx_backups.AUTOMATIC.kind == "backup"


def test_a_copied_backup_names_its_source():
    _, copy = backup(SourceBackupId="backup-1", SourceBackupRegion="eu-west-1")
    assert (copy.of, copy.channel) == ("arn:aws:fsx:eu-west-1:111122223333:backup/backup-1", "fsx-backup-copy")


def test_what_aws_backup_made_is_a_recovery_point():
    assert backup(Type="AWS_BACKUP")[1].channel == "backup-recovery-point"
    copied = backup(Type="AWS_BACKUP", SourceBackupId="backup-1", SourceBackupRegion="eu-west-1")[1]
    assert (copied.of, copied.channel) == (SYSTEM, "backup-copy")


def test_without_an_arn_the_file_system_is_named_by_where_it_was():
    told = {"FileSystem": {"FileSystemId": "fs-1"}, "SourceBackupId": "backup-1", "SourceBackupRegion": "eu-west-1"}
    assert backup(**told)[0].taken_of == "arn:aws:fsx:eu-west-1:111122223333:file-system/fs-1"
    assert backup(FileSystem={}, Volume={"FileSystemId": "fs-1"})[0].taken_of.endswith("file-system/fs-1")
    [only] = backup(FileSystem={})
    assert isinstance(only, Resource)


def test_a_backup_in_the_making_is_of_no_age_and_a_failed_one_is_not_there():
    assert backup(Lifecycle="TRANSFERRING")[0].created_at is None
    assert backup(Lifecycle="FAILED") == []
