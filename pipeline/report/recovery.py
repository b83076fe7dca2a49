"""A search for lost credentials turned into what the check page shows. Pure, no HTML."""

from __future__ import annotations

from typing import Any

from pipeline.records import MatchSpan, Recovery, RecoveryMatch
from pipeline.report import words

MAX_MATCHES = 8
MAX_SPANS = 12


def recovery_view(recovery: Recovery | None) -> dict[str, Any] | None:
    """Sentences and matches; None when nothing was searched."""
    if recovery is None:
        return None
    return {
        "sentences": recovery.sentences,
        "not_checked": recovery.not_checked,
        "matches": [_match(one) for one in recovery.matches[:MAX_MATCHES]],
    }


def _match(one: RecoveryMatch) -> dict[str, Any]:
    return {
        "title": one.title or one.label,
        "label": one.label,
        "words": one.words,
        "tone": "caution" if one.revoked else words.RECOVERY[one.state],
        "sentence": one.sentence,
        "found_by": ", ".join(one.found_by),
        "spans": [_span(span) for span in one.spans[:MAX_SPANS]],
        "revoked": one.revoked,
        "signer": one.credential.signer_name if one.credential else "",
    }


def _span(span: MatchSpan) -> str:
    here = f"{span.start_s:.1f} to {span.end_s:.1f} s"
    return f"{here} here are {span.registered_start_s:.1f} to {span.registered_end_s:.1f} s there"
