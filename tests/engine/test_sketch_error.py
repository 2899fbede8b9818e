"""The reported error of a sketch is that of its inner products."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from closeness import assert_close
from engine_cases import RATE, Prepared, plan_kernel, prepare, products
from torch import Tensor
from zoo import named

from neurashed.engine import sketch_error
from neurashed.engine.first_order import Side, Tile, iterate_tiles
from neurashed.engine.plan import Plan
from neurashed.engine.sketch import Sketch
from neurashed.engine.sketch_error import SketchError, measure_sketch_error
from neurashed.engine.sketch_planning import plan_sketch
from neurashed.engine.sketched_plan import plan_sketched
from neurashed.errors import EngineMismatchError


def _setting(*, is_traced: bool, seed: int = 0) -> tuple[Prepared, tuple[Side, Side], Plan, Sketch]:
    ready = prepare(named("linear-on-sequence"), torch.device("cpu"), torch.float64)
    subject, count = ready.subject, ready.num_outputs
    sides = Side(ready.sources, subject.readouts), Side(ready.probes, subject.readouts)
    sizes = len(sides[0]), len(sides[1])
    plan = plan_kernel(subject, *sizes, cotangents=(count, count), is_traced=is_traced)
    return ready, sides, plan, plan_sketch(subject, sides, plan, dimension=40, seed=seed)


@pytest.mark.parametrize("is_traced", [True, False])
@pytest.mark.parametrize(("tile", "seed"), [(1, 0), (100, 0), (100, 1), (100, 2)])
def test_errors_are_relative_to_both_norms(is_traced: bool, tile: int, seed: int):
    ready, sides, plan, sketch = _setting(is_traced=is_traced, seed=seed)
    subject = ready.subject
    exact = products(subject, *sides, plan)[""]
    short = plan_sketched(subject, sketch, plan, RATE)
    ours, theirs = (replace(side, sketch=sketch) for side in sides)
    found = products(subject, ours, theirs, short)[""]
    own = [_own(subject_side, plan, ready) for subject_side in sides]
    sizes = own[0][:, None, :, None] * own[1][None, :, None, :]
    if is_traced:
        sizes = sizes[..., 0, 0]
    errors = (found - exact) / sizes.sqrt()
    got = measure_sketch_error(subject, sketch, sides, replace(plan, tile=tile), seed=0)
    # As few examples as there are, are all drawn.
    assert got.num_pairs == errors.numel()
    assert_close(got.rms, float(errors.square().mean().sqrt()))
    assert_close(got.largest, float(errors.abs().max()))
    short_own = [_own(side, short, ready) for side in (ours, theirs)]
    ratios = torch.cat([(a / b - 1).flatten() for a, b in zip(short_own, own, strict=True)])
    assert got.num_examples == len(ratios)
    assert_close(got.own_rms, float(ratios.square().mean().sqrt()))


def _own(side: Side, plan: Plan, ready: Prepared) -> Tensor:
    """Squared norms, ``(example, cotangent)``, one of all cotangents if traced."""
    whole = plan_kernel(
        ready.subject, len(side), None, cotangents=plan.workload.cotangents, is_traced=False
    )
    if side.sketch is not None:
        whole = plan_sketched(ready.subject, side.sketch, whole, RATE)
    block = products(ready.subject, side, None, whole)[""]
    squares = block.diagonal(dim1=0, dim2=1).diagonal(dim1=0, dim2=1)
    return squares.sum(1, keepdim=True) if plan.workload.is_traced else squares


def test_gradients_of_zero_are_left_out():
    ready, sides, plan, sketch = _setting(is_traced=True)
    subject = ready.subject
    still = replace(sides[0], values=lambda p, x, y: 0 * subject.readouts(p, x, y))
    found = measure_sketch_error(subject, sketch, (still, still), plan, seed=0)
    assert found == SketchError(0.0, 0.0, 0.0, 0, 0)


def test_a_wrong_engine_is_noticed(monkeypatch: pytest.MonkeyPatch):
    ready, sides, plan, sketch = _setting(is_traced=True)

    def wrong(*args: object) -> Iterator[Tile]:
        for tile in iterate_tiles(*args):
            yield replace(tile, blocks={"": 2 * tile.blocks[""]})

    monkeypatch.setattr(sketch_error, "iterate_tiles", wrong)
    with pytest.raises(EngineMismatchError, match="the engine and plain autograd disagree"):
        measure_sketch_error(ready.subject, sketch, sides, plan, seed=0)
