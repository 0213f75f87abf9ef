"""`domicile init`: looks at the accounts, asks what no API knows, and proposes an organisation file."""

from __future__ import annotations

import json
import re
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from msgspec import Struct
from msgspec.structs import asdict, replace

from domicile import __version__, bootstrap, geography, taxonomy, yamltext
from domicile.collect import together
from domicile.commands.options import (
    AzureCloudOption,
    AzureEndpointOption,
    CloudOption,
    ConcurrencyOption,
    ExternalIdOption,
    ManagementGroupOption,
    Reach,
    RoleOption,
    clouds_of,
    print_lines,
    progress_bar,
    read_inventory,
    require_writable,
)
from domicile.discover import EVERYTHING
from domicile.errors import UsageError
from domicile.inventory import lines
from domicile.model import GLOBAL, Account, Cell, Organisation, Resource, Rule, Sighting, Tagged, Vocabulary
from domicile.policy import Pack
from domicile.providers.service import Cloud, Listing, Provider, Regions, Service
from domicile.report.safe import terminal
from domicile.scan import survey, weigh
from domicile.telling import is_shown

FEW: Final = 30
"""Of a tag key with more distinct values than these no value is kept: they are names or numbers, not classes."""
MOST_KEYS: Final = 10_000
MOST_ACCOUNTS: Final = 50
MOST_REGIONS: Final = 40
WIDTH: Final = 110

_OF_A_CLOUD: Final = ("aws:", "hidden-", "ms-resource-usage")
_LIKE_A_CLASS: Final = re.compile(
    r"class|categor|confidential|sensitiv|privacy|pii|data.?type|label|criticality|gdpr|dpdp|pci", re.IGNORECASE
)
_LIKE_AN_ORIGIN: Final = re.compile(r"origin|countr|residen|jurisdiction|sovereign|nation", re.IGNORECASE)
_BY_A_TAG: Final = re.compile(r"tag ([\w:./=+@ -]{1,128}?) of ")
_BARE: Final = re.compile(r"[a-z][a-z0-9_]*(?:[.-][a-z0-9_]+)*|[A-Z]{2}")
_FOR_NOBODY: Final = ("commitment", "lapsed", "superseded")
"""What one company promised, and what is no law or no law any more, suggests itself to nobody."""


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it; what is there already is never overwritten.")] = Path(
        bootstrap.DEFAULT_FILE
    ),
    inventory: Annotated[
        Path | None, typer.Option(help="Propose from this inventory, without a look at any account.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take what is proposed.")] = False,
    country: Annotated[
        str, typer.Option(help="Country of the organisation (ISO code).  [default: where most is]")
    ] = "",
    actor: Annotated[
        list[str] | None, typer.Option(help="Regulatory role of the organisation (repeatable), as rules name it.")
    ] = None,
    role: RoleOption = "",
    external_id: ExternalIdOption = "",
    cloud: CloudOption = None,
    management_group: ManagementGroupOption = "",
    azure_cloud: AzureCloudOption = "public",
    azure_endpoint: AzureEndpointOption = "",
    concurrency: ConcurrencyOption = 32,
) -> None:
    """Look at the accounts, ask, and propose an organisation file.

    For example `domicile init --role domicile-look`, or, without credentials, `domicile init --inventory
    domicile.inventory.jsonl --yes --country IN`. Nothing is recorded, and nothing is judged: rules that may apply are
    proposed as comments, to be read before they are adopted.

    All tag keys are looked at, in memory only. Values are kept there while a key has at most 30 of them, and written
    only where they name a class of data or you say which class they are.
    """
    if file.exists():
        raise UsageError("is there already, and is not overwritten: give another name", path=str(file))
    require_writable(file)
    if country and country not in geography.COUNTRIES:
        raise UsageError(f"--country must be a country's ISO code, not {terminal(country, 40)}")
    ask = Asker(yes=yes)
    if inventory:
        seen = of_inventory(read_inventory(inventory), str(inventory))
    else:
        reach = Reach(
            role=role,
            external_id=external_id,
            management_group=management_group,
            azure_cloud=azure_cloud,
            azure_endpoint=azure_endpoint,
        )
        seen = of_clouds(reach, clouds_of(cloud), concurrency)
    packs = bootstrap.packs()
    said = answers(ask, seen, packs, country, tuple(actor or ()))
    text = proposal(seen, said, role, bootstrap.now().date().isoformat())
    # What cannot be read back is not written.
    bootstrap.setup_of(text, str(file), lambda name: (bootstrap.read_text(Path(name)), name), file)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise UsageError("is there already, and is not overwritten: give another name", path=str(file)) from error
    print_lines(list(_told(file, seen, said)), sys.stdout)


