"""Every service, walked through the real driver over its recorded answers, and over what a cloud may make of them: cut
into pages, refused, gone, with more in them than is known and with less, and in another partition."""

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from types import SimpleNamespace

import botocore.session
import pytest
from botocore.parsers import ResponseParserFactory
from msgspec.structs import replace

from domicile import geography
from domicile.collect import Ask, find, listed, see, shown
from domicile.model import Cell, Copy, Key, Resource, Tagged, part_of
from domicile.providers import aws
from domicile.providers.service import Refused, Vanished
from recorded_cloud import RecordedCloud, output_shape, recorded

LISTINGS = [
    pytest.param(service, listing, id=f"{service.name}.{listing.name}")
    for service in aws.SERVICES
    for listing in service.listings
]
PARTS = [
    pytest.param(service, listing, part, id=f"{service.name}.{listing.name}#{part.name}")
    for service in aws.SERVICES
    for listing in service.listings
    for part in listing.parts
]
NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
DENIED = Refused("AccessDenied", "User is not authorized to perform this", "denied")


class Everything(frozenset):
    """Whatever key a tag has, somebody uses it."""

    def __contains__(self, key):
        return True


class PagedCloud(RecordedCloud):
    """Serves what is asked for by pages in two of them: each list is cut in half."""

    def pages(self, operation, *, region="", **parameters):
        answer = self._answer(operation)
        for half in (lambda some: some[: (len(some) + 1) // 2], lambda some: some[(len(some) + 1) // 2 :]):
            yield {key: half(value) if isinstance(value, list) else value for key, value in answer.items()}


class BrokenCloud(PagedCloud):
    """Serves the first page of the first operation, and then refuses."""

    def pages(self, operation, *, region="", **parameters):
        first, _ = super().pages(operation, **parameters)
        yield first
        raise DENIED


def answers_of(service, listing):
    return recorded(service.client, f"{service.name}.{listing.name}")


def cell_of(service, region="ap-south-1"):
    return Cell("aws", "111122223333", region if service.scope == "regional" else "global")


class Walked:
    """What the driver makes of one listing in one cell."""

    def __init__(self, service, listing, answers, *, cell=None, cloud=RecordedCloud, finding=None):
        self.ask = Ask(service, listing, cell or cell_of(service))
        # Where a bucket is that does not say so, a header tells.
        answers = {"head_bucket": "ap-south-1", **answers}
        speaking = SimpleNamespace(cloud=lambda *_: cloud(answers))
        self.found = find(
            SimpleNamespace(cloud=lambda *_: finding(answers)) if finding else speaking, self.ask, frozenset()
        )
        self.seen = [see(speaking, self.ask, item, Everything(), NOON) for item in self.found.items]

    @property
    def sightings(self):
        return [one for seen in self.seen for one in seen.sightings]

    @property
    def gaps(self):
        return [gap for seen in self.seen for gap in seen.gaps]

    def of(self, kind):
        return [one for one in self.sightings if isinstance(one, kind)]

    @property
    def names(self):
        return [self.ask.listing.identify(item, self.ask.cell) for item in self.found.items]


def with_part(listing, name, ask):
    """The listing, with another answer to one of its questions."""
    return replace(listing, parts=tuple(replace(one, ask=ask) if one.name == name else one for one in listing.parts))


def raising(error):
    def ask(cloud, item):
        raise error

    return ask


def in_order(sightings):
    return sorted(sightings, key=repr)


def copies(walked):
    return {(one.of, one.channel, one.id, one.location) for one in walked.of(Copy)}


def asked_of(part, walked):
    """The items of which a question is asked."""
    return [item for item in walked.found.items if part.applies is None or part.applies(item)]


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_what_comes_in_two_pages_is_the_same_as_what_comes_in_one(service, listing):
    answers = answers_of(service, listing)
    whole, paged = Walked(service, listing, answers), Walked(service, listing, answers, cloud=PagedCloud)
    assert whole.found.gap is None
    assert whole.gaps == []
    assert whole.sightings
    assert in_order(paged.sightings) == in_order(whole.sightings)
    assert (paged.found.gap, paged.gaps) == (None, [])


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_a_refused_listing_is_a_look_that_is_not_complete_and_shows_nothing(service, listing):
    walked = Walked(service, listing, {}, finding=lambda _: RefusingCloud({}))
    assert walked.found.items == []
    [look] = listed([walked.found]).looks
    assert look.outcome == "refused"
    assert [(gap.listing, gap.reason, gap.resource_id, gap.part) for gap in look.gaps] == [
        (f"{service.name}.{listing.name}", "denied", "", "")
    ]


class RefusingCloud(RecordedCloud):
    def _answer(self, operation):
        raise DENIED


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_a_listing_that_breaks_off_keeps_what_it_had_shown_and_is_not_complete(service, listing):
    answers = answers_of(service, listing)
    whole = Walked(service, listing, answers)
    cut = Walked(service, listing, answers, finding=BrokenCloud)
    if cut.found.gap is None:
        # One answer has it all.
        assert cut.sightings == whole.sightings
        return
    assert {repr(one) for one in cut.sightings} <= {repr(one) for one in whole.sightings}
    assert [look.outcome for look in listed([cut.found]).looks] == ["refused"]


@pytest.mark.parametrize(("service", "listing", "part"), PARTS)
def test_none_configured_is_read_as_none(service, listing, part):
    answers = answers_of(service, listing)
    whole = Walked(service, listing, answers)
    for code in part.absent:
        walked = Walked(service, with_part(listing, part.name, raising(Refused(code))), answers)
        assert walked.gaps == []
        assert all(seen.read for seen in walked.seen)
        assert {one.id for one in walked.of(Resource)} <= {one.id for one in whole.of(Resource)}
        assert copies(walked) <= copies(whole)
        assert not [one for one in walked.of(Copy) if one.part == part.name]


@pytest.mark.parametrize(("service", "listing", "part"), PARTS)
def test_a_refused_part_is_a_gap_of_its_own_and_the_rest_of_the_resource_stands(service, listing, part):
    answers = answers_of(service, listing)
    whole = Walked(service, listing, answers)
    walked = Walked(service, with_part(listing, part.name, raising(DENIED)), answers)
    cell = walked.ask.cell
    expected = {
        (f"{service.name}.{listing.name}", listing.identify(item, cell), part.name, "denied")
        for item in asked_of(part, walked)
    }
    assert {(gap.listing, gap.resource_id, gap.part, gap.reason) for gap in walked.gaps} == expected
    assert expected
    assert all(seen.read for seen in walked.seen)
    [look] = shown(walked.seen).looks
    assert look.outcome == "partial"
    assert {gap.key for gap in look.gaps} == {part_of(look.key, name, one) for _, one, name, _ in expected}
    assert {one.id for one in walked.of(Resource)} == {one.id for one in whole.of(Resource)}
    assert copies(walked) <= copies(whole) or f"{service.name}.{listing.name}#{part.name}" in CAUTIOUS
    assert not [one for one in walked.of(Copy) if one.part == part.name]
    kept = {repr(one) for one in whole.of(Copy) if one.part not in ("", part.name)}
    assert kept <= {repr(one) for one in walked.of(Copy)}
    assert made_up(walked, whole) == []


@pytest.mark.parametrize(("service", "listing", "part"), PARTS)
def test_what_vanishes_before_it_is_described_leaves_nothing(service, listing, part):
    answers = answers_of(service, listing)
    walked = Walked(service, with_part(listing, part.name, raising(Vanished("NotFound"))), answers)
    gone = asked_of(part, walked)
    assert gone
    for item, seen in zip(walked.found.items, walked.seen, strict=True):
        if item in gone:
            assert (seen.sightings, seen.gaps, seen.read) == ((), (), True)


def with_more(value, shape):
    """An answer with a member nobody knows in each of its structures."""
    if shape.type_name == "structure":
        more = {key: with_more(member, shape.members[key]) for key, member in value.items()}
        # What narrows a filter narrows it, known or not.
        return more if shape.name.endswith("Filter") else {**more, "NobodyKnows": "yet", "NorThis": {"At": [1]}}
    if shape.type_name == "list":
        return [with_more(member, shape.member) for member in value]
    return value


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_what_nobody_knows_yet_changes_nothing(service, listing):
    answers = answers_of(service, listing)
    more = {name: with_more(answer, output_shape(service.client, name)) for name, answer in answers.items()}
    assert in_order(Walked(service, listing, more).sightings) == in_order(Walked(service, listing, answers).sightings)


def optional(value, shape, path=()) -> Iterator[tuple]:
    """Every member of an answer that the SDK does not promise, by its path."""
    if shape.type_name == "structure":
        for key, member in value.items():
            if key not in shape.required_members:
                yield (*path, key)
            yield from optional(member, shape.members[key], (*path, key))
    elif shape.type_name == "list":
        for number, member in enumerate(value):
            yield from optional(member, shape.member, (*path, number))


def without(answers, operation, path):
    changed = deepcopy(answers)
    holder = changed[operation]
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return changed


ABSENCE_SAYS = {
    "backup.recovery-points": {"RecoveryPoints.Lifecycle.DeleteAfterDays": "such a lifecycle deletes nothing"},
    "cloudtrail.event-data-stores": {"KmsKeyId": "without a key it is encrypted by one of AWS's"},
    "dynamodb.tables": {"Table.SSEDescription": "without it a key of AWS's encrypts"},
    "ec2.images": {"Images.Tags": "what nothing made keeps what it has", "Images.Tags.Value": "a tag may be empty"},
    "ec2.snapshots": {"Snapshots.Tags": "as of images", "Snapshots.Tags.Value": "as of images"},
    "logs.groups": {
        "logGroups.retentionInDays": "without it events never expire",
        "logGroups.kmsKeyId": "without a key they are encrypted by one of AWS's",
    },
    "rds.cluster-snapshots": {"DBClusterSnapshots.SourceDBClusterSnapshotArn": "without it nothing was copied"},
    "rds.snapshots": {"DBSnapshots.OriginalSnapshotCreateTime": "then nothing is known but when it was made"},
    "secretsmanager.replicas": {"ReplicationStatus.Status": "a replica is there unless it is said to have failed"},
    "secretsmanager.secrets": {"SecretList.KmsKeyId": "it is left out where the key is AWS's own"},
}
"""What the documentation says of a member that is left out, by the listing; of all others nothing follows."""

CAUTIOUS = {
    "ec2.images#provider": "an image is a copy of what it names, unless AWS is shown to provide that to anybody",
    "observabilityadmin.centralisation-rules#rule": "whose logs a rule takes is not shown: they are left at the rule",
}
"""Parts that, refused, leave a copy which they would have told more of."""

NAMING = re.compile(r"(Name|Arn|ARN|Id)$")


def made_up(walked, whole, *, says=False):
    """What is claimed of an answer that shows less, and was not claimed of the whole. `says`: what is left out says
    something itself."""
    said = {one.id: one for one in whole.of(Resource)}
    here = {one.location for one in (*whole.of(Resource), *whole.of(Copy))}
    found = []
    for one in walked.sightings:
        place = getattr(one, "location", None)
        if (
            not says
            and place is not None
            and place not in here
            and (isinstance(one, Copy) or not geography.country(place))
        ):
            found.append(f"{one.id or one.of} in {place}")
        found += [f"a name with nothing in it: {name}" for name in ids_of(one) if "None" in re.split(r"[:/#]", name)]
    for one in (one for one in walked.of(Resource) if one.id in said and not says):
        for name in ("retention_days", "cmk", "newest_at"):
            value = getattr(one, name)
            if value not in (None, getattr(said[one.id], name)):
                found.append(f"{name} of {one.id} is said to be {value}")
    return found


def ids_of(one):
    match one:
        case Resource():
            names = (one.id, one.key, one.taken_of)
        case Copy():
            names = (one.of, one.id, one.caused_by, one.key)
        case Tagged():
            names = (one.id, one.key)
        case Key():
            names = (one.id,)
    return [name for name in names if name]


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_what_is_not_promised_may_be_missing_and_nothing_is_claimed_instead(service, listing):
    answers, look = answers_of(service, listing), f"{service.name}.{listing.name}"
    whole = Walked(service, listing, answers)
    flaws = []
    for operation, answer in answers.items():
        for path in optional(answer, output_shape(service.client, operation)):
            walked = Walked(service, listing, without(answers, operation, path))
            member = ".".join(str(step) for step in path if isinstance(step, str))
            found = made_up(walked, whole, says=member in ABSENCE_SAYS.get(look, ()))
            # A listing without its list is no empty listing, nor is one without the names that more is asked by.
            if walked.found.gap is not None and len(path) > 1 and not NAMING.search(member):
                found.append(f"the rest of the listing is hidden: {walked.found.gap.detail}")
            found += [f"a gap of nothing: {seen.ask}" for seen in walked.seen if not seen.read and not seen.gaps]
            flaws += [f"without {operation} {member}: {flaw}" for flaw in found]
    assert flaws == [], "where the documentation says what its absence means, say so in ABSENCE_SAYS"


def test_nothing_comes_as_null():
    """The SDK's parser, which every answer goes through, takes what is null for left out."""
    model = botocore.session.Session().get_service_model("dynamodb").operation_model("DescribeTable")
    body = b'{"Table": {"TableName": "carts", "SSEDescription": null, "Replicas": null}}'
    answer = {"status_code": 200, "headers": {}, "body": body}
    parser = ResponseParserFactory().create_parser("json")
    assert parser.parse(answer, model.output_shape)["Table"] == {"TableName": "carts"}


@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_every_place_is_one_whose_country_is_known_or_no_place_at_all(service, listing):
    walked = Walked(service, listing, answers_of(service, listing))
    for one in walked.sightings:
        places = one.locations if isinstance(one, Key) else (getattr(one, "location", None),)
        for place in places:
            assert place is None or place.zone == "outpost" or geography.country(place), place


REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il|mx)-(?:north|south|east|west|central|northeast|southeast)-[0-9]\b")
ELSEWHERE = {
    "aws-cn": ("cn-north-1", "cn-northwest-1", "amazonaws.com.cn"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1", "amazonaws.com"),
}


def moved(value, partition):
    """An answer as it would be in another partition."""
    home, abroad, domain = ELSEWHERE[partition]
    match value:
        case dict():
            return {moved(key, partition): moved(inner, partition) for key, inner in value.items()}
        case list():
            return [moved(inner, partition) for inner in value]
        case str():
            text = value.replace("arn:aws:", f"arn:{partition}:").replace("amazonaws.com", domain)
            return REGION.sub(lambda found: home if found[0] == "ap-south-1" else abroad, text)
    return value


@pytest.mark.parametrize("partition", ELSEWHERE)
@pytest.mark.parametrize(("service", "listing"), LISTINGS)
def test_in_another_partition_every_id_names_that_partition(service, listing, partition):
    answers = {name: moved(answer, partition) for name, answer in answers_of(service, listing).items()}
    walked = Walked(service, listing, answers, cell=cell_of(service, ELSEWHERE[partition][0]))
    assert (walked.found.gap, walked.gaps) == (None, [])
    ids = [name for one in walked.sightings for name in ids_of(one) if "arn:" in name]
    assert [name for name in ids if f"arn:{partition}:" not in name] == []
    assert len(walked.sightings) == len(Walked(service, listing, answers_of(service, listing)).sightings)
