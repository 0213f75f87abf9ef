"""The functions of a deployment on Azure, without Azure: how they are bound, what the orchestration does when things
fail, repeat or come late, and that its rows are those of the laptop."""

import asyncio
import importlib.util
import inspect
import json
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.durable_functions.models.utils import http_utils
from msgspec.structs import replace

import azure_storage_emulator
import cosmos_emulator
from domicile import cli
from domicile.blobs import open_blobs
from domicile.demo.tenant import TOKEN, Arm, serving
from domicile.scan import Exit
from domicile.stores import open_store
from durable_replay import Failed, Host
from local_http import Said, answering

ROOT = Path(__file__).parents[1] / "functions" / "azure"
STEPS = ("plan", "collect", "settle", "notify")
BANK, SHOP = "11111111-0000-0000-0000-00000000000a", "22222222-0000-0000-0000-00000000000b"
FILE = f"""
version: 1
entities:
  - id: bank
    name: Bulbul Bank
    country: IN
    origin: [IN]
    actors: [payment_system_operator]
    owns: ["{BANK}", "mg:bulbul"]
    owner: data@bank.example
classify:
  tags: [{{key: data-class}}]
policies: [in-rbi-payment-data]
"""


@pytest.fixture(name="app", scope="module")
def the_app():
    """Loaded by file, as the worker does."""
    spec = importlib.util.spec_from_file_location("function_app", ROOT / "function_app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="functions", scope="module")
def indexed(app):
    """An app can be indexed once."""
    return {one.get_function_name(): one for one in app.app.get_functions()}


# How they are bound


def test_every_function_is_bound_to_what_calls_it(functions):
    def bound(one):
        return sorted((binding.type, binding.name) for binding in one.get_bindings())

    assert {name: bound(one) for name, one in functions.items()} == {
        "start": [("durableClient", "client"), ("timerTrigger", "timer")],
        **{name: [("orchestrationTrigger", "context")] for name in ("scan", "collect_some", "collect_one")},
        **{name: [("activityTrigger", "state")] for name in STEPS},
    }


def test_what_starts_a_scan_is_told_when_by_the_deployment(functions):
    assert functions["start"].get_trigger().get_dict_repr()["schedule"] == "%DOMICILE_SCHEDULE%"


def test_the_worker_can_load_every_function(functions):
    """It wants a parameter for every binding, annotated with a class: `dict[str, Any]` is none to it."""
    for function, one in functions.items():
        call = one.get_user_function()
        parameters = inspect.signature(call).parameters
        assert set(parameters) == {binding.name for binding in one.get_bindings()}
        for name in parameters:
            assert isinstance(call.__annotations__[name], type), (function, name)


def test_a_step_hands_back_before_the_host_ends_it(app):
    host = json.loads((ROOT / "host.json").read_text("utf-8"))
    limit = datetime.strptime(host["functionTimeout"], "%H:%M:%S").replace(tzinfo=UTC)
    assert timedelta(hours=limit.hour, minutes=limit.minute).total_seconds() > 3 * app.STRETCH
    # Lines of the log come under `Function.NAME.User`.
    assert host["logging"]["logLevel"]["Function"] == "Information"


# What starts a scan


@pytest.fixture(name="started")
def starting(functions, caplog):
    """What the timer does where the one instance is as given: the requests that the real client makes of the host."""
    start = functions["start"].get_user_function()

    def started(status, created=None):
        asked = []

        def answer(request):
            asked.append((request.method, request.path))
            if request.method == "GET":
                known = (
                    {"instanceId": "scan", "runtimeStatus": status, "createdTime": created.isoformat()}
                    if status
                    else {}
                )
                return Said(200 if status else 404, json.dumps(known).encode(), {"Content-Type": "application/json"})
            said = {"id": "scan", "instancesDeleted": 0}
            code = 200 if request.method == "DELETE" else 202
            return Said(code, json.dumps(said).encode(), {"Content-Type": "application/json"})

        async def go(address):
            bindings = {"taskHubName": "hub", "creationUrls": {}, "managementUrls": {}, "rpcBaseUrl": f"{address}/"}
            try:
                await start(timer=None, client=json.dumps(bindings))
            finally:
                await http_utils._close_session()

        with answering(answer) as address:
            asyncio.run(go(address))
        return asked[1:]

    return started


NEW = [("POST", "/orchestrators/scan/scan"), ("DELETE", "/instances/")]


@pytest.mark.parametrize("status", [None, "Completed", "Failed", "Terminated", "Canceled"])
def test_a_scan_is_started_where_none_is_running(started, status):
    assert started(status, datetime.now(UTC) - timedelta(days=2)) == NEW


@pytest.mark.parametrize("status", ["Running", "Pending", "Suspended", "ContinuedAsNew"])
def test_no_scan_is_started_while_one_is_running(started, caplog, status):
    assert started(status, datetime.now(UTC) - timedelta(hours=2)) == []
    assert json.loads(caplog.messages[-1])["event"] == "scan not started"


def test_a_scan_that_runs_for_more_than_a_day_is_ended(started):
    assert started("Running", datetime.now(UTC) - timedelta(days=2)) == [("POST", "/instances/scan/terminate")]


# The orchestration, with steps that do as they are told

MANY = tuple(f"sub-{number:03}" for number in range(450))


class Steps:
    """Steps that do nothing but fail and repeat as told, by account."""

    def __init__(self, accounts=MANY, failures=(), repeats=(), settled=(), waits=()):
        self.accounts, self.failures, self.repeats = accounts, dict(failures), dict(repeats)
        self.settled, self.waits = list(settled), list(waits)

    def plan(self, state):
        return {"scan": 7, "accounts": list(self.accounts)}

    def collect(self, state):
        if self.failures.get(state["account"], 0):
            self.failures[state["account"]] -= 1
            raise TimeoutError("Timeout value of 00:30:00 exceeded by function: Functions.collect")
        left = self.repeats.get(state["account"], 0)
        self.repeats[state["account"]] = left - 1
        return {**state, "cursor": {"batch": 1, "stretch": left} if left > 0 else None, "done": left <= 0}

    def settle(self, state):
        said = self.settled.pop(0) if self.settled else {"done": True, "superseded": False}
        if isinstance(said, Exception):
            raise said
        return {"scan": 7, **said}

    def notify(self, state):
        after = self.waits.pop(0) if self.waits else None
        return {"scan": 7, "done": after is None, "after": after}

    def host(self, functions):
        return Host(functions, plan=self.plan, collect=self.collect, settle=self.settle, notify=self.notify)


def collected(host):
    return Counter(given["account"] for name, given in host.calls if name == "collect")


def others(host):
    return [name for name, _ in host.calls if name != "collect"]


def test_subscriptions_are_looked_into_in_parts_of_two_hundred(functions):
    host = Steps().host(functions)
    assert host.run("scan") == "settled"
    assert collected(host) == dict.fromkeys(MANY, 1)
    assert others(host) == ["plan", "settle", "notify"]
    parts = [given["accounts"] for name, given in host.orchestrations if name == "collect_some"]
    assert [len(part) for part in parts] == [200, 200, 50]


def test_one_that_fails_or_takes_too_long_is_tried_again_and_ends_no_scan(functions):
    host = Steps(failures={"sub-007": 99, "sub-210": 2}).host(functions)
    assert host.run("scan") == "settled"
    assert collected(host) == dict.fromkeys(MANY, 1) | {"sub-007": 4, "sub-210": 3}
    assert set(host.waited) == {timedelta(seconds=30)}


def test_one_that_is_not_done_is_called_again_with_its_cursor(functions):
    host = Steps(accounts=MANY[:3], repeats={"sub-001": 2}).host(functions)
    assert host.run("scan") == "settled"
    cursors = [given.get("cursor") for name, given in host.calls if name == "collect" and given["account"] == "sub-001"]
    assert cursors == [None, {"batch": 1, "stretch": 2}, {"batch": 1, "stretch": 1}]


def test_a_conflict_in_settling_is_tried_again(functions):
    host = Steps(accounts=MANY[:1], settled=[RuntimeError("a row is not as it was read")]).host(functions)
    assert host.run("scan") == "settled"
    assert others(host) == ["plan", "settle", "settle", "notify"]


def test_settling_goes_on_until_it_is_done(functions):
    cursor = {"batch": 3, "stretch": 0}
    host = Steps(accounts=MANY[:1], settled=[{"cursor": cursor, "done": False, "superseded": False}]).host(functions)
    assert host.run("scan") == "settled"
    assert [given.get("cursor") for name, given in host.calls if name == "settle"] == [None, cursor]


def test_a_scan_that_is_superseded_tells_nobody(functions):
    host = Steps(accounts=MANY[:1], settled=[{"done": True, "superseded": True}]).host(functions)
    assert host.run("scan") == "superseded"
    assert others(host) == ["plan", "settle"]


def test_mail_that_must_wait_is_waited_for(functions):
    host = Steps(accounts=MANY[:1], waits=[3000.0, 600.0]).host(functions)
    assert host.run("scan") == "settled"
    assert others(host)[2:] == ["notify"] * 3
    assert host.waited == [timedelta(seconds=3000), timedelta(seconds=600)]


def test_a_scan_that_cannot_begin_fails(functions):
    steps = Steps()

    def plan(state):
        raise RuntimeError("no subscription is there to be scanned")

    steps.plan = plan
    host = steps.host(functions)
    with pytest.raises(Failed, match="no subscription is there to be scanned"):
        host.run("scan")
    assert others(host) == ["plan"] * 4


# The steps themselves, over a tenant that a stand-in answers for


@pytest.fixture(name="arm")
def a_tenant():
    arm = Arm()
    arm.group("bulbul")
    for subscription, name in ((BANK, "bank"), (SHOP, "shop")):
        arm.subscription(subscription, name, "bulbul")
    store(arm, BANK, "paypune", "centralindia", "southindia")
    store(arm, BANK, "paysingapore", "southeastasia", "eastasia")
    store(arm, SHOP, "shoptexas", "southcentralus", "northcentralus")
    return arm


def store(arm, subscription, name, primary, secondary):
    arm.plant(
        f"/subscriptions/{subscription}/resourceGroups/pay/providers/Microsoft.Storage/storageAccounts/{name}",
        primary,
        sku={"name": "Standard_RAGRS"},
        kind="StorageV2",
        tags={"data-class": "payment.transaction"},
        properties={"primaryLocation": primary, "secondaryLocation": secondary},
    )


class Mails:
    """The service that sends mail: refuses as told, and keeps what it took."""

    def __init__(self):
        self.taken, self.refusals = [], []

    def answer(self, request):
        plain = {"Content-Type": "application/json", "Retry-After": "0"}
        if request.method == "GET":
            return Said(200, b'{"status": "Succeeded"}', plain)
        if self.refusals:
            return Said(429, b"{}", plain | {"Retry-After": str(self.refusals.pop(0))})
        self.taken.append(json.loads(request.body)["content"])
        return Said(202, b"{}", plain | {"Operation-Location": "/emails/operations/1"})


@pytest.fixture(name="place")
def a_deployment(arm, tmp_path, monkeypatch):
    """Where a deployment keeps things; its functions find their environment in this process, as in Azure."""
    configuration = tmp_path / "work" / "config"
    configuration.mkdir(parents=True)
    (configuration / "domicile.yaml").write_text(FILE, encoding="utf-8")
    with serving(arm) as address:
        told = {
            "DOMICILE_CLOUD": "azure",
            "DOMICILE_ACCOUNTS": "mg:bulbul",
            "DOMICILE_STORE": f"sqlite:///{tmp_path}/deployed.db",
            "DOMICILE_WORK": f"file://{tmp_path}/work",
            "DOMICILE_EVIDENCE": f"file://{tmp_path}/evidence",
            "DOMICILE_AZURE_ENDPOINT": address,
            "DOMICILE_AZURE_TOKEN": TOKEN,
            "AZURE_COMMUNICATION_KEY": "bm9ib2R5",
        }
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        yield tmp_path


@pytest.fixture(name="mails", autouse=True)
def mail(monkeypatch):
    mails = Mails()
    with answering(mails.answer) as address:
        to = "from=no-reply@bank.example&to=compliance@bank.example"
        monkeypatch.setenv("DOMICILE_TOPIC", f"acs://{address.removeprefix('http://')}?{to}")
        yield mails


def rows(url):
    """Every row that is not resolved, worst first, but for the moments at which it was seen."""
    never = datetime(2026, 1, 1, tzinfo=UTC)
    moments = dict.fromkeys(("first_seen", "opened_at", "last_changed"), never)
    opened = open_store(url)
    try:
        known = sorted(opened.known().values(), key=lambda row: row.rank)
        gaps = [(gap.account, gap.listing, gap.reason) for gap in opened.gaps()]
    finally:
        opened.close()
    return [
        replace(row, rank="", evidence=tuple(replace(one, observed_at=None) for one in row.evidence), **moments)
        for row in known
    ], gaps


def told(caplog, event):
    """What the lines of the log with an event say besides."""
    lines = [json.loads(record.message) for record in caplog.records if record.name == "domicile"]
    return [
        {name: value for name, value in line.items() if name != "event"} for line in lines if line["event"] == event
    ]


def test_a_deployment_keeps_the_rows_of_the_laptop(functions, place, mails, caplog, capsys):
    caplog.set_level(logging.INFO, "domicile")
    assert Host(functions).run("scan") == "settled"
    code = cli.main(
        [
            *("scan", "--cloud", "azure", "--management-group", "bulbul"),
            *("--file", str(place / "work" / "config" / "domicile.yaml"), "--store", f"sqlite:///{place}/laptop.db"),
        ]
    )
    capsys.readouterr()
    assert code == Exit.VIOLATIONS
    deployed, gaps = rows(f"sqlite:///{place}/deployed.db")
    assert (deployed, gaps) == rows(f"sqlite:///{place}/laptop.db")
    assert {(row.account, row.country) for row in deployed} == {(BANK, "SG"), (BANK, "HK"), (SHOP, "US")}
    assert told(caplog, "scan begun") == [{"scan": 1, "accounts": 2}]
    assert told(caplog, "scan settled") == [{"scan": 1, "open": len(deployed), "gaps_begun": len(gaps)}]
    assert told(caplog, "notices sent") == [{"scan": 1, "notices": 1, "subscribers": 1}]
    assert len(mails.taken) == 1


def test_in_cosmos_db_and_a_storage_account_the_rows_are_the_same(functions, place, monkeypatch):
    assert Host(functions).run("scan") == "settled"
    with cosmos_emulator.emulator() as endpoint, azure_storage_emulator.emulator() as host:
        database = cosmos_emulator.new_name()
        with cosmos_emulator.a_client(endpoint) as client:
            cosmos_emulator.create_containers(client, database)
        for name in ("work", "evidence"):
            with azure_storage_emulator.a_container(host, name) as container:
                container.create_container()
        storage, url = f"azblob://{host}/{azure_storage_emulator.ACCOUNT}", f"cosmos://{endpoint[7:]}{database}"
        told = {
            "DOMICILE_STORE": url,
            "DOMICILE_WORK": f"{storage}/work",
            "DOMICILE_EVIDENCE": f"{storage}/evidence",
            "AZURE_STORAGE_KEY": azure_storage_emulator.KEY,
            "AZURE_COSMOS_KEY": cosmos_emulator.KEY,
        }
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        open_blobs(f"{storage}/work").write("config/domicile.yaml", FILE.encode())
        assert Host(functions).run("scan") == "settled"
        assert rows(url) == rows(f"sqlite:///{place}/deployed.db")
        kinds = {key.partition("/")[0] for key in open_blobs(f"{storage}/evidence").keys("")}
        assert kinds == {"inventory", "coverage", "changes"}


def test_the_tenant_is_swept_once_and_collectors_ask_nothing_that_was_swept(functions, place, arm):
    swept = []

    def plan(state):
        answer = functions["plan"].get_user_function()(state)
        swept.append(len(arm.calls))
        return answer

    assert Host(functions, plan=plan).run("scan") == "settled"
    assert not [path for method, path in arm.calls[swept[0] :] if method == "POST"]


def test_what_passes_between_steps_is_numbers_cursors_and_ids(functions, place):
    host = Host(functions)
    assert host.run("scan") == "settled"
    for payload in host.payloads:
        assert not [word for word in ("pay", "india", "Microsoft", "bulbul", TOKEN) if word in payload]
        assert len(payload) < 200


def test_a_subscription_whose_collector_dies_is_a_gap_and_hides_no_other(functions, place):
    collect = functions["collect"].get_user_function()

    def deadly(state):
        if state["account"] == SHOP:
            raise MemoryError("killed")
        return collect(state)

    assert Host(functions, collect=deadly).run("scan") == "settled"
    found, gaps = rows(f"sqlite:///{place}/deployed.db")
    assert {row.account for row in found} == {BANK}
    assert gaps
    assert {(account, reason) for account, _, reason in gaps} == {(SHOP, "error")}


def test_a_step_that_is_short_of_time_loses_nothing(app, functions, place, monkeypatch):
    assert Host(functions).run("scan") == "settled"
    before = rows(f"sqlite:///{place}/deployed.db")
    monkeypatch.setattr(app, "STRETCH", 0.0)
    host = Host(functions)
    assert host.run("scan") == "settled"
    assert all(count > 1 for count in collected(host).values())
    assert rows(f"sqlite:///{place}/deployed.db") == before


def test_a_scan_that_a_newer_one_overtakes_says_so_and_tells_nobody(functions, place, mails, caplog):
    settle = functions["settle"].get_user_function()

    def overtaken(state):
        newer = open_store(f"sqlite:///{place}/deployed.db")
        now = datetime.now(UTC)
        newer.claim(newer.begin(now, as_of=now.date(), providers=("azure",), digests={}))
        newer.close()
        return settle(state)

    assert Host(functions, settle=overtaken).run("scan") == "superseded"
    assert told(caplog, "scan superseded") == [{"scan": 1}]
    assert rows(f"sqlite:///{place}/deployed.db")[0] == []
    assert mails.taken == []


def test_mail_that_the_service_takes_later_goes_out_later_and_once(functions, place, mails, caplog):
    mails.refusals = [3000]
    host = Host(functions)
    assert host.run("scan") == "settled"
    assert host.waited == [timedelta(seconds=3000)]
    assert [one["seconds"] for one in told(caplog, "notices wait")] == [3000]
    assert len(mails.taken) == 1


def test_a_wrong_organisation_file_is_told_and_the_last_good_one_stays_in_use(functions, place, caplog):
    assert Host(functions).run("scan") == "settled"
    before = rows(f"sqlite:///{place}/deployed.db")
    (place / "work" / "config" / "domicile.yaml").write_text("version: 1\npolicies: [no-such-rule]\n", encoding="utf-8")
    assert Host(functions).run("scan") == "settled"
    [refused] = told(caplog, "organisation file refused")
    assert "unknown rule 'no-such-rule'" in refused["mistake"]
    assert rows(f"sqlite:///{place}/deployed.db") == before


def test_a_deployment_that_may_not_list_subscriptions_fails_with_one_sentence(functions, place, monkeypatch):
    monkeypatch.setenv("DOMICILE_ACCOUNTS", "mg:bulbull")
    with pytest.raises(Failed, match="no management group bulbull"):
        Host(functions).run("scan")
