"""What a day of a deployment on Azure costs, and the questions it asks.

Two small organisations are scanned by the functions themselves, over a stand-in for the tenant and emulators of Cosmos
DB and of the storage account, and everything is counted in a night in which nothing changes; what more subscriptions
make of it is a straight line through both. What is deployed is counted in the Pulumi program. Prices are those of East
US, or else as said, as others quote Azure's price list: none of Central India was to be had. They change; beside each
stands its meter, and the day on which somebody read it.
"""

from __future__ import annotations

import io
import json
import logging
import math
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from bench.cost import (
    AT_ONCE,
    CHANGED_EACH_NIGHT,
    PROCESSOR_OF_A_PLACEMENT,
    SECONDS_OF_A_CALL,
    Amounts,
    Bill,
    line,
    of_tests,
    show,
)

from domicile import geography
from domicile.blobs import open_blobs
from domicile.demo.tenant import TOKEN, Arm, serving
from domicile.stores import open_store
from domicile.stores.cosmos_containers import CONTAINERS

ROOT: Final = Path(__file__).parents[1]
STEPS: Final = ("plan", "collect", "settle", "notify")

PROCESSOR_OF_A_START, PROCESSOR_OF_A_CALL = 1.0, 0.01
"""Seconds: of a worker, and of a call by the SDK's pipeline."""

# What a subscription holds, every tenth of it abroad, and that a breach.
STORES, ACCOUNTS, DISKS, SNAPSHOTS_OF_EACH, DATABASES, SERVERS = 50, 30, 20, 15, 20, 2
HOME, ABROAD = "centralindia", "southeastasia"
GROUP: Final = "bulbul"
HERE: Final = "66666666-ffff-4fff-8fff-666666666666"
NETWORK: Final = f"/subscriptions/{HERE}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/main"
FILE: Final = """
version: 1
entities:
  - id: bank
    name: Bulbul Bank
    country: IN
    origin: [IN]
    actors: [payment_system_operator]
    owns: ["mg:bulbul"]
    owner: data@bank.example
classify:
  tags: [{key: data-class}]
policies: [in-rbi-payment-data]
"""

# What is taken on trust.
RU_OF_A_READ, RU_OF_A_QUERY, RU_OF_A_WRITE = 1.0, 3.0, 5.5
"""For each KB that is begun; a query takes as much before it finds anything. A read of one and a write of one without
an index are Microsoft's own figures ("Optimize request cost"), what it says a replacement takes, double that, is in
`units`, as is what strong consistency makes of reads."""
SECONDS_AT_LEAST: Final = 1.0
"""That an instance is paid for when it does anything."""
QUEUE_OPERATIONS, TABLE_OPERATIONS = 3, 3
"""Of the orchestration, for each execution: a message is put, got and deleted; a history is read and written, and what
is said of its instance."""
IDLE_OPERATIONS: Final = 5 * 24 * 120 + 4 * 24 * 360
"""Of the runtime in a day, as if it never slept: five queues every thirty seconds, four leases every ten."""
MAILS: Final = 2
"""An urgent one and one with the rest, to each address."""
BYTES_OF_A_RECORD, RECORDS_OF_AN_EXECUTION = 1500, 3
"""In Log Analytics, besides what a function says: the request, and that it began and ended."""

