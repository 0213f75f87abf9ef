"""Looks into one account, as far as time allows; called again with its own answer until that says done."""

import os
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from domicile.deployed import Deployment, cursor_of
from domicile.settings import settings

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    scan, account = event["scan"], event["account"]
    logger.append_keys(scan=scan, account=account)
    cursor = Deployment(settings(os.environ)).collect(
        scan, account, cursor_of(event), left=lambda: context.get_remaining_time_in_millis() / 1000
    )
    logger.info("account looked into" if cursor is None else "account looked into in part")
    return {"scan": scan, "account": account, "cursor": msgspec.to_builtins(cursor), "done": cursor is None}
