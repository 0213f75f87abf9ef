from domicile.model import Cell, Location
from domicile.providers.aws import dlm

HERE = Cell("aws", "111122223333", "ap-south-1")
SUMMARY = {"PolicyId": "policy-0a1b2c3d4e5f60718", "State": "ENABLED"}
POLICY = "arn:aws:dlm:ap-south-1:111122223333:policy/policy-0a1b2c3d4e5f60718"
IRELAND = Location("aws", "eu-west-1")


def read(**details):
    return list(dlm.read(SUMMARY, {"policy": {"PolicyDetails": details}}, HERE))


def test_each_rule_of_a_schedule_puts_copies_into_its_region():
    rules = [
        {"Target": "eu-west-1", "CmkArn": "arn:aws:kms:eu-west-1:111122223333:key/1"},
        {"TargetRegion": "us-east-1"},
    ]
    one, another = read(Schedules=[{"Name": "Nightly", "CrossRegionCopyRules": rules}, {"Name": "Weekly"}])
    assert (one.of, one.channel, one.location, one.id) == (f"{POLICY}#Nightly", "dlm-copy-rule", IRELAND, "")
    assert (one.account, one.part, one.key) == ("111122223333", "policy", "arn:aws:kms:eu-west-1:111122223333:key/1")
    assert another.location == Location("aws", "us-east-1")


def test_a_copy_to_an_outpost_is_where_nobody_knows():
    target = "arn:aws:outposts:eu-west-1:111122223333:outpost/op-0123456789abcdef0"
    [only] = read(Schedules=[{"Name": "Nightly", "CrossRegionCopyRules": [{"Target": target}]}])
    assert only.location == Location("aws", "eu-west-1", "outpost")


def test_a_policy_for_what_others_share_copies_too():
    copies = [{"Target": "eu-west-1", "EncryptionConfiguration": {"Encrypted": True, "CmkArn": "key"}}]
    [only] = read(Actions=[{"Name": "copy", "CrossRegionCopy": copies}])
    assert (only.of, only.location, only.key) == (POLICY, IRELAND, "key")


def test_a_default_policy_copies_all_there_is():
    [only] = read(ResourceType="VOLUME", CrossRegionCopyTargets=[{"TargetRegion": "eu-west-1"}])
    assert (only.of, only.location) == (POLICY, IRELAND)


def test_a_policy_that_is_off_is_not_asked_what_it_copies_and_one_in_error_is():
    assert not dlm.is_on(SUMMARY | {"State": "DISABLED"})
    assert dlm.is_on(SUMMARY | {"State": "ERROR"})
    assert list(dlm.read(SUMMARY, {"policy": None}, HERE)) == []
    assert list(dlm.read(SUMMARY, {}, HERE)) == []
