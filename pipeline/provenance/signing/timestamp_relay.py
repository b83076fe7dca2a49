"""A relay on this machine between the SDK and the time stamp authorities.

The SDK (0.91.3) waits 30 s for an authority and then gives the signing up. The relay asks with our own
limits, tries again and elsewhere, and remembers why; a large file is hashed once however often it asks.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from pipeline.provenance.signing.der import element
from pipeline.provenance.signing.posting import NoAnswer, post

if TYPE_CHECKING:
    from pipeline.provenance.signing.timestamps import TimestampPolicy

LOG = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
# the SDK's request has some 60 bytes
MAX_QUERY_BYTES = 1 << 12
# the SDK keeps 10 000 bytes for it beside the certificates: 9 520 were seen to fit, 9 966 not (0.91.3)
MAX_STAMP_BYTES = 9_500
# the SDK itself gives up after 30 s
TOTAL_S = 27.0


@dataclass
class Relay:
    """Where the SDK may ask, and what came of it."""

    url: str
    # why authorities gave no stamp, in the order they were asked
    failures: list[str] = field(default_factory=list)
    answered: bool = False


@contextlib.contextmanager
def relaying(policy: TimestampPolicy) -> Iterator[Relay]:
    """A relay that listens while the context lasts, on an address that only this process knows."""
    path = f"/{secrets.token_hex(16)}"
    relay = Relay("")
    _spare_loopback()

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:  # the library's name
            size = int(self.headers.get("Content-Length") or 0)
            if self.path != path or not 0 < size <= MAX_QUERY_BYTES:
                self.send_error(404)
                return
            _pass_on(self, self.rfile.read(size), policy, relay)

        def log_message(self, *_: Any) -> None:
            """Nothing for the log: failures are kept."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        server.daemon_threads = True
        relay.url = f"http://{LOOPBACK}:{server.server_address[1]}{path}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join()


def _spare_loopback() -> None:
    """Behind a proxy the SDK would look for the relay there; what is on this machine never goes through one."""
    if not urllib.request.getproxies_environment():
        return
    for name in ("NO_PROXY", "no_proxy"):
        spared = os.environ.get(name, "")
        if LOOPBACK not in spared.split(","):
            os.environ[name] = f"{spared},{LOOPBACK}".lstrip(",")


def _pass_on(handler: BaseHTTPRequestHandler, query: bytes, policy: TimestampPolicy, relay: Relay) -> None:
    answer = ask(query, policy, relay.failures)
    relay.answered = bool(answer)
    with contextlib.suppress(ConnectionError):
        handler.send_response(200 if answer else 502)
        handler.send_header("Content-Type", REPLY_TYPE)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)


def ask(query: bytes, policy: TimestampPolicy, failures: list[str]) -> bytes:
    """The first usable answer to an RFC 3161 query, or nothing; `failures` is filled with the reasons."""
    from pipeline.provenance.signing.timestamps import host_of

    deadline = time.monotonic() + TOTAL_S
    for attempt in range(policy.attempts):
        if attempt:
            time.sleep(min(policy.wait_s * 2 ** (attempt - 1), max(deadline - time.monotonic(), 0)))
        for url in policy.urls:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return b""
            try:
                return _one(query, url, min(policy.timeout_s, left_s))
            except NoAnswer as error:
                failures.append(f"{host_of(url)}: {error}")
                LOG.info("time stamp authority %s: %s", host_of(url), error)
    return b""


def _one(query: bytes, url: str, timeout_s: float) -> bytes:
    headers = {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE}
    answer = post(url, query, headers=headers, timeout_s=timeout_s)
    reason = complaint(query, answer)
    if reason:
        raise NoAnswer(reason, status=200)
    return answer


def complaint(query: bytes, answer: bytes) -> str:
    """What is wrong with an answer at first sight; the SDK then checks the token itself.

    RFC 3161, 2.4.2: ``SEQUENCE { SEQUENCE { INTEGER status, text OPTIONAL, ... }, token OPTIONAL }``.
    """
    try:
        imprint, nonce = _asked(query)
        tag, body, rest = element(answer)
        status_tag, status, token = element(body)
        number_tag, number, _ = element(status)
    except ValueError:
        return "what it sent is no time stamp"
    if (tag, status_tag, number_tag) != (0x30, 0x30, 0x02) or rest:
        return "what it sent is no time stamp"
    # granted, or granted with changes
    if number not in (b"\0", b"\1"):
        return f"it refused (status {int.from_bytes(number, 'big')}{_text(status)})"
    if len(answer) > MAX_STAMP_BYTES:
        return f"its stamp of {len(answer)} bytes does not fit into the credentials"
    if imprint not in token:
        return "its stamp is for other data"
    if nonce not in token:
        return "its stamp answers another request"
    return ""


def _asked(query: bytes) -> tuple[bytes, bytes]:
    """Hash and nonce of a query: ``SEQUENCE { INTEGER, SEQUENCE { algorithm, OCTET STRING }, ... }``."""
    _, body, _ = element(query)
    _, _, body = element(body)
    _, imprint, body = element(body)
    _, _, hashed = element(imprint)
    nonce = b""
    while body:
        tag, content, body = element(body)
        nonce = content if tag == 0x02 else nonce
    return element(hashed)[1], nonce


def _text(status: bytes) -> str:
    from pipeline.provenance.text import clean

    _, _, rest = element(status)
    if not rest or rest[0] != 0x30:
        return ""
    try:
        return ": " + clean(element(element(rest)[1])[1].decode(errors="replace"), 80)
    except ValueError:
        return ""
