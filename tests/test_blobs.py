"""Bytes under keys: what every place for them promises, in a folder, in a bucket and in a container."""

import itertools
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import boto3
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from azure_storage_emulator import ACCOUNT, KEY, a_container, emulator
from domicile.blobs import open_blobs
from domicile.blobs.azure import AzureBlobs, Retry
from domicile.blobs.folder import FolderBlobs
from domicile.blobs.s3 import S3Blobs
from domicile.errors import Conflict, StoreError, UsageError
from local_http import Said, answering

BUCKET = "domicile-work"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "ap-south-1"}
numbers = itertools.count()
HOSTILE = ("a b", "a+b&c=d", "a%2Fb", "रोगी/ï", "<Key>&amp;", "'; rm -rf ~", "a\u202eb", "\x1b[31m")


@pytest.fixture(scope="module", name="s3")
def a_bucket():
    with mock_aws():
        client = boto3.client("s3", **KEYS)
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture(scope="module", name="storage")
def a_storage_account():
    """Host and port."""
    with emulator() as host:
        yield host


class SmallPages(ContainerClient):
    """Asks for less on a page than a thousand keys."""

    def list_blob_names(self, **asked):
        return super().list_blob_names(**asked | {"results_per_page": 10})


@pytest.fixture(scope="module", name="container")
def a_made_container(storage):
    with a_container(storage, BUCKET, kind=SmallPages) as container:
        container.create_container()
        yield container


@pytest.fixture(
    params=["folder", "bucket", "bucket, below a prefix", "container", "container, below a prefix"], name="blobs"
)
def a_place(request, tmp_path):
    if request.param == "folder":
        return FolderBlobs(tmp_path / "made when it is needed")
    # Each test has a prefix of its own, or the bucket would have to be emptied.
    prefix = f"/more/{next(numbers)}/deep/" if request.param.endswith("prefix") else f"tests/{next(numbers)}"
    if request.param.startswith("bucket"):
        return S3Blobs(BUCKET, prefix, client=request.getfixturevalue("s3"))
    return AzureBlobs(request.getfixturevalue("container"), prefix)


def test_what_was_written_is_read(blobs):
    blobs.write("scans/000007/discovery", b"\x00\xff", media_type="application/gzip")
    assert blobs.read("scans/000007/discovery") == b"\x00\xff"


def test_what_was_never_written_is_not_there(blobs):
    blobs.write("a/b", b"")
    assert blobs.read("a/b") == b""
    assert [blobs.read(key) for key in ("a", "a/b/c", "b")] == [None, None, None]
    assert blobs.look("a/c") is None
    assert list(blobs.keys("b")) == []


def test_the_newer_bytes_replace_the_older(blobs):
    blobs.write("a", b"longer than what comes after")
    blobs.write("a", b"new")
    assert blobs.read("a") == b"new"
    assert list(blobs.keys("")) == ["a"]


def test_keys_are_those_that_begin_so_in_order(blobs):
    for key in ("b/1", "a/3/x", "a/10", "a/2", "a-1", "ab", "A/1"):
        blobs.write(key, b"")
    assert list(blobs.keys("a/")) == ["a/10", "a/2", "a/3/x"]
    assert list(blobs.keys("a")) == ["a-1", "a/10", "a/2", "a/3/x", "ab"]
    assert list(blobs.keys("a/1")) == ["a/10"]
    assert list(blobs.keys("")) == ["A/1", "a-1", "a/10", "a/2", "a/3/x", "ab", "b/1"]


def test_more_keys_than_fit_on_a_page_are_all_told(blobs):
    wanted = [f"many/{number:05}" for number in range(23 if isinstance(blobs, AzureBlobs) else 1003)]
    for key in reversed(wanted):
        blobs.write(key, b"")
    assert list(blobs.keys("many/")) == wanted


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_is_a_key_like_any_other(blobs, key):
    if isinstance(blobs, AzureBlobs) and "\x1b" in key:
        with pytest.raises(StoreError, match="is not a key"):
            blobs.write(f"names/{key}", b"x")
        return
    blobs.write(f"names/{key}", b"x")
    assert blobs.read(f"names/{key}") == b"x"
    assert list(blobs.keys("names/")) == [f"names/{key}"]


@pytest.mark.parametrize("key", ["../outside", "a/../../outside", "/etc/hostname", "a\0b"])
def test_a_key_never_leads_out_of_a_folder(tmp_path, key):
    (tmp_path / "outside").write_bytes(b"secret")
    blobs = FolderBlobs(tmp_path / "inside")
    for use in (blobs.read, blobs.look, lambda key: blobs.write(key, b"x")):
        with pytest.raises(StoreError, match="is not a key"):
            use(key)
    assert (tmp_path / "outside").read_bytes() == b"secret"


