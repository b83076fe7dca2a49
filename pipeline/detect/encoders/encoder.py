"""A picture encoder from a folder of the user's own: DINOv2 or CLIP through transformers, nothing from the network."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.errors import UsageError
from pipeline.files import sha256_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

Kind = Literal["dinov2", "clip"]
# model_type in config.json -> class of transformers; nothing else is loaded, and no code from the folder
CLASSES: dict[str, dict[str, str]] = {
    "dinov2": {"dinov2": "Dinov2Model", "dinov2_with_registers": "Dinov2WithRegistersModel"},
    "clip": {"clip": "CLIPVisionModel", "clip_vision_model": "CLIPVisionModel"},
}
# as the makers' preprocessors have them: ImageNet for DINOv2, its own for CLIP
MEANS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "dinov2": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}
# side of the square that is encoded, unless the encoder is made for a smaller one; both papers take it
SIDE_PX = 224
# a config above this is none
MAX_CONFIG_BYTES = 1 << 20


@dataclass(frozen=True)
class Features:
    """What an encoder says of some pictures."""

    # one vector a picture, float32 [n, d]
    whole: NDArray[np.float32]
    # every token of the last layer in a row, float32 [n, tokens * d]
    tokens: NDArray[np.float32]


class Encoder:
    """A loaded encoder.

    Attributes
    ----------
    side_px : int
        Side of the square pictures it takes.
    identity : str
        Kind and hash of the weights: a calibration holds for this encoder alone.
    """

    def __init__(self, model: Any, kind: Kind, *, side_px: int, identity: str) -> None:
        self.kind = kind
        self.side_px = side_px
        self.identity = identity
        self.millions = sum(p.numel() for p in model.parameters()) / 1e6
        self._model = model

    def encode(self, pictures: NDArray[np.uint8]) -> Features:
        """Features of RGB pictures, uint8 [n, side_px, side_px, 3]."""
        import numpy as np
        import torch

        mean, spread = (np.array(values, np.float32) for values in MEANS[self.kind])
        standard = (pictures.astype(np.float32) / 255.0 - mean) / spread
        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(standard.transpose(0, 3, 1, 2)))
            found = self._model(pixel_values=batch)
        tokens = found.last_hidden_state.float().numpy()
        # DINOv2's class token, CLIP's pooled output: what their makers compare pictures by
        whole = found.pooler_output.float().numpy() if self.kind == "clip" else tokens[:, 0]
        return Features(whole, tokens.reshape(len(tokens), -1))

    def square(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The middle of a picture [h, w, 3], scaled to [side_px, side_px, 3]."""
        import cv2

        height, width = rgb.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        middle = rgb[top : top + side, left : left + side]
        if side == self.side_px:
            return middle
        return cv2.resize(middle, (self.side_px, self.side_px), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def load_encoder(folder: Path, kind: Kind) -> Encoder:
    """Load an encoder from a folder; never from anywhere else, and never anything but tensors.

    Raises
    ------
    UsageError
        transformers is not installed, or the folder holds no such encoder.
    """
    folder = folder.expanduser()
    config = _config(folder)
    name = CLASSES[kind].get(str(config.get("model_type", "")))
    if name is None:
        known = " or ".join(CLASSES[kind])
        raise UsageError(f"{folder} holds no {kind} encoder: its config.json must say model_type {known}.")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UsageError(f"{folder} holds no *.safetensors; other formats can run code, so convert the weights.")
    model = _loaded(name, folder)
    identity = hashlib.sha256("".join(sha256_file(file) for file in files).encode()).hexdigest()
    side = min(SIDE_PX, _image_size(config))
    return Encoder(model, kind, side_px=side, identity=f"{kind}:{side}:{identity[:32]}")


def _loaded(name: str, folder: Path) -> Any:
    classes = _transformers()
    try:
        model = getattr(classes, name).from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except Exception as error:
        logger.debug("the encoder in %s cannot be loaded", folder, exc_info=True)
        raise UsageError(f"The encoder in {folder} cannot be loaded; save it again with save_pretrained.") from error
    return model.eval()


def _transformers() -> Any:
    # transformers imports torchaudio, which fails beside a CPU build of torch unless ours came first
    from pipeline.media.torchaudio_import import torchaudio

    torchaudio()
    try:
        import transformers
    except ImportError as error:
        raise UsageError("Encoders need the package transformers: pip install 'foleymark[encoders]'.") from error
    return transformers


def _config(folder: Path) -> dict[str, Any]:
    try:
        with open(folder / "config.json", "rb") as stream:
            data = stream.read(MAX_CONFIG_BYTES + 1)
        config = json.loads(data) if len(data) <= MAX_CONFIG_BYTES else None
    except OSError as error:
        raise UsageError(f"{folder} holds no config.json; give the folder that save_pretrained wrote.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The config.json in {folder} is not valid JSON; save the encoder again.") from error
    if not isinstance(config, dict):
        raise UsageError(f"The config.json in {folder} describes no encoder; save the encoder again.")
    return config


def _image_size(config: dict[str, Any]) -> int:
    vision = config.get("vision_config")
    size = (vision if isinstance(vision, dict) else config).get("image_size", SIDE_PX)
    if not isinstance(size, int) or isinstance(size, bool) or size < 14:
        raise UsageError("The encoder's config.json names no usable image_size; save the encoder again.")
    return size
