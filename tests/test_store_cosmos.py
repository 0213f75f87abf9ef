import json
import re
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError
from msgspec.structs import replace

import small_bank
from cosmos_emulator import KEY, a_client, create_containers, emulator, new_name
from domicile.cli import main
from domicile.demo.cloud import LocalCloud
from domicile.errors import Conflict, StoreError, Superseded, UsageError
from domicile.model import Cell
from domicile.scan import Exit
from domicile.stores import Question, open_store
from domicile.stores.cosmos import TRIES, CosmosStore, digest, item_id
from domicile.stores.cosmos_containers import CONTAINERS, EXPIRES_BY_ITEM, NARROWED_BY, SCANS, SCHEMA, VIOLATIONS
from store_contract import (
    HOSTILE,
    NOON,
    StoreContract,
    a_gap,
    a_row,
    a_scan,
    after,
    ids,
    opened,
    record,
    resolved,
    settled,
)

TIMES = dict.fromkeys(("first_seen", "opened_at", "last_changed"), NOON) | {"rank": "", "evidence": ()}
READS = {"read_item", "query_items"}
HERE, THERE = "111122223333", "444455556666"


@pytest.fixture(scope="module")
def endpoint():
    with emulator() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def client(endpoint):
    with a_client(endpoint) as client:
        yield client


class TestOnTheEmulator(StoreContract):
    stride = 30
    examples = 8

    @pytest.fixture
    def new_place(self, client):
        def new_place():
            name = new_name()
            create_containers(client, name)
            return lambda: CosmosStore(client, name, pause=lambda _: None)

        return new_place


class Between:
    """A client with something of the test's own before or after its calls; `calls` says what went through."""

    def __init__(self, client) -> None:
        self._client = client
        self.client_connection = client.client_connection
        self.consistency = client.get_database_account().ConsistencyPolicy["defaultConsistencyLevel"]
        self.calls: list[tuple[str, str, dict]] = []
        self.before = self.after = lambda operation, container, parameters: None

    def call(self, operation, container, parameters):
        answer = self.before(operation, container.id, parameters)
        if answer is None:
            answer = getattr(container, operation)(**parameters)
        self.calls.append((operation, container.id, parameters))
        self.after(operation, container.id, parameters)
        return answer

    def get_database_account(self):
        account = self._client.get_database_account()
        account.ConsistencyPolicy = {"defaultConsistencyLevel": self.consistency}
        return account

    def get_database_client(self, name):
        return BetweenDatabase(self, self._client.get_database_client(name))

    def operations(self):
        return [operation for operation, _, _ in self.calls]

    def queries(self):
        return [parameters for operation, _, parameters in self.calls if operation == "query_items"]

    def batches(self, container):
        return [
            parameters["batch_operations"]
            for operation, name, parameters in self.calls
            if operation == "execute_item_batch" and name == container.name
        ]


class BetweenDatabase:
    def __init__(self, between, database) -> None:
        self._between, self._database = between, database

    def get_container_client(self, name):
        return BetweenContainer(self._between, self._database.get_container_client(name))


class BetweenContainer:
    def __init__(self, between, container) -> None:
        self._between, self._container = between, container

    def read(self):
        return self._between.call("read", self._container, {})

    def read_item(self, item, partition_key):
        return self._between.call("read_item", self._container, {"item": item, "partition_key": partition_key})

    def query_items(self, **parameters):
        return self._between.call("query_items", self._container, parameters)

    def execute_item_batch(self, batch_operations, partition_key):
        parameters = {"batch_operations": batch_operations, "partition_key": partition_key}
        return self._between.call("execute_item_batch", self._container, parameters)

    def delete_item(self, item, partition_key, **more):
        parameters = {"item": item, "partition_key": partition_key, **more}
        return self._between.call("delete_item", self._container, parameters)


@pytest.fixture
def name(client):
    name = new_name()
    create_containers(client, name)
    yield name
    if name in {one["id"] for one in client.list_databases()}:
        client.delete_database(name)


@pytest.fixture
def between(client):
    return Between(client)


@pytest.fixture
def store(between, name):
    return CosmosStore(between, name, pause=lambda _: None)


@pytest.fixture
def other(client, name):
    """Another process."""
    return CosmosStore(client, name, pause=lambda _: None)


@pytest.fixture
def violations(client, name):
    return client.get_database_client(name).get_container_client("violations")


@pytest.fixture
def scans(client, name):
    return client.get_database_client(name).get_container_client("scans")


def refusal(status, message="", **more):
    return CosmosHttpResponseError(status, json.dumps({"code": "x", "message": message}), **more)


def undone(status):
    return CosmosBatchOperationError(error_index=1, headers={}, status_code=status, message="no")


def first(times, what, operation, container=""):
    """Raise `what` the first so many times an operation is called."""
    left = iter(range(times))

    def before(called, name, _):
        if called == operation and container in {"", name} and next(left, None) is not None:
            raise what

    return before


def alive(between):
    between.before = between.after = lambda *_: None


def everything(container):
    """All items as they lie there, without the marks of when they were written."""
    return {
        (one["id"], one.get("account", "")): {key: value for key, value in one.items() if not key.startswith("_")}
        for one in container.query_items("SELECT * FROM c", enable_cross_partition_query=True)
    }


# Where the containers are


@pytest.fixture
def environment(monkeypatch):
    for variable in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_AUTHORITY_HOST"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    monkeypatch.setenv("AZURE_COSMOS_KEY", KEY)
    return monkeypatch


@pytest.fixture
def url(endpoint, name, environment):
    return f"cosmos://{endpoint.removeprefix('http://')}{name}"


def test_a_url_names_account_and_database(url):
    store = open_store(url)
    assert str(store) == url
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "cosmos://",
        "cosmos://acme",
        "cosmos://acme/domicile",
        "cosmos://acme.documents.azure.com",
        "cosmos://acme.documents.azure.com/",
        "cosmos://acme.documents.azure.com/one/two",
        "cosmos://acme.documents.azure.com/two words",
        "cosmos://acme.documents.azure.com:8081/domicile",
        "cosmos://acme.documents.azure.com:port/domicile",
        "cosmos://acme.documents.azure.com.example.org/domicile",
        "cosmos://documents.azure.com/domicile",
        "cosmos://a.b.documents.azure.com/domicile",
        "cosmos://acme:secret@documents.azure.com/domicile",
        "cosmos://somebody@acme.documents.azure.com/domicile",
        "cosmos://acme.documents.azure.com/domicile?key=secret",
        "cosmos://acme.documents.azure.com/domicile#part",
        "cosmos://[::1/domicile",
        "cosmos://localhost/domicile",
        f"cosmos://acme.documents.azure.com/{'x' * 256}",
    ],
)
def test_what_is_no_url_of_a_database_is_refused(environment, url):
    with pytest.raises(UsageError, match=re.escape("write cosmos://ACCOUNT.documents.azure.com/DATABASE")):
        open_store(url)


