"""domicile asks AWS where botocore would ask it, and at a pace that it bears."""

import json
from collections import Counter
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import botocore.session
import pytest
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.httpsession import get_cert_path
from botocore.utils import parse_timestamp

from domicile.providers.aws.transport import HOSTS, Connections, Transport, _moment, _Pools, _Proxies, models

MUMBAI, SINGAPORE = "ap-south-1", "ap-southeast-1"
CALLER = Credentials("AKIDEXAMPLE", "secret", "token")
BUCKETS = (
    "ordinary", "a-b-c", "abc", "x" * 63, "with.dots", "Upper", "under_score", "two--dashes", "xn--bucket",
    "point-s3alias", "-begins", "ends-", "some-bucket-with-an-ordinary-name", "zone--use1-az4--x-s3x",
    "arn:aws:s3:ap-south-1:111111111111:accesspoint/point",
)  # fmt: skip


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


class Aws:
    """Answers each request by a function of it, and remembers them all."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def send(self, request):
        self.asked.append(request)
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return AWSResponse(request.url, status, headers, Raw(body))

    def close(self):
        pass


class Raw(BytesIO):
    def stream(self):
        return [self.read()]


def good(_):
    return 200, {}, b"{}"


def refused(code, status=400, **headers):
    return status, headers, json.dumps({"__type": code, "message": "no"}).encode()


def xml(code, status=400, region="", **headers):
    return status, headers, f"<Error><Code>{code}</Code><Region>{region}</Region></Error>".encode()


@pytest.fixture(name="clock")
def a_clock():
    return Clock()


@pytest.fixture(name="asking")
def transports(clock):
    made = []

    def asking(aws, region=MUMBAI, attempts=8):
        session = botocore.session.Session()
        session.register_component("data_loader", models())
        session.set_credentials("AKIDEXAMPLE", "secret", "token")
        config = Config(account_id_endpoint_mode="disabled", s3={"us_east_1_regional_endpoint": "regional"})
        made.append(
            Transport(
                session,
                config,
                region=region,
                attempts=attempts,
                wait=clock.wait,
                clock=clock,
                chance=lambda: 0.5,
                connections=aws,
            )
        )
        return made[-1]

    yield asking
    for transport in made:
        transport.close()


@pytest.fixture(autouse=True)
def _nothing_is_configured(monkeypatch, tmp_path):
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "HTTPS_PROXY",
        "https_proxy",
        "AWS_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def empty(service, operation):
    """An empty answer in the protocol of a service."""
    if service not in {"ec2", "iam", "rds", "s3", "sts"}:
        return b"{}"
    name = "".join(word.capitalize() for word in operation.split("_")).replace("Db", "DB")
    return f"<Answer><{name}Result/></Answer>".encode()


def by_botocore(service, region, operation, *questions):
    """Where botocore's own client for a region asks, and for which region and service it signs."""
    session = botocore.session.Session()
    session.register_component("data_loader", models())
    session.set_credentials("AKIDEXAMPLE", "secret", "token")
    client = session.create_client(
        service, region_name=region, config=Config(s3={"us_east_1_regional_endpoint": "regional"})
    )
    asked = []

    def catch(request, **_):
        asked.append(request)
        return AWSResponse(request.url, 200, {}, Raw(empty(service, operation)))

    client.meta.events.register("before-send", catch)
    for parameters in questions:
        getattr(client, operation)(**parameters)
    client.close()
    return [of(request) for request in asked]


def of(request):
    signed = str(request.headers["Authorization"]).split("Credential=")[1].split(",")[0].split("/")[2:4]
    headers = {name.lower() for name in request.headers} - {"amz-sdk-invocation-id", "amz-sdk-request"}
    return request.method, request.url, request.body, signed, headers


@pytest.mark.parametrize(
    "region", [MUMBAI, "us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-99"]
)
@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("dynamodb", "list_tables", {"Limit": 10}),
        ("ec2", "describe_volumes", {"MaxResults": 500}),
        ("rds", "describe_db_instances", {}),
        ("efs", "describe_file_systems", {}),
        ("sts", "get_caller_identity", {}),
        ("s3", "list_buckets", {"MaxBuckets": 10}),
        ("s3", "get_bucket_replication", {"Bucket": "ordinary-bucket"}),
    ],
)
def test_every_region_is_asked_where_botocore_would_ask(asking, region, service, operation, parameters):
    aws = Aws(lambda _: (200, {}, empty(service, operation)))
    transport = asking(aws)
    transport.ask(service, region, CALLER, operation, parameters)
    assert [of(aws.asked[0])] == by_botocore(service, region, operation, parameters)


@pytest.mark.parametrize("region", [MUMBAI, "cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9"])
@pytest.mark.parametrize(
    ("service", "operation"), [("organizations", "list_accounts"), ("iam", "list_roles"), ("account", "list_regions")]
)
def test_a_service_of_one_place_is_asked_there(asking, monkeypatch, region, endpoint, service, operation):
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    aws = Aws(lambda _: (200, {}, empty(service, operation)))
    asking(aws, region).ask(service, region, CALLER, operation, {})
    assert [of(aws.asked[0])] == by_botocore(service, region, operation, {})


