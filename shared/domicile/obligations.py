"""The ten keywords: what each asks of its subject, and the sentence that says how it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final

from msgspec import Struct

from domicile import geography, taxonomy
from domicile.model import (
    ANYWHERE,
    GLOBAL,
    NEVER_EXPIRES,
    Cell,
    Classification,
    Dataset,
    Gap,
    Keyword,
    Limit,
    Location,
    Looks,
    Obligation,
    Organisation,
    Placement,
    PlacementKind,
    Statement,
    Verdict,
    Vocabulary,
)

ON_PLACEMENTS: Final[frozenset[Keyword]] = frozenset({"only_in", "not_in", "approved_in", "encrypted"})
ON_DATASETS: Final[frozenset[Keyword]] = frozenset({"copy_in", "backup_in", "no_such_data"})
ON_ENTITIES: Final[frozenset[Keyword]] = frozenset({"attest", "disclose_location"})

DETERMINATION: Final = "Found by inventory; not a legal determination."

_PASSED_ON: Final[tuple[PlacementKind, ...]] = ("replica", "processing", "export")
_KINDS: Final[Mapping[Keyword, tuple[PlacementKind, ...]]] = {"backup_in": ("backup",), "logs_in": ("log",)}
_SHOWN: Final = 120


class Question(Struct, frozen=True, dict=True):
    """What every judgement needs to know besides rule and subject. Ages count from `now`."""

    organisation: Organisation
    vocabulary: Vocabulary
    looks: Looks
    as_of: date
    now: datetime

    @cached_property
    def unseen(self) -> Unseen:
        return Unseen(self.looks, self.vocabulary)


class Unseen:
    """What was not looked at, found by what it may hide: there may be very many gaps, and very many ask for them."""

    def __init__(self, looks: Looks, vocabulary: Vocabulary) -> None:
        tag_looks = {kind.tags_look for kind in vocabulary.types.values()}
        self._whole: list[tuple[int, Gap]] = []
        self._parts: dict[str, list[tuple[int, Gap]]] = defaultdict(list)
        for number, gap in enumerate(looks.gaps):
            if gap.listing not in tag_looks:
                # One question about one resource hides only copies of that resource and of what it holds, wherever
                # they are.
                (self._parts[gap.resource_id] if gap.part else self._whole).append((number, gap))
        self._limits = [one for one in looks.limits if one.reason in ("blind-to", "skipped-by-config")]
        self._first: dict[tuple[str, tuple[str, ...]], tuple[int, Gap] | None] = {}
        self._left_out: dict[tuple[str, tuple[str, ...], tuple[str, ...], frozenset[str]], str] = {}

    def gap(self, dataset: Dataset, places: tuple[str, ...]) -> Gap | None:
        """The first gap that could hide data of a dataset in some places."""
        provider = dataset.provider
        if (provider, places) not in self._first:
            hiding = (one for one in self._whole if _could_hold(one[1].cell, provider, places))
            self._first[provider, places] = next(hiding, None)
        first = self._first[provider, places]
        asked = {name for member in dataset.members for name in _within(member)} & self._parts.keys()
        found = [one for name in asked for one in self._parts[name]]
        found = [one for one in found if not _elsewhere(one[1].cell, provider)] + ([first] if first else [])
        return min(found)[1] if found else None

    def left_out(self, dataset: Dataset, places: tuple[str, ...], kinds: tuple[str, ...]) -> str:
        """The first limit that could hide placements of some kinds in some places, in words."""
        services = frozenset(
            one.resource_type.split(".")[1] for one in dataset.placements if one.resource_type.count(".") > 1
        )
        key = dataset.provider, places, kinds, services
        if key not in self._left_out:
            said = (_left_out(limit, *key) for limit in self._limits)
            self._left_out[key] = next((one for one in said if one), "")
        return self._left_out[key]


class Outcome(Struct, frozen=True):
    verdict: Verdict
    because: str = ""


MET: Final = Outcome(Verdict.PASS)
NOT_DUE: Final = Outcome(Verdict.NOT_APPLICABLE)


def when(obligation: Obligation, classification: Classification) -> Verdict:
    """PASS when the obligation is due, NOT_APPLICABLE when not, UNKNOWN when nobody has counted the people."""
    condition = obligation.when
    if condition is None:
        return Verdict.PASS
    if not set(condition.tags) <= classification.facts or set(condition.not_tags) & classification.facts:
        return Verdict.NOT_APPLICABLE
    if condition.min_subjects is not None:
        if classification.subjects is None:
            return Verdict.UNKNOWN
        if classification.subjects < condition.min_subjects:
            return Verdict.NOT_APPLICABLE
    return Verdict.PASS


def due(condition: Verdict, outcome: Outcome) -> Outcome:
    """An outcome under a condition that may be unknown: what is no breach anyhow stands, the rest cannot be told."""
    if condition is Verdict.UNKNOWN and outcome.verdict > Verdict.EXEMPT:
        return Outcome(Verdict.UNKNOWN, "Cannot tell: the number of people in this dataset is not stated.")
    return outcome


def on_placement(obligation: Obligation, placement: Placement, entity: str, question: Question) -> Outcome:
    """`only_in, not_in, approved_in, encrypted` on one placement."""
    if obligation.copies and placement.kind not in obligation.copies:
        return NOT_DUE
    if obligation.kind == "encrypted":
        return _waived(obligation, _encrypted(obligation, placement), entity, question)
    return _waived(obligation, _placed(obligation, placement, entity, question), entity, question)


def on_dataset(
    obligation: Obligation,
    dataset: Dataset,
    reach: Sequence[Placement],
    classification: Classification,
    question: Question,
) -> Outcome:
    """`copy_in, backup_in, no_such_data` on a dataset; `reach` is where its data is, with what it feeds."""
    if obligation.kind == "no_such_data":
        outcome = _no_such_data(obligation, dataset, classification)
    else:
        outcome = _some(obligation, dataset, reach, question)
    return _waived(obligation, outcome, classification.entity, question)


def on_logs(
    obligation: Obligation, dataset: Dataset, reach: Sequence[Placement], entity: str, question: Question
) -> Outcome:
    """`logs_in` on one store of logs; an account's stores are counted together by the judge."""
    kinds = obligation.copies or _KINDS["logs_in"]
    days = obligation.min_days or 0
    here = [one for one in reach if one.kind in kinds and _inside(one, obligation) is not False]
    enough = [{_inside(one, obligation), _kept(one, days)} for one in here]
    if {True} in enough:
        return MET
    if any(False not in answers for answers in enough):
        return Outcome(Verdict.UNKNOWN, f"Cannot tell: country or retention of {_name(dataset.name)} is not known.")
    # What logs are passed on to holds them all the same: the bucket that Firehose fills from a log group.
    for one in reach:
        on = one.channel and one.kind in _PASSED_ON and one.kind not in kinds
        if on and _inside(one, obligation) is not False and _kept(one, days) is not False:
            said = f"{_name(dataset.name)} is passed on. {_subject(one)} may keep it, and for how long is not known."
            return Outcome(Verdict.UNKNOWN, f"Cannot tell: {said}")
    hiding = _hiding(obligation, dataset, question)
    if hiding:
        return Outcome(Verdict.UNKNOWN, f"Cannot tell: {hiding} was not seen, and could hold these logs.")
    kept = max((one.retention_days or 0 for one in here), default=0)
    where = "" if obligation.places == ("ANY",) else f" in {_countries(obligation.places)}"
    sentence = f"{_name(dataset.name)} is kept for {_days(kept)}{where}; {days} days are asked."
    return _waived(obligation, Outcome(Verdict.VIOLATION, sentence), entity, question)