@pytest.mark.parametrize(
    "key",
    ["", ".", "../outside", "a/../../outside", "a/./b", "a/..", "a.", "a/", "a\\b", "a\0b", "\x1b[31m", "a\ud800"],
)
def test_a_key_never_leads_out_of_a_container_nor_is_it_another_one_there(container, key):
    blobs = AzureBlobs(container, "keys/below")
    for use in (blobs.read, blobs.look, lambda key: blobs.write(key, b"x"), lambda key: blobs.replace(key, b"x", None)):
        with pytest.raises(StoreError, match="is not a key"):
            use(key)
    assert list(AzureBlobs(container, "keys").keys("")) == []


@pytest.mark.parametrize("prefix", ["..", "a/../b", "a./b", "a\\b", "a\nb"])
def test_nor_does_what_all_keys_begin_with(container, prefix):
    with pytest.raises(UsageError, match="keys cannot begin with"):
        AzureBlobs(container, prefix)


# Writing over what was seen


def test_what_nobody_changed_since_it_was_seen_is_replaced(blobs):
    blobs.replace("a", b"1", None)
    blobs.replace("a", b"2", blobs.look("a"))
    assert blobs.read("a") == b"2"


def test_what_somebody_changed_since_it_was_seen_stays(blobs):
    blobs.write("a", b"1")
    seen = blobs.look("a")
    blobs.write("a", b"somebody else's")
    for stale in (seen, None):
        with pytest.raises(Conflict, match="a is not what it was when it was looked at"):
            blobs.replace("a", b"2", stale)
    assert blobs.read("a") == b"somebody else's"


def test_what_has_gone_since_it_was_seen_stays_away(blobs):
    blobs.write("a", b"1")
    seen = blobs.look("a")
    with pytest.raises(Conflict):
        blobs.replace("b", b"2", seen)
    assert blobs.read("b") is None


def test_another_content_has_another_tag(blobs):
    blobs.write("a", b"1")
    first = blobs.look("a")
    blobs.write("a", b"2")
    assert blobs.look("a").tag != first.tag
    assert blobs.look("a").content == b"2"
    assert first.written_at.tzinfo is not None


# Versions


@pytest.fixture(name="versioned")
def a_versioned_place(request, s3):
    return S3Blobs(BUCKET, f"versions/{request.node.name}", client=s3)


def test_a_bucket_gives_older_versions_back(versioned):
    first = versioned.replace("a", b"1", None)
    second = versioned.replace("a", b"2", versioned.look("a"))
    assert len({first, second}) == 2
    assert versioned.look("a").version == second
    assert versioned.look("a", version=first).content == b"1"


@pytest.mark.parametrize("version", ["null", "1234", "so sánh"])
def test_a_version_that_never_was_is_not_there(versioned, version):
    versioned.write("a", b"1")
    assert versioned.look("a", version=version) is None


def test_a_bucket_tells_what_lay_there_at_a_moment(versioned):
    versioned.write("a.yaml.old", b"another key")
    for content in (b"1", b"2", b"3"):
        versioned.write("a", content)
    newest = versioned.look("a")
    assert versioned.look_back("a", newest.written_at + timedelta(hours=1)).content == b"3"
    assert versioned.look_back("a", newest.written_at - timedelta(hours=1)) is None
    assert versioned.look_back("a.yaml", newest.written_at) is None


