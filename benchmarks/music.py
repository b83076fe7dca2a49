"""Music on the cuts: every cut on a beat, little drift, the key that was asked for, quickly.

    python -m benchmarks.music [--limit N] [--render N] [--clips DIR] [--json]

A hundred random edits of 8 s to 3 min (log-normal shot lengths of a trailer, a spot, a drama), and every clip with cuts
below `--clips` (else FOLEYMARK_CORPUS) as the analysis finds them. Every cut counts, however near to another or to the
ends. `fixed_120` and `best_constant` are the mean errors, in ms, of a metronome at 120 BPM and of the constant tempo
that suits the edit best. Rendered on one core; `rtf` is processor time over duration.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import note, show, videos_below
from pipeline.errors import FoleymarkError
from pipeline.records import Cue, Feeling, SoundPlan
from pipeline.sound.music.beats import ON_BEAT_S
from pipeline.sound.music.harmony import MODE_NAMES
from pipeline.sound.music.music import iter_music
from pipeline.sound.music.score import Score, compose
from pipeline.sound.music.styles import STYLES
from pipeline.sound.music.tempo import CONSTANT_TOLERANCE_S, beat_errors_s, best_constant, plan_tempo

RATE_HZ = 48_000
EDITS = 100
# median shot length, s, and spread (standard deviation of its logarithm): trailer, spot, drama
PACES = ((1.1, 0.6), (2.4, 0.6), (4.5, 0.7))
FRAME_RATES = (24.0, 25.0, 30.0)
# one strong moment in so many seconds, at random; a beat meets one by chance within 20 ms about once in 15
ACCENT_EVERY_S = 6.0
# an attack is looked for this far from a cut; one at random is then half of it away
ATTACK_WINDOW_S = 0.05
# energy above this, so that a held bass hides no attack, in windows this long
ATTACK_HZ, ATTACK_STEP_S = 1500.0, 0.002
# Krumhansl & Kessler 1982, probe tone ratings of C major and C minor
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
KEY_RATE_HZ = 12_000


@dataclass(frozen=True)
class Edit:
    """An edit to be scored."""

    name: str
    cue: Cue
    plan: SoundPlan


def main() -> None:
    arguments = _arguments()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    edits = random_edits(arguments.limit)
    note(f"{len(edits)} random edits ...")
    figures = _maps(edits)
    figures |= _fixed_tempo(edits)
    chosen = edits[: arguments.render] if arguments.render is not None else edits
    note(f"rendering {len(chosen)} of them ...")
    figures |= _rendered(chosen)
    found, reason = _corpus(arguments.clips)
    scored = _maps(found) | _rendered(found) if found else {"skipped": reason}
    figures |= {f"corpus_{name}": value for name, value in scored.items() if name != "by_style"}
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    by_style = figures.pop("by_style", {})
    show(figures, as_json=False)
    show({f"style {style}": _row(row) for style, row in by_style.items()}, as_json=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=EDITS, help="random edits")
    parser.add_argument("--render", type=int, help="render only so many of them")
    parser.add_argument("--clips", type=Path, help="folder of clips; those with cuts are scored")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _row(row: dict[str, float]) -> str:
    return "  ".join(f"{key} {value:.3f}" for key, value in row.items())


# ------------------------------------------------------------------ edits
def random_edits(count: int) -> list[Edit]:
    """Edits with cuts on whole pictures, scenes that feel different, strong moments, and a key that was asked for."""
    return [_random_edit(number) for number in range(count)]


def _random_edit(number: int) -> Edit:
    rng = np.random.default_rng([7, number])
    duration_s = float(np.exp(rng.uniform(np.log(8), np.log(180))))
    median_s, spread = PACES[number % len(PACES)]
    shots_s = np.exp(rng.normal(np.log(median_s), spread, int(20 * duration_s / median_s) + 20))
    rate = FRAME_RATES[int(rng.integers(len(FRAME_RATES)))]
    cuts = np.unique(np.round(np.cumsum(shots_s) * rate) / rate)
    cuts = cuts[(cuts > 0) & (cuts < duration_s)]
    style = list(STYLES)[number % len(STYLES)]
    mode = ("ionian", "aeolian")[int(rng.integers(2))]
    parameters = {"key": float(rng.integers(12)), "mode": float(MODE_NAMES.index(mode))}
    cue = Cue(
        id=f"edit-{number}",
        stem="MX",
        time_s=0.0,
        length_s=round(duration_s, 3),
        category="MUSICAL",
        sound=f"music/{style}",
        seed=number,
        parameters=parameters,
    )
    plan = SoundPlan(
        duration_s=cue.length_s,
        cues=(cue,),
        markers_s=tuple(round(float(cut), 3) for cut in cuts),
        accents_s=tuple(sorted(rng.uniform(0, duration_s, int(duration_s / ACCENT_EVERY_S)).round(3).tolist())),
        feelings=_scenes(rng, cuts, cue.length_s),
    )
    return Edit(f"edit {number}", cue, plan)


def _scenes(rng: np.random.Generator, cuts: np.ndarray, duration_s: float) -> tuple[Feeling, ...]:
    # a change of scene about every fourth cut
    edges = [0.0, *(float(cut) for cut in cuts[rng.uniform(size=len(cuts)) < 0.25]), duration_s]
    return tuple(
        Feeling(a, b, float(rng.uniform(-1, 1)), float(rng.uniform(0, 1)))
        for a, b in zip(edges, edges[1:], strict=False)
        if b > a
    )


def _corpus(folder: Path | None) -> tuple[list[Edit], str]:
    # every clip with cuts, as the real analysis finds them
    named = folder or (Path(os.environ["FOLEYMARK_CORPUS"]) if "FOLEYMARK_CORPUS" in os.environ else None)
    if named is None:
        return [], "no clips: give --clips DIR or set FOLEYMARK_CORPUS"
    if not named.is_dir():
        return [], f"there is no folder {named}"
    found = []
    for path in videos_below([named]):
        plan = _spotted(path)
        cue = next((cue for cue in plan.cues if cue.stem == "MX"), None) if plan else None
        if plan and cue and plan.markers_s:
            found.append(Edit(path.name, cue, plan))
    note(f"{len(found)} clips with cuts below {named}")
    return found, "no clip there has a cut"


def _spotted(path: Path) -> SoundPlan | None:
    from pipeline.media.probe import probe
    from pipeline.sound.spotting.spot import spot
    from pipeline.steps import look

    try:
        return spot(look(probe(path), detect=False).analysis)
    except FoleymarkError as error:
        print(f"{path}: {error}", file=sys.stderr)
        return None


# ------------------------------------------------------------------- maps
def _maps(edits: Sequence[Edit]) -> dict[str, Any]:
    """Errors and drift of the tempo maps, in time from the beats alone."""
    errors: list[float] = []
    drift: list[float] = []
    places: dict[str, int] = defaultdict(int)
    constant, fixed, accents, chance = [], [], [], []
    for edit in edits:
        score = compose(edit.cue, edit.plan)
        tempo, cuts = score.tempo, _cuts(edit)
        errors += (1000 * beat_errors_s(tempo.beats_s, cuts)).tolist()
        drift += np.abs(np.array(tempo.bpm) / tempo.base_bpm - 1).tolist()
        for place in _places(score, cuts):
            places[place] += 1
        fixed += (1000 * beat_errors_s(np.arange(0, edit.cue.length_s + 1, 0.5), cuts)).tolist()
        constant += [1000 * best_constant(cuts, low_bpm=60, high_bpm=150)[2]] * len(cuts)
        accents += (beat_errors_s(tempo.beats_s, edit.plan.accents_s) <= CONSTANT_TOLERANCE_S).tolist()
        blind = plan_tempo(cuts, duration_s=edit.cue.length_s, base_bpm=tempo.base_bpm)
        chance += (beat_errors_s(blind.beats_s, edit.plan.accents_s) <= CONSTANT_TOLERANCE_S).tolist()
    return {
        "edits": len(edits),
        "cuts": len(errors),
        "cut_error_ms_mean": float(np.mean(errors)),
        "cut_error_ms_max": float(np.max(errors)),
        "fixed_120": float(np.mean(fixed)),
        "best_constant": float(np.mean(constant)),
        "tempo_deviation_median": float(np.median(drift)),
        "tempo_deviation_p95": float(np.percentile(drift, 95)),
        # what grid the cuts are on: the beginning of a bar, a beat, or a beat that was split for them
        **{f"cuts_on_{place}": places[place] / len(errors) for place in ("bar", "beat", "split_beat")},
        # beats cut short before a cut, of all beats
        "short_beats": _short_beats(edits),
        "accents_on_beat": float(np.mean(accents)) if accents else None,
        "accents_on_beat_unplanned": float(np.mean(chance)) if chance else None,
    }


def _cuts(edit: Edit) -> list[float]:
    cuts = [cut - edit.cue.time_s for cut in edit.plan.markers_s]
    return [cut for cut in cuts if 0 < cut < edit.cue.length_s]


def _places(score: Score, cuts: Sequence[float]) -> list[str]:
    # a beat that follows another by less than half a quarter note is a split one
    beats, downbeats = np.array(score.tempo.beats_s), set(score.tempo.downbeats)
    found = []
    for cut in cuts:
        index = int(np.abs(beats - cut).argmin())
        unit = score.tempo.units[index - 1] if index else 1.0
        is_near = abs(beats[index] - cut) <= ON_BEAT_S
        found.append("bar" if is_near and index in downbeats else "beat" if unit >= 0.5 else "split_beat")
    return found


def _short_beats(edits: Sequence[Edit]) -> float:
    units = [unit for edit in edits for unit in compose(edit.cue, edit.plan).tempo.units]
    return float(np.mean(np.array(units) < 1))


def _fixed_tempo(edits: Sequence[Edit]) -> dict[str, Any]:
    """What is left when a person fixes the tempo: how many cuts are met, and how far the beats bend."""
    met, bend = [], []
    for edit in edits:
        tempo = plan_tempo(_cuts(edit), duration_s=edit.cue.length_s, base_bpm=100.0, is_fixed=True)
        met += (beat_errors_s(tempo.beats_s, _cuts(edit)) <= CONSTANT_TOLERANCE_S).tolist()
        bend.append(float(np.abs(np.array(tempo.bpm) / tempo.base_bpm - 1).max()))
    return {"fixed_tempo_cuts_met": float(np.mean(met)), "fixed_tempo_deviation_max": max(bend)}


# --------------------------------------------------------------- rendered
def _rendered(edits: Sequence[Edit]) -> dict[str, Any]:
    """What the finished sound says: attacks at the cuts, key, speed."""
    heard = []
    for number, edit in enumerate(edits):
        heard.append(listen(edit, seed=number))
        if (number + 1) % 10 == 0:
            note(f"{number + 1} rendered")
    return summary(heard) if heard else {}


def listen(edit: Edit, *, seed: int) -> dict[str, Any]:
    """Render an edit; attacks near its cuts and at random moments, relation of its key to the one asked for, time."""
    mono, seconds = _render(edit)
    # nothing can be heard to begin in the last tenth of a second
    attacks = _attack_errors_ms(mono, [cut for cut in _cuts(edit) if cut < edit.cue.length_s - 0.1])
    free = np.random.default_rng(seed).uniform(0.2, max(0.3, edit.cue.length_s - 0.2), len(attacks))
    return {
        "style": edit.cue.sound.partition("/")[2],
        "seconds": [seconds],
        "length_s": [edit.cue.length_s],
        "attack_ms": attacks,
        "random_ms": _attack_errors_ms(mono, free.tolist()),
        "key": _keys(edit, mono),
    }


def summary(heard: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures over many renderings, and by style."""
    rows: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for one in heard:
        for style in ("", one["style"]):
            for name in ("seconds", "length_s", "attack_ms", "random_ms", "key"):
                rows[style][name] += one[name]
    every = _heard(rows.pop(""))
    by_style = {style: _heard(row) for style, row in rows.items()}
    return {**every, "rtf_worst_style": max(row["rtf"] for row in by_style.values()), "by_style": by_style}


