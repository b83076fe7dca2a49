"""Recovery: which registered credentials belong to a file that lost its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.records.credentials import Credential

# recovered: watermark, fingerprint and the signed manifest agree; similar: only the fingerprint leads there;
# unsure: only the watermark does, so it was moved or the file was edited heavily; transplant: what is seen is another
RecoveryState = Literal["recovered", "similar", "unsure", "transplant"]
STATE_WORDS: dict[RecoveryState, str] = {
    "recovered": "recovered",
    "similar": "similar content",
    "unsure": "possible transplant or heavy edit",
    "transplant": "transplanted mark",
}


@dataclass(frozen=True)
class MatchSpan:
    """A stretch of the asked file and the same stretch of the registered one."""

    start_s: float
    end_s: float
    registered_start_s: float
    registered_end_s: float


@dataclass(frozen=True)
class RecoveryMatch:
    """A registered file that the asked one seems to come from."""

    label: str
    state: RecoveryState
    # one plain sentence
    sentence: str
    title: str = ""
    media_type: str = ""
    # what lay the way: "picture" and "sound" for marks, "fingerprint"
    found_by: tuple[str, ...] = ()
    # where both show the same; empty when that could not be told
    spans: tuple[MatchSpan, ...] = ()
    is_mirrored: bool = False
    # share of the registered picture's width and height that is left
    crop: tuple[float, float] = (1.0, 1.0)
    # correlation of the pictures, 1.0 for the same; None when they could not be compared
    similarity: float | None = None
    # of the nearest code, in bits of 256; None when none was near
    distance: int | None = None
    # share of the bits of the sound's print that agree; None when there is no sound to compare
    sound_similarity: float | None = None
    # when and why it was revoked; empty when it stands
    revoked: str = ""
    is_private: bool = False
    # integrity "recovered" where the state is that; as its manifest alone can be read otherwise
    credential: Credential | None = None

    @property
    def words(self) -> str:
        """The state as people read it."""
        return STATE_WORDS[self.state]


@dataclass(frozen=True)
class Recovery:
    """What a search of the repository for the credentials of a file gave."""

    # the file's own, where it still has some
    embedded: Credential | None = None
    # likeliest first
    matches: tuple[RecoveryMatch, ...] = ()
    # plain sentences on the whole, most important first
    sentences: tuple[str, ...] = ()
    # what could not be looked at, and why
    not_checked: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def recovered(self) -> RecoveryMatch | None:
        """The match whose credentials are the file's; None when there is none, or it was revoked."""
        return next((one for one in self.matches if one.state == "recovered" and not one.revoked), None)
