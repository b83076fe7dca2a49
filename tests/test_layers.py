"""The import rule of CONTRIBUTING: only downward, and each outside door in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# level of each part; a part may import parts of a lower level and itself
LEVELS = {
    # programs, not parts of the library
    "models.train": 6,
    "models.material": 6,
    "models.encoders": 6,
    "pipeline.records": 0,
    "pipeline.errors": 0,
    "pipeline.config": 0,
    "pipeline.config_checks": 0,
    "pipeline.files": 0,
    "models": 0,
    "pipeline.store": 1,
    "pipeline.media": 1,
    "pipeline.prompts": 1,
    "pipeline.analysis": 2,
    "pipeline.sound": 2,
    "pipeline.watermark": 2,
    "pipeline.provenance": 2,
    "pipeline.detect": 2,
    "pipeline.reel": 2,
    "pipeline.report": 3,
    "pipeline.foreign_marks": 4,
    "pipeline.mark_reading": 4,
    "pipeline.marking": 4,
    "pipeline.steps": 4,
    "pipeline.keys": 4,
    "pipeline.signing": 4,
    "pipeline.watching": 4,
    "pipeline.checking": 4,
    "pipeline.registering": 4,
    "pipeline.recovering": 4,
    "pipeline.finishing": 4,
    "pipeline.delivering": 4,
    "pipeline.films": 4,
    "pipeline.reeling": 4,
    "pipeline.batch": 4,
    "flows": 5,
    "pipeline.app": 6,
}
# within these levels neighbours may use each other: small foundations, and steps under batch
FRIENDS = {0, 1, 4}
# who may import what comes from outside
DOORS = {
    "prefect": ("flows",),
    "av": ("pipeline.media",),
    "torchaudio": ("pipeline.media",),
    "typer": ("pipeline.app",),
    "rich": ("pipeline.app",),
    "c2pa": ("pipeline.provenance",),
    "moviepy": ("pipeline.reel",),
    "opentimelineio": ("pipeline.sound.deliver",),
    "aaf2": ("pipeline.sound.deliver",),
    "mido": ("pipeline.sound",),
}
SOURCES = sorted(p for folder in ("pipeline", "flows", "models") for p in (ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def part_of(module: str) -> str | None:
    return next((part for part in LEVELS if module == part or module.startswith(part + ".")), None)


def imports_of(path: Path) -> list[str]:
    found = []
    package = module_of(path).split(".") if path.name == "__init__.py" else module_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            name = ".".join(x for x in (base, node.module or "") if x)
            found += [f"{name}.{alias.name}" for alias in node.names]
    return found


def violations(path: Path) -> list[str]:
    module = module_of(path)
    part = part_of(module)
    if part is None:
        return [] if module == "pipeline" else [f"{module} belongs to no layer; add it to LEVELS"]
    found = []
    for name in imports_of(path):
        other = part_of(name)
        if other and other != part:
            higher = LEVELS[other] > LEVELS[part]
            stranger = LEVELS[other] == LEVELS[part] and LEVELS[part] not in FRIENDS
            if higher or stranger:
                found.append(f"{module} (level {LEVELS[part]}) imports {name} (level {LEVELS[other]})")
        door = DOORS.get(name.split(".")[0])
        if door and not module.startswith(door):
            found.append(f"{module} imports {name}; only {', '.join(door)} may")
    return found


# of models, only these programs may know of pipeline: they cut and measure clips
PROGRAMS = ("models.train", "models.material", "models.encoders.train")


@pytest.mark.parametrize("path", [p for p in SOURCES if "models" in p.parts[len(ROOT.parts) :]], ids=module_of)
def test_models_know_nothing_of_pipeline(path):
    known = [name for name in imports_of(path) if name.split(".")[0] == "pipeline"]
    assert not known or module_of(path) in PROGRAMS, f"{module_of(path)} imports {known}"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_imports_go_downward(path):
    assert violations(path) == []


def test_the_rule_catches_a_breach(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    bad = tmp_path / "pipeline" / "sound" / "bad.py"
    bad.parent.mkdir(parents=True)
    bad.write_text("from pipeline.app import cli\nfrom pipeline.watermark import video\nimport prefect, av\n")
    assert len(violations(bad)) == 4


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if "app" not in p.parts and "models" not in p.parts], ids=module_of
)
def test_only_the_app_prints(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
