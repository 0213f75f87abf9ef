import json
import re
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError
from moto import mock_aws
from msgspec.structs import replace

from domicile.cli import main
from domicile.errors import Conflict, StoreError, Superseded, UsageError
from domicile.model import SEVERITIES, Cell
from domicile.scan import Exit
from domicile.stores import Question, open_store
from domicile.stores.dynamodb import TRIES, DynamoStore, short
from domicile.stores.dynamodb_tables import HISTORY, SCHEMA, TABLES
from dynamodb_emulator import REGION, a_client, create_tables, emulator, find_emulator, new_name
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

READS = {"GetItem", "BatchGetItem", "Query"}


@pytest.fixture(scope="module")
def endpoint():
    with emulator() as endpoint:
        yield endpoint


def places_on(client):
    def new_place():
        name = new_name()
        create_tables(client, name)
        return lambda: DynamoStore(name, client, pause=lambda _: None)

    return new_place


class TestOnMoto(StoreContract):
    stride = 60
    examples = 3

    @pytest.fixture
    def new_place(self):
        with mock_aws():
            yield places_on(a_client())


class TestOnTheEmulator(StoreContract):
    stride = 9
    examples = 15

    @pytest.fixture
    def new_place(self, endpoint):
        return places_on(a_client(endpoint))


@pytest.fixture(scope="module")
def anywhere():
    """The emulator if it is here, since moto copies all its tables for each transaction."""
    with ExitStack() as stack:
        if find_emulator():
            yield stack.enter_context(emulator())
        else:
            stack.enter_context(mock_aws())
            yield None


@pytest.fixture
def client(anywhere):
    client = a_client(anywhere)
    create_tables(client, "domicile")
    yield client
    for name in set(client.list_tables()["TableNames"]) & {table.name("domicile") for table in TABLES}:
        client.delete_table(TableName=name)
    client.close()


class Between:
    """A client with something of the test's own before or after its calls; `calls` says what went through."""

    def __init__(self, client) -> None:
        self._client = client
        self.meta, self.exceptions = client.meta, client.exceptions
        self.calls: list[tuple[str, dict]] = []
        self.before = self.after = lambda operation, parameters: None

    def _call(self, operation, name, parameters):
        answer = self.before(operation, parameters)
        if answer is None:
            answer = getattr(self._client, name)(**parameters)
        self.calls.append((operation, parameters))
        self.after(operation, parameters)
        return answer

    def get_item(self, **parameters):
        return self._call("GetItem", "get_item", parameters)

    def batch_get_item(self, **parameters):
        return self._call("BatchGetItem", "batch_get_item", parameters)

    def update_item(self, **parameters):
        return self._call("UpdateItem", "update_item", parameters)

    def delete_item(self, **parameters):
        return self._call("DeleteItem", "delete_item", parameters)

    def transact_write_items(self, **parameters):
        return self._call("TransactWriteItems", "transact_write_items", parameters)

    def get_paginator(self, operation):
        return Pages(self, operation)

    def close(self):
        self._client.close()

    def operations(self):
        return [operation for operation, _ in self.calls]

    def writes(self):
        """Everything that was written in transactions, as (kind of write, what)."""
        for operation, parameters in self.calls:
            if operation == "TransactWriteItems":
                for write in parameters["TransactItems"]:
                    yield from write.items()


class Pages:
    """Pages of a query, each a call of its own."""

    def __init__(self, between, operation) -> None:
        assert operation == "query"
        self._between = between

    def paginate(self, *, PaginationConfig=None, **parameters):  # noqa: N803 the SDK's name
        if PaginationConfig:
            parameters["Limit"] = PaginationConfig["PageSize"]
        while True:
            page = self._between._call("Query", "query", parameters)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            parameters = parameters | {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@pytest.fixture
def between(client):
    return Between(client)


@pytest.fixture
def store(between):
    return DynamoStore("domicile", between, pause=lambda _: None)


@pytest.fixture
def other(client):
    """Another process."""
    return DynamoStore("domicile", client, pause=lambda _: None)


def refusal(operation, code, message="", **more):
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, operation)


