"""``neurashed reproduce he-su-2020`` without a part, from end to end, on almost nothing."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result
from whole_paper_cases import make_small, write_data

from neurashed.cli import app


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_small(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["reproduce", "he-su-2020", *arguments])


def test_without_a_part_all_are_run(folder: Path):
    outcome = invoke("--quick", "--workers", "1")
    assert outcome.exit_code == 0, outcome.output
    assert "Left out of text: CLINC150 is not given (clinc150)" in outcome.stdout
    assert "manifolds: runs/he-su-2020/manifolds" in outcome.stdout
    assert "Page: runs/he-su-2020/index.html" in outcome.stdout
    assert (folder / "runs/he-su-2020/index.html").exists()
    again = invoke("all", "--quick", "--workers", "1")
    assert "manifolds: runs/he-su-2020/manifolds (finished before)" in again.stdout


def test_it_answers_a_script(folder: Path):
    write_data(folder)
    answer = json.loads(
        invoke("--quick", "--data", ".", "--workers", "1", "--out", "run", "--json").stdout
    )
    assert answer["page"] == "run/index.html"
    left_out = {each["part"] for each in answer["parts"] if each["run"] is None}
    assert left_out == {"pretrained"}
    assert {each["part"] for each in answer["parts"]} > {"text", "tables", "manifolds"}


def test_a_folder_without_data_is_a_mistake(folder: Path):
    (folder / "empty").mkdir()
    outcome = invoke("--data", "empty", "--out", "run")
    assert outcome.exit_code == 2
    assert "empty has none of the folders mnist" in outcome.stderr
    assert not (folder / "run").exists()


def test_help_is_that_of_the_paper():
    for option in ("--help", "-h"):
        outcome = invoke(option)
        assert outcome.exit_code == 0
        assert "corrupted-labels" in outcome.output
        assert "All parts into one folder" in outcome.output