@pytest.mark.parametrize("cloud", ["documents.azure.com", "documents.azure.cn", "documents.azure.us"])
@pytest.mark.parametrize("port", ["", ":443"])
def test_without_credentials_one_is_told_how_to_sign_in(environment, capfd, cloud, port):
    # A key is never sent to an account.
    with pytest.raises(StoreError) as error:
        open_store(f"cosmos://acme.{cloud}{port}/domicile")
    told = str(error.value)
    assert told.startswith(f"cosmos://acme.{cloud}/domicile cannot be opened: no usable Azure credentials")
    assert "az login" in told
    assert "\n" not in told
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("key", "told"), [("", "is not set"), ("five!", "is no key")])
def test_an_emulator_wants_a_key(environment, key, told):
    environment.setenv("AZURE_COSMOS_KEY", key)
    with pytest.raises(UsageError, match=f"AZURE_COSMOS_KEY: {told}"):
        open_store("cosmos://127.0.0.1:8081/domicile")


def test_nonsense_about_credentials_is_told(environment):
    environment.setenv("AZURE_TOKEN_CREDENTIALS", "whoever")
    with pytest.raises(UsageError, match="whoever"):
        open_store("cosmos://acme.documents.azure.com/domicile")


def assert_one_sentence(error, name, *words):
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith("cosmos://127.0.0.1:")
    assert f"/{name} " in text
    for word in words:
        assert word in text


def test_a_database_that_is_not_there_is_named(client):
    with pytest.raises(StoreError) as error:
        CosmosStore(client, "elsewhere")
    assert_one_sentence(error, "elsewhere", "violations, scans", "deploy")


@pytest.mark.parametrize("missing", CONTAINERS, ids=lambda container: container.name)
def test_a_container_that_is_missing_is_never_read_as_empty(client, name, missing):
    client.get_database_client(name).delete_container(missing.name)
    with pytest.raises(StoreError) as error:
        CosmosStore(client, name)
    assert_one_sentence(error, name, "is not there, or not all of it")


@pytest.mark.parametrize("consistency", ["Session", "Eventual", "BoundedStaleness"])
def test_an_account_that_may_read_what_is_old_is_refused(between, name, consistency):
    between.consistency = consistency
    with pytest.raises(StoreError) as error:
        CosmosStore(between, name)
    assert_one_sentence(error, name, consistency, "Strong")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (refusal(403, "Request blocked by Auth acme : principal [x] lacks [readMetadata]\r\nActivityId: 1"), "lacks"),
        (refusal(401, "The input authorization token can't serve the request."), "az login"),
        (ClientAuthenticationError("The token\nhas expired"), "az login"),
        (refusal(429, "Request rate is large."), "try again later"),
        (refusal(500, "no"), "500"),
        (ServiceRequestError("Name or service not known"), "cannot be reached"),
        (ServiceResponseError("Connection reset"), "cannot be reached"),
    ],
)
def test_what_keeps_one_from_a_database_is_said_in_one_sentence(between, name, failure, words):
    between.before = first(1, failure, "read")
    with pytest.raises(StoreError) as error:
        CosmosStore(between, name)
    assert_one_sentence(error, name, words)
    assert "ActivityId" not in str(error.value)


@pytest.mark.parametrize("operation", sorted(READS))
def test_a_refusal_is_never_read_as_no_violations(store, between, name, operation):
    record(store, resolved(record_open(store)))
    between.before = first(1, refusal(403, "no"), operation)
    with pytest.raises(StoreError) as error:
        store.ask(Question(statuses=("resolved",)))
    assert_one_sentence(error, name, "may not be used")


def record_open(store):
    row = a_row()
    record(store, opened(row))
    return row


@pytest.mark.parametrize(("schema", "word"), [(SCHEMA + 1, "newer"), (SCHEMA - 1, "older")])
def test_a_database_of_another_version_is_refused_and_left_as_it_is(client, store, scans, name, schema, word):
    record(store, opened(a_row()))
    head = scans.read_item("head", "everything")
    scans.replace_item("head", head | {"schema": schema})
    before = everything(scans)
    with pytest.raises(StoreError) as error:
        CosmosStore(client, name)
    assert_one_sentence(error, name, word, "upgrade")
    assert everything(scans) == before


def test_an_index_that_is_missing_is_said_to_be_another_versions(client, name):
    database = client.get_database_client(name)
    database.delete_container("violations")
    policy = VIOLATIONS.indexing_policy
    policy["compositeIndexes"].pop(NARROWED_BY.index(("caused_by",)))
    database.create_container("violations", {"paths": ["/account"], "kind": "Hash"}, indexing_policy=policy)
    store = CosmosStore(client, name)
    assert store.ask(Question(rule="r")) == ()
    with pytest.raises(StoreError) as error:
        store.ask(Question(caused_by="plan/nightly"))
    assert_one_sentence(error, name, "lacks an index", "upgrade its deployment")


@pytest.mark.parametrize(
    "what",
    [{"version": "one"}, {"status": "closed"}, {"evidence": 1}, {"expires_at": "soon"}, {"leaving": 5}, {"rank": None}],
)
def test_a_damaged_row_is_explained(store, violations, what):
    record(store, opened(a_row()))
    violations.replace_item("v1", violations.read_item("v1", HERE) | what)
    with pytest.raises(StoreError, match="damaged record"):
        store.known()


@pytest.mark.parametrize("what", [{"version": "one"}, {"expires_at": "soon"}, {"violation_id": None}])
def test_no_damaged_row_is_written_over(store, violations, what):
    record(store, opened(a_row()))
    violations.replace_item("v1", violations.read_item("v1", HERE) | what)
    before = everything(violations)
    scan = a_scan(store)
    store.claim(scan)
    with pytest.raises(StoreError, match="damaged record"):
        store.apply(scan, [after(a_row())])
    del before[":fence", HERE]
    assert before.items() <= everything(violations).items()


def test_a_damaged_line_of_the_history_is_explained(store, violations):
    record(store, opened(a_row()))
    line = next(one for one in everything(violations).values() if "history_of" in one)
    violations.replace_item(line["id"], line | {"row": {}})
    with pytest.raises(StoreError, match="damaged record"):
        store.history("v1")


