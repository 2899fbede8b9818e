"""Opacus: per-example gradients from its wrapped module."""

from opacus import GradSampleModule
from problem import Problem, Run, UnsupportedError
from torch import Tensor
from torch_networks import RESNETS
from torch_problem import torch_problem

from contenders.per_example import gram


def prepare(problem: Problem) -> Run:
    """Batches of 64.

    Returns:
        The call to be timed.

    Raises:
        UnsupportedError: For BatchNorm: gradients are collected in training mode only.
    """
    problem.require_scalar()
    if problem.workload.network in RESNETS:
        message = "collects gradients in training mode only, so no eval BatchNorm"
        raise UnsupportedError(message)
    torch_side = torch_problem(problem)
    model = GradSampleModule(torch_side.model.train(), loss_reduction="sum")

    def gradients(inputs: Tensor, targets: Tensor) -> list[Tensor]:
        model.zero_grad(set_to_none=True)
        torch_side.loss(model(inputs), targets).backward()
        taken = [parameter.grad_sample for parameter in model.parameters()]
        for parameter in model.parameters():
            parameter.grad_sample = None
        return taken

    return lambda: gram(torch_side, gradients)
