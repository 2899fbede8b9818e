"""What the per-example gradient libraries share: fill rows batch by batch, then one product."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch_problem import TorchProblem

BATCH = 64


def gram(torch_side: TorchProblem, gradients: Callable[[Tensor, Tensor], list[Tensor]]) -> Tensor:
    """Inner products of the gradients that a library gives for a batch, one tensor a weight."""
    rows = [
        torch.cat([values.flatten(1) for values in gradients(*batch)], dim=1)
        for batch in torch_side.batches(BATCH)
    ]
    jacobian = torch.cat(rows)
    return jacobian @ jacobian.T
