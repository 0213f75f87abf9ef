"""What each dataset holds: everything that speaks for it counts, and only the organisation file takes away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core_cases import (
    BANK,
    HERE,
    MUMBAI,
    ORGANISATION,
    PAYMENTS,
    SINGAPORE,
    THERE,
    TODAY,
    arn,
    classified,
    copied,
    gap,
    holder,
    later,
    look,
    looks_at,
    world,
)
from domicile.classify import Owners, confidence, kept_tags
from domicile.model import (
    Account,
    ClassEvidence,
    Classify,
    DatasetDeclaration,
    DeclaredCopy,
    Entity,
    Loosening,
    NameRule,
    Organisation,
    Tagged,
    TagRule,
)

HEALTH = {"data": "personal.sensitive.health"}
BUCKET = holder("payments", kind="bucket", tags=PAYMENTS)


def of(*sightings, organisation=ORGANISATION, as_of=TODAY, **more):
    """Classifications by the last word of their dataset's id."""
    _, found = classified(world(*sightings, **more), organisation, as_of=as_of)
    return {name.rsplit(":", 1)[-1]: one for name, one in found.items()}


def the_only(*sightings, **more):
    [one] = of(*sightings, **more).values()
    return one


def names(evidence):
    return {one.name for one in evidence}


def told(**more):
    return replace(ORGANISATION, classify=Classify(**more))


def declared(**more):
    return replace(ORGANISATION, datasets=(DatasetDeclaration(**({"id": "said"} | more)),))


# Everything that speaks counts.


def test_a_tag_says_what_a_resource_holds():
    [evidence] = the_only(BUCKET).classes
    assert evidence == ClassEvidence("payment.transaction", "tag", "tag data of payments")


def test_the_classes_of_all_members_are_the_classes_of_each():
    ledger, reader = holder("ledger", tags=PAYMENTS), holder("reader", SINGAPORE, tags=HEALTH)
    one = the_only(ledger, reader, copied(ledger, reader, "read-replica"))
    assert names(one.classes) == {"payment.transaction", "personal.sensitive.health"}


def test_a_bucket_with_a_class_of_its_own_adds_nothing_to_what_replicates_into_it():
    replica = holder("replica", SINGAPORE, "bucket", tags=HEALTH)
    found = of(BUCKET, replica, copied(BUCKET, replica))
    assert names(found["payments"].classes) == {"payment.transaction"}
    assert names(found["replica"].classes) == {"payment.transaction", "personal.sensitive.health"}


def test_what_replicates_into_a_bucket_does_not_loosen_it():
    statements = holder("statements", SINGAPORE, "bucket", tags=PAYMENTS)
    organisation = declared(names=("payments",), loosen=loosening("payment.*", facts=("cross_border",)))
    found = of(BUCKET, statements, copied(BUCKET, statements), organisation=organisation)
    assert found["payments"].facts == {"cross_border"}
    assert (names(found["statements"].classes), found["statements"].facts) == ({"payment.transaction"}, frozenset())


def test_what_another_listing_was_refused_about_it_says_nothing_of_its_ancestors():
    about_keys = look("s3.encryption", gaps=[gap("s3.encryption", resource_id=BUCKET.id, part="encryption")])
    assert the_only(BUCKET, looks=[*looks_at(), about_keys, look("tags.resources")]).looked


def test_what_could_not_be_described_may_have_an_ancestor_nobody_knows():
    looks = [look("s3.buckets", gaps=[gap("s3.buckets", resource_id=BUCKET.id, part="replication")]), *looks_at()[1:]]
    one = the_only(BUCKET, looks=[*looks, look("tags.resources")])
    assert not one.looked
    assert one.missed == ("payments could not be described",)


def test_a_selector_by_tag_needs_the_tag():
    organisation = declared(tags={"team": "*"}, classes=("payment.card",))
    assert "payment.card" not in names(the_only(BUCKET, organisation=organisation).classes)


def test_every_source_adds_and_none_removes():
    organisation = replace(
        ORGANISATION,
        classify=Classify(
            tags=(TagRule("data"),),
            accounts={HERE: ("books_of_account",)},
            names=(NameRule("pay*", classes=("payment.card",)),),
        ),
        datasets=(DatasetDeclaration(id="said", names=("payments",), classes=("payment.upi",)),),
    )
    one = the_only(BUCKET, organisation=organisation)
    assert {(each.name, each.source) for each in one.classes} == {
        ("payment.transaction", "tag"),
        ("books_of_account", "account"),
        ("payment.card", "name"),
        ("payment.upi", "declared"),
    }


