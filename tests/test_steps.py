"""What chains the stages: sampling in one pass, the loop that makes a mark stronger, what is claimed afterwards."""

import pytest

from pipeline import steps
from pipeline.config import EncodeSettings, Settings, SignSettings
from pipeline.errors import CredentialError
from pipeline.media.probe import probe
from pipeline.records import MarkReading, Payload
from pipeline.watermark.video import STEP_UP

QUICK = Settings(encode=EncodeSettings(preset="ultrafast"))
PAYLOAD = Payload(version=1, id=77)


@pytest.mark.parametrize("rate, duration_s", [(24, 5.0), (8, 2.0), (60, 0.1)])
def test_sampling_is_even_and_begins_at_the_start(rate, duration_s):
    sampler = steps._Sampler(duration_s, 5, run=3)
    times = [index / rate for index in range(round(rate * duration_s))]
    taken = [
        index for index, time_s in enumerate(times) if sampler.is_due(time_s) and (sampler.taken.append(0) or True)
    ]
    assert taken[:3] == [0, 1, 2] and len(taken) <= 15
    if duration_s == 5.0:
        assert taken == [first + k for first in (0, 24, 48, 72, 96) for k in range(3)]


@pytest.fixture
def clip(make_clip, tmp_path):
    return probe(make_clip(tmp_path / "a.mp4", width=320, height=240, frames=12))


def deliver(clip, tmp_path, keys, monkeypatch, readings):
    """Deliver with a reader that gives these readings in turn; returns the report and the strengths used."""
    import pipeline.watermark.video as video

    strengths, original, left = [], video.PictureMarker, iter(readings)

    def marker(*arguments, **options):
        strengths.append(options["strength"])
        return original(*arguments, **options)

    monkeypatch.setattr(video, "PictureMarker", marker)
    monkeypatch.setattr(steps, "read_mark", lambda *_a, **_k: next(left))
    report = steps.deliver(
        clip, tmp_path / "out.mp4", soundtrack=None, settings=QUICK, mark_key=keys.mark, payload=PAYLOAD
    )
    return report, strengths


def test_a_mark_that_does_not_read_is_made_stronger(clip, tmp_path, shared_keys, monkeypatch):
    readings = [MarkReading("none"), MarkReading("read", Payload(1, 5)), MarkReading("read", PAYLOAD, z=20)]
    report, strengths = deliver(clip, tmp_path, shared_keys, monkeypatch, readings)
    assert report.attempts == 3 and report.reading.payload == PAYLOAD
    assert [b / a for a, b in zip(strengths, strengths[1:], strict=False)] == pytest.approx([STEP_UP, STEP_UP])


def test_it_gives_up_and_then_claims_no_mark(clip, tmp_path, shared_keys, monkeypatch):
    report, strengths = deliver(clip, tmp_path, shared_keys, monkeypatch, [MarkReading("none")] * 9)
    assert report.attempts == len(strengths) == steps.MAX_ATTEMPTS
    credential = steps.sign(
        tmp_path / "out.mp4",
        original=clip.path,
        authority=shared_keys.authority(),
        settings=SignSettings(),
        mark=report,
        transcoded=True,
    )
    assert credential.soft_bindings == ()
    assert "c2pa.watermarked.bound" not in {action.action for action in credential.actions}


def test_check_says_what_it_did_not_look_at(clip, tmp_path):
    result = steps.check(clip.path, keys=steps.Keys(tmp_path / "nobody"), parts=("credentials", "mark"))
    assert any("no mark key" in sentence for sentence in result.verdict.not_checked)
    assert any("not measured" in sentence for sentence in result.verdict.not_checked)
    assert result.mark is None and result.verdict.name == "inconclusive"


def test_keys_that_are_missing_say_what_to_do(tmp_path):
    keys = steps.Keys(tmp_path / "nobody")
    for look in (lambda: keys.mark, keys.authority):
        with pytest.raises(CredentialError, match="foleymark keys init"):
            look()


def test_errors_are_explained():
    assert steps.explain(CredentialError("Do this.")) == "Do this."
    assert "disk full" in steps.explain(OSError(28, "disk full", "/x"))
    assert "ZeroDivisionError" in steps.explain(ZeroDivisionError("oh"))
