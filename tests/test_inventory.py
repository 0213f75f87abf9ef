"""The inventory: one line per place, with what is known of it and nothing that is not."""

import io
import json

import pytest
from msgspec.structs import replace

from domicile.inventory import Line, lines
from domicile.model import NEVER_EXPIRES, ClassEvidence, Classification, Dataset, Location, Placement
from domicile.report.formats import write
from store_contract import HOSTILE, NOON

MUMBAI, SINGAPORE = Location("aws", "ap-south-1"), Location("aws", "ap-southeast-1")


def place(name="orders", location=MUMBAI, country="IN", **more):
    given = {"subject": f"resource|{name}", "kind": "primary", "resource_id": name, "resource_name": name} | more
    return Placement(location=location, country=country, **given)


def dataset(*placements, **more):
    given = {"id": "orders", "root_location": MUMBAI, "root_country": "IN"} | more
    return Dataset(
        provider="aws",
        account="111111111111",
        name="orders",
        placements=placements,
        members=tuple(one.resource_id for one in placements),
        **given,
    )


def classified(*names, **more):
    return {"orders": Classification("orders", tuple(ClassEvidence(name, "tag", "data") for name in names), **more)}


def listed(*placements, said=None, **more):
    return list(lines([dataset(*placements, **more)], said or classified(), NOON))


def test_every_placement_is_one_line_even_a_set_of_copies():
    abroad = place("nightly", SINGAPORE, "SG", subject="set|orders|snapshot-copy|1|aws:ap-southeast-1", copies=6)
    found = listed(place(), abroad)
    assert [(line.resource_id, line.copies) for line in found] == [("orders", 1), ("nightly", 6)]
    assert {line.dataset_id for line in found} == {"orders"}
    assert {line.observed_at for line in found} == {NOON}


@pytest.mark.parametrize(
    ("country", "root", "crosses"),
    [("IN", "IN", False), ("SG", "IN", True), (None, "IN", None), ("SG", None, None), (None, None, None)],
)
def test_a_place_crosses_a_border_only_when_both_countries_are_known(country, root, crosses):
    [line] = listed(place(location=SINGAPORE, country=country), root_country=root)
    assert line.crosses is crosses
    assert line.country == (country or "")
    assert line.root_country == (root or "")


def test_a_shared_holder_abroad_takes_from_across_the_border():
    central = place("central", SINGAPORE, "SG", source_id="orders", source_country="IN")
    [line] = listed(central, root_country="SG")
    assert line.crosses is True
    [line] = listed(replace(central, source_country="SG"), root_country="SG")
    assert line.crosses is False
    [line] = listed(replace(central, source_country=None), root_country="SG")
    assert line.crosses is None


def test_a_place_that_nobody_could_locate_keeps_its_line():
    [line] = listed(place(location=None, country=None, held=False))
    assert (line.provider, line.region, line.country, line.held) == ("aws", "", "", False)


def test_each_class_is_named_once_with_all_that_says_so():
    evidence = (
        ClassEvidence("payment.card", "tag", "data=card"),
        ClassEvidence("payment.card", "name", "*-cards"),
        ClassEvidence("payment.account", "account", "111111111111"),
    )
    said = {"orders": Classification("orders", evidence, (ClassEvidence("IN", "tag", "o"),), entity="bank")}
    [line] = listed(place(), said=said)
    assert line.classes == ("payment.account", "payment.card")
    assert line.class_evidence == evidence
    assert (line.origins, line.entity) == (("IN",), "bank")


def test_what_is_not_known_of_keys_and_retention_stays_unknown():
    unknown, known = listed(place(), place("kept", retention_days=NEVER_EXPIRES, cmk=False, key_countries=("IN", "")))
    assert (unknown.retention_days, unknown.cmk, unknown.key_countries) == (None, None, ())
    stream = io.StringIO()
    write([unknown, known], "jsonl", stream)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["retention_days"], first["cmk"]) == (None, None)
    assert (second["retention_days"], second["cmk"], second["key_countries"]) == ("never", False, ["IN", ""])


def test_a_line_says_what_else_a_rule_turns_on():
    taken = (ClassEvidence("personal.*", "declared", "counted only"),)
    more = {"facts": frozenset({"cross_border"}), "subjects": 7, "looked": False, "declassified": taken}
    said = classified("payment.card", **more)
    [line] = listed(place(partial=True, end_to_end=True), said=said, feeds=("central",))
    assert (line.partial, line.end_to_end, line.feeds) == (True, True, ("central",))
    assert (line.facts, line.subjects, line.looked) == (("cross_border",), 7, False)
    assert line.declassified == ("personal.*",)


def test_a_line_says_which_looks_it_rests_on():
    [line] = listed(place(seen_in=("aws/1/global/s3.buckets",)))
    assert line.look == ("aws/1/global/s3.buckets",)


@pytest.mark.parametrize("as_format", ["jsonl", "csv"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_one_line_still(name, as_format):
    stream = io.StringIO()
    write(listed(place(name)), as_format, stream, fields=Line.__struct_fields__)
    text = stream.getvalue()
    assert len(text.splitlines()) == (2 if as_format == "csv" else 1)
    if as_format == "jsonl":
        assert json.loads(text)["resource_name"] == name
