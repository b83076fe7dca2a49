"""Starting and ending a server."""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.app.serve.settings import DEFAULT_HOST, LOOPBACK, ServeSettings
from pipeline.app.serve.tokens import SCOPES, TokenFile
from pipeline.errors import UsageError

# printed, the same every time: a sandbox listens on this machine alone and holds nothing of worth
SANDBOX_TOKEN = "fmk_sandbox"  # noqa: S105
Announce = Callable[[ServeSettings, str], None]


def given_settings(*, public: bool, repository: str | None, host: str, **options: Any) -> ServeSettings:
    """The settings of a server as they were asked for.

    Raises
    ------
    UsageError
        What was asked for would open more than its owner may have meant.
    """
    from pipeline.config import home

    settings = ServeSettings(
        home=home(), repository=repository or default_repository(home()), host=host or DEFAULT_HOST, **options
    )
    _check_words(settings)
    if settings.sandbox:
        if settings.host not in LOOPBACK or public or repository:
            raise UsageError("A sandbox listens on this machine alone and has a repository of its own.")
    elif settings.host not in LOOPBACK:
        _check_public(settings, public)
    return settings


def default_repository(home: Path) -> str:
    """Where the repository is when nobody says otherwise."""
    from pipeline.config import load_settings

    return load_settings().repository.url or str(home / "repository.db")


def run(settings: ServeSettings, announce: Announce, *, token: str = "") -> None:
    """Serve until asked to stop (SIGTERM, Ctrl-C); what is being answered then is finished first."""
    from pipeline.app.serve.application import create_app, opened
    from pipeline.app.serve.connection import server_of

    # said here in one sentence, not by the server in the middle of its start
    opened(settings).close()
    with _listening(settings) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        server = server_of(create_app(settings), settings)
        _log_to_stderr()
        announce(settings, token)
        asyncio.run(server.serve(sockets=[listener]))
    if not server.started:
        raise UsageError("The server could not start; its reason stands above.")


def run_sandbox(settings: ServeSettings, announce: Announce) -> None:
    """Serve a throw-away repository in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="foleymark-sandbox-") as folder:
        home = Path(folder)
        settings = replace(settings, home=home, repository=str(home / "repository.db"), signers="any")
        TokenFile(settings.tokens_path).add("sandbox", scopes=SCOPES, secret=SANDBOX_TOKEN)
        run(settings, announce, token=SANDBOX_TOKEN)


def _listening(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"Cannot listen on {settings.host} port {settings.port} ({reason}); choose another with --host or --port."
        ) from error


def _check_public(settings: ServeSettings, public: bool) -> None:
    if not public:
        raise UsageError(f"{settings.host} can be reached by strangers; say --public if that is meant.")
    if not TokenFile(settings.tokens_path).all():
        raise UsageError(
            "A public server needs a token first; make one with: foleymark serve token add NAME --scope write"
        )


def _check_words(settings: ServeSettings) -> None:
    if settings.signers not in ("known", "any"):
        raise UsageError(f"--signers is known or any, not {settings.signers!r}.")
    for address in (*settings.origins, *((settings.public_url,) if settings.public_url else ())):
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise UsageError(f"{address!r} is no address like https://c2pa.example.org.")


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pipeline.app.serve").setLevel(logging.INFO)
