"""The words of domicile, as frozen types: what is seen, what is derived from it, what is asked and what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import IntEnum
from typing import Final, Literal

from msgspec import Struct, field

PlacementKind = Literal["primary", "replica", "snapshot", "backup", "log", "cache", "processing", "export"]
PLACEMENT_KINDS: Final[tuple[PlacementKind, ...]] = (
    "primary",
    "replica",
    "snapshot",
    "backup",
    "log",
    "cache",
    "processing",
    "export",
)

NEVER_EXPIRES: Final = 2**31 - 1
"""Retention, in days, of what is kept for ever. An integer, so that it survives JSON, which has no infinity."""

GLOBAL: Final = "global"
"""The region of a cell whose listings are asked once per account."""

ANYWHERE: Final = "*"
"""The region (or listing) of a gap that covers a whole account (or a whole cell)."""


# What is seen


class Location(Struct, frozen=True, order=True):
    """A provider's name for a place; the zone only where it lies in another country than its region."""

    provider: str
    region: str
    zone: str = ""


class Account(Struct, frozen=True):
    """An AWS account, an Azure subscription; `path` is where it hangs in the organisation, root first. One that
    `administers` can be asked what is set up for all accounts of the organisation."""

    provider: str
    id: str
    name: str = ""
    path: tuple[str, ...] = ()
    status: Literal["active", "suspended"] = "active"
    administers: bool = False


class Cell(Struct, frozen=True, order=True):
    """One account in one region, or in `global`: what can be looked into, or refused."""

    provider: str
    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.account}/{self.region}"


GapReason = Literal["denied", "denied-by-scp", "role-missing", "throttled", "region-off", "suspended", "left", "error"]
LimitReason = Literal["skipped-by-config", "never-enabled", "not-offered", "blind-to"]


class Gap(Struct, frozen=True, order=True):
    """Something inside the promise that we were not shown, and why.

    `listing` is `*` for a whole cell; `cell.region` is `*` for a whole account. `resource_id` and `part` narrow
    it to one question about one resource (`replication` of one bucket).
    """

    cell: Cell
    listing: str
    reason: GapReason
    detail: str = ""
    resource_id: str = ""
    part: str = ""

    @property
    def key(self) -> str:
        """Stable name of what was not shown; the reason is not part of it."""
        return part_of(f"{self.cell}/{self.listing}", self.part, self.resource_id)


class Limit(Struct, frozen=True, order=True):
    """Something outside the promise: listed, but not counted as incomplete. `hides` are the kinds of placements that
    a service cannot show."""

    cell: Cell
    listing: str
    reason: LimitReason
    detail: str = ""
    hides: tuple[PlacementKind, ...] = ()


def part_of(look: str, part: str, resource_id: str) -> str:
    """Key of one question about one resource within a look; the look's own key when no part is meant."""
    return f"{look}#{part}@{resource_id}" if part or resource_id else look


class Look(Struct, frozen=True):
    """One listing in one cell with its outcome: the unit of coverage.

    `listed` is false when the listing itself was refused or cut short; a refused part of one resource leaves it
    true and is a gap of its own.
    """

    cell: Cell
    listing: str
    listed: bool = True
    gaps: tuple[Gap, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.cell}/{self.listing}"

    @property
    def outcome(self) -> Literal["complete", "partial", "refused"]:
        if self.listed and not self.gaps:
            return "complete"
        return "partial" if self.listed else "refused"


class Evidence(Struct, frozen=True):
    """The API answer that a statement rests on, and when it was given."""

    operation: str
    field: str
    value: str
    observed_at: datetime | None = None


class Resource(Struct, frozen=True):
    """A thing that holds data at rest.

    `taken_of` is, for what rotates (snapshots, recovery points), the canonical id of the resource that it is a
    point in time of, built only from fields that never change during the life of this resource.
    `retention_days` is None when unknown and `NEVER_EXPIRES` for ever; `cmk` and `key` likewise: None and "" are
    unknown. `newest_at` is the last moment that can be restored from it, where the cloud says.
    """

    id: str
    type: str
    name: str
    account: str
    location: Location
    tags: Mapping[str, str] = {}
    created_at: datetime | None = None
    newest_at: datetime | None = None
    retention_days: int | None = None
    cmk: bool | None = None
    key: str = ""
    taken_of: str = ""
    look: str = ""


