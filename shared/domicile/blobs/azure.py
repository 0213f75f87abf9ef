"""Bytes under keys in a container of an Azure storage account."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import ContainerClient, ContentSettings, ExponentialRetry
from requests import Session
from requests.adapters import HTTPAdapter

from domicile.blobs import Blob
from domicile.errors import Conflict, StoreError, UsageError

_EMULATOR: Final = re.compile(r"(?:localhost|127\.0\.0\.1)(?::\d+)?", re.ASCII)
_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.ASCII)
_CONTAINER: Final = re.compile(r"(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)

# Steps that URLs resolve and dots that the service drops, what it takes for a slash, what it does not take.
_NO_KEY: Final = re.compile(r"\.(?:/|$)|/$|[\\\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_ABSENT: Final = "BlobNotFound"
_CHANGED: Final = frozenset({"BlobAlreadyExists", "ConditionNotMet"})
_PAGE: Final = 1000
"""Often the first key is all that is asked for."""
_CONNECTIONS: Final = 32
"""As many as steps read at once."""


class Retry(ExponentialRetry):
    """Asks again, but not those who have not signed in: they will not have a minute later."""

    def increment(self, settings: Any, request: Any, response: Any = None, error: Any = None) -> bool:
        return not isinstance(error, ClientAuthenticationError) and super().increment(
            settings, request, response, error
        )


class AzureBlobs:
    """Blobs of one container, below an optional prefix. How they are encrypted, and whether older versions are kept, is
    the account's own matter."""

    def __init__(self, container: ContainerClient, prefix: str = "") -> None:
        self.container, self.prefix = container, prefix.strip("/")
        if _NO_KEY.search(self.prefix):
            raise UsageError(f"keys cannot begin with {prefix!r}", path=self._url(""))

    @classmethod
    def of(cls, place: str) -> AzureBlobs:
        """`ACCOUNT.blob.core.windows.net/CONTAINER/prefix`, read as whoever azure-identity finds; or an emulator's
        `127.0.0.1:PORT/ACCOUNT/CONTAINER/prefix`, with the key in AZURE_STORAGE_KEY. Raises `UsageError`."""
        host, *names = place.split("/")
        emulator = _EMULATOR.fullmatch(host)
        account = names.pop(0) if emulator and names else ""
        container, *prefix = names or [""]
        if not ((account or _HOST.fullmatch(host)) and _CONTAINER.fullmatch(container)):
            raise UsageError(
                f"not a container: {f'azblob://{place}'!r}; wanted is azblob://ACCOUNT.blob.core.windows.net/CONTAINER"
            )
        address = f"http://{host}/{account}" if emulator else f"https://{host}"
        client = ContainerClient(
            address,
            container,
            credential=_key_of(account) if emulator else _identity(),
            retry_policy=Retry(initial_backoff=1, increment_base=2, retry_total=6),
            transport=_transport(),
        )
        return cls(client, "/".join(prefix))

    def read(self, key: str) -> bytes | None:
        blob = self.look(key)
        return blob.content if blob else None

    def write(self, key: str, content: bytes, *, media_type: str = "application/octet-stream") -> None:
        with self._explained(key):
            self.container.upload_blob(
                self._name(key), content, overwrite=True, content_settings=ContentSettings(content_type=media_type)
            )

    def keys(self, prefix: str) -> Iterator[str]:
        skipped = len(self._under("x")) - 1
        with self._explained(prefix):
            for name in self.container.list_blob_names(name_starts_with=self._under(prefix), results_per_page=_PAGE):
                yield name[skipped:]

    def look(self, key: str, *, version: str = "") -> Blob | None:
        blob = self.container.get_blob_client(self._name(key), version_id=version or None)
        try:
            with self._explained(key):
                answer = blob.download_blob()
                content = answer.readall()
        except StoreError as failure:
            # What cannot be the name of a version is a bad request.
            if _code(failure.__cause__) == _ABSENT or (version and _status(failure.__cause__) == 400):
                return None
            raise
        told = answer.properties
        if version and told.version_id != version:
            raise self._no_versions(key)
        return Blob(content, told.etag, told.version_id or "", told.last_modified)

    def look_back(self, key: str, moment: datetime) -> Blob | None:
        name, found = self._name(key), None
        with self._explained(key):
            # Oldest first; names that only begin like this one come after it.
            for one in self.container.list_blobs(name_starts_with=name, include=["versions"]):
                if one.name != name:
                    break
                if not one.version_id:
                    raise self._no_versions(key)
                if one.last_modified <= moment:
                    found = one.version_id
        return self.look(key, version=found) if found else None

    def replace(
        self, key: str, content: bytes, seen: Blob | None, *, media_type: str = "application/octet-stream"
    ) -> str:
        only: dict[str, Any] = {}
        if seen:
            only = {"etag": seen.tag, "match_condition": MatchConditions.IfNotModified}
        try:
            with self._explained(key):
                answer = self.container.get_blob_client(self._name(key)).upload_blob(
                    content,
                    overwrite=seen is not None,
                    content_settings=ContentSettings(content_type=media_type),
                    **only,
                )
        except StoreError as failure:
            if _code(failure.__cause__) not in _CHANGED:
                raise
            # A write whose answer got lost is sent again, and then finds itself there.
            there = self.look(key)
            if there is None or there.content != content:
                raise Conflict(f"{self._url(key)} is not what it was when it was looked at") from failure
            return there.version
        return answer.get("version_id") or ""

    def _name(self, key: str) -> str:
        if not key or _NO_KEY.search(key):
            raise StoreError(f"{key!r} is not a key")
        return self._under(key)

    def _under(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _url(self, key: str) -> str:
        return f"azblob://{self.container.url.partition('://')[2].partition('?')[0]}/{self._under(key)}"

    def _no_versions(self, key: str) -> UsageError:
        return UsageError("this storage account keeps no older versions", path=self._url(key))

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        try:
            yield
        except AzureError as error:
            raise StoreError(f"{self._url(key)}: {_sentence(error)}") from error


def _identity() -> Any:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 large, and an emulator does without

    return DefaultAzureCredential()


def _key_of(account: str) -> dict[str, str]:
    key = os.environ.get("AZURE_STORAGE_KEY", "")
    if not key:
        raise UsageError("is not set: an emulator asks for the key of its account", field="AZURE_STORAGE_KEY")
    return {"account_name": account, "account_key": key}


def _transport() -> RequestsTransport:
    session = Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
    return RequestsTransport(session=session)


def _code(error: BaseException | None) -> str:
    """The service's name for what went wrong; "" where it gave none."""
    code = getattr(error, "error_code", None) or ""
    return str(getattr(code, "value", code))


def _status(error: BaseException | None) -> int | None:
    return error.status_code if isinstance(error, HttpResponseError) else None


def _sentence(error: AzureError) -> str:
    """What went wrong, without what only the service's support can use."""
    code, said = _code(error), str(error.message).strip().partition("\n")[0]
    return f"{code}: {said}" if code else said
