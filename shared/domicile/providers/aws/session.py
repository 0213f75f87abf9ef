"""Speaks to AWS: one client per service and region for all accounts, and every error in domicile's words."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialResolver, DeferredRefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from domicile import __version__
from domicile.errors import CloudError
from domicile.model import GapReason
from domicile.providers.aws.arn import partition
from domicile.providers.service import NotOffered, Refused, Vanished

DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedFault",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "ForbiddenException",
        "NotAuthorized",
        "UnauthorizedAccess",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# In a region that is switched off AWS answers as it does to wrong credentials. Those were tried before: they work.
REGION_OFF: Final = frozenset(
    {
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "OptInRequired",
        "RegionDisabledException",
        "SubscriptionRequiredException",
        "UnrecognizedClientException",
    }
)
EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
# They worked in this very region when the scan began; whoever takes on a role is the caller.
REVOKED: Final = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})
# "with an explicit deny in a service control policy", today followed by its ARN; "because no service control policy
# allows the … action". Resource control policies are the organisation's, too.
OF_THE_ORGANISATION: Final = re.compile(r"(?:explicit deny in an?|because no) (?:service|resource) control polic")
NOT_AUTHORISED: Final = "is not authorized to perform"
# EC2 adds a text that is another one each time.
ENCODED: Final = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)
# Only codes that name the resource itself: `NoSuch…` and `…NotFound…` mostly mean that it has no such setting.
VANISHED: Final = frozenset({"NoSuchBucket", "ResourceNotFoundException"})

TOKENS: Final = (
    ("NextToken", "NextToken"),
    ("nextToken", "nextToken"),
    ("Marker", "NextMarker"),
    ("ContinuationToken", "NextContinuationToken"),
)
"""How listings without a paginator in the SDK are asked for more: what to send, and where it came from."""

NO_CREDENTIALS: Final = "no usable AWS credentials: run `aws configure`, `aws sso login` or set AWS_PROFILE"
SESSION_NAME: Final = "domicile"

T = TypeVar("T")

_acting: ContextVar[Any] = ContextVar("acting", default=None)


class _Acting:
    """Credentials that are, at each signature, those of the account this thread is speaking to."""

    METHOD = "domicile"
    method = METHOD

    def __init__(self, caller: Any) -> None:
        self.caller = caller

    def load(self) -> _Acting:
        return self

    def get_frozen_credentials(self) -> Any:
        return _acting.get() or self.caller.get_frozen_credentials()

    def get_deferred_property(self, _: str) -> Callable[[], None]:
        return lambda: None


@functools.cache
def _models() -> Any:
    """The SDK's descriptions of services: large, always the same, and read once."""
    return botocore.session.Session().get_component("data_loader")