class Keeper:
    """A storage account that keeps every version, as Azurite does not: one container, in the shapes that Azure records.
    `refusal` is what it says instead; `hangs_up` is how often it does as it is told and then hangs up."""

    def __init__(self):
        self.kept, self.asked = {}, []
        self.refusal, self.hangs_up, self.versioned = None, 0, True
        self.began = datetime(2026, 3, 4, 12, tzinfo=UTC)

    def __call__(self, asked):
        self.asked.append(asked)
        if self.refusal:
            return self.error(*self.refusal)
        name = asked.path.partition(f"/{BUCKET}/")[2]
        said = (self.put if asked.method == "PUT" else self.get if name else self.list)(name, asked)
        self.hangs_up -= 1
        return None if self.hangs_up >= 0 else said

    def error(self, status, code):
        said = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>not for you\nRequestId:1\nTime:2</Message></Error>"
        return Said(status, said.encode(), {"x-ms-error-code": code, "Content-Type": "application/xml"})

    def put(self, name, asked):
        there = self.kept.setdefault(name, [])
        if asked.headers["If-None-Match"] == "*" and there:
            return self.error(409, "BlobAlreadyExists")
        if asked.headers["If-Match"] and (not there or there[-1]["ETag"] != asked.headers["If-Match"]):
            return self.error(412, "ConditionNotMet")
        number = sum(map(len, self.kept.values()))
        told = {
            "ETag": f'"0x{number}"',
            "Last-Modified": format_datetime(self.began + timedelta(minutes=number), usegmt=True),
            "x-ms-version-id": f"2026-03-04T12:{number:02}:00.1234567Z",
        }
        there.append(told | {"content": asked.body})
        return Said(201, headers=told)

    def get(self, name, asked):
        there = self.kept.get(name, ())
        if "versionid" in asked.query:
            if not asked.query["versionid"].startswith("2"):
                return self.error(400, "InvalidQueryParameterValue")
            there = [one for one in there if one["x-ms-version-id"] == asked.query["versionid"]]
        if not there:
            return self.error(404, "BlobNotFound")
        content = there[-1]["content"]
        told = {name: value for name, value in there[-1].items() if name != "content"}
        whole = {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}", "x-ms-blob-type": "BlockBlob"}
        return Said(206, content, told | whole)

    def list(self, _, asked):
        assert (asked.query["restype"], asked.query["comp"], asked.query["include"]) == (
            "container",
            "list",
            "versions",
        )
        blobs = [
            f"<Blob><Name>{name}</Name><VersionId>{one['x-ms-version-id']}</VersionId><Properties>"
            f"<Last-Modified>{one['Last-Modified']}</Last-Modified><BlobType>BlockBlob</BlobType></Properties></Blob>"
            for name, there in sorted(self.kept.items())
            for one in there
            if name.startswith(asked.query["prefix"])
        ]
        said = f"<?xml version='1.0'?><EnumerationResults><Blobs>{''.join(blobs)}</Blobs><NextMarker/></EnumerationResults>"
        return Said(200, said.encode(), {"Content-Type": "application/xml"})


@pytest.fixture(name="keeper")
def a_storage_account_that_keeps_versions():
    keeper = Keeper()
    with answering(keeper) as address, a_container(address.removeprefix("http://"), BUCKET) as container:
        keeper.blobs = AzureBlobs(container, "below")
        yield keeper


def test_a_container_gives_older_versions_back(keeper):
    blobs = keeper.blobs
    first = blobs.replace("a", b"1", None)
    second = blobs.replace("a", b"2", blobs.look("a"))
    assert len({first, second}) == 2
    assert blobs.look("a").version == second
    assert blobs.look("a", version=first).content == b"1"
    assert [blobs.look("a", version=never) for never in ("2025-01-01T00:00:00.0000000Z", "so sánh")] == [None, None]


def test_a_container_tells_what_lay_there_at_a_moment(keeper):
    blobs = keeper.blobs
    blobs.write("a.yaml.old", b"another key")
    for content in (b"1", b"2", b"3"):
        blobs.write("a", content)
        blobs.write("a.yaml", b"another key, too")
    newest = blobs.look("a")
    assert blobs.look_back("a", newest.written_at + timedelta(hours=1)).content == b"3"
    assert blobs.look_back("a", newest.written_at - timedelta(seconds=1)).content == b"2"
    assert blobs.look_back("a", newest.written_at - timedelta(hours=1)) is None
    assert blobs.look_back("a.ya", newest.written_at) is None


def test_an_account_without_versions_says_so(container):
    blobs = AzureBlobs(container, "without-versions")
    assert blobs.replace("a", b"1", None) == ""
    for use in (
        lambda: blobs.look("a", version="2025-01-01T00:00:00.0000000Z"),
        lambda: blobs.look_back("a", blobs.look("a").written_at),
    ):
        with pytest.raises(UsageError, match="without-versions/a: this storage account keeps no older versions"):
            use()
    assert blobs.look_back("b", blobs.look("a").written_at) is None


def test_a_folder_says_that_it_keeps_no_versions(tmp_path):
    blobs = FolderBlobs(tmp_path)
    assert blobs.replace("a", b"1", None) == ""
    with pytest.raises(UsageError, match="keeps no older versions"):
        blobs.look("a", version="1")
    with pytest.raises(UsageError, match="keeps no older versions"):
        blobs.look_back("a", blobs.look("a").written_at)


# What cannot be told


