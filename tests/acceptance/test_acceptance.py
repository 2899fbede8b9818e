"""What any implementation must satisfy, through the front door alone."""

import closed_forms
import numpy as np
import oracle
import pytest
import torch
import xarray as xr
from closeness import assert_close
from measurement_cases import measured
from torch import Tensor, nn
from zoo import CLASSIFIER, Case, named

import neurashed as ns
from neurashed.elasticity import MeasurementOptions

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")

STEPS = ("exact", "first_order")
SMOOTH = ["mlp", "depthwise-separable", "resnet-batch-norm", "resnet-group-norm", "language-model"]
OWN_IDS = [f"probe {n}" for n in range(5)]


@pytest.fixture
def sources(generator: torch.Generator) -> Tensor:
    return torch.randn(4, 6, generator=generator, dtype=torch.float64)


@pytest.fixture
def probes(generator: torch.Generator) -> Tensor:
    return torch.randn(5, 6, generator=generator, dtype=torch.float64)


@pytest.fixture
def weights(generator: torch.Generator) -> Tensor:
    return torch.randn(6, generator=generator, dtype=torch.float64)


def _relative(
    model: nn.Module, sources: Tensor, probes: Tensor, *, lr: float, step: str = "exact"
) -> Tensor:
    wanted = torch.full((9, 1), 3.0, dtype=torch.float64)
    ours = ns.Examples(sources, wanted[:4])
    theirs = ns.Examples(probes, wanted[4:], ids=OWN_IDS)
    found = ns.measure_elasticity(ns.Task(model, lr=lr), ours, theirs, step=step)
    return torch.from_numpy(found.values)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet-batch-norm"])
def test_an_example_is_fully_elastic_to_itself(name: str, step: str):
    ready = measured(named(name))
    again = ns.Examples(*ready.sides(None)[:2])
    for measure in ("relative", "refined"):
        found = ns.measure_elasticity(ready.task, ready.sources, measure=measure, step=step)
        assert (found.values.diagonal() == 1).all()
        found = ns.measure_elasticity(ready.task, ready.sources, again, measure=measure, step=step)
        assert_close(found.values.diagonal(), np.ones(4), kind="difference")


@pytest.mark.parametrize("name", ["mlp", "mlp-sigmoid"])
def test_a_rate_of_zero_changes_nothing_in_any_readout_or_divergence(name: str):
    for readout in CLASSIFIER:
        ready = measured(named(name), readout, lr=0.0)
        for probes in (None, ready.probes):
            for step in STEPS:
                found = ns.measure_elasticity(ready.task, ready.sources, probes, step=step)
                _assert_undefined(found)
    for divergence in ("kl", "symmetric_kl"):
        options = MeasurementOptions(divergence=divergence)
        for step in STEPS:
            found = ns.measure_elasticity(
                ready.task, ready.sources, measure="refined", step=step, options=options
            )
            _assert_undefined(found)
    for step in STEPS:
        found = ns.measure_elasticity(ready.task, ready.sources, measure="loss_change", step=step)
        assert (found == 0).all()
        assert found.attrs["provenance"]["undefined"]["count"] == 0


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet-batch-norm"])
def test_nor_does_rounding_change_anything(name: str):
    """Many steps at a time round otherwise than one; a step that is none must not show it."""
    ready = measured(named(name), lr=0.0)
    options = MeasurementOptions(dtype="float32")
    for measure in ("relative", "refined"):
        found = ns.measure_elasticity(
            ready.task, ready.sources, ready.probes, measure=measure, options=options
        )
        _assert_undefined(found)
    found = ns.measure_elasticity(
        ready.task, ready.sources, ready.probes, measure="loss_change", options=options
    )
    assert (found == 0).all()


def _assert_undefined(found: xr.DataArray) -> None:
    assert found.isnull().all()
    assert (found.self_response == 0).all()
    assert found.attrs["provenance"]["undefined"] == {"count": found.size, "fraction": 1.0}


def _whole_numbers(*, outputs: int) -> nn.Module:
    """A network whose outputs are whole numbers, so that an example can be fitted exactly."""
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, outputs)).double()
    values = [[[1, -1, 0], [0, 1, 2]], [1, -1], [[2, -1]] * outputs, [-2] * outputs]
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), values, strict=True):
            parameter.copy_(torch.tensor(value))
    return model


