"""What chains the stages: sampling in one pass, keys, and what a check says it did not look at."""

import pytest

from pipeline import checking, steps
from pipeline.errors import CredentialError, UsageError
from pipeline.keys import Keys
from pipeline.media.probe import probe
from pipeline.records import Marks
from pipeline.watermark.keys import create_keys, rotate_keys


@pytest.mark.parametrize("rate, duration_s", [(24, 5.0), (8, 2.0), (60, 0.1)])
def test_sampling_is_even_and_begins_at_the_start(rate, duration_s):
    sampler = steps.Sampler(duration_s, 5, run=3)
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


def test_check_says_what_it_did_not_look_at(clip, tmp_path):
    result = checking.check(clip.path, keys=Keys(tmp_path / "nobody"), parts=("credentials", "mark"))
    assert any("no mark key" in sentence for sentence in result.verdict.not_checked)
    assert any("not measured" in sentence for sentence in result.verdict.not_checked)
    assert result.marks == Marks() and result.verdict.name == "inconclusive"


def test_keys_that_are_missing_say_what_to_do(tmp_path):
    keys = Keys(tmp_path / "nobody")
    for look in (lambda: keys.mark, keys.authority):
        with pytest.raises(CredentialError, match="foleymark keys init"):
            look()


def test_every_tenant_has_a_key_file_of_its_own(tmp_path):
    default, studio = Keys(tmp_path), Keys(tmp_path, "studio-north")
    assert default.mark_path == tmp_path / "mark.key" and studio.mark_path == tmp_path / "tenants" / "studio-north.key"
    with pytest.raises(CredentialError, match="--tenant studio-north"):
        _ = studio.mark
    first = create_keys(studio.mark_path).current
    rotate_keys(studio.mark_path)
    assert studio.mark.keys[1:] == (first,) and not default.has_mark()


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "-a", "a/b", "a" * 41, "a\n"])
def test_a_tenant_is_a_plain_name(tmp_path, name):
    with pytest.raises(UsageError, match="cannot name a tenant"):
        Keys(tmp_path, name)


def test_errors_are_explained():
    assert steps.explain(CredentialError("Do this.")) == "Do this."
    assert "disk full" in steps.explain(OSError(28, "disk full", "/x"))
    assert "ZeroDivisionError" in steps.explain(ZeroDivisionError("oh"))
