"""Rendering: onsets on time, blocks do not matter, stems as files, production sound."""

import tracemalloc

import numpy as np
import pytest
import soundfile
from recordings_files import hits, texture, write

from pipeline.errors import UsageError
from pipeline.records import Cue, SoundPlan
from pipeline.sound.effects.foley import attack_sample
from pipeline.sound.mix.loudness import LoudnessMeter
from pipeline.sound.recordings.play import pitch_ratio
from pipeline.sound.render import iter_stems, render_shot, render_stems

RATE_HZ = 48000


def cue(sound, time_s, *, stem="FX-impacts", length_s=1.0, **fields):
    return Cue(f"{sound}-{time_s}", stem, time_s, length_s, "OBJECTS", sound, **fields)


def plan(*cues, duration_s=4.0):
    return SoundPlan(duration_s, tuple(cues))


def whole(sound_plan, **settings):
    blocks = list(iter_stems(sound_plan, **settings))
    return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in blocks[0]}


@pytest.mark.parametrize(
    "sound",
    [
        "impact/metal",
        "impact/cloth",
        "impact/earth",
        "footstep/gravel",
        "footstep/snow",
        "splash/water",
        "thunder/clap",
        "burst/gun",
    ],
)
@pytest.mark.parametrize("time_s", [0.0, 0.7777, 2.0])
def test_the_attack_is_on_time_to_a_millisecond(sound, time_s):
    for room in (0.0, 0.9):
        cues = plan(cue(sound, time_s, seed=3, parameters={"room": room}))
        heard = np.abs(whole(cues, block_samples=8192)["FX-impacts"]).max(axis=0)
        # the room must not shift the attack, so the peak is that of the direct sound
        direct = heard[: round((time_s + 1.0) * RATE_HZ)]
        assert attack_sample(direct) / RATE_HZ == pytest.approx(time_s, abs=0.001)


def test_a_whoosh_ends_where_its_cue_ends():
    sound = whole(plan(cue("whoosh/air", 1.0, stem="FX-foley", length_s=0.8)))["FX-foley"]
    power = (sound**2).sum(axis=0)
    assert power[:RATE_HZ].sum() == 0
    assert power[round(1.8 * RATE_HZ) + 1 :].sum() == 0
    assert power[round(1.5 * RATE_HZ) : round(1.8 * RATE_HZ)].sum() > 0.5 * power.sum()


CUES = (
    cue("impact/metal", 0.0, length_s=3.0),
    cue("impact/glass", 0.99, pan=0.5, parameters={"room": 0.6, "distance": 0.3}),
    cue("footstep/wood", 1.0, stem="FX-foley"),
    cue("thunder/clap", 3.9, length_s=6.0),
    cue("ambience/rain", 0.0, stem="BG", length_s=4.0, automation=((0.0, -6.0), (2.0, 0.0))),
    cue("ambience/wind", 1.3, stem="BG", length_s=1.1, pan=-0.4),
)


def test_block_size_does_not_matter():
    usual = whole(plan(*CUES))
    assert set(usual) == {"FX-impacts", "FX-foley", "BG"}
    for block_samples in (1000, 4801, 10**6):
        other = whole(plan(*CUES), block_samples=block_samples)
        for name, sound in usual.items():
            assert sound.shape == (2, 4 * RATE_HZ)
            assert np.array_equal(sound, other[name]), (name, block_samples)


def test_level_and_pan_are_applied():
    loud, soft = (render_shot(cue("impact/wood", 1.0, level_db=db))[1] for db in (0.0, -20.0))
    assert np.allclose(0.1 * loud, soft, atol=1e-6)
    left = render_shot(cue("impact/wood", 1.0, pan=-1.0))[1]
    assert np.abs(left[1]).max() < 1e-6 < 0.1 < np.abs(left[0]).max()


def test_a_bed_keeps_its_place_and_level_curve():
    bed = cue("ambience/air", 1.0, stem="BG", length_s=2.0, automation=((0.0, 0.0), (1.0, 0.0), (1.01, -40.0)))
    sound = np.abs(whole(plan(bed))["BG"]).max(axis=0)
    assert sound[:RATE_HZ].max() == 0
    assert sound[3 * RATE_HZ :].max() == 0
    assert sound[round(2.1 * RATE_HZ) : round(2.4 * RATE_HZ)].max() < 0.03 * sound.max()


