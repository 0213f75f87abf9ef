"""What rules make of what Azure does not tell: a place that nobody knows is never a pass."""

from azure_looking import BANK, NOW, a_tenant, look
from domicile.model import Looks, Obligation, Organisation, Verdict
from domicile.obligations import Question, on_placement
from domicile.providers import azure
from domicile.relate import relate

AT = f"/subscriptions/{BANK}/resourceGroups/data/providers"
VAULT = f"{AT}/Microsoft.RecoveryServices/vaults/vault"
ITEM = f"{VAULT}/backupFabrics/Azure/protectionContainers/c/protectedItems/vm;ledger"
DISK, MACHINE = f"{AT}/Microsoft.Compute/disks/ledger", f"{AT}/Microsoft.Compute/virtualMachines/ledger"
IN_INDIA = Obligation(kind="only_in", places=("IN",))


def verdicts(arm, obligation=IN_INDIA):
    """By the name of the channel ("" for the thing itself): all that one obligation makes of its copies."""
    seen = look(arm)
    question = Question(Organisation(), azure.vocabulary, Looks(seen.looks, seen.gaps), NOW.date(), NOW)
    found = {}
    for dataset in relate(seen, azure.vocabulary):
        for one in dataset.placements:
            verdict = on_placement(obligation, one, "", question).verdict
            found.setdefault(one.channel, set()).add(verdict)
    return found


def test_a_backup_of_a_disk_is_judged_where_its_vault_is_and_where_the_pair_of_its_vault_is():
    arm = a_tenant()
    arm.plant(DISK, "centralindia", managedBy=MACHINE)
    settings = {"standardTierStorageRedundancy": "GeoRedundant", "crossRegionRestore": "Disabled"}
    arm.plant(VAULT, "southeastasia", properties={"redundancySettings": settings})
    arm.plant(ITEM, "southeastasia", properties={"sourceResourceId": MACHINE, "backupManagementType": "AzureIaasVM"})
    found = verdicts(arm)
    assert found["azure-backup"] == found["azure-recovery-vault-geo-redundancy"] == {Verdict.VIOLATION}
    [backed_up] = [one for one in relate(look(arm), azure.vocabulary) if DISK.lower() in one.members]
    assert {(one.kind, one.country) for one in backed_up.placements} == {
        ("primary", "IN"),
        ("backup", "SG"),
        ("backup", "HK"),
    }


def test_the_pair_of_a_vault_that_does_not_tell_its_redundancy_cannot_be_told():
    arm = a_tenant()
    arm.plant(VAULT, "centralindia", properties={})
    arm.answer(f"{VAULT}/backupstorageconfig/vaultstorageconfig", {"properties": {"storageType": "Invalid"}})
    arm.plant(ITEM, "centralindia", properties={"sourceResourceId": MACHINE, "backupManagementType": "AzureIaasVM"})
    assert verdicts(arm)["azure-recovery-vault-geo-redundancy"] == {Verdict.UNKNOWN}


def test_where_a_global_deployment_processes_cannot_be_told_and_a_regional_one_says_nothing_else():
    arm = a_tenant()
    account = f"{AT}/Microsoft.CognitiveServices/accounts/advice"
    arm.plant(account, "centralindia", kind="OpenAI", properties={})
    arm.answer(
        f"{account}/deployments",
        [{"id": f"{account}/deployments/a", "name": "a", "properties": {}, "sku": {"name": "GlobalStandard"}}],
    )
    assert verdicts(arm) == {"": {Verdict.PASS}, "azure-ai-processing": {Verdict.UNKNOWN}}
    arm.answer(f"{account}/deployments", [])
    assert verdicts(arm) == {"": {Verdict.PASS}}


def test_what_is_exported_or_linked_to_somewhere_unseen_cannot_be_told():
    arm = a_tenant()
    workspace = f"{AT}/Microsoft.OperationalInsights/workspaces/audit"
    arm.plant(workspace, "centralindia", properties={"replication": {"enabled": False}})
    target = {"resourceId": "/subscriptions/elsewhere/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/x"}
    rule = {"id": f"{workspace}/dataExports/a", "name": "a", "properties": {"destination": target, "enable": True}}
    arm.answer(f"{workspace}/dataExports", [rule])
    assert verdicts(arm) == {"": {Verdict.PASS}, "azure-log-analytics-export": {Verdict.UNKNOWN}}
