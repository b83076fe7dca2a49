"""What states and steps are called in a report, and how good or bad each is."""

from __future__ import annotations

from typing import Literal

from pipeline.records import IngredientState, Origin, RecoveryState, SignerTrust

# how a statement is marked: by colour, by shape and in words
Tone = Literal["good", "caution", "bad", "neutral", "ai"]

VERDICTS: dict[str, tuple[str, Tone]] = {
    "declared_ai": ("Declared AI-made", "ai"),
    "likely_ai": ("Likely AI-made", "caution"),
    "inconclusive": ("Inconclusive", "neutral"),
    "no_ai_evidence": ("No sign of AI found", "neutral"),
    "captured_signed": ("Signed camera recording", "good"),
    "not_applicable": ("Not judged", "neutral"),
    "error": ("Check failed", "bad"),
}

INTEGRITY: dict[str, tuple[str, Tone]] = {
    "exact": ("Intact: unchanged since it was signed", "good"),
    "recovered": ("Recovered for this copy, which itself carries none", "caution"),
    "altered": ("Changed after it was signed", "bad"),
    "broken": ("Damaged; cannot be checked", "bad"),
    "none": ("No credentials in the file", "neutral"),
}

SIGNER: dict[str, tuple[str, Tone]] = {
    "trusted": ("On the trust list", "good"),
    "own": ("Your own certificate; no public list vouches for it", "caution"),
    "unknown": ("Not on the trust list; nobody vouches for the name", "caution"),
    "expired": ("The certificate has expired", "caution"),
    "revoked": ("The certificate was withdrawn by its issuer", "bad"),
    "mismatch": ("The signature does not fit the certificate", "bad"),
    "none": ("No signer", "neutral"),
}

TIME: dict[str, tuple[str, Tone]] = {
    "trusted": ("Confirmed by a trusted time authority", "good"),
    "untrusted": ("Timestamp from an authority that is not on the list", "caution"),
    "none": ("Only the signer's own statement", "caution"),
}

BINDING: dict[str, tuple[str, Tone]] = {
    "hard": ("To the exact bytes of this file", "good"),
    "watermark+fingerprint": ("Through watermark and fingerprint, both agree", "good"),
    "watermark": ("Through the watermark alone; it could have been moved here", "caution"),
    "fingerprint": ("Through similar content alone", "caution"),
    "none": ("Not bound to this file", "neutral"),
}

HISTORY: dict[str, tuple[str, Tone]] = {
    "complete": ("Told without gaps", "good"),
    "gaps": ("Has gaps", "caution"),
    "bad ingredient": ("A part it was made from failed its own check", "bad"),
    "none": ("Not told", "neutral"),
}

# what the tone of a mark is called where colour and shape cannot be seen
TONES: dict[Tone, str] = {
    "good": "fine",
    "caution": "caution",
    "bad": "problem",
    "neutral": "no information",
    "ai": "AI",
}

# C2PA 2.x actions, https://spec.c2pa.org
ACTIONS = {
    "c2pa.created": "Created",
    "c2pa.opened": "Opened",
    "c2pa.placed": "Added",
    "c2pa.removed": "Removed",
    "c2pa.edited": "Edited",
    "c2pa.edited.metadata": "Changed the metadata",
    "c2pa.color_adjustments": "Adjusted the colours",
    "c2pa.cropped": "Cropped",
    "c2pa.resized": "Resized",
    "c2pa.filtered": "Filtered",
    "c2pa.drawing": "Drew on it",
    "c2pa.dubbed": "Dubbed",
    "c2pa.mixed": "Mixed",
    "c2pa.remixed": "Mixed again",
    "c2pa.mastered": "Mastered",
    "c2pa.converted": "Converted",
    "c2pa.transcoded": "Encoded",
    "c2pa.repackaged": "Repackaged",
    "c2pa.published": "Published",
    "c2pa.redacted": "Took information out",
    "c2pa.translated": "Translated",
    "c2pa.watermarked": "Watermarked",
    "c2pa.watermarked.bound": "Watermarked, tied to these credentials",
    "c2pa.watermarked.unbound": "Watermarked",
    "c2pa.unknown": "Did something not stated",
}

RELATIONSHIPS = {"parentOf": "the work this was made from", "componentOf": "a part", "inputTo": "an input"}

JOBS: dict[str, tuple[str, Tone]] = {
    "done": ("Finished", "good"),
    "skipped": ("Unchanged, not done again", "neutral"),
    "failed": ("Failed", "bad"),
    "planned": ("Planned", "neutral"),
}

# how an ingredient stands
INGREDIENTS: dict[IngredientState, tuple[str, Tone]] = {
    "holds": ("its own credentials, which hold", "good"),
    "bad": ("its own credentials, which do not hold", "bad"),
    "unsigned": ("no credentials of its own", "neutral"),
    "repeated": ("its own credentials, told elsewhere on this page", "neutral"),
}

# as recorded when it was taken in, corrected by what is found now
INGREDIENT_SIGNER: dict[SignerTrust, str] = {
    "trusted": "a trust list vouched for the signer",
    "own": "your own certificate",
    "unknown": "no list vouches for the name",
    "expired": "the certificate had expired",
    "revoked": "the certificate was withdrawn",
    "mismatch": "the signature does not fit",
    "none": "no signer",
}

ORIGINS: dict[Origin, str] = {
    "embedded": "",
    "sidecar": "in the .c2pa file beside it",
    "remote": "at the address the file names",
    "store": "apart from the file",
}

WISHES: dict[str, tuple[str, Tone]] = {
    "allowed": ("allowed", "good"),
    "notAllowed": ("not allowed", "caution"),
    "constrained": ("allowed under conditions", "caution"),
}

RECOVERY: dict[RecoveryState, Tone] = {
    "recovered": "good",
    "similar": "neutral",
    "unsure": "caution",
    "transplant": "bad",
}
