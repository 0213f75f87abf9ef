"""One test reads every plug-in: whoever adds a service is told here what it lacks."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

from domicile.model import PLACEMENT_KINDS, Cell, Copy, Resource, Tagged
from domicile.providers import aws
from recorded_cloud import RECORDED, RecordedCloud, output_shape, recorded

NOT_SERVICES = {"arn", "ebs", "firehose_targets", "log_targets", "offered", "organisation", "session", "transport"}
FILES = {
    module.name: importlib.import_module(f"domicile.providers.aws.{module.name}")
    for module in pkgutil.iter_modules(aws.__path__)
    if module.name not in NOT_SERVICES
}
LISTINGS = [
    pytest.param(service, listing, id=f"{service.name}.{listing.name}")
    for service in aws.SERVICES
    for listing in service.listings
]
CELL = {
    "regional": Cell("aws", "111122223333", "ap-south-1"),
    "global": Cell("aws", "111122223333", "global"),
    "organisation": Cell("aws", "111122223333", "global"),
}


def test_every_file_is_registered_in_alphabetical_order():
    assert [module.SERVICE for _, module in sorted(FILES.items())] == list(aws.SERVICES)


@pytest.mark.parametrize("name", FILES)
def test_a_service_file_is_short_and_leaves_errors_threads_and_logs_to_the_driver(name):
    text = Path(FILES[name].__file__).read_text()
    tree = ast.parse(text)
    imported = {
        module
        for node in ast.walk(tree)
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    allowed = {"__future__", "collections.abc", "typing", "domicile.model", "domicile.providers.service"}
    assert {module for module in imported if not module.startswith("domicile.providers.aws.")} <= allowed
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try | ast.AsyncFunctionDef)]
    assert len(text.splitlines()) <= 120


def test_looks_types_and_channels_are_named_once_and_alike():
    looks = [f"{service.name}.{listing.name}" for service in aws.SERVICES for listing in service.listings]
    types = [kind.name for service in aws.SERVICES for kind in service.types]
    channels = [channel.name for service in aws.SERVICES for channel in service.channels]
    for names, pattern in (
        (looks, r"[a-z0-9]+(\.[a-z]+(-[a-z]+)*)"),
        (types, r"aws\.[a-z0-9]+\.[a-z]+(-[a-z]+)*"),
        (channels, r"[a-z0-9]+(-[a-z0-9]+)+"),
    ):
        assert len(names) == len(set(names))
        assert not [name for name in names if not re.fullmatch(pattern, name)]


def test_every_kind_is_one_that_rules_see_and_every_channel_says_how_to_stop_it():
    for service in aws.SERVICES:
        assert {kind.kind for kind in (*service.types, *service.channels)} <= set(PLACEMENT_KINDS)
        for sentence in (*(channel.stop for channel in service.channels), *service.blind_to):
            assert re.fullmatch(r"[A-Z].{20,}\.", sentence), sentence


def test_tags_are_looked_for_in_a_listing_that_exists():
    looks = {f"{service.name}.{listing.name}" for service in aws.SERVICES for listing in service.listings}
    assert {kind.tags_look for kind in aws.vocabulary.types.values()} - {""} <= looks


def test_every_operation_needed_exists_in_the_sdk():
    session = botocore.session.Session()
    needed = aws.calls()
    for client in {client for client, _ in needed}:
        known = {botocore.xform_name(name) for name in session.get_service_model(client).operation_names}
        assert {operation for other, operation in needed if other == client} <= known


def test_every_permission_reads_how_things_are_set_up_and_nothing_more():
    assert aws.permissions()
    for action in set(aws.permissions()) - {"sts:AssumeRole"}:
        assert re.fullmatch(r"[a-z0-9-]+:(List|Describe|Get)[A-Za-z0-9]+", action)
    denied = "|".join(action.replace("*", ".*") for action in aws.NEVER_READ)
    assert not [action for action in aws.permissions() if re.fullmatch(denied, action)]


def test_the_policy_allows_what_is_needed_and_denies_content():
    allow, deny = aws.policy_document()["Statement"]
    assert allow["Effect"] == "Allow"
    assert {*allow["Action"], "sts:AssumeRole"} == set(aws.permissions())
    assert (deny["Effect"], deny["Resource"]) == ("Deny", "*")
    *_, assume = aws.policy_document("reader")["Statement"]
    assert (assume["Action"], assume["Resource"]) == ("sts:AssumeRole", "arn:*:iam::*:role/reader")


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_the_recorded_answer_has_the_shape_of_the_sdk(service, listing):
    for operation, answer in recorded(service.client, f"{service.name}.{listing.name}").items():
        report = ParamValidator().validate(answer, output_shape(service.client, operation))
        assert not report.has_errors(), report.generate_report()


def test_no_recorded_answer_is_left_over():
    looks = {f"{service.name}.{listing.name}" for service in aws.SERVICES for listing in service.listings}
    assert {path.stem for path in RECORDED.glob("*.json") if not path.stem.startswith("azure.")} == looks


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_a_recorded_answer_is_read_into_declared_words_with_ids_of_its_own(service, listing):
    cloud = RecordedCloud(recorded(service.client, f"{service.name}.{listing.name}"))
    cell = CELL[service.scope]
    items = list(listing.find(cloud))
    assert items
    sightings = []
    for item in items:
        answers = {part.name: part.ask(cloud, item) for part in listing.parts}
        seen = list(listing.read(item, answers, cell))
        identity = listing.identify(item, cell)
        assert {one.id for one in seen if isinstance(one, Resource | Tagged)} <= {identity}
        sightings += seen
    assert sightings
    for one in sightings:
        if isinstance(one, Resource):
            assert one.type in {kind.name for kind in service.types}
            assert one.tags is not None
        if isinstance(one, Copy):
            channel = aws.vocabulary.channels[one.channel]
            assert one.of
            assert one.evidence
            assert one.evidence.operation.partition(":")[0] == service.client
            assert one.id or channel.implied
            assert one.part in {"", *(part.name for part in listing.parts)}


@pytest.mark.parametrize("service", aws.SERVICES, ids=lambda service: service.listings[0].name)
def test_a_service_declares_exactly_the_operations_it_calls(service):
    asked = set()
    for listing in service.listings:
        cloud = RecordedCloud(recorded(service.client, f"{service.name}.{listing.name}"))
        for item in listing.find(cloud):
            for part in listing.parts:
                part.ask(cloud, item)
        asked |= set(cloud.asked)
    if service.locate:
        cloud = RecordedCloud({"head_bucket": "eu-west-1"})
        service.locate(cloud, "arn:aws:s3:::somewhere")
        asked |= set(cloud.asked)
    assert asked == set(service.needs)