@pytest.mark.parametrize("kind", ["gap", "place", "scan", "head"])
def test_a_damaged_record_of_a_scan_is_explained(store, scans, kind):
    scan = a_scan(store)
    store.claim(scan)
    settle_with(store, scan, [a_gap()], CELLS[:1])
    fields = {"gap": "first_seen", "place": "regions", "scan": "scan", "head": "claimed"}
    one = next(one for one in everything(scans).values() if one["kind"] == kind)
    scans.replace_item(one["id"], one | {fields[kind]: {"not": "this"}})
    with pytest.raises(StoreError, match="damaged record"):
        store.gaps(), store.places(), store.scans(), store.ledger()


# Rows as they lie there


def test_a_row_lies_there_under_the_names_people_know(store, violations):
    row = a_row()
    record(store, opened(row))
    item = violations.read_item("v1", HERE)
    for field in ("rule", "account", "status", "because", "severity", "country", "copies", "version"):
        assert item[field] == getattr(row, field)
    assert item["opened_at"] == "2026-03-04T12:00:00Z"
    assert item["classes"] == ["payment.card"]
    assert item["evidence"][0]["operation"] == "GetBucketReplication"
    assert item["resolved_at"] is None
    assert item["resolved"] is False
    assert not {"ttl", "expires_at", "leaving"} & item.keys()


def test_a_resolved_row_says_when_it_expires(store, violations):
    row = a_row()
    record(store, opened(row))
    record(store, resolved(row))
    item = violations.read_item("v1", HERE)
    assert item["resolved"] is True
    assert item["expires_at"] == int((NOON + timedelta(days=400)).timestamp())
    assert item["ttl"] == 400 * 24 * 60 * 60
    record(store, after(resolved(row).row, "reopened", status="open", resolved_at=None))
    assert not {"ttl", "expires_at"} & violations.read_item("v1", HERE).keys()


@pytest.mark.parametrize(("days", "seconds"), [(399, 24 * 60 * 60), (400, 1), (4000, 1)])
def test_a_row_that_was_resolved_long_ago_lives_as_long_as_is_left(store, violations, days, seconds):
    row = a_row()
    record(store, opened(row))
    record(store, resolved(row, NOON - timedelta(days=days)))
    assert violations.read_item("v1", HERE)["ttl"] == seconds


def test_only_items_that_say_so_expire():
    assert {container.expires for container in CONTAINERS} == {EXPIRES_BY_ITEM}


def test_no_line_of_the_history_expires_or_answers_for_its_row(store, violations):
    row = a_row()
    record(store, opened(row))
    record(store, resolved(row))
    lines = [one for one in everything(violations).values() if "history_of" in one]
    assert [one["transition"] for one in lines] == ["opened", "resolved"]
    for line in lines:
        assert line.keys() == {"id", "account", "history_of", "scan_version", "transition", "row"}


@pytest.mark.parametrize("still_there", [True, False])
@pytest.mark.parametrize("account", [HERE, THERE])
def test_an_expired_row_is_gone_for_writes_whether_or_not_it_still_lies_there(store, violations, still_there, account):
    row = a_row()
    record(store, opened(row))
    gone = resolved(row, NOON - timedelta(days=401))
    record(store, gone)
    assert violations.read_item("v1", HERE)["version"] == 2
    if not still_there:
        violations.delete_item("v1", HERE)
    scan = a_scan(store)
    store.claim(scan)
    with pytest.raises(Conflict, match="version 0, not 2"):
        store.apply(scan, [after(gone.row, "reopened", status="open", resolved_at=None)])
    back = replace(row, account=account)
    assert store.apply(scan, [opened(back)]) == 1
    assert store.known() == store.fetch(["v1"]) == {"v1": back}
    assert [one["account"] for one in everything(violations).values() if "violation_id" in one] == [account]


def test_a_row_that_expired_is_not_written_again_by_the_scan_that_wrote_it(store):
    row = a_row()
    changes = [opened(row), resolved(row, NOON - timedelta(days=401))]
    scan = record(store, *changes)
    assert store.apply(scan, changes) == 0
    assert store.fetch(["v1"]) == {}
    assert len(store.history("v1")) == 2


def test_a_row_that_goes_while_it_is_written_does_not_come_back(store, between, violations):
    """As one does that expires just then."""
    row = a_row()
    record(store, opened(row))
    scan = a_scan(store)
    store.claim(scan)

    def expire(operation, container, parameters):
        if operation == "execute_item_batch" and container == "violations":
            alive(between)
            violations.delete_item("v1", HERE)

    between.before = expire
    with pytest.raises(Conflict, match="version 0, not 1"):
        store.apply(scan, [after(row)])
    assert store.fetch(["v1"]) == {}
    assert len(store.history("v1")) == 1


@pytest.mark.parametrize(
    "violation_id",
    ["head", ":fence", "v1:0000000001:000001", "a/b", "a\\b", "a?b#c", "..", " ", "", "x" * 3000, f"~{digest('v1')}"],
)
def test_any_text_is_an_id(store, violation_id):
    row = a_row(violation_id, subject="s", resource_id="r", resource_name="n", rank="0#a")
    record(store, opened(row), opened(a_row()))
    record(store, after(row, because="second"))
    assert store.fetch([violation_id])[violation_id].because == "second"
    assert len(store.history(violation_id)) == 2
    assert len(store.known()) == 2


def test_half_a_character_is_no_id(store):
    record(store, opened(a_row()))
    assert list(store.fetch(["\ud800", "v1"])) == ["v1"]
    assert store.history("\ud800") == ()


def test_an_id_that_looks_like_the_fingerprint_of_another_is_told_apart():
    assert item_id("v1") == "v1"
    assert item_id("a/b") == f"~{digest('a/b')}"
    assert item_id(item_id("a/b")) != item_id("a/b")


def test_an_account_that_is_too_long_to_be_a_partition_is_refused_by_name(store):
    scan = a_scan(store)
    store.claim(scan)
    with pytest.raises(StoreError, match="the account of row v1 is too large"):
        store.apply(scan, [opened(a_row(account="x" * 2049))])
    assert store.apply(scan, [opened(a_row(account="x" * 2048))]) == 1


# Questions


ASKED = [
    (Question(), (), ()),
    (Question(limit=10), (), ()),
    (Question(severity="critical"), ("severity",), ()),
    (Question(account="a"), ("account",), ()),
    (Question(account="a", rule="r"), ("account", "rule"), ()),
    (Question(account="a", rule="r", severity="low"), ("account", "rule"), ("severity",)),
    (Question(rule="r"), ("rule",), ()),
    (Question(country="US"), ("country",), ()),
    (Question(entity="e"), ("entity",), ()),
    (Question(entity="e", account="a"), ("account",), ("entity",)),
    (Question(caused_by="c"), ("caused_by",), ()),
    (Question(dataset="d"), ("dataset_id",), ()),
    (Question(dataset="d", account="a", rule="r"), ("dataset_id",), ("account", "rule")),
    (Question(statuses=("open", "exempted"), dataset="d"), ("dataset_id",), ("status",)),
    (Question(statuses=("resolved",)), (), ()),
    (Question(statuses=("resolved",), account="a"), ("account",), ()),
]


