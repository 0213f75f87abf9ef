"""Bytes under keys in a folder of this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from domicile.blobs import Blob
from domicile.errors import Conflict, StoreError, UsageError


class FolderBlobs:
    """One file per key, below a folder that is made when it is missing."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def read(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(f"{self._path(key)} cannot be read: {error.strerror}") from error

    def write(self, key: str, content: bytes, *, media_type: str = "") -> None:  # noqa: ARG002 files have no type
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Whoever reads meanwhile sees the old bytes or the new ones, never half.
            fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
            fresh.write_bytes(content)
            fresh.replace(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from error

    def keys(self, prefix: str) -> Iterator[str]:
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        yield from sorted(key for key in found if key.startswith(prefix) and not key.endswith(".new"))

    def look(self, key: str, *, version: str = "") -> Blob | None:
        if version:
            raise self._no_versions()
        content = self.read(key)
        if content is None:
            return None
        written_at = datetime.fromtimestamp(self._path(key).stat().st_mtime, UTC)
        return Blob(content, hashlib.sha256(content).hexdigest(), "", written_at)

    def look_back(self, key: str, moment: datetime) -> Blob | None:  # noqa: ARG002 there is only the newest
        raise self._no_versions()

    def replace(self, key: str, content: bytes, seen: Blob | None, *, media_type: str = "") -> str:
        """Nobody is kept out between the look and the write: a folder is for one person at a time."""
        there = self.look(key)
        if (there and there.tag) != (seen and seen.tag):
            raise Conflict(f"{self._path(key)} is not what it was when it was looked at")
        self.write(key, content, media_type=media_type)
        return ""

    def _no_versions(self) -> UsageError:
        return UsageError("a folder keeps no older versions", path=str(self.folder))

    def _path(self, key: str) -> Path:
        path = self.folder / key
        if "\0" in key or not path.resolve().is_relative_to(self.folder.resolve()):
            raise StoreError(f"{key!r} is not a key")
        return path.resolve()
