"""Bytes under keys in a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from domicile.errors import StoreError


class FolderBlobs:
    """One file per key, below a folder that is made when it is missing."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def read(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
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

    def _path(self, key: str) -> Path:
        path = (self.folder / key).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise StoreError(f"{key!r} is not a key")
        return path
