"""Work on strangers' files, each in a process of its own: bounded in number, time and memory, ended when unwanted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import HTTPException

from pipeline.app.serve.settings import ServeSettings

LOG = logging.getLogger(__name__)

# labels and numbers of a few matches
MAX_ANSWER_BYTES = 1 << 20
# of what a failed job said before it died
SHOWN_BYTES = 2000
PIECE_BYTES = 64 << 10
RETRY_AFTER = {"Retry-After": "30"}
# where this package is imported from, so that nothing in the folder the server was started in takes its place
ROOT = Path(__file__).resolve().parents[3]


class Jobs:
    """Runs `pipeline.app.serve.worker` for uploads."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.limits = settings.limits
        self._running = asyncio.Semaphore(settings.limits.jobs)
        self._taken = 0

    @property
    def is_full(self) -> bool:
        """Whether a further file would be sent away."""
        return self._taken >= self.limits.jobs + self.limits.waiting_jobs

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue, taken before the file is read, since each file lies on the disk; 503 without one."""
        if self.is_full:
            raise HTTPException(503, "Too many files are being looked at; try again later.", headers=RETRY_AFTER)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def recover(self, path: Path, tenant: str) -> list[dict[str, Any]]:
        """What the repository knows of a file: the bare matches of a `Recovery` as plain data, likeliest first."""
        async with self._running:
            task = {
                "path": str(path),
                "tenant": tenant,
                "repository": self.settings.repository,
                "home": str(self.settings.home),
                "memory_bytes": self.limits.job_memory_bytes,
                # two cores' worth of the time it may take
                "cpu_s": round(self.limits.recognise_s * 2) + 1,
            }
            return await self._run(json.dumps(task).encode())

    async def _run(self, task: bytes) -> list[dict[str, Any]]:
        # by its input: a database address may hold a password, and arguments are there for all to see
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "pipeline.app.serve.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            # what it starts (a decoder) goes down with it
            start_new_session=True,
        )
        try:
            said, complaint = await asyncio.wait_for(_talk(process, task), self.limits.recognise_s)
        except TimeoutError:
            raise HTTPException(
                504, f"This file could not be read within {self.limits.recognise_s:.0f} seconds."
            ) from None
        finally:
            await _ended(process)
        return _answer(process.returncode, said, complaint)


async def _talk(process: asyncio.subprocess.Process, task: bytes) -> tuple[bytes, bytes]:
    """Hand over the task and take what comes back, as far as it may come."""
    assert process.stdin and process.stdout and process.stderr
    with contextlib.suppress(ConnectionError):
        process.stdin.write(task)
        await process.stdin.drain()
    process.stdin.close()
    said, complaint = await asyncio.gather(_first(process.stdout, MAX_ANSWER_BYTES), _last(process.stderr, SHOWN_BYTES))
    await process.wait()
    return said, complaint


async def _first(stream: asyncio.StreamReader, count: int) -> bytes:
    kept = b""
    while piece := await stream.read(PIECE_BYTES):
        kept = (kept + piece)[: count + 1]
    return kept if len(kept) <= count else b""


async def _last(stream: asyncio.StreamReader, count: int) -> bytes:
    kept = b""
    while piece := await stream.read(PIECE_BYTES):
        kept = (kept + piece)[-count:]
    return kept


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # shielded: a cancelled request must not leave a zombie
    await asyncio.shield(process.wait())


def _answer(code: int | None, said: bytes, complaint: bytes) -> list[dict[str, Any]]:
    try:
        answer = json.loads(said)
    except ValueError:
        LOG.warning("a job ended with %s: %s", code, ascii(complaint.decode("utf-8", "replace")))
        raise HTTPException(400, "This file could not be read; it is damaged or made to do harm.") from None
    if "failed" in answer:
        LOG.error("a job failed: %s", answer["failed"])
        raise HTTPException(500, "The service failed; its operator finds the reason in the log.")
    if "unreadable" in answer:
        raise HTTPException(400, "This file cannot be read; it is damaged or of a kind that is not read here.")
    found: list[dict[str, Any]] = answer["found"]
    return found