@pytest.mark.parametrize(("question", "narrowed_by", "filtered"), ASKED)
def test_every_question_is_one_query_in_the_order_of_an_index(store, between, question, narrowed_by, filtered):
    between.calls.clear()
    store.ask(question)
    [query] = between.queries()
    assert between.operations() == ["query_items"]
    names = ("resolved", *narrowed_by, "rank")
    assert names in VIOLATIONS.orders
    where, order = query["query"].split(" ORDER BY ")
    assert order == ", ".join(f'c["{name}"]' for name in names)
    assert set(re.findall(r'c\["(\w+)"\]', where)) == {"resolved", *narrowed_by, *filtered}


def test_changes_of_a_day_are_one_query_by_time(store, between):
    between.calls.clear()
    store.ask(Question(changed_on=NOON.date(), rule="r"))
    [query] = between.queries()
    assert query["query"].endswith(' ORDER BY c["changed_at"]')
    assert 'STARTSWITH(c["changed_at"]' in query["query"]


def test_all_that_is_asked_for_is_indexed():
    for container in CONTAINERS:
        assert {container.partition, *(name for order in container.orders for name in order)} <= set(container.indexed)
    assert {"changed_at", "history_of", "leaving", "status"} <= set(VIOLATIONS.indexed)


def test_only_the_partition_is_asked_where_it_is_known(store, between):
    record(store, opened(a_row()), gaps=[a_gap()])
    between.calls.clear()
    store.ask(Question(account=HERE, statuses=("open", "resolved")))
    store.ask(Question(account=HERE, changed_on=NOON.date()))
    store.gaps(), store.places(), store.scans(), store.last_scan(), store.ledger()
    assert len(between.queries()) == 6
    for query in between.queries():
        assert "enable_cross_partition_query" not in query
        # What the emulator cannot do alone, and what says the same twice.
        key = "account" if query["partition_key"] == HERE else "partition"
        [parameter] = re.findall(rf'c\["{key}"\] = (@\w+)', query["query"])
        assert {"name": parameter, "value": query["partition_key"]} in query["parameters"]


@pytest.mark.parametrize("text", [*HOSTILE, "@p0", 'c["rank"]'])
def test_a_question_that_looks_like_a_query_is_only_a_value(store, between, text):
    record(store, opened(a_row()))
    between.calls.clear()
    for field in ("severity", "rule", "account", "country", "entity", "caused_by", "dataset"):
        assert store.ask(Question(**{field: text})) == ()
    assert store.ask(Question(statuses=(text,))) in ((), store.ask(Question(statuses=("resolved",))))
    assert store.fetch([text]) == {}
    assert store.history(text) == ()
    assert list(store.known()) == ["v1"]
    for query in between.queries():
        assert re.fullmatch(r'[A-Z *a-z=(),]*(c\["\w+"\][A-Z =(),]*(@p\d+[, )A-Z]*)*)*', query["query"])


def test_pages_are_as_large_as_the_answer_may_get(store, between):
    between.calls.clear()
    store.known()
    store.ask(Question(limit=7))
    store.ask(Question(limit=5000))
    assert [query["max_item_count"] for query in between.queries()] == [1000, 7, 1000]


def test_answers_come_from_many_pages(store, between):
    record(store, *(opened(a_row(f"v{number:02}", country="SG" if number % 3 else "US")) for number in range(20)))

    def small(operation, container, parameters):
        if operation == "query_items":
            parameters["max_item_count"] = 3

    between.before = small
    all_of_them = [f"v{number:02}" for number in range(20)]
    assert ids(store.ask(Question())) == list(store.known()) == all_of_them
    assert ids(store.ask(Question(account=HERE, country="US"))) == all_of_them[::3]
    assert ids(store.ask(Question(account=HERE, country="US", limit=4))) == all_of_them[::3][:4]


# Writes that meet others


def at_call(number, do):
    """Do something before the call of this number; `seen` holds how many there were."""
    seen = []

    def before(operation, container, parameters):
        seen.append(operation)
        if len(seen) == number + 1:
            do()

    return before, seen


def two_accounts(store):
    """A row in each of two accounts, known to all."""
    rows = [a_row("v1"), a_row("v2", account=THERE)]
    record(store, *map(opened, rows))
    return rows


def changes_of_all_kinds(rows):
    """One stays where it is, one moves, one is new, and so is the account of another."""
    return [
        after(rows[0], because="Seen again."),
        after(rows[1], account=HERE),
        opened(a_row("v3")),
        opened(a_row("v4", account="777788889999")),
    ]


def without_fences(items):
    return {key: one for key, one in items.items() if one["id"] != ":fence"}


@pytest.mark.parametrize("number", range(12))
def test_a_scan_superseded_between_any_two_calls_writes_nothing_more(store, other, between, violations, number):
    rows = two_accounts(store)
    older, newer = a_scan(store), a_scan(other)
    store.claim(older)
    lay = []

    def overtake():
        other.claim(newer)
        lay.append((without_fences(everything(violations)), other.known()))

    between.before, seen = at_call(number, overtake)
    with nullcontext() if number > 8 else pytest.raises(Superseded):
        # From the ninth call on only what has arrived is removed from where it was.
        store.apply(older, changes_of_all_kinds(rows))
    alive(between)
    assert (len(seen) > number) == (number < 11) == bool(lay)
    if not lay:
        return
    [(then, known)] = lay
    now = without_fences(everything(violations))
    assert now == then
    assert other.known() == known
    with pytest.raises(Superseded):
        store.apply(older, [opened(a_row("v9"))])
    # The newer one finds all as it was told, and can go on from there.
    assert other.apply(newer, [after(row, because="Mine.") for row in known.values()]) == len(known)
    other.settle(newer, [], settled(newer))
    for violation_id in ("v1", "v2", "v3", "v4"):
        versions = [row.version for _, row in other.history(violation_id)]
        assert versions == list(range(1, len(versions) + 1))


@pytest.mark.parametrize("number", range(10))
def test_what_an_older_scan_writes_while_a_newer_one_claims_is_known_when_that_has_claimed(
    store, other, between, violations, number
):
    rows = two_accounts(other)
    older, newer = a_scan(other), a_scan(store)
    other.claim(older)
    # Its fences stand in both accounts, and one more row in each is on its way.
    other.apply(older, [after(row, because="Seen.") for row in rows])

    def late():
        with suppress(Superseded):
            other.apply(older, [opened(a_row("v3")), opened(a_row("v4", account=THERE))])

    between.before, seen = at_call(number, late)
    store.claim(newer)
    alive(between)
    assert len(seen) == 10
    then, known = without_fences(everything(violations)), store.known()
    assert set(known) >= {"v1", "v2"}
    with pytest.raises(Superseded):
        other.apply(older, [opened(a_row("v3")), opened(a_row("v4", account=THERE))])
    assert without_fences(everything(violations)) == then
    assert store.known() == known


