"""How long a command takes from nothing: `foleymark --help`, and a check of credentials alone.

    python -m benchmarks.start_up [--clip FILE] [--runs 7] [--json]

Each run is a new process; the median is given, with an empty Python process and an import of torch beside it. Without
`--clip` a sample is signed first and then checked.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.common import measure, show

CLI = [sys.executable, "-m", "pipeline.app.cli"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, help="a file with credentials")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        os.environ["FOLEYMARK_HOME"] = str(Path(folder) / "home")
        clip = arguments.clip or _signed_sample(Path(folder))
        commands = {
            "help_s": [*CLI, "--help"],
            "check_credentials_s": [*CLI, "check", "--only", "credentials", str(clip)],
            "empty_python_s": [sys.executable, "-c", "pass"],
            "import_torch_s": [sys.executable, "-c", "import torch"],
        }
        figures = {name: _median_s(command, arguments.runs) for name, command in commands.items()}
    show(figures, as_json=arguments.json)


def _signed_sample(folder: Path) -> Path:
    signed = folder / "signed.mp4"
    for command in (["keys", "init"], ["sign", "samples/balls.mp4", "-o", str(signed)]):
        if measure([*CLI, *command]).code:
            sys.exit(f"foleymark {' '.join(command)} failed")
    return signed


def _median_s(command: list[str], runs: int) -> float:
    return statistics.median(measure(command).seconds for _ in range(runs))


if __name__ == "__main__":
    main()
