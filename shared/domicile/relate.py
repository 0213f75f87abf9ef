"""From what was seen in all accounts to datasets: which copies belong to the same data, and where each of them is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domicile import geography
from domicile.model import (
    ANYWHERE,
    GLOBAL,
    Channel,
    Copy,
    Dataset,
    Evidence,
    Inventory,
    Key,
    Location,
    Placement,
    PlacementKind,
    Resource,
    Tagged,
    Vocabulary,
)

SAMPLES: Final = 5
EVIDENCE: Final = 3

_NO_LINKS: Final[frozenset[str]] = frozenset()
_BARE: Final = "/providers/"
_LISTED_AS: Final = {"elasticfilesystem": "efs", "redshift-serverless": "redshiftserverless"}
"""Services that ARNs call otherwise than looks do."""
_NO_REGION: Final = ":ec2:::"
_ALL: Final = ":*"
_MANY_PLACES: Final = re.compile(r"/mrk-|:alias/(?!aws/)")
_LATE: Final = datetime.max.replace(tzinfo=UTC)


class _Node(Struct):
    """A holder of data: a resource that was seen, or one that was only spoken of."""

    id: str
    resource: Resource | None = None
    looks: tuple[str, ...] = ()
    incoming: list[Copy] = []
    copied_from_now: bool = False
    absent: bool = False
    located: bool = False
    not_of: str = ""
    location: Location | None = None
    account: str = ""


def relate(inventory: Inventory, vocabulary: Vocabulary, speaking: Collection[str] = ()) -> tuple[Dataset, ...]:
    """Every dataset of an inventory, by id. The order of the inventory does not matter.

    `speaking` are the resources of which somebody says what they hold. One that can hold data of its own beside
    what is copied into it (a bucket) is a shared holder even when a single root feeds it.
    """
    nodes, copies, unseen = _nodes(inventory, vocabulary)
    inside = _inside(copies, nodes, vocabulary)
    keys = _Keys(inventory.keys)
    downstream: dict[str, set[str]] = defaultdict(set)
    seeds: dict[str, set[str]] = defaultdict(set)
    only_copies: set[str] = set()
    for copy in copies:
        channel = vocabulary.channels[copy.channel]
        target = _target(copy, channel)
        if channel.relation == "seed":
            seeds[target].add(copy.of)
        else:
            downstream[copy.of].add(target)
            if not channel.shares:
                only_copies.add(target)
            if channel.relation in ("peer", "part"):
                downstream[target].add(copy.of)
    for name, taken_of in _untold(nodes, vocabulary):
        downstream[taken_of].add(name)
        only_copies.add(name)

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
        own = any(node in speaking and node not in only_copies for node in groups[index])
        if len(heads) == 1 and not own:
            head[index] = heads.pop()
        else:
            head[index] = index
            if heads:
                shared[index] = heads

    anchor = {index: _anchor(groups[index], nodes, vocabulary) for index in set(head.values())}
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
                nodes,
                vocabulary,
                inside,
                keys,
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
    listed: dict[tuple[str, str, str], bool] = {}
    for look in inventory.looks:
        there = look.cell.account, look.cell.region, look.listing.partition(".")[0]
        listed[there] = listed.get(there, True) and look.listed
    nodes = _seen(inventory.resources, vocabulary)
    _encrypted(nodes, inventory.tags)
    spoken = _of_each(_in_full(sorted(inventory.copies, key=repr), nodes), nodes)
    statements = _reattach(_by_rule(spoken, nodes, vocabulary), nodes, vocabulary)
    sources = set()
    for copy in statements:
        channel = vocabulary.channels[copy.channel]
        source, target = _spoken_of(copy.of, nodes), _spoken_of(_target(copy, channel), nodes)
        sources.add(source.id)
        if channel.relation == "peer":
            sources.add(target.id)
        if channel.continuous or channel.relation == "peer":
            source.copied_from_now = True
        found = inventory.located.get(copy.id)
        target.located = target.located or (found is not None and not (target.location or copy.location))
        target.location = target.location or copy.location or found
        target.account = target.account or copy.account or (source.account if channel.implied else "")
        target.incoming.append(copy)
    for _, taken_of in _untold(nodes, vocabulary):
        sources.add(_spoken_of(taken_of, nodes).id)
    for node in nodes.values():
        if node.resource is None:
            location, account = place(node.id)
            node.location, node.account = node.location or location, node.account or account
    for copy in statements:
        node = nodes[_target(copy, vocabulary.channels[copy.channel])]
        # The proof lies with the holder: listed in full without it, it is not there, whatever its source says.
        node.absent = node.resource is None and (node.id in inventory.gone or _looked_at(node, listed, vocabulary))
        if node.resource is None and node.account and _looked_at(node, listed, vocabulary, GLOBAL):
            # Its name tells nobody's account, and among all that this account has, it is not: somebody else has it.
            node.account, node.not_of = "", node.account
    # What an ancestor that is gone had to say about the class is as unknown as that of one nobody could look at.
    # A whole that is no resource of its own says nothing that its parts do not.
    wholes = {copy.id for copy in statements if vocabulary.channels[copy.channel].relation == "part"}
    unseen = {name for name in sources if nodes[name].resource is None} - wholes
    return nodes, statements, unseen


def _seen(resources: Iterable[Resource], vocabulary: Vocabulary) -> dict[str, _Node]:
    """One holder for each resource. What two listings show is one, a backup before anything else, and each tells
    what the other leaves out."""
    nodes: dict[str, _Node] = {}
    for one in sorted(resources, key=lambda one: (vocabulary.types[one.type].kind != "backup", one.look, repr(one))):
        node = nodes.get(one.id)
        if node is None or node.resource is None:
            nodes[one.id] = _Node(one.id, one, (one.look,), [], location=one.location, account=one.account)
            continue
        first = node.resource
        node.looks = tuple(sorted({*node.looks, one.look}))
        node.resource = replace(
            first,
            tags={**one.tags, **first.tags},
            created_at=first.created_at or one.created_at,
            newest_at=first.newest_at or one.newest_at,
            retention_days=one.retention_days if first.retention_days is None else first.retention_days,
            cmk=one.cmk if first.cmk is None else first.cmk,
            key=first.key or one.key,
            taken_of=first.taken_of or one.taken_of,
        )
    return nodes


def _encrypted(nodes: Mapping[str, _Node], told: Iterable[Tagged]) -> None:
    """How a resource is encrypted, where another listing tells. What is not told is unknown and so met by nothing: the
    look need not be had again for the resource to be gone."""
    for one in told:
        node = nodes.get(one.id)
        if node and node.resource and (one.key or one.cmk is not None):
            cmk = one.cmk if node.resource.cmk is None else node.resource.cmk
            node.resource = replace(node.resource, cmk=cmk, key=node.resource.key or one.key)


def _in_full(statements: list[Copy], nodes: Iterable[str]) -> list[Copy]:
    """Statements about what was seen, in place of those that name it by what only one resource in the world is called:
    an Azure id from its provider on (`/providers/microsoft.storage/storageaccounts/ledger`), the ARN of a snapshot
    without its region. Of such a snapshot, when it was not seen, nothing can be said."""
    bare = {name for copy in statements for name in (copy.of, copy.id) if name.startswith(_BARE) or _NO_REGION in name}
    if not bare:
        return statements
    seen: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        seen[_bare(node)].append(node)
    full = {name: seen[name][0] for name in bare if len(seen.get(name, ())) == 1}
    named = [replace(copy, of=full.get(copy.of, copy.of), id=full.get(copy.id, copy.id)) for copy in statements]
    return [copy for copy in named if _NO_REGION not in copy.of]


def _of_each(statements: list[Copy], nodes: Iterable[str]) -> list[Copy]:
    """Statements about all that is called alike (`arn:aws:logs:eu-west-1:*:log-group:*`), replaced by one about each of
    it that was seen."""
    patterns = {copy.of for copy in statements if copy.of.endswith(_ALL)}
    if not patterns:
        return statements
    alike = {pattern: [node for node in nodes if fnmatchcase(node, pattern)] for pattern in patterns}
    return [replace(copy, of=source) for copy in statements for source in sorted(alike.get(copy.of, (copy.of,)))]


def _bare(name: str) -> str:
    """A resource by what only it is called in the world."""
    if name.startswith("arn:"):
        parts = name.split(":", 5)
        return f"{parts[0]}:{parts[1]}{_NO_REGION}{parts[-1]}" if parts[2] == "ec2" else name
    return _BARE + name.rpartition(_BARE)[2]


def _spoken_of(name: str, nodes: dict[str, _Node]) -> _Node:
    return nodes.setdefault(name, _Node(name))


def _untold(nodes: Mapping[str, _Node], vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """Points in time that no statement says the source of, with what they were taken of. A part goes with its whole."""
    told = [copy for node in nodes.values() if node.resource for copy in node.incoming]
    parts = {copy.of for copy in told if vocabulary.channels[copy.channel].relation == "part"}
    return [
        (node.id, node.resource.taken_of)
        for node in nodes.values()
        if node.resource and node.resource.taken_of and node.id not in parts and not _links(node, vocabulary)
    ]


def _links(node: _Node, vocabulary: Vocabulary) -> list[Copy]:
    """The statements that make a node a copy; what it was made from, once, does not."""
    return [copy for copy in node.incoming if vocabulary.channels[copy.channel].relation != "seed"]


def _by_rule(statements: list[Copy], nodes: Mapping[str, _Node], vocabulary: Vocabulary) -> list[Copy]:
    """Statements about rules, replaced by one for each thing that a rule made copies of.

    What was copied to the place already, as some look shows, is not spoken of twice.
    """
    if not any(vocabulary.channels[copy.channel].relation == "rule" for copy in statements):
        return statements
    sources: dict[str, set[str]] = defaultdict(set)
    there: set[tuple[str, PlacementKind, Location | None, str]] = set()
    parts = _parts(statements, nodes, vocabulary)
    for copy in statements:
        channel = vocabulary.channels[copy.channel]
        if channel.relation == "rule":
            continue
        source = _origin(copy.of, nodes)
        # Of a copy whose source is gone nobody knows what a rule would make copies of. Of a part the whole is copied.
        untold = channel.rotates and copy.of not in nodes and not _kept_of(copy, nodes, vocabulary)
        if copy.caused_by and copy.id not in parts and not untold:
            sources[copy.caused_by].add(source)
        there.add((source, channel.kind, copy.location, copy.account))
    told = []
    for copy in statements:
        channel = vocabulary.channels[copy.channel]
        if channel.relation != "rule":
            told.append(copy)
            continue
        told.extend(
            replace(copy, of=source, id="", caused_by=copy.of)
            for source in sorted(sources.get(copy.of, ()))
            if (source, channel.kind, copy.location, copy.account) not in there
        )
    return told


def _parts(statements: Iterable[Copy], nodes: Mapping[str, _Node], vocabulary: Vocabulary) -> frozenset[str]:
    """What is a part of something that was seen."""
    return frozenset(
        copy.of for copy in statements if vocabulary.channels[copy.channel].relation == "part" and copy.id in nodes
    )


def _origin(name: str, nodes: Mapping[str, _Node]) -> str:
    """What a point in time was taken of; anything else is its own origin."""
    node = nodes.get(name)
    return node.resource.taken_of if node and node.resource and node.resource.taken_of else name


def _inside(statements: Iterable[Copy], nodes: Mapping[str, _Node], vocabulary: Vocabulary) -> frozenset[str]:
    """Parts of something that was seen itself, in the same place: they are no places of their own."""
    parts = [copy for copy in statements if vocabulary.channels[copy.channel].relation == "part"]
    # What is a part of something that is no resource is a place of its own.
    sources = {copy.of for copy in parts if nodes[copy.id].resource is not None}
    return frozenset(
        copy.of
        for copy in parts
        # What is a part and has parts hides nothing, so that parts of one another do not hide each other.
        if copy.id not in sources
        and nodes[copy.id].resource is not None
        and nodes[copy.id].location == nodes[copy.of].location
    )


class _Keys:
    """In which countries a key can be used: all those that a key of many regions is in."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._places: dict[str, set[Location]] = defaultdict(set)
        for key in keys:
            self._places[key.id].update(key.locations)

    def countries(self, key: str) -> set[str]:
        """ISO codes, "" among them where not all are known."""
        location, _ = place(key)
        named = {location} if location else set()
        known = self._places.get(key)
        # Of a key of many regions that no look showed, nobody knows where else it is; an alias may be of such a key.
        hidden = {""} if not named or (known is None and _MANY_PLACES.search(key)) else set()
        return hidden | {geography.country(one) or "" for one in named | (known or set())}


