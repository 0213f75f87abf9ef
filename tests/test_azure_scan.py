"""Azure on the command line, alone and beside AWS: one run, one table, rows that look alike."""

import json

import pytest

import small_bank
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.demo.tenant import TOKEN, Arm, serving
from domicile.scan import Exit
from domicile.stores.sqlite import SqliteStore

BANK, SHOP = "11111111-0000-0000-0000-00000000000a", "22222222-0000-0000-0000-00000000000b"
FILE = f"""
version: 1
entities:
  - id: bank
    name: Bulbul Bank
    country: IN
    origin: [IN]
    actors: [payment_system_operator]
    owns: ["{BANK.upper()}", "mg:Bulbul", "{small_bank.BANK}"]
    owner: data@bank.example
classify:
  tags: [{{key: data-class}}]
policies: [in-rbi-payment-data]
"""


@pytest.fixture(name="arm")
def a_tenant():
    arm = Arm()
    arm.group("bulbul")
    arm.subscription(BANK, "bank", "bulbul")
    arm.subscription(SHOP, "shop", "bulbul")
    home = f"/subscriptions/{BANK}/resourceGroups/pay/providers/Microsoft.Storage/storageAccounts"
    payments = {"tags": {"Data-Class": "payment.transaction"}, "kind": "StorageV2"}
    arm.plant(
        f"{home}/paypune", "centralindia", sku={"name": "Standard_GRS"}, **payments,
        properties={"primaryLocation": "centralindia", "secondaryLocation": "southindia"},
    )  # fmt: skip
    arm.plant(
        f"{home}/paysingapore", "southeastasia", sku={"name": "Standard_RAGRS"}, **payments,
        properties={"primaryLocation": "southeastasia", "secondaryLocation": "eastasia"},
    )  # fmt: skip
    return arm


@pytest.fixture(name="run")
def runner(arm, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "domicile.yaml").write_text(FILE, encoding="utf-8")
    with serving(arm) as address:
        monkeypatch.setenv("DOMICILE_AZURE_ENDPOINT", address)
        monkeypatch.setenv("DOMICILE_AZURE_TOKEN", TOKEN)

        def run(*words):
            capsys.readouterr()
            return main(list(words)), capsys.readouterr()

        yield run


def rows():
    store = SqliteStore("domicile.db")
    try:
        return {(row.provider, row.country, row.channel): row for row in store.known().values()}
    finally:
        store.close()


def test_a_pair_in_the_country_is_fine_and_one_that_crosses_the_border_is_a_breach(run):
    code, said = run("scan", "--cloud", "azure", "--management-group", "bulbul")
    assert code == Exit.VIOLATIONS
    assert set(rows()) == {("azure", "SG", ""), ("azure", "HK", "azure-storage-geo-redundancy")}
    assert "paysingapore" in said.out
    copy = rows()["azure", "HK", "azure-storage-geo-redundancy"]
    assert copy.account == BANK
    assert copy.evidence[0].operation == "Microsoft.ResourceGraph/resources/read microsoft.storage/storageaccounts"


def test_both_clouds_in_one_run_give_one_table(run, monkeypatch):
    with LocalCloud(enabled=small_bank.REGIONS) as cloud:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        code, _ = run("scan", "--cloud", "aws", "--cloud", "azure", "--role", small_bank.ROLE)
        assert code == Exit.VIOLATIONS
        before = rows()
        assert {provider for provider, _, _ in before} == {"aws", "azure"}
        # A scan of one cloud later leaves the rows of the other as they are.
        run("scan", "--cloud", "azure")
        assert {key: row.status for key, row in rows().items()} == {key: row.status for key, row in before.items()}


def test_a_scan_of_azure_alone_says_nothing_about_what_was_looked_at_in_aws(run, monkeypatch):
    alone = run("scan", "--cloud", "azure")[1].out
    assert "Everything inside the scope was looked at in Azure." in alone
    assert "AWS" not in alone, "nothing is known of it"
    with LocalCloud(enabled=small_bank.REGIONS) as cloud:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        cloud.refuse_role(small_bank.ARCHIVE)
        both = run("scan", "--cloud", "aws", "--cloud", "azure", "--role", small_bank.ROLE)[1].out
    assert "Everything inside the scope" not in both
    assert "was not looked into" not in both
    later = run("scan", "--cloud", "azure")[1].out
    assert "Everything inside the scope was looked at in Azure." in later
    assert "AWS was not looked into: rows and gaps there are as before (domicile gaps)." in later
    assert "role-missing" in run("gaps")[1].out


def test_an_account_is_looked_for_in_the_cloud_that_its_id_is_of(run):
    code, said = run("scan", "--cloud", "azure", "--account", SHOP, "--format", "json")
    assert code in (Exit.PROVEN, Exit.NOT_PROVEN)
    assert json.loads(said.out)["violations"] == []


def test_what_a_subscription_does_not_show_is_told_and_never_reads_as_nothing(run, arm):
    run("scan", "--cloud", "azure", "--management-group", "bulbul")
    arm.hidden.add(BANK)
    code, said = run("scan", "--cloud", "azure", "--management-group", "bulbul")
    assert code == Exit.NOT_PROVEN
    assert {row.status for row in rows().values()} == {"unconfirmed"}
    assert BANK in said.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--cloud", "gcp"), "--cloud must be one of aws, azure, not gcp"),
        (("--cloud", "azure", "--azure-cloud", "germany"), "there is no Azure cloud 'germany'"),
        (("--cloud", "azure", "--management-group", "bulbull"), "no management group bulbull"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence(run, words, complaint):
    code, said = run("scan", *words)
    assert code in (Exit.USAGE, Exit.FAILURE)
    assert complaint in said.err
    assert "Traceback" not in said.err


def test_a_wrong_token_is_told_in_one_sentence(run, monkeypatch):
    monkeypatch.setenv("DOMICILE_AZURE_TOKEN", "of yesterday")
    code, said = run("scan", "--cloud", "azure")
    assert code == Exit.FAILURE
    assert "no usable Azure credentials" in said.err
