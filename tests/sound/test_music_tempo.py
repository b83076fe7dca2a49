"""Tempo maps: every cut on a beat, little drift, fixed tempos, strong moments, hostile markers."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sound.music.beats import SHORTEST_BAR, downbeats, split_at
from pipeline.sound.music.counts import FIXED_DEVIATION, MAX_DEVIATION
from pipeline.sound.music.tempo import beat_errors_s, best_constant, plan_tempo, usable_markers


def random_edit(rng: np.random.Generator, *, median_s: float = 2.2, spread: float = 0.7) -> tuple[list[float], float]:
    cuts = np.cumsum(np.exp(rng.normal(np.log(median_s), spread, 80)))
    duration = float(rng.uniform(8, 60))
    return [float(c) for c in cuts if c < duration], duration


def test_without_markers_the_tempo_is_the_wished_one():
    tempo = plan_tempo([], duration_s=10, base_bpm=120)
    np.testing.assert_allclose(tempo.beats_s, np.arange(0, 10.01, 0.5))
    assert tempo.downbeats == (0, 4, 8, 12, 16)


def test_cuts_on_a_steady_grid_keep_a_constant_tempo():
    cuts = [2.4, 4.8, 9.6, 10.8]
    tempo = plan_tempo(cuts, duration_s=14, base_bpm=96)
    np.testing.assert_allclose(tempo.bpm, 100, rtol=1e-6)
    assert beat_errors_s(tempo.beats_s, cuts).max() < 1e-9


def test_a_grid_that_is_a_little_off_is_bent_and_not_replaced():
    rng = np.random.default_rng(2)
    cuts = (np.array([4, 8, 14, 20, 24]) * 0.6 + rng.uniform(-0.015, 0.015, 5)).tolist()
    tempo = plan_tempo(cuts, duration_s=16, base_bpm=100)
    assert set(tempo.units) == {1.0}
    assert beat_errors_s(tempo.beats_s, cuts).max() < 1e-9
    assert np.abs(np.array(tempo.bpm) / tempo.base_bpm - 1).max() < 0.05


def test_every_cut_lands_on_a_beat_where_fixed_tempos_miss():
    rng = np.random.default_rng(11)
    ours, fixed, constant, drift, on_bars = [], [], [], [], []
    for _ in range(40):
        cuts, duration = random_edit(rng)
        tempo = plan_tempo(cuts, duration_s=duration, base_bpm=float(rng.uniform(70, 130)))
        ours += beat_errors_s(tempo.beats_s, cuts).tolist()
        fixed.append(beat_errors_s(np.arange(0, duration + 1, 0.5), cuts).mean())
        constant.append(best_constant(cuts, low_bpm=60, high_bpm=150)[2])
        drift += np.abs(np.array(tempo.bpm) / tempo.base_bpm - 1).tolist()
        bars = np.array(tempo.beats_s)[list(tempo.downbeats)]
        on_bars += [np.abs(bars - cut).min() < 1e-4 for cut in cuts]
        assert tempo.missed_s == ()
    assert max(ours) < 0.005
    assert np.mean(fixed) > 0.1
    assert np.mean(constant) > 0.03
    assert np.median(drift) <= MAX_DEVIATION
    assert np.quantile(drift, 0.9) <= MAX_DEVIATION * 1.02
    assert np.mean(on_bars) > 0.75


@pytest.mark.parametrize("seed", range(6))
def test_a_tempo_map_is_well_formed(seed):
    rng = np.random.default_rng(seed)
    cuts, duration = random_edit(rng, median_s=0.6 if seed % 2 else 2.2)
    tempo = plan_tempo(cuts, duration_s=duration, base_bpm=100, accents_s=rng.uniform(0, duration, 8).tolist())
    beats = np.array(tempo.beats_s)
    assert beats[0] <= 0 < beats[1] and beats[-1] >= duration
    assert (np.diff(beats) > 0).all()
    units = np.array(tempo.units)
    assert len(units) == len(beats) - 1
    assert (units > 0).all() and (units <= 1).all() and (units * 16 % 1 == 0).all()
    assert abs(tempo.base_bpm / 100 - 1) <= 0.13
    position = np.concatenate([[0], np.cumsum(units)])
    bars = np.diff(position[list(tempo.downbeats)])
    assert (bars >= SHORTEST_BAR - 1e-9).all() and (bars <= 5.5).all()


def test_flash_cuts_of_one_picture_and_cuts_at_the_ends_have_beats():
    cuts = [0.04, 2.0, 2.04, 2.08, 2.2, 5.0, 5.1, 9.9, 9.96]
    tempo = plan_tempo(cuts, duration_s=10, base_bpm=100)
    assert beat_errors_s(tempo.beats_s, cuts).max() < 1e-4
    assert min(tempo.units) < 0.5


def test_a_strobe_of_cuts_still_makes_a_map():
    cuts = np.arange(1, 4, 1 / 60).tolist()
    tempo = plan_tempo(cuts, duration_s=5, base_bpm=120)
    assert beat_errors_s(tempo.beats_s, cuts).max() < 1e-4
    assert (np.diff(tempo.beats_s) > 0).all() and min(tempo.units) > 0


def test_a_beat_is_split_on_sixteenths_and_never_to_nothing():
    beats, units = split_at([0.0, 0.6, 1.2], [1.0, 1.0], [0.16, 0.9])
    assert beats == [0.0, 0.16, 0.6, 0.9, 1.2]
    assert units == [0.25, 0.75, 0.5, 0.5]
    _, tiny = split_at([0.0, 0.04], [1 / 16], [0.01])
    assert tiny == [1 / 32, 1 / 32]


def test_a_bar_is_never_shorter_than_a_beat_and_a_half():
    beats = [0.5 * n for n in range(13)]
    assert downbeats(beats, [1.0] * 12, [2.5]) == (0, 3, 5, 9)
    assert downbeats(beats, [1.0] * 12, [0.5, 3.0]) == (0, 4, 6, 10)


def test_strong_moments_are_met_where_that_costs_little_and_cuts_all_the_same():
    rng = np.random.default_rng(4)
    met, blind = [], []
    for _ in range(30):
        cuts, duration = random_edit(rng, median_s=4.0)
        accents = np.sort(rng.uniform(0, duration, 6)).tolist()
        tempo = plan_tempo(cuts, duration_s=duration, base_bpm=100, accents_s=accents)
        assert beat_errors_s(tempo.beats_s, cuts).max() < 1e-6
        without = plan_tempo(cuts, duration_s=duration, base_bpm=100)
        met += (beat_errors_s(tempo.beats_s, accents) < 0.02).tolist()
        blind += (beat_errors_s(without.beats_s, accents) < 0.02).tolist()
        whole = np.array(tempo.units) == 1
        assert np.quantile(np.abs(np.array(tempo.bpm)[whole] / tempo.base_bpm - 1), 0.9) <= MAX_DEVIATION * 1.1
    assert np.mean(met) > 2 * np.mean(blind)


def test_without_cuts_a_constant_tempo_leans_towards_strong_moments():
    accents = [1.3, 3.1, 5.5, 8.5]  # every 0.6 s from 0.1 s
    tempo = plan_tempo([], duration_s=12, base_bpm=97, accents_s=accents)
    assert np.ptp(tempo.bpm) < 1e-6
    assert beat_errors_s(tempo.beats_s, accents).max() < 0.03


@pytest.mark.parametrize("bpm", [72.0, 100.0, 140.0])
def test_a_fixed_tempo_stays_and_says_what_it_misses(bpm):
    rng = np.random.default_rng(8)
    missed, total = 0, 0
    for _ in range(20):
        cuts, duration = random_edit(rng, median_s=3.0)
        tempo = plan_tempo(cuts, duration_s=duration, base_bpm=bpm, accents_s=[1.0, 5.0], is_fixed=True)
        assert tempo.base_bpm == bpm
        assert np.abs(np.array(tempo.bpm) / bpm - 1).max() <= FIXED_DEVIATION + 1e-9
        errors = beat_errors_s(tempo.beats_s, cuts)
        assert tempo.missed_s == tuple(c for c, e in zip(cuts, errors, strict=True) if e > 0.02)
        missed, total = missed + len(tempo.missed_s), total + len(cuts)
    assert 0 < missed < 0.35 * total


def test_a_fixed_tempo_meets_its_own_grid_entirely():
    cuts = [2.0, 4.5, 6.0, 9.5]
    tempo = plan_tempo(cuts, duration_s=12, base_bpm=120, is_fixed=True)
    assert tempo.missed_s == () and set(tempo.units) == {1.0}
    np.testing.assert_allclose(tempo.bpm, 120)


def test_hostile_markers_are_left_out():
    markers = [float("nan"), float("inf"), -3.0, 0.0, 0.01, 4.0, 4.001, 4.05, 10.0, 99.0]
    assert usable_markers(markers, duration_s=10) == [0.01, 4.0, 4.05]
    for duration_s, bpm in ((float("nan"), 100), (0, 100), (10, float("inf")), (10, -1)):
        with pytest.raises(ValueError, match="positive"):
            plan_tempo([], duration_s=duration_s, base_bpm=bpm)


def test_thousands_of_markers_are_planned():
    rng = np.random.default_rng(0)
    markers = np.sort(rng.uniform(0, 4000, 8000))
    tempo = plan_tempo(markers, duration_s=4000, base_bpm=100, accents_s=rng.uniform(0, 4000, 2000))
    assert beat_errors_s(tempo.beats_s, usable_markers(markers, duration_s=4000)).max() < 1e-4
