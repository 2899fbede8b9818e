"""``neurashed cluster`` of a run that was measured before."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from neurashed.cli import app

MODULE = """
from torch import nn

def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.ReLU(), nn.Linear(4, 1))
"""
MEASURE = (
    "measure", "--model", "nets_for_clusters:net", "--data", "digits?per_class=5", "--loss", "mse",
    "--readout", "output",
)  # fmt: skip


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nets_for_clusters.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    outcome = invoke(*MEASURE, "--measure", "tangent_kernel", "--store", "float32", "--out", "run")
    assert outcome.exit_code == 0, outcome.output
    return tmp_path / "run"


def test_says_what_was_found_and_where(run: Path):
    options = ("--method", "nystrom", "--landmarks", "20", "--num-clusters", "3")
    outcome = invoke("cluster", "run", *options)
    assert outcome.exit_code == 0, outcome.output
    assert "3 clusters of 50 examples, by method nystrom, normalization cosine" in outcome.stdout
    assert "20 landmarks, " in outcome.stdout
    assert "Agreement with the known classes" in outcome.stdout
    assert "Clusters: run/clusters.csv" in outcome.stdout
    assert "Which groups move together?" in (run / "report.html").read_text(encoding="utf-8")
    again = invoke("cluster", "run", *options)
    assert "run holds these clusters already; nothing is computed" in again.stderr


def test_answers_a_script():
    outcome = invoke("cluster", "run", "--method", "top_k_graph", "--num-clusters", "2", "--json")
    assert outcome.exit_code == 0, outcome.output
    answer = json.loads(outcome.stdout)
    assert sum(answer["sizes"]) == 50
    assert (answer["method"], answer["normalize"]) == ("top_k_graph", "cosine")
    assert Path(answer["clusters"]).exists()
    assert "provenance" not in answer


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("run", "--epochs", "3", "--coarse", "1", "--out", "new"),
            "--coarse, --epochs, --out cannot go with a run, which is clustered as it was measured",
        ),
        (("nowhere",), "nowhere is no run folder"),
        ((), "--data, --coarse, --out missing; give them, or the folder of a run to cluster"),
        (("--data", "digits", "--coarse", "1"), "--out missing; give them"),
        (
            ("--data", "digits", "--coarse", "1", "--out", "new", "--method", "nystrom"),
            "--method nystrom is for a run that was measured; name one",
        ),
        (("run", "--landmarks", "20"), "landmarks are of method 'nystrom'"),
    ],
)
def test_explains_a_mistake_in_one_line(options: tuple[str, ...], message: str):
    outcome = invoke("cluster", *options)
    assert outcome.exit_code == 2
    assert message in outcome.stderr
    assert "Traceback" not in outcome.output


def test_top_probes_without_a_cosine_are_clustered_only_as_they_are():
    options = ("--measure", "tangent_kernel", "--no-matrix", "--top", "9", "--out", "alone")
    assert invoke(*MEASURE, *options).exit_code == 0
    outcome = invoke("cluster", "alone", "--num-clusters", "2")
    assert outcome.exit_code == 2
    assert "do not say what a source does to itself, so there is no cosine" in outcome.stderr
    options = ("--normalize", "none", "--undefined", "drop", "--num-clusters", "2")
    outcome = invoke("cluster", "alone", *options)
    assert outcome.exit_code == 0, outcome.output
    page = Path("alone/report.html").read_text(encoding="utf-8")
    assert "Which groups move together?" in page
