"""A scan in steps sees, judges and records what a scan in one go does, however often it is cut short or repeated."""

import gzip
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import small_bank
from domicile import steps
from domicile.blobs.folder import FolderBlobs
from domicile.collect import collect
from domicile.demo.cloud import LocalCloud
from domicile.discover import Discovery
from domicile.errors import Conflict, StoreError, Superseded
from domicile.model import Account, Cell, Scan
from domicile.providers import aws
from domicile.providers.service import Listing, Part, Service
from domicile.steps import Cursor, Desk, Task, assemble
from domicile.stores.sqlite import SqliteStore
from small_bank import BANK, MUMBAI, NOON, SINGAPORE, TODAY
from test_collect import BOX, DENIED, LINK, NOW, Provider, find, identify, links, locate, read

FOREVER = float("inf")


def plenty():
    return FOREVER


class Watch:
    """Says that time is short after so many answers, again and again."""

    def __init__(self, stretches):
        self.stretches, self.asked = stretches, 0

    def __call__(self):
        self.asked += 1
        return 0 if self.asked > self.stretches else FOREVER


def went_through(step, stretches):
    """Calls a step until it has nothing left to do, cutting it short each time; how often it was called."""
    cursor, calls = Cursor(), 0
    while cursor is not None:
        cursor = step(cursor, Watch(stretches))
        calls += 1
        assert calls < 200
    return calls


# Collecting, with a cloud made of answers

NORTH, SOUTH = Cell("fake", "111", "north"), Cell("fake", "222", "south")


def told(cloud):
    for page in cloud.pages("list_told"):
        yield from page


def service():
    """One listing whose items are asked about, and one that tells everything by itself, but for tags nobody uses."""
    asked = Listing("boxes", find, read, identify, (Part("links", links, absent=("NoLinks",)),))
    alone = Listing("told", told, read, identify, (Part("labels", links, for_tags=frozenset({"label"})),))
    return Service("vault", "vault", "regional", (asked, alone), (BOX,), (LINK,), {}, locate=locate)


def a_box(name, **more):
    return {"name": name, "at": NOW - timedelta(days=1), "tags": {"data-class": "x", "other": "y"}} | more


def laid_out(folder, provider, cells):
    """The desk of a scan as planning leaves it."""
    desk = Desk(FolderBlobs(folder), 7)
    accounts = tuple(Account("fake", one) for one in sorted({cell.account for cell in cells}))
    discovery = Discovery(accounts, tuple(sorted(cells)))
    desk.put("scan", Scan(number=7, started_at=NOW, as_of=NOW.date()))
    desk.put("discovery", discovery)
    for account in accounts:
        asks = tuple(
            (f"vault.{listing.name}", cell)
            for one in provider.services
            for listing in one.listings
            for cell in sorted(cells)
            if cell.account == account.id
        )
        desk.put(f"accounts/{account.id}/task", Task(account, asks, frozenset({"data-class"}), frozenset()))
    return desk, discovery


answers = st.one_of(
    st.just([[]]),
    st.lists(st.lists(st.builds(a_box, st.sampled_from("abcdefgh")), max_size=4), max_size=3),
    st.just([[a_box("a")], DENIED]),
    st.just([[a_box("a"), a_box("b", broken=True)]]),
)
about = st.sampled_from([{"to": ["afar"]}, {"to": ["near", "afar"]}, {}, DENIED])


@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.fixed_dictionaries(
        {(region, operation): answers for region in ("north", "south") for operation in ("list_boxes", "list_told")}
        | {(region, "get_links", name): about for region in ("north", "south") for name in "abcdefgh"}
        | {("head_box", "afar"): st.sampled_from(["", "elsewhere"])}
    ),
    st.integers(0, 4),
    st.integers(1, 3),
)
def test_collecting_in_stretches_shows_what_collecting_in_one_go_does(tmp_path_factory, answers, stretches, size):
    provider = Provider(answers, (service(),))
    desk, discovery = laid_out(tmp_path_factory.mktemp("desk"), provider, [NORTH, SOUTH])
    at_once = collect(provider, discovery, keep_tags=frozenset({"data-class"}), now=NOW, concurrency=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "ITEMS", size)
        patch.setattr(steps, "ASKS", 2)
        for account in ("111", "222"):
            went_through(
                lambda cursor, left, account=account: steps.collect(
                    provider, desk.blobs, 7, account, cursor, left=left, concurrency=2
                ),
                stretches,
            )
    assert assemble(desk) == at_once


