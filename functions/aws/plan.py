"""Begins a scan: which accounts there are, and what each collector is to ask. The execution's input is not read."""

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
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    said = settings(os.environ)
    planned = Deployment(said).plan()
    logger.append_keys(scan=planned.scan)
    logger.info("scan begun", accounts=len(planned.accounts))
    metrics.add_metric("ConfigurationRefused", MetricUnit.Count, int(bool(planned.refused)))
    if planned.refused:
        logger.error("organisation file refused; the last good one is in use", mistake=planned.refused)
    bucket, _, prefix = said.work.removeprefix("s3://").partition("/")
    key = "/".join(part for part in (prefix, planned.worklist) if part)
    return {"scan": planned.scan, "worklist": {"bucket": bucket, "key": key}}
