"""Rendering: onsets on time, blocks do not matter, stems as files, production sound."""

import numpy as np
import pytest
import soundfile

from pipeline.errors import UsageError
from pipeline.records import Cue, SoundPlan
from pipeline.sound.foley import attack_sample
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
