"""The main flow: a folder of generated clips in, finished clips and a report out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.tasks import finish_clip, in_order, side_by_side
from pipeline import batch
from pipeline.config import Settings, home, load_settings
from pipeline.records import JobResult, from_data


@flow(name="foleymark-run")
def run_batch(
    paths: list[str], output: str, settings: dict[str, Any] | None = None, home_folder: str = ""
) -> list[JobResult]:
    """Finish every clip of `paths` into the folder `output`.

    `settings` are those of `pipeline.config.Settings` as plain data.
    """
    chosen = from_data(settings, Settings) if settings else load_settings()
    folder = Path(output)
    clips = batch.find_clips([Path(path) for path in paths], output=folder)
    jobs = batch.plan_jobs(clips, output=folder, container=chosen.container)
    where = Path(home_folder) if home_folder else home()
    results = in_order(finish_clip.submit(job, chosen, where) for job in jobs)
    batch.write_report(results, output=folder, title=chosen.title)
    create_table_artifact(key="foleymark-batch", table=batch.table(results), description=chosen.title)
    return results


def with_workers(workers: int) -> Any:
    """The flow with this many clips at the same time."""
    return run_batch.with_options(task_runner=side_by_side(workers))
