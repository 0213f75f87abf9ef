import pytest

from cosmos_emulator import a_client, create_containers, emulator, new_name
from domicile.stores.cosmos import CosmosStore
from store_contract import StoreContract


@pytest.fixture(scope="module")
def endpoint():
    with emulator() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def shared_client(endpoint):
    with a_client(endpoint) as client:
        yield client


class TestOnTheEmulator(StoreContract):
    stride = 30
    examples = 8

    @pytest.fixture
    def new_place(self, shared_client):
        def new_place():
            name = new_name()
            create_containers(shared_client, name)
            return lambda: CosmosStore(shared_client, name, pause=lambda _: None)

        return new_place
