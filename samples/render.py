"""Render the sample clips: ``python -m samples.render [NAME..] [--out DIR]``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from samples.scene import Scene


@dataclass(frozen=True)
class Order:
    """How one of the sample clips is ordered from its scene."""

    width_px: int
    height_px: int
    seed: int


ORDERS = {
    "balls": Order(1280, 720, seed=136),
    "walker": Order(1280, 720, seed=22),
    "rain_street": Order(1280, 720, seed=33),
    "sea_sunset": Order(1280, 720, seed=44),
    "anvil": Order(1280, 720, seed=55),
    "reel_vertical": Order(720, 1280, seed=66),
    "talking_head": Order(1280, 720, seed=77),
}


def build(name: str, order: Order | None = None) -> Scene:
    """The scene of that name, as ordered or as the sample clips are."""
    order = order or ORDERS[name]
    scene: Scene = importlib.import_module(f"samples.scenes.{name}").build(
        order.width_px, order.height_px, seed=order.seed
    )
    return scene


def sidecar(scene: Scene) -> dict[str, object]:
    """What a generator would say of its clip."""
    return {"prompt": scene.prompt, "model": "foleymark-samples/render.py", "seed": scene.seed}


def render(name: str, folder: Path) -> None:
    """Write NAME.mp4, NAME.json and NAME.truth.json, showing progress."""
    from samples.film import encode

    scene = build(name)
    done = 0

    def show() -> None:
        nonlocal done
        done += 1
        # carriage return: one line a clip
        print(f"\r{name:14s} {done:4d} / {scene.frames} pictures", end="", file=sys.stderr, flush=True)

    encode(scene, folder / f"{name}.mp4", show)
    print(file=sys.stderr)
    write_json(folder / f"{name}.json", sidecar(scene))
    write_json(folder / f"{name}.truth.json", scene.truth)


def write_json(path: Path, data: object) -> None:
    """Indented JSON with a final newline."""
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m samples.render", description="Render the sample clips.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(ORDERS)}; default all")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR", help="where to write")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(ORDERS))
    if unknown:
        parser.error(f"no scene called {', '.join(unknown)}; choose from {', '.join(ORDERS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or ORDERS:
        render(name, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