def _reattach(statements: list[Copy], nodes: Mapping[str, _Node], vocabulary: Vocabulary) -> list[Copy]:
    """Copies of a point in time that is gone are copies of what the point in time was taken of.

    A nightly snapshot is copied abroad, then rotated away at home: its copy is still a copy of the database. Where a
    copy names only what all points in time of one thing have in common, another one that still has its source tells.
    """
    spoken_of = {copy.of for copy in statements}
    kept = [(copy, _kept_of(copy, nodes, vocabulary)) for copy in statements]
    siblings: dict[str, str] = {}
    made_of: dict[str, set[str]] = defaultdict(set)
    parts = _parts(statements, nodes, vocabulary)
    for copy, taken_of in kept:
        if taken_of and copy.of in nodes:
            siblings.setdefault(taken_of, copy.of)
        if copy.of in nodes and copy.id not in parts and vocabulary.channels[copy.channel].rotates:
            made_of[copy.caused_by].add(_origin(copy.of, nodes))
    attached = []
    for copy, taken_of in kept:
        if copy.of in nodes:
            attached.append(copy)
        elif not taken_of:
            attached.append(_left_over(copy, nodes, made_of, vocabulary))
        elif taken_of in nodes or taken_of in spoken_of:
            attached.append(replace(copy, of=taken_of))
        else:
            attached.append(replace(copy, of=siblings.get(taken_of, taken_of)))
    return attached


