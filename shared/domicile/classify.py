"""What each dataset holds and whose it is: everything that speaks for it counts, and what is derived inherits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Final

from msgspec.structs import replace

from domicile import geography, taxonomy
from domicile.model import (
    Account,
    ClassEvidence,
    Classification,
    Confidence,
    Dataset,
    DatasetDeclaration,
    DeclaredCopy,
    Entity,
    Inventory,
    Location,
    Look,
    Looks,
    Loosening,
    Organisation,
    Placement,
    Resource,
    Vocabulary,
)
from domicile.organisation import last_step

SHOWN: Final = 200
"""Characters of a name or tag value kept in evidence: they are the customer's text, not ours."""

INHERITED: Final = "inherited from "
"""How evidence begins that comes from an ancestor."""

_NO_FACTS: Final[frozenset[str]] = frozenset()

_WORDS: Final = re.compile(r"[\s,;+|]+")


def declare(datasets: Sequence[Dataset], inventory: Inventory, organisation: Organisation) -> tuple[Dataset, ...]:
    """Datasets with the placements that only a declaration can know: SaaS, on-premises, another cloud.

    A declaration that selects nothing is a dataset of its own.
    """
    resources = _resources(inventory)
    found = {dataset.id: dataset for dataset in datasets}
    for declaration in organisation.datasets:
        if not declaration.copies:
            continue
        matched = [dataset for dataset in found.values() if _selects(declaration, dataset, resources)]
        placements = tuple(_declared(declaration, copy) for copy in declaration.copies)
        for dataset in matched:
            found[dataset.id] = replace(dataset, placements=(*dataset.placements, *placements))
        if not matched:
            name = f"declared:{declaration.id}"
            found[name] = Dataset(
                id=name,
                provider="declared",
                account="",
                name=declaration.id,
                placements=placements,
                members=(name,),
                root_country=placements[0].country,
            )
    return tuple(found[name] for name in sorted(found))


def classify(
    datasets: Sequence[Dataset],
    inventory: Inventory,
    organisation: Organisation,
    vocabulary: Vocabulary,
    *,
    as_of: date,
) -> dict[str, Classification]:
    """The classification of every dataset, by id: the union over all its members and all its ancestors."""
    resources = _resources(inventory)
    looks = Looks(inventory.looks, inventory.gaps)
    # Only what its own listing was refused about it; what another asks of it, such as its key, says nothing of this.
    refused = frozenset((Look(gap.cell, gap.listing).key, gap.resource_id) for gap in looks.gaps if gap.part)
    accounts = {account.id: account for account in inventory.accounts}
    owners = Owners(organisation)
    near: dict[frozenset[str], list[DatasetDeclaration]] = {}
    own = {}
    for dataset in datasets:
        members = [one for member in dataset.members for one in resources.get(member, ())]
        there = frozenset(one.account for one in members)
        if there not in near:
            near[there] = _near(organisation.datasets, there)
        declarations = [one for one in near[there] if _selects(one, dataset, resources)]
        entity = owners.of(accounts.get(dataset.account), dataset.account)
        own[dataset.id] = _loosen(
            _own(dataset, members, declarations, organisation, vocabulary, looks, refused, entity, as_of=as_of)
        )
    return _inherit(datasets, own)


class Owners:
    """Who answers for which account, by the claims of entities; of equal claims the first counts."""

    def __init__(self, organisation: Organisation) -> None:
        self._by_id: dict[str, Entity] = {}
        self._by_unit: dict[str, Entity] = {}
        for entity in organisation.entities:
            for claim in entity.owns:
                self._by_id.setdefault(claim.lower(), entity)
                self._by_unit.setdefault(last_step(claim), entity)

    def of(self, account: Account | None, account_id: str) -> Entity | None:
        """An account named by id outranks any unit; of units, the one nearest to the account; `*` comes last."""
        units = reversed(account.path) if account else ()
        by_unit = (self._by_unit[unit] for unit in (*units, "*") if unit in self._by_unit)
        return self._by_id.get(account_id.lower()) or next(by_unit, None)


