"""Made-up results of a check with detectors, one for each verdict and kind of file."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.detect.drawing import heat, png_uri
from pipeline.records import CheckResult, Evidence, Verdict, VerdictName
from tests.report.made_records import NO_MARK, make_clip, make_frames

WEAK = "On sources it has not seen it picks the generated one of two clips 78 times in 100; guessing gives 50."
MEASURED = (
    "Measured on clips from sources the detectors had not seen: of 99 camera clips 1 was called AI-made, and no sign "
    "of AI was found in 40; of 128 generated clips 61 were called AI-made, and no sign was found in 5."
)
Curve = tuple[tuple[float, float], ...]


def wave(start_s: float, end_s: float, level: float, speed: float) -> Curve:
    """A score eight times a second."""
    times = np.arange(start_s, end_s, 0.125)
    return tuple((round(float(t), 3), round(float(level + 0.18 * math.sin(speed * t)), 3)) for t in times)


def patches(llr: float, *, picture: bool = True) -> Evidence:
    boxes = [(x / 4, y / 3, (x + 1) / 4, (y + 1) / 3) for x in range(4) for y in range(3)]
    warm = heat(make_frames(1)[0], boxes, [number / 12 for number in range(12)])
    side = "generated clips" if llr > 0 else "camera clips"
    return Evidence(
        "patches",
        "content",
        f"The small patches that were looked at resemble {side}.",
        reason=WEAK,
        llr=llr,
        raw={"mean": 0.71234567, "worst": 0.93, "patches": 96},
        curve=wave(0, 2.5, 0.5 + llr / 8, 3.1) + wave(5, 7.5, 0.5 + llr / 8, 2.0),
        t0_s=1.25,
        box=(0.7, 0.7, 0.9, 0.95),
        picture=png_uri(warm) if picture else "",
    )


def others(llr: float) -> tuple[Evidence, ...]:
    face = "no face of at least 64 pixels was seen"
    return (
        Evidence("residual", "content", "The fine detail of the picture is about as common in both.", llr=llr / 4),
        Evidence(
            "motion",
            "content",
            "The way things move could be measured on a few pictures only.",
            reason="the picture is strongly compressed",
            gate="low",
            llr=-0.3,
            curve=wave(0, 2.5, 0.42, 5.0) + wave(5, 7.5, 0.42, 4.0),
        ),
        Evidence("glitches", "content", "Nothing pops in or out away from the borders.", gate="failed", llr=0.0),
        Evidence("quality", "content", "The picture is sharp enough to be measured.", raw={"bits": 0.12}),
        Evidence("agreement", "content", "The answer stays the same after another compression.", raw={"crf30": 1.9}),
        Evidence("faces", "content", f"Faces were not judged: {face}.", applicable=False, reason=face),
        Evidence(
            "dinov2 (your encoder)", "hint", "The clip bends like generated clips.", reason="user-supplied", llr=1.1
        ),
        Evidence("container", "hint", "The pictures come at exactly 24 a second, as many generators make them."),
    )


def fused(llr: float) -> Evidence:
    probability = 1 / (1 + math.exp(-llr))
    side = ("a generator", "a camera") if llr > 0 else ("a camera", "a generator")
    sentence = (
        f"The 3 detectors that could judge, together, find the clip about {round(math.exp(abs(llr)))} times as likely "
        f"from {side[0]} as from {side[1]}."
    )
    raw = {"score": llr, "from_patches": 0.7 * llr, "from_residual": 0.2 * llr, "from_motion": -0.3}
    return Evidence("fused", "content", sentence, reason=MEASURED, llr=llr, probability=probability, raw=raw)


def moments() -> tuple[Evidence, ...]:
    frames = make_frames(4)
    what = (
        ("glitches", "A bright thing is there for three pictures and then gone.", (0.1, 0.1, 0.3, 0.3), 0.4),
        ("patches", "This corner resembles generated clips most.", (0.7, 0.7, 0.95, 0.95), 0.93),
        ("faces", "The outline of the face jumps against the head.", (0.4, 0.4, 0.6, 0.6), 0.62),
    )
    return tuple(
        Evidence(name, "moment", text, t0_s=1.2 * n + 0.4, t1_s=1.2 * n + 0.9, box=box, raw={"score": score},
                 picture=png_uri(frames[n]))
        for n, (name, text, box, score) in enumerate(what)
    )  # fmt: skip


def make_measured(name: VerdictName = "likely_ai", llr: float = 2.8, path: str = "harbour.mp4") -> CheckResult:
    """A clip without credentials, judged by what was measured."""
    clip = make_clip(path, duration_s=7.5)
    verdict = Verdict(
        name,
        {"likely_ai": "Picture and sound measure like a generated clip"}.get(name, "Nothing speaks clearly either way"),
        "The file carries no content credentials and no AI label. What was measured is "
        f"{'far' if abs(llr) > 2 else 'not far'} from what camera clips show. This is an estimate and can be wrong.",
        (fused(llr), patches(llr / 1.4), *others(llr), *moments()),
        ("The sound was not measured: the clip has none.",),
    )
    return CheckResult(clip.path, verdict, None, NO_MARK, clip, seconds=3.9)


def make_still() -> CheckResult:
    one = make_measured("no_ai_evidence", -1.9)
    found = (replace(fused(-1.9), reason=""), replace(patches(-1.4), curve=()))
    verdict = replace(
        one.verdict, headline="Nothing in the picture speaks for AI", evidence=found, not_checked=("It is a still.",)
    )
    return replace(one, path=Path("pier.jpg"), clip=None, verdict=verdict, sha256="ab" * 32)


def make_sound() -> CheckResult:
    comb = "Regular traces of a neural decoder lie 50 Hz apart."
    found = (
        Evidence("sound", "content", comb, reason=WEAK, llr=1.2, curve=wave(0, 95, 0.7, 0.3)),
        Evidence("speech", "content", "Nobody speaks.", applicable=False, reason="no speech was heard"),
        Evidence("sound", "moment", "Here the traces are clearest.", t0_s=63.0, t1_s=65.5, raw={"score": 0.9}),
    )
    verdict = Verdict("inconclusive", "The sound gives no clear answer", "What was measured leans, not enough.", found)
    return CheckResult(Path("call.wav"), verdict, sha256="cd" * 32, seconds=0.8)


def make_unjudged() -> CheckResult:
    why = "it is a cartoon: the detectors were trained on camera footage"
    drawn = Evidence("kind", "content", "It looks like a drawing or an animation.", raw={"cartoon": 0.8})
    found = (fused(2.0), patches(1.4, picture=False), drawn)
    verdict = Verdict("not_applicable", "Drawn pictures cannot be judged", f"The clip is not judged: {why}.", found)
    return CheckResult(Path("cat.mp4"), verdict, None, NO_MARK, make_clip("cat.mp4"), seconds=2.0)
