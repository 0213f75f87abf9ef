"""A stack's life under Pulumi's own engine: the program of this repository, over an AWS that moto holds and an Azure that
remembers."""

import shutil
import zipfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto import mock_aws

from domicile.stores.cosmos_containers import CONTAINERS
from pulumi_engine import BUILT, Engine, stand_ins
from standin_aws import StandinAws
from standin_azure import StandinAzure

pytestmark = pytest.mark.skipif(
    not (BUILT / "pulumi").exists(), reason="Pulumi's engine is not built: .ci/pulumi-engine does that, with Go"
)

ROOT = Path(__file__).parent.parent
HERE = "123456789012"
MUMBAI, SINGAPORE = "ap-south-1", "ap-southeast-1"
WORK, EVIDENCE = f"domicile-work-{HERE}-{MUMBAI}", f"domicile-evidence-{HERE}-{MUMBAI}"
TABLES = ["domicile", "domicile-history", "domicile-scans"]
FILE = """
version: 1
timezone: Asia/Kolkata
"""
SETTINGS = {
    "aws:region": MUMBAI,
    "domicile:country": "IN",
    "domicile:emails": [{"address": "security@example.com"}],
    "domicile:organisationId": "o-exampleorgid",
    "domicile:units": ["r-exam"],
}
WITHOUT_MEMBERS = {name: SETTINGS[name] for name in ("aws:region", "domicile:country", "domicile:emails")}


@pytest.fixture(name="project")
def a_copy_of_the_project(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(ROOT / "pulumi", project / "pulumi", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", project)
    (project / "domicile.yaml").write_text(FILE)
    for cloud in ("aws", "azure"):
        bundle = project / "build" / cloud / "functions.zip"
        bundle.parent.mkdir(parents=True)
        with zipfile.ZipFile(bundle, "w") as packed:
            for handler in (ROOT / "functions" / cloud).glob("*.py"):
                packed.write(handler, handler.name)
    return project


@contextmanager
def a_stack(project):
    state = project.parent / "state"
    state.mkdir()
    with mock_aws():
        aws = StandinAws(project, account=HERE)
        with stand_ins(aws) as address:
            yield aws, Engine(project, state, address)


@pytest.fixture(name="stack")
def a_new_stack(project):
    with a_stack(project) as stack:
        yield stack


def kinds(aws):
    """The kinds of which something is left."""
    return {kind.rpartition(":")[2] for kind, made in aws.made.items() if made}


def tables(aws):
    return sorted(aws.client("dynamodb").list_tables()["TableNames"])


def buckets(aws):
    return sorted(bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"])


def text(aws, bucket, key):
    return aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def test_a_stack_is_made_changed_and_removed_and_its_data_stays(stack):
    aws, engine = stack
    engine.configure(SETTINGS)
    assert set(engine.preview().values()) == {"create"}
    assert aws.made == {}

    engine.up()
    assert engine.preview() == {}
    assert tables(aws) == TABLES
    assert buckets(aws) == [EVIDENCE, WORK]
    assert text(aws, WORK, "config/domicile.yaml") == FILE
    [schedule] = aws.client("scheduler").list_schedules()["Schedules"]
    [machine] = aws.client("stepfunctions").list_state_machines()["stateMachines"]
    assert schedule["Target"]["Arn"] == machine["stateMachineArn"]
    assert machine["stateMachineArn"] in engine.outputs()["runNow"]

    engine.configure({**SETTINGS, "domicile:schedule": "cron(0 6 * * ? *)"})
    assert engine.preview() == {"Schedule scan": "update"}
    engine.configure({**SETTINGS, "domicile:emails": [{"address": "compliance@example.com"}]})
    assert engine.preview() == {"TopicSubscription notices-0": "replace", "TopicSubscription alarms-0": "replace"}
    engine.up()
    subscriptions = aws.client("sns").list_subscriptions()["Subscriptions"]
    assert {one["Endpoint"] for one in subscriptions} == {"compliance@example.com"}

    pushed = FILE + "role: reader\n"
    aws.client("s3").put_object(Bucket=WORK, Key="config/domicile.yaml", Body=pushed.encode())
    (engine.project / "domicile.yaml").write_text(FILE + "entities: []\n")
    engine.up()
    assert text(aws, WORK, "config/domicile.yaml") == pushed

    engine.destroy()
    assert engine.resources() == []
    assert tables(aws) == TABLES
    assert buckets(aws) == [EVIDENCE, WORK]
    assert text(aws, WORK, "config/domicile.yaml") == pushed
    [key] = aws.client("kms").list_keys()["Keys"]
    assert aws.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"
    assert {kind for kind in kinds(aws) if not kind.startswith("Bucket")} == {"Alias", "Key", "Table"}


def test_data_goes_too_when_the_stack_was_told_not_to_keep_it(stack):
    aws, engine = stack
    engine.configure(SETTINGS)
    engine.up()
    aws.client("s3").put_object(Bucket=EVIDENCE, Key="inventory/provider=aws/part-00000.jsonl.gz", Body=b"")
    engine.configure({**SETTINGS, "domicile:keepData": False})
    assert engine.preview() == {f"Table {table}": "update" for table in TABLES} | {
        "Bucket evidence": "update",
        "Bucket work": "update",
    }
    engine.up()
    engine.destroy()
    assert engine.resources() == []
    assert tables(aws) == []
    assert buckets(aws) == []
    [key] = aws.client("kms").list_keys()["Keys"]
    assert aws.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert kinds(aws) <= {"BucketObjectv2"}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(
            {
                **SETTINGS,
                "domicile:callAs": "DELEGATED_ADMIN",
                "domicile:managementProfile": "management",
                "domicile:readers": [f"arn:aws:iam::{HERE}:role/analyst"],
            },
            id="from a delegated account",
        ),
        pytest.param(
            {
                **WITHOUT_MEMBERS,
                "domicile:accounts": "111122223333,444455556666",
                "domicile:externalId": "an-agreed-word",
                "domicile:grants": "external",
                "domicile:keyArn": f"arn:aws:kms:{MUMBAI}:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "domicile:namePrefix": "residency",
                "domicile:rolePath": "/security/",
                "domicile:permissionsBoundary": f"arn:aws:iam::{HERE}:policy/boundary",
                "domicile:securityGroups": ["sg-0123456789abcdef0"],
                "domicile:subnets": ["subnet-0123456789abcdef0"],
                "domicile:tags": {"team": "cloud"},
            },
            id="for listed accounts under a company's rules",
        ),
        pytest.param(
            {**WITHOUT_MEMBERS, "domicile:accounts": "single", "domicile:objectLock": "governance"},
            id="for one account with locked evidence",
        ),
    ],
)
def test_each_way_to_deploy_can_be_made_and_then_stays_as_it_is(stack, settings):
    aws, engine = stack
    if boundary := settings.get("domicile:permissionsBoundary"):
        document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}'
        aws.configure({"region": MUMBAI})
        aws.client("iam").create_policy(PolicyName=boundary.rpartition("/")[2], PolicyDocument=document)
    engine.configure(settings)
    engine.up()
    assert engine.preview() == {}