def speaking(inventory: Inventory, organisation: Organisation) -> frozenset[str]:
    """The resources of which a tag of their own, or a declaration, says what they hold."""
    declarations = [one for one in organisation.datasets if _has_selectors(one) and (one.classes or one.loosen)]
    near = {one.id: _near(declarations, {one.id}) for one in inventory.accounts}
    keys = {rule.key for rule in organisation.classify.tags if rule.gives == "class"}
    return frozenset(
        name
        for name, seen in _resources(inventory).items()
        for one in seen
        if not keys.isdisjoint(one.tags)
        or any(_matches(said, name, one) for said in near.get(one.account, declarations))
    )


def kept_tags(organisation: Organisation) -> frozenset[str]:
    """Tag keys that classification or ownership uses; the values of all others are dropped at the door."""
    keys = {rule.key for rule in organisation.classify.tags}
    keys.update(key for declaration in organisation.datasets for key in declaration.tags)
    return frozenset(keys)


def _resources(inventory: Inventory) -> dict[str, list[Resource]]:
    """All that was seen of each resource, with the tags that another listing carries."""
    tagged: dict[str, dict[str, str]] = defaultdict(dict)
    for tags in inventory.tags:
        tagged[tags.id].update(tags.tags)
    resources: dict[str, list[Resource]] = defaultdict(list)
    for one in inventory.resources:
        more = tagged.get(one.id)
        resources[one.id].append(replace(one, tags={**one.tags, **more}) if more else one)
    return resources


def _selects(declaration: DatasetDeclaration, dataset: Dataset, resources: Mapping[str, Sequence[Resource]]) -> bool:
    """Whether one member matches every selector given; selecting nothing selects no dataset."""
    if dataset.id == f"declared:{declaration.id}":
        return True
    return _has_selectors(declaration) and any(
        _matches(declaration, member, seen) for member in dataset.members for seen in resources.get(member) or (None,)
    )


def _near(declarations: Iterable[DatasetDeclaration], accounts: Collection[str]) -> list[DatasetDeclaration]:
    """Those that may be about what lies in these accounts. What lies in none may be meant by any."""
    return [
        one for one in declarations if not (accounts and one.accounts) or any(it in accounts for it in one.accounts)
    ]


def _has_selectors(declaration: DatasetDeclaration) -> bool:
    return bool(declaration.resources or declaration.names or declaration.accounts or declaration.tags)


def _matches(declaration: DatasetDeclaration, member: str, resource: Resource | None) -> bool:
    if declaration.resources and not any(fnmatchcase(member, glob) for glob in declaration.resources):
        return False
    if resource is None:
        return bool(declaration.resources) and not (declaration.names or declaration.accounts or declaration.tags)
    return (
        (not declaration.names or any(fnmatchcase(resource.name, glob) for glob in declaration.names))
        and (not declaration.accounts or resource.account in declaration.accounts)
        and all(
            key in resource.tags and fnmatchcase(resource.tags[key], glob) for key, glob in declaration.tags.items()
        )
    )


def _declared(declaration: DatasetDeclaration, copy: DeclaredCopy) -> Placement:
    return Placement(
        subject=f"resource|declared:{declaration.id}/{copy.name}",
        kind=copy.kind,
        location=Location(copy.provider, copy.country or "unknown"),
        country=geography.country_of(copy.country) or None,
        resource_id=f"declared:{declaration.id}/{copy.name}",
        resource_name=copy.name,
        channel=copy.channel,
        links=frozenset({copy.channel}),
        retention_days=copy.retention_days,
        cmk=copy.cmk,
        key_countries=copy.keys or None,
        end_to_end=copy.e2e,
        held=False,
        declared=True,
    )


