"""Both databases, the real ones, and small signed manifests."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from benchmarks.postgresql import NoServer, Server, server
from benchmarks.small_manifests import new_label, signed_store
from pipeline.provenance.repository import Registration, Repository, open_repository
from pipeline.provenance.repository.claims import FINGERPRINT, registration_of
from pipeline.provenance.signing.authority import init_authority
from pipeline.provenance.signing.identity import SigningIdentity

PICTURE = "io.foleymark.picture.1"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    try:
        with server() as running:
            yield running
    except NoServer as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres_base(postgres) -> str:
    return postgres.base("tests")


def emptied(address: str) -> str:
    """A base without tables: quicker than a new one, which is a thousand files."""
    import sqlalchemy as sa

    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return address


@pytest.fixture
def postgres_address(postgres_base) -> str:
    """An empty base of PostgreSQL."""
    return emptied(postgres_base)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "repository.db")
    return emptied(request.getfixturevalue("postgres_base"))


@pytest.fixture
def repository(address) -> Iterator[Repository]:
    with open_repository(address) as opened:
        yield opened


@pytest.fixture(scope="session")
def identity(tmp_path_factory) -> SigningIdentity:
    return init_authority(tmp_path_factory.mktemp("north") / "keys", organisation="Studio North")


@pytest.fixture(scope="session")
def imitator(tmp_path_factory) -> SigningIdentity:
    """Somebody else, who calls himself the same."""
    return init_authority(tmp_path_factory.mktemp("south") / "keys", organisation="Studio North")


@pytest.fixture(scope="session")
def registered(identity) -> Callable[..., Registration]:
    """A function that signs a small manifest with a mark and some fingerprint segments."""

    def make(payload: str = "", *, segments: int = 2, by: SigningIdentity = identity, label: str = "") -> Registration:
        marks = {PICTURE: [(payload, None)]} if payload else {}
        codes = [(secrets.token_hex(8), None if n == 0 else (2000 * (n - 1), 2000 * n)) for n in range(segments + 1)]
        store = signed_store(by, label=label or new_label(), bindings={**marks, FINGERPRINT: codes})
        return replace(registration_of(store, media_type="image/jpeg", ours=True), sketch=secrets.token_bytes(40))

    return make


@pytest.fixture
def payload() -> str:
    return secrets.token_hex(8)
