"""What each part of a deployment may do, as IAM policies: computed from what scans declare and what steps do.

No action is a wildcard, except where one is denied. A resource is `*` only for the actions in `WHY_EVERYTHING`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_settings import ORGANISATION, Home

from domicile.providers.aws import NEVER_READ, reads
from domicile.providers.aws.organisation import NEEDS
from domicile.stores.dynamodb_tables import CHANGED_ON, HISTORY, OPEN_INDEXES, SCANS, VIOLATIONS

Statement = dict[str, Any]

_REGIONS: Final = tuple(action for name in ("account", "ec2") for needs in NEEDS[name].values() for action in needs)

_DELIVERY: Final = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_NETWORK: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)

WHY_EVERYTHING: Final[Mapping[str, str]] = {
    **dict.fromkeys(reads(), "what there is to look at is what a scan finds out: a list would hide what is not on it"),
    "organizations:ListAccounts": "AWS knows no resource for it",
    "organizations:ListDelegatedAdministrators": "AWS knows no resource for it",
    "organizations:ListRoots": "AWS knows no resource for it",
    **dict.fromkeys(_DELIVERY, "AWS knows no resource for the delivery of a state machine's log"),
    **dict.fromkeys(_NETWORK, "Lambda makes network interfaces whose names nobody knows before; needed in a VPC only"),
}
"""Each action that is allowed on every resource, and why AWS has nothing narrower."""


def document(*statements: Statement) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def step(name: str, home: Home, key: str) -> dict[str, Any]:
    """The policy of the function that runs a step; `key` is the ARN of the deployment's KMS key."""
    parts = {"plan": _plan, "collect": _collect, "settle": _settle, "notify": _notify}[name](home, key)
    stream = home.arn("logs", f"log-group:{home.log_group(name)}:*")
    parts.append(_allow("KeepALog", ("logs:CreateLogStream", "logs:PutLogEvents"), stream))
    if home.settings.subnets:
        parts.append(_allow("JoinTheNetwork", _NETWORK, "*"))
    return document(*parts)


def _plan(home: Home, key: str) -> list[Statement]:
    statements = [
        _allow("FindRegions", _REGIONS, "*"),
        *_read_work(home, "config/*", "scans/*"),
        _write(home, "work", "config/good/*", "scans/*"),
        _allow("ReadWhereDataWasSeen", ("dynamodb:GetItem", "dynamodb:Query"), _table(home, SCANS.suffix)),
        _keyed("NumberTheScan", ("dynamodb:UpdateItem",), _table(home, SCANS.suffix), "head"),
        _use_key(home, key, "s3", "lambda"),
        _store_key(home, key),
        # It may read the deployment's own files and its own table, and nothing else anywhere.
        *_never_read(
            {
                "s3:GetObject*": f"{home.bucket_arn('work')}/*",
                "kms:Decrypt": key,
                "dynamodb:GetItem": _table(home, SCANS.suffix),
                "dynamodb:Query": _table(home, SCANS.suffix),
            }
        ),
    ]
    if home.settings.accounts == ORGANISATION:
        statements += _find_accounts(home)
    return statements + _look_elsewhere(home)


def _collect(home: Home, key: str) -> list[Statement]:
    return [
        _allow("ReadHowThingsAreSetUp", [action for action in reads() if action not in _REGIONS], "*"),
        *_read_work(home, "scans/*"),
        _write(home, "work", "scans/*/accounts/*"),
        _use_key(home, key, "s3", "lambda"),
        # Collectors meet at the work list: that is the one bucket whose objects they may read, and its key with it.
        *_never_read({"s3:GetObject*": f"{home.bucket_arn('work')}/*", "kms:Decrypt": key}),
        *_look_elsewhere(home),
    ]