PRICE: Final = {
    "GB-second": 0.000026,  # Flex Consumption, On Demand Execution Time; 24 September 2026
    "execution": 0.000004 / 10,  # Flex Consumption, On Demand Total Executions; 24 September 2026
    "RU": 0.25 / 1e6,  # Azure Cosmos DB serverless, 1M RUs; 24 September 2026
    "table GB": 0.25 / 30,  # Azure Cosmos DB, Data Stored; 24 September 2026
    "write": 0.05 / 1e4,  # General Block Blob v2, Hot LRS Write Operations; 24 September 2026
    "read": 0.004 / 1e4,  # General Block Blob v2, Hot Read Operations; 24 September 2026
    "list": 0.05 / 1e4,  # LRS List and Create Container Operations, of West US 2; 30 April 2026
    "blob GB": 0.0208 / 30,  # General Block Blob v2, Hot LRS Data Stored; 24 September 2026
    "queue": 0.004 / 1e4,  # Queues v2, LRS Class 1 Operations, of Australia East; the day is not known
    "row": 0.00036 / 1e4,  # Tables, Standard LRS operations, of West US 2; 30 April 2026
    "log GB": 2.30,  # Log Analytics, Analytics Logs Data Ingestion, of West US 2; 30 April 2026
    "rule": 0.50 / 30,  # Alerts System Log Monitored at 15 Minute Frequency, the longest there is; 23 July 2026
    "endpoint": 0.01 * 24,  # Private Link, Standard Private Endpoint; 16 February 2026
    "zone": 0.50 / 30,  # Azure DNS, Private Zone; the day is not known
}
COUNTED: Final = {
    "BlobContainer", "DatabaseAccount", "ScheduledQueryRule", "SqlResourceSqlContainer", "StorageAccount", "WebApp",
    "Workspace", "CommunicationService",
}  # fmt: skip
FREE: Final = {
    "ActionGroup", "AppServicePlan", "BlobServiceProperties", "Component", "Domain", "EmailService", "ManagementPolicy",
    "ResourceGroup", "RoleAssignment", "SqlResourceSqlDatabase", "SqlResourceSqlRoleAssignment",
    "UserAssignedIdentity", "WebAppFtpAllowed", "WebAppScmAllowed",
}  # fmt: skip
"""Costs nothing by itself."""
PRIVATE: Final = {"PrivateEndpoint", "PrivateZone"}
PRIVATE_AND_FREE: Final = {"PrivateDnsZoneGroup", "VirtualNetworkLink"}
"""What private endpoints add."""

Note = Callable[[str, str, Any, bytes, bytes], None]


def regions() -> list[str]:
    """Those of the public cloud, in all of which backups of SQL may lie."""
    countries = geography.COUNTRIES
    there = {one for country in countries for one in geography.regions_in("azure", country)}
    return sorted(one for one in there if not one.startswith(("china", "usgov", "usdod")))


def plant(arm: Arm, subscription: str) -> None:
    payments = {"data-class": "payment.transaction", "data-origin": "IN"}

    def put(number: int, path: str, **more: Any) -> str:
        where, tags = (ABROAD, payments) if number % 10 == 0 else (HOME, {})
        ident = f"/subscriptions/{subscription}/resourceGroups/pay/providers/Microsoft.{path}"
        return arm.plant(ident, where, tags=tags, **more)

    for number in range(STORES):
        where = ABROAD if number % 10 == 0 else HOME
        name, sku = f"store{subscription[:8]}{number}", {"name": "Standard_LRS"}
        put(number, f"Storage/storageAccounts/{name}", kind="StorageV2", sku=sku, properties={"primaryLocation": where})
    for number in range(ACCOUNTS):
        where = ABROAD if number % 10 == 0 else HOME
        backup = {"type": "Periodic", "periodicModeProperties": {"backupStorageRedundancy": "Local"}}
        there = {"locations": [{"locationName": where, "failoverPriority": 0}], "backupPolicy": backup}
        put(number, f"DocumentDB/databaseAccounts/documents-{number}", kind="GlobalDocumentDB", properties=there)
    for number in range(DISKS):
        made = {"timeCreated": "2026-01-01T00:00:00Z", "creationData": {"createOption": "Empty"}}
        disk = put(number, f"Compute/disks/disk-{number}", properties=made)
        for night in range(SNAPSHOTS_OF_EACH):
            copied = made | {"creationData": {"createOption": "Copy", "sourceResourceId": disk}}
            put(number, f"Compute/snapshots/disk-{number}-{night}", properties=copied)
    for number in range(SERVERS):
        put(1, f"Sql/servers/server-{number}", kind="v12.0", properties={"state": "Ready"})
    local = {"currentBackupStorageRedundancy": "Local", "requestedBackupStorageRedundancy": "Local"}
    for number in range(DATABASES):
        path = f"Sql/servers/server-{number % SERVERS}/databases/database-{number}"
        put(number, path, kind="v12.0,user", properties=local)
    for provider, kinds in (
        ("Sql", ("locations/longTermRetentionBackups", "locations/longTermRetentionManagedInstanceBackups")),
        ("DocumentDB", ("databaseAccounts", "restorableDatabaseAccounts")),
        ("KeyVault", ("vaults",)),
    ):
        types = [{"resourceType": kind, "locations": regions()} for kind in kinds]
        known = {"namespace": f"Microsoft.{provider}", "registrationState": "Registered", "resourceTypes": types}
        arm.answer(f"/subscriptions/{subscription}/providers/Microsoft.{provider}", known)


