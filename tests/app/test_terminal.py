"""What is printed: names of files cannot write on a terminal in their own way."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

from pipeline.app.terminal import visible, visible_json

HOSTILE = "\x1b]0;x\x07\x9b31m\u202egnp\u2066\u200b\ufeff\x85[red]\u2028.mp4"


def hidden(text: str) -> list[str]:
    return [mark for mark in text if unicodedata.category(mark)[0] in "CZ" and mark not in " \n"]


def test_what_acts_is_spelled_out():
    assert (
        visible("\x1b[2J") == "\\x1b[2J" and visible("\u202e") == "\\u202e" and visible("\U000e0001") == "\\U000e0001"
    )
    assert visible("a b\nc [red] é 映画 ক") == "a b\nc [red] é 映画 ক"
    assert hidden(visible(HOSTILE)) == []
    # a name of bytes that are no text
    assert visible(os.fsdecode(b"\xff.mp4")) == "\\udcff.mp4"


def test_json_means_the_same():
    record = {"path": HOSTILE, "far": "\U000e0001\U0001f680"}
    text = json.dumps(record, ensure_ascii=False, indent=1)
    assert hidden(text) and hidden(visible_json(text)) == []
    assert json.loads(visible_json(text)) == record


def test_names_of_checked_files(tmp_path, shared_keys, make_clip):
    path = make_clip(tmp_path / HOSTILE)
    for extra in ((), ("--json",)):
        out = _check(path, shared_keys.home, *extra)
        assert hidden(out) == [] and "gnp" in out
    assert json.loads(_check(path, shared_keys.home, "--json"))[0]["path"] == str(path)


def test_names_of_files_that_are_not_there(tmp_path, shared_keys):
    assert hidden(_check(tmp_path / HOSTILE, shared_keys.home)) == []


def _check(path: Path, home: Path, *extra: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.app.cli", "check", "--only", "credentials", *extra, str(path)],
        capture_output=True,
        env={**os.environ, "FOLEYMARK_HOME": str(home), "COLUMNS": "200"},
        timeout=120,
    )
    return (done.stdout + done.stderr).decode()


def test_names_in_the_summary_of_a_batch(tmp_path):
    from rich.console import Console

    from pipeline.app.show import show_jobs
    from pipeline.records import JobResult

    out = io.StringIO()
    job = JobResult(tmp_path / HOSTILE, "failed", error=f"{HOSTILE} cannot be read")
    show_jobs(Console(file=out, width=200), [job], None)
    assert hidden(out.getvalue()) == [] and "[red]" in out.getvalue()
