"""Holds datasets, accounts and entities against the rules an organisation has adopted."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from domicile import geography, taxonomy
from domicile.classify import INHERITED, confidence
from domicile.model import (
    SEVERITIES,
    ClassEvidence,
    Classification,
    Coming,
    Dataset,
    Exemption,
    Finding,
    Judgement,
    Keyword,
    Looks,
    Obligation,
    Organisation,
    Placement,
    Presence,
    Rule,
    Severity,
    Status,
    Unclassified,
    Verdict,
    Vocabulary,
)
from domicile.obligations import (
    ON_DATASETS,
    ON_ENTITIES,
    ON_PLACEMENTS,
    Outcome,
    Question,
    due,
    on_dataset,
    on_entity,
    on_logs,
    on_placement,
    statement_asked,
    when,
)

AHEAD: Final = timedelta(days=90)
"""How long before it starts a future duty becomes a row."""

ID_VERSION: Final = "1"

_NEVER_BOUND: Final[frozenset[Status]] = frozenset({"draft", "lapsed", "abeyance"})
_NOT_BINDING: Final[frozenset[Status]] = _NEVER_BOUND | {"superseded"}
_ONE_LOWER: Final[frozenset[Status]] = frozenset({"contractual", "commitment", "guidance"})
_EXEMPTING: Final = ("approved_by_regulator", "not_applicable")

Missing = Literal["class", "origin", "entity"]


def judge(
    datasets: Sequence[Dataset],
    classifications: Mapping[str, Classification],
    rules: Sequence[Rule],
    organisation: Organisation,
    vocabulary: Vocabulary,
    looks: Looks,
    *,
    as_of: date,
    now: datetime,
    tell: Collection[str] = (),
) -> Judgement:
    """Every verdict that is more than a pass. `as_of` is the day judged for, `now` the moment ages count from. Of the
    rules to `tell` of, the worst verdict of each dataset is kept, a pass too."""
    question = Question(organisation, vocabulary, looks, as_of, now)
    # What was copied and is gone has no place to judge; it only hands on its classes.
    datasets = [dataset for dataset in datasets if dataset.placements]
    by_id = {dataset.id: dataset for dataset in datasets}
    actors = {entity.id: frozenset(entity.actors) for entity in organisation.entities}
    gone = replaced(rules, as_of)
    rules = [replace(rule, status="superseded") if rule.id in gone else rule for rule in rules]
    bench = _Bench(question, gone, rules, tell)
    unclassified = []
    open_questions: set[tuple[str, str]] = set()
    in_question: dict[_Said, list[tuple[Rule, frozenset[Missing]]]] = {}
    for dataset in datasets:
        classification = classifications[dataset.id]
        reach = _reach(dataset, by_id)
        missing: set[Missing] = set()
        would_break = []
        subjects = [placement.subject for placement in dataset.placements]
        subjects.append(f"dataset|{dataset.id}")
        said = _said(classification)
        if said not in in_question:
            in_question[said] = [
                (rule, unknown)
                for rule in rules
                if (unknown := _applies(rule, said, actors.get(said.entity))) is not None
            ]
        for rule, unknown in in_question[said]:
            if not unknown:
                bench.hear(rule, dataset, reach, classification, by_id)
                continue
            open_questions.update((rule.id, subject) for subject in subjects)
            matters = _matters(rule, question)
            if (matters or rule.id in bench.noted) and _unmet(rule, dataset, reach, classification, question):
                bench.note(rule, dataset, Verdict.UNKNOWN)
                if matters:
                    missing |= unknown
                    would_break.append(rule.id)
                    open_questions.add((rule.id, f"logs|{dataset.account}|"))
        if would_break:
            unclassified.append(
                Unclassified(dataset, classification.entity, tuple(sorted(missing)), tuple(sorted(would_break)))
            )
    findings, met = bench.close()
    return Judgement(
        findings=findings,
        unclassified=tuple(unclassified),
        met=met,
        open_questions=frozenset(open_questions),
        present=_present(datasets, classifications),
        members={member: dataset.id for dataset in datasets for member in dataset.members},
        rules=frozenset(rule.id for rule in rules),
        upcoming=bench.coming(rules),
        worst={name: bench.worst[name] for name in tell},
    )


def violation_id(rule: str, keyword: str, subject: str) -> str:
    """The id of a row: 32 hexadecimal digits that stay while rule, keyword and subject are the same."""
    text = f"{ID_VERSION}\x1f{rule}\x1f{keyword}\x1f{subject}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def severity_of(rule: Rule, keyword: Keyword, verdict: Verdict) -> Severity:
    """Keyword and standing of the rule, unless the organisation has set its own; what cannot be told is low."""
    if verdict in (Verdict.REVIEW, Verdict.UNKNOWN) or keyword in ON_ENTITIES:
        return "low"
    if rule.severity:
        return rule.severity
    rank = 0 if keyword in ("only_in", "not_in", "approved_in") else 1
    return SEVERITIES[rank + 1 if rule.status in _ONE_LOWER else rank]


def in_time(rule: Rule, verdict: Verdict, as_of: date) -> Verdict:
    """What a violation is on a day: of a draft it is advice, of what starts later it is upcoming."""
    if verdict is not Verdict.VIOLATION:
        return verdict
    if rule.status in _NOT_BINDING or (rule.enforce_until is not None and as_of > rule.enforce_until):
        return Verdict.ADVISORY
    if rule.enforce_from is not None and as_of < rule.enforce_from:
        return Verdict.UPCOMING
    return verdict


def binds(rule: Rule, as_of: date) -> bool:
    """Whether a rule can be broken on a day: no draft, begun, not ended, not on trial."""
    return not rule.trial and in_time(rule, Verdict.VIOLATION, as_of) is Verdict.VIOLATION


def replaced(rules: Sequence[Rule], as_of: date) -> dict[str, Rule]:
    """The rules whose place another has taken by a day, each with the one that binds instead.

    Only a rule that binds takes a place: not a draft, not before its day, not while it is on trial. What it replaces
    hands on what it replaced itself, if it was ever in force. Of rules that replace each other none does.
    """
    by_id = {rule.id: rule for rule in rules}
    heirs = {rule.id: _inherited(rule, by_id, as_of) for rule in rules if binds(rule, as_of)}
    found: dict[str, list[Rule]] = {}
    for heir, names in heirs.items():
        for name in names:
            if heir not in heirs.get(name, ()):
                found.setdefault(name, []).append(by_id[heir])
    # Of several, the one that nobody has replaced in turn; of these the newest.
    return {
        name: max(some, key=lambda rule: (rule.id not in found, rule.enforce_from or date.min, rule.id))
        for name, some in found.items()
    }


def _inherited(heir: Rule, by_id: Mapping[str, Rule], as_of: date) -> frozenset[str]:
    names: set[str] = set()
    waiting = [heir]
    while waiting:
        rule = waiting.pop()
        for name in (one for one in rule.replaces if one in by_id and one not in names and one != heir.id):
            names.add(name)
            if _began(by_id[name], as_of):
                waiting.append(by_id[name])
    return frozenset(names)


def _began(rule: Rule, as_of: date) -> bool:
    """Whether a rule was ever in force by a day, though it may be no longer."""
    begun = rule.enforce_from is None or rule.enforce_from <= as_of
    return begun and not rule.trial and rule.status not in _NEVER_BOUND


class _Said(Struct, frozen=True):
    """What decides whether a rule is about a dataset; most datasets share it with many others."""

    classes: frozenset[str]
    classified: bool
    origins: frozenset[str]
    entity: str
    looked: bool


def _said(classification: Classification) -> _Said:
    return _Said(
        frozenset(evidence.name for evidence in classification.classes),
        any(_counts(evidence) for evidence in classification.classes) or bool(classification.declassified),
        frozenset(evidence.name for evidence in classification.origins),
        classification.entity,
        classification.looked,
    )


def _counts(evidence: ClassEvidence) -> bool:
    """Whether a class says what a dataset is not. A name says nothing, nor does a tag with a class that no rule is
    about: else whoever may name or tag could take a dataset out of every rule."""
    if evidence.source == "name":
        return False
    return evidence.source == "declared" or not (taxonomy.loosens(evidence.name) or taxonomy.is_own(evidence.name))


def _applies(rule: Rule, said: _Said, actors: frozenset[str] | None) -> frozenset[Missing] | None:
    """None when a rule does not apply; otherwise what is missing to tell, which is nothing when it does.

    That a class is not among those stated proves nothing while a source of classes was not looked at.
    """
    unknown: set[Missing] = set()
    if "ANY" not in rule.applies.actors:
        if actors is None:
            unknown.add("entity")
        elif not actors & set(rule.applies.actors):
            return None
    if "ANY" not in rule.applies.classes and not any(
        taxonomy.matches(pattern, name) for pattern in rule.applies.classes for name in said.classes
    ):
        if said.looked and said.classified:
            return None
        unknown.add("class")
    origins = rule.applies.origins
    if "ANY" not in origins and not any(geography.within(one, origins) for one in said.origins):
        # Whoever says Canada may mean Quebec.
        vague = said.origins & {geography.country_of(one) for one in origins}
        if said.origins and said.looked and not vague:
            return None
        unknown.add("origin")
    return frozenset(unknown)


def _matching(patterns: Iterable[str], classification: Classification) -> list[str]:
    """The stated classes that some patterns cover."""
    stated = {evidence.name for evidence in classification.classes}
    return sorted(name for name in stated if any(taxonomy.matches(pattern, name) for pattern in patterns))


def _reach(dataset: Dataset, by_id: Mapping[str, Dataset]) -> tuple[Placement, ...]:
    """The dataset's placements with those of the shared holders it feeds: what must exist may exist there."""
    seen = {dataset.id}
    placements = list(dataset.placements)
    waiting = list(dataset.feeds)
    while waiting:
        name = waiting.pop()
        if name not in seen and name in by_id:
            seen.add(name)
            placements.extend(by_id[name].placements)
            waiting.extend(by_id[name].feeds)
    return tuple(placements)


