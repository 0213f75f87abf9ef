"""`domicile init`: what it writes is a right organisation file, overwrites nothing and gives no tag value away."""

import io
import json
import re
import sys

import pytest
import yaml

import small_bank
from domicile import bootstrap
from domicile.cli import main
from domicile.commands.beginning import (
    FEW,
    Asker,
    Noting,
    Tags,
    answers,
    applying,
    meanings_of,
    of_inventory,
    proposal,
)
from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from domicile.errors import UsageError
from domicile.inventory import Line
from domicile.model import Cell, Tagged
from domicile.providers import aws
from domicile.scan import Exit
from small_bank import ARCHIVE, BANK, GROUP, MUMBAI, ROLE

HOSTILE = "x: {}\n- !!python/name:os.system \x1b[2J\u202e\u2028policies: [a] #"
SECRET = "only-we-know-this"


@pytest.fixture(scope="module", name="cloud")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        bank = Plot(cloud, BANK)
        bank.bucket("bank-odd", MUMBAI, {"sensitivity": SECRET, "cost-centre": SECRET, "note": HOSTILE[:20]})
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(name="here")
def a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(name="run")
def a_run(capsys, here):
    def run(*arguments):
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return run


class Terminal(io.StringIO):
    """Somebody who types these lines."""

    def isatty(self):
        return True


@pytest.fixture(name="types")
def a_typist(monkeypatch):
    def types(*lines):
        monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in lines)))

    return types


def a_line(**more):
    """A line of an inventory."""
    known = {
        "provider": "aws",
        "account": BANK,
        "region": MUMBAI,
        "country": "IN",
        "kind": "primary",
        "root_country": "IN",
        "class_evidence": [],
        "look": [f"aws/{BANK}/global/s3.buckets"],
    }
    return dict.fromkeys(Line.__struct_fields__, "") | known | more


def an_inventory(here, *lines):
    path = here / "places.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


# Looking


def test_what_it_writes_of_an_organisation_is_right_and_judges_by_no_rule(run, here, cloud):
    code, out, _ = run("init", "--role", ROLE, "--yes")
    assert code == Exit.PROVEN
    assert run("validate")[0] == Exit.PROVEN
    setup = bootstrap.setup(here / "domicile.yaml")
    assert setup.rules == ()
    [entity] = setup.organisation.entities
    assert (entity.country, entity.owns) == ("IN", ("*",))
    assert setup.organisation.role == ROLE
    assert {(one.key, one.gives) for one in setup.organisation.classify.tags} == {
        ("data-class", "class"),
        ("data-origin", "origin"),
    }
    text = (here / "domicile.yaml").read_text("utf-8")
    for account in (GROUP, BANK, ARCHIVE):
        assert account in text
    assert "its values name classes: books_of_account, payment.transaction" in text
    assert "in memory only" in out


def test_a_value_that_names_no_class_is_nowhere_and_its_key_only_where_it_looks_like_one(run, here, cloud):
    run("init", "--role", ROLE, "--yes")
    text = (here / "domicile.yaml").read_text("utf-8")
    assert SECRET not in text
    assert "# - {key: sensitivity, values: {VALUE: [CLASS]}} # 1 value, none" in text
    assert "cost-centre" not in text
    assert [path.name for path in here.iterdir()] == ["domicile.yaml"]


def test_after_it_a_scan_classifies_by_the_tags_that_were_seen(run, here, cloud):
    run("init", "--role", ROLE, "--yes")
    run("scan", "--output", "first.txt")
    lines = [json.loads(line) for line in (here / "domicile.inventory.jsonl").read_text("utf-8").splitlines()]
    [ledger] = [line for line in lines if line["resource_name"] == "bank-statements"]
    assert ledger["classes"] == ["payment.transaction"]


def test_what_is_there_is_never_overwritten(run, here):
    (here / "domicile.yaml").write_text("mine")
    code, out, err = run("init", "--yes", "--inventory", an_inventory(here, a_line()))
    assert (code, out) == (Exit.USAGE, "")
    assert "is there already" in err
    assert (here / "domicile.yaml").read_text("utf-8") == "mine"