def test_an_account_gives_its_class_to_all_it_holds_and_to_nothing_else():
    organisation = told(accounts={THERE: ("books_of_account",)})
    found = of(BUCKET, holder("books", account=THERE), organisation=organisation)
    assert {name: names(one.classes) for name, one in found.items()} == {
        "books": {"books_of_account"},
        "payments": set(),
    }


def test_a_name_gives_a_class_by_a_glob_and_in_the_case_it_is_written_in():
    organisation = told(names=(NameRule("pay*-prod", classes=("payment.card",)),))
    found = of(*(holder(name) for name in ("pay-prod", "PAY-prod", "pay-prod-old")), organisation=organisation)
    assert [name for name, one in found.items() if one.classes] == ["pay-prod"]


def test_the_tags_of_another_listing_count():
    assert names(the_only(replace(BUCKET, tags={}), Tagged(BUCKET.id, PAYMENTS)).classes) == {"payment.transaction"}


def test_a_declaration_selects_by_tags_wherever_they_were_listed():
    organisation = declared(tags={"team": "pay*"}, classes=("payment.upi",))
    bare = replace(BUCKET, tags={})
    assert names(the_only(bare, Tagged(bare.id, {"team": "payments"}), organisation=organisation).classes) == {
        "payment.upi"
    }


def test_a_tag_value_may_name_several_classes():
    both = replace(BUCKET, tags={"data": "payment.card, personal.sensitive.health"})
    assert names(the_only(both).classes) == {"payment.card", "personal.sensitive.health"}


def test_a_table_of_globs_translates_tag_values():
    rules = TagRule("data", values={"pci*": ("payment.card",), "*-health": ("personal.sensitive.health",)})
    one = the_only(replace(BUCKET, tags={"data": "pci-health"}), organisation=told(tags=(rules,)))
    assert names(one.classes) == {"payment.card", "personal.sensitive.health"}


def tabled(value):
    table = {"Banking": ("payment.account",), "Health*": ("personal.sensitive.health",), "a, b": ("payment.card",)}
    return the_only(replace(BUCKET, tags={"data": value}), organisation=told(tags=(TagRule("data", values=table),)))


def test_of_several_values_each_counts_by_the_table():
    one = tabled("Banking, Health - internal")
    assert names(one.classes) == {"payment.account", "personal.sensitive.health"}
    assert one.looked


def test_of_several_values_one_that_no_glob_covers_is_a_class_nobody_knows():
    one = tabled("Healthy, Networking")
    assert names(one.classes) == {"personal.sensitive.health"}
    assert one.missed == ("tag data of payments names no known class",)


def test_a_value_that_the_table_has_to_the_letter_is_not_taken_apart():
    one = tabled("a, b")
    assert (names(one.classes), one.looked) == ({"payment.card"}, True)


def test_a_tag_may_say_where_the_people_are():
    organisation = told(tags=(TagRule("from", gives="origin"),))
    one = the_only(replace(BUCKET, tags={"from": "de fr"}), organisation=organisation)
    assert names(one.origins) == {"DE", "FR", "IN"}
    assert not one.classes


def test_the_origin_of_an_entity_is_that_of_its_data():
    assert the_only(BUCKET).origins == (ClassEvidence("IN", "declared", "entity bank"),)


# What could not be looked at.


@pytest.mark.parametrize("value", ["secret", "payment", "payment.card secret"])
def test_a_tag_value_nobody_knows_is_a_class_nobody_knows(value):
    one = the_only(replace(BUCKET, tags={"data": value}))
    assert not one.looked
    assert one.missed == ("tag data of payments names no known class",)


def test_a_tag_value_no_glob_of_the_table_covers_is_a_class_nobody_knows():
    one = the_only(BUCKET, organisation=told(tags=(TagRule("data", values={"pci": ("payment.card",)}),)))
    assert not one.looked


def test_a_tag_may_say_of_which_part_of_a_country_people_are():
    organisation = told(tags=(TagRule("from", gives="origin"),))
    one = the_only(replace(BUCKET, tags={"from": "ca-qc, FR"}), organisation=organisation)
    assert {"CA-QC", "FR"} <= names(one.origins)
    assert one.looked
    assert not the_only(replace(BUCKET, tags={"from": "CA-XX"}), organisation=organisation).looked


