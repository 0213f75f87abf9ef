"""The pages that take a cloud team from nothing to the first mail: what they say to type works."""

import json
import re
import shlex
from datetime import date, datetime, time
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import yaml
from moto import mock_aws

import program
from domicile.stores.dynamodb import DynamoStore
from dynamodb_emulator import a_client, create_tables
from pulumi_engine import BUILT, Engine
from store_contract import a_row, opened, record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws.*")

ROOT = Path(__file__).parents[1]
PAGES = {page: (ROOT / "docs" / f"{page}.md").read_text("utf-8") for page in ("aws", "azure")}


def commands(page):
    blocks = re.findall(r"^```sh\n(.*?)^```", page.replace("\\\n", " "), re.DOTALL | re.MULTILINE)
    return [line.split(" #")[0] for block in blocks for line in block.splitlines()]


class Question(NamedTuple):
    """One question to DynamoDB, as its SDK takes it; `about` is what its key is asked to be."""

    operation: str
    options: dict
    about: tuple[str, str]


def question(line):
    words = shlex.split(line)
    options = {
        re.sub(r"(?:^|-)(\w)", lambda start: start[1].upper(), name.removeprefix("--")): given
        for name, given in zip(words[3::2], words[4::2], strict=True)
    }
    for name in options.keys() & {"Key", "ExpressionAttributeValues"}:
        options[name] = json.loads(options[name])
    [(name, given)] = options.get("Key", options.get("ExpressionAttributeValues")).items()
    key = options.get("KeyConditionExpression", name).split(" = ")[0]
    return Question(words[2].replace("-", "_"), options, (key, given["S"]))


QUESTIONS = [question(line) for line in commands(PAGES["aws"]) if line.startswith("aws dynamodb ")]


@pytest.fixture(scope="module", name="client")
def a_table_with_one_row_that_answers_all_and_one_that_answers_none():
    asked = dict(one.about for one in QUESTIONS)
    that_day = datetime.combine(date.fromisoformat(asked["changed_day"]), time(12), ZoneInfo("UTC"))
    row = a_row(
        asked["violation_id"],
        severity=asked["open_severity"],
        account=asked["open_account"],
        rule=asked["open_rule"],
        country=asked["open_country"],
        entity=asked["open_entity"],
        caused_by=asked["open_cause"],
        dataset_id=asked["open_dataset"],
        last_changed=that_day,
    )
    assert asked["open_account_rule"] == f"{row.account}#{row.rule}"
    with mock_aws():
        client = a_client()
        create_tables(client, "domicile")
        record(DynamoStore("domicile", client), opened(row), opened(a_row(severity="low", account="999999999999")))
        yield client


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked.about[0])
def test_each_question_finds_what_it_is_about_and_nothing_else(client, asked):
    answer = getattr(client, asked.operation)(**asked.options)
    found = answer["Items"] if asked.operation == "query" else [answer["Item"]]
    assert [item["violation_id"]["S"] for item in found] == [dict(one.about for one in QUESTIONS)["violation_id"]]


def test_each_index_of_open_violations_has_its_question():
    tables = program.load("aws_tables")
    named = {one.options.get("IndexName") for one in QUESTIONS}
    assert {index.name for table in tables.TABLES for index in table.indexes} - named == {"resolved"}


SETTINGS = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]


def names_in(page):
    """Settings and outputs that a page names."""
    outputs = set(re.findall(r"pulumi stack output (\w+)", page))
    for listed in re.findall(r"outputs? ((?:`\w+`(?:, | and )?)+)", page):
        outputs |= set(re.findall(r"`(\w+)`", listed))
    return set(re.findall(r"domicile:([a-zA-Z]+)", page)) - {"KEY"}, outputs


@pytest.mark.parametrize("page", PAGES)
def test_each_setting_a_page_names_exists(page):
    named, _ = names_in(PAGES[page])
    assert len(named) > 6
    assert named <= SETTINGS.keys()


def test_each_output_the_page_on_aws_names_is_one_of_a_stack(tmp_path):
    settings = {
        "country": "IN",
        "emails": [{"address": "data@example.com"}],
        "organisationId": "o-exampleorgid",
        "grants": "external",
        "readers": ["arn:aws:iam::111122223333:root"],
        "keyArn": "arn:aws:kms:ap-south-1:111122223333:key/1234abcd",
    }
    project = program.project(tmp_path, {"domicile.yaml": "version: 1\n"})
    made = program.stack(settings, "ap-south-1", "111122223333", project)
    _, named = names_in(PAGES["aws"])
    assert len(named) > 8
    assert named <= made.outputs.keys()


def test_each_output_the_page_on_azure_names_is_one_of_a_stack(tmp_path):
    here = "00000000-0000-0000-0000-000000000001"
    network = f"/subscriptions/{here}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/main"
    settings = {
        "cloud": "azure",
        "country": "IN",
        "emails": [{"address": "data@example.com"}],
        "managementGroup": "bulbul",
        "grants": "external",
        "subnetId": f"{network}/subnets/functions",
        "privateEndpointSubnetId": f"{network}/subnets/endpoints",
        "privateDns": "external",
    }
    project = program.project(tmp_path, {"domicile.yaml": "version: 1\n"})
    made = program.azure_stack(settings, "centralindia", here, project)
    _, named = names_in(PAGES["azure"])
    assert len(named) > 7
    assert named <= made.outputs.keys()


ANSWERS = {
    "$AWS_REGION": "ap-south-1",
    "$(aws organizations describe-organization --query Organization.Id --output text)": "o-exampleorgid",
    "$(aws organizations list-roots --query 'Roots[0].Id' --output text)": "r-exam",
    "$(az account show --query tenantId --output tsv)": "72f988bf-0000-0000-0000-000000000001",
}


@pytest.mark.skipif(
    not (BUILT / "pulumi").exists(), reason="Pulumi's engine is not built: .ci/pulumi-engine does that, with Go"
)
@pytest.mark.parametrize(("page", "place"), [("aws", "aws:region"), ("azure", "azure-native:location")])
def test_the_settings_that_a_page_sets_are_what_a_stack_is_made_from(tmp_path, page, place):
    (tmp_path / "Pulumi.yaml").write_text("{name: domicile, runtime: python}")
    engine = Engine(tmp_path, tmp_path, "0")
    for line in commands(PAGES[page]):
        if match := re.match(r"pulumi config set (?!.*KEY)(.*)", line.split(" && ")[0]):
            said = match[1]
            for asked, answer in ANSWERS.items():
                said = said.replace(asked, answer)
            engine.said("config", "set", *shlex.split(said))
    config = yaml.safe_load((tmp_path / "Pulumi.test.yaml").read_text("utf-8"))["config"]
    given = {name.removeprefix("domicile:"): value for name, value in config.items() if name != place}
    settings = program.load(f"{page}_settings").read(program.written(given), config[place])
    assert settings.country == "IN"
    assert [mail.address for mail in settings.emails] == ["data@example.com"]
