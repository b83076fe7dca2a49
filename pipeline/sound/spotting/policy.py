"""The spotting policy in figures: levels, densities, confidences. `docs/spotting.md` says it in words."""

from __future__ import annotations

from dataclasses import dataclass

# ------------------------------------------------------ what the clip brings
# what is lowered beside the clip's own sound, dB
PRODUCTION_EFFECTS_DB = -9.0
PRODUCTION_AMBIENCE_DB = -12.0
MUSIC_DB = -5.0
# a bed at 0 dB is about as loud as a blow at 0 dB is in its loudest 50 ms, so under blows it has to go far down
MUSIC_UNDER_EFFECTS_DB = -12.0

# -------------------------------------------------------------- how sure
# confidence a contact needs: the prompt asks for blows, names things, is not there at all, names nothing that strikes
ASKED, LIKELY, CLEAR, SURE = 0.2, 0.4, 0.5, 0.65
# a wrong shot or clap of thunder is worse than none: this sure of the picture when no word stands behind it
ALARMING = 0.8
# confidence of a sound that the prompt names and the picture gives no time for
UNSEEN = 0.25


# -------------------------------------------------------------- how dense
@dataclass(frozen=True)
class Density:
    """How close the cues of one family may stand, and how much the family counts when two sound at once."""

    least_gap_s: float
    # in any second
    most_per_s: int
    # dB on top of a cue's level when it is decided which of two yields
    rank_db: float = 0.0


DENSITIES = {
    "burst": Density(0.08, 7, 6.0),
    "shatter": Density(0.4, 2, 6.0),
    "door": Density(0.6, 2, 4.0),
    "hit": Density(2.0, 1, 3.0),
    "thunder": Density(1.5, 1, 3.0),
    "impact": Density(0.07, 7, 0.0),
    "splash": Density(0.15, 4, 0.0),
    "bell": Density(0.3, 3, 3.0),
    "animal": Density(0.2, 4, 2.0),
    "footstep": Density(0.2, 6, -2.0),
    "click": Density(0.06, 9, -3.0),
    "whoosh": Density(0.35, 2, -3.0),
    "scrape": Density(0.15, 3, -4.0),
    "roll": Density(0.15, 3, -4.0),
    "riser": Density(6.0, 1, 0.0),
    "engine": Density(0.0, 3, 0.0),
}
# more than this nobody can edit, and a cue sheet may not hold: the strongest are kept
MAX_EFFECTS = 6_000
# two sounds of different families closer than this are heard as one: the stronger stays
TOGETHER_S = 0.05
# foley this close to a blow steps back by so much
BESIDE_S, BESIDE_DB = 0.15, -4.0
# they belong together: the first carries the second
LAYERS = frozenset((("shatter", "impact"), ("splash", "footstep")))


# ----------------------------------------------------- sounds the prompt names
# a moment weaker than this is no clue
CLUE = 0.35


@dataclass(frozen=True)
class Placing:
    """When a sound that the prompt names is heard, by what the picture offers."""

    # "strong", "large", "small", "last", "first": a contact, the best by that; "flash": every flash; "moment": when
    # something begins or appears; "slide": the longest one; "free": nothing in the picture tells
    on: str
    level_db: float
    length_s: float
    # most of them in a clip, and how many a minute asks for
    most: int = 1
    per_minute: float = 6.0
    least_gap_s: float = 2.0
    # up to so many in a row, so far apart
    row: int = 1
    row_gap_s: float = 0.4
    # 0 near .. 1 far where the picture does not tell
    distance: float = 0.15
    # strength a moment needs
    clue: float = CLUE