def test_the_end_does_not_click():
    sound = whole(plan(cue("impact/metal", 3.9, length_s=3.0), cue("ambience/rain", 0.0, stem="BG", length_s=4.0)))
    for stem in sound.values():
        assert np.abs(stem[:, -1]).max() == 0
        assert np.abs(np.diff(stem[:, -200:])).max() < 0.1


def test_music_is_rendered_into_its_stem():
    music = cue("music/ambient", 0.0, stem="MX", length_s=4.0, seed=1)
    sound = whole(plan(music))["MX"]
    assert sound.shape == (2, 4 * RATE_HZ)
    assert np.std(sound) > 1e-3


def test_stems_are_float_files_of_one_length(tmp_path):
    silent = cue("splash/water", 1.0, stem="FX-foley", level_db=-120.0)
    stems = render_stems(plan(CUES[0], silent, CUES[4]), tmp_path / "stems")
    assert stems.samples == 4 * RATE_HZ
    assert set(stems.files) >= {"FX-impacts", "BG"}
    expected = whole(plan(CUES[0], silent, CUES[4]))
    for name, file in stems.files.items():
        info = soundfile.info(stems.folder / file)
        assert (info.samplerate, info.channels, info.frames, info.subtype) == (RATE_HZ, 2, stems.samples, "FLOAT")
        assert np.array_equal(soundfile.read(stems.folder / file, dtype="float32")[0].T, expected[name])


def test_a_silent_stem_is_left_out_and_an_old_one_removed(tmp_path):
    (tmp_path / "MX.wav").write_bytes(b"old")
    production = tmp_path / "own.wav"
    soundfile.write(production, np.zeros((RATE_HZ, 2)), RATE_HZ)
    stems = render_stems(plan(CUES[0]), tmp_path, production=production)
    assert stems.files == {"FX-impacts": "FX-impacts.wav"}
    assert not (tmp_path / "DX.wav").exists()
    assert not (tmp_path / "MX.wav").exists()


@pytest.mark.parametrize(("channels", "seconds"), [(1, 2.0), (2, 9.0)])
def test_production_sound_becomes_dialogue(tmp_path, channels, seconds):
    own = np.random.default_rng(1).uniform(-0.5, 0.5, (round(seconds * RATE_HZ), channels)).astype(np.float32)
    soundfile.write(tmp_path / "own.wav", own, RATE_HZ, subtype="FLOAT")
    stems = render_stems(plan(CUES[0]), tmp_path / "stems", production=tmp_path / "own.wav", block_samples=7777)
    heard = soundfile.read(stems.folder / stems.files["DX"], dtype="float32")[0]
    assert heard.shape == (4 * RATE_HZ, 2)
    common = min(len(own), len(heard))
    assert np.array_equal(heard[:common], np.repeat(own, 2, axis=1)[:common] if channels == 1 else own[:common])
    assert not heard[common:].any()


def test_production_sound_alone_is_kept(tmp_path):
    soundfile.write(tmp_path / "own.wav", np.full((RATE_HZ, 2), 0.1), RATE_HZ)
    stems = render_stems(plan(duration_s=1.0), tmp_path / "stems", production=tmp_path / "own.wav")
    assert stems.files == {"DX": "DX.wav"}


def test_unfit_production_sound_is_refused(tmp_path):
    soundfile.write(tmp_path / "own.wav", np.zeros((100, 3)), 44100)
    with pytest.raises(UsageError, match="44100"):
        render_stems(plan(), tmp_path / "stems", production=tmp_path / "own.wav")
    (tmp_path / "own.wav").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="cannot be read"):
        render_stems(plan(), tmp_path / "stems", production=tmp_path / "own.wav")


# ------------------------------------------------------------- along time
@pytest.mark.parametrize("sound", ["engine/car", "whoosh/air"])
def test_a_pan_moves_along_the_sound_with_constant_power(sound):
    moving = cue(sound, 0.0, stem="FX-foley", length_s=4.0, pan_automation=((0.0, -1.0), (4.0, 1.0)))
    still = cue(sound, 0.0, stem="FX-foley", length_s=4.0)
    heard, centre = (whole(plan(one))["FX-foley"] for one in (moving, still))
    assert heard[0, :RATE_HZ].std() > 2 * heard[1, :RATE_HZ].std()
    assert heard[1, 3 * RATE_HZ :].std() > 2 * heard[0, 3 * RATE_HZ :].std()
    assert np.allclose((heard**2).sum(axis=0), (centre**2).sum(axis=0), atol=1e-6)


