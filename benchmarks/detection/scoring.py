"""What `check` says of each clip, two clips at a time in processes of their own, remembered for the next run."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

from benchmarks.common import note
from benchmarks.detection.canonical import VARIANTS, make_copy
from benchmarks.detection.manifest import Entry
from pipeline.detect.pictures import Thoroughness
from pipeline.errors import FoleymarkError
from pipeline.files import sha256_file, write_atomic

NATIVE = "native"
# verdicts that answer; everything else abstains
ANSWERS = {"likely_ai": 1, "no_ai_evidence": 0}
# content only: what a file says of itself may not speak here
PARTS: tuple[Literal["picture", "sound"], ...] = ("picture", "sound")
FUSED = "fused"
# of scope "content" without leaning to a side
SPEAK_FOR_NOBODY = frozenset({FUSED, "quality", "agreement"})
ROOT = Path(__file__).parents[2]
# what decides on a judgement, and on a baseline's figures: a change in them makes the cache forget
JUDGING = ("pipeline/checking.py", "pipeline/detect", "pipeline/media", "pipeline/records", "models")
MEASURING = ("benchmarks/detection/baselines.py", "benchmarks/detection/canonical.py", "pipeline/media")
CODE_SUFFIXES = frozenset({".py", ".json", ".csv", ".safetensors", ".npz"})


@dataclass(frozen=True)
class Judged:
    """What was said of one file."""

    # log-likelihood ratio AI : camera of the fused evidence; 0 where nothing could be said
    score: float
    verdict: str
    seconds: float
    # score of each detector that had something to say
    detectors: dict[str, float] = field(default_factory=dict)
    # what `check` says it did not do, but for what was not asked for
    not_checked: list[str] = field(default_factory=list)
    # baseline -> measured figures; None where they could not be measured
    figures: dict[str, list[float] | None] = field(default_factory=dict)
    # pictures in the file that was judged
    pictures: int = 0


@dataclass(frozen=True)
class Scored:
    """One clip in all its variants."""

    entry: Entry
    sha256: str
    # fold whose training had not seen the clip's origin; None when training knows nothing of it
    held_out: int | None
    variants: dict[str, Judged]
    # why it could not be judged; empty when it could
    failed: str = ""


@dataclass(frozen=True)
class Plan:
    """How clips are judged."""

    pictures: int
    variants: tuple[str, ...]
    thoroughness: Thoroughness = "normal"
    cache: Path | None = None
    jobs: int = 2


def score_all(entries: Sequence[Entry], plan: Plan) -> list[Scored]:
    """Judge every clip; progress goes to stderr, the order stays that of the manifest."""
    versions = (code_version(JUDGING), code_version(MEASURING))
    work = partial(score_clip, plan=plan, versions=versions)
    found = {scored.entry.path: scored for scored in in_processes(work, entries, jobs=plan.jobs)}
    return [found[entry.path] for entry in entries]


def in_processes(work: Any, tasks: Sequence[Any], *, jobs: int) -> Iterator[Any]:
    """Results of work(task) as they come, from so many processes of one thread each."""
    began = time.monotonic()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=one_thread) as pool:
        waiting = [pool.submit(work, task) for task in tasks]
        for number, future in enumerate(as_completed(waiting), start=1):
            yield future.result()
            left_s = (time.monotonic() - began) / number * (len(tasks) - number)
            note(f"{number} of {len(tasks)}; about {left_s / 60:.1f} min left")


def one_thread() -> None:
    """What is timed is then one core's work, and two clips do not fight for two cores."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    quiet()


def quiet() -> None:
    """Warnings of detectors that did not run come back in `not_checked`."""
    logging.getLogger("pipeline").setLevel(logging.ERROR)


