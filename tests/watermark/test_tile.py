import numpy as np
import pytest

from pipeline.records import Payload
from pipeline.watermark import tile
from pipeline.watermark.payload import decode_payload, encode_payload

KEY = b"k" * 32
CODE = tile.tile_code(KEY)
SYMBOLS = encode_payload(Payload(1, 42), key=KEY)


def test_tile_is_decided_by_the_key_alone():
    again, other = tile.tile_code(KEY), tile.tile_code(b"o" * 32)
    assert np.array_equal(again.sync, CODE.sync)
    assert np.array_equal(again.symbol, CODE.symbol)
    assert abs(float((other.sync.astype(int) * CODE.sync).mean())) < 0.1


def test_every_symbol_has_its_chips():
    counts = np.bincount(CODE.symbol.ravel(), minlength=612)
    assert counts.min() >= 6
    assert counts.max() <= 7


def test_tile_has_unit_power_and_no_slow_part():
    chips = tile.marked_tile(CODE, SYMBOLS)
    assert chips.dtype == np.float32
    assert float(chips.std()) == pytest.approx(1, abs=1e-3)
    spectrum = np.abs(np.fft.fft2(chips))
    assert spectrum[0, 1:3].mean() < 0.1 * spectrum[16:32, 16:32].mean()


@pytest.mark.parametrize("shift", [(0, 0), (5, 60), (63, 1)])
def test_shifted_noisy_tile_is_found_and_read(shift):
    noise = np.random.default_rng(0).normal(0, 1.5, (64, 64))
    found = np.roll(tile.marked_tile(CODE, SYMBOLS), shift, axis=(0, 1)) + noise
    peak = tile.find_sync(CODE, found - found.mean())
    assert (peak.shift_y, peak.shift_x) == shift
    assert peak.z > 10
    assert decode_payload(tile.soft_symbols(CODE, found, peak), key=KEY) == Payload(1, 42)


def test_fold_undoes_spread():
    chips = tile.marked_tile(CODE, SYMBOLS)
    folded = tile.fold(tile.spread(chips, 180, 333))
    assert np.corrcoef(folded.ravel(), chips.ravel())[0, 1] > 0.95


def test_peak_of_unmarked_tiles_follows_theory():
    # strongly coloured tiles, no noise at all like the sync: the highest of 4096 shifts of a normal variable
    # has its median at 3.6 and passes 5.5 once in 13,000 tiles
    random = np.random.default_rng(5)
    peaks = []
    for _ in range(300):
        coarse = np.kron(random.normal(0, 1, (16, 16)), np.ones((4, 4))) ** 3
        peaks.append(tile.find_sync(tile.tile_code(random.bytes(32)), coarse - coarse.mean()).z)
    assert 3.2 < float(np.median(peaks)) < 4.0
    assert max(peaks) < 5.5


def test_empty_tile_has_no_peak():
    assert tile.find_sync(CODE, np.zeros((64, 64), dtype=np.float32)).z == 0
