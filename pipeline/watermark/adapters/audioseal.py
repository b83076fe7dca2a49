"""AudioSeal of Meta: a neural mark of speech with 16 bits, through the makers' package (MIT).

Sixteen bits cannot hold an id, so the mark carries the last four hex digits of one: a hint, which one id in 65,536
shares and nothing checks. The package's own loader fetches weights and unpickles them; it is not used. Its builder is
given the card that comes with it and tensors from the user's files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import UsageError
from pipeline.records import Payload
from pipeline.watermark.adapters.interface import ForeignReading, ForeignTool, validate_sound
from pipeline.watermark.adapters.message import hint_of
from pipeline.watermark.adapters.weights import find_files, hashes, load_tensors, quiet, version_of

HOW = (
    "AudioSeal needs `pip install audioseal` (MIT) and two files from the model page facebook/audioseal: "
    "generator_base.pth and detector_base.pth."
)
FILES = ("generator_base.pth", "detector_base.pth")
CAPACITY_BITS = 16
# the models were trained at 16 kHz; other rates are converted and only the mark is converted back
MODEL_RATE_HZ = 16_000
# Sound goes through in pieces, so that memory stays flat. They overlap, because the nets look both ways and a seam
# in the mark would click.
PIECE_S, OVERLAP_S = 30, 1
# below this the nets have nothing to go on
LEAST_S = 1
# share of samples that the detector calls marked above which a sound counts as marked: the package's own threshold
MARKED_SHARE = 0.5


@dataclass(frozen=True)
class _Piece:
    """What the detector says of a piece."""

    samples: int
    # share of samples called marked
    share: float
    # probability of each bit being 1
    bits: np.ndarray


class AudioSealAdapter:
    """Marks and reads sound with the package `audioseal` and the user's weights.

    Parameters
    ----------
    weights : Path
        Folder with generator_base.pth and detector_base.pth.

    Raises
    ------
    UsageError
        When the package or a file is missing, or a file is not what it should be.
    """

    name = "audioseal"
    capacity_bits = CAPACITY_BITS

    def __init__(self, weights: Path | None) -> None:
        files = find_files(weights, FILES, what=HOW)
        self._generator, self._detector = _load(files)
        self.tool = ForeignTool(self.name, version_of("audioseal"), hashes(files))

    def mark(self, sound: np.ndarray, sample_rate_hz: int, payload: Payload) -> np.ndarray:
        """A marked copy of the sound, of the same length; each channel is marked."""
        validate_sound(sound, sample_rate_hz)
        slow = _padded(_convert(sound, sample_rate_hz, MODEL_RATE_HZ))
        mark = _convert(self._watermark(slow, _bits(hint_of(payload, CAPACITY_BITS))), MODEL_RATE_HZ, sample_rate_hz)
        marked = sound.copy()
        # conversion rounds lengths up or down by a sample
        length = min(sound.shape[1], mark.shape[1])
        marked[:, :length] += mark[:, :length]
        return marked

    def read(self, sound: np.ndarray, sample_rate_hz: int) -> ForeignReading:
        """What the sound says: at most a hint of an id."""
        validate_sound(sound, sample_rate_hz)
        slow = _padded(_convert(sound, sample_rate_hz, MODEL_RATE_HZ))
        pieces = [self._detect(slow[:, start:end]) for start, end in _pieces(slow.shape[1])]
        share = float(np.average([piece.share for piece in pieces], weights=[piece.samples for piece in pieces]))
        marked = [piece for piece in pieces if piece.share > MARKED_SHARE]
        raw = {"marked_share": share}
        if not marked:
            text = "AudioSeal's reader found no mark."
            return ForeignReading(self.tool, "none", confidence=share, sentence=text, raw=raw)
        bits = np.average([piece.bits for piece in marked], axis=0, weights=[piece.samples for piece in marked]) > 0.5
        hint = np.packbits(bits).tobytes().hex()
        text = (
            f"AudioSeal, Meta's algorithm, found a mark that carries the digits {hint}. That is a hint, never an id: "
            "one id in 65,536 ends so, and any user of AudioSeal can write it."
        )
        return ForeignReading(self.tool, "hint", hint=hint, confidence=share, sentence=text, raw=raw)

    def _watermark(self, slow: np.ndarray, bits: np.ndarray) -> np.ndarray:
        """The mark alone, float32 [channels, samples], pieces faded into each other."""
        import torch

        message = torch.from_numpy(bits.astype(np.int64))[None].expand(slow.shape[0], -1)
        total, weight = np.zeros_like(slow), np.zeros(slow.shape[1], np.float32)
        for start, end in _pieces(slow.shape[1]):
            with _running():
                part = self._generator.get_watermark(torch.from_numpy(slow[:, None, start:end]), message=message)
            fade = _fade(end - start)
            total[:, start:end] += part[:, 0].numpy() * fade
            weight[start:end] += fade
        return total / weight

    def _detect(self, slow: np.ndarray) -> _Piece:
        import torch

        with _running():
            presence, bits = self._detector(torch.from_numpy(np.ascontiguousarray(slow[:, None])))
        share = float((presence[:, 1] > 0.5).float().mean())
        return _Piece(slow.shape[1], share, bits.mean(0).double().numpy())


@contextlib.contextmanager
def _running() -> Iterator[None]:
    """The nets as they stand: the package would compile them first, a minute's work that needs a C++ compiler."""
    import torch

    with torch.inference_mode(), torch.compiler.set_stance("force_eager"), quiet():
        yield


