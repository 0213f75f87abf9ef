from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domicile.collect import collect, fold, gather
from domicile.discover import Discovery
from domicile.errors import CloudError
from domicile.model import (
    GLOBAL,
    Account,
    Cell,
    Channel,
    Copy,
    Evidence,
    Gap,
    Inventory,
    Limit,
    Location,
    Look,
    Looks,
    Resource,
    ResourceType,
    Tagged,
    Vocabulary,
)
from domicile.providers.service import Listing, NotOffered, Part, Refused, Service, Vanished

BOX = ResourceType("fake.vault.box", "primary")
LINK = Channel("vault-link", "replica", "Cut it.")
NORTH, SOUTH = Cell("fake", "111", "north"), Cell("fake", "111", "south")
DENIED = Refused("AccessDenied", "no", "denied")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def find(cloud):
    for page in cloud.pages("list_boxes"):
        yield from page


def identify(box, cell):
    return f"{cell.region}/{box['name']}"


def read(box, parts, cell):
    this = identify(box, cell)
    if box.get("broken"):
        raise KeyError("lid")
    place = Location("fake", cell.region)
    yield Resource(this, BOX.name, box["name"], cell.account, place, box.get("tags", {}), box.get("at"))
    for target in (parts.get("links") or {}).get("to", ()):
        yield Copy(this, LINK.name, id=target, part="links")


def links(cloud, box):
    return cloud.call("get_links", name=box["name"])


def locate(cloud, target):
    found = cloud.header("head_box", "region", name=target)
    return Location("fake", found) if found else None


def vault(**more):
    listing = Listing("boxes", find, read, identify, (Part("links", links, absent=("NoLinks",)),))
    return Service("vault", "vault", "regional", (listing,), (BOX,), (LINK,), {}, **more)


class Provider:
    """A cloud made of answers: by (region, operation) or (region, operation, name); exceptions are raised."""

    name = "fake"
    vocabulary = Vocabulary({BOX.name: BOX}, {LINK.name: LINK})

    def __init__(self, answers, services=None):
        self.answers, self.services = answers, services or (vault(),)

    def cloud(self, service, cell):
        return Seam(self.answers, cell.region)


class Seam:
    def __init__(self, answers, region):
        self.answers, self.region = answers, region

    def pages(self, operation):
        for page in self._answer((self.region, operation), ()):
            if isinstance(page, Exception):
                raise page
            yield page

    def call(self, operation, name):
        return self._answer((self.region, operation, name), {})

    def header(self, operation, header, name):
        return self._answer((operation, name), "")

    def _answer(self, key, nothing):
        answer = self.answers.get(key, nothing)
        if isinstance(answer, Exception):
            raise answer
        return answer


def seen(answers, *, cells=(NORTH,), services=None, **more):
    return collect(Provider(answers, services), Discovery(cells=cells), keep_tags=frozenset({"class"}), now=NOW, **more)


def test_what_is_set_up_for_an_organisation_is_asked_where_it_is_administered_and_missed_nowhere_else():
    everywhere = tuple(Cell("fake", account, region) for account in ("111", "222") for region in (GLOBAL, "north"))
    accounts = Account("fake", "111"), Account("fake", "222", administers=True)
    found = collect(
        Provider({}, (replace(vault(), scope="organisation"),)),
        Discovery(accounts, everywhere),
        keep_tags=frozenset(),
        now=NOW,
    )
    assert [(str(one.cell), one.outcome) for one in found.looks] == [(f"fake/222/{GLOBAL}", "complete")]
    assert (found.gaps, found.limits) == ((), ())


def listed(*names):
    return {("north", "list_boxes"): [[{"name": name} for name in names]]}


def test_what_is_shown_is_kept_and_the_look_is_complete():
    inventory = seen(listed("a", "b"))
    assert [resource.id for resource in inventory.resources] == ["north/a", "north/b"]
    assert {resource.look for resource in inventory.resources} == {"fake/111/north/vault.boxes"}
    assert inventory.looks == (Look(NORTH, "vault.boxes"),)
    assert inventory.looks[0].outcome == "complete"


