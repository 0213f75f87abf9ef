"""Sends what nobody has been told yet, and counts who listens."""

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from domicile.deployed import Deployment
from domicile.settings import settings

logger, metrics = Logger(), Metrics()


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    scan = event["scan"]
    logger.append_keys(scan=scan)
    told = Deployment(settings(os.environ)).notify()
    logger.info("notices sent", notices=told.notices, subscribers=told.subscribers)
    metrics.add_metric("NoticesSent", MetricUnit.Count, told.notices)
    metrics.add_metric("SubscribersMissing", MetricUnit.Count, int(told.subscribers == 0))
    return {"scan": scan, "done": True}
