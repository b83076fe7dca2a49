"""The fingerprint: codes of what a file shows and sounds like, by which a copy without marks is found again.

`fingerprint_clip` makes what is signed and kept of a finished file: io.iscc.v0 codes of the whole and of stretches of
two seconds, and a sketch that tells near-duplicates apart. See docs/recovery.md.
"""

from pipeline.provenance.fingerprint.fingerprint import (
    ALGORITHM,
    SKETCH_ALGORITHM,
    Fingerprint,
    fingerprint_clip,
    fingerprint_sound,
    fingerprint_still,
)

__all__ = [
    "ALGORITHM",
    "SKETCH_ALGORITHM",
    "Fingerprint",
    "fingerprint_clip",
    "fingerprint_sound",
    "fingerprint_still",
]
