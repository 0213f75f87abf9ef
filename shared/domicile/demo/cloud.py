"""A small AWS on this machine, for the demo and for tests: several accounts, no network, nothing is billed."""

from __future__ import annotations

import functools
import json
import os
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from xml.sax.saxutils import escape

from msgspec import Struct
from msgspec.structs import replace

from domicile.demo.overlay import Answer, Asked, Fault, Overlay, Own
from domicile.errors import UsageError

try:
    import boto3
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from botocore.session import Session
    from moto.core.parse import PROTOCOL_PARSERS
    from moto.core.request import Request, determine_request_protocol
    from moto.core.routing import get_service_router
    from moto.core.serialize import get_serializer_class
    from moto.core.utils import get_service_model
    from moto.iam.models import get_account_id_from
    from moto.moto_api._internal.models import moto_api_backend
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from moto.organizations.models import organizations_backends
    from werkzeug.exceptions import NotFound
    from werkzeug.serving import make_server
except ImportError as missing:
    raise UsageError(f"the local cloud needs {missing.name}: pip install 'domicile[aws,demo]'") from missing

REGIONS: Final = ("ap-south-1", "ap-south-2", "ap-southeast-1", "us-east-1")
MANAGEMENT: Final = "123456789012"

# Of a service that is not in a region, moto answers that nothing is there, as it would of any other; and images of
# Amazon's are nobody's. Set for good: moto keeps what it holds beyond a reset, and fills it anew by what is set then.
os.environ.update({"MOTO_ALLOW_NONEXISTENT_REGION": "true", "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"})

