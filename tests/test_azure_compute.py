"""Disks, snapshots, restore points and images: what is where, and what was made from what."""

from datetime import UTC, datetime

import pytest

from domicile import geography
from domicile.collect import collect, fold
from domicile.demo.tenant import TOKEN, Answer, Arm, serving
from domicile.discover import discover
from domicile.model import Cell, Inventory, Location, Look
from domicile.providers import azure
from domicile.providers.azure import (
    compute_disks,
    compute_gallery,
    compute_images,
    compute_restore_points,
    compute_snapshots,
)
from domicile.relate import relate

BANK = "11111111-0000-0000-0000-000000000000"
CELL = Cell("azure", BANK, "global")
NIGHT = datetime(2026, 11, 20, 19, tzinfo=UTC)
GROUP = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.Compute"
PUNE, CHENNAI, SINGAPORE = (Location("azure", name) for name in ("centralindia", "southindia", "southeastasia"))
DISK, SNAPSHOT = f"{GROUP}/disks/payments", f"{GROUP}/snapshots/payments-1"
COLLECTION, MACHINE = f"{GROUP}/restorePointCollections/payments", f"{GROUP}/virtualMachines/payments"
VERSION = f"{GROUP}/galleries/shop/images/till/versions/1.0.0"
OTHER = f"{GROUP}/disks/ledger"


def row(ident, region="centralindia", more=None, **properties):
    return {"id": ident, "name": ident.rpartition("/")[2], "location": region, "properties": properties} | (more or {})


def disk(**more):
    return list(compute_disks.read(row(DISK, **more), {}, CELL))


def snapshot(source="", family="", **more):
    made = {"createOption": "Copy", "sourceResourceId": source or None}
    properties = {"timeCreated": "2026-11-20T19:00:00+00:00", "incrementalSnapshotFamilyId": family} | more
    return list(compute_snapshots.read(row(SNAPSHOT, creationData=made, **properties), {}, CELL))


def collection(points=None, source=MACHINE, region="centralindia"):
    parts = {} if points is None else {"points": {"properties": {"restorePoints": points}}}
    this = row(COLLECTION, region, source={"id": source, "location": "centralindia"})
    return list(compute_restore_points.read(this, parts, CELL))


def point(*disks, left_out=(), state="Succeeded", at="2026-11-20T19:00:00.1234567+00:00"):
    os_disk, *data_disks = [{"managedDisk": {"id": one}} for one in disks]
    return {
        "name": "p",
        "properties": {
            "provisioningState": state,
            "timeCreated": at,
            "excludeDisks": [{"id": one} for one in left_out],
            "sourceMetadata": {"storageProfile": {"osDisk": os_disk, "dataDisks": data_disks}},
        },
    }


def version(*targets, edges=(), region="centralindia", source=None):
    profile = {"targetRegions": list(targets), "targetExtendedLocations": list(edges)}
    this = row(VERSION, region, publishingProfile=profile, storageProfile=source or {})
    return list(compute_gallery.read(this, {}, CELL))


def image(**properties):
    return list(compute_images.read(row(f"{GROUP}/images/till", **properties), {}, CELL))


def said(copy):
    return copy.of, copy.channel, copy.location, copy.id


def test_a_disk_is_where_it_lies_by_the_code_of_its_region_whatever_its_spelling():
    [only] = disk(region="Central India", timeCreated="2026-11-20T19:00:00+00:00")
    assert (only.id, only.type, only.location) == (DISK.lower(), "azure.compute.disk", PUNE)
    assert only.created_at == NIGHT


def test_a_disk_in_an_edge_zone_keeps_its_name_and_has_no_country_that_is_guessed():
    [only] = disk(region="westus", more={"extendedLocation": {"name": "microsoftlosangeles1", "type": "EdgeZone"}})
    assert only.location == Location("azure", "westus", "microsoftlosangeles1")
    assert geography.country(only.location) is None


@pytest.mark.parametrize(
    ("encryption", "of_the_customer"),
    [
        ({"type": "EncryptionAtRestWithPlatformKey"}, False),
        ({"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/x"}, True),
        ({"type": "EncryptionAtRestWithPlatformAndCustomerKeys"}, True),
        ({}, None),
        (None, None),
    ],
)
def test_whose_key_a_disk_is_encrypted_with_is_unknown_where_it_was_not_shown(encryption, of_the_customer):
    [only] = disk(encryption=encryption)
    assert only.cmk is of_the_customer


