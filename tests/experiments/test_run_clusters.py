"""Clusters of runs that were measured before."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurashed.clustering import Nystrom, cluster_by_elasticity
from neurashed.errors import InputError, StoreError
from neurashed.experiments import (
    CLUSTERS_FILE,
    MeasureSettings,
    RunClusterSettings,
    cluster_run,
    run_clusters,
    run_measurement,
)
from neurashed.results import RunFolder, clusters_path, open_clusters, open_result

MODULE = """
from torch import nn

def make():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.Tanh(), nn.Linear(5, 1))
"""
NYSTROM = RunClusterSettings(num_clusters=3, method="nystrom", num_landmarks=20)


def settings_of(folder: Path, **changes: Any) -> MeasureSettings:  # noqa: ANN401
    default = MeasureSettings(
        model="network_to_cluster:make", data="digits?first=40", loss="mse", readout="output",
        measure="tangent_kernel", store="int8", top=12, folder=str(folder),
    )  # fmt: skip
    return replace(default, **changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("networks")
    (folder / "network_to_cluster.py").write_text(MODULE)
    yield folder
    sys.modules.pop("network_to_cluster", None)


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Path:
    return run_measurement(settings_of(folder), tmp_path / "run").path


def test_clusters_lie_in_the_run(run: Path) -> None:
    clusters = cluster_run(run, NYSTROM)
    expected = cluster_by_elasticity(open_result(run), 3, method=Nystrom(20))
    for name in ("cluster", "typicality", "margin"):
        np.testing.assert_array_equal(clusters[name], expected[name])
    assert clusters.attrs["num_landmarks"] == 20
    assert clusters.attrs["settings"]["method"] == "nystrom"
    accuracy = clusters.attrs["agreement"]["clusters"]["accuracy"]["mean"]
    assert 3 / 40 < accuracy < 1
    with (run / CLUSTERS_FILE).open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert [rows[str(each)]["cluster"] for each in clusters["source"].values] == [
        str(each) for each in clusters["cluster"].values
    ]
    assert {row["label"] for row in rows.values()} == set(clusters["source_label"].values)


def test_the_same_again_computes_nothing(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cluster_run(run, NYSTROM)
    monkeypatch.setattr(run_clusters, "cluster_by_elasticity", None)
    again = cluster_run(run, NYSTROM)
    for name in ("cluster", "typicality", "margin", "source_label"):
        np.testing.assert_array_equal(again[name], first[name])
    assert again.attrs == first.attrs


def test_other_clusters_are_replaced_only_if_asked(run: Path) -> None:
    cluster_run(run, NYSTROM)
    other = replace(NYSTROM, method="top_k_graph", num_landmarks=None)
    message = "method nystrom then, top_k_graph now; num_landmarks 20 then, None now"
    with pytest.raises(StoreError, match=message):
        cluster_run(run, other)
    expected = cluster_by_elasticity(open_result(run), 3, method="eigenmaps")
    found = cluster_run(run, other, overwrite=True)
    np.testing.assert_array_equal(found["cluster"], expected["cluster"])
    assert open_clusters(clusters_path(RunFolder.open(run))).attrs["method"] == "top_k_graph"


def test_killed_before_its_end_it_begins_anew(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run_clusters, "save_clusters", lambda *_: sys.exit(1))
        with pytest.raises(SystemExit):
            cluster_run(run, NYSTROM)
    before = (run / CLUSTERS_FILE).read_text()
    cluster_run(run, NYSTROM)
    assert (run / CLUSTERS_FILE).read_text() == before
    assert clusters_path(RunFolder.open(run)).exists()


def test_a_run_made_again_has_no_clusters(run: Path, folder: Path) -> None:
    cluster_run(run, NYSTROM)
    run_measurement(settings_of(folder), run, overwrite=True)
    assert not clusters_path(RunFolder.open(run)).exists()


def test_top_probes_alone_are_clustered(folder: Path, tmp_path: Path) -> None:
    alone = settings_of(folder, measure="cosine", store=None, keep_matrix=False, top=20)
    path = run_measurement(alone, tmp_path / "alone").path
    clusters = cluster_run(path, RunClusterSettings(num_clusters=3))
    assert clusters.attrs["method"] == "top_k_graph"
    matrix = run_measurement(
        settings_of(folder, measure="cosine", store="float32"), tmp_path / "run"
    ).path
    whole = cluster_run(matrix, RunClusterSettings(num_clusters=3, method="top_k_graph"))
    np.testing.assert_array_equal(clusters["cluster"], whole["cluster"])


def test_what_does_not_fit_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = "20 landmarks are asked for and method is 'spectral'; landmarks are of method"
    with pytest.raises(InputError, match=message):
        cluster_run(run, replace(NYSTROM, method="spectral"))
    monkeypatch.setattr(run_clusters, "_MOST_HELD", 39)
    message = "'spectral' holds all similarities, 0 GB for 40 sources, several times; use 'nystrom'"
    with pytest.raises(InputError, match=message):
        cluster_run(run, RunClusterSettings(method="spectral"))
    assert not clusters_path(RunFolder.open(run)).exists()


def test_a_run_without_its_end_is_refused(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", settings={})
    with pytest.raises(StoreError, match="did not come to its end; run it again as it was started"):
        cluster_run(tmp_path / "run", NYSTROM)
