"""Weights and packages that the user brings: found, named by their hash, and used without a word or a download."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.files import sha256_file

log = logging.getLogger(__name__)


def find_files(place: Path | None, names: tuple[str, ...], *, what: str) -> dict[str, Path]:
    """The named files of a folder the user gave.

    Raises
    ------
    UsageError
        When no folder is given, or a file is missing; `what` says where to get it.
    """
    if place is None:
        raise UsageError(f"{what} Then give their folder as `weights`.")
    found = {name: place.expanduser().resolve() / name for name in names}
    missing = [name for name, path in found.items() if not path.is_file()]
    if missing:
        raise UsageError(f"There is no {' and no '.join(missing)} in {place}; nothing is downloaded. {what}")
    return found


def hashes(files: dict[str, Path]) -> dict[str, str]:
    """SHA-256 of each file by its name, for the record."""
    return {name: sha256_file(path) for name, path in files.items()}


def version_of(package: str) -> str:
    """Version of an installed package, "unknown" for one that was not installed by pip."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep another maker's code from printing, and its use of outdated calls from becoming our warnings."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    if text := said.getvalue().strip():
        log.debug("%s", text)


def load_tensors(path: Path, *, extra: tuple[Any, ...] = ()) -> dict[str, Any]:
    """Tensors and plain data of a PyTorch checkpoint; code in it is never run.

    Parameters
    ----------
    path : Path
    extra : tuple
        Classes of plain data that the maker saved beside the tensors.

    Raises
    ------
    UsageError
        When it is no checkpoint, or holds anything else than tensors and plain data.
    """
    import pickle

    import torch

    try:
        with quiet(), torch.serialization.safe_globals(list(extra)):
            data = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UsageError(
            f"{path} is not a checkpoint of tensors alone, so it is not loaded; get the file the makers publish."
        ) from error
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds no named tensors; get the file the makers publish.")
    return data


def load_torchscript(path: Path, methods: tuple[str, ...]) -> Any:
    """A TorchScript program on the CPU; that is code, so only a path that the user gave may come here.

    Raises
    ------
    UsageError
        When it is no TorchScript program, or lacks one of the methods.
    """
    import torch

    try:
        # TorchScript is on its way out, but it is the form the makers publish
        with quiet():
            model = torch.jit.load(str(path), map_location="cpu").eval()
    except (RuntimeError, ValueError, OSError) as error:
        raise UsageError(f"{path} is not a TorchScript file; get the one the makers publish.") from error
    lacking = [name for name in methods if not hasattr(model, name)]
    if lacking:
        raise UsageError(f"{path} is another kind of model: it has no {' and no '.join(lacking)}.")
    return model
