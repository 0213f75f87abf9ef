"""Speaks to Azure Resource Manager: one pipeline for all subscriptions, and every error in domicile's words."""

# ruff: noqa: ARG002 operation and region are what other clouds ask by

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, urlsplit

from azure.core import PipelineClient
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    ContentDecodePolicy,
    HeadersPolicy,
    RedirectPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest, HttpResponse
from msgspec import Struct

from domicile import __version__
from domicile.errors import CloudError
from domicile.model import GapReason
from domicile.providers.service import NotOffered, Refused, Vanished

NO_CREDENTIALS: Final = (
    "no usable Azure credentials: run `az login` or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret"
)

DENIED: Final = frozenset(
    {
        "AuthorizationFailed",
        "AuthorizationPermissionMismatch",
        "Forbidden",
        "InsufficientAccountPermissions",
        "LinkedAuthorizationFailed",
        "ReadOnlyDisabledSubscription",
        "RequestDisallowedByPolicy",
    }
)
THROTTLED: Final = frozenset({"RateLimiting", "SubscriptionRequestsThrottled", "TooManyRequests", "Throttled"})
VANISHED: Final = frozenset({"NotFound", "ParentResourceNotFound", "ResourceGroupNotFound", "ResourceNotFound"})
# A subscription that was never registered with a service holds nothing of it; a region or cloud may not have it.
NOT_OFFERED: Final = frozenset(
    {
        "InvalidResourceType",
        "LocationNotAvailableForResourceType",
        "MissingSubscriptionRegistration",
        "NoRegisteredProviderFound",
    }
)
OLD_CLOUD: Final = frozenset({"InvalidApiVersionParameter", "NoRegisteredProviderFound", "UnsupportedApiVersion"})
_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?")


class Place(Struct, frozen=True):
    """One of Microsoft's clouds: where its Resource Manager is, for what a token is asked, and who gives it."""

    endpoint: str
    scope: str
    authority: str


CLOUDS: Final[Mapping[str, Place]] = {
    "public": Place(
        "https://management.azure.com", "https://management.azure.com/.default", "login.microsoftonline.com"
    ),
    "china": Place(
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
        "login.chinacloudapi.cn",
    ),
    "usgov": Place(
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/.default",
        "login.microsoftonline.us",
    ),
}


class Throttled(Refused):
    """Too much was asked; `after` is in how many seconds there is quota again, 0 where that was not said."""

    def __init__(self, code: str, message: str, after: float) -> None:
        super().__init__(code, message, "throttled")
        self.after = after