def cancelled(client, *codes):
    reasons = [{"Code": code} for code in codes]
    answer = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    return client.exceptions.TransactionCanceledException(answer, "TransactWriteItems")


def first(times, what, operation):
    """Raise `what` the first so many times an operation is called."""
    left = iter(range(times))

    def before(called, parameters):
        if called == operation and next(left, None) is not None:
            raise what

    return before


# Where the tables are


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return monkeypatch


@pytest.fixture
def local(client, environment, anywhere):
    if anywhere:
        environment.setenv("AWS_ENDPOINT_URL", anywhere)


def test_a_url_names_table_region_and_profile(local, environment, tmp_path):
    (tmp_path / "config").write_text("[profile audit]\nregion = ap-south-1\n", encoding="utf-8")
    keys = "[audit]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
    (tmp_path / "credentials").write_text(keys, encoding="utf-8")
    for url in ("dynamodb://domicile?region=ap-south-1", "dynamodb://domicile?profile=audit"):
        store = open_store(url)
        assert str(store) == "dynamodb://domicile?region=ap-south-1"
        store.close()


def test_without_a_region_in_the_url_the_environment_says_it(local, environment):
    environment.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    store = open_store("dynamodb://domicile")
    assert str(store) == "dynamodb://domicile?region=ap-south-1"
    store.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("dynamodb://", "write dynamodb://TABLE"),
        ("dynamodb://a", "write dynamodb://TABLE"),
        ("dynamodb://two words?region=ap-south-1", "write dynamodb://TABLE"),
        ("dynamodb://domicile/more?region=ap-south-1", "write dynamodb://TABLE"),
        ("dynamodb://domicile:80?region=ap-south-1", "write dynamodb://TABLE"),
        (f"dynamodb://{'x' * 248}?region=ap-south-1", "write dynamodb://TABLE"),
        ("dynamodb://domicile?regoin=ap-south-1", "regoin"),
        ("dynamodb://domicile?region=ap-south-1&key=secret", "key"),
        ("dynamodb://domicile?region=", "in which region"),
        ("dynamodb://domicile", "in which region"),
        ("dynamodb://domicile?profile=nobody&region=ap-south-1", "nobody"),
        ("dynamodb://domicile?region=a%20b", "a b"),
        ("dynamodb://domicile?region=x/../y", "x/../y"),
    ],
)
def test_what_is_no_url_of_a_table_is_refused(environment, url, told):
    with pytest.raises(UsageError, match=re.escape(told)):
        open_store(url)


def assert_one_sentence(error, *words):
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith("dynamodb://domicile?region=ap-south-1 ")
    for word in words:
        assert word in text


def test_tables_that_are_not_there_are_named():
    with mock_aws(), pytest.raises(StoreError) as error:
        DynamoStore("domicile", a_client())
    assert_one_sentence(error, "domicile-history", "domicile-scans", "deploy")


@pytest.mark.parametrize("missing", TABLES, ids=lambda table: table.suffix or "violations")
def test_a_table_that_is_missing_among_three_is_never_read_as_empty(client, missing):
    client.delete_table(TableName=missing.name("domicile"))

    def ask_all_three():
        store = DynamoStore("domicile", client)
        return store.known(), store.history("v1")

    with pytest.raises(StoreError) as error:
        ask_all_three()
    assert_one_sentence(error, "is not there, or not all of it")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            refusal("GetItem", "AccessDeniedException", "User: x is not authorized to perform: dynamodb:GetItem"),
            "GetItem",
        ),
        (refusal("GetItem", "UnrecognizedClientException", "The security token is invalid."), "credentials"),
        (refusal("GetItem", "ExpiredTokenException", "The security token has\nexpired"), "has expired"),
        (refusal("GetItem", "ThrottlingException", "Rate exceeded"), "try again later"),
        (refusal("GetItem", "InternalServerError", "no"), "InternalServerError"),
        (NoCredentialsError(), "without credentials"),
        (ConnectTimeoutError(endpoint_url="https://dynamodb.ap-south-1.amazonaws.com"), "cannot be reached"),
    ],
)
def test_what_keeps_one_from_a_table_is_said_in_one_sentence(between, failure, words):
    between.before = first(1, failure, "GetItem")
    with pytest.raises(StoreError) as error:
        DynamoStore("domicile", between)
    assert_one_sentence(error, words)