def test_an_empty_listing_is_a_complete_look():
    assert seen({}).looks == (Look(NORTH, "vault.boxes"),)


def test_a_refusal_leaves_a_gap():
    inventory = seen({("north", "list_boxes"): DENIED}, cells=(NORTH, SOUTH))
    refused, complete = inventory.looks
    assert refused == Look(
        NORTH, "vault.boxes", listed=False, gaps=(Gap(NORTH, "vault.boxes", "denied", "AccessDenied: no"),)
    )
    assert refused.outcome == "refused"
    assert complete.outcome == "complete"


def test_a_page_that_fails_does_not_hide_the_pages_before_it():
    inventory = seen({("north", "list_boxes"): [[{"name": "a"}], DENIED, [{"name": "b"}]]})
    assert [resource.id for resource in inventory.resources] == ["north/a"]
    assert inventory.looks[0].listed is False


def test_a_listing_that_has_vanished_is_refused_not_empty():
    inventory = seen({("north", "list_boxes"): Vanished("NoSuchVault")})
    assert inventory.looks[0].outcome == "refused"


def test_a_setting_that_is_absent_is_known_to_be_absent():
    inventory = seen(listed("a") | {("north", "get_links", "a"): Refused("NoLinks")})
    assert inventory.looks[0].outcome == "complete"
    assert inventory.copies == ()


def test_what_vanished_since_it_was_listed_is_nothing():
    inventory = seen(listed("a", "b") | {("north", "get_links", "a"): Vanished("NoSuchBox")})
    assert [resource.id for resource in inventory.resources] == ["north/b"]
    assert inventory.looks[0].outcome == "complete"


def test_an_absent_setting_is_not_taken_for_a_vanished_resource():
    inventory = seen(listed("a") | {("north", "get_links", "a"): Vanished("NoLinks")})
    assert [resource.id for resource in inventory.resources] == ["north/a"]


def test_a_refused_question_is_a_gap_of_that_question_and_the_resource_stays():
    inventory = seen(listed("a", "b") | {("north", "get_links", "a"): DENIED})
    look = inventory.looks[0]
    assert [resource.id for resource in inventory.resources] == ["north/a", "north/b"]
    assert look.outcome == "partial"
    assert look.gaps == (Gap(NORTH, "vault.boxes", "denied", "AccessDenied: no", "north/a", "links"),)
    looks = Looks(inventory.looks)
    assert looks.proves("fake/111/north/vault.boxes")
    assert looks.proves("fake/111/north/vault.boxes#links@north/b")
    assert not looks.proves("fake/111/north/vault.boxes#links@north/a")


def test_evidence_is_dated_by_the_scan():
    def linked(box, parts, cell):
        yield Copy(identify(box, cell), LINK.name, id="z", evidence=Evidence("vault:GetLinks", "to", "z"))

    service = Service("vault", "vault", "regional", (Listing("boxes", find, linked, identify),), (BOX,), (LINK,), {})
    [copy] = seen(listed("a"), services=(service,)).copies
    assert copy.evidence == Evidence("vault:GetLinks", "to", "z", NOW)


def test_a_copy_rests_on_the_question_it_was_read_from():
    inventory = seen(listed("a") | {("north", "get_links", "a"): {"to": ["south/z"]}})
    assert [copy.look for copy in inventory.copies] == ["fake/111/north/vault.boxes#links@north/a"]


def test_a_record_that_cannot_be_read_is_a_gap_and_its_look_proves_nothing():
    page = [{"name": "a", "broken": True}, {"name": "b"}]
    inventory = seen({("north", "list_boxes"): [page]})
    assert [resource.id for resource in inventory.resources] == ["north/b"]
    assert inventory.looks[0].gaps == (Gap(NORTH, "vault.boxes", "error", "KeyError: 'lid'", "north/a"),)
    # Otherwise what could not be read would pass for gone.
    assert not Looks(inventory.looks).proves("fake/111/north/vault.boxes")


