"""Real servers on free ports, real repositories, and small manifest stores signed on the spot."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.postgresql import NoServer, Server, server
from pipeline.app.serve.application import create_app
from pipeline.app.serve.connection import server_of
from pipeline.app.serve.settings import Limits, ServeSettings
from pipeline.app.serve.tokens import SCOPES, TokenFile
from pipeline.provenance.signing.authority import init_authority

AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
# nobody is sent away unless a test is about that
PATIENT = Limits(per_minute=60_000, burst=10_000)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Store:
    """A signed manifest store and what it says."""

    label: str
    data: bytes


@pytest.fixture(scope="session")
def house(tmp_path_factory) -> Any:
    """The authority that this server's house signs with, and the folder it lies in."""
    folder = tmp_path_factory.mktemp("house") / "authority"
    return init_authority(folder, organisation="Test Studio"), folder


@pytest.fixture(scope="session")
def stranger(tmp_path_factory) -> Any:
    """Somebody else's authority, in no trust list."""
    return init_authority(tmp_path_factory.mktemp("stranger") / "authority", organisation="Stranger")


@pytest.fixture(scope="session")
def make_store(house) -> Callable[..., Store]:
    """A function that signs a manifest for a picture of eight pixels and gives the store without the picture."""
    import c2pa
    from PIL import Image

    quiet = {
        "version": 1,
        "core": {"allowed_network_hosts": []},
        "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")

    def make(
        *values: str,
        alg: str = "io.foleymark.picture.1",
        label: str = "",
        title: str = "",
        by: Any = None,
        fingerprint: tuple[tuple[float | None, float | None, str], ...] = (),
    ) -> Store:
        by, label = by or house[0], label or f"urn:c2pa:{uuid.uuid4()}"
        found = [(alg, [soft_block(value)]) for value in values]
        found += [("io.iscc.v0", [soft_block(value, start, end) for start, end, value in fingerprint])] * bool(
            fingerprint
        )
        bindings = [{"label": "c2pa.soft-binding", "data": {"alg": name, "blocks": blocks}} for name, blocks in found]
        created = {"actions": [{"action": "c2pa.created", "digitalSourceType": AI}]}
        definition = {
            "label": label,
            "title": title or "clip.mp4",
            "claim_generator_info": [{"name": "test", "version": "1"}],
            "assertions": [{"label": "c2pa.actions.v2", "data": created}, *bindings],
        }
        context = c2pa.Context(c2pa.Settings.from_dict(quiet))
        signer = c2pa.Signer.from_callback(by.sign, c2pa.C2paSigningAlg.ES256, by.chain_pem, None)
        with c2pa.Builder(definition, context=context) as builder, signer:
            return Store(label, builder.sign(signer, "image/png", io.BytesIO(picture.getvalue()), io.BytesIO()))

    return make


def soft_block(value_hex: str, start_s: float | None = None, end_s: float | None = None) -> dict[str, Any]:
    """One block of a soft binding; without times it stands for the whole."""
    scope = {"timespan": {"start": round((start_s or 0) * 1000), "end": round(end_s * 1000)}} if end_s else {}
    return {"scope": scope, "value": list(bytes.fromhex(value_hex))}


@pytest.fixture
def payload() -> str:
    """Sixteen hex digits that nobody else uses."""
    return uuid.uuid4().hex[:16]


@pytest.fixture
def served_home(tmp_path, house) -> Path:
    """A home folder with the authority, and neither mark key nor tokens."""
    return make_home(tmp_path / "home", house[1])


def make_home(home: Path, authority: Path) -> Path:
    home.mkdir()
    (home / "authority").symlink_to(authority)
    return home


@dataclass
class Served:
    """A running server and a client for it."""

    settings: ServeSettings
    http: httpx.Client
    app: Any

    @property
    def port(self) -> int:
        return self.settings.port

    def token(self, *scopes: str, tenant: str = "default") -> dict[str, str]:
        """Headers of a fresh token."""
        file = TokenFile(self.settings.tokens_path)
        return {"Authorization": f"Bearer {file.add(f't{next(_numbers)}', scopes=scopes, tenant=tenant)}"}

    def add(self, store: Store, headers: dict[str, str], **params: Any) -> httpx.Response:
        sent = headers | {"Content-Type": "application/c2pa"}
        return self.http.post("/v1/manifests", content=store.data, headers=sent, params=params)

    def raw(self, data: bytes, *, wait_s: float = 10.0) -> bytes:
        """What comes back for bytes on the wire until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as line:
            line.sendall(data)
            said = b""
            while piece := line.recv(65536):
                said += piece
        return said


@contextlib.contextmanager
def running(settings: ServeSettings) -> Iterator[Served]:
    """The real server, in a thread of its own, on a free port."""
    with socket.create_server((settings.host, 0)) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        app = create_app(settings)
        one = server_of(app, settings)
        thread = threading.Thread(target=lambda: asyncio.run(one.serve(sockets=[listener])), daemon=True)
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{settings.port}", timeout=30, trust_env=False) as client:
                _until_up(client, thread)
                yield Served(settings, client, app)
        finally:
            one.should_exit = True
            thread.join(20)
        assert not thread.is_alive(), "the server did not end"


def _until_up(client: httpx.Client, thread: threading.Thread) -> None:
    # the socket listens already: the first request waits until it is taken
    assert client.get("/v1/services/capabilities").status_code == 200
    assert thread.is_alive()


@pytest.fixture
def serve(served_home, tmp_path) -> Iterator[Callable[..., Served]]:
    """A function that starts a server; all of them end with the test."""
    with contextlib.ExitStack() as stack:

        def start(*, limits: dict[str, Any] | None = None, **changes: Any) -> Served:
            generous = {"per_minute": 60_000, "burst": 10_000}
            settings = ServeSettings(
                served_home, str(tmp_path / "repository.db"), limits=Limits(**generous | (limits or {}))
            )
            return stack.enter_context(running(replace(settings, **changes)))

        yield start


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    try:
        with server() as one:
            yield one
    except NoServer as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request, tmp_path_factory, house) -> Iterator[Served]:
    """A server on each kind of repository, for all tests of a file; nobody else uses a test's `payload`."""
    folder = tmp_path_factory.mktemp("served")
    address = str(folder / "repository.db")
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres").base(f"serve{next(_numbers)}")
    with running(ServeSettings(make_home(folder / "home", house[1]), address, limits=PATIENT)) as one:
        yield one


@pytest.fixture
def everything(served) -> dict[str, str]:
    """Headers of a token that may do all."""
    return served.token(*SCOPES)


@pytest.fixture(scope="module")
def serve_once(tmp_path_factory, house) -> Iterator[Served]:
    """A server for all tests of a file, as it is when nobody says otherwise, but patient."""
    folder = tmp_path_factory.mktemp("served")
    settings = ServeSettings(make_home(folder / "home", house[1]), str(folder / "repository.db"), limits=PATIENT)
    with running(settings) as one:
        yield one
