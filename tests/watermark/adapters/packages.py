"""Stand-in packages for adapters, and what their tests share."""

import importlib
import socket
import sys
import warnings

import pytest

KEY, OTHER_KEY = bytes(range(32)), bytes(32)


class Trap:
    """What a checkpoint with code in it holds: unpickling would make the file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture
def no_network(monkeypatch):
    """Whoever opens a connection fails the test."""

    def refuse(*_):
        raise AssertionError("an adapter went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put a package of given files before any installed one, until the test ends."""
    names = []

    def install(name, files):
        names.append(name)
        forget(monkeypatch, name)
        about = {f"{name}-0.9.2.dist-info/METADATA": f"Name: {name}\nVersion: 0.9.2\n"}
        for path, text in {**about, **files}.items():
            (tmp_path / "site" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "site" / path).write_text(text)
        monkeypatch.syspath_prepend(tmp_path / "site")

    yield install
    # what was forgotten comes back when monkeypatch undoes
    for module in [module for name in names for module in loaded(name)]:
        del sys.modules[module]


def forget(monkeypatch, name):
    """Let a package be imported anew, as another one perhaps."""
    for module in loaded(name):
        monkeypatch.delitem(sys.modules, module)


def loaded(name):
    return [module for module in sys.modules if module == name or module.startswith(f"{name}.")]


def real(name):
    """Skip unless the package works here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(name)
    # torchvision built for another torch fails with other errors than ImportError
    except Exception as error:
        pytest.skip(f"needs the package {name} ({error})")
