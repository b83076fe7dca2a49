"""A batch: which clips, what each becomes, what is already done, and the page that shows it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.checking import check
from pipeline.config import Settings
from pipeline.errors import UsageError
from pipeline.files import sha256_file, write_atomic
from pipeline.finishing import Job, finish, sheet_of
from pipeline.keys import Keys
from pipeline.mark_reading import Progress, silent
from pipeline.media.probe import probe
from pipeline.records import CheckResult, JobResult, to_json
from pipeline.registering import sign_registered
from pipeline.signing import identity_of
from pipeline.sound.deliver.folder import MEDIA, is_delivered
from pipeline.steps import explain, open_recordings
from pipeline.store import RecordFolder, fingerprint

logger = logging.getLogger(__name__)

VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".ogv", ".mxf")
)
RECORDS = "records"


def find_clips(paths: Sequence[Path], *, output: Path) -> list[Path]:
    """Video files among `paths`; folders are searched through, in order of name, `output` itself is not.

    The picture in a delivery folder is passed over: it is a clip that lies elsewhere.

    Raises
    ------
    UsageError
        A path that does not exist, or nothing found at all.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file())
            found.update(
                dict.fromkeys(
                    p for p in inside if not (p.is_relative_to(output) or p.name.startswith(".") or _is_copy(p))
                )
            )
        elif path.exists():
            found[path] = None
        else:
            raise UsageError(f"There is no file or folder {path}.")
    if not found:
        raise UsageError(f"No video was found in {', '.join(map(str, paths))}.")
    return list(found)


def _is_copy(clip: Path) -> bool:
    # the picture in a delivery folder is a clip that lies elsewhere
    return clip.parent.name == MEDIA and is_delivered(clip.parent.parent)


def plan_jobs(clips: Sequence[Path], *, output: Path, container: str) -> list[Job]:
    """Where each clip goes: the tree below their common folder is kept, equal names are told apart.

    An empty `container` keeps each clip's own suffix.
    """
    root = Path(clips[0]).parent
    while not all(clip.is_relative_to(root) for clip in clips):
        root = root.parent
    jobs, taken = [], set()
    for clip in clips:
        name = clip.relative_to(root)
        name = name.with_suffix(container) if container else name
        if name in taken:  # a.mp4 and a.mov side by side
            name = name.with_name(f"{clip.stem}-{clip.suffix[1:]}{name.suffix}")
        taken.add(name)
        jobs.append(Job(clip, output / name, output / RECORDS / name.with_suffix("")))
    return jobs


def finish_clip(job: Job, *, settings: Settings, keys: Keys, on_progress: Progress = silent) -> JobResult:
    """Finish one clip: look, sound, mark and encode, sign, check. Never raises: a failure is a result.

    A clip whose result is on disk, made from the same bytes with the same settings, is skipped.
    """
    records = RecordFolder(job.records)
    try:
        wanted = _settings_hash(job, settings, keys)
        source_hash = sha256_file(job.source) if job.source.is_file() else ""
        done = records.read("job", JobResult)
        if done and _is_current(done, job, source_hash, wanted):
            return replace(done, state="skipped")
        result = finish(job, settings=settings, keys=keys, wanted=wanted, on_progress=on_progress)
    except Exception as error:
        logger.debug("clip failed", exc_info=True)
        result = JobResult(source=job.source, state="failed", error=explain(error))
    records.write("job", result)
    return result


def _is_current(done: JobResult, job: Job, source_hash: str, wanted: str) -> bool:
    return (
        done.state == "done"
        and done.sha256_source == source_hash
        and done.settings_hash == wanted
        and job.output.is_file()
        and sha256_file(job.output) == done.sha256_output
    )


def _settings_hash(job: Job, settings: Settings, keys: Keys) -> str:
    # title and workers change nothing in a finished clip; what a person edited in its cue sheet does
    same = replace(settings, title="", workers=1)
    who = fingerprint("".join(key.hex() for key in keys.mark.keys[:1])) if settings.mark.enabled else ""
    return fingerprint(same, version("foleymark"), who, *(_sources(job, settings) if settings.sound.enabled else ()))


