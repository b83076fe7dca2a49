"""Names in a manifest: the assertions we write, and which of them the signer vouches for."""

from __future__ import annotations

GENERATOR = "Foleymark"
SPEC_VERSION = "2.4.0"
# our labels stand under a domain of the project, as the specification asks of assertions of one's own
OWN_LABEL = "io.foleymark."
PICTURE_MARK = OWN_LABEL + "picture.1"
SOUND_MARK = OWN_LABEL + "sound.1"
FINDINGS = OWN_LABEL + "findings"
SOUNDS = OWN_LABEL + "sounds"
PROMPT = OWN_LABEL + "prompt"
# ISO 24138 content code, as the C2PA list of soft-binding algorithms names it
FINGERPRINT = "io.iscc.v0"
# the SHA-256 of the sketch in the repository: not found by, but what is found is held against it
SKETCH = OWN_LABEL + "sketch.1"

# assertions that we vouch for ourselves; the SDK compares them without the version at their end
CREATED_LABELS = (
    "c2pa.actions",
    "c2pa.ingredient",
    "c2pa.soft-binding",
    "c2pa.ai-disclosure",
    "c2pa.thumbnail.claim",
    "c2pa.thumbnail.ingredient",
    "cawg.training-mining",
    "cawg.metadata",
    FINDINGS,
    SOUNDS,
    PROMPT,
)
