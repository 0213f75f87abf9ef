"""What a function is told by its environment, and what it says when that is wrong."""

import pytest

from deployed_cloud import Function
from domicile.deployed import Deployment
from domicile.errors import UsageError
from domicile.settings import Settings, settings

BANK, SHOP = "222222222222", "333333333333"
TOLD = {
    "DOMICILE_STORE": "dynamodb://domicile?region=ap-south-1",
    "DOMICILE_WORK": "s3://domicile-work",
    "DOMICILE_EVIDENCE": "s3://domicile-evidence",
    "DOMICILE_TOPIC": "arn:aws:sns:ap-south-1:111111111111:domicile-notices",
    "DOMICILE_ACCOUNTS": "organisation",
    "DOMICILE_ROLE": "security/domicile-look",
    "DOMICILE_EXTERNAL_ID": "an-agreed-word",
}
PLACES = {
    "DOMICILE_STORE": "store",
    "DOMICILE_WORK": "work",
    "DOMICILE_EVIDENCE": "evidence",
    "DOMICILE_TOPIC": "sender",
}


def test_a_deployment_is_told_where_everything_is():
    assert settings(TOLD) == Settings(
        store="dynamodb://domicile?region=ap-south-1",
        work="s3://domicile-work",
        evidence="s3://domicile-evidence",
        topic="arn:aws:sns:ap-south-1:111111111111:domicile-notices",
        accounts="organisation",
        role="security/domicile-look",
        external_id="an-agreed-word",
    )
    assert settings(TOLD | {"DOMICILE_ACCOUNTS": f"{BANK},{SHOP}"}).accounts == (BANK, SHOP)


def test_for_its_own_account_alone_a_deployment_takes_on_no_role():
    assert settings(TOLD | {"DOMICILE_ACCOUNTS": "single"}).role == ""
    assert settings(TOLD | {"DOMICILE_ACCOUNTS": "single", "DOMICILE_ROLE": ""}).accounts == "single"


SUBSCRIPTION = "11111111-0000-0000-0000-00000000000a"
ON_AZURE = {
    "DOMICILE_CLOUD": "azure",
    "DOMICILE_STORE": "cosmos://domicile.documents.azure.com/domicile",
    "DOMICILE_WORK": "azblob://domicile.blob.core.windows.net/work",
    "DOMICILE_EVIDENCE": "azblob://domicile.blob.core.windows.net/evidence",
    "DOMICILE_TOPIC": "mail",
    "DOMICILE_ACCOUNTS": "tenant",
}


def test_a_deployment_on_azure_is_told_what_it_looks_into_and_takes_on_no_role():
    told = settings(ON_AZURE | {"DOMICILE_ROLE": "reader"})
    assert (told.cloud, told.accounts, told.role, told.azure_cloud) == ("azure", "tenant", "", "public")
    assert settings(ON_AZURE | {"DOMICILE_AZURE_CLOUD": "china"}).azure_cloud == "china"
    group = f"mg:{SUBSCRIPTION}"
    assert settings(ON_AZURE | {"DOMICILE_ACCOUNTS": group}).accounts == group
    some = f"{SUBSCRIPTION.upper()},{SUBSCRIPTION[:-1]}b"
    assert settings(ON_AZURE | {"DOMICILE_ACCOUNTS": some}).accounts == (SUBSCRIPTION, f"{SUBSCRIPTION[:-1]}b")


def wrong(environment):
    with pytest.raises(UsageError) as refused:
        settings(environment)
    return str(refused.value)


@pytest.mark.parametrize("name", [*PLACES, "DOMICILE_ACCOUNTS"])
def test_a_variable_that_is_missing_or_empty_is_named(name):
    assert wrong({other: value for other, value in TOLD.items() if other != name}) == f"{name}: is not set"
    assert wrong(TOLD | {name: ""}) == f"{name}: is not set"


@pytest.mark.parametrize(
    "accounts", ["organization", "organisation,single", f"{BANK};{SHOP}", f"{BANK},", "1234", "everything" * 9]
)
def test_accounts_that_are_none_are_named(accounts):
    said = "is `organisation`, `single` or account ids of 12 digits, not "
    assert wrong(TOLD | {"DOMICILE_ACCOUNTS": accounts}).startswith(f"DOMICILE_ACCOUNTS: {said}")


@pytest.mark.parametrize("accounts", ["organisation", "bulbul", "mg:", "mg:a/b", BANK, f"{SUBSCRIPTION},", "mg:a,b"])
def test_subscriptions_that_are_none_are_named(accounts):
    said = "is `tenant`, `mg:` and the name of a management group, or ids of subscriptions, not "
    assert wrong(ON_AZURE | {"DOMICILE_ACCOUNTS": accounts}).startswith(f"DOMICILE_ACCOUNTS: {said}")


def test_a_cloud_that_is_none_is_named():
    assert wrong(TOLD | {"DOMICILE_CLOUD": "gcp"}) == "DOMICILE_CLOUD: is `aws` or `azure`, not 'gcp'"


@pytest.mark.parametrize("accounts", ["organisation", BANK])
def test_nobody_looks_into_other_accounts_without_a_role(accounts):
    environment = TOLD | {"DOMICILE_ACCOUNTS": accounts, "DOMICILE_ROLE": ""}
    assert wrong(environment) == "DOMICILE_ROLE: is needed to look into other accounts"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DOMICILE_STORE", "domicile", "not the URL of a store: 'domicile'; "),
        ("DOMICILE_STORE", "dynamodb://a", "not the URL of a DynamoDB table: 'dynamodb://a'; "),
        ("DOMICILE_STORE", "dynamodb://domicile?region=", "say in which region the table lies: "),
        ("DOMICILE_WORK", "domicile-work", "not a place for files: 'domicile-work'; "),
        ("DOMICILE_EVIDENCE", "s3:/domicile", "not a place for files: 's3:/domicile'; "),
        ("DOMICILE_TOPIC", "domicile-notices", "not a place for notices: 'domicile-notices'; "),
        ("DOMICILE_TOPIC", "arn:aws:sns", "not a place for notices: 'arn:aws:sns'; "),
    ],
)
def test_a_place_that_is_none_is_told_with_its_variable(monkeypatch, name, value, sentence):
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    deployment = Deployment(settings(TOLD | {name: value}))
    with pytest.raises(UsageError) as refused:
        getattr(deployment, PLACES[name])
    assert str(refused.value).startswith(f"{name}: {sentence}")


@pytest.mark.filterwarnings("ignore:No application metrics to publish:UserWarning")
@pytest.mark.parametrize("step", ["plan", "collect", "settle", "notify"])
@pytest.mark.parametrize("name", [*PLACES, "DOMICILE_ACCOUNTS", "DOMICILE_ROLE"])
def test_each_function_refuses_to_begin_where_a_variable_is_missing(monkeypatch, step, name):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Domicile")
    for variable, value in TOLD.items():
        monkeypatch.setenv(variable, "" if variable == name else value)
    with pytest.raises(UsageError, match=f"^{name}: is "):
        Function(step)({"scan": 1, "account": BANK})
