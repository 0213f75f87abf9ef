"""The row of the bench counts what was planted, and finds no other copy in breach than those planted there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot

ROW = Path(__file__).parents[1] / "bench" / "row.py"
GROUP, PAY = "111111111111", "333333333333"
MUMBAI, SINGAPORE = "ap-south-1", "ap-southeast-1"


@pytest.fixture(name="cloud")
def a_cloud_with_labels():
    with LocalCloud(enabled=(MUMBAI, SINGAPORE)) as cloud:
        cloud.organisation({GROUP: "group", PAY: "pay"})
        pay = Plot(cloud, PAY)
        for name, label in (("kept", "in"), ("free", "global"), ("bare", "")):
            pay.bucket(name, MUMBAI, {"data-residency": label} if label else {})
            pay.bucket(f"{name}-abroad", SINGAPORE)
            pay.replicate(name, MUMBAI, {"far": f"{name}-abroad"})
        pay.bucket("near", MUMBAI, {"data-residency": "in"})
        pay.bucket("near-by", MUMBAI)
        pay.replicate("near", MUMBAI, {"near": "near-by"})
        pay.table("ledger", MUMBAI, {"data-residency": "sg"})
        yield cloud


def test_copies_are_counted_and_judged_by_the_label_of_their_source(cloud):
    environment = {**os.environ, **cloud.environment(), "BENCH_REGIONS": f"{MUMBAI},{SINGAPORE}"}
    done = subprocess.run(
        [sys.executable, str(ROW), "--role", "reader"], env=environment, capture_output=True, text=True, check=True
    )
    row = json.loads(done.stdout.splitlines()[-1])
    assert (row["resources"], row["by_kind"]) == (9, {"s3": 8, "dynamodb": 1})
    assert (row["copies"], row["copies_violating"], row["errors"]) == (3, 1, 0)
