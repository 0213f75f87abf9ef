"""A stand-in for Azure Resource Manager and Resource Graph: plain HTTP, answers in the shapes that the specifications
record, and every habit by which Resource Graph misleads those who do not know it.

What is planted is ARM resources, as `GET` would give them. Resource Graph lower-cases their types and locations, gives
a hundred rows unless asked for more, no way to the next page unless `id` is projected, and leaves out without a word
whatever the caller may not read.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

TENANT = "72f988bf-0000-0000-0000-000000000001"
TOKEN: Final = "a token of nobody"  # noqa: S105
VERSIONS = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
DEFAULT_ROWS = 100

# Where Resource Graph keeps what is not in the table `resources`.
TABLES = {
    "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems": "recoveryservicesresources",
    "microsoft.recoveryservices/locations/deletedvaults/backupfabrics/protectioncontainers/protecteditems": (
        "recoveryservicesresources"
    ),
    "microsoft.recoveryservices/vaults/replicationfabrics/replicationprotectioncontainers/replicationprotecteditems": (
        "recoveryservicesresources"
    ),
    "microsoft.dataprotection/backupvaults/backupinstances": "recoveryservicesresources",
    "microsoft.dataprotection/backupvaults/backuppolicies": "recoveryservicesresources",
    "microsoft.resources/subscriptions": "resourcecontainers",
    "microsoft.resources/subscriptions/resourcegroups": "resourcecontainers",
}


class Answer(Exception):
    """What is answered instead: a status, ARM's code, and headers."""

    def __init__(self, status: int, code: str, message: str = "", **headers: str) -> None:
        super().__init__(code)
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = {"error": {"code": code, "message": message or f"{code}, as the stand-in says it"}}


