"""A person's own track: are its beats found, do its downbeats meet the cuts, are its joins heard?

    python -m benchmarks.own_track [--edits 3] [--json]

Tracks of known beats are made on the spot (clicks, a band, a piano; 60 to 180 BPM; 3/4 and 4/4; swing; a wandering
tempo) and cut to random edits. Beside our beats stand those of plain `librosa.beat.beat_track`, beside our cuts the
track played from its start and the track slid to its best place, beside our joins cuts at the picture's cuts without
regard to bars.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import note, show
from benchmarks.tracks import RATE_HZ, Made, make_track

CLOSE_S, WIDE_S = 0.02, 0.07
KINDS = ("click", "band", "soft")
# an edit lasts this long, with a cut every few seconds
EDIT_S, GAP_S = (30.0, 75.0), (1.5, 8.0)
OUT_HZ = 48_000


def tracks() -> list[Made]:
    """The material."""
    straight = [
        make_track(bpm=bpm, kind=kind, bars=40, lead_s=0.1 + 0.07 * index)
        for index, bpm in enumerate((60, 72, 84, 97, 110, 126, 140, 155, 180))
        for kind in KINDS
    ]
    waltzes = [make_track(bpm=bpm, kind=kind, beats_per_bar=3, bars=48) for bpm in (84, 120, 170) for kind in KINDS]
    swung = [make_track(bpm=bpm, kind="band", swing=0.64, bars=40) for bpm in (78, 112, 148)]
    drifting = [make_track(bpm=bpm, kind=kind, drift=0.02, bars=40) for bpm in (84, 124) for kind in KINDS]
    return [*straight, *waltzes, *swung, *drifting]


# ------------------------------------------------------------------ beats
@dataclass(frozen=True)
class Found:
    """How well beats were found on one track."""

    median_ms: float
    bias_ms: float
    close: float
    f_close: float
    f_wide: float
    downbeats: float


def judge(found_s: np.ndarray, downbeats_s: np.ndarray, made: Made) -> Found:
    """Figures of some beats against the truth."""
    from mir_eval.beat import f_measure

    nearest = found_s[np.abs(made.beats_s[:, None] - found_s[None, :]).argmin(axis=1)]
    error_s = nearest - made.beats_s
    return Found(
        median_ms=1000 * float(np.median(np.abs(error_s))),
        bias_ms=1000 * float(np.median(error_s)),
        close=float(np.mean(np.abs(error_s) <= CLOSE_S)),
        f_close=f_measure(made.beats_s, found_s, CLOSE_S),
        f_wide=f_measure(made.beats_s, found_s, WIDE_S),
        downbeats=f_measure(made.downbeats_s, downbeats_s, CLOSE_S),
    )


def plain_librosa(made: Made) -> np.ndarray:
    """What `librosa.beat.beat_track` says with nothing set."""
    import librosa

    mono = librosa.resample(made.sound.mean(axis=0), orig_sr=RATE_HZ, target_sr=22_050)
    return librosa.beat.beat_track(y=mono, sr=22_050, units="time")[1]


def mean_of(judged: list[Found]) -> dict[str, float]:
    """The means of figures over tracks; of errors the median."""
    return {
        "median_error_ms": round(float(np.median([one.median_ms for one in judged])), 2),
        "bias_ms": round(float(np.median([one.bias_ms for one in judged])), 2),
        "within_20_ms": round(float(np.mean([one.close for one in judged])), 3),
        "f_20_ms": round(float(np.mean([one.f_close for one in judged])), 3),
        "f_70_ms": round(float(np.mean([one.f_wide for one in judged])), 3),
        "downbeat_f_20_ms": round(float(np.mean([one.downbeats for one in judged])), 3),
    }


# ------------------------------------------------------------------- cuts
def draw_cuts(random: np.random.Generator) -> tuple[float, tuple[float, ...]]:
    """Length of an edit and its cuts, s."""
    length_s = float(random.uniform(*EDIT_S))
    cuts = np.cumsum(random.uniform(*GAP_S, size=60))
    return length_s, tuple(float(cut) for cut in cuts[cuts < length_s - 1.5])


def nearest_s(times_s: np.ndarray, cuts: tuple[float, ...]) -> np.ndarray:
    """Distance of each cut to the nearest of some times, s."""
    return np.abs(np.asarray(cuts)[:, None] - times_s[None, :]).min(axis=1)


def slid_s(made: Made, cuts: tuple[float, ...]) -> np.ndarray:
    """The distances at the best place of the whole track under the picture, by search in steps of 10 ms."""
    bar_s = float(np.median(np.diff(made.downbeats_s)))
    many = np.concatenate([made.downbeats_s, made.downbeats_s[-1] + bar_s * np.arange(1, 200)])
    return min((nearest_s(many - offset, cuts) for offset in np.arange(0, bar_s, 0.01)), key=np.mean)


def heard_error_s(out: np.ndarray, cut_s: float, downbeat_s: float, made: Made) -> float:
    """How late a downbeat of the track is heard after a cut, s: the track's own sound looked for in what came out."""
    from scipy.signal import correlate, resample_poly

    around = round(downbeat_s * RATE_HZ)
    piece = made.sound[:, max(around - 441, 0) : around + 3528].mean(axis=0)
    piece = np.diff(resample_poly(piece, 160, 147))
    reach = round(0.05 * OUT_HZ)
    begin = round(cut_s * OUT_HZ) - 480 - reach
    window = np.diff(out.mean(axis=0)[max(begin, 0) : begin + len(piece) + 2 * reach + 1])
    return (int(correlate(window, piece, mode="valid").argmax()) + max(begin, 0) - begin - reach) / OUT_HZ


