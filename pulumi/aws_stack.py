"""Everything of a deployment on AWS, part by part, and the commands by which it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from aws_access import Access, AccessArgs, look_trust, role_template
from aws_alarms import Alarms, AlarmsArgs
from aws_functions import Functions, FunctionsArgs
from aws_keys import Keys, KeysArgs, services
from aws_notices import Notices, NoticesArgs
from aws_settings import ORGANISATION, STEPS, Home, read
from aws_storage import Storage, StorageArgs
from aws_tables import Tables, TablesArgs
from aws_workflow import Workflow, WorkflowArgs
from stack_settings import AwsSettings as Settings
from stack_settings import with_files

from domicile.configuration import Files
from domicile.providers.aws import role_document

PROJECT: Final = Path(__file__).parents[1]
BUNDLE: Final = "build/aws/functions.zip"


def deploy(given: Mapping[str, str], region: str, project: Path = PROJECT) -> dict[str, Any]:
    """Make everything, once all that was asked for is known to be right. Returns the stack's outputs."""
    settings, files = checked(given, region, project)
    home = Home(settings, region, aws.get_caller_identity().account_id)
    if home.account in home.accounts:
        pulumi.log.info(f"{home.account} is this account: it is looked into without a role.")
    if settings.call_as == "DELEGATED_ADMIN" and settings.grants == "create" and not settings.management_profile:
        pulumi.log.warn(
            "Stack sets leave out the management account. Without domicile:managementProfile each scan counts it as "
            "not seen, until somebody creates the role there."
        )
    return _outputs(home, *_parts(home, files, project / BUNDLE))


def checked(given: Mapping[str, str], region: str, project: Path) -> tuple[Settings, Files]:
    """The configuration and the organisation file. Raises `Mistakes` with all that is wrong with them."""
    return with_files(lambda: read(given, region), given, project, BUNDLE)


def _parts(home: Home, files: Files, bundle: Path) -> tuple[Storage, Notices, Workflow, Access]:
    keys = Keys("key", KeysArgs(home))
    storage = Storage("storage", StorageArgs(home, keys.arn, files.texts))
    tables = Tables("tables", TablesArgs(home, keys.arn))
    notices = Notices("notices", NoticesArgs(home, keys.arn))
    access = Access("access", AccessArgs(home, keys.arn))
    functions = Functions(
        "functions",
        FunctionsArgs(
            home=home,
            bundle=bundle,
            key_arn=keys.arn,
            roles=access.functions,
            policies=access.policies,
            work=storage.work,
            evidence=storage.evidence,
            topic_arn=notices.topic_arn,
        ),
    )
    timezone = home.settings.timezone or files.setup.organisation.timezone
    workflow = Workflow(
        "workflow",
        WorkflowArgs(home, keys.arn, functions.arns, timezone),
        # What starts scans comes last: a scan finds everything it needs.
        pulumi.ResourceOptions(depends_on=[storage, tables, access]),
    )
    Alarms("alarms", AlarmsArgs(home, notices.alarms_arn, workflow.machine_arn))
    return storage, notices, workflow, access


def _outputs(home: Home, storage: Storage, notices: Notices, workflow: Workflow, access: Access) -> dict[str, Any]:
    settings, region, here = home.settings, home.region, f"--region {home.region}"
    store = f"dynamodb://{home.table}?region={region}"
    outputs: dict[str, Any] = {
        "runNow": pulumi.Output.format(
            "aws stepfunctions start-execution {0} --state-machine-arn {1}", here, workflow.machine_arn
        ),
        "openViolations": f"domicile violations --store '{store}'",
        "editConfig": pulumi.Output.format("domicile config pull --from s3://{0}", storage.work),
        "logs": {step: f"aws logs tail {here} --since 2d {home.log_group(step)}" for step in STEPS},
        "topic": notices.topic_arn,
        "subscriptions": pulumi.Output.format(
            "aws sns list-subscriptions-by-topic {0} --topic-arn {1}", here, notices.topic_arn
        ),
        "alarms": f"aws cloudwatch describe-alarms {here} --state-value ALARM --alarm-name-prefix {home.name('')}",
        "copiesAbroad": pulumi.Output.format(
            # Days are UTC's: a scan in the night may lie in yesterday. A country nobody knows is not at home.
            "SELECT observed_at, account, region, country, resource_id FROM {0}.inventory WHERE day >= "
            "cast(current_date - interval '1' day AS varchar) AND country IS DISTINCT FROM '{1}' ORDER BY observed_at",
            storage.database,
            settings.country,
        ),
        "removeForGood": "pulumi config set domicile:keepData false && pulumi up --yes && pulumi destroy --yes",
        "leavesTheCountry": (
            "IAM roles, and answers of Organizations and account APIs, which AWS keeps everywhere; and mail, which "
            "carries ids, names and counts"
        ),
    }
    if home.looks_elsewhere and (settings.grants == "external" or settings.accounts != ORGANISATION):
        outputs |= {
            "roleToGrant": f"{settings.role_path}{settings.role}",
            "roleTrust": json.dumps(look_trust(home)),
            "rolePolicy": json.dumps(role_document()),
            "roleTemplate": json.dumps(role_template(home)),
        }
    if settings.key_arn:
        outputs["keyPolicyNeeds"] = json.dumps(services(home))
    if access.reader is not None:
        outputs["reader"] = access.reader
    return outputs
