"""The zip of the functions: the same bytes everywhere, nothing left out that is needed, and it answers."""

import ast
import json
import os
import re
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
from domicile.demo.tenant import TOKEN, Arm, serving
from domicile.providers.aws import SERVICES
from domicile.providers.aws.organisation import NEEDS
from dynamodb_emulator import create_tables
from runtime_api import Function, surroundings
from small_bank import ACCOUNTS, BANK, FILE, GROUP, MUMBAI, REGIONS, ROLE, plant

STEPS = ("plan", "collect", "settle", "notify")
MACHINES = {"aws": ("aarch64", 183), "azure": ("x86_64", 62)}
"""What a bundle runs on, and how ELF calls it."""
AT_THE_TOP = {"aws": {f"{step}.py" for step in STEPS}, "azure": {"function_app.py", "host.json"}}
OWN = {"dynamodb", "s3", "sns"}
"""What a deployment keeps its own things in, and tells people by."""


@pytest.fixture(scope="module", params=[bundle.AWS, bundle.AZURE], ids=lambda one: one.cloud)
def target(request):
    return request.param


@pytest.fixture(scope="module")
def built(target, tmp_path_factory):
    return bundle.bundle(tmp_path_factory.mktemp(target.cloud) / "functions.zip", target=target)


@pytest.fixture(scope="module")
def files(built):
    with zipfile.ZipFile(built.path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    return an_unpacked(tmp_path_factory.mktemp("unpacked"), bundle.AWS)


def an_unpacked(folder, target):
    """A bundle for this machine, as the cloud puts it down."""
    with zipfile.ZipFile(bundle.bundle(folder / "functions.zip", target=target, local=True).path) as archive:
        archive.extractall(folder / "task")
    return folder / "task"


@pytest.fixture(scope="module")
def built_elsewhere(tmp_path_factory):
    """What is said by a build in another folder, at another time, with other languages and line endings."""
    clone = a_clone(tmp_path_factory.mktemp("elsewhere"))
    for path in (*clone.rglob("shared/**/*.*"), *clone.rglob("functions/**/*.*")):
        if path.suffix in {".py", ".yaml", ".json"}:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
            path.chmod(0o600)
            os.utime(path, (0, 0))
    done = built_in(clone, LC_ALL="C", TZ="Asia/Kolkata", PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


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


def test_another_folder_time_language_and_line_ending_make_no_other_bytes(target, built, built_elsewhere):
    assert f"build/{target.cloud}/functions.zip  sha256 {built.digest}" in built_elsewhere


def test_other_files_make_other_bytes():
    files = {"plan.py": b"A = 1\n", "settle.py": b"B = 1\n"}
    packed = [bundle.packed(one) for one in (files, files, files | {"plan.py": b"A = 2\n"}, {"plan.py": b"A = 1\n"})]
    assert packed[0] == packed[1]
    assert len(set(packed)) == 3


def test_entries_are_sorted_plain_files_of_no_date(built):
    with zipfile.ZipFile(built.path) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_it_holds_handlers_and_rules_but_no_byte_code_tests_or_demo(target, files):
    assert {name for name in files if "/" not in name} >= AT_THE_TOP[target.cloud]
    assert any(name.startswith(f"{target.packages}domicile/policies/in/") for name in files)
    unwanted = {"__pycache__", "tests", "bin"}
    assert [name for name in files if name.endswith(".pyc") or set(name.split("/")) & unwanted] == []
    at_a_terminal = {"commands", "demo", "report", "cli.py"}
    assert [name for name in own_of(target, files) if set(name.split("/")) & at_a_terminal] == []


def test_no_file_knows_where_it_was_built(files):
    assert [name for name, content in files.items() if os.fsencode(bundle.ROOT) in content] == []


def test_what_is_compiled_is_compiled_for_where_it_runs(target, files):
    machine, code = MACHINES[target.cloud]
    compiled = {name: content for name, content in files.items() if name.endswith(".so")}
    assert compiled
    for name, content in compiled.items():
        assert name.endswith((f"cpython-{target.python.replace('.', '')}-{machine}-linux-gnu.so", ".abi3.so"))
        assert struct.unpack_from("<H", content, 18) == (code,)


def test_every_module_finds_the_modules_that_it_imports(target, files):
    """But for those of the other cloud, which are loaded only where a deployment names its places."""
    packages = {name.removeprefix(target.packages) for name in files}
    known = {folder for name in packages for folder in above(name)} | {name.removesuffix(".py") for name in packages}
    for name in own_of(target, files):
        for module in imported(ast.parse(files[name])) if name.endswith(".py") else ():
            path = module.replace(".", "/")
            foreign = target.foreign.fullmatch(f"{path}.py") or target.foreign.fullmatch(f"{path}/__init__.py")
            assert path in known or foreign or path.split("/")[0] in sys.stdlib_module_names, (name, module)


def test_nothing_of_the_other_cloud_travels_along(target, files):
    other = {"aws": ("azure", "cosmos"), "azure": ("aws", "boto3", "botocore", "dynamodb", "sns", "s3")}[target.cloud]
    names = own_of(target, files)
    assert [name for name in names if set(other) & set(re.split(r"[/._]", name.removeprefix(target.packages)))] == []
    assert any(f"domicile/providers/{target.cloud}/" in name for name in names)
    distributions = {name.removeprefix(target.packages) for name in files if ".dist-info/" in name}
    assert [name for name in distributions if name.startswith(other)] == []


def own_of(target, files):
    """The handlers and the modules of domicile."""
    return [
        name for name in files if name.startswith(f"{target.packages}domicile/") or name in AT_THE_TOP[target.cloud]
    ]


def above(name):
    """The folders that a file lies in."""
    parts = name.split("/")[:-1]
    return {"/".join(parts[: end + 1]) for end in range(len(parts))}


def imported(tree):
    """The modules that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_every_distribution_finds_those_it_needs_where_it_runs(target, built):
    """Pip judges conditions such as `python_version` by the Python that runs it, not by the one it packs for."""
    there = {
        "python_version": target.python,
        "python_full_version": f"{target.python}.0",
        "platform_machine": MACHINES[target.cloud][0],
        "sys_platform": "linux",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "extra": "",
    }
    home = zipfile.Path(built.path, target.packages)
    folders = {top for top in home.iterdir() if top.name.endswith(".dist-info")}
    present = {bundle.canonical(folder.name.split("-")[0]) for folder in folders}
    for folder in folders:
        for line in PathDistribution(folder).requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate(there):
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


# On Azure


def in_azure(task, program, **environment):
    """What a program prints that sees an unpacked bundle as the worker sees it, and nothing else."""
    places = [str(task), str(task / bundle.AZURE.packages)]
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=task,
        env={"PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def on_azure(tmp_path_factory):
    return an_unpacked(tmp_path_factory.mktemp("on-azure"), bundle.AZURE)


INDEXED = """
import function_app
step = {one.get_function_name(): one.get_user_function() for one in function_app.app.get_functions()}
"""


def test_all_that_a_deployment_on_azure_speaks_through_can_be_made(on_azure):
    program = f"""{INDEXED}
from domicile import blobs, senders
import azure.identity, domicile, domicile.stores.cosmos
print(*sorted(step))
print(domicile.__file__)
blobs.open_blobs("azblob://domicile.blob.core.windows.net/work")
senders.open_sender("acs://domicile.communication.azure.com?from=a@bank.example&to=b@bank.example")
"""
    names, home = in_azure(on_azure, program)
    assert names == "collect collect_one collect_some notify plan scan settle start"
    assert home.startswith(str(on_azure))


def test_the_steps_on_azure_take_a_tenant_from_plan_to_settled(on_azure, tmp_path):
    subscription = "11111111-0000-0000-0000-00000000000a"
    arm = Arm()
    arm.subscription(subscription, "bank")
    configuration = tmp_path / "work" / "config"
    configuration.mkdir(parents=True)
    (configuration / "domicile.yaml").write_text("version: 1\n", encoding="utf-8")
    program = f"""{INDEXED}
state = step["plan"]({{}})
print(state)
state = step["collect"]({{"scan": state["scan"], "account": state["accounts"][0]}})
print(state)
print(step["settle"]({{"scan": state["scan"]}}))
"""
    with serving(arm) as address:
        said = in_azure(
            on_azure,
            program,
            DOMICILE_CLOUD="azure",
            DOMICILE_ACCOUNTS="tenant",
            DOMICILE_STORE=f"sqlite:///{tmp_path}/domicile.db",
            DOMICILE_WORK=f"file://{tmp_path}/work",
            DOMICILE_EVIDENCE=f"file://{tmp_path}/evidence",
            DOMICILE_TOPIC="acs://localhost?from=a@bank.example&to=b@bank.example",
            DOMICILE_AZURE_ENDPOINT=address,
            DOMICILE_AZURE_TOKEN=TOKEN,
        )
    assert [ast.literal_eval(line) for line in said] == [
        {"scan": 1, "accounts": [subscription]},
        {"scan": 1, "account": subscription, "cursor": None, "done": True},
        {"scan": 1, "cursor": None, "done": True, "superseded": False},
    ]