@pytest.mark.parametrize("operation", ["Query", "BatchGetItem"])
def test_a_refusal_is_never_read_as_no_violations(store, between, operation):
    record(store, opened(a_row()))
    between.before = first(1, refusal(operation, "AccessDeniedException", "no"), operation)
    with pytest.raises(StoreError) as error:
        store.known()
    assert_one_sentence(error, "may not be used")


@pytest.mark.parametrize(("schema", "word"), [(SCHEMA + 1, "newer"), (SCHEMA - 1, "older")])
def test_tables_of_another_version_are_refused_and_left_as_they_are(client, store, schema, word):
    record(store, opened(a_row()))
    key = {"kind": {"S": "head"}, "name": {"S": "head"}}
    client.update_item(
        TableName="domicile-scans",
        Key=key,
        UpdateExpression="SET #schema = :schema",
        ExpressionAttributeNames={"#schema": "schema"},
        ExpressionAttributeValues={":schema": {"N": str(schema)}},
    )
    before = client.get_item(TableName="domicile-scans", Key=key)["Item"]
    with pytest.raises(StoreError) as error:
        DynamoStore("domicile", client)
    assert_one_sentence(error, word, "upgrade")
    assert client.get_item(TableName="domicile-scans", Key=key)["Item"] == before


def test_an_index_that_is_missing_is_said_to_be_another_versions(store, between):
    missing = refusal("Query", "ValidationException", "The table does not have the specified index: by_cause")
    between.before = first(1, missing, "Query")
    with pytest.raises(StoreError) as error:
        store.ask(Question(caused_by="plan/nightly"))
    assert_one_sentence(error, "lacks an index", "by_cause")


@pytest.mark.parametrize("what", [{"version": {"S": "one"}}, {"status": {"S": "closed"}}, {"evidence": {"N": "1"}}])
def test_a_damaged_row_is_explained(store, client, what):
    record(store, opened(a_row()))
    item = client.get_item(TableName="domicile", Key={"violation_id": {"S": "v1"}})["Item"]
    client.put_item(TableName="domicile", Item=item | what)
    with pytest.raises(StoreError, match="damaged record"):
        store.known()


# Rows as they lie there


def item_of(client, violation_id="v1"):
    return client.get_item(TableName="domicile", Key={"violation_id": {"S": violation_id}})["Item"]


def test_a_row_lies_there_under_the_names_people_know(store, client):
    row = a_row()
    record(store, opened(row))
    item = item_of(client)
    for name in ("rule", "account", "status", "because", "severity", "country"):
        assert item[name] == {"S": getattr(row, name)}
    assert item["copies"] == item["version"] == {"N": "1"}
    assert item["opened_at"] == {"S": "2026-03-04T12:00:00Z"}
    assert item["classes"] == {"L": [{"S": "payment.card"}]}
    assert item["evidence"]["L"][0]["M"]["operation"] == {"S": "GetBucketReplication"}
    assert "resolved_at" not in item


def test_open_attributes_are_there_only_while_a_row_is_not_resolved(store, client):
    row = a_row()
    record(store, opened(row))
    standing = item_of(client)
    assert {name for name in standing if name.startswith("open_")} == {
        "open_severity",
        "open_account",
        "open_account_rule",
        "open_rule",
        "open_country",
        "open_entity",
        "open_cause",
        "open_dataset",
    }
    assert not {"expires_at", "resolved_severity"} & standing.keys()
    record(store, resolved(row))
    gone = item_of(client)
    assert not any(name.startswith("open_") for name in gone)
    assert gone["resolved_severity"] == {"S": "critical"}
    assert gone["expires_at"] == {"N": str(int((NOON + timedelta(days=400)).timestamp()))}