class Copy(Struct, frozen=True):
    """A statement: data of resource `of` is, or is being, put at a place by a channel.

    `id` names the holder where it is known or derivable; `location` is None when only the holder's name is known
    (an S3 destination). `caused_by` is the rule, plan or setting that makes the copy. `partial` copies only some
    of the data. `part` is the part of the description it was read from; the driver turns it into `look`.
    """

    of: str
    channel: str
    location: Location | None = None
    id: str = ""
    account: str = ""
    caused_by: str = ""
    evidence: Evidence | None = None
    key: str = ""
    partial: bool = False
    part: str = ""
    look: str = ""


class Tagged(Struct, frozen=True):
    """What its own listing does not carry of a resource: its tags, or how it is encrypted."""

    id: str
    tags: Mapping[str, str] = {}
    look: str = ""
    cmk: bool | None = None
    key: str = ""


class Key(Struct, frozen=True):
    """An encryption key that is in several places at once: `id` of it in one of them, and all of them."""

    id: str
    locations: tuple[Location, ...]
    look: str = ""


Sighting = Resource | Copy | Tagged | Key


class ResourceType(Struct, frozen=True):
    """What a kind of resource is when nothing says it is a copy.

    `rotates`: one of many that come and go (snapshots). `tags_look`: the listing that carries its tags, when its
    own does not.
    """

    name: str
    kind: PlacementKind
    rotates: bool = False
    tags_look: str = ""


class Channel(Struct, frozen=True):
    """How a copy comes about, and the sentence that says how to stop it.

    `relation`: `copy` runs one way; `peer` both ways (multi-write); `seed` starts a dataset of its own that inherits
    classes (a volume made from a snapshot); `part`: the source is a part of the target, and no place of its own while
    that is seen (the snapshots of a machine image); `rule`: the source is a rule, and what was ever made because of it
    is put there (the copy action of a backup plan). `rotates`: its copies come and go and are one row.
    `implied`: the copy has no resource of its own (a geo-redundant secondary). `continuous`: while it is
    configured, both ends exist (a read replica), so an end that was not scanned is a placement all the same.
    `shares`: its target can hold data of its own beside what comes in (a bucket, unlike a snapshot). `shown_by`: the
    service whose listings show what it makes, too, where the ids of that name another one.
    """

    name: str
    kind: PlacementKind
    stop: str
    relation: Literal["copy", "peer", "seed", "part", "rule"] = "copy"
    rotates: bool = False
    implied: bool = False
    continuous: bool = False
    shares: bool = False
    shown_by: str = ""


class Vocabulary(Struct, frozen=True):
    """The fixed tables from resource type and channel to what they mean, gathered from the service files."""

    types: Mapping[str, ResourceType]
    channels: Mapping[str, Channel]


class Inventory(Struct, frozen=True):
    """Everything one scan saw, in all accounts, and everything it was not shown."""

    accounts: tuple[Account, ...] = ()
    resources: tuple[Resource, ...] = ()
    copies: tuple[Copy, ...] = ()
    tags: tuple[Tagged, ...] = ()
    keys: tuple[Key, ...] = ()
    looks: tuple[Look, ...] = ()
    gaps: tuple[Gap, ...] = ()
    limits: tuple[Limit, ...] = ()
    located: Mapping[str, Location] = {}
    """Where targets lie that were named without a region, as far as could be found out (`HeadBucket`)."""
    gone: frozenset[str] = frozenset()
    """Targets named without a region of which the cloud says that there is none of that name."""
    manner: tuple[str, ...] = ()
    """As whom, and by which list of accounts, each cloud was looked into."""


# What is derived


