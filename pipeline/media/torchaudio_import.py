"""The one place that imports torchaudio, so that it also works beside a CPU build of torch.

The torchaudio wheel of the public index is linked against CUDA: beside a CPU torch its compiled extension
fails to load, and with it the import. Everything Foleymark uses is written in Python on top of torch and
needs no extension, so in that case the import is made once more with the extension left out.
"""

from __future__ import annotations

import functools
import importlib
import logging
import sys
import types
from typing import Any, Literal

logger = logging.getLogger(__name__)

Mode = Literal["full", "python"]


@functools.cache
def torchaudio() -> tuple[Any, Mode]:
    """The torchaudio module, and whether its compiled extension is there ("full") or not ("python").

    In "python" mode resampling, spectrograms, mel features and stretching work; forced_align, rnnt_loss
    and file reading do not.
    """
    try:
        return importlib.import_module("torchaudio"), "full"
    except OSError as error:
        logger.debug("torchaudio's extension cannot be loaded (%s); going on without it", error)
    return _without_extension(), "python"


def _without_extension() -> Any:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
        del sys.modules[name]
    stand_in = types.ModuleType("torchaudio._extension")
    stand_in._IS_TORCHAUDIO_EXT_AVAILABLE = False  # type: ignore[attr-defined]
    stand_in._IS_RIR_AVAILABLE = False  # type: ignore[attr-defined]
    stand_in._IS_ALIGN_AVAILABLE = False  # type: ignore[attr-defined]
    stand_in.lazy_import_sox_ext = lambda: None  # type: ignore[attr-defined]
    stand_in._check_cuda_version = lambda: None  # type: ignore[attr-defined]
    stand_in.fail_if_no_align = lambda function: function  # type: ignore[attr-defined]
    sys.modules["torchaudio._extension"] = stand_in
    return importlib.import_module("torchaudio")
