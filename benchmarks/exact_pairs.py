"""The pairs that are compared, computed in float64 from gradients of one example at a time."""

from dataclasses import replace

import numpy as np
import torch
from contenders.loop import relative_elasticity
from sampling import sample_runs
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch_problem import TorchProblem, Weights

__all__ = ["compute_pairs", "take_sample"]

CHUNK = 10


def _gradients(torch_side: TorchProblem, output: int | None) -> list[Tensor]:
    """Gradients of each example through one output (None: through the loss), by weight."""

    def scalar(weights: Weights, one_input: Tensor, one_target: Tensor) -> Tensor:
        if output is None:
            return torch_side.scalar(weights, one_input, one_target)
        return functional_call(torch_side.model, weights, (one_input.unsqueeze(0),))[0, output]

    gradient = vmap(grad(scalar), (None, 0, 0), chunk_size=CHUNK)
    by_weight = gradient(torch_side.parameters, torch_side.inputs, torch_side.targets)
    return [rows.flatten(1) for rows in by_weight.values()]


def compute_pairs(torch_side: TorchProblem) -> Tensor:
    """The matrix, by per-example gradients or by the plain loop."""
    workload = torch_side.workload
    if workload.quantity == "relative":
        return relative_elasticity(torch_side)
    outputs = range(workload.num_outputs) if "kernel" in workload.quantity else [None]
    if workload.quantity == "full_kernel":
        of_outputs = [torch.cat(_gradients(torch_side, output), dim=1) for output in outputs]
        rows = torch.stack(of_outputs, dim=1).flatten(0, 1)  # outputs of an example are neighbours
        return rows @ rows.T
    num_examples = len(torch_side.inputs)
    total = torch.zeros(num_examples, num_examples, dtype=torch.float64)
    for output in outputs:
        for rows in _gradients(torch_side, output):
            total += rows @ rows.T
    return total


def take_sample(torch_side: TorchProblem) -> TorchProblem:
    """The same problem with the examples whose pairs are compared."""
    places = np.r_[tuple(sample_runs(torch_side.workload))]
    return replace(torch_side, inputs=torch_side.inputs[places], targets=torch_side.targets[places])
