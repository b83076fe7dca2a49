"""Weights that ship: safetensors files, each held against the SHA-256 that the registry names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent
REGISTRY = FOLDER / "registry.json"


class UntrustedWeights(Exception):
    """Weights that are missing or not the ones the registry names."""


def entries(registry: Path = REGISTRY) -> dict[str, dict[str, Any]]:
    """All registered weights: name -> file, sha256, bytes, about."""
    found: dict[str, dict[str, Any]] = json.loads(registry.read_text(encoding="utf-8"))
    return found


def weights_path(name: str, registry: Path = REGISTRY) -> Path:
    """Where the weights lie; UntrustedWeights when nothing is registered under the name."""
    entry = entries(registry).get(name)
    if entry is None:
        raise UntrustedWeights(f"No weights are registered as {name}; train them with `python -m models.train {name}`.")
    return registry.parent / str(entry["file"])


def load(name: str, registry: Path = REGISTRY) -> dict[str, NDArray[Any]]:
    """The arrays of a registered model, by name.

    Raises
    ------
    UntrustedWeights
        When nothing is registered under the name, the file is missing, or it is not the one that was registered.
    """
    from safetensors.numpy import load as parse

    path = weights_path(name, registry)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UntrustedWeights(f"The weights {path.name} are missing; install Foleymark again.") from error
    if hashlib.sha256(data).hexdigest() != entries(registry)[name]["sha256"]:
        raise UntrustedWeights(f"The weights {path.name} are not the ones Foleymark ships; install it again.")
    return dict(parse(data))


def save(name: str, arrays: Mapping[str, NDArray[Any]], *, about: Mapping[str, Any], registry: Path = REGISTRY) -> Path:
    """Write weights beside their training script and register them.

    Parameters
    ----------
    name : str
        "patches" becomes patches/weights.safetensors.
    arrays : by name; store float16 where that is enough
    about : what the card should not have to be parsed for: parameters, seed, minutes, ...
    """
    import numpy as np
    from safetensors.numpy import save as render

    data = render({key: np.ascontiguousarray(value) for key, value in arrays.items()})
    path = registry.parent / name / "weights.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data)
    known = entries(registry) if registry.exists() else {}
    known[name] = {
        "file": f"{name}/weights.safetensors",
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "licence": "Apache-2.0",
        "about": dict(about),
    }
    text = json.dumps(dict(sorted(known.items())), indent=2) + "\n"
    replace_file(registry, text.encode())
    return path


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    beside.replace(path)
