"""TrustMark of Adobe: a neural mark of 100 bits for pictures of any size, through the makers' package (MIT).

Of its schemas only BCH_3 holds a whole payload: 75 bits, three errors corrected (package `trustmark`, DataLayer).
The package fetches missing weights by itself; here it is given the user's folder and that path is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config import read_yaml
from pipeline.errors import UsageError
from pipeline.records import Payload
from pipeline.watermark.adapters.interface import ForeignReading, ForeignTool, validate_picture
from pipeline.watermark.adapters.message import (
    VERSION_BITS,
    AdapterKey,
    adapter_keys,
    checked_bits,
    decode_checked,
    first_that_reads,
)
from pipeline.watermark.adapters.weights import find_files, hashes, load_tensors, quiet, version_of
from pipeline.watermark.payload import PAYLOAD_BITS

HOW = (
    "TrustMark needs `pip install 'trustmark>=0.9'` (MIT) and three files of the same model from adobe/trustmark, e.g. "
    "trustmark_Q.yaml, encoder_Q.ckpt and decoder_Q.ckpt."
)
# payload bits of schema BCH_3
CAPACITY_BITS = 75
# how the package numbers its schemas, by payload bits: 40, 61, 68 and 75
SCHEMAS = ("BCH_SUPER", "BCH_5", "BCH_4", "BCH_3")
# Schemas that a picture without a mark hardly ever passes: once in 2e6 and once in 2e3 pictures, where the other two
# pass once in 300 and once in 60 (spheres of t errors in 96 bits over 2**(7 t), times one schema in four)
TELLING_SCHEMAS = ("BCH_SUPER", "BCH_5")
MODELS = ("Q", "P", "B", "C")
# the parts of a model file that are built, and the decoders that are built without fetching anything
PARTS = {
    "": "trustmark.model.TrustMark_Arch",
    "secret_encoder_config": "trustmark.unet.Unet1",
    "secret_decoder_config": "trustmark.unet.SecretDecoder",
}
DECODERS = ("resnet18", "resnet50", "resnet101")


class TrustMarkAdapter:
    """Marks and reads pictures with the package `trustmark` and the user's weights.

    Parameters
    ----------
    weights : Path
        Folder with the three files of one model.
    keys : sequence of bytes
        Mark keys, newest first: the first marks, all of them read. The check of the message depends on them.

    Raises
    ------
    UsageError
        When the package or a file is missing, or a file is not what it should be.
    """

    name = "trustmark"
    capacity_bits = CAPACITY_BITS

    def __init__(self, weights: Path | None, *, keys: Sequence[bytes]) -> None:
        model = _model_in(weights)
        files = find_files(weights, _file_names(model), what=HOW)
        _check_model_file(files[f"trustmark_{model}.yaml"])
        self._keys = adapter_keys(keys, self.name)
        self._tool = _load(model, files)
        self.tool = ForeignTool(self.name, version_of("trustmark"), hashes(files))

    def mark(self, rgb: np.ndarray, payload: Payload) -> np.ndarray:
        """A marked copy of one picture."""
        from PIL import Image

        validate_picture(rgb)
        bits = "".join(map(str, checked_bits(payload, CAPACITY_BITS, key=self._keys[0].secret)))
        with quiet():
            marked = self._tool.encode(Image.fromarray(rgb), bits, MODE="binary")
        return np.array(marked.convert("RGB"))

    def read(self, pictures: Iterable[np.ndarray]) -> ForeignReading:
        """What the pictures say: the id that most of them give."""
        from collections import Counter

        ids: Counter[tuple[Payload, AdapterKey]] = Counter()
        others: Counter[str] = Counter()
        count = 0
        for rgb in pictures:
            count += 1
            bits, schema = self._decode(rgb)
            found = first_that_reads(decode_checked, _bits(bits), self._keys) if schema == "BCH_3" else None
            if found:
                ids[found] += 1
            elif schema in TELLING_SCHEMAS:
                others[f"{schema} {bits}"] += 1
        return self._reading(ids, others, count)

    def _reading(self, ids: Any, others: Any, count: int) -> ForeignReading:
        raw = {"pictures": float(count)}
        if ids:
            (payload, key), times = ids.most_common(1)[0]
            return ForeignReading(
                self.tool,
                "read",
                payload,
                key_id=key.id,
                confidence=times / count,
                check_bits=CAPACITY_BITS - PAYLOAD_BITS + VERSION_BITS,
                sentence=f"TrustMark, Adobe's algorithm, gave the id {payload.hex} and its check passed "
                f"in {times} of {count} pictures.",
                raw={**raw, "pictures_read": float(times)},
            )
        content, times = others.most_common(1)[0] if others else ("", 0)
        if 2 * times > count:
            text = f"A TrustMark is in {times} of {count} pictures, but not one of ours ({content})."
            return ForeignReading(self.tool, "other", confidence=times / count, sentence=text, raw=raw)
        return ForeignReading(self.tool, "none", sentence="TrustMark's reader found no mark of ours.", raw=raw)

    def _decode(self, rgb: np.ndarray) -> tuple[str, str]:
        """(bits, schema), both empty when the package sees no mark."""
        from PIL import Image

        validate_picture(rgb)
        with quiet():
            bits, present, schema = self._tool.decode(Image.fromarray(rgb), MODE="binary")
        return (bits, SCHEMAS[schema]) if present else ("", "")


def _bits(text: str) -> np.ndarray:
    return np.array([*text], dtype=np.uint8)


def _model_in(weights: Path | None) -> str:
    """Letter of the model whose files are in the folder; Q, the usual one, when none is."""
    if weights is None:
        return MODELS[0]
    found = [letter for letter in MODELS if (weights.expanduser() / f"encoder_{letter}.ckpt").is_file()]
    if len(found) > 1:
        raise UsageError(f"{weights} holds the TrustMark models {' and '.join(found)}; keep one in a folder.")
    return found[0] if found else MODELS[0]


def _file_names(model: str) -> tuple[str, ...]:
    return f"trustmark_{model}.yaml", f"encoder_{model}.ckpt", f"decoder_{model}.ckpt"


def _check_model_file(path: Path) -> None:
    """The package builds whatever classes this file names, so only those of a published model may stand there."""
    model = read_yaml(path).get("model")
    parameters = model.get("params") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(parameters, dict):
        raise UsageError(f"{path} is not a TrustMark model file; get the one the makers publish.")
    for part, target in PARTS.items():
        section = parameters.get(part) if part else model
        if not isinstance(section, dict) or section.get("target") != target:
            raise UsageError(f"{path} names another class than {target}; get the file the makers publish.")
    decoder = parameters["secret_decoder_config"].get("params")
    kind = decoder.get("arch") if isinstance(decoder, dict) else None
    if kind not in DECODERS or {"ckpt_path", "yolo_config"} & parameters.keys():
        raise UsageError(f"{path} would load further files; get the file the makers publish.")


def _load(model: str, files: dict[str, Path]) -> Any:
    try:
        with quiet():
            from trustmark.trustmark import TrustMark
    # torchvision built for another torch fails with a RuntimeError, one without its libraries with an OSError
    except (ImportError, RuntimeError, OSError) as error:
        raise UsageError(f"The package trustmark cannot be used here ({error}). {HOW}") from error

    class LocalTrustMark(TrustMark):  # type: ignore[misc]
        """The package's class, with the user's files in place of its own folder and its downloads."""

        def check_and_download(self, filename: str) -> None:
            """Nothing is fetched: the files were found before."""

        def load_model(self, config_path: str, weight_path: str, *arguments: Any, **options: Any) -> Any:
            """A part of the model, from the user's files."""
            weights = files[Path(weight_path).name]
            given = load_tensors(weights)
            loaded = super().load_model(str(files[Path(config_path).name]), str(weights), *arguments, **options)
            _check_complete(loaded, given.get("state_dict", given), weights, part=options["part"])
            return loaded

    try:
        with quiet():
            return LocalTrustMark(
                verbose=False,
                device="cpu",
                model_type=model,
                encoding_type=TrustMark.Encoding.BCH_3,
                loadRemover=False,
                loadBBoxDetector=False,
            )
    except TypeError as error:
        raise UsageError(f"This version of the package trustmark takes other options ({error}). {HOW}") from error


def _check_complete(model: Any, given: dict[str, Any], path: Path, *, part: str) -> None:
    # the package loads what fits and says nothing of the rest: half a model would mark with noise
    missing = [name for name in model.state_dict() if name.startswith(f"{part}.") and name not in given]
    if missing:
        raise UsageError(f"{path} lacks {len(missing)} tensors of the {part}; get the file the makers publish.")