@pytest.mark.parametrize("step", STEPS)
def test_a_fitted_source_is_undefined_and_only_it(step: str):
    x = torch.tensor([[1, 0, 1], [2, 0, 0], [0, 3, -1]], dtype=torch.float64)
    for loss, fitted in (("mse", torch.tensor(1.0)), ("bce", torch.tensor(0.5))):
        model = _whole_numbers(outputs=1)
        x[0] = torch.tensor([1.0, 0.0, 1.0] if loss == "mse" else [1.0, 0.0, 1.5])
        output = model(x).detach()
        targets = torch.tensor([[0.0], [1.0], [0.0]]).double()
        targets[0] = output[0] if loss == "mse" else fitted
        if loss == "bce":
            model[2].bias.data -= output[0]  # a logit of zero predicts one half
        task = ns.Task(model, loss=loss, lr=1e-3)
        examples = ns.Examples(x, targets)
        for measure in ("relative", "refined")[: 1 + (loss == "bce")]:
            found = ns.measure_elasticity(task, examples, measure=measure, step=step)
            assert found[0].isnull().all()
            assert found[1:].notnull().all()
            assert found.self_response[0] == 0
            assert found.attrs["provenance"]["undefined"]["count"] == 3
        change = ns.measure_elasticity(task, examples, measure="loss_change", step=step)
        assert (change[0] == 0).all()


def _errors(case: Case, measure: str, lr: float) -> np.ndarray:
    """How far taken steps are from their first order, in all pairs."""
    ready = measured(case, lr=lr)
    exact, first = (
        ns.measure_elasticity(ready.task, ready.sources, ready.probes, measure=measure, step=step)
        for step in STEPS
    )
    return np.abs((exact - first).values)


@pytest.mark.parametrize(("measure", "slope"), [("relative", 1), ("loss_change", 2)])
@pytest.mark.parametrize("name", SMOOTH)
def test_taken_steps_approach_their_first_order(name: str, measure: str, slope: int):
    large, small = (_errors(named(name), measure, lr).mean() for lr in (4e-4, 1e-4))
    assert abs(np.log(large / small) / np.log(4) - slope) < 0.1


def test_kernelized_elasticity_of_squared_loss_is_the_kernel():
    ready = measured(named("mlp-scalar"), "output", lr=1e-7)
    kernel = ns.tangent_kernel(ready.task, ready.sources, ready.probes)
    found = ns.measure_elasticity(ready.task, ready.sources, ready.probes, measure="kernelized")
    _assert_within(found.values, kernel.values, 1e-6)


