"""Fetching a file from an address, carefully: the only place of the provenance part that touches a network.

Only https, except on this very machine when that is allowed; never an address inside the own network, whatever
name it hides behind; no redirect to another host unless that was asked for; bounded in size and time.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import SplitResult, urljoin, urlsplit

from pipeline.errors import CredentialError
from pipeline.provenance.text import clean

if TYPE_CHECKING:
    import http.client

LOG = logging.getLogger(__name__)

MAX_REDIRECTS = 3
BLOCK_BYTES = 1 << 16
REDIRECTS = (301, 302, 303, 307, 308)


def fetch(
    url: str, *, max_bytes: int, timeout_s: float = 15.0, hosts: tuple[str, ...] | None = None, local: bool = False
) -> bytes:
    """The content of an address.

    Parameters
    ----------
    url : str
        https://...; with `local` also http on this machine.
    max_bytes : int
        More than that is refused.
    timeout_s : float
        For everything together.
    hosts : tuple of str, optional
        The only hosts that may be asked; without it the one in `url`.
    local : bool
        Allow this machine itself (127.0.0.1, ::1), for tests and sandboxes; nothing else that is private.

    Raises
    ------
    CredentialError
        When it is not allowed, not there, too large or too slow.
    """
    import io

    into = io.BytesIO()
    fetch_into(into, url, max_bytes=max_bytes, timeout_s=timeout_s, hosts=hosts, local=local)
    return into.getvalue()


def fetch_into(
    into: BinaryIO,
    url: str,
    *,
    max_bytes: int,
    timeout_s: float,
    hosts: tuple[str, ...] | None = None,
    local: bool = False,
    elsewhere: bool = False,
) -> None:
    """Write the content of an address into an open file, block by block; what is large never lies in memory.

    Parameters
    ----------
    into : binary file, open for writing
        After an error it may hold a part.
    elsewhere : bool
        Follow redirects to other hosts; each is held to the same rules as the first.

    The rest, and errors, as `fetch`.
    """
    deadline = time.monotonic() + timeout_s
    parts = _allowed(url, hosts=hosts, local=local)
    for _ in range(MAX_REDIRECTS + 1):
        status, location = _get(parts, into, max_bytes=max_bytes, deadline=deadline, local=local)
        if status not in REDIRECTS:
            break
        # a host out there does not get to send us to this machine
        local = local and _is_loopback_name(parts.hostname or "")
        target = _allowed(urljoin(parts.geturl(), location), hosts=hosts, local=local)
        if target.hostname != parts.hostname and not elsewhere:
            raise CredentialError(
                f"{_shown(url)} sends us on to {_shown(target.geturl())}: fetch it from there yourself"
            )
        parts = target
    if status != 200:
        raise CredentialError(f"{_shown(url)} answers with {status}: check the address")


def _allowed(url: str, *, hosts: tuple[str, ...] | None, local: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise CredentialError(f"{_shown(url)} is no address: it begins with https://") from error
    host = parts.hostname or ""
    is_here = local and _is_loopback_name(host)
    if not host or parts.scheme not in (("https", "http") if is_here else ("https",)) or parts.username is not None:
        raise CredentialError(f"{_shown(url)} is not fetched: only plain https:// addresses are")
    if port not in (None, 443) and not is_here:
        raise CredentialError(f"{_shown(url)} is not fetched: only the usual port is asked")
    if hosts is not None and host.lower() not in {one.lower() for one in hosts}:
        raise CredentialError(f"{host} is not among the hosts that may be asked ({', '.join(hosts) or 'none'})")
    return parts


def _is_loopback_name(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _get(parts: SplitResult, into: BinaryIO, *, max_bytes: int, deadline: float, local: bool) -> tuple[int, str]:
    import http.client

    connection = _connection(parts, deadline=deadline, local=local)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        # identity: a small packed answer must not unfold into a large one
        connection.request("GET", path, headers={"Accept-Encoding": "identity", "User-Agent": "Foleymark"})
        answer = connection.getresponse()
        location = answer.getheader("Location") or ""
        if answer.status == 200:
            _copy(answer, connection, into, max_bytes=max_bytes, deadline=deadline)
        return answer.status, location
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CredentialError(f"{_shown(parts.geturl())} cannot be fetched ({clean(str(error), 100)})") from error
    finally:
        connection.close()


def _copy(answer: Any, connection: Any, into: BinaryIO, *, max_bytes: int, deadline: float) -> None:
    size = 0
    while True:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("it took too long")
        if connection.sock is not None:
            connection.sock.settimeout(left_s)
        block = answer.read1(BLOCK_BYTES)
        if not block:
            return
        size += len(block)
        if size > max_bytes:
            raise CredentialError(f"what is fetched is larger than {max_bytes} bytes: it was left there")
        into.write(block)


def _connection(parts: SplitResult, *, deadline: float, local: bool) -> http.client.HTTPConnection:
    """A connection to an address that was looked at: a name cannot be turned elsewhere between look and call."""
    import http.client

    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    address = _public_address(host, port, local=local)
    timeout_s = max(0.1, deadline - time.monotonic())
    if not secure:
        return http.client.HTTPConnection(address, port, timeout=timeout_s)

    class Pinned(http.client.HTTPSConnection):
        def connect(self) -> None:
            raw = socket.create_connection((address, port), timeout_s)
            import ssl

            self.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=host)

    return Pinned(host, port, timeout=timeout_s)


def _public_address(host: str, port: int, *, local: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CredentialError(f"there is no host {clean(host, 100)}: check the address") from error
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        # one private address among several is enough to refuse all
        if not _is_public(address) and not (local and ipaddress.ip_address(address).is_loopback):
            raise CredentialError(f"{clean(host, 100)} lies inside a private network: nothing is fetched from there")
    return addresses[0]


def _is_public(address: str) -> bool:
    one = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(one, "ipv4_mapped", None)
    return (mapped or one).is_global and not (mapped or one).is_multicast


def _shown(url: str) -> str:
    return clean(url, 200)