def test_a_disk_made_from_a_snapshot_in_another_subscription_begins_data_of_its_own_that_inherits_its_classes():
    _, copy = disk(region="southeastasia", creationData={"createOption": "Copy", "sourceResourceId": SNAPSHOT})
    assert said(copy) == (SNAPSHOT.lower(), "azure-disk-made-from", SINGAPORE, DISK.lower())
    assert azure.vocabulary.channels[copy.channel].relation == "seed"


def test_a_disk_restored_from_a_restore_point_is_made_from_the_collection_that_holds_the_point():
    source = f"{COLLECTION}/restorePoints/p1/diskRestorePoints/payments_1"
    _, copy = disk(creationData={"createOption": "Restore", "sourceResourceId": source})
    assert copy.of == COLLECTION.lower()


def test_a_disk_made_from_a_blob_is_made_from_its_storage_account():
    store = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.Storage/storageAccounts/images"
    _, copy = disk(creationData={"createOption": "Import", "storageAccountId": store, "sourceUri": "https://x"})
    assert copy.of == store.lower()


@pytest.mark.parametrize(
    "made",
    [
        None,
        {},
        {"createOption": "Empty"},
        {"createOption": "FromImage", "imageReference": {"id": "/Subscriptions/x/Providers/Microsoft.Compute/…"}},
        {"createOption": "Upload", "sourceResourceId": None},
    ],
)
def test_a_disk_that_was_made_from_nothing_of_ours_is_no_copy(made):
    assert len(disk(creationData=made)) == 1


def test_a_snapshot_is_a_point_in_time_of_its_disk():
    taken, copy = snapshot(DISK)
    assert (taken.taken_of, taken.newest_at, taken.retention_days) == (DISK.lower(), NIGHT, None)
    assert said(copy) == (DISK.lower(), "azure-disk-snapshot", PUNE, SNAPSHOT.lower())


def test_a_snapshot_copied_abroad_is_a_copy_of_the_snapshot_at_home_and_is_of_no_age_that_it_did_not_tell():
    at_home = f"{GROUP}/snapshots/payments-0"
    taken, copy = snapshot(at_home, "5A3C", region="southeastasia", completionPercent=100.0)
    assert said(copy) == (at_home.lower(), "azure-snapshot-copy", SINGAPORE, SNAPSHOT.lower())
    assert (taken.taken_of, taken.newest_at, taken.created_at) == ("snapshot-family:5a3c", None, NIGHT)


@pytest.mark.parametrize(
    "state", [{"completionPercent": 40.5}, {"completionPercent": 100, "copyCompletionError": {"errorCode": "X"}}]
)
def test_a_copy_that_has_not_arrived_holds_data_but_is_no_fresh_one(state):
    taken, copy = snapshot(f"{GROUP}/snapshots/payments-0", **state)
    assert (taken.created_at, taken.newest_at) == (None, None)
    assert copy.location == PUNE


def test_copies_of_snapshots_that_were_rotated_away_are_one_row_that_does_not_change_every_night():
    def subjects(night):
        at_home = f"{GROUP}/snapshots/home-{night}"
        seen = snapshot(at_home, "5a3c", region="southeastasia")
        inventory = Inventory(resources=(seen[0],), copies=(seen[1],), looks=(Look(CELL, "compute.snapshots"),))
        [dataset] = relate(inventory, azure.vocabulary)
        return {one.subject for one in dataset.placements}, dataset.unseen

    assert subjects(1) == subjects(2)
    assert subjects(1)[1], "of what class the data is, the snapshot that is gone cannot say any more"


def test_a_snapshot_made_from_a_blob_begins_data_of_its_own():
    store = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.Storage/storageAccounts/images"
    taken, copy = compute_snapshots.read(row(SNAPSHOT, creationData={"storageAccountId": store}), {}, CELL)
    assert (taken.taken_of, copy.of, copy.channel) == ("", store.lower(), "azure-snapshot-import")


def test_a_snapshot_of_which_nothing_was_shown_is_still_there():
    [only] = compute_snapshots.read({"id": SNAPSHOT, "name": "s", "location": "centralindia"}, {}, CELL)
    assert (only.location, only.taken_of, only.created_at) == (PUNE, "", None)


