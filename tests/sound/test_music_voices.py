"""Voices, drums, tape and desk of the music."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sound.lexicon.scene import read_prompt
from pipeline.sound.music.desk import pumped
from pipeline.sound.music.drums import DRUMS, PEAK, VARIANTS, drum, riser
from pipeline.sound.music.general_midi import DRUM_KEYS, PROGRAMS, drum_key_of
from pipeline.sound.music.hall import hall_response
from pipeline.sound.music.harmony import pitch_hz
from pipeline.sound.music.modes import LN_60_DB, ring
from pipeline.sound.music.style import DRUM_PANS
from pipeline.sound.music.styles import STYLES
from pipeline.sound.music.synth import RMS, Voices, blend, note, pad_loop
from pipeline.sound.music.tape import TOP_HZ, WOW_S, Tape
from pipeline.sound.music.voices import MODAL, PADS, STRINGS, TINES

RATE = 48_000
STRUCK = (*STRINGS, *MODAL, *TINES)


def centre_hz(sound: np.ndarray, rate: int = RATE) -> float:
    """Mean frequency of a sound, Hz."""
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    return float(np.average(np.fft.rfftfreq(sound.shape[1], 1 / rate), weights=power))


def found_pitch_hz(mono: np.ndarray, pitch: int, rate: int = RATE) -> float:
    """Centre of gravity of the fundamental, Hz."""
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 19)) ** 2
    grid = np.fft.rfftfreq(1 << 19, 1 / rate)
    near = np.abs(grid / pitch_hz(pitch) - 1) < 0.03
    return float(np.average(grid[near], weights=power[near]))


# ------------------------------------------------------------------- modes
def test_a_sum_of_damped_sines_is_what_it_says():
    frequency, decay = np.array([440.0, 881.3, 5000.0]), np.array([1.0, 0.3, 0.05])
    level, phase = np.array([[1, 0.5, 0.3], [0.2, 0.7, 0.1]]), np.array([[0, 0.4, 1.0], [1.0, 2.0, 3.0]])
    sound = ring(frequency, decay, level, phase=phase, count=50_001, sample_rate_hz=RATE)
    time = np.arange(50_001) / RATE
    for row, strengths, turns in zip(sound, level, phase, strict=True):
        parts = zip(frequency, decay, strengths, turns, strict=True)
        wished = sum(a * np.exp(-LN_60_DB * time / d) * np.sin(2 * np.pi * f * time + p) for f, d, a, p in parts)
        # a partial is left out once it is 70 dB down
        np.testing.assert_allclose(row, wished, atol=1e-3)


# ------------------------------------------------------------------ voices
@pytest.mark.parametrize("pitch", [40, 57, 69])
@pytest.mark.parametrize("name", STRUCK)
def test_struck_voices_are_in_tune(name, pitch):
    # what a skin hit hard does to its pitch is over after a tenth of a second
    late = note(name, pitch, sample_rate_hz=RATE)[1].mean(axis=0)[int(0.1 * RATE) :]
    assert abs(1200 * np.log2(found_pitch_hz(late, pitch) / pitch_hz(pitch))) < 15


@pytest.mark.parametrize("name", list(PADS))
def test_pads_are_in_tune_without_a_seam_and_whole_in_mono(name):
    loop = pad_loop(PADS[name], 60, sample_rate_hz=RATE).astype(np.float64)
    assert abs(1200 * np.log2(found_pitch_hz(loop.mean(axis=0), 60) / pitch_hz(60))) < 15
    assert np.abs(loop[:, 0] - loop[:, -1]).max() <= np.abs(np.diff(loop, axis=1)).max()
    assert np.mean(loop.mean(axis=0) ** 2) > 0.6 * np.mean(loop**2)


@pytest.mark.parametrize("rate", [44_100, 96_000])
@pytest.mark.parametrize("name", ["guitar", "felt", "electric-piano", "marimba", "tuned-drum"])
def test_a_voice_is_the_same_at_every_rate(name, rate):
    there, here = note(name, 60, sample_rate_hz=rate)[1], note(name, 60, sample_rate_hz=RATE)[1]
    assert there.shape[1] / rate == pytest.approx(here.shape[1] / RATE, rel=0.01)
    early = [sound[:, : int(0.2 * r)] for sound, r in ((there, rate), (here, RATE))]
    rms = [float(np.sqrt((sound**2).mean())) for sound in early]
    assert rms[0] == pytest.approx(rms[1], rel=0.03)
    assert found_pitch_hz(there.mean(axis=0), 60, rate) == pytest.approx(pitch_hz(60), rel=0.005)


@pytest.mark.parametrize("name", ["guitar", "piano", "electric-piano", "upright", "marimba"])
def test_a_harder_stroke_is_brighter_and_no_louder_by_itself(name):
    soft, hard = note(name, 52, sample_rate_hz=RATE)
    middles = []
    for sound in (soft, hard):
        level = np.abs(np.fft.rfft(sound[:, : RATE // 5].mean(axis=0) * np.hanning(RATE // 5)))
        grid = np.fft.rfftfreq(RATE // 5, 1 / RATE)
        middles.append(np.average(grid[grid < 6000], weights=level[grid < 6000]))
    assert middles[1] > 1.1 * middles[0]
    early = [np.sqrt((sound[:, : int(0.25 * RATE)] ** 2).mean()) for sound in (soft, hard)]
    assert early[0] == pytest.approx(early[1], rel=0.15) == pytest.approx(RMS, rel=0.15)


def test_no_two_strokes_are_alike_and_the_same_ones_come_again():
    first, second = Voices(RATE), Voices(RATE)
    strokes = [first.struck("guitar", 60, strength=0.7) for _ in range(4)]
    for one, other in zip(strokes, strokes[1:], strict=False):
        assert not np.array_equal(one, other)
        # yet it is one guitar
        assert np.corrcoef(one[0], other[0])[0, 1] > 0.95
    np.testing.assert_array_equal(strokes[0], second.struck("guitar", 60, strength=0.7))


def test_a_plucked_string_loses_its_highs_first():
    sound = note("steel", 45, sample_rate_hz=RATE)[1]
    assert centre_hz(sound[:, : RATE // 10]) > 1.3 * centre_hz(sound[:, RATE // 2 : RATE])


def test_a_piano_decays_in_two_stages():
    # the first half second falls faster than the later ones
    sound = note("piano", 60, sample_rate_hz=RATE)[1].astype(np.float64)
    level = [10 * np.log10((sound[:, int(t * RATE) : int((t + 0.1) * RATE)] ** 2).mean()) for t in (0.1, 0.6, 1.1, 1.6)]
    assert level[0] - level[1] > 1.15 * (level[2] - level[3]) > 0


@pytest.mark.parametrize("name", STRUCK)
def test_tones_begin_and_end_without_a_click(name):
    sound = note(name, 55, sample_rate_hz=RATE)
    assert np.abs(sound[:, :, 0]).max() < 1e-6 and np.abs(sound[:, :, -1]).max() < 1e-6
    assert np.isfinite(sound).all() and np.abs(sound).max() < 1


def test_kept_sounds_are_bounded(monkeypatch):
    from pipeline.sound.music import synth

    monkeypatch.setattr(synth, "KEPT_BYTES", 4 << 20)
    voices = Voices(RATE)
    for pitch in range(40, 60):
        voices.struck("felt", pitch, strength=0.8)
    assert sum(kept.nbytes for kept in voices._kept.values()) <= 4 << 20


# ------------------------------------------------------------------- drums
@pytest.mark.parametrize("name", DRUMS)
def test_a_drum_has_punch_variants_and_an_end(name):
    ways = [drum(name, sample_rate_hz=RATE, variant=variant) for variant in range(VARIANTS)]
    for layers in ways:
        assert layers.shape[:2] == (2, 2) and np.isfinite(layers).all()
        np.testing.assert_allclose(np.abs(layers).max(axis=(1, 2)), PEAK, rtol=1e-5)
        assert np.abs(layers[:, :, -1]).max() < 1e-6
        mono = layers[1].mean(axis=0)
        assert np.mean(mono**2) > 0.55 * np.mean(layers[1] ** 2)
    length = min(layers.shape[2] for layers in ways)
    assert not np.allclose(ways[0][:, :, :length], ways[1][:, :, :length])
    hard = ways[0][1]
    # it is loudest at once
    start = np.abs(hard).max(axis=0)[: int(0.04 * RATE)].max()
    assert start > 0.9 * PEAK
    assert centre_hz(blend(ways[0], 1.0)) >= 0.98 * centre_hz(blend(ways[0], 0.3))


@pytest.mark.parametrize("name", ["kick", "snare", "cajon", "conga-slap", "rim"])
def test_transients_stand_out(name):
    hard = drum(name, sample_rate_hz=RATE)[1]
    first = hard[:, : int(0.15 * RATE)]
    crest_db = 20 * np.log10(np.abs(first).max() / np.sqrt((first**2).mean()))
    assert crest_db > 6


def test_a_riser_ends_where_it_should():
    sound = riser(1.0, sample_rate_hz=RATE)
    assert sound.shape == (2, RATE) and np.abs(sound[:, -1]).max() < 1e-6
    assert np.abs(sound[:, -RATE // 10 :]).max() > 5 * np.abs(sound[:, : RATE // 10]).max()


# -------------------------------------------------------------------- desk
def test_a_kick_pushes_the_others_down_and_lets_them_go():
    gain = pumped([(4800, 1.0)], start=0, count=RATE, depth_db=6.0, sample_rate_hz=RATE)
    assert (gain[:4800] == 1).all() and 20 * np.log10(gain.min()) == pytest.approx(-6, abs=0.4)
    assert gain[4800 + RATE // 2] > 0.98
    # cut in two, it is the same
    parts = [
        pumped([(4800, 1.0)], start=start, count=6000, depth_db=6.0, sample_rate_hz=RATE)
        for start in range(0, RATE, 6000)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), gain)


def test_a_hall_ends_and_keeps_its_level_in_mono():
    tail = hall_response(2.0, sample_rate_hz=RATE).astype(np.float64)
    assert tail.shape[1] <= 2.1 * RATE and np.abs(tail[:, -1]).max() < 1e-6
    assert np.mean(tail.mean(axis=0) ** 2) > 0.6 * np.mean(tail**2)


# -------------------------------------------------------------------- tape
def test_tape_wavers_a_little_and_only_so_late():
    tape = Tape(3, sample_rate_hz=RATE)
    time = np.arange(4 * RATE) / RATE
    tone = np.repeat(0.3 * np.sin(2 * np.pi * 1000 * time)[None], 2, axis=0).astype(np.float32)
    worn = np.concatenate([tape.add(tone[:, s : s + 48_000]) for s in range(0, 4 * RATE, 48_000)], axis=1)
    from scipy.signal import hilbert

    turned = np.unwrap(np.angle(hilbert(worn[0].astype(np.float64))))
    late_s = time - turned / (2 * np.pi * 1000)
    late_s -= np.round(late_s[RATE] * 1000) / 1000
    inside = slice(RATE // 2, -RATE // 2)
    assert np.ptp(late_s[inside]) < 2.2 * WOW_S
    pitch = np.gradient(turned[::480], 0.01)[20:-20] / (2 * np.pi * 1000)
    cents = 1200 * np.log2(pitch)
    assert 1 < np.abs(cents).max() < 12


def test_tape_loses_the_top_and_is_never_quite_silent():
    tape = Tape(1, sample_rate_hz=RATE)
    noise = np.random.default_rng(1).standard_normal((2, RATE)).astype(np.float32) * 0.05
    worn = tape.add(noise)
    power = np.abs(np.fft.rfft(worn)) ** 2 / np.abs(np.fft.rfft(noise)) ** 2
    grid = np.fft.rfftfreq(RATE, 1 / RATE)
    assert np.median(power[0][grid > 2 * TOP_HZ]) < 0.1 < 0.6 < np.median(power[0][(grid > 300) & (grid < 3000)])
    dust = tape.add(np.zeros((2, RATE), np.float32))
    level_db = 20 * np.log10(np.sqrt((dust[:, RATE // 2 :] ** 2).mean()))
    assert -80 < level_db < -58


# ------------------------------------------------------------------ styles
def test_every_style_names_voices_that_are_there():
    assert len(STYLES) >= 8 and {"lo-fi", "acoustic", "percussion"} <= set(STYLES)
    for style in STYLES.values():
        pitched = {style.pad, style.bass, style.arp, style.lead, style.comp} - {""}
        assert pitched <= {*PADS, *STRUCK}
        drums = {name for kits in style.drums for kit in kits for name in kit}
        drums |= {name for kit in style.fills for name in kit} | ({*style.accents} - {"bell"})
        assert drums <= set(DRUMS)
        # General MIDI has a stand-in for each
        assert pitched <= set(PROGRAMS) and drums <= set(DRUM_KEYS)
        assert {"pad", "bass", "arp", "lead", "drums", "accent"} <= set(style.levels_db)
        assert (not style.comp) == ("comp" not in style.levels_db)
    assert set(DRUM_PANS) <= set(DRUMS) and all(drum_key_of(name) is not None for name in DRUMS)


def test_every_lane_has_sixteen_steps_of_its_own_alphabet():
    for style in STYLES.values():
        lanes = [(lane, ".xo") for kits in style.drums for kit in kits for lane in kit.values()]
        lanes += [(lane, ".xo") for kit in style.fills for lane in kit.values()]
        lanes += [(lane, ".-R58") for level in style.bass_lanes for lane in level]
        lanes += [(lane, ".-xou") for level in style.comp_lanes for lane in level]
        lanes += [(lane, ".01234") for lane in style.arp_lanes]
        for lane, marks in lanes:
            assert len(lane) == 16 and set(lane) <= set(marks), lane


PROMPTS = {
    "lo-fi": ("lofi beats", "Mädchen, Lo-Fi", "musique lo-fi", "música lofi", "lofi音乐"),
    "acoustic": ("acoustic guitar", "akustische Gitarre", "guitare acoustique", "guitarra acústica", "木吉他"),
    "percussion": ("tribal drums", "Stammestrommeln", "tambours tribaux", "tambores tribales", "部落鼓"),
}  # fmt: skip


@pytest.mark.parametrize("style", list(PROMPTS))
def test_prompts_name_the_style_in_five_languages(style):
    for prompt in PROMPTS[style]:
        assert style in read_prompt(prompt).names("style"), prompt
