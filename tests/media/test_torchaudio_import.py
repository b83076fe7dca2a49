"""Both modes: the real package as installed, and a package whose extension loads or does not."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from pipeline.media.audio import resample


def run_with_fake_torchaudio(tmp_path, extension: str) -> str:
    package = tmp_path / "torchaudio"
    package.mkdir()
    (package / "_extension.py").write_text(extension)
    (package / "__init__.py").write_text("from torchaudio import _extension\nname = 'fake'\n")
    code = "from pipeline.media.torchaudio_import import torchaudio as t; m, mode = t(); print(m.name, mode)"
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_full_mode_when_the_extension_loads(tmp_path):
    assert run_with_fake_torchaudio(tmp_path, "LOADED = True\n") == "fake full"


def test_python_mode_when_it_does_not(tmp_path):
    broken = textwrap.dedent("raise OSError('libc10_cuda.so: cannot open shared object file')\n")
    assert run_with_fake_torchaudio(tmp_path, broken) == "fake python"


@pytest.mark.parametrize("from_hz", [44_100, 22_050, 96_000])
def test_resampling_keeps_a_tone(from_hz):
    tone = np.sin(2 * np.pi * 1000 * np.arange(from_hz) / from_hz)[None].astype(np.float32)
    turned = resample(tone, from_hz=from_hz, to_hz=48_000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
    assert turned.shape == (1, 48_000)
    assert np.abs(turned[0] - expected)[500:-500].max() < 1e-3


def test_resampling_removes_what_would_fold():
    tone = np.sin(2 * np.pi * 30_000 * np.arange(96_000) / 96_000)[None].astype(np.float32)
    assert np.abs(resample(tone, from_hz=96_000, to_hz=48_000))[:, 500:-500].max() < 1e-3