def test_a_collection_of_restore_points_holds_a_copy_of_every_disk_that_its_points_name_and_none_that_they_leave_out():
    left_out = f"{GROUP}/disks/scratch"
    holder, *copies = collection([point(DISK, OTHER), point(DISK, left_out, left_out=[left_out.upper()])])
    assert holder.type == "azure.compute.restore-point-collection"
    assert {said(copy) for copy in copies} == {
        (one.lower(), "azure-restore-point", PUNE, COLLECTION.lower()) for one in (DISK, OTHER)
    }
    assert {copy.part for copy in copies} == {"points"}


def test_a_collection_is_as_fresh_as_its_newest_point_that_succeeded():
    holder, *_ = collection(
        [
            point(DISK),
            point(DISK, at="2026-11-19T19:00:00+00:00"),
            point(DISK, at="2026-11-21T19:00:00+00:00", state="Failed"),
            point(DISK, at="2026-11-21T19:00:00+00:00", state="Creating"),
        ]
    )
    assert holder.newest_at.replace(microsecond=0) == NIGHT
    assert holder.created_at == datetime(2026, 11, 19, 19, tzinfo=UTC)


def test_a_collection_without_points_holds_nothing():
    assert collection([]) == []


def test_a_collection_whose_points_were_not_shown_holds_data_of_its_machine():
    holder, copy = collection()
    assert (holder.created_at, holder.newest_at) == (None, None)
    assert (said(copy), copy.part) == ((MACHINE.lower(), "azure-restore-point", PUNE, COLLECTION.lower()), "")


def test_a_collection_made_from_another_is_its_copy_in_another_region():
    at_home = f"{GROUP}/restorePointCollections/home"
    _, copy = collection(source=at_home, region="southeastasia")
    assert said(copy) == (at_home.lower(), "azure-restore-point-copy", SINGAPORE, COLLECTION.lower())


def test_a_collection_that_does_not_say_what_it_is_of_is_still_there():
    [only] = compute_restore_points.read(row(COLLECTION, source={"id": None}), {"points": {}}, CELL)
    assert only.location == PUNE


def test_an_image_is_in_all_its_target_regions_which_are_given_by_display_names():
    holder, *copies = version({"name": "Central India"}, {"name": "South India"}, {"name": "Southeast Asia"})
    assert (holder.location, holder.name) == (PUNE, "till/1.0.0")
    assert [said(copy)[1:3] for copy in copies] == [
        ("azure-gallery-replication", CHENNAI),
        ("azure-gallery-replication", SINGAPORE),
    ]
    assert {copy.of for copy in copies} == {holder.id}


def test_an_image_is_not_where_its_gallery_is_when_it_was_put_elsewhere_only():
    holder, *copies = version({"name": "South India"}, {"name": "Southeast Asia"})
    assert holder.location == CHENNAI
    assert [copy.location for copy in copies] == [SINGAPORE]


def test_an_image_in_an_edge_zone_is_at_a_place_of_its_own():
    edge = {"name": "West US", "extendedLocation": {"name": "microsoftlosangeles1", "type": "EdgeZone"}}
    _, copy = version({"name": "Central India"}, edges=[edge])
    assert copy.location == Location("azure", "westus", "microsoftlosangeles1")


def test_where_an_image_is_replicated_to_is_unknown_where_it_was_not_shown():
    _, copy = compute_gallery.read(row(VERSION), {}, CELL)
    assert (copy.channel, copy.location) == ("azure-gallery-replication", None)
    assert len(version()) == 1, "shown to be nowhere else"


def test_a_key_is_the_customers_only_when_every_disk_of_the_image_has_one():
    with_set = {"diskEncryptionSetId": "/subscriptions/x"}

    def key(**encryption):
        return version({"name": "Central India", "encryption": encryption})[0].cmk

    assert key(osDiskImage=with_set) is True
    assert key(osDiskImage=with_set, dataDiskImages=[{"lun": 0}]) is False
    assert key() is False
    assert version()[0].cmk is None


def test_an_image_is_a_copy_of_what_it_was_made_from():
    _, from_disks = version(
        {"name": "Central India"},
        source={"osDiskImage": {"source": {"id": SNAPSHOT}}, "dataDiskImages": None},
    )
    _, from_machine = version({"name": "Central India"}, source={"source": {"virtualMachineId": MACHINE}})
    here = ("azure-image-capture", PUNE, VERSION.lower())
    assert said(from_disks) == (SNAPSHOT.lower(), *here)
    assert said(from_machine) == (MACHINE.lower(), *here)


