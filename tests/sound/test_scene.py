"""What a prompt says: words, plurals, order, negation, hostile text."""

import time

import pytest

from pipeline.sound.scene import MAX_PROMPT_CHARACTERS, load_concepts, load_lexicon, read_prompt, tokenise

# UCS 8.2 (universalcategorysystem.com), the ones the lexicon may use
# fmt: off
UCS = {
    "AIR", "AIRCRAFT", "ALARMS", "AMBIENCE", "ANIMALS", "BEEPS", "BELLS", "BIRDS", "BOATS", "BULLETS", "CARTOON",
    "CERAMICS", "CHAINS", "CHEMICALS", "CLOCKS", "CLOTH", "COMMUNICATIONS", "COMPUTERS", "CREATURES", "CROWDS",
    "DESIGNED", "DESTRUCTION", "DIRT & SAND", "DOORS", "DRAWERS", "ELECTRICITY", "EQUIPMENT", "EXPLOSIONS", "FIGHT",
    "FIRE", "FIREWORKS", "FOLEY", "FOOD & DRINK", "FOOTSTEPS", "GAMES", "GEOTHERMAL", "GLASS", "GORE", "GUNS",
    "HORNS", "HUMAN", "ICE", "LASERS", "LEATHER", "LIQUID & MUD", "MACHINES", "MAGIC", "MECHANICAL", "METAL",
    "MOTORS", "MOVEMENT", "MUSICAL", "NATURAL DISASTER", "OBJECTS", "PAPER", "PLASTIC", "RAIN", "ROBOTS", "ROCKS",
    "ROPE", "RUBBER", "SCIFI", "SNOW", "SPORTS", "SWOOSHES", "TOOLS", "TOYS", "TRAINS", "USER INTERFACE",
    "VEGETATION", "VEHICLES", "VOICES", "WATER", "WEAPONS", "WEATHER", "WHISTLES", "WIND", "WINDOWS", "WINGS", "WOOD",
}
# fmt: on


def test_every_concept_names_what_exists():
    from pipeline.sound.ambience import AMBIENCES
    from pipeline.sound.foley import SURFACES
    from pipeline.sound.modal import MATERIALS

    for name, concept in load_concepts().items():
        assert concept.category in UCS, name
        assert set(concept.beds) <= set(AMBIENCES), name
        assert not concept.material or concept.material in MATERIALS, name
        assert not concept.surface or concept.surface in SURFACES, name
        assert concept.effect in ("", "impact", "footstep", "splash", "burst", "thunder", "speech"), name
        if concept.kind == "material":
            assert concept.name in MATERIALS


def test_every_concept_has_an_english_word():
    found = {(c.kind, c.name) for concepts in load_lexicon("en").phrases.values() for c in concepts}
    assert found == {(c.kind, c.name) for c in load_concepts().values()}


@pytest.mark.parametrize(
    ("prompt", "kind", "name"),
    [
        ("Two wooden boxes", "material", "wood"),
        ("BOTTLES on shelves", "object", "glassy"),
        ("she is walking", "action", "walk"),
        ("he strolled home", "action", "walk"),
        ("galaxies far away", "place", "space"),
        ("butterflies", "animal", "insect"),
        ("it was raining hard", "weather", "rain"),
        ("a bird\u2019s nest", "animal", "bird"),
        ("a snow-covered field", "surface", "snow"),
    ],
)
def test_inflected_words_are_found(prompt, kind, name):
    assert read_prompt(prompt).has(kind, name)


@pytest.mark.parametrize("prompt", ["a brainstorm of ideas", "carpets", "shallow depth of field", "scarf"])
def test_a_word_inside_a_word_is_not_found(prompt):
    scene = read_prompt(prompt)
    assert not scene.has("weather")
    assert not scene.has("vehicle", "car")
    assert not scene.has("place", "meadow")


def test_the_longest_phrase_wins():
    scene = read_prompt("a rain forest")
    assert scene.names("place") == ("jungle",)
    assert not scene.has("weather", "rain")


@pytest.mark.parametrize(
    ("prompt", "kind", "name"),
    [
        ("no rain", "weather", "rain"),
        ("a street without any trace of rain", "weather", "rain"),
        ("it is not raining", "weather", "rain"),
        ("it isn't raining", "weather", "rain"),
        ("a rain-free afternoon", "weather", "rain"),
        ("music off", "wish", "music"),
        ("a windless day", "weather", "wind"),
        ("a street, no music, no rain", "weather", "rain"),
        ("no wind or rain", "weather", "rain"),
        ("no wind and rain", "weather", "rain"),
        ("no wind, music or rain", "weather", "rain"),
        ("rain at first, later no rain", "weather", "rain"),
        ("nobody speaks", "action", "speak"),
    ],
)
def test_what_is_negated_is_excluded(prompt, kind, name):
    scene = read_prompt(prompt)
    assert scene.refuses(kind, name)
    assert not scene.has(kind, name)


@pytest.mark.parametrize(
    "prompt",
    [
        "no music, rain on a street",
        "no music but rain",
        "not only rain",
        "nothing but rain",
        "no music. Rain",
        "no people and a heavy rain",
        "without music, with rain",
    ],
)
def test_a_negation_ends_in_time(prompt):
    scene = read_prompt(prompt)
    assert scene.has("weather", "rain")
    assert not scene.refuses("weather", "rain")


def test_materials_follow_the_text_and_the_word_before_a_thing():
    assert read_prompt("a metal ball bounces on a wooden table").materials == ("metal", "wood")
    assert read_prompt("a rubber hammer hits an anvil").materials == ("rubber", "metal")
    assert read_prompt("a hammer hits a bottle").materials == ("metal", "glass")
    assert read_prompt("a walk in the woods").materials == ()


def test_surface_prefers_what_is_underfoot():
    assert read_prompt("walking through a forest on gravel").surface == "gravel"
    assert read_prompt("walking through a forest").surface == "leaves"
    assert read_prompt("walking").surface == ""


def test_beds_put_places_first_and_leave_out_what_is_excluded():
    assert [bed for bed, _ in read_prompt("a car crosses the desert").beds][:2] == ["wind", "engine"]
    assert "rain" not in [bed for bed, _ in read_prompt("a storm over the sea, no rain").beds]


def test_hostile_text_costs_little():
    for text in ("no " * 100_000, "rain, " * 100_000, "\x00\ud800" * 50_000, "'" * 100_000, "a" * 1_000_000):
        start = time.perf_counter()
        read_prompt(text)
        assert time.perf_counter() - start < 2.0
    assert len(tokenise("rain " * 100_000)) <= MAX_PROMPT_CHARACTERS


def test_what_lies_behind_the_cap_is_not_read():
    assert not read_prompt("x" * MAX_PROMPT_CHARACTERS + " rain").mentions


def test_signs_without_spaces_become_words():
    assert tokenise("雨。Rain") == ["雨", "。", "rain"]


@pytest.mark.parametrize(
    "prompt, kind, name",
    [
        ("a hammer strikes a glowing iron bar", "place", "cafe"),
        ("heavy rain, drops making rings in the puddles", "action", "fall"),
        ("an interview in soft window light", "object", "glassy"),
    ],
)
def test_words_with_another_meaning_are_left_alone(prompt, kind, name):
    assert name not in read_prompt(prompt).names(kind)