def _is_of_logs(
    dataset: Dataset, by_id: Mapping[str, Dataset], names: Sequence[str], classification: Classification
) -> bool:
    """Whether all that a dataset is known to hold comes from stores of logs: each of them is judged, with all that it
    leads to, so that a stream which keeps what it passes on for a day is not held to more."""
    own = (one for one in classification.classes if one.name in names and not one.detail.startswith(INHERITED))
    return (
        bool(dataset.parents)
        and not any(own)
        and all(parent in by_id and _is_log(by_id[parent]) for parent in dataset.parents)
    )


def _is_log(dataset: Dataset) -> bool:
    return any(one.kind == "log" and one.resource_id == dataset.id for one in dataset.placements)


def _matters(rule: Rule, question: Question) -> bool:
    """Whether somebody has to say now what a dataset holds, if a rule turns on it."""
    soon = rule.enforce_from is None or question.as_of + AHEAD >= rule.enforce_from
    return soon and not rule.trial and in_time(rule, Verdict.VIOLATION, question.as_of) is not Verdict.ADVISORY


def _unmet(
    rule: Rule, dataset: Dataset, reach: Sequence[Placement], classification: Classification, question: Question
) -> bool:
    """Whether a missing fact changes a verdict: some obligation would not be met if the rule applied.

    Signatures are not tried, nor that no such data exists: both would ask for a class of everything there is.
    """
    entity = classification.entity
    for obligation in rule.oblige:
        if when(obligation, classification) is Verdict.NOT_APPLICABLE:
            continue
        outcomes: list[Outcome] = []
        if obligation.kind in ON_PLACEMENTS:
            outcomes = [on_placement(obligation, one, entity, question) for one in dataset.placements]
        elif obligation.kind in ("copy_in", "backup_in"):
            outcomes = [on_dataset(obligation, dataset, reach, classification, question)]
        elif obligation.kind == "logs_in" and any(one.kind == "log" for one in dataset.placements):
            outcomes = [on_logs(obligation, dataset, reach, entity, question)]
        if any(outcome.verdict > Verdict.EXEMPT for outcome in outcomes):
            return True
    return False


