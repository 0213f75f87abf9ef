from datetime import date

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domicile import organisation
from domicile.errors import UsageError
from domicile.model import Account, Adoption, Organisation, Route

FILE = """\
version: 1
timezone: Asia/Kolkata
role: domicile-reader
entities:
  - id: shop
    name: "\u202bShop\u202c"
    country: IN
    origin: IN
    actors: company_in
    owns: [012345678901, ou-ab12-cdefgh34]
  - id: pay
    actors: [payment_system_operator]
    owns: ["*", 3f2504e0-4f89-11d3-9a0c-0305e82c3301, r-ab12/ou-ab12-payments]
classify:
  tags:
    - key: data-class
    - key: team
      values: {"pay*": [payment.card, payment.account]}
    - {key: data-origin, gives: origin, values: {india: IN}}
  accounts:
    111122223333: payment.transaction
  names:
    - {glob: "*-cards-*", class: payment.card}
datasets:
  - id: cards
    resources: "arn:aws:s3:::loyal"
    class: [payment.card, x.loyalty]
    origin: [IN, "NO"]
    entity: pay
    loosen:
      facts: cross_border
      declassify: personal.*
      owner: treasury
      reason: foreign leg
      approver: counsel
      until: 2027-06-30
  - id: newsletter
    class: personal.contact
    copies:
      - {name: mailing service, kind: export, country: IE, keys: IE}
policies:
  - in-rbi-payment-data
  - {rule: in-irdai-records, trial: false, severity: low}
policy_files: [own.yaml]
statements:
  - {id: audit_report, entity: pay, by: auditor, on: 2026-01-01, until: 2026-12-31, document: SAR-17}
exemptions:
  - id: move
    rule: in-rbi-payment-data
    resource: arn:aws:s3:::cards
    basis: being_fixed
    owner: treasury
    reason: being moved
    approver: counsel
    from: 2026-01-01
    until: 2027-01-01
scope: {skip_accounts: "9999*", skip_regions: us-west-1}
accepted_gaps:
  - {gap: aws/111122223333/ap-south-1/rds.snapshots, owner: ops, reason: no right yet, until: 2026-12-31}
departed:
  - {account: 444455556666, reason: sold, evidence: deed 4, approver: counsel, on: 2026-03-01}
notify:
  routes:
    - {name: payments, entities: "p*", rules: in-rbi-*, countries: ["S?", US], severities: [critical, high]}
    - {name: one-account, accounts: "1111222*"}
    - name: everything
"""


def load(text, **more):
    return organisation.load(text, "domicile.yaml", **more)


def mistake(text, **more):
    with pytest.raises(UsageError) as caught:
        load(text, **more)
    return caught.value


def changed(old, new):
    assert FILE.count(old) == 1
    return FILE.replace(old, new)


def test_the_file_becomes_an_organisation():
    read = load(FILE)
    assert type(read) is Organisation
    shop, pay = read.entities
    assert shop.owns == ("012345678901", "ou-ab12-cdefgh34")
    assert (shop.origin, shop.actors, shop.name) == (("IN",), ("company_in",), "\u202bShop\u202c")
    assert pay.owns[0] == "*"
    assert read.classify.accounts == {"111122223333": ("payment.transaction",)}
    assert read.classify.tags[1].values == {"pay*": ("payment.card", "payment.account")}
    cards, newsletter = read.datasets
    assert cards.classes == ("payment.card", "x.loyalty")
    assert cards.origin == ("IN", "NO")
    assert cards.loosen.until == date(2027, 6, 30)
    assert newsletter.copies[0].country == "IE"
    assert read.exemptions[0].since == date(2026, 1, 1)
    assert read.departed[0].account == "444455556666"
    assert read.scope.skip_accounts == ("9999*",)
    assert read.notify.routes == (
        Route(
            "payments",
            entities=("p*",),
            rules=("in-rbi-*",),
            countries=("S?", "US"),
            severities=("critical", "high"),
        ),
        Route("one-account", accounts=("1111222*",)),
        Route("everything"),
    )


