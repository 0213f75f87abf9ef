"""A stand-in for the provider plugin of a cloud, as Pulumi's engine speaks to it.

What it checks is what the installed SDK knows: names, shapes and what is required. What is made of it is the cloud's.
"""

import enum
import functools
import importlib
import json
import threading
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from types import NoneType
from typing import Any, Protocol

import botocore.exceptions
import grpc
from google.protobuf import json_format, struct_pb2
from google.protobuf.empty_pb2 import Empty
from pulumi import _types
from pulumi.asset import Archive, Asset
from pulumi.runtime import rpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

LONGEST = {
    "aws:iam/role:Role": 64,
    "aws:lambda/function:Function": 64,
    "aws:s3/bucket:Bucket": 63,
    "aws:scheduler/schedule:Schedule": 64,
    "aws:sfn/stateMachine:StateMachine": 80,
    "aws:sqs/queue:Queue": 80,
}
PROVIDER = "pulumi:providers:"
IMPORTS = threading.Lock()  # the SDK's modules load lazily, and not well in two threads at once
SIMPLE = {str: str, bool: bool, int: (int, float), float: (int, float), Archive: dict, Asset: dict}


class Kind(Protocol):
    """How a kind of resource is named, which of its inputs cannot be changed, and what is given that is not named."""

    named: str
    replaces: frozenset[str]

    def name(self, urn_name: str, seed: str) -> str: ...


class Cloud(Protocol):
    """What a provider speaks to, by the name of its package."""

    package: str

    def configure(self, given: Mapping[str, Any]) -> None: ...
    def kind(self, kind: str) -> Kind: ...
    def shown(self, given: dict[str, Any]) -> dict[str, Any]: ...
    def make(self, kind: str, given: dict[str, Any]) -> dict[str, Any]: ...
    def change(self, kind: str, known: str, given: dict[str, Any]) -> dict[str, Any]: ...
    def remove(self, kind: str, known: str, state: dict[str, Any]) -> None: ...
    def answer(self, question: str, given: Mapping[str, Any]) -> dict[str, Any]: ...
    def close(self) -> None: ...


