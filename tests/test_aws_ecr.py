import pytest

from domicile.model import Cell, Location
from domicile.providers.aws import ecr, ecr_pull_through
from domicile.providers.service import Refused
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
GATEWAY = "arn:aws:ecr:ap-south-1:111122223333:repository/pay/gateway"
SINGAPORE = {"region": "ap-southeast-1", "registryId": "444455556666"}


def repository(name="pay/gateway", **more):
    this = {"repositoryArn": f"arn:aws:ecr:ap-south-1:111122223333:repository/{name}", "repositoryName": name}
    return this | more


def replicated(*rules, name="pay/gateway"):
    return list(ecr.read_replicated({"repository": repository(name), "rules": list(rules)}, {}, HERE))


def rule(*prefixes, to=(SINGAPORE,)):
    filters = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]
    return {"destinations": list(to), "repositoryFilters": filters}


def test_a_repository_is_in_its_region_and_its_key_is_of_nobody_knows_whom():
    [plain] = ecr.read(repository(encryptionConfiguration={"encryptionType": "AES256"}), {}, HERE)
    assert (plain.id, plain.type, plain.name) == (GATEWAY, "aws.ecr.repository", "pay/gateway")
    assert (plain.location, plain.cmk, plain.key) == (Location("aws", "ap-south-1"), False, "")
    [with_key] = ecr.read(repository(encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "key"}), {}, HERE)
    assert (with_key.cmk, with_key.key) == (None, "key")
    [untold] = ecr.read(repository(), {}, HERE)
    assert untold.cmk is None


def test_a_repository_is_replicated_under_its_name_to_every_destination_once():
    home = {"region": "ap-south-2", "registryId": "111122223333"}
    first, second = replicated(rule(to=(SINGAPORE, home)), rule("pay/"))
    assert first.id == "arn:aws:ecr:ap-southeast-1:444455556666:repository/pay/gateway"
    assert (first.of, first.location, first.account) == (GATEWAY, Location("aws", "ap-southeast-1"), "444455556666")
    assert second.id == "arn:aws:ecr:ap-south-2:111122223333:repository/pay/gateway"
    assert first.caused_by == second.caused_by == "arn:aws:ecr:ap-south-1:111122223333:registry"


def test_a_rule_with_prefixes_leaves_out_what_begins_with_none_of_them():
    assert len(replicated(rule("web/", "pay/"))) == 1
    assert replicated(rule("web/", "pay/"), name="tools") == []
    assert replicated(rule("gateway")) == []


def test_a_filter_of_an_unknown_kind_may_match_everything():
    odd = {"destinations": [SINGAPORE], "repositoryFilters": [{"filter": "^x", "filterType": "REGEX"}]}
    assert len(replicated(odd)) == 1


def test_without_rules_no_repository_is_listed_for_them():
    cloud = RecordedCloud({"describe_registry": {"replicationConfiguration": {"rules": []}}})
    assert list(ecr.find_replicated(cloud)) == []
    assert cloud.asked == ["describe_registry"]


def test_a_refused_registry_leaves_the_repositories():
    cloud = RecordedCloud(
        {"describe_registry": Refused("AccessDenied"), "describe_repositories": {"repositories": [repository()]}}
    )
    assert list(ecr.find(cloud)) == [repository()]
    with pytest.raises(Refused):
        list(ecr.find_replicated(cloud))


def pulled(name, *rules):
    return list(ecr_pull_through.read({"repository": repository(name), "rules": list(rules)}, {}, HERE))


def pulling(prefix, upstream="ROOT", url="444455556666.dkr.ecr.us-east-1.amazonaws.com"):
    return {"ecrRepositoryPrefix": prefix, "upstreamRepositoryPrefix": upstream, "upstreamRegistryUrl": url}


def test_what_is_pulled_through_is_a_cache_of_the_repository_upstream():
    [copy] = pulled("central/pay/gateway", pulling("central"))
    assert copy.of == "arn:aws:ecr:us-east-1:444455556666:repository/pay/gateway"
    assert copy.id == "arn:aws:ecr:ap-south-1:111122223333:repository/central/pay/gateway"
    assert (copy.channel, copy.location, copy.account) == (
        "ecr-pull-through",
        Location("aws", "ap-south-1"),
        "111122223333",
    )


@pytest.mark.parametrize(
    ("name", "rule", "source"),
    [
        ("pay/gateway", pulling("ROOT"), "pay/gateway"),
        ("pay/gateway", pulling("pay", "payments"), "payments/gateway"),
        ("pay/gateway", pulling("ROOT", "central"), "central/pay/gateway"),
    ],
)
def test_prefixes_of_both_sides_make_up_the_names(name, rule, source):
    [copy] = pulled(name, rule)
    assert copy.of.partition(":repository/")[2] == source


def test_the_longest_prefix_says_where_images_come_from_and_a_part_of_a_name_is_no_prefix():
    near = pulling("pay", url="444455556666.dkr-ecr.eu-west-1.on.aws")
    [copy] = pulled("pay/gateway", pulling("ROOT"), near)
    assert copy.of.startswith("arn:aws:ecr:eu-west-1:")
    assert pulled("payments/gateway", near) == []


def test_rules_of_registries_outside_of_ecr_move_nothing_that_anybody_looks_at():
    hub = pulling("hub", url="registry-1.docker.io")
    cloud = RecordedCloud({"describe_pull_through_cache_rules": {"pullThroughCacheRules": [hub]}})
    assert list(ecr_pull_through.find_rules(cloud)) == []
    assert cloud.asked == ["describe_pull_through_cache_rules"]
