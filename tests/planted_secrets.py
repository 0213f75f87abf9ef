"""Secrets and keys, images of containers, search domains, clusters of many regions, and what models are asked."""

import functools
from collections import defaultdict
from datetime import UTC, date, datetime

from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from planted_wide import (
    BANK,
    HYDERABAD,
    IRELAND,
    LENDER,
    MUMBAI,
    PARTNER,
    PAYMENTS,
    SHOP,
    SINGAPORE,
    TOKYO,
    VAULT,
    VIRGINIA,
    Place,
    arn,
    tags,
)

SERVICES = ("bedrock", "dsql", "ec2", "ecr", "es", "kafka", "kms", "logs", "memorydb", "s3", "secretsmanager")

CREATED = datetime(2025, 9, 1, tzinfo=UTC)
LATER = datetime(2025, 10, 1, tzinfo=UTC)


def _beside(field, items, _, own):
    """What is planted here, beside what others have planted there."""
    return {field: [*own().get(field, ()), *items]}


class World:
    """What is listed in each account and region where moto draws names at random, or has no such list."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.lists: dict[tuple[str, str, str], dict[tuple[str, str], list[dict]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.tagged: dict[tuple[str, str], list[str]] = defaultdict(list)

    def show(self, service: str, operation: str, field: str, account: str, region: str, *items: dict) -> None:
        self.lists[service, operation, field][account, region].extend(items)

    def tag(self, name: str) -> str:
        """Tagged as payments, where moto does not show tags."""
        _, _, _, region, account, _ = name.split(":", 5)
        self.tagged[account, region].append(name)
        return name

    def answer(self) -> None:
        for (service, operation, field), shown in self.lists.items():
            for (account, region), items in shown.items():
                more = functools.partial(_beside, field, items)
                self.cloud.answer(service, operation, more, account=account, region=region)
        for (account, region), names in self.tagged.items():
            more = [{"ResourceARN": name, "Tags": tags()} for name in names]

            def told(_, own, more=more):
                answer = own()
                return answer | {"ResourceTagMappingList": [*answer["ResourceTagMappingList"], *more]}

            self.cloud.answer("resourcegroupstaggingapi", "GetResources", told, account=account, region=region)


def plant(cloud: LocalCloud, today: date) -> None:
    world = World(cloud)
    secrets(world)
    keys(world)
    images(world)
    domains(world)
    clusters(world)
    written_everywhere(world)
    profiles(world)
    invocations(world)
    models(world)
    world.answer()


# Secrets


def secret(account, region, name):
    return arn("secretsmanager", region, account, f"secret:{name}-a1B2c3")


LEDGER, SWITCH, SEALED = (
    secret(BANK, MUMBAI, "ledger"),
    secret(LENDER, HYDERABAD, "switch"),
    secret(BANK, MUMBAI, "till"),
)
DESK, OLD, FREED = secret(SHOP, SINGAPORE, "desk"), secret(LENDER, VIRGINIA, "old"), secret(BANK, IRELAND, "freed")


def secrets(world):
    """Replicas at home and abroad, in accounts of the organisation and of others; a secret that is to be deleted."""
    kept: dict[tuple[str, str], list[dict]] = defaultdict(list)

    def keep(name, account, region, *, payments=False, primary="", **more):
        told = {"ARN": secret(account, region, name), "Name": name, "CreatedDate": CREATED}
        told |= {"PrimaryRegion": primary} if primary else {}
        kept[account, region].append(told | {"Tags": tags(PAYMENTS if payments else {})} | more)

    def describe(primary, *elsewhere, region="", failed=""):
        """`elsewhere` are replicas in other accounts."""
        status = [{"Region": one, "Status": "InSync"} for one in region.split()]
        status += [{"Region": one, "Status": "Failed"} for one in failed.split()]
        crossed = [{"ReplicaSecretARN": one, "ReplicationStatus": "InSync"} for one in elsewhere]
        told = {"ARN": primary, "ReplicationStatus": status, "CrossAccountReplicas": crossed}
        world.cloud.answer("secretsmanager", "DescribeSecret", told, where={"SecretId": primary})

    keep("ledger", BANK, MUMBAI, payments=True, primary=MUMBAI)
    keep("ledger", BANK, HYDERABAD, payments=True, primary=MUMBAI)
    keep("ledger", BANK, IRELAND, payments=True, primary=MUMBAI)
    describe(LEDGER, region=f"{HYDERABAD} {IRELAND}", failed=TOKYO)

    keep("switch", LENDER, HYDERABAD, payments=True, primary=HYDERABAD)
    keep("switch", LENDER, MUMBAI, payments=True, primary=HYDERABAD)
    keep("switch-of-lender", SHOP, HYDERABAD)
    describe(SWITCH, secret(SHOP, HYDERABAD, "switch-of-lender"), region=MUMBAI)

    keep("till", BANK, MUMBAI, payments=True, primary=MUMBAI)
    keep("till", BANK, SINGAPORE, payments=True, primary=MUMBAI)
    describe(SEALED, secret(VAULT, MUMBAI, "till"), region=SINGAPORE)

    keep("desk", SHOP, SINGAPORE, payments=True, primary=SINGAPORE)
    keep("desk", SHOP, MUMBAI, payments=True, primary=SINGAPORE)
    describe(DESK, secret(PARTNER, SINGAPORE, "desk-of-shop"), region=MUMBAI)

    keep("old", LENDER, VIRGINIA, payments=True, DeletedDate=LATER)
    # Once a replica, and now a secret like any other.
    keep("freed", BANK, IRELAND)

    for (account, region), told in kept.items():

        def listed(asked, _, told=told):
            whole = asked.parameters.get("IncludePlannedDeletion", False)
            return {"SecretList": [one for one in told if whole or "DeletedDate" not in one]}

        world.cloud.answer("secretsmanager", "ListSecrets", listed, account=account, region=region)
    world.secrets = kept


REPLICA, TO_ACCOUNT = "secretsmanager-replica", "secretsmanager-account-replica"
SECRET_PLACES = (
    Place(LEDGER, "", "ledger", BANK, MUMBAI, "primary", "pass"),
    Place(LEDGER, REPLICA, "ledger", BANK, HYDERABAD, "replica", "pass"),
    Place(LEDGER, REPLICA, "ledger", BANK, IRELAND, "replica", "violation"),
    Place(SWITCH, "", "switch", LENDER, HYDERABAD, "primary", "pass"),
    Place(SWITCH, REPLICA, "switch", LENDER, MUMBAI, "replica", "pass"),
    Place(SWITCH, TO_ACCOUNT, "switch-of-lender", SHOP, HYDERABAD, "replica", "pass"),
    Place(SEALED, "", "till", BANK, MUMBAI, "primary", "pass"),
    Place(SEALED, REPLICA, "till", BANK, SINGAPORE, "replica", "violation"),
    Place(SEALED, TO_ACCOUNT, "till-a1B2c3", VAULT, MUMBAI, "replica", "pass"),
    Place(DESK, "", "desk", SHOP, SINGAPORE, "primary", "violation"),
    Place(DESK, REPLICA, "desk", SHOP, MUMBAI, "replica", "pass"),
    Place(DESK, TO_ACCOUNT, "desk-of-shop-a1B2c3", PARTNER, SINGAPORE, "replica", "violation"),
    Place(OLD, "", "old", LENDER, VIRGINIA, "primary", "violation"),
    Place(FREED, "", "freed", BANK, IRELAND, "primary", ""),
)

# Keys, by what is encrypted with them


def keys(world):
    """A key of two regions and one of one, told by ARN, by alias and by id; a key of many regions of somebody else."""
    kms = world.cloud.client("kms", MUMBAI, BANK)
    both, here = (kms.create_key(MultiRegion=many)["KeyMetadata"] for many in (True, False))
    kms.replicate_key(KeyId=both["KeyId"], ReplicaRegion=IRELAND)
    for alias, key in {"alias/both": both, "alias/here": here}.items():
        kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    named = {
        "by-both": both["Arn"],
        "by-alias-of-both": arn("kms", MUMBAI, BANK, "alias/both"),
        "by-here": here["Arn"],
        "by-alias-of-here": arn("kms", MUMBAI, BANK, "alias/here"),
        "by-id": here["KeyId"],
        "by-partner": arn("kms", MUMBAI, PARTNER, "key/mrk-0123456789abcdef0123456789abcdef"),
        "by-aws": "",
    }
    for name, key in named.items():
        told = {"ARN": secret(BANK, MUMBAI, name), "Name": name, "CreatedDate": CREATED, "Tags": tags()}
        world.secrets[BANK, MUMBAI].append(told | ({"KmsKeyId": key} if key else {}))
    disk = {"VolumeId": "vol-0123456789abcdef0", "AvailabilityZone": f"{MUMBAI}a", "CreateTime": CREATED}
    told = {"State": "in-use", "Encrypted": True, "KmsKeyId": both["Arn"], "Tags": tags(PAYMENTS | {"Name": "disk"})}
    world.show("ec2", "DescribeVolumes", "Volumes", BANK, MUMBAI, disk | told)


DISK = arn("ec2", MUMBAI, BANK, "volume/vol-0123456789abcdef0")
KEYS = {
    "by-both": (None, ("IE", "IN")),
    "by-alias-of-both": (None, ("IE", "IN")),
    "by-here": (None, ("IN",)),
    "by-alias-of-here": (None, ("IN",)),
    "by-id": (None, ("",)),
    "by-partner": (None, ("", "IN")),
    "by-aws": (False, None),
    "disk": (None, ("IE", "IN")),
}
"""By the name of what is encrypted: whether its key is the customer's own, and in which countries the key is."""
KEY_PLACES = (
    *(Place(secret(BANK, MUMBAI, one), "", one, BANK, MUMBAI, "primary", "pass") for one in KEYS if one != "disk"),
    Place(DISK, "", "disk", BANK, MUMBAI, "primary", "pass"),
)

