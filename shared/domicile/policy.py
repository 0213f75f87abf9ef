"""Reads a file of rules: what laws, contracts and promises ask, with worked examples that show what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal

from msgspec import Struct, field, structs

from domicile import geography, taxonomy
from domicile.errors import UsageError
from domicile.model import Applies, Keyword, Obligation, PlacementKind, Review, Rule, Severity, Status
from domicile.yamltext import Document, Step, did_you_mean, parse, schema

Expected = Literal["not_applicable", "pass", "exempt", "review", "unknown", "violation", "upcoming", "advisory"]


class ExampleData(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The dataset of a worked example, its owner's roles and what has been signed."""

    classes: tuple[str, ...] = field(name="class")
    origins: tuple[str, ...] = field(name="origin")
    actors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    subjects: int | None = None
    attest: tuple[str, ...] = ()


class ExampleCopy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One copy in a worked example; what is left out is not known."""

    kind: PlacementKind = field(name="k")
    at: str | None = None
    age_h: float | None = None
    days: int | None = None
    e2e: bool = False
    cmk: bool | None = None
    keys: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Worked(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A worked example as it stands below its rule."""

    name: str
    data: ExampleData
    copies: tuple[ExampleCopy, ...]
    expect: Expected
    as_of: date | None = None
    override_places: tuple[str, ...] = ()


