from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

import planted_backups
import recall
from domicile.demo.planting import Plot
from domicile.model import NEVER_EXPIRES, Cell, Location
from domicile.providers.aws import backup_copies, backup_plans, backup_points
from planted_wide import BANK, FRANKFURT, LENDER, PARTNER, VIRGINIA
from recorded_cloud import RecordedCloud

ACCOUNT = "111122223333"
HERE = Cell("aws", ACCOUNT, "ap-south-1")
MUMBAI = Location("aws", "ap-south-1")
NIGHT, EVENING = datetime(2026, 11, 20, 21, tzinfo=UTC), datetime(2026, 11, 20, 20, tzinfo=UTC)
TABLE = f"arn:aws:dynamodb:ap-south-1:{ACCOUNT}:table/orders"
PLAN = f"arn:aws:backup:ap-south-1:{ACCOUNT}:backup-plan:p1"
MAIN = f"arn:aws:backup:ap-south-1:{ACCOUNT}:backup-vault:main"
FAR = "arn:aws:backup:us-east-1:444455556666:backup-vault:far"
THIS = f"arn:aws:backup:ap-south-1:{ACCOUNT}:recovery-point:1"


def point(**more):
    this = {"RecoveryPointArn": THIS, "BackupVaultArn": MAIN, "ResourceArn": TABLE, "CreationDate": NIGHT}
    return list(backup_points.read(this | {"Status": "COMPLETED"} | more, {}, HERE))


def job(**more):
    this = {"CopyJobId": "1", "State": "COMPLETED", "ResourceArn": TABLE, "DestinationBackupVaultArn": FAR}
    return list(backup_copies.read(this | more, {}, HERE))


def plan(*rules):
    return list(backup_plans.read({"BackupPlanArn": PLAN}, {"plan": {"Rules": rules}}, HERE))


def test_a_copy_action_puts_what_its_rule_backs_up_into_a_vault_somewhere_else():
    [copy] = plan({"RuleId": "r1", "CopyActions": [{"DestinationBackupVaultArn": FAR}]}, {"RuleId": "r2"})
    assert (copy.of, copy.channel, copy.id) == (f"{PLAN}#r1", "backup-copy-action", "")
    assert (copy.location, copy.account) == (Location("aws", "us-east-1"), "444455556666")


def test_a_rule_that_backs_up_into_an_air_gapped_vault_puts_data_there():
    [copy] = plan({"RuleId": "r1", "TargetLogicallyAirGappedBackupVaultArn": MAIN})
    assert (copy.of, copy.location, copy.account) == (f"{PLAN}#r1", MUMBAI, ACCOUNT)


def test_a_plan_that_may_not_be_read_says_nothing():
    assert list(backup_plans.read({"BackupPlanArn": PLAN}, {}, HERE)) == []


def test_a_recovery_point_is_a_point_in_time_of_what_was_backed_up_made_by_the_rule_of_a_plan():
    resource, copy = point(CreatedBy={"BackupPlanArn": PLAN, "BackupRuleId": "r1"})
    assert (resource.id, resource.taken_of, resource.location, resource.account) == (THIS, TABLE, MUMBAI, ACCOUNT)
    assert (copy.of, copy.channel, copy.id) == (TABLE, "backup-recovery-point", THIS)
    assert copy.caused_by == f"{PLAN}#r1"


def test_a_recovery_point_without_a_plan_has_no_cause():
    _, copy = point()
    assert copy.caused_by == ""


@pytest.mark.parametrize(
    "more",
    [
        {"SourceBackupVaultArn": FAR},
        {"ResourceArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"},
        {"ResourceArn": "arn:aws:dynamodb:ap-south-1:444455556666:table/orders"},
    ],
    ids=["told", "another-region", "another-account"],
)
def test_a_recovery_point_from_another_vault_region_or_account_is_a_copy(more):
    _, copy = point(**more)
    assert copy.channel == "backup-copy"


def test_a_bucket_whose_name_says_no_place_is_backed_up_where_it_is():
    _, copy = point(ResourceArn="arn:aws:s3:::ledger")
    assert copy.channel == "backup-recovery-point"


@pytest.mark.parametrize(
    ("lifecycle", "days"),
    [
        ({"Lifecycle": {"DeleteAfterDays": 35}}, 35),
        ({"Lifecycle": {"DeleteAfterDays": -1}}, NEVER_EXPIRES),
        ({"Lifecycle": {"MoveToColdStorageAfterDays": 7}}, NEVER_EXPIRES),
        ({"Lifecycle": {"DeleteAfterDays": 35, "DeleteAfterEvent": "DELETE_AFTER_COPY"}}, None),
        ({}, None),
    ],
    ids=["days", "never", "cold-for-ever", "after-an-event", "untold"],
)
def test_a_recovery_point_is_kept_as_long_as_its_lifecycle_says(lifecycle, days):
    resource, _ = point(**lifecycle)
    assert resource.retention_days == days


def test_a_copy_is_as_fresh_as_the_backup_it_was_made_from():
    resource, _ = point(InitiationDate=EVENING)
    assert (resource.created_at, resource.newest_at) == (NIGHT, EVENING)


@pytest.mark.parametrize("status", ["CREATING", "PARTIAL", "STOPPED"])
def test_a_recovery_point_in_the_making_is_there_and_of_no_age(status):
    resource, copy = point(Status=status, InitiationDate=EVENING)
    assert (resource.created_at, resource.newest_at, copy.id) == (None, None, THIS)


@pytest.mark.parametrize("status", ["EXPIRED", "DELETING"])
def test_a_recovery_point_that_should_be_gone_is_there(status):
    resource, _ = point(Status=status)
    assert resource.created_at == NIGHT