def _assert_within(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def _with_sigmoid(logits: nn.Module) -> nn.Module:
    return nn.Sequential(logits, nn.Sigmoid())


@pytest.mark.parametrize("step", STEPS)
def test_kernelized_elasticity_of_binary_cross_entropy(step: str):
    """On logits it is their kernel, on probabilities that of the probabilities; there is no ½."""
    ready = measured(named("mlp-sigmoid"), lr=1e-7)
    sides = ready.sides(ready.probes)
    kernel = oracle.tangent_kernel(ready.model, lambda o, _: o, *sides)[..., 0, 0]
    slopes = [(p * (1 - p))[:, 0] for p in (ready.model(x).sigmoid() for x in (sides[0], sides[2]))]
    scaled = (slopes[0][:, None] * kernel * slopes[1]).detach()
    sigmoid = _with_sigmoid(ready.model)
    for model, loss, readout, expected in (
        (ready.model, "bce", "logits", kernel),
        (ready.model, "bce", "probabilities", scaled),
        (sigmoid, "bce_on_probabilities", "output", scaled),
        (sigmoid, "bce_on_probabilities", "probabilities", scaled),
        (sigmoid, "bce_on_probabilities", "logits", kernel),
    ):
        task = ns.Task(model, loss=loss, readout=readout, lr=1e-7)
        found = ns.measure_elasticity(
            task, ready.sources, ready.probes, measure="kernelized", step=step
        )
        _assert_within(found.values, expected.numpy(), 1e-6)


def test_losses_on_logits_and_on_probabilities_take_the_same_step():
    ready = measured(named("mlp-sigmoid"), "logits")
    task = ns.Task(
        _with_sigmoid(ready.model), loss="bce_on_probabilities", readout="logits", lr=ready.lr
    )
    for measure in ("relative", "refined", "loss_change"):
        found, expected = (
            ns.measure_elasticity(each, ready.sources, ready.probes, measure=measure)
            for each in (task, ready.task)
        )
        assert_close(found, expected, kind="difference")


@pytest.mark.parametrize("lr", [1e-6, 0.1])
def test_a_linear_model_at_any_step(sources: Tensor, probes: Tensor, weights: Tensor, lr: float):
    found = _relative(closed_forms.linear_model(weights), sources, probes, lr=lr)
    _assert_within(found.numpy(), closed_forms.linear_relative(sources, probes).numpy(), 1e-6)


@pytest.mark.parametrize("step", STEPS)
def test_a_relu_gate(sources: Tensor, probes: Tensor, weights: Tensor, step: str):
    sources[0] = -sources[0]  # inactive
    expected = closed_forms.relu_gate_relative(weights, sources, probes)
    found = _relative(closed_forms.relu_gate_model(weights), sources, probes, lr=1e-4, step=step)
    assert expected.isnan().any()
    assert (expected == 0).any()
    assert_close(found, expected, kind="difference")


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_a_homogeneous_model(degree: int, sources: Tensor, probes: Tensor, weights: Tensor):
    model = closed_forms.homogeneous_model(weights, degree)
    expected = closed_forms.homogeneous_relative(weights, degree, sources, probes).numpy()
    _assert_within(_relative(model, sources, probes, lr=1e-8).numpy(), expected, 1e-6)
    found = _relative(model, sources, probes, lr=1e-8, step="first_order")
    assert_close(found, expected)


def test_ridge_at_any_step(generator: torch.Generator, sources: Tensor, probes: Tensor):
    heads = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    model = closed_forms.ridge_model(heads, penalty=0.7)
    wanted = torch.eye(3, dtype=torch.float64)[1].expand(9, 3)
    task = ns.Task(model, loss=closed_forms.ridge_loss, readout=closed_forms.ridge_readout, lr=0.05)
    ours = ns.Examples(sources, wanted[:4])
    theirs = ns.Examples(probes, wanted[4:], ids=OWN_IDS)
    expected = closed_forms.ridge_relative(heads, 1, 0.7, sources, probes).numpy()
    by_force = oracle.relative_elasticity(
        model, closed_forms.ridge_loss, closed_forms.ridge_readout,
        sources, wanted[:4], probes, wanted[4:], lr=0.05,
    )  # fmt: skip
    for step in STEPS:
        found = ns.measure_elasticity(task, ours, theirs, step=step)
        _assert_within(found.values, expected, 1e-6)
        _assert_within(found.values, by_force.numpy(), 1e-6)


def test_two_layer_kernel(generator: torch.Generator, sources: Tensor, probes: Tensor):
    weight = torch.randn(7, 6, generator=generator, dtype=torch.float64)
    bias, outer = torch.randn(2, 7, generator=generator, dtype=torch.float64)
    task = ns.Task(closed_forms.two_layer_model(weight, bias, outer))
    ours, theirs = ns.Examples(sources), ns.Examples(probes, ids=OWN_IDS)
    expected = closed_forms.two_layer_kernel(weight, bias, outer, sources, probes)
    assert_close(ns.tangent_kernel(task, ours, theirs), expected)


@pytest.mark.parametrize("name", ["mlp", "mlp-sigmoid", "language-model"])
def test_refined_elasticity_of_small_steps_does_not_depend_on_the_rate(name: str):
    """Responses of 1e-9 give divergences of 1e-18, which subtraction could not resolve."""
    limit = measured(named(name))
    expected = ns.measure_elasticity(
        limit.task, limit.sources, limit.probes, measure="refined", step="first_order"
    )
    for lr, tolerance in ((1e-6, 1e-4), (1e-8, 1e-5)):
        ready = measured(named(name), lr=lr)
        for divergence in ("kl", "symmetric_kl"):
            found = ns.measure_elasticity(
                ready.task, ready.sources, ready.probes, measure="refined",
                options=MeasurementOptions(divergence=divergence),
            )  # fmt: skip
            _assert_within(found.values, expected.values, tolerance)


def test_refined_elasticity_of_one_logit_is_relative_squared_up_to_confidence():
    ready = measured(named("mlp-sigmoid"), "logits")
    relative, refined = (
        ns.measure_elasticity(
            ready.task, ready.sources, ready.probes, measure=measure, step="first_order"
        )
        for measure in ("relative", "refined")
    )
    p, q = (ready.model(x).sigmoid().detach().numpy() for x in ready.sides(ready.probes)[::2])
    variance = (q * (1 - q)).T / (p * (1 - p))
    assert_close(refined, relative.values**2 * variance)
    assert (np.argsort(refined.values / variance) == np.argsort(relative.values)).all()
