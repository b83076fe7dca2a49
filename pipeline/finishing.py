"""One clip of a batch, from its source to the finished file: look, sound, encode, sign, register, deliver, check."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.checking import check
from pipeline.config import Settings, SignSettings
from pipeline.delivering import deliver_files
from pipeline.files import ensure_folder, sha256_file, sync_folder, write_atomic
from pipeline.films import Film, composition_of, own_sound_of
from pipeline.keys import Keys
from pipeline.mark_reading import Progress
from pipeline.marking import deliver
from pipeline.media.probe import probe
from pipeline.records import Analysis, Clip, JobResult, MarkReport, Mix, Payload, SoundPlan, Stems, Verdict
from pipeline.registering import Registrar, fingerprint_of, put_out, registering, what_to_sign
from pipeline.signing import Composition, identity_of, sign_in_place
from pipeline.sound.deliver.folder import check_free
from pipeline.steps import Seen, look, make_sound, plan_sound, renew_sheet, timed
from pipeline.store import RecordFolder

if TYPE_CHECKING:
    from pipeline.provenance.fingerprint import Fingerprint
    from pipeline.provenance.repository import Reserved
    from pipeline.provenance.signing.sign import Signed
    from pipeline.sound.cuesheet.data import Sheet

logger = logging.getLogger(__name__)

# what is finished and signed and waits for its name
STAGED = "staged"
PENDING = "pending"
# where a clip is built
WORK = "work"


@dataclass(frozen=True)
class Job:
    """One clip to finish."""

    source: Path
    output: Path
    # where its stage records go
    records: Path
    # of a reel: its pictures, already put together; the source is then its text
    film: Film | None = None


@dataclass(frozen=True)
class _Work:
    """What all stages of one job need."""

    job: Job
    settings: Settings
    keys: Keys
    records: RecordFolder
    registrar: Registrar
    # of settings and version; a result made with others is not taken over
    wanted: str
    timings: dict[str, float]
    on_progress: Progress


@dataclass(frozen=True)
class _Master:
    """The clip that came in."""

    clip: Clip
    seen: Seen
    verdict: Verdict


@dataclass(frozen=True)
class _Encoded:
    """The file that goes out, without credentials yet."""

    path: Path
    # the id it is reserved under; embedded where there is a mark
    payload: Payload
    mark: MarkReport | None = None
    plan: SoundPlan | None = None
    mix: Mix | None = None


def finish(job: Job, *, settings: Settings, keys: Keys, wanted: str, on_progress: Progress) -> JobResult:
    """Finish one clip, or go on where a killed attempt was after its publication; raises what goes wrong."""
    records = RecordFolder(job.records)
    registered = settings.sign.enabled
    with registering(job.output, settings=settings.repository, keys=keys, needed=registered) as registrar:
        work = _Work(job, settings, keys, records, registrar, wanted, {}, on_progress)
        done = _taken_up(work) or _made(work)
        registrar.delivered()
    return _checked(work, done)


def _made(work: _Work) -> JobResult:
    if work.settings.deliver.wanted:
        check_free(delivery_of(work.job))  # said before the work begins, not after it
    master = _look(work)
    ensure_folder(work.job.output.parent)
    with _workspace(work.job) as folder:
        encoded = _encode(work, master, folder)
        work.registrar.embedded(encoded.payload)
        with timed(work.timings, "sign"):
            staged = _signed_and_published(work, master, encoded)
    put_out(_staged(work.job), work.job.output)
    return staged


# -------------------------------------------------------------- resumption
def _taken_up(work: _Work) -> JobResult | None:
    """The result of an attempt that was killed between publication and delivery, with its file put in place."""
    held = work.registrar.held()
    done = _pending(work)
    if done and _has_file(work, done, held):
        return replace(done, receipt=work.registrar.receipt_of(done.manifest_label))
    if held and held.state == "published":
        work.registrar.withdraw(held)
    return None


def _pending(work: _Work) -> JobResult | None:
    """What a killed attempt had ready, if it was made from the same bytes with the same settings."""
    done = work.records.read(PENDING, JobResult)
    same = done and done.settings_hash == work.wanted and done.sha256_source == sha256_file(work.job.source)
    return done if same else None


def _has_file(work: _Work, done: JobResult, held: Reserved | None) -> bool:
    """Whether its file has its name, or may have it now: what is registered has to be published before."""
    output, staged = work.job.output, _staged(work.job)
    if held is not None and (held.state, held.label) != ("published", done.manifest_label):
        return False
    if _holds(output, done.sha256_output):
        return True
    may_be_delivered = held is not None or not work.registrar.is_on
    if not (may_be_delivered and _holds(staged, done.sha256_output)):
        return False
    put_out(staged, output)
    return True


def _holds(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_file(path) == sha256


def _staged(job: Job) -> Path:
    return job.records / STAGED / job.output.name


# ------------------------------------------------------------------ stages
def _look(work: _Work) -> _Master:
    film = work.job.film
    with timed(work.timings, "probe"):
        clip = probe(film.master if film else work.job.source)
    work.records.write("clip", clip)
    with timed(work.timings, "look"):
        # what several makers made together tells a detector nothing of any of them
        seen = look(clip, detect=film is None, joins=film.joins if film else (), on_progress=work.on_progress)
    work.records.write("analysis", seen.analysis)
    _write_filmstrip(work.job, seen.thumbnails)
    return _Master(clip, seen, _master_verdict(work, clip, seen))


def _sound(work: _Work, master: _Master, folder: Path) -> tuple[SoundPlan | None, Mix | None]:
    settings = work.settings.sound
    if not settings.enabled:
        return None, None
    with timed(work.timings, "sound"):
        sheet = _sheet(work.job, master.clip, master.seen.analysis, work.settings)
        stems, mix = make_sound(
            master.clip,
            sheet.plan,
            folder,
            settings=settings,
            film=work.job.film,
            masters=bool(work.settings.deliver.wanted),
            on_progress=work.on_progress,
        )
    work.records.write("plan", sheet.plan)
    _write_cues(work.job, sheet)
    _deliver_files(work, master, sheet.plan, stems, mix)
    return sheet.plan, mix


def _deliver_files(work: _Work, master: _Master, plan: SoundPlan, stems: Stems, mix: Mix) -> None:
    # before anything is published: an attempt that is taken up later finds it there
    formats = work.settings.deliver.wanted
    if not formats:
        return
    with timed(work.timings, "deliver"):
        deliver_files(
            master.clip,
            plan,
            stems,
            mix,
            delivery_of(work.job),
            formats=formats,
            settings=work.settings,
            title=work.job.output.stem,
            own_sound=own_sound_of(work.job.film) if work.job.film else None,
            on_progress=work.on_progress,
        )


def _encode(work: _Work, master: _Master, folder: Path) -> _Encoded:
    plan, mix = _sound(work, master, folder)
    film = work.job.film
    unsigned = folder / work.job.output.name
    marks = work.settings.mark.enabled
    with timed(work.timings, "encode"):
        mark = deliver(
            master.clip,
            unsigned,
            soundtrack=mix.path if mix else film.production if film else None,
            settings=work.settings,
            keys=work.keys.mark if marks else None,
            lumas=master.seen.lumas,
            encode=film is not None and film.is_intermediate,
            on_progress=work.on_progress,
            **(work.registrar.id_to_embed() if marks else {}),
        )
    payload = mark.payload if mark else work.registrar.id_without_mark()
    return _Encoded(unsigned, payload, mark, plan, mix)


def _signed_and_published(work: _Work, master: _Master, encoded: _Encoded) -> JobResult:
    """The result so far, with the file staged: signed and published, and without its name."""
    staged = _staged(work.job)
    shutil.rmtree(staged.parent, ignore_errors=True)
    ensure_folder(staged.parent)
    fingerprint = fingerprint_of(encoded.path) if work.registrar.is_on else None
    signed = _sign(work, master, encoded, fingerprint) if work.settings.sign.enabled else None
    encoded.path.replace(staged)
    result = JobResult(
        source=work.job.source,
        state="done",
        output=work.job.output,
        # of a reel its text: the contents of its clips are part of `wanted`
        sha256_source=sha256_file(work.job.source) if work.job.film else master.clip.sha256,
        sha256_output=sha256_file(staged),
        settings_hash=work.wanted,
        cues=len(encoded.plan.cues) if encoded.plan else 0,
        loudness=encoded.mix.loudness if encoded.mix else None,
        mark=encoded.mark,
        manifest_label=signed.credential.manifest_label if signed else "",
        master_verdict=master.verdict,
        warnings=_warnings(encoded, fingerprint),
        timings=work.timings,
    )
    # on disk before anybody can know of the manifest: a crash from here on is taken up
    work.records.write(PENDING, result)
    for folder in (staged.parent, work.job.records):
        sync_folder(folder)
    receipt = work.registrar.publish(signed, encoded.payload, fingerprint) if signed else None
    return replace(result, receipt=receipt.entry_hash if receipt else "")


def _sign(work: _Work, master: _Master, encoded: _Encoded, fingerprint: Fingerprint | None) -> Signed:
    thumbnails = master.seen.thumbnails
    original, settings = _origin(work)
    return sign_in_place(
        encoded.path,
        original=original,
        authority=identity_of(settings, work.keys),
        settings=settings,
        plan=encoded.plan,
        mix=encoded.mix,
        mark=encoded.mark,
        findings=master.verdict if work.job.film is None else None,
        transcoded=encoded.mark is not None and work.job.film is None,
        thumbnail=thumbnails[len(thumbnails) // 2] if thumbnails else None,
        **what_to_sign(fingerprint),
    )


def _origin(work: _Work) -> tuple[Path | Composition, SignSettings]:
    if work.job.film:
        return composition_of(work.job.film, work.settings.sign)
    return work.job.source, work.settings.sign


def _checked(work: _Work, done: JobResult) -> JobResult:
    """The result with what a stranger finds in the delivered file; what was needed to take it up goes."""
    with timed(work.timings, "check"):
        final = check(work.job.output, keys=work.keys, parts=("credentials", "mark", "container"), segments=False)
    result = replace(done, check=final, timings=done.timings | work.timings)
    work.records.write("job", result)
    (work.records.folder / f"{PENDING}.json").unlink(missing_ok=True)
    for folder in (STAGED, WORK):
        shutil.rmtree(work.job.records / folder, ignore_errors=True)
    return result


# ----------------------------------------------------------------- helpers
@contextlib.contextmanager
def _workspace(job: Job) -> Iterator[Path]:
    # on the output's own disk (the last step is a rename) and always the same, so that what a killed
    # batch left behind is cleared by the next one
    folder = job.records / WORK
    shutil.rmtree(folder, ignore_errors=True)
    ensure_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _master_verdict(work: _Work, clip: Clip, seen: Seen) -> Verdict:
    from pipeline.detect.verdict import judge
    from pipeline.provenance.reading.reader import read_credential

    credential = None if work.job.film else read_credential(work.job.source, trust=work.keys.trust())
    return judge(credential=credential, clip=clip, content=seen.content)


def _write_filmstrip(job: Job, thumbnails: Sequence[Any]) -> None:
    from pipeline.report.plots import filmstrip

    if thumbnails:
        write_atomic(job.records / "filmstrip.webp", filmstrip(list(thumbnails), 960))


def sheet_of(job: Job) -> Path:
    """Where a clip's cue sheet is."""
    return job.output.with_suffix(".cues.yaml")


def delivery_of(job: Job) -> Path:
    """Where a clip's folder for editors is."""
    return job.output.with_suffix(".delivery")


def _sheet(job: Job, clip: Clip, analysis: Analysis, settings: Settings) -> Sheet:
    # a sheet of an earlier run may have been edited since: that stays, and the rest is renewed
    from pipeline.sound.cuesheet.data import written

    path = sheet_of(job)
    if path.exists():
        merged = renew_sheet(clip, analysis, path, settings=settings.sound, film=job.film, keep_prompt=False)
        logger.info("%s: %s", path.name, merged)
        return merged.sheet
    return written(plan_sound(clip, analysis, settings=settings.sound, film=job.film))


def _write_cues(job: Job, sheet: Sheet) -> None:
    from pipeline.sound.cuesheet.sheet import dump_cues

    write_atomic(sheet_of(job), dump_cues(sheet))


def _warnings(encoded: _Encoded, fingerprint: Fingerprint | None) -> tuple[str, ...]:
    found = list(encoded.mark.notes) if encoded.mark else []
    if encoded.mix and encoded.mix.loudness.warning:
        found.append(encoded.mix.loudness.warning)
    return tuple(found) + (fingerprint.notes if fingerprint else ())