def test_how_new_a_continuous_backup_is_is_not_known():
    name = f"arn:aws:backup:ap-south-1:{ACCOUNT}:recovery-point:continuous:ledger-1f2e3d4c"
    resource, _ = point(RecoveryPointArn=name, Status="AVAILABLE", InitiationDate=EVENING)
    assert (resource.created_at, resource.newest_at) == (None, None)


def test_a_key_of_aws_or_none_is_no_customers_and_any_other_may_be():
    key = f"arn:aws:kms:ap-south-1:{ACCOUNT}:key/1"
    answers = (
        {"IsEncrypted": False},
        {"IsEncrypted": True, "EncryptionKeyType": "AWS_OWNED_KMS_KEY"},
        {"IsEncrypted": True, "EncryptionKeyArn": key},
    )
    seen = [point(**answer)[0] for answer in answers]
    assert [(one.cmk, one.key) for one in seen] == [(False, ""), (False, ""), (None, key)]


def test_a_composite_point_is_no_place_of_its_own():
    assert point(IsParent=True) == []


def test_a_point_that_names_no_source_is_there_all_the_same():
    [resource] = point(ResourceArn="")
    assert (resource.id, resource.taken_of) == (THIS, "")


def vaults(*listed, points):
    class Cloud:
        asked = ()

        def pages(self, operation, *, BackupVaultName="", **_):  # noqa: N803
            self.asked = (*self.asked, BackupVaultName or operation)
            yield {"RecoveryPoints": points} if BackupVaultName else {"BackupVaultList": listed}

        def call(self, _, *, BackupVaultName):  # noqa: N803
            return {"SourceBackupVaultArn": FAR, "BackupVaultName": BackupVaultName}

    return Cloud()


def test_only_vaults_that_may_hold_something_are_asked_for_their_points():
    named = [("empty", {"NumberOfRecoveryPoints": 0}), ("full", {"NumberOfRecoveryPoints": 2}), ("untold", {})]
    cloud = vaults(*({"BackupVaultName": name, "BackupVaultArn": MAIN} | more for name, more in named), points=[])
    list(backup_points.find(cloud))
    assert cloud.asked == ("list_backup_vaults", "full", "untold")


def test_what_a_vault_opens_of_another_account_is_kept_there():
    opened = {"BackupVaultName": "opened", "BackupVaultArn": MAIN, "VaultType": "RESTORE_ACCESS_BACKUP_VAULT"}
    [found] = backup_points.find(vaults(opened, points=[{"RecoveryPointArn": THIS, "ResourceArn": TABLE}]))
    resource, _ = backup_points.read(found, {}, HERE)
    assert (resource.location, resource.account) == (Location("aws", "us-east-1"), "444455556666")


def test_a_copy_job_tells_of_a_copy_in_a_vault_wherever_it_is():
    there = "arn:aws:backup:us-east-1:444455556666:recovery-point:2"
    [copy] = job(DestinationRecoveryPointArn=there, CreatedBy={"BackupPlanArn": PLAN, "BackupRuleId": "r1"})
    assert (copy.of, copy.channel, copy.id, copy.account) == (TABLE, "backup-copy", there, "444455556666")
    assert (copy.location, copy.caused_by) == (Location("aws", "us-east-1"), f"{PLAN}#r1")


def test_a_copy_under_way_has_no_name_yet():
    [copy] = job(State="RUNNING")
    assert (copy.id, copy.location) == ("", Location("aws", "us-east-1"))


@pytest.mark.parametrize("more", [{"State": "FAILED"}, {"State": "CREATED"}, {"IsParent": True}, {"ResourceArn": ""}])
def test_a_job_that_copied_nothing_of_anything_says_nothing(more):
    assert job(**more) == []


def test_plans_of_every_page_are_found():
    pages = [{"BackupPlansList": [{"BackupPlanArn": PLAN}]}, {"BackupPlansList": [{"BackupPlanArn": f"{PLAN}2"}]}]
    assert len(list(backup_plans.find(RecordedCloud({"list_backup_plans": pages})))) == 2


def found(*refused):
    """Where the copies of one table and one database are, as the scan sees it that may not list some vaults."""

    def plant(cloud, today):
        backups = planted_backups.Backups(cloud, today)
        planted_backups.copies_of_a_table(backups, Plot(cloud, BANK))
        planted_backups.copies_of_a_database(backups, Plot(cloud, BANK))
        backups.answer()
        for account in refused:
            cloud.deny("backup", "ListBackupVaults", account=account)

    world = SimpleNamespace(SERVICES=("backup", "dynamodb", "rds"), plant=plant)
    weighed = recall.weighed([world], datetime.now(UTC))
    places = {place[1:]: one for place, one in recall.found(weighed).items() if place[1].startswith("backup-copy")}
    return places, {(gap.cell.account, gap.listing) for gap in weighed.gaps}


def test_what_a_vault_does_not_show_any_more_is_gone_whatever_the_jobs_say():
    places, _ = found()
    [near] = [one for (_, _, account, region), one in places.items() if (account, region) == (BANK, "ap-south-2")]
    assert (near.copies, near.held, near.retention_days) == (3, True, 35)
    theirs = places["backup-copy", "*", PARTNER, VIRGINIA]
    assert (theirs.copies, theirs.held) == (6, False)


def test_copies_are_known_by_their_jobs_where_their_vault_may_not_be_listed():
    places, gaps = found(LENDER)
    there = places["backup-copy", "*", LENDER, FRANKFURT]
    assert (there.copies, there.held, there.country) == (2, False, "DE")
    assert (LENDER, "backup.recovery-points") in gaps
