"""Train one of the models that ship.

    python -m models.material --manifest index.csv --out material     the crops that training reads, once
    python -m models.train patches --material material --minutes 60   one model; --resume goes on where it was stopped

Each model's card (models/NAME/README.md) says what its material is and how long it takes. Same material, seed and
number of threads on the same machine give the same weights, as long as training ends by its steps and not by its time.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module, util
from pathlib import Path

from models.train_options import TrainOptions


def names() -> list[str]:
    """Models that can be trained this way."""
    folders = sorted(p.parent.name for p in Path(__file__).parent.glob("*/train.py"))
    return [name for name in folders if util.find_spec(f"models.{name}.train")]


def parse(arguments: list[str] | None) -> tuple[str, TrainOptions]:
    """The model's name and options from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=names())
    parser.add_argument("--material", type=Path, required=True, help="folder or table that the model's card names")
    parser.add_argument("--out", type=Path, help="checkpoints and logs; MATERIAL/runs/NAME when not given")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args(arguments)
    if not given.material.exists():
        parser.error(f"{given.material} does not exist; make it as models/{given.name}/README.md says")
    folder = given.material if given.material.is_dir() else given.material.parent
    options = TrainOptions(
        material=given.material,
        out=given.out or folder / "runs" / given.name,
        minutes=given.minutes,
        threads=given.threads,
        device=_device(given.device),
        seed=given.seed,
        resume=given.resume,
    )
    return given.name, options


def _device(wish: str) -> str:
    if wish != "auto":
        return wish
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def main(arguments: list[str] | None = None) -> int:
    """Train and register one model."""
    name, options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    train = getattr(import_module(f"models.{name}.train"), "train", None)
    if train is None:
        print(f"{name} has its own options: python -m models.{name}.train --help", file=sys.stderr)
        return 2
    train(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