def on_entity(obligation: Obligation, entity: str, datasets: Sequence[Dataset], question: Question) -> Outcome:
    """`attest, disclose_location`: one line for an entity, however many datasets stand behind it."""
    if obligation.kind == "attest":
        return attested(obligation.id, entity, question)
    lost = sorted(
        _name(placement.resource_name or placement.resource_id)
        for dataset in datasets
        for placement in dataset.placements
        if placement.country is None
    )
    if lost:
        return Outcome(
            Verdict.UNKNOWN, f"Cannot tell: the country of {lost[0]} is not known, and {obligation.to} must be told it."
        )
    return MET


def attested(statement_id: str, entity: str, question: Question) -> Outcome:
    """Whether somebody has signed, and the signature still holds."""
    latest: Statement | None = None
    for statement in question.organisation.statements:
        if statement.id == statement_id and statement.entity == entity and statement.on <= question.as_of:
            if question.as_of <= statement.until:
                return MET
            if latest is None or statement.until > latest.until:
                latest = statement
    if latest:
        return Outcome(Verdict.REVIEW, f"Needs a signature: {statement_id} expired on {latest.until}.")
    return Outcome(Verdict.REVIEW, f"Needs a signature: {statement_id} is not on file for {entity or 'any entity'}.")


def statement_asked(obligation: Obligation) -> str:
    return obligation.id if obligation.kind == "attest" else obligation.to


def _waived(obligation: Obligation, outcome: Outcome, entity: str, question: Question) -> Outcome:
    if (
        obligation.unless_attested
        and outcome.verdict in (Verdict.VIOLATION, Verdict.REVIEW)
        and attested(obligation.unless_attested, entity, question).verdict is Verdict.PASS
    ):
        return Outcome(Verdict.EXEMPT, f"Exempt: {obligation.unless_attested} is signed. {outcome.because}")
    return outcome