def test_a_record_without_a_name_is_a_gap_too():
    inventory = seen({("north", "list_boxes"): [[{}, {"name": "b"}]]})
    assert [resource.id for resource in inventory.resources] == ["north/b"]
    assert [gap.reason for gap in inventory.looks[0].gaps] == ["error"]


def test_a_bug_in_one_question_is_a_gap_of_that_question():
    inventory = seen(listed("a") | {("north", "get_links", "a"): ZeroDivisionError("odd")})
    assert [gap.detail for gap in inventory.looks[0].gaps] == ["ZeroDivisionError: odd"]
    assert [resource.id for resource in inventory.resources] == ["north/a"]


def test_a_bug_in_a_listing_does_not_hide_the_other_listings():
    inventory = seen(
        {("north", "list_boxes"): RuntimeError("bug")} | {("south", "list_boxes"): [[{"name": "a"}]]},
        cells=(NORTH, SOUTH),
    )
    assert [resource.id for resource in inventory.resources] == ["south/a"]
    assert inventory.looks[0].gaps[0].detail == "RuntimeError: bug"


def test_credentials_that_end_end_the_scan():
    with pytest.raises(CloudError):
        seen({("north", "list_boxes"): CloudError("no usable credentials")})


def test_a_service_that_is_not_offered_in_a_region_is_a_limit_not_a_look():
    inventory = seen({("north", "list_boxes"): NotOffered("vault")})
    assert inventory.looks == ()
    assert inventory.limits == (Limit(NORTH, "vault.boxes", "not-offered"),)


def test_a_service_that_is_lost_halfway_is_refused_and_what_it_showed_stays():
    inventory = seen({("north", "list_boxes"): [[{"name": "a"}], NotOffered("vault")]})
    assert [resource.id for resource in inventory.resources] == ["north/a"]
    assert (inventory.looks[0].listed, inventory.limits) == (False, ())
    assert [gap.reason for gap in inventory.looks[0].gaps] == ["error"]


def test_a_service_that_seems_not_offered_where_data_was_seen_is_a_gap():
    discovery = Discovery(cells=(NORTH, SOUTH), known=frozenset({("111", "north")}))
    answers = {(region, "list_boxes"): NotOffered("vault") for region in ("north", "south")}
    inventory = collect(Provider(answers), discovery, keep_tags=frozenset(), now=NOW)
    assert [(look.cell, look.outcome) for look in inventory.looks] == [(NORTH, "refused")]
    assert [limit.cell for limit in inventory.limits] == [SOUTH]


class Vaultless(Provider):
    def cloud(self, service, cell):
        raise NotOffered(service.client)


def test_a_service_that_is_known_not_to_be_offered_is_a_limit_also_where_other_data_was_seen():
    discovery = Discovery(cells=(NORTH,), known=frozenset({("111", "north")}))
    inventory = collect(Vaultless({}), discovery, keep_tags=frozenset(), now=NOW)
    assert (inventory.looks, [limit.reason for limit in inventory.limits]) == ((), ["not-offered"])


def test_only_tags_that_somebody_uses_are_kept():
    box = {"name": "a", "tags": {"class": "personal", "secret-project": "x"}}
    [resource] = seen({("north", "list_boxes"): [[box]]}).resources
    assert resource.tags == {"class": "personal"}


def test_tags_of_a_listing_of_tags_are_kept_where_any_is_used():
    def tagged(box, _, cell):
        yield Tagged(identify(box, cell), box["tags"])

    service = Service("tags", "tags", "regional", (Listing("all", find, tagged, identify),), (), (), {})
    page = [{"name": "a", "tags": {"class": "x", "y": "z"}}, {"name": "b", "tags": {"y": "z"}}]
    inventory = seen({("north", "list_boxes"): [page]}, services=(service,))
    assert inventory.tags == (Tagged("north/a", {"class": "x"}, "fake/111/north/tags.all"),)


