"""Weights are only used when they are the registered ones."""

import numpy as np
import pytest

from models import registry


def test_what_is_saved_comes_back(tmp_path):
    index = tmp_path / "registry.json"
    arrays = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.zeros(1, np.float32)}
    path = registry.save("small", arrays, about={"seed": 1}, registry=index)
    assert path == tmp_path / "small" / "weights.safetensors"
    back = registry.load("small", registry=index)
    assert set(back) == {"a", "b"} and np.array_equal(back["a"], arrays["a"]) and back["a"].dtype == np.float16
    registry.save("other", arrays, about={}, registry=index)
    assert list(registry.entries(index)) == ["other", "small"]


def test_other_weights_are_refused(tmp_path):
    index = tmp_path / "registry.json"
    path = registry.save("small", {"a": np.zeros(3, np.float32)}, about={}, registry=index)
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(registry.UntrustedWeights, match="not the ones"):
        registry.load("small", registry=index)
    path.unlink()
    with pytest.raises(registry.UntrustedWeights, match="missing"):
        registry.load("small", registry=index)
    with pytest.raises(registry.UntrustedWeights, match=r"models\.train nothing"):
        registry.load("nothing", registry=index)


def test_everything_that_ships_is_whole_and_small():
    known = registry.entries()
    for name in known:
        assert registry.load(name)
    assert sum(entry["bytes"] for entry in known.values()) < 30_000_000
