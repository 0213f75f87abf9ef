"""Bytes under keys: what every place for them promises, in a folder and in a bucket."""

from datetime import timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from domicile.blobs import open_blobs
from domicile.blobs.folder import FolderBlobs
from domicile.blobs.s3 import S3Blobs
from domicile.errors import Conflict, StoreError, UsageError

BUCKET = "domicile-work"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "ap-south-1"}
HOSTILE = ("a b", "a+b&c=d", "a%2Fb", "रोगी/ï", "<Key>&amp;", "'; rm -rf ~", "a\u202eb", "\x1b[31m")


@pytest.fixture(scope="module", name="s3")
def a_bucket():
    with mock_aws():
        client = boto3.client("s3", **KEYS)
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture(params=["folder", "bucket", "bucket, below a prefix"], name="blobs")
def a_place(request, tmp_path, s3):
    if request.param == "folder":
        return FolderBlobs(tmp_path / "made when it is needed")
    # Each test has a prefix of its own, or the bucket would have to be emptied.
    if request.param == "bucket":
        return S3Blobs(BUCKET, f"tests/{request.node.name}", client=s3)
    return S3Blobs(BUCKET, f"/more/{request.node.name}/deep/", client=s3)


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
    wanted = [f"many/{number:05}" for number in range(1003)]
    for key in reversed(wanted):
        blobs.write(key, b"")
    assert list(blobs.keys("many/")) == wanted


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_is_a_key_like_any_other(blobs, key):
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


@pytest.mark.parametrize("url", ["", "bucket", "s3://", "s3:bucket", "file://folder", "https://x", "/folder"])
def test_what_is_no_place_is_refused(url):
    with pytest.raises(UsageError, match="not a place for files"):
        open_blobs(url)