def edit(made: Made, file: Path, length_s: float, cuts: tuple[float, ...]) -> dict[str, Any]:
    """Cut a track to an edit and listen."""
    from pipeline.records import Cue, SoundPlan
    from pipeline.sound.track.track import analyse, iter_track, plan_cut

    track = analyse(file)
    cut = plan_cut(track, cuts, length_s)
    if cut is None or track.beats is None:
        return {"met": 0, "errors_s": [], "distances_s": [], "blends": [], "others": []}
    cue = Cue("own", "MX", 0.0, length_s, "MUSICAL", f"track/{file.name}")
    plan = SoundPlan(length_s, (cue,), markers_s=cuts)
    began = time.process_time()
    blocks = list(iter_track(cue, plan, file=file, sample_rate_hz=OUT_HZ, block_samples=OUT_HZ))
    took_s = time.process_time() - began
    out = np.concatenate(blocks, axis=1)
    own = track.beats.times_s
    errors = []
    for met in cut.met_s:
        beat = cut.beats[int(np.abs(cut.times_s[:-1] - met).argmin())]
        true = made.downbeats_s[np.abs(made.downbeats_s - own[beat]).argmin()]
        far_s = float(own[beat] - true)
        errors.append(heard_error_s(out, met, true, made) if abs(far_s) < WIDE_S else far_s)
    bars = np.array([t for t, b in zip(cut.times_s, cut.beats, strict=False) if track.beats.phases[b] == 0])
    joins = [float(cut.times_s[k]) for k in cut.joins if cut.times_s[k] < length_s - 0.1]
    lines = [float(t) for t in bars if 0.2 < t < length_s - 0.1 and min((abs(t - j) for j in joins), default=9) > 0.05]
    return {
        "met": len(cut.met_s),
        "errors_s": errors,
        "distances_s": nearest_s(bars, cuts).tolist() if cuts else [],
        "blends": roughness(out, joins),
        "others": roughness(out, lines),
        "hard": roughness(hard_cut(made, length_s, cuts), list(cuts)),
        "rtf": took_s / length_s,
    }


def roughness(out: np.ndarray, times_s: list[float]) -> list[float]:
    """Largest rise of the spectrum (5 ms steps) from 65 to 12 ms before each time, where no attack belongs."""
    mono = out.mean(axis=0)
    found = []
    for time_s in times_s:
        begin = round((time_s - 0.065) * OUT_HZ)
        part = mono[max(begin, 0) : round((time_s - 0.012) * OUT_HZ)]
        views = np.lib.stride_tricks.sliding_window_view(part, 512)[::240] if len(part) > 752 else np.zeros((2, 512))
        bands = np.log1p(300 * np.abs(np.fft.rfft(views * np.hanning(512), axis=1)))
        found.append(float(np.maximum(np.diff(bands, axis=0), 0).mean(axis=1).max()))
    return found


def hard_cut(made: Made, length_s: float, cuts: tuple[float, ...]) -> np.ndarray:
    """The track cut where the picture cuts, each time to another place, without a blend."""
    from scipy.signal import resample_poly

    random = np.random.default_rng(len(cuts))
    parts = []
    for start_s, end_s in zip((0.0, *cuts), (*cuts, length_s), strict=True):
        count = round((end_s - start_s) * RATE_HZ)
        begin = int(random.integers(0, max(made.sound.shape[1] - count - RATE_HZ, 1)))
        parts.append(np.pad(made.sound[:, begin : begin + count], ((0, 0), (0, 8)))[:, :count])
    return resample_poly(np.concatenate(parts, axis=1), 160, 147, axis=1)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=3, help="random edits a track")
    parser.add_argument("--tracks", type=int, default=0, help="only so many of the tracks")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    material = tracks()
    chosen = np.random.default_rng(0).permutation(len(material))[: arguments.tracks or None]
    figures = run([material[index] for index in sorted(chosen)], arguments.edits)
    show(figures if arguments.json else _flat(figures), as_json=arguments.json)
    return 0