def _settle(home: Home, key: str) -> list[Statement]:
    violations, history, scans = (_table(home, table.suffix) for table in (VIOLATIONS, HISTORY, SCANS))
    indexes = [f"{violations}/index/{index.name}" for index in (OPEN_INDEXES["severity"], CHANGED_ON)]
    change = ("ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
    return [
        *_read_work(home, "scans/*"),
        _write(home, "work", "scans/*/settle/*"),
        _write(home, "evidence", "changes/*", "coverage/*", "inventory/*"),
        _allow("FindRows", ("dynamodb:Query",), *indexes),
        _allow("WriteRows", ("dynamodb:BatchGetItem", "dynamodb:PutItem"), violations),
        # The history is added to. Nobody may change or delete a line of it.
        _allow("AddToTheHistory", ("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"), history),
        _allow("SettleScans", [f"dynamodb:{action}" for action in change], scans),
        _use_key(home, key, "s3", "lambda"),
        _store_key(home, key),
    ]


def _notify(home: Home, key: str) -> list[Statement]:
    scans = _table(home, SCANS.suffix)
    return [
        *_read_work(home, "scans/*"),
        _allow("ReadScans", ("dynamodb:GetItem", "dynamodb:Query"), scans),
        _keyed("ClaimAndMarkNotices", ("dynamodb:UpdateItem",), scans, "head", "notice"),
        _allow("Tell", ("sns:GetTopicAttributes", "sns:Publish"), home.topic_arn),
        _use_key(home, key, "s3", "sns", "lambda"),
        _store_key(home, key),
    ]


def reader(home: Home, key: str) -> dict[str, Any]:
    """The policy of whoever asks the violations table: everything in it, or the open violations of one entity."""
    violations, history, scans = (_table(home, table.suffix) for table in (VIOLATIONS, HISTORY, SCANS))
    decrypt = _use_key(home, key, "dynamodb", actions=("kms:Decrypt",))
    entity = home.settings.reader_entity
    if not entity:
        return document(
            _allow("AskByIndex", ("dynamodb:Query",), f"{violations}/index/*", history),
            _allow("AskById", ("dynamodb:BatchGetItem", "dynamodb:GetItem"), violations),
            _allow("AskForScans", ("dynamodb:GetItem", "dynamodb:Query"), scans),
            decrypt,
        )
    return document(
        _keyed("AskOfOneEntity", ("dynamodb:Query",), f"{violations}/index/{OPEN_INDEXES['entity'].name}", entity),
        # The head of all scans: numbers and a time, by which a reader knows the table's version.
        _keyed("KnowTheVersion", ("dynamodb:GetItem",), scans, "head"),
        decrypt,
    )


def workflow(home: Home, key: str) -> dict[str, Any]:
    """The policy of the state machine: it calls the steps, reads the work list, and starts itself for each account."""
    machine = home.name("scan")
    runs = (home.arn("states", f"execution:{machine}:*"), home.arn("states", f"execution:{machine}/*"))
    functions = [home.arn("lambda", f"function:{home.name(name)}") for name in ("collect", "notify", "plan", "settle")]
    return document(
        _allow("CallTheSteps", ("lambda:InvokeFunction",), *functions),
        _allow("ReadTheWorkList", ("s3:GetObject",), f"{home.bucket_arn('work')}/scans/*/worklist.json"),
        _use_key(home, key, "s3", actions=("kms:Decrypt",)),
        _allow("StartForEachAccount", ("states:StartExecution",), home.machine_arn),
        _allow(
            "FollowEachAccount", ("states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"), *runs
        ),
        _allow("DeliverItsLog", _DELIVERY, "*"),
    )


def schedule(home: Home) -> dict[str, Any]:
    return document(_allow("StartScans", ("states:StartExecution",), home.machine_arn))


def trust(service: str, home: Home, source: str = "") -> dict[str, Any]:
    """Which service may act in a role; with `source`, only for that thing in this account."""
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if source:
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": home.account},
            "ArnLike": {"aws:SourceArn": source},
        }
    return document(statement)


def readers(principals: Sequence[str]) -> dict[str, Any]:
    return document({"Effect": "Allow", "Principal": {"AWS": sorted(principals)}, "Action": "sts:AssumeRole"})


def _find_accounts(home: Home) -> list[Statement]:
    organisation = home.settings.organisation_id
    whole = [action for actions in NEEDS["organizations"].values() for action in actions]
    narrow = [action for action in whole if action not in WHY_EVERYTHING]
    units = [f"arn:{home.partition}:organizations::*:{kind}/{organisation}/*" for kind in ("ou", "root")]
    return [
        _allow("FindAccounts", [action for action in whole if action in WHY_EVERYTHING], "*"),
        _allow("FindUnits", narrow, *units),
    ]


def _look_elsewhere(home: Home) -> list[Statement]:
    if not home.looks_elsewhere:
        return []
    role = home.settings.role
    there = [home.role_arn(role, account) for account in home.accounts or ("*",)]
    return [_allow("LookIntoOtherAccounts", ("sts:AssumeRole",), *there)]


def _never_read(own: Mapping[str, str]) -> list[Statement]:
    """All content is denied; of what is the deployment's own, each by itself, everything but that."""
    denied = [action for action in NEVER_READ if action not in own]
    others = [
        {"Sid": f"NeverReadOthers{number}", "Effect": "Deny", "Action": action, "NotResource": resource}
        for number, (action, resource) in enumerate(own.items())
    ]
    return [{"Sid": "NeverReadContent", "Effect": "Deny", "Action": denied, "Resource": "*"}, *others]


def _read_work(home: Home, *keys: str) -> list[Statement]:
    bucket = home.bucket_arn("work")
    return [
        _allow("ReadWork", ("s3:GetObject",), *(f"{bucket}/{key}" for key in keys)),
        # Who may not list is refused what is missing, and could not tell the two apart.
        _allow("ListWork", ("s3:ListBucket",), bucket),
    ]


def _write(home: Home, what: str, *keys: str) -> Statement:
    return _allow(f"Write{what.title()}", ("s3:PutObject",), *(f"{home.bucket_arn(what)}/{key}" for key in keys))


def _table(home: Home, suffix: str) -> str:
    return home.arn("dynamodb", f"table/{home.table}{suffix}")


def _keyed(sid: str, actions: Sequence[str], resource: str, *keys: str) -> Statement:
    """Only items under these partition keys."""
    statement = _allow(sid, actions, resource)
    return statement | {"Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": list(keys)}}}


def _use_key(
    home: Home, key: str, *services: str, actions: Sequence[str] = ("kms:Decrypt", "kms:GenerateDataKey")
) -> Statement:
    via = [f"{service}.{home.region}.amazonaws.com" for service in services]
    return _allow("UseTheKey", actions, key) | {"Condition": {"StringEquals": {"kms:ViaService": via}}}


def _store_key(home: Home, key: str) -> Statement:
    """What DynamoDB's guide asks of whoever writes to a table under a customer managed key."""
    operations = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo")
    actions = [f"kms:{operation}" for operation in operations]
    return _use_key(home, key, "dynamodb", actions=actions) | {"Sid": "UseTheKeyOfTheTables"}


def _allow(sid: str, actions: Sequence[str], *resources: str) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": resources[0] if len(resources) == 1 else sorted(resources),
    }
