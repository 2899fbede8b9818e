"""From a coarse task to clusters, agreement and baselines in one call."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from closeness import assert_close
from coarse_cases import QUICK, blobs, build
from torch import nn

from neurashed.clustering import agreement, normalize_similarity
from neurashed.data import CoarseTask, Examples
from neurashed.errors import InputError, InputTypeError, NeurashedWarning
from neurashed.models import CNN, MLP
from neurashed.results import check_result
from neurashed.subclasses import (
    BASELINES,
    CoarseTraining,
    Recipe,
    average_similarities,
    choose_network,
    compare_approaches,
    find_subclasses,
    similarity_of_trained,
    train_on_coarse_labels,
)

RECIPE = Recipe(training=QUICK, num_clusters=2)


@pytest.fixture(scope="module")
def found() -> xr.Dataset:
    return find_subclasses(blobs(), build, RECIPE, num_repeats=2)


def test_finds_the_blobs_and_scores_them(found: xr.Dataset):
    coarse = blobs()
    assert agreement(found["cluster"].values, coarse.hidden_classes).accuracy == 1.0
    assert found["approach"].values.tolist() == ["elasticity", *BASELINES]
    assert found["accuracy"].sel(approach="elasticity").values.tolist() == [1.0, 1.0]
    for approach in found["approach"].values:
        one = found["cluster_by_approach"].sel(approach=approach).values[1]
        wanted = agreement(one, coarse.hidden_classes)
        assert found["nmi"].sel(approach=approach).values[1] == wanted.nmi
        assert found["ari"].sel(approach=approach).values[1] == wanted.ari
    assert found["training_accuracy"].values.tolist() == [[1.0], [1.0]]
    assert found.sizes["network"] == 1
    assert found.attrs["coarse"]["primary"]["label"] == "left or right"
    assert found.attrs["recipe"]["training"]["num_epochs"] == 30


def test_holds_a_similarity_that_is_a_result(found: xr.Dataset):
    similarity = found["similarity"].rename("kernelized")
    check_result(similarity)
    assert found["source"].values.tolist() == blobs().primary.ids.tolist()


def test_repeats_differ_and_a_seed_repeats(found: xr.Dataset):
    again = find_subclasses(blobs(), build, RECIPE, baselines=["k_means"])
    assert np.array_equal(again["similarity"].values, found["similarity"].values)
    losses = found["training_loss"].values[:, 0]
    assert losses[0] != losses[1]
    shifted = find_subclasses(blobs(), build, RECIPE, baselines=[], seed=1)
    assert shifted["training_loss"].values[0, 0] == losses[1]


def test_approaches_are_compared_with_intervals(found: xr.Dataset):
    table = compare_approaches(found)
    assert table.sizes == {"approach": 7, "score": 3}
    row = table.sel(approach="gradient_cosine", score="ari")
    values = found["ari"].sel(approach="gradient_cosine").values
    assert row["mean"] == pytest.approx(values.mean())
    assert row["standard_deviation"] == pytest.approx(values.std(ddof=1))
    assert np.isnan(compare_approaches(found.isel(repeat=[0]))["low"].values).all()


def test_hidden_classes_score_and_do_nothing_else(found: xr.Dataset):
    coarse = blobs()
    bare = CoarseTask(
        *(
            Examples(each.inputs, ids=each.ids, labels=each.labels)
            for each in (coarse.primary, coarse.auxiliary)
        )
    )
    blind = find_subclasses(bare, build, RECIPE, baselines=["k_means"])
    assert np.array_equal(blind["cluster"].values, found["cluster"].values)
    assert np.array_equal(blind["similarity"].values, found["similarity"].values)
    assert "accuracy" not in blind
    with pytest.raises(InputError, match="no finer labels are known"):
        compare_approaches(blind)


def test_networks_and_looks_are_averaged_after_normalization():
    coarse = blobs(4)
    training = CoarseTraining(loss="mse", num_epochs=4, batch_size=8, looks=(0.5, 1.0))
    recipe = Recipe(training=training, num_networks=2, num_clusters=2)
    parts = [
        similarity_of_trained(task, coarse.primary).values
        for number in (0, 1)
        for task, _ in recipe.moments(coarse, build, number, seed=5)
    ]
    assert len(parts) == 4
    wanted = sum(normalize_similarity(each, "cosine") for each in parts) / 4
    found = find_subclasses(coarse, build, recipe, baselines=[], seed=5)
    assert_close(found["similarity"].values, wanted)
    assert found["similarity"].attrs["provenance"]["averaged"]["num_similarities"] == 4
    assert found["training_loss"].shape == (1, 2)


def test_walks_from_the_weights_of_each_look():
    recipe = replace(RECIPE, protocol="while_training", measure="relative", undefined="drop")
    coarse = blobs(4)
    found = find_subclasses(coarse, build, recipe, baselines=[])
    assert found["similarity"].attrs["provenance"]["protocol"] == "while training"
    [(task, _)] = recipe.moments(coarse, build, 0, seed=0)
    before = [each.clone() for each in task.model.parameters()]
    recipe.measure_at(task, coarse, seed=0)
    assert all(map(torch.equal, before, task.model.parameters()))


def test_takes_a_network_that_is_trained_already():
    coarse = blobs()
    [(task, _)] = train_on_coarse_labels(build, coarse, QUICK)
    found = find_subclasses(coarse, task, RECIPE, baselines=["k_means"])
    assert np.array_equal(
        found["similarity"].values, similarity_of_trained(task, coarse.primary).values
    )
    assert "training_loss" not in found


def test_number_of_clusters_is_chosen_with_evidence():
    found = find_subclasses(blobs(12), build, replace(RECIPE, num_clusters=None), baselines=["pca"])
    evidence = found.attrs["evidence"]
    chosen = evidence["candidates"][int(np.argmax(evidence["values"]))]
    assert found.attrs["num_clusters"] == chosen
    for approach in found["cluster_by_approach"].values:
        assert len(np.unique(approach)) == chosen


def test_baseline_that_does_not_apply_is_left_out_and_said():
    def linear(generator: torch.Generator) -> nn.Module:
        return MLP(2, [], generator=generator).double()

    with pytest.warns(NeurashedWarning, match="'activation_patterns' is left out: the network has"):
        found = find_subclasses(
            blobs(), linear, RECIPE, baselines=["activation_patterns", "pca"], num_repeats=2
        )
    assert found["approach"].values.tolist() == ["elasticity", "pca"]


def test_default_network_follows_the_shape_of_the_inputs():
    def coarse(*shape: int) -> CoarseTask:
        return CoarseTask(
            Examples(torch.rand(2, *shape)), Examples(torch.rand(1, *shape), ids=["z"])
        )

    generator = torch.Generator().manual_seed(0)
    assert isinstance(choose_network(coarse(3, 16, 20))(generator), CNN)
    assert isinstance(choose_network(coarse(1, 8, 8))(generator), MLP)
    words = Examples(torch.zeros(1, 4, dtype=torch.int64), ids=["a"])
    with pytest.raises(InputError, match="there is no default network for these inputs"):
        choose_network(CoarseTask(words, Examples(words.inputs, ids=["b"])))


@pytest.mark.parametrize(
    ("choices", "error", "message"),
    [
        ({"recipe": Recipe(num_clusters=9)}, InputError, "4 primary examples for 9 clusters"),
        ({"network": nn.Linear(2, 1)}, InputTypeError, "network is a Linear; give neurashed.Task"),
        ({"num_repeats": 0}, InputError, "num_repeats is 0; give at least 1"),
        ({"baselines": ["kmeans"]}, InputError, "unknown baselines ['kmeans']; use some of k_m"),
    ],
)
def test_refuses(choices: dict[str, Any], error: type[Exception], message: str):
    with pytest.raises(error, match=re.escape(message)):
        find_subclasses(blobs(2), **choices)


def test_one_network_at_least():
    with pytest.raises(InputError, match="num_networks is 0; train at least 1"):
        Recipe(num_networks=0)


def test_averages_only_what_belongs_together():
    coarse = blobs(3)
    [(task, _)] = train_on_coarse_labels(build, coarse, CoarseTraining(num_epochs=0))
    whole = similarity_of_trained(task, coarse.primary)
    few = similarity_of_trained(task, coarse.primary.select([1, 0, 2]))
    with pytest.raises(InputError, match="similarity 1 is kernelized of 3 sources and 3 probes"):
        average_similarities([whole, few])
    with pytest.raises(InputError, match="there are no similarities to average"):
        average_similarities([])
