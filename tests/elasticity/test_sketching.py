"""Measures from sketched gradients: near the exact ones, and they say how near."""

import numpy as np
import pytest
import torch
from closeness import assert_close
from torch import nn

import neurashed as ns
from neurashed.elasticity import MeasurementOptions, plan_measurement
from neurashed.errors import InputError

NUM_EXAMPLES = 48
# More than the network has parameters: nothing is projected.
EVERYTHING = 10**6


def _task(num_outputs: int, loss: str) -> ns.Task:
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(54, 60), nn.ReLU(),
        nn.Linear(60, num_outputs),
    ).double()  # fmt: skip
    with torch.no_grad():
        for weight in model.parameters():
            size = weight[0].numel() if weight.ndim > 1 else 10
            weight.copy_(torch.randn(weight.shape, generator=generator).double() / size**0.5)
    return ns.Task(model, loss=loss, readout="output", lr=1e-2)


def _examples(num_outputs: int, first: int = 0, count: int = NUM_EXAMPLES) -> ns.Examples:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(100, 1, 8, 8, generator=generator).double()
    y = torch.randint(num_outputs, (100,), generator=generator)
    if num_outputs == 1:
        y = torch.randn(100, generator=generator).double()
    part = slice(first, first + count)
    return ns.Examples(inputs=x[part], targets=y[part], ids=np.arange(100)[part])


def _setting(num_outputs: int) -> tuple[ns.Task, ns.Examples, ns.Examples]:
    task = _task(num_outputs, "mse" if num_outputs == 1 else "cross_entropy")
    return task, _examples(num_outputs), _examples(num_outputs, 60, 20)


def _sketched(sketch: float, seed: int = 0) -> MeasurementOptions:
    return MeasurementOptions(sketch=sketch, seed=seed)


MEASURES = [
    *((1, measure) for measure in ("relative", "loss_change", "kernelized", "cosine")),
    *((3, measure) for measure in ("relative", "loss_change", "refined", "tangent_kernel")),
]


@pytest.mark.parametrize(("num_outputs", "measure"), MEASURES)
@pytest.mark.parametrize("has_probes", [False, True])
def test_a_sketch_of_everything_is_exact(num_outputs: int, measure: str, has_probes: bool):
    task, sources, probes = _setting(num_outputs)
    given = (task, sources, probes if has_probes else None)
    exact = ns.measure_elasticity(*given, measure=measure, step="first_order")
    found = ns.measure_elasticity(
        *given, measure=measure, step="first_order", options=_sketched(EVERYTHING)
    )
    assert_close(found, exact)
    assert exact.attrs["provenance"]["exact"]
    assert not found.attrs["provenance"]["exact"]


@pytest.mark.parametrize("form", [{}, {"outputs": "full"}, {"by_layer": True}])
def test_kernels_in_every_form(form: dict[str, object]):
    task, sources, probes = _setting(3)
    exact = ns.tangent_kernel(task, sources, probes, **form)
    found = ns.tangent_kernel(task, sources, probes, **form, options=_sketched(EVERYTHING))
    assert_close(found, exact)


def test_the_reported_error_is_that_of_the_result():
    task, sources, _ = _setting(3)
    exact = ns.tangent_kernel(task, sources).values
    found = ns.tangent_kernel(task, sources, options=_sketched(2000))
    sketch = found.attrs["provenance"]["sketch"]
    assert sketch["requested"] == {"dimension": 2000}
    assert 1990 < sketch["dimension"] <= 2000
    assert sketch["measured_error"]["num_pairs"] == 256
    sizes = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    errors = (found.values - exact) / sizes
    apart = errors[~np.eye(len(errors), dtype=bool)]
    rms = np.sqrt(np.mean(apart**2))
    assert 0.005 < rms < 0.1
    assert 0.7 < rms / sketch["measured_error"]["rms"] < 1.4
    assert 0.7 < rms / sketch["expected_error"] < 1.4
    assert np.linalg.eigvalsh(found.values)[0] > -1e-9 * np.trace(found.values)


def test_an_error_is_kept():
    task, sources, _ = _setting(3)
    found = ns.measure_elasticity(task, sources, measure="cosine", options=_sketched(0.05))
    sketch = found.attrs["provenance"]["sketch"]
    assert sketch["requested"] == {"error": 0.05}
    assert sketch["expected_error"] <= 0.05
    exact = ns.measure_elasticity(task, sources, measure="cosine").values
    # A cosine divides by sketched norms, whose own error adds to that of the product.
    assert np.sqrt(np.mean((found.values - exact) ** 2)) < 0.08
    assert_close(np.diag(found.values), np.ones(NUM_EXAMPLES))


def test_ratios_of_a_source_with_itself_stay_one():
    task, sources, _ = _setting(3)
    found = ns.measure_elasticity(
        task, sources, measure="relative", step="first_order", options=_sketched(1000)
    )
    assert_close(np.diag(found.values), np.ones(NUM_EXAMPLES))


def test_the_budget_changes_nothing_and_the_seed_everything():
    task, sources, probes = _setting(3)
    options = _sketched(500)
    results = [
        ns.tangent_kernel(task, sources, probes, memory=memory, options=options)
        for memory in ("16MB", "1GB")
    ]
    assert_close(results[0], results[1])
    other = ns.tangent_kernel(task, sources, probes, options=_sketched(500, seed=1))
    assert float(np.abs(other.values - results[0].values).max()) > 1e-3


def test_the_plan_shows_the_sketch():
    task, sources, _ = _setting(3)
    plan = plan_measurement(task, sources, measure="cosine", options=_sketched(500)).plan
    assert {layer.route for layer in plan.layers} == {"gradients"}
    assert 490 < sum(layer.num_parameters for layer in plan.layers) <= 500


@pytest.mark.parametrize("sketch", [0, -5, 1.5, 0.0, 1.0, True])
def test_a_sketch_is_a_dimension_or_an_error(sketch: float):
    with pytest.raises(InputError, match=r"sketch is .*; give a dimension, such as 4096, or an er"):
        MeasurementOptions(sketch=sketch)


def test_an_exact_step_has_no_sketch():
    task, sources, _ = _setting(3)
    with pytest.raises(InputError, match="step is 'exact': a sketch estimates inner products"):
        ns.measure_elasticity(task, sources, measure="relative", options=_sketched(500))
    with pytest.raises(InputError, match="the sketch has dimension 2 and the model 3 layers"):
        ns.tangent_kernel(task, sources, options=_sketched(2))
