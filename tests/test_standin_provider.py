"""The stand-in provider refuses what the real one would: it must not nod everything through."""

import pytest

from standin_provider import faults

SCHEDULE = {
    "flexibleTimeWindow": {"mode": "OFF"},
    "scheduleExpression": "rate(1 day)",
    "target": {
        "arn": "arn:aws:states:ap-south-1:123456789012:stateMachine:scan",
        "roleArn": "arn:aws:iam::123456789012:role/start",
    },
}


def test_what_the_sdk_declares_is_accepted():
    assert list(faults("aws:scheduler/schedule:Schedule", SCHEDULE)) == []


@pytest.mark.parametrize(
    ("inputs", "place", "reason"),
    [
        ({**SCHEDULE, "timezone": "Asia/Kolkata"}, "timezone", "is no property of ScheduleArgs"),
        (
            {**SCHEDULE, "target": {**SCHEDULE["target"], "role_arn": "x"}},
            "target.role_arn",
            "is no property of ScheduleTargetArgs",
        ),
        ({**SCHEDULE, "target": {"arn": "x"}}, "target.roleArn", "is required"),
        ({**SCHEDULE, "target": []}, "target", "is no ScheduleTargetArgs"),
        ({**SCHEDULE, "state": True}, "state", "is no str: True"),
    ],
)
def test_a_misspelt_missing_or_misshapen_input_is_named(inputs, place, reason):
    ((where, why),) = faults("aws:scheduler/schedule:Schedule", inputs)
    assert where == place
    assert why.startswith(reason)


def test_every_member_of_a_list_and_of_a_mapping_is_looked_at():
    table = {
        "attributes": [{"name": "violation_id", "type": "S"}, {"name": "rank"}],
        "tags": {"system": "domicile", "copies": 1},
    }
    assert set(faults("aws:dynamodb/table:Table", table)) == {
        ("attributes[1].type", "is required"),
        ("tags.copies", "is no str: 1"),
    }


def test_a_resource_that_the_sdk_does_not_know_is_named():
    ((_, why),) = faults("aws:scheduler/timetable:Timetable", {})
    assert why == "pulumi_aws knows no resource aws:scheduler/timetable:Timetable"
