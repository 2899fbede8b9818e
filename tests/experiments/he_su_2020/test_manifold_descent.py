"""The fast loop against the plain one, and the narrow network against the wide one."""

import pytest
import torch
from closeness import assert_close

from neurashed.data import Examples
from neurashed.data.manifolds import torus
from neurashed.elasticity import tangent_kernel
from neurashed.experiments.he_su_2020.manifolds.descent import compress_linear, descend
from neurashed.models import MLP
from neurashed.seeding import numpy_generator
from neurashed.task import Task
from neurashed.training import train


@pytest.fixture
def examples() -> Examples:
    return torus().sample(20, generator=numpy_generator(0)).examples.to(dtype=torch.float64)


def build(widths: list[int], activation: str) -> MLP:
    generator = torch.Generator().manual_seed(3)
    return MLP(3, widths, activation=activation, generator=generator).double()


def fit(model: MLP, examples: Examples, *, lr: float, num_steps: int) -> None:
    inputs, targets = torch.as_tensor(examples.inputs), examples.require_targets("a test")
    descend(model, inputs, targets, lr=lr, num_steps=num_steps)


@pytest.mark.parametrize("activation", ["relu", "identity"])
@pytest.mark.parametrize("widths", [[], [8], [8, 6], [5, 7, 6]])
def test_descent_takes_the_steps_of_train(examples: Examples, widths: list[int], activation: str):
    plain, fast = build(widths, activation), build(widths, activation)
    list(train(Task(plain, lr=1e-3), examples, num_steps=60, diagnostics=False))
    fit(fast, examples, lr=1e-3, num_steps=60)
    start = build(widths, activation)
    for name, expected in plain.named_parameters():
        assert not torch.equal(expected, start.get_parameter(name))
        assert_close(fast.get_parameter(name).detach(), expected.detach())


def test_the_narrow_network_learns_and_responds_as_the_wide_one(examples: Examples):
    wide = build([64], "identity")
    narrow = compress_linear(wide)
    assert [tuple(each.shape) for each in narrow.parameters()] == [(5, 3), (5,), (1, 5), (1,)]
    for num_steps in (0, 200):
        fit(wide, examples, lr=1e-3, num_steps=num_steps)
        fit(narrow, examples, lr=1e-3, num_steps=num_steps)
        assert_close(narrow(examples.inputs).detach(), wide(examples.inputs).detach())
        assert_close(
            tangent_kernel(Task(narrow), examples).values,
            tangent_kernel(Task(wide), examples).values,
        )
