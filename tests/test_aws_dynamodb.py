from datetime import UTC, datetime

import pytest

from domicile.model import NEVER_EXPIRES, Cell, Location
from domicile.providers.aws import dynamodb, dynamodb_backups, dynamodb_exports, dynamodb_global_tables
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
ARN = "arn:aws:dynamodb:ap-south-1:111122223333:table/carts"
NIGHT = datetime(2026, 11, 20, 21, tzinfo=UTC)


def read(**described):
    table = {"TableName": "carts", "TableArn": ARN} | described
    return list(dynamodb.read("carts", {"table": table}, HERE))


def test_a_lone_table_lives_only_where_it_was_found():
    [only] = read()
    assert (only.id, only.type, only.location) == (ARN, "aws.dynamodb.table", Location("aws", "ap-south-1"))


def test_every_other_region_that_stores_items_is_a_copy_whatever_its_state():
    _, copy = read(Replicas=[{"RegionName": "ap-south-1"}, {"RegionName": "us-east-1", "ReplicaStatus": "DELETING"}])
    assert (copy.of, copy.channel, copy.location) == (ARN, "dynamodb-global-table", Location("aws", "us-east-1"))
    assert copy.id == "arn:aws:dynamodb:us-east-1:111122223333:table/carts"
    assert copy.part == "table"


def test_a_replica_that_could_not_be_created_holds_nothing():
    assert len(read(Replicas=[{"RegionName": "us-east-1", "ReplicaStatus": "CREATION_FAILED"}])) == 1


def test_a_replica_in_another_account_is_held_by_that_account():
    there = "arn:aws:dynamodb:us-east-1:444455556666:table/carts"
    _, copy = read(Replicas=[{"RegionName": "us-east-1", "ReplicaArn": there}])
    assert (copy.id, copy.account) == (there, "444455556666")


def test_a_witness_holds_what_is_written_without_being_a_table():
    _, copy = read(GlobalTableWitnesses=[{"RegionName": "ap-northeast-1"}])
    assert (copy.channel, copy.id, copy.location) == ("dynamodb-witness", "", Location("aws", "ap-northeast-1"))


def test_a_restored_table_was_seeded_by_the_table_it_was_restored_from():
    source = "arn:aws:dynamodb:us-east-1:111122223333:table/carts-2024"
    _, copy = read(RestoreSummary={"SourceTableArn": source})
    assert (copy.of, copy.channel, copy.id) == (source, "dynamodb-restore", ARN)
    assert copy.location == Location("aws", "ap-south-1")


def test_a_key_that_is_amazons_own_is_no_customers_and_any_other_may_be():
    key = "arn:aws:kms:ap-south-1:111122223333:key/1"
    [plain], [keyed] = read(), read(SSEDescription={"SSEType": "KMS", "KMSMasterKeyArn": key})
    assert (plain.cmk, plain.key) == (False, "")
    assert (keyed.cmk, keyed.key) == (None, key)


def test_a_table_that_may_not_be_described_is_there_and_nothing_more_is_said_of_it():
    [only] = dynamodb.read("carts", {}, HERE)
    assert (only.id, only.cmk, only.created_at) == (ARN, None, None)


def test_tables_of_every_page_are_found():
    pages = [{"TableNames": ["carts"]}, {"TableNames": []}, {"TableNames": ["orders"]}]
    assert list(dynamodb.find(RecordedCloud({"list_tables": pages}))) == ["carts", "orders"]


def backup(**more):
    this = {"BackupArn": f"{ARN}/backup/1", "BackupName": "b", "TableArn": ARN, "BackupType": "USER"}
    return list(dynamodb_backups.read(this | {"BackupCreationDateTime": NIGHT} | more, {}, HERE))


NIGHT = datetime(2026, 11, 20, 21, tzinfo=UTC)


def test_a_backup_is_a_point_in_time_of_its_table_and_kept_until_somebody_deletes_it():
    resource, copy = backup()
    assert (resource.taken_of, resource.created_at, resource.retention_days) == (ARN, NIGHT, NEVER_EXPIRES)
    assert (copy.of, copy.channel, copy.location) == (ARN, "dynamodb-backup", Location("aws", "ap-south-1"))


def test_the_backup_that_dynamodb_makes_of_a_deleted_table_expires():
    resource, _ = backup(BackupType="SYSTEM", BackupExpiryDateTime=datetime(2026, 12, 25, 21, tzinfo=UTC))
    assert resource.retention_days == 35
    assert backup(BackupType="SYSTEM")[0].retention_days is None


def test_a_backup_in_the_making_is_of_no_age_and_a_deleted_one_is_gone():
    assert backup(BackupStatus="CREATING")[0].created_at is None
    assert backup(BackupStatus="DELETED") == []


def exported(**more):
    described = {"S3Bucket": "lake", "TableArn": ARN} | more
    return list(dynamodb_exports.read({"ExportArn": f"{ARN}/export/1"}, {"export": described}, HERE))


def test_an_export_puts_a_table_into_a_bucket_that_may_be_anybodys():
    key = "arn:aws:kms:us-east-1:444455556666:key/1"
    [copy] = exported(S3BucketOwner="444455556666", S3SseKmsKeyId=key)
    assert (copy.of, copy.channel, copy.id, copy.location) == (ARN, "dynamodb-export", "arn:aws:s3:::lake", None)
    assert (copy.account, copy.key, copy.partial) == ("444455556666", key, False)


def test_an_incremental_export_holds_a_part_and_names_its_table_by_its_own_name_if_by_nothing_else():
    [copy] = exported(TableArn="", ExportType="INCREMENTAL_EXPORT")
    assert (copy.of, copy.partial) == (ARN, True)


def test_exports_into_one_bucket_are_one_statement_however_many_there_are():
    [first], [second] = exported(), exported()
    assert first == second
    assert first.part == ""


@pytest.mark.parametrize(("status", "asked"), [("COMPLETED", True), ("IN_PROGRESS", True), ("FAILED", False)])
def test_what_an_export_that_failed_would_have_done_is_not_asked(status, asked):
    assert dynamodb_exports.wrote({"ExportStatus": status}) is asked


def test_an_export_that_may_not_be_described_says_nothing():
    assert list(dynamodb_exports.read({"ExportArn": f"{ARN}/export/1"}, {}, HERE)) == []


def test_replicas_of_a_legacy_global_table_are_peers():
    group = [{"RegionName": region} for region in ("us-east-1", "ap-south-1", "eu-west-1")]
    copies = list(dynamodb_global_tables.read({"GlobalTableName": "carts", "ReplicationGroup": group}, {}, HERE))
    assert [(copy.of, copy.channel, copy.location.region) for copy in copies] == [
        (ARN, "dynamodb-global-table", "eu-west-1"),
        (ARN, "dynamodb-global-table", "us-east-1"),
    ]
    assert copies[1].id == "arn:aws:dynamodb:us-east-1:111122223333:table/carts"


def test_a_legacy_global_table_without_a_replica_here_is_told_of_elsewhere():
    listed = {"GlobalTableName": "carts", "ReplicationGroup": [{"RegionName": "us-east-1"}]}
    assert list(dynamodb_global_tables.read(listed, {}, HERE)) == []
