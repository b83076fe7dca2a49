import numpy as np
import pytest

from pipeline.records import Payload
from pipeline.watermark.payload import VARIANTS, decode_payload, encode_payload
from pipeline.watermark.picture import tile

KEY = b"k" * 32
CODE = tile.tile_code(KEY)
SYMBOLS = encode_payload(Payload(1, 42), key=KEY)


def test_tile_is_decided_by_the_key_alone():
    again, other = tile.tile_code(KEY), tile.tile_code(b"o" * 32)
    assert np.array_equal(tile.sync_tile(again, 3), tile.sync_tile(CODE, 3))
    assert np.array_equal(again.symbol, CODE.symbol)
    assert abs(float((tile.sync_tile(other, 3) * tile.sync_tile(CODE, 3)).mean())) < 0.2


def test_variants_share_their_waves_and_nothing_else():
    tiles = np.stack([tile.marked_tile(CODE, SYMBOLS, variant).ravel() for variant in range(VARIANTS)])
    alike = np.corrcoef(tiles) - np.eye(VARIANTS)
    assert float(np.abs(alike).max()) < 0.2
    for variant in range(VARIANTS):
        at_waves = np.abs(np.fft.rfft2(tile.sync_tile(CODE, variant)))[CODE.waves[:, 0], CODE.waves[:, 1]]
        assert float(at_waves.min()) > 0.9 * float(at_waves.max())


@pytest.mark.parametrize("variant", range(VARIANTS))
def test_variant_is_told_by_its_peak(variant):
    noisy = tile.marked_tile(CODE, SYMBOLS, variant) + np.random.default_rng(variant).normal(0, 1.5, (64, 64))
    assert tile.find_sync(CODE, noisy - noisy.mean()).variant == variant


def test_average_of_two_files_keeps_both_variants():
    # two colluders: each word keeps half its amplitude, and lies in a pattern of its own
    words = [encode_payload(Payload(1, number), key=KEY) for number in (0x123456789ABCDEF, 0xFEDCBA987654321)]
    both = tile.marked_tile(CODE, words[0], 2) + tile.marked_tile(CODE, words[1], 5)
    for variant, word in zip((2, 5), words, strict=True):
        assert tile.match_word(CODE, both, tile.SyncPeak(0, 0, 0, variant), word) > 25
        symbols = tile.soft_symbols(CODE, both, tile.SyncPeak(0, 0, 0, variant))
        assert np.array_equal(encode_payload(decode_payload(symbols, key=KEY), key=KEY), word)


def test_every_symbol_has_its_chips():
    for symbol in CODE.symbol:
        counts = np.bincount(symbol.ravel(), minlength=612)
        assert counts.min() >= 6
        assert counts.max() <= 7


def test_tile_has_unit_power_and_no_slow_part():
    chips = tile.marked_tile(CODE, SYMBOLS, 3)
    assert chips.dtype == np.float32
    assert float(chips.std()) == pytest.approx(1, abs=1e-3)
    spectrum = np.abs(np.fft.fft2(chips))
    assert spectrum[0, 1:3].mean() < 0.1 * spectrum[16:32, 16:32].mean()


def test_sync_and_data_keep_out_of_each_other():
    chips = tile.marked_tile(CODE, SYMBOLS, 3)
    sync = tile.sync_tile(CODE, 3)
    assert float((chips * sync).mean()) == pytest.approx(tile.SYNC_PART, abs=1e-3)
    data = chips - tile.SYNC_PART * sync
    at_waves = np.abs(np.fft.rfft2(data))[CODE.waves[:, 0], CODE.waves[:, 1]]
    assert float(at_waves.max()) < 1e-3 * float(np.abs(np.fft.rfft2(chips)).max())
    assert len(CODE.waves) == tile.WAVES == len({tuple(wave) for wave in CODE.waves.tolist()})


def test_place_is_found_to_half_a_chip():
    between = np.fft.ifft2(
        np.fft.fft2(tile.marked_tile(CODE, SYMBOLS, 3)) * np.exp(-2j * np.pi * 7.5 * np.fft.fftfreq(64))[:, None]
    ).real
    peak = tile.find_sync(CODE, between)
    assert (peak.shift_y, peak.shift_x) == (7.5, 0)
    assert decode_payload(tile.soft_symbols(CODE, between, peak), key=KEY) == Payload(1, 42)


@pytest.mark.parametrize("shift", [(0, 0), (5, 60), (63, 1)])
def test_shifted_noisy_tile_is_found_and_read(shift):
    noise = np.random.default_rng(0).normal(0, 1.5, (64, 64))
    found = np.roll(tile.marked_tile(CODE, SYMBOLS, 3), shift, axis=(0, 1)) + noise
    peak = tile.find_sync(CODE, found - found.mean())
    assert (peak.shift_y, peak.shift_x) == shift
    assert peak.z > 10
    assert decode_payload(tile.soft_symbols(CODE, found, peak), key=KEY) == Payload(1, 42)


def test_fold_undoes_spread():
    chips = tile.marked_tile(CODE, SYMBOLS, 3)
    folded = tile.fold(tile.spread(chips, 180, 333))
    assert np.corrcoef(folded.ravel(), chips.ravel())[0, 1] > 0.95


def test_peak_of_unmarked_tiles_follows_theory():
    # strongly coloured tiles, no noise at all like the sync: the highest of 8 x 4096 shifts of a normal variable has
    # its median at 4.1 and passes 6 once in 30,000 tiles; waves that reach only so far up the spectrum make
    # neighbouring shifts alike, and half chips do not add many
    random = np.random.default_rng(5)
    peaks = []
    for _ in range(300):
        coarse = np.kron(random.normal(0, 1, (16, 16)), np.ones((4, 4))) ** 3
        peaks.append(tile.find_sync(tile.tile_code(random.bytes(32)), coarse - coarse.mean()).z)
    assert 3.8 < float(np.median(peaks)) < 4.5
    assert max(peaks) < 6.0


def test_word_is_matched_at_its_place_only():
    random = np.random.default_rng(6)
    noisy = tile.marked_tile(CODE, SYMBOLS, 4) + random.normal(0, 4, (64, 64))
    here = tile.SyncPeak(0, 0, 0, 4)
    assert tile.match_word(CODE, noisy, here, SYMBOLS) > 6
    other = encode_payload(Payload(1, 0x5A5A1234FEDC987), key=KEY)
    assert abs(tile.match_word(CODE, noisy, here, other)) < 4
    assert abs(tile.match_word(CODE, noisy, tile.SyncPeak(0, 9, 9, 4), SYMBOLS)) < 4
    assert tile.match_word(CODE, np.zeros((64, 64)), here, SYMBOLS) == 0


def test_threshold_pays_for_tries():
    assert tile.threshold(1, chance=1.0) == 0
    one, many = tile.threshold(1, chance=1e-6), tile.threshold(1000, chance=1e-6)
    assert one == pytest.approx(5.257, abs=1e-3)
    assert np.exp(-(many**2) / 2) * 1000 == pytest.approx(1e-6)


def test_empty_tile_has_no_peak():
    assert tile.find_sync(CODE, np.zeros((64, 64), dtype=np.float32)).z == 0
