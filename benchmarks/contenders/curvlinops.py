"""curvlinops: the Jacobian and its transpose as linear operators, applied to the identity."""

import torch
from curvlinops import JacobianLinearOperator, TransposedJacobianLinearOperator
from problem import Problem, Run, UnsupportedError
from torch import Tensor
from torch_problem import torch_problem

NUM_COLUMNS = 64


def prepare(problem: Problem) -> Run:
    """64 columns of the identity at a time, all examples in one batch.

    Returns:
        The call to be timed.

    Raises:
        UnsupportedError: For gradients of a loss.
    """
    problem.require_scalar()
    if problem.workload.quantity == "loss_gradients":
        message = "has the Jacobian of outputs, not of a loss"
        raise UnsupportedError(message)
    torch_side = torch_problem(problem)
    parameters = list(torch_side.model.parameters())
    data = [(torch_side.inputs, torch_side.targets)]
    jacobian = JacobianLinearOperator(torch_side.model, parameters, data, check_deterministic=False)
    transposed = TransposedJacobianLinearOperator(
        torch_side.model, parameters, data, check_deterministic=False
    )

    def run() -> Tensor:
        identity = torch.eye(problem.workload.num_examples)
        columns = [jacobian @ (transposed @ part) for part in identity.split(NUM_COLUMNS, dim=1)]
        return torch.cat(columns, dim=1)

    return run
