"""Large results from the command line: in tiles, with the strongest probes, and on a cluster."""

import json
import shutil
from pathlib import Path

import distributed
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.results import RunFolder, open_result

MODULE = """
from torch import nn

def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.ReLU(), nn.Linear(4, 1))
"""
MEASURE = (
    "measure", "--model", "nets_for_large:net", "--data", "digits?per_class=8", "--loss", "mse",
    "--readout", "output", "--measure", "tangent_kernel",
)  # fmt: skip


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nets_for_large.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tiles_give_the_same_numbers(folder: Path):
    outcome = invoke(*MEASURE, "--store", "float32", "--out", "tiles")
    assert outcome.exit_code == 0, outcome.output
    assert "80 sources, 80 probes" in outcome.stdout
    assert "Top:    tiles/results/top_probes.zarr" in outcome.stdout
    assert "disk: at most" in outcome.stderr
    invoke(*MEASURE, "--out", "whole")
    np.testing.assert_allclose(open_result("tiles").values, open_result("whole").values, rtol=1e-5)
    assert open_result("tiles").attrs["provenance"]["storage"]["dtype"] == "float32"
    assert not list(folder.rglob("*.growing"))


def test_the_plan_says_what_the_disk_must_hold():
    outcome = invoke(*MEASURE, "--store", "int8", "--plan")
    assert outcome.exit_code == 0, outcome.output
    assert "80 sources x 80 probes in 1 tiles of 128 x 128, of one triangle" in outcome.stdout
    answer = json.loads(invoke(*MEASURE, "--store", "int8", "--plan", "--json").stdout)
    assert answer["bytes_on_disk"] >= 80 * 80


def test_the_strongest_probes_can_be_all_that_is_kept(folder: Path):
    outcome = invoke(*MEASURE, "--no-matrix", "--top", "3", "--out", "run")
    assert outcome.exit_code == 0, outcome.output
    assert not (folder / "run/results/tangent_kernel.zarr").exists()
    assert (folder / "run/results/top_probes.zarr").is_dir()
    shown = invoke("info", "run")
    assert shown.exit_code == 0, shown.output
    assert "top_probes.zarr" in shown.stdout


def test_a_run_without_its_end_goes_on(folder: Path):
    invoke(*MEASURE, "--store", "float32", "--out", "run")
    before = open_result("run").values
    store = folder / "run/results/tangent_kernel.zarr"
    record = json.loads((folder / "run/run.json").read_text())
    (folder / "run/run.json").write_text(json.dumps(record | {"finished": False, "results": {}}))
    shutil.rmtree(store)
    shutil.rmtree(folder / "run/results/top_probes.zarr")
    assert invoke(*MEASURE, "--store", "float32", "--out", "run").exit_code == 0
    assert RunFolder.open("run").record.finished
    assert np.array_equal(open_result("run").values, before)


@pytest.mark.parametrize("how", [["--store", "int8"], ["--no-matrix"], []])
def test_the_same_command_again_after_the_end(how: list[str], folder: Path):
    command = (*MEASURE, "--top", "3", *how, "--out", "run")
    first = invoke(*command)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = invoke(*command)
    assert again.exit_code == 0, again.output
    assert again.stdout == first.stdout
    said = "run holds this run, which had come to its end; nothing is computed"
    assert again.stderr.splitlines() == [said]
    other = invoke(*command, "--seed", "1")
    assert other.exit_code == 2
    assert "run holds a finished run with other seed, weights; choose another" in other.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_plan_counts_the_workers_of_a_cluster():
    with distributed.LocalCluster(
        n_workers=2, processes=False, dashboard_address=":0", silence_logs="CRITICAL"
    ) as cluster:
        address = cluster.scheduler_address
        outcome = invoke(*MEASURE, "--plan", "--json", "--scheduler", address)
    assert outcome.exit_code == 0, outcome.output
    answer = json.loads(outcome.stdout)
    assert (answer["num_tiles"], answer["num_processes"]) == (1, 2)


def test_an_unknown_type_is_a_mistake():
    outcome = invoke(*MEASURE, "--store", "float8", "--out", "run")
    assert outcome.exit_code == 2
    assert "the storage dtype is 'float8'; use one of float64, float32" in outcome.stderr


def test_a_scheduler_that_does_not_answer_is_a_mistake():
    outcome = invoke(*MEASURE, "--scheduler", "tcp://127.0.0.1:9", "--out", "run")
    assert outcome.exit_code != 0
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in outcome.stderr