# Images of containers


def repository(account, region, name):
    return arn("ecr", region, account, f"repository/{name}")


GATEWAY, TOOLS = repository(BANK, MUMBAI, "pay/gateway"), repository(BANK, MUMBAI, "tools")
CORE, LOOP = repository(LENDER, HYDERABAD, "core"), repository(SHOP, MUMBAI, "loop")
GOLDEN = repository(LENDER, MUMBAI, "golden")


def images(world):
    """Rules with a prefix that leaves a repository out, without one, and in a circle."""

    def keep(account, region, name, created, *, payments=False):
        this = repository(account, region, name)
        told = {"repositoryArn": this, "registryId": account, "repositoryName": name, "createdAt": created}
        told["encryptionConfiguration"] = {"encryptionType": "AES256"}
        world.show("ecr", "DescribeRepositories", "repositories", account, region, told)
        if payments:
            world.tag(this)

    def rule(account, region, *targets, prefix=""):
        filters = {"repositoryFilters": [{"filter": prefix, "filterType": "PREFIX_MATCH"}]} if prefix else {}
        to = [{"region": there, "registryId": whose} for whose, there in targets]
        ecr = world.cloud.client("ecr", region, account)
        ecr.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": to, **filters}]})

    keep(BANK, MUMBAI, "pay/gateway", CREATED, payments=True)
    keep(BANK, MUMBAI, "tools", CREATED, payments=True)
    rule(BANK, MUMBAI, (BANK, HYDERABAD), (SHOP, SINGAPORE), (VAULT, MUMBAI), prefix="pay/")
    keep(BANK, HYDERABAD, "pay/gateway", LATER)
    keep(SHOP, SINGAPORE, "pay/gateway", LATER)
    # Nothing was pushed since the rule sends it to Mumbai, too.
    keep(LENDER, HYDERABAD, "core", CREATED, payments=True)
    rule(LENDER, HYDERABAD, (PARTNER, IRELAND), (LENDER, MUMBAI))
    keep(SHOP, MUMBAI, "loop", CREATED, payments=True)
    keep(SHOP, HYDERABAD, "loop", LATER)
    rule(SHOP, MUMBAI, (SHOP, HYDERABAD))
    rule(SHOP, HYDERABAD, (SHOP, MUMBAI))

    def pull(account, region, prefix, upstream):
        told = {"ecrRepositoryPrefix": prefix, "upstreamRepositoryPrefix": "ROOT", "upstreamRegistryUrl": upstream}
        listed = "DescribePullThroughCacheRules", "pullThroughCacheRules"
        world.show("ecr", *listed, account, region, told | {"registryId": account, "createdAt": CREATED})

    home, sealed = (f"{whose}.dkr.ecr.{MUMBAI}.amazonaws.com" for whose in (LENDER, VAULT))
    keep(LENDER, MUMBAI, "golden", CREATED, payments=True)
    keep(LENDER, TOKYO, "golden", LATER)
    pull(LENDER, TOKYO, "ROOT", home)
    keep(SHOP, HYDERABAD, "lender/golden", LATER)
    pull(SHOP, HYDERABAD, "lender", home)
    keep(SHOP, VIRGINIA, "sealed/base", LATER, payments=True)
    pull(SHOP, VIRGINIA, "sealed", sealed)
    keep(BANK, TOKYO, "hub/base", LATER)
    pull(BANK, TOKYO, "hub", "registry-1.docker.io")