@pytest.fixture(name="refusing")
def a_client_that_is_answered():
    client = boto3.client("s3", config=Config(retries={"max_attempts": 1}), **KEYS)
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "SlowDown", "KMS.DisabledException", "403", "404"])
@pytest.mark.parametrize(
    ("operation", "use"),
    [
        ("get_object", lambda blobs: blobs.read("a")),
        ("get_object", lambda blobs: blobs.look("a")),
        ("put_object", lambda blobs: blobs.write("a", b"")),
        ("put_object", lambda blobs: blobs.replace("a", b"", None)),
        ("list_objects_v2", lambda blobs: list(blobs.keys(""))),
    ],
)
def test_a_refusal_is_never_taken_for_nothing_there(refusing, operation, use, code):
    client, stub = refusing
    stub.add_client_error(operation, code, "not for you")
    with pytest.raises(StoreError, match=rf"s3://{BUCKET}/.*{code}.*not for you") as refused:
        use(S3Blobs(BUCKET, client=client))
    assert not isinstance(refused.value, Conflict)


def test_a_page_that_is_refused_is_no_end(refusing):
    client, stub = refusing
    first = {"Contents": [{"Key": "a"}], "IsTruncated": True, "NextContinuationToken": "more"}
    stub.add_response("list_objects_v2", first)
    stub.add_client_error("list_objects_v2", "AccessDenied")
    with pytest.raises(StoreError, match="AccessDenied"):
        list(S3Blobs(BUCKET, client=client).keys("a"))


def test_a_write_that_was_sent_twice_since_its_answer_got_lost_is_no_conflict(refusing, s3):
    client, stub = refusing
    s3.put_object(Bucket=BUCKET, Key="twice", Body=b"mine")
    there = S3Blobs(BUCKET, client=s3).look("twice")
    stub.add_client_error("put_object", "PreconditionFailed")
    answer = {"Body": s3.get_object(Bucket=BUCKET, Key="twice")["Body"], "ETag": there.tag}
    stub.add_response("get_object", answer | {"VersionId": "v2", "LastModified": there.written_at})
    assert S3Blobs(BUCKET, client=client).replace("twice", b"mine", None) == "v2"


def test_a_write_names_what_was_seen(refusing):
    client, stub = refusing
    told = {"Bucket": BUCKET, "Key": "a", "Body": b"1", "ContentType": ANY}
    stub.add_response("put_object", {"VersionId": "v1"}, told | {"IfNoneMatch": "*"})
    assert S3Blobs(BUCKET, client=client).replace("a", b"1", None) == "v1"


def test_no_network_is_a_failure_and_not_emptiness():
    client = boto3.client(
        "s3", endpoint_url="http://127.0.0.1:9", config=Config(retries={"total_max_attempts": 1}), **KEYS
    )
    for use in (lambda blobs: blobs.read("a"), lambda blobs: list(blobs.keys("a"))):
        with pytest.raises(StoreError, match="Could not connect") as refused:
            use(S3Blobs(BUCKET, client=client))
        assert isinstance(refused.value.__cause__, EndpointConnectionError)


AZURE_USES = {
    "read": lambda blobs: blobs.read("a"),
    "look": lambda blobs: blobs.look("a"),
    "look at a version": lambda blobs: blobs.look("a", version="2026"),
    "look back": lambda blobs: blobs.look_back("a", datetime.now(UTC)),
    "write": lambda blobs: blobs.write("a", b""),
    "replace": lambda blobs: blobs.replace("a", b"", None),
    "keys": lambda blobs: list(blobs.keys("a")),
}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AuthorizationPermissionMismatch"),
        (404, "ContainerNotFound"),
        (409, "ContainerBeingDeleted"),
        (409, "BlobImmutableDueToPolicy"),
        (412, "LeaseIdMissing"),
        (503, "ServerBusy"),
    ],
)
@pytest.mark.parametrize("use", AZURE_USES)
def test_a_container_that_refuses_is_never_taken_for_an_empty_one(keeper, use, status, code):
    keeper.refusal = status, code
    with pytest.raises(StoreError) as refused:
        AZURE_USES[use](keeper.blobs)
    assert re.fullmatch(rf"azblob://127.0.0.1:\d+/{ACCOUNT}/{BUCKET}/below/a: {code}: not for you", str(refused.value))
    assert not isinstance(refused.value, Conflict)


def test_a_container_that_is_not_there_is_a_failure(storage):
    blobs = AzureBlobs(a_container(storage, "nobody-made-it"))
    for use in AZURE_USES.values():
        with pytest.raises(StoreError, match="ContainerNotFound: The specified container does not exist"):
            use(blobs)