_SIGNED: Final = re.compile(r"Credential=([^/,]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_SIGNED_AS: Final = {
    "aoss": "opensearchserverless",
    "cassandra": "keyspaces",
    "elasticfilesystem": "efs",
    "es": "opensearch",
    "monitoring": "cloudwatch",
    "s3express": "s3",
    "tagging": "resourcegroupstaggingapi",
}
_BY_HOST: Final = {("s3express", "ListBuckets"): "ListDirectoryBuckets"}
"""What AWS tells apart by the host alone, which is always the same here: by the name that a call is signed for."""
_CBOR: Final = "smithy-rpc-v2-cbor"
_DENIED: Final = {
    "json": ("AccessDeniedException", 400),
    "rest-json": ("AccessDeniedException", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "query": ("AccessDenied", 403),
    "rest-xml": ("AccessDenied", 403),
    _CBOR: ("AccessDenied", 403),
}
_THROTTLED: Final = {
    "json": ("ThrottlingException", 400),
    "rest-json": ("TooManyRequestsException", 429),
    "ec2": ("RequestLimitExceeded", 503),
    "query": ("Throttling", 400),
    "rest-xml": ("SlowDown", 503),
    _CBOR: ("Throttling", 400),
}

_BROKEN: Final = {
    "json": ("InternalServerError", 500),
    "rest-json": ("InternalServerError", 500),
    "ec2": ("InternalError", 500),
    "query": ("InternalFailure", 500),
    "rest-xml": ("InternalError", 500),
}

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Call(NamedTuple):
    """One call as the cloud saw it."""

    service: str
    operation: str
    account: str
    region: str


class _Rule(Struct, frozen=True):
    """An answer for some calls. What is empty matches all; `resource` must occur in the text of a parameter, and each
    of `where` be a parameter of this value."""

    service: str
    operation: str
    answer: Answer
    account: str = ""
    region: str = ""
    resource: str = ""
    where: Mapping[str, Any] = {}

    def fits(self, asked: Asked) -> bool:
        return (
            (self.service, self.operation) == (asked.service, asked.operation)
            and self.account in ("", asked.account)
            and self.region in ("", asked.region)
            and any(self.resource in str(value) for value in ("", *asked.parameters.values()))
            and all(asked.parameters.get(name) == value for name, value in self.where.items())
        )


class _Trouble(Struct, frozen=True):
    """Which calls go wrong: it follows from the seed, the call and how often it was made, not from their order."""

    seed: int
    throttled: float
    broken: float
    lasting: bool

    def befalls(self, call: Call, request: Request, before: int, protocol: str) -> Fault | None:
        if before and not self.lasting:
            return None
        asked = (self.seed, before, *call, request.method, request.full_path, request.data)
        luck = random.Random(repr(asked)).random()  # noqa: S311 no secret
        if luck >= self.throttled + self.broken:
            return None
        code, status = (_THROTTLED if luck < self.throttled else _BROKEN)[protocol]
        return Fault(code, "Rate exceeded" if luck < self.throttled else "try again", status)


class LocalCloud:
    """AWS accounts in this process, behind one address, with answers and refusals put in on purpose.

    Services are named as boto3 names them, operations as the API does (`ListBuckets`). Moto keeps its state per
    process: one local cloud at a time.
    """

    def __init__(self, enabled: Iterable[str] = REGIONS, disabled: Iterable[str] = ()) -> None:
        self.calls: list[Call] = []
        self.management = MANAGEMENT
        self._overlay = Overlay(tuple(enabled), tuple(disabled))
        self._refusals: list[_Rule] = []
        self._trouble: _Trouble | None = None
        self._made: Counter[tuple[Call, bytes]] = Counter()
        self._paging: list[_Rule] = []
        self._answers = [_Rule(*key, lack.answer) for key, lack in self._overlay.lacks.items()]
        self._clients: dict[tuple[str, ...], Any] = {}
        self._keys: dict[str, dict[str, str]] = {}
        self._lock = threading.RLock()
        self._routing = threading.Lock()

    def __enter__(self) -> Self:
        moto_api_backend.reset()
        moto: Application = DomainDispatcherApplication(create_backend_app)
        self._moto = _Server(moto)
        self._front = _Server(functools.partial(self._serve, moto))
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        for client in self._clients.values():
            client.close()
        self._front.stop()
        self._moto.stop()

    # Who is there

    @property
    def endpoint(self) -> str:
        return self._front.endpoint

    def environment(self, account: str = "") -> dict[str, str]:
        """What a process needs in its environment to take this cloud for AWS, as somebody of one account."""
        keys = self._keys_of(account or self.management)
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_REGION": REGIONS[0],
            "AWS_DEFAULT_REGION": REGIONS[0],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def organisation(self, accounts: Mapping[str, str]) -> None:
        """Create an organisation of these accounts, names by id; the first is the management account."""
        self.management, *members = accounts
        organizations = self.moto("organizations", "us-east-1", self.management)
        organizations.create_organization(FeatureSet="ALL")
        backend = organizations_backends[self.management]["aws"]
        backend.get_account_by_id(self.management).name = accounts[self.management]
        for member in members:
            name = accounts[member]
            made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
            # Moto draws ids at random; readable ones make the demo and the tests readable.
            drawn = made["CreateAccountStatus"]["AccountId"]
            backend.get_account_by_id(drawn).id = member
            organizations_backends.master_accounts[member] = organizations_backends.master_accounts.pop(drawn)

    def client(self, service: str, region: str, account: str = "") -> Any:
        """A boto3 client of this cloud."""
        return self._client(self.endpoint, service, region, account or self.management)

    def moto(self, service: str, region: str, account: str = "") -> Any:
        """A boto3 client of moto itself: nothing is laid over it, and its calls are not counted."""
        return self._client(self._moto.endpoint, service, region, account or self.management)

    # What is answered

    def know(self, arn: str, **facts: Any) -> None:
        """Set fields of a description that AWS would fill in by itself, such as the time of a snapshot."""
        self._overlay.facts.setdefault(arn, {}).update(facts)

    def lacks(self) -> dict[tuple[str, str], str]:
        """For each operation that something is laid over: what moto lacks."""
        return {key: lack.why for key, lack in self._overlay.lacks.items()}

    def answer(
        self,
        service: str,
        operation: str,
        answer: dict[str, Any] | Answer,
        *,
        account: str = "",
        region: str = "",
        where: Mapping[str, Any] | None = None,
    ) -> None:
        """Answer an operation in the shape of the SDK's output, or by a function of the call and its own answer; with
        `where`, only calls with these parameters."""
        given: Answer = answer if callable(answer) else lambda _, __: dict(answer)
        self._answers.insert(0, _Rule(service, operation, given, account, region, where=where or {}))

    def pages(self, service: str, operation: str, size: int = 1) -> None:
        """Let a listing answer in pages of this size."""
        self._paging.insert(0, _Rule(service, operation, functools.partial(_page, size)))

    def deny(
        self,
        service: str,
        operation: str,
        *,
        account: str = "",
        region: str = "",
        resource: str = "",
        code: str = "",
        message: str = "",
    ) -> None:
        """Refuse an operation, as IAM would unless `code` and `message` say otherwise."""
        refused = _refuse(_DENIED, code, message)
        self._refusals.insert(0, _Rule(service, operation, refused, account, region, resource))

    def throttle(self, service: str, operation: str, *, account: str = "", region: str = "") -> None:
        refused = _refuse(_THROTTLED, "", "Rate exceeded")
        self._refusals.insert(0, _Rule(service, operation, refused, account, region))

    def trouble(self, seed: int, *, throttled: float = 0.0, broken: float = 0.0, lasting: bool = False) -> None:
        """Throttle a share of all questions, and answer a share with a server error, when they are first asked;
        `lasting`: and each time that they are asked again."""
        self._made.clear()
        self._trouble = _Trouble(seed, throttled, broken, lasting)

    def break_page(self, service: str, operation: str, *, account: str = "", region: str = "") -> None:
        """Answer the first item of a listing and refuse the next page."""
        self.pages(service, operation)
        token = _pagination(service, operation)["input_token"]

        def first_page_only(asked: Asked, own: Own) -> dict[str, Any]:
            return own() if token not in asked.parameters else _refuse(_DENIED, "", "")(asked, own)

        self._refusals.insert(0, _Rule(service, operation, first_page_only, account, region))

    def refuse_role(self, account: str) -> None:
        self.deny("sts", "AssumeRole", resource=f"::{account}:")

    def allow(self, service: str = "", operation: str = "") -> None:
        """Take back refusals: all of them, of a service, or of an operation. All trouble ends, too."""
        self._trouble = None
        self._refusals = [
            rule
            for rule in self._refusals
            if service not in ("", rule.service) or operation not in ("", rule.operation)
        ]

    # How it is done

    def _serve(self, moto: Application, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _take_body(environ)
        signature = _SIGNED.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signature is None:
            return moto(environ, start_response)
        key, region, signed_as = signature.groups()
        service = _SIGNED_AS.get(signed_as, signed_as)
        request = Request(dict(environ))
        try:
            # Moto makes its table of operations when it is first asked for, and again for each who asks meanwhile.
            with self._routing:
                model, in_path = get_service_router(service).match(request)
            if other := _BY_HOST.get((signed_as, model.name)):
                model = get_service_model(service).operation_model(other)
            protocol = determine_request_protocol(get_service_model(service), request.content_type)
        except NotFound:
            return moto(_rewound(environ), start_response)
        call = Call(service, model.name, get_account_id_from(key), region)
        self.calls.append(call)
        rules = [*self._refusals, *self._paging, *self._answers]
        try:
            if self._trouble:
                asked_for = (call, f"{request.full_path} ".encode() + request.data)
                with self._lock:
                    before = self._made[asked_for]
                    self._made[asked_for] += 1
                if fault := self._trouble.befalls(call, request, before, protocol):
                    raise fault
            if all((rule.service, rule.operation) != call[:2] for rule in rules):
                return moto(_rewound(environ), start_response)
            parameters = PROTOCOL_PARSERS[protocol](model).parse(
                {
                    "method": request.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": request.data,
                    "url_path": request.path,
                    "url_params": in_path,
                }
            )
            asked = Asked(*call, protocol, parameters, self.moto)
            answer = self._follow([rule for rule in rules if rule.fits(asked)], asked)
            reply = get_serializer_class(service, protocol)(model).serialize(answer)
            status, headers, body = reply["status_code"], dict(reply["headers"]), reply["body"]
        except NotImplementedError:
            # Moto would answer 500, and every client would try again for a while.
            fault = Fault("InvalidAction", f"the local cloud has no {service}:{model.name}")
            status, headers, body = _error(fault, protocol)
        except Fault as fault:
            status, headers, body = _error(fault, protocol)
        content = body.encode() if isinstance(body, str) else body
        headers["Content-Length"] = str(len(content))
        start_response(f"{status} {'OK' if status < 300 else 'Refused'}", list(headers.items()))
        return [b"" if request.method == "HEAD" else content]

    def _follow(self, rules: list[_Rule], asked: Asked) -> dict[str, Any]:
        """The answer of the first rule, which may ask the rest, and in the end moto."""

        def own(**changes: Any) -> dict[str, Any]:
            merged = {**asked.parameters, **changes}
            parameters = {name: value for name, value in merged.items() if value is not None}
            if len(rules) > 1:
                return self._follow(rules[1:], replace(asked, parameters=parameters))
            return self._ask_moto(asked, parameters)

        return rules[0].answer(asked, own) if rules else own()

    def _ask_moto(self, asked: Asked, parameters: Mapping[str, Any]) -> dict[str, Any]:
        operation = getattr(asked.client(), xform_name(asked.operation))
        try:
            answer: dict[str, Any] = operation(**parameters)
        except ClientError as refusal:
            error, reply = refusal.response["Error"], refusal.response["ResponseMetadata"]
            raise Fault(error["Code"], error.get("Message", ""), reply["HTTPStatusCode"]) from None
        del answer["ResponseMetadata"]
        return answer

    def _client(self, endpoint: str, service: str, region: str, account: str) -> Any:
        with self._lock:
            key = (endpoint, service, region, account)
            if key not in self._clients:
                keys = self._keys_of(account)
                self._clients[key] = _connect(endpoint, service, region, keys)
            return self._clients[key]

    def _keys_of(self, account: str) -> dict[str, str]:
        with self._lock:
            if account not in self._keys:
                anybody = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "none", "SessionToken": "none"}
                sts = _connect(self._moto.endpoint, "sts", "us-east-1", anybody)
                role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
                self._keys[account] = sts.assume_role(RoleArn=role, RoleSessionName="local")["Credentials"]
                sts.close()
            return self._keys[account]


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    def log(self, *_: object) -> None:
        pass


class _Server:
    def __init__(self, application: Application) -> None:
        self._server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _connect(endpoint: str, service: str, region: str, keys: Mapping[str, str]) -> Any:
    return _session().client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


@functools.cache
def _session() -> Any:
    return boto3.Session()


@functools.cache
def _pagination(service: str, operation: str) -> dict[str, Any]:
    pagination: dict[str, Any] = Session().get_paginator_model(service).get_paginator(operation)
    return pagination


def _page(size: int, asked: Asked, own: Own) -> dict[str, Any]:
    names = _pagination(asked.service, asked.operation)
    token_in, token_out, items = names["input_token"], names["output_token"], names["result_key"]
    whole = own(**{token_in: None})
    while whole.get(token_out):
        more = own(**{token_in: whole.pop(token_out)})
        whole = more | {items: whole[items] + more[items]}
    start = int(asked.parameters.get(token_in, "item-0").removeprefix("item-"))
    end = start + size
    answer = whole | {items: whole[items][start:end]}
    answer.pop(token_out, None)
    return answer | {token_out: f"item-{end}"} if end < len(whole[items]) else answer


def _refuse(codes: Mapping[str, tuple[str, int]], code: str, message: str) -> Answer:
    def refused(asked: Asked, _: Own) -> dict[str, Any]:
        usual, status = codes[asked.protocol]
        action = f"{asked.service}:{asked.operation}"
        reason = (
            f"User: arn:aws:sts::{asked.account}:assumed-role/reader/scan is not authorized to perform: {action} "
            f"because no identity-based policy allows the {action} action"
        )
        raise Fault(code or usual, message or reason, status)

    return refused


def _error(fault: Fault, protocol: str) -> tuple[int, dict[str, str], str | bytes]:
    if protocol == _CBOR:
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        texts = (text.encode() for text in ("__type", fault.code, "message", fault.message))
        pairs = b"".join(b"\x7a" + len(text).to_bytes(4, "big") + text for text in texts)
        return fault.status, headers | fault.headers, b"\xa2" + pairs
    if protocol in ("json", "rest-json"):
        headers = {"Content-Type": "application/json", "x-amzn-errortype": fault.code}
        return fault.status, headers | fault.headers, json.dumps({"__type": fault.code, "message": fault.message})
    body = f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>"
    form = {
        "query": f"<ErrorResponse><Error><Type>Sender</Type>{body}</Error><RequestId>local</RequestId></ErrorResponse>",
        "ec2": f"<Response><Errors><Error>{body}</Error></Errors><RequestID>local</RequestID></Response>",
        "rest-xml": f"<Error>{body}<RequestId>local</RequestId></Error>",
    }
    return fault.status, {"Content-Type": "text/xml"} | fault.headers, form[protocol]


def _take_body(environ: dict[str, Any]) -> None:
    """Make the body readable more than once."""
    length = environ.get("CONTENT_LENGTH")
    chunked = environ.pop("HTTP_TRANSFER_ENCODING", "") == "chunked"
    body = environ["wsgi.input"].read() if chunked else environ["wsgi.input"].read(int(length or 0))
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def _rewound(environ: dict[str, Any]) -> dict[str, Any]:
    environ["wsgi.input"].seek(0)
    return environ