def _present(datasets: Iterable[Dataset], classifications: Mapping[str, Classification]) -> dict[str, Presence]:
    present: dict[str, Presence] = {}
    # Most datasets are said to hold what many others hold: one set is kept for all of them.
    nothing: frozenset[str] = frozenset()
    same: dict[frozenset[str], frozenset[str]] = {}
    for dataset in datasets:
        one = classifications[dataset.id]
        stated = frozenset(evidence.name for evidence in one.classes) | {
            f"origin:{evidence.name}" for evidence in one.origins
        }
        stated = same.setdefault(stated, stated)
        loosened = frozenset(evidence.name for evidence in one.declassified)
        loosened = same.setdefault(loosened, loosened)
        ids = frozenset({dataset.id})
        present[f"dataset|{dataset.id}"] = Presence(nothing, stated, loosened, ids)
        for placement in dataset.placements:
            other = present.get(placement.subject)
            here = Presence(placement.links, stated, loosened, ids)
            present[placement.subject] = _both(other, here) if other else here
    return present


def _both(one: Presence, other: Presence) -> Presence:
    """A declared copy that several datasets share: it holds what any of them does."""
    return Presence(
        one.links | other.links,
        one.stated | other.stated,
        one.loosened & other.loosened,
        one.datasets | other.datasets,
    )


