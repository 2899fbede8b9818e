"""One sample, one network: trained, measured, and set beside distances."""

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float

from neurashed.data import Examples
from neurashed.data.manifolds import ManifoldSample, manifold_pair
from neurashed.elasticity import MeasurementOptions, measure_elasticity
from neurashed.errors import InputError
from neurashed.experiments.he_su_2020.manifolds.descent import compress_linear, descend
from neurashed.experiments.he_su_2020.manifolds.settings import NETWORKS, ManifoldSettings
from neurashed.models import MLP
from neurashed.seeding import derive_seed, numpy_generator
from neurashed.task import Task
from neurashed.training import compute_lambda_max, evaluate

__all__ = ["draw_sample", "kernel_distance", "measure_network"]

_STEPS_BETWEEN_LOOKS = 500
# Relative; a network that still learns changes its loss by more between two looks.
_SMALLEST_CHANGE = 1e-6


def measure_network(
    manifold: str, network: str, seed: int, settings: ManifoldSettings
) -> xr.DataArray:
    """Draw a sample, train a network on it, and measure the positive class.

    Args:
        manifold: Name of the pair of manifolds.
        network: ``"ReLU"`` or ``"linear"``.
        seed: Seed of the sample, which both networks share, and of the initial weights.
        settings: Everything else.

    Returns:
        Relative elasticity ``(source, probe)`` in the limit of a small step, with the coordinates
        ``geodesic``, ``proxy`` and ``kernel_distance`` of each pair and what training came to in
        ``provenance["training"]``.
    """
    sample = draw_sample(manifold, seed, settings)
    task, training = _train(manifold, network, seed, settings, sample.examples)
    measured = sample.select(slice(0, settings.num_examples // 2))
    # In float64: rounding of a kernel is then far below what a picture shows.
    options = MeasurementOptions(dtype=torch.float64, seed=seed)
    result = measure_elasticity(
        task, measured.examples, measure="relative", step="first_order", options=options
    )
    surface, places = manifold_pair(manifold).positive, measured.parameters
    result.attrs["provenance"]["training"] = training
    return result.assign_coords(
        geodesic=(result.dims, surface.geodesic(places, places)),
        proxy=(result.dims, surface.proxy(places, places)),
        kernel_distance=(result.dims, kernel_distance(result.values)),
    )


def draw_sample(manifold: str, seed: int, settings: ManifoldSettings) -> ManifoldSample:
    """Return the sample of a seed, the positive examples first."""
    generator = numpy_generator(seed, manifold, "examples")
    return manifold_pair(manifold).sample(settings.num_examples, generator=generator)


def kernel_distance(
    similarity: Float[np.ndarray, "source probe"], *, num_dimensions: int = 10
) -> Float[np.ndarray, "source probe"]:
    """Return distances in the space whose inner products a similarity comes closest to.

    The similarity is made symmetric, ``S = (S + Sᵀ)/2 = U Λ Uᵀ``; the rows of ``U √Λ`` are the
    places, from the largest eigenvalues, of which negative ones count as zero.

    Args:
        similarity: Similarity of each source to each probe; both are the same examples.
        num_dimensions: How many eigenvalues, 10 in the authors' code.

    Returns:
        Euclidean distances.
    """
    values, vectors = np.linalg.eigh((similarity + similarity.T) / 2)
    lengths = np.sqrt(np.clip(values[-num_dimensions:], 0, None))
    places = vectors[:, -num_dimensions:] * lengths
    return np.linalg.norm(places[:, None] - places, axis=-1)


def _train(
    manifold: str, network: str, seed: int, settings: ManifoldSettings, examples: Examples
) -> tuple[Task, dict[str, Any]]:
    """Return the task with its trained model, and what training came to."""
    widths = settings.widths(manifold)
    generator = torch.Generator().manual_seed(derive_seed(seed, manifold, network, "weights"))
    num_inputs = torch.as_tensor(examples.inputs).shape[1]
    model = MLP(num_inputs, widths, activation=NETWORKS[network], generator=generator)
    if network == "linear" and len(widths) == 1:
        model = compress_linear(model)
    task = Task(model, loss="mse", readout="output")
    lambda_max = _lambda_max(task, examples, seed)
    lr = settings.lr_lambda_max / lambda_max if settings.lr is None else settings.lr
    num_steps = _fit(model, task, examples, lr, settings)
    return task, {
        "widths": widths,
        "lr": lr,
        "num_steps": num_steps,
        "lr_lambda_max": lr * lambda_max,
        "lr_lambda_max_trained": lr * _lambda_max(task, examples, seed),
        **asdict(evaluate(task, examples)),
    }


def _fit(model: MLP, task: Task, examples: Examples, lr: float, settings: ManifoldSettings) -> int:
    """Train until the loss is low enough or falls no more.

    Returns:
        How many steps it took.

    Raises:
        InputError: If the loss is no longer finite.
    """
    inputs, targets = torch.as_tensor(examples.inputs), examples.require_targets("training")
    former, num_steps = np.inf, 0
    while num_steps < settings.max_steps:
        block = min(_STEPS_BETWEEN_LOOKS, settings.max_steps - num_steps)
        descend(model, inputs, targets, lr=lr, num_steps=block)
        num_steps += block
        loss = evaluate(task, examples, count_dead_units=False).loss
        if not np.isfinite(loss):
            message = f"the loss is {loss} after {num_steps} steps with lr {lr:g}; lower the rate"
            raise InputError(message)
        if loss <= settings.enough_loss or abs(former - loss) <= _SMALLEST_CHANGE * loss:
            break
        former = loss
    return num_steps


def _lambda_max(task: Task, examples: Examples, seed: int) -> float:
    generator = torch.Generator().manual_seed(derive_seed(seed, "curvature"))
    return compute_lambda_max(task, examples, generator=generator)
