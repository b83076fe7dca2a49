"""Records turned into what the templates show: words, tones and formatted figures. Pure, no HTML."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from pipeline.detect import watermark
from pipeline.records import CheckResult, Clip, Evidence, JobResult, Loudness, MarkReading, Marks, Verdict
from pipeline.report import words
from pipeline.report.credentials import axes, credential_view
from pipeline.report.curves import curves_view
from pipeline.report.evidence import content_views, name_of
from pipeline.report.moments import kind_of, moments_view, questions
from pipeline.report.pictures import data_uri
from pipeline.report.recovery import recovery_view


def link(target: PurePath, folder: PurePath | None) -> str:
    """A relative URL from a report in `folder` to a file; beside the report when no folder is given."""
    import os

    path = PurePath(os.path.relpath(target, folder)) if folder is not None else PurePath(target.name)
    # every special character is escaped, so no name can become a scheme, a query or a fragment
    return "./" + "/".join(quote(os.fsencode(part), safe="") for part in path.parts)


def check_view(result: CheckResult, picture: bytes | None) -> dict[str, Any]:
    """Everything the template needs of one checked file."""
    evidence = result.verdict.evidence
    return {
        "name": result.address or result.path.name or str(result.path),
        "facts": clip_facts(result.clip),
        "sha256": result.sha256 or (result.clip.sha256 if result.clip else ""),
        "verdict": verdict_view(result.verdict),
        "picture": data_uri(picture) if picture else "",
        "credential": credential_view(result.credential, result.clip.duration_s if result.clip else 0.0),
        "recovery": recovery_view(result.recovery),
        "looked_for_credentials": any(e.name == "credentials" for e in evidence),
        "elsewhere": result.credential.remote_url if result.credential else "",
        "mark": mark_view(result.marks),
        "labels": [e.sentence for e in evidence if e.scope == "declared" and e.name == "container"],
        "hints": [hint_view(e) for e in evidence if e.scope == "hint"],
        "not_checked": result.verdict.not_checked,
        "error": result.error,
        "seconds": f"{result.seconds:.1f}" if result.seconds else "",
        **seen_view(result),
    }


def seen_view(result: CheckResult) -> dict[str, Any]:
    """What was measured in picture and sound, and what is left for a person to look at."""
    evidence, kind = result.verdict.evidence, kind_of(result)
    moments = moments_view(evidence)
    return {
        "kind": kind,
        # then what was measured is shown beside, and did not decide
        "declares": result.verdict.name in ("declared_ai", "captured_signed"),
        "content": content_views(evidence),
        "curves": curves_view(evidence, moments, result.clip.duration_s if result.clip else 0.0),
        "moments": moments,
        # a file that could not be read is not there to be looked at
        "questions": () if result.error else questions(kind),
    }


def hint_view(evidence: Evidence) -> dict[str, str]:
    """A hint; one that a detector gave goes by the detector's name."""
    if evidence.name == "container":
        return {"name": "", "sentence": evidence.sentence, "reason": ""}
    return {"name": name_of(evidence), "sentence": evidence.sentence, "reason": evidence.reason}


def verdict_view(verdict: Verdict) -> dict[str, str]:
    """Name, tone and words of a verdict."""
    label, tone = words.VERDICTS[verdict.name]
    return {"label": label, "tone": tone, "headline": verdict.headline, "explanation": verdict.explanation}


def mark_view(marks: Marks) -> dict[str, Any]:
    """Sentence and tone of what picture and sound carry."""
    found = watermark.evidence(marks)
    tone: words.Tone = "good" if watermark.is_read(marks) else ("caution" if found.applicable else "neutral")
    details = [_reading_words(track, one) for track, one in (("picture", marks.picture), ("sound", marks.sound)) if one]
    return {
        "sentence": found.sentence,
        "tone": tone,
        "id": marks.payload.hex if marks.payload else "",
        "details": "; ".join(details),
    }


def _reading_words(track: str, reading: MarkReading) -> str:
    found = f"z = {reading.z:.1f}, {reading.needed_z:.1f} needed" if reading.needed_z else f"z = {reading.z:.1f}"
    seen = f", {reading.frames} pictures" if reading.frames else ""
    how = f", {reading.geometry}" if reading.geometry else ""
    return f"{track}: {found}{seen}{how}"


def clip_facts(clip: Clip | None) -> list[str]:
    """Size, rate, length, codecs and bytes, short."""
    if clip is None:
        return []
    width, height = clip.video.upright_size_px
    rate = f"{float(clip.video.frame_rate):.3g}" if clip.video.frame_rate else "?"
    sound = f"sound {clip.audio.codec}" if clip.audio else "no sound"
    return [
        f"{width} × {height}",
        f"{'about ' if clip.video.is_variable_rate else ''}{rate} pictures/s",
        duration(clip.duration_s),
        clip.video.codec,
        sound,
        size(clip.size_bytes),
    ]


