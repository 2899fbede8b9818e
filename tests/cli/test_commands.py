"""The commands from end to end, on a network and data that take no time."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.cli import demo as demo_command
from neurashed.experiments import DemoSettings
from neurashed.results import RunFolder

MODULE = """
from torch import nn

def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.ReLU(), nn.Linear(4, 10))
"""


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "nets_for_commands.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("nets_for_commands", None)


MEASURE = (
    "measure", "--model", "nets_for_commands:net", "--data", "digits?per_class=2", "--lr", "0.01",
    "--step", "first_order", "--dtype", "float64",
)  # fmt: skip


def test_measure_says_strengths_and_where_the_run_is(folder: Path):
    outcome = invoke(*MEASURE, "--out", "run")
    assert outcome.exit_code == 0, outcome.output
    assert "relative: 20 sources, 20 probes" in outcome.stdout
    assert "310 of 310" in outcome.stdout
    assert "median" in outcome.stdout
    assert "ratio of means" in outcome.stdout
    assert "Run:    run" in outcome.stdout
    assert "Report: neurashed report run" in outcome.stdout
    assert RunFolder.open(folder / "run").record.finished


def test_measure_answers_a_script(folder: Path):
    outcome = invoke(*MEASURE, "--out", "run", "--report", "--json", "--parameters", "3.*")
    answer = json.loads(outcome.stdout)
    assert answer["settings"]["parameters"] == ["3.*"]
    assert answer["num_sources"] == 20
    assert 0 < answer["strengths"]["median"]["value"] < 1
    assert len(answer["classes"]["median"]) == 10
    assert answer["coverage"].startswith("50 of 310")
    assert (folder / answer["report"]).read_text(encoding="utf-8").startswith("<!")


def test_drowned_responses_are_said_once():
    small = (*MEASURE[:5], "--lr", "1e-8", "--step", "exact", "--dtype", "float32")
    outcome = invoke(*small, "--out", "run")
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stderr == ""
    assert outcome.stdout.count("carry rounding above 1 %") == 1
    assert len(json.loads(invoke("info", "run", "--json").stdout)["cautions"]) >= 1


def test_plan_stops_before_the_work(folder: Path):
    outcome = invoke(*MEASURE, "--out", "run", "--plan")
    assert outcome.exit_code == 0, outcome.output
    assert len(outcome.stdout.strip()) > 50
    assert not (folder / "run").exists()
    assert isinstance(json.loads(invoke(*MEASURE, "--plan", "--json").stdout), dict)


def test_measure_without_a_folder_is_a_mistake():
    outcome = invoke(*MEASURE)
    assert outcome.exit_code == 2
    assert "Error: no folder for the run was given; add --out FOLDER" in outcome.stderr


def test_mistakes_of_the_library_reach_the_user():
    outcome = invoke("measure", "--model", "cnnn", "--data", "digits", "--out", "run")
    assert outcome.exit_code == 2
    assert "Error: unknown model 'cnnn'; did you mean 'cnn'?" in outcome.stderr


def test_info_says_what_a_run_holds():
    invoke(*MEASURE, "--out", "run")
    shown = invoke("info", "run").stdout
    for text in ("nets_for_commands:net", "0.01", "first_order", "310 of 310", "torch", "step on"):
        assert text in shown
    answer = json.loads(invoke("info", "run", "--json").stdout)
    assert answer["settings"]["model"] == "nets_for_commands:net"
    assert answer["results"] == ["relative"]
    assert set(answer["strengths"]) == {"median", "ratio_of_means"}


def test_info_of_no_run_is_a_mistake():
    outcome = invoke("info", "nowhere")
    assert outcome.exit_code == 2
    assert "nowhere is no run folder" in outcome.stderr


def test_report_is_written_where_it_says(folder: Path):
    invoke(*MEASURE, "--out", "run")
    assert "Report: run/report.html" in invoke("report", "run").stdout
    assert (folder / "run" / "report.html").is_file()
    assert "Report: page.html" in invoke("report", "run", "--out", "page.html").stdout
    assert (folder / "page.html").is_file()


def test_replay_says_whether_numbers_are_the_same(folder: Path):
    invoke(*MEASURE, "--out", "run")
    outcome = invoke("replay", "run")
    assert outcome.exit_code == 0, outcome.output
    assert "relative: the same numbers, bit for bit" in outcome.stdout
    assert RunFolder.open(folder / "run-replay").record.finished
    answer = json.loads(invoke("replay", "run", "--overwrite", "--json").stdout)
    assert answer["is_identical"] is True


def test_replay_of_something_else_exits_with_1(folder: Path):
    invoke(*MEASURE, "--out", "run")
    changed = MODULE.replace("ReLU", "Tanh")
    (folder / "nets_for_commands.py").write_text(changed)
    sys.modules.pop("nets_for_commands")
    outcome = invoke("replay", "run")
    assert outcome.exit_code == 1
    assert "relative: not the same numbers; they differ by up to" in outcome.stdout


def test_demo_prints_its_findings(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def small(seed: int) -> DemoSettings:
        return DemoSettings(width=8, num_epochs=1, batch_size=600, per_digit=2, seed=seed)

    monkeypatch.setattr(demo_command, "DemoSettings", small)
    outcome = invoke("demo", "--out", "demo", "--digit", "5")
    assert outcome.exit_code == 0, outcome.output
    for text in ("ReLU network, trained", "linear network, initial", "same parity", "Report: demo"):
        assert text in outcome.stdout
    assert "█" in outcome.stdout
    assert (folder / "demo" / "report.html").is_file()
    again = json.loads(invoke("demo", "--out", "demo", "--json").stdout)
    assert set(again["networks"]) == {"ReLU", "linear"}
    assert set(again["networks"]["ReLU"]["trained"]) == {
        "median",
        "ratio_of_means",
        "median_same_parity",
    }


def test_demo_replaces_no_other_run():
    invoke(*MEASURE, "--out", "run")
    outcome = invoke("demo", "--out", "run")
    assert outcome.exit_code == 2
    assert "run holds a" in outcome.stderr
