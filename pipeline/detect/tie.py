"""Whether the mark in a file is the one its credentials name: what a checksum cannot tell once a file was changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pipeline.records import Credential, Marks

SAME = (
    "The file bears the mark that these credentials name: they were made for this very work, "
    "which was changed since they were signed."
)
OTHER = (
    "The file bears the mark {read}, and these credentials name {named}: they seem to have been made for another file."
)
MISSING = "These credentials name a mark ({named}), and none was read from the file: it may be another file."


def tied(credential: Credential | None, marks: Marks, *, algorithms: Collection[str]) -> Credential | None:
    """The credential with what the mark tells of its tie to the file.

    Parameters
    ----------
    credential : Credential or None
    marks : Marks
        What was read from the file's tracks.
    algorithms : collection of str
        Names under which credentials list marks of the kind that was looked for.
    """
    if credential is None or not (marks.picture or marks.sound):
        return credential
    named = {one.value_hex for one in credential.soft_bindings if one.algorithm in algorithms}
    sentence = _sentence(credential, marks, sorted(named))
    if not sentence:
        return credential
    binding = "watermark" if sentence == SAME else credential.binding
    return replace(credential, binding=binding, sentences=(*credential.sentences, sentence))


def _sentence(credential: Credential, marks: Marks, named: list[str]) -> str:
    if not named:
        return ""
    if marks.payload is None:
        # an unchanged file needs no second tie, and a conflict has its own words
        lost = credential.integrity == "altered" and marks.agreement == "none"
        return MISSING.format(named=", ".join(named)) if lost else ""
    if marks.payload.hex not in named:
        return OTHER.format(read=marks.payload.hex, named=", ".join(named))
    return SAME if credential.integrity == "altered" else ""