# What there is


class Tags:
    """Keys of tags with how often each value is there; with too many values, only how many things have the key."""

    def __init__(self) -> None:
        self.values: dict[str, Counter[str]] = {}
        self.many: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, tags: Mapping[str, str]) -> None:
        with self._lock:
            for key, value in tags.items():
                if key.lower().startswith(_OF_A_CLOUD):
                    continue
                if key in self.many:
                    self.many[key] += 1
                elif key in self.values or len(self.values) < MOST_KEYS:
                    known = self.values.setdefault(key, Counter())
                    known[value] += 1
                    if len(known) > FEW:
                        self.many[key] = sum(self.values.pop(key).values())


class Seen(Struct, frozen=True, kw_only=True):
    """What a look at the accounts showed. `tagged` are keys of which an inventory says that they gave classes."""

    source: str
    accounts: Mapping[str, str]
    countries: Counter[str]
    empty: tuple[str, ...] = ()
    tags: Tags
    tagged: frozenset[str] = frozenset()
    gaps: int = 0


class Noting:
    """A provider whose tags are noted as they go by; what is kept of them is nobody else's matter."""

    def __init__(self, provider: Provider, tags: Tags) -> None:
        self._provider, self._tags = provider, tags
        self._services = tuple(
            replace(service, listings=tuple(map(self._noted, service.listings))) for service in provider.services
        )

    @property
    def name(self) -> str:
        return self._provider.name

    @property
    def services(self) -> tuple[Service, ...]:
        return self._services

    @property
    def vocabulary(self) -> Vocabulary:
        return self._provider.vocabulary

    @property
    def manner(self) -> str:
        return self._provider.manner

    def accounts(self) -> tuple[Account, ...]:
        return self._provider.accounts()

    def regions(self, account: str) -> Regions:
        return self._provider.regions(account)

    def cloud(self, service: Service, cell: Cell) -> Cloud:
        return self._provider.cloud(service, cell)

    def _noted(self, listing: Listing) -> Listing:
        def read(item: Any, parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Sighting]:
            for sighting in listing.read(item, parts, cell):
                if isinstance(sighting, Resource | Tagged):
                    self._tags.note(sighting.tags)
                yield sighting

        return replace(listing, read=read)


def of_clouds(reach: Reach, clouds: Sequence[str], concurrency: int) -> Seen:
    """A scan without rules, of which only this is kept: where data is, and which tags there are."""
    now, tags, nobody = bootstrap.now(), Tags(), Organisation(scope=EVERYTHING)
    with ExitStack() as stack:
        providers = [stack.enter_context(reach.open(one, nobody)) for one in clouds]
        found = []
        for provider in providers:
            with progress_bar() as progress:
                noting = Noting(provider, tags)
                found.append(
                    survey(noting, nobody, as_of=now.date(), now=now, concurrency=concurrency, progress=progress)
                )
    inventory = together(found)
    weighed = weigh(inventory, bootstrap.vocabulary_of(clouds), nobody, (), as_of=now.date(), now=now)
    places = [asdict(line) for line in lines(weighed.datasets, weighed.classifications, now)]
    looked_into = {look.cell.region for look in inventory.looks} - {GLOBAL}
    gaps = len(weighed.gaps)
    return Seen(
        source=f"a scan of {_n(len(inventory.accounts), 'account')}",
        accounts={one.id: one.name for one in inventory.accounts},
        countries=_countries(places),
        empty=tuple(sorted(looked_into - {str(place["region"]) for place in places})) if not gaps else (),
        tags=tags,
        gaps=gaps,
    )


