"""Judges what was collected and records it, as far as time allows; called again until it says done."""

import os
from typing import Any

import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from domicile.deployed import Deployment, cursor_of
from domicile.errors import Superseded
from domicile.settings import settings

logger, metrics = Logger(), Metrics()


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    scan = event["scan"]
    logger.append_keys(scan=scan)
    try:
        settled = Deployment(settings(os.environ)).settle(
            scan, cursor_of(event), left=lambda: context.get_remaining_time_in_millis() / 1000
        )
    except Superseded:
        metrics.add_metric("ScansSuperseded", MetricUnit.Count, 1)
        raise
    metrics.add_metric("ScansSettled", MetricUnit.Count, int(settled.cursor is None))
    if settled.cursor is None:
        logger.info("scan settled", open=settled.open, gaps_begun=settled.gaps_begun)
        metrics.add_metric("GapsBegun", MetricUnit.Count, settled.gaps_begun)
        metrics.add_metric("BreachesOpen", MetricUnit.Count, settled.open)
    return {"scan": scan, "cursor": msgspec.to_builtins(settled.cursor), "done": settled.cursor is None}
