"""Volumes, snapshots and images with the policies that copy them; file systems with replicas, backups and buckets."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from planted_wide import (
    BANK,
    FRANKFURT,
    HYDERABAD,
    IRELAND,
    LENDER,
    MUMBAI,
    PARTNER,
    PAYMENTS,
    REGIONS,
    SHOP,
    SINGAPORE,
    TOKYO,
    VAULT,
    VIRGINIA,
    Place,
    arn,
    tags,
)

SERVICES = ("dlm", "ec2", "efs", "fsx", "s3")

NO_VOLUME = "vol-ffffffff"
PROVIDERS = ["amazon", "aws-marketplace"]
FROM_AMAZON = "snap-0000000000000a111"


def vol(number):
    return f"vol-{number:017x}"


def snap(number):
    return f"snap-{number:017x}"


def ami(number):
    return f"ami-{number:017x}"


def policy(number):
    return f"policy-{number:017x}"


def machine(number):
    return f"i-{number:017x}"


class Land:
    """What EC2, DLM, EFS and FSx answer in each account and region; moto draws ids at random, and the truth names them."""

    def __init__(self, cloud, today):
        self.cloud, self.night = cloud, datetime.combine(today, time(1), UTC)
        self.volumes, self.snapshots, self.images = defaultdict(list), defaultdict(list), defaultdict(list)
        self.lists = {"DescribeVolumes": self._volumes, "DescribeSnapshots": self._snapshots}
        cloud.answer("ec2", "DescribeVolumes", self._volumes)
        cloud.answer("ec2", "DescribeSnapshots", self._snapshots)
        cloud.answer("ec2", "DescribeImages", self._images)

    def ago(self, nights):
        return self.night - timedelta(days=nights)

    def volume(self, number, name, account, region, tagged=None, *, source="", **more):
        made = {
            "VolumeId": vol(number),
            "AvailabilityZone": f"{region}a",
            "State": "available",
            "CreateTime": self.ago(400),
            "SnapshotId": source,
            "Encrypted": True,
            "Tags": tags({"Name": name, **(tagged or {})}),
        }
        self.volumes[account, region].append(made | more)

    def snapshot(self, number, account, region, volume=NO_VOLUME, text="", tagged=None, nights=0, **more):
        made = {
            "SnapshotId": snap(number),
            "VolumeId": volume,
            "OwnerId": account,
            "State": "completed",
            "StartTime": self.ago(nights),
            "Description": text,
            "Encrypted": True,
            "Tags": tags(tagged or {}),
        }
        self.snapshots[account, region].append(made | more)

    def copied(self, number, account, region, source, came_from, **more):
        self.snapshot(number, account, region, text=f"[Copied {snap(source)} from {came_from}]", **more)

    def image(self, number, name, account, region, parts, tagged=None, nights=0, **more):
        made = {
            "ImageId": ami(number),
            "Name": name,
            "OwnerId": account,
            "State": "available",
            "Public": False,
            "CreationDate": f"{self.ago(nights):%Y-%m-%dT%H:%M:%S.000Z}",
            "BlockDeviceMappings": [
                {"DeviceName": f"/dev/sd{index}", "Ebs": {"SnapshotId": snap(part), "Encrypted": True}}
                for index, part in enumerate(parts)
            ],
            "Tags": tags(tagged or {}),
        }
        self.images[account, region].append(made | more)

    def copied_image(self, number, name, account, region, source, came_from, parts, **more):
        """`parts` are the new snapshots with those they are of, none of which names a region."""
        for part, of in parts.items():
            text = (
                f"Copied for DestinationAmi {ami(number)} from SourceAmi {ami(source)} for SourceSnapshot {snap(of)}. "
            )
            self.snapshot(part, account, region, text=f"{text}Task created on 1,732,132,800,000.")
        named = {"SourceImageId": ami(source), "SourceImageRegion": came_from}
        self.image(number, name, account, region, list(parts), **named, **more)

    def policy(self, number, account, region, state="ENABLED", **details):
        """One policy for each account and region."""
        name = {"PolicyId": policy(number), "State": state}
        described = {"Policy": name | {"PolicyDetails": details}}
        where = {"account": account, "region": region}
        self.cloud.answer("dlm", "GetLifecyclePolicies", {"Policies": [name]}, **where)
        asked = {"PolicyId": policy(number)}
        self.cloud.answer("dlm", "GetLifecyclePolicy", described, **where, where=asked)

    def _volumes(self, asked, own):
        return {"Volumes": [*own()["Volumes"], *self.volumes[asked.account, asked.region]]}

    def _snapshots(self, asked, own):
        # Whoever does not ask for his own alone sees those that anybody in the world has opened to all.
        public = [] if asked.parameters.get("OwnerIds") == ["self"] else self.snapshots[PARTNER, ""]
        return {"Snapshots": [*own()["Snapshots"], *self.snapshots[asked.account, asked.region], *public]}

    def _images(self, asked, _):
        if asked.parameters.get("Owners") != PROVIDERS:
            return {"Images": self.images[asked.account, asked.region]}
        [wanted] = asked.parameters["Filters"]
        there = FROM_AMAZON in wanted["Values"] or AMAZON_IMAGE in wanted["Values"]
        disk = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": FROM_AMAZON}}
        public = {"ImageId": AMAZON_IMAGE, "ImageOwnerAlias": "amazon", "BlockDeviceMappings": [disk]}
        return {"Images": [public] if there else []}


AMAZON_IMAGE = "ami-00000000000000a11"


def by(number, schedule="Nightly", **more):
    named = {"aws:dlm:lifecycle-schedule-name": schedule} if schedule else {}
    return {"aws:dlm:lifecycle-policy-id": policy(number)} | named | more


def schedule(*targets, by_region=False):
    """`TargetRegion` is what policies for images have, and policies for snapshots had once."""
    rules = [{"TargetRegion" if by_region else "Target": target, "Encrypted": True} for target in targets]
    return [{"Name": "Nightly", "CrossRegionCopyRules": rules}]


def plant(cloud: LocalCloud, today: date) -> None:
    land = Land(cloud, today)
    nightly_snapshots(land)
    copies_by_hand(land)
    golden_image(land)
    images_of_two_volumes(land)
    images_by_policy(land)
    replicated_file_systems(land)
    backed_up_file_systems(land)
    linked_file_systems(land)


# Snapshots that a policy takes and copies: two volumes, three regions, one of which has seen no copy yet.

LEDGER, WALLETS = (arn("ec2", MUMBAI, BANK, f"volume/{vol(number)}") for number in (1, 2))
NIGHTLY = arn("dlm", MUMBAI, BANK, f"policy/{policy(1)}#Nightly")


def nightly_snapshots(land):
    land.policy(1, BANK, MUMBAI, Schedules=schedule(HYDERABAD, SINGAPORE, IRELAND))
    made = by(1, **PAYMENTS)
    for number, name in ((1, "ledger"), (2, "wallets")):
        # From an image of Amazon's, in which nobody has put anything.
        land.volume(number, name, BANK, MUMBAI, PAYMENTS, source=FROM_AMAZON)
        for night in range(4):
            first, home = 0x1000 * number + night, 0x1000 * number + night
            if night < 3:
                land.snapshot(home, BANK, MUMBAI, vol(number), "Created for policy", made, night)
                land.copied(first + 0x100, BANK, HYDERABAD, home, MUMBAI, tagged=made, nights=night)
            # The last night's has been rotated away at home, not abroad.
            land.copied(first + 0x200, BANK, SINGAPORE, home, MUMBAI, tagged=made, nights=night)
    # Says nothing but which policy it is by.
    land.snapshot(0x3001, BANK, TOKYO, tagged=made)
    # Switched off: it copies nothing.
    land.policy(2, BANK, SINGAPORE, state="DISABLED", Schedules=schedule(VIRGINIA))
    # A default policy takes all volumes there are.
    land.policy(3, SHOP, MUMBAI, ResourceType="VOLUME", CrossRegionCopyTargets=[{"TargetRegion": HYDERABAD}])
    land.volume(3, "notes", SHOP, MUMBAI, PAYMENTS)
    land.snapshot(0x3002, SHOP, MUMBAI, vol(3), tagged=by(3, ""))


NIGHTLY_PLACES = (
    *(
        place
        for root, name in ((LEDGER, "ledger"), (WALLETS, "wallets"))
        for place in (
            Place(root, "", name, BANK, MUMBAI, "primary", "pass"),
            Place(root, "ec2-snapshot", "*", BANK, MUMBAI, "snapshot", "pass"),
            Place(root, "ec2-snapshot-copy", "*", BANK, HYDERABAD, "snapshot", "pass"),
            Place(root, "ec2-snapshot-copy", "*", BANK, SINGAPORE, "snapshot", "violation"),
            Place(root, "dlm-copy-rule", "", BANK, IRELAND, "snapshot", "violation"),
        )
    ),
    Place(NIGHTLY, "ec2-snapshot-copy", "*", BANK, SINGAPORE, "snapshot", "violation"),
    Place(NIGHTLY.replace(MUMBAI, ""), "ec2-snapshot-copy", "*", BANK, TOKYO, "snapshot", "violation"),
    Place(arn("ec2", MUMBAI, SHOP, f"volume/{vol(3)}"), "", "notes", SHOP, MUMBAI, "primary", "pass"),
    Place(arn("ec2", MUMBAI, SHOP, f"volume/{vol(3)}"), "ec2-snapshot", "*", SHOP, MUMBAI, "snapshot", "pass"),
    Place(arn("ec2", MUMBAI, SHOP, f"volume/{vol(3)}"), "dlm-copy-rule", "", SHOP, HYDERABAD, "snapshot", "pass"),
)

# Copies by hand, abroad and into the account of others, who copy on; one that tells nothing; one by AWS Backup.

CARDS, ABROAD, VAULTED = (
    arn("ec2", region, account, f"volume/{vol(number)}")
    for number, account, region in ((4, BANK, MUMBAI), (5, SHOP, SINGAPORE), (6, BANK, MUMBAI))
)
UNTOLD = arn("ec2", SINGAPORE, BANK, f"volume/{NO_VOLUME}")
LOST = arn("ec2", MUMBAI, SHOP, "snapshot/*")


def copies_by_hand(land):
    land.volume(4, "cards", BANK, MUMBAI, PAYMENTS)
    land.snapshot(0x4001, BANK, MUMBAI, vol(4), "before the upgrade")
    land.copied(0x4002, BANK, VIRGINIA, 0x4001, MUMBAI)
    land.copied(0x4003, LENDER, MUMBAI, 0x4001, MUMBAI)
    land.copied(0x4004, LENDER, TOKYO, 0x4003, MUMBAI)
    # The lender's policy copies what the bank shares, and has not come to Ireland yet.
    copies = [{"Target": region, "EncryptionConfiguration": {"Encrypted": True}} for region in (FRANKFURT, IRELAND)]
    land.policy(4, LENDER, MUMBAI, Actions=[{"Name": "copy", "CrossRegionCopy": copies}])
    land.copied(0x4005, LENDER, FRANKFURT, 0x4001, MUMBAI, tagged=by(4, ""))
    land.snapshot(0x4006, BANK, MUMBAI, vol(4), "failed", State="error")
    land.snapshot(0x4007, PARTNER, "", "vol-00000000000000999", "anybody's")
    land.volume(5, "abroad", SHOP, SINGAPORE, PAYMENTS)
    land.snapshot(0x4008, SHOP, SINGAPORE, vol(5), "by hand", StorageTier="archive")
    # What nobody can tell the source of belongs together, or there would be others every night.
    for night in range(3):
        land.snapshot(0x4020 + night, BANK, SINGAPORE, text="copied by a program", tagged=PAYMENTS, nights=night)
        land.copied(0x4030 + night, SHOP, TOKYO, 0x9990 + night, MUMBAI, tagged=PAYMENTS, nights=night)
    land.volume(6, "vaulted", BANK, MUMBAI, PAYMENTS)
    land.snapshot(0x4011, BANK, MUMBAI, vol(6), tagged={"aws:backup:source-resource": VAULTED})
    land.snapshot(0x4012, LENDER, FRANKFURT, tagged={"aws:backup:source-resource": VAULTED})


HAND_PLACES = (
    Place(CARDS, "", "cards", BANK, MUMBAI, "primary", "pass"),
    Place(CARDS, "ec2-snapshot", "*", BANK, MUMBAI, "snapshot", "pass"),
    Place(CARDS, "ec2-snapshot-copy", "*", BANK, VIRGINIA, "snapshot", "violation"),
    Place(CARDS, "ec2-snapshot-copy", "*", LENDER, MUMBAI, "snapshot", "pass"),
    Place(CARDS, "ec2-snapshot-copy", "*", LENDER, TOKYO, "snapshot", "violation"),
    Place(CARDS, "ec2-snapshot-copy", "*", LENDER, FRANKFURT, "snapshot", "violation"),
    Place(CARDS, "dlm-copy-rule", "", LENDER, IRELAND, "snapshot", "violation"),
    Place(ABROAD, "", "abroad", SHOP, SINGAPORE, "primary", "violation"),
    Place(ABROAD, "ec2-snapshot", "*", SHOP, SINGAPORE, "snapshot", "violation"),
    Place(UNTOLD, "", "*", BANK, SINGAPORE, "snapshot", "violation"),
    Place(LOST, "ec2-snapshot-copy", "*", SHOP, TOKYO, "snapshot", "violation"),
    Place(VAULTED, "", "vaulted", BANK, MUMBAI, "primary", "pass"),
    Place(VAULTED, "backup-recovery-point", "*", BANK, MUMBAI, "backup", "pass"),
    Place(VAULTED, "backup-copy", "*", LENDER, FRANKFURT, "backup", "violation"),
)

# An image that everybody makes volumes of. They inherit from it; nothing of theirs goes back.

TEMPLATE, CLIENTS = (arn("ec2", MUMBAI, LENDER, f"volume/{vol(number)}") for number in (7, 8))
PLAIN = f"arn:aws:ec2:{MUMBAI}::image/{ami(0x5020)}"


def golden_image(land):
    land.volume(7, "template", LENDER, MUMBAI)
    land.snapshot(0x5001, LENDER, MUMBAI, vol(7), f"Created by CreateImage(i-1) for {ami(0x5001)}")
    land.image(0x5001, "golden", LENDER, MUMBAI, [0x5001], SourceInstanceId=machine(1))
    land.copied_image(0x5002, "golden-south", LENDER, HYDERABAD, 0x5001, MUMBAI, {0x5002: 0x5001})
    land.copied_image(0x5003, "golden-abroad", LENDER, SINGAPORE, 0x5001, MUMBAI, {0x5003: 0x5001})
    land.copied_image(0x5004, "golden-of-the-shop", SHOP, FRANKFURT, 0x5003, SINGAPORE, {0x5004: 0x5003})
    land.volume(0x11, "web", SHOP, MUMBAI, PAYMENTS, source=snap(0x5001))
    land.volume(0x12, "web-abroad", SHOP, SINGAPORE, PAYMENTS, source=snap(0x5003))
    # One with data in it: what is made of it has that data too.
    land.volume(8, "clients", LENDER, MUMBAI, PAYMENTS)
    land.snapshot(0x5010, LENDER, MUMBAI, vol(8), f"Created by CreateImage(i-2) for {ami(0x5010)}")
    land.image(0x5010, "clients-image", LENDER, MUMBAI, [0x5010], SourceInstanceId=machine(2))
    land.copied_image(0x5011, "clients-abroad", LENDER, IRELAND, 0x5010, MUMBAI, {0x5011: 0x5010})
    land.copied_image(0x5012, "clients-of-the-bank", BANK, MUMBAI, 0x5010, MUMBAI, {0x5012: 0x5010})
    # One that was made abroad, of a volume there.
    land.volume(9, "counter", SHOP, TOKYO, PAYMENTS)
    land.snapshot(0x5013, SHOP, TOKYO, vol(9), f"Created by CreateImage(i-3) for {ami(0x5013)}")
    land.image(0x5013, "counter-image", SHOP, TOKYO, [0x5013], SourceInstanceId=machine(3))
    land.volume(0x13, "restored", LENDER, MUMBAI, source=snap(0x5010))
    land.volume(0x14, "restored-abroad", LENDER, IRELAND, source=snap(0x5011))
    land.volume(0x15, "restored-by-the-shop", SHOP, IRELAND, source=snap(0x5011))
    land.volume(0x16, "doubled", SHOP, IRELAND, SourceVolumeId=vol(0x15))
    # A copy of an image of Amazon's, to encrypt it, is a copy of nobody's data.
    land.copied_image(0x5020, "plain", SHOP, MUMBAI, int(AMAZON_IMAGE[4:], 16), VIRGINIA, {0x5020: 0x999})


def made_from(number, name, account, region, verdict):
    return Place(arn("ec2", region, account, f"volume/{vol(number)}"), "", name, account, region, "primary", verdict)


COUNTER = arn("ec2", TOKYO, SHOP, f"volume/{vol(9)}")
GOLDEN_PLACES = (
    Place(TEMPLATE, "", "template", LENDER, MUMBAI, "primary", ""),
    Place(TEMPLATE, "ec2-image", "golden", LENDER, MUMBAI, "snapshot", ""),
    Place(TEMPLATE, "ec2-image-copy", "golden-south", LENDER, HYDERABAD, "snapshot", ""),
    Place(TEMPLATE, "ec2-image-copy", "golden-abroad", LENDER, SINGAPORE, "snapshot", ""),
    Place(TEMPLATE, "ec2-image-copy", "golden-of-the-shop", SHOP, FRANKFURT, "snapshot", ""),
    Place(CLIENTS, "", "clients", LENDER, MUMBAI, "primary", "pass"),
    Place(CLIENTS, "ec2-image", "clients-image", LENDER, MUMBAI, "snapshot", "pass"),
    Place(CLIENTS, "ec2-image-copy", "clients-abroad", LENDER, IRELAND, "snapshot", "violation"),
    Place(CLIENTS, "ec2-image-copy", "clients-of-the-bank", BANK, MUMBAI, "snapshot", "pass"),
    Place(COUNTER, "", "counter", SHOP, TOKYO, "primary", "violation"),
    Place(COUNTER, "ec2-image", "counter-image", SHOP, TOKYO, "snapshot", "violation"),
    Place(PLAIN, "", "plain", SHOP, MUMBAI, "snapshot", ""),
    made_from(0x11, "web", SHOP, MUMBAI, "pass"),
    made_from(0x12, "web-abroad", SHOP, SINGAPORE, "violation"),
    made_from(0x13, "restored", LENDER, MUMBAI, "pass"),
    made_from(0x14, "restored-abroad", LENDER, IRELAND, "violation"),
    made_from(0x15, "restored-by-the-shop", SHOP, IRELAND, "violation"),
    made_from(0x16, "doubled", SHOP, IRELAND, "violation"),
)

# An image of two volumes holds the data of both, and is a dataset of its own.

FRONT, BACK = (arn("ec2", MUMBAI, BANK, f"volume/{vol(number)}") for number in (0x21, 0x22))
HOST = f"arn:aws:ec2:{MUMBAI}::image/{ami(0x6001)}"


def images_of_two_volumes(land):
    land.volume(0x21, "front", BANK, MUMBAI)
    land.volume(0x22, "back", BANK, MUMBAI, PAYMENTS)
    for part, volume in ((0x6001, 0x21), (0x6002, 0x22)):
        land.snapshot(part, BANK, MUMBAI, vol(volume), f"Created by CreateImage(i-3) for {ami(0x6001)}")
    land.image(0x6001, "host", BANK, MUMBAI, [0x6001, 0x6002], SourceInstanceId=machine(3))
    land.copied_image(0x6003, "host-abroad", BANK, TOKYO, 0x6001, MUMBAI, {0x6003: 0x6001, 0x6004: 0x6002})
    land.copied_image(0x6005, "host-of-the-shop", SHOP, HYDERABAD, 0x6001, MUMBAI, {0x6005: 0x6001, 0x6006: 0x6002})


HOST_PLACES = (
    Place(FRONT, "", "front", BANK, MUMBAI, "primary", ""),
    Place(BACK, "", "back", BANK, MUMBAI, "primary", "pass"),
    Place(HOST, "", "host", BANK, MUMBAI, "snapshot", "pass"),
    Place(HOST, "ec2-image-copy", "host-abroad", BANK, TOKYO, "snapshot", "violation"),
    Place(HOST, "ec2-image-copy", "host-of-the-shop", SHOP, HYDERABAD, "snapshot", "pass"),
)

# Images that policies make each night: of a machine with two volumes, and of machines with one.

TILL = arn("ec2", HYDERABAD, BANK, f"instance/{machine(4)}")
SOLO, FAR = (
    arn("ec2", region, account, f"volume/{vol(number)}")
    for number, account, region in ((0x33, LENDER, HYDERABAD), (0x34, SHOP, SINGAPORE))
)


def images_by_policy(land):
    land.volume(0x31, "till-system", BANK, HYDERABAD, source=FROM_AMAZON)
    land.volume(0x32, "till-data", BANK, HYDERABAD, PAYMENTS)
    land.volume(0x33, "solo", LENDER, HYDERABAD, PAYMENTS)
    land.volume(0x34, "far", SHOP, SINGAPORE, PAYMENTS)
    land.policy(5, BANK, HYDERABAD, Schedules=schedule(IRELAND, MUMBAI, by_region=True))
    land.policy(6, LENDER, HYDERABAD, Schedules=schedule(MUMBAI, VIRGINIA, by_region=True))
    land.policy(7, SHOP, SINGAPORE, Schedules=schedule(TOKYO, by_region=True))
    for number, host, account, region, volumes, targets in (
        (5, 4, BANK, HYDERABAD, (0x31, 0x32), (IRELAND,)),
        (6, 5, LENDER, HYDERABAD, (0x33,), (MUMBAI, VIRGINIA)),
        (7, 6, SHOP, SINGAPORE, (0x34,), (TOKYO,)),
    ):
        for night in range(4):
            first = 0x10000 * number + 0x10 * night
            parts = [first + index for index, _ in enumerate(volumes)]
            # The last night's has been rotated away at home.
            if night < 3:
                for part, volume in zip(parts, volumes, strict=True):
                    text = f"Created by CreateImage({machine(host)}) for {ami(first)}"
                    land.snapshot(part, account, region, vol(volume), text, by(number), night)
                ran = {"SourceInstanceId": machine(host), "SourceImageId": AMAZON_IMAGE, "SourceImageRegion": region}
                land.image(first, f"{host}-{night}", account, region, parts, by(number), night, **ran)
            for index, target in enumerate(targets, start=1):
                more = 0x1000 * index
                inside = {part + more: part for part in parts}
                named = {"tagged": by(number), "nights": night}
                land.copied_image(first + more, f"{host}-{night}", account, target, first, region, inside, **named)


POLICY_PLACES = (
    made_from(0x31, "till-system", BANK, HYDERABAD, ""),
    made_from(0x32, "till-data", BANK, HYDERABAD, "pass"),
    Place(TILL, "ec2-policy-image", "*", BANK, HYDERABAD, "snapshot", "pass"),
    Place(TILL, "ec2-policy-image-copy", "*", BANK, IRELAND, "snapshot", "violation"),
    Place(TILL, "dlm-copy-rule", "", BANK, MUMBAI, "snapshot", "pass"),
    Place(SOLO, "", "solo", LENDER, HYDERABAD, "primary", "pass"),
    Place(SOLO, "ec2-policy-image", "*", LENDER, HYDERABAD, "snapshot", "pass"),
    Place(SOLO, "ec2-policy-image-copy", "*", LENDER, MUMBAI, "snapshot", "pass"),
    Place(SOLO, "ec2-policy-image-copy", "*", LENDER, VIRGINIA, "snapshot", "violation"),
    Place(FAR, "", "far", SHOP, SINGAPORE, "primary", "violation"),
    Place(FAR, "ec2-policy-image", "*", SHOP, SINGAPORE, "snapshot", "violation"),
    Place(FAR, "ec2-policy-image-copy", "*", SHOP, TOKYO, "snapshot", "violation"),
)

# File systems that are replicated: at home, abroad, to others, to where nobody looks, and from there.


def elastic(number, region, account):
    return arn("elasticfilesystem", region, account, f"file-system/fs-{number:017x}")


STATEMENTS, RECEIPTS, OFFERS, INVOICES, FOREIGN = (
    elastic(number, region, account)
    for number, region, account in (
        (1, MUMBAI, BANK),
        (3, MUMBAI, BANK),
        (5, MUMBAI, BANK),
        (7, MUMBAI, BANK),
        (9, VIRGINIA, PARTNER),
    )
)


def replicated_file_systems(land):
    systems, replications = defaultdict(list), defaultdict(list)

    def system(number, name, account, region, tagged=None):
        this = {
            "OwnerId": account,
            "CreationToken": name,
            "FileSystemId": f"fs-{number:017x}",
            "FileSystemArn": elastic(number, region, account),
            "CreationTime": land.ago(300 - number),
            "LifeCycleState": "available",
            "Name": name,
            "NumberOfMountTargets": 1,
            "SizeInBytes": {"Value": 6144},
            "PerformanceMode": "generalPurpose",
            "Encrypted": True,
            "Tags": tags(tagged or {}),
        }
        systems[account, region].append(this)

    def replicate(source, number, region, account, *shown_to):
        told = {
            "SourceFileSystemId": source.rsplit("/")[-1],
            "SourceFileSystemRegion": source.split(":")[3],
            "SourceFileSystemArn": source,
            "OriginalSourceFileSystemArn": source,
            "CreationTime": land.ago(200),
            "SourceFileSystemOwnerId": source.split(":")[4],
            "Destinations": [
                {"Status": "ENABLED", "FileSystemId": f"fs-{number:017x}", "Region": region, "OwnerId": account}
            ],
        }
        for end in shown_to:
            replications[end].append(told)

    system(1, "statements", BANK, MUMBAI, PAYMENTS)
    system(2, "statements-south", BANK, HYDERABAD)
    replicate(STATEMENTS, 2, HYDERABAD, BANK, (BANK, MUMBAI), (BANK, HYDERABAD))
    system(3, "receipts", BANK, MUMBAI, PAYMENTS)
    system(4, "receipts-abroad", BANK, IRELAND)
    replicate(RECEIPTS, 4, IRELAND, BANK, (BANK, MUMBAI), (BANK, IRELAND))
    system(5, "offers", BANK, MUMBAI, PAYMENTS)
    system(6, "offers-of-the-lender", LENDER, SINGAPORE)
    replicate(OFFERS, 6, SINGAPORE, LENDER, (BANK, MUMBAI), (LENDER, SINGAPORE))
    system(7, "invoices", BANK, MUMBAI, PAYMENTS)
    replicate(INVOICES, 8, HYDERABAD, VAULT, (BANK, MUMBAI))
    system(10, "from-the-partner", LENDER, MUMBAI, PAYMENTS)
    replicate(FOREIGN, 10, MUMBAI, LENDER, (LENDER, MUMBAI))
    answer_each(land.cloud, "efs", "DescribeFileSystems", "FileSystems", systems)
    answer_each(land.cloud, "efs", "DescribeReplicationConfigurations", "Replications", replications)


def answer_each(cloud, service, operation, name, by_place):
    for region in REGIONS:
        for account in (BANK, LENDER, SHOP):
            where = {"account": account, "region": region}
            cloud.answer(service, operation, {name: by_place.get((account, region), [])}, **where)


REPLICATED_PLACES = (
    Place(STATEMENTS, "", "statements", BANK, MUMBAI, "primary", "pass"),
    Place(STATEMENTS, "efs-replication", "statements-south", BANK, HYDERABAD, "replica", "pass"),
    Place(RECEIPTS, "", "receipts", BANK, MUMBAI, "primary", "pass"),
    Place(RECEIPTS, "efs-replication", "receipts-abroad", BANK, IRELAND, "replica", "violation"),
    Place(OFFERS, "", "offers", BANK, MUMBAI, "primary", "pass"),
    Place(OFFERS, "efs-replication", "offers-of-the-lender", LENDER, SINGAPORE, "replica", "violation"),
    Place(INVOICES, "", "invoices", BANK, MUMBAI, "primary", "pass"),
    Place(INVOICES, "efs-replication", f"file-system/fs-{8:017x}", VAULT, HYDERABAD, "replica", "pass"),
    Place(FOREIGN, "", f"file-system/fs-{9:017x}", PARTNER, VIRGINIA, "primary", "violation"),
    Place(FOREIGN, "efs-replication", "from-the-partner", LENDER, MUMBAI, "replica", "pass"),
)

# Backups of file systems: by themselves, by hand, copied on, and one by AWS Backup for others.


def fsx(number, region, account):
    return arn("fsx", region, account, f"file-system/fs-{number:017x}")


def file_systems(land, made):
    """Each by number, name, account, region, tags and what else is to be told of it."""
    systems = defaultdict(list)
    for number, name, account, region, tagged, more in made:
        this = {
            "FileSystemId": f"fs-{number:017x}",
            "ResourceARN": fsx(number, region, account),
            "OwnerId": account,
            "Lifecycle": "AVAILABLE",
            "CreationTime": land.ago(100),
            "Tags": tags({"Name": name, **tagged}),
        }
        systems[account, region].append(this | more)
    return systems


RISK, DESK, CLERKS = fsx(0x11, MUMBAI, BANK), fsx(0x12, SINGAPORE, SHOP), fsx(0x13, HYDERABAD, LENDER)


def backed_up_file_systems(land):
    backups = defaultdict(list)

    def backup(number, of, account, region, kind="USER_INITIATED", source=0, came_from=""):
        this = {
            "BackupId": f"backup-{number:017x}",
            "ResourceARN": arn("fsx", region, account, f"backup/backup-{number:017x}"),
            "Lifecycle": "AVAILABLE",
            "Type": kind,
            "CreationTime": land.ago(number % 16),
            "FileSystem": {"FileSystemId": of.rsplit("/")[-1], "ResourceARN": of},
        }
        copied = {"SourceBackupId": f"backup-{source:017x}", "SourceBackupRegion": came_from} if source else {}
        backups[account, region].append(this | copied)

    for night in range(3):
        backup(0x100 + night, RISK, BANK, MUMBAI, "AUTOMATIC")
        backup(0x200 + night, RISK, BANK, MUMBAI)
        # The sources of the last are gone.
        backup(0x300 + night, RISK, BANK, SINGAPORE, source=0x201 + night, came_from=MUMBAI)
        backup(0x400 + night, RISK, BANK, HYDERABAD, source=0x201 + night, came_from=MUMBAI)
        backup(0x500 + night, DESK, SHOP, SINGAPORE, "AUTOMATIC")
        backup(0x600 + night, CLERKS, LENDER, HYDERABAD, "AUTOMATIC")
    backup(0x701, DESK, SHOP, SINGAPORE)
    backup(0x702, CLERKS, LENDER, HYDERABAD)
    backup(0x703, CLERKS, LENDER, VIRGINIA, source=0x702, came_from=HYDERABAD)
    backup(0x801, RISK, LENDER, IRELAND, "AWS_BACKUP", source=0x999, came_from=MUMBAI)
    answer_each(land.cloud, "fsx", "DescribeBackups", "Backups", backups)


BACKED_UP_PLACES = (
    Place(RISK, "", "risk", BANK, MUMBAI, "primary", "pass"),
    Place(RISK, "fsx-automatic-backup", "*", BANK, MUMBAI, "backup", "pass"),
    Place(RISK, "fsx-backup", "*", BANK, MUMBAI, "snapshot", "pass"),
    Place(RISK, "fsx-backup-copy", "*", BANK, SINGAPORE, "snapshot", "violation"),
    Place(RISK, "fsx-backup-copy", "*", BANK, HYDERABAD, "snapshot", "pass"),
    Place(RISK, "backup-copy", "*", LENDER, IRELAND, "backup", "violation"),
    Place(DESK, "", "desk", SHOP, SINGAPORE, "primary", "violation"),
    Place(DESK, "fsx-automatic-backup", "*", SHOP, SINGAPORE, "backup", "violation"),
    Place(DESK, "fsx-backup", "*", SHOP, SINGAPORE, "snapshot", "violation"),
    Place(CLERKS, "", "clerks", LENDER, HYDERABAD, "primary", "pass"),
    Place(CLERKS, "fsx-automatic-backup", "*", LENDER, HYDERABAD, "backup", "pass"),
    Place(CLERKS, "fsx-backup", "*", LENDER, HYDERABAD, "snapshot", "pass"),
    Place(CLERKS, "fsx-backup-copy", "*", LENDER, VIRGINIA, "snapshot", "violation"),
)

# File systems linked to buckets, in both directions, and one in a circle.

BATCH, LOOP = fsx(0x14, MUMBAI, BANK), fsx(0x18, SINGAPORE, BANK)
POSITIONS, RATES = "arn:aws:s3:::wide-positions", "arn:aws:s3:::wide-rates"


def linked_file_systems(land):
    systems = file_systems(
        land,
        [
            (0x11, "risk", BANK, MUMBAI, PAYMENTS, {}),
            (0x12, "desk", SHOP, SINGAPORE, PAYMENTS, {}),
            (0x13, "clerks", LENDER, HYDERABAD, PAYMENTS, {}),
            (0x14, "batch", BANK, MUMBAI, PAYMENTS, {}),
            (0x15, "compute", LENDER, SINGAPORE, {}, {}),
            (0x16, "compute-at-home", BANK, HYDERABAD, {}, {}),
            (
                0x17,
                "as-of-old",
                SHOP,
                VIRGINIA,
                {},
                {"LustreConfiguration": {"DataRepositoryConfiguration": {"ImportPath": "s3://wide-rates"}}},
            ),
            (0x18, "loop", BANK, SINGAPORE, PAYMENTS, {}),
        ],
    )
    answer_each(land.cloud, "fsx", "DescribeFileSystems", "FileSystems", systems)
    bank, shop, partner = (Plot(land.cloud, account) for account in (BANK, SHOP, PARTNER))
    bank.bucket("wide-positions", MUMBAI, PAYMENTS)
    bank.bucket("wide-batch-south", HYDERABAD)
    bank.bucket("wide-batch-abroad", IRELAND)
    bank.bucket("wide-loop", MUMBAI)
    shop.bucket("wide-rates", MUMBAI, PAYMENTS)
    partner.bucket("wide-batch-partner", VIRGINIA)
    links = defaultdict(list)
    every = {"Events": ["NEW", "CHANGED", "DELETED"]}

    def link(number, account, region, system, bucket, *ways):
        this = {
            "AssociationId": f"dra-{number:017x}",
            "ResourceARN": arn("fsx", region, account, f"association/dra-{number:017x}"),
            "FileSystemId": f"fs-{system:017x}",
            "Lifecycle": "AVAILABLE",
            "FileSystemPath": f"/{number}",
            "DataRepositoryPath": f"s3://{bucket}/",
            "S3": dict.fromkeys(ways, every),
        }
        links[account, region].append(this)

    link(1, BANK, MUMBAI, 0x14, "wide-batch-south", "AutoExportPolicy")
    link(2, BANK, MUMBAI, 0x14, "wide-batch-abroad", "AutoExportPolicy")
    link(3, BANK, MUMBAI, 0x14, "wide-batch-partner", "AutoExportPolicy")
    link(4, LENDER, SINGAPORE, 0x15, "wide-positions", "AutoImportPolicy")
    link(5, BANK, HYDERABAD, 0x16, "wide-positions", "AutoImportPolicy")
    link(6, BANK, SINGAPORE, 0x18, "wide-loop", "AutoImportPolicy", "AutoExportPolicy")
    answer_each(land.cloud, "fsx", "DescribeDataRepositoryAssociations", "Associations", links)


LINKED_PLACES = (
    Place(BATCH, "", "batch", BANK, MUMBAI, "primary", "pass"),
    Place(BATCH, "fsx-export", "wide-batch-south", BANK, HYDERABAD, "export", "pass"),
    Place(BATCH, "fsx-export", "wide-batch-abroad", BANK, IRELAND, "export", "violation"),
    Place(BATCH, "fsx-export", "wide-batch-partner", "", VIRGINIA, "export", "violation"),
    Place(POSITIONS, "", "wide-positions", BANK, MUMBAI, "primary", "pass"),
    Place(POSITIONS, "fsx-import", "compute", LENDER, SINGAPORE, "replica", "violation"),
    Place(POSITIONS, "fsx-import", "compute-at-home", BANK, HYDERABAD, "replica", "pass"),
    Place(RATES, "", "wide-rates", SHOP, MUMBAI, "primary", "pass"),
    Place(RATES, "fsx-import", "as-of-old", SHOP, VIRGINIA, "replica", "violation"),
    Place(LOOP, "", "loop", BANK, SINGAPORE, "primary", "violation"),
    Place(LOOP, "fsx-export", "wide-loop", BANK, MUMBAI, "export", "pass"),
)

PLACES = (
    *NIGHTLY_PLACES,
    *HAND_PLACES,
    *GOLDEN_PLACES,
    *HOST_PLACES,
    *POLICY_PLACES,
    *REPLICATED_PLACES,
    *BACKED_UP_PLACES,
    *LINKED_PLACES,
)
