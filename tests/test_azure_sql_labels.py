from datetime import date

import pytest

from azure_looking import BANK, a_tenant, gaps, look
from domicile.classify import classify
from domicile.demo.tenant import Answer
from domicile.model import Classify, Organisation, TagRule
from domicile.providers import azure
from domicile.providers.azure import sql, sql_instances
from domicile.relate import relate

SQL = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.Sql"
ORDERS = f"{SQL}/servers/Bulbul/databases/Orders"
CORE = f"{SQL}/managedInstances/Core"
LOCAL = {"currentBackupStorageRedundancy": "Local", "requestedBackupStorageRedundancy": "Local"}
KEYS = ("sensitivity-label", "information-type")
CARD, NAME = ("Highly Confidential", "Credit Card"), ("Confidential - GDPR", "Name")


def a_column(label=None, information=None):
    said = {"labelName": label, "informationType": information, "columnName": "c", "rank": "High"}
    return {"name": "current", "properties": {name: value for name, value in said.items() if value is not None}}


def label(arm, database, *columns):
    arm.answer(f"{database}/currentSensitivityLabels", [a_column(*one) for one in columns])


@pytest.fixture(name="arm")
def a_server_with_a_database():
    arm = a_tenant()
    arm.plant(f"{SQL}/servers/Bulbul", "centralindia", properties={})
    arm.plant(f"{SQL}/servers/Bulbul/databases/master", "centralindia", kind="v12.0,system", properties=LOCAL)
    arm.plant(ORDERS, "centralindia", kind="v12.0,user", properties={**LOCAL, "status": "Online"})
    return arm


@pytest.fixture(name="held")
def an_instance_with_two_databases():
    arm = a_tenant()
    arm.plant(CORE, "centralindia", properties=LOCAL)
    arm.answer(f"{CORE}/databases", [{"id": f"{CORE}/databases/{name}", "name": name} for name in ("a", "b")])
    return arm


def tags(arm, *keys):
    [one] = look(arm, keys or KEYS).resources
    return one.tags


def classified(arm, table, key="sensitivity-label"):
    seen = look(arm, KEYS)
    organisation = Organisation(classify=Classify(tags=(TagRule(key, values=table),)))
    datasets = relate(seen, azure.vocabulary)
    [one] = classify(datasets, seen, organisation, azure.vocabulary, as_of=date(2026, 11, 25)).values()
    return {each.name for each in one.classes}, one.looked


def test_what_columns_are_said_to_hold_is_said_of_their_database_each_word_once(arm):
    label(arm, ORDERS, CARD, NAME, NAME, ("Confidential - GDPR", "Contact Info"))
    assert tags(arm) == {
        "sensitivity-label": "Confidential - GDPR, Highly Confidential",
        "information-type": "Contact Info, Credit Card, Name",
    }


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (("Public", None), {"sensitivity-label": "Public"}),
        ((None, "Health"), {"information-type": "Health"}),
        (("", ""), {}),
    ],
)
def test_a_column_may_have_a_label_or_a_type_of_information_alone(arm, column, said):
    label(arm, ORDERS, column)
    assert tags(arm) == said


def test_labels_on_every_page_count_and_each_of_them_gives_its_class(arm):
    arm.page = 1
    label(arm, ORDERS, CARD, NAME)
    table = {"Highly Confidential": ("payment.card",), "Confidential*": ("personal",)}
    assert classified(arm, table) == ({"payment.card", "personal"}, True)


def test_a_label_that_the_organisation_file_does_not_know_is_a_class_nobody_knows(arm):
    label(arm, ORDERS, CARD, NAME)
    assert classified(arm, {"Highly Confidential": ("payment.card",)}) == ({"payment.card"}, False)


def test_labels_take_nothing_away_from_a_tag_of_the_same_name(arm):
    arm.resources[-1]["tags"] = {"Sensitivity-Label": "Secret"}
    label(arm, ORDERS, CARD)
    assert tags(arm, "sensitivity-label") == {"sensitivity-label": "Secret, Highly Confidential"}


def test_nobody_is_asked_for_labels_that_the_organisation_file_does_not_use(arm):
    arm.refuse("currentSensitivityLabels", Answer(403, "AuthorizationFailed"))
    seen = look(arm, ("data-class",))
    assert (gaps(seen), arm.actions()[sql.LABELS]) == ([], 0)
    assert {one.outcome for one in seen.looks} == {"complete"}


def test_one_question_is_asked_of_each_database_that_holds_data_however_the_key_is_spelled(arm):
    label(arm, ORDERS, CARD)
    assert tags(arm, "Information-Type") == {"Information-Type": "Credit Card"}
    assert arm.actions()[sql.LABELS] == 1


def test_labels_that_may_not_be_read_are_a_gap_and_a_class_nobody_knows(arm):
    arm.refuse("currentSensitivityLabels", Answer(403, "AuthorizationFailed"))
    assert gaps(look(arm, KEYS)) == [("sql.databases", "labels", "orders", "denied")]
    assert classified(arm, {"*": ("personal",)}) == (set(), False)


def test_a_database_that_sleeps_is_not_woken_and_its_labels_are_a_gap(arm):
    arm.resources[-1]["properties"]["status"] = "Paused"
    label(arm, ORDERS, CARD)
    seen = look(arm, KEYS)
    assert gaps(seen) == [("sql.databases", "labels", "orders", "error")]
    assert (len(seen.resources), arm.actions()[sql.LABELS]) == (1, 0)


def test_what_the_databases_of_an_instance_are_said_to_hold_is_said_of_the_instance(held):
    label(held, f"{CORE}/databases/a", CARD)
    label(held, f"{CORE}/databases/b", NAME)
    assert tags(held)["sensitivity-label"] == "Confidential - GDPR, Highly Confidential"
    assert held.actions()[sql_instances.LABELS] == 2
    look(held)
    assert held.actions()[sql_instances.DATABASES] == 1, "asked only where somebody uses labels"


@pytest.mark.parametrize(
    ("refused", "reason"),
    [(Answer(403, "AuthorizationFailed"), "denied"), (Answer(404, "ResourceNotFound"), "error")],
)
def test_a_database_of_an_instance_that_does_not_answer_is_a_gap_and_the_instance_is_still_there(held, refused, reason):
    label(held, f"{CORE}/databases/a", CARD)
    held.refuse("databases/b/currentSensitivityLabels", refused)
    seen = look(held, KEYS)
    assert gaps(seen) == [("sql.instances", "labels", "core", reason)]
    assert [one.name for one in seen.resources] == ["Core"]
