"""A PostgreSQL server for as long as a test or a measurement takes; it runs as somebody without rights."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

# where Debian and Red Hat keep what is not on the PATH
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
# who runs it when we are root, which PostgreSQL refuses
USERS = ("postgres", "nobody")
BASE_ADDRESS = "postgresql+pg8000://foleymark@127.0.0.1:{port}/{base}"


class NoServer(Exception):
    """There is no PostgreSQL here; the message says why."""


class Server:
    """A running server."""

    def __init__(self, programs: Path, data: Path, port: int, user: str | None) -> None:
        self._programs, self._data, self._user = programs, data, user
        self.port = port

    def base(self, name: str) -> str:
        """The address of a fresh, empty base."""
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "foleymark", name)
        return BASE_ADDRESS.format(port=self.port, base=name)

    def start(self, *, durable: bool) -> None:
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self._data} -c max_connections=200"
        options += "" if durable else " -c fsync=off -c full_page_writes=off"
        self.run(
            "pg_ctl", "-D", str(self._data), "-w", "-t", "60", "-l", str(self._data / "log"), "-o", options, "start"
        )

    def stop(self, *, mode: str = "fast") -> None:
        self.run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def run(self, program: str, *arguments: str) -> None:
        # to a file, not a pipe: the server inherits it, and a pipe would be waited for until the server ends
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [self._programs / program, *arguments],
                user=self._user,
                group=None,
                cwd="/",
                env={**os.environ, "LC_ALL": "C", "HOME": str(self._data)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
            )
            said.seek(0)
            if done.returncode:
                raise NoServer(f"{program} failed: {said.read().decode(errors='replace').strip()[-500:]}")


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[Server]:
    """Start a server of its own on a loopback port; `durable` waits for the disk at each commit, as in earnest."""
    programs = _programs()
    user = _user()
    # not below pytest's folder, which nobody but its owner may enter
    folder = Path(tempfile.mkdtemp(prefix="foleymark-pg-"))
    try:
        data = folder / "data"
        data.mkdir()
        if user:
            folder.chmod(0o711)
            shutil.chown(data, user)
        one = Server(programs, data, _free_port(), user)
        one.run("initdb", "-D", str(data), "-U", "foleymark", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        one.start(durable=durable)
        try:
            yield one
        finally:
            with contextlib.suppress(NoServer):  # it may have been stopped already
                one.stop(mode="immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = [one for place in PLACES for one in sorted(Path("/").glob(place[1:])) if (one / "initdb").exists()]
    if not folders:
        raise NoServer("PostgreSQL is not installed here")
    return folders[-1]


def _user() -> str | None:
    if os.name != "posix" or os.geteuid() != 0:
        return None
    import pwd

    names = {one.pw_name for one in pwd.getpwall()}
    known = [name for name in USERS if name in names]
    if not known:
        raise NoServer("PostgreSQL does not run as root, and there is no user for it here")
    return known[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
