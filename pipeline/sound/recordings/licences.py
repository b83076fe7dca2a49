"""Licences of recordings: many spellings brought to SPDX names, and which of them a finished film may use."""

from __future__ import annotations

import re

MAX_TEXT = 300
# what people write where a licence should stand and is not
_NONE = re.compile(r"(?:\?+|-+|n/?a|none|no|unknown|unclear|tbd|todo|ask|see .*|copyright(?:ed)?|proprietary)\.?", re.I)
_RESERVED = re.compile(
    r"\ball rights reserved\b|\bdo not (?:use|copy|distribute)\b|\bno (?:re-?use|licen[cs]e)\b", re.I
)
# in people's own words; "commercial and non-commercial use" allows both
_NOT_COMMERCIAL = re.compile(
    r"\b(?:not|no) (?:for )?commercial\b|^non[ -]?commercial\b(?!.*\bcommercial\b)"
    r"|\bfree for (?:non[ -]?commercial|personal|private|educational)\b"
    r"|\b(?:non[ -]?commercial|personal|private|educational|editorial|research)(?: (?:use|purposes?))? only\b"
    r"|\bonly (?:for )?(?:non[ -]?commercial|personal|private|educational|editorial|research)\b",
    re.I,
)
_ZERO = re.compile(r"\bcc[ -]?0\b|creative commons (?:zero|0)|publicdomain/zero", re.I)
_MARKED = re.compile(r"publicdomain/mark|\bcc-pdm\b", re.I)
_PUBLIC = re.compile(r"\bpublic domain\b|^pdm?$", re.I)
_SHORT = re.compile(r"(?:\bcc[ -]+|licenses/)(by(?:[ -]+(?:nc|nd|sa))*)\b[ /-]*v?(\d\.\d)?", re.I)
_LONG = re.compile(
    r"\battribution((?:[ -]+(?:non[ -]?commercial|no[ -]?deriv\w*|share[ -]?alike))*)"
    r"(?:[ ,-]+(?:creative commons|license|licence|international|unported|generic))*[ ,-]*v?(\d\.\d)?",
    re.I,
)
_CLAUSES = {"noncommercial": "NC", "noderiv": "ND", "sharealike": "SA"}
# other licences under which sounds are found, as SPDX spells them
_OTHERS = {
    name.lower(): name
    for name in (
        *("0BSD", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-PDDC", "CECILL-2.1", "EUPL-1.2"),
        *("GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "LAL-1.3", "LGPL-2.1-or-later"),
        *("LGPL-3.0-or-later", "MIT", "MIT-0", "OFL-1.1", "OGL-UK-3.0", "Unlicense", "WTFPL", "Zlib"),
    )
}


def known(text: str) -> str:
    """The SPDX name that a text means, or an empty string; "CC-BY" without a version where none is given."""
    text = text[:MAX_TEXT].strip()
    if _ZERO.search(text):
        return "CC0-1.0"
    if found := _SHORT.search(text):
        return _creative_commons(re.split(r"[ -]+", found[1].upper())[1:], found[2])
    if found := _LONG.search(text):
        words = re.sub(r"[ -]", "", found[1].lower())
        return _creative_commons([short for word, short in _CLAUSES.items() if word in words], found[2])
    if _MARKED.search(text):
        return "CC-PDM-1.0"
    if _PUBLIC.search(text):
        return "LicenseRef-public-domain"
    return _OTHERS.get(text.lower(), "")


def normalise(text: str) -> str:
    """A licence as it will be written down: SPDX where known, else the person's own words; empty for none at all."""
    text = " ".join(text[:MAX_TEXT].split())
    return "" if not text or _NONE.fullmatch(text) else known(text) or text


def why_not(licence: str, *, commercial: bool = True) -> str:
    """Why a recording under this licence cannot be used, as half a sentence; empty when it can."""
    if not licence:
        return "no licence is given for it"
    if _RESERVED.search(licence):
        return f'its licence says "{licence}"'
    if re.search(r"-ND\b", licence):
        return f"its licence ({licence}) does not allow changed or synchronised copies"
    if commercial and (re.search(r"-NC\b", licence) or _NOT_COMMERCIAL.search(licence)):
        return f"its licence ({licence}) forbids commercial use (sound.licence_policy: any lets it in)"
    return ""


def _creative_commons(clauses: list[str], version: str | None) -> str:
    # the order in which Creative Commons writes them
    names = ["CC-BY", *(name for name in ("NC", "ND", "SA") if name in clauses), *([version] if version else [])]
    return "-".join(names)