IMAGE_PLACES = (
    Place(GATEWAY, "", "pay/gateway", BANK, MUMBAI, "primary", "pass"),
    Place(GATEWAY, "ecr-replication", "pay/gateway", BANK, HYDERABAD, "replica", "pass"),
    Place(GATEWAY, "ecr-replication", "pay/gateway", SHOP, SINGAPORE, "replica", "violation"),
    Place(GATEWAY, "ecr-replication", "repository/pay/gateway", VAULT, MUMBAI, "replica", "pass"),
    Place(TOOLS, "", "tools", BANK, MUMBAI, "primary", "pass"),
    Place(CORE, "", "core", LENDER, HYDERABAD, "primary", "pass"),
    Place(CORE, "ecr-replication", "repository/core", PARTNER, IRELAND, "replica", "violation"),
    Place(LOOP, "", "loop", SHOP, MUMBAI, "primary", "pass"),
    Place(LOOP, "ecr-replication", "loop", SHOP, HYDERABAD, "replica", "pass"),
    Place(GOLDEN, "", "golden", LENDER, MUMBAI, "primary", "pass"),
    Place(GOLDEN, "ecr-pull-through", "golden", LENDER, TOKYO, "cache", "violation"),
    Place(GOLDEN, "ecr-pull-through", "lender/golden", SHOP, HYDERABAD, "cache", "pass"),
    Place(repository(VAULT, MUMBAI, "base"), "ecr-pull-through", "sealed/base", SHOP, VIRGINIA, "cache", "violation"),
    Place(repository(BANK, TOKYO, "hub/base"), "", "hub/base", BANK, TOKYO, "primary", ""),
)