def duration(seconds: float) -> str:
    """5.0 s, 1 min 05 s, 1 h 02 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size(size_bytes: int) -> str:
    """Bytes as kB, MB or GB."""
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1e3:.0f} kB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes < 1e9 else f"{size_bytes / 1e9:.2f} GB"


def loudness_words(loudness: Loudness | None) -> str:
    """'−14.0 LUFS, peak −1.2 dBTP', or words for silence."""
    if loudness is None:
        return ""
    if loudness.integrated_lufs is None:
        return "silent"
    text = f"{_signed(loudness.integrated_lufs)} LUFS"
    return text if loudness.true_peak_dbtp is None else f"{text}, peak {_signed(loudness.true_peak_dbtp)} dBTP"


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def batch_view(jobs: tuple[JobResult, ...], pictures: dict[Path, bytes], folder: Path | None) -> dict[str, Any]:
    """The whole batch: counts on top, one card per clip."""
    cards = [job_view(job, pictures.get(job.source), folder) for job in jobs]
    for number, card in enumerate(cards, start=1):
        card["number"] = number
    return {"cards": cards, "failed": [card for card in cards if card["state"] == "failed"], "counts": counts(jobs)}


def counts(jobs: tuple[JobResult, ...]) -> list[dict[str, str]]:
    """The figures on top of a batch report."""
    states = [job.state for job in jobs]
    finished = sum(job.state in ("done", "skipped") for job in jobs)
    rows: list[tuple[str, str, words.Tone]] = [
        ("finished", str(states.count("done")), "good"),
        ("skipped", str(states.count("skipped")), "neutral"),
        ("failed", str(states.count("failed")), "bad" if "failed" in states else "neutral"),
        ("signed", f"{sum(_is_signed(job) for job in jobs)} of {finished}", "neutral"),
        ("mark read back", f"{sum(_is_marked(job) for job in jobs)} of {finished}", "neutral"),
    ]
    if "planned" in states:
        rows.insert(0, ("planned", str(states.count("planned")), "neutral"))
    return [{"label": label, "value": value, "tone": tone} for label, value, tone in rows]


def _is_signed(job: JobResult) -> bool:
    return bool(job.check and job.check.credential and job.check.credential.integrity == "exact")


def _is_marked(job: JobResult) -> bool:
    return job.mark is not None and job.mark.came_back


def job_view(job: JobResult, picture: bytes | None, folder: Path | None) -> dict[str, Any]:
    """One card of a batch report."""
    label, tone = words.JOBS[job.state]
    check = job.check
    credential = check.credential if check else None
    return {
        "name": job.source.name or str(job.source),
        "state": job.state,
        "label": label,
        "tone": tone,
        "picture": data_uri(picture) if picture else "",
        "link": link(job.output, folder) if job.output else "",
        "output_name": job.output.name if job.output else "",
        "shape": _shape(check.clip if check else None),
        "facts": [(term, value) for term, value in _job_facts(job) if value],
        "axes": axes(credential) if credential and credential.integrity != "none" else [],
        "master": verdict_view(job.master_verdict) if job.master_verdict else None,
        "finished": verdict_view(check.verdict) if check else None,
        "timings": _timings(job.timings),
        "warnings": job.warnings,
        "error": job.error,
    }


def _shape(clip: Clip | None) -> str:
    # for the player's aspect before the file is loaded
    return f"{float(clip.video.display_aspect):.4f}" if clip else ""


def _job_facts(job: JobResult) -> list[tuple[str, str]]:
    mark, check = job.mark, job.check
    return [
        ("Picture", ", ".join(clip_facts(check.clip)[:3]) if check else ""),
        ("Sounds placed", str(job.cues) if job.cues else ""),
        ("Loudness", loudness_words(job.loudness)),
        ("Loudness target", job.loudness.warning if job.loudness else ""),
        ("Watermark", _mark_words(job)),
        ("Picture after marking", f"{mark.psnr_db:.1f} dB PSNR" if mark else ""),
        ("Result", size(check.clip.size_bytes) if check and check.clip else ""),
    ]


def _mark_words(job: JobResult) -> str:
    if job.mark is None:
        return ""
    if _is_marked(job):
        return f"{job.mark.payload.hex}, read back"
    return f"{job.mark.payload.hex}, could not be read back"


def _timings(timings: dict[str, float]) -> dict[str, Any]:
    total = sum(timings.values())
    if total <= 0:
        return {}
    stages = [
        {"name": name, "seconds": f"{seconds:.1f}", "share": f"{100 * seconds / total:.2f}"}
        for name, seconds in timings.items()
        if seconds > 0
    ]
    return {"total": f"{total:.1f}", "stages": stages}
