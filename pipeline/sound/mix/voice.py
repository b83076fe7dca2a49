"""Where somebody speaks: probability of speech every 32 ms, by the small net of the Silero project, in plain numpy.

The net is Silero VAD 6 (MIT, Silero Team; its weights come with the package silero-vad): a spectrum of 129 bins, four
convolutions, one LSTM of 128 cells. It is run here without torch, many frames at once, which costs 3 ms for a second of
sound. A level cannot tell speech from a door, and of the free detectors this one can: over 30 clips of hits,
animals and machines it finds speech in 1 % of the time, WebRTC's detector in 50 % (`benchmarks.voice`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.errors import FoleymarkError

if TYPE_CHECKING:
    import numpy as np

RATE_HZ = 16_000
FRAME_SAMPLES = 512
FRAME_S = FRAME_SAMPLES / RATE_HZ
# samples of the frame before that the net sees again, and those mirrored behind
_CONTEXT, _MIRRORED = 64, 64
_WINDOW, _STEP, _BINS, _CELLS = 256, 128, 129, 128
# frames worked on at once; 10.24 s are a whole number of samples at 44.1, 48 and 96 kHz
_CHUNK_FRAMES = 320
# what the filter between two rates sees on either side of a chunk
_MARGIN_S = 0.1


@dataclass(frozen=True)
class _Net:
    """Weights, laid out for products from the right; a convolution takes [kernel * channels in] to [channels out]."""

    spectrum: np.ndarray
    convolutions: tuple[tuple[np.ndarray, np.ndarray, int], ...]
    into_cells: np.ndarray
    cells: np.ndarray
    cells_bias: np.ndarray
    out: np.ndarray
    out_bias: float


def speech_probability(blocks: Iterable[np.ndarray], *, sample_rate_hz: int) -> np.ndarray:
    """How likely it is that somebody speaks.

    Parameters
    ----------
    blocks : float [channels, n]
        The sound, in order.
    sample_rate_hz : int
        Of the blocks; a multiple of 100.

    Returns
    -------
    float32 [frames]
        0..1 for each 32 ms. The result does not depend on how the sound is cut into blocks.
    """
    import numpy as np

    net = _load()
    state = (np.zeros(_CELLS, np.float32), np.zeros(_CELLS, np.float32))
    context = np.zeros(_CONTEXT, np.float32)
    found = [np.zeros(0, np.float32)]
    for chunk in _at_16_khz(blocks, sample_rate_hz):
        frames = np.pad(chunk, (0, -len(chunk) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
        before = np.concatenate([context[None], frames[:-1, -_CONTEXT:]])
        context = frames[-1, -_CONTEXT:]
        probability, state = _run(net, _features(net, np.concatenate([before, frames], axis=1)), state)
        found.append(probability)
    return np.concatenate(found)


def _features(net: _Net, frames: np.ndarray) -> np.ndarray:
    # float32 [frames, 576] to [frames, 128]
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    padded = np.pad(frames, ((0, 0), (0, _MIRRORED)), mode="reflect")
    parts = sliding_window_view(padded, _WINDOW, axis=1)[:, ::_STEP] @ net.spectrum
    layer = np.hypot(parts[..., :_BINS], parts[..., _BINS:])
    for weight, bias, stride in net.convolutions:
        edged = np.pad(layer, ((0, 0), (1, 1), (0, 0)))
        windows = sliding_window_view(edged, 3, axis=1)[:, ::stride]
        layer = np.maximum(windows.reshape(*windows.shape[:2], -1) @ weight + bias, 0)
    result: np.ndarray = layer[:, 0]
    return result


def _run(
    net: _Net, features: np.ndarray, state: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    # the recurrent half: features float32 [frames, 128] to probabilities [frames]
    import numpy as np
    from scipy.special import expit

    hidden, cell = state
    heard = features @ net.into_cells + net.cells_bias
    told = np.empty((len(features), _CELLS), np.float32)
    for index, come in enumerate(heard):
        gates = come + hidden @ net.cells
        opened = expit(gates)
        cell = opened[_CELLS : 2 * _CELLS] * cell + opened[:_CELLS] * np.tanh(gates[2 * _CELLS : 3 * _CELLS])
        hidden = opened[3 * _CELLS :] * np.tanh(cell)
        told[index] = hidden
    return expit(np.maximum(told, 0) @ net.out + net.out_bias), (hidden, cell)


def _at_16_khz(blocks: Iterable[np.ndarray], sample_rate_hz: int) -> Iterator[np.ndarray]:
    # mono chunks of 10.24 s at 16 kHz, float32, the last one shorter
    import numpy as np
    from scipy.signal import resample_poly

    size = _CHUNK_FRAMES * FRAME_SAMPLES * sample_rate_hz // RATE_HZ
    margin = round(_MARGIN_S * sample_rate_hz)
    common = math.gcd(RATE_HZ, sample_rate_hz)
    up, down = RATE_HZ // common, sample_rate_hz // common
    skip = round(_MARGIN_S * RATE_HZ)
    waiting = np.zeros(margin)  # what lies before the next chunk, and then the chunk itself
    for block in blocks:
        waiting = np.concatenate([waiting, block.mean(axis=0)])
        while len(waiting) >= margin + size + margin:
            turned = resample_poly(waiting[: size + 2 * margin], up, down)
            yield turned[skip : skip + _CHUNK_FRAMES * FRAME_SAMPLES].astype(np.float32)
            waiting = waiting[size:]
    left = len(waiting) - margin
    if left > 0:
        turned = resample_poly(np.pad(waiting, (0, margin)), up, down)[skip : skip + -(-left * up // down)]
        for start in range(0, len(turned), _CHUNK_FRAMES * FRAME_SAMPLES):
            yield turned[start : start + _CHUNK_FRAMES * FRAME_SAMPLES].astype(np.float32)


@cache
def _load() -> _Net:
    import importlib.util
    from pathlib import Path

    from safetensors.numpy import load_file

    # the package itself is not imported: it would set torch to one thread for everybody
    found = importlib.util.find_spec("silero_vad")
    folders = found.submodule_search_locations if found else None
    path = Path(folders[0] if folders else "") / "data" / "silero_vad_16k.safetensors"
    if not path.is_file():
        raise FoleymarkError("The package silero-vad 6 is missing; install Foleymark's dependencies again.")
    weights = load_file(path)
    return _Net(
        spectrum=weights["stft_conv.weight"][:, 0].T.copy(),
        convolutions=tuple(
            (_flat(weights[f"{name}.weight"]), weights[f"{name}.bias"], stride)
            for name, stride in (("conv1", 1), ("conv2", 2), ("conv3", 2), ("conv4", 1))
        ),
        into_cells=weights["lstm_cell.weight_ih"].T.copy(),
        cells=weights["lstm_cell.weight_hh"].T.copy(),
        cells_bias=weights["lstm_cell.bias_ih"] + weights["lstm_cell.bias_hh"],
        out=weights["final_conv.weight"][0, :, 0],
        out_bias=float(weights["final_conv.bias"][0]),
    )


def _flat(weight: Any) -> np.ndarray:
    # [out, in, kernel] as torch keeps it; windows come as [in, kernel]
    flat: np.ndarray = weight.reshape(len(weight), -1).T.copy()
    return flat