# Search domains


def domain(account, region, name):
    return arn("es", region, account, f"domain/{name}")


ORDERS, LOANS = domain(BANK, MUMBAI, "orders"), domain(SHOP, SINGAPORE, "loans")
SHARDS = tuple(f"shard-{number}" for number in range(6))
"""More than are described in one call."""


def domains(world):
    """Domains in and out of the country, and who may search in them."""
    made = [
        (BANK, MUMBAI, "orders"),
        (BANK, MUMBAI, "beside"),
        (BANK, HYDERABAD, "reports"),
        (SHOP, SINGAPORE, "loans"),
    ]
    for account, region, name in (*made, *((LENDER, HYDERABAD, name) for name in SHARDS)):
        world.cloud.client("opensearch", region, account).create_domain(DomainName=name)
        if name not in ("reports", "beside"):
            world.tag(domain(account, region, name))

    def connect(number, asks, asked, status="ACTIVE"):
        ends = [dict(zip(("OwnerId", "Region", "DomainName"), end, strict=True)) for end in (asks, asked)]
        told = {
            "ConnectionId": f"{number:032x}",
            "LocalDomainInfo": {"AWSDomainInformation": ends[0]},
            "RemoteDomainInfo": {"AWSDomainInformation": ends[1]},
            "ConnectionStatus": {"StatusCode": status},
            "ConnectionMode": "DIRECT",
        }
        world.show("opensearch", "DescribeInboundConnections", "Connections", asked[0], asked[1], told)

    orders, loans = made[0], made[3]
    connect(1, made[2], orders)
    connect(2, loans, orders)
    connect(3, (PARTNER, VIRGINIA, "market"), orders)
    connect(4, (PARTNER, TOKYO, "refused"), orders, "REJECTED")
    connect(5, made[1], orders)
    connect(6, orders, loans)
    connect(7, (VAULT, MUMBAI, "sealed"), (LENDER, HYDERABAD, "shard-5"))


