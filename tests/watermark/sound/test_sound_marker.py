import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.records import Payload
from pipeline.watermark.keys import key_id
from pipeline.watermark.payload import variant_of
from pipeline.watermark.sound import masking
from pipeline.watermark.sound.marker import PROFILES, SoundMarker, choose_sound_strength, read_sound
from tests.watermark.sound.sounds import band, through_codec

KEY = b"\x01" * 32
PAYLOAD = Payload(1, 0xABCDEF0123456)


def mark(sound, *, rate_hz=16_000, strength=1.3, block=None, key=KEY, payload=PAYLOAD):
    marker = SoundMarker(rate_hz, len(sound), payload=payload, key=key, strength=strength)
    size = block or max(1, sound.shape[1])
    blocks = [marker(sound[:, start : start + size]) for start in range(0, sound.shape[1], size)]
    return np.concatenate([*blocks, marker.flush()], axis=1)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_is_marked_and_read(rate_hz, channels):
    sound = band(6, rate_hz=rate_hz, channels=channels)
    marked = mark(sound, rate_hz=rate_hz, strength=1.6)
    assert marked.shape == sound.shape
    assert marked.dtype == np.float32
    reading = read_sound(marked, rate_hz, keys=[KEY])
    assert reading.payload == PAYLOAD
    assert reading.geometry == "as marked"
    assert PAYLOAD.hex in reading.sentence


@pytest.mark.parametrize(
    ("codec", "bit_rate", "suffix"), [("aac", 64_000, "m4a"), ("libmp3lame", 48_000, "mp3"), ("libopus", 32_000, "ogg")]
)
def test_five_seconds_survive_a_real_codec(codec, bit_rate, suffix, tmp_path):
    marked = mark(band(5, rate_hz=48_000, channels=2), rate_hz=48_000, strength=choose_sound_strength(5))
    copy = through_codec(marked, tmp_path / f"copy.{suffix}", codec=codec, bit_rate=bit_rate, rate_hz=48_000)
    assert read_sound(copy, 48_000, keys=[KEY]).payload == PAYLOAD


def test_three_seconds_read():
    assert read_sound(mark(band(3), strength=choose_sound_strength(3)), 16_000, keys=[KEY]).payload == PAYLOAD


def test_piece_from_the_middle_and_a_mono_fold_down_read():
    marked = mark(band(12, channels=2, seed=4))
    assert read_sound(marked[:, 40_011:120_000], 16_000, keys=[KEY]).payload == PAYLOAD
    assert read_sound(marked.mean(axis=0, keepdims=True), 16_000, keys=[KEY]).payload == PAYLOAD


def test_file_of_another_rate_reads():
    marked = mark(band(6, rate_hz=48_000, seed=3), rate_hz=48_000, strength=1.6)
    # a box filter is all that is needed here to get to 16 kHz
    assert read_sound(marked.reshape(1, -1, 3).mean(axis=2), 16_000, keys=[KEY]).payload == PAYLOAD


@pytest.mark.parametrize("rate_hz", [16_000, 11_025])
@pytest.mark.parametrize("block", [1, 37, 4096])
def test_blocks_make_no_difference(rate_hz, block):
    sound = band(0.3 if block == 1 else 2, rate_hz=rate_hz, channels=2)
    assert np.allclose(mark(sound, rate_hz=rate_hz, block=block), mark(sound, rate_hz=rate_hz), atol=1e-6)


@pytest.mark.parametrize("samples", [0, 1, 7, 399, 400, 401, 1000])
def test_as_many_samples_come_out_as_go_in(samples):
    sound = band(1)[:, :samples]
    assert mark(sound).shape == (1, samples)
    assert read_sound(mark(sound), 16_000, keys=[KEY]).state == "none"


def test_reader_takes_blocks_and_stops_when_it_has_read():
    marked = mark(band(40))
    drawn = []

    def blocks():
        for start in range(0, marked.shape[1], 16_000):
            drawn.append(start)
            yield marked[:, start : start + 16_000]

    assert read_sound(blocks(), 16_000, keys=[KEY]).payload == PAYLOAD
    assert len(drawn) < 35


def test_all_keys_are_tried_and_the_one_that_read_is_named():
    old, new = b"\x07" * 32, b"\x08" * 32
    reading = read_sound(mark(band(5), key=old), 16_000, keys=[new, KEY, old])
    assert reading.payload == PAYLOAD
    assert reading.key_id == key_id(old)
    assert reading.z > reading.needed_z > read_sound(mark(band(5)), 16_000, keys=[KEY]).needed_z


def test_averaging_two_files_hides_neither_variant():
    # another variant of the same key; each mark is then only half as deep
    other = next(one for one in (Payload(1, number) for number in range(99)) if variant_of(one) != variant_of(PAYLOAD))
    sound = band(9)
    both = (mark(sound, strength=2.0) + mark(sound, strength=2.0, payload=other)) / 2
    assert read_sound(both, 16_000, keys=[KEY]).payload in (PAYLOAD, other)


