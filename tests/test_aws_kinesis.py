import pytest

from domicile.model import Cell, Location
from domicile.providers.aws import kinesis

HERE = Cell("aws", "111122223333", "ap-south-1")
KEY = "arn:aws:kms:ap-south-1:111122223333:key/1"


def stream(**more):
    [only] = kinesis.read("cards", {"summary": {"RetentionPeriodHours": 24, **more}} if more else {}, HERE)
    return only


def test_a_stream_is_in_its_region_and_keeps_whole_days():
    only = stream(RetentionPeriodHours=36)
    assert only.id == "arn:aws:kinesis:ap-south-1:111122223333:stream/cards"
    assert (only.type, only.location, only.retention_days) == ("aws.kinesis.stream", Location("aws", "ap-south-1"), 1)


@pytest.mark.parametrize(
    ("told", "cmk", "key"),
    [
        ({"EncryptionType": "NONE"}, False, ""),
        ({"KeyId": "alias/aws/kinesis"}, False, "arn:aws:kms:ap-south-1:111122223333:alias/aws/kinesis"),
        ({"KeyId": "alias/cards"}, None, "arn:aws:kms:ap-south-1:111122223333:alias/cards"),
        ({"KeyId": "1"}, None, KEY),
        ({"KeyId": KEY}, None, KEY),
    ],
)
def test_whose_key_it_is_only_the_name_of_amazons_own_tells(told, cmk, key):
    assert (stream(**told).cmk, stream(**told).key) == (cmk, key)


def test_of_a_stream_that_could_not_be_described_nothing_is_claimed():
    assert (stream().retention_days, stream().cmk) == (None, None)
