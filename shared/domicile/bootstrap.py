"""Wires the parts together: packaged rules, files, the clock, the cloud and the store."""

from __future__ import annotations

import hashlib
import importlib
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domicile import __version__, geography, organisation, policy, yamltext
from domicile.blobs import Blobs
from domicile.errors import UsageError
from domicile.judge import ID_VERSION
from domicile.model import ANYWHERE, Cell, Limit, Notify, Organisation, Rule, Vocabulary
from domicile.notify import EXEMPTIONS, fingerprint
from domicile.policy import Pack
from domicile.providers.service import Provider

DEFAULT_FILE: Final = "domicile.yaml"
MARK: Final = "push"
"""Beside a deployed organisation file: says whether somebody is putting down files that belong together."""
UNDER_WAY: Final = b"under way"
NOT_BESIDE: Final = f"must, to be deployed, be the plain name of another file beside {DEFAULT_FILE}, ending in .yaml"
_PLAIN: Final = re.compile(r"\w[\w.-]*\.ya?ml")
_LOOKS: Final = 5


class Setup(Struct, frozen=True):
    """What one run judges by. `path` is None when there is no organisation file, and then nothing is judged."""

    organisation: Organisation
    rules: tuple[Rule, ...]
    catalogue: Mapping[str, Rule]
    path: Path | None = None

    @property
    def digests(self) -> dict[str, str]:
        """Fingerprints of rules, file, engine and exemptions, for the scan row."""
        return {
            "rules": _digest(self.rules),
            # Who is told of what changes no verdict.
            "config": _digest(replace(self.organisation, notify=Notify())),
            "engine": f"{__version__}+{ID_VERSION}+{geography.VERSION}",
            EXEMPTIONS: " ".join(sorted(map(fingerprint, self.organisation.exemptions))),
        }


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def day_of(moment: datetime, said: Organisation) -> date:
    """The day it is where the organisation is."""
    try:
        return moment.astimezone(ZoneInfo(said.timezone)).date()
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"this machine knows no time zone {said.timezone!r}", field="timezone") from error


def packs(files: Iterable[Path] = ()) -> tuple[Pack, ...]:
    """The packaged packs and those in files; no two may hold the same rule."""
    return (*packaged(), *(policy.load(read_text(path), str(path)) for path in files))


@cache
def packaged() -> tuple[Pack, ...]:
    """The packs that come with domicile, read once: there are many, and a function that is warm needs them again."""
    folder = resources.files("domicile") / "policies"
    return tuple(
        policy.load(entry.read_text(encoding="utf-8"), f"{country.name}/{entry.name}")
        for country in sorted(folder.iterdir(), key=lambda one: one.name)
        if country.is_dir()
        for entry in sorted(country.iterdir(), key=lambda one: one.name)
        if entry.name.endswith(".yaml")
    )


def catalogue(found: Iterable[Pack]) -> dict[str, Rule]:
    """All rules of some packs, by id."""
    rules: dict[str, Rule] = {}
    for pack in found:
        for rule in pack.rules:
            if rule.id in rules:
                raise UsageError(f"rule {rule.id} is in {rules[rule.id].policy} too", path=pack.id)
            rules[rule.id] = rule
    return rules


def setup(path: Path | None) -> Setup:
    """The organisation file with the rules it adopts. With no path, `domicile.yaml` if it is here."""
    if path is None:
        path = Path(DEFAULT_FILE)
        if not path.exists():
            return Setup(Organisation(), (), catalogue(packs()))
    folder = path.parent
    return setup_of(read_text(path), str(path), lambda name: (read_text(folder / name), str(folder / name)), path)


def setup_of(text: str, name: str, read: Callable[[str], tuple[str, str]], path: Path | None = None) -> Setup:
    """What an organisation file says, wherever it lies: `read` gives the text of a policy file that it names, and what
    to call that file in a mistake."""
    first = organisation.load(text, name)
    own = tuple(policy.load(*read(file)) for file in first.policy_files)
    rules = catalogue((*packs(), *own))
    checked = organisation.load(text, name, rules=rules)
    adopted = []
    for adoption in checked.policies:
        rule = rules[adoption.rule]
        adopted.append(
            replace(
                rule,
                trial=rule.trial if adoption.trial is None else adoption.trial,
                severity=adoption.severity or rule.severity,
            )
        )
    return Setup(checked, tuple(adopted), rules, path)


