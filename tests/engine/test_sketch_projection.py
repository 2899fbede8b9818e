"""Projections are those of the gradients, in whatever order they are computed."""

from collections.abc import Callable

import pytest
import torch
from closeness import assert_close
from engine_cases import prepare
from torch import Tensor
from zoo import named

from neurashed.engine import sketch_projection
from neurashed.engine.first_order import Side, record_rows
from neurashed.engine.layer_rows import LayerRows
from neurashed.engine.layers import Layer
from neurashed.engine.rows import DenseRows
from neurashed.engine.sketch_projection import (
    GradientShape,
    Projection,
    form_rows,
    project,
    projection_costs,
    stack_gradients,
)

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")

NAMES = [
    "mlp-relu",
    "frozen-weight",
    "linear-on-sequence",
    "linear-twice",
    "conv-1d-groups",
    "conv-2d-groups-strided",
    "conv-2d-unequal",
    "conv-2d-same-even-dilated",
    "conv-2d-folded-time",
    "conv-2d-depthwise",
    "conv-2d-transposed",
    "conv-2d-two-sizes",
    "embedding-padded",
    "embedding-tied-to-decoder",
    "norm-batch-1d",
    "attention",
    "transformer-layer",
    "tied-layers",
    "tied-biases",
    "parameter-alone",
    "parameter-scale-and-shift",
]
WORKSPACES = [1, 100, 10**6]
SEED = 3


def _layers(name: str, device: torch.device, dtype: torch.dtype) -> list[tuple[Layer, LayerRows]]:
    ready = prepare(named(name), device, dtype)
    side = Side(ready.sources, ready.subject.readouts)
    rows = record_rows(ready.subject, side, slice(0, len(side)), 3)
    return [(layer, rows[layer.name]) for layer in ready.subject.layers]


def _plain(gradients: Tensor, projection: Projection) -> Tensor:
    """Multiply gradients with the whole random matrix, ``(component, P)``."""
    plenty = Projection(projection.shape, projection.dimension, projection.seed, 10**9)
    ((_, rows, columns),) = plenty.vectors(gradients)
    matrices = torch.einsum("dr,dc->drc", rows, columns)
    num_inputs = projection.shape.num_inputs
    weights, bias = matrices[..., :num_inputs], matrices[..., num_inputs:]
    whole = torch.cat([weights.flatten(1), bias.flatten(1)], 1)
    return gradients @ whole.T / projection.dimension**0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", ["factors", "formed", "cheapest"])
def test_projections_are_those_of_gradients(
    name: str,
    order: str,
    device: torch.device,
    dtype: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
):
    if order != "cheapest":
        monkeypatch.setattr(sketch_projection, "_is_cheapest", lambda *_: order == "factors")
    for layer, rows in _layers(name, device, dtype):
        shape = GradientShape.of(layer)
        assert shape.num_parameters == layer.num_parameters
        expected = _plain(stack_gradients(rows), Projection(shape, 5, SEED, 1))
        for workspace in WORKSPACES:
            found = project(rows, Projection(shape, 5, SEED, workspace))
            assert_close(found.values, expected)
        part = project(rows.part(1, 3), Projection(shape, 5, SEED, WORKSPACES[-1]))
        assert_close(part.values, expected[1:3])


@pytest.mark.parametrize("name", ["conv-2d-groups", "embedding-padded", "parameter-einsum"])
@pytest.mark.parametrize("workspace", WORKSPACES)
def test_formed_rows_are_the_gradients(
    name: str, workspace: int, device: torch.device, dtype: torch.dtype
):
    for layer, rows in _layers(name, device, dtype):
        found = form_rows(rows, GradientShape.of(layer), workspace)
        assert_close(found.values, stack_gradients(rows))


