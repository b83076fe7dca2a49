"""Digital source types: the IPTC vocabulary that says how a picture or a sound came to be.

The terms are those of the IPTC NewsCodes scheme ``digitalsourcetype``, as C2PA specification 2.4 uses it.
"""

from __future__ import annotations

from pipeline.errors import CredentialError

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"

# a generative model made all of it, or parts of it
MADE_BY_AI = "trainedAlgorithmicMedia"
PARTLY_MADE_BY_AI = "compositeWithTrainedAlgorithmicMedia"
# rules without training data made it: our own sound synthesis
MADE_BY_RULES = "algorithmicMedia"
MIXED = "composite"
# a person added it without a generative tool: titles
WRITTEN = "humanEdits"
# put together from recordings of real life alone
MIXED_CAPTURES = "compositeCapture"

AI_TERMS = frozenset({MADE_BY_AI, PARTLY_MADE_BY_AI, "trainedAlgorithmicData"})
CAPTURE_TERMS = frozenset(
    {"digitalCapture", "computationalCapture", "compositeCapture", "negativeFilm", "positiveFilm"}
)
OTHER_TERMS = frozenset(
    {
        MADE_BY_RULES,
        MIXED,
        "algorithmicallyEnhanced",
        "compositeSynthetic",
        "dataDrivenMedia",
        "digitalCreation",
        "humanEdits",
        "print",
        "screenCapture",
        "virtualRecording",
    }
)
# the one AI term that IPTC does not have is C2PA's own
NOT_IPTC = {"trainedAlgorithmicData": "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"}


def to_uri(term: str) -> str:
    """The whole URI of a term; a URI of a known term is returned as it is.

    Raises
    ------
    CredentialError
        When the vocabulary has no such term.
    """
    name = term_of(term)
    if name not in AI_TERMS | CAPTURE_TERMS | OTHER_TERMS:
        known = ", ".join(sorted(AI_TERMS | CAPTURE_TERMS | OTHER_TERMS))
        raise CredentialError(f"{term!r} is no digital source type: use one of {known}")
    return NOT_IPTC.get(name, IPTC + name)


def term_of(uri: str) -> str:
    """The term at the end of a source type URI, or the term itself."""
    return uri.rstrip("/").rpartition("/")[2]


def is_ai(uri: str) -> bool:
    """Whether a source type says that a generative model made the thing or parts of it."""
    return term_of(uri) in AI_TERMS


def is_capture(uri: str) -> bool:
    """Whether a source type says that a camera or a microphone recorded the thing."""
    return term_of(uri) in CAPTURE_TERMS