def test_an_older_scan_that_has_only_said_where_it_will_write_is_shut_out_there(store, other, between, violations):
    older, newer = a_scan(store), a_scan(other)
    store.claim(older)

    def overtake(operation, container, parameters):
        if operation == "execute_item_batch" and container == "violations":
            other.claim(newer)

    between.before = overtake
    with pytest.raises(Superseded):
        store.apply(older, [opened(a_row())])
    assert without_fences(everything(violations)) == {}
    assert other.apply(newer, [opened(a_row())]) == 1


def test_claiming_asks_for_no_partition_in_which_nobody_wrote(store, between):
    record(store, *(opened(a_row(f"v{number}", account=f"{number:012}")) for number in range(30)))
    record(store)
    scan = a_scan(store)
    between.calls.clear()
    store.claim(scan)
    assert between.operations() == ["read_item", "execute_item_batch", "query_items", "query_items"]


def test_a_claim_that_died_among_the_fences_is_completed_when_it_is_repeated(store, other, between, violations):
    rows = two_accounts(other)
    older, newer = a_scan(other), a_scan(store)
    other.claim(older)
    other.apply(older, [after(row, because="Seen.") for row in rows])
    between.before = first(1, Died(), "delete_item")
    with pytest.raises(Died):
        store.claim(newer)
    alive(between)
    store.claim(newer)
    fences = [one for one in everything(violations).values() if one["id"] == ":fence"]
    assert [(one["scan"], one["open"]) for one in fences] == [(newer.number, False)] * 2


def test_claiming_again_forgets_no_account_that_was_opened(store, violations):
    scan = a_scan(store)
    store.claim(scan)
    store.apply(scan, [opened(a_row())])
    store.claim(scan)
    newer = a_scan(store)
    store.claim(newer)
    assert violations.read_item(":fence", HERE)["scan"] == newer.number


def test_an_account_opened_while_its_fence_is_taken_stays_named(store, other, between, violations):
    """Two deliveries of one scan claim, and one of them goes on to write before the other is done."""
    rows = two_accounts(other)
    scan = a_scan(store)

    def go_on(operation, *_):
        if operation == "delete_item":
            alive(between)
            other.claim(scan)
            other.apply(scan, [after(row, because="Seen.") for row in rows])

    between.before = go_on
    store.claim(scan)
    newer = a_scan(other)
    other.claim(newer)
    fences = [one for one in everything(violations).values() if one["id"] == ":fence"]
    assert [(one["scan"], one["open"]) for one in fences] == [(newer.number, False)] * 2


def test_a_settling_scan_superseded_between_any_two_calls_leaves_gaps_and_places_as_they_were(
    store, other, between, scans
):
    older, newer = a_scan(store), a_scan(other)
    store.claim(older)
    between.before = lambda operation, *_: other.claim(newer) if operation == "execute_item_batch" else None
    with pytest.raises(Superseded):
        store.settle(older, [a_gap()], settled(older), [Cell("aws", HERE, "ap-south-1")])
    assert (other.gaps(), other.places(), other.last_scan()) == ((), frozenset(), None)
    assert {one["kind"] for one in everything(scans).values()} == {"head"}


def test_numbers_of_scans_that_begin_at_once_differ(store, other, between):
    numbers = []

    def also():
        numbers.append(a_scan(other).number)

    between.before, _ = at_call(1, also)
    numbers.append(a_scan(store).number)
    assert sorted(numbers) == [1, 2]


@pytest.mark.parametrize("failure", [undone(449), undone(429), refusal(449), refusal(503), refusal(408)])
def test_a_transaction_that_met_another_is_tried_again(store, between, failure):
    scan = a_scan(store)
    store.claim(scan)
    pauses = []
    store._pause = pauses.append
    between.before = first(3, failure, "execute_item_batch", "violations")
    assert store.apply(scan, [opened(a_row())]) == 1
    assert len(pauses) == 3
    assert all(0 <= pause <= 5 for pause in pauses)


def test_a_transaction_that_always_meets_others_is_given_up(store, between):
    scan = a_scan(store)
    store.claim(scan)
    pauses = []
    store._pause = pauses.append
    between.before = first(1000, undone(449), "execute_item_batch", "violations")
    with pytest.raises(StoreError, match="try again later"):
        store.apply(scan, [opened(a_row())])
    assert len(pauses) == TRIES


def test_a_transaction_that_never_finds_things_as_read_is_given_up(store, between):
    scan = a_scan(store)
    store.claim(scan)
    pauses = []
    store._pause = pauses.append
    between.before = first(1000, undone(412), "execute_item_batch", "violations")
    with pytest.raises(StoreError, match="try again later"):
        store.apply(scan, [opened(a_row())])
    assert len(pauses) == TRIES


@pytest.mark.parametrize("failure", [undone(400), undone(403), refusal(413)])
def test_a_transaction_that_can_never_succeed_is_not_tried_again(store, between, failure):
    scan = a_scan(store)
    store.claim(scan)
    between.before = first(1000, failure, "execute_item_batch", "violations")
    between.calls.clear()
    with pytest.raises(StoreError):
        store.apply(scan, [opened(a_row())])
    assert between.batches(VIOLATIONS) == []


@pytest.mark.parametrize("number", range(5))
def test_an_answer_that_was_lost_doubles_nothing(store, between, number):
    """What was asked for was carried out, and nobody heard of it."""
    rows = two_accounts(store)
    scan = a_scan(store)
    store.claim(scan)
    changes = changes_of_all_kinds(rows)
    calls = iter(range(1000))

    def lost(operation, container, parameters):
        if operation not in READS and next(calls) == number:
            raise ServiceResponseError("Connection reset")

    between.after = lost
    with pytest.raises(StoreError, match="cannot be reached"):
        store.apply(scan, changes)
    alive(between)
    store.apply(scan, changes)
    assert store.known() == {change.row.violation_id: change.row for change in changes}
    assert [len(store.history(f"v{number}")) for number in (1, 2, 3, 4)] == [2, 2, 1, 1]


def test_two_deliveries_of_one_scan_write_every_row_once(store, other):
    scan = a_scan(store)
    store.claim(scan)
    changes = [opened(a_row(f"v{number:03}", account=f"{number % 3}")) for number in range(120)]
    assert other.apply(scan, changes[::2]) == 60
    assert store.apply(scan, changes) == 60
    assert len(store.known()) == 120
    assert {len(store.history(change.row.violation_id)) for change in changes[::17]} == {1}