SEARCH = "opensearch-connection"
DOMAIN_PLACES = (
    Place(ORDERS, "", "orders", BANK, MUMBAI, "primary", "pass"),
    Place(ORDERS, SEARCH, "", BANK, HYDERABAD, "processing", "pass"),
    Place(ORDERS, SEARCH, "", SHOP, SINGAPORE, "processing", "unknown"),
    Place(ORDERS, SEARCH, "", PARTNER, VIRGINIA, "processing", "unknown"),
    Place(domain(BANK, MUMBAI, "beside"), "", "beside", BANK, MUMBAI, "primary", ""),
    Place(domain(BANK, HYDERABAD, "reports"), "", "reports", BANK, HYDERABAD, "primary", ""),
    Place(LOANS, "", "loans", SHOP, SINGAPORE, "primary", "violation"),
    Place(LOANS, SEARCH, "", BANK, MUMBAI, "processing", "pass"),
    *(Place(domain(LENDER, HYDERABAD, one), "", one, LENDER, HYDERABAD, "primary", "pass") for one in SHARDS),
    Place(domain(LENDER, HYDERABAD, "shard-5"), SEARCH, "", VAULT, MUMBAI, "processing", "pass"),
)

# Kafka


def cluster(account, region, name):
    return arn("kafka", region, account, f"cluster/{name}/01234567-89ab-cdef-0123-456789abcdef-5")


FLOWS, MANDATES, CLICKS = (
    cluster(BANK, MUMBAI, "flows"),
    cluster(LENDER, MUMBAI, "mandates"),
    cluster(SHOP, MUMBAI, "clicks"),
)


def clusters(world):
    """Replicators to clusters at home, abroad, in an account nobody can look at, and outside of AWS."""

    def keep(account, region, name, created, *, payments=False):
        told = {"ClusterArn": cluster(account, region, name), "ClusterName": name, "CreationTime": created}
        told |= {"ClusterType": "PROVISIONED", "State": "ACTIVE", "Tags": PAYMENTS if payments else {}}
        world.show("kafka", "ListClustersV2", "ClusterInfoList", account, region, told)

    def replicate(account, region, name, source, target, state="RUNNING"):
        told = {
            "ReplicatorArn": arn("kafka", region, account, f"replicator/{name}/0123-1"),
            "ReplicatorName": name,
            "ReplicatorState": state,
            "KafkaClustersSummary": [{"KafkaClusterAlias": "a"} | source, {"KafkaClusterAlias": "b"} | target],
            "ReplicationInfoSummaryList": [{"SourceKafkaClusterAlias": "a", "TargetKafkaClusterAlias": "b"}],
        }
        world.show("kafka", "ListReplicators", "Replicators", account, region, told)

    def of(name):
        return {"AmazonMskCluster": {"MskClusterArn": name}}

    outside = {"ApacheKafkaCluster": {"ApacheKafkaClusterId": "q1", "BootstrapBrokerString": "kafka.example.com:9094"}}
    keep(BANK, MUMBAI, "flows", CREATED, payments=True)
    keep(BANK, SINGAPORE, "flows-abroad", LATER)
    replicate(BANK, SINGAPORE, "out", of(FLOWS), of(cluster(BANK, SINGAPORE, "flows-abroad")))
    replicate(BANK, IRELAND, "to-vault", of(FLOWS), of(cluster(VAULT, IRELAND, "sealed")), "FAILED")
    keep(LENDER, MUMBAI, "mandates", CREATED, payments=True)
    keep(LENDER, HYDERABAD, "mandates-south", LATER)
    replicate(LENDER, HYDERABAD, "south", of(MANDATES), of(cluster(LENDER, HYDERABAD, "mandates-south")))
    keep(SHOP, MUMBAI, "clicks", CREATED, payments=True)
    replicate(SHOP, MUMBAI, "leave", of(CLICKS), outside)
    replicate(SHOP, MUMBAI, "come", outside, of(CLICKS))


