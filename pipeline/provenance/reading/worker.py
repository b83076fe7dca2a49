"""A warm child process that reads strangers' files; one that dies or hangs is replaced, and its file is the loser."""

from __future__ import annotations

import atexit
import base64
import contextlib
import dataclasses
import functools
import hashlib
import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pipeline.provenance.trust.lists import Trust

LOG = logging.getLogger(__name__)

# wall clock, for a file of any size; and what each byte adds: hashing on a slow disk
BASE_BUDGET_S = 5.0
BYTES_PER_S = 25e6
# a fresh interpreter has to load the SDK first
START_BUDGET_S = 20.0
# what it says then
READY = b"\0\0\0\0"
# two hundred ingredients, their steps and two dozen previews stay far below
MAX_ANSWER_BYTES = 32 << 20
# idle processes kept
MAX_IDLE = 2
ROOT = Path(__file__).resolve().parents[3]


class Stopped(Exception):
    """The child died, hung or answered nonsense; the message says which, in plain words."""


class Worker:
    """One child process; asks one thing at a time."""

    def __init__(self) -> None:
        # -I: nothing of the caller's environment or folder can put a module of its own in
        command = [sys.executable, "-I", "-X", "utf8", str(Path(__file__).with_name("child.py")), str(ROOT)]
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            close_fds=True,
            start_new_session=True,
        )
        self._is_warm = False
        # keys of the trusts it knows already
        self._told: set[str] = set()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, Any]) -> bytes:
        """The answer's bytes.

        Raises
        ------
        Stopped
            The child is gone then.
        """
        began = time.monotonic()
        try:
            # asked before it is ready: it then begins at once
            self._send(self._line(request), began + (request["budget_s"] if self._is_warm else START_BUDGET_S))
            if not self._is_warm:
                self._receive(len(READY), began + START_BUDGET_S)
                self._is_warm = True
            deadline = time.monotonic() + request["budget_s"]
            length = int.from_bytes(self._receive(4, deadline), "big")
            if length > MAX_ANSWER_BYTES:
                raise Stopped("they are of an absurd size")
            answer = self._receive(length, deadline)
        except Stopped:
            self.kill()
            raise
        return answer

    def _line(self, request: dict[str, Any]) -> bytes:
        trust = request["trust"]
        key = _trust_key(trust)
        known = key in self._told
        self._told.add(key)
        told = {} if known else {"trust": dataclasses.asdict(trust)}
        rest = {name: value for name, value in request.items() if name != "trust"}
        return json.dumps({**rest, **told, "trust_key": key}).encode() + b"\n"

    def kill(self) -> None:
        """End the child at once."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """Let the child go: it ends when nothing more can be asked."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """After a fork: the child belongs to the parent, and is not to be waited for here."""
        self._process.returncode = 0

    def _send(self, data: bytes, deadline: float) -> None:
        assert self._process.stdin is not None
        handle = self._process.stdin.fileno()
        os.set_blocking(handle, False)
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_WRITE)
            while data:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise Stopped("it took too long")
                try:
                    data = data[os.write(handle, data) :]
                except OSError as error:
                    raise Stopped(self._last_words()) from error

    def _receive(self, count: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        parts: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            while count:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise Stopped("it took too long")
                part = os.read(handle, min(count, 1 << 20))
                if not part:
                    raise Stopped(self._last_words())
                parts.append(part)
                count -= len(part)
        return b"".join(parts)

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        LOG.info("the reading process ended with %s", self._process.returncode)
        import signal

        too_long = {-signal.SIGXCPU} if hasattr(signal, "SIGXCPU") else set()
        if self._process.returncode in too_long:
            return "it took too long"
        return "they crashed the process that read them, or wanted more memory than it may have"


# ------------------------------------------------------------------ pool
_idle: list[Worker] = []
_lock = threading.Lock()


def warm_up() -> None:
    """Start a child now, so that it is ready when the first file is."""
    with _lock:
        if not _idle:
            _idle.append(Worker())


def ask(request: dict[str, Any]) -> bytes:
    """Have a child answer; `Stopped` when it could not."""
    worker = _borrow()
    answer = worker.ask(request)
    with _lock:
        if len(_idle) < MAX_IDLE:
            _idle.append(worker)
            return answer
    worker.close()
    return answer


def budget_s(size_bytes: int) -> float:
    """How long reading a file of this size may take."""
    return BASE_BUDGET_S + size_bytes / BYTES_PER_S


def request_of(
    trust: Trust,
    *,
    path: Path | None = None,
    store: bytes = b"",
    size_bytes: int,
    thumbnails: bool = False,
    sidecar: bool = False,
    address: str = "",
) -> dict[str, Any]:
    """What `child` understands: a file, a manifest store, or a file with the manifest store from an address."""
    return {
        # a name need not be text
        "path": base64.b64encode(os.fsencode(path.absolute())).decode("ascii") if path else "",
        "store": base64.b64encode(store).decode("ascii"),
        "trust": trust,
        "thumbnails": thumbnails,
        "sidecar": sidecar,
        "address": address,
        "budget_s": budget_s(size_bytes),
    }


@functools.lru_cache(maxsize=8)
def _trust_key(trust: Trust) -> str:
    return hashlib.sha256(json.dumps(dataclasses.asdict(trust)).encode()).hexdigest()


def _borrow() -> Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.is_alive:
                return worker
            worker.close()
    return Worker()


def close_all() -> None:
    """End every idle child."""
    with _lock:
        while _idle:
            _idle.pop().close()


def _after_fork() -> None:
    global _lock
    # another thread may have held it at the fork
    _lock = threading.Lock()
    while _idle:
        _idle.pop().forget()


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