@pytest.mark.parametrize("number", range(11))
def test_two_deliveries_that_meet_at_any_call_write_every_row_once(store, other, between, violations, number):
    rows = two_accounts(store)
    scan = a_scan(store)
    store.claim(scan)
    changes = changes_of_all_kinds(rows)
    between.before, seen = at_call(number, lambda: other.apply(scan, changes))
    store.apply(scan, changes)
    alive(between)
    assert len(seen) > number
    assert store.known() == {change.row.violation_id: change.row for change in changes}
    assert [len(store.history(f"v{number}")) for number in (1, 2, 3, 4)] == [2, 2, 1, 1]
    assert len([one for one in everything(violations).values() if "violation_id" in one]) == 4


def test_many_changes_take_few_calls(store, between):
    scan = a_scan(store)
    store.claim(scan)
    changes = [opened(a_row(f"v{number:03}", account=f"{number % 2}")) for number in range(200)]
    between.calls.clear()
    assert store.apply(scan, changes) == 200
    # The head twice; the rows; their fences; saying where it will write; then fifty rows at once and their lines.
    looks = ["read_item", "read_item", "query_items", "query_items"]
    assert between.operations() == [*looks, "read_item", *["execute_item_batch"] * 7]
    for operations in between.batches(VIOLATIONS):
        assert len(operations) <= 100
        assert operations[0][1][-1]["id"] == ":fence"


def test_large_rows_are_written_in_transactions_of_less_than_two_megabytes(store, between):
    scan = a_scan(store)
    store.claim(scan)
    changes = [opened(a_row(f"v{number:03}", because="🏥" * 1500)) for number in range(100)]
    assert store.apply(scan, changes) == 100
    for operations in between.batches(VIOLATIONS):
        assert len(json.dumps(operations, ensure_ascii=False).encode()) < 2 * 1024 * 1024
    assert len(store.known()) == 100


def test_a_row_changed_twice_in_one_call_is_written_twice(store):
    scan = a_scan(store)
    store.claim(scan)
    again = after(a_row(), because="again")
    assert store.apply(scan, [opened(a_row()), again]) == 2
    assert store.known() == {"v1": again.row}


def test_history_is_only_ever_added_to(store, between):
    row = a_row()
    record(store, opened(row))
    record(store, resolved(row))
    lines = [one for operations in between.batches(VIOLATIONS) for one in operations if "history_of" in one[1][-1]]
    assert [(operation, item["transition"]) for operation, (item,) in lines] == [
        ("create", "opened"),
        ("create", "resolved"),
    ]


# Rows that move to another account


class Died(BaseException):
    """The process, in the middle of something."""


def dying(between, at):
    """The process dies at its call number `at` that writes, alternately before and after it is carried out."""
    calls = iter(range(at + 1))
    count = {"before": -1}

    def before(operation, container, parameters):
        if operation not in READS:
            count["before"] = next(calls, -1)
            if count["before"] == at and at % 2:
                raise Died

    def done(operation, container, parameters):
        if operation not in READS and count["before"] == at:
            raise Died

    between.before, between.after = before, done


def assert_moved(store, violations, row):
    assert store.known() == store.fetch(["v1"]) == {"v1": row}
    assert ids(store.ask(Question(account=HERE))) == []
    assert ids(store.ask(Question(account=THERE))) == ["v1"]
    assert ids(store.ask(Question())) == ["v1"]
    assert [transition for transition, _ in store.history("v1")] == ["opened", "updated"]
    assert [one["account"] for one in everything(violations).values() if "violation_id" in one] == [THERE]


def test_a_row_moves_with_its_account(store, violations):
    record(store, opened(a_row()))
    moved = after(a_row(), account=THERE)
    scan = record(store, moved)
    assert_moved(store, violations, moved.row)
    assert store.apply(scan, [moved]) == 0
    assert_moved(store, violations, moved.row)


def test_a_row_moves_there_and_back(store, violations):
    there = after(a_row(), account=THERE)
    back = after(there.row, account=HERE)
    scan = a_scan(store)
    store.claim(scan)
    assert store.apply(scan, [opened(a_row()), there, back]) == 3
    assert store.known() == {"v1": back.row}
    assert store.apply(scan, [opened(a_row()), there, back]) == 0
    assert store.known() == {"v1": back.row}
    assert ids(store.ask(Question(account=THERE))) == []
    assert [one["account"] for one in everything(violations).values() if "violation_id" in one] == [HERE]
    assert [row.account for _, row in store.history("v1")] == [HERE, THERE, HERE]


@pytest.mark.parametrize("then", ["repeated", "a newer scan"])
@pytest.mark.parametrize("at", range(4))
def test_a_scan_that_dies_while_a_row_moves_leaves_it_in_one_place(store, between, other, violations, at, then):
    record(store, opened(a_row()))
    moved = after(a_row(), account=THERE)
    scan = a_scan(store)
    store.claim(scan)
    dying(between, at)
    with pytest.raises(Died):
        store.apply(scan, [moved])
    alive(between)
    # Whoever looks sees it once, before or after.
    [seen] = other.known().values()
    assert seen in (a_row(), moved.row)
    assert other.ask(Question()) == other.ask(Question(account=seen.account)) == (seen,)
    assert other.fetch(["v1"]) == {"v1": seen}
    if then == "repeated":
        store.apply(scan, [moved])
        assert_moved(store, violations, moved.row)
        return
    scan = a_scan(other)
    other.claim(scan)
    assert other.known() == {"v1": seen}
    lying = [one for one in everything(violations).values() if "violation_id" in one]
    assert [one["account"] for one in lying] == [seen.account]
    if seen == a_row():
        other.apply(scan, [moved])
    assert_moved(other, violations, moved.row)


# Settling


CELLS = [Cell("aws", f"{account:012}", region) for account in range(300) for region in ("ap-south-1", "us-east-1")]


def settle_with(store, scan, gaps, cells):
    store.settle(scan, gaps, settled(scan), cells)


def test_settling_writes_only_what_differs(store, between):
    gaps = [a_gap(f"aws/{number}/*/*") for number in range(120)]
    scan = a_scan(store)
    store.claim(scan)
    settle_with(store, scan, gaps, CELLS)
    assert store.places() == frozenset(CELLS)
    assert len(store.gaps()) == 120
    scan = a_scan(store)
    store.claim(scan)
    between.calls.clear()
    settle_with(store, scan, [], CELLS)
    assert [len(operations) for operations in between.batches(SCANS)] == [2]
    scan = a_scan(store)
    store.claim(scan)
    between.calls.clear()
    settle_with(store, scan, [], CELLS[3:])
    places = [one for operations in between.batches(SCANS) for one in operations if one[1][-1]["kind"] == "place"]
    assert len(places) == 2  # An account with a region less, and one that is gone.
    assert store.places() == frozenset(CELLS[3:])


