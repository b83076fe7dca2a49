"""One check of a rubric, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipeline.provenance.rubric.active import ActiveManifest, MisshapenReport
from pipeline.provenance.text import clean

# of what a check found: the first few name the fault, and a stranger may have written a million
MAX_NAMED = 5
MAX_NAME_CHARS = 80


@dataclass(frozen=True)
class RubricResult:
    """What one check says of a file."""

    # as the published rubric names the check
    id: str
    # false also where the rubric only warns
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Rule:
    """One check: what it looks for, and a sentence for either outcome."""

    id: str
    # everything that offends; nothing when the check passes
    offences: Callable[[ActiveManifest], Iterable[str]]
    passes: str
    # without its full stop; what was found is put behind it
    fails: str


def apply(rules: Iterable[Rule], crjson: Any) -> tuple[RubricResult, ...]:
    """The results of rules in their order; a report of the wrong shape fails what cannot be looked at."""
    manifest = ActiveManifest.of(crjson)
    return tuple(_result(rule, manifest) for rule in rules)


def _result(rule: Rule, manifest: ActiveManifest) -> RubricResult:
    try:
        found = list(islice(rule.offences(manifest), MAX_NAMED + 1))
    except MisshapenReport as fault:
        return RubricResult(rule.id, False, f"This could not be looked at, because {fault}.")
    if not found:
        return RubricResult(rule.id, True, rule.passes)
    named = [clean(one, MAX_NAME_CHARS) or "(no name)" for one in found[:MAX_NAMED]]
    more = " and more" if len(found) > MAX_NAMED else ""
    return RubricResult(rule.id, False, f"{rule.fails}: {', '.join(named)}{more}.")
