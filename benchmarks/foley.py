"""The sounds themselves: on time, fast enough, the same for a seed, different for two, and never a loop.

    python -m benchmarks.foley [--clips DIR] [--json]

Without `--clips` the samples of this repository are scored, 1280x720 and 720x1280. Work is bound to two cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import note, show, videos_below
from benchmarks.loops import FOUND, repetition
from pipeline.config import load_settings
from pipeline.media.frames import read_frames
from pipeline.media.probe import probe
from pipeline.records import Cue, SoundPlan
from pipeline.sound.beds.ambience import AMBIENCES, iter_ambience
from pipeline.sound.catalogue import families, family_of
from pipeline.sound.effects.foley import RECIPES, make
from pipeline.sound.mix.loudness import LoudnessMeter
from pipeline.sound.render import iter_stems
from pipeline.steps import look, make_sound, plan_sound

RATE_HZ = 48000
# what swells, goes on or is a voice: it has no blow that could be early or late
GRADUAL = ("whoosh/", "riser/", "animal/", "door/creak", "door/slide")
TIMES_EACH = 6
# room enough that one sound's ring does not cover the next one's attack
APART_S = 4.0
# energy is watched in windows this short, and begins where it comes within 20 dB of its loudest
_ENERGY_S, _BEGINS_DB = 0.001, -20.0
# frequencies in which a sound has less than this share of its strongest say nothing of where it is
_WEAK = 1e-6
BED_S = 60.0
_CORES = 2


def main() -> None:
    arguments = _arguments()
    if len(os.sched_getaffinity(0)) > _CORES:
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:_CORES]))
    note("onsets ...")
    figures = _onsets()
    note("seeds ...")
    figures |= _seeds()
    note(f"{len(AMBIENCES)} beds of {BED_S:.0f} s ...")
    beds = {name: _bed(name) for name in AMBIENCES}
    controls = _controls()
    figures |= _bed_summary(beds, controls)
    note("whole sound stage ...")
    figures |= _speed(videos_below([arguments.clips or Path(__file__).parents[1] / "samples"]))
    if arguments.json:
        print(json.dumps(figures | {"loop_controls": controls, "beds": beds}, indent=2))
        return
    show(figures, as_json=False)
    show({f"bed {name}": _row(row) for name, row in beds.items()}, as_json=False)
    show({f"control: {name}": _row(row) for name, row in controls.items()}, as_json=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder of videos for the speed of the whole stage")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _row(row: dict[str, float]) -> str:
    return "  ".join(f"{key} {value:.3f}" for key, value in row.items())


# ----------------------------------------------------------------- onsets
def _onsets() -> dict[str, Any]:
    """Rendered onset against cue time, over every effect with an attack, at random times, places and pans."""
    sudden = [sound for sound in _effects() if not sound.startswith(GRADUAL) and not _goes_on(sound)]
    rng = np.random.default_rng(1)
    errors = {sound: _onset_errors_ms(sound, rng) for sound in sudden}
    every = np.abs(np.concatenate(list(errors.values())))
    worst = max(errors, key=lambda sound: np.abs(errors[sound]).max())
    return {
        "onset_sounds": len(sudden),
        "onset_cues": len(every),
        "onset_error_p95_ms": float(np.percentile(every, 95)),
        "onset_error_max_ms": float(every.max()),
        "onset_error_worst": worst,
        # the same cues in blocks of 20 ms, as a renderer without sample accuracy would place them
        "onset_error_p95_ms_if_rounded_to_20_ms": _rounded_p95_ms(),
    }


def _effects() -> list[str]:
    return [f"{family}/{name}" for family in RECIPES for name in families()[family].names]


def _goes_on(sound: str) -> bool:
    family = family_of(sound)
    return family is not None and family.continuous


def _onset_errors_ms(sound: str, rng: np.random.Generator) -> np.ndarray:
    times_s = APART_S * (0.2 + np.arange(TIMES_EACH)) + rng.uniform(0, 0.5, TIMES_EACH)
    cues = tuple(
        Cue(
            id=f"c{number}",
            stem="FX-impacts",
            time_s=float(time_s),
            length_s=1.0,
            category="OBJECTS",
            sound=sound,
            pan=float(rng.uniform(-1, 1)),
            seed=number,
            parameters={"room": float(rng.choice((0.0, 0.3, 0.8))), "distance": float(rng.uniform(0, 0.6))},
        )
        for number, time_s in enumerate(times_s)
    )
    rendered = _render(SoundPlan(duration_s=APART_S * (TIMES_EACH + 1), cues=cues))["FX-impacts"].sum(axis=0)
    return np.asarray([1000 * (_onset_s(rendered, cue) - cue.time_s) for cue in cues])


def _onset_s(rendered: np.ndarray, cue: Cue) -> float:
    # where the dry sound lies in the mix, to a part of a sample, and where its own energy begins
    dry = make(cue.sound, seed=cue.seed, length_s=cue.length_s, parameters=cue.parameters)
    start = round((cue.time_s - 0.5) * RATE_HZ)
    window = rendered[max(start, 0) : start + len(dry) + RATE_HZ]
    return (max(start, 0) + _lag(window, dry) + _energy_onset(dry)) / RATE_HZ


def _lag(mixed: np.ndarray, dry: np.ndarray) -> float:
    # samples by which `dry` is late in `mixed`: the peak of the deconvolved response, refined by a parabola; plain
    # correlation would take a bell's echo in a hall for the bell
    size = 1 << int(np.ceil(np.log2(len(mixed) + len(dry))))
    spectrum = np.fft.rfft(dry.astype(np.float64), size)
    power = np.abs(spectrum) ** 2
    ratio = np.fft.rfft(mixed.astype(np.float64), size) * np.conj(spectrum) / (power + _WEAK * power.max())
    response = np.fft.irfft(ratio, size)
    best = int(np.argmax(response))
    before, peak, after = response[best - 1], response[best], response[(best + 1) % size]
    bend = before - 2 * peak + after
    return (best if best < len(mixed) else best - size) + (0.5 * (before - after) / bend if bend < 0 else 0.0)


def _energy_onset(dry: np.ndarray) -> float:
    # sample at which short-time energy first comes within 20 dB of its loudest, between two samples
    from scipy.ndimage import uniform_filter1d

    energy = uniform_filter1d(dry.astype(np.float64) ** 2, round(_ENERGY_S * RATE_HZ), mode="constant")
    level_db = 10 * np.log10(energy / energy.max() + 1e-12)
    first = int(np.argmax(level_db >= _BEGINS_DB))
    if first == 0:
        return 0.0
    return first - (level_db[first] - _BEGINS_DB) / (level_db[first] - level_db[first - 1])


def _rounded_p95_ms() -> float:
    late_s = np.random.default_rng(2).uniform(0, 10, 1000)
    return float(np.percentile(np.abs(np.round(late_s / 0.02) * 0.02 - late_s), 95) * 1000)


# ------------------------------------------------------------------ seeds
def _seeds() -> dict[str, Any]:
    plan = _everything(seed=0)
    usual = _digest(plan, block_samples=RATE_HZ)
    alike = {}
    for sound in _effects():
        one, other = (make(sound, seed=seed, length_s=1.0) for seed in (1, 2))
        alike[sound] = _likeness(one, other)
    return {
        "bit_identical_again": _digest(plan, block_samples=RATE_HZ) == usual,
        "bit_identical_in_other_blocks": _digest(plan, block_samples=9973) == usual,
        "another_seed_differs": _digest(_everything(seed=1), block_samples=RATE_HZ) != usual,
        # normalised cross-correlation of two seeds at their best lag
        "two_seeds_likeness_median": float(np.median(list(alike.values()))),
        "two_seeds_likeness_max": max(alike.values()),
        "two_seeds_likeness_worst": max(alike, key=lambda sound: alike[sound]),
    }


def _everything(*, seed: int) -> SoundPlan:
    """A plan in which every effect and every ambience is heard."""
    cues = []
    for number, sound in enumerate((*_effects(), *(f"ambience/{name}" for name in AMBIENCES))):
        family = family_of(sound)
        stem = family.stems[0] if family else "BG"
        cues.append(
            Cue(
                id=f"c{number}",
                stem=stem,
                time_s=0.3 + 0.05 * number,
                length_s=1.2,
                category="TEST",
                sound=sound,
                pan=np.sin(number),
                seed=1000 * seed + number,
                parameters={"room": 0.5, "distance": 0.2},
            )
        )
    return SoundPlan(duration_s=0.05 * len(cues) + 2.0, cues=tuple(cues), seed=seed)


def _render(plan: SoundPlan, *, block_samples: int = RATE_HZ) -> dict[str, np.ndarray]:
    blocks = list(iter_stems(plan, block_samples=block_samples))
    return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in blocks[0]}


def _digest(plan: SoundPlan, *, block_samples: int) -> str:
    digest = hashlib.sha256()
    for name, sound in sorted(_render(plan, block_samples=block_samples).items()):
        digest.update(name.encode() + np.ascontiguousarray(sound).tobytes())
    return digest.hexdigest()


def _likeness(one: np.ndarray, other: np.ndarray) -> float:
    from scipy.signal import correlate

    match = correlate(one.astype(np.float64), other.astype(np.float64), mode="full", method="fft")
    return float(np.abs(match).max() / np.sqrt((one.astype(float) ** 2).sum() * (other.astype(float) ** 2).sum()))


# ------------------------------------------------------------------- beds
def _make_bed(name: str, *, length_s: float, seed: int = 1) -> np.ndarray:
    blocks = iter_ambience(name, seed=seed, length_samples=round(length_s * RATE_HZ))
    return np.concatenate(list(blocks), axis=1)


def _bed(name: str) -> dict[str, float]:
    began = time.process_time()
    sound = _make_bed(name, length_s=BED_S)
    spent_s = time.process_time() - began
    correlation, lag_s = repetition(sound.mean(axis=0))
    meter = LoudnessMeter(RATE_HZ, 2)
    meter.add(sound)
    return {
        "repetition": correlation,
        "at_lag_s": lag_s,
        "real_time_factor": spent_s / BED_S,
        "lufs": meter.integrated_lufs or -np.inf,
        "left_right_correlation": float(np.corrcoef(sound)[0, 1]),
    }


def _controls() -> dict[str, dict[str, float]]:
    """Real loops, for which the detector must ring."""
    rows = {}
    for name, period_s in (("rain", 7.0037), ("crowd", 11.0021), ("sea", 23.0049)):
        bed = _make_bed(name, length_s=period_s + 2)[0]
        turn = bed[RATE_HZ : RATE_HZ + round(period_s * RATE_HZ)]
        looped = np.tile(turn, int(BED_S / period_s) + 1)[: round(BED_S * RATE_HZ)]
        correlation, lag_s = repetition(looped)
        rows[f"{name} looped every {period_s} s"] = {"repetition": correlation, "at_lag_s": lag_s}
    return rows


def _bed_summary(beds: dict[str, dict[str, float]], controls: dict[str, dict[str, float]]) -> dict[str, Any]:
    return {
        "bed_count": len(beds),
        "beds_found_looping": sum(row["repetition"] > FOUND for row in beds.values()),
        "beds_repetition_max": max(row["repetition"] for row in beds.values()),
        "control_loops": len(controls),
        "control_loops_found": sum(row["repetition"] > FOUND for row in controls.values()),
        "control_repetition_min": min(row["repetition"] for row in controls.values()),
        "bed_real_time_factor_max": max(row["real_time_factor"] for row in beds.values()),
    }


# ------------------------------------------------------------------ speed
def _speed(clips: list[Path]) -> dict[str, Any]:
    """Wall time of looking, spotting, rendering and mixing against the clips' length; beside it, of decoding alone."""
    spent = {"decode": 0.0, "look": 0.0, "sound": 0.0}
    length_s = 0.0
    settings = load_settings(environment={}).sound
    for path in clips:
        clip = probe(path)
        length_s += clip.duration_s
        began = time.monotonic()
        for _ in read_frames(clip):
            pass
        spent["decode"] += time.monotonic() - began
        began = time.monotonic()
        seen = look(clip, detect=False)
        spent["look"] += time.monotonic() - began
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
            plan = plan_sound(clip, seen.analysis, settings=settings)
            make_sound(clip, plan, Path(folder), settings=settings)
        spent["sound"] += time.monotonic() - began
    return {
        "clips": len(clips),
        "clips_s": length_s,
        "real_time_factor": (spent["look"] + spent["sound"]) / length_s,
        "real_time_factor_look": spent["look"] / length_s,
        "real_time_factor_sound": spent["sound"] / length_s,
        "real_time_factor_decode_only": spent["decode"] / length_s,
        "cores": min(_CORES, len(os.sched_getaffinity(0))),
    }


if __name__ == "__main__":
    main()