def test_a_place_that_is_gone_expires_and_may_come_back(store, scans):
    for cells in (CELLS[:1], [], [], CELLS[:2]):
        scan = a_scan(store)
        store.claim(scan)
        settle_with(store, scan, [], cells)
        assert store.places() == frozenset(cells)
        [place] = [one for one in everything(scans).values() if one["kind"] == "place"]
        assert ("ttl" in place) == (not cells)


def state(store):
    last = store.last_scan()
    return last and last.scan.number, store.gaps(ended=True), store.places()


@pytest.mark.parametrize("then", ["repeated", "repeated elsewhere with other times", "a newer scan"])
@pytest.mark.parametrize("at", range(12))
def test_a_scan_that_dies_while_it_settles_leaves_all_or_nothing(store, between, other, scans, at, then):
    # Enough for a journal, and for what it says to take several transactions.
    old, ends = a_gap("aws/old/*/*"), a_gap("aws/old/*/*", ended=NOON + timedelta(days=1))
    record(store, gaps=[old])
    before = state(other)
    gaps = [ends, *(a_gap(f"aws/{number}/*/*") for number in range(30))]
    scan = a_scan(store)
    store.claim(scan)
    dying(between, at)
    try:
        settle_with(store, scan, gaps, CELLS)
    except Died:
        pass
    else:
        assert at > 7
    alive(between)
    after_all = (scan.number, tuple(sorted(gaps, key=lambda gap: (gap.gap, gap.first_seen))), frozenset(CELLS))
    assert state(other) in (before, after_all)
    if then == "repeated":
        settle_with(store, scan, gaps, CELLS)
        assert state(other) == after_all
        return
    if then == "a newer scan":
        scan = a_scan(other)
        other.claim(scan)
    moved = state(other)[0]
    later = [replace(gap, first_seen=gap.first_seen + timedelta(hours=1)) for gap in gaps]
    settle_with(other, scan, later, CELLS[:5])
    if moved == scan.number:
        assert state(store) == after_all
    else:
        kept = (old,) if moved == 1 else after_all[1]
        assert set(state(store)[1]) == {*kept, *later}
        assert state(store)[2] == frozenset(CELLS[:5])
    journals = [one for one in everything(scans).values() if one["kind"] == "journal"]
    assert journals == [] or moved == scan.number


@pytest.mark.parametrize("number", range(12))
def test_a_late_delivery_cannot_write_over_what_a_newer_scan_has_settled(store, between, other, number):
    scan = a_scan(store)
    store.claim(scan)
    newer = a_scan(other)
    ended = replace(a_gap(), ended=NOON)

    def overtake():
        other.claim(newer)
        settle_with(other, newer, [ended], CELLS[:1])

    between.before, seen = at_call(number, overtake)
    try:
        settle_with(store, scan, [a_gap()], CELLS)
    except Superseded:
        assert len(seen) > number
    alive(between)
    if len(seen) > number:
        assert state(other) == (newer.number, (ended,), frozenset(CELLS[:1]))
        assert state(store) == state(other)


@pytest.mark.parametrize("number", range(3))
def test_a_reader_that_meets_a_settling_scan_sees_before_or_after(store, between, other, number):
    record(other, gaps=[a_gap("aws/1/*/*")])
    scan = a_scan(other)
    other.claim(scan)
    ended = a_gap("aws/1/*/*", ended=NOON)
    between.before, seen = at_call(number, lambda: settle_with(other, scan, [ended, a_gap("aws/2/*/*")], CELLS))
    assert store.gaps(ended=True) == (ended, a_gap("aws/2/*/*"))
    assert len(seen) >= 3


@pytest.mark.parametrize("number", range(4))
def test_a_reader_of_what_is_still_to_be_written_sees_it_written_or_not(store, between, other, number):
    record(other, gaps=[a_gap("aws/1/*/*")])
    scan = a_scan(store)
    store.claim(scan)
    ended = a_gap("aws/1/*/*", ended=NOON)
    dying(between, 3)
    with pytest.raises(Died):
        settle_with(store, scan, [ended, a_gap("aws/2/*/*")], [])
    alive(between)
    assert store._head()[0].pending
    between.before, seen = at_call(number, lambda: settle_with(other, scan, [], []))
    assert store.gaps(ended=True) == (ended, a_gap("aws/2/*/*"))
    assert len(seen) > number


def test_a_gap_too_large_to_keep_is_refused_by_name(store):
    scan = a_scan(store)
    store.claim(scan)
    with pytest.raises(StoreError, match="aws/1"):
        store.settle(scan, [a_gap("aws/1/*/*", detail="x" * 40_000)], settled(scan))
    assert store.last_scan() is None


def test_names_of_accounts_that_run_together_are_told_apart(store):
    cells = [Cell("a", "b#c", "d"), Cell("a#b", "c", "d"), Cell('a","b', "", "x")]
    scan = a_scan(store)
    store.claim(scan)
    settle_with(store, scan, [], cells)
    assert store.places() == frozenset(cells)


# What the SDK is told


class Throttled(RequestsTransport):
    """Too many requests, so many times, for what is written into one container."""

    def __init__(self, times) -> None:
        super().__init__()
        self.left, self.refused = times, 0

    def send(self, request, **more):
        answer = super().send(request, **more)
        if self.left and request.headers.get("x-ms-cosmos-is-batch-request"):
            self.left -= 1
            self.refused += 1
            answer.status_code = answer.internal_response.status_code = 429
            answer.headers = answer.internal_response.headers = {"x-ms-retry-after-ms": "1"}
        return answer


@contextmanager
def throttled(endpoint, times, **more):
    with Throttled(times) as transport, a_client(endpoint, transport=transport, **more) as client:
        yield client, transport


def test_a_busy_account_is_waited_for_as_long_as_it_says(endpoint, client, name):
    # What it carried out all the same does no harm either.
    with throttled(endpoint, 5) as (patient, transport):
        store = CosmosStore(patient, name, pause=lambda _: None)
        scan = a_scan(store)
        store.claim(scan)
        assert store.apply(scan, [opened(a_row("v1"))]) <= 1
    assert transport.refused == 5
    assert [len(store.history("v1")) for store in [CosmosStore(client, name)]] == [1]