UNSEEN = cluster(VAULT, IRELAND, "sealed").rpartition(":")[2]
CLUSTER_PLACES = (
    Place(FLOWS, "", "flows", BANK, MUMBAI, "primary", "pass"),
    Place(FLOWS, "msk-replicator", "flows-abroad", BANK, SINGAPORE, "replica", "violation"),
    Place(FLOWS, "msk-replicator", UNSEEN, VAULT, IRELAND, "replica", "violation"),
    Place(MANDATES, "", "mandates", LENDER, MUMBAI, "primary", "pass"),
    Place(MANDATES, "msk-replicator", "mandates-south", LENDER, HYDERABAD, "replica", "pass"),
    Place(CLICKS, "", "clicks", SHOP, MUMBAI, "primary", "pass"),
    Place(CLICKS, "msk-replicator-outward", "", SHOP, "", "replica", "unknown"),
)

# Databases that are written to in several regions


def linked(account, region, letter):
    return arn("dsql", region, account, f"cluster/{letter * 26}")


def wallet(account, region, name):
    return arn("memorydb", region, account, f"cluster/{name}")


def written_everywhere(world):
    """DSQL with its witnesses and MemoryDB, at home and abroad; a cluster of each that is alone."""

    def link(account, witness, *members):
        names = [linked(account, region, letter) for region, letter in members]
        for (region, letter), created in zip(members, (CREATED, LATER), strict=False):
            this = {"identifier": letter * 26, "arn": linked(account, region, letter)}
            world.show("dsql", "ListClusters", "clusters", account, region, this)
            told = this | {"status": "ACTIVE", "creationTime": created, "deletionProtectionEnabled": True}
            if witness:
                told["multiRegionProperties"] = {"witnessRegion": witness, "clusters": names}
            told["encryptionDetails"] = {"encryptionType": "AWS_OWNED_KMS_KEY", "encryptionStatus": "ENABLED"}
            world.cloud.answer("dsql", "GetCluster", told, where={"identifier": letter * 26})
        world.tag(names[0])

    link(BANK, IRELAND, (MUMBAI, "a"), (HYDERABAD, "b"))
    link(LENDER, HYDERABAD, (MUMBAI, "c"), (SINGAPORE, "d"))
    link(SHOP, VIRGINIA, (TOKYO, "e"), (HYDERABAD, "f"))
    link(BANK, "", (HYDERABAD, "g"))

    def join(account, *members):
        whole = f"wallets-{account}"
        told = [{"Region": region, "ARN": wallet(account, region, name)} for region, name in members]
        answer = {"MultiRegionClusterName": whole, "ARN": f"arn:aws:memorydb::{account}:multiregioncluster/{whole}"}
        shown = {"MultiRegionClusters": [answer | {"Clusters": told}]}
        world.cloud.answer("memorydb", "DescribeMultiRegionClusters", shown, account=account)
        for region, name in members:
            alone = {"Name": name, "ARN": wallet(account, region, name)}
            this = alone | ({"MultiRegionClusterName": whole} if len(members) > 1 else {})
            world.show("memorydb", "DescribeClusters", "Clusters", account, region, this)
        world.tag(wallet(account, *members[0]))

    join(BANK, (MUMBAI, "purse"), (HYDERABAD, "purse-south"), (SINGAPORE, "purse-abroad"))
    join(SHOP, (SINGAPORE, "cart"), (MUMBAI, "cart-home"))
    join(LENDER, (MUMBAI, "alone"))


LINKED = "dsql-multi-region"
JOINED = "memorydb-multi-region"
PURSE, CART = wallet(BANK, MUMBAI, "purse"), wallet(SHOP, MUMBAI, "cart-home")
EVERYWHERE_PLACES = (
    Place(linked(BANK, MUMBAI, "a"), "", "a" * 26, BANK, MUMBAI, "primary", "pass"),
    Place(linked(BANK, MUMBAI, "a"), LINKED, "b" * 26, BANK, HYDERABAD, "replica", "pass"),
    Place(linked(BANK, MUMBAI, "a"), "dsql-witness", "", BANK, IRELAND, "replica", "violation"),
    Place(linked(LENDER, MUMBAI, "c"), "", "c" * 26, LENDER, MUMBAI, "primary", "pass"),
    Place(linked(LENDER, MUMBAI, "c"), LINKED, "d" * 26, LENDER, SINGAPORE, "replica", "violation"),
    Place(linked(LENDER, MUMBAI, "c"), "dsql-witness", "", LENDER, HYDERABAD, "replica", "pass"),
    Place(linked(SHOP, TOKYO, "e"), "", "e" * 26, SHOP, TOKYO, "primary", "violation"),
    Place(linked(SHOP, TOKYO, "e"), LINKED, "f" * 26, SHOP, HYDERABAD, "replica", "pass"),
    Place(linked(SHOP, TOKYO, "e"), "dsql-witness", "", SHOP, VIRGINIA, "replica", "violation"),
    Place(linked(BANK, HYDERABAD, "g"), "", "g" * 26, BANK, HYDERABAD, "primary", "pass"),
    # Which member was first is not told: the dataset is named by the least of their names.
    Place(PURSE, "", "purse", BANK, MUMBAI, "primary", "pass"),
    Place(PURSE, JOINED, "purse-south", BANK, HYDERABAD, "replica", "pass"),
    Place(PURSE, JOINED, "purse-abroad", BANK, SINGAPORE, "replica", "violation"),
    Place(CART, "", "cart-home", SHOP, MUMBAI, "primary", "pass"),
    Place(CART, JOINED, "cart", SHOP, SINGAPORE, "replica", "violation"),
    Place(wallet(LENDER, MUMBAI, "alone"), "", "alone", LENDER, MUMBAI, "primary", "pass"),
)

