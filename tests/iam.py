"""As much of IAM as the policies of this repository use: who decides what, and why."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = dict[str, Any]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def like(text: str, patterns: str | list[str]) -> bool:
    return any(fnmatchcase(text, re.sub(r"\[", "[[]", pattern)) for pattern in listed(patterns))


def statements(document: Mapping[str, Any], effect: str) -> Iterator[Statement]:
    return (one for one in document["Statement"] if one["Effect"] == effect)


def applies(statement: Statement, action: str, resource: str, context: Mapping[str, str | list[str]]) -> bool:
    if not like(action.lower(), [one.lower() for one in listed(statement["Action"])]):
        return False
    here = (
        like(resource, statement["Resource"])
        if "Resource" in statement
        else not like(resource, statement["NotResource"])
    )
    return here and all(
        holds(operator, context.get(key), wanted)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def holds(operator: str, given: str | list[str] | None, wanted: str | list[str]) -> bool:
    match operator:
        case "ForAllValues:StringEquals":
            return set(listed(given or [])) <= set(listed(wanted))
        case "StringEquals":
            return isinstance(given, str) and given in listed(wanted)
        case "ArnLike":
            return isinstance(given, str) and like(given, wanted)
        case "Bool":
            return given == wanted
    raise NotImplementedError(operator)


def allowing(
    document: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str | list[str]] = {}
) -> Statement | None:
    """The statement by which an action is allowed; None when it is not, or is denied."""
    if denied(document, action, resource, context):
        return None
    found = (one for one in statements(document, "Allow") if applies(one, action, resource, context))
    return next(found, None)


def denied(
    document: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str | list[str]] = {}
) -> bool:
    return any(applies(one, action, resource, context) for one in statements(document, "Deny"))