class Session:
    """The caller's credentials, and the one pipeline through which everything is asked."""

    def __init__(self, place: Place, credential: Any, *, attempts: int = 8, connections: int = 64) -> None:
        self.place = place
        # Resource Manager is spoken to in the clear only where a test does so.
        self._options: dict[str, Any] = {} if place.endpoint.startswith("https://") else {"enforce_https": False}
        self._versions: dict[str, str] = {}
        self._kept: dict[str, dict[str, Hashable]] = {}
        self._alike: dict[Hashable, dict[str, Hashable]] = {}
        self._asking: dict[str, Lock] = {}
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            base_url=place.endpoint,
            policies=[
                HeadersPolicy({"Accept": "application/json"}),
                UserAgentPolicy(f"domicile/{__version__}"),
                RedirectPolicy(),
                # Not the SDK's own set of policies: that one registers providers, which is a write.
                RetryPolicy(retry_total=attempts, retry_backoff_max=60),
                BearerTokenCredentialPolicy(credential, place.scope),
                ContentDecodePolicy(),
            ],
            transport=_transport(connections),
        )

    def get(
        self, path: str, version: str, *, exactly: bool = False, **query: str
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """One answer and its headers. `exactly`: in this version or not at all, since an older one would leave out what
        is asked about, and that would read as if it were not there."""

        def request(now: str) -> HttpRequest:
            return HttpRequest("GET", self._url(path), params={**query, "api-version": now})

        return self._asked(request(version)) if exactly else self._versioned(path, version, request)

    def once(self, path: str, version: str, keep: Callable[[dict[str, Any]], dict[str, Hashable]]) -> dict[str, Any]:
        """What `keep` leaves of an answer that several listings need, asked for by the first of them, and held once for
        all subscriptions that get the same. A refusal is not kept: the next asks again."""
        with self._asking.setdefault(path, Lock()):
            if path not in self._kept:
                kept = keep(self.get(path, version)[0])
                self._kept[path] = self._alike.setdefault(tuple(kept.items()), kept)
            return self._kept[path]

    def follow(self, link: str) -> dict[str, Any]:
        """The page behind a link, which must lead to where we are: a token is not shown to anybody else."""
        if urlsplit(link).netloc.lower() != urlsplit(self.place.endpoint).netloc.lower():
            raise Refused("ForeignLink", f"the next page was said to be at {urlsplit(link).netloc[:100]!r}")
        answer, _ = self._asked(HttpRequest("GET", link))
        return answer

    def post(self, path: str, version: str, body: Any) -> tuple[dict[str, Any], Mapping[str, str]]:
        """One question that is too long for a path."""
        return self._versioned(
            path, version, lambda now: HttpRequest("POST", self._url(path), params={"api-version": now}, json=body)
        )

    def close(self) -> None:
        self._client.close()

    def _url(self, path: str) -> str:
        return self.place.endpoint + quote(path, safe="/()$-._~")

    def _versioned(
        self, path: str, version: str, request: Callable[[str], HttpRequest]
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """Asked in the version wanted, or, in a cloud that lags behind, in the newest one it has."""
        kind = _kind(path)
        try:
            return self._asked(request(self._versions.get(kind, version)))
        except Refused as refusal:
            older = _newest(refusal, version)
            if not older or kind in self._versions:
                if refusal.code in NOT_OFFERED:
                    raise NotOffered(refusal.code) from refusal
                raise
            answer = self._asked(request(older))
            self._versions[kind] = older
            return answer

    def _asked(self, request: HttpRequest) -> tuple[dict[str, Any], Mapping[str, str]]:
        try:
            response = self._client.send_request(request, **self._options)
            response.raise_for_status()
            answer = response.json()
        except ClientAuthenticationError as error:
            raise CloudError(f"{NO_CREDENTIALS} ({first_line(error)})") from error
        except HttpResponseError as error:
            if error.status_code == 401:
                raise CloudError(f"{NO_CREDENTIALS} ({first_line(error)})") from error
            raise refusal_of(error) from error
        except AzureError as error:
            raise Refused(type(error).__name__, first_line(error)) from error
        except ValueError as error:
            raise Refused("NotJson", f"the answer is not JSON: {error}") from error
        if not isinstance(answer, dict):
            raise Refused("NotAnObject", "the answer is no JSON object")
        return answer, response.headers


class ArmCloud:
    """Azure Resource Manager as one subscription is seen through it. Operations are named by the action they take, such
    as `Microsoft.Sql/servers/replicationLinks/read`, which is declared and not sent; `path` is where something is
    asked, with `{subscription}` for the subscription's own id, `version` in which version of its API."""

    def __init__(
        self, session: Session, rows: Callable[[str], Iterator[dict[str, Any]]], subscription: str = ""
    ) -> None:
        self._session, self._rows, self._subscription = session, rows, subscription

    def pages(self, operation: str, *, region: str = "", **asked: Any) -> Iterator[dict[str, Any]]:
        """Pages of `value`. With a `type` instead of a path, the swept resources of that type, one by one."""
        if "type" in asked:
            for row in self._rows(asked["type"]):
                yield {"value": [row]}
            return
        page, _headers = self._get(**asked)
        seen: set[str] = set()
        while True:
            yield page
            link = page.get("nextLink")
            if not link:
                return
            if link in seen:
                raise Refused("RepeatedToken", "the listing gave the same page twice")
            seen.add(link)
            page = self._session.follow(link)

    def call(self, operation: str, *, region: str = "", **asked: Any) -> dict[str, Any]:
        """One answer. With `keep` it is asked for once in this subscription, and what `keep` leaves of it is given."""
        if "keep" in asked:
            return self._session.once(**{**asked, "path": self._path(asked["path"])})
        return self._get(**asked)[0]

    def header(self, operation: str, name: str, *, region: str = "", **asked: Any) -> str:
        return self._get(**asked)[1].get(name, "")

    def _get(self, path: str, version: str, **query: Any) -> tuple[dict[str, Any], Mapping[str, str]]:
        return self._session.get(self._path(path), version, **query)

    def _path(self, path: str) -> str:
        return path.replace("{subscription}", self._subscription)


def refusal_of(error: HttpResponseError) -> Refused:
    """Why an answer did not come, by ARM's own code, and by the status where it gives none."""
    code = getattr(error.error, "code", "") or f"Http{error.status_code}"
    message = getattr(error.error, "message", "") or first_line(error)
    if code in VANISHED:
        return Vanished(code, message)
    if code in THROTTLED or error.status_code == 429:
        headers = getattr(error.response, "headers", {})
        return Throttled(code, message, seconds(headers.get("x-ms-user-quota-resets-after", "")))
    denied: GapReason = "denied" if code in DENIED or error.status_code == 403 else "error"
    return Refused(code, message, denied)


def seconds(text: str) -> float:
    """Seconds in `hh:mm:ss`, or in a plain number; 0 in anything else."""
    total = 0.0
    for part in text.split(":"):
        if not part.strip().replace(".", "", 1).isdigit():
            return 0.0
        total = total * 60 + float(part)
    return total


def _newest(refusal: Refused, wanted: str) -> str:
    """The newest version not after the one wanted, that a refusal lists; without previews if it can be."""
    if refusal.code not in OLD_CLOUD:
        return ""
    listed = {one for one in _VERSION.findall(refusal.message) if one[:10] < wanted[:10]}
    stable = {one for one in listed if not one.endswith("-preview")}
    return max(stable or listed, default="")


def _kind(path: str) -> str:
    """What versions belong to: the provider and type of the last part of a path, whatever it is named."""
    last = path.rpartition("/providers/")[2].split("/")
    return "/".join([last[0], *last[1::2]]).lower()


def first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _transport(connections: int) -> Any:
    import requests  # noqa: PLC0415 only here
    from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415
    from requests.adapters import HTTPAdapter  # noqa: PLC0415

    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_maxsize=connections))
    session.mount("http://", HTTPAdapter(pool_maxsize=connections))
    return RequestsTransport(session=session, session_owner=True, connection_timeout=10, read_timeout=60)
