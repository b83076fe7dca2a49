"""What our own mark says: that Foleymark finished this file. It does not say who or what made the pictures."""

from __future__ import annotations

from pipeline.records import Evidence, MarkReading

ABSENT = "No Foleymark watermark was found. Only files finished with Foleymark carry one."


def evidence(mark: MarkReading | None) -> Evidence:
    """The statement of a mark reading; not applicable when no mark was found."""
    if mark is None:
        return _silence("The picture was not searched for Foleymark's watermark.", reason="not looked for")
    raw = {"z": round(mark.z, 3), "frames": float(mark.frames)}
    if is_read(mark):
        return Evidence(
            "watermark", "declared", _statement(mark), reason="a mark shows processing, not origin", raw=raw
        )
    if mark.state == "unreadable":
        text = (
            "Foleymark's watermark is in the picture, but too damaged to read: "
            "the file was finished with Foleymark and changed since."
        )
        return Evidence("watermark", "declared", text, reason="the id could not be read", raw=raw)
    if mark.state == "error":
        return _silence("The picture could not be searched for Foleymark's watermark.", reason="the search failed")
    return Evidence("watermark", "declared", ABSENT, applicable=False, reason="absence is not evidence", raw=raw)


def is_read(mark: MarkReading | None) -> bool:
    """True when the mark's id was read."""
    return mark is not None and mark.state == "read" and mark.payload is not None


def _statement(mark: MarkReading) -> str:
    assert mark.payload is not None
    return (
        f"Foleymark's watermark was read (id {mark.payload.hex}): this file was finished with Foleymark, "
        "which adds sound to video. By itself that does not show who or what made the pictures."
    )


def _silence(text: str, *, reason: str) -> Evidence:
    return Evidence("watermark", "declared", text, applicable=False, reason=reason)