def test_silence_stays_silent():
    assert not mark(np.zeros((2, 16_000), dtype=np.float32)).any()
    # the last bit of 16: what is added there is far below it
    dither = np.random.default_rng(0).choice([-1, 0, 1], (1, 16_000)).astype(np.float32) / 32768
    assert np.abs(mark(dither) - dither).max() < 0.25 / 32768


def test_nothing_is_heard_before_a_blow():
    sound = np.random.default_rng(1).normal(0, 1e-4, (1, 16_000)).astype(np.float32)
    sound[:, 8_000:] += band(0.5, seed=2)
    change = mark(sound) - sound
    before = np.sqrt(np.mean(change[:, 7_500:7_990] ** 2))
    # quieter than the room before the blow is by itself, by the full depth of the mark
    assert before < 0.3e-4


def test_change_stays_masked():
    sound = band(6, rate_hz=48_000, seed=5)
    change = mark(sound, rate_hz=48_000) - sound
    assert 10 * np.log10(np.sum(sound**2) / np.sum(change**2)) > 20
    ratio_db = masking.noise_to_mask_db(sound[0], (sound + change)[0], 48_000)
    assert np.median(ratio_db[ratio_db > -99]) < -4
    # below and above the bands of the mark nothing changes
    spectrum = np.abs(np.fft.rfft(change[0]))
    hz = np.fft.rfftfreq(change.shape[1], 1 / 48_000)
    inside = (hz > 500) & (hz < 6900)
    assert spectrum[(hz < 300) | (hz > 7200)].max() < 0.02 * spectrum[inside].max()


def test_marker_tells_its_signal_to_noise_ratio():
    sound = band(4)
    marker = SoundMarker(16_000, 1, payload=PAYLOAD, key=KEY, strength=1.2)
    marked = np.concatenate([marker(sound[:, :30_000]), marker(sound[:, 30_000:]), marker.flush()], axis=1)
    expected_db = 10 * np.log10(np.sum(sound**2) / np.sum((marked - sound) ** 2))
    assert marker.snr_db == pytest.approx(expected_db, abs=0.01)
    silent = SoundMarker(16_000, 1, payload=PAYLOAD, key=KEY, strength=1.2)
    silent(np.zeros((1, 16_000), dtype=np.float32))
    assert silent.snr_db == np.inf


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_steady_tones_do_not_flutter(rate_hz):
    time = np.arange(3 * rate_hz) / rate_hz
    partials = [(hz * number, 0.05 / number) for hz in (220, 277.18, 329.63) for number in range(1, 9)]
    tone = 0.3 * np.sin(2 * np.pi * 1000 * time)
    chord = sum(size * np.sin(2 * np.pi * hz * time + hz) for hz, size in partials)
    for steady, most in ((tone, 0.03), (chord, 0.035)):
        sound = steady.astype(np.float32)[None]
        change = (mark(sound, rate_hz=rate_hz, strength=1.2) - sound)[:, rate_hz // 4 : -rate_hz // 4]
        assert change.std() / sound.std() < most


def test_full_scale_is_not_exceeded():
    sound = np.clip(20 * band(2), -1, 1)
    assert np.abs(mark(sound)).max() <= 1


def test_broken_samples_pass_through():
    sound = band(4, seed=6)
    sound[0, 100], sound[0, 20_000], sound[0, 30_000] = np.nan, np.inf, 3e38
    marked = mark(sound)
    assert np.isnan(marked[0, 100])
    assert np.isfinite(marked).sum() == marked.size - 2
    assert read_sound(marked, 16_000, keys=[KEY]).state in ("read", "none", "unreadable")


def test_other_key_and_unmarked_sound_read_nothing():
    sound = band(6, seed=7)
    for heard, key in ((mark(sound), b"\x02" * 32), (sound, KEY)):
        reading = read_sound(heard, 16_000, keys=[key])
        assert reading.state == "none"
        assert reading.payload is None
        assert reading.z < 6.5


def test_impossible_input_is_refused():
    sound = band(1)
    with pytest.raises(ValueError, match="Hz"):
        SoundMarker(100, 1, payload=PAYLOAD, key=KEY, strength=1)
    with pytest.raises(ValueError, match="channel"):
        SoundMarker(16_000, 0, payload=PAYLOAD, key=KEY, strength=1)
    with pytest.raises(ValueError, match="marker takes"):
        SoundMarker(16_000, 2, payload=PAYLOAD, key=KEY, strength=1)(sound)
    with pytest.raises(ValueError, match="reader takes"):
        read_sound([sound, np.concatenate([sound, sound])], 16_000, keys=[KEY])
    with pytest.raises(ValueError, match="Hz"):
        read_sound(sound, 0, keys=[KEY])
    with pytest.raises(ValueError, match="one key"):
        read_sound(sound, 16_000, keys=[])
    with pytest.raises(UsageError, match="profile"):
        choose_sound_strength(5, profile="loud")


def test_strength_follows_profile_and_length():
    assert choose_sound_strength(60) == PROFILES["balanced"]
    assert choose_sound_strength(3) > choose_sound_strength(8) > choose_sound_strength(10)
    assert choose_sound_strength(0, profile="subtle") < choose_sound_strength(0, profile="strong")
