"""Playing recordings: one hit cut to its onset, pitched and levelled like a synthesised one; or a bed of any length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import UsageError
from pipeline.files import sha256_file
from pipeline.media.audio import resample
from pipeline.media.sounds import open_sound, read_part
from pipeline.records import Cue
from pipeline.sound.beds.ambience import CALIBRATION_LUFS, FADE_IN_S, FADE_OUT_S
from pipeline.sound.effects.shaping import LONGEST_S, attack_sample, calibrate, trim
from pipeline.sound.noise import key_of, stream
from pipeline.sound.recordings.index import inside, measured_part
from pipeline.sound.recordings.shape import Hit, find_hits, playable

# a cue's sound is this and the path of the recording inside its library
PREFIX = "recording/"
# no two steps are alike: cues of one recording differ by up to this, and by the size of what is seen
_VARIED_SEMITONES = 0.6
_SIZED_SEMITONES = 4.0
# what a cue's own "pitch" may do at 0 and 1
_ASKED_SEMITONES = 6.0
# the resampler's rates are multiples of this, which keeps its filters short: within 4 cents at 44.1 kHz
_RATE_STEP_HZ = 100
# kept before the onset, and faded in
_BEFORE_S, _FADE_IN_S = 0.02, 0.005
# channels less alike than this are not folded to mono, because they would cancel
_ALIKE = 0.2
# of a bed: read at a time, and blended where it begins anew
_CHUNK_S, _BLEND_S = 1.0, 2.0
# half the length of the resampler's filter, in samples of the lower rate: 64 zero crossings at 0.95 of Nyquist
_FILTER_SAMPLES = 68
_LOUDNESS_S = 60.0
# how much of each end is looked at for a fade, in steps of; and what is faded: 4 dB below the usual level there
_EDGE_S, _EDGE_HOP_S, _FADED = 10.0, 0.1, 0.63


def is_recording(cue: Cue) -> bool:
    """Whether a cue plays a file of the library."""
    return cue.sound.startswith(PREFIX)


def lasts(cue: Cue) -> bool:
    """Whether a recording is played as a bed, again from its beginning where it is too short, not as one hit."""
    return cue.stem in ("BG", "MX") or cue.length_s > LONGEST_S


def file_of(cue: Cue, library: Path | None) -> Path:
    """The file that a cue plays, with the content it had when the cue was written.

    Raises
    ------
    UsageError
        There is no library, the file has vanished, or its content is another.
    """
    if library is None:
        raise UsageError(f"Cue {cue.id!r} plays a recording; say where the recordings are with --library FOLDER.")
    name = cue.sound.removeprefix(PREFIX)
    path = inside(library, name)
    facts = path.stat()
    if cue.asset_sha256 and _sha256(path, facts.st_size, facts.st_mtime_ns) != cue.asset_sha256:
        raise UsageError(
            f"The recording {name} has changed since cue {cue.id!r} was written; "
            f"empty the cue's asset_sha256 to take it as it is now."
        )
    return path


def hit_of(cue: Cue, hits: Sequence[Hit]) -> Hit:
    """The hit of a recording that a cue plays, by its seed."""
    choice = playable(hits)
    return choice[key_of(cue.seed, "hit") % len(choice)]


def pitch_ratio(cue: Cue) -> float:
    """How much faster a recording runs for a cue: a little by its seed, more by the size it asks for."""
    semitones = float(stream("pitch", cue.seed).uniform(-_VARIED_SEMITONES, _VARIED_SEMITONES))
    semitones += _SIZED_SEMITONES * (0.5 - cue.parameters.get("size", 0.5))
    semitones += 2 * _ASKED_SEMITONES * (cue.parameters.get("pitch", 0.5) - 0.5)
    return 2.0 ** (semitones / 12)


def play_hit(cue: Cue, path: Path, *, sample_rate_hz: int = 48000) -> tuple[int, np.ndarray]:
    """One hit of a recording.

    Returns
    -------
    lead : int
        Samples before its attack.
    sound : float32 [samples]
        Mono, calibrated as `foley` calibrates its recipes, cut to the cue's length and faded.
    """
    with open_sound(path) as source:
        facts = path.stat()
        hits = _hits(path, facts.st_size, facts.st_mtime_ns)
        if not hits:
            raise UsageError(f"The recording {path.name} of cue {cue.id!r} is silent; choose another sound.")
        hit, ratio, rate = hit_of(cue, hits), pitch_ratio(cue), source.samplerate
        first = max(round((hit.start_s - _BEFORE_S) * rate), 0)
        following = [other.start_s for other in hits if other.start_s > hit.start_s]
        last = round((min(following) - _BEFORE_S) * rate) if following else source.frames
        enough = math.ceil((hit.heard_s - hit.start_s + 2 * _BEFORE_S + cue.length_s) * ratio * rate)
        part = _mono(read_part(source, first, max(min(last - first, enough), 1)))
    sound = resample(part[None, :], from_hz=_rate(rate * ratio), to_hz=sample_rate_hz)[0]
    before = min(attack_sample(sound), round(_BEFORE_S * sample_rate_hz))
    sound = sound[attack_sample(sound) - before :]
    sound = calibrate(
        trim(sound, cue.length_s + before / sample_rate_hz, sample_rate_hz), sample_rate_hz=sample_rate_hz
    )
    # once more: without what was cut off, and without rumble, the attack may lie a little elsewhere
    lead = attack_sample(sound)
    rise = min(lead, round(_FADE_IN_S * sample_rate_hz))
    sound[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    return lead, sound


def iter_bed(cue: Cue, path: Path, *, length_samples: int, sample_rate_hz: int = 48000) -> Iterator[np.ndarray]:
    """A recording as a bed, chunk by chunk in memory that does not grow with its length.

    It starts at a place that the seed chooses. Where it is shorter than the cue it is blended into itself, each time
    from another place near its beginning, so that it does not repeat with a fixed period.

    Yields
    ------
    float32 [2, n]
        About -26 LUFS, as an ambience of our own; ends faded.
    """
    facts = path.stat()
    gain = _bed_gain(path, facts.st_size, facts.st_mtime_ns)
    with open_sound(path) as source:
        rate = _rate(source.samplerate)
        chunk = _aligned(round(_CHUNK_S * sample_rate_hz), sample_rate_hz)
        first, last = (frame * sample_rate_hz // rate for frame in _steady(path, facts.st_size, facts.st_mtime_ns))
        passes = _passes(cue.seed, length_samples, (first, max(last, first + chunk)), sample_rate_hz)
        for start in range(0, length_samples, chunk):
            sound = np.zeros((2, chunk), np.float32)
            for one in passes:
                one.add_to(sound, start, source, rate, sample_rate_hz)
            count = min(chunk, length_samples - start)
            yield gain * _ends(start, count, length_samples, sample_rate_hz) * sound[:, :count]


class _Pass:
    """One run through a recording, all in samples of the output."""

    def __init__(self, begins: int, offset: int, length: int, blend_in: int, blend_out: int) -> None:
        self.begins, self.offset, self.length = begins, offset, length
        self.blend_in, self.blend_out = blend_in, blend_out

    def add_to(self, sound: np.ndarray, start: int, source: Any, rate_hz: int, sample_rate_hz: int) -> None:
        """Add what falls into a chunk that starts at an absolute sample."""
        count = sound.shape[1]
        if start + count <= self.begins or start >= self.begins + self.length:
            return
        # passes begin on chunk borders, so a chunk never holds the beginning of one
        at = start - self.begins
        part = read_resampled(source, self.offset + at, count, rate_hz, sample_rate_hz)
        sound += part * self._gain(at + np.arange(count))

    def _gain(self, place: np.ndarray) -> np.ndarray:
        # two stretches of a texture are not correlated: equal power
        rise = np.clip((place + 0.5) / self.blend_in, 0, 1) if self.blend_in else 1.0
        fall = np.clip((self.length - place - 0.5) / self.blend_out, 0, 1) if self.blend_out else 1.0
        return np.sin(0.5 * np.pi * np.minimum(rise, fall)).astype(np.float32)


def _passes(seed: int, length: int, span: tuple[int, int], sample_rate_hz: int) -> list[_Pass]:
    # `span` is the part of the recording that may be used, in samples of the output
    chunk = _aligned(round(_CHUNK_S * sample_rate_hz), sample_rate_hz)
    rng = stream("bed", seed)
    start, available = span[0], span[1] - span[0]
    if available >= length:
        offset = _aligned(start + int(rng.uniform(0, available - length)), sample_rate_hz)
        return [_Pass(0, offset, length + chunk, 0, 0)]
    blend = min(round(_BLEND_S * sample_rate_hz), available // 4)
    found: list[_Pass] = []
    begins = 0
    while begins < length:
        offset = _aligned(start + int(rng.uniform(0, 0.25 * available)), sample_rate_hz)
        # whole chunks, so that the next pass begins on a border
        step = max((span[1] - offset - blend) // chunk * chunk, chunk)
        found.append(_Pass(begins, offset, step + blend, blend if found else 0, blend))
        begins += step
    return found


def read_resampled(source: Any, start: int, count: int, rate_hz: int, sample_rate_hz: int) -> np.ndarray:
    """Part of an open sound in samples of another rate, float32 [2, count]; parts join without a seam."""
    # both ends lie on the grid where the two rates meet
    common = math.gcd(rate_hz, sample_rate_hz)
    steps_in, steps_out = rate_hz // common, sample_rate_hz // common
    # the resampler looks this far to either side
    margin = math.ceil(_FILTER_SAMPLES / min(steps_in, steps_out)) + 1
    first, last = start // steps_out - margin, -(-(start + count) // steps_out) + margin
    part = _stereo(read_part(source, first * steps_in, (last - first) * steps_in))
    turned = resample(part, from_hz=rate_hz, to_hz=sample_rate_hz)
    begin = start - first * steps_out
    return turned[:, begin : begin + count]


def _ends(start: int, count: int, length: int, sample_rate_hz: int) -> np.ndarray:
    place = start + np.arange(count)
    rise = max(min(FADE_IN_S * sample_rate_hz, length / 4), 1.0)
    fall = max(min(FADE_OUT_S * sample_rate_hz, length / 4), 1.0)
    part = np.clip(np.minimum(place / rise, (length - 1 - place) / fall), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * part)).astype(np.float32)


def _rate(rate_hz: float) -> int:
    return max(round(rate_hz / _RATE_STEP_HZ), 1) * _RATE_STEP_HZ


def _aligned(samples: int, sample_rate_hz: int) -> int:
    # on every grid that the resampler's rates can have with the output's
    step = sample_rate_hz // math.gcd(sample_rate_hz, _RATE_STEP_HZ)
    return samples // step * step


def _mono(samples: np.ndarray) -> np.ndarray:
    # what stands at one place of the picture is one channel: both, or the louder of two that would cancel
    samples = samples[:2]
    if len(samples) == 1:
        return samples[0]
    energy = np.einsum("ij,ij->i", samples, samples, dtype=np.float64)
    alike = float(np.dot(samples[0], samples[1])) / max(math.sqrt(energy[0] * energy[1]), 1e-12)
    return samples.mean(axis=0) if alike >= _ALIKE else samples[int(energy.argmax())]


def _stereo(samples: np.ndarray) -> np.ndarray:
    return np.repeat(samples, 2, axis=0) if len(samples) == 1 else samples[:2]


@lru_cache(maxsize=4096)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    return sha256_file(path)


@lru_cache(maxsize=4096)
def _hits(path: Path, _size: int, _mtime_ns: int) -> tuple[Hit, ...]:
    with open_sound(path) as source:
        return find_hits(measured_part(source), sample_rate_hz=source.samplerate)


@lru_cache(maxsize=256)
def _steady(path: Path, _size: int, _mtime_ns: int) -> tuple[int, int]:
    # first and last frame without the fades at the ends of a recording, which would be heard where it begins anew
    with open_sound(path) as source:
        hop = max(int(_EDGE_HOP_S * source.samplerate), 1)
        count = min(int(_EDGE_S * source.samplerate), source.frames) // hop * hop
        if count == 0:
            return 0, source.frames
        edges = (read_part(source, 0, count), read_part(source, source.frames - count, count))
        levels = [np.sqrt((edge.reshape(len(edge), -1, hop) ** 2).mean(axis=(0, 2))) for edge in edges]
        least = _FADED * float(np.median(np.concatenate(levels)))
        first, last = (int(np.argmax(level >= least)) for level in (levels[0], levels[1][::-1]))
        return first * hop, source.frames - last * hop


@lru_cache(maxsize=256)
def _bed_gain(path: Path, _size: int, _mtime_ns: int) -> np.float32:
    from pipeline.sound.mix.loudness import LoudnessMeter

    with open_sound(path) as source:
        meter = LoudnessMeter(source.samplerate, 2)
        for start in range(0, min(source.frames, int(_LOUDNESS_S * source.samplerate)), 2 * source.samplerate):
            meter.add(_stereo(read_part(source, start, min(2 * source.samplerate, source.frames - start))))
    loudness = meter.integrated_lufs
    return np.float32(1.0 if loudness is None else 10 ** ((CALIBRATION_LUFS - loudness) / 20))
