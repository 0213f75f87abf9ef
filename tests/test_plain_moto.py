"""A scan of a moto server as anybody starts it, found through `AWS_ENDPOINT_URL`: nothing of ours is laid over it."""

import json
import os
import subprocess
import sys

import boto3
import pytest

from domicile.cli import main
from domicile.scan import Exit

MUMBAI, SINGAPORE = "ap-south-1", "ap-southeast-1"
PAYMENTS = [{"Key": "data-class", "Value": "payment.transaction"}, {"Key": "data-origin", "Value": "IN"}]

SERVER = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
input()
"""

FILE = """
role: reader
entities: [{id: pay, owns: ["*"], country: IN, actors: [payment_system_operator]}]
classify: {tags: [{key: data-class}, {key: data-origin, gives: origin}]}
policies: [{rule: in-rbi-payment-data, trial: false}]
scope: {skip_regions: ["[!a]*", "af-*", "ap-e*", "ap-n*", "ap-south-2", "ap-southeast-[2-9]"]}
"""


@pytest.fixture(scope="module", name="address")
def a_moto_server():
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        with pytest.MonkeyPatch.context() as patch:
            address = f"http://127.0.0.1:{process.stdout.readline().strip()}"
            patch.setenv("AWS_ENDPOINT_URL", address)
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                patch.setenv(name, "testing")
            patch.delenv("AWS_SESSION_TOKEN", raising=False)
            patch.setenv("AWS_REGION", MUMBAI)
            patch.setenv("AWS_DEFAULT_REGION", MUMBAI)
            yield address
    finally:
        process.communicate("\n", timeout=30)


class Account:
    """One account of the server, with clients that are closed in the end."""

    def __init__(self, number):
        sts = boto3.client("sts")
        role = f"arn:aws:iam::{number}:role/anybody"
        keys = sts.assume_role(RoleArn=role, RoleSessionName="planting")["Credentials"]
        sts.close()
        self._session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        self._clients = []

    def client(self, service, region):
        self._clients.append(self._session.client(service, region_name=region))
        return self._clients[-1]

    def close(self):
        for client in self._clients:
            client.close()


@pytest.fixture(scope="module", name="pay")
def an_organisation_with_a_payments_account(address):
    organizations = boto3.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    numbers = {}
    for name in ("shop", "pay"):
        made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        numbers[name] = made["CreateAccountStatus"]["AccountId"]
    organizations.close()

    account = Account(numbers["pay"])
    for name, region in (("pay-statements", MUMBAI), ("pay-statements-abroad", SINGAPORE)):
        s3 = account.client("s3", region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3 = account.client("s3", MUMBAI)
    s3.put_bucket_tagging(Bucket="pay-statements", Tagging={"TagSet": PAYMENTS})
    rule = {
        "ID": "abroad",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::pay-statements-abroad"},
    }
    replication = {"Role": f"arn:aws:iam::{numbers['pay']}:role/replication", "Rules": [rule]}
    s3.put_bucket_replication(Bucket="pay-statements", ReplicationConfiguration=replication)
    account.client("rds", MUMBAI).create_db_instance(
        DBInstanceIdentifier="ledger",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="owner",
        MasterUserPassword="kept-nowhere",
        Tags=PAYMENTS,
    )
    account.client("rds", SINGAPORE).create_db_instance_read_replica(
        DBInstanceIdentifier="ledger-abroad",
        SourceDBInstanceIdentifier=f"arn:aws:rds:{MUMBAI}:{numbers['pay']}:db:ledger",
    )
    account.client("dynamodb", MUMBAI).create_table(
        TableName="tokens",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=PAYMENTS,
    )
    account.close()
    return numbers["pay"]


def test_copies_abroad_are_found_and_what_moto_lacks_is_a_gap(pay, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "domicile.yaml").write_text(FILE, encoding="utf-8")
    assert main(["scan", "--role", "reader", "--format", "json"]) == Exit.VIOLATIONS
    document = json.loads(capsys.readouterr().out)
    found = {(row["account"], row["country"], row["channel"], row["resource_name"]) for row in document["violations"]}
    assert found == {
        (pay, "SG", "s3-replication", "pay-statements-abroad"),
        (pay, "SG", "rds-read-replica", "ledger-abroad"),
    }
    assert {row["status"] for row in document["violations"]} == {"open"}
    # Operations that moto does not know: of some it says so in HTML, of others with a server error.
    gaps = {gap["listing"]: gap["reason"] for gap in document["gaps"]}
    assert set(gaps.values()) == {"error"}
    assert "rds.cluster-automated-backups" in gaps
    assert not gaps.keys() & {"dynamodb.tables", "rds.instances", "rds.snapshots", "s3.buckets", "tags.resources"}
