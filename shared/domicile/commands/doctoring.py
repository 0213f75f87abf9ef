"""`domicile doctor`: asks everything that a scan asks, once each, and says what is refused and what to hand on."""

from __future__ import annotations

import os
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TextIO, TypeVar
from urllib.parse import urlsplit

import typer
from msgspec import Struct

from domicile import bootstrap, configuration
from domicile.bootstrap import Setup
from domicile.classify import kept_tags
from domicile.collect import Ask, asks_of, is_wanted
from domicile.commands.options import (
    STORE,
    AzureCloudOption,
    AzureEndpointOption,
    CloudOption,
    ExternalIdOption,
    FileOption,
    ManagementGroupOption,
    OutputOption,
    Reach,
    RoleOption,
    StoreOption,
    accounts_in,
    clouds_of,
    opened,
    print_lines,
    require_writable,
    sqlite_path,
    written_to,
)
from domicile.discover import discover
from domicile.errors import DomicileError, UsageError
from domicile.model import GLOBAL, Account, Cell, Gap, Organisation
from domicile.providers.service import Cloud, NotOffered, Part, Provider, Refused, Vanished
from domicile.report.formats import write, write_document
from domicile.report.safe import terminal
from domicile.scan import Exit

LOOKED_AT: Final = 50
"""How many things are gone through to find one of which a question can be asked."""
ATTEMPTS: Final = 3
SKEWED: Final = 60
SKEWED_TOO_MUCH: Final = 240
"""Seconds: AWS refuses what was signed five minutes off."""
AT_ONCE: Final = 16
REFUSED: Final = ("permission", "outcome", "reason", "because")
BY_REASON: Final = {
    "denied": "allow",
    "denied-by-scp": "except from the service or resource control policy of the organisation that denies it",
}

T = TypeVar("T")
Outcome = Literal["works", "refused", "failed", "not tried"]
WORSE: Final[tuple[Outcome, ...]] = ("not tried", "works", "failed", "refused")


class Check(Struct, frozen=True):
    """One thing that a scan needs, and whether it is there."""

    what: str
    outcome: Outcome
    because: str


class Answer(Struct, frozen=True, kw_only=True):
    """What became of one declared operation."""

    operation: str
    permission: str
    outcome: Outcome
    reason: str = ""
    because: str = ""


class Findings(Struct, frozen=True, kw_only=True):
    """What was found of one cloud. `dead`: nobody could be asked at all."""

    checks: tuple[Check, ...]
    answers: tuple[Answer, ...] = ()
    hand_on: tuple[str, ...] = ()
    dead: bool = False


