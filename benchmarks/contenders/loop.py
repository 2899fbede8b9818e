"""The plain loop: what people write first, and what the library's tests take for the truth."""

from copy import deepcopy

import torch
from problem import Problem, Run
from torch import Tensor
from torch.nn.functional import mse_loss
from torch_problem import TorchProblem, torch_problem


def _gradient_rows(torch_side: TorchProblem, row: int) -> Tensor:
    """Gradients of one example, ``(output, weight)``: a backward pass for each scalar."""
    batch = slice(row, row + 1)
    outputs = torch_side.model(torch_side.inputs[batch])
    parameters = list(torch_side.model.parameters())
    if torch_side.workload.quantity == "loss_gradients":
        scalars = [torch_side.loss(outputs, torch_side.targets[batch])]
    else:
        scalars = list(outputs[0])
    gradients = [torch.autograd.grad(s, parameters, retain_graph=True) for s in scalars]
    return torch.stack([torch.cat([g.flatten() for g in rows]) for rows in gradients])


def _gram(torch_side: TorchProblem) -> Tensor:
    rows = [_gradient_rows(torch_side, row) for row in range(len(torch_side.inputs))]
    jacobian = torch.stack(rows)
    if torch_side.workload.quantity == "full_kernel":
        shape = jacobian.shape[:2] * 2
        jacobian = jacobian.flatten(0, 1)
        return (jacobian @ jacobian.T).reshape(shape)
    jacobian = jacobian.flatten(1)
    return jacobian @ jacobian.T


def relative_elasticity(torch_side: TorchProblem) -> Tensor:
    """Size of ``Δ(s, p) / Δ(s, s)`` from one really taken step for each source."""
    moved = deepcopy(torch_side.model)
    optimizer = torch.optim.SGD(moved.parameters(), lr=torch_side.workload.lr)
    with torch.no_grad():
        before = moved(torch_side.inputs)
    # Filled row by row: small tensors kept between large ones would fragment the heap.
    elasticity = before.new_empty(len(before), len(before))
    for row, (source, target) in enumerate(
        zip(torch_side.inputs, torch_side.step_targets, strict=True)
    ):
        optimizer.zero_grad()
        mse_loss(moved(source.unsqueeze(0)), target.unsqueeze(0)).backward()
        optimizer.step()
        with torch.no_grad():
            elasticity[row] = (moved(torch_side.inputs) - before).squeeze(1).abs()
        moved.load_state_dict(torch_side.model.state_dict())
    return elasticity / elasticity.diagonal().unsqueeze(1)


def prepare(problem: Problem) -> Run:
    """One example at a time."""
    torch_side = torch_problem(problem)
    if problem.workload.quantity == "relative":
        return lambda: relative_elasticity(torch_side)
    return lambda: _gram(torch_side)
