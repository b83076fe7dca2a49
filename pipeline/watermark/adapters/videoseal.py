"""VideoSeal of Meta: a neural mark of 256 bits, from the TorchScript file the makers publish (MIT).

The calls are those of its document "Using the TorchScript VideoSeal model": `embed(pictures, message)` and
`detect(pictures)`, pictures float [n, 3, H, W] from 0 to 1, answers above zero for a 1 after a first value that is
not in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import UsageError
from pipeline.files import sha256_file
from pipeline.records import Payload
from pipeline.watermark.adapters.interface import ForeignReading, ForeignTool, validate_picture
from pipeline.watermark.adapters.message import (
    CODED_CHECK_BITS,
    LEAST_CODED_BITS,
    adapter_keys,
    coded_bits,
    decode_coded,
    first_that_reads,
)
from pipeline.watermark.adapters.weights import load_torchscript

HOW = (
    "VideoSeal needs its TorchScript file (y_256b_img.jit, from the releases of facebookresearch/videoseal, MIT): "
    "give its path as `weights`."
)
# a side the model takes without scaling, for asking it how many bits it holds
PROBE_PX = 256


class VideoSealAdapter:
    """Marks and reads pictures with the user's VideoSeal file.

    Parameters
    ----------
    weights : Path
        The TorchScript file. It is a program: give only one you trust.
    keys : sequence of bytes
        Mark keys, newest first: the first marks, all of them read. The check of the message depends on them.

    Raises
    ------
    UsageError
        When the file is missing, no TorchScript, or holds too few bits for an id.
    """

    name = "videoseal"

    def __init__(self, weights: Path | None, *, keys: Sequence[bytes]) -> None:
        if weights is None or not weights.expanduser().is_file():
            raise UsageError(f"There is no VideoSeal file{f' at {weights}' if weights else ''}. {HOW}")
        path = weights.expanduser().resolve()
        self._keys = adapter_keys(keys, self.name)
        self._model = load_torchscript(path, ("embed", "detect"))
        self.capacity_bits = self._detect(np.zeros((PROBE_PX, PROBE_PX, 3), np.uint8)).size
        if self.capacity_bits < LEAST_CODED_BITS:
            raise UsageError(
                f"{weights} holds {self.capacity_bits} bits and an id needs {LEAST_CODED_BITS}; take the 256-bit model."
            )
        self.tool = ForeignTool(self.name, f"TorchScript, {self.capacity_bits} bits", {path.name: sha256_file(path)})

    def mark(self, rgb: np.ndarray, payload: Payload) -> np.ndarray:
        """A marked copy of one picture."""
        import torch

        validate_picture(rgb)
        bits = coded_bits(payload, self.capacity_bits, key=self._keys[0].secret)
        message = torch.from_numpy(bits).float()[None]
        marked = self._run("embed", _tensor(rgb), message)
        levels = (marked.detach()[0].clamp(0, 1) * 255).round().to(torch.uint8)
        return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())

    def read(self, pictures: Iterable[np.ndarray]) -> ForeignReading:
        """What the pictures say together: their answers are summed bit by bit, as the makers do."""
        total, count = np.zeros(self.capacity_bits), 0
        for rgb in pictures:
            validate_picture(rgb)
            total, count = total + self._detect(rgb), count + 1
        found = first_that_reads(decode_coded, total, self._keys) if count else None
        if found is None:
            text = "VideoSeal's reader found no id of ours; it cannot tell whether another mark is there."
            return ForeignReading(self.tool, "none", sentence=text, raw={"pictures": float(count)})
        payload, key = found
        agreeing = float(((total > 0) == coded_bits(payload, self.capacity_bits, key=key.secret)).mean())
        return ForeignReading(
            self.tool,
            "read",
            payload,
            key_id=key.id,
            confidence=agreeing,
            check_bits=CODED_CHECK_BITS,
            sentence=f"VideoSeal, Meta's algorithm, gave the id {payload.hex} and its check passed.",
            raw={"pictures": float(count), "bits_agreeing": agreeing},
        )

    def _detect(self, rgb: np.ndarray) -> np.ndarray:
        """One value for each bit, float [bits]."""
        answer = self._run("detect", _tensor(rgb)).detach().double()
        # models that answer for every pixel are averaged over the picture
        per_bit = answer.flatten(2).mean(2) if answer.ndim > 2 else answer
        return per_bit[0, 1:].numpy()

    def _run(self, method: str, *arguments: Any) -> Any:
        import torch

        try:
            with torch.inference_mode():
                return getattr(self._model, method)(*arguments)
        except RuntimeError as error:
            raise UsageError(f"The VideoSeal file failed in {method}; get the one the makers publish.") from error


def _tensor(rgb: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))).float()[None] / 255