_Case = tuple[Dataset, Classification, Outcome]


class _Bench:
    """Hears every rule on every dataset and keeps one finding per rule, keyword and subject: the worst."""

    def __init__(
        self, question: Question, replaced: Mapping[str, Rule], rules: Iterable[Rule], tell: Collection[str]
    ) -> None:
        self._question = question
        self._replaced = replaced
        self._tell = frozenset(tell)
        self.noted = self._tell | {rule.id for rule in rules if self._awaits(rule)}
        """The rules of which the worst verdict of each dataset is kept."""
        self.worst: dict[str, dict[str, Verdict]] = defaultdict(dict)
        self._findings: dict[str, Finding] = {}
        self._met: set[tuple[str, str, str]] = set()
        self._rules: dict[tuple[str, int], tuple[Rule, Obligation]] = {}
        self._logs: dict[tuple[str, int, str, str], list[_Case]] = defaultdict(list)
        self._entities: dict[tuple[str, int, str], list[tuple[Dataset, Classification]]] = defaultdict(list)
        self._unsigned: dict[str, set[str]] = defaultdict(set)

    def _awaits(self, rule: Rule) -> bool:
        """Whether a rule binds from a coming day on."""
        return in_time(rule, Verdict.VIOLATION, self._question.as_of) is Verdict.UPCOMING

    def note(self, rule: Rule, dataset: Dataset, verdict: Verdict) -> None:
        """Keep the worst that a rule says of a dataset."""
        if rule.id in self.noted:
            verdict = in_time(rule, verdict, self._question.as_of)
            worst = self.worst[rule.id]
            worst[dataset.id] = max(verdict, worst.get(dataset.id, verdict))

    def coming(self, rules: Iterable[Rule]) -> tuple[Coming, ...]:
        """The rules that will bind, by their day, with what will not do then. Asked last."""
        found = []
        for rule in rules:
            if rule.enforce_from and self._awaits(rule):
                count = Counter(self.worst[rule.id].values())
                found.append(
                    Coming(
                        rule=rule.id,
                        enforce_from=rule.enforce_from,
                        trial=rule.trial,
                        breaks=count[Verdict.UPCOMING],
                        cannot_tell=count[Verdict.UNKNOWN],
                        to_look_at=count[Verdict.REVIEW],
                        to_sign=tuple(sorted(self._unsigned[rule.id])),
                    )
                )
        return tuple(sorted(found, key=lambda one: (one.enforce_from, one.rule)))

    def hear(
        self,
        rule: Rule,
        dataset: Dataset,
        reach: Sequence[Placement],
        classification: Classification,
        by_id: Mapping[str, Dataset],
    ) -> None:
        question, entity = self._question, classification.entity
        for number, obligation in enumerate(rule.oblige):
            condition = when(obligation, classification)
            if condition is Verdict.NOT_APPLICABLE:
                continue
            if obligation.kind in ON_PLACEMENTS:
                for placement in dataset.placements:
                    outcome = due(condition, on_placement(obligation, placement, entity, question))
                    self._keep(rule, obligation, placement.subject, outcome, dataset, classification, placement)
            elif obligation.kind in ON_DATASETS:
                outcome = due(condition, on_dataset(obligation, dataset, reach, classification, question))
                self._keep(rule, obligation, f"dataset|{dataset.id}", outcome, dataset, classification)
            elif obligation.kind == "logs_in":
                names = _matching(rule.applies.classes, classification)
                if _is_of_logs(dataset, by_id, names, classification):
                    continue
                self._rules[rule.id, number] = rule, obligation
                outcome = due(condition, on_logs(obligation, dataset, reach, entity, question))
                for name in names or ["ANY"]:
                    self._logs[rule.id, number, dataset.account, name].append((dataset, classification, outcome))
            else:
                self._rules[rule.id, number] = rule, obligation
                self._entities[rule.id, number, entity].append((dataset, classification))

    def close(self) -> tuple[tuple[Finding, ...], frozenset[tuple[str, str, str]]]:
        """Findings, worst first by id, and what was found met."""
        for (rule_id, number, account, name), heard in sorted(self._logs.items(), key=lambda item: item[0]):
            rule, obligation = self._rules[rule_id, number]
            cases = [(dataset, one, self._let_be(rule, dataset, outcome)) for dataset, one, outcome in heard]
            worst = max(cases, key=lambda case: (case[2].verdict, case[0].id))
            short = [case for case in cases if case[2].verdict is worst[2].verdict]
            outcome = worst[2]
            for dataset, _, said in cases:
                self.note(rule, dataset, said.verdict)
            if outcome.verdict > Verdict.EXEMPT:
                because = f"Stores of {name} in account {account} fall short, among them this: {outcome.because}"
                outcome = Outcome(outcome.verdict, because)
            subject = f"logs|{account}|{name}"
            seen_in = {look for dataset, one, _ in cases for look in _seen_in(dataset, None, one)}
            self._keep(
                rule, obligation, subject, outcome, worst[0], worst[1], count=len(short), seen_in=sorted(seen_in)
            )
        for (rule_id, number, entity), stated in sorted(self._entities.items(), key=lambda item: item[0]):
            rule, obligation = self._rules[rule_id, number]
            outcome = on_entity(obligation, entity, [dataset for dataset, _ in stated], self._question)
            subject = f"entity|{entity}|{statement_asked(obligation)}"
            if outcome.verdict is Verdict.REVIEW:
                self._unsigned[rule.id].add(obligation.id)
            elif outcome.verdict is Verdict.UNKNOWN:
                for dataset, _ in stated:
                    if any(placement.country is None for placement in dataset.placements):
                        self.note(rule, dataset, Verdict.UNKNOWN)
            self._keep(rule, obligation, subject, outcome, None, stated[0][1], count=len(stated))
        findings = tuple(self._findings[name] for name in sorted(self._findings))
        failing = {(finding.rule, finding.keyword, finding.subject) for finding in findings}
        return findings, frozenset(self._met - failing)

    def _let_be(self, rule: Rule, dataset: Dataset, outcome: Outcome) -> Outcome:
        """A store of logs that falls short and is exempt by itself counts for nothing among those of its account."""
        if outcome.verdict is not Verdict.VIOLATION:
            return outcome
        granted = _exemption(rule, dataset, None, self._question)
        if granted and granted.basis in _EXEMPTING:
            return Outcome(Verdict.EXEMPT, f"Exempt until {granted.until} by {granted.id}: {granted.reason}")
        return outcome

    def _keep(
        self,
        rule: Rule,
        obligation: Obligation,
        subject: str,
        outcome: Outcome,
        dataset: Dataset | None,
        classification: Classification,
        placement: Placement | None = None,
        *,
        count: int = 1,
        seen_in: Sequence[str] = (),
    ) -> None:
        if outcome.verdict is Verdict.NOT_APPLICABLE:
            return
        if outcome.verdict is Verdict.PASS:
            self._met.add((rule.id, obligation.kind, subject))
            if dataset and rule.id in self._tell:
                self.note(rule, dataset, Verdict.PASS)
            return
        finding = self._finding(rule, obligation, subject, outcome, dataset, classification, placement, count)
        if seen_in:
            finding = replace(finding, seen_in=tuple(seen_in))
        elif dataset:
            self.note(rule, dataset, finding.verdict)
        other = self._findings.get(finding.id)
        if other is None or (other.verdict, other.because) < (finding.verdict, finding.because):
            self._findings[finding.id] = finding

    def _finding(
        self,
        rule: Rule,
        obligation: Obligation,
        subject: str,
        outcome: Outcome,
        dataset: Dataset | None,
        classification: Classification,
        placement: Placement | None,
        count: int,
    ) -> Finding:
        question = self._question
        patterns = obligation.classes if obligation.kind == "no_such_data" else rule.applies.classes
        classes = tuple(_matching(patterns, classification))
        evidence = [one for one in classification.classes if one.name in classes]
        sure = confidence(evidence) if evidence and "ANY" not in patterns else "declared"
        verdict, because = outcome.verdict, outcome.because
        if verdict is Verdict.VIOLATION and sure == "name":
            verdict, because = Verdict.REVIEW, f"Needs a look: only a name suggests the class. {because}"
        exemption = ""
        if in_time(rule, verdict, question.as_of) in (Verdict.VIOLATION, Verdict.UPCOMING):
            # An account's logs are many datasets: an exemption of one of them does not lift the others.
            granted = _exemption(rule, dataset, placement, question, whole=obligation.kind != "logs_in")
            if granted:
                exemption = granted.id
                if granted.basis in _EXEMPTING:
                    verdict = Verdict.EXEMPT
                    because = f"Exempt until {granted.until} by {granted.id}: {granted.reason} {because}"
        verdict = in_time(rule, verdict, question.as_of)
        if verdict is Verdict.UPCOMING:
            because = f"From {rule.enforce_from} on: {because}"
        elif verdict is Verdict.VIOLATION and rule.enforce_from:
            because = f"{because} The rule binds since {rule.enforce_from}."
        elif verdict is Verdict.ADVISORY and rule.id in self._replaced:
            heir = self._replaced[rule.id]
            since = f" since {heir.enforce_from}" if heir.enforce_from else ""
            because = f"Replaced by {heir.id}{since}: {because}"
        entity = next((one for one in question.organisation.entities if one.id == classification.entity), None)
        origins = [
            type(one)(f"origin:{one.name}", one.source, one.detail)
            for one in classification.origins
            if geography.within(one.name, rule.applies.origins)
        ]
        channel = question.vocabulary.channels.get(placement.channel) if placement else None
        remedy = [channel.stop] if channel else []
        if rule.instead:
            remedy.append(rule.instead)
        return Finding(
            id=violation_id(rule.id, obligation.kind, subject),
            rule=rule.id,
            rule_version=rule.version,
            policy=rule.policy,
            keyword=obligation.kind,
            subject=subject,
            verdict=verdict,
            severity=severity_of(rule, obligation.kind, verdict),
            because=because,
            remedy=" ".join(remedy),
            citation=rule.cite[0] if rule.cite else "",
            confidence=sure,
            entity=classification.entity,
            owner=entity.owner if entity else "",
            account=placement.account if placement and placement.account else (dataset.account if dataset else ""),
            dataset=dataset,
            placement=placement,
            classes=classes,
            class_evidence=(*evidence, *origins),
            seen_in=_seen_in(dataset, placement, classification),
            exemption=exemption,
            trial=rule.trial,
            enforced=binds(rule, question.as_of),
            enforce_from=rule.enforce_from,
            count=count,
        )


