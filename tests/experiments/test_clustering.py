"""A search for subclasses as a run: what the folder holds, and its repetition."""

import csv
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from neurashed.clustering import agreement
from neurashed.data import load_examples
from neurashed.errors import InputError
from neurashed.experiments import ClusterSettings, load_network, replay_run, run_clustering
from neurashed.experiments.comparison import compare_results
from neurashed.results import RunFolder, open_result
from neurashed.subclasses import train_on_coarse_labels
from neurashed.training import load_weights, save_weights

MODULE = """
from torch import nn

def make():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("clusters")
    (path / "net_for_clusters.py").write_text(MODULE)
    yield path
    sys.modules.pop("net_for_clusters", None)


@pytest.fixture(scope="module")
def settings(folder: Path) -> ClusterSettings:
    return ClusterSettings(
        data="digits",
        coarse=("0", "1"),
        auxiliary=("2", "7"),
        per_class=20,
        auxiliary_total=30,
        model="net_for_clusters:make",
        num_epochs=10,
        num_clusters=2,
        num_networks=2,
        num_repeats=2,
        baselines=("k_means", "gradient_cosine"),
        folder=str(folder),
    )


@pytest.fixture(scope="module")
def run(settings: ClusterSettings, folder: Path) -> RunFolder:
    return run_clustering(settings, folder / "run")


def test_clusters_lie_in_the_result_and_in_a_table(run: RunFolder):
    result = run.result("subclasses")
    assert result.sizes == {"source": 40, "probe": 40}
    with (run.path / "clusters.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by_id = {int(row["id"]): row for row in rows}
    for place, example in enumerate(result["source"].values.tolist()):
        row = by_id[example]
        assert int(row["cluster"]) == result["cluster"].values[place]
        assert float(row["typicality"]) == result["typicality"].values[place]
        assert float(row["margin"]) == result["margin"].values[place]
        assert row["fine_label"] == result["source_fine_label"].values[place]
    assert [row["cluster"] for row in rows] == sorted(row["cluster"] for row in rows)
    first = [float(row["typicality"]) for row in rows if row["cluster"] == "0"]
    assert first == sorted(first, reverse=True)
    assert not list(run.path.glob(".*.partial"))


def test_provenance_says_what_speaks_for_the_clusters(run: RunFolder):
    result = run.result("subclasses")
    about = result.attrs["provenance"]["clusters"]
    assert about["num_clusters"] == 2
    assert about["coarse"]["primary"]["label"] == "0 or 1"
    assert list(about["agreement"]) == ["elasticity", "k_means", "gradient_cosine"]
    scores = about["agreement"]["elasticity"]["accuracy"]
    first = agreement(result["cluster"].values, result["source_fine_label"].values).accuracy
    assert scores["mean"] == pytest.approx(first, abs=scores["standard_deviation"] + 1e-9)
    assert np.array(about["training"]["training_loss"]).shape == (2, 2)
    json.dumps(about, allow_nan=False)


def test_main_result_is_one_network_on_both_sides(run: RunFolder):
    both = open_result(run.path)
    assert both.sizes["source"] == 70
    assert sorted(set(both["source_label"].values)) == ["0 or 1", "2 or 7"]
    assert sorted(path.name for path in (run.path / "weights").iterdir()) == [
        f"network_{number}.safetensors" for number in range(4)
    ]


def test_weights_are_those_of_the_networks(run: RunFolder, folder: Path):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        model = load_network("net_for_clusters:make")
    load_weights(model, run.path / "weights" / "network_0.safetensors")
    both = open_result(run.path)
    images = load_examples("digits").inputs
    assert isinstance(images, torch.Tensor)
    x = images[both["source"].values.tolist()[:1]]
    output = model(x).sum()
    gradients = torch.autograd.grad(output, list(model.parameters()))
    wanted = sum(float(each.square().sum()) for each in gradients)
    assert both.values[0, 0] == pytest.approx(wanted, rel=1e-4)


def test_replay_gives_the_same_numbers(run: RunFolder, folder: Path):
    again = replay_run(run.path, folder / "again")
    assert again.is_identical
    assert again.changes == ()
    assert (folder / "again" / "clusters.csv").read_bytes() == (
        run.path / "clusters.csv"
    ).read_bytes()


def run_and_count(settings: ClusterSettings, path: Path, *, limit: int = 99) -> tuple[bool, int]:
    """Return whether a run came to its end, and how many networks it trained; a limit kills it."""
    seeds: list[int] = []

    def train(*arguments: Any, seed: int) -> Iterator[Any]:  # noqa: ANN401
        if len(seeds) == limit:
            raise KeyboardInterrupt
        seeds.append(seed)
        return train_on_coarse_labels(*arguments, seed=seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurashed.subclasses.recipe.train_on_coarse_labels", train)
        try:
            run_clustering(settings, path)
        except KeyboardInterrupt:
            return False, len(seeds)
    return True, len(seeds)


def assert_same_run(one: Path, other: Path) -> None:
    ours, theirs = (RunFolder.open(path) for path in (one, other))
    assert ours.finished == theirs.finished == ("primary_and_auxiliary", "subclasses")
    for name in ours.finished:
        assert compare_results(ours.result(name), theirs.result(name)).is_identical
    files = ["clusters.csv", *(f"weights/network_{number}.safetensors" for number in range(4))]
    assert all((one / file).read_bytes() == (other / file).read_bytes() for file in files)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_killed_run_goes_on_after_its_last_network(
    run: RunFolder, settings: ClusterSettings, tmp_path: Path, limit: int
):
    path = tmp_path / "run"
    assert run_and_count(settings, path, limit=limit) == (False, limit)
    assert not RunFolder.open(path).record.finished
    assert run_and_count(settings, path) == (True, 4 - limit)
    assert_same_run(path, run.path)


def test_run_that_was_killed_after_the_networks_trains_none(
    run: RunFolder, settings: ClusterSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("neurashed.experiments.clustering.write_clusters", stop)
        assert run_and_count(settings, tmp_path / "run") == (False, 4)
    assert run_and_count(settings, tmp_path / "run") == (True, 0)
    assert_same_run(tmp_path / "run", run.path)


@pytest.mark.parametrize(
    "file",
    [
        "results/network_1.json",
        "results/network_1_look_0.zarr/kernelized/c/0/0",
        "weights/network_1.safetensors",
    ],
)
def test_damaged_network_is_trained_again(
    run: RunFolder, settings: ClusterSettings, tmp_path: Path, file: str
):
    path = tmp_path / "run"
    run_and_count(settings, path, limit=2)
    content = bytearray((path / file).read_bytes())
    (path / file).write_bytes(content[: len(content) // 2])
    assert run_and_count(settings, path) == (True, 3)
    assert_same_run(path, run.path)


def test_walk_of_a_trained_network_is_not_walked_again(
    settings: ClusterSettings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        save_weights(load_network("net_for_clusters:make", seed=8), folder / "walked.safetensors")
    walk = dataclasses.replace(
        settings, weights="walked.safetensors", lr=0.01, protocol="while_training",
        undefined="drop", num_repeats=1, baselines=(),
    )  # fmt: skip
    whole = run_clustering(walk, tmp_path / "whole")

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("neurashed.experiments.clustering._measure_both", stop)
        with pytest.raises(KeyboardInterrupt):
            run_clustering(walk, tmp_path / "killed")
    with monkeypatch.context() as patch:
        patch.setattr("neurashed.subclasses.recipe.similarity_while_training", stop)
        resumed = run_clustering(walk, tmp_path / "killed")
    for name in whole.finished:
        assert compare_results(whole.result(name), resumed.result(name)).is_identical
    assert not (resumed.path / "weights").exists()


def test_trained_network_is_not_trained_again(
    settings: ClusterSettings, folder: Path, tmp_path: Path
):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        save_weights(load_network("net_for_clusters:make", seed=8), folder / "given.safetensors")
    given = dataclasses.replace(
        settings, weights="given.safetensors", num_repeats=1, baselines=("k_means",)
    )
    run = run_clustering(given, tmp_path / "run")
    assert "training" not in run.result("subclasses").attrs["provenance"]["clusters"]
    assert not (run.path / "weights").exists()
    whole, part = open_result(run.path).values[:40, :40], run.result("subclasses").values
    assert np.allclose(whole, part, rtol=1e-4)


def test_weights_need_their_network(settings: ClusterSettings, tmp_path: Path):
    without = dataclasses.replace(settings, model=None, weights="given.safetensors")
    with pytest.raises(InputError, match="and no model is named; name the network"):
        run_clustering(without, tmp_path / "run")


def test_what_cannot_be_done_leaves_no_folder(settings: ClusterSettings, tmp_path: Path):
    wrong = dataclasses.replace(settings, baselines=("k_meens",))
    with pytest.raises(InputError, match=r"unknown baselines \['k_meens'\]; use some of k_means"):
        run_clustering(wrong, tmp_path / "run")
    assert not (tmp_path / "run").exists()
