"""The gate before every request: names, headers, sizes, time, how often, and who is asking.

It is plain ASGI, so nothing of a body is read before the gate has let it in.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

from fastapi import HTTPException
from starlette.requests import ClientDisconnect

from pipeline.app.serve.buckets import Buckets, address_key
from pipeline.app.serve.callers import CHALLENGE, Caller
from pipeline.app.serve.settings import Limits, ServeSettings
from pipeline.app.serve.tokens import TokenFile

LOG = logging.getLogger(__name__)

CONTENT_PATH = "/v1/matches/byContent"
STORE_PATH = "/v1/manifests"
SECURITY_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
# for the log alone, as nginx counts it
CLIENT_LEFT = 499
# of an unwanted body, read and thrown away so that the client gets to see our answer
DRAINED_BYTES = 1 << 20
DRAINED_S = 0.5


class Refused(Exception):
    """A request that does not get past the gate."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.headers = status, text, headers or {}


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: Any, settings: ServeSettings, tokens: TokenFile) -> None:
        self.app = app
        self.settings = settings
        self.tokens = tokens
        self.buckets = Buckets(settings.limits.per_minute, settings.limits.burst)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()
        passage = _Passage(scope, receive, send, self.settings.limits)
        try:
            scope["foleymark.caller"] = self._admitted(scope)
            await self.app(scope, passage.receive, passage.send)
        except Refused as refusal:
            await passage.refuse(refusal)
        except ClientDisconnect:
            passage.status = CLIENT_LEFT
        except ConnectionAbortedError as error:
            LOG.info("%s", error)
            # the server hangs up on an answer that was begun and not ended
            raise
        except Exception:
            LOG.exception("a request failed")
            if passage.status:
                raise
            await passage.refuse(Refused(500, "The service failed; its operator finds the reason in the log."))
        finally:
            caller = scope.get("foleymark.caller")
            # the path alone: queries hold the values people look up, headers hold tokens
            LOG.info(
                "%s %s %s %d ms %s",
                scope["method"],
                ascii(scope["path"][:200]),
                passage.status,
                round((time.monotonic() - began) * 1000),
                caller.key if caller else "-",
            )

    def _admitted(self, scope: dict[str, Any]) -> Caller:
        headers = scope["headers"]
        if len(headers) > self.settings.limits.header_count:
            raise Refused(431, f"At most {self.settings.limits.header_count} headers are read.")
        self._check_host(headers)
        caller = self._caller(scope, headers)
        wait_s = self.buckets.take(caller.key)
        if wait_s:
            raise Refused(429, "Too many requests; slow down.", {"Retry-After": str(max(1, round(wait_s)))})
        _check_length(headers, body_limit(scope["path"], self.settings.limits))
        return caller

    def _check_host(self, headers: list[tuple[bytes, bytes]]) -> None:
        allowed = self.settings.allowed_hosts
        hosts = [value for name, value in headers if name == b"host"]
        if allowed and (len(hosts) != 1 or _host_name(hosts[0]) not in allowed):
            raise Refused(421, "This server does not answer to that name.")

    def _caller(self, scope: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> Caller:
        client = scope.get("client")
        stranger = address_key(client[0] if client else "")
        given = [value for name, value in headers if name == b"authorization"]
        if not given:
            return Caller(stranger)
        kind, _, secret = given[0].decode("latin-1").partition(" ")
        token = self.tokens.find(secret.strip()) if len(given) == 1 and kind.lower() == "bearer" else None
        if token is None:
            # guessing is slow: wrong tokens count against the address they come from
            wait_s = self.buckets.take(stranger)
            if wait_s:
                raise Refused(429, "Too many requests; slow down.", {"Retry-After": str(max(1, round(wait_s)))})
            raise Refused(401, "This token is unknown, expired or revoked.", dict(CHALLENGE))
        return Caller(f"token:{token.name}", token)


class _Passage:
    """One request's way in and its answer's way out, watched for size and time."""

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any, limits: Limits) -> None:
        self._receive, self._send = receive, send
        self.limits = limits
        self.headers = scope["headers"]
        self.allowed_bytes = body_limit(scope["path"], limits)
        body_s = limits.content_body_s if scope["path"] == CONTENT_PATH else limits.body_s
        self.deadline = time.monotonic() + body_s
        self.taken = 0
        self.is_whole = not _announces_body(scope["headers"])
        self.status = 0

    async def receive(self) -> Any:
        if self.is_whole:
            return await self._receive()
        wait_s = min(self.deadline - time.monotonic(), self.limits.pause_s)
        try:
            message = await asyncio.wait_for(self._receive(), max(wait_s, 0))
        except TimeoutError:
            raise HTTPException(408, "The request took too long to arrive.") from None
        if message["type"] == "http.request":
            self.taken += len(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)
            if self.taken > self.allowed_bytes:
                raise HTTPException(413, _too_large(self.allowed_bytes))
        return message

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = message | {"headers": [*message.get("headers", []), *SECURITY_HEADERS]}
            await self._drain()
            if not self.is_whole:
                # what is left of the body must not be taken for the next request
                message["headers"].append((b"connection", b"close"))
        try:
            await asyncio.wait_for(self._send(message), self.limits.pause_s)
        except TimeoutError:
            raise ConnectionAbortedError("the reader took nothing for too long") from None

    async def refuse(self, refusal: Refused) -> None:
        """Answer for the application, which never saw this request."""
        body = json.dumps({"error": refusal.text}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def _drain(self) -> None:
        if not self.taken and not self._is_small():
            return
        drained = 0
        ends = time.monotonic() + DRAINED_S
        while not self.is_whole and drained < DRAINED_BYTES:
            try:
                message = await asyncio.wait_for(self._receive(), max(0, ends - time.monotonic()))
            except TimeoutError:
                return
            if message["type"] != "http.request":
                return
            drained += len(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)

    def _is_small(self) -> bool:
        # a client that waits for leave to send must not be given it by reading
        given = dict(self.headers)
        return b"expect" not in given and int(given.get(b"content-length", DRAINED_BYTES)) <= DRAINED_BYTES


def body_limit(path: str, limits: Limits) -> int:
    """The bytes a request to this path may carry."""
    if path == CONTENT_PATH:
        return limits.content_bytes
    return limits.store_bytes if path == STORE_PATH else limits.json_bytes


def _announces_body(headers: list[tuple[bytes, bytes]]) -> bool:
    names = dict(headers)
    return b"transfer-encoding" in names or names.get(b"content-length", b"0") != b"0"


def _check_length(headers: list[tuple[bytes, bytes]], allowed: int) -> None:
    for name, value in headers:
        # the HTTP parser has made sure that it is a number
        if name == b"content-length" and int(value) > allowed:
            raise Refused(413, _too_large(allowed))


def _too_large(allowed: int) -> str:
    size = f"{allowed >> 20} MiB" if allowed >= 1 << 20 else f"{allowed} bytes"
    return f"This is too large; at most {size} are taken."


def _host_name(host: bytes) -> str:
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]
