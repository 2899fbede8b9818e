"""Sketched rows take the place of gradients everywhere, however the work is cut."""

from dataclasses import replace

import pytest
import torch
from closeness import assert_close
from engine_cases import RATE, Prepared, plan_kernel, prepare, products
from zoo import CASES, Case, named

from neurashed.engine.contraction import Contraction
from neurashed.engine.first_order import Side, record_rows, self_tile
from neurashed.engine.plan import Plan
from neurashed.engine.rows import DenseRows
from neurashed.engine.sketch import LayerSketch, Sketch
from neurashed.engine.sketch_projection import GradientShape, stack_gradients
from neurashed.engine.sketched_plan import plan_sketched

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")

KINDS = [
    named(name)
    for name in ("mlp-relu", "conv-2d-groups-strided", "transformer-layer",
                 "embedding-tied-to-decoder", "parameter-einsum")
]  # fmt: skip


def _sketch(ready: Prepared, dimension: int, workspace: int = 10**6) -> Sketch:
    """The same dimension for every layer that has more parameters."""
    layers = tuple(
        LayerSketch(
            layer.name,
            GradientShape.of(layer),
            min(dimension, layer.num_parameters),
            dimension >= layer.num_parameters,
        )
        for layer in ready.subject.layers
    )
    return Sketch(layers, 0, workspace)


def _plans(ready: Prepared, sketch: Sketch, *, is_traced: bool, memory: int) -> tuple[Plan, Plan]:
    count = ready.num_outputs
    plan = plan_kernel(
        ready.subject, len(ready.sources[1]), None, cotangents=(count, count),
        is_traced=is_traced, memory=memory,
    )  # fmt: skip
    return plan, plan_sketched(ready.subject, sketch, plan, RATE)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_sketch_as_large_as_the_gradients_is_exact(
    case: Case, device: torch.device, dtype: torch.dtype
):
    ready = prepare(case, device, dtype)
    sketch = _sketch(ready, 10**9)
    side = Side(ready.sources, ready.subject.readouts)
    plan, short = _plans(ready, sketch, is_traced=True, memory=10**9)
    expected = products(ready.subject, side, None, plan)
    found = products(ready.subject, replace(side, sketch=sketch), None, short)
    assert_close(found[""], expected[""])


@pytest.mark.parametrize("case", KINDS, ids=[case.name for case in KINDS])
@pytest.mark.parametrize("is_traced", [True, False])
def test_cutting_changes_nothing(
    case: Case, is_traced: bool, device: torch.device, dtype: torch.dtype
):
    ready = prepare(case, device, dtype)
    sketch = _sketch(ready, 7)
    side = Side(ready.sources, ready.subject.readouts, sketch)
    _, plan = _plans(ready, sketch, is_traced=is_traced, memory=10**9)
    rows = record_rows(ready.subject, side, slice(0, len(side)), 10)
    assert all(isinstance(row, DenseRows) for row in rows.values())
    values = torch.cat([stack_gradients(row) for row in rows.values()], 2)
    assert values.shape[2] == sketch.dimension
    expected = torch.einsum("skw,plw->spkl", values, values)
    if is_traced:
        expected = expected.diagonal(dim1=2, dim2=3).sum(2)
    small = replace(plan, tile=3, batch=2, workspace=50)
    tight = replace(side, sketch=replace(sketch, workspace=20))
    for one, how in ((side, plan), (side, small), (tight, small)):
        assert_close(products(ready.subject, one, None, how)[""], expected)


def test_products_of_each_example_with_itself(device: torch.device, dtype: torch.dtype):
    ready = prepare(named("conv-2d-groups"), device, dtype)
    sketch = _sketch(ready, 9)
    side = Side(ready.sources, ready.subject.losses, sketch)
    _, plan = _plans(ready, sketch, is_traced=False, memory=10**9)
    found = self_tile(ready.subject, side, ready.subject.readouts, plan)
    everything = slice(0, len(side))
    ours, theirs = (
        record_rows(ready.subject, replace(side, values=values), everything, 10)
        for values in (ready.subject.losses, ready.subject.readouts)
    )
    expected = sum(
        torch.einsum("skw,slw->skl", stack_gradients(ours[name]), stack_gradients(theirs[name]))
        for name in ours
    )
    assert_close(found, expected)


def test_small_layers_are_exact_and_others_are_not(device: torch.device, dtype: torch.dtype):
    ready = prepare(named("conv-2d-two-sizes"), device, dtype)
    sketch = _sketch(ready, 60)
    assert [(layer.is_exact, layer.dimension) for layer in sketch.layers] == [
        (True, 57),
        (False, 60),
    ]
    side = Side(ready.sources, ready.subject.readouts)
    everything = slice(0, len(side))
    plain = record_rows(ready.subject, side, everything, 10)
    short = record_rows(ready.subject, replace(side, sketch=sketch), everything, 10)
    assert_close(stack_gradients(short["conv"]), stack_gradients(plain["conv"]))
    assert short["head"].gradients(0).shape == (len(side), 60)


def test_the_plan_of_sketched_work(device: torch.device, dtype: torch.dtype):
    ready = prepare(named("linear-on-sequence"), device, dtype)
    sketch = _sketch(ready, 3)
    count = ready.num_outputs
    plan = plan_kernel(
        ready.subject, 50_000, None, cotangents=(count, count), is_traced=True, memory=16 * 10**6
    )
    short = plan_sketched(ready.subject, sketch, plan, RATE)
    assert short.tile > plan.tile
    assert short.batch == plan.batch <= plan.tile
    assert short.pass_operations < plan.pass_operations
    assert short.operations < plan.operations
    for layer, one in zip(short.layers, sketch.layers, strict=True):
        assert (layer.name, layer.num_parameters) == (one.name, one.dimension)
        how = short.contraction(layer.name)
        assert how == Contraction("gradients", plan.workspace, True, one.dimension, 0)
    apart = replace(plan, workload=replace(plan.workload, is_symmetric=False))
    repeated = -(-50_000 // apart.tile)
    once = plan_sketched(ready.subject, sketch, apart, RATE)
    sides = (1 + count) * 50_000 * (1 + -(-50_000 // once.tile))
    before = (1 + count) * 50_000 * (1 + repeated)
    assert once.pass_operations == pytest.approx(apart.pass_operations * sides / before)


def test_a_sketch_as_plain_values():
    ready = prepare(named("mlp-relu"), torch.device("cpu"), torch.float64)
    found = _sketch(ready, 10).to_dict()
    assert found["dimension"] == sum(each["dimension"] for each in found["layers"].values())
    assert found["seed"] == 0
    assert {each["is_exact"] for each in found["layers"].values()} == {False}