class StandinProvider(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, cloud: Cloud) -> None:
        self._cloud, self._version = cloud, version(f"pulumi-{cloud.package}")
        self._one_at_a_time = threading.Lock()

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Empty:  # noqa: N802
        return Empty()

    def Cancel(self, request: Empty, context: Any) -> Empty:  # noqa: N802
        return Empty()

    def GetPluginInfo(self, request: Empty, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        schema = {"name": self._cloud.package, "version": self._version}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        given = _plain(request.news)
        told = {name: value for name, value in given.items() if name != "version"}
        return _checked(given, faults(PROVIDER + self._cloud.package, told))

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return _difference(
            _plain(request.old_inputs), _plain(request.news), frozenset({"region", "subscriptionId"}), ""
        )

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._cloud.configure(_plain(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        given, before = _plain(request.news), _plain(request.olds)
        found = list(faults(request.type, given))
        kind = self._cloud.kind(request.type)
        named = kind.named
        if named in _properties(request.type) and named not in given and f"{named}Prefix" not in given:
            given[named] = before.get(named) or kind.name(request.name, request.randomSeed.hex() or "0" * 64)
        name = given.get(named)
        if isinstance(name, str) and len(name) > LONGEST.get(request.type, 256):
            found.append((named, f'"{name}" is longer than {LONGEST[request.type]} characters'))
        return _checked(given, found)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        kept = set(request.ignoreChanges)
        before, after = (
            {name: value for name, value in _plain(side).items() if name not in kept}
            for side in (request.old_inputs, request.news)
        )
        kind = self._cloud.kind(request.type)
        return _difference(before, after, kind.replaces, kind.named)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        given = _plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=_struct(self._cloud.shown(given)))
        made = self._asked(context, lambda: self._cloud.make(request.type, given))
        return provider_pb2.CreateResponse(id=made["id"], properties=_struct({**self._cloud.shown(given), **made}))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        before, given = _plain(request.olds), _plain(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=_struct({**before, **self._cloud.shown(given)}))
        made = self._asked(context, lambda: self._cloud.change(request.type, request.id, given))
        gone = _plain(request.old_inputs).keys() - given.keys()
        kept = {name: value for name, value in before.items() if name not in gone}
        return provider_pb2.UpdateResponse(properties=_struct({**kept, **self._cloud.shown(given), **made}))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Empty:  # noqa: N802
        self._asked(context, lambda: self._cloud.remove(request.type, request.id, _plain(request.properties)))
        return Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        answer = self._asked(context, lambda: self._cloud.answer(request.tok, _plain(request.args)))
        return provider_pb2.InvokeResponse(**{"return": _struct(answer)})

    def _asked(self, context: Any, ask: Callable[[], Any]) -> Any:
        try:
            with self._one_at_a_time:
                return ask()
        except (botocore.exceptions.ClientError, botocore.exceptions.ParamValidationError, LookupError) as refusal:
            context.abort(grpc.StatusCode.UNKNOWN, f"{type(refusal).__name__}: {refusal}")


def _plain(given: struct_pb2.Struct) -> dict[str, Any]:
    return whole(json_format.MessageToDict(given))


def whole(value: Any) -> Any:
    """The value with whole numbers as integers: the protocol knows only fractions."""
    match value:
        case dict():
            return {name: whole(inner) for name, inner in value.items()}
        case list():
            return [whole(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update({name: value for name, value in values.items() if value is not None})
    return made


def _checked(given: Mapping[str, Any], found: typing.Iterable[tuple[str, str]]) -> Any:
    failures = [provider_pb2.CheckFailure(property=place, reason=reason) for place, reason in found]
    return provider_pb2.CheckResponse(inputs=_struct(given), failures=failures)


def _difference(before: Mapping[str, Any], after: Mapping[str, Any], replaces: frozenset[str], named: str) -> Any:
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=changed,
        replaces=[name for name in changed if name in replaces],
        deleteBeforeReplace=named not in changed,
    )


def _arguments(kind: str) -> type | None:
    with IMPORTS, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of resources that nobody asked about
        return _known_arguments(kind)


@functools.cache
def _known_arguments(kind: str) -> type | None:
    if kind.startswith(PROVIDER):
        return importlib.import_module(f"{_package(kind.removeprefix(PROVIDER))}.provider").ProviderArgs
    importlib.import_module(_package(kind))
    module = rpc.get_resource_module(*kind.split(":")[:2], "")
    if module is None or kind not in module.mod_info["classes"]:
        return None
    there, name = importlib.import_module(module.mod_info["fqn"]), module.mod_info["classes"][kind]
    # Where the first is taken by a part of another resource, the generator takes the second.
    return getattr(there, f"{name}InitArgs", None) or getattr(there, f"{name}Args")


def _package(kind: str) -> str:
    return f"pulumi_{kind.partition(':')[0].replace('-', '_')}"


def _properties(kind: str) -> Mapping[str, Any]:
    arguments = _arguments(kind)
    return _types.input_type_types(arguments) if arguments else {}


def faults(kind: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where, and how, a resource's inputs differ from what the SDK declares."""
    arguments = _arguments(kind)
    if arguments is None:
        yield "", f"{_package(kind)} knows no resource {kind}"
    elif kind.startswith(PROVIDER):  # what it is given comes as text
        yield from ((name, "is no setting of the provider") for name in given.keys() - _properties(kind).keys())
    else:
        yield from _faults_of_object("", given, arguments)


def _faults_of_object(place: str, given: Mapping[str, Any], arguments: type) -> Iterator[tuple[str, str]]:
    known = _types.input_type_types(arguments)
    start = f"{place}." if place else ""
    for name in sorted(given.keys() - known.keys()):
        yield f"{start}{name}", f"is no property of {arguments.__name__}; it has {', '.join(sorted(known))}"
    for name in sorted(_types._required_property_names(arguments) - given.keys()):
        yield f"{start}{name}", "is required"
    for name in sorted(given.keys() & known.keys()):
        yield from _faults_of_value(f"{start}{name}", given[name], known[name])


def _faults_of_value(place: str, value: Any, hint: Any) -> Iterator[tuple[str, str]]:
    if value is None or value == rpc.UNKNOWN:
        return
    choices = _choices(hint)
    found = [list(_faults_of_choice(place, value, choice)) for choice in choices]
    if found and all(found):
        yield from min(found, key=len)


def _choices(hint: Any) -> list[Any]:
    """What the wire may carry for this: not what the SDK awaits, and enumerations are only names for text."""
    if not _types._is_union_type(hint):
        return [hint]
    inner = [choice for one in typing.get_args(hint) for choice in _choices(one)]
    return [choice for choice in inner if not (_types._is_plumbing_arg(choice) or choice is NoneType or _named(choice))]


def _named(choice: Any) -> bool:
    return isinstance(choice, type) and issubclass(choice, enum.Enum)


def _faults_of_choice(place: str, value: Any, choice: Any) -> Iterator[tuple[str, str]]:
    origin, arguments = typing.get_origin(choice), typing.get_args(choice)
    if isinstance(choice, type) and _types.is_input_type(choice):
        if isinstance(value, dict):
            yield from _faults_of_object(place, value, choice)
        else:
            yield place, f"is no {choice.__name__}"
    elif isinstance(origin, type) and issubclass(origin, typing.Mapping):
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from _faults_of_value(f"{place}.{name}", inner, arguments[1])
        else:
            yield place, "is no mapping"
    elif isinstance(origin, type) and issubclass(origin, typing.Sequence):
        if isinstance(value, list):
            for number, inner in enumerate(value):
                yield from _faults_of_value(f"{place}[{number}]", inner, arguments[0])
        else:
            yield place, "is no list"
    elif choice in SIMPLE:
        simple = SIMPLE[choice]
        if not isinstance(value, simple) or (isinstance(value, bool) and choice is not bool):
            yield place, f"is no {choice.__name__}: {value!r}"