def _sources(job: Job, settings: Settings) -> list[Any]:
    # what the sound is made from besides clip and settings: a person's edits, the recordings there are, own music
    from pipeline.sound.cuesheet.sheet import load_sheet

    edits = load_sheet(sheet_of(job)).edits if sheet_of(job).exists() else {}
    library = open_recordings(settings.sound)
    recordings = [[one.path, one.sha256, one.licence, one.author] for one in library.recordings] if library else []
    own = [sha256_file(path) for path in (settings.sound.track_file, settings.sound.soundfont_file) if path]
    return [part for part in (edits, recordings, own) if part]


def planned(job: Job) -> JobResult:
    """What a dry run says of a clip: it can be read, and where it would go."""
    try:
        clip = probe(job.source)
    except Exception as error:
        return JobResult(source=job.source, state="failed", error=explain(error))
    return JobResult(source=job.source, state="planned", output=job.output, sha256_source=clip.sha256)


def write_report(results: Sequence[JobResult], *, output: Path, title: str) -> Path:
    """Write ``batch.json`` and ``report.html``; returns the page."""
    from pipeline.report.html import render_batch

    jobs = tuple(results)
    pictures = {job.source: png for job in jobs if (png := _filmstrip_of(job, output))}
    write_atomic(output / "batch.json", to_json(summary(jobs) | {"jobs": list(jobs)}) + "\n")
    page = output / "report.html"
    write_atomic(page, render_batch(jobs, title=title, pictures=pictures, folder=output))
    return page


def _filmstrip_of(job: JobResult, output: Path) -> bytes:
    if job.output is None:
        return b""
    path = output / RECORDS / job.output.relative_to(output).with_suffix("") / "filmstrip.webp"
    return path.read_bytes() if path.is_file() else b""


def summary(jobs: Sequence[JobResult]) -> dict[str, Any]:
    """Counts of a batch."""
    finished = [job for job in jobs if job.state in ("done", "skipped")]
    return {
        "clips": len(jobs),
        "done": sum(job.state == "done" for job in jobs),
        "skipped": sum(job.state == "skipped" for job in jobs),
        "failed": sum(job.state == "failed" for job in jobs),
        "signed": sum(is_signed(job) for job in finished),
        "marked": sum(is_marked(job) for job in finished),
    }


def is_signed(job: JobResult) -> bool:
    """The finished file carries our credentials and nothing in it has changed since."""
    credential = job.check.credential if job.check else None
    return credential is not None and credential.integrity == "exact" and credential.signer in ("own", "trusted")


def is_marked(job: JobResult) -> bool:
    """The finished file's mark reads back as the id that was put in."""
    return bool(job.mark and job.check and job.check.marks.payload == job.mark.payload)


def sign_only(job: Job, *, settings: Settings, keys: Keys) -> JobResult:
    """Give a finished file credentials and change nothing else. Never raises."""
    try:
        clip = probe(job.source)
        signed = sign_registered(
            job.source,
            job.output,
            settings=settings.sign,
            repository=settings.repository,
            keys=keys,
            identity=identity_of(settings.sign, keys),
        )
        final = check(job.output, keys=keys, parts=("credentials", "container"))
    except Exception as error:
        logger.debug("signing failed", exc_info=True)
        return JobResult(source=job.source, state="failed", error=explain(error))
    return JobResult(
        source=job.source,
        state="done",
        output=job.output,
        sha256_source=clip.sha256,
        manifest_label=signed.credential.manifest_label,
        check=final,
        warnings=signed.notes,
    )


def table(jobs: Sequence[JobResult]) -> list[dict[str, str]]:
    """One row per clip for a person in a hurry."""
    return [
        {
            "clip": job.source.name,
            "state": job.state,
            "cues": str(job.cues),
            "signed": "yes" if is_signed(job) else "no",
            "mark": job.mark.payload.hex if job.mark and is_marked(job) else "none",
            "note": job.error or "; ".join(job.warnings),
        }
        for job in jobs
    ]


def write_check_report(
    results: Sequence[CheckResult], *, output: Path, pictures: dict[Path, bytes] | None = None
) -> Path:
    """Write ``check.json`` and ``check.html``; returns the page."""
    from pipeline.report.html import render_check
    from pipeline.report.pictures import without_pictures

    write_atomic(output / "check.json", to_json([without_pictures(result) for result in results]) + "\n")
    page = output / "check.html"
    write_atomic(page, render_check(tuple(results), thumbnails=pictures or {}))
    return page


def check_table(results: Sequence[CheckResult]) -> list[dict[str, str]]:
    """One row per checked file."""
    return [
        {"file": result.path.name, "verdict": result.verdict.name, "headline": result.verdict.headline}
        for result in results
    ]
