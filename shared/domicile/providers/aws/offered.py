"""Whether there is a service in a region at all: what has no address is not there, and need not be asked."""

# ruff: noqa: SLF001 where a client would turn to is private to it; requirements.txt pins botocore

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import botocore.session
from botocore.exceptions import BotoCoreError

from domicile.providers.aws.arn import partition
from domicile.providers.aws.session import Session
from domicile.providers.aws.transport import models

EVERYWHERE: Final = "sts"
MAIN: Final[Mapping[str, str]] = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-us-gov": "us-gov-west-1",
}
"""The region of each partition in which a service is if it is there at all."""


class Offered:
    """What the SDK lists is there. Of what it does not list, which may be newer than the SDK, the address decides, once
    for all accounts, and only where addresses of that kind are known at all."""

    def __init__(self, session: Session, look_up: Callable[..., Any] = socket.getaddrinfo) -> None:
        self._session, self._look_up = session, look_up
        self._lists = botocore.session.Session()
        self._lists.register_component("data_loader", models())
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], bool] = {}

    def __call__(self, service: str, region: str) -> bool:
        key = service, region
        if key not in self._known:
            self._known[key] = self._is_listed(service, region) or not self._is_absent(service, region)
        return self._known[key]

    def _is_listed(self, service: str, region: str) -> bool:
        with self._lock:
            return region in self._lists.get_available_regions(service, partition(region))

    def _is_absent(self, service: str, region: str) -> bool:
        try:
            host, usual = self._host(service, region), self._host(EVERYWHERE, region)
            controls = [usual]
            if _domain(host, region) != _domain(usual, region):
                controls.append(self._host(service, MAIN.get(partition(region), region)))
        except BotoCoreError:
            # Each operation has an address of its own.
            return False
        return self._is_unknown(host) and not any(map(self._is_unknown, controls))

    def _is_unknown(self, host: str) -> bool:
        try:
            self._look_up(host, None)
        except OSError as error:
            return error.errno == socket.EAI_NONAME
        except UnicodeError:
            return False
        return False

    def _host(self, service: str, region: str) -> str:
        resolver = self._session.transport.api(service).client._ruleset_resolver
        given = {str(name.value): value for name, value in resolver._builtins.items()}
        address = given["SDK::Endpoint"] or (
            resolver._provider.resolve_endpoint(
                Region=region,
                UseFIPS=bool(given["AWS::UseFIPS"]),
                UseDualStack=bool(given["AWS::UseDualStack"]),
            ).url
        )
        return urlsplit(address).hostname or ""


def _domain(host: str, region: str) -> str:
    return host.partition(f".{region}.")[2]