# What models are asked


def profile(account, region, name):
    return arn("bedrock", region, account, f"application-inference-profile/{name}")


LETTERS, WORLDWIDE = profile(BANK, MUMBAI, "letters"), profile(LENDER, MUMBAI, "worldwide")
AT_HOME, ABROAD = profile(SHOP, HYDERABAD, "at-home"), profile(SHOP, VIRGINIA, "abroad")


def profiles(world):
    """Profiles of one region, of several, of all; and one that Bedrock defines for everybody."""
    kept: dict[tuple[str, str], list[dict]] = defaultdict(list)

    def keep(account, region, name, *regions, kind="APPLICATION"):
        this = profile(account, region, name)
        models = [{"modelArn": f"arn:aws:bedrock:{one}::foundation-model/example.large-v1:0"} for one in regions]
        told = {"inferenceProfileName": name, "inferenceProfileArn": this, "inferenceProfileId": name}
        told |= {"models": models, "status": "ACTIVE", "type": kind, "createdAt": CREATED}
        kept[account, region].append(told)
        if kind == "APPLICATION":
            world.tag(this)

    keep(BANK, MUMBAI, "letters", MUMBAI, HYDERABAD, SINGAPORE)
    keep(BANK, MUMBAI, "apac.example", MUMBAI, TOKYO, kind="SYSTEM_DEFINED")
    keep(LENDER, MUMBAI, "worldwide", MUMBAI, "")
    keep(SHOP, HYDERABAD, "at-home", HYDERABAD)
    keep(SHOP, VIRGINIA, "abroad", VIRGINIA, MUMBAI)
    for (account, region), told in kept.items():

        def listed(asked, _, told=told):
            wanted = asked.parameters.get("typeEquals", "")
            return {"inferenceProfileSummaries": [one for one in told if wanted in ("", one["type"])]}

        world.cloud.answer("bedrock", "ListInferenceProfiles", listed, account=account, region=region)


ROUTED = "bedrock-inference-profile"
PROFILE_PLACES = (
    Place(LETTERS, "", "letters", BANK, MUMBAI, "processing", "pass"),
    Place(LETTERS, ROUTED, "", BANK, HYDERABAD, "processing", "pass"),
    Place(LETTERS, ROUTED, "", BANK, SINGAPORE, "processing", "unknown"),
    Place(WORLDWIDE, "", "worldwide", LENDER, MUMBAI, "processing", "pass"),
    Place(WORLDWIDE, ROUTED, "", LENDER, "", "processing", "unknown"),
    Place(AT_HOME, "", "at-home", SHOP, HYDERABAD, "processing", "pass"),
    Place(ABROAD, "", "abroad", SHOP, VIRGINIA, "processing", "violation"),
    Place(ABROAD, ROUTED, "", SHOP, MUMBAI, "processing", "pass"),
)


def asked_in(account, region):
    return arn("bedrock", region, account, "model-invocations")


KEPT_LOG = arn("logs", HYDERABAD, LENDER, "log-group:/models/asked")


