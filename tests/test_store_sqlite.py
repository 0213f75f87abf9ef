import multiprocessing
import os
import sqlite3
import threading
from contextlib import closing

import pytest

from domicile.errors import Conflict, StoreError, UsageError
from domicile.stores import Ledger, Question, open_store, sqlite
from domicile.stores.sqlite import APPLICATION_ID, SCHEMA_VERSION, SqliteStore, query
from store_contract import HOSTILE, NOON, StoreContract, a_gap, a_row, a_scan, ids, opened, record, resolved, settled


@pytest.fixture
def path(tmp_path):
    return tmp_path / "domicile.db"


@pytest.fixture
def store(path):
    with closing(SqliteStore(path)) as store:
        yield store


class TestSqlite(StoreContract):
    @pytest.fixture
    def new_place(self, tmp_path):
        numbers = iter(range(1_000_000))

        def place():
            path = tmp_path / f"{next(numbers)}.db"
            return lambda: SqliteStore(path)

        return place


def test_a_url_names_a_relative_or_an_absolute_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///a.db", f"sqlite:///{tmp_path}/b.db"):
        open_store(url).close()
    assert (tmp_path / "a.db").is_file()
    assert (tmp_path / "b.db").is_file()


@pytest.mark.parametrize("url", ["", "a.db", "sqlite:", "sqlite://", "sqlite:///", "sqlite://host/a.db", "mysql://x/y"])
def test_what_is_no_url_of_a_store_is_told_which_are(url):
    with pytest.raises(UsageError, match="sqlite:///FILE"):
        open_store(url)


