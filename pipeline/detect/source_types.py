"""IPTC digital source types: which of them say AI, which say camera, and how a person would put it."""

from __future__ import annotations

# https://cv.iptc.org/newscodes/digitalsourcetype/ ; the last part of the URI
WHOLLY_AI = frozenset({"trainedAlgorithmicMedia"})
PARTLY_AI = frozenset({"compositeWithTrainedAlgorithmicMedia"})
AI = WHOLLY_AI | PARTLY_AI
CAPTURE = frozenset({"digitalCapture", "computationalCapture"})

_WORDS = {
    "trainedAlgorithmicMedia": "made by AI",
    "compositeWithTrainedAlgorithmicMedia": "put together with AI-made parts",
    "algorithmicMedia": "made by a computer program, not by AI",
    "algorithmicallyEnhanced": "enhanced by a program",
    "digitalCapture": "captured by a camera",
    "computationalCapture": "captured by a camera with computed improvements",
    "negativeFilm": "scanned from film",
    "positiveFilm": "scanned from film",
    "print": "scanned from paper",
    "humanEdits": "edited by a person",
    "compositeCapture": "put together from camera recordings",
    "composite": "put together from several parts",
    "compositeSynthetic": "put together with synthetic parts",
    "digitalCreation": "created by a person with a computer",
    "digitalArt": "created by a person with a computer",
    "dataDrivenMedia": "drawn from data",
    "virtualRecording": "recorded from a virtual scene",
    "screenCapture": "recorded from a screen",
    "softwareImage": "made by a person with software",
    "minorHumanEdits": "slightly edited by a person",
}


def short_name(uri: str) -> str:
    """'http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture' -> 'digitalCapture'."""
    return uri.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def in_words(uri: str) -> str:
    """A source type as a person would say it; an unknown one by its own name, empty for none."""
    from pipeline.detect.wording import plain

    name = short_name(uri)
    return _WORDS.get(name, plain(name, limit=60))