def test_how_a_thing_is_encrypted_is_kept_without_any_tag():
    def sealed(box, parts, cell):
        yield Tagged(identify(box, cell), {"other": "x"}, cmk=False)
        yield Tagged(f"{identify(box, cell)}/lid", {"other": "x"})

    service = Service("seals", "vault", "regional", (Listing("seals", find, sealed, identify),), (), (), {})
    inventory = seen(listed("a"), services=(service,))
    assert inventory.tags == (Tagged("north/a", look="fake/111/north/seals.seals", cmk=False),)


def labelled(keys):
    def labels(cloud, box):
        return cloud.call("get_labels", name=box["name"])

    def read_labels(box, parts, cell):
        yield Tagged(identify(box, cell), parts.get("labels") or {})

    listing = Listing("boxes", find, read_labels, identify, (Part("labels", labels, for_tags=frozenset(keys)),))
    return Service("vault", "vault", "regional", (listing,), (BOX,), (), {})


def test_a_question_that_is_for_tags_is_asked_where_somebody_uses_one_of_them():
    answers = listed("a") | {("north", "get_labels", "a"): {"class": "x"}}
    inventory = seen(answers, services=(labelled(["other", "class"]),))
    assert [one.tags for one in inventory.tags] == [{"class": "x"}]
    refused = seen(listed("a") | {("north", "get_labels", "a"): DENIED}, services=(labelled(["class"]),))
    assert [(gap.resource_id, gap.part) for gap in refused.looks[0].gaps] == [("north/a", "labels")]


def test_a_question_that_is_for_tags_nobody_uses_is_not_asked_and_is_no_gap():
    inventory = seen(listed("a") | {("north", "get_labels", "a"): DENIED}, services=(labelled(["label"]),))
    assert (inventory.looks, inventory.gaps) == ((Look(NORTH, "vault.boxes"),), ())


def test_a_question_for_tags_is_asked_however_the_organisation_file_spells_them():
    service = labelled(["class"])
    provider = Provider(listed("a") | {("north", "get_labels", "a"): DENIED}, (service,))
    inventory = collect(provider, Discovery(cells=(NORTH,)), keep_tags=frozenset({"Class"}), now=NOW)
    assert [gap.part for gap in inventory.looks[0].gaps] == ["labels"]


def test_moments_do_not_depend_on_the_zone_of_the_machine():
    kolkata = timezone(timedelta(hours=5, minutes=30))
    box = {"name": "a", "at": datetime(2026, 11, 20, 5, 30, tzinfo=kolkata)}
    [resource] = seen({("north", "list_boxes"): [[box]]}).resources
    assert resource.created_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert resource.created_at.tzinfo is UTC


def test_an_item_that_two_pages_show_is_one():
    inventory = seen({("north", "list_boxes"): [[{"name": "a"}], [{"name": "a"}]]})
    assert len(inventory.resources) == 1


def test_a_skipped_service_is_not_asked():
    discovery = Discovery(cells=(NORTH,), skipped_listings=("vault.boxes",))
    inventory = collect(Provider(listed("a")), discovery, keep_tags=frozenset(), now=NOW)
    assert (inventory.looks, inventory.resources) == ((), ())


def test_what_is_asked_once_per_account_is_asked_in_its_own_cell():
    everywhere = Cell("fake", "111", "global")
    service = vault()
    once = Service("once", "once", "global", service.listings, service.types, service.channels, {})
    inventory = seen({}, cells=(everywhere, NORTH), services=(service, once))
    assert [look.key for look in inventory.looks] == ["fake/111/global/once.boxes", "fake/111/north/vault.boxes"]


def labels(cloud, box):
    return cloud.call("get_labels", name=box["name"])


def copied_labels(box, parts, cell):
    if parts.get("labels"):
        yield Copy(identify(box, cell), LINK.name, id="south/labels", part="labels")


TWICE = Service(
    "more",
    "vault",
    "regional",
    (Listing("labels", find, copied_labels, identify, (Part("labels", labels),)),),
    (),
    (LINK,),
    {},
)


