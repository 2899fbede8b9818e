"""``neurashed reproduce he-su-2020 manifolds`` from end to end, on almost nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.cli.he_su_2020 import manifolds as command
from neurashed.experiments.he_su_2020.manifolds import QUICK
from neurashed.results import RunFolder

SMALL = replace(QUICK, manifolds=("torus",), num_examples=12, two_layer_width=4, max_steps=500)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "QUICK", SMALL)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["reproduce", "he-su-2020", "manifolds", "--quick", "--workers", "1", *arguments]
    )


def test_it_says_correlations_and_where_the_figure_is(tmp_path: Path):
    out = tmp_path / "run"
    outcome = invoke("--out", str(out))
    assert outcome.exit_code == 0, outcome.output
    assert "Correlation of relative elasticity with the geodesic distance" in outcome.stdout
    assert "-0.97" in outcome.stdout
    assert f"Figure: {out / 'manifolds.png'}" in outcome.stdout
    assert RunFolder.open(out).record.settings["seeds"] == [0, 1]


def test_it_answers_a_script(tmp_path: Path):
    outcome = invoke("--out", str(tmp_path / "run"), "--seeds", "1", "--json")
    answer = json.loads(outcome.stdout)
    assert [each["network"] for each in answer["findings"]] == ["ReLU", "ReLU", "linear", "linear"]
    assert {each["num_seeds"] for each in answer["findings"]} == {1}


def test_a_finished_run_is_not_replaced_unasked(tmp_path: Path):
    arguments = ("--out", str(tmp_path / "run"), "--seeds", "1")
    assert invoke(*arguments).exit_code == 0
    refused = invoke(*arguments)
    assert refused.exit_code == 2
    assert "holds a finished run" in refused.stderr
    assert invoke(*arguments, "--overwrite").exit_code == 0
