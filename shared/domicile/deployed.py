"""The steps of a scan wired for a deployment: what the handlers of functions call, whatever the cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from domicile import bootstrap, steps
from domicile.blobs import Blobs, open_blobs
from domicile.bootstrap import Setup
from domicile.errors import UsageError
from domicile.organisation import claims_units
from domicile.senders import Sender, open_sender
from domicile.settings import GROUP, Settings
from domicile.steps import Cursor, Desk, Left
from domicile.stores import Store, open_store

CONFIGURATION: Final = "config"
GOOD: Final = "config/good"
"""Where the last organisation file that was no mistake is kept."""
FROZEN: Final = "setup"

T = TypeVar("T")


class Planned(Struct, frozen=True):
    """A scan that has begun. `refused` is why the organisation file as it is now is not the one in use."""

    scan: int
    worklist: str
    accounts: tuple[str, ...]
    refused: str = ""


class Settled(Struct, frozen=True):
    """How far settling has come, and, once it is done, what is worth a metric."""

    cursor: Cursor | None
    gaps_begun: int = 0
    open: int = 0


class Told(Struct, frozen=True):
    """How many notices went out, and how many have confirmed that they want to read them. With none of those, notices
    are kept until there is one."""

    notices: int
    subscribers: int


class Deployment:
    """One deployment: its places are opened when they are first needed."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = bootstrap.now) -> None:
        self.settings, self._clock = settings, clock

    @cached_property
    def work(self) -> Blobs:
        return _opened(open_blobs, self.settings.work, "DOMICILE_WORK")

    @cached_property
    def evidence(self) -> Blobs:
        return _opened(open_blobs, self.settings.evidence, "DOMICILE_EVIDENCE")

    @cached_property
    def store(self) -> Store:
        return _opened(open_store, self.settings.store, "DOMICILE_STORE")

    @cached_property
    def sender(self) -> Sender:
        return _opened(open_sender, self.settings.topic, "DOMICILE_TOPIC")

    def plan(self) -> Planned:
        """Begin a scan: number it, and write down what each collector is to ask."""
        setup, texts, refused = self._adopted()
        started = self._clock()
        scan = self.store.begin(
            started,
            as_of=bootstrap.day_of(started, setup.organisation),
            providers=(self.settings.cloud,),
            digests=setup.digests,
        )
        desk = Desk(self.work, scan.number)
        for name, text in texts.items():
            self.work.write(desk.key(f"{FROZEN}/{name}"), text.encode(), media_type="application/yaml")
        with self._provider(units=claims_units(setup.organisation)) as provider:
            planned = steps.plan(provider, self.work, self.store, scan, setup.organisation)
            if self.settings.cloud == "azure":
                self._keep(provider.graph, desk, planned.accounts)
        return Planned(scan.number, planned.worklist, planned.accounts, refused)

    def collect(self, scan: int, account: str, cursor: Cursor, *, left: Left) -> Cursor | None:
        """Look into one account, as far as time allows."""
        with self._provider(kept=self._kept(scan, account)) as provider:
            return steps.collect(provider, self.work, scan, account, cursor, left=left)

    def settle(self, scan: int, cursor: Cursor, *, left: Left) -> Settled:
        """Judge what was seen and record it, as far as time allows."""
        setup = self._frozen(scan)
        settling = steps.settle(
            self.work,
            self.evidence,
            self.store,
            scan,
            cursor,
            organisation=setup.organisation,
            rules=setup.rules,
            vocabulary=bootstrap.vocabulary_of((self.settings.cloud,)),
            clock=self._clock,
            left=left,
        )
        if settling.cursor is not None:
            return Settled(settling.cursor)
        closing = settling.closing
        begun = sum(gap.ended is None and gap.first_seen >= closing.scan.started_at for gap in closing.gaps)
        return Settled(None, begun, closing.row.counts.get("rows-open", 0))

    def notify(self) -> Told:
        """Tell what is new, if anybody listens: what goes to a topic without subscribers is lost."""
        listening = self.sender.confirmed()
        if not listening:
            return Told(0, 0)
        sent = steps.notify(
            self.work,
            self.store,
            self.sender,
            said=lambda number: self._frozen(number).organisation,
            url=self.settings.store,
            clock=self._clock,
        )
        return Told(sent, listening)

    def _provider(self, *, units: bool = False, kept: Any = None) -> Any:
        said = self.settings.accounts
        accounts = () if isinstance(said, str) else said
        if self.settings.cloud == "azure":
            return bootstrap.azure(
                cloud=self.settings.azure_cloud,
                endpoint=self.settings.azure_endpoint,
                token=self.settings.azure_token,
                group=said.removeprefix(GROUP) if isinstance(said, str) and said.startswith(GROUP) else "",
                subscriptions=accounts,
                kept=kept,
            )
        return bootstrap.aws(
            role=self.settings.role, external_id=self.settings.external_id, units=units, accounts=accounts
        )

    def _keep(self, graph: Any, desk: Desk, accounts: Iterable[str]) -> None:
        """Write down what the sweep of a tenant gave of each subscription."""
        with ThreadPoolExecutor(steps.STREAMS) as pool:
            for _ in pool.map(lambda account: desk.put(_swept(account), graph.kept(account)), accounts):
                pass

    def _kept(self, scan: int, account: str) -> Any:
        """What was swept of a subscription when a scan began; None where each account is asked by itself."""
        if self.settings.cloud != "azure":
            return None
        from domicile.providers.azure.graph import Kept  # noqa: PLC0415 only where the SDK is

        return Desk(self.work, scan).take(_swept(account), Kept)

    def _adopted(self) -> tuple[Setup, Mapping[str, str], str]:
        """The organisation file as it is now; when that is a mistake, the last one that was none, and why."""
        try:
            setup, texts = bootstrap.setup_whole(self.work, CONFIGURATION)
            bootstrap.day_of(self._clock(), setup.organisation)
        except UsageError as mistake:
            try:
                setup, texts = bootstrap.setup_in(self.work, GOOD)
            except UsageError:
                # None was ever good, or rules have changed since: the file itself is what people can mend.
                raise mistake from None
            return setup, texts, str(mistake)
        for name, text in texts.items():
            if self.work.read(f"{GOOD}/{name}") != text.encode():
                self.work.write(f"{GOOD}/{name}", text.encode(), media_type="application/yaml")
        return setup, texts, ""

    def _frozen(self, scan: int) -> Setup:
        """The organisation file as it was when the scan began."""
        setup, _ = bootstrap.setup_in(self.work, Desk(self.work, scan).key(FROZEN))
        return setup


def _swept(account: str) -> str:
    return f"accounts/{account}/swept"


def _opened(opening: Callable[[str], T], place: str, variable: str) -> T:
    """Raises UsageError that names the variable."""
    try:
        return opening(place)
    except UsageError as mistake:
        raise UsageError(str(mistake), field=variable) from mistake


def cursor_of(event: Mapping[str, Any]) -> Cursor:
    """Where a step is to go on, as the step before it said."""
    return msgspec.convert(event.get("cursor") or {}, Cursor)