def test_a_row_about_no_place_and_no_cause_is_in_no_index_of_them(store, client):
    record(store, opened(a_row(country="", caused_by="", account="")))
    names = item_of(client).keys()
    assert not {"open_country", "open_cause", "open_account", "open_account_rule"} & names
    assert {"open_rule", "open_entity", "open_severity"} <= names


def test_an_expired_row_that_still_lies_there_is_gone_for_writes_too(store, client):
    row = a_row()
    record(store, opened(row))
    gone = resolved(row, NOON - timedelta(days=401))
    record(store, gone)
    assert item_of(client)["version"] == {"N": "2"}
    scan = a_scan(store)
    store.claim(scan)
    with pytest.raises(Conflict, match="version 0, not 2"):
        store.apply(scan, [after(gone.row, "reopened", status="open", resolved_at=None)])
    assert store.apply(scan, [opened(row)]) == 1
    assert store.known() == {"v1": row}
    assert "expires_at" not in item_of(client)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_that_looks_like_an_expression_is_only_a_value(store, text):
    record(store, opened(a_row()))
    for field in ("severity", "rule", "account", "country", "entity", "caused_by", "dataset"):
        assert store.ask(Question(**{field: text})) == ()
    assert store.ask(Question(statuses=(text,))) == ()
    assert list(store.known()) == ["v1"]


def test_long_names_that_begin_alike_are_told_apart(store):
    one, two = "x" * 3000 + "1", "x" * 3000 + "2"
    assert len(short(one).encode()) < 1024
    record(store, opened(a_row("v1", account=one[-2500:])), opened(a_row("v2", account=two[-2500:])))
    assert ids(store.ask(Question(account=one[-2500:]))) == ["v1"]


@pytest.mark.parametrize("text", ["", "x" * 3000, "\ud800"])
def test_what_can_be_no_id_is_not_there(store, text):
    record(store, opened(a_row()))
    assert list(store.fetch([text, "v1"])) == ["v1"]
    assert store.history(text) == ()


# Questions


ASKED = [
    (Question(), "by_severity", 4),
    (Question(limit=10), "by_severity", 4),
    (Question(severity="critical"), "by_severity", 1),
    (Question(account="a"), "by_account", 1),
    (Question(account="a", rule="r"), "by_account_rule", 1),
    (Question(account="a", rule="r", severity="low"), "by_account_rule", 1),
    (Question(rule="r"), "by_rule", 1),
    (Question(country="US"), "by_country", 1),
    (Question(entity="e"), "by_entity", 1),
    (Question(entity="e", account="a"), "by_account", 1),
    (Question(caused_by="c"), "by_cause", 1),
    (Question(dataset="d"), "by_dataset", 1),
    (Question(dataset="d", account="a", rule="r"), "by_dataset", 1),
    (Question(statuses=("open",), account="a"), "by_account", 1),
    (Question(statuses=("open", "exempted"), dataset="d"), "by_dataset", 1),
    (Question(statuses=("resolved",)), "resolved", 4),
    (Question(statuses=("resolved",), account="a"), "resolved", 4),
    (Question(statuses=("resolved",), severity="high"), "resolved", 1),
    (Question(changed_on=NOON.date()), "changed_on", 1),
    (Question(changed_on=NOON.date(), account="a", statuses=("open",)), "changed_on", 1),
]


@pytest.mark.parametrize(("question", "index", "queries"), ASKED)
def test_every_question_is_answered_by_queries_of_its_index(store, between, question, index, queries):
    between.calls.clear()
    store.ask(question)
    assert [parameters["IndexName"] for operation, parameters in between.calls if operation == "Query"] == [
        index
    ] * queries
    assert set(between.operations()) == {"Query"}


def test_both_halves_are_asked_for_where_both_are_wanted(store, between):
    between.calls.clear()
    store.ask(Question(statuses=("resolved", "open"), rule="r"))
    assert {parameters["IndexName"] for _, parameters in between.calls} == {"by_rule", "resolved"}