class Placement(Struct, frozen=True):
    """One place where a dataset's data is.

    `subject` is the stable key of its rows; a set of rotating copies is one placement with `copies`, `oldest_at`,
    `newest_at` and a few `samples`. `channel` is "" for the root itself. `seen_in` names the looks its facts came
    from; `held` is true when a look at the holder's own side showed it; `links` are all the channels that tie it to
    its dataset. `key_countries` holds the country of
    each key ("" where unmapped); None when no key is known. `end_to_end` can only be declared.
    """

    subject: str
    kind: PlacementKind
    location: Location | None
    country: str | None
    account: str = ""
    resource_id: str = ""
    resource_type: str = ""
    resource_name: str = ""
    channel: str = ""
    links: frozenset[str] = frozenset()
    caused_by: str = ""
    source_id: str = ""
    source_country: str | None = None
    partial: bool = False
    copies: int = 1
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    samples: tuple[str, ...] = ()
    retention_days: int | None = None
    cmk: bool | None = None
    key_countries: tuple[str, ...] | None = None
    end_to_end: bool = False
    held: bool = True
    declared: bool = False
    seen_in: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class Dataset(Struct, frozen=True):
    """A root with what was derived from it, across accounts and regions of one cloud.

    `id` is the anchor's canonical id. `members` are the ids of all that belongs to it, seen or only spoken of.
    `parents` are the datasets it inherits classes from without being part of them; `feeds` are the shared
    holders its data goes to, which may satisfy what must exist somewhere. `unseen` names what it was derived
    from and no look could show.
    """

    id: str
    provider: str
    account: str
    name: str
    placements: tuple[Placement, ...]
    members: tuple[str, ...]
    parents: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    root_location: Location | None = None
    root_country: str | None = None


Confidence = Literal["declared", "tag", "account", "name"]
"""Where a class comes from, most trusted first. Trust orders evidence; it removes nothing."""


class ClassEvidence(Struct, frozen=True, order=True):
    """One class (or origin, or rule fact) with what says so."""

    name: str
    source: Confidence
    detail: str


class Classification(Struct, frozen=True):
    """What a dataset holds, whose it is, and who answers for it.

    `looked` is false when a source of classes (tags of a member or of an ancestor) could not be read: then the
    absence of a class proves nothing. `declassified` are classes that the organisation file took away, with
    its evidence.
    """

    dataset: str
    classes: tuple[ClassEvidence, ...] = ()
    origins: tuple[ClassEvidence, ...] = ()
    facts: frozenset[str] = frozenset()
    subjects: int | None = None
    entity: str = ""
    looked: bool = True
    missed: tuple[str, ...] = ()
    declassified: tuple[ClassEvidence, ...] = ()
    seen_in: tuple[str, ...] = ()


# What is asked

Status = Literal[
    "in_force", "notified", "draft", "lapsed", "abeyance", "contractual", "guidance", "commitment", "superseded"
]
Keyword = Literal[
    "only_in",
    "not_in",
    "approved_in",
    "copy_in",
    "backup_in",
    "logs_in",
    "encrypted",
    "disclose_location",
    "attest",
    "no_such_data",
]
Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "high", "medium", "low")


class Tolerate(Struct, frozen=True, forbid_unknown_fields=True):
    """Copies of these kinds are let be while they are younger than `max_hours`."""

    max_hours: float
    kinds: tuple[PlacementKind, ...]


class When(Struct, frozen=True, forbid_unknown_fields=True):
    """The rule facts on which an obligation depends."""

    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    min_subjects: int | None = None


class UnlessCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A property of the copy that lifts the limit on its place."""

    e2e: bool = False


class Obligation(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing a rule asks. `places` are ISO 3166-1 alpha-2 codes, sets already written out; `ANY` is any."""

    kind: Keyword
    places: tuple[str, ...] = ()
    copies: tuple[PlacementKind, ...] = ()
    tolerate: Tolerate | None = None
    when: When | None = None
    unless_attested: str = ""
    unless_copy: UnlessCopy | None = None
    else_attest: str = ""
    min: int = 1
    max_age_hours: float | None = None
    min_days: int | None = None
    cmk: bool = False
    keys_in: tuple[str, ...] = ()
    end_to_end: bool = False
    to: str = ""
    id: str = ""
    classes: tuple[str, ...] = field(default=(), name="class")


class Applies(Struct, frozen=True, forbid_unknown_fields=True):
    """Which datasets of whom a rule is about; classes are globs, `ANY` matches everything."""

    classes: tuple[str, ...] = field(name="class")
    origins: tuple[str, ...] = field(name="origin")
    actors: tuple[str, ...]


class Review(Struct, frozen=True, forbid_unknown_fields=True):
    by: str
    on: date
    note: str = ""


