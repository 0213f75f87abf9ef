"""The page that takes a cloud team from nothing to the first mail: what it says to type works."""

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
PAGE = (ROOT / "docs" / "aws.md").read_text("utf-8")
COMMANDS = [
    line.split(" #")[0]
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE.replace("\\\n", " "), re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


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


QUESTIONS = [question(line) for line in COMMANDS if line.startswith("aws dynamodb ")]


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


def test_each_setting_the_page_names_exists():
    named = set(re.findall(r"domicile:([a-zA-Z]+)", PAGE)) - {"KEY"}
    assert len(named) > 10
    assert named <= SETTINGS.keys()


def test_each_output_the_page_names_is_one_of_a_stack(tmp_path):
    project = program.project(tmp_path, {"domicile.yaml": "version: 1\n"})
    settings = {
        "country": "IN",
        "emails": [{"address": "data@example.com"}],
        "organisationId": "o-exampleorgid",
        "grants": "external",
        "readers": ["arn:aws:iam::111122223333:root"],
        "keyArn": "arn:aws:kms:ap-south-1:111122223333:key/1234abcd",
    }
    made = program.stack(settings, "ap-south-1", "111122223333", project)
    named = set(re.findall(r"pulumi stack output (\w+)", PAGE))
    named |= {
        name
        for listed in re.findall(r"outputs? ((?:`\w+`(?:, | and )?)+)", PAGE)
        for name in re.findall(r"\w+", listed)
    }
    assert len(named) > 8
    assert named - {"and"} <= made.outputs.keys()


@pytest.mark.skipif(
    not (BUILT / "pulumi").exists(), reason="Pulumi's engine is not built: .ci/pulumi-engine does that, with Go"
)
def test_the_settings_that_the_page_sets_are_what_a_stack_is_made_from(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("{name: domicile, runtime: python}")
    engine = Engine(tmp_path, tmp_path, "0")
    for line in COMMANDS:
        if match := re.match(r"pulumi config set (?!.*KEY)(.*)", line.split(" && ")[0]):
            said = re.sub(r'"\$\(aws organizations (\S+).*\)"', lambda asked: ANSWERS[asked[1]], match[1])
            engine.said("config", "set", *shlex.split(said.replace("$AWS_REGION", "ap-south-1")))
    config = yaml.safe_load((tmp_path / "Pulumi.test.yaml").read_text("utf-8"))["config"]
    given = {name.removeprefix("domicile:"): value for name, value in config.items() if name != "aws:region"}
    settings = program.load("aws_settings").read(program.written(given), config["aws:region"])
    assert settings.units == ("r-exam",)
    assert [mail.address for mail in settings.emails] == ["data@example.com"]


ANSWERS = {"describe-organization": "o-exampleorgid", "list-roots": "r-exam"}