def test_nothing_ever_walks_a_whole_table(store, between):
    record(store, opened(a_row()), gaps=[a_gap()])
    store.known(), store.fetch(["v1"]), store.gaps(ended=True), store.scans(), store.ledger(), store.places()
    assert set(between.operations()) <= READS | {"UpdateItem", "DeleteItem", "TransactWriteItems"}


def test_a_question_with_a_limit_stops_asking_when_it_has_its_answer(store, between):
    record(
        store, *(opened(a_row(f"v{number}", severity=severity)) for number in range(3) for severity in SEVERITIES[:1])
    )
    between.calls.clear()
    assert ids(store.ask(Question(limit=2))) == ["v0", "v1"]
    assert between.operations() == ["Query"]
    assert between.calls[0][1]["Limit"] == 2


def test_answers_come_from_many_pages(store, between):
    record(store, *(opened(a_row(f"v{number:02}", country="SG" if number % 3 else "US")) for number in range(20)))

    def small(operation, parameters):
        if operation == "Query":
            parameters["Limit"] = 3

    between.before = small
    everything = [f"v{number:02}" for number in range(20)]
    assert ids(store.ask(Question())) == list(store.known()) == everything
    assert ids(store.ask(Question(account="111122223333", country="US"))) == everything[::3]
    assert ids(store.ask(Question(account="111122223333", country="US", limit=4))) == everything[::3][:4]


# Indexes that lag


def lagging(between, until):
    """From now on every index answers as it did at the first call, `until` says whether it still does."""
    kept = {}

    def before(operation, parameters):
        if operation == "Query" and "IndexName" in parameters and until():
            question = repr(sorted(parameters.items()))
            if question not in kept:
                kept[question] = between._client.query(**parameters)
            return kept[question]
        return None

    between.before = before


def test_what_is_known_is_read_from_the_rows_not_from_an_index_that_lags(store, between):
    rows = [a_row(f"v{number}") for number in range(3)]
    record(store, *map(opened, rows))
    lagging(between, lambda: True)
    assert list(store.known()) == ["v0", "v1", "v2"]
    changed = after(rows[1], because="Seen again.")
    record(store, resolved(rows[0]), changed)
    assert store.known() == {"v1": changed.row, "v2": rows[2]}


def test_a_row_that_is_gone_but_still_in_the_index_is_left_out(store, between, client):
    record(store, opened(a_row("v1")), opened(a_row("v2")))
    lagging(between, lambda: True)
    store.known()
    client.delete_item(TableName="domicile", Key={"violation_id": {"S": "v1"}})
    assert list(store.known()) == ["v2"]


def test_keys_that_were_not_answered_are_asked_for_again(store, between):
    record(store, *(opened(a_row(f"v{number}")) for number in range(30)))

    def few(operation, parameters):
        if operation != "BatchGetItem":
            return None
        [(table, asked)] = parameters["RequestItems"].items()
        some, rest = asked["Keys"][:7], asked["Keys"][7:]
        answer = between._client.batch_get_item(RequestItems={table: asked | {"Keys": some}})
        assert asked["ConsistentRead"]
        return answer | {"UnprocessedKeys": {table: asked | {"Keys": rest}} if rest else {}}

    between.before = few
    assert len(store.known()) == 30


def test_keys_that_are_never_answered_are_no_empty_answer(store, between):
    pauses = []
    store._pause = pauses.append
    record(store, opened(a_row()))

    def none(operation, parameters):
        return {"Responses": {}, "UnprocessedKeys": parameters["RequestItems"]} if operation == "BatchGetItem" else None

    between.before = none
    with pytest.raises(StoreError, match="try again later"):
        store.known()
    assert len(pauses) == TRIES


# Writes that meet others


def test_a_scan_superseded_between_any_two_calls_writes_nothing_more(store, other, between):
    older, newer = a_scan(store), a_scan(other)
    store.claim(older)
    store.apply(older, [opened(a_row("v1"))])
    between.before = lambda operation, _: other.claim(newer) if operation == "TransactWriteItems" else None
    with pytest.raises(Superseded):
        store.apply(older, [opened(a_row("v2"))])
    assert list(other.known()) == ["v1"]
    assert other.history("v2") == ()


