from fractions import Fraction

import pytest

from pipeline.errors import UsageError
from pipeline.reel.reading import read_reel
from pipeline.reel.reel import Card, Part, Reel, Title, Transition


@pytest.fixture
def write(tmp_path):
    """A function that writes reel.yaml beside two files."""
    for name in ("a.mp4", "b.mov", "song.wav"):
        (tmp_path / name).write_bytes(b"x")

    def write(text):
        path = tmp_path / "reel.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def clips(*entries):
    return "clips:\n" + "".join(f"  - {entry}\n" for entry in entries)


def test_all_that_can_be_said(write, tmp_path):
    reel = read_reel(
        write("""
title: Autumn
format: 9:16
fps: 23.976
fit: smart
sound: {music_style: cinematic, loudness: youtube, music_track: song.wav, music: no}
clips:
  - card: "Autumn\\nin Berlin"
    seconds: 2.5
    background: navy
    colour: "#fa0"
    transition: dip 1.0 white
  - clip: a.mp4
    from: 1.5
    to: 0:06.25
    speed: 0.5
    title: Berlin
    transition: dissolve 0.5
    sound: -6 dB
    prompt: rain on a street
  - clip: b.mov
    from: 00:00:01:12
    to: 10:00:00:05
    fit: fill
    titles:
      - One
      - {text: Two, from: 500 ms, to: 2 s, position: top, colour: red, size: 8 %, fade: 0.1}
    transition: {wipe: 0.4, direction: up}
    sound: off
  - a.mp4
ending: dip 1.0
""")
    )
    a, b = (tmp_path.resolve() / name for name in ("a.mp4", "b.mov"))
    assert reel == Reel(
        title="Autumn",
        size_px=(1080, 1920),
        frame_rate=Fraction(24000, 1001),
        fit="smart",
        ending=Transition("dip", 1.0),
        sound={
            "music_style": "cinematic",
            "loudness": "youtube",
            "music_track": str(tmp_path.resolve() / "song.wav"),
            "music": False,
        },
        parts=(
            Part(
                card=Card("Autumn\nin Berlin", 2.5, background="#000080", colour="#ffaa00"),
                transition=Transition("dip", 1.0, colour="#ffffff"),
            ),
            Part(
                clip=a,
                start_s=1.5,
                end_s=6.25,
                speed=0.5,
                titles=(Title("Berlin"),),
                transition=Transition("dissolve", 0.5),
                sound_db=-6.0,
                prompt="rain on a street",
            ),
            Part(
                clip=b,
                start_timecode="00:00:01:12",
                end_timecode="10:00:00:05",
                fit="fill",
                titles=(Title("One"), Title("Two", 0.5, 1.5, "top", "#ff0000", 0.08, 0.1)),
                transition=Transition("wipe", 0.4, direction="up"),
                sound_db=None,
            ),
            Part(clip=a),
        ),
    )


def test_little_needs_to_be_said(write, tmp_path):
    reel = read_reel(write(clips("a.mp4")))
    assert reel == Reel((Part(clip=tmp_path.resolve() / "a.mp4"),))
    assert reel.size_px is None and reel.frame_rate is None and reel.sound is None


@pytest.mark.parametrize(
    "words, size_px",
    [
        ("format: 16:9", (1920, 1080)),
        ("format: 4:5", (1080, 1350)),
        ("format: TikTok", (1080, 1920)),
        ("format: 1280x720", (1280, 720)),
        ("size: 640 x 480", (640, 480)),
    ],
)
def test_frames(write, words, size_px):
    assert read_reel(write(f"{words}\n" + clips("a.mp4"))).size_px == size_px
    assert read_reel(write(f"{words}\n" + clips("a.mp4")), format="1:1").size_px == (1080, 1080)


@pytest.mark.parametrize(
    "words, transition",
    [
        ("cut", Transition()),
        ("dissolve", Transition("dissolve", 0.5)),
        ("crossfade 1 s", Transition("dissolve", 1.0)),
        ("{dissolve: 0.25}", Transition("dissolve", 0.25)),
        ("{dissolve: }", Transition("dissolve", 0.5)),
        ("dip 0.6 black", Transition("dip", 0.6)),
        ("dip white 600ms", Transition("dip", 0.6, colour="#ffffff")),
        ("fade", Transition("dip", 0.5)),
        ('{dip: 0.6, colour: "#102030"}', Transition("dip", 0.6, colour="#102030")),
        ("wipe right 0.4", Transition("wipe", 0.4, direction="right")),
        ("{wipe: down, seconds: 0.4}", Transition("wipe", 0.4, direction="down")),
    ],
)
def test_transitions(write, words, transition):
    text = clips("a.mp4") + f"  - clip: b.mov\n    transition: {words}\n"
    assert read_reel(write(text)).parts[1].transition == transition