def test_a_rule_is_adopted_by_its_bare_id_or_with_more_said():
    assert load(FILE).policies == (
        Adoption("in-rbi-payment-data"),
        Adoption("in-irdai-records", trial=False, severity="low"),
    )


def test_a_file_may_say_very_little():
    assert load("policies: in-rbi-payment-data") == Organisation(policies=(Adoption("in-rbi-payment-data"),))
    assert load("version: 1\nentities:\nexemptions:\n") == Organisation()


def test_the_country_norway_needs_no_quotes():
    assert load(changed('"NO"', "NO")).datasets[0].origin == ("IN", "NO")


def test_with_the_rules_at_hand_an_unknown_one_is_refused_with_a_suggestion():
    rules = {"in-rbi-payment-data", "in-irdai-record"}
    told = mistake(FILE, rules=rules)
    assert (told.line, told.field) == (43, "policies[1]")
    assert "unknown rule 'in-irdai-records'; did you mean 'in-irdai-record'?" in str(told)
    assert load(FILE, rules=rules | {"in-irdai-records"})
    adopted = changed("  - {rule: in-irdai-records, trial: false, severity: low}\n", "")
    assert mistake(adopted, rules={"other"}).field == "policies[0]"
    assert "exemptions[0].rule" in str(mistake("exemptions:" + FILE.split("exemptions:")[1], rules={"other"}))
    routes = "entities: [{id: pay, owns: '*'}]\nnotify:" + FILE.split("notify:")[1]
    told = mistake(routes, rules={"in-irdai-records"})
    assert told.field == "notify.routes[0].rules"
    assert "'in-rbi-*' matches no rule" in str(told)


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("version: 1", "version: 2", 1, "version", "unknown value 2; known: 1"),
        ("version: 1", "version: true", 1, "version", "unknown value true"),
        ("version: 1", "verzion: 1", 1, "verzion", "did you mean 'version'?"),
        ("Asia/Kolkata", "Kolkata, India", 2, "timezone", "time zone"),
        ("Asia/Kolkata", "../../etc/passwd", 2, "timezone", "time zone"),
        ("domicile-reader", "a role", 3, "role", "name of a role"),
        ("id: shop", "id: 'a|b'", 5, "entities[0].id", "is not an id"),
        ("id: pay\n", "id: shop\n", 11, "entities[1].id", "entity 'shop' is there twice, first on line 5"),
        ("country: IN", "country: India", 7, "entities[0].country", "did you mean 'IN'?"),
        ("    origin: IN\n", "    origin: [IN, EEA]\n", 8, "entities[0].origin[1]", "unknown country 'EEA'"),
        ("[012345678901, ou-ab12-cdefgh34]", "[12345]", 10, "entities[0].owns[0]", "no account id"),
        ("[012345678901, ou-ab12-cdefgh34]", "[]", 5, "entities[0]", "owns nothing, and no dataset names it"),
        ("012345678901, ", "'*', ", 13, "entities[1].owns[0]", "the claim to own '*' is there twice, first on line 10"),
        ("r-ab12/ou-ab12-payments", "Root/Payments", 13, "entities[1].owns[2]", "no unit's id (ou-…, r-… or a path of these)"),
        ("r-ab12/ou-ab12-payments", "OU-AB12-cdefgh34", 13, "entities[1].owns[2]", "no account id"),
        ("r-ab12/ou-ab12-payments", "ou-ab12-cdefgh34", 13, "entities[1].owns[2]", "there twice"),
        ("payment.card, payment.account", "payment.crad", 18, "classify.tags[1].values.pay*[0]", "did you mean"),
        ("india: IN", "india: INDIA", 19, "classify.tags[2].values.india", "unknown country"),
        ("gives: origin", "gives: country", 19, "classify.tags[2].gives", "unknown value 'country'"),
        ("111122223333: payment.transaction", "1111: payment.transaction", 21, "classify.accounts", "put '1111' in quotes"),
        ("111122223333: payment.transaction", '"1111": payment.transaction', 21, "classify.accounts.1111", "no account id"),
        ("111122223333: payment.transaction", "111122223333: payment", 21, "classify.accounts.111122223333", "unknown class 'payment'"),
        ("payment.card, payment.account", "generic.aggregate", 18, "classify.tags[1].values.pay*[0]", "takes duties away"),
        ("111122223333: payment.transaction", "111122223333: generic.aggregate", 21, "classify.accounts.111122223333", "takes duties away"),
        ("class: personal.contact\n", "class: generic.aggregate\n", 38, "datasets[1].class", "takes duties away and needs 'loosen'"),
        ('    resources: "arn:aws:s3:::loyal"\n', "    tags: {team: cards}\n", 25, "datasets[0]", "which a tag cannot"),
        ('{glob: "*-cards-*", class: payment.card}', '{glob: "*", class: cards}', 23, "classify.names[0].class", "unknown class"),
        ("- id: cards", "- id: newsletter", 37, "datasets[1].id", "dataset 'newsletter' is there twice, first on line 25"),
        ('    resources: "arn:aws:s3:::loyal"\n', "", 25, "datasets[0]", "needs 'resources', 'names', 'accounts' or 'tags'"),
        ('resources: "arn:aws:s3:::loyal"', "accounts: '*'", 26, "datasets[0].accounts", "no account id"),
        ("arn:aws:s3:::loyal", "arn:aws:s3:::loyal*", 26, "datasets[0].resources", "without wildcards"),
        ('resources: "arn:aws:s3:::loyal"', "names: loyal", 25, "datasets[0]", "select by 'resources', or by 'names' and 'accounts'"),
        ('resources: "arn:aws:s3:::loyal"', "accounts: '111122223333'", 25, "datasets[0]", "by 'names' and 'accounts'"),
        ('resources: "arn:aws:s3:::loyal"', "names: 'l*'\n    accounts: '111122223333'", 26, "datasets[0].names", "without wildcards"),
        ("x.loyalty", "loyalty", 27, "datasets[0].class[1]", "unknown class 'loyalty'; classes of your own begin with 'x.'"),
        ('"NO"', "Norge", 28, "datasets[0].origin[1]", "unknown country 'Norge'"),
        ("entity: pay\n    loosen", "entity: pya\n    loosen", 29, "datasets[0].entity", "unknown entity 'pya'; did you mean 'pay'?"),
        ("      until: 2027-06-30\n", "", 30, "datasets[0].loosen", "'until' is missing"),
        ("      owner: treasury\n", "      owner: ''\n", 33, "datasets[0].loosen.owner", "somebody answers for it"),
        ("declassify: personal.*", "declassify: persona.*", 32, "datasets[0].loosen.declassify", "unknown class"),
        ("      facts: cross_border\n      declassify: personal.*\n", "", 30, "datasets[0].loosen", "needs 'declassify' or 'facts'"),
        ("class: personal.contact", "class: personal.contact\n    subjects: -1", 39, "datasets[1].subjects", "at least 0"),
        ("country: IE", "country: EU", 40, "datasets[1].copies[0].country", "unknown country 'EU'"),
        ("keys: IE", "keys: ['']", 40, "datasets[1].copies[0].keys[0]", "unknown country"),
        ("trial: false", "trial: no", 43, "policies[1].trial", "expected true or false, found 'no'"),
        ("severity: low", "severity: lowest", 43, "policies[1].severity", "did you mean 'low'?"),
        ("{rule: in-irdai-records, trial: false, severity: low}", "in-rbi-payment-data", 43, "policies[1]", "there twice"),
        ("entity: pay, by", "entity: nobody, by", 46, "statements[0].entity", "unknown entity 'nobody'"),
        ("until: 2026-12-31, document", "until: 2025-12-31, document", 46, "statements[0].until", "lies before 'on'"),
        ("until: 2026-12-31, document", "until: next year, document", 46, "statements[0].until", "expected a date"),
        ("    resource: arn:aws:s3:::cards\n", "", 48, "exemptions[0]", "must name a 'resource', a 'dataset' or an 'account'"),
        ("arn:aws:s3:::cards", "'*'", 50, "exemptions[0].resource", "without wildcards"),
        ("resource: arn:aws:s3:::cards", "account: '*'", 50, "exemptions[0].account", "no account id"),
        ("basis: being_fixed", "basis: being_fixd", 51, "exemptions[0].basis", "did you mean 'being_fixed'?"),
        ("    until: 2027-01-01", "    until: 2027-01-02", 56, "exemptions[0].until", "more than 365 days"),
        ("    until: 2027-01-01", "    until: 2025-01-01", 56, "exemptions[0].until", "lies before 'from'"),
        ("    until: 2027-01-01", "    until: 2027-02-29", 56, "exemptions[0].until", "not a day of the calendar"),
        ("reason: being moved", "reason: ' '", 53, "exemptions[0].reason", "somebody answers for it"),
        ('"9999*"', "nine", 57, "scope.skip_accounts", "matches no account id"),
        ("reason: no right yet", "reason: ''", 59, "accepted_gaps[0].reason", "somebody answers for it"),
        ("account: 444455556666", "account: '*'", 61, "departed[0].account", "no account id"),
        ("evidence: deed 4", "evidence: ''", 61, "departed[0].evidence", "somebody answers for it"),
        ("name: payments", "name: our payments", 64, "notify.routes[0].name", "is not an id"),
        ("name: payments", "name: other", 64, "notify.routes[0].name", "is kept for"),
        ("name: payments", "name: all", 64, "notify.routes[0].name", "is kept for"),
        ("- name: everything", "- name: payments", 66, "notify.routes[2].name", "route 'payments' is there twice, first on line 64"),
        ("name: one-account, ", "", 65, "notify.routes[1]", "'name' is missing"),
        ('entities: "p*"', "entities: [shop, pya]", 64, "notify.routes[0].entities[1]", "'pya' matches no entity; did you mean 'pay'?"),
        ('accounts: "1111222*"', "accounts: payments", 65, "notify.routes[1].accounts", "matches no account id"),
        ('["S?", US]', "[USA]", 64, "notify.routes[0].countries[0]", "'USA' matches no country"),
        ("[critical, high]", "critcal", 64, "notify.routes[0].severities", "did you mean 'critical'?"),
        ("severities: [critical", "severity: [critical", 64, "notify.routes[0].severity", "did you mean 'severities'?"),
        ("  routes:\n", "  root:\n", 63, "notify.root", "unknown key 'root'; did you mean 'routes'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_field(old, new, line, field, says):
    told = mistake(changed(old, new))
    assert (told.path, told.line, told.field) == ("domicile.yaml", line, field), str(told)
    assert says in str(told)
    assert "\n" not in str(told)


def test_a_loosening_by_name_names_the_accounts_too():
    named = changed('resources: "arn:aws:s3:::loyal"', "names: loyal\n    accounts: '111122223333'")
    assert load(named).datasets[0].loosen


def test_a_declared_dataset_of_its_own_may_be_loosened_since_nothing_else_bears_its_name():
    loosen = "loosen: {declassify: payment.*, owner: o, reason: r, approver: a, until: 2027-06-30}"
    text = f"datasets: [{{id: d, class: payment.card, copies: [{{name: n, kind: export, country: IE}}], {loosen}}}]"
    assert load(text).datasets[0].loosen


def test_where_accounts_hang_matters_only_to_those_who_own_units():
    for claim, matters in (("'*'", False), ("111122223333", False), ("ou-ab12-x", True), ("r-ab12/ou-ab12-x", True)):
        assert organisation.claims_units(load(f"entities: [{{id: a, owns: [{claim}]}}]")) is matters


def test_a_unit_that_no_account_is_in_is_a_mistake_of_the_file():
    said = load("entities: [{id: a, owns: ['*', r-ab12/ou-ab12-paymets]}]")
    with pytest.raises(UsageError, match="did you mean 'ou-ab12-payments'") as told:
        organisation.require_units(said, [Account("aws", "1", path=("r-ab12", "ou-ab12-payments"))])
    assert told.value.field == "entities[0].owns[1]"
    organisation.require_units(said, [Account("aws", "1", path=("r-ab12", "ou-ab12-paymets", "ou-ab12-below"))])
    organisation.require_units(said, [Account("aws", "1")])


def test_ids_that_are_there_twice_are_told():
    statement = (
        "  - {id: audit_report, entity: pay, by: auditor, on: 2026-01-01, until: 2026-12-31, document: SAR-17}\n"
    )
    assert "statement 'pay audit_report 2026-01-01' is there twice" in str(mistake(changed(statement, 2 * statement)))
    exemption = FILE[FILE.index("  - id: move") : FILE.index("scope:")]
    assert "exemption 'move' is there twice" in str(mistake(changed(exemption, 2 * exemption)))


def test_there_are_not_too_many_routes():
    routes = [f"  - name: route-{number}\n" for number in range(organisation.MOST_ROUTES + 1)]
    assert load(f"notify:\n routes:\n{''.join(routes[:-1])}")
    told = mistake(f"notify:\n routes:\n{''.join(routes)}")
    assert (told.field, told.line) == ("notify.routes", 2)


def test_a_statement_may_be_renewed_under_its_name():
    statement = (
        "  - {id: audit_report, entity: pay, by: auditor, on: 2026-01-01, until: 2026-12-31, document: SAR-17}\n"
    )
    renewed = statement.replace("2026", "2027")
    assert len(load(changed(statement, statement + renewed)).statements) == 2


def test_an_entity_without_accounts_stands_when_a_dataset_names_it():
    text = "entities: [{id: partner}]\ndatasets: [{id: d, entity: partner, names: a}]"
    assert load(text).entities[0].owns == ()


TOP = ["version", *Organisation.__struct_fields__]


@pytest.mark.parametrize("key", TOP)
@pytest.mark.parametrize("value", ["7", "true", "[7]", "[[]]", "[{}]", "{a: b}", "'*'", "[null]", "2026-01-01"])
def test_a_value_of_the_wrong_kind_is_refused_or_read_and_never_a_surprise(key, value):
    try:
        read = load(f"{key}: {value}")
    except UsageError as told:
        read, line = None, told.line
    assert read is not None or line == 1


def test_editors_accept_what_the_reader_accepts():
    written = yaml.load(FILE, Loader=yaml.BaseLoader)
    written["version"] = 1
    written["policies"][1]["trial"] = False
    jsonschema.validate(written, organisation.json_schema())
    written["policys"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, organisation.json_schema())


@given(
    at=st.integers(0, len(FILE)),
    length=st.integers(0, 40),
    instead=st.text(max_size=8) | st.sampled_from(["null", "[]", "{}", "- ", "\n", ": ", "true", "1", "2026-01-01"]),
)
def test_a_damaged_file_is_read_or_refused_in_one_line(at, length, instead):
    try:
        load(FILE[:at] + instead + FILE[at + length :])
    except UsageError as told:
        one_line = "\n" not in str(told)
    else:
        one_line = True
    assert one_line


def test_people_and_copies_may_be_of_a_part_of_a_country_where_a_law_tells_them_apart():
    text = """
entities: [{id: shop, owns: "*", origin: CA-QC}]
classify: {tags: [{key: people, gives: origin, values: {quebec: CA-QC}}]}
datasets:
  - id: d
    class: personal.contact
    origin: [CA-ON]
    copies: [{name: n, kind: export, country: CA-QC}]
"""
    said = organisation.load(text, "x")
    assert (said.entities[0].origin, said.datasets[0].origin) == (("CA-QC",), ("CA-ON",))
    assert said.datasets[0].copies[0].country == "CA-QC"
    with pytest.raises(UsageError, match="unknown country 'CA-XX'"):
        organisation.load(text.replace("CA-ON", "CA-XX"), "x")
