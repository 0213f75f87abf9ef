from datetime import UTC, datetime

from domicile.model import Cell, Copy, Location
from domicile.providers.aws import ec2_volumes
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
MUMBAI = Location("aws", "ap-south-1")
DISK = "arn:aws:ec2:ap-south-1:111122223333:volume/vol-0a1b2c3d4e5f60718"
NIGHT = datetime(2026, 11, 20, 19, tzinfo=UTC)


def volume(**more):
    this = {"VolumeId": "vol-0a1b2c3d4e5f60718", "AvailabilityZone": "ap-south-1a", "State": "in-use"}
    return list(ec2_volumes.read(this | more, {}, HERE))


def test_a_volume_is_in_its_region_with_its_tags_and_its_key():
    [only] = volume(
        Tags=[{"Key": "Name", "Value": "ledger"}, {"Key": "data-class", "Value": "payment.card"}],
        Encrypted=True,
        KmsKeyId="arn:aws:kms:ap-south-1:111122223333:key/1",
        CreateTime=NIGHT,
    )
    assert (only.id, only.type, only.name, only.location) == (DISK, "aws.ec2.volume", "ledger", MUMBAI)
    assert (only.created_at, only.cmk, only.key) == (NIGHT, None, "arn:aws:kms:ap-south-1:111122223333:key/1")
    assert only.tags["data-class"] == "payment.card"


def test_a_volume_without_a_name_is_called_by_its_id_and_one_without_encryption_has_no_key_of_the_customer():
    [only] = volume(Encrypted=False)
    assert (only.name, only.cmk) == ("vol-0a1b2c3d4e5f60718", False)


def test_a_volume_that_is_attached_to_nothing_holds_data_and_a_deleted_one_does_not():
    assert volume(State="available", Attachments=[])
    assert volume(State="deleted") == []


def test_a_volume_in_a_local_zone_or_on_an_outpost_says_so():
    [there] = volume(AvailabilityZone="ap-south-1-del-1a")
    assert there.location == Location("aws", "ap-south-1", "ap-south-1-del-1a")
    [outside] = volume(OutpostArn="arn:aws:outposts:ap-south-1:111122223333:outpost/op-1")
    assert outside.location == Location("aws", "ap-south-1", "outpost")


def test_a_copy_of_a_volume_is_a_root_that_inherits():
    _, copy = volume(SourceVolumeId="vol-0b2c3d4e5f6071829")
    assert (copy.of, copy.channel, copy.id) == (DISK[:-21] + "vol-0b2c3d4e5f6071829", "ec2-volume-copy", DISK)


def test_a_volume_inherits_from_the_snapshot_it_was_made_from():
    this = {"VolumeId": "vol-0a1b2c3d4e5f60718", "SnapshotId": "snap-0a1b2c3d4e5f60718"}
    [copy] = ec2_volumes.read_source(this, {}, HERE)
    assert isinstance(copy, Copy)
    assert copy.of == "arn:aws:ec2:ap-south-1::snapshot/snap-0a1b2c3d4e5f60718"
    assert (copy.channel, copy.id, copy.location) == ("ec2-volume-from-snapshot", DISK, MUMBAI)


def test_volumes_from_images_that_anybody_can_get_from_aws_inherit_from_nothing():
    volumes = [{"VolumeId": f"vol-{number}", "SnapshotId": f"snap-{number}"} for number in range(3)]
    volumes.append({"VolumeId": "vol-empty", "SnapshotId": ""})
    disks = [{"Ebs": {"SnapshotId": "snap-1"}}, {"VirtualName": "ephemeral0"}]
    cloud = RecordedCloud(
        {"describe_volumes": {"Volumes": volumes}, "describe_images": {"Images": [{"BlockDeviceMappings": disks}]}}
    )
    assert [one["VolumeId"] for one in ec2_volumes.find_sources(cloud)] == ["vol-0", "vol-2"]


def test_images_are_not_asked_for_where_no_volume_was_made_from_a_snapshot():
    cloud = RecordedCloud({"describe_volumes": {"Volumes": [{"VolumeId": "vol-1", "SnapshotId": ""}]}})
    assert list(ec2_volumes.find_sources(cloud)) == []
    assert cloud.asked == ["describe_volumes"]


def test_many_snapshots_are_asked_about_in_few_calls():
    volumes = [{"VolumeId": f"vol-{number}", "SnapshotId": f"snap-{number}"} for number in range(401)]
    cloud = RecordedCloud({"describe_volumes": {"Volumes": volumes}, "describe_images": {"Images": []}})
    assert len(list(ec2_volumes.find_sources(cloud))) == 401
    assert cloud.asked.count("describe_images") == 3
