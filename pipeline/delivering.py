"""Delivery: everything that an editor, a mixer or a lawyer wants of a soundtrack, in one folder that can be moved."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import DELIVERY_FORMATS, Settings
from pipeline.errors import UsageError
from pipeline.files import ensure_folder, write_atomic
from pipeline.mark_reading import Progress, silent
from pipeline.records import Clip, Mix, SoundPlan, Stems, to_json
from pipeline.sound.deliver.folder import MANIFEST, MEDIA, Entry, built, check_free, manifest_text
from pipeline.sound.deliver.names import one_line, safe_part
from pipeline.sound.deliver.readme import STEM_WORDS, readme_text
from pipeline.sound.deliver.rights import Production
from pipeline.sound.deliver.session import DEFAULT_FRAME_RATE
from pipeline.steps import FINAL_STEMS, FLOAT_MIX

if TYPE_CHECKING:
    from pipeline.sound.deliver.rights import RightsSheet
    from pipeline.sound.deliver.session import Session

logger = logging.getLogger(__name__)

README = "README.txt"
# what is needed only while a delivery is built
_SCRATCH = ".scratch"
PROJECTS = ("otio", "xml", "edl", "aaf", "reaper")


@dataclass
class _Delivery:
    """What all formats are made from; the editing session is made once, when the first project file asks for it."""

    clip: Clip
    title: str
    plan: SoundPlan
    stems: Stems
    mix: Mix
    settings: Settings
    # where it is built, and where it will stand
    folder: Path
    home: Path
    made_at: datetime
    own_sound: Sequence[Production] | None
    on_progress: Progress

    @property
    def name(self) -> str:
        """What files are called after."""
        return safe_part(self.title)

    @property
    def frame_rate(self) -> Fraction:
        """Of the picture; some containers say none."""
        return self.clip.video.frame_rate if self.clip.video.frame_rate > 0 else DEFAULT_FRAME_RATE

    @cached_property
    def masters(self) -> tuple[Path, Path]:
        """Folder of the final stems, and the mix as float; made with the mix, or else by mixing once more."""
        stems, floating = self.mix.path.with_name(FINAL_STEMS), self.mix.path.with_name(FLOAT_MIX)
        if stems.is_dir() and floating.is_file():
            return stems, floating
        from pipeline.sound.mix.mixer import mix

        scratch = self.folder / _SCRATCH
        stems, floating, again = scratch / FINAL_STEMS, scratch / FLOAT_MIX, scratch / "mix.wav"
        mix(self.stems, again, preset=self.settings.sound.loudness, final_stems=stems, float_copy=floating)
        return stems, floating

    @cached_property
    def session(self) -> Session:
        """The editing session, with a file for each cue in ``media/``."""
        from pipeline.sound.deliver.media import session_of

        sound = self.settings.sound
        suffix = safe_part(self.clip.path.suffix, limit=8).lower()
        picture = self.folder / MEDIA / f"picture-{self.name}.{suffix}"
        ensure_folder(picture.parent)
        shutil.copyfile(self.clip.path, picture)
        return session_of(
            self.plan,
            self.stems,
            self.folder,
            name=self.title,
            frame_rate=self.frame_rate,
            size_px=self.clip.video.upright_size_px,
            picture=picture,
            mix=self.mix,
            library=sound.library_folder,
            track=sound.track_file,
            soundfont=sound.soundfont_file,
            on_progress=lambda _stage, share: self.on_progress("deliver", 0.2 + 0.5 * share),
        )


def deliver_files(
    clip: Clip,
    plan: SoundPlan,
    stems: Stems,
    mix: Mix,
    folder: Path,
    *,
    formats: Sequence[str] = DELIVERY_FORMATS,
    settings: Settings,
    title: str = "",
    own_sound: Sequence[Production] | None = None,
    on_progress: Progress = silent,
) -> tuple[Path, ...]:
    """Write the delivery folder of a clip, complete or not at all.

    Parameters
    ----------
    plan, stems, mix
        As `steps.plan_sound` and `steps.make_sound` gave them.
    folder : Path
        Is built beside and renamed. An earlier delivery there is replaced when nobody changed anything in it.
    formats : sequence of str
        Of `DELIVERY_FORMATS`.
    title : str
        What it is called; after the clip when empty.
    own_sound : sequence of Production, optional
        Whose sound the DX stem is, where that is not the clip's: of a film, the clips it was cut from.

    Returns
    -------
    tuple of Path
        Every file, README and manifest first.

    Raises
    ------
    UsageError
        The folder is not ours or was changed, a format is not known, or an asset does not fit the licence policy.
    """
    from pipeline.sound.deliver.rights import refuse_unfit

    unknown = next((name for name in formats if name not in DELIVERY_FORMATS), None)
    if unknown is not None:
        raise UsageError(f"There is no format {unknown[:80]!r} to deliver; known: {', '.join(DELIVERY_FORMATS)}.")
    refuse_unfit(plan, policy=settings.sound.licence_policy)
    check_free(folder)
    # "." and ".." have no name to build beside
    folder = folder.resolve()
    wanted = [name for name in DELIVERY_FORMATS if name in formats]
    with built(folder) as building:
        called = one_line(title or clip.path.stem)
        work = _Delivery(
            clip=clip,
            title=called,
            plan=plan,
            stems=stems,
            mix=mix,
            settings=settings,
            folder=building,
            home=folder,
            made_at=datetime.now(UTC).replace(microsecond=0),
            own_sound=own_sound,
            on_progress=on_progress,
        )
        entries = _complete(work, wanted)
    on_progress("deliver", 1.0)
    return tuple(folder / name for name in (README, MANIFEST, *(entry.path for entry in entries)))


def _complete(work: _Delivery, formats: Sequence[str]) -> list[Entry]:
    entries = _written(work, formats)
    shutil.rmtree(work.folder / _SCRATCH, ignore_errors=True)
    write_atomic(work.folder / README, _readme(work, entries))
    listed = [Entry(README, "what is here, and how to open it"), *entries]
    about = {
        "version": version("foleymark"),
        "title": work.title,
        "clip": one_line(work.clip.path.name),
        "clip_sha256": work.clip.sha256,
    }
    write_atomic(work.folder / MANIFEST, manifest_text(work.folder, listed, about=about, made_at=work.made_at))
    return entries


def _written(work: _Delivery, formats: Sequence[str]) -> list[Entry]:
    entries: list[Entry] = []
    for index, name in enumerate(formats):
        entries += WRITERS[name](work)
        if name not in PROJECTS:
            work.on_progress("deliver", index / len(formats))
    if any(name in PROJECTS for name in formats):
        entries += _media_entries(work)
    return entries


# ----------------------------------------------------------------- formats
def _wav(work: _Delivery) -> list[Entry]:
    from pipeline.sound.deliver.bwf import Broadcast, write_bwf

    rate = work.mix.sample_rate_hz
    said = Broadcast(
        description=f"Foleymark mix of {work.title}",
        reference=f"FM{work.clip.sha256[:28]}",
        made_at=work.made_at,
        loudness=work.mix.loudness,
        history=(f"A=PCM,F={rate},W=24,M=stereo,T=Foleymark {version('foleymark')}",),
    )
    entries = [
        Entry(f"{work.name}_mix_24bit.wav", "the finished mix: Broadcast Wave, 24 bit, with its loudness inside")
    ]
    write_bwf(work.mix.path, work.folder / entries[0].path, broadcast=said)
    entries.append(Entry(f"{work.name}_mix_32float.wav", "the same mix as 32 bit float, for further work"))
    history = (f"A=PCM,F={rate},W=32,M=stereo,T=float,Foleymark {version('foleymark')}",)
    write_bwf(work.masters[1], work.folder / entries[1].path, broadcast=replace(said, history=history))
    return entries


def _stems(work: _Delivery) -> list[Entry]:
    entries = []
    ensure_folder(work.folder / "stems")
    for name in work.stems.files:
        entry = Entry(f"stems/{work.name}_{name}.wav", f"stem: {STEM_WORDS[name]}; 32 bit float")
        shutil.copyfile(work.masters[0] / f"{name}.wav", work.folder / entry.path)
        entries.append(entry)
    return entries


def _midi(work: _Delivery) -> list[Entry]:
    if not any(cue.stem == "MX" for cue in work.plan.cues):
        return []
    from pipeline.sound.deliver.midi import write_midi

    entry = Entry(f"{work.name}_music.mid", "the music as notes, with tempo map and markers")
    write_midi(work.plan, work.folder / entry.path, track=work.settings.sound.track_file)
    return [entry]


def _otio(work: _Delivery) -> list[Entry]:
    from pipeline.sound.deliver.otio import write_otio

    return _project(work, write_otio, ".otio", "OpenTimelineIO timeline (Resolve, Premiere, Hiero, Blender add-ons)")


def _xml(work: _Delivery) -> list[Entry]:
    from pipeline.sound.deliver.fcp_xml import write_fcp_xml

    # it knows only absolute addresses: those that its sounds will have
    entry = Entry(f"{work.name}.xml", "Final Cut Pro 7 XML sequence (Premiere, Resolve)")
    write_fcp_xml(_at_home(work), work.folder / entry.path)
    return [entry]


def _edl(work: _Delivery) -> list[Entry]:
    from pipeline.sound.deliver.edl import edl_files, write_edl

    path = work.folder / f"{work.name}.edl"
    write_edl(work.session, path)
    files = edl_files(work.session, path)
    said = ["CMX 3600 edit list of the picture", *["CMX 3600 edit list of one lane of sound"] * (len(files) - 1)]
    return [Entry(file.name, purpose) for file, purpose in zip(files, said, strict=True)]


def _aaf(work: _Delivery) -> list[Entry]:
    from pipeline.sound.deliver.aaf import write_aaf

    entry = Entry(f"{work.name}.aaf", "AAF session (Pro Tools, Media Composer, Resolve, Nuendo, Logic)")
    write_aaf(_at_home(work), work.folder / entry.path, home=work.home.absolute())
    return [entry]


def _reaper(work: _Delivery) -> list[Entry]:
    from pipeline.sound.deliver.reaper import write_reaper

    return _project(work, write_reaper, ".rpp", "Reaper project")


def _project(work: _Delivery, write: Callable[[Session, Path], None], suffix: str, purpose: str) -> list[Entry]:
    entry = Entry(f"{work.name}{suffix}", purpose)
    write(work.session, work.folder / entry.path)
    return [entry]


def _at_home(work: _Delivery) -> Session:
    # the same session with its files where they will stand
    def moved(file: Path) -> Path:
        return work.home.absolute() / file.relative_to(work.folder)

    session = work.session
    tracks = tuple(
        replace(track, clips=tuple(replace(clip, file=moved(clip.file)) for clip in track.clips))
        for track in session.tracks
    )
    return replace(session, tracks=tracks, picture=moved(session.picture) if session.picture else None)


def _media_entries(work: _Delivery) -> list[Entry]:
    names = {clip.file.name: clip.name for track in work.session.tracks for clip in track.clips}
    found = sorted(path.name for path in (work.folder / MEDIA).iterdir())
    return [Entry(f"{MEDIA}/{name}", names.get(name, "the picture")) for name in found]


def _cues(work: _Delivery) -> list[Entry]:
    from pipeline.sound.cuesheet.sheet import dump_cues

    entries = [
        Entry(f"{work.name}_cues.yaml", "the cue sheet: edit it and give it to foleymark sound --cues"),
        Entry(f"{work.name}_cues.csv", "the same cue sheet for spreadsheets"),
    ]
    for entry in entries:
        path = work.folder / entry.path
        write_atomic(path, dump_cues(work.plan, suffix=path.suffix))
    return entries


def _loudness(work: _Delivery) -> list[Entry]:
    from pipeline.report.loudness import draw_loudness, render_loudness
    from pipeline.sound.deliver.reports import report_data, report_of, report_text

    report = report_of(
        work.mix,
        title=work.title,
        preset=work.settings.sound.loudness,
        picture_s=work.plan.duration_s,
        frame_rate=work.frame_rate,
    )
    made: dict[str, tuple[str, str | bytes]] = {
        "loudness.html": ("loudness report: the result, each rule, the curve", render_loudness(report)),
        "loudness.png": ("short-term loudness over time", draw_loudness(report)),
        "loudness.txt": ("the rules as text, for a mail", report_text(report, frame_rate=work.frame_rate)),
        "loudness.json": ("the same report for programs", to_json(report_data(report))),
    }
    return _texts(work, made)


def _rights(work: _Delivery) -> list[Entry]:
    from pipeline.report.rights import render_rights
    from pipeline.sound.deliver.rights import MUSIC_COLUMNS, USE_COLUMNS, as_csv, as_yaml, music_rows, use_rows

    sheet = _rights_sheet(work)
    made: dict[str, tuple[str, str | bytes]] = {
        "rights.html": ("whose every sound is, and under which licence", render_rights(sheet)),
        "rights.csv": ("the same, a row a use", as_csv(use_rows(sheet), USE_COLUMNS)),
        "rights.yaml": ("the same for programs", as_yaml(sheet)),
    }
    if music := music_rows(sheet):
        made["music-cue-sheet.csv"] = ("music cue sheet for collecting societies", as_csv(music, MUSIC_COLUMNS))
    return _texts(work, made)


def _rights_sheet(work: _Delivery) -> RightsSheet:
    from pipeline.sound.deliver.rights import rights_of

    sign = work.settings.sign
    own = work.own_sound
    if own is None:
        own = (Production(work.clip.path.name, work.clip.sha256, licence=sign.licence, author=sign.author),)
    return rights_of(
        work.plan,
        title=work.title,
        frame_rate=work.frame_rate,
        policy=work.settings.sound.licence_policy,
        production=own if "DX" in work.stems.files else (),
        soundfont=work.settings.sound.soundfont_file,
    )


def _readme(work: _Delivery, entries: Sequence[Entry]) -> str:
    rate = work.frame_rate
    return readme_text(
        title=work.title,
        version=version("foleymark"),
        entries=entries,
        loudness=work.mix.loudness,
        length=f"{work.plan.duration_s:.2f} s",
        rate=f"{float(rate):.3f}".rstrip("0").rstrip("."),
        is_ducked="DX" in work.stems.files,
    )


def _texts(work: _Delivery, made: dict[str, tuple[str, str | bytes]]) -> list[Entry]:
    for name, (_, content) in made.items():
        write_atomic(work.folder / f"{work.name}_{name}", content)
    return [Entry(f"{work.name}_{name}", purpose) for name, (purpose, _) in made.items()]


WRITERS: dict[str, Callable[[_Delivery], list[Entry]]] = {
    "wav": _wav,
    "stems": _stems,
    "midi": _midi,
    "otio": _otio,
    "xml": _xml,
    "edl": _edl,
    "aaf": _aaf,
    "reaper": _reaper,
    "cues": _cues,
    "loudness": _loudness,
    "rights": _rights,
}
