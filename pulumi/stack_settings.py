"""What a stack may be told, on either cloud, and how that is read: each mistake is one sentence that names its key."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo

from domicile.configuration import Files, local
from domicile.errors import UsageError
from domicile.notify import ALL, OTHER
from domicile.yamltext import did_you_mean

_ADDRESS: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_PREFIX: Final = re.compile(r"[a-z][a-z0-9-]{1,18}[a-z0-9]")


class Mistakes(Exception):
    """Everything that is wrong with a stack's configuration, one sentence each."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


class Mail(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who gets notices: all of them, or those of one route of the organisation file."""

    address: str
    route: str = ""


class Settings(Struct, frozen=True, kw_only=True, rename="camel"):
    """The configuration of one stack, `domicile:…`; what each key means stands in Pulumi.yaml."""

    country: str
    emails: tuple[Mail, ...]
    alarm_emails: tuple[str, ...] = ()
    organisation_file: str = "domicile.yaml"
    grants: Literal["create", "external"] = "create"
    missed_after_hours: int = 26
    name_prefix: str = "domicile"
    tags: Mapping[str, str] = {}
    retention_days: int = 730
    log_days: int = 90
    keep_data: bool = True
    cloud: Literal["aws", "azure"] = "aws"


class AwsSettings(Settings, frozen=True, kw_only=True, rename="camel"):
    accounts: str = "organisation"
    organisation_id: str = ""
    units: tuple[str, ...] = ()
    call_as: Literal["SELF", "DELEGATED_ADMIN"] = "SELF"
    management_profile: str = ""
    role: str = "domicile-look"
    external_id: str = ""
    schedule: str = "cron(30 1 * * ? *)"
    timezone: str = ""
    role_path: str = "/"
    permissions_boundary: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    key_arn: str = ""
    object_lock: Literal["none", "governance", "compliance"] = "none"
    concurrency: int = 40
    collectors_at_most: int = 0
    settle_memory: int = 3008
    readers: tuple[str, ...] = ()
    reader_entity: str = ""


class AzureSettings(Settings, frozen=True, kw_only=True, rename="camel"):
    management_group: str = ""
    subscriptions: tuple[str, ...] = ()
    timer: str = "0 0 20 * * *"
    redundancy: Literal["local", "zone"] = "local"
    mail_data_location: str = ""
    subnet_id: str = ""
    allowed_addresses: tuple[str, ...] = ()
    private_endpoint_subnet_id: str = ""
    private_dns: Literal["create", "external"] = "create"
    operator_ids: tuple[str, ...] = ()
    reader_ids: tuple[str, ...] = ()
    instance_memory: int = 2048
    instances_at_most: int = 40


Kind = TypeVar("Kind", bound=Settings)

CLOUDS: Final[Mapping[str, tuple[str, type[Settings]]]] = {
    "aws": ("AWS", AwsSettings),
    "azure": ("Azure", AzureSettings),
}


def fields(kind: type[Settings]) -> dict[str, FieldInfo]:
    """The settings there are, by the names of their keys."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def read_as(kind: type[Kind], given: Mapping[str, str], wrong: Callable[[Kind], Iterable[str]]) -> Kind:
    """The settings in a stack's configuration, without the namespace; `wrong` says what is wrong with them together.
    Raises `Mistakes`."""
    own = fields(kind)
    mistakes = list(_strangers(kind, own, given))
    values: dict[str, Any] = {}
    for name, field in own.items():
        if name in given:
            try:
                values[name] = _value(given[name], field.type)
            except (msgspec.MsgspecError, ValueError) as error:
                mistakes.append(f"domicile:{name}: {error}")
        elif field.required:
            mistakes.append(f"domicile:{name} is not set")
    if mistakes:
        raise Mistakes(mistakes)
    settings = msgspec.convert(values, kind)
    if mistakes := list(wrong(settings)):
        raise Mistakes(mistakes)
    return settings


def with_files(read: Callable[[], Kind], given: Mapping[str, str], project: Path, bundle: str) -> tuple[Kind, Files]:
    """The configuration and the organisation file. Raises `Mistakes` with all that is wrong with them."""
    mistakes: list[str] = []
    settings, files = None, None
    try:
        settings = read()
    except Mistakes as wrong:
        mistakes.extend(wrong.sentences)
    try:
        files = local(project / given.get("organisationFile", fields(Settings)["organisationFile"].default))
    except UsageError as wrong:
        mistakes.append(f"domicile:organisationFile: {wrong}")
    if settings and files:
        mistakes.extend(_unknown_routes(settings, files))
    if not (project / bundle).is_file():
        mistakes.append(f"{bundle} is not there: run `make build`")
    if mistakes or not settings or not files:
        raise Mistakes(mistakes)
    return settings, files


def _unknown_routes(settings: Settings, files: Files) -> Iterator[str]:
    routes = files.setup.organisation.notify.routes
    names = {*(route.name for route in routes), OTHER} if routes else {ALL}
    for at, mail in enumerate(settings.emails):
        if mail.route and mail.route not in names:
            yield (
                f"domicile:emails[{at}].route: {mail.route[:60]!r} is no route of the organisation file"
                f"{did_you_mean(mail.route, names)}"
            )


def _strangers(kind: type[Settings], own: Mapping[str, FieldInfo], given: Mapping[str, str]) -> Iterator[str]:
    [here] = [title for title, settings in CLOUDS.values() if settings is kind]
    foreign = {
        name: (title, field)
        for title, settings in CLOUDS.values()
        for name, field in fields(settings).items()
        if name not in own
    }
    for name in given:
        if name in foreign:
            title, field = foreign[name]
            # Pulumi itself gives each stack every default of Pulumi.yaml.
            if given[name] != default_text(field):
                yield f"domicile:{name} is a setting for {title}, and this stack is for {here}"
        elif name not in own:
            yield f"domicile:{name} is no setting{did_you_mean(name, own)}"


def default_of(field: FieldInfo) -> Any:
    """The default of a setting, as JSON knows it."""
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return msgspec.json.decode(msgspec.json.encode(default))


def default_text(field: FieldInfo) -> str:
    """The default of a setting, as a stack's configuration keeps it."""
    default = default_of(field)
    return default if isinstance(default, str) else msgspec.json.encode(default).decode()


def _value(text: str, kind: Any) -> Any:
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        if text not in choices:
            raise ValueError(f"is {' or '.join(choices)}, not {text[:60]!r}")
        return text
    if kind is str:
        return text
    if kind in {int, bool}:
        try:
            return msgspec.convert(text, kind, strict=False)
        except msgspec.ValidationError:
            raise ValueError(f"is {'a whole number' if kind is int else 'true or false'}, not {text[:60]!r}") from None
    try:
        return msgspec.to_builtins(msgspec.json.decode(text, type=kind))
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        what = "a list" if typing.get_origin(kind) is tuple else "an object"
        raise ValueError(f"is {what} in JSON, not {text[:60]!r}") from None


def people(said: Settings) -> Iterator[str]:
    """What is wrong with those who are told."""
    if not said.emails:
        yield "domicile:emails names nobody: notices would go nowhere"
    addresses = [(f"emails[{at}].address", mail.address) for at, mail in enumerate(said.emails)]
    addresses += [(f"alarmEmails[{at}]", address) for at, address in enumerate(said.alarm_emails)]
    for where, address in addresses:
        if not _ADDRESS.fullmatch(address):
            yield f"domicile:{where}: {address[:60]!r} is no e-mail address"


def misspelt(said: Settings, patterns: Mapping[str, tuple[re.Pattern[str], str]]) -> Iterator[str]:
    """Which keys are not written as they must be: the patterns are given with what they stand for, by key."""
    common = {"namePrefix": (_PREFIX, "3 to 20 lower-case letters, digits and hyphens")}
    for name, (pattern, what) in {**common, **patterns}.items():
        value = getattr(said, fields(type(said))[name].name)
        if value and not pattern.fullmatch(value):
            yield f"domicile:{name}: {value[:60]!r} is not {what}"


def out_of_bounds(said: Settings, bounds: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    for name, (least, most) in bounds.items():
        if not least <= (value := getattr(said, fields(type(said))[name].name)) <= most:
            yield f"domicile:{name}: is {least} to {most}, not {value}"


def alarmed(said: Settings) -> tuple[str, ...]:
    """Who is told of what is wrong with the deployment itself: without a word on that, those who get all notices."""
    unrouted = [mail.address for mail in said.emails if not mail.route]
    return tuple(dict.fromkeys(said.alarm_emails or unrouted or [mail.address for mail in said.emails]))