def _seen_in(dataset: Dataset | None, placement: Placement | None, classification: Classification) -> tuple[str, ...]:
    """The looks a finding rests on: where its place was seen and where its classes were."""
    looks = set(placement.seen_in) if placement else set()
    if dataset and not placement:
        looks.update(look for one in dataset.placements for look in one.seen_in)
    looks.update(classification.seen_in)
    return tuple(sorted(looks))


def _exemption(
    rule: Rule, dataset: Dataset | None, placement: Placement | None, question: Question, *, whole: bool = True
) -> Exemption | None:
    """The permission that covers a subject on the day, exempting ones before those that only mute. `whole`: the
    dataset is all there is to the subject."""
    names = _names_of(placement) if placement else ()
    covering = [
        one
        for one in question.organisation.exemptions
        if one.rule == rule.id
        and one.since <= question.as_of <= one.until
        and (not one.resource or one.resource in names)
        and (not one.dataset or (whole and dataset is not None and one.dataset == dataset.id))
        and (not one.account or one.account == (placement.account if placement else dataset.account if dataset else ""))
    ]
    return min(covering, key=lambda one: (one.basis not in _EXEMPTING, one.id), default=None)


def _names_of(placement: Placement) -> set[str]:
    """What an exemption may name a placement by: the id of what stands by itself, the whole subject of the others.
    The id of one copy, or of what all were taken of, would cover more, or less, from night to night."""
    return {placement.subject, placement.subject.removeprefix("resource|")}