def test_what_is_adopted_from_the_suggestions_is_judged(run, here, cloud, types):
    types("IN", "Example Bank Ltd", "data@bank.example", "bank_in, payment_system_operator", "", "in-rbi-payment-data")
    code, _, err = run("init", "--role", ROLE)
    assert code == Exit.PROVEN
    setup = bootstrap.setup(here / "domicile.yaml")
    [entity] = setup.organisation.entities
    assert (entity.id, entity.name, entity.owner) == ("example-bank-ltd", "Example Bank Ltd", "data@bank.example")
    assert entity.actors == ("bank_in", "payment_system_operator")
    assert [rule.id for rule in setup.rules] == ["in-rbi-payment-data"]
    packaged = bootstrap.catalogue(bootstrap.packs())["in-rbi-payment-data"]
    assert setup.rules[0].trial == packaged.trial
    # The person who is asked sees the values; the file does not get them.
    assert SECRET in err
    assert SECRET not in (here / "domicile.yaml").read_text("utf-8")


def test_a_value_that_somebody_says_a_class_of_is_written(run, here, cloud, types):
    types("IN", "", "", "", f"{SECRET}=personal.contact", "")
    assert run("init", "--role", ROLE)[0] == Exit.PROVEN
    rules = {one.key: one.values for one in bootstrap.setup(here / "domicile.yaml").organisation.classify.tags}
    assert rules["sensitivity"] == {SECRET: ("personal.contact",)}


# Without credentials


def test_from_an_inventory_it_needs_no_credentials(run, here, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    evidence = {"name": "payment.card", "source": "tag", "detail": "tag data-class of pay-cards"}
    path = an_inventory(here, a_line(class_evidence=[evidence]), a_line(root_country="SG"), a_line())
    assert run("init", "--inventory", path, "--yes", "--actor", "payment_system_operator")[0] == Exit.PROVEN
    setup = bootstrap.setup(here / "domicile.yaml")
    assert setup.organisation.entities[0].country == "IN"
    assert [one.key for one in setup.organisation.classify.tags] == ["data-class"]
    assert "# - in-rbi-payment-data #" in (here / "domicile.yaml").read_text("utf-8")


def test_an_empty_inventory_still_gives_a_right_file(run, here):
    assert run("init", "--inventory", an_inventory(here), "--yes")[0] == Exit.PROVEN
    assert run("validate")[0] == Exit.PROVEN


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--country", "XX", "--yes"), "--country must be"),
        (("--actor", "payment_system_operater", "--yes"), "did you mean 'payment_system_operator'?"),
        (("--inventory", "nowhere.jsonl", "--yes"), "nowhere.jsonl"),
        (("nowhere/domicile.yaml", "--yes"), "cannot be written"),
        ((), "this is no terminal: give --yes"),
    ],
)
def test_mistakes_are_told_in_one_line(run, here, arguments, says):
    path = an_inventory(here, a_line())
    given = arguments if "--inventory" in arguments else (*arguments, "--inventory", path)
    code, out, err = run("init", *given)
    assert (code, out) == (Exit.USAGE, "")
    assert says in err
    assert not (here / "domicile.yaml").exists()


# Asking


def test_a_wrong_answer_is_asked_again_with_what_was_meant(run, here, types):
    types("UK", "IN", "x\x07", "Example", "", "bank_ind", "bank_in", "in-nonsense", "")
    code, _, err = run("init", "--inventory", an_inventory(here, a_line()))
    assert code == Exit.PROVEN
    assert "no country has this code; GB?" in err
    assert "characters that cannot be seen" in err
    assert "unknown: bank_ind; did you mean 'bank_in'?" in err
    assert "unknown: in-nonsense" in err
    assert bootstrap.setup(here / "domicile.yaml").organisation.entities[0].actors == ("bank_in",)


def test_whoever_goes_away_leaves_no_file(run, here, types):
    types("IN")
    code, _, err = run("init", "--inventory", an_inventory(here, a_line()))
    assert code == Exit.USAGE
    assert "nobody answered" in err
    assert not (here / "domicile.yaml").exists()


# Tags


def tags_of(**values):
    tags = Tags()
    for key, some in values.items():
        for value in some:
            tags.note({key: value})
    return tags


def test_of_a_key_with_many_values_none_is_kept():
    tags = tags_of(classification=[f"value-{number}" for number in range(FEW + 1)])
    assert tags.values == {}
    tags.note({"classification": "another"})
    assert tags.many == {"classification": FEW + 2}
    assert meanings_of(Asker(yes=True), tags).unsaid == ("classification",)


def test_the_keys_of_clouds_themselves_are_nobodys_classes():
    tags = Tags()
    tags.note({"aws:cloudformation:stack-name": "personal", "hidden-link": "personal", "mine": "personal"})
    assert set(tags.values) == {"mine"}


