"""Rendering: a cue sheet becomes stems, block by block, in memory that does not grow with the clip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from pipeline.records import STEM_NAMES, Cue, SoundPlan, StemName, Stems
from pipeline.sound.beds.ambience import iter_ambience
from pipeline.sound.effects.foley import CONTINUOUS, RECIPES, iter_continuous, lead_samples, make
from pipeline.sound.production import with_production
from pipeline.sound.recordings.play import file_of, is_recording, iter_bed, lasts, play_hit
from pipeline.sound.space import pan_gains, place
from pipeline.sound.track.cue import is_track, track_of
from pipeline.sound.track.track import iter_track

# no recipe's attack lies deeper in its sound than this
LEAD_S = 0.25
# a clip that ends in the middle of a sound ends without a click
_END_FADE_S = 0.02
# RIFF counts bytes in 32 bits; beyond, RF64
_RIFF_LIMIT_BYTES = 4_000_000_000
_BYTES_PER_SAMPLE = 8
# silence behind a stretch of a continuous effect, in which its filters come to rest: then stretches join without a seam
_REST_S = 0.05


def iter_stems(
    plan: SoundPlan,
    *,
    sample_rate_hz: int = 48000,
    block_samples: int = 48000,
    library: Path | None = None,
    track: Path | None = None,
    soundfont: Path | None = None,
    start_samples: int = 0,
) -> Iterator[dict[StemName, np.ndarray]]:
    """Render a plan block by block.

    Parameters
    ----------
    plan : SoundPlan
        Each cue's `sound` must be known (see `catalogue`); a cue sheet from outside is checked by `cuesheet.load_cues`.
    block_samples : int
        Samples in a block; the result does not depend on it.
    library : Path, optional
        Folder of the recordings that the plan plays.
    track : Path, optional
        A person's own track, where the plan plays one.
    soundfont : Path, optional
        An .sf2 file that plays the notes of the music.
    start_samples : int
        Where to begin; no cue may sound before.

    Yields
    ------
    dict of stem name to float32 [2, n]
        The stems that have cues, always the same ones; `block_samples` each, the last block shorter. The audible attack
        of each one-shot (a whoosh: its beginning) falls on the cue's time to the sample.

    Raises
    ------
    UsageError
        A recording or track has vanished or changed, or there is no library.
    """
    # said before the work begins, not in the middle of it
    for cue in filter(is_recording, plan.cues):
        file_of(cue, library)
    for cue in filter(is_track, plan.cues):
        track_of(cue, track)
    total = round(plan.duration_s * sample_rate_hz)
    names = [name for name in STEM_NAMES if any(cue.stem == name for cue in plan.cues)]
    shots = sorted((cue for cue in plan.cues if _is_shot(cue)), key=lambda cue: cue.time_s)
    beds: list[_Bed | _Continuous] = [
        _Continuous(cue, total, sample_rate_hz, start_samples)
        if _is_continuous(cue)
        else _Bed(cue, plan, total, sample_rate_hz, block_samples, library, track, soundfont)
        for cue in plan.cues
        if not _is_shot(cue)
    ]
    tails = {name: _Tail(start_samples) for name in names}
    due = 0
    for start in range(start_samples, total, block_samples):
        count = min(block_samples, total - start)
        while due < len(shots) and (shots[due].time_s - LEAD_S) * sample_rate_hz < start + count:
            at, sound = render_shot(shots[due], sample_rate_hz=sample_rate_hz, library=library)
            tails[shots[due].stem].add(sound[:, : max(total - at, 0)], at)
            due += 1
        blocks = {name: tails[name].take(count) for name in names}
        for bed in beds:
            bed.add_to(blocks[bed.stem], start)
        fade = _end_fade(start, count, total, sample_rate_hz)
        yield {name: block * fade for name, block in blocks.items()}


def render_stems(
    plan: SoundPlan,
    folder: Path,
    *,
    sample_rate_hz: int = 48000,
    block_samples: int = 48000,
    production: Path | None = None,
    library: Path | None = None,
    track: Path | None = None,
    soundfont: Path | None = None,
) -> Stems:
    """Render a plan into float WAV files, one a stem; silent stems are left out.

    Parameters
    ----------
    folder : Path
        Made when it is not there; stems of an earlier run in it are replaced.
    production : Path, optional
        WAV of the clip's own sound at `sample_rate_hz`; becomes the DX stem, cut or padded to the plan's length.
    library : Path, optional
        Folder of the recordings that the plan plays.
    track : Path, optional
        A person's own track, where the plan plays one.
    soundfont : Path, optional
        An .sf2 file that plays the notes of the music.

    Raises
    ------
    UsageError
        When the production sound, a recording or the track cannot be used.
    """
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    total = round(plan.duration_s * sample_rate_hz)
    form = "RF64" if total * _BYTES_PER_SAMPLE > _RIFF_LIMIT_BYTES else "WAV"
    peaks: dict[StemName, float] = {}
    with ExitStack() as stack:
        writers: dict[StemName, soundfile.SoundFile] = {}
        rendered = iter_stems(
            plan,
            sample_rate_hz=sample_rate_hz,
            block_samples=block_samples,
            library=library,
            track=track,
            soundfont=soundfont,
        )
        for blocks in with_production(plan, rendered, production, sample_rate_hz, block_samples):
            for name, block in blocks.items():
                if name not in writers:
                    path = folder / f"{name}.wav"
                    writers[name] = stack.enter_context(
                        soundfile.SoundFile(path, "w", sample_rate_hz, 2, format=form, subtype="FLOAT")
                    )
                writers[name].write(block.T)
                peaks[name] = max(peaks.get(name, 0.0), float(np.abs(block).max(initial=0.0)))
    for name in (name for name in STEM_NAMES if peaks.get(name, 0.0) == 0.0):
        (folder / f"{name}.wav").unlink(missing_ok=True)
    files = {str(name): f"{name}.wav" for name in STEM_NAMES if peaks.get(name, 0.0) > 0.0}
    return Stems(folder=folder, files=files, sample_rate_hz=sample_rate_hz, samples=total)


def render_shot(cue: Cue, *, sample_rate_hz: int = 48000, library: Path | None = None) -> tuple[int, np.ndarray]:
    """One one-shot in its place.

    Returns
    -------
    start : int
        Sample of the clip its first sample belongs to; may be negative.
    sound : float32 [2, samples]
    """
    if is_recording(cue):
        lead, sound = play_hit(cue, file_of(cue, library), sample_rate_hz=sample_rate_hz)
    else:
        sound = make(
            cue.sound,
            seed=cue.seed,
            sample_rate_hz=sample_rate_hz,
            length_s=cue.length_s,
            parameters=cue.parameters,
            automation=cue.automation,
        )
        lead = lead_samples(cue.sound, sound)
    return round(cue.time_s * sample_rate_hz) - lead, _placed(cue, sound, -lead, sample_rate_hz)


def _placed(cue: Cue, sound: np.ndarray, start: int, sample_rate_hz: int) -> np.ndarray:
    # mono to its place and level, float32 [2, samples + tail]; `start` is its first sample, counted from the cue's time
    def at(pan: float) -> np.ndarray:
        room, distance = cue.parameters.get("room", 0.0), cue.parameters.get("distance", 0.0)
        return place(sound, pan=pan, room=room, distance=distance, sample_rate_hz=sample_rate_hz)

    if cue.pan_automation:
        # the direct sound moves, the answer of the place does not: hard left less hard right is the direct sound alone
        left, right = at(-1.0), at(1.0)
        pan = np.clip(_curve(cue.pan_automation, start, left.shape[1], sample_rate_hz), -1, 1)
        angle = ((pan + 1) * np.pi / 4).astype(np.float32)
        direct = left[0] - right[0]
        placed = np.stack([right[0] + np.cos(angle) * direct, left[1] + np.sin(angle) * direct])
    else:
        placed = at(cue.pan)
    placed = placed * np.float32(10 ** (cue.level_db / 20))
    if cue.automation:
        placed *= _automation(cue, start, placed.shape[1], sample_rate_hz)
    return placed


class _Tail:
    """One-shots of a stem that ring beyond the block in hand."""

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self._sound = np.zeros((2, 0), np.float32)

    def add(self, sound: np.ndarray, at: int) -> None:
        """Lay a sound from an absolute sample on; what lies before the block in hand is lost."""
        start = at - self._at
        sound = sound[:, max(-start, 0) :]
        start = max(start, 0)
        missing = start + sound.shape[1] - self._sound.shape[1]
        if missing > 0:
            self._sound = np.pad(self._sound, ((0, 0), (0, missing)))
        self._sound[:, start : start + sound.shape[1]] += sound

    def take(self, count: int) -> np.ndarray:
        """The next samples, float32 [2, count]."""
        self._at += count
        taken, self._sound = self._sound[:, :count], self._sound[:, count:]
        return np.pad(taken, ((0, 0), (0, count - taken.shape[1])))


class _Continuous:
    """An effect that goes on as long as its cue: made stretch by stretch, each laid into its place with its tail."""

    def __init__(self, cue: Cue, total: int, sample_rate_hz: int, start_samples: int) -> None:
        self.stem = cue.stem
        self._cue, self._rate = cue, sample_rate_hz
        self._start = round(cue.time_s * sample_rate_hz)
        length = min(round(cue.length_s * sample_rate_hz), total - self._start)
        self._stretches = iter_continuous(
            cue.sound,
            seed=cue.seed,
            length_samples=length,
            sample_rate_hz=sample_rate_hz,
            parameters=cue.parameters,
            automation=cue.automation,
        )
        self._made = 0
        self._is_over = False
        self._tail = _Tail(start_samples)

    def add_to(self, block: np.ndarray, start: int) -> None:
        """Add what falls into a block that starts at an absolute sample; blocks come in order."""
        while not self._is_over and self._start + self._made < start + block.shape[1]:
            stretch = next(self._stretches, None)
            if stretch is None:
                self._is_over = True
                break
            rested = np.pad(stretch, (0, round(_REST_S * self._rate)))
            self._tail.add(_placed(self._cue, rested, self._made, self._rate), self._start + self._made)
            self._made += len(stretch)
        block += self._tail.take(block.shape[1])


class _Bed:
    """A sound that goes on: read in step with the blocks of the clip."""

    def __init__(
        self,
        cue: Cue,
        plan: SoundPlan,
        total: int,
        sample_rate_hz: int,
        block_samples: int,
        library: Path | None,
        track: Path | None,
        soundfont: Path | None,
    ) -> None:
        self.stem = cue.stem
        self._cue, self._rate = cue, sample_rate_hz
        self._start = round(cue.time_s * sample_rate_hz)
        self._length = min(round(cue.length_s * sample_rate_hz), total - self._start)
        self._blocks = _bed_blocks(cue, plan, self._length, sample_rate_hz, block_samples, library, track, soundfont)
        self._ready = np.zeros((2, 0), np.float32)

    def add_to(self, block: np.ndarray, start: int) -> None:
        """Add what falls into a block that starts at an absolute sample."""
        first = max(self._start, start)
        last = min(self._start + self._length, start + block.shape[1])
        if first < last:
            part = self._read(last - first)
            part = part * self._gains(first - self._start, part.shape[1])
            if self._cue.automation:
                part *= _automation(self._cue, first - self._start, part.shape[1], self._rate)
            block[:, first - start : first - start + part.shape[1]] += part

    def _gains(self, start: int, count: int) -> np.ndarray:
        # a stereo bed keeps its level in the middle, where a pan gain is -3 dB
        gain = np.sqrt(2.0) * 10 ** (self._cue.level_db / 20)
        if not self._cue.pan_automation:
            return (gain * np.asarray(pan_gains(self._cue.pan)))[:, None].astype(np.float32)
        pan = np.clip(_curve(self._cue.pan_automation, start, count, self._rate), -1, 1)
        angle = (pan + 1) * np.pi / 4
        return (gain * np.stack([np.cos(angle), np.sin(angle)])).astype(np.float32)

    def _read(self, count: int) -> np.ndarray:
        parts = [self._ready]
        have = self._ready.shape[1]
        while have < count:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(block)
            have += block.shape[1]
        sound = np.concatenate(parts, axis=1)
        self._ready = sound[:, count:]
        return sound[:, :count]


def _bed_blocks(
    cue: Cue,
    plan: SoundPlan,
    length: int,
    sample_rate_hz: int,
    block_samples: int,
    library: Path | None,
    track: Path | None,
    soundfont: Path | None,
) -> Iterator[np.ndarray]:
    if is_recording(cue):
        return iter_bed(cue, file_of(cue, library), length_samples=length, sample_rate_hz=sample_rate_hz)
    if is_track(cue):
        file = track_of(cue, track)
        return iter_track(cue, plan, file=file, sample_rate_hz=sample_rate_hz, block_samples=block_samples)
    family, _, name = cue.sound.partition("/")
    if family == "music":
        from pipeline.sound.music.music import iter_music

        return iter_music(cue, plan, sample_rate_hz=sample_rate_hz, block_samples=block_samples, soundfont=soundfont)
    return iter_ambience(
        name,
        seed=cue.seed,
        length_samples=length,
        sample_rate_hz=sample_rate_hz,
        block_samples=block_samples,
        parameters=cue.parameters,
    )


def _is_shot(cue: Cue) -> bool:
    if is_recording(cue):
        return not lasts(cue)
    return cue.sound.partition("/")[0] in RECIPES and not _is_continuous(cue)


def _is_continuous(cue: Cue) -> bool:
    return cue.sound.partition("/")[0] in CONTINUOUS


def _automation(cue: Cue, start: int, count: int, sample_rate_hz: int) -> np.ndarray:
    return (10 ** (_curve(cue.automation, start, count, sample_rate_hz) / 20)).astype(np.float32)


def _curve(points: tuple[tuple[float, float], ...], start: int, count: int, sample_rate_hz: int) -> np.ndarray:
    # straight lines between points of (seconds, value), one value a sample
    times_s, values = np.asarray(points, float).T
    return np.interp((start + np.arange(count)) / sample_rate_hz, times_s, values)


def _end_fade(start: int, count: int, total: int, sample_rate_hz: int) -> np.ndarray:
    left = total - 1 - (start + np.arange(count))
    return np.clip(left / (_END_FADE_S * sample_rate_hz), 0, 1).astype(np.float32)
