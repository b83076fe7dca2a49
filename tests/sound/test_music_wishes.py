"""What a person asks of the music, from settings to cue; feelings and strong moments from the picture."""

from __future__ import annotations

from dataclasses import replace

import pytest
from seen import DURATION_S, analysis, contact

from pipeline.config import SoundSettings
from pipeline.errors import UsageError
from pipeline.records import Event, Mood
from pipeline.sound.lexicon.lexicons import LANGUAGES, read_table
from pipeline.sound.lexicon.moods import mood_names, read_moods
from pipeline.sound.music.harmony import MODE_NAMES
from pipeline.sound.music.key_names import key_name, read_key, read_mode
from pipeline.sound.music.score import compose
from pipeline.sound.music.styles import STYLES
from pipeline.sound.spotting.feelings import SHORTEST_SCENE_S, scene_feelings, strong_moments
from pipeline.sound.spotting.music import _STYLE_OF_TONE, MusicWishes, read_wishes
from pipeline.sound.spotting.session import Session
from pipeline.sound.spotting.spot import spot

DARK = Mood(brightness=0.1, saturation=0.2, warmth=-0.4, motion=0.1)
LIGHT = Mood(brightness=0.9, saturation=0.8, warmth=0.4, motion=0.8)


def shots(*moods_and_ends, events=()):
    ends = [end for _, end in moods_and_ends]
    seen = analysis(*events, cuts_s=tuple(ends[:-1]), duration_s=ends[-1])
    return replace(seen, shot_moods=tuple(mood for mood, _ in moods_and_ends))


def music_of(plan):
    return [cue for cue in plan.cues if cue.stem == "MX"]


# -------------------------------------------------------------------- keys
@pytest.mark.parametrize(
    ("text", "tonic", "mode"),
    [
        ("D minor", 2, "aeolian"),
        ("F# dorian", 6, "dorian"),
        ("Eb", 3, None),
        ("Cis-Moll", 1, "aeolian"),
        ("As-Dur", 8, "ionian"),
        ("B", 11, None),
        ("B-Dur", 10, "ionian"),
        ("h moll", 11, "aeolian"),
        ("Am", 9, "aeolian"),
        ("AM", 9, "ionian"),
        ("Bbm", 10, "aeolian"),
        ("C♯ Minor", 1, "aeolian"),
        ("G flat major", 6, "ionian"),
        ("la mineur", 9, "aeolian"),
        ("ré bémol majeur", 1, "ionian"),
        ("Do sostenido menor", 1, "aeolian"),
        ("D小调", 2, "aeolian"),
        ("e-phrygisch", 4, "phrygian"),
        ("Es", 3, None),
    ],
)
def test_keys_as_people_write_them(text, tonic, mode):
    assert read_key(text) == (tonic, mode)


@pytest.mark.parametrize("text", ["", "X", "minor", "D funky", "H#b", "3", "D minor; more", "c" * 100, "D locrian"])
def test_what_is_no_key_is_refused_with_one_sentence(text):
    with pytest.raises(UsageError) as caught:
        read_key(text)
    message = str(caught.value)
    assert message.startswith("There is no key") and "'D minor'" in message and "\n" not in message


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("mode", MODE_NAMES)
def test_a_key_is_read_back_from_its_name(tonic, mode):
    assert read_key(key_name(tonic, mode)) == (tonic, mode)


def test_modes_by_name():
    assert [read_mode(text) for text in ("Dur", "minor", "Dorian")] == ["ionian", "aeolian", "dorian"]
    with pytest.raises(UsageError):
        read_mode("sharp")


# ------------------------------------------------------------------- moods
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a sad man walks slowly", ["sad", "slow"]),
        ("düsteres, unheimliches Schloss", ["dark", "tense"]),
        ("une scène joyeuse et paisible", ["happy", "calm"]),
        ("una noche oscura y triste", ["dark", "sad"]),
        ("一个快乐的孩子", ["happy"]),
        ("not scary, nicht traurig, sans tension, 不悲伤", []),
        ("a series of tents at ten seconds", []),
        ("", []),
    ],
)
def test_feelings_are_named_in_five_languages(text, names):
    assert [tone.name for tone in read_moods(text)] == names