class Session:
    """The caller's credentials, the roles taken on with them, and the clients that all of them share."""

    def __init__(self, *, role: str = "", external_id: str = "", attempts: int = 8) -> None:
        self.role, self.external_id = role, external_id
        self._roles: dict[str, Any] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.RLock()
        try:
            own = botocore.session.Session()
            self.caller: Any = own.get_credentials()
            self.region: str = own.get_config_variable("region") or "us-east-1"
        except (BotoCoreError, SSOError) as error:
            raise CloudError(f"{NO_CREDENTIALS} ({error})") from error
        if self.caller is None:
            raise CloudError(NO_CREDENTIALS)
        acting: Any = _Acting(self.caller)
        self._botocore = botocore.session.Session()
        self._botocore.register_component("data_loader", _models())
        self._botocore.register_component("credential_provider", CredentialResolver([acting]))
        self._botocore.set_config_variable("sts_regional_endpoints", "regional")
        self._config = Config(
            retries={"mode": "adaptive", "max_attempts": attempts},
            max_pool_connections=64,
            connect_timeout=10,
            read_timeout=60,
            user_agent_extra=f"domicile/{__version__}",
            # One client serves all accounts, so its endpoint must not be one account's.
            account_id_endpoint_mode="disabled",
        )

    def identity(self) -> tuple[str, str]:
        """The account of the caller, and the caller's ARN."""
        try:
            answer = AwsCloud(self, self.caller, "sts", self.region).call("get_caller_identity")
        except NotOffered as refusal:
            raise CloudError(f"AWS does not say whose credentials these are: {refusal} is not there") from refusal
        except Refused as refusal:
            if refusal.code in REGION_OFF:
                raise CloudError(f"{NO_CREDENTIALS} ({refusal})") from refusal
            raise CloudError(f"AWS does not say whose credentials these are: {refusal}") from refusal
        return answer["Account"], answer["Arn"]

    def cloud(self, service: str, region: str, account: str = "") -> AwsCloud:
        """The seam to a service as the role in an account sees it; without an account, as the caller does."""
        return AwsCloud(self, self._credentials(account) if account else self.caller, service, region)

    def client(self, service: str, region: str) -> Any:
        # Creating clients on one session is not thread-safe, and costs more than most calls.
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._botocore.create_client(
                    service, region_name=region, config=self._config
                )
            return self._clients[service, region]

    def offers(self, service: str, region: str) -> bool:
        """Whether a service may be there: of regions newer than the SDK, and of services that are spoken to in one
        place only, its lists do not tell."""
        with self._lock:
            known = self._botocore.get_available_regions("ec2", partition(region))
            offered = self._botocore.get_available_regions(service, partition(region))
        return region in offered or region not in known or not offered

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _credentials(self, account: str) -> Any:
        with self._lock:
            if account not in self._roles:
                self._roles[account] = DeferredRefreshableCredentials(
                    refresh_using=lambda: self._assumed(account), method="assume-role"
                )
            return self._roles[account]

    def _assumed(self, account: str) -> dict[str, str]:
        external = {"ExternalId": self.external_id} if self.external_id else {}
        given = self.client("sts", self.region).assume_role(
            RoleArn=f"arn:{partition(self.region)}:iam::{account}:role/{self.role}",
            RoleSessionName=SESSION_NAME,
            **external,
        )["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }


class AwsCloud:
    """One service in one region, as one account's credentials see it."""

    def __init__(self, session: Session, credentials: Any, service: str, region: str) -> None:
        self._session, self._credentials = session, credentials
        self._service, self._region = service, region

    def pages(self, operation: str, *, region: str = "", **parameters: Any) -> Iterator[dict[str, Any]]:
        client = self._client(region)
        if client.can_paginate(operation):
            answers = iter(client.get_paginator(operation).paginate(**parameters))
        else:
            answers = _by_token(getattr(client, operation), parameters)
        while (page := self._asked(client, lambda: next(answers, None))) is not None:
            yield page

    def call(self, operation: str, *, region: str = "", **parameters: Any) -> dict[str, Any]:
        client = self._client(region)
        answer: dict[str, Any] = self._asked(client, lambda: getattr(client, operation)(**parameters))
        return answer

    def header(self, operation: str, name: str, *, region: str = "", **parameters: Any) -> str:
        client = self._client(region)

        def ask() -> dict[str, Any]:
            try:
                return dict(getattr(client, operation)(**parameters))
            except ClientError as error:
                return dict(error.response)

        headers: dict[str, str] = self._asked(client, ask)["ResponseMetadata"].get("HTTPHeaders", {})
        return headers.get(name, "")

    def _client(self, region: str) -> Any:
        return self._session.client(self._service, region or self._region)

    def _asked(self, client: Any, ask: Callable[[], T]) -> T:
        """Ask with this account's credentials, and translate what goes wrong."""
        try:
            acting = _acting.set(self._credentials.get_frozen_credentials())
            try:
                return ask()
            finally:
                _acting.reset(acting)
        except ClientError as error:
            if _ended(error):
                raise CloudError(f"{NO_CREDENTIALS} ({error})") from error
            raise refusal(error) from error
        except (
            NoCredentialsError,
            PartialCredentialsError,
            CredentialRetrievalError,
            TokenRetrievalError,
            ProfileNotFound,
            SSOError,
        ) as error:
            raise CloudError(f"{NO_CREDENTIALS} ({error})") from error
        except EndpointConnectionError as error:
            if not self._session.offers(self._service, client.meta.region_name):
                raise NotOffered(self._service) from error
            raise Refused("EndpointConnectionError", str(error)) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise Refused(type(error).__name__, str(error)) from error


def refusal(error: ClientError) -> Refused:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    message = ENCODED.sub("", message)
    if code in VANISHED:
        return Vanished(code, message)
    reason = _reason(code, message)
    if error.operation_name == "AssumeRole" and reason == "denied":
        reason = "role-missing"
    return Refused(code, message, reason)


def _reason(code: str, message: str) -> GapReason:
    if OF_THE_ORGANISATION.search(message):
        return "denied-by-scp"
    if code in THROTTLED:
        return "throttled"
    if code in REGION_OFF:
        return "region-off"
    return "denied" if code in DENIED or NOT_AUTHORISED in message else "error"


def _ended(error: ClientError) -> bool:
    """Whether the caller's credentials are good for nothing any more."""
    code = error.response["Error"].get("Code")
    return code in EXPIRED or (code in REVOKED and error.operation_name == "AssumeRole")


def _by_token(ask: Callable[..., dict[str, Any]], parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    token: dict[str, Any] = {}
    while True:
        page = ask(**parameters, **token)
        yield page
        following = {send: page[receive] for send, receive in TOKENS if page.get(receive)}
        if not following:
            return
        if following == token:
            raise Refused("RepeatedToken", "the listing gave the same page twice")
        token = following