def test_every_target_named_without_a_region_is_looked_for_however_often_that_is_cut_short(tmp_path, monkeypatch):
    targets = [f"afar-{number}" for number in range(5)]
    answers = {("north", "list_boxes"): [[a_box("a")]], ("north", "get_links", "a"): {"to": targets}}
    provider = Provider(answers | {("head_box", target): "elsewhere" for target in targets}, (service(),))
    desk, _ = laid_out(tmp_path, provider, [NORTH])
    monkeypatch.setattr(steps, "ITEMS", 1)
    went_through(lambda cursor, left: steps.collect(provider, desk.blobs, 7, "111", cursor, left=left), 0)
    assert sorted(assemble(desk).located) == targets


def an_inventory_of(tmp_path, boxes, *, size=2, crash_at=None):
    """What is assembled of one account whose collector writes `crash_at` blobs and then dies."""
    provider = Provider({("north", "list_boxes"): [boxes], ("north", "list_told"): [[a_box("t")]]}, (service(),))
    desk, _ = laid_out(tmp_path, provider, [NORTH])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "ITEMS", size)
        blobs = Dying(desk.blobs, crash_at)
        with suppress(Died):
            steps.collect(provider, blobs, 7, "111", Cursor(), left=plenty, concurrency=2)
        return assemble(desk)


class Died(Exception):
    """What a function is killed by."""


class Dying:
    """Blobs whose writer dies before the write of this number."""

    def __init__(self, blobs, at):
        self.blobs, self.writes_left = blobs, at

    def read(self, key):
        return self.blobs.read(key)

    def keys(self, prefix):
        return self.blobs.keys(prefix)

    def write(self, key, content, **more):
        if self.writes_left == 0:
            raise Died
        self.writes_left = None if self.writes_left is None else self.writes_left - 1
        self.blobs.write(key, content, **more)


def test_a_collector_that_dies_leaves_gaps_where_it_had_not_finished_and_keeps_what_it_saw(tmp_path):
    boxes = [a_box(name) for name in "abcdef"]
    whole = an_inventory_of(tmp_path / "whole", boxes)
    assert [look.outcome for look in whole.looks] == ["complete", "complete"]
    seen = []
    for at in range(10):
        part = an_inventory_of(tmp_path / str(at), boxes, crash_at=at)
        outcomes = {look.listing: look.outcome for look in part.looks}
        if outcomes == {"vault.boxes": "complete", "vault.told": "complete"}:
            assert part == whole
            break
        assert outcomes["vault.boxes"] == "refused"
        assert {gap.detail for look in part.looks for gap in look.gaps} == {steps.UNFINISHED}
        seen.append(len(part.resources))
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == len(boxes) - 1


def test_handles_are_kept_only_of_what_is_still_to_be_asked_about(tmp_path):
    """What a listing tells by itself may hold tags nobody uses: they are dropped before anything is written."""
    boxes = [a_box(name) for name in "abcdef"]
    an_inventory_of(tmp_path, boxes)
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name.startswith("found-"):
            kept = msgspec.msgpack.decode(gzip.decompress(path.read_bytes()))
            assert {one["listing"] for one in kept} == {"vault.boxes"}