def test_an_account_that_stays_busy_is_said_to_be(endpoint, name):
    with throttled(endpoint, 1000, retry_throttle_total=2) as (hasty, transport):
        pauses = []
        store = CosmosStore(hasty, name, pause=pauses.append)
        with pytest.raises(StoreError, match="is busy; try again later"):
            a_scan(store)
    assert (transport.refused, pauses) == (3, [])


# What people ask with the tools they have


NIGHT = datetime(2026, 3, 5, 0, 30, tzinfo=UTC)

BY_HAND = {
    "of one severity": ("resolved = false AND c.severity = 'critical'", "severity", "cb"),
    "of an account": (f"resolved = false AND c.account = '{THERE}'", "account", "de"),
    "of a rule in an account": (
        f"resolved = false AND c.account = '{THERE}' AND c.rule = 'in-cert-logs'",
        "account, c.rule",
        "e",
    ),
    "of a rule": ("resolved = false AND c.rule = 'in-rbi-payments-storage'", "rule", "cbfa"),
    "in a country": ("resolved = false AND c.country = 'SG'", "country", "e"),
    "of an entity": ("resolved = false AND c.entity = 'acme-eu'", "entity", "f"),
    "of a cause": ("resolved = false AND c.caused_by = 'plan/nightly'", "caused_by", "f"),
    "of a dataset": ("resolved = false AND c.dataset_id = 'arn:other'", "dataset_id", "f"),
    "resolved": ("resolved = true AND c.severity = 'high'", "severity", "g"),
    "with a further condition": ("resolved = false AND c.rule = 'in-cert-logs' AND c.country = 'SG'", "rule", "e"),
    "worst first": ("resolved = false", "", "cbdefa"),
}


@pytest.fixture(scope="module")
def asked_by_hand(client):
    """Questions of README, put to the emulator."""
    name = new_name()
    create_containers(client, name)
    store = CosmosStore(client, name)
    hours = timedelta(hours=1)
    rows = [
        a_row("a", severity="low"),
        a_row("b", severity="critical"),
        a_row("c", severity="critical", opened_at=NOON - hours),
        a_row("d", severity="high", opened_at=NOON - hours, account=THERE, rule="in-other"),
        a_row("e", severity="high", rule="in-cert-logs", country="SG", account=THERE),
        a_row("f", severity="medium", entity="acme-eu", caused_by="plan/nightly", dataset_id="arn:other"),
        a_row("g", severity="high", rule="in-cert-logs"),
    ]
    record(store, *map(opened, rows), gaps=[a_gap(), a_gap("aws/gone/*/*", ended=NOON)])
    late = after(rows[5], "unconfirmed", status="unconfirmed", last_changed=NIGHT + hours)
    record(store, resolved(rows[6], NIGHT), late)
    return name


@pytest.fixture
def by_hand(client, asked_by_hand):
    def ask(text, container="violations"):
        there = client.get_database_client(asked_by_hand).get_container_client(container)
        return list(there.query_items(text, enable_cross_partition_query=True))

    return ask


@pytest.mark.parametrize("question", BY_HAND)
def test_people_ask_with_sql(by_hand, question):
    condition, order, answer = BY_HAND[question]
    ordered = ", ".join(f"c.{one}" for one in ("resolved", order, "rank") if one)
    found = by_hand(f"SELECT * FROM c WHERE c.{condition} ORDER BY {ordered}")
    assert "".join(one["violation_id"] for one in found) == answer


@pytest.mark.parametrize(
    ("text", "container", "field", "answer"),
    [
        ("SELECT * FROM c WHERE c.violation_id = 'c'", "violations", "violation_id", ["c"]),
        (
            "SELECT * FROM c WHERE STARTSWITH(c.changed_at, '2026-03-05') ORDER BY c.changed_at",
            "violations",
            "violation_id",
            ["g", "f"],
        ),
        (
            "SELECT c.transition FROM c WHERE c.history_of = 'g' ORDER BY c.scan_version",
            "violations",
            "transition",
            ["opened", "resolved"],
        ),
        ("SELECT * FROM c WHERE c.kind = 'gap' AND c.open = true", "scans", "gap", ["aws/111122223333/*/*"]),
        ("SELECT * FROM c WHERE c.kind = 'scan' ORDER BY c.name", "scans", "name", ["0000000001", "0000000002"]),
    ],
)
def test_people_ask_about_days_histories_gaps_and_scans(by_hand, text, container, field, answer):
    assert [one[field] for one in by_hand(text, container)] == answer


@pytest.fixture
def told(environment, endpoint, asked_by_hand, capsys):
    """Runs a command as one would at a terminal, and gives what it prints."""

    def run(*arguments, code=Exit.PROVEN, place=""):
        there = place or f"{endpoint.removeprefix('http://')}{asked_by_hand}"
        assert main([*arguments, "--store", f"cosmos://{there}"]) == code
        return capsys.readouterr()

    return run


def test_the_command_line_asks_the_containers(told):
    lines = told("violations", "--account", THERE, "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["violation_id"] for line in lines] == ["d", "e"]
    assert "acme-eu" in told("violations", "--status", "unconfirmed", "--format", "csv").out


def test_the_command_line_says_in_one_sentence_what_is_not_there(told):
    unreachable = told("violations", code=Exit.FAILURE, place="127.0.0.1:9/domicile")
    assert unreachable.out == ""
    assert "cannot be reached" in unreachable.err
    assert len(unreachable.err.splitlines()) == 1
    stranger = told("violations", code=Exit.FAILURE, place="acme.documents.azure.com/domicile")
    assert "az login" in stranger.err
    assert len(stranger.err.splitlines()) == 1


def test_the_command_line_explains_a_row_and_lists_gaps(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [gap] = told("gaps", "--format", "jsonl").out.splitlines()
    assert json.loads(gap)["gap"] == "aws/111122223333/*/*"
    assert len(told("gaps", "--ended", "--format", "jsonl").out.splitlines()) == 2


def test_a_scan_keeps_here_what_it_keeps_on_a_laptop(url, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("domicile.yaml").write_text(small_bank.FILE, encoding="utf-8")
    with LocalCloud(enabled=small_bank.REGIONS) as cloud:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        for number in (1, 2):
            assert main(["scan", "--store", url]) == Exit.VIOLATIONS
            assert capsys.readouterr().out.startswith(f"Scan {number},")
        assert main(["scan"]) == Exit.VIOLATIONS
    stores = open_store(url), open_store("sqlite:///domicile.db")
    there, here = ([replace(row, **TIMES) for row in store.known().values()] for store in stores)
    assert there == here
    assert stores[0].places() == stores[1].places()
    capsys.readouterr()
    assert main(["explain", here[0].violation_id, "--store", url]) == Exit.PROVEN
    assert here[0].because in " ".join(capsys.readouterr().out.split())
    for store in stores:
        store.close()
