"""Reads a YAML file somebody wrote, trusts nothing in it, and says on which line a mistake lies.

Only plain data: no anchors, no tags, one document, no key twice. `NO` and `on` are words, not booleans, and where a
text is expected, a number or a date keeps the characters it was written with (an account id its leading zero).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NoReturn, TypeVar

import msgspec
import yaml
from msgspec import Struct, inspect

from domicile.errors import UsageError

LARGEST: Final = 1024 * 1024
DEEPEST: Final = 40

T = TypeVar("T")
Step = str | int
Scalar = str | int | float | bool | date | None

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Line ends and the tab are the only control characters a text file needs; half a surrogate pair is no character.
_UNWANTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


class Node(Struct, frozen=True):
    """A value with the line it stands on; `text` is how an unquoted value was written."""

    line: int
    value: Scalar | Mapping[str, Node] | Sequence[Node]
    text: str | None = None


class Document(Struct, frozen=True):
    """A file that was read: its data, and where each piece of it stands."""

    path: str
    root: Node

    @property
    def data(self) -> Any:
        """The content as dictionaries, lists and plain values."""
        return _plain(self.root)

    def line(self, *steps: Step) -> int:
        """Line of the value these steps lead to, or of the nearest one around it."""
        return self._at(steps).line

    def keys(self, *steps: Step) -> frozenset[str]:
        """The keys that are given a value in the mapping these steps lead to."""
        node = self._at(steps)
        mapping = node.value if isinstance(node.value, dict) else {}
        return frozenset(key for key, child in mapping.items() if child.value is not None)

    def error(self, message: str, *steps: Step) -> UsageError:
        """A mistake at the value these steps lead to."""
        if steps and isinstance(steps[-1], int) and not isinstance(self._at(steps[:-1]).value, list):
            steps = steps[:-1]  # one value where a list may stand
        return UsageError(message, path=self.path, line=self.line(*steps), field=_field(steps))

    def convert(self, wanted: type[T]) -> T:
        """The content as a type, strictly: unknown keys, missing keys and other kinds of value are mistakes.

        One value may stand where a list is expected, and a key that may be left out may be left empty.
        """
        try:
            return msgspec.convert(self._fit(self.root, inspect.type_info(wanted), ()), wanted)
        except msgspec.ValidationError as mistake:
            raise self.error(" ".join(str(mistake).split())) from None

    def identifier(self, text: str, *steps: Step) -> str:
        """A name that goes into keys and commands: letters, digits, `-`, `_` and `.`, at most 80."""
        if _IDENTIFIER.fullmatch(text):
            return text
        raise self.error(f"{_quoted(text)} is not an id: use letters, digits, '-', '_' and '.', at most 80", *steps)

    def unique(self, ids: Iterable[tuple[object, Sequence[Step]]], what: str) -> None:
        """Refuse the second of two things with the same id."""
        first: dict[object, Sequence[Step]] = {}
        for key, steps in ids:
            if key in first:
                shown = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
                before = self.line(*first[key])
                raise self.error(f"{what} {_quoted(shown)} is there twice, first on line {before}", *steps)
            first[key] = steps

    def _at(self, steps: Iterable[Step]) -> Node:
        node = self.root
        for step in steps:
            match node.value, step:
                case dict() as mapping, str() if step in mapping:
                    node = mapping[step]
                case list() as items, int() if step < len(items):
                    node = items[step]
                case _:
                    break
        return node

    def _fit(self, node: Node, wanted: inspect.Type, steps: tuple[Step, ...]) -> Any:
        match wanted, node.value:
            case inspect.UnionType(), value:
                return self._fit(node, _member(wanted, value), steps)
            case inspect.StructType(), dict() as mapping:
                return dict(self._fit_fields(mapping, wanted.fields, steps))
            case inspect.DictType(), dict() as mapping:
                return {key: self._fit(child, wanted.value_type, (*steps, key)) for key, child in mapping.items()}
            case inspect.VarTupleType(), list() as items:
                return [self._fit(item, wanted.item_type, (*steps, at)) for at, item in enumerate(items)]
            case inspect.VarTupleType(), (str() | int() | float() | date()) if not isinstance(
                wanted.item_type, inspect.StructType
            ):
                return [self._fit(node, wanted.item_type, steps)]
            case inspect.LiteralType(), value if value not in wanted.values or isinstance(value, bool):
                known = [str(choice) for choice in wanted.values]
                raise self.error(f"unknown value {_shown(node)}{did_you_mean(node.text or value, known)}", *steps)
            case (
                (inspect.LiteralType(), _)
                | (inspect.StrType(), str())
                | (inspect.BoolType(), bool())
                | (inspect.DateType(), date())
                | (inspect.NoneType(), None)
            ):
                return node.value
            case (inspect.IntType(), int()) | (inspect.FloatType(), int() | float()) if not isinstance(
                node.value, bool
            ):
                return node.value
            case inspect.StrType(), int() | float() | date() if not isinstance(node.value, bool):
                return node.text
        raise self.error(f"expected {_kind(wanted)}, found {_shown(node)}", *steps)

    def _fit_fields(
        self, mapping: Mapping[str, Node], fields: Sequence[inspect.Field], steps: tuple[Step, ...]
    ) -> Iterator[tuple[str, Any]]:
        known = {field.encode_name: field for field in fields}
        for key in mapping:
            if key not in known:
                raise self.error(f"unknown key {_quoted(key)}{did_you_mean(key, known)}", *steps, key)
        for name, field in known.items():
            child = mapping.get(name)
            if child is not None and (child.value is not None or field.required):
                yield name, self._fit(child, field.type, (*steps, name))
            elif field.required:
                raise self.error(f"the key {name!r} is missing", *steps)


def parse(text: str, path: str) -> Document:
    """The one document in a text. Raises UsageError, with the line, for anything else."""
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise UsageError("is larger than 1 MiB", path=path)
    if unwanted := _UNWANTED.search(text):
        line = text.count("\n", 0, unwanted.start()) + 1
        raise UsageError(f"holds the control character U+{ord(unwanted[0]):04X}", path=path, line=line)
    builder = _Builder(path)
    try:
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=_LOADER):
            builder.take(event)
    except (yaml.YAMLError, ValueError, OverflowError) as mistake:
        mark: yaml.Mark | None = getattr(mistake, "problem_mark", None)
        problem = getattr(mistake, "problem", None) or getattr(mistake, "reason", None) or "cannot be read"
        raise UsageError(
            f"is not valid YAML: {' '.join(str(problem).split())}", path=path, line=mark.line + 1 if mark else None
        ) from None
    if builder.root is None or builder.root.value is None:
        raise UsageError("is empty", path=path)
    return Document(path, builder.root)


def schema(wanted: Any, title: str) -> dict[str, Any]:
    """JSON Schema of a file for editors, with the same leniencies as `convert`."""
    written: dict[str, Any] = _lenient(msgspec.json.schema(wanted))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title} | written


def did_you_mean(wrong: object, known: Iterable[str]) -> str:
    """The end of an error message: the nearest known word, or all of them while they are few."""
    known = sorted(known)
    if near := difflib.get_close_matches(str(wrong)[:80], known, n=1):
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(known)}" if len(known) <= 16 else ""


class _Open:
    """A mapping or a list that is being read."""

    def __init__(self, line: int, value: dict[str, Node] | list[Node]) -> None:
        self.line, self.value = line, value
        self.key: tuple[str, int] | None = None

    @property
    def step(self) -> Step | None:
        """Where the next value goes; None while a key is expected."""
        if isinstance(self.value, list):
            return len(self.value)
        return self.key[0] if self.key else None


class _Builder:
    """Makes nodes of parser events, without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: Node | None = None
        self.open: list[_Open] = []
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._refuse("holds a second document", line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._refuse("anchors and aliases (& and *) are not allowed; quote a text that begins with one", line)
        if getattr(event, "tag", None):
            self._refuse("tags (!) are not allowed; quote a text that begins with one", line)
        match event:
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if self._expects_key():
                    self._refuse("a key must be a text", line)
                if len(self.open) == DEEPEST:
                    self._refuse(f"is nested deeper than {DEEPEST} levels", line)
                self.open.append(_Open(line, {} if isinstance(event, yaml.MappingStartEvent) else []))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self.open.pop()
                self._place(Node(done.line, done.value))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if _UNWANTED.search(event.value):
            self._refuse("a text holds a control character", line)
        plain = event.style is None or event.style == ""
        value = self._resolve(event.value, line) if plain else event.value
        if not self._expects_key():
            self._place(Node(line, value, event.value if plain else None))
            return
        holder = self.open[-1]
        if not isinstance(value, str):
            self._refuse(f"a key must be a text; put {_quoted(event.value)} in quotes", line)
        elif isinstance(holder.value, dict) and value in holder.value:
            before = holder.value[value].line
            self._refuse(f"the key {_quoted(value)} is there twice, first on line {before}", line)
        else:
            holder.key = (value, line)

    def _resolve(self, text: str, line: int) -> Scalar:
        if text in {"", "~", "null"}:
            return None
        if text in {"true", "false"}:
            return text == "true"
        if _INTEGER.fullmatch(text) and not _ACCOUNT.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                self._refuse(f"{text} is not a day of the calendar", line)
        return text

    def _expects_key(self) -> bool:
        return bool(self.open) and self.open[-1].step is None

    def _place(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        holder = self.open[-1]
        if isinstance(holder.value, list):
            holder.value.append(node)
        elif holder.key:
            key, line = holder.key
            holder.value[key] = Node(line, node.value, node.text)
            holder.key = None

    def _refuse(self, message: str, line: int) -> NoReturn:
        steps = [holder.step for holder in self.open if holder.step is not None]
        raise UsageError(message, path=self.path, line=line, field=_field(steps))


def _plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(child) for key, child in node.value.items()}
    return [_plain(item) for item in node.value] if isinstance(node.value, list) else node.value


def _member(union: inspect.UnionType, value: object) -> inspect.Type:
    """The member of a union that a value is meant for; the first when none fits."""
    members = [member for member in union.types if not isinstance(member, inspect.NoneType)]
    if value is None and len(members) < len(union.types):
        return inspect.NoneType()
    shape = inspect.StructType if isinstance(value, dict) else inspect.VarTupleType if isinstance(value, list) else None
    fitting = [m for m in members if (isinstance(m, shape) if shape else not isinstance(m, inspect.StructType))]
    return (fitting or members)[0]


def _kind(wanted: inspect.Type) -> str:
    return {
        inspect.StrType: "a text",
        inspect.IntType: "a whole number",
        inspect.FloatType: "a number",
        inspect.BoolType: "true or false",
        inspect.DateType: "a date (YYYY-MM-DD)",
        inspect.VarTupleType: "a list",
    }.get(type(wanted), "keys with values")


def _shown(node: Node) -> str:
    match node.value:
        case dict():
            return "keys with values"
        case list():
            return "a list"
        case None:
            return "nothing"
        case str() as text:
            return _quoted(text)
        case _:
            return str(node.text)


def _quoted(text: str) -> str:
    """A text from the file as one harmless line."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _field(steps: Iterable[Step]) -> str:
    named = ""
    for step in steps:
        if isinstance(step, int):
            named += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z0-9_*-]{1,60}", step):
            named += f".{step}"
        else:
            named += f"[{_quoted(step)}]"
    return named.removeprefix(".")


def _lenient(written: Any) -> Any:
    if isinstance(written, list):
        return [_lenient(part) for part in written]
    if not isinstance(written, dict):
        return written
    eased = {key: _lenient(part) for key, part in written.items()}
    if eased == {"type": "string"}:
        return {"type": ["string", "number"]}
    items = eased.get("items")
    if isinstance(items, dict) and ("enum" in items or "string" in items.get("type", ())):
        alone = {key: part for key, part in eased.items() if key in {"description", "default"}}
        return alone | {"anyOf": [{"type": "array", "items": items}, items]}
    return eased


def with_entry(text: str, key: str, entry: Mapping[str, Any]) -> str:
    """The text with one more entry in the list under a key of its outermost mapping; all else, comments too, stays.

    Raises UsageError where the list is written between brackets and is not empty.
    """
    lines = text.splitlines()
    written = yaml.safe_dump([dict(entry)], sort_keys=False, allow_unicode=True, width=10_000).splitlines()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = next(((name, value) for name, value in pairs if name.value == key), None)
    if found is None:
        gap = [""] if lines and lines[-1].strip() else []
        return "\n".join([*lines, *gap, f"{key}:", *(f"  {line}" for line in written), ""])
    name, value = found
    if not isinstance(value, yaml.SequenceNode) or not value.value:
        # `exemptions:` or `exemptions: []`
        lines[name.start_mark.line : value.end_mark.line + 1] = [f"{key}:", *(f"  {line}" for line in written)]
        return "\n".join([*lines, ""])
    if value.flow_style:
        raise UsageError(f"write {key} as a list of lines that begin with a dash, so that one can be added")
    margin = " " * value.start_mark.column
    last = _last_line(value.value[-1]) + 1
    lines[last:last] = [f"{margin}{line}" for line in written]
    return "\n".join([*lines, ""])


def _last_line(node: yaml.Node) -> int:
    """The last line that something of a node is written on; marks of blocks lie beyond the comments that follow."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return max((_last_line(value) for _, value in node.value), default=node.start_mark.line)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return max((_last_line(one) for one in node.value), default=node.start_mark.line)
    # The mark of a block scalar lies at the beginning of the line after it.
    ends_before = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and node.end_mark.column == 0
    return int(node.end_mark.line) - ends_before