def test_listings_that_find_the_same_find_it_once_and_are_looks_of_their_own():
    asked = []

    class Counting(Provider):
        def cloud(self, service, cell):
            asked.append(service.name)
            return super().cloud(service, cell)

    answers = listed("a") | {("north", "get_labels", "a"): {"there": True}}
    inventory = collect(Counting(answers, (vault(), TWICE)), Discovery(cells=(NORTH,)), keep_tags=frozenset(), now=NOW)
    assert [look.key for look in inventory.looks] == ["fake/111/north/more.labels", "fake/111/north/vault.boxes"]
    assert [copy.look for copy in inventory.copies] == ["fake/111/north/more.labels#labels@north/a"]
    # One opening to list, and one for each of the two questions.
    assert sorted(asked) == ["more", "vault", "vault"]


def test_a_list_call_that_two_listings_share_is_refused_to_both():
    inventory = seen({("north", "list_boxes"): DENIED}, services=(vault(), TWICE))
    assert [(look.listing, look.outcome) for look in inventory.looks] == [
        ("more.labels", "refused"),
        ("vault.boxes", "refused"),
    ]
    assert [gap.listing for look in inventory.looks for gap in look.gaps] == ["more.labels", "vault.boxes"]


def test_exports_by_another_key_or_of_another_extent_are_told_apart_whichever_comes_first():
    whole = Copy("box", LINK.name, id="bucket", look="fake/111/north/vault.boxes")
    told = [whole, replace(whole, key="a-key"), replace(whole, partial=True)]
    for order in (told, told[::-1]):
        parts = [Inventory(copies=(one,)) for one in (*order, whole)]
        assert set(gather(Discovery(), parts).copies) == set(told)


def test_a_question_of_another_listing_refused_for_every_resource_folds_too():
    refused = {("north", "get_labels", name): DENIED for name in "ab"}
    inventory = seen(listed("a", "b") | refused, services=(vault(), TWICE))
    [gap] = fold(inventory.looks, inventory.gaps, inventory.resources)
    assert (gap.listing, gap.resource_id, gap.part) == ("more.labels", "*", "labels")
    inventory = seen(listed("a", "b", "c") | refused, services=(vault(), TWICE))
    assert len(fold(inventory.looks, inventory.gaps, inventory.resources)) == 2


def test_gaps_of_discovery_stay_apart_from_those_of_looks():
    gap = Gap(Cell("fake", "222", "*"), "*", "role-missing")
    discovery = Discovery(cells=(NORTH,), gaps=(gap,))
    inventory = collect(Provider({("north", "list_boxes"): DENIED}), discovery, keep_tags=frozenset(), now=NOW)
    assert inventory.gaps == (gap,)


def test_a_target_named_without_a_region_is_looked_for_once():
    answers = listed("a", "b") | {
        ("north", "get_links", "a"): {"to": ["north/b", "elsewhere/z", "nowhere/y"]},
        ("north", "get_links", "b"): {"to": ["elsewhere/z"]},
        ("head_box", "elsewhere/z"): "west",
        ("head_box", "north/b"): "wrong: it was scanned",
    }
    inventory = seen(answers, services=(vault(locate=locate),))
    assert inventory.located == {"elsewhere/z": Location("fake", "west")}


def test_a_target_of_which_the_cloud_says_that_there_is_none_is_gone():
    answers = listed("a") | {
        ("north", "get_links", "a"): {"to": ["y", "z"]},
        ("head_box", "y"): Refused("404", "Not Found"),
        ("head_box", "z"): DENIED,
    }
    inventory = seen(answers, services=(vault(locate=locate, gone=("404",)),))
    assert (inventory.located, inventory.gone, inventory.gaps) == ({}, {"y"}, ())


def test_a_target_that_may_not_be_looked_for_stays_unlocated():
    answers = listed("a") | {("north", "get_links", "a"): {"to": ["z"]}, ("head_box", "z"): DENIED}
    assert seen(answers, services=(vault(locate=locate),)).located == {}


