"""``neurashed reproduce he-su-2020 corrupted-labels`` from end to end, on almost nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.cli.he_su_2020 import corrupted_labels as command
from neurashed.experiments.he_su_2020.corrupted_labels import APPROACHES, QUICK
from neurashed.results import RunFolder

SMALL = replace(
    QUICK, data="digits?per_class=10", widths=(32,), lr=0.3, stop_losses=(1.0,), usual_loss=1.0
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "QUICK", SMALL)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["reproduce", "he-su-2020", "corrupted-labels", *arguments])


def test_it_says_how_many_are_found_and_where_the_report_is(tmp_path: Path):
    out = tmp_path / "run"
    outcome = invoke("--quick", "--share", "0.05", "--out", str(out))
    assert outcome.exit_code == 0, outcome.output
    assert "Share of wrong labels among as many of the highest scores" in outcome.stdout
    assert f"Report: {out / 'report.html'}" in outcome.stdout
    assert (out / "report.html").exists()
    assert RunFolder.open(out).record.settings["share"] == 0.05


def test_it_answers_a_script(tmp_path: Path):
    outcome = invoke("--quick", "--out", str(tmp_path / "run"), "--seeds", "1", "--json")
    answer = json.loads(outcome.stdout)
    assert {each["approach"] for each in answer["findings"]} == set(APPROACHES)
    assert {each["num_seeds"] for each in answer["findings"]} == {1}


def test_without_data_it_says_what_to_give(tmp_path: Path):
    outcome = invoke("--out", str(tmp_path / "run"))
    assert outcome.exit_code == 2
    assert "no data were given; add --data" in outcome.stderr