def test_a_settling_scan_superseded_between_any_two_calls_leaves_gaps_and_places_as_they_were(store, other, between):
    cell = Cell("aws", "111122223333", "ap-south-1")
    older, newer = a_scan(store), a_scan(other)
    store.claim(older)
    between.before = lambda operation, _: other.claim(newer) if operation == "TransactWriteItems" else None
    with pytest.raises(Superseded):
        store.settle(older, [a_gap()], settled(older), [cell])
    assert (other.gaps(), other.places(), other.last_scan()) == ((), frozenset(), None)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_met_another_is_tried_again(store, between, code):
    scan = a_scan(store)
    store.claim(scan)
    pauses = []
    store._pause = pauses.append
    between.before = first(3, cancelled(between, "None", code, "None"), "TransactWriteItems")
    assert store.apply(scan, [opened(a_row())]) == 1
    assert len(pauses) == 3
    assert all(0 <= pause <= 5 for pause in pauses)


def test_a_transaction_that_always_meets_others_is_given_up(store, between):
    scan = a_scan(store)
    store.claim(scan)
    pauses = []
    store._pause = pauses.append
    between.before = first(1000, cancelled(between, "TransactionConflict", "None"), "TransactWriteItems")
    with pytest.raises(StoreError, match="try again later"):
        store.apply(scan, [opened(a_row())])
    assert len(pauses) == TRIES


def test_a_transaction_that_can_never_succeed_is_not_tried_again(store, between):
    scan = a_scan(store)
    store.claim(scan)
    between.before = first(1000, cancelled(between, "None", "ValidationError"), "TransactWriteItems")
    between.calls.clear()
    with pytest.raises(StoreError, match="cannot be used"):
        store.apply(scan, [opened(a_row())])
    assert between.operations() == ["GetItem"]


def test_an_answer_that_was_lost_doubles_nothing(store, between):
    """The transaction was carried out, and nobody heard of it."""
    scan = a_scan(store)
    store.claim(scan)

    def lost(operation, parameters):
        if operation == "TransactWriteItems":
            between.after = lambda *_: None
            raise ConnectTimeoutError(endpoint_url="https://dynamodb.ap-south-1.amazonaws.com")

    between.after = lost
    with pytest.raises(StoreError, match="cannot be reached"):
        store.apply(scan, [opened(a_row("v1"))])
    assert store.apply(scan, [opened(a_row("v1")), opened(a_row("v2"))]) == 1
    assert [len(store.history(name)) for name in ("v1", "v2")] == [1, 1]


def test_two_deliveries_of_one_scan_write_every_row_once(store, other):
    scan = a_scan(store)
    store.claim(scan)
    changes = [opened(a_row(f"v{number:03}")) for number in range(120)]
    assert other.apply(scan, changes[::2]) == 60
    assert store.apply(scan, changes) == 60
    assert len(store.known()) == 120
    assert {len(store.history(change.row.violation_id)) for change in changes} == {1}


def test_many_changes_take_few_calls(store, between):
    scan = a_scan(store)
    store.claim(scan)
    changes = [opened(a_row(f"v{number:03}")) for number in range(200)]
    between.calls.clear()
    assert store.apply(scan, changes) == 200
    assert between.operations() == ["GetItem", *["TransactWriteItems"] * 5]
    for _, parameters in between.calls[1:]:
        writes = parameters["TransactItems"]
        assert len(writes) <= 100
        assert "ConditionCheck" in writes[0]


def test_a_row_changed_twice_in_one_call_takes_two_transactions(store):
    scan = a_scan(store)
    store.claim(scan)
    again = after(a_row(), because="again")
    assert store.apply(scan, [opened(a_row()), again]) == 2
    assert store.known() == {"v1": again.row}