@pytest.mark.parametrize(
    ("key", "values", "classes", "origins", "unsaid"),
    [
        ("holds", ["personal.contact"], ("personal.contact",), (), False),
        ("holds", ["personal.contact, payment.card"], ("payment.card", "personal.contact"), (), False),
        ("holds", ["red"], (), (), False),
        ("data-class", ["red"], (), (), True),
        ("data-class", ["red", "payment.card"], ("payment.card",), (), False),
        ("data-class", ["generic.aggregate"], (), (), True),
        ("data-class", ["x.ours"], ("x.ours",), (), False),
        ("residency", ["IN", "sg"], (), ("IN", "SG"), False),
        ("residency", ["IN", "moon"], (), (), False),
        ("owner", ["IN"], (), (), False),
    ],
)
def test_what_a_key_says(key, values, classes, origins, unsaid):
    meanings = meanings_of(Asker(yes=True), tags_of(**{key: values}))
    assert meanings.classes.get(key, ()) == classes
    assert meanings.origins.get(key, ()) == origins
    assert (key in meanings.unsaid) == unsaid


def test_what_is_special_in_a_value_stands_for_itself(types):
    types("[a*]=personal")
    meanings = meanings_of(Asker(yes=False), tags_of(sensitivity=["[a*]"]))
    assert meanings.tables == {"sensitivity": {"[a*]": ("personal",)}}


@pytest.mark.parametrize("answer", ["red=nonsense", "blue=personal", "red", "red=generic.aggregate"])
def test_a_wrong_meaning_is_not_taken(types, capsys, answer):
    types(answer, "")
    assert meanings_of(Asker(yes=False), tags_of(sensitivity=["red"])).tables == {}
    assert len(re.findall("Their classes", capsys.readouterr().err)) == 2


def test_rules_of_a_union_apply_in_its_members_and_promises_of_others_nowhere():
    packs = bootstrap.packs()
    german = {rule.policy for rule in applying(packs, "DE")}
    assert {"eu-data-protection", "de-social-data"} <= german
    indian = applying(packs, "IN")
    assert not [rule for rule in indian if rule.status in ("commitment", "lapsed")]
    assert applying(packs, "") == ()


def test_tags_go_by_and_what_is_asked_stays_the_same():
    tags = Tags()

    class Provider:
        name, vocabulary, manner = "aws", aws.vocabulary, ""
        services = aws.SERVICES

    noting = Noting(Provider(), tags)
    for before, after in zip(aws.SERVICES, noting.services, strict=True):
        assert [(one.name, one.find, one.parts) for one in before.listings] == [
            (one.name, one.find, one.parts) for one in after.listings
        ]
    [service] = [one for one in noting.services if one.name == "tags"]
    item = {"ResourceARN": "arn:aws:s3:::a", "Tags": [{"Key": "k", "Value": "v"}]}
    assert list(service.listings[0].read(item, {}, Cell("aws", BANK, MUMBAI))) == [Tagged("arn:aws:s3:::a", {"k": "v"})]
    assert tags.values == {"k": {"v": 1}}


# Hostile words


def test_hostile_names_of_accounts_and_tags_stay_words(here):
    seen = of_inventory([], "places.jsonl")
    tags = tags_of(
        **{HOSTILE: ["personal"], "data-class: [": [HOSTILE, "personal"], "pii #": ["true"], "on": ["personal"]}
    )
    hostile = type(seen)(source=HOSTILE, accounts={BANK: HOSTILE}, countries=seen.countries, tags=tags)
    said = answers(Asker(yes=True), hostile, bootstrap.packs(), "IN", ())
    text = proposal(hostile, said, "", "2026-11-26")
    assert all(line.isprintable() for line in text.split("\n"))
    setup = bootstrap.setup_of(text, "domicile.yaml", lambda name: (name, name))
    assert {one.key for one in setup.organisation.classify.tags} == {"data-class: [", "on"}
    assert setup.rules == ()
    assert set(yaml.safe_load(text)) == {"version", "timezone", "entities", "classify", "policies", "scope"}


@pytest.mark.parametrize(
    "name", ['a "b" \\ c', "yes", "#1: & *", "ब्रह्मपुत्र", "{x}", "- a", "2026-01-01", "%", "\u2019n"]
)
def test_any_name_of_an_organisation_is_kept_as_it_is(run, here, types, name):
    types("", name, "", "", "")
    assert run("init", "--inventory", an_inventory(here, a_line()))[0] == Exit.PROVEN
    assert bootstrap.setup(here / "domicile.yaml").organisation.entities[0].name == name


def test_nobody_is_asked_where_nobody_is(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(UsageError, match="--yes"):
        Asker(yes=False)