def _inside(placement: Placement, obligation: Obligation) -> bool | None:
    if "ANY" in obligation.places:
        return True
    if placement.country is None or placement.country in obligation.places:
        return None if placement.country is None else True
    # A law may tell the parts of a country apart, and a region may not say in which it lies.
    inside = f"{placement.country}-"
    parts = [one for one in obligation.places if one.startswith(inside)]
    if not parts:
        return False
    part = geography.subdivision(placement.location) if placement.location else None
    return None if part is None else part in parts


def _placed(obligation: Obligation, placement: Placement, entity: str, question: Question) -> Outcome:
    inside = _inside(placement, obligation)
    if obligation.kind == "not_in":
        if not obligation.places or inside is False:
            return MET
        if inside is None:
            return _no_country(placement)
        return Outcome(
            Verdict.VIOLATION, f"{_where(placement)}, which is on the list of places barred. {DETERMINATION}"
        )
    if inside:
        return MET
    # End-to-end encryption is never seen by the provider's API: it holds only where it is declared.
    if obligation.unless_copy and obligation.unless_copy.e2e and placement.end_to_end:
        return MET
    if inside is None:
        return _no_country(placement)
    if obligation.tolerate and placement.kind in obligation.tolerate.kinds:
        if placement.oldest_at is None:
            return Outcome(Verdict.UNKNOWN, f"Cannot tell: {_where(placement)}, and since when is not known.")
        if question.now - placement.oldest_at <= timedelta(hours=obligation.tolerate.max_hours):
            return MET
    allowed = _countries(obligation.places)
    if obligation.kind == "approved_in":
        if attested(obligation.else_attest, entity, question).verdict is Verdict.PASS:
            return MET
        return Outcome(
            Verdict.REVIEW,
            f"{_where(placement)}; outside {allowed} that needs a signature: {obligation.else_attest}.",
        )
    return Outcome(Verdict.VIOLATION, f"{_where(placement)}; only {allowed} is allowed. {DETERMINATION}")


def _encrypted(obligation: Obligation, placement: Placement) -> Outcome:
    wrong: list[str] = []
    unknown: list[str] = []
    if obligation.cmk and not placement.cmk:
        (unknown if placement.cmk is None else wrong).append("a key of the customer's own")
    if obligation.keys_in:
        countries = placement.key_countries or ("",)
        outside = [country for country in countries if country and country not in obligation.keys_in]
        if outside:
            wrong.append(f"keys only in {_countries(obligation.keys_in)} (they are in {_countries(outside)})")
        elif "" in countries:
            unknown.append("the country of its key")
    if obligation.end_to_end and not placement.end_to_end:
        wrong.append("end-to-end encryption")
    if wrong:
        return Outcome(Verdict.VIOLATION, f"{_where(placement)}, without {' and '.join(wrong)}. {DETERMINATION}")
    if unknown:
        return Outcome(Verdict.UNKNOWN, f"Cannot tell: {_where(placement)}; {' and '.join(unknown)} is not known.")
    return MET


def _some(obligation: Obligation, dataset: Dataset, reach: Sequence[Placement], question: Question) -> Outcome:
    """At least `min` copies inside, of the kinds named and, for backups, fresh."""
    kinds = obligation.copies or _KINDS.get(obligation.kind, ())
    candidates = [placement for placement in reach if not kinds or placement.kind in kinds]
    fresh = {True: 0, None: 0}
    for placement in candidates:
        # A copy of some of the data may be enough or not: nobody can tell from the rule that makes it.
        whole = None if placement.partial else True
        answers = {_inside(placement, obligation), _fresh(obligation, placement, question), whole}
        if False not in answers:
            fresh[None if None in answers else True] += 1
    if fresh[True] >= obligation.min:
        return MET
    what = " or ".join(kinds) if kinds else "copy"
    where = _countries(obligation.places)
    if fresh[True] + fresh[None] >= obligation.min:
        return Outcome(
            Verdict.UNKNOWN, f"Cannot tell: country or age of a {what} of {_name(dataset.name)} is not known."
        )
    hiding = _hiding(obligation, dataset, question)
    if hiding:
        return Outcome(
            Verdict.UNKNOWN, f"Cannot tell: {hiding} was not seen, and could hold a {what} of {_name(dataset.name)}."
        )
    age = f" that is at most {obligation.max_age_hours:g} hours old" if obligation.max_age_hours else ""
    return Outcome(Verdict.VIOLATION, f"{_name(dataset.name)} has no {what} in {where}{age}. {DETERMINATION}")


