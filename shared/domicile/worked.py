"""Runs worked examples: small cases with the verdict a rule must give, by the same judge that judges a cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct
from msgspec.structs import replace

from domicile import geography
from domicile.judge import judge
from domicile.model import (
    ClassEvidence,
    Classification,
    Dataset,
    Entity,
    Location,
    Looks,
    Organisation,
    Placement,
    Rule,
    Statement,
    Verdict,
    Vocabulary,
)
from domicile.policy import Example, ExampleCopy

WHO = "example"


class Difference(Struct, frozen=True):
    """An example whose verdict is not the one stated."""

    rule: str
    name: str
    expected: str
    got: str
    because: str


def run(examples: Iterable[Example], rules: Mapping[str, Rule]) -> tuple[Difference, ...]:
    """The examples that do not hold, in the order given."""
    differences = []
    for example in examples:
        verdict, because = verdict_of(example, rules[example.rule])
        if str(verdict) != example.expect:
            differences.append(Difference(example.rule, example.name, example.expect, str(verdict), because))
    return tuple(differences)


def verdict_of(example: Example, rule: Rule) -> tuple[Verdict, str]:
    """The worst verdict over all subjects of an example, and the sentence that goes with it."""
    assert example.as_of is not None
    as_of = example.as_of
    now = datetime.combine(as_of, time(12), UTC)
    dataset = Dataset(
        id=WHO,
        provider=WHO,
        account=WHO,
        name=WHO,
        placements=tuple(_placement(number, copy, now) for number, copy in enumerate(example.copies)),
        members=(WHO,),
    )
    data = example.data
    classification = Classification(
        dataset=WHO,
        classes=tuple(ClassEvidence(name, "declared", WHO) for name in data.classes),
        origins=tuple(ClassEvidence(name, "declared", WHO) for name in data.origins),
        facts=frozenset(data.tags),
        subjects=data.subjects,
        entity=WHO,
    )
    organisation = Organisation(
        entities=(Entity(id=WHO, actors=data.actors, owns=(WHO,)),),
        statements=tuple(Statement(id=name, entity=WHO, by=WHO, on=as_of, until=date.max) for name in data.attest),
    )
    judgement = judge(
        [dataset],
        {WHO: classification},
        [_imagined(rule, example.override_places)],
        organisation,
        Vocabulary({}, {}),
        Looks([]),
        as_of=as_of,
        now=now,
    )
    worst = max(judgement.findings, key=lambda finding: finding.verdict, default=None)
    if worst:
        return worst.verdict, worst.because
    if judgement.unclassified:
        return Verdict.UNKNOWN, f"not known: {', '.join(judgement.unclassified[0].missing)}"
    return (Verdict.PASS if judgement.met else Verdict.NOT_APPLICABLE), ""


def _placement(number: int, copy: ExampleCopy, now: datetime) -> Placement:
    moment = None if copy.age_h is None else now - timedelta(hours=copy.age_h)
    return Placement(
        subject=f"resource|{WHO}-{number}",
        kind=copy.kind,
        location=Location(WHO, copy.at or "a region of no known country"),
        country=geography.country_of(copy.at) if copy.at else None,
        account=WHO,
        resource_id=f"{WHO}-{number}",
        resource_name=f"{WHO}-{number}",
        oldest_at=moment,
        newest_at=moment,
        retention_days=copy.days,
        cmk=copy.cmk,
        key_countries=copy.keys or None,
        end_to_end=bool(copy.e2e),
    )


def _imagined(rule: Rule, places: tuple[str, ...]) -> Rule:
    """The rule with an imagined list of barred places, to show what a future list would do."""
    if not places:
        return rule
    return replace(
        rule, oblige=tuple(replace(one, places=places) if one.kind == "not_in" else one for one in rule.oblige)
    )
