"""The zip of the functions: the same bytes everywhere, nothing left out that is needed, and it answers."""

import ast
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from functions import bundle
from moto.sns.models import sns_backends
from packaging.requirements import Requirement

from domicile.demo.cloud import LocalCloud
from domicile.providers.aws import SERVICES
from domicile.providers.aws.organisation import NEEDS
from dynamodb_emulator import create_tables
from runtime_api import Function, surroundings
from small_bank import ACCOUNTS, BANK, FILE, GROUP, MUMBAI, REGIONS, ROLE, plant

STEPS = ("plan", "collect", "settle", "notify")
LAMBDA = {"python_version": bundle.PYTHON, "platform_machine": "aarch64", "sys_platform": "linux", "extra": ""}
AARCH64 = 183
OWN = {"dynamodb", "s3", "sns"}
"""What a deployment keeps its own things in, and tells people by."""


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory):
    return bundle.bundle(tmp_path_factory.mktemp("lambda") / "functions.zip")


@pytest.fixture(scope="module")
def files(for_lambda):
    with zipfile.ZipFile(for_lambda.path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(bundle.bundle(folder / "functions.zip", local=True).path) as archive:
        archive.extractall(folder / "task")
    return folder / "task"


def a_clone(folder, *, wheels=True):
    """The repository in another folder, as far as a bundle is made of it."""
    for part in ("functions", "shared"):
        shutil.copytree(bundle.ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for file in ("pyproject.toml", "requirements.txt"):
        shutil.copyfile(bundle.ROOT / file, folder / file)
    if wheels:
        (folder / "build").mkdir()
        (folder / "build" / "wheels").symlink_to(bundle.WHEELS)
    return folder


def built_in(clone, **environment):
    script = clone / "functions" / "bundle.py"
    return subprocess.run(
        [sys.executable, str(script)], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_another_folder_time_language_and_line_ending_make_no_other_bytes(for_lambda, tmp_path):
    clone = a_clone(tmp_path)
    for path in clone.rglob("shared/**/*.*"):
        if path.suffix in {".py", ".yaml"}:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
            path.chmod(0o600)
            os.utime(path, (0, 0))
    done = built_in(clone, LC_ALL="C", TZ="Asia/Kolkata", PYTHONHASHSEED="7")
    assert done.stdout.splitlines()[-1] == f"build/aws/functions.zip  sha256 {for_lambda.digest}", done.stderr


def test_other_files_make_other_bytes():
    files = {"plan.py": b"A = 1\n", "settle.py": b"B = 1\n"}
    packed = [bundle.packed(one) for one in (files, files, files | {"plan.py": b"A = 2\n"}, {"plan.py": b"A = 1\n"})]
    assert packed[0] == packed[1]
    assert len(set(packed)) == 3


def test_entries_are_sorted_plain_files_of_no_date(for_lambda):
    with zipfile.ZipFile(for_lambda.path) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_it_holds_handlers_and_rules_but_no_byte_code_tests_or_demo(files):
    assert {name for name in files if "/" not in name} >= {f"{step}.py" for step in STEPS}
    assert any(name.startswith("domicile/policies/in/") for name in files)
    unwanted = ("__pycache__", "tests", "demo", "report", "cli.py", "bin")
    assert [name for name in files if name.endswith(".pyc") or set(name.split("/")) & set(unwanted)] == []


def test_no_file_knows_where_it_was_built(files):
    assert [name for name, content in files.items() if os.fsencode(bundle.ROOT) in content] == []


def test_what_is_compiled_is_compiled_for_lambda(files):
    compiled = {name: content for name, content in files.items() if name.endswith(".so")}
    assert compiled
    for name, content in compiled.items():
        assert f"cpython-{bundle.PYTHON.replace('.', '')}-aarch64-linux" in name
        assert struct.unpack_from("<H", content, 18) == (AARCH64,)


def test_every_module_finds_the_modules_of_domicile_that_it_imports(files):
    own = {name: ast.parse(text) for name, text in files.items() if name.endswith(".py") and is_own(name)}
    for name, tree in own.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "domicile":
                path = node.module.replace(".", "/")
                assert {f"{path}.py", f"{path}/__init__.py"} & own.keys(), f"{name} imports {node.module}"


def is_own(name):
    return name.startswith("domicile/") or "/" not in name


def test_every_distribution_finds_those_it_needs_on_lambda(for_lambda):
    """Pip judges conditions such as `python_version` by the Python that runs it, not by the one it packs for."""
    folders = {top for top in zipfile.Path(for_lambda.path).iterdir() if top.name.endswith(".dist-info")}
    present = {folder.name.split("-")[0].replace("_", "-").lower() for folder in folders}
    for folder in folders:
        for line in PathDistribution(folder).requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate(LAMBDA):
                assert bundle.canonical(needed.name) in present, f"{folder.name} needs {line}"


def run(unpacked, tmp_path, program):
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=unpacked,
        env=surroundings(unpacked, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_only_the_bundle_is_seen_when_it_is_started(unpacked, tmp_path):
    modules = ("domicile", "botocore", "msgspec", "plan")
    program = f"import {', '.join(modules)}\nfor one in {', '.join(modules)}: print(one.__file__)"
    assert all(line.startswith(str(unpacked)) for line in run(unpacked, tmp_path, program))


def test_every_client_that_domicile_speaks_through_can_be_made(unpacked, tmp_path):
    services = sorted({service.client for service in SERVICES} | NEEDS.keys() | OWN)
    program = f"""
import botocore.session
session = botocore.session.Session()
for service in {services}:
    client = session.create_client(service, region_name="ap-south-1", aws_access_key_id="x", aws_secret_access_key="y")
    session.get_paginator_model(service)
    print(service, "ap-south-1" in session.get_available_regions("ec2"))
"""
    assert run(unpacked, tmp_path, program) == [f"{service} True" for service in services]


@pytest.mark.parametrize("step", STEPS)
def test_a_handler_that_is_told_nothing_says_what_it_misses(unpacked, tmp_path, step):
    with Function(f"{step}.handler", unpacked, {"POWERTOOLS_METRICS_NAMESPACE": "Domicile"}, tmp_path) as function:
        answer = function.invoke({"scan": 1, "account": BANK})
    assert (answer.error, answer.payload["errorMessage"]) == ("UsageError", "DOMICILE_ACCOUNTS: is not set")


def test_the_four_handlers_take_an_organisation_from_plan_to_notice(unpacked, tmp_path):
    with LocalCloud(enabled=REGIONS) as cloud:
        plant(cloud)
        s3 = cloud.moto("s3", MUMBAI, GROUP)
        for bucket in ("work", "evidence"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": MUMBAI})
        s3.put_object(Bucket="work", Key="config/domicile.yaml", Body=FILE.encode())
        create_tables(cloud.moto("dynamodb", MUMBAI, GROUP), "violations")
        topic = cloud.moto("sns", MUMBAI, GROUP).create_topic(Name="notices")["TopicArn"]
        sns_backends[GROUP][MUMBAI].topics[topic].subscriptions_confimed = 1
        environment = cloud.environment(GROUP) | {
            "DOMICILE_STORE": f"dynamodb://violations?region={MUMBAI}",
            "DOMICILE_WORK": "s3://work",
            "DOMICILE_EVIDENCE": "s3://evidence",
            "DOMICILE_TOPIC": topic,
            "DOMICILE_ACCOUNTS": "organisation",
            "DOMICILE_ROLE": ROLE,
            "POWERTOOLS_METRICS_NAMESPACE": "Domicile",
        }

        def started(step):
            return Function(f"{step}.handler", unpacked, environment | {"POWERTOOLS_SERVICE_NAME": step}, tmp_path)

        with started("plan") as plan_it:
            worklist = {"bucket": "work", "key": "scans/000001/worklist.json"}
            assert plan_it.invoke({}) == ({"scan": 1, "worklist": worklist}, "")
        with started("collect") as collect:
            for account in ACCOUNTS:
                task = {"scan": 1, "account": account, "cursor": None}
                assert collect.invoke(task) == (task | {"done": True}, "")
        with started("settle") as settle:
            assert settle.invoke({"scan": 1, "cursor": None}) == ({"scan": 1, "cursor": None, "done": True}, "")
            assert metrics(settle)["ScansSettled"] == [1]
        with started("notify") as notify:
            assert notify.invoke({"scan": 1}) == ({"scan": 1, "done": True}, "")
            assert metrics(notify)["NoticesSent"] == [1]


def metrics(function):
    """What a function wrote for CloudWatch to count."""
    [line] = [line for line in function.log().splitlines() if line.startswith('{"') and '"CloudWatchMetrics"' in line]
    return json.loads(line)


def test_without_a_network_one_sentence_says_why(tmp_path):
    clone = a_clone(tmp_path, wheels=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    done = built_in(clone, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(empty))
    assert done.returncode == 1
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("Not built: pip could not fetch what the functions need (is there a network?): ")


def test_what_is_not_pinned_does_not_travel(tmp_path):
    clone = a_clone(tmp_path)
    pins = (clone / "requirements.txt").read_text().splitlines(keepends=True)
    (clone / "requirements.txt").write_text("".join(pin for pin in pins if not pin.startswith("six==")))
    [sentence] = built_in(clone).stderr.splitlines()
    assert sentence.startswith("Not built: the functions need six 1.")
    assert sentence.endswith(", which requirements.txt does not pin.")


def test_a_folder_without_handlers_is_no_bundle(tmp_path):
    with pytest.raises(bundle.BundleError, match="no handler"):
        bundle.bundle(tmp_path / "functions.zip", handlers=Path(tmp_path))