def _left_over(copy: Copy, nodes: Mapping[str, _Node], made_of: Mapping[str, set[str]], vocabulary: Vocabulary) -> Copy:
    """A copy of a point in time that is gone, and that nothing tells the source of."""
    if copy.id not in nodes or not vocabulary.channels[copy.channel].rotates:
        return copy
    if copy.caused_by:
        # What a rule made of one thing only it made of that; else all that is left of its copies belongs together.
        origins = made_of.get(copy.caused_by, ())
        return replace(copy, of=next(iter(origins)) if len(origins) == 1 else copy.caused_by)
    # Of snapshots of volumes it is not even told whose they were. Each night others go: all copies out of one region
    # that one account has left belong together.
    parts = copy.of.split(":", 5)
    if parts[0] != "arn" or not parts[3] or parts[4]:
        return copy
    kind = parts[5].partition("/")[0]
    return replace(copy, of=":".join((*parts[:4], nodes[copy.id].account, f"{kind}/{ANYWHERE}")))


def _kept_of(copy: Copy, nodes: Mapping[str, _Node], vocabulary: Vocabulary) -> str:
    """What the holder of a copy that comes and goes is a point in time of; "" for any other copy."""
    holder = nodes.get(copy.id)
    if holder is None or holder.resource is None or not vocabulary.channels[copy.channel].rotates:
        return ""
    return holder.resource.taken_of


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


