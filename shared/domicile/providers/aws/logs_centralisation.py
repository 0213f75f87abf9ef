"""Amazon CloudWatch: rules that copy the logs of an organisation into one account, and there into a second region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence
from domicile.providers.aws.arn import partition, place
from domicile.providers.aws.log_targets import is_whole
from domicile.providers.service import Cloud, Listing, Part, Service

STOP = "then delete the log groups that it has filled: they stay there."
CENTRAL = Channel("logs-centralisation", "log", f"Delete or change the rule, {STOP}", shares=True)
BACKUP = Channel("logs-centralisation-backup", "backup", f"Take the backup region out of the rule, {STOP}", shares=True)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_centralization_rules_for_organization", AllRegions=True, MaxResults=100):
        yield from page["CentralizationRuleSummaries"]


def described(cloud: Cloud, rule: dict[str, Any]) -> dict[str, Any]:
    region, name = rule["CreatedRegion"], rule["RuleArn"]
    return cloud.call("get_centralization_rule_for_organization", region=region, RuleIdentifier=name)


def identify(rule: dict[str, Any], _: Cell) -> str:
    name: str = rule["RuleArn"]
    return name


def read(rule: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this = identify(rule, cell)
    account, region = rule["DestinationAccountId"], rule["DestinationRegion"]
    source: dict[str, Any] = {}
    backup: dict[str, Any] = {}
    answer = parts.get("rule")
    if answer:
        whole = answer["CentralizationRule"]
        source = whole["Source"]
        backup = whole["Destination"].get("DestinationLogsConfiguration", {}).get("BackupConfiguration", {})
        # Metrics and profiles are centralised by rules of the same kind.
        if "SourceLogsConfiguration" not in source:
            return
    criteria = source.get("SourceLogsConfiguration", {}).get("LogGroupSelectionCriteria", "")
    # What a narrower rule takes is written in a language of AWS's own: it is left at the rule, and holds what somebody
    # says of that.
    of = [this]
    if is_whole(source.get("Scope", ""), criteria):
        of = [f"arn:{partition(one)}:logs:{one}:*:log-group:*" for one in source["Regions"]]
    ways = [(CENTRAL, "ListCentralizationRulesForOrganization", region, "DestinationRegion", "")]
    if backup:
        key = backup.get("KmsKeyArn", "")
        ways.append(
            (BACKUP, "GetCentralizationRuleForOrganization", backup["Region"], "BackupConfiguration.Region", key)
        )
    for channel, operation, there, field, key in ways:
        evidence = Evidence(f"observabilityadmin:{operation}", field, there)
        for name in of:
            yield Copy(
                of=name,
                channel=channel.name,
                location=place(there),
                # Of log groups many names come together there: all that a rule copies there is one holder.
                id=f"{this}/{account}/{there}",
                account=account,
                caused_by=this,
                evidence=evidence,
                key=key,
                part="rule" if answer else "",
            )


SERVICE = Service(
    name="observabilityadmin",
    client="observabilityadmin",
    scope="organisation",
    listings=(Listing("centralisation-rules", find, read, identify, parts=(Part("rule", described),)),),
    types=(),
    channels=(CENTRAL, BACKUP),
    needs={
        "list_centralization_rules_for_organization": ("observabilityadmin:ListCentralizationRulesForOrganization",),
        "get_centralization_rule_for_organization": ("observabilityadmin:GetCentralizationRuleForOrganization",),
    },
    blind_to=(
        "Rules that centralise logs are told where the organisation is administered: not when one account is scanned.",
        "Which log groups a rule takes that is not about all is not worked out: somebody has to say what it copies.",
    ),
)
