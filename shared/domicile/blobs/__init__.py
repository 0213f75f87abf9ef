"""Where what lies between the steps of a deployed scan is kept: bytes under keys, one module per technology."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from domicile.errors import UsageError


class Blob(Struct, frozen=True):
    """What lay under a key when it was looked at. `tag` is another one whenever the content is; `version` is "" where a
    place keeps only the newest."""

    content: bytes
    tag: str
    version: str
    written_at: datetime


class Blobs(Protocol):
    """Bytes under keys such as `scans/000007/discovery`. A key that is written again holds the newer bytes."""

    def read(self, key: str) -> bytes | None:
        """What lies under a key; None when nothing does. Raises `StoreError` when it cannot be told."""
        ...

    def write(self, key: str, content: bytes, *, media_type: str = "application/octet-stream") -> None:
        """Put bytes under a key. Raises `StoreError`."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins so, in order."""
        ...

    def look(self, key: str, *, version: str = "") -> Blob | None:
        """What lies under a key, or the version of it that is asked for, with what tells it from any other."""
        ...

    def look_back(self, key: str, moment: datetime) -> Blob | None:
        """What lay under a key at a moment. Raises `UsageError` where a place keeps only the newest."""
        ...

    def replace(
        self, key: str, content: bytes, seen: Blob | None, *, media_type: str = "application/octet-stream"
    ) -> str:
        """Put bytes under a key if what was seen there is still there. Returns the version. Raises `Conflict`."""
        ...


def open_blobs(url: str) -> Blobs:
    """The blobs behind a URL: `s3://bucket` or `azblob://account.blob.core.windows.net/container`, either with a
    `/prefix` if wanted, or `file:///folder`."""
    scheme, separator, place = url.partition("://")
    if scheme == "s3" and separator and place:
        from domicile.blobs.s3 import S3Blobs  # noqa: PLC0415 only what is asked for is loaded

        bucket, _, prefix = place.partition("/")
        return S3Blobs(bucket, prefix)
    if scheme == "azblob" and separator and place:
        from domicile.blobs.azure import AzureBlobs  # noqa: PLC0415

        return AzureBlobs.of(place)
    if scheme == "file" and separator and place.startswith("/"):
        from domicile.blobs.folder import FolderBlobs  # noqa: PLC0415

        return FolderBlobs(place)
    raise UsageError(
        f"not a place for files: {url!r}; known are s3://BUCKET, azblob://ACCOUNT.blob.core.windows.net/CONTAINER and"
        " file:///FOLDER"
    )