def _looked_at(
    node: _Node, listed: Mapping[tuple[str, str, str], bool], vocabulary: Vocabulary, region: str = ""
) -> bool:
    """Whether the place an ARN names was listed in full, so that its absence says it is gone. Of some resources, such
    as snapshots of volumes, the ARN does not name the account; of some, such as snapshots that a backup service made,
    it names one service, and another lists them. With a region: whether what the ARN names no place of was listed in
    full there."""
    parts = node.id.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or (region and parts[3]):
        return False
    shown_by = {
        _LISTED_AS.get(parts[2], parts[2]),
        *(vocabulary.channels[copy.channel].shown_by for copy in node.incoming),
    } - {""}
    return all(listed.get((parts[4] or node.account, parts[3] or region, service), False) for service in shown_by)


def _service(name: str) -> str:
    """The service that an ARN names."""
    return name.split(":", 5)[2] if name.startswith("arn:") else ""


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


def _anchor(group: Iterable[str], nodes: Mapping[str, _Node], vocabulary: Vocabulary) -> str:
    """The least id among the earliest created; what was never seen has no date and comes last. What comes and goes is
    no anchor while there is anything that stays."""

    def age(node: str) -> tuple[bool, datetime, str]:
        resource = nodes[node].resource
        created_at = resource.created_at if resource and resource.created_at else _LATE
        return (resource is not None and _comes_and_goes(nodes[node], vocabulary), created_at, node)

    return min(group, key=age)


