from domicile.model import Cell, Location
from domicile.providers.aws import dynamodb
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
ARN = "arn:aws:dynamodb:ap-south-1:111122223333:table/carts"


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