def _fresh(obligation: Obligation, placement: Placement, question: Question) -> bool | None:
    if obligation.max_age_hours is None:
        return True
    if placement.newest_at is None:
        return None
    if question.now - placement.newest_at <= timedelta(hours=obligation.max_age_hours):
        return True
    # Of a set, one copy whose age nobody told may be the fresh one.
    return None if placement.copies > 1 and placement.oldest_at is None else False


def _kept(placement: Placement, days: int) -> bool | None:
    if days == 0:
        return True
    return None if placement.retention_days is None else placement.retention_days >= days


def _no_such_data(obligation: Obligation, dataset: Dataset, classification: Classification) -> Outcome:
    found = sorted(
        {
            evidence.name
            for evidence in classification.classes
            if any(taxonomy.matches(pattern, evidence.name) for pattern in obligation.classes)
        }
    )
    if found:
        return Outcome(
            Verdict.VIOLATION,
            f"{_name(dataset.name)} holds {', '.join(found)}, which must not exist there. {DETERMINATION}",
        )
    if not classification.looked:
        return Outcome(Verdict.UNKNOWN, f"Cannot tell: not every source of classes of {_name(dataset.name)} was seen.")
    return MET


def _hiding(obligation: Obligation, dataset: Dataset, question: Question) -> str:
    """What was not looked at and could hold what seems to be missing; "" when nothing could."""
    gap = question.unseen.gap(dataset, obligation.places)
    if gap:
        return _unseen(gap)
    kinds = obligation.copies or _KINDS.get(obligation.kind, ())
    return question.unseen.left_out(dataset, obligation.places, kinds)


def _within(name: str) -> Iterator[str]:
    """A resource, and where its id is a path, all that it lies in: links are asked of the server of a database."""
    yield name
    if name.startswith("/"):
        parts = name.split("/")
        yield from ("/".join(parts[:count]) for count in range(len(parts) - 1, 1, -1))


def _elsewhere(cell: Cell, provider: str) -> bool:
    """Whether a cell is of another cloud than a dataset; a declared one may have its copies in any."""
    return provider not in (cell.provider, "declared")


def _could_hold(cell: Cell, provider: str, places: Sequence[str]) -> bool:
    if _elsewhere(cell, provider):
        return False
    if cell.region in (ANYWHERE, GLOBAL) or "ANY" in places:
        return True
    country = geography.country(Location(cell.provider, cell.region))
    return country is None or any(geography.country_of(one) == country for one in places)


def _left_out(
    limit: Limit, provider: str, places: Sequence[str], kinds: Sequence[str], services: Collection[str]
) -> str:
    if limit.reason == "blind-to" and set(limit.hides) & set(kinds) and limit.listing in services:
        return f"a {' or '.join(sorted(limit.hides))} that {limit.listing} does not show ({limit.detail})"
    if limit.reason == "skipped-by-config" and _could_hold(limit.cell, provider, places):
        return f"{limit.cell} (left out by choice)"
    return ""


def _unseen(gap: Gap) -> str:
    what = "" if gap.listing == ANYWHERE else f" {gap.listing}"
    part = f" ({gap.part} of {_name(gap.resource_id)})" if gap.part else ""
    account = gap.cell.account
    region = "" if gap.cell.region == ANYWHERE else f" in {gap.cell.region}"
    return f"account {account}{region}{what}{part}"


def _no_country(placement: Placement) -> Outcome:
    place = placement.location.region if placement.location else "a place that could not be found out"
    if placement.country:
        return Outcome(Verdict.UNKNOWN, f"Cannot tell: {_where(placement)}, and in which part of it is not known.")
    return Outcome(
        Verdict.UNKNOWN, f"Cannot tell: {_subject(placement)} is in {_name(place)}, whose country is not known."
    )


def _where(placement: Placement) -> str:
    country = geography.country_name(placement.country) if placement.country else "an unknown country"
    region = f" ({placement.location.region})" if placement.location and not placement.declared else ""
    return f"{_subject(placement)} is in {country}{region}"


def _subject(placement: Placement) -> str:
    name = _name(placement.resource_name or placement.resource_id)
    if placement.subject.startswith("set|"):
        source = placement.subject.split("|", 2)[1]
        return f"A set of {placement.kind} copies of {_name(source.rsplit(':', 1)[-1])}"
    if placement.subject.startswith("implied|"):
        return f"The {placement.kind} that {placement.channel} makes of {_name(placement.source_id.rsplit(':', 1)[-1])}"
    return f"The {placement.kind} {name}"


def _countries(codes: Iterable[str]) -> str:
    names = [geography.country_name(code) if code else "an unknown country" for code in codes]
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more countries"]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _days(days: int) -> str:
    return "ever" if days >= NEVER_EXPIRES else f"{days} days"


def _name(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
