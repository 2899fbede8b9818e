"""``neurashed cluster`` from end to end, on digits that take a few seconds."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.results import RunFolder

CLUSTER = (
    "cluster", "--data", "digits", "--coarse", "0,1", "--auxiliary", "2", "--auxiliary", "7",
    "--per-class", "15", "--auxiliary-total", "30", "--epochs", "5",
    "--model", "two_layer_relu?num_inputs=64&width=16", "--baselines", "k_means",
)  # fmt: skip


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_says_what_was_found_and_where(folder: Path):
    outcome = invoke(*CLUSTER, "--num-clusters", "2", "--repeats", "2", "--out", "run")
    assert outcome.exit_code == 0, outcome.output
    assert "2 clusters of 30 examples of 0 or 1, told from 30 of 2 or 7" in outcome.stdout
    assert "Their number was given." in outcome.stdout
    assert "Agreement with the finer labels, 2 repeats" in outcome.stdout
    assert "k means" in outcome.stdout
    assert "Clusters: run/clusters.csv" in outcome.stdout
    assert RunFolder.open(folder / "run").record.finished
    assert len((folder / "run" / "clusters.csv").read_text().splitlines()) == 31
    assert (folder / "run" / "report.html").read_text(encoding="utf-8").startswith("<!")


def test_answers_a_script(folder: Path):
    options = ("--json", "--method", "spectral", "--normalize", "none", "--baselines", "none")
    outcome = invoke(*CLUSTER, *options, "--out", "run")
    assert outcome.exit_code == 0, outcome.output
    answer = json.loads(outcome.stdout)
    assert sum(answer["sizes"]) == 30
    assert len(answer["sizes"]) == answer["num_clusters"]
    assert answer["settings"]["auxiliary"] == ["2", "7"]
    assert answer["settings"]["method"] == "spectral"
    assert answer["evidence"]["evidence"] == "eigengap"
    assert list(answer["agreement"]) == ["elasticity"]
    assert (folder / answer["clusters"]).exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--coarse", "zero"), "no example is of primary class 'zero'; use one of 0, 1"),
        (("--coarse", "2"), "2 is both primary and auxiliary"),
        (("--coarse", "3,"), "has an empty name"),
        (("--num-clusters", "99"), "there are 30 primary examples for 99 clusters"),
        (("--baselines", "k_mean"), "unknown baselines ['k_mean']"),
        (("--weights", "w.safetensors", "--model", "cnn"), "there is no file w.safetensors"),
    ],
)
def test_explains_a_mistake_in_one_line(options: tuple[str, ...], message: str):
    outcome = invoke(*CLUSTER, *options, "--out", "run")
    assert outcome.exit_code == 2
    assert message in outcome.stderr
    assert "Traceback" not in outcome.output