class Arm:
    """One tenant. `plant` and `answer` say what it holds, `refuse` how it misbehaves; `calls` is what was asked."""

    def __init__(self) -> None:
        self.groups: dict[str, str] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.resources: list[dict[str, Any]] = []
        self.children: dict[str, list[dict[str, Any]] | dict[str, Any]] = {}
        self.locations: list[dict[str, Any]] = []
        self.hidden: set[str] = set()
        self.refusals: list[tuple[re.Pattern[str], Callable[[], Answer | None]]] = []
        self.calls: list[tuple[str, str]] = []
        self.versions: dict[str, str] = {}
        self.quota_left: int | None = None
        self.largest_page: int | None = None
        self.limit_hit = False
        self.truncated = False
        self.page = 50
        self._lock = threading.Lock()

    def group(self, name: str, parent: str = "") -> str:
        self.groups[name] = parent
        return name

    def subscription(
        self, ident: str, name: str, group: str = "", tags: Mapping[str, str] | None = None, **more: Any
    ) -> str:
        self.subscriptions[ident] = {"name": name, "group": group, "tags": dict(tags or {}), **more}
        return ident

    def resource_group(self, subscription: str, name: str, location: str, tags: Mapping[str, str] | None = None) -> str:
        ident = f"/subscriptions/{subscription}/resourceGroups/{name}"
        self.resources.append(
            {
                "id": ident,
                "name": name,
                "type": "Microsoft.Resources/subscriptions/resourceGroups",
                "location": location,
                "tags": dict(tags or {}),
            }
        )
        return ident

    def plant(self, ident: str, location: str, **more: Any) -> str:
        """One resource; its type follows from its id."""
        parts = ident.rpartition("/providers/")[2].split("/")
        kind = "/".join([parts[0], *parts[1::2]])
        self.resources.append({"id": ident, "name": parts[-1], "type": kind, "location": location, **more})
        return ident

    def answer(self, path: str, value: list[dict[str, Any]] | dict[str, Any]) -> None:
        """What `GET` gives at a path: a list comes in pages."""
        self.children[path.lower()] = value

    def refuse(self, path: str, answer: Answer, times: int | None = None) -> None:
        """Answer so at paths that match, at most so many times."""
        left = [times]

        def said() -> Answer | None:
            if left[0] is None:
                return answer
            left[0] -= 1
            return answer if left[0] >= 0 else None

        self.refusals.append((re.compile(path, re.IGNORECASE), said))

    def actions(self) -> Counter[str]:
        """The actions that the calls took, by how often."""
        return Counter(action_of(method, path) for method, path in self.calls)

    # What is answered

    def admit(self, authorization: str | None) -> None:
        if authorization != f"Bearer {TOKEN}":
            raise Answer(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.")

    def respond(
        self, method: str, path: str, query: Mapping[str, str], body: Any, base: str
    ) -> tuple[dict[str, Any], dict[str, str]]:
        with self._lock:
            self.calls.append((method, path))
            for pattern, said in self.refusals:
                if pattern.search(path) and (answer := said()):
                    raise answer
        if not VERSIONS.fullmatch(query.get("api-version", "")):
            raise Answer(400, "MissingApiVersionParameter")
        for kind, newest in self.versions.items():
            if kind in path.lower() and query["api-version"] > newest:
                raise Answer(
                    400, "InvalidApiVersionParameter", f"The supported api-versions are '2014-04-01,{newest}'."
                )
        if method == "POST" and path.lower().endswith("/microsoft.resourcegraph/resources"):
            return self._graph(body)
        if method != "GET":
            raise Answer(405, "MethodNotAllowed", f"{method} {path} would change something")
        return self._listed(path, query, base), {}

    def _listed(self, path: str, query: Mapping[str, str], base: str) -> dict[str, Any]:
        lower = path.lower().rstrip("/")
        if lower == "/subscriptions":
            value: Any = [
                {
                    "subscriptionId": ident,
                    "displayName": one["name"],
                    "state": "Enabled",
                    "tenantId": one.get("tenant", TENANT),
                    "managedByTenants": one.get("managed_by", []),
                }
                for ident, one in self.subscriptions.items()
                if ident not in self.hidden
            ]
        elif re.fullmatch(r"/subscriptions/[^/]+/locations", lower):
            value = self.locations
        elif match := re.fullmatch(r"/providers/microsoft\.management/managementgroups/([^/]+)/descendants", lower):
            if match[1] not in {name.lower() for name in self.groups}:
                raise Answer(404, "NotFound", f"no management group {match[1]}")
            value = self._descendants(match[1])
        elif lower in self.children:
            value = self.children[lower]
        else:
            value = next((one for one in self.resources if one["id"].lower() == lower), None)
            if value is None:
                value = self._empty(lower)
        if isinstance(value, dict):
            return value
        start = int(query.get("$skiptoken", "0"))
        page = {"value": value[start : start + self.page]}
        if start + self.page < len(value):
            more = f"api-version={query['api-version']}&$skiptoken={start + self.page}"
            return {**page, "nextLink": f"{base}{quote(path)}?{more}"}
        return page

    def _empty(self, lower: str) -> Any:
        """A listing below something that is there has nothing in it; below anything else there is nothing to list."""
        if match := re.fullmatch(r"/subscriptions/[^/]+/providers/([^/]+)", lower):
            return {"namespace": match[1], "registrationState": "NotRegistered", "resourceTypes": []}
        parent = lower.rpartition("/")[0]
        there = {one["id"].lower() for one in self.resources} | {f"/subscriptions/{one}" for one in self.subscriptions}
        if parent in there or re.match(
            r"/subscriptions/[^/]+/(?:resourcegroups/[^/]+/)?providers/[^/]+/(?:locations/[^/]+/)?[^/]+$", lower
        ):
            return []
        raise Answer(404, "ResourceNotFound", lower)

    def _descendants(self, root: str) -> list[dict[str, Any]]:
        below: list[dict[str, Any]] = []
        inside = [root]
        for group in inside:
            for name, parent in self.groups.items():
                if parent.lower() == group:
                    inside.append(name.lower())
                    below.append(_descendant("managementGroups", name, name, group))
            below.extend(
                _descendant("subscriptions", ident, one["name"], group)
                for ident, one in self.subscriptions.items()
                if one["group"].lower() == group
            )
        return below

    # Resource Graph

    def _graph(self, body: Any) -> tuple[dict[str, Any], dict[str, str]]:
        options = body.get("options", {})
        rows = list(self._rows(body["query"], body.get("managementGroups", ())))
        top = min(options.get("$top", DEFAULT_ROWS), 1000)
        if self.largest_page is not None and top > self.largest_page:
            raise Answer(400, "ResponsePayloadTooLarge")
        start = int(options.get("$skipToken", "0"))
        page = rows[start : start + top]
        more = start + top < len(rows)
        names = list(page[0]) if page else []
        answer: dict[str, Any] = {
            "totalRecords": len(rows),
            "count": len(page),
            "resultTruncated": "true" if self.truncated or (more and "id" not in names) else "false",
            "facets": [],
            "data": {
                "columns": [{"name": name, "type": "object"} for name in names],
                "rows": [list(one.values()) for one in page],
            },
        }
        if more and "id" in names and not self.truncated:
            answer["$skipToken"] = str(start + top)
        headers = {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}
        if self.quota_left is not None:
            self.quota_left -= 1
            headers["x-ms-user-quota-remaining"] = str(max(self.quota_left, 0))
        if self.limit_hit:
            headers["x-ms-tenant-subscription-limit-hit"] = "true"
        return answer, headers

    def _rows(self, query: str, groups: Any) -> Iterator[dict[str, Any]]:
        """Only as much of KQL as one `where type in~`, one `project` and one `order by id`."""
        lines = [line.strip().removeprefix("| ") for line in query.splitlines()]
        assert lines[0] in {"resources", "resourcecontainers", "recoveryservicesresources"}, lines[0]
        assert lines[-1] == "order by id asc"
        table = lines[0]
        [wanted] = [set(re.findall(r"'([^']+)'", line)) for line in lines if line.startswith("where type in~")]
        [projected] = [line.removeprefix("project ") for line in lines if line.startswith("project ")]
        columns = dict(_column(one) for one in projected.split(", "))
        below = {one["name"].lower() for group in groups for one in self._descendants(group.lower())}
        found = []
        for one in self._planted():
            subscription = one["id"].split("/")[2].lower()
            kind = one["type"].lower()
            if kind not in wanted or TABLES.get(kind, "resources") != table or subscription in self.hidden:
                continue
            if groups and subscription not in below:
                continue
            found.append(
                one
                | {
                    "type": kind,
                    "subscriptionId": subscription,
                    "tenantId": TENANT,
                    "location": one.get("location", "").lower(),
                    "resourceGroup": _group_of(one["id"]),
                }
            )
        for one in sorted(found, key=lambda row: row["id"]):
            yield {name: _value(one, path) for name, path in columns.items()}

    def _planted(self) -> Iterator[dict[str, Any]]:
        for ident, one in self.subscriptions.items():
            yield {
                "id": f"/subscriptions/{ident}",
                "name": one["name"],
                "type": "Microsoft.Resources/subscriptions",
                "tags": one["tags"],
                "properties": {"state": one.get("state", "Enabled")},
            }
        yield from self.resources


def action_of(method: str, path: str) -> str:
    """The action that a call takes, as a role would name it."""
    if method == "POST":
        return (
            "Microsoft.ResourceGraph/resources/read"
            if path.lower().endswith("/resourcegraph/resources") or "ResourceGraph/resources" in path
            else f"{path} by POST"
        )
    parts = path.strip("/").split("/")
    if "providers" not in parts:
        return "/".join(["Microsoft.Resources", *parts[0::2], "read"])
    provider, *rest = path.rpartition("/providers/")[2].split("/")
    if not rest:
        return "Microsoft.Resources/subscriptions/providers/read"
    return "/".join([provider, *rest[0::2], "read"])


def _descendant(kind: str, ident: str, name: str, parent: str) -> dict[str, Any]:
    parent_id = f"/providers/Microsoft.Management/managementGroups/{parent}"
    prefix = "/subscriptions" if kind == "subscriptions" else "/providers/Microsoft.Management/managementGroups"
    kind = "/subscriptions" if kind == "subscriptions" else "Microsoft.Management/managementGroups"
    return {
        "id": f"{prefix}/{ident}",
        "type": kind,
        "name": ident,
        "properties": {"displayName": name, "parent": {"id": parent_id}},
    }


def _column(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    match = re.fullmatch(r"tostring\((.*)\)", path)
    return name.strip(), (match[1] if match else path or name).strip()


def _value(row: Any, path: str) -> Any:
    for step in path.split("."):
        row = row.get(step) if isinstance(row, dict) else None
    return row


def _group_of(ident: str) -> str:
    parts = ident.lower().split("/")
    return parts[4] if len(parts) > 4 and parts[3] == "resourcegroups" else ""


@contextmanager
def serving(arm: Arm) -> Iterator[str]:
    """The address at which a tenant answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            at = urlsplit(self.path)
            status = 200
            headers: dict[str, str] = {}
            try:
                arm.admit(self.headers.get("Authorization"))
                said, headers = arm.respond(self.command, unquote(at.path), dict(parse_qsl(at.query)), body, base)
            except Answer as other:
                status, headers, said = other.status, other.headers, other.body
            content = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
