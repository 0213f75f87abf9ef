"""A service is taken for not offered only where it has no address, and never because the SDK is old."""

import socket

import pytest

from domicile.model import Cell, Vocabulary
from domicile.providers.aws.offered import Offered
from domicile.providers.aws.organisation import Aws
from domicile.providers.aws.session import Session
from domicile.providers.service import NotOffered, Service

MUMBAI, HYDERABAD, VIRGINIA, TOMORROW = "ap-south-1", "ap-south-2", "us-east-1", "ap-south-9"


class Names:
    """Knows addresses by what they begin and end with; of what is out of reach it says that it does not know."""

    def __init__(self, *known, out_of_reach=()):
        self.known, self.out_of_reach, self.asked = known, out_of_reach, []

    def __call__(self, host, _):
        self.asked.append(host)
        if host in self.out_of_reach:
            raise socket.gaierror(socket.EAI_AGAIN, "again")
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [host]


@pytest.fixture(name="session")
def a_session(monkeypatch):
    for name, value in (("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "none"), ("REGION", MUMBAI)):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", MUMBAI)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session = Session(attempts=1)
    yield session
    session.close()


def sts(region):
    return f"sts.{region}.amazonaws.com"


def test_what_the_sdk_lists_is_there_and_no_name_is_looked_up(session):
    names = Names()
    assert Offered(session, names)("dynamodb", HYDERABAD)
    assert names.asked == []


@pytest.mark.parametrize("region", [HYDERABAD, TOMORROW])
def test_what_the_sdk_does_not_list_is_there_when_it_has_an_address(session, region):
    there, not_there = Names(sts(region), f"memory-db.{region}.amazonaws.com"), Names(sts(region))
    assert Offered(session, there)("memorydb", region)
    assert not Offered(session, not_there)("memorydb", region)


@pytest.mark.parametrize(
    "names",
    [
        Names(),
        Names(sts(HYDERABAD), out_of_reach=(f"memory-db.{HYDERABAD}.amazonaws.com",)),
        Names(out_of_reach=(sts(HYDERABAD), f"memory-db.{HYDERABAD}.amazonaws.com")),
    ],
    ids=["no names at all", "one name out of reach", "all names out of reach"],
)
def test_a_name_that_nobody_could_tell_says_nothing(session, names):
    assert Offered(session, names)("memorydb", HYDERABAD)


def test_a_service_of_which_the_sdk_lists_no_region_is_asked_where_it_has_an_address(session):
    here, home = f"s3vectors.{MUMBAI}.api.aws", f"s3vectors.{VIRGINIA}.api.aws"
    assert Offered(session, Names(sts(MUMBAI), home, here))("s3vectors", MUMBAI)
    assert not Offered(session, Names(sts(MUMBAI), home))("s3vectors", MUMBAI)


def test_a_domain_of_which_no_name_is_known_says_nothing(session):
    assert Offered(session, Names(sts(MUMBAI)))("s3vectors", MUMBAI)


def test_a_service_in_one_place_only_and_one_with_an_address_for_each_operation_are_asked(session):
    for service in ("organizations", "acm"):
        assert Offered(session, Names(sts(TOMORROW), "organizations.us-east-1.amazonaws.com"))(service, TOMORROW)


def test_an_address_that_was_given_decides(session, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    other = Session(attempts=1)
    assert Offered(other)("memorydb", HYDERABAD)
    other.close()


def test_a_name_is_looked_up_once_for_all_accounts(session):
    names = Names(sts(HYDERABAD))
    offered = Offered(session, names)
    for _ in range(3):
        assert not offered("memorydb", HYDERABAD)
    assert len(names.asked) == len(set(names.asked)) == 2


class Known(Session):
    def identity(self):
        return "111111111111", "arn:aws:sts::111111111111:assumed-role/reader/somebody"


def test_what_is_not_offered_is_not_asked(session):
    memorydb = Service("memorydb", "memorydb", "regional", (), (), (), {})
    with Aws(Known(attempts=1), (), Vocabulary({}, {}), look_up=Names(sts(HYDERABAD))) as provider:
        with pytest.raises(NotOffered):
            provider.cloud(memorydb, Cell("aws", "111111111111", HYDERABAD))
        assert provider.cloud(memorydb, Cell("aws", "111111111111", MUMBAI))
