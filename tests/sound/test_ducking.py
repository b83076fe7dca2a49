"""Ducking: what is found in production sound, and how music and ambience move under it."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from benchmarks.spoken import say, talk
from pipeline.records import Stems
from pipeline.sound.mix.activity import HOP_S, Activity, find_activity, level_envelope
from pipeline.sound.mix.dip import DEPTH_DB as DIP_DB
from pipeline.sound.mix.dip import Dip, peaking
from pipeline.sound.mix.ducking import DEPTH_DB, OTHER_DEPTH_DB, Automation, automate, curve
from pipeline.sound.mix.mixer import ducked_stems, plan_ducking

RATE = 48_000


def wind(seconds: float, level_db: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((2, int(seconds * RATE))) * 10 ** (level_db / 20)


def blows(seconds: float, times_s: list[float]) -> np.ndarray:
    sound, time = np.zeros((2, int(seconds * RATE))), np.arange(int(0.3 * RATE)) / RATE
    for start in (int(t * RATE) for t in times_s):
        part = 0.5 * np.exp(-time / 0.05) * np.random.default_rng(start).standard_normal(len(time))
        sound[:, start : start + len(part)] += part[: sound.shape[1] - start]
    return sound


def automation(speech: np.ndarray, other: np.ndarray | None = None) -> Automation:
    quiet = np.zeros(len(speech), dtype=bool)
    return automate(Activity(hop_s=HOP_S, speech=speech, other=quiet if other is None else other))


def spans(*edges: tuple[float, float], seconds: float = 8.0) -> np.ndarray:
    active = np.zeros(round(seconds / HOP_S), dtype=bool)
    for start, end in edges:
        active[round(start / HOP_S) : round(end / HOP_S)] = True
    return active


def stems_of(folder, sounds: dict[str, np.ndarray]) -> Stems:
    for name, sound in sounds.items():
        soundfile.write(folder / f"{name}.wav", sound.T.astype(np.float32), RATE, subtype="FLOAT")
    samples = next(iter(sounds.values())).shape[1]
    return Stems(folder=folder, files={n: f"{n}.wav" for n in sounds}, sample_rate_hz=RATE, samples=samples)


# --------------------------------------------------------------- activity
def test_speech_is_found_and_its_beginning_is_not_missed():
    spans_s = [(1.0, 2.4), (4.0, 5.6)]
    activity = find_activity([talk(7, spans_s)], sample_rate_hz=RATE)
    at_s = (np.arange(len(activity.speech)) + 0.5) * HOP_S
    inside = ((at_s > 1.0) & (at_s < 2.4)) | ((at_s > 4.0) & (at_s < 5.6))
    assert activity.speech[inside].mean() > 0.9
    assert activity.speech[~inside].mean() < 0.05
    starts = at_s[np.flatnonzero(np.diff(activity.speech.astype(int)) == 1) + 1]
    assert abs(starts[0] - 1.0) < 0.05
    assert np.abs(starts - 4.0).min() < 0.05


@pytest.mark.parametrize("kind", ["wind", "blows", "hum", "chord", "silence"])
def test_what_is_not_speech_is_not_taken_for_it(kind):
    time = np.arange(6 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * f * time) * np.exp(-(time % 0.5) / 0.3) for f in (220, 277, 330, 440))
    sounds = {
        "wind": wind(6, -25),
        "blows": blows(6, [0.5, 1.7, 2.2, 4.4]),
        "hum": np.stack([0.2 * np.sin(2 * np.pi * 100 * time)] * 2),
        "chord": np.stack([0.1 * chord] * 2),
        "silence": np.zeros((2, len(time))),
    }
    activity = find_activity([sounds[kind]], sample_rate_hz=RATE)
    assert not activity.speech.any()
    assert activity.other.any() == (kind != "silence")


def test_speech_in_noise_is_speech():
    sound = talk(6, [(2, 4)]) + wind(6, -42)
    activity = find_activity([sound], sample_rate_hz=RATE)
    assert activity.speech[200:400].mean() > 0.9
    assert not activity.speech[:150].any() and not activity.speech[450:].any()


def test_noise_floor_of_production_sound_is_nothing_to_duck_for():
    sound = wind(6, -55) + blows(6, [3.0])
    activity = find_activity([sound], sample_rate_hz=RATE)
    assert activity.other[300:303].all()
    assert not activity.other[:290].any() and not activity.other[350:].any()


@pytest.mark.parametrize("block", [997, 48_000, 10_000_000])
def test_blocks_do_not_matter(block):
    sound = talk(5, [(1, 2.5)]) + wind(5, -50)
    parts = [sound[:, start : start + block] for start in range(0, sound.shape[1], block)]
    whole, cut = find_activity([sound], sample_rate_hz=RATE), find_activity(parts, sample_rate_hz=RATE)
    np.testing.assert_array_equal(whole.speech, cut.speech)
    np.testing.assert_array_equal(whole.other, cut.other)


def test_level_envelope_counts_the_last_piece():
    level = level_envelope([wind(1, -20), wind(1, -40)[:, :100]], sample_rate_hz=RATE)
    assert len(level) == 101
    assert level[:100].mean() == pytest.approx(-20, abs=0.3) and level[100] == pytest.approx(-40, abs=2)


# ------------------------------------------------------------- automation
def test_depth_look_ahead_hold_and_release():
    moved = automation(spans((2.0, 3.0)))
    for stem, depth in DEPTH_DB.items():
        level = moved.level_db(stem)
        assert level[round(1.79 / HOP_S)] == 0
        assert level[round(1.9 / HOP_S)] == pytest.approx(depth / 2, abs=0.01)
        assert level[round(2.0 / HOP_S)] == depth
        assert level[round(3.28 / HOP_S)] == depth
        assert depth < level[round(3.6 / HOP_S)] < 0
        assert level[round(3.91 / HOP_S)] == 0


@pytest.mark.parametrize(("pause_s", "stays"), [(0.25, True), (0.85, True), (1.3, False)])
def test_short_pauses_stay_down(pause_s, stays):
    amount = automation(spans((1.0, 2.0), (2.0 + pause_s, 4.0))).amount
    assert (amount[100:390].min() == 1) == stays
    assert amount[100:390].min() < 1 or stays


def test_other_sound_gets_less_room_than_speech_and_the_lower_counts():
    moved = automation(spans((2.0, 3.0)), spans((1.0, 2.5), (6.0, 6.5)))
    assert moved.level_db("MX")[110] == OTHER_DEPTH_DB["MX"] > DEPTH_DB["MX"]
    assert moved.level_db("MX")[250] == DEPTH_DB["MX"]
    assert moved.level_db("BG")[620] == OTHER_DEPTH_DB["BG"] > DEPTH_DB["BG"]
    # nobody has to be understood there
    assert moved.dip(start=6 * RATE, samples=100, sample_rate_hz=RATE).max() == 0
    assert not moved.level_db("FX-impacts").any() and not moved.level_db("DX").any()


@pytest.mark.parametrize("stem", ["MX", "BG"])
def test_curve_is_what_the_mixer_does(stem):
    rng = np.random.default_rng(3)
    edges = np.sort(rng.uniform(0, 60, 40)).reshape(-1, 2)
    moved = automation(spans(*edges[::2].tolist(), seconds=60), spans(*edges[1::2].tolist(), seconds=60))
    points = curve(moved, stem)
    times_s, levels_db = np.asarray(points).T
    assert (np.diff(times_s) > 0).all()
    at_s = np.arange(0, 60 * RATE, 97) / RATE
    applied = 20 * np.log10(moved.gain(stem, start=0, samples=60 * RATE, sample_rate_hz=RATE)[::97])
    assert np.abs(np.interp(at_s, times_s, levels_db) - applied).max() < 0.05
    assert len(points) < 700


def test_nothing_moves_where_nothing_is_said():
    still = automation(spans(seconds=3))
    assert curve(still, "MX") == () == curve(None, "MX")
    assert curve(automation(spans((1, 2))), "FX-foley") == ()
    assert (still.gain("MX", start=0, samples=RATE, sample_rate_hz=RATE) == 1).all()


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_gain_does_not_depend_on_blocks(rate):
    moved = automation(spans((1, 2)))
    whole = moved.gain("MX", start=0, samples=3 * rate, sample_rate_hz=rate)
    parts = [
        moved.gain("MX", start=start, samples=min(997, 3 * rate - start), sample_rate_hz=rate)
        for start in range(0, 3 * rate, 997)
    ]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12)


# -------------------------------------------------------------------- dip
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_dip_is_where_consonants_are(rate):
    from scipy.signal import sosfreqz

    hz = np.array([50.0, 500.0, 2828.0, 12_000.0])
    response_db = 20 * np.log10(np.abs(sosfreqz(peaking(rate), hz, fs=rate)[1]))
    assert response_db[2] == pytest.approx(DIP_DB, abs=0.01)
    assert np.abs(response_db[[0, 1, 3]]).max() < 0.3


def test_dip_passes_what_it_is_not_asked_to_change_bit_for_bit():
    sound, amount = wind(1, -20), np.zeros(RATE)
    amount[20_000:30_000] = np.hanning(10_000)
    whole = Dip(RATE, 2)(sound, amount)
    np.testing.assert_array_equal(whole[:, :20_000], sound[:, :20_000])
    np.testing.assert_array_equal(whole[:, 30_000:], sound[:, 30_000:])
    assert np.abs(whole - sound)[:, 20_000:30_000].max() > 0
    dip = Dip(RATE, 2)
    parts = [dip(sound[:, s : s + 997], amount[s : s + 997]) for s in range(0, RATE, 997)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


# -------------------------------------------------------------- the stems
def test_music_goes_down_ahead_of_speech_and_comes_back(tmp_path):
    constant = np.full((2, 7 * RATE), 0.1)
    stems = stems_of(
        tmp_path, {"DX": talk(7, [(2.0, 4.0)], seed=2), "MX": constant, "BG": constant, "FX-foley": constant}
    )
    blocks = list(ducked_stems(stems, plan_ducking(stems)))
    for name, depth in (("MX", -10.0), ("BG", -4.0), ("FX-foley", 0.0)):
        gain_db = 20 * np.log10(np.concatenate([b[name][0] for b in blocks]) / 0.1)
        assert np.abs(gain_db[: int(1.5 * RATE)]).max() < 1e-4 > np.abs(gain_db[int(5.3 * RATE) :]).max()
        assert gain_db[int(2.02 * RATE) : int(4.2 * RATE)].max() == pytest.approx(depth, abs=0.05)
        if depth:
            assert np.flatnonzero(gain_db < -0.5)[0] / RATE < 1.9
        # no steps
        assert np.abs(np.diff(gain_db)).max() < 0.02


def test_music_is_softer_in_the_middle_of_speech_than_the_ducking_alone(tmp_path):
    time = np.arange(6 * RATE) / RATE
    for hz, depth in ((300.0, -10.0), (2828.0, -13.0)):
        tone = np.stack([0.1 * np.sin(2 * np.pi * hz * time)] * 2)
        stems = stems_of(tmp_path, {"DX": talk(6, [(2.0, 4.5)]), "MX": tone})
        music = np.concatenate([b["MX"][0] for b in ducked_stems(stems, plan_ducking(stems))])
        said, silent = (np.std(music[int(a * RATE) : int(b * RATE)]) for a, b in ((2.5, 4.0), (0.2, 1.2)))
        assert 20 * np.log10(said / silent) == pytest.approx(depth, abs=0.1)


@pytest.mark.parametrize(("said", "lift"), [(0.25, "some"), (2.0, "none"), (0.07, "most")])
def test_a_faint_voice_is_raised_over_the_music(said, lift, tmp_path):
    voice = said * talk(6, [(1.0, 3.0), (4.0, 5.0)])
    stems = stems_of(tmp_path, {"DX": voice, "MX": wind(6, -28), "FX-foley": wind(6, -10)})
    moved = plan_ducking(stems)
    assert moved is not None
    heard = np.concatenate([b["DX"] for b in ducked_stems(stems, moved)], axis=1)
    raised_db = 20 * np.log10(np.std(heard) / np.std(voice))
    assert raised_db == pytest.approx(moved.lift_db, abs=0.01)
    if lift == "none":
        assert curve(moved, "DX") == ()
        np.testing.assert_array_equal(heard, voice.astype(np.float32))
    elif lift == "some":
        assert 1 < raised_db < 12
        assert curve(moved, "DX") == ((0.0, round(moved.lift_db, 3)),)
    else:
        assert raised_db == pytest.approx(12, abs=0.01)


def test_a_clip_in_which_nobody_speaks_lowers_music_a_little(tmp_path):
    constant = np.full((2, 6 * RATE), 0.1)
    stems = stems_of(tmp_path, {"DX": blows(6, [3.0]), "MX": constant})
    music = np.concatenate([b["MX"][0] for b in ducked_stems(stems, plan_ducking(stems))])
    gain_db = 20 * np.log10(music / 0.1)
    assert gain_db.min() == pytest.approx(OTHER_DEPTH_DB["MX"], abs=0.01)


def test_without_production_sound_every_stem_passes_bit_for_bit(tmp_path):
    sounds = {"MX": wind(3, -20).astype(np.float32), "BG": wind(3, -30, 1).astype(np.float32)}
    stems = stems_of(tmp_path, sounds)
    assert plan_ducking(stems) is None
    for name, sound in sounds.items():
        passed = np.concatenate([b[name] for b in ducked_stems(stems, None)], axis=1)
        np.testing.assert_array_equal(passed, sound)


def test_what_is_said_sounds_the_same_every_time():
    np.testing.assert_array_equal(say(1.0, seed=3), say(1.0, seed=3))
    assert not np.array_equal(say(1.0, seed=3), say(1.0, seed=4))
    assert 20 * np.log10(np.std(say(2.0))) == pytest.approx(-22, abs=0.1)