def test_a_managed_image_is_a_copy_of_its_disks_and_of_its_machine_only_where_they_are_not_told():
    disks = {"osDisk": {"managedDisk": {"id": DISK}}, "dataDisks": [{"snapshot": {"id": SNAPSHOT}}]}
    holder, *of_disks = image(storageProfile=disks, sourceVirtualMachine={"id": MACHINE})
    _, of_machine = image(storageProfile={"osDisk": {}}, sourceVirtualMachine={"id": MACHINE})
    assert [copy.of for copy in of_disks] == [DISK.lower(), SNAPSHOT.lower()]
    assert of_machine.of == MACHINE.lower()
    assert (holder.type, holder.cmk) == ("azure.compute.image", False)


@pytest.fixture(name="arm")
def a_subscription():
    arm = Arm()
    arm.subscription(BANK, "bank")
    return arm


def look(arm):
    with serving(arm) as address, azure.connect(endpoint=address, token=TOKEN, attempts=0) as provider:
        seen = collect(provider, discover(provider), keep_tags=frozenset(), now=NIGHT)
    gaps = fold(seen.looks, seen.gaps, seen.resources)
    return seen, [(gap.listing, gap.part, gap.reason) for gap in gaps]


def test_points_are_asked_of_collections_of_machines_and_not_of_copies(arm):
    arm.plant(DISK, "centralindia", properties={"creationData": {"createOption": "Empty"}})
    copied = f"{GROUP}/restorePointCollections/abroad"
    for ident, place, source in ((COLLECTION, "centralindia", MACHINE), (copied, "southeastasia", COLLECTION)):
        arm.plant(ident, place, properties={"source": {"id": source, "location": "centralindia"}})
    arm.answer(COLLECTION, row(COLLECTION, source={"id": MACHINE}, restorePoints=[point(DISK)]))
    seen, gaps = look(arm)
    assert gaps == []
    assert arm.actions()["Microsoft.Compute/restorePointCollections/read"] == 1
    [dataset] = relate(seen, azure.vocabulary)
    assert {(one.channel, one.country) for one in dataset.placements} == {
        ("", "IN"),
        ("azure-restore-point", "IN"),
        ("azure-restore-point-copy", "SG"),
    }


def test_points_that_may_not_be_read_are_a_gap_and_the_collection_is_there(arm):
    arm.plant(COLLECTION, "centralindia", properties={"source": {"id": MACHINE}})
    arm.refuse("restorePointCollections", Answer(403, "AuthorizationFailed"))
    seen, gaps = look(arm)
    assert gaps == [("compute.restore-point-collections", "points", "denied")]
    assert [one.id for one in seen.resources] == [COLLECTION.lower()]


def test_a_collection_deleted_while_the_scan_runs_is_gone(arm):
    arm.plant(COLLECTION, "centralindia", properties={"source": {"id": MACHINE}})
    arm.refuse("restorePointCollections", Answer(404, "ResourceNotFound"))
    seen, gaps = look(arm)
    assert (seen.resources, seen.copies, gaps) == ((), (), [])


def test_what_resource_graph_shows_of_disks_and_images_is_enough_to_read_them(arm):
    made = {"createOption": "Copy", "sourceResourceId": DISK}
    arm.plant(DISK, "westus", extendedLocation={"name": "microsoftlosangeles1"}, properties={"timeCreated": "x"})
    arm.plant(SNAPSHOT, "southeastasia", properties={"creationData": made, "completionPercent": None})
    arm.plant(VERSION, "centralindia", properties={"publishingProfile": {"targetRegions": [{"name": "South India"}]}})
    arm.plant(f"{GROUP}/images/till", "centralindia", properties={"storageProfile": {"osDisk": {"snapshot": {}}}})
    seen, gaps = look(arm)
    assert gaps == []
    assert {(one.type.rpartition(".")[2], one.location.zone or one.location.region) for one in seen.resources} == {
        ("disk", "microsoftlosangeles1"),
        ("snapshot", "southeastasia"),
        ("image-version", "southindia"),
        ("image", "centralindia"),
    }
