"""The violations table, its history and its scans: the tables that the store describes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from aws_settings import Home

from domicile.stores.dynamodb_tables import TABLES, Index


@dataclass
class TablesArgs:
    home: Home
    key_arn: pulumi.Input[str]


class Tables(pulumi.ComponentResource):
    """`ready` are the tables: whoever needs them can wait for them."""

    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: TablesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:aws:Tables", name, None, opts)
        home, keep = args.home, args.home.settings.keep_data
        self.ready = [
            aws.dynamodb.Table(
                table.name(home.table),
                name=table.name(home.table),
                billing_mode="PAY_PER_REQUEST",
                hash_key=table.partition,
                range_key=table.sort or None,
                attributes=[{"name": one, "type": kind} for one, kind in table.attributes.items()],
                global_secondary_indexes=[_index(index) for index in table.indexes],
                point_in_time_recovery={"enabled": True},
                server_side_encryption={"enabled": True, "kms_key_arn": args.key_arn},
                deletion_protection_enabled=keep,
                # Nothing here reads them: they are for the consumers of whoever deploys this.
                stream_enabled=True,
                stream_view_type="NEW_AND_OLD_IMAGES",
                ttl={"attribute_name": table.expires, "enabled": True} if table.expires else None,
                tags=dict(home.settings.tags),
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=keep),
            )
            for table in TABLES
        ]
        self.register_outputs({})


def _index(index: Index) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
    keys = ((index.partition, "HASH"), (index.sort, "RANGE"))
    return aws.dynamodb.TableGlobalSecondaryIndexArgs(
        name=index.name,
        key_schemas=[{"attribute_name": name, "key_type": kind} for name, kind in keys],
        projection_type=index.projection,
    )
