"""Scores of examples: the higher, the more likely a label is wrong."""

from functools import partial

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from scipy.spatial.distance import pdist, squareform

from neurashed.clustering import held_out_scores, normalize_similarity, odd_ones_out
from neurashed.data import Examples
from neurashed.elasticity import measure_elasticity
from neurashed.experiments.he_su_2020.corrupted_labels.approaches import HELD_OUT, NEIGHBORS
from neurashed.experiments.he_su_2020.corrupted_labels.settings import CorruptedLabelsSettings
from neurashed.results import label_elasticity
from neurashed.subclasses import penultimate_features
from neurashed.task import Task

__all__ = ["Scores", "score_by_network", "score_by_output", "score_by_pixels", "score_by_variants"]

# One number for each example, by approach.
Scores = dict[str, np.ndarray]

# Variance of the Gaussian kernel in units of the median squared distance.
_VARIANCE = 0.25


def score_by_network(
    task: Task, examples: Examples, kernel: xr.DataArray, settings: CorruptedLabelsSettings
) -> Scores:
    """Score examples by what a network shows of them.

    Args:
        task: The network, trained on the labels as given.
        examples: The examples it was trained on.
        kernel: Its tangent kernel ``(layer, source, probe)``.
        settings: The ridge of the held-out predictions, and the memory of measurements.

    Returns:
        The scores.
    """
    whole = kernel.sum("layer", keep_attrs=True)
    alike = _cosines(penultimate_features(task, examples).double().numpy())
    classes, ridge = _classes(examples), settings.ridge
    return {
        NEIGHBORS: _vote(whole),
        HELD_OUT: odd_ones_out(whole, votes_of="held_out", ridge=ridge)["score"].to_numpy(),
        "votes_penultimate": _vote(_label(alike, examples)),
        "held_out_penultimate": held_out_scores(alike, classes, ridge=ridge),
        **score_by_output(task, examples),
    }


def score_by_variants(
    task: Task, examples: Examples, kernel: xr.DataArray, settings: CorruptedLabelsSettings
) -> Scores:
    """Score examples in further ways that are made of responses.

    Args:
        task: The network, trained on the labels as given, with the logits as readout.
        examples: The examples it was trained on.
        kernel: Its tangent kernel ``(layer, source, probe)``.
        settings: The ridge of the held-out predictions, and the memory of measurements.

    Returns:
        The scores.
    """
    cosines = [normalize_similarity(one, "cosine") for one in kernel.values]
    equal_layers = np.mean(cosines, axis=0)
    measure = partial(measure_elasticity, task, examples, memory=settings.memory)
    relative = measure(measure="relative", step="first_order")
    gradients = measure(measure="cosine")
    classes, ridge = _classes(examples), settings.ridge
    return {
        "held_out_equal_layers": held_out_scores(equal_layers, classes, ridge=ridge),
        "votes_equal_layers": _vote(_label(equal_layers, examples)),
        "votes_relative": _vote(relative),
        "votes_gradient_cosine": _vote(gradients),
        # The cosine of an example with itself, 1 for all, changes no order.
        "opposition": -np.nansum(gradients.values, axis=1),
    }


@torch.no_grad()
def score_by_output(task: Task, examples: Examples) -> Scores:
    """Score examples by how badly the output fits their labels.

    Args:
        task: The network; its loss is the cross-entropy.
        examples: The examples, with class numbers as targets.

    Returns:
        ``"loss"``, and ``"margin"``, the best other logit less that of the label.
    """
    targets = examples.require_targets("the loss")
    logits = task.predict(examples.inputs)
    is_own = torch.nn.functional.one_hot(targets, logits.shape[1]).bool()
    others = logits.masked_fill(is_own, -torch.inf).amax(1)
    losses = task.losses(logits, targets)
    return {"loss": losses.double().numpy(), "margin": (others - logits[is_own]).double().numpy()}


def score_by_pixels(examples: Examples, *, ridge: float) -> Scores:
    """Score examples by those that look alike, without a network.

    Args:
        examples: The examples.
        ridge: Ridge of the held-out predictions.

    Returns:
        The scores.
    """
    pixels = torch.as_tensor(examples.inputs).flatten(1).double().numpy()
    distances = squareform(pdist(pixels, "sqeuclidean"))
    gaussian = np.exp(-distances / (2 * _VARIANCE * np.median(distances)))
    return {
        "votes_pixels": _vote(_label(_cosines(pixels), examples)),
        "held_out_pixels": held_out_scores(gaussian, _classes(examples), ridge=ridge),
    }


def _vote(result: xr.DataArray) -> np.ndarray:
    return odd_ones_out(result, votes_of="neighbors")["score"].to_numpy()


def _classes(examples: Examples) -> np.ndarray:
    return examples.require_targets("scores").numpy()


def _cosines(
    features: Float[np.ndarray, "example feature"],
) -> Float[np.ndarray, "example example"]:
    return normalize_similarity(features @ features.T, "cosine")


def _label(similarity: np.ndarray, examples: Examples) -> xr.DataArray:
    """Return a similarity in the form of a result, so that the same votes can be counted."""
    axis = examples.axis_labels()
    return label_elasticity(
        similarity, sources=axis, probes=axis, name="cosine", units="1", provenance={}
    )