def _comes_and_goes(node: _Node, vocabulary: Vocabulary) -> bool:
    """Whether a holder is one of many, by its type or by what made it."""
    by_type = node.resource is not None and vocabulary.types[node.resource.type].rotates
    return by_type or any(vocabulary.channels[copy.channel].rotates for copy in _links(node, vocabulary))


def _dataset(
    anchor: str,
    nodes: list[_Node],
    nodes_by_id: Mapping[str, _Node],
    vocabulary: Vocabulary,
    inside: Collection[str],
    keys: _Keys,
    *,
    parents: tuple[str, ...],
    feeds: tuple[str, ...],
    unseen: tuple[str, ...],
) -> Dataset:
    placements: dict[str, list[Placement]] = defaultdict(list)
    ids = {node.id for node in nodes}
    for node in nodes:
        if node.id in inside:
            continue
        # A source that nobody looked at is a place only while something is being copied from it.
        if node.resource is None and (node.absent or not (node.incoming or node.copied_from_now)):
            continue
        placement = _placement(node, nodes_by_id, vocabulary, keys, ids if node.id == anchor else frozenset())
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
        root_country=_country(root.location),
    )


def _country(location: Location | None) -> str | None:
    return geography.country(location) if location else None


def _providers(nodes: Iterable[_Node]) -> Iterator[str]:
    return (node.location.provider for node in nodes if node.location)