def setup_in(blobs: Blobs, folder: str) -> tuple[Setup, dict[str, str]]:
    """What the organisation file in a folder of blobs says, and the texts of the files it is made of, by name."""
    texts: dict[str, str] = {}

    def read(name: str) -> tuple[str, str]:
        key = f"{folder}/{name}"
        content = blobs.read(key)
        if content is None:
            raise UsageError("is not there", path=key)
        texts[name] = decoded(content, key)
        return texts[name], key

    def read_beside(name: str) -> tuple[str, str]:
        if not is_beside(name):
            raise UsageError(NOT_BESIDE, path=name)
        return read(name)

    return setup_of(*read(DEFAULT_FILE), read_beside), texts


def setup_whole(
    blobs: Blobs, folder: str, *, wait: Callable[[float], None] = time.sleep
) -> tuple[Setup, dict[str, str]]:
    """As `setup_in`, and never half of what somebody is pushing: files that belong together are read again until
    nobody was writing meanwhile."""
    mark = f"{folder}/{MARK}"
    mistake: UsageError | None = None
    for attempt in range(_LOOKS):
        if attempt:
            wait(1)
        before = blobs.read(mark) or b""
        found = mistake = None
        try:
            found = setup_in(blobs, folder)
        except UsageError as error:
            mistake = error
        whole = not before.startswith(UNDER_WAY) and before == (blobs.read(mark) or b"")
        # One file is never half.
        if found and (whole or len(found[1]) == 1):
            return found
        if mistake and whole:
            raise mistake
    raise UsageError("was not pushed to the end: push it again", path=f"{folder}/{DEFAULT_FILE}") from mistake


def is_beside(name: str) -> bool:
    """Whether a policy file can lie beside the organisation file in a deployment, and nowhere else."""
    return name != DEFAULT_FILE and _PLAIN.fullmatch(name) is not None


def decoded(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"is not UTF-8 text (byte {error.start})", path=name) from error


def read_text(path: Path) -> str:
    """A file of text, or one sentence on why not."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"is not UTF-8 text (byte {error.start})", path=str(path)) from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", path=str(path)) from error


def kind_of(path: Path) -> Literal["organisation", "policy", "examples"]:
    """What a file says it is: a policy has `rules`, examples are a list, anything else is an organisation."""
    data = yamltext.parse(read_text(path), str(path)).data
    if isinstance(data, list):
        return "examples"
    return "policy" if isinstance(data, dict) and "rules" in data else "organisation"


def _digest(judged_by: object) -> str:
    return hashlib.sha256(msgspec.json.encode(judged_by, order="deterministic")).hexdigest()[:16]


@contextmanager
def aws(
    *, role: str = "", external_id: str = "", units: bool = False, accounts: Collection[str] = (), attempts: int = 8
) -> Iterator[Provider]:
    """AWS as the caller's credentials show it; with a role, the whole organisation, or the accounts given. What fails
    is asked again, until so many attempts were made."""
    try:
        from domicile.providers.aws import connect  # noqa: PLC0415 the SDK is large, and not every command needs it
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'domicile[aws]'") from error
    with connect(role=role, external_id=external_id, units=units, accounts=accounts, attempts=attempts) as provider:
        yield provider


@contextmanager
def azure(
    *,
    cloud: str = "public",
    endpoint: str = "",
    token: str = "",
    group: str = "",
    subscriptions: Collection[str] = (),
    kept: Any = None,
    attempts: int = 8,
) -> Iterator[Provider]:
    """Azure as the caller's credentials show it: what is below a management group, the subscriptions given, or all of
    the tenant. With a token, as whoever it was given to; with what was kept of a sweep, without another."""
    try:
        from domicile.providers.azure import connect  # noqa: PLC0415 the SDK is large, and not every command needs it
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'domicile[azure]'") from error
    with connect(
        cloud=cloud,
        endpoint=endpoint,
        token=token,
        group=group,
        subscriptions=subscriptions,
        kept=kept,
        attempts=attempts,
    ) as provider:
        yield provider


def declared(cloud: str) -> Any:
    """The module of one cloud: what scans of it declare, and the documents that follow from it."""
    try:
        return importlib.import_module(f"domicile.providers.{cloud}")
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'domicile[{cloud}]'") from error


def vocabulary_of(clouds: Iterable[str]) -> Vocabulary:
    """The types and channels of some clouds."""
    found = [importlib.import_module(f"domicile.providers.{cloud}").vocabulary for cloud in clouds]
    return Vocabulary(
        types={name: kind for one in found for name, kind in one.types.items()},
        channels={name: channel for one in found for name, channel in one.channels.items()},
    )


def blind_spots(clouds: Iterable[str]) -> tuple[Limit, ...]:
    """What the interfaces of some clouds never show."""
    return tuple(
        Limit(Cell(cloud, ANYWHERE, ANYWHERE), service.name, "blind-to", sentence, tuple(sorted(service.hides)))
        for cloud in clouds
        for service in importlib.import_module(f"domicile.providers.{cloud}").SERVICES
        for sentence in service.blind_to
    )