def test_a_country_nobody_knows_is_an_origin_nobody_knows():
    one = the_only(
        replace(BUCKET, tags={"from": "Atlantis"}), organisation=told(tags=(TagRule("from", gives="origin"),))
    )
    assert not one.looked


TAGS = look("tags.resources").key


def test_refused_tags_are_a_class_nobody_knows():
    denied = look("tags.resources", listed=False, gaps=[gap("tags.resources")])
    one = the_only(replace(BUCKET, tags={}), looks=[*(each for each in looks_at() if each.key != TAGS), denied])
    assert (one.looked, one.missed) == (False, (TAGS,))


def test_tags_that_were_never_asked_for_are_a_class_nobody_knows():
    assert not the_only(BUCKET, looks=[one for one in looks_at() if one.key != TAGS]).looked


def test_a_declaration_that_selects_by_tags_needs_them_seen():
    organisation = replace(declared(tags={"team": "x"}, classes=("payment.upi",)), classify=Classify())
    without = [one for one in looks_at() if one.key != TAGS]
    assert not the_only(BUCKET, organisation=organisation, looks=without).looked


def test_tags_nobody_uses_need_not_be_seen():
    without = [one for one in looks_at() if one.key != TAGS]
    assert the_only(BUCKET, organisation=told(), looks=without).looked


def test_tags_that_come_with_the_listing_are_seen_with_it():
    assert the_only(holder("ledger"), looks=[look("rds.instances")]).looked


def test_what_it_was_copied_from_and_nobody_saw_is_a_class_nobody_knows():
    reader = holder("reader", SINGAPORE)
    source = arn("db", "ledger", MUMBAI, "999999999999")
    one = the_only(reader, copied(source, reader, "read-replica", look=reader.look))
    assert one.missed == (f"{source} could not be looked at",)


def test_a_classification_rests_on_every_look_at_its_members():
    replica = holder("replica", SINGAPORE, "bucket", THERE)
    one = the_only(BUCKET, replica, copied(BUCKET, replica))
    assert set(one.seen_in) == {BUCKET.look, replica.look, TAGS, look("tags.resources", SINGAPORE, THERE).key}


# What is derived inherits.


def test_a_shared_holder_holds_what_any_of_its_sources_does():
    shop, central = holder("shop", kind="bucket", tags=HEALTH), holder("central", kind="bucket")
    found = of(BUCKET, shop, central, copied(BUCKET, central), copied(shop, central))
    assert names(found["central"].classes) == {"payment.transaction", "personal.sensitive.health"}
    assert names(found["payments"].classes) == {"payment.transaction"}
    assert f"inherited from {BUCKET.id}: tag data of payments" in {one.detail for one in found["central"].classes}
    assert BUCKET.look in found["central"].seen_in


def test_what_was_restored_inherits_and_hands_nothing_back():
    ledger, restored = holder("ledger", tags=PAYMENTS), holder("restored", tags=HEALTH)
    found = of(ledger, restored, copied(ledger, restored, "restore"))
    assert names(found["restored"].classes) == {"payment.transaction", "personal.sensitive.health"}
    assert names(found["ledger"].classes) == {"payment.transaction"}


def test_a_class_comes_down_from_the_first_ancestor_and_says_so_once():
    line = [holder(name, tags=PAYMENTS if name == "a" else {}) for name in "abc"]
    [last] = of(*line, copied(line[0], line[1], "restore"), copied(line[1], line[2], "restore"))["c"].classes
    assert last == ClassEvidence("payment.transaction", "tag", f"inherited from {line[0].id}: tag data of a")


def test_what_an_ancestor_could_not_say_its_descendants_cannot_either():
    ledger, restored = holder("ledger", tags={"data": "secret"}), holder("restored")
    assert not of(ledger, restored, copied(ledger, restored, "restore"))["restored"].looked


def test_a_circle_of_restores_comes_to_an_end():
    a, b = holder("a", tags=PAYMENTS), holder("b", tags=HEALTH)
    found = of(a, b, copied(a, b, "restore"), copied(b, a, "restore"))
    assert (
        names(found["a"].classes) == names(found["b"].classes) == {"payment.transaction", "personal.sensitive.health"}
    )


# Only the file takes away.


def loosening(*classes, facts=()):
    return Loosening(
        declassify=classes, facts=facts, owner="o", reason="Tokens only.", approver="the board", until=later(30)
    )


