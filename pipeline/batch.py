"""A batch: which clips, what each becomes, what is already done, and the page that shows it."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.checking import check
from pipeline.config import Settings, SignSettings
from pipeline.errors import UnreadableInput, UsageError
from pipeline.files import ensure_folder, sha256_file, write_atomic
from pipeline.keys import Keys
from pipeline.mark_reading import Progress, silent
from pipeline.marking import deliver
from pipeline.media.probe import probe
from pipeline.records import Analysis, CheckResult, Clip, Credential, JobResult, MarkReport, Verdict, to_json
from pipeline.signing import sign
from pipeline.steps import explain, look, make_sound, open_recordings, plan_sound, renew_sheet, timed
from pipeline.store import RecordFolder, fingerprint

if TYPE_CHECKING:
    from pipeline.sound.cuesheet.data import Sheet

logger = logging.getLogger(__name__)

VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".ogv", ".mxf")
)
RECORDS = "records"


@dataclass(frozen=True)
class Job:
    """One clip to finish."""

    source: Path
    output: Path
    # where its stage records go
    records: Path


def find_clips(paths: Sequence[Path], *, output: Path) -> list[Path]:
    """Video files among `paths`; folders are searched through, in order of name, `output` itself is not.

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
                dict.fromkeys(p for p in inside if not p.is_relative_to(output) and not p.name.startswith("."))
            )
        elif path.exists():
            found[path] = None
        else:
            raise UsageError(f"There is no file or folder {path}.")
    if not found:
        raise UsageError(f"No video was found in {', '.join(map(str, paths))}.")
    return list(found)


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
        result = _finish(job, settings, keys, records, on_progress)
        result = replace(result, settings_hash=wanted)
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
    # what the sound is made from besides clip and settings: a person's edits, and the recordings there are
    from pipeline.sound.cuesheet.sheet import load_sheet

    edits = load_sheet(_sheet_of(job)).edits if _sheet_of(job).exists() else {}
    library = open_recordings(settings.sound)
    recordings = [[one.path, one.sha256, one.licence, one.author] for one in library.recordings] if library else []
    return [part for part in (edits, recordings) if part]


