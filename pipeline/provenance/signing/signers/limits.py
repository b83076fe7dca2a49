"""What the key servers have in common: limits, and client libraries that only some need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pipeline.errors import CredentialError


def check_limits(timeout_s: float, attempts: int) -> None:
    """ValueError when a person asks for more than makes sense."""
    if not (0 < timeout_s <= 120 and 1 <= attempts <= 10):
        raise ValueError("timeout_s goes up to 120 seconds, attempts from 1 to 10")


def needs(module: str, extra: str) -> Any:
    """A client library; CredentialError says how to get it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise CredentialError(f"{module} is needed for this key: pip install 'foleymark[{extra}]'") from error