def score_clip(entry: Entry, *, plan: Plan, versions: tuple[str, str]) -> Scored:
    """Judge one clip in every variant; what cannot be judged says why and ends no run."""
    sha256 = sha256_file(entry.path)
    scored = Scored(entry, sha256, fold_for(sha256, entry.origin), {})
    key = f"{scored.held_out} {plan.thoroughness} {plan.pictures}"
    try:
        for variant in plan.variants:
            words = f"{sha256} {variant} {key} {versions[0]} {versions[1]}"
            judged = recalled(plan.cache, words, partial(_judge_variant, scored, variant, plan))
            scored.variants[variant] = judged
    except FoleymarkError as error:
        return replace(scored, failed=str(error))
    return scored


def recalled(cache: Path | None, key: str, make: Callable[[], Judged]) -> Judged:
    """What was judged under this key before, else what is judged now."""
    if cache is None:
        return make()
    at = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    if at.exists():
        return Judged(**json.loads(at.read_text(encoding="utf-8")))
    judged = make()
    write_atomic(at, json.dumps(asdict(judged)))
    return judged


def _judge_variant(scored: Scored, variant: str, plan: Plan) -> Judged:
    from benchmarks.detection.baselines import figures_of, metadata_of
    from pipeline.media.probe import probe

    source = probe(scored.entry.path)
    if variant == NATIVE:
        judged = judge(source.path, held_out=scored.held_out, thoroughness=plan.thoroughness)
        return replace(judged, figures={"metadata": metadata_of(source)}, pictures=source.video.frames)
    if variant not in VARIANTS:
        raise ValueError(f"there is no variant {variant!r}")
    with tempfile.TemporaryDirectory(prefix="foleymark-audit-") as folder:
        copy = Path(folder) / "copy.mp4"
        make_copy(source.path, copy, variant=variant, pictures=plan.pictures, duration_s=source.duration_s)
        judged = judge(copy, held_out=scored.held_out, thoroughness=plan.thoroughness)
        figures = {"metadata": metadata_of(source), "metadata_of_copy": metadata_of(probe(copy)), **figures_of(copy)}
        return replace(judged, figures=figures, pictures=probe(copy).video.frames)


def judge(path: Path, *, held_out: int | None = None, thoroughness: Thoroughness = "normal") -> Judged:
    """Ask `check` about the content of a file."""
    from pipeline.checking import check
    from pipeline.keys import Keys

    # an empty home: no mark is looked for and no trust list read
    with tempfile.TemporaryDirectory(prefix="foleymark-audit-home-") as home:
        result = check(path, keys=Keys(Path(home)), parts=PARTS, thoroughness=thoroughness, held_out=held_out)
    said: dict[str, float] = {}
    for item in result.verdict.evidence:
        # of several faces, say, the one that speaks loudest
        # a network's logit is not calibrated before fusion
        score = item.llr if item.name == FUSED else item.raw.get("logit", item.llr)
        if item.scope == "content" and item.applicable and math.isfinite(score):
            said[item.name] = max(said.get(item.name, 0.0), score, key=abs)
    left_out = [said for said in result.verdict.not_checked if not said.endswith("was not asked for.")]
    detectors = {name: llr for name, llr in said.items() if name not in SPEAK_FOR_NOBODY}
    return Judged(said.get(FUSED, 0.0), result.verdict.name, result.seconds, detectors, left_out)


def fold_for(sha256: str, origin: str) -> int | None:
    """The fold to hold out for a clip: its own, or that of other clips of its origin that training has seen."""
    from models.folds import fold_of, seen_clips

    own = fold_of(sha256)
    if own is not None:
        return own
    return next((clip.fold for clip in seen_clips().values() if clip.origin == origin), None)


def code_version(places: Sequence[str], root: Path = ROOT) -> str:
    """Digest of the code and weights below some places, so that an old answer is never taken for today's."""
    digest = hashlib.sha256()
    for place in places:
        top = root / place
        files = [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.suffix in CODE_SUFFIXES)
        for path in files:
            digest.update(str(path.relative_to(root)).encode() + b"\0" + sha256_file(path).encode())
    return digest.hexdigest()[:16]
