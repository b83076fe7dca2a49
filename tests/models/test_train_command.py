"""The dispatcher of training runs."""

import pytest

from models import train


def test_options_of_a_run(tmp_path):
    name, options = train.parse(["patches", "--material", str(tmp_path), "--minutes", "3", "--device", "cpu"])
    assert name == "patches" and options.minutes == 3 and options.out == tmp_path / "runs" / "patches"


def test_missing_material_is_said(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        train.parse(["patches", "--material", str(tmp_path / "no")])
    assert stop.value.code == 2 and "does not exist" in capsys.readouterr().err
