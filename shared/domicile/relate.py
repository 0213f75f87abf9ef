"""From what was seen in all accounts to datasets: which copies belong to the same data, and where each of them is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from domicile import geography
from domicile.model import (
    Channel,
    Copy,
    Dataset,
    Evidence,
    Inventory,
    Location,
    Looks,
    Placement,
    PlacementKind,
    Resource,
    Vocabulary,
)

SAMPLES: Final = 5
EVIDENCE: Final = 3

_LATE: Final = datetime.max.replace(tzinfo=UTC)


class _Node(Struct):
    """A holder of data: a resource that was seen, or one that was only spoken of."""

    id: str
    resource: Resource | None = None
    incoming: list[Copy] = []
    location: Location | None = None
    account: str = ""


def relate(inventory: Inventory, vocabulary: Vocabulary) -> tuple[Dataset, ...]:
    """Every dataset of an inventory, by id. The order of the inventory does not matter."""
    nodes, copies, unseen = _nodes(inventory, vocabulary)
    downstream: dict[str, set[str]] = defaultdict(set)
    seeds: dict[str, set[str]] = defaultdict(set)
    for copy in copies:
        channel = vocabulary.channels[copy.channel]
        target = _target(copy, channel)
        if channel.relation == "seed":
            seeds[target].add(copy.of)
        else:
            downstream[copy.of].add(target)
            if channel.relation == "peer":
                downstream[target].add(copy.of)

    groups = _components(sorted(nodes), downstream)
    group_of = {node: index for index, group in enumerate(groups) for node in group}
    fed_by: dict[int, set[int]] = defaultdict(set)
    for source, targets in downstream.items():
        for target in targets:
            if group_of[source] != group_of[target]:
                fed_by[group_of[target]].add(group_of[source])

    # Components come out of the search with what is downstream first.
    head: dict[int, int] = {}
    shared: dict[int, set[int]] = {}
    for index in reversed(range(len(groups))):
        heads = {head[feeder] for feeder in fed_by[index]}
        if len(heads) == 1:
            head[index] = heads.pop()
        else:
            head[index] = index
            if heads:
                shared[index] = heads

    anchor = {index: _anchor(groups[index], nodes) for index in set(head.values())}
    members: dict[int, list[str]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[head[index]].extend(group)

    def dataset_of(node: str) -> str:
        return anchor[head[group_of[node]]]

    feeds: dict[str, set[str]] = defaultdict(set)
    for holder, feeders in shared.items():
        for feeder in feeders:
            feeds[anchor[feeder]].add(anchor[holder])

    datasets = []
    for index, ids in members.items():
        name = anchor[index]
        parents = {anchor[feeder] for feeder in shared.get(index, ())}
        parents.update(dataset_of(source) for node in ids for source in seeds.get(node, ()))
        datasets.append(
            _dataset(
                name,
                [nodes[node] for node in sorted(ids)],
                vocabulary,
                parents=tuple(sorted(parents - {name})),
                feeds=tuple(sorted(feeds.get(name, ()))),
                unseen=tuple(sorted(node for node in ids if node in unseen)),
            )
        )
    return tuple(sorted((dataset for dataset in datasets), key=lambda dataset: dataset.id))


def place(resource_id: str) -> tuple[Location | None, str]:
    """Location and account that an ARN names; an S3 bucket's names neither."""
    parts = resource_id.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return None, ""
    region, account = parts[3], parts[4]
    return (Location("aws", region) if region else None), account


def _nodes(inventory: Inventory, vocabulary: Vocabulary) -> tuple[dict[str, _Node], list[Copy], set[str]]:
    """Holders by id, the statements that join them, and the ids of sources that no look could show."""
    looks = Looks(inventory.looks, inventory.gaps)
    nodes = {
        resource.id: _Node(resource.id, resource, [], resource.location, resource.account)
        for resource in inventory.resources
    }
    statements = sorted(
        inventory.copies, key=lambda copy: (copy.of, copy.channel, copy.id, str(copy.location), copy.caused_by)
    )
    statements = _reattach(statements, nodes, vocabulary)
    unseen = set()
    for copy in statements:
        channel = vocabulary.channels[copy.channel]
        if copy.of not in nodes:
            location, account = place(copy.of)
            nodes[copy.of] = _Node(copy.of, None, [], location, account)
        if nodes[copy.of].resource is None and not _looked_at(copy.of, looks):
            unseen.add(copy.of)
        target = _target(copy, channel)
        if target not in nodes:
            location, account = place(copy.id)
            nodes[target] = _Node(
                target,
                None,
                [],
                copy.location or inventory.located.get(copy.id) or location,
                copy.account or account,
            )
        nodes[target].incoming.append(copy)
    return nodes, statements, unseen