class Rule(Struct, frozen=True, kw_only=True):
    """What a law, a contract or a promise asks."""

    id: str
    title: str
    cite: tuple[str, ...]
    basis: tuple[Literal["V", "S", "K"], ...]
    status: Status
    enforce_from: date | None
    applies: Applies
    oblige: tuple[Obligation, ...]
    version: int = 1
    enforce_until: date | None = None
    replaces: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    instead: str = ""
    unsure: str = ""
    reviewed: tuple[Review, ...] = ()
    policy: str = ""
    trial: bool = False
    severity: Severity | None = None


# What the organisation says


class Entity(Struct, frozen=True, forbid_unknown_fields=True):
    """The legal person that answers for the data.

    `owns` holds account ids, organisational units (`ou-…` or a path below the root) and `*`; the longest match
    wins.
    """

    id: str
    name: str = ""
    actors: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    country: str = ""
    owner: str = ""
    contact: str = ""
    owns: tuple[str, ...] = ()


class DeclaredCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A placement that no cloud API shows: SaaS, on-premises, another cloud."""

    name: str
    kind: PlacementKind
    country: str = ""
    provider: str = "declared"
    channel: str = "declared"
    retention_days: int | None = None
    cmk: bool | None = None
    keys: tuple[str, ...] = ()
    e2e: bool = False


class Loosening(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Takes duties away from datasets; only the organisation file can, and somebody answers for it."""

    declassify: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    owner: str
    reason: str
    approver: str
    until: date


class DatasetDeclaration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the organisation knows of some datasets. Selectors are globs over resource ids and names, and accounts;
    all that are given must match one member."""

    id: str
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}
    classes: tuple[str, ...] = field(default=(), name="class")
    origin: tuple[str, ...] = ()
    subjects: int | None = None
    entity: str = ""
    copies: tuple[DeclaredCopy, ...] = ()
    loosen: Loosening | None = None


class TagRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A tag key whose values give classes: by a table of globs, or, without one, by naming them."""

    key: str
    values: Mapping[str, tuple[str, ...]] = {}
    gives: Literal["class", "origin"] = "class"


class NameRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Names that suggest a class; suggestion enough for `review`, never for a violation."""

    glob: str
    classes: tuple[str, ...] = field(name="class")


class Classify(Struct, frozen=True, forbid_unknown_fields=True):
    tags: tuple[TagRule, ...] = ()
    accounts: Mapping[str, tuple[str, ...]] = {}
    names: tuple[NameRule, ...] = ()


class Adoption(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule the organisation wants to be judged by."""

    rule: str
    trial: bool | None = None
    severity: Severity | None = None


class Statement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An expiring attestation about what no API can show."""

    id: str
    entity: str
    by: str
    on: date
    until: date
    document: str = ""


Basis = Literal["approved_by_regulator", "not_applicable", "being_fixed", "accepted"]


class Exemption(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An expiring permission for named violations. The first two bases exempt; the others only mute."""

    id: str
    rule: str
    resource: str = ""
    dataset: str = ""
    account: str = ""
    basis: Basis
    owner: str
    reason: str
    approver: str
    since: date = field(name="from")
    until: date