def _own(
    dataset: Dataset,
    members: Sequence[Resource],
    declarations: Sequence[DatasetDeclaration],
    organisation: Organisation,
    vocabulary: Vocabulary,
    looks: Looks,
    refused: Collection[tuple[str, str]],
    entity: Entity | None,
    *,
    as_of: date,
) -> Classification:
    classes: set[ClassEvidence] = set()
    origins: set[ClassEvidence] = set()
    missed: set[str] = set()
    seen_in: set[str] = set()
    rules = organisation.classify
    tags_are_used = bool(rules.tags) or any(one.tags for one in organisation.datasets)
    for resource in members:
        seen_in.add(resource.look)
        # What it was copied from may be in the answer that was refused.
        if (resource.look, resource.id) in refused:
            missed.add(f"{_shown(resource.name)} could not be described")
        tags_look = vocabulary.types[resource.type].tags_look
        if tags_look and tags_are_used:
            look = f"{resource.location.provider}/{resource.account}/{resource.location.region}/{tags_look}"
            seen_in.add(look)
            if not looks.proves(look):
                missed.add(look)
        for rule in rules.tags:
            if rule.key in resource.tags:
                named, unknown = _from_tag(resource.tags[rule.key], rule.values, gives=rule.gives)
                detail = f"tag {rule.key} of {_shown(resource.name)}"
                (origins if rule.gives == "origin" else classes).update(
                    ClassEvidence(name, "tag", detail) for name in named
                )
                if unknown:
                    missed.add(f"{detail} names no known {rule.gives}")
        for name in rules.accounts.get(resource.account, ()):
            classes.add(ClassEvidence(name, "account", f"default of account {resource.account}"))
        for suggestion in rules.names:
            if fnmatchcase(resource.name, suggestion.glob):
                detail = f"name {_shown(resource.name)} matches {suggestion.glob}"
                classes.update(ClassEvidence(name, "name", detail) for name in suggestion.classes)

    facts: set[str] = set()
    taken: set[ClassEvidence] = set()
    subjects = None
    for declaration in declarations:
        detail = f"dataset {declaration.id} in the organisation file"
        loosening = _loosening(declaration, dataset, members, as_of)
        classes.update(
            ClassEvidence(name, "declared", detail)
            for name in declaration.classes
            if loosening or not taxonomy.loosens(name)
        )
        origins.update(ClassEvidence(name, "declared", detail) for name in declaration.origin)
        if declaration.subjects is not None:
            subjects = max(subjects or 0, declaration.subjects)
        if declaration.entity:
            entity = next((one for one in organisation.entities if one.id == declaration.entity), entity)
        if loosening:
            facts.update(loosening.facts)
            why = f"{detail}: {loosening.reason} (approved by {loosening.approver}, until {loosening.until})"
            taken.update(ClassEvidence(glob, "declared", why) for glob in loosening.declassify)
    if entity:
        origins.update(ClassEvidence(name, "declared", f"entity {entity.id}") for name in entity.origin)
    missed.update(f"{ancestor} could not be looked at" for ancestor in dataset.unseen)
    return Classification(
        dataset=dataset.id,
        classes=tuple(sorted(classes)),
        origins=tuple(sorted(origins)),
        facts=frozenset(facts) if facts else _NO_FACTS,
        subjects=subjects,
        entity=entity.id if entity else "",
        looked=not missed,
        missed=tuple(sorted(missed)),
        declassified=tuple(sorted(taken)),
        seen_in=tuple(sorted(seen_in)),
    )


def _loosening(
    declaration: DatasetDeclaration, dataset: Dataset, members: Sequence[Resource], as_of: date
) -> Loosening | None:
    """What a declaration takes away. It must be about the root: else a copy with a fitting name would loosen."""
    loosen = declaration.loosen
    if loosen is None or as_of > loosen.until:
        return None
    if dataset.id == f"declared:{declaration.id}":
        return loosen
    roots: Sequence[Resource | None] = [one for one in members if one.id == dataset.id] or [None]
    return loosen if any(_matches(declaration, dataset.id, root) for root in roots) else None