@pytest.mark.parametrize(
    "words, level_db", [("off", None), ("no", None), ("false", None), ("on", 0.0), ("-6", -6.0), ("+3 dB", 3.0)]
)
def test_levels(write, words, level_db):
    assert read_reel(write(clips(f"clip: a.mp4\n    sound: {words}"))).parts[0].sound_db == level_db


@pytest.mark.parametrize("words, factor", [("2", 2.0), ("2x", 2.0), ("50%", 0.5), ("0.25", 0.25)])
def test_speeds(write, words, factor):
    assert read_reel(write(clips(f"clip: a.mp4\n    speed: {words}"))).parts[0].speed == factor


@pytest.mark.parametrize(
    "rate, exact",
    [("29.97", Fraction(30000, 1001)), ("60000/1001", Fraction(60000, 1001)), ("25 fps", 25), ("12.5", 12.5)],
)
def test_rates(write, rate, exact):
    assert read_reel(write(f"fps: {rate}\n" + clips("a.mp4"))).frame_rate == exact


def test_words_stay_words(write):
    reel = read_reel(write(clips("card: 1984", "card: no", "card: 2026-11-21", "card: 12:30", "card: null and void")))
    assert [part.card.text for part in reel.parts] == ["1984", "no", "2026-11-21", "12:30", "null and void"]


def test_what_cannot_be_seen_is_taken_out(write):
    part = read_reel(write(clips('card: "A\\u202eB\\tC\\0D\\u0007E\\u200bF\\u200dG\\u2028H"'))).parts[0]
    assert part.card.text == "AB CDEF\u200dG H"


def test_sound_can_be_off_altogether(write):
    assert read_reel(write("sound: off\n" + clips("a.mp4"))).sound == {"enabled": False}


LIMITED = "from 0.1 to 10"