def test_the_table_of_moods_is_whole():
    table = read_table("moods")
    words = [word for entry in table.values() for word in entry["words"]]
    assert len(words) == len(set(words))
    for name, entry in table.items():
        assert -1 <= entry["valence"] <= 1 and 0 <= entry["arousal"] <= 1, name
        assert len(entry["words"]) >= len(LANGUAGES)
        assert any(word[0] >= "\u3040" for word in entry["words"]), name
    assert set(_STYLE_OF_TONE) == set(mood_names())
    assert set(_STYLE_OF_TONE.values()) <= set(STYLES)


# ------------------------------------------------------------------ wishes
def test_wishes_become_the_cue():
    settings = SoundSettings(
        music_style="Tense",
        music_tempo_bpm=96,
        music_key="D minor",
        music_mood="dark and tense",
        music_start_s=2.0,
        music_length_s=5.0,
    )
    plan = spot(analysis(), music_wishes=read_wishes(settings))
    (cue,) = music_of(plan)
    assert (cue.sound, cue.time_s, cue.length_s, cue.confidence) == ("music/tense", 2.0, 5.0, 1.0)
    assert cue.parameters == {"bpm": 96.0, "key": 2.0, "mode": 1.0, "valence": -0.65, "arousal": 0.575}
    assert cue.description == "tense music in D minor at 96 BPM"
    score = compose(cue, plan)
    assert (score.key.tonic % 12, score.key.mode, score.tempo.base_bpm) == (2, "aeolian", 96)


def test_a_key_without_a_mode_leaves_the_mode_to_the_mood():
    wishes = read_wishes(SoundSettings(music_key="Eb"))
    assert wishes.parameters == {"key": 3.0}
    (cue,) = music_of(spot(analysis(), music_wishes=wishes))
    assert cue.parameters == {"key": 3.0}


def test_a_mood_in_words_chooses_style_and_feeling():
    (cue,) = music_of(spot(analysis(), music_wishes=read_wishes(SoundSettings(music_mood="fröhlich"))))
    assert cue.sound == "music/playful" and "fröhlich" in cue.why
    assert cue.parameters["valence"] > 0.5


def test_nothing_asked_leaves_the_cue_as_it_was():
    assert read_wishes(SoundSettings()) == MusicWishes()
    (cue,) = music_of(spot(analysis()))
    assert cue.parameters == {} and (cue.time_s, cue.length_s) == (0.0, DURATION_S)


def test_music_ends_with_the_clip_however_long_it_was_asked_for():
    (cue,) = music_of(spot(analysis(), music_wishes=MusicWishes(start_s=4.0, length_s=100.0)))
    assert (cue.time_s, cue.length_s) == (4.0, 6.0)