def test_the_file_takes_a_class_away_for_as_long_as_it_says():
    organisation = declared(names=("payments",), loosen=loosening("payment.*"))
    assert the_only(BUCKET, organisation=organisation, as_of=later(30)).classes == ()
    assert the_only(BUCKET, organisation=organisation, as_of=later(31)).classes != ()
    [taken] = the_only(BUCKET, organisation=organisation).declassified
    assert taken.name == "payment.*"
    assert taken.detail == (
        f"dataset said in the organisation file: Tokens only. (approved by the board, until {later(30)})"
    )


def test_the_file_takes_nothing_else_away():
    both = replace(BUCKET, tags={"data": "payment.card personal.sensitive.health"})
    organisation = declared(names=("payments",), loosen=loosening("payment.*"))
    assert names(the_only(both, organisation=organisation).classes) == {"personal.sensitive.health"}


def test_what_the_file_takes_away_is_not_handed_on():
    line = [holder(name, tags=PAYMENTS if name == "a" else {}) for name in "abc"]
    organisation = declared(resources=(line[1].id,), loosen=loosening("payment.*"))
    found = of(
        *line, copied(line[0], line[1], "restore"), copied(line[1], line[2], "restore"), organisation=organisation
    )
    assert [names(found[name].classes) for name in "abc"] == [{"payment.transaction"}, set(), set()]


def test_what_the_file_takes_from_a_shared_holder_it_does_not_take_from_its_sources():
    shop, central = holder("shop", kind="bucket"), holder("central", kind="bucket")
    organisation = declared(names=("central",), loosen=loosening("*"))
    found = of(BUCKET, shop, central, copied(BUCKET, central), copied(shop, central), organisation=organisation)
    assert found["central"].classes == ()
    assert found["payments"].classes != ()


def test_a_fact_of_the_file_holds_for_as_long_as_it_says():
    organisation = declared(names=("payments",), loosen=loosening(facts=("cross_border",)))
    assert the_only(BUCKET, organisation=organisation).facts == {"cross_border"}
    assert the_only(BUCKET, organisation=organisation, as_of=later(31)).facts == frozenset()


def test_a_copy_whose_name_fits_does_not_loosen_what_it_was_copied_from():
    ledger, lookalike = holder("ledger", tags=PAYMENTS), holder("tokens", SINGAPORE)
    organisation = declared(names=("tokens",), loosen=loosening("payment.*", facts=("cross_border",)))
    found = the_only(ledger, lookalike, copied(ledger, lookalike, "read-replica"), organisation=organisation)
    assert names(found.classes) == {"payment.transaction"}
    assert found.facts == frozenset()


def test_nobodys_data_is_a_matter_of_the_file_and_ends():
    organisation = declared(names=("payments",), classes=("generic.aggregate",), loosen=loosening())
    bare = replace(BUCKET, tags={})
    assert names(the_only(bare, organisation=organisation).classes) == {"generic.aggregate"}
    assert the_only(bare, organisation=organisation, as_of=later(31)).classes == ()


def test_no_tag_takes_anything_away():
    loud = replace(BUCKET, tags=PAYMENTS | {"declassify": "payment.*", "cross_border": "true"})
    organisation = told(tags=(TagRule("data"), TagRule("declassify"), TagRule("cross_border")))
    one = the_only(loud, organisation=organisation)
    assert names(one.classes) == {"payment.transaction"}
    assert one.facts == frozenset()


# What the file selects.


def test_all_selectors_of_a_declaration_must_match_one_member():
    said = {"names": ("pay*",), "accounts": (HERE,), "resources": ("arn:aws:s3:*",), "tags": {"data": "payment.*"}}
    assert the_only(BUCKET, organisation=declared(**said, classes=("payment.upi",))).classes[-1].source == "declared"
    for wrong in (
        {"names": ("x",)},
        {"accounts": (THERE,)},
        {"resources": ("arn:aws:rds:*",)},
        {"tags": {"data": "x"}},
    ):
        organisation = declared(**(said | wrong), classes=("payment.upi",))
        assert names(the_only(BUCKET, organisation=organisation).classes) == {"payment.transaction"}


def test_a_declaration_reaches_its_dataset_through_any_member_even_one_never_seen():
    partner = "arn:aws:s3:::partner"
    organisation = declared(resources=(partner,), classes=("payment.upi",))
    assert "payment.upi" in names(the_only(BUCKET, copied(BUCKET, partner), organisation=organisation).classes)