def test_a_bug_in_looking_for_a_target_is_a_gap_and_the_other_targets_are_located():
    answers = listed("a") | {
        ("north", "get_links", "a"): {"to": ["y", "z"]},
        ("head_box", "y"): ZeroDivisionError("odd"),
        ("head_box", "z"): "west",
    }
    inventory = seen(answers, services=(vault(locate=locate),))
    assert inventory.located == {"z": Location("fake", "west")}
    [gap] = inventory.gaps
    assert (gap.cell.account, gap.resource_id, gap.reason, gap.detail) == (
        "111",
        "y",
        "error",
        "ZeroDivisionError: odd",
    )
    with pytest.raises(CloudError):
        seen(answers | {("head_box", "y"): CloudError("no usable credentials")}, services=(vault(locate=locate),))


def test_progress_ends_when_everything_is_answered():
    told = []
    seen(listed("a", "b"), progress=lambda done, known: told.append((done, known)))
    assert told == [(1, 1), (2, 3), (3, 3)]


NAMES = st.sampled_from("abcd")
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        ("north", "list_boxes"): st.lists(st.lists(NAMES.map(lambda name: {"name": name})) | st.just(DENIED)),
        ("south", "list_boxes"): st.lists(st.lists(NAMES.map(lambda name: {"name": name}))) | st.just(DENIED),
        ("north", "get_links", "a"): st.just(DENIED) | st.just({"to": ["south/b", "z"]}),
        ("south", "get_links", "b"): st.just(Vanished("NoSuchBox")) | st.just(Refused("NoLinks")),
        ("north", "get_links", "c"): st.just(ValueError("odd")),
        ("head_box", "z"): st.just("west"),
    },
)


