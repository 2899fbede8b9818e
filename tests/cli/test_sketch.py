"""Sketched measurements from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.results import open_result

MODULE = """
from torch import nn

def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 1))
"""
MEASURE = (
    "measure", "--model", "nets_for_sketch:net", "--data", "digits?per_class=4", "--loss", "mse",
    "--readout", "output", "--measure", "tangent_kernel",
)  # fmt: skip


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nets_for_sketch.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("tiles", [[], ["--store", "float32"]])
def test_a_dimension(folder: Path, tiles: list[str]):
    outcome = invoke(*MEASURE, "--sketch", "500", *tiles, "--out", "run")
    assert outcome.exit_code == 0, outcome.output
    provenance = open_result("run").attrs["provenance"]
    assert not provenance["exact"]
    assert provenance["sketch"]["requested"] == {"dimension": 500}
    assert json.loads((folder / "run/run.json").read_text())["settings"]["sketch"] == 500


def test_an_error_is_planned():
    outcome = invoke(*MEASURE, "--sketch", "0.1", "--plan", "--json")
    assert outcome.exit_code == 0, outcome.output
    layers = json.loads(outcome.stdout)["layers"]
    assert sum(layer["num_parameters"] for layer in layers) < 1981


def test_what_is_no_sketch_is_refused():
    outcome = invoke(*MEASURE, "--sketch", "1.5", "--out", "run")
    assert outcome.exit_code != 0
    assert "give a dimension, such as 4096" in outcome.output
