"""Does a mix pass the gate: loudness and true peak by another meter, ducking under speech, stems that sum to the mix.

    python -m benchmarks.loudness [--count 200] [--talk DIR] [--json]

Every mix is made of our own stems: music of all styles, effects, ambience, sparse and dense, 3 to 30 s, at three sample
rates, with speech in more than half of them and production sound without speech in some. Speech comes from the clips in
`--talk` (talking heads), else it is made. The meter is ffmpeg's; ffmpeg's `loudnorm` in one pass gets the same sums.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.common import note, show
from benchmarks.referee import Reading, read, read_after_loudnorm
from benchmarks.spoken import talk
from pipeline.records import Cue, Mix, SoundPlan, Stems
from pipeline.sound.beds.ambience import AMBIENCES
from pipeline.sound.catalogue import families
from pipeline.sound.effects.foley import RECIPES
from pipeline.sound.mix.buses import listen, summed
from pipeline.sound.mix.loudness import PRESETS, Preset, preset_named
from pipeline.sound.mix.mixer import TOLD_LU, mix
from pipeline.sound.music.styles import STYLES
from pipeline.sound.render import render_stems

RATES_HZ = (48_000, 48_000, 48_000, 44_100, 96_000)
LENGTHS_S = (3.0, 4.0, 5.0, 6.0, 6.0, 8.0, 8.0, 10.0, 12.0, 30.0)
NAMES = (*PRESETS, "netflix")
# what the clip itself brings: speech more often than not
PRODUCTIONS = ("speech", "speech", "speech", "noisy speech", "hits", "none")
# the music's level is read in windows of the automation's own resolution
HOP_S = 0.010
# music has begun to give way when it is this much down; fainter music than this is not looked at
DOWN_DB, FAINT_DB = -0.5, -75.0
STEP_S = 0.1


@dataclass(frozen=True)
class Case:
    """One mix to be made."""

    number: int
    preset: str
    rate_hz: int
    plan: SoundPlan
    # the clip's own sound, float [2, samples], and where somebody speaks in it, seconds
    production: np.ndarray | None
    spoken_s: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    case: Case
    mix: Mix
    # by ffmpeg: the figure that the target is about, and the rest
    lufs: float | None
    reading: Reading
    stem_sum_error: float
    # of the music under each stretch of speech: how far down, and how long before
    depths_db: tuple[float, ...]
    leads_ms: tuple[float, ...]
    # None where the target is over the dialogue, of which the one-pass filter knows nothing, or out of reach
    loudnorm: Reading | None
    mixing_s: float

    @property
    def is_met(self) -> bool:
        """Whether the mixer says that it met its target."""
        return _is_met(self.mix)


def _is_met(made: Mix) -> bool:
    own = made.loudness.dialogue_lufs if made.loudness.gate == "dialogue" else made.loudness.integrated_lufs
    target = made.loudness.target_lufs
    return own is not None and target is not None and abs(own - target) <= TOLD_LU


def main() -> None:
    arguments = _arguments()
    voices = _Voices(arguments.talk)
    began, outcomes = time.monotonic(), []
    for number in range(arguments.count):
        outcomes.append(_outcome(_case(number, voices)))
        if number % 20 == 19:
            note(f"{number + 1} mixes, {time.monotonic() - began:.0f} s")
    show(_figures(outcomes) | {"speech_from": voices.source}, as_json=arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    corpus = os.environ.get("FOLEYMARK_CORPUS")
    parser.add_argument("--talk", type=Path, default=Path(corpus) / "talk" if corpus else None)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


# ------------------------------------------------------------------ cases
class _Voices:
    """Speech to put into clips, from recordings or made."""

    def __init__(self, folder: Path | None) -> None:
        from benchmarks.common import videos_below
        from pipeline.media.audio import has_sound
        from pipeline.media.probe import probe

        clips = videos_below([folder]) if folder and folder.is_dir() else []
        self._clips = [clip for clip in map(probe, clips) if clip.audio and has_sound(clip)]
        self._at: dict[int, list[np.ndarray]] = {}
        self.source = f"{len(self._clips)} clips" if self._clips else "synthesis"

    def say(self, length_s: float, *, number: int, rate_hz: int) -> np.ndarray:
        """Somebody speaking from the first sample on, float [2, samples]."""
        if not self._clips:
            return talk(length_s, [(0.0, length_s)], seed=number, sample_rate_hz=rate_hz)
        if rate_hz not in self._at:
            from pipeline.media.audio import read_audio

            self._at[rate_hz] = [_from_first_word(read_audio(c, sample_rate_hz=rate_hz), rate_hz) for c in self._clips]
        said = self._at[rate_hz][number % len(self._clips)][:, : round(length_s * rate_hz)].astype(np.float64)
        return said * 10 ** (-22 / 20) / np.sqrt(np.mean(said**2))


def _from_first_word(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    level = _hop_power(sound, rate_hz)
    first = int(np.argmax(level > np.quantile(level, 0.95) * 10 ** (-25 / 10)))
    return sound[:, first * round(HOP_S * rate_hz) :]


def _case(number: int, voices: _Voices) -> Case:
    rng = np.random.default_rng(1000 + number)
    length_s, rate_hz = float(rng.choice(LENGTHS_S)), int(rng.choice(RATES_HZ))
    production, spoken_s = _production(str(rng.choice(PRODUCTIONS)), length_s, rate_hz, rng, voices)
    plan = SoundPlan(duration_s=length_s, cues=tuple(_cues(length_s, rng)), seed=number)
    return Case(number, NAMES[number % len(NAMES)], rate_hz, plan, production, spoken_s)


def _cues(length_s: float, rng: np.random.Generator) -> list[Cue]:
    sparse = rng.random() < 0.35
    names = [f"{family}/{name}" for family in RECIPES for name in families()[family].names]
    count = int(rng.integers(1, 4) if sparse else rng.integers(3, 3 + round(length_s)))
    cues = [_hit(index, str(rng.choice(names)), length_s, rng) for index in range(count)]
    lasting = {"start_s": 0.0, "length_s": length_s, "seed": int(rng.integers(1 << 30))}
    if not sparse or rng.random() < 0.5:
        cues.append(_lasting("BG", f"ambience/{rng.choice(list(AMBIENCES))}", rng.uniform(-6, 3), lasting))
    if rng.random() < (0.6 if sparse else 0.85):
        cues.append(_lasting("MX", f"music/{rng.choice(list(STYLES))}", rng.uniform(-6, 6), lasting))
    return cues


def _hit(index: int, sound: str, length_s: float, rng: np.random.Generator) -> Cue:
    return Cue(
        id=f"fx{index}",
        stem="FX-impacts" if rng.random() < 0.6 else "FX-foley",
        time_s=float(rng.uniform(0, 0.9 * length_s)),
        length_s=1.0,
        category="OBJECTS",
        sound=sound,
        pan=float(rng.uniform(-1, 1)),
        level_db=float(rng.uniform(-9, 3)),
        seed=int(rng.integers(1 << 30)),
        parameters={"room": float(rng.choice((0.0, 0.15, 0.3, 0.8))), "distance": float(rng.uniform(0, 0.6))},
    )


def _lasting(stem: Any, sound: str, level_db: float, common: dict[str, Any]) -> Cue:
    return Cue(
        id=stem.lower(),
        stem=stem,
        time_s=common["start_s"],
        length_s=common["length_s"],
        category="MUSICAL" if stem == "MX" else "AMBIENCE",
        sound=sound,
        level_db=float(level_db),
        seed=common["seed"],
    )


def _production(
    kind: str, length_s: float, rate_hz: int, rng: np.random.Generator, voices: _Voices
) -> tuple[np.ndarray | None, tuple[tuple[float, float], ...]]:
    if kind == "none":
        return None, ()
    sound = np.zeros((2, round(length_s * rate_hz)))
    spoken_s: list[tuple[float, float]] = []
    if kind == "hits":
        for start_s in rng.uniform(0, 0.9 * length_s, int(rng.integers(1, 5))):
            _lay(sound, _blow(rng, rate_hz), round(start_s * rate_hz))
    else:
        at_s = float(rng.uniform(0.4, 0.25 * length_s))
        while at_s < length_s - 0.8 and len(spoken_s) < 4:
            said_s = min(float(rng.uniform(0.8, 4.0)), length_s - at_s - 0.1)
            said = voices.say(said_s, number=int(rng.integers(1000)), rate_hz=rate_hz)
            _lay(sound, said * 10 ** (float(rng.uniform(-8, 4)) / 20), round(at_s * rate_hz))
            spoken_s.append((at_s, at_s + said.shape[1] / rate_hz))
            at_s += said.shape[1] / rate_hz + float(rng.uniform(0.2, 3.0))
    # no recording is silent
    floor_db = rng.uniform(-52, -44) if kind == "noisy speech" else rng.uniform(-75, -60)
    return sound + 10 ** (floor_db / 20) * rng.standard_normal(sound.shape), tuple(spoken_s)


def _blow(rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    time_s = np.arange(round(0.4 * rate_hz)) / rate_hz
    return 0.4 * np.exp(-time_s / rng.uniform(0.02, 0.1)) * rng.standard_normal((2, len(time_s)))


def _lay(sound: np.ndarray, part: np.ndarray, at: int) -> None:
    sound[:, at : at + part.shape[1]] += part[:, : sound.shape[1] - at]


# --------------------------------------------------------------- outcomes
def _outcome(case: Case) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as name:
        folder = Path(name)
        production = None
        if case.production is not None:
            production = folder / "production.wav"
            soundfile.write(production, case.production.T.astype(np.float32), case.rate_hz, subtype="FLOAT")
        stems = render_stems(case.plan, folder / "stems", sample_rate_hz=case.rate_hz, production=production)
        began = time.process_time()
        made = mix(stems, folder / "mix.wav", preset=case.preset, final_stems=folder / "final")
        mixing_s = time.process_time() - began
        return _measured(case, stems, made, folder, mixing_s)


def _measured(case: Case, stems: Stems, made: Mix, folder: Path, mixing_s: float) -> Outcome:
    activity, ducking = listen(stems)
    before = np.concatenate(list(summed(stems, ducking)), axis=1)
    finals = {name: soundfile.read(folder / "final" / file)[0].T for name, file in stems.files.items()}
    together = sum(finals.values(), start=np.zeros_like(before))
    finished = soundfile.read(made.path)[0].T
    target = preset_named(case.preset)
    depths_db, leads_ms = _ducking(case, stems, made, finals) if "MX" in finals else ((), ())
    reading = read(finished, case.rate_hz)
    lufs = reading.integrated_lufs
    if made.loudness.gate == "dialogue":
        assert activity is not None
        lufs = _lufs_of(finished, activity.speech_steps(STEP_S), case.rate_hz)
    return Outcome(
        case=case,
        mix=made,
        lufs=lufs,
        reading=reading,
        stem_sum_error=float(np.abs(together - before * 10 ** (made.gain_db / 20)).max()),
        depths_db=depths_db,
        leads_ms=leads_ms,
        loudnorm=_after_loudnorm(before, made, target, case.rate_hz),
        mixing_s=mixing_s,
    )


def _after_loudnorm(before: np.ndarray, made: Mix, target: Preset, rate_hz: int) -> Reading | None:
    if made.loudness.gate == "dialogue" or not _is_met(made) or made.loudness.target_lufs is None:
        return None
    wanted = made.loudness.target_lufs
    return read_after_loudnorm(before, rate_hz, target_lufs=wanted, ceiling_dbtp=target.ceiling_dbtp)


def _lufs_of(sound: np.ndarray, steps: np.ndarray, rate_hz: int) -> float:
    # ffmpeg has no gate for dialogue: it gets the marked tenths of a second alone, between silence, and what it reads
    # in windows of four, each a mean, adds up to their energy
    size = round(STEP_S * rate_hz)
    marked = [sound[:, n * size : (n + 1) * size] for n in np.flatnonzero(steps) if (n + 1) * size <= sound.shape[1]]
    silence = np.zeros((2, 3 * size))
    said = np.concatenate([silence, *marked, silence], axis=1)
    return 10 * float(np.log10(np.sum(10 ** (read(said, rate_hz).momentary_lufs / 10)) / len(marked)))


def _ducking(
    case: Case, stems: Stems, made: Mix, finals: dict[str, np.ndarray]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    # finished music against the music as it was rendered, in hops
    raw = soundfile.read(stems.folder / stems.files["MX"])[0].T * 10 ** (made.gain_db / 20)
    was, now = _hop_power(raw, case.rate_hz), _hop_power(finals["MX"], case.rate_hz)
    heard = was > 10 ** (FAINT_DB / 10)
    if not heard.any():
        return (), ()
    hops = np.arange(len(was))
    gain_db = np.interp(hops, hops[heard], 10 * np.log10(now[heard] / was[heard]))
    depths_db, leads_ms = [], []
    for start_s, end_s in case.spoken_s:
        first, last = round(start_s / HOP_S), round(end_s / HOP_S)
        if was[first:last].mean() > 10 ** (FAINT_DB / 10):
            depths_db.append(10 * float(np.log10(was[first:last].sum() / now[first:last].sum())))
        down = first
        while down > 0 and gain_db[down - 1] < DOWN_DB:
            down -= 1
        while down < len(gain_db) - 1 and gain_db[down] >= DOWN_DB:
            down += 1
        # a clip that begins with speech cannot be ahead of it
        if first * HOP_S > 0.3:
            leads_ms.append(1000 * (first - down) * HOP_S)
    return tuple(depths_db), tuple(leads_ms)


def _hop_power(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    size = round(HOP_S * rate_hz)
    power = (sound[:, : sound.shape[1] // size * size].astype(np.float64) ** 2).mean(axis=0)
    hops: np.ndarray = power.reshape(-1, size).mean(axis=1)
    return hops


# ---------------------------------------------------------------- figures
def _figures(outcomes: list[Outcome]) -> dict[str, Any]:
    met = [one for one in outcomes if one.is_met]
    short = [one for one in outcomes if not one.is_met]
    errors = [abs((one.lufs or 0.0) - (one.mix.loudness.target_lufs or 0.0)) for one in met]
    over = [one.reading.true_peak_db - preset_named(one.case.preset).ceiling_dbtp for one in outcomes]
    depths = [depth for one in outcomes for depth in one.depths_db]
    leads = [lead for one in outcomes for lead in one.leads_ms]
    length_s = sum(one.case.plan.duration_s for one in outcomes)
    return {
        "mixes": len(outcomes),
        "mixed_s": length_s,
        "lufs_error_max": max(errors, default=0.0),
        "lufs_error_mean": float(np.mean(errors)) if errors else 0.0,
        "true_peak_over_db_max": max(over),
        "ducking_db": float(np.median(depths)) if depths else None,
        "ducking_db_min": min(depths, default=None),
        "ducking_db_max": max(depths, default=None),
        "ducking_lead_ms": min(leads, default=None),
        "ducking_lead_ms_median": float(np.median(leads)) if leads else None,
        "speech_stretches": len(leads),
        "stem_sum_error_max": max(one.stem_sum_error for one in outcomes),
        "range_error_lu_max": max(_range_errors(outcomes), default=None),
        "dialogue_gated": sum(one.mix.loudness.gate == "dialogue" for one in outcomes),
        "delivered_quieter": len(short),
        "delivered_quieter_unsaid": sum(not one.mix.loudness.warning for one in short),
        "delivered_quieter_by_lu_max": max((_short_by(one) for one in short), default=0.0),
        "limiting_db_max": max(one.mix.loudness.limiting_db for one in outcomes),
        "mixing_real_time_factor": sum(one.mixing_s for one in outcomes) / length_s,
        **_loudnorm(outcomes),
    }


def _range_errors(outcomes: list[Outcome]) -> list[float]:
    # ffmpeg counts the first 3 s too, while its window fills: only long mixes can be compared
    long = [one for one in outcomes if one.case.plan.duration_s >= 30.0]
    return [abs(one.mix.loudness.range_lu - one.reading.range_lu) for one in long if one.mix.loudness.range_lu]


def _short_by(one: Outcome) -> float:
    return (one.mix.loudness.target_lufs or 0.0) - (one.lufs if one.lufs is not None else -70.0)


def _loudnorm(outcomes: list[Outcome]) -> dict[str, Any]:
    errors, over = [], []
    for one in outcomes:
        if one.loudnorm:
            errors.append(abs((one.loudnorm.integrated_lufs or -70.0) - (one.mix.loudness.target_lufs or 0.0)))
            over.append(one.loudnorm.true_peak_db - preset_named(one.case.preset).ceiling_dbtp)
    return {
        "loudnorm_mixes": len(errors),
        "loudnorm_lufs_error_max": max(errors, default=0.0),
        "loudnorm_lufs_error_mean": float(np.mean(errors)) if errors else 0.0,
        "loudnorm_missed_by_over_0_1_lu": sum(error > TOLD_LU for error in errors),
        "loudnorm_true_peak_over_db_max": max(over, default=0.0),
    }


if __name__ == "__main__":
    main()
