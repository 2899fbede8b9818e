"""Units that rounding switches are found, by example, whatever the batches."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

Load = Callable[[str], Any]


@pytest.fixture
def problem(load: Load) -> Any:  # noqa: ANN401
    """Six images; the second starts an otherwise dead unit from what float32 takes for nothing."""
    workload = load("workloads").Workload("tiny", "Tiny", "mlp", 6)
    networks, drawn = load("torch_networks"), load("problem")
    weights = networks.draw_weights(networks.build_network("mlp", 1))
    inputs, targets = drawn.draw_examples(workload)
    weights["0.weight"][7] = 0
    weights["0.weight"][7, :2] = 1
    weights["0.bias"][7] = -1
    inputs[:, :2] = 0
    inputs[1, :2] = 1, 2e-8
    return drawn.Problem(workload, inputs, targets, weights)


@pytest.mark.parametrize("order", [[[0, 1, 2, 3, 4, 5]], [[1], [4, 5, 0], [3, 2, 1]]])
def test_a_unit_within_rounding_of_its_kink_is_found(load: Load, problem: Any, order: list):  # noqa: ANN401
    side = load("torch_problem").torch_problem(problem)

    def run() -> None:
        for rows in order:
            side.model(side.inputs[rows])

    (unit,), given = load("gates").find_switched(run, problem)
    assert (unit.example, unit.rectifier, unit.place) == (1, 0, (7,))
    assert unit.found == 0
    assert unit.exact == pytest.approx(2e-8)
    assert sorted(given) == list(range(6))


def test_checks_of_a_few_examples_do_not_count(load: Load, problem: Any):  # noqa: ANN401
    torch_problem = load("torch_problem").torch_problem
    side, exact = torch_problem(problem), torch_problem(problem, torch.float64)

    def run() -> None:
        exact.model(exact.inputs[1:2])
        side.model(side.inputs[:3])
        side.model(side.inputs[3:])
        exact.model(exact.inputs[1:2])

    units, _ = load("gates").find_switched(run, problem)
    assert [unit.example for unit in units] == [1]


def test_units_are_on_as_they_are_told(load: Load, problem: Any):  # noqa: ANN401
    gates, side = load("gates"), load("torch_problem").torch_problem(problem)
    _, given = gates.find_switched(lambda: side.model(side.inputs), problem)
    inputs = side.inputs.requires_grad_()
    with gates.Gates(inputs.detach(), given):
        outputs = side.model(inputs)
    torch.testing.assert_close(outputs, side.model(inputs))
    (told,) = torch.autograd.grad(outputs[1, 0], inputs, retain_graph=True)
    (plain,) = torch.autograd.grad(side.model(inputs)[1, 0], inputs)
    assert torch.count_nonzero((told - plain)[1]) == 2


def test_the_error_without_some_examples_leaves_out_their_pairs(load: Load):
    workload = load("workloads").Workload("tiny", "Tiny", "mlp", 4)
    reference = np.ones((4, 4))
    found = reference.copy()
    found[2, 3] = 9
    relative_error = load("sampling").relative_error
    assert relative_error(found, workload, reference) == 2
    assert relative_error(found, workload, reference, without={3}) == 0
    assert relative_error(found, workload, reference, without={0}) == pytest.approx(8 / 3)


def test_a_large_error_says_what_is_left_without_switched_examples(load: Load):
    outcome = load("results").Outcome(
        "neurashed", False, relative_error=9e-5, num_switched=3, error_without_switched=2e-7
    )
    words = "9e-05; 2e-07 without 3 examples with a unit switched by rounding"
    assert outcome.error_in_words == words
