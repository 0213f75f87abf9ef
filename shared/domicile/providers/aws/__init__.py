"""Amazon Web Services: the services domicile looks into, and the permissions it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from domicile.errors import CloudError
from domicile.model import Vocabulary
from domicile.providers.aws import (
    backup_copies,
    backup_plans,
    backup_points,
    bedrock,
    bedrock_models,
    cloudtrail,
    cloudtrail_lake,
    dlm,
    dsql,
    dynamodb,
    dynamodb_backups,
    dynamodb_exports,
    dynamodb_global_tables,
    ec2_images,
    ec2_snapshots,
    ec2_volumes,
    ecr,
    ecr_pull_through,
    efs,
    firehose,
    fsx,
    fsx_backups,
    kinesis,
    kms,
    logs,
    logs_centralisation,
    logs_forwarding,
    memorydb,
    msk,
    opensearch,
    rds,
    rds_backups,
    rds_cluster_snapshots,
    rds_clusters,
    rds_exports,
    rds_snapshots,
    redshift,
    redshift_integrations,
    redshift_serverless,
    redshift_serverless_backups,
    redshift_snapshots,
    s3,
    s3_delivery,
    s3_directory,
    s3_encryption,
    s3_tables,
    s3_vectors,
    secretsmanager,
    secretsmanager_replicas,
    tags,
)
from domicile.providers.aws.organisation import NEEDS, Aws
from domicile.providers.aws.session import Session
from domicile.providers.service import Service

SERVICES: Final[tuple[Service, ...]] = (
    backup_copies.SERVICE,
    backup_plans.SERVICE,
    backup_points.SERVICE,
    bedrock.SERVICE,
    bedrock_models.SERVICE,
    cloudtrail.SERVICE,
    cloudtrail_lake.SERVICE,
    dlm.SERVICE,
    dsql.SERVICE,
    dynamodb.SERVICE,
    dynamodb_backups.SERVICE,
    dynamodb_exports.SERVICE,
    dynamodb_global_tables.SERVICE,
    ec2_images.SERVICE,
    ec2_snapshots.SERVICE,
    ec2_volumes.SERVICE,
    ecr.SERVICE,
    ecr_pull_through.SERVICE,
    efs.SERVICE,
    firehose.SERVICE,
    fsx.SERVICE,
    fsx_backups.SERVICE,
    kinesis.SERVICE,
    kms.SERVICE,
    logs.SERVICE,
    logs_centralisation.SERVICE,
    logs_forwarding.SERVICE,
    memorydb.SERVICE,
    msk.SERVICE,
    opensearch.SERVICE,
    rds.SERVICE,
    rds_backups.SERVICE,
    rds_cluster_snapshots.SERVICE,
    rds_clusters.SERVICE,
    rds_exports.SERVICE,
    rds_snapshots.SERVICE,
    redshift.SERVICE,
    redshift_integrations.SERVICE,
    redshift_serverless.SERVICE,
    redshift_serverless_backups.SERVICE,
    redshift_snapshots.SERVICE,
    s3.SERVICE,
    s3_delivery.SERVICE,
    s3_directory.SERVICE,
    s3_encryption.SERVICE,
    s3_tables.SERVICE,
    s3_vectors.SERVICE,
    secretsmanager.SERVICE,
    secretsmanager_replicas.SERVICE,
    tags.SERVICE,
)

NEVER_READ: Final = (
    "bedrock:InvokeAgent",
    "bedrock:InvokeFlow",
    "bedrock:InvokeModel*",
    "bedrock:Retrieve*",
    "cloudtrail:GetQueryResults",
    "cloudtrail:LookupEvents",
    "cloudtrail:StartQuery",
    "dsql:DbConnect*",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:GetRecords",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "ebs:GetSnapshotBlock",
    "ec2:GetConsole*",
    "ec2:GetPasswordData",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "elasticfilesystem:ClientMount",
    "es:ESHttp*",
    "kafka-cluster:Connect",
    "kafka-cluster:ReadData",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:SubscribeToShard",
    "kms:Decrypt",
    "logs:FilterLogEvents",
    "logs:GetLog*",
    "logs:GetQueryResults",
    "logs:StartLiveTail",
    "logs:StartQuery",
    "logs:Unmask",
    "memorydb:Connect",
    "rds-data:*",
    "redshift-data:*",
    "redshift-serverless:GetCredentials",
    "redshift:GetClusterCredentials*",
    "s3:GetObject*",
    "s3express:CreateSession",
    "s3tables:GetTableData",
    "s3vectors:GetVectors",
    "s3vectors:ListVectors",
    "s3vectors:QueryVectors",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter*",
)
"""Denied outright: domicile reads how things are set up, never what is in them."""

vocabulary: Final = Vocabulary(
    types={kind.name: kind for service in SERVICES for kind in service.types},
    channels={channel.name: channel for service in SERVICES for channel in service.channels},
)


def connect(
    *, role: str = "", external_id: str = "", attempts: int = 8, units: bool = False, accounts: Collection[str] = ()
) -> Aws:
    """AWS as the caller's credentials show it. With a role, its whole organisation, or the accounts given; `units`:
    with the units."""
    session = Session(role=role, external_id=external_id, attempts=attempts)
    try:
        return Aws(session, SERVICES, vocabulary, units=units, accounts=accounts)
    except CloudError:
        session.close()
        raise


def calls() -> dict[tuple[str, str], tuple[str, ...]]:
    """Every call that a scan makes, by the client of the SDK and the operation, with the IAM actions that it takes."""
    needs = [*NEEDS.items(), *((service.client, service.needs) for service in SERVICES)]
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for client, operations in needs:
        for operation, actions in operations.items():
            other, _, name = operation.rpartition(".")
            call = other or client, name
            found[call] = tuple(sorted({*found.get(call, ()), *actions}))
    return found


def permissions() -> tuple[str, ...]:
    """Every IAM action that a scan uses, and no other."""
    return tuple(sorted({action for actions in calls().values() for action in actions}))


def reads() -> tuple[str, ...]:
    """Every IAM action by which a scan looks into one account: all but finding the accounts, and getting there."""
    return tuple(action for action in permissions() if not action.startswith(("organizations:", "sts:")))


def policy_document(role: str = "") -> dict[str, Any]:
    """An IAM policy for whoever scans: exactly the reads it makes, and an explicit refusal of all content.

    With a role: the policy of the caller who takes on that role in other accounts.
    """
    actions = [action for action in permissions() if action != "sts:AssumeRole"]
    statements = _scanning(actions)
    if role:
        roles = f"arn:*:iam::*:role/{role}"
        statements.append(
            {"Sid": "LookIntoOtherAccounts", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}
        )
    return {"Version": "2012-10-17", "Statement": statements}


def role_document() -> dict[str, Any]:
    """The IAM policy of the role that is taken on in each account."""
    return {"Version": "2012-10-17", "Statement": _scanning(reads())}


def trust_document(scanners: Iterable[str], *, organisation: str = "", external_id: str = "") -> dict[str, Any]:
    """Who may take on the role in each account: these roles alone, and those only from inside the organisation."""
    given = {"aws:PrincipalOrgID": organisation, "sts:ExternalId": external_id}
    statement: dict[str, Any] = {
        "Sid": "LetDomicileLook",
        "Effect": "Allow",
        "Principal": {"AWS": sorted(scanners)},
        "Action": "sts:AssumeRole",
    }
    if conditions := {name: value for name, value in given.items() if value}:
        statement["Condition"] = {"StringEquals": conditions}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _scanning(actions: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {"Sid": "ReadHowThingsAreSetUp", "Effect": "Allow", "Action": list(actions), "Resource": "*"},
        {"Sid": "NeverReadWhatIsInThem", "Effect": "Deny", "Action": list(NEVER_READ), "Resource": "*"},
    ]
