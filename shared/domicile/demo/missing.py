"""Operations of AWS that moto has not: answered with nothing, until `LocalCloud.answer` says what there is."""

from typing import Final

MISSING: Final[tuple[tuple[str, str], ...]] = (
    ("dlm", "GetLifecyclePolicies"),
    ("dlm", "GetLifecyclePolicy"),
    ("s3tables", "GetTableBucketEncryption"),
    ("s3tables", "GetTableBucketReplication"),
    ("s3tables", "ListTagsForResource"),
)
