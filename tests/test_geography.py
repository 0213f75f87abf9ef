import hashlib
import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domicile import geography
from domicile.geography import country, expand, is_sure, pair, regions_in
from domicile.model import Location


def aws(region, zone=""):
    return Location("aws", region, zone)


def azure(region, zone=""):
    return Location("azure", region, zone)


def regions_of_the_sdk():
    partitions = json.loads(resources.files("botocore").joinpath("data/partitions.json").read_text())["partitions"]
    return sorted(region for partition in partitions for region in partition["regions"])


@pytest.mark.parametrize("region", regions_of_the_sdk())
def test_every_region_the_sdk_knows_has_a_country_unless_it_is_a_pseudo_region(region):
    found = country(aws(region))
    assert found is None if region.endswith("-global") else found in geography.COUNTRIES


def test_regions_with_alike_names_keep_their_own_countries():
    assert [country(aws(region)) for region in ("me-south-1", "me-central-1", "me-west-1")] == ["BH", "AE", "SA"]
    assert country(aws("ap-east-1")) == "HK"
    assert country(aws("cn-north-1")) == "CN"
    assert country(aws("eu-central-2")) == "CH"
    assert country(aws("us-gov-west-1")) == "US"


@pytest.mark.parametrize("region", ["", "global", "me-central-2", "ap-south-9", "AP-SOUTH-1", "mumbai"])
def test_a_region_that_is_not_in_the_table_has_no_country(region):
    assert country(aws(region)) is None


def test_a_location_of_another_provider_has_no_country():
    assert country(Location("declared", "ap-south-1")) is None


@pytest.mark.parametrize(
    ("region", "zone", "code"),
    [
        ("us-east-1", "us-east-1-qro-1a", "MX"),
        ("us-east-1", "use1-qro1-az1", "MX"),
        ("us-east-1", "us-east-1-bue-1a", "AR"),
        ("ap-northeast-1", "ap-northeast-1-tpe-1a", "TW"),
        ("ap-south-1", "ap-south-1-ccu-1a", "IN"),
        ("ap-south-1", "ap-south-1a", "IN"),
        ("ap-south-1", "aps1-az3", "IN"),
        ("us-east-1", "use1-az4", "US"),
        ("us-gov-west-1", "usgw1-az1", "US"),
        ("ap-northeast-1", "apne1-az2", "JP"),
    ],
)
def test_a_zone_lies_where_the_table_says_and_an_ordinary_one_in_its_region(region, zone, code):
    assert country(aws(region, zone)) == code


@pytest.mark.parametrize(
    ("region", "zone"),
    [
        ("us-east-1", "us-east-1-xyz-1a"),
        ("us-east-1", "us-east-1-qro-2a"),
        ("us-east-1", "use1-xyz1-az1"),
        ("us-east-1", "us-east-1-wl1-bos-wlz-1"),
        ("us-west-2", "us-east-1-qro-1a"),
        ("us-west-2", "us-east-1a"),
        ("us-west-2", "use1-az4"),
        ("mars-1", "mars-1a"),
        ("ap-south-1", "an outpost"),
    ],
)
def test_a_zone_that_is_not_in_the_table_has_no_country_whatever_its_region(region, zone):
    assert country(aws(region, zone)) is None


def test_only_what_was_read_in_a_list_is_sure():
    assert is_sure(aws("ap-south-1"))
    assert is_sure(aws("us-east-1", "us-east-1-qro-1a"))
    assert not is_sure(aws("us-east-1", "us-east-1-lim-1a"))
    assert not is_sure(aws("eu-isoe-west-1"))
    assert not is_sure(aws("nowhere-1"))


def test_azure_regions_are_known_by_code_and_by_display_name():
    assert country(azure("centralindia")) == "IN"
    assert country(azure("Central India")) == "IN"
    assert country(azure("(Asia Pacific) Central India")) == "IN"
    assert country(azure("US Gov Virginia")) == "US"
    assert country(azure("China East 2")) == "CN"
    assert country(azure("eastasia")) == "HK"


@pytest.mark.parametrize("region", ["global", "india", "asia", "europe", ""])
def test_a_logical_location_of_azure_is_no_country(region):
    assert country(azure(region)) is None


def test_the_united_states_as_a_whole_are_one_country_and_no_region():
    assert country(azure("unitedstates")) == "US"
    assert pair("unitedstates") is None
    assert "unitedstates" not in regions_in("azure", "US")


def test_a_numbered_zone_of_azure_lies_in_its_region_and_an_edge_site_may_be_anywhere():
    assert country(azure("centralindia", "2")) == "IN"
    assert country(azure("westus", "microsoftlosangeles1")) is None


def test_pairs_point_back_except_the_one_way_ones():
    one_way = {
        region
        for code in geography.COUNTRIES
        for region in regions_in("azure", code)
        if (other := pair(region)) and pair(other) != region
    }
    assert one_way == {
        "westindia",
        "indiasouthcentral",
        "brazilsouth",
        "brazilsoutheast",
        "westus3",
        "usgovvirginia",
    }