def test_only_the_direct_sound_moves_in_a_room():
    points = ((0.0, -1.0), (0.4, 1.0))
    moved = render_shot(cue("impact/wood", 1.0, pan_automation=points, parameters={"room": 0.8}))[1]
    left, right = (render_shot(cue("impact/wood", 1.0, pan=pan, parameters={"room": 0.8}))[1] for pan in (-1.0, 1.0))
    # long after the blow only the room is left, and that is where it was
    assert np.allclose(moved[:, RATE_HZ:], left[:, RATE_HZ:], atol=1e-4)
    assert np.allclose(left[0] - right[0], right[1] - left[1], atol=1e-5)


@pytest.mark.parametrize("sound", ["engine/car", "scrape/metal", "roll/wood"])
def test_a_continuous_effect_lasts_as_long_as_its_cue_and_follows_its_curve(sound):
    curve = ((0.0, 0.0), (1.0, 0.0), (1.1, -40.0), (3.0, -40.0))
    one = cue(sound, 0.5, stem="FX-foley", length_s=2.0, automation=curve, parameters={"room": 0.3})
    heard = np.abs(whole(plan(one))["FX-foley"]).max(axis=0)
    assert heard[: round(0.49 * RATE_HZ)].max() == 0
    assert heard[round(1.8 * RATE_HZ) : round(2.4 * RATE_HZ)].max() < 0.1 * heard.max()
    assert heard[round(3.5 * RATE_HZ) :].max() < 1e-3


def test_block_size_does_not_matter_to_what_lasts(tmp_path):
    write(tmp_path / "rain.wav", texture(3.0))
    write(tmp_path / "hit.wav", hits(0.3))
    cues = plan(
        cue("engine/car", 0.3, stem="FX-foley", length_s=3.0, pan=0.5, parameters={"distance": 0.4, "room": 0.5}),
        cue("recording/rain.wav", 0.1, stem="BG", length_s=3.9),
        cue("recording/hit.wav", 1.7),
    )
    usual = whole(cues, library=tmp_path)
    for block_samples in (4801, 10**6):
        other = whole(cues, library=tmp_path, block_samples=block_samples)
        for name, sound in usual.items():
            assert np.array_equal(sound, other[name]), (name, block_samples)


# ------------------------------------------------------------- recordings
@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_recorded_blow_is_on_time(tmp_path, rate_hz, seed):
    write(tmp_path / "hits.wav", hits(0.31, 0.9137, 1.5, rate_hz=rate_hz, noise=2e-4), rate_hz=rate_hz)
    one = cue("recording/hits.wav", 0.7777, seed=seed, parameters={"room": 0.3, "size": 0.7})
    heard = np.abs(whole(plan(one), library=tmp_path)["FX-impacts"]).max(axis=0)
    # the referee: where a blow that is there at once crosses half its height
    assert np.argmax(heard > 0.5 * heard.max()) / RATE_HZ == pytest.approx(0.7777, abs=0.003)


def test_recordings_are_as_loud_as_synthesis_whatever_their_own_level(tmp_path):
    write(tmp_path / "loud.wav", hits(0.3))
    write(tmp_path / "soft.wav", 0.01 * hits(0.3))
    loud, soft = (render_shot(cue(f"recording/{name}.wav", 1.0), library=tmp_path)[1] for name in ("loud", "soft"))
    made = render_shot(cue("impact/wood", 1.0))[1]
    assert np.abs(loud).max() == pytest.approx(np.abs(soft).max(), rel=0.05)
    assert 0.25 < np.abs(loud).max() / np.abs(made).max() < 4