@contextmanager
def counting(port: int, note: Note) -> Iterator[int]:
    """A port behind which the same service answers, while everything that passes is noted."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = HTTPConnection("127.0.0.1", port)
            asked.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                asked.putheader(name, value)
            asked.endheaders(body)
            said = asked.getresponse()
            content = said.read()
            note(self.command, self.path, self.headers, body, content)
            self.send_response(said.status)
            for name, value in said.getheaders():
                if name.lower() not in {"transfer-encoding", "content-length", "date", "server", "connection"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            asked.close()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on  # noqa: N815 named by the library

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def units(method: str, headers: Any, asked: bytes, answered: bytes) -> float:
    """Request units of one request to Cosmos DB."""

    def kilobytes(size: int) -> int:
        return max(1, math.ceil(size / 1024))

    # Reads with strong consistency cost double, as does what takes the place of something.
    if headers.get("x-ms-documentdb-isquery"):
        return 2 * (RU_OF_A_QUERY + RU_OF_A_READ * kilobytes(len(answered)))
    if method == "GET":
        return 2 * RU_OF_A_READ * kilobytes(len(answered))
    if headers.get("x-ms-cosmos-is-batch-request"):
        return sum(
            RU_OF_A_WRITE
            * kilobytes(len(msgspec.json.encode(one.get("resourceBody", {}))))
            * (1 if one["operationType"] in {"Create", "Delete"} else 2)
            for one in json.loads(asked)
        )
    return RU_OF_A_WRITE * kilobytes(len(asked))


def app() -> dict[str, Any]:
    """The functions, loaded by file, as the worker does."""
    spec = spec_from_file_location("function_app", ROOT / "functions" / "azure" / "function_app.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    # The library warns of what is right.
    logging.disable(logging.WARNING)
    spec.loader.exec_module(module)
    functions = {one.get_function_name(): one for one in module.app.get_functions()}
    logging.disable(logging.NOTSET)
    return functions


class Night:
    """What is counted while `counts` is set, by the step that is at work."""

    def __init__(self) -> None:
        self.amounts: Amounts = Counter()
        self.counts, self.step = False, ""
        self._lock = threading.Lock()

    def add(self, name: str, amount: int = 1) -> None:
        with self._lock:
            if self.counts:
                self.amounts[name] += amount

    def cosmos(self, method: str, path: str, headers: Any, asked: bytes, answered: bytes) -> None:
        self.add(f"{self.step} calls")
        if "/docs" in path:
            self.add("milli-RU", round(1000 * units(method, headers, asked, answered)))

    def blobs(self, method: str, path: str, headers: Any, asked: bytes, answered: bytes) -> None:
        del headers, answered
        self.add(f"{self.step} calls")
        listed = parse_qs(urlsplit(path).query).get("comp") == ["list"]
        self.add("lists" if listed else {"PUT": "writes", "DELETE": "deletions"}.get(method, "reads"))
        if method == "PUT":
            # .../devstoreaccount1/CONTAINER/KEY
            _, _, container, *key = urlsplit(path).path.split("/")
            self.add(f"bytes of {container}/{key[0]}/", len(asked))


def counted(functions: dict[str, Any], subscriptions: int) -> Amounts:
    """What a night takes in which nothing changes, with so many subscriptions and an empty one that has the
    deployment."""
    cosmos, storage, mails = of_tests("cosmos_emulator"), of_tests("azure_storage_emulator"), of_tests("local_http")
    night, arm = Night(), Arm()
    arm.group(GROUP)
    arm.locations = [
        {"name": one, "displayName": one, "metadata": {"regionType": "Physical", "pairedRegion": []}}
        for one in regions()
    ]
    for number in range(subscriptions + 1):
        ident = f"{number:08}-0000-4000-8000-00000000000a"
        arm.subscription(ident, f"subscription-{number}", GROUP)
        if number:
            plant(arm, ident)

    class Host(of_tests("durable_replay").Host):  # type: ignore[misc]
        def call(self, name: str, given: str) -> str:
            night.step, before = name, len(arm.calls)
            night.add(f"{name} executions")
            answer: str = super().call(name, given)
            night.add(f"{name} calls", len(arm.calls) - before)
            night.add("looks", len(arm.calls) - before)
            return answer

        def replay(self, name: str, context: dict[str, Any]) -> str:
            night.add("orchestrator executions")
            answer: str = super().replay(name, context)
            return answer

    def send(request: Any) -> Any:
        plain = {"Content-Type": "application/json", "Retry-After": "0"}
        if request.method == "GET":
            return mails.Said(200, b'{"status": "Succeeded"}', plain)
        return mails.Said(202, b"{}", plain | {"Operation-Location": "/emails/operations/1"})

    said = io.StringIO()
    log = logging.getLogger("domicile")
    handler = logging.StreamHandler(said)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    with (
        serving(arm) as tenant,
        cosmos.emulator() as endpoint,
        storage.emulator() as host,
        counting(urlsplit(endpoint).port or 0, night.cosmos) as documents,
        counting(int(host.partition(":")[2]), night.blobs) as blobs,
        mails.answering(send) as post,
    ):
        database = cosmos.new_name()
        with cosmos.a_client(endpoint) as client:
            cosmos.create_containers(client, database)
        for name in ("work", "evidence"):
            with storage.a_container(host, name) as container:
                container.create_container()
        places = f"azblob://127.0.0.1:{blobs}/{storage.ACCOUNT}"
        told = {
            "DOMICILE_CLOUD": "azure",
            "DOMICILE_ACCOUNTS": f"mg:{GROUP}",
            "DOMICILE_STORE": f"cosmos://127.0.0.1:{documents}/{database}",
            "DOMICILE_WORK": f"{places}/work",
            "DOMICILE_EVIDENCE": f"{places}/evidence",
            "DOMICILE_TOPIC": f"acs://{urlsplit(post).netloc}?from=no-reply@bank.example&to=data@bank.example",
            "DOMICILE_AZURE_ENDPOINT": tenant,
            "DOMICILE_AZURE_TOKEN": TOKEN,
            "AZURE_STORAGE_KEY": storage.KEY,
            "AZURE_COSMOS_KEY": cosmos.KEY,
            "AZURE_COMMUNICATION_KEY": "bm9ib2R5",
        }
        with patch.dict(os.environ, told):
            open_blobs(told["DOMICILE_WORK"]).write("config/domicile.yaml", FILE.encode())
            Host(functions).run("scan")
            said.seek(0)
            said.truncate()
            night.counts = True
            Host(functions).run("scan")
            night.counts = False
            store = open_store(told["DOMICILE_STORE"])
            rows = store.known().values()
            amounts = night.amounts
            amounts["rows"] = len(rows)
            amounts["bytes of rows"] = sum(len(msgspec.json.encode(row)) for row in rows)
            amounts["placements"] = store.last_scan().counts["placements"]  # type: ignore[union-attr]
            store.close()
    log.removeHandler(handler)
    amounts["bytes said"], amounts["lines said"] = len(said.getvalue()), said.getvalue().count("\n")
    return amounts


def deployed(**more: str) -> Any:
    """What the Pulumi program deploys for a management group, with the settings it comes with, and more."""
    program = of_tests("program")
    settings = {"cloud": "azure", "country": "IN", "emails": [{"address": "data@bank.example"}]}
    with TemporaryDirectory() as folder:
        project = program.project(Path(folder) / "domicile", {"domicile.yaml": FILE})
        return program.azure_stack(settings | {"managementGroup": GROUP, **more}, HOME, HERE, project)


def bill(night: Amounts, stack: Any) -> Bill:
    """What is paid for, how much of it, and US dollars for a day; none where no price was found."""
    [web] = stack.of("WebApp")
    scale = web.inputs["functionAppConfig"]["scaleAndConcurrency"]
    memory, at_most = int(scale["instanceMemoryMB"]), int(scale["maximumInstanceCount"])
    found: Bill = []
    executions = 1 + night["orchestrator executions"]
    seconds = executions * SECONDS_AT_LEAST
    found.append(("Functions: orchestration", f"{executions:,} executions", price_of(seconds, executions, memory)))
    for step in STEPS:
        times = night[f"{step} executions"]
        starts = min(times, at_most)
        spent = starts * PROCESSOR_OF_A_START + night[f"{step} calls"] * PROCESSOR_OF_A_CALL
        spent += night["placements"] * PROCESSOR_OF_A_PLACEMENT if step == "settle" else 0.0
        spent = max(times * SECONDS_AT_LEAST, spent + night[f"{step} calls"] * SECONDS_OF_A_CALL / AT_ONCE[step])
        amount = f"{times:,} x {spent / times:,.1f} s at {memory:,} MB"
        found.append((f"Functions: {step}", amount, price_of(spent, times, memory)))
        executions += times

    rows, size = night["rows"], night["bytes of rows"] / night["rows"]
    changed, kilobytes = rows * CHANGED_EACH_NIGHT, math.ceil(size / 1024)
    # A row takes its own place, and a line of history is added.
    requested = night["milli-RU"] / 1000 + changed * kilobytes * RU_OF_A_WRITE * (2 + 1)
    found.append(("Cosmos DB", f"{rows:,} rows: {requested:,.0f} RU", requested * PRICE["RU"]))
    # With a year of history. Of a container that is not empty, a GB is paid for at least.
    kept = rows * size * (1 + 365 * CHANGED_EACH_NIGHT) / 1e9
    paid = max(1.0, kept) + len(CONTAINERS) - 1
    found.append(("- storage", f"{kept:.3f} GB, paid as {paid:.3f}", paid * PRICE["table GB"]))

    asked = {name: night[f"{name}s"] for name in ("write", "list", "read")}
    amount = f"{asked['write'] + asked['list']:,} writes and lists, {asked['read']:,} reads"
    found.append(("Blobs", amount, sum(count * PRICE[name] for name, count in asked.items())))
    gigabytes = 0.0
    [policy] = stack.of("ManagementPolicy")
    for rule in policy.inputs["policy"]["rules"]:
        deleted = rule["definition"]["actions"].get("baseBlob", {}).get("delete", {})
        days = deleted.get("daysAfterModificationGreaterThan", 0)
        for prefix in rule["definition"]["filters"]["prefixMatch"] if days else ():
            written = sum(count for name, count in night.items() if name.startswith(f"bytes of {prefix}"))
            gigabytes += days * written / 1e9
    found.append(("- storage", f"{gigabytes:.3f} GB when full", gigabytes * PRICE["blob GB"]))

    queue, table = executions * QUEUE_OPERATIONS + IDLE_OPERATIONS, executions * TABLE_OPERATIONS
    price = queue * PRICE["queue"] + table * PRICE["row"]
    found.append(("Runtime's storage", f"{queue:,} on queues and leases, {table:,} on tables", price))
    records = executions * RECORDS_OF_AN_EXECUTION + night["lines said"]
    logs = (records * BYTES_OF_A_RECORD + night["bytes said"]) / 1e9
    found.append(("Log Analytics", f"{logs * 1000:.2f} MB", logs * PRICE["log GB"]))
    alerts = len(stack.of("ScheduledQueryRule"))
    found.append(("Alerts", f"{alerts} rules", alerts * PRICE["rule"]))
    found.append(("Mail", f"{MAILS * len(stack.settings['emails'])} mails", None))
    return found


def privately() -> tuple[int, int, float]:
    """Private endpoints and zones of a deployment without a public way in, and what they cost a day."""
    subnets = {"subnetId": f"{NETWORK}/subnets/functions", "privateEndpointSubnetId": f"{NETWORK}/subnets/endpoints"}
    stack = deployed(**subnets)
    endpoints, zones = len(stack.of("PrivateEndpoint")), len(stack.of("PrivateZone"))
    return endpoints, zones, endpoints * PRICE["endpoint"] + zones * PRICE["zone"]


def price_of(seconds: float, executions: int, memory: int) -> float:
    """Of executions, as if none shared its instance."""
    return seconds * memory / 1024 * PRICE["GB-second"] + executions * PRICE["execution"]


def main() -> None:
    functions = app()
    try:
        one, two = counted(functions, 1), counted(functions, 2)
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))
    stack = deployed()
    nights = [line(one, two, subscriptions) for subscriptions in (10, 1000)]
    show("subscriptions", [bill(night, stack) for night in nights])
    for subscriptions, night in zip((10, 1000), nights, strict=True):
        looks = night["looks"]
        print(f"\n{subscriptions:,} subscriptions: {looks:,} questions, {looks / subscriptions:,.0f} a subscription")
    endpoints, zones, price = privately()
    print(f"\nWith private endpoints, {endpoints} and {zones} zones: {price:.4f} more")


if __name__ == "__main__":
    main()