def test_history_is_only_ever_added_to(store, between, client):
    row = a_row()
    record(store, opened(row))
    record(store, resolved(row))
    lines = [what for what in between.writes() if what[1]["TableName"] == HISTORY.name("domicile")]
    assert len(lines) == 2
    for kind, what in lines:
        assert kind == "Put"
        assert what["ConditionExpression"] == "attribute_not_exists(#violation_id)"
    key = {"violation_id": {"S": "v1"}, "scan_version": {"S": "0000000001 000001"}}
    assert client.get_item(TableName="domicile-history", Key=key)["Item"]["transition"] == {"S": "opened"}


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
    assert [len(what["TransactItems"]) for operation, what in between.calls if operation == "TransactWriteItems"] == [2]
    scan = a_scan(store)
    store.claim(scan)
    between.calls.clear()
    settle_with(store, scan, [], CELLS[3:])
    places = [what for kind, what in between.writes() if kind in {"Put", "Delete"} and "'place'" in repr(what)]
    assert len(places) == 2  # An account with a region less, and one that is gone.
    assert store.places() == frozenset(CELLS[3:])


def state(store):
    last = store.last_scan()
    return last and last.scan.number, store.gaps(ended=True), store.places()


class Died(BaseException):
    """The process, in the middle of something."""


def dying(between, at):
    """The process dies at its call number `at` that writes, alternately before and after it is carried out."""
    calls = iter(range(at + 1))
    count = {"before": -1}

    def before(operation, parameters):
        if operation not in READS:
            count["before"] = next(calls, -1)
            if count["before"] == at and at % 2:
                raise Died

    def done(operation, parameters):
        if operation not in READS and count["before"] == at:
            raise Died

    between.before, between.after = before, done


def alive(between):
    between.before = between.after = lambda *_: None


@pytest.mark.parametrize("then", ["repeated", "repeated elsewhere with other times", "a newer scan"])
@pytest.mark.parametrize("at", range(10))
def test_a_scan_that_dies_while_it_settles_leaves_all_or_nothing(store, between, other, at, then):
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
    journals = other._query(TABLES[2], {"kind": "journal"}, "#kind = :kind", consistent=True)
    assert list(journals) == [] or moved == scan.number


@pytest.mark.parametrize("moment", ["Update", "ConditionCheck"])
def test_a_late_delivery_cannot_write_over_what_a_newer_scan_has_settled(store, between, other, moment):
    scan = a_scan(store)
    store.claim(scan)
    newer = a_scan(other)
    moved = []

    def overtake(operation, parameters):
        # The head has moved, or what is to be written for that has been read, and is still to be written.
        first_write = parameters["TransactItems"][0] if operation == "TransactWriteItems" else {}
        about = first_write.get(moment, {}).get("ExpressionAttributeNames", {})
        if "#pending" in about and not moved:
            moved.append(True)
            if moment == "Update":
                between._client.transact_write_items(**parameters)
            other.claim(newer)
            settle_with(other, newer, [replace(a_gap(), ended=NOON)], CELLS[:1])
            return {} if moment == "Update" else None
        return None

    between.before = overtake
    settle_with(store, scan, [a_gap()], CELLS)
    assert moved
    assert state(other) == (newer.number, (replace(a_gap(), ended=NOON),), frozenset(CELLS[:1]))


@pytest.mark.parametrize("at", [1, 2])
def test_a_reader_that_meets_a_settling_scan_sees_before_or_after(store, between, other, at):
    record(other, gaps=[a_gap("aws/1/*/*")])
    scan = a_scan(other)
    other.claim(scan)
    ended = a_gap("aws/1/*/*", ended=NOON)
    queries = []

    def meet(operation, parameters):
        if operation == "Query":
            queries.append(parameters)
            if len(queries) == at:
                settle_with(other, scan, [ended, a_gap("aws/2/*/*")], CELLS)

    between.before = meet
    assert store.gaps(ended=True) == (ended, a_gap("aws/2/*/*"))


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


# What people ask with the tools they have


NIGHT = datetime(2026, 3, 5, 0, 30, tzinfo=UTC)