class Example(Worked, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A worked example with the rule that it is about."""

    rule: str


class Pack(Struct, frozen=True, kw_only=True):
    """A file of rules. `as_of` is the day on which its examples are judged that name none of their own."""

    id: str
    title: str
    country: str
    disclaimer: str
    verified: str
    check: str
    as_of: date | None
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...]


class RuleChange(Struct, frozen=True):
    """One thing in which two versions of a rule differ."""

    rule: str
    what: str
    was: str
    is_: str


class RuleText(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule as it is written in a file."""

    id: str
    title: str
    cite: tuple[str, ...]
    basis: tuple[Literal["V", "S", "K"], ...]
    status: Status
    applies: Applies
    oblige: tuple[Obligation, ...]
    version: int = 1
    enforce_from: date | None = None
    enforce_until: date | None = None
    replaces: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    instead: str = ""
    unsure: str = ""
    reviewed: tuple[Review, ...] = ()
    severity: Severity | None = None
    tests: tuple[Worked, ...] = ()


class PackText(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of rules as it is written."""

    id: str
    title: str
    rules: tuple[RuleText, ...]
    country: str = ""
    disclaimer: str = "Not legal advice."
    verified: str = ""
    check: str = ""
    as_of: date | None = None


_ANYWHERE_AT_ALL: Final = frozenset({"copies", "when", "unless_attested"})
_TAKES: Final[Mapping[Keyword, frozenset[str]]] = {
    "only_in": _ANYWHERE_AT_ALL | {"places", "tolerate", "unless_copy"},
    "not_in": _ANYWHERE_AT_ALL | {"places"},
    "approved_in": _ANYWHERE_AT_ALL | {"places", "tolerate", "unless_copy", "else_attest"},
    "copy_in": _ANYWHERE_AT_ALL | {"places", "min"},
    "backup_in": _ANYWHERE_AT_ALL | {"places", "min", "max_age_hours"},
    "logs_in": _ANYWHERE_AT_ALL | {"places", "min_days"},
    "encrypted": _ANYWHERE_AT_ALL | {"cmk", "keys_in", "end_to_end"},
    "disclose_location": frozenset({"to", "when"}),
    "attest": frozenset({"id", "when"}),
    "no_such_data": frozenset({"class", "when", "unless_attested"}),
}
_NEEDS: Final[Mapping[Keyword, tuple[str, ...]]] = {
    "only_in": ("places",),
    "not_in": ("places",),
    "approved_in": ("places", "else_attest"),
    "copy_in": ("places",),
    "backup_in": ("places", "max_age_hours"),
    "logs_in": ("places", "min_days"),
    "encrypted": (),
    "disclose_location": ("to",),
    "attest": ("id",),
    "no_such_data": ("class",),
}


def load(text: str, path: str) -> Pack:
    """The rules and examples of a policy file. Raises UsageError with file, line and field."""
    document = parse(text, path)
    written = document.convert(PackText)
    document.identifier(written.id, "id")
    if written.country:
        _countries(document, [written.country], "country")
    document.unique(((rule.id, ("rules", at, "id")) for at, rule in enumerate(written.rules)), "rule")
    _no_circle(document, written.rules)
    rules: list[Rule] = []
    worked: list[Example] = []
    for at, rule in enumerate(written.rules):
        rules.append(_rule(document, rule, written.id, ("rules", at)))
        tests = [Example(rule=rule.id, **structs.asdict(test)) for test in rule.tests]
        worked += _examples(document, tests, ("rules", at, "tests"), written.as_of)
    return Pack(
        id=written.id,
        title=written.title,
        country=written.country,
        disclaimer=written.disclaimer,
        verified=written.verified,
        check=written.check,
        as_of=written.as_of,
        rules=tuple(rules),
        examples=tuple(worked),
    )


def examples(text: str, path: str) -> tuple[Example, ...]:
    """A free file of worked examples: a list of `{rule, name, as_of, data, copies, expect}`."""
    document = parse(text, path)
    return tuple(_examples(document, document.convert(tuple[Example, ...]), (), None))


def changes(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> tuple[RuleChange, ...]:
    """What is new, gone or another between two sets of rules, rule by rule."""
    found: list[RuleChange] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            found.append(RuleChange(name, "new" if new else "gone", _stands(old), _stands(new)))
        elif old != new:
            found.extend(_changes(old, new))
    return tuple(found)


def json_schema() -> dict[str, Any]:
    """JSON Schema of a policy file, for editors."""
    return schema(PackText, "A domicile policy file")


def _rule(document: Document, rule: RuleText, policy: str, at: tuple[Step, ...]) -> Rule:
    document.identifier(rule.id, *at, "id")
    _not_empty(document, rule, ("cite", "basis", "oblige"), at)
    _not_empty(document, rule.applies, ("class", "origin", "actors"), (*at, "applies"))
    if rule.version < 1:
        raise document.error("versions count from 1", *at, "version")
    if rule.enforce_from and rule.enforce_until and rule.enforce_until < rule.enforce_from:
        raise document.error("lies before enforce_from", *at, "enforce_until")
    for number, replaced in enumerate(rule.replaces):
        document.identifier(replaced, *at, "replaces", number)
        if replaced == rule.id:
            raise document.error("a rule cannot replace itself", *at, "replaces", number)
    _classes(document, rule.applies.classes, (*at, "applies", "class"))
    applies = structs.replace(
        rule.applies, origins=_countries(document, rule.applies.origins, *at, "applies", "origin")
    )
    oblige = [_obligation(document, one, (*at, "oblige", number)) for number, one in enumerate(rule.oblige)]
    # The id of a violation is made of rule, keyword and subject: a keyword used twice would make two findings one.
    document.unique(
        (((one.kind, one.id or one.to), (*at, "oblige", number)) for number, one in enumerate(oblige)), "the obligation"
    )
    fields = {name: getattr(rule, name) for name in RuleText.__struct_fields__ if name != "tests"}
    return Rule(
        **fields | {"applies": applies, "oblige": tuple(oblige)},
        policy=policy,
        # Read in secondary sources only: shown, but not mailed, until somebody has reviewed it.
        trial="V" not in rule.basis and not rule.reviewed,
    )


_WORDING: Final = ("title", "cite", "basis", "evidence", "instead", "unsure", "reviewed", "policy")
_FEW: Final = 4


def _stands(rule: Rule | None) -> str:
    if rule is None:
        return ""
    asks = ", ".join(dict.fromkeys(one.kind for one in rule.oblige))
    return f"{rule.status}{f' from {rule.enforce_from}' if rule.enforce_from else ''}: {asks}"


def _changes(old: Rule, new: Rule) -> list[RuleChange]:
    found = [
        RuleChange(old.id, what, *_told(getattr(old, what), getattr(new, what)))
        for what in ("status", "enforce_from", "enforce_until", "replaces", "trial", "severity")
        if getattr(old, what) != getattr(new, what)
    ]
    found += _fields(old.id, "applies", old.applies, new.applies)
    asked, asks = ({(one.kind, one.id or one.to): one for one in rule.oblige} for rule in (old, new))
    for key in dict.fromkeys((*asked, *asks)):
        before, after = asked.get(key), asks.get(key)
        what = " ".join(key).strip()
        if before is None or after is None:
            found.append(
                RuleChange(old.id, f"{what}: {'asked now' if after else 'asked no more'}", _text(before), _text(after))
            )
        else:
            found += _fields(old.id, what, before, after)
    if old.version != new.version:
        found.append(RuleChange(old.id, "version", str(old.version), str(new.version)))
    elif found:
        found.append(RuleChange(old.id, "version", str(old.version), f"{new.version}: not raised"))
    wording = [name for name in _WORDING if getattr(old, name) != getattr(new, name)]
    if wording:
        found.append(RuleChange(old.id, "wording", "", ", ".join(wording)))
    return found


def _fields(rule: str, what: str, old: Struct, new: Struct) -> list[RuleChange]:
    return [
        RuleChange(rule, f"{what}: {name}", *_told(getattr(old, attribute), getattr(new, attribute)))
        for name, attribute in zip(old.__struct_encode_fields__, old.__struct_fields__, strict=True)
        if _unordered(getattr(old, attribute)) != _unordered(getattr(new, attribute))
    ]


def _unordered(value: object) -> object:
    return frozenset(value) if isinstance(value, tuple) else value


def _told(old: object, new: object) -> tuple[str, str]:
    """Two values in words: of long lists, how long they are and what only one of them has."""
    if isinstance(old, tuple) and isinstance(new, tuple) and max(len(old), len(new)) > _FEW:
        return _one_of_two(old, new), _one_of_two(new, old)
    return _text(old), _text(new)


def _one_of_two(one: Sequence[str], other: Sequence[str]) -> str:
    only = [item for item in one if item not in other]
    return f"{len(one)}, among them {', '.join(only)}" if only else str(len(one))


def _text(value: object) -> str:
    match value:
        case Struct():
            given = {one.encode_name: getattr(value, one.name) for one in structs.fields(value) if one.name != "kind"}
            usual = {one.encode_name: one.default for one in structs.fields(value)}
            return "; ".join(f"{name} {_text(one)}" for name, one in given.items() if one != usual[name])
        case tuple():
            return ", ".join(map(str, value))
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case None:
            return ""
        case _:
            return str(value)


def _no_circle(document: Document, rules: Sequence[RuleText]) -> None:
    """Refuse rules that replace each other, round about too: none of them would take the place of another."""
    replaces = {rule.id: set(rule.replaces) for rule in rules}
    for at, rule in enumerate(rules):
        seen: set[str] = set()
        waiting = set(rule.replaces)
        while waiting:
            seen |= waiting
            waiting = {one for name in waiting for one in replaces.get(name, ())} - seen
        if rule.id in seen - set(rule.replaces):
            raise document.error(f"{rule.id} would replace itself in the end", "rules", at, "replaces")


def _obligation(document: Document, obligation: Obligation, at: tuple[Step, ...]) -> Obligation:
    kind = obligation.kind
    given = document.keys(*at) - {"kind"}
    for name in sorted(given - _TAKES[kind]):
        raise document.error(f"{kind} does not take {name!r}{did_you_mean(name, _TAKES[kind])}", *at, name)
    for name in _NEEDS[kind]:
        if name not in given:
            raise document.error(f"{kind} needs {name!r}", *at)
        # The list of barred places may be empty: a law can provide for one before anybody is on it.
        if kind != "not_in" and _value(obligation, name) in {(), ""}:
            raise document.error(f"{kind} needs a {name!r} that is not empty", *at, name)
    if kind == "encrypted" and not (obligation.cmk or obligation.keys_in or obligation.end_to_end):
        raise document.error("encrypted needs one of 'cmk', 'keys_in' and 'end_to_end'", *at)
    for name, least in (("min", 1), ("min_days", 0), ("max_age_hours", 0)):
        if name in given and _value(obligation, name) < least:
            raise document.error(f"must be at least {least}", *at, name)
    if obligation.tolerate and obligation.tolerate.max_hours < 0:
        raise document.error("must be at least 0", *at, "tolerate", "max_hours")
    if obligation.tolerate:
        _not_empty(document, obligation.tolerate, ("kinds",), (*at, "tolerate"))
    for name in ("id", "to", "unless_attested", "else_attest"):
        if name in given:
            document.identifier(_value(obligation, name), *at, name)
    _classes(document, obligation.classes, (*at, "class"))
    return structs.replace(
        obligation,
        places=_countries(document, obligation.places, *at, "places"),
        keys_in=_countries(document, obligation.keys_in, *at, "keys_in"),
    )


def _examples(
    document: Document, written: Iterable[Example], at: tuple[Step, ...], as_of: date | None
) -> Iterable[Example]:
    written = list(written)
    document.unique(
        (((one.rule, one.name), (*at, number, "name")) for number, one in enumerate(written)), "the example"
    )
    for number, one in enumerate(written):
        here = (*at, number)
        _classes(document, one.data.classes, (*here, "data", "class"), patterns=False)
        _imaginable(document, one.data.origins, *here, "data", "origin")
        _imaginable(document, one.override_places, *here, "override_places")
        for index, copy in enumerate(one.copies):
            _imaginable(document, [] if copy.at is None else [copy.at], *here, "copies", index, "at")
            _imaginable(document, copy.keys, *here, "copies", index, "keys")
        if at and not (one.as_of or as_of):
            raise document.error("without 'as_of', here or for the file, the outcome would change with time", *here)
        yield structs.replace(one, as_of=one.as_of or as_of)


def _countries(document: Document, places: Iterable[str], *at: Step) -> tuple[str, ...]:
    """Places with their sets written out."""
    written: dict[str, None] = {}
    for number, place in enumerate(places):
        try:
            written.update(dict.fromkeys(geography.expand([place])))
        except ValueError as mistake:
            raise document.error(str(mistake), *at, number) from None
    return tuple(written)


def _imaginable(document: Document, places: Iterable[str], *at: Step) -> None:
    """Refuse what is neither a country, a part of one, nor `XX`, the country that examples may imagine."""
    known = {*geography.COUNTRIES, *geography.SUBDIVISIONS}
    for number, place in enumerate(places):
        if place not in known and place != "XX":
            near = geography.suggest(place)
            hint = f"; did you mean {near!r}?" if near in known else ""
            raise document.error(f"unknown country {place[:60]!r}{hint}", *at, number)


def _classes(document: Document, names: Iterable[str], at: tuple[Step, ...], *, patterns: bool = True) -> None:
    for number, name in enumerate(names):
        if not (taxonomy.known_pattern(name) if patterns else taxonomy.known(name)):
            raise unknown_class(document, name, *at, number)


def unknown_class(document: Document, name: str, *at: Step) -> UsageError:
    """The mistake of naming a class that does not exist."""
    near = taxonomy.suggest(name)
    hint = f"; did you mean {near!r}?" if near else "; classes of your own begin with 'x.'"
    return document.error(f"unknown class {name[:60]!r}{hint}", *at)


def _not_empty(document: Document, written: Struct, names: Iterable[str], at: tuple[Step, ...]) -> None:
    for name in names:
        if not _value(written, name):
            raise document.error("must not be empty", *at, name)


def _value(written: Struct, name: str) -> Any:
    """The value of a field by its name in the file."""
    attribute = dict(zip(written.__struct_encode_fields__, written.__struct_fields__, strict=True))[name]
    return getattr(written, attribute)
