"""Records for pages and pictures."""

from __future__ import annotations

import pytest


@pytest.fixture
def made() -> object:
    """The factories of `made_records` as one object."""
    from tests.report import made_records

    return made_records