def _reattach(statements: list[Copy], nodes: Mapping[str, _Node], vocabulary: Vocabulary) -> list[Copy]:
    """Copies of a point in time that is gone are copies of what the point in time was taken of.

    A nightly snapshot is copied abroad, then rotated away at home: its copy is still a copy of the database.
    """
    attached = []
    for copy in statements:
        holder = nodes.get(copy.id)
        if (
            copy.of not in nodes
            and holder is not None
            and holder.resource is not None
            and holder.resource.taken_of
            and vocabulary.channels[copy.channel].rotates
        ):
            attached.append(
                Copy(
                    of=holder.resource.taken_of,
                    channel=copy.channel,
                    location=copy.location,
                    id=copy.id,
                    account=copy.account,
                    caused_by=copy.caused_by,
                    evidence=copy.evidence,
                    key=copy.key,
                    part=copy.part,
                    look=copy.look,
                )
            )
        else:
            attached.append(copy)
    return attached


def _target(copy: Copy, channel: Channel) -> str:
    """The node that holds the copy; one without an id of its own is named by what makes it."""
    if copy.id and not channel.implied:
        return copy.id
    return _implied(copy)


def _implied(copy: Copy) -> str:
    return f"implied|{copy.of}|{copy.channel}|{_region(copy.location)}"


def _region(location: Location | None) -> str:
    if location is None:
        return "unknown"
    return ":".join(part for part in (location.provider, location.region, location.zone) if part)


def _looked_at(resource_id: str, looks: Looks) -> bool:
    """Whether the place an ARN names was listed in full, so that its absence says it is gone."""
    parts = resource_id.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return False
    cell = f"aws/{parts[4]}/{parts[3]}/"
    there = [look for look in looks if look.key.startswith(cell) and look.listing.startswith(f"{parts[2]}.")]
    return bool(there) and all(look.listed for look in there)


