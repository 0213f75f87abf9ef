"""Buckets for work and for evidence, and tables by which Athena reads the evidence."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
import pulumi
import pulumi_aws as aws
from aws_settings import Home

from domicile.inventory import CoverageLine, Line
from domicile.model import Row

SCRATCH_DAYS: Final = 90
"""How long what lies between the steps of a scan is kept: notices that could not be sent are made from it."""

_SIMPLE: Final[Mapping[Any, str]] = {
    str: "string",
    int: "bigint",
    bool: "boolean",
    float: "double",
    # As they are written: Athena's own timestamps know no zone.
    datetime: "string",
    date: "string",
}


@dataclass
class StorageArgs:
    home: Home
    key_arn: pulumi.Input[str]
    files: Mapping[str, str]
    """The first version of the organisation file and of the policy files it names, by name."""


class Storage(pulumi.ComponentResource):
    """`work` and `evidence` are names of buckets, `database` is one of the data catalogue."""

    work: pulumi.Output[str]
    evidence: pulumi.Output[str]
    database: pulumi.Output[str]

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:aws:Storage", name, None, opts)
        home, days = args.home, args.home.settings.retention_days
        work = self._bucket(
            args,
            "work",
            [
                _rule("scratch", "scans/", expiration={"days": SCRATCH_DAYS}, noncurrent=1),
                _rule("versions", "config/", noncurrent=days),
            ],
        )
        evidence = self._bucket(args, "evidence", [_rule("evidence", "", expiration={"days": days}, noncurrent=1)])
        if home.settings.object_lock != "none":
            aws.s3.BucketObjectLockConfiguration(
                "evidence-lock",
                bucket=evidence.bucket,
                rule={"default_retention": {"mode": home.settings.object_lock.upper(), "days": days}},
                opts=self._kept(home),
            )
        for file, text in args.files.items():
            # Data from here on: whoever edits it pushes new versions, and no deployment overwrites or removes them.
            aws.s3.BucketObjectv2(
                f"config-{file}",
                bucket=work.bucket,
                key=f"config/{file}",
                content=text,
                content_type="application/yaml",
                opts=pulumi.ResourceOptions(
                    parent=self,
                    retain_on_delete=True,
                    ignore_changes=["content", "contentType", "etag", "metadata", "source", "sourceHash"],
                ),
            )
        self.work, self.evidence = work.bucket, evidence.bucket
        self.database = self._catalogue(home)
        self.register_outputs({"work": self.work, "evidence": self.evidence, "database": self.database})

    def _kept(self, home: Home) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, retain_on_delete=home.settings.keep_data)

    def _bucket(self, args: StorageArgs, what: str, rules: list[dict[str, Any]]) -> aws.s3.Bucket:
        home, kept = args.home, self._kept(args.home)
        bucket = aws.s3.Bucket(
            what,
            bucket=home.bucket(what),
            force_destroy=not home.settings.keep_data,
            object_lock_enabled=what == "evidence" and home.settings.object_lock != "none",
            tags=dict(home.settings.tags),
            opts=kept,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{what}-encryption",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=kept,
        )
        versioning = aws.s3.BucketVersioning(
            f"{what}-versions",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=kept,
        )
        aws.s3.BucketPublicAccessBlock(
            f"{what}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=kept,
        )
        aws.s3.BucketOwnershipControls(
            f"{what}-owner", bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=kept
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{what}-lifecycle",
            bucket=bucket.bucket,
            rules=rules,
            opts=pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[versioning])),
        )
        aws.s3.BucketPolicy(
            f"{what}-policy", bucket=bucket.bucket, policy=json.dumps(_encrypted_in_transit(home, what)), opts=kept
        )
        return bucket

    def _catalogue(self, home: Home) -> pulumi.Output[str]:
        database = aws.glue.CatalogDatabase(
            "evidence",
            name=home.settings.name_prefix.replace("-", "_"),
            description="What domicile's scans saw, what they could not see, and what changed",
            tags=dict(home.settings.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for table, columns in columns_of_evidence().items():
            location = f"s3://{home.bucket('evidence')}/{table}/"
            aws.glue.CatalogTable(
                table,
                name=table,
                database_name=database.name,
                table_type="EXTERNAL_TABLE",
                parameters={
                    "EXTERNAL": "TRUE",
                    "classification": "json",
                    "projection.enabled": "true",
                    "projection.provider.type": "enum",
                    "projection.provider.values": "aws",
                    "projection.day.type": "date",
                    "projection.day.format": "yyyy-MM-dd",
                    "projection.day.range": "2026-01-01,NOW",
                    # The scans of a day lie in folders below it: `observed_at` or `"$path"` tell them apart.
                    "storage.location.template": f"{location}provider=${{provider}}/day=${{day}}/",
                },
                partition_keys=[{"name": "provider", "type": "string"}, {"name": "day", "type": "string"}],
                storage_descriptor={
                    "location": location,
                    "compressed": True,
                    "input_format": "org.apache.hadoop.mapred.TextInputFormat",
                    "output_format": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    "ser_de_info": {"serialization_library": "org.openx.data.jsonserde.JsonSerDe"},
                    "columns": [{"name": column, "type": kind} for column, kind in columns.items()],
                },
                opts=pulumi.ResourceOptions(parent=self),
            )
        return database.name


def columns_of_evidence() -> dict[str, dict[str, str]]:
    """The columns of each kind of evidence, from the types that are written. `provider` is told by the folder."""
    changes = {"scan": "bigint", "transition": "string"} | _columns(Row)
    tables = {"changes": changes, "coverage": _columns(CoverageLine), "inventory": _columns(Line)}
    return {
        table: {name: kind for name, kind in columns.items() if name != "provider"} for table, columns in tables.items()
    }


def _columns(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {field.encode_name: _hive(field.type) for field in msgspec.structs.fields(kind)}


def _hive(kind: Any) -> str:
    """The type of a column that holds values of a type."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return _SIMPLE[type(inner[0])]
    if origin in {types.UnionType, typing.Union}:
        [given] = [one for one in inner if one is not types.NoneType]
        return _hive(given)
    if origin is tuple:
        return f"array<{_hive(inner[0])}>"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"struct<{','.join(f'{name}:{column}' for name, column in _columns(kind).items())}>"
    raise TypeError(f"no column can hold {kind}")


def _rule(name: str, prefix: str, *, noncurrent: int, expiration: dict[str, int] | None = None) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": name,
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "noncurrent_version_expiration": {"noncurrent_days": noncurrent},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
    }
    return rule | ({"expiration": expiration} if expiration else {})


def _encrypted_in_transit(home: Home, what: str) -> dict[str, Any]:
    bucket = home.bucket_arn(what)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RefuseWhatIsNotEncryptedInTransit",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket, f"{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
