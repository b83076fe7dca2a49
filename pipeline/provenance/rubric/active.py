"""The active manifest of a crJSON report, as the rubrics look at it.

The report repeats what strangers wrote. What is absent is treated as empty; what is present in a shape that the
specification does not know makes every check fail that has to look at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any


class MisshapenReport(ValueError):
    """A part of the report is not of the kind that the specification gives it; says which."""


@dataclass(frozen=True)
class ActiveManifest:
    """The manifest that speaks for the file itself."""

    raw: dict[str, Any]

    @classmethod
    def of(cls, crjson: Any) -> ActiveManifest:
        """The first manifest of a report: crJSON lists the active one first. Empty when there is none."""
        manifests = fields(crjson).get("manifests")
        return cls(fields(manifests[0]) if isinstance(manifests, list) and manifests else {})

    @property
    def label(self) -> str:
        """Its URN, or an empty text."""
        return text(self.raw.get("label"), "the label of the manifest")

    @property
    def claim(self) -> dict[str, Any]:
        """The claim, which must be of version 2."""
        return fields(self.raw.get("claim.v2"))

    @property
    def assertions(self) -> dict[str, Any]:
        """Every assertion by its label, in the order of the report."""
        found = self.raw.get("assertions") or {}
        if not isinstance(found, dict):
            raise MisshapenReport("the assertions are not a table")
        return found

    @property
    def bodies(self) -> Iterator[dict[str, Any]]:
        """What every assertion says."""
        return (fields(body) for body in self.assertions.values())

    @property
    def ingredients(self) -> Iterator[dict[str, Any]]:
        """What every assertion says that states a relationship."""
        return (body for body in self.bodies if body.get("relationship") is not None)

    @cached_property
    def actions(self) -> tuple[dict[str, Any], ...]:
        """Every step of the history, in the order of the report."""
        lists = [body["actions"] for body in self.bodies if body.get("actions") is not None]
        return tuple(fields(one) for found in lists for one in (found if isinstance(found, list) else [found]))

    @property
    def created_urls(self) -> list[str]:
        """Where the assertions are that the signer vouches for."""
        found = items(self.claim.get("created_assertions") or [], "the list of created assertions")
        return [text(fields(one).get("url"), "the address of a created assertion") for one in found]

    @property
    def spec_version(self) -> Any:
        """The version of the specification that the claim generator states, or None."""
        info = self.claim.get("claim_generator_info")
        first = fields(info[0]) if isinstance(info, list) and info else {}
        return first.get("specVersion") or fields(info).get("specVersion") or None

    @property
    def has_results(self) -> bool:
        """Whether somebody validated it."""
        return self.raw.get("validationResults") is not None

    @property
    def failures(self) -> Iterator[str]:
        """The code of everything that did not hold; one of its own when nobody validated it."""
        results = self.raw.get("validationResults") or {"failure": [{"code": NOT_VALIDATED}]}
        if not isinstance(results, dict):
            raise MisshapenReport("the validation results are not a table")
        found = results.get("failure")
        lines = items([] if found is None else found, "the list of failures")
        return (text(fields(one).get("code"), "the code of a failure") for one in lines)


NOT_VALIDATED = "MISSING_VALIDATION_RESULTS"


def fields(value: Any) -> dict[str, Any]:
    """A table as it is; anything else has no fields."""
    return value if isinstance(value, dict) else {}


def items(value: Any, name: str) -> list[Any]:
    """A list as it is; MisshapenReport for anything else."""
    if not isinstance(value, list):
        raise MisshapenReport(f"{name} is not a list")
    return value


def text(value: Any, name: str) -> str:
    """A text as it is, empty when it is absent; MisshapenReport for anything else."""
    if value is not None and not isinstance(value, str):
        raise MisshapenReport(f"{name} is not a text")
    return value or ""


def shown(value: Any) -> str:
    """A text as it is; of anything else, however deep, only what kind of thing it is."""
    return value if isinstance(value, str) else f"a {type(value).__name__}"


def action_name(action: dict[str, Any]) -> str:
    """What a step of the history is called."""
    return text(action.get("action"), "the name of an action")


def parameters_of(action: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a step, empty when it has none."""
    found = action.get("parameters")
    if found is not None and not isinstance(found, dict):
        raise MisshapenReport("the parameters of an action are not a table")
    return found or {}
