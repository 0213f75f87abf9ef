"""The way to AWS: botocore describes, signs and reads each call; one client for a service serves all its regions, one
pool of connections serves all services."""

# ruff: noqa: SLF001 the steps of a call are private to botocore's client; requirements.txt pins it

from __future__ import annotations

import functools
import gc
import itertools
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import botocore.session
import msgspec
from botocore.config import Config
from botocore.endpoint import convert_to_response_dict
from botocore.exceptions import BotoCoreError, ClientError, DataNotFoundError
from botocore.httpsession import ProxyConfiguration, URLLib3Session, get_cert_path
from botocore.loaders import JSONFileLoader
from botocore.paginate import Paginator
from botocore.parsers import ResponseParserFactory
from botocore.retries.standard import (
    ExponentialBackoff,
    RetryContext,
    RetryEventAdapter,
    StandardRetryConditions,
    ThrottlingErrorDetector,
)
from botocore.utils import get_environ_proxies, parse_timestamp

SLOWEST: Final = 1.0
LESS: Final = 0.9
MORE: Final = 0.5
"""What a service bears is what it answered in a second; less than that is asked of it, and more with each answer."""
LONGEST_WAIT: Final = 20.0
HOSTS: Final = 50
"""To how many hosts connections are kept: a process may have some hundreds open. In botocore it is ten for a client."""

# S3 says where a bucket lies to whoever asks about it in another region.
ELSEWHERE: Final = frozenset({301, 307, 400})
REGION_HEADER: Final = "x-amz-bucket-region"
# All but access points, directory buckets and names that cannot be part of the name of a host.
ORDINARY: Final = re.compile(r"(?!xn-)(?:[a-z0-9]|(?<=[a-z0-9])-(?=[a-z0-9])){3,63}(?<!-s3alias)")
STAND_IN: Final = "some-bucket-with-an-ordinary-name"


class Api:
    """One service as the SDK describes it. Its client was made for one region, and is asked about each."""

    def __init__(self, client: Any, paginators: Any) -> None:
        self.client, self.paginators = client, paginators
        self.model: Any = client.meta.service_model
        self.name: str = self.model.service_id.hyphenize()
        self.operations: Mapping[str, str] = client.meta.method_to_api_mapping
        # botocore would put it together twice for each call, and it is always the same.
        self.agent: str = client._user_agent_creator.to_string()
        client.meta.events.unregister(
            f"request-created.{self.name}", client._user_agent_creator.rebuild_and_replace_user_agent_handler
        )
        self.parsers = ResponseParserFactory()
        self.parsers.set_parser_defaults(timestamp_parser=_moment)
        client.meta.events.register_first(f"before-endpoint-resolution.{self.name}", _in_region_of_call)

    def signed_in(self, region: str) -> str:
        """The region that a signature names where the rules for endpoints do not say: of a service that is spoken to in
        one place only, that place."""
        made_for, signed_in = self.client.meta.region_name, self.client._request_signer.region_name
        return region if signed_in == made_for else str(signed_in)


class Connections(URLLib3Session):  # type: ignore[misc]
    """Connections to all hosts there are, with the options of one of botocore's own sessions. That one would read the
    certificates for each connection anew."""

    _manager: Any

    def __init__(self, like: Any) -> None:
        self._context: Any = None
        self._trusting = False
        self._lock = threading.Lock()
        super().__init__(
            verify=like._verify,
            timeout=(like._timeout.connect_timeout, like._timeout.read_timeout),
            max_pool_connections=like._max_pool_connections,
            socket_options=like._socket_options,
        )
        self._manager = _Pools(self._manager)
        self._proxy_config = _Proxies()

    def _get_ssl_context(self) -> Any:
        self._context = self._context or super()._get_ssl_context()
        return self._context

    def _get_pool_manager_kwargs(self, **more: Any) -> dict[str, Any]:
        given: dict[str, Any] = super()._get_pool_manager_kwargs(num_pools=HOSTS, **more)
        return given

    def _setup_ssl_cert(self, conn: Any, url: str, verify: Any) -> None:
        super()._setup_ssl_cert(conn, url, verify)
        if conn.ca_certs:
            with self._lock:
                if not self._trusting:
                    self._context.load_verify_locations(get_cert_path(verify))
                    self._trusting = True
            conn.ca_certs = None


