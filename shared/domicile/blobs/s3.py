"""Bytes under keys in an S3 bucket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from domicile.blobs import Blob
from domicile.errors import Conflict, StoreError

_CHANGED: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})


class S3Blobs:
    """Objects of one bucket, below an optional prefix. How they are encrypted and kept is the bucket's own matter."""

    def __init__(self, bucket: str, prefix: str = "", *, client: Any = None) -> None:
        self.bucket, self.prefix = bucket, prefix.strip("/")
        self._s3 = client or botocore.session.Session().create_client(
            "s3", config=Config(retries={"mode": "standard", "max_attempts": 8})
        )

    def read(self, key: str) -> bytes | None:
        blob = self.look(key)
        return blob.content if blob else None

    def write(self, key: str, content: bytes, *, media_type: str = "application/octet-stream") -> None:
        try:
            self._s3.put_object(Bucket=self.bucket, Key=self._name(key), Body=content, ContentType=media_type)
        except (BotoCoreError, ClientError) as error:
            raise self._explained(key, error) from error

    def keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._name(prefix))
        skipped = len(self._name("x")) - 1
        try:
            for page in pages:
                yield from (one["Key"][skipped:] for one in page.get("Contents", ()))
        except (BotoCoreError, ClientError) as error:
            raise self._explained(prefix, error) from error

    def look(self, key: str, *, version: str = "") -> Blob | None:
        asked = {"VersionId": version} if version else {}
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=self._name(key), **asked)
            content: bytes = answer["Body"].read()
        except ClientError as error:
            # What cannot be the name of a version is an invalid argument.
            absent = {"NoSuchKey", *(("NoSuchVersion", "InvalidArgument") if version else ())}
            if error.response["Error"].get("Code") in absent:
                return None
            raise self._explained(key, error) from error
        except BotoCoreError as error:
            raise self._explained(key, error) from error
        return Blob(content, answer["ETag"], answer.get("VersionId", ""), answer["LastModified"])

    def look_back(self, key: str, moment: datetime) -> Blob | None:
        name = self._name(key)
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=name)
        try:
            # Newest first; keys that only begin like this one come after it.
            for page in pages:
                for one in page.get("Versions", ()):
                    if one["Key"] != name:
                        return None
                    if one["LastModified"] <= moment:
                        return self.look(key, version=one["VersionId"])
        except (BotoCoreError, ClientError) as error:
            raise self._explained(key, error) from error
        return None

    def replace(
        self, key: str, content: bytes, seen: Blob | None, *, media_type: str = "application/octet-stream"
    ) -> str:
        only = {"IfMatch": seen.tag} if seen else {"IfNoneMatch": "*"}
        try:
            answer = self._s3.put_object(
                Bucket=self.bucket, Key=self._name(key), Body=content, ContentType=media_type, **only
            )
        except ClientError as error:
            if error.response["Error"].get("Code") not in _CHANGED:
                raise self._explained(key, error) from error
            # A write whose answer got lost is sent again, and then finds itself there.
            there = self.look(key)
            if there is None or there.content != content:
                name = f"s3://{self.bucket}/{self._name(key)}"
                raise Conflict(f"{name} is not what it was when it was looked at") from error
            return there.version
        except BotoCoreError as error:
            raise self._explained(key, error) from error
        version: str = answer.get("VersionId", "")
        return version

    def _name(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _explained(self, key: str, error: Exception) -> StoreError:
        # Without permission to list, S3 answers a missing key with a refusal: it must not be read as "not there".
        return StoreError(f"s3://{self.bucket}/{self._name(key)}: {error}")