@pytest.mark.parametrize(
    "text, where, words",
    [
        ("", "", "is empty"),
        ("- a.mp4", "", "name: value"),
        ("title: T", "line 1", "there are no clips"),
        ("clips: []", "line 1", "there are no clips"),
        ("title: T\ntitle: U\n" + clips("a.mp4"), "line 2", "stands here twice"),
        ("colour: red\n" + clips("a.mp4"), "line 1", "there is no 'colour' here"),
        ("format: 3:7\n" + clips("a.mp4"), "line 1", "choose one of 16:9"),
        ("format: 16:9\nsize: 640x480\n" + clips("a.mp4"), "line 2", "leave one of them"),
        ("size: 641x480\n" + clips("a.mp4"), "line 1", "even sides from 16 to 8192"),
        ("size: 9000x480\n" + clips("a.mp4"), "line 1", "even sides"),
        ("fps: 400\n" + clips("a.mp4"), "line 1", "from 1 to 120"),
        ("fps: 1/0\n" + clips("a.mp4"), "line 1", "from 1 to 120"),
        ("fit: stretch\n" + clips("a.mp4"), "line 1", "fit, fill, blur, smart"),
        ("ending: dissolve\n" + clips("a.mp4"), "ending at line 1", "nothing follows"),
        ("sound: {musik: on}\n" + clips("a.mp4"), "sound at line 1", "perhaps 'music'"),
        ("sound: {seed: loud}\n" + clips("a.mp4"), "sound at line 1", "seed"),
        ("sound: {music_track: none.wav}\n" + clips("a.mp4"), "sound at line 1", "there is no file"),
        ("sound: {library: nowhere}\n" + clips("a.mp4"), "sound at line 1", "no folder"),
        (clips("a.mp4", "c.mp4"), "entry 2 at line 3", "there is no file"),
        (clips("a.mp4", "."), "entry 2 at line 3", "is a folder"),
        (clips("https://example.com/a.mp4"), "entry 1 at line 2", "nothing is downloaded"),
        (clips('"a\\u202e.mp4"'), "entry 1 at line 2", "cannot be seen"),
        (clips("[a.mp4]"), "entry 1 at line 2", "- clip: FILE"),
        (clips("title: T"), "entry 1 at line 2", "either a clip or a card"),
        (clips("clip: a.mp4\n    card: T"), "entry 1 at line 2", "either a clip or a card"),
        (clips("clip: a.mp4\n    tranistion: cut"), "entry 1 at line 3", "perhaps 'transition'"),
        (clips("clip: a.mp4\n    speed: 99"), "entry 1 at line 3", LIMITED),
        (clips("clip: a.mp4\n    speed: 0,5"), "entry 1 at line 3", "with a point, not a comma"),
        (clips("clip: a.mp4\n    speed: nan"), "entry 1 at line 3", LIMITED),
        (clips("clip: a.mp4\n    from: -1"), "entry 1 at line 3", "from 0 to 86400"),
        (clips("clip: a.mp4\n    from: 5\n    to: 4"), "entry 1 at line 2", "before it begins"),
        (clips("clip: a.mp4\n    to: 4\n    seconds: 4"), "entry 1 at line 4", "leave one of them"),
        (clips("clip: a.mp4\n    sound: loud"), "entry 1 at line 3", "from -60 to 12"),
        (clips("clip: a.mp4\n    sound: 40 dB"), "entry 1 at line 3", "from -60 to 12"),
        (clips("clip: a.mp4\n    title: T\n    titles: [T]"), "entry 1 at line 2", "mean the same"),
        (clips("clip: a.mp4\n    title: {text: T, colour: #f00}"), "line 4", "not valid YAML"),
        (clips("clip: a.mp4\n    title:\n      text: T\n      colour: #f00"), "entry 1 at line 5", "in quotes"),
        (clips("clip: a.mp4\n    title: {text: T, colour: bleu}"), "entry 1 at line 3", "black or navy"),
        (clips("clip: a.mp4\n    title: {text: T, position: left}"), "entry 1 at line 3", "top, middle, bottom"),
        (clips("clip: a.mp4\n    title: {from: 1}"), "entry 1 at line 3", "needs its text"),
        (clips("clip: a.mp4\n    title: {text: T, from: 2, to: 1}"), "entry 1 at line 3", "ends before it begins"),
        (clips("clip: a.mp4\n    title: {text: T, size: 3}"), "entry 1 at line 3", "from 0.01 to 0.5"),
        (clips("clip: a.mp4\n    title: " + "x" * 1001), "entry 1 at line 3", "at most 1000"),
        (clips("clip: a.mp4\n    title: '\u200b'"), "entry 1 at line 3", "title is empty"),
        (clips('clip: a.mp4\n    title: "1\\n2\\n3\\n4\\n5\\n6\\n7"'), "entry 1 at line 3", "7 lines"),
        (clips("card: T\n    seconds: 0"), "entry 1 at line 3", "from 0.1 to 3600"),
        (clips("card: T\n    speed: 2"), "entry 1 at line 3", "there is no 'speed' here"),
        (clips("card: {seconds: 2}"), "entry 1 at line 2", "a card needs its text"),
        (clips("clip: a.mp4\n    transition: dissolve 1"), "entry 1 at line 2", "nothing comes before"),
        (clips("a.mp4", "clip: a.mp4\n    transition: explode"), "entry 2 at line 4", "cut, dissolve, dip or wipe"),
        (clips("a.mp4", "clip: a.mp4\n    transition: cut 1"), "entry 2 at line 4", "a cut takes no length"),
        (clips("a.mp4", "clip: a.mp4\n    transition: wipe sideways"), "entry 2 at line 4", "left, right, up, down"),
        (clips("a.mp4", "clip: a.mp4\n    transition: dissolve red"), "entry 2 at line 4", "nothing else, not 'red'"),
        (clips("a.mp4", "clip: a.mp4\n    transition: dissolve 99"), "entry 2 at line 4", "from 0 to 60"),
        (clips("a.mp4", "clip: a.mp4\n    transition: {dissolve: [1]}"), "entry 2 at line 4", "a single value"),
        (clips("a.mp4", "clip: a.mp4\n    transition: {dip: 1, wipe: 1}"), "entry 2 at line 4", "one of cut"),
        (clips("clip: &x a.mp4", "*x"), "", "aliases"),
        (clips("clip: !!binary YQ=="), "line 2", "no plain text"),
        ("clips: " + "[" * 12 + "]" * 12, "line 1", "nested too deep"),
        (clips(*["a.mp4"] * 501), "line 2", "at most 500"),
    ],
)
def test_mistakes_are_named(write, text, where, words):
    with pytest.raises(UsageError) as caught:
        read_reel(write(text))
    message = str(caught.value)
    assert where in message and words in message, message
    assert "\n" not in message and message.endswith(".")


def test_a_format_from_outside_is_checked_too(write):
    with pytest.raises(UsageError, match="--format.*choose one of"):
        read_reel(write(clips("a.mp4")), format="cinema")


def test_paths_may_be_absolute_and_count_from_the_file(write, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    reel = read_reel(write(clips("a.mp4", str(tmp_path / "b.mov"), "../" + tmp_path.name + "/a.mp4")))
    assert [part.clip.resolve() for part in reel.parts] == [
        (tmp_path / n).resolve() for n in ("a.mp4", "b.mov", "a.mp4")
    ]
