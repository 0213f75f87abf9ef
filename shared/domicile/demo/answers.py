"""What EC2, AWS Backup and others answer in the story: moto draws their ids at random, and a row is to keep its id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from domicile.demo.overlay import Asked, Own
from domicile.demo.planting import Plot, tag_list

LONG_AGO: Final = datetime(2025, 4, 1, tzinfo=UTC)
NO_VOLUME: Final = "vol-ffffffff"


def disk(plot: Plot, name: str, region: str, tags: Mapping[str, str]) -> None:
    """A volume; one for each account."""
    volume = {
        "VolumeId": _drawn("vol", plot),
        "AvailabilityZone": f"{region}a",
        "State": "in-use",
        "CreateTime": LONG_AGO,
        "Encrypted": True,
        "Tags": tag_list({"Name": name, **tags}),
    }
    plot.show("ec2", "DescribeVolumes", region, Volumes=[volume])


def snapshot_nightly(plot: Plot, region: str, there: str, nights: Sequence[date]) -> None:
    """What a lifecycle policy has made of that volume on these nights, and copied to another region."""
    policy = {"PolicyId": _drawn("policy", plot), "State": "ENABLED"}
    schedule = {"Name": "Nightly", "CrossRegionCopyRules": [{"Target": there, "Encrypted": True}]}
    details = {"PolicyDetails": {"Schedules": [schedule]}}
    plot.show("dlm", "GetLifecyclePolicies", region, Policies=[policy])
    plot.show("dlm", "GetLifecyclePolicy", region, Policy=policy | details)
    made = tag_list({"aws:dlm:lifecycle-policy-id": policy["PolicyId"], "aws:dlm:lifecycle-schedule-name": "Nightly"})
    taken: list[dict[str, Any]] = []
    copied: list[dict[str, Any]] = []
    for night in nights:
        here, abroad = (_drawn("snap", plot, where, str(night)) for where in (region, there))
        told = {"State": "completed", "StartTime": _on(night), "Encrypted": True, "Tags": made}
        text = f"[Copied {here} from {region}]"
        taken.append({"SnapshotId": here, "VolumeId": _drawn("vol", plot), **told})
        copied.append({"SnapshotId": abroad, "VolumeId": NO_VOLUME, "Description": text, **told})
    plot.show("ec2", "DescribeSnapshots", region, Snapshots=taken)
    plot.show("ec2", "DescribeSnapshots", there, Snapshots=copied)


def image(plot: Plot, name: str, region: str, there: str) -> None:
    """A machine image of that volume, and its copy in another region; the account takes no other snapshots."""
    first, second = _drawn("ami", plot, name, region), _drawn("ami", plot, name, there)
    source = {"SourceImageId": first, "SourceImageRegion": region}
    for this, where, copied in ((first, region, {}), (second, there, source)):
        inside = _drawn("snap", plot, name, where)
        taken = {"VolumeId": _drawn("vol", plot), "Description": f"Created by CreateImage for {this}"}
        if copied:
            text = f"Copied for DestinationAmi {this} from SourceAmi {first} for SourceSnapshot "
            taken = {"VolumeId": NO_VOLUME, "Description": f"{text}{_drawn('snap', plot, name, region)}."}
        made = {
            "ImageId": this,
            "Name": name,
            "State": "available",
            "CreationDate": f"{LONG_AGO:%Y-%m-%dT%H:%M:%S.000Z}",
            "BlockDeviceMappings": [{"DeviceName": "/dev/sda", "Ebs": {"SnapshotId": inside}}],
        }
        place = {"account": plot.account, "region": where}
        # Whoever asks for images of AWS is shown none of these.
        plot.cloud.answer("ec2", "DescribeImages", {"Images": [made | copied]}, **place, where={"Owners": ["self"]})
        told = {"SnapshotId": inside, "State": "completed", "StartTime": LONG_AGO}
        plot.show("ec2", "DescribeSnapshots", where, Snapshots=[told | taken])


def back_up(plot: Plot, plan: str, region: str, there: str, sources: Sequence[str], nights: Sequence[date]) -> None:
    """Recovery points that a backup plan has made of these resources, and copied into a vault in another region."""
    name, rule = plot.arn("backup", region, f"backup-plan:{plan}"), "nightly"
    home, abroad = (plot.arn("backup", where, "backup-vault:main") for where in (region, there))
    action = {"RuleId": rule, "RuleName": rule, "CopyActions": [{"DestinationBackupVaultArn": abroad}]}
    plot.show("backup", "ListBackupPlans", region, BackupPlansList=[{"BackupPlanArn": name, "BackupPlanId": plan}])
    plot.show("backup", "GetBackupPlan", region, BackupPlan={"BackupPlanName": plan, "Rules": [action]})
    for vault, copied in ((home, {}), (abroad, {"SourceBackupVaultArn": home})):
        where = vault.split(":")[3]
        points = [
            {
                "RecoveryPointArn": plot.arn("backup", where, f"recovery-point:{night.toordinal():08}-{number:04}"),
                "ResourceArn": source,
                "BackupVaultArn": vault,
                "CreatedBy": {"BackupPlanArn": name, "BackupRuleId": rule},
                "CreationDate": _on(night),
                "Status": "COMPLETED",
                "IsEncrypted": True,
                "Lifecycle": {"DeleteAfterDays": 35},
                **copied,
            }
            for number, source in enumerate(sources)
            for night in nights
        ]
        listed = {"BackupVaultName": "main", "BackupVaultArn": vault, "NumberOfRecoveryPoints": len(points)}
        plot.show("backup", "ListBackupVaults", where, BackupVaultList=[listed])
        plot.show("backup", "ListRecoveryPointsByBackupVault", where, RecoveryPoints=points)


def secret(plot: Plot, name: str, region: str, there: str, tags: Mapping[str, str]) -> None:
    """A secret, and its replica in another region."""
    for where in (region, there):
        told = {"ARN": _secret(plot, name, where), "Name": name, "PrimaryRegion": region, "CreatedDate": LONG_AGO}
        plot.show("secretsmanager", "ListSecrets", where, SecretList=[told | {"Tags": tag_list(tags)}])
    status = [{"Region": there, "Status": "InSync"}]
    plot.show("secretsmanager", "DescribeSecret", region, ARN=_secret(plot, name, region), ReplicationStatus=status)


def trail(plot: Plot, name: str, region: str, bucket: str, tags: Mapping[str, str]) -> None:
    """A trail of one account, that delivers into anybody's bucket."""
    listed = {"Name": name, "TrailARN": plot.arn("cloudtrail", region, f"trail/{name}"), "HomeRegion": region}
    plot.show("cloudtrail", "ListTrails", "", Trails=[listed])
    plot.show("cloudtrail", "DescribeTrails", region, trailList=[listed | {"S3BucketName": bucket}])
    tag(plot, region, listed["TrailARN"], tags)


