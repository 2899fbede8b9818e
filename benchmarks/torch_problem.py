"""The problem as torch contenders see it: a model, tensors and the scalar to differentiate."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from problem import Problem
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from torch.utils.data import TensorDataset
from torch_networks import build_network
from workloads import Workload

__all__ = ["OutputSum", "TorchProblem", "torch_problem"]

Weights = dict[str, Tensor]


class OutputSum(nn.Module):
    """A "loss" that is the sum of the outputs, for libraries that only know gradients of losses."""

    reduction = "sum"

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG002
        """Sum of the outputs."""
        return outputs.sum()


@dataclass(frozen=True)
class TorchProblem:
    """A model and its examples.

    Attributes:
        workload: What is to be computed.
        model: In eval mode.
        inputs: ``(example, ...)``.
        targets: Classes ``(example,)``.
    """

    workload: Workload
    model: nn.Module
    inputs: Tensor
    targets: Tensor

    @property
    def dataset(self) -> TensorDataset:
        """Inputs and targets."""
        return TensorDataset(self.inputs, self.targets)

    @property
    def parameters(self) -> Weights:
        """The weights by name, detached."""
        return {name: weight.detach() for name, weight in self.model.named_parameters()}

    @property
    def loss(self) -> nn.Module:
        """A loss module, summed over examples, whose gradient is the one that is asked for."""
        if self.workload.quantity == "loss_gradients":
            return nn.CrossEntropyLoss(reduction="sum")
        return OutputSum()

    def batches(self, size: int) -> list[tuple[Tensor, Tensor]]:
        """Consecutive batches of inputs and targets."""
        return list(zip(self.inputs.split(size), self.targets.split(size), strict=True))

    def scalar(self, weights: Weights, one_input: Tensor, one_target: Tensor) -> Tensor:
        """The scalar of a single example as a function of the weights, for `torch.func`."""
        output = functional_call(self.model, weights, (one_input.unsqueeze(0),))
        return self.loss(output, one_target.unsqueeze(0))

    @property
    def step_targets(self) -> Tensor:
        """Targets of the step of ``"relative"``: -10 and 10, ``(example, 1)``.

        They are far from what an untrained network says: the response to a source that is nearly
        fitted drowns in float32's rounding, however it is computed.
        """
        return (20 * self.targets - 10).to(self.inputs.dtype).unsqueeze(1)

    def batch_scalar(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The scalars of a batch, ``(example,)``."""
        if self.workload.quantity == "loss_gradients":
            return lambda outputs, targets: cross_entropy(outputs, targets, reduction="none")
        return lambda outputs, targets: outputs.sum(1)  # noqa: ARG005


def torch_problem(problem: Problem, dtype: torch.dtype = torch.float32) -> TorchProblem:
    """Build the model and load its weights."""
    workload = problem.workload
    model = build_network(workload.network, workload.num_outputs)
    model.load_state_dict({name: torch.from_numpy(v) for name, v in problem.weights.items()})
    inputs = torch.from_numpy(problem.inputs).to(dtype)
    return TorchProblem(workload, model.eval().to(dtype), inputs, torch.from_numpy(problem.targets))
