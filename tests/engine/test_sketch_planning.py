"""The dimension of a sketch goes to the layers that need it, or follows from an error."""

from dataclasses import replace

import pytest
import torch
from engine_cases import plan_kernel
from torch import nn

from neurashed.engine.first_order import Side
from neurashed.engine.plan import Plan
from neurashed.engine.sketch import Sketch
from neurashed.engine.sketch_error import measure_sketch_error
from neurashed.engine.sketch_planning import plan_sketch
from neurashed.engine.sketch_sample import draw_sample
from neurashed.engine.subject import Subject, examine
from neurashed.errors import InputError
from neurashed.task import Task

NUM_EXAMPLES = 40


def _network() -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 40), nn.ReLU(),
        nn.Linear(40, 3),
    ).double()  # fmt: skip
    with torch.no_grad():
        for weight in model.parameters():
            fan_in = weight[0].numel() if weight.ndim > 1 else 100
            weight.copy_(torch.randn(weight.shape, generator=generator).double() / fan_in**0.5)
    return model


def _ready(*, is_traced: bool = True) -> tuple[Subject, Side, Plan]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(NUM_EXAMPLES, 1, 8, 8, generator=generator).double()
    batch = (x, torch.zeros(NUM_EXAMPLES, dtype=torch.long))
    subject = examine(Task(_network(), readout="output"), batch)
    plan = plan_kernel(subject, NUM_EXAMPLES, None, cotangents=(3, 3), is_traced=is_traced)
    return subject, Side(batch, subject.readouts), plan


def _dimensions(sketch: Sketch) -> dict[str, int]:
    return {layer.name: layer.dimension for layer in sketch.layers}


@pytest.mark.parametrize("dimension", [3, 100, 1000, 5000])
def test_a_dimension_is_shared_out(dimension: int):
    subject, side, plan = _ready()
    sketch = plan_sketch(subject, (side, None), plan, dimension=dimension)
    assert 0.98 * dimension - 3 <= sketch.dimension <= dimension
    for layer, one in zip(subject.layers, sketch.layers, strict=True):
        assert one.is_exact == (one.dimension == layer.num_parameters)
    if dimension == 5000:  # more than the small layers have
        assert _dimensions(sketch) | {"3": None} == {"0": 80, "3": None, "5": 123}


def test_more_than_all_parameters_is_exact():
    subject, side, plan = _ready()
    sketch = plan_sketch(subject, (side, None), plan, dimension=10**6)
    assert sketch.dimension == sum(layer.num_parameters for layer in subject.layers)
    assert sketch.expected_error == 0
    error = measure_sketch_error(subject, sketch, (side, None), plan, seed=0)
    assert error.largest < 1e-12


@pytest.mark.parametrize("is_traced", [True, False])
def test_the_expected_error_is_found(is_traced: bool):
    subject, side, plan = _ready(is_traced=is_traced)
    squares = []
    for seed in range(8):
        sketch = plan_sketch(subject, (side, None), plan, error=0.05, seed=seed)
        assert 0.045 < sketch.expected_error <= 0.05
        found = measure_sketch_error(subject, sketch, (side, None), plan, seed=seed)
        squares.append(found.rms**2)
    assert 0.8 < (sum(squares) / len(squares)) ** 0.5 / 0.05 < 1.2


def test_half_the_error_takes_four_times_the_dimension():
    subject, side, plan = _ready()
    wide, narrow = (
        plan_sketch(subject, (side, None), plan, error=error).dimension for error in (0.2, 0.1)
    )
    assert 3.5 < narrow / wide < 4.5


def test_the_same_seed_gives_the_same_sketch_however_work_is_cut():
    subject, side, plan = _ready()
    sketch = plan_sketch(subject, (side, None), plan, dimension=500, seed=4)
    small = replace(plan, batch=3, workspace=plan.workspace)
    assert plan_sketch(subject, (side, None), small, dimension=500, seed=4) == sketch
    assert plan_sketch(subject, (side, None), plan, dimension=500, seed=5) != sketch


def test_layers_without_gradients_keep_a_share():
    subject, side, plan = _ready()
    still = replace(side, values=lambda p, x, y: 0 * subject.readouts(p, x, y))
    sketch = plan_sketch(subject, (still, None), plan, dimension=300)
    assert _dimensions(sketch) == {"0": 80, "3": 110, "5": 110}


def test_a_sample_has_no_example_on_both_sides():
    _, side, _ = _ready()
    sources, probes = draw_sample((side, None), 0, "test")
    assert len(sources) == len(probes) == 16
    both = torch.cat([sources.batch[0], probes.batch[0]])
    assert len(both.unique(dim=0)) == 32
    one = replace(side, batch=(side.batch[0][:1], side.batch[1][:1]))
    assert [len(each) for each in draw_sample((one, None), 0, "test")] == [1, 1]
    ours, theirs = draw_sample((one, side), 0, "test")
    assert (len(ours), len(theirs)) == (1, 16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "dimension is None and error is None; give one of them"),
        ({"dimension": 10, "error": 0.1}, "dimension is 10 and error is 0.1; give one of them"),
        ({"dimension": 2}, "dimension 2 and the model 3 layers; .* dimension=300"),
        ({"error": 0.0}, "error of the sketch is 0.0; give a number between 0 and 1"),
        ({"error": float("nan")}, "error of the sketch is nan; give a number between 0 and 1"),
    ],
)
def test_requests_that_cannot_be_met(options: dict[str, float], message: str):
    subject, side, plan = _ready()
    with pytest.raises(InputError, match=message):
        plan_sketch(subject, (side, None), plan, **options)