class _Pools:
    """The pool of connections to each host, found without taking its address apart anew."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._known: dict[str, Any] = {}

    def connection_from_url(self, url: str) -> Any:
        place = url[: url.find("/", len("https://"))]
        pool = self._known.get(place)
        # The pool that was used least recently is closed for a new host.
        if pool is None or pool.pool is None:
            if len(self._known) > HOSTS:
                self._known.clear()
            pool = self._known[place] = self._manager.connection_from_url(url)
        return pool

    def clear(self) -> None:
        self._known.clear()
        self._manager.clear()


class _Proxies(ProxyConfiguration):  # type: ignore[misc]
    """What the environment says of each host, looked up once."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[tuple[str, str], str | None] = {}

    def proxy_url_for(self, url: str) -> str | None:
        scheme, host, *_ = urlsplit(url)
        if (scheme, host) not in self._known:
            self._known[scheme, host] = ProxyConfiguration(get_environ_proxies(url)).proxy_url_for(url)
        return self._known[scheme, host]


class Pace:
    """How fast one service is asked in one account and region: at will, until it says that this is too much."""

    def __init__(self) -> None:
        self.rate = 0.0
        """Calls a second; 0 where nothing was said."""
        self.silent = 0
        """How many calls in a row nobody answered."""
        self._lock = threading.Lock()
        self._next = self._deaf_until = self._since = 0.0
        self._answered = self._before = 0

    def turn(self, now: float) -> float:
        """For how long the next call has to wait."""
        with self._lock:
            if not self.rate:
                return 0
            begin = max(now, self._next)
            self._next = begin + 1 / self.rate
            return begin - now

    def hear(self, now: float, *, reached: bool, throttled: bool) -> None:
        with self._lock:
            self.silent = 0 if reached else self.silent + 1
            if now - self._since >= 1:
                self._before = self._answered if now - self._since < 2 else 0
                self._since, self._answered = now, 0
            if throttled:
                self._slow_down(now)
            elif reached:
                self._answered += 1
                if self.rate:
                    self.rate += MORE

    def _slow_down(self, now: float) -> None:
        # What was under way already when it was slowed down says nothing about the new pace.
        if now < self._deaf_until:
            return
        bearable = max(self._answered, self._before)
        self.rate = max(SLOWEST, LESS * min(bearable, self.rate or bearable))
        self._next = max(self._next, now + 1 / self.rate)
        self._deaf_until = now + 1


