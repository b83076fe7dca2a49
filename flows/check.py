"""Check a folder of files: one report for all of them."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.tasks import check_file, in_order, side_by_side
from pipeline import batch
from pipeline.config import home
from pipeline.records import CheckResult


@flow(name="foleymark-check", task_runner=side_by_side(2))
def check_folder(paths: list[str], output: str, home_folder: str = "") -> list[CheckResult]:
    """Check every video of `paths`; writes ``check.json`` and ``check.html`` into `output`."""
    folder = Path(output)
    files = batch.find_clips([Path(path) for path in paths], output=folder)
    where = Path(home_folder) if home_folder else home()
    results = in_order(check_file.submit(path, where) for path in files)
    batch.write_check_report(results, output=folder)
    create_table_artifact(key="foleymark-check", table=batch.check_table(results), description="Checked files")
    return results
