"""One test reads every Azure service file: whoever adds one is told here what it lacks."""

import ast
import importlib
import pkgutil
import re
from itertools import permutations
from pathlib import Path

import pytest

from domicile import geography
from domicile.demo.tenant import TABLES
from domicile.model import PLACEMENT_KINDS, Copy, Resource, Tagged
from domicile.providers import aws, azure
from domicile.providers.azure.graph import ACTION
from domicile.providers.azure.ids import canonical
from recorded_cloud import RECORDED
from recorded_tenant import CELL, asked, sightings

FILES = {
    name: module
    for name, module in (
        (one.name, importlib.import_module(f"domicile.providers.azure.{one.name}"))
        for one in pkgutil.iter_modules(azure.__path__)
    )
    if hasattr(module, "SERVICE")
}
LISTINGS = [
    pytest.param(service, listing, id=f"{service.name}.{listing.name}")
    for service in azure.SERVICES
    for listing in service.listings
]
SERVICES = [pytest.param(service, id=f"{service.name}.{service.listings[0].name}") for service in azure.SERVICES]
SWEPT = {swept.type for service in azure.SERVICES for swept in service.swept}
HIDDEN = {"properties", "kind", "sku", "tags", "managedBy"}
LOOKS = {f"{service.name}.{listing.name}" for service in azure.SERVICES for listing in service.listings}


def test_every_file_is_registered_in_alphabetical_order():
    assert [name for name, module in sorted(FILES.items()) if module.SERVICE not in azure.SERVICES] == []
    assert [module.SERVICE for _, module in sorted(FILES.items())] == list(azure.SERVICES)


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
    allowed = {"__future__", "collections", "collections.abc", "typing", "domicile.model", "domicile.providers.service"}
    assert {module for module in imported if not f"{module}.".startswith("domicile.providers.azure.")} <= allowed
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try | ast.AsyncFunctionDef)]
    assert len(text.splitlines()) <= 120


def test_looks_types_and_channels_are_named_once_and_alike():
    looks = [f"{service.name}.{listing.name}" for service in azure.SERVICES for listing in service.listings]
    types = [kind.name for service in azure.SERVICES for kind in service.types]
    channels = [channel.name for service in azure.SERVICES for channel in service.channels]
    for names, pattern in (
        (looks, r"[a-z0-9]+(\.[a-z]+(-[a-z]+)*)"),
        (types, r"azure\.[a-z0-9]+\.[a-z]+(-[a-z]+)*"),
        (channels, r"azure(-[a-z0-9]+)+"),
    ):
        assert [name for name in names if names.count(name) > 1] == []
        assert [name for name in names if not re.fullmatch(pattern, name)] == []


def test_a_type_is_named_after_its_service():
    assert [
        kind.name for service in azure.SERVICES for kind in service.types if kind.name.split(".")[1] != service.name
    ] == []


def test_no_word_means_one_thing_in_azure_and_another_in_aws():
    assert not azure.vocabulary.types.keys() & aws.vocabulary.types.keys()
    assert not azure.vocabulary.channels.keys() & aws.vocabulary.channels.keys()
    # Skipping a service by name skips it in every cloud.
    assert not {service.name for service in azure.SERVICES} & {service.name for service in aws.SERVICES}


def test_every_kind_is_one_that_rules_see_and_every_channel_says_how_to_stop_it():
    for service in azure.SERVICES:
        assert {kind.kind for kind in (*service.types, *service.channels)} <= set(PLACEMENT_KINDS)
        for sentence in (*(channel.stop for channel in service.channels), *service.blind_to):
            assert re.fullmatch(r"[A-Z].{20,}\.", sentence), sentence


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_asked_once_per_subscription_for_azure_sweeps_all_regions_at_once(service):
    assert service.scope == "global"


def test_tags_are_looked_for_in_a_listing_that_exists():
    assert {kind.tags_look for kind in azure.vocabulary.types.values()} - {""} <= LOOKS