def _keys(edit: Edit, mono: np.ndarray) -> list[str]:
    # how the key that is heard is related to the one that was asked for; nothing where none was
    if "key" not in edit.cue.parameters:
        return []
    asked = int(edit.cue.parameters["key"]), MODE_NAMES[int(edit.cue.parameters["mode"])]
    return [key_relation(estimate_key(mono), asked)]


def _heard(row: dict[str, list[Any]]) -> dict[str, float]:
    keys = row["key"]
    found = {
        # the steepest rise of sound within 50 ms of a cut, and the same at random moments
        "attack_error_ms_median": float(np.median(np.abs(row["attack_ms"]))),
        "attack_error_ms_p95": float(np.percentile(np.abs(row["attack_ms"]), 95)),
        "attack_within_10_ms": float(np.mean(np.abs(row["attack_ms"]) <= 10)),
        "attack_within_10_ms_at_random": float(np.mean(np.abs(row["random_ms"]) <= 10)),
        "rtf": sum(row["seconds"]) / sum(row["length_s"]),
    }
    if not keys:
        return found
    return found | {
        "key_match": keys.count("same") / len(keys),
        "key_relative": keys.count("relative") / len(keys),
        "key_fifth_or_parallel": (keys.count("fifth") + keys.count("parallel")) / len(keys),
    }