def a_foreign_database(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
        other.commit()


def a_newer_store(path):
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


REFUSED = {
    "some other file": lambda path: path.write_text("provider,region\n" * 50),
    "a short text": lambda path: path.write_text("x"),
    "an SQLite file of another program": a_foreign_database,
    "a newer domicile": a_newer_store,
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_ours_is_refused_and_left_as_it_is(path, what):
    REFUSED[what](path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"domicile\.db"):
        SqliteStore(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_foreign_database_in_wal_mode_is_not_even_opened(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE bookmarks (url TEXT)")
        files = {file.name: file.read_bytes() for file in path.parent.iterdir()}
        with pytest.raises(StoreError, match="another program"):
            SqliteStore(path)
        assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == files


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(StoreError, match="is a directory"):
        SqliteStore(tmp_path)


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(StoreError, match="not a directory"):
        SqliteStore(tmp_path / "absent" / "domicile.db")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="not a directory"):
        SqliteStore(tmp_path / "file" / "domicile.db")


def test_a_pipe_is_refused_without_waiting_for_it(path):
    os.mkfifo(path)
    with pytest.raises(StoreError, match="not a file"):
        SqliteStore(path)


def test_a_name_too_long_for_the_disk_is_refused(tmp_path):
    with pytest.raises(StoreError):
        SqliteStore(tmp_path / ("x" * 300))


@pytest.mark.parametrize("what", ["file", "directory"])
def test_what_may_not_be_written_is_refused(path, what, monkeypatch):
    SqliteStore(path).close()
    target = path if what == "file" else path.parent
    before = path.read_bytes()
    # Permissions bind nobody who runs the tests as root, so the question is answered for the operating system.
    monkeypatch.setattr(os, "access", lambda asked, mode: asked != target)
    with pytest.raises(StoreError, match="may write"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(path):
    path.touch()
    with closing(SqliteStore(path)) as store:
        assert store.known() == {}


def test_a_store_can_be_told_from_its_first_bytes(path, store):
    header = path.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == SCHEMA_VERSION


def make_first_version(path):
    """A store as the first version of domicile left it: a settled scan, one claimed since, a row and a gap."""
    with closing(SqliteStore(path)) as store:
        record(store, opened(a_row()), gaps=[a_gap()])
        store.claim(a_scan(store))
    with closing(sqlite3.connect(path, isolation_level=None)) as first:
        first.execute("DROP TABLE notices")
        for column in ("announced", "told_at"):
            first.execute(f"ALTER TABLE head DROP COLUMN {column}")
        first.execute("PRAGMA user_version = 1")


def test_a_store_of_the_first_version_is_brought_up_to_date_where_it_lies(path):
    make_first_version(path)
    with closing(SqliteStore(path)) as store:
        assert store.known() == {"v1": a_row()}
        assert store.gaps() == (a_gap(),)
        assert store.ledger() == Ledger()
        [only] = store.scans()
        assert store.claim_notice(only.scan, "m1", NOON)
        assert a_scan(store).number == 3
    assert int.from_bytes(path.read_bytes()[60:64], "big") == SCHEMA_VERSION


def test_an_upgraded_store_is_laid_out_as_a_new_one(path, tmp_path):
    make_first_version(path)
    layouts = []
    for one in (path, tmp_path / "new.db"):
        SqliteStore(one).close()
        with closing(sqlite3.connect(one)) as file:
            layouts.append(file.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall())
    assert layouts[0] == layouts[1]


def test_an_upgrade_that_dies_leaves_the_store_as_it_was(path, monkeypatch):
    make_first_version(path)
    monkeypatch.setattr(sqlite, "STEPS", (sqlite.SCHEMA, sqlite.NOTICES + "CREATE TABLE head (again INTEGER);"))
    with pytest.raises(StoreError):
        SqliteStore(path)
    assert int.from_bytes(path.read_bytes()[60:64], "big") == 1
    monkeypatch.undo()
    with closing(SqliteStore(path)) as store:
        assert store.known() == {"v1": a_row()}


def test_a_damaged_store_is_explained(path):
    with closing(SqliteStore(path)) as store:
        record(store, opened(a_row()))
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"domicile\.db"), closing(SqliteStore(path)) as store:
        store.known()


def test_a_damaged_record_is_explained(path, store):
    record(store, opened(a_row()))
    store._connection.execute("""UPDATE violations SET row = '{"violation_id": 5}'""")
    with pytest.raises(StoreError, match="damaged record"):
        store.known()


def test_a_full_disk_keeps_what_was_there(path, store):
    record(store, opened(a_row()))
    scan = a_scan(store)
    store.claim(scan)
    [pages] = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(StoreError, match="disk is full"):
        store.apply(scan, [opened(a_row(f"new{number}")) for number in range(100)])
    assert list(store.known()) == ["v1"]


def test_a_store_that_another_process_holds_is_explained(path):
    with (
        closing(SqliteStore(path, patience=0)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        scan = a_scan(store)
        other.execute("BEGIN IMMEDIATE")
        for write in (lambda: a_scan(store), lambda: store.claim(scan)):
            with pytest.raises(StoreError, match="another process"):
                write()
        assert store.known() == {}
        with closing(SqliteStore(path, patience=0)) as reader:
            assert reader.known() == {}
        other.execute("ROLLBACK")
        store.claim(scan)


def test_reading_and_writing_do_not_wait_for_each_other(path):
    with (
        closing(SqliteStore(path, patience=0)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as reader,
    ):
        record(store, opened(a_row("v1")))
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM violations").fetchone() == (1,)
        record(store, opened(a_row("v2")))
        assert reader.execute("SELECT count(*) FROM violations").fetchone() == (1,)
        assert ids(store.ask(Question())) == ["v1", "v2"]


def test_a_conflict_takes_back_the_whole_batch(store):
    record(store, opened(a_row("v1")))
    scan = a_scan(store)
    store.claim(scan)
    with pytest.raises(Conflict):
        store.apply(scan, [opened(a_row("v2")), opened(a_row("v1"))])
    assert list(store.known()) == ["v1"]
    assert store.history("v2") == ()


def test_changes_that_fail_while_they_are_made_leave_the_store_usable(store):
    scan = a_scan(store)
    store.claim(scan)

    def changes():
        yield opened(a_row())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.apply(scan, changes())
    assert store.known() == {}
    assert store.apply(scan, [opened(a_row())]) == 1


@pytest.mark.parametrize("statement", ["UPDATE history SET transition = 'opened'", "DELETE FROM history"])
def test_history_can_neither_be_rewritten_nor_deleted(store, statement):
    record(store, opened(a_row()))
    with pytest.raises(sqlite3.IntegrityError, match="history is never"):
        store._connection.execute(statement)
    assert store.history("v1") == (("opened", a_row()),)


def test_a_name_that_is_not_unicode_is_refused_by_name(store):
    scan = a_scan(store)
    store.claim(scan)
    with pytest.raises(StoreError, match="not valid Unicode"):
        store.apply(scan, [opened(a_row(resource_name="half \ud800 a character"))])


@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_that_looks_like_sql_is_only_a_value(store, text):
    record(store, opened(a_row()))
    for field in ("severity", "rule", "account", "country", "entity", "caused_by", "dataset"):
        assert store.ask(Question(**{field: text})) == ()
    assert store.ask(Question(statuses=(text,))) == ()
    assert list(store.known()) == ["v1"]


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (Question(), "open_by_rank"),
        (Question(limit=10), "open_by_rank"),
        (Question(severity="critical"), "open_by_severity"),
        (Question(account="a"), "open_by_account"),
        (Question(account="a", rule="r"), "open_by_account_and_rule"),
        (Question(rule="r"), "open_by_rule"),
        (Question(country="US"), "open_by_country"),
        (Question(entity="e"), "open_by_entity"),
        (Question(caused_by="c"), "open_by_cause"),
        (Question(dataset="d"), "open_by_dataset"),
        (Question(statuses=("open",), account="a"), "open_by_account"),
        (Question(statuses=("open", "exempted"), dataset="d"), "open_by_dataset"),
        (Question(statuses=("resolved",)), "resolved_by_rank"),
        (Question(changed_on=NOON.date()), "changed"),
    ],
)
def test_every_question_is_answered_from_its_index_in_order(store, question, index):
    statement, values = query(question)
    [plan] = [detail for *_, detail in store._connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert plan.partition(" USING INDEX ")[2].split()[0] == index
    # A SCAN using a partial index walks only the rows that are the answer.
    if index not in {"open_by_rank", "resolved_by_rank"}:
        assert plan.startswith("SEARCH violations")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT row FROM violations WHERE violation_id = 'v'",
        "SELECT transition, row FROM history WHERE violation_id = 'v' ORDER BY sequence",
        "SELECT 1 FROM history WHERE violation_id = 'v' AND scan = 1 AND version = 1",
        "DELETE FROM violations WHERE status = 'resolved' AND resolved_at < '2025'",
        "SELECT row FROM scans WHERE number = 3",
    ],
)
def test_what_is_asked_by_id_is_found_by_key(store, statement):
    plan = [detail for *_, detail in store._connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan[0].startswith("SEARCH")


def test_open_gaps_have_an_index_of_their_own(store):
    statement = "SELECT row FROM gaps WHERE ended IS NULL ORDER BY gap, first_seen"
    [(*_, detail)] = store._connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    assert "open_gaps" in detail


def begin_many(path, numbers):
    with closing(SqliteStore(path)) as store:
        numbers.put([a_scan(store).number for _ in range(20)])


def test_processes_that_create_and_begin_at_once_get_numbers_of_their_own(path):
    context = multiprocessing.get_context("spawn")
    numbers = context.Queue()
    processes = [context.Process(target=begin_many, args=(path, numbers)) for _ in range(4)]
    for process in processes:
        process.start()
    taken = [number for _ in processes for number in numbers.get(timeout=60)]
    for process in processes:
        process.join()
    numbers.close()
    assert sorted(taken) == list(range(1, 81))


def test_threads_that_open_a_new_file_at_once_all_get_a_store(tmp_path):
    start, failures = threading.Barrier(4), []

    def open_it(path):
        start.wait()
        try:
            with closing(SqliteStore(path)) as store:
                a_scan(store)
        except StoreError as failure:
            failures.append(failure)

    for number in range(10):
        threads = [threading.Thread(target=open_it, args=(tmp_path / f"{number}.db",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_a_process_killed_in_the_middle_of_a_batch_leaves_no_half_batch(path):
    with closing(SqliteStore(path)) as store:
        scan = a_scan(store)
        store.claim(scan)
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=die_while_applying, args=(path, scan))
        process.start()
        process.join(60)
        assert process.exitcode == 9
        assert store.known() == {}
        assert store.apply(scan, [opened(a_row())]) == 1
        store.settle(scan, [a_gap()], settled(scan))
        record(store, resolved(a_row()))
        assert store.known() == {}


def die_while_applying(path, scan):
    def changes():
        yield opened(a_row())
        os._exit(9)

    SqliteStore(path).apply(scan, changes())