def _load(files: dict[str, Path]) -> tuple[Any, Any]:
    try:
        with quiet():
            from audioseal.builder import (
                AudioSealDetectorConfig,
                AudioSealWMConfig,
                create_detector,
                create_generator,
            )
    except ImportError as error:
        raise UsageError(f"The package audioseal cannot be used here ({error}). {HOW}") from error
    generator, detector = (files[name] for name in FILES)
    return (
        _build(generator, "audioseal_wm_16bits", AudioSealWMConfig, create_generator),
        _build(detector, "audioseal_detector_16bits", AudioSealDetectorConfig, create_detector),
    )


def _build(path: Path, card: str, kind: Any, create: Any) -> Any:
    """A model after a card of the package, with the tensors of a file."""
    from audioseal import loader
    from omegaconf import OmegaConf

    tensors = load_tensors(path, extra=_plain_classes())
    # checkpoints of a training run hold the best state, published ones the model, some the tensors alone
    tensors = tensors.get("best_state", tensors).get("model", tensors)
    try:
        with quiet():
            settings = OmegaConf.to_container(loader.load_local_model_config(card))
            model = create(loader.AudioSeal.parse_config(settings, config_type=kind, nbits=CAPACITY_BITS))
            if tensors.keys() != model.state_dict().keys():
                # published files have the names of an older architecture
                tensors = loader.convert_state_dict_for_scriptable_model(tensors)
            loader.load_state_dict(model, tensors)
    except (RuntimeError, KeyError, AssertionError, AttributeError) as error:
        raise UsageError(f"{path} does not fit {card} of the package audioseal; {HOW}") from error
    return model.eval()


def _plain_classes() -> tuple[Any, ...]:
    """Classes that a configuration saved beside the tensors is made of: data, no code."""
    import collections
    import typing

    from omegaconf import DictConfig, ListConfig, base, nodes

    return (
        DictConfig,
        ListConfig,
        base.ContainerMetadata,
        base.Metadata,
        nodes.AnyNode,
        typing.Any,
        collections.defaultdict,
        dict,
        list,
        int,
    )


def _bits(hint: str) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bytes.fromhex(hint), dtype=np.uint8))


def _pieces(samples: int) -> Iterator[tuple[int, int]]:
    """Overlapping stretches that cover all samples."""
    size, step = PIECE_S * MODEL_RATE_HZ, (PIECE_S - OVERLAP_S) * MODEL_RATE_HZ
    for start in range(0, max(1, samples - OVERLAP_S * MODEL_RATE_HZ), step):
        yield start, min(start + size, samples)


def _fade(samples: int) -> np.ndarray:
    """Weight of a piece: up over the overlap and down again, never zero."""
    place = np.minimum(np.arange(1, samples + 1), np.arange(samples, 0, -1))
    return np.minimum(place / (OVERLAP_S * MODEL_RATE_HZ), 1).astype(np.float32)


def _convert(sound: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Sound at another sample rate, float32 [channels, samples]."""
    from math import gcd

    from scipy.signal import resample_poly

    common = gcd(from_hz, to_hz)
    return resample_poly(sound, to_hz // common, from_hz // common, axis=1).astype(np.float32)


def _padded(slow: np.ndarray) -> np.ndarray:
    return np.pad(slow, ((0, 0), (0, max(0, LEAST_S * MODEL_RATE_HZ - slow.shape[1]))))