def _render(edit: Edit) -> tuple[np.ndarray, float]:
    # float32 [samples], and the processor's seconds
    began = time.process_time()
    blocks = list(iter_music(edit.cue, edit.plan, sample_rate_hz=RATE_HZ, block_samples=RATE_HZ))
    seconds = time.process_time() - began
    return np.concatenate([block.mean(axis=0) for block in blocks]), seconds


def _attack_errors_ms(mono: np.ndarray, moments_s: Sequence[float]) -> list[float]:
    """Time of the steepest rise within 50 ms of each moment, ms from it."""
    from scipy.signal import butter, sosfilt

    high = sosfilt(butter(2, ATTACK_HZ, "highpass", fs=RATE_HZ, output="sos"), mono)
    step = round(ATTACK_STEP_S * RATE_HZ)
    power = np.add.reduceat(high**2, np.arange(0, len(high), step)) + 1e-10
    # one step against the mean of the four before
    before = np.convolve(power, np.r_[0.0, np.full(4, 0.25)])[: len(power)] + 1e-10
    rise = power / before
    reach = round(ATTACK_WINDOW_S / ATTACK_STEP_S)
    errors = []
    for moment in moments_s:
        middle = round(moment / ATTACK_STEP_S)
        first = max(4, middle - reach)
        here = rise[first : middle + reach + 1]
        if len(here):
            errors.append(1000 * ((first + int(here.argmax())) * ATTACK_STEP_S - moment))
    return errors


def estimate_key(mono: np.ndarray) -> tuple[int, str]:
    """Key of a recording (tonic 0 C .. 11 B, "ionian" or "aeolian"): chroma against Krumhansl's profiles."""
    import librosa
    from scipy.signal import resample_poly

    low = resample_poly(mono, 1, RATE_HZ // KEY_RATE_HZ).astype(np.float32)
    chroma = librosa.feature.chroma_stft(y=low, sr=KEY_RATE_HZ, n_fft=4096, hop_length=2048, tuning=0.0).sum(axis=1)
    scores = {
        (tonic, mode): float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1])
        for mode, profile in (("ionian", MAJOR), ("aeolian", MINOR))
        for tonic in range(12)
    }
    return max(scores, key=lambda key: scores[key])


def key_relation(found: tuple[int, str], asked: tuple[int, str]) -> str:
    """How two keys are related: same, relative (the same notes), parallel, fifth, or other."""
    if found == asked:
        return "same"
    up = (found[0] - asked[0]) % 12
    if found[1] != asked[1]:
        relative = 9 if asked[1] == "ionian" else 3
        return "relative" if up == relative else "parallel" if up == 0 else "other"
    return "fifth" if up in (5, 7) else "other"


if __name__ == "__main__":
    main()
