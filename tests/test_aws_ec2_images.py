from datetime import UTC, datetime

import pytest

from domicile.model import NEVER_EXPIRES, Cell, Copy, Location, Resource
from domicile.providers.aws import ec2_images
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
MUMBAI = Location("aws", "ap-south-1")
IMAGE = "arn:aws:ec2:ap-south-1::image/ami-0a1b2c3d4e5f60718"
PART = "arn:aws:ec2:ap-south-1::snapshot/snap-0aa11bb22cc33dd44"
MACHINE = "arn:aws:ec2:ap-south-1:111122223333:instance/i-0123456789abcdef0"
POLICY = "arn:aws:dlm:{}:111122223333:policy/policy-0a1b2c3d4e5f60718#Nightly"
BY_POLICY = {
    "aws:dlm:lifecycle-policy-id": "policy-0a1b2c3d4e5f60718",
    "aws:dlm:lifecycle-schedule-name": "Nightly",
}


def image(tags=(), parts=None, **more):
    this = {
        "ImageId": "ami-0a1b2c3d4e5f60718",
        "Name": "golden",
        "State": "available",
        "CreationDate": "2026-11-20T19:00:12.000Z",
        "BlockDeviceMappings": [{"Ebs": {"SnapshotId": "snap-0aa11bb22cc33dd44", "Encrypted": True}}],
        "Tags": [{"Key": key, "Value": value} for key, value in dict(tags).items()],
    }
    answers = {"provider": None} if parts is None else parts
    return list(ec2_images.read(this | more, answers, HERE))


def said(sightings):
    return [(one.of, one.channel, one.id, one.caused_by) for one in sightings if isinstance(one, Copy)]


def test_an_image_is_the_whole_of_its_snapshots_and_stands_for_itself():
    whole, *parts = image(SourceInstanceId="i-0123456789abcdef0")
    assert (whole.id, whole.type, whole.name, whole.location) == (IMAGE, "aws.ec2.image", "golden", MUMBAI)
    assert whole.created_at == datetime(2026, 11, 20, 19, 0, 12, tzinfo=UTC)
    assert (whole.retention_days, whole.taken_of) == (NEVER_EXPIRES, "")
    assert said(parts) == [(PART, "ec2-image", IMAGE, "")]


def test_an_image_that_was_copied_names_its_source_and_the_region_it_came_from():
    sightings = image(SourceImageId="ami-0b2c3d4e5f6071829", SourceImageRegion="eu-west-1")
    source = "arn:aws:ec2:eu-west-1::image/ami-0b2c3d4e5f6071829"
    assert said(sightings) == [(PART, "ec2-image", IMAGE, ""), (source, "ec2-image-copy", IMAGE, "")]


def test_an_image_of_a_machine_is_no_copy_of_the_image_that_the_machine_ran():
    sightings = image(
        SourceInstanceId="i-0123456789abcdef0", SourceImageId="ami-0b2c3d4e5f6071829", SourceImageRegion="ap-south-1"
    )
    assert said(sightings) == [(PART, "ec2-image", IMAGE, "")]


def test_a_copy_of_an_image_that_anybody_can_get_from_aws_is_a_copy_of_nothing():
    named = {"SourceImageId": "ami-0b2c3d4e5f6071829", "SourceImageRegion": "us-east-1"}
    public = {"provider": {"Images": [{"ImageId": "ami-0b2c3d4e5f6071829"}]}}
    assert len(said(image(parts=public, **named))) == 1
    assert len(said(image(parts={"provider": {"Images": []}}, **named))) == 2
    # Refused: then it may be a copy of somebody's.
    assert len(said(image(parts={}, **named))) == 2


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"SourceImageId": "ami-1", "SourceImageRegion": "us-east-1"}, True),
        ({"SourceImageId": "ami-1", "SourceImageRegion": "us-east-1", "SourceInstanceId": "i-1"}, False),
        (
            {
                "SourceImageId": "ami-1",
                "SourceImageRegion": "us-east-1",
                "Tags": [{"Key": "aws:dlm:lifecycle-policy-id", "Value": "policy-0a1b2c3d4e5f60718"}],
            },
            False,
        ),
        ({}, False),
    ],
)
def test_whose_the_source_is_is_asked_of_what_was_copied_by_hand(more, asked):
    assert ec2_images.is_copied_by_hand({"ImageId": "ami-2"} | more) is asked


def test_images_by_a_policy_belong_to_the_machine_they_are_made_of():
    whole, *parts = image(BY_POLICY, SourceInstanceId="i-0123456789abcdef0", SourceImageId="ami-1")
    assert (whole.taken_of, whole.retention_days) == (MACHINE, None)
    assert said(parts) == [
        (PART, "ec2-policy-image", IMAGE, ""),
        (IMAGE, "ec2-policy-image", MACHINE, POLICY.format("ap-south-1")),
    ]


def test_copies_by_a_policy_name_the_policy_where_it_is():
    whole, *parts = image(BY_POLICY, SourceImageId="ami-0b2c3d4e5f6071829", SourceImageRegion="us-east-1")
    source = "arn:aws:ec2:us-east-1::image/ami-0b2c3d4e5f6071829"
    assert whole.taken_of == ""
    assert said(parts)[1] == (source, "ec2-policy-image-copy", IMAGE, POLICY.format("us-east-1"))


def test_what_aws_backup_made_is_a_recovery_point_of_its_machine():
    whole, *parts = image({"aws:backup:source-resource": MACHINE})
    assert whole.taken_of == MACHINE
    assert [one[:3] for one in said(parts)] == [
        (PART, "ec2-image", IMAGE),
        (IMAGE, "ec2-image", MACHINE),
        (MACHINE, "backup-recovery-point", IMAGE),
    ]
    abroad = MACHINE.replace("ap-south-1", "eu-west-1")
    _, *parts = image({"aws:backup:source-resource": abroad})
    assert [one[:3] for one in said(parts)] == [(PART, "ec2-image", IMAGE), (abroad, "backup-copy", IMAGE)]


def test_a_disabled_image_is_there_and_a_deregistered_one_is_not():
    assert image(State="disabled")
    assert image(State="deregistered") == []
    assert image(State="pending")[0].created_at is None


def test_an_image_with_one_encrypted_disk_is_not_called_unencrypted():
    disks = [
        {"Ebs": {"SnapshotId": "snap-1", "Encrypted": False}},
        {"Ebs": {"SnapshotId": "snap-2", "Encrypted": True}},
    ]
    assert image(BlockDeviceMappings=disks)[0].cmk is None
    assert image(BlockDeviceMappings=disks[:1])[0].cmk is False


def test_disks_that_an_image_makes_anew_are_no_parts_of_it():
    disks = [{"VirtualName": "ephemeral0"}, {"Ebs": {"VolumeSize": 8}}, {"NoDevice": ""}]
    [only] = image(BlockDeviceMappings=disks)
    assert isinstance(only, Resource)


def test_an_image_on_an_outpost_says_so():
    disks = [{"Ebs": {"SnapshotId": "snap-1", "OutpostArn": "arn:aws:outposts:ap-south-1:1:outpost/op-1"}}]
    assert image(BlockDeviceMappings=disks)[0].location == Location("aws", "ap-south-1", "outpost")


def test_images_of_every_page_are_found():
    pages = [{"Images": [{"ImageId": "ami-1"}]}, {"Images": [{"ImageId": "ami-2"}]}]
    found = ec2_images.find(RecordedCloud({"describe_images": pages}))
    assert [one["ImageId"] for one in found] == ["ami-1", "ami-2"]
