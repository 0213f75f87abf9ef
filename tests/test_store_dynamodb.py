import pytest
from moto import mock_aws

from domicile.stores.dynamodb import DynamoStore
from dynamodb_emulator import a_client, create_tables, emulator, new_name
from store_contract import StoreContract


@pytest.fixture(scope="module")
def endpoint():
    with emulator() as endpoint:
        yield endpoint


def places_on(client):
    def new_place():
        name = new_name()
        create_tables(client, name)
        return lambda: DynamoStore(name, client, pause=lambda _: None)

    return new_place


class TestOnMoto(StoreContract):
    stride = 60
    examples = 3

    @pytest.fixture
    def new_place(self):
        with mock_aws():
            yield places_on(a_client())


class TestOnTheEmulator(StoreContract):
    stride = 9
    examples = 15

    @pytest.fixture
    def new_place(self, endpoint):
        return places_on(a_client(endpoint))
