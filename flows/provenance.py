"""Add credentials to a folder of finished files without touching picture or sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.tasks import in_order, side_by_side, sign_file
from pipeline import batch
from pipeline.config import Settings, home, load_settings
from pipeline.records import JobResult, from_data


@flow(name="foleymark-provenance", task_runner=side_by_side(2))
def sign_folder(
    paths: list[str], output: str, settings: dict[str, Any] | None = None, home_folder: str = ""
) -> list[JobResult]:
    """Sign every video of `paths` into `output`."""
    chosen = from_data(settings, Settings) if settings else load_settings()
    folder = Path(output)
    clips = batch.find_clips([Path(path) for path in paths], output=folder)
    jobs = batch.plan_jobs(clips, output=folder, container="")
    where = Path(home_folder) if home_folder else home()
    results = in_order(sign_file.submit(job, chosen, where) for job in jobs)
    batch.write_report(results, output=folder, title=chosen.title)
    create_table_artifact(key="foleymark-provenance", table=batch.table(results), description="Signed files")
    return results