def of_inventory(places: Sequence[Mapping[str, Any]], path: str) -> Seen:
    """What an inventory at hand tells: of tags only which keys gave a class."""
    tagged = {
        found[1]
        for place in places
        for evidence in place["class_evidence"]
        if isinstance(evidence, dict) and evidence.get("source") == "tag"
        if (found := _BY_A_TAG.match(str(evidence.get("detail"))))
    }
    return Seen(
        source=f"the inventory {path}",
        accounts=dict.fromkeys(sorted({str(place["account"]) for place in places if place["account"]}), ""),
        countries=_countries(places),
        tags=Tags(),
        tagged=frozenset(tagged),
    )


def _countries(places: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """In how many places the data of each country's roots is."""
    return Counter(str(place["root_country"]) for place in places if place["root_country"] in geography.COUNTRIES)


# What no API knows


class Meanings(Struct, frozen=True, kw_only=True):
    """Tag keys whose values name classes or countries by themselves, those for which a table says it, and those that
    look as if they told, and do not."""

    classes: Mapping[str, tuple[str, ...]] = {}
    origins: Mapping[str, tuple[str, ...]] = {}
    tables: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    unsaid: tuple[str, ...] = ()


class Answers(Struct, frozen=True, kw_only=True):
    """Whose data it is, what its tags mean, and by which rules it is to be judged."""

    name: str
    country: str
    owner: str
    actors: tuple[str, ...]
    known_actors: tuple[str, ...]
    meanings: Meanings
    suggested: tuple[Rule, ...]
    adopted: frozenset[str]


class Asker:
    """Asks on a terminal, or takes what is proposed."""

    def __init__(self, *, yes: bool) -> None:
        self.silent = yes
        if not yes and not sys.stdin.isatty():
            raise UsageError("nobody can be asked here, since this is no terminal: give --yes")

    def __call__(self, question: str, default: str, wrong: Callable[[str], str] = lambda _: "") -> str:
        """The answer, once there is nothing wrong with it; an empty line takes the default."""
        if self.silent:
            return default
        while True:
            sys.stderr.write(f"{terminal(question)} [{terminal(default) or 'none'}]: ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                raise UsageError("nobody answered: give --yes to take what is proposed")
            answer = line.strip() or default
            complaint = wrong(answer) if answer != default else ""
            if answer and not all(map(is_shown, answer)):
                complaint = "that holds characters that cannot be seen"
            if not complaint:
                return answer
            self.say(f"  {complaint}")

    def say(self, *told: str) -> None:
        if not self.silent:
            print_lines(told, sys.stderr)


def answers(ask: Asker, seen: Seen, packs: Sequence[Pack], country: str, actors: tuple[str, ...]) -> Answers:
    """What people say to what was seen."""
    home = country or ask("Country of the organisation (ISO code, such as IN)", _most(seen.countries), _wrong_country)
    rules = applying(packs, home)
    known = tuple(sorted({name for rule in rules for name in rule.applies.actors} - {taxonomy.ANY}))
    if wrong := _wrong_names(actors, {*known, *_every_actor(packs)}):
        raise UsageError(f"--actor: {wrong}")
    name = ask("Name of the organisation", "")
    owner = ask("Who answers for the data, an address or a role", "")
    if known and not actors:
        ask.say("", f"Roles that rules of {geography.country_name(home)} know: {', '.join(known)}")
        actors = _named(ask("Which of them are yours, with commas between", "", lambda one: _wrong(one, known)))
    meanings = meanings_of(ask, seen.tags)
    suggested = tuple(rule for rule in rules if {*rule.applies.actors} & {taxonomy.ANY, *actors})
    adopted: tuple[str, ...] = ()
    if suggested:
        ask.say("", "Rules that may apply (`domicile policy show ID` says what each asks):")
        ask.say(*(f"  {rule.id}: {rule.title}" for rule in suggested))
        names = tuple(rule.id for rule in suggested)
        answer = ask(
            "Which to adopt, with commas between, or all; the others are proposed as comments",
            "",
            lambda one: "" if one == "all" else _wrong(one, names),
        )
        adopted = names if answer == "all" else _named(answer)
    return Answers(
        name=name,
        country=home,
        owner=owner,
        actors=tuple(dict.fromkeys(actors)),
        known_actors=known,
        meanings=meanings,
        suggested=suggested,
        adopted=frozenset(adopted),
    )


def applying(packs: Iterable[Pack], country: str) -> tuple[Rule, ...]:
    """The shipped rules of a country, and of the unions that it is in."""
    return tuple(
        rule
        for pack in packs
        if pack.country == country or country in geography.PLACE_SETS.get(pack.country, ())
        for rule in sorted(pack.rules, key=lambda one: one.id)
        if rule.status not in _FOR_NOBODY
    )


def meanings_of(ask: Asker, tags: Tags) -> Meanings:
    """What the values of tag keys say."""
    classes: dict[str, tuple[str, ...]] = {}
    origins: dict[str, tuple[str, ...]] = {}
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    unsaid = [key for key in tags.many if _LIKE_A_CLASS.search(key)]
    for key, values in sorted(tags.values.items()):
        if not _can_be_written(key):
            continue
        named = {value: of for value in sorted(values) if (of := _classes_of(value))}
        if named:
            classes[key] = tuple(sorted({name for of in named.values() for name in of}))
        elif _LIKE_AN_ORIGIN.search(key) and all(map(_is_place, values)):
            origins[key] = tuple(sorted({value.upper() for value in values}))
            continue
        elif not _LIKE_A_CLASS.search(key):
            continue
        others = [value for value in sorted(values) if value not in named and _can_be_written(value)]
        if not others:
            continue
        ask.say("", f"Tag key {terminal(key, 60)} has values that are no classes: {_few(others)}")
        answer = ask("Their classes, as value=class with commas between", "", partial(_wrong_map, others))
        if given := dict(_pairs(answer)):
            tables[key] = named | {value: (name,) for value, name in given.items()}
        elif not named:
            unsaid.append(key)
    return Meanings(
        classes={key: names for key, names in classes.items() if key not in tables},
        origins=origins,
        tables=tables,
        unsaid=tuple(sorted(key for key in unsaid if _can_be_written(key))),
    )


def _is_class(name: str) -> bool:
    return taxonomy.known(name) and not taxonomy.loosens(name)


def _classes_of(value: str) -> tuple[str, ...]:
    """The classes that a value names, one or several; none where a word of it names none."""
    words = tuple(word for word in re.split(r"[\s,;+|]+", value) if word)
    return words if all(map(_is_class, words)) else ()


def _is_place(value: str) -> bool:
    return value.upper() in {*geography.COUNTRIES, *geography.SUBDIVISIONS}


def _can_be_written(text: str) -> bool:
    """Whether it is text that everybody sees as it is, all of it in the plane that YAML's escapes reach."""
    return 0 < len(text) <= 256 and all(is_shown(char) and ord(char) <= 0xFFFF for char in text)


def _most(countries: Counter[str]) -> str:
    return min(countries, key=lambda one: (-countries[one], one), default="")


def _every_actor(packs: Iterable[Pack]) -> set[str]:
    return {name for pack in packs for rule in pack.rules for name in rule.applies.actors} - {taxonomy.ANY}


def _wrong_country(answer: str) -> str:
    near = geography.suggest(answer)
    return "" if answer in geography.COUNTRIES else f"no country has this code{f'; {near}?' if near else ''}"


def _named(answer: str) -> tuple[str, ...]:
    return tuple(name for one in answer.split(",") if (name := one.strip()) and name != "none")


def _wrong(answer: str, known: Iterable[str]) -> str:
    return _wrong_names(_named(answer), known)


def _wrong_names(names: Iterable[str], known: Iterable[str]) -> str:
    known = tuple(known)
    unknown = [name for name in names if name not in known]
    return f"unknown: {terminal(unknown[0], 60)}{yamltext.did_you_mean(unknown[0], known)}" if unknown else ""


def _pairs(answer: str) -> Iterator[tuple[str, str]]:
    for one in _named(answer):
        value, _, name = one.rpartition("=")
        yield value.strip(), name.strip()


def _wrong_map(values: Sequence[str], answer: str) -> str:
    for value, name in _pairs(answer):
        if value not in values:
            return f"{terminal(value, 60) or 'nothing'} is none of these values: write value=class"
        if not _is_class(name):
            near = taxonomy.suggest(name)
            return f"{terminal(name, 60)} is no class that a tag can give{f'; did you mean {near}?' if near else ''}"
    return ""


def _few(values: Sequence[str]) -> str:
    shown = ", ".join(terminal(value, 40) for value in values[:FEW])
    return shown or "none that can be shown"


# What is proposed


def proposal(seen: Seen, said: Answers, role: str, day: str) -> str:
    """The organisation file as text, with what is only a suggestion in comments."""
    return "\n".join(
        [
            *_comment(f"Proposed by domicile {__version__} on {day}, from {seen.source}. Read it before you use it."),
            *_comment("domicile validate checks it; docs/rules.md says what rules can ask."),
            "version: 1",
            "timezone: UTC # in which days are counted, such as Asia/Kolkata",
            *([f"role: {_quoted(role)} # to take on in each account"] if role else []),
            "",
            *_entities(seen, said),
            "",
            *_classify(seen, said),
            "",
            *_policies(said),
            "",
            *_scope(seen),
            "",
        ]
    )


def _entities(seen: Seen, said: Answers) -> Iterator[str]:
    yield "entities: # who answers for the data, in which roles, and which accounts are theirs"
    slug = re.sub(r"[^a-z0-9]+", "-", said.name.lower()).strip("-")[:40] or "organisation"
    yield f"  - id: {_quoted(slug)}"
    if said.name:
        yield f"    name: {_quoted(said.name)}"
    if said.country:
        yield f"    country: {_quoted(said.country)}"
        yield f"    origin: [{_quoted(said.country)}] # of which people the data is; tags add to it"
    else:
        yield "    # country: IN"
    if said.actors:
        yield f"    actors: [{', '.join(map(_quoted, said.actors))}]"
    if others := [name for name in said.known_actors if name not in said.actors]:
        yield from _comment(f"actors that rules of {said.country} know: {', '.join(others)}", "    ")
    if said.owner:
        yield f"    owner: {_quoted(said.owner)}"
    else:
        yield "    # owner: data@example.com"
    yield '    owns: ["*"] # every account; or ids of accounts, units (ou-…), management groups (mg:NAME)'
    if seen.accounts:
        yield from _comment("Accounts that were seen:", "  ")
        for account, name in list(seen.accounts.items())[:MOST_ACCOUNTS]:
            yield from _comment(f"  {account} {name}".rstrip(), "  ")
        if len(seen.accounts) > MOST_ACCOUNTS:
            yield from _comment(f"  … and {len(seen.accounts) - MOST_ACCOUNTS} more", "  ")


def _classify(seen: Seen, said: Answers) -> Iterator[str]:
    meanings = said.meanings
    yield "classify: # what tags, accounts and names say about the data; they can only add duties"
    yield "  tags:"
    for key, names in sorted(meanings.classes.items()):
        yield f"    - {{key: {_quoted(key)}}} # its values name classes: {', '.join(names)}"
        if more := sum(not _classes_of(value) for value in seen.tags.values[key]):
            yield from _comment(f"of {_n(more, 'other value')} nobody knows what it says: none names a class", "    ")
    for key, values in sorted(meanings.tables.items()):
        yield f"    - {{key: {_quoted(key)}, values: {{{_table(values)}}}}}"
    for key, names in sorted(meanings.origins.items()):
        yield f"    - {{key: {_quoted(key)}, gives: origin}} # its values name countries: {', '.join(names)}"
    for key in sorted(seen.tagged):
        if _can_be_written(key):
            yield f"    - {{key: {_quoted(key)}}} # gave classes in the inventory"
    for key in meanings.unsaid:
        many = f"more than {FEW} values" if key in seen.tags.many else _n(len(seen.tags.values[key]), "value")
        yield f"    # - {{key: {_quoted(key)}, values: {{VALUE: [CLASS]}}}} # {many}, none of which names a class"
    if not (meanings.classes or meanings.origins or meanings.tables or meanings.unsaid or seen.tagged):
        yield "    # - {key: data-class} # no tag key was seen that names classes"
    yield '  # names: [{glob: "*-transactions-*", class: [payment.transaction]}] # gives `review`, never a violation'


def _policies(said: Answers) -> Iterator[str]:
    yield "policies: # the rules to be judged by; what is not adopted judges nobody"
    for rule in said.suggested:
        # Bare, so that what is on trial stays on trial.
        yield f"  {'' if rule.id in said.adopted else '# '}- {rule.id} # {terminal(_why(rule, said))}"
    if not said.suggested:
        yield "  # - in-rbi-payment-data # `domicile policy list` names all that there are"


def _why(rule: Rule, said: Answers) -> str:
    """Why a rule may apply, in a line."""
    of = sorted({*rule.applies.actors} & {*said.actors})
    whom = f"for {', '.join(of)}" if of else "for everybody"
    since = f"{rule.status} from {rule.enforce_from}" if rule.enforce_from else rule.status
    trial = "; on trial: shown, never mailed" if rule.trial else ""
    return f"{rule.title} ({since}; {whom}{trial})"


def _scope(seen: Seen) -> Iterator[str]:
    yield "scope: # what not to look at, by choice; each scan lists it"
    if regions := seen.empty[:MOST_REGIONS]:
        yield from _comment(
            "Nothing was seen in these regions. A region that is skipped shows nothing new, either.", "  "
        )
        yield f"  # skip_regions: [{', '.join(map(_quoted, regions))}]"
    yield '  # skip_accounts: ["111122223333"]'


def _table(values: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(
        f"{_quoted(_as_glob(value))}: [{', '.join(map(_quoted, names))}]" for value, names in sorted(values.items())
    )


def _as_glob(value: str) -> str:
    """The glob that matches this text alone."""
    return re.sub(r"([*?[])", r"[\1]", value)


def _quoted(text: str) -> str:
    """A text as YAML: bare where it cannot be taken for anything else."""
    if _BARE.fullmatch(text) and not _is_a_word(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _is_a_word(text: str) -> bool:
    """Whether it is a word that some readers of YAML take for something else."""
    return text.lower() in {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def _comment(text: str, margin: str = "") -> Iterator[str]:
    """Lines of a comment, harmless whatever is in them."""
    indent = " " * (len(text) - len(text.lstrip()))
    for line in textwrap.wrap(terminal(text.strip()), WIDTH, break_on_hyphens=False):
        yield f"{margin}# {indent}{line}"


def _told(file: Path, seen: Seen, said: Answers) -> Iterator[str]:
    yield f"{file}: written, from {seen.source}."
    meanings = said.meanings
    if looked := len(seen.tags.values) + len(seen.tags.many):
        telling = len(meanings.classes) + len(meanings.origins) + len(meanings.tables)
        yield (
            f"Of {_n(looked, 'tag key')}, looked at in memory only, {telling} tell what the data is, and "
            f"{len(meanings.unsaid)} may, by their names. No other value was kept."
        )
    if seen.gaps:
        yield f"The look had {_n(seen.gaps, 'gap')}, so there may be more: `domicile doctor` tells what is refused."
    if waiting := len(said.suggested) - len(said.adopted):
        yield f"In comments: {_n(waiting, 'rule')} that may apply. Read what they ask, then adopt what binds you."
    yield "Next:"
    yield f"  domicile validate {file}"
    yield f"  domicile scan --file {file}"


def _n(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
