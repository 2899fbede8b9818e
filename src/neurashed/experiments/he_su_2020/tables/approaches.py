"""The ways to find two classes behind one label, each by its name."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neurashed.clustering import Method, cluster_similarity
from neurashed.data import CoarseTask
from neurashed.elasticity import MeasurementOptions
from neurashed.experiments.he_su_2020.manifolds.descent import compress_linear
from neurashed.experiments.he_su_2020.tables.settings import TableSettings
from neurashed.models import CNN, SkipMLP, two_layer_linear, two_layer_relu
from neurashed.seeding import derive_seed
from neurashed.subclasses import (
    RECOMMENDED,
    Build,
    CoarseTraining,
    cluster_by_baseline,
    find_subclasses,
    similarity_of_trained,
    train_on_coarse_labels,
)
from neurashed.task import Task
from neurashed.training import State, compute_lambda_max
from neurashed.typing import Measure

__all__ = ["APPROACHES", "QUICK_APPROACHES", "Outcome"]

_NUM_CLUSTERS = 2
# The authors cluster relative elasticity by its rows, and take the kernelized one as a kernel.
_METHODS: dict[Measure, Method] = {"relative": "k_means_on_rows", "kernelized": "kernel_k_means"}

Approach = Callable[[CoarseTask, TableSettings, int], "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What an approach makes of the primary images of a task.

    Attributes:
        labels: Clusters ``(example,)`` by row of the table; -1 for one without a cluster.
        training: What the training of a network came to; empty without one.
    """

    labels: dict[str, np.ndarray]
    training: dict[str, Any] = field(default_factory=dict)


def _by_baseline(name: str) -> Approach:
    def approach(coarse: CoarseTask, settings: TableSettings, seed: int) -> Outcome:  # noqa: ARG001
        # These look at the images alone; no network is asked.
        nobody = Task(nn.Identity(), loss="mse")
        labels = cluster_by_baseline(name, coarse, nobody, _NUM_CLUSTERS, seed=seed)
        return Outcome({name: labels})

    return approach


def _by_network(network: str, loss: str) -> Approach:
    """Return both rows of one network, trained once."""

    def approach(coarse: CoarseTask, settings: TableSettings, seed: int) -> Outcome:
        def build(generator: torch.Generator) -> nn.Module:
            return _build(network, coarse, settings, generator)

        training = CoarseTraining(
            loss=loss,
            lr=_find_rate(build, loss, coarse, settings, seed),
            num_epochs=settings.num_epochs,
            batch_size=settings.batch_size,
            looks=(0.0, 1.0),
        )
        moments = train_on_coarse_labels(build, coarse, training, seed=seed)
        # Both moments name one task, whose network is trained when the last one is there.
        (task, start), (_, end) = moments
        labels = _cluster_both(task, loss, coarse, seed)
        return Outcome(
            {f"{network}_{loss}_{measure}": each for measure, each in labels.items()},
            _describe_training(task, start, end),
        )

    return approach


def _build(
    network: str, coarse: CoarseTask, settings: TableSettings, generator: torch.Generator
) -> nn.Module:
    inputs = coarse.primary.inputs
    assert isinstance(inputs, Tensor)
    num_channels, num_rows, num_columns = inputs.shape[1:]
    size, width = inputs[0].numel(), settings.width
    match network:
        case "linear":
            # Behaves and learns as the wide network does, at a fraction of the cost.
            return compress_linear(two_layer_linear(size, width=width, generator=generator))
        case "relu":
            return two_layer_relu(size, width=width, generator=generator)
        case "skip_mlp":
            return SkipMLP(size, width=width, generator=generator)
        case _:
            return CNN(image_shape=(num_channels, num_rows, num_columns), generator=generator)


def _find_rate(
    build: Build, loss: str, coarse: CoarseTask, settings: TableSettings, seed: int
) -> float:
    """Return the learning rate, from the curvature at initial weights of the same kind."""
    model = build(torch.Generator().manual_seed(derive_seed(seed, "weights")))
    task = Task(model, loss=loss, readout="logits" if loss == "bce" else "output")
    generator = torch.Generator().manual_seed(derive_seed(seed, "curvature"))
    return settings.lr_lambda_max / compute_lambda_max(task, coarse.training, generator=generator)


def _cluster_both(task: Task, loss: str, coarse: CoarseTask, seed: int) -> dict[str, np.ndarray]:
    # As in the authors' code: their networks for the cross-entropy end in a sigmoid.
    readout = "probabilities" if loss == "bce" else "output"
    watched = Task(task.model, loss=loss, readout=readout)
    # Probabilities near 0 and 1 hardly respond, which rounding to float32 would drown.
    options = MeasurementOptions(dtype=torch.float64)
    labels = {}
    for measure, method in _METHODS.items():
        similarity = similarity_of_trained(
            watched, coarse.primary, measure=measure, options=options
        )
        labels[measure] = cluster_similarity(
            similarity.values,
            _NUM_CLUSTERS,
            method=method,
            normalize="none",
            undefined="drop",
            random_state=seed,
        ).labels
    return labels


def _describe_training(task: Task, start: State, end: State) -> dict[str, Any]:
    assert task.update is not None
    return {
        "lr": task.update.lr,
        "num_epochs": end.epoch,
        "loss_start": start.loss,
        "loss": end.loss,
        "accuracy": end.accuracy,
        "lr_lambda_max_start": start.lr_lambda_max,
        "lr_lambda_max": end.lr_lambda_max,
        "dead_fraction_start": start.dead_fraction,
        "dead_fraction": end.dead_fraction,
    }


def _by_recommendation(coarse: CoarseTask, settings: TableSettings, seed: int) -> Outcome:  # noqa: ARG001
    """Return what the library recommends for all data; only the number of clusters is given."""
    recipe = replace(RECOMMENDED, num_clusters=_NUM_CLUSTERS)
    found = find_subclasses(coarse, recipe=recipe, baselines=(), seed=seed)
    training = {name: found[f"training_{name}"].mean().item() for name in ("loss", "accuracy")}
    return Outcome({"recommended": found["cluster"].values}, training)


APPROACHES: dict[str, Approach] = {
    **{name: _by_baseline(name) for name in ("k_means", "pca", "autoencoder")},
    **{
        f"{network}_{loss}": _by_network(network, loss)
        for network, loss in (
            ("linear", "mse"),
            ("linear", "bce"),
            ("relu", "mse"),
            ("relu", "bce"),
            ("cnn", "mse"),
            ("skip_mlp", "mse"),
        )
    },
    "recommended": _by_recommendation,
}

# Without what small digits are too small for, or what would take longer than all the rest.
QUICK_APPROACHES = tuple(
    name for name in APPROACHES if name not in {"cnn_mse", "skip_mlp_mse", "recommended"}
)
