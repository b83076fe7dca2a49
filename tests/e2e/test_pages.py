"""The pages in a real browser: they render, and nothing that comes from a file is ever executed."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.records import (
    Action,
    CheckResult,
    Credential,
    Ingredient,
    JobResult,
    Recovery,
    RecoveryMatch,
    SoftBinding,
    Span,
    TrainingWish,
    Verdict,
)
from pipeline.report.html import render_batch, render_check

HOSTILE = (
    "<img src=x onerror=\"document.body.innerHTML='EXECUTED'\"><script>document.body.innerHTML='EXECUTED'</script>"
)
# without these the browser looks for its maker's servers at every start
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET += " --disable-component-update --disable-sync"


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")

    def call(page: Path, *options: str) -> str:
        profile = tmp_path_factory.mktemp("profile")
        command = [program, *QUIET.split(), f"--user-data-dir={profile}", *options, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout

    return call


def credential() -> Credential:
    """Credentials whose every text is hostile, at every depth."""
    steps = (Action(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, (Span(0, 1),), (HOSTILE,)),)
    inner = Ingredient(HOSTILE, HOSTILE, HOSTILE, True, (HOSTILE,), "bad", signer_name=HOSTILE, actions=steps)
    return Credential(
        *("exact", "unknown", "none", "hard", "gaps"),
        signer_name=HOSTILE,
        trust_list=HOSTILE,
        checked_at=HOSTILE,
        title=HOSTILE,
        ai_sentence=HOSTILE,
        authors=(HOSTILE,),
        training=(TrainingWish(HOSTILE, HOSTILE, HOSTILE),),
        actions=steps,
        ingredients=(replace(inner, ingredients=(inner,)),),
        soft_bindings=(SoftBinding(HOSTILE, HOSTILE),),
        codes=(HOSTILE,),
        remote_url=HOSTILE,
        sentences=(HOSTILE,),
    )


def pages(folder: Path) -> list[Path]:
    verdict = Verdict(name="inconclusive", headline=HOSTILE, explanation=HOSTILE, not_checked=(HOSTILE,))
    found = CheckResult(
        path=Path(HOSTILE),
        verdict=verdict,
        credential=credential(),
        recovery=Recovery(matches=(RecoveryMatch(HOSTILE, "similar", HOSTILE, HOSTILE),), sentences=(HOSTILE,)),
        error=HOSTILE,
    )
    check = render_check((found,))
    batch = render_batch((JobResult(source=Path(HOSTILE), state="failed", error=HOSTILE),), title=HOSTILE)
    for name, text in (("check", check), ("batch", batch)):
        (folder / f"{name}.html").write_text(text)
    return [folder / "check.html", folder / "batch.html"]


def test_nothing_from_a_file_is_executed(browse, tmp_path):
    for page in pages(tmp_path):
        dom = browse(page, "--dump-dom")
        assert "Foleymark" in dom and "&lt;img src=x" in dom
        assert "<body>EXECUTED" not in dom and "<img src=x" not in dom and "<script>document" not in dom


@pytest.mark.parametrize("width", [420, 1200])
def test_pages_fit_and_are_not_blank(browse, tmp_path, width):
    import cv2

    for page in pages(tmp_path):
        shot = tmp_path / f"{page.stem}-{width}.png"
        browse(page, f"--screenshot={shot}", f"--window-size={width},900")
        picture = cv2.imread(str(shot))
        assert picture.shape[1] == width
        assert np.ptp(picture) > 150
