"""What the installation can do, and what to do where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pipeline.errors import FoleymarkError
from pipeline.keys import Keys

PACKAGES = ("torch", "torchaudio", "moviepy", "librosa", "opencv-python", "c2pa-python", "prefect", "av")
ENCODERS = ("libx264", "libx265", "aac")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    # what was found, or what to do
    text: str


def examine(keys: Keys) -> list[Finding]:
    """Packages, encoders, torchaudio's mode, keys and certificate."""
    findings = [_package(name) for name in PACKAGES]
    findings += [_encoder(name) for name in ENCODERS]
    findings.append(_opencv())
    findings.append(_torchaudio())
    findings.append(_key("mark key", lambda: f"in {keys.mark_path}" if keys.mark else ""))
    findings.append(_key("signing", lambda: f"{keys.authority().days_left} days left on the certificate"))
    return findings


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed; run: pip install foleymark")


def _encoder(name: str) -> Finding:
    from pipeline.media.encode import has_encoder

    present = has_encoder(name)
    return Finding(f"encoder {name}", present, "there" if present else "missing; install the PyAV wheel from PyPI")


def _opencv() -> Finding:
    import cv2

    ok = hasattr(cv2, "CascadeClassifier")
    return Finding("opencv cascades", ok, cv2.__version__ if ok else "missing; install opencv-python below 5")


def _torchaudio() -> Finding:
    from pipeline.media.torchaudio_import import torchaudio

    _, mode = torchaudio()
    words = {"full": "with its compiled extension", "python": "without its compiled extension, which nothing needs"}
    return Finding("torchaudio import", True, words[mode])


def _key(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except FoleymarkError as error:
        return Finding(name, False, str(error))


def show_examination(console: Any, findings: list[Finding]) -> None:
    """One line each."""
    for finding in findings:
        sign = "[green]ok[/]  " if finding.ok else "[red]no[/]  "
        console.print(sign + f"{finding.name:<20}", end="")
        console.print(finding.text, markup=False)
