"""A process that finishes a clip again and again, killed each time after another step, and then goes on undisturbed.

Run by tests/test_registering.py: ``python killed_jobs.py HOME CLIP FOLDER`` prints what became of each as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline import batch, finishing
from pipeline.config import EncodeSettings, MarkSettings, Settings, SoundSettings
from pipeline.finishing import Job
from pipeline.keys import Keys
from pipeline.provenance.repository import Repository
from pipeline.store import RecordFolder

QUICK = Settings(
    encode=EncodeSettings(preset="ultrafast"), sound=SoundSettings(enabled=False), mark=MarkSettings(enabled=False)
)
# (name, where the step is, its name there); killed as soon as it has returned
STEPS = [
    ("reserved", Repository, "reserve"),
    ("embedded", Repository, "embedded"),
    ("signed file", finishing, "sign_in_place"),
    ("written down", RecordFolder, "write"),
    ("signed", Repository, "signed"),
    ("published", Repository, "publish"),
    ("named", finishing, "put_out"),
    ("delivered", Repository, "delivered"),
]
# one clip with a mark is enough: what is embedded is then the reserved id
MARKED = "embedded"


def in_a_fork(work: Callable[[], None]) -> int:
    """How a process of its own ended that did the work."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_after(where: object, name: str) -> None:
    """Have this process killed when a step is done."""
    real = getattr(where, name)

    def deadly(*arguments: object, **named: object) -> None:
        real(*arguments, **named)
        # records are written all the time; only the one that waits for publication counts
        if name != "write" or arguments[1] == finishing.PENDING:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(where, name, deadly)


def finish(job: Job, home: Path, said: Path, *, marked: bool) -> None:
    """Finish the clip and write down what came of it."""
    settings = replace(QUICK, mark=MarkSettings(enabled=marked))
    result = batch.finish_clip(job, settings=settings, keys=Keys(home))
    told = {"state": result.state, "error": result.error, "label": result.manifest_label, "receipt": result.receipt}
    said.write_text(json.dumps(told | {"payload": result.mark.payload.hex if result.mark else ""}))


def _import_everything() -> None:
    # once, instead of again in every fork
    for name in (
        "av",
        "c2pa",
        "cryptography.x509",
        "cv2",
        "iscc_core",
        "msgspec",
        "pipeline.analysis.analyser",
        "pipeline.detect.residual",
        "pipeline.detect.verdict",
        "pipeline.media.mux",
        "pipeline.provenance.fingerprint",
        "pipeline.provenance.repository.repository",
        "pipeline.provenance.signing.sign",
        "pipeline.report.plots",
        "scipy.signal",
    ):
        importlib.import_module(name)


def main() -> None:
    """Have a job killed after each step, then finish them all."""
    home, clip, folder = map(Path, sys.argv[1:])
    _import_everything()
    became = {}
    jobs = {name: Job(clip, folder / f"{name}.mp4", folder / "records" / name) for name, _, _ in STEPS}
    for name, where, step in STEPS:

        def killed(name: str = name, where: object = where, step: str = step) -> None:
            die_after(where, step)
            finish(jobs[name], home, folder / f"{name}.txt", marked=name == MARKED)

        became[name] = {"killed": in_a_fork(killed), "delivered_by_then": jobs[name].output.exists()}

    def go_on() -> None:
        for name, job in jobs.items():
            finish(job, home, folder / f"{name}.txt", marked=name == MARKED)

    assert in_a_fork(go_on) == 0
    print(json.dumps({name: one | json.loads((folder / f"{name}.txt").read_text()) for name, one in became.items()}))


if __name__ == "__main__":
    main()
