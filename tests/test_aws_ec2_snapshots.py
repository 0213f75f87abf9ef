from datetime import UTC, datetime

import pytest

from domicile.model import NEVER_EXPIRES, Cell, Location
from domicile.providers.aws import ec2_snapshots
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
MUMBAI = Location("aws", "ap-south-1")
DISK = "arn:aws:ec2:ap-south-1:111122223333:volume/vol-0a1b2c3d4e5f60718"
SNAPSHOT = "arn:aws:ec2:ap-south-1::snapshot/snap-0a1b2c3d4e5f60718"
SOURCE = "snap-0b2c3d4e5f6071829"
POLICY = "arn:aws:dlm:{}:111122223333:policy/policy-0a1b2c3d4e5f60718"
NIGHT = datetime(2026, 11, 20, 19, tzinfo=UTC)


def snapshot(tags=(), **more):
    this = {
        "SnapshotId": "snap-0a1b2c3d4e5f60718",
        "VolumeId": "vol-0a1b2c3d4e5f60718",
        "State": "completed",
        "StartTime": NIGHT,
        "Encrypted": True,
        "Description": "nightly",
        "Tags": [{"Key": key, "Value": value} for key, value in dict(tags).items()],
    }
    return list(ec2_snapshots.read(this | more, {}, HERE))


def by_policy(schedule="Nightly"):
    named = {"aws:dlm:lifecycle-schedule-name": schedule} if schedule else {}
    return {"aws:dlm:lifecycle-policy-id": "policy-0a1b2c3d4e5f60718"} | named


def test_a_snapshot_is_a_point_in_time_of_its_volume():
    taken, copy = snapshot({"Name": "before the upgrade"})
    assert (taken.id, taken.name, taken.location, taken.taken_of) == (SNAPSHOT, "before the upgrade", MUMBAI, DISK)
    assert (taken.created_at, taken.retention_days, taken.cmk) == (NIGHT, NEVER_EXPIRES, None)
    assert (copy.of, copy.channel, copy.id, copy.account) == (DISK, "ec2-snapshot", SNAPSHOT, "111122223333")
    assert copy.caused_by == ""


def test_a_snapshot_by_a_policy_names_its_schedule_and_is_not_kept_for_ever():
    taken, copy = snapshot(by_policy())
    assert copy.caused_by == POLICY.format("ap-south-1") + "#Nightly"
    assert taken.retention_days is None
    assert snapshot(by_policy(""))[1].caused_by == POLICY.format("ap-south-1")


def test_a_copy_is_of_the_snapshot_its_description_names_and_not_of_the_volume_it_carries():
    taken, copy = snapshot(Description=f"[Copied {SOURCE} from eu-west-1] before the upgrade")
    assert taken.taken_of == ""
    assert (copy.of, copy.channel) == (f"arn:aws:ec2:eu-west-1::snapshot/{SOURCE}", "ec2-snapshot-copy")


def test_a_copy_by_a_policy_names_the_policy_where_it_is():
    _, copy = snapshot(by_policy(), VolumeId="vol-ffffffff", Description=f"[Copied {SOURCE} from us-east-1]")
    assert copy.caused_by == POLICY.format("us-east-1") + "#Nightly"


def test_a_copy_by_a_policy_that_names_no_source_belongs_to_the_policy():
    taken, copy = snapshot(by_policy(), VolumeId="vol-ffffffff", Description="")
    assert taken.taken_of == ""
    assert copy.of == copy.caused_by == POLICY.format("") + "#Nightly"


def test_a_snapshot_copied_with_an_image_names_its_source_without_a_region():
    text = (
        "Copied for DestinationAmi ami-0a1b2c3d4e5f60718 from SourceAmi ami-0b2c3d4e5f6071829 "
        f"for SourceSnapshot {SOURCE}. Task created on 1,732,132,800,000."
    )
    _, copy = snapshot(Description=text)
    assert copy.of == f"arn:aws:ec2:::snapshot/{SOURCE}"


@pytest.mark.parametrize(
    "text",
    [
        f"see [Copied {SOURCE} from eu-west-1]",
        "[Copied snap-1:snapshot/x from eu-west-1]",
        f"[Copied {SOURCE} from eu-west-1:444455556666]",
        f"[copied {SOURCE} from eu-west-1]",
        f"[Copied {SOURCE} from eu-west-1",
        "Copied for DestinationAmi ami-1 from SourceAmi ami-2 for SourceSnapshot snap-3.",
    ],
)
def test_any_other_description_is_only_text(text):
    taken, copy = snapshot(Description=text)
    assert (taken.taken_of, copy.of) == (DISK, DISK)


def test_snapshots_of_no_volume_are_all_of_the_same_nothing():
    [only] = snapshot(VolumeId="vol-ffffffff", Description="imported")
    assert only.taken_of == "arn:aws:ec2:ap-south-1:111122223333:volume/vol-ffffffff"


def test_what_aws_backup_made_is_a_recovery_point_of_what_its_tag_names():
    taken, copy = snapshot({"aws:backup:source-resource": DISK})
    assert (taken.taken_of, taken.retention_days) == (DISK, None)
    assert (copy.of, copy.channel) == (DISK, "backup-recovery-point")
    elsewhere = DISK.replace("ap-south-1", "eu-west-1")
    taken, copy = snapshot({"aws:backup:source-resource": elsewhere}, VolumeId="vol-ffffffff")
    assert (taken.taken_of, copy.channel) == (elsewhere, "backup-copy")


def test_a_tag_that_names_no_volume_says_nothing():
    taken, copy = snapshot({"aws:backup:source-resource": "arn:aws:s3:::somewhere"})
    assert (taken.taken_of, copy.channel) == (DISK, "ec2-snapshot")


def test_a_snapshot_in_the_making_is_there_and_of_no_age_and_a_failed_one_is_not_there():
    taken, _ = snapshot(State="pending")
    assert taken.created_at is None
    assert snapshot(State="error") == []


def test_an_unencrypted_snapshot_has_no_key_of_the_customer():
    assert snapshot(Encrypted=False)[0].cmk is False


def test_a_snapshot_in_a_local_zone_or_on_an_outpost_says_so():
    outpost = "arn:aws:outposts:ap-south-1:111122223333:outpost/op-1"
    assert snapshot(OutpostArn=outpost)[0].location == Location("aws", "ap-south-1", "outpost")
    assert snapshot(AvailabilityZone="ap-south-1-del-1a")[1].location.zone == "ap-south-1-del-1a"


def test_snapshots_of_every_page_are_found():
    pages = [{"Snapshots": [{"SnapshotId": "snap-1"}]}, {"Snapshots": [{"SnapshotId": "snap-2"}]}]
    found = ec2_snapshots.find(RecordedCloud({"describe_snapshots": pages}))
    assert [one["SnapshotId"] for one in found] == ["snap-1", "snap-2"]


def test_the_snapshots_in_a_backup_of_a_machine_are_of_their_volumes():
    machine = "arn:aws:ec2:ap-south-1:111122223333:instance/i-0123456789abcdef0"
    taken, copy = snapshot({"aws:backup:source-resource": machine})
    assert (taken.taken_of, copy.of, copy.channel) == (DISK, DISK, "ec2-snapshot")
    taken, copy = snapshot({"aws:backup:source-resource": machine}, VolumeId="vol-ffffffff")
    assert (taken.taken_of, copy.channel) == (machine, "backup-recovery-point")