def test_a_recorded_blow_is_cut_faded_panned_and_pitched(tmp_path):
    write(tmp_path / "ring.wav", hits(0.3, decay_s=1.0, length_s=4.0, tone_hz=1000))
    short = render_shot(cue("recording/ring.wav", 1.0, length_s=0.3, pan=-1.0), library=tmp_path)[1]
    assert np.abs(short[1]).max() < 1e-6 < np.abs(short[0]).max()
    assert short.shape[1] <= 0.33 * RATE_HZ and abs(short[0, -1]) < 1e-4
    for size in (0.1, 0.9):
        one = cue("recording/ring.wav", 1.0, length_s=2.0, parameters={"size": size})
        sound = render_shot(one, library=tmp_path)[1][0, :RATE_HZ]
        tone_hz = np.abs(np.fft.rfft(sound)).argmax() * RATE_HZ / len(sound)
        assert tone_hz == pytest.approx(1000 * pitch_ratio(one), rel=0.01)
    assert pitch_ratio(cue("recording/ring.wav", 1.0, parameters={"size": 0.1})) > pitch_ratio(
        cue("recording/ring.wav", 1.0, parameters={"size": 0.9})
    )


def test_channels_that_would_cancel_are_not_folded(tmp_path):
    one = hits(0.3)
    write(tmp_path / "wide.wav", np.stack([one, -one], axis=1))
    assert np.abs(render_shot(cue("recording/wide.wav", 1.0), library=tmp_path)[1]).max() > 0.05


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 11_025])
def test_a_recorded_bed_fills_its_cue_without_a_seam(tmp_path, rate_hz):
    rain = texture(6.0, rate_hz=rate_hz, level=0.02)
    # recordings are often faded at their ends
    rain *= np.clip(np.minimum(np.arange(len(rain)), np.arange(len(rain))[::-1]) / rate_hz, 0, 1)[:, None]
    write(tmp_path / "rain.wav", rain, rate_hz=rate_hz)
    one = cue("recording/rain.wav", 0.0, stem="BG", length_s=20.0)
    sound = whole(plan(one, duration_s=20.0), library=tmp_path)["BG"]
    level = np.sqrt((sound.reshape(2, -1, 4800) ** 2).mean(axis=(0, 2)))[5:-7]
    assert level.min() > 0.6 * np.median(level) and level.max() < 1.25 * np.median(level)
    meter = LoudnessMeter(RATE_HZ, 2)
    meter.add(sound.astype(float))
    assert meter.integrated_lufs == pytest.approx(-26.0, abs=1.5)
    # it does not come round with the period of the file
    mono = sound[0, RATE_HZ:]
    lag = 6 * RATE_HZ
    assert abs(np.corrcoef(mono[:-lag], mono[lag:])[0, 1]) < 0.3


def test_a_tone_in_a_bed_is_resampled_without_clicks(tmp_path):
    time_s = np.arange(6 * 44_100) / 44_100
    write(tmp_path / "hum.wav", 0.2 * np.sin(2 * np.pi * 441 * time_s), rate_hz=44_100)
    one = cue("recording/hum.wav", 0.0, stem="BG", length_s=4.0)
    mono = whole(plan(one), library=tmp_path)["BG"][0, RATE_HZ : 3 * RATE_HZ]
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono))))
    peak = int(spectrum.argmax())
    assert peak / 2 == pytest.approx(441, abs=1)
    spectrum[peak - 20 : peak + 21] = 0
    assert spectrum.max() < 1e-3 * np.abs(np.fft.rfft(mono * np.hanning(len(mono)))).max()


def test_memory_does_not_grow_with_a_recorded_bed(tmp_path):
    write(tmp_path / "rain.wav", texture(4.0))

    def peak(length_s):
        one = cue("recording/rain.wav", 0.0, stem="BG", length_s=length_s)
        engine = cue("engine/car", 0.0, stem="FX-foley", length_s=length_s)
        tracemalloc.start()
        for _ in iter_stems(plan(one, engine, duration_s=length_s), library=tmp_path):
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(5.0)
    assert peak(60.0) < 1.5 * peak(10.0)


def test_a_missing_recording_is_said_before_the_work_begins(tmp_path):
    with pytest.raises(UsageError, match="put it back"):
        next(iter_stems(plan(cue("recording/none.wav", 3.9)), library=tmp_path))
    with pytest.raises(UsageError, match="--library"):
        render_stems(plan(cue("recording/none.wav", 3.9)), tmp_path / "stems")