def _finish(job: Job, settings: Settings, keys: Keys, records: RecordFolder, on_progress: Progress) -> JobResult:
    timings: dict[str, float] = {}
    with timed(timings, "probe"):
        clip = probe(job.source)
    records.write("clip", clip)
    with timed(timings, "look"):
        seen = look(clip, on_progress=on_progress)
    records.write("analysis", seen.analysis)
    _write_filmstrip(job, seen.thumbnails)
    master = _master_verdict(job, clip, keys, seen.evidence)
    ensure_folder(job.output.parent)
    with _workspace(job) as folder:
        plan = mix = None
        if settings.sound.enabled:
            with timed(timings, "sound"):
                sheet = _sheet(job, clip, seen.analysis, settings)
                plan = sheet.plan
                _, mix = make_sound(
                    clip,
                    plan,
                    folder,
                    loudness=settings.sound.loudness,
                    library=settings.sound.library_folder,
                    on_progress=on_progress,
                )
            records.write("plan", plan)
            _write_cues(job, sheet)
        with timed(timings, "encode"):
            # built aside and put in place when signed: a half-finished clip never has the final name
            unsigned = folder / job.output.name
            mark = deliver(
                clip,
                unsigned,
                soundtrack=mix.path if mix else None,
                settings=settings,
                keys=keys.mark if settings.mark.enabled else None,
                lumas=seen.lumas,
                on_progress=on_progress,
            )
        warnings = _warnings(mark, mix)
        with timed(timings, "sign"):
            if settings.sign.enabled:
                sign(
                    unsigned,
                    original=clip.path,
                    authority=keys.authority(),
                    settings=settings.sign,
                    plan=plan,
                    mix=mix,
                    mark=mark,
                    findings=master,
                    transcoded=mark is not None,
                    thumbnail=seen.thumbnails[len(seen.thumbnails) // 2] if seen.thumbnails else None,
                )
            _move(unsigned, job.output)
    with timed(timings, "check"):
        final = check(job.output, keys=keys, parts=("credentials", "mark", "container"), segments=False)
    return JobResult(
        source=job.source,
        state="done",
        output=job.output,
        sha256_source=clip.sha256,
        sha256_output=final.clip.sha256 if final.clip else sha256_file(job.output),
        cues=len(plan.cues) if plan else 0,
        loudness=mix.loudness if mix else None,
        mark=mark,
        master_verdict=master,
        check=final,
        warnings=warnings,
        timings=timings,
    )


@contextlib.contextmanager
def _workspace(job: Job) -> Iterator[Path]:
    # on the output's own disk (the last step is a rename) and always the same, so that what a killed
    # batch left behind is cleared by the next one
    folder = job.records / "work"
    shutil.rmtree(folder, ignore_errors=True)
    ensure_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _master_verdict(job: Job, clip: Any, keys: Keys, evidence: Any) -> Verdict:
    from pipeline.detect.verdict import judge
    from pipeline.provenance.reading.reader import read_credential

    credential = read_credential(job.source, trust=keys.trust())
    return judge(credential=credential, clip=clip, content=evidence)


def _write_filmstrip(job: Job, thumbnails: Sequence[Any]) -> None:
    from pipeline.report.plots import filmstrip

    if thumbnails:
        write_atomic(job.records / "filmstrip.webp", filmstrip(list(thumbnails), 960))


def _sheet_of(job: Job) -> Path:
    return job.output.with_suffix(".cues.yaml")


def _sheet(job: Job, clip: Clip, analysis: Analysis, settings: Settings) -> Sheet:
    # a sheet of an earlier run may have been edited since: that stays, and the rest is renewed
    from pipeline.sound.cuesheet.data import written

    if _sheet_of(job).exists():
        merged = renew_sheet(clip, analysis, _sheet_of(job), settings=settings.sound, keep_prompt=False)
        logger.info("%s: %s", _sheet_of(job).name, merged)
        return merged.sheet
    return written(plan_sound(clip, analysis, settings=settings.sound))


def _write_cues(job: Job, sheet: Sheet) -> None:
    from pipeline.sound.cuesheet.sheet import dump_cues

    write_atomic(_sheet_of(job), dump_cues(sheet))


def _warnings(mark: MarkReport | None, mix: Any) -> tuple[str, ...]:
    found = list(mark.notes) if mark else []
    if mix and mix.loudness.warning:
        found.append(mix.loudness.warning)
    return tuple(found)


def _move(source: Path, destination: Path) -> None:
    from pipeline.files import replacing

    with replacing(destination) as beside:
        shutil.move(source, beside)


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
        with _workspace(job) as folder:
            unsigned = folder / job.output.name
            shutil.copyfile(job.source, unsigned)
            sign(unsigned, original=job.source, authority=keys.authority(), settings=settings.sign)
            _move(unsigned, job.output)
        final = check(job.output, keys=keys, parts=("credentials", "container"))
    except Exception as error:
        logger.debug("signing failed", exc_info=True)
        return JobResult(source=job.source, state="failed", error=explain(error))
    return JobResult(source=job.source, state="done", output=job.output, sha256_source=clip.sha256, check=final)


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

    write_atomic(output / "check.json", to_json(list(results)) + "\n")
    page = output / "check.html"
    write_atomic(page, render_check(tuple(results), thumbnails=pictures or {}))
    return page


def check_table(results: Sequence[CheckResult]) -> list[dict[str, str]]:
    """One row per checked file."""
    return [
        {"file": result.path.name, "verdict": result.verdict.name, "headline": result.verdict.headline}
        for result in results
    ]


def sign_copy(source: Path, output: Path, *, settings: SignSettings, keys: Keys) -> Credential:
    """Write a signed copy of a file; raises what is wrong."""
    from pipeline.files import replacing

    authority = keys.authority()
    if not source.is_file():
        raise UnreadableInput(f"There is no file {source}.")
    with replacing(output) as beside:
        shutil.copyfile(source, beside)
        return sign(beside, original=source, authority=authority, settings=settings)