@pytest.mark.parametrize(
    "style",
    [
        "",
        "s3 =\n  addressing_style = path",
        "s3 =\n  addressing_style = virtual",
        "use_dualstack_endpoint = true",
        "use_fips_endpoint = true",
    ],
)
@pytest.mark.parametrize("region", ["us-east-1", SINGAPORE])
def test_every_bucket_is_asked_where_botocore_would_ask(asking, tmp_path, style, region):
    (tmp_path / "config").write_text(f"[default]\n{style}\n", encoding="utf-8")
    aws = Aws(lambda _: (200, {}, b""))
    transport = asking(aws)
    for bucket in BUCKETS:
        transport.ask("s3", region, CALLER, "get_bucket_replication", {"Bucket": bucket})
    theirs = by_botocore("s3", region, "get_bucket_replication", *({"Bucket": bucket} for bucket in BUCKETS))
    assert [of(request) for request in aws.asked] == theirs


def test_one_service_may_have_an_address_of_its_own(asking, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9/tables")
    aws = Aws(lambda _: (200, {}, b"{}"))
    transport = asking(aws)
    for service, operation in (("dynamodb", "list_tables"), ("secretsmanager", "list_secrets")):
        transport.ask(service, SINGAPORE, CALLER, operation, {})
    assert [request.url for request in aws.asked] == [
        "http://127.0.0.1:9/tables",
        "https://secretsmanager.ap-southeast-1.amazonaws.com/",
    ]


@pytest.mark.parametrize("where", ["header", "text"])
def test_a_bucket_that_lies_elsewhere_is_asked_there_once(asking, where):
    def answer(request):
        if SINGAPORE in request.url:
            return xml("NoSuchBucket", 404)
        if where == "header":
            return xml("PermanentRedirect", 301, **{"x-amz-bucket-region": SINGAPORE})
        return xml("AuthorizationHeaderMalformed", 400, SINGAPORE)

    aws = Aws(answer)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        asking(aws).ask("s3", MUMBAI, CALLER, "get_bucket_replication", {"Bucket": "moved"})
    assert [urlsplit(request.url).netloc.split(".")[2] for request in aws.asked] == [MUMBAI, SINGAPORE]


def test_buckets_that_send_one_another_around_end_in_a_refusal(asking):
    def answer(request):
        return xml("PermanentRedirect", 301, MUMBAI if SINGAPORE in request.url else SINGAPORE)

    aws = Aws(answer)
    with pytest.raises(ClientError, match="PermanentRedirect"):
        asking(aws).ask("s3", MUMBAI, CALLER, "get_bucket_replication", {"Bucket": "moved"})
    assert len(aws.asked) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        *(
            refused(code)
            for code in (
                "Throttling",
                "ThrottlingException",
                "ThrottledException",
                "RequestLimitExceeded",
                "TooManyRequestsException",
                "SlowDown",
                "ProvisionedThroughputExceededException",
                "LimitExceededException",
            )
        ),
        (429, {}, b""),
        refused("InternalServerError", 500),
        (503, {}, b"<html>busy</html>"),
        ConnectTimeoutError(endpoint_url="https://dynamodb.ap-south-1.amazonaws.com"),
    ],
)
def test_what_may_help_is_tried_again(asking, clock, refusal):
    answers = [refusal, refusal, good(None)]
    aws = Aws(lambda _: answers.pop(0))
    asking(aws).ask("dynamodb", MUMBAI, CALLER, "list_tables", {})
    assert len(aws.asked) == 3
    assert clock.now > 100


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "ResourceNotFoundException"])
def test_what_would_not_help_is_not_tried_again(asking, code):
    aws = Aws(lambda _: refused(code))
    with pytest.raises(ClientError, match=code):
        asking(aws).ask("dynamodb", MUMBAI, CALLER, "list_tables", {})
    assert len(aws.asked) == 1


def test_attempts_come_to_an_end(asking, clock):
    aws = Aws(lambda _: refused("ThrottlingException"))
    with pytest.raises(ClientError, match="ThrottlingException"):
        asking(aws, attempts=5).ask("dynamodb", MUMBAI, CALLER, "list_tables", {})
    assert len(aws.asked) == 5


def test_when_to_come_back_is_believed_up_to_a_point(asking, clock):
    for said, waited in (("7", 7), ("86400", 20), ("tomorrow", 0.5)):
        answers = [refused("ThrottlingException", **{"Retry-After": said}), good(None)]
        before = clock.now
        asking(Aws(lambda _, answers=answers: answers.pop(0))).ask("dynamodb", MUMBAI, CALLER, "list_tables", {})
        assert waited <= clock.now - before < waited + 1.5


def test_a_region_that_does_not_answer_is_given_up_sooner_each_time(asking):
    aws = Aws(lambda _: ConnectTimeoutError(endpoint_url="https://dynamodb.ap-south-1.amazonaws.com"))
    transport = asking(aws)
    for _ in range(10):
        with pytest.raises(ConnectTimeoutError):
            transport.ask("dynamodb", MUMBAI, CALLER, "list_tables", {})
    assert len(aws.asked) == 8 + 9
    with pytest.raises(ConnectTimeoutError):
        transport.ask("dynamodb", SINGAPORE, CALLER, "list_tables", {})
    assert len(aws.asked) == 8 + 9 + 8


