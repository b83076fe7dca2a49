"""A user's SoundFont: read, played in time and in level, and refused with a sentence when it is broken."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UnreadableInput, UsageError
from pipeline.records import Cue, Mood, SoundPlan
from pipeline.sound.mix.loudness import LoudnessMeter
from pipeline.sound.music.music import iter_music
from pipeline.sound.music.notes import Note
from pipeline.sound.music.sampler import Sampler, play_zone
from pipeline.sound.music.soundfont import read_soundfont
from pipeline.sound.music.synth import RMS, Voices
from pipeline.sound.render import render_stems

RATE = 48_000
ROOT_HZ = 261.6256  # MIDI key 60


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def named(text: str) -> bytes:
    return text.encode().ljust(20, b"\0")


def made(
    samples: np.ndarray,
    *,
    presets: tuple[tuple[int, int], ...] = ((0, 0), (0, 128)),
    loop: tuple[int, int] | None = None,
    generators: tuple[tuple[int, int], ...] = (),
    rate: int = RATE,
    kind: int = 1,
    sample: int = 0,
) -> bytes:
    """A SoundFont of one instrument with one sample, at key 60."""
    info = chunk(b"LIST", b"INFO" + chunk(b"ifil", struct.pack("<HH", 2, 1)) + chunk(b"INAM", b"Made\0\0"))
    sound = chunk(b"LIST", b"sdta" + chunk(b"smpl", samples.astype("<i2").tobytes() + b"\0" * 92))
    heads = b"".join(
        named(f"P{i}") + struct.pack("<HHHIII", program, bank, i, 0, 0, 0) for i, (program, bank) in enumerate(presets)
    )
    heads += named("EOP") + struct.pack("<HHHIII", 0, 0, len(presets), 0, 0, 0)
    shaped = (*generators, (54, 1 if loop else 0), (53, sample))
    bags = b"".join(struct.pack("<HH", i, 0) for i in range(len(presets) + 1))
    first, last = loop or (0, 0)
    lists = (
        (b"phdr", heads),
        (b"pbag", bags),
        (b"pmod", b"\0" * 10),
        (b"pgen", struct.pack("<Hh", 41, 0) * len(presets) + b"\0" * 4),
        (b"inst", named("I") + struct.pack("<H", 0) + named("EOI") + struct.pack("<H", 1)),
        (b"ibag", struct.pack("<HHHH", 0, 0, len(shaped), 0)),
        (b"imod", b"\0" * 10),
        (b"igen", b"".join(struct.pack("<Hh", *pair) for pair in shaped) + b"\0" * 4),
        (
            b"shdr",
            named("S")
            + struct.pack("<IIIIIBbHH", 0, len(samples), first, last, rate, 60, 0, 0, kind)
            + named("EOS")
            + b"\0" * 26,
        ),
    )
    body = b"sfbk" + info + sound + chunk(b"LIST", b"pdta" + b"".join(chunk(*pair) for pair in lists))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tone(seconds: float = 0.5, *, fall: float = 6.0, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return 20_000 * np.exp(-fall * time) * np.cos(2 * np.pi * ROOT_HZ * time)


@pytest.fixture
def font(tmp_path: Path) -> Path:
    path = tmp_path / "made.sf2"
    path.write_bytes(made(tone()))
    return path


def a_cue(style: str = "acoustic", length_s: float = 6.0) -> tuple[Cue, SoundPlan]:
    cue = Cue(id="m", stem="MX", time_s=0.0, length_s=length_s, category="MUSICAL", sound=f"music/{style}", seed=3)
    return cue, SoundPlan(duration_s=length_s, cues=(cue,), markers_s=(2.9,), mood=Mood(motion=0.6))


def render(cue: Cue, plan: SoundPlan, font: Path | None, *, block: int = 20_000, rate: int = RATE) -> np.ndarray:
    blocks = iter_music(cue, plan, sample_rate_hz=rate, block_samples=block, soundfont=font)
    return np.concatenate(list(blocks), axis=1)


# ----------------------------------------------------------------- reading
def test_zones_of_a_file_we_wrote(font):
    read = read_soundfont(font)
    assert set(read.presets) == {(0, 0), (128, 0)}
    (zone,) = read.zones(0, 0, key=60, velocity=90)
    assert (zone.sample.start, zone.sample.end, zone.sample.rate_hz) == (0, RATE // 2, RATE)
    assert not read.zones(0, 7, key=60, velocity=90)


@pytest.mark.parametrize("key", [48, 60, 67])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_key_sounds_at_its_pitch_at_every_rate(tmp_path, key, rate):
    path = tmp_path / "looped.sf2"
    # one period and a whole number of samples, so that the loop is seamless
    period = round(RATE / ROOT_HZ)
    sound = 20_000 * np.cos(2 * np.pi * np.arange(20 * period) / period)
    path.write_bytes(made(sound, loop=(5 * period, 15 * period)))
    read = read_soundfont(path)
    (zone,) = read.zones(0, 0, key=key, velocity=127)
    played = play_zone(zone, read.pcm, key, 127, held_s=1.5, sample_rate_hz=rate)[0]
    power = np.abs(np.fft.rfft(played[: int(1.4 * rate)] * np.hanning(int(1.4 * rate)), 1 << 19))
    found = power.argmax() * rate / (1 << 19)
    assert found == pytest.approx(RATE / period * 2 ** ((key - 60) / 12), rel=5e-4)


def test_a_loop_goes_on_and_a_sample_without_one_ends(tmp_path):
    (looped, single) = (tmp_path / "loop.sf2", tmp_path / "single.sf2")
    looped.write_bytes(made(tone(0.1, fall=0), loop=(1000, 4000)))
    single.write_bytes(made(tone(0.1, fall=0)))
    lengths = []
    for path in (looped, single):
        read = read_soundfont(path)
        (zone,) = read.zones(0, 0, key=60, velocity=100)
        lengths.append(play_zone(zone, read.pcm, 60, 100, held_s=0.8, sample_rate_hz=RATE).shape[1])
    assert lengths[0] >= 0.8 * RATE and lengths[1] <= 0.1 * RATE


def test_generators_shape_the_sound(tmp_path):
    def played(*generators: tuple[int, int]) -> np.ndarray:
        path = tmp_path / "shaped.sf2"
        path.write_bytes(made(tone(fall=0), generators=generators))
        read = read_soundfont(path)
        (zone,) = read.zones(0, 0, key=60, velocity=127)
        return play_zone(zone, read.pcm, 60, 127, held_s=0.4, sample_rate_hz=RATE)

    plain = played()
    left = played((17, -500))
    assert np.abs(left[1]).max() < 1e-6 < np.abs(left[0]).max()
    quiet = played((48, 200))
    assert np.abs(quiet).max() == pytest.approx(np.abs(plain).max() * 10 ** (-8 / 20), rel=0.02)
    slow = played((34, 0))  # an attack of one second
    assert np.abs(slow[:, :2000]).max() < 0.1 * np.abs(plain[:, :2000]).max()
    dull = played((8, 4500))
    assert np.sqrt((dull**2).mean()) < 0.6 * np.sqrt((plain**2).mean())


# ----------------------------------------------------------------- playing
def test_notes_begin_on_their_sample(font):
    sampler = Sampler(read_soundfont(font), Voices(RATE))
    sound = sampler.play(Note(1.0, 0.5, 60, 0.8, "piano", "lead"))
    assert sound is not None
    # the tone begins at full swing: its first sample is there at once, give or take an attack of a millisecond
    assert np.abs(sound[0]).argmax() < 0.002 * RATE
    early = sound[:, : int(0.05 * RATE)]
    assert np.sqrt((early**2).mean()) == pytest.approx(RMS, rel=0.05)


def test_music_on_a_soundfont_is_about_as_loud_as_on_our_own_voices(font):
    cue, plan = a_cue()
    levels = []
    for path in (None, font):
        meter = LoudnessMeter(RATE, 2)
        sound = render(cue, plan, path)
        meter.add(sound)
        assert meter.integrated_lufs is not None
        levels.append(meter.integrated_lufs)
        assert sound.shape == (2, round(6.0 * RATE)) and np.isfinite(sound).all() and np.abs(sound).max() < 1
    # here every drum is a tone
    assert abs(levels[0] - levels[1]) < 4.0


def test_block_length_changes_nothing(font):
    cue, plan = a_cue(length_s=4.0)
    np.testing.assert_array_equal(render(cue, plan, font, block=48_000), render(cue, plan, font, block=1_234))


def test_what_the_file_lacks_our_own_voices_play(tmp_path):
    path = tmp_path / "far.sf2"
    path.write_bytes(made(tone(), presets=((127, 5),)))
    cue, plan = a_cue(length_s=3.0)
    np.testing.assert_array_equal(render(cue, plan, path), render(cue, plan, None))


def test_the_setting_reaches_the_stem(font, tmp_path):
    import soundfile

    cue, plan = a_cue(length_s=2.0)
    stems = render_stems(plan, tmp_path / "stems", soundfont=font)
    ours = render_stems(plan, tmp_path / "own")
    written, own = (soundfile.read(s.folder / s.files["MX"])[0] for s in (stems, ours))
    assert written.shape == own.shape and not np.allclose(written, own)


# ----------------------------------------------------------------- hostile
def test_no_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no SoundFont"):
        read_soundfont(tmp_path / "none.sf2")


def broken() -> dict[str, bytes]:
    whole = made(tone(0.05))
    deep = whole.index(b"ibag")
    return {
        "empty": b"",
        "text": b"this is no SoundFont" * 20,
        "cut in the samples": whole[:900],
        "cut in the lists": whole[:-60],
        "garbage": np.random.default_rng(1).bytes(5000),
        "a wave file": b"RIFF\x24\0\0\0WAVE" + b"\0" * 60,
        "huge chunk": whole[:12] + b"LIST\xff\xff\xff\xffINFO" + whole[24:],
        "compressed": made(tone(0.05), kind=0x11),
        "no such sample": made(tone(0.05), sample=900),
        "in ROM": made(tone(0.05), kind=0x8001),
        "rate of nothing": made(tone(0.05), rate=0),
        "bags backwards": whole[: deep + 8] + b"\x09\0\0\0\x01\0\0\0" + whole[deep + 16 :],
        "lists without ends": whole.replace(b"phdr" + struct.pack("<I", 114), b"phdr" + struct.pack("<I", 2)),
    }


@pytest.mark.parametrize("what", list(broken()))
def test_a_broken_file_is_refused_with_one_sentence(tmp_path, what):
    path = tmp_path / "broken.sf2"
    path.write_bytes(broken()[what])
    with pytest.raises(UnreadableInput) as told:
        read_soundfont(path)
    assert "broken.sf2" in str(told.value) and str(told.value).endswith("choose another .sf2 file.")


def test_any_flipped_byte_plays_or_is_refused(tmp_path):
    whole = bytearray(made(tone(0.02), loop=(100, 500)))
    rng = np.random.default_rng(5)
    path = tmp_path / "flipped.sf2"
    lists = whole.index(b"pdta")
    for _ in range(150):
        hurt = bytearray(whole)
        for place in rng.integers(lists, len(whole), 3):
            hurt[place] = rng.integers(256)
        path.write_bytes(hurt)
        try:
            read = read_soundfont(path)
        except UnreadableInput:
            continue
        for key in (0, 60, 127):
            for zones in read.presets.values():
                for zone in zones:
                    sound = play_zone(zone, read.pcm, key, 90, held_s=0.05, sample_rate_hz=RATE)
                    assert np.isfinite(sound).all() and sound.shape[1] <= 2.1 * RATE


def test_hostile_generators_stay_bounded(tmp_path):
    path = tmp_path / "wild.sf2"
    wild = tuple(
        (number, amount) for number in (0, 1, 2, 3, 4, 8, 12, 33, 34, 36, 38, 45, 50, 51, 52, 56) for amount in (32767,)
    )
    path.write_bytes(made(tone(0.05), generators=wild, loop=(10, 20)))
    read = read_soundfont(path)
    (zone,) = read.zones(0, 0, key=60, velocity=100)
    for other in (zone, replace(zone, values=dict.fromkeys(zone.values, -32768))):
        sound = play_zone(other, read.pcm, 60, 100, held_s=0.1, sample_rate_hz=RATE)
        assert np.isfinite(sound).all() and np.abs(sound).max() < 100