PLACINGS = {
    "animal/dog": Placing("moment", 0.0, 0.6, 24, 18.0, 1.6, row=3, row_gap_s=0.45),
    "animal/cat": Placing("moment", -2.0, 1.1, 12, 9.0, 3.0),
    "animal/bird": Placing("moment", -6.0, 0.8, 24, 18.0, 1.4, row=2, row_gap_s=0.5, distance=0.3),
    "animal/horse": Placing("moment", -1.0, 2.0, 6, 6.0, 5.0),
    "animal/cow": Placing("moment", -2.0, 2.2, 8, 6.0, 5.0, distance=0.25),
    "animal/sheep": Placing("moment", -3.0, 1.2, 12, 10.0, 2.5, distance=0.25),
    "animal/frog": Placing("moment", -4.0, 0.5, 30, 24.0, 1.2, row=3, row_gap_s=0.5, distance=0.25),
    "animal/crow": Placing("moment", -3.0, 0.7, 18, 12.0, 2.0, row=3, row_gap_s=0.6, distance=0.3),
    "bell/church": Placing("free", -2.0, 5.0, 60, 24.0, 2.2, distance=0.45),
    "bell/hand": Placing("strong", -4.0, 2.0, 6, 12.0, 2.0),
    "bell/bicycle": Placing("moment", -6.0, 1.2, 2, 6.0, 2.0),
    "bell/gong": Placing("strong", -1.0, 7.0, 4, 8.0, 3.0),
    "door/close": Placing("large", 0.0, 1.2),
    "door/open": Placing("first", -4.0, 1.0),
    "door/creak": Placing("slide", -6.0, 1.6),
    "door/slide": Placing("slide", -5.0, 1.2),
    "click/switch": Placing("flash", -6.0, 0.25),
    "click/latch": Placing("small", -6.0, 0.3),
    "click/camera": Placing("flash", -4.0, 0.35, 12, 12.0, 1.0),
    "shatter/glass": Placing("strong", 2.0, 2.5),
    "shatter/ceramic": Placing("strong", 2.0, 2.0),
    "shatter/wood": Placing("strong", 1.0, 1.5),
    "shatter/stone": Placing("strong", 1.0, 2.0),
}
# an animal that is named but not said to call is heard so much less often, and so much lower
SILENT_SHARE, SILENT_DB = 0.3, -4.0

# ------------------------------------------------------- sounds that go on
ENGINE_DB, SECOND_ENGINE_DB = -1.0, -4.0
# at rest (ticking over, far away) and at the strongest movement
ENGINE_RANGE_DB = (-12.0, 2.0)
# a shot shorter than this shares the engine of the one before
ENGINE_SHOT_S = 1.2
# level of friction: asked for, by named things, no prompt, a prompt about something else; and how sure it has to be
SLIDE_DB = (0.0, -4.0, -7.0, -10.0)
SLIDE_LEAST = (ASKED, LIKELY, CLEAR, 0.75)
SLIDE_RANGE_DB = (-14.0, 0.0)
SLIDE_S = (0.15, 12.0)
# clothes of people who move: the foley artist's "moves"
MOVES_DB, MOVES_RANGE_DB = -12.0, (-12.0, 0.0)
# the same where nobody says what moves
PLAIN_MOVES_DB = -15.0
# movement of people worth a rustle, picture heights per second
MOVES_LEAST = 0.06

# ------------------------------------------------------------ foley rhythms
# seconds between two steps where somebody walks or runs and no foot is seen, and their level
PACE_S = {"walk": 0.54, "run": 0.34}
PACE_DB = -8.0
# keys in a run of typing, seconds between two, and the pause between runs
KEYS, KEY_GAP_S, KEY_PAUSE_S = (4, 11), (0.11, 0.22), (0.35, 1.1)
KEY_DB, KEYS_UNSEEN_DB = -8.0, -11.0

# ---------------------------------------------------------------- the cuts
# a cut this near behind a movement is where its whoosh ends
CUT_REACH_S = 0.25
WHOOSH_S = (0.35, 1.4)
# a thing that fills so much of the picture moves much air
HEAVY_EXTENT = 0.2
HIT_DB, RISER_DB = -2.0, -8.0
HIT_GAP_S, RISER_GAP_S = 2.5, 8.0
RISER_S = (1.2, 3.0)

# ------------------------------------------------------------------ the beds
# a bed steps back under effects this dense (cues in a second) or this loud (dB), by so much
DENSE_PER_S, LOUD_DB, UNDER_EFFECTS_DB = 4, 1.0, -3.0
# a place is worth a bed of its own from here on; a shorter cutaway keeps the bed of the shots around it
BED_RUN_S = 2.5
# of a long film, so that its sheet can still be edited
MOST_BED_RUNS = 200
# what two beds overlap at a cut; with the fades of `ambience` (0.25 s in, 0.5 s out) they cross in the cut
BED_EARLY_S, BED_LATE_S = 0.125, 0.25
