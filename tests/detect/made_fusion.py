"""A fusion of made-up numbers, and evidence to fuse."""

from __future__ import annotations

from dataclasses import replace

from models.fusion.form import Calibrator, Fusion, Member, Points, Scale
from pipeline.records import Evidence


def member(shift: float = 0.0) -> Member:
    scale = Scale(1.0, 0.0, -4.0, 4.0)
    return Member(
        {"patches": scale, "residual": scale, "sound": scale},
        {"patches": 1.0, "residual": 0.5, "sound": 0.0},
        {"patches": 0.0, "residual": 0.1, "sound": 0.0},
        shift,
        {"good": 1.0, "fair": 1.5, "poor": 2.0},
    )


# AI clips at 1..3, camera clips at -3..-1, a hundred of each
AI = tuple(Calibrator(1 + i / 50, i % 5, 1.0) for i in range(100))
CAMERA = tuple(Calibrator(-3 + i / 50, i % 5, 1.0) for i in range(100))
FUSION = Fusion(
    tuple(member(k / 100) for k in range(5)),
    AI,
    CAMERA,
    0.05,
    Points(1.2, -1.2),
    tuple(Points(1.2 + k, -1.2) for k in range(5)),
    {
        "native": {
            "clips_ai": 128.0,
            "clips_camera": 130.0,
            "camera_called_ai": 1.0,
            "ai_called_ai": 40.0,
            "ai_called_camera": 2.0,
            "camera_called_camera": 50.0,
        }
    },
)


def said(name: str, logit: float, **changes: object) -> Evidence:
    return replace(Evidence(name, "content", f"{name}.", raw={"logit": logit}), **changes)


def both(logit: float) -> tuple[Evidence, ...]:
    return said("patches", logit), said("residual", logit)