def firehose(plot: Plot, name: str, region: str, address: str, tags: Mapping[str, str]) -> None:
    """A stream that delivers to an address outside AWS."""
    this = plot.arn("firehose", region, f"deliverystream/{name}")
    partner = {"HttpEndpointDestinationDescription": {"EndpointConfiguration": {"Url": address}}}
    stream = {"DeliveryStreamName": name, "DeliveryStreamARN": this, "Destinations": [partner]}
    plot.show("firehose", "ListDeliveryStreams", region, DeliveryStreamNames=[name], HasMoreDeliveryStreams=False)
    plot.show("firehose", "DescribeDeliveryStream", region, DeliveryStreamDescription=stream)
    tag(plot, region, this, tags)


def inference_profile(plot: Plot, name: str, region: str, there: str, tags: Mapping[str, str]) -> None:
    """A profile that lets a model answer in another region, too."""
    this = plot.arn("bedrock", region, f"application-inference-profile/{name}")
    models = [{"modelArn": f"arn:aws:bedrock:{where}::foundation-model/any"} for where in (region, there)]
    told = {"inferenceProfileArn": this, "inferenceProfileName": name, "createdAt": LONG_AGO, "models": models}
    plot.show("bedrock", "ListInferenceProfiles", region, inferenceProfileSummaries=[told])
    tag(plot, region, this, tags)


def tag(plot: Plot, region: str, name: str, tags: Mapping[str, str]) -> None:
    def told(_: Asked, own: Own) -> dict[str, Any]:
        answer = own()
        more = {"ResourceARN": name, "Tags": tag_list(tags)}
        return answer | {"ResourceTagMappingList": [*answer["ResourceTagMappingList"], more]}

    plot.cloud.answer("resourcegroupstaggingapi", "GetResources", told, account=plot.account, region=region)


def nights(today: date, number: int) -> list[date]:
    """The last nights, today's the last."""
    return [today - timedelta(days=ago) for ago in reversed(range(number))]


def _secret(plot: Plot, name: str, region: str) -> str:
    return plot.arn("secretsmanager", region, f"secret:{name}-a1B2c3")


def _drawn(kind: str, plot: Plot, *what: str) -> str:
    """An id as AWS would draw it, and each time the same."""
    return f"{kind}-0{hashlib.sha256(repr((kind, plot.account, *what)).encode()).hexdigest()[:16]}"


def _on(night: date) -> datetime:
    return datetime.combine(night, time(0, 30), UTC)
