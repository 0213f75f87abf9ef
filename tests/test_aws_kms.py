import pytest

from core_cases import HERE as ACCOUNT
from core_cases import PAYMENTS, holder, judged, rule, verdicts, world
from domicile.model import Cell, Key, Location, Obligation
from domicile.providers.aws import kms
from recorded_cloud import RecordedCloud

HERE = Cell("aws", ACCOUNT, "ap-south-1")
ID = "mrk-0123456789abcdef0123456789abcdef"
MANY = f"arn:aws:kms:ap-south-1:{ACCOUNT}:key/{ID}"
ALIAS = f"arn:aws:kms:ap-south-1:{ACCOUNT}:alias/ledger"
MUMBAI, HYDERABAD, IRELAND = (Location("aws", region) for region in ("ap-south-1", "ap-south-2", "eu-west-1"))


def told(*replicas, primary="ap-south-1"):
    def end(region):
        return {"Arn": MANY.replace("ap-south-1", region), "Region": region}

    places = {"PrimaryKey": end(primary), "ReplicaKeys": [end(region) for region in replicas]}
    return {"places": {"MultiRegion": True, "MultiRegionConfiguration": places}}


def of_key(parts):
    return tuple(kms.read({"KeyId": ID, "KeyArn": MANY}, parts, HERE))


def of_alias(target, parts):
    alias = {"AliasName": "alias/ledger", "AliasArn": ALIAS, "TargetKeyId": target}
    return tuple(kms.read_alias(alias, parts, HERE))


def test_a_key_of_several_regions_is_in_all_of_them_whichever_is_asked():
    assert of_key(told("eu-west-1")) == (Key(MANY, (MUMBAI, IRELAND)),)
    assert of_key(told("ap-south-1", "ap-south-2", primary="eu-west-1")) == (Key(MANY, (MUMBAI, HYDERABAD, IRELAND)),)


def test_of_a_key_of_one_region_nothing_is_told_that_its_name_does_not_tell():
    assert list(kms.read({"KeyId": "1234", "KeyArn": MANY.replace(ID, "1234")}, {"places": None}, HERE)) == []


def test_only_keys_of_several_regions_are_described():
    assert kms.PLACES.applies({"KeyId": ID, "KeyArn": MANY})
    assert kms.PLACES.applies({"AliasArn": ALIAS, "TargetKeyId": ID})
    assert not kms.PLACES.applies({"KeyId": "1234abcd-mrk-", "KeyArn": "arn"})


def test_an_alias_is_where_the_key_is_that_it_names():
    assert of_alias("1234", {"places": None}) == (Key(ALIAS, (MUMBAI,)),)
    assert of_alias(ID, told("eu-west-1")) == (Key(ALIAS, (MUMBAI, IRELAND)),)
    assert of_alias(ID, {}) == ()


def test_aliases_that_name_no_key_or_one_of_aws_are_passed_over():
    aliases = [
        {"AliasName": "alias/aws/s3", "AliasArn": "1", "TargetKeyId": "1234"},
        {"AliasName": "alias/unused", "AliasArn": "2"},
        {"AliasName": "alias/awsome", "AliasArn": "3", "TargetKeyId": "1234"},
    ]
    found = kms.find_aliases(RecordedCloud({"list_aliases": {"Aliases": aliases}}))
    assert [one["AliasArn"] for one in found] == ["3"]


@pytest.mark.parametrize(
    ("key", "keys", "expected"),
    [
        pytest.param(MANY, of_key(told("ap-south-2")), "pass", id="a replica at home"),
        pytest.param(MANY, of_key(told("eu-west-1")), "violation", id="a replica abroad"),
        pytest.param(MANY, of_key({}), "unknown", id="a key that must not be described"),
        pytest.param(ALIAS, of_alias("1234", {"places": None}), "pass", id="an alias of a key of one region"),
        pytest.param(ALIAS, of_alias(ID, told("eu-west-1")), "violation", id="an alias of a key that is abroad too"),
        pytest.param(ALIAS, (), "unknown", id="an alias that no look shows"),
        pytest.param("1234abcd-12ab-34cd-56ef-1234567890ab", (), "unknown", id="a key told by its id alone"),
    ],
)
def test_whether_data_at_home_is_encrypted_by_keys_at_home(key, keys, expected):
    ledger = holder("ledger", key=key, tags=PAYMENTS)
    judgement = judged(world(ledger, keys=keys), rule(Obligation(kind="encrypted", keys_in=("IN",))))
    assert set(verdicts(judgement).values()) == {expected}