@given(ANSWERS, st.permutations([NORTH, SOUTH]), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_the_outcome_depends_on_neither_order_nor_concurrency(answers, cells, concurrency):
    alone = seen(answers, cells=(NORTH, SOUTH), services=(vault(locate=locate),), concurrency=1)
    assert seen(answers, cells=tuple(cells), services=(vault(locate=locate),), concurrency=concurrency) == alone


def refused(cell, listing, reason="denied"):
    return Look(cell, listing, listed=False, gaps=(Gap(cell, listing, reason, "no"),))


def test_a_gap_that_stands_alone_is_not_folded():
    looks = (refused(NORTH, "vault.boxes"), Look(NORTH, "vault.keys"), Look(SOUTH, "vault.boxes"))
    assert fold(looks, ()) == looks[0].gaps


def test_all_listings_of_a_cell_fold_into_the_cell():
    looks = (refused(NORTH, "vault.boxes"), refused(NORTH, "vault.keys"), Look(SOUTH, "vault.boxes"))
    assert fold(looks, ()) == (Gap(NORTH, "*", "denied", "no"),)


def test_all_cells_of_an_account_fold_into_the_account():
    looks = [refused(cell, listing) for cell in (NORTH, SOUTH) for listing in ("vault.boxes", "vault.keys")]
    assert fold(looks, ()) == (Gap(Cell("fake", "111", "*"), "*", "denied", "no"),)


def test_one_listing_refused_in_all_cells_folds_into_one_gap():
    looks = [look for cell in (NORTH, SOUTH) for look in (refused(cell, "vault.boxes"), Look(cell, "vault.keys"))]
    assert fold(looks, ()) == (Gap(Cell("fake", "111", "*"), "vault.boxes", "denied", "no"),)


def test_gaps_for_different_reasons_are_not_folded():
    looks = (refused(NORTH, "vault.boxes"), refused(NORTH, "vault.keys", "throttled"))
    assert len(fold(looks, ())) == 2


def test_accounts_do_not_fold_into_one_another():
    other = Cell("fake", "222", "north")
    looks = (refused(NORTH, "vault.boxes"), refused(SOUTH, "vault.boxes"), Look(other, "vault.boxes"))
    assert [str(gap.cell) for gap in fold(looks, ())] == ["fake/111/*"]


def test_one_question_refused_for_every_resource_folds_into_the_listing():
    answers = listed("a", "b") | {("north", "get_links", name): DENIED for name in "ab"}
    inventory = seen(answers)
    [gap] = fold(inventory.looks, inventory.gaps, inventory.resources)
    assert (gap.resource_id, gap.part, gap.reason) == ("*", "links", "denied")


def test_one_question_refused_for_some_resources_is_told_of_each():
    answers = listed("a", "b", "c") | {("north", "get_links", name): DENIED for name in "ab"}
    inventory = seen(answers)
    gaps = fold(inventory.looks, inventory.gaps, inventory.resources)
    assert [gap.resource_id for gap in gaps] == ["north/a", "north/b"]


def test_a_question_refused_for_very_many_resources_is_one_gap_that_counts_them():
    names = [f"box-{number}" for number in range(100)]
    refused = {("north", "get_links", name): DENIED for name in names[:60]}
    other = {("north", "get_links", name): Refused("SlowDown", "", "throttled") for name in names[60:62]}
    inventory = seen(listed(*names) | refused | other)
    many, *few = fold(inventory.looks, inventory.gaps, inventory.resources)
    assert (many.resource_id, many.part, many.reason) == ("*", "links", "denied")
    assert many.detail == "60 of 100: AccessDenied: no"
    assert [gap.reason for gap in few] == ["throttled", "throttled"]


def test_many_refusals_in_every_cell_are_not_taken_for_refusals_of_all():
    looks = tuple(
        Look(
            cell,
            "vault.boxes",
            gaps=tuple(Gap(cell, "vault.boxes", "denied", "no", str(n), "links") for n in range(51)),
        )
        for cell in (NORTH, SOUTH)
    )
    place = Location("fake", "north")
    resources = [Resource(str(n), BOX.name, "", "111", place, look=look.key) for look in looks for n in range(52)]
    assert [gap.detail for gap in fold(looks, (), resources)] == ["51 of 52: no"] * 2


def test_a_gap_of_a_whole_account_stays_what_it_is():
    gap = Gap(Cell("fake", "222", "*"), "*", "role-missing", "no")
    assert fold((Look(NORTH, "vault.boxes"),), (gap,)) == (gap,)


GAPS = st.builds(
    Gap,
    st.sampled_from([NORTH, SOUTH, Cell("fake", "222", "north"), Cell("fake", "222", "*")]),
    st.sampled_from(["vault.boxes", "vault.keys", "*"]),
    st.sampled_from(["denied", "throttled"]),
    resource_id=st.sampled_from(["", "a", "b"]),
    part=st.sampled_from(["", "links"]),
)


@given(st.sets(GAPS))
def test_folding_hides_no_gap_and_invents_none(gaps):
    looks = tuple(
        Look(cell, listing, gaps=tuple(gap for gap in gaps if (gap.cell, gap.listing) == (cell, listing)))
        for cell in (NORTH, SOUTH, Cell("fake", "222", "north"))
        for listing in ("vault.boxes", "vault.keys")
    )
    apart = [gap for gap in gaps if gap not in {gap for look in looks for gap in look.gaps}]
    place = Location("fake", "north")
    resources = [Resource(name, BOX.name, name, "111", place, look=look.key) for look in looks for name in "ab"]

    def covers(folded, gap):
        return (
            folded.cell.account == gap.cell.account
            and folded.cell.region in {gap.cell.region, "*"}
            and folded.listing in {gap.listing, "*"}
            and folded.resource_id in {gap.resource_id, "*"}
            and (folded.part, folded.reason) == (gap.part, gap.reason)
        )

    folded = fold(looks, apart, resources)
    assert len(folded) <= len(gaps)
    assert all(any(covers(larger, gap) for larger in folded) for gap in gaps)
    assert all(any(covers(larger, gap) for gap in gaps) for larger in folded)
