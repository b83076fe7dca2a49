"""What the flows share: one task per clip, and progress for whoever started the flow in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner

from pipeline import batch, checking
from pipeline.config import Settings
from pipeline.keys import Keys
from pipeline.mark_reading import Progress
from pipeline.records import CheckResult, JobResult

Listener = Callable[[Path, str, float], None]
# Callbacks cannot travel through an API; only tasks that run in the listener's own process find it here.
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Have `listener(source, stage, share)` called while tasks of this process run."""
    if listener:
        _listeners.append(listener)
    try:
        yield
    finally:
        if listener:
            _listeners.remove(listener)


def progress_of(source: Path) -> Progress:
    """The progress callback of one clip."""

    def tell(stage: str, share: float) -> None:
        for listener in _listeners:
            listener(source, stage, share)

    return tell


@task(name="finish-clip", task_run_name="{job.source.name}", cache_policy=NO_CACHE)
def finish_clip(job: batch.Job, settings: Settings, home: Path) -> JobResult:
    """One clip: sound, mark, credentials, check. A failed clip is a result, not an exception."""
    keys = Keys(home, settings.mark.tenant)
    result = batch.finish_clip(job, settings=settings, keys=keys, on_progress=progress_of(job.source))
    progress_of(job.source)(result.state, 1.0)
    return result


@task(name="check-file", task_run_name="{path.name}", cache_policy=NO_CACHE)
def check_file(path: Path, home: Path) -> CheckResult:
    """One file: where it comes from, as far as it can be told."""
    result = checking.check(path, keys=Keys(home), on_progress=progress_of(path))
    progress_of(path)("done", 1.0)
    return result


@task(name="sign-file", task_run_name="{job.source.name}", cache_policy=NO_CACHE)
def sign_file(job: batch.Job, settings: Settings, home: Path) -> JobResult:
    """One file: credentials only, pictures and sound untouched."""
    result = batch.sign_only(job, settings=settings, keys=Keys(home))
    progress_of(job.source)(result.state, 1.0)
    return result


def side_by_side(workers: int) -> Any:
    """A task runner with this many threads: the work is in libraries that let go of Python's lock."""
    return ThreadPoolTaskRunner(max_workers=workers)


def in_order(futures: Iterable[Any]) -> list[Any]:
    """Results in the order of submission, gathered as they come."""
    waiting = list(futures)
    for future in as_completed(waiting):
        future.wait()
    return [future.result() for future in waiting]