@dataclass
class _Sums:
    """What is gathered over the tracks."""

    ours: list[Found] = field(default_factory=list)
    theirs: list[Found] = field(default_factory=list)
    table: list[dict[str, Any]] = field(default_factory=list)
    edited: list[dict[str, Any]] = field(default_factory=list)
    uncut_s: list[float] = field(default_factory=list)
    slid_s: list[float] = field(default_factory=list)
    sound_s: float = 0.0
    analysis_s: float = 0.0


def run(material: list[Made], edits: int) -> dict[str, Any]:
    """All figures for some tracks."""
    import soundfile

    sums = _Sums()
    with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        for index, made in enumerate(material):
            file = Path(folder) / f"{index}.wav"
            soundfile.write(file, made.sound.T, RATE_HZ, subtype="FLOAT")
            _judge_beats(made, file, sums)
            random = np.random.default_rng([7, index])
            for length_s, cuts in (draw_cuts(random) for _ in range(edits)):
                sums.edited.append(edit(made, file, length_s, cuts))
                sums.uncut_s += nearest_s(made.downbeats_s, cuts).tolist()
                sums.slid_s += slid_s(made, cuts).tolist()
    return _figures(sums)


def _judge_beats(made: Made, file: Path, sums: _Sums) -> None:
    from pipeline.sound.track.track import analyse

    began = time.process_time()
    beats = analyse(file).beats
    sums.analysis_s += time.process_time() - began
    sums.sound_s += made.sound.shape[1] / RATE_HZ
    plain, nothing = plain_librosa(made), np.array([-1.0])
    sums.theirs.append(judge(plain, plain[::4], made))
    mine = judge(beats.times_s if beats else nothing, beats.downbeats_s if beats else nothing, made)
    sums.ours.append(mine)
    row = {
        "track": made.name,
        "bpm": round(beats.bpm, 2) if beats else None,
        "metre": beats.metre if beats else None,
        "f_20_ms": round(mine.f_close, 2),
        "downbeat_f": round(mine.downbeats, 2),
        "median_ms": round(mine.median_ms, 1),
        "librosa_f": round(sums.theirs[-1].f_close, 2),
    }
    sums.table.append(row)
    note("  ".join(f"{name} {value}" for name, value in row.items()))


def _figures(sums: _Sums) -> dict[str, Any]:
    edited = sums.edited
    errors = np.abs([error for one in edited for error in one["errors_s"]])
    gathered = {key: np.array([v for one in edited for v in one.get(key, [])]) for key in ("blends", "others", "hard")}
    cuts = len(sums.uncut_s)
    return {
        "tracks": len(sums.ours),
        "beats": mean_of(sums.ours),
        "beats_librosa": mean_of(sums.theirs),
        "cuts": {
            "edits": len(edited),
            "cuts": cuts,
            "met_share": round(sum(one["met"] for one in edited) / max(cuts, 1), 3),
            "met_error_ms_mean": round(1000 * float(errors.mean()), 2),
            "met_error_ms_p95": round(1000 * float(np.percentile(errors, 95)), 2),
            "met_within_20_ms": round(float(np.mean(errors <= CLOSE_S)), 3),
            "all_to_downbeat_ms_mean": round(1000 * float(np.mean([d for e in edited for d in e["distances_s"]])), 1),
            "uncut_to_downbeat_ms_mean": round(1000 * float(np.mean(sums.uncut_s)), 1),
            "slid_to_downbeat_ms_mean": round(1000 * float(np.mean(sums.slid_s)), 1),
        },
        "joins": {
            "joins": len(gathered["blends"]),
            "roughness": _spread(gathered["blends"]),
            "roughness_at_other_bars": _spread(gathered["others"]),
            "roughness_of_hard_cuts": _spread(gathered["hard"]),
        },
        "analysis_rtf": round(sums.analysis_s / sums.sound_s, 4),
        "playing_rtf": round(float(np.mean([one["rtf"] for one in edited if "rtf" in one])), 4),
        "table": sums.table,
    }


def _spread(values: np.ndarray) -> dict[str, float]:
    return {"median": round(float(np.median(values)), 3), "p95": round(float(np.percentile(values, 95)), 3)}


def _flat(figures: dict[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in figures.items() if not isinstance(value, dict | list)}
    for group in ("beats", "beats_librosa", "cuts", "joins"):
        flat |= {f"{group} {name}": value for name, value in figures[group].items()}
    return flat


if __name__ == "__main__":
    sys.exit(main())
