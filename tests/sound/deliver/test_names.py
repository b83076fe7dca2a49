"""Names of delivered files, and one line of any text."""

import pytest

from pipeline.sound.deliver.names import clock_part, one_line, safe_part, tell_apart


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("impact/metal", "impact-metal"),
        ("../../etc/passwd", "etc-passwd"),
        ("Tür schlägt zu", "Tur-schlagt-zu"),
        ("雨", "x"),
        ("", "x"),
        ("a" * 99, "a" * 40),
        ("\x00\u202e\n", "x"),
        ("-rf", "rf"),
        ("nul.", "nul"),
    ],
)
def test_parts_of_file_names(text, name):
    assert safe_part(text) == name


def test_times_sort_as_text():
    times_s = [0.0, 0.0004, 9.9996, 10.0, 59.999, 60.0, 3599.9999, 3600.0, 36000.0]
    names = [clock_part(time_s) for time_s in times_s]
    assert names == sorted(names)
    assert names[-1] == "10-00-00-000"
    assert clock_part(3661.25) == "01-01-01-250"
    assert clock_part(-1.0) == "00-00-00-000"


def test_equal_names_are_numbered_whatever_their_case():
    assert tell_apart(["a", "A", "a-2", "b", "a"]) == ["a", "A-2", "a-2-2", "b", "a-3"]


def test_one_line_shows_what_it_says():
    assert one_line("two\nlines\t and\x1b[31m red \u202eliar\ufeff") == "two lines and[31m red liar"
    assert one_line("x" * 999, limit=5) == "xxxxx"
    assert one_line("雨 und 🌧") == "雨 und 🌧"
