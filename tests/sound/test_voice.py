"""The voice detector: the same numbers as the net it comes from, whatever the blocks and the rate."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from benchmarks.spoken import talk
from pipeline.sound.mix import voice
from pipeline.sound.mix.voice import FRAME_SAMPLES, RATE_HZ, speech_probability


def net_in_torch(sound: np.ndarray) -> np.ndarray:
    """The net as its makers wrote it, frame by frame, from the same weights."""
    import torch
    from torch import nn

    kept = voice._load()
    sizes = ((129, 128, 1), (128, 64, 2), (64, 64, 2), (64, 128, 1))
    layers = [nn.Conv1d(i, o, 3, stride=s, padding=1) for i, o, s in sizes]
    for layer, (weight, bias, _) in zip(layers, kept.convolutions, strict=True):
        layer.weight.data = torch.from_numpy(weight.T.reshape(layer.weight.shape).copy())
        layer.bias.data = torch.from_numpy(bias)
    cell = nn.LSTMCell(128, 128)
    cell.weight_ih.data, cell.weight_hh.data = torch.from_numpy(kept.into_cells.T), torch.from_numpy(kept.cells.T)
    cell.bias_ih.data, cell.bias_hh.data = torch.from_numpy(kept.cells_bias), torch.zeros(512)
    state, found = None, []
    padded = torch.from_numpy(np.pad(sound, (64, -len(sound) % FRAME_SAMPLES)).astype(np.float32))
    with torch.no_grad():
        for start in range(0, len(padded) - 64, FRAME_SAMPLES):
            frame = nn.functional.pad(padded[None, start : start + FRAME_SAMPLES + 64], (0, 64), mode="reflect")
            parts = nn.functional.conv1d(frame[None], torch.from_numpy(kept.spectrum.T[:, None].copy()), stride=128)
            layer = (parts[:, :129] ** 2 + parts[:, 129:] ** 2).sqrt()
            for convolution in layers:
                layer = convolution(layer).relu()
            state = cell(layer[..., 0], state)
            found.append(torch.sigmoid(state[0].relu()[0] @ torch.from_numpy(kept.out) + kept.out_bias).item())
    return np.asarray(found)


def test_is_the_net_it_says_it_is():
    rng = np.random.default_rng(1)
    sound = talk(4, [(0.5, 1.8), (2.5, 3.7)], sample_rate_hz=RATE_HZ)[0] + 0.003 * rng.standard_normal(4 * RATE_HZ)
    ours = speech_probability([np.stack([sound, sound])], sample_rate_hz=RATE_HZ)
    assert ours.max() > 0.95 and ours.min() < 0.1
    np.testing.assert_allclose(ours, net_in_torch(sound), atol=2e-4)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_every_rate_hears_the_same(rate):
    low = speech_probability([talk(14, [(1, 3), (9, 12.5)], sample_rate_hz=RATE_HZ)], sample_rate_hz=RATE_HZ)
    sound = talk(14, [(1, 3), (9, 12.5)], sample_rate_hz=rate)
    high = speech_probability([sound], sample_rate_hz=rate)
    assert len(high) == len(low)
    # the last sound of a word may go over or under by a filter's edge
    assert ((high > 0.5) != (low > 0.5)).mean() < 0.02
    parts = [sound[:, start : start + 10_007] for start in range(0, sound.shape[1], 10_007)]
    np.testing.assert_array_equal(speech_probability(parts, sample_rate_hz=rate), high)


@pytest.mark.parametrize("samples", [0, 1, 100, 512, 5000])
def test_short_sounds(samples):
    found = speech_probability([np.zeros((2, samples))], sample_rate_hz=48_000)
    assert len(found) == -(-samples // 1536)
    assert (found < 0.3).all()


def test_does_not_load_a_package_that_changes_threads_for_everybody():
    speech_probability([np.zeros((1, 4800))], sample_rate_hz=48_000)
    assert "silero_vad" not in sys.modules
