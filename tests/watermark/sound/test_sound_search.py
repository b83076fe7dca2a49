import math

import numpy as np
import pytest

from pipeline.records import Payload
from pipeline.watermark.payload import VARIANTS, decode_payload, encode_payload, new_payload, variant_of
from pipeline.watermark.sound import search, tile
from pipeline.watermark.sound.marker import SoundMarker, read_sound
from pipeline.watermark.sound.spectrogram import Spectrogram
from tests.watermark.sound.sounds import band, faster, shorter

KEY = b"k" * 32
PAYLOAD = Payload(1, 42)
PATTERNS = tile.sound_patterns([KEY])
TILE = tile.sound_tile(PATTERNS, PAYLOAD)
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def marked():
    marker = SoundMarker(RATE_HZ, 1, payload=PAYLOAD, key=KEY, strength=1.5)
    return np.concatenate([marker(band(10, seed=1)), marker.flush()], axis=1)


@pytest.mark.parametrize("speed", [0.9, 0.953, 1.05, 1.1])
def test_speed_is_found(marked, speed):
    reading = read_sound(faster(marked, speed), RATE_HZ, keys=[KEY])
    assert reading.payload == PAYLOAD
    assert reading.geometry.startswith("speed ")
    assert float(reading.geometry.split()[1]) == pytest.approx(speed, abs=0.003)


@pytest.mark.parametrize("tempo", [0.85, 1.2])
def test_tempo_is_found(marked, tempo):
    reading = read_sound(shorter(marked, tempo, rate_hz=RATE_HZ), RATE_HZ, keys=[KEY])
    assert reading.payload == PAYLOAD
    assert float(reading.geometry.split()[1].rstrip(",")) == pytest.approx(tempo, abs=0.006)


@pytest.mark.parametrize("semitones", [-2, 1])
def test_pitch_is_found(marked, semitones):
    pitch = 2 ** (semitones / 12)
    reading = read_sound(faster(shorter(marked, 1 / pitch, rate_hz=RATE_HZ), pitch), RATE_HZ, keys=[KEY])
    assert reading.payload == PAYLOAD
    assert "semitones" in reading.geometry
    assert float(reading.geometry.split()[-2]) == pytest.approx(semitones, abs=0.3)


def test_tries_are_counted_and_paid_for():
    power = Spectrogram(RATE_HZ)(band(6, seed=2))
    matches, tries = search.search(power, PATTERNS, RATE_HZ)
    assert tries % search.TRIES_PER_FOLD == 0
    assert tries > 200 * search.TRIES_PER_FOLD
    assert matches[0].peak.z == max(match.peak.z for match in matches)
    assert matches[0].peak.z < tile.threshold(tries, chance=0.01)


def test_threshold_is_the_bound_of_hoeffding():
    assert math.exp(-(tile.threshold(1000, chance=0.01) ** 2) / 2) * 1000 == pytest.approx(0.01)


def test_peak_of_unmarked_tiles_stays_below_the_bound():
    # strongly coloured tiles with heavy tails: the highest of all places passes the bound at most once in a hundred
    random = np.random.default_rng(5)
    peaks = []
    for _ in range(300):
        coarse = np.kron(random.normal(0, 1, (4, 24, 8)), np.ones((1, 5, 4))) ** 3
        peaks.append(tile.find_sync(tile.sound_patterns([random.bytes(32)]), coarse).z)
    least = tile.threshold(search.TRIES_PER_FOLD * VARIANTS, chance=0.01)
    assert 3.0 < float(np.median(peaks)) < 4.2
    assert np.mean(np.array(peaks) > least) <= 0.01


@pytest.mark.parametrize("shift", [0, 7, 119])
def test_shifted_noisy_tile_is_found_and_read(shift):
    random = np.random.default_rng(3)
    tiles = random.normal(0, 1, (4, *TILE.shape))
    tiles[2] += 0.4 * np.roll(TILE, shift, axis=0)
    peak = tile.find_sync(PATTERNS, tiles)
    assert (peak.pattern, peak.phase, peak.shift) == (variant_of(PAYLOAD), 2, shift)
    assert tile.read_tile(PATTERNS, tiles, peak) == PAYLOAD


def test_tile_is_decided_by_the_key_and_apart_from_the_picture():
    both = tile.sound_patterns([b"o" * 32, KEY])
    assert np.array_equal(both.sync[VARIANTS:], PATTERNS.sync)
    assert [both.key_of(pattern) for pattern in (0, VARIANTS)] == [b"o" * 32, KEY]
    # no two patterns are alike, of one key or of two
    alike = np.corrcoef(both.sync.reshape(2 * VARIANTS, -1)) - np.eye(2 * VARIANTS)
    assert np.abs(alike).max() < 0.1
    for symbol in PATTERNS.symbol:
        assert np.bincount(symbol.ravel(), minlength=612).min() >= 6
    assert float(TILE.std()) == pytest.approx(1, abs=0.03)


def test_id_in_the_wrong_variant_is_refused():
    # a code word of this key whose id belongs to another variant
    other = next(one for one in iter(new_payload, None) if variant_of(one) != variant_of(PAYLOAD))
    pattern = variant_of(PAYLOAD)
    symbols = encode_payload(other, key=KEY)
    chips = PATTERNS.sync[pattern] + PATTERNS.sign[pattern] * symbols[PATTERNS.symbol[pattern]]
    tiles = np.stack([chips.astype(np.float32)] * 4)
    peak = tile.find_sync(PATTERNS, tiles)
    assert decode_payload(tile.soft_symbols(PATTERNS, tiles, peak), key=KEY) == other
    assert tile.read_tile(PATTERNS, tiles, peak) is None


@pytest.mark.parametrize("rate_hz", [11_025, 16_000])
def test_spectrogram_of_blocks_is_that_of_the_whole(rate_hz):
    sound = band(2, rate_hz=rate_hz, channels=2)
    whole, blocked = Spectrogram(rate_hz)(sound), Spectrogram(rate_hz)
    parts = [blocked(sound[:, start : start + 777]) for start in range(0, sound.shape[1], 777)]
    assert np.allclose(np.concatenate(parts), whole, rtol=1e-4)


@pytest.mark.parametrize(
    ("warp", "sentence"),
    [
        (search.Warp(), "as marked"),
        (search.Warp(1.0005, 1.002), "as marked"),
        (search.Warp(1.05, 1.05), "speed 1.050"),
        (search.Warp(0.8, 1.0), "tempo 0.800"),
        (search.Warp(1.0, 2 ** (1 / 12)), "pitch +1.0 semitones"),
        (search.Warp(1.2, 2 ** (-1 / 12)), "tempo 1.200, pitch -1.0 semitones"),
    ],
)
def test_warps_have_names(warp, sentence):
    assert warp.sentence == sentence
