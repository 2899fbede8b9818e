"""The command from end to end, on a narrow VGG-19 and a few small photographs."""

import json
from pathlib import Path

import pytest
from image_folders import write_image_folder
from narrow_vgg import CLASSES, SPEC, write_case
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.results import RunFolder

BEGIN = ("reproduce", "he-su-2020", "pretrained")
CASE = (
    "--model", SPEC, "--weights", "vgg.safetensors", "--images", "photographs", "--size", "32",
    "--parameters", "classifier.6.*",
)  # fmt: skip


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*BEGIN, *arguments])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_case(tmp_path)


def test_ratios_are_printed_and_the_run_is_whole(folder: Path):
    outcome = invoke(*CASE, "--out", "run")
    assert outcome.exit_code == 0, outcome.output
    assert "relative: 3 sources, 9 probes" in outcome.stdout
    assert "387 of" in outcome.stdout
    lines = [line.split("│")[1:3] for line in outcome.stdout.splitlines() if line.count("│") == 4]
    pairs = {tuple(each.strip() for each in line) for line in lines}
    assert {(a, b) for a in CLASSES for b in CLASSES if a != b} <= pairs
    for name in ("histograms.png", "class_ratios.csv", "report.html"):
        assert f"run/{name}" in outcome.stdout
        assert (folder / "run" / name).is_file()
    assert RunFolder.open(folder / "run").record.finished


def test_the_command_answers_a_script():
    outcome = invoke(
        *CASE, "--out", "run", "--json", "--per-class", "2", "--readout", "label_logit"
    )
    answer = json.loads(outcome.stdout)
    assert answer["settings"]["per_class"] == 2
    assert answer["num_probes"] == 6
    assert len(answer["class_ratios"]) == 6
    assert {each["num_own_pairs"] for each in answer["class_ratios"]} == {1}


def test_a_plan_stops_before_the_work(folder: Path):
    outcome = invoke(*CASE, "--plan", "--json")
    assert json.loads(outcome.stdout)["coverage"]["covered"] == 387
    assert "387 of" in invoke(*CASE, "--plan").stdout
    assert not (folder / "run").exists()


def test_no_folder_is_a_mistake():
    outcome = invoke(*CASE)
    assert outcome.exit_code == 2
    assert "Error: no folder for the run was given; add --out FOLDER" in outcome.stderr


def test_mistakes_are_one_line():
    outcome = invoke(*CASE, "--out", "run", "--weights", "photographs")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("Error: there is no file ")


def test_a_class_that_no_output_stands_for_is_a_mistake(folder: Path):
    write_image_folder(folder / "photographs", {"zebra": 2})
    outcome = invoke(*CASE, "--out", "run")
    assert outcome.exit_code == 2
    assert "which of the network's 3 outputs stands for class 'brown bear'" in outcome.stderr


def test_a_file_of_names_says_which_output_a_class_is(folder: Path):
    (folder / "names.txt").write_text("tiger\nleopard\nbrown bear\n")
    outcome = invoke(*CASE, "--out", "run", "--class-names", "names.txt", "--json")
    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout)["settings"]["class_names"] == "names.txt"