class AcceptedGap(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A gap somebody answers for; it is still shown."""

    gap: str
    owner: str
    reason: str
    until: date


class Departed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person's entry about what can never be looked at again."""

    account: str
    region: str = ANYWHERE
    reason: str
    evidence: str
    approver: str
    on: date


class Scope(Struct, frozen=True, forbid_unknown_fields=True):
    """What not to look at, by choice; each becomes a limit. All are globs, of services over names of listings too:
    `ec2`, `ec2.images`, `s3.*`."""

    skip_accounts: tuple[str, ...] = ()
    skip_regions: tuple[str, ...] = ()
    skip_services: tuple[str, ...] = ()


class Route(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that some people are told of; everything given must match. All but the severities are globs."""

    name: str
    entities: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()


class Notify(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told of what. A row that no route takes goes to the route `other`; without routes, all go to `all`."""

    routes: tuple[Route, ...] = ()


class Organisation(Struct, frozen=True, forbid_unknown_fields=True):
    """The organisation file, read and checked."""

    entities: tuple[Entity, ...] = ()
    datasets: tuple[DatasetDeclaration, ...] = ()
    classify: Classify = Classify()
    policies: tuple[Adoption, ...] = ()
    policy_files: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    scope: Scope = Scope()
    accepted_gaps: tuple[AcceptedGap, ...] = ()
    departed: tuple[Departed, ...] = ()
    notify: Notify = Notify()
    timezone: str = "UTC"
    role: str = ""
    """Name of the role to assume in each account of the organisation."""


# What is judged


class Verdict(IntEnum):
    """Worst wins. `UPCOMING` and `ADVISORY` are what time makes of a violation; they never mix with the others."""

    NOT_APPLICABLE = 0
    PASS = 1
    EXEMPT = 2
    REVIEW = 3
    UNKNOWN = 4
    VIOLATION = 5
    UPCOMING = 6
    ADVISORY = 7

    def __str__(self) -> str:
        return self.name.lower()


class Finding(Struct, frozen=True, kw_only=True):
    """One obligation judged on one subject.

    `because` is one sentence an auditor can read, with dates and never ages, counts or anything else that moves
    by itself. `exemption` mutes when `verdict` is still a violation. `enforced` is false for what does not bind
    today: drafts, trials, rules of the future. `count` is how many datasets or stores stand behind one line.
    """

    id: str
    rule: str
    rule_version: int
    policy: str
    keyword: Keyword
    subject: str
    verdict: Verdict
    severity: Severity
    because: str
    remedy: str = ""
    citation: str = ""
    confidence: Confidence = "declared"
    entity: str = ""
    owner: str = ""
    account: str = ""
    dataset: Dataset | None = None
    placement: Placement | None = None
    classes: tuple[str, ...] = ()
    class_evidence: tuple[ClassEvidence, ...] = ()
    seen_in: tuple[str, ...] = ()
    exemption: str = ""
    trial: bool = False
    enforced: bool = True
    enforce_from: date | None = None
    count: int = 1


class Unclassified(Struct, frozen=True):
    """A dataset of which a fact is missing that would change a verdict: a line of the worklist, not of the table."""

    dataset: Dataset
    entity: str
    missing: tuple[Literal["class", "origin", "entity"], ...]
    would_break: tuple[str, ...]


class Coming(Struct, frozen=True):
    """A rule that will bind from a day on, and how many datasets, as they are, will not do then: each once, under its
    worst. `to_sign` are statements that it asks for and that nobody has signed."""

    rule: str
    enforce_from: date
    trial: bool
    breaks: int
    cannot_tell: int
    to_look_at: int
    to_sign: tuple[str, ...]


class Presence(Struct, frozen=True):
    """A subject as this scan saw it: what ties it to its dataset and what the dataset is said to hold.

    `stated` are classes and origins (`origin:IN`); `loosened` are those the organisation file took away.
    `datasets` are the ids of those it belongs to: more than one only for a declared copy.
    """

    links: frozenset[str]
    stated: frozenset[str]
    loosened: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()


class Judgement(Struct, frozen=True):
    """All verdicts of one scan that are more than a pass, and what else recording needs to know.

    `met` holds (rule, keyword, subject) of every obligation that was judged and found met; `open_questions`
    holds (rule, subject) where it could not be told whether the rule applies, for logs `logs|ACCOUNT|` whatever
    the class. `present` has every subject seen,
    `members` the dataset of every resource. `worst` has, of the rules that were asked about, the worst verdict of each
    dataset; a dataset that such a rule is not about is not in it.
    """

    findings: tuple[Finding, ...] = ()
    unclassified: tuple[Unclassified, ...] = ()
    met: frozenset[tuple[str, str, str]] = frozenset()
    open_questions: frozenset[tuple[str, str]] = frozenset()
    present: Mapping[str, Presence] = {}
    members: Mapping[str, str] = {}
    rules: frozenset[str] = frozenset()
    upcoming: tuple[Coming, ...] = ()
    worst: Mapping[str, Mapping[str, Verdict]] = {}


# What is kept

RowStatus = Literal["open", "unconfirmed", "exempted", "resolved"]
ChangedBecause = Literal["data", "coverage", "rules", "config", "engine"]


class Row(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A violation with a life of its own; the same names in every store and format. Times are UTC."""

    violation_id: str
    rule: str
    rule_version: int
    keyword: Keyword
    subject: str
    policy: str
    severity: Severity
    rank: str
    status: RowStatus
    verdict: str
    confidence: Confidence
    provider: str
    account: str
    account_name: str
    entity: str
    owner: str
    region: str
    country: str
    channel: str
    kind: str
    caused_by: str
    resource_id: str
    resource_type: str
    resource_name: str
    dataset_id: str
    root_resource_id: str
    root_region: str
    root_country: str
    classes: tuple[str, ...]
    class_evidence: tuple[ClassEvidence, ...]
    evidence: tuple[Evidence, ...]
    because: str
    remedy: str
    citation: str
    copies: int
    oldest_at: datetime | None
    newest_at: datetime | None
    samples: tuple[str, ...]
    first_seen: datetime
    opened_at: datetime
    times_opened: int
    last_changed: datetime
    changed_in_scan: int
    changed_because: ChangedBecause
    status_because: str
    resolved_at: datetime | None
    resolved_by: str
    exemption_id: str
    seen_in: tuple[str, ...]
    moved_from: str
    version: int


class Scan(Struct, frozen=True, kw_only=True):
    """One numbered run."""

    number: int
    started_at: datetime
    as_of: date
    providers: tuple[str, ...] = ()
    digests: Mapping[str, str] = {}
    """Fingerprints of what judged: `rules`, `config`, `engine`."""


Transition = Literal[
    "opened", "begun", "reopened", "confirmed", "updated", "unconfirmed", "exempted", "unexempted", "resolved", "moved"
]


class Change(Struct, frozen=True):
    """One row to write: what it is now, the version it replaces (0 = new), and what happened to it."""

    row: Row
    replaces: int
    transition: Transition


class GapRow(Struct, frozen=True, kw_only=True):
    """A gap with its history: gaps are rows too."""

    gap: str
    provider: str
    account: str
    region: str
    listing: str
    resource_id: str
    reason: str
    detail: str
    first_seen: datetime
    ended: datetime | None = None


class ScanRow(Struct, frozen=True, kw_only=True):
    """What a settled scan leaves behind, at most 32 KB: digests, counts and, in `summary`, for each cloud as whom
    and by which list of accounts it was looked into."""

    scan: Scan
    settled_at: datetime
    counts: Mapping[str, int] = {}
    transitions: Mapping[str, int] = {}
    summary: str = ""


class Looks:
    """What was looked at in one scan, and what a fact's `seen_in` is worth."""

    def __init__(self, looks: Iterable[Look], gaps: Iterable[Gap] = (), limits: Iterable[Limit] = ()) -> None:
        self._looks: dict[str, Look] = {look.key: look for look in looks}
        self._gaps = tuple(gaps) + tuple(gap for look in self._looks.values() for gap in look.gaps)
        self._gap_keys = frozenset(gap.key for gap in self._gaps)
        self.limits = tuple(limits)
        self._left_out = frozenset(limit.cell for limit in self.limits if limit.reason == "skipped-by-config")
        partly = {str(look.cell) for look in self._looks.values() if look.outcome != "complete"}
        partly.update(str(gap.cell) for gap in self._gaps)
        self._whole_cells = frozenset(
            str(look.cell)
            for look in self._looks.values()
            if str(look.cell) not in partly
            and not self._left_out & {look.cell, Cell(look.cell.provider, look.cell.account, ANYWHERE)}
        )

    def __iter__(self) -> Iterator[Look]:
        return iter(self._looks.values())

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return self._gaps

    def proves(self, seen_in: str) -> bool:
        """Whether this scan looked again, in full, where a fact came from.

        `seen_in` is a look's key, a look's key with `#part@resource` (`*`: of every resource), a cell's name with
        `/*` for all its looks, or `*` for every look of the scan.
        """
        if seen_in == ANYWHERE:
            return self.complete()
        if seen_in.endswith(f"/{ANYWHERE}"):
            return seen_in.removesuffix(f"/{ANYWHERE}") in self._whole_cells
        key, _, question = seen_in.partition("#")
        look = self._looks.get(key)
        if look is None or not look.listed:
            return False
        part, _, resource_id = question.partition("@")
        if resource_id == ANYWHERE:
            return all(gap.part != part for gap in look.gaps)
        return seen_in not in self._gap_keys

    def complete(self) -> bool:
        """Whether everything was looked at, and nothing left out by choice either."""
        return not self._gaps and not self._left_out and all(look.listed for look in self._looks.values())