class Transport:
    """Asks, and asks again where that may help. `wait` and `chance` are time and luck, which tests make up."""

    def __init__(
        self,
        session: Any,
        config: Config,
        *,
        region: str,
        attempts: int,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        connections: Any = None,
    ) -> None:
        self._session, self._config, self._region, self._attempts = session, config, region, attempts
        self._wait, self._clock = wait, clock
        self._apis: dict[str, Api] = {}
        self._paces: dict[tuple[Any, str, str], Pace] = {}
        self._connections: Any = connections
        self._lock = threading.RLock()
        self._throttling = ThrottlingErrorDetector(RetryEventAdapter())
        self._again = StandardRetryConditions(max_attempts=attempts)
        self._pause = ExponentialBackoff(LONGEST_WAIT, chance, throttling_detector=self._throttling)

    def api(self, service: str) -> Api:
        # Creating clients on one session is not thread-safe, and costs more than most calls.
        with self._lock:
            if service not in self._apis:
                client = self._session.create_client(service, region_name=self._region, config=self._config)
                try:
                    paginators = self._session.get_paginator_model(service)
                except DataNotFoundError:
                    paginators = None
                self._apis[service] = Api(client, paginators)
                self._connections = self._connections or Connections(client._endpoint.http_session)
                # Descriptions are large and stay: they need not be looked through for garbage time and again.
                gc.freeze()
            return self._apis[service]

    def paginator(self, api: Api, operation: str, ask: Callable[..., dict[str, Any]]) -> Any:
        """The SDK's way through the pages of a listing; None where it knows of none."""
        name = api.operations[operation]
        try:
            pagination = api.paginators.get_paginator(name) if api.paginators else None
        except ValueError:
            return None
        return pagination and Paginator(ask, pagination, api.model.operation_model(name))

    def ask(
        self,
        service: str,
        region: str,
        credentials: Any,
        operation: str,
        parameters: dict[str, Any],
        *,
        follow: bool = True,
    ) -> dict[str, Any]:
        """One answer, or ClientError. `follow`: about a bucket that lies elsewhere, ask there."""
        api = self.api(service)
        model = api.model.operation_model(api.operations[operation])
        request = self._request(api, model, region, credentials, parameters)
        http, parsed = self._sent(api, model, request, self._pace(credentials, region, service))
        events = api.client.meta.events
        events.emit(
            f"after-call.{api.name}.{model.name}",
            http_response=http,
            parsed=parsed,
            model=model,
            context=request["context"],
        )
        if http.status_code < 300:
            return parsed
        if follow and service == "s3" and http.status_code in ELSEWHERE:
            there = http.headers.get(REGION_HEADER) or parsed.get("Error", {}).get("Region")
            if there and there != region:
                return self.ask(service, there, credentials, operation, parameters, follow=False)
        raise ClientError(parsed, model.name)

    def close(self) -> None:
        with self._lock:
            for api in self._apis.values():
                api.client.close()
            self._apis.clear()
            if self._connections:
                self._connections.close()

    def _request(
        self, api: Api, model: Any, region: str, credentials: Any, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        client = api.client
        context: dict[str, Any] = {
            "client_region": region,
            "client_config": client.meta.config,
            "has_streaming_input": model.has_streaming_input,
            "auth_type": model.resolved_auth_type,
            "unsigned_payload": model.unsigned_payload,
            "auth_options": api.model.metadata.get("auth"),
            "signing": {"region": api.signed_in(region), "request_credentials": credentials},
        }
        given = client._emit_api_params(parameters, model, context)
        url, headers, properties = _address(api, model, given, context)
        if properties:
            context["endpoint_properties"] = properties
        request: dict[str, Any] = client._convert_to_request_dict(
            given, model, url, context, {**headers, "User-Agent": api.agent}, set_user_agent_header=False
        )
        client.meta.events.emit(
            f"before-call.{api.name}.{model.name}",
            model=model,
            params=request,
            request_signer=client._request_signer,
            context=context,
        )
        return request

    def _sent(self, api: Api, model: Any, request: dict[str, Any], pace: Pace) -> tuple[Any, dict[str, Any]]:
        for attempt in itertools.count(1):
            if delay := pace.turn(self._clock()):
                self._wait(delay)
            http, parsed, error = None, None, None
            try:
                # Signed anew each time: a signature is good for some minutes only.
                http = self._connections.send(api.client._endpoint.create_request(request, model))
                parsed = _read(api, model, http)
            except BotoCoreError as failure:
                error = failure
            outcome = RetryContext(attempt, model, parsed, http, error, request["context"])
            throttled = self._throttling.is_throttling_error_from_context(outcome)
            pace.hear(self._clock(), reached=http is not None, throttled=throttled)
            # A region that does not answer is not asked eight times by every call.
            if pace.silent > self._attempts or not self._again.is_retryable(outcome):
                break
            self._wait(max(self._pause.delay_amount(outcome), _retry_after(http)))
        if error:
            raise error
        return http, parsed or {}

    def _pace(self, credentials: Any, region: str, service: str) -> Pace:
        with self._lock:
            # Credentials stand for their account: there is one set for each.
            return self._paces.setdefault((credentials, region, service), Pace())


@functools.cache
def models() -> Any:
    """The SDK's descriptions of services: large, always the same, and read once."""
    loader = botocore.session.Session().get_component("data_loader")
    loader.file_loader = _Descriptions()
    return loader


class _Descriptions(JSONFileLoader):  # type: ignore[misc]
    """Reads them in half of the time."""

    def _load_file(self, full_path: str, open_method: Callable[..., Any]) -> Any:
        try:
            with open_method(full_path, "rb") as file:
                return msgspec.json.decode(file.read())
        except FileNotFoundError:
            return None


def _in_region_of_call(builtins: dict[str, Any], context: Mapping[str, Any], **_: Any) -> None:
    builtins["AWS::Region"] = context["client_region"]


def _address(api: Api, model: Any, given: dict[str, Any], context: dict[str, Any]) -> tuple[str, Any, Any]:
    """Where to ask. For buckets with ordinary names that is the same but for the name, and is worked out once."""
    bucket = given.get("Bucket", "")
    if api.name != "s3" or not ORDINARY.fullmatch(bucket):
        found: tuple[str, Any, Any] = api.client._resolve_endpoint_ruleset(model, given, context)
        return found
    url, headers, properties = api.client._resolve_endpoint_ruleset(model, given | {"Bucket": STAND_IN}, context)
    return url.replace(STAND_IN, bucket), headers, properties


def _read(api: Api, model: Any, http: Any) -> dict[str, Any]:
    answer = convert_to_response_dict(http, model)
    more: dict[str, Any] = {}
    api.client.meta.events.emit(
        f"before-parse.{api.name}.{model.name}",
        operation_model=model,
        response_dict=answer,
        customized_response_dict=more,
    )
    parsed: dict[str, Any] = api.parsers.create_parser(api.model.resolved_protocol).parse(answer, model.output_shape)
    return parsed | more


def _moment(written: Any) -> datetime:
    """Most moments are written in one way, which needs no parser that knows all others."""
    try:
        moment = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        moment = None
    return moment if moment and moment.tzinfo else parse_timestamp(written)


def _retry_after(http: Any) -> float:
    said = "" if http is None else http.headers.get("Retry-After", "")
    return min(float(said), LONGEST_WAIT) if said.isdigit() else 0.0
