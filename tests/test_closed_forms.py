"""The oracle agrees with the closed forms, and the closed forms with chance."""

import closed_forms
import oracle
import pytest
import torch
from closeness import assert_close
from torch import Tensor, nn

MSE, OUTPUT = oracle.LOSSES["mse"], oracle.READOUTS["mse"]["output"]


@pytest.fixture
def sources(generator: torch.Generator) -> Tensor:
    return torch.randn(4, 6, generator=generator).double()


@pytest.fixture
def probes(generator: torch.Generator) -> Tensor:
    return torch.randn(5, 6, generator=generator).double()


@pytest.fixture
def weights(generator: torch.Generator) -> Tensor:
    return torch.randn(6, generator=generator).double()


def _relative(model: nn.Module, sources: Tensor, probes: Tensor, lr: float) -> Tensor:
    targets = torch.full((9, 1), 3.0, dtype=torch.float64)
    return oracle.relative_elasticity(
        model, MSE, OUTPUT, sources, targets[:4], probes, targets[4:], lr
    )


def test_linear_model_at_any_step(sources: Tensor, probes: Tensor, weights: Tensor):
    found = _relative(closed_forms.linear_model(weights), sources, probes, lr=0.1)
    assert_close(found, closed_forms.linear_relative(sources, probes))


def test_relu_gate(sources: Tensor, probes: Tensor, weights: Tensor):
    expected = closed_forms.relu_gate_relative(weights, sources, probes)
    assert expected.isnan().any()
    assert (expected == 0).any()
    found = _relative(closed_forms.relu_gate_model(weights), sources, probes, lr=1e-4)
    assert_close(found, expected, kind="difference")


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_homogeneous_model(degree: int, sources: Tensor, probes: Tensor, weights: Tensor):
    model = closed_forms.homogeneous_model(weights, degree)
    expected = closed_forms.homogeneous_relative(weights, degree, sources, probes)
    targets = torch.zeros(9, 1, dtype=torch.float64)
    kernel = oracle.tangent_kernel(model, OUTPUT, sources, targets[:4], probes, targets[4:])
    own = oracle.tangent_kernel(model, OUTPUT, sources, targets[:4], sources, targets[:4])
    assert_close(kernel[..., 0, 0].abs() / own[..., 0, 0].diagonal()[:, None], expected)


def test_ridge_at_any_step(generator: torch.Generator, sources: Tensor, probes: Tensor):
    heads = torch.randn(3, 6, generator=generator).double()
    model = closed_forms.ridge_model(heads, penalty=0.7)
    targets = torch.eye(3, dtype=torch.float64)[1].expand(9, 3)
    found = oracle.relative_elasticity(
        model, closed_forms.ridge_loss, closed_forms.ridge_readout,
        sources, targets[:4], probes, targets[4:], lr=0.05,
    )  # fmt: skip
    assert_close(found, closed_forms.ridge_relative(heads, 1, 0.7, sources, probes))


def test_two_layer_kernel(generator: torch.Generator, sources: Tensor, probes: Tensor):
    weight = torch.randn(7, 6, generator=generator).double()
    bias, outer = torch.randn(2, 7, generator=generator).double()
    model = closed_forms.two_layer_model(weight, bias, outer)
    targets = torch.zeros(9, 1, dtype=torch.float64)
    found = oracle.tangent_kernel(model, OUTPUT, sources, targets[:4], probes, targets[4:])
    expected = closed_forms.two_layer_kernel(weight, bias, outer, sources, probes)
    assert_close(found[..., 0, 0], expected)


def test_infinite_width_kernel_is_the_mean_over_networks(
    generator: torch.Generator, sources: Tensor, probes: Tensor
):
    """The mean of 400 networks lies within five standard errors of the closed form."""
    kernels = []
    for _ in range(400):
        weight = torch.randn(50, 6, generator=generator).double()
        outer = torch.randn(50, generator=generator).double()
        kernels.append(closed_forms.two_layer_kernel(weight, None, outer, sources, probes) / 50)
    found = torch.stack(kernels)
    errors = (found.mean(0) - closed_forms.infinite_width_kernel(sources, probes)).abs()
    assert (errors < 5 * found.std(0) / 20).all()
    assert errors.max() < 0.1 * found.mean(0).abs().max()


def test_infinite_width_kernel_of_an_example_with_itself(sources: Tensor):
    found = closed_forms.infinite_width_kernel(sources, sources).diagonal()
    assert_close(found, sources.square().sum(1), factor=1e3, reason="arccos near 1 halves digits")
