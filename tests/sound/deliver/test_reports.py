"""The loudness report: rules against signals of known loudness, the curve, the words."""

import json
from fractions import Fraction

import numpy as np
import pytest
import soundfile

from pipeline.errors import UnreadableInput, UsageError
from pipeline.records import Loudness, Mix
from pipeline.sound.deliver.reports import canonical, report_data, report_of, report_text, verdict

RATE_HZ = 48000


def tone(path, level_lufs, seconds, *, rate=RATE_HZ):
    """A stereo sine of 997 Hz whose loudness is `level_lufs`: full scale in both channels reads 0 LUFS (BS.1770-4)."""
    amplitude = 10 ** (level_lufs / 20)
    wave = amplitude * np.sin(2 * np.pi * 997 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.stack([wave, wave], axis=1), rate, subtype="PCM_24")
    return path


def mixed(tmp_path, figures, *, seconds=6.0, level=-23.0, rate=RATE_HZ):
    path = tone(tmp_path / "mix.wav", level, seconds, rate=rate)
    return Mix(path, figures, gain_db=1.5, sample_rate_hz=rate, samples=round(seconds * rate))


def report(tmp_path, figures, *, preset="ebu", picture_s=6.0, **made):
    mix = mixed(tmp_path, figures, **made)
    return report_of(mix, title="clip", preset=preset, picture_s=picture_s, frame_rate=Fraction(25))


def verdicts(made):
    return {rule.name: verdict(rule) for rule in made.rules}


GOOD = Loudness(-23.2, -3.0, -23.0, short_term_max_lufs=-20.0, mono_loss_lu=1.0)


def test_what_keeps_every_rule_passes(tmp_path):
    made = report(tmp_path, GOOD)
    assert made.passed
    assert set(verdicts(made).values()) == {"PASS"}
    assert "Loudest 3 s (short-form)" in verdicts(made)


@pytest.mark.parametrize(
    ("figures", "picture_s", "rate", "rule", "said"),
    [
        (Loudness(-22.3, -3.0, -23.0), 6.0, RATE_HZ, "Integrated loudness", "FAIL"),
        (Loudness(-23.7, -3.0, -23.0), 6.0, RATE_HZ, "Integrated loudness", "FAIL"),
        (Loudness(-23.0, -0.8, -23.0), 6.0, RATE_HZ, "True peak", "FAIL"),
        (Loudness(-23.0, -0.95, -23.0), 6.0, RATE_HZ, "True peak", "PASS"),
        (Loudness(-23.0, -3.0, -23.0, short_term_max_lufs=-17.0), 6.0, RATE_HZ, "Loudest 3 s (short-form)", "FAIL"),
        (Loudness(-23.0, -3.0, -23.0), 6.0, RATE_HZ, "Loudest 3 s (short-form)", "N/A"),
        (Loudness(-23.0, -3.0, -23.0, mono_loss_lu=9.0), 6.0, RATE_HZ, "Loss in mono", "ADVICE"),
        (GOOD, 6.041, RATE_HZ, "Length", "FAIL"),
        (GOOD, 6.039, RATE_HZ, "Length", "PASS"),
        (GOOD, 6.0, 44100, "Sample rate", "FAIL"),
        (Loudness(None, None, -23.0), 6.0, RATE_HZ, "Integrated loudness", "N/A"),
    ],
)
def test_each_rule_on_its_own(tmp_path, figures, picture_s, rate, rule, said):
    made = report(tmp_path, figures, picture_s=picture_s, rate=rate)
    assert verdicts(made)[rule] == said
    assert made.passed == (said != "FAIL")


def test_dialogue_is_what_counts_where_it_is_the_target(tmp_path):
    figures = Loudness(-21.0, -5.0, -27.0, dialogue_lufs=-27.5, gate="dialogue")
    assert verdicts(report(tmp_path, figures, preset="netflix"))["Dialogue loudness"] == "PASS"
    # nobody speaks: the mixer aimed at the whole programme, at -24
    assert report(tmp_path, Loudness(-24.0, -5.0, -24.0), preset="netflix").passed


def test_the_web_refuses_nothing_for_its_loudness(tmp_path):
    made = report(tmp_path, Loudness(-20.0, -3.0, -14.0), preset="youtube")
    assert verdicts(made)["Integrated loudness"] == "ADVICE"
    assert made.passed
    assert not report(tmp_path, Loudness(-14.0, 0.3, -14.0), preset="youtube").passed


def test_names_of_platforms():
    assert [canonical(name) for name in ("ebu", "Broadcast EU", "netflix", "tiktok", "apple-podcasts")] == [
        "ebu",
        "ebu",
        "tv-streaming",
        "web",
        "podcast",
    ]
    with pytest.raises(UsageError):
        canonical("nowhere")


def test_the_curve_is_the_loudness_of_each_moment(tmp_path):
    made = report(tmp_path, GOOD, seconds=5.0, picture_s=5.0, level=-20.0)
    series = made.series
    assert (series.step_s, len(series.short_term_lufs)) == (0.1, 50)
    # the first window of 0.4 s ends with the fourth step, that of 3 s with the thirtieth
    assert [value is None for value in series.momentary_lufs] == [True] * 3 + [False] * 47
    assert [value is None for value in series.short_term_lufs] == [True] * 29 + [False] * 21
    assert series.momentary_lufs[10:] == pytest.approx([-20.0] * 40, abs=0.1)
    assert series.short_term_lufs[29:] == pytest.approx([-20.0] * 21, abs=0.1)


def test_a_long_curve_keeps_few_points_and_its_peaks(tmp_path):
    quiet = 0.001 * np.sin(2 * np.pi * 997 * np.arange(8000 * 400) / 8000)
    quiet[8000 * 200 : 8000 * 201] *= 100
    soundfile.write(tmp_path / "mix.wav", np.stack([quiet, quiet], axis=1), 8000, subtype="PCM_24")
    mix = Mix(tmp_path / "mix.wav", GOOD, 0.0, 8000, len(quiet))
    series = report_of(mix, title="x", preset="web", picture_s=400.0, frame_rate=Fraction(25)).series
    assert len(series.momentary_lufs) <= 1500
    loudest = int(np.argmax([value or -99 for value in series.momentary_lufs]))
    assert (loudest + 1) * series.step_s == pytest.approx(201, abs=0.8)
    assert series.momentary_lufs[loudest] == pytest.approx(-20, abs=0.5)


def test_words_and_data_say_the_same(tmp_path):
    made = report(tmp_path, Loudness(-20.0, -3.0, -23.0, warning="It is too loud."))
    text = report_text(made, frame_rate=Fraction(25))
    assert "Result           FAIL" in text
    assert "FAIL    Integrated loudness" in text and "-23.0 LUFS ± 0.5 LU" in text
    assert "00:00:06:00" in text and text.rstrip().endswith("It is too loud.")
    data = json.loads(json.dumps(report_data(made), allow_nan=False))
    assert data["passed"] is False
    assert data["measured"]["integrated_lufs"] == -20.0
    assert [rule["name"] for rule in data["rules"]] == [rule.name for rule in made.rules]


def test_a_mix_that_is_none_is_refused(tmp_path):
    mix = mixed(tmp_path, GOOD)
    mix.path.write_bytes(b"no sound")
    with pytest.raises(UnreadableInput):
        report_of(mix, title="x", preset="ebu", picture_s=6.0, frame_rate=Fraction(25))