def test_the_larger_count_of_people_holds():
    organisation = replace(
        ORGANISATION,
        datasets=tuple(
            DatasetDeclaration(id=f"said-{count}", names=("payments",), subjects=count) for count in (7, 900, None, 30)
        ),
    )
    assert the_only(BUCKET, organisation=organisation).subjects == 900
    assert the_only(BUCKET).subjects is None


def test_a_declaration_may_say_who_answers():
    branch = Entity(id="branch", origin=("DE",))
    organisation = replace(declared(names=("payments",), entity="branch"), entities=(BANK, branch))
    one = the_only(BUCKET, organisation=organisation)
    assert (one.entity, names(one.origins)) == ("branch", {"DE"})


# Copies that only a declaration knows.

CRM = DeclaredCopy("crm", "export", "US", keys=("US",), retention_days=30, e2e=True)


def test_a_declared_copy_joins_what_it_is_a_copy_of():
    datasets, _ = classified(world(BUCKET), declared(names=("payments",), copies=(CRM,)))
    [dataset] = datasets
    there = dataset.placements[-1]
    assert (there.subject, there.kind, there.country) == ("resource|declared:said/crm", "export", "US")
    assert (there.declared, there.held, there.end_to_end, there.key_countries) == (True, False, True, ("US",))


@pytest.mark.parametrize("selector", [{}, {"names": ("nothing-like-it",)}])
def test_a_declaration_that_finds_nothing_is_a_dataset_of_its_own(selector):
    datasets, found = classified(world(), declared(**selector, classes=("payment.upi",), copies=(CRM,)))
    assert [dataset.id for dataset in datasets] == ["declared:said"]
    assert names(found["declared:said"].classes) == {"payment.upi"}
    assert (found["declared:said"].entity, datasets[0].root_country) == ("bank", "US")


def test_a_declared_copy_without_a_country_has_none():
    datasets, _ = classified(world(), declared(copies=(replace(CRM, country=""),)))
    assert datasets[0].placements[0].country is None


# Who answers.


def owner(*claims, path=("r-1", "ou-1", "ou-2"), account=HERE):
    entities = tuple(Entity(id=claim, owns=(claim,)) for claim in claims)
    found = Owners(Organisation(entities=entities)).of(Account("aws", account, path=path), account)
    return found.id if found else None


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (("*", "ou-1", "ou-2", HERE), HERE),
        (("*", "ou-1", "ou-2", THERE), "ou-2"),
        (("ou-1", "*"), "ou-1"),
        (("r-1/ou-1", "r-1"), "r-1/ou-1"),
        (("*", "ou-9"), "*"),
        (("ou-9", THERE), None),
        ((), None),
    ],
)
def test_the_nearest_claim_to_an_account_wins(claims, expected):
    assert owner(*claims) == owner(*reversed(claims)) == expected


def test_an_account_nobody_listed_belongs_to_whoever_owns_the_rest():
    assert Owners(ORGANISATION).of(None, "999999999999") == BANK


def test_only_tags_that_somebody_uses_are_kept():
    organisation = replace(declared(tags={"team": "x"}), classify=Classify(tags=(TagRule("data"),)))
    assert kept_tags(organisation) == {"data", "team"}


def test_the_most_trusted_source_is_named():
    order = ("declared", "tag", "account", "name")
    evidence = [ClassEvidence("x", source, "") for source in reversed(order)]
    assert [confidence(evidence[: len(order) - number]) for number in range(len(order))] == list(order)


# Whatever the tags say.

SOME = st.dictionaries(
    st.sampled_from(["data", "declassify", "x"]),
    st.sampled_from(["", "payment.card", "personal.sensitive.health", "books_of_account", "none", "-payment.card"]),
)


@given(SOME, SOME)
def test_tags_only_add(before, more):
    """Whatever is tagged besides, no class that was stated goes away."""
    fewer = the_only(holder("ledger", tags=before))
    replica = holder("replica", SINGAPORE, tags=more)
    ledger = holder("ledger", tags=before)
    assert names(fewer.classes) <= names(the_only(ledger, replica, copied(ledger, replica, "read-replica")).classes)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8), st.lists(SOME, min_size=5, max_size=5))
def test_every_ancestors_class_arrives(edges, tags):
    line = [holder(f"h{number}", tags=tags[number]) for number in range(5)]
    found = of(*line, *(copied(line[a], line[b], "restore") for a, b in edges if a != b))
    for a, b in edges:
        assert names(found[f"h{a}"].classes) <= names(found[f"h{b}"].classes)
        assert found[f"h{a}"].looked or not found[f"h{b}"].looked