@pytest.mark.parametrize("limit", [2, 5, 20])
def test_a_service_that_bears_little_is_asked_at_most_half_again_as_often(asking, clock, limit):
    tokens, then = limit, clock.now

    def bucket(_):
        nonlocal tokens, then
        clock.wait(0.01)
        tokens, then = min(limit, tokens + (clock.now - then) * limit), clock.now
        if tokens < 1:
            return refused("ThrottlingException")
        tokens -= 1
        return good(None)

    aws = Aws(bucket)
    transport = asking(aws)
    for _ in range(300):
        transport.ask("dynamodb", MUMBAI, CALLER, "list_tables", {})
    assert len(aws.asked) <= 450
    assert clock.now - 100 <= 300 / limit * 1.5


def test_only_the_account_and_region_that_is_throttled_is_asked_less_often(asking, clock):
    other = Credentials("AKIDOTHER", "secret")
    answers = [refused("ThrottlingException"), good(None)]
    transport = asking(Aws(lambda _: answers.pop(0) if answers else good(None)))
    transport.ask("dynamodb", MUMBAI, CALLER, "list_tables", {})
    before = clock.now
    transport.ask("dynamodb", MUMBAI, other, "list_tables", {})
    transport.ask("dynamodb", SINGAPORE, CALLER, "list_tables", {})
    transport.ask("secretsmanager", MUMBAI, CALLER, "list_secrets", {})
    assert clock.now == before
    for _ in range(2):
        transport.ask("dynamodb", MUMBAI, CALLER, "list_tables", {})
    assert clock.now > before


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T03:04:05.678901+05:30",
        "2026-01-02T03:04:05",
        "Fri, 02 Jan 2026 03:04:05 GMT",
        1767322745,
        1767322745.678,
        "1767322745",
        "20260102",
    ],
)
def test_moments_are_read_as_botocore_reads_them(written):
    assert _moment(written) == parse_timestamp(written)


def test_certificates_are_read_once_and_still_checked(monkeypatch):
    client = botocore.session.Session().create_client("s3", region_name=MUMBAI)
    connections = Connections(client._endpoint.http_session)
    one, other = (connections._manager.connection_from_url(f"https://{name}.example/") for name in ("one", "other"))
    for pool in (one, other):
        connections._setup_ssl_cert(pool, "https://one.example/", verify=True)
        assert (pool.cert_reqs, pool.ca_certs) == ("CERT_REQUIRED", None)
    assert connections._context.cert_store_stats()["x509_ca"] > 50
    connections.close()
    client.close()


def test_a_bundle_of_certificates_may_be_given(monkeypatch, tmp_path):
    first = Path(get_cert_path(verify=True)).read_text("utf-8").split("-----END CERTIFICATE-----")[0]
    (tmp_path / "own.pem").write_text(first + "-----END CERTIFICATE-----\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "own.pem"))
    client = botocore.session.Session().create_client("s3", region_name=MUMBAI)
    connections = Connections(client._endpoint.http_session)
    pool = connections._manager.connection_from_url("https://one.example/")
    connections._setup_ssl_cert(pool, "https://one.example/", connections._verify)
    assert connections._context.cert_store_stats()["x509_ca"] == 1
    connections.close()
    client.close()


def test_proxies_are_those_of_the_environment_for_each_host(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "sts.ap-south-1.amazonaws.com")
    proxies = _Proxies()
    for _ in range(2):
        assert proxies.proxy_url_for("https://ec2.ap-south-1.amazonaws.com/") == "http://proxy.example:3128"
        assert proxies.proxy_url_for("https://sts.ap-south-1.amazonaws.com/") is None
        assert proxies.proxy_url_for("http://127.0.0.1:80/") is None


def test_a_pool_that_was_closed_for_another_host_is_not_used_again():
    pools = _Pools(urllib3.PoolManager(num_pools=1))
    first = pools.connection_from_url("https://one.example/path")
    assert pools.connection_from_url("https://one.example/other") is first
    pools.connection_from_url("https://two.example/")
    again = pools.connection_from_url("https://one.example/path")
    assert again.pool is not None
    for number in range(HOSTS * 2):
        pools.connection_from_url(f"https://host-{number}.example/")
    assert len(pools._known) <= HOSTS + 1
    pools.clear()


def test_a_client_is_made_once_for_all_regions_and_accounts(asking):
    aws = Aws(good)
    transport = asking(aws)
    for region in (MUMBAI, SINGAPORE):
        for credentials in (CALLER, Credentials("AKIDOTHER", "secret")):
            transport.ask("dynamodb", region, credentials, "list_tables", {})
    keys = Counter(str(request.headers["Authorization"]).split("Credential=")[1].split("/")[0] for request in aws.asked)
    assert keys == {"AKIDEXAMPLE": 2, "AKIDOTHER": 2}
    assert list(transport._apis) == ["dynamodb"]
