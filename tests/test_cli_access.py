"""`domicile access`: the request says exactly what a scan needs, and whatever differs from it is told."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

import iam
from domicile.cli import main
from domicile.commands.granting import compare_azure, read_granted
from domicile.providers import aws, azure
from domicile.report import grants
from domicile.scan import Exit

SCANNER = "arn:aws:iam::111122223333:role/scanner"
ORGANISATION, SAID = "o-abcdefghij", "what-only-we-know"
GIVEN = ("--trust", SCANNER, "--organisation-id", ORGANISATION, "--external-id", SAID)
EXTRA = "Microsoft.Storage/storageAccounts/listKeys/action"


@pytest.fixture(name="run")
def a_run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        capsys.readouterr()
        code = main(["access", *(str(one) for one in arguments)])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return run


@pytest.fixture(name="check")
def a_check(run, tmp_path):
    def check(granted, *arguments, name="granted.json"):
        text = granted if isinstance(granted, str) else json.dumps(granted)
        (tmp_path / name).write_text(text, encoding="utf-8")
        code, out, _ = run("--check", name, "--format", "json", *arguments)
        return code, {(one["finding"], one["action"]): one["because"] for one in json.loads(out)}

    return check


def role_of(template):
    return yaml.safe_load(template)["Resources"]["Look"]["Properties"]


# What is asked for


def test_the_template_makes_a_role_that_may_do_what_a_scan_does_and_nothing_else(run):
    code, out, _ = run(*GIVEN)
    assert code == Exit.PROVEN
    role = role_of(out)
    assert role["RoleName"] == "domicile-look"
    [policy] = role["Policies"]
    assert policy["PolicyDocument"] == aws.role_document()
    for action in aws.reads():
        assert iam.allowing(policy["PolicyDocument"], action, "*")
    assert iam.denied(policy["PolicyDocument"], "s3:GetObject", "arn:aws:s3:::a/b")


def test_who_takes_on_the_role_must_be_named_be_inside_and_say_what_was_agreed(run):
    template = yaml.safe_load(run(*GIVEN)[1])
    defaults = {name: one.get("Default") for name, one in template["Parameters"].items()}
    assert defaults == {"Scanners": SCANNER, "OrganisationId": ORGANISATION, "ExternalId": SAID}
    [trusting] = template["Resources"]["Look"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusting["Principal"] == {"AWS": {"Ref": "Scanners"}}
    assert trusting["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganisationId"}, "sts:ExternalId": {"Ref": "ExternalId"}}
    }


def test_what_nobody_told_is_asked_of_whoever_deploys_it(run):
    parameters = yaml.safe_load(run()[1])["Parameters"]
    assert {name: "Default" in one for name, one in parameters.items()} == dict.fromkeys(
        ("Scanners", "OrganisationId", "ExternalId"), False
    )
    assert set(yaml.safe_load(run("--organisation-id", ORGANISATION)[1])["Parameters"]) == {
        "Scanners",
        "OrganisationId",
    }


@pytest.mark.parametrize("arguments", [(), GIVEN, ("--external-id", SAID, "--role", "x")])
def test_cloudformation_finds_nothing_wrong_with_the_template(run, tmp_path, arguments):
    lint = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed")
    found = lint.lint_all(run(*arguments)[1])
    # Besides errors and warnings it has advice, marked I.
    assert [one for one in found if not one.rule.id.startswith("I")] == []


@pytest.mark.parametrize("arguments", [(), GIVEN, ("--cloud", "azure")])
def test_terraform_takes_it_as_it_would_write_it_itself(run, tmp_path, arguments):
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    (tmp_path / "look.tf").write_text(run("--format", "terraform", *arguments)[1])
    told = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "look.tf"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout) == (0, "")


def test_terraform_names_every_action_and_every_denial(run):
    out = run("--format", "terraform", *GIVEN)[1]
    quoted = re.findall(r'^ +"([a-z0-9-]+:[A-Za-z0-9*]+)",?$', out, re.MULTILINE)
    assert quoted == [*aws.reads(), *aws.NEVER_READ]
    assert f'default     = ["{SCANNER}"]' in out
    assert '"aws:PrincipalOrgID" = var.organisation_id' in out


def test_a_text_in_terraform_is_a_text(run):
    assert grants.hcl('${file("/etc/passwd")} %{if true} "\n') == '"$${file(\\"/etc/passwd\\")} %%{if true} \\"\\n"'


def test_json_is_a_policy_and_nothing_else(run):
    code, out, err = run("--format", "json")
    assert (code, json.loads(out)) == (Exit.PROVEN, aws.policy_document())
    assert "It can never read" in err


def test_json_for_a_role_has_the_trust_and_the_policy_of_who_scans(run):
    told = json.loads(run("--format", "json", "--role", "look", *GIVEN)[1])
    assert told["trust"] == aws.trust_document([SCANNER], organisation=ORGANISATION, external_id=SAID)
    assert told["policy"] == aws.role_document()
    assert told["policy_of_who_scans"] == aws.policy_document("look")
    assert run("--format", "json", "--role", "look")[0] == Exit.USAGE


@pytest.mark.parametrize("written", ["cloudformation", "terraform"])
def test_the_head_says_what_can_be_read_and_what_never_can(run, written):
    text = " ".join(run("--format", written)[1].replace("#", "").split())
    assert f"by {len(aws.reads())} actions and no other" in text
    for never in aws.NEVER_READ:
        assert never in text.split("Version")[0]


def test_in_azure_reader_is_asked_for_and_nothing_else_where_it_has_everything(run):
    code, out, _ = run("--cloud", "azure", "--management-group", "example")
    assert code == Exit.PROVEN
    assert '--role "Reader"' in out
    lacking = [action for action in azure.permissions() if not action.endswith("/read")]
    assert ("az role definition create" in out) == bool(lacking)


def test_what_reader_lacks_is_a_role_of_exactly_that():
    role = {"Name": "domicile looks", "Description": "looks", "Actions": [EXTRA]}
    script = grants.azure_script(role, "", "", ["head"])
    told = subprocess.run(
        ["sh", "-c", 'az() { printf "%s\\n" "$@"; }\n' + script, "sh", "me", "/scope/of 'mine'"],
        capture_output=True,
        text=True,
        check=True,
    )
    [definition] = [line for line in told.stdout.splitlines() if line.startswith("{")]
    assert json.loads(definition) == role | {"AssignableScopes": ["/scope/of 'mine'"]}
    assert told.stdout.splitlines().count("/scope/of 'mine'") == 2
    assert f'"{EXTRA}"' in grants.azure_terraform(role, "", "", ["head"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--cloud", "gcp"), "--cloud must be one of aws, azure"),
        (("--format", "az"), "--format az is not for --cloud aws"),
        (("--cloud", "azure", "--format", "cloudformation"), "is not for --cloud azure"),
        (("--trust", "*"), "--trust must be the ARN of a role"),
        (("--trust", f"{SCANNER}\n  Evil: true"), "--trust must be"),
        (("--role", "a/b"), "--role must be"),
        (("--role", "x$(reboot)"), "--role must be"),
        (("--external-id", 'x"${file()}'), "--external-id must be"),
        (("--organisation-id", "r-abcd"), "--organisation-id must be"),
        (("--cloud", "azure", "--principal", "$(reboot)"), "--principal must be"),
        (("--cloud", "azure", "--management-group", "a;b"), "--management-group must be"),
    ],
)
def test_what_would_not_be_what_it_says_is_refused(run, arguments, says):
    code, out, err = run(*arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert says in err


# What was granted


def policy(*allowed, deny=aws.NEVER_READ, **more):
    allow = {"Sid": "Given", "Effect": "Allow", "Action": list(allowed), "Resource": "*"} | more
    return {"Statement": [allow, {"Effect": "Deny", "Action": list(deny), "Resource": "*"}]}


@pytest.mark.parametrize("written", ["cloudformation", "json"])
def test_what_was_asked_for_is_what_is_needed(run, check, written):
    name = "granted.yaml" if written == "cloudformation" else "granted.json"
    assert check(run("--format", written, *GIVEN)[1], name=name) == (Exit.PROVEN, {})


def test_what_is_missing_is_named(check):
    code, found = check(policy(*(one for one in aws.reads() if one != "rds:DescribeDBInstances")))
    assert (code, found) == (Exit.NOT_PROVEN, {("missing", "rds:DescribeDBInstances"): "is not allowed"})


def test_what_is_more_than_needed_is_named(check):
    code, found = check(policy(*aws.reads(), "s3:PutObject", "rds:Describe*"))
    assert code == Exit.VIOLATIONS
    assert found["more", "s3:PutObject"] == "is not needed"
    assert re.fullmatch(r"of it \d+ actions are needed", found["more", "rds:Describe*"])
    assert len(found) == 2


def test_a_denial_takes_away_what_is_allowed(check):
    code, found = check(policy(*aws.reads(), deny=(*aws.NEVER_READ, "rds:*")))
    assert code == Exit.NOT_PROVEN
    assert found["missing", "rds:DescribeDBInstances"] == "is denied by a statement without a Sid"


@pytest.mark.parametrize(
    "more", [{"Resource": "arn:aws:s3:::a"}, {"Condition": {"StringEquals": {"aws:RequestedRegion": "ap-south-1"}}}]
)
def test_what_is_allowed_only_in_part_is_missing(check, more):
    code, found = check(policy(*aws.reads(), **more))
    assert code == Exit.NOT_PROVEN
    assert "only for some resources, or on a condition" in found["missing", "s3:ListAllMyBuckets"]


def test_what_reads_content_is_told_before_all_else(check):
    code, found = check(policy("*", deny=["s3:GetObject*"]))
    assert code == Exit.VIOLATIONS
    assert ("content", "secretsmanager:GetSecretValue") in found
    assert ("content", "s3:GetObject*") not in found
    assert ("more", "*") in found


def test_everything_but_something_is_more_than_needed(check):
    code, found = check({"Statement": {"Effect": "Allow", "NotAction": ["iam:*", "tag:*"], "Resource": "*"}})
    assert code == Exit.NOT_PROVEN
    assert found["missing", "tag:GetResources"] == "is not allowed"
    assert found["more", "*"] == "everything is allowed but iam:*, tag:*"


def test_without_denials_it_is_said_and_nothing_is_wrong(check):
    code, found = check({"PolicyVersion": {"Document": {"Statement": policy(*aws.reads())["Statement"][:1]}}})
    assert code == Exit.PROVEN
    assert {finding for finding, _ in found} == {"not-denied"}


def test_what_is_not_spelled_out_is_not_taken_for_granted(check):
    template = 'Resources: {Look: {Properties: {ManagedPolicyArns: [!Sub "arn:aws:iam::aws:policy/SecurityAudit"]}}}'
    code, found = check(template, name="granted.yaml")
    assert code == Exit.NOT_PROVEN
    assert "SecurityAudit" in found["unknown", ""]


def test_a_role_that_anybody_may_take_on_is_more_than_needed(check):
    open_to_all = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    code, found = check({"trust": {"Statement": [open_to_all]}, "policy": policy(*aws.reads())})
    assert code == Exit.VIOLATIONS
    assert "anybody" in found["more", "sts:AssumeRole"]


def test_policies_inside_of_texts_are_read_too(check):
    assert check({"values": {"policy": json.dumps(policy(*aws.reads()))}}) == (Exit.PROVEN, {})


def test_the_table_ends_with_a_summary(run, tmp_path):
    (tmp_path / "granted.json").write_text(json.dumps(policy(*aws.reads()[1:], "s3:PutObject")))
    code, out, _ = run("--check", "granted.json")
    assert code == Exit.NOT_PROVEN
    assert out.splitlines()[-1] == "granted.json: 1 missing; 1 more than needed."


def test_reader_is_enough_in_azure_and_less_is_not(check):
    reader = {"permissions": [{"actions": ["*/read"], "notActions": []}], "roleName": "Reader"}
    assert check(reader, "--cloud", "azure") == (Exit.PROVEN, {})
    assert check([{"roleDefinitionName": "Reader"}], "--cloud", "azure") == (Exit.PROVEN, {})
    code, found = check({"Actions": ["Microsoft.Sql/*/read"]}, "--cloud", "azure")
    assert code == Exit.NOT_PROVEN
    assert ("missing", "Microsoft.ResourceGraph/resources/read") in found
    assert not [action for _, action in found if action.startswith("Microsoft.Sql/")]


def test_in_azure_more_than_reading_and_whatever_reaches_data_is_told():
    granted = {"actions": ["*"], "dataActions": ["Microsoft.Storage/*"], "notActions": ["Microsoft.Sql/*"]}
    found = {(one.finding, one.action) for one in compare_azure(granted, azure)}
    assert {("more", "*"), ("content", "Microsoft.Storage/*")} <= found
    assert any(finding == "missing" and action.startswith("Microsoft.Sql/") for finding, action in found)
    [unknown] = [one for one in compare_azure([{"roleDefinitionName": "Owner\x1b"}], azure) if one.finding == "unknown"]
    assert "\x1b" not in unknown.because


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("{", "granted.json", "is neither JSON nor YAML"),
        ("a: &a [1]\nb: *a", "granted.yaml", "anchors"),
        ("[" * 100_000, "granted.json", "granted.json"),
        ("a: 1", "granted.yaml", "no policy of IAM"),
        ('{"Statement": [1, null, "x"]}', "granted.json", "no policy of IAM"),
        ("resource {}", "granted.tf", "terraform show -json"),
        ('{"Version": 2012-13-45}', "granted.yaml", "granted.yaml"),
    ],
)
def test_what_is_no_such_document_is_refused_in_one_line(run, tmp_path, text, name, says):
    (tmp_path / name).write_text(text)
    code, out, err = run("--check", name)
    assert (code, out) == (Exit.USAGE, "")
    assert says in err
    assert "internal error" not in err


def test_hostile_texts_in_what_was_granted_do_no_harm(run, tmp_path):
    hostile = "s3:\x1b[2J\u202e<b>"
    (tmp_path / "granted.json").write_text(json.dumps(policy(*aws.reads(), hostile)))
    code, out, _ = run("--check", "granted.json")
    assert code == Exit.VIOLATIONS
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert read_granted("a: !GetAtt [x, y]\nb: !Ref {z: 1}", "x.yaml") == {"a": ["x", "y"], "b": {"z": 1}}