def test_a_blob_that_was_written_twice_since_its_answer_got_lost_is_no_conflict(keeper):
    client = keeper.blobs.container
    blobs = AzureBlobs(
        ContainerClient(
            client.url.removesuffix(f"/{BUCKET}"),
            BUCKET,
            credential=client.credential,
            retry_policy=Retry(initial_backoff=0, increment_base=0, random_jitter_range=0),
        )
    )
    keeper.hangs_up = 1
    assert blobs.replace("a", b"mine", None) == blobs.look("a").version
    seen = blobs.look("a")
    keeper.hangs_up = 1
    assert blobs.replace("a", b"mine, newer", seen) == blobs.look("a").version
    assert blobs.read("a") == b"mine, newer"
    assert [asked.headers["If-Match"] for asked in keeper.asked if asked.method == "PUT"] == [None] * 2 + ['"0x0"'] * 2


@pytest.mark.parametrize("use", AZURE_USES)
def test_a_container_nobody_answers_for_is_a_failure_and_no_emptiness(use):
    with pytest.raises(StoreError, match=r"azblob://127.0.0.1:9/\S+/a: .*Connection refused") as refused:
        AZURE_USES[use](AzureBlobs(a_container("127.0.0.1:9", BUCKET)))
    assert "\n" not in str(refused.value)


class Nobody:
    """What azure-identity makes of a machine where nobody has signed in."""

    def get_token(self, *_, **__):
        raise ClientAuthenticationError("no credential was found\nAttempted credentials:\n\tEnvironmentCredential: ...")


@pytest.mark.parametrize("use", AZURE_USES)
def test_without_credentials_a_container_is_a_sentence(use):
    client = ContainerClient("https://acme.blob.core.windows.net", BUCKET, credential=Nobody(), retry_policy=Retry())
    with pytest.raises(StoreError) as refused:
        AZURE_USES[use](AzureBlobs(client))
    assert str(refused.value) == f"azblob://acme.blob.core.windows.net/{BUCKET}/a: no credential was found"


@pytest.mark.parametrize("folder", ["a", "a/b"])
def test_a_folder_that_cannot_be_used_is_a_failure(tmp_path, folder):
    (tmp_path / "a").write_bytes(b"a file")
    with pytest.raises(StoreError, match="cannot be written"):
        FolderBlobs(tmp_path / folder).write("key", b"")


# URLs


def test_a_url_opens_the_place_it_names(tmp_path, monkeypatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    assert open_blobs(f"file://{tmp_path}").folder == tmp_path
    opened = open_blobs("s3://bucket/some/prefix/")
    assert (opened.bucket, opened.prefix) == ("bucket", "some/prefix")


def test_a_url_opens_the_container_it_names_as_who_has_signed_in(monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    opened = open_blobs("azblob://acmework.blob.core.windows.net/domicile-work/some/prefix/")
    assert opened.container.url == "https://acmework.blob.core.windows.net/domicile-work"
    assert opened.prefix == "some/prefix"
    assert isinstance(opened.container.credential, DefaultAzureCredential)


def test_a_url_opens_an_emulator_with_its_key(storage, container, monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    blobs = open_blobs(f"azblob://{storage}/{ACCOUNT}/{BUCKET}/by/url")
    blobs.write("a", b"1")
    assert AzureBlobs(container, "by").read("url/a") == b"1"
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    with pytest.raises(UsageError, match="AZURE_STORAGE_KEY: is not set"):
        open_blobs(f"azblob://{storage}/{ACCOUNT}/{BUCKET}")


@pytest.mark.parametrize(
    "place",
    [
        "acme",
        "acme/container",
        "acme.blob.core.windows.net",
        "acme.blob.core.windows.net/",
        "acme.blob.core.windows.net/Container",
        "acme.blob.core.windows.net/ab",
        "acme.blob.core.windows.net/a--b",
        "acme.blob.core.windows.net:80/container",
        "user@acme.blob.core.windows.net/container",
        "acme.blob.core.windows.net?x/container",
        "127.0.0.1:10000",
        "127.0.0.1:10000/container",
        "127.0.0.1.example.com:10000/account/container",
        "/container",
        "\n/container",
    ],
)
def test_what_is_no_container_is_refused(place):
    with pytest.raises(UsageError, match=r"not a container: .* wanted is azblob://ACCOUNT\."):
        open_blobs(f"azblob://{place}")


@pytest.mark.parametrize(
    "url", ["azblob://", "", "bucket", "s3://", "s3:bucket", "file://folder", "https://x", "/folder"]
)
def test_what_is_no_place_is_refused(url):
    with pytest.raises(UsageError, match="not a place for files"):
        open_blobs(url)
