from domicile.model import Cell, Location
from domicile.providers.aws import opensearch
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
ORDERS = "arn:aws:es:ap-south-1:111122223333:domain/orders"
OWN = {"OwnerId": "111122223333", "Region": "ap-south-1", "DomainName": "orders"}
DESK = {"OwnerId": "444455556666", "Region": "eu-west-1", "DomainName": "desk"}


def connection(local=DESK, remote=OWN, status="ACTIVE"):
    return {
        "ConnectionId": "c1",
        "LocalDomainInfo": {"AWSDomainInformation": local},
        "RemoteDomainInfo": {"AWSDomainInformation": remote},
        "ConnectionStatus": {"StatusCode": status},
    }


def read(*connections, **more):
    return list(
        opensearch.read(
            {"ARN": ORDERS, "DomainName": "orders"} | more, {"connections": {"Connections": connections}}, HERE
        )
    )


def test_a_domain_is_in_its_region():
    [only] = read(EncryptionAtRestOptions={"Enabled": True, "KmsKeyId": "key"})
    assert (only.id, only.type, only.name) == (ORDERS, "aws.es.domain", "orders")
    assert (only.location, only.cmk, only.key) == (Location("aws", "ap-south-1"), None, "key")
    assert read(EncryptionAtRestOptions={"Enabled": False})[0].cmk is False
    assert read()[0].cmk is None


def test_domains_are_described_five_at_a_time_and_none_where_there_are_none():
    asked = []

    class Cloud(RecordedCloud):
        def call(self, operation, **parameters):
            asked.append((operation, len(parameters.get("DomainNames", ()))))
            return super().call(operation)

    names = [{"DomainName": str(number)} for number in range(7)]
    described = {"DomainStatusList": ["one"]}
    found = opensearch.find(Cloud({"list_domain_names": {"DomainNames": names}, "describe_domains": described}))
    assert list(found) == ["one", "one"]
    assert asked == [("list_domain_names", 0), ("describe_domains", 5), ("describe_domains", 2)]
    assert list(opensearch.find(RecordedCloud({"list_domain_names": {"DomainNames": []}}))) == []


def test_who_may_search_a_domain_processes_what_is_found_where_he_is_whatever_the_ends_are_called():
    for connected in (connection(), connection(OWN, DESK)):
        _, copy = read(connected)
        assert (copy.of, copy.channel, copy.id) == (ORDERS, "opensearch-connection", "")
        assert (copy.location, copy.account) == (Location("aws", "eu-west-1"), "444455556666")


def test_a_connection_to_another_domain_or_within_one_region_and_account_moves_nothing_of_this_one():
    assert len(read(connection(remote=OWN | {"DomainName": "claims"}))) == 1
    assert len(read(connection(OWN | {"DomainName": "claims"}))) == 1


def test_a_connection_that_was_refused_or_is_not_answered_yet_lets_nobody_search():
    assert len(read(connection(status="REJECTED"), connection(status="PENDING_ACCEPTANCE"))) == 1
    assert len(read(connection(status="APPROVED"))) == 2


def test_of_refused_connections_nothing_is_claimed():
    assert len(list(opensearch.read({"ARN": ORDERS, "DomainName": "orders"}, {}, HERE))) == 1