def test_every_action_needed_reads_how_things_are_set_up_and_nothing_more():
    assert ACTION in azure.permissions()
    for service in azure.SERVICES:
        assert service.needs == {action: (action,) for action in service.needs}
    # The built-in role Reader has these; keys and content are had by POST, and by other actions.
    assert [
        one for one in azure.permissions() if not re.fullmatch(r"Microsoft\.[A-Za-z.]+(/[A-Za-z]+)+/read", one)
    ] == []


def test_a_property_is_swept_whole_or_in_parts_but_not_both():
    for table in {swept.table for service in azure.SERVICES for swept in service.swept}:
        paths = {
            path
            for service in azure.SERVICES
            for swept in service.swept
            if swept.table == table
            for path in swept.paths
        }
        assert [(whole, part) for whole, part in permutations(paths, 2) if part.startswith(f"{whole}.")] == []


def test_a_type_is_swept_by_its_name_in_lower_case_from_the_table_that_has_it():
    swept = [one for service in azure.SERVICES for one in service.swept]
    assert [one.type for one in swept if one.type != one.type.lower()] == []
    assert {one.type: one.table for one in swept} == {one.type: TABLES.get(one.type, "resources") for one in swept}


def test_there_is_a_recorded_answer_for_every_listing_and_none_is_left_over():
    assert {path.stem.removeprefix("azure.") for path in RECORDED.glob("azure.*.json")} == LOOKS


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_a_recorded_answer_is_read_into_declared_words_with_ids_of_its_own(service, listing):
    seen = []
    with asked(service, listing) as cloud:
        for item, read in sightings(listing, cloud):
            identity = listing.identify(item, CELL)
            assert identity == canonical(identity)
            assert {one.id for one in read if isinstance(one, Resource | Tagged)} <= {identity}
            seen += read
    assert seen
    assert any(isinstance(one, Resource | Tagged) for one in seen) or not service.types
    for one in seen:
        if isinstance(one, Resource | Copy) and one.location:
            assert one.location.provider == "azure"
            assert one.location.region == geography.azure_region(one.location.region)
        if isinstance(one, Resource):
            assert one.type in {kind.name for kind in service.types}
            assert one.account == CELL.account
        if isinstance(one, Copy):
            channel = azure.vocabulary.channels[one.channel]
            assert one.of == canonical(one.of)
            assert one.id == canonical(one.id)
            assert one.evidence
            assert one.evidence.operation.partition(" ")[0] in {ACTION, *service.needs}
            assert one.id or channel.implied
            assert one.part in {"", *(part.name for part in listing.parts)}


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_what_was_not_shown_of_a_resource_hides_no_more_than_itself(service, listing):
    with asked(service, listing) as cloud:
        items = list(listing.find(cloud))
    for item in items:
        if item.get("type", "").lower() not in SWEPT:
            continue
        bare = {key: value for key, value in item.items() if key not in HIDDEN}
        for parts in ({}, {part.name: None for part in listing.parts}):
            for one in listing.read(bare, parts, CELL):
                assert isinstance(one, Resource | Copy | Tagged)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_declares_exactly_the_actions_it_takes(service):
    taken, named = set(), set()
    for listing in service.listings:
        with asked(service, listing) as cloud:
            for _ in sightings(listing, cloud):
                pass
            assert cloud.arm.children.keys() <= {path.lower() for _, path in cloud.arm.calls}, "recorded for nobody"
            named |= cloud.actions
            taken |= {action.lower() for action in cloud.arm.actions()} - {ACTION.lower()}
    assert named == set(service.needs)
    assert taken == {action.lower() for action in service.needs}


@pytest.mark.parametrize("name", sorted({service.name for service in azure.SERVICES}))
def test_the_files_of_a_service_sweep_exactly_the_types_that_its_listings_read(name):
    files = [service for service in azure.SERVICES if service.name == name]
    read = set()
    for service in files:
        for listing in service.listings:
            with asked(service, listing) as cloud:
                list(listing.find(cloud))
                read |= cloud.types
    assert read == {swept.type for service in files for swept in service.swept}
