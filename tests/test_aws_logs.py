import json

import pytest

from domicile.model import NEVER_EXPIRES, Cell, Copy, Location, Resource
from domicile.providers.aws import logs, logs_centralisation, logs_forwarding
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
GROUP = "arn:aws:logs:ap-south-1:111122223333:log-group:/app/orders"
FIREHOSE = "arn:aws:firehose:ap-south-1:111122223333:deliverystream/logs"
STREAM = "arn:aws:kinesis:eu-west-1:444455556666:stream/logs"
DESTINATION = "arn:aws:logs:ap-south-1:444455556666:destination:for-all"


def group(**more):
    [only] = logs.read({"logGroupName": "/app/orders", **more}, {}, HERE)
    return only


def test_a_log_group_is_named_without_the_star_that_stands_for_what_is_in_it():
    only = group(arn=f"{GROUP}:*", creationTime=1743487200000)
    assert (only.id, only.name, only.location) == (GROUP, "/app/orders", Location("aws", "ap-south-1"))
    assert only.created_at.isoformat() == "2025-04-01T06:00:00+00:00"


@pytest.mark.parametrize(
    ("told", "days"),
    [
        ({"retentionInDays": 30}, 30),
        ({}, NEVER_EXPIRES),
        ({"logGroupClass": "INFREQUENT_ACCESS"}, NEVER_EXPIRES),
        ({"logGroupClass": "DELIVERY"}, None),
    ],
)
def test_without_a_setting_events_never_expire_but_for_those_that_are_only_handed_on(told, days):
    assert group(**told).retention_days == days


def test_a_key_of_a_log_group_is_the_customers_own():
    key = "arn:aws:kms:ap-south-1:111122223333:key/1"
    assert (group(kmsKeyId=key).cmk, group(kmsKeyId=key).key) == (True, key)
    assert (group().cmk, group().key) == (False, "")


def exported(code):
    task = {"logGroupName": "/app/orders", "destination": "old-logs", "status": {"code": code}}
    return [(one.of, one.id, one.location, one.partial) for one in logs.read_export(task, {}, HERE)]


def test_a_log_group_may_have_been_exported_in_part_unless_the_task_still_waits():
    bucket = [(GROUP, "arn:aws:s3:::old-logs", None, True)]
    assert exported("COMPLETED") == exported("RUNNING") == exported("FAILED") == exported("CANCELLED") == bucket
    assert exported("PENDING") == []


def subscribed(target, **more):
    answer = {"subscriptionFilters": [{"filterName": "one", "destinationArn": target, **more}]}
    [copy] = logs_forwarding.read_filters("/app/orders", {"filters": answer}, HERE)
    return copy


def test_a_stream_keeps_logs_and_all_else_passes_them_on():
    assert subscribed(STREAM).channel == "logs-subscription"
    function = "arn:aws:lambda:ap-south-1:111122223333:function:alert"
    assert {subscribed(one).channel for one in (FIREHOSE, DESTINATION, function)} == {"logs-forwarding"}


def test_a_filter_sends_to_the_place_and_account_that_its_target_names():
    copy = subscribed(STREAM)
    assert (copy.of, copy.id, copy.part) == (GROUP, STREAM, "filters")
    assert (copy.location, copy.account) == (Location("aws", "eu-west-1"), "444455556666")
    assert copy.caused_by == f"{GROUP}#subscription-filter/one"


def test_a_filter_with_a_pattern_sends_only_some():
    assert not subscribed(STREAM).partial
    assert subscribed(STREAM, filterPattern="ERROR").partial
    assert subscribed(STREAM, fieldSelectionCriteria="@aws.account = '1'").partial


def test_filters_that_nobody_told_of_say_nothing():
    assert list(logs_forwarding.read_filters("/app/orders", {}, HERE)) == []


def test_only_log_groups_that_have_forwarded_are_asked_about_and_each_once():
    def metric(name, number):
        dimensions = [{"Name": "FilterName", "Value": str(number)}, {"Name": "LogGroupName", "Value": name}]
        return {"Dimensions": dimensions}

    of_an_account = {"Dimensions": [{"Name": "DestinationType", "Value": "Firehose"}]}
    pages = [{"Metrics": [metric("b", 1), metric("b", 2)]}, {"Metrics": [metric("a", 1), of_an_account]}]
    assert list(logs_forwarding.find_forwarding(RecordedCloud({"cloudwatch.list_metrics": pages}))) == ["a", "b"]


