"""Stage records on disk, a JSON file each, so that a stage can be inspected and a job resumed."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any, TypeVar

from pipeline.files import write_atomic
from pipeline.records import from_json, to_data, to_json

logger = logging.getLogger(__name__)

Record = TypeVar("Record")


class RecordFolder:
    """The records of one clip: ``clip.json``, ``analysis.json``, ``plan.json``, ``job.json``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, record: Any) -> Path:
        """Write a record whole or not at all."""
        path = self.folder / f"{name}.json"
        write_atomic(path, to_json(record) + "\n")
        return path

    def read(self, name: str, kind: type[Record]) -> Record | None:
        """Read a record back; None when it is missing or of another version (the stage then runs again)."""
        path = self.folder / f"{name}.json"
        try:
            return from_json(path.read_bytes(), kind)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            logger.info("%s is of another version (%s); its stage runs again", path, error)
            return None


def fingerprint(*parts: Any) -> str:
    """SHA-256 over records or plain data: equal when and only when all fields are."""
    text = json.dumps([to_data(part) for part in parts], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
