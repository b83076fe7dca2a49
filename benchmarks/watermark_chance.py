"""Chance: how high the best of many tries on something unmarked gets, measured and in theory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

# width of a bin of z
BIN = 0.25


@dataclass
class Tried:
    """Pairs of one kind."""

    # places and variants that each pair was tried at
    tries: int
    # chance of a pair to get as far as a decoding, that the threshold allows
    allowed: float
    files: int = 0
    z: list[float] = field(default_factory=list)
    decoded: int = 0
    accepted: int = 0

    def add(self, z: float, *, decoded: bool, accepted: bool) -> None:
        self.z.append(z)
        self.decoded += decoded
        self.accepted += accepted

    def figures(self) -> dict[str, Any]:
        if not self.z:
            return {"files": 0, "pairs": 0, "accepted": 0}
        return {
            "files": self.files,
            "pairs": len(self.z),
            "accepted": self.accepted,
            "tries_per_pair": self.tries,
            "decoded_share": round(self.decoded / len(self.z), 5),
            "decoded_share_allowed": self.allowed,
            "z_median": round(float(np.median(self.z)), 2),
            "z_max": round(max(self.z), 2),
            "histogram": histogram(self.z, self.tries),
        }


def histogram(values: Sequence[float], tries: int) -> list[dict[str, float]]:
    """Share of pairs whose best z is at least so high, beside what theory says of that many tries."""
    edges = np.arange(math.floor(min(values) / BIN) * BIN, max(values) + BIN, BIN)
    measured = [float(np.mean(np.array(values) >= edge)) for edge in edges]
    return [
        {"z": round(float(edge), 2), "measured": round(share, 5), "bound": _rounded(bound), "normal": _rounded(normal)}
        for edge, share, bound, normal in zip(edges, measured, *theory(edges, tries), strict=True)
    ]


def theory(z: np.ndarray, tries: int) -> tuple[np.ndarray, np.ndarray]:
    """Chance that the best of so many tries reaches z: Hoeffding's bound, and for independent normal variables."""
    from scipy.special import log_ndtr

    return np.minimum(1, tries * np.exp(-(z**2) / 2)), -np.expm1(tries * log_ndtr(z))


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def draw(parts: dict[str, Tried], path: Path) -> None:
    """Share of pairs over z, measured and in theory, on a logarithmic scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    for index, (name, tried) in enumerate((name, tried) for name, tried in parts.items() if tried.z):
        axes = figure.add_subplot(1, len(parts), index + 1)
        values = np.sort(tried.z)
        axes.semilogy(values, 1 - np.arange(len(values)) / len(values), label="measured", color="#1f77b4")
        grid = np.linspace(values[0], values[-1] + 1.5, 200)
        bound, normal = theory(grid, tried.tries)
        axes.semilogy(grid, bound, "--", label="Hoeffding's bound", color="#d62728")
        axes.semilogy(grid, normal, ":", label="independent normal variables", color="#555555")
        axes.set(
            title=f"{name}: {len(values)} pairs", xlabel="best z of a pair", ylabel="share of pairs at least so high"
        )
        axes.set_ylim(0.3 / len(values), 1.5)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper right")
    figure.savefig(path, dpi=110)
