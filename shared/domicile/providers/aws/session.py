"""Speaks to AWS: one transport for all accounts, regions and services, and every error in domicile's words."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
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
from domicile.providers.aws.transport import Transport, models
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
    ("ExclusiveStartGlobalTableName", "LastEvaluatedGlobalTableName"),
)
"""How listings without a paginator in the SDK are asked for more: what to send, and where it came from."""

NO_CREDENTIALS: Final = "no usable AWS credentials: run `aws configure`, `aws sso login` or set AWS_PROFILE"
SESSION_NAME: Final = "domicile"


class Session:
    """The caller's credentials, the roles taken on with them, and the transport that all of them share."""

    def __init__(
        self,
        *,
        role: str = "",
        external_id: str = "",
        attempts: int = 8,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.role, self.external_id = role, external_id
        self._roles: dict[str, Any] = {}
        self._lock = threading.RLock()
        try:
            self._botocore = botocore.session.Session()
            self._botocore.register_component("data_loader", models())
            self.caller: Any = self._botocore.get_credentials()
            self.region: str = self._botocore.get_config_variable("region") or "us-east-1"
        except (BotoCoreError, SSOError) as error:
            raise CloudError(f"{NO_CREDENTIALS} ({error})") from error
        if self.caller is None:
            raise CloudError(NO_CREDENTIALS)
        self._botocore.set_config_variable("sts_regional_endpoints", "regional")
        config = Config(
            max_pool_connections=64,
            connect_timeout=10,
            read_timeout=60,
            user_agent_extra=f"domicile/{__version__}",
            # One client serves all accounts and regions, so its endpoint must not be one account's, nor the global one.
            account_id_endpoint_mode="disabled",
            s3={"us_east_1_regional_endpoint": "regional"},
        )
        self.transport = Transport(self._botocore, config, region=self.region, attempts=attempts, wait=wait)

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

    def offers(self, service: str, region: str) -> bool:
        """Whether a service may be there: of regions newer than the SDK, and of services that are spoken to in one
        place only, its lists do not tell."""
        with self._lock:
            known = self._botocore.get_available_regions("ec2", partition(region))
            offered = self._botocore.get_available_regions(service, partition(region))
        return region in offered or region not in known or not offered

    def close(self) -> None:
        self.transport.close()

    def _credentials(self, account: str) -> Any:
        with self._lock:
            if account not in self._roles:
                self._roles[account] = DeferredRefreshableCredentials(
                    refresh_using=lambda: self._assumed(account), method="assume-role"
                )
            return self._roles[account]

    def _assumed(self, account: str) -> dict[str, str]:
        external = {"ExternalId": self.external_id} if self.external_id else {}
        asked = {
            "RoleArn": f"arn:{partition(self.region)}:iam::{account}:role/{self.role}",
            "RoleSessionName": SESSION_NAME,
            **external,
        }
        given = self.transport.ask("sts", self.region, self.caller, "assume_role", asked)["Credentials"]
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
        def ask(**asked: Any) -> dict[str, Any]:
            return self._asked(operation, region, asked)

        transport = self._session.transport
        service, name = self._named(operation)
        paginator = transport.paginator(transport.api(service), name, ask)
        yield from paginator.paginate(**parameters) if paginator else _by_token(ask, parameters)

    def call(self, operation: str, *, region: str = "", **parameters: Any) -> dict[str, Any]:
        return self._asked(operation, region, parameters)

    def header(self, operation: str, name: str, *, region: str = "", **parameters: Any) -> str:
        with self._translated(region or self._region):
            try:
                answer = self._ask(operation, region, parameters, follow=False)
            except ClientError as error:
                answer = dict(error.response)
        headers: dict[str, str] = answer["ResponseMetadata"].get("HTTPHeaders", {})
        return headers.get(name, "")

    def _asked(self, operation: str, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
        with self._translated(region or self._region):
            return self._ask(operation, region, parameters)

    def _ask(self, operation: str, region: str, parameters: dict[str, Any], *, follow: bool = True) -> dict[str, Any]:
        service, name = self._named(operation)
        return self._session.transport.ask(
            service, region or self._region, self._credentials, name, parameters, follow=follow
        )

    def _named(self, operation: str) -> tuple[str, str]:
        """The service that an operation is of, and its name there."""
        service, _, name = operation.rpartition(".")
        return service or self._service, name

    @contextmanager
    def _translated(self, region: str) -> Iterator[None]:
        """What goes wrong, in domicile's words."""
        try:
            yield
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
            if not self._session.offers(self._service, region):
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
