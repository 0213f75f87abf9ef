"""Bytes under keys in an S3 bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from domicile.errors import StoreError


class S3Blobs:
    """Objects of one bucket, below an optional prefix. How they are encrypted and kept is the bucket's own matter."""

    def __init__(self, bucket: str, prefix: str = "", *, client: Any = None) -> None:
        self.bucket, self.prefix = bucket, prefix.strip("/")
        self._s3 = client or boto3.client("s3", config=Config(retries={"mode": "standard", "max_attempts": 8}))

    def read(self, key: str) -> bytes | None:
        try:
            content: bytes = self._s3.get_object(Bucket=self.bucket, Key=self._name(key))["Body"].read()
        except ClientError as error:
            if error.response["Error"].get("Code") == "NoSuchKey":
                return None
            raise self._explained(key, error) from error
        except BotoCoreError as error:
            raise self._explained(key, error) from error
        return content

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

    def _name(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _explained(self, key: str, error: Exception) -> StoreError:
        # Without permission to list, S3 answers a missing key with a refusal: it must not be read as "not there".
        return StoreError(f"s3://{self.bucket}/{self._name(key)}: {error}")
