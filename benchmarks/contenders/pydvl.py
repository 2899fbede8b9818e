"""pyDVL: its per-example gradient function."""

from problem import Problem, Run
from pydvl.influence.torch.functional import create_per_sample_gradient_function
from torch import Tensor
from torch_problem import torch_problem

from contenders.per_example import gram


def prepare(problem: Problem) -> Run:
    """Batches of 64."""
    problem.require_scalar()
    torch_side = torch_problem(problem)
    function = create_per_sample_gradient_function(torch_side.model, torch_side.loss)
    parameters = torch_side.parameters

    def gradients(inputs: Tensor, targets: Tensor) -> list[Tensor]:
        return list(function(parameters, inputs, targets).values())

    return lambda: gram(torch_side, gradients)
