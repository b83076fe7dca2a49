"""A rendered cue sheet as an editing session: each cue a sound file of its own, on the track of its stem."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipeline.records import STEM_NAMES, Cue, Mix, SoundPlan, StemName, Stems
from pipeline.sound.deliver.folder import MEDIA
from pipeline.sound.deliver.music_grid import markers, ruler_of
from pipeline.sound.deliver.names import clock_part, one_line, safe_part, tell_apart
from pipeline.sound.deliver.session import DEFAULT_FRAME_RATE, STEM_COLOURS, Curve, Session, SessionClip, SessionTrack
from pipeline.sound.render import LEAD_S, iter_stems

logger = logging.getLogger(__name__)

Progress = Callable[[str, float], None]

BLOCK_SAMPLES = 48_000
CHANNELS = 2
# RIFF counts bytes in 32 bits; beyond, RF64
_RIFF_LIMIT_BYTES = 4_000_000_000
_BYTES_PER_SAMPLE = 4 * CHANNELS


@dataclass(frozen=True)
class _Grid:
    """Where picture frames begin, in samples."""

    sample_rate_hz: int
    frame_rate: Fraction
    # of the whole
    samples: int

    def before(self, sample: int) -> int:
        """The last beginning of a frame at or before a sample."""
        frame = int(sample * self.frame_rate / self.sample_rate_hz) + 1
        while self._at(frame) > sample:
            frame -= 1
        return self._at(frame)

    def after(self, sample: int) -> int:
        """The first beginning of a frame at or after a sample, but not after the end of the whole."""
        frame = int(sample * self.frame_rate / self.sample_rate_hz)
        while self._at(frame) < sample:
            frame += 1
        return max(min(self._at(frame), self.samples), sample)

    def _at(self, frame: int) -> int:
        return round(frame * self.sample_rate_hz / self.frame_rate)


@dataclass(frozen=True)
class _Source:
    """What cues are rendered from."""

    plan: SoundPlan
    grid: _Grid
    library: Path | None
    track: Path | None
    soundfont: Path | None


def session_of(
    plan: SoundPlan,
    stems: Stems,
    folder: Path,
    *,
    name: str,
    frame_rate: Fraction,
    size_px: tuple[int, int],
    picture: Path | None = None,
    mix: Mix | None = None,
    library: Path | None = None,
    track: Path | None = None,
    soundfont: Path | None = None,
    on_progress: Progress = lambda _stage, _share: None,
) -> Session:
    """Render each cue to a file of its own and lay them on tracks.

    A file holds its cue with pan, own automation and room, before the cue's level, which is the clip's gain, so that
    an editor can turn it. Files begin and end on a picture frame (silence fills the rest), so that programs which place
    clips by frames lose nothing of the sync. Memory does not grow with the length of a cue.

    Parameters
    ----------
    plan : SoundPlan
    stems : Stems
        As rendered from the plan; the DX stem is the clip's own sound.
    folder : Path
        Gets the sounds, in ``media/``.
    name : str
        Of the session.
    frame_rate, size_px
        Of the picture.
    picture : Path, optional
        The clip whose pictures belong to it.
    mix : Mix, optional
        Gives the master gain and the figures in the notes.
    library, track, soundfont : Path, optional
        What cues of the plan play: folder of the recordings, a person's own music, and voices of our music.

    Returns
    -------
    Session
        The sum of its clips with gain, ducking and master gain is the mix before its limiter (as far as nothing but
        gain is done to a track).

    Raises
    ------
    UsageError
        A recording or track that a cue plays cannot be used.
    """
    (folder / MEDIA).mkdir(parents=True, exist_ok=True)
    rate = frame_rate if frame_rate > 0 else DEFAULT_FRAME_RATE
    source = _Source(plan, _Grid(stems.sample_rate_hz, rate, stems.samples), library, track, soundfont)
    clips = _rendered(source, folder / MEDIA, on_progress)
    if "DX" in stems.files and not any(cue.stem == "DX" for cue in plan.cues):
        clips["DX"] = [_production(stems, folder / MEDIA, plan)]
    curves = _ducking(stems)
    ruler = ruler_of(plan, track=track)
    tracks = tuple(
        SessionTrack(stem, STEM_COLOURS[stem], tuple(clips[stem]), curves.get(stem, ()))
        for stem in STEM_NAMES
        if clips.get(stem)
    )
    return Session(
        name=one_line(name),
        frame_rate=rate,
        sample_rate_hz=stems.sample_rate_hz,
        length_samples=stems.samples,
        size_px=size_px,
        tracks=tracks,
        markers=markers(plan),
        picture=picture,
        master_gain_db=mix.gain_db if mix else 0.0,
        tempo=ruler.tempo,
        downbeats=ruler.downbeats,
        notes=_notes(plan, mix),
    )


# ------------------------------------------------------------------- files
def _rendered(source: _Source, folder: Path, on_progress: Progress) -> dict[StemName, list[SessionClip]]:
    cues = source.plan.cues
    names = tell_apart(f"{clock_part(cue.time_s)}_{safe_part(cue.sound)}_{safe_part(cue.id)}" for cue in cues)
    clips: dict[StemName, list[SessionClip]] = {}
    for index, (cue, name) in enumerate(zip(cues, names, strict=True)):
        clip = _clip_of(source, cue, folder / f"{name}.wav")
        if clip is not None:
            clips.setdefault(cue.stem, []).append(clip)
        on_progress("media", (index + 1) / len(cues))
    return clips


def _clip_of(source: _Source, cue: Cue, path: Path) -> SessionClip | None:
    """Render one cue; None when nothing of it is heard."""
    span = _write(_heard(source, cue), path, source.grid)
    if span is None:
        logger.info("cue %s is silent and gets no file", cue.id)
        return None
    return SessionClip(
        id=cue.id,
        name=one_line(cue.description or cue.sound),
        file=path,
        file_samples=span[1] - span[0],
        start_samples=span[0],
        source_start_samples=0,
        length_samples=span[1] - span[0],
        gain_db=cue.level_db,
        note=_note(cue),
    )


def _heard(source: _Source, cue: Cue) -> Iterator[tuple[int, np.ndarray]]:
    """What is heard of a cue before its level, as pieces float32 [2, n], each with the sample it begins at."""
    rate = source.grid.sample_rate_hz
    at = max(int((cue.time_s - LEAD_S) * rate), 0)
    # what rings on behind its length does so without a second of digital silence in between
    over = (cue.time_s + cue.length_s) * rate
    alone = replace(source.plan, cues=(replace(cue, level_db=0.0),))
    rendered = iter_stems(
        alone,
        sample_rate_hz=rate,
        block_samples=BLOCK_SAMPLES,
        library=source.library,
        track=source.track,
        soundfont=source.soundfont,
        start_samples=at,
    )
    for blocks in rendered:
        block = blocks[cue.stem]
        loud = np.flatnonzero(block.any(axis=0))
        if len(loud):
            yield at + int(loud[0]), block[:, loud[0] : loud[-1] + 1]
        elif at > over:
            return
        at += block.shape[1]


def _write(pieces: Iterator[tuple[int, np.ndarray]], path: Path, grid: _Grid) -> tuple[int, int] | None:
    """Write pieces as a stereo float WAV from frame to frame; first sample and end, or None where there is nothing."""
    import soundfile

    first = next(pieces, None)
    if first is None:
        return None
    start = position = grid.before(first[0])
    # how long it will be is not known yet: only what may be too long for RIFF is written as RF64
    may_be_long = (grid.samples - start) * _BYTES_PER_SAMPLE > _RIFF_LIMIT_BYTES
    with soundfile.SoundFile(
        path, "w", grid.sample_rate_hz, CHANNELS, subtype="FLOAT", format="RF64" if may_be_long else "WAV"
    ) as sink:
        for at, piece in _chain(first, pieces):
            _write_silence(sink, at - position)
            sink.write(piece.T)
            position = at + piece.shape[1]
        end = grid.after(position)
        _write_silence(sink, end - position)
    return start, end


def _chain(first: tuple[int, np.ndarray], rest: Iterator[tuple[int, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
    yield first
    yield from rest


def _write_silence(sink, samples: int) -> None:
    for start in range(0, samples, BLOCK_SAMPLES):
        sink.write(np.zeros((min(BLOCK_SAMPLES, samples - start), CHANNELS), np.float32))


def _production(stems: Stems, folder: Path, plan: SoundPlan) -> SessionClip:
    taken = {cue.id for cue in plan.cues}
    name = "production-sound"
    while name in taken:
        name += "-own"
    path = folder / "production-sound.wav"
    shutil.copyfile(stems.folder / stems.files["DX"], path)
    return SessionClip(
        id=name,
        name="Production sound",
        file=path,
        file_samples=stems.samples,
        start_samples=0,
        source_start_samples=0,
        length_samples=stems.samples,
        note="the clip's own sound",
    )


# ------------------------------------------------------------------- words
def _ducking(stems: Stems) -> dict[StemName, Curve]:
    from pipeline.sound.mix.ducking import curve
    from pipeline.sound.mix.mixer import plan_ducking

    automation = plan_ducking(stems)
    if automation is None:
        return {}
    return {stem: curve(automation, stem) for stem in STEM_NAMES if stem in stems.files}


def _note(cue: Cue) -> str:
    rights = ", ".join(filter(None, (cue.licence, cue.author, "" if cue.source == "foleymark" else cue.source)))
    return one_line("; ".join(filter(None, (cue.why, rights))))


def _notes(plan: SoundPlan, mix: Mix | None) -> dict[str, str]:
    notes = {"cues": str(len(plan.cues)), "seed": str(plan.seed)}
    if mix is None:
        return notes
    figures = mix.loudness
    if figures.integrated_lufs is not None:
        notes["loudness"] = f"{figures.integrated_lufs:.1f} LUFS"
    if figures.true_peak_dbtp is not None:
        notes["true peak"] = f"{figures.true_peak_dbtp:.1f} dBTP"
    return notes | {"master gain": f"{mix.gain_db:+.2f} dB"}
