"""The command in this process."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pipeline.app.cli import app
from pipeline.errors import FoleymarkError


@pytest.fixture
def foleymark(home):
    """A function that runs the command in this process and expects an exit code, or one of our errors."""

    def call(*arguments, code=0):
        done = CliRunner().invoke(app, [str(one) for one in arguments])
        if isinstance(done.exception, FoleymarkError):
            assert done.exception.exit_code == code, done.exception
            return str(done.exception)
        assert done.exit_code == code, done.output
        return done.output

    return call