def test_a_destination_leads_to_another_region_and_keeps_nothing():
    told = {"destinationName": "for-all", "arn": DESTINATION, "targetArn": STREAM}
    holder, copy = logs_forwarding.read_destination(told, {}, HERE)
    assert (holder.id, holder.type, holder.retention_days) == (DESTINATION, "aws.logs.destination", 0)
    assert (copy.of, copy.id, copy.location) == (DESTINATION, STREAM, Location("aws", "eu-west-1"))


def governed(name, criteria="", pattern=""):
    document = json.dumps({"DestinationArn": FIREHOSE, "FilterPattern": pattern})
    policy = {"policyName": "all", "policyDocument": document, "selectionCriteria": criteria}
    return list(logs_forwarding.read_governed({"logGroupName": name, "policies": [policy]}, {}, HERE))


def test_a_policy_of_an_account_sends_on_every_log_group_but_those_it_names():
    [copy] = governed("/app/orders")
    assert (copy.of, copy.id, copy.channel, copy.partial) == (GROUP, FIREHOSE, "logs-forwarding", False)
    quiet = 'LogGroupName NOT IN ["/app/quiet", "/app/silent"]'
    assert governed("/app/quiet", quiet) == []
    assert governed("/app/orders", quiet) == [copy]


def test_a_policy_that_selects_in_a_way_nobody_knows_sends_on_everything():
    assert governed("/app/orders", "LogGroupName SOUNDS LIKE 'quiet'") == governed("/app/orders")
    assert governed("/app/orders", pattern="ERROR")[0].partial


def test_log_groups_are_not_listed_again_where_no_policy_is():
    cloud = RecordedCloud({"describe_account_policies": {"accountPolicies": []}})
    assert list(logs_forwarding.find_governed(cloud)) == []
    assert cloud.asked == ["describe_account_policies"]


RULE = "arn:aws:observabilityadmin:ap-south-1:111122223333:organization-centralization-rule/all"


def centralised(scope="OrganizationId = 'o-a1b2c3d4e5'", criteria="*", backup=None, **more):
    rule = {"RuleArn": RULE, "DestinationAccountId": "444455556666", "DestinationRegion": "ap-south-1"}
    source = {"Regions": ["eu-west-1", "ap-south-2"], "Scope": scope, **more}
    if criteria:
        source["SourceLogsConfiguration"] = {"LogGroupSelectionCriteria": criteria}
    to = {"DestinationLogsConfiguration": {"BackupConfiguration": backup}} if backup else {}
    answer = {"rule": {"CentralizationRule": {"Source": source, "Destination": to}}}
    return list(logs_centralisation.read(rule, answer, HERE))


def test_a_rule_for_a_whole_organisation_copies_every_log_group_of_its_regions():
    copies = centralised()
    assert [one.of for one in copies] == [
        "arn:aws:logs:eu-west-1:*:log-group:*",
        "arn:aws:logs:ap-south-2:*:log-group:*",
    ]
    assert {(one.id, one.location.region, one.account) for one in copies} == {
        (f"{RULE}/444455556666/ap-south-1", "ap-south-1", "444455556666")
    }


def test_a_rule_with_a_backup_region_copies_to_two_places():
    key = "arn:aws:kms:ap-southeast-1:444455556666:key/1"
    copies = centralised(backup={"Region": "ap-southeast-1", "KmsKeyArn": key})
    assert {(one.channel, one.location.region, one.key) for one in copies} == {
        ("logs-centralisation", "ap-south-1", ""),
        ("logs-centralisation-backup", "ap-southeast-1", key),
    }


@pytest.mark.parametrize("narrow", [{"scope": "OUId = 'ou-1'"}, {"criteria": "LogGroupName LIKE '/aws/%'"}])
def test_of_a_narrower_rule_nobody_tells_what_it_copies(narrow):
    [copy] = centralised(**narrow)
    assert copy.of == RULE


def test_a_rule_that_could_not_be_described_still_copies_to_its_destination():
    rule = {"RuleArn": RULE, "DestinationAccountId": "444455556666", "DestinationRegion": "ap-south-1"}
    [copy] = logs_centralisation.read(rule, {}, HERE)
    assert (copy.of, copy.channel, copy.part) == (RULE, "logs-centralisation", "")


def test_a_rule_about_metrics_copies_no_logs():
    assert centralised(criteria="", SourceMetricsConfiguration={"MetricsSelectionCriteria": "*"}) == []


def test_what_is_read_of_a_destination_is_a_holder_and_a_copy():
    told = {"destinationName": "for-all", "arn": DESTINATION, "targetArn": FIREHOSE}
    assert [type(one) for one in logs_forwarding.read_destination(told, {}, HERE)] == [Resource, Copy]
