"""The organisation file of a deployment: what another one would change, how it is fetched and how it is put there.

It lies with its policy files in a place that may keep versions. It is written last: it is what makes a version. While
files that belong together are written, a mark beside them says so, and scans wait or keep to the last good ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from difflib import unified_diff
from pathlib import Path
from secrets import token_hex
from typing import Final

from msgspec import Struct

from domicile import bootstrap, organisation, yamltext
from domicile.blobs import Blob, Blobs, open_blobs
from domicile.bootstrap import DEFAULT_FILE, MARK, NOT_BESIDE, UNDER_WAY, Setup
from domicile.classify import kept_tags
from domicile.deployed import CONFIGURATION, GOOD
from domicile.errors import Conflict, UsageError
from domicile.model import SEVERITIES, Finding, Inventory, Judgement, Organisation, Scan, Verdict, Vocabulary
from domicile.scan import Weighed, weigh
from domicile.steps import Closing, Desk, Task, assemble
from domicile.telling import place, tail

MOST: Final = 40
"""Verdicts listed one by one."""
_YAML: Final = "application/yaml"
_DIGITS: Final = 6


class Files(Struct, frozen=True):
    """An organisation file and the policy files it names: what they say, and each text by its name in a deployment."""

    setup: Setup
    texts: dict[str, str]


class Deployed(Struct, frozen=True):
    """What was seen where a deployment reads. `setup` is what its scans judge by; while `mistake` says why they cannot
    use what is there, that is the last good file, if there ever was one."""

    setup: Setup | None
    mistake: str
    named: tuple[str, ...]
    seen: dict[str, Blob | None]

    def text(self, name: str) -> str | None:
        blob = self.seen.get(name)
        return None if blob is None else blob.content.decode(errors="backslashreplace")

    def lacks(self, here: Files) -> list[str]:
        """The files that a push would write anew."""
        names = [name for name, text in here.texts.items() if self.text(name) != text]
        # One that was cut short is pushed to its end.
        return names or ([DEFAULT_FILE] if self.named and _half(self.seen[MARK]) else [])


class Fetched(Struct, frozen=True):
    """What to write down of a deployed version, by name, and what to say of it."""

    version: str
    contents: dict[str, bytes]
    notes: tuple[str, ...]


class Turn(Struct, frozen=True):
    """One verdict that would be another one."""

    rule: str
    what: str
    where: str
    was: str
    would_be: str
    breach: int
    """1 when a breach begins, -1 when one ends or is muted."""
    unclear: int
    rank: int

    @property
    def row(self) -> dict[str, str]:
        return {
            "rule": self.rule,
            "what": self.what,
            "where": self.where,
            "was": self.was,
            "would be": self.would_be,
        }


class Consequences(Struct, frozen=True):
    """What the last scan would have said with another file. `notes` are what it cannot say."""

    scan: Scan
    as_of: date
    turns: tuple[Turn, ...]
    waiting: tuple[Turn, ...]
    settled: int
    gaps: int
    notes: tuple[str, ...]

    @property
    def begun(self) -> int:
        return sum(turn.breach > 0 for turn in self.turns)

    @property
    def proven(self) -> bool:
        """Whether nothing is left open that was not so before."""
        return not (self.notes or self.waiting or any(turn.unclear > 0 for turn in self.turns))

    @property
    def rows(self) -> list[dict[str, str]]:
        """What gets worse comes first."""
        turns = sorted((*self.turns, *self.waiting), key=lambda turn: (turn.breach < 1, turn.unclear < 1))
        return [turn.row for turn in turns]

    @property
    def lines(self) -> list[str]:
        """The counts."""
        breach = Counter(turn.breach for turn in self.turns)
        unclear = Counter(turn.unclear for turn in self.turns)
        other = sum(not turn.breach and not turn.unclear for turn in self.turns)
        seen = f"what scan {self.scan.number} of {self.scan.as_of} saw, judged as of {self.as_of}"
        return [
            f"What would change in {seen}:",
            f"  breaches: {breach[1]} new, {breach[-1]} ended or muted",
            f"  cannot be told, or need a look: {unclear[1]} new, {unclear[-1]} fewer",
            f"  datasets not classified: {len(self.waiting)} new, {self.settled} fewer",
            f"  other verdicts: {other}",
            *([f"  gaps, where neither can judge: {self.gaps}"] if self.gaps else []),
        ]


def place_of(url: str) -> Blobs:
    try:
        return open_blobs(url)
    except ModuleNotFoundError as error:
        cloud = "azure" if url.startswith("azblob:") else "aws"
        raise UsageError(f"{error.name} is not installed: pip install 'domicile[{cloud}]'") from error


def key(name: str) -> str:
    return f"{CONFIGURATION}/{name}"


# Reading


def local(path: Path) -> Files:
    """An organisation file here, with all that a deployment asks of it. Raises UsageError."""
    text = bootstrap.read_text(path)
    texts = {DEFAULT_FILE: text}

    def read(name: str) -> tuple[str, str]:
        if not bootstrap.is_beside(name):
            raise yamltext.parse(text, str(path)).error(f"{NOT_BESIDE}, not {name[:60]!r}", "policy_files")
        texts[name] = bootstrap.read_text(path.parent / name)
        return texts[name], str(path.parent / name)

    setup = bootstrap.setup_of(text, str(path), read, path)
    bootstrap.day_of(bootstrap.now(), setup.organisation)
    return Files(setup, texts)


def deployed(blobs: Blobs, also: Iterable[str] = ()) -> Deployed:
    """What lies where a deployment reads; `also` are further names to look at."""
    seen = {name: blobs.look(key(name)) for name in (MARK, DEFAULT_FILE)}
    there = seen[DEFAULT_FILE]
    named = _named(there.content) if there else ()
    seen |= {name: blobs.look(key(name)) for name in sorted({*named, *also} - {DEFAULT_FILE})}
    setup, mistake = None, ""
    if there:
        contents = {name: blob.content for name, blob in seen.items() if blob and name != MARK}
        try:
            setup = _setup(contents)
            bootstrap.day_of(bootstrap.now(), setup.organisation)
        except UsageError as error:
            setup, mistake = None, str(error)
        if named and _half(seen[MARK]):
            setup, mistake = None, "somebody is pushing just now, or was cut short"
    if setup is None and blobs.read(f"{GOOD}/{DEFAULT_FILE}") is not None:
        # A version of domicile that is newer may take it for a mistake; a scan would have none to use.
        with suppress(UsageError):
            setup, _ = bootstrap.setup_in(blobs, GOOD)
    return Deployed(setup, mistake, named, seen)


def fetched(blobs: Blobs, version: str = "") -> Fetched:
    """A deployed organisation file, good or bad, with the policy files that lay beside it when it was written."""
    blob = blobs.look(key(DEFAULT_FILE), version=version)
    if blob is None:
        what = "has no such version" if version else "is not there: nothing was pushed yet"
        raise UsageError(what, path=key(DEFAULT_FILE))
    contents, notes = {DEFAULT_FILE: blob.content}, []
    for name in _named(blob.content):
        beside = blobs.look_back(key(name), blob.written_at) if version else blobs.look(key(name))
        if beside is None:
            notes.append(f"it names {name}, which is not there")
        else:
            contents[name] = beside.content
    if not version and len(contents) > 1 and _half(blobs.look(key(MARK))):
        notes.append("somebody is pushing just now, or was cut short: these files may not belong together")
    try:
        _setup(contents)
    except UsageError as mistake:
        notes.append(f"scans would not use it as it is: {mistake}")
    return Fetched(blob.version, contents, tuple(notes))


def keep(fetched: Fetched, file: Path, *, force: bool) -> dict[Path, bool]:
    """Write down what was fetched: the organisation file as `file`, the others beside it. Says of each whether it was
    written or was so already. Raises UsageError, and writes nothing, when one is here and differs."""
    if file.name != DEFAULT_FILE and file.name in fetched.contents:
        raise UsageError("is the name of a policy file that is fetched too", path=str(file))
    contents = {file.parent / name: content for name, content in fetched.contents.items() if name != DEFAULT_FILE}
    contents[file] = fetched.contents[DEFAULT_FILE]
    try:
        there = {path: path.read_bytes() for path in contents if path.exists()}
        stale = {path: _lines(there.get(path)) != _lines(content) for path, content in contents.items()}
        if differing := [str(path) for path in there if stale[path] and not force]:
            more = f", and so does {' and '.join(differing[1:])}" if differing[1:] else ""
            raise UsageError(f"differs here{more}; nothing was written; --force overwrites", path=differing[0])
        for path, content in contents.items():
            if stale[path]:
                path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror or error}", path=str(error.filename or file)) from error
    return stale


def _lines(content: bytes | None) -> bytes | None:
    """A text without what differs between systems."""
    return None if content is None else content.replace(b"\r\n", b"\n")


def _setup(contents: dict[str, bytes]) -> Setup:
    return bootstrap.setup_of(*_text(contents, DEFAULT_FILE), lambda name: _text(contents, name))


def _half(mark: Blob | None) -> bool:
    return mark is not None and mark.content.startswith(UNDER_WAY)


def _text(contents: dict[str, bytes], name: str) -> tuple[str, str]:
    if name not in contents:
        raise UsageError("is not there" if bootstrap.is_beside(name) else NOT_BESIDE, path=key(name))
    return bootstrap.decoded(contents[name], key(name)), key(name)


def _named(content: bytes) -> tuple[str, ...]:
    """The policy files that an organisation file names and that can lie beside it, whatever else is wrong with it."""
    try:
        data = yamltext.parse(bootstrap.decoded(content, DEFAULT_FILE), DEFAULT_FILE).data
    except UsageError:
        return ()
    named = data.get("policy_files") if isinstance(data, dict) else None
    listed = named if isinstance(named, list) else [named]
    return tuple(dict.fromkeys(name for name in listed if isinstance(name, str) and bootstrap.is_beside(name)))


# Telling


def text_diff(there: Deployed, here: Files, name: str) -> Iterator[str]:
    texts = there.text(name), here.texts[name]
    before, after = ([] if text is None else text.removesuffix("\n").split("\n") for text in texts)
    return unified_diff(before, after, f"deployed {name}", f"{name} here", lineterm="")


def text_counts(there: Deployed, here: Files) -> list[str]:
    counts = []
    for name in there.lacks(here):
        first = Counter(line[:1] for line in list(text_diff(there, here, name))[2:])
        counts.append(f"{name}: lines added {first['+']}, removed {first['-']}")
    return counts


def consequences(blobs: Blobs, there: Setup | None, here: Setup) -> Consequences | None:
    """What the last scan that is still kept would have said by another file, today; None when none is kept."""
    desk = _last(blobs)
    if desk is None:
        return None
    scan, inventory = desk.take("scan", Scan), assemble(desk)
    vocabulary = _vocabulary(scan)
    now = bootstrap.now()
    today = bootstrap.day_of(now, here.organisation)

    def judged(setup: Setup) -> Weighed:
        return weigh(inventory, vocabulary, setup.organisation, setup.rules, as_of=today, now=now)

    before, after = judged(there or Setup(Organisation(), (), {})), judged(here)
    waited, waiting = ({one.dataset.id: one for one in some.judgement.unclassified} for some in (before, after))
    # Every collector of a scan is told to keep the same.
    tasks = (one for one in blobs.keys(desk.key("accounts/")) if one.endswith("/task"))
    kept = next((desk.take(one.removeprefix(f"{desk.prefix}/"), Task).keep_tags for one in tasks), frozenset())
    return Consequences(
        scan=scan,
        as_of=today,
        turns=tuple(turns(before.judgement, after.judgement)),
        waiting=tuple(
            Turn(
                rule=", ".join(waiting[one].would_break),
                what=f"dataset {waiting[one].dataset.name or tail(one)}",
                where=f"account {waiting[one].dataset.account}",
                was="",
                would_be=f"not classified ({', '.join(waiting[one].missing)} missing)",
                breach=0,
                unclear=1,
                rank=0,
            )
            for one in sorted(waiting.keys() - waited.keys())
        ),
        settled=len(waited.keys() - waiting.keys()),
        gaps=len(after.gaps),
        notes=tuple(_untold(there.organisation if there else Organisation(), here.organisation, inventory, kept)),
    )


def _vocabulary(scan: Scan) -> Vocabulary:
    try:
        return bootstrap.vocabulary_of(scan.providers)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{error.name} is not installed: pip install 'domicile[{','.join(scan.providers)}]'"
        ) from error


def _last(blobs: Blobs) -> Desk | None:
    """The newest scan that was judged."""
    desks = (Desk(blobs, number) for number in _scans(blobs))
    return next((desk for desk in desks if desk.get("settle/closing", Closing | None) is not None), None)


def _scans(blobs: Blobs, digits: str = "") -> Iterator[int]:
    """Numbers of the scans that are kept, newest first. Found digit by digit: each may have left many thousand keys."""
    if len(digits) == _DIGITS:
        yield int(digits)
        return
    for digit in "9876543210":
        if next(iter(blobs.keys(f"scans/{digits}{digit}")), None) is not None:
            yield from _scans(blobs, digits + digit)


def turns(before: Judgement, after: Judgement) -> list[Turn]:
    """The verdicts that differ between two judgements of the same data, breaches first."""
    was, is_ = ({one.id: one for one in judgement.findings} for judgement in (before, after))
    found = []
    for one in {**was, **is_}.values():
        old, new = was.get(one.id), is_.get(one.id)
        words = [_standing(finding, judgement, one) for finding, judgement in ((old, before), (new, after))]
        if words[0] != words[1]:
            found.append(
                Turn(
                    rule=one.rule,
                    what=_what(one),
                    where=_where(one),
                    was=words[0],
                    would_be=words[1],
                    breach=_breaks(new) - _breaks(old),
                    unclear=_unclear(new) - _unclear(old),
                    rank=SEVERITIES.index(one.severity),
                )
            )
    return sorted(found, key=lambda turn: (turn.breach == 0, turn.rank, turn.rule, turn.where, turn.what))


def _breaks(finding: Finding | None) -> bool:
    return bool(finding and finding.verdict is Verdict.VIOLATION and finding.enforced and not finding.exemption)


def _unclear(finding: Finding | None) -> bool:
    return bool(finding and finding.verdict in (Verdict.REVIEW, Verdict.UNKNOWN) and finding.enforced)


def _standing(finding: Finding | None, judgement: Judgement, one: Finding) -> str:
    """A verdict in a few words; where there is no finding, why there is none."""
    if finding is None:
        if one.rule not in judgement.rules:
            return "not judged"
        if (one.rule, one.keyword, one.subject) in judgement.met:
            return "pass"
        return "not classified" if (one.rule, one.subject) in judgement.open_questions else "not applicable"
    muted = finding.exemption if finding.verdict is not Verdict.EXEMPT else ""
    return (
        (f"{finding.severity} " if finding.verdict >= Verdict.VIOLATION else "")
        + str(finding.verdict)
        + (f", muted by {muted}" if muted else "")
        + (", on trial" if finding.trial else "")
    )


def _what(finding: Finding) -> str:
    kind, _, rest = finding.subject.partition("|")
    held = finding.placement
    match kind:
        case "set" | "implied":
            return f"{held.kind if held else 'copy'} of {tail(rest.split('|', 1)[0])}"
        case "dataset":
            return f"dataset {tail(rest)}"
        case "logs":
            return f"logs of account {finding.account}"
        case "entity":
            return rest.replace("|", ": ")
        case _:
            return (held.resource_name if held else "") or tail(rest)


def _where(finding: Finding) -> str:
    held = finding.placement
    region = held.location.region if held and held.location else ""
    where = place((held.country or "") if held else "", region)
    account = f"account {finding.account}" if finding.account else ""
    return ", ".join(part for part in (where, account) if part)


def _untold(before: Organisation, after: Organisation, inventory: Inventory, kept: frozenset[str]) -> Iterator[str]:
    """What a scan by the old file cannot say of the new one."""
    if unkept := sorted(kept_tags(after) - kept):
        yield f"the last scan kept no tags with the key {', '.join(unkept)}: what they say comes with the next"
    if before.scope != after.scope:
        yield "the scope is another: what it newly lets in was not looked at, what it leaves out is still judged here"
    if organisation.claims_units(after):
        if not any(account.path for account in inventory.accounts):
            yield "the last scan did not ask in which unit an account is: who owns it by its unit comes with the next"
        try:
            organisation.require_units(after, inventory.accounts)
        except UsageError as mistake:
            yield f"{mistake}, as far as the last scan saw; scans refuse a file that names a unit without accounts"


# Writing


def push(blobs: Blobs, here: Files, there: Deployed) -> str:
    """Put files where a deployment reads, unless somebody else did since they were looked at. Returns the version."""
    together = len(here.texts) > 1 or bool(there.named)
    try:
        mark = _mark(blobs, there) if together else None
        for name in there.lacks(here):
            if name != DEFAULT_FILE:
                blobs.replace(key(name), here.texts[name].encode(), there.seen.get(name), media_type=_YAML)
        text = here.texts[DEFAULT_FILE].encode()
        version = blobs.replace(key(DEFAULT_FILE), text, there.seen[DEFAULT_FILE], media_type=_YAML)
        if mark:
            done = mark.content.replace(UNDER_WAY, b"done, begun", 1)
            blobs.replace(key(MARK), done, mark, media_type="text/plain")
    except Conflict as conflict:
        raise Conflict(f"{conflict}: somebody else is pushing too; see `domicile config diff`") from conflict
    return version


def _mark(blobs: Blobs, there: Deployed) -> Blob:
    """Say that files are being written. Nobody else can, from what they saw before."""
    # No two pushes leave the same mark, or one might pass unnoticed by a scan that reads meanwhile.
    said = UNDER_WAY + f" since {bootstrap.now().isoformat()} ({token_hex(4)})\n".encode()
    blobs.replace(key(MARK), said, there.seen[MARK], media_type="text/plain")
    mark = blobs.look(key(MARK))
    if mark is None or mark.content != said:
        raise Conflict(f"{key(MARK)} is not what was written there")
    return mark
