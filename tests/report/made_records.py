"""Made-up but realistic records, hostile ones among them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipeline.detect.findings import Content
from pipeline.detect.verdict import judge
from pipeline.records import (
    Action,
    Analysis,
    AudioStream,
    CheckResult,
    Clip,
    Credential,
    Cue,
    Event,
    Evidence,
    Ingredient,
    JobResult,
    Loudness,
    MarkReading,
    MarkReport,
    Marks,
    Mood,
    MotionCurve,
    Payload,
    Shot,
    SoftBinding,
    SoundPlan,
    VideoStream,
)

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
HOSTILE = "<script>alert(1)</script>\u202egpj.exe\x1b[31m\"'><img src=x onerror=alert(2)>{{ 7*7 }}"
LONG = "a very long name without any mercy " * 15 + "the end.mp4"


def make_clip(name: str = "onions.mp4", **changes: object) -> Clip:
    video = VideoStream("h264", 720, 480, "yuv420p", 8, Fraction(30), Fraction(1, 15360), 150, 0.0, 5.0)
    clip = Clip(
        Path(name),
        "c0ffee" * 10 + "beef",
        2_295_861,
        "mov,mp4,m4a,3gp,3g2,mj2",
        5.0,
        video,
        metadata={"encoder": "Lavf58.29.100", "major_brand": "isom"},
    )
    return replace(clip, **changes)


def make_sora() -> Credential:
    return Credential(
        integrity="exact",
        signer="expired",
        time="untrusted",
        binding="hard",
        history="complete",
        signer_name="OpenAI",
        trust_list="C2PA trust list of 2026-10-01",
        signed_at="2025-05-26T19:22:58+00:00",
        certificate_expires="2026-05-20T00:00:00+00:00",
        claim_generator="Sora",
        title="cb2e0d672bc7445687605df2c076cd76_generation.mp4",
        manifest_label="urn:c2pa:caac1092-c269-4578-b1f2-4c1f21b1d995",
        digital_source_types=(IPTC + "trainedAlgorithmicMedia",),
        declares_ai=True,
        actions=(Action("c2pa.created", software="Sora", digital_source_type=IPTC + "trainedAlgorithmicMedia"),),
        codes=(
            "assertion.bmffHash.match",
            "signingCredential.untrusted",
            "signingCredential.expired",
            "timeStamp.untrusted",
        ),
        sentences=(
            "The file has not been changed since it was signed.",
            "It was signed in the name of OpenAI on 26 May 2025.",
        ),
    )


def make_own() -> Credential:
    parts = tuple(
        Ingredient(title, "componentOf", IPTC + "algorithmicMedia")
        for title in ("anvil hit", "rain on asphalt", "music bed")
    )
    return Credential(
        integrity="exact",
        signer="own",
        time="none",
        binding="hard",
        history="complete",
        signer_name="Foleymark development",
        signed_at="2026-11-21T08:00:00+00:00",
        certificate_expires="2027-11-21T08:00:00+00:00",
        claim_generator="Foleymark 0.1",
        digital_source_types=(IPTC + "compositeWithTrainedAlgorithmicMedia",),
        declares_ai=True,
        actions=(
            Action("c2pa.opened", "2026-11-21T08:00:00Z", "Foleymark"),
            Action(
                "c2pa.placed",
                software="Foleymark",
                digital_source_type=IPTC + "algorithmicMedia",
                description="anvil hit at 1.84 s",
            ),
            Action(
                "c2pa.mixed", software="Foleymark", digital_source_type=IPTC + "compositeWithTrainedAlgorithmicMedia"
            ),
            Action("c2pa.watermarked.bound", software="Foleymark"),
            Action("c2pa.transcoded", software="Foleymark"),
        ),
        ingredients=(Ingredient("anvil.mp4", "parentOf", IPTC + "trainedAlgorithmicMedia"), *parts),
        soft_bindings=(SoftBinding("org.foleymark.picture.1", "10a1b2c3d4e5f607"),),
        sentences=("The file has not been changed since it was signed.",),
    )


NO_MARK = Marks.of(MarkReading("none", z=0.4, frames=96), None)


def make_marks() -> Marks:
    reading = MarkReading(
        "read", Payload(1, 0x0A1B2C3D4E5F607), z=41.2, geometry="grid 180", frames=96, sentence="read"
    )
    return Marks.of(reading, None)


def make_content(llr: float = 0.31) -> Evidence:
    return Evidence(
        "residual",
        "content",
        "The fine detail of the picture is somewhat more like generated clips than like camera footage. "
        "This is weak evidence and does not count towards the verdict.",
        reason="Weak: of one generated and one camera clip from unseen sources it picks the right one 69 times in 100.",
        raw={"sharpness": -2.9, "slope": -3.99, "tail": 0.231},
        llr=llr,
    )


def make_check(
    name: str = "onions.mp4", credential: Credential | None = None, marks: Marks | None = None
) -> CheckResult:
    clip = make_clip(name)
    not_checked = (
        "Sound was not examined: the clip has none.",
        "Faces were not examined: this version has no detector for them.",
    )
    verdict = judge(
        credential=credential,
        marks=marks or NO_MARK,
        clip=clip,
        content=Content(evidence=(make_content(),)),
        not_checked=not_checked,
    )
    return CheckResult(clip.path, verdict, credential, marks or NO_MARK, clip, seconds=1.31)


def make_job(name: str = "anvil.mp4", state: str = "done", **changes: object) -> JobResult:
    clip = make_clip(name, audio=AudioStream("aac", 48000, 2, 0.0, 5.0))
    if state in ("failed", "planned"):
        error = "The file ends in the middle of a picture; ask for a complete copy." if state == "failed" else ""
        return replace(JobResult(Path("in") / name, state, error=error), **changes)
    own = make_own()
    check = CheckResult(
        Path("out") / name, judge(credential=own, marks=make_marks(), clip=clip), own, make_marks(), clip, seconds=0.9
    )
    job = JobResult(
        Path("in") / name,
        state,
        output=Path("out") / name,
        cues=14,
        loudness=Loudness(-14.03, -1.21, -14.0),
        mark=MarkReport(make_marks().payload, 1.0, 48.27, 1, make_marks()),
        master_verdict=judge(credential=None, clip=clip, content=Content(evidence=(make_content(),))),
        check=check,
        timings={
            "probe": 0.04,
            "analyse": 2.31,
            "spot": 0.02,
            "render": 1.62,
            "mix": 0.41,
            "export": 4.9,
            "sign": 0.22,
            "check": 1.1,
        },
    )
    return replace(job, **changes)


def make_frames(count: int = 8, height: int = 180, width: int = 320) -> list[np.ndarray]:
    y, x = np.mgrid[0:height, 0:width]
    frames = []
    for index in range(count):
        red = 90 + 120 * y / height
        green = 90 + 60 * np.sin(x / 37 + index)
        ball = (x - width * (0.1 + 0.8 * index / count)) ** 2 + (
            y - height * (0.3 + 0.4 * abs(np.sin(index * 1.1)))
        ) ** 2 < (height / 9) ** 2
        picture = np.stack([red, green, 200 - 90 * y / height], axis=-1)
        picture[ball] = (245, 240, 225)
        frames.append(picture.clip(0, 255).astype(np.uint8))
    return frames


def make_analysis() -> Analysis:
    times = np.arange(0, 8, 1 / 24)
    energy = 0.15 + 0.5 * np.abs(np.sin(times * 2.2)) ** 3
    events = tuple(Event(t, "contact", 0.6 + 0.05 * i, x=0.3) for i, t in enumerate((0.71, 1.84, 2.05, 3.3, 5.62, 6.1)))
    events += (Event(4.1, "whoosh", 0.7, length_s=0.6), Event(4.5, "cut", 1.0))
    motion = MotionCurve(
        tuple(times.tolist()), tuple(energy.tolist()), tuple((0.1 + 0.02 * times).tolist()), (0.5,) * times.size
    )
    return Analysis(8.0, (Shot(0, 4.5), Shot(4.5, 8)), events, motion, Mood())


def make_plan() -> SoundPlan:
    hits = tuple(
        Cue(f"i{i}", "FX-impacts", t, 0.35, "IMPACTS", "impact/metal", "metal ball on stone")
        for i, t in enumerate((0.71, 1.84, 2.05, 3.3, 5.62, 6.1))
    )
    rest = (
        Cue("w1", "FX-foley", 3.9, 0.7, "WHOOSHES", "whoosh", "camera swings past"),
        Cue("b1", "BG", 0.0, 8.0, "AMBIENCE", "ambience/rain", "rain on asphalt"),
        Cue("b2", "BG", 4.5, 3.5, "AMBIENCE", "ambience/city", "distant traffic"),
        Cue("m1", "MX", 0.0, 8.0, "MUSICAL", "music/cinematic", "slow strings, 92 bpm"),
    )
    return SoundPlan(8.0, (*hits, *rest))


def make_audio() -> np.ndarray:
    generator = np.random.default_rng(3)
    times = np.arange(8 * 48000) / 48000
    sound = 0.05 * generator.standard_normal(times.size)
    for hit in (0.71, 1.84, 2.05, 3.3, 5.62, 6.1):
        after = np.clip(times - hit, 0, None)
        sound += 0.7 * np.sin(2 * np.pi * 420 * after) * np.exp(-after * 9) * (times >= hit)
    return np.stack([sound, sound * 0.8]).astype(np.float32)