def doctor(
    file: FileOption = None,
    store: StoreOption = STORE,
    work: Annotated[
        str,
        typer.Option(envvar="DOMICILE_WORK", help="Where a deployment works, as s3://BUCKET or azblob://…, if any."),
    ] = "",
    role: RoleOption = "",
    external_id: ExternalIdOption = "",
    cloud: CloudOption = None,
    management_group: ManagementGroupOption = "",
    azure_cloud: AzureCloudOption = "public",
    azure_endpoint: AzureEndpointOption = "",
    account: Annotated[str, typer.Option(help="Ask in this account.  [default: one that the role opens]")] = "",
    region: Annotated[str, typer.Option(help="Ask in this region.  [default: that of the environment]")] = "",
    all_accounts: Annotated[
        bool, typer.Option("--all-accounts", help="Try the role in every account, too, and ask no more there.")
    ] = False,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to write it.")] = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """Ask everything that a scan asks once, in one account and region, and say what is refused.

    For example `domicile doctor --role domicile-look`, after access was granted. It ends with sentences to hand to
    whoever grants permissions. What is asked about a resource takes the first there is; where there is none, it is not
    tried. It looks, too, at credentials, clock, endpoint, organisation file and store.

    Exit codes: 0 all is well; 1 usage; 2 nothing works; 4 something is refused or wrong.
    """
    clouds = clouds_of(cloud)
    setup, checks = _file(file)
    checks += [_store(store), *([_work(work)] if work else [])]
    reach = Reach(
        role=role,
        external_id=external_id,
        management_group=management_group,
        azure_cloud=azure_cloud,
        azure_endpoint=azure_endpoint,
    )
    found = []
    for one in clouds:
        ask = Asking(one, setup.organisation, account, region, all_accounts=all_accounts)
        found.append(ask.found(reach))
    with written_to(output) as stream:
        if format == "json":
            write_document(_document(checks, found), stream)
        else:
            _show(checks, found, stream)
    raise typer.Exit(_code(checks, found))


# What is asked of a cloud


class Told:
    """What each operation answered, by its name."""

    def __init__(self) -> None:
        self.outcomes: dict[str, tuple[Outcome, str, str]] = {}
        self.shut: set[str] = set()
        """What may be asked about things that nobody was shown."""
        self._lock = threading.Lock()

    def note(self, operation: str, outcome: Outcome, reason: str = "", because: str = "") -> None:
        with self._lock:
            # One refusal outweighs what was answered elsewhere.
            if WORSE.index(outcome) >= WORSE.index(self.outcomes.get(operation, ("not tried", "", ""))[0]):
                self.outcomes[operation] = outcome, reason, because

    def hear(self, operation: str, error: Exception, absent: Sequence[str] = ()) -> None:
        if isinstance(error, NotOffered):
            self.note(operation, "not tried", "not-offered", "the service is not there in this region")
        elif isinstance(error, Vanished) or (isinstance(error, Refused) and error.code in absent):
            # Whoever says that there is none was asked, and answered.
            self.note(operation, "works")
        elif isinstance(error, Refused):
            denied = error.reason in ("denied", "denied-by-scp", "role-missing", "region-off")
            self.note(operation, "refused" if denied else "failed", error.reason, str(error))
        else:
            self.note(operation, "failed", "error", f"{type(error).__name__}: {error}")


class Listening:
    """The seam to a service, which keeps what each operation answered."""

    def __init__(self, cloud: Cloud, client: str, told: Told, absent: Sequence[str] = ()) -> None:
        self._cloud, self._client, self._told, self._absent = cloud, client, told, absent

    def pages(self, operation: str, *, region: str = "", **parameters: Any) -> Iterator[dict[str, Any]]:
        pages = self._cloud.pages(operation, region=region, **parameters)
        while True:
            try:
                page = next(pages, None)
            except Exception as error:
                self._told.hear(self._name(operation), error, self._absent)
                raise
            self._told.note(self._name(operation), "works")
            if page is None:
                return
            yield page

    def call(self, operation: str, *, region: str = "", **parameters: Any) -> dict[str, Any]:
        return self._heard(operation, lambda: self._cloud.call(operation, region=region, **parameters))

    def header(self, operation: str, name: str, *, region: str = "", **parameters: Any) -> str:
        return self._heard(operation, lambda: self._cloud.header(operation, name, region=region, **parameters))

    def _heard(self, operation: str, ask: Callable[[], T]) -> T:
        try:
            answer = ask()
        except Exception as error:
            self._told.hear(self._name(operation), error, self._absent)
            raise
        self._told.note(self._name(operation), "works")
        return answer

    def _name(self, operation: str) -> str:
        return named(self._client, operation)


def named(client: str, operation: str) -> str:
    """An operation by its client and name, or in Azure by its action."""
    return operation if "." in operation.partition("/")[0] else f"{client}.{operation}"


def examine(provider: Provider, asks: Sequence[Ask], keep_tags: frozenset[str], told: Told) -> None:
    """Ask one listing, and about the first thing that it shows, what is asked about such things. All listings given
    find the same."""
    first = asks[0]
    try:
        cloud = provider.cloud(first.service, first.cell)
    except Exception as error:  # noqa: BLE001 one bad service never hides the rest
        for one in asks:
            for operation in one.service.needs:
                told.hear(named(one.service.client, operation), error)
        return
    waiting = [(ask, part) for ask in asks for part in ask.listing.parts if is_wanted(part, keep_tags)]
    try:
        for item in islice(first.listing.find(Listening(cloud, first.service.client, told)), LOOKED_AT):
            for ask, part in [one for one in waiting if _can_be_asked(one[1], item)]:
                waiting.remove((ask, part))
                _ask_part(part, Listening(cloud, ask.service.client, told, part.absent), item)
            if not waiting:
                return
    except DomicileError:
        raise
    except Exception:  # noqa: BLE001 it was heard
        told.shut.update(named(one.service.client, operation) for one in asks for operation in one.service.needs)


def _can_be_asked(part: Part, item: Any) -> bool:
    try:
        return part.applies is None or part.applies(item)
    except Exception:  # noqa: BLE001 a thing that cannot be read is not the one to ask about
        return False


def _ask_part(part: Part, cloud: Cloud, item: Any) -> None:
    try:
        part.ask(cloud, item)
    except DomicileError:
        raise
    except Exception:  # noqa: BLE001, S110 it was heard
        pass


class Asking:
    """One cloud, asked in one account and region."""

    def __init__(
        self, cloud: str, organisation: Organisation, account: str, region: str, *, all_accounts: bool
    ) -> None:
        self.cloud, self.organisation = cloud, organisation
        self.account, self.region, self.all_accounts = account, region, all_accounts
        self.checks: list[Check] = []

    def found(self, reach: Reach) -> Findings:
        self._check("endpoint", "works", _endpoint(self.cloud, reach))
        try:
            with ExitStack() as stack:
                provider = stack.enter_context(reach.open(self.cloud, self.organisation, attempts=ATTEMPTS))
                return self._asked(provider, (reach.role or self.organisation.role) if self.cloud == "aws" else "")
        except UsageError:
            raise
        except DomicileError as error:
            known = any(check.what == f"{self.cloud} credentials" for check in self.checks)
            self._check("accounts" if known else "credentials", "refused", f"{error}{_hint(str(error))}")
            return Findings(checks=tuple(self.checks), dead=True)

    def _asked(self, provider: Provider, role: str) -> Findings:
        # AWS was asked for the identity when it was opened; Azure is asked for the first time now.
        if self.cloud == "aws":
            self._check("credentials", "works", provider.manner)
        accounts = provider.accounts()
        if self.cloud == "azure":
            self._check("credentials", "works", provider.manner)
        self._clock(provider, accounts)
        self._check("accounts", "works", f"{len(accounts)} listed")
        account = self._account(provider, accounts)
        refused = [gap for gap in self._roles(provider, accounts) if gap] if self.all_accounts else []
        discovery = discover(provider, accounts=[account])
        if not discovery.cells:
            gaps = discovery.gaps or (None,)
            for gap in gaps:
                self._check(f"account {account}", "refused", _told(gap) if gap else "nothing of it can be asked")
            return self._ended((), [*refused, *(gap for gap in gaps if gap)], account, role)
        region = self._region([cell.region for cell in discovery.cells if cell.region != GLOBAL])
        cells = tuple(cell for cell in discovery.cells if cell.region in (GLOBAL, region))
        self._check(f"account {account}", "works", f"asked in {region}" if region else "asked as a whole")
        answers = self._answers(provider, [ask for ask in asks_of(provider, discovery) if ask.cell in cells])
        return self._ended(answers, refused, account, role)

    def _answers(self, provider: Provider, asks: Iterable[Ask]) -> tuple[Answer, ...]:
        told = Told()
        groups: dict[tuple[Cell, str, int], list[Ask]] = {}
        for ask in asks:
            groups.setdefault((ask.cell, ask.service.client, id(ask.listing.find)), []).append(ask)
        keep = kept_tags(self.organisation)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            tuple(pool.map(lambda some: examine(provider, some, keep, told), groups.values()))
        # In Azure an operation is the action that it takes. That of the sweeps is no single service's.
        swept = {name: (name,) for name in told.outcomes if "/" in name}
        declared = swept | _declared(provider)
        return tuple(
            _answer(operation, permissions, told) for operation, permissions in sorted(declared.items()) if permissions
        )

    def _ended(self, answers: tuple[Answer, ...], gaps: Sequence[Gap], account: str, role: str) -> Findings:
        return Findings(
            checks=tuple(self.checks),
            answers=answers,
            hand_on=tuple(_sentences(answers, gaps, account, role)),
        )

    def _account(self, provider: Provider, accounts: Sequence[Account]) -> str:
        if self.account and accounts_in(provider, [self.account]):
            return self.account
        active = [one for one in accounts if one.status == "active"]
        # The account of the organisation itself is often looked into without a role.
        return next((one.id for one in active if not one.administers), (active or accounts)[0].id)

    def _region(self, regions: Sequence[str]) -> str:
        if self.region:
            if regions and self.region not in regions:
                raise UsageError(
                    f"there is no region {self.region[:60]!r} in this account; there are {', '.join(regions)}"
                )
            return self.region
        here = [os.environ.get(name, "") for name in ("AWS_REGION", "AWS_DEFAULT_REGION")]
        return next((one for one in here if one in regions), next(iter(regions), ""))

    def _roles(self, provider: Provider, accounts: Sequence[Account]) -> list[Gap | None]:
        """Whether each account lets us in, as it tells its regions."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda one: _let_in(provider, one), accounts))
        shut = [gap for gap in answers if gap]
        for gap in shut:
            self._check(f"account {gap.cell.account}", "refused", _told(gap))
        self._check("all accounts", "refused" if shut else "works", f"{len(accounts) - len(shut)} let us in")
        return answers

    def _clock(self, provider: Provider, accounts: Sequence[Account]) -> None:
        # Whoever scans is at home where the organisation is administered, more often than not.
        home = max(accounts, key=lambda one: one.administers).id
        try:
            seam = provider.cloud(provider.services[0], Cell(self.cloud, home, GLOBAL))
            if self.cloud == "aws":
                said = seam.header("sts.get_caller_identity", "date")
            else:
                asked = {"path": "/subscriptions", "version": "2022-12-01"}
                said = seam.header("Microsoft.Resources/subscriptions/read", "date", **asked)
        except DomicileError:
            raise
        except Exception as error:  # noqa: BLE001 then it is not told, and that is all
            self._check("clock", "not tried", f"the cloud tells no time ({error})")
        else:
            self.checks.append(clock(f"{self.cloud} clock", said, bootstrap.now()))

    def _check(self, what: str, outcome: Outcome, because: str) -> None:
        self.checks.append(Check(f"{self.cloud} {what}", outcome, because))


def clock(what: str, said: str, now: datetime) -> Check:
    """How far the clock of this machine is from the cloud's."""
    try:
        there = parsedate_to_datetime(said)
    except ValueError:
        return Check(what, "not tried", "the cloud tells no time")
    off = round((now - (there if there.tzinfo else there.replace(tzinfo=UTC))).total_seconds())
    if abs(off) < SKEWED:
        return Check(what, "works", "right within a minute")
    told = f"{abs(off)} seconds {'ahead' if off > 0 else 'behind'}"
    if abs(off) < SKEWED_TOO_MUCH:
        return Check(what, "works", f"{told}; calls are refused from five minutes on")
    return Check(what, "failed", f"{told}: set the clock of this machine, or calls are refused")


def _let_in(provider: Provider, account: Account) -> Gap | None:
    whole = Cell(provider.name, account.id, "*")
    if account.status == "suspended":
        return None
    try:
        provider.regions(account.id)
    except DomicileError:
        raise
    except Refused as refusal:
        return Gap(whole, "*", refusal.reason, str(refusal))
    except Exception as error:  # noqa: BLE001 one bad account never hides the rest
        return Gap(whole, "*", "error", f"{type(error).__name__}: {error}")
    return None


def _declared(provider: Provider) -> dict[str, tuple[str, ...]]:
    declared: dict[str, tuple[str, ...]] = {}
    for service in provider.services:
        for operation, permissions in service.needs.items():
            name = named(service.client, operation)
            declared[name] = tuple(sorted({*declared.get(name, ()), *permissions}))
    return declared


def _answer(operation: str, permissions: Sequence[str], told: Told) -> Answer:
    untried: tuple[Outcome, str, str] = ("not tried", "nothing-there", "nothing there")
    if operation in told.shut:
        untried = ("not tried", "not-listed", "what it is asked about could not be listed")
    outcome, reason, because = told.outcomes.get(operation, untried)
    return Answer(
        operation=operation, permission=", ".join(permissions), outcome=outcome, reason=reason, because=because
    )


def _sentences(answers: Iterable[Answer], gaps: Sequence[Gap], account: str, role: str) -> Iterator[str]:
    who = f"the role {role} in account {account}" if role else f"whoever scans account {account}"
    by_reason: dict[str, set[str]] = {}
    for one in answers:
        if one.outcome == "refused":
            by_reason.setdefault(one.reason, set()).add(one.permission)
    for reason, permissions in sorted(by_reason.items()):
        needed = ", ".join(sorted(permissions))
        if reason in BY_REASON:
            yield f"Please {BY_REASON[reason]}, for {who}: {needed}. They read settings, never content."
        else:
            yield f"Please see why account {account} answers {reason} to: {needed}."
    shut = sorted({gap.cell.account for gap in gaps if gap.reason == "role-missing"})
    if shut:
        yield (
            f"Please make the role {role} in {', '.join(shut)}, or let it trust whoever scans: `domicile access` "
            "writes the template."
        )


# What is asked of all else


def _file(path: Path | None) -> tuple[Setup, list[Check]]:
    try:
        setup = bootstrap.setup(path)
    except UsageError as error:
        setup = Setup(Organisation(), (), {})
        return setup, [Check("organisation file", "failed", str(error))]
    if setup.path is None:
        return setup, [Check("organisation file", "not tried", "there is none here: `domicile init` proposes one")]
    return setup, [Check("organisation file", "works", f"{setup.path}: no mistakes; {len(setup.rules)} rules adopted")]


def _store(url: str) -> Check:
    try:
        path = sqlite_path(url)
        if path is not None and not path.exists():
            require_writable(path)
            return Check("store", "works", f"{url}: not there yet, the first scan makes it")
        with opened(url) as kept:
            last = kept.last_scan()
    except UsageError as error:
        return Check("store", "failed", str(error))
    except Exception as error:  # noqa: BLE001 whatever its technology says
        return Check("store", "failed", f"{url}: {error}")
    about = f"last scan {last.scan.number}, {last.scan.started_at:%Y-%m-%d}" if last else "no scan in it yet"
    return Check("store", "works", f"{url}: {about}")


def _work(url: str) -> Check:
    try:
        there = configuration.place_of(url).look(configuration.key(bootstrap.DEFAULT_FILE))
    except UsageError as error:
        return Check("work bucket", "failed", str(error))
    except Exception as error:  # noqa: BLE001 whatever its technology says
        return Check("work bucket", "failed", f"{url}: {error}")
    about = "with an organisation file" if there else "no organisation file there yet: `domicile config push`"
    return Check("work bucket", "works", f"{url}: {about}")


def _endpoint(cloud: str, reach: Reach) -> str:
    """Whether the cloud itself is spoken to, or what somebody put in its place."""
    if cloud == "azure":
        if reach.azure_endpoint:
            return f"another Resource Manager, not Microsoft's: {_host(reach.azure_endpoint)}"
        return f"Microsoft's own, of the cloud {reach.azure_cloud}"
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return "Amazon's own"
    given = {name: value for name, value in sorted(os.environ.items()) if name.startswith("AWS_ENDPOINT_URL") and value}
    if not given:
        return "Amazon's own, unless the AWS configuration file names another"
    return "; ".join(f"not Amazon's, but {_host(url)} ({name})" for name, url in given.items())


def _host(url: str) -> str:
    """Where a URL leads, without a password that may be in it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "something that is no URL"
    return f"{parts.scheme}://{parts.hostname}{port}"


def _hint(said: str) -> str:
    lower = said.lower()
    return "; is the clock of this machine right?" if "signature" in lower or "skew" in lower else ""


def _told(gap: Gap) -> str:
    return f"{gap.reason}: {gap.detail}" if gap.detail else gap.reason


# What is shown of it


def _show(checks: Sequence[Check], found: Sequence[Findings], stream: TextIO) -> None:
    every = [*checks, *(check for one in found for check in one.checks)]
    # Not a table, which would cut what is long.
    print_lines([f"{one.outcome:9}  {one.what}: {one.because}" for one in every], stream)
    answers = [answer for one in found for answer in one.answers]
    wrong = [one for one in answers if one.outcome in ("refused", "failed")]
    if wrong:
        print_lines(["", f"Refused, or failed ({len(wrong)}):"], stream)
        write(wrong, "table", stream, columns=REFUSED)
    told: set[str] = set()
    for title, chosen in (
        ("Works", [one for one in answers if one.outcome == "works"]),
        ("Not tried: nothing there", [one for one in answers if one.reason == "nothing-there"]),
        ("Not tried: could not be listed", [one for one in answers if one.reason == "not-listed"]),
        ("Not tried: not offered in this region", [one for one in answers if one.reason == "not-offered"]),
    ):
        permissions = {name for one in chosen for name in one.permission.split(", ")} - told
        told |= permissions
        if permissions:
            names = ", ".join(sorted(permissions))
            folded = textwrap.wrap(names, 110, break_on_hyphens=False, initial_indent="  ", subsequent_indent="  ")
            print_lines(["", f"{title} ({len(permissions)}):", *folded], stream)
    if sentences := [sentence for one in found for sentence in one.hand_on]:
        print_lines(["", "Hand on:", *(f"  {sentence}" for sentence in sentences)], stream)
    print_lines(["", _summary(checks, found)], stream)


def _summary(checks: Sequence[Check], found: Sequence[Findings]) -> str:
    code = _code(checks, found)
    return {Exit.PROVEN: "All is well.", Exit.FAILURE: "Nothing works."}.get(Exit(code), "Not all is well.")


def _document(checks: Sequence[Check], found: Sequence[Findings]) -> Mapping[str, Any]:
    return {
        "checks": [*checks, *(check for one in found for check in one.checks)],
        "operations": [answer for one in found for answer in one.answers],
        "hand_on": [terminal(sentence) for one in found for sentence in one.hand_on],
    }


def _code(checks: Sequence[Check], found: Sequence[Findings]) -> int:
    answers = [answer for one in found for answer in one.answers]
    if not any(answer.outcome == "works" for answer in answers):
        return Exit.FAILURE
    outcomes = [check.outcome for check in (*checks, *(check for one in found for check in one.checks))]
    wrong = {*outcomes, *(answer.outcome for answer in answers)} & {"refused", "failed"}
    return Exit.NOT_PROVEN if wrong or any(one.dead for one in found) else Exit.PROVEN
