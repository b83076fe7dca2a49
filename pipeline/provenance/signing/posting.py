"""One HTTP request to a key server or time stamp authority, within limits of time and size."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

# of an answer; a time stamp has some 6 kB, a signature less than 1 kB
MAX_ANSWER_BYTES = 1 << 20
BLOCK_BYTES = 1 << 14


class NoAnswer(Exception):
    """No usable answer came; the message says why, in a few words."""

    def __init__(self, reason: str, *, status: int = 0, body: bytes = b"") -> None:
        super().__init__(reason)
        # of HTTP; 0 when none came
        self.status = status
        self.body = body

    @property
    def may_pass(self) -> bool:
        """Whether asking again can help: nothing came, the server is busy, or has trouble of its own."""
        return self.status in (0, 429) or self.status >= 500


def post(url: str, body: bytes, *, headers: Mapping[str, str], timeout_s: float, ca_file: str = "") -> bytes:
    """The body of the answer to a POST; redirects are not followed, so the request goes nowhere else.

    Raises
    ------
    NoAnswer
        When nothing comes within the time, or something else than a plain answer of moderate size.
    """
    import http.client
    import ssl
    import urllib.error
    import urllib.request

    context = ssl.create_default_context(cafile=ca_file or None)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _no_redirects())
    # callers have checked that the address is one of http or https
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310
    deadline = time.monotonic() + timeout_s
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            return _read(answer, deadline)
    except urllib.error.HTTPError as error:
        with error:
            raise NoAnswer(f"HTTP {error.code}", status=error.code, body=_beginning(error)) from error
    except urllib.error.URLError as error:
        raise NoAnswer(_words(error.reason)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(_words(error)) from error


def _read(answer: Any, deadline: float) -> bytes:
    parts, size = [], 0
    # a block may be slow and still within the socket's timeout: only the sum tells
    while block := answer.read1(BLOCK_BYTES):
        parts.append(block)
        size += len(block)
        if size > MAX_ANSWER_BYTES:
            raise NoAnswer("the answer is far too large", status=200)
        if time.monotonic() > deadline:
            raise NoAnswer("the answer came too slowly")
    return b"".join(parts)


def _beginning(error: Any) -> bytes:
    try:
        return error.read(4096)
    except OSError:
        return b""


def _words(error: Any) -> str:
    import ssl

    from pipeline.provenance.text import clean

    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {clean(error.verify_message, 80)}"
    return clean(str(error), 120) or type(error).__name__


def _no_redirects() -> Any:
    import urllib.request

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            """Without a new request urllib reports the redirect as an error."""

    return Stay()