def test_every_pair_that_crosses_a_border_is_one_of_three():
    crossing = {
        frozenset({region, other})
        for code in geography.COUNTRIES
        for region in regions_in("azure", code)
        if (other := pair(region)) and country(azure(other)) != code
    }
    assert crossing == {
        frozenset({"southeastasia", "eastasia"}),
        frozenset({"northeurope", "westeurope"}),
        frozenset({"brazilsouth", "southcentralus"}),
    }


def test_a_region_without_a_pair_has_none():
    assert pair("qatarcentral") is None
    assert pair("nowhere") is None
    assert pair("Central India") == "southindia"


def test_india_has_two_regions_of_one_cloud_and_six_of_the_other():
    assert regions_in("aws", "IN") == ("ap-south-1", "ap-south-2")
    assert regions_in("azure", "IN")[:2] == ("centralindia", "southindia")
    assert len(regions_in("azure", "IN")) == 6
    assert regions_in("declared", "IN") == ()


def test_every_country_in_any_table_is_an_iso_code():
    assert len(geography.COUNTRIES) == 249
    named = {code for places in geography.PLACE_SETS.values() for code in expand(places)}
    named |= {zone.country for zone in geography.ZONES.values()}
    assert named <= geography.COUNTRIES.keys()
    assert geography.country_name("IN") == "India"
    assert geography.country_name("QQ") == "QQ"


def test_sets_are_written_out_once_in_order_and_any_stays():
    assert len(expand(["EEA"])) == 30
    assert expand(["DE_SGB"]) == (*expand(["EEA"]), "CH")
    assert expand(["CH", "DE_SGB", "IN"])[0] == "CH"
    assert expand(["CH", "DE_SGB"]).count("CH") == 1
    assert expand(["ANY"]) == ("ANY",)
    assert expand([]) == ()
    assert "HK" not in expand(["EU_ADEQUATE"])
    assert "HK" in expand(["US_CONCERN"])


@pytest.mark.parametrize(("wrong", "meant"), [("in", "IN"), ("India", "IN"), ("UK", "GB"), ("EAA", "EEA")])
def test_an_unknown_place_is_refused_with_a_suggestion(wrong, meant):
    with pytest.raises(ValueError, match=f"did you mean {meant}"):
        expand([wrong])


def test_a_place_like_no_other_is_refused_without_a_suggestion():
    with pytest.raises(ValueError, match=r"'zzzzzzzz'$"):
        expand(["zzzzzzzz"])


@given(st.text(), st.text(), st.sampled_from(["aws", "azure", "x"]))
def test_no_name_whatever_brings_the_tables_down(region, zone, provider):
    assert country(Location(provider, region, zone)) in {None, *geography.COUNTRIES}
    pair(region)
    geography.suggest(region)


def test_a_region_lies_in_a_part_of_its_country_where_the_table_says():
    assert geography.subdivision(aws("ca-central-1")) == "CA-QC"
    assert geography.subdivision(aws("ca-west-1")) == "CA-AB"
    assert geography.subdivision(azure("Canada Central")) == "CA-ON"
    assert geography.subdivision(azure("canadaeast", "2")) == "CA-QC"


@pytest.mark.parametrize("location", [aws("ap-south-1"), aws("ca-central-1", "ca-central-1-xyz-1a"), azure("global")])
def test_where_no_table_tells_the_parts_of_a_country_apart_there_is_none(location):
    assert geography.subdivision(location) is None


def test_a_place_may_be_given_as_a_part_of_a_country_itself():
    assert geography.subdivision(Location("declared", "CA-QC")) == "CA-QC"
    assert expand(["CA-QC", "FR"]) == ("CA-QC", "FR")
    assert geography.country_name("CA-QC") == "Quebec"
    assert (geography.country_of("CA-QC"), geography.country_of("CA"), geography.country_of("")) == ("CA", "CA", "")


def test_a_part_is_within_its_country_and_not_the_other_way_round():
    assert geography.within("CA-QC", ("CA",))
    assert geography.within("CA-QC", ("CA-QC",))
    assert not geography.within("CA", ("CA-QC",))
    assert not geography.within("CA-ON", ("CA-QC",))


def test_every_part_belongs_to_a_country_and_every_region_of_canada_to_a_part():
    assert {geography.country_of(one) for one in geography.SUBDIVISIONS} <= geography.COUNTRIES.keys()
    regions = [Location(cloud, region) for cloud in ("aws", "azure") for region in regions_in(cloud, "CA")]
    assert len(regions) == 4
    assert {geography.subdivision(one) for one in regions} <= geography.SUBDIVISIONS.keys()


def test_sets_of_places_that_change_have_another_version():
    written = json.dumps({name: expand([name]) for name in sorted(geography.PLACE_SETS)})
    seen = hashlib.sha256(written.encode()).hexdigest()[:16]
    assert {geography.PLACE_SETS_AS_OF.isoformat(): seen} == {"2026-07-01": "908da8a0000646d3"}, "give it another day"
