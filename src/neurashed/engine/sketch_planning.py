"""Choosing how many numbers stand for each layer's gradient.

A component of a layer's sketch gives an estimate of the inner product of two gradients; all
components are drawn alike, so the mean of ``D`` has the variance of one over ``D``. That of one is
measured on a few pairs by a pilot sketch. Of all ways to share a dimension out, shares in
proportion to the roots of the layers' variances leave the least error.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, sqrt

import torch
from torch import Tensor

from neurashed.engine.costs import measure_layer
from neurashed.engine.first_order import Side, record_rows
from neurashed.engine.layers import Layer
from neurashed.engine.plan import Plan
from neurashed.engine.sketch import LayerSketch, Sketch
from neurashed.engine.sketch_projection import GradientShape, stack_gradients
from neurashed.engine.sketch_sample import draw_sample
from neurashed.engine.subject import Subject
from neurashed.errors import InputError
from neurashed.seeding import derive_seed

__all__ = ["plan_sketch"]

_PILOT = 128
# A layer whose gradients vanish on the sample gets this much of an equal share all the same.
_LEAST_SHARE = 0.05


def plan_sketch(
    subject: Subject,
    sides: tuple[Side, Side | None],
    plan: Plan,
    *,
    dimension: int | None = None,
    error: float | None = None,
    seed: int = 0,
) -> Sketch:
    """Choose a sketch of a given dimension, or one that is expected to have a given error.

    Args:
        subject: The task.
        sides: The sources, and the probes or None if they are the sources.
        plan: The plan of the same work on gradients.
        dimension: Numbers that stand for one gradient, all layers together.
        error: Root of the mean square error of an inner product, relative to the norms of the two
            gradients, that is not to be passed on the mean pair of two examples.
        seed: Chooses the random vectors and the examples on which the sketch is planned.

    Returns:
        The sketch. Layers whose share would be as large as their gradient are kept exact.

    Raises:
        InputError: If not one of dimension and error is given, the dimension is smaller than the
            number of layers, or the error is not between 0 and 1.
    """  # noqa: DOC502 (raised by what is called)
    _check(dimension, error, len(subject.layers))
    sizes = {layer.name: layer.num_parameters for layer in subject.layers}
    variances = _measure_variances(subject, sides, plan, seed)
    if dimension is None:
        dimension = _find_dimension(variances, sizes, error or 0.0)
    shares = _share_out(variances, sizes, dimension)
    layers = tuple(_sketch_layer(subject, layer, shares[layer.name]) for layer in subject.layers)
    expected = sqrt(_expected_square(variances, sizes, shares))
    return Sketch(layers, seed, plan.workspace, expected)


def _check(dimension: int | None, error: float | None, num_layers: int) -> None:
    if (dimension is None) == (error is None):
        message = (
            f"dimension is {dimension} and error is {error}; give one of them, such as "
            "dimension=4096 or error=0.02"
        )
        raise InputError(message)
    if dimension is not None and dimension < num_layers:
        message = (
            f"the sketch has dimension {dimension} and the model {num_layers} layers; give each "
            f"layer at least one number, better a hundred: dimension={100 * num_layers}"
        )
        raise InputError(message)
    if error is not None and not (isfinite(error) and 0 < error < 1):
        message = (
            f"the error of the sketch is {error}; give a number between 0 and 1, such as 0.02, "
            "relative to the norms of two gradients"
        )
        raise InputError(message)


def _sketch_layer(subject: Subject, layer: Layer, dimension: int) -> LayerSketch:
    size = measure_layer(layer, subject.discovery.sites)
    factors = (size.positions * size.groups, 0 if size.is_one_hot else size.inputs, size.outputs)
    is_exact = dimension >= layer.num_parameters
    return LayerSketch(layer.name, GradientShape.of(layer), dimension, is_exact, factors)


def _measure_variances(
    subject: Subject, sides: tuple[Side, Side | None], plan: Plan, seed: int
) -> dict[str, float]:
    """Variance of one component by layer, relative to both squared norms: a mean over pairs."""
    layers = tuple(
        replace(_sketch_layer(subject, layer, _PILOT), is_exact=False) for layer in subject.layers
    )
    pilot = Sketch(layers, derive_seed(seed, "pilot sketch"), plan.workspace)
    rows, squares = [], []
    for side in draw_sample(sides, seed, "sketch planning"):
        everything = slice(0, len(side))
        found = record_rows(subject, replace(side, sketch=pilot), everything, plan.batch)
        by_layer = {name: stack_gradients(row) for name, row in found.items()}
        rows.append(by_layer)
        squares.append(torch.stack([v.square().sum(2) for v in by_layer.values()]).sum(0))
    if plan.workload.is_traced:
        squares = [square.sum(1, keepdim=True) for square in squares]
    sizes = torch.einsum("sk,pl->skpl", *squares)
    measured = {}
    for name in rows[0]:
        found = _variance(rows[0][name], rows[1][name], is_traced=plan.workload.is_traced)
        relative = (found / sizes)[sizes > 0]
        mean = float(relative.mean()) if len(relative) else 0.0
        # Two digits: no difference in rounding between machines should change the sketch.
        measured[name] = float(f"{mean:.1e}")
    return measured


def _variance(left: Tensor, right: Tensor, *, is_traced: bool) -> Tensor:
    """Variance of one component of the products, ``(source, k, probe, l)``."""
    count = left.shape[2]
    if is_traced:
        products = torch.einsum("skw,pkw->spw", left, right) * count
        return products.var(2)[:, None, :, None]
    mean = torch.einsum("skw,plw->skpl", left, right)
    square = torch.einsum("skw,plw->skpl", left.square(), right.square()) * count
    return (square - mean.square()).clamp(min=0) * (count / (count - 1))


def _weights(variances: Mapping[str, float]) -> dict[str, float]:
    roots = {name: sqrt(variance) for name, variance in variances.items()}
    mean = sum(roots.values()) / len(roots)
    return {name: max(root, _LEAST_SHARE * mean) or 1.0 for name, root in roots.items()}


def _share_out(
    variances: Mapping[str, float], sizes: Mapping[str, int], dimension: int
) -> dict[str, int]:
    """Numbers for each layer: in proportion to its weight, and never more than it has."""
    if dimension >= sum(sizes.values()):
        return dict(sizes)
    weights, shares, left = _weights(variances), dict[str, int](), dimension
    while True:
        offered = _offer(weights, left)
        full = [name for name, share in offered.items() if sizes[name] <= share]
        if not full:
            return shares | offered
        for name in full:
            shares[name] = sizes[name]
            left -= sizes[name]
            del weights[name]


def _offer(weights: Mapping[str, float], dimension: int) -> dict[str, int]:
    """One for each layer and the rest in proportion to the weights."""
    total, rest = sum(weights.values()), dimension - len(weights)
    return {name: 1 + int(rest * weight / total) for name, weight in weights.items()}


def _expected_square(
    variances: Mapping[str, float], sizes: Mapping[str, int], shares: Mapping[str, int]
) -> float:
    parts = [v / shares[name] for name, v in variances.items() if shares[name] < sizes[name]]
    return sum(parts, 0.0)


def _find_dimension(variances: Mapping[str, float], sizes: Mapping[str, int], error: float) -> int:
    """The smallest dimension whose expected error is small enough."""
    low, high = len(sizes), sum(sizes.values())
    while low < high:
        middle = (low + high) // 2
        shares = _share_out(variances, sizes, middle)
        if _expected_square(variances, sizes, shares) <= error**2:
            high = middle
        else:
            low = middle + 1
    return high