def test_a_wish_brings_music_where_there_would_be_none_and_no_music_takes_it_away():
    spoken = spot(analysis(), prompt="a drum, no music", existing_sound=True)
    assert not music_of(spoken)
    wishes = read_wishes(SoundSettings(music_style="ambient"))
    assert music_of(spot(analysis(), prompt="a drum, no music", existing_sound=True, music_wishes=wishes))
    assert not music_of(spot(analysis(), music=False, music_wishes=wishes))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"music_style": "polka"}, "no music style 'polka'"),
        ({"music_tempo_bpm": 500.0}, "500"),
        ({"music_tempo_bpm": float("nan")}, "tempo"),
        ({"music_tempo_bpm": -1.0}, "tempo"),
        ({"music_key": "Q"}, "no key"),
        ({"music_mood": "purple"}, "try happy"),
        ({"music_start_s": -1.0}, "start"),
        ({"music_length_s": float("inf")}, "length"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(fields, says):
    with pytest.raises(UsageError) as caught:
        read_wishes(SoundSettings(**fields))
    message = str(caught.value)
    assert says in message and message.endswith(".") and "\n" not in message


def test_music_that_would_begin_behind_the_end_is_refused():
    with pytest.raises(UsageError, match="begin it earlier"):
        spot(analysis(), music_wishes=MusicWishes(start_s=10.0))


def test_a_fixed_tempo_says_which_cuts_it_misses():
    seen = analysis(cuts_s=(2.0, 2.17, 2.5, 4.0))
    (cue,) = music_of(spot(seen, music_wishes=MusicWishes(tempo_bpm=120.0)))
    assert cue.why.endswith("at 120 BPM 1 cut lies off the beat: 2.17 s")
    (free,) = music_of(spot(seen))
    assert "off the beat" not in free.why


# ---------------------------------------------------------------- feelings
def test_scenes_that_feel_alike_are_one_and_others_are_not():
    seen = shots((DARK, 5.0), (DARK, 10.0), (LIGHT, 16.0), (LIGHT, 21.0))
    first, second = scene_feelings(seen)
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0.0, 10.0, 10.0, 21.0)
    assert first.valence < -0.3 < 0.3 < second.valence
    assert first.arousal < second.arousal - 0.3


def test_a_shot_of_one_second_turns_nothing():
    seen = shots((DARK, 8.0), (LIGHT, 9.0), (DARK, 18.0))
    (scene,) = scene_feelings(seen)
    assert (scene.start_s, scene.end_s) == (0.0, 18.0)
    assert scene.valence < -0.25


def test_scenes_follow_each_other_without_gaps_and_last_long_enough():
    moods = [(DARK if n % 3 else LIGHT, 0.7 * (n + 1) + (3.0 if n > 20 else 0.0)) for n in range(40)]
    scenes = scene_feelings(shots(*moods))
    assert scenes[0].start_s == 0 and scenes[-1].end_s == pytest.approx(moods[-1][1])
    assert all(a.end_s == b.start_s for a, b in zip(scenes, scenes[1:], strict=False))
    assert all(s.end_s - s.start_s >= SHORTEST_SCENE_S - 1e-6 for s in scenes)


def test_a_faster_edit_is_more_exciting():
    slow = scene_feelings(shots(*((DARK, 6.0 * (n + 1)) for n in range(4))))
    fast = scene_feelings(shots(*((DARK, 1.0 * (n + 1)) for n in range(24))))
    assert fast[0].arousal > slow[0].arousal + 0.15


def test_a_prompt_that_names_a_feeling_counts_for_half():
    plain, sad, wild = (
        scene_feelings(analysis(), prompt=text)[0] for text in ("", "a sad scene", "an aggressive crowd")
    )
    assert sad.valence == pytest.approx(plain.valence / 2 - 0.35, abs=0.002)
    assert wild.arousal > plain.arousal + 0.3


def test_without_moods_of_shots_the_clip_is_one_scene():
    (scene,) = scene_feelings(analysis(cuts_s=(3.0,), mood=LIGHT))
    assert (scene.start_s, scene.end_s) == (0.0, DURATION_S) and scene.valence > 0.4


def test_strong_moments_are_sure_sparse_and_away_from_the_cuts():
    events = (
        contact(1.0, 0.95),
        contact(1.5, 0.8),
        contact(3.1, 0.99),
        contact(5.0, 0.4),
        Event(6.0, "flash", 0.9, speed=0.5),
        Event(8.0, "whoosh", 0.99),
    )
    session_of = Session(analysis(*events, cuts_s=(3.0,)), scene=_scene(""))
    assert strong_moments(session_of) == (1.0, 6.0)
    assert strong_moments(Session(analysis(*events), scene=_scene("an interview"))) == ()
    assert spot(analysis(*events, cuts_s=(3.0,))).accents_s == (1.0, 6.0)


def _scene(prompt):
    from pipeline.sound.lexicon.scene import read_prompt

    return read_prompt(prompt)