def _components(order: Iterable[str], edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Strongly connected components, downstream ones first (Tarjan's search, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    components: list[list[str]] = []
    for root in order:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(sorted(edges.get(root, ()))))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(sorted(edges.get(target, ())))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    components.append(sorted(component))
    return components


def _anchor(group: Iterable[str], nodes: Mapping[str, _Node]) -> str:
    """The least id among the earliest created; what was never seen has no date and comes last."""

    def age(node: str) -> tuple[datetime, str]:
        resource = nodes[node].resource
        return (resource.created_at if resource and resource.created_at else _LATE, node)

    return min(group, key=age)


def _dataset(
    anchor: str,
    nodes: list[_Node],
    vocabulary: Vocabulary,
    *,
    parents: tuple[str, ...],
    feeds: tuple[str, ...],
    unseen: tuple[str, ...],
) -> Dataset:
    placements: dict[str, list[Placement]] = defaultdict(list)
    ids = {node.id for node in nodes}
    spoken_for = {
        copy.of
        for node in nodes
        for copy in node.incoming
        if vocabulary.channels[copy.channel].continuous or vocabulary.channels[copy.channel].relation == "peer"
    }
    for node in nodes:
        # A source that nobody looked at is a place only while something is being copied from it.
        if node.resource is None and not node.incoming and node.id not in spoken_for:
            continue
        among_itself = node.id == anchor and all(copy.of in ids for copy in node.incoming)
        placement = _placement(node, vocabulary, first_among_peers=among_itself)
        placements[placement.subject].append(placement)
    root = next(node for node in nodes if node.id == anchor)
    provider = root.location.provider if root.location else next(iter(_providers(nodes)), "")
    return Dataset(
        id=anchor,
        provider=provider,
        account=root.account,
        name=root.resource.name if root.resource else anchor.rsplit(":", 1)[-1],
        placements=tuple(_set(placements[subject]) for subject in sorted(placements)),
        members=tuple(node.id for node in nodes),
        parents=parents,
        feeds=feeds,
        unseen=unseen,
        root_location=root.location,
        root_country=geography.country(root.location) if root.location else None,
    )


def _providers(nodes: Iterable[_Node]) -> Iterator[str]:
    return (node.location.provider for node in nodes if node.location)


def _placement(node: _Node, vocabulary: Vocabulary, *, first_among_peers: bool) -> Placement:
    resource = node.resource
    incoming = [copy for copy in node.incoming if vocabulary.channels[copy.channel].relation != "seed"]
    # One physical copy listed twice is one; as a backup it has duties that a snapshot has not.
    by_kind = sorted(incoming, key=lambda copy: vocabulary.channels[copy.channel].kind != "backup")
    link = by_kind[0] if by_kind and not first_among_peers else None
    channel = vocabulary.channels[link.channel] if link else None
    resource_type = vocabulary.types[resource.type] if resource else None
    kind: PlacementKind = channel.kind if channel else (resource_type.kind if resource_type else "primary")
    location = node.location
    keys = sorted({key for key in [resource.key if resource else "", *(copy.key for copy in incoming)] if key})
    looks = {resource.look} if resource else set()
    looks.update(copy.look for copy in incoming)
    evidence = [copy.evidence for copy in by_kind if copy.evidence]
    if resource:
        evidence.append(Evidence(resource.look.rsplit("/", 1)[-1], "region", resource.location.region))
    return Placement(
        subject=_subject(node, link, channel, rotates=bool(resource_type and resource_type.rotates)),
        kind=kind,
        location=location,
        country=geography.country(location) if location else None,
        account=node.account,
        resource_id=resource.id if resource else (link.id if link else node.id),
        resource_type=resource.type if resource else "",
        resource_name=resource.name if resource else _name(link.id if link and link.id else node.id),
        channel=link.channel if link else "",
        links=frozenset(copy.channel for copy in incoming),
        caused_by=next((copy.caused_by for copy in by_kind if copy.caused_by), ""),
        source_id=link.of if link else "",
        oldest_at=resource.created_at if resource else None,
        newest_at=(resource.newest_at or resource.created_at) if resource else None,
        retention_days=resource.retention_days if resource else None,
        cmk=resource.cmk if resource else None,
        key_countries=tuple(sorted({_key_country(key) for key in keys})) or None,
        held=resource is not None,
        seen_in=tuple(sorted(looks - {""})),
        evidence=tuple(evidence[:EVIDENCE]),
    )


def _subject(node: _Node, link: Copy | None, channel: Channel | None, *, rotates: bool) -> str:
    resource = node.resource
    if rotates or (channel is not None and channel.rotates):
        taken_of = (resource.taken_of if resource else "") or (link.of if link else "") or node.id
        by = link.channel if link else (resource.type if resource else "")
        return f"set|{taken_of}|{by}|{node.account}|{_region(node.location)}"
    if resource is None and node.id.startswith("implied|"):
        return node.id
    return f"resource|{node.id}"


def _name(resource_id: str) -> str:
    return resource_id.rsplit(":", 1)[-1]


def _key_country(key: str) -> str:
    location, _ = place(key)
    return (geography.country(location) or "") if location else ""


def _set(placements: list[Placement]) -> Placement:
    """Copies that come and go are one placement; a fact holds for the set when it holds for every copy."""
    first = placements[0]
    if not first.subject.startswith("set|"):
        return first
    moments = [moment for one in placements for moment in (one.oldest_at, one.newest_at) if moment]
    newest = max(placements, key=lambda one: (one.newest_at or datetime.min.replace(tzinfo=UTC), one.resource_id))
    keys = [one.key_countries for one in placements]
    return Placement(
        subject=first.subject,
        kind=first.kind,
        location=first.location,
        country=first.country,
        account=first.account,
        resource_id=newest.resource_id,
        resource_type=first.resource_type,
        resource_name=newest.resource_name,
        channel=first.channel,
        links=frozenset().union(*(one.links for one in placements)),
        caused_by=next((one.caused_by for one in placements if one.caused_by), ""),
        source_id=first.source_id,
        copies=len(placements),
        oldest_at=min(moments, default=None),
        newest_at=max(moments, default=None),
        samples=tuple(sorted(one.resource_id for one in placements)[:SAMPLES]),
        retention_days=_least(one.retention_days for one in placements),
        cmk=_every(one.cmk for one in placements),
        key_countries=None if None in keys else tuple(sorted({key for one in keys for key in one or ()})),
        held=any(one.held for one in placements),
        seen_in=tuple(sorted({look for one in placements for look in one.seen_in})),
        evidence=newest.evidence,
    )


def _least(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else min(value for value in known if value is not None)


def _every(values: Iterable[bool | None]) -> bool | None:
    """False when it is false for one, unknown when it is unknown for one, else true."""
    known = set(values)
    if False in known:
        return False
    return None if None in known else True