def test_a_listing_that_a_collector_of_another_version_does_not_know_is_a_gap(tmp_path):
    provider = Provider({}, (service(),))
    desk, _ = laid_out(tmp_path, provider, [NORTH])
    task = desk.take("accounts/111/task", Task)
    desk.put("accounts/111/task", msgspec.structs.replace(task, asks=(*task.asks, ("vault.newer", NORTH))))
    steps.collect(provider, desk.blobs, 7, "111", Cursor(), left=plenty)
    assert [look.outcome for look in assemble(desk).looks] == ["complete", "refused", "complete"]


def test_the_collector_of_an_account_nobody_planned_says_so(tmp_path):
    with pytest.raises(StoreError, match="scans/000007/accounts/999/task is missing"):
        steps.collect(Provider({}), FolderBlobs(tmp_path), 7, "999", Cursor(), left=plenty)


def test_a_damaged_blob_is_a_sentence(tmp_path):
    provider = Provider({}, (service(),))
    desk, _ = laid_out(tmp_path, provider, [NORTH])
    desk.blobs.write(desk.key("accounts/111/part-0000-00000"), b"half of it")
    with pytest.raises(StoreError, match="part-0000-00000 is damaged"):
        assemble(desk)


# The whole of it, with the small bank


@pytest.fixture(scope="module", name="setup")
def what_the_bank_wrote_down(tmp_path_factory):
    return small_bank.setup_of(tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module", name="cloud")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


class Post:
    """Takes notices, and may break down before the one of this number."""

    def __init__(self, breaks_at=None):
        self.sent, self.breaks_at = [], breaks_at

    def joined(self, messages):
        return messages

    def send(self, message):
        if len(self.sent) == self.breaks_at:
            raise Died
        self.sent.append(message)

    def confirmed(self):
        return 1


class Deployed:
    """The bank's scans, each in steps, over folders and a file."""

    def __init__(self, folder, setup):
        folder.mkdir(exist_ok=True)
        self.blobs, self.evidence = FolderBlobs(folder / "work"), FolderBlobs(folder / "evidence")
        self.post = Post()
        self.store = SqliteStore(folder / "bank.db")
        self.setup, self.hours = setup, 0

    def clock(self):
        return NOON + timedelta(hours=self.hours)

    def plan(self):
        self.hours += 1
        scan = self.store.begin(self.clock(), as_of=TODAY, providers=("aws",), digests=self.setup.digests)
        with aws.connect(role=small_bank.ROLE, attempts=1) as provider:
            return steps.plan(provider, self.blobs, self.store, scan, self.setup.organisation)

    def collect(self, number, account, cursor=None, left=plenty):
        with aws.connect(role=small_bank.ROLE, attempts=1) as provider:
            return steps.collect(provider, self.blobs, number, account, cursor or Cursor(), left=left, concurrency=8)

    def settle(self, number, cursor=None, left=plenty, blobs=None, store=None):
        return steps.settle(
            blobs or self.blobs,
            self.evidence,
            store or self.store,
            number,
            cursor or Cursor(),
            organisation=self.setup.organisation,
            rules=self.setup.rules,
            vocabulary=aws.vocabulary,
            clock=self.clock,
            left=left,
        )

    def notify(self, *, store=None, sender=None):
        """What went out, by kind and violation."""
        sender = sender or self.post
        before = len(sender.sent)
        steps.notify(
            self.blobs,
            store or self.store,
            sender,
            said=lambda _: self.setup.organisation,
            url="sqlite:///bank.db",
            clock=self.clock,
        )
        return [
            (message.kind, sorted(one.violation_id for one in message.violations)) for message in sender.sent[before:]
        ]

    def collected(self):
        number = self.plan().scan.number
        for account in small_bank.ACCOUNTS:
            assert self.collect(number, account) is None
        return number

    @property
    def rows(self):
        return sorted(self.store.known().values(), key=lambda row: row.rank)


@pytest.fixture(name="deployed")
def a_deployment(tmp_path, setup, cloud):
    deployed = Deployed(tmp_path, setup)
    yield deployed
    deployed.store.close()


@pytest.fixture(scope="module", name="at_once")
def rows_of_the_laptop(tmp_path_factory, setup, cloud):
    store = SqliteStore(tmp_path_factory.mktemp("laptop") / "bank.db")
    watch = small_bank.Watch(store, setup)
    scan = watch.begin()
    watch.settle(scan, small_bank.look(setup, now=scan.started_at))
    rows = sorted(store.known().values(), key=lambda row: row.rank)
    store.close()
    return rows


def test_a_scan_in_steps_keeps_the_rows_of_the_laptop(deployed, at_once):
    assert deployed.settle(deployed.collected()).cursor is None
    assert deployed.rows == at_once
    assert len(at_once) > 4


def test_what_was_seen_and_what_changed_is_kept_as_lines_for_auditors(deployed):
    number = deployed.collected()
    deployed.settle(number)
    day = deployed.clock().date()

    def read(kind):
        keys = list(deployed.evidence.keys(f"{kind}/provider=aws/day={day}/scan={number:06}/"))
        assert keys
        text = b"".join(gzip.decompress(deployed.evidence.read(key)) for key in keys)
        return [msgspec.json.decode(line) for line in text.splitlines()]

    assert {line["account"] for line in read("inventory")} == {small_bank.BANK, small_bank.ARCHIVE}
    assert {line["outcome"] for line in read("coverage")} == {"complete", "limit"}
    assert sorted(line["violation_id"] for line in read("changes")) == sorted(row.violation_id for row in deployed.rows)
    assert {line["transition"] for line in read("changes")} == {"opened"}


def test_settling_goes_on_where_time_ran_out(deployed, at_once, monkeypatch):
    monkeypatch.setattr(steps, "ROWS", 2)
    number = deployed.collected()
    calls = went_through(lambda cursor, left: deployed.settle(number, cursor, left).cursor, 0)
    assert calls == -(-len(at_once) // 2)
    assert deployed.rows == at_once


class DyingStore:
    """A store whose user dies before the step of this number."""

    def __init__(self, store, at):
        self._store, self._steps_left = store, at

    def __getattr__(self, name):
        if name in {"claim", "apply", "settle", "claim_notice", "mark_notice", "announce"}:
            if self._steps_left == 0:
                raise Died
            self._steps_left -= 1
        return getattr(self._store, name)


def test_dying_anywhere_while_settling_loses_and_doubles_no_row(tmp_path, setup, cloud, at_once, monkeypatch):
    monkeypatch.setattr(steps, "ROWS", 2)
    for kind in ("blobs", "store"):
        for at in range(30):
            deployed = Deployed(tmp_path / f"{kind}{at}", setup)
            number = deployed.collected()
            with suppress(Died):
                dying = Dying(deployed.blobs, at) if kind == "blobs" else DyingStore(deployed.store, at)
                deployed.settle(number, **{kind: dying})
            died = deployed.store.last_scan() is None
            assert deployed.settle(number).cursor is None
            assert [row.violation_id for row in deployed.rows] == [row.violation_id for row in at_once]
            assert all(len(deployed.store.history(row.violation_id)) == 1 for row in deployed.rows)
            [(about, told)] = deployed.notify()
            assert about == "first-scan"
            assert told == sorted(row.violation_id for row in at_once)
            deployed.store.close()
            if not died:
                break
        assert at > 3


def test_a_scan_that_a_newer_one_overtook_writes_nothing_more(deployed):
    slow = deployed.collected()
    quick = deployed.collected()
    deployed.settle(quick)
    rows = deployed.rows
    with pytest.raises(Superseded):
        deployed.settle(slow)
    assert deployed.rows == rows
    assert [len(told) for _, told in deployed.notify()] == [len(rows)]


def test_a_scan_overtaken_while_it_writes_stops_and_its_successor_puts_all_right(deployed, at_once, monkeypatch):
    monkeypatch.setattr(steps, "ROWS", 2)
    slow = deployed.collected()
    cursor = deployed.settle(slow, left=lambda: 0).cursor
    quick = deployed.collected()
    deployed.settle(quick)
    with pytest.raises(Superseded):
        deployed.settle(slow, cursor)
    assert {row.violation_id for row in deployed.rows} == {row.violation_id for row in at_once}
    assert all(len(deployed.store.history(row.violation_id)) == 1 for row in deployed.rows)


def test_a_scan_that_found_nothing_new_writes_no_row_and_tells_nothing(deployed):
    deployed.settle(deployed.collected())
    deployed.notify()
    rows = deployed.rows
    deployed.settle(deployed.collected())
    assert deployed.rows == rows
    assert deployed.notify() == []


def test_a_row_changed_by_somebody_else_in_between_is_reckoned_anew(deployed, at_once):
    """A row may be read before another's write to it can be seen."""
    number = deployed.collected()

    class Changing:
        """A store in which somebody resolves a row just before ours are written."""

        def __init__(self, store):
            self._store, self.conflicts = store, 0

        def __getattr__(self, name):
            return getattr(self._store, name)

        def apply(self, scan, changes):
            if not self.conflicts:
                self.conflicts += 1
                raise Conflict("row is at version 2, not 1")
            return self._store.apply(scan, changes)

    store = Changing(deployed.store)
    with pytest.raises(Conflict):
        deployed.settle(number, store=store)
    assert deployed.settle(number, store=store).cursor is None
    assert deployed.rows == at_once


def test_notices_that_did_not_go_out_go_out_after_the_next_scan(deployed):
    first = deployed.collected()
    deployed.settle(first)
    with pytest.raises(Died):
        deployed.notify(sender=Post(breaks_at=0))
    deployed.settle(deployed.collected())
    assert [kind for kind, _ in deployed.notify()] == ["first-scan"]
    assert deployed.notify() == []


def test_a_crash_after_sending_sends_the_same_notice_again_and_no_other_crash_does(tmp_path, setup, cloud):
    for at in range(6):
        deployed = Deployed(tmp_path / str(at), setup)
        deployed.settle(deployed.collected())
        with suppress(Died):
            deployed.notify(store=DyingStore(deployed.store, at))
        before = [message.message_id for message in deployed.post.sent]
        deployed.notify()
        after = [message.message_id for message in deployed.post.sent[len(before) :]]
        # Steps 0 and 1 are the claim and the mark of the only notice, 2 is the announcement.
        assert (before, after) == {0: ([], after), 1: (before, before)}.get(at, (before, []))
        assert len(set(before + after)) == 1
        deployed.store.close()


def test_an_account_whose_collector_never_ended_resolves_nothing(deployed):
    """Its rows were open; now they could not be looked at again, and the account is a gap of one line."""
    deployed.settle(deployed.collected())
    before = {row.violation_id for row in deployed.rows if row.account == BANK}
    number = deployed.plan().scan.number
    for account in small_bank.ACCOUNTS:
        if account != BANK:
            deployed.collect(number, account)
    deployed.settle(number)
    now = {row.violation_id: row.status for row in deployed.rows}
    assert {now[one] for one in before} == {"unconfirmed"}
    [gap] = deployed.store.gaps()
    assert (gap.account, gap.region, gap.listing, gap.detail) == (BANK, "*", "*", steps.UNFINISHED)


def test_places_are_remembered_between_scans(deployed):
    deployed.settle(deployed.collected())
    assert {(BANK, MUMBAI), (BANK, SINGAPORE)} <= {(cell.account, cell.region) for cell in deployed.store.places()}


FIRST_READERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from domicile.model import Inventory
from domicile.steps import Part, packed, unpacked
content, ready = packed(Part(Inventory())), Barrier(16)

def read(_):
    ready.wait()
    return unpacked(content, Part, "part")

sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(16) as pool:
    assert list(pool.map(read, range(16))) == [Part(Inventory())] * 16
"""


def test_threads_may_be_the_first_to_read_a_part_together():
    # Without care every second of these processes crashes.
    for _ in range(6):
        subprocess.run([sys.executable, "-c", FIRST_READERS], check=True)
