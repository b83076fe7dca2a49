"""Connections that do not wait for ever: a client who never ends its headers is hung up on."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import h11
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.app.serve.settings import ServeSettings

TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
GRACE_S = 10


class PatientProtocol(H11Protocol):
    """HTTP/1.1 whose requests have to begin and end their headers in time."""

    # seconds; set by `protocol_class`
    header_s = 10.0
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._waiting is None and not self.transport.is_closing():
            self._wait()

    def on_response_complete(self) -> None:
        # uvicorn's own timer takes over until the next request begins
        self._stop_waiting()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.header_s, self._hang_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _hang_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.write(TIMED_OUT)
            self.transport.close()


class QuietServer(Server):
    """A server that ends well: asked to stop, it finishes what it does, and the process goes on to tidy up."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        # uvicorn would send itself the signal again at the end, and nothing after that would run
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def server_of(app: Any, settings: ServeSettings) -> QuietServer:
    """A server of this application, with the limits that the connection itself has to keep."""
    limits = settings.limits
    protocol = type("Protocol", (PatientProtocol,), {"header_s": limits.header_s})
    return QuietServer(
        Config(
            app,
            http=protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=list(settings.proxies),
            limit_concurrency=limits.connections,
            timeout_keep_alive=limits.idle_s,  # type: ignore[arg-type]  # seconds, whole or not
            timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=limits.header_bytes,
        )
    )
