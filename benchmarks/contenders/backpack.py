"""BackPACK: per-example gradients from its ``BatchGrad`` extension."""

from backpack import backpack, extend
from backpack.extensions import BatchGrad
from problem import Problem, Run
from torch import Tensor
from torch_networks import RESNETS
from torch_problem import torch_problem

from contenders.per_example import gram


def prepare(problem: Problem) -> Run:
    """Batches of 64."""
    problem.require_scalar()
    torch_side = torch_problem(problem)
    has_branches = problem.workload.network in RESNETS
    model = extend(torch_side.model, use_converter=has_branches)
    loss = torch_side.loss
    is_loss_extended = problem.workload.quantity == "loss_gradients"
    loss = extend(loss) if is_loss_extended else loss

    def gradients(inputs: Tensor, targets: Tensor) -> list[Tensor]:
        outputs = model(inputs)
        with backpack(BatchGrad()):
            loss(outputs, targets).backward()
        parameters = list(model.parameters())
        taken = [parameter.grad_batch for parameter in parameters]
        for parameter in parameters:
            del parameter.grad_batch
            parameter.grad = None
        return taken

    return lambda: gram(torch_side, gradients)