def _from_tag(value: str, table: Mapping[str, tuple[str, ...]], *, gives: str) -> tuple[set[str], bool]:
    """Classes or origins that a tag value names, and whether it names something nobody knows."""
    if table:
        # Where a tag adds up several values each of them counts, and each must be known.
        values = [one.strip() for one in value.split(",") if one.strip()] or [value]
        named = [{name for glob, names in table.items() if fnmatchcase(one, glob) for name in names} for one in values]
        whole = {name for glob, names in table.items() if fnmatchcase(value, glob) for name in names}
        return whole.union(*named), not (all(named) or (value in table and whole))
    words = [word for word in _WORDS.split(value) if word]
    if gives == "origin":
        codes = {word.upper() for word in words}
        known = {one for one in codes if one in geography.COUNTRIES or one in geography.SUBDIVISIONS}
        return known, known != codes
    return {word for word in words if taxonomy.known(word)}, any(not taxonomy.known(word) for word in words)


def _inherit(datasets: Sequence[Dataset], own: Mapping[str, Classification]) -> dict[str, Classification]:
    """Pass classes and origins from every dataset to what it feeds or seeds, until nothing moves."""
    children: dict[str, list[str]] = defaultdict(list)
    for dataset in datasets:
        for feeder in dataset.parents:
            children[feeder].append(dataset.id)
    result = dict(own)
    moved: Iterable[str] = sorted(children)
    while moved:
        # A holder may have very many parents: it takes from all of them at once.
        feeding: dict[str, list[Classification]] = defaultdict(list)
        for parent in moved:
            for child in children.get(parent, ()):
                feeding[child].append(result[parent])
        after = {child: _with_parents(result[child], parents) for child, parents in feeding.items()}
        moved = [child for child, one in after.items() if one != result[child]]
        result.update(after)
    return result


def _with_parents(child: Classification, parents: Sequence[Classification]) -> Classification:
    missed = {*child.missed, *(one for parent in parents for one in parent.missed)}
    seen_in = {*child.seen_in, *(look for parent in parents for look in parent.seen_in)}
    # What the file takes away from a dataset is not handed on by it either.
    return _loosen(
        replace(
            child,
            classes=_union(child.classes, ((one, parent.dataset) for parent in parents for one in parent.classes)),
            origins=_union(child.origins, ((one, parent.dataset) for parent in parents for one in parent.origins)),
            looked=not missed,
            missed=tuple(sorted(missed)),
            seen_in=tuple(sorted(seen_in)),
        )
    )


def _union(here: Iterable[ClassEvidence], there: Iterable[tuple[ClassEvidence, str]]) -> tuple[ClassEvidence, ...]:
    """Evidence of a child and, each with its dataset, of its parents; what is inherited says so once, however long
    the way."""
    inherited = (
        one
        if one.detail.startswith(INHERITED)
        else ClassEvidence(one.name, one.source, f"{INHERITED}{_shown(parent)}: {one.detail}")
        for one, parent in there
    )
    return tuple(sorted({*here, *inherited}))


def _loosen(one: Classification) -> Classification:
    """Take away what the organisation file declassifies; tags never can."""
    if not one.declassified:
        return one
    kept = tuple(
        evidence
        for evidence in one.classes
        if not any(taxonomy.matches(taken.name, evidence.name) for taken in one.declassified)
    )
    return replace(one, classes=kept)


def confidence(evidence: Iterable[ClassEvidence]) -> Confidence:
    """The most trusted source among some evidence."""
    order: tuple[Confidence, ...] = ("declared", "tag", "account", "name")
    sources = {one.source for one in evidence}
    return next((source for source in order if source in sources), "name")


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