def invocations(world):
    """Logs in a bucket abroad, in a log group that says what it holds, and in the bucket of somebody else."""
    Plot(world.cloud, BANK).bucket("models-asked", IRELAND)
    Plot(world.cloud, PARTNER).bucket("models-asked-partner", VIRGINIA)
    world.cloud.client("logs", HYDERABAD, LENDER).create_log_group(logGroupName="/models/asked")
    world.tag(KEPT_LOG)
    group = {"logGroupName": "/models/asked", "roleArn": f"arn:aws:iam::{LENDER}:role/logs"}
    for account, region, told in (
        (BANK, MUMBAI, {"s3Config": {"bucketName": "models-asked"}}),
        (LENDER, HYDERABAD, {"cloudWatchConfig": group}),
        (SHOP, SINGAPORE, {"s3Config": {"bucketName": "models-asked-partner"}}),
    ):
        bedrock = world.cloud.client("bedrock", region, account)
        bedrock.put_model_invocation_logging_configuration(loggingConfig=told)


LOGGED = "bedrock-invocation-log"
INVOCATION_PLACES = (
    Place(asked_in(BANK, MUMBAI), "", "model-invocations", BANK, MUMBAI, "processing", ""),
    Place(asked_in(BANK, MUMBAI), LOGGED, "models-asked", BANK, IRELAND, "log", ""),
    Place(asked_in(LENDER, HYDERABAD), "", "model-invocations", LENDER, HYDERABAD, "processing", ""),
    Place(KEPT_LOG, LOGGED, "/models/asked", LENDER, HYDERABAD, "log", "pass"),
    Place(asked_in(SHOP, SINGAPORE), "", "model-invocations", SHOP, SINGAPORE, "processing", ""),
    Place(asked_in(SHOP, SINGAPORE), LOGGED, "models-asked-partner", "", VIRGINIA, "log", ""),
)


def model(account, region, number):
    return arn("bedrock", region, account, f"custom-model/example.large-v1:0:8k/{number:012}")


TUNED = model(BANK, MUMBAI, 1)


def models(world):
    """A model made from payments, and its copies; the copy in Tokyo was deleted since."""

    def keep(account, region, number, name):
        told = {"modelArn": model(account, region, number), "modelName": name, "creationTime": CREATED}
        told |= {"baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/example.large-v1:0:8k"}
        told |= {"baseModelName": "Large", "customizationType": "FINE_TUNING", "modelStatus": "Active"}
        world.show("bedrock", "ListCustomModels", "modelSummaries", account, region, told)

    keep(BANK, MUMBAI, 1, "tuned")
    world.tag(TUNED)
    for number, (account, region, name) in enumerate(
        ((BANK, HYDERABAD, "tuned-south"), (BANK, SINGAPORE, "tuned-abroad"), (LENDER, IRELAND, "tuned-for-lender")),
        start=2,
    ):
        keep(account, region, number, name)
        copied(world, account, region, number)
    keep(BANK, TOKYO, 8, "another")
    copied(world, BANK, TOKYO, 9)


def copied(world, account, region, number):
    told = {
        "jobArn": arn("bedrock", region, account, f"model-copy-job/{number:012}"),
        "status": "Completed",
        "creationTime": LATER,
        "sourceAccountId": BANK,
        "sourceModelArn": TUNED,
        "targetModelArn": model(account, region, number),
    }
    world.show("bedrock", "ListModelCopyJobs", "modelCopyJobSummaries", account, region, told)


MODEL_PLACES = (
    Place(TUNED, "", "tuned", BANK, MUMBAI, "primary", "pass"),
    Place(TUNED, "bedrock-model-copy", "tuned-south", BANK, HYDERABAD, "replica", "pass"),
    Place(TUNED, "bedrock-model-copy", "tuned-abroad", BANK, SINGAPORE, "replica", "violation"),
    Place(TUNED, "bedrock-model-copy", "tuned-for-lender", LENDER, IRELAND, "replica", "violation"),
    Place(model(BANK, TOKYO, 8), "", "another", BANK, TOKYO, "primary", ""),
)

PLACES = (
    *SECRET_PLACES,
    *KEY_PLACES,
    *IMAGE_PLACES,
    *DOMAIN_PLACES,
    *CLUSTER_PLACES,
    *EVERYWHERE_PLACES,
    *PROFILE_PLACES,
    *INVOCATION_PLACES,
    *MODEL_PLACES,
)