@pytest.mark.parametrize(
    ("wrong", "sentences"),
    [
        pytest.param(
            {"aws:region": SINGAPORE, "domicile:emails": [{"address": "security at example.com"}]},
            [
                "aws:region: ap-southeast-1 lies in Singapore, not in India; regions of AWS in India: ap-south-1, ap-south-2",
                "domicile:emails[0].address: 'security at example.com' is no e-mail address",
            ],
            id="a home abroad and an address that is none",
        ),
        pytest.param(
            {"domicile:organisationFile": "elsewhere.yaml"},
            ["domicile:organisationFile: "],
            id="no organisation file",
        ),
        pytest.param(
            {"aws:region": "ap-south-9"},
            ["aws:region: 'ap-south-9' is no region whose country is known"],
            id="no such region",
        ),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence_before_anything_is_made(stack, wrong, sentences):
    aws, engine = stack
    engine.configure({**SETTINGS, **wrong})
    said = engine.refused("preview", "--suppress-progress")
    for sentence in sentences:
        assert sentence in said
    assert "Traceback" not in said
    assert "Program failed" not in said
    assert aws.made == {}


def test_a_wrong_organisation_file_is_refused_in_a_sentence_before_anything_is_made(stack):
    aws, engine = stack
    engine.configure(SETTINGS)
    (engine.project / "domicile.yaml").write_text("entitys: []\n")
    said = engine.refused("preview", "--suppress-progress")
    assert "entitys" in said
    assert "Traceback" not in said
    assert aws.made == {}


# On Azure

AZURE = "66666666-ffff-4fff-8fff-666666666666"
NETWORK = f"/subscriptions/{AZURE}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/main"
TENANT = {
    "azure-native:location": "centralindia",
    "domicile:cloud": "azure",
    "domicile:country": "IN",
    "domicile:emails": [{"address": "security@example.com"}],
    "domicile:managementGroup": "example",
}
PRIVATE = {
    **TENANT,
    "domicile:subnetId": f"{NETWORK}/subnets/functions",
    "domicile:privateEndpointSubnetId": f"{NETWORK}/subnets/endpoints",
}
KEPT = {
    "BlobContainer": 3,
    "BlobServiceProperties": 1,
    "DatabaseAccount": 1,
    "ManagementPolicy": 1,
    "ResourceGroup": 1,
    "SqlResourceSqlContainer": len(CONTAINERS),
    "SqlResourceSqlDatabase": 1,
    "StorageAccount": 1,
}


@pytest.fixture(name="azure")
def a_new_stack_on_azure(project):
    state = project.parent / "state"
    state.mkdir()
    azure = StandinAzure(AZURE)
    azure.network("net", "main", "centralindia", ("functions", "endpoints"))
    with stand_ins(azure) as address:
        yield azure, Engine(project, state, address)


def there(azure):
    """How many there are of each kind."""
    return Counter(kind.rpartition(":")[2] for kind, _ in azure.resources.values())


def one(azure, kind):
    [found] = [given for its, given in azure.resources.values() if its.endswith(f":{kind}")]
    return found


def test_a_stack_on_azure_is_made_changed_and_removed_and_its_data_stays(azure):
    azure, engine = azure
    engine.configure(TENANT)
    assert set(engine.preview().values()) == {"create"}
    assert azure.resources == {}

    engine.up()
    made = list(azure.calls)
    assert there(azure) > Counter(KEPT)
    assert engine.preview() == {}
    engine.up()
    assert azure.calls == made
    outputs = engine.outputs()
    assert one(azure, "WebApp")["name"] in outputs["deployCode"]
    assert one(azure, "StorageAccount")["accountName"] in outputs["pushConfig"]
    assert one(azure, "DatabaseAccount")["accountName"] in outputs["openViolations"]

    engine.configure({**TENANT, "domicile:timer": "0 0 6 * * *"})
    assert engine.preview() == {"WebApp functions": "update"}
    engine.configure({**TENANT, "domicile:emails": [{"address": "compliance@example.com"}]})
    assert engine.preview() == {"WebApp functions": "update", "ActionGroup alerts": "update"}
    engine.up()
    assert [receiver["emailAddress"] for receiver in one(azure, "ActionGroup")["emailReceivers"]] == [
        "compliance@example.com"
    ]

    engine.destroy()
    assert engine.resources() == []
    assert there(azure) == KEPT


def test_a_stack_on_azure_can_be_taken_off_public_addresses_and_be_removed_with_its_data(azure):
    azure, engine = azure
    engine.configure(TENANT)
    engine.up()
    engine.configure(PRIVATE)
    changes = engine.preview()
    assert {name for name, change in changes.items() if change == "update"} == {
        "DatabaseAccount violations",
        "StorageAccount storage",
        "WebApp functions",
    }
    assert {change for change in changes.values() if change != "update"} == {"create"}

    engine.configure({**PRIVATE, "domicile:keepData": False})
    engine.up()
    assert there(azure)["PrivateEndpoint"] == 4
    assert engine.preview() == {}
    engine.destroy()
    assert engine.resources() == []
    assert azure.resources == {}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(
            {
                **{name: value for name, value in TENANT.items() if name != "domicile:managementGroup"},
                "domicile:subscriptions": [AZURE, "77777777-0000-4000-8000-000000000001"],
                "domicile:namePrefix": "residency",
                "domicile:redundancy": "zone",
                "domicile:subnetId": f"{NETWORK}/subnets/functions",
                "domicile:allowedAddresses": ["8.8.8.8"],
                "domicile:operatorIds": ["88888888-0000-4000-8000-000000000001"],
                "domicile:readerIds": ["88888888-0000-4000-8000-000000000002"],
                "domicile:tags": {"team": "cloud"},
            },
            id="for listed subscriptions under a company's rules",
        ),
        pytest.param(
            {**PRIVATE, "domicile:grants": "external", "domicile:privateDns": "external"},
            id="where roles and names are somebody else's to give",
        ),
    ],
)
def test_each_way_to_deploy_on_azure_can_be_made_and_then_stays_as_it_is(azure, settings):
    azure, engine = azure
    engine.configure(settings)
    engine.up()
    assert engine.preview() == {}


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ("main", "domicile:subnetId: the network main lies in southindia, and the stack in centralindia"),
        ("none", "domicile:subnetId: Azure does not show the network none: "),
    ],
)
def test_a_network_in_another_region_or_none_is_refused_in_a_sentence_before_anything_is_made(azure, network, sentence):
    azure, engine = azure
    azure.network("net", "main", "southindia", ("functions", "endpoints"))
    there = NETWORK.replace("/main", f"/{network}")
    subnets = {"domicile:subnetId": f"{there}/subnets/functions"}
    engine.configure(PRIVATE | subnets | {"domicile:privateEndpointSubnetId": f"{there}/subnets/endpoints"})
    said = engine.refused("preview", "--suppress-progress")
    assert sentence in said
    assert "Traceback" not in said
    assert azure.resources == {}