def test_the_workspace_bounds_the_random_vectors(monkeypatch: pytest.MonkeyPatch):
    drawn: list[int] = []
    plain = sketch_projection.draw_signs

    def draw(*args: object, **place: object) -> Tensor:
        signs = plain(*args, **place)
        drawn.append(signs.numel())
        return signs

    monkeypatch.setattr(sketch_projection, "draw_signs", draw)
    shape = GradientShape(300, 1, has_bias=False)
    project(DenseRows(torch.ones(2, 1, 300)), Projection(shape, 50, SEED, 1000))
    assert sum(drawn) == 50 * 301
    assert max(drawn) <= 1000


def test_other_seeds_and_sides_give_other_vectors():
    shape = GradientShape(200, 200, has_bias=False)
    seen = []
    for seed in (1, 2):
        ((_, rows, columns),) = Projection(shape, 3, seed, 10**6).vectors(torch.zeros(()))
        seen += [rows, columns]
    for index, one in enumerate(seen):
        assert all(float((one * other).mean().abs()) < 0.2 for other in seen[:index])


def _second_moment(a: Tensor, b: Tensor) -> Tensor:
    """Mean square of ``(uᵀ A v)(uᵀ B v)`` over independent random signs, as the docs derive it."""
    ab, ba = a.T @ b, a @ b.T
    total = 2 * (a * b).sum() ** 2 + a.square().sum() * b.square().sum()
    total = total + ab.square().sum() + (ab * ab.T).sum() + ba.square().sum() + (ba * ba.T).sum()
    total = total + ((a.T @ a) * (b.T @ b)).sum() + ((a @ a.T) * (b @ b.T)).sum()
    for axis in (0, 1):
        inner, sizes = (a * b).sum(axis), a.square().sum(axis) * b.square().sum(axis)
        total = total - 2 * (2 * inner.square() + sizes).sum()
    return total + 4 * (a * b).square().sum()


def _low_rank(generator: torch.Generator, rank: int) -> Callable[[], Tensor]:
    def draw() -> Tensor:
        outputs = torch.randn(4, rank, generator=generator, dtype=torch.float64)
        inputs = 0.5 + torch.randn(rank, 6, generator=generator, dtype=torch.float64)
        return outputs @ inputs

    return draw


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_mean_and_variance_over_seeds(rank: int, generator: torch.Generator):
    draw = _low_rank(generator, rank)
    shape, dimension, num_seeds = GradientShape(4, 6, has_bias=False), 8, 6000
    pair = (a := draw(), a + 0.5 * draw())
    rows = DenseRows(torch.stack(pair).flatten(1).unsqueeze(1))
    found = torch.stack([
        project(rows, Projection(shape, dimension, seed, 10**6)).values[:, 0].prod(0).sum()
        for seed in range(num_seeds)
    ])
    inner = (pair[0] * pair[1]).sum()
    variance = (_second_moment(*pair) - inner**2) / dimension
    standard_error = (variance / num_seeds) ** 0.5
    assert abs(found.mean() - inner) < 4 * standard_error
    # The variance itself is estimated to about 3 %: its tails are longer than a normal's.
    assert 0.88 < found.var() / variance < 1.12
    bound = 8 * pair[0].square().sum() * pair[1].square().sum() / dimension
    assert variance <= bound


def test_a_single_column_has_the_variance_of_a_dense_projection(generator: torch.Generator):
    a, b = torch.randn(2, 30, 1, generator=generator, dtype=torch.float64)
    inner = (a * b).sum()
    dense = a.square().sum() * b.square().sum() + inner**2 - 2 * (a * b).square().sum()
    assert_close(_second_moment(a, b) - inner**2, dense)


def test_costs_follow_the_shape():
    shape = GradientShape(64, 577, has_bias=True)
    many = projection_costs(shape, (1024, 576, 64), 200, 1)
    few = projection_costs(shape, (1, 576, 64), 200, 1)
    assert many["formed"] < many["factors"]
    assert few["factors"] < few["formed"]
    assert few["factors"] == 2 * 200 * (576 + 65)
    assert projection_costs(shape, (0, 0, 0), 200, 3) == {"formed": 3 * 2 * 200 * 64 * 577}