def _placement(
    node: _Node, nodes: Mapping[str, _Node], vocabulary: Vocabulary, key_places: _Keys, peers: Collection[str]
) -> Placement:
    """`peers`, for an anchor, are the members of its dataset: what they write to it makes it no copy of theirs."""
    resource = node.resource
    incoming = _links(node, vocabulary)
    # One physical copy listed twice is one; as a backup it has duties that a snapshot has not.
    # What it was copied from says more than what it consists of.
    by_kind = sorted(
        incoming,
        key=lambda copy: (
            vocabulary.channels[copy.channel].kind != "backup",
            vocabulary.channels[copy.channel].relation == "part",
        ),
    )
    link = next(iter(by_kind), None)
    if peers and all(copy.of in peers for copy in incoming) and not _comes_and_goes(node, vocabulary):
        link = None
    channel = vocabulary.channels[link.channel] if link else None
    resource_type = vocabulary.types[resource.type] if resource else None
    kinds = [one.kind for one in (channel, resource_type) if one]
    kind: PlacementKind = "backup" if "backup" in kinds else next(iter(kinds), "primary")
    location = node.location
    named = {key for key in [resource.key if resource else "", *(copy.key for copy in incoming)] if key}
    # A key named by its id alone and by its ARN is one key.
    keys = sorted(key for key in named if not any(other.endswith(f"/{key}") for other in named))
    looks = {*node.looks, *(copy.look for copy in incoming)}
    evidence = [copy.evidence for copy in by_kind if copy.evidence]
    if resource:
        evidence.append(Evidence(resource.look.rsplit("/", 1)[-1], "region", resource.location.region))
    elif node.located and location:
        evidence.append(Evidence(f"{_service(node.id)}.locate", "region", location.region))
    if node.not_of:
        evidence.append(Evidence(f"{_service(node.id)}.locate", "account", f"not {node.not_of}"))
    return Placement(
        subject=_subject(node, link, channel, nodes, rotates=bool(resource_type and resource_type.rotates)),
        kind=kind,
        location=location,
        country=_country(location),
        account=node.account,
        resource_id=resource.id if resource else (link.id if link else node.id),
        resource_type=resource.type if resource else "",
        resource_name=resource.name if resource else _name(link.id if link and link.id else node.id),
        channel=link.channel if link else "",
        links=frozenset(copy.channel for copy in incoming) if incoming else _NO_LINKS,
        caused_by=next((copy.caused_by for copy in by_kind if copy.caused_by), ""),
        source_id=link.of if link else "",
        source_country=_country(nodes[link.of].location) if link else None,
        partial=bool(incoming) and all(copy.partial for copy in incoming),
        oldest_at=resource.created_at if resource else None,
        newest_at=(resource.newest_at or resource.created_at) if resource else None,
        retention_days=resource.retention_days if resource else None,
        cmk=resource.cmk if resource else None,
        key_countries=tuple(sorted({country for key in keys for country in key_places.countries(key)})) or None,
        held=resource is not None,
        seen_in=tuple(sorted(looks - {""})),
        evidence=tuple(evidence[:EVIDENCE]),
    )


def _subject(
    node: _Node, link: Copy | None, channel: Channel | None, nodes: Mapping[str, _Node], *, rotates: bool
) -> str:
    resource = node.resource
    if rotates or (channel is not None and channel.rotates):
        taken_of = (resource.taken_of if resource else "") or (_origin(link.of, nodes) if link else "") or node.id
        by = link.channel if link else (resource.type if resource else "")
        return f"set|{taken_of}|{by}|{node.account}|{_region(node.location)}"
    if resource is None and node.id.startswith("implied|"):
        return node.id
    return f"resource|{node.id}"


def _name(resource_id: str) -> str:
    return resource_id.rsplit(":", 1)[-1]


def _set(placements: list[Placement]) -> Placement:
    """Copies that come and go are one placement; a fact holds for the set when it holds for every copy."""
    first = placements[0]
    if not first.subject.startswith("set|"):
        return first
    oldest = [one.oldest_at for one in placements]
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
        caused_by=min((one.caused_by for one in placements if one.caused_by), default=""),
        source_id=first.source_id,
        source_country=first.source_country,
        partial=all(one.partial for one in placements),
        copies=len(placements),
        oldest_at=None if None in oldest else min(moment for moment in oldest if moment),
        newest_at=newest.newest_at,
        samples=tuple(sorted(one.resource_id for one in placements)[:SAMPLES]),
        retention_days=_least(one.retention_days for one in placements),
        cmk=_every(one.cmk for one in placements),
        key_countries=tuple(sorted({key for one in keys for key in one or ("",)})) if any(keys) else None,
        held=any(one.held for one in placements),
        seen_in=tuple(sorted({_of_any(look) for one in placements for look in one.seen_in})),
        evidence=newest.evidence,
    )


def _of_any(look: str) -> str:
    """A question about one of many that come and go, as the question about all of them: it does not change nightly."""
    listing, part, question = look.partition("#")
    return f"{listing}#{question.partition('@')[0]}@{ANYWHERE}" if part else look


def _least(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else min(value for value in known if value is not None)


def _every(values: Iterable[bool | None]) -> bool | None:
    """False when it is false for one, unknown when it is unknown for one, else true."""
    known = set(values)
    if False in known:
        return False
    return None if None in known else True
