"""What ``neurashed replay`` says of many parts."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from neurashed.cli import app
from neurashed.cli import replay as command
from neurashed.experiments import Replay
from neurashed.experiments.comparison import Comparison
from neurashed.results import RunFolder


def test_of_many_parts_those_that_differ_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    comparisons = {f"unit {number:02}": Comparison(True, 0.0) for number in range(30)}
    comparisons["unit 27"] = Comparison(False, 0.25)
    run = RunFolder.create(tmp_path / "run", settings={})
    again = Replay(run, comparisons, ())
    monkeypatch.setattr(command, "replay_run", lambda *_, **__: again)
    outcome = CliRunner().invoke(app, ["replay", str(tmp_path)])
    assert outcome.exit_code == 1
    lines = outcome.stdout.splitlines()
    assert lines[0] == "unit 00: the same numbers, bit for bit"
    assert lines[20] == "and 9 more: the same numbers, bit for bit"
    assert lines[21] == "unit 27: not the same numbers; they differ by up to 0.25"
