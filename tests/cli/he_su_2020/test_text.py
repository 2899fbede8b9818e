"""``neurashed reproduce he-su-2020 text`` from end to end, on made-up requests."""

import json
from pathlib import Path

import pytest
from clinc150_files import write_clinc150
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.cli.he_su_2020 import text as command
from neurashed.results import RunFolder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    choices = {**command.QUICK_CHOICES, "per_intent": 8, "num_words": 40, "width": 8}
    monkeypatch.setattr(command, "QUICK_CHOICES", choices)
    return write_clinc150(tmp_path / "data")


def invoke(data: Path, *arguments: str) -> Result:
    command_line = ["reproduce", "he-su-2020", "text", "--quick", "--data", str(data), *arguments]
    return CliRunner().invoke(app, command_line)


def test_it_says_scores_and_where_the_table_is(data: Path, tmp_path: Path):
    out = tmp_path / "run"
    outcome = invoke(data, "--out", str(out), "--domains", "pets,work", "--seeds", "2")
    assert outcome.exit_code == 0, outcome.output
    assert "Adjusted Rand index" in outcome.stdout
    assert "seeds: 2" in outcome.stdout
    assert "±" in outcome.stdout
    assert f"Table: {out / 'texts.csv'}" in outcome.stdout
    settings = RunFolder.open(out).record.settings
    assert (settings["domains"], settings["seeds"]) == (["pets", "work"], [0, 1])


def test_it_answers_a_script(data: Path, tmp_path: Path):
    outcome = invoke(data, "--out", str(tmp_path / "run"), "--domains", "work", "--json")
    findings = json.loads(outcome.stdout)["findings"]
    assert {each["domain"] for each in findings} == {"work", "all"}
    assert findings[0]["approach"] == "elasticity"
    assert 0 <= findings[0]["agreement"]["accuracy"]["mean"] <= 1
    assert findings[0]["agreement"]["accuracy"]["low"] is None


def test_an_unknown_domain_is_a_mistake(data: Path, tmp_path: Path):
    outcome = invoke(data, "--out", str(tmp_path / "run"), "--domains", "cats")
    assert outcome.exit_code == 2
    assert "no example has the labels ['cats']; there are cars, pets, work" in outcome.stderr
