"""What a server is told, and the limits it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# https://spec.c2pa.org: the version whose Soft Binding Resolution API is spoken here
API_VERSION = "2.4.0"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8642
LOOPBACK = ("127.0.0.1", "::1", "localhost")

# Whose manifests are taken in: of signers that a trust list or one's own authority knows, or of anybody whose
# signature holds.
SignerPolicy = Literal["known", "any"]


@dataclass(frozen=True)
class Limits:
    """How much, how long and how often."""

    # a manifest store; the repository itself takes no more
    store_bytes: int = 16_000_000
    # a file to be recognised
    content_bytes: int = 1 << 30
    json_bytes: int = 64 << 10
    # of one request
    header_bytes: int = 16 << 10
    header_count: int = 64
    # characters of a binding's value in an address; longer ones go by POST (414)
    query_chars: int = 2048
    # how long a client may take to say what it wants, and to send what goes with it
    header_s: float = 10.0
    # a line without a request
    idle_s: float = 5.0
    body_s: float = 30.0
    content_body_s: float = 600.0
    # between two pieces of a body, and for a reader who takes nothing of an answer
    pause_s: float = 15.0
    # recognising a file, in a process of its own
    recognise_s: float = 300.0
    # files recognised at the same time, and waiting to be; each lies on the disk meanwhile
    jobs: int = 2
    waiting_jobs: int = 8
    job_memory_bytes: int = 4 << 30
    # requests of one caller: a bucket of `burst`, refilled at `per_minute`
    per_minute: float = 240.0
    burst: int = 60
    connections: int = 200
    # answers to one query
    max_results: int = 100


@dataclass(frozen=True)
class ServeSettings:
    """A server: where it listens, what it keeps, who may do what."""

    # of keys, trust lists and tokens
    home: Path
    # address of the repository, as `open_repository` takes it; it may hold a password
    repository: str = field(repr=False)
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    # where the world finds it, e.g. https://credentials.example.org; stands in receipts
    public_url: str = ""
    # public manifests may be found and read without a token
    open_reads: bool = True
    # web pages of these origins may call it
    origins: tuple[str, ...] = ()
    signers: SignerPolicy = "known"
    # nothing is checked and nothing is kept; for test harnesses
    sandbox: bool = False
    # proxies whose X-Forwarded-For is believed
    proxies: tuple[str, ...] = ()
    limits: Limits = Limits()

    @property
    def tokens_path(self) -> Path:
        """The file of hashed tokens."""
        return self.home / "serve" / "tokens.json"

    @property
    def address(self) -> str:
        """Where the API is found, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """Names a request may ask for; empty for any. It keeps a stranger's name off a server on this machine."""
        from urllib.parse import urlsplit

        if self.host not in LOOPBACK and not self.public_url:
            return ()
        named = urlsplit(self.public_url).hostname or ""
        return tuple(dict.fromkeys((*LOOPBACK, named, self.host))) if named else (*LOOPBACK, self.host)