BY_HAND = {
    "of one severity": ('"domicile"."by_severity"', "open_severity = 'critical'", "rank", "cb"),
    "of an account": ('"domicile"."by_account"', "open_account = '444455556666'", "rank", "de"),
    "of a rule in an account": (
        '"domicile"."by_account_rule"',
        "open_account_rule = '444455556666#in-cert-logs'",
        "rank",
        "e",
    ),
    "of a rule": ('"domicile"."by_rule"', "open_rule = 'in-rbi-payments-storage'", "rank", "cbfa"),
    "in a country": ('"domicile"."by_country"', "open_country = 'SG'", "rank", "e"),
    "of an entity": ('"domicile"."by_entity"', "open_entity = 'acme-eu'", "rank", "f"),
    "of a cause": ('"domicile"."by_cause"', "open_cause = 'plan/nightly'", "rank", "f"),
    "of a dataset": ('"domicile"."by_dataset"', "open_dataset = 'arn:other'", "rank", "f"),
    "changed on a day": ('"domicile"."changed_on"', "changed_day = '2026-03-05'", "changed_at", "gf"),
    "resolved": ('"domicile"."resolved"', "resolved_severity = 'high'", "rank", "g"),
    "with a further condition": ('"domicile"."by_rule"', "open_rule = 'in-cert-logs' AND country = 'SG'", "rank", "e"),
    "by id": ('"domicile"', "violation_id = 'c'", "", "c"),
    "its history": ('"domicile-history"', "violation_id = 'g'", "scan_version", "gg"),
}


@pytest.fixture(scope="module")
def asked_by_hand(endpoint):
    """Questions of README, put to the emulator."""
    client = a_client(endpoint)
    create_tables(client, "domicile")
    store = DynamoStore("domicile", client)
    hours = timedelta(hours=1)
    rows = [
        a_row("a", severity="low"),
        a_row("b", severity="critical"),
        a_row("c", severity="critical", opened_at=NOON - hours),
        a_row("d", severity="high", opened_at=NOON - hours, account="444455556666", rule="in-other"),
        a_row("e", severity="high", rule="in-cert-logs", country="SG", account="444455556666"),
        a_row("f", severity="medium", entity="acme-eu", caused_by="plan/nightly", dataset_id="arn:other"),
        a_row("g", severity="high", rule="in-cert-logs"),
    ]
    record(store, *map(opened, rows))
    late = after(rows[5], "unconfirmed", status="unconfirmed", last_changed=NIGHT + hours)
    record(store, resolved(rows[6], NIGHT), late)
    yield client
    client.close()


@pytest.mark.parametrize("question", BY_HAND)
def test_people_ask_with_partiql(asked_by_hand, question):
    source, condition, order, answer = BY_HAND[question]
    statement = f"SELECT * FROM {source} WHERE {condition}" + (f" ORDER BY {order}" if order else "")
    found = asked_by_hand.execute_statement(Statement=statement)["Items"]
    assert "".join(item["violation_id"]["S"] for item in found) == answer


@pytest.fixture
def told(environment, endpoint, asked_by_hand, capsys):
    """Runs a command as one would at a terminal, and gives what it prints."""
    environment.setenv("AWS_ENDPOINT_URL", endpoint)

    def run(*arguments, code=Exit.PROVEN):
        assert main([*arguments, "--store", f"dynamodb://domicile?region={REGION}"]) == code
        return capsys.readouterr()

    return run


def test_the_command_line_asks_the_table(told):
    lines = told("violations", "--account", "444455556666", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["violation_id"] for line in lines] == ["d", "e"]
    assert "acme-eu" in told("violations", "--status", "unconfirmed", "--format", "csv").out


def test_the_command_line_says_in_one_sentence_what_is_not_there(told, environment):
    environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    environment.setenv("AWS_MAX_ATTEMPTS", "1")
    told_there = told("violations", code=Exit.FAILURE)
    assert told_there.out == ""
    assert "cannot be reached" in told_there.err
    assert len(told_there.err.splitlines()) == 1
