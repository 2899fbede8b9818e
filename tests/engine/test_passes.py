"""Passes through layers that are not measured, counted against torch's own counter."""

from collections.abc import Sequence

import pytest
import torch
from engine_cases import PLENTY, RATE
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from neurashed.engine.exact import plan_steps
from neurashed.engine.plan import Workload, plan_products
from neurashed.engine.subject import Subject, examine
from neurashed.models import CNN
from neurashed.task import SGD, Task

INPUTS = {"conv1": (1, 28, 28), "conv2": (20, 12, 12), "fc1": (800,), "fc2": (500,)}


@pytest.fixture
def model(generator: torch.Generator) -> CNN:
    return CNN(4, generator=generator)


def measure(model: nn.Module, *patterns: str) -> Subject:
    x = torch.zeros(3, 1, 28, 28)
    with torch.no_grad():
        targets = model(x)
    return examine(Task(model, update=SGD(0.1, patterns)), (x, targets))


def count(model: nn.Module, layers: Sequence[str] = tuple(INPUTS)) -> float:
    """Return the operations of the forward pass of one example through some layers."""
    total = 0.0
    for name in layers:
        with torch.no_grad(), FlopCounterMode(display=False) as counted:
            getattr(model, name)(torch.zeros(1, *INPUTS[name]))
        total += counted.get_total_flops()
    return total


@pytest.mark.parametrize(
    ("patterns", "behind"),
    [
        (["*"], ["conv1", "conv2", "fc1", "fc2"]),
        (["fc2.*"], ["fc2"]),
        (["fc1.*"], ["fc1", "fc2"]),
        (["conv1.*", "fc2.*"], ["conv1", "conv2", "fc1", "fc2"]),
        (["fc1.bias"], ["fc2"]),
    ],
    ids=" and ".join,
)
def test_gradients_pass_through_what_is_not_measured(
    model: CNN, patterns: list[str], behind: list[str]
):
    """Forward through all layers; backward through measured ones and those that follow them."""
    workload = Workload(100, 100, True, (4, 4), True)
    plan = plan_products(measure(model, *patterns), workload, memory=PLENTY, rate=RATE)
    expected = 100 * (count(model) + 4 * count(model, behind))
    assert plan.pass_operations == pytest.approx(expected)
    assert plan.seconds > plan.pass_operations / RATE.operations


def test_steps_pass_through_what_they_do_not_change(model: CNN):
    plan = plan_steps(measure(model, "fc2.*"), 1, 200, memory=PLENTY, rate=3e11)
    # Each probe before the step and after it, and the source for its gradient.
    assert plan.operations == pytest.approx(401 * count(model), rel=0.01)
    assert plan.seconds == plan.operations / 3e11


def test_steps_are_taken_together_through_what_comes_before(model: CNN):
    plan = plan_steps(measure(model, "fc2.*"), 6, 4, memory=PLENTY, rate=3e11)
    num_runs = -(-6 // plan.sources_at_a_time)
    assert num_runs < 6
    before = count(model, ["conv1", "conv2", "fc1"])
    assert plan.operations == pytest.approx(before * (6 + 4 * (1 + num_runs)), rel=0.01)


def test_what_follows_a_changed_layer_is_passed_once_for_each_step(model: CNN):
    plan = plan_steps(measure(model, "conv1.bias"), 3, 50, memory=PLENTY, rate=3e11)
    behind = count(model, ["conv2", "fc1", "fc2"])
    assert plan.operations == pytest.approx(
        count(model, ["conv1"]) * (3 + 50 * 2) + behind * (3 * 2 + 50 * 4), rel=0.05
    )
